"""Dates and times as offices, portals and spreadsheets write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from typing import Literal

from dvresearch.errors import DataError, Text
from dvresearch.text.damage import repair
from dvresearch.text.letters import shape
from dvresearch.text.numerals import MISSING, is_missing

__all__ = ["EARLY", "FIRST_YEAR", "Order", "cell_date", "column_date_order", "date", "excel_date"]

Order = Literal["dmy", "mdy"]

#: No register of this package's field reaches back further; earlier years are slips of the keyboard.
FIRST_YEAR = 1900
EARLY = Text(f"Năm trước {FIRST_YEAR}.", f"A year before {FIRST_YEAR}.")
#: Whole numbers between the two are years when they stand in a date cell.
LAST_YEAR = 2100
#: Two-digit years from here on belong to 19xx, those below to 20xx (the rule of POSIX and of Python).
PIVOT = 69

_MAX_LENGTH = 64
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<name>" + "|".join(_MONTH_NAMES) + ")[a-z]*\\.?"
_YEAR = "(?P<year>[0-9]{4}|[0-9]{2})"
_DATES = tuple(
    re.compile(rf"(?<![0-9]){pattern}(?![0-9])")
    for pattern in (
        r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})",
        rf"(?P<first>[0-9]{{1,2}})\s?(?P<mark>[-/.])\s?(?P<second>[0-9]{{1,2}})\s?(?P=mark)\s?{_YEAR}",
        r"(?P<day>[0-9]{1,2})\s+tháng\s+(?P<month>[0-9]{1,2}),?\s+năm\s+(?P<year>[0-9]{4})",
        rf"(?P<day>[0-9]{{1,2}})[-\s]{_MONTH}[-\s,]+{_YEAR}",
        rf"{_MONTH}\s(?P<day>[0-9]{{1,2}}),?\s{_YEAR}",
        r"(?P<year>(?:19|20)[0-9]{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3][0-9])",
    )
)
_NUMERIC = _DATES[1]
_COMMON = re.compile(
    r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})(?:[ \u00a0]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?"
)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})\s?(?::|h|g|giờ)\s?(?:(?P<minute>[0-9]{1,2})(?:\s?(?:phút|p))?)?"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?:\s?(?P<half>am|pm|a\.m\.|p\.m\.|sa|ch))?"
    r"(?:\s?(?P<zone>z|utc|[-+][0-9]{2}(?::?[0-9]{2})?))?"
)
_SERIAL = re.compile(r"[2-7][0-9]{4}(?:[.,][0-9]+)?")  # 1954-2119; shorter numbers are more likely something else
_LAST_SERIAL = 2_958_465  # 31/12/9999


def date(text: str, *, order: Order = "dmy") -> dt.date | dt.datetime:
    """Read one printed date, with or without a time of day.

    Parameters
    ----------
    text : str
        ``24/02/2026``, ``24-2-26``, ``24.02.2026 08:30``, ``08h30 ngày 24/02/2026``, ``2026-02-24``,
        ``2026-02-24T08:30:00+07:00``, ``ngày 24 tháng 2 năm 2026``, ``24-Feb-26``,
        ``02/24/2026 8:30 AM`` (only with ``order="mdy"``; SA and CH are AM and PM), ...
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
        When the text is not a date, the calendar has no such day, or the year is before 1900.
    """
    common = _common(text, order)
    if common:
        return common
    clean = " ".join(repair(text[: _MAX_LENGTH + 1], font="unicode").text.lower().split())
    match = next(filter(None, (p.search(clean) for p in _DATES)), None) if len(text) <= _MAX_LENGTH else None
    if not match:
        raise _not_a_date(text)
    parts = match.groupdict()
    rest = re.sub(
        r"\b(?:ngày|lúc|vào)\b", " ", f"{clean[: match.start()]} {clean[match.end() :].removeprefix('t')}"
    ).strip(" ,")
    time = _TIME.fullmatch(rest)
    if rest and not time:
        raise _not_a_date(text)
    if "first" in parts:
        day, month = (parts["first"], parts["second"]) if order == "dmy" else (parts["second"], parts["first"])
    else:
        day, month = parts["day"], parts.get("month") or 1 + _MONTH_NAMES.index(parts["name"])
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= PIVOT else 2000
    try:
        found = dt.date(year, int(month), int(day))
        whole = dt.datetime.combine(found, _time(time)) if time else found
    except ValueError:
        raise _no_such_day(text, swapped="first" in parts and int(month) > 12 >= int(day), order=order) from None
    return _checked(whole)


def _common(text: str, order: Order) -> dt.date | None:
    """Read the two forms that fill whole columns; they would take ten times as long on the general way."""
    try:
        if text[4:5] == "-" and text[7:8] == "-":
            found = dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
        else:
            match = _COMMON.fullmatch(text)
            if not match:
                return None
            first, _, second, year, hour, minute, sec = match.groups()
            day, month = (int(first), int(second)) if order == "dmy" else (int(second), int(first))
            if hour is None:
                found = dt.date(int(year), month, day)
            else:
                found = dt.datetime(int(year), month, day, int(hour), int(minute), int(sec or 0))
    except ValueError:
        return None  # the general way says what is wrong
    return found if found.year >= FIRST_YEAR else None


def _time(match: re.Match[str]) -> dt.time:
    hour, minute, second = (int(match[g] or 0) for g in ("hour", "minute", "second"))
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if match["half"][0] in "pc" else 0)
    zone = None
    if match["zone"]:
        digits = re.sub("[^0-9]", "", match["zone"]).ljust(4, "0")
        offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        zone = dt.timezone(-offset if match["zone"][0] == "-" else offset)
    return dt.time(hour, minute, second, micro, zone)


def _checked(found: dt.date) -> dt.date:
    if found.year < FIRST_YEAR:
        raise DataError(
            EARLY,
            expected=Text(f"ngày từ 01/01/{FIRST_YEAR}", f"a date from {FIRST_YEAR}-01-01"),
            got=str(found.year),
            hint=Text("Gõ lại năm bằng bốn chữ số, ví dụ 24/02/2026.", "Retype the year, for example 24/02/2026."),
        )
    return found


def excel_date(serial: float) -> dt.date | dt.datetime:
    """Return the day, or instant, behind a spreadsheet's date number.

    Parameters
    ----------
    serial : float
        Days in the 1900 system, in which 1 is 1 January 1900 and the fraction is the time of day.
        The system counts a 29 February 1900 that never was (number 60); numbers before it are one day off
        those after it, and 60 itself is refused.

    Returns
    -------
    date or datetime
        A date when `serial` is whole; otherwise a datetime, to the millisecond.

    Raises
    ------
    DataError
        When no day belongs to the number.
    """
    if not 1 <= serial <= _LAST_SERIAL or 60 <= serial < 61:
        raise DataError(
            Text("Số này không ứng với ngày nào trong bảng tính.", "No spreadsheet day has this number."),
            expected=Text(f"số từ 1 đến {_LAST_SERIAL}, trừ 60", f"a number from 1 to {_LAST_SERIAL}, not 60"),
            got=shape(str(serial)),
            hint=Text("Gõ ngày, ví dụ 24/02/2026.", "Type a date, for example 24/02/2026."),
        )
    days = int(serial)
    epoch = dt.datetime(1899, 12, 31 if days < 60 else 30)
    if days == serial:
        return (epoch + dt.timedelta(days)).date()
    return epoch + dt.timedelta(days, milliseconds=round((serial - days) * 86_400_000))


def cell_date(value: object, *, order: Order = "dmy") -> dt.date | dt.datetime | None:
    """Return the date in a spreadsheet cell, or None when the cell says there is none.

    Parameters
    ----------
    value : object
        What the reader delivered: date, number (a serial), text or None. Text of five digits is a serial too.
    order : {"dmy", "mdy"}, default "dmy"
        As for :func:`date`; usually comes from :func:`column_date_order`.

    Returns
    -------
    date, datetime or None

    Raises
    ------
    DataError
        As :func:`date` and :func:`excel_date`.
    """
    if isinstance(value, str):
        text = value.strip()
        if text.casefold() in MISSING:
            return None
        return excel_date(float(text.replace(",", "."))) if _SERIAL.fullmatch(text) else date(value, order=order)
    if is_missing(value):
        return None
    if isinstance(value, dt.date):
        return _checked(value)
    if isinstance(value, (float, int, Decimal, Real)) and not isinstance(value, bool):
        serial = float(value)
        if FIRST_YEAR <= serial <= LAST_YEAR:  # as a serial it would silently become a day of 1905
            raise DataError(
                Text("Ô ngày chỉ ghi năm.", "A date cell holds a year only."),
                expected=_EXPECTED,
                got=f"{serial:g}",
                hint=Text("Gõ đủ ngày/tháng/năm.", "Type day, month and year."),
            )
        return excel_date(serial)
    raise _not_a_date(str(value))


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
        match = _NUMERIC.search(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
        if match:
            any_date = True
            if int(match["first"]) > 12 >= int(match["second"]):
                seen.add("dmy")
            elif int(match["second"]) > 12 >= int(match["first"]):
                seen.add("mdy")
    if len(seen) > 1:
        return "mixed"
    if seen:
        return seen.pop()
    return "ambiguous" if any_date else "none"


_EXPECTED = Text("ngày/tháng/năm, ví dụ 24/02/2026 hoặc 24/02/2026 08:30", "a date such as 24/02/2026 or 2026-02-24")


def _not_a_date(text: str) -> DataError:
    return DataError(
        Text("Đây không phải là một ngày.", "This is not a date."),
        expected=_EXPECTED,
        got=shape(text),
        hint=Text(
            "Gõ ngày/tháng/năm với năm bốn chữ số; để trống ô nếu không biết.",
            "Type day/month/year with a four-digit year; leave the cell empty when not known.",
        ),
    )


def _no_such_day(text: str, *, swapped: bool, order: Order) -> DataError:
    other = "mdy" if order == "dmy" else "dmy"
    return DataError(
        Text("Lịch không có ngày hoặc giờ này.", "The calendar or the clock has no such day or time."),
        expected=_EXPECTED,
        got=shape(text),
        hint=Text(
            f"Có vẻ ngày và tháng đổi chỗ: dùng order={other!r}.", f"Day and month seem swapped: use order={other!r}."
        )
        if swapped
        else Text("Kiểm tra và gõ lại ngày, tháng, giờ.", "Check and retype day, month and time."),
    )
