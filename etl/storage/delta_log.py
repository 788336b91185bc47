"""What Delta's log says of publishes: the number it keeps for each mark, and the words beside it.

Delta keeps one number for each application id (``SetTransaction``). Headrace's is
``generation << 40 | fingerprint << 1 | aside``: the generation makes it greater than every one before, the rest tells
what was published. Whatever else a publish was made from stands in the commit's ``userMetadata``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from etl.errors import ConflictError
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_transactions import transaction
from etl.storage.staging import FINGERPRINT_BITS, Applied, Mark, Publish

BITS = FINGERPRINT_BITS + 1


def encoded(applied: Applied) -> int:
    """Return the number that stands for a publish in the log."""
    return applied.generation << BITS | applied.fingerprint << 1 | applied.aside


def decoded(number: int) -> Applied:
    """Return the publish that a number stands for."""
    mask = (1 << FINGERPRINT_BITS) - 1
    return Applied(generation=number >> BITS, fingerprint=number >> 1 & mask, aside=bool(number & 1))


def state_name(applied: Applied) -> str:
    """Return the name of the file that says what a publish consumed of its sources."""
    return f"{applied.generation}-{applied.fingerprint:x}.json.gz"


def note(mark: Mark) -> str:
    """Return the text a commit carries about its publish; what it consumed of its sources stands in a file."""
    applied = mark.applied
    said: dict[str, Any] = {"run_id": applied.run_id, "step": mark.step, "interval": mark.interval, "mark": mark.name}
    said["parts"] = dict(applied.parts)
    if mark.consumes:
        said["consumed"] = state_name(applied)
    elif applied.watermark:
        said["watermark"] = dict(applied.watermark)
    said |= {"details": dict(applied.details)} if applied.details else {}
    return json.dumps({"headrace": said})


def described(number: int, ours: Mapping[str, Any]) -> Applied:
    """Return the publish that a number and its commit's text stand for."""
    said = {key: ours.get(key, {}) for key in ("parts", "watermark", "details")}
    return evolve(decoded(number), run_id=ours.get("run_id", ""), **said)


def compare(bridge: Bridge, snapshot: Any, publish: Publish) -> None:
    """Refuse to go on if the log does not say what the run saw when it looked.

    Raises:
        ConflictError: another run published under this mark meanwhile, or made or removed the table.
    """
    dataset, after = publish.dataset, publish.mark.after
    found = transaction(bridge, snapshot, dataset.uri, publish.mark.name)
    now = decoded(found.number) if found else None
    if now == after and (publish.version is None) == (snapshot.version() < 0):
        return
    raise ConflictError(
        f"{dataset.name}: another run published {publish.mark.interval or 'it'} while this one was at work "
        f"(version {snapshot.version()}, this run looked at {publish.version})",
        remedy="run the step again: it starts from what is there now",
    )
