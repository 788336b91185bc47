"""Durations on the command line: a number and its unit."""

from __future__ import annotations

import re

import click

from etl.model.duration import UNITS

_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh])", re.ASCII)


def seconds(_: click.Context, __: click.Parameter, value: str | None) -> float:
    """Return the seconds that ``30s``, ``10m`` or ``1.5h`` says; 0 where nothing is said.

    Raises:
        click.BadParameter: anything else.
    """
    if value is None:
        return 0.0
    found = _DURATION.fullmatch(value)
    if not found:
        raise click.BadParameter(f"{value!r} is no duration: write a number with its unit, as 30s, 10m or 1h")
    return float(found[1]) * UNITS[found[2]].total_seconds()
