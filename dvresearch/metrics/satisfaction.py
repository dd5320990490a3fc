"""Satisfaction: from the answers of a survey, with the errors of its design, and as published."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.metrics.design import Design, draw, listed
from dvresearch.metrics.estimates import (
    CEILING,
    FEW,
    build,
    check_confidence,
    check_part,
    column_numbers,
    has_flag,
    label_groups,
)
from dvresearch.metrics.linearise import domain_means
from dvresearch.metrics.proportions import wilson
from dvresearch.metrics.scores import SCORES, Scale, positions, scored, structure
from dvresearch.metrics.surveyed import check_options, need_columns, repeat_keys, suppress_groups, with_errors
from dvresearch.privacy import MIN_COUNT
from dvresearch.tables import FIGURES, FLAGS, NO_ANSWER, UNIT_KEY, check

__all__ = ["published_satisfaction", "satisfaction"]


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
    who = check_options(design, basis, interval=interval, degrees=degrees, confidence=confidence)
    form, labels = structure(items, factors), listed(by)
    need_columns(responses, labels)
    sampled = draw(responses, design)
    places, sizes = positions(responses, form.items, scale=scale, no_answer=no_answer, reverse=reverse)
    keys, domain = label_groups(responses, labels)
    means = domain_means(scored(places, sizes, form.items, score), domain, len(keys), sampled, form.combine)
    limits, indicator = SCORES[score]
    definitions = ["of_answers"] * len(form.items) + ["mean_of_items"] * (len(form.item) - len(form.items))
    definitions[-1] = "mean_of_factors" if factors else "mean_of_items"
    table = with_errors(
        repeat_keys(keys, factor=form.factor, item=form.item),
        means,
        sampled,
        indicator=indicator,
        definition=pd.Series(definitions * len(keys)),
        basis=who,
        interval=interval,
        degrees=degrees,
        confidence=confidence,
        limits=limits,
        ceiling=CEILING * limits[1],
    )
    return suppress_groups(table, ["factor", "item"], labels, min_count)


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
    value = np.divide(x, n, out=stated.copy(), where=counted)
    lower, upper, error = (np.full(len(n), np.nan) for _ in range(3))
    lower[counted], upper[counted] = wilson(x[counted], n[counted], confidence)
    error[counted] = np.sqrt(value[counted] * (1 - value[counted]) / n[counted])
    words = ["basis", "flags", "definition"]
    figures[words] = figures[words].astype("str").fillna("")
    flags = {f: has_flag(figures, f) for f in FLAGS}
    asked_or_not = pd.Series(np.where(flags["imputed"], "census", "volunteers"))
    table = build(
        keys,
        indicator="",
        value=value,
        std_error=error,
        lower=lower,
        upper=upper,
        confidence=confidence,
        numerator=x,
        denominator=n,
        n=n,
        definition=figures["definition"],
        basis=figures["basis"].mask(figures["basis"] == "", asked_or_not),
        method=pd.Series(np.where(counted, "wilson", "published")),
        flags={**flags, "few": flags["few"] | (n < FEW), "ceiling": value >= CEILING},
        reasons={"zero_denominator": n == 0, "no_n": ~counted},
    )
    return table.assign(indicator=figures["indicator"], confidence=table["confidence"].where(counted))
