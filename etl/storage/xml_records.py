"""XML: each element of the row tag is a record, cut out as text; what stands around the records must be XML as well.

Spark's reader of XML files gives up at a file's first fault: the rest is one corrupt record with the file's whole text,
and a root that is never closed is none. So records are cut here, and Spark's parser (``from_xml``) is given each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from etl.errors import PlatformError
from etl.model.dataset import Dataset
from etl.model.text import TextRules
from etl.model.xml import ASIDE, CDATA, COMMENT, ROOT_ALONE, XmlShape, xml_shape
from etl.sql import literal, quoted
from etl.storage.lines import LINE, Lines
from etl.storage.records import Parsed, settled
from etl.storage.xml_values import conversion, raw_fields, repeated, stray, text_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AROUND, REST, CHECKED, BROKEN = "_headrace_around", "_headrace_rest", "_headrace_checked", "_headrace_c"
OPTIONS = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": BROKEN, "ignoreSurroundingSpaces": "false"}
MOST = 1000  # letters shown of what stands around the records


def check_parser(session: SparkSession, dataset: Dataset) -> None:
    """Refuse XML where Spark has no parser of it.

    Raises:
        PlatformError: Spark 3.5.
    """
    if not session.catalog.functionExists("from_xml"):
        raise PlatformError(
            f"dataset {dataset.name}: Spark {session.version} cannot read XML; nothing was read or written",
            place=dataset.place,
            remedy="run it on Spark 4, which has a parser of XML, or have the dataset delivered as JSON or CSV",
        )


def parsed(lines: Lines, dataset: Dataset, rules: TextRules) -> DataFrame:
    """Return the records of files, a text each, in the declared columns; corrupt ones with their text and reason."""
    shape, line = xml_shape(dataset.spark_options), quoted(LINE)
    declared = [column for column in dataset.schema or () if column.name not in dataset.partitioned_by]
    carried = [quoted(name) for name in dataset.partitioned_by]
    frame = _records(lines.frame, dataset, shape, carried)
    fields = f"{raw_fields(declared, shape)}, {BROKEN} STRING"
    record = f"IF({AROUND} IS NULL, {_from_xml(line, fields, dataset.spark_options)}, NULL)"
    texts = {column.name: text_of(column, "p", shape) for column in declared}
    named = ["'p', p", *(f"{literal(f'c{n}')}, {text}" for n, text in enumerate(texts.values()) if text)]
    # Behind an explosion the parser runs once a record: a filter would be moved below it, each column with a parser.
    parsing = f"explode(transform(array({record}), p -> named_struct({', '.join(named)}))) AS _headrace_r"
    frame = frame.selectExpr(*carried, line, AROUND, parsing)
    found = "_headrace_r.p"
    columns = {
        column.name: conversion(column, found, rules, shape, f"_headrace_r.c{n}" if texts[column.name] else None)
        for n, column in enumerate(declared)
    }
    reasons = [
        f"CASE WHEN {repeated(f'{found}.{quoted(each.name)}')} THEN {literal(f'{each.name} is there twice')} END"
        for each in declared
        if not each.type.startswith("ARRAY<") and not shape.is_single(each.name)
    ]
    between = stray(found, declared, shape)
    whole = f"({AROUND} IS NULL AND {found} IS NOT NULL AND {found}.{BROKEN} IS NULL)"
    made = Parsed(
        columns=columns,
        whole=whole,
        plain=f"{whole} AND NOT {between}",
        broken="no XML record",
        kept=(AROUND,),
        reasons=(AROUND, f"CASE WHEN {between} THEN 'text between its elements' END", *reasons),
    )
    return settled(frame, made, lines, dataset, rules)


def _records(frame: DataFrame, dataset: Dataset, shape: XmlShape, carried: list[str]) -> DataFrame:
    """Cut files into records, and one more of what is left over where that is not what may stand around records."""
    line, cut, opening = quoted(LINE), literal(record_pattern(shape)), literal(f"<{re.escape(shape.row_tag)}[\\s/>]")
    found = f"filter(regexp_extract_all({line}, {cut}, 0), p -> startswith(p, {literal(f'<{shape.row_tag}')}))"
    rest = f"regexp_replace({line}, {cut}, '')"
    frame = frame.selectExpr(*carried, f"{found} AS {line}", f"{rest} AS {REST}")
    # Between two tags of our own everything must be elements: one that is cut, or closed twice, shows.
    wrapped = _from_xml(f"concat('<h>', {REST}, '</h>')", f"_VALUE STRING, {BROKEN} STRING", {})
    frame = frame.selectExpr(*carried, line, REST, f"{wrapped} AS {CHECKED}")
    wrong = [
        f"WHEN {CHECKED}.{BROKEN} IS NOT NULL AND {REST} RLIKE {opening} THEN 'a record without an end'",
        f"WHEN {CHECKED}.{BROKEN} IS NOT NULL THEN 'no XML around the records'",
        f"WHEN {CHECKED}._VALUE RLIKE {literal(chr(92) + 'S')} THEN 'text outside of any element'",
    ]
    if not dataset.allow_empty:
        nothing = f"size({line}) = 0 AND NOT {REST} RLIKE {literal(ROOT_ALONE)}"
        wrong.append(f"WHEN {nothing} THEN {literal(f'no <{shape.row_tag}> in the file')}")
    frame = frame.selectExpr(*carried, line, REST, f"CASE {' '.join(wrong)} END AS {AROUND}")
    begins = f"regexp_instr({REST}, {opening})"
    shown = f"IF({begins} > 0, substring({REST}, {begins}), left({REST}, {MOST}))"
    more = f"IF({AROUND} IS NULL, array(), array(named_struct('line', {shown}, 'around', {AROUND})))"
    each = f"transform({line}, p -> named_struct('line', p, 'around', CAST(NULL AS STRING)))"
    frame = frame.selectExpr(*carried, f"explode(concat({each}, {more})) AS _headrace_x")
    return frame.selectExpr(*carried, f"_headrace_x.line AS {line}", f"_headrace_x.around AS {AROUND}")


def record_pattern(shape: XmlShape) -> str:
    """Return the form of a record, and of what is none though it may hold one, for Java's regular expressions.

    Every repetition is possessive: Java then needs no stack for it, however long the record is.
    """
    tag = re.escape(shape.row_tag)
    start = rf"<{tag}(?=[\s/>])(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>"
    inside = rf"(?:[^<]++|{COMMENT}|{CDATA}|<(?!/{tag}\s*>))*+"
    return rf"(?s){ASIDE}|{start}(?:(?<=/>)|{inside}</{tag}\s*>)"


def _from_xml(text: str, ddl: str, given: Mapping[str, str]) -> str:
    options = {**OPTIONS, **{key: value for key, value in given.items() if key != "rowTag"}}
    pairs = ", ".join(f"{literal(key)}, {literal(value)}" for key, value in options.items())
    return f"from_xml({text}, {literal(ddl)}, map({pairs}))"
