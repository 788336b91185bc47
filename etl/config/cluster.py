"""What ``[submit.<name>.cluster]`` may say: an EMR cluster that is started for a run."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from etl.config.refusal import RefusedError, not_empty

IDLE_SECONDS = range(60, 604_801)
Name = Annotated[str, not_empty]


@frozen(kw_only=True)
class Fleet:
    """Machines of one part of a cluster, any of these types.

    Args:
        types: EC2's, ``m7g.xlarge``; each counts as one unit.
        on_demand: units at the full price, never taken back.
        spot: units at the spot price; on demand where there is none within a quarter of an hour.
    """

    types: tuple[str, ...]
    on_demand: int = 0
    spot: int = 0

    def __attrs_post_init__(self) -> None:
        if not self.types or self.on_demand < 0 or self.spot < 0 or not self.on_demand + self.spot:
            raise RefusedError("a fleet has no machines", 'write types = ["m7g.xlarge"] and on_demand = 1')


@frozen(kw_only=True)
class Scaling:
    """EMR's own scaling, in units of the fleets; ``maximum_core`` of them hold HDFS, the rest only computes."""

    minimum: int
    maximum: int
    maximum_on_demand: int
    maximum_core: int


@frozen(kw_only=True)
class Cluster:
    """A cluster that is started for the run.

    Args:
        service_role: EMR's own role.
        instance_profile: of its machines; the run has these rights.
        subnets: EMR takes the one that has the machines.
        core: on demand at least in part, for it holds HDFS.
        scaling: managed scaling; without it the fleets stay as they are.
        idle_seconds: it waits so long for further steps before it ends; 0: it ends with the run.
        security_configuration: EMR's name of one.
    """

    service_role: Name
    instance_profile: Name
    subnets: tuple[str, ...]
    primary: Fleet
    core: Fleet
    task: Fleet | None = None
    scaling: Scaling | None = None
    idle_seconds: int = 0
    security_configuration: str = ""

    def __attrs_post_init__(self) -> None:
        if self.primary.on_demand + self.primary.spot != 1:
            raise RefusedError("the primary fleet has exactly one machine")
        if not self.core.on_demand:
            raise RefusedError("core has no machine on demand: HDFS would go with the spot price")
        if not self.subnets:
            raise RefusedError("subnets is empty", 'write subnets = ["subnet-…"]')
        if self.idle_seconds and self.idle_seconds not in IDLE_SECONDS:
            raise RefusedError(f"idle_seconds = {self.idle_seconds}; allowed are 60 to 604800, or 0")
