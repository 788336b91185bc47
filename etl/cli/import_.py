"""``etl import``: definitions of other tools, taken over into a project."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from etl.cli.context import Context, given_context, shared_options
from etl.cli.table import print_json
from etl.errors import ConfigError, UsageError
from etl.model.run import utc_now

FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.group()
@shared_options
def command() -> None:
    """Take over what another tool runs, as a project.

    \b
    etl import datapipeline pipeline.json -o backup
    etl import glue jobs.json triggers.json -o nightly
    etl import cron crontab.txt -o nightly
    """


@command.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE…")
@click.option("--parameters", type=FILE, metavar="FILE", help="Parameter objects of their own file.")
@click.option("--values", type=FILE, metavar="FILE", help="Values of parameters.")
@click.option("--activation", metavar="TIME", help="What FIRST_ACTIVATION_DATE_TIME is. [default: today, 00:00 UTC]")
@click.option("-o", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Of the new project.")
@given_context
def datapipeline(
    context: Context,
    files: tuple[Path, ...],
    parameters: Path | None,
    values: Path | None,
    activation: str | None,
    folder: Path,
) -> None:
    """Take over definitions of AWS Data Pipeline: the CLI's file, the API's form, CloudFormation.

    Each activity becomes a script step, each schedule a job. REPORT.md says of every object and field what became of
    it. No password is copied: secrets become references.

    \b
    etl import datapipeline pipeline.json -o backup
    etl import datapipeline definition.json --parameters parameters.json --values values.json -o backup
    """
    from etl.interop.datapipeline.project import project
    from etl.interop.datapipeline.reading import read, with_parameters, with_values
    from etl.interop.layout import lay_out

    when = _activation(activation)
    found = [definition for file in files for definition in read(file)]
    if parameters:
        found = [with_parameters(each, parameters) for each in found]
    if values:
        found = [with_values(each, values) for each in found]
    made = [project(each, when) for each in found]
    paths = lay_out(folder, [one.files for one in made])
    _check(folder)
    if context.output == "json":
        reports = [{"pipeline": one.report.definition.name, **one.report.counts()} for one in made]
        print_json({"directory": str(folder), "files": paths, "pipelines": reports})
        return
    for path in paths:
        click.echo(folder / path)
    for one in made:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in one.report.counts().items())
        click.echo(f"{one.report.definition.name}: {counts}", err=True)
        for name in sorted(one.missing):
            click.echo(f"  parameter {name} has no value", err=True)
        for name, place in sorted(one.secrets.items()):
            click.echo(f"  secret {name} is looked for at {place}", err=True)
    click.echo(f"\nNext:\n  cd {folder}\n  less REPORT.md\n  etl list --type step\n  etl plan", err=True)


@command.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE…")
@click.option("-o", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Of the new project.")
@given_context
def glue(context: Context, files: tuple[Path, ...], folder: Path) -> None:
    """Take over jobs and triggers of AWS Glue: what its API answers, CloudFormation.

    Each trigger on a schedule becomes a job, each Glue job a script step: a Python shell job's script runs here, any
    other stays on Glue and is started and waited for. REPORT.md says what became of each.

    \b
    etl import glue jobs.json triggers.json -o nightly
    etl import glue template.yaml -o nightly
    """
    from etl.interop.glue.project import project
    from etl.interop.glue.reading import read
    from etl.interop.layout import lay_out

    found = read(list(files))
    paths = lay_out(folder, [project(found, files[0].stem)])
    _check(folder)
    if context.output == "json":
        print_json({"directory": str(folder), "files": paths, "jobs": sorted(found.jobs)})
        return
    for path in paths:
        click.echo(folder / path)
    click.echo(f"{len(found.jobs)} Glue jobs, {len(found.triggers)} triggers", err=True)
    click.echo(f"\nNext:\n  cd {folder}\n  less REPORT.md\n  etl list --type step\n  etl plan", err=True)


@command.command()
@click.argument("file", type=FILE)
@click.option("--system", is_flag=True, help="Of /etc/crontab or /etc/cron.d: a user stands before each command.")
@click.option("-o", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Of the new project.")
@given_context
def cron(context: Context, file: Path, system: bool, folder: Path) -> None:
    """Take over a crontab: each line becomes a job with its times and its command.

    REPORT.md says of every line what became of it. Values of variables whose names look like a secret's are not copied.

    \b
    etl import cron crontab.txt -o nightly
    etl import cron /etc/cron.d/backup --system -o backup
    """
    from etl.interop.crontab import project, read
    from etl.interop.layout import lay_out

    found = read(file.read_text(encoding="utf-8", errors="replace"), str(file), system=system)
    paths = lay_out(folder, [project(found, file.stem)])
    _check(folder)
    counts = {"mapped": len(found.lines), "dropped": len(found.dropped)}
    if context.output == "json":
        print_json({"directory": str(folder), "files": paths, **counts})
        return
    for path in paths:
        click.echo(folder / path)
    click.echo(f"{file.name}: {counts['mapped']} mapped, {counts['dropped']} left out", err=True)
    click.echo(f"\nNext:\n  cd {folder}\n  less REPORT.md\n  etl schedule next", err=True)


def _activation(text: str | None) -> str:
    if text is None:
        return f"{utc_now():%Y-%m-%d}"
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--activation {text!r} is no ISO date or time") from None


def _check(folder: Path) -> None:
    """Open what was written: a project that cannot be opened is our own fault, and said."""
    from etl.project.project import open_project

    try:
        open_project(folder, environ={})
    except ConfigError as error:
        raise ConfigError(
            f"the project that was written to {folder} cannot be opened: {error}",
            remedy="that is a fault of the import; the files are there, please send the definition without its values",
        ) from error
