"""Effect of the models on an outcome: group-time effects, their averages and bands, and other estimators beside."""

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

from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.metrics.effects.feasibility import refusals
from dvresearch.metrics.effects.randomisation import places, randomisation_interval
from dvresearch.metrics.effects.sample import (
    ADJUSTMENTS,
    FEW_CLUSTERS,
    FEW_SIDE,
    Adjustment,
    Base,
    Comparison,
    Control,
    Sample,
    Sampling,
    check_columns,
    check_constant,
)
from dvresearch.metrics.estimates import Floats, build, check_confidence, check_whole, with_counts
from dvresearch.tables import BASES, ESTIMATES

__all__ = [
    "LEAST_DRAWS", "Effects", "Fit", "check_fit", "critical_values", "fit", "impact", "impact_cross_check", "refit",
    "two_way_fixed_effects",
]  # fmt: skip

Average = Literal[
    "overall", "overall_event_time", "overall_cohort", "overall_calendar",
    "event_time", "cohort", "calendar", "group_time",
]  # fmt: skip
#: A cohort and a period.
Cell = tuple[float, float]
#: What group-time effects are averaged by; ``group_time`` leaves them as they are, ``overall_…`` averages an average.
AVERAGES: tuple[Average, ...] = get_args(Average)
#: Fewer draws cannot make anything rarer than one in twenty.
LEAST_DRAWS = 19
_KEYS = ("cohort", "period", "event_time")
#: Effects of which there are several rows, so that a band over all of them means something.
_FAMILIES: tuple[Average, ...] = ("event_time", "cohort", "calendar", "group_time")
#: Columns in front of the estimates.
_FRONT = ("effect", *_KEYS, "band")
#: All that is known of a row.
_EVERY = [*_FRONT, "value", "std_error", "lower", "upper", "n", "treated", "comparison", "least", "why"]
#: Webb's (2014) six values, and draws made at once.
_WEBB, _BLOCK = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]), 128
#: What is known of an effect.
_EFFECTS = ["effect", "cohort", "event_time", "value", "std_error"]
#: Comparisons of the decomposition as diff-diff calls them, and their codes here.
_COMPARISONS = {"treated_vs_never": "never", "earlier_vs_later": "later", "later_vs_earlier": "earlier"}


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
        self.cells = _group_time(sample, *(({}, {}) if reasons else _differences(sample)))
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
        column = "period" if by == "calendar" else by
        label = parts.keys[column].to_numpy() if column in _KEYS else np.zeros(len(parts.value))
        names = np.unique(label)
        of_cohort = parts.keys.groupby([label, "cohort"])["treated"].agg(["sum", "max"])
        # Kish: a unit weighs as often as its cohort has a cell.
        of_cohort["squares"] = of_cohort["sum"] ** 2 / of_cohort["max"]
        adopting = of_cohort.groupby(level=0).sum()
        keys = parts.keys.groupby(label).agg(comparison=("comparison", "max"), least=("comparison", "min"))
        keys = keys.assign(treated=adopting["max"], effective=adopting["sum"] ** 2 / adopting["squares"], effect=by)
        keys = keys.assign(**{k: names if k == column else np.nan for k in _KEYS}).reset_index(drop=True)
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


def _differences(data: Sample) -> tuple[dict[Cell, Any], dict[Cell, Any]]:
    """Return for each cohort and period what diff-diff finds, and the units and influence functions behind it."""
    from diff_diff import SurveyDesign  # Slow to load: only when an effect is estimated.

    from dvresearch.metrics.effects.doubly_robust import Estimator

    model = Estimator(
        control_group=f"{data.of.control}_treated",
        estimation_method=ADJUSTMENTS[data.of.adjustment],
        base_period=data.of.base,
        anticipation=data.of.anticipation,
        panel=data.of.sampling == "panel",
        rank_deficient_action="silent",
    )
    covariates = [f"x{j}" for j in range(len(data.of.covariates))] or None
    # The weights of the units are all diff-diff needs of the design: clusters enter with the influence functions.
    weights = None if (data.mass == 1).all() else SurveyDesign(weights="weight")
    columns = ("outcome", "unit", "period", "cohort")
    with warnings.catch_warnings():
        # Who stands in no cell is told by `left_out`.
        warnings.simplefilter("ignore")
        try:
            result = model.fit(data.rows, *columns, covariates=covariates, survey_design=weights)
        except ValueError as error:
            if "Could not estimate any" not in str(error):
                raise
            return {}, {}
    # diff-diff keeps the influence functions for its own averages; it has no public way to them (3.13).
    kit = result._aggregation_kit
    return result.group_time_effects, {} if kit is None else kit.influence


