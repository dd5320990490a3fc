"""How far trends may have differed before a conclusion falls (Rambachan and Roth 2023)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics.effects.impact import Fit, check_fit, refit
from dvresearch.metrics.estimates import Floats, build, check_confidence

__all__ = ["breakdown", "honest_effects", "relative_limits", "time_weights"]

Restriction = Literal["relative_magnitude", "smoothness"]
Limits = Callable[[float], tuple[float, float]]
Rows = NDArray[np.intp]
#: Where the point of breakdown is looked for, and how exactly: multiples of the largest earlier difference; bends of
#: the line in standard errors of the effect, few of them, because each interval takes seconds.
_SEARCH: dict[Restriction, tuple[float, float]] = {"relative_magnitude": (10.0, 0.005), "smoothness": (0.8, 0.02)}
#: Error of a difference below which it is one with the effect, as a share of the errors of both; halvings of a search.
_TIED, _HALVINGS = 1e-6, 30


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
        From :func:`dvresearch.metrics.effects.impact.fit`; fitted again with the universal base where it is not.
    restriction : {"relative_magnitude", "smoothness"}, default "relative_magnitude"
        ``relative_magnitude``: from one period to the next since adoption, trends differ by at most `m` times the
        largest such difference before adoption. ``smoothness``: the difference of the trends follows a straight
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

    Raises
    ------
    ParameterError
        When `fitted` is no fit, `restriction` is unknown, or `m` or `confidence` is out of range.

    Notes
    -----
    ``relative_magnitude`` is :func:`relative_limits`; the covariance of the effect and of the differences before
    adoption is that of their influence functions. The interval covers the effect, not all effects that the restriction
    would allow. ``smoothness`` is the optimal interval of fixed length of diff-diff. Normal quantiles are taken as wide
    as Student's t of ``impact``. The weights of the periods count as known, as in HonestDiD of R, so that at ``m = 0``
    the interval is that of ``impact`` less the sampling error of the cohort sizes; ``std_error`` is that of ``impact``.

    References
    ----------
    Rambachan and Roth (2023), Review of Economic Studies 90:2555-2591.
    """
    check_choice("restriction", restriction, tuple(_SEARCH))
    check_confidence(confidence)
    check_fit(fitted)
    keys = pd.DataFrame({"restriction": restriction, "m": _allowed(m)})
    found = _limits(fitted, restriction, 1 - confidence)
    value, error, limits = np.nan, np.nan, np.full((len(keys), 2), np.nan)
    if found is not None:
        overall = fitted.effects("overall")
        value, error = overall.value[0], fitted.errors(overall.influence)[0]
        limits = np.array([found(allowed) for allowed in keys["m"]])
    return build(
        keys,
        indicator=fitted.of.outcome,
        value=value,
        std_error=error,
        lower=limits[:, 0],
        upper=limits[:, 1],
        confidence=confidence,
        n=len(fitted.sample.mass),
        definition=f"att_{fitted.of.control}",
        method=f"honest_{restriction}",
        reasons={**dict.fromkeys(fitted.reasons, True), "no_pretrend": found is None},
    )


def _allowed(m: object) -> Floats:
    """Return how much difference is allowed, as numbers; anything but numbers from 0 on is refused."""
    try:
        allowed = np.atleast_1d(np.asarray(m, dtype=np.float64))
    except (TypeError, ValueError):
        allowed = np.array([np.nan])
    if allowed.ndim == 1 and allowed.size and (np.isfinite(allowed) & (allowed >= 0)).all():
        return allowed
    raise ParameterError("m-below-zero", got=f"m={m!r}")


