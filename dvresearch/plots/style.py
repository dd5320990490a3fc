"""How every picture looks: colours, letters, ticks, notes, and files that are the same bytes every time."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import AbstractPathEffect, Normal, Stroke
from matplotlib.textpath import text_to_path
from matplotlib.ticker import Formatter, MaxNLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from dvresearch.errors import ParameterError
from dvresearch.wording.values import NBSP, POINTS, Lang, cell, needed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

__all__ = [
    "DARK", "DASHES", "GREY", "INK", "LINE", "MAUVE", "MID", "MUTED", "PLUM", "add_note", "add_words", "close", "dots",
    "figure", "fill", "halo", "legend", "level", "mark", "name_points", "new_axes", "save", "scale", "separate",
    "styled", "text_width", "tidy", "write",
]  # fmt: skip

#: Few colours, told apart by lightness, so that they survive a grey printer and every kind of colour blindness: the
#: dark ones have a contrast of at least 3:1 with the light ones, and all of them with white (WCAG 2.1, 1.4.11). There
#: is no red, amber or green: a colour is not a verdict.
INK = "#1B2430"
DARK = "#0B3C6F"
PLUM = "#5A1F5C"
MID = "#5B93C7"
MAUVE = "#B07CA8"
GREY = "#868C94"
#: For words less important than others: still 4.5:1 on white, which text needs.
MUTED = "#5A626C"

#: The line of a value to compare with.
DASHES = (0, (4, 3))

FONT = "DejaVu Sans"
CM = 1 / 2.54
DPI = 200
#: A picture that can be read on a telephone: at a width of 390 pixels small words are 10 pixels high.
WIDTH_CM = 12.0
SIZE = 9.5
SMALL = 9.0
TITLE = 11.0
#: Height of a line of small text, in points.
LINE = SMALL * 1.3
#: Mean width of a letter of DejaVu Sans in Vietnamese text, as a share of its size.
LETTER = 0.56
#: Size of a dot, in points.
DOT = 5.5

_STYLE = {
    "font.family": [FONT],
    "font.size": SIZE,
    "axes.titlesize": TITLE,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.facecolor": "white",
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.color": INK,
    "text.parse_math": False,
    "hatch.linewidth": 0.8,
    "svg.hashsalt": "dvresearch",
    "svg.fonttype": "path",
}

_P = ParamSpec("_P")
_R = TypeVar("_R")
#: Mark of the notes under a picture.
NOTES = "dvresearch-notes"

Box = tuple[float, float, float, float]
#: Where a name may stand, nearest first: direction of the offset from the point and its length in points.
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_REACH = (6.0, 14.0, 24.0)
#: Half the room a dot takes from the names around it, in points.
MARKER = 4.5


def styled(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run a drawing function under the style of this module and leave the user's settings as they were."""

    @functools.wraps(draw)
    def inner(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
            drawn = draw(*args, **kwargs)
            interactive = mpl.is_interactive()
        # A notebook turns this on while the first picture is made; put back with the rest, no later picture would show.
        mpl.interactive(interactive)
        return drawn

    return inner


@styled
def figure(width_cm: float = WIDTH_CM, height_cm: float = 9.0) -> Figure:
    """Return an empty figure of a size in cm, at a fixed resolution.

    Parameters
    ----------
    width_cm, height_cm : float
        Size on paper in cm; 16 cm is the text width of an A4 page.

    Returns
    -------
    Figure
        With a layout that makes room for labels. A notebook shows it at the end of the cell
        unless it is closed with :func:`close`.
    """
    size: dict[str, Any] = {"figsize": (width_cm * CM, height_cm * CM), "dpi": DPI, "layout": "constrained"}
    try:
        made = plt.figure(**size)
    except ImportError:  # MPLBACKEND names what is not there: the picture can still be saved
        made = Figure(**size)
    if not isinstance(made.canvas, FigureCanvasAgg):  # MPLBACKEND=svg: words would be measured in another way
        FigureCanvasAgg(made)
    return made


def new_axes(height_cm: float) -> Axes:
    """Return axes in a new figure of the usual width."""
    return figure(WIDTH_CM, height_cm).subplots()


@styled
def save(fig: Figure, path: str | Path) -> Path:
    """Write a figure; the same figure gives the same bytes on every run.

    Parameters
    ----------
    fig : Figure
        The figure; it stays open, see :func:`close`.
    path : path
        Target ending in ``.png`` or ``.svg``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        For another ending.
    """
    path = Path(path)
    # The files would otherwise carry the time (SVG) and the version of the drawing library.
    blank: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
    if path.suffix.lower() not in blank:
        raise ParameterError("picture-neither-png-nor-svg", got=path.name)
    fig.savefig(path, dpi=DPI, format=path.suffix.lower()[1:], metadata=blank[path.suffix.lower()])
    return path


def close(fig: Figure) -> None:
    """Release a figure, so that it takes no memory and no notebook shows it.

    Parameters
    ----------
    fig : Figure
        The figure; it can still be saved.
    """
    plt.close(fig)


class _LocalNumbers(Formatter):
    """Tick labels in the language of the reader, with as many decimals as the ticks need."""

    def __init__(self, unit: str, lang: Lang) -> None:
        self._unit, self._lang = unit, lang

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        scale = 100 if self._unit in ("share", POINTS) else 1
        decimals = needed([scale * x for x in values], 4)
        return [cell(x, self._unit, None, self._lang, decimals) for x in values]

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.format_ticks([x])[0]


def scale(axis: Axis, unit: str, lang: Lang, most: int = 6, *, whole: bool = False) -> None:
    """Give an axis at most so many round ticks, written as the reader writes numbers: ``87,5%`` in Vietnamese."""
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=whole))
    axis.set_major_formatter(_LocalNumbers(unit, lang))
    axis.set_minor_formatter(NullFormatter())


