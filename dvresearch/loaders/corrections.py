"""Corrections of a data file, kept as rows of their own: the file stays as it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from dvresearch.errors import DataError, Text
from dvresearch.loaders.cells import is_open
from dvresearch.loaders.headers import Block, key
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


def apply(blocks: Sequence[Block], table: Table, changes: pd.DataFrame) -> tuple[list[Block], list[dict[str, str]]]:
    """Correct cells of the tables of a file.

    Parameters
    ----------
    blocks : sequence of Block
        The tables.
    table : Table
        Their contract.
    changes : DataFrame
        Rows of `CORRECTIONS`; the index is the row in the file of corrections, ``attrs["file"]`` its name.

    Returns
    -------
    blocks : list of Block
        The same tables over corrected copies of their sheets.
    applied : list of dict
        What was changed, as text; the content of open text columns is masked, since it can be anybody's.

    Raises
    ------
    DataError
        When a correction names a cell that is not there, names it twice, or states an old value the cell does not hold.
    """
    source = changes.attrs.get("file", "corrections")
    columns = {id(b.sheet): [list(c) for c in b.sheet.columns] for b in blocks}
    applied: list[dict[str, str]] = []
    seen = set()
    for line, change in zip(changes.index, changes.to_dict("records"), strict=True):
        where = f"{source}, dòng/row {line}"
        block, row = _block(blocks, int(change["row"]))
        at = _column(block, str(change["column"])) if block else None
        if block is None or at is None:
            raise DataError("correction-of-no-cell", where=where)
        cells = columns[id(block.sheet)][at]
        old, new = ("" if pd.isna(change.get(c)) else str(change.get(c)) for c in ("old", "new"))
        if (id(block.sheet), row, at) in seen:
            raise DataError("correction-twice", where=where)
        if old and not _same(old, cells[row]):
            raise DataError("correction-of-another-value", where=where)
        name = next((n for n, c in block.columns.items() if c == at), None)
        open_text = name is None or is_open(table.column(name))
        now = texts([cells[row]])[0]
        cells[row] = new
        seen.add((id(block.sheet), row, at))
        applied.append(
            {
                "row": str(int(change["row"])),
                "column": showable(block.titles[at]),
                "old": "***" if open_text and now else now,
                "new": "***" if open_text and new else new,
                "when": f"{change['when']:%Y-%m-%d}",
                "why": showable(str(change["why"])),
                "by_role": str(change["by_role"]),
            }
        )
    sheets = {id(b.sheet): replace(b.sheet, columns=columns[id(b.sheet)]) for b in blocks}
    return [replace(b, sheet=sheets[id(b.sheet)]) for b in blocks], applied


def _block(blocks: Sequence[Block], row: int) -> tuple[Block | None, int]:
    """Return the first table in whose body a row of the file stands, and the row from 0 in its sheet."""
    rows = ((block, row - block.sheet.first_row - bool(block.sheet.titles)) for block in blocks)
    return next(((block, at) for block, at in rows if block.body <= at < block.end), (None, 0))


def _column(block: Block, name: str) -> int | None:
    if name in block.columns:
        return block.columns[name]
    hits = [i for i, t in enumerate(block.titles) if t and key(t) == key(name)]
    letters = [i for i in range(len(block.titles)) if column_letters(block.sheet.first_column + i) == name.upper()]
    return next(iter(hits or letters), None)


def _same(stated: str, cell: Any) -> bool:
    if key(stated) == key(texts([cell])[0]):
        return True
    try:  # 24/02/2026 is the same day whether the cell is text or a date
        return cell_date(stated) == cell_date(cell) is not None
    except DataError:
        return False
