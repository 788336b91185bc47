"""How a session on this machine reaches S3: Hadoop's S3A under the one scheme ``s3``, as on EMR from 7.10 on.

Elsewhere the platform has its own connector and its own credentials, and nothing of this is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from etl.aws.access import has_path_style, own_endpoint, s3_client, session
from etl.aws.endpoint import lend
from etl.errors import ConfigError
from etl.model.s3 import S3Settings

CLASS = "org.apache.hadoop.fs.s3a.S3AFileSystem"
# Asks the endpoint that its environment names, with either SDK.
CREDENTIALS = "org.apache.hadoop.fs.s3a.auth.IAMInstanceCredentialsProvider"
WITHOUT_REQUESTER_PAYS = "3."  # Hadoop 3.3.4, Spark 3.5's, has no such setting

# Spark's defaults wait for minutes before they say that a server does not answer.
PATIENCE = {
    "fs.s3a.attempts.maximum": "5",
    "fs.s3a.retry.limit": "5",
    "fs.s3a.retry.throttle.limit": "10",
    "fs.s3a.connection.establish.timeout": "10000",
    "fs.s3a.connection.timeout": "60000",
}


@frozen
class Reach:
    """What a JVM needs to reach S3: settings of Spark's, and variables of its environment."""

    conf: Mapping[str, str] = field(factory=dict, hash=False)
    environment: Mapping[str, str] = field(factory=dict, hash=False)


def reach(settings: S3Settings, spark_version: str, scratch: Path) -> Reach:
    """Return how a JVM of this process reaches S3; it is lent this process's credentials.

    Args:
        settings: endpoint, region, profile …; what they leave out, AWS's default chain says.
        spark_version: of the session.
        scratch: a directory for what is being uploaded.

    Raises:
        ConfigError: requester pays, which Spark 3.5's Hadoop cannot do.
        PlatformError: no boto3, no credentials.
    """
    if settings.requester_pays and spark_version.startswith(WITHOUT_REQUESTER_PAYS):
        raise ConfigError(
            f"s3.requester_pays = true: the Hadoop of Spark {spark_version} cannot ask for it",
            remedy="install the extra 'spark4' (Spark 4.1), or run on EMR",
        )
    opened = session(settings)
    client = s3_client(settings, opened)
    conf = file_system(settings, client) | {
        "fs.s3a.aws.credentials.provider": CREDENTIALS,
        "fs.s3a.buffer.dir": str(scratch / "s3a"),
    }
    return Reach({f"spark.hadoop.{key}": value for key, value in conf.items()}, lend(opened))


def file_system(settings: S3Settings, client: Any) -> dict[str, str]:
    """Return S3A's settings for the server that a client of boto3 asks, but for credentials."""
    conf = PATIENCE | {
        "fs.s3.impl": CLASS,
        "fs.s3a.path.style.access": str(has_path_style(client)).lower(),
        # Else each write deletes the markers of the folders above it: requests that cost, and need rights.
        "fs.s3a.directory.marker.retention": "keep",
    }
    endpoint, region = own_endpoint(client), client.meta.region_name
    if endpoint:
        conf |= {"fs.s3a.endpoint": endpoint}
        conf |= {"fs.s3a.connection.ssl.enabled": str(endpoint.startswith("https:")).lower()}
    if region and region != "aws-global":
        conf |= {"fs.s3a.endpoint.region": region}
    if settings.kms_key:
        conf |= {"fs.s3a.encryption.algorithm": "SSE-KMS", "fs.s3a.encryption.key": settings.kms_key}
    if settings.requester_pays:
        conf |= {"fs.s3a.requester.pays.enabled": "true"}
    return conf
