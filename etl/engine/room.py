"""Where the programs of a script step work: folders of this machine, and one that executors reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from etl.engine.stop import Stop
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.spark.jvm import hadoop_path

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Keep = Callable[[str, Path], None]


def keep_nothing(_: str, __: Path) -> None:
    """Where no run keeps artifacts, a program's words are kept by nobody."""


@define(eq=False, kw_only=True)
class Room:
    """Where the programs of one step work, for as long as the step is being run.

    Args:
        session: the step's own session.
        keep: puts a file among the run's artifacts.
        stop: the wish that the run ends.
        dry: no program is run: the target's columns, without rows, stand for what it would leave.
    """

    session: SparkSession
    keep: Keep = keep_nothing
    stop: Stop = field(factory=Stop)
    dry: bool = False
    _folder: Path | None = None
    _scratch: str = ""

    @property
    def folder(self) -> Path:
        """A folder of this machine, new to each try."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="etl-script-"))
        return self._folder

    def scratch(self, planned: PlannedStep, run: Run) -> str:
        """A folder that executors reach: this machine's own, or one beside the target that no reader looks at."""
        if shares_this_disk(self.session):
            return str(self.folder)
        self._scratch = f"{planned.writes.uri}/_script_{run.run_id}"
        return self._scratch

    def close(self) -> None:
        """Remove the folders."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._scratch:
            files, path = hadoop_path(self.session, self._scratch)
            files.delete(path, True)
        self._folder, self._scratch = None, ""


def shares_this_disk(session: SparkSession) -> bool:
    """Say whether executors see this machine's folders."""
    return str(session.sparkContext.master).startswith("local")
