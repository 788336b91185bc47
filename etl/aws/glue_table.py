"""A target as a table of the Glue Data Catalog, as Athena, Glue and EMR read it; and how one that is there differs.

What others added to a table (parameters, an owner, comments where ours has none) stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from etl.errors import PlatformError
from etl.model.dataset import Dataset
from etl.model.ddl import Column

DELTA = {
    "EXTERNAL": "TRUE",
    "classification": "delta",
    "table_type": "DELTA",  # Athena reads the table's own log by this word
    "spark.sql.sources.provider": "delta",  # and Spark, on EMR and Glue, by this one
}
MARK = "headrace.step"
# What a table is told that is read through its own log: engines look at neither, and Glue refuses a table without.
SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
INPUT = "org.apache.hadoop.mapred.SequenceFileInputFormat"
OUTPUT = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"
KEPT = ("Owner", "Retention", "LastAccessTime", "LastAnalyzedTime", "TargetTable", "ViewOriginalText")
COMMENT = 255  # characters that Glue keeps of a column's comment
DESCRIPTION = 2048  # bytes of a table's


def table_name(dataset: str) -> str:
    """Return the name of a dataset's table in its zone's database."""
    return dataset.partition(".")[2]


def table_input(dataset: Dataset, partition_by: tuple[str, ...]) -> dict[str, Any]:
    """Return a Delta target as Glue's ``TableInput``.

    Args:
        dataset: with the schema that readers find.
        partition_by: the table's partition columns.
    """
    columns = {column.name: column for column in dataset.schema or ()}
    storage = {
        "Columns": [_column(column) for column in columns.values() if column.name not in partition_by],
        "Location": dataset.uri,
        "InputFormat": INPUT,
        "OutputFormat": OUTPUT,
        "SerdeInfo": {"SerializationLibrary": SERDE, "Parameters": {"path": dataset.uri, "serialization.format": "1"}},
    }
    described = dataset.description.encode()[:DESCRIPTION].decode(errors="ignore")
    return {
        "Name": table_name(dataset.name),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {**DELTA, MARK: dataset.written_by or dataset.name},
        "PartitionKeys": [_column(columns[name]) for name in partition_by if name in columns],
        "StorageDescriptor": storage,
        **({"Description": described} if described else {}),
    }


def _column(column: Column) -> dict[str, str]:
    comment = {"Comment": column.comment[:COMMENT]} if column.comment else {}
    return {"Name": column.name.lower(), "Type": hive_type(column.type), **comment}


def hive_type(spark: str) -> str:
    """Return a type of Spark's as the catalogue spells it: in lower case, without quotes and NOT NULL.

    Hive has one type of timestamp: one without a zone is registered as ``timestamp`` too.
    """
    text = re.sub(r" NOT NULL| COMMENT '(?:[^'\\]|\\.)*'", "", spark).replace("`", "")
    return re.sub(r"timestamp_(?:ntz|ltz)", "timestamp", re.sub(r"([:,]) ", r"\1", text).lower())


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how a table in the catalogue differs from what it should say, a few words each."""
    return (
        *_compared("column", _columns(found), _columns(wanted)),
        *_compared("partition column", found.get("PartitionKeys", []), wanted["PartitionKeys"]),
        *_said("description", found.get("Description"), wanted.get("Description")),
        *(
            f"property {key}: {found.get('Parameters', {}).get(key, 'none')} became {value}"
            for key, value in wanted["Parameters"].items()
            if found.get("Parameters", {}).get(key) != value
        ),
        *_said("place", _place(found), _place(wanted)),
    )


def _compared(what: str, found: list[dict[str, str]], wanted: list[dict[str, str]]) -> tuple[str, ...]:
    before, after = ({each["Name"]: each for each in columns} for columns in (found, wanted))
    gone = [f"{what} {name} is gone" for name in before if name not in after]
    new = [f"{what} {name} is new" for name in after if name not in before]
    other = [
        f"{what} {name}: {before[name].get('Type', '')} became {each['Type']}"
        for name, each in after.items()
        if name in before and before[name].get("Type", "") != each["Type"]
    ]
    told = [
        f"{what} {name}: its comment"
        for name, each in after.items()
        if name in before and "Comment" in each and before[name].get("Comment") != each["Comment"]
    ]
    kept = [name for name in before if name in after] != [name for name in after if name in before]
    return (*gone, *new, *other, *told, *([f"order of the {what}s"] if kept else []))


def _said(what: str, found: str | None, wanted: str | None) -> tuple[str, ...]:
    return (f"{what}: {found or 'none'} became {wanted}",) if wanted and found != wanted else ()


def _columns(table: Mapping[str, Any]) -> list[dict[str, str]]:
    columns: list[dict[str, str]] = table.get("StorageDescriptor", {}).get("Columns", [])
    return columns


def _place(table: Mapping[str, Any]) -> str:
    return str(table.get("StorageDescriptor", {}).get("Location", "")).replace("s3a://", "s3://").rstrip("/")


def merged(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to write over a table: ours, with what others added to theirs."""
    said = {column["Name"]: column for column in (*_columns(found), *found.get("PartitionKeys", []))}

    def commented(columns: list[dict[str, str]]) -> list[dict[str, str]]:
        before = {name: {"Comment": column["Comment"]} for name, column in said.items() if column.get("Comment")}
        return [{**before.get(column["Name"], {}), **column} for column in columns]

    kept = {key: found[key] for key in (*KEPT, "Description") if key in found}
    storage = {**wanted["StorageDescriptor"], "Columns": commented(_columns(wanted))}
    parameters = {**found.get("Parameters", {}), **wanted["Parameters"]}
    keys = commented(wanted["PartitionKeys"])
    return {**kept, **wanted, "StorageDescriptor": storage, "Parameters": parameters, "PartitionKeys": keys}


def check_ours(found: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
    """Refuse a table that is there for something else.

    Raises:
        PlatformError: it lies elsewhere and no run of ours made it, or it is not Delta.
    """
    parameters = {key.lower(): str(value).lower() for key, value in found.get("Parameters", {}).items()}
    delta = "delta" in {parameters.get("table_type"), parameters.get("spark.sql.sources.provider")}
    delta = delta or parameters.get("classification") == "delta"
    if _place(found) != _place(wanted) and MARK not in found.get("Parameters", {}):
        raise PlatformError(
            f"Glue's table {where} lies at {_place(found)}, the target at {_place(wanted)}: it is not this target's",
            remedy="drop or rename that table, or give the zone another database in [glue_catalog]",
        )
    if not delta:
        kind = parameters.get("classification") or parameters.get("table_type") or found.get("TableType", "unknown")
        raise PlatformError(
            f"Glue's table {where} is of the kind {kind!r}, the target is Delta: it is not this target's",
            remedy="drop that table; the next run, or `etl catalog sync`, makes it again",
        )
