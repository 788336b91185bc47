"""One expectation of a suite, compiled."""

from __future__ import annotations

from attrs import field, frozen

from etl.kinds.kind import Kind, Measure, Needs, RowRule, Types
from etl.kinds.proof import Proof
from etl.model.expectation import Expectation


@frozen
class Check:
    """One expectation, its kind, the types of its columns, and what its judgement needs."""

    expectation: Expectation
    kind: Kind
    types: Types = field(hash=False)
    needs: Needs

    @property
    def measures(self) -> dict[str, Measure]:
        """What is measured, by role."""
        return dict(self.needs.measures)

    @property
    def rule(self) -> RowRule | None:
        """What makes a single row break it; None where no single row does."""
        return self.needs.rule

    @property
    def proof(self) -> Proof | None:
        """How file statistics tell the measures; None where they are not asked."""
        return self.needs.proof
