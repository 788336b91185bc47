"""``etl graph``: which step feeds which."""

from __future__ import annotations

import click

from etl.cli.context import Context, pass_context
from etl.errors import UsageError


@click.command()
@click.argument("names", nargs=-1, metavar="[SELECT]...")
@click.option("--format", "form", type=click.Choice(["tree", "mermaid", "dot", "json"]), help="[default: tree]")
@pass_context
def command(context: Context, names: tuple[str, ...], form: str | None) -> None:
    """Draw which step feeds which.

    \b
    etl graph
    etl graph +marts.route_on_time --format mermaid
    """
    from etl.report.graph import render_graph

    if context.output == "json" and form not in {None, "json"}:
        raise UsageError(f"--format {form} is no JSON, and -o json asks for some", remedy="leave one of them out")
    project = context.open()
    steps = project.select(names)
    click.echo(render_graph(project, steps, form or ("json" if context.output == "json" else "tree")).rstrip("\n"))
