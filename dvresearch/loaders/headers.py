"""Find the tables of a contract in the sheets of a file, and tell which column is which.

A header is one or more rows whose cells name columns of a contract. Names are compared without diacritics,
case, punctuation and spaces, with the names, labels and aliases of the codebook (an entry
``dossiers.received`` goes before one called ``received``); what the user declares goes before both. Every
header of a sheet opens a table of its own, with its own columns, down to the next header.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from dvresearch import codebook
from dvresearch.errors import Answer, DataError
from dvresearch.loaders.declaration import LEFT_OUT, Declaration
from dvresearch.loaders.sheets import Sheet, column_letters, texts
from dvresearch.privacy import shown_header
from dvresearch.tables import Table
from dvresearch.text import plain

__all__ = [
    "SERIAL_TITLES", "Block", "column_names", "declared_sheets", "find_blocks", "is_numbering", "key", "label",
    "labelled", "layouts",
    "missing_columns", "titles_above",
]  # fmt: skip

#: Titles of the column of serial numbers.
SERIAL_TITLES = ("stt", "tt", "sott", "sothutu", "thutu")
_HEAD = 60  # rows in which a header of a form is looked for
_WIDEST = 400  # columns
_TALLEST = 8  # rows a header may take
#: What a header can do without: remarks in brackets, and the year ("Kế hoạch năm 2025").
_REMARK = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|(?:\b(?:năm|\d{1,2} tháng)\s*)?\b(?:19|20)\d{2}\b|\b\d{1,2} tháng\b", re.IGNORECASE
)
_NUMBERING = re.compile(r"[(\[]?\s*(?:\d{1,2}|[A-Ea-e]|[ivxIVX]{1,4})\s*[)\]]?(?:\s*=\s*[\d()+\-\s]+)?")
#: What no title of a column holds: a code or a long number; a number in front of it is an ordinal.
_CODE = re.compile(r"\d{5}|\d-\d|\d/\d")
_ORDINAL = re.compile(r"\d{1,2}[.)]")
_LONGEST = 400  # letters of a title
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b")
_LONG_NAME = 8  # words; of a longer wording no part stands above another
#: Columns whose content can be stated for a whole file.
_GIVEN = ("unit", "period", "kind")
#: Of several columns that may hold the end of a dossier, the day its result was ready goes before the day it was
#: fetched: guidance to the 766 index, item 2.1 (state 9 before state 10).
_READY = re.compile(r".*\b(co (ket qua|kq)|hoan thanh|ket thuc|(xu ly|giai quyet) xong|kt xu ly)\b.*")


@lru_cache(maxsize=65536)
def key(name: str) -> str:
    """Return the form in which names are compared."""
    return plain(name).replace(" ", "")


def declared_sheets(sheets: Sequence[Sheet], stated: Declaration) -> tuple[Declaration, list[Sheet], list[Sheet]]:
    """Return what is stated with sheets by the names they are shown by, those not left unread, and those to read.

    Raises
    ------
    DataError
        When a declared sheet is not there, or none is left.
    """
    named = {name: s.name for s in sheets for name in (s.called, s.name) if name}
    for said in (*stated.sheets, *stated.unread):
        if said not in named:
            raise DataError("declared-sheet-not-there", where=sheets[0].file, got=", ".join(named.values()), sheet=said)
    wanted, unread = (tuple(named[said] for said in part) for part in (stated.sheets, stated.unread))
    left = [s for s in sheets if s.name not in unread]
    read = [s for s in left if not wanted or s.name in wanted]
    if not read:
        raise DataError("all-sheets-unread", where=sheets[0].file, got=", ".join(named.values()))
    return replace(stated, sheets=wanted, unread=unread), left, read


@dataclass(frozen=True)
class Block:
    """A table in a sheet.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    top, height : int
        First row of the header, counted from 0, and its rows; 0 rows for a file that keeps titles apart, and for a
        table that goes on from an earlier one.
    end : int
        The first row that belongs to the next table, or the number of rows.
    left, right : int
        First column, and the first one that does not belong to it.
    titles : tuple of str
        The full title of each column of the sheet, the words of all header rows joined; empty beyond the table.
    columns : dict of str to int
        Contract name -> column, counted from 0.
    again : tuple of int
        Rows on which the header is repeated.
    rivals : dict of str to list of int
        Contract name -> several columns that fit it, where nothing decides.
    given : dict of str to str
        Contract name -> what its title and the name of the sheet say of all rows.
    """

    sheet: Sheet
    top: int
    height: int
    end: int
    left: int
    right: int
    titles: tuple[str, ...]
    columns: dict[str, int]
    again: tuple[int, ...] = ()
    rivals: Mapping[str, list[int]] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Contract names whose content is known for its rows."""
        return {*self.columns, *self.rivals, *self.given}

    @property
    def body(self) -> int:
        """The first row below the header, counted from 0."""
        return self.top + self.height

    def number(self, row: int) -> int:
        """Return what the file calls a row, counted from 0 here."""
        return self.sheet.first_row + row + bool(self.sheet.titles)

    def where(self, column: int | str | None = None) -> str:
        """Say where the header stands, and a column by its place or its name in the contract."""
        return self.sheet.where(self.top, self.columns[column] if isinstance(column, str) else column)


