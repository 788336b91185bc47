"""Steps whose name is not their target, run."""

from datetime import date

import pytest
from jsonschema import Draft202012Validator

from etl import Append, ReplacePartitions, Source, Target, step
from etl.model.result import Status
from etl.report import wording
from etl.report.schema import schema

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE"


def copying(name, read, dataset, write=None, broken=False):
    @step(
        name=name,
        sources={"rows": Source(read, interval_column="day")},
        target=Target(dataset, DDL, write or ReplacePartitions("day")),
    )
    def copy(rows):
        return rows.where("1 / 0 > 0") if broken else rows

    return copy


def test_a_chain_is_run_by_names_and_joined_by_datasets(lake):
    lake.write("raw.rows", DDL, [(1, DAY)])

    result = lake.run(copying("load", "raw.rows", "clean.rows"), copying("total", "clean.rows", "marts.rows"))

    assert lake.rows("marts.rows") == [(1, DAY)]
    assert [(one.step, one.target, one.status) for one in result.steps] == [
        ("load", "clean.rows", Status.PASS),
        ("total", "marts.rows", Status.PASS),
    ]
    assert {event.step for event in lake.events if event.kind == "step_finished"} == {"load", "total"}
    Draft202012Validator(schema("run_results")).validate(result.to_json())


def test_running_a_named_chain_again_publishes_nothing(lake):
    lake.write("raw.rows", DDL, [(1, DAY)])
    chain = copying("load", "raw.rows", "clean.rows"), copying("total", "clean.rows", "marts.rows")
    lake.run(*chain)

    assert [one.status for one in lake.run(*chain).steps] == [Status.NO_OP, Status.NO_OP]


def test_a_step_after_one_that_failed_is_skipped_and_what_readers_see_is_told_of_the_dataset(lake):
    lake.write("raw.rows", DDL, [(1, DAY)])

    failed, skipped = lake.run(
        copying("load", "raw.rows", "clean.rows", broken=True), copying("total", "clean.rows", "marts.rows")
    ).steps

    assert wording.details(failed.to_json())[-1] == "target clean.rows: unchanged"
    assert (skipped.status, skipped.target, skipped.message) == (Status.SKIP, "marts.rows", "load did not succeed")


@pytest.mark.parametrize("write", [Append(), ReplacePartitions("day")])
def test_another_name_for_a_step_does_not_publish_again(lake, write):
    lake.write("raw.rows", DDL, [(1, DAY)])
    lake.run_step(copying(None, "raw.rows", "clean.rows", write))

    renamed = lake.run_step(copying("load", "raw.rows", "clean.rows", write))

    assert renamed.status is Status.NO_OP
    assert lake.rows("clean.rows") == [(1, DAY)]
