"""Definitions of AWS Data Pipeline, taken over: every encoding, every type, what is refused, what is never copied."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from etl.cli import main
from etl.errors import ConfigError
from etl.interop.datapipeline.definition import Ref
from etl.interop.datapipeline.project import project
from etl.interop.datapipeline.reading import read, with_parameters, with_values
from etl.project.project import open_project

SAMPLES = Path(__file__).parents[3] / "shared" / "datapipeline-samples"
DEFAULT = {"id": "Default", "scheduleType": "cron", "schedule": {"ref": "S"}, "failureAndRerunMode": "CASCADE"}
SCHEDULE = {"id": "S", "type": "Schedule", "period": "1 day", "startDateTime": "2013-02-08T06:00:00"}
EC2 = {"id": "Ec2", "type": "Ec2Resource", "terminateAfter": "90 Minutes"}
SHELL = {"id": "Work", "type": "ShellCommandActivity", "command": "echo hi", "runsOn": {"ref": "Ec2"}}
CANARY = "canary-4711"
POSTGRES = {
    "id": "Db",
    "type": "JdbcDatabase",
    "connectionString": "jdbc:postgresql://db.example.org:5433/shop",
    "jdbcDriverClass": "org.postgresql.Driver",
    "username": "etl",
    "*password": CANARY,
}
REDSHIFT = {
    "id": "Rs",
    "type": "RedshiftDatabase",
    "connectionString": "jdbc:redshift://rs:5439/dw",
    "username": "etl",
    "*password": CANARY,
}
IN = {"id": "In", "type": "S3DataNode", "directoryPath": "s3://in/#{format(@scheduledStartTime,'YYYY/MM/dd')}"}
OUT = {"id": "Out", "type": "S3DataNode", "directoryPath": "s3://out/#{format(@scheduledStartTime,'YYYY')}"}
ORDERS = {
    "id": "Orders",
    "type": "SqlDataNode",
    "table": "orders",
    "database": {"ref": "Db"},
    "selectQuery": "select * from #{table}",
}
FACTS = {
    "id": "Facts",
    "type": "RedshiftDataNode",
    "tableName": "facts",
    "database": {"ref": "Rs"},
    "primaryKeys": ["id", "day"],
}


def ref(name):
    return {"ref": name}


def copying(kind, source, target, **more):
    return {"id": "Copy", "type": kind, "input": ref(source), "output": ref(target), **more}


@pytest.fixture
def taken(tmp_path):
    """Take objects over; gives the job's module, the report, and the project, opened."""

    def take(*objects, parameters=(), values=None, activation="2026-11-26"):
        file = tmp_path / "pipe.json"
        body = {"objects": list(objects), "parameters": list(parameters), "values": values or {}}
        file.write_text(json.dumps(body, indent=1))
        (definition,) = read(file, "pipe.json")
        made = project(definition, activation)
        root = tmp_path / "made"
        for path, text in made.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        opened = open_project(root, environ={})
        step = next(iter(opened.jobs)).steps[0].script
        return step, made, opened

    return take


def etl(*argv):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv)
    return code, out.getvalue(), err.getvalue()


