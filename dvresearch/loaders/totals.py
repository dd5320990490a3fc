"""Which rows of a table add up others: told by their words and by their sums, two witnesses that must agree."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvresearch.text import plain

__all__ = ["Totals", "names_total", "total_rows"]

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
_SERIAL = re.compile(r"\d+(?:\.\d+)*\.?")
_SECTION = re.compile(r"[IVX]+\.?|[A-H]\.?")
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
    numbered = np.array([bool(_SERIAL.fullmatch(s)) for s in serials], dtype=bool)
    words = ([*row, "" if n else s] for row, s, n in zip(labels, serials, numbered, strict=True))
    grade = np.array([max(map(_grade, row)) for row in words], dtype=int)
    section = np.array([bool(_SECTION.fullmatch(s)) for s in serials], dtype=bool) & (grade == 0)
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
