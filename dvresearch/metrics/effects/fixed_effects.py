"""Other estimators beside ``impact``: two-way fixed effects and why they may mislead, Sun-Abraham, imputation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError
from dvresearch.metrics.effects.feasibility import refusals
from dvresearch.metrics.effects.sample import Comparison, Sample
from dvresearch.metrics.estimates import build, check_confidence

__all__ = ["impact_cross_check", "two_way_fixed_effects"]

#: What is known of an effect.
_EFFECTS = ["effect", "cohort", "event_time", "value", "std_error"]
#: Comparisons of the decomposition as diff-diff calls them, and their codes here.
_COMPARISONS = {"treated_vs_never": "never", "earlier_vs_later": "later", "later_vs_earlier": "earlier"}


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
