"""``etl state``: up to where incremental steps have consumed their sources, and how to say it anew."""

import json

import pytest

JOB = '''
"""Words as they come."""
from etl import Append, Job, Source, Target, step

JOB = Job(owner="shop")


@step(
    sources={"words": Source("raw.words", incremental=True)},
    target=Target("clean.words", "id INT NOT NULL, word STRING", Append()),
)
def clean_words(words):
    """Keep a word as it came."""
    return words
'''
DATASETS = """
[raw.words]
format = "csv"
schema = "id INT, word STRING"
"""


@pytest.fixture
def rows(project, spark):
    """``rows("clean.words")`` are a table's rows, sorted."""

    def read(name):
        table = spark.read.format("delta").load(str(project / "lake" / name.replace(".", "/")))
        return sorted(tuple(row) for row in table.collect())

    return read


@pytest.fixture
def words(project):
    """A project whose only job reads what is new, with one file that is."""
    for job in (project / "jobs").glob("*.py"):
        job.unlink()
    (project / "jobs/__init__.py").write_text("")
    (project / "jobs/words.py").write_text(JOB)
    (project / "conf/datasets.toml").write_text(DATASETS)
    deliver(project, "a", 1)
    return project


def deliver(project, name, *ids):
    file = project / f"lake/raw/words/{name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("id,word\n" + "".join(f"{n},w{n}\n" for n in ids))


def test_a_project_without_incremental_steps_says_so_without_spark(project, etl):
    assert etl("state", "list").out == "no step is incremental\n"
    assert etl("state", "show", "clean.orders").code == 2


@pytest.mark.usefixtures("spark")
def test_what_is_consumed_and_what_is_new_is_shown(words, etl):
    etl("run", "words")
    deliver(words, "b", 2)

    (listed,) = json.loads(etl("state", "list", "-o", "json").out)
    (shown,) = json.loads(etl("state", "show", "clean.words", "-o", "json").out)

    assert (listed["step"], listed["dataset"], listed["publishes"]) == ("clean.words", "raw.words", 1)
    assert list(listed["position"]) == ["a.csv"]
    assert (shown["source"], shown["new"]) == ("words", "1 new file")


@pytest.mark.usefixtures("spark")
def test_a_reset_says_what_it_causes_is_confirmed_and_then_done(words, etl, rows):
    etl("run", "words")

    asked = etl("state", "reset", "clean.words", "--to", "earliest")
    assert asked.code == 2
    assert "rows that are there already will be there twice" in asked.err
    assert etl("state", "reset", "clean.words", "--to", "earliest", "--yes").code == 0
    etl("run", "words")

    assert rows("clean.words") == [(1, "w1"), (1, "w1")]


@pytest.mark.usefixtures("spark")
def test_a_step_may_begin_behind_what_is_there(words, etl, rows):
    assert etl("state", "reset", "clean.words", "--to", "latest", "--yes").code == 0
    deliver(words, "b", 2)
    etl("run", "words")

    assert rows("clean.words") == [(2, "w2")]
