"""What a publish makes of a table's columns, told without a table."""

import pytest
from pyspark.sql.types import ArrayType, MapType, StructField, StructType, _parse_datatype_json_string

from etl import Append, History, Merge, ReplacePartitions, ReplaceTable
from etl.model.schema import parse_schema
from etl.storage.columns import merged
from etl.storage.evolution import Existing, changes
from etl.storage.staging import ReplaceValue

KEEPING = [Append(), ReplacePartitions("day"), Merge("id")]
EVERY = [*KEEPING, ReplaceTable()]
ATOMS = {"TINYINT": "byte", "SMALLINT": "short", "INT": "integer", "BIGINT": "long"}


def columns(ddl, **metadata):
    """Return DDL as Spark's columns, without Spark."""
    return StructType(
        [StructField(c.name, kind(c.type), c.nullable, metadata.get(c.name, {})) for c in parse_schema(ddl).columns]
    )


def kind(text):
    inner = text[text.find("<") + 1 : -1]
    if text.startswith("STRUCT<"):
        return columns(inner.replace("`: ", "` "))
    if text.startswith("ARRAY<"):
        return ArrayType(kind(inner))
    if text.startswith("MAP<"):
        key, value = inner.split(", ", 1)
        return MapType(kind(key), kind(value))
    return _parse_datatype_json_string(f'"{ATOMS.get(text, text.lower())}"')


def against(table, declared, write, *, partitioned=(), partition_by=(), properties=None, **metadata):
    there = Existing(columns=columns(table, **metadata), partition_by=partitioned, properties=properties or {})
    return changes(columns(declared), there, write, partition_by)


@pytest.mark.parametrize("write", EVERY, ids=repr)
@pytest.mark.parametrize(
    ("declared", "word"),
    [
        ("id INT, s STRUCT<p: INT>, b INT", "b int is added"),
        ("b INT, id INT, s STRUCT<p: INT>", "b int is added"),
        ("id INT, s STRUCT<q: STRING, p: INT>", "s.q string is added"),
    ],
)
def test_a_new_nullable_column_or_field_is_added(declared, word, write):
    found = against("id INT, s STRUCT<p: INT>", declared, write)

    assert (found.words, found.refused, found.extends) == ((word,), (), True)


@pytest.mark.parametrize("write", EVERY, ids=repr)
@pytest.mark.parametrize(
    ("table", "declared", "word"),
    [
        ("a ARRAY<STRUCT<p: INT>>", "a ARRAY<STRUCT<p: INT, q: INT>>", "a[].q int is added"),
        ("m MAP<STRING, STRUCT<p: INT>>", "m MAP<STRING, STRUCT<p: INT, q: INT>>", "m.value.q int is added"),
        ("s STRUCT<t: STRUCT<p: INT>>", "s STRUCT<t: STRUCT<p: INT, q: INT>>", "s.t.q int is added"),
    ],
)
def test_a_field_is_added_however_deep_it_lies(table, declared, word, write):
    assert against(table, declared, write).words == (word,)


@pytest.mark.parametrize("declared", ["s STRUCT<p: INT>, b INT NOT NULL", "s STRUCT<p: INT, b: INT NOT NULL>"])
def test_a_new_column_that_must_have_a_value_is_refused_where_rows_stay(declared):
    for write in KEEPING:
        (refusal,) = against("s STRUCT<p: INT>", declared, write).refused
        assert "declared NOT NULL" in refusal.said
        assert "without NOT NULL" in refusal.way
    assert against("s STRUCT<p: INT>", declared, ReplaceTable()).refused == ()


