from types import SimpleNamespace

import pytest

from etl import Append, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.model.dataset import Dataset
from etl.model.order import oldest_first, taken_in_turn, whole_readers
from etl.model.plan import Plan, PlannedStep

DDL = "id INT, day DATE, at TIMESTAMP"


def planned(name, write, source="raw.rows", column="day", after=()):
    @step(sources={"rows": Source(source, interval_column=column)}, target=Target(name, DDL, write))
    def copied(rows):
        return rows

    return PlannedStep(
        job="shop",
        step=copied,
        reads={"rows": Dataset(name=source, uri="/lake")},
        writes=Dataset(name=name, uri="/lake"),
        quarantine=Dataset(name="quarantine.rows", uri="/lake"),
        after=after,
    )


def plan(*steps):
    return Plan(environment="local", intervals=(), steps=steps)


@pytest.mark.parametrize("write", [ReplacePartitions("day"), Append()])
def test_intervals_that_own_their_rows_may_be_at_work_at_once(write):
    assert taken_in_turn(plan(planned("clean.rows", write))) == {}


@pytest.mark.parametrize("write", [Merge("id"), ReplaceTable(), ReplacePartitions("at"), ReplaceInterval("day")])
def test_intervals_that_share_rows_take_turns_and_the_reason_is_said(write):
    (why,) = taken_in_turn(plan(planned("clean.rows", write))).values()

    assert "rows" in why


def test_a_step_that_no_interval_changes_takes_turns():
    assert taken_in_turn(plan(planned("clean.rows", Append(), column=None)))


def test_a_reader_of_its_interval_alone_leaves_the_other_intervals_alone():
    days = planned("clean.days", ReplacePartitions("day"))
    sums = planned("marts.sums", ReplacePartitions("day"), "clean.days", after=("clean.days",))

    assert taken_in_turn(plan(days, sums)) == {}


@pytest.mark.parametrize("column", [None, "at"])
def test_what_is_read_of_other_intervals_too_takes_turns_with_its_reader(column):
    days = planned("clean.days", ReplacePartitions("day"))
    sums = planned("marts.sums", Append(), "clean.days", column, after=("clean.days",))

    assert list(taken_in_turn(plan(days, sums))) == ["clean.days", "marts.sums"]
    assert whole_readers(plan(days, sums)) == {"clean.days": ("marts.sums",)}


def test_a_table_that_no_interval_changes_is_read_whole_without_turns():
    planes = planned("core.planes", ReplaceTable(), column=None)
    flown = planned("marts.flown", ReplacePartitions("day"), "core.planes", None, after=("core.planes",))

    assert whole_readers(plan(planes, flown)) == {}


def test_a_table_that_is_made_of_every_interval_is_read_in_turn():
    days = planned("clean.days", ReplacePartitions("day"))
    newest = planned("core.newest", ReplaceTable(), "clean.days", None, after=("clean.days",))
    sums = planned("marts.sums", ReplacePartitions("day"), "core.newest", None, after=("core.newest",))

    assert list(taken_in_turn(plan(days, newest, sums))) == ["clean.days", "core.newest", "marts.sums"]


@pytest.mark.parametrize(
    ("write", "column", "bound"),
    [
        (Merge("id"), "day", True),
        (ReplaceTable(), "day", True),
        (ReplaceTable(), None, False),
        (ReplacePartitions("at"), "at", False),
        (ReplacePartitions("day"), "day", False),
        (ReplaceInterval("day"), "day", False),
        (Append(), "day", False),
    ],
)
def test_a_step_is_bound_to_the_order_of_time_where_the_last_interval_makes_a_difference(write, column, bound):
    assert bool(oldest_first(plan(planned("clean.rows", write, column=column)))) is bound


def test_a_parent_that_is_not_in_the_plan_makes_no_turns():
    sums = planned("marts.sums", ReplacePartitions("day"), "clean.days", after=("clean.days",))

    assert taken_in_turn(plan(sums)) == {}


def test_a_plan_of_pairs_keeps_the_steps_and_intervals_that_have_one():
    days = tuple(SimpleNamespace(key=f"2013-02-0{n}") for n in (1, 2, 3))
    whole = Plan(
        environment="local",
        intervals=days,
        steps=(planned("a.a", Append()), planned("b.b", Append()), planned("c.c", Append())),
    )

    some = whole.restricted([("b.b", "2013-02-03"), ("a.a", "2013-02-01"), ("a.a", "2013-02-03")])

    assert some.pairs == (("a.a", "2013-02-01"), ("a.a", "2013-02-03"), ("b.b", "2013-02-03"))
    assert [each.step.name for each in some.steps] == ["a.a", "b.b"]
    assert len(whole.pairs) == 9
