"""Layers, origins, strict types and credentials of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from etl.config.settings import Config, load_config
from etl.errors import ConfigError, UsageError

Write = Callable[..., Path]


def load(
    root: Path,
    environment: str = "local",
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Config:
    return load_config(
        root / "conf", "conf", root, environment=environment, environ=environ or {}, overrides=overrides or {}
    )


def refused(write: Write, base: str, **options: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(write({"conf/base.toml": base}), **options)
    return caught.value


def test_each_layer_lies_over_the_one_before(write: Write) -> None:
    root = write({"conf/base.toml": "[run]\nthreads = 1\n", "conf/env/local.toml": "[run]\nthreads = 2\n"})

    assert load(root).run.threads == 2
    assert load(root, environ={"ETL__RUN__THREADS": "3"}).run.threads == 3
    assert load(root, environ={"ETL__RUN__THREADS": "3"}, overrides={"run.threads": "4"}).run.threads == 4


def test_every_value_knows_its_origin(write: Write) -> None:
    root = write({"conf/base.toml": '[zones]\nraw = "a"\nclean = "b"\n[run]\nthreads = 1\n'})

    config = load(root, environ={"ETL__ZONES__RAW": "s3://bucket/raw"}, overrides={"run.protected": "true"})

    assert set(config.origins) == set(config.effective())
    assert {key: origin.layer for key, origin in config.origins.items() if not key.startswith(("s3.", "glue_"))} == {
        "name": "default",
        "zones.raw": "variable",
        "zones.clean": "base",
        "state": "default",
        "artifacts": "default",
        "run.threads": "environment",
        "run.platform": "default",
        "run.protected": "option",
        "run.lease_seconds": "default",
        "bundles": "default",
    }
    assert str(config.origins["zones.clean"]) == "conf/base.toml:3"
    assert str(config.origins["zones.raw"]) == "ETL__ZONES__RAW"


def test_a_spark_setting_keeps_its_dots_in_every_layer(write: Write) -> None:
    root = write({"conf/base.toml": '[spark]\n"spark.a.b" = "1"\n'})

    config = load(root, environ={"ETL__SPARK__spark.c.dE": "2"}, overrides={"spark.spark.f.g": "1.10"})

    assert config.spark == {"spark.a.b": "1", "spark.c.dE": "2", "spark.f.g": "1.10"}


def test_relative_roots_start_from_the_project(write: Write) -> None:
    root = write({"conf/base.toml": '[zones]\nraw = "lake/raw/"\nclean = "/data/clean"\nmarts = "s3a://bucket/x/"\n'})

    assert load(root).zones == {"raw": f"{root}/lake/raw", "clean": "/data/clean", "marts": "s3://bucket/x"}


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[run]\nthread = 1\n", "run.thread", 2),
        ("[zone]\nraw = 'x'\n", "zone", 1),
        ("[run]\nthreads = true\n", "run.threads", 2),
        ("[run]\nthreads = 65\n", "run.threads", 2),
        ("[run]\nthreads = -1\n", "run.threads", 2),
        ("[run]\nthreads = 1.0\n", "run.threads", 2),
        ("[run]\nprotected = 1\n", "run.protected", 2),
        ("[run]\nplatform = 'glu'\n", "run.platform", 2),
        ("run = 3\n", "run", 1),
        ("[[run]]\nthreads = 1\n", "run", 1),
        ("zones = ['a']\n", "zones", 1),
        ("name = 2013-02-08\n", "name", 1),
        ("name = 12:30:00\n", "name", 1),
        ("[spark]\n'spark.a' = 3\n", 'spark."spark.a"', 2),
    ],
)
def test_a_value_nobody_can_use_is_refused_at_its_line(write: Write, text: str, key: str, line: int | None) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write({"conf/base.toml": text, "conf/env/local.toml": "[spark]\n"}))

    assert (caught.value.place.key, caught.value.place.line) == (key, line)
    assert caught.value.place.file == "conf/base.toml"


def test_an_unknown_key_names_the_one_that_was_meant(write: Write) -> None:
    assert "'threads'" in refused(write, "[run]\nthread = 1\n").message


def test_an_unquoted_number_is_quoted_as_it_was_written(write: Write) -> None:
    assert '"1.10"' in refused(write, "name = 1.10\n").remedy


def test_all_problems_of_the_configuration_are_said_at_once(write: Write) -> None:
    message = str(refused(write, "nam = 'x'\n[zones]\nraw = 3\nclean = 'http://x'\n"))

    assert all(f"conf/base.toml:{line}" in message for line in (1, 3, 4))


@pytest.mark.parametrize(
    "root", ["s3:/b", "S3://bucket", "http://x/y", "s3://Bucket/x", "s3://ab", " lake", "", "../lake", "hdfs://x/y"]
)
def test_a_root_that_is_no_place_for_data_is_refused(write: Write, root: str) -> None:
    assert refused(write, f'[zones]\nraw = "{root}"\n').place.key == "zones.raw"


@pytest.mark.parametrize("variable", ["ETL__RUN__THREADS", "ETL__RUN__PROTECTED"])
@pytest.mark.parametrize("text", ["many", "", "1\nx = 2", "'1'", "[1]"])
def test_a_variable_of_the_wrong_type_is_refused_by_its_name(write: Write, variable: str, text: str) -> None:
    error = refused(write, "name = 'x'\n", environ={variable: text})

    assert error.place.file == variable


def test_an_unknown_option_is_refused_by_its_name(write: Write) -> None:
    assert refused(write, "name = 'x'\n", overrides={"run.thread": "1"}).place.file == "--set run.thread"


@pytest.mark.parametrize("key", ["", ".", "run.", "run..threads"])
def test_an_option_without_a_key_is_refused(write: Write, key: str) -> None:
    assert refused(write, "name = 'x'\n", overrides={key: "1"}).place.file == f"--set {key}"


@pytest.mark.parametrize(
    "text",
    [
        "[spark]\n'spark.hadoop.fs.s3a.secret.key' = 'hunter2'\n",
        "[spark]\n'spark.db.password' = 'hunter2'\n",
        "[zones]\nraw = 's3a://KEY:hunter2@bucket/x'\n",
        "[zones]\nraw = 's3a://KEY:hun/ter2hunter2@bucket/x'\n",
        "[spark]\n'spark.url' = 'jdbc:postgresql://h:5432/d?user=me&password=hunter2'\n",
        "apiToken = 'hunter2'\n",
    ],
)
def test_a_literal_credential_is_refused_and_never_shown(write: Write, text: str) -> None:
    error = refused(write, text)

    assert "hunter2" not in str(error)
    assert "secretsmanager://" in error.remedy


def test_a_credential_in_a_variable_is_refused_and_never_shown(write: Write) -> None:
    error = refused(write, "name = 'x'\n", environ={"ETL__SPARK__spark.db.password": "hunter2"})

    assert "hunter2" not in str(error)


@pytest.mark.parametrize("reference", ["secretsmanager://prod/db#password", "ssm://db", "env://DB_PASSWORD"])
def test_a_reference_to_a_credential_is_accepted(write: Write, reference: str) -> None:
    config = load(write({"conf/base.toml": f"[spark]\n'spark.db.password' = '{reference}'\n"}))

    assert config.spark == {"spark.db.password": reference}


def test_an_unknown_environment_names_those_there_are(write: Write) -> None:
    with pytest.raises(UsageError, match="'local'"):
        load(write(), environment="locale")