KINDS = {
    "a shell's command": ([SHELL], "echo hi"),
    "a script on S3": ([{**SHELL, "command": None, "scriptUri": "s3://b/x.sh", "scriptArgument": ["1"]}], 'exec "$INPUT1_STAGING_DIR"/x.sh "$@"'),
    "an EMR step": ([{"id": "E", "type": "EmrActivity", "step": "command-runner.jar,spark-submit,s3://b/j.py,a b"}], "spark-submit s3://b/j.py 'a b'"),
    "a comma within a step": ([{"id": "E", "type": "EmrActivity", "step": "command-runner.jar,echo,a\\,b"}], "echo a,b"),
    "a jar": ([{"id": "E", "type": "EmrActivity", "step": "s3://b/x.jar,Main,1"}], 'hadoop jar "$INPUT1_STAGING_DIR"/x.jar Main 1'),
    "a script runner": ([{"id": "E", "type": "EmrActivity", "step": "s3://r/script-runner.jar,s3://b/y.sh,1"}], 'bash "$INPUT1_STAGING_DIR"/y.sh 1'),
    "commands around steps": ([{"id": "E", "type": "EmrActivity", "preStepCommand": "a", "step": "command-runner.jar,b", "postStepCommand": "c"}], "set -e\na\nb\nc"),
    "Hadoop": ([{"id": "H", "type": "HadoopActivity", "jarUri": "/usr/x.jar", "mainClass": "M", "argument": ["1"], "hadoopQueue": "q"}], "hadoop jar /usr/x.jar M -Dmapreduce.job.queuename=q 1"),
    "Hive": ([{"id": "H", "type": "HiveActivity", "hiveScript": "SELECT 1;", "scriptVariable": ["A=1"], "stage": "false"}], "hive -d A=1 -e 'SELECT 1;'"),
    "Pig": ([{"id": "P", "type": "PigActivity", "script": "A = LOAD 'x';", "scriptVariable": "B=2"}], "pig -p B=2 -e 'A = LOAD"),
    "Hive's copy": ([copying("HiveCopyActivity", "In", "Out", filterSql="x > 1"), IN, OUT], "INSERT OVERWRITE TABLE output1 SELECT * FROM input1 WHERE x > 1;"),
    "S3 to S3": ([copying("CopyActivity", "In", "Out"), IN, OUT], 'cp -R "$INPUT1_STAGING_DIR"/. "$OUTPUT1_STAGING_DIR"/'),
    "a database to S3": ([copying("CopyActivity", "Orders", "Out"), ORDERS, OUT, POSTGRES], "psql -X -v ON_ERROR_STOP=1 --csv -t -h db.example.org -p 5433 -U etl -d shop -c 'select * from orders'"),
    "S3 to a database": ([copying("CopyActivity", "In", "Orders"), ORDERS, IN, POSTGRES], "\\copy orders FROM '$file'"),
    "S3 to Redshift": ([copying("RedshiftCopyActivity", "In", "Facts", insertMode="OVERWRITE_EXISTING"), IN, FACTS, REDSHIFT], "DELETE FROM facts USING staging WHERE facts.id = staging.id AND facts.day = staging.day;"),
    "Redshift to S3": ([copying("RedshiftCopyActivity", "Facts", "Out", insertMode="TRUNCATE"), OUT, FACTS, REDSHIFT], "UNLOAD ("),
    "statements": ([{"id": "Q", "type": "SqlActivity", "database": ref("Db"), "script": "DELETE FROM t WHERE day < '#{@scheduledStartTime}'"}, POSTGRES], "DELETE FROM t"),
}  # fmt: skip


@pytest.mark.parametrize(("objects", "text"), KINDS.values(), ids=KINDS)
def test_each_kind_of_activity_becomes_a_script_step(taken, objects, text):
    objects = [{key: value for key, value in each.items() if value is not None} for each in objects]
    step, made, opened = taken(DEFAULT, SCHEDULE, EC2, *objects)
    assert text in step.command[2]
    assert len(opened.plan(date="2013-02-08").steps) == 1
    assert CANARY not in "".join(made.files.values())


def test_staging_brings_inputs_and_delivers_outputs(taken):
    step, *_ = taken(
        DEFAULT, SCHEDULE, EC2, {**SHELL, "stage": "true", "input": ref("In"), "output": ref("Out")}, IN, OUT
    )
    assert (step.inputs, step.outputs) == (("s3://in/{start:%Y/%m/%d}",), ("s3://out/{start:%Y}",))


def test_what_reads_a_node_comes_after_who_writes_it_and_what_depends_after_what_it_names(taken):
    first = {**SHELL, "id": "First", "output": ref("Out")}
    second = {**SHELL, "id": "Second", "input": ref("Out")}
    third = {**SHELL, "id": "Third", "dependsOn": ref("Second")}
    *_, opened = taken(DEFAULT, SCHEDULE, EC2, OUT, third, second, first)
    steps = {each.name: [source.dataset for source in each.sources.values()] for each in opened.jobs[0].steps}
    assert steps == {"done.first": [], "done.second": ["done.first"], "done.third": ["done.second"]}


