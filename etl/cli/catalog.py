"""``etl catalog``: the project's targets in the Glue Data Catalog, and its tables as datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context, shared_options
from etl.cli.table import print_rows
from etl.errors import ConfigError, EtlError, Place, PlatformError, UsageError
from etl.model.s3 import is_s3

if TYPE_CHECKING:
    from etl.project.project import Project
    from etl.runs.registrar import Target

CHANGES = 10


@click.group()
@shared_options
def command() -> None:
    """Register targets in the Glue Data Catalog, or take its tables as datasets.

    \b
    etl catalog sync -e prod --dry-run
    etl catalog adopt lake.events raw.events -e prod
    """


@command.command()
@click.argument("names", nargs=-1, metavar="[SELECT]...")
@click.option("--dry-run", is_flag=True, help="Only compare; exit code 10 where the catalogue differs.")
@pass_context
def sync(context: Context, names: tuple[str, ...], dry_run: bool) -> None:
    """Make the catalogue say what the targets are, as every run does for its own.

    A target that was not published yet has no table.

    \b
    etl catalog sync -e prod
    etl catalog sync +marts.route_on_time -e prod --dry-run -o json
    """
    from etl.runs.registrar import glue, registered

    project = context.open()
    settings = project.config.glue_catalog
    if not settings.databases:
        raise ConfigError(
            "no zone has a database",
            place=Place(f"conf/env/{project.config.environment}.toml"),
            remedy='write [glue_catalog] databases = { clean = "shop_clean" }: docs/catalog.md',
        )
    client, failed, rows = glue(settings, project.config.s3), [], []
    for one in registered(client, settings, _published(project, names), dry=dry_run):
        if isinstance(one, tuple):
            failed.append(one[1])
            rows.append({"target": one[0], "change": "failed", "words": one[1].message})
        else:
            change = one.change or "none"
            rows.append({"target": one.dataset, "table": one.table, "change": change, "words": "; ".join(one.words)})
    print_rows(rows, ("target", "table", "change", "words"), context.output)
    _conclude(failed, changed=dry_run and any(row["change"] in {"created", "updated"} for row in rows))


def _conclude(failed: list[EtlError], *, changed: bool) -> None:
    if failed:
        raise failed[0]
    if changed:
        raise click.exceptions.Exit(CHANGES)


def _published(project: Project, names: tuple[str, ...]) -> list[Target]:
    """Return the selected Delta targets on S3 that have a log."""
    from etl.aws.access import s3_client
    from etl.aws.failures import condition
    from etl.runs.registrar import Target

    steps, found, client = set(project.select(names)), [], s3_client(project.config.s3)
    for step in (step for job in project.jobs for step in job.steps if step.name in steps and step.publishes):
        dataset = project.datasets[step.target.dataset]
        if dataset.format != "delta" or not is_s3(dataset.uri):
            continue
        bucket, _, key = dataset.uri.removeprefix("s3://").partition("/")
        try:
            log = client.list_objects_v2(Bucket=bucket, Prefix=f"{key}/_delta_log/", MaxKeys=1)
        except Exception as error:
            raise condition(error, dataset.uri) from error
        if log.get("KeyCount"):
            found.append(Target(dataset, step.target.folders))
    return found


@command.command()
@click.argument("table", metavar="DATABASE.TABLE")
@click.argument("dataset", metavar="ZONE.NAME")
@click.option("--write", is_flag=True, help="Add the entry to conf/datasets.toml.")
@pass_context
def adopt(context: Context, table: str, dataset: str, write: bool) -> None:
    """Print the entry for conf/datasets.toml that makes a table of the catalogue a dataset.

    Its place must lie below the zone's root in the environment that is asked for.

    \b
    etl catalog adopt lake.events raw.events -e prod
    etl catalog adopt lake.events raw.events -e prod --write
    """
    from etl.model.dataset import dataset_name
    from etl.runs.registrar import glue

    database, _, name = table.partition(".")
    if not name or "." in name:
        raise UsageError(f"{table!r} is not database.table")
    project = context.open()
    if dataset_name(dataset) in project.datasets:
        raise UsageError(f"dataset {dataset} is there already: {project.datasets[dataset].place}")
    settings = project.config.glue_catalog
    described = _described(glue(settings, project.config.s3), settings.catalog_id, database, name)
    entry = described.entry(dataset, _below(project, dataset, described.uri))
    for note in described.notes:
        click.echo(f"note: {note}", err=True)
    if write:
        file = (project.directory or Path.cwd()) / "conf" / "datasets.toml"
        before = file.read_text(encoding="utf-8").rstrip("\n") + "\n\n" if file.is_file() else ""
        file.write_text(before + entry, encoding="utf-8")
        click.echo(f"{dataset} added to conf/datasets.toml", err=True)
    else:
        click.echo(entry.rstrip("\n"))


def _below(project: Project, dataset: str, uri: str) -> str:
    zone = dataset.partition(".")[0]
    root = project.config.zones.get(zone)
    if root is None or not f"{uri}/".startswith(f"{root}/") or uri == root:
        said = f"it has {root}" if root else "it has none"
        raise UsageError(
            f"the table lies at {uri}, which is not below the root of zone {zone!r} in environment "
            f"{project.config.environment}: {said}",
            remedy=f"give another zone, or write a zone with such a root in conf/env/{project.config.environment}.toml",
        )
    return uri.removeprefix(f"{root}/")


def _described(client: Any, catalog_id: str, database: str, name: str) -> Any:
    from etl.aws.failures import code_of
    from etl.aws.glue_source import described

    try:
        account = {"CatalogId": catalog_id} if catalog_id else {}
        return described(client.get_table(DatabaseName=database, Name=name, **account)["Table"])
    except EtlError:
        raise
    except Exception as error:
        code = code_of(error)[0] if hasattr(error, "response") else type(error).__name__
        if code == "EntityNotFoundException":
            raise UsageError(f"Glue has no table {database}.{name}") from None
        remedy = "give glue:GetTable; where Lake Formation governs the table, DESCRIBE on it and SELECT for its rows"
        raise PlatformError(f"Glue's table {database}.{name} cannot be read: {error}", remedy=remedy) from error
