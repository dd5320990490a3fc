"""Self-assessment against appraisal: the gap of each unit, the classes that follow, and marks for nothing to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import ParameterError
from dvresearch.metrics.estimates import Floats, build, check_part, column_numbers, grouped_counts
from dvresearch.metrics.proportions import proportion
from dvresearch.tables import RUBRIC, check

__all__ = ["appraisal", "class_shares", "zero_denominators"]

_SCORES = {"self_score_total": "self_score", "appraised_score_total": "appraised_score"}


def appraisal(
    rubric: pd.DataFrame,
    by: str | Sequence[str] = ("unit",),
    *,
    classes: Mapping[str, float] | None = None,
    overall: Literal["omit", "append"] = "omit",
) -> pd.DataFrame:
    """Total of the self scores, of the appraised ones, and the gap between them.

    Parameters
    ----------
    rubric : DataFrame
        One row per unit and criterion, see ``tables.RUBRIC``.
    by : str or sequence of str, default ("unit",)
        Grouping columns: ``unit``, or ``criterion`` for the gap of each criterion over all units.
    classes : mapping of str to float, optional
        Name of a class -> least points out of 100 it takes (``{"tốt": 80, "khá": 65}``). No classes are built in: they
        differ from office to office.
    overall : {"omit", "append"}, default "omit"
        Whether a last group adds up all rows.

    Returns
    -------
    DataFrame
        `by`, ``score_class`` (when `classes` is given; "" below the lowest class and for the gap), then the columns of
        ``tables.ESTIMATES``, three rows a group: ``self_score_total``, ``appraised_score_total`` and ``appraisal_gap``,
        self - appraised: positive where the appraisal was lower. ``denominator`` is the sum of the
        maxima, ``n`` the number of criteria. A criterion whose rule is ``excluded`` and whose denominator is 0 counts
        in neither. One missing score leaves the total missing (``partly_missing``, or ``not_scored`` where all are
        missing). There is no interval (``not_sampled``).

    Raises
    ------
    DataError
        For a table that breaks the contract, or a score above its maximum.
    ParameterError
        For classes that are not points between 0 and 100.

    Notes
    -----
    Checked against Ngân Sơn 2020: one commune lowered from 87 to 78 has a gap of 9 points (the page that reports
    it says 10), see tests/test_rubric.py.
    """
    counted, limits = _counted(rubric), _limits(classes)
    keys, (maximum, rows, *sums) = grouped_counts(
        counted,
        ["maximum", "rows", *(f"{s}{part}" for s in _SCORES.values() for part in ("", ".given"))],
        by=by,
        overall=overall,
    )
    known: dict[str, Floats] = dict(zip(_SCORES, sums[1::2], strict=True))
    totals = {
        indicator: np.where((given == rows) & (rows > 0), total, np.nan)
        for (indicator, given), total in zip(known.items(), sums[::2], strict=True)
    }
    totals["appraisal_gap"] = totals["self_score_total"] - totals["appraised_score_total"]
    known["appraisal_gap"] = np.minimum(*known.values())
    frames = []
    for indicator, value in totals.items():
        share = np.divide(100 * value, maximum, out=np.full(len(value), np.nan), where=maximum > 0)
        named = {} if limits is None else {"score_class": _classes(share, limits, indicator)}
        frames.append(
            build(
                keys.assign(**named),
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
        )
    order = np.arange(3 * len(keys)).reshape(3, -1).T.ravel()
    return pd.concat(frames).take(order).reset_index(drop=True)


def class_shares(rubric: pd.DataFrame, classes: Mapping[str, float], *, confidence: float = 0.95) -> pd.DataFrame:
    """Share of units in each class or above, by their own scores and by the appraisal.

    Parameters
    ----------
    rubric, classes
        As for :func:`appraisal`.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1. Every unit is counted, so it is no sampling error.

    Returns
    -------
    DataFrame
        ``score_class``, then the columns of ``tables.ESTIMATES``: two rows a class, ``units_self_class_share`` and
        ``units_appraised_class_share``, out of the units whose total is known; flagged ``ceiling`` from 95 % on.

    Raises
    ------
    DataError, ParameterError
        As :func:`appraisal`.
    """
    totals = appraisal(rubric, classes=classes)
    share = 100 * totals["value"] / totals["denominator"]
    frames = []
    for name, limit in sorted(classes.items(), key=lambda item: -item[1]):
        for indicator, of in (("units_self_class_share", "self"), ("units_appraised_class_share", "appraised")):
            known = (totals["indicator"] == f"{of}_score_total") & share.notna()
            reached = (share >= limit - 1e-9) & known
            counts = pd.DataFrame({"score_class": [name], "x": [reached.sum()], "n": [known.sum()]})
            frames.append(
                proportion(
                    counts,
                    numerator="x",
                    denominator="n",
                    by="score_class",
                    indicator=indicator,
                    definition="of_scored_units",
                    basis="census",
                    confidence=confidence,
                    few=0,
                    ceiling=0.95,
                )
            )
    return pd.concat(frames, ignore_index=True)


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
    shares = {"zero_denominator_share": ("zero", "stated"), "zero_full_marks_share": ("full", "scored")}
    frames = [
        proportion(
            counts,
            numerator=x,
            denominator=n,
            by=by,
            indicator=indicator,
            definition="of_scores",
            basis="census",
            confidence=confidence,
            few=0,
        )
        for indicator, (x, n) in shares.items()
    ]
    order = np.arange(2 * len(frames[0])).reshape(2, -1).T.ravel()
    return pd.concat(frames).take(order).reset_index(drop=True)


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


def _limits(classes: Mapping[str, float] | None) -> dict[str, float] | None:
    if classes is None:
        return None
    if not classes or not all(0 <= limit <= 100 for limit in classes.values()):
        raise ParameterError("classes-cannot-be-used", got=repr(dict(classes)))
    return dict(sorted(classes.items(), key=lambda item: item[1]))


def _classes(share: Floats, limits: Mapping[str, float], indicator: str) -> pd.api.extensions.ExtensionArray:
    """Return the highest class each share of 100 reaches; scores that add up to 79.99999999 are 80."""
    named = np.full(len(share), "", dtype=object)
    if indicator in _SCORES:
        for name, limit in limits.items():
            named[share >= limit - 1e-9] = name
    return pd.array(named, dtype="str")
