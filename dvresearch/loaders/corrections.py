"""Corrections of a data file, kept as rows of their own: the file stays as it came."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from dvresearch.errors import DataError, Text
from dvresearch.loaders.headers import Header, key
from dvresearch.loaders.sheets import column_letters, texts
from dvresearch.privacy import showable
from dvresearch.tables import Column, Table
from dvresearch.text import cell_date

__all__ = ["CORRECTIONS", "apply"]

#: Which cell (its row as the spreadsheet counts, its column by header, contract name or letter), from what to what,
#: when, why and by which role (never by whom).
CORRECTIONS = Table(
    "corrections",
    Text("một ô được đính chính", "one corrected cell"),
    ("row", "column"),
    (
        Column("row", "count", True),
        Column("column", "text", True),
        Column("old", "text"),
        Column("new", "text"),
        Column("when", "date", True),
        Column("why", "text", True),
        Column("by_role", "text", True),
    ),
)


def apply(header: Header, table: Table, changes: pd.DataFrame) -> tuple[Header, list[dict[str, str]]]:
    """Correct cells of a sheet.

    Parameters
    ----------
    header : Header
        Where the table is.
    table : Table
        Its contract.
    changes : DataFrame
        Rows of `CORRECTIONS`; the index is the row in the file of corrections, ``attrs["file"]`` its name.

    Returns
    -------
    header : Header
        The same header over a corrected copy of the sheet.
    applied : list of dict
        What was changed, as text; the content of open text columns is masked, since it can be anybody's.

    Raises
    ------
    DataError
        When a correction names a cell that is not there, names it twice, or states an old value the cell does not hold.
    """
    sheet = header.sheet
    columns = [list(c) for c in sheet.columns]
    titles = 1 if sheet.titles else 0
    source = changes.attrs.get("file", "corrections")
    applied: list[dict[str, str]] = []
    seen = set()
    for line, change in zip(changes.index, changes.to_dict("records"), strict=True):
        at = _column(header, str(change["column"]))
        row = int(change["row"]) - sheet.first_row - titles
        old, new = ("" if pd.isna(change.get(c)) else str(change.get(c)) for c in ("old", "new"))
        if at is None or not (0 if titles else header.body) <= row < sheet.height:
            raise _refused(
                source, line, Text("Đính chính chỉ vào ô không có.", "A correction of a cell that is not there.")
            )
        if (row, at) in seen:
            raise _refused(source, line, Text("Một ô được đính chính hai lần.", "A cell is corrected twice."))
        if old and not _same(old, columns[at][row]):
            raise _refused(
                source,
                line,
                Text("Ô trong tệp không chứa giá trị cũ đã ghi.", "The cell does not hold the old value stated."),
            )
        name = next((n for n, c in header.columns.items() if c == at), None)
        open_text = name is None or (table.column(name).kind in ("text", "code") and not table.column(name).words)
        now = texts([columns[at][row]])[0]
        columns[at][row] = new
        seen.add((row, at))
        applied.append(
            {
                "row": str(int(change["row"])),
                "column": showable(header.titles[at]),
                "old": "***" if open_text and now else now,
                "new": "***" if open_text and new else new,
                "when": f"{change['when']:%Y-%m-%d}",
                "why": showable(str(change["why"])),
                "by_role": str(change["by_role"]),
            }
        )
    return replace(header, sheet=replace(sheet, columns=columns)), applied


def _column(header: Header, name: str) -> int | None:
    if name in header.columns:
        return header.columns[name]
    hits = [i for i, t in enumerate(header.titles) if t and key(t) == key(name)]
    letters = [i for i in range(len(header.titles)) if column_letters(header.sheet.first_column + i) == name.upper()]
    return next(iter(hits or letters), None)


def _same(stated: str, cell: Any) -> bool:
    if key(stated) == key(texts([cell])[0]):
        return True
    try:  # 24/02/2026 is the same day whether the cell is text or a date
        return cell_date(stated) == cell_date(cell) is not None
    except DataError:
        return False


def _refused(source: str, line: int, title: Text) -> DataError:
    return DataError(
        title,
        where=f"{source}, dòng/row {line}",
        expected=Text(
            "các cột row, column, new, when, why, by_role (thêm old để đối chiếu)",
            "the columns row, column, new, when, why, by_role (and old to be compared)",
        ),
        hint=Text("Sửa dòng đó trong tệp đính chính.", "Mend that row of the corrections."),
    )
