"""A table that may be of several kinds: its ``platform`` says which, and only that kind's keys are read."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from attrs import has
from cattrs import Converter

from etl.config.refusal import RefusedError
from etl.errors import NotAllowedError

KEY = "platform"


def is_choice(kind: Any) -> bool:
    """Say whether a type is a union of attrs classes, two or more."""
    kinds = get_args(kind)
    return get_origin(kind) in {Union, UnionType} and len(kinds) > 1 and all(has(one) for one in kinds)


def chosen(converter: Converter, value: object, kind: Any) -> Any:
    """Return the table as the kind that its ``platform`` names.

    Raises:
        RefusedError: it is no table, or says no platform.
        NotAllowedError: no kind has this platform.
    """
    kinds = {get_args(get_type_hints(one)[KEY])[0]: one for one in get_args(kind)}
    if not isinstance(value, Mapping):
        raise RefusedError("expected a table", f'write {KEY} = "{next(iter(kinds))}" and the rest below its header')
    if KEY not in value:
        raise RefusedError(f"{KEY!r} is missing", f"one of {', '.join(kinds)}")
    if value[KEY] not in kinds:
        raise NotAllowedError(str(value[KEY]), tuple(kinds))
    return converter.structure(value, kinds[str(value[KEY])])