@cache
def column_names(table: Table) -> dict[str, str]:
    """Return every name a column of `table` is known by, in the form of :func:`key` -> contract name."""
    return {key(written): name for written, name in reversed(_written(table).items())}


@cache
def _written(table: Table) -> dict[str, str]:
    names: dict[str, str] = {column.name: column.name for column in table.columns}
    for column in table.columns:
        entry = _entry(table, column.name)
        for name in (*column.titles, *((entry.label_vi, entry.label_en, *entry.aliases) if entry else ())):
            names.setdefault(name, column.name)
    return names


@cache
def _pieces(table: Table) -> frozenset[str]:
    """Return what may stand in one row of a header of several: names, and their beginnings and ends."""
    found = set(column_names(table))
    for name in _written(table):
        words = plain(name).split()
        if len(words) <= _LONG_NAME:
            found |= {"".join(part) for i in range(1, len(words)) for part in (words[:i], words[i:])}
    return frozenset(found)


@cache
def _entry(table: Table, column: str) -> codebook.Entry | None:
    known = {e.code: e for e in codebook.entries("column")}
    return known.get(f"{table.name}.{column}") or known.get(column)


def label(table: Table, column: str) -> str:
    """Return the Vietnamese label of a column of `table`."""
    entry = _entry(table, column)
    return entry.label_vi if entry else column


def labelled(table: Table, names: Collection[str]) -> str:
    """Return columns of `table` with their Vietnamese labels, in its order."""
    return ", ".join(f"{name} ({label(table, name)})" for name in table.names if name in names)


def is_numbering(cells: Sequence[Any]) -> bool:
    """Tell whether a row only numbers the columns: ``(1) (2) (3)``, ``A B 1 2``, ``3=4+5+6``."""
    filled = [t for t in texts(cells) if t]
    if len(filled) < 2 or not all(_NUMBERING.fullmatch(t) for t in filled):
        return False
    numbers = [int(m[0]) for t in filled if (m := re.match(r"\d+", t.lstrip("([ ")))]
    steps = [after - before for before, after in pairwise(numbers)]
    if not all(map(str.isdecimal, filled)):
        return all(step > 0 for step in steps)
    places = {int(t) - at for at, t in enumerate(texts(cells)) if t}  # a column may be left without its number
    return len(places) == 1 or all(step == 1 for step in steps)


# --- the words above each column -------------------------------------------------------------------------------------


