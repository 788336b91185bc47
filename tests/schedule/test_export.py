"""The schedule as files for cron, systemd, Airflow and Step Functions."""

import ast
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim

from etl import Cron, Daily, Every, Hourly, Monthly
from etl.cli import main
from etl.errors import UsageError
from etl.model.job import Job
from etl.model.recurrence import due_at, intervals, last_due
from etl.schedule.export.clock import cover, native
from etl.schedule.export.groups import fires, groups
from etl.schedule.export.intrinsics import parameters
from etl.schedule.export.marks import RUN, WHEN
from etl.schedule.jobs import Waits, joined
from tests.cli.conftest import BASE, DATASETS
from tests.ship.test_rights import PROD

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
JOBS = '''
"""Orders, and their sums."""
from etl import Daily, Every, Hourly, Job, ReplacePartitions, ReplaceTable, Source, Target, alarm, sql_step, step, wait

JOB = Job({job})
{name} = sql_step(
    "{target}", sql="SELECT day, amount FROM orders", sources={{"orders": Source("{source}", interval_column="day")}},
    schema="day DATE NOT NULL, amount DOUBLE", write=ReplacePartitions("day"), description="Sum.",
)
'''
CLUSTER = """
[submit.own]
platform = "emr"
release = "emr-7.13.0"
[submit.own.cluster]
service_role = "EMR_DefaultRole"
instance_profile = "EMR_EC2_DefaultRole"
subnets = ["subnet-0a1b2c3d"]
primary = { types = ["m7g.xlarge"], on_demand = 1 }
core = { types = ["r7g.2xlarge"], on_demand = 2 }
"""
TARGETS = ("glued", "serverless", "step", "pods", "own")
RETRIED = (
    'schedule=Daily(at="06:00"), retries=2, retry_delay="5m", attempt_timeout="2h", '
    'on_failure=[alarm.sns("arn:aws:sns:eu-west-1:123456789012:ops")]'
)


@pytest.fixture
def project(write):
    """Three jobs of one schedule, of which two wait for the first; and one of another."""
    jobs = {
        "shop": ("ORDERS", RETRIED, "clean.orders", "raw.orders"),
        "sums": ("SUMS", 'schedule=Daily(at="06:00")', "marts.sums", "clean.orders"),
        "tops": ("TOPS", 'schedule=Daily(at="06:00")', "marts.tops", "clean.orders"),
        "late": ("LATE", 'schedule=Daily(at="09:30")', "marts.late", "clean.orders"),
    }
    said = {
        f"jobs/{file}.py": JOBS.format(name=name, job=job, target=target, source=source)
        for file, (name, job, target, source) in jobs.items()
    }
    files = {name: {"sha256": "00", "key": f"shop/0.1.0-0123456789ab/{name}"} for name in ("main.py", "app.zip")}
    bundle = json.dumps({"schema_version": 1, "files": files})
    conf = {"conf/base.toml": BASE, "conf/datasets.toml": DATASETS, "conf/env/prod.toml": PROD + CLUSTER}
    return write({**said, **conf, "dist/bundle.json": bundle})


@pytest.fixture
def export(project, capsys):
    """``export("airflow", "--to", "glued")`` writes files and gives their texts by name."""

    def run(tool, *words, code=0):
        place = ("-C", str(project), "-e", "prod", "--out", str(project / "out"), "--bundle", str(project / "dist"))
        ended = main(["export", tool, *words, *place])
        said = capsys.readouterr()
        assert ended == code, said.err
        return {file.name: file.read_text() for file in sorted((project / "out").glob("*"))} | {"err": said.err}

    return run


ROLE = ("--role", "arn:aws:iam::123456789012:role/Scheduler", "--region", "eu-west-1")


def test_jobs_of_one_schedule_that_wait_for_one_another_are_one_group():
    daily, later = Daily(at="06:00"), Daily(at="07:00")
    declared = [
        ("a", Job(schedule=daily), daily, ()),
        ("b", Job(schedule=daily), daily, (Waits("a", "x.a"),)),
        ("c", Job(schedule=later), later, (Waits("b", "x.b"),)),
        ("d", Job(schedule=daily), daily, ()),
    ]

    found = {group.name: group for group in groups(joined(declared))}

    assert {name: [each.name for each in group.jobs] for name, group in found.items()} == {
        "b": ["a", "b"],
        "c": ["c"],
        "d": ["d"],
    }
    assert "c waits for b, of another schedule" in found["c"].notes[0]


