"""Group-time effects from diff-diff with their influence functions, on a checked panel."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, Text
from dvresearch.metrics.estimates import Floats, check_whole, choose, column_numbers, group_names

__all__ = [
    "ADJUSTMENTS",
    "CELLS",
    "CONTROLS",
    "NO_CELLS",
    "SAMPLINGS",
    "Adjustment",
    "Base",
    "Control",
    "Sample",
    "Sampling",
    "check_columns",
    "check_constant",
    "group_time",
    "sample",
]

Control = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]
Sampling = Literal["panel", "cross_sections"]
Adjustment = Literal["doubly_robust", "regression"]

CONTROLS = {"never": "never_treated", "not_yet": "not_yet_treated"}
CELLS = ["cohort", "period", "event_time", "value", "std_error", "treated", "comparison", "reason"]
NO_CELLS = pd.DataFrame(columns=CELLS, dtype=np.float64)
ADJUSTMENTS = {"doubly_robust": "dr", "regression": "reg"}
SAMPLINGS = ("panel", "cross_sections")


@dataclass(frozen=True)
class Sample:
    """The rows an effect is estimated from, checked, with periods and adoption as numbers.

    Parameters
    ----------
    rows : DataFrame
        Columns ``unit`` (code from 0), ``period``, ``cohort`` (adoption period; 0 when the unit never adopts within
        the panel), ``outcome``, ``weight`` (mean 1 over units) and ``x0``, ``x1``, … (the covariates).
    units : Index
        Label of each unit code; in repeated cross-sections each row is a unit of its own.
    cohorts, mass, clusters, places : array
        Adoption period, weight, cluster number and place of each unit; the place is the unit itself in a panel.
    always, later : int
        Units left out because they adopted in the first period or before; units that adopt after the last period
        and serve as comparison.
    gaps : float
        Share of the rows without an outcome; they are left out.
    sampling : str
        ``panel`` or ``cross_sections``.
    calendar : dtype
        What the periods were: a pandas period dtype, or numbers.
    """

    rows: pd.DataFrame
    units: pd.Index
    cohorts: Floats
    mass: Floats
    clusters: NDArray[np.intp]
    places: NDArray[np.intp]
    always: int
    later: int
    gaps: float
    sampling: Sampling
    calendar: Any

    @cached_property
    def periods(self) -> Floats:
        """The periods of the panel, in order."""
        return np.sort(self.rows["period"].unique()).astype(np.float64)

    def label(self, numbers: Floats) -> list[str]:
        """Return the names of periods given as numbers, as tables hold them; "" for NaN."""
        return [self._label(p) if np.isfinite(p) else "" for p in numbers]

    def _label(self, number: float) -> str:
        if not isinstance(self.calendar, pd.PeriodDtype):
            return f"{number:.12g}"
        span = pd.Period(ordinal=int(number), freq=self.calendar.freq)
        return span.strftime("%Y-Q%q") if self.calendar.freq.rule_code.startswith("Q") else str(span)


def sample(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    adopted: str,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    weights: str | None = None,
    anticipation: int = 0,
    sampling: Sampling = "panel",
) -> Sample:
    """Check a panel and return its rows as numbers; arguments as for ``impact``.

    Raises
    ------
    DataError
        For a missing column, a unit with two rows in one period, a unit with two adoption periods, clusters or
        weights, a weight that is not positive, a missing covariate, text or an infinite number, or periods that are
        neither whole numbers nor pandas periods.
    ParameterError
        For an anticipation that is no whole number from 0, or names that are none.
    """
    choose("sampling", sampling, SAMPLINGS)
    check_whole("anticipation", anticipation)
    covariates = group_names(covariates)
    of_unit = [c for c in (cluster, weights) if c]
    filled = [unit, period, *of_unit, *covariates]
    check_columns(panel, [outcome, adopted, *filled], filled)
    time, calendar = _numbers(panel, period)
    cohort, its_calendar = _numbers(panel, adopted)
    if calendar != its_calendar and panel[adopted].notna().any():
        raise DataError(
            Text("Kỳ và kỳ áp dụng không cùng kiểu.", "Periods and adoption periods are of different kinds."),
            expected=Text(f"{adopted} cùng kiểu với {period}", f"{adopted} of the kind of {period}"),
            got=f"{panel[period].dtype}, {panel[adopted].dtype}",
            hint=Text(
                "Dùng build_panel(…) để hai cột cùng lịch.", "Use build_panel(…): both columns get one calendar."
            ),
        )
    codes, labels = pd.factorize(panel[unit])
    if sampling == "panel":
        _check_single(panel, unit, period)
    check_constant(panel, unit, [adopted, *(of_unit if sampling == "panel" else ())])
    rows = pd.DataFrame(
        {
            "unit": codes if sampling == "panel" else np.arange(len(panel)),
            "period": time,
            "cohort": np.nan_to_num(cohort, nan=0.0, posinf=0.0),
            "outcome": _finite(panel, outcome),
            "weight": 1.0 if weights is None else _finite(panel, weights),
            "cluster": pd.factorize(panel[cluster])[0] if cluster else codes,
            "place": codes,
        }
        | {f"x{j}": _finite(panel, c) for j, c in enumerate(covariates)}
    )
    if (rows["weight"] <= 0).any():
        raise DataError(
            Text(f"Cột {weights} có giá trị không dương.", f"The column {weights} has a value that is not positive."),
            expected=Text("quyền số lớn hơn 0", "weights above 0"),
            got=f"{rows['weight'].min():.6g}",
            hint=Text("Bỏ các dòng đó hoặc sửa quyền số.", "Leave those rows out, or correct the weights."),
        )
    names = labels if sampling == "panel" else panel.index
    gaps = float(rows["outcome"].isna().mean())
    rows = rows[rows["outcome"].notna()]
    first, last = rows["period"].min(), rows["period"].max()
    always = (rows["cohort"] != 0) & (rows["cohort"] <= first)
    later = rows["cohort"] > last + anticipation
    counted = (rows.loc[always, "place"].nunique(), rows.loc[later, "place"].nunique())
    rows.loc[later, "cohort"] = 0.0
    rows = rows[~always]
    kept, start, codes = np.unique(rows["unit"], return_index=True, return_inverse=True)
    rows = rows.assign(unit=codes).reset_index(drop=True)
    each = rows.iloc[start]
    scale = each["weight"].mean()
    rows["weight"] /= scale
    return Sample(
        rows,
        pd.Index(names)[kept],
        each["cohort"].to_numpy(),
        each["weight"].to_numpy() / scale,
        pd.factorize(each["cluster"])[0],
        pd.factorize(each["place"])[0],
        *counted,
        gaps,
        sampling,
        calendar,
    )


def check_columns(panel: pd.DataFrame, columns: Sequence[str], filled: Sequence[str] = ()) -> None:
    """Refuse what is no table, a panel without one of `columns`, or with an empty cell in one of `filled`."""
    if not hasattr(panel, "columns"):
        raise DataError(
            Text("Đây không phải một bảng (DataFrame).", "This is not a table (DataFrame)."),
            got=type(panel).__name__,
            hint=Text(
                "Dựng bảng bằng build_panel(…); examples.rollout trả về hai bảng: panel, truth = …",
                "Use build_panel(…); examples.rollout returns two tables: panel, truth = …",
            ),
        )
    missing = [c for c in columns if c not in panel]
    if missing:
        raise DataError(
            Text(f"Bảng thiếu cột {', '.join(missing)}.", f"The panel lacks the column {', '.join(missing)}."),
            expected=Text(", ".join(columns), ", ".join(columns)),
            got=", ".join(map(str, panel.columns)),
            hint=Text(
                "Dựng bảng bằng build_panel(…), hoặc nêu đúng tên cột.", "Use build_panel(…) or name the columns."
            ),
        )
    for column in filled:
        holes = panel[column].isna().to_numpy()
        if holes.any():
            raise DataError(
                Text(f"Cột {column} có ô trống.", f"The column {column} has empty cells."),
                where=f"dòng/row {int(holes.argmax()) + 1}, cột/column {column} (+{int(holes.sum()) - 1})",
                hint=Text(
                    f'Điền cho đủ, hoặc bỏ các dòng đó: panel.dropna(subset=["{column}"]).',
                    f'Fill them in, or leave those rows out: panel.dropna(subset=["{column}"]).',
                ),
            )


def _finite(panel: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers; text and infinite numbers are refused."""
    values = column_numbers(panel, column)
    endless = np.isinf(values)
    if endless.any():
        raise DataError(
            Text(f"Cột {column} có giá trị vô hạn.", f"The column {column} has an infinite value."),
            expected=Text("một số, hoặc ô trống nếu không biết", "a number, or an empty cell when not known"),
            where=f"dòng/row {int(endless.argmax()) + 1}, cột/column {column} (+{int(endless.sum()) - 1})",
            hint=Text(
                "Tỷ lệ có mẫu số 0 là không biết: để trống (NaN).",
                "A rate with denominator 0 is not known: leave it empty (NaN).",
            ),
        )
    return values


