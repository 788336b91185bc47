"""What a run ran on, for its results."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

import etl

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def versions(session: SparkSession) -> dict[str, str]:
    """Return the versions of Headrace, Python, Spark, Java and Delta."""
    jvm: Any = session._jvm
    found = {
        "headrace": etl.__version__,
        "python": platform.python_version(),
        "spark": session.version,
        "java": jvm.System.getProperty("java.version"),
    }
    try:
        found["delta"] = metadata.version("delta-spark")
    except metadata.PackageNotFoundError:  # on a cluster Delta comes as jars alone
        found["delta"] = "of the platform"
    return found
