"""What a session is asked for: the settings Headrace forces, and those it only suggests."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from etl.model.forced import FORCED, forced
from etl.model.platforms import LOCAL, PLATFORMS
from etl.model.s3 import S3Settings

__all__ = ["FORCED", "SessionSettings", "everywhere", "forced", "on_one_machine", "with_delta"]

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"

# Nearly every query of a test is new and has a few rows: writing and compiling a program for it, a seventh of the CPU,
# takes longer than interpreting it. The answers are the same: tests/end_to_end/test_spark_submit.py compares them.
_FOR_TINY_FRAMES = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.databricks.delta.delta.log.cacheSize": "64",
}

# A third of the start-up, slower once warm.
_TEST_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    # The first compiler alone is given 48 MB for its code. Thirty tests fill them, and from then on methods are thrown
    # out and compiled again: 59,000 compilations instead of 32,000.
    "-XX:ReservedCodeCacheSize=240m",
    # Else classes that are loaded for the first time start full collections.
    "-XX:MetaspaceSize=256m",
    # Hadoop without its native library starts chmod or readlink for each file, thousands in a test run, and Java starts
    # each through a process of its own; this way, which only Linux has, without.
    *(["-Djdk.lang.Process.launchMechanism=VFORK"] if sys.platform == "linux" else []),
)


@frozen(kw_only=True)
class SessionSettings:
    """What one run asks of its Spark session.

    Args:
        app_name: what Spark's own pages call the run.
        platform: where it runs; only ``local`` gets a master, jars, Java and settings fit for one machine.
        master: ``local[*]`` unless given; ignored elsewhere.
        conf: the project's Spark settings, over the suggested ones, never over the forced ones.
        profile: ``test`` trades steady speed for a fast start.
        log_file: where a local JVM's output goes; a temporary file that ends with the process unless given.
        s3: how S3 is reached, where the run reads or writes there; only a JVM that is started here is told.
        databases: those that the run reads or writes tables of, by vendor; likewise.
    """

    app_name: str
    platform: str = LOCAL
    master: str | None = None
    conf: Mapping[str, str] = field(factory=dict, hash=False)
    profile: Literal["default", "test"] = "default"
    log_file: Path | None = None
    s3: S3Settings | None = None
    databases: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        """Whether Spark runs on this machine, for this process."""
        return PLATFORMS[self.platform].starts_spark


def everywhere() -> dict[str, str]:
    """Return what Headrace suggests on every platform."""
    return {
        "spark.sql.parquet.compression.codec": "zstd",
        # Steps that run at once share the cores; first come, first served lets one long step starve the others.
        "spark.scheduler.mode": "FAIR",
        # One transaction for each interval. Above 100, Delta would leave them out of the version's checksum file, and a
        # process' first look at a table would cost three Spark jobs; above this, 1 MB of them a commit costs more.
        "spark.databricks.delta.setTransactionsInCrc.maxAllowed": "10000",
        # HotSpot never compiles a method of more bytecode than this: Spark would run a wide projection interpreted.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        # Delta keeps a table's state in 50 partitions unless told otherwise: 50 tasks for a log of three files.
        "spark.databricks.delta.snapshotPartitions": "8",
    }


def on_one_machine(settings: SessionSettings, scratch: Path) -> dict[str, str]:
    """Return what Headrace suggests for a session on this machine.

    Args:
        settings: the run's.
        scratch: a directory that goes with the process.
    """
    test = settings.profile == "test"
    cores = os.cpu_count() or 1
    suggested = {
        "spark.master": settings.master or "local[*]",
        "spark.app.name": settings.app_name,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": " ".join(_java_options(scratch, test=test)),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.shuffle.partitions": "2" if test else str(max(2 * cores, 8)),
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2" if test else str(cores),
        "spark.databricks.delta.snapshotPartitions": "2",
    }
    # Kept for a web page nobody opens; a year of days in one session, or a test run's thousand tables, would fill the
    # driver with them. Tests count jobs after the fact, so they keep the default thousand of those.
    suggested |= {"spark.sql.ui.retainedExecutions": "20"}
    if test:
        return suggested | _FOR_TINY_FRAMES
    return suggested | {
        # A hundred generated classes, Spark's default, are fewer than one day of a job with eight steps compiles: every
        # day would compile them again, a tenth of its CPU.
        "spark.sql.codegen.cache.maxEntries": "1000",
        "spark.ui.retainedJobs": "100",
        # Each job lists all stages below it anew, and ``etl.spark.actions`` asks for every one of a write.
        "spark.ui.retainedStages": "1000",
        "spark.ui.retainedTasks": "1000",
    }


def with_delta(conf: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that make a session speak Delta, beside the extensions ``conf`` already has."""
    extensions = [name for name in conf.get("spark.sql.extensions", "").split(",") if name]
    if DELTA_EXTENSION not in extensions:
        extensions.append(DELTA_EXTENSION)
    return {
        "spark.sql.extensions": ",".join(extensions),
        "spark.sql.catalog.spark_catalog": conf.get("spark.sql.catalog.spark_catalog", DELTA_CATALOG),
    }


def _java_options(scratch: Path, *, test: bool) -> list[str]:
    options = [
        f'"-Dlog4j2.configurationFile={(scratch / "log4j2.properties").as_uri()}"',
        f'"-Dderby.system.home={scratch}"',
        "-Djava.net.preferIPv4Stack=true",
        "-Dfile.encoding=UTF-8",
    ]
    return [*options, *_TEST_OPTIONS] if test else options
