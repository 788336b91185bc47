"""What the engine asks of files, of a bucket on a real S3 server."""

import pytest

from etl.errors import InputError, RefusedAccessError, ThrottledError, UnreachableError
from etl.model.dataset import Dataset
from etl.spark.errors import classify
from etl.spark.hadoop import below, entries
from etl.storage.content import content
from etl.storage.listing import list_files, recheck
from tests.faults.proxy import faults

pytestmark = pytest.mark.spark


@pytest.fixture
def put(s3_bucket):
    """Put an object as somebody else would."""
    return lambda key, body: s3_bucket.server.client().put_object(Bucket=s3_bucket.name, Key=key, Body=body)


def rows(root):
    return Dataset(name="raw.rows", uri=f"{root}/raw/rows", format="csv")


def test_the_files_below_many_folders_are_told_with_their_etags(spark, s3_root, put):
    for day in (1, 2, 3):
        put(f"raw/rows/day=2013-02-0{day}/größe #1 [x].csv", b"a" * day)
    folders = [f"{s3_root}/raw/rows/day=2013-02-0{day}" for day in range(1, 5)]

    found = below(spark, folders)

    assert [(entry.uri, entry.size) for folder in folders[:3] for entry in found[folder]] == [
        (f"{folder}/größe #1 [x].csv", size) for size, folder in enumerate(folders[:3], 1)
    ]
    assert found[folders[3]] == []
    assert found[folders[0]][0].etag == "0cc175b9c0f1b6a831c399e269772661"  # MD5 of "a"
    assert [entry.is_folder for entry in entries(spark, f"{s3_root}/raw/rows")] == [True] * 3


def test_the_same_bytes_delivered_again_are_the_same_content(spark, s3_root, put):
    put("raw/rows/a.csv", b"id\n1\n")
    first = list_files(spark, rows(s3_root), None, None, optional=False)
    put("raw/rows/a.csv", b"id\n1\n")
    again = list_files(spark, rows(s3_root), None, None, optional=False)
    put("raw/rows/a.csv", b"id\n2\n")
    other = list_files(spark, rows(s3_root), None, None, optional=False)

    named = [content(rows(s3_root), listing) for listing in (first, again, other)]
    assert named[0] == named[1] != named[2]


def test_a_file_that_changes_while_it_is_read_is_told(spark, s3_root, put):
    put("raw/rows/a.csv", b"id\n1\n")
    before = list_files(spark, rows(s3_root), None, None, optional=False)
    put("raw/rows/a.csv", b"id\n2\n")

    with pytest.raises(InputError, match=r"a\.csv was delivered, changed or removed"):
        recheck(spark, rows(s3_root), None, None, before)


def test_a_missing_bucket_is_named_and_exit_code_5(spark, s3_root):
    with pytest.raises(Exception, match=r"NoSuchBucket|does not exist") as caught:
        spark.read.text("s3://no-such-bucket-here/a").collect()

    told = classify(caught.value, "source rows")

    assert isinstance(told, RefusedAccessError)
    assert told.uri == "s3://no-such-bucket-here/a"
    assert "Request ID" not in str(told)


def test_credentials_that_the_server_does_not_know_are_exit_code_5(spark, s3_root, s3_bucket, monkeypatch):
    other = s3_bucket.server.new_bucket()  # a file system keeps the credentials it was opened with
    hadoop = spark._jsc.hadoopConfiguration()
    right = hadoop.get("fs.s3a.secret.key")
    hadoop.set("fs.s3a.secret.key", "wrong")
    try:
        with pytest.raises(Exception, match="403") as caught:
            spark.read.text(f"s3://{other}/a").collect()
        told = classify(caught.value, "source rows")
    finally:
        hadoop.set("fs.s3a.secret.key", right)

    assert isinstance(told, RefusedAccessError)
    assert told.uri == f"s3://{other}/a"


def test_an_object_that_is_not_there_is_no_matter_of_access(spark, s3_root):
    with pytest.raises(Exception, match="PATH_NOT_FOUND") as caught:
        spark.read.text(f"{s3_root}/nothing").collect()

    assert classify(caught.value, "source rows") is None


@pytest.mark.parametrize(("fault", "condition"), [("503", ThrottledError), ("reset", UnreachableError)])
def test_a_server_that_does_not_answer_is_transient(spark, s3_root, s3_bucket, fault, condition):
    other = s3_bucket.server.new_bucket()
    hadoop = spark._jsc.hadoopConfiguration()
    quick = {"fs.s3a.attempts.maximum": "1", "fs.s3a.retry.limit": "1", "fs.s3a.retry.throttle.limit": "1"}
    with faults(s3_bucket.server.endpoint, **{fault: 1.0}) as proxy:
        for key, value in (quick | {"fs.s3a.endpoint": proxy.endpoint}).items():
            hadoop.set(f"fs.s3a.bucket.{other}.{key.removeprefix('fs.s3a.')}", value)
        with pytest.raises(Exception, match="s3://") as caught:
            spark.read.text(f"s3://{other}/a").collect()

    assert isinstance(classify(caught.value, "source rows"), condition)
