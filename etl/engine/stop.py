"""The wish that a run ends early, from a signal handler to the engine."""

from __future__ import annotations

from attrs import define

from etl.errors import InterruptedRunError


@define
class Stop:
    """Set once by a signal handler, read by the engine between phases.

    A handler must not talk to the JVM (its thread may be in the middle of a call), so it only leaves the exit code.
    """

    requested: int | None = None

    def request(self, exit_code: int) -> None:
        """Ask the run to end with this exit code; the first wish counts."""
        self.requested = self.requested or exit_code

    def check(self) -> None:
        """Raise if the run is to end.

        Raises:
            InterruptedRunError: a signal came.
        """
        if self.requested:
            raise InterruptedRunError("the run was told to stop", remedy="run it again: finished steps are kept")
