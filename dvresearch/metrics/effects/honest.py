"""How far trends may have differed before a conclusion falls (Rambachan and Roth), with diff-diff's HonestDiD."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import ParameterError, Text
from dvresearch.metrics.effects.fitting import Fit, check_fit, fit
from dvresearch.metrics.estimates import Floats, build, check_confidence, choose

if TYPE_CHECKING:
    from diff_diff.results import MultiPeriodDiDResults

__all__ = ["breakdown", "honest_effects", "refit", "time_weights"]

Restriction = Literal["relative_magnitude", "smoothness"]
#: Where the search for the point of breakdown looks: multiples of the largest earlier difference; bends of the line in
#: standard errors of the effect, few of them, because each interval takes seconds.
_GRIDS = {"relative_magnitude": np.arange(0.05, 10.01, 0.05), "smoothness": np.array([0.05, 0.1, 0.2, 0.4, 0.8])}


def refit(
    fitted: Fit, panel: pd.DataFrame | None = None, *, base: Literal["varying", "universal"] | None = None
) -> Fit:
    """Fit again with the same arguments.

    Parameters
    ----------
    fitted : Fit
        A fit.
    panel : DataFrame, optional
        Other rows than before.
    base : {"varying", "universal"}, optional
        Another base period before adoption.
    """
    return fit(
        fitted.panel if panel is None else panel,
        outcome=fitted.outcome,
        unit=fitted.unit,
        period=fitted.period,
        adopted=fitted.adopted,
        covariates=fitted.covariates,
        adjustment=fitted.adjustment,
        control=fitted.control,
        cluster=fitted.cluster,
        weights=fitted.weights,
        anticipation=fitted.anticipation,
        base=base or fitted.base,
        sampling=fitted.sampling,
    )


def time_weights(fitted: Fit) -> pd.Series:
    """Return the weight of each event time from 0 on in the overall effect; they add up to 1."""
    cells = fitted.effects("group_time")
    since = cells.keys["event_time"] >= 0
    weight = pd.Series(fitted.sizes(cells))[since].groupby(cells.keys["event_time"]).sum()
    return weight / weight.sum()


def honest_effects(
    fitted: Fit,
    *,
    restriction: Restriction = "relative_magnitude",
    m: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Overall effect with intervals that allow trends to have differed.

    Parameters
    ----------
    fitted : Fit
        From :func:`dvresearch.metrics.effects.fitting.fit`; fitted again with the universal base where it is not.
    restriction : {"relative_magnitude", "smoothness"}, default "relative_magnitude"
        ``relative_magnitude``: from one period to the next since adoption, trends differ by at most `m` times the
        largest such difference seen before adoption. ``smoothness``: the difference of the trends follows a straight
        line, drawn on from before adoption, whose slope changes by at most `m` from one period to the next.
    m : sequence of float
        How much is allowed, 0 or more: multiples, or units of the outcome.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        ``restriction``, ``m``, then the columns of ``tables.ESTIMATES``: the same ``value`` in every row, the interval
        for each `m`. Without two periods before adoption, or none after, the rows carry ``no_pretrend``.

    Notes
    -----
    Bounds and intervals are those of diff-diff: for ``smoothness`` the optimal interval of fixed length, for
    ``relative_magnitude`` the bounds widened by the sampling error of the effect. The latter counts the differences
    seen before adoption as they are; noise makes them larger, so the interval is rather too wide. Normal quantiles are
    taken as wide as Student's t of ``impact``. Cohort sizes count as known, so at ``m = 0`` the interval is that of
    ``impact`` up to their sampling error.

    Rambachan and Roth (2023), Review of Economic Studies 90:2555-2591. Checked against the closed form of the bounds,
    effect ± m·max|difference|·Σ weight·(e + 1), and against ordinary extrapolation of a straight line
    (tests/test_effect_checks.py).
    """
    choose("restriction", restriction, ("relative_magnitude", "smoothness"))
    check_confidence(confidence)
    check_fit(fitted)
    allowed_for = _allowed(m)
    study = _study(fitted)
    keys = pd.DataFrame({"restriction": restriction, "m": allowed_for})
    value, error, limits = np.nan, np.nan, np.full((len(keys), 2), np.nan)
    if study is not None:
        for i, allowed in enumerate(keys["m"]):
            limits[i] = _interval(*study, restriction, allowed, _normal(fitted, 1 - confidence))
        value, error = study[0].avg_att, study[0].avg_se
    return build(
        keys,
        indicator=fitted.outcome,
        value=value,
        std_error=error,
        lower=limits[:, 0],
        upper=limits[:, 1],
        confidence=confidence,
        n=len(fitted.sample.units),
        definition=f"att_{fitted.control}",
        method=f"honest_{restriction}",
        reasons={**dict.fromkeys(fitted.reasons, True), "no_pretrend": study is None},
    )


