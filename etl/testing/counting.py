"""Counts of Spark jobs, stages and rows: exact, unlike times."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@define
class SparkJobs:
    """What ran inside the block: Spark jobs, stages with at least one finished task, rows those stages read."""

    jobs: int = 0
    stages: int = 0
    rows_read: int = 0
    job_ids: list[int] = field(factory=list)


@contextmanager
def count_spark_jobs(spark: SparkSession) -> Iterator[SparkJobs]:
    """Count every Spark job that starts while the block runs, from whatever thread.

    Counting is by the session's job numbers, so nothing else may run at the same time.
    """
    counted, context = SparkJobs(), spark.sparkContext
    first = _next_job(spark)
    yield counted
    context._jsc.sc().listenerBus().waitUntilEmpty(60_000)
    last = _next_job(spark) - 1
    counted.job_ids = list(range(first + 1, last + 1))
    counted.jobs = len(counted.job_ids)
    tracker, store = context.statusTracker(), context._jsc.sc().statusStore()
    stages = {stage for job in counted.job_ids if (info := tracker.getJobInfo(job)) for stage in info.stageIds}
    for stage in stages:
        progress = tracker.getStageInfo(stage)
        if progress and progress.numCompletedTasks:
            counted.stages += 1
            counted.rows_read += store.lastStageAttempt(stage).inputRecords()


def _next_job(spark: SparkSession) -> int:
    """Run a job without a task and return its number: the only public way to learn where the numbering stands."""
    context, group = spark.sparkContext, f"count-{uuid.uuid4()}"
    context.setJobGroup(group, "counting")
    context._jsc.emptyRDD().count()
    context._jsc.sc().listenerBus().waitUntilEmpty(60_000)
    numbers = context.statusTracker().getJobIdsForGroup(group)
    context.setJobGroup("", "")
    return int(max(numbers))
