"""Where each dataset lives, and for datasets nobody here writes, what it looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from etl.errors import Place
from etl.model.schema import Schema

NOWHERE = Place("?")

Format = Literal["delta", "csv", "json", "parquet"]

# Reader options that lose rows, guess types or look elsewhere; in lower case, as Spark compares them.
REFUSED_OPTIONS = frozenset({
    "mode", "inferschema", "enforceschema", "columnnameofcorruptrecord", "basepath", "ignorecorruptfiles",
    "ignoremissingfiles", "recursivefilelookup", "pathglobfilter",
})  # fmt: skip


@frozen(kw_only=True)
class Dataset:
    """A dataset of the catalogue, resolved for one environment.

    Args:
        name: ``zone.name``.
        format: ``delta`` unless the catalogue says otherwise.
        uri: absolute; a local path without scheme, or ``s3://…``. The zone's root plus the dataset's path.
        schema: declared columns; for a dataset a step here writes, the step's target schema.
        options: given to Spark's reader as they are (``sep``, ``multiLine`` …).
        partitioned_by: Hive-style directory columns below ``uri``; they are columns of ``schema`` too.
        on_corrupt: a row that does not parse fails the run (exit 9) or goes to the quarantine dataset.
        on_drift: a header that differs from the schema fails, or new columns are ignored and said (``evolve``).
        allow_empty: a dataset without files is an empty frame.
        written_by: the step that publishes it, None for a dataset from outside.
        description: a sentence for people.
        place: the catalogue entry, or the step that writes it.
    """

    name: str
    format: Format = "delta"
    uri: str
    schema: Schema | None = None
    options: Mapping[str, str] = field(factory=dict, hash=False)
    partitioned_by: tuple[str, ...] = ()
    on_corrupt: Literal["fail", "quarantine"] = "fail"
    on_drift: Literal["fail", "evolve"] = "fail"
    allow_empty: bool = False
    written_by: str | None = None
    description: str = ""
    place: Place = NOWHERE
