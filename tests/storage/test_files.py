"""CSV, JSON and Parquet as they are delivered: every row is published, set aside, or stops the run."""

import gzip
from datetime import UTC, date, datetime

import pytest

from etl import ReplaceTable, Source, Target, step
from etl.engine.extract import corrupt_records
from etl.errors import InputError, ProjectError
from etl.model.interval import Interval
from etl.model.result import Outcome, Status
from etl.model.schema import parse_schema
from etl.storage import files
from etl.storage.listing import is_whole
from etl.storage.reading import Scope

DAY = date(2013, 2, 8)
SCHEMA = parse_schema("id INT, km INT, name STRING")
DAILY = parse_schema("id INT, km INT, name STRING, day DATE")
GOOD = "id,km,name\n1,10,Anna\n2,20,Bob\n"
ROWS = [(1, 10, "Anna"), (2, 20, "Bob")]


def csv(lake, text, path="a.csv", **properties):
    """Deliver one file of raw.trips and return the dataset."""
    given = {"format": "csv", "schema": SCHEMA} | properties
    dataset = lake.dataset("raw.trips", **given)
    lake.file("raw.trips", path, text)
    return dataset


def rows(lake, dataset):
    """Return the dataset's rows as the engine reads them."""
    reading = files.read(lake.spark, dataset, Scope())
    corrupt = reading.corrupt
    return sorted(
        tuple(row)
        for row in reading.frame.where(f"{corrupt.column} IS NULL").drop(corrupt.column, corrupt.reason).collect()
    )


def corrupt(lake, dataset):
    """Return the texts of the dataset's corrupt records, each with its reason."""
    found = corrupt_records(files.read(lake.spark, dataset, Scope())).collect()
    return sorted((row["_record"], row["_reason"]) for row in found)


def publishing(*columns, interval_column=None, optional=False, conserve="trips"):
    """Return a step that publishes these columns of raw.trips and looks at no other."""

    @step(
        sources={"trips": Source("raw.trips", interval_column=interval_column, optional=optional)},
        target=Target(
            "clean.trips", ", ".join(f"{c.name} {c.type}" for c in DAILY if c.name in columns), ReplaceTable()
        ),
        conserve=conserve,
    )
    def publish(trips):
        """Keep some columns."""
        return trips.select(*columns)

    return publish


def test_columns_are_found_by_the_names_in_the_header(lake):
    assert rows(lake, csv(lake, "name,id,km\nAnna,1,10\nBob,2,20\n")) == ROWS


def test_each_file_has_its_own_order(lake):
    csv(lake, "id,km,name\n1,10,Anna\n")

    assert rows(lake, csv(lake, "km,name,id\n20,Bob,2\n", path="b.csv")) == ROWS


@pytest.mark.parametrize("text", [GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD, 'id,km,"name"\n1,10,"Anna"\n2,20,Bob\n'])
def test_line_ends_byte_order_mark_and_quotes_change_nothing(lake, text):
    assert rows(lake, csv(lake, text)) == ROWS


def test_a_header_alone_is_no_row(lake):
    assert rows(lake, csv(lake, "id,km,name\n")) == []


def test_a_file_without_header_is_read_by_position(lake):
    assert rows(lake, csv(lake, "1,10,Anna\n2,20,Bob\n", options={"header": "false"})) == ROWS


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("id,kms,name", ["'km'", "it has 'kms'"]),
        ("id,km", ["'name'", "its header is id, km"]),
        ("id,km,name,Name", ["twice"]),
        ("id,km,name,age", ["'age'"]),
        ("ID,km,name", ["'id'"]),
    ],
)
def test_a_header_that_is_not_the_schema_is_refused_with_the_file(lake, header, words):
    dataset = csv(lake, header + "\n")

    with pytest.raises(InputError) as refused:
        files.read(lake.spark, dataset, Scope())

    assert all(word in refused.value.message for word in [*words, "a.csv"])
    assert refused.value.remedy or "twice" in words


def test_a_new_column_is_ignored_where_drift_may_evolve(lake):
    assert rows(lake, csv(lake, "id,age,km,name\n1,7,10,Anna\n2,8,20,Bob\n", on_drift="evolve")) == ROWS


def test_a_corrupt_row_is_counted_though_nobody_reads_its_column(lake):
    csv(lake, GOOD + "3,far,Cleo\n", on_corrupt="quarantine")

    result = lake.run_step(publishing("id"))

    assert result.rows.corrupt == {"trips": 1}
    assert (result.rows.read, result.rows.published, result.rows.quarantined) == ({"trips": 3}, 2, 1)
    assert lake.rows("clean.trips") == [(1,), (2,)]