def _group_time(data: Sample, found: dict[Cell, Any], behind: dict[Cell, Any]) -> Effects:
    """Return what was found as effects, in the order of cohorts and periods."""
    rows = [(g, t, t - g, e["effect"], e["n_treated"], e["n_control"]) for (g, t), e in sorted(found.items())]
    keys = pd.DataFrame(rows, columns=[*_KEYS, "value", "treated", "comparison"], dtype=np.float64)
    keys = keys.assign(effect="group_time", least=keys["comparison"], effective=keys["treated"])
    influence = np.zeros((len(data.mass), len(rows)), order="F")
    standing = np.zeros(influence.shape, dtype=bool, order="F")
    for j, cell in enumerate(sorted(found)):
        units = behind.get(cell, {"treated_idx": ()})
        for side in ("treated", "control") if len(units["treated_idx"]) else ():
            influence[units[f"{side}_idx"], j] = units[f"{side}_inf"]
            standing[units[f"{side}_idx"], j] = True
        if found[cell].get("is_reference"):  # the base period itself: no comparison, the whole cohort
            standing[:, j] = data.cohorts == cell[0]
    return Effects(keys, keys.pop("value").to_numpy(), influence, standing)


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


def impact(
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
    by: str | None = None,
    anticipation: int = 0,
    sampling: Sampling = "panel",
    confidence: float = 0.95,
    draws: int = 999,
    seed: int = 2026,
) -> pd.DataFrame:
    """Effect of adopting on the places that adopted, estimated by comparing changes (Callaway and Sant'Anna).

    Parameters
    ----------
    panel : DataFrame
        One row per unit and period (:func:`build_panel`), or one per respondent, see `sampling`. A column ``dose``
        (models running) tells which places gave their model up: they stay adopters, see Notes.
    outcome : str
        Column of the outcome: a number, a share 0-1 or a count. The effect is a difference in its unit; for a count,
        give a rate or its logarithm when places differ in size.
    unit, period, adopted : str
        Columns of the unit, the period (numbers or pandas periods) and the adoption period of the unit, the same in
        all its rows; missing or 0 when it never adopts. A unit that adopted in the first period or before is left
        out, one that adopts after the last period is a comparison unit.
    covariates : sequence of str
        Numeric columns on which the trends may depend, taken from the base period. Never something the models may have
        changed.
    adjustment : {"doubly_robust", "regression"}, default "doubly_robust"
        How the covariates are allowed for: by regression and propensity score together, or by regression alone, for
        cohorts too small for a propensity score.
    control : {"never", "not_yet"}, default "never"
        Comparison units: those that never adopt, or also those that adopt later than the period.
    cluster : str, optional
        Column within which outcomes move together (the district, when it decides for its communes). Without it the
        unit.
    weights : str, optional
        Column of positive weights, one per unit (population); without it every unit counts alike.
    by : str, optional
        Column that splits the adopting units, for example the field of their model; missing for units that never
        adopt. Each group is compared with the same comparison units.
    anticipation : int, default 0
        Periods before adoption in which the outcome may already react (a model announced early).
    sampling : {"panel", "cross_sections"}, default "panel"
        Whether the same units are seen again, or each row is another respondent (survey waves); then `unit` is the
        place and clusters are places unless `cluster` says more.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    draws, seed : int
        Draws of the multiplier bootstrap and of the permutations, and the start of their random numbers.

    Returns
    -------
    DataFrame
        `by`, then ``effect`` (one of `AVERAGES`, see :meth:`Fit.effects`), ``cohort``, ``period``, ``event_time``,
        ``band``, then the columns of ``tables.ESTIMATES``. ``band`` says what the interval holds: ``pointwise`` its
        own row, ``simultaneous`` all rows of that ``effect`` at once (sup-t, multiplier bootstrap over clusters),
        ``randomisation`` all constant effects a permutation test does not reject; that row is added when there are
        fewer than 20 clusters, or fewer than 5 on one side, be it in a single cell of the overall effect. Its value
        rests on the places observed in every period,
        by regression on the covariates instead of propensity scores. ``n`` counts the units behind a row. A panel that
        :func:`feasibility` calls not estimable gives a row per reason, with no number. A row of a single
        adopting unit, or in which some cell has a single comparison unit, carries no interval (``one_adopting``,
        ``one_comparison``). Who is not covered stands with the count of places in ``reason`` of the ``overall`` rows
        (``adopters_without_overlap=12``: see :func:`left_out`; ``adopted_at_start``: in the first period or before);
        a cohort of which no place is covered has a row ``cohort`` without value that says why. ``stopped`` counts
        the adopting places in which no model runs any more.

    Raises
    ------
    DataError
        When columns are missing, hold text or infinite numbers, a unit has two rows in a period, two adoption
        periods or two values of `by`, or an adopting unit has none of `by`.
    ParameterError
        For an unknown word, level, or number of draws.

    Notes
    -----
    ATT(g, t) = change of cohort g from its last period before adoption to t, less the change of the comparison units,
    each comparison unit weighted by p/(1 - p) and both changes less what the covariates predict. Standard errors come
    from influence functions and include the estimation of cohort sizes; of clusters with several units the variance has
    the factor G/(G - 1), G the number of clusters, as in diff-diff and Stata but not in the bootstrap of the R package
    did, whose errors are √((G - 1)/G) as large; intervals use t with G - 1 degrees of freedom. Where one side of a row
    has n < 20 units, its interval takes t with n - 1 degrees of freedom times √(n/(n - 1)) instead, as for the mean of
    n values: influence functions divide by n.

    Adoption is taken as lasting: a place whose model stopped stays an adopter, and the effect is that of having
    started, whether or not the model was kept up (by intention, as in trials; Callaway and Sant'Anna 2021, assumption
    1: units that were treated once do not forget it). Leaving such places out from the stop on would compare only
    those that kept their model, which is often because it went well.

    References
    ----------
    Callaway and Sant'Anna (2021), Journal of Econometrics 225:200-230; Sant'Anna and Zhao (2020).

    Checked against the R package did (county teen employment, a simulated panel with a covariate) and the published
    estimate of the Chicago police training (see tests/test_impact.py).
    """
    check_confidence(confidence)
    check_whole("draws", draws, LEAST_DRAWS)
    check_whole("seed", seed)

    of = Comparison(
        outcome, unit, period, adopted, covariates, adjustment, control, cluster, weights, anticipation, sampling
    )

    def one(rows: pd.DataFrame) -> pd.DataFrame:
        return _table(estimate(Sample(rows, of)), confidence, draws, seed)

    if by is None:
        return one(panel)
    if by in (*_FRONT, *ESTIMATES.names):
        raise ParameterError("group-named-like-result", got=f"by={by!r}", name=by)
    check_columns(panel, [by, adopted, unit])
    never = panel[adopted].isna() | panel[adopted].isin([0, float("inf")])
    check_columns(panel[~never], [], [by])
    check_constant(panel, unit, [by])
    labels = panel.loc[~never, by].unique()
    parts = {label: one(panel[never | (panel[by] == label)]) for label in labels} or {"": one(panel)}
    return pd.concat([part.assign(**{by: label})[[by, *part]] for label, part in parts.items()], ignore_index=True)


