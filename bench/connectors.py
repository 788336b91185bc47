"""Wall time of reading and publishing through connectors, promises on, against plain Spark on the same system.

    python -m bench.connectors                   # 1,000,000 rows; databases and broker on this machine
    python -m bench.connectors --rows 200000 --rounds 2 mysql

Each round does both, A B B A, in one warm JVM. Plain Spark is given what a careful person would give it: partitions
by the table's key, batches that the driver rewrites, the topic's own offsets, the declared types. Printed: the median
ratio of throughput (engine to plain: above 1 the engine is faster), its range.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl import Append, ReplaceTable, Source, Target, step
from etl.model.connection import Connection
from etl.model.schema import parse_schema
from etl.spark.added import added_class
from etl.spark.session import SessionSettings, start
from etl.storage.database import driver
from etl.storage.drivers import address
from etl.storage.kafka_offsets import CONSUMER
from etl.testing import Lake
from tests import kafka_server, mysql_server, postgres_server

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DDL = "id BIGINT, day DATE, amount DOUBLE, word STRING"
COLUMNS = "id bigint PRIMARY KEY, day date, amount double precision, word text"
ROWS = "SELECT n, DATE '2013-01-01' + (n % 365)::int, n / 7.0, 'word ' || n FROM generate_series(1, {}) n"
MYSQL_ROWS = (
    "SELECT seq, DATE '2013-01-01' + INTERVAL (seq % 365) DAY, seq / 7.0, concat('word ', seq) FROM seq_1_to_{}"
)
PARTS = 4
WARM_UP = 3
Pair = tuple[str, Callable[[], None], Callable[[], None]]


def noop(frame: Any) -> None:
    """Read all of a frame."""
    frame.write.format("noop").mode("overwrite").save()


def step_of(source: str, target: str, write: Any, **said: Any) -> Any:
    """Return a step that copies a source."""

    @step(sources={"rows": Source(source, **said)}, target=Target(target, DDL, write))
    def copied(rows: Any) -> Any:
        return rows

    return copied


def done(result: Any) -> None:
    """Refuse to measure what failed."""
    if result.exit_code:
        raise SystemExit(str(result.error))


def of_postgresql(spark: SparkSession, root: Path, rows: int) -> Iterator[Pair]:
    """Yield reading a table of PostgreSQL into Delta, and publishing one."""
    with postgres_server.serving() as server:
        server.sql(f"CREATE TABLE given ({COLUMNS}); INSERT INTO given {ROWS.format(rows)}; ANALYZE given")
        hints = {"driver": "org.postgresql.Driver", "reWriteBatchedInserts": "true"}
        yield from of_database(spark, root, rows, server.connection, "public.", hints)


def of_mysql(spark: SparkSession, root: Path, rows: int) -> Iterator[Pair]:
    """Yield reading a table of MariaDB into Delta, and publishing one."""
    with mysql_server.serving() as server:
        server.sql(f"CREATE TABLE given ({COLUMNS}); INSERT INTO given {MYSQL_ROWS.format(rows)}; ANALYZE TABLE given")
        hints = {"driver": "org.mariadb.jdbc.Driver", "rewriteBatchedStatements": "true"}
        yield from of_database(spark, root, rows, server.connection, "", hints)


def of_database(
    spark: SparkSession, root: Path, rows: int, connection: Connection, schema: str, hints: dict[str, str]
) -> Iterator[Pair]:
    """Yield reading a table into Delta, and publishing one, engine beside plain Spark."""
    os.environ[postgres_server.VARIABLE] = postgres_server.PASSWORD
    driver(spark, connection)
    lake = Lake(spark, root)
    said = {"format": "jdbc", "connection": connection}
    lake.dataset("raw.given", **said, table=f"{schema}given", options={"partitions": str(PARTS)})
    url, plain = address(connection), {"user": postgres_server.USER, "password": postgres_server.PASSWORD}
    plain |= {"fetchsize": "10000", **hints}

    def frame() -> Any:
        return spark.read.jdbc(url, "given", "id", 1, rows, PARTS, properties=plain)

    reading = step_of("raw.given", "clean.given", ReplaceTable())
    place = str(root / "plain")
    yield (
        f"{connection.vendor} read",
        lambda: done(lake.run_step(reading, date=None, force=True)),
        lambda: frame().write.format("delta").mode("overwrite").save(place),
    )
    lake.dataset("clean.written", **said, table=f"{schema}written")
    writing = step_of("clean.given", "clean.written", ReplaceTable())

    def write() -> None:
        stored = spark.read.format("delta").load(place)
        more = plain | {"batchsize": "10000", "truncate": "true"}
        stored.write.jdbc(url, "plain", mode="overwrite", properties=more)

    yield f"{connection.vendor} publish", lambda: done(lake.run_step(writing, date=None, force=True)), write


def of_kafka(spark: SparkSession, root: Path, rows: int) -> Iterator[Pair]:
    """Yield reading a topic of JSON, and of plain texts, into Delta, engine beside plain Spark."""
    from attrs import evolve
    from pyspark.sql import functions as F

    added_class(spark, CONSUMER, "kafka", "the broker")
    with kafka_server.serving() as server:
        topic = server.topic(spark, PARTS)
        made = spark.range(rows).selectExpr(
            "id",
            "date_add(DATE'2013-01-01', CAST(id % 365 AS INT)) AS day",
            "id / 7.0D AS amount",
            "concat('word ', id) AS word",
        )
        servers = {"kafka.bootstrap.servers": server.connection.servers}
        values = made.select(F.to_json(F.struct("*")).alias("value"))
        values.write.format("kafka").options(**servers, topic=topic).save()
        schema = parse_schema(DDL).ddl

        def plain(parse: bool) -> Any:
            said = {**servers, "subscribe": topic, "startingOffsets": "earliest"}
            texts = spark.read.format("kafka").options(**said).load().selectExpr("CAST(value AS STRING) AS value")
            return texts.select(F.from_json("value", schema).alias("r")).select("r.*") if parse else texts

        for form in ("json", "text"):
            lake, ddl = Lake(spark, root / form), DDL if form == "json" else "value STRING"
            lake.dataset("raw.given", format="kafka", connection=server.connection, topic=topic, value_format=form)
            lake.declared["raw.given"] = evolve(lake.declared["raw.given"], schema=parse_schema(ddl))
            numbers = iter(range(10_000))

            def engine(lake: Lake = lake, ddl: str = ddl, numbers: Iterator[int] = numbers) -> None:
                source = {"rows": Source("raw.given", incremental=True)}

                @step(sources=source, target=Target(f"clean.g{next(numbers)}", ddl, Append()))
                def copied(rows: Any) -> Any:
                    return rows

                done(lake.run_step(copied, date=None))

            def hand(form: str = form) -> None:
                plain(form == "json").write.format("delta").mode("overwrite").save(str(root / f"plain-{form}"))

            yield f"kafka {form}", engine, hand


SYSTEMS = {"postgresql": of_postgresql, "mysql": of_mysql, "kafka": of_kafka}


def seconds(act: Callable[[], None]) -> float:
    """Return how long something takes."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*", default=list(SYSTEMS))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    spark = start(SessionSettings(app_name="bench", master="local[2]", conf={"spark.driver.memory": "3g"}))
    with tempfile.TemporaryDirectory() as folder:
        for system in given.systems:
            root = Path(folder) / system
            for name, engine, hand in SYSTEMS[system](spark, root, given.rows):
                for _ in range(WARM_UP):
                    engine(), hand()
                ratios = []
                for _ in range(given.rounds):
                    a, b, c, d = seconds(engine), seconds(hand), seconds(hand), seconds(engine)
                    ratios.append((b + c) / (a + d))
                told = {"ratio": round(statistics.median(ratios), 3), "least": round(min(ratios), 3)}
                print(f"{name:18} {json.dumps(told)}", flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
