"""SQLite as a format, for tables that fit on the driver: a publish and its mark are one transaction."""

import json
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import asdict
from pyspark.sql import functions as F

from etl.errors import ConflictError, MissingDatasetError
from etl.model.formats import Format
from etl.model.write import Append, ReplaceTable
from etl.storage.reading import Reading, check_scope
from etl.storage.staging import Applied, Published, Staged, TargetState

FORMAT = Format(module=__name__, writes=(ReplaceTable, Append), promise="exactly once", needs_schema=True)
TABLES = "rows(run, row)", "log(version INTEGER PRIMARY KEY, mark, applied)"  # rows of no run are the published ones


@contextmanager
def transaction(dataset):
    Path(dataset.uri).mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(f"{dataset.uri}/rows.db", timeout=60)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            database.execute(f"CREATE TABLE IF NOT EXISTS {table}")
        yield database


def frame_of(session, rows, schema):
    texts = session.createDataFrame(rows, "row STRING")
    return texts.select(F.from_json("row", schema.nullable().ddl).alias("row")).select("row.*")


def looked(database, mark=""):
    (version,) = database.execute("SELECT max(version) FROM log").fetchone()
    last = database.execute("SELECT applied FROM log WHERE mark = ? ORDER BY version DESC", [mark]).fetchone()
    return TargetState(version, Applied(**json.loads(last[0])) if last else None)


def read(session, dataset, scope):
    check_scope(dataset, scope)
    with transaction(dataset) as database:
        version = looked(database).version
        rows = database.execute("SELECT row FROM rows WHERE run IS NULL").fetchall()
    if version is None and not scope.optional:
        raise MissingDatasetError(dataset.name, dataset.uri, written_here=False, place=dataset.place)
    frame = frame_of(session, rows, dataset.schema)
    where = scope.predicate(lambda column: dataset.schema.column(column).type)
    return Reading(frame=frame.where(where) if where else frame, identity=version)


def state(session, dataset, mark):
    with transaction(dataset) as database:
        return looked(database, mark)


def recall(session, dataset, mark):
    return state(session, dataset, mark).applied


def is_taken_back(session, dataset, mark):  # somebody restored an older version: SQLite keeps none
    return False


def later_intervals(session, dataset, prefix, key):  # what `Merge` asks
    return ()


def counted(schema, write, partition_by, *, exists):  # facts that only a scan would tell
    return frozenset()


def changes(session, dataset, schema, write, partition_by):  # of the target's columns by a publish
    return ()


def stage(session, publish):
    dataset, mark = publish.dataset, publish.mark
    run = f"{mark.name} {mark.applied.run_id}"
    rows = publish.frame.where(publish.kept).drop(publish.kept) if publish.kept else publish.frame
    texts = [(run, row) for row in rows.toJSON().collect()]
    with transaction(dataset) as database:
        before = looked(database, mark.name)
        database.executemany("INSERT INTO rows VALUES (?, ?)", texts)

    def commit(applied):
        with transaction(dataset) as database:
            now = looked(database, mark.name)
            if now.applied != mark.after:
                raise ConflictError(f"{dataset.name}: another run has published {mark.name}")
            if not isinstance(publish.write, Append):
                database.execute("DELETE FROM rows WHERE run IS NULL")
            database.execute("UPDATE rows SET run = NULL WHERE run = ?", [run])
            version = 0 if now.version is None else now.version + 1
            database.execute("INSERT INTO log VALUES (?, ?, ?)", [version, mark.name, json.dumps(asdict(applied))])
        return Published(version=version)

    def drop():
        with transaction(dataset) as database:
            database.execute("DELETE FROM rows WHERE run = ?", [run])

    return Staged(
        publish=publish,
        rows=len(texts),
        version_before=before.version,
        read=lambda: frame_of(session, [(row,) for _, row in texts], publish.schema),
        aside=(lambda: publish.frame.where(f"NOT ({publish.kept})").drop(publish.kept)) if publish.kept else None,
        commit=commit,
        drop=drop,
        drop_aside=lambda: None,
    )
