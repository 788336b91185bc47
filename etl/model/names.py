"""Which column names a dataset can have: said where the name is declared, not by Spark when rows are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.errors import ConfigError, Place
from etl.kinds.types import bare
from etl.model.history import EVENTS
from etl.model.schema import Schema
from etl.model.write import History, Merge, Write

QUARANTINE = ("_broken", "_source", "_record", "_file", "_run_id", "_interval")  # a quarantine's own columns
ENGINE = ("headrace_kept", "_headrace_rank")  # marks of a row on its way to the stage
DELETES = "_deletes"  # the mark of a row that deletes its key
MERGE = ("_row_id_", "_file_name_", "_row_dropped_", "_source_row_present_", "_target_row_present_", "_incr_row_count_")
HISTORY = (EVENTS.lower(), "headrace_act", "headrace_new")  # of a version, and of one on its way to the table
DELTA = ("_change_type", "_commit_version", "_commit_timestamp")  # of a table's change feed
CORRUPT = ("_corrupt_record", "_corrupt_reason")  # where a file's reader keeps what did not parse, and why
UNPARTITIONED = frozenset({"ARRAY", "MAP", "STRUCT", "BINARY"})  # a folder's name holds no such value
# What Delta and Parquet take in no name, without column mapping. A line break, which exports put into headers and no
# editor shows, is mapped: see ``etl.storage.delta_schema``.
LETTERS = " ,;{}()\t="
_SPELLED = {" ": "a blank", "\t": "a tab"}


def target_names(schema: Schema, write: Write) -> Iterator[str]:
    """Yield what keeps the names of a target's columns, and of their fields, from being published."""
    for path in schema.fields:
        refused = [letter for letter in dict.fromkeys(path[-1]) if letter in LETTERS]
        if refused:
            yield (
                f"column {'.'.join(path)!r} has {_listed(refused)} in its name; Delta takes no blank, tab "
                f"or any of , ; {{ }} ( ) = there: give it another name, such as {suggested(path[-1])!r}"
            )
    ours: tuple[str, ...] = (DELETES,) if isinstance(write, Merge) and write.apply_as_deletes else ()
    ours = (DELETES, *HISTORY) if isinstance(write, History) else ours
    taken = {"its quarantine": QUARANTINE, "Headrace": (*ENGINE, *ours), "Delta's change feed": DELTA}
    if isinstance(write, Merge | History):
        taken["Delta's MERGE"] = MERGE
    for name in schema.names:
        for who, names in taken.items():
            if name.lower() in names:
                yield (
                    f"column {name!r} of the target is a name that {who} needs for itself ({', '.join(names)}): "
                    "give it another name"
                )


def source_partitions(
    dataset: str, schema: Schema | None, partitioned_by: Sequence[str], place: Place | None = None
) -> Iterator[ConfigError]:
    """Yield what keeps the folders of a source from being read as these columns."""
    for position, column in enumerate(partitioned_by):
        kind = schema.column(column).type if schema and column in schema else ""
        if column in partitioned_by[:position]:
            yield ConfigError(f"dataset {dataset}: partitioned_by names {column!r} twice", place=place)
        elif bare(kind) in UNPARTITIONED:
            yield ConfigError(
                f"dataset {dataset}: partitioned_by: column {column!r} is {kind}, which no folder's name can hold",
                place=place,
                remedy="declare it as STRING, a number, a DATE or a TIMESTAMP",
            )


def source_names(dataset: str, schema: Schema | None, place: Place | None = None) -> Iterator[ConfigError]:
    """Yield what keeps the columns of a source from being read; names that files may have are many more."""
    for name in schema.names if schema else ():
        if name.lower() in CORRUPT or name.lower().startswith("_headrace_"):
            yield ConfigError(
                f"dataset {dataset}: column {name!r} is one in which Headrace keeps what it reads",
                place=place,
                remedy="leave it out of the schema, or have it delivered under another name",
            )


def suggested(name: str) -> str:
    """Return a name like this one that every format takes."""
    return "_".join("".join(" " if letter in LETTERS else letter for letter in name).split()) or "column"


def _listed(letters: list[str]) -> str:
    return " and ".join(_SPELLED.get(letter, repr(letter)) for letter in letters)
