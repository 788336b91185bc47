"""Values that a declared type does not allow; ``Annotated[str, check]`` is text that a check accepts."""

from __future__ import annotations

from collections.abc import Callable, Collection

from etl.errors import NotAllowedError


class RefusedError(ValueError):
    """A value that its declared type does not allow; the caller knows where it stands."""

    def __init__(self, message: str, remedy: str = "", *, quote: bool = False) -> None:
        self.message, self.remedy, self.quote = message, remedy, quote
        super().__init__(message)


def one_of(known: Collection[str]) -> Callable[[str], str]:
    """Return a check that a text is in a table, which may have grown by then."""

    def check(text: str) -> str:
        if text not in known:
            raise NotAllowedError(text, tuple(known))
        return text

    return check


def not_empty(text: str) -> str:
    """Check that a text says something.

    Raises:
        RefusedError: it is empty, or blank.
    """
    if not text.strip():
        raise RefusedError("is empty")
    return text
