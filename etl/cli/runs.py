"""``etl runs``: what the ledger knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context
from etl.cli.moment import moment
from etl.cli.records import artifacts_of, open_ledger
from etl.cli.table import Output, print_facts, print_json, print_rows

if TYPE_CHECKING:
    from etl.config.settings import Config
    from etl.runs.run_record import RunRecord

STATUSES = ("pass", "warn", "no-op", "fail", "error", "cancelled", "running", "lost")
FAILED = ("fail", "error", "cancelled", "lost")
MOST_KEYS = 4  # intervals that are named one by one


@click.command()
@click.argument("run_id", required=False, metavar="[RUN_ID|last]")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many runs.")
@click.option("--job", metavar="JOB", help="Only runs that planned a step of this job.")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only runs that ended so.")
@click.option("--failed", is_flag=True, help="Only runs that did not end well.")
@click.option("--since", metavar="WHEN", callback=moment, help="Began then or later: 2013-02-08, yesterday, 7d.")
@click.option("--until", metavar="WHEN", callback=moment, help="Began before: 2013-02-08, today, 12h.")
@pass_context
def command(
    context: Context,
    run_id: str | None,
    limit: int,
    job: str | None,
    statuses: tuple[str, ...],
    failed: bool,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """List past runs, or show the steps of one.

    The last comes first. A run that never finished is `running` while it is at work, else `lost`. The beginning of an
    id will do.

    \b
    etl runs --limit 5
    etl runs --job nyc_flights --since 7d
    etl runs --failed
    etl runs --status lost --status running
    etl runs last
    etl runs last -o json
    """
    from etl.runs.index import Asked

    config = context.open().config
    ledger = open_ledger(config)
    if run_id is None:
        asked = Asked(job=job, statuses=(*statuses, *(FAILED if failed else ())), since=since, until=until)
        _print_list([_row(run) for run in ledger.runs(limit, asked)], context.output, all_of_them=asked == Asked())
        return
    run = ledger.run(run_id)
    steps = step_results(config, run)
    if context.output == "json":
        print_json(run.to_json() | {"steps": steps})
        return
    print_facts(_facts(config, run))
    click.echo()
    if steps:
        print_rows([step_row(step) for step in steps], STEP_COLUMNS, context.output)
        for line in _went_wrong(steps):
            click.echo(line)
    else:
        click.echo("no step has a result")


def _print_list(rows: list[dict[str, Any]], output: Output, *, all_of_them: bool) -> None:
    if not rows and output == "text":
        click.echo("no runs yet: `etl run` makes one" if all_of_them else "no such run")
        return
    error = ("error",) if any(row["error"] for row in rows) else ()
    columns = ("run_id", "status", "environment", "asked", "interval", "exit_code", "published", "seconds", *error)
    print_rows(rows, columns, output)


def _facts(config: Config, run: RunRecord) -> dict[str, Any]:
    """Return a run as its page shows it: what a table below says is left out, a year of days is two and a count."""
    values = {key: value for key, value in run.to_json().items() if key not in {"state", "counts"}}
    shown = {"pid": str(run.pid), "intervals": _span(run.intervals), "never_begun": _span(run.never_begun)}
    shown |= {key: values[key][:19] + " UTC" for key in ("started_at", "finished_at") if values[key]}
    return values | shown | {"report": _report(config, run)}


def _report(config: Config, run: RunRecord) -> str:
    from etl.runs.artifacts import REPORT, place

    drawn = run.artifacts and artifacts_of(config, run).has(REPORT)
    return place(run.artifacts, run.run_id, REPORT) if drawn else ""


def _span(keys: tuple[str, ...]) -> str:
    return ", ".join(keys) if len(keys) <= MOST_KEYS else f"{len(keys)}: {keys[0]}, {keys[1]} … {keys[-1]}"


def _went_wrong(steps: list[dict[str, Any]]) -> Iterator[str]:
    """Yield why each step that did not end well did not, and what else was broken."""
    from etl.model.result import Status
    from etl.report import wording
    from etl.report.digest import problems

    found = problems(steps)
    for step in found["shown"]:
        yield f"\n{wording.label(step)} {step['step']} {step['interval'] or ''}".rstrip()
        yield from (f"  {line}" for line in step["details"])
    if found["more"]:
        yield f"\nand {found['more']} more: -o json has them"
    told = {Status.FAIL, Status.ERROR}
    others = wording.recurring([step for step in steps if step["status"] not in told])
    yield from ("", *others) if others else ()


def step_results(config: Config, run: RunRecord) -> list[dict[str, Any]]:
    """Return how each step of a run ended; none for a run that left no results."""
    results = artifacts_of(config, run).read_results()
    return list(results["steps"]) if results else []


STEP_COLUMNS = (
    "step",
    "interval",
    "status",
    "outcome",
    "staged",
    "published",
    "changes",
    "quarantined",
    "version",
    "seconds",
)


def step_row(step: dict[str, Any]) -> dict[str, Any]:
    """Return what a table shows of a step's result; an older one does not say what was staged."""
    from etl.report import wording

    return {
        "step": step["step"],
        "interval": step["interval"],
        "status": step["status"],
        "outcome": step["outcome"],
        "staged": step["rows"].get("staged"),
        "published": step["rows"]["published"],
        "changes": wording.changes(step),
        "quarantined": step["rows"]["quarantined"],
        "version": step["version_after"],
        "seconds": step["seconds"],
    }


def _row(run: RunRecord) -> dict[str, Any]:
    first, *others = run.intervals or ("",)
    interval = f"{first} … {others[-1]}" if others else first
    return run.to_json() | {"asked": " ".join(run.selection), "interval": interval}
