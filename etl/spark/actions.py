"""What Spark itself kept of an action: the plan that ran in the end, and which stages ran tasks more than once.

Spark counts an accumulator's updates of a ShuffleMapStage again whenever a task of it succeeds again, be it in another
attempt of the stage, in the same one (an executor was lost while it ran), or under the number of a later job's stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attrs import frozen

from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TIMES = {2: "twice"}


@frozen
class Ran:
    """One attempt of a stage, with tasks that succeeded.

    Args:
        stage: its number.
        rdds: what it computed; equal for attempts of one stage, and for a stage that a later job had to run again.
        tasks: how many it was to run: the first attempt all, a later one those whose output was lost.
        succeeded: how many times a task of it succeeded.
    """

    stage: int
    rdds: str
    tasks: int
    succeeded: int


@frozen
class Action:
    """One action on a plan.

    Args:
        plan: as Spark explains it, the plan that ran first.
        again: in words, which stages ran tasks more than once; empty where none did.
    """

    plan: str
    again: str = ""


def action_of(session: SparkSession, name: str) -> Action | None:
    """Return the last action whose plan has a name in it; None where Spark has forgotten it.

    Costs a few calls to the JVM, no Spark job. Only call it once the listener bus is drained.
    """
    every = session._jsparkSession.sharedState().statusStore().executionsList()
    for found in (every.apply(n) for n in reversed(range(every.size()))):
        if name in (plan := found.physicalPlanDescription()):
            numbers = sorted(int(number) for number in found.stages().mkString(",").split(",") if number)
            return Action(plan, told_again(_attempts(session, numbers)))
    return None


def told_again(attempts: Iterable[Ran | None]) -> str:
    """Say which stages ran tasks more than once; ``None`` stands for a stage that Spark has forgotten."""
    every = list(attempts)
    known = sorted((each for each in every if each is not None), key=lambda each: each.rdds)
    said = ["Spark has forgotten stages of the write"] if len(known) < len(every) else []
    for _, same in groupby(known, key=lambda each: each.rdds):
        ran = sorted(same, key=lambda each: each.stage)
        # An attempt that runs only what is left of a failed one computes no partition twice.
        if sum(each.succeeded for each in ran) > max(each.tasks for each in ran):
            said.append(f"stage {ran[0].stage} ran {_times(ran)}")
    return ", ".join(said)


def _times(ran: list[Ran]) -> str:
    if len(ran) == 1:
        return f"{ran[0].succeeded - ran[0].tasks} of its {ran[0].tasks} tasks twice"
    return TIMES.get(len(ran), f"{len(ran)} times")


def _attempts(session: SparkSession, numbers: Iterable[int]) -> Iterator[Ran | None]:
    gateway: Any = session.sparkContext._gateway
    store = session.sparkContext._jsc.sc().statusStore()
    nothing, no_quantiles = java_class(session, "java.util.ArrayList")(), gateway.new_array(gateway.jvm.double, 0)
    for number in numbers:
        kept = store.stageData(number, False, nothing, False, no_quantiles)
        if not kept.size():
            yield None
        for each in (kept.apply(n) for n in range(kept.size())):
            if succeeded := each.numCompleteTasks():
                yield Ran(number, each.rddIds().mkString(","), each.numTasks(), succeeded)
