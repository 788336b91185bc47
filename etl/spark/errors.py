"""What a failed Spark action was: its condition, told by class, by Spark's error class or SQLSTATE, by words last.

Words come last because a message can hold anything, the author's own values too: where a class or a code has spoken, or
where it was the author's own Python that raised, nobody reads on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from attrs import frozen

from etl.errors import (
    EtlError,
    JobCancelledError,
    LostExecutorError,
    LostJvmError,
    Place,
    ThrottledError,
    UnreachableError,
    UnreadableFileError,
    UnwritableError,
    WriteConflictError,
)
from etl.spark.causes import Cause, causes, chain, summary

__all__ = ["chain", "classify", "condition_of", "is_of_the_rows", "is_unreadable", "summary"]


@frozen
class Sign:
    """What a condition is known by.

    Args:
        condition: the condition.
        classes: simple names of Java or Python classes; a subclass counts.
        codes: Spark's and Delta's error classes, or the beginning of one, and SQLSTATEs.
        words: how messages say it that come with neither.
    """

    condition: type[EtlError]
    classes: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()
    words: str = r"(?!)"


# In the order they are asked: what is said more exactly stands first, since a time-out may be the cause of any of them.
# Delta 3 and 4, Hadoop, the AWS SDKs 1 and 2, JDBC.
SIGNS = (
    Sign(JobCancelledError, codes=("SPARK_JOB_CANCELLED",), words=r"Job \d+ cancelled"),
    # Delta's Python copies of its exceptions have neither a Java origin nor a class above them in common.
    Sign(
        WriteConflictError,
        frozenset(
            {
                "DeltaConcurrentModificationException",
                "ConcurrentAppendException",
                "ConcurrentDeleteReadException",
                "ConcurrentDeleteDeleteException",
                "ConcurrentTransactionException",
                "ConcurrentWriteException",
                "MetadataChangedException",
                "ProtocolChangedException",
            }
        ),
        ("2D521", "DELTA_CONCURRENT_", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED"),
    ),
    Sign(
        LostExecutorError,
        frozenset({"FetchFailedException", "ExecutorDeadException", "ExecutorLostFailure"}),
        words=r"ExecutorLostFailure|FetchFailed|Executor heartbeat timed out|Missing an output location for shuffle"
        r"|exited (?:caused by|unrelated to) (?:one of )?the running tasks|Slave lost|Worker lost",
    ),
    Sign(
        ThrottledError,
        frozenset(
            {
                "AWSServiceThrottledException",
                "AWSStatus500Exception",
                "ThrottlingException",
                "SlowDownException",
                "ProvisionedThroughputExceededException",
                "RequestLimitExceededException",
                "TooManyRequestsException",
            }
        ),
        words=r"Slow ?Down|RequestLimitExceeded|ThrottlingException|Throttled|reduce your request rate|Rate exceeded"
        r"|Status Code: (?:429|5\d\d)|ServiceUnavailable",
    ),
    Sign(
        UnreadableFileError,
        frozenset({"ZipException", "ChecksumException", "SparkFileNotFoundException"}),
        ("FAILED_READ_FILE", "FILE_NOT_EXIST", "KD001"),
        r"is not a Parquet file|FAILED_READ_FILE|FILE_NOT_EXIST|error while reading file"
        r"|corrupted file: |[Cc]ould not read footer",
    ),
    Sign(
        UnwritableError,
        frozenset(
            {
                "AccessControlException",
                "AccessDeniedException",
                "ParentNotDirectoryException",
                "DiskErrorException",
                "ReadOnlyFileSystemException",
                "ClusterStorageCapacityExceededException",
            }
        ),
        ("DELTA_CANNOT_CREATE_LOG_PATH",),
        r"Permission denied|No space left on device|ParentNotDirectory|Read-only file system|Disk quota exceeded"
        r"|Mkdirs failed|Status Code: 403",
    ),
    Sign(LostJvmError, frozenset({"Py4JNetworkError"})),
    Sign(
        UnreachableError,
        frozenset(
            {
                "ApiCallAttemptTimeoutException",
                "ApiCallTimeoutException",
                "ConnectException",
                "ConnectTimeoutException",
                "ConnectionError",
                "EndpointConnectionError",
                "HTTPClientError",
                "HttpTimeoutException",
                "NoHttpResponseException",
                "SQLRecoverableException",
                "SQLTransientException",
                "SocketException",
                "SocketTimeoutException",
                "TimeoutError",
                "TimeoutException",
                "UnknownHostException",
            }
        ),
        words=r"Connection (?:was )?(?:reset|refused|closed)|Connection timed out|connect timed out|Read timed out"
        r"|Broken pipe",
    ),
)

OWN_CODE = frozenset({"PythonException"})  # raised by a UDF of the author's
DATA = ("21", "22", "23", "38", "39")  # SQLSTATE: a value, a constraint, a function of the author's
SQLSTATE_LENGTH = 5
EARLY_END = frozenset({"EOFException", "FileNotFoundException"})  # of a file, where some file is at fault


def classify(error: BaseException, what: str, *, place: Place | None = None, uri: str | None = None) -> EtlError | None:
    """Return the condition behind a failure, None where it is no machine's, service's, file's or other writer's.

    Args:
        error: what was raised, by the JVM or by Python; its causes are looked at too.
        what: who was doing it, which the message begins with.
        place: where that was said.
        uri: where it was going to write.
    """
    condition = condition_of(causes(error))
    if condition is None:
        return None
    compose: Callable[[str, str], EtlError] = condition
    if condition is UnwritableError:
        compose = partial(UnwritableError, uri=uri)
    told = compose(what, summary(error))
    told.place = place
    return told


def condition_of(failure: Iterable[Cause]) -> type[EtlError] | None:
    """Return the class of the condition behind a failure, None where it has none of these."""
    links = tuple(failure)
    names, codes = _names(links), _codes(links)
    if OWN_CODE & names:
        return None
    for sign in SIGNS:
        if sign.classes & names or any(code.startswith(sign.codes) for code in codes):
            return sign.condition
    if any(map(_is_data, codes)):
        return None
    said = "\n".join(link.message for link in links)
    return next((sign.condition for sign in SIGNS if re.search(sign.words, said)), None)


def is_of_the_rows(error: BaseException) -> bool:
    """Whether a Spark action failed on the author's rows: a value, a constraint, the author's own function, a task."""
    links = causes(error)
    if OWN_CODE & _names(links) or any(map(_is_data, _codes(links))):
        return True
    return any("Job aborted due to stage failure" in link.message for link in links)


def is_unreadable(error: BaseException) -> bool:
    """Whether a file that cannot be read, or ends too early, may be why: then it is worth looking which."""
    links = causes(error)
    return condition_of(links) is UnreadableFileError or bool(EARLY_END & _names(links))


def _names(links: Iterable[Cause]) -> frozenset[str]:
    return frozenset().union(*(link.names for link in links))


def _codes(links: Iterable[Cause]) -> frozenset[str]:
    return frozenset().union(*(link.codes for link in links))


def _is_data(code: str) -> bool:
    return len(code) == SQLSTATE_LENGTH and code.startswith(DATA)
