"""Each pitfall of packaging, on a tiny bundle that has it."""

import hashlib
import json
import stat
import zipfile

import pytest

from etl.errors import UsageError
from etl.ship import bundle
from etl.ship.pitfalls import pitfalls
from tests.ship.test_archives import shop

X86, ARM = 0x3E, 0xB7


def elf(machine=X86, glibc=17):
    return b"\x7fELF".ljust(18, b"\0") + machine.to_bytes(2, "little") + f"\0GLIBC_2.{glibc}\0".encode()


def a_zip(file, entries, links=()):
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        for name in links:
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/usr/bin/python3.11")


@pytest.fixture
def laid(tmp_path):
    """``laid(app={…}, native={…})`` writes a bundle of these files."""

    def make(app=None, native=None, links=(), python="3.11", key="shop/1-0123456789ab"):
        (tmp_path / "main.py").write_text("")
        a_zip(tmp_path / "app.zip", app or {"jobs/orders.py": "x = 1"})
        files = ["main.py", "app.zip"]
        archives = []
        if native is not None or links:
            a_zip(tmp_path / "packages-cp311-x86_64.zip", native or {}, links)
            files.append("packages-cp311-x86_64.zip")
            archives.append({"file": files[-1], "python": python, "cpu": "x86_64", "packages": {}, "wheels": []})
        digests = {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in files}
        said = {name: {"sha256": digest, "key": f"{key}/{name}"} for name, digest in digests.items()}
        (tmp_path / "bundle.json").write_text(json.dumps({"schema_version": 1, "files": said, "archives": archives}))
        return tmp_path

    return make


def found(directory):
    return [(each.file, each.problem) for each in pitfalls(directory)]


def test_a_sound_bundle_has_none(laid):
    assert found(laid(native={"fast/_c.cpython-311-x86_64-linux-gnu.so": elf()})) == []


def test_what_etl_package_builds_has_none(tmp_path):
    directory = shop(tmp_path / "shop", "headrace")
    bundle.build(directory, directory / "dist")

    assert found(directory / "dist") == []


@pytest.mark.parametrize(
    ("native", "problem"),
    [
        ({"f/_c.so": elf(machine=ARM)}, "is for another CPU than x86_64"),
        ({"f/_c.so": elf(glibc=38)}, "needs glibc 2.38; EMR 7 and Glue 5 have 2.34"),
        ({"f.libs/libz.so.1": elf(machine=ARM)}, "is for another CPU than x86_64"),
        ({"f/_c.cpython-313-x86_64-linux-gnu.so": elf()}, "is for Python 3.13; the archive is for 3.11"),
        ({"f/_c.pyd": b"MZ"}, "is no shared object of Linux"),
        ({"pyspark/__init__.py": ""}, "pyspark is the platform's; a second copy on the path breaks both"),
        ({"py4j/__init__.py": ""}, "py4j is the platform's; a second copy on the path breaks both"),
        ({"f/jars/delta-spark_2.12-3.3.2.jar": ""}, "delta-spark_2.12-3.3.2.jar is the platform's; a second copy"),
        (
            {"bin/python3.11": elf()},
            "is a link or an interpreter of the machine that built it, and leads nowhere on another",
        ),
    ],
)
def test_what_an_archive_must_not_hold_is_named(laid, native, problem):
    ((file, said),) = found(laid(native=native))

    assert file == f"packages-cp311-x86_64.zip: {next(iter(native))}"
    assert said.startswith(problem)


def test_a_link_in_an_archive_is_named(laid):
    ((file, said),) = found(laid(links=["lib/python"]))

    assert (file, said[:9]) == ("packages-cp311-x86_64.zip: lib/python", "is a link")


@pytest.mark.parametrize(
    ("app", "file", "problem"),
    [
        ({"jobs/a.py": "x = 1\ny = open(__file__)"}, "jobs/a.py:2", "reads beside __file__"),
        ({"fast/_c.so": elf()}, "fast/_c.so", "is compiled: Python imports none from a zip"),
        ({"pyspark/sql.py": ""}, "pyspark/sql.py", "pyspark is the platform's"),
        ({"delta/tables.py": ""}, "delta/tables.py", "delta-spark is the platform's"),
    ],
)
def test_what_the_zip_must_not_hold_is_named_with_its_line(laid, app, file, problem):
    ((place, said),) = found(laid(app=app))

    assert place == f"app.zip: {file}"
    assert said.startswith(problem)


@pytest.mark.parametrize(("needs", "count"), [(">=3.12", 1), (">=3.11", 0), ("<3.11", 1), (">=3", 0)])
def test_a_package_for_another_python_than_the_archives_is_named(laid, needs, count):
    app = {"p-1.dist-info/METADATA": f"Name: p\nRequires-Python: {needs}\n"}

    assert len(found(laid(app=app, native={}))) == count


def test_a_file_that_was_changed_after_it_was_built_is_named(laid):
    directory = laid()
    (directory / "main.py").write_text("another")

    assert found(directory) == [("main.py", "was changed after it was built")]


def test_a_file_that_is_gone_is_named(laid):
    directory = laid()
    (directory / "app.zip").unlink()

    assert found(directory) == [("app.zip", "is named in bundle.json and not there")]


def test_a_key_that_stays_when_the_content_changes_is_named(laid):
    problems = {said for _, said in found(laid(key="shop/latest"))}

    assert problems == {f"key shop/latest/{name} does not change with the content" for name in ("main.py", "app.zip")}


def test_each_pitfall_has_a_remedy(laid):
    directory = laid(app={"jobs/a.py": "open(__file__)"}, native={"f/_c.so": elf(machine=ARM, glibc=99)})

    assert all(each.remedy for each in pitfalls(directory))


def test_a_directory_without_a_bundle_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no bundle in"):
        pitfalls(tmp_path)
