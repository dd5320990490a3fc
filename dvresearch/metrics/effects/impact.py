"""Effect of the models on an outcome: the estimates, their intervals and simultaneous bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import ParameterError
from dvresearch.metrics.effects.fitting import AVERAGES, LEAST_DRAWS, Average, Effects, Fit, estimate
from dvresearch.metrics.effects.randomisation import places, randomisation_interval
from dvresearch.metrics.effects.sample import (
    ADJUSTMENTS,
    FEW_CLUSTERS,
    FEW_SIDE,
    Adjustment,
    Comparison,
    Control,
    Sample,
    Sampling,
    check_columns,
    check_constant,
)
from dvresearch.metrics.estimates import build, check_confidence, check_whole, with_counts
from dvresearch.tables import BASES, ESTIMATES

__all__ = ["critical_values", "impact"]

#: Effects of which there are several rows, so that a band over all of them means something.
_FAMILIES: tuple[Average, ...] = ("event_time", "cohort", "calendar", "group_time")
#: Columns in front of the estimates.
_COLUMNS = ("effect", "cohort", "period", "event_time", "band")
#: All that is known of a row.
_EVERY = [*_COLUMNS, "value", "std_error", "lower", "upper", "units", "treated", "comparison", "least", "why"]
#: Webb's (2014) six values, and draws made at once.
_WEBB, _BLOCK = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]), 128


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
    if by in (*_COLUMNS, *ESTIMATES.names):
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
    stated = data.panel["basis"].unique() if "basis" in data.panel else []
    method = f"cs_{ADJUSTMENTS[of.adjustment]}" if of.covariates else "cs_means"
    table = build(
        rows[list(_COLUMNS)].assign(
            cohort=data.label(rows["cohort"].to_numpy()),
            period=data.label(rows["period"].to_numpy()),
            event_time=rows["event_time"].astype("Int64"),
        ),
        indicator=of.outcome,
        value=rows["value"],
        std_error=rows["std_error"],
        lower=rows["lower"].where(finite),
        upper=rows["upper"].where(finite),
        confidence=confidence if fitted.estimable else np.nan,
        n=rows["units"],
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
        rows = part.keys.assign(units=part.standing.sum(axis=0), value=part.value, std_error=error)
        for band, factor in factors.items():
            limits = {"lower": part.value - factor * error, "upper": part.value + factor * error}
            frames.append(rows.assign(band=band, **limits))
    rows = pd.concat(frames, ignore_index=True)
    # A place of its own on one side, be it in a single cell, has no spread at all: no error then, but permutations.
    rows.loc[rows[["treated", "least"]].min(axis=1) < 2, ["std_error", "lower", "upper"]] = np.nan
    if few:
        value, lower, upper, _ = randomisation_interval(data, confidence, draws, seed)
        drawn = rows.iloc[:1].assign(band="randomisation", value=value, std_error=np.nan, lower=lower, upper=upper)
        drawn = drawn.assign(treated=np.inf, least=np.inf, units=len(places(data).cohorts))
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
