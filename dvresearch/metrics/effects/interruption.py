"""The series behind an interruption: which period each row is, when the model began, what was counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, Text, check_choice
from dvresearch.metrics.effects.inputs import check_columns, read_periods
from dvresearch.metrics.estimates import Floats, check_whole, column_numbers
from dvresearch.tables import Column, Table, check
from dvresearch.text import period as read_period

__all__ = ["Interruption", "Series", "read_series"]

#: Months in the periods of the calendar.
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True)
class Interruption:
    """What was measured, since when the model runs, and which form its link may take.

    Parameters
    ----------
    outcome : str
        Column of the outcome: counts for ``quasipoisson``, any number for ``linear``.
    start : number, date or period
        First period with the model, or a day in it: ``2024-03``, ``15/03/2024`` (day/month/year), a Timestamp, a
        Period; a whole number where periods are whole numbers. A year in a series of months is refused.
    period : str, default "period"
        Column of the period: whole numbers (202403 is a month, 20241 a quarter), periods of pandas or as tables write
        them (``2024-03``, ``2024-Q1``), or dates. Dates of which no month has two are months (quarters or years when
        they lie that far apart); other dates stand for the days from each to the next.
    exposure : str, optional
        Column a count is measured against (dossiers received, population). Counts only.
    family : {"quasipoisson", "linear"}, default "quasipoisson"
        Log-linear model of a count, or linear model of a number.
    change : {"both", "level", "slope"}, default "both"
        What may change at the start: the level, the slope, or both.
    season : int or "indicators", default 0
        Pairs of sine and cosine terms, 0 for none; or ``"indicators"``: a term of its own for every period of the cycle
        but the first (eleven month terms), which takes more periods and supposes nothing about the shape.
    cycle : int, default 12
        Periods in a season: 12 for months, 4 for quarters.
    group : str, optional
        Column that tells the place with the model from a comparison place.
    of : str, optional
        The label of the place with the model in `group`.
    transition : int, default 0
        Periods from the start on that are left out, while the model is being set up.
    """

    outcome: str
    start: Any
    period: str = "period"
    exposure: str | None = None
    family: Literal["quasipoisson", "linear"] = "quasipoisson"
    change: Literal["both", "level", "slope"] = "both"
    season: int | Literal["indicators"] = 0
    cycle: int = 12
    group: str | None = None
    of: str | None = None
    transition: int = 0

    def __post_init__(self) -> None:
        check_choice("family", self.family, ("quasipoisson", "linear"))
        check_choice("change", self.change, ("both", "level", "slope"))
        for name in ("cycle", "transition", *(() if self.season == "indicators" else ("season",))):
            check_whole(name, getattr(self, name))
        wrong = {
            "outcome": not isinstance(self.outcome, str),
            "period": not isinstance(self.period, str),
            "group": not isinstance(self.group, str | None),
            "exposure": self.exposure is not None and (self.family == "linear" or not isinstance(self.exposure, str)),
            "season": self.cycle < 2 if self.season == "indicators" else not 2 * self.season < self.cycle,
            "of": (self.group is None) != (self.of is None),
        }
        for name, bad in wrong.items():
            if bad:
                raise ParameterError("interruption-does-not-fit", got=f"{name}={getattr(self, name)!r}", name=name)


@dataclass(frozen=True)
class Series:
    """A series ready to be fitted: `t` counts periods from the start, `treated` marks the place with the model."""

    y: Floats
    exposure: Floats
    t: Floats
    treated: Floats
    compared: bool

    def before(self) -> Series:
        """Return the periods before the start."""
        keep = self.t < 0
        return Series(self.y[keep], self.exposure[keep], self.t[keep], self.treated[keep], self.compared)


def read_series(table: pd.DataFrame, interruption: Interruption) -> Series:
    """Return the series an interruption names, checked; errors as for ``interrupted_series``."""
    if not isinstance(interruption, Interruption):
        raise ParameterError("interruption-missing", got=type(interruption).__name__)
    named = [c for c in (interruption.outcome, interruption.exposure) if c]
    labels = [c for c in (interruption.period, interruption.group) if c]
    counted: Literal["count", "number"] = "count" if interruption.family == "quasipoisson" else "number"
    columns = [Column(c, counted, required=True) for c in named] + [Column(c, "text", required=True) for c in labels]
    check(table, Table("series", Text("chuỗi số", "series"), (), tuple(columns)))
    check_columns(table, labels, labels)
    y = column_numbers(table, interruption.outcome)
    exposure = column_numbers(table, interruption.exposure) if interruption.exposure else np.ones(len(table))
    if (exposure == 0).any():
        where = f"dòng/row {int((exposure == 0).argmax()) + 1}, cột/column {interruption.exposure}"
        raise DataError("exposure-is-zero", where=where)
    treated = np.ones(len(table))
    if interruption.group:
        treated = (table[interruption.group] == interruption.of).to_numpy(dtype=float)
        places = table[interruption.group].nunique()
        if not treated.any() or places > 2:
            got = f"{interruption.group}: {places}; of={interruption.of!r}"
            raise ParameterError("one-place-and-one-comparison", got=got)
    t = _since(table[interruption.period], interruption.start, treated)
    if pd.DataFrame({"t": t, "g": treated}).duplicated().any():
        raise DataError("period-has-several-rows", where=f"cột/column {interruption.period}")
    if not ((t[treated == 1] < 0).any() and (t[treated == 1] >= 0).any()):
        raise DataError("start-outside-series", got=f"start={interruption.start!r}")
    known = ~np.isnan(y) & ~np.isnan(exposure) & ((t < 0) | (t >= interruption.transition))
    order = np.argsort(t[known], kind="stable")
    return Series(
        y[known][order], exposure[known][order], t[known][order], treated[known][order], bool((treated == 0).any())
    )


def _since(values: pd.Series, start: Any, treated: Floats) -> Floats:
    """Return the periods since the one that holds the start, counted in the shortest distance between two of them."""
    values = values.infer_objects()
    if pd.api.types.is_numeric_dtype(values):  # 202412 and 202501 are neighbours
        values = read_periods(values)
        if isinstance(values.dtype, pd.PeriodDtype) and isinstance(start, Real):
            start = read_periods(pd.Series([start], name="start")).iloc[0]
    first: Any
    if pd.api.types.is_numeric_dtype(values) and isinstance(start, Real):
        number, first = values, start
    else:
        first_day, last_day = _days_of(start)
        number, holder = _numbered(values, treated)
        first = holder(first_day)
        if first != holder(last_day):
            one_month = first == holder(first_day + pd.offsets.MonthEnd(0))
            told = f"{first_day:%Y-%m}" if one_month else f"{first_day:%Y-%m-%d}"
            raise ParameterError("start-longer-than-period", got=f"start={start!r}", told=told)
    if pd.api.types.is_numeric_dtype(values) and (first % 1 or (values % 1 != 0).any()):
        raise ParameterError("numbered-periods-not-whole", got=f"start={start!r}")
    t = number.to_numpy(dtype=float) - first
    return t / _step(np.append(t, 0))


def _numbered(values: pd.Series, treated: Floats) -> tuple[pd.Series, Callable[[pd.Timestamp], int]]:
    """Return the running number of each period, and what gives the number of the period that holds a day."""
    if isinstance(values.dtype, pd.PeriodDtype):
        return values.astype("int64"), lambda day: pd.Period(day, freq=values.dtype.freq).ordinal
    if pd.api.types.is_numeric_dtype(values):
        return values, lambda day: day.year
    days, months = _days(values, treated)
    if months:
        return (days.dt.year * 12 + days.dt.month - 1) // months, lambda day: (day.year * 12 + day.month - 1) // months
    offset = (days - days.min()).dt.days
    step = _step(offset)
    return offset // step, lambda day: (day - days.min()).days // step


def _step(numbers: Any) -> int:
    """Return the largest whole number of which all distances are multiples."""
    return int(np.gcd.reduce(np.diff(np.unique(numbers)).astype(np.int64))) or 1


def _days(values: pd.Series, treated: Floats) -> tuple[pd.Series, int]:
    """Return the first day of each period and how many months it lasts; 0 where the distance of the days says it."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        spans = {v: read_period(str(v)) for v in values.unique()}
        kinds = {span.kind for span in spans.values()}
        if len(kinds) > 1 or not kinds <= {*_MONTHS, "day"}:
            raise DataError("periods-differ", got=", ".join(sorted(kinds)), where=f"cột/column {values.name}")
        values, kind = values.astype("object").map({v: span.start for v, span in spans.items()}), kinds.pop()
        if kind in _MONTHS:
            return pd.to_datetime(values), _MONTHS[kind]
    days = pd.to_datetime(values).dt.tz_localize(None)
    month = days.dt.year * 12 + days.dt.month
    once = not pd.DataFrame({"place": treated, "day": month}).duplicated().any()
    step = _step(month)
    return days, next(m for m in (12, 6, 3, 1) if step % m == 0) if once else 0


def _days_of(start: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and the last day of what an interruption gives as its start: a day is day/month/year."""
    try:
        if isinstance(start, pd.Period):
            first, last = start.start_time, start.end_time.normalize()
        elif isinstance(start, dt.date | np.datetime64):
            first = last = pd.Timestamp(start).tz_localize(None)
        else:
            span = read_period(str(start))
            first, last = pd.Timestamp(span.start), pd.Timestamp(span.end or span.start)
    except DataError:
        first = last = pd.NaT
    if first is pd.NaT:
        raise ParameterError("start-is-no-period", got=f"start={start!r}")
    return first, last
