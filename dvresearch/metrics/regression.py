"""Proportional odds on samples, with the errors of the design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError
from dvresearch.metrics.estimates import Floats, column_numbers, is_text
from dvresearch.metrics.survey import Draw

__all__ = ["Fit", "fit_ordinal", "model_matrix"]

#: Largest change of a coefficient that counts as none, and least information, relative to that at the start.
CONVERGED, FLAT = 1e-9, 1e-9


@dataclass(frozen=True)
class Fit:
    """Coefficients of a regression.

    Parameters
    ----------
    coefficients : array of float
        The coefficients, those of the terms first, then the thresholds.
    linear : array of float, rows × coefficients
        What each row of the sample adds to them, for :meth:`dvresearch.metrics.survey.Draw.covariance`.
    covariance : array of float
        Their covariance under the design.
    inverse : array of float
        The inverse information: without weights the covariance if respondents were drawn alone and the model held.
    df : float
        Clusters less strata among the rows used, less the coefficients but one.
    n : int
        Rows used.
    loglik : float
        Weighted log-likelihood.
    """

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


def fit_ordinal(x: Floats, y: Floats, sampled: Draw) -> Fit:
    """Proportional-odds model ``logit P(Y ≤ j) = θ_j - xβ``, by weighted maximum likelihood.

    Parameters
    ----------
    x : array of float, rows × terms
        Without intercept. Rows with a missing value are left out but keep their place in the design.
    y : array of float
        Place of the answer, 0 for the lowest; places nobody chose are passed over. With two places this
        is logistic regression, with the intercept -θ.
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
    used = ~np.isnan(y) & ~np.isnan(x).any(axis=1) & (sampled.weights > 0)
    terms = np.column_stack([np.ones(used.sum()), x[used]])
    if len(terms) <= terms.shape[1] or np.linalg.matrix_rank(terms) < terms.shape[1]:
        raise DataError("model-not-estimable", got=f"n = {len(terms)}, {terms.shape[1]} hệ số/coefficients")
    levels, place = np.unique(y[used], return_inverse=True)
    if len(levels) < 2:
        raise DataError("everyone-answered-alike", got=f"n = {len(place)}")
    w, cuts = sampled.weights[used], len(levels) - 1
    # An answer lies between two thresholds; beyond the first and the last there is none.
    threshold = np.pad(np.eye(cuts), ((1, 1), (0, 0)))
    upper, lower = (np.hstack([-x[used], threshold[place + end]]) for end in (1, 0))

    def below(b: Floats) -> tuple[Floats, Floats]:
        """Return the chance of an answer up to the upper and up to the lower end."""
        high, low = special.expit(upper @ b), special.expit(lower @ b)
        return np.where(place == cuts, 1.0, high), np.where(place == 0, 0.0, low)

    def loglik(b: Floats) -> float:
        high, low = below(b)
        return float((w * np.log(high - low)).sum()) if (high > low).all() else -np.inf

    def derivatives(b: Floats) -> tuple[Floats, Floats]:
        """Return the weighted score of each row and the observed information."""
        high, low = below(b)
        up, down = high * (1 - high) / (high - low), -low * (1 - low) / (high - low)
        score = up[:, None] * upper + down[:, None] * lower
        bent = [(end.T * (w * d * (1 - 2 * f))) @ end for end, d, f in ((upper, up, high), (lower, down, low))]
        return w[:, None] * score, (score.T * w) @ score - sum(bent)

    share = np.cumsum(np.bincount(place, weights=w))[:-1] / w.sum()
    b = np.concatenate([np.zeros(x.shape[1]), special.logit(share)])
    size = np.sqrt(np.diag(derivatives(b)[1]))
    current, moved = loglik(b), np.inf
    for _ in range(100):
        scores, information = derivatives(b)
        # Where answers can be told without error the likelihood flattens out for ever: there is no estimate.
        told = np.linalg.eigvalsh(information / np.outer(size, size))[0] < FLAT
        if told or moved < CONVERGED:
            break
        step = np.linalg.solve(information, scores.sum(axis=0))
        while loglik(b + step) < current and np.abs(step).max() > CONVERGED:
            step = step / 2
        b, moved = b + step, np.abs(step).max()
        current = loglik(b)
    if told or not moved < CONVERGED:
        raise DataError("model-does-not-converge", got=f"n = {len(place)}")
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    linear = np.zeros((len(y), len(b)))
    linear[used] = scores @ inverse
    clusters, strata = (len(np.unique(codes[used])) for codes in (sampled.clusters, sampled.strata))
    df = float(clusters - strata + 1 - len(b))
    return Fit(b, linear, sampled.covariance(linear), inverse, df, len(place), current)
