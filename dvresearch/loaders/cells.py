"""Turn columns of cells into typed columns, and say which cells could not be read.

Every distinct cell is read once, and the common forms of dates in one go for the whole column: a
file has a hundred thousand cells and a few hundred words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import DataError
from dvresearch.loaders.headers import key
from dvresearch.loaders.sheets import Odd, texts
from dvresearch.privacy import holds_person
from dvresearch.tables import SCALES, Column
from dvresearch.text import MISSING, cell_code, cell_date, cell_number, column_date_order, column_style, shape
from dvresearch.text.numerals import BLANKS

__all__ = ["HOME", "Order", "Typed", "convert", "convert_dates", "finder", "is_open", "vocabulary", "word_for_others"]

Order = Literal["dmy", "mdy"]
#: Zone in which instants with an offset are shown when the user names none.
HOME = "Asia/Ho_Chi_Minh"
#: A number in a date column is a day from here on (1954); smaller ones are counts, ages or slips.
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000
_FIRST_DAY = np.datetime64("1900-01-01", "us")
_YES = frozenset(("co", "x", "yes", "y", "true", "dung", "1"))
_NO = frozenset(("khong", "no", "n", "false", "sai", "0"))
#: What offices write where nothing is stated.
_NOTHING = _NO | frozenset(("khongco", "chua", "chuaco", "khongneu", "chuaneu", "chuaxacdinh", "khongro", "na", "none"))
#: A number or letter before an answer: "5. Rất hài lòng", "a) Có".
_NUMBERED = re.compile(r"^\s*\(?(?:\d{1,2}|[A-Ea-e])\s*(?:[.):]|[–-](?=\s))\s*")


@dataclass
class Typed:
    """A column after conversion.

    Parameters
    ----------
    content : Series
        One value per row, missing where the cell is empty or could not be read.
    bad, early : ndarray of bool
        Rows whose cell has content that could not be read; whether because it is a date too early to be right.
    cells : sequence
        The cells as the file holds them.
    unknown : dict of str to int
        Words that are not in the column's vocabulary, and how often.
    day_first, month_first : bool
        Whether some date can only be read with the day, or the month, in front.
    offsets : bool
        Whether some instant states its offset from UTC.
    """

    content: pd.Series
    bad: NDArray[np.bool_]
    early: NDArray[np.bool_]
    cells: Any
    unknown: dict[str, int] = field(default_factory=dict)
    day_first: bool = False
    month_first: bool = False
    offsets: bool = False

    def at(self, rows: NDArray[np.intp]) -> Typed:
        """Return the column for some rows only."""
        content, cells = self.content.iloc[rows].reset_index(drop=True), [self.cells[i] for i in rows]
        return replace(self, content=content, bad=self.bad[rows], early=self.early[rows], cells=cells)

    def odd(self, row: int) -> str:
        """Return the kind of an odd cell: an error, a formula without a result, a struck text; "" for any other."""
        return self.cells[row].kind if isinstance(self.cells[row], Odd) else ""

    def looks(self, row: int) -> str:
        """Return the shape of a cell, for messages."""
        cell = self.cells[row]
        # what a spreadsheet shows, or computes, is nobody's data; a formula may quote some
        told = self.odd(row) in ("error", "formula") and not holds_person(str(cell))
        return str(cell) if told else shape(texts([cell])[0])


def _distinct(values: Sequence[Any]) -> tuple[NDArray[np.intp], list[Any]]:
    """Return for each cell the number of its distinct value, -1 for a missing one, and the distinct values.

    Every odd cell is a value of its own, and so is each TRUE or FALSE: pandas would take them for the same text, or for
    1 and 0.
    """
    if isinstance(values, pd.Series):
        codes, uniques = pd.factorize(values)
        return codes, list(uniques)
    cells = np.array([*values, None], dtype=object)[:-1]
    kinds = list(map(type, values))
    apart = [i for i, kind in enumerate(kinds) if kind in (Odd, bool)] if {Odd, bool} & {*kinds} else []
    cells[apart] = None
    codes, uniques = pd.factorize(cells)
    codes[apart] = len(uniques) + np.arange(len(apart))
    return codes, [*uniques, *(values[i] for i in apart)]


def _typed(values: Any, codes: NDArray[np.intp], content: pd.Series, *marks: Iterable[bool]) -> Typed:
    """Return a column; `marks` tell of each distinct value whether it could not be read and whether it is too early."""
    bad, early = (np.array([*mark, False], dtype=bool)[codes] for mark in marks)
    return Typed(content, bad, early, values.array if isinstance(values, pd.Series) else values)


def word_for_others(column: Column) -> str:
    """Return the word of a vocabulary that stands for all that is none of its words; "" where it has none."""
    return next((word for word in ("other", "unknown") if word in column.words), "")


def convert(values: Sequence[Any], column: Column, *, order: Order = "dmy", zone: str | None = None) -> Typed:
    """Convert the cells of one column as its contract says.

    Parameters
    ----------
    values : sequence
        Cells, as :class:`dvresearch.loaders.sheets.Sheet` holds them.
    column : Column
        What they should be.
    order : {"dmy", "mdy"}
        How dates of digits are written.
    zone : str, optional
        Time zone of instants, see :func:`convert_dates`.
    """
    if column.kind in ("date", "time"):
        return convert_dates(values, order=order, zone=zone, days=column.kind == "date")
    codes, uniques = _distinct(values)
    read: list[Any]
    unknown: dict[str, int] = {}
    bad, form = [False] * len(uniques), "str"
    if column.kind in ("count", "number", "share"):
        (read, bad), form = _numbers(uniques, column), "float64"
    elif column.kind == "yesno":
        keys = [key(t) for t in texts(uniques)]
        said = vocabulary(replace(column, words=("yes", "no")))
        yes, no = _YES | {k for k, w in said.items() if w == "yes"}, _NO | {k for k, w in said.items() if w == "no"}
        read, form = [True if k in yes else False if k in no else None for k in keys], "boolean"
        bad = [bool(k) and r is None for k, r in zip(keys, read, strict=True)]
    elif column.kind == "stated":
        read, form = [bool(k) and k not in _NOTHING for k in map(key, texts(uniques))], "boolean"
    elif column.words:
        find = finder(vocabulary(column), exact=column.vocabulary in SCALES)
        words = texts(uniques)
        read = [find(t) for t in words]
        strange = [bool(t) and t.casefold() not in BLANKS and r is None for t, r in zip(words, read, strict=True)]
        if column.required or column.vocabulary in SCALES:  # nothing can stand in for these
            bad = strange
        else:
            rest, counts = word_for_others(column) or None, np.bincount(codes[codes >= 0], minlength=len(uniques))
            for i in (i for i, odd in enumerate(strange) if odd and not isinstance(uniques[i], Odd)):
                read[i], unknown[words[i]] = rest, unknown.get(words[i], 0) + int(counts[i])
    else:
        read = [None if t.casefold() in MISSING else t for t in texts(uniques)]
        if column.kind == "code":
            _read_codes(uniques, read, bad)
    odd = [isinstance(u, Odd) for u in uniques]
    read, bad = [None if o else r for o, r in zip(odd, read, strict=True)], [*np.logical_or(odd, bad)]
    if column.kind == "stated":  # a missing cell states nothing
        read, codes = [*read, False], np.where(codes < 0, len(read), codes)
    content = pd.Series(pd.Series(read, dtype=form).array.take(codes, allow_fill=True))
    out = _typed(values, codes, content, bad, [False] * len(bad))
    out.unknown = unknown
    return out


def _read_codes(uniques: list[Any], read: list[Any], bad: list[bool]) -> None:
    """Read identifiers; one that a spreadsheet turned into a number and shortened cannot be used."""
    for i, value in enumerate(uniques):
        if isinstance(value, float) or (type(value) is str and ("+" in value or not value.isascii())):
            try:
                read[i] = cell_code(value)
            except DataError:
                read[i], bad[i] = None, True


def is_open(column: Column) -> bool:
    """Tell whether a column takes any words, which may be somebody's name."""
    return column.kind in ("text", "code") and not column.words


