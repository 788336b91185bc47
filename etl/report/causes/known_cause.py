"""What a known cause of failed runs is: how logs say it, what it means, what to do."""

from __future__ import annotations

import re

from attrs import field, frozen

# What stands in a log beside a failure and is nearly always what it was about.
ANY_RESOURCE = r"(?P<resource>s3[an]?://[^\s'\"`,;)\]]+|arn:aws[\w-]*:[^\s'\",;)\]]+)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


@frozen(kw_only=True)
class KnownCause:
    """One cause that is recognised in logs.

    Args:
        id: its name, for machines; never changes.
        said: a regular expression for how Spark, Python, YARN or AWS say it; its named groups are what was at fault.
        words: what happened, for people.
        remedy: what to do.
        transient: whether the same run, started again, may well succeed.
        consequence: whether something else is usually behind it, so that any other cause found tells more.
        resource: how what was at fault is named elsewhere in the same message; anything on S3 or any ARN unless told.
    """

    id: str
    said: re.Pattern[str] = field(converter=_pattern)
    words: str
    remedy: str
    transient: bool = False
    consequence: bool = False
    resource: re.Pattern[str] = field(default=ANY_RESOURCE, converter=_pattern)

    def resource_in(self, *texts: str) -> str:
        """Return what was at fault, as the first of the texts that names it does; empty where none does."""
        named = (
            value
            for pattern in (self.said, self.resource)
            for text in texts
            for match in pattern.finditer(text)
            for value in match.groupdict().values()
        )
        return next((value.rstrip(".:").strip("`'") for value in named if value), "")
