from datetime import timedelta

import pytest

from etl.model.result import RowCounts, Status
from etl.report import grid
from etl.report.course import Course, expected
from etl.report.grid import Grid, cells, draw, state_of

STEPS = ("clean.orders", "marts.revenue")


def of(letters, keys=None):
    """A grid of one step, a letter a day of February."""
    states = {letter: state for state, (letter, _) in grid.LETTERS.items()}
    keys = keys or tuple(f"2013-02-{n:02d}" for n in range(1, len(letters) + 1))
    found = {("clean.orders", key): states[letter] for key, letter in zip(keys, letters, strict=True) if letter != " "}
    return Grid(("clean.orders",), keys, found)


def test_a_month_of_days_is_a_block_and_its_days_are_counted():
    assert draw(of("###x.......")) == [
        "2013-02       12345678901",
        "clean.orders  ###x.......",
        "# published   x failed   . missing",
    ]


def test_days_of_two_months_are_two_blocks():
    lines = draw(of("##", ("2013-01-31", "2013-02-01")))

    assert [line.split() for line in lines[:4]] == [
        ["2013-01", "1"],
        ["clean.orders", "#"],
        ["2013-02", "1"],
        ["clean.orders", "#"],
    ]


def test_what_was_not_asked_for_is_blank_and_has_no_legend():
    assert draw(of("# #"))[1:] == ["clean.orders  # #", "# published"]


def test_a_line_without_an_interval_is_one_cell():
    assert draw(of("#", (None,)))[:2] == ["              ·", "clean.orders  #"]


def test_of_a_long_run_only_the_blocks_are_drawn_in_which_something_has_happened():
    keys = tuple(f"2013-{month:02d}-01" for month in range(1, 13))

    lines = draw(of("####>ooooooo", keys), blocks=2)

    assert [line[:7] for line in lines] == ["2013-04", "clean.o", "2013-05", "clean.o", "# publi"]


def test_the_cells_are_json_values_interval_by_interval():
    assert list(cells(of("#x"))) == [
        {"step": "clean.orders", "interval": "2013-02-01", "state": "published"},
        {"step": "clean.orders", "interval": "2013-02-02", "state": "failed"},
    ]


@pytest.mark.parametrize(
    ("status", "quarantined", "state"),
    [
        (Status.PASS, 0, grid.PUBLISHED),
        (Status.WARN, 0, grid.WARNED),
        (Status.WARN, 2, grid.QUARANTINED),
        (Status.FAIL, 0, grid.FAILED),
        (Status.SKIP, 0, grid.SKIPPED),
        (Status.NO_OP, 0, grid.UNCHANGED),
    ],
)
def test_a_result_leaves_a_state(make, status, quarantined, state):
    assert state_of(make.step(status=status, rows=RowCounts(quarantined=quarantined)).to_json()) == state


def test_what_steps_take_is_the_sum_of_what_they_took_shared_by_those_at_once():
    pairs = [(step, key) for step in STEPS for key in ("2013-02-01", "2013-02-02")]

    assert expected(pairs, {"clean.orders": 3.0, "marts.revenue": 1.0}) == 8.0
    assert expected(pairs, {"clean.orders": 3.0}, at_once=2) == 6.0
    assert expected(pairs, {}) is None


def course_of(make, days, parallel=1):
    course = Course()
    keys = [f"2013-02-{n:02d}" for n in range(1, days + 1)]
    course.take(make.event("run_started", {"steps": STEPS, "intervals": keys, "parallel": parallel}))
    return course


def test_a_course_tells_how_far_it_is_and_what_is_left(make):
    course = course_of(make, 5)
    for step in STEPS:
        course.take(make.event("step_started", {}, step, "2013-02-01"))
        done = make.step(step, interval="2013-02-01", seconds=6.0)
        course.take(make.event("step_finished", done.to_json(), step, "2013-02-01"))

    assert course.words(make.at + timedelta(seconds=12)) == "2 of 10 steps, about 48.0s left"


def test_a_course_of_two_intervals_at_once_goes_at_their_pace(make):
    course = course_of(make, 4, parallel=2)
    for key in ("2013-02-01", "2013-02-02"):
        for step in STEPS:
            done = make.step(step, interval=key, seconds=6.0)
            course.take(make.event("step_finished", done.to_json(), step, key))

    assert course.left(make.at + timedelta(seconds=12)) == 12.0


def test_a_run_of_chosen_pairs_counts_those_alone(make):
    course = Course()
    pairs = [["clean.orders", "2013-02-01"]]
    course.take(make.event("run_started", {"steps": STEPS[:1], "intervals": ["2013-02-01"], "pairs": pairs}))

    assert course.words(make.at) == "0 of 1 steps"
