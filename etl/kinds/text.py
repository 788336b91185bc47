"""Texts in which a Java regular expression is found, or not."""

from __future__ import annotations

from etl.kinds.judgement import of_rows
from etl.kinds.kind import Arguments, Kind, Level, RowRule, Types, by_row, unless_missing
from etl.kinds.regex import refused
from etl.kinds.values import seen
from etl.sql import literal, quoted

TEXT = frozenset({"STRING"})


def _matches(arguments: Arguments, _: Types) -> RowRule:
    return unless_missing(f"{quoted(arguments['column'])} IS NULL", _found(arguments))


def _does_not(arguments: Arguments, _: Types) -> RowRule:
    return unless_missing(f"{quoted(arguments['column'])} IS NULL", f"NOT ({_found(arguments)})")


def _found(arguments: Arguments) -> str:
    return f"{quoted(arguments['column'])} RLIKE {literal(arguments['regex'])}"


def _check(arguments: Arguments, _: Types) -> str | None:
    regex = arguments["regex"]
    if not isinstance(regex, str):
        return f"regex={seen(regex)} is not text"
    wrong = refused(regex)
    return f"regex={seen(regex)} {wrong}" if wrong else None


def _words(arguments: Arguments) -> list[str]:
    return [f"/{arguments['regex']}/"]


KINDS = (
    Kind(
        type="expect_column_values_to_match_regex",
        level=Level.ROW,
        arguments=("column", "regex"),
        options=("mostly",),
        accepts=TEXT,
        compile=by_row(_matches),
        judge=of_rows,
        words=_words,
        check=_check,
    ),
    Kind(
        type="expect_column_values_to_not_match_regex",
        level=Level.ROW,
        arguments=("column", "regex"),
        options=("mostly",),
        accepts=TEXT,
        compile=by_row(_does_not),
        judge=of_rows,
        words=_words,
        check=_check,
    ),
)
