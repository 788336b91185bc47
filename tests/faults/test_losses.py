"""Executors and shuffle files are lost, tasks fail: what is published and counted is what it would be without.

``python -m pytest tests/faults/test_losses.py --rounds 50`` is the long form.
"""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("losses.py")
HOW = ("executor", "output of a merge", "task", "output", "executor while it maps")


@pytest.fixture(scope="module")
def results(request):
    """Return the steps' results, by what was lost; one JVM and its executors for all."""
    asked = [*itertools.islice(itertools.cycle(HOW), max(3, request.config.getoption("--rounds") - 2))]
    ran = subprocess.run([sys.executable, str(SCRIPT), *asked], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


@pytest.mark.cluster
def test_rows_and_counts_are_exact_whatever_is_lost(results):
    for result in results:
        assert (result["how"], result["error"]) == (result["how"], None)
        assert result["rows"] == {
            "read": {"a": 20_000},
            "corrupt": {},
            "filtered": {"small ids": 5},
            "deduplicated": {},
            "output": 19_995,
            "quarantined": 800,
            "staged": 19_195,
            "published": 19_195,
        }
        assert result["rows_in_table"] == 19_195
        found = {each["expectation_config"]["type"]: each["result"] for each in result["expectations"]}
        assert found["expect_column_values_to_not_be_null"]["element_count"] == 19_195
        assert found["expect_column_values_to_be_between"]["element_count"] == 19_995
        assert found["expect_column_values_to_be_between"]["unexpected_count"] == 800


@pytest.mark.cluster
def test_what_a_lost_output_made_spark_count_twice_is_measured_again_and_told(results):
    # A dead executor may have held nothing that was still wanted; files that are deleted are always missed.
    lost = [result for result in results if "output" in result["how"] or "measured_again" in result["metrics"]]

    assert lost
    for result in lost:
        again = result["metrics"]["measured_again"]
        assert set(again) == {"source a", "filtered small ids", "output"}
        assert all(" ran " in why for why in again.values())
        assert "measured again: source a (stage " in result["message"]


@pytest.mark.cluster
def test_a_task_that_failed_once_is_no_reason_to_measure_again(results):
    tried = [result for result in results if result["how"] == "task"]

    assert tried
    assert all("measured_again" not in result["metrics"] for result in tried)
