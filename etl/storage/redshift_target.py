"""Publishing to a table of Redshift: files that COPY takes into a staging table, and one transaction that shows them.

The transaction begins by locking ``headrace_publishes``, so that of two publishers one waits, and then finds that the
log no longer says what it had seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from etl.aws.redshift import GUARD, Warehouse, opened, rows, run
from etl.errors import ConflictError, EtlError
from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.model.write import Merge, Write
from etl.spark.kept import keep
from etl.sql import quoted
from etl.storage.jdbc_columns import check
from etl.storage.redshift_columns import columns, created, literal, made, role
from etl.storage.redshift_files import drop, list_for_copy
from etl.storage.redshift_log import entered, guarded, looked, make_log, marks
from etl.storage.redshift_merge import check_keys, inserted, merged
from etl.storage.staging import Applied, Publish, Published, Staged, TargetState
from etl.storage.tables import DELETES, Target, compare, deletes, later, replaced, target_of, watermark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def state(_: SparkSession, dataset: Dataset, mark: str) -> TargetState:
    """Return the target's version and what was last published under this mark."""
    target = target_of(dataset)
    return looked(opened(target.connection), target, mark)


def recall(session: SparkSession, dataset: Dataset, mark: str) -> Applied | None:
    """Return what the last publish under this mark was made from."""
    return state(session, dataset, mark).applied


def consumed(session: SparkSession, dataset: Dataset, mark: str) -> Mapping[str, str] | None:
    """Return up to where each source is consumed, by name; nothing before the first publish, None if nobody knows."""
    return watermark(state(session, dataset, mark).applied)


def later_intervals(_: SparkSession, dataset: Dataset, prefix: str, key: str) -> tuple[str, ...]:
    """Return the keys of the intervals after ``key`` that were published under marks with this prefix, sorted."""
    target = target_of(dataset)
    return later(marks(opened(target.connection), target), prefix, key)


def changes(_: SparkSession, dataset: Dataset, schema: Schema, __: Write, ___: tuple[str, ...]) -> tuple[str, ...]:
    """Return nothing: columns of a table are its owner's.

    Raises:
        AnalysisError: the table cannot take the declared columns, with all that stands against them.
    """
    target = target_of(dataset)
    check(columns(opened(target.connection), target.table), made, dataset, schema)
    return ()


def stage(session: SparkSession, publish: Publish) -> Staged:
    """Write the rows as Parquet, and let Redshift take them into a table of this run's own.

    Raises:
        ConflictError: the target's log does not say what ``publish.mark`` follows.
        EtlError: Redshift refuses.
    """
    target, run_of = target_of(publish.dataset), f"{publish.mark.name} {publish.mark.applied.run_id}"
    warehouse, staging = opened(target.connection), target.staging(run_of)
    before = looked(warehouse, target, publish.mark.name)
    compare(publish, before)
    check(columns(warehouse, target.table), made, publish.dataset, publish.schema)
    folder = f"{warehouse.staging}/headrace/{target.digest(run_of)}"
    keep(session, partial(drop, session, folder))
    _written(publish, folder)
    statements = [f"DROP TABLE IF EXISTS {staging}", created(staging, publish.schema, staging=True)]
    if deletes(publish):
        statements[-1] = f"{statements[-1].removesuffix(')')}, {DELETES} boolean)"
    manifest = list_for_copy(session, folder)
    if manifest:
        statements.append(copy(warehouse, staging, manifest))
    run(warehouse, statements)
    ((count,),) = rows(warehouse, f"SELECT count(*) FROM {staging}")
    kept = publish.kept
    return Staged(
        publish=publish,
        rows=int(count),
        version_before=before.version,
        read=partial(_staged, session, publish, folder),
        aside=(lambda: publish.frame.where(f"NOT ({kept})").drop(kept)) if kept else None,
        commit=partial(_commit, publish, warehouse, target, staging),
        drop=partial(_drop, warehouse, staging),
        drop_aside=lambda: None,
    )


def copy(warehouse: Warehouse, staging: str, manifest: str) -> str:
    """Return the statement that takes the files of a manifest into a table, columns by their place."""
    return f"COPY {staging} FROM {literal(manifest)} IAM_ROLE {role(warehouse)} FORMAT AS PARQUET MANIFEST"


def _written(publish: Publish, folder: str) -> None:
    """Write the rows to publish; an instant and a wall clock are both one of UTC, which is what COPY knows."""
    kept, kinds = publish.kept, {"TIMESTAMP_NTZ": "TIMESTAMP", "TINYINT": "SMALLINT"}
    rows_of = publish.frame.where(kept).drop(kept) if kept else publish.frame
    made_of = [
        f"CAST({quoted(each.name)} AS {kinds[each.type]}) AS {quoted(each.name)}"
        if each.type in kinds
        else quoted(each.name)
        for each in publish.schema
    ]
    if deletes(publish):
        made_of.append(f"coalesce({deletes(publish)}, false) AS {DELETES}")
    rows_of.selectExpr(*made_of).write.mode("overwrite").parquet(folder)


def _commit(publish: Publish, warehouse: Warehouse, target: Target, staging: str, applied: Applied) -> Published:
    """Change the target and its log in one transaction; of one whose answer was lost the log tells."""
    if isinstance(publish.write, Merge):
        check_keys(warehouse, publish.write, staging)
    statements = transaction(publish, target, staging, applied)
    token = hashlib.sha256(f"{staging} {applied.run_id} {applied.generation}".encode()).hexdigest()
    try:
        if publish.mark.after is None:
            make_log(warehouse, target)
        counts = run(warehouse, list(statements.values()), token=token)
    except EtlError as error:
        now = looked(warehouse, target, publish.mark.name)
        if now.applied is None or now.applied.run_id != applied.run_id:
            if GUARD.search(error.message):
                compare(publish, now)
                raise ConflictError(f"{publish.dataset.name}: another run was first", remedy="run it again") from error
            raise
        counts = [-1] * len(statements)
    else:
        now = looked(warehouse, target, publish.mark.name)
    told = {name: rows_of for name, rows_of in zip(statements, counts, strict=True) if rows_of >= 0}
    counted_of = ("inserted", "updated", "deleted") if isinstance(publish.write, Merge) else ()
    return Published(version=now.version, metrics={name: told[name] for name in counted_of if name in told})


def transaction(publish: Publish, target: Target, staging: str, applied: Applied) -> dict[str, str]:
    """Return the statements that publish staged rows, in their order, by what they do."""
    statements = {
        "lock": f"LOCK TABLE {target.log}",
        "guard": guarded(publish, target),
        "create": created(target.name, publish.schema),
    }
    if isinstance(publish.write, Merge):
        statements |= merged(publish.write, publish.schema, target.name, staging)
    else:
        gone = replaced(publish, target)
        if gone is not None:
            # Not TRUNCATE, which commits what came before it.
            statements["replaced"] = f"DELETE FROM {target.name}" + (f" WHERE {gone}" if gone else "")
        statements["inserted"] = inserted(publish.schema, target.name, staging)
    return statements | {"entry": entered(publish, target, applied), "clear": f"DROP TABLE {staging}"}


def _staged(session: SparkSession, publish: Publish, folder: str) -> DataFrame:
    frame = session.read.parquet(folder)
    return frame.selectExpr(
        *(f"CAST({quoted(each.name)} AS {each.type}) AS {quoted(each.name)}" for each in publish.schema)
    )


def _drop(warehouse: Warehouse, staging: str) -> None:
    run(warehouse, [f"DROP TABLE IF EXISTS {staging}"])
