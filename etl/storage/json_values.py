"""JSON values as Spark's parser gives them, held to the contract: a number is never rounded, a text never cut.

Spark makes a double of every number with a fraction before it is a STRING, and a decimal of as many digits as it is
asked for. So decimals are asked for with more digits than declared, and texts that look like such a double are taken
from the record as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from etl.kinds.types import DIGITS, digits
from etl.model.schema import Column, parse_schema
from etl.model.text import TextRules
from etl.sql import literal, quoted
from etl.storage import values
from etl.storage.lines import LINE
from etl.storage.values import Conversion

LONG = "_headrace_long"  # the column that ``long_numbers`` fills
RUN = 9  # digits asked for behind those declared; more of them, and most numbers would be no Java long
_AS_THEY_ARE = ("BOOLEAN", *values.INTEGERS, "FLOAT", "DOUBLE", "STRING", "BINARY")


def raw_type(kind: str, rules: TextRules) -> str:
    """Return the type that the parser is asked for."""
    if kind.startswith("DECIMAL"):
        whole, scale = digits(kind)
        spelled = rules.decimal != "." or rules.thousands
        spare = min(RUN, DIGITS - whole)
        return "STRING" if spelled else f"DECIMAL({whole + spare},{scale + spare})"
    if kind in _AS_THEY_ARE:
        return kind
    if kind.startswith("ARRAY<"):
        return f"ARRAY<{raw_type(kind[6:-1], rules)}>"
    if kind.startswith("MAP<"):
        key, _, value = kind[4:-1].partition(", ")
        return f"MAP<{key}, {raw_type(value, rules)}>"
    if kind.startswith("STRUCT<"):
        return f"STRUCT<{', '.join(f'{quoted(c.name)}: {raw_type(c.type, rules)}' for c in _fields(kind))}>"
    return "STRING"


def conversion(column: Column, raw: str, rules: TextRules) -> Conversion:
    """Return how a column of the parser's types becomes one of the declared type."""
    return _converted(column.type, raw, rules, column.name)


def _converted(kind: str, raw: str, rules: TextRules, key: str | None) -> Conversion:
    """``key`` is that of a record's own column; None inside another value, where a record's text cannot tell it."""
    if kind.startswith("DECIMAL"):
        return _decimal(kind, raw, rules, key)
    if kind == "STRING":
        return _text(raw, key)
    if kind in ("FLOAT", "DOUBLE"):
        spelled = f"contains({quoted(LINE)}, 'Inf')"
        return Conversion(raw, f"coalesce(abs({raw}) = double('Infinity') AND NOT {spelled}, false)")
    if kind in _AS_THEY_ARE:
        return Conversion(raw, None)
    nested = _NESTED.get(kind.partition("<")[0])
    return nested(kind, raw, rules) if nested else values.conversion(kind, raw, rules)


def _decimal(kind: str, raw: str, rules: TextRules, key: str | None) -> Conversion:
    if raw_type(kind, rules) == "STRING":
        quoted_there = f"contains({quoted(LINE)}, concat('\"', {raw}, '\"'))"
        made = values.conversion(kind, raw, rules)
        return Conversion(made.value, f"({made.bad} OR ({raw} IS NOT NULL AND NOT {quoted_there}))")
    value = f"try_cast({raw} AS {kind})"
    if rules.round:
        return Conversion(value, f"({raw} IS NOT NULL AND {value} IS NULL)")
    line = quoted(LINE)
    small = _if(f"{raw} = 0", _if(f"contains(lower({line}), 'e-')", f"{line} RLIKE '[0-9][eE]-[0-9]'"))
    if key is not None:
        written = _key(key) + r'\s*"?([-+.0-9eE]*)'
        exact = literal(f"^(?:{values.accepted(kind, rules)})" + chr(92) + "z")
        inexact = f"NOT (regexp_extract({line}, {literal(written)}, 1) RLIKE {exact})"
        doubtful = _if(f"({LONG} OR {small})", inexact)
    else:  # which of a record's numbers it is cannot be told: a long fraction anywhere is one too many
        fraction = f"{line} RLIKE '[.][0-9]*(0{{{RUN}}}|9{{{RUN}}})'"
        doubtful = f"({_if(LONG, fraction)} OR {small})"
    there = quoted(key) if key is not None else value  # a projection below has it
    bad = f"{there} IS NULL OR {there} <> {raw} OR {doubtful}"
    return Conversion(value, f"({raw} IS NOT NULL AND coalesce({bad}, true))")


