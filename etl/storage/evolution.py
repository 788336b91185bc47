"""A step's declared columns and the table that is there: what a publish would change, and what it must not.

One rule for every kind of write. Nothing is cast, kept or nulled to make a row fit: whatever cannot be had without
touching a value is refused, with the way out. docs/evolution.md has the rule as a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen
from pyspark.sql.types import StructType

from etl.model.write import History, Merge, ReplaceTable, Write
from etl.storage import foreign
from etl.storage.columns import Difference, differences, short
from etl.storage.foreign import Refusal
from etl.storage.staging import ReplaceValue

AGAIN = "move the table away and run every interval again"
WIDENING = "delta.enableTypeWidening"


@frozen(kw_only=True)
class Existing:
    """What a table says of itself.

    Args:
        columns: with the metadata that Delta and Spark keep at each.
        partition_by: the columns it is partitioned by.
        properties: its table properties.
    """

    columns: StructType
    partition_by: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class Changes:
    """What a publish would make of a table's columns.

    Args:
        words: each change, for people.
        refused: each thing that stands against the publish.
        extends: the table gets columns or fields, or types that need no rewriting.
        rewrites: a type that only a write of every row can give it.
        partition_by: how the table is partitioned afterwards.
    """

    words: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    extends: bool = False
    rewrites: bool = False
    partition_by: tuple[str, ...] = ()


def changes(
    declared: StructType, existing: Existing, write: Write | ReplaceValue, partition_by: tuple[str, ...] = ()
) -> Changes:
    """Compare declared columns with a table's, for one kind of write.

    Args:
        declared: as the step declares them, with NOT NULL.
        existing: the table.
        write: the step's; a quarantine (``ReplaceValue``) keeps the columns of earlier targets.
        partition_by: as the step declares it; empty keeps the table's.
    """
    whole = isinstance(write, ReplaceTable)
    in_place = not isinstance(write, Merge | History) or existing.properties.get(WIDENING, "").lower() == "true"
    found = tuple(differences(existing.columns, declared))
    if isinstance(write, ReplaceValue):
        found = tuple(each for each in found if each.kind not in {"gone", "renamed"})
    accepted = [each for each in found if _is_accepted(each, whole=whole, in_place=in_place)]
    words = tuple(_word(each) for each in accepted)
    refused = [_refusal(each) for each in found if each not in accepted]
    refused += foreign.refusals(declared, existing.columns, existing.properties, write)
    kept = existing.partition_by
    if partition_by and set(partition_by) != set(kept):
        words += (_partitioned(kept, partition_by, whole=whole),)
        kept = partition_by if whole else kept
    rewrites = any(each.kind == "widened" and not each.in_place for each in accepted)
    return Changes(
        words=words, refused=tuple(refused), extends=bool(accepted), rewrites=rewrites, partition_by=tuple(kept)
    )


def _is_accepted(each: Difference, *, whole: bool, in_place: bool) -> bool:
    """Rows that stay have null in a new column, and the old type in a widened one that would have to be rewritten."""
    if each.kind == "added":
        return whole or not each.required
    return each.kind == "widened" and (whole or (in_place and each.in_place))


def _word(each: Difference) -> str:
    if each.kind == "added":
        return f"{each.path} {short(each.wanted)} is added"
    how = "" if each.in_place else ": every file is written anew"
    return f"{each.path} is widened from {short(each.had)} to {short(each.wanted)}{how}"


def _refusal(each: Difference) -> Refusal:
    if each.kind == "added":
        said = f"{each.path} is new and declared NOT NULL, while the rows that are there have no value for it"
        return Refusal(said, f"declare {each.path} without NOT NULL, or {AGAIN}")
    if each.kind == "gone":
        return Refusal(
            f"{each.path} ({short(each.had)}) is in the table, and not declared",
            f"declare {each.path} (null where the step has no value), or {AGAIN}",
        )
    if each.kind == "renamed":
        return Refusal(
            f"{each.path} is declared as {each.name}: names differ in case only, and readers know the former",
            f"declare it as {each.path}, or {AGAIN}",
        )
    if each.in_place:
        said = f"{each.types} (wider, which Delta's MERGE gives only a table that says so)"
        return Refusal(said, f"ALTER TABLE … SET TBLPROPERTIES ('{WIDENING}' = 'true'), or {AGAIN}")
    how = {"narrowed": " (narrower)", "widened": " (wider, which only a write of every row can give the table)"}
    return Refusal(f"{each.types}{how.get(each.kind, '')}", f"declare {each.path} as {short(each.had)}, or {AGAIN}")


def _partitioned(kept: Iterable[str], declared: Iterable[str], *, whole: bool) -> str:
    there = ", ".join(kept) or "no column"
    if whole:
        return f"the table is partitioned by {', '.join(declared)} from now on, not by {there}"
    return f"the table stays partitioned by {there}: declared is {', '.join(declared)}"
