"""Operators and functions of the expression language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from etl.errors import ConfigError, did_you_mean
from etl.interop.datapipeline import times
from etl.interop.datapipeline.joda import strftime
from etl.interop.datapipeline.texts import Filled, Said, as_text, joined, shown
from etl.interop.datapipeline.times import Later, Time

FUNCTIONS = (
    *times.PARTS,
    *times.WORDS,
    "yesterday",
    "format",
    "makeDate",
    "makeDateTime",
    "inTimeZone",
    "plusPeriod",
    "minusPeriod",
    *(f"{sign}{unit}" for sign in ("plus", "minus") for unit in times.UNITS),
)


def each_operated(sign: str, left: Said, right: Said) -> Said:
    """Return what an operator makes of two values; of a list's, of each of them.

    Raises:
        ConfigError: they are no numbers, and it is no ``+``.
    """
    for many, other, ahead in ((left, right, True), (right, left, False)):
        if isinstance(many, tuple):
            return tuple(_flat(each_operated(sign, *((each, other) if ahead else (other, each))) for each in many))
    return _operated(sign, left, right)


def _flat(said: Iterable[Said]) -> Iterator[Said]:
    for each in said:
        yield from each if isinstance(each, tuple) else (each,)


def _operated(sign: str, left: Said, right: Said) -> Said:
    a, b = _number(left), _number(right)
    if a is not None and b is not None and not (sign == "+" and isinstance(left, str) and isinstance(right, str)):
        return _worked_out(sign, a, b)
    if sign != "+":
        raise ConfigError(f"an expression wants {as_text(left)!r} {sign} {as_text(right)!r}, which are no numbers")
    return joined([left, right])


def _worked_out(sign: str, a: float, b: float) -> int | float:
    if sign == "/" and not b:
        raise ConfigError("an expression divides by zero")
    if sign == "/":
        return int(a / b) if isinstance(a, int) and isinstance(b, int) else a / b
    if sign == "^":
        return float(float(a) ** b)
    return a * b if sign == "*" else a + b if sign == "+" else a - b


def _number(said: Said) -> int | float | None:
    if isinstance(said, int | float):
        return said
    if isinstance(said, str) and re.fullmatch(r"-?\d+", said):
        return int(said)
    return float(said) if isinstance(said, str) and re.fullmatch(r"-?\d*\.\d+", said) else None


def called(name: str, arguments: Sequence[Said], owner: str, notes: list[str]) -> Said:
    """Return what a function comes to.

    Args:
        name: the function.
        arguments: its values.
        owner: the id of the object whose text it is.
        notes: gets what a reader should know.

    Raises:
        ConfigError: no such function, or it cannot be worked out of these values.
    """
    if name not in FUNCTIONS:
        raise ConfigError(f"#{{{name}(…)}} of object {owner!r} is no function; {did_you_mean(name, FUNCTIONS)}")
    try:
        if name in ("makeDate", "makeDateTime"):
            return times.made(*(int(shown(each)) for each in arguments))
        time, rest = _time(arguments[0]), arguments[1:]
        if name == "format":
            return _formatted(time, shown(rest[0]), notes)
        if name in times.PARTS:
            found = times.part(time, name)
            return Filled(found) if isinstance(found, str) else found
        return _changed(name, time, [shown(each) for each in rest])
    except (IndexError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"#{{{name}(…)}} of object {owner!r} cannot be worked out: {error}") from None


def _formatted(time: Time, pattern: str, told: list[str]) -> Said:
    form, notes = strftime(pattern)
    told.extend(notes)
    said = times.written(time, form)
    return Filled(said) if isinstance(time, Later) else said


def _changed(name: str, time: Time, rest: Sequence[str]) -> Time:
    if name in times.WORDS:
        return times.worded(time, name)
    if name == "yesterday":
        return times.moved(time, -1, "Days")
    if name == "inTimeZone":
        return time.worded(f"zone {rest[0]}") if isinstance(time, Later) else time.astimezone(ZoneInfo(rest[0]))
    word, sign = ("plus", 1) if name.startswith("plus") else ("minus", -1)
    unit, count = name.removeprefix(word), rest[0]
    if unit == "Period":
        count, unit = rest[0].split()
        unit = unit.removesuffix("s").capitalize() + "s"
    return times.moved(time, sign * int(count), unit)


def _time(said: Said) -> Time:
    if isinstance(said, Later | datetime):
        return said
    if isinstance(said, Filled | tuple):
        raise TypeError("it is no time")
    found = datetime.fromisoformat(shown(said))
    return found if found.tzinfo else times.made(*found.timetuple()[:6])
