"""Values over time: one picture for a few series, or a small one for each unit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from dvresearch import codebook
from dvresearch.errors import ParameterError
from dvresearch.plots.labels import separate
from dvresearch.plots.points import Point, Series, break_notes, breaks_in, grounds, number_breaks, one_unit, read_series
from dvresearch.plots.style import (
    DARK,
    DASHES,
    GREY,
    INK,
    MAUVE,
    MID,
    MUTED,
    NUMBER,
    PLUM,
    REFERENCE,
    SMALL,
    TITLE,
    WIDTH_CM,
    add_words,
    figure,
    fill,
    format_axis,
    halo,
    new_axes,
    styled,
    text_width,
    tidy,
)
from dvresearch.series import Break, known_breaks
from dvresearch.wording.periods import period_words
from dvresearch.wording.values import (
    Lang,
    capital,
    cell,
    definition_name,
    hedged,
    indicator_name,
    known,
    listed,
    names,
    printed,
    say,
    value,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

__all__ = ["MOST_PANELS", "MOST_SERIES", "SERIES", "small_multiples", "trend"]

#: Marker and colour of the series of one picture, in order; more could not be told apart.
SERIES = (("o", DARK), ("s", PLUM), ("^", MID), ("D", MAUVE))
MOST_SERIES = len(SERIES)
#: Panels that still fit a page: one for each province.
MOST_PANELS = 36
#: Points up to which a single series shows its values.
MOST_VALUES = 12
COLUMNS = 4


@styled
def trend(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    lang: Lang = "vi",
    unit: str = "unit",
    breaks: Sequence[Break] | None = None,
    reference: float | None = None,
    reference_name: str = "",
) -> Axes:
    """Draw values over time; a series is not joined across a break or a missing period.

    Parameters
    ----------
    table : DataFrame
        Estimates or published figures with a column ``period``. A row with the flag ``break``
        begins a new piece of its series, as ``metrics.breaks`` marks it.
    ax : Axes, optional
        Where to draw; a new figure when not given.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.
    unit : str, default "unit"
        Column that tells the series of different units apart.
    breaks : sequence of Break, optional
        Breaks whose reason is written under the picture when the column ``break_code`` names them;
        those the package knows when not given.
    reference : float, optional
        A value to draw a line at, in the unit of the indicator (shares 0-1).
    reference_name : str, default ""
        What that value is, in words; "reference" when not given.

    Returns
    -------
    Axes
        One line per unbroken piece (gid ``piece``), its points at the middle of their periods; a
        dotted vertical line at each break.

    Raises
    ------
    DataError
        When a column is missing, a period cannot be read, or periods of one series overlap.
    ParameterError
        For more series than can be told apart, or indicators of different units.
    """
    series = read_series(table, (unit, "part", "indicator"), lang)
    if len(series) > MOST_SERIES:
        raise ParameterError("too-many-series", got=str(len(series)), most=MOST_SERIES)
    code = one_unit(table)
    ax = ax if ax is not None else new_axes(9)
    every = list(itertools.chain(*series.values()))
    breaks = known_breaks() if breaks is None else breaks
    numbers = number_breaks(series.values(), breaks)
    for points, (marker, colour) in zip(series.values(), SERIES, strict=False):
        _draw(ax, points, marker, colour)
    _fit(ax, every, code, lang, room=text_width("0" * 55), also=reference)
    places = dict(itertools.chain(*(breaks_in(points) for points in series.values())))
    word = codebook.get("flag", "break").label(lang)
    _mark_breaks(ax, {x: f"{word} {_number(codes, numbers)}".strip() for x, codes in places.items()})
    ends: list[Annotation] = []
    if reference is not None:
        ends.append(_draw_reference(ax, reference, code, lang, reference_name))
    if len(series) > 1:
        ends += [_label_end(ax, last, fill(name, 110)) for name, points in series.items() if (last := _last(points))]
    elif len(every) <= MOST_VALUES:
        _write_values(ax, every, code, lang, reference)
    title, subtitle = _headings(table, series, unit, lang)
    add_words(ax, title, subtitle, [*break_notes(series.values(), numbers, breaks, lang), grounds(table, lang)])
    separate(ax, sorted(ends, key=lambda label: label.xy[1]))
    return ax


@styled
def small_multiples(
    table: pd.DataFrame, *, lang: Lang = "vi", unit: str = "unit", breaks: Sequence[Break] | None = None
) -> Figure:
    """Draw one small trend for each unit, all on the same scales.

    Parameters
    ----------
    table : DataFrame
        As for :func:`trend`: one indicator, one series for each unit.
    lang : {"vi", "en"}, default "vi"
        Language of labels and numbers.
    unit : str, default "unit"
        Column with the names of the panels.
    breaks : sequence of Break, optional
        As for :func:`trend`.

    Returns
    -------
    Figure
        A panel for each unit, in the order of the rows, its last value written beside it.

    Raises
    ------
    DataError
        As for :func:`trend`.
    ParameterError
        For more than 36 units, a missing column of names, or several indicators.
    """
    units = names(table, unit).unique()
    if len(units) > MOST_PANELS:
        raise ParameterError("too-many-panels", got=str(len(units)), most=MOST_PANELS)
    if len(table["indicator"].unique()) > 1:
        raise ParameterError("small-pictures-one-indicator", got=", ".join(table["indicator"].unique()))
    series = {name: next(iter(read_series(table[names(table, unit) == name], (), lang).values())) for name in units}
    code = one_unit(table)
    every = list(itertools.chain(*series.values()))
    breaks = known_breaks() if breaks is None else breaks
    numbers = number_breaks(series.values(), breaks)
    rows = math.ceil(len(series) / COLUMNS)
    fig = figure(WIDTH_CM, 3.5 + 2.6 * rows)
    panels = fig.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for i, (ax, (name, points)) in enumerate(zip(panels, series.items(), strict=False)):
        _draw(ax, points, *SERIES[0], size=3.0)
        _fit(ax, every, code, lang, room=0)
        _mark_breaks(ax, {x: _number(codes, numbers) for x, codes in breaks_in(points)})
        last = _last(points)
        if last:
            _label_end(ax, last, _written(last, code, lang))
        ax.set_title(fill(name, 80), fontsize=SMALL, loc="left", pad=3)
        # The lowest panel of a column carries the periods, whether or not the last row is full.
        ax.tick_params(labelbottom=i + COLUMNS >= len(series))
    for ax in panels[len(series) :]:
        ax.set_visible(False)
    width = fig.get_size_inches()[0] * 72
    title, subtitle = _headings(table, series, unit, lang)
    fig.suptitle(fill(title, width, 1.15 * TITLE), x=0.01, ha="left", fontsize=TITLE, fontweight="bold")
    notes = [subtitle, *break_notes(series.values(), numbers, breaks, lang), grounds(table, lang)]
    fig.supxlabel("\n".join(fill(n, width) for n in notes if n), x=0.01, ha="left", fontsize=SMALL)
    return fig


def _draw(ax: Axes, points: Sequence[Point], marker: str, colour: str, size: float = 5.0) -> None:
    """Draw a line for each unbroken piece of a series, and the intervals."""
    pieces: list[list[Point]] = []
    last: Point | None = None
    for point in points:
        if known(point.value):
            if last is None or not point.follows(last):
                pieces.append([])
            pieces[-1].append(point)
        last = point
    for piece in pieces:
        ax.plot(
            [p.x for p in piece],
            [p.value for p in piece],
            color=colour,
            marker=marker,
            markersize=size,
            linewidth=1.5,
            gid="piece",
            zorder=3,
        )
        for p in piece:
            if known(p.row.get("lower")) and known(p.row.get("upper")):
                ax.plot([p.x, p.x], [p.row["lower"], p.row["upper"]], color=colour, linewidth=1, gid="interval")


def _fit(ax: Axes, points: Sequence[Point], unit: str, lang: Lang, *, room: float, also: float | None = None) -> None:
    """Fit the axes; of the labels of the periods as many are written as `room` (points) takes, else first and last."""
    drawn = [p for p in points if known(p.value)]
    values = [v for p in drawn for v in (p.value, p.row.get("lower"), p.row.get("upper"), also) if known(v)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    air = 0.15 * (high - low) or (0.02 if unit == "share" else 0.5)
    share = unit == "share"
    ax.set_ylim(max(0.0, low - air) if share and low >= 0 else low - air, high + 1.6 * air)
    ax.yaxis.set_major_locator(MaxNLocator(6 if room else 3, steps=[1, 2, 2.5, 5, 10]))
    format_axis(ax.yaxis, unit, lang)
    if not share and unit:
        ax.set_ylabel(capital(codebook.get("unit", unit).label(lang)))
    places = {p.x: _short(p.row["period"], lang) for p in sorted(points, key=lambda p: p.x)}
    xs = list(places)
    most = max(2, int(room / (max(map(text_width, places.values())) + 8)))
    step = math.ceil(len(xs) / most)
    kept = xs[::step] if room else [xs[0], *xs[-1:]]
    ax.xaxis.set_major_locator(FixedLocator(kept))
    ax.xaxis.set_major_formatter(FixedFormatter([places[x] for x in kept]))
    margin = 0.07 * (xs[-1] - xs[0]) or 1.0
    ax.set_xlim(xs[0] - margin, xs[-1] + margin)
    tidy(ax, "y")


def _short(content: str, lang: Lang) -> str:
    """Return a period as a label of an axis, where the word for year, month or quarter is not needed."""
    words = period_words(content, lang)
    for word in ("năm ", "tháng ", "quý "):
        words = words.removeprefix(word)
    return words


def _number(codes: Sequence[str], numbers: dict[str, int]) -> str:
    return "".join(f"({numbers[c]})" for c in codes if c in numbers)


def _mark_breaks(ax: Axes, places: dict[float, str]) -> None:
    for x, words in places.items():
        ax.axvline(x, color=GREY, linewidth=1, linestyle=":", gid="break", zorder=1)
        ax.annotate(
            words,
            (x, 1),
            (0, -2),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=SMALL,
            color=MUTED,
            path_effects=halo(),
            gid="break",
        )


def _write_values(ax: Axes, points: Sequence[Point], unit: str, lang: Lang, reference: float | None) -> None:
    """Write each value where the line beside its point leaves room, on the side of the reference where its point is."""
    drawn = [p for p in points if known(p.value)]
    low, high = ax.get_ylim()
    for before, p, after in zip([None, *drawn], drawn, [*drawn[1:], None], strict=False):
        rises_before = before is not None and before.value > p.value
        rises_after = after is not None and after.value > p.value
        side = 0 if rises_before == rises_after or before is None or after is None else (1 if rises_before else -1)
        below = (rises_before or rises_after) and not side
        gap = (reference - p.value) * (-1 if below else 1) if reference is not None else -1.0
        near = 0 < gap < NUMBER * (high - low)  # no room between point and reference: beside the point
        # Not over its interval either, and no long label over the axis.
        if near or p.row.get("hedge") or known(p.row.get("lower")):
            side = side or (-1 if after is None else 1)
        ax.annotate(
            _written(p, unit, lang),
            (p.x, p.value),
            (6 * side, 0) if near else (2 * side, -6 if below else 5),
            textcoords="offset points",
            ha={0: "center", 1: "left", -1: "right"}[side],
            va="top" if below else "bottom",
            fontsize=SMALL,
            path_effects=halo(),
            gid="value",
            zorder=4,
        )


def _written(point: Point, unit: str, lang: Lang) -> str:
    """Return a value as its source prints it, with its hedge."""
    number = cell(point.value, unit, point.row.get("n"), lang, printed(point.row, unit))
    return hedged(number, point.row.get("hedge"), lang)


def _draw_reference(ax: Axes, reference: float, unit: str, lang: Lang, name: str) -> Annotation:
    ax.axhline(reference, color=INK, linewidth=1, linestyle=DASHES, gid="reference", zorder=1)
    return ax.annotate(
        f"{name or say(REFERENCE, lang)} {value(reference, unit, None, lang)}",
        (1, reference),
        (6, 0),
        xycoords=ax.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        annotation_clip=False,
    )


def _last(points: Sequence[Point]) -> Point | None:
    return next((p for p in reversed(points) if known(p.value)), None)


def _label_end(ax: Axes, point: Point, words: str) -> Annotation:
    """Write beside the axes, at the height of a value."""
    return ax.annotate(
        words,
        (1, point.value),
        (6, 0),
        xycoords=ax.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        annotation_clip=False,
        gid="name",
    )


def _headings(table: pd.DataFrame, series: Series, unit: str, lang: Lang) -> tuple[str, str]:
    indicators = [indicator_name(i, lang) for i in table["indicator"].unique()]
    definitions = table["definition"].fillna("").unique() if "definition" in table.columns else []
    units = table[unit].dropna().unique() if unit in table.columns else []
    who = str(units[0]) if len(units) == 1 else ""
    how = definition_name(definitions[0], lang) if len(definitions) == 1 else ""
    return capital(listed(indicators, lang)), "; ".join(filter(None, (who, how if who else capital(how))))
