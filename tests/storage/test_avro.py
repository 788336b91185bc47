"""Avro files under the contract of Parquet's."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from etl.errors import InputError, ProjectError, UnreadableFileError
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.spark.jvm import java_class
from etl.storage import columnar
from etl.storage.reading import Scope
from etl.testing.counting import count_spark_jobs

MILLIS = 1_360_324_800_000
NOON = datetime(2013, 2, 8, 12, tzinfo=UTC)


@pytest.fixture
def avro_file(spark):
    """``avro_file(file, fields, *rows, codec="null")`` writes one file, by Avro's own writer from JSON."""

    def written(file, fields, *rows, codec="null"):
        schema = {"type": "record", "name": "trip", "fields": fields}
        avro = "org.apache.avro"
        parsed = java_class(spark, f"{avro}.Schema$Parser")().parse(json.dumps(schema))
        writer = java_class(spark, f"{avro}.file.DataFileWriter")(
            java_class(spark, f"{avro}.generic.GenericDatumWriter")(parsed)
        )
        writer.setCodec(java_class(spark, f"{avro}.file.CodecFactory").fromString(codec))
        file.parent.mkdir(parents=True, exist_ok=True)
        writer.create(parsed, java_class(spark, "java.io.File")(str(file)))
        decoders = java_class(spark, f"{avro}.io.DecoderFactory").get()
        reader = java_class(spark, f"{avro}.generic.GenericDatumReader")(parsed)
        for row in rows:
            writer.append(reader.read(None, decoders.jsonDecoder(parsed, json.dumps(row))))
        writer.close()
        return file

    return written


@pytest.fixture
def trips(lake, avro_file):
    """``trips(ddl, *files)`` declares raw.trips; each file is its fields, then its rows."""

    def deliver(ddl, *files, **properties):
        lake.declared.clear()
        dataset = lake.dataset("raw.trips", format="avro", schema=parse_schema(ddl), **properties)
        for number, (fields, *rows) in enumerate(files):
            avro_file(Path(dataset.uri) / f"{number}.avro", fields, *rows)
        return dataset

    return deliver


def n(kind, **more):
    return {"name": "n", "type": kind, **more}


def rows(lake, dataset):
    frame = columnar.read(lake.spark, dataset, Scope()).frame
    assert frame.columns == list(dataset.schema.names)
    return sorted((tuple(row) for row in frame.collect()), key=repr)


def fixed(name, size, **more):
    return {"type": "fixed", "name": name, "size": size, **more}


