"""A run on a cluster, for the commands that look at it: from any machine, by its run id."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from etl.cli.records import open_ledger
from etl.errors import EtlError, OutcomeUnknownError, RemoteError, UsageError

if TYPE_CHECKING:
    from etl.config.settings import Config
    from etl.runs.artifacts import Artifacts
    from etl.ship.control.asking import Asking
    from etl.ship.platform import Platform, RemoteRun
    from etl.ship.record import Record


@frozen(kw_only=True)
class Remote:
    """A run that was submitted: where, and how it is asked for there."""

    run_id: str
    record: Record
    artifacts: Artifacts
    platform: Platform
    asking: Asking | None

    @property
    def remote_id(self) -> str:
        """The platform's id of it."""
        return self.record.remote_id or self.run_id


def asking(config: Config) -> Asking:
    """Return how the services of an environment are asked.

    Raises:
        PlatformError: boto3 is not installed, no such profile.
    """
    from etl.ship.control.asking import Asking, clients

    return Asking(client=clients(config.s3), s3=config.s3)


def remote(config: Config, run_id: str) -> Remote:
    """Return a submitted run; the beginning of an id will do once the run has begun, and ``last``.

    Raises:
        UsageError: nothing was submitted under this id, or it was never sent.
    """
    from etl.model.platforms import LOCAL
    from etl.runs.artifacts import open_artifacts
    from etl.ship.platform import platform
    from etl.ship.record import NAME, read

    artifacts = open_artifacts(config.artifacts, run_id, config.s3)
    if run_id == "last" or not artifacts.has(NAME):
        known = open_ledger(config).run(run_id)
        artifacts = open_artifacts(known.artifacts, known.run_id, config.s3)
    record = read(artifacts)
    if record.failed:
        raise UsageError(
            f"run {artifacts.run_id} could not be sent: {record.failed}",
            remedy="submit it again with the same --run-id: it is looked for before anything is sent",
        )
    here = record.platform == LOCAL
    if not (record.remote_id or here):
        raise UsageError(
            f"run {artifacts.run_id} was being submitted at {record.at}, and what became of that is not known",
            remedy="submit it again with the same --run-id: it is looked for before anything is sent",
        )
    told = None if here else asking(config)
    there = platform(record.platform, told)
    return Remote(run_id=artifacts.run_id, record=record, artifacts=artifacts, platform=there, asking=told)


def is_run(config: Config, text: str) -> bool:
    """Say whether a word is the id of a submitted run."""
    from etl.runs.artifacts import open_artifacts
    from etl.runs.objects import is_key
    from etl.ship.record import NAME

    return is_key(text) and "/" not in text and open_artifacts(config.artifacts, text, config.s3).has(NAME)


def follow(
    config: Config, found: Remote, progress: Progress, *, until: datetime | None = None, quiet: bool = False
) -> int:
    """Show a run's course until it has ended, and return its own exit code.

    Args:
        config: of the environment.
        found: the run.
        progress: shows what it does, from where it has come to.
        until: it is not followed longer.
        quiet: only what did not go well.

    Raises:
        RemoteError: the platform ended it, or it never began.
        OutcomeUnknownError: it goes on, or it left no record of its end.
    """
    from etl.ship.control.asking import Asking
    from etl.ship.control.follow import changes

    clock = found.asking or Asking(client=_none)
    for run in changes(found.platform, found.remote_id, clock, until, progress.tell):
        last = run
        if not quiet:
            reason = f": {run.reason}" if run.reason else ""
            click.echo(f"{found.record.platform} {run.remote_id}: {run.state} ({run.said}){reason}", err=True)
    progress.tell()
    return conclude(config, found.run_id, last)


def conclude(config: Config, run_id: str, run: RemoteRun) -> int:
    """Return the exit code of the run itself: platforms keep only whether it was zero.

    Raises:
        RemoteError: the platform ended it, or it never began.
        OutcomeUnknownError: it left no record of its end.
    """
    known = open_ledger(config).known(run_id)
    if known and known.exit_code is not None:
        return known.exit_code
    look = f"`etl why {run_id}` looks through its logs, `etl logs {run_id}` shows them"
    if run.state == "cancelled":
        raise RemoteError(
            f"run {run_id} was cancelled: {run.reason or run.said}", remedy="`etl status` shows what stands"
        )
    if run.state == "failed":
        began = "it did not begin" if known is None else "it left no record of its end"
        raise RemoteError(f"run {run_id} failed, and {began}: {run.reason or run.said}", remedy=look)
    raise OutcomeUnknownError(f"run {run_id} has ended with {run.said}, but left no record", remedy=look)


@frozen
class Progress:
    """Shows the events that a run has left since one looked last; ``taken`` holds the last part's key."""

    artifacts: Artifacts
    show: Any
    taken: list[str]

    @classmethod
    def of(cls, artifacts: Artifacts, *, quiet: bool) -> Progress:
        """Begin with the run's first event, as lines on stderr."""
        from etl.report.lines import Lines

        return cls(artifacts, Lines(write=lambda text: click.echo(text, err=True), quiet=quiet), [])

    def tell(self) -> bool:
        """Show what is new; say whether anything was. What cannot be read now is read the next time."""
        moved = False
        try:
            for event in self._new():
                self.show(event)
                moved = True
        except EtlError as error:
            if not error.retryable:
                raise
        return moved

    def _new(self) -> Iterator[Any]:
        store, after = self.artifacts.store, self.taken[-1] if self.taken else None
        for entry in store.list(self.artifacts.key("events/"), after=after):
            stored = store.get(entry.key)
            self.taken.append(entry.key)
            yield from (_event(json.loads(line)) for line in (stored.body if stored else b"").splitlines())


def _event(said: Mapping[str, Any]) -> Any:
    from etl.model.event import Event

    at = datetime.fromisoformat(said["at"])
    return Event(said["kind"], at, said["run_id"], said["step"], said["interval"], said["data"])


def _none(_: str) -> Any:
    raise AssertionError("a run on this machine asks no service")
