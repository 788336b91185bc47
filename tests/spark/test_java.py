import os
import subprocess
from pathlib import Path

import pytest

from etl.errors import PlatformError
from etl.spark import java


def java_home(at: Path, version: str, modules: str = "java.base jdk.incubator.vector") -> Path:
    (at / "bin").mkdir(parents=True)
    executable = at / "bin" / "java"
    executable.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    executable.chmod(0o755)
    (at / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return at


def environment(tmp_path: Path, **names: Path | str) -> dict[str, str]:
    """No Java on the PATH, and a cache of its own."""
    return {"PATH": str(tmp_path / "nothing"), "XDG_CACHE_HOME": str(tmp_path / "cache")} | {
        name: str(value) for name, value in names.items()
    }


@pytest.fixture(autouse=True)
def no_java_wheel(monkeypatch):
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda _name: None)


def test_the_java_named_for_headrace_comes_before_java_home(tmp_path):
    ours, theirs = java_home(tmp_path / "ours", "17.0.1"), java_home(tmp_path / "theirs", "17.0.2")

    found = java.find("3.5.9", environment(tmp_path, ETL_JAVA_HOME=ours, JAVA_HOME=theirs))

    assert found == java.Java(ours, 17, "ETL_JAVA_HOME")


def test_a_java_of_the_wrong_version_gives_way_to_the_next(tmp_path):
    old, fitting = java_home(tmp_path / "old", "1.8.0_392"), java_home(tmp_path / "fitting", "17.0.15")

    found = java.find("3.5.9", environment(tmp_path, JAVA_HOME=old, PATH=fitting / "bin"))

    assert found == java.Java(fitting.resolve(), 17, "java on PATH")


def test_java_21_is_fit_for_spark_4_only(tmp_path):
    environ = environment(tmp_path, JAVA_HOME=java_home(tmp_path / "java", "21.0.8"))

    assert java.find("4.1.4", environ).version == 21
    with pytest.raises(PlatformError):
        java.find("3.5.9", environ)


def test_a_refusal_names_every_candidate_and_its_version(tmp_path):
    newer, broken = java_home(tmp_path / "newer", "25.0.2"), tmp_path / "broken"

    with pytest.raises(PlatformError) as caught:
        java.find("3.5.9", environment(tmp_path, ETL_JAVA_HOME=broken, JAVA_HOME=newer))

    assert f"ETL_JAVA_HOME ({broken}): no working bin/java" in caught.value.message
    assert f"JAVA_HOME ({newer}): Java 25" in caught.value.message
    assert "openjdk-17" in caught.value.remedy


def test_a_java_without_a_release_file_is_asked_itself(tmp_path):
    real = tmp_path / "real"
    shim = tmp_path / "shim" / "bin" / "java"
    shim.parent.mkdir(parents=True)
    shim.write_text(f"#!/bin/sh\necho '    java.home = {real}' >&2\necho 'openjdk version \"17.0.15\"' >&2\n")
    shim.chmod(0o755)

    assert java.find("3.5.9", environment(tmp_path, PATH=shim.parent)) == java.Java(real, 17, "java on PATH")


def test_spark_4_gets_a_java_that_ignores_the_one_module_it_lacks(tmp_path):
    home = java_home(tmp_path / "it's small", "17.0.9", modules="java.base java.se")

    found = java.find("4.1.4", environment(tmp_path, JAVA_HOME=home))

    assert found.home != home
    command = [str(found.home / "bin" / "java"), "-Da=b c", "--add-modules=jdk.incubator.vector", "Main", "--x", ""]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "-Da=b c\nMain\n--x\n\n"


def test_the_private_java_is_made_once(tmp_path):
    environ = environment(tmp_path, JAVA_HOME=java_home(tmp_path / "java", "17.0.9", modules="java.base"))
    script = java.find("4.1.4", environ).home / "bin" / "java"
    os.utime(script, (1, 1))

    java.find("4.1.4", environ)

    assert script.stat().st_mtime == 1
