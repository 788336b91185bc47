"""How results read: a step's line, an expectation's expected and observed, an error's block.

Everything here takes the JSON form (``StepResult.to_json()``), so that a live run, a stored one and the HTML report say
the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from etl.kinds import KINDS
from etl.kinds.words import number, percent, plain, sample
from etl.model.expectation import Expectation
from etl.model.plural import plural
from etl.model.result import ExpectationResult, Status

Json = Mapping[str, Any]
LABELS = {
    Status.PASS: "OK",
    Status.WARN: "WARN",
    Status.FAIL: "FAIL",
    Status.ERROR: "ERROR",
    Status.SKIP: "SKIP",
    Status.NO_OP: "NO-OP",
    Status.CANCELLED: "CANCELLED",
}
_MINUTE = 60
CHANGES = ("inserted", "updated", "deleted")  # a merge's counts among the metrics
GOES_ON = "`etl retry` does the rest"
INTERRUPTED = frozenset({130, 143})  # exit codes of SIGINT and SIGTERM
MOST_KEYS = 3  # intervals that are named one by one


def duration(seconds: float) -> str:
    """Return ``0.4s``, ``14.2s``, ``3m05s``, ``1h02m``."""
    if seconds < _MINUTE:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"


def label(step: Json) -> str:
    """Return the step's status as a word for a terminal: ``OK``, ``WARN``, ``FAIL`` …"""
    return LABELS[Status(step["status"])]


def facts(step: Json) -> str:
    """Say what a finished step did: ``928 rows, 2 quarantined, 1 warning in 1.4s``."""
    took = duration(step["seconds"]) if step["seconds"] else ""
    took += f", attempt {step['attempts']}" if step.get("attempts", 1) > 1 else ""
    if Status(step["status"]) is Status.NO_OP and took:
        return f"{', '.join(_facts(step))}; {took}"  # "…inputs in 7.0s" would be their time
    return ", ".join(_facts(step)) + (f" in {took}" if took else "")


def _facts(step: Json) -> Iterator[str]:
    status, rows = Status(step["status"]), step["rows"]
    if status in {Status.SKIP, Status.CANCELLED, Status.NO_OP}:
        yield step["message"] or {"skip": "not run", "no-op": "nothing to do"}.get(status, "stopped")
        return
    if status is Status.ERROR:
        yield step["error"]["type"] if step["error"] else step["message"] or "failed"
        yield f"target {step['outcome']}"
        return
    if status is Status.FAIL:
        yield plural(sum(map(blocks, failed(step))), "expectation") + " failed"
        yield f"target {step['outcome']}"
        if rows.get("staged"):
            yield f"{plural(rows['staged'], 'row')} staged, none published"
    else:
        yield plural(rows["published"] or rows.get("staged", 0), "row")
        yield from filter(None, [changes(step)])
    if rows["quarantined"]:
        yield f"{rows['quarantined']:,} quarantined"
    warnings = [r for r in failed(step) if r["expectation_config"]["meta"]["on_failure"] == "warn"]
    if warnings:
        yield plural(len(warnings), "warning")


def changes(step: Json) -> str:
    """Say what a merge did to the target's rows: ``3 inserted, 1 updated, 0 deleted``; nothing for another write."""
    counts = [(step["metrics"].get(name), name) for name in CHANGES]
    if any(count is None for count, _ in counts):
        return ""
    return (
        ", ".join(f"{count:,} {name}" for count, name in counts) if any(count for count, _ in counts) else "0 changed"
    )


def unpublished(step: Json) -> int:
    """Return the rows that were written and that no reader sees: a gate held them back, or they were there already."""
    return max(int(step["rows"].get("staged", 0)) - int(step["rows"]["published"]), 0)


def never_begun(result: Json) -> str:
    """Say which intervals a run did not come to, and how one goes on; nothing where it came to its end."""
    keys = result.get("never_begun") or []
    if not keys:
        return f"interrupted: {GOES_ON}" if result["exit_code"] in INTERRUPTED else ""
    shown = ", ".join(keys) if len(keys) <= MOST_KEYS else f"{keys[0]} to {keys[-1]}"
    return f"never begun: {plural(len(keys), 'interval')}, {shown}; {GOES_ON}"


def failed(step: Json) -> list[Json]:
    """Return the step's failed expectations."""
    return [result for result in step["expectations"] if not result["success"]]


