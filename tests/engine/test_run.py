from datetime import date

import pytest

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, sql_step, step
from etl.model.result import Outcome, Status
from etl.testing import count_spark_jobs

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)
DDL = "id INT, day DATE, v INT"


def copying(*expectations, write=None, conserve="rows", schema="id INT, day DATE, v INT"):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", schema, write or ReplacePartitions("day")),
        expectations=expectations,
        conserve=conserve,
    )
    def copy(rows):
        """Copy the rows."""
        return rows

    return copy


def test_a_step_publishes_only_the_rows_of_its_interval(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, NEXT, 20)])

    result = lake.run_step(copying())

    assert (result.status, result.outcome) == (Status.PASS, Outcome.PUBLISHED)
    assert lake.rows("clean.rows") == [(1, DAY, 10)]
    assert result.rows.read == {"rows": 1}
    assert result.rows.published == 1


def test_running_again_publishes_no_new_version(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(copying())

    again = lake.run_step(copying())

    assert again.status is Status.NO_OP
    assert (again.version_before, again.version_after, lake.version("clean.rows")) == (0, 0, 0)


def test_another_day_leaves_the_first_one_alone_and_published(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, NEXT, 20)])
    lake.run_step(copying())
    lake.run_step(copying(), date="2013-02-09")

    assert lake.rows("clean.rows") == [(1, DAY, 10), (2, NEXT, 20)]


def test_changed_inputs_replace_the_interval(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(copying())
    lake.write("raw.rows", DDL, [(3, DAY, 30)])

    result = lake.run_step(copying())

    assert result.status is Status.PASS
    assert lake.rows("clean.rows") == [(1, DAY, 10), (3, DAY, 30)]


def test_an_interval_that_became_empty_is_cleared(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, NEXT, 20)])
    lake.run_step(copying())
    lake.write("raw.rows", DDL, [(2, NEXT, 20)], mode="overwrite")

    result = lake.run_step(copying())

    assert result.outcome is Outcome.PUBLISHED
    assert lake.rows("clean.rows") == []


def test_a_row_outside_the_interval_is_an_error_and_nothing_changes(lake):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def shifted(rows):
        return rows.selectExpr("id", "date_add(day, 1) AS day", "v")

    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(copying())

    result = lake.run_step(shifted)

    assert (result.status, result.error.type) == (Status.ERROR, "RefusedRowsError")
    assert lake.rows("clean.rows") == [(1, DAY, 10)]


def test_a_failed_gate_leaves_readers_and_files_as_they_were(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(copying())
    files = lake.data_files("clean.rows")
    lake.write("raw.rows", DDL, [(None, DAY, 30)])

    result = lake.run_step(copying(expect.column_values_to_not_be_null("id")))

    assert (result.status, result.outcome, result.exit_code) == (Status.FAIL, Outcome.UNCHANGED, 3)
    assert lake.rows("clean.rows") == [(1, DAY, 10)]
    assert lake.data_files("clean.rows") == files


def test_a_not_null_column_gates_without_being_asked(lake):
    lake.write("raw.rows", DDL, [(None, DAY, 10)])

    result = lake.run_step(copying(schema="id INT NOT NULL, day DATE, v INT"))

    assert result.status is Status.FAIL
    assert lake.version("clean.rows") is None


def test_a_warning_is_reported_and_published(lake):
    lake.write("raw.rows", DDL, [(1, DAY, -10)])

    result = lake.run_step(copying(expect.column_values_to_be_between("v", 0, on_failure="warn")))

    assert (result.status, result.exit_code) == (Status.WARN, 0)
    assert result.expectations[0].result["unexpected_count"] == 1
    assert lake.rows("clean.rows") == [(1, DAY, -10)]


def test_broken_rows_go_to_the_quarantine_with_the_names_of_what_they_broke(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, -1), (3, DAY, None)])
    quarantining = copying(
        expect.column_values_to_be_between("v", 0, on_failure="quarantine"),
        expect.column_values_to_not_be_null("v", on_failure="quarantine"),
    )

    result = lake.run_step(quarantining)

    assert (result.rows.output, result.rows.quarantined, result.rows.published) == (3, 2, 1)
    assert lake.rows("clean.rows") == [(1, DAY, 10)]
    aside = lake.table("quarantine.clean_rows").select("id", "_broken", "_interval").orderBy("id").collect()
    assert [tuple(row) for row in aside] == [
        (2, ["values_to_be_between(v)"], "2013-02-08"),
        (3, ["values_to_not_be_null(v)"], "2013-02-08"),
    ]


