"""Delta's commits on a real S3 server: one of two writers of a version wins, whatever happens on the way."""

import json
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

import pytest
from py4j.protocol import Py4JJavaError

from etl.spark import log_store
from etl.spark.jvm import java_class
from etl.storage.delta_bridge import Bridge
from tests.faults.proxy import faults

pytestmark = pytest.mark.spark
WRITERS, VERSIONS = 8, 10
THERE = "java.nio.file.FileAlreadyExistsException"


class Log:
    """The log of a table that nobody has made yet, at Delta's own door to it."""

    def __init__(self, spark, root):
        self.spark, self.bridge, self.uri = spark, Bridge(spark), f"{root}/table"
        self.store = self.bridge.log(self.uri).store()
        self.settings = spark._jsparkSession.sessionState().newHadoopConf()

    def path(self, version):
        return java_class(self.spark, "org.apache.hadoop.fs.Path")(f"{self.uri}/_delta_log/{version:020}.json")

    def write(self, version, *lines, overwrite=False):
        self.store.write(self.path(version), self.bridge.scala_seq(lines).iterator(), overwrite, self.settings)

    def read(self, version):
        lines = self.store.read(self.path(version), self.settings)
        return [lines.apply(n) for n in range(lines.size())]


@pytest.fixture
def log(spark, s3_root):
    return Log(spark, s3_root)


@pytest.fixture
def broken(spark, s3_bucket, s3_root):
    """Give what breaks the way to the bucket, and a log that is written by that way; little is tried again."""
    with faults(s3_bucket.server.endpoint) as proxy:
        of_bucket = f"fs.s3a.bucket.{s3_bucket.name}."
        hadoop = spark._jsc.hadoopConfiguration()
        hadoop.set(of_bucket + "endpoint", proxy.endpoint)
        hadoop.set(of_bucket + "attempts.maximum", "2")
        hadoop.set(of_bucket + "retry.limit", "1")
        hadoop.set(of_bucket + "retry.interval", "10ms")
        yield proxy, Log(spark, s3_root)


@pytest.fixture
def nobody_asked(spark, monkeypatch):
    """Forget that a log store was given to Delta, while the test runs; gives the settings where Delta finds it."""
    conf = java_class(spark, "org.apache.spark.SparkEnv").get().conf()
    keys = [f"{prefix}delta.logStore.{scheme}.impl" for scheme in log_store.SCHEMES for prefix in ("", "spark.")]
    before = {key: conf.get(key) for key in keys if conf.contains(key)}
    monkeypatch.setattr(log_store, "_ANSWERS", WeakKeyDictionary())
    for key in keys:
        conf.remove(key)
    yield conf
    for key in keys:
        conf.remove(key)
    for key, value in before.items():
        conf.set(key, value)


def of_java(error):
    """The class of what the JVM raised."""
    return error.java_exception.getClass().getName()


def test_delta_is_given_the_log_store_where_a_table_is_on_s3(log):
    used = log.store.getDelegate(log.path(0)).logStoreImpl().getClass().getName()

    assert used in {"io.delta.storage.HeadraceSdk1LogStore", "io.delta.storage.HeadraceSdk2LogStore"}
    assert log_store.doubts(log.spark, log.uri) == ()


def test_a_table_elsewhere_is_left_to_delta(spark, tmp_path, nobody_asked):
    Bridge(spark).log(str(tmp_path))

    assert not nobody_asked.contains("delta.logStore.s3.impl")


def test_a_log_store_that_the_project_names_stays(spark, s3_root, nobody_asked):
    nobody_asked.set("spark.delta.logStore.s3.impl", "io.delta.storage.S3SingleDriverLogStore")

    assert log_store.doubts(spark, s3_root) == ()
    assert not nobody_asked.contains("delta.logStore.s3.impl")


def test_where_s3_is_reached_by_other_means_than_s3a_people_are_told(spark, s3_root, nobody_asked, monkeypatch):
    monkeypatch.setattr(log_store, "S3A", "org.apache.hadoop.fs.RawLocalFileSystem")

    (said,) = log_store.doubts(spark, s3_root)

    assert "org.apache.hadoop.fs.s3a.S3AFileSystem reaches it, not S3A" in said
    assert not nobody_asked.contains("delta.logStore.s3.impl")


def test_a_version_that_is_there_is_refused_and_stays(log):
    log.write(0, "first")

    with pytest.raises(Py4JJavaError) as error:
        log.write(0, "second")

    assert of_java(error.value) == THERE
    assert log.read(0) == ["first"]


def test_a_file_that_may_be_written_over_is(log):
    log.write(0, "first")
    log.write(0, "second", overwrite=True)

    assert log.read(0) == ["second"]


def test_of_many_writers_of_one_version_one_wins_and_its_words_are_what_is_read(log):
    def write(version, writer):
        try:
            log.write(version, json.dumps({"writer": writer}))
        except Py4JJavaError as error:
            return of_java(error)
        return writer

    with ThreadPoolExecutor(WRITERS) as pool:
        told = [list(pool.map(write, [version] * WRITERS, range(WRITERS))) for version in range(VERSIONS)]

    winners = [[each for each in writers if each != THERE] for writers in told]
    assert winners == [[json.loads(log.read(version)[0])["writer"]] for version in range(VERSIONS)]


@pytest.mark.parametrize("fault", ["lost", "reset", "503", "500", "409", "torn", "slow"])
def test_a_commit_that_meets_a_fault_is_made_once(broken, fault):
    proxy, log = broken
    log.write(0, "warm")

    proxy.coming.append(fault)
    log.write(1, "ours")

    assert proxy.done[fault] == 1
    assert log.read(1) == ["ours"]


def test_a_commit_whose_answer_was_lost_and_that_cannot_be_read_back_is_told_as_not_known(broken):
    proxy, log = broken
    log.write(0, "warm")

    proxy.rates["lost"] = 1.0
    with pytest.raises(Py4JJavaError, match="is not known"):
        log.write(1, "ours")
    proxy.rates.clear()

    assert log.read(1) == ["ours"]
