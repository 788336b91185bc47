"""The options that say which steps, and for when."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from etl.cli.context import pairs
from etl.cli.moment import DAYS
from etl.errors import UsageError
from etl.model.run import utc_now

if TYPE_CHECKING:
    from etl.model.plan import Plan
    from etl.project.project import Project


@frozen(kw_only=True)
class Selection:
    """Which steps, for which time, with which parameters."""

    select: tuple[str, ...]
    exclude: tuple[str, ...]
    date: str | None
    start: str | None
    end: str | None
    params: tuple[str, ...]

    @classmethod
    def of(cls, select: tuple[str, ...]) -> Selection:
        """Return a selection by names alone."""
        return cls(select=select, exclude=(), date=None, start=None, end=None, params=())

    @property
    def given(self) -> bool:
        """True if anything was said."""
        return any((self.select, self.exclude, self.date, self.start, self.end, self.params))

    def plan(self, project: Project) -> Plan:
        """Resolve the selection against a project.

        Raises:
            UsageError: ``--date`` together with ``--from``, half a range, a name nobody knows, a parameter that no
                selected step reads.
        """
        from etl.project.parameters import refuse_unread

        if self.date and (self.start or self.end):
            raise UsageError("--date and --from/--to exclude each other", remedy="--date names one interval")
        if bool(self.start) != bool(self.end):
            given, missing = ("--from", "--to") if self.start else ("--to", "--from")
            raise UsageError(f"{given} without {missing}", remedy="a range has both; --to is not included")
        params = pairs(self.params, "--param")
        date, start, end = (dated(text, utc_now()) for text in (self.date, self.start, self.end))
        plan = project.plan(self.select, self.exclude, date, start, end, params)
        if params:
            refuse_unread(plan, params)
        return plan


def dated(text: str | None, now: datetime) -> str | None:
    """Return a date for a word: what ``yesterday`` is, is said in UTC, as intervals are."""
    return str((now + timedelta(days=DAYS[text])).date()) if text in DAYS else text


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Take the options below, and hand the function their ``Selection``."""

    @functools.wraps(command)
    def called(
        *args: Any,
        names: tuple[str, ...],
        select: tuple[str, ...],
        exclude: tuple[str, ...],
        date: str | None,
        start: str | None,
        end: str | None,
        param: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        selection = Selection(select=(*names, *select), exclude=exclude, date=date, start=start, end=end, params=param)
        return command(*args, selection=selection, **kwargs)

    for decorate in reversed(_OPTIONS):
        called = decorate(called)
    return called


_OPTIONS = (
    click.argument("names", nargs=-1, metavar="[SELECT]..."),
    click.option(
        "-s",
        "--select",
        multiple=True,
        metavar="SELECT",
        help="Job, step or zone.*; +x with what feeds it, x+ with what it feeds, tag:, path:.",
    ),
    click.option("--exclude", multiple=True, metavar="SELECT", help="Leave these out."),
    click.option(
        "--date",
        metavar="DATE",
        help="The interval that holds this date: 2013-02-08, yesterday; or that is due then: due:2013-02-09T06:00Z.",
    ),
    click.option("--from", "start", metavar="DATE", help="First date of a range: 2013-02-01."),
    click.option("--to", "end", metavar="DATE", help="First date after the range: 2013-03-01, today."),
    click.option("--param", "-p", multiple=True, metavar="KEY=VALUE", help="What a `run` parameter receives."),
)
