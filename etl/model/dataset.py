"""Datasets: what a step reads and publishes by name, and where that lives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from etl.errors import DefinitionError, Place
from etl.model.schema import Schema, parse_schema
from etl.model.write import ReplacePartitions, Write, names

NOWHERE = Place("?")

# Reader options that lose rows, guess types or look elsewhere; in lower case, as Spark compares them.
REFUSED_OPTIONS = frozenset(
    {
        "mode",
        "inferschema",
        "enforceschema",
        "columnnameofcorruptrecord",
        "basepath",
        "ignorecorruptfiles",
        "ignoremissingfiles",
        "recursivefilelookup",
        "pathglobfilter",
    }
)

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")


def dataset_name(text: str) -> str:
    """Return ``text`` if it is ``zone.name``.

    Raises:
        DefinitionError: anything else: upper case, one part, three parts, a path.
    """
    if not isinstance(text, str) or not NAME.fullmatch(text):
        raise DefinitionError(f"dataset name {text!r} is not zone.name in lower-case letters, digits and _")
    return text


def _schema(value: str | Schema) -> Schema:
    return value if isinstance(value, Schema) else parse_schema(value)


@frozen
class Source:
    """A dataset that a step reads.

    Args:
        dataset: ``zone.name``.
        interval_column: DATE or TIMESTAMP column; only the run's interval is read. None reads the whole dataset.
        optional: an absent dataset, or an absent partition of it, is an empty frame instead of an input error.
    """

    dataset: str = field(converter=dataset_name)
    interval_column: str | None = None
    optional: bool = False


@frozen
class Target:
    """The dataset that a step publishes. Only this step writes it.

    Args:
        dataset: ``zone.name``.
        schema: Spark DDL; the published rows have exactly these columns in this order. NOT NULL is enforced as a
            critical expectation in the staging write.
        write: how the rows change the target.
        partition_by: partition columns; in a target that ``ReplacePartitions`` writes by a DATE, that one comes first.
    """

    dataset: str = field(converter=dataset_name)
    schema: Schema = field(converter=_schema)
    write: Write
    partition_by: tuple[str, ...] = field(default=(), converter=names)

    @property
    def quarantine(self) -> str:
        """The dataset that receives this target's broken rows."""
        return "quarantine." + self.dataset.replace(".", "_")

    @property
    def replaced_by(self) -> str | None:
        """The column by whose interval rows are replaced; None where none or all are."""
        return self.write.column if isinstance(self.write, ReplacePartitions) else None


@frozen(kw_only=True)
class Dataset:
    """A dataset of the catalogue, resolved for one environment.

    Args:
        name: ``zone.name``.
        format: ``delta`` unless the catalogue says otherwise; see ``etl.model.formats``.
        uri: absolute; a local path without scheme, or ``s3://…``. The zone's root plus the dataset's path.
        schema: declared columns; for a dataset a step here writes, the step's target schema.
        options: given to Spark's reader as they are (``sep``, ``multiLine`` …).
        partitioned_by: Hive-style directory columns below ``uri``; they are columns of ``schema`` too.
        on_corrupt: a row that does not parse fails the run (exit 9) or goes to the quarantine dataset.
        on_drift: a header that differs from the schema fails, or new columns are ignored and said (``evolve``).
        allow_empty: a dataset without files is an empty frame.
        written_by: the step that publishes it, None for a dataset from outside.
        replaced_by: the column by whose interval that step replaces rows; None where it replaces none or all.
        description: a sentence for people.
        place: the catalogue entry, or the step that writes it.
    """

    name: str
    format: str = "delta"
    uri: str
    schema: Schema | None = None
    options: Mapping[str, str] = field(factory=dict, hash=False)
    partitioned_by: tuple[str, ...] = ()
    on_corrupt: Literal["fail", "quarantine"] = "fail"
    on_drift: Literal["fail", "evolve"] = "fail"
    allow_empty: bool = False
    written_by: str | None = None
    replaced_by: str | None = None
    description: str = ""
    place: Place = NOWHERE
