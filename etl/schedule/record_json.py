"""A job's record as JSON, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import fields

from etl.model.interval import Interval
from etl.schedule.record import Attempt, Mark, Open, Record
from etl.schedule.spans import Spans

SCHEMA_VERSION = "1.0"


def to_json(record: Record) -> dict[str, Any]:
    """Return a record as JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "job": record.job,
        "since": record.since.isoformat(),
        "first": record.first.isoformat(),
        "done": [[start.isoformat(), end.isoformat()] for start, end in record.done],
        "skipped": [[start.isoformat(), end.isoformat()] for start, end in record.skipped],
        "open": [open_json(each) for each in record.open.values()],
        "paused": plain(record.paused) if record.paused else None,
        "marks": [plain(each) for each in record.marks],
    }


def from_json(said: dict[str, Any]) -> Record:
    """Return the record that JSON values say."""
    opened = [_opened(each) for each in said["open"]]
    return Record(
        job=said["job"],
        since=datetime.fromisoformat(said["since"]),
        first=datetime.fromisoformat(said["first"]),
        done=_spans(said["done"]),
        skipped=_spans(said["skipped"]),
        open={each.key: each for each in opened},
        paused=_mark(said["paused"]) if said["paused"] else None,
        marks=tuple(map(_mark, said["marks"])),
    )


def open_json(opened: Open) -> dict[str, Any]:
    """Return an open interval as JSON values, without what it says nothing of."""
    start, end = opened.interval.start.isoformat(), opened.interval.end.isoformat()
    rest = {name: value for name, value in plain(opened).items() if name not in ("interval", "attempts") and value}
    return {"start": start, "end": end, "attempts": [plain(each) for each in opened.attempts]} | rest


def plain(value: Attempt | Mark | Open) -> dict[str, Any]:
    """Return a value's own fields, times as text."""
    found = {each.name: getattr(value, each.name) for each in fields(type(value))}
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in found.items()}


def _opened(said: dict[str, Any]) -> Open:
    rest = {name: value for name, value in said.items() if name not in ("start", "end", "attempts")}
    interval = Interval(datetime.fromisoformat(said["start"]), datetime.fromisoformat(said["end"]))
    attempts = tuple(Attempt(**_timed(each)) for each in said["attempts"])
    return Open(interval=interval, attempts=attempts, **_timed(rest) | {"tell": tuple(said.get("tell", ()))})


def _mark(said: dict[str, Any]) -> Mark:
    return Mark(**_timed(said))


def _timed(said: dict[str, Any]) -> dict[str, Any]:
    times = ("at", "ended", "next_at", "since")
    return {name: datetime.fromisoformat(each) if name in times and each else each for name, each in said.items()}


def _spans(said: list[list[str]]) -> Spans:
    return tuple((datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in said)