def tidy(ax: Axes, grid: str) -> None:
    """Give the axes their look: light grid on the axis of the values, two spines, quiet ticks.

    It is set here and not left to the settings of matplotlib, because the axes may have been made
    outside :func:`styled`, and ticks are made later.
    """
    ax.grid(visible=True, axis=grid, color="#DDE1E6", linewidth=0.6)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(labelsize=SMALL, labelcolor=INK, color=GREY, labelfontfamily=FONT, which="both")
    ax.tick_params(which="minor", length=2)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set(fontsize=SIZE, color=INK, fontfamily=FONT)


def text_width(text: str) -> float:
    """Return how wide small text is drawn, in points, whatever it will be drawn on."""
    font = FontProperties(family=FONT, size=SMALL)
    lines = text.split("\n")
    return max(float(text_to_path.get_text_width_height_descent(line, font, ismath=False)[0]) for line in lines)


def lay_out(ax: Axes) -> float:
    """Give every label of the figure its place now, so that room can be measured; return points per pixel."""
    fig = cast("Figure", ax.get_figure(root=True))
    engine = fig.get_layout_engine()
    if engine is not None:
        engine.execute(fig)
    return 72 / fig.dpi


def legend(signs: Iterable[tuple[str, str]]) -> str:
    """Return signs with their words in one line, which is broken between them only."""
    return "   ".join(f"{sign} {words}".replace(" ", NBSP) for sign, words in signs)


def halo() -> list[AbstractPathEffect]:
    """Return a white rim for letters that stand on lines."""
    return [Stroke(linewidth=2.5, foreground="white"), Normal()]


def fill(text: str, width: float, size: float = SMALL) -> str:
    """Break a text to a width in points."""
    return textwrap.fill(text, max(12, int(width / (size * LETTER))), break_long_words=False)


def write(
    ax: Axes,
    words: str,
    at: tuple[float, float],
    offset: tuple[float, float] = (0, 0),
    frame: Any = "data",
    **look: Any,
) -> Annotation:
    """Write small words at a place, moved by `offset` points.

    `frame` says what the place is given in: ``data``; ``beside``, a share of the width and a value; ``above``, a value
    and a share of the height; ``axes fraction``.
    """
    frames: dict[str, Any] = {"beside": ax.get_yaxis_transform(), "above": ax.get_xaxis_transform()}
    coordinates = frames.get(frame, frame) if isinstance(frame, str) else frame
    look = {"va": "center", "fontsize": SMALL, "annotation_clip": False} | look
    return ax.annotate(words, at, offset, xycoords=coordinates, textcoords="offset points", **look)  # type: ignore[arg-type]


def dots(ax: Axes, x: Any, y: Any, marker: str = "o", colour: str = DARK, inside: str = DARK, **look: Any) -> Line2D:
    """Draw points that no line joins; what is told apart by colour is so by shape or filling, too."""
    look = {"markersize": DOT, "markeredgewidth": 1.2, "clip_on": False, "zorder": 3} | look
    return ax.plot(x, y, linestyle="none", marker=marker, color=colour, markerfacecolor=inside, **look)[0]


