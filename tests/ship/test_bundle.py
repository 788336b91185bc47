import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from etl.errors import ProjectError
from etl.project import scaffold
from etl.ship import bundle, dependencies, wheel

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

    files = (script.zipped(built.zip, "etl"), script.unpacked(tmp_path / "etl", "etl"))
    found = [script.described("etl", dict(each), "") for each in files]
    assert [(engine.version, engine.sha256) for engine in found] == [(said["version"], said["sha256"])] * 2
    assert script.expected(built.zip)[0] == ("etl", said["version"], said["sha256"], str(built.manifest))


def test_a_directory_without_a_project_is_refused(tmp_path):
    with pytest.raises(ProjectError, match=r"pyproject\.toml"):
        bundle.build(tmp_path, tmp_path / "out")


def test_a_project_that_does_not_build_is_an_error_with_the_builders_words(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    with pytest.raises(ProjectError, match="cannot be built"):
        bundle.build(tmp_path, tmp_path / "out")


def test_a_project_without_the_engine_among_its_dependencies_is_refused(tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").write_text("")
    (tmp_path / "conf").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'lonely'\nversion = '1.0'\n")

    with pytest.raises(ProjectError, match="headrace is no dependency of lonely") as raised:
        bundle.build(tmp_path, tmp_path / "out")

    assert 'dependencies = ["headrace"]' in raised.value.remedy


def test_requirements_of_extras_are_not_requirements(tmp_path):
    metadata = tmp_path / "one.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(
        "Metadata-Version: 2.1\nName: one\nVersion: 1\n"
        "Requires-Dist: click>=8\nRequires-Dist: Foo.Bar; extra == 'x'\nRequires-Dist: baz ; python_version<'3'\n"
        "Requires-Dist: Some_Thing[extra] (>=1)\n\nRequires-Dist: only-prose\n"
    )

    found = dependencies.requirements(next(iter(importlib.metadata.distributions(path=[str(tmp_path)]))))

    assert list(found) == [("click", (), False), ("baz", (), True), ("some-thing", ("extra",), False)]


@pytest.fixture
def shop(tmp_path):
    scaffold.lay_out(tmp_path / "shop", "shop")
    return tmp_path / "shop"


def held(made):
    with zipfile.ZipFile(made.zip) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_bundle_holds_its_projects_jobs_and_conf_and_no_others(shop):
    made = bundle.build(shop, shop / "dist", steps=("clean.orders", "marts.spent"))

    jobs = {name for name in held(made) if name.startswith("jobs/")}
    conf = {f"jobs/conf/{name}.toml" for name in ("base", "datasets", "env/local", "env/prod")}
    assert jobs == {"jobs/__init__.py", "jobs/orders.py"} | conf
    assert held(made)["jobs/conf/base.toml"] == (shop / "conf" / "base.toml").read_bytes()
    assert not [name for name in held(made) if "nyc_flights" in name or "template/" in name]
    assert made.wheel.name == "shop-0.1.0-py3-none-any.whl"


def test_a_project_that_says_nothing_of_wheels_is_bundled_too(shop):
    (shop / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        "[project]\nname = 'shop'\nversion = '2.0'\ndependencies = ['headrace']\n"
    )

    made = bundle.build(shop, shop / "dist", steps=("clean.orders", "marts.spent"))

    assert "jobs/conf/base.toml" in held(made)


def test_a_bundle_that_lacks_a_job_of_the_project_is_refused(shop):
    said = (shop / "pyproject.toml").read_text()
    (shop / "pyproject.toml").write_text(said.replace('"jobs"]', '"jobs"]\nexclude = ["more.py"]', 1))
    (shop / "jobs" / "more.py").write_text((shop / "jobs" / "orders.py").read_text())

    with pytest.raises(ProjectError, match=r"other steps than .*: more\.steps"):
        bundle.build(shop, shop / "dist", steps=("clean.orders", "marts.spent", "more.steps"))


def test_the_wheel_that_people_install_holds_no_job_and_no_conf_to_import(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)

    names = wheel.files_of(next(tmp_path.glob("*.whl")))

    assert {name.partition("/")[0] for name in names} == {"etl", "headrace-0.1.0.dist-info"}
    assert "etl/project/template/example/jobs/nyc_flights/clean.py" in names
