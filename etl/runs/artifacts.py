"""What a run leaves behind, under ``runs/<run id>/`` of an object store; each has a JSON Schema in ``etl/report``.

``manifest.json`` is written before the first step and ``run_results.json`` at the end. Events are a file that grows
line by line where the store can append (``events.jsonl``), numbered parts elsewhere (``events/000001.jsonl`` …).
``runs/latest`` holds the id of the run written last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Protocol

from attrs import define, field, frozen

from etl.model.event import Event
from etl.model.result import RunResult
from etl.model.s3 import S3Settings
from etl.runs.objects import Appending, ObjectStore, overwrite
from etl.runs.stores import DEFAULT, open_store

REPORT = "report.html"
PART_EVENTS = 100
MOST = 20_000_000  # bytes kept of what a script said
PART_SECONDS = timedelta(seconds=5)
AT_ONCE = frozenset({"session_started", "step_finished", "run_finished", "note"})  # what one who follows waits for


class Record(Protocol):
    """A listener that keeps events, until it is closed."""

    def __call__(self, event: Event) -> None:
        """Keep an event."""

    def close(self) -> None:
        """Keep what is still to be kept."""


@frozen
class Artifacts:
    """What one run leaves behind.

    Args:
        store: holds it.
        run_id: the run.
        root: what ``open_store`` makes this store of, for those who look for it later.
    """

    store: ObjectStore
    run_id: str
    root: str = ""

    def key(self, name: str) -> str:
        """Return the key of one artifact."""
        return f"runs/{self.run_id}/{name}"

    def keep(self, name: str, file: Path) -> None:
        """Keep a file; of one that is larger than ``MOST`` the end."""
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - MOST))
            overwrite(self.store, self.key(name), opened.read())

    def events(self) -> Record:
        """Return the listener that keeps the run's events behind those kept already; close it after the run."""
        if isinstance(self.store, Appending):
            return EventFile(self.store.append(self.key("events.jsonl")))
        kept = sum(1 for _ in self.store.list(self.key("events/")))
        return EventParts(self.store, self.key("events"), part=kept + 1)

    def add(self, event: Event) -> None:
        """Keep one more event, after the run."""
        record = self.events()
        try:
            record(event)
        finally:
            record.close()

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write what was planned: see ``etl.report.manifest``."""
        overwrite(self.store, self.key("manifest.json"), _bytes(manifest))

    def write_results(self, result: RunResult) -> None:
        """Write what was done, and point ``runs/latest`` at this run."""
        overwrite(self.store, self.key("run_results.json"), _bytes(result.to_json()))
        overwrite(self.store, "runs/latest", f"{self.run_id}\n".encode())

    def write_report(self, html: str) -> None:
        """Write the HTML report, ``report.html``."""
        overwrite(self.store, self.key(REPORT), html.encode())

    def has(self, name: str) -> bool:
        """Say whether the run has left an artifact of this name."""
        return any(entry.key == self.key(name) for entry in self.store.list(self.key(name), limit=1))

    def read_manifest(self) -> dict[str, Any] | None:
        """Return what ``manifest.json`` says; None when there is none."""
        return self._read("manifest.json")

    def read_results(self) -> dict[str, Any] | None:
        """Return what ``run_results.json`` says; None when the run left none."""
        return self._read("run_results.json")

    def read_events(self) -> Iterator[dict[str, Any]]:
        """Yield the run's events as they were kept, without what a death cut off in the middle of the last line."""
        parts = [entry.key for entry in self.store.list(self.key("events/"))] or [self.key("events.jsonl")]
        for key in parts:
            stored = self.store.get(key)
            *lines, cut = (stored.body if stored else b"").split(b"\n")
            if cut and key != parts[-1]:
                lines.append(cut)
            yield from (json.loads(line) for line in lines if line)

    def _read(self, name: str) -> dict[str, Any] | None:
        stored = self.store.get(self.key(name))
        return dict(json.loads(stored.body)) if stored else None


def place(root: str, run_id: str, name: str = "") -> str:
    """Return where a run's artifacts are, or one of them, for people to open."""
    return f"{root.rstrip('/')}/runs/{run_id}" + (f"/{name}" if name else "")


def open_artifacts(root: str, run_id: str, s3: S3Settings = DEFAULT) -> Artifacts:
    """Return the artifacts of a run below a configured root; ``s3`` says how S3 is reached, for a root there.

    Raises:
        ConfigError: no store knows the root's scheme.
    """
    return Artifacts(open_store(root, s3), run_id, root)


@frozen
class EventFile:
    """Appends each event as one line, on disk before the next."""

    file: IO[bytes]

    def __call__(self, event: Event) -> None:
        """Append the event."""
        if _is_kept(event):
            self.file.write(_line(event))
            self.file.flush()

    def close(self) -> None:
        """Close the file."""
        self.file.close()


@define
class EventParts:
    """Writes events as numbered objects: at what a follower waits for, after so many events or so many seconds."""

    store: ObjectStore
    folder: str
    part: int = 1
    lines: list[bytes] = field(factory=list)
    since: datetime | None = None
    pending: bytes = b""

    def __call__(self, event: Event) -> None:
        """Take the event; write a part if it is time."""
        if not _is_kept(event):
            return
        self.since = self.since or event.at
        self.lines.append(_line(event))
        if event.kind in AT_ONCE or len(self.lines) >= PART_EVENTS or event.at - self.since >= PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is there.

        A part that could not be written is tried again with the same bytes: had it landed after all, the store
        recognises it.
        """
        while self.pending or self.lines:
            if not self.pending:
                self.pending, self.lines, self.since = b"".join(self.lines), [], None
            self.store.put_if(f"{self.folder}/{self.part:06d}.jsonl", self.pending, None)
            self.part, self.pending = self.part + 1, b""

    def close(self) -> None:
        """Write what is left."""
        self.flush()


def _is_kept(event: Event) -> bool:
    return event.kind != "step_progress"  # four a second of each step, and worth nothing afterwards


def _line(event: Event) -> bytes:
    return (json.dumps(event.to_json(), ensure_ascii=False, default=str) + "\n").encode()


def _bytes(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n").encode()
