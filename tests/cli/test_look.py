"""The commands that only look: no Spark."""

import json

import pytest

READ_COMMANDS = [
    ["list"],
    ["list", "--type", "job"],
    ["list", "--type", "dataset"],
    ["show", "clean.orders"],
    ["show", "shop"],
    ["show", "raw.orders"],
    ["graph"],
    ["plan", "--date", "2013-02-08"],
    ["config"],
    ["runs"],
]


@pytest.mark.parametrize("argv", READ_COMMANDS, ids=" ".join)
def test_a_command_that_reads_prints_one_json_document_when_asked(etl, argv):
    said = etl(*argv, "-o", "json")

    assert said.code == 0
    json.loads(said.out)
    assert not said.err


@pytest.mark.parametrize("argv", READ_COMMANDS, ids=" ".join)
def test_a_command_that_reads_prints_text_without_escape_sequences(etl, argv):
    said = etl(*argv)

    assert said.code == 0
    assert "\x1b" not in said.out
    assert said.out.strip()


def test_list_shows_steps_in_graph_order(etl):
    assert [row["step"] for row in json.loads(etl("list", "-o", "json").out)] == ["clean.orders", "marts.revenue"]


def test_list_takes_a_selector(etl):
    assert [row["step"] for row in json.loads(etl("list", "marts.*", "-o", "json").out)] == ["marts.revenue"]


def test_a_step_with_a_name_of_its_own_is_listed_and_shown_by_it(project, etl):
    job = project / "jobs" / "shop.py"
    job.write_text(job.read_text().replace('"marts.revenue",', '"marts.revenue", name="sum_up",'))

    rows = json.loads(etl("list", "marts.revenue", "-o", "json").out)
    assert [(row["step"], row["target"]) for row in rows] == [("sum_up", "marts.revenue")]
    assert [job["steps"] for job in json.loads(etl("list", "sum_up", "--type", "job", "-o", "json").out)] == [2]
    names = [row["name"] for row in json.loads(etl("list", "sum_up", "--type", "dataset", "-o", "json").out)]
    assert names == ["clean.orders", "marts.revenue"]

    assert json.loads(etl("show", "sum_up", "-o", "json").out)["uri"].endswith("/lake/marts/revenue")
    assert json.loads(etl("show", "marts.revenue", "-o", "json").out)["written_by"] == "sum_up"


def test_show_a_step_tells_what_it_promises(etl):
    out = etl("show", "clean.orders").out

    assert "jobs/shop.py:" in out
    assert "orders: raw.orders by day" in out
    assert "ReplacePartitions column=day" in out
    assert "0 ≤ value ≤ 1,000" in out


def test_show_a_dataset_tells_who_reads_it(etl):
    assert json.loads(etl("show", "raw.orders", "-o", "json").out)["read_by"] == ["clean.orders"]


def test_an_unknown_name_is_a_usage_error_with_a_close_match(etl):
    said = etl("show", "clean.order")

    assert said.code == 2
    assert "did you mean 'clean.orders'?" in said.err
    assert not said.out


def test_config_tells_where_a_value_comes_from(etl):
    rows = json.loads(etl("config", "run.threads", "--set", "run.threads=4", "-o", "json").out)

    assert [(row["key"], row["value"]) for row in rows] == [("run.threads", 4)]
    assert "--set" in rows[0]["origin"]


def test_config_takes_a_prefix(etl):
    assert {row["key"] for row in json.loads(etl("config", "zones", "-o", "json").out)} == {
        "zones.raw",
        "zones.clean",
        "zones.marts",
        "zones.quarantine",
    }


def test_options_are_taken_before_and_after_the_command(project, etl):
    before = etl("-C", str(project), "-o", "json", "config", "run.protected", "-e", "prod")

    assert json.loads(before.out)[0]["value"] is True


def test_an_environment_variable_stands_for_an_option(etl, monkeypatch):
    monkeypatch.setenv("ETL_ENV", "prod")

    assert json.loads(etl("config", "run.protected", "-o", "json").out)[0]["value"] is True


def test_graph_speaks_mermaid(etl):
    assert etl("graph", "--format", "mermaid").out.startswith("flowchart LR")


def test_plan_without_a_date_says_how_to_give_one(etl):
    said = etl("plan")

    assert said.code == 2
    assert "--date" in said.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--date", "2013-02-08", "--from", "2013-02-08", "--to", "2013-02-09"], "exclude each other"),
        (["--from", "2013-02-08"], "--from without --to"),
        (["--to", "2013-02-08"], "--to without --from"),
        (["--date", "tomorrow"], "'tomorrow'"),
        (["--date", "2013-02-08", "--param", "x"], "not key=value"),
        (["--date", "2013-02-08", "--set", "x"], "not key=value"),
        (["--date", "2013-02-08", "-e", "moon"], "moon"),
        (["nope", "--date", "2013-02-08"], "nope"),
        (["--nope"], "--nope"),
    ],
)
def test_a_wrong_command_line_is_refused_without_a_traceback(etl, options, words):
    said = etl("plan", *options)

    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err


def test_an_unknown_command_is_refused_with_a_close_match(etl):
    said = etl("lst")

    assert said.code == 2
    assert "did you mean 'list'?" in said.err


def test_a_directory_without_a_project_is_refused(etl, tmp_path_factory):
    said = etl("list", "-C", str(tmp_path_factory.mktemp("empty")))

    assert said.code == 2
    assert "conf/base.toml" in said.err


def test_a_broken_job_is_a_project_error_with_file_and_line(project, etl):
    (project / "jobs" / "shop.py").write_text("from etl import Job\nJOB = Job(retries=99)\n")

    said = etl("list")

    assert said.code == 4
    assert "jobs/shop.py:2" in said.err
    assert "Traceback" not in said.err


def test_debug_shows_the_traceback(project, etl):
    (project / "jobs" / "shop.py").write_text("from etl import Job\nJOB = Job(retries=99)\n")

    assert "Traceback" in etl("list", "--debug").err


def test_runs_of_an_unknown_id_are_refused(etl):
    assert etl("runs", "last").code == 2


def test_show_a_step_tells_who_reads_it(etl):
    assert json.loads(etl("show", "clean.orders", "-o", "json").out)["read_by"] == ["marts.revenue"]
