"""Do coders agree: Cohen's kappa, weighted, Fleiss's, Randolph's, and intraclass correlations."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.metrics.counts import z_value
from dvresearch.metrics.estimates import FEW, Floats, build, check_confidence, column_numbers
from dvresearch.metrics.survey import need_columns, t_value
from dvresearch.tables import SCALES

__all__ = ["agreement", "intraclass"]

_MEASURES = ("cohen", "cohen_linear", "cohen_quadratic", "fleiss", "randolph")
_FORMS = ("single_random", "single_two_way", "single_fixed", "mean_random", "mean_two_way", "mean_fixed")


def agreement(
    codes: pd.DataFrame,
    *,
    coders: Sequence[str],
    measure: Literal["cohen", "cohen_linear", "cohen_quadratic", "fleiss", "randolph"] = "cohen",
    categories: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Agreement of coders beyond chance, on categories.

    Parameters
    ----------
    codes : DataFrame
        One row per thing coded (a comment), one column per coder. Rows some coder left empty are dropped, and n
        is counted afterwards.
    coders : sequence of str
        The columns: two for Cohen's kappas, two or more for the others.
    measure : {"cohen", "cohen_linear", "cohen_quadratic", "fleiss", "randolph"}, default "cohen"
        Cohen's kappa, for two named coders; weighted, where categories have an order and near misses count in part
        (1 - distance, or 1 - distance², over the largest); Fleiss's kappa, where any of several coders may have
        coded; Randolph's, which takes every category to be equally likely by chance.
    categories : sequence, optional
        All categories, in their order. Randolph's kappa depends on how many there are, weighted kappas on their order.
        When not given those that occur: numbers (also as text) by size, an ordered Categorical and the answers of one
        of ``tables.SCALES`` as they stand there. Other words have no order, so weighted kappas refuse them.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        One row: the columns of ``tables.ESTIMATES``, then ``observed`` and ``expected`` agreement (weighted where the
        measure is), ``std_error_null`` (if coders agreed by chance only) and ``z``. Cohen's kappas have the
        large-sample interval of Fleiss, Cohen and Everitt (1969), the others that of the jackknife over rows. Reasons:
        ``no_answer``, ``no_spread`` (everything in one category: agreement by chance would be complete too),
        ``one_code_only`` (a coder who used one category only: kappa is 0 whatever the other coded) and ``all_alike``
        (no disagreement, of which no error can be computed), both without an interval.

    Raises
    ------
    DataError
        For a missing column, a code that is not among the `categories`, numbers beside words, or words without an order
        where the measure is weighted.
    ParameterError
        For an unknown word, or a number of coders the measure is not for.

    Notes
    -----
    Checked against the SAS output in the tests of statsmodels, against Fleiss (1971) and R ``irr``
    (tests/test_agreement.py).

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20:37-46; (1968), Psychological Bulletin 70:213-220. Fleiss
    (1971), Psychological Bulletin 76:378-382. Randolph (2005), free-marginal multirater kappa.
    """
    check_choice("measure", measure, _MEASURES)
    check_confidence(confidence)
    pair = measure.startswith("cohen")
    if len(coders) < 2 or (pair and len(coders) > 2):
        raise ParameterError("measure-for-other-coders", got=str(len(coders)))
    need_columns(codes, coders)
    labels = codes[list(coders)].dropna()
    known = list(categories) if categories is not None else _categories(labels, weighted="_" in measure)
    place = {c: i for i, c in enumerate(known)}
    unknown = {v for v in pd.unique(labels.astype(object).to_numpy().ravel()) if v not in place}
    if unknown:
        raise DataError("code-not-among-categories", got=str(len(unknown)), words=", ".join(map(str, known)))
    index = labels.map(place.get).to_numpy(dtype=np.intp)
    n, size = len(index), max(len(known), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if pair:
            table = np.bincount(index[:, 0] * size + index[:, 1], minlength=size**2).reshape(size, size)
            observed, expected, error, null = _cohen(table.astype(np.float64), measure)
            half = z_value(confidence) * error
        else:
            counts = (index[:, :, None] == np.arange(size)).sum(axis=1).astype(np.float64)
            observed, expected, error = _multirater(counts, measure)
            half = float(t_value(confidence, np.array(n - 1.0)) * error)
            null = _fleiss_null(counts) if measure == "fleiss" else np.nan
    flat = not expected < 1
    value = np.nan if flat else (observed - expected) / (1 - expected)
    alone = pair and n > 0 and (index.min(axis=0) == index.max(axis=0)).any()
    alike = n > 0 and bool((index == index[:, :1]).all())
    if alone or alike or not error > 0:
        error = half = null = np.nan
    out = build(
        pd.DataFrame(index=[0]),
        indicator=f"{measure}_kappa" if measure != "cohen" else "cohen_kappa",
        value=value,
        std_error=error,
        lower=value - half,
        upper=min(value + half, 1.0),
        confidence=confidence if np.isfinite(value - half) else np.nan,
        n=n,
        definition="of_coded_by_all",
        method="fleiss_cohen_everitt" if pair else "jackknife",
        flags={"few": n < FEW},
        reasons={
            "no_answer": n == 0,
            "no_spread": flat,
            "one_code_only": alone,
            "all_alike": alike,
            "no_freedom": not np.isfinite(half),
        },
    )
    return out.assign(observed=observed, expected=expected, std_error_null=null, z=value / null)


def _categories(labels: pd.DataFrame, *, weighted: bool) -> list[Any]:
    """Return the categories that occur, in the order they have."""
    dtypes = {labels[c].dtype for c in labels}
    if len(dtypes) == 1 and isinstance(dtype := dtypes.pop(), pd.CategoricalDtype) and dtype.ordered:
        return list(dtype.categories)
    seen = list(pd.unique(labels.astype(object).to_numpy().ravel()))
    words = [v for v in seen if isinstance(v, str)]
    if 0 < len(words) < len(seen):
        raise DataError("codes-of-mixed-kinds", got=f"{words[0]!r}, {next(v for v in seen if v not in words)!r}")
    numbers = pd.to_numeric(pd.Series(seen, dtype=object), errors="coerce")
    if numbers.notna().all():
        return [seen[i] for i in np.argsort(numbers.to_numpy(np.float64), kind="stable")]
    scale = next((list(answers) for answers in SCALES.values() if set(seen) <= set(answers)), None)
    if scale is None and weighted and len(seen) > 2:  # of two either order gives the same
        raise DataError("codes-without-order", got=", ".join(map(str, seen[:8])))
    return scale or sorted(seen)


def _cohen(table: Floats, measure: str) -> tuple[float, float, float, float]:
    """Observed and expected agreement, the standard error of kappa, and that under chance agreement."""
    size, n = len(table), table.sum()
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / max(size - 1, 1)
    weight = {"cohen": np.eye(size), "cohen_linear": 1 - apart, "cohen_quadratic": 1 - apart**2}[measure]
    chance = np.outer(rows, columns)
    observed, expected = float((weight * p).sum()), float((weight * chance).sum())
    mean = np.add.outer(weight @ columns, weight.T @ rows)
    kappa = np.divide(observed - expected, 1 - expected)
    spread = (p * (weight - mean * (1 - kappa)) ** 2).sum() - (kappa - expected * (1 - kappa)) ** 2
    null = (chance * (weight - mean) ** 2).sum() - expected**2
    scale = (1 - expected) * np.sqrt(n)
    return observed, expected, float(np.sqrt(max(spread, 0)) / scale), float(np.sqrt(max(null, 0)) / scale)


def _multirater(counts: Floats, measure: str) -> tuple[float, float, float]:
    """Observed and expected agreement of coders who are not told apart, and the jackknife error of kappa."""
    n, size = counts.shape
    m = counts.sum(axis=1)
    agreed = (counts * (counts - 1)).sum(axis=1) / (m * (m - 1))

    def expected(totals: Floats) -> Floats:
        return np.square(totals / totals.sum(axis=-1, keepdims=True)).sum(axis=-1)

    by_chance, without = expected(counts.sum(axis=0)), expected(counts.sum(axis=0) - counts)
    if measure == "randolph":
        by_chance, without = np.array(1 / size), np.full(n, 1 / size)
    left_out = ((agreed.sum() - agreed) / (n - 1) - without) / (1 - without)
    error = np.sqrt((n - 1) / n * np.square(left_out - left_out.mean()).sum()) if n > 1 else np.nan
    return float(agreed.sum() / n) if n else np.nan, float(by_chance), float(error)


def _fleiss_null(counts: Floats) -> float:
    """Standard error of Fleiss's kappa if coders agreed by chance only (Fleiss, Nee and Landis 1979)."""
    n, m = len(counts), counts[0].sum() if len(counts) else np.nan
    p = counts.sum(axis=0) / counts.sum()
    pq = p * (1 - p)
    inside = pq.sum() ** 2 - (pq * (1 - 2 * p)).sum()
    return float(np.sqrt(2 * max(inside, 0)) / (pq.sum() * np.sqrt(n * m * (m - 1))))


def intraclass(
    ratings: pd.DataFrame,
    *,
    coders: Sequence[str],
    form: Literal[
        "single_random", "single_two_way", "single_fixed", "mean_random", "mean_two_way", "mean_fixed"
    ] = "single_two_way",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Intraclass correlation: agreement of coders who give numbers (points of a rubric).

    Parameters
    ----------
    ratings : DataFrame
        One row per thing rated, one column of numbers per coder. Incomplete rows are dropped, and n is counted
        afterwards.
    coders : sequence of str
        The columns, two or more.
    form : str, default "single_two_way"
        ``random``: other coders for each row (ICC1 of Shrout and Fleiss); ``two_way``: the same coders, a sample of
        such coders, and their level counts (ICC2); ``fixed``: these coders only, their level does not count
        (ICC3). ``single`` is about one coder's numbers, ``mean`` about the mean of all.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        One row: the columns of ``tables.ESTIMATES``, then ``F``, ``df1`` and ``df2``, the test that rows do not differ.
        Reasons: ``no_freedom`` (fewer than two rows), ``no_spread`` (all numbers alike).

    Raises
    ------
    DataError
        For a missing column or text.
    ParameterError
        For an unknown form or fewer than two coders.

    Notes
    -----
    Checked against Shrout and Fleiss (1979), table 4, and R psych 2.2.9 (tests/test_agreement.py).

    References
    ----------
    Shrout and Fleiss (1979), Psychological Bulletin 86:420-428. McGraw and Wong (1996), Psychological Methods 1:30-46.
    """
    check_choice("form", form, _FORMS)
    check_confidence(confidence)
    if len(coders) < 2:
        raise ParameterError("measure-for-other-coders", got=str(len(coders)))
    need_columns(ratings, coders)
    x = np.column_stack([column_numbers(ratings, c) for c in coders])
    x = x[~np.isnan(x).any(axis=1)]
    (n, k), (which, kind) = x.shape, form.split("_", 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, lower, upper, f, df2 = _intraclass(x, kind, (1 - confidence) / 2) if n > 1 else (np.nan,) * 5
        if which == "mean":
            value, lower, upper = (k * r / (1 + (k - 1) * r) for r in (value, lower, upper))
    flat = n > 1 and not np.isfinite(value)
    out = build(
        pd.DataFrame(index=[0]),
        indicator="intraclass_r",
        value=value,
        lower=lower,
        upper=upper,
        confidence=confidence if np.isfinite(lower) else np.nan,
        n=n,
        definition=f"icc_{form}",
        method="shrout_fleiss",
        flags={"few": n < FEW},
        reasons={"no_freedom": n < 2, "no_spread": flat},
    )
    return out.assign(F=f, df1=n - 1.0, df2=df2)


def _intraclass(x: Floats, kind: str, tail: float) -> tuple[float, float, float, float, float]:
    """Correlation of single ratings, its limits, and the F test of the rows."""
    n, k = x.shape
    rows, columns, total = x.mean(axis=1), x.mean(axis=0), x.mean()
    between = k * np.square(rows - total).sum() / (n - 1)
    judges = n * np.square(columns - total).sum() / (k - 1)
    rest = np.square(x - rows[:, None] - columns + total).sum() / ((n - 1) * (k - 1))
    within = np.square(x - rows[:, None]).sum() / (n * (k - 1))
    df1, df2 = n - 1, n * (k - 1) if kind == "random" else (n - 1) * (k - 1)
    f = between / (within if kind == "random" else rest)
    if kind == "two_way":
        r = (between - rest) / (between + (k - 1) * rest + k * (judges - rest) / n)
        a, b = k * r / (n * (1 - r)), 1 + k * r * (n - 1) / (n * (1 - r))
        v = (a * judges + b * rest) ** 2 / ((a * judges) ** 2 / (k - 1) + (b * rest) ** 2 / df2)
        above, below = special.fdtri(df1, v, 1 - tail), special.fdtri(v, df1, 1 - tail)
        spread = k * judges + (k * n - k - n) * rest
        lower = n * (between - above * rest) / (above * spread + n * between)
        upper = n * (below * between - rest) / (spread + n * below * between)
        return r, lower, upper, f, df2
    low, high = f / special.fdtri(df1, df2, 1 - tail), f * special.fdtri(df2, df1, 1 - tail)
    r, lower, upper = ((ratio - 1) / (ratio + k - 1) for ratio in (f, low, high))
    return r, lower, upper, f, df2
