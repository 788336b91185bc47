"""An entry of ``conf/datasets.toml``: the keys that one dataset may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from attrs import field, fields, frozen

from etl.config.refusal import one_of
from etl.config.roots import RelativePath
from etl.model.formats import FORMATS
from etl.model.schema import Schema
from etl.model.text import TextRules

FormatName = Annotated[str, one_of(FORMATS)]


@frozen(kw_only=True)
class Entry(TextRules):
    """What conf/datasets.toml may say about one dataset; see ``Dataset`` and ``TextRules`` for the words.

    ``path`` is relative to the zone's root, by default the dataset's name; ``schema`` is Spark DDL.
    """

    path: RelativePath | None = None
    format: FormatName = "delta"
    schema: Schema | None = None
    options: Mapping[str, str] = field(factory=dict, hash=False)
    partitioned_by: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    on_corrupt: Literal["fail", "quarantine"] = "fail"
    max_corrupt: float = 1.0
    on_drift: Literal["fail", "evolve"] = "fail"
    optional_columns: tuple[str, ...] = ()
    allow_empty: bool = False
    description: str = ""

    @property
    def text(self) -> TextRules:
        """Where the dataset's text departs from the contract."""
        return TextRules(**{name.name: getattr(self, name.name) for name in fields(TextRules)})
