"""Group-time effects on a panel, with what is needed to average, test and refit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, special

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics.effects.cells import (
    ADJUSTMENTS,
    CONTROLS,
    Adjustment,
    Base,
    Control,
    Sample,
    Sampling,
    group_time,
    left_out,
    no_cells,
    sample,
)
from dvresearch.metrics.effects.feasibility import FEW_CLUSTERS, refusals
from dvresearch.metrics.estimates import Floats, group_names

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
_FRONT = ["effect", *_KEYS, "treated", "comparison", "least", "effective"]
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
        Units × rows.
    standing : array of bool
        Units × rows: the units of either side that stand in some cell of the row; of survey waves the respondents of
        both periods.
    """

    keys: pd.DataFrame
    value: Floats
    influence: Floats
    standing: NDArray[np.bool_]


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
    standing : array of bool
        Units × cells: which units, of either side, a cell compares.
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
    standing: NDArray[np.bool_]
    reasons: tuple[str, ...]

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
            make = self._cells if by == "group_time" else self._overall if by.startswith("overall_") else self._average
            self._made[by] = make(by)
        return self._made[by]

    @cached_property
    def _made(self) -> dict[str, Effects]:
        return {}

    def _cells(self, by: Average) -> Effects:
        """Return the cells that have a value, as they are."""
        known = np.flatnonzero(self.cells["value"].notna())
        cells = self.cells.iloc[known][[*_KEYS, "value", "treated", "comparison"]].astype(np.float64)
        keys = cells.drop(columns="value").assign(effect=by, least=cells["comparison"], effective=cells["treated"])
        return Effects(
            keys[_FRONT].reset_index(drop=True),
            cells["value"].to_numpy(),
            self.influence[:, known],
            self.standing[:, known],
        )

    def _average(self, by: Average) -> Effects:
        parts = self.effects("group_time") if by == "event_time" else _since_adoption(self.effects("group_time"))
        column = _COLUMNS.get(by)
        label = parts.keys[column].to_numpy() if column else np.zeros(len(parts.value))
        names = np.unique(label)
        of_cohort = parts.keys.groupby([label, "cohort"])["treated"].agg(["sum", "max"])
        # Kish: a unit weighs as often as its cohort has a cell.
        of_cohort["squares"] = of_cohort["sum"] ** 2 / of_cohort["max"]
        adopting, comparison = of_cohort.groupby(level=0).sum(), parts.keys["comparison"].groupby(label)
        keys = pd.DataFrame(
            {
                "effect": by,
                **{k: names if k == column else np.nan for k in _KEYS},
                "treated": adopting["max"].to_numpy(),
                "comparison": comparison.max().to_numpy(),
                "least": comparison.min().to_numpy(),
                "effective": (adopting["sum"] ** 2 / adopting["squares"]).to_numpy(),
            },
            index=range(len(names)),
        )
        return self._combined(parts, label[:, None] == names, keys, sized=by != "cohort")

    def _overall(self, by: Average) -> Effects:
        rows = _since_adoption(self.effects(by.removeprefix("overall_")))  # type: ignore[arg-type]
        keys = self.effects("overall").keys.assign(effect=by)
        return self._combined(rows, np.ones((len(rows.value), len(keys)), bool), keys, sized=by == "overall_cohort")

    def _combined(self, parts: Effects, member: NDArray[np.bool_], keys: pd.DataFrame, *, sized: bool) -> Effects:
        """Average effects within the columns of `member`: by the adopting units that stand in them, or equally."""
        mass, size = self.sample.mass / max(len(self.sample.mass), 1), np.ones(len(parts.value))
        if sized:
            adopting = self._adopting(parts)
            size = mass @ adopting
        total = size @ member
        value = (size * parts.value) @ member / total
        influence = parts.influence @ (size[:, None] * member / total)
        if sized:
            # The sizes are estimated too (Callaway and Sant'Anna 2021, section 4.2; `wif` of the package did).
            slope = member * (parts.value[:, None] - value) / total
            influence += mass[:, None] * (adopting @ slope)
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
        return sparse.csr_array(own if self.sample.sampling == "cross_sections" else own & parts.standing)

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """The adopting places that stand in no cell from adoption on: ``cohort``, ``reason``; a row per place."""
        data = self.sample
        units = self._adopting(_since_adoption(self.effects("group_time"))).sum(axis=1) > 0
        covered = np.isin(data.groups, data.groups[data.places[units]])
        return left_out(data, self.control, self.anticipation, covered)

    def some(self, kept: NDArray[np.bool_]) -> Fit:
        """Return the fit with some of its cells only."""
        return replace(self, cells=self.cells[kept], influence=self.influence[:, kept], standing=self.standing[:, kept])

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


def _since_adoption(parts: Effects) -> Effects:
    """Return the rows that are not before adoption."""
    kept = ~(parts.keys["event_time"].to_numpy() < 0)
    return Effects(
        parts.keys[kept].reset_index(drop=True), parts.value[kept], parts.influence[:, kept], parts.standing[:, kept]
    )


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
    check_choice("control", control, tuple(CONTROLS))
    check_choice("adjustment", adjustment, tuple(ADJUSTMENTS))
    check_choice("base", base, ("varying", "universal"))
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
    cells, influence, standing = (
        no_cells(data)
        if reasons
        else group_time(data, control=control, base=base, anticipation=anticipation, adjustment=adjustment)
    )
    # A cell of one place on each side has no spread in any case.
    spread = (cells["event_time"] >= 0) & (cells[["treated", "comparison"]].max(axis=1) > 1) & cells["value"].notna()
    if spread.any() and np.linalg.norm(influence[:, spread], axis=0).max() <= data.rounding:
        reasons, (cells, influence, standing) = ("exact_fit",), no_cells(data)
    return Fit(
        panel, outcome, unit, period, adopted, tuple(group_names(covariates)), adjustment, control, cluster, weights,
        anticipation, base, sampling, data, cells, influence, standing, reasons,
    )  # fmt: skip
