"""What a run would do, as a value: printable, JSON, and the only thing the engine takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from etl.model.interval import Interval
from etl.model.step import Step
from etl.project.datasets import Dataset


@frozen(kw_only=True)
class PlannedStep:
    """One step of a plan with everything it reads and writes resolved.

    Args:
        job: the job module's name.
        retries: attempts after the first, for transient failures.
        step: the declaration, callable.
        reads: by source (parameter) name.
        writes: the target.
        quarantine: where its broken rows go.
        after: names of the planned steps that must succeed first.
        why: why it is in the plan, for people: ``selected by nyc_flights``.
    """

    job: str
    retries: int = 0
    step: Step[Any, Any]
    reads: Mapping[str, Dataset] = field(hash=False)
    writes: Dataset
    quarantine: Dataset
    after: tuple[str, ...] = ()
    why: str = ""


@frozen(kw_only=True)
class Plan:
    """Steps in graph order, applied to each interval in turn."""

    environment: str
    intervals: tuple[Interval | None, ...]
    steps: tuple[PlannedStep, ...]
    params: Mapping[str, str] = field(factory=dict, hash=False)
    arguments: Mapping[str, Any] = field(factory=dict, hash=False)
