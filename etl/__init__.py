"""Headrace: batch ETL on Apache Spark, from a laptop to EMR and Glue.

A step is a typed function from DataFrames to one DataFrame, plus a declaration of what it reads, what it publishes and
what must hold. A run applies steps to one interval; re-running it leaves every target as if it had run once.
"""

from etl import alarm, expect, wait
from etl.model.dataset import Source, Target
from etl.model.declare import sql_step, step
from etl.model.job import Job
from etl.model.run import Run
from etl.model.schedule import Cron, Daily, Every, Hourly, Monthly
from etl.model.script import script_step
from etl.model.sql_script import sql_script_step
from etl.model.step import Step
from etl.model.write import Append, History, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable

__all__ = [
    "Append",
    "Cron",
    "Daily",
    "Every",
    "History",
    "Hourly",
    "Job",
    "Merge",
    "Monthly",
    "ReplaceInterval",
    "ReplacePartitions",
    "ReplaceTable",
    "Run",
    "Source",
    "Step",
    "Target",
    "alarm",
    "expect",
    "script_step",
    "sql_script_step",
    "sql_step",
    "step",
    "wait",
]
__version__ = "0.1.0"
