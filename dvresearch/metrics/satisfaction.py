"""Satisfaction: from the answers of a survey, with the errors of its design, between groups and years, as published."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from dvresearch.errors import DataError, check_choice
from dvresearch.metrics.answers import SCORES, Scale, positions, scored, structure
from dvresearch.metrics.comparisons import either_flag, refuse_mixed, sides
from dvresearch.metrics.counts import share
from dvresearch.metrics.estimates import (
    CEILING,
    FEW,
    Floats,
    build,
    check_confidence,
    check_part,
    column_numbers,
    has_flag,
    label_groups,
)
from dvresearch.metrics.survey import (
    UNSEEN,
    Design,
    adding,
    apart,
    domain_means,
    draw,
    estimated,
    listed,
    need_columns,
    t_value,
)
from dvresearch.privacy import MIN_COUNT
from dvresearch.tables import FIGURES, FLAGS, NO_ANSWER, SURVEYED, UNIT_KEY, check

__all__ = ["published_satisfaction", "satisfaction", "satisfaction_covariance", "survey_difference"]


def satisfaction(
    responses: pd.DataFrame,
    *,
    items: Sequence[str] | None = None,
    factors: Mapping[str, Sequence[str]] | None = None,
    by: str | Sequence[str] = (),
    score: Literal["top2", "top1", "mean100", "net"] = "top2",
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
    design: Design | None = None,
    basis: Literal["sample", "volunteers", "unknown"] | None = None,
    interval: Literal["logit", "wald"] = "logit",
    degrees: Literal["domain", "design", "normal"] = "domain",
    confidence: float = 0.95,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Satisfaction by item, factor and overall, by group, with the errors of the design.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent of the whole sample, as :func:`dvresearch.load_responses` returns it. Groups are
        chosen with `by`, never by dropping rows: the clusters without such a respondent belong to the design.
    items : sequence of str, optional
        Columns with answers; those of `factors` when not given. Items of no factor stand by themselves.
    factors : mapping of str to sequence of str, optional
        Factor -> its items.
    by : str or sequence of str, default ()
        Grouping columns: units, years, ways of asking.
    score : {"top2", "top1", "mean100", "net"}, default "top2"
        Share (0-1) of the two highest answers or of the highest; the mean place on the scale from 0 to 100,
        ``(x̄ - 1)/(k - 1)·100`` for answers 1 to k; the share above the middle of the scale less the share
        below it (-1 to 1). None of them is an official SIPAS index.
    scale : str, sequence or mapping, default "hai_long_5"
        A scale for all items, or one for each: a key of ``tables.SCALES``, or the answers from the lowest to the
        highest, ``[1, 2, 3, 4, 5]``.
    no_answer : sequence, default ("dont_know", "refused")
        Answers that are none on the scale: they leave the base.
    reverse : sequence of str, default ()
        Items whose highest answer is the worst.
    design : Design, optional
        How respondents were drawn; a simple random sample when not given.
    basis : {"sample", "volunteers", "unknown"}, optional
        Who answered; ``sample`` where a design is given, else ``unknown``.
    interval : {"logit", "wald"}, default "logit"
        Symmetric on the logit scale between the least and the largest possible score, or about the mean.
    degrees : {"domain", "design", "normal"}, default "domain"
        Degrees of freedom of the interval: clusters less strata with an answer in the group, those of the whole
        design, or none (normal quantile). ``method`` names the rule.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    min_count : int, default 10
        Least number of respondents a number may stand for.

    Returns
    -------
    DataFrame
        `by`, ``factor`` and ``item``, then the columns of ``tables.SURVEYED``, see
        :func:`dvresearch.metrics.survey_mean`. Behind the items stand the factors, each the plain mean of its items
        (``item`` is ``(tất cả)``), then the whole, the plain mean of the factors, or of the items where there are
        none. ``n`` of a factor is that of its item with the fewest answers; where an item has none,
        the factor has no value. Where nobody answered every item of a factor (split questionnaires) the reason
        ``split_items`` stands beside its interval. Where everyone is satisfied the interval of a share is the
        exact one.

    Raises
    ------
    DataError
        For a missing column, an answer that is not on the scale, or a design that does not fit the table.
    ParameterError
        For an unknown word, or ``top2`` on a scale of three answers or fewer.

    Notes
    -----
    Checked against R survey 4.1.1 and svy 0.35 (tests/test_satisfaction.py).
    """
    form = structure(items, factors)
    places, sizes = positions(responses, form.items, scale=scale, no_answer=no_answer, reverse=reverse)
    y, (ends, indicator) = scored(places, sizes, form.items, score), SCORES[score]
    of_factors = ["mean_of_items"] * (len(form.item) - len(form.items) - 1)
    return estimated(
        responses,
        y,
        {"factor": form.factor, "item": form.item},
        by=by,
        design=design,
        basis=basis,
        interval=interval,
        degrees=degrees,
        confidence=confidence,
        min_count=min_count,
        indicator=indicator,
        definition=["of_answers"] * len(form.items) + of_factors + ["mean_of_factors" if factors else "mean_of_items"],
        ends=ends,
        combine=form.combine,
    )


