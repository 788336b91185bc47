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
        insert_only: insert the rows whose keys are new, and touch no row that is there: the first that comes stays.
    """

    keys: tuple[str, ...] = field(converter=names)
    sequence_by: str | None = None
    apply_as_deletes: str | None = None
    insert_only: bool = False


@frozen
class History:
    """Keep every version of a row with the time it was valid (slowly changing dimension, type 2).

    The step's rows are events: what a key was from an instant on, or that it was deleted then. The target holds the
    versions that all events of all intervals make in the order of ``sequence_by``, whatever the order they came in; an
    interval that is run again takes back the events it gave before. See docs/history.md.

    Args:
        keys: columns that identify what has a history; null equals null.
        sequence_by: column that orders the events of one key, never null; a version is valid from the value of the
            event that began it to that of the one that ended it. It is never a change by itself.
        apply_as_deletes: SQL condition on the step's rows; those rows end their key's version.
        track_history_column_list: a change in one of these begins a version; a change in any other column replaces its
            value in the version that is there. Empty means all but keys and ``sequence_by``.
        track_history_except_column_list: all but these, instead.
        from_snapshots: the step's rows are the whole state at the end of the interval, one for each key, not events:
            what is not in them is deleted. Takes the place of ``sequence_by``: a version is valid from end to end.
        start_at: the column that the target gets for the first instant of a version.
        end_at: likewise for the first instant after it; null in a version that is valid now.
    """

    keys: tuple[str, ...] = field(converter=names)
    sequence_by: str | None = None
    apply_as_deletes: str | None = None
    track_history_column_list: tuple[str, ...] = field(default=(), converter=names, kw_only=True)
    track_history_except_column_list: tuple[str, ...] = field(default=(), converter=names, kw_only=True)
    from_snapshots: bool = field(default=False, kw_only=True)
    start_at: str = field(default="__START_AT", kw_only=True)
    end_at: str = field(default="__END_AT", kw_only=True)


Write = ReplaceTable | ReplacePartitions | ReplaceInterval | Append | Merge | History
