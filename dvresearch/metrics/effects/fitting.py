"""Group-time effects on a panel, with what is needed to average, test and refit them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, special

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics.effects.feasibility import refusals
from dvresearch.metrics.effects.sample import (
    ADJUSTMENTS,
    CONTROLS,
    FEW_CLUSTERS,
    Adjustment,
    Base,
    Comparison,
    Control,
    Sample,
    Sampling,
)
from dvresearch.metrics.estimates import Floats

__all__ = ["AVERAGES", "LEAST_DRAWS", "Average", "Effects", "Fit", "check_fit", "estimate", "fit", "refit"]

Average = Literal[
    "overall", "overall_event_time", "overall_cohort", "overall_calendar",
    "event_time", "cohort", "calendar", "group_time",
]  # fmt: skip
#: What group-time effects are averaged by; ``group_time`` leaves them as they are, ``overall_…`` averages an average.
AVERAGES: tuple[Average, ...] = get_args(Average)
#: Fewer draws cannot make anything rarer than one in twenty.
LEAST_DRAWS = 19
_KEYS = ("cohort", "period", "event_time")
_COLUMNS = {"event_time": "event_time", "calendar": "period", "cohort": "cohort"}


@dataclass(frozen=True)
class Effects:
    """Averages of group-time effects with their influence functions.

    Parameters
    ----------
    keys : DataFrame
        ``effect`` (one of `AVERAGES`), ``cohort``, ``period`` and ``event_time`` (numbers, NaN where they do not
        apply), and the units behind the row: ``treated``, ``comparison`` (the most of any cell), ``least`` (the
        fewest comparison units of any cell), ``effective`` (adopting units that would weigh as much if all weighed
        alike: an early cohort stands in more cells than a late one).
    value : array of float
        The effects.
    influence : array of float
        Units × rows: the variance of a row is the sum of squares of its column.
    standing : array of bool
        Units × rows: the units of either side that stand in some cell of the row; of survey waves the respondents of
        both periods.
    """

    keys: pd.DataFrame
    value: Floats
    influence: Floats
    standing: NDArray[np.bool_]

    def at(self, rows: Any) -> Effects:
        """Return some of the rows."""
        keys = self.keys[rows].reset_index(drop=True)
        return Effects(keys, self.value[rows], self.influence[:, rows], self.standing[:, rows])


class Fit:
    """Group-time effects on a panel, and what is needed to average, test and refit them.

    Parameters
    ----------
    sample : Sample
        The rows used, with what is compared and the cohort, weight and cluster of each unit.
    reasons : sequence of str
        Why nothing can be estimated (codes of the codebook); then there are no cells.

    Attributes
    ----------
    cells : Effects
        The group-time effects, NaN where a cell has none.
    """

    def __init__(self, sample: Sample, reasons: Sequence[str] = ()) -> None:
        self.sample, self.of, self.reasons = sample, sample.of, reasons
        self.cells = _group_time(sample, [] if reasons else _differences(sample))
        self._made: dict[str, Effects] = {}

    @property
    def estimable(self) -> bool:
        """Whether there is an overall effect."""
        return not self.reasons and len(self.effects("overall").keys) > 0

    def effects(self, by: Average = "event_time") -> Effects:
        """Average the group-time effects.

        Parameters
        ----------
        by : str
            ``overall`` averages all cells from adoption on; ``event_time`` by time since adoption (negative: before),
            ``calendar`` by period. In all three a cell weighs as much as the adopting units that stand in it: one
            never measured in its two periods weighs nothing (of survey waves, the whole cohort weighs). ``cohort``
            averages each cohort over its periods, which count alike. ``overall_event_time`` and ``overall_calendar``
            average those rows equally, ``overall_cohort`` by the adopting units that stand in some cell of the
            cohort; rows before adoption are left out of every ``overall``.
        """
        check_choice("by", by, AVERAGES)
        if by not in self._made:
            self._made[by] = self._averaged(by)
        return self._made[by]

    def _averaged(self, by: Average) -> Effects:
        if by == "group_time":
            return self.cells.at(np.isfinite(self.cells.value))
        of_average = by.startswith("overall_")
        parts = self.effects(by.removeprefix("overall_") if of_average else "group_time")  # type: ignore[arg-type]
        if by != "event_time":
            parts = _since_adoption(parts)
        if of_average:
            keys = self.effects("overall").keys.assign(effect=by)
            return self._combined(parts, np.ones((len(parts.value), len(keys)), bool), keys, by == "overall_cohort")
        column = _COLUMNS.get(by)
        label = parts.keys[column].to_numpy() if column else np.zeros(len(parts.value))
        names = np.unique(label)
        of_cohort = parts.keys.groupby([label, "cohort"])["treated"].agg(["sum", "max"])
        # Kish: a unit weighs as often as its cohort has a cell.
        of_cohort["squares"] = of_cohort["sum"] ** 2 / of_cohort["max"]
        adopting, comparison = of_cohort.groupby(level=0).sum(), parts.keys["comparison"].groupby(label)
        keys = pd.DataFrame(
            {"effect": by, **{k: names if k == column else np.nan for k in _KEYS}, "treated": adopting["max"]}
            | {"comparison": comparison.max(), "least": comparison.min()}
            | {"effective": adopting["sum"] ** 2 / adopting["squares"]},
            index=names,
        ).reset_index(drop=True)
        return self._combined(parts, label[:, None] == names, keys, sized=by != "cohort")

    def _combined(self, parts: Effects, member: NDArray[np.bool_], keys: pd.DataFrame, sized: bool) -> Effects:
        """Average effects within the columns of `member`: by the adopting units that stand in them, or equally."""
        size = self.sizes(parts) if sized else np.ones(len(parts.value))
        total = size @ member
        value = (size * parts.value) @ member / total
        influence = parts.influence @ (size[:, None] * member / total)
        if sized:
            # The sizes are estimated too (Callaway and Sant'Anna 2021, section 4.2; `wif` of the package did).
            slope = member * (parts.value[:, None] - value) / total
            influence += self.sample.mass[:, None] / len(self.sample.mass) * (self._adopting(parts) @ slope)
        standing = parts.standing.astype(np.float32) @ member.astype(np.float32) > 0
        return Effects(keys, value, influence, standing)

    def sizes(self, parts: Effects) -> Floats:
        """Return what each cell or cohort weighs: the share, by weight, of all units that adopt and stand in it."""
        sizes: Floats = self.sample.mass @ self._adopting(parts) / max(len(self.sample.mass), 1)
        return sizes

    def _adopting(self, parts: Effects) -> Any:
        """Return as a sparse array which adopting units stand in each cell or cohort."""
        own = self.sample.cohorts[:, None] == parts.keys["cohort"].to_numpy()
        # A respondent is seen in one wave only: what stands in a cell of survey waves is the whole cohort.
        return sparse.csr_array(own if self.of.sampling == "cross_sections" else own & parts.standing)

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """The adopting places that stand in no cell from adoption on: ``cohort``, ``reason``; a row per place."""
        units = self._adopting(_since_adoption(self.effects("group_time"))).sum(axis=1) > 0
        groups = self.sample.groups
        return self.sample.left_out(np.isin(groups, groups[self.sample.places[units]]))

    def by_cluster(self, influence: Floats) -> Floats:
        """Add the rows of `influence` up by cluster: clusters × effects."""
        clusters = self.sample.clusters
        if clusters.max() + 1 == len(clusters):
            return influence
        summed = np.zeros((clusters.max() + 1, influence.shape[1]))
        np.add.at(summed, clusters, influence)
        return summed

    def covariance(self, influence: Floats) -> Floats:
        """Covariance of effects from their influence functions, G/(G - 1) times the sum of products over clusters.

        Parameters
        ----------
        influence : array of float
            Units × effects. Without clusters of several units the factor is 1, as in the package did.
        """
        summed = self.by_cluster(influence)
        return self._factor(len(summed)) * summed.T @ summed

    def errors(self, influence: Floats) -> Floats:
        """Return the standard errors alone: the square roots of the diagonal of :meth:`covariance`."""
        summed = self.by_cluster(influence)
        return np.sqrt(self._factor(len(summed)) * np.einsum("ij,ij->j", summed, summed))

    def _factor(self, clusters: int) -> float:
        return 1.0 if clusters == len(self.sample.mass) else clusters / (clusters - 1)

    def quantile(self, keys: pd.DataFrame, tail: float | Floats) -> Floats:
        """Return by how many standard errors the interval of each row of :class:`Effects` reaches out.

        Parameters
        ----------
        keys : DataFrame
            ``effective`` and ``least`` of the rows.
        tail : float
            Chance left out on one side.

        Notes
        -----
        Student's t with the clusters less 1. Where one side of a row has n < 20 units, the spread of the smaller side
        is known worst: t with n - 1, times √(n/(n - 1)), because influence functions divide by n.
        """
        clusters = int(self.sample.clusters.max(initial=1)) + 1
        side = np.maximum(keys[["effective", "least"]].min(axis=1).to_numpy(dtype=np.float64), 2)
        few = (side < FEW_CLUSTERS) & (side < clusters)
        freedom = np.where(few, side, clusters) - 1
        return special.stdtrit(freedom, 1 - tail) * np.where(few, np.sqrt((freedom + 1) / freedom), 1.0)

    def overall(self) -> tuple[float, float, float]:
        """Return the overall effect and the limits of its 95 % interval, Student's t."""
        part = self.effects("overall")
        value, half = part.value[0], self.quantile(part.keys, 0.025)[0] * self.errors(part.influence)[0]
        return float(value), float(value - half), float(value + half)


