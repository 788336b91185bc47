"""Exported DAGs in real installations of Airflow 2 and 3, each in an environment of its own, made once a machine."""

import json
import os
import subprocess
import sys
import venv

import pytest

from etl.spark import cache
from tests.schedule.test_export import TARGETS, export, project  # noqa: F401 fixtures

pytestmark = [pytest.mark.slow, pytest.mark.once]

VERSIONS = {"2": "apache-airflow>=2.10,<3", "3": "apache-airflow>=3,<4"}
PARSE = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1])  # examples are switched off in the environment
dags = {name: sorted(f"{task.task_id} >> {after}" for task in dag.tasks for after in task.downstream_task_ids)
        for name, dag in bag.dags.items()}
print("DAGS " + json.dumps({"errors": bag.import_errors, "dags": dags}))
"""


@pytest.fixture(scope="module", params=VERSIONS)
def parsed(request, tmp_path_factory):
    """``parsed(folder)`` is what an Airflow of this major finds in a folder."""
    home = cache.directory(f"airflow-{request.param}", os.environ)
    python = home / "bin" / "python"
    if not (home / "ready").is_file():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "uv"], check=True)
        packages = [VERSIONS[request.param], "apache-airflow-providers-amazon"]
        subprocess.run([python, "-m", "uv", "pip", "install", "-q", "--python", python, *packages], check=True)
        (home / "ready").touch()
    place = tmp_path_factory.mktemp("airflow")
    environ = {**os.environ, "AIRFLOW_HOME": str(place), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONPATH": ""}

    def find(folder):
        ran = subprocess.run(
            [python, "-c", PARSE, folder], env=environ, capture_output=True, text=True, check=False, cwd=place
        )
        lines = [line for line in ran.stdout.splitlines() if line.startswith("DAGS ")]
        assert lines, ran.stderr[-3000:]
        return json.loads(lines[-1].removeprefix("DAGS "))

    return find


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="both majors run on Python 3.11")
@pytest.mark.parametrize("to", [None, *TARGETS])
def test_both_majors_find_every_dag_and_its_order(parsed, export, project, to):  # noqa: F811 fixtures
    export("airflow", *(("--to", to) if to else ()))

    found = parsed(str(project / "out"))

    assert found["errors"] == {}
    assert set(found["dags"]) == {"late", "tops"}
    assert {"shop >> sums", "shop >> tops"} <= set(found["dags"]["tops"])
