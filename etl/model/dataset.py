"""Datasets: what a step reads and publishes by name, and where that lives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from attrs import evolve, field, frozen

from etl.errors import DefinitionError, Place
from etl.model.connection import Connection
from etl.model.history import readable
from etl.model.interval import Interval
from etl.model.schema import Schema, parse_schema
from etl.model.text import NO_RULES, TextRules, rule_problems, split_options
from etl.model.write import ReplaceInterval, ReplacePartitions, Write, names

NOWHERE = Place("?")
ValueFormat = Literal["json", "csv", "text"]

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
        lookback: what lies before the interval is read too: a ``timedelta``, or a number of intervals. What is absent
            of it is no error. When something of it changes, the intervals that read it run again.
        incremental: only what the step's target has not consumed yet is read: new files, versions or offsets, in
            bounded batches, each published with what it consumed.
        watermark_column: of a table of a database, the column that grows with what is new: only rows above its greatest
            value so far are read. ``lookback`` then says how far below it rows may still come: a ``timedelta``, or a
            number for a column of numbers.
    """

    dataset: str = field(converter=dataset_name)
    interval_column: str | None = None
    optional: bool = False
    lookback: timedelta | int | None = None
    incremental: bool = False
    watermark_column: str | None = None

    @property
    def back(self) -> int | str | None:
        """How far it looks back, as JSON and people have it: a number of intervals, or ``1 day, 0:00:00``."""
        return str(self.lookback) if isinstance(self.lookback, timedelta) else self.lookback

    def reads(self, interval: Interval | None) -> Interval | None:
        """Return the part of the dataset that a run for an interval reads; None for the whole."""
        return interval.reaching_back(self.lookback) if interval and self.lookback else interval


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
    def readable(self) -> Schema:
        """The columns that readers find: the declared ones, and those that a ``History`` adds."""
        return readable(self.schema, self.write)

    @property
    def folders(self) -> tuple[str, ...]:
        """The columns that a new table is partitioned by: a DATE whose days are replaced comes first."""
        return folders(self.write, self.schema, self.partition_by)

    @property
    def replaced_by(self) -> str | None:
        """The column by whose interval rows are replaced; None where none or all are."""
        return self.write.column if isinstance(self.write, ReplacePartitions | ReplaceInterval) else None


def folders(write: Write, schema: Schema, partition_by: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that a new table is partitioned by: a DATE whose days are replaced comes first."""
    if isinstance(write, ReplacePartitions) and schema.column(write.column).type == "DATE":
        return tuple(dict.fromkeys((write.column, *partition_by)))
    return partition_by


@frozen(kw_only=True)
class Dataset:
    """A dataset of the catalogue, resolved for one environment.

    Args:
        name: ``zone.name``.
        format: ``delta`` unless the catalogue says otherwise; see ``etl.model.formats``.
        uri: absolute; a local path without scheme, or ``s3://…``. The zone's root plus the dataset's path.
        schema: declared columns; for a dataset a step here writes, those that its target's readers find.
        options: given to Spark's reader as they are (``sep``, ``multiLine`` …).
        partitioned_by: Hive-style directory columns below ``uri``; they are columns of ``schema`` too.
        widths: of a fixed-width file's columns, in letters, in the schema's order.
        text: where its text departs from the contract of docs/reading.md; options may say the same.
        on_corrupt: a record that does not parse fails the run (exit 9) or goes to the quarantine dataset.
        max_corrupt: the share of records, 0 to 1, that may go there; more of them fail the run.
        on_drift: a file with columns that nobody declared fails, or they are ignored and said (``evolve``).
        optional_columns: declared columns that a file may lack; its rows have null there.
        allow_empty: a dataset without files is an empty frame.
        written_by: the step that publishes it, None for a dataset from outside.
        replaced_by: the column by whose interval that step replaces rows; None where it replaces none or all.
        description: a sentence for people.
        place: the catalogue entry, or the step that writes it.
        connection: how the database is reached that it is a table of.
        table: its name there, ``schema.table``.
        topic: likewise, of a topic of Kafka's.
        stream: likewise, of a stream of Kinesis'.
        value_format: what the values of its records are: ``json``, ``csv``, ``text``.
        max_files: an incremental step consumes so many new files at a time; None for all of them at once.
        max_bytes: likewise so many bytes, and at least one file.
        max_offsets: likewise so many records of a topic or a stream, over all its partitions or shards.
        change_feed: of a Delta table that an incremental step reads, the changes with Delta's ``_change_type``,
            ``_commit_version`` and ``_commit_timestamp``, instead of the rows that were added.
    """

    name: str
    format: str = "delta"
    uri: str
    schema: Schema | None = None
    options: Mapping[str, str] = field(factory=dict, hash=False)
    partitioned_by: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    text: TextRules = NO_RULES
    on_corrupt: Literal["fail", "quarantine"] = "fail"
    max_corrupt: float = 1.0
    on_drift: Literal["fail", "evolve"] = "fail"
    optional_columns: tuple[str, ...] = ()
    allow_empty: bool = False
    written_by: str | None = None
    replaced_by: str | None = None
    description: str = ""
    place: Place = NOWHERE
    connection: Connection | None = None
    table: str = ""
    topic: str = ""
    stream: str = ""
    value_format: ValueFormat = "json"
    max_files: int | None = None
    max_bytes: int | None = None
    max_offsets: int | None = None
    change_feed: bool = False

    @cached_property
    def spark_options(self) -> Mapping[str, str]:
        """The options of the format in Spark's spelling, without those that say a rule.

        Raises:
            DefinitionError: an option that the format does not have, or that would lose rows.
        """
        return self._split()[0]

    @cached_property
    def rules(self) -> TextRules:
        """Where its text departs from the contract, whether a key of the dataset or an option says so.

        Raises:
            DefinitionError: a rule that cannot be, or one said twice.
        """
        said = self._split()[1]
        given: dict[str, Any] = {**said, "round": said["round"].lower() == "true"} if "round" in said else dict(said)
        rules = evolve(self.text, **given)
        for problem in rule_problems(rules):
            raise DefinitionError(f"dataset {self.name}: {problem}", place=self.place)
        return rules

    def _split(self) -> tuple[dict[str, str], dict[str, str]]:
        try:
            return split_options(self.format, self.options)
        except DefinitionError as error:
            raise DefinitionError(
                f"dataset {self.name}: {error.message}", place=self.place, remedy=error.remedy
            ) from None
