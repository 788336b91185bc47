"""Four control planes of AWS as a script says they behave, behind real boto3 clients.

botocore's own model checks each request, and each answer too; what is refused is raised as AWS's code has it.
Nothing goes over a network, and no time passes but the clock's own.
"""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from botocore.validate import ParamValidator

from etl.model.s3 import S3Settings
from etl.ship.control.asking import Asking

Answer = Mapping[str, Any]
ASKED: dict[str, Planes] = {}  # the planes that the shared clients ask
LOADER = botocore.session.get_session().get_component("data_loader")
THROTTLED, LOST_BEFORE, LOST_AFTER, BROKEN_AFTER = "throttled", "lost before", "lost after", "broken after"
FAULTS = (THROTTLED, LOST_BEFORE, LOST_AFTER, BROKEN_AFTER)
ARN = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00x"
CODES = {"emr": "ThrottlingException", "glue": "ThrottlingException"}


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.at, self.waited = datetime(2013, 2, 9, 6, tzinfo=UTC), 0.0

    def pause(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.waited += seconds

    def now(self) -> datetime:
        return self.at


class RefusedError(Exception):
    """What a service says no with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(message)


class Http:
    """What botocore looks at of an answer."""

    def __init__(self, status: int) -> None:
        self.status_code = status


class Run:
    """A run of some service: its states by the seconds since it was started, the last one for good."""

    def __init__(self, run_id: str, name: str, at: datetime, course: tuple[tuple[float, str], ...], said: Any) -> None:
        self.id, self.name, self.at, self.course, self.said = run_id, name, at, list(course), said

    def state(self, now: datetime) -> str:
        after = (now - self.at).total_seconds()
        return [state for seconds, state in self.course if seconds <= after][-1]

    def end(self, now: datetime, state: str) -> None:
        self.course.append(((now - self.at).total_seconds(), state))


class Planes:
    """Services, the runs they have started, and what goes wrong.

    Args:
        faults: what happens to each call in turn, None for nothing; then nothing more.
        lag: seconds that lists are behind.
        course: the states of a run, in a service's own words.
    """

    def __init__(
        self,
        course: tuple[tuple[float, str], ...] = ((0, "PENDING"), (60, "RUNNING"), (600, "COMPLETED")),
        faults: Iterable[str | None] = (),
        lag: float = 0.0,
        chance: Random | None = None,
    ) -> None:
        self.clock, self.course, self.lag = Clock(), course, lag
        self.faults, self.numbers = iter(faults), itertools.count(1)
        self.random = chance or Random(1)  # noqa: S311
        self.runs: dict[str, Run] = {}
        self.tokens: dict[str, str] = {}
        self.clusters: dict[str, dict[str, Any]] = {"j-1": {"name": "shared", "state": "WAITING", "at": self.clock.at}}
        self.applications: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.asked: Counter[str] = Counter()
        self.refuses: dict[str, RefusedError] = {}
        self.streams: dict[tuple[str, str], list[str]] = {}

    def session(self) -> boto3.session.Session:
        """Return a session whose clients ask these planes."""
        core = botocore.session.Session()
        core.register_component("data_loader", LOADER)  # models are read once
        core.set_credentials("key", "secret")
        core.register("provide-client-params.*", _remember)
        core.register("before-call.*", self.answer)
        return boto3.session.Session(botocore_session=core, region_name="eu-west-1")

    def asking(self) -> Asking:
        """Return how to ask these planes, by their clock."""

        def client(service: str) -> Any:
            ASKED["planes"] = self
            return shared(service)

        return Asking(
            client=client, s3=S3Settings(), pause=self.clock.pause, now=self.clock.now, chance=self.random.random
        )

    def started(self, run_id: str) -> list[str]:
        """Return the ids of all runs that were started for a run id."""
        return [each.id for each in self.runs.values() if run_id in str(each.said)]

    def answer(self, model: Any, context: Mapping[str, Any], **_: Any) -> tuple[Http, Any] | None:
        service, operation = model.service_model.service_name, model.name
        given = context["given"]
        if service == "s3":
            return None
        self.asked[operation] += 1
        fault = next(self.faults, None)
        if fault == LOST_BEFORE:
            raise EndpointConnectionError(endpoint_url=f"https://{service}")
        if fault == THROTTLED:
            return _refusal(RefusedError(CODES.get(service, "TooManyRequestsException"), "Rate exceeded"))
        try:
            if operation in self.refuses:
                raise self.refuses[operation]
            answer = getattr(self, f"_{service.replace('-', '_')}_{xform_name(operation)}")(given)
        except RefusedError as refused:
            return _refusal(refused)
        if model.output_shape:
            report = ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), report.generate_report()
        if fault == LOST_AFTER:
            raise ConnectionClosedError(endpoint_url=f"https://{service}")
        if fault == BROKEN_AFTER:
            return _refusal(RefusedError("InternalServerException", "Internal error", 500))
        return Http(200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _start(self, prefix: str, name: str, said: Any) -> Run:
        run = Run(f"{prefix}{next(self.numbers)}", name, self.clock.at, self.course, copy.deepcopy(said))
        self.runs[run.id] = run
        return run

    def _listed(self, runs: Iterable[Run]) -> list[Run]:
        late = timedelta(seconds=self.lag)
        return [run for run in reversed(list(runs)) if self.clock.at - run.at >= late]

    # ---- EMR

    def _emr_add_job_flow_steps(self, given: Any) -> Answer:
        self._cluster(given["JobFlowId"])
        steps = [self._start("s-", step["Name"], {**step, "cluster": given["JobFlowId"]}) for step in given["Steps"]]
        return {"StepIds": [step.id for step in steps]}

    def _emr_run_job_flow(self, given: Any) -> Answer:
        cluster = f"j-{next(self.numbers) + 100}"
        self.clusters[cluster] = {
            "name": given["Name"],
            "state": "STARTING",
            "at": self.clock.at,
            "tags": given["Tags"],
            "auto": not given["Instances"]["KeepJobFlowAliveWhenNoSteps"],
        }
        for step in given["Steps"]:
            self._start("s-", step["Name"], {**step, "cluster": cluster})
        return {"JobFlowId": cluster}

    def _emr_list_clusters(self, given: Any) -> Answer:
        late = timedelta(seconds=self.lag)
        seen = [(i, c) for i, c in self.clusters.items() if given["CreatedAfter"] <= c["at"] <= self.clock.at - late]
        return {"Clusters": [{"Id": i, "Name": c["name"], "Status": {"State": c["state"]}} for i, c in seen]}

    def _emr_describe_cluster(self, given: Any) -> Answer:
        found = self._cluster(given["ClusterId"])
        status = {"State": found["state"], "StateChangeReason": found.get("why", {})}
        more = {"LogUri": found["logs"]} if "logs" in found else {}
        return {
            "Cluster": {
                "Id": given["ClusterId"],
                "Name": found["name"],
                "Status": status,
                "AutoTerminate": found.get("auto", False),
                "Tags": found.get("tags", []),
                **more,
            }
        }

    def _emr_list_steps(self, given: Any) -> Answer:
        self._cluster(given["ClusterId"])
        found = self._listed(run for run in self.runs.values() if run.said["cluster"] == given["ClusterId"])
        begin = int(given.get("Marker", 0))
        page = [{"Id": run.id, "Name": run.name} for run in found[begin : begin + 2]]
        more = {"Marker": str(begin + 2)} if len(found) > begin + 2 else {}
        return {"Steps": page, **more}

    def _emr_describe_step(self, given: Any) -> Answer:
        run = self._run(given["StepId"], "InvalidRequestException", f"Step id '{given['StepId']}' is not valid.")
        state = run.state(self.clock.at)
        failed = {"FailureDetails": {"Reason": "Unknown Error", "Message": "Exit code 3"}} if state == "FAILED" else {}
        return {"Step": {"Id": run.id, "Name": run.name, "Status": {"State": state, **failed}}}

    def _emr_cancel_steps(self, given: Any) -> Answer:
        for step in given["StepIds"]:
            self.runs[step].end(self.clock.at, "CANCEL_PENDING")
            self.runs[step].end(self.clock.at + timedelta(seconds=20), "CANCELLED")
        return {"CancelStepsInfoList": [{"StepId": step, "Status": "SUBMITTED"} for step in given["StepIds"]]}

    def _emr_terminate_job_flows(self, given: Any) -> Answer:
        for cluster in given["JobFlowIds"]:
            self.clusters[cluster]["state"] = "TERMINATED"
            for run in self.runs.values():
                if run.said["cluster"] == cluster:
                    run.end(self.clock.at, "CANCELLED")
        return {}

    def _cluster(self, cluster: str) -> dict[str, Any]:
        if cluster not in self.clusters:
            raise RefusedError("InvalidRequestException", f"Cluster id '{cluster}' is not valid.")
        return self.clusters[cluster]

    # ---- EMR Serverless

    def _emr_serverless_create_application(self, given: Any) -> Answer:
        found = self.tokens.get(f"application {given['clientToken']}")
        if not found:
            found = f"00app{next(self.numbers)}"
            self.applications[found] = {"name": given["name"], "at": self.clock.at}
            self.tokens[f"application {given['clientToken']}"] = found
        return {"applicationId": found, "name": given["name"], "arn": ARN}

    def _emr_serverless_list_applications(self, _: Any) -> Answer:
        summaries = [self._summary(each) for each in self.applications]
        return {"applications": [{key: each[key] for key in each if key != "applicationId"} for each in summaries]}

    def _emr_serverless_get_application(self, given: Any) -> Answer:
        summary = self._summary(given["applicationId"])
        return {"application": {key: summary[key] for key in summary if key != "id"}}

    def _emr_serverless_start_job_run(self, given: Any) -> Answer:
        if given["applicationId"] not in self.applications:
            raise RefusedError("ResourceNotFoundException", f"Application {given['applicationId']} does not exist", 404)
        if self._summary(given["applicationId"])["state"] == "CREATING":
            raise RefusedError("ConflictException", "Application is being created", 409)
        run = self._tokened(given["clientToken"], given["name"], given)
        return {"applicationId": given["applicationId"], "jobRunId": run, "arn": ARN}

    def _emr_serverless_get_job_run(self, given: Any) -> Answer:
        run = self._run(given["jobRunId"], "ResourceNotFoundException", "Job run does not exist")
        used = {"vCPUHour": 1.5, "memoryGBHour": 6.0, "storageGBHour": 0.0}
        return {
            "jobRun": {
                "applicationId": given["applicationId"],
                "jobRunId": run.id,
                "arn": ARN,
                "createdBy": ARN,
                "createdAt": run.at,
                "updatedAt": run.at,
                "executionRole": run.said["executionRoleArn"],
                "releaseLabel": "emr-7.13.0",
                "jobDriver": run.said["jobDriver"],
                "configurationOverrides": run.said["configurationOverrides"],
                "state": run.state(self.clock.at),
                "stateDetails": "as the script says",
                "billedResourceUtilization": used,
            }
        }

    def _emr_serverless_cancel_job_run(self, given: Any) -> Answer:
        self._ended(given["jobRunId"], "CANCELLING", "CANCELLED")
        return {"applicationId": given["applicationId"], "jobRunId": given["jobRunId"]}

    def _summary(self, application: str) -> dict[str, Any]:
        found = self.applications[application]
        made = self.clock.at - found["at"] >= timedelta(seconds=30)
        return {
            "applicationId": application,
            "id": application,
            "name": found["name"],
            "arn": ARN,
            "releaseLabel": "emr-7.13.0",
            "type": "Spark",
            "state": found.get("state", "CREATED" if made else "CREATING"),
            "createdAt": found["at"],
            "updatedAt": found["at"],
        }

    # ---- EMR on EKS

    def _emr_containers_start_job_run(self, given: Any) -> Answer:
        return {"id": self._tokened(given["clientToken"], given["name"], given)}

    def _emr_containers_describe_job_run(self, given: Any) -> Answer:
        run = self._run(given["id"], "ResourceNotFoundException", "Job run does not exist")
        overrides = run.said["configurationOverrides"]
        state = run.state(self.clock.at)
        why = {"failureReason": "USER_ERROR", "stateDetails": "exit code 3"} if state == "FAILED" else {}
        return {"jobRun": {"id": run.id, "state": state, "configurationOverrides": overrides, **why}}

    def _emr_containers_cancel_job_run(self, given: Any) -> Answer:
        self._ended(given["id"], "CANCEL_PENDING", "CANCELLED")
        return {"id": given["id"], "virtualClusterId": given["virtualClusterId"]}

    # ---- Glue

    def _glue_get_job(self, given: Any) -> Answer:
        self._job(given["JobName"])
        return {"Job": self.jobs[given["JobName"]]}

    def _glue_create_job(self, given: Any) -> Answer:
        if given["Name"] in self.jobs:
            raise RefusedError("AlreadyExistsException", "Job already exists")
        self.jobs[given["Name"]] = dict(given)
        return {"Name": given["Name"]}

    def _glue_update_job(self, given: Any) -> Answer:
        self._job(given["JobName"])
        self.jobs[given["JobName"]] = {"Name": given["JobName"], **given["JobUpdate"]}
        return {"JobName": given["JobName"]}

    def _glue_start_job_run(self, given: Any) -> Answer:
        self._job(given["JobName"])
        return {"JobRunId": self._start("jr_", given["JobName"], given).id}

    def _glue_get_job_runs(self, given: Any) -> Answer:
        self._job(given["JobName"])
        runs = self._listed(run for run in self.runs.values() if run.name == given["JobName"])
        return {"JobRuns": [{"Id": run.id, "Arguments": run.said["Arguments"]} for run in runs]}

    def _glue_get_job_run(self, given: Any) -> Answer:
        run = self._run(given["RunId"], "EntityNotFoundException", "Entity not found")
        state = run.state(self.clock.at)
        failed = {"ErrorMessage": "SystemExit: 3"} if state == "FAILED" else {}
        return {"JobRun": {"Id": run.id, "JobRunState": state, "DPUSeconds": 7200.0, **failed}}

    def _glue_batch_stop_job_run(self, given: Any) -> Answer:
        for run in given["JobRunIds"]:
            self._ended(run, "STOPPING", "STOPPED")
        return {"SuccessfulSubmissions": [{"JobRunId": run} for run in given["JobRunIds"]], "Errors": []}

    def _job(self, name: str) -> None:
        if name not in self.jobs:
            raise RefusedError("EntityNotFoundException", f"Job {name} not found")

    # ---- CloudWatch Logs

    def _logs_get_log_events(self, given: Any) -> Answer:
        lines = self.streams.get((given["logGroupName"], given["logStreamName"]))
        if lines is None:
            raise RefusedError("ResourceNotFoundException", "The specified log stream does not exist.")
        begin = int(given.get("nextToken", "f/0")[2:])
        page = [{"message": line, "timestamp": 0} for line in lines[begin : begin + 2]]
        return {"events": page, "nextForwardToken": f"f/{min(begin + 2, len(lines))}"}

    def _tokened(self, token: str, name: str, said: Any) -> str:
        if token not in self.tokens:
            self.tokens[token] = self._start("0000", name, said).id
        return self.tokens[token]

    def _run(self, run_id: str, code: str, message: str) -> Run:
        if run_id not in self.runs:
            raise RefusedError(code, message)
        return self.runs[run_id]

    def _ended(self, run_id: str, soon: str, then: str) -> None:
        self.runs[run_id].end(self.clock.at, soon)
        self.runs[run_id].end(self.clock.at + timedelta(seconds=20), then)


def _asked(**said: Any) -> Any:
    return ASKED["planes"].answer(**said)


def _remember(params: Any, context: dict[str, Any], **_: Any) -> None:
    context["given"] = copy.deepcopy(params)


def _refusal(refused: RefusedError) -> tuple[Http, Any]:
    error = {"Code": refused.code, "Message": refused.message}
    return Http(refused.status), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": refused.status}}


@cache
def shared(service: str) -> Any:
    """Return the client by which all planes are asked: making one takes longer than a hundred calls."""
    core = botocore.session.Session()
    core.set_credentials("key", "secret")
    core.register("provide-client-params.*", _remember)
    core.register("before-call.*", _asked)
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.session.Session(botocore_session=core, region_name="eu-west-1").client(service, config=once)
