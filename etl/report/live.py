"""The live display of a run: finished steps scroll by, running ones show a spinner and their Spark tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from attrs import define, field
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from etl.model.event import Event, Listener
from etl.report.lines import Lines

_STYLES = {"OK": "green", "WARN": "yellow", "FAIL": "bold red", "ERROR": "bold red", "SKIP": "dim", "NO-OP": "cyan"}
_DETAIL = " " * 12


@define
class Live:
    """Feeds the lines to the scroll-back and the tasks to the bars below it."""

    progress: Progress
    lines: Lines
    bars: dict[str | None, TaskID] = field(factory=dict)
    phases: dict[str | None, str] = field(factory=dict)
    waiting: TaskID | None = None

    def __call__(self, event: Event) -> None:
        """Move the bars, then say what the event says."""
        key = event.step  # a step runs for one interval at a time, and task counts come without one
        if event.kind == "session_starting":
            self.waiting = self.progress.add_task("starting Spark", total=None, tasks="")
            return
        if event.kind == "session_started" and self.waiting is not None:
            self.progress.remove_task(self.waiting)
        elif event.kind == "step_started":
            position = f"{event.data['index']} of {event.data['of']}" if "of" in event.data else ""
            subject = " ".join(filter(None, (position, event.step, event.interval)))
            self.bars[key] = self.progress.add_task(subject, total=None, tasks="")
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

    def _advance(self, bar: TaskID, event: Event) -> None:
        done, total = event.data["tasks_done"], event.data["tasks_total"]
        if not total:  # Spark plans, or Delta reads its log: a bar at 0 of 0 would look hung
            return
        phase = f"{self.phases[event.step]} · " if event.step in self.phases else ""
        shown = f"{phase}{done:,}/{total:,} tasks · {event.data['tasks_running']} running"
        # A stage that adaptive execution adds later makes the total grow; the bar must not walk back for it.
        before = self.progress.tasks[self.progress.task_ids.index(bar)].completed
        self.progress.update(bar, total=max(total, 1), completed=max(before, done), tasks=shown)


@contextmanager
def display(stream: TextIO) -> Iterator[Listener]:
    """Show a run on a terminal while the block runs; the display is gone afterwards, the lines stay."""
    console = Console(file=stream, force_terminal=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[tasks]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Live(progress, Lines(lambda line: console.print(_styled(line), soft_wrap=True)))


def _styled(line: str) -> Text:
    if line.startswith(_DETAIL):
        return Text(line, style="yellow" if line.lstrip().startswith(("warn:", "quarantine:")) else "")
    text = Text(line)
    for word, style in _STYLES.items():
        text.highlight_words([f" {word} "], style=style)
    return text
