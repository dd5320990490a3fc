"""A panel as every estimate takes it: what is compared, its rows as numbers, and what is refused before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, check_choice, refuse_cells
from dvresearch.metrics.estimates import Floats, check_whole, column_numbers, group_names
from dvresearch.text import period as read_period

__all__ = [
    "ADJUSTMENTS", "FEW_CLUSTERS", "FEW_SIDE", "Comparison", "Sample", "check_columns", "check_constant",
    "check_share", "period_numbers", "read_periods", "read_written", "refuse_twice",
]  # fmt: skip

Control = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]
Sampling = Literal["panel", "cross_sections"]
Adjustment = Literal["doubly_robust", "regression"]

#: What diff-diff calls them.
ADJUSTMENTS = {"doubly_robust": "dr", "regression": "reg"}
#: Below, intervals from large numbers of clusters do not hold (Cameron, Gelbach and Miller 2008), nor with few
#: clusters on one side (MacKinnon and Webb 2017): the permutation interval is added.
FEW_CLUSTERS, FEW_SIDE = 20, 5
#: Shares of the codebook that may lie outside 0-1: a result over its plan, a loss of fit.
_UNBOUNDED = ("target_attainment", "permutation_importance")
#: Added to the numbers of pandas periods, so that none is 0 (never): they count from 1970.
_ORIGIN = 100_000
_FREQUENCIES = {"year": "Y", "quarter": "Q", "month": "M"}
#: Numbers that are written periods, 202412 and 20243: name and frequency, the first, the last, how many follow a year.
_WRITTEN = (("month", "M", 190001, 209912, 100), ("quarter", "Q", 19001, 20994, 10))
#: Days written as numbers: 20241231.
_DAYS = (19000101, 20991231)


@dataclass
class Comparison:
    """What is compared with what; arguments as for :func:`impact` and :func:`fit_impact`."""

    outcome: str
    unit: str
    period: str
    adopted: str
    covariates: Sequence[str] = ()
    adjustment: Adjustment = "doubly_robust"
    control: Control = "never"
    cluster: str | None = None
    weights: str | None = None
    anticipation: int = 0
    sampling: Sampling = "panel"
    base: Base = "varying"

    def __post_init__(self) -> None:
        words = {"control": Control, "adjustment": Adjustment, "base": Base, "sampling": Sampling}
        for name, kind in words.items():
            check_choice(name, getattr(self, name), get_args(kind))
        check_whole("anticipation", self.anticipation)
        self.covariates = group_names(self.covariates)


class Sample:
    """The rows an effect is estimated from, checked, with periods and adoption as numbers.

    Parameters
    ----------
    panel : DataFrame
        The panel as it was given.
    of : Comparison
        What is compared.

    Attributes
    ----------
    rows : DataFrame
        Columns ``unit`` and ``place`` (codes from 0; the place is the unit itself in a panel, in repeated
        cross-sections each row is a unit), ``period``, ``cohort`` (adoption period; 0 when the place never adopts
        within the panel), ``outcome``, ``weight`` (mean 1 over units), ``cluster`` and ``x0``, ``x1``, … (covariates).
    cohorts, mass, clusters, places : array
        Adoption period, weight, cluster number and place of each unit.
    names, place_cohorts, place_clusters : array
        Label in the panel, adoption period and cluster number of each place.
    always, later : int
        Places left out because they adopted in the first period or before; places that adopt after the last period
        and serve as comparison.
    unmeasured : array of float
        Adoption period of each adopting place of which no outcome is known at all.
    stopped : int
        Adopting places in which no model runs any more in some period measured since (column ``dose`` of the panel).
    gaps : float
        Share of the pairs of unit and period (of the rows, in repeated cross-sections) without an outcome.
    calendar : dtype
        What the periods were: a pandas period dtype, or None for numbers.

    Raises
    ------
    DataError
        For a missing column, a unit with two rows in one period, a unit with two adoption periods, clusters or
        weights, a weight that is not positive, a missing covariate, text or an infinite number, a share of the
        codebook outside 0-1, periods that are neither whole numbers nor pandas periods, or an adoption that is no
        period.
    """

    def __init__(self, panel: pd.DataFrame, of: Comparison) -> None:
        self.panel, self.of, waves = panel, of, of.sampling == "cross_sections"
        of_unit = [c for c in (of.cluster, of.weights) if c is not None]
        filled = [of.unit, of.period, *of_unit, *of.covariates]
        check_columns(panel, [of.outcome, of.adopted, *filled], filled)
        time, self.calendar = period_numbers(panel[of.period])
        cohort = _adoption_numbers(panel, of, time, self.calendar)
        codes, names = pd.factorize(panel[of.unit])
        if not waves:
            refuse_twice(panel, [of.unit, of.period], "unit-twice-in-a-period", [codes, time])
        check_constant(panel, of.unit, [of.adopted, *(() if waves else of_unit)], of.adopted)
        outcome = _finite(panel, of.outcome)
        check_share(of.outcome, outcome)
        rows = pd.DataFrame(
            {
                "unit": np.arange(len(panel)) if waves else codes,
                "period": time,
                "cohort": cohort,
                "outcome": outcome,
                "weight": 1.0 if of.weights is None else _finite(panel, of.weights),
                "cluster": codes if of.cluster is None else pd.factorize(panel[of.cluster])[0],
                "place": codes,
                "runs": _finite(panel, "dose") != 0 if "dose" in panel else True,
            }
            | {f"x{j}": _finite(panel, c) for j, c in enumerate(of.covariates)}
        )
        if (rows["weight"] <= 0).any():
            raise DataError("weight-not-positive", got=f"{rows['weight'].min():.6g}", name=of.weights)
        # A row that is not there is as much a gap as an empty cell.
        wanted = len(rows) if waves else rows["unit"].nunique() * rows["period"].nunique()
        known = rows["outcome"].notna()
        self.gaps = 1 - int(known.sum()) / max(wanted, 1)
        first, last = rows.loc[known, "period"].min(), rows.loc[known, "period"].max()
        measured = rows["place"].isin(rows.loc[known, "place"])
        lost = rows[~measured & (rows["cohort"] > first) & (rows["cohort"] <= last)]
        self.unmeasured: Floats = lost.drop_duplicates("place")["cohort"].to_numpy()
        rows = rows[known]
        always, later = rows["cohort"].between(0, first, inclusive="right"), rows["cohort"] > last + of.anticipation
        self.always, self.later = (rows.loc[which, "place"].nunique() for which in (always, later))
        rows = rows.assign(cohort=rows["cohort"].mask(later, 0.0))[~always]
        ended = (rows["cohort"] > 0) & (rows["period"] >= rows["cohort"]) & ~rows.pop("runs")
        self.stopped = rows.loc[ended, "place"].nunique()
        _, start, units = np.unique(rows["unit"], return_index=True, return_inverse=True)
        each = rows.iloc[start]
        self.cohorts: Floats = each["cohort"].to_numpy()
        self.mass: Floats = each["weight"].to_numpy() / each["weight"].mean()
        self.clusters = pd.factorize(each["cluster"])[0]
        self.places, kept = pd.factorize(each["place"])
        self.names, of_place = np.asarray(names)[kept], np.unique(self.places, return_index=True)[1]
        self.place_cohorts, self.place_clusters = self.cohorts[of_place], self.clusters[of_place]
        weight = rows["weight"] / each["weight"].mean()
        self.rows = rows.assign(unit=units, place=self.places[units], weight=weight).reset_index(drop=True)
        self.periods = np.unique(self.rows["period"]).astype(np.float64)

    @cached_property
    def groups(self) -> NDArray[np.intp]:
        """What has to be seen before and after, by place: the place itself, in repeated cross-sections its cohort."""
        if self.of.sampling == "panel":
            return np.arange(len(self.names))
        return np.unique(self.place_cohorts, return_inverse=True)[1]

    def seen(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each place whether its group has some of `rows`."""
        return np.isin(self.groups, self.groups[self.rows["place"].to_numpy()[rows]])

    def sides(self) -> tuple[int, int]:
        """Return the clusters that adopt with an outcome known before and after, and those to compare with.

        With ``control="not_yet"`` every place that adopts after the first cohort counts as a comparison as well. In
        repeated cross-sections the cohort has to be known before and after, not each of its places.
        """
        cohort, own, when = self.place_cohorts, self.rows["cohort"].to_numpy(), self.rows["period"].to_numpy()
        group = pd.Series(self.groups[self.rows["place"]])
        adopting = (cohort > 0) & self.seen(when + self.of.anticipation < own) & self.seen(when >= own)
        first = cohort[adopting].min(initial=np.inf)
        compared = (cohort == 0) | ((cohort > first) & (self.of.control == "not_yet"))
        compared &= self.seen(when != self.rows["period"].groupby(group).transform("min"))
        return len(np.unique(self.place_clusters[adopting])), len(np.unique(self.place_clusters[compared]))

    def few_clusters(self) -> bool:
        """Return whether there are fewer than 20 clusters, or fewer than 5 on one side."""
        return self.clusters.max() + 1 < FEW_CLUSTERS or min(self.sides()) < FEW_SIDE

    def left_out(self, covered: NDArray[np.bool_] | None = None) -> pd.DataFrame:
        """Return the adopting places that stand in no comparison of the overall effect, and why.

        Parameters
        ----------
        covered : array of bool, optional
            The places that stand in some cell estimated; without it, what can be said before estimating.

        Returns
        -------
        DataFrame
            ``cohort`` and ``reason`` (a code of the codebook), a row per place.
        """
        cohort, own, when = self.place_cohorts, self.rows["cohort"].to_numpy(), self.rows["period"].to_numpy()
        reach = self.of.anticipation
        base = np.append(self.periods, np.nan)[np.searchsorted(self.periods, own - reach) - 1]
        later = (self.of.control == "not_yet") & (cohort.max(initial=0) > cohort + reach)
        why = {
            "adopters_without_base": ~self.seen(when == base),
            "adopters_not_measured": ~self.seen(when >= own),
            "adopters_without_comparison": ~((cohort == 0).any() | later),
            "adopters_without_overlap": np.zeros(len(cohort), dtype=bool) if covered is None else ~covered,
        }
        reason = np.select([mask & (cohort > 0) for mask in why.values()], [*why], "")
        found = pd.DataFrame({"cohort": cohort, "reason": reason})[reason != ""]
        unmeasured = pd.DataFrame({"cohort": self.unmeasured, "reason": "adopters_not_measured"})
        return pd.concat([found, unmeasured], ignore_index=True)

    @property
    def rounding(self) -> float:
        """Standard error below which an effect shows nothing but the rounding of its outcome."""
        values = self.rows["outcome"].to_numpy()
        return max(1e-9 * float(values.std()), 1e-13 * float(np.abs(values).max())) if len(values) else 0.0

    def label(self, numbers: Floats) -> list[str]:
        """Return the names of periods given as numbers, as tables hold them; "" for NaN."""
        return [self._label(p) if np.isfinite(p) else "" for p in numbers]

    def _label(self, number: float) -> str:
        if self.calendar is None:
            return f"{number:.12g}"
        return str(pd.Period(ordinal=int(number) - _ORIGIN, freq=self.calendar.freq)).replace("Q", "-Q")


