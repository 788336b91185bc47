"""The contract: which text is a value of a type. CSV, text in JSON and partition folders are held to it alike.

A text is a value if its whole form is accepted and Spark's cast takes it without a change; anything else is corrupt.
Spark's own readers take more: ``12,50`` is 1250, ``06:00`` today at six, ``2013-02-08 or so`` a day.
docs/reading.md has the table for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import frozen

from etl.kinds.types import digits
from etl.model.text import TextRules
from etl.sql import literal
from etl.storage.evidence import evident

INTEGERS = ("TINYINT", "SMALLINT", "INT", "BIGINT")
TEXTS = ("STRING", "BINARY")
ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6}0*)?)?"
UNITS = {"s": ("timestamp_seconds", 1), "ms": ("timestamp_millis", 1000), "us": ("timestamp_micros", 1_000_000)}
FIRST, LAST = -62_135_596_800, 253_402_300_799  # 0001-01-01 to 9999-12-31, in seconds since 1970


@frozen
class Conversion:
    """A value made of a text, as SQL.

    Args:
        value: the expression of the declared type; null where the text is null or cannot be converted.
        bad: true where there is a text that is no value; never null. None where every text is one.
        good: true only where ``bad`` is false, at little cost; None where only ``bad`` tells.
    """

    value: str
    bad: str | None
    good: str | None = None

    @property
    def sure(self) -> str:
        """SQL that is true only for a text, or none, that is not bad; false or null says nothing."""
        return self.good or (f"NOT {self.bad}" if self.bad else "true")


def accepted(kind: str, rules: TextRules) -> str | None:
    """Return the form of a type's text, for Python's and Java's regular expressions; None where any text is one.

    A declared ``date_format`` or ``timestamp_format`` has no form of its own: its parser takes whole texts only.
    """
    if kind in INTEGERS or kind.startswith("DECIMAL") or kind in ("FLOAT", "DOUBLE"):
        return _number_form(kind, rules)
    if kind == "BOOLEAN":
        return "(?i:true|false)"
    if kind == "DATE":
        return None if rules.date_format else _DAY
    if not kind.startswith("TIMESTAMP") or rules.timestamp_format:
        return None
    zone = f"{ZONE}?" if kind == "TIMESTAMP" else ""
    return "[+-]?[0-9]+" if rules.timestamp_unit else f"{_DAY}(?:{_TIME}{zone})?"


def _number_form(kind: str, rules: TextRules) -> str:
    point, group = re.escape(rules.decimal), re.escape(rules.thousands)
    whole = f"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]*)" if group else "[0-9]*"
    if kind in INTEGERS:
        return f"[+-]?(?=[0-9]){whole}"
    start = f"[+-]?(?={point}?[0-9]){whole}"
    if kind in ("FLOAT", "DOUBLE"):
        return f"{start}(?:{point}[0-9]*)?(?:[eE][+-]?[0-9]+)?|NaN|[+-]?Inf(?:inity)?"
    scale = digits(kind)[1]
    return f"{start}(?:{point}[0-9]*)?" if rules.round else f"{start}(?:{point}[0-9]{{0,{scale}}}0*)?"


def conversion(kind: str, text: str, rules: TextRules, ref: str | None = None) -> Conversion:
    """Return how a text column, given as SQL, becomes a value of a type that CSV can hold.

    ``ref`` is SQL by which ``bad`` may call the value, where a projection below has it: else it is converted twice.
    """
    if kind in TEXTS:
        return Conversion(text if kind == "STRING" else f"CAST({text} AS BINARY)", undecodable(text))
    value, kept = _of(kind)(kind, text, rules, ref)
    found = ref or value
    form = accepted(kind, rules)
    proof = evident(kind, text, found, rules)
    shaped = f"{text} RLIKE {literal(f'^(?:{form})' + chr(92) + 'z')}" if form else None
    if proof:  # a search costs several times what the conversion does; behind an OR it may run for every row
        shaped = f"IF({proof}, true, {shaped})"
    there = f"{found} IS NOT NULL"
    bad = f"({text} IS NOT NULL AND NOT ({' AND '.join(each for each in (there, shaped, kept) if each)}))"
    held = [there, proof, kept] if proof else []
    return Conversion(value, bad, f"IF({text} IS NULL, true, {' AND '.join(filter(None, held))})" if proof else None)


def undecodable(text: str) -> str:
    """Return SQL that is true for a text with bytes that are none of its encoding, or with a NUL."""
    return f"coalesce(contains({text}, '\ufffd') OR contains({text}, '\\0'), false)"


_How = Callable[[str, str, TextRules, "str | None"], "tuple[str, str | None]"]


def _of(kind: str) -> _How:
    if kind == "DATE":
        return _date
    if kind in ("TIMESTAMP", "TIMESTAMP_NTZ"):
        return _timestamp
    return _float if kind in ("FLOAT", "DOUBLE") else _number


def _plain(text: str, rules: TextRules) -> str:
    ungrouped = f"replace({text}, {literal(rules.thousands)}, '')" if rules.thousands else text
    return ungrouped if rules.decimal == "." else f"replace({ungrouped}, {literal(rules.decimal)}, '.')"


def _number(kind: str, text: str, rules: TextRules, _: str | None) -> tuple[str, str | None]:
    return f"try_cast({_plain(text, rules)} AS {kind})", None


def _float(kind: str, text: str, rules: TextRules, ref: str | None) -> tuple[str, str | None]:
    """An overflow to infinity or an underflow to zero changes the value; infinity itself must be spelled."""
    value = f"try_cast({_plain(text, rules)} AS {kind})"
    found = ref or value
    grew = f"abs({found}) = double('Infinity') AND NOT contains({text}, 'Inf')"
    shrank = f"{found} = 0 AND {text} RLIKE '^[^eE]*[1-9]'"
    return value, f"NOT ({grew}) AND NOT ({shrank})"


def _date(_: str, text: str, rules: TextRules, ref: str | None) -> tuple[str, str | None]:
    if rules.date_format is None:
        return f"try_cast({text} AS DATE)", None
    value = f"CAST(try_to_timestamp({text}, {literal(rules.date_format)}) AS DATE)"
    return value, f"year({ref or value}) BETWEEN 1 AND 9999"


def _timestamp(kind: str, text: str, rules: TextRules, _: str | None) -> tuple[str, str | None]:
    """Zone-less texts are of the dataset's zone: the earlier of two instants, corrupt where the clock skipped it."""
    if rules.timestamp_unit:
        function, factor = UNITS[rules.timestamp_unit]
        number = f"try_cast({text} AS BIGINT)"
        inside = f"{number} BETWEEN {FIRST * factor} AND {LAST * factor + factor - 1}"
        return _as(kind, f"CASE WHEN {inside} THEN {function}({number}) END"), None
    form = rules.timestamp_format
    parsed = f"try_to_timestamp({text}, {literal(form)})" if form else f"try_cast({text} AS TIMESTAMP)"
    held = f"year({parsed}) BETWEEN 1 AND 9999" if form else None
    if kind == "TIMESTAMP_NTZ":
        return _as(kind, parsed), held
    zoned = any(letter in "XxZzVO" for letter in "".join(form.split("'")[::2])) if form else False
    if rules.time_zone == "UTC" or zoned:
        return parsed, held
    zone = literal(rules.time_zone)
    local = f"to_utc_timestamp({parsed}, {zone})"
    exists = f"from_utc_timestamp({local}, {zone}) = {parsed}"
    if form:
        return local, f"{held} AND {exists}"
    names_one = f"{text} RLIKE {literal(ZONE + '$')}"
    return f"CASE WHEN {names_one} THEN {parsed} ELSE {local} END", f"({names_one} OR {exists})"


def _as(kind: str, instant: str) -> str:
    return f"CAST({instant} AS TIMESTAMP_NTZ)" if kind == "TIMESTAMP_NTZ" else instant
