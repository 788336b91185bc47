"""A year of fifty jobs with faults, on a clock of its own: every due interval exactly once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from etl import Daily, Every, Hourly, Job, Monthly, alarm
from etl.model.recurrence import due_at, intervals
from etl.schedule.jobs import Waits
from tests.schedule.world import START, World, chance

pytestmark = pytest.mark.once
TOLD = [alarm.command(["true"])]
ZONES = ("UTC", "Europe/Berlin", "America/New_York")


def jobs():
    """Two hourly, four of six hours, forty daily in three zones and four monthly jobs, chained as they come."""
    said = {"retries": 3, "retry_delay": "2 minutes", "max_active_runs": 4, "on_failure": TOLD}
    found = [(f"hourly_{n}", Hourly(start="2013-01-01", timezone=ZONES[n]), ()) for n in range(2)]
    found += [(f"quarter_{n}", Every("6 hours", start="2013-01-01"), ("hourly_0",)) for n in range(4)]
    found += [
        (
            f"daily_{n}",
            Daily(at="03:00", start="2013-01-01", timezone=ZONES[n % 3]),
            (f"daily_{n - 3}",) if n > 9 else (),
        )
        for n in range(40)
    ]
    found += [(f"monthly_{n}", Monthly(start="2013-01-01"), (f"daily_{n * 3}",)) for n in range(4)]
    return [
        (
            name,
            Job(schedule=schedule, **said),
            schedule,
            tuple(Waits(read, f"clean.{read}", by_column=True) for read in reads),
        )
        for name, schedule, reads in found
    ]


def faulty(seed):
    """A twentieth of the runs fail for a transient reason, a hundredth dies without a word, some take long."""

    def fate(name, key, number):
        lot = chance(seed, name, key, number)
        code = 75 if lot < 0.05 else None if lot < 0.06 else 0
        return code, 5 + int(chance(seed, "long", name, key, number) ** 8 * 600)

    return fate


def test_every_due_interval_succeeds_exactly_once_whatever_dies(request):
    long = request.config.getoption("--rounds") > 5
    end = START + timedelta(days=365 if long else 40)
    world = World(jobs(), fate=faulty(7), deadly=0.01, seed=7)

    world.until(end + timedelta(days=2))

    assert world.deaths > 50
    for name, each in world.jobs.items():
        due = [
            one for one in intervals(each.schedule, START - timedelta(days=1), end) if due_at(each.schedule, one) <= end
        ]
        failed = set(world.states(name))
        assert due, name
        wrong = {one.key: world.succeeded[name, one.key] for one in due if one.key not in failed}
        assert set(wrong.values()) <= {1}, (name, {key: count for key, count in wrong.items() if count != 1})
    told = [(notice.job, notice.interval) for _, notice in world.alarms if notice.kind == "failure"]
    assert len(told) == len(set(told))
    if long:
        assert len(world.runs) >= 20_000
