"""EMR on EKS: the bundle as a job run of a virtual cluster."""

from __future__ import annotations

from typing import Any

from etl.config.submit import EmrEks
from etl.errors import UsageError
from etl.ship.call import Call, token
from etl.ship.defaults import DELTA_JARS, application_configuration
from etl.ship.platform import Submission
from etl.ship.runtimes import Runtime

MOST_OF_AN_ENTRY_POINT = 256


def calls(target: EmrEks, submission: Submission, runtime: Runtime) -> tuple[Call, ...]:
    """Return the request; its token makes it one run however often it is sent.

    Raises:
        UsageError: the bundle's URI or a Spark setting is longer than the service takes.
    """
    if len(submission.main) > MOST_OF_AN_ENTRY_POINT:
        raise UsageError(
            f"{submission.main} has {len(submission.main)} characters; EMR on EKS takes {MOST_OF_AN_ENTRY_POINT}",
            remedy="choose a shorter prefix for bundles in conf/",
        )
    parameters = {
        "name": token(submission.run_id),
        "virtualClusterId": target.virtual_cluster,
        "clientToken": token(submission.run_id),
        "executionRoleArn": target.role,
        "releaseLabel": target.release,
        "jobDriver": {
            "sparkSubmitJobDriver": {
                "entryPoint": submission.main,
                "entryPointArguments": submission.argv(),
                # The service cuts this text at blanks, so only what can have none stands in it.
                "sparkSubmitParameters": f"--py-files {submission.zip}",
            }
        },
        "configurationOverrides": _overrides(target, submission, runtime),
        "retryPolicyConfiguration": {"maxAttempts": 1},
        "tags": {"headrace:run-id": submission.run_id},
    }
    return (Call(service="emr-containers", operation="StartJobRun", parameters=parameters),)


def _overrides(target: EmrEks, submission: Submission, runtime: Runtime) -> dict[str, Any]:
    optional = {
        "spark.kubernetes.container.image": target.image,
        "spark.kubernetes.driver.podTemplateFile": target.driver_template,
        "spark.kubernetes.executor.podTemplateFile": target.executor_template,
        "spark.archives": submission.unpacked,
    }
    settings = {
        "spark.jars": ",".join(f"local://{jar}" for jar in DELTA_JARS),
        "spark.pyspark.python": runtime.interpreter,
        "spark.pyspark.driver.python": runtime.interpreter,
        "spark.executorEnv.PYSPARK_PYTHON": runtime.interpreter,
        **{key: value for key, value in optional.items() if value},
        **submission.settings,
        **submission.python_path,
    }
    overrides: dict[str, Any] = {"applicationConfiguration": application_configuration(settings)}
    logs: dict[str, Any] = {}
    if target.log_uri:
        logs["s3MonitoringConfiguration"] = {"logUri": f"{target.log_uri}/"}
    if target.log_group:
        stream = {"logGroupName": target.log_group, "logStreamNamePrefix": submission.run_id}
        logs["cloudWatchMonitoringConfiguration"] = stream
    return overrides | ({"monitoringConfiguration": logs} if logs else {})
