"""The 766 index (QĐ 766/QĐ-TTg, 23 June 2022): scores from counts, and what the published figures show of themselves.

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

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text, check_choice, message
from dvresearch.metrics import findings
from dvresearch.metrics.estimates import CEILING, FEW, Floats, build, check_part, column_numbers
from dvresearch.metrics.identities import Identity, check_identities, row_names
from dvresearch.tables import INDEX766, Q766_GROUPS, UNIT_KEY, check
from dvresearch.text.formats import format_number, format_percent

__all__ = [
    "compare766",
    "compare_national766",
    "cumulative_against_parts",
    "imputed_check",
    "index766",
    "national766",
    "variance_check",
]

#: Points of each group, in the order of ``tables.Q766_GROUPS``, and of the total.
MAXIMA = MappingProxyType(dict(zip((*Q766_GROUPS, "q766_total"), (18, 20, 12, 10, 22, 18, 100), strict=True)))
#: Item -> group, points, counts of its ratio. The items of a group are added.
ITEMS = MappingProxyType(
    {
        "timeliness": ("q766_tdgq", 20, "in_time", "received"),
        "feedback_in_time": ("q766_mdhl", 6, "feedback_in_time", "feedback_total"),
        "feedback_satisfied": ("q766_mdhl", 6, "feedback_satisfied", "feedback_total"),
        "satisfaction": ("q766_mdhl", 6, "satisfied_766", "satisfaction_base_766"),
    }
)
#: Ratio from which an item has full marks, in proportion below it. The portal scores three of the items in proportion.
THRESHOLDS = MappingProxyType(dict.fromkeys(ITEMS, 1.0) | {"satisfaction": 0.9})
_SIZE = {"q766_tdgq": "received", "q766_mdhl": "feedback_total"}
#: Largest gap between a recomputed score, rounded as the portal rounds, and the published one.
TOLERANCE = 0.01
#: Correlation from which one share is called a restatement of the other.
SAME = 0.99
#: Six group scores and their total are each rounded to two decimals.
_ROUNDING = (len(Q766_GROUPS) + 1) * 0.005


def index766(
    counts: pd.DataFrame, *, thresholds: Mapping[str, float] = THRESHOLDS, zero: Literal["na", "zero", "full"] = "na"
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
    points, empty = _recompute(counts, thresholds, zero)
    scores = {g: points[g] if g in points else _column(counts, g) for g in Q766_GROUPS}
    scores["q766_total"] = np.sum([scores[g] for g in Q766_GROUPS], axis=0)
    keys = counts[[c for c in (*UNIT_KEY, "parent_code", "period") if c in counts.columns]].reset_index(drop=True)
    code, most = np.tile([*MAXIMA], len(counts)), np.tile([*MAXIMA.values()], len(counts))
    value, n, nothing = (
        np.column_stack(columns).ravel()
        for columns in (
            [scores[c] for c in MAXIMA],
            [_column(counts, _SIZE.get(c, "")) for c in MAXIMA],
            [empty.get(c, np.zeros(len(counts), dtype=bool)) for c in MAXIMA],
        )
    )
    unknown, recomputed = np.isnan(value), np.isin(code, [*points, "q766_total"])
    return build(
        keys.loc[keys.index.repeat(len(MAXIMA))].reset_index(drop=True),
        indicator=pd.Series(code),
        value=value,
        denominator=most,
        n=n,
        basis="census",
        method=pd.Series(np.where(recomputed, "recomputed", "published")),
        flags={"few": n < FEW, "ceiling": value >= CEILING * most, "imputed": code == "q766_mdhl"},
        reasons={
            "zero_denominator": unknown & nothing,
            "no_counts": unknown & recomputed,
            "not_published": unknown,
            "not_sampled": ~unknown,
        },
    )


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
    pooled, _ = _recompute(whole, thresholds, "na")
    code, means = np.repeat([*MAXIMA], 2), np.tile([True, False], len(MAXIMA))
    value = np.array([v for c in MAXIMA for v in (_column(counts, c).mean(), *pooled.get(c, [np.nan]))])
    return build(
        pd.DataFrame(index=range(len(code))),
        indicator=pd.Series(code),
        value=value,
        denominator=np.repeat([*MAXIMA.values()], 2),
        n=[size for c in MAXIMA for size in (len(counts), *_column(whole, _SIZE.get(c, "")))],
        definition=pd.Series(np.where(means, "unweighted_mean", "pooled")),
        basis="census",
        method=pd.Series(np.where(means, "published", "recomputed")),
        flags={"imputed": code == "q766_mdhl"},
        reasons={
            "not_published": np.isnan(value) & means,
            "no_counts": np.isnan(value),
            "not_sampled": ~np.isnan(value),
        },
    )


def _column(counts: pd.DataFrame, column: str) -> Floats:
    return column_numbers(counts, column) if column in counts.columns else np.full(len(counts), np.nan)


def _ratio(counts: pd.DataFrame, item: str) -> Floats:
    """Return the share (0-1) that an item scores, NaN where it is not known or its denominator is 0."""
    *_, numerator, denominator = ITEMS[item]
    x, n = _column(counts, numerator), _column(counts, denominator)
    check_part(x, n, names=(numerator, denominator))
    return np.divide(x, n, out=np.full(len(counts), np.nan), where=n > 0)


def _points(ratio: Floats, item: str, thresholds: Mapping[str, float] = THRESHOLDS) -> Floats:
    return ITEMS[item][1] * np.minimum(1.0, ratio / thresholds[item])


def _recompute(
    counts: pd.DataFrame, thresholds: Mapping[str, float], zero: str
) -> tuple[dict[str, Floats], dict[str, np.ndarray]]:
    """Return the points of each group with counts, and the rows in which one of its denominators is 0."""
    for item, threshold in thresholds.items():
        check_choice("thresholds", item, tuple(ITEMS))
        if not 0 < threshold <= 1:
            raise ParameterError("threshold-outside-0-1", got=repr(threshold))
    points: dict[str, Floats] = {}
    empty = {"q766_total": np.zeros(len(counts), dtype=bool)}
    for item, (group, *_, denominator) in ITEMS.items():
        ratio, nothing = _ratio(counts, item), _column(counts, denominator) == 0
        if zero != "na":
            ratio[nothing] = 0.0 if zero == "zero" else 1.0
        points[group] = points.get(group, 0.0) + _points(ratio, item, {**THRESHOLDS, **thresholds})
        for code in (group, "q766_total"):
            empty[code] = empty.get(code, False) | nothing
    return points, empty


def compare766(
    counts: pd.DataFrame, *, thresholds: Mapping[str, float] = THRESHOLDS, zero: Literal["na", "zero", "full"] = "na"
) -> pd.DataFrame:
    """Compare recomputed with published scores, and the groups with the total.

    Parameters
    ----------
    counts, thresholds, zero
        As for :func:`index766`.

    Returns
    -------
    DataFrame
        Findings, unit by unit: ``q766_tdgq`` and ``q766_mdhl`` (the recomputed score, rounded half up to two
        decimals, differs from the published one by at most 0.01) where the unit has counts, and
        ``q766_groups`` (the published groups add up to the published total, within what rounding allows).

    Raises
    ------
    DataError, ParameterError
        As :func:`index766`.
    """
    scores = index766(counts, thresholds=thresholds, zero=zero)
    codes = ("q766_tdgq", "q766_mdhl")
    pairs = {c: (scores.loc[scores["indicator"] == c, "value"].array, column_numbers(counts, c)) for c in codes}
    compared = findings.table(
        _compare(code, computed[i], stated[i], where)
        for i, where in enumerate(row_names(counts, ("unit", "period")))
        for code, (computed, stated) in pairs.items()
        if not np.isnan(computed[i] + stated[i])
    )
    groups = Identity("q766_groups", "q766_total", Q766_GROUPS)
    added = check_identities(counts, [groups], label=("unit", "period"), tolerance=_ROUNDING)
    return pd.concat([compared, added.drop(columns="residual")], ignore_index=True)


def compare_national766(counts: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Compare the published national scores with the unweighted means of the provinces.

    Parameters
    ----------
    counts : DataFrame
        The provinces, see ``tables.INDEX766``.
    figures : DataFrame
        The national scores, see ``tables.FIGURES``: ``indicator`` (group or total) and ``value``. The portal
        publishes online services and payment as one group.

    Returns
    -------
    DataFrame
        Findings ``q766_national``, one for each national score.
    """
    means = national766(counts)
    means = means[means["definition"] == "unweighted_mean"].set_index("indicator")["value"]
    means["q766_online_tttt"] = means["q766_online"] + means["q766_tttt"]
    known = figures[figures["indicator"].isin(means.index)]
    where = row_names(known, ("unit", "period", "indicator"))
    return findings.table(
        map(_compare, ["q766_national"] * len(known), means[known["indicator"]], known["value"], where)
    )


