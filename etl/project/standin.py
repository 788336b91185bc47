"""Job modules import PySpark; listing them need not. A stand-in takes its place while they are imported.

Everything in the stand-in can be called, subscripted, compared and subclassed, and means nothing. Starting a session is
the one thing it refuses, as the guard around a real import does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any

from etl.errors import DefinitionError, Place

REPLACED = ("pyspark", "delta")
STARTERS = frozenset(
    {
        "SparkSession()",
        "SparkSession.builder",
        "SparkSession.Builder",
        "SparkContext()",
        "SparkContext.getOrCreate",
        "SQLContext()",
    }
)
OPERATORS = (
    "add radd sub rsub mul rmul truediv rtruediv mod rmod pow rpow and rand or ror xor "
    "invert neg lt le gt ge eq ne getitem"
)


class Thing:
    """Stands for any value of PySpark."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _thing(f"{self._path}.{name}")

    def __call__(self, *_: object, **__: object) -> Any:
        return _thing(f"{self._path}()")

    def __mro_entries__(self, _: tuple[object, ...]) -> tuple[type, ...]:
        return ()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __hash__(self) -> int:
        return hash(self._path)

    def __repr__(self) -> str:
        return f"<{self._path}>"


def _operator(name: str) -> Any:
    def operate(self: Thing, *_: object) -> Thing:
        return Thing(f"{self._path}.{name}()")

    return operate


for _name in OPERATORS.split():
    setattr(Thing, f"__{_name}__", _operator(_name))


class Module(ModuleType):
    """Stands for any module of PySpark."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return _version(self.__name__)
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _thing(f"{self.__name__}.{name}")


class Finder(MetaPathFinder, Loader):
    """Finds every module of the replaced packages."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Claim the replaced packages and what lies below them."""
        del path, target
        return ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in REPLACED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return an empty stand-in."""
        return Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Fill nothing in: attributes are made when they are asked for."""


@contextmanager
def standing_in() -> Iterator[None]:
    """Import under the stand-in inside the block; afterwards no module remembers it.

    Modules that were first imported inside the block and hold a stand-in, or something of such a module, are forgotten,
    so that they are imported anew with PySpark when a run needs them.
    """
    before, finder = set(sys.modules), Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in _tainted(set(sys.modules) - before):
            module = sys.modules.pop(name)
            parent, _, short = name.rpartition(".")
            if getattr(sys.modules.get(parent), short, None) is module:
                delattr(sys.modules[parent], short)


def _tainted(fresh: set[str]) -> set[str]:
    tainted = {name for name in fresh if isinstance(sys.modules[name], Module) or f"{name}.".startswith("jobs.")}
    candidates = {name for name in fresh - tainted if name.partition(".")[0] not in sys.stdlib_module_names}
    grown = True
    while grown:
        found = {name for name in candidates - tainted if _holds(sys.modules[name], tainted)}
        grown = bool(found)
        tainted |= found
    return tainted


def _holds(module: ModuleType, tainted: set[str]) -> bool:
    for value in list(vars(module).values()):
        if isinstance(value, Thing | Module) or (isinstance(value, ModuleType) and value.__name__ in tainted):
            return True
        if isinstance(value, type | FunctionType) and value.__module__ in tainted:
            return True
    return False


def _thing(path: str) -> Thing:
    if ".".join(path.split(".")[-2:]) in STARTERS or path.rpartition(".")[2] in STARTERS:
        refuse_start()
    return Thing(path)


def refuse_start() -> None:
    """Refuse to start Spark while job modules are imported.

    Raises:
        DefinitionError: with the line of the job module that asked for it.
    """
    frame = sys._getframe(1)
    while frame.f_back and not f"{frame.f_globals.get('__name__')}.".startswith("jobs."):
        frame = frame.f_back
    raise DefinitionError(
        "starts Spark while the job module is imported",
        place=Place(frame.f_code.co_filename, frame.f_lineno),
        remedy="declare steps at the top of the module; the engine starts the session and hands in the frames",
    )


@contextmanager
def starting_refused() -> Iterator[None]:
    """Import with the real PySpark inside the block, and refuse to start a session there."""
    try:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
    except ImportError:  # the job's own import says what is missing
        yield
        return
    builder: Any = SparkSession.Builder
    context: Any = SparkContext
    # getOrCreate too: with a context at hand it would hand that out without making one.
    originals = builder.getOrCreate, context.__init__, vars(context)["getOrCreate"]
    builder.getOrCreate = context.__init__ = context.getOrCreate = lambda *_, **__: refuse_start()
    try:
        yield
    finally:
        builder.getOrCreate, context.__init__, context.getOrCreate = originals


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("delta-spark" if name == "delta" else name)
    except PackageNotFoundError:
        return "0"