def blocks(result: Json) -> bool:
    """Return True if this failure kept the rows from being published: see ``ExpectationResult.blocks``."""
    return ExpectationResult(_expectation(result), result["success"]).blocks


def _expectation(result: Json) -> Expectation:
    config = result["expectation_config"]
    return Expectation(config["type"], config["kwargs"], config["meta"]["on_failure"])


def name(result: Json) -> str:
    """Return the short name of a result's expectation: ``values_to_be_between(distance)``."""
    return _expectation(result).name


def expected(result: Json) -> str:
    """Say what was asked: ``0 ≤ value ≤ 200``, ``in EWR, JFK, LGA``, ``mostly ≥ 98 %``."""
    config = result["expectation_config"]
    kind, kwargs = KINDS.get(config["type"]), config["kwargs"]
    parts = kind.words(kwargs) if kind else plain(kwargs)  # a stored result may be of a kind that is not here
    if "mostly" in kwargs:
        parts.append(f"mostly ≥ {percent(100 * kwargs['mostly'])}")
    return ", ".join(parts) or "every row"


def observed(result: Json) -> str:
    """Say what was found: a value, or how many rows broke it, of how many, and a few of their values."""
    found = result["result"]
    parts = []
    if found.get("observed_value") is not None:
        parts.append(number(found["observed_value"]))
    if found.get("unexpected_count") is not None:
        of = f" of {found['element_count']:,}" if found.get("element_count") is not None else ""
        share = f" ({percent(found['unexpected_percent'])})" if found.get("unexpected_percent") else ""
        parts.append(f"{found['unexpected_count']:,}{of} broken{share}")
    return ", ".join(parts) or "no value"


def examples(result: Json) -> str:
    """Return a few of the values that broke the expectation, or nothing."""
    values = result["result"].get("partial_unexpected_list") or ()
    return sample(list(dict.fromkeys(map(str, values))))


def details(step: Json) -> list[str]:
    """Return the lines below a step's line: failed expectations, then the error and what readers see."""
    lines = []
    for result in failed(step):
        action = result["expectation_config"]["meta"]["on_failure"]
        values = examples(result)
        text = f"{action}: {name(result)}: expected {expected(result)}; observed {observed(result)}"
        lines.append(text + (f": {values}" if values else ""))
    if step["error"] and step["status"] != Status.CANCELLED:  # then it only tells that Spark was told to stop
        error = step["error"]
        place = f"{error['place']}: " if error["place"] else ""
        lines += [f"{place}{error['message']}", *([f"→ {error['remedy']}"] if error["remedy"] else [])]
    if step["status"] in {Status.FAIL, Status.ERROR}:
        lines.append(aftermath(step))
    return [part for line in lines for part in line.splitlines()]


def aftermath(step: Json) -> str:
    """Say what state a step that failed left its target in."""
    target, version = step.get("target", step["step"]), step["version_before"]
    unseen = "" if step["status"] == Status.ERROR else ", it does not exist"  # an error may have come before the look
    seen = f", readers see version {version}" if version is not None else unseen
    if step["outcome"] == "unknown":
        return f"target {target}: unknown whether the commit happened; re-running is safe"
    if step["outcome"] == "published":
        return f"target {target}: published as version {step['version_after']} before the failure"
    return f"target {target}: unchanged{seen}"


def summary(result: Json, report: str = "") -> str:
    """Return the last line of a run, to be grepped: ``Done. PASS=5 WARN=1 … TOTAL=6 in 14.2s``."""
    statuses = [step["status"] for step in result["steps"]]
    shown = [status for status in Status if status is not Status.CANCELLED or status in statuses]
    counts = " ".join(f"{str(status).upper()}={statuses.count(status)}" for status in shown)
    where = f"  report: {report}" if report else ""
    return f"Done. {counts} TOTAL={len(statuses)} in {duration(result['seconds'])}  {result['run_id']}{where}"


def recurring(steps: Sequence[Json]) -> list[str]:
    """Return each expectation that failed with a warning or a quarantine, and in how many intervals it did."""
    times: dict[str, int] = {}
    for step in steps:
        for result in failed(step):
            action = result["expectation_config"]["meta"]["on_failure"]
            if action != "fail":
                key = f"{action}: {step['step']}: {name(result)}: expected {expected(result)}"
                times[key] = times.get(key, 0) + 1
    return [f"{key}; broken in {plural(count, 'interval')}" for key, count in times.items()]
