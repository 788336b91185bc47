"""One self-contained HTML page about a run, made from ``manifest.json`` and ``run_results.json``.

No script, no URL to anywhere, light and dark. Its size is bounded: a run of many intervals is shown as a calendar and
totals, never as thousands of rows. Needs jinja2 (extra ``local``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from etl.model.plural import plural
from etl.model.result import Status
from etl.report import layout, wording
from etl.report.digest import calendar, expectation_rows, problems, step_rows, timeline

MOST_BOXES = 120  # a larger graph is a carpet, not a drawing
MOST_EMBEDDED = 64_000  # characters of run_results.json inside the page
_GLYPHS = {
    Status.PASS: "✓",
    Status.WARN: "!",
    Status.FAIL: "✕",
    Status.ERROR: "✕",
    Status.SKIP: "–",
    Status.NO_OP: "=",
    Status.CANCELLED: "■",
}
_VERDICTS = {
    0: "Passed",
    3: "Held back by a data-quality gate",
    7: "Outcome unknown",
    130: "Interrupted",
    143: "Interrupted",
}

Json = Mapping[str, Any]


def render(manifest: Json | None, results: Json) -> str:
    """Return the page.

    Args:
        manifest: the project as the run found it; without it the page has no graph and no configuration.
        results: what the run did.
    """
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "seconds": wording.duration,
        "plural": plural,
        "tight": lambda text: text.replace(" %", "\u00a0%"),
        "label": lambda status: wording.LABELS[Status(status)],
        "glyph": lambda status: _GLYPHS[Status(status)],
        "instant": _instant,
    }
    return environment.get_template("report.html").render(_facts(manifest or {}, results))


def _template(name: str) -> str:
    return (files("etl.report") / "templates" / name).read_text(encoding="utf-8")


def _facts(manifest: Json, results: Json) -> dict[str, Any]:
    steps = results["steps"]
    intervals = list(dict.fromkeys(step["interval"] for step in steps))
    many = len(intervals) > 1
    return {
        "results": results,
        "manifest": manifest,
        "intervals": intervals,
        "many": many,
        "jobs": list(dict.fromkeys(step["job"] for step in steps)),
        "verdict": _verdict(results),
        "figures": list(_figures(steps)),
        "steps": step_rows(steps),
        "expectations": expectation_rows(steps),
        "problems": problems(steps),
        "graph": _graph(manifest, steps),
        "timeline": None if many else timeline(steps),
        "calendar": calendar(steps) if many else None,
        "embedded": _embedded(results),
        "css": Markup(_template("report.css")),  # noqa: S704 our own file
    }


def _verdict(results: Json) -> dict[str, str]:
    code = results.get("exit_code", 0)
    warned = any(step["status"] == Status.WARN for step in results["steps"])
    if code == 0 and warned:
        return {"status": Status.WARN, "text": "Passed with warnings"}
    status = Status.PASS if code == 0 else Status.CANCELLED if code in {130, 143} else Status.FAIL
    return {"status": status, "text": _VERDICTS.get(code, f"Failed (exit code {code})")}


def _figures(steps: Sequence[Json]) -> list[dict[str, Any]]:
    counted = [
        status
        for status in Status
        if status in {Status.PASS, Status.WARN, Status.FAIL, Status.ERROR}
        or any(step["status"] == status for step in steps)
    ]
    figures: list[dict[str, Any]] = [
        {"name": wording.LABELS[status], "value": sum(step["status"] == status for step in steps), "status": status}
        for status in counted
    ]
    expectations = [result for step in steps for result in step["expectations"]]
    met = sum(result["success"] for result in expectations)
    return [
        *figures,
        {"name": "rows published", "value": sum(step["rows"]["published"] for step in steps), "status": ""},
        {"name": "quarantined", "value": sum(step["rows"]["quarantined"] for step in steps), "status": ""},
        {"name": f"met of {plural(len(expectations), 'expectation')}", "value": met, "status": ""},
        {"name": "Spark jobs", "value": sum(step["spark_jobs"] for step in steps), "status": ""},
    ]


def _graph(manifest: Json, steps: Sequence[Json]) -> dict[str, Any] | None:
    """The steps that ran and the datasets they read, with the worst status of each step."""
    names = {step["step"] for step in steps}
    ran = [step for step in manifest.get("steps", ()) if step["name"] in names]
    writers = {step.get("target", step["name"]): step["name"] for step in ran}
    read = {step["name"]: [source["dataset"] for source in step["sources"]] for step in ran}
    parents = {name: list(dict.fromkeys(writers.get(d, d) for d in datasets)) for name, datasets in read.items()}
    boxes = {*parents, *(parent for above in parents.values() for parent in above)}
    if not parents or len(boxes) > MOST_BOXES:
        return None
    rows = {row["step"]: row for row in step_rows(steps)}
    return {"drawing": layout.draw(parents), "rows": rows, "width": layout.WIDTH, "height": layout.HEIGHT}


def _embedded(results: Json) -> Markup | None:
    text = json.dumps(results, ensure_ascii=False, separators=(",", ":"), default=str)
    # Inside <script> nothing is unescaped but the end tag ends it, wherever it stands.
    return Markup(text.replace("<", "\\u003c")) if len(text) <= MOST_EMBEDDED else None  # noqa: S704 just escaped


def _instant(text: str | None) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC" if text else ""
