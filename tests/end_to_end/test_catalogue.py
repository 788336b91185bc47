"""The catalogue of 94 bad inputs: each number with what is given, exit code, words, and a target left as it was.

A number's cases are those of ``test_bad_inputs`` (``known``), of another test file (``shown``), or are run here. What
later work brings is ``later``, with its issue. Where docs/ decide otherwise than was asked for, ``otherwise`` says why.
"""

import gzip
import json
from pathlib import Path

import pytest
from attrs import frozen
from pyspark.sql import SparkSession

from tests.end_to_end import test_bad_inputs as bad
from tests.end_to_end.test_bad_inputs import (
    BASE,
    DATASETS,
    DAY,
    GOOD_ROW,
    HEADER,
    JOB,
    LANDED,
    OTHER_STEP,
    PLAN,
    RUN,
    Case,
    Edit,
    again,  # noqa: F401 a fixture
    asked,
    called,
    catalogued,
    configured,
    declared,
    delivered,
    published,  # noqa: F401 a fixture
    ran,
    written,
)

TESTS = Path(__file__).parents[1]
AS_JSON, AS_PARQUET = Edit(DATASETS, '"csv"', '"json"'), Edit(DATASETS, '"csv"', '"parquet"')
LANDED_JSON, FOLDER = LANDED.replace(".csv", ".json"), LANDED.rpartition("/")[0]


@frozen
class Elsewhere:
    """A number that no case here runs.

    Args:
        test: the test that shows it, as file and function.
        issue: the later work that brings it.
        why: what it is about; where docs/ decide otherwise, why.
    """

    why: str = ""
    test: str = ""
    issue: int = 0


def known(name):
    """A case that test_bad_inputs runs."""
    return next(case for case in bad.CASES if case.name == name)


def shown(test):
    return Elsewhere(test=test)


def later(issue, why):
    return Elsewhere(why=why, issue=issue)


def otherwise(why, test=""):
    return Elsewhere(why=why, test=test)


def fine(name, *edits, argv=PLAN):
    """What looks wrong and is right, without Spark."""
    return Case(name, argv, 0, (), edits)


def in_json(name, records, *says, edits=()):
    return delivered(name, records, *says, path=LANDED_JSON, edits=[AS_JSON, *edits])


def record(id=1, **more):  # noqa: A002
    return json.dumps({"id": id, "km": 10, "price": 1.5, "begun": None, "name": "Anna", **more})


def row(id=2, km="20", price="2.50", begun="2013-02-08T07:00:00", name="Bob"):  # noqa: A002
    return f"{id},{km},{price},{begun},{name}\n"


def corrupt(name, record, *says, edits=()):
    return delivered(name, HEADER + GOOD_ROW + record, "1 corrupt row", *says, edits=edits)


def gzipped(text):
    return gzip.compress(text.encode())


ANEW = "test_a_file_delivered_anew_while_it_was_read_is_an_input_error_and_nothing_is_published"
DOUBLES = (
    Edit(DATASETS, "price DECIMAL(7,2)", "price DOUBLE"),
    Edit(
        JOB,
        'trips.drop("begun")',
        'trips.selectExpr("id", "km", "CAST(price AS DECIMAL(7,2)) AS price", "name", "day")',
    ),
)
MULTILINE = Edit(DATASETS, "[raw.trips]", '[raw.trips]\noptions = { multiLine = "true" }')

