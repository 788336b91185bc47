"""Each platform's request carried out here, from the bundle on S3 to the table: see ``tests/platforms_here.py``."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.config.settings import load_config
from etl.project import scaffold
from etl.ship import bundle
from etl.ship.built import built_in
from etl.ship.requests import requests
from tests import platforms_here, yarn_cluster
from tests.platforms_here import Machine

pytestmark = [pytest.mark.spark, pytest.mark.cluster, pytest.mark.once]

ROLE = "arn:aws:iam::123456789012:role/Run"
TARGETS = {
    "emr": 'release = "emr-7.13.0"\ncluster_id = "j-1"',
    "emr-serverless": f'release = "emr-7.13.0"\nrole = "{ROLE}"\napplication_id = "00f1abcdexample"',
    "emr-eks": f'release = "emr-7.13.0-latest"\nrole = "{ROLE}"\nvirtual_cluster = "abcd"',
    "glue": f'job = "nightly"\nrole = "{ROLE}"\nversion = "5.1"',
}
DAY = "2013-02-08"
JOB = '''
"""Names of customers, marked up on executors.

Reads   raw.orders
Writes  clean.names
"""

from pyspark.sql import DataFrame, functions as F

from etl import Daily, Job, ReplacePartitions, Source, Target, expect, step
from jobs.marked import marked

JOB = Job(schedule=Daily(at="06:00"), owner="shop")


@step(
    sources={"orders": Source("raw.orders", interval_column="day")},
    target=Target(
        "clean.names", schema="day DATE NOT NULL, id INT NOT NULL, name STRING", write=ReplacePartitions("day")
    ),
    expectations=[expect.column_values_to_be_between("id", 1, 100)],
)
def names(orders: DataFrame) -> DataFrame:
    """Mark each name up. Grain: one order. Key: id."""
    return orders.select("day", "id", F.udf(marked, "string")("customer").alias("name")).distinct()
'''
MARKED = '''
"""A function of the bundle that needs a native package; it notes where both were imported from."""

from pathlib import Path


def marked(text):
    """Return text as HTML; the word boom is an error."""
    import markupsafe._speedups

    if text == "boom":
        raise ValueError("boom")
    with Path("SEEN").open("a") as seen:
        seen.write(f"{__file__}\\n{markupsafe._speedups.__file__}\\n")
    return str(markupsafe.escape(f"<{text}>"))
'''
ORDERS = {DAY: "1,Ann,1.00\n2,Bo,2.00\n3,,3.00", "2013-02-09": "1,boom,1.00", "2013-02-10": "101,Cy,1.00"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """A project whose step needs a module of its own and a native package on the executors."""
    root = tmp_path_factory.mktemp("project")
    directory, seen = root / "shop", root / "seen"
    scaffold.lay_out(directory, "shop")
    file = directory / "pyproject.toml"
    file.write_text(file.read_text().replace('dependencies = ["headrace', 'dependencies = ["markupsafe", "headrace', 1))
    (directory / "jobs/orders.py").write_text(JOB.lstrip())
    (directory / "jobs/marked.py").write_text(MARKED.lstrip().replace("SEEN", str(seen)))
    for day, rows in ORDERS.items():
        (directory / f"data/raw/orders/day={day}").mkdir(exist_ok=True)
        (directory / f"data/raw/orders/day={day}/orders.csv").write_text(f"id,customer,amount\n{rows}\n")
    return directory


@pytest.fixture(scope="module")
def built(shop):
    bundle.build(shop, shop / "dist", steps=("clean.names",))
    return built_in(shop / "dist")


@pytest.fixture(scope="module")
def bundles(s3_server, built) -> str:
    """The bundle's files under their keys on S3."""
    bucket = s3_server.new_bucket()
    for name in built.digests:
        s3_server.client().put_object(
            Bucket=bucket, Key=f"b/{built.folder}/{name}", Body=(built.directory / name).read_bytes()
        )
    return f"s3://{bucket}/b"


@pytest.fixture(scope="module")
def yarn(tmp_path_factory) -> Iterator[Path]:
    """The HADOOP_CONF_DIR of a running YARN."""
    try:
        with yarn_cluster.serving(tmp_path_factory.mktemp("yarn")) as conf:
            yield conf
    except yarn_cluster.NoClusterError as error:
        pytest.skip(str(error))


