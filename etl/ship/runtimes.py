"""What each release of a platform brings: one table, ``runtimes.toml``; what it does not know is guessed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from etl.config.submit import Destination, EmrEks, Glue
from etl.errors import ConfigError, Place

_OF_EKS = re.compile(r"-(latest|\d{8})$")


@frozen(kw_only=True)
class Runtime:
    """What a release brings.

    Args:
        labels: the releases; a label may end in ``*``.
        spark: the version on the image; empty where nothing can run.
        python: the minor version that a run is given, which need not be the image's own.
        delta: the version on the image.
        absent: platforms whose list of releases lacks it.
        known: false where the table only guesses.
        traps: what people should know, a sentence each.
        refused: why nothing can run there; empty where it can.
    """

    labels: tuple[str, ...]
    spark: str = ""
    python: str = ""
    delta: str = ""
    absent: tuple[str, ...] = ()
    known: bool = True
    traps: tuple[str, ...] = ()
    refused: str = ""

    @property
    def interpreter(self) -> str:
        """The Python of driver and executors; the image's default is another on EMR 7."""
        return f"/usr/bin/python{self.python}"


@cache
def runtimes() -> tuple[Runtime, ...]:
    """Return the table, the more special labels first."""
    said = tomllib.loads((files("etl.ship") / "runtimes.toml").read_text(encoding="utf-8"))
    return tuple(Runtime(**_values(each)) for each in said["runtime"])


def _values(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}


def label(target: Destination) -> str:
    """Return the name of a target's release in the table."""
    if isinstance(target, Glue):
        return f"glue-{target.version}"
    return _OF_EKS.sub("", target.release) if isinstance(target, EmrEks) else target.release


def runtime(target: Destination, place: Place | None = None) -> Runtime:
    """Return what a target's release brings.

    Args:
        target: where the bundle is sent.
        place: where its release is said.

    Raises:
        ConfigError: nothing can run on the release, or EMR on EKS does not know a label of this form.
    """
    name = label(target)
    found = next(one for one in runtimes() if any(fnmatchcase(name, pattern) for pattern in one.labels))
    if found.refused:
        raise ConfigError(f"{name} cannot run a bundle: {found.refused}", place=place, remedy=f"use {_newest(name)}")
    if isinstance(target, EmrEks) and not _OF_EKS.search(target.release):
        raise ConfigError(
            f"{target.release!r} is no release of EMR on EKS: they end in -latest, or in the day of an image",
            place=place,
            remedy=f'write "{target.release}-latest"',
        )
    return found


def warnings(target: Destination, runtime: Runtime) -> tuple[str, ...]:
    """Return what people should know of a target's release before they submit, a sentence each."""
    name = label(target)
    said = list(runtime.traps)
    if not runtime.known:
        said.insert(0, f"nothing is known of {name}: taken for Spark {runtime.spark} with Python {runtime.python}")
    if target.platform in runtime.absent:
        said.append(f"{target.platform} did not list {name} in November 2026")
    return tuple(said)


def _newest(name: str) -> str:
    return "version 5.1 or 6.0" if name.startswith("glue-") else "emr-7.13.0 or emr-spark-8.1.0"
