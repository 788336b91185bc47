"""The history of a row, one behaviour each; test_history_oracle.py has them all together."""

from datetime import date

from attrs import evolve

from etl import History, Merge, ReplaceTable, Source, Target, expect, step
from etl.errors import WriteConflictError
from etl.model.result import Outcome, Status
from etl.storage import history_versions

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)
RAW = "id INT, day DATE, at INT, v STRING"
DDL = "id INT, at INT, v STRING"
START, END = "__START_AT", "__END_AT"


def keeping(schema=DDL, **rule):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", schema, History("id", "at", **rule)),
    )
    def keep(rows):
        return rows.selectExpr(*[name.split()[0] for name in schema.split(", ")])

    return keep


def versions(lake, *columns):
    """Return (id, start, end, v) of each version, and other columns."""
    rows = lake.table("clean.rows").select("id", START, END, *(columns or ("v",))).collect()
    return sorted((tuple(row) for row in rows), key=repr)


def test_an_event_that_comes_late_lands_between_those_that_are_there(lake):
    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, DAY, 5, "b"), (1, NEXT, 3, "c"), (None, NEXT, 2, "n")])
    lake.run_step(keeping())

    late = lake.run_step(keeping(), date="2013-02-09")

    assert versions(lake) == [(1, 1, 3, "a"), (1, 3, 5, "c"), (1, 5, None, "b"), (None, 2, None, "n")]
    assert {key: late.metrics[key] for key in ("inserted", "updated", "deleted")} == {
        "inserted": 2,
        "updated": 1,
        "deleted": 0,
    }


def test_an_interval_run_again_takes_back_the_events_that_it_no_longer_has(lake):
    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, NEXT, 3, "c"), (2, NEXT, 3, "x")])
    lake.run_step(keeping())
    lake.run_step(keeping(), date="2013-02-09")
    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, NEXT, 4, "c")], mode="overwrite")

    lake.run_step(keeping(), date="2013-02-09")

    assert versions(lake) == [(1, 1, 4, "a"), (1, 4, None, "c")]


def test_of_two_events_at_one_instant_a_deletion_counts_else_that_of_the_later_interval(lake):
    lake.write("raw.rows", RAW, [(key, DAY, *rest) for key in (1, 2) for rest in ((1, "a"), (3, "z"))])
    lake.write("raw.rows", RAW, [(1, NEXT, 3, None), (2, NEXT, 3, "b")])
    for day in ("2013-02-09", "2013-02-08"):
        lake.run_step(keeping(apply_as_deletes="v IS NULL"), date=day)

    assert versions(lake) == [(1, 1, 3, "a"), (2, 1, 3, "a"), (2, 3, None, "b")]


def test_a_key_that_was_only_deleted_has_a_row_that_is_valid_at_no_time(lake):
    lake.write("raw.rows", RAW, [(1, DAY, 5, None), (1, NEXT, 2, "a")])
    deleting = keeping(apply_as_deletes="v IS NULL")

    lake.run_step(deleting)
    assert versions(lake) == [(1, 5, 5, None)]

    lake.run_step(deleting, date="2013-02-09")
    assert versions(lake) == [(1, 2, 5, "a")]


def test_a_reader_finds_when_each_version_is_valid_and_no_events(lake, spark):
    ddl = f"{DDL}, since INT NOT NULL, till INT"

    @step(sources={"rows": Source("clean.rows")}, target=Target("marts.rows", ddl, ReplaceTable()))
    def read(rows):
        return rows

    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, DAY, 5, "b")])

    result = lake.run(keeping(start_at="since", end_at="till"), read)

    assert result.exit_code == 0, result.steps[1].error
    assert lake.rows("marts.rows") == [(1, 1, "a", 1, 5), (1, 5, "b", 5, None)]


def test_a_row_without_its_instant_is_refused_and_may_be_set_aside(lake):
    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (2, DAY, None, "b")])

    refused = lake.run_step(keeping())
    guarded = evolve(keeping(), expectations=(expect.column_values_to_not_be_null("at", on_failure="quarantine"),))
    aside = lake.run_step(guarded)

    assert (refused.error.type, refused.exit_code) == ("RefusedRowsError", 1)
    assert (aside.rows.quarantined, versions(lake)) == (1, [(1, 1, None, "a")])


def test_a_history_may_get_a_column(lake):
    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, NEXT, 3, "b")])
    lake.run_step(keeping())
    wider = keeping("id INT, at INT, v STRING, day DATE", track_history_column_list="v")

    result = lake.run_step(wider, date="2013-02-09")

    assert result.status is Status.PASS, result.error
    assert versions(lake, "v", "day") == [(1, 1, 3, "a", None), (1, 3, None, "b", NEXT)]


def test_a_history_that_was_kept_by_hand_is_taken_over(lake):
    by_hand = [(1, 1, "a", 1, 4), (1, 4, "b", 4, None), (2, 1, "x", 1, 2), (3, 9, "y", 9, None)]
    lake.write("clean.rows", f"{DDL}, {START} INT, {END} INT", by_hand)
    lake.write("raw.rows", RAW, [(1, DAY, 3, "c"), (2, DAY, 3, "x")])

    result = lake.run_step(keeping())

    assert result.status is Status.PASS, result.error
    assert versions(lake) == [
        (1, 1, 3, "a"),
        (1, 3, 4, "c"),
        (1, 4, None, "b"),
        (2, 1, 2, "x"),
        (2, 3, None, "x"),
        (3, 9, None, "y"),
    ]


def test_versions_worked_out_from_a_table_that_has_changed_since_are_not_merged(lake, monkeypatch):
    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, NEXT, 3, "b"), (1, date(2013, 2, 10), 2, "c")])
    lake.run_step(keeping())
    work_out, others = history_versions.changes, ["2013-02-10"]

    def changes(*given):
        made = work_out(*given)
        if others:
            lake.run_step(keeping(), date=others.pop())
        return made

    monkeypatch.setattr(history_versions, "changes", changes)

    result = lake.run_step(keeping(), date="2013-02-09")

    assert (result.error.type, result.outcome) == (WriteConflictError.__name__, Outcome.UNCHANGED)
    assert versions(lake) == [(1, 1, 2, "a"), (1, 2, None, "c")]


def test_without_an_interval_events_are_gathered_and_the_newest_of_an_instant_counts(lake):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", DDL, History("id", "at")))
    def keep(rows):
        return rows.drop("day")

    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, DAY, 3, "z")])
    lake.run_step(keep, date=None)
    lake.write("raw.rows", RAW, [(1, DAY, 3, "b")], mode="overwrite")

    lake.run_step(keep, date=None)

    assert versions(lake) == [(1, 1, 3, "a"), (1, 3, None, "b")]


def test_a_merge_that_only_inserts_leaves_the_rows_that_are_there(lake):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, Merge("id", insert_only=True)),
    )
    def insert(rows):
        return rows.drop("day")

    lake.write("raw.rows", RAW, [(1, DAY, 1, "a"), (1, NEXT, 2, "b"), (2, NEXT, 3, "c")])
    lake.run_step(insert)

    result = lake.run_step(insert, date="2013-02-09")

    assert lake.rows("clean.rows") == [(1, 1, "a"), (2, 3, "c")]
    assert (result.metrics["inserted"], result.metrics["updated"]) == (1, 0)
