"""A submission with two things left open: the time that is due, and the run's id, which whoever runs it fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.config.settings import Config
from etl.project.intervals import DUE
from etl.ship.built import Built
from etl.ship.requests import Requests, requests

WHEN, RUN = "@when@", "@run@"
Words = Mapping[str, str]


def marked(config: Config, to: str, built: Built, job: str) -> Requests:
    """Return what submitting a job means, with the marks where the two stand."""
    return requests(config, to, built.folder, RUN, {"job": job, "date": f"{DUE}{WHEN}"}, built.archives)


def has_marks(value: Any) -> bool:
    """Say whether a text holds a mark."""
    return isinstance(value, str) and (WHEN in value or RUN in value)


def filled(value: Any, words: Words) -> Any:
    """Return a value with its marks replaced, in every text of it."""
    if isinstance(value, str):
        for mark, word in words.items():
            value = value.replace(mark, word)
        return value
    if isinstance(value, Mapping):
        return {key: filled(each, words) for key, each in value.items()}
    return [filled(each, words) for each in value] if isinstance(value, list | tuple) else value


def plain(value: Any) -> Any:
    """Return a value as JSON has it: no tuples."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value
