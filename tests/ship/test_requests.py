"""What would be sent: as requests/*.json have it, as botocore's own models allow it, and as main.py reads it."""

import importlib.util
import json
import re
import shlex
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from etl.config.settings import load_config
from etl.errors import ConfigError, UnknownNameError, UsageError
from etl.ship.archive import Archive
from etl.ship.requests import destination, requests

HERE = Path(__file__).parent
ROOTS = """
state = "s3://lake-prod/state"
artifacts = "s3://lake-prod/artifacts"
bundles = "s3://lake-prod/bundles"
[zones]
raw = "s3://lake-prod/raw"
"""
ROLE = "arn:aws:iam::123456789012:role/EtlRole"
TARGETS = {
    "emr": 'platform = "emr"\nrelease = "emr-7.13.0"\ncluster_id = "j-2AXXXXXXGAPLF"',
    "emr-cluster": """
platform = "emr"
release = "emr-spark-8.1.0"
log_uri = "s3://lake-prod/logs"
[submit.it.cluster]
service_role = "EMR_DefaultRole"
instance_profile = "EMR_EC2_DefaultRole"
subnets = ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]
primary = { types = ["m7g.xlarge"], on_demand = 1 }
core = { types = ["r7g.2xlarge"], on_demand = 2 }
task = { types = ["r7g.2xlarge", "r6g.2xlarge"], spot = 8 }
scaling = { minimum = 2, maximum = 40, maximum_on_demand = 8, maximum_core = 4 }
idle_seconds = 900
""",
    "emr-serverless": f"""
platform = "emr-serverless"
release = "emr-7.13.0"
role = "{ROLE}"
application_id = "00f1abcdexample"
executor = {{ cpu = 8, memory_gb = 32 }}
log_uri = "s3://lake-prod/logs"
""",
    "emr-serverless-application": f"""
platform = "emr-serverless"
release = "emr-7.13.0"
role = "{ROLE}"
application = "nightly"
architecture = "ARM64"
warm_drivers = 1
warm_executors = 4
""",
    "emr-eks": f"""
platform = "emr-eks"
release = "emr-7.13.0-latest"
role = "{ROLE}"
virtual_cluster = "abcd1234efgh5678"
driver_template = "s3://lake-prod/pods/driver.yaml"
log_uri = "s3://lake-prod/logs"
log_group = "/etl/eks"
""",
    "glue": f"""
platform = "glue"
job = "nightly"
role = "{ROLE}"
version = "5.1"
worker_type = "G.2X"
workers = 20
execution_class = "FLEX"
timeout_minutes = 180
""",
}
FOLDER = "shop/0.1.0-0123456789ab"
RUN = "20130208T060000Z-7f3a91c2"
ARGUMENTS = {
    "job": "orders +marts.revenue",
    "date": "2013-02-08",
    "set": '{"spark.executor.memory": "8g"}',
    "params": """{"note": "it's a, b \\"c\\" $d"}""",
}


@pytest.fixture
def config(tmp_path):
    """``config(text)`` loads conf/base.toml, made of the roots above and the text."""

    def load(text, roots=ROOTS, environ=None):
        (tmp_path / "conf").mkdir(exist_ok=True)
        (tmp_path / "conf/base.toml").write_text(roots + text)
        return load_config(
            tmp_path / "conf", "conf", tmp_path, environment="local", environ=environ or {}, overrides={}
        )

    return load


@pytest.fixture
def sent(config):
    """``sent("glue")`` makes the requests of one of the targets above."""

    def make(name, spark="", run_id=RUN, arguments=ARGUMENTS, folder=FOLDER, archives=(), **more):
        text = f"[submit.it]\n{TARGETS[name]}\n{spark and f'[submit.it.spark]{chr(10)}{spark}'}\n"
        return requests(config(text, **more), "it", folder, run_id, arguments, archives)

    return make


def shape(call):
    return botocore.session.get_session().get_service_model(call.service).operation_model(call.operation).input_shape


def answered(call):
    """The parameters, with those that an earlier answer gives."""
    return {**call.parameters, **dict.fromkeys(call.binds, "00f1abcdexample")}


