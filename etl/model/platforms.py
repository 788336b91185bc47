"""Where runs can take place: the one table that configuration, the command line, sessions and submission go by."""

from __future__ import annotations

from attrs import frozen

LOCAL = "local"


@frozen(kw_only=True)
class Platform:
    """A place where a bundle runs.

    Args:
        starts_spark: the run starts Spark itself, with a Java, jars and a master; elsewhere the platform has done so.
        module: the module that submits bundles there and follows them; empty where a run only takes place where it is
            started.
    """

    starts_spark: bool = False
    module: str = ""


PLATFORMS: dict[str, Platform] = {
    LOCAL: Platform(starts_spark=True, module="etl.ship.local"),
    "emr": Platform(),
    "emr-serverless": Platform(),
    "emr-eks": Platform(),
    "glue": Platform(),
}
