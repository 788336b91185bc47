"""What a step has consumed of its sources, kept with a Delta table: an immutable file that the commit's number names.

The number that Delta keeps for a mark stays for as long as the table; the commit's text is gone after 30 days. So the
file is written before the commit and named after what the number says: a commit that fails leaves a file that nothing
names, and two runs that write the same name write the same text, for the fingerprint covers it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import evolve
from pyspark.sql import SparkSession

from etl.model.dataset import Dataset
from etl.spark.jvm import hadoop_path, java_class
from etl.storage import delta_history, delta_log, delta_transactions
from etl.storage.delta_bridge import Bridge
from etl.storage.staging import Applied, Published, Staged

FOLDER = "_consumed"  # Delta and Spark readers skip names that start with an underscore; so does VACUUM


def keeping(session: SparkSession, staged: Staged) -> Staged:
    """Return a staged publish whose commit is preceded by the file that says what it consumes."""
    uri, commit = staged.publish.dataset.uri, staged.commit

    def committed(applied: Applied) -> Published:
        _write(session, f"{uri}/{FOLDER}/{delta_log.state_name(applied)}", applied.watermark)
        return commit(applied)

    return evolve(staged, commit=committed)


def consumed(session: SparkSession, dataset: Dataset, mark: str) -> Mapping[str, str] | None:
    """Return up to where each source is consumed, by name; nothing before the first publish, None if nobody knows.

    After a RESTORE that is what the restored version had consumed.
    """
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    found = delta_transactions.transaction(bridge, snapshot, dataset.uri, mark)
    if found is None:
        return {}
    name: str | None = delta_log.state_name(delta_log.decoded(found.number))
    if delta_history.restored(bridge, snapshot, dataset.uri, mark, found):
        commit = delta_history.standing(bridge, snapshot, dataset.uri, mark)
        if commit is None:
            return {}
        name = (commit.ours or {}).get("consumed")
    return _read(session, f"{dataset.uri}/{FOLDER}/{name}") if name else None


def _write(session: SparkSession, uri: str, said: Mapping[str, str]) -> None:
    files, path = hadoop_path(session, uri)
    stream = java_class(session, "java.util.zip.GZIPOutputStream")(files.create(path, True))
    try:
        stream.write(bytearray(json.dumps(dict(said), sort_keys=True).encode()))
    finally:
        stream.close()


def _read(session: SparkSession, uri: str) -> Mapping[str, str] | None:
    files, path = hadoop_path(session, uri)
    if not files.exists(path):
        return None
    stream = java_class(session, "java.util.zip.GZIPInputStream")(files.open(path))
    try:
        text: Any = java_class(session, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8")
    finally:
        stream.close()
    return dict(json.loads(str(text)))
