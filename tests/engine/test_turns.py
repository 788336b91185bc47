"""Which step may begin, by hand: no Spark, no threads."""

from types import SimpleNamespace

import pytest

from etl.engine import turns as room
from etl.engine.turns import Turns
from etl.model.plan import Plan

DAYS = ("1", "2", "3", "4")


@pytest.fixture
def turns(monkeypatch):
    """Turns of steps ``{"b": ("a",)}`` (a step, and what it reads), some of them in turn, some read whole."""

    def make(steps, at_once=1, in_turn=(), readers=None, only=None):
        monkeypatch.setattr(room, "taken_in_turn", lambda _: dict.fromkeys(in_turn, "why"))
        monkeypatch.setattr(room, "whole_readers", lambda _: readers or {})
        planned = tuple(SimpleNamespace(step=SimpleNamespace(name=name), after=after) for name, after in steps.items())
        intervals = tuple(SimpleNamespace(key=day) for day in DAYS)
        return Turns(Plan(environment="local", intervals=intervals, steps=planned, only=only), at_once)

    return make


def begin(turns):
    """Open what may be open, and return what may begin: ``1a 2a``."""
    list(turns.open())
    return " ".join(f"{DAYS[place]}{name}" for place, name in turns.ready())


def end(turns, *nodes):
    for node in nodes:
        turns.end((DAYS.index(node[0]), node[1:]))
    return begin(turns)


def test_one_at_a_time_an_interval_begins_when_the_one_before_has_ended(turns):
    chain = turns({"a": (), "b": ("a",)})

    assert begin(chain) == "1a"
    assert begin(chain) == ""
    assert end(chain, "1a") == "1b"
    assert end(chain, "1b") == "2a"


def test_steps_that_do_not_read_each_other_begin_together(turns):
    assert begin(turns({"a": (), "b": (), "c": ("a", "b")})) == "1a 1b"


def test_no_step_takes_a_second_interval_before_its_first_has_ended(turns):
    chain = turns({"a": (), "b": ("a",)}, at_once=3)

    assert begin(chain) == "1a"
    assert end(chain, "1a") == "1b 2a 3a"
    assert end(chain, "2a", "3a") == ""
    assert end(chain, "1b") == "2b 3b 4a"


def test_a_step_in_turn_waits_for_its_earlier_interval_and_the_others_go_on(turns):
    chain = turns({"a": (), "b": ("a",)}, at_once=3, in_turn=("b",))
    begin(chain)
    end(chain, "1a")

    assert end(chain, "1b", "2a", "3a") == "2b 4a"
    assert end(chain, "4a") == ""
    assert end(chain, "2b") == "3b"


def test_what_is_read_whole_waits_until_it_has_been_read(turns):
    chain = turns({"a": (), "b": ("a",)}, at_once=3, in_turn=("a", "b"), readers={"a": ("b",)})
    begin(chain)

    assert end(chain, "1a") == "1b"
    assert end(chain, "1b") == "2a"


def test_steps_that_are_not_planned_for_an_interval_are_waited_for_by_nobody(turns):
    only = {"1": frozenset({"b"}), "2": frozenset({"a", "b"}), "3": frozenset(), "4": frozenset({"b"})}
    chain = turns({"a": (), "b": ("a",)}, at_once=2, only=only)

    assert begin(chain) == "1b 2a"
    assert end(chain, "2a") == ""
    assert end(chain, "1b") == "2b 4b"


def test_an_interval_without_a_step_is_passed_over(turns):
    chain = turns({"a": ()}, only={"2": frozenset({"a"})})

    assert begin(chain) == "2a"
    assert end(chain, "2a") == ""
    assert chain.begun == len(DAYS)


def test_a_steps_place_is_that_among_the_steps_of_its_interval(turns):
    chain = turns({"a": (), "b": ("a",)}, only={"1": frozenset({"b"})})

    assert chain.position((0, "b")) == {"index": 1, "of": 1}


def test_the_last_step_of_an_interval_says_so(turns):
    chain = turns({"a": (), "b": ("a",)})
    begin(chain)

    assert not chain.end((0, "a"))
    assert chain.end((0, "b"))
