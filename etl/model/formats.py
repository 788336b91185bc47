"""What each format can do: the one table that the catalogue checks, the plan prints and storage loads modules by.

A format is registered here and nowhere else: its module keeps the protocols of ``etl.storage``.
"""

from __future__ import annotations

from attrs import frozen

from etl.errors import DefinitionError, Place, ProjectError, did_you_mean
from etl.model.write import Append, History, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Write


@frozen(kw_only=True)
class Format:
    """A way to keep a dataset.

    Args:
        module: the storage module, imported when the format is first used.
        writes: the write kinds a step may publish with; none for a format that is only read.
        promise: what a publish that is repeated or interrupted leaves: ``exactly once``, ``once a key``,
            ``at least once``; empty for a format that is only read.
        needs_schema: nothing in its files is believed: the catalogue must say the columns.
        since: a step can read only what came after a watermark.
    """

    module: str
    writes: tuple[type[Write], ...] = ()
    promise: str = ""
    needs_schema: bool = False
    since: bool = False


FORMATS: dict[str, Format] = {
    "delta": Format(
        module="etl.storage.delta",
        writes=(ReplaceTable, ReplacePartitions, ReplaceInterval, Append, Merge, History),
        promise="exactly once",
    ),
    "csv": Format(module="etl.storage.files", needs_schema=True),
    "json": Format(module="etl.storage.files", needs_schema=True),
    "text": Format(module="etl.storage.files", needs_schema=True),
    "fixed-width": Format(module="etl.storage.files", needs_schema=True),
    "xml": Format(module="etl.storage.files", needs_schema=True),
    "dynamodb-json": Format(module="etl.storage.files", needs_schema=True),
    "parquet": Format(module="etl.storage.columnar", needs_schema=True),
    "orc": Format(module="etl.storage.columnar", needs_schema=True),
    "avro": Format(module="etl.storage.columnar", needs_schema=True),
}


def format_of(name: str) -> Format:
    """Return what the format can do.

    Raises:
        DefinitionError: no such format.
    """
    if name not in FORMATS:
        raise DefinitionError(f"format {name!r} is not known; {did_you_mean(name, FORMATS)}")
    return FORMATS[name]


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
