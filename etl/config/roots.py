"""Roots of zones: where datasets live, in one spelling."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from etl.config.refusal import RefusedError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def read_root(text: str) -> str:
    """Check the root of a zone and bring it to one spelling: ``s3a`` and ``s3n`` become ``s3``, no trailing slash.

    Raises:
        RefusedError: another scheme, a bucket's name that S3 does not allow, blanks around it, ``..``, ``${…}``,
            nothing at all.
    """
    if not text or text != text.strip():
        raise RefusedError(f"root {text!r} is empty or has blanks around it")
    if "${" in text:
        raise RefusedError(
            f"root {text!r} is no place: configuration fills in no variables",
            "write the place, here or in conf/env/<environment>.toml",
        )
    scheme, colon, rest = text.partition(":")
    if not colon or "/" in scheme:
        if ".." in text.split("/"):
            raise RefusedError(f"root {text!r} leaves its directory by ..")
        return text.rstrip("/") or "/"
    if scheme == "file" and rest.startswith("/"):
        if rest.startswith("//") and not rest.startswith("///"):
            host, _, folder = rest[2:].partition("/")
            raise RefusedError(
                f"root {text!r} names the host {host!r}", f"write file:///{host}/{folder} or a local path"
            )
        return "/" + rest.strip("/")
    if scheme not in {"s3", "s3a", "s3n"}:
        raise RefusedError(f"root {text!r} has scheme {scheme!r}", "write s3://bucket/path or a local path")
    if not rest.startswith("//"):
        raise RefusedError(f"root {text!r} has one slash after the scheme", f"write s3://{rest.lstrip('/')}")
    bucket, _, key = rest[2:].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise RefusedError(
            f"root {text!r}: {bucket!r} is no bucket's name", "3 to 63 lower-case letters, digits, dots and hyphens"
        )
    return f"s3://{bucket}/{key}".rstrip("/")


def read_relative(text: str) -> str:
    """Check a dataset's path below its zone's root.

    Raises:
        RefusedError: absolute, a URI, ``..``, blanks around it, nothing at all.
    """
    parts = text.split("/")
    if not text or text != text.strip() or "://" in text or not all(parts) or {"..", "."} & set(parts):
        raise RefusedError(f"path {text!r} is not relative to the zone's root", "write name or folder/name")
    return text


def read_s3(text: str) -> str:
    """Check a URI that a service reads or writes itself; one spelling, as ``read_root`` has it.

    Raises:
        RefusedError: it is not on S3, or has a blank in it, at which spark-submit would cut it.
    """
    root = read_root(text)
    if not root.startswith("s3://") or any(letter.isspace() or letter == "," for letter in root):
        raise RefusedError(f"{text!r} is not on S3", "write s3://bucket/path, without blanks and commas")
    return root


def absolute(root: str, base: Path) -> str:
    """Return a local root without the directory it was relative to; other roots as they are."""
    return root if "://" in root else str(base / root)


Root = Annotated[str, read_root]
RelativePath = Annotated[str, read_relative]
S3Uri = Annotated[str, read_s3]
