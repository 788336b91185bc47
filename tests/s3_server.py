"""A real S3 server for tests, versitygw: what it promises of conditional writes it keeps in every race.

``python tests/s3_server.py`` builds it, once a machine and version (1–2 minutes where Go's caches are cold).
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen

from etl.spark import cache as kept

MODULE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
REQUIRED = "ETL_REQUIRE_SERVERS"  # set where a missing server is a failure: .ci/run
REGION = "us-east-1"
START_SECONDS = 60
ACCESS_LOG = "access.log"


class NoServerError(Exception):
    """The server cannot be had on this machine."""


@frozen
class S3Server:
    """A running server: where it listens, who may ask it, and the directory that holds its buckets."""

    endpoint: str
    access_key: str
    secret_key: str
    directory: Path

    def environment(self) -> dict[str, str]:
        """Return the variables by which every AWS SDK finds the server."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def access_log(self) -> str:
        """Return what was asked so far, a line each: who, which operation, which key, and the request's URI."""
        return (self.directory.parent / ACCESS_LOG).read_text(encoding="utf-8", errors="replace")

    def client(self) -> Any:
        """Return a plain boto3 client, to look behind what is tested."""
        return _client(self.endpoint, self.access_key, self.secret_key)

    def new_bucket(self) -> str:
        """Create a bucket nobody has and return its name."""
        name = f"headrace-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=name)
        return name


@frozen
class Bucket:
    """A bucket of one test, on a server that this process's environment points to."""

    name: str
    server: S3Server

    @property
    def root(self) -> str:
        """Its address, without a slash at the end."""
        return f"s3://{self.name}"

    def keys(self, prefix: str = "") -> list[str]:
        """Return what it holds, sorted."""
        pages = self.server.client().get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


@cache
def _client(endpoint: str, access_key: str, secret_key: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    return boto3.session.Session(**keys).client("s3", endpoint_url=endpoint, region_name=REGION)


def installed(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the server's program, built by Go where this machine has not built it yet.

    Raises:
        NoServerError: there is no Go, or it did not build.
    """
    folder = kept.directory(f"versitygw-{VERSION}", environ)
    program = folder / "versitygw"
    if program.is_file():
        return program
    go = shutil.which("go")
    if go is None:
        raise NoServerError("no S3 server for tests: it is built by Go, and there is no `go` on PATH")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:  # both columns' tests may begin at one time
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.is_file():
            return program
        building = folder / "building"
        build = [go, "install", f"{MODULE}@{VERSION}"]
        ran = subprocess.run(
            build, env={**environ, "GOBIN": str(building)}, capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise NoServerError(f"no S3 server for tests: {' '.join(build)} failed:\n{ran.stderr[-2000:]}")
        (building / program.name).rename(program)
    return program


@contextmanager
def serving(directory: Path) -> Iterator[S3Server]:
    """Run a server on a port of its own; it ends with the block.

    Raises:
        NoServerError: it does not start.
    """
    program = installed()
    buckets, log = directory / "buckets", directory / "server.log"
    buckets.mkdir()
    port = _free_port()
    access_key, secret_key = "test", "testtest"
    command = [str(program), "--port", f"127.0.0.1:{port}", "--region", REGION, "--quiet"]
    command += ["--access-log", str(directory / ACCESS_LOG), "posix", str(buckets)]
    credentials = {"ROOT_ACCESS_KEY": access_key, "ROOT_SECRET_KEY": secret_key}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | credentials, stdout=output, stderr=output)
    try:
        _await(process, port, log)
        yield S3Server(f"http://127.0.0.1:{port}", access_key, secret_key, buckets)
    finally:
        process.terminate()
        process.wait(30)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(START_SECONDS * 20):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NoServerError(f"the S3 server does not listen on port {port}; it said:\n{log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.stdout.write(f"{installed()}\n")
