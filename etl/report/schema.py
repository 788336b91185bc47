"""The JSON Schemas of what a run leaves behind, in ``schemas/``."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Literal

Kind = Literal["manifest", "event", "run_results"]


def schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of an artifact; ``event`` is one line of ``events.jsonl``."""
    return dict(json.loads((files("etl.report") / "schemas" / f"{kind}.json").read_text(encoding="utf-8")))
