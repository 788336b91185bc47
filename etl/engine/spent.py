"""What a step cost Spark: its jobs and their stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.engine.meter import drain
from etl.spark.errors import summary
from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def spent_by(session: SparkSession, group: str) -> dict[str, Any]:
    """Count the Spark jobs of a job group and their finished stages; stages that were skipped are not counted.

    What a step cost is worth no failure of the step: where Spark cannot say, ``unmetered`` says why.
    """
    try:
        drain(session)
        context = session.sparkContext._jsc.sc()
        numbers = java_class(session, "java.util.Arrays").toString(context.statusTracker().getJobIdsForGroup(group))
        jobs = [int(number) for number in numbers.strip("[]").split(",") if number]
        store = context.statusStore()
        return {"jobs": len(jobs), "stages": sum(store.job(number).numCompletedStages() for number in jobs)}
    except Exception as error:
        return {"unmetered": summary(error)}
