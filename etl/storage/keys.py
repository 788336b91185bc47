"""Which declared columns a JSON file has at all: a key that no record of a file has is no null, it is another file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from etl.model.dataset import Dataset
from etl.sql import literal, quoted
from etl.storage.header import file_columns, missing_column, undeclared
from etl.storage.lines import LINE, read_lines
from etl.storage.listing import File, looked_at
from etl.storage.sniff import FIRST_BYTES, text_head

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check(session: SparkSession, dataset: Dataset, files: Sequence[File]) -> None:
    """Refuse files whose records never have a declared column, and undeclared ones where ``on_drift`` is ``fail``.

    The first 4 KiB of each file are looked at, of some 64. A file whose beginning lacks a column is searched for its
    key as text, all such files in one Spark job.

    Raises:
        InputError: with the file, the column, and the key it has instead.
    """
    wanted = [name for name in file_columns(dataset) if name not in dataset.optional_columns]

    def lacking(file: File) -> list[str]:
        short = _lacking(session, dataset, file, wanted, FIRST_BYTES)
        return short and _lacking(session, dataset, file, wanted, FIRST_BYTES * 16)

    found = zip(files, looked_at(session, files, lacking), strict=True)
    doubtful = {file.uri: names for file, names in found if names}
    if doubtful:
        _search(session, dataset, [file for file in files if file.uri in doubtful], doubtful)


def _lacking(session: SparkSession, dataset: Dataset, file: File, wanted: Sequence[str], size: int) -> list[str]:
    """Return the columns that the file's beginning lacks; nothing is said of a file that does not begin with a record.

    Raises:
        InputError: the whole file lacks one, or it has one of another case; or an undeclared one under ``fail``.
    """
    text = text_head(session, dataset, file, size)
    records = list(_records(text))
    found = list(dict.fromkeys(key for record in records for key in record))
    extra = [key for key in found if key not in file_columns(dataset)]
    lacking = [name for name in wanted if name not in found and json.dumps(name) not in text] if records else []
    if lacking and (_renamed(lacking[0], extra) or len(text) < size // 4):
        raise missing_column(dataset, file.uri, lacking[0], found, extra)
    if extra and dataset.on_drift == "fail":
        raise undeclared(dataset, file.uri, extra)
    return lacking


def _renamed(name: str, extra: Sequence[str]) -> bool:
    return any(key.lower() == name.lower() for key in extra)


def _search(session: SparkSession, dataset: Dataset, files: Sequence[File], doubtful: dict[str, list[str]]) -> None:
    names = sorted({name for lacking in doubtful.values() for name in lacking})
    there = [f"max(contains({quoted(LINE)}, {literal(json.dumps(name))})) AS k{n}" for n, name in enumerate(names)]
    lines = read_lines(session, dataset, files).selectExpr(quoted(LINE), "input_file_name() AS f")
    rows = lines.groupBy("f").agg(F.expr(f"struct({', '.join(there)})")).collect()
    by_file = {row[0]: row[1] for row in rows}
    for uri, lacking in doubtful.items():
        row: Any = next((each for name, each in by_file.items() if _same(name, uri)), None)
        missing = [name for name in lacking if row is not None and not row[f"k{names.index(name)}"]]
        if missing:
            raise missing_column(dataset, uri, missing[0], [], [])


def _same(named: str, uri: str) -> bool:
    from urllib.parse import unquote

    return unquote(named).endswith(unquote(uri).removeprefix("file:"))


def _records(text: str) -> Iterator[dict[str, Any]]:
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
