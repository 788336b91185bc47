"""Where preconditions look: folders of this machine, objects on S3, services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import field, frozen

from etl.aws.secrets import resolve
from etl.errors import UnknownNameError
from etl.model.connection import Connection
from etl.model.s3 import S3, S3Settings


def _no_connection(name: str) -> Connection:
    raise UnknownNameError(f"no connection {name!r}", name, ())


@frozen(kw_only=True)
class Context:
    """What a question may need.

    Args:
        render: fills the interval into a text.
        folder: a dataset's ``zone.name`` to its folder.
        s3: how S3 is reached.
        client: a service and a region (empty for the configured one) to a client of boto3's.
        connection: the name of a database to how it is reached.
        secret: where a secret lies to what it is.
    """

    render: Callable[[str], str]
    folder: Callable[[str], str]
    s3: S3Settings = field(factory=S3Settings)
    client: Callable[[str, str], Any] | None = None
    connection: Callable[[str], Connection] = _no_connection
    secret: Callable[[str], str] = resolve

    def service(self, name: str, region: str = "") -> Any:
        """Return a client of a service."""
        from etl.aws.access import session

        if self.client:
            return self.client(name, region)
        return session(self.s3).client(name, region_name=region or None)

    def objects(self) -> Any:
        """Return a client of S3."""
        from etl.aws.access import s3_client

        return self.client("s3", "") if self.client else s3_client(self.s3)


def beginning_with(uri: str, context: Context, *, exact: bool = False) -> Iterator[str]:
    """Yield the objects, or the files, whose name begins so, in order; with ``exact`` at least the one of that name."""
    if not uri.startswith(S3):
        yield from _files(uri)
        return
    from botocore.exceptions import BotoCoreError, ClientError

    from etl.aws.failures import condition

    bucket, _, prefix = uri.removeprefix(S3).partition("/")
    client = context.objects()
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                if not found["Key"].endswith("/"):  # a folder that a console made
                    yield f"{S3}{bucket}/{found['Key']}"
            if exact:
                return  # the key itself comes before all that it begins
    except (BotoCoreError, ClientError) as error:
        raise condition(error, uri) from error


def _files(path: str) -> Iterator[str]:
    if Path(path).is_file():
        yield path
    elif path.endswith("/") or Path(path).is_dir():
        yield from sorted(str(file) for file in Path(path).rglob("*") if file.is_file())
    else:
        yield from sorted(str(file) for file in Path(path).parent.glob(f"{Path(path).name}*") if file.is_file())


def read(key: str, context: Context) -> str:
    """Return the text of an object or a file."""
    if not key.startswith(S3):
        return Path(key).read_text()
    from botocore.exceptions import BotoCoreError, ClientError

    from etl.aws.failures import condition

    bucket, _, name = key.removeprefix(S3).partition("/")
    client = context.objects()
    try:
        return str(client.get_object(Bucket=bucket, Key=name)["Body"].read().decode())
    except (BotoCoreError, ClientError) as error:
        raise condition(error, key) from error
