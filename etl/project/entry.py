"""An entry of ``conf/datasets.toml``: the keys that one dataset may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from attrs import field, fields, frozen

from etl.config.refusal import RefusedError
from etl.config.roots import RelativePath
from etl.errors import ConfigError, DefinitionError, NotAllowedError, Place, did_you_mean
from etl.model.connection import DYNAMODB, KAFKA, KINESIS, REDSHIFT, VENDORS, Connection
from etl.model.dataset import ValueFormat
from etl.model.formats import FORMATS, format_of, known_formats
from etl.model.schema import Schema
from etl.model.step import Step
from etl.model.text import TextRules


def _format(name: str) -> str:
    if name not in FORMATS and name not in known_formats():
        raise NotAllowedError(name, known_formats())
    try:
        format_of(name)
    except DefinitionError as error:
        raise RefusedError(f"is of a package that is broken: {error.message}") from None
    return name


FormatName = Annotated[str, _format]
NEEDED = {"jdbc": "table", REDSHIFT: "table", KAFKA: "topic", KINESIS: "stream", DYNAMODB: "table"}
"""The key that names what a dataset of the format is, beside its connection."""


def _bound(number: int) -> int:
    if number < 1:
        raise RefusedError(f"is {number}: at least 1 must be consumed at a time")
    return number


@frozen(kw_only=True)
class Entry(TextRules):
    """What conf/datasets.toml may say about one dataset; see ``Dataset`` and ``TextRules`` for the words.

    ``path`` is relative to the zone's root, by default the dataset's name; ``schema`` is Spark DDL.
    ``connection`` names one of ``[connections]``. ``max_bytes`` is a number of bytes.
    """

    path: RelativePath | None = None
    format: FormatName = "delta"
    schema: Schema | None = None
    options: Mapping[str, str] = field(factory=dict, hash=False)
    partitioned_by: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    on_corrupt: Literal["fail", "quarantine"] = "fail"
    max_corrupt: float = 1.0
    on_drift: Literal["fail", "evolve"] = "fail"
    optional_columns: tuple[str, ...] = ()
    allow_empty: bool = False
    description: str = ""
    connection: str = ""
    table: str = ""
    topic: str = ""
    stream: str = ""
    value_format: ValueFormat = "json"
    max_files: Annotated[int | None, _bound] = None
    max_bytes: Annotated[int | None, _bound] = None
    max_offsets: Annotated[int | None, _bound] = None
    change_feed: bool = False

    @property
    def text(self) -> TextRules:
        """Where the dataset's text departs from the contract."""
        return TextRules(**{name.name: getattr(self, name.name) for name in fields(TextRules)})


def connection_problems(
    name: str, entry: Entry, connections: Mapping[str, Connection], place: Place
) -> Iterator[ConfigError]:
    """Yield what keeps a dataset from being a table of a database, or a topic, or none of them."""
    needed = NEEDED.get(entry.format)
    given = {key for key in ("connection", *NEEDED.values()) if getattr(entry, key)}
    if given != ({"connection", needed} if needed else set()):
        formats = ", ".join(f"a {each} dataset needs connection and {key}" for each, key in NEEDED.items())
        yield ConfigError(
            f"{name}: {formats}; no other has them",
            place=place,
            remedy='write format = "jdbc", connection = "name" and table = "schema.table", or another of these',
        )
        return
    if not entry.connection:
        return
    if entry.connection in connections:
        if entry.format != connections[entry.connection].format:
            url = connections[entry.connection].url
            yield ConfigError(f"{name}: a {entry.format} dataset cannot be reached by {url}", place=place)
        yield from _warehouse_problems(entry.connection, connections[entry.connection], place)
    else:
        said = did_you_mean(entry.connection, connections)
        yield ConfigError(
            f"{name}: no connection {entry.connection!r} in this environment; {said}",
            place=place,
            remedy=f"write [connections.{entry.connection}] in conf/",
        )


def statement_problems(
    step: Step[Any, Any], connections: Mapping[str, Connection], directory: str
) -> Iterator[ConfigError]:
    """Yield what keeps a step's statements from being asked of a database."""
    if step.statements is None:
        return
    place, named = step.place.relative_to(directory), step.statements.connection
    if named not in connections:
        yield ConfigError(
            f"step {step.name}: no connection {named!r} in this environment; {did_you_mean(named, connections)}",
            place=place,
            remedy=f"write [connections.{named}] in conf/",
        )
    elif connections[named].vendor not in (*VENDORS, REDSHIFT):
        yield ConfigError(f"step {step.name}: {connections[named].url} takes no statements of SQL", place=place)
    else:
        yield from _warehouse_problems(named, connections[named], place)


def _warehouse_problems(name: str, connection: Connection, place: Place) -> Iterator[ConfigError]:
    """Yield what a connection to Redshift lacks."""
    if connection.vendor != REDSHIFT:
        return
    said, where = connection.properties, f"connection {name}"
    remedy = 'properties = { workgroup = "name", staging = "s3://bucket/folder" }; docs/redshift.md has all'
    if ("workgroup" in said) == ("cluster" in said):
        yield ConfigError(f"{where}: needs workgroup or cluster, one of them", place=place, remedy=remedy)
    if not said.get("staging", "").startswith("s3://"):
        found = said.get("staging", "")
        yield ConfigError(f"{where}: staging {found!r} is no folder of S3", place=place, remedy=remedy)
    if connection.password and not connection.password.startswith("secretsmanager://"):
        yield ConfigError(
            f"{where}: password {connection.password!r} is no secret that the Data API can read",
            place=place,
            remedy='password = "secretsmanager://name", or none: IAM lets the run in',
        )
