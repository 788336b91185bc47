"""What a publish does to the columns of a Delta table that is there: nothing, wherever it can."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from etl.errors import AnalysisError
from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.spark.jvm import struct_type
from etl.sql import quoted
from etl.storage.columns import differences, merged
from etl.storage.delta_bridge import Bridge
from etl.storage.evolution import AGAIN, Changes, Existing, changes
from etl.storage.foreign import DEFAULT, LENGTHS
from etl.storage.staging import Publish

MAPPED = "delta.columnMapping.physicalName"


@frozen(kw_only=True)
class Reshape:
    """How a table's columns change.

    Args:
        option: Delta's writer option; empty where nothing changes: sent needlessly, ``overwriteSchema`` strips
            comments, NOT NULL, defaults and clustering that others gave the table.
        columns: what the table's columns become before the write; None leaves them to Delta.
        partition_by: what to tell Delta; empty keeps the table's own.
        words: what changes, for people.
    """

    option: str = ""
    columns: StructType | None = None
    partition_by: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def existing(metadata: Any) -> Existing:
    """Return what a table says of itself; ``metadata`` is Delta's."""
    said = json.loads(metadata.json())["metaData"]
    return Existing(
        columns=StructType.fromJson(json.loads(said["schemaString"])),
        partition_by=tuple(said["partitionColumns"]),
        properties=said.get("configuration", {}),
    )


def reshape(bridge: Bridge, snapshot: Any, publish: Publish, partition_by: tuple[str, ...] = ()) -> Reshape:
    """Compare the step's columns with those of the table, before any file is written.

    Args:
        bridge: the session's door to Delta.
        snapshot: Delta's, of the table that is there.
        publish: what is asked for.
        partition_by: as the step declares it.

    Raises:
        AnalysisError: the table cannot take the columns.
        PlatformError: the table needs a newer Delta.
    """
    bridge.check_writable(snapshot, publish.dataset.uri)
    table, declared = existing(snapshot.metadata()), declared_columns(bridge, publish)
    if publish.afresh:
        return _afresh(table, declared, partition_by)
    found = accepted(publish.dataset, changes(declared, table, publish.write, partition_by))
    if found.rewrites or found.partition_by != table.partition_by:
        columns = merged(table.columns, declared)
        return Reshape(columns=columns, partition_by=found.partition_by, words=found.words)
    return Reshape(option="mergeSchema", words=found.words) if found.extends else Reshape()


def declared_columns(bridge: Bridge, publish: Publish) -> StructType:
    """Return the columns as the step declares them, with NOT NULL."""
    return struct_type(bridge.session, publish.schema.ddl)


def accepted(dataset: Dataset, found: Changes) -> Changes:
    """Return the changes, unless something stands against one.

    Raises:
        AnalysisError: all that stands against them, and the ways out.
    """
    if not found.refused:
        return found
    raise AnalysisError(
        f"dataset {dataset.name}: the table's columns are not those declared: "
        + "; ".join(refusal.said for refusal in found.refused),
        place=dataset.place,
        remedy="; ".join(dict.fromkeys(refusal.way for refusal in found.refused)) + f" (the table is {dataset.uri}; "
        "nothing was written)",
    )


def _afresh(table: Existing, declared: StructType, partition_by: tuple[str, ...]) -> Reshape:
    kinds = {each.kind for each in differences(table.columns, declared)}
    if kinds - {"added"} or (partition_by and partition_by != table.partition_by):
        kept = tuple(name for name in table.partition_by if name in declared.names)
        return Reshape(option="overwriteSchema", partition_by=partition_by or kept)
    return Reshape(option="mergeSchema" if kinds else "")


def reshaped(bridge: Bridge, metadata: Any, change: Reshape) -> Any:
    """Return Delta's metadata with other columns; whatever else it says stays."""
    assert change.columns is not None  # noqa: S101 asked only where there are some
    said = json.loads(metadata.json())["metaData"]
    columns = {"schemaString": change.columns.json(), "partitionColumns": list(change.partition_by)}
    return bridge.module("actions.Action").fromJson(json.dumps({"metaData": said | columns}))


def hold(bridge: Bridge, metadata: Any, publish: Publish) -> None:
    """Make sure that the columns of a prepared write are those declared: Delta casts to its own without a word.

    Raises:
        AnalysisError: a column would have another type.
    """
    found = differences(existing(metadata).columns, declared_columns(bridge, publish))
    wrong = [each for each in found if each.kind not in {"gone", "renamed"}]
    if wrong:
        raise AnalysisError(
            f"dataset {publish.dataset.name}: Delta would not store what is declared: "
            + "; ".join(each.types for each in wrong),
            place=publish.dataset.place,
            remedy=f"{AGAIN} (the table is {publish.dataset.uri}; nothing was published)",
        )


def partitioned_by(metadata: Any) -> tuple[str, ...]:
    """Return the columns a table is partitioned by."""
    return tuple(json.loads(metadata.json())["metaData"]["partitionColumns"])


def names_in_log(metadata: Any) -> dict[str, str]:
    """Return each column's name by the one that the log has for it; empty without column mapping."""
    fields = {each.metadata.get(MAPPED): each.name for each in existing(metadata).columns}
    return {name: column for name, column in fields.items() if name is not None}


def described_as(frame: DataFrame, metadata: Any) -> DataFrame:
    """Return the frame with the comments and other properties that the table's columns of the same name have."""
    told = {field["name"]: _portable(field["metadata"]) for field in json.loads(metadata.schemaString())["fields"]}
    if not any(told.get(name) for name in frame.columns):
        return frame
    columns = {name: F.col(quoted(name)) for name in frame.columns}
    return frame.select(
        *[column.alias(name, metadata=told[name]) if told.get(name) else column for name, column in columns.items()]
    )


def _portable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what Delta itself keeps there: ids, generation, constraints."""
    return {key: value for key, value in metadata.items() if not key.startswith(("delta.", "CURRENT_DEFAULT"))}


def is_clustered(snapshot: Any) -> bool:
    """Say whether the table has columns that others told Delta to cluster it by."""
    return '"clustering"' in str(snapshot.protocol().json())


# A name with a line break cannot stand in a Parquet file: Delta keeps it in the log, beside a name of its own.
BY_NAME = {"delta.columnMapping.mode": "name"}


def is_mapped(schema: Schema) -> bool:
    """Say whether a new table of these columns needs column mapping."""
    return any("\n" in path[-1] for path in schema.fields)


def is_plain(metadata: Any) -> bool:
    """Say whether the table may adopt files written elsewhere: nothing in it wants to see each row as it is written."""
    said = json.loads(metadata.json())["metaData"]
    watching = ("delta.constraints.", "delta.columnMapping.", "delta.enableChangeDataFeed", "delta.enableRowTracking")
    if any(key.startswith(watching) and value != "none" for key, value in said.get("configuration", {}).items()):
        return False
    schema = said.get("schemaString") or '{"fields": []}'
    if '"nullable":false' in schema.replace(" ", ""):  # of a field of a struct too
        return False
    keys = [key for each in json.loads(schema)["fields"] for key in each["metadata"]]
    return not any(key.startswith("delta.") or key in {DEFAULT, LENGTHS} for key in keys)
