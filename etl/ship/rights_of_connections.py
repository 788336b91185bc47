"""The rights that the connections of a job's datasets need: secrets, streams, topics of MSK with IAM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from etl.model.connection import DYNAMODB, KAFKA, KINESIS, REDSHIFT, Connection
from etl.model.dataset import Dataset
from etl.model.plan import PlannedStep

SECRETS, PARAMETERS = "secretsmanager://", "ssm://"
Statement = dict[str, Any]


def of_connections(steps: Sequence[PlannedStep]) -> list[Statement]:
    """Return what reading and publishing through connections needs of AWS; databases have rights of their own."""
    datasets = [each for step in steps for each in (*step.reads.values(), step.writes) if each.connection]
    asked = [step.connection for step in steps if step.connection]
    return [
        *_secrets([*asked, *(each.connection for each in datasets if each.connection)]),
        *_streams(datasets),
        *_topics(datasets),
        *_tables(steps),
        *_warehouses([*asked, *(each.connection for each in datasets if each.connection)]),
    ]


def _secrets(connections: Iterable[Connection]) -> list[Statement]:
    texts = sorted({text for each in connections for text in (each.user, each.password)})
    secrets = sorted({_name(text, SECRETS) for text in texts if text.startswith(SECRETS)})
    parameters = sorted({_name(text, PARAMETERS) for text in texts if text.startswith(PARAMETERS)})
    # Six letters that nobody knows stand behind a secret's name.
    named = [
        name if name.startswith("arn:") else f"arn:aws:secretsmanager:*:*:secret:{name}-??????" for name in secrets
    ]
    found = [allow("Secrets", ["secretsmanager:GetSecretValue"], named)] if named else []
    asked = [f"arn:aws:ssm:*:*:parameter/{name.lstrip('/')}" for name in parameters]
    return [*found, *([allow("Parameters", ["ssm:GetParameter"], asked)] if asked else [])]


def _streams(datasets: Iterable[Dataset]) -> list[Statement]:
    names = sorted(
        {f"arn:aws:kinesis:{c.region}:*:stream/{each.stream}" for each in datasets if (c := _of(each, KINESIS))}
    )
    actions = ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"]
    return [allow("Streams", actions, names)] if names else []


def _topics(datasets: Iterable[Dataset]) -> list[Statement]:
    """With IAM: a cluster's name stands in no configuration, so the topic is what is allowed, on every cluster."""
    names = sorted(
        {
            f"arn:aws:kafka:*:*:topic/*/*/{each.topic}"
            for each in datasets
            if (c := _of(each, KAFKA)) and c.properties.get("sasl.mechanism") == "AWS_MSK_IAM"
        }
    )
    if not names:
        return []
    topics = allow("Topics", ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], names)
    return [allow("Brokers", ["kafka-cluster:Connect"], ["arn:aws:kafka:*:*:cluster/*"]), topics]


def _tables(steps: Sequence[PlannedStep]) -> list[Statement]:
    """What is published lies in one table more, whose entries a transaction writes."""
    read = sorted({_arn(c, each.table) for step in steps for each in step.reads.values() if (c := _of(each, DYNAMODB))})
    targets = [(c, step.writes.table) for step in steps if (c := _of(step.writes, DYNAMODB))]
    logs = sorted({_arn(c, c.publishes) for c, _ in targets})
    asked = ("DescribeTable", "CreateTable", "GetItem", "Query", "PutItem", "UpdateItem")
    writes = [f"dynamodb:{name}" for name in ("DescribeTable", "UpdateItem", "DeleteItem")]
    return [
        *([allow("Tables", ["dynamodb:DescribeTable", "dynamodb:Scan"], read)] if read else []),
        *([allow("TablesWritten", writes, sorted({_arn(c, table) for c, table in targets}))] if targets else []),
        *([allow("Publishes", [f"dynamodb:{name}" for name in asked], logs)] if logs else []),
    ]


def _arn(connection: Connection, table: str) -> str:
    return f"arn:aws:dynamodb:{connection.region}:*:table/{table}"


def _warehouses(connections: Iterable[Connection]) -> list[Statement]:
    """The Data API's statements are the caller's own; which database they reach, the credentials say."""
    found = [each for each in connections if each.vendor == REDSHIFT]
    if not found:
        return []
    asked = ("ExecuteStatement", "BatchExecuteStatement", "DescribeStatement", "GetStatementResult", "CancelStatement")
    places = sorted({each.properties["staging"].removeprefix("s3://").rstrip("/") for each in found})
    objects = [f"arn:aws:s3:::{place}/headrace/*" for place in places]
    buckets = sorted({f"arn:aws:s3:::{place.partition('/')[0]}" for place in places})
    return [
        allow("Warehouse", [f"redshift-data:{name}" for name in asked], ["*"]),
        *_credentials(found),
        allow("Staging", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], objects),
        allow("StagingBucket", ["s3:ListBucket"], buckets),
    ]


def _credentials(warehouses: Iterable[Connection]) -> list[Statement]:
    """A workgroup's name is no part of its address, which has an id: the region's workgroups are what is allowed."""
    workgroups, clusters = set(), set()
    for each in warehouses:
        if "workgroup" in each.properties:
            workgroups.add(f"arn:aws:redshift-serverless:{each.region}:*:workgroup/*")
        else:
            cluster = each.properties["cluster"]
            clusters |= {f"arn:aws:redshift:{each.region}:*:{kind}:{cluster}/*" for kind in ("dbname", "dbuser")}
    actions = ["redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM"]
    return [
        *([allow("Workgroups", ["redshift-serverless:GetCredentials"], sorted(workgroups))] if workgroups else []),
        *([allow("Clusters", actions, sorted(clusters))] if clusters else []),
    ]


def _of(dataset: Dataset, vendor: str) -> Connection | None:
    return dataset.connection if dataset.connection and dataset.connection.vendor == vendor else None


def _name(reference: str, scheme: str) -> str:
    return reference.removeprefix(scheme).partition("#")[0]


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """Return a statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