def bounds(shape, value, path):
    """Lengths, patterns and words to choose from, which botocore leaves to the service."""
    said = shape.metadata
    size = value if isinstance(value, int) else len(value)
    if not isinstance(value, bool) and not said.get("min", 0) <= size <= said.get("max", size):
        yield f"{path}: {size} not in {said.get('min')} to {said.get('max')}"
    if "enum" in said and value not in said["enum"]:
        yield f"{path}: {value!r} is none of {said['enum']}"
    # Patterns with \u are Java's; the others are Python's too.
    pattern = said.get("pattern", "") if shape.type_name == "string" else ""
    if pattern and "\\u" not in pattern and not re.fullmatch(pattern, value, re.DOTALL):
        yield f"{path}: {value!r} does not match {pattern}"


def excess(shape, value, path=""):
    """All of a value that is out of bounds, and of what is in it."""
    yield from bounds(shape, value, path)
    if shape.type_name == "list":
        for number, inner in enumerate(value):
            yield from excess(shape.member, inner, f"{path}[{number}]")
    elif shape.type_name in {"structure", "map"}:
        for key, inner in value.items():
            kind = shape.members[key] if shape.type_name == "structure" else shape.value
            yield from excess(kind, inner, f"{path}.{key}")


def argv(calls):
    """What main.py is given, unpacked from the requests as their platform unpacks them."""
    call = calls[-1]
    said = call.parameters
    if call.service == "emr":
        words = said["Steps"][0]["HadoopJarStep"]["Args"]
        return words[next(n for n, word in enumerate(words) if word.endswith("/main.py")) + 1 :]
    if call.service == "glue":
        added = {"--JOB_NAME": said["JobName"], "--JOB_ID": "j_1", "--JOB_RUN_ID": "jr_1", "--TempDir": "s3://tmp/"}
        return [
            word
            for pair in (added | calls[0].parameters["DefaultArguments"] | said["Arguments"]).items()
            for word in pair
        ]
    driver = said["jobDriver"]
    return driver.get("sparkSubmit", driver.get("sparkSubmitJobDriver"))["entryPointArguments"]


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("entry_script", HERE.parents[1] / "bootstrap" / "main.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", TARGETS)
def test_the_requests_are_those_that_are_written_down(sent, name):
    calls = [
        {"service": call.service, "operation": call.operation, "parameters": call.parameters}
        for call in sent(name).submission.calls
    ]

    assert calls == json.loads((HERE / "requests" / f"{name}.json").read_text())


@pytest.mark.parametrize("name", TARGETS)
def test_the_models_of_botocore_allow_every_request(sent, name):
    for call in sent(name).submission.calls:
        assert ParamValidator().validate(answered(call), shape(call)).generate_report() == ""
        assert list(excess(shape(call), answered(call))) == []


@pytest.mark.parametrize("name", TARGETS)
def test_a_run_id_of_a_hundred_letters_fits_every_name_and_token(sent, name):
    for call in sent(name, run_id="r" * 100, arguments={"job": "j" * 300}).submission.calls:
        assert list(excess(shape(call), answered(call))) == []


@pytest.mark.parametrize("name", TARGETS)
def test_the_entry_script_makes_the_same_command_of_every_platforms_request(sent, main, name):
    found = sent(name)

    command = main.command(main.pairs(argv(found.submission.calls)))

    assert command[:4] == ["run", "--yes", "orders", "+marts.revenue"]
    given = dict(zip(command[4::2], command[5::2], strict=True))
    assert given == {
        "--set": "spark.executor.memory=8g",
        "--param": """note=it's a, b "c" $d""",
        "--date": "2013-02-08",
        "--run-id": RUN,
        "--env": "local",
        "--platform": found.submission.arguments["platform"],
    }


@pytest.mark.parametrize("name", [name for name in TARGETS if not name.startswith("emr-cluster") and name != "emr"])
def test_the_line_of_the_aws_command_holds_the_request_as_one_word(sent, name):
    for call in sent(name).submission.calls:
        words = shlex.split(call.aws_cli())

        assert words[:2] == ["aws", call.service]
        assert json.loads(words[words.index("--cli-input-json") + 1]) == call.parameters


@pytest.mark.parametrize(("name", "first"), [("emr", "add-steps"), ("emr-cluster", "create-cluster")])
def test_emrs_own_commands_get_the_same_step(sent, name, first):
    (call,) = sent(name).submission.calls

    words = shlex.split(call.aws_cli())

    assert words[:3] == ["aws", "emr", first]
    (step,) = json.loads(words[words.index("--steps") + 1])
    assert step["Args"] == call.parameters["Steps"][0]["HadoopJarStep"]["Args"]


