"""Delta's own classes through py4j: the only module that names them.

Delta's write command runs inside a transaction and returns its actions without committing
(``WriteIntoDelta.writeAndReturnCommitData``). The signatures used here are the same from Delta 3.2 to 4.4 but for
trailing case-class fields, which ``construct`` fills with the defaults of whatever version is on the class path.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from attrs import frozen
from pyspark.sql import DataFrame, SparkSession

from etl.spark.jvm import java_class
from etl.spark.log_store import guard
from etl.storage.foreign import unknown_feature

DELTA = "org.apache.spark.sql.delta."
PYTHON = "org.apache.spark.api.python.PythonUtils"


@frozen
class Bridge:
    """A session's door to Delta's classes.

    Raises:
        PlatformError: the session has no JVM bridge (Spark Connect).
    """

    session: SparkSession

    @property
    def java_session(self) -> Any:
        """The session on the JVM side."""
        return self.session._jsparkSession

    def option(self, value: Any = None) -> Any:
        """Return a Scala Option; None is empty."""
        if value is None:
            return _nothing(self.session.sparkContext._gateway)
        return java_class(self.session, "scala.Option").apply(value)

    def scala_map(self, values: Mapping[str, str]) -> Any:
        """Return an immutable Scala map."""
        return java_class(self.session, PYTHON).toScalaMap(dict(values))

    def scala_seq(self, values: Iterable[Any]) -> Any:
        """Return a Scala Seq."""
        return java_class(self.session, PYTHON).toSeq(list(values))

    def module(self, name: str) -> Any:
        """Return a Scala object; by reflection, since private[delta] members have no static forwarder."""
        return _module(self.session.sparkContext._gateway, name)

    def construct(self, name: str, *arguments: Any) -> Any:
        """Call a case class's ``apply``, filling the trailing fields that this Delta version adds."""
        companion, fields = self.module(name), _fields(self.session.sparkContext._gateway, name)
        defaults = [getattr(companion, f"apply$default${n}")() for n in range(len(arguments) + 1, fields + 1)]
        return companion.apply(*arguments, *defaults)

    def log(self, uri: str) -> Any:
        """Return the DeltaLog of a path; the table need not exist. On S3 its commits exclude those of other drivers."""
        guard(self.session, uri)
        return java_class(self.session, DELTA + "DeltaLog").forTable(self.java_session, uri)

    def snapshot(self, uri: str) -> Any:
        """Return the newest snapshot of a path; version -1 where there is no table.

        Raises:
            PlatformError: the table needs a newer Delta to be read.
        """
        try:
            return self.log(uri).update(False, self.option(), self.option())
        except Exception as error:
            told = unknown_feature(error, uri)
            if told is None:
                raise
            raise told from error

    def check_writable(self, snapshot: Any, uri: str) -> None:
        """Ask Delta, before any file is written, whether it knows all that the table asks of a writer.

        Raises:
            PlatformError: the table needs a newer Delta to be written.
        """
        try:
            self.log(uri).protocolWrite(snapshot.protocol())
        except Exception as error:
            told = unknown_feature(error, uri)
            if told is None:
                raise
            raise told from error

    def register(self, transaction: Any, app_id: str) -> None:
        """Mark the app id as read, so that two runs of one interval conflict instead of both committing.

        ``txnVersion`` does the same after reconstructing the table's state, which costs Spark jobs.
        """
        getattr(transaction.readTxn(), "$plus$eq")(app_id)

    def rows_of(self, log: Any, transaction: Any, files: Iterable[Mapping[str, Any]]) -> DataFrame:
        """Return the rows of added files, committed or not, with the columns the transaction gives the table."""
        constructor = java_class(self.session, DELTA + "DummySnapshot")
        defaults = _constructor_defaults(self.session.sparkContext._gateway, "DummySnapshot", 3)
        snapshot = constructor(log.logPath(), log, transaction.metadata(), *defaults)
        frame = log.createDataFrame(snapshot, self.add_files(files), False, self.option())
        return DataFrame(frame, self.session)

    def said(self, actions: Any) -> list[dict[str, Any]]:
        """Return what the actions of a Scala Seq say, each without the word for its kind; one call for all."""
        text = self.module("util.JsonUtils").mapper().writeValueAsString(actions)
        return list(json.loads(text))

    def add_files(self, said: Iterable[Mapping[str, Any]]) -> Any:
        """Return a Scala Seq of AddFiles made from what they say; one call for all."""
        mapper, many = _add_files(self.session.sparkContext._gateway)
        made = mapper.readValue(json.dumps(list(said)), many)
        return java_class(self.session, PYTHON).toSeq(made)

    def together(self, first: Any, *others: Any) -> Any:
        """Return a Scala Seq of an action and those of other Seqs, none of which comes to Python."""
        buffer = java_class(self.session, "scala.collection.mutable.ArrayBuffer")()
        getattr(buffer, "$plus$eq")(first)
        for each in others:
            getattr(buffer, "$plus$plus$eq")(each)
        return buffer.toSeq()

    def set_transaction(self, app_id: str, number: int, written: int | None = None) -> Any:
        """Return the action that notes an application's number in a commit, written now unless said (milliseconds)."""
        now = time.time_ns() // 1_000_000
        said = {"appId": app_id, "version": number, "lastUpdated": now if written is None else written}
        return self.module("actions.Action").fromJson(json.dumps({"txn": said}))


@lru_cache(maxsize=8)
def _nothing(gateway: Any) -> Any:
    return gateway.jvm.scala.Option.apply(None)


@lru_cache(maxsize=8)
def _add_files(gateway: Any) -> tuple[Any, Any]:
    mapper = _module(gateway, "util.JsonUtils").mapper()
    many = gateway.jvm.java.lang.Class.forName("java.util.ArrayList")
    return mapper, mapper.getTypeFactory().constructCollectionType(many, _load(gateway, "actions.AddFile"))


@lru_cache(maxsize=64)
def _module(gateway: Any, name: str) -> Any:
    return _load(gateway, name + "$").getField("MODULE$").get(None)


@lru_cache(maxsize=64)
def _fields(gateway: Any, name: str) -> int:
    return max(int(constructor.getParameterCount()) for constructor in _load(gateway, name).getConstructors())


def _constructor_defaults(gateway: Any, name: str, given: int) -> list[Any]:
    companion, fields = _module(gateway, name), _fields(gateway, name)
    return [getattr(companion, f"$lessinit$greater$default${n}")() for n in range(given + 1, fields + 1)]


def _load(gateway: Any, name: str) -> Any:
    return gateway.jvm.java.lang.Thread.currentThread().getContextClassLoader().loadClass(DELTA + name)


def elements(sequence: Any) -> list[Any]:
    """Return a Scala Seq's elements as a list."""
    return [sequence.apply(n) for n in range(sequence.size())]
