"""Differences between groups and years of one survey, with the covariance of what is compared."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, check_choice
from dvresearch.metrics.comparable import refuse_mixed
from dvresearch.metrics.design import Codes, Design, draw, listed
from dvresearch.metrics.estimates import Floats, build, check_confidence, has_flag, label_groups
from dvresearch.metrics.linearise import UNSEEN, covariance, domain_means
from dvresearch.metrics.scores import Scale, positions, scored, structure
from dvresearch.metrics.surveyed import need_columns, t_value
from dvresearch.privacy import MIN_COUNT
from dvresearch.tables import FLAGS, NO_ANSWER, SURVEYED, check

__all__ = ["satisfaction_covariance", "survey_difference"]


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
    labels = listed(by)
    check_choice("column", column, labels or ["year"])
    form, sampled = structure(items, factors), draw(responses, design)
    need_columns(responses, labels)
    places, sizes = positions(responses, form.items, scale=scale, no_answer=no_answer, reverse=reverse)
    keys, domain = label_groups(responses, labels)
    means = domain_means(scored(places, sizes, form.items, score), domain, len(keys), sampled, form.combine)
    others = [c for c in labels if c != column]
    groups = keys.groupby(others, sort=False, dropna=False).indices.values() if others else [np.arange(len(keys))]
    frames = []
    for members in groups:
        pairs = np.array(list(combinations(range(len(members)), 2)), dtype=np.intp).reshape(-1, 2)
        first, second = pairs.T
        rows = np.flatnonzero(np.isin(domain, members))
        own = (domain[rows][:, None] == members).astype(np.float64)
        pair = keys.loc[members[first], others].reset_index(drop=True)
        for name, side in ((f"{column}_1", first), (f"{column}_2", second)):
            pair[name] = keys[column].array[members[side]]
        for j in range(len(form.item)):
            few = means.n[members, j] < min_count
            seen = own * means.answered[rows, j][:, None]
            numbers = {
                "covariance": covariance(own * means.linear[rows, j][:, None], sampled, rows),
                "clusters": _in_either(seen, sampled.clusters[rows]),
                "strata": _in_either(seen, sampled.strata[rows]),
            }
            hidden = few[first] | few[second]
            shown = {name: np.where(hidden, np.nan, matrix[first, second]) for name, matrix in numbers.items()}
            frames.append(pair.assign(factor=form.factor[j], item=form.item[j], **shown))
    table = pd.concat(frames, ignore_index=True)
    if not len(table):
        raise DataError("one-group-to-compare", name=column)
    return table[[*others, "factor", "item", f"{column}_1", f"{column}_2", "covariance", "clusters", "strata"]]


def _in_either(seen: Floats, unit: Codes) -> Floats:
    """Count, for each two columns, the units with a row in the one or the other."""
    present = np.column_stack([np.bincount(unit, weights=column) > 0 for column in seen.T]).astype(np.float64)
    each = present.sum(axis=0)
    return each[:, None] + each - present.T @ present


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
    sides = [estimates[estimates[column] == label].drop(columns=column) for label in (of, against)]
    swapped = covariances.rename(columns={ends[0]: ends[1], ends[1]: ends[0]})
    both = pd.concat([covariances, swapped])
    both = both[(both[ends[0]] == of) & (both[ends[1]] == against)][[*match, "covariance", "clusters", "strata"]]
    if not len(both):
        labels = ", ".join(map(repr, estimates[column].unique()[:5]))
        raise DataError("no-such-pair", got=labels, first=repr(of), second=repr(against))
    pairs = sides[0].merge(sides[1], on=match, how="outer", sort=False, suffixes=("_1", "_2"))
    pairs = pairs.merge(both.rename(columns={"clusters": "c", "strata": "s"}), on=match, how="left")

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
        flags={f: has_flag(pairs, f, "flags_1") | has_flag(pairs, f, "flags_2") for f in FLAGS},
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
