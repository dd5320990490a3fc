"""Pictures of rows: units and definitions as dots with intervals, parts of a total and those who answered as bars."""

from __future__ import annotations

import functools
import itertools
import math
import textwrap
from typing import TYPE_CHECKING, Any, Literal

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.plots import style
from dvresearch.plots.style import DARK, GREY, INK, LINE, MAUVE, MID, MUTED, PLUM, fill, halo, styled, write
from dvresearch.tables import ESTIMATES, check
from dvresearch.wording import values
from dvresearch.wording.estimates import interval_note
from dvresearch.wording.flows import column_name, count_text, read_flows, unit_and_period
from dvresearch.wording.values import Lang, Row, capital, known, phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "FLAG_SHAPES", "flows", "intervals", "ladder", "overlap"]

#: Marker and sign of a flag. The signs stand beside the counts, where several fit; the marker is that of the first.
FLAG_SHAPES = {
    "few": ("o", "○"),
    "ceiling": (">", "▷"),
    "imputed": ("D", "◇"),
    "break": ("s", "□"),
    "context": ("v", "▽"),
}
#: What was in time is dark blue or its light twin, what was late dark or light purple; the rest is grey. Each bar is
#: named as well.
COLOURS = {
    "resolved_early": DARK,
    "resolved_on_time": DARK,
    "resolved_within": DARK,
    "resolved_late": PLUM,
    "resolved": DARK,
    "pending_within": MID,
    "pending_overdue": MAUVE,
    "pending": MID,
    "in_time": DARK,
    "out_of_time": PLUM,
}
#: Where the heads of the columns begin: above the first row.
HEADER = -0.55
#: What a written number takes of the length of the bars, as a share.
NUMBER = 0.17
#: Rows up to which a picture is short: there the counts stand under the value, and a reason may take several lines.
SHORT = 12
#: Width of the names of rows, in points.
NAMES = 105.0


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
        Where to draw; a new figure, as high as the rows need, when not given.
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
    table = estimates.assign(_name=values.names(estimates, unit))
    if sort == "value":
        seen = table["value"].mask(values.hidden(table))
        table = table.loc[seen.sort_values(ascending=False, kind="stable", na_position="last").index]
    indicator, definition = _single(table, "indicator"), _single(table, "definition")
    title, subtitle = values.indicator_name(indicator, lang), values.definition_name(definition, lang)
    named = reference_name or phrase("dots.reference", lang)
    return _dots(table, ax, lang, title, capital(subtitle), reference, named)


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
    labels = [capital(codebook.get("definition", d).label(lang)) for d in estimates["definition"]]
    who = values.subject(estimates.iloc[0].to_dict(), lang)
    return _dots(estimates.assign(_name=labels), ax, lang, values.indicator_name(indicator, lang), who)


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
    unit, short = values.unit_of(rows[0]), len(rows) <= SHORT
    labels = [fill(name, NAMES) for name in table["_name"]]
    # in a long picture the rows stay close and a reason is cut
    brief = functools.partial(textwrap.shorten, width=48, placeholder=" …")
    cut = functools.partial(fill, width=190) if short else brief
    reasons = {y: cut(_missing(row, lang)) for y, row in enumerate(rows) if not values.shown(row)}
    cells = [_cells(row, unit, lang, short) if y not in reasons else ("", "", "") for y, row in enumerate(rows)]
    # under the value stands at least one line of counts, above their first line as much as below
    stacked = max(2 + 2 * cases.count("\n") for _, cases, _ in cells) if short else 1
    height = max(stacked, *(1 + text.count("\n") for text in [*labels, *reasons.values()])) * LINE + 4
    ax = ax or style.new_axes(3.6 + height / 72 * 2.54 * len(rows))
    for y, row in enumerate(rows):
        if y in reasons:
            # Such a row has nothing in the columns, so that its words may run on into them.
            look = {"color": MUTED, "style": "italic"}
            write(ax, reasons[y], (0, y), (4, 0), "beside", **look).set_in_layout(False)
            continue
        flags = _shapes(row)
        if known(row["lower"]) and known(row["upper"]):
            ax.plot([row["lower"], row["upper"]], [y, y], color=DARK, linewidth=1.6, solid_capstyle="butt", zorder=2)
        shape = FLAG_SHAPES[flags[0]][0] if flags else "o"
        style.dots(ax, [row["value"]], [y], shape, inside="white" if flags else DARK)
    if reference is not None:
        style.level(ax, reference, upright=True)
        words = f"{reference_name}\n{values.value(reference, unit, None, lang)}"
        write(ax, words, (reference, HEADER), (0, 0), ha="center", va="bottom", bbox={"color": "white", "pad": 1})
    _columns(ax, rows, cells, lang, short)
    drawn = table.loc[~values.hidden(table), ["value", "lower", "upper"]].to_numpy(dtype=float).ravel()
    _fit(ax, [x for x in (*drawn, reference) if known(x)], unit, lang)
    _name_rows(ax, labels, HEADER - (2 * LINE + 6) / height)
    flags = [f for f in FLAG_SHAPES if any(f in values.flag_codes(r) for r in rows if values.shown(r))]
    signs = style.legend((FLAG_SHAPES[f][1], codebook.get("flag", f).label(lang)) for f in flags)
    unseen = phrase("dots.unseen", lang) if _hidden_by_dots(ax, rows) else ""
    notes = [signs, f"{interval_note(table[~values.hidden(table)], lang)} {unseen}".strip()]
    style.add_words(ax, capital(title), subtitle, notes)
    return ax


