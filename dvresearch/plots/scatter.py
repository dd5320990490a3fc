"""Points in a plane: units in a funnel, each judged at its own size, and items by level and importance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.ticker import LogLocator

from dvresearch.errors import DataError, Text
from dvresearch.plots import style
from dvresearch.plots.style import DARK, GREY, INK, MUTED, PLUM, styled, write
from dvresearch.tables import ESTIMATES, FUNNEL, Column, Table, check
from dvresearch.wording import values
from dvresearch.wording.estimates import OUTSIDE, one_target
from dvresearch.wording.values import Lang, capital, phrase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

__all__ = ["SHAPES", "funnel", "priorities"]

#: Marker, colour, filling and sign in the legend of each position: shape and filling tell as much as colour does.
SHAPES = {
    "within": ("o", GREY, GREY, "●"),
    "above998": ("^", DARK, DARK, "▲"),
    "above95": ("^", DARK, "white", "△"),
    "below95": ("v", PLUM, "white", "▽"),
    "below998": ("v", PLUM, PLUM, "▼"),
    "unknown": ("x", GREY, GREY, "×"),
}
_DASHED = (0, (4, 2))
#: Dashes and share in per cent of each limit.
_LIMITS = {"lower998": ("-", 0.998), "upper998": ("-", 0.998), "lower95": (_DASHED, 0.95), "upper95": (_DASHED, 0.95)}
_CURVE = Table(
    "curve",
    Text("giới hạn phễu ở một mẫu số", "funnel limits at one denominator"),
    ("denominator",),
    tuple(Column(c, "number", required=True) for c in ("denominator", "target", *_LIMITS)),
)


@styled
def funnel(
    funnel_table: pd.DataFrame,
    curve: pd.DataFrame,
    *,
    ax: Axes | None = None,
    lang: Lang = "vi",
    unit: str = "unit",
) -> Axes:
    """Draw units against a target, with the limits chance and over-dispersion allow at each size.

    Parameters
    ----------
    funnel_table : DataFrame
        The funnel contract: one indicator, one target.
    curve : DataFrame
        The limits by size: ``denominator, target, lower95, upper95, lower998, upper998``, as
        ``metrics.funnel_curve`` returns them.
    ax : Axes, optional
        Where to draw; a new figure when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.
    unit : str, default "unit"
        Column with the names.

    Returns
    -------
    Axes
        Denominators stand on a logarithmic axis, since units differ much in size. One group of points per position,
        its code as ``gid``. Only units outside the limits are named, the farthest first; one whose name would cover
        another is counted in the note.

    Raises
    ------
    DataError
        When a table breaks its contract.
    ParameterError
        For several targets, a missing column of names, or an unknown word or code.
    """
    check(funnel_table, FUNNEL)
    check(curve, _CURVE)
    target = one_target(funnel_table)
    table = funnel_table.assign(_name=values.names(funnel_table, unit))
    drawn = table[table["value"].notna() & (table["denominator"] > 0) & ~values.hidden(table)]
    first = table.iloc[0].to_dict()
    measured = values.unit_of(first)
    ax = ax or style.new_axes(11)
    ax.set_xscale("log")
    ax.plot(curve["denominator"], curve["target"], color=INK, linewidth=1.2, gid="target", zorder=1)
    for column, (dashes, _) in _LIMITS.items():
        look: dict[str, Any] = {"color": GREY, "linewidth": 1.1, "linestyle": dashes, "gid": column, "zorder": 1}
        ax.plot(curve["denominator"], curve[column], **look)
    groups = [
        style.dots(ax, rows["denominator"], rows["value"], marker, colour, inside, gid=position)
        for position, (marker, colour, inside, _) in SHAPES.items()
        if len(rows := drawn[drawn["position"] == position])
    ]
    _fit(ax, drawn, measured, lang)
    noun = values.counted(first["definition"], 2, lang)
    ax.set_xlabel(phrase("funnel.size", lang, f": {noun}" if noun else ""), loc="left")
    level = phrase("funnel.target", lang, values.value(target, measured, drawn["n"].sum(), lang))
    ends = _label_limits(ax, curve.iloc[-1], level, lang)
    met = set(drawn["position"])
    signs = style.legend((SHAPES[p][-1], phrase(f"funnel.sign-{p}", lang)) for p in SHAPES if p in met)
    missing = ", ".join(table.loc[~table.index.isin(drawn.index), "_name"])
    notes = [signs, phrase("funnel.how-to-read", lang), phrase("funnel.not-drawn", lang, missing) if missing else ""]
    title, how = values.indicator_name(first["indicator"], lang), values.definition_name(first["definition"], lang)
    style.add_words(ax, capital(title), capital(how), notes)
    style.separate(ax, ends)
    outside = drawn[drawn["position"].isin(OUTSIDE)]
    outside = outside.assign(_far=-outside["z"].abs()).sort_values(["_far", "_name"])
    crowded = style.name_points(ax, outside["denominator"], outside["value"], outside["_name"], around=groups)
    if crowded:
        style.add_note(ax, phrase("funnel.crowded", lang, crowded))
    return ax


def _fit(ax: Axes, drawn: pd.DataFrame, unit: str, lang: Lang) -> None:
    """Fit the axes to the points; where the smallest units open the funnel wider than that, its mouth is cut off."""
    low, high = drawn["denominator"].min(), drawn["denominator"].max()
    shown = pd.concat([drawn["value"], drawn["target"]])
    air = 0.12 * (shown.max() - shown.min()) or 0.05
    top, bottom = shown.max() + air, shown.min() - air
    # shares end at 1, rates and ratios do not
    most = 1.02 if (drawn["funnel_kind"] == "proportion").all() else top
    ax.set_ylim(max(bottom, -0.02 * most), min(top, most))
    ax.set_xlim(low / 1.7, high * 1.2)  # names stand left of the smallest, too
    style.scale(ax.yaxis, unit, lang)
    style.scale(ax.xaxis, "", lang)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 3) if high < 100 * low else (1,)))
    style.tidy(ax, "y")


def _label_limits(ax: Axes, end: pd.Series, target: str, lang: Lang) -> list[Annotation]:
    """Name target and limits at their right end."""
    limits = {c: phrase("funnel.limit", lang, values.value(p, "share", None, lang)) for c, (_, p) in _LIMITS.items()}
    words = {"target": target, **limits}
    low, high = ax.get_ylim()
    return [
        write(ax, text, (1, end[c]), (5, 0), "beside", color=INK if c == "target" else MUTED)
        for c, text in words.items()
        if low <= end[c] <= high
    ]


@styled
def priorities(
    performance: pd.DataFrame,
    importance: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    lang: Lang = "vi",
) -> Axes:
    """Draw the level of each item against how much it goes with the outcome (importance-performance chart).

    Parameters
    ----------
    performance : DataFrame
        Estimates of one score by ``item``, as ``metrics.satisfaction`` returns them.
    importance : DataFrame
        Estimates by ``item`` as ``metrics.drivers`` or ``metrics.driver_importance`` return them.
    names : mapping of str to str, optional
        Item -> what is written beside its point; short words find room.
    ax : Axes, optional
        Where to draw; a new figure when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.

    Returns
    -------
    Axes
        A point for each item of both tables, with its two intervals: filled (gid ``clear``) where the interval of its
        importance leaves out the value of no association, else hollow (``unclear``). Dashed lines stand at no
        association and at the mean of the items.

    Raises
    ------
    DataError
        When a table breaks its contract, has no column ``item``, or no item is in both.
    """
    for table in (performance, importance):
        check(table, ESTIMATES)
        if "item" not in table:
            raise DataError("picture-lacks-columns", names="item")
    both = performance.merge(importance, on="item", suffixes=("_y", "_x")).dropna(subset=["value_x", "value_y"])
    if both.empty or both["item"].duplicated().any():
        raise DataError("tables-do-not-match-by-item")
    none = 1.0 if str(both["indicator_x"].iloc[0]).startswith("odds_ratio") else 0.0
    ax = ax or style.new_axes(10.5)
    clear = ~((both["lower_x"] <= none) & (none <= both["upper_x"]))
    ax.hlines(both["value_y"], both["lower_x"], both["upper_x"], color=GREY, linewidth=0.9, zorder=1)
    ax.vlines(both["value_x"], both["lower_y"], both["upper_y"], color=GREY, linewidth=0.9, zorder=1)
    groups = [
        style.dots(ax, rows["value_x"], rows["value_y"], inside=inside, gid=gid, label=words, markersize=6)
        for rows, gid, inside, words in (
            (both[clear], "clear", DARK, phrase("priorities.clear", lang, f"{none:.0f}")),
            (both[~clear], "unclear", "white", phrase("priorities.unclear", lang, f"{none:.0f}")),
        )
        if len(rows)
    ]
    middle = both["value_y"].mean()
    style.level(ax, none, "none", upright=True)
    style.level(ax, middle, "mean")
    write(ax, phrase("priorities.mean", lang), (1, middle), (6, 0), "beside")
    for axis, end in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        indicator = str(both[f"indicator_{end}"].iloc[0])
        style.scale(axis, values.unit_of({"indicator": indicator}), lang, 5)
        axis.set_label_text(style.fill(capital(values.indicator_name(indicator, lang)), 230))
    style.tidy(ax, "both")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.22 * (high - low))  # room for the legend
    ax.legend(loc="upper left", fontsize=style.SMALL, facecolor="white", edgecolor="white", framealpha=1)
    style.add_words(ax, phrase("priorities.title", lang), "", [phrase("priorities.no-effect", lang)])
    ranked = both.sort_values("value_x", ascending=False)
    written = [(names or {}).get(i, i) for i in ranked["item"]]
    crowded = style.name_points(ax, ranked["value_x"], ranked["value_y"], written, around=groups)
    if crowded:
        style.add_note(ax, phrase("priorities.left-out", lang, crowded))
    return ax