def level(ax: Axes, value: float, gid: str = "reference", *, upright: bool = False) -> None:
    """Draw a dashed line at a value to compare with."""
    line = ax.axvline if upright else ax.axhline
    line(value, color=INK, linewidth=1, linestyle=DASHES, gid=gid, zorder=1)


def mark(ax: Axes, x: float, words: str, gid: str) -> None:
    """Mark a moment by a dotted upright line and its name."""
    ax.axvline(x, color=GREY, linewidth=1, linestyle=":", gid=gid, zorder=1)
    look = {"ha": "center", "va": "top", "color": MUTED, "path_effects": halo(), "gid": gid}
    write(ax, words, (x, 1), (0, -2), "above", **look)


@styled
def add_words(ax: Axes, title: str, subtitle: str, notes: Sequence[str]) -> None:
    """Write title and subtitle over the axes and notes under them, broken to their width and flush with their labels.

    Parameters
    ----------
    ax : Axes
        Axes with everything that takes room beside them drawn.
    title, subtitle : str
        The subtitle may be "".
    notes : sequence of str
        A line each; "" is passed over.
    """
    points = lay_out(ax)
    whole, inner = cast("Bbox", ax.get_tightbbox()), ax.get_window_extent()
    left, width = (whole.x0 - inner.x0) * points, whole.width * points
    below = fill(subtitle, width) if subtitle else ""
    if below:
        write(ax, below, (0, 1), (left, 5), "axes fraction", va="bottom", color=MUTED)
    pad = 6 + (below.count("\n") + 1) * LINE if below else 6
    heading = ax.set_title(fill(title, width, 1.15 * TITLE), loc="left", pad=pad, fontfamily=FONT)
    # Moved in points, not in shares of the axes: those still change when labels are added beside them.
    shift = ScaledTranslation(left / 72, 0, cast("Figure", ax.get_figure(root=True)).dpi_scale_trans)
    heading.set_transform(heading.get_transform() + shift)
    if lines := "\n".join(fill(note, width) for note in notes if note):
        write(ax, lines, (0, 0), (left, -5), (ax.transAxes, ax.xaxis.label), va="top", gid=NOTES)


def add_note(ax: Axes, note: str) -> None:
    """Write a further line under the notes of :func:`add_words`."""
    (notes,) = (text for text in ax.texts if text.get_gid() == NOTES)
    width = max(map(text_width, notes.get_text().split("\n")))
    notes.set_text(f"{notes.get_text()}\n{fill(note, width)}")


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
        side = "left" if dx > 0 else "right" if dx < 0 else "center"
        look: dict[str, Any] = {"ha": side, "color": INK, "path_effects": halo(), "zorder": 2.5}
        if max(abs(dx), abs(dy)) > _REACH[0]:
            look["arrowprops"] = {"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": MARKER}
        write(ax, name, (a, b), (dx, dy), **look).set_in_layout(False)
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
            within = edge[0] <= box[0] and edge[1] <= box[1] and box[2] <= edge[2] and box[3] <= edge[3]
            if within and not any(
                box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
            ):
                return dx, dy, box
    return None


def separate(ax: Axes, labels: Iterable[Annotation]) -> None:
    """Move labels that stand on one side of the axes up or down, so that none covers another.

    Parameters
    ----------
    ax : Axes
        Axes whose limits and surroundings are final.
    labels : sequence of Annotation
        Their offsets are in points.
    """
    labels = sorted(labels, key=lambda label: label.xy[1])
    points = lay_out(ax)
    wanted = [float(ax.transData.transform((ax.get_xlim()[1], label.xy[1]))[1]) * points for label in labels]
    heights = [LINE * (1 + label.get_text().count("\n")) for label in labels]
    placed: list[float] = []
    for i, y in enumerate(wanted):
        placed.append(max(y, placed[-1] + (heights[i - 1] + heights[i]) / 2) if placed else y)
    # Pushing went upwards only; its mean is taken back, so that the group stays where its lines are.
    back = (sum(placed) - sum(wanted)) / max(1, len(placed))
    for label, to, y in zip(labels, placed, wanted, strict=True):
        label.xyann = (label.xyann[0], to - back - y)
