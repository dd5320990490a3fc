"""Funnel plots: which units lie further from a common target than chance and over-dispersion explain.

Three kinds of numbers have a funnel, each with its own law of chance: a proportion (binomial), a rate of events per
people or dossiers, and an indirectly standardised ratio of observed to expected events (both Poisson).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.metrics.comparisons import check_comparable, known_counts
from dvresearch.metrics.estimates import Floats, check_number, has_flag
from dvresearch.tables import FUNNEL

__all__ = ["funnel", "funnel_curve", "funnel_limits"]

Kind = Literal["proportion", "rate", "ratio"]
KINDS: tuple[Kind, ...] = ("proportion", "rate", "ratio")
#: Column of a limit -> cumulative probability below it. 95 % and 99.8 % are the usual two and three standard errors.
TAILS = {"lower95": 0.025, "upper95": 0.975, "lower998": 0.001, "upper998": 0.999}
#: Units from which their pooled level is one of its own: of two, each would be judged by the other.
FEWEST = 3
_DISPERSIONS = ("additive", "multiplicative", "none")


def _moments(n: Floats, level: float, kind: Kind) -> tuple[Floats, Floats, Floats]:
    """Return variance, skewness and excess of a count out of `n`: binomial, or Poisson as the limit of rare events."""
    p = level if kind == "proportion" else 0.0
    variance = n * level * (1 - p)
    return variance, (1 - 2 * p) / np.sqrt(variance), (1 - 6 * p * (1 - p)) / variance


def count_quantile(tail: float, n: Floats, level: float, kind: Kind = "proportion") -> tuple[Floats, Floats, Floats]:
    """Smallest r with ``P(R <= r) >= tail``, and the probabilities at it.

    Parameters
    ----------
    tail : float
        Cumulative probability, 0-1.
    n : array of float
        Denominators, above 0, not necessarily whole.
    level : float
        Probability of success, strictly between 0 and 1, or events for each unit of `n`, above 0.
    kind : {"proportion", "rate", "ratio"}, default "proportion"
        R is binomial for a proportion, else Poisson with the mean ``n·level``.

    Returns
    -------
    r, cumulative, mass : array of float
        The quantile, ``P(R <= r)`` and ``P(R = r)``.

    Notes
    -----
    A Cornish-Fisher expansion is nearly always right at once; where it is not, r is moved step
    by step. One incomplete beta or gamma function for each n makes this four to five times as fast as the
    root search of scipy, to which it is equal (see tests/test_funnel.py).
    """
    variance, skew, excess = _moments(n, level, kind)

    def at(r: Floats, n: Floats) -> tuple[Floats, Floats]:
        if kind != "proportion":
            return special.pdtr(r, n * level), np.exp(r * np.log(n * level) - n * level - special.gammaln(r + 1))
        ways = special.gammaln(n + 1) - special.gammaln(r + 1) - special.gammaln(n - r + 1)
        mass = np.exp(ways + r * np.log(level) + (n - r) * np.log1p(-level))
        return np.where(r >= n, 1.0, special.betainc(np.maximum(n - r, 0.5), r + 1, 1 - level)), mass

    z = special.ndtri(tail)
    shift = z + skew * (z * z - 1) / 6 + excess * (z**3 - 3 * z) / 24 - skew**2 * (2 * z**3 - 5 * z) / 36
    most = np.ceil(n) if kind == "proportion" else np.inf
    r = np.clip(np.ceil(n * level + np.sqrt(variance) * shift - 0.5), 0, most)
    cumulative, mass = at(r, n)
    for step in (1, -1):
        while len(wrong := np.flatnonzero(cumulative < tail if step > 0 else (cumulative - mass >= tail) & (r > 0))):
            r[wrong] += step
            cumulative[wrong], mass[wrong] = at(r[wrong], n[wrong])
    return r, cumulative, mass


def funnel_limits(
    n: Floats,
    target: float,
    *,
    kind: Kind = "proportion",
    limits: Literal["exact", "normal"] = "exact",
    dispersion: Literal["additive", "multiplicative", "none"] = "none",
    dispersion_value: float = 0.0,
) -> pd.DataFrame:
    """Control limits around a target, for given denominators.

    Parameters
    ----------
    n : array of float
        Denominators, above 0: cases, the population, or the expected events.
    target : float
        The common level, numerator / denominator: a share 0-1, or events for each unit of `n`.
    kind : {"proportion", "rate", "ratio"}, default "proportion"
        The law of chance: binomial for a proportion, Poisson for the others.
    limits : {"exact", "normal"}, default "exact"
        ``exact``: limits of the law, interpolated between whole counts. With r the smallest count
        with ``P(R <= r) >= p``, a lower limit is ``(r - (P(R <= r) - p)/P(R = r))/n``; an upper limit
        is its mirror image, the same plus ``1/n``. A whole count lies beyond a limit exactly when
        the one-sided exact test rejects at that level, and counting the failures of a proportion instead of
        its successes gives the same verdict. (The article's formula for upper limits lacks
        the ``1/n`` and has neither property.)
        ``normal``: ``target ± z·s``, as PHEindicatormethods has it.
    dispersion : {"additive", "multiplicative", "none"}, default "none"
        How limits are widened. With ``s² = target(1 - target)/n`` (proportion) or ``target/n`` the distance of a limit
        from the target grows by ``sqrt((s² + τ²)/s²)`` (additive) or ``sqrt(φ)`` (multiplicative).
    dispersion_value : float, default 0
        τ² in squared units of `target`, or φ.

    Returns
    -------
    DataFrame
        ``lower95, upper95, lower998, upper998``, from 0 up, those of a proportion to 1, a row per `n`.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202, appendix A.1.1 for the exact
    limits; Quality and Safety in Health Care 14:347-351 for over-dispersion.
    """
    check_choice("kind", kind, KINDS)
    check_choice("limits", limits, ("exact", "normal"))
    check_choice("dispersion", dispersion, _DISPERSIONS)
    n = np.asarray(n, dtype=np.float64)
    most = 1.0 if kind == "proportion" else np.inf
    if not 0 < target < most:
        return pd.DataFrame({c: np.full(len(n), target) for c in TAILS})
    variance = _moments(n, target, kind)[0] / n**2
    wider = np.ones(len(n))
    if dispersion == "additive":
        wider = np.sqrt(1 + dispersion_value / variance)
    elif dispersion == "multiplicative":
        wider *= np.sqrt(dispersion_value)
    # Limits depend on n alone, and units share their n often: each distinct n is computed once.
    distinct, where = np.unique(n, return_inverse=True)
    out = {}
    for column, tail in TAILS.items():
        if limits == "normal":
            distance = special.ndtri(tail) * np.sqrt(variance)
        else:
            r, cumulative, mass = count_quantile(tail, distinct, target, kind)
            count = r - (cumulative - tail) / mass + (tail > 0.5)
            distance = (count / distinct)[where] - target
        out[column] = np.clip(target + distance * wider, 0, most)
    return pd.DataFrame(out)


def _overdispersion(z: Floats, variance: Floats, dispersion: str, winsorise: float) -> float:
    """Return τ² or φ by the method of moments from winsorised z scores; 0 or 1 when there is no excess."""
    units = len(z)
    if dispersion == "none" or units < 2:
        return 1.0 if dispersion == "multiplicative" else 0.0
    low, high = np.quantile(z, [winsorise, 1 - winsorise])
    phi = float(np.mean(np.clip(z, low, high) ** 2))
    if dispersion == "multiplicative":
        return max(1.0, phi)
    w = 1 / variance
    return float(max(0.0, (units * phi - (units - 1)) / (w.sum() - (w**2).sum() / w.sum())))


def funnel(
    estimates: pd.DataFrame,
    *,
    kind: Kind = "proportion",
    target: float | None = None,
    limits: Literal["exact", "normal"] = "exact",
    dispersion: Literal["additive", "multiplicative", "none"] = "additive",
    winsorise: float = 0.1,
) -> pd.DataFrame:
    """Compare many units with one target, each at its own size.

    Parameters
    ----------
    estimates : DataFrame
        Estimates with their counts, one row per unit, all of one indicator, definition, basis and
        level of units.
    kind : {"proportion", "rate", "ratio"}, default "proportion"
        What the numbers are. ``proportion``: a part of the denominator, from :func:`proportion` or
        :func:`resolution_rate`. ``rate``: events per people or dossiers, from :func:`rate`. ``ratio``: observed over
        expected events (indirect standardisation), the expected ones as denominator, on any scale (1 or 100).
    target : float, optional
        The level to compare with, in the unit of ``value``. Without it the pooled level, sum of numerators over
        sum of denominators; of a ratio the level at which observed and expected are equal.
    limits : {"exact", "normal"}, default "exact"
        See :func:`funnel_limits`. ``limits="normal", dispersion="none"`` is the funnel of
        PHEindicatormethods.
    dispersion : {"additive", "multiplicative", "none"}, default "additive"
        Units differ by more than chance, the more visibly the larger they are; without an
        allowance nearly every large unit is an outlier. ``additive`` estimates the variance τ²
        between units, ``multiplicative`` the factor φ.
    winsorise : float, default 0.1
        Share of the z scores at either end pulled in to that quantile before τ² or φ is
        estimated, so that true outliers do not widen the limits that should reveal them.

    Returns
    -------
    DataFrame
        The rows and columns of `estimates`, then those that ``tables.FUNNEL`` adds, in the unit of ``value``. ``z`` is
        ``(value - target)/s`` (:func:`funnel_limits`), not adjusted; ``position`` is read
        from the adjusted limits, and is ``unknown`` where there is no value or the flag ``few``.
        Such rows do not enter τ² or φ. ``per`` is value over numerator / denominator: 1, 10,000, 100.

    Raises
    ------
    DataError
        When rows are not comparable, have no counts, or are not of the kind stated: a proportion whose value is not
        numerator / denominator or is above 1, a rate or ratio not on one scale. The message says the call to write.
    ParameterError
        For an unknown word, a target the kind cannot have, `winsorise` outside 0-0.49, or one or two units without a
        target.

    Notes
    -----
    With I units, w = 1/s² and winsorised z: ``φ = Σz²/I`` (at least 1) and
    ``τ² = (Iφ - (I - 1)) / (Σw - Σw²/Σw)`` (at least 0). Without winsorising and at the pooled
    target, τ² is the DerSimonian-Laird estimate. Checked against PHEindicatormethods' test
    data, ``scipy.stats.binom`` and ``poisson``, and ``statsmodels`` ``combine_effects`` (see tests/test_funnel.py).

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202 and Quality and Safety in Health
    Care 14:347-351.
    """
    check_choice("kind", kind, KINDS)
    check_choice("limits", limits, ("exact", "normal"))
    check_choice("dispersion", dispersion, _DISPERSIONS)
    check_number("winsorise", winsorise, 0, 0.49)
    check_comparable(estimates)
    x, n, known = known_counts(estimates)
    value = estimates["value"].to_numpy(dtype=np.float64)
    scale = _scale(value[known], x[known], n[known], kind)
    aim = _target(target, x[known], n[known], scale, kind)
    variance, z = np.full(len(n), np.nan), np.full(len(n), np.nan)
    if aim > 0 and not (kind == "proportion" and aim == 1):
        variance[known] = _moments(n[known], aim, kind)[0] / n[known] ** 2
        z = (value / scale - aim) / np.sqrt(variance)
    judged = known & ~has_flag(estimates, "few")
    usable = judged & np.isfinite(z)
    size = _overdispersion(z[usable], variance[usable], dispersion, winsorise)

    bounds = pd.DataFrame(np.nan, index=estimates.index, columns=list(TAILS))
    drawn = funnel_limits(n[known], aim, kind=kind, limits=limits, dispersion=dispersion, dispersion_value=size)
    bounds.loc[known] = scale * drawn.to_numpy()
    outside = {
        "unknown": ~judged,
        "above998": value > bounds["upper998"],
        "below998": value < bounds["lower998"],
        "above95": value > bounds["upper95"],
        "below95": value < bounds["lower95"],
    }
    position = pd.array(np.select(list(outside.values()), list(outside), "within"), dtype="str")
    words = {"funnel_kind": kind, "limits": limits, "dispersion": dispersion, "position": position}
    numbers = {"per": scale, "target": aim * scale, **bounds, "z": z, "dispersion_value": size}
    added = words | numbers
    return estimates.assign(**{c: added[c] for c in FUNNEL.names if c in added})


def _scale(value: Floats, x: Floats, n: Floats, kind: Kind) -> float:
    """Return what the values are multiples of, 1 for proportions; refuse numbers of another kind."""
    counted = x > 0
    scales = value[counted] * n[counted] / x[counted] if counted.any() else np.ones(1)
    one_scale = np.allclose(scales, scales[0], rtol=1e-6) and scales[0] > 0 and not value[~counted].any()
    if kind == "proportion" and (not np.allclose(value, x / n, rtol=0, atol=1e-9) or (x > n).any()):
        raise DataError("no-proportions" if not one_scale else "rates-as-proportions", got=f"{value[0]:g}")
    if not one_scale:
        raise DataError("values-on-several-scales", got=", ".join(f"{s:g}" for s in np.unique(scales.round(6))[:3]))
    return 1.0 if kind == "proportion" else float(scales[0])


def _target(target: float | None, x: Floats, n: Floats, scale: float, kind: Kind) -> float:
    """Return the level to compare with, as numerator over denominator."""
    if target is None and kind == "ratio":
        return 1.0
    if target is None:
        if 0 < len(n) < FEWEST:
            raise ParameterError("too-few-units-for-their-own-level", got=str(len(n)), least=FEWEST)
        return float(x.sum() / n.sum())
    check_number("target", target, 0, 1 if kind == "proportion" else np.inf)
    return float(target) / scale


def funnel_curve(table: pd.DataFrame, *, points: int = 200) -> pd.DataFrame:
    """Limits of a funnel at evenly spread sizes, to draw its curves.

    Parameters
    ----------
    table : DataFrame
        A result of :func:`funnel`.
    points : int, default 200
        Number of sizes, spaced evenly on a log scale from the smallest to the largest denominator.

    Returns
    -------
    DataFrame
        ``denominator, target, lower95, upper95, lower998, upper998``, increasing in ``denominator``, in the unit of
        ``value``.
    """
    n = table.loc[table["denominator"] > 0, "denominator"]
    first = table.iloc[0]
    spaced = np.geomspace(n.min(), n.max(), points)
    if first["funnel_kind"] == "proportion":
        # Between whole sizes a binomial limit has no meaning and would draw as ripples.
        spaced = np.unique(np.round(np.maximum(spaced, 1.0)))
    options = {name: first[name] for name in ("limits", "dispersion", "dispersion_value")}
    curve = funnel_limits(spaced, first["target"] / first["per"], kind=first["funnel_kind"], **options)
    return pd.DataFrame({"denominator": spaced, "target": first["target"], **curve * first["per"]})
