"""JSON lines that need no parser: laid out as the file's first record, each value in the plainest form of its type.

Spark gives its JSON parser a reader of its own for each line, half as much again as parsing costs. A line that is cut
at ``,"`` into as many pieces as the first record has keys, each piece one of those keys and a value that a few
comparisons prove, is a whole record. Every other line is left to the parser: nulls are plain, a key left out is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from etl.model.text import NO_RULES, TextRules
from etl.sql import literal, quoted
from etl.storage import values
from etl.storage.evidence import evident
from etl.storage.lines import LINE

MOST = 100  # columns; more of them make one expression too large for what it saves
PIECES, PLAIN = "_headrace_pieces", "_headrace_plain"
NOTHING = "\u0001"  # stands for what is no plain value; no form has it, and no text in JSON
_SPECIAL = "[" + "".join(f"\\x{n:02x}" for n in (*range(32), ord('"'), ord("\\"))) + "\ufffd]"
_QUOTED = ("STRING", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ")


@frozen
class Keys:
    """The keys of a record in its order, and whether a blank follows each comma and colon, as Python writes them."""

    names: tuple[str, ...] = ()
    spaced: bool = False


@frozen
class Layout:
    """Columns to put on a frame of lines, one projection above the other.

    Args:
        pieces: the line in pieces.
        texts: a text for each column, by the column's name: null for null, ``NOTHING`` for what is not plain.
        found: a value of the declared type for each.
        plain: true for a line that is one record, and nothing else; never null.
    """

    pieces: str
    texts: Mapping[str, str]
    found: Mapping[str, str]
    plain: str


def layout(first: Keys, kinds: Mapping[str, str], rules: TextRules) -> Layout | None:
    """Return how lines like a first record are read; None where a key or a type has no plain form.

    Args:
        first: the first record's keys.
        kinds: the declared columns' types, by name.
        rules: how the dataset's texts are read.
    """
    keys, blank = first.names, " " if first.spaced else ""
    plain_keys = all(key.isprintable() and not set(key) & {'"', "\\"} for key in keys)
    spelled = rules.decimal != "." or bool(rules.thousands)
    if not keys or len(keys) > MOST or spelled or not plain_keys or not set(keys) <= set(kinds):
        return None
    if any(kind not in _QUOTED and _form(kind) is None for kind in kinds.values()):
        return None
    texts, found, plain = {}, {}, [f"{PIECES} IS NOT NULL AND size({PIECES}) = {len(keys)}"]
    for n, key in enumerate(keys):
        kind, text = kinds[key], quoted(f"_headrace_t{n}")
        start, last = '{"' if n == 0 else "", "}" if n == len(keys) - 1 else ""
        cut = _text if kind in _QUOTED else _bare
        texts[f"_headrace_t{n}"] = cut(f"get({PIECES}, {n})", f'{start}{key}":{blank}', last)
        found[key], proof = _value(kind, text, quoted(_column(n)), rules)
        plain += [f"IF({text} IS NULL, true, {proof})"] if proof else []
    strings = [
        quoted(f"_headrace_t{n}")
        for n, key in enumerate(keys)
        if kinds[key] == "STRING" or (kinds[key] in _QUOTED and not _iso(rules))
    ]
    if strings:
        plain.append(f"NOT concat_ws('', {', '.join(strings)}) RLIKE {literal(_SPECIAL)}")
    return Layout(
        pieces=f"split({quoted(LINE)}, ',{blank}\"')",
        texts=texts,
        found={_column(n): found[key] for n, key in enumerate(keys)},
        plain=f"coalesce({' AND '.join(plain)}, false)",
    )


def _column(number: int) -> str:
    return f"_headrace_v{number}"


def value_of(first: Keys, name: str, kind: str) -> str:
    """Return SQL for a plain line's value of a column; null where the layout has no such key."""
    return quoted(_column(first.names.index(name))) if name in first.names else f"CAST(NULL AS {kind})"


def _text(piece: str, prefix: str, last: str) -> str:
    start, end = literal(prefix + '"'), literal('"' + last)
    around = len(prefix) + 2 + len(last)
    enclosed = f"startswith({piece}, {start}) AND endswith({piece}, {end}) AND length({piece}) >= {around}"
    inner = f"substring({piece}, {len(prefix) + 2}, length({piece}) - {around})"
    otherwise = f"IF({piece} = {literal(prefix + 'null' + last)}, NULL, {literal(NOTHING)})"
    return f"IF({enclosed}, {inner}, {otherwise})"


def _bare(piece: str, prefix: str, last: str) -> str:
    length = f"length({piece}) - {len(prefix) + len(last)}"
    found = f"startswith({piece}, {literal(prefix)})" + (f" AND endswith({piece}, {literal(last)})" if last else "")
    return f"IF({found}, nullif(substring({piece}, {len(prefix) + 1}, {length}), 'null'), {literal(NOTHING)})"


def _value(kind: str, text: str, found: str, rules: TextRules) -> tuple[str, str | None]:
    """SQL for a value, and for the proof that it is what the parser would give."""
    if kind == "STRING":
        return text, None
    if kind in _QUOTED:
        made = values.conversion(kind, text, rules, found)
        return made.value, evident(kind, text, found, rules) if _iso(rules) else f"NOT {made.bad}"
    form = _form(kind)
    return form(kind, text, found) if form else ("", None)


def _iso(rules: TextRules) -> bool:
    """Say whether a text of the accepted form is a time: no clock skipped it, no format of one's own is meant."""
    declared = rules.date_format or rules.timestamp_format or rules.timestamp_unit
    return not declared and rules.time_zone == "UTC"


def _integer(kind: str, text: str, found: str) -> tuple[str, str]:
    return f"try_cast({text} AS {kind})", f"CAST({found} AS STRING) = {text}"


def _fraction(kind: str, text: str, found: str) -> tuple[str, str]:
    """As Spark writes the value, or the beginning of that; JSON has no number that ends in its point, and no NaN."""
    proof = evident(kind, text, found, NO_RULES)
    return (
        f"try_cast({text} AS {kind})",
        f"({proof} AND NOT endswith({text}, '.') AND {text} < ':' AND NOT contains({text}, 'I'))",
    )


def _boolean(_: str, text: str, found: str) -> tuple[str, str]:
    return f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END", f"{found} IS NOT NULL"


_Form = Callable[[str, str, str], tuple[str, str]]
_BY_KIND: Mapping[str, _Form] = {
    **dict.fromkeys(values.INTEGERS, _integer),
    "DECIMAL": _fraction,
    "DOUBLE": _fraction,
    "BOOLEAN": _boolean,
}


def _form(kind: str) -> _Form | None:
    return _BY_KIND.get(kind.partition("(")[0])
