"""The one place a Spark session is made: the run's, and of it one for each step."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from etl.errors import PlatformError
from etl.spark.jvm import java_class
from etl.spark.launch import join, launch
from etl.spark.settings import SessionSettings, everywhere, forced, with_delta

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["SessionSettings", "as_found", "start", "step_session"]

HADOOP = "spark.hadoop."
ASKED = "spark.headrace.conf"  # where a session remembers the project's own Spark settings


def start(settings: SessionSettings, environ: MutableMapping[str, str] = os.environ) -> SparkSession:
    """Start the run's Spark session, or take over the one this process already has.

    On ``local``, outside spark-submit, starts a JVM with a fitting Java and the pinned Delta jars; its output goes to
    ``settings.log_file``. Elsewhere never sets master, jars, adaptive execution, committers or shuffle.
    Changes ``environ`` as PySpark needs it (JAVA_HOME, PYSPARK_PYTHON …): set before the JVM, read by it.
    The session remembers ``settings.conf`` for the sessions of its steps.

    Raises:
        ForcedSettingError: a setting contradicts a forced one.
        PlatformError: no pyspark, no fitting Java or jars, no JVM bridge, no Delta in the session, Python threads that
            share the JVM's.
    """
    required = forced(settings.conf)
    _check_threads(pinned=environ.get("PYSPARK_PIN_THREAD", "true").casefold() == "true")
    context_class = _spark_context()
    if context_class._active_spark_context is None:
        if settings.local and not _under_submit(environ):
            launch(settings, required, environ)
        else:
            join(settings, required)
    spark = _session()
    _check_bridge(spark)
    _force(spark, required)
    spark.conf.set(ASKED, json.dumps(dict(settings.conf)))
    _check_delta(spark)
    _listen(spark)
    _quiet_python()
    return spark


def step_session(run: SparkSession) -> SparkSession:
    """Return a session for one step: views and settings of its own, and all that Headrace and the project set.

    A new session starts from the context's settings, without what was set on another session since; on one that was
    taken over (a notebook, Glue) that is everything.

    Args:
        run: the session from ``start``.
    """
    session = run.newSession()
    asked: dict[str, str] = json.loads(run.conf.get(ASKED, "{}") or "{}")
    given = run.sparkContext._conf
    suggested = {key: value for key, value in everywhere().items() if not given.contains(key)}
    conf = session._jsparkSession.sessionState().conf()
    for key, value in (suggested | asked | forced(asked)).items():
        conf.setConfString(key, value)
        if key.startswith(HADOOP):  # the context's own come without the prefix, a session's only so
            conf.setConfString(key.removeprefix(HADOOP), value)
    return session


def end(session: SparkSession) -> None:
    """Let go of a session from ``step_session``: Spark keeps one as long as something listens to its queries.

    An observation that no query ever told, as of a step with nothing to do, listens for ever; on Spark 4 each does.
    """
    java = session._jsparkSession
    if not session.sparkContext._jsc.sc().isStopped():
        java.listenerManager().clear()


@contextmanager
def stepping(run: SparkSession) -> Iterator[SparkSession]:
    """Yield a session for a step and let go of it."""
    own = step_session(run)
    try:
        yield own
    finally:
        end(own)


@contextmanager
def as_found(session: SparkSession) -> Iterator[None]:
    """Leave a session as it is: afterwards its settings are what they were, and it has no temporary view."""
    from py4j.java_gateway import get_method

    state = session._jsparkSession.sessionState()
    settings = state.conf().settings()
    before = java_class(session, "java.util.HashMap")(settings)
    try:
        yield
    finally:
        if not before.equals(settings):
            get_method(settings, "clear")()  # the mapping's own would take each setting away by calls of its own
            settings.putAll(before)
        state.catalog().clearTempTables()


def _spark_context() -> Any:
    try:
        from pyspark import SparkContext
    except ImportError as error:
        raise PlatformError(
            f"pyspark cannot be imported: {error}",
            remedy="pip install 'headrace[local]' (Spark 3.5) or 'headrace[spark4]' (Spark 4.1)",
        ) from error
    return SparkContext


def _under_submit(environ: Mapping[str, str]) -> bool:
    """Whether spark-submit started this process: its JVM exists, and its class path is settled."""
    return "PYSPARK_GATEWAY_PORT" in environ


def _session() -> SparkSession:
    """Return the session of this process's context."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def _check_bridge(spark: SparkSession) -> None:
    if getattr(spark, "_jsparkSession", None) is None:
        raise PlatformError(
            f"this session ({type(spark).__module__}) has no bridge to the JVM, which publishing to Delta needs",
            remedy="run on a classic Spark session: unset SPARK_REMOTE and spark.remote, do not use Spark Connect",
        )

    from py4j.clientserver import ClientServer

    _check_threads(pinned=isinstance(spark.sparkContext._gateway, ClientServer))


def _check_threads(*, pinned: bool) -> None:
    """Refuse Python threads without a JVM thread of their own: job groups and the commit gate would miss each other."""
    if not pinned:
        raise PlatformError(
            "PYSPARK_PIN_THREAD is false: two calls from one Python thread may reach two threads of the JVM",
            remedy="unset PYSPARK_PIN_THREAD, before Python starts Spark",
        )


def _listen(spark: SparkSession) -> None:
    """Open the way back from the JVM to Python, once: two steps that did so at one time would close each other's."""
    from pyspark.java_gateway import ensure_callback_server_started

    ensure_callback_server_started(spark.sparkContext._gateway)  # type: ignore[no-untyped-call]


def _force(spark: SparkSession, required: Mapping[str, str]) -> None:
    """Set what must hold on a session, also on one that somebody else started."""
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    for key, value in required.items():
        spark.conf.set(key, value)
        if key.startswith(HADOOP):
            hadoop.set(key.removeprefix(HADOOP), value)


def _check_delta(spark: SparkSession) -> None:
    """Refuse a session without Delta now, where Spark would first say so at the first write."""
    from py4j.java_gateway import JavaClass

    extension = spark._jvm.io.delta.sql.DeltaSparkSessionExtension  # type: ignore[union-attr]
    wanted = with_delta({})
    configured = spark.conf.get("spark.sql.extensions", "") or ""
    if isinstance(extension, JavaClass) and wanted["spark.sql.extensions"] in configured:
        return
    missing = "its classes" if not isinstance(extension, JavaClass) else "its session extension"
    flags = " ".join(f"--conf {key}={value}" for key, value in wanted.items())
    raise PlatformError(
        f"this Spark session lacks Delta: {missing} cannot be found",
        remedy=f'submit with --jars "$(etl jars)" (on EMR and Glue, Delta is a setting of the platform) {flags}',
    )


def _quiet_python() -> None:
    """Silence the JSON copy of every analysis error that Spark 4 prints beside raising it."""
    try:
        from pyspark.logger import PySparkLogger
    except ImportError:  # Spark 3.5
        return
    PySparkLogger.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
