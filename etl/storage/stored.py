"""What a file that has a schema says it stores: its columns, each with Spark's type and the format's own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

if TYPE_CHECKING:
    from etl.storage.listing import File


@frozen
class Stored:
    """A column as a file stores it.

    Args:
        name: as the file has it.
        type: Spark's, in JSON form; None where Spark has none.
        words: what the format calls the type, for people; empty where that says no more.
    """

    name: str
    type: Any = field(hash=False)
    words: str = ""


@frozen
class Footer:
    """One file's columns, or one table's.

    Args:
        uri: the file.
        columns: in the file's order.
        proleptic: False where the file itself says that its dates are of the calendar that was Julian until 1582.
        broken: why the file cannot be read, and then nothing else is known; empty where it can.
        what: what it is called in messages.
    """

    uri: str
    columns: tuple[Stored, ...] = ()
    proleptic: bool = True
    broken: str = ""
    what: str = "file"


class Opened(Protocol):
    """How a format's footers are read: one object for all files of a dataset."""

    def footer(self, file: File) -> Footer:
        """Return one file's columns; raises what the JVM does where it cannot be read."""


def fields(struct: Any) -> list[dict[str, Any]]:
    """Return the fields of a StructType of the JVM in Spark's JSON form."""
    found: list[dict[str, Any]] = json.loads(struct.json())["fields"]
    return found
