"""Which of Spark's types holds another without loss; names as Spark's ``simpleString`` writes them."""

from __future__ import annotations

WIDENS: dict[str, frozenset[str]] = {
    "smallint": frozenset({"tinyint"}),
    "int": frozenset({"tinyint", "smallint"}),
    "bigint": frozenset({"tinyint", "smallint", "int"}),
    "double": frozenset({"float", "tinyint", "smallint", "int"}),
    "timestamp": frozenset({"date"}),
}
"""What Spark widens without loss, by the wider type; any other difference is the author's to cast."""


def fits(given: str, wanted: str) -> bool:
    """Return True if every value of the type ``given`` is a value of ``wanted``, unchanged."""
    if given in (wanted, "void") or given in WIDENS.get(wanted, ()):
        return True
    if given.startswith("decimal(") and wanted.startswith("decimal("):
        (p1, s1), (p2, s2) = (tuple(map(int, text[8:-1].split(","))) for text in (given, wanted))
        return s2 >= s1 and p2 - s2 >= p1 - s1
    return False
