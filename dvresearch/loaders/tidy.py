"""Files in the project's own shape: CSV, UTF-8, comma between cells, dot as decimal mark, one header line.

Excel set to Vietnamese saves such a table with semicolons and decimal commas; that is read, too, and so is a workbook
of that one table. Office files with titles, merged headers and totals are read elsewhere; a file that claims this shape
is held to it, so that no number is guessed.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pandas as pd

from dvresearch import places
from dvresearch.errors import DataError, Text, refuse_rows
from dvresearch.loaders.guard import container
from dvresearch.loaders.sheets import column_letters, read_sheets, texts
from dvresearch.tables import Table, check
from dvresearch.text import Period
from dvresearch.text import period as read_period
from dvresearch.text.dates import EARLY

__all__ = ["Cells", "check_not_above", "read_cells", "read_tidy"]

#: The header, the rows, and what stands between the cells.
Cells = tuple[list[str], list[list[str]], str]

#: Counts that are part of another one.
_PARTS = (
    ("in_time", "received"),
    ("out_of_time", "received"),
    ("paid_online", "fee_dossiers"),
    ("feedback_in_time", "feedback_total"),
    ("feedback_satisfied", "feedback_total"),
    ("feedback_on_procedures", "feedback_total"),
    ("feedback_on_staff", "feedback_total"),
    ("satisfied_766", "satisfaction_base_766"),
    ("resolved_within", "resolved"),
    ("resolved_late", "resolved"),
    ("pending_overdue", "pending"),
    ("due_within", "due"),
)

#: What stands between the cells -> how a number is written. Beside semicolons 1.234 may be a thousand: not read.
_NUMBERS = {
    ",": r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    ";": r"[+-]?\d+(?:,\d+|\.\d{1,2}|\.\d{4,})?(?:[eE][+-]?\d+)?",
}
_NUMBERS["\t"] = _NUMBERS[";"]
_DAY = r"\d{4}-\d{2}-\d{2}"
_AS_UTF8 = Text(
    "Trong Excel: Lưu thành, chọn “CSV UTF-8 (phân cách bằng dấu phẩy)”.",
    "In Excel: Save as, choose “CSV UTF-8 (comma delimited)”.",
)


def read_tidy(path: Path, table: Table, *, cells: Cells | None = None) -> pd.DataFrame:
    """Read a file of the project's own shape and hold it to its contract.

    Days of a period are filled from its name where the file gives none, provinces get their official name and code.

    Parameters
    ----------
    path : Path
        The file.
    table : Table
        The contract. Columns the file lacks come back empty, further columns are left out.
    cells : Cells, optional
        What :func:`read_cells` read from the file, some of it emptied since.

    Returns
    -------
    DataFrame
        The columns of `table`; the index is the row in the file as a spreadsheet counts it.

    Raises
    ------
    DataError
        When the file is missing, empty or not UTF-8, its rows do not fit the header, or a cell breaks the contract.
    """
    frame = _contract(path, table, cells or read_cells(path))
    years = frame["period"].str.findall(r"\d{4}").map(lambda found: any(int(y) < 1900 for y in found))
    refuse_rows(
        frame.index[years],
        EARLY,
        where=path.name,
        column="period",
        got=frame["period"].get,
        expected=Text("năm từ 1900, ví dụ 2026 hoặc 2026-Q1", "a year from 1900 on such as 2026 or 2026-Q1"),
        hint=Text("Sửa kỳ.", "Correct the period."),
    )
    frame = places.settle(_dated(frame, path.name), path.name)
    for part, whole in _PARTS:
        if part in frame.columns and whole in frame.columns:
            check_not_above(frame, part, whole, path.name)
    return frame


def check_not_above(frame: pd.DataFrame, part: str, whole: str, where: str, rows: pd.Series | None = None) -> None:
    """Refuse a table in which, in one of `rows` (any when not given), the count `part` exceeds the count `whole`."""
    above = frame[part] > frame[whole]
    refuse_rows(
        frame.index[above if rows is None else above & rows],
        Text("Tử số lớn hơn mẫu số.", "The numerator is above the denominator."),
        where=where,
        column=part,
        got=lambda row: f"{frame.loc[row, part]:g} > {frame.loc[row, whole]:g}",
        expected=Text(f"{part} không quá {whole}", f"{part} not above {whole}"),
        hint=Text("Kiểm tra hai cột có bị đổi chỗ không.", "Check whether the two columns were swapped."),
    )


def _dated(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Fill the days of a period from its name where the file gives none."""
    bare = frame.index[frame["period"].ne("") & frame["period_start"].isna() & frame["period_end"].isna()]
    if not len(bare):
        return frame
    read: dict[str, Period | None] = {}
    for name in frame.loc[bare, "period"].unique():
        try:
            read[name] = read_period(name)
        except DataError:
            read[name] = None
    found = frame.loc[bare, "period"].map(read)
    refuse_rows(
        found.index[found.isna()],
        Text("Không đọc được kỳ.", "This is not a period."),
        where=where,
        column="period",
        got=frame["period"].get,
        expected=Text(
            "2026; 2026-Q1; 2026-H1; 2026-02; 2026-01-01..2026-10-10",
            "2026; 2026-Q1; 2026-H1; 2026-02; 2026-01-01..2026-10-10",
        ),
        hint=Text("Gõ lại kỳ; để trống nếu nguồn không nêu.", "Retype it; leave it empty when not stated."),
    )
    days = pd.DataFrame([(p.start, p.end) for p in found], index=bare, columns=["period_start", "period_end"])
    frame.loc[bare, ["period_start", "period_end"]] = days.apply(pd.to_datetime)
    return frame


