"""What conditions of the machine, its services, files and other writers are known by, whoever raised them."""

from __future__ import annotations

import re

from attrs import frozen

from etl.errors import (
    EtlError,
    JobCancelledError,
    LostExecutorError,
    LostJvmError,
    RefusedAccessError,
    ThrottledError,
    UnreachableError,
    UnreadableFileError,
    UnwritableError,
    WriteConflictError,
)


@frozen
class Sign:
    """What a condition is known by.

    Args:
        condition: the condition.
        classes: simple names of Java or Python classes; a subclass counts.
        codes: Spark's and Delta's error classes, or the beginning of one, and SQLSTATEs.
        words: how messages say it that come with neither.
        besides: what a message must say too where a class alone tells less; of all classes, if empty.
    """

    condition: type[EtlError]
    classes: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()
    words: str = r"(?!)"
    besides: str = ""

    def fits(self, names: frozenset[str], codes: frozenset[str], said: str) -> bool:
        """Say whether a failure's classes or codes are this condition's."""
        if not self.classes & names:
            return any(code.startswith(self.codes) for code in codes)
        return bool(re.search(self.besides, said))


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
        RefusedAccessError,
        frozenset(
            {
                "AmazonServiceException",
                "AwsServiceException",
                "CredentialInitializationException",
                "NoAuthWithAWSException",
                "NoAwsCredentialsException",
                "UnknownStoreException",
            }
        ),
        besides=r"Status Code: 40[013]|NoSuchBucket|[Cc]redentials|UnknownStore",
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
        # SQLSTATE: the connection broke, the server goes down. A task's exception may come as words alone.
        ("08", "57P"),
        r"Connection (?:was )?(?:reset|refused|closed)|Connection timed out|connect timed out|Read timed out"
        r"|Broken pipe|[Cc]onnection has been closed|terminating connection due to"
        r"|I/O error occurred while sending to the backend",
    ),
)