def test_the_schedule_the_attempts_and_the_time_outs_are_taken_over(taken):
    work = {
        **SHELL,
        "maximumRetries": "2",
        "retryDelay": "5 minutes",
        "lateAfterTimeout": "2 Hours",
        "maxActiveInstances": "3",
    }
    step, _, opened = taken(DEFAULT, SCHEDULE, EC2, work)
    job = opened.jobs[0].job
    assert (job.schedule.period, job.schedule.start, job.schedule.due) == ("1 day", "2013-02-08T06:00", "start")
    assert (job.retries, job.retry_delay.seconds, job.late_after.seconds, job.max_active_runs) == (2, 300, 7200, 3)
    assert (step.timeout.seconds, job.cascade) == (5400, True)


@pytest.mark.parametrize("mode", ["timeseries", "TIMESERIES", None])
def test_intervals_of_a_time_series_are_due_at_their_end(taken, mode):
    default = {key: value for key, value in {**DEFAULT, "scheduleType": mode}.items() if value}
    *_, opened = taken(default, SCHEDULE, EC2, SHELL)
    assert opened.jobs[0].job.schedule.due == "end"


def test_on_demand_there_is_no_schedule(taken):
    *_, opened = taken({"id": "Default", "scheduleType": "ONDEMAND"}, EC2, SHELL)
    assert opened.jobs[0].job.schedule is None


def test_what_ran_once_runs_on_demand_unless_it_names_its_time(taken, tmp_path):
    once = {
        "id": "S",
        "type": "Schedule",
        "period": "1 Day",
        "occurrences": "1",
        "startAt": "FIRST_ACTIVATION_DATE_TIME",
    }
    *_, opened = taken(DEFAULT, once, EC2, SHELL)
    assert opened.jobs[0].job.schedule is None
    *_, opened = taken(DEFAULT, once, EC2, {**SHELL, "command": "echo #{@scheduledStartTime}"})
    assert (opened.jobs[0].job.schedule.occurrences, opened.jobs[0].job.schedule.start) == (1, "2026-11-26T00:00")


WAITS = {
    "S3KeyExists": ({"s3Key": "s3://b/#{format(@scheduledStartTime,'YYYY')}/ok"}, "s3://b/{start:%Y}/ok exists"),
    "S3PrefixNotEmpty": ({"s3Prefix": "s3://b/x"}, "s3://b/x is not empty"),
    "DynamoDBDataExists": ({"tableName": "t"}, "DynamoDB's table t has data"),
    "DynamoDBTableExists": ({"tableName": "t"}, "DynamoDB's table t exists"),
    "ShellCommandPrecondition": ({"command": "test -f x"}, "bash -c test -f x bash succeeds"),
    "Exists": ({}, "s3://in/{start:%Y/%m/%d} is not empty"),
}


@pytest.mark.parametrize("kind", WAITS)
def test_a_precondition_is_waited_for(taken, kind):
    fields, said = WAITS[kind]
    node = {**IN, "precondition": ref("P")}
    waiting = {"id": "P", "type": kind, "role": "r", "preconditionTimeout": "3 hours", **fields}
    *_, opened = taken(DEFAULT, SCHEDULE, EC2, {**SHELL, "input": ref("In")}, node, waiting)
    (found,) = opened.jobs[0].job.wait_for
    assert str(found) == said
    assert found.timeout.seconds == 3 * 3600


def test_alarms_are_taken_over_with_texts_of_their_own_where_they_name_the_node(taken):
    told = {
        "id": "N",
        "type": "SnsAlarm",
        "topicArn": "arn:aws:sns:eu-west-1:123456789012:ops",
        "subject": "down",
        "message": "#{node.@error}",
        "role": "r",
    }
    _, made, opened = taken(
        DEFAULT,
        SCHEDULE,
        EC2,
        {**SHELL, "onFail": ref("N"), "onLateAction": ref("T")},
        told,
        {"id": "T", "type": "Terminate"},
    )
    (alarm,) = opened.jobs[0].job.on_failure
    assert (alarm.topic[-3:], alarm.subject, alarm.message) == ("ops", "down", "")
    assert "Headrace's own text" in made.files["REPORT.md"]


