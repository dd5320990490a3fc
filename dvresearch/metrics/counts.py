"""Shares and rates of counts with an interval, and bounds where only some answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics.estimates import (
    CEILING,
    FEW,
    Floats,
    build,
    check_confidence,
    grouped_counts,
    missing_counts,
)

__all__ = ["proportion", "rate", "selection_bounds"]


def z_value(confidence: float) -> float:
    """Return the standard normal quantile of a two-sided level: 1.959964 for 0.95."""
    return float(-special.ndtri((1 - confidence) / 2))


def wilson(x: Floats, n: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval of a proportion (Wilson 1927), without continuity correction.

    Parameters
    ----------
    x, n : array of float
        Numerators and denominators (``0 <= x <= n``, ``n > 0``), not necessarily whole.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    lower, upper : array of float
        Limits in 0-1, exactly 0 at ``x = 0`` and exactly 1 at ``x = n``.

    Notes
    -----
    With z the normal quantile: ``(x + z²/2 ± z·sqrt(x(n - x)/n + z²/4)) / (n + z²)``.

    References
    ----------
    Wilson (1927), J Am Stat Assoc 22:209-212. Brown, Cai and DasGupta (2001), Statistical
    Science 16:101-133, recommend it at every n.
    """
    z = z_value(confidence)
    centre = x + z * z / 2
    half = z * np.sqrt(x * (n - x) / n + z * z / 4)
    # At the ends the root cancels only up to rounding, and a limit of 1e-17 is not 0.
    lower = np.where(x == 0, 0.0, (centre - half) / (n + z * z))
    upper = np.where(x == n, 1.0, (centre + half) / (n + z * z))
    return lower, upper