CATALOGUE = {
    1: [known("unknown job")],
    2: [asked("parameter that nobody reads", [*PLAN, "--param", "dat=2013-02-08"], "'dat'", "→ leave out --param")],
    3: [known("no date"), otherwise("a step reads parameters from its run: none must be given")],
    4: [known("a month that is none"), known("a day that is none")],
    5: [
        known("job name that is a path"),
        known("empty job name"),
        known("job name of 300 letters"),
        known("job name that is an emoji"),
        asked("job name with a slash", ["plan", "a/b", "--date", DAY], "'a/b'"),
    ],
    6: [
        known("root outside the project"),
        known("path outside the zone"),
        asked("override that leaves the project", [*PLAN, "--set", "zones.raw=../raw"], "--set zones.raw", "'../raw'"),
        otherwise("a symbolic link is followed: whoever may make one in the project may change the zone's root too"),
    ],
    7: [
        known("directory without a project"),
        known("not UTF-8"),
        configured("catalogue that is a directory", None, "conf/datasets.toml", path=DATASETS),
    ],
    8: [known("syntax error"), known("YAML"), known("JSON")],
    9: [known("empty file")],
    10: [known("list of tables")],
    11: [known("same key twice"), known("same table twice")],
    12: [known("unknown key"), known("unknown property")],
    13: [
        known("number where text belongs"),
        known("date where text belongs"),
        known("version where text belongs"),
        known("bare word"),
        configured("time where text belongs", ('"tiny"', "12:30:00"), "conf/base.toml:1", 'name = "12:30:00"'),
    ],
    14: [known("code")],
    15: [known("two megabytes"), known("key of 20 000 parts"), known("lists 100 000 deep")],
    16: [
        known("NUL byte"),
        fine("byte order mark in a configuration", Edit(BASE, "", b"\xef\xbb\xbf" + bad.PROJECT[BASE].encode())),
    ],
    17: [
        otherwise("configuration fills in no variables, so that they cannot refer to each other in a circle"),
        configured("variable that nobody fills in", ('"lake/raw"', '"${LAKE}/raw"'), "conf/base.toml:6", "${LAKE}"),
    ],
    18: [known("steps in a circle")],
    19: [
        known("unknown dataset"),
        known("no step"),
        declared(
            "two steps of one name",
            (
                "TOTALS =",
                OTHER_STEP % ("raw.trips", "clean.other")
                + OTHER_STEP.replace("clean.other", "clean.more") % ("raw.trips", "clean.more")
                + "TOTALS =",
            ),
            "jobs/tiny.py:28",
            "step other of line 24 is lost",
            "→ rename",
        ),
    ],
    20: [known("two writers"), known("step that reads its target")],
    21: [
        known("secret by its name"),
        known("secret in a URI"),
        known("secret among options"),
        catalogued(
            "secret in a JDBC address",
            ("[raw.trips]", '[raw.trips]\noptions = { url = "jdbc:postgresql://h/d?user=u&password=canary" }'),
            "conf/datasets.toml:2",
            "→ write a reference",
            never=("canary",),
        ),
    ],
    22: [later(11, "references are resolved by the connections that use them; nothing uses one yet")],
    23: [
        known("scheme with one slash"),
        known("scheme in capitals"),
        known("web address"),
        known("bucket in capitals"),
        known("blank at the end"),
    ],
    24: [shown("storage/test_files.py::test_a_path_is_taken_as_it_is_written")],
    25: [
        known("negative number"),
        known("not a number"),
        known("override out of range"),
        known("retries out of range"),
        known("too many threads"),
    ],
    26: [known("expectation about another column")],
    27: [known("column that is an injection")],
    28: [
        known("module that is missing"),
        known("name that is missing"),
        shown("spark/test_java.py::test_a_refusal_names_every_candidate_and_its_version"),
    ],
    29: [
        known("unknown platform"),
        later(9, "EMR and Glue are not submitted to yet: their ids, regions and credentials"),
    ],
    30: [
        shown("cli/test_locks.py::test_a_run_beside_one_that_holds_its_target_ends_with_8_and_says_how_to_look"),
        shown("faults/test_race.py::test_what_a_killed_run_held_is_free_at_once_and_the_run_is_told_as_lost"),
        shown("faults/test_leases.py::test_a_clock_that_is_two_hours_off_takes_nothing_from_a_run_at_work"),
    ],
    31: [shown("bootstrap/test_main.py::test_a_zip_that_is_not_the_bundles_is_refused")],
    32: [later(8, "resuming a run")],
    33: [known("partition missing"), shown("storage/test_files.py::test_a_partition_that_may_be_missing_is_empty")],
    34: [delivered("folder without a file", "", f"day={DAY}", "→ deliver it", path=f"{FOLDER}/_SUCCESS")],
    35: [known("file without a byte")],
    36: [
        delivered("Parquet without a byte", "", "t.parquet", "0 bytes", path=f"{FOLDER}/t.parquet", edits=[AS_PARQUET])
    ],
    37: ["csv"],
    38: [shown("storage/test_files.py::test_files_that_spark_passes_over_are_told")],
    39: [delivered("file in a folder of a folder", HEADER + GOOD_ROW, "more/t.csv", "→", path=f"{FOLDER}/more/t.csv")],
    40: [known("gzip named .csv")],
    41: [known("text named .gz")],
    42: [known("truncated gzip")],
    43: ["csv"],
    44: [known("zip")],
    45: [
        otherwise(
            "how far a file unpacks is no reason of its own; a text beyond what a parser takes is a corrupt record"
        ),
        shown("storage/test_files.py::test_a_truncated_gzip_is_named_and_nothing_of_it_is_published"),
    ],
    46: [shown(f"engine/test_pinned.py::{ANEW}")],
    47: [
        otherwise("a delivery is whole, or it changes while it is read (46); hidden names are passed over"),
        delivered(
            "upload that is not done", HEADER, "no file at", f"day={DAY}", path=f"{FOLDER}/_temporary/0/trips.csv"
        ),
    ],
    48: [later(8, "many files: measured and bounded there")],
    49: [
        known("keys that are not unique"),
        otherwise("the same rows under another name are rows: an expectation of uniqueness, or Merge, says otherwise"),
    ],
    50: [later(8, "rights on S3: action and key are named; on a disk the owner of a run may read all of its files")],
    51: ["csv"],
    52: [known("UTF-16"), shown("storage/test_files.py::test_declared_utf_16_is_read")],
    53: [
        delivered(
            "Latin-1",
            (HEADER + row(name="caf\xe9")).encode("latin-1"),
            "1 corrupt row",
            "trips.csv",
            "perhaps encoding = 'iso-8859-1'",
        )
    ],
    54: [shown("storage/test_files.py::test_bytes_of_another_encoding_are_corrupt_and_it_is_guessed")],
    55: [known("text where a number belongs")],
    56: [known("too few values")],
    57: [known("too many values")],
    58: ["csv"],
    59: [known("column missing"), known("header misspelt")],
    60: [known("column too many"), shown("storage/test_files.py::test_a_new_column_is_ignored_where_drift_may_evolve")],
    61: [known("column twice")],
    62: [
        delivered(
            "line break in quotes", HEADER + GOOD_ROW + row(name='"Bob\nDylan"'), "2 corrupt rows", '"Bob', "multiLine"
        )
    ],
    63: [
        known("quote that never ends"),
        delivered(
            "quote that never ends, over lines",
            HEADER + row(2, name='"Bob') + GOOD_ROW,
            "1 corrupt row",
            '"Bob',
            edits=[MULTILINE],
        ),
    ],
    64: ["csv"],
    65: ["csv"],
    66: [delivered("NUL in a text", HEADER + row(name="B\0b"), "trips.csv", "NUL")],
    67: [corrupt("blanks around a number", row(km=" 20 "), "km is no INT")],
    68: [corrupt("NULL spelled out", row(km="NULL"), "km is no INT")],
    69: ["csv"],
    70: ["csv", otherwise("blank lines are no records, so that they are not counted (docs/reading.md)")],
    71: [known("half a JSON record")],
    72: ["json"],
    73: [
        in_json(
            "JSON over several lines", json.dumps(json.loads(record()), indent=1) + "\n", "corrupt rows", "multiLine"
        )
    ],
    74: ["json", in_json("text behind a JSON record", record() + " and more\n", "1 corrupt row", "and more")],
    75: ["json", otherwise("of equal keys the last one counts, as for Python and JavaScript (docs/reading.md)")],
    76: [in_json("key of another case", record().replace('"km"', '"KM"') + "\n", "'KM'")],
    77: [in_json("number beyond 64 bits", record(km=2**63) + "\n", "1 corrupt row", str(2**63))],
    78: [
        in_json(
            "number that is infinite",
            record(price=0).replace('"price": 0', '"price": 1e999') + "\n",
            "1 corrupt row",
            "1e999",
            edits=DOUBLES,
        )
    ],
    79: [in_json("list where a number belongs", record(km=[1]) + "\n", "1 corrupt row", "[1]")],
    80: [known("30 February"), corrupt("hour 25", row(begun="2013-02-08T25:00:00"), "begun is no TIMESTAMP")],
    81: [shown("storage/test_values.py::test_a_declared_exception_is_read_as_it_says")],
    82: ["csv", corrupt("year 10000", row(begun="10000-01-01T00:00:00"), "begun is no TIMESTAMP")],
    83: [known("decimal too large")],
    84: [corrupt("decimal with a digit too many", row(price="1.005"), "price is no DECIMAL(7,2)")],
    85: [corrupt("double that is infinite", row(price="1e400"), "price is no DOUBLE", edits=DOUBLES)],
    86: [known("number that overflows")],
    87: [
        ran(
            "column without a type",
            ('trips.drop("begun")', 'trips.drop("begun", "km").selectExpr("id", "NULL AS km", "price", "name", "day")'),
            0,
        )
    ],
    88: [otherwise("texts are kept as they were delivered, composed or not: a step may normalize() its keys"), "csv"],
    89: [known("text where Parquet belongs"), shown("storage/test_flips.py::test_a_file_that_ends_too_early_is_named")],
    90: [shown("storage/test_flips.py::test_a_flipped_byte_is_seen_or_changes_nothing")],
    91: [
        shown("storage/test_columnar.py::test_a_column_that_is_not_as_declared_is_refused_before_a_row_is_read"),
        shown("storage/test_columnar.py::test_files_of_several_schemas_are_read_each_with_its_own"),
    ],
    92: [shown("storage/test_drift.py::test_what_differs_is_refused_with_file_column_and_both_types")],
    93: [
        shown("storage/test_columnar_files.py::test_a_folder_s_name_is_utf_8_escaped_or_not"),
        shown("engine/test_first_publish.py::test_an_empty_text_for_a_table_that_is_partitioned_by_it_is_refused"),
    ],
    94: ["empty"],
}

