"""EMR on EKS, asked: a job run of a virtual cluster. A run's id there is ``<virtual cluster>/<job run>``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from etl.ship.control import logs
from etl.ship.control.asking import Asking, parted
from etl.ship.control.streams import streamed
from etl.ship.platform import Platform, RemoteRun, State, Submission

SERVICE = "emr-containers"
STATES: Mapping[str, State] = {
    "PENDING": "pending",
    "SUBMITTED": "pending",
    "RUNNING": "running",
    "CANCEL_PENDING": "running",
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}


@frozen(kw_only=True)
class EmrEks:
    """See ``etl.ship.platform.Platform``."""

    asking: Asking

    def submit(self, submission: Submission) -> str:
        """Start the job run; the token makes it one."""
        run = submission.calls[-1]
        cluster = run.parameters["virtualClusterId"]
        answer = self.asking.ask(SERVICE, run.operation, f"virtual cluster {cluster}", **run.parameters)
        return f"{cluster}/{answer['id']}"

    def describe(self, remote_id: str) -> RemoteRun:
        """Return how the job run stands."""
        run = self._run(remote_id)
        said = run["state"]
        why = [run.get("failureReason"), run.get("stateDetails")]
        reason = "it is being cancelled" if said == "CANCEL_PENDING" else ": ".join(text for text in why if text)
        return RemoteRun(remote_id=remote_id, state=STATES.get(said, "running"), said=said, reason=reason)

    def cancel(self, remote_id: str) -> None:
        """Cancel the job run; nothing happens where it has ended."""
        cluster, run = parted(remote_id, "EMR on EKS")
        if not self.describe(remote_id).ended:
            self.asking.ask(SERVICE, "CancelJobRun", f"job run {run}", id=run, virtualClusterId=cluster)

    def logs(self, remote_id: str) -> Iterator[str]:
        """Yield the driver's lines, from S3 where the job run puts them there, else from CloudWatch."""
        cluster, run = parted(remote_id, "EMR on EKS")
        overrides = self._run(remote_id).get("configurationOverrides", {}).get("monitoringConfiguration", {})
        root = str(overrides.get("s3MonitoringConfiguration", {}).get("logUri", "")).rstrip("/")
        folder = f"{cluster}/jobs/{run}/containers/spark-{run}/spark-{run}-driver"
        found = False
        for line in logs.lines(root, self.asking.s3, folder):
            found = True
            yield line
        watch = overrides.get("cloudWatchMonitoringConfiguration")
        if watch and not found:
            prefix = f"{watch['logStreamNamePrefix']}/{folder}"
            for stream in logs.STREAMS:
                yield from streamed(self.asking, watch["logGroupName"], f"{prefix}/{stream}")

    def _run(self, remote_id: str) -> Mapping[str, Any]:
        cluster, run = parted(remote_id, "EMR on EKS")
        answer = self.asking.ask(SERVICE, "DescribeJobRun", f"job run {run}", id=run, virtualClusterId=cluster)
        found: Mapping[str, Any] = answer["jobRun"]
        return found


def platform(asking: Asking) -> Platform:
    """Return EMR on EKS as a platform."""
    return EmrEks(asking=asking)
