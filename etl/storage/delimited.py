"""CSV: each record is taken as a line, parsed into texts with a sentinel behind them, and held to the contract.

The sentinel is one more value at the end of every line. It comes out last, and as itself, only where the line has
exactly the columns of the header and every quote is closed; Spark's reader gives ``1,"Ann`` as a good row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from etl.model.dataset import Dataset
from etl.model.text import TextRules
from etl.sql import literal, quoted
from etl.storage.cutting import Cut, cut
from etl.storage.lines import LINE, Lines
from etl.storage.records import Parsed, settled
from etl.storage.values import conversion

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BLANKS = r"[\x00-\x20]"  # what the parser cuts off behind a closing quote
CUT = "_headrace_cut"  # true for a line that needed no parser
# Spark moves a filter below a projection and then parses once for each column that it names; not below an explosion.
ONCE = "_headrace_once"
END = "\u0002end\u0003"
CHAIN = 100  # conditions in a chain of ORs; thousands of them overflow the stack of Spark's parser
_UNESCAPED = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}


@frozen(kw_only=True)
class Dialect:
    """How a CSV dataset separates and quotes, as Spark understands its options."""

    sep: str = ","
    quote: str = '"'
    escape: str = '"'
    comment: str = ""
    header: bool = True

    @property
    def record(self) -> str:
        """The regular expression of one record; an unclosed quote takes what follows, which is then no record."""
        return f"(?:{self._field})(?:{re.escape(self.sep)}(?:{self._field}))*+(?:\\r\\n|\\r|\\n|\\z)"

    @property
    def well_formed(self) -> str:
        """The regular expression of a record whose quoted values are quoted from end to end."""
        strict = f"{self._quoted}|{self._bare}|" if self.quote else f"{self._bare}|"
        return f"^(?:{strict})(?:{re.escape(self.sep)}(?:{strict}))*+\\z"

    @property
    def _quoted(self) -> str:
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        inner = (
            f"[^{quote}]|{quote}{quote}"
            if self.escape == self.quote
            else f"[^{quote}{escape}]|{escape}[\\s\\S]|{quote}{quote}"
        )
        return f"{quote}(?:{inner})*+{quote}"

    @property
    def _bare(self) -> str:
        first = f"{re.escape(self.quote)}" if self.quote else ""
        return f"(?:(?!{re.escape(self.sep)})[^{first}\\r\\n])(?:(?!{re.escape(self.sep)})[^\\r\\n])*+"

    @property
    def _field(self) -> str:
        if not self.quote:
            return f"{self._bare}|"
        rest = f"(?:(?!{re.escape(self.sep)})[^\\r\\n])*+"
        return f"{self._quoted}{rest}|{self._bare}|{re.escape(self.quote)}[\\s\\S]*+\\z|"


def dialect_of(options: Mapping[str, str]) -> Dialect:
    """Return the dialect that reader options describe; a tab may be written as for Spark."""
    return Dialect(
        sep=_unescaped(options.get("sep", ",")),
        quote=_unescaped(options.get("quote", '"')).strip("\0"),
        escape=_unescaped(options.get("escape", '"')).strip("\0"),
        comment=_unescaped(options.get("comment", "")).strip("\0"),
        header=options.get("header", "true").lower() == "true",
    )


def _unescaped(text: str) -> str:
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", lambda found: _letter(found[1]), text) if text != "\\" else text


def _letter(escaped: str) -> str:
    return chr(int(escaped[1:], 16)) if len(escaped) > 1 else _UNESCAPED.get(escaped, escaped)


def split_record(text: str, dialect: Dialect) -> tuple[list[str], str]:
    """Return the values of the first record of a text, and the record as it is written, without its line end.

    A record that is not closed within the text is returned as far as it goes, together with the rest of the text.
    """
    found = re.match(dialect.record.replace("\\z", "\\Z"), text)
    raw = re.sub(r"(\r\n|\r|\n)\Z", "", found.group() if found else "")
    names, rest = [], raw
    while True:
        value = re.match(f"(?:{dialect._field})".replace("\\z", "\\Z"), rest)
        written = value.group() if value else ""
        names.append(_unquoted(written, dialect))
        rest = rest[len(written) :]
        if not rest.startswith(dialect.sep):
            return names, raw
        rest = rest[len(dialect.sep) :]


def _unquoted(value: str, dialect: Dialect) -> str:
    quote = dialect.quote
    stripped = value.rstrip(" \t")
    if not quote or len(stripped) < 2 or not (stripped.startswith(quote) and stripped.endswith(quote)):  # noqa: PLR2004
        return value
    inner = stripped[1:-1].replace(quote * 2, quote)
    return inner if dialect.escape in (quote, "") else re.sub(f"{re.escape(dialect.escape)}(.)", r"\1", inner)


def parsed(lines: Lines, dataset: Dataset, dialect: Dialect, rules: TextRules, names: Sequence[str]) -> DataFrame:
    """Return the files' records in the declared columns, corrupt ones with their text and reason.

    Args:
        lines: the records as text, without headers.
        dataset: what is declared.
        dialect: how the dataset separates and quotes.
        rules: how its texts are read.
        names: the columns of these files, in their order; undeclared ones are dropped.
    """
    fields = [f"c{n}" for n in range(len(names))]
    pieces = cut(len(names), dialect, dataset.spark_options)
    is_cut = pieces.whole if pieces else "false"
    frame = lines.frame.selectExpr("*", f"{is_cut} AS {CUT}", f"{_record(dataset, dialect, fields, pieces)} AS {ONCE}")
    frame = frame.selectExpr("*", f"explode(array({ONCE})) AS _headrace_r").drop(ONCE)
    declared = {column.name: column.type for column in dataset.schema or ()}
    columns = {}
    for field, name in zip(fields, names, strict=True):
        if name in declared:
            columns[name] = conversion(declared[name], f"_headrace_r.{field}", rules, quoted(name))
    texts = [f"_headrace_r.{f}" for f, name in zip(fields, names, strict=True) if declared.get(name) == "STRING"]
    made = Parsed(
        columns=columns, whole=f"IF({CUT}, true, {_whole(texts, dialect)})", kept=(CUT,), plain=CUT if pieces else None
    )
    return settled(frame, made, lines, dataset, rules)


def _record(dataset: Dataset, dialect: Dialect, fields: Sequence[str], pieces: Cut | None) -> str:
    """SQL for a line's values as texts: its pieces, or what the parser makes of it and a sentinel behind it."""
    options = {key: value for key, value in dataset.spark_options.items() if key not in _NOT_PARSERS}
    options |= {"escape": options.get("escape", '"'), "mode": "PERMISSIVE"}
    if len(fields) > 20_000:  # noqa: PLR2004 the parser's own limit is 20,480, the sentinel among them
        options.setdefault("maxColumns", str(len(fields) + 2))
    ddl = ", ".join(f"{field} STRING" for field in [*fields, "e"])
    pairs = ", ".join(f"{literal(key)}, {literal(value)}" for key, value in options.items())
    parsed = f"from_csv(concat({quoted(LINE)}, {literal(dialect.sep + END)}), {literal(ddl)}, map({pairs}))"
    if pieces is None:
        return parsed
    texts = ", ".join(f"'{field}', {text}" for field, text in zip(fields, pieces.texts, strict=True))
    return f"IF({pieces.whole}, named_struct({texts}, 'e', {literal(END)}), {parsed})"


_NOT_PARSERS = ("header", "multiLine", "lineSep", "comment")


def _whole(texts: Sequence[str], dialect: Dialect) -> str:
    """SQL that is true for a record with exactly its columns, each quoted from end to end or not at all.

    The parser takes ``"x"y`` as it stands and cuts blanks behind a closing quote: lines that may have either are looked
    at as they are written.
    """
    ended = f"coalesce(_headrace_r.e = {literal(END)}, false)"
    if not dialect.quote:
        return ended
    quote, line = literal(dialect.quote), quoted(LINE)
    behind = f"(contains({line}, {quote}) AND {line} RLIKE {literal(re.escape(dialect.quote) + BLANKS)})"
    begins = f"exists(array({', '.join(texts)}), t -> startswith(t, {quote}))" if texts else "false"
    if len(texts) <= CHAIN:
        begins = " OR ".join(f"startswith({text}, {quote})" for text in texts) or "false"
    doubtful = f"coalesce({begins}, false) OR {behind}"
    return f"({ended} AND (NOT ({doubtful}) OR {line} RLIKE {literal(dialect.well_formed)}))"
