"""What cannot be imported from a zip: found, put into archives, sent, and unpacked by main.py."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from etl.errors import PlatformError, ProjectError, UsageError
from etl.project import scaffold
from etl.ship import bundle
from etl.ship.archive import Archive, Targets, archives, fitting, write_zip
from etl.ship.built import built_in
from etl.ship.dependencies import Dependency, _form
from etl.ship.unpacked import find_packages

ANY = Archive(file="packages-any.zip", packages={"boto3": "1"})
ARM = Archive(file="packages-cp311-arm64.zip", python="3.11", cpu="arm64", packages={"fast": "2"}, wheels=("wheels/f",))
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def shop(directory, *dependencies):
    scaffold.lay_out(directory, "shop")
    file = directory / "pyproject.toml"
    said = file.read_text().splitlines()
    wanted = ", ".join(f'"{name}"' for name in dependencies)
    file.write_text(
        "\n".join(f"dependencies = [{wanted}]" if line.startswith("dependencies") else line for line in said)
    )
    return directory


@pytest.fixture(scope="module")
def with_boto3(tmp_path_factory):
    directory = shop(tmp_path_factory.mktemp("project") / "shop", "headrace[aws]")
    return bundle.build(directory, directory / "dist", steps=("clean.orders", "marts.spent"))


@pytest.mark.parametrize(
    ("files", "form"),
    [
        ({"p/__init__.py": b"x = 1", "p/data.json": b"{}"}, "zip"),
        ({"p/__init__.py": b"open(__file__)"}, "zip"),
        ({"p/__init__.py": b"open(__file__)", "p/py.typed": b""}, "zip"),
        ({"p/__init__.py": b"open(__file__)", "p/data.json": b"{}"}, "unpacked"),
        ({"p/__init__.py": b"", "p/_c.cpython-311-x86_64-linux-gnu.so": b""}, "native"),
    ],
)
def test_how_a_package_travels_follows_from_its_files(files, form):
    assert _form("p", files) == form


def test_boto3_is_in_an_archive_and_not_in_the_zip(with_boto3):
    (only,) = with_boto3.archives

    assert only.file == "packages-any.zip"
    assert {"boto3", "botocore"} <= set(only.packages)
    with zipfile.ZipFile(with_boto3.zip) as app:
        assert not [name for name in app.namelist() if name.startswith(("boto3/", "botocore/"))]


def test_the_engine_with_its_dependencies_takes_less_than_a_megabyte_and_a_half(with_boto3):
    assert with_boto3.zip.stat().st_size + with_boto3.main.stat().st_size <= 1_500_000


def test_main_gives_the_driver_the_boto3_of_its_bundle(with_boto3, tmp_path):
    program = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('main', sys.argv[1])\n"
        "main = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(main)\n"
        "main.find_bundle()\n"
        "from pathlib import Path\n"
        "from etl.ship.unpacked import find_packages\n"
        "find_packages(Path(sys.argv[1]))\n"
        "import boto3, botocore\n"
        "boto3.client('s3', region_name='eu-west-1', aws_access_key_id='a', aws_secret_access_key='b')\n"
        "print(botocore.__file__)\n"
    )

    # -I -S: no site-packages, so that there is no other boto3.
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(with_boto3.main)],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    digest = json.loads(with_boto3.manifest.read_text())["files"]["packages-any.zip"]["sha256"]
    assert Path(ended.stdout.strip()) == tmp_path / f"headrace-{os.getuid()}" / digest / "botocore" / "__init__.py"


def test_another_clone_gives_the_same_bytes(with_boto3, tmp_path):
    directory = shop(tmp_path / "elsewhere" / "clone", "headrace[aws]")

    again = bundle.build(directory, tmp_path / "out")

    assert again.digest == with_boto3.digest
    assert again.manifest.read_bytes() == with_boto3.manifest.read_bytes()


def test_every_file_of_the_bundle_that_a_run_needs_is_uploaded(with_boto3):
    built = built_in(with_boto3.manifest.parent)

    assert set(built.digests) == {"main.py", "app.zip", "packages-any.zip"}
    assert [each.file for each in built.archives] == ["packages-any.zip"]


def test_native_packages_are_fetched_for_both_cpus_at_the_version_that_is_installed(tmp_path):
    native = Dependency(name="markupsafe", version="3.0.2", form="native", files={})

    made = archives([native], Targets(pythons=("3.11",), cpus=("x86_64", "arm64")), tmp_path)

    machines = {"x86_64": 0x3E, "arm64": 0xB7}  # e_machine in an ELF header
    assert [each.file for each in made] == ["packages-cp311-x86_64.zip", "packages-cp311-arm64.zip"]
    for each in made:
        assert each.packages == {"markupsafe": "3.0.2"}
        assert (tmp_path / each.wheels[0]).is_file()
        with zipfile.ZipFile(tmp_path / each.file) as opened:
            (shared,) = (name for name in opened.namelist() if name.endswith(".so"))
            assert int.from_bytes(opened.read(shared)[18:20], "little") == machines[each.cpu]


def test_native_packages_for_another_python_or_cpu_than_the_place_has_are_refused():
    assert fitting([ANY], "3.13", "arm64") == (ANY,)
    assert fitting([ANY, ARM], "3.11", "arm64") == (ANY, ARM)
    with pytest.raises(UsageError, match=r"this place runs 3\.11 on x86_64"):
        fitting([ANY, ARM], "3.11", "x86_64")


@pytest.mark.parametrize("said", ['python = ["4"]', 'cpu = ["sparc"]', 'cpus = ["arm64"]'])
def test_pythons_and_cpus_that_there_are_not_are_refused(tmp_path, said):
    (tmp_path / "pyproject.toml").write_text(f"[tool.headrace.bundle]\n{said}\n")

    with pytest.raises(ProjectError, match=r"\[tool.headrace.bundle\] says"):
        Targets.of(tmp_path)


def test_without_a_word_native_packages_are_for_this_python_and_both_cpus(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")

    assert Targets.of(tmp_path) == Targets(pythons=(HERE,), cpus=("x86_64", "arm64"))


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A working directory, also for what is unpacked, and a path to put back."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_main_takes_what_the_platform_has_unpacked(scratch):
    (scratch / "headrace_native").mkdir()

    find_packages(Path("nowhere/main.py"))

    assert sys.path[0] == str(scratch / "headrace_native")


def test_main_takes_the_archive_of_its_own_python_and_cpu_from_the_path(scratch):
    cpu = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    mine = scratch / f"packages-cp{HERE.replace('.', '')}-{cpu}.zip"
    write_zip(mine, {"mine.py": b"x = 1"})
    write_zip(scratch / "packages-cp310-sparc.zip", {"other.py": b""})
    sys.path += [str(mine), str(scratch / "packages-cp310-sparc.zip")]

    find_packages(Path("nowhere/main.py"))

    assert (Path(sys.path[0]) / "mine.py").is_file()
    assert not (Path(sys.path[0]) / "other.py").exists()


def test_main_refuses_a_folder_of_another_user(scratch):
    write_zip(scratch / "packages-any.zip", {"mine.py": b""})
    (scratch / "elsewhere").mkdir()
    (scratch / f"headrace-{os.getuid()}").symlink_to(scratch / "elsewhere")
    sys.path.append(str(scratch / "packages-any.zip"))

    with pytest.raises(PlatformError, match="another user's"):
        find_packages(Path("nowhere/main.py"))
