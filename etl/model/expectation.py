"""What must hold of a target's rows: Great Expectations' types, arguments, severity and JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from etl.errors import DefinitionError, Place, did_you_mean


class OnFailure(StrEnum):
    """What a failed expectation does: stop the publish, say so, or send the broken rows aside."""

    FAIL = "fail"
    WARN = "warn"
    QUARANTINE = "quarantine"


class Severity(StrEnum):
    """Great Expectations' severity levels."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


def _read_only(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments for good, a set's members in one order: the same SQL whatever the process."""
    kept = {key: tuple(sorted(v, key=repr)) if isinstance(v, set | frozenset) else v for key, v in values.items()}
    return MappingProxyType(kept)


def _on_failure(value: str) -> OnFailure:
    if value not in tuple(OnFailure):
        known = [str(each) for each in OnFailure]
        raise DefinitionError(f"on_failure={value!r} is not known; {did_you_mean(str(value), known)}")
    return OnFailure(value)


@frozen
class Expectation:
    """One expectation about a step's rows.

    Args:
        type: Great Expectations' type name, ``expect_column_values_to_not_be_null``.
        kwargs: Great Expectations' arguments: ``column``, ``mostly``, ``min_value`` …
        on_failure: ``fail`` gates the publish, ``warn`` only reports, ``quarantine`` sends broken rows to the
            quarantine dataset and publishes the others.
        description: a sentence for the report.
        place: where it stands, where a builder made it.
    """

    type: str
    kwargs: Mapping[str, Any] = field(converter=_read_only, hash=False)
    on_failure: OnFailure = field(default=OnFailure.FAIL, converter=_on_failure)
    description: str = ""
    place: Place | None = field(default=None, eq=False, repr=False)

    @property
    def severity(self) -> Severity:
        """``warning`` for ``on_failure="warn"``, else ``critical``."""
        return Severity.WARNING if self.on_failure is OnFailure.WARN else Severity.CRITICAL

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named in the arguments, in order."""
        named = [self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs]
        listed = self.kwargs.get("column_list", ())
        return (*named, *(listed if isinstance(listed, list | tuple) else (listed,)))

    @property
    def name(self) -> str:
        """A short name for people and for the quarantine's ``_broken`` column: ``values_to_be_between(distance)``."""
        short = self.type.removeprefix("expect_").removeprefix("column_").removeprefix("compound_")
        subject = ", ".join(map(str, self.columns))
        condition = self.kwargs.get("row_condition")
        return f"{short}({subject})" + (f" where {condition}" if condition else "")

    def to_json(self) -> dict[str, Any]:
        """Return Great Expectations' ``ExpectationConfiguration`` as JSON values."""
        meta = {"on_failure": str(self.on_failure)} | ({"notes": self.description} if self.description else {})
        kwargs = {key: _plain(value) for key, value in self.kwargs.items()}
        return {"type": self.type, "kwargs": kwargs, "meta": meta, "severity": str(self.severity)}


def _plain(value: Any) -> Any:
    """Return an argument as JSON can hold it: a list for a tuple, text for NaN and the infinities."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
