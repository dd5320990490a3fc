"""Which rows below a header are records, and what the others are.

A row is set aside only for a reason no record can have: one witness asks, two decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvresearch.errors import Answer
from dvresearch.loaders.account import Fate, Question, SheetAccount
from dvresearch.loaders.declaration import Declaration
from dvresearch.loaders.headers import SERIAL_TITLES, Block, is_numbering, key
from dvresearch.loaders.sheets import texts
from dvresearch.loaders.totals import names_total, total_rows
from dvresearch.privacy import showable
from dvresearch.tables import Table
from dvresearch.text import shape

__all__ = ["LABELS", "LONG", "Body", "body_rows", "declared_row"]

LABELS = 4  # columns in which the word of a total may stand
#: A number of a heading: I, II, A, B; 1 and 2 number records.
_SECTION = re.compile(r"[IVX]{1,5}|[A-H]")
#: Where a total row may begin.
_MAY_BE_TOTAL = re.compile(r"[\s(]*(?:t|c|l|Σ|∑|s|g|đ|toàn)", re.IGNORECASE)
LONG = 120  # letters from which a text alone in its row is no heading
_SHOWN = 10  # rows named in a question


@dataclass
class Body:
    """What the rows below one header are.

    Parameters
    ----------
    records : ndarray of int
        Rows that are records, counted from 0 in the sheet.
    aside : dict of str to list of int
        The other rows that hold something, by reason: numbering, header_again, total, section, note.
    sections : dict of int to str
        Row -> the words of a heading.
    doubtful : dict of int to str
        Records that one witness calls a total -> why.
    declared : list of str
        The rows of the declaration that are rows of this table.
    """

    records: NDArray[np.intp]
    aside: dict[str, list[int]] = field(default_factory=dict)
    sections: dict[int, str] = field(default_factory=dict)
    doubtful: dict[int, str] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, kinds: NDArray[Any], first: int) -> Body:
        """Sort rows, the first of them `first`, by what each is: a record, blank, or the reason to set it aside."""
        there = {kind: (np.flatnonzero(kinds == kind) + first).tolist() for kind in dict.fromkeys(kinds)}
        records = np.array(there.pop("record", []), dtype=np.intp)
        there.pop("blank", None)
        return cls(records, there)

    def put(self, account: SheetAccount, block: Block, columns: Any) -> None:
        """Give the cells of its table their fate; those of records outside `columns` are left out."""
        span = slice(block.left, block.right)
        account.put(Fate.HEADER, slice(block.top, block.body), span)
        for reason, rows in self.aside.items():
            account.put({"section": Fate.SECTION, "header_again": Fate.HEADER}.get(reason, Fate.ASIDE), rows, span)
        account.put(Fate.VALUE, self.records, columns)
        account.put(Fate.LEFT_OUT, self.records, span)

    def questions(self, block: Block, blocking: bool = False) -> list[Question]:
        """Return the question about rows that one witness calls totals, if there are any."""
        said = {block.sheet.first_row + i: showable(word) for i, word in [*self.doubtful.items()][:_SHOWN]}
        where = f"{block.sheet.where()}, dòng/row {', '.join(map(str, said))}"
        answers = [Answer("rows", kind, f"{i}:{word}") for i, word in said.items() for kind in ("total", "record")]
        seen = ", ".join(f"“{word}”" for word in said.values())
        return [Question("total-doubtful", where, seen, tuple(answers), blocking)] if said else []


def body_rows(
    block: Block,
    table: Table,
    anchor: str,
    good: NDArray[np.bool_],
    numbers: NDArray[np.float64],
    original: NDArray[np.bool_],
    stated: Declaration,
) -> Body:
    """Tell the records from what else stands below a header.

    Parameters
    ----------
    block : Block
        The table.
    table : Table
        Its contract.
    anchor : str
        The column by which a record is known: a required one that is hardly ever empty.
    good : ndarray of bool
        Rows of the body whose anchor could be read.
    numbers : ndarray of float, rows x columns
        The columns of counts and numbers, nan where there is none.
    original : ndarray of bool
        Rows of the body in which the file itself has a cell, not only the copy of a merged one.
    stated : Declaration
        Rows of which the user says what they are.
    """
    look = _Look(block, table, anchor, good, original, {**stated.given, **block.given})
    kinds = np.full(len(good), "", dtype=object)
    kinds[look.numbering()] = "numbering"  # before the totals: the number of a column is no count
    kinds[[row - block.body for row in block.again]] = "header_again"
    kinds[~look.any] = "blank"  # also the rows over which a header is merged downwards
    totals = look.totals(numbers, kinds == "")
    kinds[[i for i, sure in totals.items() if sure]] = "total"
    for i in map(int, np.flatnonzero((kinds == "") & ~look.clear)):
        kinds[i] = look.kind(i)
    kinds[kinds == ""] = "record"
    declared = {said: row for said in stated.rows if (row := look.declared(said)) is not None}
    doubtful = [i for i in totals if kinds[i] == "record" and i not in declared.values()]
    for said, i in declared.items():
        kinds[i] = stated.rows[said]
    body = Body.of(kinds, block.body)
    body.sections = {row: look.heading(row - block.body) for row in body.aside.get("section", ())}
    body.doubtful = {block.body + i: look.heading(i) for i in doubtful}
    body.declared = list(declared)
    return body


def declared_row(said: str, first: int, count: int, words: Callable[[int], list[str]]) -> int | None:
    """Return the row, from 0, that ``"48: Tổng cộng"`` is, if it is one of `count` rows and begins so.

    Parameters
    ----------
    said : str
        Its number in the file and its first words.
    first : int
        What the file calls the first of these rows.
    count : int
        How many there are.
    words : callable
        Returns the words of a row.
    """
    number, _, begin = said.partition(":")
    row = int(number) - first if number.strip().isdecimal() else -1
    line = words(row) if 0 <= row < count else []
    starts = key(" ".join(line)).startswith(key(begin)) or key(begin) in map(key, line)
    return row if line and starts else None


class _Look:
    """The rows of a table as they are judged; words are read only of rows that need a look."""

    def __init__(
        self,
        block: Block,
        table: Table,
        anchor: str,
        good: NDArray[np.bool_],
        original: NDArray[np.bool_],
        given: Mapping[str, str],
    ) -> None:
        self.block, self.good, self.count = block, good, len(good)
        self.by_date, self.survey = table.column(anchor).kind in ("date", "time"), table.name == "responses"
        self.titles = [key(t) for t in block.titles]
        self.span = range(block.left, min(block.right, len(block.sheet.columns)))
        self.columns = {c: block.sheet.columns[c][block.body : block.end] for c in self.span}
        self.has = {c: block.sheet.filled(c)[block.body : block.end] for c in self.span}
        self.known = list(block.columns.values())
        self.held = np.sum([self.has[c] for c in self.known], axis=0)
        self.full = np.sum([*self.has.values()], axis=0)
        self.any = original & (self.full > 0)
        # words that name a unit are no key, nor those by which a record is known
        keys = [k for k in table.key if k in block.columns and k not in ("unit", "period")]
        self.key_column = block.columns[keys[0]] if keys and (self.by_date or keys[0] != anchor) else None
        self.serial = next((c for c in self.span if self.titles[c] in SERIAL_TITLES), None)
        first = [self.columns[c] for c in self.span[: LABELS + 1]]
        words = {w for cells in first for w in set(cells) if isinstance(w, str) and _MAY_BE_TOTAL.match(w)}
        words = {w for w in words if names_total(w)}
        self.may_be_total = np.any([[cell in words for cell in cells] for cells in first], axis=0)
        # a number among dates may be the count of a total row; days may be numbers all of them
        self.bare = np.array([type(c) in (int, float) for c in self.columns[block.columns[anchor]]], dtype=bool)
        self.bare &= self.bare.sum() <= self.count / 2
        # what is plainly a record needs no look: much of it is there, or a date and all there has to be
        needed = [c.name for c in table.columns if c.required and c.name in block.columns and c.name not in given]
        self.whole = np.all([self.has[block.columns[n]] for n in needed], axis=0) & good
        much = self.held >= max(2, len(self.known) / 2)
        self.again = self._repeats_titles()
        self.clear = good & (much | (self.whole & self.by_date)) & ~(self.bare & self.by_date) & ~self.again

    def _repeats_titles(self) -> NDArray[np.bool_]:
        """Tell the rows most of whose cells say what stands above them; an answer may be a word of its question."""
        out = np.zeros(self.count, dtype=int)
        for c, cells in self.columns.items():
            longest, title = len(self.block.titles[c]) + 2, self.titles[c]
            numbered = any(letter.isdigit() for letter in title)  # in a long list most short cells are dates and codes
            words = {w for w in set(cells) if isinstance(w, str) and len(w) <= longest}
            words = {w for w in words if (numbered or not w[:1].isdigit()) and len(k := key(w)) > 2 and k in title}
            out += np.array([cell in words for cell in cells], dtype=int)
        return (out > self.full / 2) & ~(self.survey & (self.held < 2))

    def declared(self, said: str) -> int | None:
        """Return the row that is declared, if it is one of this table and begins as stated."""
        return declared_row(said, self.block.number(self.block.body), self.count, self.words)

    def totals(self, numbers: NDArray[np.float64], asked: NDArray[np.bool_]) -> dict[int, bool]:
        """Return the rows that may be totals, and whether word and arithmetic agree."""
        rows = np.flatnonzero(asked & (self.may_be_total | (numbers.shape[1] > 0))).tolist()
        words = [self.words(i) for i in rows]
        labels = [[w for w in line if w][:LABELS] for line in words]
        serials = [line[self.serial] if self.serial is not None else "" for line in words]
        found = total_rows(labels, numbers[rows], serials)
        doubtful = [n for n in found.doubtful if not (self.by_date and self.has_key(rows[n]))]
        # a word alone, with nothing to add up, is one witness against a row that holds all a record does
        alone = {n for n in found.sure if np.isnan(numbers[rows[n]]).all() and self.is_full(rows[n])}
        return {rows[n]: False for n in doubtful} | {rows[n]: n not in alone for n in found.sure}

    def numbering(self) -> list[int]:
        """Return the rows directly below the header, or below one repeated, that number its columns."""
        rows = []
        for first in (0, *(row + 1 - self.block.body for row in self.block.again)):
            for i in range(first, min(self.count, first + 3)):
                if self.any[i] and not is_numbering(self.cells(i)):
                    break
                rows.append(i)
        self.clear[rows] = False
        return [i for i in rows if self.any[i] and self._numbers_columns(i)]

    def _numbers_columns(self, i: int) -> bool:
        """Tell whether a row of numbers is unlike what stands below it."""
        if (self.by_date and not self.survey) or any(w[:1] in "([" or "=" in w for w in self.words(i) if w):
            return True
        below = [list(self.seen[c])[:50] for c in self.known if self.seen[c]]
        return sum(all(len(w) <= 2 and w.isdecimal() for w in words) for words in below) <= len(below) / 2

    def after_last(self, i: int) -> bool:
        """Tell whether a row stands below the last plain record, or below an empty row the last one of its page."""
        if not self.clear[i:].any():
            return True
        page = next((r - self.block.body for r in self.block.again if r - self.block.body > i), self.count)
        above = self.clear[:i][::-1]
        record = i - 1 - int(above.argmax()) if above.any() else 0
        return not self.clear[i:page].any() and not self.any[record:i].all()

    @cached_property
    def seen(self) -> dict[int, set[str]]:
        """Column -> the words of plain records."""
        rows = np.flatnonzero(self.clear)[:5000]
        return {c: {t for t in texts([self.columns[c][i] for i in rows]) if t} for c in self.known}

    @cached_property
    def shapes(self) -> set[str]:
        """The shapes of the keys of plain records."""
        return {shape(t) for t in self.seen[self.key_column]} if self.key_column is not None else set()

    def cells(self, i: int) -> tuple[Any, ...]:
        return tuple(self.columns[c][i] for c in self.span)

    def words(self, i: int) -> list[str]:
        return [""] * self.block.left + texts(self.cells(i))

    def has_key(self, i: int) -> bool:
        return self.key_column is not None and bool(self.has[self.key_column][i])

    def is_full(self, i: int) -> bool:
        """Tell whether a row holds its day, all that is required and, where the table has keys, one with digits."""
        if not (self.by_date and self.whole[i]) or self.bare[i]:
            return False
        if self.key_column is None:
            return bool(self.held[i] >= max(3, len(self.known) / 2))
        return any(map(str.isdigit, self.words(i)[self.key_column]))

    def heading(self, i: int) -> str:
        """Return the first words of a row that are no number."""
        line = [w for w in self.words(i) if w and not w.isdecimal()]
        return next((w for w in line if not _SECTION.fullmatch(w.strip(" .)"))), "".join(line[:1]))

    def kind(self, i: int) -> str:
        """Tell what a row is that is not plainly a record."""
        words = self.words(i)
        line = [w for w in words if w]
        alone = len(line) == 1 and not self.survey
        if self.again[i]:
            return "header_again"
        if self.serial is not None and words[self.serial].strip(" .)").isdecimal() and len(line) > 1:
            return "record"
        roman = bool(_SECTION.fullmatch(line[0].strip(" .)"))) and len(line) == 2 and not self.survey
        if (roman or (alone and key(line[0]).startswith("linhvuc"))) and self.clear[i:].any():
            return "section"
        if self._alike(i):
            return "record"
        if self.good[i] and not self.bare[i] and self.held[i] > 1 and (self.by_date or not self.clear.any()):
            return "record"  # sparse, but known by its day; or nothing in the table is fuller
        if self.after_last(i):  # signatures hold neither all there has to be, nor dates or numbers
            full = self.whole[i] and self.held[i] > 2 and any(map(str.isdigit, "".join(line)))
            return "note" if self.held[i] < max(3, len(self.known) / 2) and not full else "record"
        # words in the column of the codes, unlike any code, and nothing beside them
        return "section" if alone and len(line[0]) <= LONG and (not self.has_key(i) or " " in line[0]) else "record"

    def _alike(self, i: int) -> bool:
        """Tell whether a cell is of the kind that stands in its column: a word seen above, a key of the same shape."""
        line = self.words(i)
        if self.key_column is not None and line[self.key_column] and shape(line[self.key_column]) in self.shapes:
            return True
        return any(
            line[c] and (line[c] in self.seen[c] or type(self.columns[c][i]).__name__ in ("datetime", "date"))
            for c in self.known
        )
