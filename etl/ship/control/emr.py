"""EMR on EC2, asked: a step of a cluster that runs, or of one that is started for the run.

A run's id there is ``j-…/s-…``, and ``j-…/`` as long as only its cluster is known: RunJobFlow does not name the step.
Neither request has a token, so the run id in the step's and the cluster's name says whether it was sent already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen

from etl.errors import PlatformError
from etl.ship.control import logs
from etl.ship.control.asking import Asking, parted
from etl.ship.platform import Platform, RemoteRun, State, Submission

SERVICE = "emr"
# API reference, StepStatus: INTERRUPTED is a state that no waiter of boto3's knows.
STATES: Mapping[str, State] = {
    "PENDING": "pending",
    "RUNNING": "running",
    "CANCEL_PENDING": "running",
    "COMPLETED": "succeeded",
    "CANCELLED": "cancelled",
    "FAILED": "failed",
    "INTERRUPTED": "failed",
}
GONE = frozenset({"TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"})
_LOOKED_BACK = timedelta(days=2)
_APPLICATION = re.compile(r"application_\d+_\d+")


@frozen(kw_only=True)
class Emr:
    """See ``etl.ship.platform.Platform``."""

    asking: Asking

    def submit(self, submission: Submission) -> str:
        """Add the step, or start its cluster; where a run of this id is there already, return that."""
        call = submission.calls[-1]
        if call.operation == "AddJobFlowSteps":
            cluster, name = call.parameters["JobFlowId"], call.parameters["Steps"][0]["Name"]
            return self.asking.send(
                call,
                f"EMR cluster {cluster}",
                lambda: self._joined(cluster, self._step_named(cluster, name)),
                lambda answer: f"{cluster}/{answer['StepIds'][0]}",
            )
        name = call.parameters["Name"]
        return self.asking.send(
            call, f"an EMR cluster for {name}", lambda: self._cluster_named(name), lambda said: f"{said['JobFlowId']}/"
        )

    def describe(self, remote_id: str) -> RemoteRun:
        """Return how the step stands, or its cluster while there is none; a cluster that is gone ends its steps."""
        cluster_id, step_id = parted(remote_id, "EMR")
        cluster = self._cluster(cluster_id)
        step_id = step_id or self._step_named(cluster_id, cluster["Name"])
        if not step_id:
            return self._of_cluster(remote_id, cluster)
        step = self._ask("DescribeStep", cluster_id, ClusterId=cluster_id, StepId=step_id)["Step"]
        status = step["Status"]
        said, why = status["State"], {**status.get("StateChangeReason", {}), **status.get("FailureDetails", {})}
        state = STATES.get(said, "running")
        reason = _reason(why)
        if state in {"pending", "running"} and cluster["Status"]["State"] in {"TERMINATED", "TERMINATED_WITH_ERRORS"}:
            state, reason = (
                "failed",
                f"its cluster has ended: {_reason(cluster['Status'].get('StateChangeReason', {}))}",
            )
        elif said == "CANCEL_PENDING":
            reason = "it is being cancelled"
        return RemoteRun(remote_id=f"{cluster_id}/{step_id}", state=state, said=said, reason=reason)

    def cancel(self, remote_id: str) -> None:
        """Cancel the step; a cluster that was started for it and ends with it is ended.

        Raises:
            PlatformError: EMR did not take it.
        """
        run = self.describe(remote_id)
        if run.ended:
            return
        cluster_id, step_id = parted(run.remote_id, "EMR")
        cluster = self._cluster(cluster_id)
        own = {tag["Key"] for tag in cluster.get("Tags", ())} >= {"headrace:run-id"}
        if own and (cluster.get("AutoTerminate") or not step_id):
            self._ask("TerminateJobFlows", cluster_id, JobFlowIds=[cluster_id])
            return
        answer = self._ask(
            "CancelSteps",
            cluster_id,
            ClusterId=cluster_id,
            StepIds=[step_id],
            StepCancellationOption="TERMINATE_PROCESS",
        )
        for told in answer.get("CancelStepsInfoList", ()):
            if told["Status"] == "FAILED" and not self.describe(run.remote_id).ended:
                raise PlatformError(
                    f"EMR does not cancel step {step_id} of {cluster_id}: {told.get('Reason', '')}",
                    remedy=f"yarn application -kill on its primary node, or end the cluster: {cluster_id}",
                )

    def logs(self, remote_id: str) -> Iterator[str]:
        """Yield the driver's lines: in cluster mode those of YARN's first container, and the step's own before them."""
        run = self.describe(remote_id)
        cluster_id, step_id = parted(run.remote_id, "EMR")
        root = str(self._cluster(cluster_id).get("LogUri", "")).replace("s3n://", "s3://").rstrip("/")
        step = list(logs.lines(root, self.asking.s3, f"{cluster_id}/steps/{step_id}")) if step_id else []
        yield from step
        for application in dict.fromkeys(name for line in step for name in _APPLICATION.findall(line)):
            keys = logs.below(root, self.asking.s3, f"{cluster_id}/containers/{application}/")
            driver = {key.rpartition("/")[0] for key in keys if key.split("/")[3].endswith("_000001")}
            yield from logs.lines(root, self.asking.s3, *sorted(driver))

    def _ask(self, operation: str, cluster_id: str, **parameters: Any) -> Mapping[str, Any]:
        return self.asking.ask(SERVICE, operation, f"EMR cluster {cluster_id}", **parameters)

    def _cluster(self, cluster_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._ask("DescribeCluster", cluster_id, ClusterId=cluster_id)["Cluster"]
        return found

    def _of_cluster(self, remote_id: str, cluster: Mapping[str, Any]) -> RemoteRun:
        said = cluster["Status"]["State"]
        reason = _reason(cluster["Status"].get("StateChangeReason", {}))
        return RemoteRun(remote_id=remote_id, state="failed" if said in GONE else "pending", said=said, reason=reason)

    def _step_named(self, cluster_id: str, name: str) -> str:
        pages = self.asking.pages(SERVICE, "ListSteps", f"EMR cluster {cluster_id}", ClusterId=cluster_id)
        return next((str(step["Id"]) for page in pages for step in page["Steps"] if step["Name"] == name), "")

    def _cluster_named(self, name: str) -> str:
        since = self.asking.now() - _LOOKED_BACK
        pages = self.asking.pages(SERVICE, "ListClusters", "the account's EMR clusters", CreatedAfter=since)
        return next((f"{each['Id']}/" for page in pages for each in page["Clusters"] if each["Name"] == name), "")

    def _joined(self, cluster_id: str, step_id: str) -> str:
        return f"{cluster_id}/{step_id}" if step_id else ""


def platform(asking: Asking) -> Platform:
    """Return EMR as a platform."""
    return Emr(asking=asking)


def _reason(why: Mapping[str, Any]) -> str:
    parts = (why.get("Reason") or why.get("Code"), why.get("Message"), why.get("LogFile"))
    return ": ".join(str(part) for part in parts if part)
