"""What a panel must be before anything is estimated from it: columns, numbers, periods, adoption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, refuse_cells
from dvresearch.metrics.estimates import Floats, column_numbers
from dvresearch.text import period as read_period

__all__ = [
    "ORIGIN",
    "adoption_numbers",
    "check_columns",
    "check_constant",
    "check_share",
    "check_single",
    "finite",
    "period_numbers",
    "read_periods",
]

#: Shares of the codebook that may lie outside 0-1: a result over its plan, a loss of fit.
_UNBOUNDED = ("target_attainment", "permutation_importance")
#: Added to the numbers of pandas periods, so that none is 0 (never): they count from 1970.
ORIGIN = 100_000
_FREQUENCIES = {"year": "Y", "quarter": "Q", "month": "M"}
#: Numbers that are written periods, 202412 and 20243, by frequency: the first, the last, and what parts year and rest.
_WRITTEN = {"M": (190001, 209912, 100), "Q": (19001, 20994, 10)}
#: Days written as numbers: 20241231.
_DAYS = (19000101, 20991231)


def check_columns(panel: pd.DataFrame, columns: Sequence[str], filled: Sequence[str] = ()) -> None:
    """Refuse what is no table, a panel without one of `columns` or with two of its name, an empty cell in `filled`."""
    if not hasattr(panel, "columns"):
        raise DataError("panel-is-no-table", got=type(panel).__name__)
    for name in columns:
        if not isinstance(name, str | int):
            raise ParameterError("column-not-one-name", got=repr(name))
    twice = [str(c) for c in dict.fromkeys(columns) if (panel.columns == c).sum() > 1]
    if twice:
        raise DataError("panel-column-twice", got=", ".join(twice), name=twice[0])
    missing = ", ".join(str(c) for c in columns if c not in panel)
    if missing:
        needed, there = (", ".join(map(str, names)) for names in (columns, panel.columns))
        raise DataError("panel-column-missing", got=there, missing=missing, needed=needed)
    for column in filled:
        _refuse(panel, column, panel[column].isna(), "panel-cell-empty", name=column)


def _refuse(panel: pd.DataFrame, column: str, wrong: Any, code: str, **blanks: object) -> None:
    """Refuse a panel of whose `column` some cells are wrong; rows are counted from 1, whatever the index."""
    rows = range(1, len(panel) + 1)
    cells = pd.Series(panel[column].to_numpy(), index=rows, name=column)
    refuse_cells(cells, pd.Series(np.asarray(wrong), index=rows), code, "panel", **blanks)


def finite(panel: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers; text and infinite numbers are refused."""
    values = column_numbers(panel, column)
    _refuse(panel, column, np.isinf(values), "panel-number-infinite", name=column)
    return values


def check_share(outcome: str, values: Floats) -> None:
    """Refuse values outside 0-1 of an outcome that the codebook knows as a share."""
    code = codebook.find("indicator", outcome)
    if code != outcome or code in _UNBOUNDED or codebook.get("indicator", code).unit != "share":
        return
    # Shares that were added up may be off in the last digit.
    outside = (values < -1e-9) | (values > 1 + 1e-9)
    _refuse(pd.DataFrame({outcome: values}), outcome, outside, "panel-share-outside-0-1", name=outcome)


