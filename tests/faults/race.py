"""Drivers that commit to one log as fast as they can, each a JVM of its own with Delta's log store in it, no Spark.

``python -m tests.faults.race --drivers 4 --commits 100`` starts an S3 server and says what came of it; ``--deltas-own``
shows what Delta's own log store loses, ``--kill`` ends the first driver in the midst of it.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from attrs import frozen
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
from py4j.protocol import Py4JJavaError

from etl.aws.access import s3_client
from etl.model.s3 import S3Settings
from etl.spark import jars, java, log_store
from etl.spark.s3 import file_system
from tests.s3_server import Bucket, serving

DELTAS_OWN = log_store.PACKAGE + "S3SingleDriverLogStore"
SMALL = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
ENDLESS = 1_000_000
ANEW = False  # not to be written over


@frozen
class Outcome:
    """What drivers were told, the version by their words; and what the log holds, the versions by the words."""

    told: dict[str, int]
    held: dict[str, list[int]]

    def faults(self):
        """Return the words that were lost, those held twice, and those held elsewhere than their driver was told."""
        lost = sorted(set(self.told) - set(self.held))
        twice = sorted(words for words, at in self.held.items() if len(at) > 1)
        elsewhere = sorted(words for words, at in self.told.items() if at not in self.held.get(words, [at]))
        return lost, twice, elsewhere


def race(bucket, drivers, commits, *, kill=False, deltas_own=False):
    """Let drivers commit at one time, each until it has made its commits; the one to kill dies in the midst of more.

    It dies when it has told of as many as the others are to make: a log that grew for as long as the others need would
    be the longer the less the machine lets them, and each looks through what it missed.
    """
    counts = [ENDLESS if kill and not number else commits for number in range(drivers)]
    ours = [sys.executable, "-m", "tests.faults.race", "--driver"]
    name = DELTAS_OWN if deltas_own else ""
    commands = [[*ours, f"d{number}", f"{bucket.root}/table", f"{count}", name] for number, count in enumerate(counts)]
    with ExitStack() as ends, ThreadPoolExecutor(drivers) as pool:
        running = [ends.enter_context(_started(command)) for command in commands]
        for each in running:  # none begins before all can
            assert each.stdout.readline() == "ready\n"
        for each in running:
            each.stdin.write("go\n")
            each.stdin.flush()
        said = [
            pool.submit(_told, each, commits if kill and not number else None) for number, each in enumerate(running)
        ]
        lines = [line for told in said for line in told.result() if line.endswith("\n")]
        ended = [each.wait() for each in running[1 if kill else 0 :]]
    assert not any(ended)
    return Outcome({words: int(at) for at, words in map(str.split, lines)}, _held(bucket))


@contextmanager
def _started(command):
    """Start a driver in a group of its own; it ends with the block, and its JVM with it."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _told(process, last):
    """Return what a driver says until it ends, which is after that many lines if there is a last."""
    if last is None:
        return process.stdout.readlines()
    lines = list(islice(process.stdout, last))
    os.killpg(process.pid, signal.SIGKILL)
    return lines + process.stdout.readlines()


def _held(bucket):
    client, held = bucket.server.client(), defaultdict(list)
    for key in bucket.keys("table/_delta_log/"):
        words = client.get_object(Bucket=bucket.name, Key=key)["Body"].read().decode().strip()
        held[words].append(int(re.sub(r"\D", "", key.rpartition("/")[2])))
    return dict(held)


def drive(name, table, commits, store_name):
    """Commit one's own words to version after version, and tell each that Delta's log store said is there."""
    spark = version("pyspark")
    found = [*jars.delta_jars(spark), *jars.s3_jars(spark)]
    of_spark = Path(next(iter(find_spec("pyspark").submodule_search_locations))) / "jars"
    port = launch_gateway(
        classpath=":".join([f"{of_spark}/*", *map(str, found)]),
        jarpath=str(next(of_spark.glob("py4j-*.jar"))),
        java_path=str(java.find(spark).home / "bin" / "java"),
        javaopts=SMALL,
        die_on_exit=True,
    )
    jvm = JavaGateway(gateway_parameters=GatewayParameters(port=port)).jvm
    store, conf = _store(jvm, store_name)
    _tell("ready")
    sys.stdin.readline()
    at = 0
    for words in (f"{name}-{number}" for number in range(commits)):
        while not _wrote(jvm, store, conf, f"{table}/_delta_log/{at:020}.json", words):
            at += _later(jvm, store, conf, f"{table}/_delta_log/{at:020}.json")
        _tell(f"{at} {words}")
        at += 1


def _tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _store(jvm, name):
    conf = jvm.org.apache.hadoop.conf.Configuration()
    keys = {
        "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "fs.s3a.access.key": os.environ["AWS_ACCESS_KEY_ID"],
        "fs.s3a.secret.key": os.environ["AWS_SECRET_ACCESS_KEY"],
    }
    for key, value in (file_system(S3Settings(), s3_client(S3Settings())) | keys).items():
        conf.set(key, value)
    classes = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    found = name or log_store.defined(jvm, classes)
    return getattr(jvm, found)(conf), conf


def _wrote(jvm, store, conf, path, words):
    lines = jvm.java.util.Collections.singletonList(words).iterator()
    try:
        store.write(jvm.org.apache.hadoop.fs.Path(path), lines, ANEW, conf)
    except Py4JJavaError as error:
        if error.java_exception.getClass().getName() != "java.nio.file.FileAlreadyExistsException":
            raise
        return False
    return True


def _later(jvm, store, conf, path, tries=5):
    """How many versions are there from this one on, as Delta would list them; at least one.

    A listing that the server broke off is asked again, as a driver's own retry would: it says nothing of commits.
    """
    try:
        there = store.listFrom(jvm.org.apache.hadoop.fs.Path(path), conf)
    except Py4JJavaError as error:
        if tries <= 1 or error.java_exception.getClass().getName() != "java.io.EOFException":
            raise
        return _later(jvm, store, conf, path, tries - 1)
    count = 0
    while there.hasNext():
        there.next()
        count += 1
    return max(count, 1)


def main():
    """Race, or be one of those who do."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", nargs=4)
    parser.add_argument("--drivers", type=int, default=4)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--deltas-own", action="store_true")
    asked = parser.parse_args()
    if asked.driver:
        name, table, commits, store_name = asked.driver
        drive(name, table, int(commits), store_name)
        return
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        os.environ.update(server.environment())
        bucket = Bucket(server.new_bucket(), server)
        outcome = race(bucket, asked.drivers, asked.commits, kill=asked.kill, deltas_own=asked.deltas_own)
    lost, twice, elsewhere = map(len, outcome.faults())
    counts = f"{len(outcome.told)} commits were told, {lost} of them lost, {twice} twice, {elsewhere} elsewhere"
    sys.stdout.write(f"Spark {version('pyspark')}, {asked.drivers} drivers: {counts}\n")


if __name__ == "__main__":
    main()
