"""Delta's commits on S3: a class that lets one of two drivers win, given to Delta before it looks at a table there.

The one that Delta brings asks S3 whether a version is there and then writes it: two drivers that commit at one time may
both be told that they did, and one commit is lost. S3 can refuse a write of what is there (``If-None-Match``). Delta
takes a class for that by name, so ours is compiled from ``log_store/*.java`` by Janino, which Spark carries along to
compile its own, and defined beside Delta's: no jar to build, to ship and to put on a class path that others settled.
"""

from __future__ import annotations

from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from etl.spark.errors import summary
from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

__all__ = ["defined", "doubts", "guard"]

SCHEMES = ("s3", "s3a", "s3n")
PACKAGE = "io.delta.storage."
S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
OPTIONS = "org.apache.hadoop.fs.Options$CreateFileOptionKeys"
SHARED, SDK_1, SDK_2 = "HeadraceLogStore", "HeadraceSdk1LogStore", "HeadraceSdk2LogStore"
_ANSWERS: WeakKeyDictionary[SparkContext, str] = WeakKeyDictionary()
_ONE_AT_A_TIME = Lock()


def guard(session: SparkSession, uri: str) -> str:
    """Make sure that Delta's commits to a table exclude those of other drivers; once for each context, and only on S3.

    Changes nothing where the project names a log store itself (``spark.delta.logStore.s3.impl`` or ``….class``), which
    is also how to switch this one off, and where the platform reaches S3 by other means than S3A.

    Returns:
        Why commits are not exclusive, in words that follow "because"; empty where they are, or are somebody else's.
    """
    if uri.partition("://")[0] not in SCHEMES:
        return ""
    context = session.sparkContext
    with _ONE_AT_A_TIME:  # steps run in threads of their own, and a class can be defined only once
        if context not in _ANSWERS:
            _ANSWERS[context] = _guarded(session)
        return _ANSWERS[context]


def doubts(session: SparkSession, uri: str) -> tuple[str, ...]:
    """Return what people should know of a publish to this place: nothing where its commits are exclusive."""
    why = guard(session, uri)
    return (f"S3 does not keep two drivers apart here, the lease alone does: {why}",) if why else ()


def _guarded(session: SparkSession) -> str:
    jvm = session.sparkContext._gateway.jvm  # type: ignore[union-attr]
    conf = java_class(session, "org.apache.spark.SparkEnv").get().conf()
    keys = ["class", *(f"{scheme}.impl" for scheme in SCHEMES)]
    if any(conf.contains(f"{prefix}delta.logStore.{key}") for key in keys for prefix in ("", "spark.")):
        return ""
    classes = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    why = _not_s3a(session, classes)
    if why:
        return why
    try:
        name = defined(jvm, classes)
    except Exception as error:
        version = java_class(session, "org.apache.hadoop.util.VersionInfo").getVersion()
        return f"the log store does not fit Hadoop {version} ({summary(error)})"
    for scheme in SCHEMES:
        # Without "spark." before it, a key stays on the driver. Executors, which only list, would not find the class.
        conf.set(f"delta.logStore.{scheme}.impl", name)
    java_class(session, "org.apache.spark.sql.delta.DeltaLog").clearCache()  # logs keep the store they began with
    return ""


def _not_s3a(session: SparkSession, classes: Any) -> str:
    """Return what reaches S3 instead of S3A; empty where that does."""
    hadoop = session._jsparkSession.sessionState().newHadoopConf()
    try:
        used = java_class(session, "org.apache.hadoop.fs.FileSystem").getFileSystemClass("s3", hadoop)
        fits = classes.loadClass(S3A).isAssignableFrom(used)
    except Exception as error:
        return f"S3A is not there ({summary(error)})"
    return "" if fits else f"{used.getName()} reaches it, not S3A"


def _writes_conditionally(classes: Any) -> bool:
    """Whether this Hadoop has a conditional write of its own, as from 3.4.2 on."""
    if not _has(classes, OPTIONS):  # 3.3
        return False
    names = {field.getName() for field in classes.loadClass(OPTIONS).getFields()}
    return "FS_OPTION_CREATE_CONDITIONAL_OVERWRITE" in names


def defined(jvm: Any, classes: Any) -> str:
    """Define the log store in the class loader and package of Delta's own, unless it is; return its whole name.

    Args:
        jvm: the gateway's view of a JVM; whether Spark runs in it is all the same.
        classes: the class loader by which Delta is found.

    Raises:
        Py4JError: there is no Delta, or the Hadoop there is has no S3A that the log store fits.
    """
    beside = classes.loadClass(PACKAGE + "S3SingleDriverLogStore")
    loader, handles = beside.getClassLoader(), jvm.java.lang.invoke.MethodHandles
    door = handles.privateLookupIn(beside, handles.lookup())
    name = SDK_2 if _writes_conditionally(classes) else SDK_1
    for each in (SHARED, name):
        if not _has(loader, PACKAGE + each):
            door.defineClass(_compiled(jvm, loader, each))
    return PACKAGE + name


def _has(loader: Any, name: str) -> bool:
    from py4j.protocol import Py4JJavaError

    try:
        loader.loadClass(name)
    except Py4JJavaError:
        return False
    return True


def _compiled(jvm: Any, loader: Any, name: str) -> Any:
    source = (resources.files("etl.spark") / "log_store" / f"{name}.java").read_text()
    compiler = jvm.org.codehaus.janino.SimpleCompiler()
    compiler.setParentClassLoader(loader)
    compiler.cook(f"{name}.java", jvm.java.io.StringReader(source))
    return compiler.getBytecodes()[PACKAGE + name]
