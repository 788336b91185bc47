"""Spark settings that Headrace forces on every platform; known without Spark: a contradiction is refused at once."""

from __future__ import annotations

from collections.abc import Mapping

from etl.errors import ForcedSettingError

FORCED: Mapping[str, tuple[str, str]] = {
    "spark.sql.ansi.enabled": ("true", "else a number too large wraps around and a bad cast is null"),
    "spark.sql.session.timeZone": ("UTC", "else the same rows fall on other days on another machine"),
    "spark.sql.legacy.timeParserPolicy": ("CORRECTED", "else one date like 30 February fails the whole read"),
    "spark.sql.parquet.datetimeRebaseModeInWrite": ("CORRECTED", "else dates before 1582 fail the write"),
    "spark.sql.parquet.int96RebaseModeInWrite": ("CORRECTED", "else timestamps before 1900 fail the write"),
    "spark.sql.parquet.inferTimestampNTZ.enabled": ("true", "else a wall clock in a file is taken for an instant"),
    "spark.sql.legacy.parquet.nanosAsLong": ("true", "else a file with nanoseconds cannot be read at all"),
    "spark.sql.legacy.javaCharsets": ("true", "else Spark 4 reads no file in Windows-1252"),
    "spark.sql.legacy.codingErrorAction": ("true", "else one byte that is none of its encoding fails the whole read"),
    "spark.sql.parser.escapedStringLiterals": ("false", "else a text with a backslash is another text in SQL"),
    "spark.sql.caseSensitive": ("false", "else one column may be two"),
    "spark.sql.sources.partitionColumnTypeInference.enabled": ("false", "else a directory p=01 is read as 1"),
    "spark.sql.files.ignoreCorruptFiles": ("false", "else a truncated file loses its rows without a word"),
    "spark.sql.files.ignoreMissingFiles": ("false", "else a file deleted under the reader loses its rows"),
    "spark.hadoop.parquet.page.verify-checksum.enabled": ("true", "else a flipped bit is read as a value"),
    # Off: what lies outside the interval is counted in the staging write, alike for every format.
    "spark.databricks.delta.replaceWhere.constraintCheck.enabled": (
        "false",
        "else a CHECK of the table and a row of another day are told alike",
    ),
    "spark.databricks.delta.maxCommitAttempts": ("20", "else a losing writer retries ten million times"),
}
"""Setting → (value, what happens without it). A wrong number is worse than a slow one: on every platform."""


def forced(conf: Mapping[str, str]) -> dict[str, str]:
    """Return the forced settings, after a look at whether ``conf`` contradicts one.

    Raises:
        ForcedSettingError: it does; all contradictions at once.
    """
    against = [
        (key, conf[key], value, otherwise)
        for key, (value, otherwise) in FORCED.items()
        if key in conf and conf[key].casefold() != value.casefold()
    ]
    if against:
        raise ForcedSettingError(against)
    return {key: value for key, (value, _) in FORCED.items()}
