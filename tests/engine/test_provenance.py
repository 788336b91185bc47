"""What a step's code is made of: an edit changes the steps that reach it, and no other."""

import importlib
import shutil
import sys
from datetime import date
from pathlib import Path

import pytest

from etl import ReplaceTable, Source, Target, step
from etl.engine.provenance import made_of

HEAD = "from etl import ReplaceTable, Source, Target, step\n"
JOB = (
    HEAD
    + '''
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial, wraps
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType
from jobs import _money
from jobs._dates import *
from jobs._tax import RATE as VAT, rounded

LIMIT = 10
RULES = []


def rule(function):
    RULES.append(function)
    return function


@rule
def positive(rows):
    return rows.where("id > 0")


def logged(function):
    @wraps(function)
    def called(*args, **kwargs):
        return function(*args, **kwargs)
    return called


@step(sources={"a": Source("raw.a")}, target=Target("clean.a", "id INT", ReplaceTable()))
def a(a):
    """Keep a."""
    return limited(a)  # as it came


def limited(rows, *, most=LIMIT):
    return rows.limit(most)


@step(sources={"b": Source("raw.b"), "a": Source("clean.a")}, target=Target("clean.b", "id INT", ReplaceTable()))
def b(b, a):
    """Take the tax off."""
    return rounded(b.selectExpr(f"id / {VAT} AS id"))


@step(sources={"c": Source("raw.c")}, target=Target("clean.c", "id INT", ReplaceTable()))
@logged
def c(c):
    for each in RULES:
        c = each(c)
    return c


@step(sources={"d": Source("raw.d")}, target=Target("clean.d", "id INT", ReplaceTable()))
def d(d):
    from jobs._lazy import STEP
    return _money.exchanged(d).where(getattr(_money, "WHERE")).limit(STEP).where(FIRST)


@step(sources={"e": Source("raw.e")}, target=Target("clean.e", "id INT", ReplaceTable()))
def e(e):
    return Cents(2).of(e)


class Cents:
    def __init__(self, digits):
        self.digits = digits

    def of(self, rows):
        return twice(rows).limit(self.digits)


twice = partial(lambda factor, rows: rows.selectExpr(f"id * {factor} AS id"), 2)


def made(factor):
    @step(sources={"f": Source("raw.f")}, target=Target(f"clean.f{factor}", "id INT", ReplaceTable()))
    def scaled(f):
        return f.selectExpr(f"id * {factor} AS id")
    return scaled


F1, F2 = made(1), made(2)


@lru_cache
def rates():
    from importlib.resources import files
    return files("jobs.sales").joinpath("rates/2013.csv").read_text()


@step(sources={"g": Source("raw.g")}, target=Target("clean.g", "id INT", ReplaceTable()))
def g(g):
    return g.selectExpr(rates())


def halved(number):
    return number / 2


half = F.udf(halved, IntegerType())


@step(sources={"h": Source("raw.h")}, target=Target("clean.h", "id INT", ReplaceTable()))
def h(h):
    return h.withColumn("id", half("id")).where(PLACES[Place.HERE]("id"))


class Place(Enum):
    HERE = 1


@dataclass(frozen=True)
class Above:
    least: int

    def __call__(self, column):
        return F.col(column) > self.least


PLACES = {Place.HERE: Above(least=7)}
'''
)
FILES = {
    "jobs/__init__.py": "",
    "jobs/_money.py": (
        "from jobs._currency import EUR\n\n\ndef exchanged(rows):\n    return rows.limit(EUR)\n\n\nWHERE = 'x'\n"
    ),
    "jobs/_currency.py": "EUR = 1\nUSD = 2\n",
    "jobs/_tax.py": "RATE = 1.19\n\n\ndef rounded(rows):\n    return rows\n\n\ndef unused():\n    pass\n",
    "jobs/_dates.py": "FIRST = 'day > 0'\nLAST = 'day < 9'\n",
    "jobs/_lazy.py": "STEP = 3\nOTHER = 4\n",
    "jobs/_unused.py": "A = 1\n",
    "jobs/sales/__init__.py": "from .clean import *\n",
    "jobs/sales/clean.py": JOB,
    "jobs/sales/rates/2013.csv": "1\n",
}
STEPS = ("a", "b", "c", "d", "e", "F1", "F2", "g", "h")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A package jobs with one job in two modules, shared modules, and a file beside them."""
    others = {name: module for name, module in sys.modules.items() if f"{name}.".startswith("jobs.")}
    root = tmp_path / "here"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    yield root
    forget()
    sys.modules.update(others)


def forget():
    for name in [name for name in sys.modules if f"{name}.".startswith("jobs.")]:
        del sys.modules[name]


def code(root, monkeypatch) -> dict[str, dict[str, str]]:
    """What each step is made of, in a process that has just begun."""
    forget()
    shutil.rmtree(root / "jobs" / "sales" / "__pycache__", ignore_errors=True)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    importlib.invalidate_caches()
    with monkeypatch.context() as patched:
        patched.syspath_prepend(root)
        module = importlib.import_module("jobs.sales.clean")
        found = {name: made_of(getattr(module, name)) for name in STEPS}
    sys.dont_write_bytecode = before
    return found


def edited(root, monkeypatch, path, old, new) -> set[str]:
    """Edit a file and return the steps that are others then."""
    before = code(root, monkeypatch)
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))
    after = code(root, monkeypatch)
    return {name for name in STEPS if before[name] != after[name]}


CLEAN = "jobs/sales/clean.py"


@pytest.mark.parametrize(
    ("path", "old", "new", "changed"),
    [
        (CLEAN, "return limited(a)", "return limited(a).distinct()", {"a"}),
        (CLEAN, "return rows.limit(most)", "return rows.limit(most + 1)", {"a"}),
        (CLEAN, "LIMIT = 10", "LIMIT = 11", {"a"}),
        (CLEAN, "{VAT} AS id", "{VAT} AS di", {"b"}),
        ("jobs/_tax.py", "1.19", "1.16", {"b"}),
        ("jobs/_tax.py", "return rows", "return rows.distinct()", {"b"}),
        (CLEAN, "id > 0", "id > 1", {"c"}),
        (CLEAN, "return function(*args", "return function(*args[:1]", {"c"}),
        (CLEAN, "c = each(c)", "c = each(c).distinct()", {"c"}),
        ("jobs/_money.py", "limit(EUR)", "limit(EUR + 1)", {"d"}),
        ("jobs/_money.py", "'x'", "'y'", {"d"}),
        ("jobs/_currency.py", "EUR = 1", "EUR = 3", {"d"}),
        ("jobs/_lazy.py", "STEP = 3", "STEP = 5", {"d"}),
        ("jobs/_dates.py", "day > 0", "day > 1", {"d"}),
        (CLEAN, "limit(self.digits)", "limit(self.digits + 1)", {"e"}),
        (CLEAN, "Cents(2)", "Cents(3)", {"e"}),
        (CLEAN, '{factor} AS id"), 2)', '{factor} AS id"), 3)', {"e"}),
        (CLEAN, "made(2)", "made(3)", {"F2"}),
        (CLEAN, "return f.selectExpr", "return f.distinct().selectExpr", {"F1", "F2"}),
        ("jobs/sales/rates/2013.csv", "1", "2", {"g"}),
        (CLEAN, "number / 2", "number / 3", {"h"}),
        (CLEAN, "halved, IntegerType()", "halved, LongType()", {"h"}),
        (CLEAN, "least=7", "least=8", {"h"}),
        (CLEAN, "> self.least", ">= self.least", {"h"}),
        (CLEAN, "RULES = []\n", "RULES = []\nprint('')\n", set(STEPS)),
        ("jobs/_dates.py", "FIRST", "import time\ntime.tzset()\nFIRST", set(STEPS)),
    ],
)  # fmt: skip
def test_an_edit_changes_the_steps_that_reach_it_and_no_other(project, monkeypatch, path, old, new, changed):
    assert edited(project, monkeypatch, path, old, new) == changed


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (CLEAN, "  # as it came", ""),
        (CLEAN, "Keep a.", "Keep every a."),
        (CLEAN, '    """Keep a."""\n', ""),
        (CLEAN, "return limited(a)", "return (\n        limited(\n            a\n        )\n    )"),
        (CLEAN, "LIMIT = 10", "LIMIT = 5 + 5"),
        (CLEAN, "\n\nclass Cents", "\n\nUNUSED = 1\n\n\n# cents\nclass Cents"),
        (CLEAN, 'target=Target("clean.a"', 'tags=["x"], target=Target("clean.a"'),
        ("jobs/_tax.py", "    pass", "    return 1"),
        ("jobs/_currency.py", "USD = 2", "USD = 3"),
        ("jobs/_dates.py", "day < 9", "day < 8"),
        ("jobs/_unused.py", "A = 1", "A = 2"),
    ],
)
def test_comments_docstrings_layout_and_what_nobody_uses_change_nothing(project, monkeypatch, path, old, new):
    assert edited(project, monkeypatch, path, old, new) == set()


def test_the_changed_thing_has_a_name(project, monkeypatch):
    before = code(project, monkeypatch)["b"]
    (project / "jobs" / "_tax.py").write_text(FILES["jobs/_tax.py"].replace("1.19", "1.16"))
    after = code(project, monkeypatch)["b"]

    assert {name for name in before | after if before.get(name) != after.get(name)} == {"jobs.sales.clean.VAT"}


def test_a_name_that_is_looked_up_by_text_stands_for_its_whole_module(project, monkeypatch):
    text = (project / CLEAN).read_text().replace("return limited(a)", 'return globals()["limited"](a)')
    (project / CLEAN).write_text(text)

    assert edited(project, monkeypatch, CLEAN, "return rows.limit(most)", "return rows.limit(most + 1)") == {"a"}


def test_a_module_that_is_looked_up_by_text_may_be_any(project, monkeypatch):
    looked_up = 'from importlib import import_module\n    return import_module("jobs._" + "tax").rounded(a)'
    (project / CLEAN).write_text((project / CLEAN).read_text().replace("return limited(a)", looked_up))

    assert edited(project, monkeypatch, "jobs/_tax.py", "return rows", "return rows.distinct()") == {"a", "b"}


def test_a_module_that_makes_its_names_when_asked_is_part_of_the_step_as_a_whole(project, monkeypatch):
    (project / "jobs" / "_lazy.py").write_text("KNOWN = 1\n\n\ndef __getattr__(name):\n    return 3\n")

    assert edited(project, monkeypatch, "jobs/_lazy.py", "return 3", "return 4") == {"d"}


def test_a_module_that_is_handed_around_is_part_of_the_step_as_a_whole(project, monkeypatch):
    text = (project / CLEAN).read_text().replace("return limited(a)", "return apply(a, _money)")
    (project / CLEAN).write_text(text + "\n\ndef apply(rows, module):\n    return module.exchanged(rows)\n")

    assert edited(project, monkeypatch, "jobs/_money.py", "'x'", "'y'") == {"a", "d"}


def test_a_value_that_came_from_a_file_counts_whatever_read_it(project, monkeypatch):
    reading = "from pathlib import Path\nLIMIT = int((Path(__file__).parent / 'rates' / '2013.csv').read_text())"
    (project / CLEAN).write_text((project / CLEAN).read_text().replace("LIMIT = 10", reading))

    assert edited(project, monkeypatch, "jobs/sales/rates/2013.csv", "1", "2") == {"a", "g"}


def test_a_project_that_has_moved_is_the_same(project, monkeypatch):
    text = (project / CLEAN).read_text().replace("LIMIT = 10", "LIMIT = __file__")
    (project / CLEAN).write_text(text)
    before = code(project, monkeypatch)
    moved = project.rename(project.parent / "there")

    assert code(moved, monkeypatch) == before


def made(factor, *, helper=None):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", "id INT", ReplaceTable()))
    def scaled(rows):
        return (helper or (lambda frame: frame))(rows.selectExpr(f"id * {factor} AS id"))

    return scaled


def test_the_values_a_factory_closes_over_are_part_of_a_step():
    assert made_of(made(2)) != made_of(made(3))
    assert made_of(made(2)) == made_of(made(2))
    assert made_of(made(date(2013, 2, 8))) != made_of(made(date(2013, 2, 9)))


def test_a_constant_that_a_helper_of_the_module_reads_is_part_of_a_step(monkeypatch):
    before = made_of(made(2, helper=limited))
    monkeypatch.setattr(sys.modules[__name__], "LIMIT", 11)

    assert made_of(made(2, helper=limited)) != before


LIMIT = 10


def limited(frame):
    return frame.limit(LIMIT)