@pytest.mark.parametrize(("idle", "action", "alive"), [(0, "TERMINATE_CLUSTER", False), (900, "CONTINUE", True)])
def test_a_cluster_of_its_own_ends_with_the_run_unless_it_may_be_idle(sent, monkeypatch, idle, action, alive):
    said = TARGETS["emr-cluster"].replace("idle_seconds = 900", f"idle_seconds = {idle}")
    monkeypatch.setitem(TARGETS, "emr-cluster", said)

    (call,) = sent("emr-cluster").submission.calls

    assert call.parameters["Steps"][0]["ActionOnFailure"] == action
    assert call.parameters["Instances"]["KeepJobFlowAliveWhenNoSteps"] is alive
    assert ("AutoTerminationPolicy" in call.parameters) is alive


def test_one_token_is_made_of_one_run_id(sent):
    tokens = [
        sent("emr-eks", run_id=run_id).submission.calls[0].parameters["clientToken"] for run_id in (RUN, RUN, "r" * 65)
    ]

    assert tokens[0] == tokens[1] == RUN
    assert re.fullmatch("[0-9a-f]{64}", tokens[2])


def test_each_run_of_a_glue_job_names_its_own_script_and_bundle(sent):
    arguments = sent("glue").submission.calls[-1].parameters["Arguments"]

    assert arguments["--scriptLocation"] == f"s3://lake-prod/bundles/{FOLDER}/main.py"
    assert arguments["--extra-py-files"] == f"s3://lake-prod/bundles/{FOLDER}/app.zip"


def test_a_targets_own_spark_settings_go_before_those_of_the_environment_and_before_the_workers_sizes(sent):
    roots = f'{ROOTS}[spark]\n"spark.executor.memory" = "1g"\n"spark.sql.shuffle.partitions" = "7"\n'

    said = sent("emr-serverless", '"spark.driver.memory" = "9g"', roots=roots).submission.calls[0].parameters

    properties = said["configurationOverrides"]["applicationConfiguration"][0]["properties"]
    assert properties["spark.sql.shuffle.partitions"] == "7"
    assert properties["spark.driver.memory"] == "9g"
    assert properties["spark.executor.memory"] == "29789m"  # 32 GB with a tenth for what is not Spark's


def test_a_master_of_the_environment_does_not_travel(sent):
    found = sent("emr", roots=f'{ROOTS}[spark]\n"spark.master" = "local[4]"\n')

    assert "spark.master" not in found.submission.settings


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("emr", {"arguments": {"job": "orders", "params": "x" * 10_000}}),
        ("emr-serverless", {"spark": f'"spark.x" = "{"x" * 1025}"'}),
        ("emr-serverless", {"spark": "\n".join(f'"spark.x{n}" = "1"' for n in range(101))}),
        ("emr-eks", {"folder": "f" * 256}),
        ("glue", {"arguments": {"job": "orders", "params": "x" * 260_000}}),
        ("glue", {"spark": '"spark.driver.extraJavaOptions" = "-Da=1 -Db=2"'}),
    ],
)
def test_more_than_a_platform_takes_is_refused_before_it_is_asked(sent, name, options):
    with pytest.raises(UsageError):
        sent(name, **options)


def test_roots_on_the_disk_of_a_machine_that_goes_are_refused_together(sent):
    with pytest.raises(ConfigError) as caught:
        sent("emr", roots='bundles = "s3://lake-prod/bundles"\n[zones]\nraw = "lake/raw"\n')

    assert caught.value.message.startswith("state, artifacts, zones.raw:")


def test_a_place_for_bundles_is_needed(sent):
    with pytest.raises(ConfigError, match="'bundles' is missing"):
        sent("emr", roots=ROOTS.replace("bundles", "#"))


def test_what_the_submission_says_itself_is_refused_where_a_target_says_it(sent):
    with pytest.raises(ConfigError) as caught:
        sent("emr", '"spark.master" = "yarn"')

    assert str(caught.value.place).startswith("conf/base.toml:")


def test_variables_that_stay_here_are_told(sent):
    environ = {"ETL__RUN__THREADS": "2", "ETL__SUBMIT__IT__CLUSTER_ID": "j-2"}

    (said,) = (warning for warning in sent("emr", environ=environ).warnings if "ETL__" in warning)

    assert "run.threads" in said
    assert "cluster_id" not in said


