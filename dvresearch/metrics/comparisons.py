"""Estimates side by side: which may be compared, breaks in series, differences and changes, ranks and averages.

The breaks that are known are in :mod:`dvresearch.series`.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text, check_choice, message
from dvresearch.metrics.counts import proportion, wilson, z_value
from dvresearch.metrics.estimates import (
    ALL,
    Floats,
    add_flag,
    build,
    check_confidence,
    column_numbers,
    grouping,
    has_flag,
    is_text,
    label_groups,
)
from dvresearch.series import known_breaks
from dvresearch.tables import ESTIMATES, FIGURES, FLAGS, UNIT_KEY, check

__all__ = ["average", "breaks", "change", "difference", "ranks"]


def refuse_mixed(table: pd.DataFrame, columns: Sequence[str], *, by: Sequence[str] = ()) -> None:
    """Refuse a table in which one of `columns` holds several values within a group of `by`.

    Parameters
    ----------
    table : DataFrame
        Rows to be set side by side or added up.
    columns : sequence of str
        Those the table has not are left out.
    by : sequence of str
        Grouping columns; without them the whole table is one group.

    Raises
    ------
    DataError
        The message names the column, its values and which rows to choose.
    """
    for column in columns:
        if column not in table or column in by:
            continue
        seen = list(table[column].dropna().unique())
        if len(seen) < 2 or (by and table.groupby(list(by), sort=False, dropna=False)[column].nunique().max() < 2):
            continue
        name = Text(codebook.label("column", column, "vi"), codebook.label("column", column, "en"))
        shown = ", ".join(map(repr, seen))
        raise DataError("rows-mix-values", got=shown, column_name=column, name=name, first=repr(seen[0]))


def refuse_whole_and_parts(table: pd.DataFrame, column: str, *, by: Sequence[str] = ()) -> None:
    """Refuse a group in which a whole unit (`column` blank) stands beside parts of units.

    Parameters
    ----------
    table : DataFrame
        Rows to be added up or averaged.
    column : str
        The column that names the part of a unit; a table without it has no parts.
    by : sequence of str
        Grouping columns.

    Raises
    ------
    DataError
        A sum over such a group would count the parts twice.
    """
    if column not in table or column in by:
        return
    whole = table[column].isna() | (table[column] == "")
    if whole.all() or not whole.any():
        return
    if not by or whole.groupby([table[c] for c in by], dropna=False).nunique().max() > 1:
        raise DataError("whole-beside-parts", where=f"cột/column {column}", name=column)


def check_comparable(estimates: pd.DataFrame) -> None:
    """Refuse estimates that must not be set side by side.

    Parameters
    ----------
    estimates : DataFrame
        Rows to be ranked, subtracted or put into one funnel.

    Raises
    ------
    DataError
        When they mix indicators, definitions, bases, levels or versions of units, or hold the
        total among its parts; the message says which rows to choose.
    """
    check(estimates, ESTIMATES)
    refuse_mixed(estimates, ("indicator", "definition", "basis", "unit_level", "unit_version"))
    for column in estimates.columns.difference(ESTIMATES.names):
        if is_text(estimates[column]) and (estimates[column] == ALL).any():
            raise DataError("total-among-its-parts", where=f"cột/column {column}", total=ALL, name=column)


def known_counts(estimates: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return numerators, denominators and which rows have both beside a value.

    Raises
    ------
    DataError
        When no row has counts (a published score or percentage alone).
    """
    value, x, n = (estimates[c].to_numpy(dtype=np.float64) for c in ("value", "numerator", "denominator"))
    known = np.isfinite(value) & np.isfinite(x) & (n > 0)
    if not known.any():
        raise DataError("no-row-has-counts")
    return x, n, known


