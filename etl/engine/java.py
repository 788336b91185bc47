"""Java's door for scripts written before ``etl.spark`` had rooms of its own."""

from etl.spark.java import Java, find

__all__ = ["Java", "find"]
