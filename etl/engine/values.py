"""Values as text that stays the same: what a constant, a default or a closure holds is part of what a step does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from etl.engine.modules import is_project, project_root

PLAIN = frozenset({str, int, float, complex, bool, bytes, type(None), type(...), range, slice, Decimal, UUID}) | {
    date, datetime, time, timedelta, timezone, ZoneInfo
}  # fmt: skip


def plain(value: Any) -> str | None:
    """Return the text of a value made of plain ones; None for any other, which has no text that stays the same."""
    if isinstance(value, str):
        root = project_root()
        return repr(value.replace(root, "<project>") if root and root in value else value)
    if isinstance(value, Enum) and not is_project(type(value).__module__):
        return f"{type(value).__qualname__}.{value.name}"
    if isinstance(value, re.Pattern):
        return f"re({value.pattern!r}, {value.flags})"
    if type(value) in PLAIN:
        return repr(value)
    return _of_plain(value) if type(value) in (dict, list, tuple, set, frozenset) else None


def _of_plain(value: Any) -> str | None:
    if isinstance(value, dict):
        items = [(plain(key), plain(item)) for key, item in value.items()]
        return None if any(None in item for item in items) else f"{{{', '.join(f'{k}: {v}' for k, v in items)}}}"
    texts = [plain(item) for item in value]
    known = [text for text in texts if text is not None]
    ordered = sorted(known) if isinstance(value, set | frozenset) else known
    return None if None in texts else f"{type(value).__name__}({', '.join(ordered)})"


def inside(value: Any) -> Iterator[tuple[str, Any]] | None:
    """Return what a container or an object of values holds, each with the place of it; None for what hides it."""
    if isinstance(value, Mapping):
        return ((f"[{key!r}]" if type(key) in PLAIN else "[]", item) for key, item in list(value.items()))
    if isinstance(value, AbstractSet):
        return (("[]", item) for item in value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview):
        return ((f"[{n}]", item) for n, item in enumerate(value))
    if attrs.has(type(value)):
        return ((f".{each.name}", getattr(value, each.name, None)) for each in attrs.fields(type(value)))
    if is_dataclass(value) or is_project(type(value).__module__) or type(value).__name__ == "SimpleNamespace":
        slots = [name for kind in type(value).__mro__ for name in _slots(kind)]
        held = {name: getattr(value, name) for name in slots if hasattr(value, name)} | getattr(value, "__dict__", {})
        return ((f".{name}", item) for name, item in sorted(held.items()))
    return None


def _slots(kind: type) -> tuple[str, ...]:
    named = vars(kind).get("__slots__", ())
    return (named,) if isinstance(named, str) else tuple(name for name in named if not name.startswith("__"))