# Read right: each number's own file of one delivery, and the names that its rows are to have.
GOOD = {
    "csv": {
        37: (HEADER, []),
        43: (gzipped(HEADER + row(43, name="a")) + gzipped(row(43, name="b")), ["a", "b"]),
        51: (b"\xef\xbb\xbf" + (HEADER + row(51, name="a")).encode(), ["a"]),
        58: ("name,begun,price,km,id\nAnna,2013-02-08T06:00:00,1.50,10,58\n", ["Anna"]),
        64: (HEADER + row(64, name='"say ""hi"""'), ['say "hi"']),
        65: ((HEADER + row(65, name="a")).replace("\n", "\r") + row(65, name="b").replace("\n", "\r\n"), ["a", "b"]),
        69: (HEADER + row(69, name="x" * 5_000_000), ["x" * 5_000_000]),
        70: (HEADER + "\n" + row(70, name="a") + "\n\n" + row(70, name="b") + "\n", ["a", "b"]),
        82: (HEADER + row(82, begun="0001-01-01T00:00:00") + row(82, begun="9999-12-31T23:59:59"), ["Bob", "Bob"]),
        88: (HEADER + row(88, name="e\u0301") + row(88, name="\xe9"), ["e\u0301", "\xe9"]),
    },
    "json": {
        72: (f"[{record(72)}, {record(72, name='Bob')}]\n", ["Anna", "Bob"]),
        74: (record(74) + record(74, name="Bob") + "\n", ["Anna", "Bob"]),
        75: (record(75)[:-1] + ', "name": "Bob"}\n', ["Bob"]),
    },
    "empty": {94: (HEADER, [])},
}
RUN_HERE = [
    pytest.param(case, id=f"{number}-{case.name}", marks=[pytest.mark.spark] if case.spark else [])
    for number, cases in CATALOGUE.items()
    for case in cases
    if isinstance(case, Case) and case not in bad.CASES
]


