"""Roots of zones and the paths below them, each in one spelling."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config.roots import absolute, read_relative, read_root
from etl.config.structure import RefusedError


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("s3a://bucket/a", "s3://bucket/a"),
        ("s3n://bucket", "s3://bucket"),
        ("file:///data/raw/", "/data/raw"),
        ("file:/data/raw", "/data/raw"),
        ("lake/raw/", "lake/raw"),
        ("/", "/"),
    ],
)
def test_a_root_has_one_spelling(written, read):
    assert read_root(written) == read


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("", "empty"),
        ("${LAKE}/raw", "fills in no variables"),
        ("s3://${BUCKET}/raw", "fills in no variables"),
        (" lake", "blanks"),
        ("../lake", "leaves its directory"),
        ("hdfs://x/y", "'hdfs'"),
        ("C:/data", "'C'"),
        ("s3:/bucket", "one slash"),
        ("s3://Bucket/x", "'Bucket'"),
        ("s3://ab", "'ab'"),
        ("file://data/raw", "'data'"),
        ("file:data", "'file'"),
    ],
)
def test_a_root_that_is_no_place_for_data_is_refused(root, said):
    with pytest.raises(RefusedError) as caught:
        read_root(root)

    assert said in caught.value.message


SCHEMES = st.sampled_from(["s3://", "s3a://", "", "/", "file:///"])
FOLDERS = st.from_regex(r"[a-z]{3}(/[a-z=0-9-]{1,4}){0,3}/{0,2}", fullmatch=True)


@given(SCHEMES, FOLDERS)
def test_reading_a_root_twice_changes_nothing_more(scheme, rest):
    once = read_root(scheme + rest)

    assert read_root(once) == once


@pytest.mark.parametrize("path", ["", "/x", "a//b", "a/", "../x", "a/./b", "s3://b/x", " a"])
def test_a_path_that_is_not_below_its_zone_is_refused(path):
    with pytest.raises(RefusedError, match="not relative"):
        read_relative(path)


def test_a_path_below_its_zone_stays_as_it_is():
    assert read_relative("in/flights=v2") == "in/flights=v2"


def test_only_a_relative_local_root_starts_from_the_project():
    project = Path("/project")

    assert [absolute(root, project) for root in ("lake/raw", "/data", "s3://bucket/x")] == [
        "/project/lake/raw",
        "/data",
        "s3://bucket/x",
    ]
