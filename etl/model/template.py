"""Texts that name the interval: ``s3://in/{start:%Y/%m/%d}/``, ``--until={end - 1 day:%Y-%m-%d}``.

In braces stands ``start``, ``end`` or ``due`` with steps of a calendar (``start - 1 day + 2 hours``), then words after
bars (``| midnight``, ``| - 2 hours``, ``| zone Europe/Berlin``), then after a colon a format of ``strftime``; or
``job``, ``run_id``, ``param.<name>``; in a script ``here``, the folder of the module that declares it. ``{{`` and
``}}`` are braces; ``${NAME}`` is the shell's and left as it is.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from attrs import field, frozen

from etl.errors import DefinitionError, UsageError, did_you_mean
from etl.model.duration import STEPS, Step
from etl.model.zones import zone_of

TIMES = ("start", "end", "due")
TEXTS = ("job", "run_id", "here")
PARAM = "param."
MONTHS: dict[Step, int] = {"months": 1, "years": 12}
YEAR = 12

_PIECES = re.compile(r"\{\{|\}\}|\$\{[^{}]*\}|\{([^{}]*)\}|[{}]")
_STEP = re.compile(r"([+-]) ?(\d{1,6}) ?([a-z]+) ?", re.ASCII)


@frozen(kw_only=True)
class Moment:
    """What a text may name: the interval's bounds and when it was due, in UTC, None on demand; ``here`` is a folder."""

    start: datetime | None = None
    end: datetime | None = None
    due: datetime | None = None
    job: str = ""
    run_id: str = ""
    here: str = ""
    params: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen
class Field:
    """What stood in braces: a name, then what is done to its value, then how it is written."""

    name: str
    changes: tuple[Callable[[datetime], datetime], ...] = ()
    format: str = ""

    def of(self, moment: Moment) -> str:
        """Return the value as text.

        Raises:
            UsageError: the run has no interval, or no such parameter.
        """
        if self.name.startswith(PARAM):
            name = self.name.removeprefix(PARAM)
            if name not in moment.params:
                raise UsageError(f"{{{self.name}}}: no parameter {name!r}; {did_you_mean(name, moment.params)}")
            return str(moment.params[name])
        if self.name in TEXTS:
            return str(getattr(moment, self.name))
        value: datetime | None = getattr(moment, self.name)
        if value is None:
            raise UsageError(f"{{{self.name}}} needs an interval, and this run has none", remedy="add --date")
        for change in self.changes:
            value = change(value)
        return value.strftime(self.format) if self.format else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def render(text: str, moment: Moment) -> str:
    """Return the text with everything in braces filled in; times without a format as ``2026-03-01T00:00:00Z``.

    Raises:
        DefinitionError: see ``check``.
        UsageError: what it names has no value in this run.
    """
    return "".join(piece if isinstance(piece, str) else piece.of(moment) for piece in _pieces(text))


def check(text: str) -> tuple[str, ...]:
    """Return the names that a text uses.

    Raises:
        DefinitionError: it is no template: what stands in braces is not known, or a brace stands alone.
    """
    return tuple(piece.name for piece in _pieces(text) if isinstance(piece, Field))


def _pieces(text: str) -> Iterator[str | Field]:
    done = 0
    for found in _PIECES.finditer(text):
        yield text[done : found.start()]
        done = found.end()
        said = found.group()
        if said in {"{{", "}}"}:
            yield said[0]
        elif said.startswith("${"):
            yield said
        elif found[1] is None:
            raise DefinitionError(
                f"{text!r}: {said} stands alone at letter {found.start() + 1}", remedy=f"write {said * 2}"
            )
        else:
            yield _field(found[1], text)
    yield text[done:]


def _field(said: str, text: str) -> Field:
    head, colon, shown = said.partition(":")
    value, *words = (word.strip() for word in head.split("|"))
    name = re.match(r"[\w.]*", value, re.ASCII).group()  # type: ignore[union-attr]
    if name.startswith(PARAM) or name in TEXTS:
        if name != said.strip():
            raise _unknown(said, text, "it is a text, and takes neither steps nor a format")
        return Field(name)
    if name not in TIMES:
        known = did_you_mean(name, (*TIMES, *TEXTS, f"{PARAM}<name>"))
        raise _unknown(said, text, known)
    if colon and not shown:
        raise _unknown(said, text, "a format follows the colon, as %Y-%m-%d")
    changes = (*_steps(value[len(name) :].strip(), said, text), *(_word(word, said, text) for word in words))
    return Field(name, changes, shown)


def _steps(rest: str, said: str, text: str) -> Iterator[Callable[[datetime], datetime]]:
    while rest:
        found = _STEP.match(rest)
        step = STEPS.get(found[3]) if found else None
        if not found or not step:
            raise _unknown(said, text, "steps are + or -, a number and minutes, hours, days, weeks, months or years")
        yield _moving(int(found[2]) * (1 if found[1] == "+" else -1), step)
        rest = rest[found.end() :]


def _moving(count: int, step: Step) -> Callable[[datetime], datetime]:
    if step in MONTHS:
        return lambda value: _months(value, count * MONTHS[step])
    return lambda value: value + timedelta(**{step: count})


def _months(value: datetime, count: int) -> datetime:
    """Move by months; a day that the month lacks is its last, as Joda-Time has it."""
    year, month = divmod(value.year * YEAR + value.month - 1 + count, YEAR)
    return value.replace(year=year, month=month + 1, day=min(value.day, calendar.monthrange(year, month + 1)[1]))


def _word(word: str, said: str, text: str) -> Callable[[datetime], datetime]:
    kind, _, rest = word.partition(" ")
    if word[:1] in ("+", "-"):
        steps = tuple(_steps(word, said, text))
        return lambda value: reduce(lambda moved, step: step(moved), steps, value)
    if kind == "zone":
        zone = zone_of(rest.strip())
        return lambda value: value.astimezone(zone)
    if word not in WORDS:
        raise _unknown(said, text, did_you_mean(word, (*WORDS, "zone <name>")))
    return WORDS[word]


WORDS: dict[str, Callable[[datetime], datetime]] = {
    "midnight": lambda value: value.replace(hour=0, minute=0, second=0, microsecond=0),
    "first_of_month": lambda value: value.replace(day=1),
    "first_of_year": lambda value: value.replace(month=1, day=1),
    "sunday": lambda value: value - timedelta(days=value.isoweekday() % 7),
    "utc": lambda value: value.astimezone(UTC),
}
"""What may stand after a bar. ``sunday`` is the last one, today's if it is one; the time of day is kept."""


def _unknown(said: str, text: str, allowed: str) -> DefinitionError:
    return DefinitionError(f"{text!r}: {{{said}}} is not known: {allowed}", remedy="write {{ and }} for braces")
