"""Rows of a table as series: points in the order of time, and where a series must not be joined."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.dates import date2num

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.series import Break
from dvresearch.tables import ESTIMATES, Column, Table, check
from dvresearch.text import format_number
from dvresearch.wording.estimates import interval_note
from dvresearch.wording.periods import days_of
from dvresearch.wording.values import Lang, capital, counted, flag_codes, hidden, known, say, shown

__all__ = ["Point", "Series", "break_notes", "breaks_in", "grounds", "number_breaks", "one_unit", "read_series"]

#: What a series needs; estimates and published figures both have it.
_VALUES = Table(
    "series",
    Text("một giá trị ở một kỳ", "one value in one period"),
    ("period",),
    (Column("indicator", "code", True), Column("period", "text", True), Column("value", "number", True)),
)

_BARS = Text("Vạch đứng: khoảng của từng giá trị.", "Upright bars: the interval of each value.")
_DENOMINATORS = Text("Mẫu số của mỗi kỳ:", "Denominator of each period:")
_CASES = Text("Số quan sát của mỗi kỳ:", "Cases in each period:")


@dataclass(frozen=True)
class Point:
    """One value in its period; a running total stands at its last day, where `start` is `end`."""

    start: dt.date
    end: dt.date
    row: dict[Any, Any]

    @property
    def x(self) -> float:
        """Middle of the period, as matplotlib counts days."""
        return float(date2num(self.start) + date2num(self.end)) / 2

    @property
    def value(self) -> float:
        """The value, NaN where it is missing or must not be shown."""
        return float(self.row["value"]) if shown(self.row) else math.nan

    def breaks_from(self, before: Point) -> bool:
        """Whether the series breaks between `before` and this point."""
        changed = (c for c in ("segment", "definition") if self.row.get(c) != before.row.get(c))
        return "break" in flag_codes(self.row) or any(changed)

    def follows(self, before: Point) -> bool:
        """Whether a line may join this point to the one before: no break, no missing value, no missing period."""
        length = (self.end - self.start).days + 1
        adjacent = (self.start - before.end).days <= 1 + length / 2
        return adjacent and known(self.value) and known(before.value) and not self.breaks_from(before)


Series = dict[str, list[Point]]


def read_series(table: pd.DataFrame, keys: Sequence[str], lang: Lang) -> Series:
    """Return the points of each series by its name, in the order of time.

    Parameters
    ----------
    table : DataFrame
        Values with ``indicator`` and ``period``; a definition that changes over time breaks a
        series, while two side by side are two series.
    keys : sequence of str
        Columns that tell series apart; those the table has not are passed over.
    lang : {"vi", "en"}
        Language of the names, which hold the keys that vary.

    Raises
    ------
    DataError
        When a column is missing, a period cannot be read, or periods of one series overlap.
    """
    check(table, _VALUES)
    kept = [k for k in (*keys, "definition") if k in table.columns]
    rows = table.assign(
        **{k: table[k].fillna("") for k in kept},
        flags=table["flags"].fillna("") if "flags" in table.columns else "",
    )
    by = [k for k in keys if k in kept]
    if "definition" in kept and rows.duplicated([*by, "period"]).any():
        by.append("definition")
    varying = [k for k in by if len(rows[k].unique()) > 1]
    out: Series = {}
    for _, group in rows.groupby(by or [""] * len(rows), sort=False):
        points = sorted((_point(r) for r in group.to_dict("records")), key=lambda p: (p.start, p.end))
        for before, after in itertools.pairwise(points):
            if after.start <= before.end:
                raise _overlap(before, after)
        out[", ".join(_words(k, group[k].iloc[0], lang) for k in varying)] = points
    return out


def _words(key: str, content: str, lang: Lang) -> str:
    return codebook.get(key, content).label(lang) if key in ("indicator", "definition") and content else str(content)


def _point(row: dict[Any, Any]) -> Point:
    days = row.get("period_start"), row.get("period_end")
    try:
        start, end = days_of(row["period"])
    except DataError:
        if not all(isinstance(day, dt.date) and not pd.isna(day) for day in days):
            raise
        start, end = (pd.Timestamp(day).date() for day in days)
    return Point(start, end, row)


def _overlap(before: Point, after: Point) -> DataError:
    return DataError("periods-of-series-overlap", got=f"{before.row['period']} | {after.row['period']}")


def one_unit(table: pd.DataFrame) -> str:
    """Return the unit that all indicators of a table share.

    Raises
    ------
    ParameterError
        When they are in several units.
    """
    units = {codebook.get("indicator", i).unit for i in table["indicator"].unique()}
    if len(units) == 1:
        return units.pop()
    raise ParameterError("indicators-of-several-units", got=", ".join(sorted(units)))


def breaks_in(points: Sequence[Point]) -> list[tuple[float, list[str]]]:
    """Return where a series breaks, midway between two periods, and the codes of the breaks there."""
    return [
        (float(date2num(before.end) + 1 + date2num(after.start)) / 2, _codes(after))
        for before, after in itertools.pairwise(points)
        if after.breaks_from(before)
    ]


def _codes(point: Point) -> list[str]:
    return [c for c in str(point.row.get("break_code") or "").split(";") if c]


def number_breaks(series: Iterable[Sequence[Point]], breaks: Sequence[Break]) -> dict[str, int]:
    """Return a number for each break whose reason is known, in the order in which they are met."""
    explained = {b.code for b in breaks}
    met = (code for points in series for _, codes in breaks_in(points) for code in codes)
    return {code: i for i, code in enumerate(dict.fromkeys(c for c in met if c in explained), start=1)}


def break_notes(
    series: Iterable[Sequence[Point]], numbers: dict[str, int], breaks: Sequence[Break], lang: Lang
) -> list[str]:
    """Return a line for each numbered break, or what a break means when none has a reason."""
    word = capital(codebook.get("flag", "break").label(lang))
    reasons = {b.code: say(b.reason, lang) for b in breaks}
    if numbers:
        return [f"{word} ({i}): {reasons[code]}" for code, i in numbers.items()]
    broken = any(breaks_in(points) for points in series)
    return [f"{word}: {codebook.get('flag', 'break').note(lang)}"] if broken else []


def grounds(table: pd.DataFrame, lang: Lang) -> str:
    """Return what the bars of estimates mean and how many cases their values rest on; "" for published figures."""
    if not set(ESTIMATES.names) <= set(table.columns):
        return ""
    rows = table[~hidden(table)]
    note = interval_note(rows, lang)
    told = [say(_BARS, lang), note] if note else []
    for column, words in (("denominator", _DENOMINATORS), ("n", _CASES)):
        cases = rows[column].dropna()
        if len(cases):
            ends = dict.fromkeys(format_number(n, 0, lang) for n in (cases.min(), cases.max()))
            definitions = rows["definition"].unique()
            noun = counted(definitions[0], cases.max(), lang) if len(definitions) == 1 else ""
            told.append(f"{say(words, lang)} {' '.join(filter(None, ('–'.join(ends), noun)))}.")
            break
    return " ".join(told)