def _finding(
    check: str, verdict: str, where: str, told: Text, computed: str = "", stated: str = ""
) -> findings.Finding:
    severity = "major" if verdict in ("fail", "review") else "info"
    return findings.finding(check, verdict, where, computed=computed, stated=stated, severity=severity, guidance=told)


def _compare(code: str, computed: float, stated: float, where: str) -> findings.Finding:
    rounded = findings.digits(computed, 2)
    fits = abs(float(rounded) - stated) <= TOLERANCE + 1e-9
    told = message("score-agrees" if fits else "score-differs")
    return _finding(code, "pass" if fits else "fail", where, told, rounded, findings.digits(stated, 2))


def cumulative_against_parts(
    parts: ArrayLike, cumulative: float, *, where: str, half_unit: float = 0.00005
) -> pd.DataFrame:
    """Check whether a cumulative share can be that of the periods it is said to cover.

    Parameters
    ----------
    parts : array-like of float
        Shares (0-1) of the single periods, as printed.
    cumulative : float
        Share (0-1) over all of them.
    where : str
        What the shares are about.
    half_unit : float, default 0.00005
        Half a unit of the last printed digit of the parts (0.00005 for 58.83 %).

    Returns
    -------
    DataFrame
        One finding ``cumulative_share``. Outside the range of the parts it is a ``fail``, within it a ``pass``.
        ``computed`` is the end of the range it is compared with.

    Notes
    -----
    If every case counts in one period only, under one definition, the cumulative share is a weighted mean of the
    parts and lies among them. A share outside says that one of these does not hold, not which: definitions may
    differ, cases carried over may count again in the next period (a share of the workload does that), or the periods
    may have been read on other days than the cumulative share.

    Checked against a workload of three months by hand, and the national figures of 2026: months from 40.80 to
    82.83 %, cumulative 86.64 % (tests/test_index766.py).
    """
    shares = np.asarray(parts, dtype=np.float64)
    shares = shares[~np.isnan(shares)]
    if not len(shares) or np.isnan(cumulative):
        return findings.table([_finding("cumulative_share", "unknown", where, message("cumulative-not-checkable"))])
    low, high = shares.min(), shares.max()
    inside = low - half_unit <= cumulative <= high + half_unit
    told = message(
        "cumulative-among-parts" if inside else "cumulative-outside-parts",
        k=len(shares),
        low=findings.written(format_percent, low, 2),
        high=findings.written(format_percent, high, 2),
        all=findings.written(format_percent, cumulative, 2),
    )
    nearest = findings.percent(low if cumulative < low else high)
    verdict = "pass" if inside else "fail"
    return findings.table([_finding("cumulative_share", verdict, where, told, nearest, findings.percent(cumulative))])


