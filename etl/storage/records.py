"""Parsed records become rows: declared columns in order, and for what is no record its text and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from etl.model.dataset import Dataset
from etl.model.text import TextRules
from etl.sql import literal, quoted
from etl.storage.lines import LINE, Lines
from etl.storage.reading import HEADER_AGAIN
from etl.storage.values import Conversion, conversion

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CORRUPT, REASON = "_corrupt_record", "_corrupt_reason"
SURE = "_headrace_sure"
MOST = 100  # columns; more of them make one expression too large for what it saves


@frozen(kw_only=True)
class Parsed:
    """What a format made of its lines.

    Args:
        columns: for each declared column that stands in the files, how its value is made.
        whole: SQL that is true for a line that is one record; never null.
        broken: what is said of the others.
        kept: further columns that the conversions ask for.
        reasons: SQL of further reasons why a line is no record; null where it is not for that one.
        plain: SQL that is true only for a line that is one record, at little cost; None where only ``whole`` tells.
    """

    columns: Mapping[str, Conversion]
    whole: str
    broken: str = "no record of these columns"
    kept: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    plain: str | None = None


def settled(frame: DataFrame, parsed: Parsed, lines: Lines, dataset: Dataset, rules: TextRules) -> DataFrame:
    """Return the declared columns in order, ``_corrupt_record`` and ``_corrupt_reason``; null where a row is good.

    A record whose one value is no value of its type is corrupt as a whole: its other columns are not believed either.
    """
    kept = [quoted(LINE), *map(quoted, dataset.partitioned_by), "_headrace_r", *parsed.kept]
    valued = frame.selectExpr(*kept, *(f"{made.value} AS {quoted(name)}" for name, made in parsed.columns.items()))
    reasons = [*parsed.reasons, f"CASE WHEN NOT {parsed.whole} THEN {literal(parsed.broken)} END"]
    if lines.header_texts:
        texts = ", ".join(map(literal, lines.header_texts))
        reasons.insert(0, f"CASE WHEN {quoted(LINE)} IN ({texts}) THEN '{HEADER_AGAIN}' END")
    kinds = {column.name: column.type for column in dataset.schema or ()}
    reasons += [
        f"CASE WHEN {made.bad} THEN {literal(_said(name, kinds[name], rules))} END"
        for name, made in parsed.columns.items()
        if made.bad
    ]
    columns, broken = _columns(dataset, list(parsed.columns), rules), first_of(reasons)
    if parsed.plain and len(parsed.columns) <= MOST:
        valued = valued.selectExpr("*", f"{_sure(parsed, lines)} AS {SURE}")
        told = f"IF({SURE}, NULL, {seldom(broken)})"
        record = f"IF({SURE}, NULL, IF({told} IS NULL, NULL, {quoted(LINE)}))"
        return valued.selectExpr(*columns, f"{record} AS {CORRUPT}", f"{told} AS {REASON}")
    reason = valued.selectExpr("*", f"{broken} AS {REASON}")
    corrupt = f"CASE WHEN {REASON} IS NOT NULL THEN {quoted(LINE)} END AS {CORRUPT}"
    return reason.selectExpr(*columns, corrupt, REASON)


def seldom(sql: str) -> str:
    """Return SQL of the same value that is interpreted: searches make code that is too long to be compiled."""
    return f"transform(array(0), _headrace_i -> {sql})[0]"


def _sure(parsed: Parsed, lines: Lines) -> str:
    """SQL that is true only for a good row, by comparisons that cost next to nothing; never null."""
    texts = ", ".join(map(literal, lines.header_texts))
    header = [f"NOT {quoted(LINE)} IN ({texts})"] if texts else []
    conditions = [parsed.plain or "false", *header, *(made.sure for made in parsed.columns.values() if made.bad)]
    return f"coalesce({' AND '.join(f'({condition})' for condition in conditions)}, false)"


def _said(name: str, kind: str, rules: TextRules) -> str:
    return f"{name} is no {f'{rules.encoding} text' if kind == 'STRING' else kind}"


def first_of(conditions: Sequence[str]) -> str:
    """Return SQL for the first that is not null; flat, so that two thousand of them do not overflow a stack."""
    return f"coalesce({', '.join(conditions)})" if len(conditions) > 1 else conditions[0]


def _columns(dataset: Dataset, in_files: Sequence[str], rules: TextRules) -> list[str]:
    found = []
    for column in dataset.schema or ():
        name = quoted(column.name)
        if column.name in in_files:
            found.append(name)
        elif column.name in dataset.partitioned_by:
            made = name if column.type == "STRING" else conversion(column.type, name, rules).value
            found.append(f"{made} AS {name}")
        else:
            found.append(f"CAST(NULL AS {column.type}) AS {name}")
    return found
