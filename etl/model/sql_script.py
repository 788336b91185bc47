"""How a job module declares statements for a database as a step."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypedDict, Unpack

from etl.errors import DefinitionError, Place
from etl.model.body import Statements
from etl.model.dataset import Source
from etl.model.definition import check_step
from etl.model.duration import duration
from etl.model.script import RECEIPTS, target_of, told
from etl.model.step import Step
from etl.model.template import PARAM, check
from etl.model.write import Write, names

KNOWN = frozenset({"start", "end", "job", "run_id"})


class Besides(TypedDict, total=False):
    """What else may be said of statements.

    Args:
        timeout: after it the statement that is at work is ended, and the step fails.
        transaction: False lets each statement take effect by itself, for those that no transaction may hold
            (``VACUUM``).
        name: what the step is called; the dataset unless said otherwise.
        tags: words for ``tag:`` selection.
        description: a sentence for people.
    """

    timeout: str | timedelta
    transaction: bool
    name: str | None
    tags: str | Sequence[str]
    description: str


def sql_script_step(
    dataset: str,
    *,
    connection: str,
    file: str = "",
    sql: str = "",
    sources: Mapping[str, Source] | None = None,
    write: Write | None = None,
    **besides: Unpack[Besides],
) -> Step[..., Any]:
    """Declare statements for a database as a step: it runs for its effect, at least once an interval.

    ``dataset`` receives a row that says that they were carried out, and a step that reads it comes after.

    Args:
        dataset: what is published.
        connection: the name of one in ``[connections]``: PostgreSQL, MySQL, MariaDB or Redshift.
        file: the statements, in a file beside the module; ``{start:%Y-%m-%d}``, ``{param.x}`` … are filled in.
        sql: the same as a text.
        sources: what must be published before; the statements do not get its rows.
        write: how the row is published: ``ReplaceInterval("start")``, the default where they name the interval,
            or ``Merge("interval")``.
        besides: see ``Besides``.

    Raises:
        DefinitionError: at import, with file and line.
    """
    caller = sys._getframe(1)
    place = Place(caller.f_code.co_filename, caller.f_lineno)
    with told(dataset, place):
        body = Statements(
            connection=connection,
            text=_text(file, sql, caller.f_globals["__name__"], place),
            timeout=duration(besides.get("timeout", "2 hours")),
            transaction=besides.get("transaction", True),
            summary=besides.get("description", ""),
        )
        _check_names(body)
        target = target_of(dataset, None, write, (), RECEIPTS[0 if body.names & {"start", "end"} else 1])
    module, name, tags = caller.f_globals["__name__"], besides.get("name"), names(besides.get("tags", ()))
    given = sources or {}
    declared: Step[..., Any] = Step(
        body=body, sources=given, target=target, name=name, tags=tags, place=place, module=module, takes_run=True
    )
    check_step(declared)
    return declared


def _text(file: str, sql: str, module: str, place: Place) -> str:
    if bool(file) == bool(sql):
        raise DefinitionError("needs file or sql, one of them", remedy='write file="refresh.sql" or sql="…"')
    if sql:
        return sql
    package = module.rpartition(".")[0]
    try:
        # Not by its path: the bundle that runs on a cluster is one file.
        found = pkgutil.get_data(package, file) if package else None
        return (found if found is not None else (Path(place.file).parent / file).read_bytes()).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(
            f"file={file!r} cannot be read: {error}", remedy="write it beside the module, in UTF-8"
        ) from None


def _check_names(body: Statements) -> None:
    for used in check(body.text):
        if used not in KNOWN and not used.startswith(PARAM):
            raise DefinitionError(
                f"{{{used}}} is not known in statements",
                remedy=f"they know {', '.join(sorted(KNOWN))}, param.<name>; double a brace that is SQL's own",
            )