def _table(fitted: Fit, confidence: float, draws: int, seed: int) -> pd.DataFrame:
    """Return every average with its interval and band; a row without number for each reason why there are none."""
    data, of, few, lost = fitted.sample, fitted.of, False, pd.DataFrame(columns=["cohort", "reason"])
    if fitted.estimable:
        few = data.few_clusters() or fitted.effects("overall").keys["least"].iloc[0] < FEW_SIDE
        lost, rows = fitted.left_out, _rows(fitted, few, confidence, draws, seed)
    else:
        why = list(fitted.reasons or ["no_cell"])
        rows = pd.DataFrame({"effect": "overall", "band": "pointwise", "why": why}).reindex(columns=_EVERY)
    drawn = rows["band"] == "randomisation"
    finite = np.isfinite(rows["lower"]) & np.isfinite(rows["upper"])
    rows[["lower", "upper"]] = rows[["lower", "upper"]].where(finite)
    stated = data.panel["basis"].unique() if "basis" in data.panel else []
    method = f"cs_{ADJUSTMENTS[of.adjustment]}" if of.covariates else "cs_means"
    table = build(
        rows[list(_FRONT)].assign(
            cohort=data.label(rows["cohort"].to_numpy()),
            period=data.label(rows["period"].to_numpy()),
            event_time=rows["event_time"].astype("Int64"),
        ),
        indicator=of.outcome,
        **rows[["value", "std_error", "lower", "upper", "n"]].to_dict("series"),
        confidence=confidence if fitted.estimable else np.nan,
        definition=f"att_{of.control}",
        basis=str(stated[0]) if len(stated) == 1 and stated[0] in BASES else "unknown",
        method=pd.Series(method, rows.index).mask(drawn, "randomisation"),
        flags={"few": few | (rows[["treated", "comparison"]].min(axis=1) < FEW_SIDE)},
        reasons={
            "few_assignments": drawn & ~finite,
            "one_adopting": rows["treated"] < 2,
            "one_comparison": rows["least"] < 2,
            **{reason: rows["why"] == reason for reason in fitted.reasons or ["no_cell"]},
        },
    )
    whole = table["effect"].str.startswith("overall") & fitted.estimable
    cohort = rows["cohort"].where(table["value"].isna().to_numpy())
    told = {"adopted_at_start": whole * data.always, "stopped": whole * data.stopped}
    for reason, places_of in lost.groupby("reason")["cohort"]:
        told[reason] = whole * len(places_of) + cohort.map(places_of.value_counts()).fillna(0)
    numbers = {reason: np.asarray(count, dtype=np.float64) for reason, count in told.items()}
    return table.assign(reason=with_counts(table["reason"], numbers))


