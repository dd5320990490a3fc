"""Working days of Vietnamese public offices, counted from a calendar that can be edited.

The calendar is ``workdays.csv`` beside this module: Monday to Friday are worked,
Saturday and Sunday are not, and the file lists every day that is otherwise (public
holidays, days off in exchange, Saturdays worked in exchange) or is a holiday on a
weekend. It covers whole years, from the first to the last year it names. Its rows
were written once by :func:`seed` from the ``holidays`` package; a row corrected by
hand says so in its column ``source`` (``edited: ...``). A further year is added with the rows of
``seed(2028, 2028)``. The holidays of a year that the Government has not announced yet are
those of the Labour Code and may still change.

Days are counted as offices count them: the day of receipt is day 0, so the first
working day after it is day 1. ``numpy.busday_count(a, b)`` counts from `a` up to the
day before `b` and knows no Saturday worked in exchange, so it differs in both.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dvresearch.errors import DataError, ParameterError

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Calendar", "add_working_days", "calendar", "is_working", "seed", "working_days"]

#: Columns of ``workdays.csv``.
COLUMNS = ("day", "working", "why_vi", "why_en", "source")
_FILE = Path(__file__).with_name("workdays.csv")
_SATURDAY = 5


@dataclass(frozen=True, eq=False)
class Calendar:
    """Which days are worked, for everyone and for the units that differ.

    Parameters
    ----------
    days : ndarray of datetime64[D], shape (days,)
        Every day covered, in order.
    holiday : ndarray of bool, shape (days,)
        Whether the file lists the day as not worked.
    working : ndarray of bool, shape (calendars, days)
        Row 0 is the common calendar; each further row belongs to units that differ from it.
    rows : mapping of str to int
        The row of each unit that has one of its own.
    """

    days: NDArray[np.datetime64]
    holiday: NDArray[np.bool_]
    working: NDArray[np.bool_]
    rows: Mapping[str, int]

    @cached_property
    def counts(self) -> NDArray[np.int32]:
        """Days worked from the first day of the calendar up to and with each day."""
        return np.cumsum(self.working, axis=1, dtype=np.int32)

    def _position(self, days: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Return how many days after `first` each day is; 0 where it is missing."""
        known = ~np.isnat(days)
        first, last = self.days[[0, -1]]
        outside = known & ((days < first) | (days > last))
        if outside.any():
            day = np.atleast_1d(days)[np.atleast_1d(outside)][0]
            found = f"{day} ({int(outside.sum())} ô/cells)"
            raise DataError("day-outside-calendar", got=found, first=first, last=last)
        return np.where(known, days - first, np.timedelta64(0, "D")).astype(np.int64)

    def _row(self, unit: str | ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.int64] | int:
        """Return the row of the calendar each unit goes by."""
        if unit is None or not self.rows:
            return 0
        if isinstance(unit, str):
            return self.rows.get(unit, 0)
        rows = np.array([self.rows.get(u, 0) for u in np.asarray(unit, dtype=object).tolist()], dtype=np.int64)
        if rows.shape != shape:
            raise ParameterError("units-not-as-many-as-days", got=str(len(rows)), count=shape[0] if shape else 1)
        return rows


def calendar(
    exceptions: Mapping[str, Literal["saturday"] | Iterable[Any]] | None = None,
    *,
    path: str | PathLike[str] | None = None,
) -> Calendar:
    """Return the calendar of working days, with the openings of single units added.

    Parameters
    ----------
    exceptions : mapping of str to "saturday" or iterable of dates, optional
        For a unit, the days on which its desk works although others do not:
        ``"saturday"`` for every Saturday that is not a public holiday, or the days themselves.
    path : str or path, optional
        An edited copy of ``workdays.csv``; the one of the package when not given.

    Returns
    -------
    Calendar
        What the other functions of this module take as `calendar`.

    Raises
    ------
    DataError
        For a row whose day or whose yes/no cannot be read, a day listed twice, or an exception
        outside the years covered.
    """
    table = _read(Path(path)) if path is not None else _national()
    common = table.working[0]
    masks = {common.tobytes(): 0}  # units that open alike share a row
    rows = {}
    for unit, days in (exceptions or {}).items():
        worked = common.copy()
        if isinstance(days, str) and days == "saturday":
            worked |= (_weekday(table.days) == _SATURDAY) & ~table.holiday
        elif isinstance(days, str):
            raise ParameterError("exception-not-understood", got=days, unit=unit)
        else:
            worked[table._position(_days(list(days)))] = True
        rows[unit] = masks.setdefault(worked.tobytes(), len(masks))
    working = np.array([np.frombuffer(mask, dtype=np.bool_) for mask in masks])
    return Calendar(table.days, table.holiday, working, rows)


