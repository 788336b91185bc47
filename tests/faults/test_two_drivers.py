"""Two Spark applications commit to one Delta table on S3, until one of them is killed: no commit is lost or doubled."""

import json
import subprocess
import sys
from collections import defaultdict

import pytest

from etl.storage.delta_bridge import Bridge
from tests.faults.committer import commit
from tests.faults.race import race

ENDLESS = 1_000_000


@pytest.fixture
def other(s3_root, spark):
    """Another driver, killed when the test ends if it was not before; ``(process, table)``."""
    table = f"{s3_root}/table"
    spark.createDataFrame([], "id INT").write.format("delta").save(table)
    command = [sys.executable, "-m", "tests.faults.committer", table, "other", str(ENDLESS)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        yield process, table
    finally:
        process.kill()
        process.communicate()


def test_of_drivers_without_spark_one_is_killed_and_every_commit_that_was_told_is_there_once(s3_bucket, pytestconfig):
    outcome = race(s3_bucket, 3, 2 * pytestconfig.getoption("rounds"), kill=True)

    assert outcome.faults() == ([], [], [])
    assert len(outcome.told) >= 2 * 2 * pytestconfig.getoption("rounds")
    assert len(set(outcome.held) - set(outcome.told)) <= 1  # the commit that the killed one had no time to tell of


def transactions(s3_bucket):
    """Return the transaction ids in the log, with the versions that hold each; and all versions."""
    client, held, versions = s3_bucket.server.client(), defaultdict(list), []
    for key in s3_bucket.keys("table/_delta_log/"):
        name = key.rpartition("/")[2]
        if not name.endswith(".json"):
            continue
        versions.append(int(name.removesuffix(".json")))
        for line in client.get_object(Bucket=s3_bucket.name, Key=key)["Body"].read().splitlines():
            if "txn" in (action := json.loads(line)):
                held[action["txn"]["appId"]].append(versions[-1])
    return dict(held), versions


@pytest.mark.spark
def test_what_two_drivers_were_told_is_in_the_log_once_and_one_of_them_may_die(spark, s3_bucket, other, pytestconfig):
    process, table = other
    bridge = Bridge(spark)

    ours = {f"ours-{n}": [commit(bridge, table, f"ours-{n}")] for n in range(2 * pytestconfig.getoption("rounds"))}
    process.kill()
    said = [line.split() for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    theirs = {name: [int(version)] for version, name in said}
    ours["ours-last"] = [commit(bridge, table, "ours-last")]

    held, versions = transactions(s3_bucket)
    assert versions == list(range(len(versions)))
    assert theirs, "the other driver committed nothing: the two never met"
    assert {**ours, **theirs}.items() <= held.items()
    unsaid = set(held) - set(ours) - set(theirs) - {"other-warm"}
    assert len(unsaid) <= 1  # the commit that the killed driver had no time to tell of
    assert all(len(at) == 1 for at in held.values())