def breakdown(fitted: Fit, restriction: Restriction, *, alpha: float = 0.05) -> float:
    """Return the `m` up to which the interval leaves 0 out.

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
        To 0.005, or to 0.02 standard errors of the effect for ``smoothness``; 10, or 0.8 standard errors, stand for
        that and more. -1 when 0 is inside at ``m = 0`` already; NaN without a period to go by.
    """
    limits = _limits(fitted, restriction, alpha)
    if limits is None:
        return np.nan
    most, exact = _SEARCH[restriction]
    if restriction == "smoothness":
        most, exact = np.array([most, exact]) * fitted.errors(fitted.effects("overall").influence)[0]

    def beyond(m: float) -> float:
        lower, upper = limits(m)
        return max(lower, -upper)

    if beyond(0.0) <= 0:
        return -1.0
    return float(most) if beyond(most) > 0 else float(optimize.brentq(beyond, 0.0, most, xtol=exact))


def relative_limits(
    effect: Floats | float, changes: Floats, covariance: Floats, most: float, alpha: float
) -> tuple[Floats, Floats]:
    """Interval of an effect when trends differ by some multiple of the largest difference before adoption.

    Parameters
    ----------
    effect : float, or array of float (…)
        The estimated effect, of one sample or of many.
    changes : array of float (…, K)
        The estimated differences of trends from one period to the next before adoption.
    covariance : array of float (…, 1 + K, 1 + K)
        Of the effect, then of the changes.
    most : float
        The most by which the effect can be off, in multiples of the largest change: the multiple `m` allowed from one
        period to the next, times the changes that add up in the effect (for weights l of the periods t after
        adoption Σₜ |Σ of l from t on|).
    alpha : float
        One less the level.

    Returns
    -------
    lower, upper : array of float (…)
        The limits.

    Notes
    -----
    Were change s the largest, of sign ±, the effect would lie within p = ±`most`·changeₛ of `effect`: two moment
    inequalities. Each of the 2 K cases is tested by the conditional test of Andrews, Roth and Pakes with a first stage
    of size α/10 by least favourable critical values; a case whose inequalities contradict each other there is left
    out. The interval is the hull of the cases. With two inequalities the largest is normal, truncated from below where
    the other would take its place, so no simulation is needed.

    References
    ----------
    Rambachan and Roth (2023), section 3.2; Andrews, Roth and Pakes (2023), Review of Economic Studies 90:2763-2791.
    """
    times = most * np.repeat([1.0, -1.0], changes.shape[-1])
    off = times * np.concatenate([changes, changes], axis=-1)
    alone = covariance[..., :1, 0]
    of_off = times**2 * np.tile(np.diagonal(covariance, axis1=-2, axis2=-1)[..., 1:], 2)
    shared = 2 * times * np.tile(covariance[..., 0, 1:], 2)
    # A change tied perfectly to the effect leaves one end without error.
    above, below = (
        np.sqrt(np.maximum(alone + of_off + part, _TIED**2 * (alone + of_off))) for part in (shared, -shared)
    )
    r = np.clip((of_off - alone) / (above * below), -1 + _TIED**2, 1 - _TIED**2)
    first = alpha / 10
    second = (alpha - first) / (1 - first)
    # Both of two normal variables with correlation r are below c with chance Φ(c) - 2 T(c, √((1 - r)/(1 + r))).
    slant = np.sqrt((1 - r) / (1 + r))
    ends = (np.full(r.shape, special.ndtri(1 - chance)) for chance in (first, first / 2))
    critical = _largest(lambda c: special.ndtr(c) - 2 * special.owens_t(c, slant) <= 1 - first, *ends)

    def reach(near: Floats, far: Floats) -> Floats:
        """Return how far the interval of each case goes on the side of error `near`."""

        def accepted(x: Floats) -> NDArray[np.bool_]:
            largest, other = (x - off) / near, (-x - off) / far
            truncated = special.ndtr(np.minimum((other - r * largest) / (1 - r), critical))
            chance = truncated + (1 - second) * (special.ndtr(critical) - truncated)
            return (largest <= 0) | (special.ndtr(largest) <= chance)

        return _largest(accepted, off * (near - far) / (near + far), off + critical * near)

    empty = -2 * off > critical * (above + below)
    up, down = (np.where(empty, -np.inf, reach(*ends)).max(axis=-1) for ends in ((above, below), (below, above)))
    return effect - down, effect + up


