"""A run that is told to stop: what it had not come to is counted, and nobody is blamed."""

from datetime import date

from attrs import evolve

from etl import ReplacePartitions, ReplaceTable, Source, Target, step
from etl.engine.stop import Stop
from etl.model.interval import Unit, between, parse_instant
from etl.model.result import Status

DDL = "id INT, day DATE"
DAY = date(2013, 2, 8)


def three_days(plan):
    return evolve(plan, intervals=between(parse_instant("2013-02-08"), parse_instant("2013-02-11"), Unit.DAY))


def test_a_range_that_is_stopped_counts_the_days_it_never_began(lake):
    lake.write("raw.rows", DDL, [(1, DAY)])
    stop = Stop()

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def load(rows):
        stop.request(130)
        raise KeyError("whatever Spark's cancelling looked like")

    @step(sources={"rows": Source("clean.rows")}, target=Target("marts.rows", DDL, ReplaceTable()))
    def copy(rows):
        return rows

    result = lake.carry_out(three_days(lake.plan(load, copy)), stop=stop)

    assert [(each.interval, each.status) for each in result.steps] == [
        (day, Status.CANCELLED) for day in ("2013-02-08", "2013-02-09", "2013-02-10") for _ in range(2)
    ]
    first, second = result.steps[:2]
    assert (first.error.type, first.error.exit_code) == ("InterruptedRunError", 130)
    assert "mend" not in first.error.remedy
    assert second.message == "not begun: the run was told to stop"
    assert result.steps[2].message == "interval never begun: the run was told to stop"
    assert [event.kind for event in lake.events].count("note") == 1
    assert (result.never_begun, result.exit_code) == (("2013-02-09", "2013-02-10"), 130)


def test_a_run_that_comes_to_its_end_has_begun_everything(lake):
    lake.write("raw.rows", DDL, [(1, DAY)])

    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", DDL, ReplaceTable()))
    def load(rows):
        return rows

    assert lake.run(load).never_begun == ()
