"""Weights: fitted to known margins, for those who did not answer, and what they cost in effective respondents."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.associations import fit_ordinal, model_matrix
from dvresearch.metrics.estimates import Floats, column_numbers, label_groups
from dvresearch.metrics.survey import Codes, Design, draw, kish, listed, need_columns, repeat_keys

__all__ = ["calibrate", "response_overlap", "response_weights", "weight_cost"]

#: How closely fitted weights meet the margins, relative to each total, and rounds after which they are held not to.
CLOSE, ROUNDS = 1e-10, 10_000
#: By how much, relatively, the totals of two margins may differ: published ones are rounded.
SAME_TOTAL = 1e-6


def calibrate(
    responses: pd.DataFrame,
    *,
    margins: Mapping[str | tuple[str, ...], Mapping[Hashable, float]],
    design: Design | None = None,
    largest: float | None = None,
) -> pd.Series:
    """Weights whose totals are known ones: post-stratification with one margin, raking with several.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent.
    margins : mapping
        Column -> label -> number of people in the population; the key ``("gender", "age")`` with labels
        ``("female", "18-34")`` stands for the combinations of two columns. All margins have the same total.
    design : Design, optional
        The design, for the weights to start from; everyone weighs the same when not given.
    largest : float, optional
        Largest weight allowed, in multiples of the mean weight. Weights above it are cut and the margins
        fitted again until both hold.

    Returns
    -------
    Series
        A weight for each row, in its order. Write it into the table and name the margins in the design, so that the
        variance knows of them: ``Design(weights="w", margins=["gender", "age"])``.

    Raises
    ------
    DataError
        For a respondent without label, a label without respondents or without a total, margins that add up to
        different totals, and bounds within which they cannot be met.
    ParameterError
        For no margin, or a `largest` of 1 or less.

    Notes
    -----
    Iterative proportional fitting: margin after margin, the weights of a label are multiplied by its total over their
    sum. Checked against ``rake`` and ``postStratify`` of R survey 4.1.1 (tests/test_weighting.py).

    References
    ----------
    Deming and Stephan (1940), Annals of Mathematical Statistics 11:427-444.
    """
    if not margins or (largest is not None and not largest > 1):
        raise ParameterError("margins-or-largest-missing", got=f"margins={list(margins)}, largest={largest!r}")
    weights = draw(responses, design).weights
    sums = [sum(totals.values()) for totals in margins.values()]
    if max(sums) - min(sums) > SAME_TOTAL * max(sums):
        stated = zip(margins, sums, strict=True)
        raise DataError("margins-of-different-totals", got=", ".join(f"{c}: {total:.15g}" for c, total in stated))
    codes = [_codes(responses, listed(column), totals, weights) for column, totals in margins.items()]
    wanted = [np.array(list(totals.values()), dtype=np.float64) for totals in margins.values()]
    limit = np.inf if largest is None else largest * sums[0] / np.count_nonzero(weights)
    return pd.Series(fit_totals(weights, codes, wanted, limit), index=responses.index, name="weight")


def fit_totals(weights: Floats, codes: Sequence[Codes], wanted: Sequence[Floats], limit: float = np.inf) -> Floats:
    """Return weights with the wanted totals of each grouping, cut at `limit` and fitted in turn until both hold."""
    for _ in range(ROUNDS):
        for code, totals in zip(codes, wanted, strict=True):
            weights = weights * _ratios(totals, code, weights)[code]
        weights = np.minimum(weights, limit)
        gaps = [_ratios(totals, code, weights) - 1 for code, totals in zip(codes, wanted, strict=True)]
        if np.abs(np.concatenate(gaps)).max() <= CLOSE:
            return weights
    raise DataError("no-weights-meet-the-margins", got=f"limit={limit:g}")


def _ratios(totals: Floats, code: Codes, weights: Floats) -> Floats:
    """Return each known total over the sum of its weights, 1 where both are 0."""
    sums = np.bincount(code, weights, minlength=len(totals))
    return np.divide(totals, sums, out=np.ones_like(sums), where=sums > 0)


def _codes(responses: pd.DataFrame, names: list[str], totals: Mapping[Hashable, float], weights: Floats) -> Codes:
    """Number the label of each row as `totals` lists it."""
    need_columns(responses, names)
    rows = list(responses[names].itertuples(index=False, name=None)) if len(names) > 1 else responses[names[0]].tolist()
    place = {label: i for i, label in enumerate(totals)}
    codes = np.array([place.get(label, -1) for label in rows])
    used = set(codes[weights > 0].tolist())
    wrong = {
        "không có tổng/no total": dict.fromkeys(label for label, i in zip(rows, codes, strict=True) if i < 0),
        "không có ai/nobody": [label for label, i in place.items() if i not in used and totals[label] > 0],
        "?": [c for c, total in totals.items() if not 0 <= total < np.inf or (total == 0 and place[c] in used)],
    }
    if any(wrong.values()):
        got = "; ".join(f"{why}: {', '.join(map(str, [*of][:5]))}" for why, of in wrong.items() if of)
        raise DataError("labels-unlike-the-margins", got=got, columns=", ".join(names))
    return codes


def weight_cost(responses: pd.DataFrame, *, weights: str | Sequence[str], by: str | Sequence[str] = ()) -> pd.DataFrame:
    """What unequal weights cost: how many respondents with equal weights would tell as much.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent.
    weights : str or sequence of str
        Columns of weights, for example before and after fitting and trimming.
    by : str or sequence of str, default ()
        Grouping columns.

    Returns
    -------
    DataFrame
        `by`, ``weights`` (the column), then ``n`` (weights above 0), ``total``, ``smallest``, ``largest`` (in
        multiples of the mean weight), ``deff`` (Kish's design effect of the weights alone) and ``n_eff``, ``n / deff``.

    Raises
    ------
    DataError
        For a missing column or text.

    Notes
    -----
    ``deff = n Σw² / (Σw)²``. It holds for answers that have nothing to do with the weights; where they do, weights
    can also make an estimate more exact (``deff`` of :func:`satisfaction`).

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    labels, columns = listed(by), listed(weights)
    need_columns(responses, [*labels, *columns])
    keys, codes = label_groups(responses, labels)
    rows = []
    for group in range(len(keys)):
        for column in columns:
            w = column_numbers(responses[codes == group], column)
            w = w[w > 0]
            n, total = len(w), w.sum()
            ends = (w.min() * n / total, w.max() * n / total, kish(w)) if n else (np.nan,) * 3
            rows.append((column, n, total, *ends, n / ends[-1]))
    costs = pd.DataFrame(rows, columns=["weights", "n", "total", "smallest", "largest", "deff", "n_eff"])
    return pd.concat([repeat_keys(keys, weights=columns).drop(columns="weights"), costs], axis=1)


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
    x, _ = model_matrix(sample, predictors)
    gaps = int((np.isnan(x).any(axis=1) | ~np.isin(answered, (0.0, 1.0))).sum())
    if gaps:
        raise DataError("not-known-of-everyone", got=f"{gaps} / {len(sample)}")
    if largest is not None and not largest > 1:
        raise ParameterError("largest-not-above-one", got=f"largest={largest!r}")
    fit = fit_ordinal(x, answered, sampled)
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
