"""Which store keeps a root's objects, by the root's scheme: loaded when first asked for."""

from __future__ import annotations

from collections.abc import Callable

from etl.errors import ConfigError, PlatformError
from etl.model.s3 import S3Settings
from etl.runs.objects import ObjectStore

DEFAULT = S3Settings()


def open_store(root: str, s3: S3Settings = DEFAULT) -> ObjectStore:
    """Return the store at a configured root: a local folder, or what its scheme says.

    Args:
        root: a local path, or ``s3://bucket/prefix``.
        s3: how S3 is reached, for a root there.

    Raises:
        ConfigError: no store knows the scheme.
        PlatformError: this system lacks what the store needs.
    """
    scheme = scheme_of(root)
    if scheme not in STORES:
        raise ConfigError(
            f"no store for {root!r}: scheme {scheme!r}; state and artifacts lie in a local folder or on S3",
            remedy="use a local path, or s3://bucket/prefix",
        )
    return STORES[scheme](root, s3)


def scheme_of(root: str) -> str:
    """Return what stands before ``://``; empty for a local folder."""
    scheme, separator, _ = root.partition("://")
    return scheme if separator else ""


def _folder(root: str, _: S3Settings) -> ObjectStore:
    try:
        from etl.runs.folder import Folder
    except ModuleNotFoundError as error:
        raise PlatformError(
            f"a folder cannot hold state and artifacts on this system: Python has no module {error.name}",
            remedy="run on Linux, macOS or WSL",
        ) from None
    return Folder(root)


def _s3(root: str, s3: S3Settings) -> ObjectStore:
    from etl.runs.s3 import open_bucket

    return open_bucket(root, s3)


STORES: dict[str, Callable[[str, S3Settings], ObjectStore]] = {"": _folder, "s3": _s3, "s3a": _s3, "s3n": _s3}
