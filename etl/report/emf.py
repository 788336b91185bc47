"""A line for each step in CloudWatch's embedded metric format: CloudWatch Logs makes metrics of it.

The format: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attrs import frozen

from etl.model.event import Event
from etl.model.result import Status
from etl.report import wording

NAMESPACE = "Headrace"
UNITS = {
    "RowsRead": "Count",
    "RowsPublished": "Count",
    "RowsQuarantined": "Count",
    "FailedExpectations": "Count",
    "Failed": "Count",
    "Seconds": "Seconds",
}
DIMENSIONS = ("project", "environment", "step")


@frozen(kw_only=True)
class Emf:
    """A listener that writes the lines.

    Args:
        project: whose run it is.
        environment: of the run.
        write: takes a line, without its end.
    """

    project: str
    environment: str
    write: Callable[[str], object]

    def __call__(self, event: Event) -> None:
        """Write the line of a step that has ended."""
        if event.kind == "step_finished":
            self.write(json.dumps(self._line(event), ensure_ascii=False))

    def _line(self, event: Event) -> dict[str, Any]:
        step, rows = event.data, event.data["rows"]
        values = {
            "RowsRead": sum(rows["read"].values()),
            "RowsPublished": rows["published"],
            "RowsQuarantined": rows["quarantined"],
            "FailedExpectations": len(wording.failed(step)),
            "Failed": int(step["status"] in {Status.FAIL, Status.ERROR}),
            "Seconds": step["seconds"],
        }
        metrics = [{"Name": name, "Unit": unit} for name, unit in UNITS.items()]
        told = {"Namespace": NAMESPACE, "Dimensions": [list(DIMENSIONS)], "Metrics": metrics}
        return {
            "_aws": {"Timestamp": int(event.at.timestamp() * 1000), "CloudWatchMetrics": [told]},
            "project": self.project,
            "environment": self.environment,
            "step": step["step"],
            "job": step["job"],
            "interval": step["interval"],
            "run_id": event.run_id,
            "status": step["status"],
            **values,
        }
