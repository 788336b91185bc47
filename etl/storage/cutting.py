"""CSV lines that need no parser: cut at the separator they are the record's values, quotes around some of them.

Spark's CSV parser takes seven times as long for a line as cutting it does. Cut are only lines of which the pieces are
exactly what it would give: as many as columns, each without a quote or quoted from end to end. Others are left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from etl.sql import literal, quoted
from etl.storage.lines import LINE
from etl.storage.records import MOST

if TYPE_CHECKING:
    from etl.storage.delimited import Dialect

_PARSERS = {
    "multiLine",
    "lineSep",
    "ignoreLeadingWhiteSpace",
    "ignoreTrailingWhiteSpace",
    "maxCharsPerColumn",
    "maxColumns",
}
_META = frozenset(".$|()[{^?*+\\")  # what Java's regular expressions read as more than the letter


@frozen
class Cut:
    """A line cut into pieces, as SQL.

    Args:
        whole: true where the pieces are the record's values; never null.
        texts: a value each; null where nothing was written, or what means null.
    """

    whole: str
    texts: tuple[str, ...]


def cut(columns: int, dialect: Dialect, options: Mapping[str, str]) -> Cut | None:
    """Return how a line of so many values is cut; None where only the parser knows how the dialect is meant.

    A quoted value may hold the separator only in the last column, an escape or a quote in none; an empty one between
    quotes is left to the parser, as that is where ``emptyValue`` comes in.
    """
    if columns > MOST or len(dialect.sep) != 1 or _PARSERS & options.keys():
        return None
    line, sep = quoted(LINE), dialect.sep
    pieces = f"split({line}, {literal(_letter(sep))}, {columns})"
    each = [f"get({pieces}, {n})" for n in range(columns)]
    null = options.get("nullValue", "")
    if not dialect.quote:
        whole = [f"size({pieces}) = {columns}", f"NOT contains({each[-1]}, {literal(sep)})"]
        return Cut(" AND ".join(whole), tuple(_bare(piece, null) for piece in each))
    quote = literal(dialect.quote)
    enclosed = [_enclosed(piece, quote) for piece in each]
    quotes = f"size(split({line}, {literal(_letter(dialect.quote))}))"
    whole = [
        f"size({pieces}) = {columns}",
        f"IF({quotes} = 1, true, {quotes} = 1 + {' + '.join(f'IF({found}, 2, 0)' for found in enclosed)})",
        f"IF(contains({each[-1]}, {literal(sep)}), {enclosed[-1]}, true)",
    ]
    if dialect.escape not in ("", dialect.quote):
        whole.insert(0, f"NOT contains({line}, {literal(dialect.escape)})")
    texts = (f"IF(startswith({piece}, {quote}), {_inner(piece, null)}, {_bare(piece, null)})" for piece in each)
    return Cut(f"({' AND '.join(whole)})", tuple(texts))


def _letter(letter: str) -> str:
    """A regular expression of one letter, such as Java splits by without its search engine."""
    return f"\\{letter}" if letter in _META else letter


def _enclosed(piece: str, quote: str) -> str:
    return f"startswith({piece}, {quote}) AND endswith({piece}, {quote}) AND octet_length({piece}) > 2"


def _inner(piece: str, null: str) -> str:
    inner = f"substring({piece}, 2, length({piece}) - 2)"
    return f"nullif({inner}, {literal(null)})" if null else inner


def _bare(piece: str, null: str) -> str:
    nothing = f"{piece} = ''" + (f" OR {piece} = {literal(null)}" if null else "")
    return f"IF({nothing}, NULL, {piece})"
