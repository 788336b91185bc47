"""Which module stores which format: loaded when first asked for."""

from __future__ import annotations

from etl.errors import ProjectError
from etl.model.dataset import Dataset
from etl.storage.staging import Storage


def storage_for(dataset: Dataset) -> Storage:
    """Return the storage of a dataset that a step publishes.

    Raises:
        ProjectError: no step can publish to this format.
    """
    if dataset.format == "delta":
        from etl.storage import delta

        return delta
    raise ProjectError(
        f"dataset {dataset.name} has format {dataset.format!r}; a step can publish to: delta", place=dataset.place,
        remedy='remove `format`, or write format = "delta"',
    )  # fmt: skip
