"""Turn columns of cells into typed columns, and say which cells could not be read.

Every distinct cell is read once, and the common forms of dates in one go for the whole column: a
file has a hundred thousand cells and a few hundred words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
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
    bad : ndarray of bool
        Rows whose cell has content that could not be read.
    looks : callable
        Gives the shape of the cell of a row, for messages.
    early : callable
        Tells whether the cell of a row is a date whose year is too early to be right.
    unknown : dict of str to int
        Words that are not in the column's vocabulary, and how often.
    day_first, month_first : bool
        Whether some date can only be read with the day, or the month, in front.
    offsets : bool
        Whether some instant states its offset from UTC.
    odd : callable
        Gives the kind of the odd cell of a row, an error, a formula without a result or a struck text; else "".
    """

    content: pd.Series
    bad: NDArray[np.bool_]
    looks: Callable[[int], str]
    early: Callable[[int], bool] = lambda row: False
    unknown: dict[str, int] = field(default_factory=dict)
    day_first: bool = False
    month_first: bool = False
    offsets: bool = False
    odd: Callable[[int], str] = lambda row: ""

    def at(self, rows: NDArray[np.intp]) -> Typed:
        """Return the column for some rows only."""
        return replace(
            self,
            content=self.content.iloc[rows].reset_index(drop=True),
            bad=self.bad[rows],
            looks=lambda row: self.looks(int(rows[row])),
            early=lambda row: self.early(int(rows[row])),
            odd=lambda row: self.odd(int(rows[row])),
        )


def _distinct(values: Sequence[Any]) -> tuple[NDArray[np.intp], list[Any]]:
    """Return for each cell the number of its distinct value, -1 for a missing one, and the distinct values.

    Every odd cell is a value of its own: pandas would tell texts apart by their letters alone. So is TRUE: 1 to pandas.
    """
    if isinstance(values, pd.Series):
        codes, uniques = pd.factorize(values)
        return codes, list(uniques)
    cells = np.array([*values, None], dtype=object)[:-1]
    odd = [i for i, v in enumerate(values) if type(v) in (Odd, bool)]
    cells[odd] = None
    codes, uniques = pd.factorize(cells)
    codes[odd] = len(uniques) + np.arange(len(odd))
    return codes, [*uniques, *(values[i] for i in odd)]


def _spread(uniques: Any, codes: NDArray[np.intp], dtype: Any) -> pd.Series:
    series = pd.Series(uniques, dtype=dtype)
    return pd.Series(series.array.take(codes, allow_fill=True))


def _typed(codes: NDArray[np.intp], uniques: list[Any], content: pd.Series, bad: Iterable[bool]) -> Typed:
    odd = [isinstance(u, Odd) for u in uniques]
    wrong = np.array([*(b or o for b, o in zip(bad, odd, strict=True)), False], dtype=bool)[codes]

    def looks(row: int) -> str:
        cell = uniques[codes[row]]
        # what a spreadsheet shows, or computes, is nobody's data; a formula may quote some
        told = isinstance(cell, Odd) and cell.kind in ("error", "formula") and not holds_person(str(cell))
        return str(cell) if told else shape(texts([cell])[0])

    if any(odd):
        content = content.mask(np.array([*odd, False], dtype=bool)[codes])
    return Typed(
        content, wrong, looks, odd=lambda row: uniques[codes[row]].kind if codes[row] >= 0 and odd[codes[row]] else ""
    )


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
    if column.kind in ("count", "number", "share"):
        return _numbers(codes, uniques, column)
    if column.kind == "yesno":
        keys = [key(t) for t in texts(uniques)]
        said = vocabulary(replace(column, words=("yes", "no")))
        yes, no = _YES | {k for k, w in said.items() if w == "yes"}, _NO | {k for k, w in said.items() if w == "no"}
        read = [True if k in yes else False if k in no else None for k in keys]
        bad = [bool(k) and r is None for k, r in zip(keys, read, strict=True)]
        return _typed(codes, uniques, _spread(read, codes, "boolean"), bad)
    if column.kind == "stated":
        given = [bool(k) and k not in _NOTHING for k in map(key, texts(uniques))]
        codes = np.where(codes < 0, len(given), codes)  # a missing cell states nothing
        return _typed(codes, uniques, _spread([*given, False], codes, "boolean"), [False] * len(given))
    empty = BLANKS if column.words else MISSING
    words = [None if t.casefold() in empty else t for t in texts(uniques)]
    if column.kind == "code" and not column.words:
        return _codes(codes, uniques, words)
    if not column.words:
        return _typed(codes, uniques, _spread(words, codes, "str"), [False] * len(words))
    find = finder(vocabulary(column), exact=column.vocabulary in SCALES)
    known = [find(t) for t in texts(uniques)]
    strange = [bool(w) and k is None for w, k in zip(words, known, strict=True)]
    if column.required or column.vocabulary in SCALES:  # nothing can stand in for these
        return _typed(codes, uniques, _spread(known, codes, "str"), strange)
    if rest := word_for_others(column):
        known = [rest if odd else k for odd, k in zip(strange, known, strict=True)]
    out = _typed(codes, uniques, _spread(known, codes, "str"), [False] * len(words))
    out.unknown = {
        w: int((codes == i).sum()) for i, w in enumerate(words) if w and strange[i] and not isinstance(uniques[i], Odd)
    }
    return out