def _largest(holds: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats) -> Floats:
    """Return the largest numbers between `low` and `high` for which `holds`, which does so up to there."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle)
    return low


def _limits(fitted: Fit, restriction: Restriction, alpha: float) -> Limits | None:
    """Return the interval of the overall effect as a function of `m`; None without a period to go by.

    Only periods that follow one another without a gap are used.
    """
    universal = refit(fitted, base="universal")
    effects, overall = universal.effects("event_time"), universal.effects("overall")
    times, base = effects.keys["event_time"].to_numpy(), -1.0 - universal.of.anticipation
    usable = universal.errors(effects.influence) > universal.sample.rounding

    def run(step: int) -> Rows:
        """Return where the periods on one side of the base are, from it on, up to the first that cannot be used."""
        there = np.flatnonzero(step * (times - base) > 0)[::step]
        followed = usable[there] & (step * (times[there] - base) == 1 + np.arange(len(there)))
        return there[np.logical_and.accumulate(followed)]

    before, after = run(-1), run(1)
    if not len(before) or not (times[after] >= 0).any():
        return None
    # diff-diff and the closed form go by normal quantiles: by the level at which they are as wide as Student's t.
    level = float(2 * special.ndtr(-universal.quantile(overall.keys, alpha / 2)[0]))
    weights = time_weights(universal)
    weight = np.array([weights.get(t, 0.0) for t in times[after]])
    if restriction == "smoothness":
        return _smoothness(universal, before[::-1], after, weight / weight.sum(), level)
    # From one period to the next: each less the one before it, the base being zero.
    differences = np.diff(np.eye(len(before) + 1), axis=0)[:, 1:]
    # The weights of the periods count as known, as in HonestDiD of R.
    influence = np.column_stack([effects.influence[:, after] @ weight, effects.influence[:, before] @ differences.T])
    covariance, changes = universal.covariance(influence), differences @ effects.value[before]
    reach = float(weights @ (weights.index.to_numpy() - base))

    def relative(m: float) -> tuple[float, float]:
        lower, upper = relative_limits(overall.value[0], changes, covariance, m * reach, level)
        return float(lower), float(upper)

    return relative


def _smoothness(universal: Fit, before: Rows, after: Rows, weight: Floats, alpha: float) -> Limits:
    """Return the interval of diff-diff as a function of `m`, from the event study as it takes it."""
    from diff_diff.honest_did import HonestDiD  # Slow to load: only when asked for.
    from diff_diff.results import MultiPeriodDiDResults, PeriodEffect

    kept, effects = np.concatenate([before, after]), universal.effects("event_time")
    times, values = effects.keys["event_time"].to_numpy(), effects.value[kept]
    spread = universal.covariance(effects.influence[:, kept])
    nothing: Any = (np.nan, np.nan, (np.nan, np.nan))
    found = zip(times[kept], values, np.sqrt(np.diag(spread)), strict=True)
    about: dict[str, Any] = {
        "period_effects": {t: PeriodEffect(t, value, error, *nothing) for t, value, error in found},
        "pre_periods": times[before].tolist(),
        "post_periods": times[after].tolist(),
        "vcov": spread,
        "interaction_indices": {t: j for j, t in enumerate(times[kept])},
        "reference_period": -1.0 - universal.of.anticipation,
    }
    average = ("avg_att", "avg_se", "avg_t_stat", "avg_p_value", "n_obs", "n_treated", "n_control")
    study = MultiPeriodDiDResults(**about, **dict.fromkeys(average, np.nan), avg_conf_int=(np.nan, np.nan))

    def limits(m: float) -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = HonestDiD(method="smoothness", M=m, alpha=alpha, l_vec=weight).fit(study)
        return result.ci_lb, result.ci_ub

    return limits
