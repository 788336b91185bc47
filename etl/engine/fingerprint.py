"""What a publish was made from, folded into the number that its commit carries.

Delta keeps one number per application id (``SetTransaction``). Headrace's number is ``generation << 40 | fingerprint``:
the generation makes it greater than every one before, the 40 bits tell whether code and inputs are the same, so a
run that would publish what is published already is recognised from the target alone, in the same commit as the rows.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Mapping
from typing import Any

from etl.model.interval import Interval
from etl.model.jsonable import json_value
from etl.model.plan import PlannedStep
from etl.model.step import Step
from etl.model.write import ReplacePartitions, ReplaceTable
from etl.storage.staging import Transaction

BITS = 40
MASK = (1 << BITS) - 1


def app_id(step: Step[Any, Any], interval: Interval | None) -> str:
    """Return the application id of a step's publishes, one per interval where the interval owns rows of its own.

    A whole-table replacement has one id: its content is that of the last run, whichever interval that was. The ids name
    the dataset, never the step: a step that gets another name would append its intervals again.
    """
    if isinstance(step.target.write, ReplaceTable) or not step.by_interval or interval is None:
        return f"headrace/{step.target.dataset}"
    kind = "partitions" if isinstance(step.target.write, ReplacePartitions) else "interval"
    return f"headrace/{kind}/{step.target.dataset}@{interval.key}"


def partition_id(dataset: str, interval: Interval) -> str:
    """Return the application id under which the writer of a dataset replaces the partitions of this interval."""
    return f"headrace/partitions/{dataset}@{interval.key}"


def fingerprint(planned: PlannedStep, interval: Interval | None, params: Mapping[str, str], inputs: Any) -> int:
    """Return 40 bits over the job's code, the declaration, the interval, the parameters and the inputs."""
    step = planned.step
    content = {
        "code": _code(step), "sql": step.sql, "schema": step.target.schema.ddl, "write": repr(step.target.write),
        "conserve": step.conserve, "sources": {name: repr(source) for name, source in step.sources.items()},
        "expectations": [expectation.to_json() for expectation in step.expectations],
        "interval": interval.key if interval and step.by_interval else None,
        "params": dict(params) if step.takes_run else {}, "inputs": inputs, "target": planned.writes.uri,
    }  # fmt: skip
    text = json.dumps(json_value(content), sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: BITS // 8])


def applied_fingerprint(applied: int | None) -> int | None:
    """Return the fingerprint of the last publish, None where there was none."""
    return None if applied is None else applied & MASK


def following(app: str, applied: int | None, print_: int) -> Transaction:
    """Return the transaction that comes after ``applied``."""
    generation = 1 if applied is None else (applied >> BITS) + 1
    return Transaction(app, generation << BITS | print_)


def _code(step: Step[Any, Any]) -> str:
    """Return a digest of the source of the job's modules: a helper in another file changes the step too."""
    parts = step.module.split(".")
    job = ".".join(parts[:2])
    digest = hashlib.sha256()
    modules = [name for name in sys.modules if name == job or name.startswith(job + ".")]
    for name in sorted({*modules, "etl.transforms"}):
        loader: Any = getattr(importlib.util.find_spec(name), "loader", None) if _has_spec(name) else None
        source = loader.get_source(name) if hasattr(loader, "get_source") else None
        digest.update(f"{name}\n{source}".encode())
    return digest.hexdigest()


def _has_spec(name: str) -> bool:
    """Return False for a module made at run time, ``__main__`` among them: it has no source to look up."""
    return name not in sys.modules or getattr(sys.modules[name], "__spec__", None) is not None
