"""``etl iam``: the rights that a job needs, as a policy."""

from __future__ import annotations

from typing import Literal

import click

from etl.cli.context import Context, pass_context
from etl.cli.selection import Selection, dated
from etl.cli.table import print_json
from etl.model.run import utc_now


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="SELECT...")
@click.option("--to", metavar="NAME", help="Where to: [submit.NAME]. [default: the only one]")
@click.option(
    "--for",
    "whom",
    type=click.Choice(["run", "submit", "trust"]),
    default="run",
    show_default=True,
    help="The run's role, whoever submits and follows it, or who may take the run's role.",
)
@pass_context
def command(context: Context, names: tuple[str, ...], to: str | None, whom: Literal["run", "submit", "trust"]) -> None:
    """Print the policy that a job needs on a platform, as JSON.

    It allows what the job's own sources, targets, state, bundle and platform need, and nothing else. Secrets that the
    project fetches by reference, and VPC endpoints' own policies, are not in it.

    \b
    etl iam nyc_flights --to nightly -e prod > run.json
    aws iam put-role-policy --role-name EtlRole --policy-name etl --policy-document file://run.json
    etl iam nyc_flights --to nightly -e prod --for submit
    """
    from attrs import evolve

    from etl.ship import rights
    from etl.ship.requests import destination

    project = context.open()
    config = project.config
    target = config.submit[destination(config, to)]
    if whom == "trust":
        print_json(rights.of_trust(target))
    elif whom == "submit":
        print_json(rights.of_submitter(config, target))
    else:
        plan = evolve(Selection.of(names), date=dated("yesterday", utc_now())).plan(project)
        print_json(rights.of_run(plan.steps, config, target))
