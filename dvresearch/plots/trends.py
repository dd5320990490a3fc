"""Values over time, and the effect of a programme by time since adoption."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.dates import date2num
from matplotlib.ticker import FixedFormatter, FixedLocator

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.plots import style
from dvresearch.plots.style import DARK, MAUVE, MID, PLUM, fill, halo, styled, text_width, write
from dvresearch.series import known_breaks
from dvresearch.tables import ESTIMATES, Column, Table, check
from dvresearch.text import format_number
from dvresearch.wording import values
from dvresearch.wording.estimates import interval_note
from dvresearch.wording.periods import days_of, period_words
from dvresearch.wording.values import Lang, capital, known, phrase

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_SERIES", "SERIES", "event_study", "trend"]

#: Marker and colour of the series of one picture, in order; more could not be told apart.
SERIES = (("o", DARK), ("s", PLUM), ("^", MID), ("D", MAUVE))
MOST_SERIES = len(SERIES)
#: Points up to which a single series shows its values.
MOST_VALUES = 12
#: Width of the axis of time, in points, as far as its labels are concerned.
ROOM = 240.0

#: What a series needs; estimates and published figures both have it.
_VALUES = Table(
    "series",
    Text("một giá trị ở một kỳ", "one value in one period"),
    ("period",),
    (Column("indicator", "code", True), Column("period", "text", True), Column("value", "number", True)),
)
_EFFECTS = Table(
    "effects",
    Text("tác động theo số kỳ từ khi áp dụng", "effects by time since adoption"),
    ("effect", "event_time", "band"),
    (
        *(Column("effect", "code", True), Column("event_time", "number", True), Column("band", "code", True)),
        *ESTIMATES.columns,
    ),
)
#: Width of the bar of each kind of interval: the wider interval is the thinner bar, so that both are seen.
_BARS = {"pointwise": 3.6, "simultaneous": 1.0}


@dataclass(frozen=True)
class _Point:
    """One value in its period; a running total stands at its last day, where `start` is `end`."""

    start: dt.date
    end: dt.date
    row: dict[Any, Any]

    @property
    def x(self) -> float:
        """Middle of the period, as matplotlib counts days."""
        return float(date2num(self.start) + date2num(self.end)) / 2

    @property
    def value(self) -> float:
        """The value, NaN where it is missing or must not be shown."""
        return float(self.row["value"]) if values.shown(self.row) else math.nan

    def breaks_from(self, before: _Point) -> bool:
        """Whether the series breaks between `before` and this point."""
        changed = (c for c in ("segment", "definition") if self.row.get(c) != before.row.get(c))
        return "break" in values.flag_codes(self.row) or any(changed)

    def follows(self, before: _Point) -> bool:
        """Whether a line may join this point to the one before: no break, no missing value, no missing period."""
        length = (self.end - self.start).days + 1
        adjacent = (self.start - before.end).days <= 1 + length / 2
        return adjacent and known(self.value) and known(before.value) and not self.breaks_from(before)


@styled
def trend(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    lang: Lang = "vi",
    unit: str = "unit",
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
    series = _read_series(table, unit, lang)
    if len(series) > MOST_SERIES:
        raise ParameterError("too-many-series", got=str(len(series)), most=MOST_SERIES)
    units = {codebook.get("indicator", i).unit for i in table["indicator"].unique()}
    if len(units) > 1:
        raise ParameterError("indicators-of-several-units", got=", ".join(sorted(units)))
    code = units.pop()
    ax = ax or style.new_axes(8.5)
    every = list(itertools.chain(*series.values()))
    for points, (marker, colour) in zip(series.values(), SERIES, strict=False):
        _draw(ax, points, marker, colour)
    _fit(ax, every, code, lang, reference)
    drawn = {name: [p for p in points if known(p.value)] for name, points in series.items()}
    ends = []
    if len(series) > 1:
        ends = [
            write(ax, fill(name, 90), (1, points[-1].value), (6, 0), "beside", gid="name")
            for name, points in drawn.items()
            if points
        ]
    elif len(every) <= MOST_VALUES:
        _write_values(ax, next(iter(drawn.values())), code, lang, reference)
    if reference is not None:
        style.level(ax, reference)
        words = f"{reference_name or phrase('dots.reference', lang)} {values.value(reference, code, None, lang)}"
        # at the end where the series are farther away
        away = [min(abs(points[i].value - reference) for points in drawn.values() if points) for i in (0, -1)]
        right = away[1] > away[0]
        look = {"ha": "right" if right else "left", "va": "bottom", "path_effects": halo()}
        write(ax, words, (int(right), reference), (-3 if right else 3, 2), "beside", **look)
    title, subtitle = _headings(table, unit, lang)
    style.add_words(ax, title, subtitle, [*_mark_breaks(ax, series.values(), lang), _cases(table, lang)])
    style.separate(ax, ends)
    return ax


def _read_series(table: pd.DataFrame, unit: str, lang: Lang) -> dict[str, list[_Point]]:
    """Return the points of each series by its name, in the order of time.

    A definition that changes over time breaks a series, while two side by side are two series.
    """
    check(table, _VALUES)
    keys = [k for k in (unit, "part", "indicator", "definition") if k in table]
    flags = table["flags"].fillna("") if "flags" in table else ""
    rows = table.assign(**{k: table[k].fillna("") for k in keys}, flags=flags)
    by = [k for k in keys if k != "definition"]
    if "definition" in keys and rows.duplicated([*by, "period"]).any():
        by = keys
    varying = [k for k in by if len(rows[k].unique()) > 1]
    out = {}
    for _, group in rows.groupby(by, sort=False):
        points = sorted((_point(r) for r in group.to_dict("records")), key=lambda p: (p.start, p.end))
        for before, after in itertools.pairwise(points):
            if after.start <= before.end:
                got = f"{before.row['period']} | {after.row['period']}"
                raise DataError("periods-of-series-overlap", got=got)
        first = points[0].row
        names = [
            codebook.get(k, first[k]).label(lang) if k in ("indicator", "definition") and first[k] else str(first[k])
            for k in varying
        ]
        out[", ".join(names)] = points
    return out


def _point(row: dict[Any, Any]) -> _Point:
    days = row.get("period_start"), row.get("period_end")
    try:
        start, end = days_of(row["period"])
    except DataError:
        if not all(isinstance(day, dt.date) and not pd.isna(day) for day in days):
            raise
        start, end = (pd.Timestamp(day).date() for day in days)
    return _Point(start, end, row)


def _draw(ax: Axes, points: Sequence[_Point], marker: str, colour: str) -> None:
    """Draw a line for each unbroken piece of a series, and the intervals."""
    pieces: list[list[_Point]] = []
    for before, point in zip([None, *points], points, strict=False):
        if known(point.value):
            if before is None or not point.follows(before):
                pieces.append([])
            pieces[-1].append(point)
    for piece in pieces:
        look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 1.5, "zorder": 3}
        ax.plot([p.x for p in piece], [p.value for p in piece], gid="piece", **look)
        for p in piece:
            if known(p.row.get("lower")) and known(p.row.get("upper")):
                ax.plot([p.x, p.x], [p.row["lower"], p.row["upper"]], color=colour, linewidth=1, gid="interval")


def _fit(ax: Axes, points: Sequence[_Point], unit: str, lang: Lang, also: float | None) -> None:
    """Fit the axes; of the periods as many are labelled as there is room for."""
    drawn = [v for p in points if known(p.value) for v in (p.value, p.row.get("lower"), p.row.get("upper"), also)]
    found = [v for v in drawn if known(v)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    share = unit == "share"
    air = 0.15 * (high - low) or (0.02 if share else 0.5)
    ax.set_ylim(max(0.0, low - air) if share and low >= 0 else low - air, high + 2.4 * air)
    style.scale(ax.yaxis, unit, lang)
    if not share and unit:
        ax.set_ylabel(capital(codebook.get("unit", unit).label(lang)))
    places = {p.x: _short(p.row["period"], lang) for p in sorted(points, key=lambda p: p.x)}
    xs = list(places)
    step = math.ceil(len(xs) * (max(map(text_width, places.values())) + 8) / ROOM)
    ax.xaxis.set_major_locator(FixedLocator(xs[::step]))
    ax.xaxis.set_major_formatter(FixedFormatter([places[x] for x in xs[::step]]))
    margin = 0.07 * (xs[-1] - xs[0]) or 1.0
    ax.set_xlim(xs[0] - margin, xs[-1] + margin)
    style.tidy(ax, "y")


def _short(content: str, lang: Lang) -> str:
    """Return a period as a label of an axis, where the word for year, month or quarter is not needed."""
    words = period_words(content, lang)
    for word in ("năm ", "tháng ", "quý "):
        words = words.removeprefix(word)
    return words


def _mark_breaks(ax: Axes, series: Iterable[Sequence[_Point]], lang: Lang) -> list[str]:
    """Mark where a series breaks, midway between two periods; return the reasons, by number, or what a break means."""
    reasons = {b.code: values.say(b.reason, lang) for b in known_breaks()}
    places = {
        float(date2num(before.end) + 1 + date2num(after.start)) / 2: str(after.row.get("break_code") or "").split(";")
        for points in series
        for before, after in itertools.pairwise(points)
        if after.breaks_from(before)
    }
    told = dict.fromkeys(code for codes in places.values() for code in codes if code in reasons)
    numbers = {code: f"({i})" for i, code in enumerate(told, start=1)}
    word = codebook.get("flag", "break").label(lang)
    for x, codes in places.items():
        style.mark(ax, x, f"{word} {''.join(numbers.get(code, '') for code in codes)}".strip(), "break")
    if places and not numbers:
        return [f"{capital(word)}: {codebook.get('flag', 'break').note(lang)}"]
    return [f"{capital(word)} {number}: {reasons[code]}" for code, number in numbers.items()]


def _write_values(ax: Axes, drawn: Sequence[_Point], unit: str, lang: Lang, reference: float | None) -> None:
    """Write each value where the line beside its point leaves room, on the side of the reference where its point is.

    Where they stand too close for that, only the first and the last, the highest and the lowest are written.
    """
    low, high = ax.get_ylim()
    numbers = [_written(p, unit, lang) for p in drawn]
    bars = [known(p.row.get("lower")) for p in drawn]
    if sum(map(text_width, numbers)) > ROOM * (1 if any(bars) else 1.6):
        heights = [p.value for p in drawn]
        kept = {0, len(drawn) - 1, heights.index(max(heights)), heights.index(min(heights))}
        numbers = [number if i in kept else "" for i, number in enumerate(numbers)]
    for before, p, after, number, bar in zip([None, *drawn], drawn, [*drawn[1:], None], numbers, bars, strict=False):
        rises_before = before is not None and before.value > p.value
        rises_after = after is not None and after.value > p.value
        side = 0 if rises_before == rises_after or before is None or after is None else (1 if rises_before else -1)
        below = (rises_before or rises_after) and not side
        gap = (reference - p.value) * (-1 if below else 1) if reference is not None else -1.0
        near = 0 < gap < 0.1 * (high - low)  # no room between point and reference: beside the point
        # Not over its interval either, and not over the axis.
        if near or bar or before is None or after is None:
            side = side or (-1 if after is None else 1)
        look: dict[str, Any] = {"path_effects": halo(), "gid": "value", "zorder": 4}
        look |= {"ha": {0: "center", 1: "left", -1: "right"}[side], "va": "top" if below else "bottom"}
        if number:
            write(ax, number, (p.x, p.value), (6 * side, 0) if near else (2 * side, -6 if below else 5), **look)


def _written(point: _Point, unit: str, lang: Lang) -> str:
    """Return a value as its source prints it, with its hedge."""
    number = values.cell(point.value, unit, point.row.get("n"), lang, values.printed(point.row, unit))
    return values.hedged(number, point.row.get("hedge"), lang)


def _headings(table: pd.DataFrame, unit: str, lang: Lang) -> tuple[str, str]:
    indicators = [values.indicator_name(i, lang) for i in table["indicator"].unique()]
    definitions = table["definition"].fillna("").unique() if "definition" in table else []
    units = values.names(table, unit)[table[unit].notna()].unique() if unit in table else []
    who = str(units[0]) if len(units) == 1 else ""
    how = values.definition_name(definitions[0], lang) if len(definitions) == 1 else ""
    return capital(values.listed(indicators, lang)), "; ".join(filter(None, (who, how if who else capital(how))))


def _cases(table: pd.DataFrame, lang: Lang) -> str:
    """Return what the bars of estimates mean and how many cases their values rest on; "" for published figures."""
    if not set(ESTIMATES.names) <= set(table):
        return ""
    rows = table[~values.hidden(table)]
    note = interval_note(rows, lang)
    told = [phrase("trend.bars", lang), note] if note else []
    column = next((c for c in ("denominator", "n") if rows[c].notna().any()), None)
    if column:
        low, high = rows[column].min(), rows[column].max()
        ends = dict.fromkeys(format_number(n, 0, lang) for n in (low, high))
        definitions = rows["definition"].unique()
        noun = values.counted(definitions[0], high, lang) if len(definitions) == 1 else ""
        told.append(phrase(f"trend.{column}", lang, f"{'–'.join(ends)} {noun}".strip()))
    return " ".join(told)


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
        reasons = [label for row in effects.to_dict("records") for label in values.reason_labels(row, lang)]
        raise DataError("no-effect-by-time", got="; ".join(dict.fromkeys(reasons or effects["effect"])))
    if table.duplicated(["event_time", "band"]).any():
        column = "indicator" if len(table["indicator"].unique()) > 1 else table.columns[0]
        kept = f'effects[effects["{column}"] == "{table[column].iloc[0]}"]'
        raise ParameterError("picture-takes-one-outcome", got=f"{len(table)}", kept=kept)
    ax = ax or style.new_axes(10)
    bars = table[table["lower"].notna() & table["upper"].notna()]
    for kind, width in _BARS.items():
        rows = bars[bars["band"] == kind]
        ax.vlines(rows["event_time"], rows["lower"], rows["upper"], color=DARK, linewidth=width, zorder=2).set_gid(kind)
    points = table.drop_duplicates("event_time").sort_values("event_time")
    before = points["event_time"] < 0
    for rows, inside in ((points[before], "white"), (points[~before], DARK)):
        style.dots(ax, rows["event_time"], rows["value"], inside=inside, markersize=6)
    style.level(ax, 0)
    first = table.iloc[0].to_dict()
    _label_effects(ax, points, values.unit_of(first), lang)
    confidence = first["confidence"]
    share = format_number(100 * confidence, 1 if 1000 * confidence % 10 else 0, lang)
    told = [phrase(f"event-study.{kind}", lang, share) for kind in _BARS if (bars["band"] == kind).any()]
    if before.any():
        style.mark(ax, -0.5, phrase("event-study.start", lang), "adoption")
        told = [phrase("event-study.before", lang), *told]
    bare = [
        phrase("event-study.no-bar", lang, f"{row['event_time']:.0f}", ", ".join(values.reason_labels(row, lang)))
        for row in points.to_dict("records")
        if not known(row["lower"])
    ]
    title, subtitle = values.indicator_name(first["indicator"], lang), values.definition_name(first["definition"], lang)
    notes = [f"{capital('; '.join(told))}." if told else "", *bare, interval_note(table, lang)]
    style.add_words(ax, capital(title), capital(subtitle), notes)
    return ax


def _label_effects(ax: Axes, points: pd.DataFrame, unit: str, lang: Lang) -> None:
    """Name both axes; under each period stands how many units its number rests on."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.12 * (high - low))  # room for the word at the top
    style.scale(ax.yaxis, unit, lang)
    noun = codebook.get("unit", unit).label(lang) if unit else ""
    ax.set_ylabel(phrase("event-study.difference", lang, noun).removesuffix(" ()"))
    n = [f"\n{format_number(x, 0, lang)}" if known(x) else "" for x in points["n"]]
    ticks = [format_number(t, 0, lang) + below for t, below in zip(points["event_time"], n, strict=True)]
    # of many periods as many are labelled as stand beside one another
    step = math.ceil(len(ticks) * (max(map(text_width, ticks)) + 8) / ROOM)
    ax.set_xticks(points["event_time"][::step], ticks[::step])
    title = codebook.get("column", "event_time").label(lang)
    ax.set_xlabel(phrase("event-study.units", lang, title) if any(n) else title)
    ax.set_xlim(points["event_time"].min() - 0.7, points["event_time"].max() + 0.7)
    style.tidy(ax, "y")
