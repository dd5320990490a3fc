"""Which rows below a header are records, and what the others are."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvresearch.errors import DataError, Text
from dvresearch.loaders.cells import Typed
from dvresearch.loaders.headers import Header, is_numbering, key, label
from dvresearch.loaders.sheets import texts
from dvresearch.tables import Table
from dvresearch.text import plain

__all__ = ["TOTAL", "record_rows"]

#: What stands in front of a total row, without diacritics.
TOTAL = re.compile(r"(tong|cong|total|grand total|luy ke)( (cong|so|toan .*|don|ho so|chung|\d.*))*")
#: "Cộng Xã A": with its marks, since "Công chứng" begins the name of many a procedure.
_TOTAL_OF = re.compile(r"(?:tổng|cộng)\b", re.IGNORECASE)


def record_rows(
    header: Header, table: Table, anchor: str, read: Typed
) -> tuple[NDArray[np.intp], dict[str, list[int]]]:
    """Tell the records from what else stands below a header.

    Parameters
    ----------
    header : Header
        The header.
    table : Table
        Its contract.
    anchor : str
        The column by which a record is known: a required one that is hardly ever empty.
    read : Typed
        That column, below the header.

    Returns
    -------
    rows : ndarray of int
        The rows that are records, counted from 0 in the sheet.
    skipped : dict of str to list of int
        The other rows that are not empty, as the file counts them, by what they are: numbering,
        header_again, total, section, note.

    Raises
    ------
    DataError
        When no row is a record.
    """
    sheet, count = header.sheet, len(read.content)
    skipped: dict[str, list[int]] = {}
    if sheet.titles:
        return np.arange(count), skipped
    good = read.content.notna().to_numpy(copy=True)
    last = np.flatnonzero(good)[-1] if good.any() else -1
    bare = np.fromiter(
        (isinstance(c, float) for c in sheet.columns[header.columns[anchor]][header.body :]), bool, count
    )
    if bare.sum() > count / 2:  # days as numbers; otherwise a number among dates may be the count of a total row
        bare[:] = False
    known = list(header.columns.values())
    dated = table.column(anchor).kind in ("date", "time")
    if not dated:  # anything may be a word or a number, so every row is looked at
        columns = [sheet.columns[c] for c in known]
        full = (i for i in reversed(range(count)) if sum(_filled(c[header.body + i]) for c in columns) > len(known) / 2)
        last = next(full, -1)
        bare[:] = True
    look = _Look(header, known)
    undated = _undated(header, table, anchor, last) if dated else set()
    for i in np.flatnonzero(~good | bare):
        row = tuple(c[header.body + i] for c in sheet.columns)
        # A register is sparse: the last rows may hold a name and a unit only.
        few = max(1, len(known) / 2) if dated else min(2, len(known) / 2)
        kind = look.kind(row, few if i > last and i not in undated else 0)
        good[i] = kind == "record" or (dated and good[i] and kind in ("note", "section"))
        if not good[i] and kind != "blank":
            skipped.setdefault(kind, []).append(sheet.first_row + header.body + int(i))
    rows = np.flatnonzero(good) + header.body
    if not len(rows):
        raise DataError(
            Text("Dưới tiêu đề không có dòng dữ liệu nào.", "There is no data row below the header."),
            where=sheet.where(header.top),
            expected=Text("ít nhất một dòng có " + label(table, anchor), f"at least one row with {anchor}"),
            hint=Text("Kiểm tra đúng tệp, đúng trang tính.", "Check that this is the right file and sheet."),
        )
    return rows, skipped


def _undated(header: Header, table: Table, anchor: str, last: int) -> set[int]:
    """Return the rows below the `last` date that lack one only: a code, or what is no date, and a unit named above."""
    columns = {n: header.sheet.columns[at][header.body :] for n, at in header.columns.items()}
    units = [columns[c.name] for c in table.columns if c.required and c.name in columns and c.name != anchor]
    begun = [columns[n] for n in (anchor, *table.key) if n in columns]
    below = range(last + 1, len(columns[anchor]))
    rows = [i for i in below if any(map(bool, texts([c[i] for c in begun])))]
    if not rows or not units:
        return set()
    named = [set(texts(c[: last + 1])) - {""} for c in units]
    return {i for i in rows if all(w in n for w, n in zip(texts([c[i] for c in units]), named, strict=True))}


def _filled(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None and cell == cell


class _Look:
    """Tells what a row below a header is. Words come again and again, so each is looked at once."""

    def __init__(self, header: Header, known: list[int]) -> None:
        self.known = known
        self.titles = [key(t) for t in header.titles]
        self.plain = cache(plain)

    def kind(self, row: tuple[Any, ...], few: float) -> str:
        """Tell what a row is; up to `few` filled columns of the table make a note."""
        words = texts(row)
        filled = [w for w in words if w]
        if not filled:
            return "blank"
        if is_numbering(row):
            return "numbering"
        # "có" and "x" stand in many a title, and are answers.
        again = sum(len(k := key(w)) > 2 and k in t for w, t in zip(words, self.titles, strict=False) if t)
        if again > len(filled) / 2:
            return "header_again"
        held = sum(bool(words[c]) for c in self.known)
        if any(TOTAL.fullmatch(self.plain(w)) for w in filled[:3]) or (
            _TOTAL_OF.match(filled[0]) and held <= len(self.known) / 2
        ):
            return "total"
        if filled[0].isdecimal() and len(filled) > 1:  # a serial number
            return "record"
        if held <= few:
            return "note"
        if held <= 1 and len(filled) <= 2:
            return "section"
        return "record"
