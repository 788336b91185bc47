"""Text files: every record becomes a row of the declared types, or is kept and told with the reason.

Spark's readers take a wrong number, half a time or the first of three records without a word. So files are
taken as lines here, and each line is held to the contract of ``etl.storage.values``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pyspark.sql import functions as F

from etl.errors import EtlError, UnreadableFileError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.spark.errors import chain, is_unreadable, summary
from etl.sql import literal, quoted
from etl.storage import delimited, items, keys, objects, plain, xml_keys, xml_records
from etl.storage.content import content
from etl.storage.folders import folder_text, folder_values
from etl.storage.header import file_columns, read_header
from etl.storage.increments import identity, new_files
from etl.storage.lines import LINE, Lines, is_whole_text, read_lines
from etl.storage.listing import File, Listing, is_whole, list_files, looked_at, recheck
from etl.storage.reading import Corrupt, Reading, Scope, check_scope, declared_schema, empty
from etl.storage.records import CORRUPT, REASON
from etl.storage.sniff import passed_over

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

WITHIN = "_headrace_within"


def read(
    session: SparkSession, dataset: Dataset, scope: Scope | str | None = None, interval: Interval | None = None
) -> Reading:
    """Read the interval's files, or all where the scope has no column.

    At hand in a notebook or a test, the scope may be no more than the interval's column, or None for all files.

    Columns come in the schema's order; a CSV file's header decides which of its columns is which, a JSON record's keys
    do. A record whose interval column cannot be read belongs to every interval: it is corrupt in each.

    Raises:
        InputError: no files; an empty one; a header or keys that do not match; bytes that are not what the format says;
            a file outside the partition folders, or in one whose value is none of its type.
        ProjectError: an option that would break what Headrace promises about every row.
    """
    scope = scope if isinstance(scope, Scope) else Scope(column=scope, interval=interval)
    check_scope(dataset, scope)
    schema = declared_schema(dataset)
    if dataset.format == "xml":
        xml_records.check_parser(session, dataset)
    listing = list_files(
        session, dataset, scope.column, scope.interval, optional=scope.optional, required=scope.required
    )
    listing, progress = new_files(dataset, listing, scope.increment)
    kept, ignored = passed_over(dataset, listing)
    where = scope.predicate(lambda column: schema.column(column).type)
    if kept:
        frame, headers = _frame(session, dataset, kept)
    else:
        frame, headers = empty(session, dataset, {CORRUPT: "STRING", REASON: "STRING"}), 0
    if where and kept:
        frame = _within(frame, f"({where}) OR ({CORRUPT} IS NOT NULL AND {quoted(scope.column or '')} IS NULL)")
    return Reading(
        frame=frame,
        identity=content(dataset, listing) if progress is None else identity(scope.increment, progress),
        progress=progress,
        corrupt=Corrupt(column=CORRUPT, reason=REASON, headers=headers),
        ignored=ignored,
        recheck=lambda: recheck(session, dataset, scope.column, scope.interval, listing, only=progress is not None),
        explain=lambda error: explained(session, dataset, listing, error),
    )


def _within(frame: DataFrame, condition: str) -> DataFrame:
    """Keep rows by a condition on what was parsed.

    A filter would be moved below the parser, which then runs once more for each column that the condition asks for; an
    explosion of one or no element stays where it is.
    """
    kept = f"explode(IF({condition}, array(true), CAST(array() AS ARRAY<BOOLEAN>))) AS {WITHIN}"
    return frame.selectExpr("*", kept).drop(WITHIN)


def explained(session: SparkSession, dataset: Dataset, listing: Listing, error: BaseException) -> EtlError | None:
    """Return an input error if a file that cannot be read is why a write failed.

    Spark 3.5 does not say which file ended too early; then each compressed one is read through, on this path only.
    """
    file = broken_file(session, [file.uri for file in listing.files], error)
    if file is None:
        return None
    return UnreadableFileError(f"dataset {dataset.name}", summary(error), file=file, place=dataset.place)


def _frame(session: SparkSession, dataset: Dataset, files: Sequence[File]) -> tuple[DataFrame, int]:
    """Return all records, and how many lines among them are the files' own headers."""
    folders = folder_values(dataset, [file.uri for file in files])
    if dataset.format == "json":
        keys.check(session, dataset, files)
        lines = _lines(session, dataset, files, folders, drop=0)
        return objects.parsed(Lines(lines), dataset, dataset.rules), 0
    if dataset.format == "xml":
        xml_keys.check(session, dataset, files)
        return xml_records.parsed(Lines(_lines(session, dataset, files, folders, drop=0)), dataset, dataset.rules), 0
    if dataset.format == "dynamodb-json":
        return items.parsed(Lines(_lines(session, dataset, files, folders, drop=0)), dataset, dataset.rules), 0
    dialect = delimited.dialect_of(dataset.spark_options)
    if dataset.format in ("text", "fixed-width"):
        return plain.parsed(Lines(_lines(session, dataset, files, folders, drop=0)), dataset, dataset.rules), 0
    if not dialect.header:
        lines = _lines(session, dataset, files, folders, drop=0, dialect=dialect)
        return delimited.parsed(Lines(lines), dataset, dialect, dataset.rules, file_columns(dataset)), 0
    return _by_header(session, dataset, files, folders, dialect)


