"""[submit.<name>]: strict tables, one kind for each platform."""

import pytest

from etl.config.settings import load_config
from etl.errors import ConfigError, ForcedSettingError, NotAllowedError, UnknownKeyError

ROLE = "arn:aws:iam::123456789012:role/EtlRole"
STEP = 'platform = "emr"\nrelease = "emr-7.13.0"\n'
SERVERLESS = f'platform = "emr-serverless"\nrelease = "emr-7.13.0"\nrole = "{ROLE}"\n'
CLUSTER = """[submit.nightly.cluster]
service_role = "EMR_DefaultRole"
instance_profile = "EMR_EC2_DefaultRole"
subnets = ["subnet-0a1b2c3d"]
"""
FLEETS = 'primary = { types = ["m7g.xlarge"], on_demand = 1 }\ncore = { types = ["r7g.2xlarge"], on_demand = 2 }\n'


@pytest.fixture
def config(tmp_path):
    """``config(text, "a.b=c")`` loads [submit.nightly] with that text."""

    def load(text, **overrides):
        (tmp_path / "conf").mkdir(exist_ok=True)
        (tmp_path / "conf/base.toml").write_text(f"[submit.nightly]\n{text}")
        return load_config(tmp_path / "conf", "conf", tmp_path, environment="local", environ={}, overrides=overrides)

    return load


def refused(config, text):
    with pytest.raises(ConfigError) as caught:
        config(text)
    return caught.value


def test_a_target_is_of_the_kind_that_its_platform_names(config):
    target = config(f'{STEP}cluster_id = "j-1"\n').submit["nightly"]

    assert (target.platform, target.cluster_id, target.cluster) == ("emr", "j-1", None)


def test_every_value_of_a_target_has_its_origin(config):
    loaded = config(f"{STEP}{CLUSTER}{FLEETS}")

    assert set(loaded.effective()) == set(loaded.origins)
    assert loaded.effective()["submit.nightly.cluster.core.types"] == ("r7g.2xlarge",)
    assert str(loaded.origins["submit.nightly.cluster.service_role"]) == "conf/base.toml:5"


def test_an_option_lies_over_a_target(config):
    loaded = config(f'{STEP}cluster_id = "j-1"\n', **{"submit.nightly.cluster_id": "j-2"})

    assert loaded.submit["nightly"].cluster_id == "j-2"


def test_a_key_of_another_platform_is_unknown_and_the_like_one_is_named(config):
    error = refused(config, f'{STEP}cluster_id = "j-1"\nworkers = 2\n')
    near = refused(config, f'{STEP}clusterid = "j-1"\n')

    assert isinstance(error, UnknownKeyError)
    assert (error.place.line, error.key) == (5, "workers")
    assert "did you mean 'cluster_id'?" in near.message


def test_a_platform_that_is_not_there_is_told_with_the_like_one(config):
    error = refused(config, 'platform = "emr_serverless"\n')

    assert isinstance(error, NotAllowedError)
    assert "did you mean 'emr-serverless'?" in error.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('release = "emr-7.13.0"\n', "'platform' is missing"),
        (f'{SERVERLESS}application = "x"\n'.replace("role =", "#"), "'role' is missing"),
        (f'{SERVERLESS}application = "x"\n'.replace("arn:", ""), "is no ARN"),
        (STEP, "one of cluster_id"),
        (f'{STEP}cluster_id = "j-1"\n{CLUSTER}{FLEETS}', "one of cluster_id"),
        (f'{STEP}role = "{ROLE}"\n{CLUSTER}{FLEETS}', "role is a step's"),
        (f"{STEP}{CLUSTER}{FLEETS}".replace("on_demand = 2", "spot = 2"), "no machine on demand"),
        (f"{STEP}{CLUSTER}{FLEETS}".replace("on_demand = 1", "on_demand = 3"), "exactly one machine"),
        (f"{STEP}{CLUSTER}{FLEETS}".replace('["r7g.2xlarge"]', "[]"), "a fleet has no machines"),
        (f"{STEP}{CLUSTER}{FLEETS}idle_seconds = 5\n", "60 to 604800"),
        (SERVERLESS, "one of application_id"),
        (f'{SERVERLESS}application = "it\'s"\n', "is no name"),
        (f'{SERVERLESS}application = "x"\ndriver = {{ cpu = 4, memory_gb = 64 }}\n', "4 vCPU with 64 GB"),
        (f'{SERVERLESS}application = "x"\nlog_uri = "/logs"\n', "is not on S3"),
        (f'{SERVERLESS}application = "x"\nlog_uri = "s3://lake-prod/a b"\n', "without blanks"),
        (f'{SERVERLESS}application = "x"\ntimeout_minutes = -1\n', "0 or more"),
    ],
)
def test_what_a_platform_could_not_take_is_refused(config, text, said):
    error = refused(config, text)

    assert said in f"{error.message} {error.remedy}"
    assert error.place.file == "conf/base.toml"


def test_a_targets_own_spark_settings_may_not_contradict_what_is_forced(config):
    error = refused(config, f'{STEP}cluster_id = "j-1"\n[submit.nightly.spark]\n"spark.sql.ansi.enabled" = "false"\n')

    assert isinstance(error, ForcedSettingError)
    assert error.place.line == 6
