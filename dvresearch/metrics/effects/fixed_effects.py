"""Other estimators beside ``impact``: two-way fixed effects and why they may mislead, Sun-Abraham, imputation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dvresearch.errors import DataError
from dvresearch.metrics.effects.cells import Control, Sample, sample
from dvresearch.metrics.effects.feasibility import refusals
from dvresearch.metrics.estimates import Floats, build, check_confidence

__all__ = ["impact_cross_check", "two_way_fixed_effects"]

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
    data = sample(panel, outcome=outcome, unit=unit, period=period, adopted=adopted, cluster=cluster)
    rows = _complete(data)
    treated = ((rows["cohort"] > 0) & (rows["period"] >= rows["cohort"])).to_numpy(dtype=np.float64)
    value, error, clusters = _regression(rows, treated)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from diff_diff import BaconDecomposition

        parts = BaconDecomposition().fit(rows, "outcome", "unit", "period", "cohort").to_dataframe()
    cohorts = pd.to_numeric(parts["treated_group"]).to_numpy(dtype=np.float64)
    against = pd.to_numeric(parts["control_group"], errors="coerce").to_numpy(dtype=np.float64)
    keys = pd.DataFrame(
        {
            "comparison": ["all", *parts["comparison_type"].map(_COMPARISONS)],
            "cohort": ["", *data.label(cohorts)],
            "against": ["", *data.label(against)],
            "weight": [1.0, *parts["weight"]],
        }
    )
    whole = keys["comparison"] == "all"
    exact = whole & (error <= data.rounding)
    lower, upper = _interval(value, error, clusters, confidence)
    return build(
        keys,
        indicator=outcome,
        value=np.where(exact, np.nan, [value, *parts["estimate"]]),
        std_error=np.where(whole & ~exact, error, np.nan),
        lower=np.where(whole & ~exact, lower, np.nan),
        upper=np.where(whole & ~exact, upper, np.nan),
        confidence=confidence,
        n=np.where(whole, rows["unit"].nunique(), np.nan),
        definition="two_way",
        method="twfe",
        flags={"context": True},
        reasons={"part_of_whole": ~whole, "exact_fit": exact, "one_cluster": whole & (clusters == 1)},
    )


def _complete(data: Sample) -> pd.DataFrame:
    """Return the rows of the units without a gap."""
    seen = data.rows.groupby("unit")["period"].transform("size")
    rows = data.rows[seen == len(data.periods)]
    if not (rows["cohort"] > 0).any() or rows["cohort"].nunique() < 2:
        raise DataError("nothing-to-compare")
    return rows


def _regression(rows: pd.DataFrame, treated: Floats) -> tuple[float, float, int]:
    """Coefficient of `treated` given unit and period effects, its clustered error, and the number of clusters."""
    import statsmodels.api as sm

    x = np.column_stack([treated, pd.get_dummies(rows["period"], drop_first=True, dtype=np.float64)])
    both = pd.DataFrame(np.column_stack([rows["outcome"], x]))
    both = (both - both.groupby(rows["unit"].to_numpy()).transform("mean")).to_numpy()
    clusters = rows["cluster"].to_numpy()
    model, count = sm.OLS(both[:, 0], both[:, 1:]), len(np.unique(clusters))
    if count == 1:
        return float(model.fit().params[0]), np.nan, 1
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": clusters})
    return float(fitted.params[0]), float(fitted.bse[0]), count


def _interval(value: Any, error: Any, clusters: int, confidence: float) -> tuple[Any, Any]:
    from scipy.stats import t

    half = t.ppf((1 + confidence) / 2, clusters - 1) * np.asarray(error)
    return np.asarray(value) - half, np.asarray(value) + half


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

    data = sample(
        panel, outcome=outcome, unit=unit, period=period, adopted=adopted, covariates=covariates, cluster=cluster,
        anticipation=anticipation,
    )  # fmt: skip
    # A covariate that never moves within a place is part of the place: the regressions know it already.
    moves = data.rows.groupby("unit")[[c for c in data.rows if c.startswith("x")]].nunique().gt(1).any()
    names = list(moves.index[moves]) or None
    control: Control = "never" if (data.cohorts == 0).any() else "not_yet"
    against = refusals(data, control, anticipation)
    before_last = data.rows if control == "never" else _before_last(data, anticipation)
    models = {"sun_abraham": (SunAbraham, before_last), "imputation": (ImputationDiD, data.rows)}
    rows = pd.DataFrame(
        [
            (method, *effect)
            for method, (model, used) in models.items()
            for effect in (
                ([] if against else _fit(model(cluster="cluster", anticipation=anticipation), used, names))
                or [("overall", np.nan, np.nan, np.nan, np.nan)]
            )
        ],
        columns=["method", "effect", "cohort", "event_time", "value", "std_error"],
    )
    exact = rows["std_error"] <= data.rounding
    rows.loc[exact, ["value", "std_error"]] = np.nan
    lower, upper = _interval(rows["value"], rows["std_error"], len(np.unique(data.clusters)), confidence)
    cohort, event_time = data.label(rows["cohort"].to_numpy()), rows["event_time"].astype("Int64")
    return build(
        rows[["effect"]].assign(cohort=cohort, event_time=event_time),
        indicator=outcome,
        value=rows["value"],
        std_error=rows["std_error"],
        lower=lower,
        upper=upper,
        confidence=confidence,
        n=len(data.units),
        definition=f"att_{control}",
        method=rows["method"],
        reasons={r: rows["value"].isna() for r in against}
        | {"exact_fit": exact, "not_estimable_by_method": rows["value"].isna()},
    )


def _before_last(data: Sample, anticipation: int) -> pd.DataFrame:
    """Return the rows before the last cohort adopts, that cohort as one that never does."""
    last = data.cohorts.max(initial=0)
    rows = data.rows[data.rows["period"] < last - anticipation]
    return rows.assign(cohort=rows["cohort"].where(rows["cohort"] < last, 0.0))


def _fit(model: Any, rows: pd.DataFrame, covariates: list[str] | None) -> list[tuple[str, float, float, float, float]]:
    """Return overall, event-time and cell effects of a diff-diff estimator; none when it cannot be fitted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = model.fit(rows, "outcome", "unit", "period", "cohort", covariates=covariates)
            if result.event_study_effects is None:
                by_time = result.aggregate("event_study").to_dataframe()
                by_time = {r["event_time"]: {"effect": r["att"], "se": r["se"]} for _, r in by_time.iterrows()}
            else:
                by_time = result.event_study_effects
    except ValueError:
        return []
    cells = getattr(result, "cohort_effects", None) or {}
    return [
        ("overall", np.nan, np.nan, result.overall_att, result.overall_se),
        *(("event_time", np.nan, e, r["effect"], r["se"]) for e, r in sorted(by_time.items())),
        *(("group_time", g, e, r["effect"], r["se"]) for (g, e), r in sorted(cells.items())),
    ]
