"""Partition folders, ``day=2013-02-08/area=x``: those of an interval, and their values, held to the contract."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import unquote

from etl.errors import InputError, ProjectError
from etl.kinds.types import digits
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.model.text import TextRules
from etl.spark.hadoop import entries
from etl.sql import literal, quoted
from etl.storage.values import INTEGERS, accepted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_LIMITS = dict(zip(INTEGERS, (7, 15, 31, 63), strict=True))


def roots(session: SparkSession, dataset: Dataset, column: str | None, interval: Interval | None) -> tuple[str, ...]:
    """Return the directories to list: those of the interval where the dataset is partitioned by ``column``.

    A DATE has one a day, ``day=2013-02-08``; a TIMESTAMP has one for each value, and those inside the interval count.

    Raises:
        ProjectError: the interval column is not the first partition column, so that files cannot be told apart.
        InputError: the folder of a TIMESTAMP column is named by something that is no time.
    """
    if column is None or interval is None or column not in dataset.partitioned_by:
        return (dataset.uri,)
    if dataset.partitioned_by[0] != column:
        raise ProjectError(
            f"dataset {dataset.name}: interval column {column!r} must be the first of partitioned_by "
            f"{list(dataset.partitioned_by)}",
            place=dataset.place,
        )
    if dataset.schema is not None and dataset.schema.column(column).type == "DATE":
        return tuple(f"{dataset.uri}/{column}={day.isoformat()}" for day in interval.dates())
    return tuple(_of_times(session, dataset, column, interval)) or (f"{dataset.uri}/{column}={interval.key}",)


def _of_times(session: SparkSession, dataset: Dataset, column: str, interval: Interval) -> Iterator[str]:
    for each in entries(session, dataset.uri):
        name = each.uri.rpartition("/")[2]
        text = unquote(name.removeprefix(f"{column}="))
        if not each.is_folder or name.startswith(("_", ".")) or not name.startswith(f"{column}="):
            continue
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(
                f"dataset {dataset.name}: folder {name} names no time",
                place=dataset.place,
                remedy=f"name it {column}=2013-02-08 05%3A00%3A00, as Spark does, in UTC",
            ) from None
        if (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) in interval:
            yield f"{dataset.uri}/{name}"


def folder_values(dataset: Dataset, uris: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Return for each partition column its folders' values as they are written, each with its decoded text.

    Raises:
        InputError: a file lies beside the folders, too deep or too shallow, in a folder of another column, or in one
            whose value is none of the column's type.
    """
    values: dict[str, dict[str, str]] = {column: {} for column in dataset.partitioned_by}
    seen: set[str] = set()
    for uri in uris:
        folder = uri.removeprefix(dataset.uri.rstrip("/") + "/").rpartition("/")[0]
        if folder in seen or not dataset.partitioned_by:
            continue
        seen.add(folder)
        parts = folder.split("/") if folder else []
        keys = [part.partition("=")[0] if "=" in part else "" for part in parts]
        if keys != list(dataset.partitioned_by):
            wanted = "/".join(f"{column}=…" for column in dataset.partitioned_by)
            raise InputError(
                f"dataset {dataset.name}: {uri} lies in {folder or 'the root'!r}, not in a folder {wanted}",
                place=dataset.place,
                remedy="move it into the folder of its partition, or take it away",
            )
        for column, part in zip(keys, parts, strict=True):
            written = part.partition("=")[2]
            values[column][written] = _checked(dataset, column, unquote(written), uri)
    return values


def folder_text(column: str, values: Mapping[str, str]) -> str | None:
    """Return SQL for a partition column's text; Spark takes each %XX for a letter. None where it is right as it is."""
    differing = {
        read: text for read, text in ((_as_spark_reads(each), text) for each, text in values.items()) if read != text
    }
    if not differing:
        return None
    pairs = ", ".join(f"{literal(given)}, {literal(text)}" for given, text in sorted(differing.items()))
    return f"coalesce(element_at(map({pairs}), {quoted(column)}), {quoted(column)})"


def _as_spark_reads(written: str) -> str:
    """Hive's unescapePathName: a character for each escaped byte."""
    return re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), written)


def _checked(dataset: Dataset, column: str, text: str, uri: str) -> str:
    kind = dataset.schema.column(column).type if dataset.schema else "STRING"
    form = accepted(kind, dataset.rules)
    if text == NO_VALUE or ((form is None or re.fullmatch(form, text)) and _exists(kind, text, dataset.rules)):
        return text
    raise InputError(
        f"dataset {dataset.name}: {uri} lies in a folder {column}={text}, which is no {kind}",
        place=dataset.place,
        remedy=f"name the folder by a value of {kind}, see docs/reading.md, or declare the column with another type",
    )


def _exists(kind: str, text: str, rules: TextRules) -> bool:
    """Say whether a text of the right form is a value: 30 February has the form of a date."""
    number = text.replace(rules.thousands, "") if rules.thousands else text
    number = number.replace(rules.decimal, ".")
    try:
        if kind in INTEGERS:
            return bool(-(2 ** _LIMITS[kind]) <= int(number) < 2 ** _LIMITS[kind])
        if kind.startswith("DECIMAL"):
            most, scale = digits(kind)
            return bool(abs(Decimal(number)) < Decimal(10) ** (most - scale))
        if kind == "DATE" and not rules.date_format:
            date.fromisoformat(text)
        if kind.startswith("TIMESTAMP") and not (rules.timestamp_format or rules.timestamp_unit):
            datetime.fromisoformat(re.sub(r"(\.[0-9]{6})0+", r"\1", text))
    except ValueError:
        return False
    return "\ufffd" not in text