def _name_rows(ax: Axes, labels: Sequence[str], top: float) -> None:
    """Name the rows, which stand at 0, 1, 2 … from the top."""
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, top)
    style.tidy(ax, "x")
    ax.tick_params(axis="y", length=0, pad=6)


def _hidden_by_dots(ax: Axes, rows: list[Row]) -> bool:
    """Whether there are intervals, and every one of them is narrower than its dot."""
    wide = [r["upper"] - r["lower"] for r in rows if values.shown(r) and known(r["lower"]) and known(r["upper"])]
    low, high = ax.get_xlim()
    share = max(wide, default=math.inf) / (high - low)
    if share > 0.1:  # no picture is so narrow; to measure its width takes long
        return False
    points = style.lay_out(ax)  # before the axes are asked for their width
    return share * ax.get_window_extent().width * points < style.DOT


def _shapes(row: Row) -> list[str]:
    return [f for f in values.flag_codes(row) if f in FLAG_SHAPES]


def _missing(row: Row, lang: Lang) -> str:
    """Return why a row has no dot: its reasons, or that it is hidden."""
    if "suppressed" in values.flag_codes(row):
        return codebook.get("flag", "suppressed").label(lang)
    reasons = ", ".join(values.reason_labels(row, lang))
    return phrase("dots.cannot", lang, reasons) if reasons else phrase("estimate.missing", lang)


def _cells(row: Row, unit: str, lang: Lang, short: bool) -> tuple[str, str, str]:
    """Return value, counts and signs of flags of one row."""
    cases = values.counts(row, lang) or phrase("dots.no-cases", lang)
    signs = "".join(FLAG_SHAPES[f][1] for f in _shapes(row))
    return values.cell(row["value"], unit, row["n"], lang), cases.replace("; ", "\n") if short else cases, signs


def _columns(ax: Axes, rows: list[Row], cells: list[tuple[str, str, str]], lang: Lang, short: bool) -> None:
    """Write the cells right of the axes, flush right; the counts under the value if `short`."""
    nouns = {values.counted(row["definition"], 2, lang) for row in rows}
    parts = phrase("dots.counts", lang) if any(known(row["numerator"]) for row in rows) else ""
    head = "\n".join(filter(None, [nouns.pop() if len(nouns) == 1 else "", parts]))
    number_width, width = (max(style.text_width(cell[i]) for cell in cells) for i in (0, 1))
    counts_at = 6 + max(style.text_width(head), number_width, width if short else number_width + 6 + width)
    write(ax, head, (1, HEADER), (counts_at, 0), "beside", ha="right", va="bottom", color=MUTED)
    above, below, apart = ("bottom", "top", 1) if short else ("center_baseline", "center_baseline", 0)
    number_at = counts_at if short else 6 + number_width
    for y, (number, cases, signs) in enumerate(cells):
        if number:
            write(ax, number, (1, y), (number_at, apart), "beside", ha="right", va=above, color=INK)
            write(ax, cases, (1, y), (counts_at, -apart), "beside", ha="right", va=below, color=MUTED)
            write(ax, signs, (1, y), (counts_at + 4, apart), "beside", va=above)


def _fit(ax: Axes, drawn: list[float], unit: str, lang: Lang) -> None:
    """Fit the axis to values and intervals with some air; a share stays within 0-1 unless an interval leaves it."""
    if not drawn:
        ax.set_xticks([])
        return
    low, high, share = min(drawn), max(drawn), unit == "share"
    air = 0.04 * (high - low) or (0.02 if share else 0.5)
    ax.set_xlim(
        max(0.0, low - air) if share and low >= 0 else low - air,
        min(1.0, high + air) if share and high <= 1 else high + air,
    )
    style.scale(ax.xaxis, unit, lang, 3)
    if not share and unit:
        ax.set_xlabel(capital(codebook.get("unit", unit).label(lang)))


