"""What a target remembers of its intervals: exactly, and at a cost that their number does not change."""

from datetime import date, timedelta

import pytest

from bench import growth
from bench.calls import Calls
from etl.model.result import Outcome, Status
from etl.storage import delta_transactions
from etl.storage.delta_bridge import Bridge
from etl.testing import count_spark_jobs

DAYS = [date(2013, 2, 8) + timedelta(days=n) for n in range(5)]
copied = growth.copying("append")


@pytest.fixture
def lake(lake):
    lake.write("raw.rows", "id INT, day DATE", [(n, day) for n, day in enumerate(DAYS)])
    lake.run_step(copied, date=str(DAYS[0]))
    return lake


def looked(lake, spark):
    calls = Calls()
    with count_spark_jobs(spark) as jobs, calls.watching():
        result = lake.run_step(copied, date=str(DAYS[0]))
    assert result.status is Status.NO_OP
    return sum(calls.counted.values()), jobs.jobs


def test_a_look_at_ten_thousand_intervals_costs_what_a_look_at_one_does(lake, spark):
    for day in DAYS[1:3]:
        lake.run_step(copied, date=str(day))
    few = looked(lake, spark)
    growth.remember(lake, copied, 10_001, version=3)
    lake.run_step(copied, date=str(DAYS[3]))

    many = looked(lake, spark)

    assert few[1] == many[1] == 0
    assert many[0] <= few[0] + 40  # two commits more to look through
    checksum = max((lake.root / "clean" / "rows" / "_delta_log").glob("*.crc"))
    assert checksum.stat().st_size < 20_000


def test_an_interval_of_long_ago_is_not_appended_again(lake):
    growth.remember(lake, copied, 10_001, version=1)

    assert lake.run_step(copied, date="1930-01-01").outcome is Outcome.UNCHANGED
    assert lake.run_step(copied, date=str(DAYS[1])).outcome is Outcome.PUBLISHED


def test_what_another_process_commits_is_seen_though_this_one_has_looked_before(lake, spark):
    uri, bridge = lake.dataset("clean.rows").uri, Bridge(spark)
    assert delta_transactions.transaction(bridge, bridge.snapshot(uri), uri, "theirs") is None
    frame = lake.table("clean.rows")
    frame.write.format("delta").mode("append").option("txnAppId", "theirs").option("txnVersion", 7).save(uri)

    assert delta_transactions.transaction(bridge, bridge.snapshot(uri), uri, "theirs").number == 7


def test_what_is_followed_is_what_delta_says(lake, spark):
    uri, bridge = lake.dataset("clean.rows").uri, Bridge(spark)
    for day in DAYS[1:]:
        lake.run_step(copied, date=str(day))
    followed = delta_transactions.transactions(bridge, bridge.snapshot(uri), uri)
    delta_transactions._KNOWN.clear()

    assert followed == delta_transactions.transactions(bridge, bridge.snapshot(uri), uri)
    assert len(followed) == len(DAYS)


def test_an_older_snapshot_is_not_told_what_came_later(lake, spark):
    uri, bridge = lake.dataset("clean.rows").uri, Bridge(spark)
    older = bridge.snapshot(uri)
    lake.run_step(copied, date=str(DAYS[1]))

    assert len(delta_transactions.transactions(bridge, older, uri)) == 1
