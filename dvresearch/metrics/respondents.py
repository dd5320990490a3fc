"""Who answered: weights that let respondents stand for those who did not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.design import Design, draw
from dvresearch.metrics.estimates import column_numbers
from dvresearch.metrics.linearise import kish
from dvresearch.metrics.regression import fit_ordinal, model_matrix
from dvresearch.metrics.surveyed import need_columns
from dvresearch.metrics.weighting import fit_totals

__all__ = ["response_overlap", "response_weights"]


def response_weights(
    sample: pd.DataFrame,
    *,
    responded: str,
    predictors: Sequence[str],
    design: Design | None = None,
    largest: float | None = None,
) -> pd.DataFrame:
    """Weights that let respondents stand for people like them who did not answer.

    Parameters
    ----------
    sample : DataFrame
        Everyone who was asked, with what is known of each whether they answered or not.
    responded : str
        Column of 1 (answered) and 0.
    predictors : sequence of str
        Columns known of everyone: numbers, or words.
    design : Design, optional
        How they were drawn, for the weights to start from.
    largest : float, optional
        Largest weight allowed, in multiples of the mean weight of respondents: larger ones are cut, the total is kept.

    Returns
    -------
    DataFrame
        The index of `sample`; ``chance``, the modelled chance to answer (0-1), and ``weight``: the weight of the design
        divided by it for respondents, missing for the others.

    Raises
    ------
    DataError
        For a missing column, a missing predictor, or answers that the predictors tell without error.
    ParameterError
        For a `largest` of 1 or less.

    Notes
    -----
    Weighted logistic regression, checked against ``svyglm`` (tests/test_respondents.py). The weights mend what
    the predictors explain and nothing else: look at :func:`response_overlap` first, and set
    :func:`selection_bounds` beside the result.

    References
    ----------
    Little (1986), International Statistical Review 54:139-157.
    """
    need_columns(sample, [responded, *predictors])
    answered = column_numbers(sample, responded)
    sampled = draw(sample, design)
    x, names = model_matrix(sample, predictors)
    gaps = int((np.isnan(x).any(axis=1) | ~np.isin(answered, (0.0, 1.0))).sum())
    if gaps:
        raise DataError("not-known-of-everyone", got=f"{gaps} / {len(sample)}")
    if largest is not None and not largest > 1:
        raise ParameterError("largest-not-above-one", got=f"largest={largest!r}")
    fit = fit_ordinal(x, answered, names, sampled)
    chance = special.expit(x @ fit.coefficients[:-1] - fit.coefficients[-1])
    weight = np.where(answered == 1, sampled.weights / chance, np.nan)
    if largest is not None:
        kept = weight[answered == 1]
        everyone = [np.zeros(len(kept), dtype=np.intp)], [np.array([kept.sum()])]
        weight[answered == 1] = fit_totals(kept, *everyone, largest * kept.mean())
    return pd.DataFrame({"chance": chance, "weight": weight}, index=sample.index)


def response_overlap(sample: pd.DataFrame, weights: pd.DataFrame, *, responded: str, classes: int = 5) -> pd.DataFrame:
    """Chances to answer of those who did and those who did not, side by side.

    Parameters
    ----------
    sample, responded
        As for :func:`response_weights`.
    weights : DataFrame
        What it returned.
    classes : int, default 5
        Number of classes of the chance to answer, with as many people each as ties allow.

    Returns
    -------
    DataFrame
        A row per class: ``lower`` and ``upper`` chance, people who ``answered`` and ``silent`` ones, ``rate`` (answered
        of the class) and ``n_eff`` (respondents with equal weights who would tell as much). Where a class has many
        silent people and few who answered, the respondents cannot stand for them.

    Raises
    ------
    DataError
        For a missing column.
    """
    need_columns(sample, [responded])
    answered = column_numbers(sample, responded) == 1
    chance, weight = weights["chance"].to_numpy(), weights["weight"].to_numpy()
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, classes + 1)))
    place = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, max(len(edges) - 2, 0))
    rows = []
    for k in np.unique(place):
        inside = place == k
        yes = int((inside & answered).sum())
        n_eff = yes / kish(weight[inside & answered]) if yes else 0.0
        rows.append(
            (chance[inside].min(), chance[inside].max(), yes, int(inside.sum()) - yes, yes / inside.sum(), n_eff)
        )
    return pd.DataFrame(rows, columns=["lower", "upper", "answered", "silent", "rate", "n_eff"])
