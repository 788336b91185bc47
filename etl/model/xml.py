"""What a dataset of XML says of its files' shape: the row tag, and how attributes and texts become columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import frozen

from etl.model.schema import Schema

TAG = r"[^\s<>/\"'=&!?]+"
COMMENT, CDATA = r"<!--(?:[^-]++|-(?!-))*+-->", r"<!\[CDATA\[.*?\]\]>"
ASIDE = rf"{COMMENT}|{CDATA}|<\?.*?\?>|<!DOCTYPE[^\[<>]*+>"
"""What may stand between elements and is none, for Python's and Java's expressions; a DTD in the file may not."""
ROOT_ALONE = r"(?s)^\s*<([^\s<>/!?]+)(?:\s[^<>]*)?(?:/>|>\s*</\1\s*>)\s*$"
"""A text of one element with nothing in it."""


@frozen(kw_only=True)
class XmlShape:
    """Spark's names for the parts of a record.

    Args:
        row_tag: the element that is a record.
        prefix: what stands before an attribute's name where it is a column.
        value_tag: the column, or field, of an element's own text where it has attributes or elements too.
        without_namespaces: ``a:km`` is the column ``km``.
    """

    row_tag: str
    prefix: str = "_"
    value_tag: str = "_VALUE"
    without_namespaces: bool = False

    def is_single(self, name: str) -> bool:
        """Say whether XML itself allows a column of this name no more than once in an element."""
        return name.startswith(self.prefix) or name == self.value_tag


def xml_shape(options: Mapping[str, str]) -> XmlShape:
    """Return what the options of a dataset say, in any spelling that Spark takes."""
    given = {name.lower(): value for name, value in options.items()}
    return XmlShape(
        row_tag=given.get("rowtag", ""),
        prefix=given.get("attributeprefix", "_"),
        value_tag=given.get("valuetag", "_VALUE"),
        without_namespaces=given.get("ignorenamespace", "false").lower() == "true",
    )


def shape_problems(options: Mapping[str, str], schema: Schema | None) -> Iterator[str]:
    """Yield how options or columns are none that XML can be read by."""
    shape = xml_shape(options)
    if not shape.row_tag:
        yield 'an xml dataset needs the option rowTag, the element that is a record: options = { rowTag = "trip" }'
    elif not re.fullmatch(TAG, shape.row_tag):
        yield f"rowTag = {shape.row_tag!r} is no element's name; write it without angle brackets"
    if not shape.prefix:
        yield 'attributePrefix = "" would take attributes and elements for one; write a letter or more'
    if shape.value_tag in ("", shape.prefix):
        yield f"valueTag = {shape.value_tag!r} is no name beside attributePrefix = {shape.prefix!r}"
    for column in schema or ():
        if shape.prefix and shape.is_single(column.name) and column.type.startswith(("ARRAY<", "STRUCT<")):
            yield f"column {column.name!r} is {column.type}, and an attribute, or an element's own text, is one value"
        found = re.search(r"MAP<|ARRAY<ARRAY<", column.type)
        if found:
            instead = "a STRUCT, or an ARRAY of them" if found[0] == "MAP<" else "an ARRAY of a STRUCT with an ARRAY"
            yield f"column {column.name!r} is {column.type}, which no element of XML says; declare {instead}"
