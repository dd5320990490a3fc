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

from dvresearch.errors import DataError, check_choice
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
from dvresearch.metrics.estimates import Floats, check_whole, group_names

__all__ = ["ADJUSTMENTS", "CONTROLS", "Sample", "group_time", "left_out", "no_cells", "sample"]

Control = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]
Sampling = Literal["panel", "cross_sections"]
Adjustment = Literal["doubly_robust", "regression"]

CONTROLS = {"never": "never_treated", "not_yet": "not_yet_treated"}
CELLS = ["cohort", "period", "event_time", "value", "std_error", "treated", "comparison", "reason"]
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
    unmeasured : array of float
        Adoption period of each adopting place of which no outcome is known at all.
    stopped : int
        Adopting places in which no model runs any more in some period measured since (column ``dose`` of the panel).
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
    unmeasured: Floats
    stopped: int
    gaps: float
    sampling: Sampling
    calendar: Any

    @cached_property
    def periods(self) -> Floats:
        """The periods of the panel, in order."""
        return np.sort(self.rows["period"].unique()).astype(np.float64)

    @cached_property
    def place_cohorts(self) -> Floats:
        """The adoption period of each place."""
        return self.cohorts[np.unique(self.places, return_index=True)[1]]

    @cached_property
    def groups(self) -> NDArray[np.intp]:
        """What has to be seen before and after, by place: the place itself, in repeated cross-sections its cohort."""
        if self.sampling == "panel":
            return np.arange(len(self.place_cohorts))
        return np.unique(self.place_cohorts, return_inverse=True)[1]

    def seen(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each place whether its group has some of `rows`."""
        place = self.places[self.rows["unit"].to_numpy()[rows]]
        return np.isin(self.groups, self.groups[place])

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
    check_choice("sampling", sampling, SAMPLINGS)
    check_whole("anticipation", anticipation)
    covariates = group_names(covariates)
    of_unit = [c for c in (cluster, weights) if c is not None]
    filled = [unit, period, *of_unit, *covariates]
    check_columns(panel, [outcome, adopted, *filled], filled)
    time, calendar = period_numbers(panel, period)
    cohort = adoption_numbers(panel, adopted, unit=unit, period=period, time=time, calendar=calendar)
    codes, labels = pd.factorize(panel[unit])
    if sampling == "panel":
        check_single(panel, unit, period, time)
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
            "runs": finite(panel, "dose") != 0 if "dose" in panel else True,
        }
        | {f"x{j}": finite(panel, c) for j, c in enumerate(covariates)}
    )
    if (rows["weight"] <= 0).any():
        raise DataError("weight-not-positive", got=f"{rows['weight'].min():.6g}", name=weights)
    names = labels if sampling == "panel" else panel.index
    # A row that is not there is as much a gap as an empty cell.
    wanted = len(rows) if sampling == "cross_sections" else rows["unit"].nunique() * rows["period"].nunique()
    gaps = 1 - int(rows["outcome"].notna().sum()) / max(wanted, 1)
    measured = rows["place"].isin(rows.loc[rows["outcome"].notna(), "place"])
    unmeasured = rows[~measured & (rows["cohort"] > 0)].drop_duplicates("place")["cohort"].to_numpy()
    rows = rows[rows["outcome"].notna()]
    first, last = rows["period"].min(), rows["period"].max()
    always = (rows["cohort"] != 0) & (rows["cohort"] <= first)
    later = rows["cohort"] > last + anticipation
    counted = (rows.loc[always, "place"].nunique(), rows.loc[later, "place"].nunique())
    rows.loc[later, "cohort"] = 0.0
    rows = rows[~always]
    ended = (rows["cohort"] > 0) & (rows["period"] >= rows["cohort"]) & ~rows.pop("runs")
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
        unmeasured[(unmeasured > first) & (unmeasured <= last)],
        rows.loc[ended.to_numpy(), "place"].nunique(),
        gaps,
        sampling,
        calendar,
    )


def left_out(
    data: Sample, control: Control, anticipation: int, covered: NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """Return the adopting places that stand in no comparison of the overall effect, and why.

    Parameters
    ----------
    data : Sample
        The rows.
    control, anticipation : str, int
        As for :func:`group_time`.
    covered : array of bool, optional
        The places that stand in some cell estimated; without it, what can be said before estimating.

    Returns
    -------
    DataFrame
        ``cohort`` and ``reason`` (a code of the codebook), a row per place.
    """
    cohort, when = data.place_cohorts, data.rows["period"].to_numpy()
    own = data.rows["cohort"].to_numpy()
    base = np.append(data.periods, np.nan)[np.searchsorted(data.periods, own - anticipation) - 1]
    compared = (cohort == 0).any() | ((control == "not_yet") & (cohort.max(initial=0) > cohort + anticipation))
    why = {
        "adopters_without_base": ~data.seen(when == base),
        "adopters_not_measured": ~data.seen(when >= own),
        "adopters_without_comparison": ~compared,
        "adopters_without_overlap": np.zeros(len(cohort), dtype=bool) if covered is None else ~covered,
    }
    reason = np.select([mask & (cohort > 0) for mask in why.values()], [*why], "")
    found = pd.DataFrame({"cohort": cohort, "reason": reason})[reason != ""]
    unmeasured = pd.DataFrame({"cohort": data.unmeasured, "reason": "adopters_not_measured"})
    return pd.concat([found, unmeasured], ignore_index=True)


def group_time(
    data: Sample,
    *,
    control: Control = "never",
    base: Base = "varying",
    anticipation: int = 0,
    adjustment: Adjustment = "doubly_robust",
) -> tuple[pd.DataFrame, Floats, NDArray[np.bool_]]:
    """Return the group-time effects, their influence functions and the units that stand in them.

    Returns
    -------
    cells : DataFrame
        ``cohort, period, event_time, value, std_error, treated, comparison, reason``, a row per cell; cells without
        a value say why.
    influence : array of float
        Units × cells: the variance of a cell is the sum of squares of its column.
    standing : array of bool
        Units × cells: which units, of both sides, a cell compares.
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
            return no_cells(data)
    effects = dict(sorted(result.group_time_effects.items()))
    cells = pd.DataFrame(
        [
            (g, t, t - g, e["effect"], e["se"], e["n_treated"], e["n_control"], e.get("skip_reason") or "")
            for (g, t), e in effects.items()
        ],
        columns=CELLS,
    )
    influence = np.zeros((len(data.units), len(cells)), order="F")
    standing = np.zeros(influence.shape, dtype=bool, order="F")
    # diff-diff keeps the influence functions for its own averages; it has no public way to them (3.13).
    kept = result._aggregation_kit.influence if result._aggregation_kit is not None else {}
    for j, (cohort, period) in enumerate(effects):
        found = kept.get((cohort, period), {"treated_idx": ()})
        for side in ("treated", "control") if len(found["treated_idx"]) else ():
            influence[found[f"{side}_idx"], j] = found[f"{side}_inf"]
            standing[found[f"{side}_idx"], j] = True
        if effects[cohort, period].get("is_reference"):  # the base period itself: no comparison, the whole cohort
            standing[:, j] = data.cohorts == cohort
    return cells, influence, standing


def no_cells(data: Sample) -> tuple[pd.DataFrame, Floats, NDArray[np.bool_]]:
    """Return what :func:`group_time` does when no cell can be estimated."""
    none = np.zeros((len(data.units), 0))
    return pd.DataFrame(columns=CELLS, dtype=np.float64), none, none.astype(bool)