def _contract(path: Path, table: Table, cells: Cells) -> pd.DataFrame:
    header, rows, delimiter = cells
    text = pd.DataFrame(rows, columns=header, index=range(2, len(rows) + 2), dtype=str)
    text = text.apply(lambda column: column.str.strip())
    frame = text.copy()
    for column in table.columns:
        if column.name in text.columns:
            frame[column.name] = _typed(text[column.name], column.kind, path.name, delimiter)
    source = path.name
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls") and container(path) == "text":
        source += " (văn bản, không phải tệp Excel / text, not an Excel workbook)"
    check(frame, table, source=source, first_row=2)
    for column in table.columns:
        if column.name not in frame.columns:
            frame[column.name] = _typed(pd.Series("", index=text.index, dtype=str), column.kind, path.name, delimiter)
    return frame.loc[(text != "").any(axis=1), table.names]


def read_cells(path: Path) -> Cells:
    """Return the cells of a file as text; a `DataError` for one without header or with rows that do not fit it."""
    if (kind := container(path)) in ("zip", "compound"):
        return _of_workbook(path)
    if kind != "text":
        raise DataError(
            Text("Tệp không phải CSV hay bảng tính.", "The file is neither CSV nor a workbook."),
            expected=Text("tệp CSV mã UTF-8 hoặc .xlsx", "a CSV file in UTF-8, or .xlsx"),
            got=kind,
            where=path.name,
            hint=_AS_UTF8,
        )
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
        if "\0" in text:
            raise UnicodeDecodeError("utf-8", raw, raw.index(0), raw.index(0) + 1, "NUL")
    except UnicodeDecodeError as fault:
        raise DataError(
            Text("Tệp không phải mã UTF-8.", "The file is not UTF-8."),
            expected=Text("tệp CSV mã UTF-8", "a CSV file in UTF-8"),
            where=f"{path.name}, dòng/row {raw[: fault.start].count(10) + 1}",
            hint=_AS_UTF8,
        ) from None
    head = text.partition("\n")[0]
    delimiter = next((mark for mark in ";\t" if mark in head and "," not in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = list(reader)
    except csv.Error as fault:
        raise DataError(
            Text("Tệp CSV bị hỏng: dấu ngoặc kép không khớp.", "A damaged CSV file: quotation marks do not match."),
            got=str(fault),
            where=f"{path.name}, dòng/row {reader.line_num}",
            hint=_AS_UTF8,
        ) from None
    if not lines or not any(lines[0]):
        raise DataError(
            Text("Tệp rỗng hoặc thiếu dòng tiêu đề.", "The file is empty or lacks its header line."),
            expected=Text("tên cột ở dòng 1", "column names in row 1"),
            where=path.name,
            hint=Text("Kiểm tra đúng tệp.", "Check that this is the right file."),
        )
    header = [name.strip() for name in lines[0]]
    _check_header(header, path.name)
    rows = [line or [""] * len(header) for line in lines[1:]]
    uneven = next((i for i, line in enumerate(rows) if len(line) != len(header)), None)
    if uneven is not None:
        raise DataError(
            Text("Số ô của dòng khác số cột.", "A row has another number of cells than there are columns."),
            expected=Text(f"{len(header)} ô", f"{len(header)} cells"),
            got=str(len(rows[uneven])),
            where=f"{path.name}, dòng/row {uneven + 2}",
            hint=Text("Đặt ô có dấu phẩy trong dấu ngoặc kép.", "Put a cell with a comma inside quotation marks."),
        )
    return header, rows, delimiter


def _of_workbook(path: Path) -> Cells:
    """Return the cells of a workbook as text: column names in row 1 of its only sheet, numbers with a dot."""
    sheets = [sheet for sheet in read_sheets(path) if not sheet.hidden]
    if len(sheets) != 1 or (sheets[0].first_row, sheets[0].first_column) != (1, 1):
        raise DataError(
            Text("Bảng không bắt đầu ở ô A1 của trang duy nhất.", "The table is not at A1 of the only sheet."),
            expected=Text("một trang tính, tên cột ở dòng 1", "one sheet, column names in row 1"),
            got="; ".join(f"{s.name}: {column_letters(s.first_column)}{s.first_row}" for s in sheets),
            where=path.name,
            hint=Text("Bỏ dòng tên bảng và các trang khác.", "Delete title rows and the other sheets."),
        )
    # a day is a cell of its own in a workbook, and needs no hour
    columns = [
        texts(cell.date() if isinstance(cell, datetime) else cell for cell in column) for column in sheets[0].columns
    ]
    header, *rows = (list(row) for row in zip(*columns, strict=True))
    _check_header(header, path.name)
    return header, rows, ","


def _check_header(header: list[str], where: str) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(
            Text("Hai cột cùng tên.", "Two columns with one name."),
            got=", ".join(map(repr, twice)),
            where=f"{where}, dòng/row 1",
            hint=Text("Đổi tên hoặc xóa một cột.", "Rename or delete one of them."),
        )


def _typed(text: pd.Series, kind: str, where: str, delimiter: str) -> pd.Series:
    """Return a column of text as what it holds; its index holds the rows as the file counts them."""
    given = text != ""
    if kind in ("count", "number", "share"):
        mark = Text("dấu chấm", "dot") if delimiter == "," else Text("dấu phẩy", "comma")
        like = "1234.5" if delimiter == "," else "1234,5"
        refuse_rows(
            text.index[given & ~text.str.fullmatch(_NUMBERS[delimiter])],
            Text("Có chữ trong cột số.", "Text in a number column."),
            where=where,
            column=str(text.name),
            got=text.get,
            expected=Text(
                f"một số, {mark.vi} là dấu thập phân, ví dụ {like}", f"a number with a decimal {mark.en}: {like}"
            ),
            hint=Text(
                f"Bỏ dấu phân cách hàng nghìn, dùng {mark.vi} thập phân; để trống nếu không biết.",
                f"Drop thousands separators, write the decimal mark as a {mark.en}; leave empty when not known.",
            ),
        )
        return pd.to_numeric(text.where(given).str.replace(",", ".")).astype("float64")
    if kind in ("date", "time"):
        days = pd.to_datetime(text.where(given), format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
        refuse_rows(
            text.index[given & (days.isna() | ~text.str.fullmatch(_DAY))],
            Text("Không đọc được ngày.", "Not a date."),
            where=where,
            column=str(text.name),
            got=text.get,
            expected=Text("năm-tháng-ngày, ví dụ 2026-02-24", "year-month-day such as 2026-02-24"),
            hint=Text("Sửa ô thành ngày có thật.", "Write a day that exists."),
        )
        return days
    return text