def is_working(
    days: ArrayLike, unit: str | ArrayLike | None = None, *, calendar: Calendar | None = None
) -> NDArray[np.bool_]:
    """Tell for each day whether the office works.

    Parameters
    ----------
    days : array-like of dates
        Dates or instants; of an instant its calendar day is used.
    unit : str or array-like of str, optional
        The unit of all days or of each day, where units differ.
    calendar : Calendar, optional
        From :func:`calendar`; the one of the package when not given.

    Returns
    -------
    ndarray of bool
        False too where the day is missing.

    Raises
    ------
    DataError
        When a day lies outside the calendar.
    """
    table = calendar or _national()
    asked = _days(days)
    return table.working[table._row(unit, asked.shape), table._position(asked)] & ~np.isnat(asked)


def working_days(
    start: ArrayLike,
    end: ArrayLike,
    unit: str | ArrayLike | None = None,
    *,
    calendar: Calendar | None = None,
) -> NDArray[np.float64]:
    """Count the working days from one day to another; the first is day 0.

    The count is that of the days d with start < d <= end that are worked,
    ``C(end) - C(start)`` with C the number of days worked up to a day. Where `end` lies
    before `start` it is negative.

    Parameters
    ----------
    start, end : array-like of dates
        Dates or instants (days); one of them may be a single day.
    unit, calendar
        As in :func:`is_working`.

    Returns
    -------
    ndarray of float
        Working days; NaN where one of the two is missing.

    Raises
    ------
    DataError
        When a day lies outside the calendar.

    Notes
    -----
    Checked against a day-by-day loop, against ``numpy.busday_count`` on years without an
    exchanged Saturday, and on Tết 2026 by hand (tests/test_workdays.py).
    """
    table = calendar or _national()
    begin, finish = _days(start), _days(end)
    row = table._row(unit, np.broadcast_shapes(begin.shape, finish.shape))
    count = table.counts[row, table._position(finish)] - table.counts[row, table._position(begin)]
    return np.where(np.isnat(begin) | np.isnat(finish), np.nan, count)


def add_working_days(
    start: ArrayLike,
    count: ArrayLike,
    unit: str | ArrayLike | None = None,
    *,
    calendar: Calendar | None = None,
) -> NDArray[np.datetime64]:
    """Return the day that is `count` working days after `start`: the due day.

    Parameters
    ----------
    start : array-like of dates
        Day of receipt, day 0.
    count : array-like of int
        Working days to add, 0 or more. 0 returns `start`, worked or not.
    unit, calendar
        As in :func:`is_working`.

    Returns
    -------
    ndarray of datetime64[D]
        The first day d with ``working_days(start, d) == count``; NaT where an input is missing.

    Raises
    ------
    DataError
        When a day lies outside the calendar, or `count` is negative or not whole.
    """
    table = calendar or _national()
    begin = _days(start)
    steps = np.asarray(count, dtype=np.float64)
    odd = ~((steps >= 0) & (steps == np.floor(steps)) | np.isnan(steps))
    if odd.any():
        raise DataError("time-limit-not-whole", got=str(steps[odd].flat[0]))
    begin, steps = np.broadcast_arrays(begin, steps)
    missing = np.isnan(steps) | np.isnat(begin)
    row = np.broadcast_to(table._row(unit, begin.shape), begin.shape)
    wanted = table.counts[row, table._position(begin)] + np.where(missing, 0, steps).astype(np.int64)
    due = begin.copy()
    for each in np.unique(row):
        worked = np.flatnonzero(table.working[each])
        # A due day past the end is asked for by its position, so that the message is the one for any day outside.
        ends = np.append(table.days[worked], table.days[-1] + 1)
        chosen = (row == each) & (steps > 0) & ~missing
        due[chosen] = ends[np.minimum(wanted[chosen] - 1, len(worked))]
    due[missing] = np.datetime64("NaT")
    table._position(due)
    return due[()]