def _since_adoption(parts: Effects) -> Effects:
    """Return the rows that are not before adoption."""
    return parts.at(~(parts.keys["event_time"].to_numpy() < 0))


def _differences(data: Sample) -> list[tuple[dict[str, Any], Any]]:
    """Return for each cohort and period what diff-diff finds, and the units and influence functions behind it."""
    from diff_diff import SurveyDesign  # Slow to load: only when an effect is estimated.

    from dvresearch.metrics.effects.doubly_robust import Estimator

    model = Estimator(
        control_group=CONTROLS[data.of.control],
        estimation_method=ADJUSTMENTS[data.of.adjustment],
        base_period=data.of.base,
        anticipation=data.of.anticipation,
        panel=data.of.sampling == "panel",
        rank_deficient_action="silent",
    )
    covariates = [f"x{j}" for j in range(len(data.of.covariates))]
    # The weights of the units are all diff-diff needs of the design: clusters enter with the influence functions.
    options = {
        "covariates": covariates or None,
        "survey_design": None if (data.mass == 1).all() else SurveyDesign(weights="weight"),
    }
    with warnings.catch_warnings():
        # Who stands in no cell is told by `left_out`.
        warnings.simplefilter("ignore")
        try:
            result = model.fit(data.rows, "outcome", "unit", "period", "cohort", **options)
        except ValueError as error:
            if "Could not estimate any" not in str(error):
                raise
            return []
    # diff-diff keeps the influence functions for its own averages; it has no public way to them (3.13).
    kept = result._aggregation_kit.influence if result._aggregation_kit is not None else {}
    return [
        (found | {"cohort": g, "period": t}, kept.get((g, t))) for (g, t), found in result.group_time_effects.items()
    ]


