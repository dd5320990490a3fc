"""Which rows below a header are records, and what the others are.

A row is set aside only for a reason no record can have: one witness asks, two decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvresearch.loaders.declaration import Declaration
from dvresearch.loaders.headers import Block, is_numbering, key
from dvresearch.loaders.sheets import filled, texts
from dvresearch.loaders.totals import names_total, total_rows
from dvresearch.tables import Table
from dvresearch.text import shape

__all__ = ["Body", "body_rows"]

#: A number of a heading: I, II, A, B; 1 and 2 number records.
_SECTION = re.compile(r"[IVX]{1,5}|[A-H]")
#: Where a total row may begin.
_MAY_BE_TOTAL = re.compile(r"[\s(]*(?:t|c|l|Σ|∑|s|g|đ|toàn)", re.IGNORECASE)
_LABELS = 4  # columns in which the word of a total may stand
_LONG = 60  # letters from which a text alone in its row is no heading


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
    given = {**stated.given, **block.given}
    needed = [c for c in table.columns if c.required and c.name in block.columns and c.name not in given]
    look = _Look(block, table, anchor, good, original, [block.columns[c.name] for c in needed])
    declared = _declared(block, look, stated)
    body = Body(np.arange(0), declared=list(declared))
    kinds = np.full(len(good), "", dtype=object)
    for row in block.again:
        kinds[row - block.body] = "header_again"
    kinds[~look.any] = "blank"  # also the rows over which a header is merged downwards
    for i in look.leading:  # before the totals: the number of a column is no count
        if kinds[i] == "" and look.kind(i, kinds) == "numbering":
            kinds[i] = "numbering"
    totals = _totals(look, numbers, good, kinds)
    doubtful = np.flatnonzero((kinds == "") & ~look.clear)
    for i in map(int, doubtful):
        kinds[i] = look.kind(i, kinds)
    for i, sure in totals.items():
        if sure and kinds[i] != "header_again":
            kinds[i] = "total"
        elif not sure and kinds[i] in ("", "record"):
            body.doubtful[block.body + i] = look.first(i)
    for said, i in declared.items():
        kinds[i] = stated.rows[said]
        body.doubtful.pop(block.body + i, None)
    kinds[kinds == ""] = "record"
    for at in map(int, np.flatnonzero(~np.isin(kinds.astype(str), ("record", "blank")))):
        row = block.body + at
        body.aside.setdefault(str(kinds[at]), []).append(row)
        if kinds[at] == "section":
            body.sections[row] = look.heading(at)
    body.records = np.flatnonzero(kinds == "record") + block.body
    return body


def _declared(block: Block, look: _Look, stated: Declaration) -> dict[str, int]:
    """Return the declared rows that are rows of this table and begin as stated."""
    out = {}
    for said in stated.rows:
        number, _, begin = said.partition(":")
        i = int(number) - block.sheet.first_row - block.body if number.strip().isdecimal() else -1
        words = look.words(i) if 0 <= i < look.count else []
        if words and (key(" ".join(words)).startswith(key(begin)) or key(begin) in map(key, words)):
            out[said] = i
    return out


def _totals(look: _Look, numbers: NDArray[np.float64], good: NDArray[np.bool_], kinds: NDArray[Any]) -> dict[int, bool]:
    """Return the rows that may be totals, and whether word and arithmetic, or word and an empty key, agree."""
    additive = numbers.shape[1] > 0
    rows = [int(i) for i in np.flatnonzero(kinds == "") if additive or look.may_be_total[i]]
    if not rows:
        return {}
    words = [look.words(i) for i in rows]
    labels = [[w for w in line if w][:_LABELS] for line in words]
    serials = [line[look.serial] if look.serial is not None else "" for line in words]
    found = total_rows(labels, numbers[rows], serials)
    keyless = {n: not look.has_code(i) and not (serials[n] and serials[n].isdecimal()) for n, i in enumerate(rows)}
    # a word alone decides where the row has no key: a record has one
    by_word = {n for n in found.doubtful if keyless[n] and (not good[rows[n]] or look.key_column is not None)}
    sure = set(found.sure) | (by_word if not additive or look.by_date else set())
    return {rows[n]: True for n in sure} | {
        rows[n]: False for n in found.doubtful if n not in sure and not (look.by_date and look.has_key(rows[n]))
    }


class _Look:
    """The rows of a table as they are judged; words are read only of rows that need a look."""

    def __init__(
        self,
        block: Block,
        table: Table,
        anchor: str,
        good: NDArray[np.bool_],
        original: NDArray[np.bool_],
        needed: Sequence[int],
    ) -> None:
        self.block, self.anchor = block, block.columns[anchor]
        self.needed = needed
        self.by_date = table.column(anchor).kind in ("date", "time")
        self.survey = table.name == "responses"
        self.count = len(good)
        self.span = range(block.left, min(block.right, len(block.sheet.columns)))
        self.columns = {c: block.sheet.columns[c][block.body : block.end] for c in self.span}
        self.has = {c: filled(cells) for c, cells in self.columns.items()}
        self.known = [c for c in block.columns.values() if c in self.has]
        self.held = np.sum([np.zeros(self.count), *(self.has[c] for c in self.known)], axis=0)
        self.full = np.sum([np.zeros(self.count), *self.has.values()], axis=0)
        self.any = original & (self.full > 0)
        self.key_column = next(
            (block.columns[k] for k in table.key if k in block.columns and k not in ("unit", "period")), None
        )
        if self.key_column == self.anchor and not self.by_date:
            self.key_column = None
        self.serial = next(
            (c for c in self.span if key(block.titles[c]) in ("stt", "tt", "sott", "sothutu", "thutu")), None
        )
        first = [c for c in self.span if c != self.serial][:_LABELS]
        self.may_be_total = np.zeros(self.count, dtype=bool)
        for c in ([self.serial] if self.serial is not None else []) + first:
            may = {w for w in set(self.columns[c]) if isinstance(w, str) and _MAY_BE_TOTAL.match(w) and names_total(w)}
            self.may_be_total |= np.fromiter(
                (isinstance(w, str) and w in may for w in self.columns[c]), bool, self.count
            )
        bare = np.fromiter((type(c) in (int, float) for c in self.columns[self.anchor]), bool, self.count)
        bare &= (
            bare.sum() <= self.count / 2
        )  # days as numbers; else a number among dates may be the count of a total row
        self.good, self.bare = good, bare
        # what is plainly a record needs no look
        much = self.held >= min(max(2, len(self.known) / 2), len(self.known))
        whole = np.full(self.count, self.by_date)  # a date, and all there has to be
        for c in needed:
            whole &= self.has[c]
        self.clear = good & (much | whole) & ~(bare & self.by_date)
        if not self.by_date:
            self.clear &= self.held > 1
        self.titles = [key(t) for t in block.titles]
        if not self.survey:
            self.clear &= ~self._repeats_titles()
        self.leading = self._leading()
        self.clear[self.leading] = False

    def _leading(self) -> list[int]:
        """Return the rows directly below the header, or below one repeated, that may number its columns."""
        rows = []
        for first in (0, *(row + 1 - self.block.body for row in self.block.again)):
            n = first
            while n < min(self.count, first + 3) and (not self.any[n] or is_numbering(self.cells(n))):
                rows.append(n)
                n += 1
        return rows

    def _repeats_titles(self) -> NDArray[np.bool_]:
        out = np.zeros(self.count, dtype=int)
        for c in self.known:
            title, longest = self.titles[c], len(self.block.titles[c]) + 2
            same = {
                w
                for w in set(self.columns[c])
                if isinstance(w, str) and len(w) <= longest and len(k := key(w)) > 2 and k in title
            }
            if same:
                out += [isinstance(w, str) and w in same for w in self.columns[c]]
        return out > self.full / 2

    def after_last(self, i: int) -> bool:
        """Tell whether a row stands below the last plain record, or below an empty row the last one of its page."""
        if not self.clear[i:].any():
            return True
        page = next((r - self.block.body for r in self.block.again if r - self.block.body > i), self.count)
        above = self.clear[:i][::-1]
        record = i - 1 - int(above.argmax()) if above.any() else 0
        return not self.clear[i:page].any() and not self.any[record:i].all()

    def whole(self, i: int) -> bool:
        """Tell whether a row holds all that a record has to; signatures hold neither dates nor numbers."""
        full = self.good[i] and self.held[i] > 2 and all(self.has[c][i] for c in self.needed)
        return bool(full and any(map(str.isdigit, "".join(self.words(i)))))

    @cached_property
    def seen(self) -> dict[int, set[str]]:
        """Column -> the words of plain records."""
        rows = np.flatnonzero(self.clear)[:5000]
        return {c: {t for t in texts([self.columns[c][i] for i in rows]) if t} for c in self.known}

    @cached_property
    def shapes(self) -> set[str]:
        """The shapes of the keys of plain records."""
        return {shape(t) for t in self.seen.get(self.key_column, ())} if self.key_column is not None else set()

    def cells(self, i: int) -> tuple[Any, ...]:
        return tuple(self.columns[c][i] for c in self.span)

    def words(self, i: int) -> list[str]:
        line = texts(self.cells(i))
        return [""] * self.block.left + line

    def first(self, i: int) -> str:
        return next((w for w in self.words(i) if w and not w.isdecimal()), "")

    def has_key(self, i: int) -> bool:
        return self.key_column is not None and bool(self.has[self.key_column][i])

    def has_code(self, i: int) -> bool:
        """Tell whether there is a key with a number, not the word of a total."""
        return self.has_key(i) and any(map(str.isdigit, self.words(i)[self.key_column or 0]))

    def heading(self, i: int) -> str:
        line = [w for w in self.words(i) if w and not _SECTION.fullmatch(w.strip(" .)"))]
        return line[0] if line else self.first(i)

    def kind(self, i: int, kinds: NDArray[Any]) -> str:
        """Tell what a row is that is not plainly a record."""
        line = [w for w in self.words(i) if w]
        above = next((k for k in reversed(kinds[:i]) if k != "blank"), "header_again")
        if above in ("numbering", "header_again") and self._numbers_columns(i):
            return "numbering"
        again = sum(
            len(k := key(w)) > 2 and k in self.titles[c] for c, w in enumerate(self.words(i)) if w and self.titles[c]
        )
        if again > len(line) / 2 and not self.clear[i] and not (self.survey and self.held[i] == 1):
            return "header_again"
        serial = self.words(i)[self.serial].strip(" .)") if self.serial is not None else ""
        if serial.isdecimal() and len(line) > 1:
            return "record"
        roman = bool(_SECTION.fullmatch(line[0].strip(" .)"))) and len(line) == 2 and not self.survey
        marked = len(line) == 1 and not self.survey and key(line[0]).startswith("linhvuc")
        if (roman or marked) and self.clear[i:].any():
            return "section"
        if self._alike(i):
            return "record"
        if self.good[i] and not self.bare[i] and self.held[i] > 1 and (self.by_date or not self.clear.any()):
            return "record"  # sparse, but known by its day; or nothing in the table is fuller
        if self.after_last(i):
            few = self.held[i] <= 2 or self.held[i] < len(self.known) / 2
            return "note" if few and not self.whole(i) else "record"
        # words in the column of the codes, unlike any code, and nothing beside them
        keyless = not self.has_key(i) or " " in line[0]
        if len(line) == 1 and not self.survey and len(line[0]) <= 2 * _LONG and keyless:
            return "section"
        return "record"

    def _numbers_columns(self, i: int) -> bool:
        """Tell whether a row numbers the columns: in sequence, and unlike what stands below it."""
        if not is_numbering(self.cells(i)):
            return False
        if any(w[:1] in "([" or "=" in w for w in self.words(i) if w):
            return True
        below = self.seen if self.survey or not self.by_date else {}
        if not below:
            return True
        small = [all(len(w) <= 2 and w.isdecimal() for w in list(below[c])[:50]) for c in self.known if below.get(c)]
        return sum(small) <= len(small) / 2

    def _alike(self, i: int) -> bool:
        """Tell whether a cell is of the kind that stands in its column: a word seen above, a key of the same shape."""
        line = self.words(i)
        if self.key_column is not None and line[self.key_column] and shape(line[self.key_column]) in self.shapes:
            return True
        return any(
            line[c] and (line[c] in self.seen[c] or type(self.columns[c][i]).__name__ in ("datetime", "date"))
            for c in self.known
        )
