"""How a database or a message broker is reached: said once, for all datasets that are tables or topics there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from attrs import field, frozen

VENDORS = ("postgresql", "mysql", "mariadb")
KAFKA, KINESIS, DYNAMODB, REDSHIFT = "kafka", "kinesis", "dynamodb", "redshift"
PUBLISHES = "headrace_publishes"  # the table, beside a target's own, that says what was published to it
_URL = re.compile(
    r"jdbc:(?P<vendor>[a-z]+):.+|kafka://(?P<servers>[^/@,\s]+:\d+(?:,[^/@,\s]+:\d+)*)"
    r"|(?P<service>kinesis|dynamodb|redshift)://(?P<region>[a-z0-9-]+)(?:/(?P<database>[^/?#\s]+))?"
)
_SECRET = re.compile(r"(?:env|ssm|secretsmanager)://.+")
_IN_URL = re.compile(r"[?&;](?:user|password|pwd|passwd)=|//[^/@]+:[^/@]+@", re.IGNORECASE)
FORMS = "env://NAME, ssm://name, secretsmanager://name#key"


def _url(text: str) -> str:
    found = _URL.fullmatch(text)
    known = found and found["vendor"] in (*VENDORS, None)
    if not found or not known or bool(found["database"]) != (found["service"] == REDSHIFT):
        raise ValueError(
            "is no address of a database or broker that is known here: "
            f"jdbc:{'|'.join(VENDORS)}://host:port/name, kafka://host:9092,host:9092, "
            "kinesis://region, dynamodb://region, redshift://region/database"
        )
    if _IN_URL.search(text):
        raise ValueError("holds a user or a password: write user and password beside it, as references")
    return text


def _password(text: str) -> str:
    if text and not _SECRET.fullmatch(text):
        raise ValueError(f"is no reference: write where the secret lies, {FORMS}")
    return text


@frozen(kw_only=True)
class Connection:
    """How a database or a message broker is reached.

    Args:
        url: of its driver, ``jdbc:postgresql://host:5432/name``, ``jdbc:mysql://host:3306/name``, of brokers,
            ``kafka://host:9092,host:9092``, or of a
            service, ``kinesis://region``, ``dynamodb://region``, ``redshift://region/database``; without any secret.
        user: or where it lies: ``env://NAME``, ``ssm://name``, ``secretsmanager://name#key``.
        password: where it lies. It is read when the database is asked, and stands in no plan, log or artifact.
        properties: of the driver, as ``sslmode``; of Kafka's clients, as ``security.protocol``; of a
            service, ``endpoint_url`` and ``profile``; of Redshift ``workgroup`` or ``cluster``, ``staging``, a folder
            of S3 that rows pass through, and ``iam_role``; of DynamoDB ``publishes``, the table that says what was
            published.
    """

    url: Annotated[str, _url]
    user: str = ""
    password: Annotated[str, _password] = ""
    properties: Mapping[str, str] = field(factory=dict, hash=False)

    @property
    def vendor(self) -> str:
        """Which database or service it is, by its URL; ``kafka`` for brokers."""
        found = _URL.fullmatch(self.url)
        return (found["vendor"] or found["service"] or KAFKA) if found else ""

    @property
    def format(self) -> str:
        """The format of what is reached by it."""
        return "jdbc" if self.vendor in VENDORS else self.vendor

    @property
    def region(self) -> str:
        """The region of a service; empty for all else."""
        found = _URL.fullmatch(self.url)
        return (found["region"] or "") if found else ""

    @property
    def database(self) -> str:
        """The database of Redshift; empty for all else."""
        found = _URL.fullmatch(self.url)
        return (found["database"] or "") if found else ""

    @property
    def publishes(self) -> str:
        """The table that says what was published to those of DynamoDB."""
        return self.properties.get("publishes", PUBLISHES)

    @property
    def servers(self) -> str:
        """The brokers, ``host:9092,host:9092``; empty for a database."""
        found = _URL.fullmatch(self.url)
        return (found["servers"] or "") if found else ""


def is_secret(text: str) -> bool:
    """Say whether a text tells where a secret lies."""
    return _SECRET.fullmatch(text) is not None
