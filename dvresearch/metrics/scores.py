"""Answers of a questionnaire as numbers: positions on a scale, scores, and how items make up factors."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, check_choice, refuse_rows
from dvresearch.metrics.estimates import ALL, Floats
from dvresearch.privacy import showable
from dvresearch.tables import NO_ANSWER, SCALES

__all__ = ["SCORES", "Scale", "Structure", "need_items", "positions", "scored", "structure"]

#: The name of a scale of ``tables.SCALES``, or its answers from the lowest to the highest.
Scale = str | Sequence[Hashable]

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
