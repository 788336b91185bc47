"""The command as a process: its exit code, and what it says when something went wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from etl.cli.context import no_pyspark
from etl.cli.root import ReaderGoneError, root
from etl.cli.table import Output, print_json
from etl.errors import DefectError, EtlError, InterruptedRunError, UsageError
from etl.model.failure import ErrorInfo


def main(argv: Sequence[str] | None = None, *, bundled: bool = False) -> int:
    """Run a command line and return its exit code; errors are printed, never raised.

    Args:
        argv: the arguments without the program's name; those of the process when None.
        bundled: the project is the one beside the engine in its bundle, wherever the process stands.
    """
    given: dict[str, Any] = {"bundled": bundled}
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an ASCII terminal shows ? for → instead of a traceback
    try:
        code = root.main(args=None if argv is None else list(argv), prog_name="etl", standalone_mode=False, obj=given)
        sys.stdout.flush()
    except (BrokenPipeError, ReaderGoneError):
        # Python would complain once more while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as exit_:
        return _exit_code(exit_.code)
    except BaseException as error:
        asked = _asks_json(given, sys.argv[1:] if argv is None else argv)
        return report(error, debug=bool(given.get("debug")), output="json" if asked else "text")
    return code if isinstance(code, int) else 0


def report(error: BaseException, *, debug: bool, output: Output = "text") -> int:
    """Print an error for people on stderr, and on stdout as one object if JSON is asked for; return its exit code."""
    if debug and not isinstance(error, click.ClickException):
        traceback.print_exception(error)
    told = _told(error)
    if output == "json":
        print_json(ErrorInfo.of(told, root=str(Path.cwd())).to_json())
    if isinstance(error, click.ClickException):
        error.show()
    elif isinstance(told, InterruptedRunError):
        click.echo("Interrupted.", err=True)
    else:
        told.place = told.place.relative_to(str(Path.cwd())) if told.place else None
        click.echo(f"Error: {told}", err=True)
    return told.exit_code


def _told(error: BaseException) -> EtlError:
    """Return an error as one of ours, whoever raised it."""
    if isinstance(error, EtlError):
        return error
    if isinstance(error, click.ClickException):
        command = getattr(getattr(error, "ctx", None), "command_path", "etl")
        return UsageError(error.format_message(), remedy=f"see `{command} --help`")
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return InterruptedRunError("interrupted", remedy="run it again: finished steps are kept")
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "pyspark":
        return no_pyspark()
    first = (str(error).splitlines() or [""])[0]
    defect = DefectError(f"{type(error).__name__}: {first}")
    defect.__cause__ = error
    return defect


def _asks_json(given: Mapping[str, Any], argv: Sequence[str]) -> bool:
    """Say whether JSON was asked for, also on a command line that could not be read to its end."""
    if "output" in given:
        return bool(given["output"] == "json")
    said = list(argv[: argv.index("--")] if "--" in argv else argv)
    asked = {"-ojson", "-o=json", "--output=json"} & set(said)
    follows = any(option in {"-o", "--output"} and value == "json" for option, value in pairwise(said))
    return bool(asked) or follows or os.environ.get("ETL_OUTPUT") == "json"


def _exit_code(code: object) -> int:
    return code if isinstance(code, int) else int(code is not None)
