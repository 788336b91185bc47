"""The table of releases: what is known, what is guessed, what is refused."""

import re

import pytest

from etl.config.submit import EmrEks, EmrServerless, Glue
from etl.errors import ConfigError, Place
from etl.ship.runtimes import label, runtime, runtimes, warnings

ROLE = "arn:aws:iam::123456789012:role/EtlRole"


def serverless(release):
    return EmrServerless(platform="emr-serverless", release=release, role=ROLE, application="nightly")


def eks(release):
    return EmrEks(platform="emr-eks", release=release, role=ROLE, virtual_cluster="abcd1234")


def glue(version):
    return Glue(platform="glue", job="nightly", role=ROLE, version=version)


@pytest.mark.parametrize(
    ("target", "spark", "python", "delta"),
    [
        (serverless("emr-7.13.0"), "3.5.6", "/usr/bin/python3.11", "3.3.2"),
        (serverless("emr-spark-8.1.0"), "4.1.1", "/usr/bin/python3.13", "4.2.0"),
        (eks("emr-7.10.0-latest"), "3.5.5", "/usr/bin/python3.11", "3.3.0"),
        (eks("emr-spark-8.0.0-20260421"), "4.0.2", "/usr/bin/python3.11", "4.0.0"),
        (glue("5.0"), "3.5.4", "/usr/bin/python3.11", "3.3.0"),
        (glue("6.0"), "4.1.1", "/usr/bin/python3.13", "4.2.0"),
    ],
)
def test_a_release_brings_what_the_table_says(target, spark, python, delta):
    found = runtime(target)

    assert (found.spark, found.interpreter, found.delta, found.known) == (spark, python, delta, True)


@pytest.mark.parametrize(
    ("target", "spark"),
    [
        (serverless("emr-7.15.0"), "3.5"),
        (serverless("emr-spark-8.2.0"), "4.1"),
        (serverless("emr-9.0.0"), "3.5"),
        (glue("7.0"), "3.5"),
    ],
)
def test_a_release_nobody_has_written_down_is_guessed_at_with_a_warning(target, spark):
    found = runtime(target)

    assert found.spark == spark
    assert warnings(target, found)[0].startswith(f"nothing is known of {label(target)}")


@pytest.mark.parametrize(
    "target", [serverless("emr-7.0.0"), serverless("emr-6.15.0"), eks("emr-6.9.0-latest"), glue("4.0")]
)
def test_a_release_on_which_nothing_can_run_is_refused_where_it_is_said(target):
    place = Place("conf/env/prod.toml", 7, "submit.nightly.release")

    with pytest.raises(ConfigError) as caught:
        runtime(target, place)

    assert caught.value.place == place
    assert caught.value.exit_code == 4


def test_eks_wants_to_know_which_image_of_a_release():
    with pytest.raises(ConfigError) as caught:
        runtime(eks("emr-7.13.0"))

    assert "emr-7.13.0-latest" in caught.value.remedy


def test_a_release_that_a_platform_did_not_list_is_told():
    assert warnings(serverless("emr-7.14.0"), runtime(serverless("emr-7.14.0")))
    assert warnings(eks("emr-7.14.0-latest"), runtime(eks("emr-7.14.0-latest"))) == ()


def test_every_release_is_either_refused_or_says_all_that_a_submission_needs():
    for one in runtimes():
        assert one.refused or (re.match(r"[34]\.\d", one.spark) and one.python in {"3.11", "3.13"} and one.delta), one


def test_no_release_is_written_down_twice():
    labels = [name for one in runtimes() for name in one.labels]

    assert len(labels) == len(set(labels))
