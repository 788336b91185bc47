"""What every file of the house keeps to."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import etl

PROJECT = Path(__file__).parents[1]
SOURCES = sorted(file for name in ("etl", "jobs", "bootstrap") for file in (PROJECT / name).rglob("*.py"))
TEXTS = sorted(
    file
    for folder in ("etl", "jobs", "conf", "tests", "bootstrap", "docs", "bench", "locks", ".ci")
    for file in (*(PROJECT / folder).rglob("*"), *PROJECT.glob("*"))
    if file.is_file() and "__pycache__" not in file.parts and file.name != ".git"  # a file in a worktree
)
ADDRESS_OF_A_REGISTRY = re.compile(r"pypi[.](org|python)|python[h]osted|maven[.](org|apache)|sona[t]ype", re.IGNORECASE)
PATH_OF_A_MACHINE = re.compile(r"/(home|Users)/(?!hadoop\b)[a-z]\w*/|/roo[t]/|/wor[k]/")


def place(file: Path) -> str:
    return str(file.relative_to(PROJECT))


def test_the_public_names_are_few_sorted_and_there():
    assert etl.__all__ == sorted(etl.__all__)
    assert len(etl.__all__) <= 30
    assert all(hasattr(etl, name) for name in etl.__all__)


def test_declaring_and_describing_need_no_spark_and_no_aws():
    program = (
        "import importlib, pkgutil, sys, etl, etl.cli, etl.project, etl.model, etl.expect\n"
        "for package in (etl.cli, etl.project, etl.model):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "print(sorted({'pyspark', 'py4j', 'boto3', 'great_expectations', 'rich', 'jinja2'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert said.stdout == "[]\n"


def test_no_file_outgrows_220_lines_and_no_function_48():
    assert [place(file) for file in SOURCES if len(file.read_text().splitlines()) > 220] == []
    assert [
        f"{place(file)}:{node.lineno} {node.name}"
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 48
    ] == []


def test_every_module_says_what_it_is_for():
    assert [place(file) for file in SOURCES if not ast.get_docstring(ast.parse(file.read_text()))] == []


def test_no_file_is_named_after_nothing():
    empty_names = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

    assert [place(file) for file in SOURCES if file.stem in empty_names] == []


def test_no_file_names_a_registry_or_a_machine():
    found = [
        f"{place(file)}: {match.group()}"
        for file in TEXTS
        for match in (pattern.search(file.read_text()) for pattern in (ADDRESS_OF_A_REGISTRY, PATH_OF_A_MACHINE))
        if match
    ]

    assert found == []


def test_both_locks_hold_what_their_column_asks_for():
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for file, extra, spark in (("py311-spark35.txt", "local", "3.5."), ("py313-spark41.txt", "spark4", "4.1.")):
        locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (PROJECT / "locks" / file).read_text(), re.MULTILINE))
        asked = {re.split(r"[<>=;]", line)[0].strip().lower() for line in extras[extra] + extras["dev"]}

        assert asked - set(locked) == set()
        assert locked["pyspark"].startswith(spark)
        assert f"delta-spark=={locked['delta-spark']}" in extras[extra]
