"""Reporting periods: quarters, half years, months, spans of days, cumulative counts."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from dvresearch.errors import DataError, Text
from dvresearch.text.damage import repair
from dvresearch.text.dates import date
from dvresearch.text.formats import MONTHS, Lang, format_date
from dvresearch.text.letters import shape

__all__ = ["Period", "PeriodKind", "format_period", "period"]

PeriodKind = Literal["year", "half", "quarter", "months", "month", "day", "range", "cumulative", "until", "since"]


@dataclass(frozen=True)
class Period:
    """A span of days.

    Parameters
    ----------
    start, end : date or None
        First and last day, both inside. None when the source does not say.
    kind : str
        ``year``, ``half``, ``quarter``, ``month``, ``months`` (the first or last months of a year), ``day`` or
        ``range`` as the two days imply, however they were written; ``cumulative`` for running totals (lũy kế);
        ``until`` without a start and ``since`` without an end.
    """

    start: dt.date | None
    end: dt.date | None
    kind: PeriodKind

    @property
    def label(self) -> str:
        """The period in Vietnamese, one spelling for each; :func:`period` reads it back."""
        return format_period(self)

    @property
    def code(self) -> str:
        """The period as tables hold it: ``2023``, ``2023-H1``, ``2023-Q2``, ``2023-05``, ``2019-12-01..2020-02-29``."""
        if self.start is None or self.end is None:
            return "..".join(day.isoformat() if day else "" for day in (self.start, self.end))
        year, month = f"{self.start.year:04d}", self.start.month
        short = {
            "year": year,
            "half": f"{year}-H{(month + 5) // 6}",
            "quarter": f"{year}-Q{(month + 2) // 3}",
            "month": f"{year}-{month:02d}",
        }
        return short.get(self.kind, f"{self.start.isoformat()}..{self.end.isoformat()}")


_YEAR = "(?P<year>(?:19|20)[0-9]{2})"
_OF_YEAR = rf"(?:(?:\s*[/.,-]\s*|\s+)(?:năm\s*)?{_YEAR}|\s+năm)?"
_NUMBER_WORDS = ("một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:cả\s+)?(?:năm\s*)?{_YEAR}|(?:cả\s+)?năm",
        rf"{_YEAR}-(?P<month>0[1-9]|1[0-2])",
        rf"{_YEAR}-(?:q(?P<quarter>[1-4])|h(?P<half>[12]))",
        rf"(?:qu[ýí]\s*|q)(?P<quarter>iv|i{{1,3}}|[1-4]){_OF_YEAR}",
        rf"(?:(?P<count>[0-9]{{1,2}}|{'|'.join(_NUMBER_WORDS)})\s+tháng|nửa)(?:\s+(?P<which>đầu|cuối))?{_OF_YEAR}",
        rf"tháng\s*(?P<month>0?[1-9]|1[0-2]){_OF_YEAR}",
        rf"(?P<month>0?[1-9]|1[0-2])\s*[/-]\s*{_YEAR}",
        r"(?:ngày\s+)?(?P<day>[0-9]{1,2})\s*(?:[/.-]|tháng)\s*(?P<month>[0-9]{1,2})",
    )
)
_BETWEEN = re.compile(r"\s*(?:\.\.|…|[-–—]|\bđến\s+hết\b|\bđến\b|\btới\b)\s*")
_PREFIX = re.compile(r"(?:trong|thời\s+gian|kỳ(?:\s+báo\s+cáo)?|giai\s+đoạn|nhiệm\s+kỳ)\s+")
_RUNNING = re.compile(r"(?:lũy|luỹ)\s+kế\s+")
_NEW_YEAR = re.compile(rf"đầu\s+năm(?:\s+{_YEAR})?")
_UNTIL = re.compile(r"(?:tính\s+)?đến(?:\s+hết)?\s+")
_FROM = re.compile(r"từ\s+")
_NOW = re.compile(r"\s+đến\s+nay|\s+trở\s+đi")
_MAX_LENGTH = 80


def period(text: str, *, year: int | None = None) -> Period:
    """Read one reporting period.

    Parameters
    ----------
    text : str
        ``quý II/2023``, ``6 tháng đầu năm 2022``, ``9 tháng năm 2021``, ``tháng 5-2021``, ``năm 2023``,
        ``21/7–20/8/2021``, ``giai đoạn 2019-2022``, ``2019..2022-10``, ``lũy kế 2026-01-01..2026-10-10``,
        ``từ đầu năm đến 10/10/2026``, ``đến 2022-10``, ``2020-Q1``, ``2020-H1``, ...
    year : int, optional
        Year of a text that names none (``6 tháng đầu năm``).

    Returns
    -------
    Period
        In a span such as ``15/12–14/3/2026`` the first day takes the year that puts it before the last.

    Raises
    ------
    DataError
        When the text is no period, or names no year and `year` is not given.
    """
    clean = " ".join(repair(text[: _MAX_LENGTH + 1], font="unicode").text.lower().split())
    found = _period(_PREFIX.sub("", clean, count=1), year) if len(text) <= _MAX_LENGTH else None
    if not found:
        raise DataError(
            Text("Không đọc được kỳ báo cáo.", "This is not a reporting period."),
            expected=Text(
                "quý II/2023; 6 tháng đầu năm 2022; tháng 10/2019; năm 2023; 21/7–20/8/2021",
                "quý II/2023; 6 tháng đầu năm 2022; tháng 10/2019; 2023; 2023-Q2; 2019-12-01..2020-02-29",
            ),
            got=shape(text),
            hint=Text("Gõ lại kỳ theo một trong các mẫu trên, có năm.", "Retype it like one of these, with the year."),
        )
    return found


def _period(text: str, year: int | None) -> Period | None:
    running = _RUNNING.match(text)
    if running:
        inner = _period(text[running.end() :], year)
        # A running total is named by its last day; where it starts is then not said.
        return Period(None if inner.kind == "day" else inner.start, inner.end, "cumulative") if inner else None
    simple = _simple(text, year)
    if simple:
        return simple
    until = _UNTIL.match(text)
    if until:
        last = _simple(text[until.end() :], year)
        return Period(None, last.end, "until") if last else None
    begin = _FROM.match(text)
    if begin:
        text = text[begin.end() :]
        first = _simple(_NOW.sub("", text), year)
        if first:
            return Period(first.start, None, "since")
    return next(_spans(text, year), None)


def _spans(text: str, year: int | None) -> Iterator[Period]:
    """Yield the closed spans `text` can be cut into: the first one is taken."""
    for cut in _BETWEEN.finditer(text):
        left, right = text[: cut.start()], text[cut.end() :]
        # "tháng 1 đến 6/2021", "quý I-III/2023": the word before the first part serves both.
        last = _simple(right, year) or _simple(f"{left.split(' ')[0]} {right}", year)
        if not last or not last.end:
            continue
        for guess in (last.end.year, last.end.year - 1):
            first = _first_part(left, guess, last)
            if first and first.start and first.start <= last.end:
                yield _closed(first.start, last.end)
                break


def _first_part(text: str, year: int, last: Period) -> Period | None:
    new_year = _NEW_YEAR.fullmatch(text)
    if new_year:
        return _day(int(new_year["year"] or year), 1, "1")
    if text.isdecimal() and last.kind == "day" and last.end:  # 21–25/7/2021
        return _day(year, last.end.month, text)
    return _simple(text, year)


def _simple(text: str, year: int | None) -> Period | None:
    """Read a period that is not a span of two parts; `year` fills in for a missing one."""
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            parts = match.groupdict()
            known = int(parts["year"]) if parts.get("year") else year
            return _calendar(parts, known) if known else None
    try:
        day = date(text)
    except DataError:
        return None
    return None if isinstance(day, dt.datetime) else _closed(day, day)


def _calendar(parts: dict[str, str | None], year: int) -> Period | None:
    first, last = 1, 12
    if parts.get("day"):
        return _day(year, int(parts["month"] or 0), parts["day"] or "")
    if parts.get("quarter"):
        quarter = parts["quarter"] or ""
        last = 3 * (_ROMAN[quarter] if quarter in _ROMAN else int(quarter))
        first = last - 2
    elif parts.get("half"):
        last = 6 * int(parts["half"] or 0)
        first = last - 5
    elif parts.get("month"):
        first = last = int(parts["month"] or 0)
    elif "count" in parts:
        word = parts["count"] or "6"  # nửa đầu năm
        months = _NUMBER_WORDS.index(word) + 1 if word in _NUMBER_WORDS else int(word)
        if not 1 <= months <= 12:
            return None
        first, last = (13 - months, 12) if parts["which"] == "cuối" else (1, months)
    return _closed(dt.date(year, first, 1), dt.date(year, last, monthrange(year, last)[1]))


def _day(year: int, month: int, day: str) -> Period | None:
    try:
        only = dt.date(year, month, int(day))
    except ValueError:
        return None
    return _closed(only, only)


def _closed(start: dt.date, end: dt.date) -> Period:
    """Return the period between two days, named after the calendar unit they enclose."""
    kind: PeriodKind = "range"
    if start == end:
        kind = "day"
    elif start.day == 1 and start.year == end.year and end.day == monthrange(end.year, end.month)[1]:
        months = end.month - start.month + 1
        if months == 1:
            kind = "month"
        elif months in (3, 6, 12) and start.month % months == 1:
            kind = "quarter" if months == 3 else "half" if months == 6 else "year"
        elif start.month == 1 or end.month == 12:
            kind = "months"
    return Period(start, end, kind)


#: How the calendar units are called in Vietnamese and English.
_NAMES: dict[PeriodKind, Callable[[dt.date, dt.date], tuple[str, str]]] = {
    "year": lambda start, end: (f"năm {start.year}", f"{start.year}"),
    "half": lambda start, end: (
        f"6 tháng {'đầu' if start.month == 1 else 'cuối'} năm {start.year}",
        f"{'first' if start.month == 1 else 'second'} half of {start.year}",
    ),
    "quarter": lambda start, end: (
        f"quý {('I', 'II', 'III', 'IV')[start.month // 3]}/{start.year}",
        f"Q{end.month // 3} {start.year}",
    ),
    "months": lambda start, end: (
        f"{end.month - start.month + 1} tháng {'đầu' if start.month == 1 else 'cuối'} năm {start.year}",
        f"{'first' if start.month == 1 else 'last'} {end.month - start.month + 1} months of {start.year}",
    ),
    "month": lambda start, end: (f"tháng {start.month}/{start.year}", f"{MONTHS[start.month - 1]} {start.year}"),
    "day": lambda start, end: (format_date(start), format_date(start, "en")),
}


def format_period(span: Period, lang: Lang = "vi") -> str:
    """Write a period for readers.

    Parameters
    ----------
    span : Period
        The period.
    lang : {"vi", "en"}, default "vi"
        ``quý II/2023``, ``6 tháng đầu năm 2022``, ``01/12/2019–29/02/2020`` in Vietnamese; ``Q2 2023``,
        ``first half of 2022``, ``1 December 2019 – 29 February 2020`` in English.

    Returns
    -------
    str
    """
    vi = lang == "vi"
    start, end = span.start, span.end
    if start and end:
        if span.kind in _NAMES:
            return _NAMES[span.kind](start, end)[0 if vi else 1]
        dash = "–" if vi else " – "
        whole_years = (start.month, start.day, end.month, end.day) == (1, 1, 12, 31)
        days = (
            f"{start.year}–{end.year}" if whole_years else f"{format_date(start, lang)}{dash}{format_date(end, lang)}"
        )
        if span.kind == "cumulative":
            return f"{'lũy kế' if vi else 'cumulative,'} {days}"
        return f"giai đoạn {days}" if whole_years and vi else days
    words = []
    if span.kind == "cumulative":
        words.append("lũy kế" if vi else "cumulative,")
    if start:
        words.append(f"{'từ' if vi else 'from'} {format_date(start, lang)}")
    if end:
        words.append(f"{'đến' if vi else 'up to'} {format_date(end, lang)}")
    return " ".join(words)