def _codes(codes: NDArray[np.intp], uniques: list[Any], words: list[str | None]) -> Typed:
    """Read identifiers; one that a spreadsheet turned into a number and shortened cannot be used."""
    bad = [False] * len(uniques)
    for i, value in enumerate(uniques):
        if isinstance(value, float) or (type(value) is str and ("+" in value or not value.isascii())):
            try:
                words[i] = cell_code(value)
            except DataError:
                words[i], bad[i] = None, True
    return _typed(codes, uniques, _spread(words, codes, "str"), bad)


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


def finder(names: dict[str, str], *, exact: bool = False) -> Callable[[str], str | None]:
    """Return what finds the code of a written word: exactly, or as the beginning of a longer phrase unless `exact`."""
    longest = [] if exact else sorted((n for n in names if len(n) >= 6), key=len, reverse=True)

    def find(written: str) -> str | None:
        form = key(written)
        found = names.get(form) or names.get(key(_NUMBERED.sub("", written)))
        return found or next((names[n] for n in longest if form.startswith(n)), None)

    return find


def _numbers(codes: NDArray[np.intp], uniques: list[Any], column: Column) -> Typed:
    style = column_style(uniques)
    read: list[float | None] = []
    bad = []
    for value in uniques:
        try:
            number = cell_number(
                value,
                unit="count" if column.kind == "count" else "continuous",
                style=style if style in ("vi", "en") else "auto",
            )
        except DataError:
            number, wrong = None, True
        else:
            wrong = number is not None and number < 0 and column.kind == "count"
        read.append(None if wrong else number)
        bad.append(wrong)
    return _typed(codes, uniques, _spread(read, codes, "float64"), bad)


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
        return Typed(series.dt.normalize() if days else series, np.zeros(len(series), dtype=bool), lambda row: "")
    codes, uniques = _distinct(values)
    clock = np.full(len(uniques), np.datetime64("NaT"), dtype="datetime64[us]")  # local clock time
    instants = clock.copy()  # in UTC, of cells with an offset
    bad, early = np.zeros((2, len(uniques)), dtype=bool)
    strings = [i for i, u in enumerate(uniques) if isinstance(u, str)]
    stamps = [i for i, u in enumerate(uniques) if type(u) is dt.datetime and u.tzinfo is None]
    if stamps:  # pandas does this twenty times as fast as numpy
        clock[stamps] = pd.to_datetime(np.array([uniques[i] for i in stamps], dtype=object)).to_numpy("datetime64[us]")
    clock[strings], decided = _read_padded([uniques[i] for i in strings], order)
    for i in np.flatnonzero(np.isnat(clock)):
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
    out = _typed(codes, uniques, series.dt.normalize() if days else series, bad)
    out.early = lambda row: bool(early[codes[row]])
    out.offsets = bool((~np.isnat(instants)).any())
    # The odd forms (24-2-26, 24.2.2026) and the failures tell the order, too.
    others = column_date_order(uniques[i] for i in strings if len(uniques[i].strip()) not in _PADDED and not bad[i])
    failed = column_date_order(u for u, b in zip(uniques, bad, strict=True) if b)
    found_order = decided or others in (order, "mixed")
    out.day_first = found_order if order == "dmy" else failed == "dmy"
    out.month_first = found_order if order == "mdy" else failed == "mdy"
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


