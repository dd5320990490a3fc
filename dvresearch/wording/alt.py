"""The sentence that stands for a picture where it cannot be seen."""

from __future__ import annotations

from typing import Any, Literal, get_args

import pandas as pd

from dvresearch import codebook
from dvresearch.errors import check_choice
from dvresearch.tables import ESTIMATES, check
from dvresearch.wording import values
from dvresearch.wording.estimates import describe_funnel
from dvresearch.wording.flows import describe_flows
from dvresearch.wording.periods import days_of, period_words
from dvresearch.wording.values import NBSP, Lang, known, phrase

__all__ = ["alt_text"]

Kind = Literal["intervals", "funnel", "trend", "ladder", "flows"]


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
    kind : {"intervals", "funnel", "trend", "ladder", "flows"}
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
        those furthest between them, values by definition, or parts and remainder.

    Raises
    ------
    DataError
        When `table` breaks the contract of its picture.
    ParameterError
        For an unknown kind, language or code.
    """
    check_choice("kind", kind, get_args(Kind))
    head = phrase(f"alt.{kind}", lang)
    if kind == "flows":
        return " ".join([f"{head}:", *describe_flows(table, lang)])
    measured = ", ".join(values.indicator_name(i, lang) for i in table["indicator"].unique())
    if kind == "funnel":
        # The last two sentences say how to read a funnel; they stand in the text.
        return " ".join([f"{head}: {measured}.", *describe_funnel(table, lang, unit=unit)[:-2]])
    if kind != "trend":
        check(table, ESTIMATES)
    told = {"intervals": _rows, "ladder": _definitions, "trend": _series}[kind](table, lang, unit)
    line = []
    if reference is not None:
        words = values.value(reference, values.unit_of(table.iloc[0].to_dict()), None, lang)
        line = [phrase("alt.line", lang, f"{reference_name} {words}".strip())]
    return f"{head}: {'; '.join([measured, *told, *line])}."


def _number(row: dict[Any, Any], lang: Lang) -> str:
    """Return a value, and how few cases it rests on when they are too few to be compared."""
    number = values.value(row["value"], values.unit_of(row), row.get("n"), lang)
    few, n = codebook.get("flag", "few").label(lang), row.get("n")
    size = f" ({f'n{NBSP}={NBSP}{n:g}, ' if known(n) else ''}{few})" if "few" in values.flag_codes(row) else ""
    return values.hedged(number, row.get("hedge"), lang) + size


def _rows(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = table.assign(**{unit: values.names(table, unit)}).reset_index(drop=True)
    seen = rows[rows["value"].notna() & ~values.hidden(rows)]
    out = [values.definition_name(d, lang) for d in rows["definition"].unique()]
    out.append(phrase("alt.row" if len(rows) == 1 else "alt.rows", lang, len(rows)))
    if len(seen):
        high, low = (seen.loc[i].to_dict() for i in (seen["value"].idxmax(), seen["value"].idxmin()))
        ends = {"alt.high": high, "alt.low": low}
        out.append(", ".join(phrase(k, lang, f"{row[unit]} {_number(row, lang)}") for k, row in ends.items()))
        if high["lower"] <= low["upper"] and len(seen) > 1:
            out.append(phrase("alt.overlap", lang))
    if len(seen) < len(rows):
        out.append(phrase("alt.no-figure", lang, len(rows) - len(seen)))
    return list(filter(None, out))


def _definitions(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = table.to_dict("records")
    told = [
        f"{codebook.get('definition', row['definition']).label(lang)} "
        + (_number(row, lang) if values.shown(row) else phrase("alt.cannot", lang))
        for row in rows
    ]
    return [*filter(None, [values.subject(rows[0], lang)]), *told]


def _series(table: pd.DataFrame, lang: Lang, unit: str) -> list[str]:
    rows = table.assign(flags=table["flags"].fillna("") if "flags" in table else "")
    rows = rows.assign(
        _from=[days_of(p)[0] for p in rows["period"]],
        _breaks=rows["flags"].str.contains("break"),
        _told=rows["value"].notna() & ~values.hidden(rows),
    ).sort_values("_from", kind="stable")
    keys = [c for c in (unit, "part", "indicator") if c in rows]
    out, broken = [], False
    for _, series in rows.groupby([rows[k].fillna("") for k in keys], sort=False):
        # a break may stand in a row without a value
        pieces = [p for _, piece in series.groupby(series["_breaks"].cumsum()) if len(p := piece[piece["_told"]])]
        who = f"{name}: " if unit in keys and (name := series[unit].iloc[0]) else ""
        out += [who + phrase("alt.after", lang).join(_piece(piece, lang) for piece in pieces)] if pieces else []
        broken |= len(pieces) > 1
    return [*out, *([phrase("alt.broken", lang)] if broken else [])]


def _piece(rows: pd.DataFrame, lang: Lang) -> str:
    """Return first and last value of an unbroken piece of a series, and the highest and lowest between them."""

    def told(i: int) -> str:
        row = rows.iloc[i].to_dict()
        # without a bracket, since it stands in one
        when = period_words(row["period"], lang, row.get("period_end")).replace(" (", ", ").removesuffix(")")
        return f"{_number(row, lang)} ({when})"

    if len(rows) == 1:
        return told(0)
    ends = {"alt.high": int(rows["value"].argmax()), "alt.low": int(rows["value"].argmin())}
    outer = (rows["value"].iloc[0], rows["value"].iloc[-1])
    between = [phrase(key, lang, told(i)) for key, i in ends.items() if rows["value"].iloc[i] not in outer]
    return ", ".join([phrase("alt.from-to", lang, first=told(0), last=told(-1)), *between])
