"""Raising an alarm: a notice by SNS, webhook, e-mail, EventBridge or a command."""

from __future__ import annotations

import json
import os
import re
import signal
import smtplib
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from functools import singledispatch
from typing import Any, Protocol
from urllib.parse import urlsplit

from attrs import field, frozen

from etl.errors import PlatformError
from etl.model.alarm import Alarm, Command, Email, EventBridge, Sns, Style, Webhook
from etl.model.s3 import S3Settings

PATIENCE = 20.0  # seconds for an answer
LONGEST = 60.0  # seconds for a command
SUBJECT = 100  # characters, as SNS has it: ASCII, no line break
REFERENCE = re.compile(r"(env|ssm|secretsmanager)://")


class Notice(Protocol):
    """What an alarm tells: a title, a text for people, values for programs."""

    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    def to_json(self) -> dict[str, Any]: ...


@frozen(kw_only=True)
class Means:
    """What raising an alarm needs.

    Args:
        secret: a reference to what it stands for.
        aws: how AWS is reached.
        client: a service and a region to a client of boto3's, where not by ``aws``.
    """

    secret: Callable[[str], str]
    aws: S3Settings = field(factory=S3Settings)
    client: Callable[[str, str], Any] | None = None

    def plain(self, text: str) -> str:
        """Return a text, or what it refers to."""
        return self.secret(text) if REFERENCE.match(text) else text

    def service(self, name: str, region: str = "") -> Any:
        """Return a client of a service."""
        from etl.aws.access import session

        if self.client:
            return self.client(name, region)
        return session(self.aws).client(name, region_name=region or None)


def raise_alarm(alarm: Alarm, notice: Notice, means: Means) -> None:
    """Tell one notice one way; it waits at most a minute.

    Raises:
        PlatformError: it could not be told, and why. No secret is in the text.
    """
    _raise(alarm, notice, means)


@singledispatch
def _raise(alarm: Any, _: Notice, __: Means) -> None:
    raise PlatformError(f"{alarm!r} is no alarm", remedy="etl.alarm has the builders")


@_raise.register
def _(alarm: Sns, notice: Notice, means: Means) -> None:
    subject = _line(alarm.subject or notice.title).encode("ascii", "replace").decode()[:SUBJECT]
    client = means.service("sns", alarm.topic.split(":")[3])
    _call("sns", client.publish, TopicArn=alarm.topic, Subject=subject, Message=alarm.message or str(notice))


@_raise.register
def _(alarm: EventBridge, notice: Notice, means: Means) -> None:
    entry = {
        "Source": "headrace",
        "DetailType": f"Interval {notice.kind}",
        "Detail": json.dumps(notice.to_json()),
        "EventBusName": alarm.bus,
    }
    answer = _call("events", means.service("events").put_events, Entries=[entry])
    if answer.get("FailedEntryCount"):  # the call itself succeeds
        refused = answer["Entries"][0]
        raise PlatformError(f"EventBridge refused the event: {refused.get('ErrorCode')} {refused.get('ErrorMessage')}")


@_raise.register
def _(alarm: Webhook, notice: Notice, means: Means) -> None:
    data = json.dumps(_posted(alarm.style, notice)).encode()
    request = urllib.request.Request(  # noqa: S310 - the builder takes http and https alone, and so does what follows
        _address(means.plain(alarm.url)), data, {"Content-Type": "application/json", "User-Agent": "headrace"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(200).decode(errors="replace")
        raise PlatformError(f"the webhook answered with {error.code}: {said}") from None
    except OSError as error:
        raise PlatformError(f"the webhook could not be reached: {error}") from None


@_raise.register
def _(alarm: Email, notice: Notice, means: Means) -> None:
    message = EmailMessage()
    message["From"], message["To"] = alarm.sender, ", ".join(alarm.to)
    message["Subject"] = _line(alarm.subject or notice.title)
    message.set_content(alarm.message or str(notice))
    place = urlsplit(means.plain(alarm.server))
    try:
        with _mail_server(place.scheme, place.hostname or "localhost", place.port) as server:
            if alarm.user:
                server.login(means.plain(alarm.user), means.plain(alarm.password))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        said = type(error).__name__ if isinstance(error, smtplib.SMTPAuthenticationError) else f"{error}"
        raise PlatformError(f"no mail by {place.hostname}: {said}", remedy="check server, user and sender") from None


@_raise.register
def _(alarm: Command, notice: Notice, __: Means) -> None:
    program = subprocess.Popen(
        alarm.argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = program.communicate(json.dumps(notice.to_json()), timeout=LONGEST)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        raise PlatformError(f"{alarm.argv[0]} had not ended after a minute, and was ended") from None
    if program.returncode:
        last = (said.strip().splitlines() or [""])[-1][:300]
        raise PlatformError(f"{alarm.argv[0]} ended with {program.returncode}: {last}")


def _mail_server(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=PATIENCE, context=trusted)
    server = smtplib.SMTP(host, port or 587, timeout=PATIENCE)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=trusted)
    return server


def _address(url: str) -> str:
    if urlsplit(url).scheme not in {"https", "http"}:
        raise PlatformError("the webhook's address does not begin with https://")
    return url


def _call(service: str, operation: Callable[..., Any], **asked: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    from etl.aws.failures import condition

    try:
        return operation(**asked)
    except (BotoCoreError, ClientError) as error:
        raise condition(error, service) from error


def _line(text: str) -> str:
    return " ".join(text.split())


def _posted(style: Style, notice: Notice) -> dict[str, Any]:
    if style == "slack":
        return {"text": f"*{notice.title}*\n```{notice}```"}
    return _card(notice) if style == "teams" else notice.to_json()


def _card(notice: Notice) -> dict[str, Any]:
    """Return what a Teams workflow posts: a message with an adaptive card. Source: Teams, Create incoming webhooks."""
    texts = [{"type": "TextBlock", "text": notice.title, "weight": "Bolder", "wrap": True}]
    texts += [{"type": "TextBlock", "text": line, "wrap": True} for line in str(notice).splitlines()[1:]]
    card = {"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4"}
    attached = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card | {"body": texts}}
    return {"type": "message", "attachments": [attached]}
