"""Row conservation: what was read is published, quarantined, filtered by a rule or deduplicated by a key."""

from __future__ import annotations

from etl.engine.audit import Verdict
from etl.engine.counts import Counts, count_anew
from etl.engine.extract import Extracted
from etl.engine.transform import Transformed
from etl.errors import ConservationError
from etl.model.plan import PlannedStep
from etl.model.result import RowCounts
from etl.storage.staging import Staged


def settle(
    planned: PlannedStep,
    extracted: Extracted,
    transformed: Transformed,
    counts: Counts,
    verdict: Verdict,
    staged: Staged,
) -> tuple[RowCounts, Counts]:
    """Return the step's accounts, and the counts that they were made of.

    Where the accounts of the ``conserve`` source do not balance, what was read and dropped is measured once more before
    anybody is blamed.

    Raises:
        ConservationError: the observed rows and the staged files differ, or rows of the ``conserve`` source are not
            accounted for; nothing was published.
    """
    if staged.rows is not None and staged.rows != verdict.published:
        raise ConservationError(
            f"step {planned.step.name}: {verdict.published} rows were observed, {staged.rows} are in the staged files",
            place=planned.step.place,
            remedy="this is a defect of the engine or the storage: please report it",
        )
    rows = _rows(counts, verdict)
    if planned.step.conserve is None or _surplus(planned.step.conserve, rows) == 0:
        return rows, counts
    counts = count_anew(extracted, transformed, counts, "the accounts did not balance")
    rows = _rows(counts, verdict)
    _conserve(planned, planned.step.conserve, rows)
    return rows, counts


def _rows(counts: Counts, verdict: Verdict) -> RowCounts:
    return RowCounts(
        read=counts.read,
        corrupt=counts.corrupt,
        filtered=counts.filtered,
        deduplicated=counts.deduplicated,
        output=verdict.output,
        quarantined=verdict.output - verdict.published + sum(counts.corrupt.values()),
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
