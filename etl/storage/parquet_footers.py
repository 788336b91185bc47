"""What the footers of Parquet files count: rows, and nulls. No Spark job, and nobody else's count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.spark.jvm import hadoop_path, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def rows(session: SparkSession, uri: str) -> int:
    """Return the rows of all Parquet files below a directory; 0 where there is no directory."""
    files, path = hadoop_path(session, uri)
    if not files.exists(path):
        return 0
    reader = java_class(session, "org.apache.parquet.hadoop.ParquetFileReader")
    inputs = java_class(session, "org.apache.parquet.hadoop.util.HadoopInputFile")
    conf = session._jsparkSession.sessionState().newHadoopConf()
    count, found = 0, files.listFiles(path, True)
    while found.hasNext():
        status = found.next()
        if status.getPath().getName().endswith(".parquet"):
            opened = reader.open(inputs.fromStatus(status, conf))
            try:
                count += opened.getRecordCount()
            finally:
                opened.close()
    return count


def is_all_null(session: SparkSession, uri: str, column: str) -> bool:
    """Whether a file's statistics say that a column of one value a row holds rows, and in each of them a null."""
    _, path = hadoop_path(session, uri)
    inputs = java_class(session, "org.apache.parquet.hadoop.util.HadoopInputFile")
    conf = session._jsparkSession.sessionState().newHadoopConf()
    opened = java_class(session, "org.apache.parquet.hadoop.ParquetFileReader").open(inputs.fromPath(path, conf))
    try:
        chunks = [
            chunk
            for group in opened.getRowGroups()
            for chunk in group.getColumns()
            if chunk.getPath().size() == 1 and chunk.getPath().toDotString() == column
        ]
        said = [(chunk.getStatistics(), chunk.getValueCount()) for chunk in chunks]
        return bool(said) and all(each.isNumNullsSet() and each.getNumNulls() == count for each, count in said)
    finally:
        opened.close()
