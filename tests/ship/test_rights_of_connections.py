"""What connections need of AWS stands in the policy of a run: secrets, streams, topics; no more than the job uses."""

import pytest
from attrs import evolve

from etl import Merge, Source, Target, step
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.model.plan import PlannedStep
from etl.ship.rights_of_connections import of_connections


def planned(connection, **named):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", "id INT", Merge(keys=("id",))))
    def copied(rows):
        return rows

    reads = {"rows": Dataset(name="raw.rows", uri="", connection=connection, **named)}
    written = [Dataset(name=name, uri="s3://lake/rows") for name in ("clean.rows", "quarantine.clean_rows")]
    return PlannedStep(job="test", step=copied, reads=reads, writes=written[0], quarantine=written[1])


def said(connection, **named):
    return {each["Sid"]: (each["Action"], each["Resource"]) for each in of_connections([planned(connection, **named)])}


def test_a_stream_is_read_and_listed():
    assert said(Connection(url="kinesis://eu-west-1"), stream="clicks") == {
        "Streams": (
            ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"],
            ["arn:aws:kinesis:eu-west-1:*:stream/clicks"],
        )
    }


def test_a_table_of_dynamodb_is_described_and_scanned():
    assert said(Connection(url="dynamodb://eu-west-1"), table="words")["Tables"] == (
        ["dynamodb:DescribeTable", "dynamodb:Scan"],
        ["arn:aws:dynamodb:eu-west-1:*:table/words"],
    )


def test_a_table_of_dynamodb_that_is_published_has_its_items_written_and_its_log_made():
    connection = Connection(url="dynamodb://eu-west-1", properties={"publishes": "log"})
    given = planned(connection, table="words")
    target = evolve(given.writes, connection=connection, table="counts")

    found = {each["Sid"]: each for each in of_connections([evolve(given, writes=target)])}

    assert found["Tables"]["Resource"] == ["arn:aws:dynamodb:eu-west-1:*:table/words"]
    assert found["TablesWritten"]["Resource"] == ["arn:aws:dynamodb:eu-west-1:*:table/counts"]
    assert found["Publishes"]["Resource"] == ["arn:aws:dynamodb:eu-west-1:*:table/log"]
    assert "dynamodb:PutItem" in found["Publishes"]["Action"]


def test_the_connection_of_statements_is_allowed_as_those_of_datasets_are():
    given = planned(Connection(url="dynamodb://eu-west-1"), table="words")
    asked = Connection(url="jdbc:mysql://db/shop", password="secretsmanager://shop/db#password")

    found = {each["Sid"]: each for each in of_connections([evolve(given, connection=asked)])}

    assert found["Secrets"]["Resource"] == ["arn:aws:secretsmanager:*:*:secret:shop/db-??????"]


def test_a_warehouse_is_asked_by_the_data_api_and_rows_pass_through_its_staging_folder():
    staging = {"staging": "s3://lake/tmp/"}
    workgroup = Connection(url="redshift://eu-west-1/dev", properties={"workgroup": "dw", **staging})
    cluster = Connection(url="redshift://eu-west-1/dev", properties={"cluster": "dw", **staging})

    found = said(workgroup, table="orders")

    assert found["Warehouse"][0][0] == "redshift-data:ExecuteStatement"
    assert found["Workgroups"][1] == ["arn:aws:redshift-serverless:eu-west-1:*:workgroup/*"]
    assert found["Staging"][1] == ["arn:aws:s3:::lake/tmp/headrace/*"]
    assert found["StagingBucket"] == (["s3:ListBucket"], ["arn:aws:s3:::lake"])
    assert said(cluster, table="orders")["Clusters"][1] == [
        "arn:aws:redshift:eu-west-1:*:dbname:dw/*",
        "arn:aws:redshift:eu-west-1:*:dbuser:dw/*",
    ]


@pytest.mark.parametrize(
    ("password", "action", "resource"),
    [
        ("secretsmanager://shop/db#password", "secretsmanager:GetSecretValue", "secret:shop/db-??????"),
        (
            "secretsmanager://arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3#password",
            "secretsmanager:GetSecretValue",
            "secret:db-a1b2c3",
        ),
        ("ssm:///shop/db", "ssm:GetParameter", "parameter/shop/db"),
    ],
)
def test_a_secret_may_be_read_where_it_lies(password, action, resource):
    url = "jdbc:postgresql://db:5432/shop"
    ((actions, resources),) = said(Connection(url=url, user="etl", password=password), table="public.rows").values()

    assert actions == [action]
    assert resources[0].endswith(resource)


def test_a_variable_needs_no_right():
    connection = Connection(url="jdbc:postgresql://db:5432/shop", user="etl", password="env://PASSWORD")

    assert said(connection, table="public.rows") == {}


def test_a_topic_needs_rights_only_where_msk_is_asked_by_iam():
    plain, iam = (Connection(url="kafka://b:9098", properties=said) for said in ({}, {"sasl.mechanism": "AWS_MSK_IAM"}))

    assert said(plain, topic="clicks") == {}
    assert said(iam, topic="clicks")["Topics"] == (
        ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"],
        ["arn:aws:kafka:*:*:topic/*/*/clicks"],
    )