@pytest.mark.parametrize(
    ("declared", "stored", "value", "expected"),
    [
        ("BIGINT", "int", 7, 7),
        ("INT", ["null", "int"], None, None),
        ("BIGINT", ["null", "int"], {"int": 7}, 7),
        ("BIGINT", ["int", "long"], {"int": 7}, 7),
        ("DOUBLE", "float", 1.5, 1.5),
        ("DECIMAL(19,0)", "long", 2**53 + 1, Decimal(2**53 + 1)),
        ("STRING", "string", "é", "é"),
        ("STRING", {"type": "enum", "name": "e", "symbols": ["A", "B"]}, "B", "B"),
        ("STRING", {"type": "string", "logicalType": "uuid"}, "a-b", "a-b"),
        ("BINARY", "bytes", "\u00ff", b"\xff"),
        ("BINARY", fixed("f", 2), "ab", b"ab"),
        ("DECIMAL(9,3)", {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "\u007b", "1.230"),
        ("DECIMAL(4,2)", fixed("d", 2, logicalType="decimal", precision=4, scale=2), "\u0000\u007b", "1.23"),
        ("DATE", {"type": "int", "logicalType": "date"}, -719_162, date(1, 1, 1)),
        ("TIMESTAMP", {"type": "long", "logicalType": "timestamp-millis"}, MILLIS, NOON),
        ("TIMESTAMP", {"type": "long", "logicalType": "timestamp-micros"}, MILLIS * 1000, NOON),
        ("TIMESTAMP_NTZ", {"type": "long", "logicalType": "local-timestamp-millis"}, MILLIS, NOON.replace(tzinfo=None)),
        ("TIMESTAMP", {"type": "long", "logicalType": "local-timestamp-micros"}, MILLIS * 1000, NOON),
        ("BIGINT", {"type": "long", "logicalType": "timestamp-nanos"}, MILLIS * 10**6 + 1, MILLIS * 10**6 + 1),
        ("INT", {"type": "int", "logicalType": "time-millis"}, 1000, 1000),
        ("BIGINT", {"type": "long", "logicalType": "time-micros"}, 1000, 1000),
        ("ARRAY<BIGINT>", {"type": "array", "items": "int"}, [1, 2], [1, 2]),
        ("MAP<STRING, BIGINT>", {"type": "map", "values": ["null", "int"]}, {"k": {"int": 1}}, {"k": 1}),
    ],
)
def test_a_value_is_read_as_it_was_written(lake, trips, declared, stored, value, expected):
    dataset = trips(f"n {declared}", ([n(stored)], {"n": value}))

    ((found,),) = rows(lake, dataset)

    if declared == "TIMESTAMP":  # collected as a local time of this machine
        found = found.astimezone(UTC)
    assert (str(found) if isinstance(expected, str) else found) == expected


@pytest.mark.parametrize(
    ("declared", "stored", "words"),
    [
        ("INT", "long", "is BIGINT in the file and INT in the schema"),
        ("INT", "string", "is STRING in the file and INT"),
        ("FLOAT", "double", "is DOUBLE in the file and FLOAT"),
        ("STRING", "bytes", "is BINARY in the file and STRING"),
        ("INT", {"type": "enum", "name": "e", "symbols": ["A"]}, "is STRING (enum) in the file and INT"),
        ("STRING", fixed("f", 2), "is BINARY (fixed) in the file and STRING"),
        ("TIMESTAMP", {"type": "long", "logicalType": "timestamp-nanos"}, "is BIGINT (long timestamp-nanos) in the"),
        ("TIMESTAMP_NTZ", {"type": "long", "logicalType": "timestamp-millis"}, "is TIMESTAMP in the file and TIMES"),
        ("TIMESTAMP", {"type": "int", "logicalType": "time-millis"}, "is INT (int time-millis) in the file"),
        ("STRING", ["int", "string"], "(union) in the file and STRING"),
        (
            "DECIMAL(9,2)",
            {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2},
            "is DECIMAL(10,2) in the file and DECIMAL(9,2)",
        ),
        (
            "STRUCT<a: INT>",
            {"type": "record", "name": "r", "fields": [{"name": "a", "type": "long"}]},
            "column 'n.a' is BIGINT in the file and INT",
        ),
        (
            "INT",
            {"type": "record", "name": "r", "fields": [{"name": "a", "type": ["null", "r"]}]},
            "in the file, which Spark cannot read, and INT in the schema",
        ),
    ],
)
def test_a_column_that_is_not_as_declared_is_refused_before_a_row_is_read(lake, trips, declared, stored, words):
    dataset = trips(f"n {declared}", ([n(stored)],))

    with count_spark_jobs(lake.spark) as counted, pytest.raises(InputError) as refused:
        columnar.read(lake.spark, dataset, Scope())

    assert words in refused.value.message
    assert "0.avro" in refused.value.message
    assert refused.value.remedy
    assert counted.jobs == 0


def test_columns_may_be_absent_or_more_only_where_that_is_declared(lake, trips):
    file = [n("int"), {"name": "N2", "type": "int"}], {"n": 1, "N2": 2}

    for ddl, words in (("n INT", "'N2' is INT in the file and not"), ("n INT, n2 INT, N2 INT", "twice")):
        with pytest.raises((InputError, ProjectError)) as refused:
            columnar.read(lake.spark, trips(ddl, file), Scope())
        assert words in refused.value.message
    with pytest.raises(InputError) as cased:
        columnar.read(lake.spark, trips("n INT, n2 INT", file, on_drift="evolve", optional_columns=("n2",)), Scope())
    evolved = trips("km INT, n BIGINT", file, on_drift="evolve", optional_columns=("km",))

    assert "(it has 'N2')" in cased.value.message
    assert rows(lake, evolved) == [(None, 1)]
    assert "column 'N2' in 1 of 1" in columnar.read(lake.spark, evolved, Scope()).ignored[0]


def test_files_of_several_schemas_and_names_are_read_each_with_its_own(lake, trips, avro_file):
    dataset = trips("n BIGINT", ([n("int")], {"n": 1}), ([n(["null", "long"])], {"n": {"long": 2**40}}))
    avro_file(Path(dataset.uri) / "part-0002", [n("int")], {"n": 3}, codec="deflate")

    assert rows(lake, dataset) == [(1,), (1099511627776,), (3,)]


def test_a_file_that_is_cut_anywhere_or_is_none_is_refused_with_its_path(lake, trips):
    dataset = trips("n INT", ([n("int")], *({"n": number} for number in range(50))))
    file = Path(dataset.uri) / "0.avro"
    whole = file.read_bytes()
    cuts = [b"", b"id\n1\n", *(whole[:size] for size in range(3, len(whole), 7))]
    header = whole.index(whole[-16:]) + 16

    for cut in cuts:
        file.write_bytes(cut)
        if len(cut) == header:  # a file without a row is one
            continue
        with pytest.raises(UnreadableFileError) as refused:
            columnar.read(lake.spark, dataset, Scope())
        assert refused.value.file.endswith("0.avro")


def test_a_block_that_is_broken_inside_stops_the_write_with_the_file(lake, trips, publishing):
    dataset = trips("n INT", ([n("int")], *({"n": number} for number in range(5000))))
    file = Path(dataset.uri) / "0.avro"
    whole = bytearray(file.read_bytes())
    begins = whole.index(whole[-16:]) + 16
    whole[begins] ^= 0x10  # how many records the block has
    file.write_bytes(whole)

    (step,) = lake.run(publishing("n INT")).steps

    assert step.status is Status.ERROR
    assert step.error.exit_code == 9
    assert "0.avro" in step.error.message


def test_rows_are_published_and_read_by_interval_folder(lake, avro_file, publishing):
    dataset = lake.dataset("raw.trips", format="avro", schema=parse_schema("n INT, day DATE"), partitioned_by=("day",))
    avro_file(Path(dataset.uri) / "day=2013-02-08" / "0.avro", [n("int")], {"n": 1}, codec="snappy")

    (step,) = lake.run(publishing("n INT, day DATE", interval_column="day"), date="2013-02-08").steps

    assert step.status is Status.PASS, step.error
    assert lake.rows("clean.trips") == [(1, date(2013, 2, 8))]