def clopper_pearson(x: Floats, n: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact interval of a proportion (Clopper and Pearson 1934), from beta quantiles.

    Parameters and result as for :func:`wilson`. The limits are the α/2 quantile of
    Beta(x, n - x + 1) and the 1 - α/2 quantile of Beta(x + 1, n - x).
    """
    tail = (1 - confidence) / 2
    lower = np.where(x == 0, 0.0, special.betaincinv(x, n - x + 1, tail))
    upper = np.where(x == n, 1.0, special.betainccinv(x + 1, n - x, tail))
    return lower, upper


def agresti_coull(x: Floats, n: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Adjusted Wald interval of a proportion (Agresti and Coull 1998).

    Parameters as for :func:`wilson`. With ``m = n + z²`` and ``p = (x + z²/2)/m`` the limits are
    ``p ± z·sqrt(p(1 - p)/m)``. They are *not* clipped: near 0 and 1 they leave the range of a
    share, as the published formula does.

    References
    ----------
    Agresti and Coull (1998), American Statistician 52:119-126.
    """
    z = z_value(confidence)
    m = n + z * z
    p = (x + z * z / 2) / m
    half = z * np.sqrt(p * (1 - p) / m)
    return p - half, p + half


def jeffreys(x: Floats, n: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Equal-tailed interval of a proportion under Jeffreys' prior.

    Parameters and result as for :func:`wilson`. The limits are quantiles of
    Beta(x + 1/2, n - x + 1/2), but 0 at ``x = 0`` and 1 at ``x = n`` (Brown, Cai and DasGupta
    2001, section 3.1.2); software that omits this rule differs there.
    """
    tail = (1 - confidence) / 2
    lower = np.where(x == 0, 0.0, special.betaincinv(x + 0.5, n - x + 0.5, tail))
    upper = np.where(x == n, 1.0, special.betainccinv(x + 0.5, n - x + 0.5, tail))
    return lower, upper


#: Interval methods by their code in the codebook.
METHODS = {
    "wilson": wilson,
    "clopper_pearson": clopper_pearson,
    "agresti_coull": agresti_coull,
    "jeffreys": jeffreys,
}


def proportion(
    table: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    by: str | Sequence[str] | None = None,
    indicator: str = "proportion",
    definition: str = "",
    basis: Literal["census", "sample", "volunteers", "unknown"] = "unknown",
    method: Literal["wilson", "clopper_pearson", "agresti_coull", "jeffreys"] = "wilson",
    confidence: float = 0.95,
    overall: Literal["omit", "append"] = "omit",
    few: float = FEW,
    ceiling: float | None = None,
) -> pd.DataFrame:
    """Share of a count in another, by group, with an interval.

    Parameters
    ----------
    table : DataFrame
        Counts, any number of rows per group.
    numerator, denominator : str
        Columns with the count of successes and of all cases. Fractions are allowed.
    by : str or sequence of str, optional
        Grouping columns. Numerators and denominators of a group are added, rates never averaged.
        Without it the result is one row over all rows of `table`.
    indicator : str, default "proportion"
        Code of what is measured.
    definition : str, default ""
        Code of the definition behind numerator and denominator.
    basis : {"census", "sample", "volunteers", "unknown"}, default "unknown"
        What the counts rest on. The interval of a complete count is not a sampling error but
        shows how much such a process varies; that of volunteers says nothing about the others.
    method : {"wilson", "clopper_pearson", "agresti_coull", "jeffreys"}, default "wilson"
        Interval method, see the functions of these names. Agresti-Coull limits can leave 0-1.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    overall : {"omit", "append"}, default "omit"
        Whether a last row over all rows of `table` is appended.
    few : float, default 30
        Denominator below which a row is flagged ``few``.
    ceiling : float, optional
        Share (0-1) from which a row is flagged ``ceiling``; without it no row is.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``. ``std_error`` is ``sqrt(p(1 - p)/n)``: it is 0
        at shares 0 and 1, where it must not serve as a weight. ``n`` is the denominator. A share
        that cannot be computed is NaN with the reason ``no_counts``, ``no_numerator``,
        ``no_denominator`` or ``zero_denominator``.

    Raises
    ------
    DataError
        For a missing column, an empty table, text, a negative count, or a numerator above its
        denominator; the row is counted from 1.
    ParameterError
        For an unknown word or a confidence level outside 0-1.

    Notes
    -----
    Checked against ``stats::prop.test`` and ``stats::binom.test`` of R 4.2.2, PHEindicatormethods'
    test workbook and statsmodels (see tests/test_proportions.py).

    Examples
    --------
    >>> import pandas as pd
    >>> t = pd.DataFrame({"unit": ["A", "B"], "on_time": [65, 0], "received": [100, 0]})
    >>> e = proportion(t, numerator="on_time", denominator="received", by="unit")
    >>> e[["unit", "reason", "value", "lower", "upper"]].round(4)
      unit            reason  value   lower   upper
    0    A                     0.65  0.5525  0.7364
    1    B  zero_denominator    NaN     NaN     NaN
    """
    check_choice("method", method, tuple(METHODS))
    check_confidence(confidence)
    keys, (x, n) = grouped_counts(
        table, [numerator, denominator], by=by, overall=overall, nested=(numerator, denominator)
    )
    return share(
        keys,
        x,
        n,
        indicator=indicator,
        definition=definition,
        basis=basis,
        method=method,
        confidence=confidence,
        few=few,
        ceiling=ceiling,
    )


def share(
    keys: pd.DataFrame,
    x: Floats,
    n: Floats,
    *,
    indicator: str | pd.Series,
    definition: str | pd.Series,
    basis: str | pd.Series,
    method: str,
    confidence: float,
    few: float = FEW,
    ceiling: float | None = None,
    flags: Mapping[str, ArrayLike] | None = None,
    reasons: Mapping[str, ArrayLike] | None = None,
) -> pd.DataFrame:
    """Return the estimates of checked counts, a row per row of `keys`.

    Parameters
    ----------
    keys : DataFrame
        The grouping columns.
    x, n : array of float
        Numerators and denominators, NaN where not known.
    indicator, definition, basis, method, confidence, few, ceiling
        As for :func:`proportion`; the codes but `method` may differ from row to row.
    flags, reasons : mapping of code to array-like of bool, optional
        Further flags, and reasons that go before the general ones.

    Returns
    -------
    DataFrame
        As :func:`proportion`.
    """
    known = np.isfinite(x) & (n > 0)
    value, lower, upper = (np.full(len(n), np.nan) for _ in range(3))
    value[known] = x[known] / n[known]
    lower[known], upper[known] = METHODS[method](x[known], n[known], confidence)
    return build(
        keys,
        indicator=indicator,
        value=value,
        std_error=np.sqrt(value * (1 - value) / np.where(known, n, np.nan)),
        lower=lower,
        upper=upper,
        confidence=confidence,
        numerator=x,
        denominator=n,
        n=n,
        definition=definition,
        basis=basis,
        method=method,
        flags={"few": n < few, "ceiling": False if ceiling is None else value >= ceiling, **(flags or {})},
        reasons={**(reasons or {}), **missing_counts(x, n)},
    )


def shares(
    table: pd.DataFrame,
    wanted: Mapping[str, tuple[str, str, str]],
    *,
    by: str | Sequence[str] | None,
    confidence: float,
    basis: Literal["census", "sample", "volunteers", "unknown"] = "census",
    overall: Literal["omit", "append"] = "omit",
    few: float = FEW,
) -> pd.DataFrame:
    """Return several proportions of one table of counts, those of a group together.

    Parameters
    ----------
    table, by, confidence, basis, overall, few
        As for :func:`proportion`.
    wanted : mapping of str to tuple of str
        Indicator -> numerator, denominator and definition.
    """
    frames = [
        proportion(
            table,
            numerator=numerator,
            denominator=denominator,
            by=by,
            indicator=indicator,
            definition=definition,
            basis=basis,
            confidence=confidence,
            overall=overall,
            few=few,
        )
        for indicator, (numerator, denominator, definition) in wanted.items()
    ]
    return pd.concat(frames).sort_index(kind="stable", ignore_index=True)


#: Events below which a rate is flagged ``few``: its relative standard error, one over the root of the events, is
#: then above 22 %, and the US National Vital Statistics Reports do not show such a rate.
FEW_EVENTS = 20
#: Events below which Byar's approximation is replaced by the exact interval, as PHEindicatormethods does.
EXACT_BELOW = 10


def byar(events: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Byar's approximation to the interval of a Poisson mean.

    Parameters
    ----------
    events : array of float
        Numbers of events, from 0 up.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    lower, upper : array of float
        Limits of the expected number of events; the lower one is 0 at 0 events.

    Notes
    -----
    With O events: ``O·(1 - 1/(9O) - z/(3·sqrt(O)))³`` and, with P = O + 1,
    ``P·(1 - 1/(9P) + z/(3·sqrt(P)))³``. From 10 events on within 0.2 % of the exact 95 % limits.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, page 69.
    """
    z, some, above = z_value(confidence), np.where(events > 0, events, 1), events + 1
    lower = some * np.maximum(1 - 1 / (9 * some) - z / (3 * np.sqrt(some)), 0) ** 3
    return np.where(events > 0, lower, 0.0), above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3


def exact_poisson(events: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact interval of a Poisson mean (Garwood 1936).

    Parameters and result as for :func:`byar`. The limits are half the α/2 quantile of chi-square
    with 2O degrees of freedom and half the 1 - α/2 quantile with 2O + 2.

    References
    ----------
    Garwood (1936), Biometrika 28:437-442.
    """
    tail = (1 - confidence) / 2
    lower = np.where(events > 0, special.gammaincinv(np.where(events > 0, events, 1), tail), 0.0)
    return lower, special.gammainccinv(events + 1, tail)


def rate(
    table: pd.DataFrame,
    *,
    numerator: str,
    population: str,
    per: float = 10_000,
    by: str | Sequence[str] | None = None,
    indicator: str = "rate",
    definition: str = "",
    basis: Literal["census", "sample", "volunteers", "unknown"] = "unknown",
    method: Literal["byar", "exact_poisson"] = "byar",
    confidence: float = 0.95,
    overall: Literal["omit", "append"] = "omit",
    few: float = FEW_EVENTS,
) -> pd.DataFrame:
    """Events per 10,000 people, dossiers or other units of exposure.

    Parameters
    ----------
    table : DataFrame
        Counts, any number of rows per group.
    numerator, population : str
        Columns with the events and with what they are counted against. Unlike a share, a rate
        may have more events than people.
    per : float, default 10000
        Units of `population` the rate is expressed for.
    by, indicator, definition, basis, confidence, overall
        As in :func:`dvresearch.metrics.proportion`.
    method : {"byar", "exact_poisson"}, default "byar"
        Interval method. Under ``byar`` rows with fewer than 10 events get the exact interval, and
        their ``method`` says so.
    few : float, default 20
        Number of events below which a row is flagged ``few``.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``: ``value`` is ``per·numerator/population``,
        ``std_error`` ``per·sqrt(numerator)/population``, ``n`` the population. Missing values have the
        reasons of :func:`dvresearch.metrics.proportion`.

    Raises
    ------
    DataError
        For a missing column, an empty table, text or a negative count.
    ParameterError
        For an unknown word, a confidence level outside 0-1 or `per` not above 0.

    Notes
    -----
    Checked against Garwood's limits as DescTools prints them, scipy and statsmodels (see tests/test_rates.py).
    """
    check_choice("method", method, ("byar", "exact_poisson"))
    check_confidence(confidence)
    if isinstance(per, bool) or not isinstance(per, int | float | np.number) or not 0 < per < np.inf:
        raise ParameterError("number-not-positive", got=f"per={per!r}", name="per")
    keys, (events, people) = grouped_counts(table, [numerator, population], by=by, overall=overall)
    known = np.isfinite(events) & (people > 0)
    exact = (events < EXACT_BELOW) | (method == "exact_poisson")
    limits = np.where(exact, exact_poisson(events, confidence), byar(events, confidence))
    scale = np.divide(per, people, out=np.full(len(people), np.nan), where=known)
    return build(
        keys,
        indicator=indicator,
        value=events * scale,
        std_error=np.sqrt(events) * scale,
        lower=limits[0] * scale,
        upper=limits[1] * scale,
        confidence=confidence,
        numerator=events,
        denominator=people,
        n=people,
        definition=definition,
        basis=basis,
        method=pd.Series(np.where(exact, "exact_poisson", "byar")),
        flags={"few": events < few},
        reasons=missing_counts(events, people),
    )


def selection_bounds(
    table: pd.DataFrame,
    *,
    numerator: str,
    answered: str,
    served: str,
    by: str | Sequence[str] | None = None,
    odds_ratios: Sequence[float] = (2.0,),
    indicator: str = "satisfied_share",
) -> pd.DataFrame:
    """Bounds for the share among all served when only some chose to answer.

    Parameters
    ----------
    table : DataFrame
        Counts, any number of rows per group.
    numerator, answered, served : str
        Columns with those who were satisfied, those who rated, and everyone served; each is a
        part of the next.
    by : str or sequence of str, optional
        Grouping columns; counts of a group are added.
    odds_ratios : sequence of float, default (2,)
        Assumptions to be shown beside the worst case, each at least 1: the odds of satisfaction
        of those who did not rate are at most so many times, and at least one over so many times,
        the odds of those who did.
    indicator : str, default "satisfied_share"
        Code of the codebook.

    Returns
    -------
    DataFrame
        `by` and ``odds_ratio`` (missing for the worst case), then the columns of ``tables.ESTIMATES``,
        for each group one row with the method ``worst_case`` and one with ``odds_ratio`` for each
        assumption. ``value`` is the share among those who answered, which holds for everyone
        served only if the others were like them; ``lower`` and ``upper`` are bounds for everyone
        served, not a confidence interval, so ``confidence`` is missing. ``denominator`` is everyone
        served and ``n`` those who answered.

        The reason is ``no_served`` where the number served is not known, ``no_counts`` where an
        other count is not, ``no_answer`` where nobody rated, and ``odds_undefined`` where all or none
        of the answers are positive: an odds ratio then assumes nothing, and only the worst case is left.

    Raises
    ------
    DataError
        For a missing column, an empty table, text, a negative count, or a part above its whole.
    ParameterError
        For an odds ratio below 1.

    Notes
    -----
    With x satisfied of n answers among N served: worst case ``x/N`` to ``(x + N - n)/N``; under an
    odds ratio ψ the share q of those who did not answer has ``q/(1 - q) = ψ·x/(n - x)``, and the
    bound is ``(x + (N - n)·q)/N`` at ``1/ψ`` and at ψ.

    References
    ----------
    Manski (1989), Journal of Human Resources 24:343-360, for the worst case. Rosenbaum (2002),
    Observational Studies, chapter 4, for sensitivity stated as an odds ratio.
    """
    wrong = [r for r in odds_ratios if not 1 <= r < np.inf]
    if wrong:
        raise ParameterError("odds-ratio-below-one", got=", ".join(map(repr, wrong)))
    keys, (x, n, total) = grouped_counts(
        table, [numerator, answered, served], by=by, nested=(numerator, answered, served)
    )
    # For each group the worst case comes first.
    ratio = np.tile([np.nan, *odds_ratios], len(keys))
    rows = len(odds_ratios) + 1
    x, n, total = (np.repeat(count, rows) for count in (x, n, total))
    worst, silent = np.isnan(ratio), total - n
    defined = worst | ((x > 0) & (x < n)) | (silent == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, odds = x / n, x / (n - x)
        ends = np.where(worst, 0.0, odds / (ratio + odds)), np.where(worst, 1.0, ratio * odds / (1 + ratio * odds))
        lower, upper = ((x + np.where(silent == 0, 0, silent * end)) / total for end in ends)
    return build(
        keys.loc[keys.index.repeat(rows)].reset_index(drop=True).assign(odds_ratio=ratio),
        indicator=indicator,
        value=np.where(np.isnan(total), np.nan, value),
        lower=np.where(defined, lower, np.nan),
        upper=np.where(defined, upper, np.nan),
        numerator=x,
        denominator=total,
        n=n,
        basis="volunteers",
        method=pd.Series(np.where(worst, "worst_case", "odds_ratio")),
        flags={"few": n < FEW, "ceiling": value >= CEILING},
        reasons={
            "no_served": np.isnan(total),
            "no_counts": np.isnan(x + n),
            "no_answer": n == 0,
            "odds_undefined": ~defined,
        },
    )
