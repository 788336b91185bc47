"""Which module reads and stores which format: loaded when first asked for."""

from __future__ import annotations

import importlib
from typing import cast

from etl.model.dataset import Dataset
from etl.model.formats import format_of
from etl.storage.reading import Source
from etl.storage.staging import Storage


def source_for(dataset: Dataset) -> Source:
    """Return what reads a dataset."""
    return cast("Source", importlib.import_module(format_of(dataset.format).module))


def storage_for(dataset: Dataset) -> Storage:
    """Return the storage of a dataset that a step publishes."""
    return cast("Storage", importlib.import_module(format_of(dataset.format).module))
