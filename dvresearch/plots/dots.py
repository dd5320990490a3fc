"""Dot plots with intervals: the units of one indicator, or the definitions of one rate."""

from __future__ import annotations

import functools
import math
import textwrap
from typing import TYPE_CHECKING, Literal

from matplotlib.ticker import MaxNLocator

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text, check_choice
from dvresearch.plots.style import (
    DARK,
    DASHES,
    INK,
    MUTED,
    REFERENCE,
    ROW_CM,
    SMALL,
    add_words,
    format_axis,
    lay_out,
    new_axes,
    styled,
    text_width,
    tidy,
)
from dvresearch.tables import ESTIMATES, check
from dvresearch.wording.estimates import interval_note
from dvresearch.wording.values import (
    Lang,
    Row,
    capital,
    cell,
    counted,
    counts,
    definition_name,
    flag_codes,
    hidden,
    indicator_name,
    known,
    names,
    reason_labels,
    say,
    shown,
    subject,
    unit_of,
    value,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["FLAG_SHAPES", "intervals", "ladder"]

#: Marker and sign of a flag. The signs stand beside the counts, where several fit; the marker is that of the first.
FLAG_SHAPES = {
    "few": ("o", "○"),
    "ceiling": (">", "▷"),
    "imputed": ("D", "◇"),
    "break": ("s", "□"),
    "context": ("v", "▽"),
}
#: Where the heads of the columns stand: one row above the first.
HEADER = -1.25
#: Rows up to which a picture is short.
SHORT = 12
#: Size of a dot, in points.
DOT = 5.5
_UNSEEN = Text(
    "Các khoảng hẹp hơn chấm nên không thấy trên hình.", "The intervals are narrower than the dots and not seen."
)
_NO_CASES = Text("không nêu", "not stated")
_NO_FIGURE = Text("không có số liệu", "no figure")
_CANNOT = Text("không tính được: {}", "cannot be computed: {}")
_COUNTS = Text("tử số/mẫu số", "part/all")


@styled
def intervals(
    estimates: pd.DataFrame,
    *,
    ax: Axes | None = None,
    lang: Lang = "vi",
    unit: str = "unit",
    reference: float | None = None,
    reference_name: str = "",
    sort: Literal["value", "given"] = "value",
) -> Axes:
    """Draw one indicator for many units: a dot, its interval, and the counts behind it.

    Parameters
    ----------
    estimates : DataFrame
        The estimates contract: one indicator, one row per unit.
    ax : Axes, optional
        Where to draw; a new figure, 16 cm wide and as high as the rows need, when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.
    unit : str, default "unit"
        Column with the names of the rows.
    reference : float, optional
        A value to draw a line at, in the unit of the indicator (shares 0-1).
    reference_name : str, default ""
        What that value is, in words; "reference" when not given.
    sort : {"value", "given"}, default "value"
        ``value``: the largest on top; ``given``: the first row on top. Rows without a value come
        last when sorted.

    Returns
    -------
    Axes
        Rows are at y = 0, 1, 2, ... from the top. A row without a value is listed with its
        reason; a flag is a shape, explained under the picture.

    Raises
    ------
    DataError
        When `estimates` breaks its contract.
    ParameterError
        For several indicators, a missing column of names, or an unknown word or code.
    """
    check(estimates, ESTIMATES)
    check_choice("sort", sort, ("value", "given"))
    table = estimates.assign(_name=names(estimates, unit))
    if sort == "value":
        shown = table["value"].mask(hidden(table))
        table = table.loc[shown.sort_values(ascending=False, kind="stable", na_position="last").index]
    indicator, definition = _single(table, "indicator"), _single(table, "definition")
    title, subtitle = capital(indicator_name(indicator, lang)), capital(definition_name(definition, lang))
    return _dots(table, ax, lang, title, subtitle, reference, reference_name or say(REFERENCE, lang))


@styled
def ladder(estimates: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "vi") -> Axes:
    """Draw one rate of one unit under every definition, those the data do not allow with the reason.

    Parameters
    ----------
    estimates : DataFrame
        The estimates contract: one indicator of one unit, one row per definition.
    ax : Axes, optional
        Where to draw; a new figure when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.

    Returns
    -------
    Axes
        Definitions at y = 0, 1, 2, ... from the top, in the order of the rows.

    Raises
    ------
    DataError
        When `estimates` breaks its contract.
    ParameterError
        For several indicators, a definition given twice (several units), or an unknown code.
    """
    check(estimates, ESTIMATES)
    indicator = _single(estimates, "indicator")
    if (again := estimates["definition"].duplicated()).any():
        raise ParameterError("definition-on-several-rows", got=", ".join(estimates.loc[again, "definition"].unique()))
    table = estimates.assign(
        _name=[capital(codebook.get("definition", d).label(lang)) for d in estimates["definition"]]
    )
    title, subtitle = capital(indicator_name(indicator, lang)), subject(estimates.iloc[0].to_dict(), lang)
    return _dots(table, ax, lang, title, subtitle)


def _single(table: pd.DataFrame, column: str) -> str:
    found = table[column].unique()
    if len(found) == 1:
        return str(found[0])
    raise ParameterError("picture-takes-one-of", got=", ".join(map(str, found)), column=column, first=found[0])


def _dots(
    table: pd.DataFrame,
    ax: Axes | None,
    lang: Lang,
    title: str,
    subtitle: str,
    reference: float | None = None,
    reference_name: str = "",
) -> Axes:
    """Draw the rows of `table` from top to bottom; their names are in the column ``_name``."""
    rows: list[Row] = table.to_dict("records")
    unit = unit_of(rows[0])
    labels = [textwrap.fill(name, 38) for name in table["_name"]]
    # In a short picture a reason may take two lines; in a long one the rows stay close and it is cut.
    fit = textwrap.fill if len(rows) <= SHORT else functools.partial(textwrap.shorten, placeholder=" …")
    reasons = {y: fit(_missing(row, lang), 62) for y, row in enumerate(rows) if not shown(row)}
    if ax is None:
        lines = 1 + max(text.count("\n") for text in [*labels, *reasons.values()])
        ax = new_axes(3.5 + ROW_CM * (0.4 + 0.6 * lines) * len(rows))
    for y, row in enumerate(rows):
        if y not in reasons:
            _draw_row(ax, y, row)
            continue
        # Such a row has nothing in the columns, so that its words may run on into them.
        ax.annotate(
            reasons[y],
            (0, y),
            (4, 0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=MUTED,
            style="italic",
            annotation_clip=False,
        ).set_in_layout(False)
    if reference is not None:
        ax.plot(
            [reference] * 2,
            [len(rows) - 0.4, -0.6],
            color=INK,
            linewidth=1,
            linestyle=DASHES,
            gid="reference",
            zorder=0,
        )
        words = f"{reference_name} {value(reference, unit, None, lang)}"
        ax.text(reference, HEADER, words, ha="center", va="center", fontsize=SMALL)
    _columns(ax, rows, unit, lang)
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.4, HEADER - 0.8)
    _value_axis(ax, table, unit, lang, reference)
    tidy(ax, "x")
    ax.tick_params(axis="y", length=0, pad=6)
    flags = [f for f in FLAG_SHAPES if any(f in flag_codes(r) for r in rows if shown(r))]
    signs = "   ".join(f"{FLAG_SHAPES[f][1]} {codebook.get('flag', f).label(lang)}" for f in flags)
    notes = [interval_note(table[~hidden(table)], lang), say(_UNSEEN, lang) if _hidden_by_dots(ax, rows) else ""]
    add_words(ax, title, subtitle, [signs, " ".join(filter(None, notes))])
    return ax


def _hidden_by_dots(ax: Axes, rows: list[Row]) -> bool:
    """Whether there are intervals, and every one of them is narrower than its dot."""
    wide = [r["upper"] - r["lower"] for r in rows if shown(r) and known(r["lower"]) and known(r["upper"])]
    low, high = ax.get_xlim()
    share = max(wide, default=math.inf) / (high - low)
    if share > 0.1:  # no picture is so narrow; to measure its width takes long
        return False
    points = lay_out(ax)  # before the axes are asked for their width
    return share * ax.get_window_extent().width * points < DOT


def _shapes(row: Row) -> list[str]:
    return [f for f in flag_codes(row) if f in FLAG_SHAPES]


def _draw_row(ax: Axes, y: int, row: Row) -> None:
    flags = _shapes(row)
    if known(row["lower"]) and known(row["upper"]):
        ax.plot([row["lower"], row["upper"]], [y, y], color=DARK, linewidth=1.6, solid_capstyle="butt", zorder=2)
    ax.plot(
        [row["value"]],
        [y],
        linestyle="none",
        marker=FLAG_SHAPES[flags[0]][0] if flags else "o",
        markersize=DOT,
        markeredgewidth=1.2,
        color=DARK,
        markerfacecolor="white" if flags else DARK,
        clip_on=False,
        zorder=3,
    )


def _missing(row: Row, lang: Lang) -> str:
    """Return why a row has no dot: its reasons, or that it is hidden."""
    if "suppressed" in flag_codes(row):
        return codebook.get("flag", "suppressed").label(lang)
    reasons = ", ".join(reason_labels(row, lang))
    return say(_CANNOT, lang).format(reasons) if reasons else say(_NO_FIGURE, lang)


def _columns(ax: Axes, rows: list[Row], unit: str, lang: Lang) -> None:
    """Write value, counts and signs of flags right of the axes, each column flush right."""
    nouns = {counted(row["definition"], 2, lang) for row in rows}
    noun = nouns.pop() if len(nouns) == 1 else ""
    parts = say(_COUNTS, lang) if any(known(row["numerator"]) for row in rows) else ""
    cells = [("", "\n".join(filter(None, [noun, parts])), "")]
    for row in rows:
        if shown(row):
            signs = "".join(FLAG_SHAPES[f][1] for f in _shapes(row))
            cells.append((cell(row["value"], unit, row["n"], lang), counts(row, lang) or say(_NO_CASES, lang), signs))
        else:
            cells.append(("", "", ""))
    right = 0.0
    for column, align in enumerate(("right", "right", "left")):
        width = max(text_width(c[column]) for c in cells)
        right += width + 9 if align == "right" else 5
        for y, content in enumerate(cells):
            if content[column]:
                ax.annotate(
                    content[column],
                    (1, y - 1 if y else HEADER),
                    (right, 0),
                    xycoords=ax.get_yaxis_transform(),
                    textcoords="offset points",
                    ha=align,
                    va="center_baseline" if y else "center",
                    fontsize=SMALL,
                    color=INK if y else MUTED,
                    annotation_clip=False,
                )


def _value_axis(ax: Axes, table: pd.DataFrame, unit: str, lang: Lang, reference: float | None) -> None:
    """Fit the axis to values and intervals with some air; a share stays within 0-1 unless an interval leaves it."""
    drawn = table.loc[~hidden(table), ["value", "lower", "upper"]].to_numpy(dtype=float).ravel()
    drawn = [x for x in [*drawn, math.nan if reference is None else reference] if known(x)]
    if not drawn:
        ax.set_xticks([])
        return
    low, high = min(drawn), max(drawn)
    air = 0.04 * (high - low) or (0.02 if unit == "share" else 0.5)
    share = unit == "share"
    ax.set_xlim(
        max(0.0, low - air) if share and low >= 0 else low - air,
        min(1.0, high + air) if share and high <= 1 else high + air,
    )
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    format_axis(ax.xaxis, unit, lang)
    if not share and unit:
        ax.set_xlabel(capital(codebook.get("unit", unit).label(lang)))
