"""A real Kafka broker for tests: one process of Apache Kafka (KRaft) on free ports of loopback.

``python -m tests.kafka_server`` fetches its jars, once a machine (40 MB).
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import tomllib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

from etl.errors import PlatformError
from etl.model.connection import Connection
from etl.spark.jars import Jar, at_hand
from etl.spark.java import find
from etl.spark.jvm import java_class
from tests.s3_server import NoServerError, _free_port

JARS = Path(__file__).with_name("kafka_broker.toml")
JAVA = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
START_SECONDS = 90
SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={directory}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.enable=false
"""


@define
class Kafka:
    """A running broker."""

    port: int
    directory: Path
    java: Path
    jars: str
    process: subprocess.Popen[bytes] | None = None
    clients: dict[str, Any] = field(factory=dict)

    @property
    def connection(self) -> Connection:
        """How it is reached; who waits for it does so for a few seconds."""
        soon = {"default.api.timeout.ms": "4000", "request.timeout.ms": "3000"}
        return Connection(url=f"kafka://127.0.0.1:{self.port}", properties=soon)

    def start(self) -> None:
        """Start the broker, and wait until it listens."""
        words = [str(self.java), *JAVA, "-cp", self.jars, "kafka.Kafka", str(self.directory / "server.properties")]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.directory)
        end = time.monotonic() + START_SECONDS
        while not _listens(self.port):
            assert self.process.poll() is None, (self.directory / "log").read_text(errors="replace")[-2000:]
            assert time.monotonic() < end, "the broker does not listen"
            time.sleep(0.1)

    def kill(self) -> None:
        """End the broker as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def topic(self, spark: Any, partitions: int = 2) -> str:
        """Make a topic that nobody has and return its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        new = java_class(spark, "org.apache.kafka.clients.admin.NewTopic")(name, partitions, 1)
        self._admin(spark).createTopics(_listed(spark, [new])).all().get()
        return name

    def add_partitions(self, spark: Any, topic: str, count: int) -> None:
        """Give a topic so many partitions."""
        new = java_class(spark, "org.apache.kafka.clients.admin.NewPartitions").increaseTo(count)
        said = java_class(spark, "java.util.HashMap")()
        said.put(topic, new)
        self._admin(spark).createPartitions(said).all().get()

    def delete_before(self, spark: Any, topic: str, partition: int, offset: int) -> None:
        """Delete a partition's records before an offset, as retention does."""
        said = java_class(spark, "java.util.HashMap")()
        before = _before(spark, offset)
        said.put(java_class(spark, "org.apache.kafka.common.TopicPartition")(topic, partition), before)
        self._admin(spark).deleteRecords(said).all().get()

    def send(self, spark: Any, topic: str, *values: str | None, partition: int = 0, key: str | None = None) -> None:
        """Append records to a partition, in this order."""
        producer = self._client(spark, "producer.KafkaProducer")
        for each in _records(spark, topic, values, partition, key):
            producer.send(each)
        producer.flush()

    @contextmanager
    def transaction(self, spark: Any) -> Iterator[Any]:
        """Give a producer in an open transaction; the block ends it."""
        names = {"transactional.id": uuid.uuid4().hex}
        producer = java_class(spark, "org.apache.kafka.clients.producer.KafkaProducer")(self._properties(spark, names))
        producer.initTransactions()
        producer.beginTransaction()
        try:
            yield producer
        finally:
            producer.close()

    def _admin(self, spark: Any) -> Any:
        if "admin" not in self.clients:
            admin = java_class(spark, "org.apache.kafka.clients.admin.Admin")
            self.clients["admin"] = admin.create(self._properties(spark, {}))
        return self.clients["admin"]

    def _client(self, spark: Any, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = java_class(spark, f"org.apache.kafka.clients.{name}")(self._properties(spark, {}))
        return self.clients[name]

    def _properties(self, spark: Any, more: Mapping[str, str]) -> Any:
        said = java_class(spark, "java.util.Properties")()
        serializer = "org.apache.kafka.common.serialization.StringSerializer"
        given = {"key.serializer": serializer, "value.serializer": serializer, "linger.ms": "20"} | dict(more)
        for key, value in (given | {"bootstrap.servers": f"127.0.0.1:{self.port}"}).items():
            said.setProperty(key, value)
        return said


def _records(spark: Any, topic: str, values: Sequence[str | None], partition: int, key: str | None) -> Iterator[Any]:
    record = java_class(spark, "org.apache.kafka.clients.producer.ProducerRecord")
    number = java_class(spark, "java.lang.Integer").valueOf(partition)
    for value in values:
        yield record(topic, number, key, value)


def _before(spark: Any, offset: int) -> Any:
    """Call ``RecordsToDelete.beforeOffset``, which py4j cannot tell from the getter of that name."""
    loader = spark._jsparkSession.sharedState().jarClassLoader()
    kind = loader.loadClass("org.apache.kafka.clients.admin.RecordsToDelete")
    (method,) = [each for each in kind.getMethods() if each.getName() == "beforeOffset" and each.getParameterCount()]
    given = spark.sparkContext._gateway.new_array(spark.sparkContext._jvm.java.lang.Object, 1)
    given[0] = offset
    return method.invoke(None, given)


def _listed(spark: Any, values: Sequence[Any]) -> Any:
    listed = java_class(spark, "java.util.ArrayList")()
    for value in values:
        listed.add(value)
    return listed


def fetched() -> str:
    """Return the broker's class path, fetching what of it is not there.

    Raises:
        NoServerError: a jar cannot be fetched.
    """
    jars = [Jar(**each) for each in tomllib.loads(JARS.read_text())["jar"]]
    try:
        return ":".join(str(jar) for jar in at_hand(tuple(jars), {**os.environ, "ETL_JARS_DIR": ""}))
    except PlatformError as error:
        raise NoServerError(f"no Kafka for tests: {error}") from error


@contextmanager
def serving() -> Iterator[Kafka]:
    """Run a broker; it ends with the block.

    Raises:
        NoServerError: its jars cannot be fetched.
    """
    import pyspark

    jars, directory = fetched(), Path(tempfile.mkdtemp(prefix="headrace-kafka-"))
    server = Kafka(_free_port(), directory, find(pyspark.__version__, os.environ).home / "bin" / "java", jars)
    settings = directory / "server.properties"
    settings.write_text(SETTINGS.format(port=server.port, controller=_free_port(), directory=directory))
    name = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    words = [str(server.java), *JAVA, "-cp", jars, "kafka.tools.StorageTool", "format", "-t", name, "-c", str(settings)]
    try:
        subprocess.run(words, check=True, capture_output=True)
        server.start()
        yield server
    finally:
        for client in server.clients.values():
            client.close(java_duration(client))
        if server.process is not None and server.process.poll() is None:
            server.kill()
        shutil.rmtree(directory, ignore_errors=True)


def java_duration(client: Any) -> Any:
    """Return no time at all: the broker may be gone."""
    from pyspark import SparkContext

    return SparkContext._active_spark_context._jvm.java.time.Duration.ZERO


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    fetched()
