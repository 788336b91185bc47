"""What the options that every command shares add up to.

They are accepted before and after the command's name (``etl -e prod run`` and ``etl run -e prod``); the later one wins,
``--set`` adds up. The values gather in the root context's ``obj``, a plain dictionary that ``main`` reads too.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

import click
from attrs import field, frozen

from etl.errors import ConfigError, ForcedSettingError, PlatformError, UsageError

if TYPE_CHECKING:
    from etl.project.project import Project

P = ParamSpec("P")
R = TypeVar("R")


@frozen
class Context:
    """The shared options of one invocation."""

    directory: Path | None = None
    environment: str | None = None
    overrides: Mapping[str, str] = field(factory=dict, hash=False)
    output: Literal["text", "json"] = "text"
    quiet: bool = False
    debug: bool = False
    bundled: bool = False

    def open(self, *, static: bool = True, overrides: Mapping[str, str] | None = None) -> Project:
        """Open the project: the directory given or the working directory; in a bundle the one that it carries.

        Args:
            static: read the jobs without importing pyspark; False where steps are going to run.
            overrides: further configuration values, over those of ``--set``.

        Raises:
            PlatformError: PySpark is not installed, and ``static`` is false.
        """
        from etl.project.project import open_project

        if not static and not _has_pyspark():
            raise no_pyspark()
        if self.bundled:
            from etl.ship.unpacked import find_packages

            find_packages(Path(sys.argv[0]))  # the entry script
        try:
            return open_project(
                None if self.bundled else self.directory or Path.cwd(),
                environment=self.environment,
                environ=os.environ,
                overrides={**self.overrides, **(overrides or {})},
                static=static,
            )
        except ForcedSettingError:
            raise  # the same exit code wherever the setting stands
        except ConfigError as error:
            if error.place and error.place.file.startswith("--set "):  # what the command line says wrong is its fault
                raise UsageError(error.message, place=error.place, remedy=error.remedy) from None
            raise


def no_pyspark() -> PlatformError:
    """Return the error of a command that needs PySpark where there is none."""
    return PlatformError("PySpark is not installed", remedy="pip install 'headrace[local]'")


def _has_pyspark() -> bool:
    try:
        return find_spec("pyspark") is not None
    except (ImportError, ValueError):
        return "pyspark" in sys.modules


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """Read ``key=value`` texts; the value may hold further ``=``.

    Raises:
        UsageError: no ``=``, or no key.
    """
    found = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{option} {text!r} is not key=value")
        found[key.strip()] = value
    return found


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    given = context.ensure_object(dict)
    if value not in (None, (), False) and parameter.name:
        given[parameter.name] = (*given.get(parameter.name, ()), *value) if parameter.multiple else value


def shared_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add the options every command takes."""
    for flags, attributes in reversed(_OPTIONS):
        command = click.option(*flags, expose_value=False, callback=_remember, **attributes)(command)
    return command


_DIRECTORY = click.Path(file_okay=False, exists=True, path_type=Path)
_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("-C", "--directory"),
        {"type": _DIRECTORY, "metavar": "DIR", "help": "Project directory, or one below it. [default: here]"},
    ),
    (("-e", "--env"), {"metavar": "ENV", "help": "Environment: conf/env/ENV.toml. [default: local]"}),
    (("--set",), {"multiple": True, "metavar": "KEY=VALUE", "help": "Override a configuration value; repeatable."}),
    (("-o", "--output"), {"type": click.Choice(["text", "json"]), "help": "What stdout carries. [default: text]"}),
    (("-q", "--quiet"), {"is_flag": True, "help": "Say only what did not go well."}),
    (("--debug",), {"is_flag": True, "help": "Show the traceback of an error."}),
)


def pass_context(function: Callable[Concatenate[Context, P], R]) -> Callable[P, R]:
    """Take the shared options, and hand the function their ``Context``."""
    return shared_options(given_context(function))


def given_context(function: Callable[Concatenate[Context, P], R]) -> Callable[P, R]:
    """Hand the function the ``Context`` of the shared options that stand before the command."""

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        given = click.get_current_context().ensure_object(dict)
        context = Context(
            directory=given.get("directory"),
            environment=given.get("env"),
            overrides=pairs(given.get("set", ()), "--set"),
            output=given.get("output", "text"),
            quiet=given.get("quiet", False),
            debug=given.get("debug", False),
            bundled=given.get("bundled", False),
        )
        return function(context, *args, **kwargs)

    return called
