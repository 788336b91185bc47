"""A small project made of literal files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import hypothesis
import pytest

# An example that waits for a processor is no failure.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("long", hypothesis.settings.get_profile("house"), max_examples=2000)  # make faults
hypothesis.settings.load_profile("house")

BASE = """
[zones]
raw = "lake/raw"
clean = "lake/clean"
marts = "lake/marts"
quarantine = "lake/quarantine"
"""

DATASETS = """
[raw.flights]
format = "csv"
schema = "id INT, day DATE"
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files of a project over a small one: path to text. Gives its directory."""

    def write_files(files: dict[str, str] | None = None) -> Path:
        given = {"conf/base.toml": BASE, "conf/env/local.toml": "[run]\nthreads = 2\n", "conf/datasets.toml": DATASETS}
        for name, text in (given | {"jobs/__init__.py": ""} | (files or {})).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path

    return write_files


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the length of the suites that inject faults."""
    parser.addoption("--rounds", type=int, default=5, help="Length of tests/faults: runs that meet … [default: 5]")
