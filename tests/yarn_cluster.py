"""A real YARN for tests: Hadoop's own MiniYARNCluster, one node, its containers processes of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.spark import cache, java

HERE = Path(__file__).parent / "yarn"
HADOOP = "3.3.4"
SPARK = "3.5.3"  # a Spark whose Java YARN can run with
START_SECONDS = 180


class NoClusterError(Exception):
    """YARN cannot be had on this machine."""


def installed() -> Path:
    """Return the folder with YARN's jars, fetched by Maven where this machine has not fetched them yet.

    Raises:
        NoClusterError: there is no Maven, or it could not fetch them.
    """
    folder = cache.directory(f"minicluster-{HADOOP}", os.environ)
    if folder.is_dir():
        return folder
    if shutil.which("mvn") is None:
        raise NoClusterError("no YARN for tests: Maven fetches it, and there is no `mvn` on PATH")
    scratch = folder.with_suffix(f".{os.getpid()}")
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    ran = subprocess.run([*command, f"-DoutputDirectory={scratch}"], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise NoClusterError(f"no YARN for tests: {' '.join(command)} failed:\n{ran.stdout[-2000:]}")
    scratch.rename(folder)
    return folder


@contextmanager
def serving(directory: Path) -> Iterator[Path]:
    """Run YARN below a directory; yields its HADOOP_CONF_DIR. It ends with the block.

    Raises:
        NoClusterError: it does not start.
    """
    conf, log = directory / "conf", directory / "yarn.log"
    opens = [word for each in ("lang", "util") for word in ("--add-opens", f"java.base/java.{each}=ALL-UNNAMED")]
    executable = java.find(SPARK).home / "bin" / "java"
    compiler = executable if (executable.parent / "javac").exists() else Path(shutil.which("java") or executable)
    command = [str(compiler), "-Xmx512m", "-XX:+UseSerialGC", *opens]
    command += [f"-Dlog4j.configuration=file:{HERE / 'log4j.properties'}", "-cp", f"{installed()}/*"]
    command += [str(HERE / "YarnMini.java"), str(conf), str(directory / "yarn")]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=directory)
    try:
        for _ in range(START_SECONDS * 5):
            said = log.read_text(errors="replace")
            if "READY" in said:
                break
            # It leaves threads behind that keep a failed one alive.
            if process.poll() is not None or "Exception in thread" in said:
                raise NoClusterError(f"YARN does not start; it said:\n{said[-2000:]}")
            time.sleep(0.2)
        yield conf
    finally:
        process.terminate()
        process.wait(60)
