"""The looks at a staged write that come after it, each a function from what it wants to what it found.

``PASSES[one] = take`` adds a pass for kinds that name it; the observation is not here, it rides on the write itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from etl.kinds.kind import FILES, KEYS, Measure, Pass
from etl.quality.compile import Suite
from etl.quality.files import counts
from etl.quality.judge import Measures
from etl.quality.keys import duplicates

if TYPE_CHECKING:
    from etl.quality.written import Written

Take = Callable[["Written", Suite], Mapping[Measure, Any]]
PASSES: dict[Pass, Take] = {FILES: counts, KEYS: duplicates}


def take(written: Written, suite: Suite, observed: Mapping[str, Any]) -> Measures:
    """Add to what the staging write observed what the suite needs of other passes; none that nothing asks for."""
    written = evolve(written, observed=observed)
    values: dict[Measure, Any] = {Measure(sql): value for sql, value in observed.items()}
    for one, found in PASSES.items():
        if suite.taken_by(one):
            values |= found(written, suite)
    return Measures(values)
