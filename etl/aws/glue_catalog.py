"""Targets in the Glue Data Catalog: made when they are missing, mended when they differ.

A table is written with the version that was read, so that no other writer's change is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from etl.aws.failures import code_of
from etl.aws.glue_table import check_ours, differences, merged, table_input, table_name
from etl.errors import EtlError, PlatformError, ThrottledError
from etl.model.dataset import Dataset

TRIES = 5
BUSY = frozenset({"ThrottlingException", "InternalServiceException", "OperationTimeoutException", "ServiceUnavailable"})
CHANGED = frozenset({"ConcurrentModificationException", "AlreadyExistsException"})
RIGHTS = {"GetTable": "glue:GetTable", "CreateTable": "glue:CreateTable", "UpdateTable": "glue:UpdateTable"}
GOVERNED = (
    "on the catalogue, the database and the table; where Lake Formation governs it, CREATE_TABLE on the database, "
    "ALTER and DESCRIBE on the table, DATA_LOCATION_ACCESS on its place"
)


@frozen(kw_only=True)
class Registered:
    """What became of a target in the catalogue.

    Args:
        dataset: the target.
        table: ``database.table``.
        change: ``created``, ``updated``, or empty where the catalogue said so already.
        words: how the catalogue differed, one for each column or property.
    """

    dataset: str
    table: str
    change: str = ""
    words: tuple[str, ...] = ()


def register(
    client: Any,
    database: str,
    dataset: Dataset,
    partition_by: tuple[str, ...],
    *,
    catalog_id: str = "",
    dry: bool = False,
    sleep: Callable[[float], None] = lambda _: None,
) -> Registered:
    """Make the catalogue's table of a target say what the target is; a second call changes nothing.

    Args:
        client: of Glue.
        database: of the target's zone.
        dataset: the target.
        partition_by: the table's partition columns.
        catalog_id: the account whose catalogue it is; empty: the caller's.
        dry: only compare.
        sleep: waits so many seconds between tries.

    Raises:
        PlatformError: no such database, a right that is missing, or a table of this name that is somebody else's: that
            one stays as it is.
        ThrottledError: the catalogue is busy, or others write the table each time.
    """
    wanted, where = table_input(dataset, partition_by), f"{database}.{table_name(dataset.name)}"
    asked = {"DatabaseName": database, **({"CatalogId": catalog_id} if catalog_id else {})}
    for attempt in range(TRIES):
        try:
            return _registered(client, asked, dataset.name, where, wanted, dry=dry)
        except EtlError:
            raise
        except Exception as error:
            again = _again(error, where)
            sleep(0.2 * 2**attempt if again else 0)
    raise ThrottledError(f"Glue's table {where}", "busy, or written by others, at each of five tries")


def _registered(
    client: Any, asked: Mapping[str, str], dataset: str, where: str, wanted: dict[str, Any], *, dry: bool
) -> Registered:
    try:
        found = client.get_table(**asked, Name=wanted["Name"])["Table"]
    except client.exceptions.EntityNotFoundException as error:
        if "atabase" in str(error):
            raise _no_database(asked["DatabaseName"]) from error
        if not dry:
            client.create_table(**asked, TableInput=wanted)
        return Registered(dataset=dataset, table=where, change="created")
    check_ours(found, wanted, where)
    words = differences(found, wanted)
    if words and not dry:
        version = {"VersionId": found["VersionId"]} if "VersionId" in found else {}
        client.update_table(**asked, TableInput=merged(found, wanted), SkipArchive=True, **version)
    return Registered(dataset=dataset, table=where, change="updated" if words else "", words=words)


def _again(error: Exception, where: str) -> bool:
    """Return True to try again after a pause, False for at once; raise what no repetition mends."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, BotoCoreError):
        raise PlatformError(
            f"Glue's table {where}: {error}", remedy="check with `aws sts get-caller-identity`"
        ) from error
    if not isinstance(error, ClientError):
        raise error
    code = code_of(error)[0]
    if code in CHANGED:
        return False
    if code in BUSY:
        return True
    right = RIGHTS.get(error.operation_name, error.operation_name)
    said = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
    if code == "EntityNotFoundException":
        raise _no_database(where.partition(".")[0]) from error
    if code in {"AccessDeniedException", "AccessDenied"}:
        remedy = f"give {right} {GOVERNED}"
        raise PlatformError(f"Glue's table {where}: {right} is not allowed ({said})", remedy=remedy) from error
    raise PlatformError(f"Glue's table {where}: {right} was refused ({said})") from error


def _no_database(database: str) -> PlatformError:
    return PlatformError(
        f"Glue has no database {database!r}",
        remedy=f"aws glue create-database --database-input Name={database}, or correct [glue_catalog] in conf/",
    )
