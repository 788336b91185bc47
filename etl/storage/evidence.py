"""Cheap proofs that a text which Spark's cast takes has the contract's form; a text without one is searched.

Each proof counts on the cast: it accepts blanks and control letters around a value, signs, exponents, years of seven
digits, letters behind a day. What is left of those after a few comparisons is nothing but the form.
"""

from __future__ import annotations

from etl.kinds.types import digits
from etl.model.text import TextRules

PLAIN = 6  # digits behind a point up to which a decimal's text has no exponent, ANSI or not


def evident(kind: str, text: str, found: str, rules: TextRules) -> str | None:
    """Return SQL that is true only for a text of the accepted form; false or null says nothing.

    Args:
        kind: the declared type.
        text: the text, as SQL.
        found: what Spark's cast made of it, as SQL; not null.
        rules: how the dataset's texts are read.

    Returns:
        None for a type, or rules, whose form nothing cheaper than a search proves.
    """
    if kind == "BOOLEAN":
        return f"{text} IN ('true', 'false')"
    if kind == "DATE":
        return None if rules.date_format else _day(text, found)
    if kind.startswith("TIMESTAMP"):
        return None if rules.timestamp_format or rules.timestamp_unit else _instant(kind, text, found)
    return None if rules.thousands or rules.decimal != "." else _number(kind, text, found)


def _number(kind: str, text: str, found: str) -> str:
    """The text that Spark writes begins with this one: it is of the same letters, and a prefix that is a number."""
    begins = f"startswith(CAST({found} AS STRING), {text})"
    exponent = kind.startswith("DECIMAL") and digits(kind)[1] > PLAIN
    return f"({begins} AND NOT contains({text}, 'E'))" if exponent else begins


def _day(text: str, found: str) -> str:
    """Ten bytes, no sign or zero before the year, the second dash in its place, a digit at the end."""
    return (
        f"(octet_length({text}) = 10 AND {text} >= '1' AND {text} < ':' AND locate('-', {text}, 6) = 8 "
        f"AND {found} <= DATE'9999-12-31' AND {_ends_in_digit(text)})"
    )


def _instant(kind: str, text: str, found: str) -> str:
    """To the second, without a zone or in UTC: each sign between digits stands in its place."""
    placed = (
        f"{text} >= '1' AND {text} < ':' AND locate('-', {text}, 6) = 8 AND locate(':', {text}, 9) = 14 "
        f"AND locate(':', {text}, 15) = 17 AND {found} < {kind}'9999-12-30 00:00:00'"
    )
    ends = f"octet_length({text}) = 19 AND {_ends_in_digit(text)}"
    if kind == "TIMESTAMP":
        ends = f"IF(endswith({text}, 'Z'), octet_length({text}) = 20 AND {_ends_in_digit(text, behind=1)}, {ends})"
    return f"({placed} AND {ends})"


def _ends_in_digit(text: str, behind: int = 0) -> str:
    return f"locate(substring({text}, {-1 - behind}, 1), '0123456789') > 0"
