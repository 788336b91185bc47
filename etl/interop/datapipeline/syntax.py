"""The grammar of ``#{…}``: texts cut into what is literal and what is an expression, and expressions as trees."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import define, frozen

from etl.errors import ConfigError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d*|\.\d+|\d+)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>[@*]?[A-Za-z_][\w-]*)|(?P<sign>[-+*/^(),.]))"
)


@frozen
class Number:
    """A number; whole ones stay whole."""

    value: int | float


@frozen
class Literal:
    """A text in quotes."""

    value: str


@frozen
class Path:
    """A name, or names of fields from object to object: ``input.directoryPath``."""

    names: tuple[str, ...]


@frozen
class Call:
    """A function of values."""

    function: str
    arguments: tuple[Node, ...]


@frozen
class Operation:
    """Two values and ``+ - * / ^`` between them."""

    sign: str
    left: Node
    right: Node


Node = Number | Literal | Path | Call | Operation


def pieces(text: str) -> Iterator[str | Node]:
    """Yield what is literal as text, and each expression as its tree.

    Raises:
        ConfigError: an expression that does not end, or is none.
    """
    done = 0
    while (start := text.find("#{", done)) >= 0:
        yield text[done:start]
        end = _end(text, start + 2)
        yield parse(text[start + 2 : end])
        done = end + 1
    yield text[done:]


def _end(text: str, place: int) -> int:
    quote, depth = "", 0
    for number in range(place, len(text)):
        sign = text[number]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "{":
            depth += 1
        elif sign == "}":
            if not depth:
                return number
            depth -= 1
    raise ConfigError(f"expression {text[place - 2 : place + 40]!r} does not end")


def parse(text: str) -> Node:
    """Return an expression's tree.

    Raises:
        ConfigError: it is none, with the place in it.
    """
    reader = _Reader(list(_tokens(text)), text)
    found = reader.sum()
    if reader.place < len(reader.tokens):
        raise ConfigError(f"expression #{{{text}}}: {reader.tokens[reader.place][1]!r} is one too many")
    return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    done, stripped = 0, text.rstrip()
    while done < len(stripped):
        found = _TOKEN.match(text, done)
        if not found:
            raise ConfigError(f"expression #{{{text}}}: {text[done:].strip()[:20]!r} is not understood")
        done = found.end()
        yield str(found.lastgroup), str(found[str(found.lastgroup)])


@define
class _Reader:
    tokens: list[tuple[str, str]]
    text: str
    place: int = 0

    def peek(self) -> str:
        kind, said = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
        return said if kind == "sign" else ""

    def take(self, *signs: str) -> str:
        sign = self.peek()
        if sign and sign in signs:
            self.place += 1
            return sign
        return ""

    def sum(self) -> Node:
        found = self.product()
        while sign := self.take("+", "-"):
            found = Operation(sign, found, self.product())
        return found

    def product(self) -> Node:
        found = self.power()
        while sign := self.take("*", "/"):
            found = Operation(sign, found, self.power())
        return found

    def power(self) -> Node:
        found = self.single()
        return Operation("^", found, self.power()) if self.take("^") else found

    def single(self) -> Node:
        if self.take("-"):
            return Operation("-", Number(0), self.single())
        if self.take("("):
            found = self.sum()
            self.expect(")")
            return found
        kind, said = self.tokens[self.place] if self.place < len(self.tokens) else ("", "its end")
        self.place += 1
        if kind == "number":
            return Number(int(said) if said.isdigit() else float(said))
        if kind == "text":
            return Literal(re.sub(r"\\(.)", r"\1", said[1:-1]))
        if kind != "name":
            raise ConfigError(f"expression #{{{self.text}}}: a value is missing before {said!r}")
        if self.take("("):
            return Call(said, tuple(self.arguments()))
        return Path(tuple(self.names(said)))

    def arguments(self) -> Iterator[Node]:
        while not self.take(")"):
            yield self.sum()
            if not self.take(",") and self.peek() != ")":
                raise ConfigError(f"expression #{{{self.text}}}: a function does not end with )")

    def names(self, first: str) -> Iterator[str]:
        yield first
        while self.take("."):
            kind, said = self.tokens[self.place] if self.place < len(self.tokens) else ("", "its end")
            if kind != "name":
                raise ConfigError(f"expression #{{{self.text}}}: no field's name after the dot")
            self.place += 1
            yield said

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise ConfigError(f"expression #{{{self.text}}}: {sign} is missing")