def test_a_corrupt_row_stops_the_step_and_is_shown(lake):
    csv(lake, GOOD + "3,far,Cleo\n4,40\n")

    result = lake.run_step(publishing("id"))

    assert (result.exit_code, result.outcome, result.error.type) == (9, Outcome.UNCHANGED, "CorruptRowsError")
    assert "2 corrupt rows; a.csv: '3,far,Cleo' (km is no INT); a.csv: '4,40' (no record of these columns)" in (
        result.error.message
    )
    assert lake.data_files("clean.trips") == []


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ("3,far,Cleo", {}),
        ("3,30", {}),
        ("3,30,Cleo,7", {}),
        ("3,99999999999,Cleo", {}),
        ("3, 30 ,Cleo", {}),
        ('3,"30,Cleo', {}),
        ("3,3.5,Cleo", {}),
    ],
)
def test_what_does_not_parse_is_corrupt(lake, row, options):
    dataset = csv(lake, f"{GOOD}{row}\n", options=options)

    assert [record for record, _ in corrupt(lake, dataset)] == [row]
    assert rows(lake, dataset) == ROWS


def test_corrupt_rows_are_set_aside_with_record_file_and_reason(lake):
    csv(lake, GOOD + "3,far,Cleo\n", path="a b+%20é.csv", on_corrupt="quarantine")

    result = lake.run_step(publishing("id", "km"))

    assert result.status is Status.WARN
    (aside,) = lake.table("quarantine.clean_trips").collect()
    assert (aside["_record"], aside["_broken"], aside["_source"]) == (
        "3,far,Cleo",
        ["corrupt record in trips: km is no INT"],
        "trips",
    )
    assert aside["_file"].endswith("/raw/trips/a b+%20é.csv")
    assert (aside["id"], aside["km"]) == (None, None)


def test_json_is_read_by_name_and_its_corrupt_records_are_set_aside(lake):
    lake.dataset("raw.trips", format="json", schema=SCHEMA, on_corrupt="quarantine")
    lake.file("raw.trips", "a.json", '{"name": "Anna", "id": 1}\n{"id": "two"}\n{"id": 3, "km"\n')

    result = lake.run_step(publishing("km"))

    assert (result.rows.read, result.rows.corrupt, result.rows.published) == ({"trips": 3}, {"trips": 2}, 1)
    records = [row["_record"] for row in lake.table("quarantine.clean_trips").orderBy("_record").collect()]
    assert records == ['{"id": "two"}', '{"id": 3, "km"']


def test_gzip_is_read_and_concatenated_members_are_read_whole(lake):
    halves = gzip.compress(b"id,km,name\n1,10,Anna\n") + gzip.compress(b"2,20,Bob\n")

    assert rows(lake, csv(lake, halves, path="a.csv.gz")) == ROWS


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("a.csv", gzip.compress(GOOD.encode()), "is gzip but does not end in .gz"),
        ("a.csv.gz", GOOD.encode(), "ends in .gz but is not gzip"),
        ("a.csv", GOOD.encode("utf-16"), "is UTF-16, read as utf-8"),
        ("a.csv", b"PK\x03\x04" + bytes(40), "is a zip archive"),
        ("a.csv", b"id,km,name\0\n", "NUL"),
    ],
)
def test_bytes_that_are_something_else_are_refused_before_spark_reads_them(lake, path, data, words):
    dataset = csv(lake, data, path=path)

    with pytest.raises(InputError, match=words):
        files.read(lake.spark, dataset, Scope())


@pytest.mark.parametrize(("encoding", "name"), [("iso-8859-1", "Zoë"), ("windows-1252", "Zoë€")])
def test_bytes_of_another_encoding_are_corrupt_and_it_is_guessed(lake, encoding, name):
    csv(lake, GOOD.encode() + f"3,30,{name}\n".encode(encoding))

    result = lake.run_step(publishing("id"))

    assert (result.exit_code, result.error.type) == (9, "CorruptRowsError")
    assert "name is no utf-8 text; byte 0xeb: perhaps encoding = " + repr(encoding) in result.error.message


def test_declared_utf_16_is_read(lake):
    assert rows(lake, csv(lake, GOOD.encode("utf-16"), options={"encoding": "UTF-16", "multiLine": "true"})) == ROWS


