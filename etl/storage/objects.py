"""JSON: every record of a line is read, each wrapped with a sentinel behind it so that nothing after it is lost.

``{"r": RECORD, "e": 1}`` parses, and ``e`` is 1, only where RECORD is one whole value. Spark's reader stops after the
first value of a line and says nothing of the rest, which is how a delivery stream writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from etl.model.dataset import Dataset
from etl.model.text import TextRules
from etl.sql import literal, quoted
from etl.storage.json_values import LONG, conversion, long_numbers, raw_type
from etl.storage.lines import LINE, Lines
from etl.storage.records import Parsed, settled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# de-LI writes 1’234.5: in texts for decimals a comma is then no sign of a number, where Spark else leaves commas out.
OPTIONS = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "c", "locale": "de-LI"}
RECORD = "_headrace_r"
WHOLE = f"({RECORD} IS NOT NULL)"
BETWEEN = r"(?<=[}\]])\s*(?=[{\[])"


def parsed(lines: Lines, dataset: Dataset, rules: TextRules) -> DataFrame:
    """Return the files' records in the declared columns, corrupt ones with their text and reason."""
    declared = [column for column in dataset.schema or () if column.name not in dataset.partitioned_by]
    inner = ", ".join(f"{quoted(column.name)}: {raw_type(column.type, rules)}" for column in declared)
    frame = records(lines, f"STRUCT<{inner}>", dataset).withColumn(LONG, F.expr(long_numbers(declared, rules)))
    columns = {column.name: conversion(column, f"{RECORD}.{quoted(column.name)}", rules) for column in declared}
    made = Parsed(columns=columns, whole=WHOLE, broken="no JSON record of these types", kept=(LONG,))
    return settled(frame, made, lines, dataset, rules)


def records(lines: Lines, record: str, dataset: Dataset) -> DataFrame:
    """Return a row for each record: its text as ``LINE``, what was parsed as ``RECORD``, null where it is no record.

    Args:
        lines: of the files.
        record: the type of a record, as DDL.
        dataset: whose options the parser is given.
    """
    frame = lines.frame.withColumn(
        "_headrace_p", F.expr(_sql_parse(quoted(LINE), f"r {record}, e INT, c STRING", dataset))
    )
    carried = [quoted(name) for name in dataset.partitioned_by]
    frame = frame.selectExpr(*carried, f"explode({_records(record, dataset)}) AS _headrace_x")
    return frame.selectExpr(*carried, f"_headrace_x.line AS {quoted(LINE)}", f"_headrace_x.r AS {RECORD}")


def _records(record: str, dataset: Dataset) -> str:
    """SQL for a line's records: mostly one; a list's; or several, one behind the other."""
    line, nothing = quoted(LINE), f"CAST(NULL AS {record})"
    single = f"array(named_struct('line', {line}, 'r', _headrace_p.r))"
    broken = f"array(named_struct('line', {line}, 'r', {nothing}))"
    listed = _sql_parse(line, f"r ARRAY<{record}>, e INT, c STRING", dataset)
    element = "transform(l.r, x -> named_struct('line', coalesce(to_json(x), 'null'), 'r', x))"
    of_list = f"transform(array({listed}), l -> CASE WHEN l.e = 1 AND l.c IS NULL THEN {element} ELSE {broken} END)[0]"
    several = _several(record, dataset, broken)
    good = "_headrace_p.e = 1 AND _headrace_p.c IS NULL AND _headrace_p.r IS NOT NULL"
    return f"CASE WHEN {good} THEN {single} WHEN startswith(ltrim({line}), '[') THEN {of_list} ELSE {several} END"


def _several(record: str, dataset: Dataset, broken: str) -> str:
    """SQL for the records of a line with more than one; a line with anything else in it is corrupt as a whole."""
    found = f"transform(array({_sql_parse('p', f'r {record}, e INT, c STRING', dataset)}), q -> {_GOOD})[0]"
    sound = f"coalesce({_sql_parse('p', 'e INT', dataset)}.e = 1, false)"
    piece = f"named_struct('line', p, 'r', {found}, 'sound', {sound})"
    pieces = f"transform(split({quoted(LINE)}, {literal(BETWEEN)}), p -> {piece})"
    plain = "transform(a, x -> named_struct('line', x.line, 'r', x.r))"
    return f"transform(array({pieces}), a -> CASE WHEN exists(a, x -> NOT x.sound) THEN {broken} ELSE {plain} END)[0]"


_GOOD = "CASE WHEN q.e = 1 AND q.c IS NULL THEN q.r END"


def _wrapped(text: str) -> str:
    return f"concat('{{\"r\":', {text}, ',\"e\":1}}')"


def _sql_parse(text: str, ddl: str, dataset: Dataset) -> str:
    options = {**dataset.spark_options, **OPTIONS}
    pairs = ", ".join(f"{literal(key)}, {literal(value)}" for key, value in options.items() if key not in _NOT_PARSERS)
    return f"from_json({_wrapped(text)}, {literal(ddl)}, map({pairs}))"


_NOT_PARSERS = ("multiLine", "lineSep", "layout")