def layouts(sheet: Sheet, rows: range | None = None) -> Iterator[tuple[int, int, list[list[str]]]]:
    """Yield where a header could be: its first row, its rows, and the words above each column, top down.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    rows : range, optional
        Rows a header may touch; the first ones without it.
    """
    if sheet.titles:
        yield 0, 0, [[t] for t in sheet.titles]
        return
    rows = rows or range(min(_HEAD, sheet.height))
    head = _words(sheet, rows)
    for top in range(len(head)):
        for height in range(1, min(_TALLEST, len(head) - top) + 1):
            yield rows.start + top, height, _titles(head[top : top + height])


def titles_above(sheet: Sheet, rows: range) -> list[str]:
    """Return the title of each column under a header of these rows: the words of all of them joined, top down."""
    return [" ".join(words) for words in _titles(_words(sheet, rows))]


def _words(sheet: Sheet, rows: range) -> list[list[str]]:
    """Return the words of rows; a cell merged over several columns stands over each of them."""
    head = [texts(row) for row in zip(*(c[rows.start : rows.stop] for c in sheet.columns[:_WIDEST]), strict=True)]
    for top, left, _, right in sheet.merged:
        if top in rows and 0 <= left < len(head[0]):
            line = head[top - rows.start]
            line[left + 1 : right + 1] = [line[left]] * (min(right + 1, len(line)) - left - 1)
    return head


def _titles(rows: list[list[str]]) -> list[list[str]]:
    """Return the words above each column, top down; a group title stands over the columns to its right, too."""
    *upper, last = rows
    spread = []
    for row in upper:
        filled: list[str] = []
        for column, cell in enumerate(row):
            filled.append(cell or (filled[-1] if filled and last[column] else ""))
        spread.append(filled)
    out = []
    for parts in zip(*spread, last, strict=True):
        words = list(dict.fromkeys(filter(None, parts)))
        out.append([w for w in words if not _NUMBERING.fullmatch(w)] or words)
    return out


def _named(
    sheet: Sheet, top: int, height: int, titles: list[list[str]], names: Mapping[str, str], stated: Mapping[str, str]
) -> Block:
    """Return a header with all columns that fit a name as its rivals."""
    found: dict[str, list[int]] = {}
    by_user: dict[str, list[int]] = {}
    for column, parts in ((at, words) for at, words in enumerate(titles) if words):
        # Ngày + tiếp nhận, Mã under Hồ sơ; a key has no spaces, so that of several words is theirs joined
        forms = (" ".join(parts), " ".join(reversed(parts)), parts[-1])
        keys = [key(f) for f in (*forms, *(_REMARK.sub(" ", f) for f in forms))]
        for known, into in ((stated, by_user), (names, found)):
            if name := next((known[k] for k in keys if k in known), None):
                into.setdefault(name, []).append(column)
                break
    joined = tuple(" ".join(p) for p in titles)
    return Block(sheet, top, height, sheet.height, 0, len(sheet.columns), joined, {}, rivals={**found, **by_user})


# --- the tables of a sheet -------------------------------------------------------------------------------------------