def newcombe(x1: Floats, n1: Floats, x2: Floats, n2: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Interval of a difference of independent proportions from two Wilson intervals.

    Parameters
    ----------
    x1, n1, x2, n2 : array of float
        Numerators and denominators of the two proportions; the difference is the first minus
        the second.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    lower, upper : array of float
        Limits in -1 to 1.

    Notes
    -----
    Newcombe's method 10: with d = p1 - p2 and Wilson limits l, u of each,
    ``d - sqrt((p1 - l1)² + (u2 - p2)²)`` and ``d + sqrt((u1 - p1)² + (p2 - l2)²)``.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:873-890.
    """
    p1, p2 = x1 / n1, x2 / n2
    (l1, u1), (l2, u2) = wilson(x1, n1, confidence), wilson(x2, n2, confidence)
    return p1 - p2 - np.hypot(p1 - l1, u2 - p2), p1 - p2 + np.hypot(u1 - p1, p2 - l2)


def miettinen_nurminen(
    x1: Floats, n1: Floats, x2: Floats, n2: Floats, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Score interval of a difference of independent proportions, with the N/(N - 1) correction.

    Parameters and result as for :func:`newcombe`. The limits are the differences d with
    ``(p1 - p2 - d)² = z² V(d)``, ``V(d) = (r1(1 - r1)/n1 + r2(1 - r2)/n2)·N/(N - 1)``, where r1 and r2
    are the maximum likelihood proportions that differ by d.

    References
    ----------
    Miettinen and Nurminen (1985), Statistics in Medicine 4:213-226.
    """
    z = z_value(confidence)
    estimate = x1 / n1 - x2 / n2

    def limit(end: float) -> Floats:
        """Bisect between the estimate, which is never rejected, and -1 or 1."""
        inside, outside = estimate.copy(), np.full_like(estimate, end)
        for _ in range(60):
            d = (inside + outside) / 2
            rejected = (estimate - d) ** 2 > z * z * _score_variance(x1, n1, x2, n2, d)
            inside, outside = np.where(rejected, inside, d), np.where(rejected, d, outside)
        return outside

    return limit(-1.0), limit(1.0)


def _score_variance(x1: Floats, n1: Floats, x2: Floats, n2: Floats, d: Floats) -> Floats:
    """Variance of the difference at the maximum likelihood proportions that differ by `d` (M & N, appendix 1)."""
    total, cases = n1 + n2, x1 + x2
    l2 = (n1 + 2 * n2) * d - total - cases
    l1 = (n2 * d - total - 2 * x2) * d + cases
    l0 = x2 * d * (1 - d)
    q = (l2 / (3 * total)) ** 3 - l1 * l2 / (6 * total**2) + l0 / (2 * total)
    p = np.sign(q) * np.sqrt(np.maximum((l2 / (3 * total)) ** 2 - l1 / (3 * total), 0))
    cosine = np.divide(q, p**3, out=np.zeros_like(q), where=p != 0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    r2 = np.clip(2 * p * np.cos(angle) - l2 / (3 * total), 0, 1)
    r1 = np.clip(r2 + d, 0, 1)
    return (r1 * (1 - r1) / n1 + r2 * (1 - r2) / n2) * total / (total - 1)


#: Interval methods by their code in the codebook.
METHODS = {"newcombe": newcombe, "miettinen_nurminen": miettinen_nurminen}


def difference(
    estimates: pd.DataFrame,
    *,
    column: str,
    of: Hashable,
    against: Hashable,
    method: Literal["newcombe", "miettinen_nurminen"] = "newcombe",
    confidence: float = 0.95,
    bridge: str | None = None,
) -> pd.DataFrame:
    """Difference between the shares of two periods, units or groups.

    Parameters
    ----------
    estimates : DataFrame
        Shares with their counts, of one indicator, definition and basis.
    column : str
        The column in which the two sides differ, for example ``period`` or ``unit``. Its other
        grouping columns pair the rows: ``column="period"`` gives one difference for every unit.
    of, against : label
        The two values of `column`; the result is `of` minus `against`. The cases behind them must
        be different cases: a month and the year that contains it are not independent.
    method : {"newcombe", "miettinen_nurminen"}, default "newcombe"
        Interval method, see the functions of these names.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    bridge : str, optional
        What makes two periods comparable although the series breaks between them or the
        definition differs, in a few words; it is written beside the label. Without it such a
        difference is refused. It joins periods, never units.

    Returns
    -------
    DataFrame
        The grouping columns of `estimates` with ``"of − against"`` in `column` (when it is a unit or
        a period, without the other columns that name the same unit or period), then the columns of
        ``tables.ESTIMATES``: ``value`` in shares (-1 to 1, so 0.05 is five percentage points),
        ``std_error`` ``sqrt(p1(1 - p1)/n1 + p2(1 - p2)/n2)``, ``n`` the cases of both sides. A
        difference has no numerator and denominator. The flags of both sides are kept. A row
        without value has the reason ``no_pair``, ``no_counts`` or that of its side.

    Raises
    ------
    DataError
        When the two sides mix indicators, definitions, bases or levels of units, when a series
        breaks between them (a row with the flag ``break`` after the first of them in the order
        of the table, up to the second), when rows repeat, or when no side has counts.
    ParameterError
        For an unknown word, column or label.

    Notes
    -----
    Checked against Newcombe (1998), table II, and Jansen (2016); Newcombe's interval also against
    statsmodels ``confint_proportions_2indep`` (see tests/test_difference.py).
    """
    check_choice("method", method, tuple(METHODS))
    check_confidence(confidence)
    check(estimates, ESTIMATES)
    keys = [c for c in estimates.columns if c not in ESTIMATES.names]
    check_choice("column", column, keys or ["unit"])
    _check_labels(estimates[column], of=of, against=against)
    family = next((f for f in _FAMILIES if column in f), (column,))
    others = [c for c in keys if c not in family]
    both = estimates.reset_index(drop=True)
    # Within a group the running number of breaks differs between two rows exactly when a break lies between them.
    same = both.groupby([*others, "indicator"], sort=False, dropna=False).ngroup()
    both = both.assign(breaks=pd.Series(has_flag(both, "break")).groupby(same).cumsum())
    both = both[both[column].isin([of, against])]
    if column in _FAMILIES[0]:
        check_comparable(both)
    else:
        refuse_mixed(both, ("indicator", "definition", "basis") if bridge is None else ("indicator",))
    x, n, counted = known_counts(both)
    if not np.allclose(both["value"].to_numpy(dtype=np.float64)[counted], x[counted] / n[counted], rtol=0, atol=1e-9):
        raise DataError("no-proportions")
    pairs = sides(both, column, of, against, on=[*others, "indicator"])
    if bridge is None and column not in _FAMILIES[0]:
        known_breaks = pairs[["breaks_1", "breaks_2"]].dropna()
        broken = int((known_breaks["breaks_1"] != known_breaks["breaks_2"]).sum())
        if broken:
            raise DataError("series-breaks-between", got=f"{broken} / {len(pairs)}", against=repr(against), of=repr(of))
    found, counted = differences(pairs, method, confidence)
    reasons = {"no_pair": pairs["basis_1"].isna() | pairs["basis_2"].isna()}
    for reason in pd.unique(pd.concat([pairs["reason_1"], pairs["reason_2"]]).dropna()):
        if reason:
            reasons[reason] = ~counted & ((pairs["reason_1"] == reason) | (pairs["reason_2"] == reason))
    label = f"{of} − {against}" + (f" ({bridge})" if bridge else "")
    first = both[both[column] == of].iloc[0]
    return build(
        pairs[others].assign(**{column: label})[[c for c in keys if c in (*others, column)]],
        indicator=first["indicator"],
        **found | {"value": np.where(counted, found["value"], np.nan)},
        confidence=confidence,
        definition=first["definition"],
        basis=first["basis"],
        method=method,
        flags=either_flag(pairs),
        reasons={**reasons, "no_counts": ~counted},
    )


#: Columns that name the same thing: when one of them tells the sides apart, the others do so too and pair nothing.
_FAMILIES = (
    (*UNIT_KEY, "parent_code"),
    ("period", "period_start", "period_end", "as_of", "year", "quarter", "month"),
)


def _check_labels(values: pd.Series, **labels: Hashable) -> None:
    """Refuse labels of two sides that a column has not, or that are not apart."""
    seen = list(values.dropna().unique())
    for name, label in labels.items():
        if label not in seen:
            near = difflib.get_close_matches(str(label), list(map(str, seen)), 3, 0.4) or list(map(str, seen[:3]))
            raise ParameterError("label-not-in-column", got=f"{name}={label!r}", name=values.name, near=", ".join(near))
    if len({*labels.values(), ALL}) < 3:
        raise ParameterError(
            "sides-are-not-apart", got=", ".join(f"{name}={label!r}" for name, label in labels.items())
        )


def sides(rows: pd.DataFrame, column: str, of: Hashable, against: Hashable, *, on: list[str]) -> pd.DataFrame:
    """Put two sides into one row for each combination of `on`, those with one side only included.

    Parameters
    ----------
    rows : DataFrame
        The rows of both sides.
    column : str
        Where the sides differ.
    of, against : label
        The values there; other columns of the first get the suffix ``_1``, of the second ``_2``.
    on : list of str
        What pairs the rows.
    """
    pairs = rows[on].drop_duplicates()
    for i, label in enumerate((of, against), start=1):
        side = rows[rows[column] == label].drop(columns=column)
        if side.duplicated(on).any():
            raise DataError("side-stands-twice", where=f"cột/column {column}", side=repr(label))
        pairs = pairs.merge(side.rename(columns={c: f"{c}_{i}" for c in side if c not in on}), on=on, how="left")
    return pairs


def differences(pairs: pd.DataFrame, method: str, confidence: float) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Return numbers of :func:`build` for pairs, and where both sides have the counts an interval needs."""
    (x1, x2), (n1, n2), (first, second) = (
        pairs[[f"{c}_1", f"{c}_2"]].to_numpy(dtype=np.float64).T for c in ("numerator", "denominator", "value")
    )
    # A share that is hidden stays hidden, even where its counts are not.
    counted = np.isfinite(x1 + x2 + first + second) & (n1 > 0) & (n2 > 0)
    error, lower, upper = (np.full(len(pairs), np.nan) for _ in range(3))
    x1, n1_, x2, n2_ = (numbers[counted] for numbers in (x1, n1, x2, n2))
    p1, p2 = x1 / n1_, x2 / n2_
    error[counted] = np.sqrt(p1 * (1 - p1) / n1_ + p2 * (1 - p2) / n2_)
    lower[counted], upper[counted] = METHODS[method](x1, n1_, x2, n2_, confidence)
    return {"value": first - second, "std_error": error, "lower": lower, "upper": upper, "n": n1 + n2}, counted


def either_flag(pairs: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return for each flag which pairs carry it on either side."""
    return {f: has_flag(pairs, f, "flags_1") | has_flag(pairs, f, "flags_2") for f in FLAGS}


def breaks(figures: pd.DataFrame) -> pd.DataFrame:
    """Mark the breaks in the series of a figures table.

    Parameters
    ----------
    figures : DataFrame
        Published numbers, see ``tables.FIGURES``; ``period_start`` and ``period_end`` place them.

    Returns
    -------
    DataFrame
        The rows in the order of their periods, series by series (unit, part, indicator), with

        segment : int
            Numbers to be joined or subtracted have the same one within their series. A period that
            lies on both sides of a break has its own; -1 where the period is not known.
        break_code : str
            Codes of the breaks between the row and the one before it in its series, joined by ``;``.
        flags : str
            ``break`` is added in the same rows.

    Raises
    ------
    DataError
        For a table that breaks the contract.
    """
    check(figures, FIGURES)
    needed = [c for c in ("unit_level", "period_start", "period_end", "flags") if c not in figures.columns]
    figures = figures.reindex(columns=[*figures.columns, *needed])
    series = [c for c in (*UNIT_KEY, "part", "indicator") if c in figures.columns]
    number = figures.groupby(series, sort=False, dropna=False).ngroup()
    rows = figures.assign(_series=number).sort_values(["_series", "period_end"], kind="stable").reset_index(drop=True)
    where, undated = _against_breaks(rows)
    first = ~rows["_series"].duplicated().to_numpy()
    moved = (where != np.roll(where, 1, axis=0)) & ~(first | undated)[:, None]
    codes = [";".join(b.code for b, here in zip(known_breaks(), row, strict=True) if here) for row in moved]
    marked = rows.drop(columns="_series").assign(
        segment=np.where(undated, -1, where.sum(axis=1)).astype(np.int64),
        break_code=pd.array(codes, dtype="str"),
        flags=rows["flags"].astype("str").fillna(""),
    )
    return add_flag(marked, "break", moved.any(axis=1))


def _against_breaks(figures: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return for each row and break 0 before it, 2 after it and 1 on both sides, and rows that cannot be placed."""
    start, end = (pd.to_datetime(figures[c]).to_numpy() for c in ("period_start", "period_end"))
    codes = figures["indicator"].unique()
    place = np.zeros((len(figures), len(known_breaks())), dtype=np.int64)
    concerned = np.zeros(len(figures), dtype=bool)
    for i, known in enumerate(known_breaks()):
        hit = figures["indicator"].isin([c for c in codes if known.concerns(c)]).to_numpy()
        if known.levels:
            hit = hit & figures["unit_level"].isin(known.levels).to_numpy()
        concerned |= hit
        after = np.datetime64(known.after)
        place[:, i] = hit * ((start > after).astype(np.int64) + (end > after))
    return place, concerned & (np.isnat(start) | np.isnat(end))


def change(
    figures: pd.DataFrame, *, start: str, end: str, bridge: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Change of published figures between two periods, unit by unit.

    Parameters
    ----------
    figures : DataFrame
        Published numbers, see ``tables.FIGURES``.
    start, end : str
        The two periods, as in the column ``period``.
    bridge : str, optional
        What makes the two sides comparable although the series breaks between them, in a few words
        (for example that both were counted again within the same borders). It is written beside the
        periods and the row keeps the flag ``break``. Without it such a change is refused.
    confidence : float, default 0.95
        Level of the interval, 0-1, where both sides have counts.

    Returns
    -------
    DataFrame
        The unit columns, ``part`` and ``period`` (``"end − start"``), then the columns of ``tables.ESTIMATES``:
        ``value`` at the end less value at the start, in the unit of the indicator. With the counts of both
        sides the interval is Newcombe's; published numbers without counts have none (``no_n``). A unit
        with one side only has no value (``no_pair``).

    Raises
    ------
    DataError
        When a series breaks between the periods and no bridge is named, when the two sides differ in
        level, definition, basis or version of units, or when a side has several numbers.
    ParameterError
        For a period that is not in the table.

    See Also
    --------
    dvresearch.metrics.comparisons : differences of estimates that have counts.

    Notes
    -----
    Checked against press figures: SIPAS 2018 to 2019, 82.99 to 84.45 %, up 1.46 points; from 2020 to 2022
    refused (tests/test_breaks.py).
    """
    check_confidence(confidence)
    check(figures, FIGURES)
    marked = breaks(figures.reindex(columns=FIGURES.names))
    _check_labels(marked["period"], start=start, end=end)
    match = ["unit", "part", "indicator"]
    marked["part"] = marked["part"].astype("str").fillna("")
    wanted = marked[marked["period"].isin([start, end])].drop_duplicates([*match, "period", "value"])
    twice = wanted.duplicated([*match, "period"])
    if twice.any():
        units = ", ".join(map(str, wanted.loc[twice, "unit"].unique()[:5]))
        raise DataError("several-numbers-of-one-unit", got=units, period=repr(wanted.loc[twice, "period"].iloc[0]))
    # A unit is named as at the end of the change; indicator by indicator.
    keys = [c for c in UNIT_KEY if c in figures.columns]
    named = wanted.drop_duplicates(match, keep="last")[list(dict.fromkeys([*match, *keys]))]
    named = named.take(pd.factorize(named["indicator"])[0].argsort(kind="stable"))
    pairs = named.merge(sides(wanted.drop(columns=set(keys) - {"unit"}), "period", end, start, on=match), on=match)
    crossing = (pairs["segment_1"] != pairs["segment_2"]) & pairs["value_1"].notna() & pairs["value_2"].notna()
    if crossing.any() and bridge is None:
        raise _broken(marked, pairs[crossing], start, end)
    refuse_mixed(wanted, ("unit_level",), by=match)
    if bridge is None:
        refuse_mixed(wanted, ("definition", "basis", "unit_version"), by=match)
    found, counted = differences(pairs, "newcombe", confidence)
    words = {c: pairs[f"{c}_1"].astype("str").fillna("") for c in ("definition", "basis")}
    return build(
        pairs[[*keys, *(["part"] if "part" in figures else [])]].assign(
            period=f"{end} − {start}" + (f" ({bridge})" if bridge else "")
        ),
        indicator=pairs["indicator"],
        **found,
        confidence=np.where(counted, confidence, np.nan),
        definition=words["definition"],
        basis=words["basis"].replace("", "unknown"),
        method=pd.Series(np.where(counted, "newcombe", "published")),
        flags={**either_flag(pairs), "break": crossing},
        reasons={"no_pair": np.isnan(found["value"]), "no_n": ~counted},
    )


def _broken(marked: pd.DataFrame, pairs: pd.DataFrame, start: str, end: str) -> DataError:
    affected = marked[marked["unit"].isin(pairs["unit"]) & marked["indicator"].isin(pairs["indicator"])]
    between = affected[affected["period"].isin([start, end])]
    where, undated = _against_breaks(between)
    known = [b for b, side in zip(known_breaks(), where[~undated].T, strict=True) if len(set(side)) > 1]
    return DataError(
        "series-breaks-for-a-reason",
        got=", ".join(map(str, pairs["unit"].unique()[:5])),
        against=repr(start),
        of=repr(end),
        why=Text(" ".join(b.reason.vi for b in known), " ".join(b.reason.en for b in known)),
    )


def ranks(estimates: pd.DataFrame) -> pd.DataFrame:
    """Rank units, with the ranks their intervals allow.

    Parameters
    ----------
    estimates : DataFrame
        One estimate per unit, of one indicator, definition, basis, period and level.

    Returns
    -------
    DataFrame
        `estimates` with ``rank`` (1 is best; equal values share the better rank), ``rank_best`` and
        ``rank_worst``: a unit ranks behind another only where the intervals of the two do not overlap.
        Overlapping intervals can still differ, so the range is wide rather than narrow.

    Raises
    ------
    DataError
        When indicators, definitions, bases, levels, versions of units or periods are mixed, when a
        value or an interval is missing, when two units or more are at the ceiling, when numbers are
        hidden, when the indicator has no better side, or for complete counts, whose intervals leave out how units
        vary by themselves. The message says what to do instead.

    Notes
    -----
    Checked against a loop over all pairs of units (tests/test_ranks.py).
    """
    if not {"lower", "upper"} <= set(estimates.columns):
        raise _refusal("ranks-without-interval", len(estimates))
    check_comparable(estimates)
    refuse_mixed(estimates, ("period", "segment"))
    indicator = estimates["indicator"].iloc[0]
    better = codebook.get("indicator", indicator).better
    if better not in ("higher", "lower"):
        raise _refusal("ranks-without-better-side", indicator)
    if has_flag(estimates, "suppressed").any() or estimates["value"].isna().any():
        raise _refusal("ranks-of-missing-values", int(estimates["value"].isna().sum()))
    if estimates[["lower", "upper"]].isna().any(axis=None):
        raise _refusal("ranks-without-interval", int(estimates["lower"].isna().sum()))
    if (top := int(has_flag(estimates, "ceiling").sum())) > 1:
        raise _refusal("ranks-at-the-ceiling", top)
    if (estimates["basis"] == "census").any():
        raise _refusal("ranks-of-complete-counts", f"{len(estimates)}, basis = census")
    sign = -1.0 if better == "higher" else 1.0
    value = sign * column_numbers(estimates, "value")
    # After the sign a small number is good: `least` is a unit's best end, `most` its worst.
    ends = sign * estimates[["lower", "upper"]].to_numpy(dtype=np.float64)
    least, most = ends.min(axis=1), ends.max(axis=1)
    surely_before = np.searchsorted(np.sort(most), least, side="left")
    surely_behind = len(value) - np.searchsorted(np.sort(least), most, side="right")
    return estimates.assign(
        rank=pd.Series(value).rank(method="min").astype(np.int64).to_numpy(),
        rank_best=1 + surely_before,
        rank_worst=len(value) - surely_behind,
    )


def average(
    table: pd.DataFrame, *, weights: Literal["counts", "equal"], by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Average of a share or score over units, in one of two ways that are never confused.

    Parameters
    ----------
    table : DataFrame
        Estimates or figures of one indicator: ``indicator``, ``value`` and, for `weights` ``counts``,
        ``numerator`` and ``denominator``.
    weights : {"counts", "equal"}
        ``counts``: numerators and denominators are added, every case counts alike (pooled share, with a
        Wilson interval). ``equal``: every unit counts alike, whatever its size; without interval.
    by : str or sequence of str, optional
        Grouping columns.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``; ``method`` is ``wilson`` or ``unweighted_mean``,
        whose ``n`` is the number of units.

    Raises
    ------
    DataError
        When the table mixes indicators, definitions or bases, or a group mixes levels or versions of
        units, whole units and parts, or both sides of a break; when counts are asked for that are
        not there.

    Notes
    -----
    Checked against the 34 provinces, 10 October 2026: on-time share pooled 86.64 %, mean of the
    provinces 87.78 % (= 17.56 of 20 points; tests/test_ranks.py).
    """
    check_choice("weights", weights, ("counts", "equal"))
    labels = grouping(table, by)
    if {"period_start", "period_end", "period", "source"} <= set(table.columns):
        table = breaks(table)
    refuse_mixed(table, ("indicator", "definition", "basis"))
    refuse_mixed(table, ("unit_level", "unit_version", "segment"), by=labels)
    refuse_whole_and_parts(table, "part", by=labels)
    indicator = str(table["indicator"].iloc[0])
    definition, basis = (
        str(table[c].dropna().iloc[0] or blank) if c in table.columns and table[c].notna().any() else blank
        for c, blank in (("definition", ""), ("basis", "unknown"))
    )
    if weights == "counts":
        lacking = int(table[["numerator", "denominator"]].isna().any(axis=1).sum())
        if lacking:
            raise DataError("average-without-counts", got=str(lacking))
        return proportion(
            table,
            numerator="numerator",
            denominator="denominator",
            by=labels,
            indicator=indicator,
            definition=definition,
            basis=basis,  # type: ignore[arg-type]
        )
    _refuse_mean(table, indicator)
    keys, at = label_groups(table, labels)
    n = np.bincount(at)
    # A mean over units of which one is not known is not known.
    mean = np.bincount(at, weights=column_numbers(table, "value")) / n
    return build(
        keys,
        indicator=indicator,
        value=mean,
        n=n,
        definition=definition,
        basis=basis,
        method="unweighted_mean",
        reasons={"partly_missing": np.isnan(mean), "no_interval_mean": ~np.isnan(mean)},
    )


#: Provinces of each version: a mean over some of them only is not that of the nation.
_PROVINCES = {"34": 34, "63": 63}


def _refuse_mean(table: pd.DataFrame, indicator: str) -> None:
    """Refuse a mean of ranks or marks, and one over the few provinces a source happened to name."""
    quantity = codebook.quantity(indicator) if codebook.find("indicator", indicator) else ""
    if quantity in ("rank", "mark"):
        raise DataError("ranks-are-not-averaged", got=indicator)
    if not {"unit_version", "unit_level"} <= set(table.columns):
        return
    provinces = table[table["unit_level"] == "province"]
    for version, rows in provinces.groupby("unit_version"):
        units, all_units = rows["unit"].nunique(), _PROVINCES.get(str(version), 0)
        if units < all_units:
            raise DataError("average-of-some-provinces", got=str(units), all_units=all_units)


def _refusal(code: str, got: object) -> DataError:
    return DataError("no-ranks", got=str(got), why=message(code), instead=message(code, "do"))
