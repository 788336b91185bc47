"""Plain text, a line each, and lines of fixed columns; values are held to the contract like those of CSV."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from etl.model.dataset import Dataset
from etl.model.text import TextRules
from etl.sql import literal, quoted
from etl.storage.header import file_columns
from etl.storage.lines import LINE, Lines
from etl.storage.records import Parsed, settled
from etl.storage.values import conversion

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def parsed(lines: Lines, dataset: Dataset, rules: TextRules) -> DataFrame:
    """Return the files' lines in the declared columns, corrupt ones with their text and reason.

    A fixed column's value is what stands in it without the blanks around; nothing but blanks is null. A line may end
    early only within its last column.
    """
    names, line = file_columns(dataset), quoted(LINE)
    texts, whole = [line], "true"
    if dataset.format == "fixed-width":
        starts = [0, *accumulate(dataset.widths)]
        cuts = zip(starts, dataset.widths, strict=False)
        texts = [f"nullif(trim(substring({line}, {start + 1}, {width})), '')" for start, width in cuts]
        whole = f"(length({line}) BETWEEN {starts[-2] + 1} AND {starts[-1]})"
    fields = ", ".join(f"{literal(f'c{n}')}, {text}" for n, text in enumerate(texts))
    frame = lines.frame.selectExpr("*", f"named_struct({fields}) AS _headrace_r")
    kinds = {column.name: column.type for column in dataset.schema or ()}
    columns = {name: conversion(kinds[name], f"_headrace_r.c{n}", rules, quoted(name)) for n, name in enumerate(names)}
    return settled(frame, Parsed(columns=columns, whole=whole, plain=whole), lines, dataset, rules)
