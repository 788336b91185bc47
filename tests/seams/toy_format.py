"""A table format in one file: Parquet folders, and one pointer that says which of them are the table."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import asdict

from etl.errors import ConflictError, MissingDatasetError
from etl.model.write import Append
from etl.storage import parquet_footers
from etl.storage.reading import Reading, check_scope, empty
from etl.storage.staging import Applied, Published, Staged, TargetState


def pointer(dataset):
    file = Path(dataset.uri) / "pointer.json"
    return json.loads(file.read_text()) if file.exists() else {"version": -1, "folders": [], "marks": {}}


def read(session, dataset, scope):
    check_scope(dataset, scope)
    said = pointer(dataset)
    if said["version"] < 0 and not scope.optional:
        raise MissingDatasetError(dataset.name, dataset.uri, written_here=False, place=dataset.place)
    frame = session.read.parquet(*said["folders"]) if said["folders"] else empty(session, dataset)
    where = scope.predicate(lambda column: frame.schema[column].dataType.simpleString().upper())
    return Reading(frame=frame.where(where) if where else frame, identity=said["version"], upto=str(said["version"]))


def state(session, dataset, mark):
    said = pointer(dataset)
    found = said["marks"].get(mark)
    return TargetState(None if said["version"] < 0 else said["version"], Applied(**found) if found else None)


def recall(session, dataset, mark):
    return state(session, dataset, mark).applied


def is_taken_back(session, dataset, mark):
    return False


def later_intervals(session, dataset, prefix, key):
    return ()


def counted(schema, write, partition_by, *, exists):
    return frozenset()


def changes(session, dataset, schema, write, partition_by):
    return ()


def stage(session, publish):
    dataset, mark = publish.dataset, publish.mark
    before = state(session, dataset, mark.name)
    folder = f"{dataset.uri}/{mark.applied.run_id}-{mark.applied.generation}"
    rows = publish.frame.where(publish.kept).drop(publish.kept) if publish.kept else publish.frame
    rows.write.parquet(folder)

    def commit(applied):
        said = pointer(dataset)
        if state(session, dataset, mark.name).applied != mark.after:
            raise ConflictError(f"{dataset.name}: another run was faster")
        said["folders"] = [*said["folders"], folder] if isinstance(publish.write, Append) else [folder]
        said["marks"][mark.name] = asdict(applied)
        said["version"] += 1
        fresh = Path(dataset.uri) / "pointer.new"
        fresh.write_text(json.dumps(said))
        fresh.replace(Path(dataset.uri) / "pointer.json")
        return Published(version=said["version"])

    return Staged(
        publish=publish,
        rows=parquet_footers.rows(session, folder),
        version_before=before.version,
        read=lambda: session.read.schema(publish.schema.nullable().ddl).parquet(folder),
        aside=(lambda: publish.frame.where(f"NOT ({publish.kept})")) if publish.kept else None,
        commit=commit,
        drop=lambda: None,
        drop_aside=lambda: None,
    )
