"""What people get wrong: the exit code, the words, the place, and a target that stays as it was."""

import gzip
import io
import json
import shutil
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from attrs import frozen

from etl.cli import main

DAY = "2013-02-08"
LANDED = f"lake/raw/trips/day={DAY}/trips.csv"
BASE, DATASETS, JOB = "conf/base.toml", "conf/datasets.toml", "jobs/tiny.py"
PLAN = ("plan", "tiny", "--date", DAY)
RUN = ("run", "tiny", "--date", DAY)
RUN_SQL = ("run", "clean.totals", "--date", DAY)  # its file has changed, so the other step would publish again

PROJECT = {
    BASE: """\
name = "tiny"
state = "target/state"
artifacts = "target"

[zones]
raw = "lake/raw"
clean = "lake/clean"
quarantine = "lake/quarantine"

[run]
threads = 1
""",
    "conf/env/local.toml": 'state = "target/state"\n',
    "conf/env/prod.toml": "[run]\nprotected = true\n",
    DATASETS: """\
[raw.trips]
format = "csv"
partitioned_by = ["day"]
schema = "id INT, km INT, price DECIMAL(7,2), begun TIMESTAMP, name STRING, day DATE"
""",
    "jobs/__init__.py": "",
    JOB: '''\
"""Trips of a day."""
from etl import Append, Daily, Job, Merge, ReplacePartitions, Source, Target, expect, sql_step, step

JOB = Job(schedule=Daily(at="06:00"))


@step(
    sources={"trips": Source("raw.trips", interval_column="day")},
    target=Target(
        "clean.trips",
        "id INT NOT NULL, km INT, price DECIMAL(7,2), name STRING, day DATE NOT NULL",
        ReplacePartitions("day"),
    ),
    expectations=[expect.column_values_to_be_between("km", 0, 100)],
    conserve="trips",
)
def clean_trips(trips):
    """Leave out when a trip began."""
    return trips.drop("begun")


TOTALS = sql_step(
    "clean.totals",
    sql="SELECT day, sum(km) AS km FROM trips GROUP BY day",
    sources={"trips": Source("clean.trips", interval_column="day")},
    schema="day DATE NOT NULL, km BIGINT",
    write=ReplacePartitions("day"),
)
''',
    LANDED: """\
id,km,price,begun,name
1,10,1.50,2013-02-08T06:00:00,Anna
2,20,2.50,2013-02-08T07:00:00,Bob
""",
}
STEP, EXPECTED, SQL_STEP = "jobs/tiny.py:7", "jobs/tiny.py:14", "jobs/tiny.py:22"


@frozen
class Edit:
    """Text of a file replaced by other text; all of it where ``old`` is empty. ``new`` None removes the file."""

    path: str
    old: str
    new: str | bytes | None

    def apply(self, project: Path) -> None:
        file = project / self.path
        if self.new is None:
            file.unlink()
            return
        text = self.new
        if self.old:
            before = file.read_text()
            assert before.count(self.old) >= 1, f"{self.path} does not say {self.old!r}"
            text = before.replace(self.old, str(text), 1)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())


@frozen
class Case:
    """One mistake: what is broken, what is called, and what must come of it.

    Args:
        says: what stderr must hold: the place, the value, what was allowed or what to do.
        never: what no stream may hold.
        spark: the mistake shows only when rows or plans are looked at; without it no session may start.
    """

    name: str
    argv: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    never: tuple[str, ...] = ()
    spark: bool = False


def asked(name, argv, *says):
    """A command line that cannot be carried out."""
    return Case(name, tuple(argv), 2, says)


def configured(name, edit, *says, path=BASE, never=()):
    """A configuration file that nobody can use; ``edit`` is (old, new), or the whole file."""
    old, new = edit if isinstance(edit, tuple) else ("", edit)
    return Case(name, PLAN, 4, says, (Edit(path, old, new),), never)


def catalogued(name, edit, *says, never=()):
    return configured(name, edit, *says, path=DATASETS, never=never)


