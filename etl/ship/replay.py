"""A submitted run once more, here: the same bundle and arguments, on copies; nothing that it wrote is touched.

What the run reads and does not write itself is copied into a lake of the replay's own, where its targets begin empty.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.errors import InputError, UsageError
from etl.model.s3 import is_s3
from etl.ship.archive import fitting
from etl.ship.local import here
from etl.ship.platform import Submission
from etl.ship.record import Record

_DATES = ("date", "from", "to")


def submission(record: Record, bundle: Path, zones: Mapping[str, str], work: Path, run_id: str) -> Submission:
    """Return what is started here: the submitted arguments, with every root below ``work``.

    Args:
        record: what was submitted.
        bundle: a folder of this machine with its files.
        zones: the run's own, by name; only the names count.
        work: the replay's own directory.
        run_id: of the replay.
    """
    roots = {f"zones.{name}": str(work / "lake" / name) for name in zones}
    roots |= {"state": str(work / "state"), "artifacts": str(work / "artifacts")}
    overrides = {**json.loads(record.arguments.get("set", "{}")), **roots}
    said = {"set": json.dumps(overrides), "run-id": run_id, "platform": "local"}
    python, cpu = here()
    return Submission(
        bundle=str(bundle),
        run_id=run_id,
        arguments={**record.arguments, **said},
        settings=_of_any_machine(record.settings),
        archives=fitting(record.archives, python, cpu),
    )


def lay_sources(manifest: Mapping[str, Any], lake: Path | None, work: Path) -> tuple[str, ...]:
    """Copy what the run reads and does not write into the replay's lake; return the datasets' names.

    Args:
        manifest: the run's.
        lake: a directory with a folder for each zone; None: where the run read them, on this machine.
        work: the replay's own directory.

    Raises:
        UsageError: the run read from S3, and no lake is given.
        InputError: the lake lacks a source.
    """
    roots = {key: str(value) for key, value in settings(manifest).items() if key.startswith("zones.")}
    laid = []
    for name, uri in _read_only(manifest):
        zone = name.partition(".")[0]
        inside = uri.removeprefix(roots[f"zones.{zone}"]).strip("/")
        if lake is None and is_s3(uri):
            raise UsageError(
                f"the run read {name} from {uri}",
                remedy="copy what it needs (`aws s3 sync`) into DIR/<zone>/…, and name it: --lake DIR",
            )
        source = Path(uri) if lake is None else lake / zone / inside
        if not source.exists():
            raise InputError(f"{name}: nothing at {source}", remedy=f"put it there, as it is at {uri}")
        target = work / "lake" / zone / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        # Copies, no links: Spark writes some files of a table in place.
        shutil.copytree(source, target, dirs_exist_ok=True) if source.is_dir() else shutil.copyfile(source, target)
        laid.append(name)
    return tuple(laid)


def settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that a run had, by dotted key."""
    return {each["key"]: each["value"] for each in manifest["config"]}


def _read_only(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    steps = [step for step in manifest["steps"] if step["selected"]]
    written = {step["target"] for step in steps}
    wanted = dict.fromkeys(source["dataset"] for step in steps for source in step["sources"])
    uris = {dataset["name"]: dataset["uri"] for dataset in manifest["datasets"]}
    for name in wanted:
        if name not in written:
            yield name, uris[name]


def _of_any_machine(said: Mapping[str, str]) -> dict[str, str]:
    """Return settings without a platform's own: its jars, archives, interpreters, and sizes of its machines."""
    own = ("spark.yarn.", "spark.emr-", "spark.kubernetes.", "spark.executor.", "spark.executorEnv.", "spark.driver.")
    words = ("spark.jars", "spark.archives", "spark.pyspark.python", "spark.pyspark.driver.python")
    return {key: value for key, value in said.items() if not key.startswith(own) and key not in words}
