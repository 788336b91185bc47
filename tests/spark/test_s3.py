import json
import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from etl.aws.access import s3_client
from etl.aws.endpoint import lend
from etl.errors import ConfigError, PlatformError
from etl.model.s3 import S3Settings
from etl.spark.launch import _lent
from etl.spark.s3 import file_system, reach

KEY, SECRET, SESSION = "AKIAEXAMPLE", "an+example/secret", "a+session/token"


@pytest.fixture
def credentials(monkeypatch):
    """Set keys of a session, as `aws sso login` and `assume-role` give them, and nothing else of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)


def session(**credentials):
    frozen = {"access_key": KEY, "secret_key": SECRET, "token": None} | credentials
    expiry = {"_expiry_time": frozen.pop("expires")} if "expires" in frozen else {}
    found = SimpleNamespace(get_frozen_credentials=lambda: SimpleNamespace(**frozen), **expiry)
    return SimpleNamespace(get_credentials=lambda: found)


def asked(variables, token=None):
    sent = {"Authorization": token or variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    request = Request(variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers=sent)
    with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def test_a_jvm_is_told_the_server_that_python_asks(credentials):
    settings = S3Settings(endpoint="http://127.0.0.1:7070", region="eu-west-1", kms_key="alias/lake")

    conf = file_system(settings, s3_client(settings))

    assert conf["fs.s3.impl"] == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert conf["fs.s3a.endpoint"] == "http://127.0.0.1:7070"
    assert conf["fs.s3a.endpoint.region"] == "eu-west-1"
    assert conf["fs.s3a.path.style.access"] == "true"
    assert conf["fs.s3a.connection.ssl.enabled"] == "false"
    assert conf["fs.s3a.encryption.algorithm"] == "SSE-KMS"
    assert conf["fs.s3a.encryption.key"] == "alias/lake"


def test_on_aws_itself_a_jvm_finds_the_server_by_the_region(credentials):
    settings = S3Settings(region="eu-west-1")

    conf = file_system(settings, s3_client(settings))

    assert conf["fs.s3a.endpoint.region"] == "eu-west-1"
    assert conf["fs.s3a.path.style.access"] == "false"
    assert not {"fs.s3a.endpoint", "fs.s3a.encryption.algorithm", "fs.s3a.requester.pays.enabled"} & set(conf)


def test_no_credential_is_among_the_settings_and_variables_of_a_jvm(credentials, tmp_path):
    told = reach(S3Settings(), "3.5.9", tmp_path)

    said = " ".join([*told.conf.values(), *told.environment.values()])
    assert [secret for secret in (KEY, SECRET, SESSION) if secret in said] == []
    assert asked(told.environment)["SecretAccessKey"] == SECRET
    assert asked(told.environment)["Token"] == SESSION


def test_requester_pays_is_refused_where_hadoop_cannot_ask_for_it(credentials, tmp_path):
    settings = S3Settings(requester_pays=True)

    with pytest.raises(ConfigError, match="requester_pays"):
        reach(settings, "3.5.9", tmp_path)

    assert reach(settings, "4.1.4", tmp_path).conf["spark.hadoop.fs.s3a.requester.pays.enabled"] == "true"


def test_without_credentials_no_jvm_is_started(credentials, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(PlatformError, match="no AWS credentials"):
        reach(S3Settings(), "3.5.9", tmp_path)


def test_credentials_that_expire_are_lent_with_their_time():
    expires = datetime(2013, 2, 8, 6, tzinfo=UTC)

    assert asked(lend(session(token=SESSION, expires=expires))) == {
        "AccessKeyId": KEY,
        "SecretAccessKey": SECRET,
        "Token": SESSION,
        "Expiration": "2013-02-08T06:00:00Z",
    }


def test_botocore_still_says_when_credentials_expire():
    from botocore.credentials import RefreshableCredentials

    at = datetime.now(UTC) + timedelta(hours=2)
    fetched = {"access_key": KEY, "secret_key": SECRET, "token": SESSION, "expiry_time": at.isoformat()}
    found = RefreshableCredentials.create_from_metadata(fetched, lambda: fetched, "test")

    told = asked(lend(SimpleNamespace(get_credentials=lambda: found)))

    assert told["Expiration"] == at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_who_has_not_the_token_is_lent_nothing():
    with pytest.raises(HTTPError, match="403"):
        asked(lend(session()), token="guessed")


def test_this_process_keeps_its_own_environment():
    environ = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/own", "OTHER": "1"}

    with _lent(environ, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}):
        assert environ == {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/", "OTHER": "1"}

    assert environ == {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/own", "OTHER": "1"}
