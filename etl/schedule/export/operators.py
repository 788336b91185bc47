"""The operators of Airflow's Amazon provider, by platform, and their arguments, of a submission's request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from etl.errors import UsageError
from etl.ship.requests import Requests

_AMAZON = "airflow.providers.amazon.aws.operators"
OPERATORS = {
    "emr": (f"{_AMAZON}.emr", ("EmrAddStepsOperator",)),
    "emr-cluster": (
        f"{_AMAZON}.emr",
        ("EmrAddStepsOperator", "EmrCreateJobFlowOperator", "EmrTerminateJobFlowOperator"),
    ),
    "emr-serverless": (f"{_AMAZON}.emr", ("EmrServerlessStartJobOperator",)),
    "emr-eks": (f"{_AMAZON}.emr", ("EmrContainerOperator",)),
    "glue": (f"{_AMAZON}.glue", ("GlueJobOperator",)),
}
# By itself the operator of EMR does not wait, and then for half an hour only.
WAITS = {"wait_for_completion": True, "waiter_delay": 30, "waiter_max_attempts": 2880}


def _step(call: Mapping[str, Any], _: Requests) -> dict[str, Any]:
    role = {"execution_role_arn": call["ExecutionRoleArn"]} if "ExecutionRoleArn" in call else {}
    return {"job_flow_id": call["JobFlowId"], "steps": call["Steps"], **role, **WAITS}


def _serverless(call: Mapping[str, Any], task: Requests) -> dict[str, Any]:
    application = call.get("applicationId")
    if not application:
        name = task.submission.calls[0].parameters["name"]
        raise UsageError(
            f"application {name!r} is said by name, and a DAG needs its id",
            remedy="write application_id in [submit.<name>]",
        )
    return {
        "application_id": application,
        "execution_role_arn": call["executionRoleArn"],
        "job_driver": call["jobDriver"],
        "configuration_overrides": call["configurationOverrides"],
        "config": {key: call[key] for key in ("name", "executionTimeoutMinutes", "retryPolicy", "tags")},
        "waiter_delay": 30,
        "waiter_max_attempts": 2880,  # by itself it gives up after 25 minutes, and cancels the run
    }


def _pods(call: Mapping[str, Any], _: Requests) -> dict[str, Any]:
    return {
        "name": call["name"],
        "virtual_cluster_id": call["virtualClusterId"],
        "execution_role_arn": call["executionRoleArn"],
        "release_label": call["releaseLabel"],
        "job_driver": call["jobDriver"],
        "configuration_overrides": call["configurationOverrides"],
        "tags": {key: value for key, value in call["tags"].items() if "{{" not in value},  # no template there
    }


def _glue(call: Mapping[str, Any], _: Requests) -> dict[str, Any]:
    sizes = {key: value for key, value in call.items() if key not in {"JobName", "Arguments"}}
    return {"job_name": call["JobName"], "script_args": call["Arguments"], "run_job_kwargs": sizes}


ARGUMENTS: Mapping[str, Callable[[Mapping[str, Any], Requests], dict[str, Any]]] = {
    "emr": _step,
    "emr-serverless": _serverless,
    "emr-eks": _pods,
    "glue": _glue,
}
