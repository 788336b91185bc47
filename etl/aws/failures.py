"""What the SDK for Python raises, as our conditions: whose it is, whether it passes, what to do."""

from __future__ import annotations

from typing import Any

from etl.aws.access import LOGIN
from etl.errors import EtlError, PlatformError, ThrottledError, UnreachableError

RIGHTS = {"PutObject": "s3:PutObject", "GetObject": "s3:GetObject", "DeleteObject": "s3:DeleteObject"}
RIGHTS |= {"ListObjectsV2": "s3:ListBucket"}
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
UNKNOWN_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId"})
ELSEWHERE = "the bucket is in another region"
REDIRECTED = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
# The last two: another conditional write or a deletion is under way, and AWS asks to try again.
BUSY = frozenset({"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout"})
BUSY |= {"ConditionalRequestConflict", "OperationAborted"}
MOVED, FORBIDDEN, TOO_MANY, SERVER, NOT_IMPLEMENTED = 301, 403, 429, 500, 501


def condition(error: Exception, uri: str) -> EtlError:
    """Return the condition behind an error of botocore's.

    Args:
        error: what was raised.
        uri: the object or the prefix that was asked for.
    """
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError, SSLError
    from botocore.exceptions import ConnectionError as NoConnectionError
    from urllib3.exceptions import HTTPError

    if isinstance(error, ClientError):
        return _refused(error, uri)
    if isinstance(error, SSLError):
        return PlatformError(
            f"{uri}: the server's certificate is not trusted: {error}",
            remedy="name the file with your company's certificates in AWS_CA_BUNDLE",
        )
    # A server that is being restarted refuses connections; so does an address where none is.
    if isinstance(
        error, NoConnectionError | HTTPClientError | IncompleteReadError | HTTPError
    ):  # the last: an error's own body broke off
        return UnreachableError(uri, str(error))
    return PlatformError(f"{uri}: {error}", remedy=LOGIN)


def code_of(error: Any) -> tuple[str, int]:
    """Return the code and the HTTP status of an error that a service answered with."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return str(error.response.get("Error", {}).get("Code", "")), int(status)


def _refused(error: Any, uri: str) -> EtlError:
    code, status = code_of(error)
    said = f"{code}: {error.response.get('Error', {}).get('Message', '')}".strip(": ")
    right = RIGHTS.get(error.operation_name, error.operation_name)
    if code in BUSY or status == TOO_MANY or (status >= SERVER and status != NOT_IMPLEMENTED):
        return ThrottledError(f"{right} on {uri}", said)
    happened, remedy = _happened(code, status, right)
    region = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
    if happened == ELSEWHERE and region:
        happened += f", {region}"
    return PlatformError(f"{uri}: {happened} ({said})", remedy=remedy)


def _happened(code: str, status: int, right: str) -> tuple[str, str]:
    if code in EXPIRED:
        return "the credentials have expired", LOGIN
    if code in UNKNOWN_KEYS:
        return "the server does not know these credentials", LOGIN
    if code == "NoSuchBucket":
        return "there is no such bucket", "create it, or correct its name in conf/"
    if code in REDIRECTED or status == MOVED:
        return ELSEWHERE, "set s3.region in conf/ to the bucket's"
    if status == FORBIDDEN:
        return f"{right} is not allowed", (
            f"give these credentials {right}, and where a KMS key encrypts kms:GenerateDataKey and kms:Decrypt on it; "
            "docs/s3.md lists all rights"
        )
    return f"{right} was refused with {status}", "docs/s3.md says what a server must know"
