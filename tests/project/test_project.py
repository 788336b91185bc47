"""Opening a project, and the plans made from it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from etl.errors import UsageError
from etl.project.project import Project, find_directory, open_project
from etl.report.graph import render_graph
from etl.report.manifest import manifest
from etl.report.plan import render_plan
from etl.report.schema import schema

Opened = Callable[..., Project]
Write = Callable[..., Path]

SCHEDULED = """
from etl import Daily, Job, Merge, ReplacePartitions, Source, Target, expect, step

JOB = Job(schedule=Daily(at="06:00"), retries=2)


@step(sources={"frame": Source("raw.flights", interval_column="day")},
      target=Target("clean.flights", "id INT NOT NULL, day DATE", ReplacePartitions("day")),
      expectations=[expect.column_values_to_be_unique("id")])
def flights(frame):
    return frame


@step(sources={"frame": Source("clean.flights", interval_column="day")},
      target=Target("marts.days", "id INT, day DATE", Merge(["id", "day"])))
def days(frame):
    return frame
"""


def test_a_project_is_found_from_a_directory_below(write: Write, chain: str) -> None:
    root = write({"jobs/j.py": chain, "jobs/deep/er/x.sql": ""})

    assert open_project(root / "jobs" / "deep" / "er").directory == root
    assert find_directory(root / "jobs") == root


def test_a_directory_without_a_project_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_project(tmp_path)

    assert "-C" in caught.value.remedy


@pytest.mark.parametrize("name", ["../prod", "a/b", "", "x" * 80, "☃", "locale"])
def test_an_environment_is_a_name_and_never_a_path(write: Write, chain: str, name: str) -> None:
    root = write({"jobs/j.py": chain})
    if name:
        with pytest.raises(UsageError):
            open_project(root, environment=name)
    else:
        assert open_project(root, environment=name).config.environment == "local"


def test_a_plan_says_what_runs_for_when_and_why(opened: Opened) -> None:
    project = opened({"jobs/j.py": SCHEDULED})

    plan = project.plan(["+marts.days"], date="2013-02-08", params={"limit": "3"})

    first, second = plan.steps
    assert [interval.key for interval in plan.intervals if interval] == ["2013-02-08"]
    assert (first.step.name, first.job, first.retries, first.why) == (
        "clean.flights",
        "j",
        2,
        "selected by +marts.days",
    )
    assert first.reads["frame"] is project.datasets["raw.flights"]
    assert first.writes is second.reads["frame"] is project.datasets["clean.flights"]
    assert first.quarantine.name == "quarantine.clean_flights"
    assert (first.after, second.after) == ((), ("clean.flights",))
    # The first asks for it; the second merges, and a merge needs unique keys.
    merging = ("1 pass for uniqueness", "the batch is written, then merged")
    assert (first.costs, second.costs) == (("1 pass for uniqueness",), merging)
    assert plan.params == {"limit": "3"}


def test_a_plan_waits_only_for_its_own_steps_and_names_what_it_reads_as_it_is(opened: Opened) -> None:
    plan = opened({"jobs/j.py": SCHEDULED}).plan(["marts.days"], date="2013-02-08")

    assert plan.steps[0].after == ()
    assert [dataset.name for dataset in plan.as_they_are] == ["clean.flights"]


def test_a_plan_is_json(opened: Opened) -> None:
    plan = opened({"jobs/j.py": SCHEDULED}).plan(["j"], [], None, "2013-02-08", "2013-02-10", {})

    said = json.loads(json.dumps(plan.to_json()))

    assert said["intervals"][1] == {
        "key": "2013-02-09",
        "start": "2013-02-09T00:00:00+00:00",
        "end": "2013-02-10T00:00:00+00:00",
    }
    assert [step["step"] for step in said["steps"]] == ["clean.flights", "marts.days"]
    assert said["steps"][1]["writes"]["keys"] == ["id", "day"]
    assert said["arguments"]["from"] == "2013-02-08"


def test_a_plan_reads_as_text(opened: Opened) -> None:
    project = opened({"jobs/j.py": SCHEDULED})

    text = render_plan(project.plan(["marts.days"], start="2013-02-01", end="2013-03-01"))

    assert "28 intervals: 2013-02-01, 2013-02-02 … 2013-02-28" in text
    assert f"marts.days  {project.directory}/lake/marts/days  (Merge: keys=id+day; exactly once)" in text
    assert f"  clean.flights  {project.directory}/lake/clean/flights" in text.split("Read as they are")[1]
    text = render_plan(project.plan(["j"], date="2013-02-08"))
    assert "1 NOT NULL\n" in text
    assert "   costs     1 pass for uniqueness\n" in text


def test_the_graph_is_drawn_in_four_forms(opened: Opened, chain: str) -> None:
    project = opened({"jobs/j.py": chain})
    steps = project.select(["+marts.days"])

    assert render_graph(project, steps) == "j\n├─ clean.flights  ← raw.flights\n└─ marts.days     ← clean.flights"
    assert "  clean__flights --> marts__days" in render_graph(project, steps, "mermaid").splitlines()
    assert '  "raw.flights" -> "clean.flights";' in render_graph(project, steps, "dot").splitlines()
    assert json.loads(render_graph(project, steps, "json"))["edges"] == [
        {"from": "raw.flights", "to": "clean.flights"},
        {"from": "clean.flights", "to": "marts.days"},
    ]
    with pytest.raises(UsageError, match="'dot'"):
        render_graph(project, steps, "dott")


NAMED = SCHEDULED.replace(
    '@step(sources={"frame": Source("raw', '@step(name="load", sources={"frame": Source("raw'
).replace('@step(sources={"frame": Source("clean', '@step(name="per_day", sources={"frame": Source("clean')


def test_a_plan_calls_steps_by_name_and_datasets_by_theirs(opened: Opened) -> None:
    project = opened({"jobs/j.py": NAMED})

    plan = project.plan(["+marts.days"], date="2013-02-08")

    said = [(one["step"], one["writes"]["dataset"], one["after"]) for one in plan.to_json()["steps"]]
    assert said == [("load", "clean.flights", []), ("per_day", "marts.days", ["load"])]
    assert plan.as_they_are == ()
    assert [dataset.name for dataset in project.plan(["per_day"], date="2013-02-08").as_they_are] == ["clean.flights"]
    assert project.datasets["clean.flights"].written_by == "load"
    assert project.datasets["quarantine.marts_days"].written_by == "per_day"
    text = render_plan(plan)
    assert "2. per_day  (job j; selected by +marts.days)" in text
    assert f"writes    marts.days  {project.directory}/lake/marts/days" in text


def test_the_graph_draws_a_published_dataset_as_the_step_that_publishes_it(opened: Opened) -> None:
    project = opened({"jobs/j.py": NAMED})

    assert json.loads(render_graph(project, ("load", "per_day"), "json")) == {
        "schema_version": "1.0",
        "nodes": [
            {"name": "raw.flights", "kind": "dataset"},
            {"name": "load", "kind": "step", "job": "j"},
            {"name": "per_day", "kind": "step", "job": "j"},
        ],
        "edges": [{"from": "raw.flights", "to": "load"}, {"from": "load", "to": "per_day"}],
    }
    assert "  clean__flights --> per_day" in render_graph(project, ("per_day",), "mermaid").splitlines()


def test_the_manifest_says_name_and_target(opened: Opened) -> None:
    project = opened({"jobs/j.py": NAMED})

    said = manifest(project, project.plan(["per_day"], date="2013-02-08"))

    Draft202012Validator(schema("manifest")).validate(said)
    assert [(one["name"], one["target"], one["selected"]) for one in said["steps"]] == [
        ("load", "clean.flights", False),
        ("per_day", "marts.days", True),
    ]


def test_a_bundle_is_opened_from_inside_its_zip(write: Write, tmp_path: Path) -> None:
    root = write({"jobs/j.py": SCHEDULED})
    bundle = tmp_path / "app.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        for file in sorted(root.glob("jobs/*.py")):
            archive.write(file, f"jobs/{file.name}")
        for file in ("base.toml", "datasets.toml", "env/local.toml"):
            archive.write(root / "conf" / file, f"jobs/conf/{file}")
    program = (
        "import sys\nfrom etl.project.project import open_project\n"
        f"sys.path.insert(0, {str(bundle)!r})\n"
        "project = open_project(None)\n"
        "print(project.directory, project.jobs[0].file, project.config.origins['run.threads'])\n"
        "print(project.plan(date='2013-02-08').steps[0].writes.uri, 'pyspark' in sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "None jobs/j.py jobs/conf/env/local.toml:2",
        f"{Path.cwd()}/lake/clean/flights False",
    ]


def test_opening_and_planning_the_reference_project_imports_little_and_no_spark() -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom etl.project.project import open_project\n"
        "open_project(Path.cwd()).plan(['nyc_flights'], date='2013-02-08')\n"
        "print(*sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    imported = done.stdout.split()
    assert {"pyspark", "boto3", "great_expectations"} & set(imported) == set()
    assert len(imported) <= 320  # 304 in 2026
