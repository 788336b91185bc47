"""A service of AWS behind HTTP, as a test has it answer: the real SDK asks it, botocore's model checks each request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

SESSION = botocore.session.get_session()
Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


class RefusedError(Exception):
    """What the service says no with: a code, and words."""


@contextmanager
def serving(service: str, answer: Answer) -> Iterator[int]:
    """Answer requests on a free port of loopback, and give the port; the server ends with the block.

    A request that the service's model does not allow is refused, and fails the test when the block ends.
    """
    model, wrong = SESSION.get_service_model(service), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            report = ParamValidator().validate(said, model.operation_model(operation).input_shape)
            if report.has_errors():
                wrong.append(f"{operation}: {report.generate_report()}")
            try:
                status, found = 200, answer(operation, said)
            except RefusedError as error:
                status, found = 400, {"__type": error.args[0], "message": error.args[1]}
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", f"application/x-amz-json-{model.metadata['jsonVersion']}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
    assert wrong == []
