"""Blank report forms with their titles, column numbers and formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dvresearch.errors import ParameterError, Text
from dvresearch.loaders.form_layouts import TTCP, form
from dvresearch.loaders.sheets import column_letters
from dvresearch.workbook import save

__all__ = ["blank_form"]


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
        raise ParameterError(
            Text(f"Không ghi biểu vào {target.name} được.", f"The form cannot be written to {target.name}."),
            expected=Text("một tệp .xlsx chưa có, trong thư mục đã có", "a new .xlsx file in an existing folder"),
            hint=Text("Chọn tên khác; tệp đã có không bị ghi đè.", "Choose another name; no file is overwritten."),
        )
    if not 1 <= lines <= 1000:
        raise ParameterError(
            Text("Số dòng phải từ 1 đến 1000.", "lines must be 1 to 1000."),
            got=str(lines),
            hint=Text("Dùng lines=20.", "Use lines=20."),
        )
    book = Workbook()
    sheet: Any = book.active
    sheet.title = wanted.code.replace("/", "-")
    numbered = {c.number: c for c in wanted.columns if c.number}
    shift = 3 - wanted.first  # the two columns of labels are numbered on some forms only
    last = max(numbered) + shift
    thin = Border(*(Side(style="thin") for _ in range(4)))
    centre = Alignment(horizontal="center", vertical="center", wrap_text=True)

    def put(row: int, column: int, value: object, *, bold: bool = False, frame: bool = True) -> None:
        cell = sheet.cell(row, column, value)
        cell.font = Font(name="Times New Roman", size=12, bold=bold)
        cell.alignment = centre
        if frame:
            cell.border = thin

    put(
        1, 1, f"Biểu số {wanted.code}" + (f" ({wanted.version}/TT-TTCP)" if wanted.version == TTCP else ""), frame=False
    )
    put(1, 4, wanted.title, bold=True, frame=False)
    put(2, 1, "Đơn vị báo cáo: ", frame=False)
    put(3, 1, "Kỳ báo cáo: ", frame=False)
    for row in (1, 2, 3):
        sheet.cell(row, 1).alignment = Alignment(horizontal="left")
    sheet.cell(3, last).value = f"Đơn vị tính: {wanted.unit}"
    head, numbers, first = 5, 7, 8
    for column, title in ((1, "STT"), (2, wanted.lines)):
        for row in (head, head + 1):
            put(row, column, title if row == head else None, bold=True)
        sheet.merge_cells(start_row=head, end_row=head + 1, start_column=column, end_column=column)
    for title, left, right in wanted.groups or (("Số lượng", wanted.first, max(numbered)),):
        for number in range(left, right + 1):
            put(head, number + shift, title if number == left else None, bold=True)
            put(head + 1, number + shift, numbered[number].title.vi, bold=True)
        sheet.merge_cells(start_row=head, end_row=head, start_column=left + shift, end_column=right + shift)
    for column in range(1, last + 1):
        put(numbers, column, f"({column - shift})" if column > shift else "AB"[column - 1])
    sums: dict[int, tuple[int, ...]] = {}
    links = [(total, parts) for total, parts in wanted.sums if sums.setdefault(total, parts) != parts]
    for i, (link, parts) in enumerate(links, start=1):
        put(head, last + i, "Kiểm tra: ({}) − {}".format(link, " − ".join(f"({n})" for n in parts)))
    total = first + lines
    letter = {n: column_letters(n + shift) for n in range(1 - shift, last - shift + 1)}
    for row in range(first, total + 1):
        for column in range(1, last + 1):
            number = column - shift
            if row == total and column >= 3:
                value: object = f"=SUM({letter[number]}{first}:{letter[number]}{total - 1})"
            elif number in sums:
                cells = ",".join(f"{letter[p]}{row}" for p in sums[number])
                value = f'=IF(COUNT({cells})=0,"",SUM({cells}))'
            else:
                value = "Tổng cộng" if row == total and column == 2 else None
            put(row, column, value, bold=row == total)
        for i, (link, parts) in enumerate(links, start=1):
            rest = "-".join(f"N({letter[n]}{row})" for n in (link, *parts))
            put(row, last + i, f"={rest}", frame=False)
    whole = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
    whole.errorTitle, whole.error = "Số đếm", "Nhập số nguyên từ 0 trở lên; để trống nếu không biết."
    sheet.add_data_validation(whole)
    whole.add(f"C{first}:{column_letters(last)}{total - 1}")
    sheet.column_dimensions["B"].width = 42
    for column in range(3, last + len(links) + 1):
        sheet.column_dimensions[column_letters(column)].width = 12
    sheet.freeze_panes = sheet.cell(first, 3)
    save(book, path)
    return Path(path)
