"""Who answered: response and coverage, and weights that let respondents stand for those who did not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.metrics.design import Design, draw
from dvresearch.metrics.estimates import Floats, check_confidence, column_numbers, grouped_counts
from dvresearch.metrics.linearise import kish
from dvresearch.metrics.proportions import share
from dvresearch.metrics.regression import fit_ordinal, model_matrix
from dvresearch.metrics.surveyed import need_columns

__all__ = ["response_balance", "response_overlap", "response_rates", "response_weights"]


def response_rates(
    table: pd.DataFrame,
    *,
    answered: str,
    asked: str,
    ineligible: str | None = None,
    unknown: str | None = None,
    listed: str | None = None,
    served: str | None = None,
    by: str | Sequence[str] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Shares of those asked who answered, and of those served who could be asked.

    Parameters
    ----------
    table : DataFrame
        Counts, any number of rows per group.
    answered, asked : str
        Columns with complete forms and with everyone who was drawn or handed a form.
    ineligible, unknown : str, optional
        Of those asked, how many turned out not to belong (had no dealings with the office), and how many were never
        found out about.
    listed, served : str, optional
        Columns with those on the list the sample was drawn from, and everyone who was served.
    by : str or sequence of str, optional
        Grouping columns; counts of a group are added.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``: ``response_rate`` with the definition ``response_least``
        (answered / (asked - ineligible): AAPOR's RR1) and, where `unknown` is given, ``response_most`` (the unknown
        left out: RR5), the truth lying between; ``coverage_rate`` (listed / served) where both are given. Basis is
        ``census``: these are counts.

    Raises
    ------
    DataError
        For a missing column, a negative count or a part above its whole.

    References
    ----------
    AAPOR (2023), Standard Definitions, 10th edition.
    """
    check_confidence(confidence)
    optional = {name: column for name, column in (("ineligible", ineligible), ("unknown", unknown)) if column}
    columns = [answered, asked, *optional.values(), *(c for c in (listed, served) if c)]
    keys, sums = grouped_counts(table, columns, by=by, nested=(answered, asked))
    total = dict(zip(columns, sums, strict=True))
    eligible = total[asked] - (total[ineligible] if ineligible else 0)
    rates = [("response_rate", "response_least", total[answered], eligible)]
    if unknown:
        rates.append(("response_rate", "response_most", total[answered], eligible - total[unknown]))
    if listed and served:
        rates.append(("coverage_rate", "listed_of_served", total[listed], total[served]))
    too_many = [name for name, _, x, n in rates if (x > n).any()]
    if too_many:
        raise DataError(
            Text("Tử số lớn hơn mẫu số.", "A part is larger than its whole."),
            got=", ".join(too_many),
            hint=Text("Kiểm tra các cột đếm có cùng kỳ, cùng đơn vị.", "Check that the counts belong together."),
        )
    frames = [
        share(
            keys,
            x,
            n,
            indicator=indicator,
            definition=definition,
            basis="census",
            method="wilson",
            confidence=confidence,
        )
        for indicator, definition, x, n in rates
    ]
    return pd.concat(frames).sort_index(kind="stable", ignore_index=True)


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
        raise DataError(
            Text("Thiếu thông tin của một số người trong mẫu.", "Something is not known of everyone in the sample."),
            expected=Text("đủ mọi cột; 1 nếu trả lời, 0 nếu không", "every column filled, 1 if they answered, else 0"),
            got=f"{gaps} / {len(sample)}",
            hint=Text('Thêm nhãn "không rõ", hoặc bỏ cột đó.', 'Add a label "not known", or leave the column out.'),
        )
    if largest is not None and not largest > 1:
        raise ParameterError(
            Text("largest phải lớn hơn 1.", "largest must be above 1."),
            got=repr(largest),
            hint=Text("Viết largest=4.", "Write largest=4."),
        )
    fit = fit_ordinal(x, answered, names, sampled)
    chance = special.expit(x @ fit.coefficients[:-1] - fit.coefficients[-1])
    weight = np.where(answered == 1, sampled.weights / chance, np.nan)
    if largest is not None:
        weight = _cut(weight, largest)
    return pd.DataFrame({"chance": chance, "weight": weight}, index=sample.index)


def _cut(weight: Floats, largest: float) -> Floats:
    """Cut weights at a multiple of their mean and give what was cut to the others, until none is above it."""
    limit = largest * np.nanmean(weight)
    total = np.nansum(weight)
    cut = np.zeros(len(weight), dtype=bool)
    while (over := weight > limit * (1 + 1e-12)).any():
        cut |= over
        weight = np.where(cut, limit, weight)
        weight = np.where(cut, weight, weight * (total - limit * cut.sum()) / np.nansum(weight[~cut]))
    return weight


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


def response_balance(
    sample: pd.DataFrame,
    weights: pd.DataFrame,
    *,
    responded: str,
    predictors: Sequence[str],
    design: Design | None = None,
) -> pd.DataFrame:
    """Whether the weights bring the respondents back to the whole sample.

    Parameters
    ----------
    sample, responded, predictors, design
        As for :func:`response_weights`.
    weights : DataFrame
        What it returned.

    Returns
    -------
    DataFrame
        A row per ``term`` (a column of numbers, or a label of a column of words): its mean in the whole ``sample``,
        among ``respondents``, and among respondents ``weighted``; ``gap`` and ``gap_weighted``, the distances from
        the sample in standard deviations (0.1 and less is small).

    Raises
    ------
    DataError
        For a missing column.
    """
    need_columns(sample, [responded, *predictors])
    base = draw(sample, design).weights
    x, names = model_matrix(sample, predictors)
    answered = column_numbers(sample, responded) == 1

    def mean(w: Floats) -> Floats:
        return np.asarray(np.average(x, axis=0, weights=w))

    whole, plain = mean(base), mean(base * answered)
    weighted = mean(np.where(answered, weights["weight"].to_numpy(), 0.0))
    spread = np.sqrt(np.average(np.square(x - whole), axis=0, weights=base))
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = {"gap": (plain - whole) / spread, "gap_weighted": (weighted - whole) / spread}
    return pd.DataFrame({"term": names, "sample": whole, "respondents": plain, "weighted": weighted, **gaps})
