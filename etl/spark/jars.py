"""The jars a local session needs, Delta's and those that reach S3: pinned, fetched once, verified, offline ever after.

Spark could resolve them itself (``spark.jars.packages``), but that costs seconds at every start and fails behind a
company proxy when the Java at hand trusts only its own certificates. Python trusts what the system trusts.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import ssl
import tempfile
import tomllib
import urllib.request
import zipfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import IO

from attrs import frozen

from etl.errors import PlatformError, did_you_mean
from etl.spark import cache

_TIMEOUT_SECONDS = 60
_RESOLVER_CLASS = "org/apache/ivy/plugins/resolver/IBiblioResolver.class"
_CERTIFICATE_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SYSTEM_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@frozen
class Jar:
    """One pinned jar: ``group:artifact:version``, the sha256 of its bytes and how many they are."""

    coordinates: str
    sha256: str
    size: int = 0

    @property
    def file(self) -> str:
        """Its file name in a repository and in the cache."""
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def path(self) -> str:
        """Its place below a Maven repository's root."""
        group, artifact, version = self.coordinates.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.file}"


def needs(spark_version: str) -> dict[str, tuple[Jar, ...]]:
    """Return all jars pinned for a Spark version such as ``3.5.9``, by what they are needed for; ``jar`` is Delta.

    Raises:
        PlatformError: no column is pinned for it.
    """
    column = ".".join(spark_version.split(".")[:2])
    folder = resources.files("etl.spark") / "delta_jars"
    file = folder / f"spark-{column}.toml"
    if not file.is_file():
        known = [name.name.removeprefix("spark-").removesuffix(".toml") for name in folder.iterdir()]
        raise PlatformError(
            f"no Delta jars are pinned for Spark {spark_version}; {did_you_mean(column, known)}",
            remedy="install the extra 'local' (Spark 3.5) or 'spark4' (Spark 4.1)",
        )
    return {need: tuple(Jar(**each) for each in jars) for need, jars in tomllib.loads(file.read_text()).items()}


def pinned(spark_version: str, need: str = "jar") -> tuple[Jar, ...]:
    """Return the jars pinned for a Spark version such as ``3.5.9``.

    Args:
        spark_version: as Spark says it.
        need: ``jar`` for what every session has, ``s3`` for what it reaches S3 by, ``avro`` for what it reads Avro by.

    Raises:
        PlatformError: no column is pinned for it.
    """
    return needs(spark_version).get(need, ())


def delta_jars(spark_version: str, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the Delta jars for a Spark version as verified local files, fetching what the cache lacks.

    ``ETL_JARS_DIR`` names a directory of jars fetched by other means; then nothing is ever downloaded.
    ``ETL_MAVEN_URL`` names another repository than Spark's own default.

    Raises:
        PlatformError: a jar is absent, differs from its pinned sha256, or cannot be fetched.
    """
    return at_hand(pinned(spark_version), environ)


def s3_jars(spark_version: str, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return in the same way the jars by which a Spark version reaches S3.

    Raises:
        PlatformError: as for Delta's.
    """
    return at_hand(pinned(spark_version, "s3"), environ)


def at_hand(jars: tuple[Jar, ...], environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return pinned jars as ``delta_jars`` does."""
    provided = environ.get("ETL_JARS_DIR")
    if provided:
        return tuple(_provided(jar, Path(provided)) for jar in jars)
    kept = cache.directory("jars", environ)
    return tuple(_cached(jar, kept, environ) for jar in jars)


def is_there(jar: Jar, environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether a jar needs no fetching; its bytes are looked at when it is used."""
    provided = environ.get("ETL_JARS_DIR")
    folder = Path(provided) if provided else cache.directory("jars", environ)
    return (folder / jar.file).is_file()


def _provided(jar: Jar, directory: Path) -> Path:
    file = directory / jar.file
    if not file.is_file():
        raise PlatformError(
            f"ETL_JARS_DIR={directory} lacks {jar.file}",
            remedy=f"put {jar.coordinates} (sha256 {jar.sha256}) there, or unset ETL_JARS_DIR to have it fetched",
        )
    actual = _sha256(file)
    if actual != jar.sha256:
        raise _mismatch(jar, actual, str(file), "replace the file, or unset ETL_JARS_DIR to have it fetched")
    return file


def _cached(jar: Jar, kept: Path, environ: Mapping[str, str]) -> Path:
    file = kept / jar.file
    # Hashed at every start: it costs some 20 ms, and a file cut short by a full disk costs an afternoon.
    if not (file.is_file() and _sha256(file) == jar.sha256):
        url = f"{_repository(environ).rstrip('/')}/{jar.path}"
        try:
            kept.mkdir(parents=True, exist_ok=True)
            _fetch(jar, url, file, environ)
        except OSError as error:  # URLError, ssl.SSLError, timeouts and a full disk alike
            raise PlatformError(
                f"cannot fetch {jar.coordinates} from {url} into {kept}: {error}",
                remedy="try again (what was fetched is kept), set ETL_MAVEN_URL to a mirror,"
                " or fetch it elsewhere and set ETL_JARS_DIR to its directory",
            ) from error
    return file


def _fetch(jar: Jar, url: str, file: Path, environ: Mapping[str, str]) -> None:
    if not url.startswith(("https://", "http://")):
        raise PlatformError(f"ETL_MAVEN_URL must begin with https:// or http://, got {url!r}")
    request = urllib.request.Request(url, headers={"User-Agent": "headrace"})
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f"{jar.file}.", delete=False) as part:
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=_certificates(environ)) as answer:
                actual = _copy(answer, part)
            if actual != jar.sha256:
                raise _mismatch(jar, actual, url, "something between here and the repository changed it: try a mirror")
            part.close()
            Path(part.name).replace(file)
        finally:
            Path(part.name).unlink(missing_ok=True)


def _copy(source: IO[bytes], sink: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(1 << 20):
        digest.update(block)
        sink.write(block)
    return digest.hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _mismatch(jar: Jar, actual: str, where: str, remedy: str) -> PlatformError:
    return PlatformError(f"{where} is not {jar.coordinates}: sha256 {actual}, pinned {jar.sha256}", remedy=remedy)


def _repository(environ: Mapping[str, str]) -> str:
    """Return ``ETL_MAVEN_URL``, or the repository Spark's own resolver falls back to; none is written down here."""
    configured = environ.get("ETL_MAVEN_URL")
    if configured:
        return configured
    found = importlib.util.find_spec("pyspark")
    for location in found.submodule_search_locations or () if found else ():
        for ivy in sorted(Path(location).glob("jars/ivy-*.jar")):
            with zipfile.ZipFile(ivy) as archive:
                url = re.search(rb"https://[\w./-]+/maven2/", archive.read(_RESOLVER_CLASS))
            if url:
                return url.group().decode()
    raise PlatformError(
        "the installed pyspark names no jar repository",
        remedy="set ETL_MAVEN_URL to a Maven repository, or ETL_JARS_DIR to a directory that holds the Delta jars",
    )


def _certificates(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Trust what the system and pip trust: whoever could install Headrace can fetch its jars."""
    context = ssl.create_default_context()
    named = [environ[name] for name in _CERTIFICATE_VARIABLES if environ.get(name)]
    system = () if context.cert_store_stats()["x509_ca"] else _SYSTEM_CERTIFICATES
    for file in (*named, *system):
        if Path(file).is_file():
            context.load_verify_locations(cafile=file)
    return context
