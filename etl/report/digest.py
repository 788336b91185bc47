"""The rows of the report: totals per step and per expectation, over however many intervals a run has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from etl.model.result import Status
from etl.report import wording

Json = Mapping[str, Any]
WORST_FIRST = (Status.ERROR, Status.FAIL, Status.CANCELLED, Status.SKIP, Status.WARN, Status.PASS, Status.NO_OP)
NOT_WELL = frozenset({Status.ERROR, Status.FAIL, Status.CANCELLED, Status.SKIP})
MOST_PROBLEMS = 40
MOST_CELLS = 1500
MOST_NAMED = 12  # intervals that broke one expectation
_ROW_LENGTH = {7: 4, 10: 7, 13: 10}  # length of an interval's key → of its row's: months by year, days by month …


def worst(steps: Sequence[Json]) -> Status:
    """Return the worst status among step results."""
    return next(status for status in WORST_FIRST if any(step["status"] == status for step in steps))


def step_rows(steps: Sequence[Json]) -> list[dict[str, Any]]:
    """Return one row per step, summed over intervals, in the order they first ended."""
    return [_step_row(name, own) for name, own in _by(steps, "step").items()]


def _step_row(name: str, own: Sequence[Json]) -> dict[str, Any]:
    results = [result for step in own for result in step["expectations"]]
    versions = [step["version_before"] for step in own[:1]] + [step["version_after"] for step in own[-1:]]
    return {
        "step": name,
        "job": own[0]["job"],
        "status": worst(own),
        "runs": len(own),
        "read": _sums(own, "read"),
        "filtered": _sums(own, "filtered"),
        "deduplicated": _sums(own, "deduplicated"),
        "corrupt": sum(_sums(own, "corrupt").values()),
        "published": sum(step["rows"]["published"] for step in own),
        "unpublished": sum(map(wording.unpublished, own)),
        "changes": wording.changes({"metrics": _changes(own)}),
        "quarantined": sum(step["rows"]["quarantined"] for step in own),
        "quarantine": own[0]["quarantine"],
        "met": sum(result["success"] for result in results),
        "asked": len(results),
        "spark_jobs": sum(step["spark_jobs"] for step in own),
        "seconds": sum(step["seconds"] for step in own),
        "before": versions[0],
        "after": versions[-1],
        "message": own[0]["message"] if len(own) == 1 else "",
    }


def _changes(own: Sequence[Json]) -> dict[str, int]:
    """Return the sums of what the merges among them counted; none where there was no merge."""
    counted = [step["metrics"] for step in own if "inserted" in step["metrics"]]
    return {name: sum(each[name] for each in counted) for name in wording.CHANGES} if counted else {}


def _sums(own: Sequence[Json], kind: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for step in own:
        for name, count in step["rows"][kind].items():
            sums[name] = sums.get(name, 0) + count
    return sums


def expectation_rows(steps: Sequence[Json]) -> list[dict[str, Any]]:
    """Return one row per expectation of each step, the broken ones first."""
    found: dict[tuple[str, str], list[tuple[str, Json]]] = {}
    for step in steps:
        for result in step["expectations"]:
            found.setdefault((step["step"], wording.name(result)), []).append((step["interval"] or "", result))
    rows = [_expectation_row(step, name, own) for (step, name), own in found.items()]
    return sorted(rows, key=lambda row: row["failed"] == 0)


def _expectation_row(step: str, name: str, judged: Sequence[tuple[str, Json]]) -> dict[str, Any]:
    own = [result for _, result in judged]
    broken = [result for result in own if not result["success"]]
    intervals = [interval for interval, result in judged if not result["success"] and interval]
    shown = max(broken or own, key=lambda result: result["result"].get("unexpected_percent") or 0)
    status = Status.FAIL if any(map(wording.blocks, broken)) else Status.WARN if broken else Status.PASS
    return {
        "step": step,
        "name": name,
        "expected": wording.expected(shown),
        "runs": len(own),
        "action": shown["expectation_config"]["meta"]["on_failure"],
        "failed": len(broken),
        "intervals": ", ".join(intervals[:MOST_NAMED]) + (" …" if len(intervals) > MOST_NAMED else ""),
        "status": status,
        "observed": wording.observed(shown),
        "examples": wording.examples(shown),
        "percent": shown["result"].get("unexpected_percent"),
        "note": shown["expectation_config"]["meta"].get("notes", ""),
    }


def problems(steps: Sequence[Json]) -> dict[str, Any]:
    """Return what went wrong in words, at most so many step results, and how many more there are."""
    wrong = [step for step in steps if step["status"] in {Status.FAIL, Status.ERROR}]
    return {
        "shown": [dict(step) | {"details": wording.details(step)} for step in wrong[:MOST_PROBLEMS]],
        "more": max(len(wrong) - MOST_PROBLEMS, 0),
    }


def timeline(steps: Sequence[Json]) -> list[dict[str, Any]]:
    """Return when each step ran, as shares of the whole time in percent, by start."""
    ran = [(datetime.fromisoformat(step["started_at"]), step) for step in steps if step["started_at"]]
    if not ran:
        return []
    begin = min(at for at, _ in ran)
    offsets = [((at - begin).total_seconds(), step) for at, step in ran]
    whole = max(offset + step["seconds"] for offset, step in offsets) or 1.0
    return [
        {
            "step": step["step"],
            "status": step["status"],
            "seconds": step["seconds"],
            "offset": offset,
            "left": 100 * offset / whole,
            "width": max(100 * step["seconds"] / whole, 0.4),
            "whole": whole,
            "phases": step["metrics"].get("phase_seconds", {}),
        }
        for offset, step in sorted(offsets, key=lambda pair: pair[0])
    ]


def calendar(steps: Sequence[Json]) -> dict[str, Any]:
    """Return the intervals as rows of cells, one row a month for days; the last ``MOST_CELLS`` of them."""
    cells = list(_cells(_by(steps, "interval")))
    shown = cells[-MOST_CELLS:]
    rows: dict[str, list[dict[str, Any]]] = {}
    for cell in shown:
        rows.setdefault(cell["row"], []).append(cell)
    return {"rows": rows, "left_out": len(cells) - len(shown)}


def _cells(by_interval: Mapping[str, Sequence[Json]]) -> Iterator[dict[str, Any]]:
    for key, own in by_interval.items():
        rows = sum(step["rows"]["published"] for step in own)
        quarantined = sum(step["rows"]["quarantined"] for step in own)
        length = _ROW_LENGTH.get(len(key), 0)
        yield {
            "row": key[:length],
            "name": key[length:].lstrip("-T") if length else key,
            "interval": key,
            "status": worst(own),
            "published": rows,
            "quarantined": quarantined,
            "why": "; ".join(f"{step['step']} {wording.label(step)}" for step in own if step["status"] in NOT_WELL),
        }


def _by(steps: Sequence[Json], key: str) -> dict[str, list[Json]]:
    groups: dict[str, list[Json]] = {}
    for step in steps:
        groups.setdefault(step[key] or "", []).append(step)
    return groups
