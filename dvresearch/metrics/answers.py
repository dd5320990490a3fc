"""Answers of a questionnaire: as numbers on a scale, as scores, and counted item by item."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, check_choice, refuse_rows
from dvresearch.metrics.counts import shares
from dvresearch.metrics.estimates import ALL, CEILING, Floats, add_flag, grouping
from dvresearch.privacy import MIN_COUNT, showable, suppress
from dvresearch.tables import NO_ANSWER, SCALES, check, responses_table

__all__ = ["answer_shares"]

#: The name of a scale of ``tables.SCALES``, or its answers from the lowest to the highest.
Scale = str | Sequence[Hashable]

#: Answers that would be expected to an item at least before their absence says that it was not asked.
SURE = 5
#: Scores: limits of their values, indicator in the codebook.
SCORES = {
    "top2": ((0.0, 1.0), "satisfaction_top2"),
    "top1": ((0.0, 1.0), "satisfaction_top1"),
    "mean100": ((0.0, 100.0), "satisfaction_mean100"),
    "net": ((-1.0, 1.0), "satisfaction_net"),
}


@dataclass(frozen=True)
class Structure:
    """Items and the factors they form.

    ``combine`` has a row per item and a column per factor, the last for the whole: the weight of the item in it.
    ``factor`` and ``item`` label the items, then the factors, then the whole.
    """

    items: list[str]
    combine: Floats
    factor: list[str]
    item: list[str]


def structure(items: Sequence[str] | None, factors: Mapping[str, Sequence[str]] | None) -> Structure:
    """Check items and factors and return how the one make up the others.

    Parameters
    ----------
    items : sequence of str, optional
        Items; those of the factors when not given. Further items are reported and enter no factor.
    factors : mapping of str to sequence of str, optional
        Factor -> its items. A factor is the plain mean of its items, the whole the plain mean of the
        factors, or of the items where there are none.
    """
    grouped = {
        name: [members] if isinstance(members, str) else list(members) for name, members in (factors or {}).items()
    }
    inside = [i for members in grouped.values() for i in members]
    given = [items] if isinstance(items, str) else list(items or inside)
    every = [*given, *(i for i in inside if i not in given)]
    if not every or len(set(every)) < len(every) or len(set(inside)) < len(inside) or not all(grouped.values()):
        raise ParameterError("items-missing-or-repeated", got=", ".join(every))
    combine = np.zeros((len(every), len(grouped) + 1))
    for column, members in enumerate(grouped.values()):
        combine[[every.index(i) for i in members], column] = 1 / len(members)
    combine[:, -1] = combine[:, :-1].mean(axis=1) if grouped else 1 / len(every)
    home = {i: name for name, members in grouped.items() for i in members}
    return Structure(
        items=every,
        combine=combine,
        factor=[*(home.get(i, "") for i in every), *grouped, ALL],
        item=[*every, *[ALL] * (len(grouped) + 1)],
    )


def need_items(responses: pd.DataFrame, items: Iterable[str]) -> None:
    """Refuse a table without one of `items`."""
    absent = [i for i in items if i not in responses.columns]
    if absent:
        raise DataError("survey-item-missing", where="responses", items=", ".join(absent))


def positions(
    responses: pd.DataFrame,
    items: Sequence[str],
    *,
    scale: Scale | Mapping[str, Scale],
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
) -> tuple[Floats, list[int]]:
    """Place of each answer on its scale.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent.
    items : sequence of str
        Columns with answers.
    scale : str, sequence or mapping
        A scale for all items, or one for each: a key of ``tables.SCALES``, or the answers from the
        lowest to the highest.
    no_answer : sequence, default ("dont_know", "refused")
        Answers that are none on the scale, beside empty cells.
    reverse : sequence of str, default ()
        Items whose highest answer is the worst.

    Returns
    -------
    positions : array of float, respondents × items
        0 for the lowest answer, 1 for the next; NaN where there is none.
    sizes : list of int
        Number of answers of each scale.

    Raises
    ------
    DataError
        For a missing column or an answer that is not on the scale.
    ParameterError
        For an unknown scale, or a reversed item that is not asked.
    """
    for item in reverse:
        check_choice("reverse", item, list(items))
    need_items(responses, items)
    out, sizes = np.empty((len(responses), len(items))), []
    for j, item in enumerate(items):
        answers = _answers(scale, item)
        place: dict[Hashable, float] = {a: float(k) for k, a in enumerate(answers)}
        if item in reverse:
            place = {a: len(answers) - 1 - k for a, k in place.items()}
        column = responses[item]
        codes, seen = pd.factorize(column)
        unknown = [k for k, a in enumerate(seen) if a not in place and a not in no_answer and a != ""]
        refuse_rows(
            (np.flatnonzero(np.isin(codes, unknown)) + 1).tolist(),
            "answer-off-the-scale",
            where="responses",
            column=item,
            got=partial(_shown, column),
            answers=", ".join(map(str, answers)),
        )
        # The last entry is for code -1: an empty cell.
        out[:, j] = np.array([*(place.get(a, np.nan) for a in seen), np.nan])[codes]
        sizes.append(len(answers))
    return out, sizes


def _shown(column: pd.Series, row: object) -> str:
    return showable(str(column.iloc[int(str(row)) - 1]))


def _answers(scale: Scale | Mapping[str, Scale], item: str) -> tuple[Hashable, ...]:
    own = scale.get(item) if isinstance(scale, Mapping) else scale
    if own is None or isinstance(own, str):
        check_choice("scale", str(own), tuple(SCALES))
        return SCALES[str(own)]
    if len(set(own)) < max(len(own), 2):
        raise ParameterError("scale-of-one-answer", got=str(list(own)))
    return tuple(own)


def scored(places: Floats, sizes: Sequence[int], items: Sequence[str], score: str) -> Floats:
    """Turn positions into scores.

    Parameters
    ----------
    places, sizes
        As :func:`positions` returns them.
    items : sequence of str
        Their names, for messages.
    score : {"top2", "top1", "mean100", "net"}
        1 for the two highest answers or the highest, else 0; the position from 0 to 100; or 1 above the
        middle of the scale, -1 below it, 0 in the middle.
    """
    check_choice("score", score, tuple(SCORES))
    size = np.array(sizes)
    if score == "top2" and (size < 4).any():
        short = items[int((size < 4).argmax())]
        raise ParameterError("top2-of-a-short-scale", got=f"{size.min()}", item=short, size=size.min())
    empty = np.isnan(places)
    if score == "mean100":
        return places / (size - 1) * 100
    if score == "net":
        return np.sign(places - (size - 1) / 2)
    return np.where(empty, np.nan, (places >= size - (2 if score == "top2" else 1)).astype(np.float64))


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
        beside one other or several, those who have these were not asked: they leave the base, and the reason
        ``split_items`` says so. Rows of fewer than `min_count` are hidden (``suppressed``).

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
    got_it = asked(responses[list(items)])
    for item, scale in items.items():
        on_scale, high = _high(responses[item], scale, top, item in reverse)
        counted.append(
            responses[labels].assign(
                item=item,
                top=high.astype(float),
                answered=on_scale.astype(float),
                none=(~on_scale & got_it[item]).astype(float),
                asked=got_it[item].astype(float),
            )
        )
    wanted = {
        "answers_top_share": ("top", "answered", f"top{top}_unweighted"),
        "answers_none_share": ("none", "asked", "of_respondents"),
    }
    counts = pd.concat(counted, ignore_index=True)
    found = shares(counts, wanted, by=[*labels, "item"], basis=basis, confidence=confidence)
    found = add_flag(found, "ceiling", (found["indicator"] == "answers_top_share") & (found["value"] >= CEILING))
    split = found["item"].isin(got_it.columns[~got_it.all()]) & (found["reason"] == "")
    found["reason"] = found["reason"].mask(split, "split_items")
    each = ["item", "indicator"]
    totals = [[*each, *(c for c in labels if c != gone)] for gone in labels] or [each]
    return suppress(found, totals=totals, min_count=min_count)


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


def asked(answers: pd.DataFrame) -> pd.DataFrame:
    """Return who was asked each item: of a questionnaire in parts, not those who got another part.

    Items that are never filled in together stand in different parts. Where parts overlap (items 1 and 2, 2 and 3, 3
    and 1) every two items meet, and what a respondent filled in tells: an item was not asked where nobody with all of
    these answers gave one to it, though `SURE` of them would have, if they left out as much as others.
    """
    filled = answers.notna()
    if filled.all(axis=1).any() or not len(filled):  # somebody was asked everything
        return filled | True
    sets, of, people = np.unique(filled.to_numpy(np.float32), axis=0, return_inverse=True, return_counts=True)
    given = sets * people[:, None]
    # Whether the set of a column has all answers of the set of a row.
    holds = (sets @ sets.T == sets.sum(axis=1)[:, None]).astype(np.float32)
    expected = (holds @ people)[:, None] * given.sum(axis=0) / people.sum()
    elsewhere = (holds @ given == 0) & (expected >= SURE)
    met = sets.T @ given
    apart = (met == 0) & np.outer(met.diagonal(), met.diagonal()).astype(bool)
    here = ~(elsewhere | (sets @ apart).astype(bool))
    return pd.DataFrame(here[of.ravel()], filled.index, filled.columns)


def _high(answers: pd.Series, scale: str, top: int, reverse: bool) -> tuple[pd.Series, pd.Series]:
    """Return who answered on the scale, and who gave one of the highest answers."""
    best = SCALES[scale][:top] if reverse else SCALES[scale][-top:]
    return answers.isin(SCALES[scale]), answers.isin(best)
