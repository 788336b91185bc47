"""Errors as programs read them, and what is refused before Spark starts."""

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

DAY = "2013-02-08"
SHAPE = {"type", "message", "place", "remedy", "exit_code"}


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("list", "clean.order"), 2),
        (("show", "nope"), 2),
        (("graph", "nope"), 2),
        (("config", "nope"), 2),
        (("config", "-e", "nope"), 2),
        (("plan", "shop"), 2),
        (("plan", "shop", "--date", DAY, "--set", "run.thread=2"), 2),
        (("plan", "--nope"), 2),
        (("nope",), 2),
        (("run", "shop", "--threads", "0"), 2),
        (("run", "shop", "--date", DAY, "-e", "prod"), 2),
        (("validate", "nope"), 2),
        (("runs", "nope"), 2),
        (("runs", "--limit", "0"), 2),
        (("jars", "--spark", "1.0"), 5),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("option", [("-o", "json"), ("--output=json",)], ids=["short", "long"])
def test_an_error_is_one_json_object_where_json_is_asked_for(etl, argv, code, option):
    said = etl(*argv, *option)

    told = json.loads(said.out)
    assert said.code == told["exit_code"] == code
    assert told.keys() >= SHAPE
    assert told["message"]


def test_a_broken_project_is_a_json_object_too(project, etl):
    (project / "jobs" / "shop.py").write_text("import nonsense\n")

    said = etl("list", "-o", "json")

    told = json.loads(said.out)
    assert (said.code, told["type"], told["place"], told["exit_code"]) == (4, "ProjectError", "jobs/shop.py:1", 4)


def test_a_fault_of_ours_and_an_interrupt_are_json_objects_too(etl, monkeypatch):
    for error, kind, code in (
        (RuntimeError("oops"), "DefectError", 1),
        (KeyboardInterrupt(), "InterruptedRunError", 130),
    ):

        def raised(*_, error=error, **__):
            raise error

        monkeypatch.setattr("etl.project.project.open_project", raised)

        said = etl("list", "-o", "json")

        told = json.loads(said.out)
        assert (said.code, told["type"], told["exit_code"]) == (code, kind, code)


def test_an_error_as_text_leaves_stdout_empty(etl):
    said = etl("list", "nope")

    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize("command", ["plan", "validate", "run"])
def test_a_parameter_that_no_step_reads_is_refused_by_name(etl, command):
    said = etl(command, "shop", "--date", DAY, "-p", "regoin=eu")

    assert said.code == 2
    assert "'regoin'" in said.err


def test_a_parameter_is_taken_by_the_name_that_a_step_reads(project, etl):
    module = project / "jobs" / "shop.py"
    text = module.read_text().replace("def clean_orders(orders):", "def clean_orders(orders, run):")
    module.write_text(text.replace("return orders", 'return orders.where(run.params.get("region", "true"))'))

    good = etl("plan", "shop", "--date", DAY, "-p", "region=eu")
    bad = etl("plan", "shop", "--date", DAY, "-p", "regoin=eu", "-p", "region=eu")

    assert good.code == 0
    assert (bad.code, "did you mean 'region'?" in bad.err) == (2, True)


@pytest.mark.parametrize(
    "code",
    [
        "return helper(orders, run)",
        "return orders.where(run.params[orders.columns[0]])",
        "return orders.f(**run.params)",
    ],
)
def test_a_step_whose_parameters_cannot_be_told_takes_any(project, etl, code):
    module = project / "jobs" / "shop.py"
    text = module.read_text().replace("def clean_orders(orders):", "def clean_orders(orders, run):")
    module.write_text(text.replace("return orders\n", f"{code}\n"))

    assert etl("plan", "shop", "--date", DAY, "-p", "regoin=eu").code == 0


@pytest.mark.parametrize("command", ["config", "plan", "validate", "run", "list"])
@pytest.mark.parametrize("key", ["spark.spark.sql.ansi.enabled", "spark.sql.ansi.enabled"])
def test_a_forced_setting_is_refused_by_every_command_before_spark_starts(etl, command, key):
    dated = ("--date", DAY) if command in {"plan", "run"} else ()

    said = etl(command, *dated, "--set", f"{key}=false")

    assert said.code == 4
    assert "Headrace needs 'true'" in said.err


def test_a_setting_is_taken_under_sparks_own_name(etl):
    said = etl("config", "spark", "--set", "spark.sql.shuffle.partitions=8", "-o", "json")

    assert [(row["key"], row["value"]) for row in json.loads(said.out)] == [
        ('spark."spark.sql.shuffle.partitions"', "8")
    ]


def test_a_setting_that_spark_would_never_see_is_refused_with_the_one_that_was_meant(project, etl):
    (project / "conf" / "env" / "local.toml").write_text('[spark]\n"sql.shuffle.partitions" = "8"\n')

    said = etl("config")

    assert said.code == 4
    assert "conf/env/local.toml:2" in said.err
    assert "did you mean 'spark.sql.shuffle.partitions'?" in said.err


