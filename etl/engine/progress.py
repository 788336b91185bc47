"""Live task counts of running steps, from Spark's status tracker: works with the UI off, costs milliseconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.model.event import Kind
from etl.model.interval import Interval

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SECONDS = 0.25
Running = tuple[str, Interval | None]  # a step that runs, and what for
Emit = Callable[[Kind, Mapping[str, int], str, Interval | None], None]
Steps = Callable[[], Mapping[str, Running]]


@contextmanager
def watched(session: SparkSession, groups: Steps, emit: Emit) -> Iterator[None]:
    """Emit ``step_progress`` four times a second for each running step.

    ``groups`` gives the running steps by job group.
    """
    done = threading.Event()
    thread = threading.Thread(target=_watch, args=(session, groups, emit, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)


def _watch(session: SparkSession, groups: Steps, emit: Emit, done: threading.Event) -> None:
    tracker = session.sparkContext.statusTracker()
    while not done.wait(SECONDS):
        for group, (step, interval) in groups().items():
            total = finished = active = 0
            for job in tracker.getJobIdsForGroup(group):
                for stage in info.stageIds if (info := tracker.getJobInfo(job)) else ():
                    counts = tracker.getStageInfo(stage)
                    # A skipped stage keeps its task count for ever: the bar would never fill.
                    if counts is None or not (counts.numActiveTasks or counts.numCompletedTasks):
                        continue
                    total, finished = total + counts.numTasks, finished + counts.numCompletedTasks
                    active += counts.numActiveTasks
            counted = {"tasks_total": total, "tasks_done": finished, "tasks_running": active}
            emit("step_progress", counted, step, interval)
