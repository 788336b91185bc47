"""What changed since a publish reads as a person would say it."""

import pytest
from attrs import evolve

from etl import ReplaceTable, Source, Target, step
from etl.engine import fingerprint
from etl.engine.differences import differences
from etl.model.dataset import Dataset
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.storage.staging import Applied

HERE = {name: Dataset(name=name, uri=f"lake/{name}") for name in ("raw.flights", "clean.flights", "quarantine.q")}


@step(sources={"flights": Source("raw.flights")}, target=Target("clean.flights", "id INT", ReplaceTable()))
def clean_flights(flights, run):
    return flights


PLANNED = PlannedStep(
    job="j",
    step=clean_flights,
    reads={"flights": HERE["raw.flights"]},
    writes=HERE["clean.flights"],
    quarantine=HERE["quarantine.q"],
)


def made(planned=PLANNED, run=None, spark="3.5.9", inputs=None):
    said = fingerprint.made(planned, run or Run("r"), spark, inputs or {"flights": "version 1"})
    return Applied(generation=1, fingerprint=said.number, parts=said.parts, details=said.details)


def files(**stamps):
    return {"flights": {"files": stamps}}


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (files(a=1, b=1), files(a=1, b=2, c=1), "raw.flights: 1 file new, 1 changed"),
        (files(a=1, b=1, c=1), files(a=1), "raw.flights: 2 files gone"),
        ({"flights": "version 1"}, {"flights": "version 2"}, "raw.flights: version 2, before version 1"),
        ({"flights": "publish 7"}, {"flights": "publish 9"}, "raw.flights: published again"),
        ({"flights": None}, {"flights": "version 1"}, "raw.flights: was absent, and is there"),
        (files(**{f"f{n}": 1 for n in range(60)}), files(a=1), "raw.flights: 1 file, before 60"),
        (files(**{f"f{n}": 1 for n in range(60)}), files(**{f"f{n}": 2 for n in range(60)}), "raw.flights: changed"),
    ],
)
def test_a_source_says_how_it_changed(before, now, words):
    assert differences(PLANNED, made(inputs=before), made(inputs=now)) == words


def test_parameters_versions_and_the_catalogue_are_named():
    read = {"flights": evolve(HERE["raw.flights"], on_drift="evolve")}

    assert differences(PLANNED, made(), made(run=Run("r", params={"p": "1"}))) == "--param p changed"
    assert differences(PLANNED, made(), made(spark="4.1.4")) == "spark 4.1, before 3.5"
    assert differences(PLANNED, made(), made(evolve(PLANNED, reads=read))) == (
        "raw.flights: on_drift changed in conf/datasets.toml"
    )


def test_a_publish_of_an_older_engine_says_which_parts_are_others():
    old = evolve(made(inputs={"flights": "version 0"}), details={})

    assert differences(PLANNED, old, made()) == "inputs changed"
    assert differences(PLANNED, None, made()) == ""


def test_patches_of_spark_and_the_place_of_the_lake_are_no_difference():
    elsewhere = evolve(PLANNED, writes=evolve(PLANNED.writes, uri="s3://other/lake"))

    assert made(spark="3.5.9").fingerprint == made(spark="3.5.3").fingerprint
    assert made().fingerprint == made(elsewhere).fingerprint


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("select  1 -- one\n", True),
        ("select /* one */ 1", True),
        ("select /*+ broadcast(a) */ 1", False),
        ("select '--' , 1", False),
        ("select 2", False),
    ],
)
def test_comments_and_layout_of_a_query_are_no_difference(text, same):
    assert (fingerprint._query(text) == fingerprint._query("select 1")) is same


@pytest.mark.parametrize("text", ["select '  a'", "select '/* a */'", "select `a  b`", 'select "--"'])
def test_texts_of_a_query_are_kept_as_they_are(text):
    assert fingerprint._query(text) == text


BACK = evolve(
    PLANNED, step=evolve(clean_flights, sources={"flights": Source("raw.flights", interval_column="day", lookback=7)})
)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (
            files(**{"day=2013-02-07/a.csv": 1, "day=2013-02-08/a.csv": 1}),
            files(**{"day=2013-02-07/a.csv": 2, "day=2013-02-08/a.csv": 1}),
            "raw.flights of 2013-02-07: 1 file changed",
        ),
        (
            {"flights": {"publishes": {"2013-02-07": 1, "2013-02-08": 1}}},
            {"flights": {"publishes": {"2013-02-06": 1, "2013-02-07": 2, "2013-02-08": 1}}},
            "raw.flights of 2013-02-06, 2013-02-07: published again",
        ),
        ({"flights": "version 1 of table a"}, {"flights": {"publishes": {"2013-02-07": 1}}}, "raw.flights: changed"),
        (
            {"flights": {"publishes": dict.fromkeys(map(str, range(60)), 1)}},
            {"flights": {"publishes": dict.fromkeys(map(str, range(60)), 2)}},
            "raw.flights: changed",
        ),
    ],
)
def test_of_a_source_that_is_looked_back_into_the_intervals_that_changed_are_named(before, now, said):
    assert differences(BACK, made(BACK, inputs=before), made(BACK, inputs=now)) == said
