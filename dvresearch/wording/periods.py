"""When a value was: the days it stands for, and the words for its period."""

from __future__ import annotations

import datetime as dt

from dvresearch.errors import DataError
from dvresearch.text import format_period, period
from dvresearch.text.formats import Lang

__all__ = ["days_of", "period_words"]


def period_words(content: str, lang: Lang) -> str:
    """Return a period for readers: ``2026-Q1`` -> ``quý I/2026``; what is not a period stays as it is."""
    try:
        return format_period(period(content), lang)
    except DataError:
        return content


def days_of(content: str) -> tuple[dt.date, dt.date]:
    """Return first and last day of a period; a running total stands at its last day.

    Raises
    ------
    DataError
        When the text is no period.
    """
    span = period(content)
    start, end = span.start or span.end, span.end or span.start
    assert start is not None and end is not None  # a period has at least one of them
    return (end if span.kind == "cumulative" else start), end
