"""An HTTP proxy that breaks what passes through it: by a seed, or what is asked for next.

A request is answered with ``503`` (SlowDown), ``500`` or ``409`` without reaching the server; its connection is cut
before it gets there (``reset``), after it has landed (``lost``), or amid the answer (``torn``); or it takes a while
(``slow``).
"""

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from attrs import define, field

ANSWERS = {"503": (503, "SlowDown"), "500": (500, "InternalError"), "409": (409, "ConditionalRequestConflict")}
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


@define
class Faults:
    """What breaks: ``rates`` of each fault, 0.3 for three requests of ten; ``coming``, those of the next requests."""

    endpoint: str
    rates: dict[str, float] = field(factory=dict)
    coming: deque[str] = field(factory=deque)
    chance: random.Random = field(factory=random.Random)
    done: Counter = field(factory=Counter)
    lock: threading.Lock = field(factory=threading.Lock)

    def next(self):
        with self.lock:
            draw, fault = self.chance.random(), "pass"
            for name, rate in self.rates.items():
                if draw < rate:
                    fault = name
                    break
                draw -= rate
            fault = self.coming.popleft() if self.coming else fault
            self.done[fault] += 1
            return fault


@contextmanager
def faults(upstream, seed=0, **rates):
    """Serve what breaks before ``upstream``; yields ``Faults``, whose endpoint is asked in its place."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.upstream = urlsplit(upstream).netloc
    server.faults = Faults(f"http://127.0.0.1:{server.server_port}", rates, chance=random.Random(seed))  # noqa: S311
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.faults
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        fault, body = self.server.faults.next(), self._body()
        if fault == "reset":
            return self._cut()
        if fault == "slow":
            time.sleep(0.3)
        if fault in ANSWERS:
            status, code = ANSWERS[fault]
            said = f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
            return self._answer(status, [("Content-Type", "application/xml")], b"" if self.command == "HEAD" else said)
        status, headers, answer = self._asked(body)
        if fault == "lost":
            return self._cut()
        return self._answer(status, headers, answer, torn=fault == "torn" and len(answer) > 1)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward  # noqa: N815 the names that http.server asks for

    def _body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _asked(self, body):
        there = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # Host too: it is part of what is signed
                if name.lower() not in {"connection", "expect", "transfer-encoding", "content-length"}:
                    there.putheader(name, value)
            if self.command in {"PUT", "POST"} or body:
                there.putheader("Content-Length", str(len(body)))
            there.endheaders(body)
            found = there.getresponse()
            return found.status, found.getheaders(), found.read()
        finally:
            there.close()

    def _answer(self, status, headers, body, *, torn=False):
        self.send_response(status)
        kept = [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
        if self.command != "HEAD":
            kept = [(name, value) for name, value in kept if name.lower() != "content-length"]
            kept.append(("Content-Length", str(len(body))))
        for name, value in kept:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if torn else body)
        if torn:
            self._cut()

    def _cut(self):
        self.wfile.flush()
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *_):
        pass
