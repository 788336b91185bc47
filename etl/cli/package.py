"""``etl package``: what a cluster needs."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_facts, print_json
from etl.errors import ProjectError, UsageError


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="Where the files go.",
)
@click.option(
    "--check", is_flag=True, help="Look for what would fail on a cluster only; exit code 4 where there is any."
)
@pass_context
def command(context: Context, out: Path, check: bool) -> None:
    """Build the wheel and the zip that a cluster runs.

    The wheel holds jobs and conf, the zip the engine and what it needs too. The same sources give the same bytes. The
    zip is opened once, as a cluster would, and must hold the steps that are here.

    \b
    etl package
    etl package --check
    etl package --out target/bundle -o json
    """
    from etl.ship.bundle import build

    project = context.open()
    if project.directory is None:
        raise UsageError("this is a bundle already: there is no project here to build one from")
    bundle = build(project.directory, out, steps=tuple(project.graph.nodes))
    values = {name: str(value) for name, value in attrs.asdict(bundle, recurse=False).items() if name != "archives"}
    values |= {
        each.file: ", ".join(f"{name} {version}" for name, version in each.packages.items()) for each in bundle.archives
    }
    if context.output == "json":
        print_json(values)
    else:
        print_facts(values)
    if check:
        _check(out)


def _check(out: Path) -> None:
    """Refuse a bundle that has pitfalls, each named.

    Raises:
        ProjectError: there are any.
    """
    from etl.ship.pitfalls import pitfalls

    found = pitfalls(out)
    if found:
        lines = [f"{each.file}: {each.problem}\n    {each.remedy}" for each in found]
        raise ProjectError("\n".join([f"the bundle in {out} would fail on a cluster:", *lines]))
    click.echo("checked: nothing found that would fail on a cluster only", err=True)
