"""Where the dossiers of one unit are: a total, its parts one after the other, and what the source leaves out."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from dvresearch import codebook
from dvresearch.errors import Text
from dvresearch.plots.style import (
    DARK,
    DASHES,
    GREY,
    INK,
    MAUVE,
    MID,
    NUMBER,
    PLUM,
    SMALL,
    add_words,
    fill,
    format_axis,
    halo,
    new_axes,
    styled,
    tidy,
)
from dvresearch.wording.flows import column_name, count_text, read_flows, unit_and_period
from dvresearch.wording.values import Lang, capital, say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "flows"]

#: What was in time is dark blue or its light twin, what was late dark or light purple; the rest is grey.
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
_TITLE = Text("Hồ sơ đang ở đâu", "Where the dossiers are")
_REST = Text("Nguồn không mô tả", "Not described by the source")
_TOTAL = Text("tổng", "the total")
_EXCESS = Text("Các phần vượt tổng", "Parts beyond the total")
_BARS = Text("Mỗi thanh bắt đầu từ chỗ thanh trên kết thúc.", "Each bar begins where the one above ends.")
_HATCHED = Text(
    "Phần gạch chéo: chênh lệch giữa tổng và các phần, chưa rõ là gì.",
    "Hatched: what total and parts differ by, of unknown nature.",
)
_DASHED = Text("Đường đứt: {} {}.", "Dashed line: {} {}.")


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
    totals = _chain([(c, column_name(c, lang), float(row[c])) for c in found.base])
    parts = _chain([(c, column_name(c, lang), count) for c, count in found.parts])
    rest = found.remainder
    hatched = abs(rest) > 1e-6
    if hatched:
        code, words = ("remainder", _REST) if rest > 0 else ("excess", _EXCESS)
        parts.append((code, say(words, lang), min(found.total, found.total - rest), abs(rest)))
    bars = totals + parts

    ax = ax if ax is not None else new_axes(3.2 + 0.7 * len(bars))
    highest = max(left + width for _, _, left, width in bars)
    for y, (code, _, left, width) in enumerate(bars):
        end = left + width
        # a number that would be written across the line of the total stands before its bar
        before = bool(totals) and 0 < found.total - end < NUMBER * highest < left
        plain = y < len(totals) or code in ("remainder", "excess")
        ax.barh(
            y,
            width,
            left=left,
            height=0.62,
            color="white" if plain else COLOURS.get(code, GREY),
            edgecolor=INK if plain else COLOURS.get(code, GREY),
            linewidth=0.8,
            gid=code,
            zorder=2,
            hatch="////" if code in ("remainder", "excess") else None,
        )
        ax.annotate(
            count_text(width, lang),
            (left if before else end, y),
            (-4 if before else 4, 0),
            textcoords="offset points",
            ha="right" if before else "left",
            va="center",
            fontsize=SMALL,
            path_effects=halo(),
            annotation_clip=False,
            gid=code,
        )
    if totals:
        ax.axvline(found.total, color=INK, linewidth=1, linestyle=DASHES, gid="total", zorder=1)
    ax.set_yticks(range(len(bars)), [fill(label, 150) for _, label, _, _ in bars])
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_xlim(0, 1.02 * highest or 1)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=True))
    format_axis(ax.xaxis, "", lang)
    ax.set_xlabel(capital(codebook.get("unit", "dossier").label(lang)))
    tidy(ax, "x")
    ax.tick_params(axis="y", length=0)
    line = say(_DASHED, lang).format(say(_TOTAL, lang), count_text(found.total, lang)) if totals else ""
    notes = [say(_BARS, lang), line, say(_HATCHED, lang) if hatched else ""]
    add_words(ax, say(_TITLE, lang), unit_and_period(row, lang), [" ".join(filter(None, notes))])
    return ax


def _chain(bars: list[tuple[str, str, float]]) -> list[tuple[str, str, float, float]]:
    """Return code, label, left end and width of bars that begin where the one before ends."""
    ends = list(itertools.accumulate((width for _, _, width in bars), initial=0.0))
    return [(code, label, left, width) for (code, label, width), left in zip(bars, ends, strict=False)]
