"""What a run was asked to do: kept in its manifest, so that what did not succeed can be asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from etl.model.interval import Interval
from etl.model.jsonable import json_value
from etl.model.plan import Pair, Plan, key_of
from etl.model.result import GOOD, Status
from etl.runs.artifacts import Artifacts


@frozen(kw_only=True)
class Request:
    """What a run was asked to do.

    Args:
        arguments: selectors, dates and parameters as they were given.
        intervals: in their order.
        steps: of each interval, the names of those that were planned for it.
        code: of each planned step, a digest of its code and declaration.
        overrides: configuration values of the command line; references, never secrets.
        options: of the run: ``force``, ``parallel``, ``fail_fast`` …
    """

    arguments: Mapping[str, Any] = field(hash=False)
    intervals: tuple[Interval | None, ...]
    steps: tuple[tuple[str, ...], ...]
    code: Mapping[str, str] = field(factory=dict, hash=False)
    overrides: Mapping[str, str] = field(factory=dict, hash=False)
    options: Mapping[str, Any] = field(factory=dict, hash=False)

    @classmethod
    def of(
        cls, plan: Plan, code: Mapping[str, str], overrides: Mapping[str, str], options: Mapping[str, Any]
    ) -> Request:
        """Return what is asked for by a plan."""
        steps = tuple(tuple(planned.step.name for planned in plan.steps_for(each)) for each in plan.intervals)
        return cls(
            arguments=plan.arguments,
            intervals=plan.intervals,
            steps=steps,
            code=code,
            overrides=overrides,
            options=options,
        )

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every planned step with its interval's key."""
        named = zip(self.intervals, self.steps, strict=True)
        return tuple((name, key_of(interval)) for interval, names in named for name in names)

    def to_json(self) -> dict[str, Any]:
        """Return the request as JSON values; steps that are the same for every interval are named once."""
        alike = len(set(self.steps)) == 1
        return {
            "arguments": json_value(self.arguments),
            "intervals": [
                each and {"start": each.start.isoformat(), "end": each.end.isoformat()} for each in self.intervals
            ],
            "steps": [list(names) for names in (self.steps[:1] if alike else self.steps)],
            "code": dict(self.code),
            "overrides": dict(self.overrides),
            "options": dict(self.options),
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Request:
        """Return the request that ``to_json`` said."""
        instant = datetime.fromisoformat
        intervals = tuple(each and Interval(instant(each["start"]), instant(each["end"])) for each in said["intervals"])
        steps = tuple(map(tuple, said["steps"]))
        return cls(
            arguments=said["arguments"],
            intervals=intervals,
            steps=steps * len(intervals) if len(steps) == 1 else steps,
            code=said["code"],
            overrides=said["overrides"],
            options=said["options"],
        )


def unfinished(artifacts: Artifacts, request: Request) -> tuple[Pair, ...]:
    """Return what of a request did not succeed: failed, was held back, skipped, cancelled or never begun, in order.

    A run that died has no results; then its events tell which steps had ended well.
    """
    results = artifacts.read_results()
    ended = results["steps"] if results else _ended(artifacts)
    well = {(step["step"], step["interval"]) for step in ended if Status(step["status"]) in GOOD}
    return tuple(pair for pair in request.pairs if pair not in well)


def _ended(artifacts: Artifacts) -> list[Mapping[str, Any]]:
    return [event["data"] for event in artifacts.read_events() if event["kind"] == "step_finished"]