def declared(name, edit, *says):
    """A job module that cannot be run."""
    return configured(name, edit, *says, path=JOB)


def delivered(name, content, *says, path=LANDED, edits=()):
    """A source that is not what it was declared to be."""
    edits = (
        (*edits, Edit(LANDED, "", None), Edit(path, "", content))
        if path != LANDED
        else (*edits, Edit(path, "", content))
    )
    return Case(name, RUN, 9, says, edits, spark=True)


def ran(name, edit, code, *says, path=JOB, argv=RUN):
    """A job that goes wrong when it runs."""
    return Case(name, argv, code, says, (Edit(path, *edit),), spark=True)


HEADER = "id,km,price,begun,name\n"
GOOD_ROW = "1,10,1.50,2013-02-08T06:00:00,Anna\n"
GZIPPED = gzip.compress(
    (
        HEADER + "".join(f"{n},{n % 90},1.50,2013-02-08T06:00:00,{n * 2654435761 % 1000003}\n" for n in range(40_000))
    ).encode()
)
OTHER_STEP = """
@step(sources={"trips": Source("%s")}, target=Target("%s", "day DATE, km BIGINT", Merge("day")))
def other(trips):
    return trips
"""

COMMAND_LINE = [
    asked("unknown command", ["rnu"], "'rnu'", "did you mean 'run'?"),
    asked("unknown job", ["plan", "tinny", "--date", DAY], "'tinny'", "did you mean 'tiny'?", "1 job", "etl list"),
    asked("unknown step", ["run", "clean.trisp", "--date", DAY], "'clean.trisp'", "did you mean 'clean.trips'?"),
    asked("unknown option", ["plan", "--dat", DAY], "--dat", "--date"),
    asked("job name that is a path", ["run", "../../etc/x", "--date", DAY], "'../../etc/x'", "clean.trips"),
    asked("empty job name", ["run", "", "--date", DAY], "empty", "→"),
    asked("job name of 300 letters", ["run", "x" * 300, "--date", DAY], "x" * 40),
    asked("job name that is an emoji", ["plan", "🚀", "--date", DAY], "🚀"),
    asked("selector that cannot be read", ["plan", "a++b", "--date", DAY], "'a++b'", "→ write x, +x"),
    asked("unknown selector method", ["plan", "tga:x", "--date", DAY], "'tga'", "did you mean 'tag'?"),
    asked("everything excluded", ["plan", "tiny", "--exclude", "clean.*", "--date", DAY], "no step is left"),
    asked(
        "a month that is none", ["plan", "tiny", "--date", "2024-13-01"], "'2024-13-01'", "ISO", "→ write 2013-02-08"
    ),
    asked("a day that is none", ["run", "tiny", "--date", "2013-02-30"], "'2013-02-30'", "→ write 2013-02-08"),
    asked("a year that is a typing error", ["plan", "--date", "0213-02-08"], "0213-02-08", "1900 to 2999"),
    asked("no date", ["run", "tiny"], "job tiny runs for one day", "→ add --date"),
    asked("date and range", ["plan", "--date", DAY, "--from", DAY, "--to", "2013-02-09"], "exclude each other", "→"),
    asked("half a range", ["plan", "--from", DAY], "--from without --to", "→"),
    asked(
        "a range that ends before it starts",
        ["plan", "--from", DAY, "--to", "2013-02-01"],
        "2013-02-01",
        "nothing lies between",
    ),
    asked(
        "a range off the boundary",
        ["plan", "--from", "2013-02-08T05", "--to", "2013-02-10"],
        "2013-02-08T05",
        "start of a day",
        "→",
    ),
    asked("parameter without a value", [*PLAN, "--param", "x"], "--param 'x'", "key=value"),
    asked("unknown environment", [*PLAN, "-e", "prd"], "'prd'", "did you mean 'prod'?", "→"),
    asked("environment that is a path", [*PLAN, "-e", "../prod"], "'../prod'", "→"),
    asked("protected environment", [*RUN, "-e", "prod"], "'prod' is protected", "→ pass --yes"),
    asked("directory that is not there", ["list", "-C", "nowhere"], "nowhere", "does not exist"),
    asked("directory without a project", ["list", "-C", "/"], "conf/base.toml", "→"),
    asked("too many threads", [*RUN, "--threads", "1000"], "1000", "1<=x<=64"),
    asked("unknown platform", [*RUN, "--platform", "erm"], "'erm'", "'emr'"),
    asked("run id that is a path", [*RUN, "--run-id", "../x"], "'../x'", "letters, digits"),
    asked(
        "override of an unknown key", [*PLAN, "--set", "run.thread=1"], "--set run.thread", "did you mean 'threads'?"
    ),
    asked(
        "override out of range",
        [*PLAN, "--set", "run.threads=1000000000"],
        "--set run.threads",
        "1000000000",
        "1 to 64",
    ),
    asked("override with a secret", [*PLAN, "--set", "spark.api.token=canary"], "--set spark", "→ write a reference"),
]
CONFIGURATION = [
    configured("empty file", "", "conf/base.toml: the file is empty", "→"),
    configured("syntax error", ("threads = 1", "threads: 1"), "conf/base.toml:11", "column 8", "threads: 1", "→"),
    configured("YAML", "name: tiny\nzones:\n  raw: lake\n", "conf/base.toml:1", "name: tiny", "→"),
    configured("JSON", '{"name": "tiny"}\n', "conf/base.toml:1", '{"name": "tiny"}', "→"),
    configured("not UTF-8", b'name = "tiny"\nstate = "caf\xe9"\n', "conf/base.toml:2", "not UTF-8", "→"),
    configured("NUL byte", b'name = "tiny"\n\0\n', "conf/base.toml:2", "NUL"),
    configured("two megabytes", b"# nothing\n" * 200_000, "conf/base.toml", "2000000 bytes", "1048576"),
    configured("key of 20 000 parts", "a" + ".a" * 20_000 + " = 1\n", "conf/base.toml:1", "32"),
    configured(
        "lists 100 000 deep", "a = " + "[" * 100_000 + "]" * 100_000 + "\n", "conf/base.toml", "nested too deep"
    ),
    configured("same key twice", ("threads = 1", "threads = 1\nthreads = 2"), "conf/base.toml:12", "lines 11 and 12"),
    configured("same table twice", ("[run]", "[zones]"), "conf/base.toml:10", "lines 5 and 10"),
    configured("unknown key", ("threads", "thread"), "conf/base.toml:11", "run.thread", "did you mean 'threads'?"),
    configured("list of tables", ("[run]", "[[run]]"), "conf/base.toml:10", "expected a table, found a list"),
    configured("number where text belongs", ('"tiny"', "017.10"), "conf/base.toml:1", "name = 017.10"),
    configured("date where text belongs", ('"tiny"', DAY), "conf/base.toml:1", f'quote it: name = "{DAY}"'),
    configured("version where text belongs", ("[run]", "[spark]\nx = 1.10\n[run]"), "conf/base.toml:11", 'x = "1.10"'),
    configured("bare word", ("threads = 1", "protected = NO"), "conf/base.toml:11", "protected = NO"),
    configured("code", ('"tiny"', "!!python/object/apply:os.abort []"), "conf/base.toml:1", "!!python"),
    configured("negative number", ("threads = 1", "threads = -1"), "conf/base.toml:11", "-1", "1 to 64"),
    configured("not a number", ("threads = 1", "threads = nan"), "conf/base.toml:11", "whole number", "nan"),
    configured("scheme with one slash", ('"lake/raw"', '"s3:/b/k"'), "conf/base.toml:6", "s3:/b/k", "→ write s3://b/k"),
    configured("scheme in capitals", ('"lake/raw"', '"S3://bucket/k"'), "conf/base.toml:6", "'S3'", "→ write s3://"),
    configured("web address", ('"lake/raw"', '"http://host/x"'), "conf/base.toml:6", "'http'", "→ write s3://"),
    configured("bucket in capitals", ('"lake/raw"', '"s3://Bucket/k"'), "conf/base.toml:6", "'Bucket'", "lower-case"),
    configured("blank at the end", ('"lake/raw"', '"lake/raw "'), "conf/base.toml:6", "'lake/raw '", "blanks"),
    configured("root outside the project", ('"lake/raw"', '"../raw"'), "conf/base.toml:6", "'../raw'", ".."),
    configured(
        "secret by its name",
        ("[run]", '[spark]\n"x.secret.key" = "canary"\n[run]'),
        "conf/base.toml:11",
        "x.secret.key",
        "→ write a reference",
        never=("canary",),
    ),
    configured(
        "secret in a URI",
        ('"lake/raw"', '"s3a://AKIA:canary@bucket/x"'),
        "conf/base.toml:6",
        "zones.raw",
        "→",
        never=("canary",),
    ),
    configured(
        "zone without a root", ('clean = "lake/clean"\n', ""), "jobs/tiny.py:7", "zone 'clean'", "→ add clean ="
    ),
    catalogued("unknown column type", ("km INT", "km INTT"), "conf/datasets.toml:4", "'INTT'", "did you mean 'INT'?"),
    catalogued("same column twice", ("km INT", "ID INT"), "conf/datasets.toml:4", "'ID' twice"),
    catalogued("unknown format", ('"csv"', '"cvs"'), "conf/datasets.toml:2", "'cvs'", "did you mean 'csv'?"),
    catalogued("unknown property", ("format", "fromat"), "conf/datasets.toml:2", "fromat", "did you mean 'format'?"),
    catalogued("no schema", "[raw.trips]\nformat = 'csv'\n", "conf/datasets.toml:1", "needs a schema", "→ add schema"),
    catalogued(
        "unknown partition column", ('["day"]', '["dya"]'), "conf/datasets.toml:1", "'dya'", "did you mean 'day'?"
    ),
    catalogued("quoted dataset", ("[raw.trips]", '["raw.trips"]'), "conf/datasets.toml:1", "→ write [raw.trips]"),
    catalogued(
        "path outside the zone", ("[raw.trips]", '[raw.trips]\npath = "../x"'), "conf/datasets.toml:2", "'../x'", "→"
    ),
    catalogued(
        "option that loses rows",
        ("[raw.trips]", '[raw.trips]\noptions = { mode = "DROPMALFORMED" }'),
        "conf/datasets.toml:2",
        "'mode'",
        "→ remove it",
    ),
    catalogued(
        "secret among options",
        ("[raw.trips]", '[raw.trips]\noptions = { password = "canary" }'),
        "conf/datasets.toml:2",
        "→ write a reference",
        never=("canary",),
    ),
    catalogued(
        "schema of what a step writes",
        ("[raw.trips]", '[clean.trips]\nschema = "id INT"\n[raw.trips]'),
        "conf/datasets.toml:1",
        "→ remove schema",
    ),
]
JOBS = [
    declared("Python that does not parse", ("return trips", "retrun trips"), "jobs/tiny.py:19", "SyntaxError"),
    declared(
        "module that is missing",
        ("from etl import", "import pandsa\nfrom etl import"),
        "jobs/tiny.py:2",
        "pandsa",
        "→ install",
    ),
    declared("name that is missing", ("Append, Daily", "Apend, Daily"), "jobs/tiny.py:2", "'Apend'"),
    declared("exception at import", ('"""Trips of a day."""', "1 / 0"), "jobs/tiny.py:1", "ZeroDivisionError"),
    declared("exit at import", ('"""Trips of a day."""', "raise SystemExit(0)"), "jobs/tiny.py:1", "SystemExit"),
    declared("no JOB", ("JOB =", "job ="), "jobs/tiny.py", "no JOB", "JOB = Job("),
    declared("JOB of another type", ("JOB = Job", "JOB = dict"), "jobs/tiny.py", "dict", "JOB = Job("),
    declared("no step", "from etl import Job\nJOB = Job()\n", "jobs/tiny.py", "no step", "→"),
    declared("retries out of range", ("JOB = Job(", "JOB = Job(retries=99, "), "jobs/tiny.py:4", "99", "0 to 10"),
    declared("time of day that is none", ("06:00", "25:00"), "jobs/tiny.py:4", "'25:00'", "HH:MM"),
    declared(
        "Spark started at import",
        ("JOB =", "from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate()\nJOB ="),
        "jobs/tiny.py:5",
        "starts Spark",
        "→",
    ),
    declared("unknown dataset", ("raw.trips", "raw.tripz"), STEP, "raw.tripz", "did you mean 'raw.trips'?", "→"),
    declared("dataset that is no name", ("raw.trips", "Raw Trips"), "jobs/tiny.py:8", "'Raw Trips'", "zone.name"),
    declared(
        "parameter without a source",
        ("def clean_trips(trips)", "def clean_trips(trip)"),
        STEP,
        "'trip'",
        "did you mean 'trips'?",
    ),
    declared("schema that does not parse", ("km INT", "km INT("), "jobs/tiny.py:9", "schema"),
    declared(
        "partition column that is missing",
        ('ReplacePartitions("day")', 'ReplacePartitions("dya")'),
        STEP,
        "'dya'",
        "did you mean 'day'?",
    ),
    declared(
        "interval column that is missing",
        ('interval_column="day"', 'interval_column="dya"'),
        STEP,
        "'dya'",
        "raw.trips",
        "did you mean 'day'?",
    ),
    declared(
        "interval column that is no time",
        ('interval_column="day"', 'interval_column="km"'),
        STEP,
        "'km'",
        "INT",
        "DATE",
    ),
    declared(
        "hours of a DATE",
        ('Job(schedule=Daily(at="06:00"))', 'Job(schedule=__import__("etl").Hourly())'),
        STEP,
        "hour",
        "DATE",
    ),
    declared(
        "expectation about another column",
        ('between("km"', 'between("prise"'),
        EXPECTED,
        "'prise'",
        "did you mean 'price'?",
    ),
    declared(
        "column that is an injection", ('between("km"', 'between("a`b; drop table x"'), EXPECTED, "a`b; drop table x"
    ),
    declared(
        "quarantine of a whole table",
        ('column_values_to_be_between("km", 0, 100)', 'table_row_count_to_be_between(1, on_failure="quarantine")'),
        EXPECTED,
        "whole table",
        'on_failure="fail"',
    ),
    declared("share above one", ("0, 100)", "0, 100, mostly=1.5)"), EXPECTED, "1.5", "0 to 1"),
    declared("conserve of no source", ('conserve="trips"', 'conserve="trip"'), STEP, "'trip'", "did you mean 'trips'?"),
    declared(
        "append without an interval",
        ("TOTALS =", OTHER_STEP.replace('Merge("day")', "Append()") % ("raw.trips", "clean.other") + "TOTALS ="),
        "jobs/tiny.py:23",
        "Append without an interval",
        "ReplaceTable",
    ),
    declared(
        "two writers",
        ("TOTALS =", OTHER_STEP % ("raw.trips", "clean.trips") + "TOTALS ="),
        "clean.trips",
        "written by two steps",
        "jobs/tiny.py:7",
        "jobs/tiny.py:23",
        "→",
    ),
    declared(
        "step that reads its target",
        ("TOTALS =", OTHER_STEP % ("clean.other", "clean.other") + "TOTALS ="),
        "jobs/tiny.py:23",
        "reads its own target",
        "→",
    ),
    declared(
        "steps in a circle",
        (
            "TOTALS =",
            OTHER_STEP % ("clean.other2", "clean.other")
            + OTHER_STEP.replace("def other", "def again") % ("clean.other", "clean.other2")
            + "TOTALS =",
        ),
        "clean.other → clean.other2",
        "jobs/tiny.py",
    ),
    configured("no package", None, "jobs/__init__.py is missing", "→", path="jobs/__init__.py"),
    configured(
        "job that is there twice",
        PROJECT[JOB],
        "jobs/tiny",
        "as a module and as a package",
        path="jobs/tiny/__init__.py",
    ),
]
FILES = [
    delivered(
        "partition missing",
        HEADER,
        "conf/datasets.toml:1",
        f"day={DAY}",
        "→ deliver it",
        path="lake/raw/trips/day=2013-02-09/t.csv",
    ),
    delivered("file without a byte", "", "trips.csv", "empty"),
    delivered("header misspelt", "id,kms,price,begun,name\n" + GOOD_ROW, "trips.csv", "'km'", "it has 'kms'", "→"),
    delivered("column missing", "id,km,price,begun\n1,10,1.50,2013-02-08T06:00:00\n", "trips.csv", "'name'", "→"),
    delivered(
        "column too many",
        "id,km,price,begun,name,age\n1,10,1.50,2013-02-08T06:00:00,Anna,7\n",
        "trips.csv",
        "'age'",
        'on_drift = "evolve"',
    ),
    delivered(
        "column twice", "id,km,price,begun,name,Name\n1,10,1.50,2013-02-08T06:00:00,Anna,Anna\n", "trips.csv", "twice"
    ),
    delivered(
        "text where a number belongs",
        HEADER + GOOD_ROW + "2,far,2.50,2013-02-08T07:00:00,Bob\n",
        "1 corrupt row",
        "trips.csv",
        "2,far,2.50",
        "→",
        "on_corrupt",
    ),
    delivered("too few values", HEADER + GOOD_ROW + "2,20\n", "1 corrupt row", "2,20"),
    delivered("too many values", HEADER + "2,20,2.50,2013-02-08T07:00:00,Bob,7,8\n", "1 corrupt row", "Bob,7,8"),
    delivered("30 February", HEADER + "2,20,2.50,2013-02-30T07:00:00,Bob\n", "1 corrupt row", "2013-02-30"),
    delivered(
        "decimal too large", HEADER + "2,20,123456789.50,2013-02-08T07:00:00,Bob\n", "1 corrupt row", "123456789.50"
    ),
    delivered(
        "quote that never ends", HEADER + '2,20,"2.50,2013-02-08T07:00:00,Bob\n' + GOOD_ROW, "1 corrupt row", "2,20"
    ),
    delivered("UTF-16", (HEADER + GOOD_ROW).encode("utf-16"), "trips.csv", "UTF-16", "→ set encoding"),
    delivered("binary", b"\x00\x01\x02\x00" * 100, "trips.csv", "NUL"),
    delivered("gzip named .csv", gzip.compress((HEADER + GOOD_ROW).encode()), "trips.csv", "gzip", ".gz", "→"),
    delivered("text named .gz", HEADER + GOOD_ROW, "trips.csv.gz", "not gzip", path=LANDED + ".gz"),
    delivered("zip", b"PK\x03\x04" + bytes(60), "trips.csv", "zip"),
    delivered("truncated gzip", GZIPPED[: len(GZIPPED) // 2], "trips.csv.gz", "→", path=LANDED + ".gz"),
    delivered(
        "text where Parquet belongs",
        "id\n1\n",
        "day=2013-02-08/trips.parquet",
        path=LANDED.replace(".csv", ".parquet"),
        edits=[Edit(DATASETS, '"csv"', '"parquet"')],
    ),
    delivered(
        "half a JSON record",
        '{"id": 1, "km": 10, "price": 1, "begun": null, "name": "x"}\n{"id": 2, "km"\n',
        "1 corrupt row",
        '{"id": 2, "km"',
        path=LANDED.replace(".csv", ".json"),
        edits=[Edit(DATASETS, '"csv"', '"json"')],
    ),
    delivered(
        "text where a JSON number belongs",
        '{"id": "one", "km": 1, "price": 1, "begun": null, "name": "x"}\n',
        "1 corrupt row",
        "one",
        path=LANDED.replace(".csv", ".json"),
        edits=[Edit(DATASETS, '"csv"', '"json"')],
    ),
]
RUNS = [
    ran(
        "value the gate refuses",
        ("2,20,", "2,2000,"),
        3,
        "FAIL clean.trips",
        "values_to_be_between(km)",
        "0 ≤ value ≤ 100",
        "2000",
        "readers see version 0",
        path=LANDED,
    ),
    ran(
        "null the gate refuses",
        ("2,20,", ",20,"),
        3,
        "FAIL clean.trips",
        "values_to_not_be_null(id)",
        "1 of 2",
        path=LANDED,
    ),
    ran(
        "column misspelt in SQL",
        ("sum(km)", "sum(kn)"),
        4,
        SQL_STEP,
        "`kn`",
        "Did you mean",
        "`km`",
        "line 1 pos 16",
        "→",
        argv=RUN_SQL,
    ),
    ran(
        "table misspelt in SQL",
        ("FROM trips", "FROM trisp"),
        4,
        SQL_STEP,
        "`trisp`",
        "line 1 pos 31",
        "→",
        argv=RUN_SQL,
    ),
    ran("SQL that does not parse", ("GROUP BY", "GRUOP BY"), 4, SQL_STEP, "GRUOP", "line 1, pos 43", "→", argv=RUN_SQL),
    ran(
        "column misspelt in Python",
        ('trips.drop("begun")', 'trips.select("begn")'),
        4,
        "jobs/tiny.py:19",
        "begn",
        "begun",
    ),
    ran("column left out", ('drop("begun")', 'drop("begun", "km")'), 4, STEP, "'km' is missing", "→"),
    ran("column left in", ('drop("begun")', "limit(9)"), 4, STEP, "'begun' is not in the target's schema", "→"),
    ran(
        "column of another type",
        ('trips.drop("begun")', 'trips.drop("begun").selectExpr("id", "string(km) AS km", "price", "name", "day")'),
        4,
        STEP,
        "'km' is string, declared int",
        "→",
    ),
    ran("condition that is no SQL", ("0, 100)", '0, 100, row_condition="id >")'), 4, "jobs/tiny.py", "id >"),
    ran(
        "exception in a transformation",
        ('trips.drop("begun")', '{}["nope"]'),
        1,
        "jobs/tiny.py:19",
        "KeyError",
        "nope",
        "→",
    ),
    ran("no frame returned", ("return trips", "trips"), 1, STEP, "NoneType", "→ return"),
    ran(
        "number that overflows",
        ("sum(km)", "sum(km) * 9223372036854775807"),
        1,
        SQL_STEP,
        "overflow",
        "→",
        argv=RUN_SQL,
    ),
    ran(
        "division by zero",
        ("sum(km)", "bigint(sum(km) / (sum(km) - 30))"),
        1,
        SQL_STEP,
        "DIVIDE_BY_ZERO",
        "→",
        argv=RUN_SQL,
    ),
    ran("cast of text", ("sum(km)", "bigint(max(name))"), 1, SQL_STEP, "'Bob'", "BIGINT", "→", argv=RUN_SQL),
    ran(
        "row of another day",
        ('drop("begun")', 'selectExpr("id", "km", "price", "name", "date_add(day, 1) AS day")'),
        1,
        STEP,
        f"outside the interval {DAY}",
        "→",
    ),
    ran("rows that vanish", ('drop("begun")', 'drop("begun").where("id = 1")'), 1, STEP, "1 rows fewer", "read 2", "→"),
    ran(
        "rows that multiply",
        ('trips.drop("begun")', '(lambda t: t.unionByName(t))(trips.drop("begun"))'),
        1,
        STEP,
        "2 more rows",
        "→",
    ),
    ran(
        "keys that are not unique",
        ('ReplacePartitions("day"),\n    ),', 'Merge("day"),\n    ),'),
        3,
        "columns_to_be_unique(day)",
        "2 of 2",
    ),
    Case(
        "table that was never written",
        RUN_SQL,
        9,
        ("conf/datasets.toml:1", "clean.never", "no Delta table"),
        (
            Edit(JOB, 'Source("clean.trips"', 'Source("clean.never"'),
            Edit(DATASETS, "[raw.trips]", '[clean.never]\ndescription = "never"\n[raw.trips]'),
        ),
        spark=True,
    ),
    ran(
        "setting that loses values",
        ("[run]", '[spark]\n"spark.sql.ansi.enabled" = "false"\n[run]'),
        4,
        "spark.sql.ansi.enabled",
        "'false'",
        "→ remove",
        path=BASE,
    ),
    Case(
        "target that cannot be a directory",
        RUN,
        5,
        ("jobs/tiny.py:", "clean.trips", "cannot write", "lake/file/trips", "→ check its owner"),
        (Edit(BASE, 'clean = "lake/clean"', 'clean = "lake/file"'), Edit("lake/file", "", "x")),
        spark=True,
    ),
    ran(
        "wrong SQL, validated",
        ("sum(km)", "sum(kn)"),
        4,
        SQL_STEP,
        "`kn`",
        "`km`",
        argv=("validate", "tiny", "--date", DAY),
    ),
]
CASES = [*COMMAND_LINE, *CONFIGURATION, *JOBS, *FILES, *RUNS]


@contextmanager
def fresh_modules():
    """Import jobs anew inside the block, and give back the path and the job modules that other tests see."""
    path, jobs = list(sys.path), forgotten()
    try:
        yield
    finally:
        sys.path[:] = path
        forgotten()
        sys.modules.update(jobs)


def forgotten():
    return {name: sys.modules.pop(name) for name in list(sys.modules) if f"{name}.".startswith("jobs.")}


def written(directory: Path) -> Path:
    for path, text in PROJECT.items():
        Edit(path, "", text).apply(directory)
    return directory


@pytest.fixture(scope="module")
def published(spark, tmp_path_factory):
    """The project after one good run."""
    directory = written(tmp_path_factory.mktemp("published") / "project")
    code, _, err = called(directory, *RUN)
    assert code == 0, err
    shutil.copytree(directory, directory.with_name("kept"))
    return directory


@pytest.fixture
def again(published):
    """The published project as it was, at the path where it was: another path is another input."""
    shutil.rmtree(published)
    shutil.copytree(published.with_name("kept"), published)
    return published


def called(project: Path, *argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with fresh_modules(), redirect_stdout(out), redirect_stderr(err):
        code = main([argv[0], *(() if "-C" in argv else ("-C", str(project))), *argv[1:]])
    return code, out.getvalue(), err.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def param(case):
    return pytest.param(case, id=case.name, marks=[pytest.mark.spark] if case.spark else [])


def carried_out(case, tmp_path, monkeypatch, request):
    """Call what a case calls and hold it to what every case says; return stdout and whether the lake is as it was."""
    started = []
    if case.spark:
        project = request.getfixturevalue("again")
    else:
        project = written(tmp_path)
        monkeypatch.setattr("etl.spark.session.start", started.append)
    for edit in case.edits:
        edit.apply(project)
    before = contents(project / "lake")

    code, out, err = called(project, *case.argv)

    assert code == case.code, err
    assert [words for words in case.says if words not in err] == [], err
    assert [words for words in ("Traceback", "fault of Headrace", *case.never) if words in err + out] == []
    assert not started
    return out, contents(project / "lake") == before


@pytest.mark.parametrize("case", [param(case) for case in CASES])
def test_a_mistake_is_named_and_changes_nothing(case, tmp_path, monkeypatch, request):
    out, is_as_before = carried_out(case, tmp_path, monkeypatch, request)

    assert not out
    assert is_as_before


def test_every_case_has_its_own_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 36


def test_the_project_without_a_mistake_is_fine(again):
    code, out, _ = called(again, *RUN, "-o", "json")

    assert code == 0
    assert {step["status"] for step in json.loads(out)["steps"]} == {"no-op"}
