"""Group-time effects on a panel, with what is needed to average, test and refit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dvresearch.errors import ParameterError, Text
from dvresearch.metrics.effects.cells import (
    ADJUSTMENTS,
    CONTROLS,
    NO_CELLS,
    Adjustment,
    Base,
    Control,
    Sample,
    Sampling,
    group_time,
    sample,
)
from dvresearch.metrics.effects.feasibility import FEW_CLUSTERS, refusals
from dvresearch.metrics.estimates import Floats, choose, group_names

__all__ = ["AVERAGES", "LEAST_DRAWS", "Average", "Effects", "Fit", "check_fit", "fit"]

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
        alike: an early cohort stands in more cells than a late one), ``units`` (all that stand in some cell; of survey
        waves the respondents of both periods).
    value : array of float
        The effects.
    influence : array of float
        Units × rows.
    """

    keys: pd.DataFrame
    value: Floats
    influence: Floats


@dataclass(frozen=True)
class Fit:
    """Group-time effects on a panel, and what is needed to average, test and refit them.

    Parameters
    ----------
    panel : DataFrame
        The panel as it was given.
    outcome, unit, period, adopted, covariates, adjustment, control, cluster, weights, anticipation, base, sampling
        The arguments of :func:`fit`.
    sample : Sample
        The rows used, with the cohort, weight and cluster of each unit.
    cells : DataFrame
        ``cohort, period, event_time, value, std_error, treated, comparison, reason``, a row per cell.
    influence : array of float
        Units × cells, in the order of ``sample.units``.
    result : CallawaySantAnnaResults or None
        What diff-diff returned.
    reasons : tuple of str
        Why nothing can be estimated (codes of the codebook); then there are no cells.
    """

    panel: pd.DataFrame
    outcome: str
    unit: str
    period: str
    adopted: str
    covariates: tuple[str, ...]
    adjustment: Adjustment
    control: Control
    cluster: str | None
    weights: str | None
    anticipation: int
    base: Base
    sampling: Sampling
    sample: Sample
    cells: pd.DataFrame
    influence: Floats
    result: Any
    reasons: tuple[str, ...]

    def effects(self, by: Average = "event_time") -> Effects:
        """Average the group-time effects.

        Parameters
        ----------
        by : str
            ``overall`` averages all cells from adoption on by cohort size; ``event_time`` by time since adoption
            (negative: before), ``calendar`` by period, both by cohort size; ``cohort`` each cohort over its periods.
            ``overall_event_time`` and ``overall_calendar`` average those rows equally, ``overall_cohort`` by
            cohort size; rows before adoption are left out of every ``overall``.
        """
        choose("by", by, AVERAGES)
        if by not in self._made:
            self._made[by] = self._overall(by) if by.startswith("overall_") else self._average(by)
        return self._made[by]

    @cached_property
    def _made(self) -> dict[str, Effects]:
        return {}

    def _average(self, by: Average) -> Effects:
        known = self.cells["value"].notna().to_numpy()
        if by not in ("event_time", "group_time"):
            known = known & (self.cells["event_time"].to_numpy() >= 0)
        columns = (*_KEYS, "value", "treated", "comparison")
        cells = {c: self.cells[c].to_numpy(dtype=np.float64)[known] for c in columns}
        influence = self.influence[:, known]
        standing = influence != 0
        if by == "group_time":
            keys = _keys(by, **cells, least=cells["comparison"], effective=cells["treated"]).drop(columns="value")
            keys["units"] = _units(standing.sum(axis=0), keys)
            return Effects(keys, cells["value"], influence)
        held = cells[_COLUMNS[by]] if by in _COLUMNS else np.zeros(len(cells["value"]))
        labels = np.unique(held)
        member = held[:, None] == labels
        keys = {_COLUMNS[by]: labels} if by in _COLUMNS else {}
        keys["treated"] = np.array(
            [
                sum(cells["treated"][m][cells["cohort"][m] == g].max() for g in np.unique(cells["cohort"][m]))
                for m in member.T
            ]
        )
        keys["comparison"] = np.array([cells["comparison"][m].max() for m in member.T])
        keys["least"] = np.array([cells["comparison"][m].min() for m in member.T])
        keys["effective"] = np.array([_effective(cells["cohort"][m], cells["treated"][m]) for m in member.T])
        cohorts = None if by == "cohort" else cells["cohort"]
        rows = _keys(by, **keys)
        rows["units"] = _units((standing @ member).sum(axis=0), rows)
        return Effects(rows, *self._averages(cells["value"], influence, member, cohorts))

    def _overall(self, by: Average) -> Effects:
        whole, rows = self.effects("overall"), self.effects(by.removeprefix("overall_"))  # type: ignore[arg-type]
        kept = ~(rows.keys["event_time"].to_numpy() < 0)
        cohorts = rows.keys["cohort"].to_numpy()[kept] if by == "overall_cohort" else None
        member = np.ones((int(kept.sum()), len(whole.value)))
        averages = self._averages(rows.value[kept], rows.influence[:, kept], member, cohorts)
        return Effects(whole.keys.assign(effect=by), *averages)

    def _averages(
        self, value: Floats, influence: Floats, member: Floats, cohorts: Floats | None
    ) -> tuple[Floats, Floats]:
        """Average effects within the columns of `member`, by the share of their cohort or equally without `cohorts`."""
        names, place, held = self._shares
        at = np.searchsorted(names, cohorts) if cohorts is not None else None
        share = np.ones(len(value)) if at is None else held[at]
        total = share @ member
        average = (share * value) @ member / total
        combined = influence @ (share[:, None] * member / total)
        if at is not None:
            # The cohort sizes are estimated too (Callaway and Sant'Anna 2021, section 4.2; `wif` of the package did).
            slope = np.zeros((len(names), member.shape[1]))
            np.add.at(slope, at, member * (value[:, None] - average) / total)
            combined += self.sample.mass[:, None] * slope[place] / len(influence)
        return average, combined

    def shares(self, cohorts: Floats) -> Floats:
        """Return the weighted share of all units that each of `cohorts` holds."""
        names, _, held = self._shares
        return held[np.searchsorted(names, cohorts)]

    @cached_property
    def _shares(self) -> tuple[Floats, NDArray[np.intp], Floats]:
        """The cohorts, which of them each unit belongs to, and the weighted share of all units that each holds."""
        names, place = np.unique(self.sample.cohorts, return_inverse=True)
        return names, place, np.bincount(place, weights=self.sample.mass) / len(place)

    def by_cluster(self, influence: Floats) -> Floats:
        """Add the rows of `influence` up by cluster: clusters × effects."""
        clusters = self.sample.clusters
        count = clusters.max() + 1
        if count == len(clusters):
            return influence
        summed = np.zeros((count, influence.shape[1]))
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

    def _factor(self, clusters: int) -> float:
        return 1.0 if clusters == len(self.sample.units) else clusters / (clusters - 1)


