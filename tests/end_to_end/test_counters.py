"""Golden counters: what each step costs Spark. Exact, so any growth is a change somebody made.

``python -m bench.counters --write`` keeps new ones, once the growth is meant.
"""

import json

import pytest

from bench import counters
from bench.handwritten import STEPS

# Steps whose suite asks for uniqueness, or whose merge needs unique keys: one pass over the staged keys.
UNIQUE = {"clean.flights", "clean.weather", "core.airlines", "core.planes", "core.airports"}


@pytest.fixture(scope="module")
def counted(spark, tmp_path_factory):
    return counters.compare(spark, tmp_path_factory.mktemp("counters"))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_runs_no_more_spark_jobs_than_by_hand_but_one_for_uniqueness(counted, step):
    allowed = counted[step]["hand"]["jobs"] + (1 if step in UNIQUE else 0)

    assert counted[step]["engine"]["jobs"] <= allowed


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", ["jobs", "stages", "rows_read"])
def test_a_step_costs_no_more_than_its_golden_counters(spark, counted, step, number):
    golden = json.loads(counters.golden_file(spark.version).read_text())

    assert counted[step]["engine"][number] <= golden[step][number]
