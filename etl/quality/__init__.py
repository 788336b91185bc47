"""Expectations: compiled to measures that ride on the staging write, then judged without Spark."""
