"""The command as a process: its exit code, and what it says when something went wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from etl.cli.root import ReaderGoneError, root
from etl.errors import DefectError, EtlError


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; errors are printed, never raised.

    Args:
        argv: the arguments without the program's name; those of the process when None.
    """
    given: dict[str, Any] = {}
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
        return report(error, debug=bool(given.get("debug")))
    return code if isinstance(code, int) else 0


def report(error: BaseException, *, debug: bool) -> int:
    """Print an error for people on stderr and return its exit code."""
    if debug and not isinstance(error, click.ClickException):
        traceback.print_exception(error)
    if isinstance(error, EtlError):
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        click.echo("Interrupted.", err=True)
        return 130
    first = (str(error).splitlines() or [""])[0]
    return report(DefectError(f"{type(error).__name__}: {first}"), debug=False)


def _exit_code(code: object) -> int:
    return code if isinstance(code, int) else int(code is not None)
