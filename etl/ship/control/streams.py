"""A stream of CloudWatch Logs, from its beginning."""

from __future__ import annotations

from collections.abc import Iterator

from etl.aws.refusal import is_gone
from etl.errors import EtlError
from etl.ship.control.asking import Asking

SERVICE = "logs"


def streamed(asking: Asking, group: str, stream: str) -> Iterator[str]:
    """Yield the lines of a stream; nothing where it is not there yet. The last page names itself as the next."""
    token: dict[str, str] = {}
    while True:
        try:
            page = asking.ask(
                SERVICE,
                "GetLogEvents",
                f"log stream {group} {stream}",
                logGroupName=group,
                logStreamName=stream,
                startFromHead=True,
                **token,
            )
        except EtlError as error:
            if is_gone(error):
                return
            raise
        for event in page["events"]:
            yield from event["message"].splitlines()
        following = page.get("nextForwardToken", "")
        if not following or following == token.get("nextToken"):
            return
        token = {"nextToken": following}