def imputed_check(counts: pd.DataFrame) -> pd.DataFrame:
    """Show what the "satisfaction" of the index follows from: its items against shares in time.

    Parameters
    ----------
    counts : DataFrame
        The units, see ``tables.INDEX766``.

    Returns
    -------
    DataFrame
        Three findings, ``review`` when the pattern is there and ``pass`` when it is not:
        ``imputed_correlation`` (Pearson's r between imputed satisfaction, item 5.4, and the on-time share across
        units is at least 0.99), ``imputed_never_above`` (the former exceeds the latter in no unit) and
        ``feedback_never_above`` (the same for feedback "satisfied" and in time). ``unknown`` with fewer than three
        units. The guidance adds the covariance share of item 5.4 in the satisfaction score, and how much of the
        feedback counted as dissatisfied was not handled in time.

    Notes
    -----
    Checked against the 34 provinces of 10 October 2026: r = 0.99995 and never above, for both; item 5.4 makes up
    2.1 % of the spread, and 12,745 of 14,649 feedback cases "dissatisfied" were not handled in time.
    """
    check(counts, INDEX766)
    ratio = {item: _ratio(counts, item) for item in ITEMS}
    imputed, in_time = _known_pairs(ratio["satisfaction"], ratio["timeliness"])
    k = len(imputed)
    varied = k > 2 and min(np.ptp(imputed), np.ptp(in_time)) > 0
    r = float(np.corrcoef(imputed, in_time)[0, 1]) if varied else np.nan
    verdict, told = "pass", message("imputed-differs-from-in-time")
    if np.isnan(r):
        verdict, told = "unknown", message("too-few-units-with-counts")
    elif r >= SAME:
        verdict, told = "review", message("imputed-restates-in-time")
        points = {item: _points(ratio[item], item) for item, (group, *_) in ITEMS.items() if group == "q766_mdhl"}
        part = _spread(*_known_pairs(points["satisfaction"], np.sum(list(points.values()), axis=0)))
        if not np.isnan(part):
            told = _joined(told, message("imputed-share-of-spread", part=findings.written(format_percent, part, 1)))
    # What is overdue counts as dissatisfied (item 5.3), so that the late are among the dissatisfied.
    columns = ["feedback_total", "feedback_in_time", "feedback_satisfied"]
    total, on_time, content = counts[columns].dropna().astype(float).sum()
    never = message("feedback-never-above")
    if total > content:
        late, other = total - on_time, total - content
        were_late = message(
            "dissatisfied-were-late",
            late=findings.written(format_number, late, 0),
            dissatisfied=findings.written(format_number, other, 0),
            share=findings.written(format_percent, late / max(other, 1), 0),
        )
        never = _joined(never, were_late)
    handled = _known_pairs(ratio["feedback_satisfied"], ratio["feedback_in_time"])
    return findings.table(
        [
            _finding("imputed_correlation", verdict, f"n = {k}", told, findings.digits(r, 5)),
            _never_above("imputed_never_above", imputed, in_time, message("imputed-never-above")),
            _never_above("feedback_never_above", *handled, never),
        ]
    )