def _group_time(data: Sample, found: Sequence[tuple[dict[str, Any], Any]]) -> Effects:
    """Return what was found as effects, in the order of cohorts and periods."""
    found = sorted(found, key=lambda cell: (cell[0]["cohort"], cell[0]["period"]))
    names = {"effect": "value", "n_treated": "treated", "n_control": "comparison"}
    cells = pd.DataFrame([cell for cell, _ in found], columns=["cohort", "period", *names], dtype=np.float64)
    cells = cells.rename(columns=names)
    cells = cells.assign(effect="group_time", event_time=cells["period"] - cells["cohort"])
    influence = np.zeros((len(data.mass), len(found)), order="F")
    standing = np.zeros(influence.shape, dtype=bool, order="F")
    for j, (cell, behind) in enumerate(found):
        for side in ("treated", "control") if behind is not None and len(behind["treated_idx"]) else ():
            influence[behind[f"{side}_idx"], j] = behind[f"{side}_inf"]
            standing[behind[f"{side}_idx"], j] = True
        if cell.get("is_reference"):  # the base period itself: no comparison, the whole cohort
            standing[:, j] = data.cohorts == cell["cohort"]
    keys = cells.assign(least=cells["comparison"], effective=cells["treated"]).drop(columns="value")
    return Effects(keys, cells["value"].to_numpy(), influence, standing)


