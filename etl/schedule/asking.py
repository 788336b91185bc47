"""Preconditions asked in threads, so that a slow one holds up no decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

from attrs import define, field

from etl.model.run import Clock, utc_now
from etl.schedule.decision import Asked, Check
from etl.schedule.jobs import Scheduled

AT_ONCE = 8
Ask = Callable[[Any, Scheduled, Check], Asked]


@define(eq=False)
class Asking:
    """Questions on their way.

    Args:
        ask: asks one precondition, and takes its time.
        now: the time, in UTC.
    """

    ask: Ask
    now: Clock = utc_now
    _pool: ThreadPoolExecutor = field(factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="precondition"))
    _asked: dict[Check, Future[Asked]] = field(factory=dict)

    def __call__(self, precondition: Any, each: Scheduled, check: Check) -> Asked:
        """Ask, and answer for now that it is being asked."""
        if check not in self._asked:
            self._asked[check] = self._pool.submit(self.ask, precondition, each, check)
        return Asked(met=False, said="being asked", at=self.now())

    def answered(self) -> Iterator[tuple[Check, Asked]]:
        """Yield what was answered since this was asked last."""
        for check in [check for check, future in self._asked.items() if future.done()]:
            future = self._asked.pop(check)
            error = future.exception()
            yield check, _failed(error, self.now()) if error else future.result()

    def busy(self) -> bool:
        """Say whether something is being asked."""
        return bool(self._asked)

    def close(self) -> None:
        """Wait for nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _failed(error: BaseException, now: datetime) -> Asked:
    return Asked(met=False, said=f"{type(error).__name__}: {error}", at=now)
