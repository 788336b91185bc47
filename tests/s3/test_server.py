import os

import boto3
import pytest
from botocore.exceptions import ClientError


def test_a_bucket_of_its_own_is_found_by_the_environment_alone(s3_bucket):
    boto3.session.Session().client("s3").put_object(Bucket=s3_bucket.name, Key="a/b", Body=b"1")

    assert s3_bucket.keys() == ["a/b"]
    assert (s3_bucket.server.directory / s3_bucket.name / "a/b").read_bytes() == b"1"


def test_a_second_creation_of_one_key_is_refused(s3_bucket):
    client = s3_bucket.server.client()
    client.put_object(Bucket=s3_bucket.name, Key="a", Body=b"1", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=s3_bucket.name, Key="a", Body=b"2", IfNoneMatch="*")


def test_keys_of_another_are_refused(s3_bucket, monkeypatch):
    monkeypatch.setitem(os.environ, "AWS_SECRET_ACCESS_KEY", "wrong")

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        boto3.session.Session().client("s3").list_objects_v2(Bucket=s3_bucket.name)
