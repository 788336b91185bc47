"""Every step has a session of its own, with all that Headrace forces, and leaves it as it found it."""

from datetime import date

import pytest
from attrs import evolve

from etl import ReplacePartitions, ReplaceTable, Source, Target, step
from etl.engine import sessions
from etl.model.interval import Unit, containing, parse_instant
from etl.model.result import Status

DDL = "id INT, day DATE"
DAYS = (date(2013, 2, 8), date(2013, 2, 9))


def stepping(see):
    """A step that lets ``see`` look at its session."""

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def looked(rows):
        see(rows.sparkSession)
        return rows

    return looked


@pytest.fixture
def two_days(lake):
    """Run a step for two days in a row, in one run."""

    def run(see):
        lake.write("raw.rows", DDL, [(1, DAYS[0]), (2, DAYS[1])])
        days = tuple(containing(parse_instant(str(day)), Unit.DAY) for day in DAYS)
        return lake.carry_out(evolve(lake.plan(stepping(see)), intervals=days))

    return run


def test_a_setting_that_a_transformation_changes_is_back_for_the_next_interval(two_days):
    seen = []

    def change(session):
        seen.append((session.conf.get("spark.sql.ansi.enabled"), session.conf.get("spark.mine", "unset")))
        session.conf.set("spark.sql.ansi.enabled", "false")
        session.conf.set("spark.mine", "set")

    assert two_days(change).exit_code == 0
    assert seen == [("true", "unset"), ("true", "unset")]


def test_a_view_that_a_transformation_makes_is_gone_for_the_next_interval(two_days):
    seen = []

    def view(session):
        seen.append(session.catalog.tableExists("mine"))
        session.range(1).createOrReplaceTempView("mine")

    assert two_days(view).exit_code == 0
    assert seen == [False, False]


def test_a_step_has_one_session_for_all_intervals(two_days, monkeypatch):
    made, make = [], sessions.step_session

    def counted(session):
        made.append(session)
        return make(session)

    monkeypatch.setattr(sessions, "step_session", counted)
    two_days(lambda _: None)

    assert len(made) == 1


def test_nothing_listens_to_the_session_of_a_run_that_has_ended(lake, monkeypatch):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", DDL, ReplaceTable()), conserve="rows")
    def copied(rows):
        return rows

    lake.write("raw.rows", DDL, [(1, DAYS[0])])
    lake.run_step(copied)
    made, make = [], sessions.step_session
    monkeypatch.setattr(sessions, "step_session", lambda run: made.append(make(run)) or made[-1])

    # It has observed its source for a publish that there was no need of: no query will ever tell it.
    assert lake.run_step(copied).status is Status.NO_OP
    assert [len(each._jsparkSession.listenerManager().listListeners()) for each in made] == [0]
