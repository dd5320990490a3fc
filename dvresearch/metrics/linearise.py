"""Variance of survey estimates by Taylor linearisation, for many columns and domains in one pass.

A linearised variable holds, row by row, what a respondent adds to an estimate: weight × deviation /
sum of weights for a mean. The variance of the estimate is that of its total under the design:
between clusters within strata, and between the units of each later stage that has a finite
population correction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvresearch.metrics.design import Codes, Draw, Stage
from dvresearch.metrics.estimates import Floats

__all__ = ["ROUNDING", "UNSEEN", "Means", "covariance", "domain_means", "kish", "residuals", "variances"]

#: Relative size below which a difference is left over from adding up.
ROUNDING = 1e-12
#: Variance, relative to that of a simple random sample, up to which a design has shown none: where all clusters of
#: each stratum agree, or none has a second one to be compared with, only rounding is left of it.
UNSEEN = 1e-6


@dataclass(frozen=True)
class Means:
    """Weighted means by domain (rows) and column, and what their intervals need.

    ``n`` are the respondents behind a mean, ``clusters`` and ``strata`` those with such a respondent,
    ``spread`` what the variance of the mean would be in a simple random sample of n drawn with
    replacement, ``share`` the sample as a share of the weighted total, ``kish`` the design effect of
    the weights alone, ``split`` the composites of which nobody answered every column; ``answered`` and
    ``linear`` hold, row by row, who counts and the linearised variable.
    """

    answered: NDArray[np.bool_]
    value: Floats
    variance: Floats
    spread: Floats
    share: Floats
    kish: Floats
    n: Floats
    clusters: Floats
    strata: Floats
    split: NDArray[np.bool_]
    linear: Floats

    @property
    def alike(self) -> NDArray[np.bool_]:
        """Where all answers are the same (to each item, of a composite), or there is one at most."""
        return ~(self.spread > (ROUNDING * self.value) ** 2)

    @property
    def unseen(self) -> NDArray[np.bool_]:
        """Where answers differ but the design shows no error: what looks like certainty is not to be told as such."""
        return ~self.alike & (self.variance <= UNSEEN * self.spread)


def domain_means(y: Floats, domain: Codes, domains: int, sampled: Draw, combine: Floats | None = None) -> Means:
    """Weighted mean of each column within each domain, missing values left out.

    Parameters
    ----------
    y : array of float, rows × columns
        NaN where there is no answer.
    domain : array of int
        Domain of each row.
    domains : int
        How many there are.
    sampled : Draw
        The design.
    combine : array of float, columns × composites, optional
        Composites are appended as further columns: weighted sums of the means. Their ``n`` is the
        smallest of those of their columns.
    """
    w = sampled.weights[:, None]
    answered = ~np.isnan(y) & (w > 0)
    weighted = np.where(answered, w, 0.0)
    y = np.where(answered, y, 0.0)

    def by_domain(rows: Floats) -> Floats:
        return _sums(rows, domain, domains)

    with np.errstate(divide="ignore", invalid="ignore"):
        total = by_domain(weighted)
        value = by_domain(weighted * y) / total
        linear = np.where(answered, weighted * (y - value[domain]) / total[domain], 0.0)
        n = by_domain(answered.astype(np.float64))
        split = np.zeros(n.shape, dtype=bool)
        if combine is not None:
            part = combine != 0
            # A column without answers spoils the composites it is part of, and no other.
            own = [(np.flatnonzero(rows), weights[rows]) for rows, weights in zip(part.T, combine.T, strict=True)]
            value = np.column_stack([value, *(value[:, rows] @ weights for rows, weights in own)])
            n = np.column_stack([n, *(n[:, rows].min(axis=1) for rows, _ in own)])
            linear = np.hstack([linear, linear @ combine])
            given = answered.astype(np.float64) @ part.astype(np.float64)
            split = np.hstack([split, by_domain((given == part.sum(axis=0)).astype(np.float64)) == 0])
            answered = np.hstack([answered, given > 0])
            weighted = np.where(answered, w, 0.0)
            total = by_domain(weighted)
        used = by_domain(answered.astype(np.float64))
        squares = by_domain(np.divide(linear**2, w, out=np.zeros_like(linear), where=w > 0))
        spread = total * squares / (used - 1)
        return Means(
            answered=answered,
            value=value,
            variance=np.where(np.isnan(value), np.nan, variances(linear, domain, domains, sampled)),
            spread=spread,
            share=used / total,
            kish=used * by_domain(weighted**2) / total**2,
            n=n,
            clusters=_present(answered, domain, domains, sampled.clusters),
            strata=_present(answered, domain, domains, sampled.strata),
            split=split,
            linear=linear,
        )


def _grouped(rows: NDArray[Any], key: Codes) -> tuple[NDArray[Any], Codes]:
    """Add rows up by `key` and return for each, in order, the sums and a row that has it; of booleans, how many."""
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    return np.add.reduceat(rows[order], first, axis=0), order[first]


def _sums(rows: Floats, domain: Codes, domains: int) -> Floats:
    """Add rows up by domain; a domain without rows gets 0."""
    out = np.zeros((domains, rows.shape[1]))
    sums, at = _grouped(rows, domain)
    out[domain[at]] = sums
    return out


def _present(answered: NDArray[np.bool_], domain: Codes, domains: int, unit: Codes) -> Floats:
    """Count the units with an answer, by domain and column."""
    seen, at = _grouped(answered, domain * (unit.max() + 1) + unit)
    return _sums((seen > 0).astype(np.float64), domain[at], domains)


def residuals(z: Floats, sampled: Draw) -> Floats:
    """Return what is left of a linearised variable (rows × columns) after the margins the weights were fitted to.

    Raking uses the unweighted fit, one margin the weighted one, as the R package survey does: the
    difference vanishes as samples grow, and the numbers can be compared.
    """
    if sampled.margins is None:
        return z
    w = sampled.weights[:, None]
    used = (w > 0).astype(np.float64)
    scaled = np.divide(z, w, out=np.zeros_like(z), where=w > 0)
    x, q = sampled.margins, used if sampled.raked else w
    fit = np.linalg.pinv(x.T @ (q * x)) @ (x.T @ (q * scaled))
    return z - w * (x @ fit)


def _totals(z: Floats, domain: Codes, stage: Stage, rows: Codes) -> Iterator[tuple[Floats, Floats, Codes]]:
    """Yield the totals of units, then those of cells, each with its factor (of cells negative) and its domain."""
    unit, cell = stage.unit[rows], stage.cell[rows]
    totals, at = _grouped(z, domain * (unit.max() + 1) + unit)
    yield totals, stage.inside[unit[at]][:, None], domain[at]
    sums, first = _grouped(totals, domain[at] * (cell.max() + 1) + cell[at])
    yield sums, -stage.between[cell[at[first]]][:, None], domain[at[first]]


def variances(z: Floats, domain: Codes, domains: int, sampled: Draw) -> Floats:
    """Variance of the sum of each column of `z` within each domain.

    Parameters
    ----------
    z : array of float, rows × columns
        Linearised values (weight × deviation / sum of weights), 0 for rows that do not count.
    domain : array of int
        Domain of each row. Outside its domain a row counts as 0, and clusters without such a row do too.
    domains : int
        How many there are.
    sampled : Draw
        The design.

    Returns
    -------
    array of float, domains × columns
    """
    if sampled.margins is not None:
        # A residual is not zero outside its domain, so each domain is done on all rows.
        fitted = replace(sampled, margins=None)
        left = (residuals(np.where((domain == d)[:, None], z, 0.0), sampled) for d in range(domains))
        return np.vstack([variances(rest, np.zeros_like(domain), 1, fitted) for rest in left])
    out = np.zeros((domains, z.shape[1]))
    for stage in sampled.stages:
        for totals, factor, owner in _totals(z, domain, stage, np.arange(len(z))):
            out += _sums(factor * totals**2, owner, domains)
    return np.maximum(out, 0.0)


def covariance(z: Floats, sampled: Draw, rows: Codes | None = None) -> Floats:
    """Covariance matrix of the column sums of `z`.

    Parameters
    ----------
    z : array of float, rows × columns
        Linearised values, as for :func:`variances`.
    sampled : Draw
        The design.
    rows : array of int, optional
        The rows of the sample `z` is for, all others counting as 0; all rows when not given.

    Returns
    -------
    array of float, columns × columns
    """
    rows = np.arange(len(z)) if rows is None else rows
    if sampled.margins is not None:
        whole = np.zeros((len(sampled.weights), z.shape[1]))
        whole[rows] = z
        z, rows = residuals(whole, sampled), np.arange(len(whole))
    out = np.zeros((z.shape[1], z.shape[1]))
    for stage in sampled.stages:
        for totals, factor, _ in _totals(z, np.zeros_like(rows), stage, rows):
            out += (factor * totals).T @ totals
    return out


def kish(weights: Floats) -> float:
    """Design effect of unequal weights alone: ``n Σw² / (Σw)²`` over the positive ones (Kish 1965)."""
    used = weights[weights > 0]
    return float(len(used) * (used**2).sum() / used.sum() ** 2)
