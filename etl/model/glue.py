"""Which targets stand in the Glue Data Catalog, said once for runs and commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from attrs import field, frozen

_DATABASE = re.compile(r"[a-z0-9_-]{1,255}")


def _database(text: str) -> str:
    if not _DATABASE.fullmatch(text):
        raise ValueError(f"database {text!r} is not 1 to 255 lower-case letters, digits, _ and -")
    return text


@frozen
class GlueCatalogSettings:
    """How targets are named in the Glue Data Catalog.

    Args:
        databases: by zone, the database that has a table for each target of the zone; other zones are not registered.
        region: the catalogue's; empty: that of ``s3.region`` and then of AWS's default chain.
        catalog_id: the account that owns the catalogue; empty: the caller's.
    """

    databases: Mapping[str, Annotated[str, _database]] = field(factory=dict, hash=False)
    region: str = ""
    catalog_id: str = ""
