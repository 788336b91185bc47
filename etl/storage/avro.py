"""Avro files: what the header of each says it stores, and Spark's reader of them, which not every Spark has."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from etl.errors import PlatformError
from etl.spark.causes import summary
from etl.spark.jvm import hadoop_path, java_class
from etl.storage.stored import Footer, Stored

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.storage.listing import File

# Its whole name: Spark 4 has the class among its own, and refuses the short name until a jar without it is there.
READER = "org.apache.spark.sql.avro.AvroFileFormat"
SYNC = 16  # bytes of the mark that ends the header and each block
_AS_SAID = frozenset(
    {"date", "decimal", "timestamp-millis", "timestamp-micros", "local-timestamp-millis", "local-timestamp-micros"}
)


def ready(session: SparkSession) -> None:
    """See to it that this thread's Spark can read Avro; on one machine a jar that is missing is fetched, once.

    Raises:
        PlatformError: the session is on a cluster and was submitted without the jar, or the jar cannot be fetched.
    """
    if _is_there(session):
        return
    # A jar that was added is found by the threads that look where it was added to: each step has a thread of its own.
    loader = session._jsparkSession.sharedState().jarClassLoader()
    java_class(session, "java.lang.Thread").currentThread().setContextClassLoader(loader)
    if _is_there(session):
        return
    from etl.spark.jars import at_hand, pinned

    jars = pinned(session.version, "avro")
    if not str(session.sparkContext.master).startswith("local"):
        coordinates = ",".join(jar.coordinates for jar in jars)
        raise PlatformError(
            "this Spark session cannot read Avro: its classes cannot be found",
            remedy=f"submit with --packages {coordinates}, of the cluster's own Spark version",
        )
    for jar in at_hand(jars, os.environ):
        session._jsparkSession.sessionState().resourceLoader().addJar(str(jar))


def _is_there(session: SparkSession) -> bool:
    from py4j.java_gateway import JavaClass

    # Asked anew each time: what is not there is remembered as a package.
    return isinstance(getattr(session.sparkContext._gateway.jvm, READER), JavaClass)  # type: ignore[union-attr]


class Avro:
    """The headers of a dataset's Avro files."""

    def __init__(self, session: SparkSession) -> None:
        ready(session)
        self._session = session
        self._conf = session._jsparkSession.sessionState().newHadoopConf()
        self._path = java_class(session, "org.apache.hadoop.fs.Path")
        self._inputs = java_class(session, "org.apache.avro.mapred.FsInput")
        self._reader = java_class(session, "org.apache.avro.file.DataFileReader")
        self._records = java_class(session, "org.apache.avro.generic.GenericDatumReader")
        self._converter = java_class(session, "org.apache.spark.sql.avro.SchemaConverters")
        self._known: dict[str, tuple[Stored, ...]] = {}

    def footer(self, file: File) -> Footer:
        """Return one file's columns; raises what the JVM does where its header cannot be read."""
        ready(self._session)  # files are looked at by threads of their own
        opened = self._reader(self._inputs(self._path(file.uri), self._conf), self._records())
        try:
            schema, begins = opened.getSchema(), opened.previousSync()
        finally:
            opened.close()
        if schema.getType().getName() != "record":
            return Footer(file.uri, broken=f"its rows are no records: {schema.getType().getName()}")
        text = str(schema.toString())
        if text not in self._known:  # most files of a dataset have one schema
            self._known[text] = tuple(self._stored(field) for field in schema.getFields())
        return Footer(file.uri, self._known[text], broken=self._cut(file, begins))

    def _cut(self, file: File, begins: int) -> str:
        """Say that a file ends within a block: Avro's reader takes that for its end, and leaves the rows out."""
        files, path = hadoop_path(self._session, file.uri)
        stream = files.open(path)
        try:
            stream.seek(begins - SYNC)
            mark = bytes(stream.readNBytes(SYNC))
            stream.seek(file.size - SYNC)
            return "" if bytes(stream.readNBytes(SYNC)) == mark else "it ends within a block: its end is missing"
        finally:
            stream.close()

    def _stored(self, column: Any) -> Stored:
        from py4j.protocol import Py4JJavaError

        name, schema = str(column.name()), column.schema()
        try:
            kind = json.loads(self._converter.toSqlType(schema).dataType().json())
        except Py4JJavaError as error:  # a type that Spark has none for, or one that holds itself
            return Stored(name, None, _said(schema) or summary(error))
        return Stored(name, kind, _said(schema))


def _said(schema: Any) -> str:
    """Return Avro's name of a type where it says more than Spark's."""
    if schema.isUnion():
        parts = [each for each in schema.getTypes() if each.getType().getName() != "null"]
        return _said(parts[0]) if len(parts) == 1 else "union"
    name, logical = str(schema.getType().getName()), schema.getLogicalType()
    given = logical.getName() if logical is not None else schema.getProp("logicalType")
    if given is not None and (logical is None or given not in _AS_SAID):
        return f"{name} {given}"
    return name if name in {"enum", "fixed"} and logical is None else ""
