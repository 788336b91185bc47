"""What backfill, retry and run --resume refuse before Spark starts."""

from datetime import UTC, datetime

import pytest

from etl.engine.stop import Stop
from etl.runs.leases import Leases
from etl.runs.ledger import Ledger
from etl.runs.stores import open_store

DAY = "2013-02-08"


def test_there_is_nothing_to_retry_where_nothing_ran(etl):
    said = etl("retry")

    assert said.code == 2
    assert "no run 'last'" in said.err


@pytest.mark.parametrize("words", [("shop",), ("--date", DAY), ("--force",), ("-p", "a=b")])
def test_a_resumed_run_takes_nothing_else_that_selects(etl, words):
    said = etl("run", "--resume", "last", *words)

    assert said.code == 2
    assert "etl run --resume last" in said.err


def begin(project, **changes):
    given = {"environment": "local", "selection": ("shop",), "intervals": (DAY,), "artifacts": str(project / "target")}
    ledger = Ledger(open_store(str(project / "target" / "state")))
    ledger.started("a", at=datetime(2013, 2, 9, tzinfo=UTC), **given, **changes)
    return ledger


def test_a_run_that_has_not_ended_is_not_retried(etl, project):
    ledger = begin(project)
    Leases(store=ledger.store, background=False).begin("a", Stop())

    said = etl("retry", "a")

    assert said.code == 2
    assert "has not ended" in said.err


def test_a_run_that_left_no_manifest_is_told_how_to_be_run(etl, project):
    ledger = begin(project)
    ledger.failed("a", at=datetime(2013, 2, 9, tzinfo=UTC), error=OSError("disk full"))

    said = etl("retry", "a")

    assert said.code == 2
    assert "etl run shop" in said.err


def test_a_backfill_without_dates_is_asked_for_them(etl):
    said = etl("backfill", "shop")

    assert said.code == 2
    assert "--from" in said.err


def test_the_newest_first_is_refused_for_a_step_whose_intervals_share_rows(etl, project):
    job = project / "jobs" / "shop.py"
    text = job.read_text().replace('ReplacePartitions("day")),', 'Merge("id")),')
    job.write_text(text.replace("import Daily, Job,", "import Daily, Job, Merge,"))

    said = etl("backfill", "shop", "--from", DAY, "--to", "2013-02-10", "--order", "newest", "--dry-run")

    assert said.code == 2
    assert "clean.orders" in said.err
    assert "--exclude clean.orders" in said.err


def test_a_step_that_adds_to_its_target_cannot_be_made_anew_by_its_intervals(etl, project):
    job = project / "jobs" / "shop.py"
    text = job.read_text().replace('ReplacePartitions("day")),', "Append()),")
    job.write_text(text.replace("import Daily, Job,", "import Append, Daily, Job,"))

    said = etl("run", "clean.orders", "--date", DAY, "--full-refresh")

    assert said.code == 2
    assert f"move {project}/lake/clean/orders away" in said.err


def test_a_protected_environment_asks_for_yes_before_a_backfill_looks_at_anything(etl):
    said = etl("backfill", "shop", "--from", DAY, "--to", "2013-02-10", "-e", "prod")

    assert said.code == 2
    assert "--yes" in said.err
