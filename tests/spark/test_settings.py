import pytest

from etl.errors import ConfigError
from etl.spark import settings
from etl.spark.settings import SessionSettings


def test_a_setting_against_a_forced_one_is_refused_with_both_values():
    with pytest.raises(ConfigError) as caught:
        settings.forced({"spark.sql.ansi.enabled": "false", "spark.sql.session.timeZone": "Europe/Oslo"})

    assert "spark.sql.ansi.enabled = 'false'" in caught.value.message
    assert "'Europe/Oslo'" in caught.value.message


def test_repeating_a_forced_setting_is_no_contradiction():
    assert settings.forced({"spark.sql.ansi.enabled": "TRUE"})["spark.sql.ansi.enabled"] == "true"


def test_what_is_suggested_everywhere_leaves_the_cluster_to_the_platform():
    owned = ("spark.master", "spark.sql.adaptive", "spark.sql.shuffle", "spark.jars", "committer", "spark.driver")

    assert not [key for key in settings.everywhere() | settings.forced({}) if any(part in key for part in owned)]


def test_what_matters_on_a_cluster_is_suggested_there_too():
    suggested = settings.everywhere()

    assert suggested["spark.scheduler.mode"] == "FAIR"
    assert int(suggested["spark.databricks.delta.setTransactionsInCrc.maxAllowed"]) == 10_000


def test_a_local_session_listens_on_this_machine_only(tmp_path):
    suggested = settings.on_one_machine(SessionSettings(app_name="a"), tmp_path)

    assert suggested["spark.driver.host"] == suggested["spark.driver.bindAddress"] == "127.0.0.1"
    assert suggested["spark.ui.enabled"] == "false"


def test_only_the_test_profile_gives_up_the_second_compiler(tmp_path):
    options = {
        profile: settings.on_one_machine(SessionSettings(app_name="a", profile=profile), tmp_path)
        for profile in ("default", "test")
    }
    key = "spark.driver.extraJavaOptions"

    assert "TieredStopAtLevel" in options["test"][key]
    assert "TieredStopAtLevel" not in options["default"][key]


def test_only_the_test_profile_interprets_what_a_run_compiles(tmp_path):
    suggested = {
        profile: settings.on_one_machine(SessionSettings(app_name="a", profile=profile), tmp_path)
        for profile in ("default", "test")
    }

    assert suggested["test"]["spark.sql.codegen.wholeStage"] == "false"
    assert not suggested["default"].keys() & {"spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode"}


def test_delta_joins_the_extensions_that_are_there():
    conf = settings.with_delta({"spark.sql.extensions": "a.B"})

    assert conf["spark.sql.extensions"] == f"a.B,{settings.DELTA_EXTENSION}"
    assert settings.with_delta(conf) == conf