def test_a_mended_row_leaves_the_quarantine_of_its_interval(lake):
    lake.write("raw.rows", DDL, [(1, DAY, -1)])
    quarantining = copying(expect.column_values_to_be_between("v", 0, on_failure="quarantine"))
    lake.run_step(quarantining)
    lake.write("raw.rows", DDL, [(1, DAY, 1)], mode="overwrite")

    lake.run_step(quarantining)

    assert lake.rows("clean.rows") == [(1, DAY, 1)]
    assert lake.rows("quarantine.clean_rows") == []


def test_duplicate_keys_are_counted_as_great_expectations_counts_them(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 1), (1, DAY, 1), (2, DAY, 2), (None, DAY, 3)])

    result = lake.run_step(copying(expect.column_values_to_be_unique("id", on_failure="warn")))

    assert result.expectations[0].result["unexpected_count"] == 2
    assert result.expectations[0].result["missing_count"] == 1


def test_uniqueness_is_judged_on_the_first_publish_of_a_table_too(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 1), (1, DAY, 1)])

    result = lake.run_step(copying(expect.compound_columns_to_be_unique(["id", "day"])))

    assert result.status is Status.FAIL
    assert lake.version("clean.rows") is None


def test_twenty_expectations_cost_no_spark_job(lake, spark):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    twenty = [expect.column_values_to_be_between("v", -n, 100 + n, row_condition=f"id > -{n}") for n in range(20)]
    lake.run_step(copying())

    with count_spark_jobs(spark) as plain:
        lake.run_step(copying(), force=True)
    with count_spark_jobs(spark) as audited:
        lake.run_step(copying(*twenty), force=True)

    assert audited.jobs == plain.jobs


def test_all_uniqueness_together_costs_one_spark_job(lake, spark):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    keys = [expect.column_values_to_be_unique("id"), expect.compound_columns_to_be_unique(["id", "day"])]
    lake.run_step(copying())

    with count_spark_jobs(spark) as plain:
        lake.run_step(copying(), force=True)
    with count_spark_jobs(spark) as audited:
        lake.run_step(copying(*keys), force=True)

    assert audited.jobs == plain.jobs + 1


def test_an_interval_is_appended_exactly_once(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    appending = copying(write=Append())
    lake.run_step(appending)
    lake.write("raw.rows", DDL, [(2, DAY, 20)])

    again = lake.run_step(appending)
    forced = lake.run_step(appending, force=True)
    other = lake.run_step(appending, date="2013-02-09")

    assert (again.status, again.outcome) == (Status.WARN, Outcome.UNCHANGED)
    assert forced.outcome is Outcome.UNCHANGED
    assert other.outcome is Outcome.PUBLISHED
    assert lake.rows("clean.rows") == [(1, DAY, 10)]


def test_replace_table_holds_only_the_last_run(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, NEXT, 20)])
    replacing = copying(write=ReplaceTable())

    lake.run_step(replacing)
    lake.run_step(replacing, date="2013-02-09")
    lake.run_step(replacing)

    assert lake.rows("clean.rows") == [(1, DAY, 10)]


def merging(**rule):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, Merge("id", **rule)),
    )
    def merge(rows):
        return rows

    return merge


def test_a_merge_updates_known_keys_and_inserts_new_ones(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, 20), (2, NEXT, 21), (3, NEXT, 31)])
    lake.run_step(merging())

    result = lake.run_step(merging(), date="2013-02-09")

    assert lake.rows("clean.rows") == [(1, DAY, 10), (2, NEXT, 21), (3, NEXT, 31)]
    assert result.metrics["inserted"] == 1
    assert result.metrics["updated"] == 1


def test_a_merge_of_a_batch_with_a_key_twice_is_refused(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(merging())
    lake.write("raw.rows", DDL, [(1, NEXT, 11), (1, NEXT, 12)])

    result = lake.run_step(merging(), date="2013-02-09")

    assert result.status is Status.FAIL
    assert lake.rows("clean.rows") == [(1, DAY, 10)]
    assert not any(name.startswith("_staged") for name in lake.data_files("clean.rows"))


def test_a_merge_in_sequence_keeps_the_latest_and_never_goes_back(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (1, DAY, 12), (1, NEXT, 11)])
    ordered = merging(sequence_by="v")

    first = lake.run_step(ordered)
    lake.run_step(ordered, date="2013-02-09")

    assert lake.rows("clean.rows") == [(1, DAY, 12)]
    assert first.rows.deduplicated == {"id": 1}


