"""After a run: its targets stand in the Glue Data Catalog as they are now. What fails here is told, never the run's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import frozen

from etl.aws.access import session
from etl.aws.glue_catalog import Registered, register
from etl.errors import EtlError
from etl.model.dataset import Dataset
from etl.model.glue import GlueCatalogSettings
from etl.model.plan import Plan
from etl.model.result import GOOD, RunResult
from etl.model.s3 import S3Settings


@frozen
class Target:
    """A target, and the columns its table is partitioned by."""

    dataset: Dataset
    partition_by: tuple[str, ...]


def targets(plan: Plan) -> tuple[Target, ...]:
    """Return the Delta targets of a plan's steps."""
    return tuple(Target(one.writes, one.step.target.folders) for one in plan.steps if one.writes.format == "delta")


def glue(settings: GlueCatalogSettings, s3: S3Settings) -> Any:
    """Return a client of Glue; it has asked nobody yet.

    Raises:
        PlatformError: boto3 is not installed, or AWS's configuration cannot be used.
    """
    return session(s3).client("glue", region_name=settings.region or None)


def registered(
    client: Any,
    settings: GlueCatalogSettings,
    wanted: Iterable[Target],
    *,
    dry: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Registered | tuple[str, EtlError]]:
    """Register the targets whose zones have a database; yield what became of each, or its name and what went wrong."""
    for target in wanted:
        database = settings.databases.get(target.dataset.name.partition(".")[0])
        if database is None:
            continue
        try:
            found, by = target.dataset, target.partition_by
            yield register(client, database, found, by, catalog_id=settings.catalog_id, dry=dry, sleep=sleep)
        except EtlError as error:
            yield target.dataset.name, error


def after_run(plan: Plan, settings: GlueCatalogSettings, s3: S3Settings) -> Callable[[RunResult], Iterator[str]]:
    """Return what registers the targets that a run published, or found as they should be."""

    def tell(result: RunResult) -> Iterator[str]:
        bad = {step.target for step in result.steps if step.status not in GOOD}
        good = {step.target for step in result.steps} - bad
        wanted = [target for target in targets(plan) if target.dataset.name in good]
        for one in registered(glue(settings, s3), settings, wanted):
            if isinstance(one, tuple):
                yield f"{one[0]} could not be registered in the Glue Data Catalog: {one[1]}"
            elif one.change:
                yield f"Glue's table {one.table} {one.change}" + ("".join(f"; {word}" for word in one.words))

    return tell
