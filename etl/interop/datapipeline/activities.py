"""What each kind of activity does, as the command of a script step."""

from __future__ import annotations

from collections.abc import Callable

from etl.errors import ConfigError
from etl.interop.datapipeline import copies, hadoop
from etl.interop.datapipeline.expressions import Scope, template, templates
from etl.interop.datapipeline.work import S3_NODES, Work, fetched, nodes, one_of, place_of


def work_of(scope: Scope) -> Work:
    """Return what an activity does.

    Raises:
        ConfigError: a field that it needs is missing, or two that exclude each other are there.
    """
    kind = KINDS.get(scope.thing.type)
    if kind is None:
        raise ConfigError(
            f"object {scope.thing.id!r} is of type {scope.thing.type!r}, which is no activity",
            place=scope.definition.place(scope.thing),
        )
    return kind(scope)


def _staged(scope: Scope, work: Work) -> None:
    """Bring S3 inputs and deliver S3 outputs, as staging does."""
    for name, folders in (("input", work.inputs), ("output", work.outputs)):
        for node in nodes(scope, name):
            if node.type in S3_NODES:
                folders.append(place_of(node, scope))
            else:
                work.notes.append(f"{node.type} {node.id} is not staged: only S3DataNode is")


def _shell(scope: Scope) -> Work:
    name = one_of(scope, "command", "scriptUri")
    text = template(str(scope.thing.text(name)), scope)
    work = Work("", templates(scope.thing.texts("scriptArgument"), scope))
    if (scope.thing.text("stage") or "false").lower() == "true":
        _staged(scope, work)
    if name == "scriptUri":
        script = fetched(work, text)
        text = f'chmod +x {script}\nexec {script} "$@"'
    work.text = text
    for name in ("stdout", "stderr"):
        if scope.thing.text(name):
            work.notes.append(f"{name} is kept under scripts/ of the run's artifacts, not at {scope.thing.text(name)}")
    return work


KINDS: dict[str, Callable[[Scope], Work]] = {
    "ShellCommandActivity": _shell,
    "EmrActivity": hadoop.emr,
    "HadoopActivity": hadoop.hadoop,
    "HiveActivity": hadoop.hive,
    "HiveCopyActivity": hadoop.hive_copy,
    "PigActivity": hadoop.pig,
    "CopyActivity": copies.copy,
    "RedshiftCopyActivity": copies.redshift_copy,
    "SqlActivity": copies.sql,
}
