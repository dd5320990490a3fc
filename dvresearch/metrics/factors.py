"""Which items go together: factor analysis by maximum likelihood."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.metrics.estimates import Floats
from dvresearch.metrics.scores import Scale, positions
from dvresearch.tables import NO_ANSWER

__all__ = ["factor_loadings", "ml_factors"]

#: Smallest eigenvalue of correlations that are taken to differ: below it an item follows from the others.
SINGULAR = 1e-10


def ml_factors(correlation: Floats, factors: int) -> tuple[Floats, Floats] | None:
    """Loadings and uniquenesses of a factor model, by maximum likelihood.

    Parameters
    ----------
    correlation : array of float, items × items
        Correlations (a covariance matrix gives the same solution, rescaled).
    factors : int
        How many; the model must leave degrees of freedom.

    Returns
    -------
    tuple of array, or None
        Loadings (items × factors, unrotated) and uniquenesses; None when the matrix has no such solution.

    Notes
    -----
    The likelihood is maximised over the uniquenesses ψ: with θ the eigenvalues of ``ψ^-1/2 R ψ^-1/2`` it is,
    up to a constant, ``-Σ(θ - log θ - 1)`` over all but the `factors` largest (Lawley and Maxwell 1971).
    Checked against lavaan 0.6-14 and R ``factanal`` (tests/test_reliability.py).
    """
    from scipy.optimize import minimize

    if not np.isfinite(correlation).all() or np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        return None

    def loadings(unique: Floats) -> Floats:
        root = np.sqrt(unique)
        theta, vectors = np.linalg.eigh(correlation / np.outer(root, root))
        top = np.maximum(theta[::-1][:factors] - 1, 0)
        return root[:, None] * vectors[:, ::-1][:, :factors] * np.sqrt(top)

    def loss(unique: Floats) -> tuple[float, Floats]:
        root = np.sqrt(unique)
        theta = np.linalg.eigvalsh(correlation / np.outer(root, root))[: len(root) - factors]
        fitted = loadings(unique)
        gradient = (np.square(fitted).sum(axis=1) + unique - np.diag(correlation)) / unique**2
        return float((theta - np.log(theta) - 1).sum()), gradient

    start = (1 - 0.5 * factors / len(correlation)) / np.diag(np.linalg.inv(correlation))
    least = 0.005
    found = minimize(
        loss,
        np.clip(start, least, 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(least, 1.0)] * len(correlation),
        options={"ftol": 1e-16, "gtol": 1e-10, "maxiter": 2000},
    )
    return loadings(found.x), found.x


def factor_loadings(
    responses: pd.DataFrame,
    *,
    items: Sequence[str],
    factors: int,
    rotation: Literal["varimax", "oblimin", "none"] = "varimax",
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
) -> pd.DataFrame:
    """How strongly each item belongs to each factor the answers themselves suggest.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent; those with a missing answer are left out.
    items : sequence of str
        Columns with answers.
    factors : int
        How many factors.
    rotation : {"varimax", "oblimin", "none"}, default "varimax"
        Factors that do not correlate, factors that may, or the solution as it comes.
    scale, no_answer, reverse
        As for :func:`dvresearch.metrics.satisfaction`.

    Returns
    -------
    DataFrame
        A row per item and factor: ``item``, ``factor`` (1 explains most), ``loading`` (the sign is that of most
        items), ``uniqueness`` (share of the item's variance the factors leave), ``n`` (complete respondents).

    Raises
    ------
    DataError
        When the answers allow no such solution (fewer respondents than items, an item without variation).
    ParameterError
        For more factors than the items can carry.

    Notes
    -----
    Respondents count alike; answers are taken as numbers. Checked against R ``factanal`` (tests/test_reliability.py).
    """
    check_choice("rotation", rotation, ("varimax", "oblimin", "none"))
    size = len(items)
    if factors < 1 or (size - factors) ** 2 < size + factors:
        raise ParameterError("too-few-items-for-factors", got=f"factors={factors}", items=size, factors=factors)
    places = _complete(responses, items, scale, no_answer, reverse)
    correlation = np.asarray(np.corrcoef(places, rowvar=False))
    solution = ml_factors(correlation, factors)
    if solution is None:
        raise _no_solution(len(places))
    loadings, unique = solution
    if rotation != "none" and factors > 1:
        from statsmodels.multivariate.factor_rotation import rotate_factors

        loadings = rotate_factors(loadings, rotation, *((0, "oblique") if rotation == "oblimin" else ()))[0]
    loadings = loadings[:, np.argsort(-np.square(loadings).sum(axis=0))]
    loadings = loadings * np.where(loadings.sum(axis=0) < 0, -1, 1)
    return pd.DataFrame(
        {
            "item": np.repeat(list(items), factors),
            "factor": np.tile(np.arange(1, factors + 1), size),
            "loading": loadings.ravel(),
            "uniqueness": np.repeat(unique, factors),
            "n": len(places),
        }
    )


def _complete(
    responses: pd.DataFrame,
    items: Sequence[str],
    scale: Scale | Mapping[str, Scale],
    no_answer: Sequence[Hashable],
    reverse: Sequence[str],
) -> Floats:
    places, _ = positions(responses, items, scale=scale, no_answer=no_answer, reverse=reverse)
    places = places[~np.isnan(places).any(axis=1)]
    if len(places) <= len(items) or not (places.std(axis=0) > 0).all():
        raise _no_solution(len(places))
    return places


def _no_solution(n: int) -> DataError:
    return DataError("no-factor-solution", got=f"n = {n}")
