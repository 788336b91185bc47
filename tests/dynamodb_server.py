"""A real DynamoDB for tests: AWS's own DynamoDB local, in memory, on a free port of loopback (33 MB, fetched once)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyspark
from attrs import frozen

from etl.aws.answers import Service
from etl.errors import PlatformError
from etl.model.connection import Connection
from etl.spark.jars import Jar, at_hand
from etl.spark.java import find
from tests.s3_server import NoServerError, _free_port

JARS = Path(__file__).with_name("dynamodb_local.toml")
START_SECONDS = 60


@frozen
class Library(Jar):
    """A library of machine code; it is fetched and kept as jars are."""

    @property
    def file(self) -> str:
        """Its file name."""
        return super().file.removesuffix("jar") + "so"


@frozen
class Dynamo:
    """A running server."""

    port: int

    @property
    def connection(self) -> Connection:
        """How it is reached."""
        return Connection(url="dynamodb://eu-west-1", properties={"endpoint_url": f"http://127.0.0.1:{self.port}"})

    @property
    def client(self) -> Any:
        """The SDK's client."""
        return Service.of(self.connection).client("dynamodb")

    def make(self, table: str, **keys: str) -> None:
        """Make a table anew: its partition key first, each with its type."""
        asked = self.client
        if table in asked.list_tables()["TableNames"]:
            asked.delete_table(TableName=table)
        asked.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()],
            BillingMode="PAY_PER_REQUEST",
        )

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return a table's items, in the order of their texts."""
        found = self.client.scan(TableName=table, ConsistentRead=True)["Items"]
        return sorted(found, key=lambda each: json.dumps(each, sort_keys=True, default=repr))


def fetched() -> tuple[Path, ...]:
    """Return the server's jars and its library.

    Raises:
        NoServerError: one cannot be fetched.
    """
    said = tomllib.loads(JARS.read_text())
    wanted = (*(Jar(**each) for each in said["jar"]), *(Library(**each) for each in said["library"]))
    try:
        return at_hand(wanted, {**os.environ, "ETL_JARS_DIR": ""})
    except PlatformError as error:
        raise NoServerError(f"no DynamoDB for tests: {error}") from error


@contextmanager
def serving() -> Iterator[Dynamo]:
    """Run a server; it ends with the block.

    Raises:
        NoServerError: what it needs cannot be fetched.
    """
    files, port = fetched(), _free_port()
    java = find(pyspark.__version__, os.environ).home / "bin" / "java"
    words = [str(java), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    words += [f"-Djava.library.path={files[-1].parent}", "-cp", ":".join(map(str, files[:-1]))]
    words += ["com.amazonaws.services.dynamodbv2.local.main.ServerRunner"]
    with tempfile.TemporaryFile() as log:
        words += ["-inMemory", "-disableTelemetry", "-port", str(port)]
        process = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            end = time.monotonic() + START_SECONDS
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > end:
                    log.seek(0)
                    raise AssertionError(log.read()[-2000:].decode(errors="replace"))
                time.sleep(0.05)
            yield Dynamo(port)
        finally:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
