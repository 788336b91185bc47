"""Activities that move rows between S3 and databases, or run statements."""

from __future__ import annotations

import shlex

from etl.errors import ConfigError
from etl.interop.datapipeline import databases, redshift
from etl.interop.datapipeline.definition import Thing
from etl.interop.datapipeline.expressions import Scope, template, templates
from etl.interop.datapipeline.work import S3_NODES, Work, fetched, nodes, one_of, place_of


def copy(scope: Scope) -> Work:
    sources, targets = nodes(scope, "input"), nodes(scope, "output")
    if len(sources) != 1 or len(targets) != 1:
        raise ConfigError(
            f"object {scope.thing.id!r} needs one input and one output", place=scope.definition.place(scope.thing)
        )
    source, target = sources[0], targets[0]
    if source.type in S3_NODES and target.type in S3_NODES:
        work = Work('cp -R "$INPUT1_STAGING_DIR"/. "$OUTPUT1_STAGING_DIR"/')
        work.inputs, work.outputs = [place_of(source, scope)], [_folder(place_of(target, scope), target, work)]
        return work
    if source.type in S3_NODES:
        work = Work(databases.load(target, scope, databases.columns(source, scope)[1]))
        work.inputs = [place_of(source, scope)]
        return work
    work = Work(databases.query(source, scope))
    if target.type not in S3_NODES:
        raise ConfigError(
            f"object {scope.thing.id!r} copies {source.type} to {target.type}: one of them is S3, says the guide",
            place=scope.definition.place(scope.thing),
        )
    work.outputs = [_folder(place_of(target, scope), target, work)]
    return work


def _folder(uri: str, node: Thing, work: Work) -> str:
    """Return the folder that an output is delivered to; one that was a file lies in its folder."""
    if node.text("directoryPath"):
        return uri
    work.notes.append(f"{node.id}: what is written lies in the folder of {uri}, under the name that it has")
    return uri.rsplit("/", 1)[0]


def redshift_copy(scope: Scope) -> Work:
    mode = scope.thing.text("insertMode") or ""
    mode = template(mode, scope)
    if mode not in redshift.INSERT_MODES and "{param." not in mode:
        raise ConfigError(
            f"object {scope.thing.id!r}: insertMode {mode!r} is none of {', '.join(redshift.INSERT_MODES)}",
            place=scope.definition.place(scope.thing),
        )
    work = Work("")
    work.text = redshift.statements_of(scope, mode, work.notes)
    return work


def sql(scope: Scope) -> Work:
    name = one_of(scope, "script", "scriptUri")
    work = Work("", templates(scope.thing.texts("scriptArgument"), scope))
    text = template(str(scope.thing.text(name)), scope)
    database = databases.of(scope.thing, scope)
    queue = scope.thing.text("queue")
    ahead = f"SET query_group TO '{queue}';\n" if queue else ""
    for node in nodes(scope, "output"):
        ahead += databases.created(node, scope)
    if name == "scriptUri":
        script = fetched(work, text)
        work.text = database.client(f'"$(printf %s {shlex.quote(ahead)}; cat {script})"')
    else:
        work.text = database.client(shlex.quote(ahead + text))
    if work.arguments:
        work.notes.append("scriptArgument: write the values into the statement, or as psql's -v")
    return work
