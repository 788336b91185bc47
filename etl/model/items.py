"""What files of DynamoDB items may look like, and the columns that say what became of an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etl.errors import did_you_mean
from etl.model.schema import Schema

EXPORT, INCREMENTAL, PLAIN, PIPELINE = "export", "incremental", "items", "data-pipeline"
LAYOUTS = (EXPORT, INCREMENTAL, PLAIN, PIPELINE)
DELETED, WRITTEN_AT = "_deleted", "_written_at"
KINDS = {DELETED: "BOOLEAN", WRITTEN_AT: "TIMESTAMP"}
"""Columns that a schema may declare where the layout is ``incremental``, and their types."""


def shape_problems(options: Mapping[str, str], schema: Schema | None) -> Iterator[str]:
    """Yield what is wrong with a dataset of items: its layout, or a column that only one layout has."""
    layout = next((value for key, value in options.items() if key.lower() == "layout"), EXPORT)
    if layout not in LAYOUTS:
        yield f"layout = {layout!r} is none; {did_you_mean(layout, LAYOUTS)}"
    for column in schema or ():
        wanted = KINDS.get(column.name) if layout == INCREMENTAL else None
        if wanted and column.type != wanted:
            yield f"column {column.name!r} of an incremental export is {wanted}, not {column.type}"
