"""Classes of jars that a session may have been started without: found, or on one machine added to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from etl.errors import PlatformError
from etl.spark.jars import at_hand, pinned
from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def added_class(session: SparkSession, name: str, need: str, what: str) -> Any:
    """Return a Java class, adding the jars that are pinned for a need to a session on one machine that lacks it.

    The calling thread sees the session's added jars from then on.

    Raises:
        PlatformError: the session is on a cluster and was submitted without the jars, or they cannot be fetched;
            ``what`` it cannot reach is named.
    """
    loader = session._jsparkSession.sharedState().jarClassLoader()
    java_class(session, "java.lang.Thread").currentThread().setContextClassLoader(loader)
    found = _found(session, name, loader)
    if found is not None:
        return found
    jars = pinned(session.version, need)
    if not str(session.sparkContext.master).startswith("local"):
        raise PlatformError(
            f"this Spark session has no driver for {what}: {name} cannot be found",
            remedy=f"submit with --packages {','.join(jar.coordinates for jar in jars)}, or its jar in spark.jars",
        )
    for jar in at_hand(jars, os.environ):
        session._jsparkSession.sessionState().resourceLoader().addJar(str(jar))
    return _found(session, name, loader)


def _found(session: SparkSession, name: str, loader: Any) -> Any:
    from py4j.protocol import Py4JJavaError

    try:
        return java_class(session, "java.lang.Class").forName(name, True, loader)
    except Py4JJavaError:
        return None
