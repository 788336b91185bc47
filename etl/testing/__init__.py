"""What job tests use: fixtures by the pytest plugin, plain functions here."""

from etl.testing.counting import SparkJobs, count_spark_jobs
from etl.testing.lake import Lake
from etl.testing.tables import assert_table

__all__ = ["Lake", "SparkJobs", "assert_table", "count_spark_jobs"]
