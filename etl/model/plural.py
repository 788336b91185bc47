"""A number and its noun, as people write them."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """Return ``1 row``, ``1,234 rows``, ``2 batches``."""
    ending = "es" if noun.endswith("ch") else "s"
    return f"{count:,} {noun}" + ("" if count == 1 else ending)
