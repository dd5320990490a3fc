"""Self-assessment against appraisal: the gap of each unit, and marks for nothing to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.metrics.estimates import build, check_part, column_numbers, grouped_counts
from dvresearch.metrics.proportions import shares
from dvresearch.tables import RUBRIC, check

__all__ = ["appraisal", "zero_denominators"]

_SCORES = {"self_score_total": "self_score", "appraised_score_total": "appraised_score"}


def appraisal(
    rubric: pd.DataFrame, by: str | Sequence[str] = ("unit",), *, overall: Literal["omit", "append"] = "omit"
) -> pd.DataFrame:
    """Total of the self scores, of the appraised ones, and the gap between them.

    Parameters
    ----------
    rubric : DataFrame
        One row per unit and criterion, see ``tables.RUBRIC``.
    by : str or sequence of str, default ("unit",)
        Grouping columns: ``unit``, or ``criterion`` for the gap of each criterion over all units.
    overall : {"omit", "append"}, default "omit"
        Whether a last group adds up all rows.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``, three rows a group: ``self_score_total``,
        ``appraised_score_total`` and ``appraisal_gap``, self - appraised: positive where the appraisal was lower.
        ``denominator`` is the sum of the maxima, ``n`` the number of criteria. A criterion whose rule is ``excluded``
        and whose denominator is 0 counts in neither. One missing score leaves the total missing (``partly_missing``,
        or ``not_scored`` where all are
        missing). There is no interval (``not_sampled``).

    Raises
    ------
    DataError
        For a table that breaks the contract, or a score above its maximum.

    Notes
    -----
    Checked against Ngân Sơn 2020: one commune lowered from 87 to 78 has a gap of 9 points (the page that reports
    it says 10), see tests/test_rubric.py.
    """
    names = list(_SCORES.values())
    counts = ["maximum", "rows", *names, *(f"{name}.given" for name in names)]
    keys, (maximum, rows, own, appraised, *given) = grouped_counts(_counted(rubric), counts, by=by, overall=overall)
    own, appraised = (
        np.where((k == rows) & (rows > 0), total, np.nan) for k, total in zip(given, (own, appraised), strict=True)
    )
    totals = dict(zip((*_SCORES, "appraisal_gap"), (own, appraised, own - appraised), strict=True))
    known = dict(zip(totals, (*given, np.minimum(*given)), strict=True))
    frames = [
        build(
            keys,
            indicator=indicator,
            value=value,
            numerator=value if indicator in _SCORES else np.nan,
            denominator=maximum,
            n=rows,
            definition="of_counted_criteria",
            basis="census",
            reasons={
                "not_scored": np.isnan(value) & (known[indicator] == 0),
                "partly_missing": np.isnan(value),
                "not_sampled": ~np.isnan(value),
            },
        )
        for indicator, value in totals.items()
    ]
    return pd.concat(frames).sort_index(kind="stable", ignore_index=True)


def zero_denominators(rubric: pd.DataFrame, by: str | Sequence[str] = (), *, confidence: float = 0.95) -> pd.DataFrame:
    """How often there was nothing to do, and how often that gave full marks.

    Parameters
    ----------
    rubric : DataFrame
        One row per unit and criterion with ``denominator``, see ``tables.RUBRIC``.
    by : str or sequence of str, default ()
        Grouping columns (``unit``, ``criterion``, ``zero_rule``); without it one group.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``, two rows a group: ``zero_denominator_share`` (of the scores
        whose denominator is known) and ``zero_full_marks_share`` (of those with denominator 0 and a score, the
        share that got the maximum; the appraised score counts where there is one).

    Raises
    ------
    DataError
        For a table that breaks the contract.
    """
    check(rubric, RUBRIC)
    blank = pd.Series(np.nan, index=rubric.index)
    base = rubric.get("denominator", blank)
    score = rubric.get("appraised_score", blank).fillna(rubric.get("self_score", blank))
    counts = rubric.assign(
        stated=base.notna().astype(float),
        zero=(base == 0).astype(float),
        scored=((base == 0) & score.notna()).astype(float),
        full=((base == 0) & (score >= rubric["maximum"])).astype(float),
    )
    wanted = {
        "zero_denominator_share": ("zero", "stated", "of_scores"),
        "zero_full_marks_share": ("full", "scored", "of_scores"),
    }
    return shares(counts, wanted, by=by, confidence=confidence, few=0)


def _counted(rubric: pd.DataFrame) -> pd.DataFrame:
    """Return maximum and scores with a 1 for each that counts, all 0 where nothing to do leaves a criterion out."""
    check(rubric, RUBRIC)
    out = pd.Series(False, index=rubric.index)
    if {"denominator", "zero_rule"} <= set(rubric.columns):
        out = (rubric["denominator"] == 0).fillna(False) & (rubric["zero_rule"] == "excluded").fillna(False)
    columns = {"maximum": rubric["maximum"].mask(out, 0), "rows": (~out).astype(float)}
    for name in _SCORES.values():
        scores = pd.Series(np.nan, index=rubric.index)
        if name in rubric:
            scores = pd.Series(column_numbers(rubric, name), index=rubric.index)
            check_part(scores.to_numpy(), column_numbers(rubric, "maximum"), names=(name, "maximum"))
        columns[name] = scores.fillna(0).mask(out, 0)
        columns[f"{name}.given"] = (scores.notna() & ~out).astype(float)
    return rubric.assign(**columns)
