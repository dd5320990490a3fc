"""Regressions on samples: linear and proportional odds, with the errors of the design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dvresearch.errors import DataError
from dvresearch.metrics.design import Draw
from dvresearch.metrics.estimates import Floats, column_numbers, is_text
from dvresearch.metrics.linearise import covariance

__all__ = ["Fit", "fit_linear", "fit_ordinal", "model_matrix"]

#: Largest change of a coefficient that counts as none, and least information, relative to that at the start.
CONVERGED, FLAT = 1e-9, 1e-9


@dataclass(frozen=True)
class Fit:
    """Coefficients of a regression.

    Parameters
    ----------
    names : list of str
        Their names; thresholds of an ordinal model come last.
    coefficients : array of float
        The coefficients.
    linear : array of float, rows × coefficients
        What each row of the sample adds to them, for :func:`dvresearch.metrics.linearise.covariance`.
    covariance : array of float
        Their covariance under the design.
    inverse : array of float
        The inverse information: for an ordinal model without weights its covariance if respondents were drawn
        alone and the model held.
    df : float
        Clusters less strata among the rows used, less the coefficients but one.
    n : int
        Rows used.
    loglik : float
        Weighted log-likelihood, NaN for a linear model.
    """

    names: list[str]
    coefficients: Floats
    linear: Floats
    covariance: Floats
    inverse: Floats
    df: float
    n: int
    loglik: float


def model_matrix(table: pd.DataFrame, columns: Sequence[str]) -> tuple[Floats, list[str]]:
    """Return the columns as numbers: words as indicators of every label but the most frequent (of equals the first).

    Parameters
    ----------
    table : DataFrame
        One row per respondent.
    columns : sequence of str
        Numbers, yes-or-no or words. A row with a missing cell is NaN.

    Returns
    -------
    matrix : array of float, rows × terms
    names : list of str
        ``age``, or ``mode=kiosk`` for an indicator.
    """
    parts, names = [np.empty((len(table), 0))], []
    for column in columns:
        values = table[column]
        if is_text(values) or isinstance(values.dtype, pd.CategoricalDtype):
            counts = values.astype("str").value_counts().sort_index()
            for label in counts.index.drop(counts.idxmax()) if len(counts) else []:
                parts.append((values == label).to_numpy(dtype=np.float64, na_value=np.nan)[:, None])
                names.append(f"{column}={label}")
            if names:
                parts[-1] = np.where(values.isna().to_numpy()[:, None], np.nan, parts[-1])
        else:
            parts.append(column_numbers(table, column)[:, None])
            names.append(column)
    return np.hstack(parts), names


def _finish(
    names: list[str],
    b: Floats,
    scores: Floats,
    information: Floats,
    used: NDArray[np.bool_],
    sampled: Draw,
    loglik: float,
) -> Fit:
    """Put a fit together from the scores of the rows used (weights included) and the information."""
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    linear = np.zeros((len(used), len(b)))
    linear[used] = scores @ inverse
    clusters, strata = (len(np.unique(codes[used])) for codes in (sampled.clusters, sampled.strata))
    return Fit(
        names=names,
        coefficients=b,
        linear=linear,
        covariance=covariance(linear, sampled),
        inverse=inverse,
        df=float(clusters - strata + 1 - len(b)),
        n=int(used.sum()),
        loglik=loglik,
    )


def _used(x: Floats, y: Floats, sampled: Draw) -> NDArray[np.bool_]:
    """Return which rows count, and refuse a model their number or their terms do not allow."""
    used = ~np.isnan(y) & ~np.isnan(x).any(axis=1) & (sampled.weights > 0)
    terms = np.column_stack([np.ones(used.sum()), x[used]])
    if len(terms) <= terms.shape[1] or np.linalg.matrix_rank(terms) < terms.shape[1]:
        got = f"n = {len(terms)}, {terms.shape[1]} hệ số/coefficients"
        raise DataError("model-not-estimable", got=got)
    return used


def fit_linear(x: Floats, y: Floats, names: Sequence[str], sampled: Draw) -> Fit:
    """Weighted least squares with an intercept, which comes first.

    Parameters
    ----------
    x : array of float, rows × terms
        Without intercept. Rows with a missing value are left out but keep their place in the design.
    y : array of float
        The outcome.
    names : sequence of str
        Names of the terms.
    sampled : Draw
        The design.

    Notes
    -----
    The estimates and errors of ``svyglm`` (R survey) for a Gaussian outcome (tests/test_regression.py).
    """
    used = _used(x, y, sampled)
    w, terms = sampled.weights[used], np.column_stack([np.ones(used.sum()), x[used]])
    information = terms.T @ (w[:, None] * terms)
    b = np.linalg.solve(information, terms.T @ (w * y[used]))
    residual = y[used] - terms @ b
    scores = (w * residual)[:, None] * terms
    return _finish(["(hằng số)", *names], b, scores, information, used, sampled, np.nan)


def fit_ordinal(x: Floats, y: Floats, names: Sequence[str], sampled: Draw) -> Fit:
    """Proportional-odds model ``logit P(Y ≤ j) = θ_j - xβ``, by weighted maximum likelihood.

    Parameters
    ----------
    x : array of float, rows × terms
        Without intercept. Rows with a missing value are left out but keep their place in the design.
    y : array of float
        Place of the answer, 0 for the lowest; places nobody chose are passed over. With two places this
        is logistic regression, with the intercept -θ.
    names : sequence of str
        Names of the terms.
    sampled : Draw
        The design.

    Raises
    ------
    DataError
        When the model cannot be estimated or the answers can be told without error.

    Notes
    -----
    Newton's method on the observed information. Without weights the inverse information is the covariance of
    ``clm`` (R ordinal); under a design the errors are those of ``svyglm`` (R survey), see tests/test_regression.py.
    """
    used = _used(x, y, sampled)
    levels, place = np.unique(y[used], return_inverse=True)
    if len(levels) < 2:
        raise DataError("everyone-answered-alike", got=f"n = {len(place)}")
    model = _Ordinal(x[used], place, len(levels) - 1, sampled.weights[used])
    share = np.cumsum(np.bincount(place, weights=model.w))[:-1] / model.w.sum()
    b = np.concatenate([np.zeros(x.shape[1]), special.logit(share)])
    size = np.sqrt(np.diag(model.derivatives(b)[1]))
    current, moved = model.loglik(b), np.inf
    for _ in range(100):
        scores, information = model.derivatives(b)
        # Where answers can be told without error the likelihood flattens out for ever: there is no estimate.
        told = np.linalg.eigvalsh(information / np.outer(size, size))[0] < FLAT
        if told or moved < CONVERGED:
            break
        step = np.linalg.solve(information, scores.sum(axis=0))
        while model.loglik(b + step) < current and np.abs(step).max() > CONVERGED:
            step = step / 2
        b, moved = b + step, np.abs(step).max()
        current = model.loglik(b)
    if told or not moved < CONVERGED:
        raise DataError("model-does-not-converge", got=f"n = {len(place)}")
    thresholds = [f"{low:g}|{high:g}" for low, high in pairwise(levels)]
    return _finish([*names, *thresholds], b, scores, information, used, sampled, current)


class _Ordinal:
    """Likelihood of a proportional-odds model: each answer lies between two thresholds."""

    def __init__(self, x: Floats, place: NDArray[np.intp], thresholds: int, w: Floats) -> None:
        self.w, self.place, self.x = w, place, x
        one = np.eye(thresholds + 1)
        # Rows of the derivative of the upper and of the lower end; beyond the scale there is none.
        self.upper = np.hstack([-x, one[place][:, :thresholds]])
        self.lower = np.hstack([-x, np.vstack([np.zeros(thresholds), np.eye(thresholds)])[place]])
        self.top, self.bottom = place == thresholds, place == 0

    def _ends(self, b: Floats) -> tuple[Floats, Floats]:
        return np.where(self.top, np.inf, self.upper @ b), np.where(self.bottom, -np.inf, self.lower @ b)

    def loglik(self, b: Floats) -> float:
        high, low = self._ends(b)
        chance = special.expit(high) - special.expit(low)
        if (chance <= 0).any():
            return -np.inf
        return float((self.w * np.log(chance)).sum())

    def derivatives(self, b: Floats) -> tuple[Floats, Floats]:
        """Return the weighted score of each row and the observed information."""
        high, low = self._ends(b)
        f_high, f_low = special.expit(high), special.expit(low)
        chance = f_high - f_low
        d_high, d_low = f_high * (1 - f_high) / chance, -f_low * (1 - f_low) / chance
        scores = self.w[:, None] * (d_high[:, None] * self.upper + d_low[:, None] * self.lower)
        hh = d_high * (1 - 2 * f_high) - d_high**2
        ll = d_low * (1 - 2 * f_low) - d_low**2
        cross = self.upper.T @ ((self.w * -d_high * d_low)[:, None] * self.lower)
        information = -(
            self.upper.T @ ((self.w * hh)[:, None] * self.upper)
            + self.lower.T @ ((self.w * ll)[:, None] * self.lower)
            + cross
            + cross.T
        )
        return scores, information
