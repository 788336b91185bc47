"""The rights that a job needs on a platform, as IAM policies: its run's, its submitter's, and who may take its role.

Actions and conditions: AWS's Service Authorization Reference. S3's are those of docs/s3.md, object by object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from etl.config.settings import Config
from etl.config.submit import Destination, Emr, EmrEks, EmrServerless, Glue
from etl.errors import UsageError
from etl.model.dataset import Dataset
from etl.model.plan import PlannedStep
from etl.model.s3 import S3, is_s3
from etl.ship.rights_of_connections import Statement, allow, of_connections

VERSION = "2012-10-17"  # of the policy language
READ = ("s3:GetObject",)
CHANGE = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
CATALOGUE = ("glue:GetTable", "glue:CreateTable", "glue:UpdateTable")
TRUSTED = {"emr": "ec2.amazonaws.com", "emr-serverless": "emr-serverless.amazonaws.com", "glue": "glue.amazonaws.com"}
_RUNS = {  # of whoever submits and follows
    "emr": ("AddJobFlowSteps", "ListSteps", "DescribeStep", "DescribeCluster", "CancelSteps"),
    "emr-cluster": ("RunJobFlow", "AddTags", "ListClusters", "ListSteps", "DescribeStep", "DescribeCluster",
                    "CancelSteps", "TerminateJobFlows"),
    "emr-serverless": ("StartJobRun", "GetJobRun", "CancelJobRun", "TagResource"),
    "emr-serverless-application": ("ListApplications", "CreateApplication", "GetApplication", "StartJobRun",
                                   "GetJobRun", "CancelJobRun", "TagResource"),
    "emr-eks": ("StartJobRun", "DescribeJobRun", "CancelJobRun", "TagResource"),
    "glue": ("GetJob", "CreateJob", "UpdateJob", "GetJobRuns", "StartJobRun", "GetJobRun", "BatchStopJobRun"),
}  # fmt: skip


def of_run(steps: Sequence[PlannedStep], config: Config, target: Destination) -> dict[str, Any]:
    """Return what a run of these steps needs: its sources, targets, state, artifacts, bundle and catalogue, no more."""
    written = {place.uri for step in steps for place in (step.writes, step.quarantine) if _is_kept(step, place)}
    read = {place.uri for step in steps for place in step.reads.values()} - written
    changed = sorted(filter(is_s3, {*written, config.state, config.artifacts}))
    looked = sorted({*filter(is_s3, read), config.bundles})
    statements = [
        *_on_objects("Reads", READ, looked),
        *_on_objects("Writes", CHANGE, changed),
        *_markers(changed),
        *_on_buckets([*looked, *changed]),
        *_catalogue(steps, config),
        *of_connections(steps),
        *_key(config),
    ]
    if isinstance(target, Glue):
        logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        statements.append(allow("Logs", logs, ["arn:aws:logs:*:*:/aws-glue/*"]))
    log_uri = getattr(target, "log_uri", "")
    if log_uri and not isinstance(target, Emr):  # the others write logs with the run's own role
        statements += _on_objects("Logs", ["s3:PutObject"], [log_uri])
    if isinstance(target, EmrEks) and target.log_group:
        logs = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"]
        statements.append(allow("CloudWatch", logs, [f"arn:aws:logs:*:*:log-group:{target.log_group}*"]))
    return _policy(statements)


def of_submitter(config: Config, target: Destination) -> dict[str, Any]:
    """Return what whoever submits there needs: to put bundles, start, follow and end runs, and read what they leave."""
    kind, service, resources = _kind(target)
    roles = [role for role in _roles(target) if role]
    logs = [getattr(target, "log_uri", "")]
    statements = [
        allow("Runs", [f"{service}:{each}" for each in _RUNS[kind]], resources),
        *([allow("Passes", ["iam:PassRole"], [_arn(role) for role in roles])] if roles else []),
        *_on_objects("Bundles", CHANGE[:3], [config.bundles]),
        *_on_objects("Follows", CHANGE[:2], [config.artifacts]),
        *_on_objects("Ledger", READ, [config.state]),
        *_on_objects("Logs", READ, filter(None, logs)),
        *_on_buckets([config.bundles, config.artifacts, config.state, *filter(None, logs)]),
        *_key(config),
    ]
    if isinstance(target, Glue):
        statements.append(allow("CloudWatch", ["logs:GetLogEvents"], ["arn:aws:logs:*:*:log-group:/aws-glue/*"]))
    if isinstance(target, EmrEks) and target.log_group:
        group = f"arn:aws:logs:*:*:log-group:{target.log_group}*"
        statements.append(allow("CloudWatch", ["logs:GetLogEvents"], [group]))
    return _policy(statements)


def of_trust(target: Destination) -> dict[str, Any]:
    """Return who may take the run's role.

    Raises:
        UsageError: EMR on EKS, where the cluster's identity provider stands in it.
    """
    if target.platform not in TRUSTED:
        raise UsageError(
            "who may take a role on EMR on EKS names the cluster's identity provider",
            remedy="aws emr-containers update-role-trust-policy --cluster-name … --namespace … --role-name …",
        )
    principal = {"Service": TRUSTED[target.platform]}
    return _policy([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}])


def _kind(target: Destination) -> tuple[str, str, list[str]]:
    """Return which actions, of which service, on which resources."""
    if isinstance(target, Emr):
        if target.cluster:
            return "emr-cluster", "elasticmapreduce", ["*"]  # a cluster has no name before it is there
        return "emr", "elasticmapreduce", [f"arn:aws:elasticmapreduce:*:*:cluster/{target.cluster_id}"]
    if isinstance(target, EmrServerless):
        if not target.application_id:
            return "emr-serverless-application", "emr-serverless", ["*"]
        application = f"arn:aws:emr-serverless:*:*:/applications/{target.application_id}"
        return "emr-serverless", "emr-serverless", [application, f"{application}/jobruns/*"]
    if isinstance(target, EmrEks):
        cluster = f"arn:aws:emr-containers:*:*:/virtualclusters/{target.virtual_cluster}"
        return "emr-eks", "emr-containers", [cluster, f"{cluster}/jobruns/*"]
    return "glue", "glue", [f"arn:aws:glue:*:*:job/{target.job}"]


def _roles(target: Destination) -> tuple[str, ...]:
    if isinstance(target, Emr) and target.cluster:
        return target.cluster.service_role, target.cluster.instance_profile
    return (target.role,) if not isinstance(target, EmrEks | Emr) else ()


def _arn(role: str) -> str:
    return role if role.startswith("arn:") else f"arn:aws:iam::*:role/{role}"


def _is_kept(step: PlannedStep, place: Dataset) -> bool:
    """Say whether a place is written: a step that publishes nothing has none."""
    return step.step.publishes and bool(place.uri)


def _catalogue(steps: Iterable[PlannedStep], config: Config) -> list[Statement]:
    databases = config.glue_catalog.databases
    used = sorted({step.writes.name.partition(".")[0] for step in steps} & set(databases))
    if not used:
        return []
    named = [databases[zone] for zone in used]
    tables = [f"arn:aws:glue:*:*:table/{name}/*" for name in named]
    return [allow("Catalogue", CATALOGUE, ["arn:aws:glue:*:*:catalog", *(_database(name) for name in named), *tables])]


def _database(name: str) -> str:
    return f"arn:aws:glue:*:*:database/{name}"


def _key(config: Config) -> list[Statement]:
    key = config.s3.kms_key
    if not key:
        return []
    resource = key if key.startswith("arn:") else "*"
    return [allow("Key", ["kms:GenerateDataKey", "kms:Decrypt"], [resource])]


def _on_objects(name: str, actions: Sequence[str], roots: Iterable[str]) -> list[Statement]:
    resources = [f"arn:aws:s3:::{root.removeprefix(S3).rstrip('/')}/*" for root in dict.fromkeys(roots)]
    # S3A asks for a folder's own name before it looks below.
    resources += [each.removesuffix("/*") for each in resources if "/" in each.removesuffix("/*").partition(":::")[2]]
    return [allow(name, actions, sorted(resources))] if resources else []


def _parents(prefix: str) -> list[str]:
    """Return the folders above a prefix, each with a slash at its end, as S3A asks for them."""
    parts = prefix.split("/")[:-1]
    return ["/".join(parts[: length + 1]) + "/" for length in range(len(parts))]


def _markers(roots: Iterable[str]) -> list[Statement]:
    """Allow the folders above: S3A looks at each, and marks one where it has removed the last thing below."""
    found = set()
    for root in roots:
        bucket, _, prefix = root.removeprefix(S3).rstrip("/").partition("/")
        parents = _parents(prefix)
        found |= {f"arn:aws:s3:::{bucket}/{each}" for parent in parents for each in (parent, parent.rstrip("/"))}
    return [allow("Markers", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], sorted(found))] if found else []


def _on_buckets(roots: Iterable[str]) -> list[Statement]:
    """Allow listing below the roots; without it S3 answers 403 for an object that is not there."""
    found: dict[str, set[str]] = {}
    for root in roots:
        bucket, _, prefix = root.removeprefix(S3).rstrip("/").partition("/")
        asked = {prefix, f"{prefix}/*", *_parents(prefix)} if prefix else {"*"}
        found.setdefault(bucket, set()).update(asked)
    return [
        {
            **allow(f"Lists{number or ''}", ["s3:ListBucket"], [f"arn:aws:s3:::{bucket}"]),
            "Condition": {"StringLike": {"s3:prefix": sorted(prefixes)}},
        }
        for number, (bucket, prefixes) in enumerate(sorted(found.items()))
    ] + [allow("Places", ["s3:GetBucketLocation"], [f"arn:aws:s3:::{bucket}" for bucket in sorted(found)])]


def _policy(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": VERSION, "Statement": list(statements)}
