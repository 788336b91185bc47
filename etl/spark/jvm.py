"""The session's JVM: its classes, Hadoop's file systems, and settings that hold for one action.

A dotted walk (``jvm.org.apache…``) asks the JVM for a class at every dot, and each that does not exist is searched in
all jars; a class asked for by its whole name is found at once, and once is enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from attrs import define, field

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

# What a thread tells Spark about the jobs it starts.
BOOKING = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel", "spark.scheduler.pool")
PATH = "org.apache.hadoop.fs.Path"
_FILES: WeakKeyDictionary[SparkSession, dict[str, Any]] = WeakKeyDictionary()


@define(eq=False)
class Class:
    """A Java class that is asked once for each of its methods: py4j asks the JVM for it before every call."""

    java: Any
    methods: dict[str, Any] = field(factory=dict)

    def __call__(self, *arguments: Any) -> Any:
        """Return a new instance."""
        return self.java(*arguments)

    def __getattr__(self, name: str) -> Any:
        """Return a static method, or the value that a static field has now."""
        if name not in self.methods:
            found = getattr(self.java, name)
            if not callable(found):
                return found
            self.methods[name] = found
        return self.methods[name]


def java_class(session: SparkSession, name: str) -> Class:
    """Return a class of the session's JVM by its whole name; calling it makes an instance."""
    return _class(session.sparkContext._gateway, name)


@lru_cache(maxsize=256)
def _class(gateway: Any, name: str) -> Class:
    return Class(getattr(gateway.jvm, name))


def process_id(session: SparkSession) -> int:
    """Return the number of the JVM's process."""
    return int(java_class(session, "java.lang.ProcessHandle").current().pid())


def struct_type(session: SparkSession, ddl: str) -> StructType:
    """Return the columns that Spark reads in this DDL; a run of many intervals asks the JVM once."""
    return _struct_type(session.sparkContext._gateway, ddl)


@lru_cache(maxsize=1024)
def _struct_type(gateway: Any, ddl: str) -> StructType:
    from pyspark.sql.types import StructType

    return StructType.fromJson(json.loads(_class(gateway, "org.apache.spark.sql.types.StructType").fromDDL(ddl).json()))


def no_rows(session: SparkSession, ddl: str) -> DataFrame:
    """Return a frame of these columns without a row: a literal one, for which no Python worker and no task starts."""
    from pyspark.sql import DataFrame

    nothing = java_class(session, "java.util.ArrayList")()
    columns = java_class(session, "org.apache.spark.sql.types.StructType").fromDDL(ddl)
    return DataFrame(session._jsparkSession.createDataFrame(nothing, columns), session)


def hadoop_path(session: SparkSession, uri: str) -> tuple[Any, Any]:
    """Return the file system that a URI lies on, with the session's settings, and its path.

    Putting a session's settings together takes half a millisecond: it is done once for each file system.
    """
    path, known, root = java_class(session, PATH)(uri), _FILES.setdefault(session, {}), _root(uri)
    if root not in known:
        known[root] = path.getFileSystem(session._jsparkSession.sessionState().newHadoopConf())
    return known[root], path


def _root(uri: str) -> str:
    """Return a URI's scheme and authority; of a path without a scheme something that is no scheme."""
    scheme, found, rest = uri.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if found else uri.partition("/")[0]


@contextmanager
def booked(session: SparkSession, group: str, description: str, pool: str) -> Iterator[None]:
    """Book this thread's Spark jobs under a group, in a scheduler's pool, and make the session the thread's.

    Delta makes its frames in the thread's active session, and their plans obey that one's settings. Afterwards all
    of it is as it was: what a pooled thread does next is no longer this step's.
    """
    context = session.sparkContext
    sessions = java_class(session, "org.apache.spark.sql.SparkSession")
    before = {key: context.getLocalProperty(key) for key in BOOKING}
    active = sessions.getActiveSession()
    context.setJobGroup(group, description)
    context.setLocalProperty("spark.scheduler.pool", pool)
    sessions.setActiveSession(session._jsparkSession)
    try:
        yield
    finally:
        for key, value in before.items():
            context._jsc.setLocalProperty(key, value)  # None takes it away
        sessions.setActiveSession(active.get()) if active.isDefined() else sessions.clearActiveSession()


@contextmanager
def conf_set(session: SparkSession, wanted: Mapping[str, str]) -> Iterator[None]:
    """Change settings of the session while the block runs; afterwards they are as they were."""
    previous = {key: session.conf.get(key, None) for key in wanted}
    for key, value in wanted.items():
        session.conf.set(key, value)
    try:
        yield
    finally:
        for key, before in previous.items():
            if before is None:
                session.conf.unset(key)
            else:
                session.conf.set(key, before)
