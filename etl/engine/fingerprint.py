"""What a publish is made from, digested part by part: a run knows what is published, and why something is not."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from etl import __version__
from etl.engine.provenance import made_of
from etl.engine.script_files import script_files
from etl.model.body import Script, Statements
from etl.model.dataset import Dataset, Source
from etl.model.jsonable import json_value
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.step import Step
from etl.storage.staging import FINGERPRINT_BITS

SHOWN = 12  # hexadecimal digits kept of each part: enough to tell two apart
BRIEF = 8  # and of each thing in it
MOST = 50  # things of a part, and files of a source, that are remembered one by one
SPOKEN = frozenset({"interval", "versions"})  # parts whose values are short, and kept as they are
# Texts in Spark SQL, and what is none of the query: comments (hints are not) and white space.
QUERY = re.compile(r"('[^']*'|\"[^\"]*\"|`[^`]*`)|(?:--[^\n]*|/\*(?!\+)(?:(?!/\*).)*?\*/|\s)+", re.DOTALL)

NESTED = re.compile(r"/\*(?:(?!\*/).)*/\*", re.DOTALL)


@frozen(kw_only=True)
class Made:
    """What a publish is made from.

    Args:
        parts: a digest of each part: ``code``, ``inputs`` …
        details: of each part, what it is made of, in short: so that the next run can say what has changed.
    """

    parts: Mapping[str, str] = field(hash=False)
    details: Mapping[str, Any] = field(hash=False)

    @property
    def number(self) -> int:
        """All the parts as one number."""
        return int(_digest(dict(self.parts)), 16) >> (256 - FINGERPRINT_BITS)


def made(planned: PlannedStep, run: Run, spark_version: str, inputs: Mapping[str, Any]) -> Made:
    """Return everything the step's rows depend on, digested by what it is of.

    Nothing here says where the project or the lake lies. Not part of it: whatever the job asks for while it runs (a
    clock, a random number, a web page), and files outside the project's packages.
    """
    step, interval = planned.step, run.interval
    content: dict[str, Mapping[str, Any]] = {
        "code": _code(step),
        "declaration": _declared(planned),
        "catalogue": {dataset.name: _catalogued(dataset) for dataset in planned.reads.values()},
        "inputs": inputs,
        "interval": {"interval": interval.key} if interval and step.by_interval else {},
        "parameters": _parameters(step, run),
        "versions": {"headrace": _line(__version__), "spark": _line(spark_version)},
    }
    return Made(
        parts={name: _digest(value)[:SHOWN] for name, value in content.items()},
        details={name: _brief(name, value) for name, value in content.items()},
    )


def _code(step: Step[Any, Any]) -> Mapping[str, str]:
    return made_of(step) if step.script is None else script_files(step, step.script)


def _parameters(step: Step[Any, Any], run: Run) -> Mapping[str, Any]:
    """What was asked for; an effect on demand is asked for by every run."""
    if step.has_receipt and run.interval is None:
        return {**run.params, "run_id": run.run_id}
    return dict(run.params) if step.takes_run else {}


def code(planned: PlannedStep) -> str:
    """Return a digest of a step's code and declaration: two runs of one did the same with the same inputs."""
    return _digest({"code": _code(planned.step), "declaration": _declared(planned)})[:SHOWN]


def _declared(planned: PlannedStep) -> Mapping[str, Any]:
    """What the step declares, but for words that are for people."""
    step = planned.step
    expectations = [expectation.to_json() for expectation in step.expectations]
    for each in expectations:
        each["meta"].pop("notes", None)
    return {
        "sql": _query(step.sql) if step.sql else None,
        **({"script": _script(step.script)} if step.script else {}),
        **({"statements": _statements(step.statements)} if step.statements else {}),
        "schema": step.target.schema.ddl,
        "write": repr(step.target.write),
        "partition_by": step.target.partition_by,
        "conserve": step.conserve,
        "sources": {name: _read(source) for name, source in step.sources.items()},
        "expectations": expectations,
    }


def _read(source: Source) -> str:
    """Return what a source declares, but for what it does not say: keys that are younger than a publish change none."""
    said = repr(source)
    for unsaid in ("lookback=None", "incremental=False", "watermark_column=None"):
        said = said.replace(f", {unsaid}", "")
    return said


def _script(script: Script) -> Mapping[str, Any]:
    """What a script step declares, but for its time-out and the values of its secrets."""
    return {
        "command": script.command,
        "files": script.files,
        "folders": [script.inputs, script.outputs],
        "environment": [sorted(script.environment.items()), sorted(script.secrets.items()), sorted(script.inherit)],
        **({"on": script.on} if script.on != "driver" else {}),
    }


def _statements(statements: Statements) -> Mapping[str, Any]:
    return {
        "connection": statements.connection,
        "text": statements.text,
        **({} if statements.transaction else {"transaction": False}),
    }


def _catalogued(dataset: Dataset) -> Mapping[str, Any]:
    """What the catalogue says about how a source is read; the schema of what a step here writes is in its inputs."""
    return {
        "format": dataset.format,
        "schema": dataset.schema.ddl if dataset.schema and dataset.written_by is None else None,
        "options": sorted(dataset.options.items()),
        "partitioned_by": dataset.partitioned_by,
        "on_corrupt": dataset.on_corrupt,
        "on_drift": dataset.on_drift,
        "allow_empty": dataset.allow_empty,
        "optional_columns": dataset.optional_columns,
        "text": repr(dataset.text),
        "widths": dataset.widths,
        "max_corrupt": dataset.max_corrupt,
    }


def _query(text: str) -> str:
    """Return a query without comments and layout; as it is where it is hard to say what a text or a comment is."""
    return text if "\\" in text or NESTED.search(text) else QUERY.sub(lambda found: found[1] or " ", text).strip()


def _line(version: str) -> str:
    """Return the first two numbers of a version: those after them mend faults, and make no other rows."""
    return ".".join(version.split(".")[:2])


def _brief(part: str, content: Mapping[str, Any]) -> Any:
    if part in SPOKEN:
        return dict(content)
    if part == "inputs":
        return {name: _source(identity) for name, identity in content.items()}
    if part == "catalogue":
        return {name: _brief("", said) for name, said in content.items()}
    return {name: _digest(value)[:BRIEF] for name, value in list(content.items())[:MOST]}


def _source(identity: Any) -> Any:
    """Return a source's content in short: a version as it is, files and publishes by name where they are few."""
    publishes = identity.get("publishes") if isinstance(identity, Mapping) else None
    if isinstance(publishes, Mapping) and len(publishes) <= MOST:
        return {"publishes": dict(publishes)}
    files = identity.get("files") if isinstance(identity, Mapping) else None
    if isinstance(files, Mapping) and len(files) <= MOST:
        return {"files": {name: _digest(stamp)[:BRIEF] for name, stamp in files.items()}}
    if isinstance(files, Mapping):
        return {"count": len(files), "digest": _digest(files)[:BRIEF]}
    said = json_value(identity)
    short = said is None or (isinstance(said, str | int) and len(str(said)) <= 100)  # noqa: PLR2004 a version, a number
    return said if short else {"digest": _digest(identity)[:BRIEF]}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(json_value(value), sort_keys=True).encode()).hexdigest()
