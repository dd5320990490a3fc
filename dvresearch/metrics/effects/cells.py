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
from dvresearch.metrics.effects.inputs import (
    ORIGIN,
    adoption_numbers,
    check_columns,
    check_constant,
    check_share,
    check_single,
    finite,
    period_numbers,
)
from dvresearch.metrics.estimates import Floats, check_whole, choose, group_names

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
        Share of the pairs of unit and period (of the rows, in repeated cross-sections) without an outcome.
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

    @property
    def rounding(self) -> float:
        """Standard error below which an effect shows nothing but the rounding of its outcome."""
        values = self.rows["outcome"].to_numpy()
        return max(1e-9 * float(values.std()), 1e-13 * float(np.abs(values).max())) if len(values) else 0.0

    def label(self, numbers: Floats) -> list[str]:
        """Return the names of periods given as numbers, as tables hold them; "" for NaN."""
        return [self._label(p) if np.isfinite(p) else "" for p in numbers]

    def _label(self, number: float) -> str:
        if not isinstance(self.calendar, pd.PeriodDtype):
            return f"{number:.12g}"
        span = pd.Period(ordinal=int(number) - ORIGIN, freq=self.calendar.freq)
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
        weights, a weight that is not positive, a missing covariate, text or an infinite number, a share of the
        codebook outside 0-1, periods that are neither whole numbers nor pandas periods, or an adoption that is no
        period.
    ParameterError
        For an anticipation that is no whole number from 0, or names that are none.
    """
    choose("sampling", sampling, SAMPLINGS)
    check_whole("anticipation", anticipation)
    covariates = group_names(covariates)
    of_unit = [c for c in (cluster, weights) if c is not None]
    filled = [unit, period, *of_unit, *covariates]
    check_columns(panel, [outcome, adopted, *filled], filled)
    time, calendar = period_numbers(panel, period)
    cohort = adoption_numbers(panel, adopted, unit=unit, period=period, time=time, calendar=calendar)
    codes, labels = pd.factorize(panel[unit])
    if sampling == "panel":
        check_single(panel, unit, period)
    check_constant(panel, unit, [adopted, *(of_unit if sampling == "panel" else ())], adopted)
    values = finite(panel, outcome)
    check_share(outcome, values)
    rows = pd.DataFrame(
        {
            "unit": codes if sampling == "panel" else np.arange(len(panel)),
            "period": time,
            "cohort": cohort,
            "outcome": values,
            "weight": 1.0 if weights is None else finite(panel, weights),
            "cluster": codes if cluster is None else pd.factorize(panel[cluster])[0],
            "place": codes,
        }
        | {f"x{j}": finite(panel, c) for j, c in enumerate(covariates)}
    )
    if (rows["weight"] <= 0).any():
        raise DataError(
            Text(f"Cột {weights} có giá trị không dương.", f"The column {weights} has a value that is not positive."),
            expected=Text("quyền số lớn hơn 0", "weights above 0"),
            got=f"{rows['weight'].min():.6g}",
            hint=Text("Bỏ các dòng đó hoặc sửa quyền số.", "Leave those rows out, or correct the weights."),
        )
    names = labels if sampling == "panel" else panel.index
    # A row that is not there is as much a gap as an empty cell.
    wanted = len(rows) if sampling == "cross_sections" else rows["unit"].nunique() * rows["period"].nunique()
    gaps = 1 - int(rows["outcome"].notna().sum()) / max(wanted, 1)
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
