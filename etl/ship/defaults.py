"""Spark settings as a map, ``spark-defaults``: what Serverless and EKS take beside a text that they cut at blanks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.errors import UsageError

MOST_SETTINGS = 100
MOST_OF_A_VALUE = 1024
# On the images of EMR from 7.0 on; on a cluster the classification delta-defaults puts them on the class path.
DELTA_JARS = ("/usr/share/aws/delta/lib/delta-spark.jar", "/usr/share/aws/delta/lib/delta-storage.jar")


def application_configuration(settings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return Spark settings as both services take them.

    Raises:
        UsageError: there are more than 100, or one is empty or longer than 1024 characters.
    """
    long = [key for key, value in settings.items() if not value.strip() or len(value) > MOST_OF_A_VALUE]
    if long:
        raise UsageError(
            f"Spark settings must have 1 to {MOST_OF_A_VALUE} characters there: {', '.join(long)}",
            remedy="shorten them under [spark] or [submit.<name>.spark]",
        )
    if len(settings) > MOST_SETTINGS:
        raise UsageError(f"{len(settings)} Spark settings; the service takes {MOST_SETTINGS}")
    return [{"classification": "spark-defaults", "properties": dict(settings)}]
