"""What an entry of conf/datasets.toml says of a table that Glue knows."""

import tomllib

import pytest

from etl.aws.glue_source import described
from etl.errors import InputError

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def table(serde=PARQUET, columns=(("id", "bigint"),), keys=(), parameters=None, said=None, **more):
    names = ("Name", "Type")
    storage = {
        "Location": "s3a://lake/raw/events/",
        "Columns": [dict(zip(names, each, strict=True)) for each in columns],
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": said or {}},
    }
    partitions = [dict(zip(names, each, strict=True)) for each in keys]
    base = {"Name": "events", "DatabaseName": "lake", "StorageDescriptor": storage, "PartitionKeys": partitions}
    return base | {"Parameters": parameters or {}} | more


def entry(found):
    return tomllib.loads(found.entry("raw.events", "events"))["raw"]["events"]


def test_columns_folders_and_format_are_as_the_table_has_them():
    found = described(
        table(columns=[("id", "bigint"), ("at", "struct<place:string,order:int>")], keys=[("day", "date")])
    )

    said = entry(found)
    assert (said["format"], said["partitioned_by"], found.uri) == ("parquet", ["day"], "s3://lake/raw/events")
    assert " ".join(said["schema"].split()) == "id BIGINT, at STRUCT<`place`: STRING, `order`: INT>, day DATE"


def test_a_delta_table_says_its_columns_itself():
    assert entry(described(table(parameters={"table_type": "DELTA"}))) == {}


@pytest.mark.parametrize(
    ("serde", "said", "parameters", "options"),
    [
        (
            OPEN_CSV,
            {"separatorChar": ";"},
            {"skip.header.line.count": "1"},
            {"header": "true", "sep": ";", "quote": '"'},
        ),
        (LAZY, {"field.delim": "\t"}, {}, {"header": "false", "sep": "\t", "quote": ""}),
        (LAZY, {"serialization.format": "1"}, {}, {"header": "false", "sep": "\x01", "quote": ""}),
    ],
)
def test_csv_is_read_as_the_serde_reads_it(serde, said, parameters, options):
    assert entry(described(table(serde, said=said, parameters=parameters)))["options"] == options


def test_a_length_that_is_not_checked_is_said():
    assert described(table(columns=[("code", "varchar(3)")])).notes == (
        "code: varchar(3) is STRING; its length is not checked",
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (table(TableType="VIRTUAL_VIEW"), "is a view"),
        (table(parameters={"table_type": "ICEBERG"}), "of the kind iceberg"),
        (table("com.amazon.ionhiveserde.IonHiveSerDe"), "of the kind IonHiveSerDe"),
        (table(columns=[("u", "uniontype<int,string>")]), "uniontype"),
    ],
)
def test_what_nothing_here_reads_is_refused_by_name(found, said):
    with pytest.raises(InputError, match=f"(?i){said}"):
        described(found)
