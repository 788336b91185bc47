"""What a publish is made from, digested part by part: a run knows what is published, and why something is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from etl import __version__
from etl.engine.provenance import code_digest, value_digest
from etl.model.dataset import Dataset
from etl.model.jsonable import json_value
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.storage.staging import FINGERPRINT_BITS, Applied

SHOWN = 12  # hexadecimal digits kept of each part: enough to tell two apart


def parts(planned: PlannedStep, run: Run, spark_version: str, inputs: Any) -> dict[str, str]:
    """Return a digest of everything the step's rows depend on, by what it is of.

    Not part of it: whatever the job asks for while it runs (a clock, a random number, a web page), and files outside
    ``jobs``.
    """
    step, interval = planned.step, run.interval
    declared = {
        "sql": step.sql,
        "schema": step.target.schema.ddl,
        "write": repr(step.target.write),
        "partition_by": step.target.partition_by,
        "conserve": step.conserve,
        "sources": {name: repr(source) for name, source in step.sources.items()},
        "expectations": [expectation.to_json() for expectation in step.expectations],
        "target": planned.writes.uri,
    }
    content = {
        "code": [code_digest(step), value_digest(step)],
        "declaration": declared,
        "catalogue": {name: _catalogued(dataset) for name, dataset in planned.reads.items()},
        "inputs": inputs,
        "interval": interval.key if interval and step.by_interval else None,
        "parameters": dict(run.params) if step.takes_run else {},
        "versions": {"headrace": __version__, "spark": ".".join(spark_version.split(".")[:2])},
    }
    return {name: _digest(value)[:SHOWN] for name, value in content.items()}


def fingerprint(parts: Mapping[str, str]) -> int:
    """Return the parts as one number."""
    return int(_digest(dict(parts)), 16) >> (256 - FINGERPRINT_BITS)


def changed(before: Applied | None, parts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the parts that differ from the last publish; none where that did not say."""
    if before is None or not before.parts:
        return ()
    return tuple(name for name, digest in parts.items() if before.parts.get(name) != digest)


def _catalogued(dataset: Dataset) -> Any:
    """What the catalogue says about how a source is read; the schema of what a step here writes is in its inputs."""
    schema = dataset.schema.ddl if dataset.schema and dataset.written_by is None else None
    return [
        dataset.format,
        schema,
        sorted(dataset.options.items()),
        dataset.partitioned_by,
        dataset.on_corrupt,
        dataset.on_drift,
        dataset.allow_empty,
        dataset.optional_columns,
    ]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(json_value(value), sort_keys=True).encode()).hexdigest()
