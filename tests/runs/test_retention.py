from datetime import UTC, datetime, timedelta

import pytest

from etl.engine.stop import Stop
from etl.runs.leases import Leases
from etl.runs.ledger import Ledger
from etl.runs.retention import clear, leftovers

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


@pytest.fixture
def left(memory, result):
    """``left("a", days=9)``: a run that began so many days ago, and its artifacts."""
    ledger = Ledger(memory)

    def run(run_id, days, *, ended=True):
        at = AT - timedelta(days=days)
        ledger.started(run_id, at=at, environment="local", selection=(), intervals=(), artifacts="/lake")
        for name in ("manifest.json", "events/000001.jsonl"):
            memory.put_if(f"runs/{run_id}/{name}", b"{}", None)
        if ended:
            ledger.finished(result(run_id))

    return run


def found(memory, days=7):
    return list(leftovers(memory, Ledger(memory), AT - timedelta(days=days)))


def test_what_old_runs_left_is_found_and_what_younger_ones_did_is_not(memory, left):
    left("old", 9)
    left("young", 3)
    memory.put_if("runs/latest", b"young\n", None)

    (only,) = found(memory)

    assert (only.run_id, only.size, only.keys) == ("old", 4, ("runs/old/events/000001.jsonl", "runs/old/manifest.json"))


def test_a_run_that_is_at_work_keeps_what_it_has(memory, left):
    left("old", 9, ended=False)
    Leases(store=memory, background=False).begin("old", Stop())

    assert found(memory) == []


def test_what_the_ledger_does_not_know_is_somebody_elses(memory):
    memory.put_if("runs/theirs/manifest.json", b"{}", None)

    assert found(memory) == []


def test_what_is_cleared_is_gone_and_the_record_stays(memory, left):
    left("old", 9)

    clear(memory, found(memory)[0])

    assert found(memory) == []
    assert Ledger(memory).run("old").exit_code == 0


def test_a_clearing_that_was_cut_off_is_found_again(memory, left, monkeypatch):
    left("old", 9)
    delete = memory.delete

    def once(key, version):
        delete(key, version)
        raise TimeoutError(key)

    monkeypatch.setattr(type(memory), "delete", lambda _, key, version: once(key, version))
    with pytest.raises(TimeoutError):
        clear(memory, found(memory)[0])

    assert found(memory)[0].keys == ("runs/old/manifest.json",)
