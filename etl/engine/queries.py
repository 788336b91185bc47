"""Where in a query Spark met what it refuses: the file and line that the author wrote, and the line itself."""

from __future__ import annotations

import re
from pathlib import Path

from etl.errors import Place, did_you_mean
from etl.model.step import Step
from etl.spark.errors import summary

_POSITION = re.compile(r"(?:\(|;\s*)line (\d+),? pos (\d+)")
_NO_TABLE = re.compile(r"\[TABLE_OR_VIEW_NOT_FOUND[\w.]*\] The table or view `([^`]+)` cannot be found")
_SHOWN = re.compile(r"(\(line \d+, pos \d+\)).*", re.DOTALL)
MOST_BYTES = 1024 * 1024


def refusal(step: Step, error: BaseException, root: Path) -> tuple[str, Place] | None:  # type: ignore[type-arg]
    """Return what is wrong with a SQL step's query, with the line of it, and where that is.

    Args:
        step: the step.
        error: what Spark raised; its message counts lines within the query.
        root: the project, below which the query may stand in a ``.sql`` file or in the module of the step.

    Returns:
        The message ends with the query's line, its place and a caret. The place is that of a ``.sql`` file; of a query
        in the step's module it is the step's. None for a step that is no query, or where Spark says no position.
    """
    found = _POSITION.search(str(error))
    if step.sql is None or found is None:
        return None
    line, column = int(found[1]), int(found[2])
    rows, place = step.sql.splitlines(), _place(step, step.sql, line, root)
    caret = [f"  {place}", f"    {rows[line - 1]}", f"    {' ' * column}^"] if line <= len(rows) else []
    return "\n".join([_said(step, error), *caret]), place if place.file.endswith(".sql") else step.place


def _said(step: Step, error: BaseException) -> str:  # type: ignore[type-arg]
    text = _SHOWN.sub(r"\1", summary(error))
    missing = _NO_TABLE.search(text)
    if missing is None:
        return text
    known = did_you_mean(missing[1], step.sources)
    where = _POSITION.search(str(error))
    at = f" (line {where[1]} pos {where[2]})" if where else ""
    return f"{missing[0]}{at}: a query's tables are the step's sources; {known}"


def _place(step: Step, query: str, line: int, root: Path) -> Place:  # type: ignore[type-arg]
    """Return the file that has the query in it, and the line of that file; the step's declaration if none has."""
    module = root / step.place.file
    for file in [module, *sorted(module.parent.rglob("*.sql"))]:
        text = _text(file)
        begin = text.find(query)
        if query.strip() and begin >= 0:
            return Place(_relative(file, root), text.count("\n", 0, begin) + line)
    return step.place


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= MOST_BYTES else ""
    except (OSError, ValueError):
        return ""


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