def check_columns(panel: pd.DataFrame, columns: Sequence[str] | None = None, filled: Sequence[str] = ()) -> None:
    """Refuse what is no table, a panel without one of `columns` or with two of its name, an empty cell in `filled`.

    Without `columns` all those that are there may be used.
    """
    if not hasattr(panel, "columns"):
        raise DataError("panel-is-no-table", got=type(panel).__name__)
    columns = list(panel.columns) if columns is None else columns
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
        _refuse(panel[column], panel[column].isna(), "panel-cell-empty")


def _refuse(column: pd.Series, wrong: Any, code: str) -> None:
    """Refuse a column of which some cells are wrong; rows are counted from 1, whatever the index."""
    cells = pd.Series(column.to_numpy(), index=range(1, len(column) + 1), name=column.name)
    refuse_cells(cells, pd.Series(np.asarray(wrong), index=cells.index), code, "panel", name=column.name)


def refuse_twice(table: pd.DataFrame, shown: Sequence[str], code: str, key: Sequence[Any] | None = None) -> None:
    """Refuse a table with two rows of one key: the columns `shown`, or `key`, an array for each part of it."""
    parts = [table[c] for c in shown] if key is None else key
    twice = pd.DataFrame(dict(enumerate(map(np.asarray, parts)))).duplicated().to_numpy()
    if twice.any():
        row, more = table.iloc[int(twice.argmax())], int(twice.sum()) - 1
        raise DataError(code, got=", ".join(str(row[c]) for c in shown) + (f" (+{more})" if more else ""))


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