def _joined(first: Text, second: Text) -> Text:
    return Text(f"{first.vi} {second.vi}", f"{first.en} {second.en}")


def _known_pairs(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    both = ~np.isnan(x) & ~np.isnan(y)
    return x[both], y[both]


def _spread(part: Floats, whole: Floats) -> float:
    """Return the covariance share cov(part, whole)/var(whole); NaN with fewer than three units or without spread."""
    varied = len(whole) > 2 and np.ptp(whole) > 0
    return float(np.cov(part, whole)[0, 1] / np.var(whole, ddof=1)) if varied else np.nan


def _never_above(code: str, satisfied: Floats, in_time: Floats, never: Text) -> findings.Finding:
    k, above = len(satisfied), int((satisfied > in_time).sum())
    verdict, told = "review", never
    if k < 3:
        verdict, told = "unknown", message("too-few-units-with-counts")
    elif above:
        verdict, told = "pass", message("satisfied-sometimes-above")
    return _finding(code, verdict, f"n = {k}", told, f"{above}/{k}")


def variance_check(scores: pd.DataFrame, *, group: str = "q766_mdhl") -> pd.DataFrame:
    """Show how much of the spread of the total score across units comes from one group.

    Parameters
    ----------
    scores : DataFrame
        Published scores of the units, see ``tables.INDEX766``.
    group : str, default "q766_mdhl"
        The group of scores.

    Returns
    -------
    DataFrame
        One finding ``group_variance``. ``computed`` is the covariance share cov(group, total)/var(total); over
        the six groups these shares add up to one. ``review`` when it exceeds one half. The guidance adds
        the variance ratio var(group)/var(total), the units with full marks and those with at most a third
        of them. ``unknown`` with fewer than three units or without spread.

    Notes
    -----
    Checked against the 135 communes of Gia Lai, 10 October 2026: covariance share 0.81, variance
    ratio 0.78, 103 with 18 of 18, 14 with at most 6.
    """
    check(scores, INDEX766)
    x, total = _known_pairs(column_numbers(scores, group), column_numbers(scores, "q766_total"))
    where, share = f"n = {len(x)}", _spread(x, total)
    if np.isnan(share):
        return findings.table([_finding("group_variance", "unknown", where, message("too-few-units-with-counts"))])
    told = message(
        "group-makes-spread",
        group=Text(codebook.label("indicator", group, "vi"), codebook.label("indicator", group, "en")),
        share=findings.written(format_percent, share, 0),
        ratio=findings.written(format_number, float(np.var(x) / np.var(total)), 2),
        full=int((x >= MAXIMA[group]).sum()),
        few=int((x <= MAXIMA[group] / 3).sum()),
        k=len(x),
        maximum=MAXIMA[group],
        third=MAXIMA[group] // 3,
    )
    verdict = "review" if share > 0.5 else "pass"
    return findings.table([_finding("group_variance", verdict, where, told, findings.digits(share, 2))])
