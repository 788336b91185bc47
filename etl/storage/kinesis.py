"""Streams of Kinesis: each record once, up to where a shard was when the run looked.

Sequence numbers of records that are still to come cannot be known, so a batch is read first, by executors, shard by
shard, and kept; where each shard ended is then its bound. A part of it that is lost is read again up to that bound.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

from attrs import frozen

from etl.aws.answers import Service
from etl.aws.kinesis import End, Shard, Stream, client, records, shards
from etl.errors import MissingDatasetError, ProjectError
from etl.model.dataset import Dataset
from etl.model.plural import plural
from etl.sql import literal
from etl.storage import messages
from etl.storage.fetched import fetched, taken
from etl.storage.increments import identity
from etl.storage.progress import Increment, Progress
from etl.storage.reading import Reading, Scope, check_scope, declared_schema
from etl.storage.records import CORRUPT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

WIDTH = 64  # digits of a sequence number, so that their texts are ordered as they are; AWS's have 56
ABOUT: messages.About = {
    "_key": ("STRING", "key"),
    "_shard": ("STRING", "shard"),
    "_sequence": ("STRING", "concat(sequence, '.', lpad(CAST(part AS STRING), 6, '0'))"),
    "_timestamp": ("TIMESTAMP", "CAST(timestamp_millis(arrived) AS STRING)"),
}
PLACE = "concat(_shard, ', sequence ', ltrim('0', _sequence))"
DDL = (
    "shard STRING, sequence STRING, part INT, key STRING, value BINARY, arrived BIGINT, "
    "done BOOLEAN, more BOOLEAN, records BIGINT"
)
Row = tuple[str, str | None, int, str | None, bytes | None, int | None, bool | None, bool | None, int | None]


@frozen
class Consumed:
    """Up to where a shard is consumed, and whether it is closed and nothing is left of it."""

    sequence: str | None
    done: bool


Position = dict[str, Consumed]


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Read the records of a stream that are there now, or those of an increment; asks every open shard.

    Raises:
        MissingDatasetError: no such stream.
        ProjectError: a column about a record that is declared with another type.
        EtlError: the service refuses.
    """
    check_scope(dataset, scope)
    messages.check_about(dataset, ABOUT, "Kinesis")
    if dataset.connection is None:
        raise ProjectError(f"dataset {dataset.name}: format 'kinesis' needs a connection", place=dataset.place)
    stream = Stream(dataset.stream, Service.of(dataset.connection))
    there = shards(client(stream), stream)
    if there is None:
        if not (scope.optional or dataset.allow_empty):
            written = bool(dataset.written_by)
            raise MissingDatasetError(
                dataset.name, dataset.uri, what="stream", written_here=written, place=dataset.place
            )
        there = ()
    increment = scope.increment or Increment()
    since, until = positioned(increment.since), int(increment.until or time.time_ns() // 1_000_000)
    open_ = _open(there, since, in_turn=dataset.max_offsets is not None)
    kept, ends = _kept(session, stream, open_, since, until, dataset.max_offsets if scope.increment else None)
    upto = {each.id: ends.get(each.id) or since.get(each.id) or Consumed(None, done=False) for each in there}
    frame = _rows(session, dataset, kept, upto)
    where = scope.predicate(lambda column: declared_schema(dataset).column(column).type)
    progress = _progress(kept, upto, until, len(there) - sum(each.done for each in upto.values()) - len(open_))
    return Reading(
        frame=frame.where(f"({where}) OR {CORRUPT} IS NOT NULL") if where else frame,
        identity=identity(increment, progress),
        progress=progress if scope.increment else None,
        corrupt=messages.CORRUPT_MESSAGES,
    )


def positioned(text: str | None) -> Position:
    """Return what a position says of each shard."""
    said: Mapping[str, Sequence[Any]] = json.loads(text) if text else {}
    return {shard: Consumed(sequence, bool(done)) for shard, (sequence, done) in said.items()}


def position(shards: Mapping[str, Consumed]) -> str:
    """Return it as a position."""
    return json.dumps({name: [each.sequence, each.done] for name, each in sorted(shards.items())})


def _open(there: Sequence[Shard], since: Position, *, in_turn: bool) -> list[Shard]:
    """Return the shards to read; ``in_turn`` those whose parents are done, so that a key's records keep their order."""
    done = {name for name, each in since.items() if each.done}
    listed = {each.id for each in there} - done
    return [each for each in there if each.id in listed and not (in_turn and listed.intersection(each.parents))]


@frozen
class Kept:
    """A batch as it was read: its rows, with one a shard that says where it ended; how many, and whether more are."""

    frame: DataFrame | None
    records: int = 0
    more: bool = False


def _kept(
    session: SparkSession, stream: Stream, open_: Sequence[Shard], since: Position, until: int, most: int | None
) -> tuple[Kept, dict[str, Consumed]]:
    """Read the shards once, side by side, and keep what came."""
    if not open_:
        return Kept(None), {}
    each = ceil(most / len(open_)) if most else None
    asked = [(shard, consumed.sequence if (consumed := since.get(shard.id)) else None) for shard in open_]
    frame = fetched(session, asked, partial(_fetched, stream, until, each), DDL)
    told = taken(frame.where("done IS NOT NULL").select("shard", "sequence", "done", "more", "records"))
    ends = {row["shard"]: Consumed(row["sequence"], row["done"]) for row in told}
    return Kept(frame, sum(row["records"] for row in told), any(row["more"] for row in told)), ends


def _fetched(stream: Stream, until: int, most: int | None, asked: tuple[Shard, str | None]) -> Iterator[Row]:
    """Read one shard, on an executor."""
    shard, after = asked
    for each in records(client(stream), stream, shard, after, until, most):
        if isinstance(each, End):
            yield (shard.id, each.sequence, 0, None, None, None, each.done, each.more, each.records)
        else:
            sequence = each.sequence.rjust(WIDTH, "0")
            yield (shard.id, sequence, each.part, each.key, each.data, each.arrived, None, None, None)


def _rows(session: SparkSession, dataset: Dataset, kept: Kept, upto: Position) -> DataFrame:
    if kept.frame is None or not kept.records:
        return messages.none(session, dataset)
    ends = ", ".join(
        f"{literal(name)}, {literal((each.sequence or '').rjust(WIDTH, '0'))}" for name, each in upto.items()
    )
    inside = kept.frame.where(f"done IS NULL AND sequence <= element_at(map({ends}), shard)")
    return messages.rows(dataset, inside, ABOUT, PLACE, ())


def _progress(kept: Kept, upto: Position, until: int, waiting: int) -> Progress:
    left = "more records" if kept.more else plural(waiting, "shard") if waiting > 0 else ""
    news = plural(kept.records, "new record") if kept.records else ""
    return Progress(upto=position(upto), end=str(until), news=news, left=left)
