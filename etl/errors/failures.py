"""What happened to a run: to its step, its target or what it runs on. See ``conditions``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from etl.errors.place import Place
from etl.errors.tree import (
    ConflictError,
    EtlError,
    InterruptedRunError,
    LockedError,
    PlatformError,
    StepError,
    TransformError,
    TransientError,
)


class RefusedRowsError(TransformError):
    """Rows that no step may publish, whatever it declares: outside the interval, or not to be told apart on disk."""

    def __init__(
        self, what: str, refused: Sequence[tuple[int, str]], remedy: str, *, place: Place | None = None
    ) -> None:
        self.counts = tuple(count for count, _ in refused)
        self.wrong = tuple(wrong for _, wrong in refused)
        said = "; ".join(f"{count} {wrong}" for count, wrong in refused)
        super().__init__(f"{what}: {said}", place=place, remedy=f"{remedy}; the target is unchanged")


class RefusedPartitionError(TransformError):
    """Rows with an empty text in a partition column: a folder has no name for one, and readers would find null."""

    def __init__(self, what: str, columns: Sequence[str], *, place: Place | None = None) -> None:
        self.columns = tuple(columns)
        super().__init__(
            f"{what}: rows with an empty text in partition column {', '.join(columns)}, which readers would find null",
            place=place,
            remedy="give them another text or null, or do not partition by the column; the target is unchanged",
        )


class OutOfOrderError(StepError):
    """An interval is merged after a later one, and rows that were deleted since would come back."""

    def __init__(self, step: str, interval: str, later: Sequence[str], place: Place) -> None:
        self.step, self.interval, self.later = step, interval, tuple(later)
        super().__init__(
            f"step {step}: {interval} comes before {later[0]}, which was merged already: keys deleted since then would "
            "come back",
            place=place,
            remedy=f"nothing was changed; run the intervals from {interval} on again with --force, in order",
        )


class QuarantineError(StepError):
    """The target is published, its quarantine is not; running again publishes both."""

    exit_code = 75
    retryable = True

    def __init__(self, step: str, quarantine: str, cause: BaseException, place: Place) -> None:
        self.step, self.quarantine = step, quarantine
        said = cause.message if isinstance(cause, EtlError) else str(cause)
        super().__init__(
            f"step {step}: the rows are published, those set aside are not yet in {quarantine}: {said}",
            place=place,
            remedy="run the step again: it publishes both anew",
        )


class LostJvmError(PlatformError):
    """The JVM that Spark's driver runs in has ended, or answers no more."""

    def __init__(self, what: str, said: str, *, place: Place | None = None) -> None:
        super().__init__(
            f"{what}: the driver's JVM has gone: {said}",
            place=place,
            remedy="its log says why; most often it ran out of memory: raise spark.driver.memory",
        )


class WriteConflictError(ConflictError):
    """Another writer committed to the target after this run had read it."""

    def __init__(self, what: str, said: str, *, version: int | None = None) -> None:
        self.version = version
        committed = "another writer committed" if version is None else f"another writer committed version {version}"
        super().__init__(f"{what}: {committed} meanwhile ({said})", remedy="run the step again")


class TargetLockedError(LockedError):
    """Another run holds a target that this one would publish; nothing was begun.

    Args:
        target: the dataset.
        uri: where it is.
        holder: the run that holds it.
        host: the machine that run is on.
        pid: its process there.
        since: when it took the target, in UTC.
        said: what is known of it besides: that its lease has expired, that this run has waited.
    """

    def __init__(self, target: str, uri: str, *, holder: str, host: str, pid: int, since: str, said: str = "") -> None:
        self.target, self.uri, self.holder = target, uri, holder
        self.host, self.pid, self.since = host, pid, since
        super().__init__(
            f"{target} ({uri}) is held by run {holder} on {host} (pid {pid}) since {since}{said}",
            remedy=f"nothing was begun; wait for it with --wait 30m, or look: etl runs {holder}, etl locks list",
        )


class LeaseLostError(LockedError):
    """This run held a target and holds it no more: it did not renew its lease in time, or somebody released it."""

    retryable = False

    def __init__(self, run_id: str, why: str, *, target: str = "") -> None:
        self.run_id, self.target = run_id, target
        super().__init__(
            f"run {run_id} no longer holds {target or 'its targets'}: {why}",
            remedy="it publishes nothing more; what it published stays: run it again",
        )


class JobCancelledError(InterruptedRunError):
    """A Spark job that somebody cancelled: the run's own stop, or a person on Spark's pages."""

    def __init__(self, what: str, said: str, *, place: Place | None = None) -> None:
        super().__init__(
            f"{what}: its Spark job was cancelled: {said}", place=place, remedy="run it again: finished steps are kept"
        )


class PassingError(TransientError):
    """A failure that passes: what failed names itself in ``happened``."""

    happened: ClassVar[str]

    def __init__(self, what: str, said: str, *, place: Place | None = None) -> None:
        super().__init__(
            f"{what}: {self.happened}: {said}",
            place=place,
            remedy="run it again: the target is unchanged, and retries of the JOB do it by themselves",
        )


class LostExecutorError(PassingError):
    """An executor, or the shuffle files it held, went away: a spot instance, a container killed for its memory."""

    happened = "an executor was lost"


class ThrottledError(PassingError):
    """A service asks to be asked less often, or has trouble of its own (HTTP 429, 5xx)."""

    happened = "a service refuses for now"


class UnreachableError(PassingError):
    """No answer in time, or the connection broke."""

    happened = "no answer in time"


class ScriptError(StepError):
    """A script step's program failed; nothing was published.

    Args:
        said: which program, how it ended and what it said last.
        exit_code_of: its exit code, 128 and the signal's number where one ended it.
        kept: all that it said is among the run's artifacts; not what it said on executors.
    """

    def __init__(self, said: str, exit_code_of: int, *, place: Place | None = None, kept: bool = True) -> None:
        self.exit_code_of = exit_code_of
        more = "; all it said is under scripts/ of the run's artifacts" if kept else ""
        super().__init__(said, place=place, remedy=f"nothing was published{more}")
