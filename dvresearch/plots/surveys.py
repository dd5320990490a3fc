"""Pictures of a survey: who could have answered and did, and what goes with satisfaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator

from dvresearch.errors import DataError, Text
from dvresearch.plots.labels import name_points
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
    tidy,
)
from dvresearch.tables import ESTIMATES, check
from dvresearch.wording.values import Lang, capital, cell, indicator_name, say, unit_of, value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["overlap", "priorities"]

_OVERLAP = Text("Người trả lời và người không trả lời", "Those who answered and those who did not")
_CHANCE = Text("Khả năng trả lời theo mô hình", "Modelled chance to answer")
_PEOPLE = Text("Số người", "People")
_ANSWERED, _SILENT = Text("đã trả lời", "answered"), Text("không trả lời", "did not answer")
_RATE = Text("{} trả lời", "{} answered")
_THIN = Text(
    "Lớp nào đông người không trả lời mà ít người trả lời thì phiếu thu được không đại diện được cho lớp đó.",
    "Where many did not answer and few did, the answers cannot stand for that class.",
)
_PRIORITIES = Text(
    "Điều gì liên quan với hài lòng chung, và đang ở mức nào", "What goes with satisfaction, and its level"
)
_CLEAR = Text("khoảng không chứa {}", "interval without {}")
_UNCLEAR = Text("khoảng chứa {}: chưa rõ liên quan", "interval with {}: no clear association")
_MEAN = Text("bình quân\ncác câu", "mean of\nthe items")
_NO_EFFECT = Text(
    "Liên quan không phải là nguyên nhân: nâng một điều lên chưa chắc hài lòng chung cũng lên.",
    "An association is no effect: raising an item need not raise satisfaction.",
)
_LEFT_OUT = Text("{} tên không đủ chỗ", "{} names found no room")


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
    _need(classes, ("lower", "upper", "answered", "silent", "rate"))
    ax = ax if ax is not None else new_axes(3.6 + 1.1 * len(classes))
    looks: dict[str, dict[str, Any]] = {
        "answered": {"color": DARK},
        "silent": {"color": "white", "edgecolor": INK, "hatch": "////", "linewidth": 0.8},
    }
    words = {"answered": _ANSWERED, "silent": _SILENT}
    for shift, (column, look) in zip((-0.2, 0.2), looks.items(), strict=True):
        places = [y + shift for y in range(len(classes))]
        bars = ax.barh(places, classes[column], height=0.38, label=say(words[column], lang), zorder=2, **look)
        for bar in bars:
            bar.set_gid(column)
    for y, row in enumerate(classes.itertuples()):
        ax.annotate(
            say(_RATE, lang).format(value(row.rate, "share", row.answered + row.silent, lang)),
            (max(row.answered, row.silent), y),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            path_effects=halo(),
            gid="rate",
        )
    ends = [
        (cell(r.lower, "share", r.answered + r.silent, lang), cell(r.upper, "share", r.answered + r.silent, lang))
        for r in classes.itertuples()
    ]
    ax.set_yticks(range(len(classes)), [low if low == high else f"{low} – {high}" for low, high in ends])
    ax.set_ylim(len(classes) - 0.5, -1.1)  # room for the legend above the first class
    ax.set_xlim(0, 1.25 * max(classes["answered"].max(), classes["silent"].max()))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    format_axis(ax.xaxis, "", lang)
    ax.set_xlabel(say(_PEOPLE, lang))
    ax.set_ylabel(say(_CHANCE, lang))
    tidy(ax, "x")
    ax.legend(loc="upper right", ncol=2, fontsize=SMALL, frameon=False)
    add_words(ax, say(_OVERLAP, lang), "", [say(_THIN, lang)])
    return ax


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
        _need(table, ("item",))
    both = performance.merge(importance, on="item", suffixes=("_y", "_x"))
    both = both[both["value_x"].notna() & both["value_y"].notna()]
    if both.empty or both["item"].duplicated().any():
        raise DataError("tables-do-not-match-by-item")
    none = 1.0 if str(both["indicator_x"].iloc[0]).startswith("odds_ratio") else 0.0
    ax = ax if ax is not None else new_axes(10.5)
    clear = ~((both["lower_x"] <= none) & (none <= both["upper_x"]))
    groups = []
    for rows, gid, face, words in ((both[clear], "clear", DARK, _CLEAR), (both[~clear], "unclear", "white", _UNCLEAR)):
        if rows.empty:
            continue
        ax.hlines(rows["value_y"], rows["lower_x"], rows["upper_x"], color=GREY, linewidth=0.9, zorder=1)
        ax.vlines(rows["value_x"], rows["lower_y"], rows["upper_y"], color=GREY, linewidth=0.9, zorder=1)
        label = say(words, lang).format(f"{none:.0f}")
        groups += ax.plot(
            rows["value_x"],
            rows["value_y"],
            "o",
            color=DARK,
            markerfacecolor=face,
            markersize=6,
            label=label,
            gid=gid,
            zorder=3,
        )
    middle = both["value_y"].mean()
    ax.axvline(none, color=INK, linewidth=1, linestyle=DASHES, gid="none", zorder=1)
    ax.axhline(middle, color=INK, linewidth=1, linestyle=DASHES, gid="mean", zorder=1)
    ax.annotate(
        say(_MEAN, lang),
        (1, middle),
        (6, 0),
        xycoords=ax.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        annotation_clip=False,
    )
    first = both.iloc[0].to_dict()
    for axis, end in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        indicator = str(first[f"indicator_{end}"])
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        format_axis(axis, unit_of({"indicator": indicator}), lang)
        axis.set_label_text(capital(indicator_name(indicator, lang)))
    tidy(ax, "both")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.12 * (high - low))  # room for the legend
    ax.legend(loc="upper left", ncol=2, fontsize=SMALL, facecolor="white", edgecolor="white", framealpha=1)
    add_words(ax, say(_PRIORITIES, lang), "", [say(_NO_EFFECT, lang)])
    by_importance = both.sort_values("value_x", ascending=False)
    written = [(names or {}).get(i, i) for i in by_importance["item"]]
    crowded = name_points(ax, by_importance["value_x"], by_importance["value_y"], written, around=groups)
    if crowded:
        ax.annotate(
            say(_LEFT_OUT, lang).format(crowded),
            (0, 0),
            (4, 4),
            "axes fraction",
            "offset points",
            fontsize=SMALL,
            color=MUTED,
        )
    return ax


def _need(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise DataError("picture-lacks-columns", names=", ".join(missing))
