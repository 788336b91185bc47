"""Finds the jobs: modules and packages directly under ``jobs`` that define ``JOB``. Importing one starts nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from attrs import evolve

from etl.config.problems import raise_all
from etl.errors import DefinitionError, EtlError, Place, PlatformError, ProjectError, did_you_mean
from etl.model.faults import faults
from etl.model.job import Job, JobModule
from etl.model.step import Step
from etl.project.shadowed import lost_steps
from etl.project.standin import standing_in, starting_refused

PACKAGE = "jobs"
_NO_SESSION = "SparkContext or SparkSession should be created first"
_NO_NAME = re.compile(r"cannot import name '([^']+)'")


def discover(directory: Path | None, *, static: bool) -> tuple[JobModule, ...]:
    """Import the jobs of a project, in alphabetical order.

    Args:
        directory: the project, whose ``jobs`` is imported ahead of any other; None takes the installed package.
        static: import without PySpark: the steps can be looked at, not run. Where PySpark is loaded already it is used.

    Raises:
        DefinitionError: whatever a job module declares that cannot be run, starting Spark, no step, no job.
        ProjectError: a job module that cannot be imported: its own line and the reason. All modules are tried.
        PlatformError: PySpark is not installed, and ``static`` is false.
    """
    with _importable(directory, keep=not static), _imports(static=static):
        package = _package(directory)
        folder = Path(package.__path__[0])
        root = str(folder.parent)
        names = sorted(module.name for module in pkgutil.iter_modules([str(folder)]) if module.name[0] != "_")
        jobs: list[JobModule] = []
        problems: list[ProjectError] = list(_declared_twice(folder, names))
        for name in names:
            try:
                job = _job(name, root)
            except ProjectError as error:
                error.place = error.place.relative_to(root) if error.place else None
                problems.append(error)
            else:
                jobs += [job] if job else []
                problems += [fault for step in (job.steps if job else ()) for fault in faults(step, root)]
                problems += lost_steps(f"{PACKAGE}.{name}", root)
    raise_all(problems)
    if not jobs:
        raise DefinitionError(
            "no job found", place=Place(f"{PACKAGE}/"), remedy="a job is a module under jobs/ that defines JOB = Job(…)"
        )
    return tuple(jobs)


def _imports(*, static: bool) -> AbstractContextManager[None]:
    return standing_in() if static and "pyspark" not in sys.modules else starting_refused()


@contextmanager
def _importable(directory: Path | None, *, keep: bool) -> Iterator[None]:
    """Put the project first on ``sys.path``; a run keeps it there and its jobs loaded, for what executors unpickle."""
    importlib.invalidate_caches()
    if directory is None:
        yield
        return
    loaded = sys.modules.get(PACKAGE)
    ours = loaded is not None and list(loaded.__path__)[:1] == [str(directory / PACKAGE)]
    others = {} if ours else _unload()
    first = sys.path[:1] == [str(directory)]
    if not first:
        sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        if not keep:
            if not first:
                sys.path.remove(str(directory))
            if not ours:
                _unload()
                sys.modules.update(others)


def _unload() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == PACKAGE or name.startswith(PACKAGE + ".")]
    return {name: sys.modules.pop(name) for name in names}


def _package(directory: Path | None) -> ModuleType:
    # Without __init__.py Python would look further along the path, and import the jobs of another project.
    if directory and not (directory / PACKAGE / "__init__.py").is_file():
        raise ProjectError(
            "no package jobs: jobs/__init__.py is missing",
            place=Place(f"{PACKAGE}/"),
            remedy="create an empty jobs/__init__.py beside your job modules",
        )
    try:
        return importlib.import_module(PACKAGE)
    except Exception as error:
        failed = _import_failed(PACKAGE, error)
        failed.place = failed.place.relative_to(str(directory or "")) if failed.place else None
        raise failed from error


def _job(name: str, root: str) -> JobModule | None:
    module_name = f"{PACKAGE}.{name}"
    try:
        module = importlib.import_module(module_name)
    except ProjectError as error:
        error.place = error.place or _author_place(error.__traceback__)
        raise
    except (EtlError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise _import_failed(module_name, error) from error
    place = Place(inspect.getsourcefile(module) or module.__file__ or module_name).relative_to(root)
    # Whatever speaks of a step, speaks of its place in the project, wherever that lies.
    steps = tuple(evolve(step, place=step.place.relative_to(root)) for step in _steps(module))
    job = vars(module).get("JOB")
    if job is None and not steps:
        return None
    if not isinstance(job, Job):
        said = "no JOB" if job is None else f"JOB is {type(job).__name__}"
        raise DefinitionError(f"{said}: a job module defines JOB = Job(…)", place=place)
    if not steps:
        raise DefinitionError(
            f"job {name} has no step",
            place=place,
            remedy="declare one with @step or sql_step; a package imports its modules",
        )
    return JobModule(name, job, steps, inspect.getdoc(module) or "", place.file)


def _steps(module: ModuleType) -> Iterator[Step[Any, Any]]:
    """Return each step of a module, or of a package and its imported modules, in the order they were imported."""
    name, seen = module.__name__, set()
    for member in [module, *(sys.modules[key] for key in list(sys.modules) if key.startswith(name + "."))]:
        for value in list(vars(member).values()):
            for step in value if isinstance(value, list | tuple) else (value,):
                if isinstance(step, Step) and id(step) not in seen and not _foreign(step.module, name):
                    seen.add(id(step))
                    yield step


def _foreign(module: str, job: str) -> bool:
    """Return True for a step that another job declares; shared modules start with an underscore."""
    return module.startswith(PACKAGE + ".") and not f"{module}.".startswith((f"{job}.", f"{PACKAGE}._"))


def _import_failed(module: str, error: BaseException) -> EtlError:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and missing.partition(".")[0] == "pyspark":
        return PlatformError("PySpark is not installed", remedy="pip install 'headrace[local]'")
    place = _author_place(error.__traceback__) or Place(module.replace(".", "/"))
    if isinstance(error, SyntaxError) and error.filename:
        place = Place(error.filename, error.lineno)
    reason = error.msg if isinstance(error, SyntaxError) else f"{error}{_meant(error)}"
    remedy = f"install {missing}, or put it beside the job" if missing else ""
    if _NO_SESSION in reason:
        remedy = (
            "give a UDF's type as an object, F.udf(StringType()): a text is parsed by Spark, which starts after this"
        )
    return ProjectError(f"cannot import {module}: {type(error).__name__}: {reason}", place=place, remedy=remedy)


def _meant(error: BaseException) -> str:
    """Say which name of ours an import that fails probably meant; nothing for any other module's."""
    said = _NO_NAME.match(str(error))
    if said is None or not isinstance(error, ImportError) or not (error.name or "").startswith("etl"):
        return ""
    own = sys.modules.get(str(error.name))
    return f"; {did_you_mean(said[1], [name for name in dir(own) if name[0] != '_'], limit=40)}" if own else ""


def _author_place(trace: TracebackType | None) -> Place | None:
    """Return the last line of a job module that a traceback passes through."""
    place = None
    while trace:
        if f"{trace.tb_frame.f_globals.get('__name__', '')}.".startswith(PACKAGE + "."):
            place = Place(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return place


def _declared_twice(folder: Path, names: Sequence[str]) -> Iterator[ProjectError]:
    """Python takes the package and never says that there is a module of the same name."""
    for name in names:
        if (folder / f"{name}.py").is_file() and (folder / name / "__init__.py").is_file():
            yield DefinitionError(
                f"job {name} is there twice, as a module and as a package", place=Place(f"{PACKAGE}/{name}.py")
            )
