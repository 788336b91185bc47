"""Leases on S3 while the way there breaks: a run gets its targets or says that S3 is out of reach; never do two."""

import itertools

import pytest

from etl.engine.stop import Stop
from etl.errors import TargetLockedError, TransientError
from etl.model.s3 import S3Settings
from etl.runs.holders import held
from etl.runs.leases import Leases
from etl.runs.stores import open_store
from tests.faults.proxy import faults

TARGETS = {f"s3://lake/clean/t{number}": f"clean.t{number}" for number in range(3)}


def forget(_):
    """Nobody keeps a ledger here."""


def test_runs_get_their_targets_one_after_the_other_while_three_requests_of_ten_break(s3_bucket, monkeypatch, request):
    monkeypatch.setattr("time.sleep", lambda _: None)
    rounds, names, gave_up, before = request.config.getoption("--rounds"), itertools.count(), [], [0]

    def through(act):
        """Do what people do where S3 is out of reach: the same again. (botocore ends repeating after so many.)"""
        for _ in range(200):
            try:
                return act()
            except TransientError as error:
                gave_up.append(error)
        raise gave_up[-1]

    with faults(s3_bucket.server.endpoint, seed=1, **{"503": 0.08, "500": 0.04, "reset": 0.05, "lost": 0.1}) as proxy:
        proxy.rates["torn"] = 0.03
        leases = Leases(store=open_store(s3_bucket.root, S3Settings(endpoint=proxy.endpoint)), background=False)
        for _ in range(rounds):
            run, other = (through(lambda: leases.begin(f"run-{next(names)}", Stop())) for _ in range(2))
            through(lambda run=run: run.take(TARGETS, forget))
            with pytest.raises(TargetLockedError):
                through(lambda other=other: other.take(TARGETS, forget))
            through(run.renew)
            for uri in TARGETS:
                through(lambda run=run, uri=uri: run.check(uri))
            assert min(run.tokens.values()) > max(before)
            before = list(run.tokens.values())
            through(other.end)
            through(run.end)
        assert proxy.done["lost"] > rounds

    assert list(held(open_store(s3_bucket.root))) == []
