"""Steps joined by their datasets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import Job, ReplaceTable, Source, Step, Target
from etl.errors import GraphError, Place
from etl.model.body import Function
from etl.model.job import JobModule
from etl.project.graph import Graph, build_graph


def job(**reads: str) -> JobModule:
    """One job whose steps ``a_x`` write ``a.x`` and read the datasets named."""
    steps = tuple(
        Step(
            body=Function(lambda **_: None),
            target=Target(name.replace("_", ".", 1), "id INT", ReplaceTable()),
            sources={f"s{n}": Source(dataset) for n, dataset in enumerate(read.split())},
            place=Place("/project/jobs/j.py", line),
        )
        for line, (name, read) in enumerate(reads.items(), start=1)
    )
    return JobModule("j", Job(), steps, "", "jobs/j.py")


def graph(known: str = "raw.x", **reads: str) -> Graph:
    return build_graph([job(**reads)], {*known.split(), *(name.replace("_", ".", 1) for name in reads)}, "/project")


def refused(**reads: str) -> GraphError:
    with pytest.raises(GraphError) as caught:
        graph(**reads)
    return caught.value


def test_a_step_comes_after_those_it_reads_from() -> None:
    joined = graph(c_x="b.x", b_x="a.x", a_x="raw.x")

    assert list(joined.nodes) == ["a.x", "b.x", "c.x"]
    assert joined.parents["c.x"] == ("b.x",)
    assert joined.children["a.x"] == ("b.x",)


def test_declaration_order_decides_between_independent_steps() -> None:
    assert list(graph(z_x="raw.x", m_x="raw.x", a_x="raw.x", b_x="z.x").nodes) == ["z.x", "m.x", "a.x", "b.x"]


def test_a_cycle_is_printed_along_the_data() -> None:
    error = refused(a_x="c.x", b_x="a.x", c_x="b.x")

    cycle = error.message.split(": ")[1].split(" → ")
    assert cycle[0] == cycle[-1]
    assert set(pairwise(cycle)) == {("a.x", "b.x"), ("b.x", "c.x"), ("c.x", "a.x")}


def test_a_source_that_nobody_knows_is_refused_with_the_nearest_name() -> None:
    error = refused(a_x="raw.y")

    assert str(error.place) == "jobs/j.py:1"
    assert "'raw.x'" in error.message
    assert "[raw.y]" in error.remedy


def test_a_step_that_reads_its_own_target_is_refused() -> None:
    assert refused(a_x="a.x").place == Place("jobs/j.py", 1)


def test_two_steps_with_one_target_are_refused_and_both_named() -> None:
    with pytest.raises(GraphError) as caught:
        build_graph([job(a_x="raw.x"), job(b_x="raw.x", a_x="raw.x")], {"raw.x"}, "/project")

    assert "jobs/j.py:1" in caught.value.message
    assert str(caught.value.place) == "jobs/j.py:2"


def named(name: str, writes: str, read: str, job: str = "j") -> JobModule:
    """A job of one step whose name is its own."""
    step = Step(
        body=Function(lambda **_: None),
        name=name,
        target=Target(writes, "id INT", ReplaceTable()),
        sources={"s": Source(read)},
        place=Place("/project/jobs/j.py", 1),
    )
    return JobModule(job, Job(), (step,), "", "jobs/j.py")


def test_steps_are_joined_by_datasets_and_called_by_name() -> None:
    joined = build_graph([named("sum_y", "b.y", "a.y"), named("load", "a.y", "raw.x")], {"raw.x", "a.y", "b.y"})

    assert joined.parents == {"load": (), "sum_y": ("load",)}
    assert joined.children["load"] == ("sum_y",)
    assert joined.writers == {"b.y": "sum_y", "a.y": "load"}


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ([named("x", "a.y", "raw.x"), named("x", "b.y", "raw.x")], "two steps are named x"),
        ([named("j", "a.y", "raw.x")], "name of a job"),
        ([named("raw.x", "a.y", "raw.x")], "not its target"),
        ([named("b.y", "a.y", "raw.x"), named("b.y", "b.y", "raw.x")], "not its target"),
        ([named("x", "a.y", "raw.x"), named("y", "a.y", "raw.x")], "a.y is written by two steps"),
        ([named("x", "a.y", "a.y")], "step x reads its own target"),
    ],
)
def test_a_name_that_would_mean_two_things_is_refused(jobs: list[JobModule], said: str) -> None:
    with pytest.raises(GraphError, match=said) as caught:
        build_graph(jobs, {"raw.x", "a.y", "b.y"}, "/project")

    assert caught.value.place == Place("jobs/j.py", 1)


def test_all_problems_are_said_at_once() -> None:
    message = str(refused(a_x="raw.y", b_x="b.x", c_x="raw.z"))

    assert all(f"jobs/j.py:{line}" in message for line in (1, 2, 3))


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9))))
def test_every_step_of_a_graph_without_cycle_comes_after_its_parents(edges: dict[int, set[int]]) -> None:
    steps = {
        f"s_{n}": "raw.x " + " ".join(f"s.n{r}" for r in read if r < n and r in edges) for n, read in edges.items()
    }
    joined = graph(**{name.replace("_", "_n"): read for name, read in steps.items()})

    order = list(joined.nodes)
    assert all(order.index(parent) < order.index(name) for name in order for parent in joined.parents[name])
