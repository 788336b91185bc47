"""Which store keeps a root's objects, by the root's scheme: loaded when first asked for."""

from __future__ import annotations

from collections.abc import Callable

from etl.errors import ConfigError, PlatformError
from etl.runs.objects import ObjectStore


def open_store(root: str) -> ObjectStore:
    """Return the store at a configured root: a local folder, or what its scheme says.

    Raises:
        ConfigError: no store knows the scheme.
        PlatformError: this system lacks what the store needs.
    """
    scheme = scheme_of(root)
    if scheme not in STORES:
        raise ConfigError(
            f"no store for {root!r}: scheme {scheme!r}; only a local folder can hold state and artifacts yet",
            remedy="use a local path",
        )
    return STORES[scheme](root)


def scheme_of(root: str) -> str:
    """Return what stands before ``://``; empty for a local folder."""
    scheme, separator, _ = root.partition("://")
    return scheme if separator else ""


def _folder(root: str) -> ObjectStore:
    try:
        from etl.runs.folder import Folder
    except ModuleNotFoundError as error:
        raise PlatformError(
            f"a folder cannot hold state and artifacts on this system: Python has no module {error.name}",
            remedy="run on Linux, macOS or WSL",
        ) from None
    return Folder(root)


STORES: dict[str, Callable[[str], ObjectStore]] = {"": _folder}
