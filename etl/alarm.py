"""Alarms for job authors: what ``Job(on_failure=[…], on_success=[…], on_late=[…])`` lists.

Each is raised once for one cause, and one that cannot be raised is said and fails nothing. Where an argument is a
secret, write where it lies: ``env://SLACK_URL``, ``ssm://name``, ``secretsmanager://name#key``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from etl.errors import DefinitionError
from etl.model.alarm import Command, Email, EventBridge, Sns, Style, Webhook

TOPIC_PARTS = 6
ADDRESSES = ("https://", "http://")
REFERENCES = ("env://", "ssm://", "secretsmanager://")
SERVERS = ("smtp://", "smtps://", "env://")


def sns(topic: str, *, subject: str = "", message: str = "") -> Sns:
    """Publish to a topic.

    Args:
        topic: its ARN; the region is taken from it.
        subject: at most 100 characters, as SNS has it; empty says job, interval and what happened.
        message: empty says what failed, why, what is affected and the next command.
    """
    if not topic.startswith("arn:") or len(topic.split(":")) != TOPIC_PARTS:
        raise DefinitionError(f"topic={topic!r} is no ARN of a topic", remedy="arn:aws:sns:REGION:ACCOUNT:NAME")
    return Sns(topic, subject, message)


def webhook(url: str, *, style: Style = "json") -> Webhook:
    """Post to an address.

    Args:
        url: or where it lies.
        style: ``json`` posts the notice's values, ``slack`` a ``text``, ``teams`` an adaptive card.
    """
    if not url.startswith((*ADDRESSES, *REFERENCES)):
        raise DefinitionError(f"url={url!r} begins with none of {', '.join((*ADDRESSES, *REFERENCES))}")
    if style not in get_args(Style):
        raise DefinitionError(f"style={style!r} is none of {', '.join(get_args(Style))}")
    return Webhook(url, style)


def email(
    to: str | Sequence[str],
    *,
    sender: str,
    server: str = "env://ETL_SMTP",
    user: str = "",
    password: str = "",
    subject: str = "",
    message: str = "",
) -> Email:
    """Send a message by SMTP.

    Args:
        to: one address or several.
        sender: the address it comes from; SES wants it verified.
        server: ``smtp://host:587`` (STARTTLS where the server offers it) or ``smtps://host:465``, or where that lies.
        user: empty logs in nowhere.
        password: where it lies; a password itself is refused.
        subject: empty is Headrace's own.
        message: empty is Headrace's own.
    """
    addresses = (to,) if isinstance(to, str) else tuple(to)
    for address in (*addresses, sender):
        if "@" not in address or set("\r\n") & set(address):
            raise DefinitionError(f"{address!r} is no address")
    if not addresses or not server.startswith(SERVERS):
        raise DefinitionError(f"to={to!r}, server={server!r}: name an address, and a server as smtp://host:587")
    if password and not password.startswith(REFERENCES):
        raise DefinitionError("password is no reference", remedy=f"write where it lies: {', '.join(REFERENCES)}…")
    return Email(addresses, server, sender, user, password, subject, message)


def eventbridge(bus: str = "default") -> EventBridge:
    """Put an event: source ``headrace``, detail-type ``Interval failure``, ``… success`` or ``… late``."""
    return EventBridge(bus)


def command(argv: Sequence[str]) -> Command:
    """Run a program, without a shell; the notice is JSON on its standard input. It is ended after a minute."""
    if isinstance(argv, str) or not argv:
        raise DefinitionError(f"argv={argv!r} is no list of words")
    return Command(tuple(argv))