def find_blocks(sheet: Sheet, table: Table, stated: Declaration) -> list[Block]:
    """Return the tables of a sheet whose headers name columns of `table`, top down; those side by side each by itself.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    table : Table
        The contract.
    stated : Declaration
        What the user says: headers of columns, rows of the header.
    """
    mapping = {key(header): name for header, name in stated.mapping(table).items()}
    names = column_names(table)
    if sheet.titles:
        return _side_by_side(_named(sheet, 0, 0, [[t] for t in sheet.titles], names, mapping))
    blocks: list[Block] = []
    groups = _header_rows(sheet, frozenset(_pieces(table) | set(mapping)), stated.header)
    while groups:
        rows = groups.pop(0)
        floor = max((blocks[-1].body, *(row + 1 for row in blocks[-1].again))) if blocks else 0
        span = range(max(floor, rows[0] - _TALLEST + 1), min(sheet.height, rows[-1] + 3, rows[0] + 2 * _TALLEST))
        if stated.header:
            span = range(rows[0], rows[-1] + 1)
        guesses = [_named(sheet, *layout, names, mapping) for layout in layouts(sheet, span)]
        fits = [g for g in guesses if len(g.rivals) > 1 and (not stated.header or g.height == len(rows))]
        best = max(fits, key=lambda g: (len(g.rivals), -g.height), default=None)
        done = max(rows[0] + 1, best.body) if best else span.stop
        if below := [r for r in rows if r >= done]:
            groups.insert(0, below)  # another header may stand close below: that of a table with one record
        last = blocks[-1] if blocks else None
        if best is None or (last and len(best.rivals) < len(last.columns) / 2):
            continue  # a row of a few known words inside a table
        # from above it, merged cells may reach into the header
        tops = [a for a, at, b, _ in sheet.merged if floor <= a < best.top <= b and any(best.titles[at : at + 1])]
        top = min(tops, default=best.top)
        best = replace(best, top=top, height=best.body - top)
        if last and all(best.rivals.get(n, [-1])[0] == at for n, at in last.columns.items()):
            blocks[-1] = replace(last, again=(*last.again, *range(best.top, best.body)))
            continue
        blocks = [replace(block, end=min(block.end, best.top)) for block in blocks]
        blocks += _side_by_side(best)
    return blocks


def _header_rows(sheet: Sheet, known: frozenset[str], header: str) -> list[list[int]]:
    """Return groups of neighbouring rows in which at least two cells could be words of a header."""
    if header:
        first, _, last = header.replace("–", "-").partition("-")
        try:
            rows = [r - sheet.first_row for r in range(int(first), int(last or first) + 1)]
        except ValueError:
            rows = []
        if not rows or not 0 <= rows[0] <= rows[-1] < sheet.height:
            raise DataError("header-rows-not-there", where=sheet.where(), got=header)
        return [rows]
    hits = np.zeros(sheet.height, dtype=np.int64)
    for column in sheet.columns[:_WIDEST]:
        good = {c for c in set(column) if type(c) is str and _is_title(c, known)}
        if good:
            hits += [type(c) is str and c in good for c in column]
    found = np.flatnonzero(hits >= 2).tolist()
    likely = np.array([r for r in found if not _is_dated(sheet, r)] or found, dtype=int)
    return [group.tolist() for group in np.split(likely, np.flatnonzero(np.diff(likely) > 2) + 1) if len(group)]


def _is_title(text: str, known: frozenset[str]) -> bool:
    """Tell whether a text is a word of a header; most cells of a long list need no closer look."""
    text = text.strip()
    numbered = text[:1].isdigit() and not _ORDINAL.match(text)
    if not text or len(text) > _LONGEST or numbered or _CODE.search(text):
        return False
    return key(text) in known or key(_REMARK.sub(" ", text)) in known


def _is_dated(sheet: Sheet, row: int) -> bool:
    """Tell whether a row holds a date, as a record does and a header does not."""
    cells = (column[row] for column in sheet.columns[:_WIDEST])
    return any(isinstance(c, dt.date) or (type(c) is str and _DATE.match(c.strip()) is not None) for c in cells)


def _side_by_side(header: Block) -> list[Block]:
    """Return the table under a header, or the tables, where an empty column parts several of one kind."""
    width, titles = header.right, header.titles
    spans: list[tuple[int, int]] = [(0, width)]
    if sum(len(at) > 1 for at in header.rivals.values()) >= 2:
        edges = [i for i, t in enumerate(titles) if t and (i == 0 or not titles[i - 1])]
        parts = [*pairwise([*edges, width])]
        named = [sum(any(a <= c < b for c in at) for at in header.rivals.values()) for a, b in parts]
        if len(parts) > 1 and min(named) > 1:
            spans = parts
    out = []
    for left, right in spans:
        found = {n: [c for c in at if left <= c < right] for n, at in header.rivals.items() if n != LEFT_OUT}
        ready = [c for c in found.get("resolved", ()) if _READY.fullmatch(plain(titles[c]))]
        if len(ready) == 1:
            found["resolved"] = ready
        own = tuple(t if left <= i < right else "" for i, t in enumerate(titles)) + ("",) * (width - len(titles))
        columns = {n: at[0] for n, at in found.items() if len(at) == 1}
        rivals = {n: at for n, at in found.items() if len(at) > 1}
        out.append(replace(header, left=left, right=right, titles=own, columns=columns, rivals=rivals))
    return out


