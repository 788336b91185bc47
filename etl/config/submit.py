"""What ``[submit.<name>]`` may say: where a bundle is sent, one class for each platform."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from attrs import field, frozen

from etl.config.cluster import Cluster
from etl.config.refusal import RefusedError, not_empty
from etl.config.roots import S3Uri

# vCPU of a worker of EMR Serverless → the least and the most memory it may have, in GB: AWS's own table.
WORKERS = {1: (2, 8), 2: (4, 16), 4: (8, 30), 8: (16, 60), 16: (32, 120)}


def _role(text: str) -> str:
    if not text.startswith("arn:"):
        raise RefusedError(f"{text!r} is no ARN of a role", "write arn:aws:iam::123456789012:role/NAME")
    return text


def _application(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._/#-]{1,64}", text):
        raise RefusedError(f"{text!r} is no name of an application", "1 to 64 letters, digits and . _ / # -")
    return text


def _count(value: int) -> int:
    if value < 0:
        raise RefusedError(f"{value}; allowed are 0 or more")
    return value


def _positive(value: int) -> int:
    if value < 1:
        raise RefusedError(f"{value}; allowed are 1 or more")
    return value


Name = Annotated[str, not_empty]
Count = Annotated[int, _count]
Positive = Annotated[int, _positive]
Role = Annotated[str, _role]


@frozen(kw_only=True)
class Emr:
    """An EMR step, on a cluster that runs or on one of its own.

    Args:
        release: of the cluster, ``emr-7.13.0``.
        cluster_id: of a cluster that runs; or ``cluster``, one that is started.
        role: the step's runtime role, on a running cluster whose security configuration allows them.
        architecture: of the machines, for native packages; empty: that of a started cluster's types, else X86_64.
        log_uri: where a cluster of its own puts its logs.
        spark: Spark settings of this target, over those of ``[spark]``.
    """

    platform: Literal["emr"]
    release: Name
    cluster_id: str = ""
    cluster: Cluster | None = None
    architecture: Literal["", "ARM64", "X86_64"] = ""
    role: Role = ""
    log_uri: S3Uri = ""
    spark: Mapping[str, str] = field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        if bool(self.cluster_id) == (self.cluster is not None):
            raise RefusedError("one of cluster_id (a cluster that runs) and cluster (one that is started) is needed")
        if self.cluster and self.role:
            raise RefusedError("role is a step's on a running cluster", "cluster.instance_profile says the rights here")


@frozen(kw_only=True)
class Worker:
    """A worker of EMR Serverless: ``cpu`` in vCPU, ``memory_gb`` with what Spark needs beside its own."""

    cpu: int = 4
    memory_gb: int = 16

    def __attrs_post_init__(self) -> None:
        least, most = WORKERS.get(self.cpu, (0, 0))
        if not least <= self.memory_gb <= most or not least:
            allowed = ", ".join(f"{cpu} vCPU with {low} to {high} GB" for cpu, (low, high) in WORKERS.items())
            raise RefusedError(f"{self.cpu} vCPU with {self.memory_gb} GB is no worker; allowed are {allowed}")


@frozen(kw_only=True)
class EmrServerless:
    """A job run of EMR Serverless.

    Args:
        application_id: of an application that is there; or ``application``, the name of one that is made if needed.
        warm_drivers: workers of an application made here that stay started, and cost, until it stops.
        idle_minutes: an application made here stops after so long without a run.
        timeout_minutes: the run is cancelled after so long; 0: never.
    """

    platform: Literal["emr-serverless"]
    release: Name
    role: Role
    application_id: str = ""
    application: Annotated[str, _application] = ""
    architecture: Literal["ARM64", "X86_64"] = "X86_64"
    driver: Worker = Worker()
    executor: Worker = Worker()
    warm_drivers: Count = 0
    warm_executors: Count = 0
    idle_minutes: Positive = 15
    timeout_minutes: Count = 720
    log_uri: S3Uri = ""
    spark: Mapping[str, str] = field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        if bool(self.application_id) == bool(self.application):
            raise RefusedError("one of application_id (one that is there) and application (its name) is needed")


@frozen(kw_only=True)
class EmrEks:
    """A job run of EMR on EKS; ``release`` ends in ``-latest`` or in a day, templates are pods' on S3."""

    platform: Literal["emr-eks"]
    release: Name
    role: Role
    virtual_cluster: Name
    architecture: Literal["ARM64", "X86_64"] = "X86_64"
    image: str = ""
    driver_template: S3Uri = ""
    executor_template: S3Uri = ""
    log_uri: S3Uri = ""
    log_group: str = ""
    spark: Mapping[str, str] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class Glue:
    """A run of a Glue job; ``workers`` are the most there may be where ``autoscaling`` is true."""

    platform: Literal["glue"]
    job: Name
    role: Name
    version: Name
    worker_type: Name = "G.1X"
    workers: Positive = 2
    autoscaling: bool = True
    execution_class: Literal["STANDARD", "FLEX"] = "STANDARD"
    timeout_minutes: Positive = 480
    concurrent_runs: Positive = 1
    spark: Mapping[str, str] = field(factory=dict, hash=False)


Destination: TypeAlias = Emr | EmrServerless | EmrEks | Glue
