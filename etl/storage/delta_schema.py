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
from etl.model.types import fits
from etl.model.write import ReplaceTable
from etl.sql import quoted
from etl.storage.staging import Publish


@frozen(kw_only=True)
class Reshape:
    """How a table's columns change.

    Args:
        option: Delta's writer option; empty where nothing changes: sent needlessly, ``overwriteSchema`` strips
            comments, NOT NULL, defaults and clustering that others gave the table.
        partition_by: what to tell Delta; empty keeps the table's own.
        notes: what people should know.
    """

    option: str = ""
    partition_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def reshape(metadata: Any, publish: Publish, columns: StructType, partition_by: tuple[str, ...]) -> Reshape:
    """Compare the step's columns with those of the table.

    Args:
        metadata: Delta's, of the open transaction.
        publish: what is asked for.
        columns: the rows' columns, as the step declares them.
        partition_by: as the step declares it.

    Raises:
        AnalysisError: a column has another type in the table, and the write kind keeps the table's rows.
    """
    table = StructType.fromJson(json.loads(metadata.schemaString()))
    there = {field.name.lower(): field for field in table}
    new = [field.name for field in columns if field.name.lower() not in there]
    gone = [field.name for field in table if field.name.lower() not in {f.name.lower() for f in columns}]
    other = [
        f"{field.name} is {there[field.name.lower()].dataType.simpleString()}, declared {field.dataType.simpleString()}"
        for field in columns
        if field.name.lower() in there
        and not fits(field.dataType.simpleString(), there[field.name.lower()].dataType.simpleString())
    ]
    parts = partitioned_by(metadata)
    if isinstance(publish.write, ReplaceTable) and (other or gone or (partition_by and partition_by != parts)):
        kept = tuple(name for name in parts if name in columns.names)
        what = "; ".join([*other, *(f"{name} is not declared" for name in gone)]) or f"partitioned by {list(parts)}"
        note = f"the table's columns were replaced ({what}): constraints and NOT NULL of others are gone"
        return Reshape(option="overwriteSchema", partition_by=partition_by or kept, notes=(note,))
    if other:
        raise AnalysisError(
            f"dataset {publish.dataset.name}: the table's column {'; '.join(other)}",
            place=publish.dataset.place,
            remedy="change the table (ALTER TABLE, or move it away and run again) or the schema; nothing was written",
        )
    kept = () if set(partition_by) == set(parts) else partition_by
    return Reshape(option="mergeSchema" if new else "", partition_by=kept)


def partitioned_by(metadata: Any) -> tuple[str, ...]:
    """Return the columns a table is partitioned by."""
    return tuple(json.loads(metadata.json())["metaData"]["partitionColumns"])


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


def is_plain(metadata: Any) -> bool:
    """Say whether the table may adopt files written elsewhere: nothing in it wants to see each row as it is written."""
    said = json.loads(metadata.json())["metaData"]
    watching = ("delta.constraints.", "delta.columnMapping.", "delta.enableChangeDataFeed", "delta.enableRowTracking")
    if any(key.startswith(watching) and value != "none" for key, value in said.get("configuration", {}).items()):
        return False
    fields = json.loads(said["schemaString"])["fields"] if said.get("schemaString") else []
    return all(field["nullable"] and not any(key.startswith("delta.") for key in field["metadata"]) for field in fields)
