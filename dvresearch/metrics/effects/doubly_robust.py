"""The doubly robust step between two periods, as the R package DRDID takes it, inside diff-diff."""

from __future__ import annotations

from typing import Any

import numpy as np
from diff_diff import CallawaySantAnna
from diff_diff.linalg import solve_logit

from dvresearch.metrics.estimates import Floats

__all__ = ["Estimator"]

#: A propensity score from which on there is nobody to compare with, as in the R package did; and, as in DRDID, the
#: score from which on a comparison unit is left out.
NO_OVERLAP, TRIM = 0.999, 0.995


class Estimator(CallawaySantAnna):
    """diff-diff with the doubly robust step of the R package DRDID.

    diff-diff 3.13 divides the re-weighted comparison by the number of treated units; Sant'Anna and Zhao (2020,
    Journal of Econometrics 219:101-122, equation 3.1) and ``drdid_panel`` of DRDID divide it by the sum of its own
    weights. The two differ from the fifth decimal on.
    """

    def _doubly_robust(
        self,
        treated_change: Floats,
        control_change: Floats,
        X_treated: Floats | None = None,
        X_control: Floats | None = None,
        **given: Any,
    ) -> tuple[float, float, Floats]:
        """Return effect, standard error and the influence of each unit, whose squares add up to the variance."""
        if X_treated is None or X_control is None:
            return super()._doubly_robust(treated_change, control_change, **given)
        change, covariates = np.concatenate([treated_change, control_change]), np.vstack([X_treated, X_control])
        n, is_treated = len(change), np.arange(len(change)) < len(treated_change)
        sizes = given["sw_treated"], given["sw_control"]
        weight = np.ones(n) if sizes[0] is None else np.concatenate(sizes)
        cache, key = given["pscore_cache"] or {}, given["pscore_key"]
        if key not in cache or key is None:
            cache[key] = _propensity(covariates, is_treated, weight)
        score = cache[key]
        if not np.isfinite(score).all():  # no overlap: no effect
            return np.nan, np.nan, np.full(n, np.nan)
        spread = covariates.std(axis=0)
        x = np.column_stack([np.ones(n), (covariates - covariates.mean(axis=0)) / np.where(spread > 0, spread, 1)])
        on, off = weight * is_treated, weight * ~is_treated
        gram = np.linalg.pinv((x * off[:, None]).T @ x, rcond=1e-12)
        residual = change - x @ (gram @ (x.T @ (off * change)))
        against = np.where(score < TRIM, off * score / (1 - score), 0.0)
        gain, drift = on @ residual / on.sum(), against @ residual / against.sum()
        from_outcome = (off * residual)[:, None] * x @ gram
        information = np.linalg.pinv((x * (weight * score * (1 - score))[:, None]).T @ x, rcond=1e-12)
        from_score = (weight * (is_treated - score))[:, None] * x @ information
        moved = against * (residual - drift)
        inf_on = (on * (residual - gain) - from_outcome @ (on @ x)) / on.sum()
        inf_off = (moved + from_score @ (moved @ x) - from_outcome @ (against @ x)) / against.sum()
        influence = inf_on - inf_off
        return float(gain - drift), float(np.sqrt(influence @ influence)), influence


def _propensity(covariates: Floats, is_treated: Any, weight: Floats) -> Floats:
    """Return the logit scores of treatment, NaN where the two groups do not overlap."""
    try:
        treated = is_treated.astype(np.float64)
        score = solve_logit(covariates, treated, rank_deficient_action="silent", weights=weight)[1]
    except (np.linalg.LinAlgError, ValueError):
        score = np.full(len(covariates), np.nan)
    return np.where(score.max() < NO_OVERLAP, score, np.nan)