#: Lengths of 24/02/2026, 24/02/2026 08:30, 24/02/2026 08:30:00 and 02/24/2026 08:30:00 AM.
_PADDED = (10, 16, 19, 22)
_MARKS = [ord(mark) for mark in "/-."]
#: The least and the most that stands in each place: pandas takes second 60, and digits of other scripts.
_LIMITS = ("0000-00-00 00:00:00", "9999-19-39 29:59:59")


def _read_padded(strings: list[str], order: Order) -> tuple[NDArray[np.datetime64], bool]:
    """Read the common forms with all digits written, by the place of each digit; NaT for others.

    A hundred times as fast as reading them one by one. Also tells whether some date has a day above 12.
    """
    out = np.full(len(strings), np.datetime64("NaT"), dtype="datetime64[us]")
    decided = False
    stripped = [s.strip() for s in strings]
    lengths = np.fromiter(map(len, stripped), int, len(stripped))
    for width in _PADDED:
        rows = np.flatnonzero(lengths == width)
        chars = np.array([stripped[i] for i in rows], dtype=f"U{width}").view(np.uint32).reshape(-1, width)
        year_first = chars[:, 4] == ord("-") if len(rows) else np.zeros(0, dtype=bool)
        for iso, chosen in ((True, year_first), (False, ~year_first)):
            if chosen.any():
                out[rows[chosen]] = stamp = _digits_to_time(chars[chosen], iso, order)
                decided |= not iso and bool((pd.Series(stamp).dt.day > 12).any())
    return out, decided


def _digits_to_time(chars: NDArray[np.uint32], iso: bool, order: Order) -> NDArray[np.datetime64]:
    """Read dates of one width after their parts are put into the order of ISO 8601."""
    width = chars.shape[1]
    marks, year, month, day = ((4, 7), 0, 5, 8) if iso else ((2, 5), 6, *((0, 3) if order == "mdy" else (3, 0)))
    right = (chars[:, marks[0]] == chars[:, marks[1]]) & np.isin(chars[:, marks[0]], [ord("-")] if iso else _MARKS)
    moved = np.full((len(chars), min(width, 19)), ord("-"), dtype=np.uint32)
    for at, start, count in ((0, year, 4), (5, month, 2), (8, day, 2)):
        moved[:, at : at + count] = chars[:, start : start + count]
    if width > 10:
        right &= np.isin(chars[:, 10], [ord(" "), ord("T")])
        moved[:, 10:] = chars[:, 10:19]
        moved[:, 10] = ord(" ")
    least, most = (np.array(list(map(ord, line)))[: moved.shape[1]] for line in _LIMITS)
    right &= ((least <= moved) & (moved <= most)).all(axis=1)
    form = {10: "%Y-%m-%d", 16: "%Y-%m-%d %H:%M"}.get(width, "%Y-%m-%d %H:%M:%S")
    read = pd.to_datetime(moved.view(f"U{moved.shape[1]}").ravel(), format=form, errors="coerce")
    stamp = read.to_numpy("datetime64[us]")
    if width > 19:  # twelve hours, twice
        half = np.char.upper(np.ascontiguousarray(chars[:, 19:]).view("U3").ravel())
        right &= np.isin(half, (" AM", " PM")) & (read.hour >= 1) & (read.hour <= 12)
        stamp = stamp + (12 * (half == " PM") - 12 * (read.hour == 12)).astype("timedelta64[h]")
    right &= stamp >= _FIRST_DAY
    return np.where(right, stamp, np.datetime64("NaT"))


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
