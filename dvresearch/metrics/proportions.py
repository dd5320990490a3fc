"""Shares of counts with an interval: Wilson, Clopper-Pearson, Agresti-Coull, Jeffreys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from dvresearch.errors import check_choice
from dvresearch.metrics.estimates import FEW, Floats, build, check_confidence, grouped_counts, missing_counts

__all__ = [
    "METHODS",
    "agresti_coull",
    "clopper_pearson",
    "jeffreys",
    "proportion",
    "share",
    "shares",
    "wilson",
    "z_value",
]


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
    indicator: str,
    definition: str,
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
        As for :func:`proportion`; `basis` may differ from row to row.
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
    overall: Literal["omit", "append"] = "omit",
    few: float = FEW,
) -> pd.DataFrame:
    """Return several proportions of one complete count (``basis`` census), those of a group together.

    Parameters
    ----------
    table, by, confidence, overall, few
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
            basis="census",
            confidence=confidence,
            overall=overall,
            few=few,
        )
        for indicator, (numerator, denominator, definition) in wanted.items()
    ]
    return pd.concat(frames).sort_index(kind="stable", ignore_index=True)
