"""EMR Serverless, asked: a job run of an application. A run's id there is ``<application>/<job run>``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from attrs import evolve, frozen

from etl.errors import PlatformError
from etl.ship.call import Call
from etl.ship.control import logs
from etl.ship.control.asking import Asking, parted
from etl.ship.platform import Platform, RemoteRun, State, Submission

SERVICE = "emr-serverless"
STATES: Mapping[str, State] = {
    "SUBMITTED": "pending",
    "PENDING": "pending",
    "SCHEDULED": "pending",
    "QUEUED": "pending",
    "RUNNING": "running",
    "CANCELLING": "running",
    "SUCCESS": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
# The service's names of its figures, and the units that prices are said in.
USED = {"vCPUHour": "vCPU-hours", "memoryGBHour": "GB-hours", "storageGBHour": "storage GB-hours"}
_MADE_WITHIN = timedelta(minutes=10)


@frozen(kw_only=True)
class EmrServerless:
    """See ``etl.ship.platform.Platform``."""

    asking: Asking

    def submit(self, submission: Submission) -> str:
        """Start the job run, in an application that is made where there is none; the token makes it one."""
        run = submission.calls[-1]
        application = run.parameters.get("applicationId") or self._application(submission.calls[0])
        told = f"EMR Serverless application {application}"
        answer = self.asking.ask(SERVICE, run.operation, told, **{**run.parameters, "applicationId": application})
        return f"{application}/{answer['jobRunId']}"

    def describe(self, remote_id: str) -> RemoteRun:
        """Return how the job run stands, and what it has used."""
        run = self._run(remote_id)
        said = run["state"]
        reason = "it is being cancelled" if said == "CANCELLING" else run.get("stateDetails") or ""
        billed = run.get("billedResourceUtilization") or run.get("totalResourceUtilization") or {}
        used = {USED[key]: float(value) for key, value in billed.items() if key in USED}
        return RemoteRun(
            remote_id=remote_id, state=STATES.get(said, "running"), said=said, reason=reason.strip(), used=used
        )

    def cancel(self, remote_id: str) -> None:
        """Cancel the job run; nothing happens where it has ended."""
        application, run = parted(remote_id, "EMR Serverless")
        if not self.describe(remote_id).ended:
            told = f"job run {run}"
            self.asking.ask(SERVICE, "CancelJobRun", told, applicationId=application, jobRunId=run)

    def logs(self, remote_id: str) -> Iterator[str]:
        """Yield the driver's lines, from where the job run puts its logs on S3."""
        application, run = parted(remote_id, "EMR Serverless")
        said = self._run(remote_id).get("configurationOverrides", {}).get("monitoringConfiguration", {})
        root = str(said.get("s3MonitoringConfiguration", {}).get("logUri", "")).rstrip("/")
        yield from logs.lines(root, self.asking.s3, f"applications/{application}/jobs/{run}/SPARK_DRIVER")

    def _run(self, remote_id: str) -> Mapping[str, Any]:
        application, run = parted(remote_id, "EMR Serverless")
        answer = self.asking.ask(SERVICE, "GetJobRun", f"job run {run}", applicationId=application, jobRunId=run)
        found: Mapping[str, Any] = answer["jobRun"]
        return found

    def _application(self, create: Call) -> str:
        """Return the id of the application of this name, made if there is none, when runs can be sent to it."""
        name = create.parameters["name"]
        told = f"EMR Serverless application {name}"
        pages = self.asking.pages(SERVICE, "ListApplications", "the account's EMR Serverless applications")
        there = [each for page in pages for each in page["applications"] if each["name"] == name]
        found = next((str(each["id"]) for each in there if each["state"] != "TERMINATED"), "")
        if not found:
            # A token is remembered after its application is gone: one of the same name gets a token of its own.
            token = f"{create.parameters['clientToken'][:56]}-{len(there)}"
            call = evolve(create, parameters={**create.parameters, "clientToken": token})
            found = str(self.asking.ask(SERVICE, call.operation, told, **call.parameters)["applicationId"])
        until = self.asking.now() + _MADE_WITHIN
        while (
            self.asking.ask(SERVICE, "GetApplication", told, applicationId=found)["application"]["state"] == "CREATING"
        ):
            if self.asking.now() > until:
                raise PlatformError(
                    f"{told} ({found}) is still being made", remedy="nothing was started: submit again in a while"
                )
            self.asking.pause(2)
        return found


def platform(asking: Asking) -> Platform:
    """Return EMR Serverless as a platform."""
    return EmrServerless(asking=asking)
