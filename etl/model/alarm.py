"""Ways to tell people what happened, as values; ``etl.alarm`` makes them, ``etl.schedule.alarms`` raises them."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Style = Literal["json", "slack", "teams"]


@frozen
class Sns:
    """A message to a topic of SNS; an empty subject or message is Headrace's own."""

    topic: str
    subject: str = ""
    message: str = ""


@frozen
class Webhook:
    """A POST; ``url`` may be a reference to a secret, for Slack's and Teams' addresses are ones."""

    url: str
    style: Style = "json"


@frozen
class Email:
    """A message by SMTP; see ``etl.alarm.email``."""

    to: tuple[str, ...]
    server: str
    sender: str
    user: str = ""
    password: str = ""
    subject: str = ""
    message: str = ""


@frozen
class EventBridge:
    """An event for rules to act on."""

    bus: str = "default"


@frozen
class Command:
    """A program that gets the notice as JSON on its standard input."""

    argv: tuple[str, ...]


Alarm = Sns | Webhook | Email | EventBridge | Command
