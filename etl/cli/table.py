"""Rows on stdout, as aligned text or as one JSON document."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click

LEAST = 8  # letters that a text column keeps
Output = Literal["text", "json"]


def print_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], output: Output) -> None:
    """Print rows: in JSON whole, in text the named columns under their names; empty where a value is None.

    Numbers align right; of a text with several lines the first is shown. No rows print nothing but the header. On a
    terminal the widest texts are cut to its width; a pipe gets them whole.
    """
    if output == "json":
        print_json(list(rows))
        return
    cells = [[_text(row.get(column)).split("\n", 1)[0] for column in columns] for row in rows]
    right = [bool(rows) and all(isinstance(row.get(column), int | float | None) for row in rows) for column in columns]
    widths = [max(map(len, column)) for column in zip([c.upper() for c in columns], *cells, strict=True)]
    if sys.stdout.isatty():
        widths = _fitting(widths, right, shutil.get_terminal_size().columns)
    for line in ([column.upper() for column in columns], *cells):
        padded = (
            _cut(cell, width).rjust(width) if numeric else _cut(cell, width).ljust(width)
            for cell, width, numeric in zip(line, widths, right, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def _fitting(widths: Sequence[int], right: Sequence[bool], total: int) -> list[int]:
    """Take from the widest text columns what does not fit; numbers stay whole, and of a text a few letters."""
    fitting = list(widths)
    while sum(fitting) + 2 * (len(fitting) - 1) > total:
        wide = [n for n, numeric in enumerate(right) if not numeric and fitting[n] > LEAST]
        if not wide:
            break
        fitting[max(wide, key=fitting.__getitem__)] -= 1
    return fitting


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 1]}…"


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print one value per line, the names aligned; leave out what is empty."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if value not in (None, "", [], {}):
            head, *rest = str(_text(value)).splitlines() or [""]
            click.echo(f"{name.ljust(width)}  {head}")
            for line in rest:
                click.echo(f"{' ' * width}  {line}")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
