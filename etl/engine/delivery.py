"""Events on their way to listeners: whoever emits goes on at once, and each listener is served by a thread of its own.

So a paused terminal, a full disk or a slow alarm can neither hold a step up between stage and publish nor fail it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from attrs import define, field

from etl.model.event import Event, Listener, note

CLOSING_SECONDS = 10.0  # for all listeners together to take what is left when a run ends, and again to close
BACKLOG = 1_000  # events; behind a listener that far behind task counts are left out

Tell = Callable[["Channel", str, BaseException | None], None]


@contextmanager
def delivered(*listeners: Listener) -> Iterator[Listener]:
    """Yield a listener that neither blocks nor raises, and hands each event to the given ones in the order it came.

    When the block ends, every event is delivered, or ten seconds were not enough. A listener that raises or lags is
    told of once, in an event ``note`` to the others (in the log where there is no other), and gets the later events
    nevertheless. A listener that has a method ``close`` is closed after its last event.

    Args:
        listeners: what another ``delivered`` yielded is yielded as it is.
    """
    if len(listeners) == 1 and isinstance(listeners[0], Delivery):
        yield listeners[0]
        return
    delivery = Delivery()
    delivery.channels = tuple(Channel(listener, delivery.tell) for listener in listeners)
    try:
        yield delivery
    finally:
        delivery.close()


@define(eq=False)
class Channel:
    """One listener, its queue and its thread."""

    listener: Listener
    tell: Tell
    queue: SimpleQueue[Event | threading.Event | None] = field(factory=SimpleQueue)
    is_told_of: bool = False
    thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.thread = threading.Thread(target=self._carry, name="listener", daemon=True)
        self.thread.start()

    def put(self, event: Event) -> None:
        """Queue an event."""
        if event.kind != "step_progress" or self.queue.qsize() < BACKLOG:
            self.queue.put(event)

    def mark(self) -> threading.Event:
        """Return what is set as soon as everything queued until now is delivered."""
        reached = threading.Event()
        self.queue.put(reached)
        return reached

    def end(self, seconds: float) -> None:
        """Close the listener behind its last event; wait so long for it."""
        self.queue.put(None)
        self.thread.join(seconds)

    def _carry(self) -> None:
        while (item := self.queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            else:
                self._guarded(self.listener, item)
        close = getattr(self.listener, "close", None)
        if close:
            self._guarded(close)

    def _guarded(self, call: Callable[..., object], *arguments: Event) -> None:
        try:
            call(*arguments)
        except BaseException as error:  # even SystemExit: it would end this thread, not the run
            self.tell(self, "a listener failed", error)


@define(eq=False)
class Delivery:
    """The listener that puts events into the channels of others."""

    channels: tuple[Channel, ...] = ()
    last: Event | None = None
    lock: threading.Lock = field(factory=threading.Lock)

    def __call__(self, event: Event) -> None:
        """Queue the event for each listener; all of them hear the same order."""
        with self.lock:  # held for as long as a queue takes to grow, never while a listener works
            self.last = event
            for channel in self.channels:
                channel.put(event)

    def tell(self, channel: Channel, message: str, error: BaseException | None) -> None:
        """Tell the other listeners what is wrong with one, the first time."""
        if channel.is_told_of:
            return
        channel.is_told_of = True
        others = [other for other in self.channels if other is not channel and other.thread.is_alive()]
        if not others or self.last is None:
            logging.getLogger(__name__).warning(message, exc_info=error)
            return
        told = note(self.last.run_id, self.last.at, message, error)
        for other in others:
            other.put(told)

    def close(self) -> None:
        """Wait until everything is delivered, but not for ever; then close the listeners, the first one last."""
        patience = time.monotonic() + CLOSING_SECONDS
        marks = [(channel, channel.mark()) for channel in self.channels]
        late = [channel for channel, mark in marks if not mark.wait(max(0.0, patience - time.monotonic()))]
        for channel in late:
            self.tell(channel, f"a listener is slow: {channel.queue.qsize()} events were not delivered", None)
        patience = time.monotonic() + CLOSING_SECONDS
        for channel in reversed(self.channels):
            channel.end(0.0 if channel in late else max(0.0, patience - time.monotonic()))