def vocabulary(column: Column) -> dict[str, str]:
    """Return the words known for the codes of a column: their form under :func:`headers.key` -> code."""
    names = {key(w): w for w in column.words} | {key(written): w for written, w in column.codes}
    known = {e.code: e for e in codebook.entries("value")}
    for word in column.words:
        entry = known.get(column.entry(word))
        for name in (entry.label_vi, entry.label_en, *entry.aliases) if entry else ():
            names.setdefault(key(name), word)
    return names


def finder(names: Mapping[str, str], *, exact: bool = False) -> Callable[[str], str | None]:
    """Return what finds the code of a written word: exactly, or as the beginning of a longer phrase unless `exact`."""
    longest = [] if exact else sorted((n for n in names if len(n) >= 6), key=len, reverse=True)

    def find(written: str) -> str | None:
        form = key(written)
        found = names.get(form) or names.get(key(_NUMBERED.sub("", written)))
        return found or next((names[n] for n in longest if form.startswith(n)), None)

    return find


def _numbers(uniques: list[Any], column: Column) -> tuple[list[float | None], list[bool]]:
    """Return the numbers in cells, and which of the cells hold none that can be used."""
    style = column_style(uniques)
    known, unit = style if style in ("vi", "en") else "auto", "count" if column.kind == "count" else "continuous"
    read: list[float | None] = []
    bad = []
    for value in uniques:
        try:
            number, wrong = cell_number(value, unit=unit, style=known), False  # type: ignore[arg-type]
        except DataError:
            number, wrong = None, True
        wrong |= number is not None and number < 0 and unit == "count"
        read.append(None if wrong else number)
        bad.append(wrong)
    return read, bad