def satisfaction_covariance(
    responses: pd.DataFrame,
    *,
    column: str,
    items: Sequence[str] | None = None,
    factors: Mapping[str, Sequence[str]] | None = None,
    by: str | Sequence[str] = (),
    score: Literal["top2", "top1", "mean100", "net"] = "top2",
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
    design: Design | None = None,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Covariance between the estimates of :func:`satisfaction` of two groups: the companion of its table.

    Parameters
    ----------
    responses, items, factors, by, score, scale, no_answer, reverse, design, min_count
        As for :func:`satisfaction`.
    column : str
        The column of `by` in which the two groups differ, for example ``year``; they agree in the others.

    Returns
    -------
    DataFrame
        The other columns of `by`, ``factor`` and ``item``, the two groups (``<column>_1``, ``<column>_2``, each pair
        once), ``covariance``, and the ``clusters`` and ``strata`` with an answer in either. Groups that share
        clusters, as two years of the same communes do, covary; groups drawn apart do not. A group of
        fewer than `min_count` answers has no covariance.

    Raises
    ------
    DataError, ParameterError
        As for :func:`satisfaction`.
    """
    labels, form = listed(by), structure(items, factors)
    check_choice("column", column, labels or ["year"])
    need_columns(responses, labels)
    places, sizes = positions(responses, form.items, scale=scale, no_answer=no_answer, reverse=reverse)
    keys, domain = label_groups(responses, labels)
    sampled, y = draw(responses, design), scored(places, sizes, form.items, score)
    means = domain_means(y, domain, len(keys), sampled, form.combine)
    others = [c for c in labels if c != column]
    alike = keys.groupby(others, sort=False, dropna=False).ngroup() if others else pd.Series(0, index=keys.index)
    pairs = [p for _, of in keys.groupby(alike, sort=False) for p in combinations(of.index, 2)]
    if not pairs:
        raise DataError("one-group-to-compare", name=column)
    first, second = np.array(pairs).T.repeat(len(form.item), axis=1)
    item = np.tile(np.arange(len(form.item)), len(pairs))
    left, right = (side * len(form.item) + item for side in (first, second))

    def joined(matrix: sparse.csr_array) -> Floats:
        """Return, for the two columns of each pair and item, the sum of their products."""
        of = matrix.tocsc()
        return np.asarray((of[:, left] * of[:, right]).sum(axis=0), dtype=np.float64)

    between, pooled = sampled.totals(apart(means.linear, domain, len(keys)))
    answered = apart(means.answered, domain, len(keys))
    numbers = {"covariance": joined(between) - joined(pooled)}
    for name, units in (("clusters", sampled.clusters), ("strata", sampled.strata)):
        present = (adding(units) @ answered > 0).astype(np.float64)
        each = np.asarray(present.sum(axis=0))
        numbers[name] = each[left] + each[right] - joined(present)
    hidden = np.minimum(means.n[first, item], means.n[second, item]) < min_count
    table = (
        keys.loc[first, others]
        .reset_index(drop=True)
        .assign(factor=np.array(form.factor)[item], item=np.array(form.item)[item])
    )
    for name, side in ((f"{column}_1", first), (f"{column}_2", second)):
        table[name] = keys[column].array[side]
    table = table.assign(**{name: np.where(hidden, np.nan, values) for name, values in numbers.items()})
    # Pairs of the groups that agree in the other columns stand together, item by item.
    return table.take(np.lexsort((item, alike.to_numpy()[first]))).reset_index(drop=True)


def survey_difference(
    estimates: pd.DataFrame,
    covariances: pd.DataFrame,
    *,
    column: str,
    of: Hashable,
    against: Hashable,
    method: Literal["mover", "wald"] = "mover",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference between two groups or years of one survey, with their covariance.

    Parameters
    ----------
    estimates : DataFrame
        What :func:`satisfaction` returned.
    covariances : DataFrame
        What :func:`satisfaction_covariance` returned for the same answers and `column`.
    column : str
        The column in which the two sides differ; its other grouping columns pair the rows.
    of, against : label
        The two values of `column`; the result is `of` minus `against`.
    method : {"mover", "wald"}, default "mover"
        ``wald`` is symmetric about the difference. ``mover`` puts the intervals of the two sides together, which
        near 0 or 100 % is closer to what it says; it keeps their level of confidence.
    confidence : float, default 0.95
        Two-sided level of ``wald``, 0-1.

    Returns
    -------
    DataFrame
        The grouping columns with ``"of − against"`` in `column`, then the columns of ``tables.ESTIMATES``, then
        ``covariance`` and ``df``: clusters less strata with an answer on either side, less one (or those
        of the whole design, or none, as in the estimates). The flags of both sides are kept. Reasons:
        ``no_pair``, ``clusters_alike`` (the difference is the same in every cluster), or that of the side without
        value or interval.

    Raises
    ------
    DataError
        When the tables do not fit, or when a side is not in them.

    Notes
    -----
    With d = a - b and the limits l, u of a and b, r their correlation: ``d - sqrt((a - l₁)² + (u₂ - b)² -
    2r(a - l₁)(u₂ - b))``, and likewise above. ``wald`` is checked against ``svyttest`` of R survey 4.1.1
    (tests/test_contrasts.py).

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    check_choice("method", method, ("mover", "wald"))
    check_confidence(confidence)
    # With the normal quantile the degrees of freedom are infinite.
    check(estimates.assign(df=estimates["df"].replace(np.inf, np.nan)), SURVEYED)
    keys = [c for c in estimates.columns if c not in SURVEYED.names]
    check_choice("column", column, keys)
    match = [c for c in keys if c != column]
    ends = [f"{column}_1", f"{column}_2"]
    if not {*match, *ends, "covariance"} <= set(covariances.columns):
        got = ", ".join(map(str, covariances.columns))
        raise DataError("covariances-do-not-fit", got=got, needed=", ".join([*match, *ends]), name=column)
    refuse_mixed(estimates, ("indicator", "basis"))
    swapped = covariances.rename(columns={ends[0]: ends[1], ends[1]: ends[0]})
    both = pd.concat([covariances, swapped])
    both = both[(both[ends[0]] == of) & (both[ends[1]] == against)][[*match, "covariance", "clusters", "strata"]]
    if not len(both):
        labels = ", ".join(map(repr, estimates[column].unique()[:5]))
        raise DataError("no-such-pair", got=labels, first=repr(of), second=repr(against))
    pairs = sides(estimates[estimates[column].isin([of, against])], column, of, against, on=match)
    pairs = pairs.sort_values(match).merge(both.rename(columns={"clusters": "c", "strata": "s"}), on=match, how="left")

    def side(name: str) -> tuple[Floats, Floats]:
        first, second = (pairs[f"{name}_{i}"].to_numpy(dtype=np.float64) for i in (1, 2))
        return first, second

    (a, b), (e1, e2), (l1, l2), (u1, u2) = side("value"), side("std_error"), side("lower"), side("upper")
    cov = pairs["covariance"].to_numpy(dtype=np.float64)
    rule = pairs["method_1"].fillna(pairs["method_2"]).str.rsplit("_", n=1).str[-1]
    df = np.select(
        [rule == "domain", rule == "design"], [pairs["c"] - pairs["s"] - 1, pairs["df_1"] - 1], default=np.inf
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        value, error = a - b, np.sqrt(np.maximum(e1**2 + e2**2 - 2 * cov, 0))
        # Where every cluster has the same difference, nothing shows by how much it may be off.
        unseen = (e1**2 + e2**2 > 0) & (error**2 <= UNSEEN * (e1**2 + e2**2))
        error = np.where(unseen, np.nan, error)
        if method == "wald":
            half = np.where(error > 0, t_value(confidence, df) * error, np.nan)
            lower, upper = value - half, value + half
            level = confidence
        else:
            refuse_mixed(estimates.dropna(subset=["confidence"]), ("confidence",))
            level = estimates["confidence"].max()
            r = np.where(e1 * e2 > 0, cov / (e1 * e2), 0.0)
            lower = np.where(unseen, np.nan, value - _joined(a - l1, u2 - b, r))
            upper = np.where(unseen, np.nan, value + _joined(u1 - a, b - l2, r))
    first = estimates.iloc[0]
    table = build(
        pairs[match].assign(**{column: f"{of} − {against}"})[keys],
        indicator=first["indicator"],
        value=value,
        std_error=error,
        lower=lower,
        upper=upper,
        confidence=level,
        n=np.add(*side("n")),
        definition=pairs["definition_1"].fillna(pairs["definition_2"]),
        basis=first["basis"],
        method="mover" if method == "mover" else "wald_" + ("t_" + rule).replace("t_normal", "normal"),
        flags=either_flag(pairs),
        reasons={
            "no_pair": pairs[["basis_1", "basis_2"]].isna().any(axis=1),
            "clusters_alike": unseen,
            "no_spread": ~np.isnan(value) & np.isnan(lower),
        },
    )
    told = [pairs[f"reason_{i}"].fillna("") for i in (1, 2)]
    silent = [why.where(np.isnan(limit), "") for why, limit in zip(told, (l1, l2), strict=True)]
    reason = _first_told(*silent, table["reason"], *told)
    return table.assign(
        covariance=cov, df=df, reason=reason, confidence=table["confidence"].where(table["lower"].notna())
    )


def _first_told(*reasons: pd.Series) -> pd.Series:
    """Return the first reason that is stated: that of a side without interval, the difference's own, any other."""
    stated = pd.concat(reasons, axis=1).replace("", None)
    return stated.bfill(axis=1).iloc[:, 0].fillna("").astype("str")


def _joined(one: Floats, other: Floats, r: Floats) -> Floats:
    return np.sqrt(np.maximum(one**2 + other**2 - 2 * r * one * other, 0))


def published_satisfaction(figures: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Published satisfaction, each number with what can and cannot be said about it.

    Parameters
    ----------
    figures : DataFrame
        Published shares (0-1) of satisfied people, see ``tables.FIGURES``. ``numerator`` and ``denominator``
        are used where the source prints them; ``basis`` and ``flags`` are taken over.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.

    Returns
    -------
    DataFrame
        The unit columns, ``part`` and ``period``, then the columns of ``tables.ESTIMATES``. With counts:
        the share of the counts and its Wilson interval, which for volunteers says nothing about those
        who did not rate (:func:`selection_bounds` does). Without counts: the published value, no
        interval, reason ``no_n``. Where the figure does not say, ``basis`` is volunteers, or census for
        imputed satisfaction, which counts every case and asks nobody.
        ``flags``: ``ceiling`` from 95 % on, ``few`` below 30 answers, and those of the figure
        (``imputed`` for the 766 index).

    Raises
    ------
    DataError
        For a table that breaks the contract or a numerator above its denominator.

    Notes
    -----
    Checked against Yên Phong 2023 (100 %, no n printed) and the feedback of the 34 provinces in the 766
    index, n from 6 to 5 514 (tests/test_satisfaction.py).
    """
    check(figures, FIGURES)
    check_confidence(confidence)
    keys = figures[[c for c in (*UNIT_KEY, "part", "period") if c in figures]].reset_index(drop=True)
    figures = figures.reindex(columns=FIGURES.names).reset_index(drop=True)
    x, n, stated = (column_numbers(figures, c) for c in ("numerator", "denominator", "value"))
    check_part(x, n, names=("numerator", "denominator"))
    counted = ~np.isnan(x) & (n > 0)
    words = ["basis", "flags", "definition"]
    figures[words] = figures[words].astype("str").fillna("")
    flags = {f: has_flag(figures, f) for f in FLAGS}
    value = np.divide(x, n, out=stated.copy(), where=counted)
    asked_or_not = pd.Series(np.where(flags["imputed"], "census", "volunteers"))
    table = share(
        keys,
        np.where(counted, x, np.nan),
        n,
        indicator=figures["indicator"],
        definition=figures["definition"],
        basis=figures["basis"].mask(figures["basis"] == "", asked_or_not),
        method="wilson",
        confidence=confidence,
        flags={**flags, "few": flags["few"] | (n < FEW), "ceiling": value >= CEILING},
        reasons={"zero_denominator": n == 0, "no_n": ~counted},
    )
    method = np.where(counted, "wilson", "published")
    return table.assign(value=value, numerator=x, method=method, confidence=table["confidence"].where(counted)).astype(
        {"method": "str"}
    )