def _allowed(m: object) -> Floats:
    """Return how much difference is allowed, as numbers; anything but numbers from 0 on is refused."""
    try:
        allowed = np.atleast_1d(np.asarray(m, dtype=np.float64))
    except (TypeError, ValueError):
        allowed = np.array([np.nan])
    if allowed.ndim == 1 and allowed.size and (np.isfinite(allowed) & (allowed >= 0)).all():
        return allowed
    raise ParameterError(
        Text("m không được âm, vô hạn hay để trống.", "m cannot be negative, infinite or empty."),
        expected=Text("0 hoặc lớn hơn: 0, 0.5, 1", "0 or more: 0, 0.5, 1"),
        got=f"m={m!r}",
        hint=Text("Viết m=[0, 0.5, 1].", "Write m=[0, 0.5, 1]."),
    )


def breakdown(fitted: Fit, restriction: Restriction, *, alpha: float = 0.05) -> float:
    """Return the largest `m` of a grid at which the interval still leaves 0 out.

    Parameters
    ----------
    fitted : Fit
        A fit.
    restriction : {"relative_magnitude", "smoothness"}
        As for :func:`honest_effects`.
    alpha : float, default 0.05
        One less the level.

    Returns
    -------
    float
        -1 when 0 is inside at ``m = 0`` already; NaN without a period to go by.
    """
    study = _study(fitted)
    if study is None:
        return np.nan
    grid = _GRIDS[restriction] * (study[0].avg_se if restriction == "smoothness" else 1.0)

    tails = _normal(fitted, alpha)

    def reaches(m: float) -> bool:
        lower, upper = _interval(*study, restriction, m, tails)
        return not (lower > 0 or upper < 0)

    if reaches(0.0):
        return -1.0
    holds = bisect_left(grid.tolist(), True, key=reaches)
    return float(grid[holds - 1]) if holds else 0.0


def _normal(fitted: Fit, alpha: float) -> float:
    """Return the level at which the normal quantiles of diff-diff are as wide as those of the overall effect."""
    return float(2 * special.ndtr(-fitted.quantile(fitted.effects("overall").keys, alpha / 2)[0]))


def _interval(
    study: MultiPeriodDiDResults, weights: np.ndarray, restriction: str, m: float, alpha: float
) -> tuple[float, float]:
    from diff_diff.honest_did import HonestDiD  # Slow to load: only when asked for.

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = HonestDiD(method=restriction, M=float(m), alpha=alpha, l_vec=weights).fit(study)
    return result.ci_lb, result.ci_ub


def _study(fitted: Fit) -> tuple[MultiPeriodDiDResults, np.ndarray] | None:
    """Return the event study as diff-diff takes it and the weights by which it adds up to the overall effect.

    Only periods that follow one another without a gap on both sides of the base are used.
    """
    from diff_diff.results import MultiPeriodDiDResults, PeriodEffect

    universal = fitted if fitted.base == "universal" else refit(fitted, base="universal")
    effects, overall = universal.effects("event_time"), universal.effects("overall")
    times = effects.keys["event_time"].to_numpy()
    spread = universal.covariance(effects.influence)
    usable = dict(
        zip(times, np.isfinite(effects.value) & (np.diag(spread) > universal.sample.rounding**2), strict=True)
    )
    base = -1.0 - fitted.anticipation
    pre, post = base - 1, base + 1
    while usable.get(pre):
        pre -= 1
    while usable.get(post):
        post += 1
    kept = np.flatnonzero((times > pre) & (times < post) & (times != base))
    before, after = [t for t in times[kept] if t < base], [t for t in times[kept] if t > base]
    if not before or not any(t >= 0 for t in after):
        return None
    held = time_weights(universal)
    weights = np.array([held.get(t, 0.0) for t in after])
    period = {
        t: PeriodEffect(t, float(effects.value[i]), float(np.sqrt(spread[i, i])), np.nan, np.nan, (np.nan, np.nan))
        for t, i in zip(times[kept], kept, strict=True)
    }
    error = float(np.sqrt(universal.covariance(overall.influence)[0, 0]))
    extra: dict[str, Any] = {
        "vcov": spread[np.ix_(kept, kept)],
        "interaction_indices": {t: j for j, t in enumerate(times[kept])},
        "reference_period": base,
    }
    study = MultiPeriodDiDResults(
        period, float(overall.value[0]), error, np.nan, np.nan, (np.nan, np.nan), 0, 0, 0, before, after
    )
    return replace(study, **extra), weights / weights.sum()
