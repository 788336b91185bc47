"""What a step's code is made of: the sources of its modules and files, and the values its functions hold.

A module says more than its text: a factory closes over values, a constant was read from a file or a variable when the
module was imported. Whatever a function can reach by name is part of what it does.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from importlib import metadata, resources
from types import CodeType, FunctionType
from typing import Any

from etl.model.step import Step

JOBS = "jobs"
SKIPPED = frozenset({"__pycache__", "conf"})  # conf/ travels inside the bundle's package; it is told apart from code
PROVIDED = frozenset({"pyspark", "delta", "py4j", "etl"})  # the platform's and the engine's, identified on their own
PLAIN = (str, int, float, bool, bytes, Decimal, date, datetime, timedelta, type(None))


def code_digest(step: Step[Any, Any]) -> str:
    """Return a digest of the modules and data files that a step's job is made of.

    That is the job's own modules, those it imports from ``jobs`` (shared ones start with an underscore), the files
    beside them, ``etl.transforms``, and the versions of the libraries they import.
    """
    digest = hashlib.sha256()
    modules = _reached(step.module)
    for name in sorted({*modules, "etl.transforms"}):
        digest.update(f"{name}\n{_source(name)}\n".encode())
    for name, content in _files(step.module):
        digest.update(f"{name}\n".encode() + content)
    for library in sorted({each for name in modules for each in _imports(name)}):
        root = library.partition(".")[0]
        if root not in sys.stdlib_module_names | PROVIDED | {JOBS} and root not in modules:
            digest.update(f"{root} {_library(root)}\n".encode())
    return digest.hexdigest()


def value_digest(step: Step[Any, Any]) -> str:
    """Return a digest of the values that the step's function closes over, defaults to, or reads from its module."""
    said = sorted(set(_values(step.body.call, set())))
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _reached(module: str) -> set[str]:
    """Return the job's own modules and, from these on, every module of ``jobs`` that they import."""
    job = ".".join(module.split(".")[:2])
    reached: set[str] = set()
    ahead = {name for name in sys.modules if name == job or name.startswith(job + ".")} | {module}
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= {found for found in _imports(name) if found in sys.modules and _is_local(found)} - reached
    return reached


def _is_local(name: str) -> bool:
    return name.startswith(JOBS + ".")


def _imports(name: str) -> Iterator[str]:
    """Yield the full names of what a module's source imports; of ``from a import b``, both ``a`` and ``a.b``."""
    yield from _imported(name if _is_package(name) else name.rpartition(".")[0], _source(name) or "")


@lru_cache(maxsize=1024)
def _imported(package: str, source: str) -> tuple[str, ...]:
    return tuple(_named(package, source))


def _named(package: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            origin = ".".join(part for part in (base, node.module) if part)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _source(name: str) -> str | None:
    spec = _spec(name)
    loader: Any = spec.loader if spec else None
    source = loader.get_source(name) if hasattr(loader, "get_source") else None
    return str(source) if source is not None else None


def _is_package(name: str) -> bool:
    return getattr(_spec(name), "submodule_search_locations", None) is not None


def _spec(name: str) -> Any:
    """Return a module's spec, None for one made at run time, ``__main__`` among them: it has no source to look up."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None)
    return importlib.util.find_spec(name)


def _files(module: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files beside a job: all in its package; for a job that is a module, those directly under ``jobs``."""
    if not _is_local(module):
        return
    job = ".".join(module.split(".")[:2])
    if _is_package(job):
        yield from _below(resources.files(job), "", deep=True)
    else:
        yield from _below(resources.files(JOBS), "", deep=False)


def _below(folder: Any, above: str, *, deep: bool) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda each: str(each.name)):
        if entry.is_file() and not entry.name.endswith((".py", ".pyc")):
            yield above + entry.name, entry.read_bytes()
        elif deep and entry.is_dir() and entry.name not in SKIPPED:
            yield from _below(entry, f"{above}{entry.name}/", deep=True)


@cache
def _library(root: str) -> str:
    """Return the versions of the distributions that a library comes from; its own source where none installed it."""
    names = metadata.packages_distributions().get(root, [])
    if names:
        return ", ".join(f"{name} {metadata.version(name)}" for name in sorted(set(names)))
    return hashlib.sha256((_source(root) or "").encode()).hexdigest()


def _values(function: Any, seen: set[int]) -> Iterator[str]:
    if not isinstance(function, FunctionType) or id(function) in seen:
        return
    seen.add(id(function))
    code = function.__code__
    held = [
        (f"{code.co_qualname} closes over {name}", cell.cell_contents)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True)
        if _filled(cell)
    ]
    held += [(f"{code.co_qualname} default {n}", value) for n, value in enumerate(function.__defaults__ or ())]
    held += [(f"{code.co_qualname} default {name}", value) for name, value in (function.__kwdefaults__ or {}).items()]
    held += [
        (f"{function.__module__}.{name}", function.__globals__[name])
        for name in sorted(_names(code))
        if name in function.__globals__
    ]
    for where, value in held:
        text = _plain(value)
        if text is not None:
            yield f"{where} = {text}"
        elif isinstance(value, FunctionType) and value.__module__.partition(".")[0] not in PROVIDED:
            yield from _values(value, seen)


def _filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:  # a name the factory has not bound
        return False
    return True


def _names(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*(_names(each) for each in inner))


def _plain(value: Any) -> str | None:
    """Return the text of a value made of plain ones, None for any other: objects have no text that stays the same."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, dict):
        items = [(_plain(key), _plain(item)) for key, item in value.items()]
        return None if any(None in item for item in items) else f"{{{', '.join(f'{k}: {v}' for k, v in items)}}}"
    if isinstance(value, list | tuple | set | frozenset):
        texts = [_plain(item) for item in value]
        if None in texts:
            return None
        known = [text for text in texts if text is not None]
        ordered = sorted(known) if isinstance(value, set | frozenset) else known
        return f"{type(value).__name__}({', '.join(ordered)})"
    return None
