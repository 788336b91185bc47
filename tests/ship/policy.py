"""What an IAM policy allows of the requests that an S3 server has logged: statements that allow, and one condition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

# Of an operation, where its name is not the action's; parts of an upload are allowed with the object.
ACTIONS = {
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "ListObjects": "ListBucket",
    "HeadBucket": "ListBucket",
    "DeleteObjects": "DeleteObject",
    "CopyObject": "PutObject",  # and GetObject of what lies beside it
    "UploadPartCopy": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}
_LINE = re.compile(
    r"^\S+ (?P<bucket>\S+) \[.*?\] \S+ \S+ \S+ s3_(?P<operation>\w+) .* (?P<uri>/\S*) (?P<status>\d{3}) "
)
Request = tuple[str, str, str]


def requests(log: str) -> list[Request]:
    """Return each request of a log once: its action, its resource, and the prefix that a listing asked for."""
    return list(dict.fromkeys(_requests(log)))


def _requests(log: str) -> Iterator[Request]:
    for line in log.splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        parts = urlsplit(found["uri"])
        key = unquote(parts.path).removeprefix(f"/{found['bucket']}").lstrip("/")
        action = f"s3:{ACTIONS.get(found['operation'], found['operation'])}"
        prefix = parse_qs(parts.query).get("prefix", [""])[0]
        if found["operation"] != "DeleteObjects":  # its keys are in its body
            yield action, f"arn:aws:s3:::{found['bucket']}" + (f"/{key}" if key else ""), prefix


def allows(policy: Mapping[str, Any], action: str, resource: str, prefix: str) -> bool:
    """Say whether a policy allows a request."""
    return any(
        action in statement["Action"]
        and any(fnmatchcase(resource, each) for each in statement["Resource"])
        and _holds(statement.get("Condition"), prefix)
        for statement in policy["Statement"]
    )


def _holds(condition: Mapping[str, Any] | None, prefix: str) -> bool:
    return condition is None or any(fnmatchcase(prefix, each) for each in condition["StringLike"]["s3:prefix"])
