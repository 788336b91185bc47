"""Credentials for a JVM on this machine, by the protocol that AWS's containers get theirs by.

Both AWS SDKs for Java ask such an endpoint, and again before what it gave them expires: so a JVM has what Python's
default chain finds, an SSO login or an assumed role too, and no secret stands in its settings, arguments or files.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from etl.aws.access import LOGIN
from etl.errors import PlatformError
from etl.model.run import utc_now

FORBIDDEN, FAILED = 403, 500
ASKED_AGAIN = timedelta(hours=1)
# Where the JVM's environment has one of these, it would be asked first.
OTHERS = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")


def lend(opened: Any) -> dict[str, str]:
    """Serve the credentials of a boto3 session on a port of 127.0.0.1 until this process ends.

    Only who has the token is answered; it goes to the JVM in its environment, as credentials do elsewhere.

    Returns:
        The variables that lead a JVM there.

    Raises:
        PlatformError: there are no credentials, or they cannot be had.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        credentials = opened.get_credentials()
        if credentials is None:
            raise PlatformError("no AWS credentials: not in variables, profile, container or instance", remedy=LOGIN)
        credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        raise PlatformError(f"AWS credentials cannot be had: {error}", remedy=LOGIN) from error
    token = secrets.token_urlsafe(32)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(token, lambda: _told(credentials)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="aws-credentials", daemon=True).start()
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_port}/",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }


def _told(credentials: Any) -> dict[str, str]:
    found = credentials.get_frozen_credentials()  # fetched anew ten minutes before they expire
    # botocore has no public name for it; the second SDK for Java breaks without one, also for keys that never expire.
    expires = getattr(credentials, "_expiry_time", None) or utc_now() + ASKED_AGAIN
    told = {"AccessKeyId": found.access_key, "SecretAccessKey": found.secret_key}
    token = {"Token": found.token} if found.token else {}
    return told | token | {"Expiration": expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _handler(token: str, told: Callable[[], dict[str, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server asks for
            if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), token.encode()):
                self._answer(FORBIDDEN, {"code": "Forbidden", "message": "another token"})
                return
            try:
                self._answer(200, told())
            except Exception as error:  # told to the SDK, whose exception then says so
                self._answer(FAILED, {"code": type(error).__name__, "message": str(error)})

        def _answer(self, status: int, said: dict[str, str]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a run's output is its own."""

    return Handler
