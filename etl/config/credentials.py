"""Credentials never stand in configuration: a reference does, and it is resolved on the driver when it is used."""

from __future__ import annotations

import re
from itertools import pairwise

REFERENCES = ("secretsmanager://", "ssm://", "env://")
EXAMPLES = ("secretsmanager://name#key", "ssm://name", "env://NAME")

_WORDS = frozenset({"password", "passwd", "pwd", "secret", "token", "apikey", "accesskey", "secretkey", "privatekey"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
# user:password@ after a scheme, but not host:5432/…@; a secret key may hold slashes.
_USERINFO = re.compile(r"://[^\s:@/]+:(?!\d{1,5}/)[^\s@]+@")
_PARAMETER = re.compile(r"(?i)([?&;](?:password|passwd|pwd|secret|token|[a-z_-]*key)=)([^&;\s\"']+)")
_SETTING = re.compile(r"""^\s*([\w."'-]+)\s*=\s*\S.*""")


def is_secret_name(key: str) -> bool:
    """Return True if a key of this name holds a credential: ``db_password``, ``fs.s3a.secret.key``, ``apiToken``."""
    words = [word.lower() for word in _WORD.findall(key)]
    return any(word in _WORDS for word in words) or any(a + b in _WORDS for a, b in pairwise(words))


def is_literal_secret(key: str, value: object) -> bool:
    """Return True if ``value`` is a credential written out: under a secret's name, or inside a URI."""
    if not isinstance(value, str) or not value or value.startswith(REFERENCES):
        return False
    return is_secret_name(key) or bool(_USERINFO.search(value) or _PARAMETER.search(value))


def redacted(text: str) -> str:
    """Return a line of text without the credentials in it."""
    setting = _SETTING.match(text)
    if setting and is_secret_name(setting[1]):
        return f"{setting[1]} = ***"
    return _PARAMETER.sub(r"\1***", _USERINFO.sub("://***@", text))
