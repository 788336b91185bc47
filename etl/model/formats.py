"""What each format can do: the one table that the catalogue checks, the plan prints and storage loads modules by.

A format of the house is registered here and nowhere else: its module keeps the protocols of ``etl.storage``. Those of
other packages are found by their entry points, docs/connectors-of-your-own.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from etl.errors import DefinitionError, Place, ProjectError, did_you_mean
from etl.model.write import Append, History, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Write

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints


@frozen(kw_only=True)
class Format:
    """A way to keep a dataset.

    Args:
        module: the storage module, imported when the format is first used.
        writes: the write kinds a step may publish with; none for a format that is only read.
        promise: what a publish that is repeated or interrupted leaves: ``exactly once``, ``once a key``,
            ``at least once``; empty for a format that is only read.
        needs_schema: nothing in its files is believed: the catalogue must say the columns.
        incremental: a step can read only what its target has not consumed yet.
    """

    module: str
    writes: tuple[type[Write], ...] = ()
    promise: str = ""
    needs_schema: bool = False
    incremental: bool = False


FORMATS: dict[str, Format] = {
    "delta": Format(
        module="etl.storage.delta",
        writes=(ReplaceTable, ReplacePartitions, ReplaceInterval, Append, Merge, History),
        promise="exactly once",
        incremental=True,
    ),
    "jdbc": Format(
        module="etl.storage.jdbc",
        writes=(ReplaceTable, ReplacePartitions, ReplaceInterval, Append, Merge),
        promise="exactly once",
        incremental=True,
    ),
    "redshift": Format(
        module="etl.storage.redshift",
        writes=(ReplaceTable, ReplacePartitions, ReplaceInterval, Append, Merge),
        promise="exactly once",
    ),
    "kafka": Format(module="etl.storage.kafka", needs_schema=True, incremental=True),
    "kinesis": Format(module="etl.storage.kinesis", needs_schema=True, incremental=True),
    "dynamodb": Format(module="etl.storage.dynamodb", writes=(Merge,), promise="once a key", needs_schema=True),
    "csv": Format(module="etl.storage.files", needs_schema=True, incremental=True),
    "json": Format(module="etl.storage.files", needs_schema=True, incremental=True),
    "text": Format(module="etl.storage.files", needs_schema=True, incremental=True),
    "fixed-width": Format(module="etl.storage.files", needs_schema=True, incremental=True),
    "xml": Format(module="etl.storage.files", needs_schema=True, incremental=True),
    "dynamodb-json": Format(module="etl.storage.files", needs_schema=True, incremental=True),
    "parquet": Format(module="etl.storage.columnar", needs_schema=True, incremental=True),
    "orc": Format(module="etl.storage.columnar", needs_schema=True, incremental=True),
    "avro": Format(module="etl.storage.columnar", needs_schema=True, incremental=True),
}


GROUP = "headrace.formats"


def known_formats() -> tuple[str, ...]:
    """Return the names of the table, and of what installed packages offer."""
    return tuple(dict.fromkeys((*FORMATS, *_offered().names)))


def format_of(name: str) -> Format:
    """Return what the format can do; of a name that the table lacks the entry points are asked.

    Raises:
        DefinitionError: no such format, or a package that offers it is broken.
    """
    if name not in FORMATS:
        offered = tuple(_offered().select(name=name))
        if not offered:
            raise DefinitionError(f"format {name!r} is not known; {did_you_mean(name, known_formats())}")
        FORMATS[name] = _loaded(*offered[:1])
    return FORMATS[name]


def _offered() -> EntryPoints:
    from importlib.metadata import entry_points  # a hundred modules for what few installations have

    return entry_points(group=GROUP)


def _loaded(entry: EntryPoint) -> Format:
    said = f"format {entry.name!r} of package {entry.dist.name if entry.dist else '?'}, {entry.value}"
    try:
        found = entry.load()
    except Exception as error:
        raise DefinitionError(f"{said}, cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(found, Format):
        raise DefinitionError(f"{said}, is {type(found).__name__}, no etl.model.formats.Format")
    return found


def check_publish(dataset: str, name: str, write: Write, place: Place) -> None:
    """Refuse a step whose target's format cannot carry out its write kind.

    Raises:
        ProjectError: with the formats that can.
    """
    if type(write) in format_of(name).writes:
        return
    able = [each for each, known in FORMATS.items() if type(write) in known.writes]
    raise ProjectError(
        f"dataset {dataset} has format {name!r}; a step with {type(write).__name__} can publish to: {', '.join(able)}",
        place=place,
        remedy=f'remove `format`, or write format = "{able[0]}"' if able else "use another write kind",
    )
