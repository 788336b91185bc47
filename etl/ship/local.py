"""This machine: the bundle as a process of its own, by spark-submit, in a directory that knows of no project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from signal import SIGTERM
from typing import Any, cast

from etl.errors import PlatformError, UsageError
from etl.model.s3 import S3Settings, is_s3
from etl.ship.platform import Platform, RemoteRun, Submission
from etl.ship.unpacked import cpu, unpacked
from etl.spark import cache

_LOG, _CODE, _PID, _GROUP, _STOPPED = "driver.log", "exit_code", "pid", "group", "cancelled"
_POLL_SECONDS = 0.2
# The process that waits outlives whoever submitted, and keeps the exit code. The run is a group of its own: what
# ends it does not end the one that waits.
_KEEPER = """
import json, os, signal, subprocess
said = json.load(open("command.json"))
with open("driver.log", "ab") as log:
    run = subprocess.Popen(
        said["command"], env=said["environment"], cwd="work", stdout=log, stderr=log, start_new_session=True
    )
    with open("group.new", "w") as file:
        file.write(str(run.pid))
    os.rename("group.new", "group")
    if os.path.exists("cancelled"):
        os.killpg(run.pid, signal.SIGTERM)
    code = run.wait()
with open("exit_code.new", "w") as file:
    file.write(str(code))
os.rename("exit_code.new", "exit_code")
"""


def here() -> tuple[str, str]:
    """Return this machine's Python and CPU as archives are named: ``3.11``, ``x86_64``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}", cpu()


def platform(_: object) -> Platform:
    """Return this module: its functions are the platform's."""
    return cast("Platform", sys.modules[__name__])


def submit(submission: Submission) -> str:
    """Start the run and return its id, the run's own; one that was started already is not started again.

    Raises:
        PlatformError: no pyspark, Java or jars.
    """
    folder = _folder(submission.run_id)
    words, environment = command(submission)
    try:
        (folder / "work").mkdir(parents=True)
    except FileExistsError:
        return submission.run_id
    (folder / "command.json").write_text(json.dumps({"command": words, "environment": environment}), encoding="utf-8")
    (folder / "command.json").chmod(0o600)  # the environment may hold credentials
    keeper = subprocess.Popen([sys.executable, "-I", "-c", _KEEPER], cwd=folder, start_new_session=True)
    (folder / _PID).write_text(str(keeper.pid), encoding="utf-8")
    keeper.returncode = 0  # it is left alone: no warning that it still runs
    return submission.run_id


def describe(remote_id: str) -> RemoteRun:
    """Return how a run stands; the reason of a failure is its exit code.

    Raises:
        UsageError: nothing was submitted here under this id.
    """
    folder = _there(remote_id)
    code = exit_code(remote_id)
    if code is None and not (folder / _PID).is_file():
        return RemoteRun(remote_id=remote_id, state="pending")
    if code is None:
        alive = _is_alive(int((folder / _PID).read_text()))
        # It may have ended between the two looks.
        code = None if alive else exit_code(remote_id)
        if code is None:
            lost = RemoteRun(remote_id=remote_id, state="failed", reason="its process is gone and left no exit code")
            return RemoteRun(remote_id=remote_id, state="running") if alive else lost
    if code == 0:
        return RemoteRun(remote_id=remote_id, state="succeeded")
    stopped = (folder / _STOPPED).is_file()
    return RemoteRun(remote_id=remote_id, state="cancelled" if stopped else "failed", reason=f"exit code {code}")


def cancel(remote_id: str) -> None:
    """Ask the run's processes to end, as SIGTERM does; nothing happens where it has ended.

    Raises:
        UsageError: nothing was submitted here under this id.
    """
    if describe(remote_id).state == "running":
        folder = _there(remote_id)
        (folder / _STOPPED).touch()
        if (folder / _GROUP).is_file():  # else the one that waits sees the mark when it has started the run
            os.killpg(int((folder / _GROUP).read_text()), SIGTERM)


def logs(remote_id: str) -> Iterator[str]:
    """Yield the lines so far of driver and launcher.

    Raises:
        UsageError: nothing was submitted here under this id.
    """
    file = _there(remote_id) / _LOG
    if file.is_file():
        yield from file.read_text(encoding="utf-8", errors="replace").splitlines()


def followed(remote_id: str) -> Iterator[str]:
    """Yield the lines of a run as they come, until it has ended."""
    told, ended = 0, False
    while not ended:
        ended = describe(remote_id).state not in {"pending", "running"}
        lines = list(logs(remote_id))
        yield from lines[told:]
        told = len(lines)
        if not ended:
            time.sleep(_POLL_SECONDS)


def exit_code(remote_id: str) -> int | None:
    """Return the run's own exit code; None while it has none."""
    file = _there(remote_id) / _CODE
    return int(file.read_text()) if file.is_file() else None


def command(submission: Submission) -> tuple[list[str], dict[str, str]]:
    """Return spark-submit's words and the environment of its process.

    Raises:
        PlatformError: no pyspark, Java or jars.
    """
    try:
        import pyspark
    except ImportError:
        raise PlatformError("PySpark is not installed", remedy="pip install 'headrace[local]'") from None
    from etl.spark import jars, java

    version, home = pyspark.__version__, Path(pyspark.__file__).parent
    foreign = ("PYTHONPATH", "PYTHONHOME", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET")
    environment = {k: v for k, v in os.environ.items() if k not in foreign and not k.startswith(("SPARK_", "ETL__"))}
    environment |= {
        "JAVA_HOME": str(java.find(version).home),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    classpath = jars.delta_jars(version)
    more: dict[str, str] = {"spark.ui.enabled": "false"}
    if any(is_s3(value) for value in _roots(submission)):
        from etl.spark.s3 import reach

        classpath += jars.s3_jars(version)
        there = reach(S3Settings(), version, _folder(submission.run_id) / "work")
        more, environment = {**more, **there.conf}, {**environment, **there.environment}
    paths = [str(unpacked(Path(submission.bundle) / each.file)) for each in submission.archives]
    if paths:
        more["spark.executorEnv.PYTHONPATH"] = ":".join(paths)
    settings = {"spark.master": "local[*]", **more, **submission.settings}
    words = [str(home / "bin" / "spark-submit")]
    words += [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
    words += ["--jars", ",".join(map(str, classpath)), "--py-files", submission.zip, submission.main]
    return [*words, *submission.argv()], environment


def _roots(submission: Submission) -> list[str]:
    given: Mapping[str, Any] = json.loads(submission.arguments.get("set", "{}"))
    return [str(value) for value in given.values()]


def _folder(run_id: str) -> Path:
    return cache.directory(f"submitted/{run_id}", os.environ)


def _there(run_id: str) -> Path:
    folder = _folder(run_id)
    if not folder.is_dir():
        raise UsageError(f"no run {run_id} was submitted on this machine", remedy="`etl runs` lists the runs there are")
    return folder


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.is_file() and state.read_text().rpartition(")")[2].split()[:1] == ["Z"])