def read_periods(values: pd.Series, length: Any = None) -> pd.Series:
    """Return periods as pandas periods of one length, or as whole numbers: years, or running numbers.

    Parameters
    ----------
    values : Series
        Pandas periods; text as :func:`dvresearch.text.period` reads it (``quý III/2024``, ``T12/2024``, ``2023Q1``);
        whole numbers, of which those like 202412 are months and those like 20243 quarters; or days that all begin,
        or all end, a year, a quarter or a month, which they then stand for.
    length : frequency, optional
        Length of the periods where it is known: a day then stands for the period that contains it.

    Raises
    ------
    DataError
        For anything else: periods of several lengths, numbers that are no periods of one kind, other days.
    """
    name = values.name
    if values.dtype == object:
        values = values.where(values.notna(), np.nan).infer_objects()
    if isinstance(values.dtype, pd.PeriodDtype):
        return values
    is_day = pd.api.types.is_datetime64_any_dtype(values)
    if not is_day and not pd.api.types.is_numeric_dtype(values):
        cells = values.where(values.astype("str").str.strip() != "")
        if cells.dropna().astype("str").str.fullmatch(r"\s*[0-9]{5,8}\s*").all():
            values = pd.to_numeric(cells)
        else:
            days, kinds = _read_text(cells)
            if kinds != {"day"}:
                if len(kinds) > 1 or not kinds <= set(_FREQUENCIES):
                    raise DataError("periods-of-several-lengths", got=", ".join(sorted(kinds)), name=name)
                return days.dt.to_period(_FREQUENCIES[kinds.pop()])
            values, is_day = days, True
    if not is_day:
        return _read_numbers(values)
    days = values.dt.tz_localize(None).dt.normalize()
    frequency = length or next((f for f in ("Y", "Q", "M") if _bounds(days.dropna(), f)), None)
    if frequency is None:
        raise DataError("periods-are-days", got=f"{days.min():%Y-%m-%d}", name=name)
    return days.dt.to_period(frequency)


def _read_text(cells: pd.Series) -> tuple[pd.Series, set[str]]:
    """Return the first day of each period written in words, and the kinds of periods there are."""
    try:
        spans = {cell: read_period(str(cell)) for cell in cells.dropna().unique()}
    except DataError as error:
        raise DataError("column-holds-no-periods", got=error.got, name=cells.name) from None
    days = pd.to_datetime(cells.map({cell: span.start for cell, span in spans.items()}))
    return days, {span.kind for span in spans.values()}


def _bounds(days: pd.Series, frequency: str) -> bool:
    """Tell whether all `days` are the first, or all the last, of their period."""
    periods = days.dt.to_period(frequency)
    return any((days == edge.dt.normalize()).all() for edge in (periods.dt.start_time, periods.dt.end_time))


