"""An entry of ``conf/datasets.toml``: the keys that one dataset may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from attrs import field, fields, frozen

from etl.config.refusal import RefusedError
from etl.config.roots import RelativePath
from etl.errors import DefinitionError, NotAllowedError
from etl.model.formats import FORMATS, format_of, known_formats
from etl.model.schema import Schema
from etl.model.text import TextRules


def _format(name: str) -> str:
    if name not in FORMATS and name not in known_formats():
        raise NotAllowedError(name, known_formats())
    try:
        format_of(name)
    except DefinitionError as error:
        raise RefusedError(f"is of a package that is broken: {error.message}") from None
    return name


FormatName = Annotated[str, _format]


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
