"""How a step's rows change its target. Each kind is idempotent for one interval."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen


def names(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)


@frozen
class ReplaceTable:
    """Replace every row of the target."""


@frozen
class ReplacePartitions:
    """Replace the rows of the run's interval, and no others.

    Which rows are replaced comes from the interval, never from the rows: an empty result clears them, and a
    row outside the interval is an error, where Spark's dynamic overwrite would replace a whole foreign day.

    Args:
        column: a DATE or TIMESTAMP column of the target. By a DATE the target is partitioned, and the interval's
            partitions are replaced. By a TIMESTAMP it is not, for that would be a folder for every instant: the rows
            whose time lies in the interval are replaced by a condition.
    """

    column: str


@frozen
class ReplaceInterval:
    """Replace the rows of the run's interval by a condition, in a table that is not partitioned by it.

    The promise is that of ``ReplacePartitions``: which rows are replaced comes from the interval, and a row outside it
    is an error. The table is partitioned as the target says, clustered as others have clustered it, or neither. A file
    that also holds other intervals' rows is written again without this one's.

    Args:
        column: a DATE or TIMESTAMP column of the target.
    """

    column: str


@frozen
class Append:
    """Add the interval's rows, exactly once.

    The commit names the dataset and the interval: an interval that was appended is never appended again, whatever
    its rows are now, unless somebody restored the table from before it. Where late or corrected rows come, use
    ``ReplacePartitions``.
    """


@frozen
class Merge:
    """Update the rows with the same keys, insert the others; rows that would not change are not rewritten.

    Intervals share the rows. One that is run after a later one puts its values over those of the later one, and the
    step warns; ``sequence_by`` keeps the newest instead. With ``apply_as_deletes`` it is refused unless forced: a
    deleted key leaves no trace in the target, so an older row would bring it back.

    Args:
        keys: columns that identify a row of the target; null equals null.
        sequence_by: column that orders rows of one key; the greatest wins, within the batch and against the
            target; a row older than the target's changes nothing. Without it, keys must be unique in the batch.
        apply_as_deletes: SQL condition on the step's rows; those rows delete their key. In a target's first publish
            they are dropped.
    """

    keys: tuple[str, ...] = field(converter=names)
    sequence_by: str | None = None
    apply_as_deletes: str | None = None


@frozen
class History:
    """Keep every version of a row with the time it was valid (slowly changing dimension, type 2).

    Reserved: declared here so that the vocabulary is whole; a step that uses it is refused at definition.
    """

    keys: tuple[str, ...] = field(converter=names)
    sequence_by: str = ""
    track_history_column_list: tuple[str, ...] = field(default=(), converter=names)


Write = ReplaceTable | ReplacePartitions | ReplaceInterval | Append | Merge | History
