"""The records of text files as lines of text: decoded, with headers and blank lines apart, whatever the encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen
from pyspark.sql import functions as F

from etl.errors import InputError
from etl.model.dataset import Dataset
from etl.spark.hadoop import loaded
from etl.sql import literal, quoted
from etl.storage.listing import File, path_as_written

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LINE = "_headrace_line"
WHOLE_BYTES = 1 << 29  # of a file whose records may span lines: one Java string holds it
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")


@frozen
class Lines:
    """Text files as lines.

    Args:
        frame: ``LINE`` and the partition columns' texts.
        header_texts: how a line among them is written that is a file's header; repeated it is a corrupt record.
    """

    frame: DataFrame
    header_texts: tuple[str, ...] = ()


def is_whole_text(dataset: Dataset) -> bool:
    """Say whether files are read as one text each: records span lines, or a line end is no single byte."""
    several = dataset.spark_options.get("multiLine", "false").lower() == "true"
    return several or dataset.format == "xml" or dataset.rules.encoding.lower().startswith(("utf-16", "utf-32"))


def read_lines(session: SparkSession, dataset: Dataset, files: Sequence[File], *, whole: bool = False) -> DataFrame:
    """Return the files' lines as ``_line``, or each file as one, with the partition columns as texts.

    Raises:
        InputError: a file that must be read as one text is too large for it.
    """
    if whole:
        _refuse_large(dataset, files)
    partitions = "".join(f", {quoted(name)} STRING" for name in dataset.partitioned_by)
    reader = session.read.format("text").schema(f"{LINE} STRING{partitions}").option("wholetext", str(whole).lower())
    if dataset.partitioned_by:
        reader = reader.option("basePath", dataset.uri)
    separator = dataset.spark_options.get("lineSep")
    if separator and not whole:
        reader = reader.option("lineSep", separator)
    frame = loaded(session, reader, [path_as_written(file.uri) for file in files])
    encoding = dataset.rules.encoding
    if encoding.lower() not in _UTF8:
        frame = frame.withColumn(LINE, F.expr(_decoded(encoding)))
    return frame


def _decoded(encoding: str) -> str:
    name = "ISO-8859-1" if encoding.lower().replace("_", "-") in ("latin-1", "latin1") else encoding
    return f"decode(CAST({LINE} AS BINARY), {literal(name)})"


def _refuse_large(dataset: Dataset, files: Sequence[File]) -> None:
    large = next((file for file in files if file.size > WHOLE_BYTES), None)
    if large:
        raise InputError(
            f"dataset {dataset.name}: {large.uri} has {large.size} bytes, and with multiLine, in UTF-16 or of XML a "
            f"file is read as one text of at most {WHOLE_BYTES}",
            place=dataset.place,
            remedy="deliver it in parts, or as UTF-8 without line breaks inside records",
        )
