"""Which declared columns a JSON or XML file has at all: one that no record of it has is no null, it is another file."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen
from pyspark.sql import functions as F

from etl.errors import InputError
from etl.model.dataset import Dataset
from etl.sql import literal, quoted
from etl.storage.header import file_columns, missing_column, undeclared
from etl.storage.lines import LINE, is_whole_text, read_lines
from etl.storage.listing import File, looked_at
from etl.storage.sniff import FIRST_BYTES, text_head

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen(kw_only=True)
class Keys:
    """How a format's text tells which columns its records have.

    Args:
        records: of the file named, the names in each record that its text begins with, as far as it can be read.
        written: whether a name stands anywhere in a text.
        sql: the same of ``LINE``.
        needed: what a text must have, or be searched for, that begins with no record.
        missing: the error for a file that lacks a name.
    """

    records: Callable[[str, str], Iterator[Collection[str]]]
    written: Callable[[str, str], bool]
    sql: Callable[[str], str]
    needed: Callable[[str], list[str]] = lambda _: []
    missing: Callable[[Dataset, str, str, Sequence[str], Sequence[str]], InputError] = missing_column


def check(session: SparkSession, dataset: Dataset, files: Sequence[File], keys: Keys | None = None) -> None:
    """Refuse files whose records never have a declared column, and undeclared ones where ``on_drift`` is ``fail``.

    ``keys`` are those of JSON unless given.

    The first 4 KiB of each file are looked at, of some 64. A file whose beginning lacks a column is searched for its
    key as text, all such files in one Spark job.

    Raises:
        InputError: with the file, the column, and the key it has instead.
    """
    keys = keys or _JSON
    wanted = [name for name in file_columns(dataset) if name not in dataset.optional_columns]

    def lacking(file: File) -> list[str]:
        short = _lacking(session, dataset, file, wanted, keys, FIRST_BYTES)
        return short and _lacking(session, dataset, file, wanted, keys, FIRST_BYTES * 16)

    found = zip(files, looked_at(session, files, lacking), strict=True)
    doubtful = {file.uri: names for file, names in found if names}
    if doubtful:
        _search(session, dataset, [file for file in files if file.uri in doubtful], doubtful, keys)


def _lacking(
    session: SparkSession, dataset: Dataset, file: File, wanted: Sequence[str], keys: Keys, size: int
) -> list[str]:
    """Return the columns that the file's beginning lacks; nothing is said of a file that does not begin with a record.

    Raises:
        InputError: the whole file lacks one, or it has one of another case; or an undeclared one under ``fail``.
    """
    text = text_head(session, dataset, file, size)
    records = list(keys.records(file.uri, text))
    found = list(dict.fromkeys(key for record in records for key in record))
    extra = [key for key in found if key not in file_columns(dataset)]
    lacking = [name for name in wanted if name not in found and not keys.written(name, text)]
    lacking = lacking if records else keys.needed(text)
    if lacking and (_renamed(lacking[0], extra) or len(text) < size // 4):
        raise keys.missing(dataset, file.uri, lacking[0], found, extra)
    if extra and dataset.on_drift == "fail":
        raise undeclared(dataset, file.uri, extra)
    return lacking


def _renamed(name: str, extra: Sequence[str]) -> bool:
    return any(key.lower() == name.lower() for key in extra)


def _search(
    session: SparkSession, dataset: Dataset, files: Sequence[File], doubtful: dict[str, list[str]], keys: Keys
) -> None:
    names = sorted({name for lacking in doubtful.values() for name in lacking})
    there = [f"max({keys.sql(name)}) AS k{n}" for n, name in enumerate(names)]
    lines = read_lines(session, dataset, files, whole=is_whole_text(dataset))
    rows = (
        lines.selectExpr(quoted(LINE), "input_file_name() AS f")
        .groupBy("f")
        .agg(F.expr(f"struct({', '.join(there)})"))
        .collect()
    )
    by_file = {row[0]: row[1] for row in rows}
    for uri, lacking in doubtful.items():
        row: Any = next((each for name, each in by_file.items() if _same(name, uri)), None)
        missing = [name for name in lacking if row is not None and not row[f"k{names.index(name)}"]]
        if missing:
            raise keys.missing(dataset, uri, missing[0], [], [])


def _same(named: str, uri: str) -> bool:
    from urllib.parse import unquote

    return unquote(named).endswith(unquote(uri).removeprefix("file:"))


def _records(_: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects that a text begins with, one behind the other or in a list, as far as it can be read."""
    decoder, position, end = json.JSONDecoder(), 0, len(text)
    while position < end:
        if text[position] in " \t\r\n,[]":
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            line = text.find("\n", position)
            if line < 0:
                return
            position = line + 1
            continue
        if isinstance(value, dict):
            yield value


_JSON = Keys(
    records=_records,
    written=lambda name, text: json.dumps(name) in text,
    sql=lambda name: f"contains({quoted(LINE)}, {literal(json.dumps(name))})",
)
