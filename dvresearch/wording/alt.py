"""The sentence that stands for a picture where it cannot be seen."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd

from dvresearch import codebook
from dvresearch.errors import Text, check_choice
from dvresearch.tables import ESTIMATES, check
from dvresearch.wording.comparison import describe_funnel
from dvresearch.wording.flows import describe_flows
from dvresearch.wording.periods import days_of, period_words
from dvresearch.wording.values import (
    NBSP,
    Lang,
    definition_name,
    hedged,
    hidden,
    indicator_name,
    known,
    names,
    say,
    shown,
    subject,
    unit_of,
    value,
)

__all__ = ["alt_text"]

Kind = Literal["intervals", "funnel", "trend", "ladder", "flows", "small_multiples", "event_study"]

_KINDS = {
    "intervals": Text("Biểu đồ điểm kèm khoảng", "Dot plot with intervals"),
    "funnel": Text("Biểu đồ phễu", "Funnel plot"),
    "trend": Text("Biểu đồ theo thời gian", "Trend over time"),
    "ladder": Text("Một tỷ lệ theo các cách tính", "One rate under its definitions"),
    "flows": Text("Một tổng và các phần của nó", "A total and its parts"),
    "small_multiples": Text("Các hình nhỏ theo thời gian, mỗi đơn vị một hình", "Small trends, one for each unit"),
    "event_study": Text("Chênh lệch theo số kỳ từ khi áp dụng", "Differences by time since adoption"),
}
_ENDS = {"high": Text("cao nhất {}", "highest {}"), "low": Text("thấp nhất {}", "lowest {}")}
_OVERLAP = Text("khoảng của hai dòng này có phần chung", "the intervals of these two overlap")
_HOLDING = {
    True: Text("trước khi áp dụng, {} trên {} khoảng chứa mức 0", "before adoption {} of {} intervals hold 0"),
    False: Text("từ khi áp dụng, {} trên {} khoảng chứa mức 0", "from adoption on {} of {} intervals hold 0"),
}
_AT = Text("kỳ {}: {}", "period {}: {}")
_ROW, _ROWS = Text("{} dòng", "{} row"), Text("{} dòng", "{} rows")
_UNIT, _UNITS = Text("{} đơn vị", "{} unit"), Text("{} đơn vị", "{} units")
_NO_FIGURE = Text("{} dòng không có số liệu", "{} without a figure")
_CANNOT = Text("không tính được", "cannot be computed")
_FROM_TO = Text("từ {first} đến {last}", "from {first} to {last}")
_AFTER = Text("; sau mốc gãy, ", "; after the break, ")
_BROKEN = Text("không nối qua mốc gãy", "not joined across the break")
_LINE = Text("đường đứt: {}", "dashed line: {}")


def alt_text(
    kind: Kind,
    table: pd.DataFrame,
    lang: Lang = "vi",
    *,
    unit: str = "unit",
    reference: float | None = None,
    reference_name: str = "",
) -> str:
    """Return what a picture shows, for who cannot see it.

    Parameters
    ----------
    kind : {"intervals", "funnel", "trend", "ladder", "flows", "small_multiples", "event_study"}
        Function of :mod:`dvresearch.plots` that draws the picture.
    table : DataFrame
        The table it is given.
    lang : {"vi", "en"}, default "vi"
        Language.
    unit : str, default "unit"
        Column with the names of units.
    reference : float, optional
        The value a line is drawn at (shares 0-1), where the picture takes one.
    reference_name : str, default ""
        What that value is, in words.

    Returns
    -------
    str
        Kind, indicator, number of rows, and what stands out: highest and lowest (with n where cases are few) and
        whether their intervals overlap, units outside the limits, first and last value of each unbroken piece and
        those furthest between them, values by definition, parts and remainder, or how many intervals before and after
        adoption hold 0.

    Raises
    ------
    DataError
        When `table` breaks the contract of its picture.
    ParameterError
        For an unknown kind, language or code.
    """
    check_choice("kind", kind, tuple(_KINDS))
    head = say(_KINDS[kind], lang)
    if kind == "flows":
        return " ".join([f"{head}:", *describe_flows(table, lang)])
    measured = ", ".join(indicator_name(i, lang) for i in table["indicator"].unique())
    if kind == "funnel":
        # The last two sentences say how to read a funnel; they stand in the text.
        return " ".join([f"{head}: {measured}.", *describe_funnel(table, lang, unit=unit)[:-2]])
    if kind in ("intervals", "ladder", "event_study"):
        check(table, ESTIMATES)
    tell = {
        "intervals": _tell_rows,
        "ladder": _tell_ladder,
        "trend": _tell_series,
        "small_multiples": _tell_panels,
        "event_study": _tell_effects,
    }
    line = []
    if reference is not None:
        words = value(reference, unit_of({"method": "", **table.iloc[0].to_dict()}), None, lang)
        line = [say(_LINE, lang).format(f"{reference_name} {words}".strip())]
    return f"{head}: {'; '.join([measured, *tell[kind](table, lang, unit), *line])}."


def _number(row: dict[Any, Any], lang: Lang) -> str:
    return hedged(value(row["value"], unit_of({"method": "", **row}), row.get("n"), lang), row.get("hedge"), lang)


def _ends(rows: pd.DataFrame, lang: Lang, unit: str) -> str:
    """Return highest and lowest row by name and value."""
    ends = {"high": rows.loc[rows["value"].idxmax()].to_dict(), "low": rows.loc[rows["value"].idxmin()].to_dict()}
    return ", ".join(
        say(_ENDS[end], lang).format(f"{row[unit]} {_number(row, lang)}{_few(row, lang)}") for end, row in ends.items()
    )


def _few(row: dict[Any, Any], lang: Lang) -> str:
    """Return how few cases a value rests on, when they are too few to be compared."""
    if "few" not in row["flags"].split(";"):
        return ""
    word, n = codebook.get("flag", "few").label(lang), row.get("n")
    return f" (n{NBSP}={NBSP}{n:g}, {word})" if known(n) else f" ({word})"


def _tell_rows(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = table.assign(**{unit: names(table, unit)}).reset_index(drop=True)
    seen = rows[rows["value"].notna() & ~hidden(rows)]
    how = [definition_name(d, lang) for d in rows["definition"].unique()]
    out = [*filter(None, how), say(_ROW if len(rows) == 1 else _ROWS, lang).format(len(rows))]
    if len(seen):
        out.append(_ends(seen, lang, unit))
        high, low = (seen.loc[i] for i in (seen["value"].idxmax(), seen["value"].idxmin()))
        if high["lower"] <= low["upper"] and len(seen) > 1:
            out.append(say(_OVERLAP, lang))
    if len(seen) < len(rows):
        out.append(say(_NO_FIGURE, lang).format(len(rows) - len(seen)))
    return out


def _tell_ladder(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = table.to_dict("records")
    told = [
        f"{codebook.get('definition', row['definition']).label(lang)} "
        + (_number(row, lang) if shown(row) else say(_CANNOT, lang))
        for row in rows
    ]
    return [*filter(None, [subject(rows[0], lang)]), *told]


def _tell_effects(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = table[(table["effect"] == "event_time") & table["value"].notna()]
    wide = rows[rows["band"] == "simultaneous"]
    rows = (wide if len(wide) else rows[rows["band"] == "pointwise"]).sort_values("event_time")
    out = []
    for before, side in rows[rows["lower"].notna()].groupby(rows["event_time"] < 0, sort=False):
        holding = (side["lower"] <= 0) & (side["upper"] >= 0)
        out.append(say(_HOLDING[bool(before)], lang).format(holding.sum(), len(side)))
    after = rows[rows["event_time"] >= 0].to_dict("records")
    return out + [
        say(_AT, lang).format(f"{row['event_time']:g}", _number(row, lang)) for row in (*after[:1], *after[1:][-1:])
    ]


def _in_time(table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    flags = table["flags"].fillna("") if "flags" in table.columns else ""
    rows = table.assign(flags=flags, _from=[days_of(p)[0] for p in table["period"]])
    rows = rows.assign(_breaks=rows["flags"].str.contains("break"), _told=rows["value"].notna() & ~hidden(rows))
    return rows.sort_values("_from", kind="stable")


def _tell_series(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = _in_time(table, lang)
    keys = [c for c in (unit, "part", "indicator") if c in rows.columns]
    out, broken = [], False
    for _, series in rows.groupby([rows[k].fillna("") for k in keys], sort=False):
        # a break may stand in a row without a value
        pieces = [p for _, piece in series.groupby(series["_breaks"].cumsum()) if len(p := piece[piece["_told"]])]
        who = f"{name}: " if unit in keys and (name := series[unit].iloc[0]) else ""
        out += [who + say(_AFTER, lang).join(_tell_piece(piece, lang) for piece in pieces)] if pieces else []
        broken |= len(pieces) > 1
    return [*out, *([say(_BROKEN, lang)] if broken else [])]


def _tell_piece(rows: pd.DataFrame, lang: Lang) -> str:
    """Return first and last value of an unbroken piece of a series, and the highest and lowest between them."""
    values = rows["value"].reset_index(drop=True)
    places = {"first": 0, "last": len(values) - 1, "high": values.idxmax(), "low": values.idxmin()}
    told = {
        key: f"{_number(row, lang)}{_few(row, lang)} ({_when(row, lang)})"
        for key, row in ((key, rows.iloc[i].to_dict()) for key, i in places.items())
    }
    if len(values) == 1:
        return told["first"]
    between = [key for key in _ENDS if values[places[key]] not in (values.iloc[0], values.iloc[-1])]
    ends = [say(_ENDS[key], lang).format(told[key]) for key in between]
    return ", ".join([say(_FROM_TO, lang).format(**told), *ends])


def _when(row: dict[Any, Any], lang: Lang) -> str:
    """Return the period, told as far as it was counted; without a bracket, since it stands in one."""
    return period_words(row["period"], lang, row.get("period_end")).replace(" (", ", ").removesuffix(")")


def _tell_panels(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = _in_time(table.assign(**{unit: names(table, unit)}), lang).query("_told").reset_index(drop=True)
    units = len(table[unit].unique())
    told = [say(_UNIT if units == 1 else _UNITS, lang).format(units)]
    if len(rows):
        last = rows.drop_duplicates(unit, keep="last")
        told.append(f"{period_words(str(rows['period'].iloc[-1]), lang)}: {_ends(last, lang, unit)}")
    return told
