"""Blank report forms with their titles, column numbers and formulas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dvresearch.errors import ParameterError
from dvresearch.loaders.form_layouts import TTCP, Form, form
from dvresearch.loaders.sheets import column_letters
from dvresearch.workbook import save

__all__ = ["blank_form"]

#: Rows of the titles above the numbers of the columns, and of the first line.
_HEAD, _NUMBERS, _FIRST = 5, 7, 8


def blank_form(path: str | Path, form_code: str = "II.06a", version: str | None = None, *, lines: int = 20) -> Path:
    """Write a blank form with its titles, column numbers and formulas; the same bytes every time.

    Parameters
    ----------
    path : str or Path
        The .xlsx file to write.
    form_code : str, default "II.06a"
        Which form, as for :func:`load_form`.
    version : str, optional
        As for :func:`load_form`.
    lines : int, default 20
        Empty lines above the total row.

    Returns
    -------
    Path
        The file. Columns that are sums hold formulas; columns behind the form show what its other sums leave
        over, which should be 0. Titles above the numbers are short ones, not the wording of the circular.

    Raises
    ------
    ParameterError
        For a form that is not known, a number of lines outside 1-1000, or a path that is taken, no .xlsx or nowhere.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.worksheet.datavalidation import DataValidation

    wanted = form(form_code, version)
    target = Path(path)
    if target.exists() or target.suffix.lower() != ".xlsx" or not target.absolute().parent.is_dir():
        raise ParameterError("form-file-not-new", name=target.name)
    if not 1 <= lines <= 1000:
        raise ParameterError("form-lines-out-of-range", got=str(lines))
    shift, total = 3 - wanted.first, _FIRST + lines  # the two columns of labels are numbered on some forms only
    last = max(wanted.names) + shift
    groups = wanted.groups or (("Số lượng", wanted.first, max(wanted.names)),)
    merged = [(_HEAD, left + shift, _HEAD, right + shift) for _, left, right in groups]
    cells = _head(wanted, groups, shift) | _body(wanted, shift, total)
    book = Workbook()
    sheet: Any = book.active
    sheet.title = wanted.code.replace("/", "-")
    thin = Border(*(Side(style="thin") for _ in range(4)))
    for row, column in sorted({*cells, *((r, c) for r in range(_HEAD, total + 1) for c in range(1, last + 1))}):
        cell = sheet.cell(row, column, cells.get((row, column)))
        cell.font = Font(name="Times New Roman", size=12, bold=row in (_HEAD, _HEAD + 1, total))
        cell.alignment = Alignment(
            horizontal="center" if row >= _HEAD else "left", vertical="center", wrap_text=row >= _HEAD
        )
        if row >= _HEAD and column <= last:
            cell.border = thin
    for top, left, bottom, right in (*merged, *((_HEAD, c, _HEAD + 1, c) for c in (1, 2))):
        sheet.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    whole = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
    whole.errorTitle, whole.error = "Số đếm", "Nhập số nguyên từ 0 trở lên; để trống nếu không biết."
    sheet.add_data_validation(whole)
    whole.add(f"C{_FIRST}:{column_letters(last)}{total - 1}")
    for column in range(2, sheet.max_column + 1):
        sheet.column_dimensions[column_letters(column)].width = 42 if column == 2 else 12
    sheet.freeze_panes = sheet.cell(_FIRST, 3)
    save(book, path)
    return target


_Cells = dict[tuple[int, int], str]


def _head(wanted: Form, groups: Sequence[tuple[str, int, int]], shift: int) -> _Cells:
    """Return what stands above the lines, by row and column."""
    circular = f" ({wanted.version}/TT-TTCP)" if wanted.version == TTCP else ""
    last = max(wanted.names) + shift
    top = {
        (1, 1): f"Biểu số {wanted.code}{circular}",
        (1, 4): wanted.title,
        (2, 1): "Đơn vị báo cáo: ",
        (3, 1): "Kỳ báo cáo: ",
        (3, last): f"Đơn vị tính: {wanted.unit}",
        (_HEAD, 1): "STT",
        (_HEAD, 2): wanted.lines,
    }
    titles = {(_HEAD, left + shift): title for title, left, _ in groups}
    titles |= {(_HEAD + 1, c.number + shift): c.title.vi for c in wanted.columns if c.number}
    return top | titles | {(_NUMBERS, c): f"({c - shift})" if c > shift else "AB"[c - 1] for c in range(1, last + 1)}


def _body(wanted: Form, shift: int, total: int) -> _Cells:
    """Return the formulas: totals down and across, and behind the form what its other sums leave over."""
    letter = {n: column_letters(n + shift) for n in wanted.names}
    across = dict(reversed(wanted.sums))  # the first sum of a column works it out
    links = [(n, parts) for n, parts in wanted.sums if across[n] != parts]
    behind = max(wanted.names) + shift + 1
    cells = {(total, 2): "Tổng cộng"}
    cells |= {(total, n + shift): f"=SUM({x}{_FIRST}:{x}{total - 1})" for n, x in letter.items()}
    for row in range(_FIRST, total + 1):
        for n, parts in across.items() if row < total else ():
            summed = ",".join(f"{letter[p]}{row}" for p in parts)
            cells[row, n + shift] = f'=IF(COUNT({summed})=0,"",SUM({summed}))'
        for i, (n, parts) in enumerate(links, start=behind):
            cells[row, i] = "=" + "-".join(f"N({letter[p]}{row})" for p in (n, *parts))
            cells[_HEAD, i] = f"Kiểm tra: ({n}) − " + " − ".join(f"({p})" for p in parts)
    return cells