def test_all_94_numbers_are_there_each_with_a_case_or_a_reason():
    assert list(CATALOGUE) == list(range(1, 95))
    assert [number for number, cases in CATALOGUE.items() if not cases] == []
    for number, cases in CATALOGUE.items():
        for case in cases:
            assert not isinstance(case, str) or number in GOOD[case]
            assert not isinstance(case, Elsewhere) or case.test or case.why


def test_what_is_shown_elsewhere_is_there():
    places = [each.test for cases in CATALOGUE.values() for each in cases if isinstance(each, Elsewhere) and each.test]

    for place in places:
        file, _, function = place.partition("::")
        assert f"def {function}(" in (TESTS / file).read_text(), place


@pytest.mark.parametrize("case", RUN_HERE)
def test_a_bad_input_is_named_and_changes_nothing(case, tmp_path, monkeypatch, request):
    _, is_as_before = bad.carried_out(case, tmp_path, monkeypatch, request)

    assert not case.code or is_as_before


@pytest.fixture(scope="module")
def delivered_together(spark, tmp_path_factory):
    """``delivered_together("csv")`` publishes the good files of a kind in one run and gives the names by id."""
    done = {}

    def names(kind):
        if kind not in done:
            done[kind] = _published(spark, tmp_path_factory.mktemp(kind), kind)
        return done[kind]

    return names


def _published(spark: SparkSession, directory: Path, kind: str) -> dict[int, list[str]]:
    project = written(directory / "project")
    Edit(LANDED, "", None).apply(project)
    if kind == "json":
        AS_JSON.apply(project)
    for number, (text, _) in GOOD[kind].items():
        packed = ".gz" if isinstance(text, bytes) and text.startswith(b"\x1f\x8b") else ""
        Edit(f"{FOLDER}/{number}.{kind}{packed}", "", text).apply(project)
    code, _, err = called(project, *RUN)
    assert code == 0, err
    names: dict[int, list[str]] = {}
    for found in spark.read.format("delta").load(f"{project}/lake/clean/trips").select("id", "name").collect():
        names.setdefault(found["id"], []).append(found["name"])
    return {number: sorted(each) for number, each in names.items()}


@pytest.mark.spark
@pytest.mark.parametrize(
    ("kind", "number"), [(kind, number) for kind, files in GOOD.items() for number in files], ids=str
)
def test_what_looks_wrong_and_is_right_is_read(delivered_together, kind, number):
    assert delivered_together(kind).get(number, []) == GOOD[kind][number][1]
