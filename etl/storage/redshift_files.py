"""The files that rows pass through between Spark and Redshift: folders of S3, each with a manifest of what is in it.

A manifest names every file, so that what somebody else, or a run that died, left in a folder is not taken for rows.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from etl.aws.redshift import Warehouse
from etl.errors import InputError
from etl.spark.hadoop import below
from etl.spark.jvm import hadoop_path, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MANIFEST = "manifest"
OURS = "_manifest"  # a name that Spark passes over


def new_folder(warehouse: Warehouse) -> str:
    """Return a folder of one's own to stage rows in; nothing is there yet."""
    return f"{warehouse.staging}/headrace/{uuid.uuid4().hex}"


def unloaded(session: SparkSession, folder: str) -> tuple[list[str], int]:
    """Return the files that an UNLOAD wrote, and how many rows are in them, as its manifest says.

    Raises:
        InputError: there is no manifest: somebody deleted what was just written.
    """
    files, path = hadoop_path(session, f"{folder}/{MANIFEST}")
    if not files.exists(path):
        raise InputError(
            f"{folder}/{MANIFEST} is gone: Redshift had just written it",
            remedy="a lifecycle rule of the staging folder must keep files for a day",
        )
    stream = files.open(path)
    try:
        text: Any = java_class(session, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8")
    finally:
        stream.close()
    counts = {str(each["url"]): int(each["meta"]["record_count"]) for each in json.loads(str(text))["entries"]}
    return [url for url, count in counts.items() if count], sum(counts.values())


def list_for_copy(session: SparkSession, folder: str) -> str | None:
    """Write the manifest of a folder's Parquet files, sizes in it, and return where it is; None where there is none."""
    found = [each for each in below(session, [folder])[folder] if each.uri.endswith(".parquet")]
    if not found:
        return None
    entries = [{"url": each.uri, "mandatory": True, "meta": {"content_length": each.size}} for each in found]
    files, path = hadoop_path(session, f"{folder}/{OURS}")
    stream = files.create(path, True)
    try:
        stream.write(bytearray(json.dumps({"entries": entries}).encode()))
    finally:
        stream.close()
    return f"{folder}/{OURS}"


def drop(session: SparkSession, folder: str) -> None:
    """Delete a folder, if there is one."""
    files, path = hadoop_path(session, folder)
    files.delete(path, True)
