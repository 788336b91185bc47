"""Importing job modules: with and without PySpark, and what they may not do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.errors import DefinitionError, EtlError, PlatformError, ProjectError
from etl.model.job import JobModule
from etl.project.discovery import discover

Write = Callable[..., Path]

STEP = """
from etl import Job, ReplaceTable, Source, Target, step

@step(sources={"frame": Source("raw.flights")}, target=Target("clean.flights", "id INT", ReplaceTable()))
def flights(frame):
    return frame
"""
JOB = STEP + "\nJOB = Job()\n"


def found(write: Write, files: dict[str, str]) -> tuple[JobModule, ...]:
    return discover(write({f"jobs/{name}": text for name, text in files.items()}), static=True)


def refused(write: Write, text: str, error: type[EtlError] = ProjectError) -> EtlError:
    with pytest.raises(error) as caught:
        found(write, {"j.py": text})
    return caught.value


def test_a_module_with_a_job_is_found_with_its_steps(write: Write) -> None:
    (job,) = found(write, {"orders.py": f'"""Orders."""\n{JOB}', "notes.py": "x = 1", "_shared.py": "JOB = 3"})

    assert (job.name, job.file, job.description) == ("orders", "jobs/orders.py", "Orders.")
    assert [step.name for step in job.steps] == ["clean.flights"]


def test_a_package_has_the_steps_of_the_modules_it_imports(write: Write) -> None:
    (job,) = found(
        write,
        {
            "orders/__init__.py": f"from jobs.orders import clean, marts\n{JOB.replace('clean.', 'a.')}",
            "orders/clean.py": STEP,
            "orders/marts.py": STEP.replace("clean.", "marts.") + "from .clean import flights as f",
        },
    )

    assert sorted(step.name for step in job.steps) == ["a.flights", "clean.flights", "marts.flights"]
    assert job.file == "jobs/orders/__init__.py"


def test_steps_made_in_a_loop_are_found(write: Write) -> None:
    text = JOB + "STEPS = [step(sources={'f': Source('raw.x')}, target=Target(f'a.{n}', 'id INT', ReplaceTable()))"

    (job,) = found(write, {"j.py": text + "(lambda f: f) for n in ('x', 'y')]\n"})

    assert [step.name for step in job.steps] == ["clean.flights", "a.x", "a.y"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import os\nimport no_such_thing\n", 2),
        ("x = 1\ndef broken(:\n", 2),
        ("\n\n1 / 0\n", 3),
        ("raise SystemExit(3)\n", 1),
    ],
)
def test_a_module_that_cannot_be_imported_is_refused_at_its_own_line(write: Write, text: str, line: int) -> None:
    error = refused(write, text)

    assert error.place is not None
    assert (error.place.file, error.place.line) == ("jobs/j.py", line)


def test_all_modules_that_cannot_be_imported_are_named(write: Write) -> None:
    with pytest.raises(ProjectError, match=r"(?s)jobs/a\.py:1.*jobs/b\.py:1"):
        found(write, {"a.py": "1 / 0", "b.py": "import no_such_thing"})


@pytest.mark.parametrize(
    "text", ["JOB = 3", STEP, "from etl import Job\nJOB = Job()"], ids=["no Job value", "no JOB", "no step"]
)
def test_half_a_job_is_refused(write: Write, text: str) -> None:
    assert str(refused(write, text, DefinitionError).place) == "jobs/j.py"


def test_a_job_that_is_a_module_and_a_package_is_refused(write: Write) -> None:
    with pytest.raises(DefinitionError, match="twice"):
        found(write, {"j.py": JOB, "j/__init__.py": JOB})


def test_a_project_without_jobs_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="no job"):
        found(write, {})
    with pytest.raises(ProjectError, match="__init__"):
        discover(tmp_path / "conf", static=True)


def test_a_definition_error_points_to_the_authors_line(write: Write) -> None:
    in_step = refused(write, STEP.replace("def flights(frame)", "def flights(fram)"), DefinitionError)
    in_target = refused(write, STEP.replace("id INT", "id INTT"), DefinitionError)

    assert (str(in_step.place), str(in_target.place)) == ("jobs/j.py:4", "jobs/j.py:4")


def test_all_that_is_wrong_with_the_steps_is_told_at_once_each_at_its_line(write: Write) -> None:
    judged = JOB.replace("import Job", "import expect, Job").replace(
        "ReplaceTable()))",
        "ReplaceTable()),\n    expectations=[\n        expect.column_values_to_be_between('id', 'a')])",
    )

    with pytest.raises(DefinitionError) as caught:
        found(write, {"a.py": JOB.replace("id INT", "`Order ID` INT"), "b.py": judged})

    assert "2 problems" in caught.value.message
    assert "jobs/a.py:4: step clean.flights: column 'Order ID'" in caught.value.message
    assert "jobs/b.py:6: step clean.flights: values_to_be_between(id): min_value='a'" in caught.value.message


STARTS = [
    "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n",
    "import pyspark.sql\nspark = pyspark.sql.SparkSession.builder.appName('x').getOrCreate()\n",
    "import pyspark\nspark = pyspark.SparkContext()\n",
    "from pyspark import SparkContext\n\ndef start():\n    return SparkContext.getOrCreate()\n\nstart()\n",
]


def in_a_new_process(root: Path, static: bool) -> list[str]:
    """Discover where PySpark is not loaded yet; gives the output's lines."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom etl.errors import EtlError\n"
        "from etl.project.discovery import discover\n"
        f"try:\n    jobs = discover(Path({str(root)!r}), static={static})\n"
        "    print([step.name for job in jobs for step in job.steps])\n"
        "except EtlError as error:\n    print(type(error).__name__, error.place)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('pyspark', 'jobs', 'helper')])\n"
        "print('etl.transforms' in sys.modules, sys.path[0] == " + repr(str(root)) + ")\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("text", STARTS)
