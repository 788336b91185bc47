"""What keeps a run that lost its targets from publishing: asked immediately before each commit."""

from __future__ import annotations

from collections.abc import Callable

Fence = Callable[[str], None]
"""Gets the target's URI; raises ``LockedError`` when the run may not publish to it any more."""


def no_fence(_: str) -> None:
    """Let everything pass: for runs that nothing keeps apart, such as those of tests."""
