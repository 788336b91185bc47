"""Processes of their own, and what keeps them from costing more than what they are there to show."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def light_java():
    """Start every Java below with one compiler and one collector thread: half the CPU of a process that soon ends."""
    with pytest.MonkeyPatch.context() as patch:
        # The code cache as in the sessions of tests: etl/spark/settings.py says why.
        options = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m"
        patch.setenv("JAVA_TOOL_OPTIONS", options)
        yield