SCHEDULES = [
    Hourly(minute=10),
    Daily(at="06:00"),
    Daily(at="02:30", timezone="Europe/Berlin"),
    Monthly(day=28, at="23:45", timezone="America/New_York"),
    Every("15 minutes", end="2024-01-08"),
    Every("36 hours", start="2024-01-01T05:00"),
    Cron("0 6 * * MON-FRI"),
    Cron("5,35 9-17 1 * *", timezone="Asia/Kolkata"),
    Daily(at="06:00", dates=("2024-03-29", "2024-04-02")),
    Daily(at="00:00", due="start"),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_a_clock_of_utc_fires_at_every_time_that_is_due(schedule):
    due = {at for at in fires(schedule, SINCE) if at < SINCE + timedelta(days=120)}

    fired = set()
    for expression in cover(fires(schedule, SINCE)):
        times = CronSim(expression, datetime(2023, 12, 31, 23, 59))  # noqa: DTZ001 UTC's own clock
        for at in times:
            if at.replace(tzinfo=UTC) > max(due):
                break
            fired.add(at.replace(tzinfo=UTC))
    assert due <= fired


@pytest.mark.parametrize("schedule", [each for each in SCHEDULES if native(each, SINCE)], ids=repr)
def test_whoever_hands_over_the_time_of_a_run_means_the_interval_that_is_due_then(schedule):
    for interval in intervals(schedule, SINCE, SINCE + timedelta(days=40)):
        assert last_due(schedule, due_at(schedule, interval)) == interval


def test_a_crontab_names_the_jobs_of_each_line(export):
    text = export("cron")["crontab"]

    assert "# shop, sums, tops: Daily(at='06:00')\n0 6 * * * cd " in text
    assert "\n30 9 * * * cd " in text
    assert "schedule run --once -e prod --quiet" in text


def test_a_timer_has_every_time_and_makes_up_for_missed_ones(export):
    files = export("systemd")

    assert "OnCalendar=*-*-* 6:0:00 UTC\n" in files["shop-jobs.timer"]
    assert "Persistent=true" in files["shop-jobs.timer"]
    assert "schedule run --once -e prod" in files["shop-jobs.service"]


@pytest.mark.parametrize("to", TARGETS)
def test_a_dag_is_python_that_imports_nothing_of_ours(export, to):
    text = export("airflow", "--to", to)["tops.py"]

    tree = ast.parse(text)
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert [name for name in imported if not name.startswith(("airflow", "datetime"))] == []
    assert "due:{{ data_interval_end.strftime('%Y-%m-%dT%H:%M:%SZ') }}" in text
    assert "shop >> sums" in text
    assert "shop >> tops" in text
    assert "CronTriggerTimetable('0 6 * * *', timezone='UTC')" in text
    assert not re.search(f"{re.escape(WHEN)}|{re.escape(RUN)}", text)


def test_without_a_platform_airflow_runs_the_command_itself(export):
    text = export("airflow")["tops.py"]

    assert "BashOperator" in text
    assert "etl run shop --date due:{{ data_interval_end" in text


@pytest.mark.parametrize("to", TARGETS)
def test_a_state_machine_runs_a_level_after_the_other(export, to):
    said = json.loads(export("step-functions", "--to", to, *ROLE)["tops.asl.json"])

    order, name = [], said["StartAt"]
    while name:
        order.append(name)
        name = said["States"][name].get("Next")
    assert len(order) == 3
    assert "shop" in order[0]
    assert {branch["StartAt"].split(":")[0] for branch in said["States"][order[1]]["Branches"]} == {"sums", "tops"}
    assert order[-1] == "Done"
    assert not re.search(f"{re.escape(WHEN)}|{re.escape(RUN)}", json.dumps(said))


def test_retries_time_outs_and_topics_of_a_job_are_the_states(export):
    said = json.loads(export("step-functions", "--to", "glued", *ROLE)["tops.asl.json"])["States"]

    assert said["shop"]["Retry"] == [
        {
            "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
            "IntervalSeconds": 300,
            "MaxAttempts": 2,
            "BackoffRate": 2.0,
        }
    ]
    assert said["shop"]["TimeoutSeconds"] == 7200
    assert said["shop"]["Catch"][0]["Next"] == "Tell"
    assert said["Tell"]["Parameters"]["TopicArn"] == "arn:aws:sns:eu-west-1:123456789012:ops"
    assert said["Failed"]["Type"] == "Fail"


def test_a_cluster_is_ended_whatever_becomes_of_its_step(export):
    said = json.loads(export("step-functions", "--to", "own", *ROLE)["tops.asl.json"])
    (branch,) = said["States"][said["StartAt"]]["Branches"]

    assert list(branch["States"]) == ["shop: cluster", "shop", "shop: end", "shop: end after failure", "shop: failed"]
    assert branch["States"]["shop"]["Catch"][0]["Next"] == "shop: end after failure"
    assert "Steps" not in branch["States"]["shop: cluster"]["Parameters"]


def test_quotes_and_braces_of_an_argument_are_kept_as_they_are():
    made = parameters({"Args": ["it's {x}\\", WHEN], "Name": f"a/{RUN}", "Plain": ["{y}"]})

    assert made["Args.$"] == "States.Array('it\\'s \\{x\\}\\\\', $.due)"
    assert made["Name.$"].startswith("States.Format('a/{}', States.Hash(")
    assert made["Plain"] == ["{y}"]


@pytest.mark.parametrize("to", TARGETS)
def test_the_definition_and_the_schedule_are_what_the_services_models_allow(export, to):
    import botocore.session
    from botocore.validate import ParamValidator

    files = export("step-functions", "--to", to, *ROLE)
    model = botocore.session.get_session().get_service_model("scheduler").operation_model("CreateSchedule")
    said = json.loads(files["tops.schedule.json"])
    said |= {key: datetime.fromisoformat(said[key]) for key in ("StartDate", "EndDate") if key in said}

    report = ParamValidator().validate(said, model.input_shape)

    assert not report.has_errors(), report.generate_report()
    given = json.loads(said["Target"]["Input"])
    assert given["StateMachineArn"] == "arn:aws:states:eu-west-1:123456789012:stateMachine:tops"
    assert json.loads(given["Input"]) == {"due": "<aws.scheduler.scheduled-time>"}


@pytest.mark.parametrize(
    ("schedule", "expression"),
    [
        (Hourly(minute=10), "cron(10 * * * ? *)"),
        (Daily(at="06:05", timezone="Europe/Berlin"), "cron(5 6 * * ? *)"),
        (Monthly(day=3, at="06:00"), "cron(0 6 3 * ? *)"),
        (Cron("0 6 * * 1-5"), "cron(0 6 ? * MON-FRI *)"),
        (Cron("0 6 * * SUN"), "cron(0 6 ? * SUN *)"),
        (Every("36 hours"), "rate(36 hours)"),
        (Every("1 day"), "cron(0 0 * * ? *)"),
    ],
)
def test_a_schedule_is_what_eventbridge_scheduler_writes(schedule, expression):
    from etl.schedule.export.event_schedule import schedule as made

    (group,) = groups(joined([("a", Job(schedule=schedule), schedule, ())]))

    said = made(group, SINCE, {"role": "arn:aws:iam::1:role/r", "machine": "m"})

    assert said["ScheduleExpression"] == expression
    assert said["ScheduleExpressionTimezone"] == schedule.timezone


def test_days_of_the_month_and_of_the_week_at_once_are_refused():
    from etl.schedule.export.event_schedule import schedule as made

    both = Cron("0 6 1 * MON")
    (group,) = groups(joined([("a", Job(schedule=both), both, ())]))

    with pytest.raises(UsageError, match="days of the month and of the week"):
        made(group, SINCE, {"role": "r", "machine": "m"})


def test_the_same_project_gives_the_same_files_and_a_check_tells_drift(export, project):
    first = export("airflow", "--to", "glued")
    again = export("airflow", "--to", "glued", "--check")
    (project / "out/tops.py").write_text("edited")

    drifted = export("airflow", "--to", "glued", "--check", code=10)

    assert first["tops.py"] == again["tops.py"]
    assert drifted["tops.py"] == "edited"


def test_what_a_tool_cannot_say_is_said(export):
    assert "late waits for shop, of another schedule" in export("airflow", "--to", "glued")["err"]


def test_an_application_that_is_known_by_name_is_refused_where_an_id_is_needed(export, project):
    prod = project / "conf/env/prod.toml"
    prod.write_text(prod.read_text().replace('application_id = "00app"', 'application = "shop"'))

    assert "needs its id" in export("airflow", "--to", "serverless", code=2)["err"]
    assert "needs its id" in export("step-functions", "--to", "serverless", *ROLE, code=2)["err"]
