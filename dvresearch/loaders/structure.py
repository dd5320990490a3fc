"""The tables of a file without a contract: where each begins, its header, its records and what else stands there.

Structure decides: a body begins where columns begin to hold numbers or days, and goes on until words stand in those
columns again. The words above are the second witness; where the two disagree, the table says so in a question. No
blank row ends a table by itself: one of four tables has blank rows inside, and stacked tables often have none between.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import Answer
from dvresearch.loaders.account import Fate, Question, SheetAccount
from dvresearch.loaders.bodies import Body
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import Block, is_numbering, key, titles_above
from dvresearch.loaders.sheets import Odd, Sheet, column_letters, read_sheets, texts
from dvresearch.loaders.totals import total_rows

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
_GAP = 8  # blank rows that may part the rows of a header, and a header from its body
_LONG = 120  # letters from which a text alone in its row is no heading
_SHORT = 8  # rows of numbers a header may hold: units, dates of a series, how many there are
_SHORT_TITLE = 60  # letters of a line that may stand between the rows of a header
_LABELS = 4  # columns in which the word of a total may stand


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
        return [self.block.sheet.first_row + row for row in range(self.block.top, self.block.body)]


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
        stands there once, without records, its cells unread.

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
    account = SheetAccount(sheet)
    width = len(sheet.columns)
    if sheet.titles:
        block = Block(sheet, 0, 0, sheet.height, 0, width, sheet.titles, {})
        body = Body(np.arange(sheet.height))
        return [TableRead(block, body, _frame(block, body.records), account)]
    kinds = np.array([[_kind(c) for c in column] for column in sheet.columns], dtype=np.int8).T
    layouts = [layout for span in _bands(kinds) for layout in _Band(sheet, kinds, *span).layouts()]
    tables = [(layout, _read(layout)) for layout in layouts]
    _settle(account, tables)
    if not tables:
        body = Body(np.arange(0))
        block = Block(sheet, 0, 0, sheet.height, 0, width, ("",) * width, {})
        return [TableRead(block, body, _frame(block, body.records), account)]
    return [
        TableRead(layout.block, body, _frame(layout.block, body.records), account, *_questions(layout, body))
        for layout, body in tables
    ]


@lru_cache(maxsize=65536)
def _written(text: str) -> int:
    """Return what a text is, as far as the layout goes."""
    text = text.strip()
    if not text:
        return BLANK
    if len(text) <= 30:
        for pattern, kind in ((_YEAR, YEAR), (_NUMBER, VALUE), (_DAY, DAY), (_MARK, MARK)):
            if pattern.fullmatch(text):
                return kind
    return WORD


def _kind(cell: Any) -> int:
    if isinstance(cell, str):
        return MARK if isinstance(cell, Odd) else _written(cell)
    if cell is None or cell != cell:
        return BLANK
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return YEAR if 1800 <= cell < 2100 and cell == int(cell) else VALUE
    return DAY if isinstance(cell, dt.date | dt.time | dt.timedelta) else MARK


def _bands(kinds: NDArray[np.int8]) -> list[tuple[int, int]]:
    """Return the columns of tables side by side: parted by an empty column, each with row labels and values."""
    used = np.flatnonzero((kinds != BLANK).any(axis=0))
    if not len(used):
        return []
    edges = [int(c) for before, c in zip(used[:-1], used[1:], strict=True) if c > before + 1]
    bands = [int(used[0])]
    for at, edge in enumerate(edges):
        part = kinds[:, edge : edges[at + 1] if at + 1 < len(edges) else None]
        rows = part[(part == VALUE).any(axis=1)]
        first = rows[np.arange(len(rows)), (rows != BLANK).argmax(axis=1)]
        labelled = len(rows) > 1 and (first == WORD).mean() > 0.8
        if labelled and (kinds[:, bands[-1] : edge] == VALUE).any():
            bands.append(edge)
    return [*zip(bands, [*bands[1:], int(used[-1]) + 1], strict=True)]


@dataclass(frozen=True)
class _Layout:
    """A table before its rows are judged: where it is, which of its columns hold values, its last row of values."""

    block: Block
    band: _Band
    numeric: NDArray[np.bool_]
    last: int
    doubtful: frozenset[int] = frozenset()


class _Band:
    """Columns of a sheet, in which tables stand one above the other; columns are counted from the first of them."""

    def __init__(self, sheet: Sheet, kinds: NDArray[np.int8], left: int, right: int) -> None:
        self.sheet, self.left, self.right = sheet, left, right
        self.kinds = kinds[:, left:right]
        self.filled = (self.kinds != BLANK).sum(axis=1)
        self.words = (self.kinds == WORD).sum(axis=1)
        held = (self.kinds >= YEAR).sum(axis=1)
        #: Rows with a value beside something else; not those of a header that look so.
        self.data = (held > 0) & (self.filled > 1)
        self.merged = {(top, at): right for top, at, _, right in sheet.merged}
        self.periods = np.zeros(len(held), dtype=bool)
        rows = [int(i) for i in np.flatnonzero(self.filled)]
        above = -1
        for i, below in zip(rows, [*rows[1:], -1], strict=True):
            if self.data[i]:
                self.periods[i] = self._names_periods(i, above, below)
                open_above = above < 0 or not self.data[above]
                self.data[i] = not (self.periods[i] or (open_above and self._numbers(i)))
            above = i

    def cells(self, row: int) -> list[Any]:
        """Return the cells of a row."""
        return [column[row] for column in self.sheet.columns[self.left : self.right]]

    def _names_periods(self, row: int, above: int, below: int) -> bool:
        """Tell whether a row names years or days as titles: in their order, no other number, no such row below it."""
        kinds = self.kinds[row]
        there = (kinds == YEAR) | (kinds == DAY)
        if (kinds == VALUE).any() or there.sum() + (self.words[row] > 1) < 2:
            return False
        if (self.kinds[below][there] == kinds[there]).mean() > 0.5:
            return False
        words_below = (above < 0 or not self.data[above]) and (self.kinds[below][there] == WORD).all()
        if words_below or ((kinds[~there] == BLANK).all() and not there[0]):
            return True
        years = list(dict.fromkeys(str(c)[:4] for c, kind in zip(self.cells(row), kinds, strict=True) if kind == YEAR))
        titled = (
            kinds[np.flatnonzero(kinds)[0]] == WORD
            and self.words[above] > 1
            and (self.kinds[above][there] == WORD).any()
        )
        return not titled and years in (sorted(years), sorted(years, reverse=True))

    def _numbers(self, row: int) -> bool:
        """Tell whether a row only numbers the columns."""
        cells = list(dict.fromkeys(self.cells(row)))
        return is_numbering(cells) and (self.filled[row] > 2 or any(w[:1] in "([" or "=" in w for w in texts(cells)))

    def numeric(self, first: int, last: int) -> NDArray[np.bool_]:
        """Tell which columns hold values, or marks for them, in rows of records."""
        kinds = self.kinds[first : last + 1][self.data[first : last + 1]]
        values = (kinds >= YEAR).sum(axis=0)
        return (values > 0) & (values + (kinds == MARK).sum(axis=0) >= 0.7 * (kinds != BLANK).sum(axis=0))

    def _opens(self, row: int, first: int, last: int) -> bool:
        """Tell whether a row below records, the first and last of them named, is the header of another table."""
        if self.periods[row]:
            return True
        numeric = self.numeric(first, last)
        hits = ((self.kinds[row] == WORD) & numeric).sum()
        return bool(self.words[row] > 1 and hits >= max(min(2, numeric.sum()), 0.6 * (self.words[row] - 1), 1))

    def layouts(self) -> list[_Layout]:
        """Return the tables, top down."""
        runs: list[list[int]] = []
        fresh = True
        for i in map(int, np.flatnonzero(self.filled)):
            if self.data[i] and fresh:
                runs.append([i, i])
                fresh = False
            elif self.data[i]:
                runs[-1][1] = i
            elif not fresh and self._opens(i, *runs[-1]):
                fresh = True
        asked = self._join(runs)
        asked |= self._of_words(runs)
        found: list[_Layout] = []
        for n, (first, last) in enumerate(runs):
            floor = runs[n - 1][1] + 1 if n else 0
            top, end = self._header(floor, first, last)
            numeric = self.numeric(first, last)
            titles = titles_above(self.sheet, range(top, end)) if end > top else []
            titles = [t if self.left <= c < self.right else "" for c, t in enumerate(titles)]
            titles += [""] * (len(self.sheet.columns) - len(titles))
            bare = sum(not t for t in np.array(titles, dtype=object)[self.left : self.right][numeric])
            doubtful = set(range(floor, first + 1)) if first in asked or bare > numeric.sum() / 3 else set()
            block = Block(self.sheet, top, end - top, self.sheet.height, self.left, self.right, tuple(titles), {})
            if found and _same(found[-1].block.titles, titles) and not (self.filled[floor:top] == 1).any():
                again = (*found[-1].block.again, *range(top, end))
                found[-1] = replace(found[-1], block=replace(found[-1].block, again=again), last=last)
                continue
            if found:
                found[-1] = replace(found[-1], block=replace(found[-1].block, end=self._title(found[-1].last, top)))
            found.append(_Layout(block, self, numeric, last, frozenset(doubtful)))
        return [t for n, t in enumerate(found) if not self._preamble(t, found[n + 1 :])]

    def _join(self, runs: list[list[int]]) -> set[int]:
        """Make a few rows of values above words part of the header they stand in; return what to ask about."""
        asked = set()
        for n in range(len(runs) - 1, 0, -1):
            (first, last), (below, end) = runs[n - 1], runs[n]
            close = self.filled[first:below].all() and (self.filled[last + 1 : below] > 1).all()
            few = last - first < _SHORT and self.data[below : end + 1].sum() >= 2 * (last - first + 1)
            if not (close and few):
                continue
            if (self.kinds[first : last + 1, 0] == WORD).all() and (
                self.kinds[below : end + 1, 0] != WORD
            ).mean() > 0.8:
                self.data[first : last + 1] = False
                del runs[n - 1]
            else:
                asked.add(below)
        return asked

    def _of_words(self, runs: list[list[int]]) -> set[int]:
        """Add a table that holds words only, if there is none of values; return what to ask about."""
        rows = np.flatnonzero(self.filled > 1)
        if runs or len(rows) < 3:
            return set()
        self.data[rows[1:]] = True
        runs.append([int(rows[1]), int(rows[-1])])
        return {int(rows[1])}

    def _header(self, floor: int, first: int, last: int) -> tuple[int, int]:
        """Return the first row of the header above records and the first one below it; the same row without any."""
        numeric = self.numeric(first, last)
        if numeric[1:].any():
            numeric[0] = False
        elif not numeric.any():
            numeric |= True
        top, end = first, 0  # 0: no row of the header found
        gap, lines = 0, 0
        for i in range(first - 1, floor - 1, -1):
            there = self.kinds[i] != BLANK
            if not there.any():
                gap += 1
                continue
            if not end and self._holds_nothing(i, numeric):
                continue  # a record
            at = int(np.flatnonzero(there)[0])
            right = self.merged.get((i, at + self.left), at + self.left) - self.left
            over = bool((there & numeric).any() or numeric[at : right + 1].any())
            if gap > _GAP or lines > 3:
                break
            if not end and (not over or (self.filled[i] == 1 and at == 0)):
                lines += 1  # a heading above the first record
            elif not end:
                top, end = i, i + 1
            elif self.filled[i] > 1:
                if (gap + lines and not self._adds(i, top, end)) or self._states_unit(i):
                    break
                top, lines = i, 0
            elif at > self._first(top, end) and (right > at or not self._states_unit(i)):
                top = i
            elif lines or len(str(self.cells(i)[at])) > _SHORT_TITLE:
                break
            else:
                lines += 1
            gap = 0
        return top, end or first

    def _holds_nothing(self, row: int, numeric: NDArray[np.bool_]) -> bool:
        """Tell whether a row has marks for missing values, and no word, where the records have values."""
        kinds = self.kinds[row]
        marks = [str(c) for c, mark in zip(self.cells(row), (kinds == MARK) & numeric, strict=True) if mark]
        return len(marks) > 1 and not (kinds[numeric] == WORD).any() and not re.search(r"[\d%$]|\w{4}", " ".join(marks))

    def _states_unit(self, row: int) -> bool:
        """Tell whether a row above a header ends in the unit of its numbers: "Đơn vị: triệu đồng"."""
        there = np.flatnonzero(self.kinds[row])
        return (
            len(there) <= 3
            and there[-1] > 0.6 * (self.right - self.left)
            and bool(_UNIT.match(str(self.cells(row)[there[-1]]).strip()))
        )

    def _first(self, top: int, end: int) -> int:
        return int(np.flatnonzero((self.kinds[top:end] != BLANK).any(axis=0))[0])

    def _adds(self, row: int, top: int, end: int) -> bool:
        """Tell whether a row above a gap belongs to the header below it: it names more columns, or groups of them."""
        titled = (self.kinds[top:end] != BLANK).any(axis=0)
        there = self.kinds[row] != BLANK
        return bool((there & ~titled).any() or there.sum() > 2 or not there[0])

    def _title(self, last: int, top: int) -> int:
        """Return the first row of the words above a header; the header itself if no blank row parts them from above."""
        row = top
        while row > last + 1 and self.filled[row - 1]:
            row -= 1
        return row if row > last + 1 else top

    def _preamble(self, table: _Layout, below: list[_Layout]) -> bool:
        """Tell whether a table is but a few words and values above a wider one: "Cập nhật | 28/01/2026"."""
        block = table.block
        used = (self.kinds[block.top : table.last + 1] != BLANK).any(axis=0).sum()
        return bool(below) and used <= 2 and table.last - block.top < 3 and len(below[0].numeric) > 3


def _same(titles: tuple[str, ...], others: list[str]) -> bool:
    """Tell whether two headers say the same."""
    pairs = [(key(a), key(b)) for a, b in zip(titles, others, strict=True) if a or b]
    return sum(a == b for a, b in pairs) > 0.6 * len(pairs)


def _read(layout: _Layout) -> Body:
    """Tell what the rows below a header are."""
    block, band, body = layout.block, layout.band, Body(np.arange(0))
    held = (band.kinds >= YEAR) & layout.numeric
    if layout.numeric[1:].any():
        held[:, 0] = False  # serial numbers, years: labels of a row
    marks = ((band.kinds == MARK) & layout.numeric).sum(axis=1)
    full = [i for i in range(block.body, layout.last + 1) if held[i].any()]
    stub = (band.kinds[full] == WORD).mean(axis=0) > 0.5 if full else layout.numeric
    records: list[int] = []
    for i in (i for i in range(block.body, block.end) if band.filled[i]):
        said = [w for w in texts(band.cells(i)) if w]
        reason = ""
        if i in block.again:
            reason = "header_again"
        elif not records and is_numbering(said) and not band.data[i]:
            reason = "numbering"
        elif i > layout.last:
            like = marks[i] > 1 or (stub.sum() > 1 and (band.kinds[i, stub] == WORD).all() and not _NOTE.match(said[0]))
            reason = "" if like and records and records[-1] == i - 1 else "note"
        elif band.filled[i] == 1 and band.words[i]:
            reason = "section" if len(said[0]) <= _LONG else "note"
        if reason:
            body.aside.setdefault(reason, []).append(i)
        else:
            records.append(i)
        if reason == "section":
            body.sections[i] = said[0]
    _part_totals(layout, body, records)
    return body


def _part_totals(layout: _Layout, body: Body, records: list[int]) -> None:
    """Set the rows aside that are totals by word and sums; remember those that are so by one of them only."""
    band = layout.band
    lines = [[w for w in texts(band.cells(i)) if w][:_LABELS] for i in records]
    columns = [band.left + int(c) for c in np.flatnonzero(layout.numeric) if c or not layout.numeric[1:].any()]
    cells = [[band.sheet.columns[c][i] for i in records] for c in columns]
    numbers = np.array([pd.to_numeric(pd.Series(c, dtype=object), errors="coerce") for c in cells], dtype=float)
    found = total_rows(lines, numbers.reshape(len(columns), len(records)).T, [""] * len(records))
    body.doubtful = {records[n]: lines[n][0] for n, why in found.doubtful.items()}
    if found.sure:
        body.aside["total"] = [records[n] for n in sorted(found.sure)]
    body.records = np.array([i for n, i in enumerate(records) if n not in found.sure], dtype=np.intp)


def _settle(account: SheetAccount, tables: list[tuple[_Layout, Body]]) -> None:
    """Give every cell of the sheet its fate."""
    sheet = account.sheet
    for layout, body in tables:
        block = layout.block
        span = slice(block.left, block.right)
        account.put(Fate.HEADER, slice(block.top, block.body), span)
        for reason, rows in body.aside.items():
            fate = {"section": Fate.SECTION, "header_again": Fate.HEADER}.get(reason, Fate.ASIDE)
            account.put(fate, rows, span)
        account.put(Fate.VALUE, body.records, span)
    for layout, _ in tables:
        account.put(Fate.TITLE, slice(0, layout.block.top), slice(layout.block.left, layout.block.right))
    account.put(Fate.UNREAD, slice(None))
    for at, column in enumerate(sheet.columns):
        if odd := [row for row, cell in enumerate(column) if isinstance(cell, Odd)]:
            account.put(Fate.PROBLEM, odd, at)
    account.settle()


def _questions(layout: _Layout, body: Body) -> tuple[list[Question], frozenset[int]]:
    """Return the questions about a table, and the rows they are about."""
    block, questions = layout.block, []
    number = block.sheet.first_row
    if layout.doubtful:
        rows = f"{number + min(layout.doubtful)}–{number + max(layout.doubtful)}"
        first = number + block.body
        answers = [Answer("header", f"{number + block.top}-{first - 1}"), Answer("header", "…")]
        where = f"{block.sheet.where()}, dòng/row {rows}"
        questions.append(
            Question("header-doubtful", where, "", tuple(answers[not block.height :]), False, {"row": first})
        )
    if body.doubtful:
        answers = [
            Answer("rows", kind, f"{number + i}:{said}")
            for i, said in body.doubtful.items()
            for kind in ("total", "record")
        ]
        where = f"{block.sheet.where()}, dòng/row {', '.join(str(number + i) for i in body.doubtful)}"
        questions.append(Question("total-doubtful", where, "", tuple(answers)))
    return questions, frozenset(number + i for i in {*layout.doubtful, *body.doubtful})


def _frame(block: Block, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Return the cells of records under their titles; a cell merged downwards holds for all its rows."""
    sheet = block.sheet
    names = [block.titles[c] for c in range(block.left, block.right)]
    letters = [column_letters(sheet.first_column + c) for c in range(block.left, block.right)]
    names = [t if t and names.count(t) == 1 else a for t, a in zip(names, letters, strict=True)]
    cells = {}
    for name, at in zip(names, range(block.left, block.right), strict=True):
        column = np.empty(sheet.height, dtype=object)
        column[:] = list(sheet.columns[at])
        for top, left, bottom, _ in sheet.merged:
            if left == at and 0 <= top < sheet.height:
                column[top : bottom + 1] = column[top]
        cells[name] = column[rows]
    index = pd.Index(sheet.first_row + rows + bool(sheet.titles), name="row")
    return pd.DataFrame(cells, index=index, dtype=object)
