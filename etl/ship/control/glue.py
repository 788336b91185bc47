"""Glue, asked: a run of a job, which is made or changed first. A run's id there is ``<job>/jr_…``.

StartJobRun has no token, so the run id among a run's arguments says whether it was sent already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from attrs import frozen

from etl.aws.refusal import is_gone
from etl.errors import PlatformError
from etl.ship.call import Call
from etl.ship.control.asking import Asking, parted
from etl.ship.control.streams import streamed
from etl.ship.platform import Platform, RemoteRun, State, Submission

SERVICE = "glue"
STATES: Mapping[str, State] = {
    "STARTING": "pending",
    "WAITING": "pending",
    "RUNNING": "running",
    "STOPPING": "running",
    "SUCCEEDED": "succeeded",
    "STOPPED": "cancelled",
    "FAILED": "failed",
    "ERROR": "failed",
    "TIMEOUT": "failed",
    "EXPIRED": "failed",
}
GROUPS = ("/aws-glue/jobs/error", "/aws-glue/jobs/output")
_PAGES, _PAGE = 10, 200  # of a job's last runs, among which one is looked for


@frozen(kw_only=True)
class Glue:
    """See ``etl.ship.platform.Platform``."""

    asking: Asking

    def submit(self, submission: Submission) -> str:
        """Make the job what it is to be, and start its run; where a run of this id is there already, return that."""
        job, run = submission.calls
        name = run.parameters["JobName"]
        there = self._run_of(name, submission.run_id)
        if there:
            return there
        self._make(job)
        return self.asking.send(
            run,
            f"Glue job {name}",
            lambda: self._run_of(name, submission.run_id),
            lambda answer: f"{name}/{answer['JobRunId']}",
        )

    def describe(self, remote_id: str) -> RemoteRun:
        """Return how the run stands, and what it has used."""
        name, run_id = parted(remote_id, "Glue")
        run = self.asking.ask(SERVICE, "GetJobRun", f"run {run_id} of Glue job {name}", JobName=name, RunId=run_id)
        found = run["JobRun"]
        said = found["JobRunState"]
        why = [found.get("StateDetail"), found.get("ErrorMessage")]
        reason = "it is being stopped" if said == "STOPPING" else ": ".join(text for text in why if text)
        if said == "TIMEOUT":
            reason = reason or f"it took longer than its {found.get('Timeout', '')} minutes (timeout_minutes)"
        return RemoteRun(
            remote_id=remote_id, state=STATES.get(said, "running"), said=said, reason=reason, used=_used(found)
        )

    def cancel(self, remote_id: str) -> None:
        """Stop the run; nothing happens where it has ended.

        Raises:
            PlatformError: Glue did not take it.
        """
        name, run_id = parted(remote_id, "Glue")
        if self.describe(remote_id).ended:
            return
        told = f"Glue job {name}"
        answer = self.asking.ask(SERVICE, "BatchStopJobRun", told, JobName=name, JobRunIds=[run_id])
        for each in answer.get("Errors", ()):
            if not self.describe(remote_id).ended:
                detail = each.get("ErrorDetail", {})
                raise PlatformError(
                    f"Glue does not stop {run_id}: {detail.get('ErrorMessage', '')} ({detail.get('ErrorCode', '')})",
                    remedy="ask again in a minute; it is stopped in any case when its timeout_minutes are over",
                )

    def logs(self, remote_id: str) -> Iterator[str]:
        """Yield the driver's lines, from CloudWatch."""
        name, run_id = parted(remote_id, "Glue")
        told = f"run {run_id} of Glue job {name}"
        run = self.asking.ask(SERVICE, "GetJobRun", told, JobName=name, RunId=run_id)["JobRun"]
        # A job with a security configuration has groups of its own: LogGroupName says their beginning.
        own = str(run.get("LogGroupName", "/aws-glue/jobs")).rstrip("/")
        for group in GROUPS:
            yield from streamed(self.asking, group.replace("/aws-glue/jobs", own), run_id)

    def _run_of(self, name: str, run_id: str) -> str:
        told = f"Glue job {name}"
        with suppress(_NoSuchJobError):
            for page in islice(self._listed(told, name), _PAGES):
                for run in page["JobRuns"]:
                    if run.get("Arguments", {}).get("--run-id") == run_id:
                        return f"{name}/{run['Id']}"
        return ""

    def _listed(self, told: str, name: str) -> Iterator[Mapping[str, Any]]:
        try:
            yield from self.asking.pages(SERVICE, "GetJobRuns", told, JobName=name, MaxResults=_PAGE)
        except PlatformError as error:
            raise (_NoSuchJobError() if is_gone(error) else error) from error

    def _make(self, job: Call) -> None:
        """Make the job, or change what differs in it."""
        name = job.parameters["Name"]
        told = f"Glue job {name}"
        wanted = {key: value for key, value in job.parameters.items() if key != "Name"}
        try:
            there = self.asking.ask(SERVICE, "GetJob", told, JobName=name)["Job"]
        except PlatformError as error:
            if not is_gone(error):
                raise
            try:
                self.asking.ask(SERVICE, job.operation, told, **job.parameters)
                return
            except PlatformError as made:
                if "AlreadyExistsException" not in made.message:
                    raise
            there = self.asking.ask(SERVICE, "GetJob", told, JobName=name)["Job"]
        # A job's script is that of its first run; each run names its own, so a later bundle is no difference.
        differs = {key for key in wanted if key != "Command" and there.get(key) != wanted[key]}
        if differs:
            self.asking.ask(SERVICE, "UpdateJob", told, JobName=name, JobUpdate=wanted)


class _NoSuchJobError(Exception):
    pass


def platform(asking: Asking) -> Platform:
    """Return Glue as a platform."""
    return Glue(asking=asking)


def _used(run: Mapping[str, Any]) -> Mapping[str, float]:
    """Return what a run is billed: DPU seconds where workers come and go, else its capacity for its time."""
    seconds = run.get("DPUSeconds") or float(run.get("MaxCapacity") or 0) * float(run.get("ExecutionTime") or 0)
    return {"DPU-hours": round(seconds / 3600, 4)} if seconds else {}