def _read_numbers(values: pd.Series) -> pd.Series:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    there = ~np.isnan(numbers)
    known = numbers[there]
    broken = known != np.floor(known)
    if broken.any():
        raise DataError("period-not-whole", got=f"{known[broken][0]:g}", name=values.name)
    for frequency, (first, last, parts) in _WRITTEN.items():
        written = (known >= first) & (known <= last)
        if not written.any():
            continue
        per_year, part = last % parts, np.where(written, known, 0) % parts
        unclear = (part < 1) | (part > per_year)
        if unclear.any():
            shown = f"{known[written][0]:.12g}, {known[unclear][0]:.12g}"
            raise DataError("period-number-unclear", got=shown, name=values.name)
        ordinals = (known // parts - 1970) * per_year + part - 1
        periods = pd.PeriodIndex.from_ordinals(ordinals.astype(np.int64), freq=frequency)
        return pd.Series(periods, values.index[there], name=values.name).reindex(values.index)
    if ((known >= _DAYS[0]) & (known <= _DAYS[1])).any():
        raise DataError("periods-are-days", got=f"{known.min():.0f}", name=values.name)
    return pd.Series(numbers, values.index, name=values.name)


def period_numbers(panel: pd.DataFrame, column: str) -> tuple[Floats, Any]:
    """Return periods as numbers, missing ones as NaN, and what they were: a pandas period dtype, or None for numbers.

    See :func:`read_periods` for what is read and what is refused.
    """
    return _numbers(read_periods(panel[column]))


def _numbers(periods: pd.Series) -> tuple[Floats, Any]:
    if not isinstance(periods.dtype, pd.PeriodDtype):
        return periods.to_numpy(dtype=np.float64), None
    numbers = periods.astype("int64").to_numpy(dtype=np.float64) + ORIGIN
    return np.where(periods.isna(), np.nan, numbers), periods.dtype


def adoption_numbers(
    panel: pd.DataFrame, adopted: str, *, unit: str, period: str, time: Floats, calendar: Any
) -> Floats:
    """Return the adoption period of each row as a number, 0 when the unit never adopts.

    Parameters
    ----------
    panel : DataFrame
        The panel.
    adopted, unit, period : str
        Its columns.
    time, calendar : array of float, dtype
        The periods of the rows, from :func:`period_numbers`.

    Raises
    ------
    DataError
        When the column says yes or no instead of a period, is of another kind than the periods, is below 0, or 0 where
        the period 0 is one of the panel.
    """
    cohort, its_calendar = _adoption(panel[adopted], calendar)
    known = np.unique(cohort[~np.isnan(cohort)])
    flags = pd.api.types.infer_dtype(panel[adopted], skipna=True) == "boolean"
    if its_calendar is None and 1 in known and set(known) <= {0.0, 1.0}:
        of_unit = pd.Series(cohort).groupby(pd.factorize(panel[unit])[0])
        moves = bool((of_unit.min() < of_unit.max()).any())
        # Where periods count from 1, a 1 in all rows of a unit may be the first of them.
        if flags or moves or calendar is not None or np.min(time, initial=np.inf) > 1:
            code = "adoption-says-when-there-is-one" if moves else "adoption-says-only-who"
            raise DataError(code, got="0/1", name=adopted, unit=unit, period=period)
    if calendar != its_calendar and (known > 0).any():
        kinds = f"{calendar or panel[period].dtype}, {its_calendar or panel[adopted].dtype}"
        raise DataError("adoption-of-another-kind", got=kinds, name=adopted, period=period)
    first, last = np.min(time, initial=np.inf), np.max(time, initial=-np.inf)
    # Where the panel begins with 0 and empty cells say never, 0 can only be the period.
    if 0 in known and (first < 0 or (first == 0 and np.isnan(cohort).any())) and last >= 0:
        shown, shift = f"{adopted} = 0, {period} {first:g}-{last:g}", int(1 - first)
        raise DataError("adoption-0-is-a-period", got=shown, name=adopted, period=period, shift=shift)
    if (known < 0).any():
        code, shift = ("adoption-negative", 0) if first >= 1 else ("adoption-and-periods-negative", int(1 - first))
        raise DataError(code, got=f"{adopted} = {known[0]:g}", name=adopted, period=period, shift=shift)
    return np.nan_to_num(cohort, nan=0.0, posinf=0.0)


def _adoption(values: pd.Series, calendar: Any) -> tuple[Floats, Any]:
    """Return periods of adoption as numbers, and their calendar; 0 and infinity, which are never elsewhere, kept."""
    if pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        return values.eq(True).to_numpy(np.float64), None
    never: NDArray[np.bool_] = values.isin([0, np.inf]).to_numpy()
    numbers, its_calendar = _numbers(read_periods(values.mask(never), getattr(calendar, "freq", None)))
    return np.where(never, np.asarray(values, dtype=object), numbers).astype(np.float64), its_calendar


def check_single(panel: pd.DataFrame, unit: str, period: str, time: Floats) -> None:
    """Refuse a unit with two rows in a period, whose numbers are `time`."""
    twice = pd.DataFrame({"unit": panel[unit].to_numpy(), "time": time}).duplicated().to_numpy()
    if twice.any():
        row = panel.iloc[int(twice.argmax())]
        more = f" (+{int(twice.sum()) - 1})" if twice.sum() > 1 else ""
        raise DataError("unit-twice-in-a-period", got=f"{row[unit]}, {row[period]}{more}")


def check_constant(panel: pd.DataFrame, unit: str, constant: Sequence[str], adopted: str = "") -> None:
    """Refuse a unit with two values in a column that belongs to the unit; `adopted` is the one with its adoption."""
    for column in constant:
        # the last row of a unit stands for it: one that differs is shown
        value = pd.Series(pd.factorize(panel[column])[0], panel.index)
        several = (value != value.groupby(panel[unit].to_numpy()).transform("last")).to_numpy()
        if several.any():
            labels = panel[unit].to_numpy()[several]
            more = len(set(labels)) - 1
            code = "adoption-differs-within-unit" if column == adopted else "column-differs-within-unit"
            raise DataError(code, got=f"{labels[0]} (+{more})" if more else str(labels[0]), name=column)
