"""Segmented regression of a series: its terms, its fit, and errors of periods and places that are hit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.polynomial.polynomial import polyval

from dvresearch.metrics.effects.interruption import Interruption, Series
from dvresearch.metrics.estimates import Floats

if TYPE_CHECKING:
    from statsmodels.base.model import LikelihoodModelResults

__all__ = [
    "LEAST",
    "Segmented",
    "autocorrelation",
    "default_lags",
    "newey_west",
    "segmented",
    "spare_periods",
    "terms",
    "together",
]

#: Periods on each side, and periods left over by the terms, below which nothing is estimated (the rule of Cochrane EPOC
#: for including a series).
LEAST = 3
#: Highest autocorrelation allowed for: beyond it a series is as good as a random walk.
_MOST = 0.95


@dataclass(frozen=True)
class Segmented:
    """A fitted series: `root` holds the roots of the weights of its rows, `left` their Pearson residuals."""

    series: Series
    result: LikelihoodModelResults
    names: list[str]
    matrix: Floats
    root: Floats
    left: Floats

    def own(self) -> Floats:
        """Return the terms of one place: all of them, or with two places those that may differ between the two."""
        by_place = [i for i, name in enumerate(self.names) if f"{name}:treated" in self.names]
        return self.matrix[:, by_place or slice(None)]


def terms(series: Series, interruption: Interruption) -> tuple[Floats, list[str]]:
    """Return the terms of the model, a column each, and their names."""
    t, after = series.t, (series.t >= 0).astype(float)
    columns = {"const": np.ones(len(t)), "t": t}
    if interruption.change != "slope":
        columns["level"] = after
    if interruption.change != "level":
        columns["slope"] = after * t
    if series.compared:
        columns |= {f"{name}:treated": x * series.treated for name, x in list(columns.items())}
    if interruption.season == "indicators":
        columns |= {f"place{k}": (t % interruption.cycle == k).astype(float) for k in range(1, interruption.cycle)}
        return np.column_stack(list(columns.values())), list(columns)
    for k in range(1, interruption.season + 1):
        turn = 2 * np.pi * k * t / interruption.cycle
        columns |= {f"sin{k}": np.sin(turn), f"cos{k}": np.cos(turn)}
    return np.column_stack(list(columns.values())), list(columns)


def spare_periods(series: Series, names: list[str]) -> int:
    """Return how many periods more than terms there are, at the place that has fewer periods."""
    periods = min(int((series.treated == place).sum()) for place in np.unique(series.treated))
    return periods - sum(not name.endswith(":treated") for name in names)


def segmented(series: Series, interruption: Interruption) -> Segmented:
    """Fit the model of an interruption."""
    import statsmodels.api as sm

    matrix, names = terms(series, interruption)
    if interruption.family == "linear":
        result = sm.OLS(series.y, matrix).fit()
        return Segmented(series, result, names, matrix, np.ones(len(series.y)), result.resid)
    model = sm.GLM(series.y, matrix, family=sm.families.Poisson(), offset=np.log(series.exposure))
    result = model.fit(scale="X2")
    return Segmented(series, result, names, matrix, np.sqrt(result.fittedvalues), result.resid_pearson)


def default_lags(periods: int) -> int:
    """Return the lags of Newey-West for a number of periods."""
    return int(4 * (periods / 100) ** (2 / 9))


def newey_west(fit: Segmented, lags: int | None) -> Floats:
    """Return the covariance of the terms of Newey and West, of two places that of Driscoll and Kraay."""
    from statsmodels.stats.sandwich_covariance import cov_nw_groupsum

    time, periods = pd.factorize(fit.series.t, sort=True)
    lags = default_lags(len(periods)) if lags is None else lags
    scores = fit.matrix * (fit.root * fit.left)[:, None]
    # Places are summed period by period before the lags are taken, so one place is plain Newey-West.
    return cov_nw_groupsum((scores, fit.result.normalized_cov_params), lags, time, use_correction="hac")


def together(fit: Segmented, rho: float = 0.0) -> Floats:
    """Return the covariance of the terms if places are hit together and periods follow each other as rho^distance."""
    from scipy.linalg import matmul_toeplitz

    t, root = fit.series.t, fit.root[:, None]
    design, own, left = fit.matrix * root, fit.own() * root, fit.left.copy()
    places = [fit.series.treated == place for place in np.unique(fit.series.treated)]
    for here in places:
        left[here] *= np.sqrt(here.sum() / polyval(rho, _kept(t[here], own[here])[0]))
    reach = rho ** np.arange(np.ptp(t) + 1)
    middle = np.zeros((len(fit.names), len(fit.names)))
    for here in places:
        for there in places:
            _, i, j = np.intersect1d(t[here], t[there], return_indices=True)
            x, y = left[here], left[there]
            enough = len(i) - own.shape[1] >= LEAST
            alike = x[i] @ y[j] / np.sqrt(x[i] @ x[i] * (y[j] @ y[j])) if enough else 0.0
            covariance = alike * np.sqrt(np.mean(x**2) * np.mean(y**2))
            one, other = (_filled(t[place] - t.min(), design[place], len(reach)) for place in (here, there))
            middle += covariance * one.T @ matmul_toeplitz(reach, other)
    bread = fit.result.normalized_cov_params
    return bread @ middle @ bread


def autocorrelation(fit: Segmented, changed: bool) -> float:
    """Return the first-order autocorrelation, 0 or more, of the place with the model, or of what sets it apart.

    Fitting takes autocorrelation out of residuals. The one returned is that under which the residuals of this design
    would show on average what these show.
    """
    from scipy.optimize import brentq

    here = fit.series.treated == 1
    t, own, root, left = fit.series.t[here], fit.own()[here], fit.root[here], fit.left[here]
    if changed:
        t, i, j = np.intersect1d(t, fit.series.t[~here], return_indices=True)
        other = fit.root[~here][j]
        apart = left[i] / root[i] - fit.left[~here][j] / other
        own, root = own[i], 1 / np.hypot(1 / root[i], 1 / other)
        left = apart * root
    if len(t) - own.shape[1] < LEAST:
        return 0.0
    alone, neighbours = _kept(t, own * root[:, None])
    seen = 2 * left[:-1] @ (left[1:] * (np.diff(t) == 1)) / (left @ left)

    def excess(rho: float) -> float:
        return float(polyval(rho, neighbours) / polyval(rho, alone) - seen)

    if excess(0.0) >= 0:
        return 0.0
    return float(brentq(excess, 0.0, _MOST)) if excess(_MOST) > 0 else _MOST


def _kept(t: Floats, design: Floats) -> tuple[Floats, Floats]:
    """Return what residuals of a design keep of values 0, 1, 2, ... periods apart.

    With M the matrix that makes residuals and N the one that adds up the neighbours of a period, these are the sums of
    M and of MNM over the pairs of periods at each distance.
    """
    at = t - t.min()
    there = _filled(at, np.ones((len(t), 1)))
    q = _filled(at, np.linalg.qr(design)[0])
    beside = np.zeros_like(q)
    beside[1:] += q[:-1]
    beside[:-1] += q[1:]
    beside *= there
    alone = -_products(q, q)
    alone[0] += len(t)
    neighbours = _products(q @ (q.T @ beside), q) - 2 * _products(q, beside)
    neighbours[1] += 2 * float(np.sum(there[1:] * there[:-1]))
    return alone, neighbours


def _filled(at: Floats, rows: Floats, length: int | None = None) -> Floats:
    """Return rows with one of zeros for every period that is missing."""
    grid = np.zeros((length or int(at.max()) + 1, rows.shape[1]))
    grid[at.astype(np.int64)] = rows
    return grid


def _products(x: Floats, y: Floats) -> Floats:
    """Return the sums over the products of the rows of two tables 0, 1, 2, ... apart, either way."""
    both = np.sum([np.correlate(a, b, "full") for a, b in zip(x.T, y.T, strict=True)], axis=0)
    middle = len(x) - 1
    return both[middle:] + np.append(0.0, both[:middle][::-1])
