"""``--full-refresh``: publish steps and all that read them again, whatever their targets say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from attrs import evolve

from etl.errors import UsageError
from etl.model.write import ReplaceInterval, ReplacePartitions, ReplaceTable

if TYPE_CHECKING:
    from etl.cli.selection import Selection
    from etl.model.plan import Plan
    from etl.project.project import Project

full_refresh_option = click.option(
    "--full-refresh", is_flag=True, help="Publish the steps and all that read them again, whatever has changed."
)


def refreshed(project: Project, selection: Selection) -> Plan:
    """Return the plan of the selected steps and of all that read them, to be published again.

    Raises:
        UsageError: as ``Selection.plan``; or a step adds to what its target has, so that publishing its intervals again
            would not make the target anew.
    """
    names = project.select(selection.select, selection.exclude)
    plan = evolve(selection, select=tuple(f"{name}+" for name in names)).plan(project)
    for planned in plan.steps:
        if not isinstance(planned.step.target.write, ReplaceTable | ReplacePartitions | ReplaceInterval):
            kind, target = type(planned.step.target.write).__name__, planned.writes
            raise UsageError(
                f"--full-refresh: step {planned.step.name} is a {kind}: publishing its intervals again does not make "
                f"{target.name} anew, for what they added stays",
                remedy=f"move {target.uri} away, whose log says what was added, and run every interval; or leave it "
                f"out with --exclude {planned.step.name}",
            )
    return plan
