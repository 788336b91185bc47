"""The files a run leaves behind, under ``<artifacts>/runs/<run id>/``; each has a JSON Schema in ``schemas/``.

``manifest.json`` is written before the first step, ``events.jsonl`` grows line by line, ``run_results.json`` appears
whole at the end. ``runs/latest`` holds the id of the run written last.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Literal

from attrs import field, frozen

from etl.model.event import Event
from etl.model.result import RunResult

Kind = Literal["manifest", "event", "run_results"]


@frozen
class Artifacts:
    """The folder of one run."""

    root: Path = field(converter=Path)
    run_id: str

    @property
    def folder(self) -> Path:
        """Where the run's files are."""
        return self.root / "runs" / self.run_id

    @property
    def report(self) -> Path:
        """Where the HTML report is, if one was made."""
        return self.folder / "report.html"

    def open(self) -> EventFile:
        """Create the folder and return the listener that writes ``events.jsonl``; close it after the run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return EventFile((self.folder / "events.jsonl").open("a", encoding="utf-8", buffering=1))

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write what was planned: see ``etl.report.manifest``."""
        replace(self.folder / "manifest.json", to_text(manifest))

    def write_results(self, result: RunResult) -> None:
        """Write what was done, and point ``runs/latest`` at this run."""
        replace(self.folder / "run_results.json", to_text(result.to_json()))
        replace(self.root / "runs" / "latest", self.run_id + "\n")

    def write_report(self, html: str) -> None:
        """Write the HTML report."""
        replace(self.report, html)

    def read_manifest(self) -> dict[str, Any] | None:
        """Return what ``manifest.json`` says; None when there is none."""
        return _read(self.folder / "manifest.json")

    def read_results(self) -> dict[str, Any] | None:
        """Return what ``run_results.json`` says; None when the run left none."""
        return _read(self.folder / "run_results.json")


@frozen
class EventFile:
    """A listener that appends each event as one line, readable while the run goes on."""

    file: IO[str]

    def __call__(self, event: Event) -> None:
        """Append the event, but for task counts: four a second of each step, and worth nothing afterwards."""
        if event.kind == "step_progress":
            return
        self.file.write(json.dumps(event.to_json(), ensure_ascii=False, default=str) + "\n")

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _read(path: Path) -> dict[str, Any] | None:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of an artifact; ``event`` is one line of ``events.jsonl``."""
    return dict(json.loads((files("etl.report") / "schemas" / f"{kind}.json").read_text(encoding="utf-8")))


def to_text(value: Mapping[str, Any]) -> str:
    """Return the value as indented JSON; what JSON does not know, as text."""
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
