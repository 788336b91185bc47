"""Services that executors ask too: how each is reached, and what it answers though it is busy at times."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from attrs import frozen

from etl.aws.access import LIMITS, session
from etl.aws.failures import code_of, condition
from etl.errors import ThrottledError
from etl.model.connection import Connection
from etl.model.s3 import S3Settings

TRIES = 12
BETWEEN = 0.2  # seconds after the first refusal, doubled for each further one
LONGEST = 5.0
BUSY = frozenset({"ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException"})
BUSY |= {"RequestLimitExceeded", "ThrottlingException", "ActiveStatementsExceededException"}
GONE = "ResourceNotFoundException"


@frozen
class Service:
    """How a service is reached; what is empty is found by AWS's default chain."""

    region: str
    endpoint: str = ""
    profile: str = ""

    @staticmethod
    def of(connection: Connection) -> Service:
        """Return how a connection's service is reached."""
        said = connection.properties
        return Service(connection.region, said.get("endpoint_url", ""), said.get("profile", ""))

    def client(self, name: str) -> Any:
        """Return a client of the service with this name.

        Raises:
            PlatformError: boto3 is not installed, or there is no such profile.
        """
        from botocore.config import Config

        opened = session(S3Settings(region=self.region, profile=self.profile))
        return opened.client(name, endpoint_url=self.endpoint or None, config=Config(**LIMITS))


def answered(
    ask: Callable[..., Any],
    uri: str,
    said: dict[str, Any],
    *,
    absent: str = "",
    pause: Callable[[float], None] = time.sleep,
) -> Any:
    """Ask, and again while the service is busy; None where it refuses with the code ``absent``.

    Raises:
        EtlError: the service refuses, or is busy for too long.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    for attempt in range(TRIES):
        try:
            return ask(**said)
        except ClientError as error:
            code, _ = code_of(error)
            if code == absent:
                return None
            if code not in BUSY:
                raise condition(error, uri) from error
            pause(min(LONGEST, BETWEEN * 2**attempt))
        except BotoCoreError as error:
            raise condition(error, uri) from error
    raise ThrottledError(uri, f"busy {TRIES} times")
