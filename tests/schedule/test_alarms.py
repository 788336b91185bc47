"""Ways to tell people: each one really sent, or its request checked against AWS's model."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from attrs import frozen
from botocore.stub import ANY, Stubber

from etl import alarm
from etl.errors import DefinitionError, EtlError, PlatformError
from etl.schedule.alarms import Means, raise_alarm

pytestmark = pytest.mark.once
SECRET = "canary-4711"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:on-call"


@frozen
class Failed:
    """A notice."""

    title: str = "sales 2026-03-01 failed\n(prod)"
    kind: str = "failure"

    def to_json(self) -> dict[str, Any]:
        return {"job": "sales", "why": "Zürich"}

    def __str__(self) -> str:
        return f"{self.title}\nwhy: Zürich\nnext: etl why 01ABC"


MEANS = Means(secret=lambda _: SECRET)


@pytest.fixture
def web() -> Iterator[HTTPServer]:
    """A web server that keeps what it is sent, and answers with the code that its path names."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(int(self.path[1:]))
            self.end_headers()
            self.wfile.write(b"channel_not_found")

        def log_message(self, *_: Any) -> None:
            pass

    posted: list[Any] = []
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.posted = posted  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def mail() -> Iterator[Any]:
    """A mail server that keeps what it is sent; the user ``wrong`` may not log in."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                word = line[:4].upper().strip()
                if word == b"EHLO":
                    self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                elif word == b"AUTH":
                    self.wfile.write(b"535 no\r\n")
                elif word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    taken.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                    self.wfile.write(b"250 kept\r\n")
                else:
                    self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
                if word == b"QUIT":
                    return

    taken: list[str] = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.taken = taken  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def aws(service: str) -> tuple[Means, Stubber]:
    client: Any = boto3.client(  # type: ignore[call-overload]
        service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    stubber = Stubber(client)
    stubber.activate()
    return Means(secret=MEANS.secret, client=lambda _, __: client), stubber


def test_sns_gets_a_subject_that_it_takes() -> None:
    means, stubber = aws("sns")
    asked = {"TopicArn": TOPIC, "Subject": "sales 2026-03-01 failed (prod)", "Message": str(Failed())}
    stubber.add_response("publish", {"MessageId": "1"}, asked)
    raise_alarm(alarm.sns(TOPIC), Failed(), means)
    stubber.add_response("publish", {}, {"TopicArn": TOPIC, "Subject": "Z?rich " + "x" * 93, "Message": "own"})
    raise_alarm(alarm.sns(TOPIC, subject="Zürich " + "x" * 200, message="own"), Failed(), means)
    stubber.assert_no_pending_responses()


def test_the_topics_own_region_is_asked() -> None:
    means, stubber = aws("sns")
    client = means.service("sns")
    asked = []
    stubber.add_response("publish", {}, {"TopicArn": ANY, "Subject": ANY, "Message": ANY})
    regional = Means(secret=MEANS.secret, client=lambda service, region: (asked.append((service, region)), client)[1])
    raise_alarm(alarm.sns(TOPIC), Failed(), regional)
    assert asked == [("sns", "eu-west-1")]


def test_an_event_says_what_happened_in_its_type() -> None:
    means, stubber = aws("events")
    entry = {"Source": "headrace", "DetailType": "Interval failure", "Detail": ANY, "EventBusName": "ops"}
    stubber.add_response("put_events", {"FailedEntryCount": 0}, {"Entries": [entry]})
    raise_alarm(alarm.eventbridge("ops"), Failed(), means)
    stubber.assert_no_pending_responses()


def test_an_event_that_the_bus_refused_was_not_told() -> None:
    means, stubber = aws("events")
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorized", "ErrorMessage": "no"}]}
    stubber.add_response("put_events", refused)
    with pytest.raises(PlatformError, match="NotAuthorized no"):
        raise_alarm(alarm.eventbridge(), Failed(), means)


def test_a_right_that_is_missing_is_said() -> None:
    means, stubber = aws("sns")
    stubber.add_client_error("publish", "AuthorizationError", "not yours", 403)
    with pytest.raises(EtlError, match="not yours"):
        raise_alarm(alarm.sns(TOPIC), Failed(), means)


def test_a_webhook_is_posted_in_three_styles(web: Any) -> None:
    for style in ("json", "slack", "teams"):
        raise_alarm(alarm.webhook(f"http://127.0.0.1:{web.server_port}/200", style=style), Failed(), MEANS)  # type: ignore[arg-type]
    plain, slack, teams = web.posted
    assert plain == {"job": "sales", "why": "Zürich"}
    assert slack["text"].endswith("why: Zürich\nnext: etl why 01ABC```")
    assert teams["attachments"][0]["content"]["body"][-1]["text"] == "next: etl why 01ABC"


def test_a_webhook_that_refuses_is_said_without_its_address(web: Any) -> None:
    means = Means(secret=lambda _: f"http://127.0.0.1:{web.server_port}/404?{SECRET}")
    web.RequestHandlerClass.do_POST = lambda self: self.send_error(404, "gone")
    with pytest.raises(PlatformError, match="answered with 404") as caught:
        raise_alarm(alarm.webhook("env://HOOK"), Failed(), means)
    assert SECRET not in str(caught.value)


def test_a_webhook_that_is_not_there_is_said() -> None:
    with pytest.raises(PlatformError, match="could not be reached"):
        raise_alarm(alarm.webhook("http://127.0.0.1:1/x"), Failed(), MEANS)


def test_a_reference_to_no_web_address_is_refused() -> None:
    with pytest.raises(PlatformError, match="does not begin with https://"):
        raise_alarm(alarm.webhook("env://HOOK"), Failed(), Means(secret=lambda _: "file:///etc/passwd"))


def test_mail_arrives_with_subject_and_text(mail: Any) -> None:
    server = f"smtp://127.0.0.1:{mail.server_address[1]}"
    raise_alarm(alarm.email(["a@x.org", "b@x.org"], sender="etl@x.org", server=server), Failed(), MEANS)
    (message,) = mail.taken
    assert "To: a@x.org, b@x.org\r\n" in message
    assert "Subject: sales 2026-03-01 failed (prod)\r\n" in message


def test_a_refused_password_is_in_no_error(mail: Any) -> None:
    told = alarm.email(
        "a@x.org",
        sender="etl@x.org",
        server=f"smtp://127.0.0.1:{mail.server_address[1]}",
        user="wrong",
        password="env://SMTP_PASSWORD",
    )
    with pytest.raises(PlatformError, match="SMTPAuthenticationError") as caught:
        raise_alarm(told, Failed(), MEANS)
    assert SECRET not in str(caught.value)
    assert mail.taken == []


def test_a_command_gets_the_notice_on_its_standard_input(tmp_path: Path) -> None:
    raise_alarm(alarm.command(["bash", "-c", f"cat > {tmp_path}/told"]), Failed(), MEANS)
    assert json.loads((tmp_path / "told").read_text()) == Failed().to_json()


def test_a_command_that_fails_is_said() -> None:
    with pytest.raises(PlatformError, match="ended with 7: no pager"):
        raise_alarm(alarm.command(["bash", "-c", "cat >/dev/null; echo no pager; exit 7"]), Failed(), MEANS)


@pytest.mark.parametrize(
    "declared",
    [
        lambda: alarm.sns("on-call"),
        lambda: alarm.webhook("ftp://x"),
        lambda: alarm.webhook("https://x", style="discord"),  # type: ignore[arg-type]
        lambda: alarm.email("nobody", sender="a@x.org"),
        lambda: alarm.email("a@x.org\nBcc: b@x.org", sender="a@x.org"),
        lambda: alarm.email("a@x.org", sender="a@x.org", user="u", password=SECRET),
        lambda: alarm.email("a@x.org", sender="a@x.org", server="mail.x.org"),
        lambda: alarm.command("pager"),
    ],
)
def test_what_cannot_be_raised_is_refused_where_it_is_declared(declared: Any) -> None:
    with pytest.raises(DefinitionError) as caught:
        declared()
    assert SECRET not in str(caught.value)
