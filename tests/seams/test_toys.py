"""A format, a source and a platform are each one file and one registration: no line of the engine knows them."""

from pathlib import Path

import pytest

from etl import Append, Merge, ReplaceTable, Source, Target, expect, step
from etl.errors import ProjectError, UsageError
from etl.model.formats import FORMATS, Format, check_publish
from etl.model.platforms import PLATFORMS, Platform
from etl.model.result import Outcome, Status
from etl.model.schema import parse_schema
from etl.ship.platform import Submission, platform
from etl.spark.settings import SessionSettings

DDL = "id BIGINT"


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    toy = Format(module="toy_format", writes=(ReplaceTable, Append), promise="exactly once")
    monkeypatch.setitem(FORMATS, "toy", toy)
    monkeypatch.setitem(FORMATS, "numbers", Format(module="toy_source", needs_schema=True))
    monkeypatch.setitem(PLATFORMS, "toy", Platform(module="toy_platform"))


def copying(write, *expectations, source="raw.rows"):
    @step(sources={"rows": Source(source)}, target=Target("clean.rows", DDL, write), expectations=expectations)
    def copied(rows, run):
        return rows

    return copied


def rows(lake, spark):
    from etl.storage.formats import source_for
    from etl.storage.reading import Scope

    dataset = lake.dataset("clean.rows")
    return sorted(row[0] for row in source_for(dataset).read(spark, dataset, Scope()).frame.collect())


def test_a_step_publishes_to_a_toy_format_is_a_no_op_and_publishes_again(lake, spark):
    lake.dataset("clean.rows", format="toy", schema=parse_schema(DDL))
    lake.write("raw.rows", DDL, [(1,), (-2,)])
    positive = expect.column_values_to_be_between("id", 0, on_failure="quarantine")

    first = lake.run_step(copying(ReplaceTable(), positive))
    again = lake.run_step(copying(ReplaceTable(), positive))
    lake.write("raw.rows", DDL, [(3,)])
    third = lake.run_step(copying(ReplaceTable(), positive))

    assert [each.status for each in (first, again, third)] == [Status.WARN, Status.NO_OP, Status.WARN]
    assert (first.version_after, third.version_after) == (0, 1)
    assert third.message == "published again: raw.rows: version 1, before version 0"
    assert rows(lake, spark) == [1, 3]
    assert lake.rows("quarantine.clean_rows")[0][0] == -2


def test_an_interval_is_appended_to_a_toy_format_once_and_its_gate_holds(lake, spark):
    lake.dataset("clean.rows", format="toy", schema=parse_schema(DDL))
    lake.write("raw.rows", DDL, [(1,)])

    lake.run_step(copying(Append()))
    again = lake.run_step(copying(Append()), force=True)
    refused = lake.run_step(copying(Append(), expect.column_values_to_be_between("id", 5)), date="2013-02-09")
    other = lake.run_step(copying(Append()), date="2013-02-10")

    assert (again.outcome, refused.status, other.outcome) == (Outcome.UNCHANGED, Status.FAIL, Outcome.PUBLISHED)
    assert rows(lake, spark) == [1, 1]


def test_a_format_takes_only_the_write_kinds_it_says():
    with pytest.raises(ProjectError, match="Merge can publish to: delta"):
        check_publish("clean.rows", "toy", Merge("id"), place=None)


def test_a_step_reads_a_toy_source_and_its_corrupt_records_are_counted(lake):
    numbers = {"format": "numbers", "schema": parse_schema(DDL), "on_corrupt": "quarantine"}
    lake.dataset("raw.numbers", options={"count": "14"}, **numbers)

    result = lake.run_step(copying(ReplaceTable(), source="raw.numbers"))

    assert (result.rows.read, result.rows.corrupt, result.rows.published) == ({"rows": 14}, {"rows": 2}, 12)
    aside = lake.table("quarantine.clean_rows").select("_record").collect()
    assert sorted(row[0] for row in aside) == ["no 13", "no 6"]


def test_a_toy_platform_takes_a_bundle_and_starts_no_spark_of_its_own():
    toy = platform("toy")

    remote = toy.submit(Submission(bundle="s3://b/headrace.zip", run_id="r1", arguments={"select": "shop"}))

    assert toy.describe(remote).state == "succeeded"
    assert list(toy.logs(remote)) == ["ran s3://b/headrace.zip"]
    assert not SessionSettings(app_name="x", platform="toy").local


def test_a_platform_that_nobody_knows_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="no platform 'gleu'"):
        platform("gleu")


def test_configuration_and_command_line_take_what_is_registered(write):
    from etl.config.settings import load_config

    root = write({"conf/env/local.toml": '[run]\nplatform = "toy"\n'})
    config = load_config(root / "conf", "conf", root, environment="local", environ={}, overrides={})

    assert config.run.platform == "toy"
