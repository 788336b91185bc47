"""Which declared columns an XML file has at all, whether it has records, and which encoding it says it has."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.parsers import expat  # knows no file but the text it is given; a DTD ends the look

from etl.errors import InputError
from etl.model.dataset import Dataset
from etl.model.xml import ASIDE, ROOT_ALONE, XmlShape, xml_shape
from etl.sql import literal, quoted
from etl.storage import keys
from etl.storage.header import missing_column
from etl.storage.lines import LINE
from etl.storage.listing import File

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SAID = re.compile(r"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)""")
NOT_COLUMNS = ("xmlns", "xsi:")


def check(session: SparkSession, dataset: Dataset, files: Sequence[File]) -> None:
    """Refuse files that have no record, never a declared column, or an undeclared one where ``on_drift`` is ``fail``.

    A file of nothing but its root has no rows; with ``allow_empty`` neither has one without the row tag.

    Raises:
        InputError: with the file, and what it lacks; or it says that it has another encoding than the declared one.
    """
    shape = xml_shape(dataset.spark_options)
    row = f"<{shape.row_tag}>"  # no name of a column: no element is called so

    def records(uri: str, text: str) -> Iterator[list[str]]:
        _check_encoding(dataset, uri, text)
        return iter(_records(text, shape))

    def needed(text: str) -> list[str]:
        there = (
            dataset.allow_empty
            or re.search(_pattern(row, shape), text)
            or re.match(ROOT_ALONE, re.sub(f"(?s){ASIDE}", "", text))
        )
        return [] if there else [row]

    def missing(of: Dataset, uri: str, name: str, names: Sequence[str], extra: Sequence[str]) -> InputError:
        return _no_record(of, uri, row) if name == row else missing_column(of, uri, name, names, extra)

    looks = keys.Keys(
        records=records,
        written=lambda name, text: re.search(_pattern(name, shape), text) is not None,
        sql=lambda name: f"{quoted(LINE)} RLIKE {literal(_pattern(name, shape))}",
        needed=needed,
        missing=missing,
    )
    keys.check(session, dataset, files, looks)


def _pattern(name: str, shape: XmlShape) -> str:
    """Return how a column, or the row tag in its brackets, stands in a text."""
    if name.startswith("<"):
        return rf"{re.escape(name[:-1])}[\s/>]"
    if name == shape.value_tag:
        return ">[^<]"
    colon = r"(?:[^<>/\s]*:)?" if shape.without_namespaces else ""
    attribute = rf"|\s{colon}{re.escape(name.removeprefix(shape.prefix))}\s*=" if shape.is_single(name) else ""
    return rf"<{colon}{re.escape(name)}[\s/>]{attribute}"


def _no_record(dataset: Dataset, uri: str, row: str) -> InputError:
    return InputError(
        f"dataset {dataset.name}: {uri} has no element {row}, and rowTag says that it is a record",
        place=dataset.place,
        remedy="mend rowTag, or the delivery: a day without rows is the root element alone; with allow_empty = true a "
        "file may be without records",
    )


def _check_encoding(dataset: Dataset, uri: str, text: str) -> None:
    said, read_as = SAID.match(text), dataset.rules.encoding
    if said and _family(said[1]) not in (_family(read_as), "ascii"):
        raise InputError(
            f"dataset {dataset.name}: {uri} says that it is {said[1]}, read as {read_as}",
            place=dataset.place,
            remedy=f'set encoding = "{said[1].lower()}" for the dataset',
        )


def _family(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name.removesuffix("-le").removesuffix("-be")
    except LookupError:
        return encoding.lower()


def _records(text: str, shape: XmlShape) -> list[list[str]]:
    """Return the names in each record that a text begins with, up to where it is no XML or the text is cut."""
    found: list[list[str]] = []
    path: list[str] = []
    start = 0  # how deep the record's own elements lie; 0 outside of one

    def opened(tag: str, attributes: dict[str, str]) -> None:
        nonlocal start
        if start and len(path) == start:
            found[-1].append(_bare(tag, shape))
        path.append(tag)
        if not start and tag == shape.row_tag:
            start = len(path)
            names = [name for name in attributes if not name.startswith(NOT_COLUMNS)]
            found.append([shape.prefix + _bare(name, shape) for name in names])

    def closed(_: str) -> None:
        nonlocal start
        path.pop()
        start = start if len(path) >= start else 0

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.StartDoctypeDeclHandler = _stop
    try:
        parser.Parse(text, False)
    except (expat.ExpatError, _DoctypeError):  # the records behind are looked at by Spark's parser
        return found
    return found


class _DoctypeError(Exception):
    """A DTD may define entities, and what they are is never looked up."""


def _stop(*_: object) -> None:
    raise _DoctypeError


def _bare(name: str, shape: XmlShape) -> str:
    return name.rpartition(":")[2] if shape.without_namespaces else name