def _numbers(panel: pd.DataFrame, column: str) -> tuple[Floats, Any]:
    """Return periods as numbers, missing ones as NaN, and what they were."""
    values = panel[column]
    if isinstance(values.dtype, pd.PeriodDtype):
        return np.where(values.isna(), np.nan, values.astype("int64").to_numpy(dtype=np.float64)), values.dtype
    if not pd.api.types.is_numeric_dtype(values):
        raise DataError(
            Text(f"Cột {column} không phải kỳ.", f"The column {column} does not hold periods."),
            expected=Text("số (năm) hoặc kỳ của pandas (tháng, quý)", "numbers (years) or pandas periods"),
            got=str(values.dtype),
            hint=Text("Dùng build_panel(…) hoặc pandas.PeriodIndex.", "Use build_panel(…) or pandas.PeriodIndex."),
        )
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    broken = np.isfinite(numbers) & (numbers != np.floor(numbers))
    if broken.any():
        raise DataError(
            Text(f"Cột {column} có kỳ không phải số nguyên.", f"The column {column} has a period that is not whole."),
            expected=Text("năm, hoặc số thứ tự kỳ: 1, 2, 3…", "years, or numbers of periods: 1, 2, 3…"),
            got=f"{numbers[broken][0]:g}",
            hint=Text("Dùng build_panel(…) hoặc pandas.PeriodIndex.", "Use build_panel(…) or pandas.PeriodIndex."),
        )
    return numbers, None


