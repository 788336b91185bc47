"""Tables of DynamoDB as sources: every item once, in segments side by side, as slowly as one asks."""

import base64

import pytest
from attrs import define, evolve, field

from etl import ReplaceTable, Source, Target, step
from etl.aws.answers import Service
from etl.aws.dynamodb import Segment, Table, client, items, size
from etl.model.connection import Connection
from etl.model.result import Status
from etl.model.schema import parse_schema
from tests import json_service
from tests.json_service import RefusedError

pytestmark = pytest.mark.once
DDL = "id INT, word STRING, tags ARRAY<STRING>, raw BINARY"


@define
class Tables:
    """A service with one table, whose pages hold two items; ``busy`` requests are refused first."""

    items: list = field(factory=list)
    busy: int = 0
    port: int = 0
    asked: list = field(factory=list)

    @property
    def connection(self):
        return Connection(url="dynamodb://eu-west-1", properties={"endpoint_url": f"http://127.0.0.1:{self.port}"})

    def answer(self, operation, said):
        self.asked.append((operation, said))
        if said["TableName"] != "words":
            raise RefusedError("ResourceNotFoundException", "Requested resource not found")
        if operation == "DescribeTable":
            return {"Table": {"TableName": "words", "TableSizeBytes": 100, "ItemCount": len(self.items)}}
        if self.busy:
            self.busy -= 1
            raise RefusedError("ProvisionedThroughputExceededException", "too fast")
        own = [each for n, each in enumerate(self.items) if n % said["TotalSegments"] == said["Segment"]]
        at = int(said.get("ExclusiveStartKey", {}).get("at", {"N": "0"})["N"])
        more = {"LastEvaluatedKey": {"at": {"N": str(at + 2)}}} if at + 2 < len(own) else {}
        page = own[at : at + 2]
        used = {"TableName": "words", "CapacityUnits": 5.0}
        return {"Items": page, "Count": len(page), "ScannedCount": len(page), "ConsumedCapacity": used} | more


@pytest.fixture
def server(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    tables = Tables()
    with json_service.serving("dynamodb", tables.answer) as tables.port:
        yield tables


def put(server, *ids, **more):
    server.items += [{"id": {"N": str(n)}, "word": {"S": f"w{n}"}, **more} for n in ids]


def scanned(server, **segment):
    table = Table("words", Service.of(server.connection))
    pauses = []
    found = list(items(client(table), table, Segment(**{"number": 0, "of": 1} | segment), pauses.append))
    return found, pauses


def test_a_segment_is_scanned_page_by_page_though_the_table_is_busy(server):
    put(server, *range(5))
    server.busy = 2

    found, _ = scanned(server)

    assert found == [f'{{"id": {{"N": "{n}"}}, "word": {{"S": "w{n}"}}}}' for n in range(5)]


def test_a_scan_takes_no_more_units_than_it_may(server):
    put(server, *range(6))

    _, pauses = scanned(server, units=2.0)

    assert [round(each) for each in pauses] == [2, 2]  # 5 units a page, 2 a second, and the last page is the last


def test_bytes_are_told_as_the_service_tells_them(server):
    put(server, 1, raw={"B": base64.b64encode(b"\x00\xff").decode()})

    assert '"raw": {"B": "AP8="}' in scanned(server)[0][0]


def test_no_table_is_told_from_an_empty_one(server):
    service = Service.of(server.connection)

    assert size(client(Table("nobody", service)), Table("nobody", service)) is None
    assert scanned(server)[0] == []


@pytest.fixture
def words(lake, server, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setitem(lake.spark.sparkContext.environment, name, "test")  # of Python's workers

    def declare(table="words", **declared):
        lake.declared.pop("raw.words", None)
        lake.dataset("raw.words", format="dynamodb", connection=server.connection, table=table, **declared)
        lake.declared["raw.words"] = evolve(lake.declared["raw.words"], schema=parse_schema(DDL))

    declare(options={"segments": "3"})
    return lake, declare


@step(sources={"words": Source("raw.words")}, target=Target("clean.words", DDL, ReplaceTable()))
def copied(words):
    return words


def test_all_segments_are_the_table_and_again_is_a_no_op_until_an_item_changes(words, server):
    lake, _ = words
    put(server, *range(7), tags={"SS": ["a", "b"]})
    first, again = lake.run_step(copied), lake.run_step(copied)
    server.items[0]["word"] = {"S": "zero"}
    changed = lake.run_step(copied)

    assert [first.status, again.status, changed.status] == [Status.PASS, Status.NO_OP, Status.PASS]
    rows = lake.rows("clean.words")
    assert sorted(row[0] for row in rows) == list(range(7))
    assert max(row[1] for row in rows) == "zero"
    assert {tuple(row[2]) for row in rows} == {("a", "b")}
    assert {said["Segment"] for operation, said in server.asked if operation == "Scan"} == {0, 1, 2}


def test_an_item_of_another_type_is_corrupt_with_where_it_was_found(words, server):
    lake, declare = words
    put(server, 1)
    server.items.append({"id": {"S": "two"}, "word": {"S": "w2"}})

    refused = lake.run_step(copied)
    declare(on_corrupt="quarantine")
    done = lake.run_step(copied)

    assert refused.exit_code == 9
    assert "segment" in refused.error.message
    assert (done.status, [row[0] for row in lake.rows("clean.words")]) == (Status.WARN, [1])


def test_a_table_that_is_not_there_and_an_option_that_there_is_not_are_refused(words, server):
    lake, declare = words
    declare(table="nobody")
    absent = lake.run_step(copied)
    declare(options={"fast": "true"})
    odd = lake.run_step(copied)

    assert (absent.exit_code, odd.exit_code) == (9, 4)
    assert "no table at" in absent.error.message
    assert "option 'fast' is not one of format 'dynamodb'" in odd.error.message
