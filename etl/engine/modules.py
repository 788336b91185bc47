"""Python modules as a fingerprint sees them: whose they are, their source, and the files that lie beside them."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from etl.engine.units import Source, cut

JOBS = "jobs"
OURS = "etl.transforms"  # the one module of the engine whose functions are part of a step
SKIPPED = frozenset({"__pycache__", "conf"})  # conf/ travels inside the bundle's package; it is told apart from code
PROVIDED = frozenset({"pyspark", "delta", "py4j", "etl"})  # the platform's and the engine's, identified on their own
INSTALLED = frozenset({"site-packages", "dist-packages"})

READ: dict[int, tuple[Any, str | None]] = {}  # by the spec's id, which stays its own as long as the spec is kept here


def is_project(name: str) -> bool:
    """Say whether a module is the project's own: one of ``jobs``, or one that no distribution installed."""
    root = name.partition(".")[0]
    if root == JOBS or name == OURS:
        return True
    return bool(root) and root not in sys.stdlib_module_names | PROVIDED | {"builtins"} and not _is_installed(root)


@cache
def _is_installed(root: str) -> bool:
    if root == "__main__":
        return False
    file = getattr(spec(root), "origin", None) or ""
    if Path(file).is_file():
        return bool(INSTALLED & set(Path(file).parts))
    return bool(_distributions(root))  # inside a zip, or made at run time


def library(name: str) -> tuple[str, str] | None:
    """Return the name and version of the library that a module comes from; None for Python's, Spark's and ours."""
    root = name.partition(".")[0]
    if not root or root in sys.stdlib_module_names | PROVIDED | {"builtins"}:
        return None
    said = ", ".join(f"{each} {metadata.version(each)}" for each in sorted(set(_distributions(root))))
    return root, said or hashlib.sha256((_text(root, spec(root)) or "").encode()).hexdigest()


@cache
def _distributions(root: str) -> tuple[str, ...]:
    return tuple(metadata.packages_distributions().get(root, ()))


def source(name: str, namespace: Mapping[str, Any] | None = None) -> Source | None:
    """Return a module's units; None where it has no source that Python can read.

    Args:
        name: of the module.
        namespace: its names, where it may have been unloaded since.
    """
    found = (namespace or {}).get("__spec__") or spec(name)
    text = _text(name, found)
    package = name if getattr(found, "submodule_search_locations", None) is not None else name.rpartition(".")[0]
    return None if text is None else cut(text, package)


def _text(name: str, found: Any) -> str | None:
    """Return a module's source as it was when this process first asked: a file edited since is not what runs here."""
    if id(found) not in READ:
        READ[id(found)] = found, _read(name, found)
    return READ[id(found)][1]


def _read(name: str, found: Any) -> str | None:
    loader: Any = getattr(found, "loader", None)
    try:
        text = loader.get_source(name) if hasattr(loader, "get_source") else None
    except (ImportError, OSError):
        text = None
    return None if text is None else str(text)


def is_package(name: str) -> bool:
    """Say whether a module is a package."""
    return getattr(spec(name), "submodule_search_locations", None) is not None


def spec(name: str) -> Any:
    """Return a module's spec, None for one made at run time, ``__main__`` among them: it has no source to look up."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None)
    try:
        return importlib.util.find_spec(name)
    except Exception:  # what stands for a package may raise anything when it is asked for what lies in it
        return None


def loaded(name: str) -> dict[str, Any] | None:
    """Return the names of a module, imported if it was not; None where it cannot be."""
    if name not in sys.modules and spec(name) is not None:
        try:
            importlib.import_module(name)
        except Exception:
            return None
    return vars(sys.modules[name]) if name in sys.modules else None


def files(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files beside a module: all in the job's package; for another module, those directly in its folder."""
    job = ".".join(name.split(".")[:2])
    package = job if name.startswith(JOBS + ".") and is_package(job) else name.rpartition(".")[0]
    if package and is_package(package):
        yield from _below(resources.files(package), "", deep=package != JOBS)


def _below(folder: Any, above: str, *, deep: bool) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda each: str(each.name)):
        if entry.is_file() and not entry.name.endswith((".py", ".pyc")):
            yield above + entry.name, entry.read_bytes()
        elif deep and entry.is_dir() and entry.name not in SKIPPED:
            yield from _below(entry, f"{above}{entry.name}/", deep=True)


def project_root() -> str:
    """Return the folder that ``jobs`` lies in: a text that holds it says the same wherever the project lies."""
    paths = list(getattr(sys.modules.get(JOBS), "__path__", ()))
    return str(Path(paths[0]).parent) if paths else ""
