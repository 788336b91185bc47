"""A ``History`` beside an oracle in plain Python: whatever order intervals run in, and again, one table comes of it.

Each round is a few runs over hundreds of keys with a random stream of events each; ``--rounds 200`` is the long form.
"""

import math
import random
from collections import defaultdict
from datetime import date, timedelta

import pytest

from etl import History, Source, Target, step
from etl.model.result import Outcome, Status

KEYS, DAYS = 200, 3
FIRST = date(2013, 2, 8)
DDL = "id INT, day DATE, at INT, v STRING, d DOUBLE, note INT, op STRING"
VALUES = {"v": ["a", "b", None], "d": [1.5, math.nan, None], "note": [1, 2, None], "op": ["D", "U", "U", "U"]}
RULES = [{"track_history_except_column_list": ["note", "op"]}, {}, {"track_history_column_list": "v"}]


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        others = range(1, max(2, metafunc.config.getoption("--rounds") // 10))
        metafunc.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.once) for seed in others)])


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


def versions(events, tracked):
    """Return the versions that all events of a key make: (start, end, at, *values).

    Args:
        events: (day, at, v, d, note, op); an op of D deletes.
        tracked: positions of the values that begin a version.
    """
    made, now, buried = [], None, None
    for at, values in sorted(counting(events).items()):
        if values[3] == "D":
            buried = at if buried is None else buried
            made, now = ended(made, now, at), None
        elif now and all(repr(now[n]) == repr(values[n]) for n in tracked):
            made[-1][2:], now = [at, *values], values
        else:
            made, now = [*ended(made, now, at), [at, None, at, *values]], values
    if not made and buried is not None:
        return [(buried, buried, buried, None, None, None, None)]
    return [tuple(each) for each in made]


def counting(events):
    """Return the values that count at each instant: a deletion, else the latest day's; of a day, the greatest."""
    found = {}
    for number, at, *values in events:
        rank = (values[3] == "D", number, [order(value) for value in values])
        if at not in found or rank > found[at][0]:
            found[at] = (rank, values)
    return {at: values for at, (_, values) in found.items()}


def order(value):
    """Return what orders values: null is least, NaN greatest."""
    if value is None or isinstance(value, str):
        return (value is not None, value or "")
    return (True, math.inf if math.isnan(value) else value)


def ended(made, now, at):
    """Return the versions with the last one ended, if one is valid now."""
    return [*made[:-1], [made[-1][0], at, *made[-1][2:]]] if now else made


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


def test_intervals_in_any_order_and_again_leave_what_their_events_make_in_order(lake, seed):
    rule, draw = RULES[seed % len(RULES)], random.Random(seed)  # noqa: S311 to be repeated, not to be secret
    events = {key: some(draw) for key in range(KEYS)}
    runs = draw.sample(range(DAYS), DAYS)
    runs.append(draw.choice(runs))  # one of them again, with other events
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

    again = lake.run_step(keeping(rule), date=str(day(runs[0])), force=True)
    assert again.outcome is Outcome.UNCHANGED
