"""A request to AWS as a value: what boto3 would be given, and the same as a line of the aws command."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

TOKEN_LENGTH = 64  # of a client token, in every service that has them
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@frozen(kw_only=True)
class Call:
    """One request.

    Args:
        service: boto3's name of it, ``emr-serverless``.
        operation: the API's, ``StartJobRun``.
        parameters: of the operation.
        when: a condition, for people; empty where it is always sent.
        binds: parameters that an earlier call's answer gives, and how that answer is asked for.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(hash=False)
    when: str = ""
    binds: Mapping[str, str] = field(factory=dict, hash=False)

    def aws_cli(self) -> str:
        """Return the line; every argument quoted for a POSIX shell, the request as JSON."""
        if self.service == "emr":
            return shlex.join(["aws", "emr", *_OF_EMR[self.operation](self.parameters)])
        words = ["aws", self.service, kebab(self.operation), "--cli-input-json", json.dumps(self.parameters)]
        # What stands beside the JSON goes before what stands in it.
        bound = [f'--{kebab(name)} "$({ask})"' for name, ask in self.binds.items()]
        return " ".join([shlex.join(words), *bound])


def kebab(name: str) -> str:
    """Return an API's name as the aws command writes it: ``StartJobRun`` is ``start-job-run``."""
    return _WORD.sub("-", name).lower()


def token(run_id: str) -> str:
    """Return the token that makes a service start one run for a run id, however often it is asked."""
    return run_id if len(run_id) <= TOKEN_LENGTH else hashlib.sha256(run_id.encode()).hexdigest()


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "CUSTOM_JAR",
        "Name": step["Name"],
        "ActionOnFailure": step["ActionOnFailure"],
        **{key: step["HadoopJarStep"][key] for key in ("Jar", "Args")},
    }


def _add_steps(said: Mapping[str, Any]) -> list[str]:
    role = ["--execution-role-arn", said["ExecutionRoleArn"]] if "ExecutionRoleArn" in said else []
    steps = json.dumps([_step(step) for step in said["Steps"]])
    return ["add-steps", "--cluster-id", said["JobFlowId"], *role, "--steps", steps]


def _create_cluster(said: Mapping[str, Any]) -> list[str]:
    """The aws command has no run-job-flow: its create-cluster says the same in words of its own."""
    instances = said["Instances"]
    attributes = {"InstanceProfile": said["JobFlowRole"], "SubnetIds": instances["Ec2SubnetIds"]}
    words = ["create-cluster", "--name", said["Name"], "--release-label", said["ReleaseLabel"]]
    words += ["--applications", *(f"Name={each['Name']}" for each in said["Applications"])]
    words += ["--service-role", said["ServiceRole"], "--ec2-attributes", json.dumps(attributes)]
    words += ["--instance-fleets", json.dumps(instances["InstanceFleets"])]
    words += ["--configurations", json.dumps(said["Configurations"])]
    words += ["--steps", json.dumps([_step(step) for step in said["Steps"]])]
    words += ["--tags", *(f"{tag['Key']}={tag['Value']}" for tag in said["Tags"])]
    words += ["--no-auto-terminate" if instances["KeepJobFlowAliveWhenNoSteps"] else "--auto-terminate"]
    for flag, key in (("--log-uri", "LogUri"), ("--security-configuration", "SecurityConfiguration")):
        words += [flag, said[key]] if key in said else []
    for flag, key in (
        ("--managed-scaling-policy", "ManagedScalingPolicy"),
        ("--auto-termination-policy", "AutoTerminationPolicy"),
    ):
        words += [flag, json.dumps(said[key])] if key in said else []
    return words


# The aws command hides EMR's own operations behind commands of other words, which take no --cli-input-json.
_OF_EMR = {"AddJobFlowSteps": _add_steps, "RunJobFlow": _create_cluster}
