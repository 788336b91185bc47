"""Where runs can take place: the one table that configuration, the command line, sessions and submission go by."""

from __future__ import annotations

from attrs import frozen

LOCAL = "local"


@frozen(kw_only=True)
class Platform:
    """A place where a bundle runs.

    Args:
        starts_spark: the run starts Spark itself, with a Java, jars and a master; elsewhere the platform has done so.
        module: the module whose ``platform`` submits bundles there and follows them.
    """

    module: str
    starts_spark: bool = False


PLATFORMS: dict[str, Platform] = {
    LOCAL: Platform(starts_spark=True, module="etl.ship.local"),
    "emr": Platform(module="etl.ship.control.emr"),
    "emr-serverless": Platform(module="etl.ship.control.emr_serverless"),
    "emr-eks": Platform(module="etl.ship.control.emr_eks"),
    "glue": Platform(module="etl.ship.control.glue"),
}
