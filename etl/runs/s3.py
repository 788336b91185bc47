"""Objects in an S3 bucket, below a prefix. Every change is one conditional request, and S3 lets one of several win.

A version is the object's ETag: of an object that is not encrypted with a KMS key it is a digest of its bytes.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import field, frozen

from etl.aws.access import s3_client
from etl.aws.failures import code_of, condition
from etl.errors import ConfigError, ConflictError, PlatformError
from etl.model.s3 import S3, S3Settings, is_express
from etl.runs.objects import Entry, Stored, checked, checked_prefix, is_key, settled

PAGE = 1000  # keys that S3 lists at a request
TRIES, PATIENCE = 8, 60  # then a request is given up; seconds after which none is begun anew
ABSENT = frozenset({"NoSuchKey", "404"})
REFUSED = frozenset({"PreconditionFailed", "412"})


def open_bucket(root: str, settings: S3Settings) -> S3Store:
    """Return the store below ``s3://bucket/prefix``; nobody is asked yet.

    Raises:
        ConfigError: a directory bucket.
        PlatformError: boto3 is not installed, no such profile, no such endpoint.
    """
    if is_express(root):
        raise ConfigError(
            f"{root} is a directory bucket (S3 Express One Zone), which lists keys in no order: no state and no "
            "artifacts can lie there",
            remedy="use a general purpose bucket",
        )
    bucket, _, prefix = root.partition("://")[2].partition("/")
    payer = {"RequestPayer": "requester"} if settings.requester_pays else {}
    key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key} if settings.kms_key else {}
    prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    return S3Store(
        bucket=bucket, prefix=prefix, client=_client(settings, _variables()), asking=payer, writing=payer | key
    )


@lru_cache(maxsize=8)
def _client(settings: S3Settings, _: frozenset[tuple[str, str]]) -> Any:
    """Return a process's client: a command looks at the artifacts of many runs, and each new one costs 80 ms of CPU."""
    return s3_client(settings)


def _variables() -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))


@frozen(kw_only=True)
class S3Store:
    """Objects in a bucket. See ``ObjectStore`` for what each method promises, and ``etl.aws.failures`` for its errors.

    Args:
        bucket: its name.
        prefix: what every key starts with there; empty, or it ends with a slash.
        client: boto3's.
        asking: arguments of every request.
        writing: arguments of every write.
    """

    bucket: str
    prefix: str
    client: Any = field(eq=False, repr=False)
    asking: Mapping[str, str] = field(factory=dict, hash=False)
    writing: Mapping[str, str] = field(factory=dict, hash=False)

    def get(self, key: str) -> Stored | None:
        """Return the object, or None when there is none."""

        def read() -> Stored:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._name(key), **self.asking)
            with closing(answer["Body"]) as body:
                return Stored(body.read(), answer["ETag"])

        found: Stored | None = self._asked(key, read, ABSENT)
        return found

    def put_if(self, key: str, body: bytes, version: str | None) -> str:
        """Write the object if its version is still this one (None: if there is none) and return the new version.

        Raises:
            ConflictError: somebody else wrote first. Where the answer to this write was lost and somebody has written
                since, it had landed all the same, and they have read it.
        """
        only = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}

        def write() -> Any:
            return self.client.put_object(Bucket=self.bucket, Key=self._name(key), Body=body, **only, **self.writing)

        done = self._asked(key, write, ABSENT | REFUSED)
        return settled(key, body, self.get(key)) if done is None else str(done["ETag"])

    def put_file(self, key: str, file: Path, sha256: str) -> bool:
        """Write a file of up to 5 GB under a key that has none; S3 verifies its digest. False where just it was there.

        Args:
            key: its key.
            file: it is sent in pieces, and never held in memory.
            sha256: of its bytes, in hex.

        Raises:
            PlatformError: another file has this key; it stays.
        """
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()

        def write() -> Any:
            with file.open("rb") as body:
                return self.client.put_object(
                    Bucket=self.bucket,
                    Key=self._name(key),
                    Body=body,
                    IfNoneMatch="*",
                    ChecksumSHA256=digest,
                    **self.writing,
                )

        if self._asked(key, write, REFUSED) is not None:
            return True
        there = self._asked(
            key,
            lambda: self.client.head_object(
                Bucket=self.bucket, Key=self._name(key), ChecksumMode="ENABLED", **self.asking
            ),
        )
        found = there.get("ChecksumSHA256") or self._digest(key)
        if found != digest:
            raise PlatformError(
                f"{S3}{self.bucket}/{self.prefix}{key} is another file: its sha256 is {base64.b64decode(found).hex()}",
                remedy="nothing was replaced; see who has put it there, and delete it",
            )
        return False

    def _digest(self, key: str) -> str:
        """Return the digest of an object that was written without one."""
        stored = self.get(key)
        return base64.b64encode(hashlib.sha256(stored.body if stored else b"").digest()).decode()

    def list(self, prefix: str, after: str | None = None, limit: int | None = None) -> Iterator[Entry]:
        """Yield the objects whose keys start with ``prefix``, sorted by key; a request for each thousand."""
        start = {"StartAfter": self.prefix + after} if after else {}
        size = min(limit or PAGE, PAGE)
        return islice(self._entries(checked_prefix(prefix), {"MaxKeys": size, **start}), limit)

    def delete(self, key: str, version: str | None) -> None:
        """Remove the object if its version is still this one (None: whatever it is); no object is fine too.

        Raises:
            ConflictError: the object was written since; it stays.
        """
        only = {} if version is None else {"IfMatch": version}

        def remove() -> Any:
            return self.client.delete_object(Bucket=self.bucket, Key=self._name(key), **only, **self.asking)

        if self._asked(key, remove, ABSENT | REFUSED) is None and self.get(key) is not None:
            raise ConflictError(f"object {key} was written by somebody else and is not deleted")

    def _entries(self, prefix: str, options: dict[str, Any]) -> Iterator[Entry]:
        def page() -> Any:
            return self.client.list_objects_v2(
                Bucket=self.bucket, Prefix=self.prefix + prefix, **options, **self.asking
            )

        while True:
            answer = self._asked(prefix, page)
            for entry in answer.get("Contents", ()):
                key = entry["Key"].removeprefix(self.prefix)
                if is_key(key):  # no marker of a folder, nor what somebody else has put there
                    yield Entry(key, entry["Size"], entry["LastModified"])
            if not answer.get("IsTruncated"):
                return
            options["ContinuationToken"] = answer["NextContinuationToken"]

    def _asked(self, key: str, request: Callable[[], Any], nothing: frozenset[str] = frozenset()) -> Any:
        """Make a request and return what it gives, None where it is refused with one of these codes.

        What passes by itself is tried again. The SDK does so too, but its allowance for that is one for a whole
        process, and a long run on a bad way uses it up.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        begun, attempt = time.monotonic(), 0
        while True:
            try:
                return request()
            except (BotoCoreError, ClientError, HTTPError) as error:
                if isinstance(error, ClientError) and code_of(error)[0] in nothing:
                    return None
                told = condition(error, f"{S3}{self.bucket}/{self.prefix}{key}")
                if not told.retryable or attempt >= TRIES or time.monotonic() - begun > PATIENCE:
                    raise told from error
            time.sleep(random.random() * min(0.1 * 2**attempt, 8))  # noqa: S311 it parts those who collided
            attempt += 1

    def _name(self, key: str) -> str:
        return self.prefix + checked(key)
