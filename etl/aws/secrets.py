"""Secrets by where they lie: read on the driver, when they are used, and never before."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from etl.aws.access import session
from etl.aws.failures import condition
from etl.errors import ConfigError, PlatformError
from etl.model.s3 import S3Settings

REFERENCE = re.compile(r"(env|ssm|secretsmanager)://([^#]+)(?:#(.+))?")
FORMS = "env://NAME, ssm://name, secretsmanager://name or secretsmanager://name#key"


def is_reference(text: str) -> bool:
    """Say whether a text names a place where a secret lies."""
    return REFERENCE.fullmatch(text) is not None


def resolve(
    reference: str,
    settings: S3Settings | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    client: Callable[[str], Any] | None = None,
) -> str:
    """Return the secret that lies at a place.

    ``secretsmanager://name#key`` takes one key of a JSON secret. A name that is an ARN is asked in its own region.

    Args:
        reference: where it lies.
        settings: how AWS is reached.
        environ: the variables of ``env://``.
        client: a service to a client of boto3's, where not by ``settings``.

    Raises:
        ConfigError: the text is no reference, or a key is not in the secret.
        PlatformError: nothing lies there, or it may not be read. No secret is in any of the texts.
    """
    found = REFERENCE.fullmatch(reference)
    if not found:
        raise ConfigError("a secret is not said by where it lies", remedy=f"write {FORMS}")
    kind, name, key = found.groups()
    if kind == "env":
        if name not in environ:
            raise PlatformError(f"{reference}: the variable {name} is not set", remedy=f"export {name}=…")
        return environ[name]
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 6 else None  # noqa: PLR2004 an ARN's parts
    asked = client or (lambda service: session(settings or S3Settings()).client(service, region_name=region))
    text = _read(kind, name, reference, asked)
    return _keyed(text, key, reference) if key else text


def _read(kind: str, name: str, reference: str, client: Callable[[str], Any]) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        if kind == "ssm":
            return str(client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        answer = client("secretsmanager").get_secret_value(SecretId=name)
    except (BotoCoreError, ClientError) as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        if code in {"ParameterNotFound", "ResourceNotFoundException"}:
            raise PlatformError(f"{reference}: nothing lies there", remedy="check name, account and region") from None
        raise condition(error, reference) from error
    if "SecretString" not in answer:
        raise PlatformError(f"{reference}: the secret is bytes, not text")
    return str(answer["SecretString"])


def _keyed(text: str, key: str, reference: str) -> str:
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ConfigError(f"{reference}: the secret is no JSON object, so it has no keys", remedy="leave out #…")
    if key not in said:
        raise ConfigError(f"{reference}: the secret has no key {key!r}; it has {', '.join(sorted(said))}")
    return str(said[key])
