"""Every expectation type this house knows, one file a family; ``KINDS[kind.type] = kind`` adds one more."""

from __future__ import annotations

from etl.errors import did_you_mean
from etl.kinds import bounds, counts, nulls, pairs, sets, statistics, text, unique
from etl.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    kind.type: kind
    for family in (nulls, bounds, sets, text, pairs, unique, counts, statistics)
    for kind in family.KINDS
}


def unknown(kind: str) -> str:
    """Say that an expectation type is not known, and which is."""
    return f"expectation type {kind!r} is not known; {did_you_mean(kind, KINDS)}"
