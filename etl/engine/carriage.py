"""Files between folders of this machine and wherever the session reaches: S3, HDFS, another disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import InputError
from etl.spark.jvm import hadoop_path

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def bring(session: SparkSession, uri: str, folder: Path) -> None:
    """Copy a folder's files, or one object, into a new folder.

    Raises:
        InputError: there is no such folder or object.
    """
    files, path = hadoop_path(session, uri)
    if not files.exists(path):
        raise InputError(f"{uri} is not there, and the script wants it", remedy="deliver it, or correct inputs=")
    folder.mkdir()
    local = hadoop_path(session, folder.as_uri())[1]
    found = [files.getFileStatus(path)]
    for status in found if found[0].isFile() else files.listStatus(path):
        files.copyToLocalFile(False, status.getPath(), local, True)  # True: without a checksum file beside each


def deliver(session: SparkSession, folder: Path, uri: str) -> None:
    """Copy all that a folder holds to where it belongs; files of the same names are replaced."""
    files, path = hadoop_path(session, uri)
    files.mkdirs(path)
    for file in sorted(folder.iterdir()):
        files.copyFromLocalFile(False, True, hadoop_path(session, file.as_uri())[1], path)
