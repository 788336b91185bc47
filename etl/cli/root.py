"""The command ``etl``: what there is, in groups; each command's module is imported when it is called."""
# ruff: noqa: ARG002 the signatures are click's

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from etl import __version__
from etl.cli.context import shared_options
from etl.errors import did_you_mean

COMMANDS: dict[str, dict[str, str]] = {
    "Begin": {
        "init": "Make a project: a job that runs at once, its sample data and its test.",
        "import": "Take over what another tool runs, as a project.",
    },
    "Look": {
        "list": "List jobs, steps or datasets.",
        "show": "Show one job, step or dataset.",
        "graph": "Draw which step feeds which.",
        "config": "Print every effective configuration value and its origin.",
    },
    "Check": {
        "plan": "Say what a run would do, and do nothing.",
        "validate": "Let Spark analyse every step on empty frames, and compare its columns with its target's; "
        "reads no data.",
    },
    "Run": {
        "run": "Run steps for an interval: extract, transform, stage, audit, publish.",
        "backfill": "Run past intervals that are missing, failed or changed.",
        "retry": "Do what did not succeed in an earlier run.",
        "runs": "List past runs, or show the steps of one.",
        "why": "Find the root cause of a failed run.",
        "status": "Show where each step stands for each interval.",
        "schedule": "Run jobs when they are due; list what is due and what it waits for.",
        "clean": "Delete the artifacts of old runs.",
        "catalog": "Register targets in the Glue Data Catalog, or take its tables as datasets.",
        "locks": "List which runs hold which targets, or release a target.",
        "state": "Say up to where incremental steps have consumed their sources, or say it anew.",
    },
    "Ship": {
        "package": "Build the wheel and the zip that a cluster runs.",
        "deploy": "Put a bundle on S3 and let an environment use it.",
        "submit": "Send a job to a cluster and follow it; its own exit code comes back.",
        "follow": "Show the course of a submitted run until it ends, and end as it did.",
        "logs": "Print the driver's log of a submitted run.",
        "cancel": "Ask the platform to end a submitted run.",
        "iam": "Print the policy that a job needs on a platform, as JSON.",
        "replay": "Run once more here what was submitted, on copies.",
        "export": "Write the schedule as files for Airflow, Step Functions, cron or systemd.",
        "jars": "Print the Delta jars for spark-submit --jars.",
    },
}
MODULES = {"import": "import_"}  # where a command's name is a word of Python
EXIT_CODES = (
    ("0", "done, or nothing to do"),
    ("1", "a step failed"),
    ("2", "the command line cannot be carried out"),
    ("3", "a data-quality gate held back a publish"),
    ("4", "project or configuration invalid"),
    ("5", "environment: Java, versions, credentials"),
    ("6", "remote run failed"),
    ("7", "outcome unknown; re-running is safe"),
    ("8", "locked by another run"),
    ("9", "a source is missing, corrupt or not of its declared shape"),
    ("10", "the plan or diff has changes, where asked for"),
    ("75", "transient failure: retry"),
    ("130 143", "interrupted by Ctrl-C, by SIGTERM"),
)
# What other tools call a command, and where it is here.
ELSEWHERE = {
    "build": "`etl run` runs steps and judges their expectations",
    "compile": "`etl validate` lets Spark analyse every step",
    "docs": "`etl show`, `etl graph`, and report.html of each run",
    "ls": "`etl list`",
    "report": "each run leaves a report.html: `etl runs last` says where",
    "resume": "`etl retry` does what did not succeed in an earlier run",
    "test": "`etl run` judges expectations; unit tests run with pytest",
}
_SENTENCES = {name: sentence for group in COMMANDS.values() for name, sentence in group.items()}


def module_of(name: str) -> str:
    """Return the module of a command."""
    return f"etl.cli.{MODULES.get(name, name)}"


class ReaderGoneError(Exception):
    """Whoever read stdout (head, less) has seen enough."""


class Root(click.Group):
    """A group that knows its commands' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(_SENTENCES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None for a name that is not a command."""
        if cmd_name not in _SENTENCES:
            return None
        command: click.Command = import_module(module_of(cmd_name)).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which was probably meant."""
        if args and not args[0].startswith("-") and args[0] not in _SENTENCES:
            ctx.fail(f"no command {args[0]!r}; {ELSEWHERE.get(args[0]) or did_you_mean(args[0], _SENTENCES)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would turn a reader that went away into exit 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGoneError from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their groups, from the table above."""
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl(EXIT_CODES)


@click.group(
    cls=Root,
    context_settings={"auto_envvar_prefix": "ETL", "help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="etl", message="%(prog)s %(version)s")
@shared_options
def root() -> None:
    """Batch ETL on Apache Spark, from a laptop to EMR and Glue.

    \b
    etl run nyc_flights --date 2013-02-08     run one day of a job
    etl plan +marts.route_on_time --date 2013-02-08
    etl list --type dataset -o json

    Every option can come from the environment: ETL_ENV=prod, ETL_RUN_THREADS=4.
    """
