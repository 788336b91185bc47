"""A JVM for a session on this machine, or a context in the one that a submission made."""

from __future__ import annotations

import atexit
import locale
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from etl.aws.endpoint import OTHERS
from etl.errors import PlatformError
from etl.spark import jars, java
from etl.spark.s3 import Reach, reach
from etl.spark.settings import SessionSettings, everywhere, on_one_machine, with_delta

# Each would make PySpark start or reach another Spark than the installed one, or hand it arguments nobody here wrote.
_FOREIGN_VARIABLES = (
    "SPARK_HOME",
    "SPARK_CONF_DIR",
    "HADOOP_CONF_DIR",
    "YARN_CONF_DIR",
    "PYSPARK_SUBMIT_ARGS",
    "SPARK_REMOTE",
    "SPARK_API_MODE",
    "SPARK_CONNECT_MODE_ENABLED",
)
_LOG_TAIL_LINES = 15


def launch(settings: SessionSettings, required: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    """Start a JVM, whose output goes to a file, and a context in it."""
    import pyspark
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    runtime = java.find(pyspark.__version__, environ)
    classpath = jars.delta_jars(pyspark.__version__, environ)
    for vendor in settings.databases:
        classpath += jars.at_hand(jars.pinned(pyspark.__version__, vendor), environ)
    scratch, there = _scratch(), Reach()
    if settings.s3:
        classpath += jars.s3_jars(pyspark.__version__, environ)
        there = reach(settings.s3, pyspark.__version__, scratch)
    _prepare(environ, runtime.home)
    suggested = everywhere() | on_one_machine(settings, scratch) | dict(there.conf)
    conf = suggested | dict(settings.conf) | with_delta(settings.conf) | dict(required)
    conf["spark.jars"] = _joined_by(",", *map(str, classpath), settings.conf.get("spark.jars", ""))
    key = "spark.driver.extraJavaOptions"
    conf[key] = _joined_by(" ", suggested[key], settings.conf.get(key, ""))
    log = settings.log_file or scratch / "spark.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    given = SparkConf(loadDefaults=False).setAll(list(conf.items()))
    try:
        with log.open("ab") as output, _lent(environ, there.environment):
            gateway = launch_gateway(  # type: ignore[no-untyped-call]
                given, popen_kwargs={"stdout": output, "stderr": output}
            )
    except PySparkRuntimeError as error:
        raise _no_jvm(runtime, log) from error
    SparkContext(conf=given, gateway=gateway)


def join(settings: SessionSettings, required: Mapping[str, str]) -> None:
    """Start a context in the JVM a submission made, beside the settings it was submitted with."""
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


def _prepare(environ: MutableMapping[str, str], java_home: Path) -> None:
    for name in _FOREIGN_VARIABLES:
        environ.pop(name, None)
    environ["JAVA_HOME"] = str(java_home)
    environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    environ["PYSPARK_PYTHON"] = environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # Under the C locale Java cannot name a partition directory "é".
    if locale.getlocale()[1] not in ("UTF-8", "utf-8", "utf8") or environ.get("LC_ALL") in ("C", "POSIX"):
        environ["LC_ALL"] = "C.UTF-8"


@contextmanager
def _lent(environ: MutableMapping[str, str], variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a process that starts meanwhile: the environment of this one leads to its own credentials."""
    before = {name: environ.pop(name) for name in (*variables, *OTHERS) if variables and name in environ}
    environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            environ.pop(name, None)
        environ.update(before)


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