def test_a_cluster_becomes_a_place_to_submit_to(taken, tmp_path):
    cluster = {
        "id": "Emr",
        "type": "EmrCluster",
        "releaseLabel": "emr-7.5.0",
        "masterInstanceType": "m6g.xlarge",
        "coreInstanceType": "r6g.2xlarge",
        "coreInstanceCount": "4",
        "subnetId": "subnet-1",
    }
    taken(
        DEFAULT,
        SCHEDULE,
        cluster,
        {"id": "E", "type": "EmrActivity", "step": "command-runner.jar,ls", "runsOn": ref("Emr")},
    )
    opened = open_project(tmp_path / "made", environment="aws", environ={})
    target = opened.config.submit["emr"]
    assert (target.release, target.cluster.core.types, target.cluster.core.on_demand) == (
        "emr-7.5.0",
        ("r6g.2xlarge",),
        4,
    )


def test_two_schedules_make_two_jobs_that_wait_for_one_another(taken):
    hourly = {"id": "Hourly", "type": "Schedule", "period": "1 hour", "startDateTime": "2013-02-08T00:00:00"}
    first = {**SHELL, "id": "First", "schedule": ref("Hourly")}
    *_, opened = taken(DEFAULT, SCHEDULE, hourly, EC2, first, {**SHELL, "dependsOn": ref("First")})
    assert sorted(job.name for job in opened.jobs) == ["pipe", "pipe_s"]


def test_fields_come_from_parents(taken):
    base = {
        "id": "Base",
        "type": "ShellCommandActivity",
        "maximumRetries": "1",
        "command": "echo base",
        "schedule": ref("S"),
    }
    *_, opened = taken(DEFAULT, SCHEDULE, EC2, {"id": "Child", "parent": ref("Base"), "command": "echo child"}, base)
    assert {each.script.command[2] for each in opened.jobs[0].steps} == {"echo child", "echo base"}


def test_no_password_is_copied_wherever_it_stands(taken):
    work = {"id": "E", "type": "EmrActivity", "step": "s3://r/script-runner.jar,s3://b/x.sh,#{myDbPassword},#{*myKey}"}
    parameters = [{"id": "myDbPassword", "default": CANARY}, {"id": "*myKey", "default": CANARY}]
    step, made, _ = taken(DEFAULT, SCHEDULE, work, parameters=parameters, values={"*myKey": CANARY})
    assert CANARY not in "".join(made.files.values())
    assert step.secrets == {"MY_DB_PASSWORD": "env://MY_DB_PASSWORD", "MY_KEY": "env://MY_KEY"}
    assert step.command[2].endswith('"${MY_DB_PASSWORD}" "${MY_KEY}"')


def test_unknown_fields_are_reported_and_fail_nothing(taken):
    _, made, _ = taken(DEFAULT, SCHEDULE, {**EC2, "frobnicate": "1"}, {**SHELL, "workerGroup": "w"})
    assert "frobnicate" in made.files["REPORT.md"]
    assert "no worker that polls" in made.files["REPORT.md"]