# --- dates -----------------------------------------------------------------------------------------------------------


def convert_dates(values: Sequence[Any], *, order: Order = "dmy", zone: str | None = None, days: bool = False) -> Typed:
    """Convert cells to instants (or days).

    Parameters
    ----------
    values : sequence
        Dates, instants, spreadsheet day numbers and texts.
    order : {"dmy", "mdy"}
        How dates of digits are written.
    zone : str or None
        None: local clock time without a zone; an instant with an offset is shown on the clock of `HOME`.
        A zone: instants in that zone; what has no offset is taken as its clock time.
    days : bool
        Keep the day only.
    """
    if (stamped := _stamped(values)) is not None:
        series = _in_zone(stamped, zone)
        none = np.zeros(len(series), dtype=bool)
        return Typed(series.dt.normalize() if days else series, none, none, [*values])
    codes, uniques = _distinct(values)
    clock = np.full(len(uniques), np.datetime64("NaT"), dtype="datetime64[us]")  # local clock time
    instants = clock.copy()  # in UTC, of cells with an offset
    bad, early = np.zeros((2, len(uniques)), dtype=bool)
    strings = [i for i, u in enumerate(uniques) if isinstance(u, str)]
    stamps = [i for i, u in enumerate(uniques) if type(u) is dt.datetime and u.tzinfo is None]
    if stamps:  # pandas does this twenty times as fast as numpy
        clock[stamps] = pd.to_datetime(np.array([uniques[i] for i in stamps], dtype=object)).to_numpy("datetime64[us]")
    clock[strings], decided = _read_common([uniques[i] for i in strings], order)
    uncommon = np.isnat(clock)
    for i in np.flatnonzero(uncommon):
        try:
            found = None if isinstance(uniques[i], Odd) else _one(uniques[i], order)
        except (DataError, OverflowError, ValueError) as fault:
            bad[i], early[i] = True, isinstance(fault, DataError) and fault.code == "year-before-1900"
            continue
        if isinstance(found, dt.datetime) and found.tzinfo:
            instants[i] = np.datetime64(found.astimezone(dt.UTC).replace(tzinfo=None), "us")
        elif found is not None:
            clock[i] = np.datetime64(found, "us")
    early |= (clock < _FIRST_DAY) | (instants < _FIRST_DAY)
    bad |= early
    clock[bad] = instants[bad] = np.datetime64("NaT")
    local = _in_zone(pd.Series(clock), zone)
    shifted = _in_zone(pd.Series(instants).dt.tz_localize("UTC"), zone)
    series = pd.Series(local.where(np.isnat(instants), shifted).array.take(codes, allow_fill=True))
    # The odd forms (24-2-26, 24.2.2026) and the failures tell the order, too.
    others = column_date_order(uniques[i] for i in strings if uncommon[i] and not bad[i])
    failed = column_date_order(u for u, b in zip(uniques, bad, strict=True) if b)
    sure = {order: decided or others in (order, "mixed")}
    odd = [isinstance(u, Odd) for u in uniques]
    out = _typed(values, codes, series.dt.normalize() if days else series, np.logical_or(bad, odd), early)
    out.offsets = bool((~np.isnat(instants)).any())
    out.day_first, out.month_first = sure.get("dmy", failed == "dmy"), sure.get("mdy", failed == "mdy")
    return out