@pytest.mark.parametrize("write", EVERY, ids=repr)
@pytest.mark.parametrize(
    ("table", "declared", "said"),
    [
        ("id INT, v INT", "id INT", "v (int) is in the table, and not declared"),
        ("s STRUCT<p: INT, q: INT>", "s STRUCT<p: INT>", "s.q (int) is in the table, and not declared"),
        ("a ARRAY<STRUCT<p: INT, q: INT>>", "a ARRAY<STRUCT<p: INT>>", "a[].q (int) is in the table"),
        ("v BIGINT", "v INT", "v is bigint, declared int (narrower)"),
        ("v DOUBLE", "v FLOAT", "v is double, declared float (narrower)"),
        ("v DECIMAL(10,2)", "v DECIMAL(10,1)", "v is decimal(10,2), declared decimal(10,1)"),
        ("v DECIMAL(10,2)", "v DECIMAL(12,5)", "v is decimal(10,2), declared decimal(12,5)"),
        ("v TIMESTAMP", "v DATE", "v is timestamp, declared date (narrower)"),
        ("v TIMESTAMP", "v TIMESTAMP_NTZ", "v is timestamp, declared timestamp_ntz"),
        ("v STRING", "v INT", "v is string, declared int"),
        ("v INT", "v STRING", "v is int, declared string"),
        ("v BIGINT", "v DOUBLE", "v is bigint, declared double"),
        ("v INT", "v FLOAT", "v is int, declared float"),
        ("v BOOLEAN", "v INT", "v is boolean, declared int"),
        ("s STRUCT<p: INT>", "s MAP<STRING, INT>", "s is struct<p:int>, declared map<string,int>"),
        ("m MAP<STRING, BIGINT>", "m MAP<STRING, INT>", "m.value is bigint, declared int (narrower)"),
        ("a ARRAY<BIGINT>", "a ARRAY<INT>", "a[] is bigint, declared int (narrower)"),
        ("id INT", "ID INT", "id is declared as ID"),
        ("s STRUCT<p: INT>", "s STRUCT<P: INT>", "s.p is declared as P"),
    ],
)
def test_what_is_taken_out_narrowed_retyped_or_renamed_by_case_is_refused_with_the_way_out(
    table, declared, said, write
):
    found = against(table, declared, write)

    assert len(found.refused) == 1
    assert said in found.refused[0].said
    assert "declare" in found.refused[0].way


@pytest.mark.parametrize(
    ("table", "declared"),
    [
        ("TINYINT", "BIGINT"),
        ("SMALLINT", "FLOAT"),
        ("INT", "BIGINT"),
        ("INT", "DOUBLE"),
        ("INT", "DECIMAL(12,2)"),
        ("BIGINT", "DECIMAL(19,0)"),
        ("FLOAT", "DOUBLE"),
        ("DECIMAL(10,2)", "DECIMAL(12,4)"),
        ("DECIMAL(10,2)", "DECIMAL(12,2)"),
        ("DATE", "TIMESTAMP"),
        ("DATE", "TIMESTAMP_NTZ"),
        ("ARRAY<INT>", "ARRAY<BIGINT>"),
        ("STRUCT<p: INT>", "STRUCT<p: BIGINT>"),
        ("MAP<STRING, INT>", "MAP<STRING, BIGINT>"),
    ],
)
def test_what_only_rewriting_widens_is_done_where_every_row_is_written_and_refused_elsewhere(table, declared):
    whole = against(f"v {table}", f"v {declared}", ReplaceTable())

    assert (whole.refused, whole.rewrites) == ((), True)
    assert "every file is written anew" in whole.words[0]
    for write in KEEPING:
        assert "wider" in against(f"v {table}", f"v {declared}", write).refused[0].said


@pytest.mark.parametrize("write", EVERY, ids=repr)
@pytest.mark.parametrize(("table", "declared"), [("TINYINT", "SMALLINT"), ("TINYINT", "INT"), ("SMALLINT", "INT")])
def test_what_parquet_stores_alike_is_widened_by_every_kind_of_write(table, declared, write):
    allowed = {"delta.enableTypeWidening": "true"} if isinstance(write, Merge) else {}
    found = against(f"v {table}", f"v {declared}", write, properties=allowed)

    assert (found.refused, found.extends, found.rewrites) == ((), True, False)
    assert found.words == (f"v is widened from {table.lower()} to {declared.lower()}",)


def test_a_merge_widens_no_integer_of_a_table_that_does_not_say_so():
    (refusal,) = against("v SMALLINT", "v INT", Merge("id")).refused

    assert "v is smallint, declared int" in refusal.said
    assert "delta.enableTypeWidening" in refusal.way


