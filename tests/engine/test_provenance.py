"""What a step's rows depend on decides whether it has anything to publish."""

import sys
from datetime import date
from pathlib import Path

import pytest

from etl import ReplaceTable, Source, Target, step
from etl.engine.provenance import code_digest, value_digest
from etl.model.result import Status
from etl.model.schema import parse_schema

DDL = "id INT, note STRING"


def made(factor, *, helper=None):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", "id INT", ReplaceTable()))
    def scaled(rows):
        return (helper or (lambda frame: frame))(rows.selectExpr(f"id * {factor} AS id"))

    return scaled


def test_the_values_a_factory_closes_over_are_part_of_a_step():
    assert value_digest(made(2)) != value_digest(made(3))
    assert value_digest(made(2)) == value_digest(made(2))


def test_a_constant_that_a_helper_of_the_module_reads_is_part_of_a_step(monkeypatch):
    before = value_digest(made(2, helper=limited))
    monkeypatch.setattr(sys.modules[__name__], "LIMIT", 11)

    assert value_digest(made(2, helper=limited)) != before


LIMIT = 10


def limited(frame):
    return frame.limit(LIMIT)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A package jobs with one job in two modules, a shared module, and files beside them."""
    others = {name: module for name, module in sys.modules.items() if f"{name}.".startswith("jobs.")}
    for name in others:
        del sys.modules[name]
    files = {
        "jobs/__init__.py": "",
        "jobs/_money.py": "from jobs._tax import RATE\n",
        "jobs/_tax.py": "RATE = 1.19\n",
        "jobs/_unused.py": "A = 1\n",
        "jobs/sales/__init__.py": "from .clean import sales\n",
        "jobs/sales/clean.py": (
            "from etl import ReplaceTable, Source, Target, step\nfrom jobs import _money\n"
            '@step(sources={"s": Source("raw.s")}, target=Target("clean.s", "id INT", ReplaceTable()))\n'
            "def sales(s):\n    return s\n"
        ),
        "jobs/sales/rates/2013.csv": "1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if f"{name}.".startswith("jobs.")]:
        del sys.modules[name]
    sys.modules.update(others)


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("jobs/sales/clean.py", False),
        ("jobs/_money.py", False),
        ("jobs/_tax.py", False),
        ("jobs/sales/rates/2013.csv", False),
        ("jobs/_unused.py", True),
    ],
)
def test_the_code_of_a_step_is_what_its_job_imports_and_what_lies_beside_it(project, path, same):
    import importlib

    sales = importlib.import_module("jobs.sales").sales
    before = code_digest(sales)
    with (project / path).open("a") as file:
        file.write("# changed\n")

    assert (code_digest(sales) == before) is same


@pytest.mark.parametrize(
    "changed",
    [
        {"options": {"nullValue": "NA"}},
        {"schema": parse_schema("note STRING, id BIGINT")},
        {"on_corrupt": "quarantine"},
    ],
    ids=["options", "schema", "policy"],
)
def test_what_the_catalogue_says_of_a_source_decides_whether_a_step_runs_again(lake, changed):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", "note STRING", ReplaceTable()))
    def noted(rows):
        return rows.select("note")

    lake.dataset("raw.rows", format="csv", schema=parse_schema(DDL))
    lake.file("raw.rows", "a.csv", "id,note\n1,NA\n")
    lake.run_step(noted)
    lake.dataset("raw.rows", **({"format": "csv", "schema": parse_schema(DDL)} | changed))

    again = lake.run_step(noted)

    assert again.status is Status.PASS
    assert again.message == "published again: catalogue changed"


def test_another_partitioning_is_another_publish(lake):
    def noted(partition_by):
        target = Target("clean.rows", "id INT, note STRING", ReplaceTable(), partition_by=partition_by)
        return step(sources={"rows": Source("raw.rows")}, target=target)(lambda rows: rows)

    lake.write("raw.rows", DDL, [(1, "a")])
    lake.run_step(noted(()))

    assert lake.run_step(noted(("note",))).status is not Status.NO_OP
    assert [name.partition("/")[0] for name in lake.data_files("clean.rows")].count("note=a") == 1


def test_a_date_in_a_closure_is_told_apart():
    assert value_digest(made(date(2013, 2, 8))) != value_digest(made(date(2013, 2, 9)))