@styled
def flows(tally: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "vi") -> Axes:
    """Draw the total of one unit and its parts, the unexplained remainder hatched.

    Parameters
    ----------
    tally : DataFrame
        The tally contract, one row.
    ax : Axes, optional
        Where to draw; a new figure when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.

    Returns
    -------
    Axes
        One bar per row from y = 0 down: the total (or what it is added up from), the parts, the
        remainder. The ``gid`` of a bar is its column, ``remainder`` or ``excess``.

    Raises
    ------
    DataError
        When the table breaks its contract or the row has no counts.
    ParameterError
        When there is more than one row.
    """
    row, found = read_flows(tally)
    # code, label, where the bar begins and how long it is: a bar begins where the one before ends
    bars: list[tuple[str, str, float, float]] = []
    for chain in ([(c, float(row[c])) for c in found.base], found.parts):
        starts = itertools.accumulate((width for _, width in chain), initial=0.0)
        bars += [(c, column_name(c, lang), left, width) for (c, width), left in zip(chain, starts, strict=False)]
    rest, hatched = found.remainder, abs(found.remainder) > 1e-6
    if hatched:
        key, words = ("remainder", "flows.not-described") if rest > 0 else ("excess", "flows.beyond-total")
        bars.append((key, phrase(words, lang), min(found.total, found.total - rest), abs(rest)))
    ax = ax or style.new_axes(3.4 + 0.85 * len(bars))
    highest = max(left + width for _, _, left, width in bars)
    for y, (code, _, left, width) in enumerate(bars):
        odd = code in ("remainder", "excess")
        colour = "white" if odd or code in found.base else COLOURS.get(code, GREY)
        edge, hatch = INK if colour == "white" else colour, "////" if odd else None
        look: dict[str, Any] = {"color": colour, "edgecolor": edge, "hatch": hatch, "linewidth": 0.8, "zorder": 2}
        ax.barh(y, width, left=left, height=0.62, gid=code, **look)
        # a number that would be written across the line of the total stands before its bar
        end = left + width
        before = bool(found.base) and 0 < found.total - end < NUMBER * highest < left
        at, side = ((left, y), -4) if before else ((end, y), 4)
        number = count_text(width, lang)
        write(ax, number, at, (side, 0), ha="right" if before else "left", path_effects=halo(), gid=code)
    line = ""
    if found.base:
        style.level(ax, found.total, "total", upright=True)
        line = phrase("flows.dashed", lang, phrase("flows.the-total", lang), count_text(found.total, lang))
    _name_rows(ax, [fill(label, NAMES) for _, label, _, _ in bars], -0.6)
    ax.set_xlim(0, 1.02 * highest or 1)
    style.scale(ax.xaxis, "", lang, 4, whole=True)
    ax.set_xlabel(capital(codebook.get("unit", "dossier").label(lang)))
    notes = [phrase("flows.chain", lang), line, phrase("flows.hatched", lang) if hatched else ""]
    style.add_words(ax, phrase("flows.title", lang), unit_and_period(row, lang), [" ".join(filter(None, notes))])
    return ax


@styled
def overlap(classes: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "vi") -> Axes:
    """Draw, by class of the chance to answer, how many answered and how many did not.

    Parameters
    ----------
    classes : DataFrame
        What ``metrics.response_overlap`` returns.
    ax : Axes, optional
        Where to draw; a new figure when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.

    Returns
    -------
    Axes
        For each class, lowest chance on top, a bar of those who answered (gid ``answered``) and one of those who did
        not (``silent``), with the share who answered.

    Raises
    ------
    DataError
        When a column is missing.
    """
    needed = ("lower", "upper", "answered", "silent", "rate")
    if missing := [c for c in needed if c not in classes]:
        raise DataError("picture-lacks-columns", names=", ".join(missing))
    ax = ax or style.new_axes(4.2 + 1.1 * len(classes))
    looks: dict[str, dict[str, Any]] = {
        "answered": {"color": DARK},
        "silent": {"color": "white", "edgecolor": INK, "hatch": "////", "linewidth": 0.8},
    }
    for shift, (column, look) in zip((-0.2, 0.2), looks.items(), strict=True):
        places = [y + shift for y in range(len(classes))]
        words = phrase(f"overlap.{column}", lang)
        for bar in ax.barh(places, classes[column], height=0.38, label=words, zorder=2, **look):
            bar.set_gid(column)
    labels = []
    for y, row in enumerate(classes.itertuples()):
        people = row.answered + row.silent
        words = phrase("overlap.rate", lang, values.value(row.rate, "share", people, lang))
        write(ax, words, (max(row.answered, row.silent), y), (4, 0), path_effects=halo(), gid="rate")
        ends = dict.fromkeys(values.cell(x, "share", people, lang) for x in (row.lower, row.upper))
        labels.append(" – ".join(ends))
    _name_rows(ax, labels, -1.1)  # room for the legend above the first class
    ax.set_xlim(0, 1.45 * max(classes["answered"].max(), classes["silent"].max()))
    style.scale(ax.xaxis, "", lang, 5, whole=True)
    ax.set_xlabel(phrase("overlap.people", lang))
    ax.legend(loc="upper right", ncol=2, fontsize=style.SMALL, frameon=False)
    style.add_words(ax, phrase("overlap.title", lang), phrase("overlap.chance", lang), [phrase("overlap.thin", lang)])
    return ax
