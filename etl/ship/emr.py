"""EMR on EC2: the bundle as an EMR step, on a cluster that runs or on one that is started for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etl.config.cluster import Cluster, Fleet
from etl.config.submit import Emr
from etl.errors import UsageError
from etl.ship.call import Call
from etl.ship.platform import Submission
from etl.ship.runtimes import Runtime

MOST_OF_A_STEP = 10_240  # characters of all strings of a step together
MOST_OF_A_NAME = 256
_SPOT_WAIT_MINUTES = 15


def calls(target: Emr, submission: Submission, runtime: Runtime) -> tuple[Call, ...]:
    """Return the request: a further step, or a cluster with this step. EMR knows no token that would make it one run.

    Raises:
        UsageError: the step is longer than EMR takes.
    """
    step = _step(target, submission, runtime)
    if target.cluster:
        return (
            Call(service="emr", operation="RunJobFlow", parameters=_cluster(target, target.cluster, step, runtime)),
        )
    parameters: dict[str, Any] = {"JobFlowId": target.cluster_id, "Steps": [step]}
    if target.role:
        parameters["ExecutionRoleArn"] = target.role
    return (Call(service="emr", operation="AddJobFlowSteps", parameters=parameters),)


def spark_submit(submission: Submission, runtime: Runtime) -> list[str]:
    """Return the command that the primary node is given, one word each: no shell reads it, so nothing is quoted."""
    python = {
        f"{prefix}.{name}": runtime.interpreter
        for prefix, name in (
            ("spark.yarn.appMasterEnv", "PYSPARK_PYTHON"),
            ("spark.yarn.appMasterEnv", "PYSPARK_DRIVER_PYTHON"),
            ("spark.executorEnv", "PYSPARK_PYTHON"),
        )
    }
    # A driver that YARN starts again by itself would be a second run under one run id.
    settings = {"spark.yarn.maxAppAttempts": "1", **python, **submission.settings, **submission.python_path}
    words = ["spark-submit", "--deploy-mode", "cluster"]
    words += [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
    words += ["--archives", submission.unpacked] if submission.archives else []
    words += ["--py-files", submission.zip, submission.main]
    return [*words, *submission.argv()]


def _step(target: Emr, submission: Submission, runtime: Runtime) -> dict[str, Any]:
    words = spark_submit(submission, runtime)
    length = sum(map(len, words))
    if length > MOST_OF_A_STEP:
        raise UsageError(
            f"the EMR step has {length:,} characters; EMR takes {MOST_OF_A_STEP:,}",
            remedy="say --set, --param and Spark settings in conf/, which travels in the bundle; the cluster's own "
            "spark-defaults hold for every step",
        )
    name = f"/{submission.run_id}"
    # On a cluster of its own that ends with the run, a failed step must not leave it waiting.
    ends = target.cluster is not None and not target.cluster.idle_seconds
    return {
        "Name": submission.arguments["job"][: MOST_OF_A_NAME - len(name)] + name,
        "ActionOnFailure": "TERMINATE_CLUSTER" if ends else "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": words},
    }


def _cluster(target: Emr, cluster: Cluster, step: Mapping[str, Any], runtime: Runtime) -> dict[str, Any]:
    run_id = step["Name"].rpartition("/")[2]
    parameters: dict[str, Any] = {
        "Name": step["Name"],
        "ReleaseLabel": target.release,
        "Applications": [{"Name": "Spark"}],
        "ServiceRole": cluster.service_role,
        "JobFlowRole": cluster.instance_profile,
        "VisibleToAllUsers": True,
        "Configurations": _configurations(runtime),
        "Instances": {
            "Ec2SubnetIds": list(cluster.subnets),
            "KeepJobFlowAliveWhenNoSteps": bool(cluster.idle_seconds),
            "TerminationProtected": False,
            "InstanceFleets": _fleets(cluster),
        },
        "Steps": [step],
        "Tags": [
            {"Key": "headrace:run-id", "Value": run_id},
            # What AWS's managed policies of EMR ask for before they let it touch a machine.
            {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"},
        ],
    }
    if target.log_uri:
        parameters["LogUri"] = f"{target.log_uri}/"
    if cluster.idle_seconds:
        parameters["AutoTerminationPolicy"] = {"IdleTimeout": cluster.idle_seconds}
    if cluster.security_configuration:
        parameters["SecurityConfiguration"] = cluster.security_configuration
    if cluster.scaling:
        limits = {
            "UnitType": "InstanceFleetUnits",
            "MinimumCapacityUnits": cluster.scaling.minimum,
            "MaximumCapacityUnits": cluster.scaling.maximum,
            "MaximumOnDemandCapacityUnits": cluster.scaling.maximum_on_demand,
            "MaximumCoreCapacityUnits": cluster.scaling.maximum_core,
        }
        parameters["ManagedScalingPolicy"] = {"ComputeLimits": limits}
    return parameters


def _configurations(runtime: Runtime) -> Sequence[Mapping[str, Any]]:
    python = {"PYSPARK_PYTHON": runtime.interpreter, "PYSPARK_DRIVER_PYTHON": runtime.interpreter}
    return [
        {"Classification": "delta-defaults", "Properties": {"delta.enabled": "true"}},
        {
            "Classification": "spark-env",
            "Properties": {},
            "Configurations": [{"Classification": "export", "Properties": python}],
        },
    ]


def _fleets(cluster: Cluster) -> list[dict[str, Any]]:
    parts = (("MASTER", cluster.primary), ("CORE", cluster.core), ("TASK", cluster.task))
    return [_fleet(kind, fleet) for kind, fleet in parts if fleet]


def _fleet(kind: str, fleet: Fleet) -> dict[str, Any]:
    weight = {} if kind == "MASTER" else {"WeightedCapacity": 1}
    said: dict[str, Any] = {
        "Name": kind.lower(),
        "InstanceFleetType": kind,
        "TargetOnDemandCapacity": fleet.on_demand,
        "TargetSpotCapacity": fleet.spot,
        "InstanceTypeConfigs": [{"InstanceType": name, **weight} for name in fleet.types],
    }
    if fleet.spot:
        spot = {
            "TimeoutDurationMinutes": _SPOT_WAIT_MINUTES,
            "TimeoutAction": "SWITCH_TO_ON_DEMAND",
            "AllocationStrategy": "price-capacity-optimized",
        }
        said["LaunchSpecifications"] = {"SpotSpecification": spot}
    return said
