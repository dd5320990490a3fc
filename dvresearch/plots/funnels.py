"""Funnel plot: units against one target, each judged at its own size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd
from matplotlib.ticker import LogLocator, MaxNLocator

from dvresearch.errors import Text, check_choice
from dvresearch.plots.labels import name_points, separate
from dvresearch.plots.style import (
    DARK,
    GREY,
    INK,
    MUTED,
    PLUM,
    SMALL,
    add_words,
    format_axis,
    halo,
    new_axes,
    styled,
    tidy,
)
from dvresearch.tables import FUNNEL, Column, Table, check
from dvresearch.wording.comparison import OUTSIDE, one_target
from dvresearch.wording.values import (
    Lang,
    capital,
    counted,
    definition_name,
    hidden,
    indicator_name,
    names,
    say,
    unit_of,
    value,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

__all__ = ["SHAPES", "funnel"]

#: Marker, colour and filling of each position: shape and filling tell as much as colour does.
SHAPES = {
    "within": ("o", GREY, GREY),
    "unknown": ("x", GREY, GREY),
    "above95": ("^", DARK, "white"),
    "below95": ("v", PLUM, "white"),
    "above998": ("^", DARK, DARK),
    "below998": ("v", PLUM, PLUM),
}
_SHORT = {
    "within": Text("trong giới hạn 95\u00a0%", "within the 95% limits"),
    "above998": Text("cao hơn 99,8\u00a0%", "above 99.8%"),
    "above95": Text("cao hơn 95\u00a0%", "above 95%"),
    "below95": Text("thấp hơn 95\u00a0%", "below 95%"),
    "below998": Text("thấp hơn 99,8\u00a0%", "below 99.8%"),
    "unknown": Text("không xếp (ít trường hợp)", "not placed (few cases)"),
}
#: The same positions as signs in the legend.
_SIGNS = {"within": "●", "above998": "▲", "above95": "△", "below95": "▽", "below998": "▼", "unknown": "×"}
_LIMITS = {
    "lower998": (Text("99,8\u00a0%", "99.8%"), "-"),
    "upper998": (Text("99,8\u00a0%", "99.8%"), "-"),
    "lower95": (Text("95\u00a0%", "95%"), (0, (4, 2))),
    "upper95": (Text("95\u00a0%", "95%"), (0, (4, 2))),
}
_CURVE = Table(
    "curve",
    Text("giới hạn phễu ở một mẫu số", "funnel limits at one denominator"),
    ("denominator",),
    tuple(Column(c, "number", required=True) for c in ("denominator", "target", *_LIMITS)),
)
_TARGET = Text("mức chung {}", "overall {}")
_SIZE = Text("Mẫu số", "Denominator")
_LOG = Text(" (thang log)", " (log scale)")
_READ = Text(
    "Đường gạch: giới hạn 95\u00a0%; đường liền: giới hạn 99,8\u00a0%. "
    "Nằm ngoài giới hạn là câu hỏi, chưa phải kết luận.",
    "Dashed lines: 95% limits; solid lines: 99.8% limits. A place outside is a question, not yet an answer.",
)
_CROWDED = Text(
    "{} đơn vị ngoài giới hạn không ghi tên vì thiếu chỗ (xem bảng).",
    "Outside the limits but not named, for lack of room: {} (see the table).",
)
_NOT_DRAWN = Text("Không có số liệu: {}.", "No figure: {}.")


@styled
def funnel(
    funnel_table: pd.DataFrame,
    curve: pd.DataFrame,
    *,
    ax: Axes | None = None,
    lang: Lang = "vi",
    unit: str = "unit",
    scale: Literal["log", "linear"] = "log",
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
        Where to draw; a new figure of 16 x 12 cm when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.
    unit : str, default "unit"
        Column with the names.
    scale : {"log", "linear"}, default "log"
        Axis of the denominators. Units of very different size are legible on ``log`` only.

    Returns
    -------
    Axes
        One group of points per position, its code as ``gid``. Only units outside the limits are
        named, the farthest first; one whose name would cover another is counted in the note.

    Raises
    ------
    DataError
        When a table breaks its contract.
    ParameterError
        For several targets, a missing column of names, or an unknown word or code.
    """
    check(funnel_table, FUNNEL)
    check(curve, _CURVE)
    check_choice("scale", scale, ("log", "linear"))
    target = one_target(funnel_table)
    table = funnel_table.assign(_name=names(funnel_table, unit))
    drawn = table[table["value"].notna() & (table["denominator"] > 0) & ~hidden(table)]
    first = table.iloc[0].to_dict()
    ax = ax if ax is not None else new_axes(12)

    ax.set_xscale(scale)
    _draw_limits(ax, curve)
    groups = []
    for position, (marker, colour, inside) in SHAPES.items():
        rows = drawn[drawn["position"] == position]
        if len(rows):
            groups += ax.plot(
                rows["denominator"],
                rows["value"],
                gid=position,
                linestyle="none",
                marker=marker,
                markersize=5.5,
                color=colour,
                markerfacecolor=inside,
                markeredgewidth=1.2,
                zorder=3,
                clip_on=False,
            )
    _fit_axes(ax, drawn, scale, unit_of(first), lang)
    noun = counted(first["definition"], 2, lang)
    ax.set_xlabel(
        say(_SIZE, lang) + (f": {noun}" if noun else "") + (say(_LOG, lang) if scale == "log" else ""), loc="left"
    )
    level = say(_TARGET, lang).format(value(target, unit_of(first), drawn["n"].sum(), lang))
    ends = _label_limits(ax, curve.iloc[-1], level, lang)
    add_words(
        ax,
        capital(indicator_name(first["indicator"], lang)),
        capital(definition_name(first["definition"], lang)),
        _notes(table, drawn, lang),
    )
    separate(ax, ends)
    outside = drawn[drawn["position"].isin(OUTSIDE)]
    outside = outside.assign(_far=-outside["z"].abs()).sort_values(["_far", "_name"])
    crowded = name_points(ax, outside["denominator"], outside["value"], outside["_name"], around=groups)
    if crowded:
        ax.annotate(
            say(_CROWDED, lang).format(crowded),
            (1, 0),
            (-4, 4),
            "axes fraction",
            "offset points",
            ha="right",
            va="bottom",
            fontsize=SMALL,
            color=MUTED,
            path_effects=halo(),
        )
    return ax


