"""The 766 index (QĐ 766/QĐ-TTg, 23 June 2022): scores recomputed from counts, national averages.

Timeliness (TDGQ) and satisfaction (MDHL) follow from counts the portal publishes; the other
four groups are carried as published. Each score carries its maximum as denominator.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics.estimates import CEILING, FEW, Floats, build, check_part, column_numbers
from dvresearch.tables import INDEX766, Q766_GROUPS, UNIT_KEY, check

__all__ = ["ITEMS", "MAXIMA", "THRESHOLDS", "index766", "national766", "threshold_score"]

#: Points of each group and of the total.
MAXIMA = MappingProxyType(
    {
        "q766_ckmb": 18,
        "q766_tdgq": 20,
        "q766_online": 12,
        "q766_tttt": 10,
        "q766_mdsh": 22,
        "q766_mdhl": 18,
        "q766_total": 100,
    }
)
#: Item -> group, points, counts of its ratio. The items of a group are added.
ITEMS = MappingProxyType(
    {
        "timeliness": ("q766_tdgq", 20, "in_time", "received"),
        "feedback_in_time": ("q766_mdhl", 6, "feedback_in_time", "feedback_total"),
        "feedback_satisfied": ("q766_mdhl", 6, "feedback_satisfied", "feedback_total"),
        "satisfaction": ("q766_mdhl", 6, "satisfied_766", "satisfaction_base_766"),
    }
)
#: Ratio from which an item has full marks. The portal scores three of the items in proportion.
THRESHOLDS = MappingProxyType(
    {"timeliness": 1.0, "feedback_in_time": 1.0, "feedback_satisfied": 1.0, "satisfaction": 0.9}
)
_RECOMPUTED = tuple(dict.fromkeys(group for group, *_ in ITEMS.values()))
_SIZE = {"q766_tdgq": "received", "q766_mdhl": "feedback_total"}


def threshold_score(ratio: ArrayLike, maximum: float, threshold: float) -> Floats:
    """Points of a ratio: full from the threshold on, in proportion below it.

    Parameters
    ----------
    ratio : array-like of float
        Shares, 0-1; NaN stays NaN.
    maximum : float
        Points at and above the threshold.
    threshold : float
        Share (above 0, at most 1) from which the points are full: 0.8 for most items of the
        formula note to QĐ 766, 0.9 for item 5.4, 0.5 for item 3.3, 1 for plain proportion.

    Returns
    -------
    array of float
        ``maximum · min(1, ratio / threshold)``.

    Raises
    ------
    ParameterError
        For a threshold outside 0-1.

    Notes
    -----
    Checked against the portal: 23.82 % of 4 points without threshold is 0.95 (tests/test_index766.py).
    """
    if not 0 < threshold <= 1:
        raise ParameterError("threshold-outside-0-1", got=repr(threshold))
    return maximum * np.minimum(1.0, np.asarray(ratio, dtype=np.float64) / threshold)


def index766(
    counts: pd.DataFrame,
    *,
    thresholds: Mapping[str, float] = THRESHOLDS,
    zero: Literal["na", "zero", "full"] = "na",
) -> pd.DataFrame:
    """Scores of the 766 index by unit, timeliness and satisfaction recomputed from counts.

    Parameters
    ----------
    counts : DataFrame
        One row per unit and period, see ``tables.INDEX766``.
    thresholds : mapping of str to float
        Ratio (0-1) from which an item of `ITEMS` has full marks; items left out keep the value of `THRESHOLDS`.
    zero : {"na", "zero", "full"}, default "na"
        What an item scores whose denominator is 0: nothing that can be compared, 0 points, or full
        marks. The rule text says 0 or "not applicable"; the portal gives communes without any feedback
        full marks.

    Returns
    -------
    DataFrame
        Unit and period columns, then those of ``tables.ESTIMATES``: for each unit the six groups and the
        total. ``value`` is in points, ``denominator`` the maximum, ``n`` the cases behind a recomputed group.
        ``method`` is ``recomputed`` or ``published``. A score has no interval (``not_sampled``): it follows
        from complete counts, and the published groups come without counts. ``flags``: MDHL is ``imputed``,
        since its items are timeliness; ``ceiling`` from 95 % of the maximum on; ``few`` below 30 cases.

    Raises
    ------
    DataError
        For a missing column, text, a negative count, or a numerator above its denominator.
    ParameterError
        For an unknown word or item, or a threshold outside 0-1.

    Notes
    -----
    TDGQ = 20·in time/received; MDHL = 6·feedback in time/feedback + 6·feedback satisfied/feedback +
    min(6, 6·s/0.9), s the portal's imputed satisfaction. Nothing is rounded.

    Checked against the published scores of the 34 provinces, 10 October 2026: none off by more than
    0.01 (tests/test_index766.py).
    """
    check_choice("zero", zero, ("na", "zero", "full"))
    check(counts, INDEX766)
    for item in thresholds:
        check_choice("thresholds", item, tuple(ITEMS))
    points = _recompute(counts, {**THRESHOLDS, **thresholds}, zero)
    scores = {g: points[g] if g in points else _column(counts, g) for g in Q766_GROUPS}
    scores["q766_total"] = np.sum([scores[g] for g in Q766_GROUPS], axis=0)
    keys = counts[[c for c in (*UNIT_KEY, "parent_code", "period") if c in counts.columns]].reset_index(drop=True)
    frames = []
    for code, value in scores.items():
        recomputed = code in points or code == "q766_total"
        n = _column(counts, _SIZE[code]) if code in _SIZE else np.full(len(counts), np.nan)
        frames.append(
            build(
                keys,
                indicator=code,
                value=value,
                denominator=MAXIMA[code],
                n=n,
                basis="census",
                method="recomputed" if recomputed else "published",
                flags={
                    "few": n < FEW,
                    "ceiling": value >= CEILING * MAXIMA[code],
                    "imputed": code == "q766_mdhl",
                },
                reasons={
                    "zero_denominator": np.isnan(value) & _zero(counts, code),
                    "no_counts": np.isnan(value) & recomputed,
                    "not_published": np.isnan(value),
                    "not_sampled": np.full(len(counts), True),
                },
            )
        )
    order = np.arange(len(frames) * len(keys)).reshape(len(frames), len(keys)).T.ravel()
    return pd.concat(frames).take(order).reset_index(drop=True)


def national766(counts: pd.DataFrame, *, thresholds: Mapping[str, float] = THRESHOLDS) -> pd.DataFrame:
    """National scores of the 766 index in both ways of averaging, each named.

    Parameters
    ----------
    counts : DataFrame
        The provinces, see ``tables.INDEX766``.
    thresholds : mapping of str to float
        As for :func:`index766`.

    Returns
    -------
    DataFrame
        The columns of ``tables.ESTIMATES``, two rows for each group and for the total.
        ``definition`` ``unweighted_mean``: mean of the published scores, each unit counting alike (what the
        portal shows as the national score), ``n`` units. ``pooled``: the score of the summed counts, so
        that every dossier and every feedback counts alike; without value (``no_counts``) where only
        scores are published.

    Raises
    ------
    DataError, ParameterError
        As :func:`index766`.

    Notes
    -----
    Checked against the portal's national scores of 10 October 2026 (62.59; TDGQ 17.56, MDHL 10.24) and
    the pooled TDGQ 17.33 computed by hand (tests/test_index766.py).
    """
    check(counts, INDEX766)
    counted = sorted({c for *_, x, n in ITEMS.values() for c in (x, n)})
    whole = pd.DataFrame({c: [_column(counts, c).sum()] for c in counted})
    pooled = _recompute(whole, {**THRESHOLDS, **thresholds}, "na")
    codes = (*Q766_GROUPS, "q766_total")
    frames = []
    for code in codes:
        scores = _column(counts, code)
        values = {"unweighted_mean": float(scores.mean()), "pooled": float(pooled.get(code, np.array([np.nan]))[0])}
        size = {
            "unweighted_mean": len(counts),
            "pooled": float(whole[_SIZE[code]].iloc[0]) if code in _SIZE else np.nan,
        }
        for definition, value in values.items():
            frames.append(
                build(
                    pd.DataFrame(index=[0]),
                    indicator=code,
                    value=value,
                    denominator=MAXIMA[code],
                    n=size[definition],
                    definition=definition,
                    basis="census",
                    method="published" if definition == "unweighted_mean" else "recomputed",
                    flags={"imputed": code == "q766_mdhl"},
                    reasons={
                        "not_published": np.isnan(value) and definition == "unweighted_mean",
                        "no_counts": np.isnan(value),
                        "not_sampled": True,
                    },
                )
            )
    return pd.concat(frames, ignore_index=True)


def _column(counts: pd.DataFrame, column: str) -> Floats:
    return column_numbers(counts, column) if column in counts.columns else np.full(len(counts), np.nan)


def _recompute(counts: pd.DataFrame, thresholds: Mapping[str, float], zero: str) -> dict[str, Floats]:
    points = {group: np.zeros(len(counts)) for group in _RECOMPUTED}
    for item, (group, maximum, numerator, denominator) in ITEMS.items():
        x, n = _column(counts, numerator), _column(counts, denominator)
        check_part(x, n, names=(numerator, denominator))
        some = n > 0
        ratio = np.divide(x, n, out=np.full(len(counts), np.nan), where=some)
        if zero != "na":
            ratio[n == 0] = 0.0 if zero == "zero" else 1.0
        points[group] = points[group] + threshold_score(ratio, maximum, thresholds[item])
    return points


def _zero(counts: pd.DataFrame, code: str) -> np.ndarray:
    """Rows in which an item of the group (or of any, for the total) has the denominator 0."""
    denominators = [n for group, _, _, n in ITEMS.values() if code in (group, "q766_total")]
    return (
        np.any([_column(counts, n) == 0 for n in denominators], axis=0) if denominators else np.zeros(len(counts), bool)
    )
