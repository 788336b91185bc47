"""The seam to the places where a bundle can be sent: what each must do, and how it is found.

Each is a module that gives a ``Platform``, and a line in ``etl.model.platforms``; ``local`` is one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, Protocol, cast

from attrs import field, frozen

from etl.errors import UnknownNameError
from etl.model.platforms import PLATFORMS
from etl.ship.archive import Archive
from etl.ship.call import Call

if TYPE_CHECKING:
    from etl.ship.control.asking import Asking

_PATH = "spark.executorEnv.PYTHONPATH"

State = Literal["pending", "running", "succeeded", "failed", "cancelled"]


@frozen(kw_only=True)
class Submission:
    """What is sent.

    Args:
        bundle: where the bundle lies, as the platform reads it.
        run_id: names the run there and here.
        arguments: of ``main.py``, ``--key value`` each; the same ones replay the run locally.
        settings: Spark's configuration.
        archives: those of the bundle that the place's Python and CPU need.
        calls: the requests that say so to the platform's services, in order; ``local`` has none.
    """

    bundle: str
    run_id: str
    arguments: Mapping[str, str] = field(factory=dict, hash=False)
    settings: Mapping[str, str] = field(factory=dict, hash=False)
    archives: tuple[Archive, ...] = ()
    calls: tuple[Call, ...] = ()

    @property
    def main(self) -> str:
        """The entry script."""
        return f"{self.bundle}/main.py"

    @property
    def zip(self) -> str:
        """What goes on the path of driver and executors."""
        return f"{self.bundle}/app.zip"

    @property
    def unpacked(self) -> str:
        """What ``--archives`` takes: each archive with the folder it is unpacked as; empty where there is none."""
        return ",".join(f"{self.bundle}/{each.file}#{each.folder}" for each in self.archives)

    @property
    def python_path(self) -> Mapping[str, str]:
        """The setting by which executors import from the archives; the driver's is ``main.py``'s own doing."""
        folders = [f"./{each.folder}" for each in self.archives]
        own = self.settings.get(_PATH)  # the project's
        return {_PATH: ":".join([*folders, *([own] if own else [])])} if folders else {}

    def argv(self) -> list[str]:
        """Return the arguments as a list of words."""
        return [word for key, value in self.arguments.items() for word in (f"--{key}", value)]


@frozen(kw_only=True)
class RemoteRun:
    """What a platform says of a run.

    Args:
        remote_id: the platform's id of it.
        state: in our words.
        said: the platform's own word for it.
        reason: why, in its words.
        used: what it has used by the platform's own figures, by unit: ``vCPU-hours``, ``GB-hours``, ``DPU-hours``.
    """

    remote_id: str
    state: State
    said: str = ""
    reason: str = ""
    used: Mapping[str, float] = field(factory=dict, hash=False)

    @property
    def ended(self) -> bool:
        """True where nothing changes any more."""
        return self.state not in {"pending", "running"}


class Platform(Protocol):
    """What submits runs somewhere and follows them there.

    Every method may raise ``PlatformError`` (no rights, no such place) and ``PassingError`` (no answer for now).
    """

    def submit(self, submission: Submission) -> str:
        """Send a bundle and return the platform's own id; the same submission again returns the same."""

    def describe(self, remote_id: str) -> RemoteRun:
        """Return how a run stands."""

    def cancel(self, remote_id: str) -> None:
        """Ask for a run's end; nothing happens where it has ended."""

    def logs(self, remote_id: str) -> Iterator[str]:
        """Yield the driver's lines so far; nothing where the platform has not brought them yet."""


def platform(name: str, asking: Asking | None = None) -> Platform:
    """Return what submits runs to a platform.

    Args:
        name: the platform's.
        asking: how its services are asked; ``local`` has none.

    Raises:
        UnknownNameError: no platform has this name.
    """
    if name not in PLATFORMS:
        raise UnknownNameError(f"no platform {name!r}", name, PLATFORMS)
    return cast("Platform", importlib.import_module(PLATFORMS[name].module).platform(asking))
