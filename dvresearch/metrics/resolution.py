"""On-time resolution of dossiers under each of the definitions in use, from counts.

Numerator and denominator both differ between the definitions, and so do the numbers: the
definition is never implied, and its code stands in every row of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import check_choice
from dvresearch.metrics.comparisons import refuse_mixed, refuse_whole_and_parts
from dvresearch.metrics.counts import METHODS, share
from dvresearch.metrics.estimates import (
    Floats,
    check_confidence,
    check_number,
    check_part,
    column_numbers,
    grouped_counts,
    grouping,
    label_groups,
    with_counts,
)
from dvresearch.metrics.identities import TALLY_IDENTITIES, Identity, complete
from dvresearch.tables import BASES, TALLY, Table, check

__all__ = ["DEFINITIONS", "resolution_rate"]


#: Definition -> numerator, denominator (some are made by `_counts`), and the columns whose absence is reported.
_LADDER = {
    "resolved": ("resolved_within", "resolved", ("resolved_within", "resolved")),
    "due": ("due_within", "due", ("due_within", "due")),
    "workload": ("not_late", "base_workload", ("resolved_late", "pending_overdue", "workload")),
    "q766": ("within_766", "base_766", ("resolved_within", "pending_within", "workload")),
    "total": ("resolved_within", "total", ("resolved_within", "total")),
}
#: The definitions in the order of the ladder; ``total`` is a share of a sum whose base the source does not name.
DEFINITIONS = tuple(_LADDER)
_COUNTS = Table("tally", TALLY.row, (), tuple(c for c in TALLY.columns if c.kind == "count"))
#: Share of dossiers of unknown timeliness above which a rate is not given.
MOST_UNKNOWN = 0.5
#: What the note of a tally says that bears on every share made of it.
_NOTED = ("late_by_hour", "not_received", "not_started", "not_admitted")
#: How blank totals are filled. Received dossiers are not filled from their state under `q766`: that
#: would count those carried in twice.
_FILL = (
    *(i for i in TALLY_IDENTITIES if i.role == "sum"),
    Identity("workload_out", "workload", ("resolved", "pending")),
    Identity("within_766", "within_766", ("resolved_within", "pending_within")),
)

Bools = NDArray[np.bool_]
Masks = dict[str, Bools]
Counts = dict[str, Floats]


def resolution_rate(
    tally: pd.DataFrame,
    *,
    definition: Literal["resolved", "due", "workload", "q766", "total", "all"] | None = None,
    by: str | Sequence[str] | None = None,
    total_is: Literal["unnamed", "workload", "resolved", "due"] = "unnamed",
    method: Literal["wilson", "clopper_pearson", "agresti_coull", "jeffreys"] = "wilson",
    confidence: float = 0.95,
    most_unknown: float = MOST_UNKNOWN,
) -> pd.DataFrame:
    """Share of dossiers resolved, or still being handled, within their time.

    Parameters
    ----------
    tally : DataFrame
        Counts, see ``tables.TALLY``; columns a source does not give may be absent or blank.
    definition : {"resolved", "due", "workload", "q766", "total", "all"}
        ``resolved``: (early + on time) / resolved. ``due``: those of them / due in the period.
        ``workload``: 1 - (resolved late + pending overdue) / (carried in + received - paused - undated).
        ``q766`` (QĐ 766/QĐ-TTg, item 2.1): (resolved in time + pending within time) / received.
        ``total``: resolved in time / a total whose base the source does not name.
        ``all``: the ladder, a row for each of these in this order.
    by : str or sequence of str, optional
        Grouping columns. Counts of a group are added before they are divided, rates never averaged.
        Without it the result is one row for each definition over all rows.
    total_is : {"unnamed", "workload", "resolved", "due"}, default "unnamed"
        What the column ``total`` counts, when the reader of the source is willing to say so. It then
        stands in for that column where that is blank, and the rows carry the reason ``total_assumed``.
    method : {"wilson", "clopper_pearson", "agresti_coull", "jeffreys"}, default "wilson"
        Interval method, as for :func:`proportion`.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    most_unknown : float, default 0.5
        Share 0-1 of dossiers whose timeliness is not known, of these and the denominator together, above which the
        rate is not given (reason ``too_many_unknown``): most of what it would speak of was never looked at.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``. ``basis`` is that of the tally, census when it
        has none. A definition the columns do not support comes back without value; ``reason``
        then lists what is missing (``no_resolved_late;no_pending_overdue``). A value whose numerator or
        denominator was added up from its parts says so there too (``derived_resolved``).

    Raises
    ------
    DataError
        For text or negative counts, a numerator above its denominator (with the row, counted
        from 1), an empty table, or a group that mixes levels or versions of units, or holds a
        unit beside its own parts.
    ParameterError
        For an unknown word or a confidence level outside 0-1.

    Notes
    -----
    Nothing is obtained by subtraction, and one unknown count makes the sum of its group
    unknown (``partly_missing``). ``workload`` and ``q766`` add no stocks of several periods: a dossier
    pending through three months would be counted three times (``stocks_of_periods``).

    Dossiers handed back or withdrawn are left out of ``resolved`` and ``due``, stand in the denominator of
    ``workload`` and are never late there, and count under ``q766`` like those resolved, by the day they
    ended (they are end states of the portal).

    ``q766`` is ``in_time / (in_time + out_of_time)`` where the source gives these (or over ``received``), or else
    (resolved within + pending within) / (workload - paused - undated), which the reason ``derived_q766`` then says.

    Dossiers paused for the citizen's supplement are neither within their time nor overdue, and of undated ones it
    cannot be known: they stand in neither numerator nor denominator of any definition. Where a source counts them the
    row says how many (``paused_left_out=10``, ``undated_left_out=5``, and the flag ``partly_unknown``); over several
    periods, through which the same dossier may wait, without the number.

    What :func:`tally` noted goes on in ``reason`` with its count, which is that of the whole file:
    ``late_by_hour=3``, ``not_received``, ``not_started``, ``not_admitted``.

    Checked against the figures of Quế Sơn, Lâm Đồng and Vĩnh Phúc as published (see
    tests/test_resolution.py). Quế Sơn 2022, base of the total not named: 77.83 % of the total, 79.82 % of
    those resolved, 79.47 % if the total is the workload.
    """
    check_choice("definition", definition, (*DEFINITIONS, "all"))
    assert definition is not None  # refused above; for the type checker only
    check_choice("total_is", total_is, ("unnamed", "workload", "resolved", "due"))
    check_choice("method", method, tuple(METHODS))
    check_confidence(confidence)
    check_number("most_unknown", most_unknown, 0, 1)
    check(tally, _COUNTS)
    labels = grouping(tally, by)
    refuse_mixed(tally, ("unit_level", "unit_version"), by=labels)
    refuse_whole_and_parts(tally, "group", by=labels)

    names = DEFINITIONS if definition == "all" else (definition,)
    counts, remarks, left_out = _counts(tally, total_is)
    columns: dict[str, Floats] = {"rows": np.ones(len(tally))}
    for name in names:
        numerator, denominator, _ = _LADDER[name]
        check_part(counts[numerator], counts[denominator], names=(numerator, denominator))
        columns |= {f"{name}.x": counts[numerator], f"{name}.n": counts[denominator]}
        remarks[name] = {code: mask for code, mask in remarks[name].items() if mask.any()}
        columns |= {f"{name}.{code}": mask.astype(float) for code, mask in remarks[name].items()}
    work = pd.concat([tally[labels].reset_index(drop=True), pd.DataFrame(columns)], axis=1)
    keys, sums = grouped_counts(work, list(columns), by=labels)
    total = dict(zip(columns, sums, strict=True))
    _, at = label_groups(tally, labels)
    noted, basis, stocks = _noted(tally, at), _basis(tally, at), _several_periods(tally, labels, at)
    frames = []
    for name in names:
        codes = {code: total[f"{name}.{code}"] for code in remarks[name]}
        left = {code: _at_once(tally, labels, at, count) for code, count in left_out[name].items()}
        # Dossiers counted by the state of those received (766) stand in one period only, stocks in several.
        repeated = stocks & ((name == "workload") | (codes.get("derived_q766", np.zeros(1)) > 0))
        x, n = (np.where(repeated, np.nan, total[f"{name}.{c}"]) for c in "xn")
        undated = left.get("undated_left_out", np.zeros(len(keys)))
        unsure = (undated > 0) & (undated > most_unknown * (np.nan_to_num(n) + undated)) & ~np.isnan(n)
        reasons = _reasons(codes, total["rows"], np.isnan(x) | np.isnan(n), repeated)
        numbers = {code: np.where(stocks & (count > 0), np.nan, count) for code, count in left.items()} | noted
        frame = share(
            keys,
            np.where(unsure, np.nan, x),
            n,
            indicator="dossiers_in_time_share",
            definition=name,
            basis=basis,
            method=method,
            confidence=confidence,
            flags={"partly_unknown": undated > 0},
            reasons={"too_many_unknown": unsure, **reasons},
        )
        frames.append(frame.assign(reason=with_counts(frame["reason"], numbers)))
    # The ladder of one group stays together.
    return pd.concat(frames).sort_index(kind="stable", ignore_index=True)


def _counts(tally: pd.DataFrame, total_is: str) -> tuple[dict[str, Floats], dict[str, Masks], dict[str, Counts]]:
    """Return the columns of every definition, row by row, and by definition the rows to remark on and what is left out.

    What is left out is the number of dossiers that are neither in time nor late by a definition, by reason.
    """
    blank = np.full(len(tally), np.nan)
    given = {c: column_numbers(tally, c) for c in _COUNTS.names if c in tally.columns}
    assumed = np.zeros(len(tally), dtype=bool)
    if total_is != "unnamed":
        stated, total = given.get(total_is, blank), given.get("total", blank)
        assumed = np.isnan(stated) & ~np.isnan(total)
        given[total_is] = np.where(assumed, total, stated)
    filled, derived = complete(given, _FILL)
    counts = dict.fromkeys((*_COUNTS.names, "within_766"), blank) | filled
    paused, undated = (np.nan_to_num(counts[c]) for c in ("pending_paused", "undated"))
    counts["base_workload"] = counts["workload"] - paused - undated
    late = counts["resolved_late"] + counts["pending_overdue"]
    parts = ("resolved_late + pending_overdue", "workload - pending_paused - undated")
    check_part(late, counts["base_workload"], names=parts)
    counts["not_late"] = counts["base_workload"] - late
    # The portal's own counts by state come first; parts over the workload stand in for them.
    portal = ~np.isnan(counts["in_time"])
    received = counts["in_time"] + counts["out_of_time"]
    received = np.where(np.isnan(received), counts["received"], received)
    counts["within_766"] = np.where(portal, counts["in_time"], counts["within_766"])
    counts["base_766"] = np.where(portal, received, counts["base_workload"])

    remarks = {name: {f"no_{c}": np.isnan(counts[c]) for c in needs} for name, (_, _, needs) in _LADDER.items()}
    remarks["q766"] = {code: mask & ~portal for code, mask in remarks["q766"].items()} | {"derived_q766": ~portal}
    remarks["resolved"]["derived_resolved"] = derived["resolved_parts"]
    remarks["workload"]["derived_workload"] = derived["workload_in"] | derived["workload_out"]
    if total_is != "unnamed":
        remarks[total_is]["total_assumed"] = assumed
    if total_is == "workload":
        remarks["q766"]["total_assumed"] = assumed & ~portal
    # Under the portal's rule of supplements its own counts hold the paused dossiers, too.
    rule = tally["supplement"] == "q766" if "supplement" in tally else pd.Series(False, index=tally.index)
    held = portal & rule.to_numpy(dtype=bool, na_value=False)
    both = {"paused_left_out": paused, "undated_left_out": undated}
    left_out = {"resolved": {"undated_left_out": undated}, "due": both, "workload": both, "total": {}}
    left_out["q766"] = both | {"paused_left_out": np.where(held, 0.0, paused)}
    return counts, remarks, left_out


def _at_once(tally: pd.DataFrame, labels: list[str], at: NDArray[np.intp], count: Floats) -> Floats:
    """Return a count of dossiers by group; of several periods the largest, since one may wait through all of them."""
    if not count.any():
        return np.zeros(at.max() + 1)
    period = tally["period"].fillna("").array if "period" in tally and "period" not in labels else 0
    each = pd.DataFrame({"group": at, "period": period, "count": count}).groupby(["group", "period"])["count"].sum()
    return each.groupby("group").max().to_numpy()


def _noted(tally: pd.DataFrame, at: NDArray[np.intp]) -> Counts:
    """Return the counts that :func:`tally` noted, by group: each row states those of the whole file."""
    if "note" not in tally:
        return {}
    note = tally["note"].fillna("").str
    numbers = {code: note.extract(rf"\b{code}=(\d+)", expand=False).astype(float).fillna(0) for code in _NOTED}
    return {code: number.groupby(at).max().to_numpy() for code, number in numbers.items()}


def _basis(tally: pd.DataFrame, at: NDArray[np.intp]) -> pd.Series:
    """Return the basis of each group, unknown where its rows differ; a tally that does not say is a complete count."""
    if "basis" not in tally:
        return pd.Series("census", index=range(at.max() + 1), dtype="str")
    kinds, words = pd.factorize(tally["basis"].fillna("census").replace("", "census"))
    first = kinds[np.unique(at, return_index=True)[1]]
    mixed = np.bincount(at, weights=kinds != first[at]) > 0
    stated = pd.Series(words.take(first), dtype="str")
    return stated.where(stated.isin(BASES) & ~mixed, "unknown")


def _several_periods(tally: pd.DataFrame, labels: list[str], at: NDArray[np.intp]) -> Bools:
    """Groups whose rows come from more than one period."""
    if "period" not in tally or "period" in labels:
        return np.zeros(at.max() + 1, dtype=bool)
    return (tally["period"].groupby(at).agg("nunique") > 1).to_numpy()


def _reasons(codes: dict[str, Floats], rows: Floats, unknown: NDArray[np.bool_], repeated: NDArray[np.bool_]) -> Masks:
    """Return each combination of remarks that occurs, joined by ``;``, with the groups it belongs to."""
    lacking = {c: v for c, v in codes.items() if c.startswith("no_")}
    masks: Masks = {"stocks_of_periods": repeated}
    masks |= {c: (v > 0) & unknown & ~repeated for c, v in lacking.items()}
    partly = [(v > 0) & (v < rows) for v in lacking.values()] or [np.zeros(len(rows), dtype=bool)]
    masks["partly_missing"] = np.any(partly, axis=0) & unknown & ~repeated
    masks |= {c: (v > 0) & ~unknown for c, v in codes.items() if c not in lacking}
    bits = sum(m.astype(np.int64) << i for i, m in enumerate(masks.values()))
    return {";".join(c for i, c in enumerate(masks) if b >> i & 1): np.asarray(bits == b) for b in np.unique(bits) if b}
