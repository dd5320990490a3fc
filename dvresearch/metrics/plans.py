"""Plans and self-assessments: targets reached or not, coverage, scores against their appraisal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import ParameterError
from dvresearch.metrics.counts import proportion, shares
from dvresearch.metrics.estimates import CEILING, build, check_part, column_numbers, grouped_counts
from dvresearch.tables import RUBRIC, TARGETS, check
from dvresearch.text import target_direction

__all__ = ["appraisal", "attainment", "attainment_shares", "coverage", "zero_denominators"]

#: What becomes of a target, from best to worst.
OUTCOMES = ("exceeded", "met", "not_met")
#: Shares of all targets, and the outcomes they count.
_SHARES = {
    "plan_targets_met_share": ("met", "exceeded"),
    "plan_targets_exceeded_share": ("exceeded",),
    "plan_targets_not_met_share": ("not_met",),
}


def attainment(targets: pd.DataFrame, *, lower_is_better: Collection[str] = ()) -> pd.DataFrame:
    """Result over plan, target by target.

    Parameters
    ----------
    targets : DataFrame
        Plan targets, see ``tables.TARGETS``. Those whose ``direction`` is ``lower`` are to stay below their plan.
        Where it is not stated the name tells (poor households left, overdue dossiers); where that says nothing, the
        plan is to be reached.
    lower_is_better : collection of str, default ()
        Indicators that are to stay below their plan, whatever their ``direction``.

    Returns
    -------
    DataFrame
        ``unit``, ``period``, ``target_name`` (the indicator of the plan) and ``target_outcome`` (``exceeded``, ``met``,
        ``not_met``, or "" where it is not known), then the columns of ``tables.ESTIMATES``:
        ``value`` is result / planned, which may exceed 1. It has no interval (``not_sampled``): a result is not a
        sample of the plan. A planned 0 gives an outcome but no value (``zero_denominator``). Where the office judged
        otherwise (``judged``: not met against met or exceeded, exceeded against met) the numbers, or their direction,
        are in doubt: no outcome, with the reason ``judged_otherwise``. Nor is there one where words of the name
        contradict each other (``direction_unclear``: overdue dossiers that were settled).

    Raises
    ------
    DataError
        For a table that breaks the contract.
    ParameterError
        For a name in `lower_is_better` that no target has.

    Notes
    -----
    Checked against Bạc Liêu 2019: 249 of 309 planned houses, 80.58 %, not met (tests/test_targets.py).
    """
    check(targets, TARGETS)
    unknown = sorted(set(lower_is_better) - set(targets["indicator"]))
    if unknown:
        raise ParameterError("no-such-target", got=", ".join(unknown))
    planned, result = (targets[c].to_numpy(dtype=np.float64, na_value=np.nan) for c in ("planned", "result"))
    known = ~np.isnan(planned) & ~np.isnan(result)
    direction = _direction(targets, lower_is_better)
    unclear = known & (direction == "unclear")
    gain = np.where(direction == "lower", planned - result, result - planned)
    judged = targets["judged"].fillna("").to_numpy() if "judged" in targets else np.full(len(targets), "")
    above = (judged == "exceeded") & (gain == 0)
    otherwise = known & ~unclear & (judged != "") & (((judged == "not_met") != (gain < 0)) | above)
    outcome = np.select([~known | unclear | otherwise, gain > 0, gain == 0], ["", *OUTCOMES[:2]], OUTCOMES[2])
    keys = targets[["unit", "period"]].reset_index(drop=True)
    keys = keys.assign(target_name=targets["indicator"].array, target_outcome=pd.array(outcome, dtype="str"))
    return build(
        keys,
        indicator="target_attainment",
        value=np.divide(result, planned, out=np.full(len(planned), np.nan), where=known & (planned != 0)),
        numerator=result,
        denominator=planned,
        definition="result_over_plan",
        basis="census",
        reasons={
            "judged_otherwise": otherwise,
            "direction_unclear": unclear,
            "no_counts": ~known,
            "zero_denominator": known & (planned == 0),
            "not_sampled": known,
        },
    )


def _direction(targets: pd.DataFrame, lower_is_better: Collection[str]) -> NDArray[np.object_]:
    """Return what is better, target by target: as it is given, as the table states it, or as the name tells."""
    names = targets["indicator"].to_numpy(dtype=object)
    stated = targets["direction"].fillna("").to_numpy(dtype=object) if "direction" in targets else [""] * len(names)
    told = [given or target_direction(name) or "higher" for given, name in zip(stated, names, strict=True)]
    return np.where(np.isin(names, list(lower_is_better)), "lower", np.array(told, dtype=object))


def attainment_shares(
    targets: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    lower_is_better: Collection[str] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How many targets were met or exceeded, exceeded, and not met.

    Parameters
    ----------
    targets, lower_is_better
        As for :func:`attainment`.
    by : str or sequence of str, optional
        Grouping columns (``unit``, ``period``); without it all targets together.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``: three rows for each group, ``plan_targets_met_share`` (met or
        exceeded), ``plan_targets_exceeded_share`` and ``plan_targets_not_met_share``, out of all targets of
        the group. ``no_numerator`` where the outcome of some target is not known.

    Raises
    ------
    DataError, ParameterError
        As :func:`attainment`.
    """
    each = attainment(targets, lower_is_better=lower_is_better)
    outcomes = each["target_outcome"].where(each["target_outcome"] != "")
    hits = {share: outcomes.isin(hits).where(outcomes.notna()).astype(float) for share, hits in _SHARES.items()}
    counted = each[["unit", "period"]].assign(targets=1.0, **hits)
    wanted = {share: (share, "targets", "of_targets") for share in _SHARES}
    return shares(counted, wanted, by=by, confidence=confidence)


def coverage(
    table: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    by: str | Sequence[str] | None = None,
    indicator: str = "coverage_share",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Share of units that have or do something, counted completely: 20 of 20 departments with a one-stop shop.

    Parameters
    ----------
    table : DataFrame
        Counts.
    numerator, denominator : str
        Columns with the units covered and all units.
    by : str or sequence of str, optional
        Grouping columns.
    indicator : str, default "coverage_share"
        Code of what is covered.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1. Since every unit is counted, the interval is not a
        sampling error.

    Returns
    -------
    DataFrame
        As :func:`proportion`, ``basis`` census, flagged ``ceiling`` from 95 % on.

    Raises
    ------
    DataError, ParameterError
        As :func:`proportion`.
    """
    return proportion(
        table,
        numerator=numerator,
        denominator=denominator,
        by=by,
        indicator=indicator,
        definition="of_all_units",
        basis="census",
        confidence=confidence,
        # A complete count of few units is still complete.
        few=0,
        ceiling=CEILING,
    )


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
    value, known = (
        np.column_stack(three).ravel() for three in ((own, appraised, own - appraised), (*given, np.minimum(*given)))
    )
    code = np.tile([*_SCORES, "appraisal_gap"], len(keys))
    return build(
        keys.loc[keys.index.repeat(3)].reset_index(drop=True),
        indicator=pd.Series(code),
        value=value,
        numerator=np.where(code == "appraisal_gap", np.nan, value),
        denominator=np.repeat(maximum, 3),
        n=np.repeat(rows, 3),
        definition="of_counted_criteria",
        basis="census",
        reasons={
            "not_scored": np.isnan(value) & (known == 0),
            "partly_missing": np.isnan(value),
            "not_sampled": ~np.isnan(value),
        },
    )


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
