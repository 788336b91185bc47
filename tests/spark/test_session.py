import os
import subprocess
import sys

import pytest

from etl import ReplaceTable, Source, Target, step
from etl.errors import ConfigError, PlatformError
from etl.spark import launch, session
from etl.spark.settings import FORCED, SessionSettings

AGAINST = SessionSettings(app_name="a", conf={"spark.sql.ansi.enabled": "false"})


def test_a_contradiction_is_found_before_a_jvm_is_started():
    with pytest.raises(ConfigError):
        session.start(AGAINST)


def test_every_forced_setting_holds_in_the_session_and_in_hadoop(spark):
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()

    assert {key: spark.conf.get(key) for key in FORCED} == {key: value for key, (value, _) in FORCED.items()}
    assert hadoop.get("parquet.page.verify-checksum.enabled") == "true"


def test_a_number_too_large_is_an_error_not_another_number(spark):
    with pytest.raises(Exception, match="CAST_OVERFLOW"):
        spark.sql("select cast(3000000000 as int)").collect()


def test_a_session_that_is_there_is_taken_over_and_made_safe(spark):
    spark.conf.set("spark.sql.ansi.enabled", "false")

    again = session.start(SessionSettings(app_name="again"))

    assert again.sparkContext is spark.sparkContext
    assert again.conf.get("spark.sql.ansi.enabled") == "true"


@pytest.fixture
def made_by_others(spark):
    """Give new sessions these settings, as a context does that somebody else made: in a notebook, in Glue."""
    context = spark.sparkContext._jsc.sc().conf()
    before = {}

    def make(settings):
        for key, value in settings.items():
            before[key] = context.get(key, "")
            context.set(key, value)

    yield make
    for key, value in before.items():
        context.set(key, value) if value else context.remove(key)
    session.start(SessionSettings(app_name="pytest"))


def test_a_steps_session_has_every_forced_setting_on_a_context_that_somebody_else_made(spark, made_by_others):
    made_by_others({"spark.sql.ansi.enabled": "false", "spark.sql.session.timeZone": "Asia/Tokyo"})

    own = session.step_session(session.start(SessionSettings(app_name="again")))

    assert {key: own.conf.get(key) for key in FORCED} == {key: value for key, (value, _) in FORCED.items()}
    assert own._jsparkSession.sessionState().newHadoopConf().get("parquet.page.verify-checksum.enabled") == "true"


def test_a_steps_session_has_the_projects_own_settings_on_a_context_that_somebody_else_made(spark, made_by_others):
    made_by_others({"spark.sql.shuffle.partitions": "200"})
    asked = {"spark.sql.shuffle.partitions": "7", "spark.hadoop.fs.s3a.endpoint": "here", "spark.driver.memory": "9g"}

    own = session.step_session(session.start(SessionSettings(app_name="again", conf=asked)))

    assert own.conf.get("spark.sql.shuffle.partitions") == "7"
    assert own._jsparkSession.sessionState().newHadoopConf().get("fs.s3a.endpoint") == "here"


def test_a_step_computes_by_the_forced_settings_whatever_the_context_says(spark, made_by_others, lake):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", "n INT", ReplaceTable()))
    def narrowed(rows):
        return rows.selectExpr("CAST(n AS INT) AS n")

    lake.write("raw.rows", "n BIGINT", [(3_000_000_000,)])
    made_by_others({"spark.sql.ansi.enabled": "false"})

    result = lake.run_step(narrowed)

    assert result.error is not None
    assert "CAST_OVERFLOW" in result.error.message


def test_what_headrace_suggests_everywhere_holds_in_a_steps_session_unless_the_project_says_otherwise(spark):
    key = "spark.databricks.delta.setTransactionsInCrc.maxAllowed"
    plain = session.step_session(session.start(SessionSettings(app_name="a")))
    asked = session.step_session(session.start(SessionSettings(app_name="a", conf={key: "5"})))
    session.start(SessionSettings(app_name="pytest"))

    assert (plain.conf.get(key), asked.conf.get(key)) == ("10000", "5")


def test_a_session_is_left_as_it_was_found(spark):
    own = session.step_session(spark)

    with session.as_found(own):
        own.conf.set("spark.sql.ansi.enabled", "false")
        own.conf.set("spark.mine", "set")
        own.range(1).createOrReplaceTempView("mine")

    assert own.conf.get("spark.sql.ansi.enabled") == "true"
    assert own.conf.get("spark.mine", "unset") == "unset"
    assert not own.catalog.tableExists("mine")


def test_threads_that_share_the_jvms_are_refused_before_a_jvm_is_started():
    with pytest.raises(PlatformError, match="PYSPARK_PIN_THREAD"):
        session.start(SessionSettings(app_name="a"), environ={"PYSPARK_PIN_THREAD": "false"})


def test_the_way_back_from_the_jvm_is_open_before_any_step_needs_it(spark):
    assert spark.sparkContext._gateway._callback_server is not None


def test_a_session_without_a_jvm_bridge_is_refused():
    with pytest.raises(PlatformError, match="bridge"):
        session._check_bridge(object())


def test_what_would_lead_pyspark_elsewhere_is_taken_out_of_the_environment(tmp_path):
    environ = {"SPARK_HOME": "/opt/other", "PYSPARK_SUBMIT_ARGS": "--master yarn", "SPARK_REMOTE": "sc://x", "A": "b"}

    launch._prepare(environ, tmp_path)

    assert environ.keys() & {"SPARK_HOME", "PYSPARK_SUBMIT_ARGS", "SPARK_REMOTE"} == set()
    assert environ["A"] == "b"
    assert environ["PYSPARK_PYTHON"] == environ["PYSPARK_DRIVER_PYTHON"] == sys.executable
    assert environ["SPARK_LOCAL_IP"] == "127.0.0.1"


def test_a_partition_directory_may_be_named_in_any_script(tmp_path):
    environ = {"LC_ALL": "C"}

    launch._prepare(environ, tmp_path)

    assert environ["LC_ALL"] == "C.UTF-8"


@pytest.mark.spark
@pytest.mark.cluster
def test_a_java_that_cannot_start_spark_is_named_with_what_it_said(tmp_path):
    home = tmp_path / "java"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text("#!/bin/sh\necho 'no memory for you' >&2\nexit 1\n")
    (home / "bin" / "java").chmod(0o755)
    (home / "release").write_text('JAVA_VERSION="17.0.9"\n')
    program = "from etl.spark.session import SessionSettings, start; start(SessionSettings(app_name='a'))"

    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"ETL_JAVA_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "PlatformError: Java 17 (ETL_JAVA_HOME" in ended.stderr
    assert "no memory for you" in ended.stderr
