"""Changes of a database, as Debezium and DMS write them, become the rows of its tables, and their whole history."""

import json

import pytest

from etl import History, Merge, Source, Target, step
from etl.cdc import debezium, dms
from etl.errors import DefinitionError
from etl.model.schema import parse_schema

pytestmark = pytest.mark.once

ROW = "STRUCT<id: INT, name: STRING>"
ENVELOPE = f"before {ROW}, after {ROW}, source STRUCT<lsn: BIGINT, snapshot: STRING>, op STRING, ts_ms BIGINT"
TARGET = "id INT NOT NULL, name STRING, _deleted BOOLEAN, _sequence BIGINT"


def envelope(op, lsn, before=None, after=None, snapshot="false"):
    """Return a message as Debezium's connector for PostgreSQL writes it, without its schema."""
    source = {"version": "2.7.0.Final", "connector": "postgresql", "name": "shop", "ts_ms": 1, "snapshot": snapshot}
    source |= {"db": "shop", "schema": "public", "table": "customers", "txId": 555, "lsn": lsn, "xmin": None}
    row = [None if each is None else {"id": each[0], "name": each[1]} for each in (before, after)]
    return json.dumps({"before": row[0], "after": row[1], "source": source, "op": op, "ts_ms": 2, "transaction": None})


def deliver(lake, name, *messages):
    lake.file("raw.changes", f"{name}.json", "".join(f"{each}\n" for each in messages))


@pytest.fixture
def changes(lake):
    lake.dataset("raw.changes", format="json", schema=parse_schema(ENVELOPE), on_drift="evolve")
    return lake


def mirroring(write):
    @step(sources={"changes": Source("raw.changes", incremental=True)}, target=Target("clean.customers", TARGET, write))
    def mirrored(changes):
        return debezium(changes, order="source.lsn")

    return mirrored


MERGE = Merge(keys=("id",), sequence_by="_sequence", apply_as_deletes="_deleted")


def test_a_snapshot_and_the_stream_behind_it_are_the_table(changes):
    deliver(
        changes,
        "1",
        envelope("r", 10, after=(1, "Ada"), snapshot="first"),
        envelope("r", 10, after=(2, "Bob"), snapshot="last"),
        envelope("c", 11, after=(3, "Cyd")),
        envelope("u", 12, before=(1, "Ada"), after=(1, "Ada L.")),
    )
    changes.run_step(mirroring(MERGE))
    deliver(changes, "2", envelope("d", 13, before=(2, "Bob")), envelope("u", 14, (3, "Cyd"), (3, "Cyd D.")))
    changes.run_step(mirroring(MERGE))

    assert [row[:2] for row in changes.rows("clean.customers")] == [(1, "Ada L."), (3, "Cyd D.")]


def test_changes_out_of_order_give_the_history_that_they_have_in_order(changes):
    deliver(changes, "1", envelope("u", 30, (1, "B"), (1, "C")), envelope("c", 10, after=(1, "A")))
    keeping = mirroring(History(keys=("id",), sequence_by="_sequence", apply_as_deletes="_deleted"))
    changes.run_step(keeping)
    deliver(changes, "2", envelope("d", 40, before=(1, None)), envelope("u", 20, (1, "A"), (1, "B")))
    changes.run_step(keeping)

    versions = changes.table("clean.customers").select("name", "__START_AT", "__END_AT").collect()
    assert sorted(tuple(each) for each in versions) == [("A", 10, 20), ("B", 20, 30), ("C", 30, 40)]


def test_a_truncation_and_an_unknown_operation_end_the_run(changes):
    deliver(changes, "1", envelope("c", 1, after=(1, "Ada")), envelope("t", 2))
    refused = changes.run_step(mirroring(MERGE))

    assert refused.exit_code == 1
    assert "debezium: operation t is a change of no key" in refused.error.message
    assert changes.rows("clean.customers") == []


def frame(spark, ddl, *messages):
    texts = spark.createDataFrame([(each,) for each in messages], "line STRING")
    return texts.selectExpr(f"from_json(line, '{ddl}') AS row").select("row.*")


def told(frame):
    return [tuple(row) for row in frame.collect()]


def test_tombstones_and_messages_change_no_row_and_truncations_may_be_ignored(spark):
    messages = frame(spark, ENVELOPE, envelope("c", 1, after=(1, "A")), "{}", envelope("m", 2), envelope("t", 3))

    assert told(debezium(messages, order="source.lsn", on_truncate="ignore")) == [(1, "A", False, 1)]


def test_an_envelope_may_come_with_its_schema(spark):
    message = json.dumps({"schema": {"type": "struct"}, "payload": json.loads(envelope("c", 7, after=(1, "A")))})
    inner = ", ".join(part.replace(" ", ": ", 1) for part in [f"before {ROW}", f"after {ROW}", "op STRING"])
    messages = frame(spark, f"payload STRUCT<{inner}, source: STRUCT<lsn: BIGINT>>", message)

    assert told(debezium(messages, order="source.lsn")) == [(1, "A", False, 7)]


def test_files_of_dms_are_a_full_load_and_changes_behind_it(spark):
    ddl = "Op STRING, id INT, name STRING, seq STRING"
    rows = [(None, 1, "A", None), ("", 2, "B", None), ("U", 1, "A2", "20"), ("D", 2, "B", "21"), ("I", 3, "C", "22")]
    written = spark.createDataFrame(rows, ddl)

    assert told(dms(written, order="CAST(seq AS BIGINT)").select("id", "name", "_deleted", "_sequence")) == [
        (1, "A", False, None),
        (2, "B", False, None),
        (1, "A2", False, 20),
        (2, "B", True, 21),
        (3, "C", False, 22),
    ]


def test_messages_of_dms_carry_control_records_that_change_no_row(spark):
    def message(operation, data=None, kind="data"):
        named = {"record-type": kind, "operation": operation, "schema-name": "shop", "table-name": "customers"}
        return json.dumps({"data": data, "metadata": {"timestamp": "2013-02-08T06:00:00Z", **named}})

    ddl = "data STRUCT<id: INT, name: STRING>, metadata STRUCT<`record-type`: STRING, operation: STRING>"
    messages = frame(
        spark,
        ddl,
        message("create-table", kind="control"),
        message("load", {"id": 1, "name": "A"}),
        message("delete", {"id": 1, "name": "A"}),
    )

    assert told(dms(messages, order="1")) == [(1, "A", False, 1), (1, "A", True, 1)]


def test_a_frame_that_is_no_envelope_is_refused_by_name(spark):
    with pytest.raises(DefinitionError, match="debezium: column 'before' is not there"):
        debezium(spark.range(1))
