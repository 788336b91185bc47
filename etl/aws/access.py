"""Clients and credentials by AWS's default chain: variables, profile, SSO, a role to assume, container, instance."""

from __future__ import annotations

import re
from typing import Any

from etl.errors import PlatformError
from etl.model.s3 import S3Settings

LOGIN = "check with `aws sts get-caller-identity`; log in again, or name a profile in s3.profile or AWS_PROFILE"
AWS = re.compile(r"https://s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?")
LIMITS = {"connect_timeout": 10, "read_timeout": 60, "retries": {"mode": "standard", "total_max_attempts": 3}}


def session(settings: S3Settings) -> Any:
    """Return a boto3 session of the configured profile and region.

    Raises:
        PlatformError: boto3 is not installed, or there is no such profile.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as error:
        raise PlatformError(
            f"S3 needs boto3, and Python has no module {error.name}", remedy="pip install 'headrace[aws]'"
        ) from None
    try:
        return boto3.session.Session(profile_name=settings.profile or None, region_name=settings.region or None)
    except BotoCoreError as error:
        raise PlatformError(
            f"AWS's configuration cannot be used: {error}",
            remedy="`aws configure list-profiles` shows the profiles; name one in s3.profile or AWS_PROFILE",
        ) from error


def s3_client(settings: S3Settings, opened: Any = None) -> Any:
    """Return a client of S3, safe for threads; it has asked nobody yet.

    Args:
        settings: how S3 is reached.
        opened: the session to make it in, if there is one already.

    Raises:
        PlatformError: see ``session``; or the endpoint is none.
    """
    opened = opened or session(settings)
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    style = {} if settings.addressing_style == "auto" else {"s3": {"addressing_style": settings.addressing_style}}
    try:
        return opened.client("s3", endpoint_url=settings.endpoint or None, config=Config(**LIMITS, **style))
    except (BotoCoreError, ValueError) as error:
        raise PlatformError(
            f"no client of S3: {error}", remedy="check [s3] in conf/, the AWS_ variables and ~/.aws/config"
        ) from error


def own_endpoint(client: Any) -> str:
    """Return the server that a client of S3 was told to ask, in whatever way; empty for AWS's own of a region."""
    address: str = client.meta.endpoint_url
    return "" if AWS.fullmatch(address) else address


def has_path_style(client: Any) -> bool:
    """Say whether a bucket's name stands in the path: asked for, or on a server that was named, as botocore has it."""
    style = (client.meta.config.s3 or {}).get("addressing_style", "auto")
    return bool(style == "path" or (style != "virtual" and own_endpoint(client)))
