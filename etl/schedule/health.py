"""Whether the scheduler decides: a page over HTTP for whoever watches it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from etl.errors import UsageError

Health = Callable[[], dict[str, Any]]


@contextmanager
def serving(address: str, health: Health) -> Iterator[str]:
    """Serve ``/health`` while the block runs; yields its address.

    The answer is JSON: 200 while ``health`` says ``healthy``, else 503.

    Args:
        address: ``host:port``, or a port on the loopback interface; port 0 takes a free one.
        health: tells how the scheduler is.

    Raises:
        UsageError: the address is none, or is taken.
    """
    host, _, port = address.rpartition(":")
    try:
        server = ThreadingHTTPServer((host or "127.0.0.1", int(port)), _handler(health))
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"cannot serve health at {address!r}: {error}", remedy="--health 127.0.0.1:0") from None
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="health", daemon=True)
    thread.start()
    try:
        yield f"http://{server.server_address[0]!s}:{server.server_address[1]}/health"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            if self.path.partition("?")[0] not in ("/", "/health"):
                self.send_error(404)
                return
            said = health()
            body = json.dumps(said, default=str).encode()
            self.send_response(200 if said["healthy"] else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a probe comes every few seconds."""

    return Handler
