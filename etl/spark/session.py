"""The one place a Spark session is made."""

from __future__ import annotations

import atexit
import locale
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, MutableMapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import PlatformError
from etl.spark import jars, java
from etl.spark.settings import SessionSettings, everywhere, forced, on_one_machine, with_delta

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["SessionSettings", "start"]

# Each would make PySpark start or reach another Spark than the installed one, or hand it arguments nobody here wrote.
_FOREIGN_VARIABLES = (
    "SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "PYSPARK_SUBMIT_ARGS",
    "SPARK_REMOTE", "SPARK_API_MODE", "SPARK_CONNECT_MODE_ENABLED",
)  # fmt: skip
_LOG_TAIL_LINES = 15


def start(settings: SessionSettings, environ: MutableMapping[str, str] = os.environ) -> SparkSession:
    """Start the run's Spark session, or take over the one this process already has.

    On ``local``, outside spark-submit, starts a JVM with a fitting Java and the pinned Delta jars; its output goes to
    ``settings.log_file``. Elsewhere never sets master, jars, adaptive execution, committers or shuffle.
    Changes ``environ`` as PySpark needs it (JAVA_HOME, PYSPARK_PYTHON …): set before the JVM, read by it.

    Raises:
        ConfigError: a setting contradicts a forced one.
        PlatformError: no pyspark, no fitting Java or jars, no JVM bridge, no Delta in the session.
    """
    required = forced(settings.conf)
    context_class = _spark_context()
    if context_class._active_spark_context is None:
        if settings.local and not _under_submit(environ):
            spark = _launched(settings, required, environ)
        else:
            spark = _joined(settings, required)
    else:
        spark = _session()
    _check_bridge(spark)
    _force(spark, required)
    _check_delta(spark)
    _quiet_python()
    return spark


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


def _launched(
    settings: SessionSettings, required: Mapping[str, str], environ: MutableMapping[str, str]
) -> SparkSession:
    """Start a JVM, whose output goes to a file, and a session in it."""
    import pyspark
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    runtime = java.find(pyspark.__version__, environ)
    classpath = jars.delta_jars(pyspark.__version__, environ)
    scratch = _scratch()
    _prepare(environ, runtime.home)
    suggested = everywhere() | on_one_machine(settings, scratch)
    conf = suggested | dict(settings.conf) | with_delta(settings.conf) | dict(required)
    conf["spark.jars"] = _joined_by(",", *map(str, classpath), settings.conf.get("spark.jars", ""))
    key = "spark.driver.extraJavaOptions"
    conf[key] = _joined_by(" ", suggested[key], settings.conf.get(key, ""))
    log = settings.log_file or scratch / "spark.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    given = SparkConf(loadDefaults=False).setAll(list(conf.items()))
    try:
        with log.open("ab") as output:
            gateway = launch_gateway(  # type: ignore[no-untyped-call]
                given, popen_kwargs={"stdout": output, "stderr": output}
            )
    except PySparkRuntimeError as error:
        raise _no_jvm(runtime, log) from error
    SparkContext(conf=given, gateway=gateway)
    return _session()


def _joined(settings: SessionSettings, required: Mapping[str, str]) -> SparkSession:
    """Start a session in the JVM a submission made, beside the settings it was submitted with."""
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized()
    submitted = dict(SparkConf().getAll())
    suggested = {key: value for key, value in everywhere().items() if key not in submitted}
    own = dict(settings.conf)
    conf = suggested | own | with_delta(submitted | own) | dict(required)
    if not settings.local:
        conf.pop("spark.master", None)
    given = SparkConf().setAll(list(conf.items()))
    SparkContext(conf=given.setAppName(settings.app_name))
    return _session()


def _session() -> SparkSession:
    """Return the session of this process's context."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def _prepare(environ: MutableMapping[str, str], java_home: Path) -> None:
    for name in _FOREIGN_VARIABLES:
        environ.pop(name, None)
    environ["JAVA_HOME"] = str(java_home)
    environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    environ["PYSPARK_PYTHON"] = environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # Under the C locale Java cannot name a partition directory "é".
    if locale.getlocale()[1] not in ("UTF-8", "utf-8", "utf8") or environ.get("LC_ALL") in ("C", "POSIX"):
        environ["LC_ALL"] = "C.UTF-8"


def _scratch() -> Path:
    """Make a directory that goes with this process, with the JVM's log configuration in it."""
    scratch = Path(tempfile.mkdtemp(prefix="headrace-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    configuration = (resources.files("etl.spark") / "log4j2.properties").read_text()
    (scratch / "log4j2.properties").write_text(configuration)
    return scratch


def _joined_by(separator: str, *parts: str) -> str:
    return separator.join(part for part in parts if part)


def _no_jvm(runtime: java.Java, log: Path) -> PlatformError:
    tail = log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    said = "".join(f"\n    {line}" for line in tail)
    return PlatformError(
        f"Java {runtime.version} ({runtime.origin}: {runtime.home}) did not start Spark; it said:{said or ' nothing'}",
        remedy="set ETL_JAVA_HOME to another Java's home directory, or lower spark.driver.memory",
    )


def _check_bridge(spark: SparkSession) -> None:
    if getattr(spark, "_jsparkSession", None) is None:
        raise PlatformError(
            f"this session ({type(spark).__module__}) has no bridge to the JVM, which publishing to Delta needs",
            remedy="run on a classic Spark session: unset SPARK_REMOTE and spark.remote, do not use Spark Connect",
        )


def _force(spark: SparkSession, required: Mapping[str, str]) -> None:
    """Set what must hold on a session, also on one that somebody else started."""
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    for key, value in required.items():
        spark.conf.set(key, value)
        if key.startswith("spark.hadoop."):
            hadoop.set(key.removeprefix("spark.hadoop."), value)


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
