"""Names beside points: the same places on every run, none over another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dvresearch.plots.style import GREY, INK, LINE, SMALL, halo, lay_out, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation

__all__ = ["name_points", "separate"]

#: Half the size of a marker, in points.
MARKER = 4.5
#: Where a name may stand, nearest first: direction of the offset from the point and its length in points.
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_REACH = (6.0, 14.0)

Box = tuple[float, float, float, float]


def name_points(
    ax: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str], *, around: Iterable[Line2D]
) -> int:
    """Write a name beside each point where there is room; a name that found none is left out.

    Parameters
    ----------
    ax : Axes
        Axes whose limits and surroundings are final.
    x, y : sequence of float
        The points, the most important first: they choose their place first.
    names : sequence of str
        A name for each.
    around : iterable of Line2D
        Groups of points that must not be covered.

    Returns
    -------
    int
        How many names are left out.
    """
    points = lay_out(ax)
    x0, y0, x1, y1 = points * np.asarray(ax.get_window_extent().extents)
    taken: list[Box] = [
        (a - MARKER, b - MARKER, a + MARKER, b + MARKER)
        for line in around
        for a, b in ax.transData.transform(line.get_xydata()) * points
    ]
    left_out = 0
    for a, b, name in zip(x, y, names, strict=True):
        left, bottom = ax.transData.transform((a, b)) * points
        place = _free_place((left, bottom), text_width(name), (x0, y0, x1, y1), taken)
        if place is None:
            left_out += 1
            continue
        dx, dy, box = place
        taken.append(box)
        far = max(abs(dx), abs(dy)) > _REACH[0]
        ax.annotate(
            name,
            (a, b),
            (dx, dy),
            textcoords="offset points",
            ha="left" if dx > 0 else "right" if dx < 0 else "center",
            va="center",
            fontsize=SMALL,
            color=INK,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": MARKER} if far else None,
            path_effects=halo(),
            zorder=2.5,
        ).set_in_layout(False)
    return left_out


def _free_place(
    at: tuple[float, float], width: float, edge: Box, taken: Sequence[Box]
) -> tuple[float, float, Box] | None:
    """Return offset and box of the first place inside the axes where a name covers nothing."""
    for reach in _REACH:
        for right, up in _SIDES:
            # A name above or below its point keeps half a line more, since it is centred on the offset.
            dx, dy = right * reach, up * (reach + (LINE / 4 if not right else 0))
            x0 = at[0] + dx - {1: 0, -1: width, 0: width / 2}[right]
            y0 = at[1] + dy - LINE / 2
            box = (x0, y0, x0 + width, y0 + LINE)
            inside = edge[0] <= box[0] and edge[1] <= box[1] and box[2] <= edge[2] and box[3] <= edge[3]
            if inside and not any(_overlap(box, other) for other in taken):
                return dx, dy, box
    return None


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def separate(ax: Axes, labels: Sequence[Annotation]) -> None:
    """Move labels that stand on one side of the axes up or down, so that none covers another.

    Parameters
    ----------
    ax : Axes
        Axes whose limits and surroundings are final.
    labels : sequence of Annotation
        From the lowest to the highest; their offsets are in points.
    """
    if not labels:
        return
    points = lay_out(ax)
    wanted = [float(ax.transData.transform((ax.get_xlim()[1], label.xy[1]))[1]) * points for label in labels]
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + LINE) if placed else y)
    # Pushing went upwards only; its mean is taken back, so that the group stays where its lines are.
    back = (sum(placed) - sum(wanted)) / len(placed)
    for label, to, y in zip(labels, placed, wanted, strict=True):
        label.xyann = (label.xyann[0], to - back - y)
