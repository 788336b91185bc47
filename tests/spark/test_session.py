import os
import subprocess
import sys

import pytest

from etl.errors import ConfigError, PlatformError
from etl.spark import session
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


def test_a_session_without_a_jvm_bridge_is_refused():
    with pytest.raises(PlatformError, match="bridge"):
        session._check_bridge(object())


def test_what_would_lead_pyspark_elsewhere_is_taken_out_of_the_environment(tmp_path):
    environ = {"SPARK_HOME": "/opt/other", "PYSPARK_SUBMIT_ARGS": "--master yarn", "SPARK_REMOTE": "sc://x", "A": "b"}

    session._prepare(environ, tmp_path)

    assert environ.keys() & {"SPARK_HOME", "PYSPARK_SUBMIT_ARGS", "SPARK_REMOTE"} == set()
    assert environ["A"] == "b"
    assert environ["PYSPARK_PYTHON"] == environ["PYSPARK_DRIVER_PYTHON"] == sys.executable
    assert environ["SPARK_LOCAL_IP"] == "127.0.0.1"


def test_a_partition_directory_may_be_named_in_any_script(tmp_path):
    environ = {"LC_ALL": "C"}

    session._prepare(environ, tmp_path)

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
        [sys.executable, "-c", program], env=os.environ | {"ETL_JAVA_HOME": str(home)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert "PlatformError: Java 17 (ETL_JAVA_HOME" in ended.stderr
    assert "no memory for you" in ended.stderr
