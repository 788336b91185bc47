import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from etl.errors import PlatformError
from etl.spark import jars

CONTENT = {"delta-spark-1.0.jar": b"one", "delta-storage-1.0.jar": b"two"}


class Repository(ThreadingHTTPServer):
    """A Maven repository on this machine that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.asked = dict(CONTENT), []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/maven2"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.content.get(self.path.rsplit("/", 1)[1])
        self.send_response(200 if body is not None else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def two_jars(monkeypatch):
    pinned = tuple(
        jars.Jar(f"io.delta:{file.removesuffix('-1.0.jar')}:1.0", hashlib.sha256(body).hexdigest())
        for file, body in CONTENT.items()
    )
    monkeypatch.setattr(jars, "pinned", lambda _version: pinned)
    return pinned


def test_each_column_pins_the_same_two_artifacts_by_sha256():
    for version in ("3.5.9", "4.1.4"):
        pinned = jars.pinned(version)

        assert [jar.coordinates.split(":")[1].split("_")[0] for jar in pinned] == ["delta-spark", "delta-storage"]
        assert all(len(jar.sha256) == 64 for jar in pinned)


def test_a_spark_without_pinned_jars_is_refused_with_those_that_have_some():
    with pytest.raises(PlatformError, match=r"Spark 3\.3\.0") as caught:
        jars.pinned("3.3.0")

    assert "3.5" in caught.value.message


def test_jars_are_fetched_once_and_then_without_a_network(tmp_path, repository, two_jars):
    environ = {"XDG_CACHE_HOME": str(tmp_path), "ETL_MAVEN_URL": repository.url}
    first = jars.delta_jars("3.5.9", environ)

    second = jars.delta_jars("3.5.9", {"XDG_CACHE_HOME": str(tmp_path), "ETL_MAVEN_URL": "http://127.0.0.1:9"})

    assert first == second
    assert [file.read_bytes() for file in second] == [b"one", b"two"]
    assert repository.asked == [f"/maven2/{jar.path}" for jar in two_jars]


def test_a_jar_that_is_not_the_pinned_one_is_not_kept(tmp_path, repository, two_jars):
    repository.content["delta-storage-1.0.jar"] = b"something else"

    with pytest.raises(PlatformError, match="delta-storage"):
        jars.delta_jars("3.5.9", {"XDG_CACHE_HOME": str(tmp_path), "ETL_MAVEN_URL": repository.url})

    assert [file.name for file in (tmp_path / "headrace" / "jars").iterdir()] == ["delta-spark-1.0.jar"]


def test_a_damaged_jar_in_the_cache_is_fetched_again(tmp_path, repository, two_jars):
    environ = {"XDG_CACHE_HOME": str(tmp_path), "ETL_MAVEN_URL": repository.url}
    spark, _ = jars.delta_jars("3.5.9", environ)
    spark.write_bytes(b"on")

    jars.delta_jars("3.5.9", environ)

    assert spark.read_bytes() == b"one"


def test_without_a_network_the_error_says_what_to_fetch_and_where_to_put_it(tmp_path, two_jars):
    with pytest.raises(PlatformError) as caught:
        jars.delta_jars("3.5.9", {"XDG_CACHE_HOME": str(tmp_path), "ETL_MAVEN_URL": "http://127.0.0.1:9"})

    assert two_jars[0].coordinates in caught.value.message
    assert "ETL_JARS_DIR" in caught.value.remedy


def test_a_directory_of_jars_is_used_without_asking_anyone(tmp_path, repository, two_jars):
    for name, body in CONTENT.items():
        (tmp_path / name).write_bytes(body)

    found = jars.delta_jars("3.5.9", {"ETL_JARS_DIR": str(tmp_path), "ETL_MAVEN_URL": repository.url})

    assert found == (tmp_path / "delta-spark-1.0.jar", tmp_path / "delta-storage-1.0.jar")
    assert repository.asked == []


def test_a_directory_that_lacks_a_jar_is_refused_not_completed(tmp_path, repository, two_jars):
    (tmp_path / "delta-spark-1.0.jar").write_bytes(b"one")

    with pytest.raises(PlatformError, match=r"lacks delta-storage-1\.0\.jar"):
        jars.delta_jars("3.5.9", {"ETL_JARS_DIR": str(tmp_path), "ETL_MAVEN_URL": repository.url})

    assert repository.asked == []


def test_a_repository_that_is_not_on_the_web_is_refused(tmp_path, two_jars):
    with pytest.raises(PlatformError, match="ETL_MAVEN_URL"):
        jars.delta_jars("3.5.9", {"XDG_CACHE_HOME": str(tmp_path), "ETL_MAVEN_URL": "file:///etc"})


@pytest.mark.spark
def test_the_default_repository_is_the_one_sparks_own_resolver_names():
    pytest.importorskip("pyspark")

    assert jars._repository({}).startswith("https://")
    assert jars._repository({"ETL_MAVEN_URL": "http://mirror"}) == "http://mirror"


def test_each_column_pins_what_reaches_s3_with_its_own_hadoop_and_says_how_much_that_is():
    for version, hadoop, most in (("3.5.9", "3.3.4", 6_000_000), ("4.1.4", "3.4.2", 10_000_000)):
        pinned = jars.pinned(version, "s3")

        assert pinned[0].coordinates == f"org.apache.hadoop:hadoop-aws:{hadoop}"
        assert 5_000_000 < sum(jar.size for jar in pinned) < most
        assert all(len(jar.sha256) == 64 for jar in pinned)
