"""Redshift's Data API before a real PostgreSQL: the SDK asks it, botocore's model checks each request, SQL really runs.

What PostgreSQL has not is done in its place: UNLOAD and COPY move rows by Parquet on a real S3 server, written and read
by the tests' own Spark; backslashes are escapes; some functions and views are made under Redshift's names. As in AWS a
statement goes on by itself, a token counts once, and pages of results are small.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from etl.model.connection import Connection
from etl.spark.jvm import hadoop_path, java_class
from tests import json_service
from tests.json_service import RefusedError
from tests.postgres_server import PASSWORD, Postgres

AS_IT_WAS = "SET standard_conforming_strings = off; SET escape_string_warning = off; SET timezone = 'UTC';"
OURS = """
CREATE OR REPLACE VIEW svv_columns AS SELECT * FROM information_schema.columns;
CREATE OR REPLACE FUNCTION getdate() RETURNS timestamp LANGUAGE sql AS 'SELECT localtimestamp';
CREATE OR REPLACE FUNCTION json_serialize(jsonb) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
CREATE OR REPLACE FUNCTION from_varbyte(bytea, text) RETURNS text LANGUAGE sql AS 'SELECT encode($1, $2)';
"""
UNLOAD = re.compile(
    r"UNLOAD \((?P<query>'.*')\) TO '(?P<folder>s3://[^']+)' IAM_ROLE (?:default|'arn:aws:iam::[^']+') "
    r"FORMAT AS PARQUET MANIFEST VERBOSE MAXFILESIZE \d+ MB",
    re.DOTALL,
)
COPY = re.compile(
    r"COPY (?P<table>\S+) FROM '(?P<manifest>s3://[^']+)' IAM_ROLE (?:default|'arn:aws:iam::[^']+') "
    r"FORMAT AS PARQUET MANIFEST"
)
TAKES = {"smallint": "smallint", "integer": "int", "bigint": "bigint", "real": "float", "double precision": "double"}
TAKES |= {"boolean": "boolean", "date": "date", "timestamp without time zone": "timestamp"}
PAGE = 2
NULL = "<null>"


class FailedError(Exception):
    """What the database says of a statement that failed."""


@define
class Warehouse:
    """A workgroup, and its moods.

    Args:
        postgres: where the SQL is carried out.
        session: Spark, for Parquet.
        staging: a folder of S3.
        lost_of: the next transaction that begins so is carried out, and not answered.
        before: how the next transaction begins that waits for a call, and the call.
        sent: every statement, in order.
    """

    postgres: Postgres
    session: Any
    staging: str
    port: int = 0
    lost_of: str = ""
    before: Any = None
    sent: list[str] = field(factory=list)
    said: dict[str, dict[str, Any]] = field(factory=dict)
    tokens: dict[str, str] = field(factory=dict)
    lock: Any = field(factory=threading.Lock)

    @property
    def connection(self) -> Connection:
        """How it is reached."""
        where = {"endpoint_url": f"http://127.0.0.1:{self.port}", "workgroup": "analytics", "staging": self.staging}
        return Connection(url="redshift://eu-west-1/dev", properties=where)

    def answer(self, operation: str, said: dict[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        answer: dict[str, Any] = getattr(self, f"_{operation}")(said)
        return answer

    def _ExecuteStatement(self, said: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 the service's name
        assert said["WorkgroupName"] == "analytics"
        return self._begun(said, [said["Sql"]])

    def _BatchExecuteStatement(self, said: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if self.before is not None and said["Sqls"][0].startswith(self.before[0]):
            (_, happens), self.before = self.before, None
            happens()
        answer = self._begun(said, said["Sqls"])
        if self.lost_of and said["Sqls"][0].startswith(self.lost_of):
            self.lost_of = ""
            raise RefusedError("ValidationException", "the answer was lost")
        return answer

    def _begun(self, said: dict[str, Any], sqls: list[str]) -> dict[str, Any]:
        token = said["ClientToken"]
        with self.lock:
            if token not in self.tokens:
                self.tokens[token] = name = f"{len(self.said):08d}-0000-0000-0000-000000000000"
                self.sent += sqls
                self.said[name] = {"looks": 0, **self._carried_out(sqls)}
        return {"Id": self.tokens[token], "Database": said["Database"]}

    def _carried_out(self, sqls: list[str]) -> dict[str, Any]:
        try:
            if len(sqls) == 1 and sqls[0].startswith("SELECT"):
                return {"rows": self._found(sqls[0])}
            return {"counts": self._transacted(sqls)}
        except FailedError as error:
            return {"error": f"ERROR: {error}"}

    def _DescribeStatement(self, said: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Say that it is at work the first time it is asked."""
        done = self.said[said["Id"]]
        done["looks"] += 1
        if done["looks"] == 1:
            return {"Id": said["Id"], "Status": "STARTED"}
        if "error" in done:
            return {"Id": said["Id"], "Status": "FAILED", "Error": done["error"]}
        parts = [
            {"Id": f"{said['Id']}:{number}", "ResultRows": count}
            for number, count in enumerate(done.get("counts", ()), 1)
        ]
        return {"Id": said["Id"], "Status": "FINISHED", "HasResultSet": "rows" in done, "SubStatements": parts}

    def _GetStatementResult(self, said: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        at, found = int(said.get("NextToken", 0)), self.said[said["Id"]]["rows"]
        records = [[_field(value) for value in row] for row in found[at : at + PAGE]]
        more = {"NextToken": str(at + PAGE)} if at + PAGE < len(found) else {}
        return {"Records": records, "TotalNumRows": len(found)} | more

    def _CancelStatement(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"Status": True}

    def _found(self, query: str) -> list[list[Any]]:
        text = self._psql(f"SELECT row_to_json(q) FROM ({query}) q")  # noqa: S608 the test's own query
        return [list(json.loads(line, parse_float=str).values()) for line in text.splitlines()]

    def _transacted(self, sqls: list[str]) -> list[int]:
        """Carry out statements in one transaction; UNLOAD alone, for it changes nothing."""
        unload = UNLOAD.fullmatch(sqls[0])
        if unload:
            self._unload(unload)
            return [-1]
        script = ["BEGIN;"]
        for sql in sqls:
            copy = COPY.fullmatch(sql)
            script.append(f"\\echo == \n{self._copied(copy)}" if copy else f"\\echo == \n{sql};")
        told = self._psql("\n".join([*script, "\\echo ==", "COMMIT;"]), quiet=False)
        parts = told.split("==")[1:-1]
        tags = [re.search(r"^[A-Z]+(?: 0)? (\d+)$", part, re.MULTILINE) for part in parts]
        return [int(tag[1]) if tag else -1 for tag in tags]

    def _psql(self, text: str, *, quiet: bool = True) -> str:
        ran = subprocess.run(
            [*self.postgres.client, "-AtX", *(["-q"] if quiet else []), "-v", "ON_ERROR_STOP=1"],
            input=f"{AS_IT_WAS}\n{text}" + ("\n;" if quiet else ""),
            env={**os.environ, "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise FailedError(ran.stderr.partition("ERROR:")[2].strip() or ran.stderr)
        return ran.stdout

    def _unload(self, asked: re.Match[str]) -> None:
        query = asked["query"][1:-1].replace("''", "'").replace("\\\\", "\\")
        kinds = [line.rpartition("|") for line in self._psql(f"{query} \\gdesc").splitlines()]
        types = [_spark_type(kind) for _, _, kind in kinds]
        rows = self._found(query)
        texts = [[None if value is None else _text(value) for value in row] for row in rows]
        names = [f"c{number}" for number in range(len(types))]
        frame = self.session.createDataFrame(texts, ", ".join(f"{name} STRING" for name in names))
        cast = frame.selectExpr(*(f"CAST({n} AS {k}) AS {n}" for n, k in zip(names, types, strict=True)))
        folder = asked["folder"].rstrip("/")
        cast.repartition(2).write.parquet(f"{folder}/parts")
        counts = cast.sparkSession.read.parquet(f"{folder}/parts").selectExpr("input_file_name() AS f")
        per = Counter(row[0] for row in counts.collect())
        entries = [{"url": name.replace("s3a://", "s3://"), "meta": {"record_count": n}} for name, n in per.items()]
        said = {"entries": entries, "meta": {"record_count": len(rows), "content_length": 1}}
        _write(self.session, f"{folder}/manifest", json.dumps(said))

    def _copied(self, asked: re.Match[str]) -> str:
        """Return what takes a manifest's rows in: every file by its size, columns by place, of just these types."""
        said = json.loads(_read(self.session, asked["manifest"]))
        for entry in said["entries"]:
            assert _size(self.session, entry["url"]) == entry["meta"]["content_length"]
        frame = self.session.read.parquet(*(entry["url"] for entry in said["entries"]))
        # The table may be made in this very transaction: its types are in the statement before.
        made = next(sql for sql in reversed(self.sent) if sql.startswith(f"CREATE TABLE {asked['table']} ("))
        for kind, there in zip(_made_types(made), frame.dtypes, strict=True):
            if there[1] != kind:
                raise FailedError(
                    f"Spectrum Scan Error: column {there[0]} has an incompatible Parquet schema: {there[1]}"
                )
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        for row in frame.selectExpr(*(f"CAST(`{name}` AS STRING) AS `{name}`" for name in frame.columns)).collect():
            writer.writerow([NULL if value is None else value for value in row])
        return f"COPY {asked['table']} FROM stdin (FORMAT csv, NULL '{NULL}');\n{lines.getvalue()}\\."


def _made_types(statement: str) -> list[str]:
    """Return the Parquet types that COPY takes for a table's columns."""
    inner = statement.partition(" (")[2].removesuffix(")")
    kinds = [re.sub(r'^"(?:[^"]|"")*" |^\w+ ', "", part) for part in re.split(r", (?=\"|headrace_)", inner)]
    words = {"timestamp": "timestamp", "varchar(65535)": "string", **TAKES}
    return [words.get(kind) or kind.replace("numeric", "decimal") for kind in kinds]


def _spark_type(kind: str) -> str:
    known = {"timestamp without time zone": "TIMESTAMP", **{name: word.upper() for name, word in TAKES.items()}}
    return known.get(kind) or (f"DECIMAL{kind.removeprefix('numeric')}" if kind.startswith("numeric(") else "STRING")


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | dict | list) else str(value)


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    kinds = {bool: "booleanValue", int: "longValue", float: "doubleValue"}
    return {kinds.get(type(value), "stringValue"): value}


def _write(session: Any, uri: str, text: str) -> None:
    files, path = hadoop_path(session, uri)
    stream = files.create(path)
    stream.write(bytearray(text.encode()))
    stream.close()


def _read(session: Any, uri: str) -> str:
    files, path = hadoop_path(session, uri)
    stream = files.open(path)
    text = str(java_class(session, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8"))
    stream.close()
    return text


def _size(session: Any, uri: str) -> int:
    files, path = hadoop_path(session, uri)
    return int(files.getFileStatus(path).getLen())


@contextmanager
def serving(postgres: Postgres, session: Any, staging: str) -> Iterator[Warehouse]:
    """Run a workgroup on a free port of loopback; it ends with the block."""
    postgres.sql(OURS)
    warehouse = Warehouse(postgres, session, staging)
    with json_service.serving("redshift-data", warehouse.answer) as warehouse.port:
        yield warehouse
