"""What others have put on a Delta table, which Headrace keeps to: how it is known, and what it forbids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import frozen
from pyspark.sql.types import StructField, StructType

from etl.errors import EtlError, PlatformError, PublishError
from etl.model.dataset import Dataset
from etl.model.write import Append, History, Merge, Write
from etl.spark.causes import causes, summary
from etl.storage.staging import ReplaceValue

GENERATED = "delta.generationExpression"
IDENTITY = "delta.identity.allowExplicitInsert"
DEFAULT = "CURRENT_DEFAULT"
LENGTHS = "__CHAR_VARCHAR_TYPE_STRING"
"""Keys of a column's metadata."""

RETENTION = "delta.setTransactionRetentionDuration"

BROKEN = (
    "DELTA_VIOLATE_CONSTRAINT",
    "DELTA_NOT_NULL_CONSTRAINT_VIOLATED",
    "DELTA_EXCEED_CHAR_VARCHAR_LIMIT",
    "DELTA_MISSING_NOT_NULL_COLUMN_VALUE",
)
"""Delta's codes for a row that breaks a rule of the table."""

UNKNOWN = ("DELTA_UNSUPPORTED_FEATURE", "DELTA_INVALID_PROTOCOL_VERSION", "DELTA_UNSUPPORTED_TABLE_FEATURE")
"""Delta's codes for a table made by a newer Delta than this one."""


@frozen
class Refusal:
    """Something that stands against a publish, and the way out."""

    said: str
    way: str


def is_filled(column: StructField) -> bool:
    """Whether the table fills a column that rows lack: by an expression, a number of its own, a default."""
    return any(key in column.metadata for key in (GENERATED, IDENTITY, DEFAULT))


def refusals(
    declared: StructType, table: StructType, properties: Mapping[str, str], write: Write | ReplaceValue
) -> Iterator[Refusal]:
    """Yield what the table's own rules have against this kind of write, or against declared columns."""
    if properties.get("delta.appendOnly", "").lower() == "true" and not isinstance(write, Append):
        yield Refusal(
            f"the table takes appended rows only (delta.appendOnly), and {type(write).__name__} takes rows away",
            "use Append, or ALTER TABLE … UNSET TBLPROPERTIES ('delta.appendOnly')",
        )
    if RETENTION in properties and isinstance(write, Append | History):
        lost = {Append: "appended, and they would be appended again", History: "published, nor takes their events back"}
        way = "use ReplacePartitions" if isinstance(write, Append) else "use Merge"
        yield Refusal(
            f"the table has {RETENTION} = {properties[RETENTION]!r}: after that time nobody knows which intervals were "
            + lost[type(write)],
            f"ALTER TABLE … UNSET TBLPROPERTIES ('{RETENTION}'), or {way}",
        )
    named = {each.name.lower() for each in declared}
    for column in table:
        if column.name.lower() not in named:
            continue
        if re.search(r"\bchar\(", column.metadata.get(LENGTHS, "")):
            yield Refusal(
                f"{column.name} is {column.metadata[LENGTHS]} in the table: readers find texts padded with blanks, not "
                "those that were audited",
                f"ALTER TABLE … ALTER COLUMN {column.name} TYPE STRING",
            )
        if IDENTITY in column.metadata and (isinstance(write, Merge | History) or not column.metadata[IDENTITY]):
            yield Refusal(
                f"{column.name} is an identity column: the table gives it values of its own",
                f"do not declare {column.name}",
            )


def broken_rule(error: BaseException, dataset: Dataset) -> EtlError | None:
    """Return the error of a write in which a row broke a rule of the table's own; None for any other failure."""
    if not any(code.startswith(BROKEN) for link in causes(error) for code in link.codes):
        return None
    return PublishError(
        f"dataset {dataset.name}: the table has a rule of its own, and a row breaks it: {summary(error)}",
        place=dataset.place,
        remedy="nothing was published; mend such rows or set them aside (an expectation with "
        "on_failure='quarantine'), or take the rule from the table (ALTER TABLE)",
    )


def unknown_feature(error: BaseException, what: str) -> EtlError | None:
    """Return the error of a table that needs a newer Delta; None for any other failure."""
    if not any(code.startswith(UNKNOWN) for link in causes(error) for code in link.codes):
        return None
    return PlatformError(
        f"{what}: {summary(error)}",
        remedy="nothing was changed; run it with a Delta that knows the feature, or ALTER TABLE … DROP FEATURE there",
    )
