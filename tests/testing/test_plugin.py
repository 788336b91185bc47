from types import SimpleNamespace

from etl.testing.plugin import pytest_collection_modifyitems


def test_a_test_that_asks_for_spark_is_marked_so_and_no_other_is():
    marks = {"marked": [], "plain": [], "not a function": []}
    items = [
        SimpleNamespace(fixturenames=["table", "spark"], add_marker=marks["marked"].append),
        SimpleNamespace(fixturenames=["tmp_path"], add_marker=marks["plain"].append),
        SimpleNamespace(add_marker=marks["not a function"].append),
    ]

    pytest_collection_modifyitems(items)

    assert {name: [mark.name for mark in given] for name, given in marks.items()} == {
        "marked": ["spark"],
        "plain": [],
        "not a function": [],
    }