def _rows(fitted: Fit, few: bool, confidence: float, draws: int, seed: int) -> pd.DataFrame:
    """Return the averages with pointwise intervals and bands, the permutation interval where there are `few` places."""
    data = fitted.sample
    parts = {by: part for by in AVERAGES if len((part := fitted.effects(by)).keys)}
    families = [by for by in _FAMILIES if by in parts]
    wider = critical_values(fitted, [parts[by] for by in families], confidence, draws, seed)
    bands = dict(zip(families, wider, strict=True))
    full = special.stdtrit(max(int(data.clusters.max()), 1), (1 + confidence) / 2)
    frames = []
    for by, part in parts.items():
        error = fitted.errors(part.influence)
        factors = {"pointwise": fitted.quantile(part.keys, (1 - confidence) / 2)}
        if by in bands:
            # The bootstrap knows no degrees of freedom: a row of few places takes the quantile as far out.
            own = fitted.quantile(part.keys, special.ndtr(-bands[by]))
            apart = np.where(factors["pointwise"] > full, own, bands[by])
            factors["simultaneous"] = np.maximum(apart, factors["pointwise"])
        rows = part.keys.assign(n=part.standing.sum(axis=0), value=part.value, std_error=error)
        for band, factor in factors.items():
            limits = {"lower": part.value - factor * error, "upper": part.value + factor * error}
            frames.append(rows.assign(band=band, **limits))
    rows = pd.concat(frames, ignore_index=True)
    # A place of its own on one side, be it in a single cell, has no spread at all: no error then, but permutations.
    rows.loc[rows[["treated", "least"]].min(axis=1) < 2, ["std_error", "lower", "upper"]] = np.nan
    if few:
        value, lower, upper, _ = randomisation_interval(data, confidence, draws, seed)
        drawn = rows.iloc[:1].assign(band="randomisation", value=value, std_error=np.nan, lower=lower, upper=upper)
        drawn = drawn.assign(treated=np.inf, least=np.inf, n=len(places(data).cohorts))
        rows = pd.concat([rows[:1], drawn, rows[1:]], ignore_index=True)
    without = fitted.left_out["cohort"]
    without = without[~without.isin(parts["cohort"].keys["cohort"])].unique()
    rows = pd.concat([rows, pd.DataFrame({"effect": "cohort", "cohort": without, "band": "pointwise"})])
    rows = rows.sort_values("effect", key=lambda c: c.map(AVERAGES.index), kind="stable", ignore_index=True)
    return rows.reindex(columns=_EVERY)


