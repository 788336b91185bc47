"""The records of runs that a project's configuration leads to, for commands that look back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.config.settings import Config
    from etl.runs.artifacts import Artifacts
    from etl.runs.ledger import Ledger
    from etl.runs.past import Past
    from etl.runs.run_record import RunRecord


def open_ledger(config: Config) -> Ledger:
    """Return the record of the runs of an environment."""
    from etl.runs.ledger import Ledger
    from etl.runs.stores import open_store

    return Ledger(open_store(config.state, config.s3))


def artifacts_of(config: Config, run: RunRecord) -> Artifacts:
    """Return what a run left behind, wherever that was."""
    from etl.runs.artifacts import open_artifacts

    return open_artifacts(run.artifacts, run.run_id, config.s3)


def open_past(config: Config) -> Past:
    """Return what the ledger remembers of steps and intervals."""
    from etl.runs.past import Past

    return Past(open_ledger(config), lambda run: artifacts_of(config, run))