def test_a_setting_of_hadoop_is_told_as_spark_takes_it(project, etl):
    (project / "conf" / "env" / "local.toml").write_text('[spark]\n"fs.s3a.endpoint" = "http://h"\n')

    assert "did you mean 'spark.hadoop.fs.s3a.endpoint'?" in etl("config").err


def test_an_environment_may_say_nothing_and_the_local_one_need_not_be_there(project, etl):
    (project / "conf" / "env" / "local.toml").write_text("# nothing yet\n")
    assert etl("list").code == 0

    for file in (project / "conf" / "env").iterdir():
        file.unlink()
    assert etl("list").code == 0


@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_command_that_needs_pyspark_says_that_it_is_missing(etl, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "pyspark", None)

    said = etl(command, "shop", "--date", DAY, "-o", "json")

    told = json.loads(said.out)
    assert (said.code, told["type"], told["remedy"]) == (5, "PlatformError", "pip install 'headrace[local]'")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("column_value_in_set", "column_values_to_be_in_set"),
        ("expect_column_values_to_not_be_null", "column_values_to_not_be_null"),
        ("column_mean_to_be_betwen", "column_mean_to_be_between"),
    ],
)
def test_a_misspelt_expectation_is_refused_with_the_one_that_was_meant(project, etl, given, meant):
    module = project / "jobs" / "shop.py"
    module.write_text(module.read_text().replace("column_values_to_be_between", given))

    said = etl("list")

    assert said.code == 4
    assert "jobs/shop.py:12" in said.err
    assert f"no expectation '{given}'; did you mean '{meant}'?" in said.err


def test_a_misspelt_name_of_ours_is_imported_by_nobody(project, etl):
    module = project / "jobs" / "shop.py"
    module.write_text(module.read_text().replace("ReplacePartitions", "ReplacePartition"))

    assert "did you mean 'ReplacePartitions'?" in etl("list").err


@pytest.mark.parametrize(("noun", "first"), [("datasets", "clean.orders"), ("jobs", "shop"), ("steps", "clean.orders")])
def test_list_takes_a_noun(etl, noun, first):
    rows = json.loads(etl("list", noun, "-o", "json").out)

    assert next(iter(rows[0].values())) == first


def test_the_places_of_steps_are_relative_to_the_project(project, etl, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    assert json.loads(etl("show", "clean.orders", "-o", "json").out)["place"].startswith("jobs/shop.py:")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("resume",), "`etl retry`"),
        (("ls",), "`etl list`"),
        (("graph", "--format", "mermaid", "-o", "json"), "leave one of them out"),
        (("plan", "shop", "--from", DAY, "--to", DAY), "--to 2013-02-09 for one day"),
        (("plan", "shop", "--from", "2013-02-09", "--to", DAY), "--to comes after --from"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_line_of_another_tool_or_of_another_day_is_told_what_to_write(etl, argv, words):
    said = etl(*argv)

    assert said.code == 2
    assert words in said.err


def test_a_udf_whose_type_only_spark_can_read_is_refused_with_the_way_out(project, etl, monkeypatch):
    module = project / "jobs" / "shop.py"
    text = "SparkContext or SparkSession should be created first."
    module.write_text(f"def udf(kind):\n    raise RuntimeError({text!r})\n\n\nudf('string')\n")

    said = etl("list")

    assert said.code == 4
    assert "jobs/shop.py:2" in said.err
    assert "F.udf(StringType())" in said.err


def test_a_step_that_no_interval_changes_runs_without_a_date(project, etl):
    module = project / "jobs" / "shop.py"
    module.write_text(
        module.read_text()
        + """
CUSTOMERS = sql_step(
    "marts.customers", sql="SELECT id FROM orders", sources={"orders": Source("raw.orders")}, schema="id INT",
    write=ReplaceTable(),
)
""".replace("ReplaceTable", "__import__('etl').ReplaceTable")
    )

    alone = etl("plan", "marts.customers", "-o", "json")
    all_of_it = etl("plan", "shop")

    assert (alone.code, json.loads(alone.out)["intervals"]) == (0, [None])
    assert (all_of_it.code, "--date" in all_of_it.err) == (2, True)


@pytest.mark.parametrize(("word", "days"), [("yesterday", -1), ("today", 0)])
def test_a_date_may_be_a_word(etl, word, days):
    before = datetime.now(UTC)
    said = json.loads(etl("plan", "shop", "--date", word, "-o", "json").out)

    # Midnight may have passed meanwhile.
    allowed = {str((now + timedelta(days=days)).date()) for now in (before, datetime.now(UTC))}
    assert {interval["key"] for interval in said["intervals"]} <= allowed
