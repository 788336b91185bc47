import pytest
from pyspark.sql import functions as F

from etl.errors import (
    JobCancelledError,
    LostExecutorError,
    Place,
    ThrottledError,
    UnreachableError,
    UnreadableFileError,
    UnwritableError,
    WriteConflictError,
)
from etl.spark.causes import Cause, causes
from etl.spark.errors import classify, condition_of, is_of_the_rows, is_unreadable

LOST = (
    "Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times, most recent failure: Lost task 0.3 in stage "
    "1.0 (TID 7) (ip-10-0-0-1 executor 3): ExecutorLostFailure (executor 3 exited caused by one of the running tasks)"
)
THROTTLED = "PutObject on a/b: S3Exception: Please reduce your request rate. (Service: S3, Status Code: 503)"


def java(*names, code=None, said=""):
    return Cause(frozenset(names), frozenset({code} if code else ()), said)


@pytest.mark.parametrize(
    ("cause", "condition"),
    [
        (java("ConcurrentAppendException", "DeltaConcurrentModificationException"), WriteConflictError),
        (java("RenamedByANewDelta", "DeltaConcurrentModificationException"), WriteConflictError),
        (java("Other", code="2D521"), WriteConflictError),
        (Cause(frozenset({"ProtocolChangedException", "CapturedException"})), WriteConflictError),
        (java("Other", code="DELTA_METADATA_CHANGED"), WriteConflictError),
        (java("Other", code="DELTA_CONCURRENT_SOMETHING_NEW"), WriteConflictError),
        (java("MetadataFetchFailedException", "FetchFailedException"), LostExecutorError),
        (java("SparkException", said=LOST), LostExecutorError),
        (java("AWSServiceThrottledException"), ThrottledError),
        (java("AWSServiceIOException", "IOException", said=THROTTLED), ThrottledError),
        (java("AmazonClientException", said="RequestLimitExceeded"), ThrottledError),
        (Cause(frozenset({"ClientError"}), message="An error occurred (SlowDown) when calling"), ThrottledError),
        (java("SocketTimeoutException", "InterruptedIOException"), UnreachableError),
        (java("IOException", said="Connection reset by peer"), UnreachableError),
        (java("TimeoutException", said="The event queue is not empty after 60000 ms."), UnreachableError),
        (java("PSQLException", "SQLTransientConnectionException", "SQLTransientException"), UnreachableError),
        (java("PSQLException", "SQLException", code="57P01"), UnreachableError),
        (java("SparkException", said="PSQLException: FATAL: terminating connection due to"), UnreachableError),
        (java("AccessControlException"), UnwritableError),
        (java("DeltaIOException", code="DELTA_CANNOT_CREATE_LOG_PATH"), UnwritableError),
        (java("IOException", said="No space left on device"), UnwritableError),
        (java("SparkFileNotFoundException", "FileNotFoundException"), UnreadableFileError),
        (java("SparkException", code="FAILED_READ_FILE.NO_HINT"), UnreadableFileError),
        (java("RuntimeException", said="a.parquet is not a Parquet file"), UnreadableFileError),
        (java("SparkException", said="Job 7 cancelled part of cancelled job group a"), JobCancelledError),
        (java("SparkException", code="SPARK_JOB_CANCELLED"), JobCancelledError),
        (java("NullPointerException"), None),
    ],
)
def test_a_condition_is_told_by_class_by_code_and_by_words_last(cause, condition):
    assert condition_of([java("SparkException"), cause]) is condition


def test_words_of_the_authors_own_value_are_not_read():
    value = java("SparkNumberFormatException", code="22018", said="The value 'SlowDown' cannot be cast")

    assert condition_of([java("SparkException", said=f"Job aborted: {value.message}"), value]) is None


def test_what_the_authors_own_python_raises_is_the_authors_whatever_it_says():
    assert condition_of([java("SparkException"), java("PythonException", said="Connection reset by peer")]) is None


def test_a_python_error_is_looked_through_to_its_cause():
    error = RuntimeError("outer")
    error.__cause__ = ConnectionResetError(104, "reset")

    assert condition_of(causes(error)) is UnreachableError


def test_the_condition_names_who_where_and_what_was_said():
    told = classify(TimeoutError("60 s"), "job shop, step clean.orders", place=Place("jobs/shop.py", 7))

    assert (told.exit_code, told.retryable, told.place) == (75, True, Place("jobs/shop.py", 7))
    assert "step clean.orders: no answer in time: 60 s" in told.message


def caught(action):
    with pytest.raises(Exception) as raised:  # noqa: PT011 whatever Spark raises
        action()
    return raised.value


def test_a_bad_value_is_of_the_rows(spark):
    error = caught(
        lambda: spark.sql("SELECT CAST(id AS STRING) || 'x' AS t FROM range(3)").selectExpr("CAST(t AS INT)").collect()
    )

    assert is_of_the_rows(error)
    assert classify(error, "step a.b") is None


def test_what_a_udf_of_the_authors_raises_is_of_the_rows(spark):
    @F.udf("int")
    def broken(_):
        raise ConnectionError("Connection reset")

    error = caught(lambda: spark.range(1).select(broken("id")).collect())

    assert is_of_the_rows(error)
    assert classify(error, "step a.b") is None


def test_a_plan_that_spark_refuses_is_not_of_the_rows(spark):
    assert not is_of_the_rows(caught(lambda: spark.range(1).select("nothing")))


def test_a_broken_parquet_file_is_unreadable(spark, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 this is none at all PAR1")

    error = caught(lambda: spark.read.schema("id INT").parquet(str(tmp_path)).collect())

    assert is_unreadable(error)
    assert classify(error, "step a.b").exit_code == 9


def test_a_directory_that_is_a_file_cannot_be_written(spark, tmp_path):
    (tmp_path / "taken").write_text("x")

    error = caught(lambda: spark.range(1).write.parquet(str(tmp_path / "taken" / "below")))
    told = classify(error, "step a.b", uri="the target")

    assert (type(told), told.uri) == (UnwritableError, "the target")


def test_deltas_own_conflicts_are_told_by_the_class_above_them(spark):
    loader = spark._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    kind = loader.loadClass("org.apache.spark.sql.delta.ConcurrentWriteException")

    assert condition_of([java(kind.getSuperclass().getSimpleName())]) is WriteConflictError


def test_a_cause_of_the_jvm_has_its_code_and_its_sqlstate(spark):
    error = caught(lambda: spark.sql("SELECT 1 / 0 AS x").collect())

    codes = frozenset().union(*(cause.codes for cause in causes(error)))
    assert {"DIVIDE_BY_ZERO", "22012"} <= codes
