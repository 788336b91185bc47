"""How a step failed, as data, and which of several failures a run is told by."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from etl.errors import (
    EtlError,
    InputError,
    LockedError,
    OutcomeUnknownError,
    PlatformError,
    ProjectError,
    QualityError,
    TransientError,
)
from etl.model.jsonable import json_value

MOST_TRACEBACK = 20_000  # characters: Java's part alone is ten thousand

# Of several failures, whose code a run ends with. First what nobody knows the outcome of; then what fails every later
# run too, the machine before the project before the sources; then what failed on its own account, then a gate; last
# what a retry mends.
RANK = tuple(
    error.exit_code
    for error in (
        OutcomeUnknownError,
        PlatformError,
        ProjectError,
        InputError,
        EtlError,
        QualityError,
        LockedError,
        TransientError,
    )
)


def rank(exit_code: int) -> int:
    """Return the place of a step's exit code among those of a run: the smallest is the run's."""
    return RANK.index(exit_code) if exit_code in RANK else RANK.index(EtlError.exit_code)


@frozen
class ErrorInfo:
    """An error as data: its class, message, place, remedy and exit code.

    Args:
        attributes: the data of its condition, as JSON values.
        traceback: where it came from, when something unforeseen is behind it.
    """

    type: str
    message: str
    exit_code: int
    place: str | None = None
    remedy: str = ""
    retryable: bool = False
    attributes: Mapping[str, Any] = field(factory=dict, hash=False)
    traceback: str = ""

    @classmethod
    def of(cls, error: EtlError, *, root: str = "", exit_code: int | None = None) -> ErrorInfo:
        """Return an error as data.

        Args:
            error: the error.
            root: what its file is told relative to.
            exit_code: another than its class has, such as a signal's.
        """
        return cls(
            type=type(error).__name__,
            message=error.message,
            exit_code=exit_code or error.exit_code,
            place=str(error.place.relative_to(root)) if error.place else None,
            remedy=error.remedy,
            retryable=error.retryable,
            attributes=json_value(error.attributes),
            traceback=_traceback(error),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the error as JSON values."""
        values = {
            "type": self.type,
            "message": self.message,
            "place": self.place,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
            "retryable": self.retryable,
        }
        further = {"attributes": dict(self.attributes), "traceback": self.traceback}
        return values | {name: value for name, value in further.items() if value}


def _traceback(error: EtlError) -> str:
    """Return where an error came from that somebody else raised first; empty for one that is ours alone."""
    if error.__cause__ is None:
        return ""
    text = "".join(traceback.format_exception(error))
    return text if len(text) <= MOST_TRACEBACK else f"{text[:MOST_TRACEBACK]}\n…"
