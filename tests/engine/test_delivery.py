import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from etl.engine import delivery
from etl.engine.delivery import delivered
from etl.model.event import Event

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


def event(kind, number=0):
    return Event(kind, AT, "a", data={"number": number})


def failing(event):
    raise OSError(28, "No space left on device")


class Recorder:
    """A listener that is closed; ``broken`` while closing."""

    def __init__(self, *, broken=False):
        self.got, self.broken = [], broken

    def __call__(self, event):
        self.got.append(event)

    def close(self):
        self.got.append("closed")
        if self.broken:
            raise OSError(5, "Input/output error")


def test_every_event_is_there_in_order_when_the_block_ends():
    got = []

    with delivered(got.append) as emit:
        for number in range(1000):
            emit(event("step_progress", number))

    assert [event.data["number"] for event in got] == list(range(1000))


def test_events_of_many_threads_come_one_at_a_time():
    inside, most, got = [], [], []

    def listener(event):
        inside.append(event)
        most.append(len(inside))
        got.append(inside.pop())

    with delivered(listener) as emit, ThreadPoolExecutor(8) as pool:
        list(pool.map(emit, [event("note", number) for number in range(500)]))

    assert (len(got), max(most)) == (500, 1)


def test_all_listeners_hear_the_same_order():
    one, other = [], []

    with delivered(one.append, other.append) as emit, ThreadPoolExecutor(8) as pool:
        list(pool.map(emit, [event("note", number) for number in range(500)]))

    assert one == other


def test_whoever_emits_does_not_wait_for_a_listener():
    gate, got = threading.Event(), []

    with delivered(lambda event: gate.wait(30) and got.append(event)) as emit:
        emit(event("run_started"))
        emit(event("run_finished"))
        assert got == []
        gate.set()

    assert [event.kind for event in got] == ["run_started", "run_finished"]


def test_a_listener_that_raises_is_told_of_once_and_the_others_hear_everything():
    got = []

    with delivered(got.append, failing) as emit:
        emit(event("run_started"))
        emit(event("run_finished"))

    assert sorted(event.kind for event in got) == ["note", "run_finished", "run_started"]
    (note,) = [event for event in got if event.kind == "note"]
    assert (note.at, note.run_id) == (AT, "a")
    assert note.data["message"] == "a listener failed: OSError: [Errno 28] No space left on device"
    assert "Traceback" in note.data["traceback"]


def test_a_listener_that_raised_gets_the_later_events():
    got = []

    def once(event):
        if not got:
            got.append("raised")
            raise ValueError
        got.append(event.kind)

    with delivered(once, lambda _: None) as emit:
        emit(event("run_started"))
        emit(event("run_finished"))

    assert got == ["raised", "run_finished"]


def test_a_listener_that_ends_its_thread_is_a_listener_that_raises():
    got = []

    with delivered(got.append, sys.exit) as emit:
        emit(event("run_started"))

    assert sorted(event.kind for event in got) == ["note", "run_started"]


def test_a_lone_listener_that_raises_is_in_the_log(caplog):
    with caplog.at_level(logging.WARNING), delivered(failing) as emit:
        emit(event("run_started"))
        emit(event("run_finished"))

    assert [record.getMessage() for record in caplog.records] == ["a listener failed"]
    assert "No space left" in caplog.text


@pytest.fixture
def stuck():
    """A listener that stands still until the test is over."""
    gate = threading.Event()
    yield lambda _: gate.wait(30)
    gate.set()


def test_the_end_of_a_run_waits_for_a_stuck_listener_no_longer_than_so_long(stuck, monkeypatch):
    monkeypatch.setattr(delivery, "CLOSING_SECONDS", 1.0)
    got = []

    with delivered(got.append, stuck) as emit:
        emit(event("run_started"))
        emit(event("run_finished"))

    assert [event.kind for event in got] == ["run_started", "run_finished", "note"]
    assert "slow" in got[-1].data["message"]


def test_behind_a_stuck_listener_task_counts_do_not_pile_up(stuck, monkeypatch):
    monkeypatch.setattr(delivery, "CLOSING_SECONDS", 0.0)
    monkeypatch.setattr(delivery, "BACKLOG", 5)

    with delivered(stuck) as emit:
        for number in range(100):
            emit(event("step_progress", number))
        emit(event("run_finished"))
        waiting = emit.channels[0].queue.qsize()

    assert waiting <= 6


def test_a_listener_is_closed_behind_its_last_event_and_the_first_one_last():
    first, second = Recorder(), Recorder(broken=True)

    with delivered(first, second) as emit:
        emit(event("run_finished"))

    assert second.got == [event("run_finished"), "closed"]
    assert [getattr(got, "kind", got) for got in first.got] == ["run_finished", "note", "closed"]


def test_what_is_delivered_already_is_not_queued_twice():
    got = []

    with delivered(got.append) as outer:
        with delivered(outer) as inner:
            inner(event("run_started"))
        assert inner is outer
        outer(event("run_finished"))

    assert [event.kind for event in got] == ["run_started", "run_finished"]


def test_events_are_delivered_although_the_block_raises():
    got = []

    def run():
        with delivered(got.append) as emit:
            emit(event("run_started"))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        run()

    assert [event.kind for event in got] == ["run_started"]
