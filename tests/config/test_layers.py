"""How layers lie over one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config.layers import Layer, environments, leaves, merge, merged, read_layers
from etl.config.structure import Origin, Text
from etl.errors import Place

KEYS = st.sampled_from(["a", "b", "c"])
TABLES = st.recursive(
    st.dictionaries(KEYS, st.integers(0, 9) | st.lists(st.integers(0, 9)), max_size=3),
    lambda inner: st.dictionaries(KEYS, st.integers(0, 9) | inner, max_size=3),
    max_leaves=8,
)


@given(TABLES, TABLES)
def test_every_value_of_the_upper_layer_is_in_force(below: dict[str, Any], above: dict[str, Any]) -> None:
    merged = dict(leaves(merge(below, above)))

    assert dict(leaves(above)).items() <= merged.items()
    assert merged.items() <= (dict(leaves(below)) | dict(leaves(above))).items()


@given(TABLES)
def test_a_layer_that_says_nothing_changes_nothing(table: dict[str, Any]) -> None:
    assert merge(table, {}) == table == merge({}, table)


def test_merging_changes_neither_table() -> None:
    below, above = {"a": {"b": 1}}, {"a": {"c": 2}}

    assert merge(below, above) == {"a": {"b": 1, "c": 2}}
    assert (below, above) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_an_origin_is_that_of_the_uppermost_layer_and_goes_with_its_value() -> None:
    below = Layer({"a": {"b": 1}, "c": 2}, {("a",): said("one"), ("a", "b"): said("one"), ("c",): said("one")})
    above = Layer({"a": 3}, {("a",): said("two")})

    both = merged([below, above])

    assert both.values == {"a": 3, "c": 2}
    assert {path: origin.place.file for path, origin in both.origins.items()} == {("a",): "two", ("c",): "one"}


@pytest.mark.parametrize(
    ("variable", "values"),
    [
        ("ETL__RUN__THREADS", {"run": {"threads": "4"}}),
        ("ETL__NAME", {"name": "4"}),
        ("ETL__ZONES__RAW", {"zones": {"raw": "4"}}),
        ("ETL__SPARK__spark.sql.ansi.enabled", {"spark": {"spark.sql.ansi.enabled": "4"}}),
        ("ETL__SPARK__spark__x", {"spark": {"spark__x": "4"}}),
        ("OTHER__RUN__THREADS", {}),
    ],
)
def test_a_variable_says_one_key(tmp_path: Path, variable: str, values: dict[str, Any]) -> None:
    conf = configured(tmp_path)

    layer = read_layers(conf, "conf", "local", {variable: "4"}, {})

    assert layer.values == merge({"run": {"protected": False}}, values)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("run.threads", {"run": {"threads": "4"}}),
        ("spark.spark.a.b", {"spark": {"spark.a.b": "4"}}),
        ('spark."spark.a.b"', {"spark": {"spark.a.b": "4"}}),
        (" name ", {"name": "4"}),
    ],
)
def test_an_option_says_one_key(tmp_path: Path, option: str, values: dict[str, Any]) -> None:
    layer = read_layers(configured(tmp_path), "conf", "local", {}, {option: "4"})

    assert layer.values == merge({"run": {"protected": False}}, values)
    assert all(isinstance(value, Text) for path, value in leaves(layer.values) if path != ("run", "protected"))


def test_environments_are_the_files_under_env_sorted(tmp_path: Path) -> None:
    conf = configured(tmp_path)
    (conf / "env" / "dev.toml").write_text("name = 'x'\n")
    (conf / "env" / "notes.md").write_text("no environment\n")

    assert environments(conf) == ("dev", "local")
    assert environments(tmp_path) == ()


def said(file: str) -> Origin:
    return Origin("base", Place(file))


def configured(root: Path) -> Path:
    conf = root / "conf"
    (conf / "env").mkdir(parents=True)
    (conf / "base.toml").write_text("[run]\nprotected = true\n")
    (conf / "env" / "local.toml").write_text("[run]\nprotected = false\n")
    return conf
