"""The doubly robust step between two periods, as the R package DRDID takes it, inside diff-diff."""

from __future__ import annotations

from typing import Any

import numpy as np
from diff_diff import CallawaySantAnna
from diff_diff.linalg import solve_logit

from dvresearch.metrics.estimates import Floats

__all__ = ["Estimator", "doubly_robust"]

#: A propensity score from which on there is nobody to compare with, as in the R package did; and, as in DRDID, the
#: score from which on a comparison unit is left out.
NO_OVERLAP, TRIM = 0.999, 0.995


class Estimator(CallawaySantAnna):
    """diff-diff with the doubly robust step of the R package DRDID.

    diff-diff 3.13 divides the re-weighted comparison by the number of treated units; Sant'Anna and Zhao (2020) and
    DRDID divide it by the sum of its own weights. The two differ from the fifth decimal on.
    """

    def _doubly_robust(
        self,
        treated_change: Floats,
        control_change: Floats,
        X_treated: Floats | None = None,
        X_control: Floats | None = None,
        pscore_cache: dict[Any, Any] | None = None,
        pscore_key: Any = None,
        sw_treated: Floats | None = None,
        sw_control: Floats | None = None,
        **rest: Any,
    ) -> tuple[float, float, Floats]:
        if X_treated is None or X_control is None:
            return super()._doubly_robust(
                treated_change, control_change, sw_treated=sw_treated, sw_control=sw_control, **rest
            )
        treated, change = len(treated_change), np.concatenate([treated_change, control_change])
        covariates = np.vstack([X_treated, X_control])
        weight = np.ones(len(change)) if sw_treated is None else np.concatenate([sw_treated, sw_control])
        cache = {} if pscore_cache is None else pscore_cache
        if pscore_key not in cache or pscore_key is None:
            cache[pscore_key] = _propensity(covariates, treated, weight)
        return doubly_robust(change, covariates, treated, weight, cache[pscore_key])


def _propensity(covariates: Floats, treated: int, weight: Floats) -> Floats:
    """Return the logit scores of treatment, NaN where the two groups do not overlap."""
    is_treated = (np.arange(len(covariates)) < treated).astype(np.float64)
    try:
        score = solve_logit(covariates, is_treated, rank_deficient_action="silent", weights=weight)[1]
    except (np.linalg.LinAlgError, ValueError):
        return np.full(len(covariates), np.nan)
    return score if score.max() < NO_OVERLAP else np.full(len(covariates), np.nan)


def doubly_robust(
    change: Floats, covariates: Floats, treated: int, weight: Floats, score: Floats
) -> tuple[float, float, Floats]:
    """Effect on the treated between two periods, doubly robust.

    Parameters
    ----------
    change : array of float
        Change of the outcome, the treated units first.
    covariates : array of float
        A row per unit, without a column of ones.
    treated : int
        Number of treated units.
    weight, score : array of float
        Weight and propensity score of each unit.

    Returns
    -------
    effect, std_error : float
    influence : array of float
        Of each unit, so that the variance is the sum of squares.

    References
    ----------
    Sant'Anna and Zhao (2020), Journal of Econometrics 219:101-122, equation 3.1; ``drdid_panel`` of DRDID.
    """
    n, is_treated = len(change), np.arange(len(change)) < treated
    if not np.isfinite(score).all():  # no overlap: no effect
        return np.nan, np.nan, np.full(n, np.nan)
    spread = covariates.std(axis=0)
    x = np.column_stack([np.ones(n), (covariates - covariates.mean(axis=0)) / np.where(spread > 0, spread, 1)])
    on = np.where(is_treated, weight, 0.0)
    off = np.where(is_treated, 0.0, weight)
    gram = np.linalg.pinv((x * off[:, None]).T @ x, rcond=1e-12)
    beta = gram @ (x.T @ (off * change))
    residual = change - x @ beta
    against = np.where(score < TRIM, off * score / (1 - score), 0.0)
    gain, drift = on @ residual / on.sum(), against @ residual / against.sum()
    from_outcome = (off * residual)[:, None] * x @ gram
    information = np.linalg.pinv((x * (weight * score * (1 - score))[:, None]).T @ x, rcond=1e-12)
    from_score = (weight * (is_treated - score))[:, None] * x @ information
    inf_on = (on * (residual - gain) - from_outcome @ (on @ x)) / on.sum()
    inf_off = (
        against * (residual - drift) + from_score @ ((against * (residual - drift)) @ x) - from_outcome @ (against @ x)
    ) / against.sum()
    influence = inf_on - inf_off
    return float(gain - drift), float(np.sqrt(influence @ influence)), influence
