"""One request to a service: made again where that is safe, looked for first where an answer was lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from etl.aws.refusal import is_refused, refusal
from etl.errors import EtlError, OutcomeUnknownError, PlatformError
from etl.model.run import utc_now
from etl.model.s3 import S3Settings
from etl.ship.call import Call

TRIES = 8
LONGEST = 20.0  # seconds between two tries
LOOKS = 5  # for a run whose answer was lost: lists are behind by seconds

Answer = Mapping[str, Any]
Client = Callable[[str], Any]


def clients(settings: S3Settings) -> Client:
    """Return what makes clients of services, one each: of the configured profile and region, by AWS's default chain.

    They make each request once: what is tried again, and when, is decided here.

    Raises:
        PlatformError: boto3 is not installed, no such profile.
    """
    from etl.aws.access import LIMITS, session

    opened = session(settings)
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        if service not in made:
            limits = Config(**LIMITS | {"retries": {"mode": "standard", "total_max_attempts": 1}})
            try:
                made[service] = opened.client(service, config=limits)
            except BotoCoreError as error:
                raise refusal(error, service, "*", "any") from error
        return made[service]

    return client


@frozen(kw_only=True)
class Asking:
    """How services are asked.

    Args:
        client: gives boto3's client of a service.
        s3: how S3 is reached, for logs there.
        pause: waits so many seconds.
        now: the time, in UTC.
        chance: a number from 0 to 1: those who collided part.
    """

    client: Client = field(repr=False)
    s3: S3Settings = field(factory=S3Settings)
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = utc_now
    chance: Callable[[], float] = random.random

    def ask(self, service: str, operation: str, subject: str, **parameters: Any) -> Answer:
        """Make a request that may be made twice; again where a refusal passes or no answer came.

        Args:
            service: boto3's name of it.
            operation: the API's, ``DescribeStep``.
            subject: what is asked for, for people.
            **parameters: of the operation.

        Raises:
            EtlError: as ``etl.aws.refusal`` has it.
        """
        call = Call(service=service, operation=operation, parameters=parameters)
        for attempt in range(TRIES):
            try:
                return self._once(call, subject)
            except EtlError as error:
                if not _passes(error) or attempt == TRIES - 1:
                    raise
                self._wait(attempt)
        raise AssertionError("the last try returns or raises")

    def send(self, call: Call, subject: str, found: Callable[[], str], made: Callable[[Answer], str]) -> str:
        """Make a request that starts something, which no token makes one: whatever it started is looked for first.

        Args:
            call: the request.
            subject: what is asked for, for people.
            found: the id of what was started already; empty where nothing was.
            made: the id, of the answer.

        Raises:
            OutcomeUnknownError: no answer came, and nothing was found.
            EtlError: the service refused.
        """
        there = found()
        if there:
            return there
        for attempt in range(TRIES):
            try:
                return made(self._once(call, subject))
            except EtlError as error:
                if not _passes(error):
                    raise
                refused, last = is_refused(error), error
            if attempt == TRIES - 1 and refused:
                raise last
            self._wait(attempt)
            there = "" if refused else self._looked(found)
            if there:
                return there
        raise OutcomeUnknownError(
            f"{call.operation} for {subject}: no answer, and nothing was found: {last.message}",
            remedy="submit again with the same --run-id: it is looked for before anything is sent",
        )

    def pages(self, service: str, operation: str, subject: str, **parameters: Any) -> Iterator[Answer]:
        """Yield the answers to a request that lists, page by page."""
        given = dict(parameters)
        while True:
            answer = self.ask(service, operation, subject, **given)
            yield answer
            name = "Marker" if "Marker" in answer else "NextToken" if "NextToken" in answer else "nextToken"
            if not answer.get(name):
                return
            given[name] = answer[name]

    def _once(self, call: Call, subject: str) -> Answer:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client(call.service)
        try:
            answer: Answer = getattr(client, xform_name(call.operation))(**call.parameters)
        except (BotoCoreError, ClientError) as error:
            raise refusal(error, call.service, call.operation, subject) from error
        return answer

    def _looked(self, found: Callable[[], str]) -> str:
        for look in range(LOOKS):
            there = found()
            if there:
                return there
            if look < LOOKS - 1:
                self._wait(look + 1)
        return ""

    def _wait(self, attempt: int) -> None:
        self.pause((0.5 + self.chance() / 2) * min(float(2**attempt), LONGEST))


def _passes(error: EtlError) -> bool:
    """A refusal for as long as others run does not pass in seconds."""
    from etl.errors.failures import PassingError

    return isinstance(error, PassingError)


def parted(remote_id: str, subject: str) -> tuple[str, str]:
    """Return the two parts of a run's id there: what it runs in, and its own.

    Raises:
        PlatformError: it has no two.
    """
    place, slash, own = remote_id.rpartition("/")
    if not slash:
        raise PlatformError(f"{remote_id!r} is no id of a run of {subject}", remedy="`etl status RUN` shows it")
    return place, own
