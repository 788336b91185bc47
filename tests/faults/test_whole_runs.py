"""Whole runs whose process dies, or loses an answer, at any call to the store: leases, ledger, artifacts, the publish.

``make faults`` is the long form: all pairs of deaths in a row, some 66,000 runs; without it every twentieth.
"""

import itertools
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from etl.errors import EtlError
from etl.model.event import Event
from etl.model.plan import Plan
from etl.model.result import RunResult
from etl.runs import holders
from etl.runs.artifacts import Artifacts
from etl.runs.execution import Execution
from etl.runs.leases import Leases
from etl.runs.ledger import Ledger
from etl.runs.processes import Here, Process
from etl.runs.stores import open_store
from tests.faults.numbered import HOW, Died, Line
from tests.runs.conftest import Memory

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)
TARGETS = {f"s3://lake/clean/{name}": f"clean.{name}" for name in "ab"}
PLAN = Plan(
    environment="local",
    intervals=(None,),
    steps=tuple(SimpleNamespace(job="shop", writes=SimpleNamespace(uri=uri, name=TARGETS[uri])) for uri in TARGETS),
)


def pointer(uri):
    return f"lake/{TARGETS[uri]}"


def published(store, uri):
    found = store.get(pointer(uri))
    return json.loads(found.body) if found else []


def is_published(store, uri):
    return bool(published(store, uri))


def publishing(store):
    """Return an engine that adds its run to each target's pointer, once: compare-and-set, then a second look."""

    def engine(plan, *, run_id, listener, now, fence, **_):
        listener(Event("run_started", now(), run_id))
        for uri in TARGETS:
            fence(uri)
            if is_published(store, uri):
                continue
            found = store.get(pointer(uri))
            body = json.dumps([*(json.loads(found.body) if found else []), run_id]).encode()
            try:
                store.put_if(pointer(uri), body, found.version if found else None)
            except TimeoutError:
                if run_id not in published(store, uri):
                    raise
        listener(Event("run_finished", now(), run_id, data={"exit_code": 0}))
        return RunResult(run_id=run_id, environment=plan.environment, started_at=now(), finished_at=now(), steps=())

    return engine


def execution(store, run_id, pid, alive):
    look = lambda process: "running" if process in alive else "gone"  # noqa: E731
    process = Process(pid, "then")
    alive.add(process)
    here = Here("host", "one machine", process)
    return Execution(
        plan=PLAN,
        manifest={"project": "shop"},
        ledger=Ledger(store),
        artifacts=Artifacts(store, run_id),
        session=lambda: SimpleNamespace(version="3.5.9"),
        engine=publishing(store),
        jvm=lambda _: 2**30,  # no process has this number
        now=lambda: AT,
        leases=Leases(store=store, here=here, look=look, now=lambda: AT, sleep=lambda _: None, background=False),
    )


def lived(store, run_id, pid, alive):
    """Run until the end, or the death, of the process; say whether it got through."""
    try:
        execution(store, run_id, pid, alive).run()
    except (Died, TimeoutError, EtlError):
        return False
    finally:
        alive.discard(Process(pid, "then"))
    return True


def wrong(store, runs):
    """Yield what must never be once the last of the runs, which nothing happened to, is over."""
    for uri in TARGETS:
        if len(published(store, uri)) != 1:
            yield f"{uri} was published by {published(store, uri)}"
    if list(holders.held(store)) or list(store.list(holders.RUNS)):
        yield "something is held after all is over"
    yield from wrong_in_the_ledger(store, runs[-1])
    yield from wrong_in_artifacts(store, runs)


def wrong_in_the_ledger(store, last):
    known = list(Ledger(store).runs())
    listed = [run.run_id for run in known]
    if len(listed) != len(set(listed)) or last not in listed:
        yield f"the ledger lists {listed}"
    for run in known:
        if run.state == "running" or (run.state == "finished" and run.exit_code is None):
            yield f"run {run.run_id} is {run.status} in the ledger"
        if run.exit_code == 0 and not all(published(store, uri) for uri in TARGETS):
            yield f"run {run.run_id} ended well and published nothing"


def wrong_in_artifacts(store, runs):
    last = Artifacts(store, runs[-1])
    if last.read_results() is None or last.read_manifest() is None:
        yield "the last run left no results"
    for run in runs:
        parts = [entry.key for entry in store.list(f"runs/{run}/events/")]
        if parts != [f"runs/{run}/events/{n:06d}.jsonl" for n in range(1, len(parts) + 1)]:
            yield f"run {run} left {parts}"
        if not all(json.loads(line)["kind"] for part in parts for line in store.get(part).body.splitlines()):
            yield f"run {run} left an event that says nothing"


def calls_of_a_run():
    line = Line(Memory())
    assert lived(line, "a", 1, set())
    return line.calls


def deaths(stores, places):
    """Let a process die at each place, one run after the other, then run once more; yield all that is wrong."""
    for number, place in enumerate(places):
        world, alive = stores(number), set()
        runs = [chr(ord("a") + n) for n in range(len(place) + 1)]
        for n, (at, how) in enumerate(place):
            lived(Line(world, dies_at=at, how=how), runs[n], n + 1, alive)
        through = lived(world, runs[-1], 99, alive)
        said = [*wrong(world, runs)] if through else ["the last run did not get through"]
        yield from (f"{place}: {what}" for what in said)


def is_short(request):
    return request.config.getoption("--rounds") <= 5


def test_one_death_or_lost_answer_at_any_call_leaves_each_target_published_once_and_all_recorded():
    places = [(place,) for place in itertools.product(range(1, calls_of_a_run() + 3), HOW)]

    assert list(deaths(lambda _: Memory(), places)) == []


def test_two_in_a_row_do_too(request):
    step = 20 if is_short(request) else 1
    one = [*itertools.product(range(1, calls_of_a_run() + 3), HOW)]
    places = [*itertools.islice(itertools.product(one, one), 0, None, step)]

    assert list(deaths(lambda _: Memory(), places)) == []


def test_one_in_a_folder_does_too(tmp_path, request):
    step = 1 if request.config.getoption("--rounds") > 5 else 3
    places = [(place,) for place in itertools.product(range(1, calls_of_a_run() + 3), HOW)][::step]

    assert list(deaths(lambda number: open_store(str(tmp_path / str(number))), places)) == []


def without_a_look(monkeypatch):
    """A publish that does not ask whether the target has it already."""
    monkeypatch.setattr(f"{__name__}.is_published", lambda *_: False)


def without_an_end(monkeypatch):
    """A run that forgets to free its targets."""
    monkeypatch.setattr(Execution, "_let_go", lambda *_: None)


@pytest.mark.parametrize("mutant", [without_a_look, without_an_end])
def test_the_suite_finds_what_is_wrong_with_a_run(mutant, monkeypatch):
    places = [(place,) for place in itertools.product(range(1, 20), HOW)]
    mutant(monkeypatch)

    assert list(deaths(lambda _: Memory(), places))
