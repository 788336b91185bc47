"""EMR Serverless: the bundle as a job run of an application, which is made where only its name is said."""

from __future__ import annotations

import shlex
from typing import Any

from etl.config.submit import EmrServerless, Worker
from etl.ship.call import Call, kebab, token
from etl.ship.defaults import DELTA_JARS, application_configuration
from etl.ship.platform import Submission
from etl.ship.runtimes import Runtime

SERVICE = "emr-serverless"
_OVERHEAD = 1.1  # a worker holds Spark's own memory and a tenth of it for Python and the rest


def calls(target: EmrServerless, submission: Submission, runtime: Runtime) -> tuple[Call, ...]:
    """Return the requests: the job run, after the application where that is said by name. Both carry a token.

    Raises:
        UsageError: a Spark setting is longer than the service takes, or there are too many.
    """
    run = _job_run(target, submission, runtime)
    if target.application_id:
        return (
            Call(service=SERVICE, operation="StartJobRun", parameters={"applicationId": target.application_id, **run}),
        )
    query = f"applications[?name=='{target.application}' && state!='TERMINATED'].id | [0]"
    ask = shlex.join(["aws", SERVICE, kebab("ListApplications"), "--query", query, "--output", "text"])
    return (
        Call(
            service=SERVICE,
            operation="CreateApplication",
            parameters=_application(target),
            when=f"if no application is named {target.application}",
        ),
        Call(service=SERVICE, operation="StartJobRun", parameters=run, binds={"applicationId": ask}),
    )


def _job_run(target: EmrServerless, submission: Submission, runtime: Runtime) -> dict[str, Any]:
    python = {
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": runtime.interpreter,
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": runtime.interpreter,
        "spark.executorEnv.PYSPARK_PYTHON": runtime.interpreter,
    }
    sizes = _size("driver", target.driver) | _size("executor", target.executor)
    archives = {"spark.archives": submission.unpacked} if submission.archives else {}
    jars = {"spark.jars": ",".join(DELTA_JARS), **archives}
    # The driver's size in [spark] is that of a laptop: workers have the sizes that the target says.
    settings = {**jars, **python, **submission.settings, **sizes, **target.spark, **submission.python_path}
    overrides: dict[str, Any] = {"applicationConfiguration": application_configuration(settings)}
    if target.log_uri:
        overrides["monitoringConfiguration"] = {"s3MonitoringConfiguration": {"logUri": f"{target.log_uri}/"}}
    return {
        "clientToken": token(submission.run_id),
        "executionRoleArn": target.role,
        "name": submission.run_id,
        "mode": "BATCH",
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": submission.main,
                "entryPointArguments": submission.argv(),
                # The service cuts this text at blanks, so only what can have none stands in it.
                "sparkSubmitParameters": f"--py-files {submission.zip}",
            }
        },
        "configurationOverrides": overrides,
        "executionTimeoutMinutes": target.timeout_minutes,
        "retryPolicy": {"maxAttempts": 1},  # a job's own retries go on where it stopped; these would begin anew
        "tags": {"headrace:run-id": submission.run_id},
    }


def _application(target: EmrServerless) -> dict[str, Any]:
    warm = (("DRIVER", target.warm_drivers, target.driver), ("EXECUTOR", target.warm_executors, target.executor))
    capacity = {
        kind: {
            "workerCount": count,
            "workerConfiguration": {"cpu": f"{worker.cpu} vCPU", "memory": f"{worker.memory_gb} GB"},
        }
        for kind, count, worker in warm
        if count
    }
    return {
        "name": target.application,
        "releaseLabel": target.release,
        "type": "SPARK",
        "clientToken": token(target.application),
        "architecture": target.architecture,
        "autoStartConfiguration": {"enabled": True},
        "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": target.idle_minutes},
        **({"initialCapacity": capacity} if capacity else {}),
    }


def _size(part: str, worker: Worker) -> dict[str, str]:
    mebibytes = int(worker.memory_gb * 1024 / _OVERHEAD)
    return {f"spark.{part}.cores": str(worker.cpu), f"spark.{part}.memory": f"{mebibytes}m"}
