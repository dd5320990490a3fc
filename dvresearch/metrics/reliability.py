"""Reliability: of a scale (alpha, omega, items against the rest, factors) and of coders (kappas, intraclass)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.metrics.answers import Scale, asked, positions, structure
from dvresearch.metrics.counts import z_value
from dvresearch.metrics.estimates import FEW, Floats, build, check_confidence, column_numbers, label_groups
from dvresearch.metrics.survey import listed, need_columns, t_value
from dvresearch.privacy import MIN_COUNT, suppress
from dvresearch.tables import NO_ANSWER, SCALES

__all__ = ["agreement", "factor_loadings", "intraclass", "item_statistics", "reliability"]

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
    places, _ = positions(responses, items, scale=scale, no_answer=no_answer, reverse=reverse)
    places = places[~np.isnan(places).any(axis=1)]
    solution = None
    if len(places) > size and (places.std(axis=0) > 0).all():
        solution = ml_factors(np.asarray(np.corrcoef(places, rowvar=False)), factors)
    if solution is None:
        raise DataError("no-factor-solution", got=f"n = {len(places)}")
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


def reliability(
    responses: pd.DataFrame,
    *,
    items: Sequence[str] | None = None,
    factors: Mapping[str, Sequence[str]] | None = None,
    by: str | Sequence[str] = (),
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
    missing: Literal["listwise", "pairwise"] = "listwise",
    interval: Literal["feldt", "duhachek"] = "feldt",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Do the items of a factor measure one thing: Cronbach's alpha and McDonald's omega.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent; all count alike.
    items : sequence of str, optional
        Columns with answers; those of `factors` when not given.
    factors : mapping of str to sequence of str, optional
        Factor -> its items. Without it all items are one.
    by : str or sequence of str, default ()
        Grouping columns.
    scale, no_answer, reverse
        As for :func:`dvresearch.metrics.satisfaction`.
    missing : {"listwise", "pairwise"}, default "listwise"
        Whether respondents with a missing answer are dropped, or each covariance rests on those who answered
        both of its items. ``n`` is counted afterwards: complete respondents, or those with two answers or more.
    interval : {"feldt", "duhachek"}, default "feldt"
        Interval of alpha: from the F distribution (Feldt 1965), exact where items are parallel and normal, or
        alpha ± z times the standard error of Duhachek and Iacobucci (2004), which is ``std_error`` either way.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        `by` and ``factor`` (last all items together), then the columns of ``tables.ESTIMATES``, four rows for each:
        ``cronbach_alpha``; ``cronbach_alpha_standardised`` and ``inter_item_r`` from the correlations;
        ``omega_total`` of a single factor fitted by maximum likelihood. Only alpha has an interval. Reasons:
        ``too_few_items`` (2 for alpha, 3 for omega), ``never_together`` (two items that nobody, or next to nobody,
        answered both: a questionnaire in parts), ``no_spread`` (an item that everybody answered alike),
        ``items_oppose`` (the items do not go together on the whole, so neither coefficient means anything),
        ``no_solution`` (omega). Then ``missing``, and ``to_reverse``: the item whose reversal makes every item go with
        the others of its factor, where one does; it is probably worded the other way round.

    Raises
    ------
    DataError, ParameterError
        As for :func:`dvresearch.metrics.satisfaction`.

    Notes
    -----
    With k items and covariances C: ``alpha = k/(k - 1)·(1 - tr C/ΣC)``; ``omega = (Σλ)²/((Σλ)² + Σψ)``. Checked against
    R psych 2.2.9 and lavaan 0.6-14 (tests/test_reliability.py).

    References
    ----------
    Feldt (1965), Psychometrika 30:357-370. Duhachek and Iacobucci (2004), Journal of Applied Psychology 89:792-808.
    McDonald (1999), Test Theory.
    """
    check_choice("missing", missing, ("listwise", "pairwise"))
    check_choice("interval", interval, ("feldt", "duhachek"))
    check_confidence(confidence)
    labels = listed(by)
    need_columns(responses, labels)
    form = structure(items, factors)
    places, _ = positions(responses, form.items, scale=scale, no_answer=no_answer, reverse=reverse)
    keys, codes = label_groups(responses, labels)
    sets = [np.flatnonzero(column) for column in form.combine.T[:-1]] + [np.arange(len(form.items))]
    frames = []
    for group in range(len(keys)):
        for name, members in zip(form.factor[len(form.items) :], sets, strict=True):
            covariances, n = _covariances(places[codes == group][:, members], missing)
            row = keys.loc[[group]].reset_index(drop=True).assign(factor=name)
            reverse_it = _to_reverse(covariances)
            named = "" if reverse_it is None else form.items[members[reverse_it]]
            table = _coefficients(row, covariances, n, interval, confidence)
            frames.append(table.assign(missing=missing, to_reverse=named))
    return pd.concat(frames, ignore_index=True)


