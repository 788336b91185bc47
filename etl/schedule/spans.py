"""Sets of time as sorted spans that neither meet nor overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime

Span = tuple[datetime, datetime]
Spans = tuple[Span, ...]


def covering(spans: Spans, instant: datetime) -> Span | None:
    """Return the span that holds an instant; None where none does."""
    place = bisect_right(spans, instant, key=lambda span: span[0]) - 1
    return spans[place] if place >= 0 and instant < spans[place][1] else None


def with_span(spans: Spans, span: Span) -> Spans:
    """Return the set with a span more."""
    start, end = span
    before = bisect_right(spans, start, key=lambda each: each[0])
    first = before - 1 if before and spans[before - 1][1] >= start else before
    last = first
    while last < len(spans) and spans[last][0] <= end:
        start, end = min(start, spans[last][0]), max(end, spans[last][1])
        last += 1
    return (*spans[:first], (start, end), *spans[last:])


def without_span(spans: Spans, span: Span) -> Spans:
    """Return the set with a span less."""
    return tuple(_rest(spans, span))


def _rest(spans: Spans, span: Span) -> Iterator[Span]:
    for start, end in spans:
        if start < min(end, span[0]):
            yield start, min(end, span[0])
        if max(start, span[1]) < end:
            yield max(start, span[1]), end
