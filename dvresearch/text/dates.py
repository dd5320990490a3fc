"""Dates and times as offices, portals and spreadsheets write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from typing import Literal

from dvresearch.errors import DataError
from dvresearch.text.damage import one_line
from dvresearch.text.letters import shape
from dvresearch.text.numerals import BLANKS, is_missing

__all__ = ["FIRST_YEAR", "Order", "cell_date", "column_date_order", "date"]

Order = Literal["dmy", "mdy"]

#: No register of this package's field reaches back further; earlier years are slips of the keyboard.
FIRST_YEAR = 1900
#: Whole numbers between the two are years when they stand in a date cell.
LAST_YEAR = 2100
#: Two-digit years from here on belong to 19xx, those below to 20xx (the rule of POSIX and of Python).
PIVOT = 69

_MAX_LENGTH = 80
#: Day 0 of spreadsheets, as they count from 1 March 1900 on.
_EPOCH = dt.datetime(1899, 12, 30)
#: A number in a date cell is a day from here on (1954-2119); smaller ones are counts, ages or slips.
_SERIALS = (20_000, 80_000)
_SERIAL = re.compile(r"[2-7][0-9]{4}(?:[.,][0-9]+)?")

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Excel in Vietnamese writes 02-Thg3-26 and 02 Tháng Ba 2026.
_MONTH_WORDS = ("một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai")
_NAME = "(?P<name>" + "|".join(_MONTH_NAMES) + r")[a-z]*\.?"
# "ngày 02 tháng năm 2026" is a form whose month was left blank, not a day of May.
_THANG = (
    r"(?:tháng|thg\.?|th\.?)\s?(?P<month>[0-9]{1,2}|mười một|mười hai|mười|một|hai|ba|tư|năm(?=\snăm)|sáu|bảy|tám|chín)"
)
_YEAR = "(?P<year>[0-9]{4}|[0-9]{2})"
_DATES = tuple(
    re.compile(rf"(?<![0-9]){pattern}(?![0-9])")
    for pattern in (
        rf"(?P<first>[0-9]{{1,2}})\s?(?P<mark>[-/.])\s?(?P<second>[0-9]{{1,2}})\s?(?P=mark)\s?{_YEAR}",
        r"(?P<year>[0-9]{4})\s?(?P<mark>[-/.])\s?(?P<month>[0-9]{1,2})\s?(?P=mark)\s?(?P<day>[0-9]{1,2})",
        rf"(?P<day>[0-9]{{1,2}})[-/.,\s]*{_THANG}[-/.,\s]+(?:năm\s)?{_YEAR}",
        rf"(?P<day>[0-9]{{1,2}})[-/.\s]{_NAME}[-/.,\s]+{_YEAR}",
        rf"{_NAME}[-\s](?P<day>[0-9]{{1,2}}),?\s{_YEAR}",
        r"(?P<year>(?:19|20)[0-9]{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3][0-9])",
    )
)
#: Monday first.
_WEEKDAYS = (
    *("thứ hai|thứ 2|t2|mon(?:day)?", "thứ ba|thứ 3|t3|tue(?:sday)?", "thứ tư|thứ 4|t4|wed(?:nesday)?"),
    *("thứ năm|thứ 5|t5|thu(?:rsday)?", "thứ sáu|thứ 6|t6|fri(?:day)?", "thứ bảy|thứ 7|t7|sat(?:urday)?"),
    "chủ nhật|cn|sun(?:day)?",
)
_WEEKDAY = re.compile(rf"\(?\b(?:{'|'.join(f'({names})' for names in _WEEKDAYS)})\b\)?")
_AROUND = re.compile(r"\b(?:ngày|lúc|vào|hồi)\b")
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})\s?(?::|h|g|giờ)\s?(?:(?P<minute>[0-9]{1,2})(?:\s?(?:phút|p|['’′]))?)?"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?:\s?(?P<half>[ap]\.?m\.?|sa|ch|sáng|chiều))?"
    # 08:00-11:30 is no offset but a span of two times
    r"(?:\s?(?P<zone>z|(?:utc|gmt)?\s?(?P<sign>\+|(?<![0-9])-|(?<=:[0-9]{2}:[0-9]{2})-)"
    r"(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?|utc|gmt)(?:\s?\([^()]*\))?)?"
)


def _refused(text: str, code: str = "date-cannot-be-read") -> DataError:
    return DataError(code, got=shape(text))


def date(text: str, *, order: Order = "dmy") -> dt.date | dt.datetime:
    """Read one printed date, with or without a weekday and a time of day.

    Parameters
    ----------
    text : str
        ``24/02/2026``, ``24-2-26``, ``24.02.2026 08:30``, ``08h30 ngày 24/02/2026``, ``Thứ Ba, 24/02/2026``,
        ``2026-02-24T08:30:00+07:00``, ``2026/02/24 8:30:00 SA GMT+7``, ``ngày 24 tháng 2 năm 2026``, ``24-Thg2-26``,
        ``24-Feb-26``, ``02/24/2026 8:30 AM`` (only with ``order="mdy"``; SA and CH are AM and PM), ``20260224``, ...
    order : {"dmy", "mdy"}, default "dmy"
        Whether day or month comes first where both are digits; see :func:`column_date_order`.

    Returns
    -------
    date or datetime
        A date when no time is printed. A datetime carries a time zone only if one is printed.
        Two-digit years: 00-68 are 2000-2068, 69-99 are 1969-1999.

    Raises
    ------
    DataError
        When the text is not a date (a year or a month alone is none), the calendar has no such day, the weekday is
        another one, or the year is before 1900.
    """
    clean = one_line(text[: _MAX_LENGTH + 1]).lower()
    match = next(filter(None, (p.search(clean) for p in _DATES)), None) if len(text) <= _MAX_LENGTH else None
    if not match:
        raise _refused(text)
    parts = match.groupdict()
    rest = _AROUND.sub(" ", f"{clean[: match.start()]} {clean[match.end() :].removeprefix('t')}")
    weekday = _WEEKDAY.search(rest)
    if weekday:
        rest = rest[: weekday.start()] + rest[weekday.end() :]
    rest = rest.strip(" ,;.|–-'")
    time = _TIME.fullmatch(rest)
    if rest and not time:
        raise _refused(text)
    day, month = parts.get("day", ""), parts.get("month", "")
    if "first" in parts:
        day, month = (parts["first"], parts["second"]) if order == "dmy" else (parts["second"], parts["first"])
    elif not month.isdecimal():
        names = _MONTH_NAMES if "name" in parts else _MONTH_WORDS
        month = str(1 + names.index(parts.get("name", month)))
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= PIVOT else 2000
    try:
        found = dt.date(year, int(month), int(day))
        whole = dt.datetime.combine(found, _time(time)) if time else found
    except ValueError:
        swapped = "first" in parts and int(month) > 12 >= int(day)
        raise _refused(text, "day-and-month-are-swapped" if swapped else "no-such-day-or-time") from None
    if weekday and weekday.lastindex != 1 + found.weekday():
        raise _refused(text, "weekday-of-another-day")
    return _checked(whole)


def _time(match: re.Match[str]) -> dt.time:
    hour, minute, second = (int(match[g] or 0) for g in ("hour", "minute", "second"))
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    if match["half"]:
        afternoon = match["half"][0] in "pc"
        if hour == 0 if afternoon else hour > 12:
            raise ValueError
        if hour <= 12:  # some programs write 15:20 CH
            hour = hour % 12 + 12 * afternoon
    zone = None
    if match["zone"]:
        offset = dt.timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
        zone = dt.timezone(-offset if match["sign"] == "-" else offset)
    return dt.time(hour, minute, second, micro, zone)


def _checked(found: dt.date) -> dt.date:
    if found.year < FIRST_YEAR:
        raise _refused(str(found.year), "year-before-1900")
    return found


def cell_date(value: object, *, order: Order = "dmy") -> dt.date | dt.datetime | None:
    """Return the date in a spreadsheet cell, or None when the cell says there is none.

    Parameters
    ----------
    value : object
        What the reader delivered: date, number, text or None. A number from 20000 to 79999, or a text of five such
        digits, is a spreadsheet's day number (its fraction the time of day, to the millisecond); 20260224 is a day.
    order : {"dmy", "mdy"}, default "dmy"
        As for :func:`date`; usually comes from :func:`column_date_order`.

    Returns
    -------
    date, datetime or None

    Raises
    ------
    DataError
        As :func:`date`; for numbers that are no day, and for a tick (``x``).
    """
    if is_missing(value, BLANKS):
        return None
    if isinstance(value, str):
        if not _SERIAL.fullmatch(value.strip()):
            return date(value, order=order)
        value = float(value.replace(",", "."))
    if isinstance(value, dt.date):
        return _checked(value)
    if isinstance(value, (float, int, Decimal, Real)) and not isinstance(value, bool):
        serial = float(value)
        if _SERIALS[0] <= serial < _SERIALS[1]:
            moment = _EPOCH + dt.timedelta(int(serial), milliseconds=round(serial % 1 * 86_400_000))
            return moment if serial % 1 else moment.date()
        return date(f"{serial:.0f}" if serial.is_integer() else str(serial), order=order)
    raise _refused(str(value))


def column_date_order(texts: Iterable[object]) -> Literal["dmy", "mdy", "mixed", "ambiguous", "none"]:
    """Decide whether a column writes the day or the month first.

    Parameters
    ----------
    texts : iterable
        The cells; what is not text of the form ``1/2/2026`` is passed over.

    Returns
    -------
    {"dmy", "mdy", "mixed", "ambiguous", "none"}
        ``dmy`` or ``mdy`` when some cell has a part above 12 and all such cells agree, ``mixed`` when
        they disagree, ``ambiguous`` when there are such dates but none decides, ``none`` without any.
    """
    seen: set[Literal["dmy", "mdy"]] = set()
    any_date = False
    for text in texts:
        match = _DATES[0].search(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
        if match:
            any_date = True
            first, second = int(match["first"]), int(match["second"])
            if max(first, second) > 12 >= min(first, second):
                seen.add("dmy" if first > 12 else "mdy")
    if len(seen) > 1:
        return "mixed"
    return next(iter(seen), "ambiguous" if any_date else "none")
