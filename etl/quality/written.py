"""What an audit may look at of a staged write, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from etl.kinds.proof import Statistics

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@frozen
class Written:
    """Staged rows.

    Args:
        session: the step's own.
        read: the rows as a frame; nothing runs until something is asked of it.
        rows: how many.
        statistics: what the files say of them; None where the format says nothing.
        observed: what the staging write measured, by SQL.
    """

    session: SparkSession
    read: Callable[[], DataFrame]
    rows: int
    statistics: Statistics | None = None
    observed: Mapping[str, Any] = field(factory=dict, hash=False)