def _by_header(
    session: SparkSession,
    dataset: Dataset,
    files: Sequence[File],
    folders: Mapping[str, Mapping[str, str]],
    dialect: delimited.Dialect,
) -> tuple[DataFrame, int]:
    """Read files with equal headers together, each group by its own column order."""
    whole = is_whole_text(dataset)
    groups: dict[tuple[str, ...], list[tuple[File, str]]] = {}
    headers = looked_at(session, files, lambda file: read_header(session, dataset, dialect, file, whole=whole))
    for file, header in zip(files, headers, strict=True):
        groups.setdefault(header.names, []).append((file, header.written))
    frames = []
    for names, members in groups.items():
        lines = _lines(session, dataset, [file for file, _ in members], folders, drop=1, dialect=dialect)
        texts = () if whole else tuple(sorted({text for _, text in members}))
        read_as = Lines(lines, header_texts=texts)
        frames.append(delimited.parsed(read_as, dataset, dialect, dataset.rules, names))
    together = reduce(lambda left, right: left.unionByName(right), frames)
    return together, 0 if whole else len(files)


def _lines(
    session: SparkSession,
    dataset: Dataset,
    files: Sequence[File],
    folders: Mapping[str, Mapping[str, str]],
    *,
    drop: int,
    dialect: delimited.Dialect | None = None,
) -> DataFrame:
    """Return the files' records as texts, without blank lines and comments; ``drop`` records of each whole text."""
    whole = is_whole_text(dataset)
    frame = read_lines(session, dataset, files, whole=whole)
    for column, values in folders.items():
        text = folder_text(column, values)
        frame = frame.withColumn(column, F.expr(text)) if text else frame
    line, comment = quoted(LINE), delimited.dialect_of(dataset.spark_options).comment
    kept = "trim({0}) <> ''" + (f" AND NOT startswith({{0}}, {literal(comment)})" if comment else "")
    if whole:
        text = f"ltrim('\ufeff', {line})"
        if dialect:
            split = f"regexp_extract_all({text}, {literal(dialect.record)}, 0)"
            records = f"transform({split}, x -> rtrim('\\r\\n', x))"
            text = f"explode(slice(filter({records}, x -> {kept.format('x')}), {drop + 1}, 2000000000))"
        elif dataset.format not in ("json", "xml", "dynamodb-json"):
            text = f"explode({_split(text, dataset)})"
        frame = frame.selectExpr(*map(quoted, dataset.partitioned_by), f"{text} AS {line}")
    return frame if dataset.format == "text" else frame.where(kept.format(line))


def _split(text: str, dataset: Dataset) -> str:
    """SQL for the lines of a whole text; what stands behind the last line end is a line if it is anything."""
    given = dataset.spark_options.get("lineSep")
    end = re.escape(given) if given else r"\r\n|\r|\n"
    closed = f"regexp_replace({text}, {literal(f'(?:{end})' + chr(92) + 'z')}, '')"
    return f"IF(length({text}) = 0, CAST(array() AS ARRAY<STRING>), split({closed}, {literal(end)}))"


def broken_file(session: SparkSession, uris: Sequence[str], error: BaseException) -> str | None:
    """Return which of the files a Spark job failed to read; None if the failure was no such thing."""
    if not is_unreadable(error):
        return None
    said = " ".join(str(java.getMessage()) for java in chain(error))  # type: ignore[attr-defined]
    named = next((uri for uri in uris if uri in unquote(said)), None)
    return named or next((uri for uri in uris if uri.endswith(".gz") and not is_whole(session, uri)), None)
