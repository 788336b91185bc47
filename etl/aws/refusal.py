"""What a service that runs jobs refuses, as our conditions: who must act, whether it passes, what to do."""

from __future__ import annotations

import re
from typing import Any

from etl.aws.access import LOGIN
from etl.aws.failures import BUSY, EXPIRED, SERVER, TOO_MANY, UNKNOWN_KEYS, code_of
from etl.errors import EtlError, PlatformError, ThrottledError, TransientError, UnreachableError

PREFIXES = {"emr": "elasticmapreduce"}  # of a right, where that is not boto3's name of the service
RATE = BUSY | {"TooManyRequestsException", "ThrottledException", "RequestThrottled"}
GONE = frozenset({"EntityNotFoundException", "ResourceNotFoundException", "ClusterNotFound"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
FULL = frozenset({"ConcurrentRunsExceededException"})
QUOTA = frozenset({"ResourceNumberLimitExceededException", "ServiceQuotaExceededException", "LimitExceededException"})
_DENIED = re.compile(r"not authorized to perform: (?P<action>[\w:*-]+)(?: on resource: (?P<resource>\S+))?")
_STEPS_FULL = "Maximum number of active steps"
_ENDED = re.compile(r"shutting down|terminated|may not be modified", re.IGNORECASE)
_ABSENT = re.compile(r"is not valid|not found|does not exist", re.IGNORECASE)
# The first that fits: codes, words of the message, what happened, what to do.
_CONDITIONS = (
    (EXPIRED, None, "{right}: the credentials have expired", LOGIN),
    (UNKNOWN_KEYS, None, "{right}: the service does not know these credentials", LOGIN),
    (
        QUOTA,
        None,
        "{right} for {subject}: a quota of this account is used up",
        "nothing was started: wait, or ask for more in Service Quotas",
    ),
    (frozenset[str](), _ENDED, "{subject} has ended, or is ending", "name one that runs in [submit.<name>]"),
    (
        GONE,
        _ABSENT,
        "{subject} is not there",
        "compare its name or id, the region and the account with [submit.<name>]",
    ),
)


def refusal(error: Exception, service: str, operation: str, subject: str) -> EtlError:
    """Return the condition behind an error of botocore's.

    Args:
        error: what was raised.
        service: boto3's name of it.
        operation: the API's name of what was asked.
        subject: what it was asked for, as people know it: ``Glue job nightly``.
    """
    from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError, NoRegionError
    from botocore.exceptions import ConnectionError as NoConnectionError

    right = f"{PREFIXES.get(service, service)}:{operation}"
    if isinstance(error, ClientError):
        return _refused(error, right, subject)
    if isinstance(error, NoConnectionError | HTTPClientError):
        return UnreachableError(f"{right} for {subject}", str(error))
    if isinstance(error, NoRegionError):
        return PlatformError(
            f"{right}: no region is said", remedy="set s3.region in conf/, AWS_REGION, or region of the profile"
        )
    remedy = LOGIN if isinstance(error, NoCredentialsError) else f"what was asked is in `etl submit --dry-run`; {LOGIN}"
    return PlatformError(f"{right} for {subject}: {error}", remedy=remedy)


def is_refused(error: EtlError) -> bool:
    """Say whether a request that failed so was not carried out: the service said no. Else nobody knows."""
    from botocore.exceptions import ClientError

    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause)[1] < SERVER


def is_gone(error: EtlError) -> bool:
    """Say whether what was asked for is not there."""
    from botocore.exceptions import ClientError

    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause)[0] in GONE


def _refused(error: Any, right: str, subject: str) -> EtlError:
    code, status = code_of(error)
    message = str(error.response.get("Error", {}).get("Message", ""))
    said = f"{code}: {message}".strip(": ")
    if code in RATE or status == TOO_MANY or status >= SERVER:
        return ThrottledError(f"{right} for {subject}", said)
    if code in FULL or _STEPS_FULL in message:
        return TransientError(
            f"{subject} has as many runs as it may have at once ({said})",
            remedy="nothing was started: submit again when one has ended, or allow more of them",
        )
    denied = _DENIED.search(message)
    if denied or code in DENIED:
        action = denied["action"] if denied else right
        where = denied["resource"].rstrip(".") if denied and denied["resource"] else subject
        return PlatformError(
            f"{action} on {where} is not allowed ({said})",
            remedy=f"give these credentials {action}; `etl iam` prints what is needed",
        )
    happened, remedy = _happened(code, message, right, subject)
    return PlatformError(f"{happened} ({said})", remedy=remedy)


def _happened(code: str, message: str, right: str, subject: str) -> tuple[str, str]:
    for codes, words, happened, remedy in _CONDITIONS:
        if code in codes or (words and words.search(message)):
            return happened.format(right=right, subject=subject), remedy
    return f"{right} for {subject} was refused", "correct [submit.<name>] as the message says; nothing was started"
