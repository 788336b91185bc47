"""What is particular to a bucket: its errors, its pages, what is sent with each request."""

import sys

import pytest
from attrs import evolve
from botocore.stub import ANY, Stubber

from etl.aws.access import has_path_style, own_endpoint, s3_client
from etl.errors import ConfigError, ConflictError, PlatformError, ThrottledError, TransientError
from etl.model.s3 import S3Settings
from etl.runs.s3 import TRIES, open_bucket


@pytest.fixture
def stubbed(monkeypatch):
    """Give a store whose requests go nowhere, and what answers them."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")

    def make(**settings):
        asked = S3Settings(region="eu-west-1", **settings)
        store = evolve(open_bucket("s3://shop/state", asked), client=s3_client(asked))  # a client of its own
        stub = Stubber(store.client)
        stub.activate()
        return store, stub

    return make


def test_without_boto3_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(PlatformError, match=r"headrace\[aws\]"):
        open_bucket("s3://shop", S3Settings())


def test_a_directory_bucket_is_refused():
    with pytest.raises(ConfigError, match="Express"):
        open_bucket("s3://shop--use1-az4--x-s3/state", S3Settings())


def test_an_unknown_profile_is_named(s3_bucket):
    with pytest.raises(PlatformError, match="nobody"):
        open_bucket(s3_bucket.root, S3Settings(profile="nobody"))


def test_no_credentials_at_all_are_exit_code_5(s3_bucket, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(PlatformError, match="credentials"):
        open_bucket(s3_bucket.root, S3Settings()).get("a")


def test_wrong_credentials_are_exit_code_5(s3_bucket, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")

    with pytest.raises(PlatformError, match="does not know these credentials"):
        open_bucket(s3_bucket.root, S3Settings()).put_if("a", b"", None)


def test_a_bucket_that_is_not_there_is_named(s3_bucket):
    with pytest.raises(PlatformError, match="s3://no-such-bucket-here/a: there is no such bucket"):
        open_bucket("s3://no-such-bucket-here", S3Settings()).get("a")


def test_a_listing_of_more_than_a_page_is_whole(s3_bucket, monkeypatch):
    monkeypatch.setattr("etl.runs.s3.PAGE", 2)
    store = open_bucket(s3_bucket.root, S3Settings())
    for number in range(5):
        store.put_if(f"a/{number}", b"", None)

    assert [entry.key for entry in store.list("a/")] == [f"a/{number}" for number in range(5)]
    assert [entry.key for entry in store.list("a/", after="a/0", limit=3)] == ["a/1", "a/2", "a/3"]


def test_what_is_no_key_of_ours_is_passed_over_in_a_listing(s3_bucket):
    s3_bucket.server.client().put_object(Bucket=s3_bucket.name, Key="a/", Body=b"")
    s3_bucket.server.client().put_object(Bucket=s3_bucket.name, Key="a/.hidden", Body=b"")
    store = open_bucket(s3_bucket.root, S3Settings())
    store.put_if("a/b", b"", None)

    assert [entry.key for entry in store.list("")] == ["a/b"]


def test_a_missing_right_is_named_with_the_object(stubbed):
    store, stub = stubbed()
    stub.add_client_error("put_object", "AccessDenied", "no", 403)

    with pytest.raises(PlatformError, match="s3://shop/state/a: s3:PutObject is not allowed") as refused:
        store.put_if("a", b"", None)

    assert "s3:PutObject" in refused.value.remedy


@pytest.mark.parametrize(
    ("code", "status", "error", "said"),
    [
        ("PermanentRedirect", 301, PlatformError, "another region"),
        ("ExpiredToken", 400, PlatformError, "expired"),
        ("NotImplemented", 501, PlatformError, "refused with 501"),
        ("SlowDown", 503, ThrottledError, "SlowDown"),
        ("InternalError", 500, TransientError, "InternalError"),
    ],
)
def test_an_answer_is_told_by_who_must_act(stubbed, code, status, error, said):
    store, stub = stubbed()
    for _ in range(TRIES + 1):
        stub.add_client_error("get_object", code, "why", status)

    with pytest.raises(error, match=said):
        store.get("a")


def test_a_write_that_meets_another_under_way_is_tried_again(stubbed):
    store, stub = stubbed()
    for _ in range(2):
        stub.add_client_error("put_object", "ConditionalRequestConflict", "again", 409)
    stub.add_response("put_object", {"ETag": '"1"'})

    assert store.put_if("a", b"", None) == '"1"'


def test_a_change_of_what_was_deleted_is_a_conflict(stubbed):
    store, stub = stubbed()
    stub.add_client_error("put_object", "NoSuchKey", "gone", 404)
    stub.add_client_error("get_object", "NoSuchKey", "gone", 404)

    with pytest.raises(ConflictError, match="gone"):
        store.put_if("a", b"", '"1"')


def test_objects_are_encrypted_and_paid_for_as_configured(stubbed):
    store, stub = stubbed(kms_key="alias/lake", requester_pays=True)
    payer = {"RequestPayer": "requester"}
    key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/lake"}
    where = {"Bucket": "shop", "Key": "state/a"}
    stub.add_response("put_object", {"ETag": '"1"'}, {**where, "Body": b"1", "IfNoneMatch": "*", **key, **payer})
    stub.add_response("delete_object", {}, {**where, "IfMatch": '"1"', **payer})
    stub.add_response("list_objects_v2", {}, {"Bucket": "shop", "Prefix": "state/", "MaxKeys": ANY, **payer})

    store.delete("a", store.put_if("a", b"1", None))

    assert list(store.list("")) == []
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, False),
        ({"addressing_style": "path"}, True),
        ({"endpoint": "https://s3.example.com"}, True),
        ({"endpoint": "https://s3.example.com", "addressing_style": "virtual"}, False),
        ({"endpoint": "https://vpce-1.s3.eu-west-1.vpce.amazonaws.com"}, True),
    ],
)
def test_a_bucket_stands_in_the_path_where_a_server_is_named(stubbed, monkeypatch, settings, path):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    store, _ = stubbed(**settings)

    address = store.client.generate_presigned_url("get_object", Params={"Bucket": "shop", "Key": "a"})

    assert ("//shop." not in address) == path
    assert has_path_style(store.client) == path
    assert own_endpoint(store.client) == settings.get("endpoint", "")


def test_the_stores_of_one_process_share_a_client(s3_bucket):
    assert open_bucket(f"{s3_bucket.root}/a", S3Settings()).client is open_bucket(s3_bucket.root, S3Settings()).client
