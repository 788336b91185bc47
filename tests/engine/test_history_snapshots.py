"""A ``History`` of snapshots beside an oracle in plain Python: in any order, and taken again.

Each round is a few snapshots of hundreds of keys, of which some stay, some change, come and go; ``--rounds 200`` is the
long form.
"""

import math
import random
from collections import defaultdict
from datetime import datetime

from etl import History, Source, Target, step
from etl.model.result import Status
from tests.engine.test_history_oracle import DAYS, KEYS, day
from tests.engine.test_history_oracle import pytest_generate_tests as pytest_generate_tests  # noqa: PLC0414 a hook

VALUES = (["a", "b", None], [1.5, math.nan, None], [1, 2, None])


def versions(snapshots, tracked):
    """Return the versions of one key: (start, end, v, d, note).

    Args:
        snapshots: by the instant each is valid at, in order, the key's values in it; None where it lacks the key.
        tracked: positions of the values that begin a version.
    """
    made, now = [], None
    for at, values in sorted(snapshots.items()):
        if values is None or (now and any(repr(now[n]) != repr(values[n]) for n in tracked)):
            if now:
                made[-1][1] = at
            now = None
        if values is not None:
            made = [*made[:-1], [*made[-1][:2], *values]] if now else [*made, [at, None, *values]]
            now = values
    return [tuple(each) for each in made]


def comparing(rule):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", "id INT, v STRING, d DOUBLE, note INT", History("id", from_snapshots=True, **rule)),
    )
    def compare(rows):
        return rows.drop("day")

    return compare


def test_snapshots_in_any_order_and_again_leave_what_they_say_in_order(lake, seed):
    draw = random.Random(seed)  # noqa: S311 to be repeated, not to be secret
    rule = [{"track_history_except_column_list": "note"}, {}][seed % 2]

    def one():
        return tuple(draw.choice(values) for values in VALUES)

    taken = {number: {key: one() for key in range(KEYS) if draw.random() < 0.7} for number in range(DAYS)}
    for number in range(1, DAYS):  # much stays as it was
        for key in draw.sample(range(KEYS), KEYS // 2):
            taken[number].pop(key, None)
            taken[number] |= {key: taken[number - 1][key]} if key in taken[number - 1] else {}
    runs, done = draw.sample(range(DAYS), DAYS), {}
    for number in [*runs, draw.choice(runs)]:
        if number in done:
            changed = draw.sample(range(KEYS), KEYS // 4)
            taken[number] = {key: row for key, row in taken[number].items() if key not in changed[: KEYS // 8]}
            taken[number] |= {key: one() for key in changed[KEYS // 8 :]}
        rows = [(key, day(n), *row) for n, given in taken.items() for key, row in given.items()]
        lake.write("raw.rows", "id INT, day DATE, v STRING, d DOUBLE, note INT", rows, mode="overwrite")
        result = lake.run_step(comparing(rule), date=str(day(number)))
        assert result.status is Status.PASS, result.error
        done[number] = dict(taken[number])

        at = {n: datetime.combine(day(n + 1), datetime.min.time()) for n in done}
        said = {key: {at[n]: given.get(key) for n, given in done.items()} for key in range(KEYS)}
        tracked = [0, 1] if rule else [0, 1, 2]
        made = {key: versions(each, tracked) for key, each in said.items()}
        found = defaultdict(list)
        for row in lake.table("clean.rows").collect():
            found[row.id].append((row["__START_AT"], row["__END_AT"], row.v, row.d, row.note))
        assert {key: repr(sorted(rows)) for key, rows in found.items()} == {k: repr(r) for k, r in made.items() if r}
