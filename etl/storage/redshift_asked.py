"""Statements that Redshift is asked to carry out as they are, by the Data API."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from etl.aws.redshift import opened, run
from etl.model.connection import Connection


def carry_out(
    connection: Connection, texts: Sequence[str], look: Callable[[int], None], *, transaction: bool
) -> list[int]:
    """Have statements carried out one after the other, and return how many rows each changed; -1 where it is not told.

    Args:
        connection: the warehouse.
        texts: the statements; in a transaction 40 at most.
        look: raises where they are to end; what is at work is cancelled.
        transaction: in one transaction; else each takes effect by itself.

    Raises:
        PublishError: it refuses one of them; in a transaction nothing of them is left.
        EtlError: it cannot be reached, or another transaction was in the way.
    """
    warehouse = opened(connection)

    def pause(seconds: float) -> None:
        look(0)
        time.sleep(seconds)

    if transaction:
        return run(warehouse, texts, pause=pause)
    return [count for text in texts for count in run(warehouse, [text], pause=pause)]
