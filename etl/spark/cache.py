"""Where things fetched or made once per machine are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def directory(name: str, environ: Mapping[str, str]) -> Path:
    """Return Headrace's cache for ``name``, below ``XDG_CACHE_HOME`` or ``~/.cache``; it may not exist yet."""
    root = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".cache")
    return Path(root) / "headrace" / name