def estimate(data: Sample) -> Fit:
    """Estimate group-time effects; with reasons and without cells where the sample allows none."""
    fitted = Fit(data, refusals(data))
    cells = fitted.cells
    # A cell of one place on each side has no spread in any case.
    several = cells.keys[["treated", "comparison"]].max(axis=1) > 1
    spread = several & (cells.keys["event_time"] >= 0) & np.isfinite(cells.value)
    if spread.any() and np.linalg.norm(cells.influence[:, spread], axis=0).max() <= data.rounding:
        return Fit(data, ("exact_fit",))
    return fitted


def check_fit(fitted: object) -> None:
    """Refuse what is no :class:`Fit`."""
    if not isinstance(fitted, Fit):
        raise ParameterError("fit-expected", got=type(fitted).__name__)


def fit(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    adopted: str = "adopted",
    covariates: Sequence[str] = (),
    adjustment: Adjustment = "doubly_robust",
    control: Control = "never",
    cluster: str | None = None,
    weights: str | None = None,
    anticipation: int = 0,
    base: Base = "varying",
    sampling: Sampling = "panel",
) -> Fit:
    """Estimate group-time effects and keep what is needed to average, check and refit them.

    Parameters
    ----------
    panel, outcome, unit, period, adopted, covariates, adjustment, control, cluster, weights, anticipation, sampling
        As for :func:`impact`.
    base : {"varying", "universal"}, default "varying"
        ``varying`` compares each period before adoption with the one before it (for tests of pre-trends),
        ``universal`` with the last before adoption (for honest sensitivity). Effects after adoption are the same.

    Returns
    -------
    Fit
        What :func:`impact_checks` and :func:`honest_effects` take; :meth:`Fit.effects` averages. It has ``reasons``
        and no cells when nothing can be estimated, or when nothing but rounding is left to compute an error from
        (``exact_fit``).
    """
    of = Comparison(
        outcome, unit, period, adopted, covariates, adjustment, control, cluster, weights, anticipation, sampling, base
    )
    return estimate(Sample(panel, of))


def refit(fitted: Fit, panel: pd.DataFrame | None = None, *, base: Base | None = None) -> Fit:
    """Fit again with the same arguments; the fit itself where nothing would be different.

    Parameters
    ----------
    fitted : Fit
        A fit.
    panel : DataFrame, optional
        Other rows than before.
    base : {"varying", "universal"}, optional
        Another base period before adoption.
    """
    if panel is None and base in (None, fitted.of.base):
        return fitted
    rows, of = fitted.sample.panel if panel is None else panel, replace(fitted.of, base=base or fitted.of.base)
    return estimate(Sample(rows, of))
