"""What Parquet, ORC and Avro files say about themselves: read side by side, and no Spark job."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from etl.errors import EtlError, TransientError
from etl.spark.causes import causes
from etl.spark.errors import condition_of, summary
from etl.spark.jvm import java_class
from etl.storage.avro import Avro
from etl.storage.stored import Footer, Opened, Stored, fields

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.storage.listing import File

AT_ONCE = 8  # footers read side by side: most of the time goes into waiting for a store
_BEFORE_1582 = re.compile(
    r" min: (?:Hybrid )?(BC \d+-\d\d-\d\d|(?:AD )?(?:0*\d{1,3}|1[0-4]\d\d|15[0-7]\d|158[0-2])-\d\d-\d\d)"
)
# A column of a Parquet schema as it is printed; the second part is what its bytes mean.
_LINE = re.compile(r"^  (?:optional|required|repeated) (\S+) .*?(?: \(([A-Z].*)\))?(?: = \d+)?(?: \{|;)$", re.MULTILINE)
_AS_SAID = re.compile(r"DECIMAL|STRING|LIST|MAP|DATE|INTEGER\(\d+,true\)")  # Spark's type says the same
_ILLEGAL = re.compile(r"(?:Illegal Parquet type|Parquet type not yet supported): (.*?)\.?(?: SQLSTATE: \w+)?$")


def read_footers(session: SparkSession, name: str, files: Iterable[File]) -> list[Footer]:
    """Return each file's footer, in the order of the files.

    Args:
        session: whose file systems hold them.
        name: ``parquet``, ``orc`` or ``avro``.
        files: as they were listed.
    """
    given = tuple(files)
    opened = _FORMATS[name](session)

    def one(file: File) -> Footer:
        if file.size == 0:
            return Footer(file.uri, broken="it is empty: 0 bytes")
        try:
            return opened.footer(file)
        except Exception as error:  # of the JVM: whatever a parser meets in bytes that are not what it takes them for
            links = causes(error)
            # No Java behind it, a defect of our own; or a store that refuses for now.
            if len(links) == 1 or issubclass(condition_of(links) or EtlError, TransientError):
                raise
            return Footer(file.uri, broken=summary(error))

    if len(given) <= 1:
        return [one(file) for file in given]
    with ThreadPoolExecutor(min(AT_ONCE, len(given))) as pool:
        return list(pool.map(one, given))


class _Parquet:
    def __init__(self, session: SparkSession) -> None:
        packages = "org.apache.parquet"
        self._session = session
        self._conf = session._jsparkSession.sessionState().newHadoopConf()
        self._inputs = java_class(session, f"{packages}.hadoop.util.HadoopInputFile")
        self._reader = java_class(session, f"{packages}.hadoop.ParquetFileReader")
        self._message = java_class(session, f"{packages}.schema.MessageType")
        spark = "org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter"
        self._converter = java_class(session, spark)(session._jsparkSession.sessionState().conf())
        self._known: dict[str, tuple[tuple[Stored, ...], int | None]] = {}

    def footer(self, file: File) -> Footer:
        path = java_class(self._session, "org.apache.hadoop.fs.Path")(file.uri)
        opened = self._reader.open(self._inputs.fromPath(path, self._conf))
        try:
            said = opened.getFileMetaData()
            columns, flat = self._columns(said.getSchema())
            proleptic = said.getKeyValueMetaData().get("writer.date.proleptic") != "false"
            broken = "" if flat is None else _miscounted(opened.getRowGroups(), flat)
            return Footer(file.uri, columns, proleptic, broken)
        finally:
            opened.close()

    def _columns(self, schema: Any) -> tuple[tuple[Stored, ...], int | None]:
        text = str(schema.toString())
        if text not in self._known:  # most files of a dataset have one schema
            leaves = enumerate(schema.getColumns())
            flat = next((number for number, leaf in leaves if leaf.getMaxRepetitionLevel() == 0), None)
            self._known[text] = self._converted(schema, text), flat
        return self._known[text]

    def _converted(self, schema: Any, text: str) -> tuple[Stored, ...]:
        try:
            kinds = fields(self._converter.convert(schema))
        except Exception:  # one column that Spark cannot read: which one, and what are the others?
            return tuple(self._alone(each) for each in schema.getFields())
        said = _LINE.findall(text)
        known = said if len(said) == len(kinds) else [("", "")] * len(kinds)  # a line break in a name
        return tuple(
            Stored(kind["name"], kind["type"], " ".join(parts) if parts[1] and not _AS_SAID.match(parts[1]) else "")
            for kind, parts in zip(kinds, known, strict=True)
        )

    def _alone(self, column: Any) -> Stored:
        one = java_class(self._session, "java.util.Collections").singletonList(column)
        try:
            (kind,) = fields(self._converter.convert(self._message("one", one)))
        except Exception as error:
            said = summary(error)
            found = _ILLEGAL.search(said)
            return Stored(str(column.getName()), None, found[1] if found else said)
        return Stored(kind["name"], kind["type"])


class _Orc:
    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._files = java_class(session, "org.apache.orc.OrcFile")
        self._options = self._files.readerOptions(session._jsparkSession.sessionState().newHadoopConf())
        self._spark = java_class(session, "org.apache.spark.sql.execution.datasources.orc.OrcUtils")
        self._known: dict[str, tuple[Stored, ...]] = {}

    def footer(self, file: File) -> Footer:
        opened = self._files.createReader(
            java_class(self._session, "org.apache.hadoop.fs.Path")(file.uri), self._options
        )
        try:
            schema = opened.getSchema()
            text = str(schema.toString())
            if text not in self._known:
                self._known[text] = self._converted(schema)
            return Footer(file.uri, self._known[text], broken=self._misdated(opened))
        finally:
            opened.close()

    def _misdated(self, opened: Any) -> str:
        """Say why dates would come out days late: C++ writes one calendar, and Java takes it for the other."""
        if opened.writerUsedProlepticGregorian() or not str(opened.getWriterVersion().toString()).startswith("ORC_CPP"):
            return ""
        old = _BEFORE_1582.search("".join(str(column.toString()) for column in opened.getStatistics()))
        return f"it has dates before 1582, from {old[1]} on, and does not say of which calendar" if old else ""

    def _converted(self, schema: Any) -> tuple[Stored, ...]:
        try:
            return tuple(Stored(each["name"], each["type"]) for each in fields(self._spark.toCatalystSchema(schema)))
        except Exception:  # as above
            names, kinds = list(schema.getFieldNames()), list(schema.getChildren())
            return tuple(self._alone(str(name), kind) for name, kind in zip(names, kinds, strict=True))

    def _alone(self, name: str, kind: Any) -> Stored:
        one = java_class(self._session, "org.apache.orc.TypeDescription").createStruct().addField("one", kind.clone())
        try:
            (found,) = fields(self._spark.toCatalystSchema(one))
        except Exception:
            return Stored(name, None, str(kind.toString()))
        return Stored(name, found["type"])


_FORMATS: Mapping[str, Callable[[SparkSession], Opened]] = {"parquet": _Parquet, "orc": _Orc, "avro": Avro}


def _miscounted(groups: Any, flat: int) -> str:
    """Say which group of rows holds another number of rows than of values: readers believe the number of rows."""
    for number, group in enumerate(groups):
        rows, values = group.getRowCount(), group.getColumns().get(flat).getValueCount()
        if rows != values:
            return f"its footer says {rows} rows in row group {number}, and {values} values in a column of it"
    return ""
