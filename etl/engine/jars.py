"""The jars' door for scripts written before ``etl.spark`` had rooms of its own."""

from etl.spark.jars import delta_jars

__all__ = ["delta_jars"]
