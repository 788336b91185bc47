"""A target in the Glue Data Catalog: made, mended, left alone; never taken from somebody else."""

import pytest

from etl.aws.glue_catalog import register
from etl.aws.glue_table import hive_type
from etl.errors import PlatformError, ThrottledError
from etl.model.dataset import Dataset
from etl.model.schema import parse_schema
from tests.aws.glue_service import Glue

DDL = "id INT NOT NULL COMMENT 'the flight', price DECIMAL(10,2), at TIMESTAMP, Day DATE"


def flights(ddl=DDL, **said):
    given = {"name": "clean.flights", "uri": "s3://lake/clean/flights", "written_by": "clean_flights"} | said
    return Dataset(schema=parse_schema(ddl), **given)


def columns(glue):
    table = glue.tables["shop"]["flights"]
    told = [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]
    return [(column["Name"], column["Type"], column.get("Comment")) for column in told]


@pytest.fixture
def glue():
    return Glue("shop")


def test_a_new_target_becomes_a_delta_table_with_its_columns_comments_and_partitions(glue):
    done = register(glue, "shop", flights(), ("Day",))

    assert (done.table, done.change) == ("shop.flights", "created")
    assert columns(glue) == [
        ("id", "int", "the flight"),
        ("price", "decimal(10,2)", None),
        ("at", "timestamp", None),
        ("day", "date", None),
    ]
    table = glue.tables["shop"]["flights"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["day"]
    assert table["StorageDescriptor"]["Location"] == "s3://lake/clean/flights"
    assert table["Parameters"]["spark.sql.sources.provider"] == "delta"
    assert table["Parameters"]["table_type"] == "DELTA"


def test_a_second_time_nothing_is_written(glue):
    register(glue, "shop", flights(), ("Day",))
    glue.calls.clear()

    assert register(glue, "shop", flights(), ("Day",)).change == ""
    assert glue.calls == ["GetTable"]


def test_what_changed_is_said_and_what_others_added_stays(glue):
    register(glue, "shop", flights(), ("Day",))
    table = glue.tables["shop"]["flights"]
    table["Owner"] = "finance"
    table["Parameters"]["classified"] = "public"
    table["StorageDescriptor"]["Columns"][1]["Comment"] = "in euros"

    done = register(glue, "shop", flights(DDL.replace("id INT", "id BIGINT") + ", gate STRING"), ("Day",))

    assert (done.change, done.words) == ("updated", ("column gate is new", "column id: int became bigint"))
    assert columns(glue)[:2] == [("id", "bigint", "the flight"), ("price", "decimal(10,2)", "in euros")]
    table = glue.tables["shop"]["flights"]
    assert (table["Owner"], table["Parameters"]["classified"]) == ("finance", "public")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(glue):
    assert register(glue, "shop", flights(), (), dry=True).change == "created"
    assert glue.tables["shop"] == {}


def test_a_target_that_moved_takes_its_own_table_along(glue):
    register(glue, "shop", flights(), ())

    done = register(glue, "shop", flights(uri="s3://new/flights"), ())

    assert done.words == ("place: s3://lake/clean/flights became s3://new/flights",)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ({"StorageDescriptor": {"Location": "s3://other/flights"}}, "lies at s3://other/flights"),
        ({"Parameters": {"classification": "parquet"}}, "of the kind 'parquet'"),
    ],
)
def test_a_table_of_somebody_else_stays_as_it_is(glue, theirs, said):
    table = {"Name": "flights", "VersionId": "3", "StorageDescriptor": {"Location": "s3://lake/clean/flights/"}}
    glue.tables["shop"]["flights"] = table | theirs

    with pytest.raises(PlatformError, match=said):
        register(glue, "shop", flights(), ())
    assert glue.tables["shop"]["flights"] == table | theirs


def test_a_database_that_is_not_there_is_named_with_the_command_that_makes_it(glue):
    with pytest.raises(PlatformError, match=r"no database 'finance'(.|\n)*create-database"):
        register(glue, "finance", flights(), ())


def test_a_right_that_is_missing_is_named(glue):
    glue.faults["CreateTable"] = ["AccessDeniedException"]

    with pytest.raises(PlatformError, match=r"glue:CreateTable is not allowed(.|\n)*Lake Formation"):
        register(glue, "shop", flights(), ())


@pytest.mark.parametrize(
    "faults",
    [
        {"GetTable": ["ThrottlingException"] * 4},
        {"CreateTable": ["ThrottlingException", "InternalServiceException"]},
        {"CreateTable": ["after InternalServiceException"]},
        {"CreateTable": ["AlreadyExistsException"]},
    ],
)
def test_throttling_lost_answers_and_races_end_with_one_right_table(glue, faults):
    glue.faults = faults
    waited = []

    register(glue, "shop", flights(), (), sleep=waited.append)

    assert register(glue, "shop", flights(), ()).change == ""
    assert all(seconds <= 3.2 for seconds in waited)


def test_another_writer_between_reading_and_writing_loses_nothing(glue):
    register(glue, "shop", flights(), ())
    glue.faults["UpdateTable"] = ["ConcurrentModificationException"]

    assert register(glue, "shop", flights(DDL + ", gate STRING"), ()).change == "updated"
    assert glue.calls.count("GetTable") == 3


def test_a_catalogue_that_stays_busy_is_a_condition_that_passes(glue):
    glue.faults["GetTable"] = ["ThrottlingException"] * 5

    with pytest.raises(ThrottledError):
        register(glue, "shop", flights(), ())


@pytest.mark.parametrize(
    ("spark", "hive"),
    [
        ("STRUCT<a: INT NOT NULL, `b c`: ARRAY<STRING>>", "struct<a:int,b c:array<string>>"),
        ("MAP<STRING, DECIMAL(38,18)>", "map<string,decimal(38,18)>"),
        ("TIMESTAMP_NTZ", "timestamp"),
        ("TINYINT", "tinyint"),
    ],
)
def test_types_are_spelled_as_the_catalogue_has_them(spark, hive):
    assert hive_type(spark) == hive
