"""Topics of Kafka: bounded by offsets, each record a row of the declared types, or set aside with where it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from etl.errors import EtlError, ProjectError
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.model.plural import plural
from etl.spark.causes import text_of
from etl.storage import messages
from etl.storage.increments import digest
from etl.storage.kafka_offsets import (
    Offsets,
    Topic,
    checked,
    condition,
    missing,
    position,
    positioned,
    properties,
    topic,
    within,
)
from etl.storage.progress import Increment, Progress
from etl.storage.reading import Reading, Scope, check_scope, declared_schema
from etl.storage.records import CORRUPT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OPTIONS = ("minPartitions", "failOnDataLoss")
"""Options of Spark's Kafka source; all others are the parser's of the values."""

ABOUT: messages.About = {
    "_key": ("STRING", "CAST(key AS STRING)"),
    "_topic": ("STRING", "topic"),
    "_partition": ("INT", "CAST(partition AS STRING)"),
    "_offset": ("BIGINT", "CAST(offset AS STRING)"),
    "_timestamp": ("TIMESTAMP", "CAST(timestamp AS STRING)"),
    "_headers": ("STRING", "to_json(transform(headers, h -> struct(h.key, CAST(h.value AS STRING) AS value)))"),
    "_tombstone": ("BOOLEAN", "CAST(value IS NULL AS STRING)"),
}
PLACE = "concat(_topic, ', partition ', _partition, ', offset ', _offset)"


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Read the records of a topic that are there now, or those of an increment; the end is looked at once.

    Raises:
        InputError: no such topic; records that are gone, or a topic made anew.
        ProjectError: a column about a record that is declared with another type.
        UnreachableError: no broker answers.
    """
    check_scope(dataset, scope)
    connection = dataset.connection
    if connection is None:
        raise ProjectError(f"dataset {dataset.name}: format 'kafka' needs a connection", place=dataset.place)
    messages.check_about(dataset, ABOUT, "Kafka")
    there = topic(session, dataset, connection)
    if there is None:
        if not (scope.optional or dataset.allow_empty):
            raise missing(dataset)
        there = Topic({}, {})
    begins, upto, progress = _bounds(dataset, there, scope.increment)
    frame = _rows(session, dataset, connection, begins, upto)
    where = scope.predicate(lambda column: declared_schema(dataset).column(column).type)
    since = scope.increment.since if scope.increment else None
    if where:
        frame = frame.where(f"({where}) OR {CORRUPT} IS NOT NULL")
    return Reading(
        frame=frame,
        identity={"since": digest(since or position(begins)), "upto": digest(position(upto))},
        progress=progress,
        corrupt=messages.CORRUPT_MESSAGES,
        explain=partial(_explained, dataset, connection),
    )


def _bounds(dataset: Dataset, there: Topic, increment: Increment | None) -> tuple[Offsets, Offsets, Progress | None]:
    if increment is None:
        return dict(there.begins), dict(there.ends), None
    since = positioned(increment.since) if increment.since else {}
    lossy = dataset.options.get("failOnDataLoss", "true").lower() == "false"
    begins, lost = checked(dataset, since, there, lossy=lossy)
    # Partitions that were added since the run first looked are the next run's.
    ends = dict(there.ends) if increment.until is None else positioned(increment.until)
    begins = {each: at for each, at in begins.items() if each in ends}
    ends = {each: max(ends[each], at) for each, at in begins.items()}
    upto = within(begins, ends, dataset.max_offsets)
    count, left = (sum(to.values()) - sum(of.values()) for to, of in ((upto, begins), (ends, upto)))
    news = plural(count, "new offset") if count else ""
    told = f"{news or 'nothing new'}, {plural(lost, 'offset')} lost to retention" if lost else news
    progress = Progress(
        upto=position(since | upto), end=position(ends), news=told, left=plural(left, "offset") if left else ""
    )
    return begins, upto, progress


def _rows(session: SparkSession, dataset: Dataset, connection: Connection, begins: Offsets, upto: Offsets) -> DataFrame:
    """Return the records between offsets in the declared columns, with text, reason and place of corrupt ones."""
    begins = {each: at for each, at in begins.items() if upto[each] > at}
    if not begins:
        return messages.none(session, dataset)
    return messages.rows(dataset, _loaded(session, dataset, connection, begins, upto), ABOUT, PLACE, OPTIONS)


def _loaded(
    session: SparkSession, dataset: Dataset, connection: Connection, begins: Offsets, upto: Offsets
) -> DataFrame:
    """Return Spark's rows of the records between two offsets of each partition; a gap in them is a compaction's."""
    assigned = {dataset.topic: sorted(begins)}
    spans: Mapping[str, Offsets] = {"startingOffsets": begins, "endingOffsets": {each: upto[each] for each in begins}}
    reader = session.read.format("kafka").option("assign", json.dumps(assigned)).option("includeHeaders", "true")
    for name, offsets in spans.items():
        reader = reader.option(name, json.dumps({dataset.topic: {str(each): at for each, at in offsets.items()}}))
    for key, value in properties(connection).items():
        reader = reader.option(f"kafka.{key}", value)
    given = {key: value for key, value in dataset.options.items() if key in OPTIONS}
    return reader.options(**given).load()


def _explained(dataset: Dataset, connection: Connection, error: BaseException) -> EtlError | None:
    """Return the condition of a failure that Kafka's clients raised in a task."""
    if "org.apache.kafka" not in text_of(error):
        return None
    return condition(error, dataset, connection)
