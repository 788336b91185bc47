"""How S3 is reached: said once, for everything that keeps or reads something there."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from attrs import frozen

S3 = "s3://"  # the one spelling: configuration writes s3a and s3n so too


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query):
        raise ValueError(f"endpoint {text!r} is not http://host:port or https://host:port")
    return text.rstrip("/")


@frozen
class S3Settings:
    """How S3 is reached. What is empty here is found as every AWS SDK finds it: variables, profile, instance.

    Args:
        endpoint: ``https://host:port`` of another server than AWS's, or of a VPC endpoint.
        region: the buckets' region.
        profile: of ``~/.aws/config``, for credentials and all else that is said there.
        addressing_style: where a bucket's name stands in a request; ``auto`` is ``path`` where a server is named, and
            else ``virtual``, in the host's name.
        kms_key: objects are written encrypted with this KMS key (its ARN, id or alias); empty: as the bucket says.
        requester_pays: requests and transfer are paid by who asks, as the buckets' owner demands.
    """

    endpoint: Annotated[str, _endpoint] = ""
    region: str = ""
    profile: str = ""
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    kms_key: str = ""
    requester_pays: bool = False


def is_s3(uri: str) -> bool:
    """Say whether a root or a dataset's URI is on S3."""
    return uri.startswith(S3)


def is_express(uri: str) -> bool:
    """Say whether a URI's bucket is a directory bucket (S3 Express One Zone): its name ends in ``--x-s3``."""
    return is_s3(uri) and uri.removeprefix(S3).partition("/")[0].endswith("--x-s3")