FAULTS = {
    "a reference to nothing": ([{**SHELL, "runsOn": ref("Ec3")}], "did you mean 'Ec2'"),
    "parents that go round": ([SHELL, {"id": "A", "parent": ref("B")}, {"id": "B", "parent": ref("A")}], "parents go round"),
    "activities that go round": ([{**SHELL, "id": "A", "dependsOn": ref("B")}, {**SHELL, "id": "B", "dependsOn": ref("A")}], "wait for one another: A → B → A"),
    "nothing to run": ([], "has no activity"),
    "an id twice": ([SHELL, SHELL], "is there twice"),
    "no id": ([{"type": "ShellCommandActivity"}], "has no id"),
    "neither command nor script": ([{"id": "W", "type": "ShellCommandActivity"}], "needs command or scriptUri"),
    "command and script": ([{**SHELL, "scriptUri": "s3://b/x"}], "one is allowed"),
    "an unknown mode": ([copying("RedshiftCopyActivity", "In", "Facts", insertMode="UPSERT"), IN, FACTS, REDSHIFT], "is none of KEEP_EXISTING"),
    "no place": ([copying("CopyActivity", "In", "Out"), {"id": "In", "type": "S3DataNode"}, OUT], "neither directoryPath nor filePath"),
    "no period": ([SHELL, {"id": "S", "type": "Schedule", "startDateTime": "2013-02-08T00:00:00"}], "has no period"),
    "occurrences and an end": ([SHELL, {**SCHEDULE, "occurrences": "2", "endDateTime": "2014-01-01T00:00:00"}], "one is allowed"),
    "a period of nothing": ([SHELL, {**SCHEDULE, "period": "soon"}], "soon"),
    "a time-out of nothing": ([{**SHELL, "attemptTimeout": "soon"}], "is no period"),
    "an unknown schedule type": ([SHELL, {**DEFAULT, "scheduleType": "hourly"}], "is none of cron"),
}  # fmt: skip


@pytest.mark.parametrize(("objects", "words"), FAULTS.values(), ids=FAULTS)
def test_a_definition_that_is_wrong_is_refused_with_object_and_cause(taken, objects, words):
    ids = {each.get("id") for each in objects}
    rest = [each for each in (DEFAULT, SCHEDULE, EC2) if each["id"] not in ids]
    with pytest.raises(ConfigError) as caught:
        taken(*rest, *objects)
    assert words in str(caught.value)


API = {
    "pipelineObjects": [
        {"id": "Default", "name": "Default", "fields": [{"key": "scheduleType", "stringValue": "ondemand"}]},
        {"id": "W", "name": "W", "fields": [{"key": "type", "stringValue": "ShellCommandActivity"}, {"key": "command", "stringValue": "echo $1"}, {"key": "scriptArgument", "stringValue": "#{myX}"}, {"key": "scriptArgument", "stringValue": "b"}, {"key": "runsOn", "refValue": "Ec2"}]},
        {"id": "Ec2", "name": "Ec2", "fields": [{"key": "type", "stringValue": "Ec2Resource"}]},
    ],
    "parameterObjects": [{"id": "myX", "attributes": [{"key": "default", "stringValue": "a"}]}],
    "parameterValues": [{"id": "myX", "stringValue": "given"}],
}  # fmt: skip


def capital(value):
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: capital(each) for key, each in value.items()}
    return [capital(each) for each in value] if isinstance(value, list) else value


def of(file):
    (definition,) = read(file)
    made = project(definition, "2026-11-26")
    return definition, made.files["jobs/" + next(path for path in made.files if path.startswith("jobs/p"))[5:]]


YAML = """
Parameters:
  Bucket: {Type: String, Default: landing}
Resources:
  pipe:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      Name: pipe
      PipelineObjects:
        - Id: Default
          Fields: [{Key: scheduleType, StringValue: ondemand}]
        - Id: W
          Fields:
            - {Key: type, StringValue: ShellCommandActivity}
            - {Key: command, StringValue: !Sub "ls s3://${Bucket}/${Prefix} ${!HOME}"}
            - {Key: scriptArgument, StringValue: !Join ["-", [a, !Ref Bucket]]}
            - {Key: scriptArgument, StringValue: !GetAtt Other.Arn}
"""


def test_the_api_form_is_read_with_repeated_keys_as_a_list(tmp_path):
    (tmp_path / "pipe.json").write_text(json.dumps(API))
    definition, module = of(tmp_path / "pipe.json")
    assert definition.objects["W"].fields["runsOn"] == (Ref("Ec2"),)
    assert "'echo $1', 'bash', 'given', 'b'" in module


def test_cloudformation_is_read_in_json(tmp_path):
    template = {
        "Resources": {"pipe": {"Type": "AWS::DataPipeline::Pipeline", "Properties": {"Name": "pipe", **capital(API)}}}
    }
    (tmp_path / "pipe.json").write_text(json.dumps(template))
    assert "'echo $1', 'bash', 'given', 'b'" in of(tmp_path / "pipe.json")[1]


