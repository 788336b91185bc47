"""The statements of RedshiftCopyActivity. Source: AWS Data Pipeline, RedshiftCopyActivity."""

from __future__ import annotations

import shlex

from etl.interop.datapipeline.databases import columns, created, of, table
from etl.interop.datapipeline.definition import Thing
from etl.interop.datapipeline.expressions import Scope, template

INSERT_MODES = ("KEEP_EXISTING", "OVERWRITE_EXISTING", "TRUNCATE", "APPEND")


def statements_of(scope: Scope, mode: str, notes: list[str]) -> str:
    """Return the shell line of a copy to or from Redshift: COPY into a staging table, then what the mode says.

    Source: AWS Data Pipeline, RedshiftCopyActivity.
    """
    source, target = (scope.definition.objects[next(iter(scope.thing.refs(name)), "")] for name in ("input", "output"))
    notes.append("IAM_ROLE default: the cluster needs a default role that may read and write the bucket")
    if source.type == "RedshiftDataNode":
        place = template(target.text("directoryPath") or target.text("filePath") or "", scope.inner(target))
        unload = f"UNLOAD ('SELECT * FROM {table(source, scope)}') TO '{place.rstrip('/')}/' IAM_ROLE default"
        unload += "".join(f" {template(text, scope)}" for text in scope.thing.texts("commandOptions"))
        return of(source, scope).client(shlex.quote(f"{unload};"))
    statement = "\n".join(_loaded(scope, source, target, mode, notes))
    return of(target, scope).client(shlex.quote(statement))


def _source(scope: Scope, source: Thing) -> tuple[str, list[str]]:
    """Return what COPY reads, and its options."""
    inner = scope.inner(source)
    if source.type == "DynamoDBDataNode":
        return f"dynamodb://{table(source, scope)}", [
            f"readratio {template(source.text('readThroughputPercent') or '50', inner)}"
        ]
    place = template(source.text("directoryPath") or source.text("filePath") or "", inner)
    given = [template(text, scope) for text in scope.thing.texts("commandOptions")]
    options = [f"DELIMITER '{columns(source, scope)[1]}'"] if source.refs("dataFormat") else given
    options += ["GZIP"] if source.text("compression") == "gzip" else []
    if source.text("manifestFilePath"):
        return template(source.text("manifestFilePath") or "", inner), [*options, "MANIFEST"]
    return place, options


def _loaded(scope: Scope, source: Thing, target: Thing, mode: str, notes: list[str]) -> list[str]:
    name = table(target, scope)
    place, options = _source(scope, source)
    rows = f"COPY staging FROM '{place}' IAM_ROLE default {' '.join(options)};".replace(" ;", ";")
    transform = scope.thing.text("transformSql")
    staged = "staging"
    lines = [created(target, scope).strip(), f"CREATE TEMP TABLE staging (LIKE {name});", rows]
    if transform:
        lines.append(f"CREATE TEMP TABLE transformed AS {template(transform, scope).rstrip(';')};")
        staged = "transformed"
    keys = [template(text, scope.inner(target)) for text in target.texts("primaryKeys")]
    if mode in ("KEEP_EXISTING", "OVERWRITE_EXISTING") and not keys:
        keys = ["id"]
        notes.append(f"{target.id} has no primaryKeys: Data Pipeline took the table's own; write them for 'id'")
    same = " AND ".join(f"{name}.{key} = {staged}.{key}" for key in keys)
    if mode == "OVERWRITE_EXISTING":
        lines.append(f"DELETE FROM {name} USING {staged} WHERE {same};")
    if mode == "TRUNCATE":
        lines.append(f"DELETE FROM {name};")
    if mode == "APPEND":
        notes.append("APPEND is not safe to repeat: a run that is tried again appends again")
    if mode == "KEEP_EXISTING":
        lines.append(f"DELETE FROM {staged} USING {name} WHERE {same};")
    if "{param." in mode:
        notes.append(f"insertMode is a parameter, {mode}: rows are appended; write the statements for the mode it has")
    return [line for line in (*lines, f"INSERT INTO {name} SELECT * FROM {staged};") if line]
