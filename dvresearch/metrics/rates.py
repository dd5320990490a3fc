"""Events per 10,000 people or dossiers, with a Poisson interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import check_choice
from dvresearch.metrics.estimates import (
    Floats,
    build,
    check_confidence,
    check_positive,
    grouped_counts,
    missing_counts,
)
from dvresearch.metrics.proportions import z_value

__all__ = ["byar", "exact_poisson", "rate"]

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
    check_positive("per", per)
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
