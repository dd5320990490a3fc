"""The tables of a file without a contract: where each begins, its header, its records and what else stands there.

Structure decides: a body begins where columns begin to hold numbers or days, and goes on until words stand in those
columns again. The words above are the second witness; where the two disagree, the table says so in a question. No
blank row ends a table by itself: one of four tables has blank rows inside, and stacked tables often have none between.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import Answer
from dvresearch.loaders.account import Fate, Question, SheetAccount
from dvresearch.loaders.bodies import LABELS, LONG, Body, total_rows
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import Block, is_numbering, key, titles_above
from dvresearch.loaders.sheets import Odd, Sheet, column_letters, filled_down, read_sheets, texts

__all__ = ["TableRead", "read_tables"]

# What a cell holds, as far as the layout goes: a mark stands for a value that is not there ("-", "..", "(D)").
BLANK, WORD, MARK, YEAR, DAY, VALUE = range(6)

_NUMBER = re.compile(
    r"[-+−–]?\s?(?:\d+|\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+)(?:[.,]\d+)?\s?%?(?:\s?(?:\([a-z]\)|\*+|[a-z]|\\\d+\\?))?"
)
_YEAR = re.compile(r"(?:18|19|20)\d\d(?:\s?[-–/]\s?\d\d(?:\d\d)?)?(?:\s?(?:\([a-z]\)|\*+|\\\d+\\?))?")
_DAY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d\d.*)?|\d{1,2}:\d\d(?::\d\d)?")
_MARK = re.compile(r"[^\w\s]+|[(\[\\][^()\[\]]{1,8}[)\]\\]|n\.?[/.]?[ad]\.?|[%‰]", re.IGNORECASE)
#: Words with which notes below a table begin.
_NOTE = re.compile(r"[*†‡©]|\W*(?:\(?\d+\)|note|source|ghi chú|nguồn|lưu ý|champ|lecture)", re.IGNORECASE)
#: What a line above a header says about its numbers.
_UNIT = re.compile(r"[(（\[]|%|unit|đơn vị|đvt|en |in |単位", re.IGNORECASE)
_PATTERNS = ((_YEAR, YEAR), (_NUMBER, VALUE), (_DAY, DAY), (_MARK, MARK))
_LONGEST_VALUE = 30  # letters of a value
_NEARLY = 0.8  # share from which nearly all are of one kind
_TALL = 12  # rows of several words above the first value, from which they may be records
_SHORT = 8  # rows of numbers a header may hold: units, dates of a series, how many there are


@dataclass(frozen=True)
class TableRead:
    """A table as it stands in a file.

    Parameters
    ----------
    block : Block
        Where it is: its sheet, rows and columns, and ``titles``, the words of all header rows above each column.
    body : Body
        Which rows below the header are records, and the others by reason: numbering, header_again, total, section,
        note.
    frame : DataFrame
        The cells of the records as the file holds them (dtype object; a cell merged downwards holds for all its rows);
        the index ``row`` is the row in the file, the columns are the titles, the letter of the column where there is
        none or it is there twice.
    account : SheetAccount
        The fate of every cell of the sheet, the same for all tables of a sheet.
    questions : list of Question
        Where structure and words disagree about this table.
    doubtful : frozenset of int
        The rows these questions are about, as the file counts them.
    """

    block: Block
    body: Body
    frame: pd.DataFrame
    account: SheetAccount
    questions: list[Question] = field(default_factory=list)
    doubtful: frozenset[int] = frozenset()

    @property
    def header_rows(self) -> list[int]:
        """The rows of the header, as the file counts them."""
        return [self.block.number(row) for row in range(self.block.top, self.block.body)]


def read_tables(path: str | Path, *, sheet: str | None = None, limits: Limits = LIMITS) -> list[TableRead]:
    """Read all tables of a file, whatever they are about.

    Parameters
    ----------
    path : str or Path
        The file, see :func:`dvresearch.loaders.read_sheets`.
    sheet : str, optional
        Read this sheet only.
    limits : Limits, optional
        How much the file may ask for.

    Returns
    -------
    list of TableRead
        In the order of the file, those of a sheet top down, those side by side from the left. A sheet without a table
        stands there once, without records, its cells unread. The frames hold the cells as they stand in the file,
        persons included: nothing is recognised as personal here, and nothing dropped. Do not pass them on.

    Raises
    ------
    DataError
        When the file cannot be read.

    Notes
    -----
    Measured on the 187 sheets of StatSheets and the Statistical Abstract of the United States: ``benchmarks``.
    """
    return [table for found in read_sheets(path, sheet=sheet, limits=limits) for table in tables_of(found)]


def tables_of(sheet: Sheet) -> list[TableRead]:
    """Return the tables of a sheet, as :func:`read_tables` does."""
    account, found = SheetAccount(sheet), []
    if not sheet.titles:
        kinds = np.array([[_kind(c) for c in column] for column in sheet.columns], dtype=np.int8).T
        found = [table for span in _bands(kinds) for table in _Band(sheet, kinds, *span).tables()]
    tables = [(table.block, _rows(table), table.doubtful) for table in found]
    if not tables:
        titles = sheet.titles or ("",) * len(sheet.columns)
        whole = Block(sheet, 0, 0, sheet.height, 0, len(sheet.columns), titles, {})
        tables = [(whole, Body(np.arange(sheet.height if sheet.titles else 0)), range(0))]
    for block, body, _ in tables:
        body.put(account, block, slice(block.left, block.right))
    for block, *_ in tables:
        account.put(Fate.TITLE, slice(0, block.top), slice(block.left, block.right))
    account.put(Fate.UNREAD, slice(None))
    for at, column in enumerate(sheet.columns):
        account.put(Fate.PROBLEM, [row for row, cell in enumerate(column) if isinstance(cell, Odd)], at)
    account.settle()
    cells = filled_down(sheet)
    return [
        TableRead(block, body, _frame(block, cells, body.records), account, *_questions(block, body, doubtful))
        for block, body, doubtful in tables
    ]


# --- what stands in the cells ----------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def _written(text: str) -> int:
    """Return what a text is, as far as the layout goes."""
    text = text.strip()
    if not text or len(text) > _LONGEST_VALUE:
        return WORD if text else BLANK
    return next((kind for pattern, kind in _PATTERNS if pattern.fullmatch(text)), WORD)


def _kind(cell: Any) -> int:
    if isinstance(cell, str):
        return MARK if isinstance(cell, Odd) else _written(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return YEAR if 1800 <= cell < 2100 and cell == int(cell) else VALUE
    return DAY if isinstance(cell, dt.date | dt.time | dt.timedelta) else MARK


# --- where the tables are --------------------------------------------------------------------------------------------


def _bands(kinds: NDArray[np.int8]) -> list[tuple[int, int]]:
    """Return the columns of tables side by side: parted by an empty column, each with row labels and values."""
    used = np.flatnonzero((kinds != BLANK).any(axis=0))
    edges = [int(c) for c in used[1:] if not (kinds[:, c - 1] != BLANK).any()]
    bands = [int(c) for c in used[:1]]
    for edge, after in zip(edges, [*edges, kinds.shape[1]][1:], strict=True):
        part = kinds[:, edge:after]
        rows = part[(part == VALUE).any(axis=1)]
        first = rows[np.arange(len(rows)), (rows != BLANK).argmax(axis=1)]
        if len(rows) > 1 and (first == WORD).mean() > _NEARLY and (kinds[:, bands[-1] : edge] == VALUE).any():
            bands.append(edge)
    return [*zip(bands, [*bands[1:], kinds.shape[1]], strict=True)]


@dataclass(frozen=True)
class _Found:
    """A table before its rows are judged: where it is, which of its columns hold values, its last row of values."""

    block: Block
    band: _Band
    numeric: NDArray[np.bool_]
    last: int
    doubtful: range


class _Band:
    """Columns of a sheet, in which tables stand one above the other; columns are counted from the first of them."""

    def __init__(self, sheet: Sheet, kinds: NDArray[np.int8], left: int, right: int) -> None:
        self.sheet, self.left, self.right = sheet, left, right
        self.kinds = kinds[:, left:right]
        self.filled = (self.kinds != BLANK).sum(axis=1)
        self.words = (self.kinds == WORD).sum(axis=1)
        self.lead = (self.kinds != BLANK).argmax(axis=1)
        self.reach = {(top, at - left): right - left for top, at, _, right in sheet.merged}
        #: Rows with a value beside something else; not those of a header that look so.
        self.data = (self.kinds >= YEAR).any(axis=1) & (self.filled > 1)
        self.periods = np.zeros(len(self.data), dtype=bool)
        self.there = [int(i) for i in np.flatnonzero(self.filled)]
        above = -1
        for i, below in zip(self.there, [*self.there[1:], -1], strict=True):
            if self.data[i]:
                opened = 0 <= above == i - 1 and bool(self.data[above])
                self.periods[i] = self._names_periods(i, above, below, opened)
                self.data[i] = not self.periods[i] and (opened or not self.numbers(i))
            above = i

    def cells(self, row: int) -> list[Any]:
        """Return the cells of a row."""
        return [column[row] for column in self.sheet.columns[self.left : self.right]]

    def _names_periods(self, row: int, above: int, below: int, opened: bool) -> bool:
        """Tell whether a row names years or days as titles: in their order, no other number, no such row below it."""
        kinds = self.kinds[row]
        there = (kinds == YEAR) | (kinds == DAY)
        if (kinds == VALUE).any() or there.sum() + (self.words[row] > 1) < 2:
            return False
        under = self.kinds[below, there]
        if (under == kinds[there]).mean() > 0.5:
            return False
        if (not opened and (under == WORD).all()) or not (kinds[~there].any() or there[0]):
            return True  # words go on below, or nothing but periods right of the labels
        titled = kinds[self.lead[row]] == WORD and self.words[above] > 1 and (self.kinds[above, there] == WORD).any()
        years = list(dict.fromkeys(str(c)[:4] for c, kind in zip(self.cells(row), kinds, strict=True) if kind == YEAR))
        return not (opened or titled or years not in (sorted(years), sorted(years, reverse=True)))

    def numbers(self, row: int) -> bool:
        """Tell whether a row only numbers the columns."""
        cells = list(dict.fromkeys(self.cells(row)))
        return is_numbering(cells) and (self.filled[row] > 2 or any(w[:1] in "([" or "=" in w for w in texts(cells)))

    def numeric(self, first: int, last: int) -> NDArray[np.bool_]:
        """Tell which columns hold values, or marks for them, in rows of records; not a first one of serial numbers."""
        kinds = self.kinds[first : last + 1][self.filled[first : last + 1] > 1]
        values = (kinds >= YEAR).sum(axis=0)
        found = (values > 0) & (values + (kinds == MARK).sum(axis=0) >= 0.7 * (kinds != BLANK).sum(axis=0))
        found[0] &= not found[1:].any()
        return found

    def _opens(self, row: int, first: int, last: int) -> bool:
        """Tell whether a row below records, the first and last of them named, is the header of another table."""
        numeric = self.numeric(first, last)
        hits = ((self.kinds[row] == WORD) & numeric).sum()
        many = max(min(2, numeric.sum()), 0.6 * (self.words[row] - 1), 1)
        return bool(self.periods[row] or (self.words[row] > 1 and hits >= many))

    def _runs(self) -> list[tuple[int, int]]:
        """Return the first and last row of values of each table."""
        runs: list[tuple[int, int]] = []
        fresh = True
        for i in self.there:
            if self.data[i]:
                runs = [*runs, (i, i)] if fresh else [*runs[:-1], (runs[-1][0], i)]
                fresh = False
            else:
                fresh = fresh or self._opens(i, *runs[-1])
        for n in range(len(runs) - 1, 0, -1):
            (first, last), (below, end) = runs[n - 1], runs[n]
            words = (self.kinds[first : last + 1, 0] == WORD).all() and self.filled[first:below].all()
            if words and last - first < _SHORT and (self.kinds[below : end + 1, 0] != WORD).mean() > _NEARLY:
                self.data[first : last + 1] = False  # units, dates, how many there are: values in a header
                del runs[n - 1]
        return runs

    def tables(self) -> list[_Found]:
        """Return the tables, top down."""
        runs, rows = self._runs(), np.flatnonzero(self.filled > 1)
        words_only = not runs and len(rows) > 2
        if words_only:
            self.data[rows[1:]] = True
            runs = [(int(rows[1]), int(rows[-1]))]
        found: list[_Found] = []
        floor = 0
        for first, last in runs:
            numeric = self.numeric(first, last)
            top, end = self._header(floor, first, numeric)
            above = titles_above(self.sheet, range(top, end)) if end > top else []
            titles = [t if self.left <= c < self.right else "" for c, t in enumerate(above)]
            titles += [""] * (len(self.sheet.columns) - len(titles))
            bare = sum(not titles[self.left + c] for c in np.flatnonzero(numeric)) > numeric.sum() / 3
            above_it = (self.filled[floor:first] > 1).sum()
            close = floor > 0 and self.filled[floor:first].all()  # nothing parts it from the records above
            doubtful = range(floor, first + 1) if words_only or bare or close or above_it > _TALL else range(0)
            block = Block(self.sheet, top, end - top, self.sheet.height, self.left, self.right, tuple(titles), {})
            before, untitled = found[-1:], not (self.filled[floor:top] == 1).any()
            if before and untitled and _same(before[0].block.titles, titles):
                again = (*before[0].block.again, *range(top, end))
                found[-1] = replace(before[0], block=replace(before[0].block, again=again), last=last)
            elif before and first - floor and (self.kinds[:floor] != BLANK).any(axis=0).sum() <= 2 < numeric.sum():
                found = [_Found(block, self, numeric, last, doubtful)]  # above it "Cập nhật | 28/01/2026", no table
            else:
                found = [replace(b, block=replace(b.block, end=min(b.block.end, top))) for b in found]
                found.append(_Found(block, self, numeric, last, doubtful))
            floor = last + 1
        return found

    def _header(self, floor: int, first: int, numeric: NDArray[np.bool_]) -> tuple[int, int]:
        """Return the first row of the header above records and the first one below it; the same row without any."""
        top, end = first, 0  # 0: no row of the header found
        gap = lines = 0
        for i in range(first - 1, floor - 1, -1):
            there, at = self.kinds[i] != BLANK, int(self.lead[i])
            reach = self.reach.get((i, at), at)
            if not there.any():
                gap += 1
                continue
            if lines > 3:
                break
            if not end:
                over = (there & numeric).any() or not numeric.any()
                if not over or (self.filled[i] == 1 and at == 0) or self._holds_nothing(i, numeric) or self.numbers(i):
                    lines += int(self.filled[i] == 1)  # a heading; else a record without values, or numbers of columns
                else:
                    top, end, lines = i, i + 1, 0
                gap = 0
                continue
            lead = self.lead[top:end][self.filled[top:end] > 0].min()
            if self.filled[i] > 1:
                if self._states_unit(i) or (gap + lines and not self._adds(i, top, end)):
                    break
                top, lines = i, 0
            elif not gap and at > lead and (reach > at or not self._states_unit(i)):
                top = i
            elif lines or at > lead:
                break
            else:
                lines += 1
            gap = 0
        return top, end or first

    def _holds_nothing(self, row: int, numeric: NDArray[np.bool_]) -> bool:
        """Tell whether a row has marks for missing values where the records have values."""
        kinds = self.kinds[row]
        marks = [str(c) for c, mark in zip(self.cells(row), (kinds == MARK) & numeric, strict=True) if mark]
        unit = re.search(r"[\d%$]|\w{4}", " ".join(marks))
        return len(marks) > 1 and not unit

    def _states_unit(self, row: int) -> bool:
        """Tell whether a row above a header ends in the unit of its numbers: "Đơn vị: triệu đồng"."""
        *others, end = np.flatnonzero(self.kinds[row])
        there = len(others) < 3 and end > 0.6 * len(self.kinds[row])
        return bool(there and _UNIT.match(str(self.cells(row)[end])))

    def _adds(self, row: int, top: int, end: int) -> bool:
        """Tell whether a row above a gap belongs to the header below it: it names more columns, or groups of them."""
        untitled = (self.kinds[top:end] == BLANK).all(axis=0)
        return bool(self.kinds[row, untitled].any() or self.filled[row] > 2 or self.lead[row] > 0)


def _same(titles: Sequence[str], others: Sequence[str]) -> bool:
    """Tell whether two headers say the same."""
    pairs = [key(a) == key(b) for a, b in zip(titles, others, strict=True) if a or b]
    return sum(pairs) > 0.6 * len(pairs)


# --- what the rows are -----------------------------------------------------------------------------------------------


def _rows(found: _Found) -> Body:
    """Tell what the rows below a header are."""
    block, band, numeric = found.block, found.band, found.numeric
    values = band.kinds[block.body : found.last + 1]
    full = values[(values[:, numeric] >= YEAR).any(axis=1)]
    stub = (full == WORD).mean(axis=0) > 0.5 if len(full) else ~numeric
    marks = (band.kinds[:, numeric] == MARK).sum(axis=1)
    said = {i: [w for w in texts(band.cells(i)) if w] for i in band.there if block.body <= i < block.end}
    kinds = np.full(block.end - block.body, "blank", dtype=object)
    for i, words in said.items():
        reason = "record"
        if i in block.again:
            reason = "header_again"
        elif not band.data[i] and band.numbers(i) and "record" not in kinds:
            reason = "numbering"
        elif i > found.last:
            like = marks[i] > 1 or (
                stub.sum() > 1 and (band.kinds[i, stub] == WORD).all() and not _NOTE.match(words[0])
            )
            reason = "record" if like and kinds[i - block.body - 1] == "record" else "note"
        elif band.filled[i] == band.words[i] == 1:
            reason = "section" if len(words[0]) <= LONG else "note"
        kinds[i - block.body] = reason
    records = (np.flatnonzero(kinds == "record") + block.body).tolist()
    labels = [said[i][:LABELS] for i in records]
    columns = [[block.sheet.columns[band.left + c][i] for i in records] for c in np.flatnonzero(numeric)]
    numbers = [pd.to_numeric(pd.Series(c, dtype=object), errors="coerce").to_numpy(float) for c in columns]
    totals = total_rows(labels, np.reshape(numbers, (-1, len(records))).T, [""] * len(records))
    kinds[[records[n] - block.body for n in totals.sure]] = "total"
    body = Body.of(kinds, block.body)
    body.sections = {i: said[i][0] for i in body.aside.get("section", ())}
    body.doubtful = {records[n]: labels[n][0] for n in totals.doubtful}
    return body


def _questions(block: Block, body: Body, doubtful: range) -> tuple[list[Question], frozenset[int]]:
    """Return the questions about a table, and the rows they are about; `doubtful` rows may be its header."""
    questions = body.questions(block)
    if doubtful:
        first, last = block.number(doubtful[0]), block.number(doubtful[-1])
        told = [f"{block.number(block.top)}-{block.number(block.body) - 1}"] if block.height else []
        answers, row = tuple(Answer("header", rows) for rows in (*told, "…")), block.number(block.body)
        where = f"{block.sheet.where()}, dòng/row {first}–{last}"
        questions.insert(0, Question("header-doubtful", where, answers=answers, blanks={"row": row}))
    return questions, frozenset(map(block.number, {*doubtful, *body.doubtful}))


def _frame(block: Block, sheet: Sheet, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Return the cells of records under their titles."""
    titles = block.titles[block.left : block.right]
    letters = [column_letters(sheet.first_column + at) for at in range(block.left, block.right)]
    names = [t if t and titles.count(t) == 1 else letter for t, letter in zip(titles, letters, strict=True)]
    cells = [np.array(list(column), dtype=object)[rows] for column in sheet.columns[block.left : block.right]]
    index = pd.Index(block.number(0) + rows, name="row")
    return pd.DataFrame(dict(zip(names, cells, strict=True)), index, dtype=object)
