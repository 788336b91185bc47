"""Row conservation: what was read is published, quarantined, filtered by a rule or deduplicated by a key."""

from __future__ import annotations

from etl.engine.audit import Verdict
from etl.engine.extract import Extracted
from etl.engine.transform import Transformed
from etl.errors import ConservationError
from etl.model.plan import PlannedStep
from etl.model.result import RowCounts
from etl.storage.staging import Staged


def read_counts(extracted: Extracted, *, again: bool = False) -> tuple[dict[str, int], dict[str, int]]:
    """Return rows read and records that did not parse, by source; only after the write has run.

    ``again`` counts them anew, one Spark job a source: the sources are pinned, so the rows are the same.
    """
    read: dict[str, int] = {}
    corrupt: dict[str, int] = {}
    for name, observed in extracted.observed.items():
        values = observed.take(again=again)
        reading = extracted.readings[name]
        read[name] = int(values[reading.rows])
        if reading.corrupt:
            corrupt[name] = int(values[reading.corrupt.count])
    return read, corrupt


def settle(
    planned: PlannedStep, extracted: Extracted, transformed: Transformed, verdict: Verdict, staged: Staged
) -> RowCounts:
    """Return the step's accounts.

    An executor that was lost after a shuffle makes the observations below it count twice (its stage ran again). Only
    where the accounts of the ``conserve`` source do not balance, what was read and dropped is counted once more.

    Raises:
        ConservationError: the observed rows and the staged files differ, or rows of the ``conserve`` source are not
            accounted for; nothing was published.
    """
    counts = _counts(extracted, transformed, verdict, again=False)
    if staged.rows is not None and staged.rows != verdict.published:
        raise ConservationError(
            f"step {planned.step.name}: {verdict.published} rows were observed, {staged.rows} are in the staged files",
            place=planned.step.place,
            remedy="this is a defect of the engine or the storage: please report it",
        )
    if planned.step.conserve is None or _surplus(planned.step.conserve, counts) == 0:
        return counts
    counts = _counts(extracted, transformed, verdict, again=True)
    _conserve(planned, planned.step.conserve, counts)
    return counts


def _counts(extracted: Extracted, transformed: Transformed, verdict: Verdict, *, again: bool) -> RowCounts:
    read, corrupt = read_counts(extracted, again=again)
    return RowCounts(
        read=read,
        corrupt=corrupt,
        filtered=transformed.dropped("filtered", again=again),
        deduplicated=transformed.dropped("deduplicated", again=again),
        output=verdict.output,
        quarantined=verdict.output - verdict.published + sum(corrupt.values()),
        published=verdict.published,
    )


def _dropped(counts: RowCounts) -> int:
    return sum(counts.filtered.values()) + sum(counts.deduplicated.values())


def _surplus(name: str, counts: RowCounts) -> int:
    """Return how many more rows came out than went in from a source and were not dropped by name."""
    return counts.output - (counts.read[name] - counts.corrupt.get(name, 0) - _dropped(counts))


def _conserve(planned: PlannedStep, name: str, counts: RowCounts) -> None:
    surplus = _surplus(name, counts)
    if surplus == 0:
        return
    what = f"{surplus} more rows than it got" if surplus > 0 else f"{-surplus} rows fewer than it got"
    raise ConservationError(
        f"step {planned.step.name}: the transformation returned {what} from {name!r}: read {counts.read[name]}, "
        f"corrupt {counts.corrupt.get(name, 0)}, dropped by name {_dropped(counts)}, returned {counts.output}",
        place=planned.step.place,
        remedy="a join that multiplies or loses rows, or a filter without a name: use etl.transforms.where, "
        "deduplicate or latest_by, or drop conserve",
    )