def seed(first: int, last: int) -> list[dict[str, str]]:
    """Return the rows of ``workdays.csv`` for some years, as the ``holidays`` package knows them.

    Parameters
    ----------
    first, last : int
        First and last year.

    Returns
    -------
    list of dict
        Rows with the columns of the file, in order of the day: public holidays, days off in
        exchange (``working`` = no) and the Saturdays worked for them (yes).
    """
    import holidays

    # A day off early in a year may be worked off in the year before, so one more year is asked for at each end.
    years = range(first - 1, last + 2)
    vi, en = (holidays.country_holidays("VN", years=years, language=lang) for lang in ("vi", "en_US"))
    # The package writes 05/04/2024 for 4 May in English and for 5 April in Vietnamese.
    days = {day: ("no", vi[day], re.sub(r"(\d\d)/(\d\d)/(\d{4})", r"\3-\1-\2", en[day])) for day in vi}
    days |= dict.fromkeys(vi.weekend_workdays, ("yes", "Làm bù", "Worked in exchange"))
    return [
        dict(zip(COLUMNS, (day.isoformat(), *days[day], f"holidays {holidays.__version__}"), strict=True))
        for day in sorted(days)
        if first <= day.year <= last
    ]


@cache
def _national() -> Calendar:
    return _read(_FILE)


def _listed(path: Path) -> dict[np.datetime64, bool]:
    """Return the days a calendar file lists and whether they are worked."""
    days: dict[np.datetime64, bool] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                day = np.datetime64(date.fromisoformat((row.get("day") or "").strip()))
                working = {"yes": True, "no": False}[(row.get("working") or "").strip()]
                readable = day not in days
            except (ValueError, KeyError):
                readable = False
            if not readable:
                where, got = f"{path.name}, dòng/row {number}", f"{row.get('day')}, {row.get('working')}"
                raise DataError("row-of-calendar-not-read", where=where, got=got)
            days[day] = working
    if not days:
        raise DataError("calendar-lists-no-day", where=path.name)
    return days


def _read(path: Path) -> Calendar:
    listed = _listed(path)
    years = np.array([min(listed), max(listed)], dtype="datetime64[Y]") + np.array([0, 1])
    days = np.arange(*years.astype("datetime64[D]"))
    position = np.searchsorted(days, np.array(list(listed)))
    working = _weekday(days) < _SATURDAY
    working[position] = list(listed.values())
    holiday = np.zeros(len(days), dtype=np.bool_)
    holiday[position] = np.logical_not(list(listed.values()))
    return Calendar(days, holiday, working[np.newaxis], {})


def _weekday(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return 0 for Monday to 6 for Sunday (1970-01-01 was a Thursday)."""
    return (days.astype(np.int64) + 3) % 7


def _days(values: Any) -> NDArray[np.datetime64]:
    """Return the calendar day of each value; of an instant in a time zone, the day on the wall there."""
    if getattr(getattr(values, "dtype", None), "tz", None) is not None:
        values = getattr(values, "dt", values).tz_localize(None)
    elif getattr(values, "tzinfo", None) is not None:
        values = values.replace(tzinfo=None)
    try:
        return np.asarray(values, dtype="datetime64[D]")
    except (TypeError, ValueError) as error:
        raise DataError("days-cannot-be-read", got=str(error)) from None