def test_starting_spark_while_importing_is_refused_without_pyspark(write: Write, text: str) -> None:
    line = 4 if "def start" in text else 2

    lines = in_a_new_process(write({"jobs/j.py": text}), static=True)

    assert lines[:2] == [f"DefinitionError jobs/j.py:{line}", "[]"]


@pytest.mark.spark
@pytest.mark.parametrize("text", STARTS)
def test_starting_spark_while_importing_is_refused_with_pyspark(write: Write, text: str) -> None:
    root = write({"jobs/j.py": text})

    with pytest.raises(DefinitionError) as caught:
        discover(root, static=False)

    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == ("jobs/j.py", 4 if "def start" in text else 2)


def test_a_static_import_leaves_no_trace(write: Write) -> None:
    text = """
import helper
from pyspark.sql import Column, DataFrame, Window, functions as F, types as T
from pyspark.sql.functions import col, udf
from pyspark.sql.types import UserDefinedType
import pyspark.sql.functions
from etl import transforms
from etl.transforms import deduplicate

LATE = (F.col("delay") > 15) & ~(col("x").isNull() | (1 + F.lit(2) == 3))
WINDOW = Window.partitionBy("a").orderBy(F.desc("b"))
FIELDS = {F.lit(1): T.StructType([T.StructField("a", T.IntegerType())])["a"]}
NEW = int(pyspark.__version__.split(".")[0]) >= 4

@udf("int")
def double(x):
    return x

class Point(UserDefinedType, dict):
    pass

def typed(frame: DataFrame | None, column: "Column") -> DataFrame | None: ...
"""
    root = write({"jobs/j.py": text + JOB, "helper.py": "from pyspark.sql import functions as F\n"})

    assert in_a_new_process(root, static=True) == ["['clean.flights']", "[]", "False False"]


@pytest.mark.spark
def test_a_real_import_follows_a_static_one(write: Write) -> None:
    root = write({"jobs/j.py": "from pyspark.sql import DataFrame\n" + JOB})
    discover(root, static=True)

    discover(root, static=False)

    assert sys.modules["jobs.j"].DataFrame.__module__.startswith("pyspark.sql")


def test_a_second_project_does_not_see_the_jobs_of_the_first(write: Write, tmp_path: Path) -> None:
    discover(write({"jobs/first.py": JOB}), static=False)
    other = tmp_path / "other" / "jobs"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "second.py").write_text(JOB)

    assert [job.name for job in discover(other.parent, static=True)] == ["second"]
    assert "jobs.first" in sys.modules


def test_a_missing_pyspark_is_the_machines_matter(write: Write) -> None:
    missing = "raise ModuleNotFoundError('No module named pyspark', name='pyspark')"

    assert refused(write, missing, PlatformError).exit_code == 5


def test_a_step_whose_name_is_defined_again_is_not_lost_without_a_word(opened, chain):
    rest = 'sql="SELECT id FROM f", sources={"f": Source("raw.flights")}, schema="id INT", write=ReplaceTable())'
    made = f'sql_step("marts.%s", {rest}'
    again = f"""
from etl import sql_step

kept = {made % "kept"}
kept = [kept][0]
lost = {made % "lost"}
lost = {made % "found"}
"""

    with pytest.raises(ProjectError, match="step lost of line") as refused:
        opened({"jobs/flights.py": chain + again})

    assert "kept" not in refused.value.message