def check_share(outcome: str, values: Floats) -> None:
    """Refuse values outside 0-1 of an outcome that the codebook knows as a share."""
    code = codebook.find("indicator", outcome)
    if code == outcome and code not in _UNBOUNDED and codebook.get("indicator", code).unit == "share":
        # Shares that were added up may be off in the last digit.
        outside = (values < -1e-9) | (values > 1 + 1e-9)
        _refuse(pd.Series(values, name=outcome), outside, "panel-share-outside-0-1")


def _finite(panel: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers; text and infinite numbers are refused."""
    values = column_numbers(panel, column)
    _refuse(panel[column], np.isinf(values), "panel-number-infinite")
    return values


def read_written(values: pd.Series) -> tuple[pd.Series, str]:
    """Read periods as they are written.

    Parameters
    ----------
    values : Series
        Pandas periods; days; whole numbers, of which those like 202412 are months and those like 20243 quarters; or
        text as :func:`dvresearch.text.period` reads it (``quý III/2024``, ``T12/2024``, ``2023Q1``).

    Returns
    -------
    periods : Series
        Pandas periods, numbers (years, or running numbers), or days: the first ones where a longer period is written.
    kind : str
        Of days what they begin: ``month``, ``quarter``, ``half``, ``year`` …, or ``day``; "" of periods and numbers.
    """
    if values.dtype == object:
        values = values.where(values.notna(), np.nan).infer_objects()
    if isinstance(values.dtype, pd.PeriodDtype):
        return values, ""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None).dt.normalize(), "day"
    if pd.api.types.is_numeric_dtype(values):
        return _read_numbers(values), ""
    cells = values.astype("str").str.strip().where(values.notna()).replace("", np.nan)
    if cells.dropna().str.fullmatch("[0-9]{5,8}").all():
        return _read_numbers(pd.to_numeric(cells)), ""
    try:
        spans = {cell: read_period(cell) for cell in cells.dropna().unique()}
    except DataError as error:
        raise DataError("column-holds-no-periods", got=error.got, name=values.name) from None
    kinds = {span.kind for span in spans.values()}
    if len(kinds) > 1:
        raise DataError("periods-of-several-lengths", got=", ".join(sorted(kinds)), name=values.name)
    return pd.to_datetime(cells.map({cell: span.start for cell, span in spans.items()})), kinds.pop()


def read_periods(values: pd.Series, length: Any = None) -> pd.Series:
    """Return periods as pandas periods of one length, or as whole numbers: years, or running numbers.

    Parameters
    ----------
    values : Series
        As for :func:`read_written`; days all begin, or all end, a year, a quarter or a month, and stand for it.
    length : frequency, optional
        Length of the periods where it is known: a day then stands for the period that contains it.

    Raises
    ------
    DataError
        For anything else: periods of several lengths, numbers that are no periods of one kind, other days.
    """
    periods, kind = read_written(values)
    if not kind:
        return periods
    if kind in _FREQUENCIES:
        return periods.dt.to_period(_FREQUENCIES[kind])
    if kind != "day":
        raise DataError("periods-of-several-lengths", got=kind, name=values.name)
    known = periods.dropna()
    for frequency in (length,) if length else _FREQUENCIES.values():
        spans = known.dt.to_period(frequency).dt
        if length or any((known == edge.dt.normalize()).all() for edge in (spans.start_time, spans.end_time)):
            return periods.dt.to_period(frequency)
    raise DataError("periods-are-days", got=f"{known.min():%Y-%m-%d}", name=values.name)


def _read_numbers(values: pd.Series) -> pd.Series:
    values = values.astype("float64")
    known = values.dropna()
    broken = known[known != np.floor(known)]
    if len(broken):
        raise DataError("period-not-whole", got=f"{broken.iloc[0]:g}", name=values.name)
    for kind, frequency, first, last, parts in _WRITTEN:
        written = known.between(first, last)
        if written.any():
            unclear = ~(written & (known % parts).between(1, last % parts))
            if unclear.any():
                shown = f"{known[written].iloc[0]:.12g}, {known[unclear].iloc[0]:.12g}"
                raise DataError("period-number-unclear", got=shown, name=values.name)
            whole = known.astype("int64")
            periods = pd.PeriodIndex.from_fields(year=whole // parts, freq=frequency, **{kind: whole % parts})
            return pd.Series(periods, known.index, name=values.name).reindex(values.index)
    if known.between(*_DAYS).any():
        raise DataError("periods-are-days", got=f"{known.min():.0f}", name=values.name)
    return values


def period_numbers(values: pd.Series, length: Any = None) -> tuple[Floats, Any]:
    """Return periods as numbers, missing ones as NaN, and what they were: a pandas period dtype, or None for numbers.

    See :func:`read_periods` for what is read and what is refused.
    """
    periods = read_periods(values, length)
    if not isinstance(periods.dtype, pd.PeriodDtype):
        return periods.to_numpy(dtype=np.float64), None
    numbers = periods.astype("int64").to_numpy(dtype=np.float64) + _ORIGIN
    return np.where(periods.isna(), np.nan, numbers), periods.dtype


def _adoption_numbers(panel: pd.DataFrame, of: Comparison, time: Floats, calendar: Any) -> Floats:
    """Return the adoption period of each row as a number, 0 when the unit never adopts.

    Refused are a column that says yes or no instead of a period, is of another kind than the periods, is below 0, or 0
    where the period 0 is one of the panel.
    """
    adopted, period = of.adopted, of.period
    flags = pd.api.types.infer_dtype(panel[adopted], skipna=True) == "boolean"
    values = panel[adopted].eq(True).astype("float64") if flags else panel[adopted]
    never = values.isin([0, np.inf]).to_numpy()
    cohort, its_calendar = period_numbers(values.mask(never), getattr(calendar, "freq", None))
    cohort = np.where(never, values.to_numpy(dtype=object), cohort).astype(np.float64)
    known = np.unique(cohort[~np.isnan(cohort)])
    first, last = np.min(time, initial=np.inf), np.max(time, initial=-np.inf)
    shift, blanks = int(1 - first) if np.isfinite(first) else 0, {"name": adopted, "period": period}
    if its_calendar is None and 1 in known and set(known) <= {0.0, 1.0}:
        of_unit = pd.Series(cohort).groupby(pd.factorize(panel[of.unit])[0])
        moves = bool((of_unit.min() < of_unit.max()).any())
        # Where periods count from 1, a 1 in all rows of a unit may be the first of them.
        if flags or moves or calendar is not None or first > 1:
            code = "adoption-says-when-there-is-one" if moves else "adoption-says-only-who"
            raise DataError(code, got="0/1", unit=of.unit, **blanks)
    if calendar != its_calendar and (known > 0).any():
        kinds = f"{calendar or panel[period].dtype}, {its_calendar or panel[adopted].dtype}"
        raise DataError("adoption-of-another-kind", got=kinds, **blanks)
    # Where the panel begins with 0 and empty cells say never, 0 can only be the period.
    if 0 in known and (first < 0 or (first == 0 and np.isnan(cohort).any())) and last >= 0:
        shown = f"{adopted} = 0, {period} {first:g}-{last:g}"
        raise DataError("adoption-0-is-a-period", got=shown, shift=shift, **blanks)
    if (known < 0).any():
        code = "adoption-negative" if first >= 1 else "adoption-and-periods-negative"
        raise DataError(code, got=f"{adopted} = {known[0]:g}", shift=shift, **blanks)
    return np.nan_to_num(cohort, nan=0.0, posinf=0.0)