@pytest.mark.parametrize("name", TARGETS)
def test_what_neither_bundle_nor_image_has_is_told(sent, name):
    assert any("boto3" in warning for warning in sent(name).warnings) is (name != "glue")


def test_the_only_target_is_meant_where_none_is_named(config):
    both = f"[submit.one]\n{TARGETS['emr']}\n[submit.two]\n{TARGETS['glue']}\n"

    assert destination(config(f"[submit.one]\n{TARGETS['emr']}\n"), None) == "one"
    assert destination(config(both), "two") == "two"
    with pytest.raises(UsageError, match="known: one, two"):
        destination(config(both), None)
    with pytest.raises(UnknownNameError):
        destination(config(both), "tow")
    with pytest.raises(UsageError, match="no place"):
        destination(config(""), None)


ARCHIVES = (
    Archive(file="packages-any.zip", packages={"boto3": "1"}),
    *(
        Archive(file=f"packages-cp311-{cpu}.zip", python="3.11", cpu=cpu, wheels=(f"wheels/fast-{cpu}.whl",))
        for cpu in ("x86_64", "arm64")
    ),
)
BUNDLE = f"s3://lake-prod/bundles/{FOLDER}"
UNPACKED = f"{BUNDLE}/packages-any.zip#headrace_packages,{BUNDLE}/packages-cp311-x86_64.zip#headrace_native"


def settings_of(parameters):
    return parameters["configurationOverrides"]["applicationConfiguration"][0]["properties"]


@pytest.mark.parametrize("name", ["emr-serverless", "emr-eks"])
def test_serverless_and_eks_unpack_the_archives_of_their_cpu(sent, name):
    settings = settings_of(sent(name, archives=ARCHIVES).submission.calls[-1].parameters)

    assert settings["spark.archives"] == UNPACKED
    assert settings["spark.executorEnv.PYTHONPATH"] == "./headrace_packages:./headrace_native"


def test_an_emr_step_unpacks_the_archives_of_its_cpu(sent):
    words = sent("emr", archives=ARCHIVES).submission.calls[-1].parameters["Steps"][0]["HadoopJarStep"]["Args"]

    assert words[words.index("--archives") + 1] == UNPACKED
    assert "spark.executorEnv.PYTHONPATH=./headrace_packages:./headrace_native" in words


def test_an_arm_application_gets_arm_packages(sent):
    settings = settings_of(sent("emr-serverless-application", archives=ARCHIVES).submission.calls[-1].parameters)

    assert "packages-cp311-arm64.zip" in settings["spark.archives"]


def test_a_cluster_of_graviton_machines_needs_arm_packages(sent):
    with pytest.raises(UsageError, match=r"this place runs 3\.13 on arm64"):
        sent("emr-cluster", archives=ARCHIVES)


def test_glue_installs_native_packages_from_their_wheels(sent):
    arguments = sent("glue", archives=ARCHIVES).submission.calls[-1].parameters["Arguments"]

    assert arguments["--additional-python-modules"] == f"{BUNDLE}/wheels/fast-x86_64.whl"
    assert arguments["--python-modules-installer-option"] == "--no-deps --no-index"
    assert arguments["--extra-py-files"] == f"{BUNDLE}/app.zip,{BUNDLE}/packages-any.zip"


@pytest.mark.parametrize("name", TARGETS)
def test_a_bundle_that_has_boto3_warns_of_nothing(sent, name):
    assert not any("boto3" in warning for warning in sent(name, archives=ARCHIVES[:1]).warnings)


def test_a_path_of_the_projects_own_comes_after_the_archives(sent):
    own = '"spark.executorEnv.PYTHONPATH" = "/opt/ours"'

    for name in ("emr-serverless", "emr-eks"):
        settings = settings_of(sent(name, spark=own, archives=ARCHIVES[:1]).submission.calls[-1].parameters)
        assert settings["spark.executorEnv.PYTHONPATH"] == "./headrace_packages:/opt/ours"
    words = (
        sent("emr", spark=own, archives=ARCHIVES[:1])
        .submission.calls[-1]
        .parameters["Steps"][0]["HadoopJarStep"]["Args"]
    )
    assert "spark.executorEnv.PYTHONPATH=./headrace_packages:/opt/ours" in words
