"""Row conservation: what was read is published, quarantined, filtered by a rule or deduplicated by a key."""

from __future__ import annotations

from collections.abc import Mapping

from etl.engine.audit import Verdict
from etl.engine.extract import Extracted
from etl.engine.meter import ROWS
from etl.engine.transform import Transformed
from etl.errors import ConservationError
from etl.model.plan import PlannedStep
from etl.model.result import RowCounts
from etl.storage.staging import Staged


def read_counts(extracted: Extracted) -> tuple[dict[str, int], dict[str, int]]:
    """Return rows read and records that did not parse, by source; only after the write has run."""
    read: dict[str, int] = {}
    corrupt: dict[str, int] = {}
    for name, observed in extracted.observed.items():
        values = observed.take()
        read[name] = int(values[ROWS])
        format_ = extracted.readings[name].corrupt
        if format_:
            corrupt[name] = int(values[format_.count])
    return read, corrupt


def settle(
    planned: PlannedStep,
    read: Mapping[str, int],
    corrupt: Mapping[str, int],
    transformed: Transformed,
    verdict: Verdict,
    staged: Staged,
) -> RowCounts:
    """Return the step's accounts.

    Raises:
        ConservationError: the observed rows and the staged files differ, or rows of the ``conserve`` source are not
            accounted for; nothing was published.
    """
    counts = RowCounts(
        read=read,
        corrupt=corrupt,
        filtered=transformed.dropped("filtered"),
        deduplicated=transformed.dropped("deduplicated"),
        output=verdict.output,
        quarantined=verdict.output - verdict.published + sum(corrupt.values()),
        published=verdict.published,
    )
    if staged.rows is not None and staged.rows != verdict.published:
        raise ConservationError(
            f"step {planned.step.name}: {verdict.published} rows were observed, {staged.rows} are in the staged files",
            place=planned.step.place,
            remedy="this is a defect of the engine or the storage: please report it",
        )
    _conserve(planned, counts)
    return counts


def _conserve(planned: PlannedStep, counts: RowCounts) -> None:
    name = planned.step.conserve
    if name is None:
        return
    read, corrupt = counts.read[name], counts.corrupt.get(name, 0)
    dropped = sum(counts.filtered.values()) + sum(counts.deduplicated.values())
    left = read - corrupt - dropped
    if left == counts.output:
        return
    difference = counts.output - left
    what = f"{difference} more rows than it got" if difference > 0 else f"{-difference} rows fewer than it got"
    raise ConservationError(
        f"step {planned.step.name}: the transformation returned {what} from {name!r}: read {read}, corrupt {corrupt}, "
        f"dropped by name {dropped}, returned {counts.output}", place=planned.step.place,
        remedy="a join that multiplies or loses rows, or a filter without a name: use etl.transforms.where, "
        "deduplicate or latest_by, or drop conserve",
    )  # fmt: skip
