"""Which rows below a header are records, and what the others are.

A row is set aside only for a reason no record can have: one witness asks, two decide.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvresearch.errors import Answer
from dvresearch.loaders.account import Fate, Question, SheetAccount
from dvresearch.loaders.declaration import Declaration
from dvresearch.loaders.headers import SERIAL_TITLES, Block, is_numbering, key
from dvresearch.loaders.sheets import texts
from dvresearch.privacy import showable
from dvresearch.tables import Table
from dvresearch.text import plain, shape

__all__ = ["LABELS", "LONG", "Body", "Totals", "body_rows", "declared_row", "names_total", "total_rows"]

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


# --- rows that add up others: told by their words and by their sums, two witnesses that must agree --------------------

#: "Tổng", "cộng" without diacritics, and as a wrong encoding leaves them: "T?ng", "Tá»•ng".
_TONG, _CONG = "t(?:o|a? )ng", "c(?:o|a? )ng"
_UNIT = "xa|phuong|dac khu|thi tran|huyen|quan|thi xa|tinh|thanh pho|tp|nuoc|quoc|nganh|vung|he thong|co quan|dia ban"
#: What a total row is called, and what may stand behind it; "Cộng Hòa", "Tổng công ty", "Công an xã" are not so called.
_HEAD = (
    rf"(?:{_TONG}|t) {_CONG}|(?:{_TONG}|t) so|{_TONG}|{_CONG}(?: don)?|(?:grand |sub ?)?total|sum|luy ke|mang sang"
    rf"|(?:toan(?: bo)?|ca) (?:{_UNIT})|{_CONG} (?:{_TONG} )?diem|diem {_TONG}(?: (?:hop|{_CONG}))?"
)
#: Words that are names of fields, too: "Tổng hợp", "Chung"; "TC" is also a department.
_SHORT = rf"t ?c|chung|{_TONG} hop(?: chung)?"
_REST = (
    rf"(?: (?:{_UNIT}|{_CONG}|so|chung|toan(?: bo)?|ca|cac|don(?: vi| thu)?|dia phuong|linh vuc|ho so|vu viec|vu|viec"
    r"|thu tuc|mo hinh|phieu|diem|muc|phan|khoi|nhom|cap|quy|thang|nam|ky|trang|den|tu|dau|ngay|va|nay|truoc"
    r"|\d+|[ivx]+|[a-h]))*"
)
_OF = rf"(?:{_TONG} )?{_CONG} (?:{_UNIT}|muc|phan|linh vuc|khoi|nhom) .*"
_WORDS = re.compile(rf"(?:\d+ |[ivx]+ |[a-h] )?(?:(?P<short>{_SHORT})|(?:{_HEAD}){_REST}|{_OF})")
_NUMBERED = re.compile(r"\d+(?:\.\d+)*\.?")
_PART = re.compile(r"[IVX]+\.?|[A-H]\.?")
#: "Công chứng", "Cống xã": other words than "cộng"; behind "tổng" they are slips of it.
_OTHER = re.compile("c[ôốồổỗ]ng", re.IGNORECASE)
_LONGEST = 80  # characters a label of a total row takes
_CLOSE = 0.01  # what rounded scores may miss; counts miss by 1 or more


@dataclass
class Totals:
    """Which rows add up others.

    Parameters
    ----------
    sure : set of int
        Rows that are totals: their words say so, and their numbers or the want of any do not contradict.
    doubtful : dict of int to str
        Rows for which one witness stands alone: ``sums_differ``, clearly called a total, without a serial number, but
        no group of rows has these sums; ``label_only``, perhaps called one; ``sum_only``, not called so, but its
        numbers are the sums of other rows.
    parts : dict of int to array of int
        The rows that a total with numbers adds up, or comes nearest to; not of running totals.
    """

    sure: set[int] = field(default_factory=set)
    doubtful: dict[int, str] = field(default_factory=dict)
    parts: dict[int, NDArray[np.intp]] = field(default_factory=dict)


def total_rows(labels: Sequence[Sequence[str]], numbers: ArrayLike, serials: Sequence[str]) -> Totals:
    """Tell the rows that add up others.

    Parameters
    ----------
    labels : sequence of sequences of str
        The words of each row that could name it.
    numbers : array of float, rows x columns
        The columns that can be added up; NaN where not known. No column: rows are judged by their words alone.
    serials : sequence of str
        The serial number of each row, ``""`` without one. A place whose name begins like a total ("Cộng Hòa") and a
        row that is the sum of two others by chance stand with their number in the list.

    Returns
    -------
    Totals
        A row is sure by words and sums; or by clear words, without a serial number, when the numbers do not tell or
        most of its columns add up (a total with a slip in it). A running total ("Lũy kế") need not add up.

    Notes
    -----
    A row is held to the sums of all other rows that are no totals, of the headed sections (I, II, A, B), and of its
    block: the rows up to the total or section above it or below it. Blanks count as nothing, but a column with blanks
    that does not add up tells nothing. Rows above numbered parts of theirs (1 above 1.1, 1.2) and rows with a number
    above two or more without one are looked at like totals.
    """
    count = len(labels)
    values = np.asarray(numbers, dtype=float).reshape(count, -1) if count else np.empty((0, 0))
    serials = [s.strip() for s in serials]
    numbered = np.array([bool(_NUMBERED.fullmatch(s)) for s in serials], dtype=bool)
    words = ([*row, "" if n else s] for row, s, n in zip(labels, serials, numbered, strict=True))
    grade = np.array([max(map(_grade, row)) for row in words], dtype=int)
    section = np.array([bool(_PART.fullmatch(s)) for s in serials], dtype=bool) & (grade == 0)
    grade[numbered & (grade == 1)] = 0
    filled: NDArray[np.bool_] = np.asarray((~np.isnan(values)).any(axis=1))
    parents = _parents(serials, numbered)
    upper = np.zeros(count, dtype=bool)
    upper[list(parents)] = True
    upper[:-1] |= section[:-1] & ~section[1:] & (grade[1:] == 0)
    leaves = _Rows(values, filled & (grade == 0) & ~upper, edge=(grade > 0) | section | upper)
    sections = _Rows(values, filled & section, edge=section)
    found = Totals()
    for i in map(int, np.flatnonzero(grade)):
        runs = [(0, count), *leaves.blocks(i)]
        fit = max([sections.fit(i, 0, count), *(leaves.fit(i, *run) for run in runs)], key=_quality)
        clear = grade[i] > 1 and not numbered[i]
        if fit.whole or (clear and (fit.held > fit.missed or not fit.missed or grade[i] > 2)):
            found.sure.add(i)
        else:
            found.doubtful[i] = "sums_differ" if clear else "label_only"
        if clear and grade[i] < 3 and filled[i] and len(fit.rows):
            found.parts[i] = fit.rows
    for i, end in parents.items():
        fit = leaves.fit(i, i + 1, end)
        if fit.whole:
            found.sure.add(i)
            found.parts[i] = fit.rows
        elif filled[i]:
            found.doubtful[i] = "label_only"
    asked = _unnamed(leaves, numbered | section, not found.sure)
    found.doubtful.update(
        {i: "sum_only" for i, runs in asked.items() if any(leaves.fit(i, *run).telling for run in runs)}
    )
    return found


def _parents(serials: Sequence[str], numbered: NDArray[np.bool_]) -> dict[int, int]:
    """Return the rows numbered 1 above 1.1, and the first row behind their parts."""
    found = {}
    for i in map(int, np.flatnonzero(numbered[:-1])):
        own = serials[i].rstrip(".") + "."
        end = i + 1
        while end < len(serials) and serials[end].startswith(own) and serials[end] != own:
            end += 1
        if end > i + 1:
            found[i] = end
    return found


def _unnamed(leaves: _Rows, numbered: NDArray[np.bool_], alone: bool) -> dict[int, list[tuple[int, int]]]:
    """Return rows that no word calls totals and that could be, and the runs of rows whose sums they could be."""
    at, last = leaves.at, len(numbered)
    bare = at[~numbered[at]]
    if len(bare) * 2 <= len(at):
        asked = {int(i): [(0, last), *leaves.blocks(int(i))] for i in bare}
    else:  # a list without serial numbers: its first or last row, if nothing else is its total
        asked = {int(i): [(0, last)] for i in (at[0], at[-1])} if alone else {}
    above = numbered[at]
    for i in np.flatnonzero(above[:-1] & ~above[1:]):  # rows without a number below one that has it
        after = at[i + 1 :][above[i + 1 :]]
        asked[int(at[i])] = [(int(at[i]) + 1, int(after[0]) if len(after) else last)]
    return asked


def names_total(words: str) -> bool:
    """Tell whether words may name a row that adds up others."""
    return _grade(words) > 0


@lru_cache(maxsize=65536)
def _grade(words: str) -> int:
    """Return 0 for words that name no total, 1 for those that may name something else, 3 for running totals, else 2."""
    if not words or len(words) > _LONGEST or _OTHER.match(words):
        return 0
    match = _WORDS.fullmatch(plain(re.sub("[∑Σ]", " total ", words)))
    return 0 if not match else 1 if match["short"] else 3 if "luy ke" in match[0] else 2


@dataclass(frozen=True)
class _Fit:
    """How many columns of a row the sums of `rows` meet and miss; columns of nothing but zeros meet nothing."""

    held: int
    missed: int
    rows: NDArray[np.intp]

    @property
    def whole(self) -> bool:
        return self.held > 0 and not self.missed

    @property
    def telling(self) -> bool:
        """Whether this is more than chance: two rows and two columns, or three rows."""
        return self.whole and len(self.rows) > 1 and self.held + len(self.rows) > 3


def _quality(fit: _Fit) -> tuple[bool, bool, int]:
    return fit.whole, len(fit.rows) > 0, fit.held - fit.missed


class _Rows:
    """Rows that count something themselves, with running sums from which the sum of any run of them follows."""

    def __init__(self, values: NDArray[np.float64], rows: NDArray[np.bool_], edge: NDArray[np.bool_]) -> None:
        self.values, self.at = values, np.flatnonzero(rows)
        self.edges = [-1, *np.flatnonzero(edge).tolist(), len(values)]
        # how much, and how many blanks, above each of the rows
        self.sums, self.holes = (
            np.cumsum(np.vstack([np.zeros(values.shape[1]), known[self.at]]), axis=0)
            for known in (np.nan_to_num(values), np.isnan(values))
        )

    def blocks(self, row: int) -> list[tuple[int, int]]:
        """Return the runs of rows above and below `row`, each up to the next total or section."""
        above, below = bisect_left(self.edges, row) - 1, bisect_right(self.edges, row)
        return [(self.edges[above] + 1, row), (row + 1, self.edges[below])]

    def fit(self, row: int, start: int, stop: int) -> _Fit:
        """Hold `row` to the sum of the rows from `start` to before `stop`, itself left out."""
        first, last = np.searchsorted(self.at, [start, stop])
        rows, total = self.at[first:last], self.values[row]
        own = (rows == row).any()
        summed = self.sums[last] - self.sums[first] - own * np.nan_to_num(total)
        holes = self.holes[last] - self.holes[first] - own * np.isnan(total)
        rows = rows[rows != row]
        same = np.abs(summed - total) <= _CLOSE
        known = ~np.isnan(total) & bool(len(rows))
        return _Fit(int((known & same & (total != 0)).sum()), int((known & ~same & (holes == 0)).sum()), rows)
