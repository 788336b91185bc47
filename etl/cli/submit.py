"""``etl submit``: a job on a cluster, sent, followed and ended as it ended; or its requests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from etl.cli.context import Context, pairs, pass_context
from etl.cli.moment import DAYS
from etl.cli.running import run_id as named
from etl.cli.selection import Selection, dated
from etl.cli.sending import refuse_unconfirmed, send, warn
from etl.cli.submitting import Submitting, submitting_options
from etl.cli.table import print_json
from etl.errors import UsageError
from etl.model.platforms import LOCAL
from etl.model.run import utc_now

if TYPE_CHECKING:
    from etl.ship.requests import Requests

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="SELECT...")
@click.option("--date", metavar="DATE", help="The interval that holds this date: 2013-02-08, due:2013-02-09T06:00Z.")
@click.option("--from", "start", metavar="DATE", help="First date of a range: 2013-02-01.")
@click.option(
    "--to",
    "ends",
    multiple=True,
    metavar="NAME|DATE",
    help="Where to: [submit.NAME]. [default: the only one] And with --from, the first date after the range.",
)
@click.option("--param", "-p", multiple=True, metavar="KEY=VALUE", help="What a `run` parameter receives.")
@click.option("--run-id", metavar="ID", help="Name of the run. [default: made from the time]")
@submitting_options
@pass_context
def command(
    context: Context,
    names: tuple[str, ...],
    date: str | None,
    start: str | None,
    ends: tuple[str, ...],
    param: tuple[str, ...],
    run_id: str | None,
    submitting: Submitting,
) -> None:
    """Send a job to a cluster and follow it; its own exit code comes back.

    Files of the bundle that are not on S3 yet are put there. A run id is sent once. A dry run asks AWS nothing. The
    target `local` is always there: the bundle runs as a process of its own, by spark-submit.

    \b
    etl submit nyc_flights --date 2013-02-08 -e prod --to nightly
    etl submit nyc_flights --date yesterday -e prod --to nightly --deployed --detach
    etl submit nyc_flights --date 2013-02-08 -e prod --to nightly --dry-run
    etl submit nyc_flights --date 2013-02-08 --to local
    etl submit nyc_flights --from 2013-02-01 --to 2013-03-01 --to nightly -e prod --each 4
    """
    from etl.cli.bundles import chosen
    from etl.cli.each import again, submit_each
    from etl.cli.submission import submit_here
    from etl.ship.requests import destination, requests

    end, to = _parted(ends)
    selection = Selection(select=names, exclude=(), date=date, start=start, end=end, params=param)
    project = context.open()
    plan, config, arguments = selection.plan(project), project.config, _arguments(selection, context)
    refuse_unconfirmed(config, yes=submitting.yes or submitting.dry_run)
    here = to == LOCAL and to not in config.submit
    target = LOCAL if here else destination(config, to)
    if submitting.each:
        options = again(context, project, param, (*submitting.bundled, "--to", target))
        submit_each(context, plan, names, named(run_id), options, submitting.each)
    built = chosen(project, submitting.bundle, deployed=submitting.deployed, here=here)
    if here:
        submit_here(context, config, built, named(run_id), arguments, dry_run=submitting.dry_run)
    found = requests(config, target, built.folder, named(run_id), arguments, built.archives)
    if not submitting.dry_run:
        send(context, config, found, built, submitting)
    _tell(context, found, () if submitting.deployed else built.uploads(config.bundles))


def _tell(context: Context, found: Requests, uploads: tuple[str, ...]) -> None:
    warn(found.warnings)
    if context.output == "json":
        print_json({**_json(found), "uploads": list(uploads)})
    else:
        _print(found, uploads)
    if not context.quiet:
        click.echo(f"Nothing was sent: run {found.submission.run_id}, bundle {found.submission.bundle}", err=True)


def _parted(ends: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Part the end of a range from the name of a target: a date, or a word for one, is no name.

    Raises:
        UsageError: two of a kind.
    """
    dates = [text for text in ends if text in DAYS or _DATE.match(text)]
    targets = [text for text in ends if text not in dates]
    if len(dates) > 1 or len(targets) > 1:
        raise UsageError(
            f"--to is given twice: {', '.join(ends)}", remedy="one date with --from, and one target's name"
        )
    return next(iter(dates), None), next(iter(targets), None)


def _arguments(selection: Selection, context: Context) -> dict[str, str]:
    """Return what ``main.py`` is told; ``yesterday`` is a date by then, for a run may begin after midnight."""
    now = utc_now()
    texts = (("date", selection.date), ("from", selection.start), ("to", selection.end))
    said = {"job": " ".join(selection.select)}
    said |= {key: text for key, given in texts if (text := dated(given, now))}
    overrides = {key: value for key, value in context.overrides.items() if not key.startswith("submit.")}
    for key, values in (("set", overrides), ("params", pairs(selection.params, "--param"))):
        said |= {key: _as_json(values)} if values else {}
    return said


def _as_json(values: Mapping[str, str]) -> str:
    """Return an object of texts; YARN takes two braces in an argument for a variable of its own, and drops them."""
    return json.dumps(values).replace("{{", "{\\u007b").replace("}}", "}\\u007d")


def _json(found: Requests) -> dict[str, object]:
    return {
        "to": found.to,
        "run_id": found.submission.run_id,
        "bundle": found.submission.bundle,
        "warnings": list(found.warnings),
        "calls": [
            {
                "service": call.service,
                "operation": call.operation,
                "when": call.when,
                "parameters": call.parameters,
                "answers": dict(call.binds),
                "aws_cli": call.aws_cli(),
            }
            for call in found.submission.calls
        ],
    }


def _print(found: Requests, uploads: tuple[str, ...]) -> None:
    click.echo("# s3 PutObject, where the bundle is not there yet")
    click.echo("\n".join([*uploads, ""]))
    for call in found.submission.calls:
        click.echo(f"# {call.service} {call.operation}" + (f", {call.when}" if call.when else ""))
        for name, ask in call.binds.items():
            click.echo(f"# {name}: what this answers: {ask}")
        click.echo(json.dumps(call.parameters, indent=2))
        click.echo(f"{call.aws_cli()}\n")