def _stamped(values: Sequence[Any]) -> pd.Series | None:
    """Return cells that are typed, or all instants without a zone or empty as in most workbooks; None for any others.

    Read at once, they need not be told apart first, the slowest step of all.
    """
    if isinstance(values, pd.Series) and pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.reset_index(drop=True).dt.as_unit("us")
    kinds = set(map(type, values))
    if dt.datetime not in kinds or kinds - {dt.datetime, str}:
        return None
    given = [None if v == "" else v for v in values]
    if any(type(v) is str or (v and v.tzinfo) for v in given):
        return None
    series = pd.Series(pd.to_datetime(np.array(given, dtype=object)).to_numpy("datetime64[us]"))
    return None if (series < _FIRST_DAY).any() else series


#: The common forms with all digits written: 2026-02-24 and 24/02/2026, alone or with a time of day.
_COMMON = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)|(\d\d)([/.-])(\d\d)\3(\d{4}))(?:[ T](\d\d:\d\d)(:[0-5]\d)?( [AaPp][Mm])?)?",
    re.ASCII,  # pandas takes digits of other scripts, and second 60
)


def _read_common(strings: list[str], order: Order) -> tuple[NDArray[np.datetime64], bool]:
    """Read the common forms, all of them at once: ten times as fast as one by one; NaT for others.

    Also tells whether some date has a day above 12.
    """
    out = np.full(len(strings), np.datetime64("NaT"), dtype="datetime64[us]")
    whole, halves, digits = dict[int, str](), dict[int, str](), []
    for i, match in enumerate(_COMMON.fullmatch(s.strip()) for s in strings):
        if match:
            iso, a, _, b, year, clock, second, half = match.groups("")
            first, last = (a, b) if order == "mdy" else (b, a)
            (halves if half else whole)[i] = (
                f"{iso or f'{year}-{first}-{last}'} {clock or '00:00'}{second or ':00'}{half.upper()}"
            )
            digits += [] if iso else [i]
    for found, form in ((whole, "%H:%M:%S"), (halves, "%I:%M:%S %p")):
        read = pd.to_datetime([*found.values()], format=f"%Y-%m-%d {form}", errors="coerce")
        out[[*found]] = read.to_numpy("datetime64[us]")
    out[out < _FIRST_DAY] = np.datetime64("NaT")
    return out, bool((pd.Series(out[digits]).dt.day > 12).any())


def _one(value: Any, order: Order) -> dt.date | dt.datetime | None:
    if isinstance(value, float | int) and not isinstance(value, bool) and not FIRST_SERIAL <= value < LAST_SERIAL:
        raise ValueError
    return cell_date(value, order=order)


def _in_zone(series: pd.Series, zone: str | None) -> pd.Series:
    if series.dt.tz is None:
        # Clock times that the change to summer time skips or repeats: take the later, and the first.
        ambiguous = np.ones(len(series), dtype=bool)
        return series if zone is None else series.dt.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward")
    return series.dt.tz_convert(zone) if zone else series.dt.tz_convert(HOME).dt.tz_localize(None)
