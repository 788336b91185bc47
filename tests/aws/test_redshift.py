"""Redshift's Data API: statements that end well, badly or late, results of many pages, and who is asked."""

import pytest
from attrs import define, evolve, field

from etl.aws.redshift import opened, rows, run
from etl.errors import ConflictError, PlatformError, PublishError
from etl.model.connection import Connection
from tests import json_service
from tests.json_service import RefusedError

ID = "d9b6c0c9-0747-4bf4-b142-e8883122f766"


@define
class Service:
    """A service that answers what a test says, and keeps what it was asked."""

    port: int = 0
    busy: int = 0
    statuses: list = field(factory=lambda: ["SUBMITTED", "STARTED", "FINISHED"])
    error: str = ""
    pages: list = field(factory=list)
    parts: list = field(factory=list)
    asked: list = field(factory=list)

    @property
    def connection(self):
        where = {"endpoint_url": f"http://127.0.0.1:{self.port}", "workgroup": "analytics", "staging": "s3://lake/tmp/"}
        return Connection(url="redshift://eu-west-1/dev", properties=where)

    def answer(self, operation, said):
        self.asked.append((operation, said))
        if self.busy:
            self.busy -= 1
            raise RefusedError("ActiveStatementsExceededException", "500 statements are active")
        if operation == "GetStatementResult":
            at = int(said.get("NextToken", "0"))
            return {"Records": self.pages[at]} | ({"NextToken": f"{at + 1}"} if at + 1 < len(self.pages) else {})
        if operation == "CancelStatement":
            return {"Status": True}
        if operation != "DescribeStatement":
            return {"Id": ID}
        status = self.statuses.pop(0)
        error = {"Error": self.error} if status == "FAILED" else {}
        return {"Id": ID, "Status": status, "SubStatements": [{"Id": f"{ID}:1", **each} for each in self.parts]} | error


@pytest.fixture
def service(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    found = Service()
    with json_service.serving("redshift-data", found.answer) as found.port:
        yield found


def no_pause(_):
    """Wait for nothing."""


def asked(service, operation):
    return [said for name, said in service.asked if name == operation]


def test_a_transaction_is_looked_at_until_it_has_ended_and_tells_how_many_rows_each_statement_changed(service):
    service.parts = [{"ResultRows": 3}, {}]
    waits = []

    assert run(opened(service.connection), ["DELETE FROM t", "DROP TABLE s"], pause=waits.append) == [3, -1]
    assert len(asked(service, "DescribeStatement")) == 3
    assert waits == [0.1, pytest.approx(0.15)]


def test_all_pages_of_a_result_are_its_rows(service):
    service.pages = [[[{"stringValue": "a"}, {"longValue": 1}]], [[{"isNull": True}, {"booleanValue": False}]]]

    assert rows(opened(service.connection), "SELECT 1", pause=no_pause) == [("a", 1), (None, False)]


def test_a_workgroup_is_asked_as_whom_the_credentials_say_and_a_cluster_as_its_user_or_by_a_secret(service):
    cluster = {**service.connection.properties, "cluster": "dw"}
    del cluster["workgroup"]
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:dw-AbCdEf"
    by_user = evolve(service.connection, properties=cluster, user="etl")
    by_secret = evolve(service.connection, properties=cluster, password=f"secretsmanager://{secret}")

    for connection in (service.connection, by_user, by_secret):
        service.statuses = ["FINISHED"]
        run(opened(connection), ["SELECT 1"], token="t", pause=no_pause)

    common = {"Database": "dev", "Sqls": ["SELECT 1"], "ClientToken": "t"}
    assert asked(service, "BatchExecuteStatement") == [
        common | {"WorkgroupName": "analytics"},
        common | {"ClusterIdentifier": "dw", "DbUser": "etl"},
        common | {"ClusterIdentifier": "dw", "SecretArn": secret},
    ]


def test_a_service_that_is_busy_is_asked_again(service):
    service.busy = 2
    service.statuses = ["FINISHED"]

    assert run(opened(service.connection), ["SELECT 1"], pause=no_pause) == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ERROR: 1023\n DETAIL: Serializable isolation violation on table - 126483", ConflictError),
        ("ERROR: could not complete because of conflict with concurrent transaction", ConflictError),
        ("ERROR: permission denied for relation orders", PlatformError),
        ("ERROR: Load into table 'orders' failed. Check 'sys_load_error_detail' system table", PublishError),
    ],
)
def test_a_statement_that_failed_is_told_by_the_databases_words(service, said, kind):
    service.statuses, service.error = ["FAILED"], said

    with pytest.raises(kind, match=said.split()[-1].strip("'")):
        run(opened(service.connection), ["SELECT 1"], pause=no_pause)


def test_a_statement_that_is_given_up_is_cancelled(service):
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(opened(service.connection), ["SELECT 1"], pause=interrupt)

    assert asked(service, "CancelStatement") == [{"Id": ID}]


def test_a_statement_that_somebody_cancelled_is_an_error(service):
    service.statuses = ["ABORTED"]

    with pytest.raises(PublishError, match="aborted"):
        run(opened(service.connection), ["SELECT 1"], pause=no_pause)
