"""The effect of a programme by time since adoption."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.ticker import MaxNLocator

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.plots.style import (
    DARK,
    DASHES,
    GREY,
    INK,
    MUTED,
    SMALL,
    add_words,
    format_axis,
    halo,
    new_axes,
    styled,
    text_width,
    tidy,
)
from dvresearch.tables import ESTIMATES, Column, Table, check
from dvresearch.text import format_number
from dvresearch.wording.estimates import interval_note
from dvresearch.wording.values import (
    Lang,
    capital,
    definition_name,
    indicator_name,
    known,
    reason_labels,
    say,
    unit_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["event_study"]

_EFFECTS = Table(
    "effects",
    Text("tác động theo số kỳ từ khi áp dụng", "effects by time since adoption"),
    ("effect", "event_time", "band"),
    (
        Column("effect", "code", required=True),
        Column("event_time", "number", required=True),
        Column("band", "code", required=True),
        *ESTIMATES.columns,
    ),
)
#: Width of the bar of each kind of interval: the wider interval is the thinner bar, so that both are seen.
_BARS = {"simultaneous": 1.0, "pointwise": 3.6}

_DIFFERENCE = Text("Chênh lệch ({})", "Difference ({})")
_UNITS = Text("{}; dòng dưới: số đơn vị", "{}; below: units")
_START = Text("bắt đầu áp dụng", "adoption")
_MEANING = {
    "pointwise": Text("vạch đậm: khoảng {} % của từng kỳ", "thick bars: {}% intervals, each for its period"),
    "simultaneous": Text(
        "vạch mảnh: khoảng {} % của mọi kỳ cùng lúc", "thin bars: {}% intervals of all periods at once"
    ),
}
_MARKS = Text(
    "Chấm rỗng: trước khi áp dụng, mỗi kỳ so với kỳ liền trước",
    "Hollow dots: before adoption, each against the period before it",
)
_NO_BAR = Text("Không có vạch ở kỳ {}: {}.", "No bar at {}: {}.")


@styled
def event_study(effects: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "vi") -> Axes:
    """Draw the effect in each period since adoption, with what is seen before it.

    Parameters
    ----------
    effects : DataFrame
        Result of :func:`dvresearch.impact` for one outcome and one group; the rows by time since adoption are drawn.
    ax : Axes, optional
        Where to draw; a new figure when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.

    Returns
    -------
    Axes
        Periods since adoption from left to right, 0 the first period with the model. Hollow dots are periods before,
        each compared with the one before it; thick bars are the intervals of each period (gid ``pointwise``), thin
        ones those of all periods at once (gid ``simultaneous``). Under each period stands the number of units behind
        it.

    Raises
    ------
    DataError
        When columns are missing, or no row has an effect by time since adoption.
    ParameterError
        For several groups or outcomes.
    """
    table = check(effects, _EFFECTS)
    table = table[(table["effect"] == "event_time") & table["band"].isin(_BARS) & table["value"].notna()]
    if not len(table):
        reasons = [label for row in effects.to_dict("records") for label in reason_labels(row, lang)]
        raise DataError("no-effect-by-time", got="; ".join(dict.fromkeys(reasons or effects["effect"])))
    if table.duplicated(["event_time", "band"]).any():
        column = "indicator" if len(table["indicator"].unique()) > 1 else table.columns[0]
        kept = f'effects[effects["{column}"] == "{table[column].iloc[0]}"]'
        raise ParameterError("picture-takes-one-outcome", got=f"{len(table)}", kept=kept)
    if ax is None:
        ax = new_axes(8.5)
    for kind, width in _BARS.items():
        bars = table[(table["band"] == kind) & table["lower"].notna() & table["upper"].notna()]
        ax.vlines(bars["event_time"], bars["lower"], bars["upper"], color=DARK, linewidth=width, zorder=2).set_gid(kind)
    points = table.drop_duplicates("event_time").sort_values("event_time")
    for before, rows in points.groupby(points["event_time"] < 0):
        ax.plot(
            rows["event_time"],
            rows["value"],
            linestyle="none",
            marker="o",
            markersize=6,
            markeredgewidth=1.3,
            color=DARK,
            markerfacecolor="white" if before else DARK,
            zorder=3,
        )
    ax.axhline(0, color=INK, linewidth=1, linestyle=DASHES, gid="reference", zorder=1)
    if (points["event_time"] < 0).any():
        _mark_start(ax, lang)
    _label(ax, points, lang)
    first = table.iloc[0].to_dict()
    drawn = [kind for kind in ("pointwise", "simultaneous") if ((table["band"] == kind) & table["lower"].notna()).any()]
    level = format_number(100 * first["confidence"], 1 if 1000 * first["confidence"] % 10 else 0, lang)
    told = [say(_MARKS, lang)] if (points["event_time"] < 0).any() else []
    legend = "; ".join([*told, *(say(_MEANING[kind], lang).format(level) for kind in drawn)])
    title, subtitle = indicator_name(first["indicator"], lang), definition_name(first["definition"], lang)
    bare = [
        say(_NO_BAR, lang).format(
            format_number(row["event_time"], 0, lang),
            ", ".join(reason_labels(row, lang)),
        )
        for row in points.to_dict("records")
        if not known(row["lower"])
    ]
    notes = [f"{capital(legend)}." if legend else "", *bare, interval_note(table, lang)]
    add_words(ax, capital(title), capital(subtitle), notes)
    return ax


def _mark_start(ax: Axes, lang: Lang) -> None:
    ax.axvline(-0.5, color=GREY, linewidth=1, linestyle=":", gid="adoption", zorder=1)
    ax.annotate(
        say(_START, lang),
        (-0.5, 1),
        (0, -2),
        xycoords=ax.get_xaxis_transform(),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=SMALL,
        color=MUTED,
        path_effects=halo(),
        gid="adoption",
    )


def _label(ax: Axes, points: pd.DataFrame, lang: Lang) -> None:
    """Name both axes; under each period stands how many units its number rests on."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.12 * (high - low))  # room for the word at the top
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    unit = unit_of(points.iloc[0].to_dict())
    format_axis(ax.yaxis, unit, lang)
    noun = codebook.get("unit", unit).label(lang) if unit else ""
    ax.set_ylabel(say(_DIFFERENCE, lang).format(noun).removesuffix(" ()"))
    n = [f"\n{format_number(x, 0, lang)}" if known(x) else "" for x in points["n"]]
    ticks = [format_number(t, 0, lang) + below for t, below in zip(points["event_time"], n, strict=True)]
    # of many periods as many are labelled as stand beside one another
    step = math.ceil(len(ticks) * (max(map(text_width, ticks)) + 8) / text_width("0" * 60))
    ax.set_xticks(points["event_time"][::step], ticks[::step])
    title = codebook.get("column", "event_time").label(lang)
    ax.set_xlabel(say(_UNITS, lang).format(title) if any(n) else title)
    ax.set_xlim(points["event_time"].min() - 0.7, points["event_time"].max() + 0.7)
    tidy(ax, "y")
