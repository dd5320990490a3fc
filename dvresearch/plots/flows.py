"""Where the dossiers of one unit are: a total, its parts one after the other, and what the source leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from dvresearch.errors import Text
from dvresearch.plots.style import (
    DARK,
    GREY,
    INK,
    MAUVE,
    MID,
    PLUM,
    SMALL,
    add_words,
    format_axis,
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
_EXCESS = Text("Các phần vượt tổng", "Parts beyond the total")
_BARS = Text(
    "Mỗi thanh bắt đầu từ chỗ thanh trên kết thúc. Phần gạch chéo: chênh lệch giữa tổng và các phần, chưa rõ là gì.",
    "Each bar begins where the one above ends. Hatched: what total and parts differ by, of unknown nature.",
)


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
    bars = [(c, column_name(c, lang), 0.0, float(row[c])) for c in found.base]
    at = 0.0
    for i, (code, label, _, width) in enumerate(bars):
        bars[i] = (code, label, at, width)
        at += width
    at = 0.0
    for code, count in found.parts:
        bars.append((code, column_name(code, lang), at, count))
        at += count
    rest = found.remainder
    if rest > 1e-6:
        bars.append(("remainder", say(_REST, lang), at, rest))
    elif rest < -1e-6:
        bars.append(("excess", say(_EXCESS, lang), found.total, -rest))

    ax = ax if ax is not None else new_axes(3.6 + 0.8 * len(bars))
    for y, (code, _, left, width) in enumerate(bars):
        unknown = code in ("remainder", "excess")
        total = y < len(found.base)
        ax.barh(
            y,
            width,
            left=left,
            height=0.62,
            color="white" if unknown or total else COLOURS.get(code, GREY),
            edgecolor=INK if unknown or total else "white",
            hatch="////" if unknown else None,
            linewidth=0.8,
            gid=code,
            zorder=2,
        )
        ax.annotate(
            count_text(width, lang),
            (left + width, y),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            annotation_clip=False,
        )
    ...
