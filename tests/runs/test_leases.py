"""What a run that wants held targets does and says. That leases hold under faults: ``tests/faults/test_leases.py``."""

import itertools
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from etl.engine.stop import Stop
from etl.errors import (
    ConflictError,
    InterruptedRunError,
    LeaseLostError,
    PlatformError,
    RunIdTakenError,
    TargetLockedError,
)
from etl.runs.holders import held, target_key
from etl.runs.leases import Leases
from etl.runs.processes import Process, find, here

FLIGHTS = {"s3://lake/clean/flights": "clean.flights"}
AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


@pytest.fixture
def leases(memory):
    """The leases of one store, renewed by nobody, by a clock that goes on while somebody sleeps."""
    clock = itertools.count()
    passed = []

    def sleep(seconds):
        passed.append(seconds)

    return Leases(
        store=memory,
        clock=lambda: next(clock) * 0.001 + sum(passed),
        now=lambda: AT + timedelta(seconds=sum(passed)),
        sleep=sleep,
        background=False,
    )


def taken(leases, run_id="a", targets=FLIGHTS, **options):
    run = leases.begin(run_id, options.pop("stop", Stop()))
    run.take(targets, lambda _: None, **options)
    return run


def test_a_target_is_one_however_it_is_spelt(tmp_path):
    (tmp_path / "lake").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "lake")

    assert target_key("s3a://b/x/") == target_key("s3n://b/x") == target_key("s3://b/x")
    assert target_key(f"{tmp_path}/link/x") == target_key(f"{tmp_path}/lake/x/")
    assert target_key("s3://b/x") != target_key("s3://b/y")


def test_a_held_target_is_refused_with_holder_host_process_and_since_when(leases):
    taken(leases)

    with pytest.raises(TargetLockedError) as refused:
        taken(leases, "b")

    assert refused.value.attributes == {
        "target": "clean.flights",
        "uri": "s3://lake/clean/flights",
        "holder": "a",
        "host": here().host,
        "pid": here().process.pid,
        "since": "2013-02-09 06:00:00 UTC",
    }
    assert "etl runs a" in refused.value.remedy
    assert refused.value.exit_code == 8


def test_a_target_is_free_when_its_run_has_ended_and_the_token_rises(leases):
    first = taken(leases)
    first.end()

    second = taken(leases, "b")

    assert (list(first.tokens.values()), list(second.tokens.values())) == ([1], [2])


def test_runs_of_different_targets_do_not_meet(leases):
    taken(leases)
    taken(leases, "b", {"s3://lake/clean/weather": "clean.weather"})

    assert {(lease.dataset, holder.run_id) for lease, holder in held(leases.store)} == {
        ("clean.flights", "a"),
        ("clean.weather", "b"),
    }


def test_a_run_waits_for_another_says_for_which_and_goes_on(leases):
    first, said = taken(leases), []

    def tell(message):
        said.append(message)
        first.end()

    second = taken(leases, "b", wait=60, tell=tell)

    second.check("s3://lake/clean/flights")
    holder = f"run a on {here().host} (pid {here().process.pid})"
    assert said == [f"waiting for clean.flights: {holder} has held it since 2013-02-09 06:00:00 UTC"]


def test_a_run_that_has_waited_long_enough_gives_up_and_says_how_long(leases):
    taken(leases)

    with pytest.raises(TargetLockedError, match="has waited 90 s"):
        taken(leases, "b", wait=90)


def test_a_run_that_is_told_to_stop_stops_waiting(leases):
    taken(leases)
    stop = Stop()

    with pytest.raises(InterruptedRunError):
        taken(leases, "b", wait=3600, tell=lambda _: stop.request(143), stop=stop)


def test_the_jvm_of_a_killed_run_is_waited_for_unasked(leases):
    jvm = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    gone = evolve(leases, here=evolve(leases.here, process=Process(1, "never")))
    taken(gone).renew(find(jvm.pid))

    def sleep(_):
        jvm.communicate(b"\n")

    taken(evolve(leases, sleep=sleep), "b")

    assert [holder.run_id for _, holder in held(leases.store)] == ["b"]


def test_a_jvm_that_stays_after_its_run_was_killed_keeps_the_target(leases):
    gone = evolve(leases, here=evolve(leases.here, process=Process(1, "never")))
    taken(gone).renew(here().process)

    with pytest.raises(TargetLockedError):
        taken(leases, "b")


def test_a_released_target_is_not_published_to_and_the_run_is_told_to_stop(leases):
    stop = Stop()
    first = taken(leases, stop=stop)
    ((lease, _),) = held(leases.store)

    leases.release(lease)

    with pytest.raises(LeaseLostError, match=r"no longer holds clean\.flights: somebody released it"):
        first.check("s3://lake/clean/flights")
    assert stop.requested == 8
    assert list(held(leases.store)) == []
    assert list(taken(leases, "b").tokens.values()) == [3]


def test_a_target_that_changed_hands_meanwhile_is_not_released(leases):
    first = taken(leases)
    ((lease, _),) = held(leases.store)
    first.end()
    taken(leases, "b")

    with pytest.raises(ConflictError, match="another holder"):
        leases.release(lease)


def test_a_run_that_was_found_dead_says_by_whom_and_publishes_nothing(leases, memory):
    first = taken(leases)
    other = evolve(leases, look=lambda _: "gone")
    taken(other, "b")

    with pytest.raises(LeaseLostError, match="run b has it"):
        first.check("s3://lake/clean/flights")
    with pytest.raises(LeaseLostError):
        first.renew()
    first.end()
    assert [holder.run_id for _, holder in held(memory)] == ["b"]


def test_a_run_id_at_work_is_taken(leases):
    leases.begin("a", Stop())

    with pytest.raises(RunIdTakenError):
        leases.begin("a", Stop())


def test_a_run_renews_by_itself_while_it_is_at_work(tmp_path):
    from etl.runs.folder import Folder

    run = Leases(store=Folder(tmp_path), term=0.2).begin("a", Stop())
    while run.holder.renewals < 3:
        assert not run.lost
    run.end()

    assert list(tmp_path.rglob("*.json")) == []


def test_an_object_that_is_no_lease_is_named(leases, memory):
    memory.put_if(target_key("s3://lake/clean/flights"), b"{}", None)

    with pytest.raises(PlatformError, match=r"object leases/targets/.* is no lease of a target"):
        taken(leases)
