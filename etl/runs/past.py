"""How steps ended for intervals, as the ledger remembers it: the last result of each pair, and how long steps take.

``ledger/results/<job>/`` holds an object for each run of a job: the run's name, the first and the last interval in its
key, and in few words how each step ended for each. What a run that has not ended did is in its events.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter
from statistics import median
from typing import Any

from attrs import frozen

from etl.model.plan import Pair
from etl.model.result import GOOD, RunResult, Status, StepResult
from etl.runs.artifacts import Artifacts
from etl.runs.index import OPEN, id_of, name_of
from etl.runs.ledger import Ledger
from etl.runs.objects import ObjectStore
from etl.runs.run_record import RunRecord

SCHEMA_VERSION = "1.0"
FOLDER = "ledger/results/"
MOST = 1000  # results of past runs that are read to answer one question
RECENT = 20  # runs whose seconds say how long a step takes
RUNNING = "running"


@frozen
class Last:
    """How a step ended for an interval when it was last tried.

    ``status`` is a step's status word; ``running`` where it has not ended, in a run that lives.
    """

    status: str
    run_id: str
    quarantined: int = 0
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """True if the step did not succeed, and is not at it."""
        return self.status != RUNNING and Status(self.status) not in GOOD


Results = Callable[[], Iterator[tuple[Pair, Last]]]


def keep(store: ObjectStore, result: RunResult) -> None:
    """Keep how each step of a run ended, by job."""
    name = name_of(result.started_at, result.run_id)
    for job in dict.fromkeys(step.job for step in result.steps):
        own = [step for step in result.steps if step.job == job]
        rows = [_row(step) for step in own]
        body = {"schema_version": SCHEMA_VERSION, "run_id": result.run_id, "steps": rows}
        store.put_if(f"{FOLDER}{job}/{name}{_span([step.interval for step in own])}", json.dumps(body).encode(), None)


def _row(step: StepResult) -> list[Any]:
    return [step.step, step.interval, str(step.status), step.rows.quarantined, round(step.seconds, 3)]


def _span(keys: Sequence[str | None]) -> str:
    """Return the first and the last interval as the end of a key; empty where that is no plain text."""
    known = sorted(key for key in keys if key)
    if not known or any("/" in key for key in known):
        return ""
    return f"@{known[0]}={known[-1]}"


@frozen
class Past:
    """What the ledger remembers of steps and intervals.

    Args:
        ledger: the record of runs.
        artifacts: opens what a run left behind.
    """

    ledger: Ledger
    artifacts: Callable[[RunRecord], Artifacts]

    def last(self, jobs: Collection[str], pairs: Collection[Pair]) -> dict[Pair, Last]:
        """Return how each of these pairs of a step and an interval's key ended last; none for one never tried.

        Of one that had nothing to do, the result before is returned, for that is still what the target has. Reads the
        results of runs whose intervals meet these, and the events of those that have not ended, the last run first,
        until every pair is found, and at most a thousand.
        """
        wanted, found, idle = set(pairs), dict[Pair, Last](), dict[Pair, Last]()
        met = _meeting([interval for _, interval in wanted])
        for job in sorted(jobs):
            for results in islice(self._newest_first(job, met), MOST):
                if all(pair in found for pair in wanted):
                    break
                for pair, last in results():
                    if pair not in wanted or pair in found or (pair in idle and last.failed):
                        continue
                    (idle if last.status == Status.NO_OP else found).setdefault(pair, last)
        return {**idle, **found}

    def seconds(self, jobs: Collection[str]) -> dict[str, float]:
        """Return how long each step of these jobs took, the median over its last runs in which it worked."""
        took: dict[str, list[float]] = {}
        for job in sorted(jobs):
            for key in islice(self._keys(job, lambda _: True), RECENT):
                for (step, _), last in self._results(key):
                    if last.status in {Status.PASS, Status.WARN}:
                        took.setdefault(step, []).append(last.seconds)
        return {step: median(each) for step, each in took.items()}

    def _newest_first(self, job: str, met: Callable[[str], bool]) -> Iterator[Results]:
        """Yield how to read what each run of a job did, whether it has ended or not, the last run first."""
        ended: Iterator[tuple[str, Results]] = (
            (key.removeprefix(f"{FOLDER}{job}/"), partial(self._results, key)) for key in self._keys(job, met)
        )
        for _, results in heapq.merge(self._open(job), ended, key=itemgetter(0)):
            yield results

    def _open(self, job: str) -> Iterator[tuple[str, Results]]:
        for entry in self.ledger.store.list(OPEN):
            name = entry.key.removeprefix(OPEN)
            run = self.ledger.known(id_of(name))
            if run is not None and run.state != "finished" and job in run.jobs:
                yield name, partial(_of_events, run, self.artifacts(run))

    def _keys(self, job: str, met: Callable[[str], bool]) -> Iterator[str]:
        for entry in self.ledger.store.list(f"{FOLDER}{job}/"):
            if met(entry.key.partition("@")[2]):
                yield entry.key

    def _results(self, key: str) -> Iterator[tuple[Pair, Last]]:
        stored = self.ledger.store.get(key)
        said = json.loads(stored.body) if stored else {"steps": []}
        for step, interval, status, quarantined, seconds in said["steps"]:
            yield (step, interval), Last(status, said["run_id"], quarantined, seconds)


def _meeting(keys: Collection[str | None]) -> Callable[[str], bool]:
    """Return whether a span of intervals has one of these; true where that cannot be said by comparing texts."""
    known = sorted(key for key in keys if key)

    def met(span: str) -> bool:
        first, _, last = span.partition("=")
        if not known or not first or len({len(first), len(last), *map(len, known)}) > 1:
            return True
        return first <= known[-1] and known[0] <= last

    return met


def _of_events(run: RunRecord, artifacts: Artifacts) -> Iterator[tuple[Pair, Last]]:
    """Yield how far a run is that has not ended, or that died."""
    found: dict[Pair, Last] = {}
    for event in artifacts.read_events():
        pair = (event["step"], event["interval"])
        if event["kind"] == "step_started":
            found[pair] = Last(RUNNING if run.state == "running" else Status.ERROR, run.run_id)
        elif event["kind"] == "step_finished":
            said = event["data"]
            found[pair] = Last(said["status"], run.run_id, said["rows"]["quarantined"], said["seconds"])
    yield from found.items()
