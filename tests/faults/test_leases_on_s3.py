"""Leases on S3 while the way there breaks: every run gets its targets, no two at once."""

import pytest

from etl.engine.stop import Stop
from etl.errors import TargetLockedError
from etl.model.s3 import S3Settings
from etl.runs.holders import RUNS, held
from etl.runs.leases import Leases
from etl.runs.stores import open_store
from tests.faults.proxy import faults

TARGETS = {f"s3://lake/clean/t{number}": f"clean.t{number}" for number in range(3)}


def forget(_):
    """Nobody keeps a ledger here."""


def test_runs_get_their_targets_one_after_the_other_while_three_requests_of_ten_break(s3_bucket, monkeypatch, request):
    monkeypatch.setattr("time.sleep", lambda _: None)
    rounds = 3 * request.config.getoption("--rounds")
    rates = {"503": 0.08, "500": 0.04, "reset": 0.05, "lost": 0.1, "torn": 0.03}
    with faults(s3_bucket.server.endpoint, seed=1, **rates) as proxy:
        leases = Leases(store=open_store(s3_bucket.root, S3Settings(endpoint=proxy.endpoint)), background=False)
        for number in range(1, rounds + 1):
            run, other = leases.begin(f"run-{number}", Stop()), leases.begin(f"other-{number}", Stop())
            run.take(TARGETS, forget)
            with pytest.raises(TargetLockedError):
                other.take(TARGETS, forget)
            other.end()
            run.renew()
            for uri in TARGETS:
                run.check(uri)
            assert set(run.tokens.values()) == {number}
            run.end()
        assert proxy.done["lost"] > rounds

    store = open_store(s3_bucket.root)
    assert list(held(store)) == []
    assert list(store.list(RUNS)) == []