def test_cloudformation_is_read_in_yaml_with_its_short_forms(tmp_path):
    (tmp_path / "pipe.yaml").write_text(YAML)
    definition, module = of(tmp_path / "pipe.yaml")
    assert "ls s3://landing/{param.myPrefix} ${HOME}" in module
    assert "'a-landing'" in module
    assert set(definition.parameters) == {"myPrefix", "myOtherArn"}


def test_dirt_is_mended_and_said(tmp_path):
    dirty = '\ufeff{"objects": [ // mine\n {"id": "W", "type": "ShellCommandActivity", "command": "echo\n\thi",},\n /* end */ ],}'
    (tmp_path / "pipe.json").write_text(dirty)
    definition, module = of(tmp_path / "pipe.json")
    assert r"echo\n" in module
    said = " ".join(definition.notes)
    assert all(
        words in said for words in ("byte order mark", "a comment", "a raw line break", "a comma before nothing")
    )


def test_keys_that_stand_twice_are_a_list(tmp_path):
    (tmp_path / "pipe.json").write_text(
        '{"objects": [{"id": "W", "type": "ShellCommandActivity", "command": "x", "scriptArgument": "a", "scriptArgument": "b"}]}'
    )
    definition, _ = of(tmp_path / "pipe.json")
    assert definition.objects["W"].texts("scriptArgument") == ("a", "b")
    assert any("stands twice" in note for note in definition.notes)


def test_parameters_and_values_may_have_files_of_their_own(tmp_path):
    (tmp_path / "pipe.json").write_text(
        json.dumps({"objects": [{**SHELL, "command": "echo #{myX} #{myY}", "runsOn": None}]}).replace(
            ', "runsOn": null', ""
        )
    )
    (tmp_path / "p.json").write_text(json.dumps({"parameters": [{"id": "myX", "default": "d"}, {"id": "myY"}]}))
    (tmp_path / "v.json").write_text(json.dumps({"values": {"myY": "v"}}))
    (definition,) = read(tmp_path / "pipe.json")
    definition = with_values(with_parameters(definition, tmp_path / "p.json"), tmp_path / "v.json")
    assert "echo d v" in project(definition, "2026-11-26").files["jobs/pipe.py"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[1]", "it holds no object"),
        ('{"a": 1}', "neither objects, pipelineObjects nor Resources"),
        ('{"Resources": {}}', "template without"),
        ('{"objects": []}', "has no objects"),
        ("a: [", "neither JSON nor YAML"),
    ],
)
def test_a_file_that_is_no_definition_is_refused_with_its_place(tmp_path, text, words):
    (tmp_path / "pipe.json").write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        read(tmp_path / "pipe.json")
    assert caught.value.place.file.endswith("pipe.json")


def test_the_command_writes_a_project_and_overwrites_nothing(tmp_path):
    (tmp_path / "pipe.json").write_text(json.dumps({"objects": [DEFAULT, SCHEDULE, EC2, SHELL]}))
    argv = ("import", "datapipeline", str(tmp_path / "pipe.json"), "-o", str(tmp_path / "made"))
    code, out, err = etl(*argv)
    assert code == 0, err
    assert "REPORT.md" in out
    code, _, err = etl(*argv)
    assert code == 2
    assert "is there already" in err
    assert etl("plan", "-C", str(tmp_path / "made"), "--date", "2013-02-08T07:00")[0] == 0


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")) or [None], ids=lambda file: file and file.stem)
def test_real_definitions_become_projects_that_can_be_planned(tmp_path, file):
    if file is None:
        pytest.skip("the shared samples are not here")
    if file.stem.endswith(("__parameters", "__values")):
        pytest.skip("belongs to another file")
    code, _, err = etl("import", "datapipeline", str(file), "-o", str(tmp_path / "made"))
    assert code == 0, err
    code, _, err = etl("plan", "-C", str(tmp_path / "made"), "--date", "2026-11-26T12:00")
    assert code == 0, err
