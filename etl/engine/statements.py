"""A SQL script step's transformation: its statements carried out by a database, and the row that says so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from etl.engine.room import Room
from etl.engine.script_rows import receipt
from etl.errors import EtlError, PlatformError, PublishError, ScriptError
from etl.model.body import Statements
from etl.model.connection import REDSHIFT, Connection
from etl.model.plan import PlannedStep
from etl.model.plural import plural
from etl.model.run import Run
from etl.model.template import Moment, render
from etl.spark.jvm import no_rows
from etl.storage import asked, redshift_asked

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SHOWN = 80  # letters of a statement
DIALECTS = {"postgresql": "postgres", "mariadb": "mysql"}  # as sqlglot calls them


def carried_out(planned: PlannedStep, statements: Statements, run: Run, room: Room) -> DataFrame:
    """Have the step's statements carried out, and return its receipt.

    Raises:
        ScriptError: the database refuses a statement; or they took too long.
        EtlError: it cannot be reached, or another transaction was in the way.
    """
    if room.dry:
        return no_rows(room.session, planned.step.target.schema.nullable().ddl)
    if planned.connection is None:
        raise EtlError(f"step {planned.step.name} has no connection")
    vendor = planned.connection.vendor
    texts = split(render(statements.text, _moment(planned, run, planned.connection)), DIALECTS.get(vendor, vendor))
    ends = time.monotonic() + statements.timeout.total_seconds()

    def look(number: int) -> None:
        """End what is at work, where it is to end."""
        room.stop.check()
        if time.monotonic() > ends:
            raise _failed(planned, texts, number, f"took longer than {statements.timeout}")

    try:
        if vendor == REDSHIFT:
            counts = redshift_asked.carry_out(planned.connection, texts, look, transaction=statements.transaction)
        else:
            counts = asked.carry_out(room.session, planned.connection, texts, look, transaction=statements.transaction)
    except asked.RefusedError as error:
        raise _failed(planned, texts, error.number, error.message) from error
    except PublishError as error:
        raise _failed(planned, texts, 0, error.message) from error
    changed = sum(count for count in counts if count > 0)
    return receipt(room.session, run, f"{plural(len(texts), 'statement')}, {plural(changed, 'row')} changed")


def split(text: str, dialect: str) -> list[str]:
    """Return the statements of a script in a database's SQL, without the comments between them.

    Raises:
        PlatformError: sqlglot is not installed.
        ScriptError: a quote or a comment does not end.
    """
    try:
        from sqlglot import tokenize
        from sqlglot.errors import TokenError
    except ImportError:
        raise PlatformError("sqlglot is not installed", remedy="pip install 'headrace[sql]'") from None
    found, start, end = list[str](), -1, 0
    try:
        for token in tokenize(text, read=dialect):
            if token.text == ";" and token.token_type.name == "SEMICOLON":
                found += [text[start : end + 1]] if start >= 0 else []
                start = -1
            else:
                start, end = token.start if start < 0 else start, token.end
    except TokenError as error:
        raise ScriptError(f"the statements cannot be told apart: {error}", 1, kept=False) from error
    return [*found, text[start : end + 1]] if start >= 0 else found


def _moment(planned: PlannedStep, run: Run, connection: Connection) -> Moment:
    """Return what the statements may name; a text is safe between single quotes."""
    escapes = ("\\", "'") if connection.vendor in ("mysql", "mariadb", REDSHIFT) else ("'",)
    params = {name: str(value) for name, value in run.params.items()}
    for escaped in escapes:
        params = {name: value.replace(escaped, escaped * 2) for name, value in params.items()}
    return Moment(
        start=run.interval.start if run.interval else None,
        end=run.interval.end if run.interval else None,
        job=planned.job,
        run_id=run.run_id,
        params=params,
    )


def _failed(planned: PlannedStep, texts: Sequence[str], number: int, said: str) -> ScriptError:
    of = f"statement {number} of {len(texts)}, {' '.join(texts[number - 1].split())[:SHOWN]!r}: " if number else ""
    return ScriptError(f"step {planned.step.name}: {of}{said}", 1, place=planned.step.place, kept=False)
