"""Breaks in series: where definition, population or borders changed, and changes that respect them.

The breaks that are known are in :mod:`dvresearch.series`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.metrics.comparable import refuse_mixed
from dvresearch.metrics.difference import differences, either_flag, sides
from dvresearch.metrics.estimates import add_flag, build, check_confidence
from dvresearch.series import known_breaks
from dvresearch.tables import FIGURES, UNIT_KEY, check

__all__ = ["breaks", "change"]


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
    sides, undated = _sides(rows)
    first = ~rows["_series"].duplicated().to_numpy()
    moved = (sides != np.roll(sides, 1, axis=0)) & ~(first | undated)[:, None]
    codes = [";".join(b.code for b, here in zip(known_breaks(), row, strict=True) if here) for row in moved]
    marked = rows.drop(columns="_series").assign(
        segment=np.where(undated, -1, sides.sum(axis=1)).astype(np.int64),
        break_code=pd.array(codes, dtype="str"),
        flags=rows["flags"].astype("str").fillna(""),
    )
    return add_flag(marked, "break", moved.any(axis=1))


def _sides(figures: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return for each row and break 0 before it, 2 after it and 1 on both sides, and rows that cannot be placed."""
    start, end = (pd.to_datetime(figures[c]).to_numpy() for c in ("period_start", "period_end"))
    codes = figures["indicator"].unique()
    sides = np.zeros((len(figures), len(known_breaks())), dtype=np.int64)
    concerned = np.zeros(len(figures), dtype=bool)
    for i, known in enumerate(known_breaks()):
        hit = figures["indicator"].isin([c for c in codes if known.concerns(c)]).to_numpy()
        if known.levels:
            hit = hit & figures["unit_level"].isin(known.levels).to_numpy()
        concerned |= hit
        after = np.datetime64(known.after)
        sides[:, i] = hit * ((start > after).astype(np.int64) + (end > after))
    return sides, concerned & (np.isnat(start) | np.isnat(end))


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
    dvresearch.metrics.difference : differences of estimates that have counts.

    Notes
    -----
    Checked against press figures: SIPAS 2018 to 2019, 82.99 to 84.45 %, up 1.46 points; from 2020 to 2022
    refused (tests/test_breaks.py).
    """
    check_confidence(confidence)
    check(figures, FIGURES)
    marked = breaks(figures.reindex(columns=FIGURES.names))
    for name, label in (("start", start), ("end", end)):
        if label not in set(marked["period"]):
            there = ", ".join(map(str, marked["period"].dropna().unique()[:12]))
            raise ParameterError("label-not-in-column", got=f"{name}={label!r}", name="period", near=there)
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
    out = build(
        pairs[[*keys, *(["part"] if "part" in figures else [])]].assign(
            period=f"{end} − {start}" + (f" ({bridge})" if bridge else "")
        ),
        indicator="",
        **found,
        definition=words["definition"],
        basis=words["basis"].replace("", "unknown"),
        method=pd.Series(np.where(counted, "newcombe", "published")),
        flags={**either_flag(pairs), "break": crossing},
        reasons={"no_pair": np.isnan(found["value"]), "no_n": ~counted},
    )
    return out.assign(indicator=pairs["indicator"].astype("str"), confidence=np.where(counted, confidence, np.nan))


def _broken(marked: pd.DataFrame, pairs: pd.DataFrame, start: str, end: str) -> DataError:
    affected = marked[marked["unit"].isin(pairs["unit"]) & marked["indicator"].isin(pairs["indicator"])]
    between = affected[affected["period"].isin([start, end])]
    sides, undated = _sides(between)
    known = [b for b, side in zip(known_breaks(), sides[~undated].T, strict=True) if len(set(side)) > 1]
    return DataError(
        "series-breaks-for-a-reason",
        got=", ".join(map(str, pairs["unit"].unique()[:5])),
        against=repr(start),
        of=repr(end),
        why=Text(" ".join(b.reason.vi for b in known), " ".join(b.reason.en for b in known)),
    )