def test_order_nullability_and_comments_are_no_difference():
    for write in EVERY:
        found = against("id INT NOT NULL, v INT", "v INT NOT NULL COMMENT 'cents', id INT", write)
        assert (found.words, found.refused, found.extends) == ((), (), False)


def test_everything_that_stands_against_a_publish_is_said_at_once():
    found = against("id INT, v BIGINT, w INT", "id INT, v INT", Append())

    assert [refusal.said.split()[0] for refusal in found.refused] == ["v", "w"]


def test_partitions_stay_unless_the_whole_table_is_replaced():
    kept = against("a INT, b INT", "a INT, b INT", Append(), partitioned=("a",), partition_by=("b",))
    changed = against("a INT, b INT", "a INT, b INT", ReplaceTable(), partitioned=("a",), partition_by=("b",))

    assert (kept.partition_by, kept.words) == (("a",), ("the table stays partitioned by a: declared is b",))
    assert (changed.partition_by, changed.words) == (("b",), ("the table is partitioned by b from now on, not by a",))


@pytest.mark.parametrize(
    "metadata",
    [{"delta.generationExpression": "id"}, {"CURRENT_DEFAULT": "7"}, {"delta.identity.allowExplicitInsert": False}],
)
def test_a_column_that_the_table_fills_by_itself_need_not_be_declared(metadata):
    for write in EVERY:
        assert against("id INT, d INT", "id INT", write, d=metadata).refused == ()


def test_an_identity_column_takes_no_values():
    always, default = ({"delta.identity.allowExplicitInsert": allowed} for allowed in (False, True))

    assert "identity" in against("id INT, d BIGINT", "id INT, d BIGINT", Append(), d=always).refused[0].said
    assert against("id INT, d BIGINT", "id INT, d BIGINT", Append(), d=default).refused == ()
    assert "identity" in against("id INT, d BIGINT", "id INT, d BIGINT", Merge("id"), d=default).refused[0].said


def test_texts_that_readers_would_find_padded_are_refused():
    padded = against("c STRING", "c STRING", Append(), c={"__CHAR_VARCHAR_TYPE_STRING": "char(5)"})
    short = against("c STRING", "c STRING", Append(), c={"__CHAR_VARCHAR_TYPE_STRING": "varchar(5)"})

    assert "padded" in padded.refused[0].said
    assert short.refused == ()


def test_a_table_that_takes_appended_rows_only_is_appended_to():
    only = {"delta.appendOnly": "true"}

    assert against("id INT", "id INT", Append(), properties=only).refused == ()
    for write in (ReplacePartitions("day"), Merge("id"), ReplaceTable()):
        assert "delta.appendOnly" in against("id INT", "id INT", write, properties=only).refused[0].said


def test_a_quarantine_keeps_the_columns_of_earlier_targets():
    found = against("id INT, gone INT", "ID INT, new INT", ReplaceValue("_interval", "-"))

    assert (found.refused, found.words) == ((), ("new int is added",))


def test_what_others_put_on_a_column_stays_when_its_type_grows():
    table = columns("id INT NOT NULL, s STRUCT<p: INT NOT NULL, q: INT>, x INT", id={"comment": "key"})

    grown = merged(table, columns("s STRUCT<q: BIGINT, p: BIGINT>, id BIGINT, y DATE"))

    assert grown.names == ["id", "s", "x", "y"]
    assert (grown["id"].dataType.simpleString(), grown["id"].nullable) == ("bigint", False)
    assert grown["id"].metadata == {"comment": "key"}
    assert grown["s"].dataType.simpleString() == "struct<p:bigint,q:bigint>"
    assert grown["s"].dataType["p"].nullable is False


def test_a_table_that_forgets_its_transactions_takes_no_history():
    forgetful = {"delta.setTransactionRetentionDuration": "interval 30 days"}

    (refusal,) = against("id INT, at INT", "id INT, at INT", History("id", "at"), properties=forgetful).refused

    assert "takes their events back" in refusal.said
    assert not against("id INT, at INT", "id INT, at INT", Merge("id"), properties=forgetful).refused
