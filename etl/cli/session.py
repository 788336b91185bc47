"""The Spark session that a command asks for, as the project's configuration has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.model.plan import Plan
from etl.project.project import Project

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def start_session(project: Project, plan: Plan, name: str, **options: Any) -> SparkSession:
    """Start the session of a plan, or take over this process's.

    Args:
        project: whose configuration says on which platform, and with which settings.
        plan: says whether S3 is to be reached, and which databases.
        name: what Spark's own pages call it, behind the project's name.
        options: others of ``SessionSettings``.
    """
    from etl.spark.session import start
    from etl.spark.settings import SessionSettings

    config = project.config
    settings = SessionSettings(
        app_name=f"{project.name} {name}",
        platform=config.run.platform,
        conf=config.spark,
        s3=config.s3 if plan.is_on_s3 else None,
        databases=plan.databases,
        **options,
    )
    return start(settings)
