"""What a step reads and what it publishes."""

from __future__ import annotations

import re

from attrs import field, frozen

from etl.errors import DefinitionError
from etl.model.schema import Schema, parse_schema
from etl.model.write import Write

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
        partition_by: partition columns of a target that is not written by ``ReplacePartitions``.
    """

    dataset: str = field(converter=dataset_name)
    schema: Schema = field(converter=_schema)
    write: Write
    partition_by: tuple[str, ...] = ()

    @property
    def quarantine(self) -> str:
        """The dataset that receives this target's broken rows."""
        return "quarantine." + self.dataset.replace(".", "_")
