import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from etl.errors import PlatformError, ProjectError
from etl.ship import bundle

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return bundle.build(PROJECT, tmp_path_factory.mktemp("bundle"))


def test_the_same_project_gives_the_same_bytes(built, tmp_path):
    again = bundle.build(PROJECT, tmp_path)

    assert again.digest == built.digest
    for one, other in ((again.wheel, built.wheel), (again.zip, built.zip), (again.manifest, built.manifest)):
        assert one.read_bytes() == other.read_bytes()


def test_engine_jobs_and_dependencies_are_imported_from_the_zip_alone(built, tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import etl, jobs, click, attrs, cattrs, etl.cli\n"
        "from importlib.resources import files\n"
        "assert all('app.zip' in module.__file__ for module in (etl, jobs, click, attrs, cattrs, etl.cli))\n"
        "assert (files('jobs') / 'conf' / 'base.toml').read_text()\n"
        "assert 'io.delta' in (files('etl.spark') / 'delta_jars' / 'spark-3.5.toml').read_text()\n"
    )

    # -I -S: no site-packages and no PYTHONPATH, so that nothing comes from this machine.
    command = [sys.executable, "-I", "-S", "-c", program, str(built.zip)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.stderr == ""
    assert ended.returncode == 0


def test_neither_spark_nor_a_path_of_this_machine_is_in_the_zip(built):
    with zipfile.ZipFile(built.zip) as archive:
        names = archive.namelist()
        content = b"".join(archive.read(name) for name in names)

    assert not [name for name in names if name.startswith(("pyspark", "py4j", "delta/"))]
    assert not [name for name in names if name.endswith((".pyc", "direct_url.json"))]
    assert [name for name in names if name.endswith("/RECORD")] == [f"headrace-{built.version}.dist-info/RECORD"]
    assert str(PROJECT).encode() not in content


def test_the_manifest_names_every_file_under_a_key_that_changes_with_the_content(built):
    manifest = json.loads(built.manifest.read_text())

    assert manifest["schema_version"] == 1
    assert set(manifest["files"]) == {built.wheel.name, "app.zip", "main.py"}
    assert all(f"{built.version}-{built.digest[:12]}/" in file["key"] for file in manifest["files"].values())
    assert {"attrs", "cattrs", "click"} <= set(manifest["created_from"]["dependencies"])


def test_the_entry_script_is_the_one_of_the_repository(built):
    assert built.main.read_bytes() == (PROJECT / "bootstrap" / "main.py").read_bytes()


def test_the_entry_script_knows_the_engine_of_its_bundle_again_in_the_zip_and_installed(built, tmp_path):
    spec = importlib.util.spec_from_file_location("entry_script", built.main)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with zipfile.ZipFile(built.wheel) as archive:
        archive.extractall(tmp_path)

    said = json.loads(built.manifest.read_text())["engine"]

    found = [script.engine(dict(files), "") for files in (script.zipped(built.zip), script.unpacked(tmp_path / "etl"))]
    assert [(engine.version, engine.sha256) for engine in found] == [(said["version"], said["sha256"])] * 2
    assert script.expected(built.zip) == (said["version"], said["sha256"], str(built.manifest))


def test_a_directory_without_a_project_is_refused(tmp_path):
    with pytest.raises(ProjectError, match=r"pyproject\.toml"):
        bundle.build(tmp_path, tmp_path / "out")


def test_a_project_that_does_not_build_is_an_error_with_the_builders_words(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    with pytest.raises(ProjectError, match="cannot be built"):
        bundle.build(tmp_path, tmp_path / "out")


def test_a_project_without_the_engine_among_its_dependencies_is_refused(tmp_path):
    (tmp_path / "lonely").mkdir()
    (tmp_path / "lonely" / "__init__.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
        "[project]\nname = 'lonely'\nversion = '1.0'\n"
    )

    with pytest.raises(PlatformError, match="lack the engine"):
        bundle.build(tmp_path, tmp_path / "out")


def test_requirements_of_extras_are_not_requirements(tmp_path):
    metadata = tmp_path / "one.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(
        "Metadata-Version: 2.1\nName: one\nVersion: 1\n"
        "Requires-Dist: click>=8\nRequires-Dist: Foo.Bar; extra == 'x'\nRequires-Dist: baz ; python_version<'3'\n"
        "Requires-Dist: Some_Thing[extra] (>=1)\n\nRequires-Dist: only-prose\n"
    )

    found = bundle._requirements(next(iter(importlib.metadata.distributions(path=[str(tmp_path)]))))

    assert list(found) == [("click", False), ("baz", True), ("some-thing", False)]
