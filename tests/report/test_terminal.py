import io

import pytest
from rich.progress import Progress

from etl.report.lines import Lines
from etl.report.live import Live
from etl.report.terminal import chosen, follow


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_carry_no_escape_sequence_even_on_a_terminal(make, monkeypatch):
    stream = Terminal()
    monkeypatch.setenv("NO_COLOR", "1")

    with follow("auto", stream) as listener:
        for event in make.events(make.run(make.step(), make.failing())):
            listener(event)

    assert "clean.flights" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("variable", ["NO_COLOR", "CI"])
def test_a_terminal_that_asks_for_plain_text_gets_lines(monkeypatch, variable):
    for name in ("NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert chosen("auto", Terminal()) == "live"

    monkeypatch.setenv(variable, "1")

    assert chosen("auto", Terminal()) == "lines"


def test_a_pipe_gets_lines():
    assert chosen("auto", io.StringIO()) == "lines"


def test_none_shows_nothing(make):
    stream = io.StringIO()

    with follow("none", stream) as listener:
        for event in make.events(make.run(make.failing())):
            listener(event)

    assert not stream.getvalue()


def test_the_live_display_shows_tasks_and_keeps_the_lines(make):
    stream = Terminal()
    first, *others = make.events(make.run(make.step()))
    counts = {"tasks_done": 97, "tasks_total": 160, "tasks_running": 2}

    with follow("live", stream) as listener:
        listener(first)
        for event in others:
            listener(event)
            if event.kind == "step_started":
                listener(make.event("step_progress", counts, "clean.flights"))

    assert "928 rows, 2 quarantined in 1.4s" in stream.getvalue()


def test_the_live_display_tells_place_and_phase_before_there_are_tasks(make):
    progress = Progress(disable=True)
    live = Live(progress, Lines(lambda _: None))
    none = {"tasks_done": 0, "tasks_total": 0, "tasks_running": 0}

    live(make.event("step_started", {"index": 3, "of": 8}, "clean.flights"))
    live(make.event("phase_started", {"phase": "stage"}, "clean.flights"))
    live(make.event("step_progress", none, "clean.flights"))

    assert progress.tasks[0].description.startswith("3 of 8 clean.flights")
    assert progress.tasks[0].fields["tasks"] == "stage"

    live(make.event("step_progress", {"tasks_done": 1, "tasks_total": 4, "tasks_running": 2}, "clean.flights"))

    assert progress.tasks[0].fields["tasks"] == "stage · 1/4 tasks · 2 running"


def test_a_run_of_many_intervals_shows_its_grid_and_how_much_is_left(make):
    stream = Terminal()
    events = make.events(make.days(5, lambda key: make.step(interval=key, seconds=2.0)))

    with follow("live", stream, past={"clean.flights": 2.0}) as listener:
        for event in events[:-1]:
            listener(event)

    assert "2013-01        12345" in stream.getvalue()
    assert "clean.flights  #####" in stream.getvalue()
    assert "steps" in stream.getvalue()


def test_two_intervals_of_one_step_have_a_bar_each(make):
    progress = Progress(disable=True)
    live = Live(progress, Lines(lambda _: None))
    for key in ("2013-02-08", "2013-02-09"):
        live(make.event("step_started", {"index": 1, "of": 1}, "clean.flights", key))
    counts = {"tasks_done": 1, "tasks_total": 4, "tasks_running": 2}
    live(make.event("step_progress", counts, "clean.flights", "2013-02-09"))

    assert [task.fields["tasks"] for task in progress.tasks] == ["", "1/4 tasks · 2 running"]


def test_lines_of_a_long_run_say_how_much_is_left(make):
    stream = io.StringIO()

    with follow("lines", stream) as listener:
        for event in make.events(make.days(5, lambda key: make.step(interval=key, seconds=60.0))):
            listener(event)

    first, *_, last = [line for line in stream.getvalue().splitlines() if " of 5 WARN" in line or " of 5 OK" in line]
    assert "left]" in first
    assert "left]" not in last
