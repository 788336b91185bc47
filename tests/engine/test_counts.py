"""Counts and measures are exact however the plan reads; where the write could not observe them, the result says so."""

import pytest
from attrs import evolve
from pyspark.sql import functions as F

from etl import ReplaceTable, Source, Target, step
from etl.engine import counts, lifecycle
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.transforms import deduplicate, where

TEN = "id,k\n" + "".join(f"{n},{n % 5}\n" for n in range(10))


@pytest.fixture
def run(lake):
    """Run a transformation of ten CSV records, whose rows are counted as they are read, beside a table of keys."""

    def run(transformation, text=TEN, keys=((1,), (2,)), on_corrupt="fail", conserve=None):
        lake.dataset("raw.a", format="csv", schema=parse_schema("id INT, k INT"), on_corrupt=on_corrupt)
        lake.file("raw.a", "a.csv", text)
        lake.write("raw.b", "k INT", keys)

        @step(
            sources={"a": Source("raw.a"), "b": Source("raw.b")},
            target=Target("t.made", "id INT, k INT", ReplaceTable()),
            conserve=conserve,
        )
        def made(a, b):
            return transformation(a, b)

        return lake.run_step(made, date=None)

    return run


def measured_again(result):
    assert result.error is None, result.error
    return result.metrics.get("measured_again", {})


def test_where_each_row_passes_once_nothing_is_measured_again(run):
    def made(a, b):
        kept = deduplicate(where(a, "even", "id % 2 = 0"), "k")
        return kept.join(F.broadcast(b), "k", "left").select("id", "k")

    result = run(made, conserve="a")

    assert (result.rows.read, result.rows.filtered, result.rows.published) == ({"a": 10}, {"even": 5}, 5)
    assert measured_again(result) == {}
    assert result.message == ""


def test_a_source_read_twice_is_counted_once(run):
    result = run(lambda a, _: a.join(a.groupBy("k").count(), "k").select("id", "k"), conserve="a")

    assert (result.rows.read, result.rows.output) == ({"a": 10}, 10)
    assert measured_again(result) == {}


def test_below_a_limit_all_rows_of_the_source_count_as_read(run):
    result = run(lambda a, _: a.limit(2))

    assert (result.rows.read, result.rows.published) == ({"a": 10}, 2)
    assert measured_again(result) == {"source a": "a limit stops reading before the end"}
    assert result.message == "measured again: source a (a limit stops reading before the end)"
    assert result.status is Status.PASS


def test_a_corrupt_record_that_a_limit_never_reached_still_fails_the_step(run):
    result = run(lambda a, _: a.limit(2), text=TEN + "ten,0\n")

    assert result.exit_code == 9
    assert "1 " in result.error.message


def test_rows_that_a_sort_sampled_are_counted_once(run):
    result = run(lambda a, _: a.orderBy("id"))

    assert (result.rows.read, result.rows.published) == ({"a": 10}, 10)
    assert measured_again(result) == {"source a": "a sort reads it once more, for a sample"}


def test_rows_that_are_paired_with_each_part_of_another_table_are_counted_once(run):
    def made(a, b):
        return a.join(b.select().repartition(2).hint("shuffle_replicate_nl")).select("id", "k")

    result = run(made)

    assert (result.rows.read, result.rows.published) == ({"a": 10}, 20)
    assert measured_again(result) == {"source a": "CartesianProduct may not read every row once"}


def test_rows_dropped_by_name_are_exact_below_a_join_that_ends_early(run):
    result = run(lambda a, b: deduplicate(a, "k").join(b.hint("merge"), "k").select("id", "k"), keys=[(0,)])

    assert (result.rows.read, result.rows.deduplicated, result.rows.published) == ({"a": 10}, {"k": 5}, 1)
    assert measured_again(result) == {"deduplicated k": "a join stops reading where the other side ends"}


def test_rows_beside_a_broadcast_side_without_rows_are_counted(run):
    result = run(lambda a, b: a.join(F.broadcast(b.where("k > rand() + 9")), "k").select("id", "k"))

    assert (result.error, result.rows.read, result.rows.published) == (None, {"a": 10}, 0)
    assert list(measured_again(result)) == ["source a"]


def test_rows_that_an_action_of_the_transformation_saw_first_are_counted_whole(run):
    result = run(lambda a, b: b.select("k", F.col("k").alias("id")) if a.isEmpty() else a, conserve="a")

    assert (result.rows.read, result.rows.published) == ({"a": 10}, 10)
    assert measured_again(result) == {"source a": counts.EARLY}


def test_a_source_that_was_cached_is_counted(run):
    result = run(lambda a, _: a.cache())

    assert (result.rows.read, result.rows.published) == ({"a": 10}, 10)
    assert list(measured_again(result)) == ["source a"]


def test_a_source_that_was_optimised_away_is_counted(run):
    result = run(lambda a, b: a.where("false").unionByName(b.select("k", F.col("k").alias("id"))))

    assert (result.error, result.rows.read, result.rows.published) == (None, {"a": 10}, 2)
    assert list(measured_again(result)) == ["source a"]


def test_what_was_measured_again_is_in_the_result_of_a_run(run):
    result = run(lambda a, _: a.limit(2))

    assert result.to_json()["metrics"]["measured_again"] == {"source a": "a limit stops reading before the end"}


def test_files_with_other_rows_than_were_observed_are_refused(run, monkeypatch):
    stage = lifecycle.stage
    monkeypatch.setattr(lifecycle, "stage", lambda *given: evolve(staged := stage(*given), rows=staged.rows - 1))

    result = run(lambda a, _: a)

    assert "10 rows were observed, 9 are in the staged files" in result.error.message