def _check_single(panel: pd.DataFrame, unit: str, period: str) -> None:
    """Refuse a unit with two rows in a period."""
    twice = panel.duplicated([unit, period]).to_numpy()
    if twice.any():
        row = panel.iloc[int(twice.argmax())]
        raise DataError(
            Text("Một đơn vị có hai dòng trong cùng một kỳ.", "A unit has two rows in one period."),
            expected=Text("mỗi đơn vị một dòng mỗi kỳ", "one row per unit and period"),
            got=f"{row[unit]}, {row[period]}" + (f" (+{int(twice.sum()) - 1})" if twice.sum() > 1 else ""),
            hint=Text(
                'Gộp trước đã; nếu mỗi dòng là một người trả lời thì dùng impact(…, sampling="cross_sections").',
                'Add them up first; if each row is a respondent, use impact(…, sampling="cross_sections").',
            ),
        )


def check_constant(panel: pd.DataFrame, unit: str, constant: Sequence[str]) -> None:
    """Refuse a unit with two values in a column that belongs to the unit."""
    codes = pd.factorize(panel[unit])[0]
    for column in constant:
        value = pd.factorize(panel[column])[0]
        some = np.zeros(codes.max(initial=-1) + 1, dtype=np.intp)
        some[codes] = value
        several = value != some[codes]
        if several.any():
            labels = panel[unit].to_numpy()[several]
            more = len(set(labels)) - 1
            raise DataError(
                Text(f"Một đơn vị có nhiều giá trị ở cột {column}.", f"A unit has several values of {column}."),
                expected=Text(f"mỗi đơn vị một giá trị {column}", f"one value of {column} per unit"),
                got=f"{labels[0]} (+{more})" if more else str(labels[0]),
                hint=Text(
                    f"Mọi dòng của đơn vị phải ghi cùng một giá trị {column}; kỳ áp dụng là kỳ đầu tiên có mô hình.",
                    f"Every row of the unit must have the same {column}; an adoption period is the first with a model.",
                ),
            )


def group_time(
    data: Sample,
    *,
    control: Control = "never",
    base: Base = "varying",
    anticipation: int = 0,
    adjustment: Adjustment = "doubly_robust",
) -> tuple[pd.DataFrame, Floats, Any]:
    """Return the group-time effects, their influence functions and the diff-diff result.

    Returns
    -------
    cells : DataFrame
        ``cohort, period, event_time, value, std_error, treated, comparison, reason``, a row per cell; cells without
        a value say why.
    influence : array of float
        Units × cells: the variance of a cell is the sum of squares of its column.
    result : CallawaySantAnnaResults or None
        What diff-diff returned; None, without cells, when no cell can be estimated.
    """
    from diff_diff import SurveyDesign  # Slow to load: only when an effect is estimated.

    from dvresearch.metrics.effects.doubly_robust import Estimator

    covariates = [c for c in data.rows if c.startswith("x")]
    model = Estimator(
        control_group=CONTROLS[control],
        estimation_method=ADJUSTMENTS[adjustment],
        base_period=base,
        anticipation=anticipation,
        panel=data.sampling == "panel",
        rank_deficient_action="silent",
    )
    # The weights of the units are all diff-diff needs of the design: clusters enter with the influence functions.
    design = None if (data.mass == 1).all() else SurveyDesign(weights="weight")
    with warnings.catch_warnings():
        # Every cell that cannot be estimated is reported with its reason below.
        warnings.simplefilter("ignore")
        try:
            result = model.fit(
                data.rows, "outcome", "unit", "period", "cohort", covariates=covariates or None, survey_design=design
            )
        except ValueError as error:
            if "Could not estimate any" not in str(error):
                raise
            return NO_CELLS, np.zeros((len(data.units), 0)), None
    effects = dict(sorted(result.group_time_effects.items()))
    cells = pd.DataFrame(
        [
            (g, t, t - g, e["effect"], e["se"], e["n_treated"], e["n_control"], e.get("skip_reason") or "")
            for (g, t), e in effects.items()
        ],
        columns=CELLS,
    )
    influence = np.zeros((len(data.units), len(cells)), order="F")
    # diff-diff keeps the influence functions for its own averages; it has no public way to them (3.13).
    kept = result._aggregation_kit.influence if result._aggregation_kit is not None else {}
    for j, key in enumerate(effects):
        if key in kept:
            for side in ("treated", "control"):
                influence[kept[key][f"{side}_idx"], j] = kept[key][f"{side}_inf"]
    return cells, influence, result