def _effective(cohorts: Floats, treated: Floats) -> float:
    """Return how many units of equal weight carry as much information as those of some cells, by Kish's formula."""
    names, at = np.unique(cohorts, return_inverse=True)
    held = np.bincount(at, weights=treated)  # a unit weighs as often as its cohort has a cell
    units = np.array([treated[at == i].max() for i in range(len(names))])
    return float(held.sum() ** 2 / (held**2 / units).sum())


def check_fit(fitted: object) -> None:
    """Refuse what is no :class:`Fit`."""
    if not isinstance(fitted, Fit):
        raise ParameterError(
            Text("Cần kết quả của fit_impact(…).", "What fit_impact(…) returns is needed."),
            expected=Text("Fit", "Fit"),
            got=type(fitted).__name__,
            hint=Text(
                'Viết fitted = fit_impact(panel, outcome="…").', 'Write fitted = fit_impact(panel, outcome="...").'
            ),
        )


def _keys(by: str, **columns: Floats) -> pd.DataFrame:
    rows = len(columns["treated"])
    return pd.DataFrame({"effect": [by] * rows, **{k: np.full(rows, np.nan) for k in _KEYS}, **columns})


def _units(moving: NDArray[np.int64], keys: pd.DataFrame) -> Floats:
    """Return the units behind each row; one that changed as the mean of its side moves nothing, yet is there."""
    counted: Floats = np.maximum(moving, keys[["treated", "comparison"]].sum(axis=1).to_numpy())
    return counted


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
    choose("control", control, tuple(CONTROLS))
    choose("adjustment", adjustment, tuple(ADJUSTMENTS))
    choose("base", base, ("varying", "universal"))
    data = sample(
        panel,
        outcome=outcome,
        unit=unit,
        period=period,
        adopted=adopted,
        covariates=covariates,
        cluster=cluster,
        weights=weights,
        anticipation=anticipation,
        sampling=sampling,
    )
    reasons = refusals(data, control, anticipation)
    cells, influence, result = (
        (NO_CELLS, np.zeros((len(data.units), 0)), None)
        if reasons
        else group_time(data, control=control, base=base, anticipation=anticipation, adjustment=adjustment)
    )
    # A cell of one place on each side has no spread in any case.
    spread = (cells["event_time"] >= 0) & (cells[["treated", "comparison"]].max(axis=1) > 1) & cells["value"].notna()
    if spread.any() and np.linalg.norm(influence[:, spread], axis=0).max() <= data.rounding:
        reasons, cells, influence, result = ("exact_fit",), NO_CELLS, influence[:, :0], None
    return Fit(
        panel, outcome, unit, period, adopted, tuple(group_names(covariates)), adjustment, control, cluster, weights,
        anticipation, base, sampling, data, cells, influence, result, reasons,
    )  # fmt: skip