def _if(condition: str, then: str) -> str:
    """SQL for ``condition AND then`` that never looks at ``then`` in vain.

    Spark evaluates what stands twice in a projection once and for every row, though it stands behind an AND.
    """
    return f"IF({condition}, {then}, false)"


def long_numbers(schema: Iterable[Column], rules: TextRules) -> str:
    """SQL that is true for a line with a number of so many digits that the parser may have rounded some away.

    A decimal is asked for with ``RUN`` digits more: what is lost silently behind those begins with that many zeros or
    nines. Where its type leaves no room for them, every fraction is looked at that is longer than what was asked for.
    """
    every = [each for kind in schema for each in _decimals(kind.type)]
    line = quoted(LINE)
    if not every or rules.round or rules.decimal != "." or rules.thousands:
        return "false"
    tight = [scale + DIGITS - whole for whole, scale in every if DIGITS - whole < RUN]
    if tight:
        return f"{line} RLIKE '[.][0-9]{{{min(tight) + 1}}}|[0-9][eE]-|0{{{RUN}}}|9{{{RUN}}}'"
    return f"(contains({line}, '{'0' * RUN}') OR contains({line}, '{'9' * RUN}'))"


def _decimals(kind: str) -> list[tuple[int, int]]:
    return [digits(each) for each in re.findall(r"DECIMAL\(\d+,\d+\)", kind)]


def _text(raw: str, key: str | None) -> Conversion:
    bad = values.undecodable(raw)
    like_a_double = _if(f"{raw} >= '-' AND {raw} < ':'", f"{raw} RLIKE '^-?[0-9]+[.][0-9]+(E-?[0-9]+)?$'")
    no_number = f"{raw} IN ('\"NaN\"', '\"Infinity\"', '\"-Infinity\"')"
    if key is None:
        return Conversion(raw, f"({bad} OR coalesce({no_number}, false))")
    token, once = _token(quoted(LINE), key), f"regexp_count({quoted(LINE)}, {literal(_key(key))}) = 1"
    doubtful = f"({like_a_double} OR {no_number})"
    value = f"CASE WHEN {doubtful} THEN coalesce(nullif({token}, ''), {raw}) ELSE {raw} END"
    unknown = _if(f"coalesce({doubtful}, false)", f"(NOT ({once}) OR ({no_number} AND {token} = ''))")
    return Conversion(value, f"({bad} OR {unknown})")


def _key(key: str) -> str:
    return '"' + re.escape(key) + '"\\s*:'


def _token(line: str, key: str) -> str:
    """SQL for a number as the record writes it; empty where the key's value is no number."""
    number = _key(key) + r"\s*(-?[0-9][-+.0-9eE]*)"
    return f"regexp_extract({line}, {literal(number)}, 1)"


def _elements(kind: str, raw: str, rules: TextRules) -> Conversion:
    made = _converted(kind, "x", rules, None)
    value = raw if made.value == "x" else f"transform({raw}, x -> {made.value})"
    return Conversion(value, made.bad and f"coalesce(exists({raw}, x -> {made.bad}), false)")


def _map(kind: str, raw: str, rules: TextRules) -> Conversion:
    made = _converted(kind[4:-1].partition(", ")[2], "v", rules, None)
    value = raw if made.value == "v" else f"transform_values({raw}, (k, v) -> {made.value})"
    return Conversion(value, made.bad and f"coalesce(exists(map_values({raw}), v -> {made.bad}), false)")


def _struct(kind: str, raw: str, rules: TextRules) -> Conversion:
    fields = {c.name: _converted(c.type, f"{raw}.{quoted(c.name)}", rules, None) for c in _fields(kind)}
    bad = [made.bad for made in fields.values() if made.bad]
    if all(made.value == f"{raw}.{quoted(name)}" for name, made in fields.items()):
        value = raw
    else:
        inner = ", ".join(f"{literal(name)}, {made.value}" for name, made in fields.items())
        value = f"CASE WHEN {raw} IS NOT NULL THEN named_struct({inner}) END"
    return Conversion(value, f"({raw} IS NOT NULL AND ({' OR '.join(bad)}))" if bad else None)


_NESTED: dict[str, Callable[[str, str, TextRules], Conversion]] = {
    "MAP": _map,
    "STRUCT": _struct,
    "ARRAY": lambda kind, raw, rules: _elements(kind[6:-1], raw, rules),
}


def _fields(kind: str) -> tuple[Column, ...]:
    return parse_schema(kind[7:-1].replace(": ", " ")).columns if ":" in kind else ()
