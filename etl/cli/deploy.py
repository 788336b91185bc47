"""``etl deploy``: a bundle on S3, and the environment that uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_json

if TYPE_CHECKING:
    from etl.ship.deploy import Alias


@click.command()
@click.option(
    "--bundle",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="Where `etl package` has put it.",
)
@click.option("--plan", "dry", is_flag=True, help="Say what would be put there, and do nothing.")
@click.option("--rollback", is_flag=True, help="Use the bundle before the present one; nothing is uploaded.")
@click.option(
    "--keep", type=click.IntRange(1), metavar="N", help="Delete all but the N newest that no environment uses."
)
@pass_context
def command(context: Context, bundle: Path, dry: bool, rollback: bool, keep: int | None) -> None:
    """Put a bundle on S3 and let an environment use it.

    Keys change with the content and are never written twice; S3 verifies each sha256, and `main.py` compares engine and
    jobs again when a run starts. `etl submit --deployed` takes what the environment uses. A run that waits or is at
    work keeps its own bundle.

    \b
    etl deploy -e prod
    etl deploy -e prod --plan
    etl deploy -e prod --rollback
    etl deploy -e prod --keep 10
    """
    from etl.cli.bundles import distribution
    from etl.model.run import utc_now
    from etl.ship import deploy
    from etl.ship.built import built_in

    project = context.open()
    config, name = project.config, distribution(project)
    store = deploy.bundles_store(config.bundles, config.s3)
    now = deploy.alias(store, name, config.environment)
    put: list[str] = []
    if rollback:
        made = deploy.roll_back(store, name, config.environment, utc_now()) if not dry else None
        folder = made.folder if made else (now.before[0] if now and now.before else "nothing: there is none before")
    else:
        built = built_in(bundle)
        folder = built.folder
        if dry:
            put = [key for key in deploy.keys(built) if not any(e.key == key for e in store.list(key, limit=1))]
        else:
            put = [key for key, new in deploy.upload(store, built) if new]
            deploy.point(store, folder, config.environment, utc_now())
    removed = deploy.superseded(store, name, keep) if keep else ()
    if not dry:
        for each in removed:
            deploy.remove(store, each)
    said = {"environment": config.environment, "bundle": f"{config.bundles}/{folder}", "before": _folder(now)}
    if context.output == "json":
        print_json({**said, "put": put, "removed": list(removed), "done": not dry})
        return
    for key in put:
        click.echo(f"put     {config.bundles}/{key}")
    for each in removed:
        click.echo(f"delete  {config.bundles}/{each}")
    change = f"{_folder(now) or 'nothing'} → {folder}" if _folder(now) != folder else f"{folder}, as before"
    click.echo(f"{config.environment} {'would use' if dry else 'uses'} {change}")


def _folder(alias: Alias | None) -> str:
    return alias.folder if alias else ""
