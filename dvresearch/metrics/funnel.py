"""Funnel plots: which units lie further from a common target than chance and over-dispersion explain."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import ParameterError, Text
from dvresearch.metrics.comparable import check_comparable, counted_shares
from dvresearch.metrics.estimates import Floats, choose, has_flag
from dvresearch.tables import FUNNEL

__all__ = ["binomial_quantile", "funnel", "funnel_curve", "funnel_limits"]

#: Column of a limit -> cumulative probability below it. 95 % and 99.8 % are the usual two and three standard errors.
TAILS = {"lower95": 0.025, "upper95": 0.975, "lower998": 0.001, "upper998": 0.999}


#: Units from which their pooled share is a level of its own: of two, each would be judged by the other.
FEWEST = 3


def binomial_quantile(tail: float, n: Floats, share: float) -> tuple[Floats, Floats, Floats]:
    """Smallest r with ``P(R <= r) >= tail`` for a binomial R, and the probabilities at it.

    Parameters
    ----------
    tail : float
        Cumulative probability, 0-1.
    n : array of float
        Numbers of cases, above 0.
    share : float
        Probability of success, strictly between 0 and 1.

    Returns
    -------
    r, cumulative, mass : array of float
        The quantile, ``P(R <= r)`` and ``P(R = r)``.

    Notes
    -----
    A Cornish-Fisher expansion is nearly always right at once; where it is not, r is moved step
    by step. One incomplete beta function for each n makes this several times faster than a root
    search. Equal to ``scipy.stats.binom.ppf`` (see tests/test_funnel.py).
    """
    miss = 1 - share
    variance = n * share * miss
    z = special.ndtri(tail)
    skew = (miss - share) / np.sqrt(variance)
    excess = (1 - 6 * share * miss) / variance
    shift = z + skew * (z * z - 1) / 6 + excess * (z**3 - 3 * z) / 24 - skew**2 * (2 * z**3 - 5 * z) / 36
    r = np.clip(np.ceil(n * share + np.sqrt(variance) * shift - 0.5), 0, np.ceil(n))
    cumulative = _cumulative(r, n, share)
    mass = _mass(r, n, share)
    for step in (1, -1):
        while True:
            moves = cumulative < tail if step > 0 else (cumulative - mass >= tail) & (r > 0)
            at = moves.nonzero()[0]
            if not len(at):
                break
            r[at] += step
            cumulative[at] = _cumulative(r[at], n[at], share)
            mass[at] = _mass(r[at], n[at], share)
    return r, cumulative, mass


def _cumulative(r: Floats, n: Floats, share: float) -> Floats:
    return np.where(r >= n, 1.0, special.betainc(np.maximum(n - r, 0.5), r + 1, 1 - share))


def _mass(r: Floats, n: Floats, share: float) -> Floats:
    ways = special.gammaln(n + 1) - special.gammaln(r + 1) - special.gammaln(n - r + 1)
    return np.exp(ways + r * np.log(share) + (n - r) * np.log1p(-share))


def funnel_limits(
    n: Floats,
    target: float,
    *,
    limits: Literal["exact", "normal"] = "exact",
    dispersion: Literal["additive", "multiplicative", "none"] = "none",
    dispersion_value: float = 0.0,
) -> pd.DataFrame:
    """Control limits of a share around a target, for given denominators.

    Parameters
    ----------
    n : array of float
        Denominators, above 0.
    target : float
        The common share, 0-1.
    limits : {"exact", "normal"}, default "exact"
        ``exact``: binomial limits, interpolated between whole counts. With r the smallest count
        with ``P(R <= r) >= p``, a lower limit is ``(r - (P(R <= r) - p)/P(R = r))/n``; an upper limit
        is its mirror image, the same plus ``1/n``. A whole count lies beyond a limit exactly when
        the one-sided binomial test rejects at that level, and counting the failures instead of
        the successes gives the same verdict. (The article's formula for upper limits lacks
        the ``1/n`` and has neither property.)
        ``normal``: ``target ± z·sqrt(target(1 - target)/n)``, as PHEindicatormethods has it.
    dispersion : {"additive", "multiplicative", "none"}, default "none"
        How limits are widened. With ``s² = target(1 - target)/n`` the distance of a limit from
        the target grows by ``sqrt((s² + τ²)/s²)`` (additive) or ``sqrt(φ)`` (multiplicative).
    dispersion_value : float, default 0
        τ² in squared shares, or φ.

    Returns
    -------
    DataFrame
        ``lower95, upper95, lower998, upper998``, shares clipped to 0-1, a row per `n`.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202, appendix A.1.1 for the exact
    limits; Quality and Safety in Health Care 14:347-351 for over-dispersion.
    """
    choose("limits", limits, ("exact", "normal"))
    choose("dispersion", dispersion, ("additive", "multiplicative", "none"))
    n = np.asarray(n, dtype=np.float64)
    spread = np.sqrt(target * (1 - target) / n)
    if not 0 < target < 1:
        return pd.DataFrame({c: np.full(len(n), target) for c in TAILS})
    if dispersion == "additive":
        wider = np.sqrt(1 + dispersion_value / spread**2)
    elif dispersion == "multiplicative":
        wider = np.full(len(n), np.sqrt(dispersion_value))
    else:
        wider = np.ones(len(n))
    # Limits depend on n alone, and units share their n often: each distinct n is computed once.
    distinct, where = np.unique(n, return_inverse=True)
    out = {}
    for column, tail in TAILS.items():
        if limits == "normal":
            distance = special.ndtri(tail) * spread
        else:
            r, cumulative, mass = binomial_quantile(tail, distinct, target)
            count = r - (cumulative - tail) / mass + (tail > 0.5)
            distance = (count / distinct)[where] - target
        out[column] = np.clip(target + distance * wider, 0, 1)
    return pd.DataFrame(out)


def _overdispersion(z: Floats, spread: Floats, dispersion: str, winsorise: float) -> float:
    """Return τ² or φ by the method of moments from winsorised z scores; 0 or 1 when there is no excess."""
    units = len(z)
    if dispersion == "none" or units < 2:
        return 1.0 if dispersion == "multiplicative" else 0.0
    low, high = np.quantile(z, [winsorise, 1 - winsorise])
    phi = float(np.mean(np.clip(z, low, high) ** 2))
    if dispersion == "multiplicative":
        return max(1.0, phi)
    w = 1 / spread**2
    return float(max(0.0, (units * phi - (units - 1)) / (w.sum() - (w**2).sum() / w.sum())))


def funnel(
    estimates: pd.DataFrame,
    *,
    target: float | None = None,
    limits: Literal["exact", "normal"] = "exact",
    dispersion: Literal["additive", "multiplicative", "none"] = "additive",
    winsorise: float = 0.1,
) -> pd.DataFrame:
    """Compare the shares of many units with one target, each at its own size.

    Parameters
    ----------
    estimates : DataFrame
        Shares with their counts, one row per unit, all of one indicator, definition, basis and
        level of units.
    target : float, optional
        The share (0-1) to compare with. Without it the pooled share: sum of numerators over
        sum of denominators.
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
        The rows and columns of `estimates`, then those that ``tables.FUNNEL`` adds. ``z`` is
        ``(value - target)/sqrt(target(1 - target)/denominator)``, not adjusted; ``position`` is read
        from the adjusted limits, and is ``unknown`` where there is no value or the flag ``few``.
        Such rows do not enter τ² or φ.

    Raises
    ------
    DataError
        When rows are not comparable, have no counts, or the value is not numerator / denominator.
    ParameterError
        For an unknown word, a target outside 0-1, `winsorise` outside 0-0.5, or one or two units without a target.

    Notes
    -----
    With I units, w = 1/s² and winsorised z: ``φ = Σz²/I`` (at least 1) and
    ``τ² = (Iφ - (I - 1)) / (Σw - Σw²/Σw)`` (at least 0). Without winsorising and at the pooled
    target, τ² is the DerSimonian-Laird estimate. Checked against PHEindicatormethods' test
    data, ``scipy.stats.binom`` and ``statsmodels`` ``combine_effects`` (see tests/test_funnel.py).

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202 and Quality and Safety in Health
    Care 14:347-351.
    """
    choose("limits", limits, ("exact", "normal"))
    choose("dispersion", dispersion, ("additive", "multiplicative", "none"))
    _check_parameters(target, winsorise)
    check_comparable(estimates)
    x, n, known = counted_shares(estimates)
    if target is None and 0 < known.sum() < FEWEST:
        raise ParameterError(
            Text(
                "Quá ít đơn vị để so với mức chung của chính chúng.", "Too few units to compare with their own level."
            ),
            expected=Text(
                f"ít nhất {FEWEST} đơn vị có số đếm, hoặc target=…", f"{FEWEST} units with counts, or target=…"
            ),
            got=str(known.sum()),
            hint=Text(
                "Nêu mức so sánh, ví dụ target=0.95; hai đơn vị thì dùng difference(…).",
                "State what to compare with, for example target=0.95; for two units use difference(…).",
            ),
        )
    value = estimates["value"].to_numpy(dtype=np.float64)
    aim = float(x[known].sum() / n[known].sum()) if target is None else float(target)
    spread, z = np.full(len(n), np.nan), np.full(len(n), np.nan)
    if 0 < aim < 1:
        spread[known] = np.sqrt(aim * (1 - aim) / n[known])
        z = (value - aim) / spread
    judged = known & ~has_flag(estimates, "few")
    usable = judged & np.isfinite(z)
    size = _overdispersion(z[usable], spread[usable], dispersion, winsorise)

    bounds = pd.DataFrame(np.nan, index=estimates.index, columns=list(TAILS))
    bounds.loc[known] = funnel_limits(
        n[known], aim, limits=limits, dispersion=dispersion, dispersion_value=size
    ).to_numpy()
    outside = [~judged, *(f(value, bounds[c]) for c, f in _OUTSIDE.items())]
    words = pd.array(["unknown", "above998", "below998", "above95", "below95", "within"], dtype="str")
    added = {
        "target": aim,
        **bounds,
        "z": z,
        "limits": limits,
        "dispersion": dispersion,
        "dispersion_value": size,
        "position": words.take(np.select(outside, list(range(5)), 5)),
    }
    return estimates.assign(**{c: added[c] for c in FUNNEL.names if c in added})


_OUTSIDE = {"upper998": np.greater, "lower998": np.less, "upper95": np.greater, "lower95": np.less}


def _check_parameters(target: float | None, winsorise: float) -> None:
    if target is not None and not 0 <= target <= 1:
        raise ParameterError(
            Text("Mốc so sánh nằm ngoài 0-1.", "The target lies outside 0-1."),
            expected=Text("tỷ lệ từ 0 đến 1, ví dụ 0.95", "a share from 0 to 1, for example 0.95"),
            got=repr(target),
            hint=Text("Viết target=0.95 cho 95 %.", "Write target=0.95 for 95 %."),
        )
    if not 0 <= winsorise < 0.5:
        raise ParameterError(
            Text("winsorise nằm ngoài khoảng cho phép.", "winsorise lies outside its range."),
            expected=Text("từ 0 đến dưới 0.5", "from 0 to below 0.5"),
            got=repr(winsorise),
            hint=Text("Viết winsorise=0.1.", "Write winsorise=0.1."),
        )


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
        ``denominator, target, lower95, upper95, lower998, upper998``, increasing in ``denominator``.
    """
    n = table.loc[table["denominator"] > 0, "denominator"]
    first = table.iloc[0]
    # Whole sizes: between them a binomial limit has no meaning and would draw as ripples.
    spaced = np.geomspace(max(1.0, n.min()), max(1.0, n.max()), points)
    sizes = np.unique(np.round(spaced).astype(np.float64))
    curve = funnel_limits(
        sizes,
        first["target"],
        limits=first["limits"],
        dispersion=first["dispersion"],
        dispersion_value=first["dispersion_value"],
    )
    return pd.DataFrame({"denominator": sizes, "target": first["target"], **curve})
