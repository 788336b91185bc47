"""How a dataset's text is read: the rules a delivery may depart from the contract by, and the options of its format.

The contract itself, what each type's text may be, is ``etl.storage.values``; docs/reading.md has it as a table.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from attrs import frozen

from etl.errors import DefinitionError, did_you_mean

# Reader options that lose rows, guess types or look elsewhere; in lower case, as Spark compares them.
REFUSED_OPTIONS = frozenset(
    {
        "mode",
        "inferschema",
        "enforceschema",
        "columnnameofcorruptrecord",
        "basepath",
        "ignorecorruptfiles",
        "ignoremissingfiles",
        "recursivefilelookup",
        "pathglobfilter",
        "unescapedquotehandling",
        "samplingratio",
        "primitivesasstring",
        "prefersdecimal",
        "dropfieldifallnull",
        "wholetext",
        "locale",
        "modifiedbefore",
        "modifiedafter",
    }
)
_CSV = "sep quote escape charToEscapeQuoteEscaping comment header nullValue emptyValue ignoreLeadingWhiteSpace "
_CSV += "ignoreTrailingWhiteSpace maxColumns maxCharsPerColumn multiLine lineSep"
_JSON = "multiLine lineSep allowComments allowUnquotedFieldNames allowSingleQuotes allowNumericLeadingZeros "
_JSON += "allowBackslashEscapingAnyCharacter allowUnquotedControlChars"
KNOWN: Mapping[str, tuple[str, ...]] = {
    "csv": tuple(_CSV.split()),
    "json": tuple(_JSON.split()),
    "xml": ("rowTag", "attributePrefix", "valueTag", "nullValue", "ignoreSurroundingSpaces", "ignoreNamespace"),
    "text": ("lineSep",),
    "fixed-width": ("lineSep", "comment"),
    "dynamodb-json": ("layout",),
}
"""Spark's options that each text format's reader is given, in Spark's spelling."""

RULES = {
    "encoding": "encoding",
    "charset": "encoding",
    "dateformat": "date_format",
    "timestampformat": "timestamp_format",
    "timestampntzformat": "timestamp_format",
    "timezone": "time_zone",
    "decimal": "decimal",
    "thousands": "thousands",
    "round": "round",
}
"""Options that say what a key of the dataset says; Spark's, pandas' and DuckDB's names for them."""


@frozen(kw_only=True)
class TextRules:
    """Where a dataset's text departs from the contract, declared.

    Args:
        decimal: the sign before the fraction of a number.
        thousands: the sign between groups of three digits; empty where there is none.
        round: decimals with more digits than declared are rounded half up instead of refused.
        date_format: of DATE columns, in Spark's letters; None is ISO 8601.
        timestamp_format: of TIMESTAMP columns, in Spark's letters; None is ISO 8601.
        timestamp_unit: timestamps are whole numbers since 1970-01-01 UTC of this unit.
        time_zone: of timestamps that name none.
        encoding: of the bytes.
    """

    decimal: str = "."
    thousands: str = ""
    round: bool = False
    date_format: str | None = None
    timestamp_format: str | None = None
    timestamp_unit: Literal["s", "ms", "us"] | None = None
    time_zone: str = "UTC"
    encoding: str = "utf-8"


NO_RULES = TextRules()


def rule_problems(rules: TextRules) -> Iterator[str]:
    """Yield what is wrong with rules: the key, its value, and what it must be."""
    if len(rules.decimal) != 1 or rules.decimal not in ".,'·٫":
        yield f"decimal = {rules.decimal!r} is no decimal sign; allowed: '.' and ','"
    if rules.thousands == rules.decimal or len(rules.thousands) > 1 or rules.thousands.isalnum():
        yield f"thousands = {rules.thousands!r} is no sign between digits, or the decimal sign itself"
    for key, pattern, needed in (
        ("date_format", rules.date_format, "yMd"),
        ("timestamp_format", rules.timestamp_format, "yMdHm"),
    ):
        missing = [letter for letter in needed if pattern and not _has(pattern, letter)]
        if missing:
            yield f"{key} = {pattern!r} has no {', no '.join(missing)}: a text of it names no {key.partition('_')[0]}"
    if rules.timestamp_unit and rules.timestamp_format:
        yield "timestamp_unit and timestamp_format are two ways to say one thing; remove one"
    if not _is_zone(rules.time_zone):
        yield f"time_zone = {rules.time_zone!r} is not known; write a name such as 'Europe/Berlin'"
    if not _is_encoding(rules.encoding):
        yield f"encoding = {rules.encoding!r} is not known; usual: 'utf-8', 'iso-8859-1', 'windows-1252', 'utf-16'"


ALSO = {"y": "yu", "M": "MLD", "d": "dD", "H": "HhKk", "m": "m"}


def _has(pattern: str, letter: str) -> bool:
    unquoted = "".join(pattern.split("'")[::2])
    return any(other in unquoted for other in ALSO[letter])


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def split_options(format_name: str, options: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return a text format's options in Spark's spelling, and those that say a rule, by the rule's key.

    Raises:
        DefinitionError: an option that would lose or guess rows, one that the format does not have, or one said twice.
    """
    spelled = {name.lower(): name for name in KNOWN.get(format_name, ())}
    if format_name == "csv":
        spelled["delimiter"] = "sep"
    own: dict[str, str] = {}
    rules: dict[str, str] = {}
    for option, value in options.items():
        key = option.lower()
        if key in REFUSED_OPTIONS:
            raise DefinitionError(
                f"option {option!r} would lose or guess rows and is set by Headrace", remedy="remove it"
            )
        if format_name not in KNOWN:
            own[option] = value
            continue
        found, into = (spelled.get(key), own) if key in spelled else (RULES.get(key), rules)
        if found is None:
            known = sorted({*spelled.values(), *RULES})
            raise DefinitionError(f"a {format_name} dataset has no option {option!r}; {did_you_mean(option, known)}")
        if found in into:
            raise DefinitionError(f"option {found!r} is given twice, once as {option!r}", remedy="remove one")
        into[found] = value
    return own, rules
