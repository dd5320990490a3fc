"""Reporting periods: quarters, half years, months, spans of days, cumulative counts."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from dvresearch.errors import DataError
from dvresearch.text.damage import one_line
from dvresearch.text.dates import date
from dvresearch.text.formats import MONTHS, Lang, format_date
from dvresearch.text.letters import shape

__all__ = ["Period", "PeriodKind", "format_period", "period"]

PeriodKind = Literal["year", "half", "quarter", "months", "month", "day", "range", "cumulative", "until", "since"]

#: First and last day of the month of reports by Nghị định 09/2019/NĐ-CP: 15/12 to 14/01 is January.
_WINDOW = (15, 14)

_LENGTHS: dict[int, PeriodKind] = {1: "month", 3: "quarter", 6: "half", 12: "year"}
#: The code of each calendar unit, and its name in Vietnamese and English.
_NAMES: dict[PeriodKind, tuple[str, str, str]] = {
    "year": ("{year}", "năm {year}", "{year}"),
    "half": ("{year}-H{half}", "6 tháng {part} năm {year}", "{half_word} half of {year}"),
    "quarter": ("{year}-Q{quarter}", "quý {roman}/{year}", "Q{quarter} {year}"),
    "months": ("{first}..{last}", "{count} tháng {part} năm {year}", "{part_word} {count} months of {year}"),
    "month": ("{year}-{month:02}", "tháng {month}/{year}", "{month_word} {year}"),
}


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
        ``until`` without a start and ``since`` without an end. A reporting window (15/12/2025 to 14/01/2026, or other
        days that the source itself gives to a month) is of the kind it is named for and keeps its days.
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
        """The period as tables hold it: ``2023``, ``2023-H1``, ``2023-Q2``, ``2023-05``, ``2019-12-01..2020-02-29``.

        A reporting window has the code of its name: 15/12/2025 to 14/01/2026 is ``2026-01``.
        """
        if self.start and self.end and self.kind in _NAMES:
            return _NAMES[self.kind][0].format(**_name_parts(self.start, self.end))
        return "..".join(day.isoformat() if day else "" for day in (self.start, self.end))


_YEAR = "(?P<year>(?:19|20)[0-9]{2})"
_OF_YEAR = rf"(?:(?:\s*[/.,-]\s*|\s+)(?:năm\s*)?{_YEAR}|\s+năm)?"
_NUMBER_WORDS = ("một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:cả\s+)?(?:năm\s*)?{_YEAR}|(?:cả\s+)?năm",
        rf"{_YEAR}[-/](?P<month>0[1-9]|1[0-2])",
        # 202412, but not 201212, which may be 20/12/2012, nor 20243, a month or a quarter
        r"(?P<year>(?:19|20)(?:1[3-9]|[2-9][0-9]))(?P<month>0[1-9]|1[0-2])",
        rf"{_YEAR}[-\s]?(?:q(?P<quarter>[1-4])|h(?P<half>[12])|m(?P<month>0?[1-9]|1[0-2]))",
        rf"(?:qu[ýí]\s*|q\.?\s?)(?P<quarter>iv|i{{1,3}}|[1-4]){_OF_YEAR}",
        rf"(?:(?P<count>[0-9]{{1,2}}|{'|'.join(_NUMBER_WORDS)})\s+tháng|nửa)(?:\s+(?P<which>đầu|cuối))?{_OF_YEAR}",
        rf"(?:tháng\s*|t)(?P<month>0?[1-9]|1[0-2]){_OF_YEAR}",
        rf"(?P<month>0?[1-9]|1[0-2])\s*[/-]\s*{_YEAR}",
    )
)
_BETWEEN = re.compile(r"\s*(?:\.\.|…|[-–—~÷→]|\bđến\s+hết\b|\bđến\b|\btới\b)\s*")
_PREFIX = re.compile(
    r"^(?:(?:trong|số\s+liệu|thời\s+gian|thời\s+điểm\s+báo\s+cáo|kỳ(?:\s+báo\s+cáo)?|giai\s+đoạn|nhiệm\s+kỳ)"
    r"(?:\s*:\s*|\s+))+"
)
#: A name and the days it stands for: "Tháng 5/2026 (từ 15/4/2026 đến 14/5/2026)".
_TWICE = re.compile(r"(?P<name>[^()]+?)[\s,;:]*(?:\(|(?=\btừ\s))(?P<days>[^()]+)")
_RUNNING = re.compile(r"(?:lũy|luỹ)\s+kế\s+")
_NEW_YEAR = re.compile(rf"đầu\s+năm(?:\s+{_YEAR})?")
_UNTIL = re.compile(r"(?:tính\s+)?đến(?:\s+hết)?\s+")
_FROM = re.compile(r"(?:tính\s+)?từ\s+")
_MARKS = re.compile("[-.]")
_NOW = re.compile(r"\s+đến\s+nay|\s+trở\s+đi")
_MAX_LENGTH = 120


def period(text: str, *, year: int | None = None) -> Period:
    """Read one reporting period.

    Parameters
    ----------
    text : str
        ``quý II/2023``, ``6 tháng đầu năm 2022``, ``9 tháng năm 2021``, ``tháng 5-2021``, ``năm 2023``,
        ``21/7–20/8/2021``, ``giai đoạn 2019-2022``, ``2019..2022-10``, ``lũy kế 2026-01-01..2026-10-10``,
        ``(Từ ngày 15/12/2025 đến ngày 14/01/2026)``, ``Tháng 1 năm 2026 (15/12/2025 - 14/01/2026)``, ``202412``,
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
        When the text is no period, names no year and `year` is not given, or gives a name and days that contradict
        each other.
    """
    clean = one_line(text[: _MAX_LENGTH + 1]).lower()
    found = _period(_PREFIX.sub("", clean.strip(" .,;:()")), year) if len(text) <= _MAX_LENGTH else None
    if not found:
        raise DataError("period-cannot-be-read", got=shape(text))
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
    twice = _TWICE.fullmatch(text)
    if twice and (both := _stated_twice(twice["name"], twice["days"], year)):
        return both
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


def _stated_twice(name: str, days: str, year: int | None) -> Period | None:
    """Read a name and the days beside it, either of which may leave the year to the other; None if it is not that."""
    named = _period(name, year)
    span = _period(days, named.end.year if named and named.end else year)
    if not named and span and span.end:
        named = _period(name, span.end.year)
    if not named or not span:
        return None
    if span.start and span.end and named.kind in _NAMES and _months(span.start, span.end) == (named.start, named.end):
        return replace(span, kind=named.kind)
    if span == named:
        return named
    raise DataError("period-contradicts-its-days", got=f"{format_period(named)} ≠ {format_period(span)}")


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
        first = dt.date(int(new_year["year"] or year), 1, 1)
        return _closed(first, first)
    if text.isdecimal() and last.kind == "day" and last.end:  # 21–25/7/2021
        text = f"{text}/{last.end.month}"
    return _simple(text, year)


def _simple(text: str, year: int | None) -> Period | None:
    """Read a period that is not a span of two parts; `year` fills in for a missing one."""
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            parts = match.groupdict()
            known = int(parts["year"]) if parts.get("year") else year
            return _calendar(parts, known) if known else None
    for written in (text, f"{_MARKS.sub('/', text)}/{year}"):  # 21/7 in a text whose year is known
        try:
            day = date(written)
        except DataError:
            continue
        return None if isinstance(day, dt.datetime) else _closed(day, day)
    return None


def _calendar(parts: dict[str, str | None], year: int) -> Period | None:
    first, last = 1, 12
    if quarter := parts.get("quarter"):
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
    return _closed(*_months(dt.date(year, first, 1), dt.date(year, last, 1)))


def _months(start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
    """Return first and last day of the months a span is named after: from the first that is full to the last one."""
    if start.day > 1:
        start = start.replace(day=1) + dt.timedelta(monthrange(start.year, start.month)[1])
    return start, end.replace(day=monthrange(end.year, end.month)[1])


def _closed(start: dt.date, end: dt.date) -> Period:
    """Return the period between two days, named after the calendar unit they enclose or are the window of."""
    kind: PeriodKind = "range"
    first, last = _months(start, end)
    months = last.month - first.month + 1
    if start == end:
        kind = "day"
    elif first.year == last.year and ((start, end) == (first, last) or (start.day, end.day) == _WINDOW):
        if months in _LENGTHS and (first.month - 1) % months == 0:
            kind = _LENGTHS[months]
        elif first.month == 1 or last.month == 12:
            kind = "months"
    return Period(start, end, kind)


def _name_parts(start: dt.date, end: dt.date) -> dict[str, object]:
    first, last = _months(start, end)
    begins, quarter = first.month == 1, (first.month + 2) // 3
    return {
        **{"year": first.year, "month": first.month, "quarter": quarter, "half": 1 if begins else 2},
        **{"first": first, "last": last, "count": last.month - first.month + 1},
        **{"roman": ("I", "II", "III", "IV")[quarter - 1], "month_word": MONTHS[first.month - 1]},
        **{"part": "đầu" if begins else "cuối", "part_word": "first" if begins else "last"},
        "half_word": "first" if begins else "second",
    }


def format_period(span: Period, lang: Lang = "vi") -> str:
    """Write a period for readers.

    Parameters
    ----------
    span : Period
        The period.
    lang : {"vi", "en"}, default "vi"
        ``quý II/2023``, ``6 tháng đầu năm 2022``, ``01/12/2019–29/02/2020``, ``tháng 1/2026 (15/12/2025–14/01/2026)``
        in Vietnamese; ``Q2 2023``, ``first half of 2022``, ``1 December 2019 – 29 February 2020`` in English.

    Returns
    -------
    str
    """
    vi = lang == "vi"
    start, end = span.start, span.end
    if start and end:
        if span.kind == "day":
            return format_date(start, lang)
        days = f"{format_date(start, lang)}{'–' if vi else ' – '}{format_date(end, lang)}"
        if span.kind in _NAMES:
            name = _NAMES[span.kind][1 if vi else 2].format(**_name_parts(start, end))
            return name if (start, end) == _months(start, end) else f"{name} ({days})"
        whole_years = (start.month, start.day, end.month, end.day) == (1, 1, 12, 31)
        days = f"{start.year}–{end.year}" if whole_years else days
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
