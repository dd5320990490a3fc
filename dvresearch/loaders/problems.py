"""Cells of a file that have to be mended, and the one message that names them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dvresearch import codebook
from dvresearch.errors import DataError, Text
from dvresearch.loaders.sheets import Sheet, column_letters

__all__ = ["Problem", "refuse_problems"]

_SHOWN = 8  # cells named in one message


@dataclass(frozen=True)
class Problem:
    """A cell to mend.

    Parameters
    ----------
    code : str
        What is wrong: a check of the codebook.
    row, column : int
        Where, counted from 0 in the sheet.
    looks : str
        The shape of its content, never the content.
    """

    code: str
    row: int
    column: int
    looks: str = ""

    def cell(self, sheet: Sheet) -> str:
        """Return the cell as a spreadsheet names it: ``F12``."""
        return f"{column_letters(sheet.first_column + self.column)}{sheet.first_row + self.row}"


def refuse_problems(sheet: Sheet, problems: Sequence[Problem]) -> None:
    """Raise a `DataError` that names the cells to mend, if there are any."""
    if not problems:
        return
    ordered = sorted(problems, key=lambda p: (p.row, p.column))
    named = [
        f"{p.cell(sheet)}: {codebook.label('check', p.code, 'vi')} / {codebook.label('check', p.code, 'en')}"
        + (f" ({p.looks})" if p.looks else "")
        for p in ordered[:_SHOWN]
    ]
    more = f"; … (+{len(ordered) - _SHOWN})" if len(ordered) > _SHOWN else ""
    raise DataError(
        Text(f"Có {len(ordered)} ô cần sửa.", f"Cells to mend: {len(ordered)}."),
        where=sheet.where(ordered[0].row, ordered[0].column),
        got="; ".join(named) + more,
        expected=Text(
            "ngày như 24/02/2026 hoặc 24/02/2026 08:30; số như 1.234,5; ô trống nếu không biết",
            "dates such as 24/02/2026 or 2026-02-24 08:30; numbers such as 1.234,5; an empty cell when not known",
        ),
        hint=Text(
            "Sửa các ô này trong tệp, hoặc ghi vào tệp đính chính rồi nạp với corrections=…; "
            "dvresearch check liệt kê đủ.",
            "Mend these cells in the file, or list them in a file of corrections and load with corrections=…; "
            "dvresearch check names them all.",
        ),
    )
