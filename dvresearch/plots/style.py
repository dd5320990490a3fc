"""How every picture looks: colours, letters, ticks, notes, and files that are the same bytes every time."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import AbstractPathEffect, Normal, Stroke
from matplotlib.textpath import text_to_path
from matplotlib.ticker import Formatter, NullFormatter
from matplotlib.transforms import ScaledTranslation

from dvresearch.errors import ParameterError, Text
from dvresearch.wording.values import POINTS, Lang, cell, needed, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.transforms import Bbox

__all__ = [
    "DARK",
    "DASHES",
    "GREY",
    "INK",
    "MAUVE",
    "MID",
    "MUTED",
    "PLUM",
    "REFERENCE",
    "add_words",
    "close",
    "figure",
    "fill",
    "format_axis",
    "halo",
    "lay_out",
    "new_axes",
    "save",
    "source_line",
    "styled",
    "text_width",
    "tidy",
]

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

#: A value to compare with: its line, and its name.
DASHES = (0, (4, 3))
REFERENCE = Text("mốc", "reference")

FONT = "DejaVu Sans"
CM = 1 / 2.54
DPI = 200
WIDTH_CM = 16.0
SIZE = 9.0
SMALL = 8.0
TITLE = 10.5
#: Height of a line of small text, in points.
LINE = SMALL * 1.3
#: Mean width of a letter of DejaVu Sans in Vietnamese text, as a share of its size.
LETTER = 0.56
#: What a written number takes of the length of an axis, as a share.
NUMBER = 0.1
#: Room for one row of a dot plot, in cm: a line of text and a little air.
ROW_CM = 0.5

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
#: Mark of the notes under a picture, by which they are found again.
NOTES = "dvresearch-notes"


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


def format_axis(axis: Axis, unit: str, lang: Lang) -> None:
    """Write the numbers of an axis as the reader writes them: ``87,5 %`` in Vietnamese."""
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


def halo() -> list[AbstractPathEffect]:
    """Return a white rim for letters that stand on lines."""
    return [Stroke(linewidth=2.5, foreground="white"), Normal()]


def _room(ax: Axes) -> tuple[float, float]:
    """Return where the axes with their labels begin, from the left spine, and how wide they are, in points."""
    points = lay_out(ax)
    whole, inner = cast("Bbox", ax.get_tightbbox()), ax.get_window_extent()
    return (whole.x0 - inner.x0) * points, whole.width * points


def fill(text: str, width: float, size: float = SMALL) -> str:
    """Break a text to a width in points."""
    return textwrap.fill(text, max(12, int(width / (size * LETTER))), break_long_words=False)


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
    left, width = _room(ax)
    below = fill(subtitle, width) if subtitle else ""
    if below:
        ax.annotate(
            below,
            (0, 1),
            (left, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            va="bottom",
            fontsize=SMALL,
            color=MUTED,
            annotation_clip=False,
        )
    pad = 6 + (below.count("\n") + 1) * LINE if below else 6
    heading = ax.set_title(fill(title, width, 1.15 * TITLE), loc="left", pad=pad, fontfamily=FONT)
    # Moved in points, not in shares of the axes: those still change when labels are added beside them.
    shift = ScaledTranslation(left / 72, 0, cast("Figure", ax.get_figure(root=True)).dpi_scale_trans)
    heading.set_transform(heading.get_transform() + shift)
    _add_notes(ax, "\n".join(fill(note, width) for note in notes if note), left)


def _add_notes(ax: Axes, lines: str, left: float) -> None:
    """Write lines under the axes, below those already there."""
    if not lines:
        return
    for old in ax.texts:
        if old.get_gid() == NOTES:
            old.set_text(f"{old.get_text()}\n{lines}")
            return
    ax.annotate(
        lines,
        (0, 0),
        (left, -5),
        xycoords=(ax.transAxes, ax.xaxis.label),
        textcoords="offset points",
        va="top",
        fontsize=SMALL,
        gid=NOTES,
        annotation_clip=False,
    )


@styled
def source_line(ax: Axes, sources: str | Sequence[str], lang: Lang = "vi") -> Axes:
    """Write where the numbers of a picture come from under it.

    Parameters
    ----------
    ax : Axes
        Axes drawn by a function of this package.
    sources : str or sequence of str
        Citations.
    lang : {"vi", "en"}, default "vi"
        Language of the word in front.

    Returns
    -------
    Axes
        The same axes.
    """
    cited = sources if isinstance(sources, str) else "; ".join(sources)
    left, width = _room(ax)
    _add_notes(ax, fill(f"{say(Text('Nguồn', 'Source'), lang)}: {cited}", width), left)
    return ax
