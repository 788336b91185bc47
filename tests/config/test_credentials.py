"""What counts as a credential, and that none is written out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config.credentials import REFERENCES, is_literal_secret, is_secret_name, redacted

LIKE_A_PORT = re.compile(r"\d{1,5}/")
SECRETS = st.text(st.sampled_from("abcXYZ012345/+=_-."), min_size=8)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("db_password", True),
        ("fs.s3a.access.key", True),
        ("apiToken", True),
        ("SECRET", True),
        ("keytab", False),
        ("tokenizer", False),
        ("sort_key", False),
        ("passwordless", False),
    ],
)
def test_a_name_says_whether_it_holds_a_credential(name, secret):
    assert is_secret_name(name) is secret


@pytest.mark.parametrize(
    ("key", "value", "secret"),
    [
        ("password", "hunter2", True),
        ("password", "", False),
        ("password", 7, False),
        ("url", "jdbc:postgresql://me:hunter2@host:5432/db", True),
        ("url", "jdbc:postgresql://host:5432/db?user=me&password=hunter2", True),
        ("url", "s3a://KEY:1234567/89@bucket", True),
        ("url", "postgresql://host:5432/me@db", False),
        ("root", "s3://bucket/a@b", False),
    ],
)
def test_a_credential_is_known_by_its_key_or_by_its_place_in_a_uri(key, value, secret):
    assert is_literal_secret(key, value) is secret


@pytest.mark.parametrize("scheme", REFERENCES)
def test_a_reference_is_no_credential(scheme):
    assert not is_literal_secret("password", f"{scheme}prod/db")


@given(SECRETS.filter(lambda secret: not LIKE_A_PORT.match(secret)))
def test_no_line_shows_the_credential_that_stands_in_it(secret):
    for line in (
        f"db_password = '{secret}'",
        f"raw = 's3://key:{secret}@bucket/x'",
        f"u = 'h://x/y?token={secret}&z=1'",
    ):
        shown = redacted(line)

        assert secret not in shown
        assert "***" in shown


def test_a_line_without_a_credential_stays_as_it_is():
    assert redacted("raw = 's3://bucket/raw'") == "raw = 's3://bucket/raw'"
