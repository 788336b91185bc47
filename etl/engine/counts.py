"""Counts and measures of a write that can be relied on: what it observed where that is right, else an exact pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from etl.engine.extract import Extracted
from etl.engine.meter import ROWS, Observed, drain
from etl.engine.stage import Prepared, measured_staged
from etl.engine.transform import Transformed
from etl.engine.trust import ABSENT, FORGOTTEN, doubts
from etl.spark.actions import Action, action_of
from etl.storage.staging import Staged

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OUTPUT = "output"
EARLY = "an earlier action saw it first"
VARIES = "the transformation is not deterministic: its rows may have been others each time"


@frozen
class Counts:
    """What is known of the rows once they are written and nobody sees them.

    Args:
        values: the measures of the staged rows, by SQL.
        read: rows by source.
        corrupt: records that did not parse, by source.
        filtered: rows dropped, by rule.
        deduplicated: rows dropped, by key.
        again: why what the write observed was not believed, by what was measured again; exact passes took its place.
        warnings: what no pass can mend.
    """

    values: Mapping[str, Any] = field(hash=False)
    read: Mapping[str, int] = field(hash=False)
    corrupt: Mapping[str, int] = field(hash=False)
    filtered: Mapping[str, int] = field(hash=False)
    deduplicated: Mapping[str, int] = field(hash=False)
    again: Mapping[str, str] = field(factory=dict, hash=False)
    warnings: tuple[str, ...] = ()


def told_early(session: SparkSession, extracted: Extracted, transformed: Transformed) -> frozenset[Observed]:
    """Return the observations that an action of the transformation has had; call it before the write.

    An observation tells what the first action saw that has it in its plan: after ``frame.isEmpty()`` that is one row.
    """
    observed = _observed(extracted, transformed)
    if observed:
        drain(session)
    return frozenset(each for each in observed if each.is_told)


def count(
    session: SparkSession,
    extracted: Extracted,
    transformed: Transformed,
    prepared: Prepared,
    staged: Staged,
    early: Collection[Observed],
) -> Counts:
    """Return the counts and measures of a staged write.

    They are what the write observed, and cost no Spark job, where Spark's account of it says that each row passed once.
    Where a stage ran again, a node was optimised away or reading may have ended early, they are measured again: of a
    source and of the rows dropped by name, by a pass over those; of the output, over the staged rows. ``early`` is what
    ``told_early`` returned.
    """
    observed = _observed(extracted, transformed)
    told = {each: each.told() for each in observed}
    action = action_of(session, prepared.observed.name)
    rows = {each.name: int(values[ROWS]) for each, values in told.items() if values}
    doubted = doubts(action, rows)
    why = {each: ABSENT if told[each] is None else doubted.get(each.name, "") for each in observed}
    why |= dict.fromkeys(early, EARLY)
    sources = frozenset(extracted.observed.values())
    again = {
        label: f"{why[each]}; {VARIES}" if each not in sources and each.varies else why[each]
        for each, label in observed.items()
        if why[each]
    }
    taken = {each: (each.exact() if why[each] else told[each]) or {} for each in observed}
    values, reason = _output(prepared, staged, action)
    again |= {OUTPUT: reason} if reason else {}
    counts = _counts(extracted, transformed, taken, values, again)
    if action and action.again and prepared.observed.varies:
        return evolve(counts, warnings=(f"{action.again}, and {VARIES}",))
    return counts


def count_anew(extracted: Extracted, transformed: Transformed, counts: Counts, why: str) -> Counts:
    """Return the counts with all that was read and dropped measured again, if it was not so already."""
    observed = _observed(extracted, transformed)
    again = {**counts.again, **{label: why for label in observed.values() if label not in counts.again}}
    taken = {each: each.exact() for each in observed}
    return evolve(_counts(extracted, transformed, taken, counts.values, again), warnings=counts.warnings)


def _observed(extracted: Extracted, transformed: Transformed) -> dict[Observed, str]:
    """Return what was observed below the output, and what it is called in the result."""
    named = {each: f"source {name}" for name, each in extracted.observed.items()}
    for drop in transformed.drops:
        named |= dict.fromkeys((drop.before, drop.after), f"{drop.kind} {drop.name}")
    return named


def _output(prepared: Prepared, staged: Staged, action: Action | None) -> tuple[Mapping[str, Any], str]:
    """Return the measures of the output, and why they were taken of the staged rows, if they were.

    They lie directly below the write: the rows in its files prove that each was counted once. Of the rows set aside the
    files say nothing; and a format that puts a shuffle between may count them twice. Where they have other rows and
    no stage ran twice, it is not the counting that is wrong: ``accounts`` refuses them.
    """
    told = prepared.observed.told()
    if told is None:
        return measured_staged(prepared, staged), ABSENT
    proved = prepared.suite.flag is None and staged.rows == int(told[prepared.suite.published])
    why = "" if proved else action.again if action else FORGOTTEN
    return (measured_staged(prepared, staged), why) if why else (told, "")


def _counts(
    extracted: Extracted,
    transformed: Transformed,
    taken: Mapping[Observed, Mapping[str, Any]],
    values: Mapping[str, Any],
    again: Mapping[str, str],
) -> Counts:
    corrupt = {name: reading.corrupt for name, reading in extracted.readings.items() if reading.corrupt}
    return Counts(
        values=values,
        read={name: int(taken[each][extracted.readings[name].rows]) for name, each in extracted.observed.items()},
        corrupt={name: int(taken[extracted.observed[name]][how.count]) for name, how in corrupt.items()},
        filtered=transformed.dropped("filtered", lambda each: int(taken[each][ROWS])),
        deduplicated=transformed.dropped("deduplicated", lambda each: int(taken[each][ROWS])),
        again=again,
    )