def critical_values(fitted: Fit, families: Sequence[Effects], confidence: float, draws: int, seed: int) -> list[float]:
    """Return for each family of effects the factor of its standard errors that covers all its rows at once.

    Parameters
    ----------
    fitted : Fit
        Clusters of the units.
    families : sequence of Effects
        All rows of one are covered together.
    confidence : float
        Level, 0-1.
    draws, seed : int
        Draws, and the start of their random numbers.

    Notes
    -----
    Each draw multiplies the influence of a cluster by a random sign (Rademacher), or by Webb's six values when there
    are fewer than 20 clusters; the factor is the quantile of the largest studentised sum. Signs of a few places add up
    to few sums, none of them large: where a row has fewer than 20 places on a side, the multipliers are normal.
    """
    # Single precision: the quantile of a bootstrap is not known to seven digits.
    summed = fitted.by_cluster(np.column_stack([f.influence for f in families])).astype(np.float32)
    error = np.sqrt(np.einsum("ij,ij->j", summed, summed))
    scaled = np.divide(summed, error, out=np.zeros_like(summed), where=error > 0)
    edges = np.cumsum([0, *(f.influence.shape[1] for f in families)])
    rng, clusters = np.random.default_rng(seed), len(summed)
    few = any((f.keys[["effective", "least"]] < FEW_CLUSTERS).any(axis=None) for f in families)
    largest = np.empty((draws, len(families)))
    for start in range(0, draws, _BLOCK):
        count = min(_BLOCK, draws - start)
        if clusters < FEW_CLUSTERS:
            drawn = np.abs(rng.choice(_WEBB, (count, clusters)).astype(np.float32) @ scaled)
        elif few:
            drawn = np.abs(rng.standard_normal((count, clusters), np.float32) @ scaled)
        else:
            # A sign is twice a bit less one.
            bits = np.unpackbits(rng.integers(0, 256, (count, -(-clusters // 8)), np.uint8), axis=1)
            drawn = np.abs(2 * (bits[:, :clusters].astype(np.float32) @ scaled) - scaled.sum(axis=0))
        for j in range(len(families)):
            largest[start : start + count, j] = drawn[:, edges[j] : edges[j + 1]].max(axis=1)
    return np.quantile(largest, confidence, axis=0).tolist()


def two_way_fixed_effects(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    adopted: str = "adopted",
    cluster: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Two-way fixed-effects estimate with its Goodman-Bacon decomposition: beside :func:`impact`, never instead of it.

    Parameters
    ----------
    panel, outcome, unit, period, adopted, cluster
        As for :func:`impact`. Units with a gap are left out, so that the parts add up to the whole.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        ``comparison``, ``cohort``, ``against``, ``weight``, then the columns of ``tables.ESTIMATES``. The first row
        (``comparison`` ``all``) is the regression; then a row for each pair of cohorts: adopters against ``never``
        adopters, against ``later`` adopters, or against ``earlier`` adopters. The last compare with places whose own
        effect is still moving: their weight times value is the part of the estimate that may have the wrong sign. The
        weights add up to 1 and weight times value to the first row. With a single cluster the first row has no interval
        (``one_cluster``); where rounding is all that is left over it has no number (``exact_fit``).

    Raises
    ------
    DataError
        As for :func:`impact`; also when no unit is complete or nothing can be compared.

    References
    ----------
    Goodman-Bacon (2021), Journal of Econometrics 225:254-277. Checked against the R package bacondecomp and ``lm``
    (see tests/test_impact.py).
    """
    check_confidence(confidence)
    data = Sample(panel, Comparison(outcome, unit, period, adopted, cluster=cluster))
    seen = data.rows.groupby("unit")["period"].transform("size")
    rows = data.rows[seen == len(data.periods)]
    if not (rows["cohort"] > 0).any() or rows["cohort"].nunique() < 2:
        raise DataError("nothing-to-compare")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from diff_diff import BaconDecomposition

        parts = BaconDecomposition().fit(rows, "outcome", "unit", "period", "cohort").to_dataframe()
    cohorts, against = (pd.to_numeric(parts[f"{c}_group"], errors="coerce") for c in ("treated", "control"))
    value, error, clusters = _regression(rows)
    keys = pd.DataFrame(
        {
            "comparison": ["all", *parts["comparison_type"].map(_COMPARISONS)],
            "cohort": ["", *data.label(cohorts)],
            "against": ["", *data.label(against)],
            "weight": [1.0, *parts["weight"]],
        }
    )
    whole = keys["comparison"] == "all"
    exact, values = whole & (error <= data.rounding), pd.Series([value, *parts["estimate"]])
    return build(
        keys,
        indicator=outcome,
        **_intervals(values.mask(exact), pd.Series(error, whole.index).where(whole), clusters, confidence),
        n=np.where(whole, rows["unit"].nunique(), np.nan),
        definition="two_way",
        method="twfe",
        flags={"context": True},
        reasons={"part_of_whole": ~whole, "exact_fit": exact, "one_cluster": whole & (clusters == 1)},
    )


def _regression(rows: pd.DataFrame) -> tuple[float, float, int]:
    """Effect of having adopted given unit and period effects, its clustered error, and the number of clusters."""
    import statsmodels.api as sm

    treated = ((rows["cohort"] > 0) & (rows["period"] >= rows["cohort"])).to_numpy(dtype=np.float64)
    x = np.column_stack([treated, pd.get_dummies(rows["period"], drop_first=True, dtype=np.float64)])
    both = pd.DataFrame(np.column_stack([rows["outcome"], x]))
    both = (both - both.groupby(rows["unit"].to_numpy()).transform("mean")).to_numpy()
    clusters = rows["cluster"].to_numpy()
    model, count = sm.OLS(both[:, 0], both[:, 1:]), len(np.unique(clusters))
    if count == 1:
        return float(model.fit().params[0]), np.nan, 1
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": clusters})
    return float(fitted.params[0]), float(fitted.bse[0]), count


def _intervals(value: pd.Series, error: pd.Series, clusters: int, confidence: float) -> dict[str, Any]:
    """Return estimates with errors and limits by Student's t, without these where there is no estimate."""
    error = error.where(value.notna())
    half = special.stdtrit(clusters - 1, (1 + confidence) / 2) * error
    limits = {"lower": value - half, "upper": value + half}
    return {"value": value, "std_error": error, **limits, "confidence": confidence}


def impact_cross_check(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    adopted: str = "adopted",
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    anticipation: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the same effect by Sun and Abraham and by imputation.

    Parameters
    ----------
    panel, outcome, unit, period, adopted, covariates, cluster, anticipation
        As for :func:`impact`; covariates enter these regressions in the period itself, so those that never change
        within a unit add nothing and are left out.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        ``effect`` (``overall``, ``event_time``, ``group_time``), ``cohort``, ``event_time``, then the columns of
        ``tables.ESTIMATES`` with ``method`` ``sun_abraham`` (compared with units that never adopt, else with the last
        cohort before it adopts) or ``imputation`` (a model of unit and period effects fitted to the periods without
        the models; more precise when trends are parallel throughout, less robust when they are so only around
        adoption). A method that cannot be used here gives a row without number.

    Raises
    ------
    DataError
        As for :func:`impact`.

    References
    ----------
    Sun and Abraham (2021), Journal of Econometrics 225:175-199, errors as in fixest; Borusyak, Jaravel and Spiess
    (2024), Review of Economic Studies 91:3253-3285. Checked against fixest and R (see tests/test_impact.py).
    """
    check_confidence(confidence)
    from diff_diff import ImputationDiD, SunAbraham

    of = Comparison(outcome, unit, period, adopted, covariates, cluster=cluster, anticipation=anticipation)
    data = Sample(panel, of)
    # A covariate that never moves within a place is part of the place: the regressions know it already.
    moves = data.rows.groupby("unit")[[c for c in data.rows if c.startswith("x")]].nunique().gt(1).any()
    names, before_last = list(moves.index[moves]) or None, data.rows
    if (data.cohorts > 0).all():
        of.control = "not_yet"
        # The last cohort is compared with until it adopts, as one that never does.
        last = data.cohorts.max(initial=0)
        before_last = data.rows[data.rows["period"] < last - anticipation]
        before_last = before_last.assign(cohort=before_last["cohort"].where(before_last["cohort"] < last, 0.0))
    against = refusals(data)
    models = {"sun_abraham": (SunAbraham, before_last), "imputation": (ImputationDiD, data.rows)}
    frames = [pd.DataFrame({"effect": "overall", "method": [*models]}).reindex(columns=_EFFECTS)]
    if not against:
        options: dict[str, Any] = {"cluster": "cluster", "anticipation": anticipation}
        frames = [_effects(model(**options), used, names).assign(method=m) for m, (model, used) in models.items()]
    rows = pd.concat(frames, ignore_index=True)
    exact = rows["std_error"] <= data.rounding
    estimates = _intervals(rows["value"].mask(exact), rows["std_error"], len(np.unique(data.clusters)), confidence)
    none = estimates["value"].isna()
    return build(
        rows[["effect"]].assign(
            cohort=data.label(rows["cohort"].to_numpy()), event_time=rows["event_time"].astype("Int64")
        ),
        indicator=outcome,
        **estimates,
        n=len(data.mass),
        definition=f"att_{of.control}",
        method=rows["method"],
        reasons={**dict.fromkeys(against, none), "exact_fit": exact, "not_estimable_by_method": none},
    )


def _effects(model: Any, rows: pd.DataFrame, covariates: list[str] | None) -> pd.DataFrame:
    """Return overall, event-time and cell effects of a diff-diff estimator; a row without number if it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = model.fit(rows, "outcome", "unit", "period", "cohort", covariates=covariates)
            found = {"overall": pd.DataFrame({"att": [result.overall_att], "se": [result.overall_se]})}
            if hasattr(result, "cohort_effects"):
                found |= {"event_time": result.to_dataframe(), "group_time": result.to_dataframe("cohort")}
            else:
                found["event_time"] = result.aggregate("event_study").to_dataframe()
    except ValueError:
        found = {"overall": pd.DataFrame(index=[0])}
    names = {"relative_period": "event_time", "effect": "value", "att": "value", "se": "std_error"}
    parts = [part.rename(columns=names).assign(effect=effect) for effect, part in found.items()]
    return pd.concat(parts).reindex(columns=_EFFECTS)
