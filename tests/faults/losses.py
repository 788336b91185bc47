"""What takes place in ``test_losses.py``, in a JVM of its own: ``python losses.py HOW…`` prints JSON, a line each.

Two executors of one core. What is counted lies below a shuffle, and the output of that shuffle is lost, or a task of it
fails. (Speculation has no part: a copy of a task never starts on the host of the first, and here is one host.)
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pyspark
from pyspark.sql import functions as F

from etl import Merge, ReplaceTable, Source, Target, expect, step
from etl.spark import jars, java
from etl.spark.session import SessionSettings, start
from etl.testing import Lake
from etl.transforms import where

ROWS, SMALL, KEYS, FILES, PARTS = 20_000, 5, 100, 4, 6


def session(scratch):
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    os.environ["SPARK_WORKER_DIR"] = str(scratch / "work")
    os.environ["SPARK_SCALA_VERSION"] = "2.12" if pyspark.__version__.startswith("3.") else "2.13"
    conf = {
        "spark.driver.memory": "1g",
        "spark.local.dir": str(scratch / "local"),
        "spark.sql.files.minPartitionNum": "8",  # a task for each file
        "spark.sql.shuffle.partitions": str(PARTS),
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.jars": ",".join(map(str, jars.delta_jars(pyspark.__version__))),
        "spark.executorEnv.JAVA_HOME": str(java.find(pyspark.__version__).home),
    }
    return start(SessionSettings(app_name="losses", master="local-cluster[2,1,1024]", profile="test", conf=conf))


def once(marker, then):
    """Return a function of Spark that does something when the first row of all reaches it, in whatever process."""

    def passed(value):
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return value
        then()
        return value

    return F.udf(passed, "bigint")


def failing():
    raise ValueError("the first attempt fails")


def without_output(local):
    def lose():
        for file in Path(local).rglob("shuffle_*"):
            file.unlink(missing_ok=True)

    return lose


def nothing():
    pass


def joined(before, after, write):
    """Return a step that counts its source and a drop below the shuffle of a join, and its output above."""

    @step(
        sources={"a": Source("raw.a"), "b": Source("raw.b")},
        target=Target("t.joined", schema="id bigint, k bigint, v bigint", write=write),
        expectations=[
            expect.column_values_to_not_be_null("v"),
            expect.column_values_to_be_between("v", 0, 190, on_failure="quarantine"),
        ],
        conserve="a",
    )
    def joined(a, b):
        kept = where(a.select(before("id").alias("id"), "k"), "small ids", f"id >= {SMALL}")
        return kept.join(b, "k").select("id", "k", after("v").alias("v"))

    return joined


def kill_an_executor(spark, tasks):
    """Kill an executor of this driver's once the first task of a stage of so many has ended."""
    tracker = spark.sparkContext.statusTracker()
    while True:
        time.sleep(0.1)
        stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds()]
        if any(stage and stage.numTasks == tasks and stage.numCompletedTasks >= 1 for stage in stages):
            break
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    driver = str(spark._jvm.java.lang.ProcessHandle.current().pid())
    lines = [line.split() for line in listed.splitlines() if "CoarseGrainedExecutorBackend" in line]
    os.kill(next(int(pid) for pid, parent, *_ in lines if parent == driver), 9)


def lose(spark, scratch, how, number):
    place = scratch / f"{how}-{number}"
    place.mkdir()
    lake, marker = Lake(spark, place / "lake"), str(place / "marker")
    a = spark.range(ROWS).selectExpr("id", f"id % {KEYS} k").repartition(FILES)
    a.write.format("delta").save(str(lake.root / "raw/a"))
    spark.range(KEYS).selectExpr("id k", "id * 2 v").write.format("delta").save(str(lake.root / "raw/b"))
    none = once(marker, nothing)
    lost = once(marker, without_output(scratch / "local"))
    slowly = F.udf(lambda value: time.sleep(0.0005) or value, "bigint")
    before, after = {
        "task": (once(marker, failing), none),
        "output": (F.col, lost),
        "output of a merge": (F.col, lost),
        "executor": (F.col, slowly),
        "executor while it maps": (slowly, none),
    }[how]
    if "executor" in how:
        tasks = FILES if "maps" in how else PARTS
        threading.Thread(target=kill_an_executor, args=(spark, tasks), daemon=True).start()
    write = Merge("id") if "merge" in how else ReplaceTable()
    result = lake.run_step(joined(before, after, write), date=None)
    return {"how": how, "rows_in_table": len(lake.rows("t.joined")), **result.to_json()}


def main():
    scratch = Path(tempfile.mkdtemp())
    (scratch / "local").mkdir()
    spark = session(scratch)
    try:
        for number, how in enumerate(sys.argv[1:]):
            sys.stdout.write(json.dumps(lose(spark, scratch, how, number)) + "\n")
    finally:
        spark.stop()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
