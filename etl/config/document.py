"""A TOML file that knows the line of each of its keys; ``tomllib`` keeps no positions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from etl.config.credentials import redacted
from etl.errors import ConfigError, Place

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

KeyPath = tuple[str, ...]  # the parts of a dotted key

EMPTY = 'write at least the zones: [zones], and below it raw = "data/raw", one line for each zone'
MAX_BYTES = 1024 * 1024
# tomllib's memory grows with the square of a key's parts: 20 000 parts in 40 kB of text took 1.5 GB.
MAX_PARTS = 32

_PART = r"""(?:"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)"""
_PARTS = re.compile(_PART)
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_PARTS},}}")
_HEADER = re.compile(rf"\s*\[\[?\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=\s*(.*)")
_VALUE = re.compile(r"""\"{3}|'{3}|"(?:[^"\\]|\\.)*+"|'[^']*+'|#.*|[\[\]{}]""")
_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


@frozen
class Line:
    """Where a key stands, and its value as it is written there."""

    number: int
    value: str = ""


@frozen
class Document:
    """The values of one TOML file, and the lines of its keys."""

    name: str
    values: Mapping[str, Any] = field(hash=False)
    lines: Mapping[KeyPath, Line] = field(hash=False)

    def place(self, path: KeyPath) -> Place:
        """Return where ``path`` is said: its own line, or that of the nearest table around it."""
        line = self.line(path)
        return Place(self.name, line.number if line else None, dotted(path) or None)

    def line(self, path: KeyPath) -> Line | None:
        """Return the line of ``path`` or of the nearest table around it; None for an empty path."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def dotted(path: KeyPath) -> str:
    """Return a path as people write it: a part that has a dot is quoted."""
    return ".".join(part if re.fullmatch(r"[\w-]+", part) else f'"{part}"' for part in path)


def read_document(file: Traversable, name: str, *, empty: bool = False) -> Document:
    """Read one TOML file of a project.

    Args:
        file: a path, or an entry of the bundle.
        name: what errors call it, ``conf/base.toml``.
        empty: a file that says nothing is all right.

    Raises:
        ConfigError: missing, a directory, not UTF-8, empty, larger than 1 MiB, a key of more than 32 parts, a key set
            twice (both lines), not TOML (line, column and text).
    """
    text = _text(file, name)
    long = _LONG_KEY.search(text)
    if long:
        number = text.count("\n", 0, long.start()) + 1
        raise ConfigError(f"a key has more than {MAX_PARTS} dotted parts", place=Place(name, number))
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, name, str(error)) from None
    except RecursionError:
        raise ConfigError("lists or tables are nested too deep", place=Place(name)) from None
    if not values and not empty:
        raise ConfigError("the file is empty", place=Place(name), remedy=EMPTY)
    lines: dict[KeyPath, Line] = {}
    for path, line in _scan(text):
        for end in range(1, len(path) + 1):
            lines.setdefault(path[:end], line if end == len(path) else Line(line.number))
    return Document(name, values, lines)


def _text(file: Traversable, name: str) -> str:
    place = Place(name)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError("no such file", place=place) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", place=place) from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{len(data)} bytes; a configuration file has at most {MAX_BYTES}", place=place)
    if b"\0" in data:
        place = Place(name, _line_at(data, data.index(b"\0")))
        raise ConfigError("holds a NUL byte: this is no text file", place=place)
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"byte {error.start} is not UTF-8",
            place=Place(name, _line_at(data, error.start)),
            remedy="save the file as UTF-8",
        ) from None


def _line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _syntax_error(text: str, name: str, message: str) -> ConfigError:
    first: dict[KeyPath, int] = {}
    for path, line in _scan(text):
        if path in first and ("overwrite" in message or "twice" in message):
            return ConfigError(
                f"set twice, on lines {first[path]} and {line.number}", place=Place(name, line.number, dotted(path))
            )
        first[path] = line.number
    position = _POSITION.search(message)
    rows = text.splitlines() or [""]
    number = int(position[1]) if position and position[1] else len(rows)
    column = int(position[2]) if position and position[2] else len(rows[-1]) + 1
    shown = redacted(rows[min(number, len(rows)) - 1].strip()[:120])
    return ConfigError(
        f"column {column}: {_POSITION.sub('', message)}\n    {shown}",
        place=Place(name, number),
        remedy="TOML writes key = value, and text in quotes",
    )


def _scan(text: str) -> Iterator[tuple[KeyPath, Line]]:
    """Find tables and keys line by line; keys inside an inline table are found by the key around them."""
    table: KeyPath = ()
    still_open, array = "", False  # inside a value that goes on over several lines
    arrays: set[KeyPath] = set()  # their header comes again for every element
    for number, row in enumerate(text.split("\n"), start=1):
        if still_open:
            still_open = _open_after(row, still_open)
        elif header := _HEADER.match(row):
            table, array = _path(header[1]), row.lstrip().startswith("[[")
            if table not in arrays:
                yield table, Line(number)
            arrays |= {table} if array else set()
        elif assignment := _ASSIGNMENT.match(row):
            still_open = _open_after(assignment[2], "")
            if not array:
                yield (*table, *_path(assignment[1])), Line(number, "" if still_open else _bare(assignment[2]))


def _path(text: str) -> KeyPath:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in _PARTS.findall(text))


def _bare(value: str) -> str:
    return value.strip() if value.startswith(('"', "'")) else value.split("#", 1)[0].strip()


def _open_after(text: str, still_open: str) -> str:
    """Return what is open at the end of a line: a triple quote, or as many brackets as are not closed yet."""
    while True:
        if still_open in ('"""', "'''"):
            _, found, text = text.partition(still_open)
            if not found:
                return still_open
            still_open = ""
        for match in _VALUE.finditer(text):
            mark = match.group()
            if mark in ('"""', "'''"):
                # Brackets around a triple quote are forgotten: only the line numbers of keys after it suffer.
                still_open, text = mark, text[match.end() :]
                break
            if mark in "[{":
                still_open += mark
            elif mark in "]}":
                still_open = still_open[:-1]
        else:
            return still_open