def _covariances(places: Floats, missing: str) -> tuple[Floats, int]:
    """Return the covariances of the items and the number of respondents behind them."""
    answered = ~np.isnan(places)
    if missing == "listwise":
        places = places[answered.all(axis=1)]
        n = len(places)
    else:
        n = int((answered.sum(axis=1) >= 2).sum())
    if n < 2:
        return np.full((places.shape[1],) * 2, np.nan), n
    return pd.DataFrame(places).cov().to_numpy(), n


def _coefficients(keys: pd.DataFrame, c: Floats, n: int, interval: str, confidence: float) -> pd.DataFrame:
    k = len(c)
    apart = n <= k or not np.isfinite(c).all()
    flat = not apart and not (np.diag(c) > 0).all()
    oppose = not (apart or flat) and k >= 2 and c.sum() <= np.trace(c)
    alpha, standardised, mean_r, error, omega = (np.nan,) * 5
    limits = (np.nan, np.nan)
    if usable := k >= 2 and not (apart or flat):
        r = c / np.sqrt(np.outer(np.diag(c), np.diag(c)))
        mean_r = float((r.sum() - k) / (k * (k - 1)))
    if usable and not oppose:
        alpha, standardised = _alpha(c), _alpha(r)
        error = _alpha_error(c, n)
        tail = (1 - confidence) / 2
        if interval == "feldt":
            freedom = n - 1, (n - 1) * (k - 1)
            limits = tuple(1 - (1 - alpha) * special.fdtri(*freedom, p) for p in (1 - tail, tail))
        else:
            limits = alpha - z_value(confidence) * error, alpha + z_value(confidence) * error
    solution = ml_factors(r, 1) if k >= 3 and usable and not oppose else None
    if solution is not None:
        size = np.sqrt(np.diag(c))
        common = float((solution[0][:, 0] * size).sum() ** 2)
        omega = common / (common + float((solution[1] * size**2).sum()))
    values = {"cronbach_alpha": alpha, "cronbach_alpha_standardised": standardised, "inter_item_r": mean_r}
    values["omega_total"] = omega
    value, of_alpha, of_omega = np.array([*values.values()]), np.arange(4) == 0, np.arange(4) == 3
    return build(
        keys.take([0] * 4).reset_index(drop=True),
        indicator=pd.Series([*values]),
        value=value,
        std_error=np.where(of_alpha, error, np.nan),
        lower=np.where(of_alpha, limits[0], np.nan),
        upper=np.where(of_alpha, limits[1], np.nan),
        confidence=np.where(of_alpha & np.isfinite(limits[0]), confidence, np.nan),
        n=n,
        definition="of_items",
        method=pd.Series([interval, "", "", "ml_factor"]),
        reasons={
            "too_few_items": k < np.where(of_omega, 3, 2),
            "never_together": apart,
            "no_spread": flat,
            "items_oppose": oppose & np.isnan(value),
            "no_solution": np.isnan(value),
        },
    )