@pytest.fixture
def carried_out(shop, built, bundles, s3_server, tmp_path):
    """``carried_out("glue")`` makes the request of a platform and does what it says; returns process and lake."""

    def run(platform, day=DAY, master=platforms_here.MASTER, yarn=None, **overrides):
        conf = tmp_path / "conf"
        conf.mkdir()
        zones = "\n".join(f'{zone} = "s3://lake/{zone}"' for zone in ("raw", "clean", "quarantine"))
        (conf / "base.toml").write_text(
            f'state = "s3://lake/state"\nartifacts = "s3://lake/artifacts"\nbundles = "{bundles}"\n'
            f'[zones]\n{zones}\n[submit.it]\nplatform = "{platform}"\n{TARGETS[platform]}\n'
        )
        config = load_config(conf, "conf", tmp_path, environment="local", environ={}, overrides={})
        roots = {"zones.raw": str(shop / "data/raw")}
        roots |= {f"zones.{zone}": str(tmp_path / "lake" / zone) for zone in ("clean", "marts", "quarantine")}
        roots |= {name: str(tmp_path / name) for name in ("state", "artifacts")}
        arguments = {"job": "orders", "date": day, "set": json.dumps(roots | overrides)}
        sent = requests(config, "it", built.folder, "run-1", arguments, built.archives)
        act = getattr(platforms_here, platform.replace("-", "_"))
        machine = Machine(s3_server.client(), tmp_path, master, yarn)
        return act(machine, sent.submission.calls[-1].parameters), tmp_path / "lake"

    return run


def rows(spark, lake):
    return sorted(map(str, spark.read.format("delta").load(str(lake / "clean/names")).collect()))


@pytest.fixture(scope="module")
def expected(spark, shop):
    """What ``etl run`` makes of the day in the project."""
    program = "import sys; from etl.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "run", "orders", "--date", DAY]
    ended = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return rows(spark, shop / "target/lake")


@pytest.mark.parametrize(
    ("platform", "native"),
    [
        pytest.param("emr", "headrace_native/markupsafe/", id="emr"),
        pytest.param("emr-serverless", "headrace_native/markupsafe/", marks=pytest.mark.slow, id="emr-serverless"),
        pytest.param("emr-eks", "headrace_native/markupsafe/", marks=pytest.mark.slow, id="emr-eks"),
        pytest.param("glue", "site/markupsafe/", marks=pytest.mark.slow, id="glue"),
    ],
)
def test_a_request_makes_the_table_that_a_run_in_the_project_makes(
    spark, shop, expected, carried_out, platform, native
):
    seen = shop.parent / "seen"
    seen.unlink(missing_ok=True)

    ended, lake = carried_out(platform)

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    assert rows(spark, lake) == expected
    places = set(seen.read_text().split())
    assert all("app.zip/jobs/marked.py" in place or native in place for place in places), places
    assert len(places) == 2


@pytest.mark.slow
def test_an_emr_step_in_cluster_mode_on_yarn_makes_the_table(spark, shop, expected, carried_out, yarn):
    seen = shop.parent / "seen"
    seen.unlink(missing_ok=True)

    ended, lake = carried_out("emr", yarn=yarn)

    assert ended.returncode == 0, ended.stderr[-4000:]
    assert rows(spark, lake) == expected
    places = set(seen.read_text().split())
    assert all("app.zip/jobs/marked.py" in place or "headrace_native/markupsafe/" in place for place in places), places


@pytest.mark.slow
def test_yarn_says_the_exit_code_of_a_run_in_words(carried_out, yarn):
    ended, _ = carried_out("emr", "2013-02-11", yarn=yarn)

    assert ended.returncode == 1
    assert "exited with status 9" in ended.stderr


@pytest.mark.parametrize(
    ("code", "day", "overrides"),
    [
        pytest.param(1, "2013-02-09", {}, marks=pytest.mark.slow),  # the step's own function raises
        pytest.param(3, "2013-02-10", {}, marks=pytest.mark.slow),  # a gate holds the publish back
        pytest.param(4, DAY, {"spark.spark.sql.caseSensitive": "yes, please"}, marks=pytest.mark.slow),
        pytest.param(9, "2013-02-11", {}, marks=pytest.mark.slow),  # nothing was delivered
    ],
)
def test_the_exit_code_of_the_run_arrives(carried_out, code, day, overrides):
    ended, _ = carried_out("emr", day, "local[1]", **overrides)

    assert ended.returncode == code, ended.stdout[-4000:] + ended.stderr[-2000:]
