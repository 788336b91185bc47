"""The live display of a run: finished steps scroll by, running ones show a spinner and their Spark tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from attrs import define, field
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from etl.model.event import Event, Listener
from etl.report.course import Course
from etl.report.grid import PLANNED, RUNNING, draw
from etl.report.lines import COMPACT_ABOVE, Lines

_STYLES = {"OK": "green", "WARN": "yellow", "FAIL": "bold red", "ERROR": "bold red", "SKIP": "dim", "NO-OP": "cyan"}
_DETAIL = " " * 12
BLOCKS = 2  # of the grid, such as months of days
Running = tuple[str | None, str | None]  # a step and the interval it runs for


@define
class Live:
    """Feeds the lines to the scroll-back and the tasks to the bars below it."""

    progress: Progress
    lines: Lines
    bars: dict[Running, TaskID] = field(factory=dict)
    phases: dict[Running, str] = field(factory=dict)
    waiting: TaskID | None = None
    whole: TaskID | None = None

    def __call__(self, event: Event) -> None:
        """Move the bars, then say what the event says."""
        key = (event.step, event.interval)
        if event.kind == "session_starting":
            self.waiting = self.progress.add_task("starting Spark", total=None, tasks="")
            return
        if event.kind == "session_started" and self.waiting is not None:
            self.progress.remove_task(self.waiting)
        elif event.kind == "step_started":
            position = f"{event.data['index']} of {event.data['of']}" if "of" in event.data else ""
            subject = " ".join(filter(None, (position, event.step, event.interval)))
            self.bars[key] = self.progress.add_task(subject, total=None, tasks="")
            self.lines.course.take(event)
            return
        elif event.kind == "phase_started" and key in self.bars:
            self.phases[key] = event.data["phase"]
            self.progress.update(self.bars[key], tasks=self.phases[key])
            return
        elif event.kind == "step_progress" and key in self.bars:
            self._advance(self.bars[key], event)
            return
        elif event.kind == "step_finished" and key in self.bars:
            self.progress.remove_task(self.bars.pop(key))
        self.lines(event)
        self._total(event)

    def _total(self, event: Event) -> None:
        """Of a run of many intervals, show how far it is below the steps that run now."""
        if not self.lines.compact:
            return
        course = self.lines.course
        if self.whole is None:
            self.whole = self.progress.add_task("", total=len(course.states), tasks="")
        done = sum(state not in {PLANNED, RUNNING} for state in course.states.values())
        self.progress.update(self.whole, completed=done, tasks=course.words(event.at))

    def _advance(self, bar: TaskID, event: Event) -> None:
        done, total = event.data["tasks_done"], event.data["tasks_total"]
        if not total:  # Spark plans, or Delta reads its log: a bar at 0 of 0 would look hung
            return
        key = (event.step, event.interval)
        phase = f"{self.phases[key]} · " if key in self.phases else ""
        shown = f"{phase}{done:,}/{total:,} tasks · {event.data['tasks_running']} running"
        # A stage that adaptive execution adds later makes the total grow; the bar must not walk back for it.
        before = self.progress.tasks[self.progress.task_ids.index(bar)].completed
        self.progress.update(bar, total=max(total, 1), completed=max(before, done), tasks=shown)


class Screen(Progress):
    """The bars, and under them the grid of a run of many intervals."""

    course: Course | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield what is drawn, from top to bottom."""
        yield from super().get_renderables()
        if self.course and len(self.course.intervals) > COMPACT_ABOVE:
            yield Text("\n".join(draw(self.course.grid, BLOCKS)))


@contextmanager
def display(stream: TextIO, past: Mapping[str, float]) -> Iterator[Listener]:
    """Show a run on a terminal while the block runs; the display is gone afterwards, the lines stay."""
    console = Console(file=stream, force_terminal=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[tasks]}"),
        TimeElapsedColumn(),
    )
    with Screen(*columns, console=console, transient=True) as screen:
        screen.course = Course(past)
        lines = Lines(lambda line: console.print(_styled(line), soft_wrap=True), course=screen.course)
        yield Live(screen, lines)


def _styled(line: str) -> Text:
    if line.startswith(_DETAIL):
        return Text(line, style="yellow" if line.lstrip().startswith(("warn:", "quarantine:")) else "")
    text = Text(line)
    for word, style in _STYLES.items():
        text.highlight_words([f" {word} "], style=style)
    return text
