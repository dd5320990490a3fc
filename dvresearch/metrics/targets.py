"""Plan targets: how far each was reached, how many were exceeded, met and not met; coverage."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import ParameterError
from dvresearch.metrics.estimates import CEILING, build
from dvresearch.metrics.proportions import proportion, shares
from dvresearch.tables import TARGETS, check
from dvresearch.text import target_direction

__all__ = ["OUTCOMES", "attainment", "attainment_shares", "coverage"]

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
