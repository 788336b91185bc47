"""The batch of a merge: written once, to files below the target that no reader of it looks at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import frozen
from pyspark.sql import DataFrame, SparkSession

from etl.model.run import utc_now
from etl.spark.jvm import hadoop_path
from etl.storage.staging import Publish

STAGE = "_staged"  # Delta and Spark readers skip names that start with an underscore; so does VACUUM
LEFT_AFTER = timedelta(days=7)  # by then a batch belongs to a run that died


@frozen(kw_only=True)
class Batch:
    """A staged batch.

    Args:
        uri: the directory of its files.
        rows: to merge.
        aside: set aside.
    """

    uri: str
    rows: DataFrame
    aside: DataFrame | None = None


def place(publish: Publish) -> str:
    """Return the directory of a publish's batch."""
    applied = publish.mark.applied
    return f"{publish.dataset.uri}/{STAGE}/{applied.run_id}-{applied.generation}-{applied.fingerprint:x}"


def written(session: SparkSession, publish: Publish) -> Batch:
    """Write the batch."""
    uri = place(publish)
    if publish.kept is None:
        publish.frame.write.mode("overwrite").parquet(uri)
        return Batch(uri=uri, rows=session.read.schema(publish.frame.schema).parquet(uri))
    publish.frame.write.mode("overwrite").partitionBy(publish.kept).parquet(uri)
    every = session.read.schema(publish.frame.schema).parquet(uri)
    return Batch(
        uri=uri,
        rows=every.where(publish.kept).drop(publish.kept),
        aside=every.where(f"NOT {publish.kept}").drop(publish.kept),
    )


def sweep(session: SparkSession, publish: Publish) -> None:
    """Delete batches that a run which died has left: VACUUM never looks here, and deleted people's rows would stay."""
    files, path = hadoop_path(session, f"{publish.dataset.uri}/{STAGE}")
    if not files.exists(path):
        return
    for status in files.listStatus(path):
        if datetime.fromtimestamp(status.getModificationTime() / 1000, UTC) < utc_now() - LEFT_AFTER:
            files.delete(status.getPath(), True)