def test_a_merge_deletes_where_the_rule_says_so(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, 20), (1, NEXT, -1)])
    deleting = merging(apply_as_deletes="v < 0")
    lake.run_step(deleting)

    lake.run_step(deleting, date="2013-02-09")

    assert lake.rows("clean.rows") == [(2, DAY, 20)]


def test_a_merge_runs_once_for_an_interval(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (1, NEXT, 11)])
    lake.run_step(merging())
    lake.run_step(merging(), date="2013-02-09")

    again = lake.run_step(merging(), date="2013-02-09")

    assert again.status is Status.NO_OP
    assert lake.rows("clean.rows") == [(1, NEXT, 11)]


def test_a_join_that_multiplies_conserved_rows_fails_before_publish(lake):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day"), "names": Source("raw.names")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
        conserve="rows",
    )
    def joined(rows, names):
        return rows.join(names, "id", "left").select("id", "day", "v")

    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.write("raw.names", "id INT, name STRING", [(1, "a"), (1, "b")])

    result = lake.run_step(joined)

    assert (result.status, result.error.type) == (Status.ERROR, "ConservationError")
    assert lake.version("clean.rows") is None


def test_rows_dropped_by_name_are_accounted_for(lake):
    from etl.transforms import deduplicate, where

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
        conserve="rows",
    )
    def kept(rows):
        return deduplicate(where(rows, "positive", "v > 0"), ["id"])

    lake.write("raw.rows", DDL, [(1, DAY, 1), (1, DAY, 1), (2, DAY, -5), (3, DAY, 3)])

    result = lake.run_step(kept)

    assert result.rows.filtered == {"positive": 1}
    assert result.rows.deduplicated == {"id": 1}
    assert (result.rows.read, result.rows.published) == ({"rows": 4}, 2)


def test_steps_of_a_chain_read_what_was_just_published(lake):
    total = sql_step(
        "marts.total",
        sql="SELECT day, sum(v) AS v FROM rows GROUP BY day",
        sources={"rows": Source("clean.rows", interval_column="day")},
        schema="day DATE, v BIGINT",
        write=ReplacePartitions("day"),
    )
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, 5)])

    result = lake.run(copying(), total, threads=2)

    assert [step.status for step in result.steps] == [Status.PASS, Status.PASS]
    assert lake.rows("marts.total") == [(DAY, 15)]


def test_a_step_below_a_failed_one_is_skipped_and_the_run_says_why(lake):
    total = sql_step(
        "marts.total",
        sql="SELECT day, v FROM rows",
        sources={"rows": Source("clean.rows", interval_column="day")},
        schema="day DATE, v INT",
        write=ReplacePartitions("day"),
    )
    lake.write("raw.rows", DDL, [(None, DAY, 10)])

    result = lake.run(copying(expect.column_values_to_not_be_null("id")), total)

    assert [step.status for step in result.steps] == [Status.FAIL, Status.SKIP]
    assert result.steps[1].message == "clean.rows did not succeed"
    assert result.exit_code == 3


def test_an_exception_in_a_transformation_names_file_and_line(lake):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def failing(rows):
        return rows.oops

    lake.write("raw.rows", DDL, [(1, DAY, 10)])

    result = lake.run_step(failing)

    assert result.status is Status.ERROR
    assert "test_run.py" in result.error.place
    assert "clean.rows" in result.error.message


def test_a_bad_value_that_only_the_write_meets_is_an_error_of_the_step(lake):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def overflowing(rows):
        return rows.selectExpr("id", "day", "v + 1 AS v")

    lake.write("raw.rows", DDL, [(1, DAY, 2147483647)])

    result = lake.run_step(overflowing)

    assert (result.error.type, result.error.exit_code) == ("TransformError", 1)
    assert "ARITHMETIC_OVERFLOW" in result.error.message
    assert lake.version("clean.rows") is None


@pytest.mark.parametrize("rows", [[], [(9, NEXT, 1)]])
def test_a_source_without_rows_of_the_interval_publishes_an_empty_one(lake, rows):
    lake.write("raw.rows", DDL, rows)

    result = lake.run_step(copying(expect.column_values_to_be_unique("id")))

    assert (result.outcome, result.rows.published) == (Outcome.PUBLISHED, 0)
    assert lake.rows("clean.rows") == []
