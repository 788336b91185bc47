"""What a job waits for: files, objects, tables, partitions, commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from attrs import evolve
from botocore.stub import Stubber

from etl import wait
from etl.errors import DefinitionError
from etl.schedule.places import Context
from etl.schedule.preconditions import Answer, met
from tests.postgres_server import PASSWORD, VARIABLE
from tests.s3_server import Bucket

pytestmark = pytest.mark.once


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(
        render=lambda text: text.replace("{start:%Y-%m-%d}", "2026-03-01"),
        folder=lambda name: f"{tmp_path}/{name.replace('.', '/')}",
    )


@pytest.fixture
def stubbed(context: Context) -> Iterator[Callable[[str], tuple[Context, Stubber]]]:
    """Give a context whose client of a service answers from a list, each request checked against its model."""
    active = []

    def stub(service: str) -> tuple[Context, Stubber]:
        client: Any = boto3.client(  # type: ignore[call-overload]
            service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
        stubber = Stubber(client)
        stubber.activate()
        active.append(stubber)
        return evolve(context, client=lambda _, __: client), stubber

    yield stub
    for stubber in active:
        stubber.assert_no_pending_responses()


def test_a_file_exists_once_it_lies_there(tmp_path: Path, context: Context) -> None:
    asked = wait.s3_key_exists(f"{tmp_path}/in/{{start:%Y-%m-%d}}.csv")
    assert met(asked, context) == Answer(met=False, said=f"{tmp_path}/in/2026-03-01.csv is not there")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/2026-03-01.csv.part").touch()
    assert not met(asked, context).met, "a longer name is another file"
    (tmp_path / "in/2026-03-01.csv").touch()
    assert met(asked, context).met


def test_a_folder_without_files_is_empty(tmp_path: Path, context: Context) -> None:
    asked = wait.s3_prefix_not_empty(f"{tmp_path}/in/")
    (tmp_path / "in/deep").mkdir(parents=True)
    assert not met(asked, context).met
    (tmp_path / "in/deep/a.csv").touch()
    assert met(asked, context).met


def test_a_prefix_may_end_within_a_name(tmp_path: Path, context: Context) -> None:
    (tmp_path / "orders-1.csv").touch()
    assert met(wait.s3_prefix_not_empty(f"{tmp_path}/orders-"), context).met
    assert not met(wait.s3_prefix_not_empty(f"{tmp_path}/items-"), context).met


@pytest.mark.parametrize("where", ["raw.orders", "{folder}"])
def test_a_marker_is_looked_for_in_a_folder_or_a_datasets(tmp_path: Path, context: Context, where: str) -> None:
    asked = wait.success_marker(where.replace("{folder}", f"{tmp_path}/raw/orders/"))
    assert not met(asked, context).met
    (tmp_path / "raw/orders").mkdir(parents=True)
    (tmp_path / "raw/orders/_SUCCESS").touch()
    assert met(asked, context).met


def test_objects_are_found_on_s3_but_no_folder_that_a_console_made(context: Context, s3_bucket: Bucket) -> None:
    client = s3_bucket.server.client()
    client.put_object(Bucket=s3_bucket.name, Key="in/", Body=b"")
    client.put_object(Bucket=s3_bucket.name, Key="other/a.csv", Body=b"1")
    context = evolve(context, client=lambda _, __: client)
    assert not met(wait.s3_prefix_not_empty(f"s3://{s3_bucket.name}/in/"), context).met
    assert not met(wait.s3_key_exists(f"s3://{s3_bucket.name}/other/a"), context).met
    assert met(wait.s3_key_exists(f"s3://{s3_bucket.name}/other/a.csv"), context).met


def test_a_bucket_that_is_not_there_is_said_and_waited_for(context: Context, s3_bucket: Bucket) -> None:
    client = s3_bucket.server.client()
    answer = met(wait.s3_key_exists("s3://no-such-bucket-here/a"), evolve(context, client=lambda _, __: client))
    assert not answer.met
    assert "there is no such bucket" in answer.said


@pytest.mark.parametrize(("state", "is_met"), [("CREATING", False), ("ACTIVE", True), ("DELETING", False)])
def test_a_table_of_dynamodb_exists_when_it_can_be_read(stubbed: Any, state: str, is_met: bool) -> None:
    context, stubber = stubbed("dynamodb")
    stubber.add_response("describe_table", {"Table": {"TableStatus": state}}, {"TableName": "orders"})
    assert met(wait.dynamodb_table_exists("orders"), context) == Answer(is_met, f"table orders is {state}")


def test_a_missing_table_is_an_answer(stubbed: Any) -> None:
    context, stubber = stubbed("dynamodb")
    stubber.add_client_error("describe_table", "ResourceNotFoundException")
    assert met(wait.dynamodb_table_exists("orders"), context) == Answer(False, "DynamoDB has no table orders")  # noqa: FBT003


@pytest.mark.parametrize(
    ("page", "is_met"),
    [({"Count": 1}, True), ({"Count": 0}, False), ({"Count": 0, "LastEvaluatedKey": {"id": {"S": "a"}}}, True)],
)
def test_one_item_is_data(stubbed: Any, page: dict[str, Any], is_met: bool) -> None:
    context, stubber = stubbed("dynamodb")
    stubber.add_response("scan", page, {"TableName": "orders", "Limit": 1, "Select": "COUNT"})
    assert met(wait.dynamodb_data_exists("orders"), context).met is is_met


def test_a_missing_right_is_said(stubbed: Any) -> None:
    context, stubber = stubbed("dynamodb")
    stubber.add_client_error("scan", "AccessDeniedException", "not yours", 403)
    answer = met(wait.dynamodb_data_exists("orders"), context)
    assert not answer.met
    assert "not yours" in answer.said


def test_a_partition_of_folders_exists_with_its_first_file(tmp_path: Path, context: Context) -> None:
    asked = wait.partition_exists("raw.orders", {"day": "{start:%Y-%m-%d}"})
    (tmp_path / "raw/orders/day=2026-03-01").mkdir(parents=True)
    assert not met(asked, context).met
    (tmp_path / "raw/orders/day=2026-03-01/part.parquet").touch()
    assert met(asked, context).met


def test_a_partition_of_a_delta_log_exists_while_a_file_of_it_is_alive(tmp_path: Path, context: Context) -> None:
    asked = wait.partition_exists("raw.orders", {"day": "{start:%Y-%m-%d}"})
    log = tmp_path / "raw/orders/_delta_log"
    log.mkdir(parents=True)
    # The file itself lies there from the start: only the log says whether it is a part of the table.
    (tmp_path / "raw/orders/day=2026-03-01").mkdir()
    (tmp_path / "raw/orders/day=2026-03-01/a").touch()
    versions = [
        [{"add": {"path": "day=2026-02-28/z", "partitionValues": {"day": "2026-02-28"}}}],
        [{"add": {"path": "day=2026-03-01/a", "partitionValues": {"day": "2026-03-01"}}}],
        [{"remove": {"path": "day=2026-03-01/a"}}],
    ]
    answers = []
    for number, entries in enumerate(versions):
        (log / f"{number:020}.json").write_text("\n".join(map(json.dumps, entries)))
        answers.append(met(asked, context).met)
    assert answers == [False, True, False]


def test_a_log_whose_beginning_is_gone_says_from_where_it_was_read(tmp_path: Path, context: Context) -> None:
    log = tmp_path / "raw/orders/_delta_log"
    log.mkdir(parents=True)
    (log / f"{40:020}.json").write_text("{}")
    answer = met(wait.partition_exists("raw.orders", {"day": "2026-03-01"}), context)
    assert answer == Answer(met=False, said="the log has no day=2026-03-01 since version 40")


def test_a_partition_of_the_catalog_is_asked_by_its_values(stubbed: Any) -> None:
    context, stubber = stubbed("glue")
    asked = {"DatabaseName": "sales", "TableName": "orders", "PartitionValues": ["2026-03-01"]}
    stubber.add_client_error("get_partition", "EntityNotFoundException", expected_params=asked)
    stubber.add_response("get_partition", {"Partition": {}}, asked)
    precondition = wait.partition_exists("raw.orders", {"day": "{start:%Y-%m-%d}"}, table="sales.orders")
    assert [met(precondition, context).met for _ in range(2)] == [False, True]


def test_a_command_says_its_exit_code_and_its_last_line(context: Context) -> None:
    argv = ["bash", "-c", "echo $0; exit $1", "{start:%Y-%m-%d}"]
    assert met(wait.command_succeeds([*argv, "0"]), context) == Answer(met=True, said="bash ended with 0: 2026-03-01")
    assert met(wait.command_succeeds([*argv, "3"]), context) == Answer(met=False, said="bash ended with 3: 2026-03-01")


def test_a_command_that_hangs_is_ended_with_what_it_began(context: Context, tmp_path: Path) -> None:
    script = f"echo $$ > {tmp_path}/pid; sleep 600 & wait"
    answer = met(wait.command_succeeds(["bash", "-c", script], poll="1 s"), context)
    assert answer == Answer(met=False, said="bash had not ended after 0:00:01, and was ended")
    state = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    assert not state.exists()


def test_a_program_that_is_not_there_is_said(context: Context) -> None:
    answer = met(wait.command_succeeds(["no-such-program-here"]), context)
    assert not answer.met
    assert "no-such-program-here" in answer.said


def test_what_cannot_be_waited_for_is_refused_where_it_is_declared() -> None:
    with pytest.raises(DefinitionError, match="is no list of words"):
        wait.command_succeeds("test -f x")
    with pytest.raises(DefinitionError, match="timeout='soon'"):
        wait.s3_key_exists("s3://a/b", timeout="soon")
    with pytest.raises(DefinitionError, match="partition column"):
        wait.partition_exists("raw.orders", {})


@pytest.fixture(params=["postgres_server", "mysql_server"])
def database(request: pytest.FixtureRequest, context: Context, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Context]:
    """A real server with a table ``loads``, and a context that reaches it as ``shop``."""
    server: Any = request.getfixturevalue(request.param)
    monkeypatch.setenv(VARIABLE, PASSWORD)
    server.sql("DROP TABLE IF EXISTS loads; CREATE TABLE loads (day date, v varchar(20))")
    return server, evolve(context, connection=lambda _: server.connection)


def test_a_query_returns_rows_once_they_are_there(database: tuple[Any, Context]) -> None:
    server, context = database
    asked = wait.sql_returns_rows("SELECT v FROM loads WHERE day = '{start:%Y-%m-%d}' ORDER BY v;", connection="shop")

    assert met(asked, context) == Answer(met=False, said="shop returned no row")
    server.sql("INSERT INTO loads VALUES ('2026-03-01', 'a'), ('2026-03-01', 'b')")
    assert met(asked, context) == Answer(met=True, said="shop returned a row")


def test_a_query_that_is_refused_is_no_answer_but_says_why(database: tuple[Any, Context]) -> None:
    _, context = database

    answer = met(wait.sql_returns_rows("SELECT * FROM nowhere", connection="shop"), context)

    assert not answer.met
    assert "nowhere" in answer.said
    assert PASSWORD not in answer.said


def test_a_database_that_is_away_is_waited_for(database: tuple[Any, Context]) -> None:
    server, context = database
    url = server.connection.url.replace(str(server.port), "1")
    away = evolve(context, connection=lambda _: evolve(server.connection, url=url))

    answer = met(wait.sql_returns_rows("SELECT 1", connection="shop"), away)

    assert (answer.met, "no answer in time" in answer.said) == (False, True)


def test_wrong_credentials_are_told_without_them(database: tuple[Any, Context]) -> None:
    _, context = database
    told = evolve(context, secret=lambda _: "wrong, and a secret")

    answer = met(wait.sql_returns_rows("SELECT 1", connection="shop"), told)

    assert not answer.met
    assert "wrong, and a secret" not in answer.said


def test_a_connection_that_nobody_has_declared_is_told(context: Context) -> None:
    answer = met(wait.sql_returns_rows("SELECT 1", connection="shop"), context)

    assert (answer.met, "no connection 'shop'" in answer.said) == (False, True)