def test_a_truncated_gzip_is_named_and_nothing_of_it_is_published(lake):
    text = "id,km,name\n" + "".join(f"{n},{n * 2654435761 % 1000003},Anna\n" for n in range(50_000))
    whole = gzip.compress(text.encode())
    csv(lake, GOOD, path="good.csv")
    cut = lake.file("raw.trips", "cut.csv.gz", whole[: len(whole) // 2])

    result = lake.run_step(publishing("id"))

    assert (result.exit_code, result.error.type) == (9, "UnreadableFileError")
    assert str(cut) in result.error.message
    assert lake.version("clean.trips") is None


def test_a_gzip_file_is_whole_or_not(lake):
    data = gzip.compress(GOOD.encode())
    csv(lake, data, path="whole.csv.gz")

    assert is_whole(lake.spark, str(lake.file("raw.trips", "whole.csv.gz", data)))
    assert not is_whole(lake.spark, str(lake.file("raw.trips", "cut.csv.gz", data[:-9])))


def test_text_named_parquet_is_named_and_nothing_is_published(lake):
    lake.dataset("raw.trips", format="parquet", schema=SCHEMA)
    file = lake.file("raw.trips", "a.parquet", GOOD)

    result = lake.run_step(publishing("id"))

    assert (result.exit_code, result.error.type) == (9, "UnreadableFileError")
    assert str(file) in result.error.message


@pytest.mark.parametrize(
    "name", ["a[1].csv", "a{b,c}.csv", "a?.csv", "a*.csv", "a b.csv", "a%20b.csv", "a#b.csv", "ä.csv"]
)
def test_a_path_is_taken_as_it_is_written(lake, name):
    assert rows(lake, csv(lake, GOOD, path=name)) == ROWS


def test_files_that_spark_passes_over_are_told(lake):
    csv(lake, GOOD)
    for name in ("_late.csv", ".hidden.csv", "_SUCCESS", "_temporary/0/part.csv"):
        lake.file("raw.trips", name, GOOD)

    result = lake.run_step(publishing("id"))

    assert (result.status, result.rows.published) == (Status.WARN, 2)
    assert "trips: 3 files ignored" in result.message
    assert ".hidden.csv" in result.message


def test_only_the_partition_of_the_interval_is_read(lake):
    daily = {"schema": DAILY, "partitioned_by": ("day",)}
    csv(lake, GOOD, path="day=2013-02-08/a.csv", **daily)
    csv(lake, "id,km,name\n3,30,Cleo\n", path="day=2013-02-09/a.csv", **daily)

    result = lake.run_step(publishing("id", "day", interval_column="day"))

    assert result.rows.read == {"trips": 2}
    assert lake.rows("clean.trips") == [(1, DAY), (2, DAY)]


@pytest.mark.parametrize("landed", ["day=2013-02-09/a.csv", "day=2013-02-08/_a.csv"])
def test_a_partition_that_was_not_delivered_is_an_input_error(lake, landed):
    csv(lake, GOOD, path=landed, schema=DAILY, partitioned_by=("day",))

    result = lake.run_step(publishing("id", interval_column="day"))

    assert (result.exit_code, result.error.type) == (9, "InputError")
    assert "day=2013-02-08" in result.error.message
    assert "allow_empty" in result.error.remedy


@pytest.mark.parametrize(("optional", "allow_empty"), [(True, False), (False, True)])
def test_a_partition_that_may_be_missing_is_empty(lake, optional, allow_empty):
    lake.dataset("raw.trips", format="csv", schema=DAILY, partitioned_by=("day",), allow_empty=allow_empty)

    result = lake.run_step(publishing("id", interval_column="day", optional=optional))

    assert (result.outcome, result.rows.read, result.rows.published) == (Outcome.PUBLISHED, {"trips": 0}, 0)


def test_a_partition_value_keeps_its_leading_zero(lake):
    schema = parse_schema("id INT, area STRING")
    dataset = csv(lake, "id\n1\n", path="area=01/a.csv", schema=schema, partitioned_by=("area",))

    assert rows(lake, dataset) == [(1, "01")]


@pytest.mark.parametrize("option", ["mode", "inferSchema", "enforceSchema", "ignoreCorruptFiles", "pathGlobFilter"])
def test_an_option_that_would_lose_rows_is_refused(lake, option):
    dataset = csv(lake, GOOD, options={option: "true"})

    with pytest.raises(ProjectError, match=option):
        files.read(lake.spark, dataset, Scope())


def test_an_hourly_job_finds_the_folders_of_its_hour_by_their_values(lake):
    lake.dataset("raw.hours", format="json", schema=parse_schema("id INT, at TIMESTAMP"), partitioned_by=("at",))
    for n, folder in enumerate(("2013-02-08 05%3A00%3A00", "2013-02-08 05%3A30%3A00", "2013-02-08 06%3A00%3A00")):
        lake.file("raw.hours", f"at={folder}/a.json", f'{{"id": {n}}}\n')
    hour = Interval(datetime(2013, 2, 8, 5, tzinfo=UTC), datetime(2013, 2, 8, 6, tzinfo=UTC))

    frame = files.read(lake.spark, lake.dataset("raw.hours"), Scope(column="at", interval=hour)).frame

    assert sorted(row[0] for row in frame.select("id").collect()) == [0, 1]


def test_a_folder_of_a_timestamp_column_that_names_no_time_is_an_input_error(lake):
    lake.dataset("raw.hours", format="json", schema=parse_schema("id INT, at TIMESTAMP"), partitioned_by=("at",))
    lake.file("raw.hours", "at=five/a.json", '{"id": 1}\n')
    hour = Interval(datetime(2013, 2, 8, 5, tzinfo=UTC), datetime(2013, 2, 8, 6, tzinfo=UTC))

    with pytest.raises(InputError, match="at=five names no time"):
        files.read(lake.spark, lake.dataset("raw.hours"), Scope(column="at", interval=hour))
