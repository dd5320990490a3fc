"""Answers of a survey, item by item, with the threshold for tables about people applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics.estimates import CEILING, grouping
from dvresearch.metrics.proportions import proportion
from dvresearch.metrics.scores import need_items
from dvresearch.privacy import MIN_COUNT, suppress
from dvresearch.tables import SCALES, check, responses_table

__all__ = ["answer_shares", "discordant"]


def answer_shares(
    responses: pd.DataFrame,
    items: Mapping[str, str],
    by: str | Sequence[str] = (),
    *,
    top: int = 2,
    reverse: Sequence[str] = (),
    basis: Literal["sample", "volunteers", "unknown"] = "unknown",
    confidence: float = 0.95,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Share of the highest answers of each item, and of those who gave none, every respondent counting alike.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent, as :func:`dvresearch.load_responses` returns it.
    items : mapping of str to str
        Item (a column) -> its scale, a key of ``tables.SCALES``.
    by : str or sequence of str, default ()
        Grouping columns: a unit, a way of asking, or an attribute of the respondents that was loaded by name.
    top : int, default 2
        How many of the highest answers count: 2 of ``hai_long_5`` are “hài lòng” and “rất hài lòng”.
    reverse : sequence of str, default ()
        Items whose highest answer is the worst: of these the lowest answers count.
    basis : {"sample", "volunteers", "unknown"}, default "unknown"
        Who answered. Weights and the design of a sample are not used here.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.
    min_count : int, default 10
        Least number of respondents a number may stand for. The totals over each of `by` are taken to be
        published too.

    Returns
    -------
    DataFrame
        `by`, ``item``, then the columns of ``tables.ESTIMATES``, two rows for each: ``answers_top_share`` (of those who
        gave an answer on the scale; flagged ``ceiling`` from 95 % on) and ``answers_none_share`` (“không biết”,
        “không trả lời” or nothing, of all respondents). Of a split questionnaire, in which an item is never filled in
        beside another, those who have the other were not asked: they leave the base, and the reason ``split_items``
        says so. Rows of fewer than `min_count` are hidden (``suppressed``).

    Raises
    ------
    DataError
        For a table that breaks the contract or lacks an item.
    ParameterError
        For no item, an unknown scale, a `top` that takes the whole scale, or a reversed item that is not asked.
    """
    for item in reverse:
        check_choice("reverse", item, list(items))
    for scale in items.values():
        check_choice("items", scale, tuple(SCALES))
        if not 0 < top < len(SCALES[scale]):
            raise ParameterError(
                "top-takes-no-part-of-the-scale", got=f"top={top}", scale=scale, most=len(SCALES[scale]) - 1
            )
    if not items:
        raise ParameterError("no-item-to-count")
    need_items(responses, items)
    check(responses, responses_table(items))
    labels = grouping(responses, by)
    counted = []
    asked = _asked(responses[list(items)])
    for item, scale in items.items():
        on_scale, high = _high(responses[item], scale, top, item in reverse)
        counted.append(
            responses[labels].assign(
                item=item,
                top=high.astype(float),
                answered=on_scale.astype(float),
                none=(~on_scale & asked[item]).astype(float),
                asked=asked[item].astype(float),
            )
        )
    counts = pd.concat(counted, ignore_index=True)
    parts = {"answers_top_share": ("top", "answered"), "answers_none_share": ("none", "asked")}
    pair = [
        proportion(
            counts,
            numerator=x,
            denominator=n,
            by=[*labels, "item"],
            indicator=indicator,
            definition=f"top{top}_unweighted" if x == "top" else "of_respondents",
            basis=basis,
            confidence=confidence,
            ceiling=CEILING if x == "top" else None,
        )
        for indicator, (x, n) in parts.items()
    ]
    # the two rows of a group and item stand together
    order = np.arange(2 * len(pair[0])).reshape(2, -1).T.ravel()
    shares = pd.concat(pair, ignore_index=True).take(order).reset_index(drop=True)
    split = shares["item"].isin(asked.columns[~asked.all()]) & (shares["reason"] == "")
    shares["reason"] = shares["reason"].mask(split, "split_items")
    each = ["item", "indicator"]
    totals = [[*each, *(c for c in labels if c != gone)] for gone in labels] or [each]
    return suppress(shares, totals=totals, min_count=min_count)


def discordant(
    responses: pd.DataFrame, items: Mapping[str, str], item: str, *, top: int = 2, reverse: Sequence[str] = ()
) -> pd.DataFrame:
    """Compare one item with each of the others by the respondents who answered both: McNemar's test, exact.

    Parameters
    ----------
    responses, items, top, reverse
        As for :func:`answer_shares`.
    item : str
        The item compared with the others.

    Returns
    -------
    DataFrame
        ``against`` (the other item), ``only_this`` and ``only_other`` (respondents who gave a highest answer to one of
        the two only), ``p_value``: two-sided, of that split under equal chances (binomial), 1 where nobody answered
        apart; not corrected for the number of pairs.

    Notes
    -----
    McNemar (1947), Psychometrika 12:153. Checked against ``mcnemar`` of statsmodels (tests/test_responses.py).
    """
    from scipy.stats import binomtest

    known, high = _high(responses[item], items[item], top, item in reverse)
    rows = []
    for other, scale in items.items():
        if other != item:
            theirs_known, theirs = _high(responses[other], scale, top, other in reverse)
            both = known & theirs_known
            pair = int((both & high & ~theirs).sum()), int((both & theirs & ~high).sum())
            rows.append((other, *pair, float(binomtest(pair[0], sum(pair)).pvalue) if sum(pair) else 1.0))
    return pd.DataFrame(rows, columns=["against", "only_this", "only_other", "p_value"])


def _asked(answers: pd.DataFrame) -> pd.DataFrame:
    """Return who was asked each item: all but those with an answer to an item that is never filled in beside it."""
    filled = answers.notna()
    there = filled.to_numpy().astype(np.intp)
    apart = (there.T @ there == 0) & np.outer(there.any(axis=0), there.any(axis=0))
    return filled.assign(**dict(zip(filled, ~(there @ apart).astype(bool).T, strict=True)))


def _high(answers: pd.Series, scale: str, top: int, reverse: bool) -> tuple[pd.Series, pd.Series]:
    """Return who answered on the scale, and who gave one of the highest answers."""
    best = SCALES[scale][:top] if reverse else SCALES[scale][-top:]
    return answers.isin(SCALES[scale]), answers.isin(best)
