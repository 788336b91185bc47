from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from attrs import evolve

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.model.interval import Unit, between
from etl.model.plan import Plan
from etl.runs.choice import missing, with_readers

DAYS = ("2013-02-01", "2013-02-02", "2013-02-03")


def planned(name, write, *after, column="day"):
    @step(sources={"rows": Source("raw.rows", interval_column=column)}, target=Target(name, "id INT, day DATE", write))
    def copied(rows):
        return rows

    return SimpleNamespace(step=copied, after=after)


@pytest.fixture
def plan():
    """a ← b ← c, and d by itself."""
    return Plan(
        environment="local",
        intervals=tuple(SimpleNamespace(key=day) for day in DAYS),
        steps=(
            planned("z.a", ReplacePartitions("day")),
            planned("z.b", Append(), "z.a"),
            planned("z.c", ReplaceTable(), "z.b", column=None),
            planned("z.d", Merge("id")),
        ),
    )


def test_what_its_target_does_not_know_is_missing(plan):
    known = [(name, day) for name in ("z.a", "z.b", "z.c", "z.d") for day in DAYS]
    known.remove(("z.b", "2013-02-02"))

    assert missing(plan, known) == (("z.b", "2013-02-02"),)


def test_a_table_that_is_replaced_whole_is_missing_once(plan):
    known = [(name, day) for name in ("z.a", "z.b", "z.d") for day in DAYS]

    assert missing(plan, known) == (("z.c", "2013-02-03"),)


def test_what_reads_a_chosen_step_is_chosen_for_the_same_interval(plan):
    chosen = with_readers(plan, [("z.a", "2013-02-02"), ("z.d", "2013-02-01")])

    assert chosen.pairs == (("z.d", "2013-02-01"), ("z.a", "2013-02-02"), ("z.b", "2013-02-02"), ("z.c", "2013-02-02"))


def test_what_looks_back_to_a_chosen_interval_is_chosen_too(plan):
    days = between(datetime(2013, 2, 1, tzinfo=UTC), datetime(2013, 2, 6, tzinfo=UTC), Unit.DAY)

    @step(
        sources={"rows": Source("z.a", interval_column="day", lookback=2)},
        target=Target("z.moving", "id INT, day DATE", ReplacePartitions("day")),
    )
    def moving(rows):
        return rows

    read = SimpleNamespace(step=moving, after=("z.a",), reads={"rows": SimpleNamespace(written_by="z.a")})
    chosen = with_readers(evolve(plan, intervals=days, steps=(plan.steps[0], read)), [("z.a", "2013-02-02")])

    assert [key for name, key in chosen.pairs if name == "z.moving"] == ["2013-02-02", "2013-02-03", "2013-02-04"]


def test_nothing_chosen_is_a_plan_of_nothing(plan):
    chosen = with_readers(plan, [])

    assert (chosen.pairs, chosen.intervals, chosen.steps) == ((), (), ())
