"""What a question about the ledger costs when it holds a hundred thousand runs."""

import bisect
import json
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, field

from etl.runs import index
from etl.runs.index import Asked
from etl.runs.ledger import Ledger
from etl.runs.objects import Entry, Stored

RUNS = 100_000
FIRST = datetime(2013, 1, 1, tzinfo=UTC)
JOBS = 40
FAILED_EVERY = 997
PAGE = 1000


def began(number):
    return FIRST + timedelta(minutes=number)


def run_id(number):
    return f"run-{number:06d}"


def status(number):
    return "error" if number % FAILED_EVERY == 0 else "pass"


def job(number):
    return f"job_{number % JOBS:02d}" if number != 5 else "rare"


@define
class Long:
    """A store with so many runs that answers a list in pages of a thousand, and counts what it is asked."""

    keys: list[str] = field(factory=list)
    requests: int = 0

    def get(self, key):
        self.requests += 1
        number = int(key.split("/")[2].removeprefix("run-"))
        at = began(number).isoformat()
        start = {"run_id": run_id(number), "at": at, "environment": "local", "selection": [], "intervals": []}
        start |= {"artifacts": "/lake", "jobs": [job(number)], "retry_of": "", "host": "elsewhere", "pid": 1}
        end = {"at": at, "exit_code": 1 if status(number) == "error" else 0, "counts": {"pass": 1}}
        return Stored(json.dumps(start if key.endswith("0-started.json") else end).encode(), "1")

    def list(self, prefix, after=None, limit=None):
        place = bisect.bisect_right(self.keys, max(after or "", prefix))
        while True:
            self.requests += 1
            page = [key for key in self.keys[place : place + PAGE] if key.startswith(prefix)]
            yield from (Entry(key, 1, FIRST) for key in page[:limit])
            if len(page) < PAGE:
                return
            place += PAGE


@pytest.fixture(scope="module")
def keys():
    """Three lists that hold every run."""
    numbers = range(RUNS)
    folders = (lambda _: index.NEWEST, lambda n: index.by_job(job(n)), lambda n: index.by_status(status(n)))
    return sorted(f"{folder(n)}{index.name_of(began(n), run_id(n))}" for folder in folders for n in numbers)


@pytest.fixture
def asked(keys):
    """``asked(limit=20)`` gives the numbers of the runs found, and how often the store was asked."""

    def ask(limit=20, **asked):
        store = Long(keys)
        found = [int(run.run_id.removeprefix("run-")) for run in Ledger(store).runs(limit, Asked(**asked))]
        return found, store.requests

    return ask


def test_the_last_twenty_cost_forty_one_requests(asked):
    assert asked() == (list(range(RUNS - 1, RUNS - 21, -1)), 41)


def test_the_last_twenty_of_a_job_cost_as_much(asked):
    found, requests = asked(job="job_07")

    assert found[:2] == [RUNS - 33, RUNS - 73]
    assert requests == 41


def test_the_last_that_failed_are_not_looked_for_among_the_others(asked):
    found, requests = asked(statuses=("error",))

    assert found == [n for n in range(RUNS - 1, 0, -1) if n % FAILED_EVERY == 0][:20]
    assert requests <= 43


def test_what_failed_of_one_job_is_met_by_moving_both_lists_on(asked):
    found, requests = asked(job="job_07", statuses=("fail", "error"))

    assert found == [n for n in range(RUNS - 1, 0, -1) if n % FAILED_EVERY == 0 and n % JOBS == 7]
    assert requests <= 60


def test_a_rare_job_is_found_at_once(asked):
    assert asked(job="rare") == ([5], 3)


def test_a_week_long_ago_begins_behind_all_that_is_newer(asked):
    found, requests = asked(since=began(5000), until=began(5003))

    assert (found, requests) == ([5002, 5001, 5000], 7)


def test_the_last_run_costs_three_requests(keys):
    store = Long(keys)

    assert Ledger(store).run("last").run_id == run_id(RUNS - 1)
    assert store.requests == 3
