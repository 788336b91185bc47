"""dbt's selection grammar, against a small graph and against its own laws."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from etl import Job, ReplaceTable, Source, Step, Target
from etl.errors import Place, UsageError
from etl.model.body import Function
from etl.model.job import JobModule
from etl.project.graph import Graph, build_graph
from etl.project.select import select


def declared(name: str, read: str, *tags: str, file: str = "jobs/etl/__init__.py") -> Step[..., None]:
    return Step(
        body=Function(lambda **_: None),
        target=Target(name, "id INT", ReplaceTable()),
        tags=tags,
        place=Place("/p/" + file, 1),
        sources={f"s{n}": Source(dataset) for n, dataset in enumerate(read.split())},
    )


# raw.a → clean.a ─┬→ core.ab ─→ marts.x        raw.c → clean.c (job other)
# raw.b → clean.b ─┘         └─→ marts.y ─→ marts.z
FLIGHTS = JobModule(
    "flights",
    Job(tags=["nightly"]),
    (
        declared("clean.a", "raw.a", file="jobs/flights/clean.py"),
        declared("clean.b", "raw.b", "slow"),
        declared("core.ab", "clean.a clean.b"),
        declared("marts.x", "core.ab"),
        declared("marts.y", "core.ab", "slow"),
        declared("marts.z", "marts.y"),
    ),
    "",
    "jobs/flights/__init__.py",
)
OTHER = JobModule("other", Job(), (declared("clean.c", "raw.c", file="jobs/other.py"),), "", "jobs/other.py")
GRAPH: Graph = build_graph(
    [FLIGHTS, OTHER], {"raw.a", "raw.b", "raw.c", *(s.name for job in (FLIGHTS, OTHER) for s in job.steps)}
)
ALL = tuple(GRAPH.nodes)


def chosen(*selectors: str, exclude: str = "") -> set[str]:
    return set(select(GRAPH, selectors, [exclude] if exclude else []).names)


@pytest.mark.parametrize(
    ("selector", "steps"),
    [
        ("clean.a", "clean.a"),
        ("other", "clean.c"),
        ("job:other", "clean.c"),
        ("flights", "clean.a clean.b core.ab marts.x marts.y marts.z"),
        ("marts.*", "marts.x marts.y marts.z"),
        ("marts.[xy]", "marts.x marts.y"),
        ("+core.ab", "clean.a clean.b core.ab"),
        ("core.ab+", "core.ab marts.x marts.y marts.z"),
        ("+core.ab+", "clean.a clean.b core.ab marts.x marts.y marts.z"),
        ("1+marts.x", "core.ab marts.x"),
        ("2+marts.x", "clean.a clean.b core.ab marts.x"),
        ("0+marts.x", "marts.x"),
        ("clean.a+1", "clean.a core.ab"),
        ("clean.a+2", "clean.a core.ab marts.x marts.y"),
        ("1+core.ab+1", "clean.a clean.b core.ab marts.x marts.y"),
        ("@clean.a", "clean.a clean.b core.ab marts.x marts.y marts.z"),
        ("@marts.y", "clean.a clean.b core.ab marts.y marts.z"),
        ("tag:slow", "clean.b marts.y"),
        ("tag:slow+", "clean.b core.ab marts.x marts.y marts.z"),
        ("tag:nightly", "clean.a clean.b core.ab marts.x marts.y marts.z"),
        ("path:jobs/other.py", "clean.c"),
        ("path:jobs/flights/", "clean.a clean.b core.ab marts.x marts.y marts.z"),
        ("path:jobs/flights/clean.py", "clean.a"),
        ("source:raw.a", "clean.a"),
        ("source:raw.a+", "clean.a core.ab marts.x marts.y marts.z"),
        ("source:raw.a+1", "clean.a"),
        ("source:raw.a+2", "clean.a core.ab"),
        ("clean.a clean.c", "clean.a clean.c"),
        ("clean.a+,+marts.x", "clean.a core.ab marts.x"),
        ("tag:slow,marts.* clean.c", "marts.y clean.c"),
    ],
)
def test_a_selector_names_steps(selector: str, steps: str) -> None:
    assert chosen(selector) == set(steps.split())


@pytest.mark.parametrize(
    "selector", ["sum_b", "marts.b", "sum_*", "1+sum_b,marts.*", "+marts.b,sum_b", "load_a+,sum_b", "core.a+1,marts.b"]
)
def test_a_step_is_selected_by_its_name_and_by_its_target(selector: str) -> None:
    load = evolve(declared("core.a", "raw.a"), name="load_a")
    total = evolve(declared("marts.b", "core.a"), name="sum_b")
    joined = build_graph([JobModule("j", Job(), (load, total), "", "jobs/j.py")], {"raw.a", "core.a", "marts.b"})

    assert select(joined, [selector]).names == ("sum_b",)


def test_a_source_that_a_named_step_writes_is_no_source() -> None:
    load = evolve(declared("core.a", "raw.a"), name="load_a")
    joined = build_graph([JobModule("j", Job(), (load,), "", "jobs/j.py")], {"raw.a", "core.a"})

    with pytest.raises(UsageError, match="written by a step here"):
        select(joined, ["source:core.a"])


def test_no_selector_selects_everything() -> None:
    assert select(GRAPH, []).names == ALL


def test_exclusions_are_taken_away() -> None:
    assert chosen("flights", exclude="marts.* clean.a") == {"clean.b", "core.ab"}
    assert chosen(exclude="flights") == {"clean.c"}


def test_each_step_says_what_selected_it() -> None:
    assert select(GRAPH, ["+core.ab other", "clean.a"]).why == {
        "clean.a": "selected by +core.ab",
        "clean.b": "selected by +core.ab",
        "core.ab": "selected by +core.ab",
        "clean.c": "selected by other",
    }


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("flight", "'flights'"),
        ("clean.aa", "'clean.a'"),
        ("nowhere.*", "2 jobs, 7 steps"),
        ("job:othr", "'other'"),
        ("tag:slwo", "'slow'"),
        ("path:jobs/othr.py", "jobs/other.py"),
        ("source:raw.aa", "'raw.a'"),
        ("source:clean.a", "clean.a+"),
        ("tga:slow", "'tag'"),
        ("state:modified", "unknown method"),
        ("../../etc/x", "no job"),
        ("a,,b", "read"),
        ("+", "read"),
        ("x++", "read"),
        ("@clean.a+", "read"),
        ("clean.a,clean.b", "no step is left"),
        ("☃", "no job"),
        ("x" * 300, "no job"),
    ],
)
def test_a_selector_that_names_nothing_is_refused_with_what_there_is(selector: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(selector)

    assert said in str(caught.value)


def test_an_exclusion_that_names_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        chosen("flights", exclude="marts.zz")


def test_an_exclusion_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        chosen("other", exclude="clean.*")


STEPS = st.sampled_from(ALL)
TERMS = st.builds(
    "{}{}{}".format, st.sampled_from(["", "+", "1+", "2+"]), STEPS, st.sampled_from(["", "+", "+1", "+2"])
)


@given(TERMS, TERMS)
def test_a_blank_joins_and_a_comma_intersects(one: str, two: str) -> None:
    assert chosen(f"{one} {two}") == chosen(one, two) == chosen(one) | chosen(two)
    both = chosen(one) & chosen(two)
    if both:
        assert chosen(f"{one},{two}") == both


@given(STEPS, STEPS)
def test_one_step_is_above_another_exactly_if_that_is_below(one: str, two: str) -> None:
    assert (one in chosen(f"+{two}")) == (two in chosen(f"{one}+"))


@given(STEPS, st.integers(0, 5))
def test_more_levels_never_select_less(step: str, depth: int) -> None:
    assert chosen(f"{depth}+{step}") <= chosen(f"{depth + 1}+{step}") <= chosen(f"+{step}")
    assert chosen(f"{step}+{depth}") <= chosen(f"{step}+{depth + 1}") <= chosen(f"{step}+")


@given(STEPS)
def test_an_at_sign_selects_what_building_all_children_needs(step: str) -> None:
    assert chosen(f"@{step}") == set().union(*(chosen(f"+{child}") for child in chosen(f"{step}+")))


@given(st.lists(TERMS, min_size=1), TERMS)
def test_what_is_left_is_in_graph_order_and_free_of_exclusions(terms: list[str], excluded: str) -> None:
    rest = chosen(*terms) - chosen(excluded)
    if rest:
        names = select(GRAPH, terms, [excluded]).names
        assert names == GRAPH.ordered(rest)
