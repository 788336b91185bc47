"""What is sent where, as values: nothing here asks AWS, and the same project gives the same requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from etl.config.settings import Config
from etl.config.submit import Destination, Emr
from etl.errors import ConfigError, Place, UnknownNameError, UsageError
from etl.model.s3 import is_s3
from etl.ship import emr, emr_eks, emr_serverless, glue
from etl.ship.archive import Archive, fitting
from etl.ship.call import Call
from etl.ship.platform import Submission
from etl.ship.runtimes import Runtime, runtime, warnings
from etl.spark.settings import with_delta

CALLS: Mapping[str, Callable[..., tuple[Call, ...]]] = {
    "emr": emr.calls,
    "emr-serverless": emr_serverless.calls,
    "emr-eks": emr_eks.calls,
    "glue": glue.calls,
}
_GRAVITON = re.compile(r"[a-z]+\d+g[a-z]*\.|a1\.")  # m7g.xlarge, r6gd.2xlarge, im4gn.large
_OWN = ("spark.master", "spark.submit.deployMode", "spark.submit.pyFiles")  # the platform's, and the bundle's


@frozen(kw_only=True)
class Requests:
    """What would be sent, and what people should know before.

    Args:
        to: the target's name.
        submission: the bundle with its arguments and settings, and the requests.
        warnings: a sentence each.
    """

    to: str
    submission: Submission
    warnings: tuple[str, ...]


def destination(config: Config, to: str | None) -> str:
    """Return the name of the target that is meant: the one given, or the only one.

    Raises:
        UsageError: there is none, several to choose from, or no such one.
    """
    if not config.submit:
        raise UsageError(
            f"environment {config.environment} says no place to submit to",
            remedy="write [submit.<name>] in conf/env/<environment>.toml: docs/submit.md has one for each platform",
        )
    if to is None and len(config.submit) > 1:
        raise UsageError(f"--to is missing; known: {', '.join(sorted(config.submit))}")
    name = to or next(iter(config.submit))
    if name not in config.submit:
        raise UnknownNameError(f"no [submit.{name}] in environment {config.environment}", name, config.submit)
    return name


def requests(
    config: Config, to: str, folder: str, run_id: str, arguments: Mapping[str, str], archives: tuple[Archive, ...] = ()
) -> Requests:
    """Return what submitting to a target means.

    Args:
        config: of the environment.
        to: a target's name.
        folder: of the bundle below ``bundles``.
        run_id: names the run there and here.
        arguments: of ``main.py``, without ``run-id``, ``env`` and ``platform``.
        archives: of the bundle; those are taken that fit the place's Python and CPU.

    Raises:
        ConfigError: nowhere to put bundles, a root that is not on S3, a release on which nothing can run.
        UsageError: more than the platform takes, or native packages for another Python or CPU.
    """
    target = config.submit[to]
    _check_roots(config, target)
    _check_settings(config, to, target)
    place = config.origins.get(f"submit.{to}.{'version' if target.platform == 'glue' else 'release'}")
    found = runtime(target, place.place if place else None)
    said = {"run-id": run_id, "env": config.environment, "platform": target.platform}
    settings = {**config.spark, **target.spark}
    submission = Submission(
        bundle=f"{config.bundles}/{folder}",
        run_id=run_id,
        arguments={**arguments, **said},
        settings={key: value for key, value in {**settings, **with_delta(settings)}.items() if key not in _OWN},
        archives=fitting(archives, found.python, _cpu(target)),
    )
    told = (*warnings(target, found), *_lacking(target, found, archives), *_left_behind(config))
    calls = CALLS[target.platform](target, submission, found)
    return Requests(to=to, submission=evolve(submission, calls=calls), warnings=told)


def _check_roots(config: Config, target: Destination) -> None:
    """Refuse what would lie on the disk of a machine that is gone after the run."""
    roots = {"state": config.state, "artifacts": config.artifacts}
    roots |= {f"zones.{zone}": root for zone, root in config.zones.items()}
    local = [key for key, root in roots.items() if not is_s3(root)]
    if local:
        raise ConfigError(
            f"{', '.join(local)}: not on S3; on {target.platform} a local path is the disk of a machine that goes",
            place=config.origins[local[0]].place,
            remedy=f"write s3://bucket/… in conf/env/{config.environment}.toml",
        )
    if not config.bundles:
        raise ConfigError(
            "'bundles' is missing: where the bundle is put for the platform to read",
            place=Place(f"conf/env/{config.environment}.toml"),
            remedy='write bundles = "s3://bucket/bundles"',
        )


def _check_settings(config: Config, to: str, target: Destination) -> None:
    """Refuse settings of a target's own that the submission says; those of [spark] are there for other places too."""
    for key in _OWN:
        if key in target.spark:
            origin = config.origins[f'submit.{to}.spark."{key}"']
            raise ConfigError(f"{key} is said by the submission itself", place=origin.place, remedy="remove it")


def _cpu(target: Destination) -> str:
    """Return the CPU of a place: what it says, what its machines are, else x86_64; Glue has no other."""
    said = getattr(target, "architecture", "")
    if not said and isinstance(target, Emr) and target.cluster:
        fleets = (target.cluster.primary, target.cluster.core)
        types = [name for fleet in fleets if fleet for name in fleet.types]
        said = "ARM64" if any(_GRAVITON.match(name) for name in types) else ""
    return (said or "X86_64").lower()


def _lacking(target: Destination, runtime: Runtime, archives: tuple[Archive, ...]) -> tuple[str, ...]:
    """Say what a run needs that neither the bundle nor, for all that is written down, the image has."""
    if target.platform == "glue" or any("boto3" in each.packages for each in archives):  # Glue has boto3
        return ()
    missing = f"the driver's {runtime.interpreter} needs boto3, and the bundle has none"
    return (f"{missing}: write headrace[aws] among the dependencies in pyproject.toml, and `etl package`",)


def _left_behind(config: Config) -> tuple[str, ...]:
    """Say which values hold on this machine only."""
    read_here = ("submit.", "bundles")
    variables = [key for key, origin in config.origins.items() if origin.layer == "variable"]
    here = [key for key in variables if not key.startswith(read_here)]
    return (f"ETL__ variables do not travel: {', '.join(here)}; use --set",) if here else ()
