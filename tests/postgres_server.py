"""A real PostgreSQL for tests: the binaries of the package pgserver, on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from etl.model.connection import Connection
from tests.s3_server import NoServerError, _free_port

USER, PASSWORD = "headrace", "a canary's secret"
VARIABLE = "HEADRACE_TEST_PASSWORD"
# Fast, and nothing of it outlives the tests.
FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=32MB -c max_connections=100"


@frozen
class Postgres:
    """A running server."""

    port: int
    directory: Path
    programs: Path

    @property
    def connection(self) -> Connection:
        """How it is reached; the password lies in a variable."""
        url = f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"
        return Connection(url=url, user=USER, password=f"env://{VARIABLE}")

    @property
    def client(self) -> list[str | Path]:
        """The command that asks it, without options."""
        return [self.programs / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres"]

    def sql(self, text: str) -> list[str]:
        """Carry out statements, each for itself, and return the lines of what they answer, columns parted by |."""
        environ = {**os.environ, "PGPASSWORD": PASSWORD}
        ran = subprocess.run(
            [*self.client, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", text],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()

    def restart(self) -> None:
        """End every connection, stop the server and start it again."""
        _control(self, "-m", "fast", "restart")


def programs() -> Path:
    """Return the folder of the server's programs.

    Raises:
        NoServerError: their package is not installed.
    """
    found = find_spec("pgserver")
    if found is None or not found.submodule_search_locations:
        raise NoServerError("no PostgreSQL for tests: the package pgserver is not installed")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


@contextmanager
def serving() -> Iterator[Postgres]:
    """Run a server; it ends with the block.

    Raises:
        NoServerError: its package is not installed.
    """
    # pytest's own directories are closed to the user that the server runs as.
    directory = Path(tempfile.mkdtemp(prefix="headrace-postgres-"))
    server = Postgres(_free_port(), directory, programs())
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, "nobody")
        (directory / "password").write_text(PASSWORD)
        (directory / "password").chmod(0o644)
        said = ["-U", USER, "-A", "scram-sha-256", "--no-sync", "--locale=C", "-E", "UTF8"]
        password = f"--pwfile={directory / 'password'}"
        _run([server.programs / "initdb", "-D", directory / "data", *said, password])
        _control(server, "start")
        yield server
    finally:
        if (directory / "data" / "postmaster.pid").is_file():
            _control(server, "-m", "immediate", "stop")
        shutil.rmtree(directory, ignore_errors=True)


def _control(server: Postgres, *words: str) -> None:
    options = f"-p {server.port} -h 127.0.0.1 -k {server.directory} {FAST}"
    log = server.directory / "log"
    _run([server.programs / "pg_ctl", "-D", server.directory / "data", "-w", "-l", log, "-o", options, *words])


def _run(command: list[object]) -> None:
    user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    words = [str(word) for word in command]
    # Its children keep the pipes: the output goes to a file.
    with tempfile.TemporaryFile() as said:
        ran = subprocess.run(words, stdout=said, stderr=said, cwd="/", check=False, **user)
        said.seek(0)
        assert ran.returncode == 0, said.read().decode()


def wait_until(holds, seconds: float = 30.0) -> None:
    """Look again until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not"
        time.sleep(0.05)