def _draw_limits(ax: Axes, curve: pd.DataFrame) -> None:
    size = curve["denominator"]
    ax.plot(size, curve["target"], color=INK, linewidth=1.2, gid="target", zorder=1)
    for column, (_, dashes) in _LIMITS.items():
        ax.plot(size, curve[column], color=GREY, linewidth=1.1, linestyle=dashes, gid=column, zorder=1)


def _fit_axes(ax: Axes, drawn: pd.DataFrame, scale: str, unit: str, lang: Lang) -> None:
    """Fit the axes to the points; where the smallest units open the funnel wider than that, its mouth is cut off."""
    low, high = drawn["denominator"].min(), drawn["denominator"].max()
    if scale == "log":
        ax.set_xlim(low / 1.2, high * 1.2)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    else:
        ax.set_xlim(0, 1.04 * high)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    shown = pd.concat([drawn["value"], drawn["target"]])
    air = 0.12 * (shown.max() - shown.min()) or 0.05
    top, bottom = shown.max() + air, shown.min() - air
    # shares end at 1, rates and ratios do not
    most = 1.02 if (drawn["funnel_kind"] == "proportion").all() else top
    ax.set_ylim(max(bottom, -0.02 * most), min(top, most))
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    format_axis(ax.xaxis, "", lang)
    format_axis(ax.yaxis, unit, lang)
    tidy(ax, "y")


def _notes(table: pd.DataFrame, drawn: pd.DataFrame, lang: Lang) -> list[str]:
    met = drawn["position"].unique()
    signs = "   ".join(f"{_SIGNS[p]} {say(_SHORT[p], lang)}" for p in _SIGNS if p in met)
    missing = table.loc[~table.index.isin(drawn.index), "_name"]
    return [signs, say(_READ, lang), say(_NOT_DRAWN, lang).format(", ".join(missing)) if len(missing) else ""]


def _label_limits(ax: Axes, end: pd.Series, target: str, lang: Lang) -> list[Annotation]:
    """Name target and limits at their right end, from the lowest to the highest."""
    words = {"target": target, **{c: say(text, lang) for c, (text, _) in _LIMITS.items()}}
    low, high = ax.get_ylim()
    return [
        ax.annotate(
            words[column],
            (1, y),
            (5, 0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK if column == "target" else MUTED,
            annotation_clip=False,
        )
        for y, column in sorted((float(end[c]), c) for c in words)
        if low <= y <= high
    ]
