"""A ``History`` beside an oracle in plain Python: whatever order intervals run in, and run again, one table comes of it.

Each round is a few runs over hundreds of keys with a random stream of events each; ``--rounds 200`` is the long form.
"""

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from etl import History, Source, Target, step
from etl.model.result import Status

KEYS, DAYS = 150, 4
FIRST = date(2013, 2, 8)
DDL = "id INT, day DATE, at INT, v STRING, d DOUBLE, note INT, op STRING"
VALUES = {"v": ["a", "b", None], "d": [1.5, math.nan, None], "note": [1, 2, None], "op": ["D", "U", "U", "U"]}
RULES = {
    "all columns": {},
    "but one": {"track_history_except_column_list": ["note", "op"]},
    "one column": {"track_history_column_list": "v"},
}


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        rounds = max(1, metafunc.config.getoption("--rounds") // 10)
        metafunc.parametrize("seed", range(rounds))


def day(number):
    return FIRST + timedelta(days=number)


def some(draw, ends=DAYS):
    """Return the events of one key: (day, at, v, d, note, op)."""
    return [
        (draw.randrange(ends), draw.randrange(12), *(draw.choice(values) for values in VALUES.values()))
        for _ in range(draw.randrange(7))
    ]


def tracked_of(rule):
    """Return which of (v, d, note, op) begin a version."""
    named = list(VALUES)
    if "track_history_column_list" in rule:
        return [named.index(rule["track_history_column_list"])]
    return [n for n, name in enumerate(named) if name not in rule.get("track_history_except_column_list", ())]


def greatest(values):
    """Return what orders rows of one instant: null is least, NaN greatest."""
    return [(value is not None, math.inf if value != value else value or 0) if not isinstance(value, str) else (True, value) for value in values]


def versions(events, tracked):
    """Return the versions of one key as all its events make them: (start, end, *values).

    Args:
        events: (day, at, v, d, note, op).
        tracked: positions of the values that begin a version.
    """
    by_day = {}
    for number, at, *values in events:  # one event of a day and instant
        known = by_day.get((at, number))
        rank = (values[3] == "D", greatest(values))
        if known is None or rank > known[0]:
            by_day[at, number] = (rank, values)
    winners = {}
    for (at, number), ((gone, _), values) in by_day.items():
        if at not in winners or (gone, number) > winners[at][0]:
            winners[at] = ((gone, number), values)
    made, open_, first_gone = [], None, None
    for at in sorted(winners):
        (gone, _), values = winners[at]
        if gone:
            first_gone = at if first_gone is None else first_gone
            if open_:
                made[-1][1], open_ = at, None
        elif open_ and all(repr(open_[n]) == repr(values[n]) for n in tracked):
            made[-1][2:], open_ = [at, *values], values
        else:
            if open_:
                made[-1][1] = at
            made.append([at, None, at, *values])
            open_ = values
    if not made and first_gone is not None:
        return [(first_gone, first_gone, first_gone, None, None, None, None)]
    return [tuple(each) for each in made]


def keeping(rule):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target(
            "clean.rows",
            "id INT, at INT, v STRING, d DOUBLE, note INT, op STRING",
            History("id", "at", "op = 'D'", **rule),
        ),
    )
    def keep(rows):
        return rows.drop("day")

    return keep


def table(lake):
    """Return each key's rows as the oracle says them, as text: NaN is no equal of itself."""
    found = defaultdict(list)
    for row in lake.table("clean.rows").drop("__EVENTS").collect():
        found[row.id].append((row["__START_AT"], row["__END_AT"], row.at, row.v, row.d, row.note, row.op))
    return {key: repr(sorted(rows, key=lambda row: row[0])) for key, rows in found.items()}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_intervals_in_any_order_and_again_leave_what_their_events_make_in_order(lake, seed, rule):
    draw = random.Random(f"{seed} {sorted(rule)}")
    events = {key: some(draw) for key in range(KEYS)}
    runs = draw.sample(range(DAYS), DAYS)
    runs += [draw.choice(runs[:2]), runs[-1]]  # two of them again, with other events
    done = set()

    for number in runs:
        if number in done:
            for key in draw.sample(range(KEYS), KEYS // 2):
                kept = [event for event in events[key] if event[0] != number or draw.random() < 0.5]
                events[key] = kept + [event for event in some(draw) if event[0] == number]
        rows = [(key, day(n), *rest) for key, given in events.items() for n, *rest in given + given[:1]]
        draw.shuffle(rows)
        lake.write("raw.rows", DDL, rows, mode="overwrite")
        result = lake.run_step(keeping(rule), date=str(day(number)))
        assert result.status is Status.PASS, result.error
        done.add(number)

        known = {key: [event for event in given if event[0] in done] for key, given in events.items()}
        made = {key: versions(given, tracked_of(rule)) for key, given in known.items()}
        assert table(lake) == {key: repr(rows) for key, rows in made.items() if rows}

    version = lake.version("clean.rows")
    for number in range(DAYS):
        lake.run_step(keeping(rule), date=str(day(number)), force=True)
    assert lake.version("clean.rows") == version
