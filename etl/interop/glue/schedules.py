"""Glue's schedules: six fields of cron, in UTC (AWS Glue, "Time-based schedules for jobs and crawlers")."""

from __future__ import annotations

import re

from etl.errors import ConfigError, DefinitionError
from etl.model.cron import checked

WEEKDAYS = ("", "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CRON = re.compile(r"cron\((.*)\)")
FIELDS = 6


def five(text: str) -> tuple[str, str]:
    """Return a schedule as five fields, and what they do not say; empty where they say all.

    Raises:
        ConfigError: it is none, or says what five fields cannot: the last day, the nearest weekday, the third Monday.
    """
    found = _CRON.fullmatch(text.strip())
    fields = found[1].split() if found else []
    if len(fields) != FIELDS:
        raise ConfigError(f"schedule {text!r} is not cron(…) of six fields")
    minute, hour, day, month, weekday, year = fields
    if re.search(r"[LW#]", day) or re.search(r"L|#", weekday):
        raise ConfigError(f"schedule {text!r}: L, W and # have no like in cron's five fields")
    # Glue counts days of the week from Sunday, 1; cron from Sunday, 0.
    named = re.sub(r"\d", lambda digit: WEEKDAYS[int(digit[0])] if digit[0] in "1234567" else digit[0], weekday)
    expression = " ".join(field.replace("?", "*") for field in (minute, hour, day, month, named))
    try:
        checked(expression)
    except DefinitionError as error:
        raise ConfigError(f"schedule {text!r}: {error.message}") from None
    return expression, "" if year == "*" else f"the years {year}"
