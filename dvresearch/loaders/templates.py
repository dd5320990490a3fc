"""Blank report forms with their titles, column numbers and formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dvresearch.errors import ParameterError, Text
from dvresearch.loaders.form_layouts import form
from dvresearch.loaders.sheets import column_letters
from dvresearch.workbook import save

__all__ = ["blank_form"]


def blank_form(path: str | Path, form_code: str = "II.06a", version: str = "TT01/2020", *, lines: int = 20) -> Path:
    """Write a blank form with its titles, column numbers and formulas; the same bytes every time.

    Parameters
    ----------
    path : str or Path
        The .xlsx file to write.
    form_code, version : str
        Which form, as for :func:`load_form`.
    lines : int, default 20
        Empty lines above the total row.

    Returns
    -------
    Path
        The file. Columns that are sums hold formulas; a last column outside the form shows what the sums
        leave over, which should be 0.

    Raises
    ------
    ParameterError
        For a form that is not known or a number of lines outside 1-1000.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.worksheet.datavalidation import DataValidation

    wanted = form(form_code, version)
    if not 1 <= lines <= 1000:
        raise ParameterError(
            Text("Số dòng phải từ 1 đến 1000.", "lines must be 1 to 1000."),
            got=str(lines),
            hint=Text("Dùng lines=20.", "Use lines=20."),
        )
    book = Workbook()
    sheet: Any = book.active
    sheet.title = wanted.code
    numbered = {c.number: c for c in wanted.columns if c.number}
    last = max(numbered)
    thin = Border(*(Side(style="thin") for _ in range(4)))
    centre = Alignment(horizontal="center", vertical="center", wrap_text=True)

    def put(row: int, column: int, value: object, *, bold: bool = False, frame: bool = True) -> None:
        cell = sheet.cell(row, column, value)
        cell.font = Font(name="Times New Roman", size=12, bold=bold)
        cell.alignment = centre
        if frame:
            cell.border = thin

    put(1, 1, f"Biểu số {wanted.code}", frame=False)
    put(1, 4, wanted.title, bold=True, frame=False)
    put(2, 1, "Đơn vị báo cáo: ", frame=False)
    put(3, 1, "Kỳ báo cáo: ", frame=False)
    for row in (1, 2, 3):
        sheet.cell(row, 1).alignment = Alignment(horizontal="left")
    sheet.cell(3, last).value = "Đơn vị tính: hồ sơ"
    head, numbers, first = 5, 7, 8
    for column, title in ((1, "STT"), (2, "Lĩnh vực, công việc giải quyết theo cấp")):
        for row in (head, head + 1):
            put(row, column, title if row == head else None, bold=True)
        sheet.merge_cells(start_row=head, end_row=head + 1, start_column=column, end_column=column)
    for title, left, right in wanted.groups:
        for column in range(left, right + 1):
            put(head, column, title if column == left else None, bold=True)
            put(head + 1, column, numbered[column].title.vi, bold=True)
        sheet.merge_cells(start_row=head, end_row=head, start_column=left, end_column=right)
    for column in range(1, last + 1):
        put(numbers, column, f"({column})")
    sums = dict(wanted.sums[:-1])
    link, ends = wanted.sums[-1]
    put(head, last + 1, "Kiểm tra: ({}) − {}".format(link, " − ".join(f"({n})" for n in ends)))
    total = first + lines
    letter = {n: column_letters(n) for n in range(1, last + 2)}
    for row in range(first, total + 1):
        for column in range(1, last + 1):
            if row == total and column >= 3:
                value: object = f"=SUM({letter[column]}{first}:{letter[column]}{total - 1})"
            elif column in sums:
                cells = ",".join(f"{letter[p]}{row}" for p in sums[column])
                value = f'=IF(COUNT({cells})=0,"",SUM({cells}))'
            else:
                value = "Tổng cộng" if row == total and column == 2 else None
            put(row, column, value, bold=row == total)
        rest = "-".join(f"N({letter[n]}{row})" for n in (link, *ends))
        put(row, last + 1, f"={rest}", frame=False)
    whole = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
    whole.errorTitle, whole.error = "Số hồ sơ", "Nhập số nguyên từ 0 trở lên; để trống nếu không biết."
    sheet.add_data_validation(whole)
    whole.add(f"{letter[3]}{first}:{letter[last]}{total - 1}")
    sheet.column_dimensions["B"].width = 42
    for column in range(3, last + 2):
        sheet.column_dimensions[letter[column]].width = 12
    sheet.freeze_panes = sheet.cell(first, 3)
    save(book, path)
    return Path(path)
