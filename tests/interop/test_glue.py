"""Glue's jobs and triggers become a project: schedules, order, arguments; what stays on Glue is started there."""

import json

import pytest

from etl.cli import main
from etl.errors import ConfigError
from etl.interop.glue.project import project
from etl.interop.glue.reading import read
from etl.interop.glue.schedules import five
from etl.model.template import Moment, render
from etl.project.project import open_project

JOBS = {
    "Jobs": [
        {
            "Name": "Land orders",
            "Command": {"Name": "pythonshell", "ScriptLocation": "s3://code/land.py", "PythonVersion": "3.9"},
            "DefaultArguments": {"--bucket": "in", "--job-bookmark-option": "x", "--api-token": "canary"},
            "Timeout": 30,
            "MaxRetries": 2,
        },
        {
            "Name": "clean",
            "Command": {"Name": "glueetl", "ScriptLocation": "s3://code/clean.py"},
            "DefaultArguments": {"--mode": "{full}"},
            "Description": "Cleans orders.",
        },
        {"Name": "by-hand", "Command": {"Name": "glueetl", "ScriptLocation": "s3://code/x.py"}},
    ]
}
TRIGGERS = {
    "Triggers": [
        {
            "Name": "daily",
            "Type": "SCHEDULED",
            "Schedule": "cron(15 6 ? * 2-6 *)",
            "Actions": [{"JobName": "Land orders", "Arguments": {"--bucket": "other"}}],
        },
        {
            "Name": "then",
            "Type": "CONDITIONAL",
            "Predicate": {
                "Conditions": [{"LogicalOperator": "EQUALS", "JobName": "Land orders", "State": "SUCCEEDED"}]
            },
            "Actions": [{"JobName": "clean"}],
        },
    ]
}
TEMPLATE = """
Parameters:
  Bucket: {Type: String, Default: code}
Resources:
  Nightly:
    Type: AWS::Glue::Job
    Properties:
      Command: {Name: glueetl, ScriptLocation: !Sub "s3://${Bucket}/nightly.py"}
      DefaultArguments: {"--role": !GetAtt Role.Arn}
  At:
    Type: AWS::Glue::Trigger
    Properties:
      Name: at-two
      Type: SCHEDULED
      Schedule: cron(0 2 * * ? *)
      Actions: [{JobName: !Ref Nightly}]
"""


@pytest.fixture
def opened(tmp_path):
    """``opened({"a.json": …})`` is the project that files become, and its own files."""

    def make(documents):
        given = []
        for name, document in documents.items():
            (tmp_path / name).write_text(document if isinstance(document, str) else json.dumps(document))
            given.append(tmp_path / name)
        files = project(read(given), "nightly")
        for path, content in files.items():
            file = tmp_path / "made" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return open_project(tmp_path / "made"), files

    return make


@pytest.fixture
def made(opened):
    return opened({"jobs.json": JOBS, "triggers.json": TRIGGERS})


def words(step):
    return [render(word, Moment()) for word in step.body.command]


def test_a_trigger_on_a_schedule_is_a_job_and_a_conditional_one_an_order(made):
    jobs = {job.name: job for job in made[0].jobs}

    assert list(jobs) == ["by_hand", "daily"]
    assert (jobs["daily"].job.schedule.expression, jobs["daily"].job.retries) == ("15 6 * * MON-FRI", 2)
    assert jobs["by_hand"].job.schedule is None
    steps = {step.name: step for step in jobs["daily"].steps}
    assert [source.dataset for source in steps["done.clean"].sources.values()] == ["done.land_orders"]


def test_a_python_shell_job_runs_here_with_its_arguments_and_those_of_the_trigger(made):
    step = next(step for job in made[0].jobs for step in job.steps if step.name == "done.land_orders")

    assert words(step)[3:] == ["s3://code/land.py", "--bucket", "other"]
    assert step.body.timeout.total_seconds() == 1800


def test_any_other_job_stays_on_glue_and_is_started_with_its_arguments(made):
    step = next(step for job in made[0].jobs for step in job.steps if step.name == "done.clean")

    assert "aws glue start-job-run" in words(step)[2]
    assert words(step)[3:] == ["clean", '{"--mode": "{full}"}']
    assert step.body.summary == "Cleans orders."


def test_no_secret_is_copied(made):
    assert "canary" not in json.dumps(made[1])
    assert "--api-token may be a secret" in made[1]["REPORT.md"]


def test_a_template_says_the_same_and_what_only_a_stack_knows_is_to_do(opened):
    project_, files = opened({"template.yaml": TEMPLATE})
    (job,) = project_.jobs

    assert (job.name, job.job.schedule.expression) == ("at_two", "0 2 * * *")
    assert '"--role": "STACK_RoleArn"' in words(job.steps[0])[4]
    assert "RoleArn: to do" in files["REPORT.md"]


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("cron(0/15 * * * ? *)", "0/15 * * * *"),
        ("cron(0 6 1 * ? *)", "0 6 1 * *"),
        ("cron(30 23 ? * SUN *)", "30 23 * * SUN"),
        ("cron(30 23 ? * 1 2026)", "30 23 * * SUN"),
    ],
)
def test_six_fields_become_five(text, expression):
    assert five(text)[0] == expression


@pytest.mark.parametrize("text", ["cron(0 6 L * ? *)", "cron(0 6 ? * 2#1 *)", "rate(1 day)", "cron(0 6 * *)"])
def test_what_five_fields_cannot_say_is_refused(text):
    with pytest.raises(ConfigError, match="schedule"):
        five(text)


def test_files_without_a_job_are_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")

    with pytest.raises(ConfigError, match="no Glue job"):
        read([tmp_path / "x.json"])


def test_the_command_lays_out_a_project_that_opens(tmp_path, capsys):
    for name, document in (("jobs.json", JOBS), ("triggers.json", TRIGGERS)):
        (tmp_path / name).write_text(json.dumps(document))

    code = main(
        ["import", "glue", str(tmp_path / "jobs.json"), str(tmp_path / "triggers.json"), "-o", str(tmp_path / "m")]
    )

    said = capsys.readouterr()
    assert code == 0, said.err
    assert "3 Glue jobs, 2 triggers" in said.err
    assert main(["plan", "-C", str(tmp_path / "m"), "daily", "--date", "due:2026-11-26T12:00Z"]) == 0