def _to_reverse(c: Floats) -> int | None:
    """Return the item whose reversal makes every item go with the sum of the others, if it takes and is enough."""

    def together(c: Floats) -> bool:
        return bool((c.sum(axis=1) - np.diag(c) > 0).all())

    if len(c) < 3 or not np.isfinite(c).all() or together(c):
        return None
    signs = 1 - 2 * np.eye(len(c))
    mends = [j for j, sign in enumerate(signs) if together(c * np.outer(sign, sign))]
    return mends[0] if len(mends) == 1 else None


def _alpha(c: Floats) -> float:
    k = len(c)
    return float(k / (k - 1) * (1 - np.trace(c) / c.sum()))


def _alpha_error(c: Floats, n: int) -> float:
    """Standard error of alpha for normal answers, whatever their covariances (Duhachek and Iacobucci 2004)."""
    k, total, trace = len(c), c.sum(), np.trace(c)
    square = c @ c
    variance = 2 * k**2 / ((k - 1) ** 2 * total**3) * (total * (np.trace(square) + trace**2) - 2 * trace * square.sum())
    return float(np.sqrt(variance / n))


def item_statistics(
    responses: pd.DataFrame,
    *,
    items: Sequence[str] | None = None,
    factors: Mapping[str, Sequence[str]] | None = None,
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
    missing: Literal["listwise", "pairwise"] = "listwise",
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Each item by itself and against the others of its factor.

    Parameters
    ----------
    responses, items, factors, scale, no_answer, reverse, missing
        As for :func:`reliability`.
    min_count : int, default 10
        Least number of respondents a number may stand for.

    Returns
    -------
    DataFrame
        ``factor`` and ``item``; ``n`` answers; ``mean`` and ``sd`` of the answers counted from 1; ``item_rest_r``, the
        correlation with the sum of the other items of the factor (under 0.3 the item measures something else);
        ``alpha_dropped``, alpha without the item; ``floor_share`` and ``ceiling_share`` of the lowest and highest
        answer, of those on the scale; ``no_answer_share`` of those who were asked.

    Raises
    ------
    DataError, ParameterError
        As for :func:`reliability`.

    Notes
    -----
    Checked against R psych 2.2.9, which counts pairwise (tests/test_reliability.py).
    """
    check_choice("missing", missing, ("listwise", "pairwise"))
    form = structure(items, factors)
    places, sizes = positions(responses, form.items, scale=scale, no_answer=no_answer, reverse=reverse)
    rows, got_it = [], asked(responses[form.items])
    for j, item in enumerate(form.items):
        home = form.factor[j]
        members = [i for i, name in enumerate(form.factor[: len(form.items)]) if name == home]
        c, _ = _covariances(places[:, members], missing)
        own = members.index(j)
        rest = np.delete(np.delete(c, own, axis=0), own, axis=1)
        answers = places[~np.isnan(places[:, j]), j]
        with np.errstate(divide="ignore", invalid="ignore"):
            r = (c[own].sum() - c[own, own]) / np.sqrt(c[own, own] * rest.sum())
        some = len(answers) > 0
        rows.append(
            {
                "factor": home,
                "item": item,
                "n": len(answers),
                "mean": answers.mean() + 1 if some else np.nan,
                "sd": answers.std(ddof=1) if len(answers) > 1 else np.nan,
                "item_rest_r": r if len(rest) else np.nan,
                "alpha_dropped": _alpha(rest) if len(rest) > 1 else np.nan,
                "floor_share": (answers == 0).mean() if some else np.nan,
                "ceiling_share": (answers == sizes[j] - 1).mean() if some else np.nan,
                "no_answer_share": 1 - len(answers) / got_it[item].sum(),
            }
        )
    table = pd.DataFrame(rows)
    return suppress(table, hide=list(table.columns[2:]), totals=[["item"]], min_count=min_count)


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