# --- what is missing -------------------------------------------------------------------------------------------------


def _nearest(names: Mapping[str, Sequence[str]], seen: Mapping[str, str]) -> dict[str, str]:
    """Return which title is nearest to one of the forms of each name, the most alike first."""
    pairs = ((difflib.SequenceMatcher(None, f, k).ratio(), n, k) for k in seen for n in names for f in names[n])
    found: dict[str, str] = {}
    for _, name, form in sorted((p for p in pairs if p[0] >= 0.6), reverse=True):
        if name not in found and seen[form] not in found.values():
            found[name] = seen[form]
    return found


def missing_columns(
    sheets: Sequence[Sheet], block: Block | None, table: Table, needed: set[str], stated: Declaration
) -> DataError:
    """Return the error for a file in which no table, or a required column, was found; it lists what was seen.

    Parameters
    ----------
    sheets : sequence of Sheet
        The sheets looked at.
    block : Block or None
        The table that fits best.
    table : Table
        The contract.
    needed : set of str
        Columns that have to come from the file.
    stated : Declaration
        What the user says.
    """
    if block is None:
        sheet = max(sheets, key=lambda s: s.height)
        said = _header_rows(sheet, frozenset(), stated.header)[0] if stated.header and not sheet.titles else []
        head = sheet.rows(0, max([_HEAD, *(row + 1 for row in said)]))
        rows = [list(sheet.titles)] if sheet.titles else [texts(row) for row in head]
        top = said[-1] if said else max(range(len(rows)), key=lambda i: (sum(map(bool, rows[i])), -i))
        block = Block(sheet, top, 1, sheet.height, 0, len(rows[top]), tuple(rows[top]), {})
    mapping, titles = stated.mapping(table), {i: t for i, t in enumerate(block.titles) if t}
    there = set(map(key, titles.values()))
    absent = [h for h in mapping if key(h) not in there and mapping[h] not in block.columns]
    lacking = [n for n in table.names if n in needed and n not in block.columns]
    free = [" ".join(t.split()) for i, t in titles.items() if i not in block.columns.values()]
    # only what can be typed as it is shown, and is long enough to be told from any other word
    seen = {key(t): t for t in free if len(key(t)) > 2 and shown_header(t) == t}
    forms = {n: [k for k, v in column_names(table).items() if v == n] for n in lacking}
    nearest = _nearest({h: [key(h)] for h in absent} | forms, seen)
    give = []
    for name in [*absent, *lacking]:
        if name in nearest:
            give.append(Answer("columns", mapping.get(name, name), nearest[name]))
        elif name in _GIVEN:
            give += [Answer("given", word, name) for word in table.column(name).words or ("…",)]
        elif name in lacking:
            give.append(Answer("columns", name, "…"))
    letters = [column_letters(block.sheet.first_column + i) for i in titles]
    shown = ", ".join(map(": ".join, zip(letters, map(shown_header, titles.values()), strict=True)))[:1500]
    code = "columns-missing" if len(block.columns) >= 2 else "header-not-found"
    return DataError(
        "declared-header-not-there" if absent else code,
        where=block.where(),
        got=shown or None,
        give=give,
        missing=", ".join(f"“{h}”" for h in absent) or labelled(table, lacking),
        needed=labelled(table, needed),
    )
