"""The files that a commit of a Delta table adds and removes, as its log file says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from etl.storage import delta_history
from etl.storage.delta_bridge import Bridge


@frozen
class Actions:
    """The files a commit adds and removes, each as the log says it, by path; ``dataChange`` tells a compaction."""

    added: Mapping[str, Mapping[str, Any]]
    removed: Mapping[str, Mapping[str, Any]]

    @property
    def any(self) -> bool:
        """Whether there are some."""
        return bool(self.added or self.removed)

    @property
    def news(self) -> list[Mapping[str, Any]]:
        """The files with rows that were not in the table before."""
        return [file for file in self.added.values() if file.get("dataChange", True)]

    @property
    def takes_rows(self) -> bool:
        """Whether rows that were there are changed or gone."""
        return any(file.get("dataChange", True) for file in self.removed.values())

    @property
    def changes_rows(self) -> bool:
        """Whether a reader of the table sees other rows than before."""
        return bool(self.news) or self.takes_rows


def actions_of(bridge: Bridge, uri: str, version: int) -> Actions:
    """Return the file actions of a commit; none where its log file is gone."""
    text = delta_history.text(bridge, uri, version) or ""
    said = [json.loads(line) for line in text.splitlines() if line.startswith(('{"add"', '{"remove"'))]
    return Actions(
        {each["add"]["path"]: each["add"] for each in said if "add" in each},
        {each["remove"]["path"]: each["remove"] for each in said if "remove" in each},
    )
