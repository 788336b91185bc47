"""The session's door for job tests, notebooks and Glue scripts written before ``etl.spark`` had rooms of its own."""

from etl.spark.session import SessionSettings, start

__all__ = ["SessionSettings", "start"]
