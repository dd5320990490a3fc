"""When a value was: the days it stands for, and the words for its period."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from dvresearch.errors import DataError
from dvresearch.text import format_date, format_period, period
from dvresearch.text.formats import Lang

__all__ = ["days_of", "period_words"]


#: A month or a year where a span begins or ends: its days are not known.
_COARSE = r"\d{4}(?:-\d{2})?"


# Thousands of rows name the same few periods and places.
@lru_cache(maxsize=4096)
def period_words(content: str, lang: Lang, end: dt.date | None = None) -> str:
    """Return a period for readers: ``2026-Q1`` -> ``quý I/2026``; what is not a period stays as it is.

    Parameters
    ----------
    content : str
        A period as tables hold it. Where it names a month or a year, no day is invented:
        ``2019..2022-10`` -> ``2019–10/2022``, ``đến 2022-10`` -> ``đến tháng 10/2022``.
    lang : {"vi", "en"}
        Language.
    end : date, optional
        The last day counted; told when the period goes on beyond it: ``năm 2018 (đến 03/10/2018)``.
    """
    try:
        span = period(content)
    except DataError:
        return content
    coarse, words = _as_named(content, lang), format_period(span, lang)
    if coarse or end is None or end != end or span.end is None:  # NaT, a day that is not known, is not itself
        return coarse or words
    last = dt.date(end.year, end.month, end.day)
    return f"{words} ({'đến' if lang == 'vi' else 'up to'} {format_date(last, lang)})" if last < span.end else words


def _as_named(content: str, lang: Lang) -> str:
    """Return a span between months or years, or one open on a side, in words as coarse; "" for any other."""
    between = re.fullmatch(rf"({_COARSE})\.\.({_COARSE})", content)
    if between and "-" in content and period(content).kind == "range":
        sides = [format_period(period(side), lang) for side in between.groups()]
        return ("–" if lang == "vi" else " – ").join(s.removeprefix("năm ").removeprefix("tháng ") for s in sides)
    open_side = re.fullmatch(rf"(đến|từ) ({_COARSE})", content)
    if not open_side:
        return ""
    word = open_side[1] if lang == "vi" else {"đến": "up to", "từ": "from"}[open_side[1]]
    return f"{word} {format_period(period(open_side[2]), lang)}"


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
