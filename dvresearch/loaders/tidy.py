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
from dvresearch.errors import DataError, refuse_cells, refuse_rows
from dvresearch.loaders.guard import container
from dvresearch.loaders.sheets import column_letters, read_sheets, texts
from dvresearch.tables import Table, check
from dvresearch.text import Period
from dvresearch.text import period as read_period
from dvresearch.text.dates import FIRST_YEAR

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
    early = frame["period"].str.findall(r"\d{4}").map(lambda years: any(int(y) < FIRST_YEAR for y in years))
    refuse_cells(frame["period"], early, "year-before-1900", path.name)
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
        "part-above-whole",
        where=where,
        column=part,
        got=lambda row: f"{frame.loc[row, part]:g} > {frame.loc[row, whole]:g}",
        part=part,
        whole=whole,
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
    refuse_cells(frame.loc[bare, "period"], found.isna(), "code-of-period-not-read", where)
    days = pd.DataFrame([(p.start, p.end) for p in found], index=bare, columns=["period_start", "period_end"])
    frame.loc[bare, ["period_start", "period_end"]] = days.apply(pd.to_datetime)
    return frame


def _contract(path: Path, table: Table, cells: Cells) -> pd.DataFrame:
    header, rows, delimiter = cells
    text = pd.DataFrame(rows, columns=header, index=range(2, len(rows) + 2), dtype=str)
    text = text.apply(lambda column: column.str.strip())
    blank = pd.Series("", index=text.index, dtype=str)
    typed = {c.name: _typed(text.get(c.name, blank), c.kind, path.name, delimiter) for c in table.columns}
    source = path.name
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls") and container(path) == "text":
        source += " (văn bản, không phải tệp Excel / text, not an Excel workbook)"
    check(text.assign(**{n: column for n, column in typed.items() if n in text}), table, source=source, first_row=2)
    return pd.DataFrame(typed)[(text != "").any(axis=1)]


def read_cells(path: Path) -> Cells:
    """Return the cells of a file as text; a `DataError` for one without header or with rows that do not fit it."""
    if (kind := container(path)) not in ("zip", "compound", "text"):
        raise DataError("file-neither-csv-nor-workbook", got=kind, where=path.name)
    header, rows, delimiter = _of_text(path) if kind == "text" else _of_workbook(path)
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataError("column-name-twice", got=", ".join(map(repr, twice)), where=f"{path.name}, dòng/row 1")
    rows = [line or [""] * len(header) for line in rows]
    uneven = next((i for i, line in enumerate(rows) if len(line) != len(header)), None)
    if uneven is not None:
        where = f"{path.name}, dòng/row {uneven + 2}"
        raise DataError("row-of-other-length", got=str(len(rows[uneven])), where=where, count=len(header))
    return header, rows, delimiter


def _of_text(path: Path) -> Cells:
    """Return the cells of a text file and what stands between them."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
        if "\0" in text:
            raise UnicodeDecodeError("utf-8", raw, raw.index(0), raw.index(0) + 1, "NUL")
    except UnicodeDecodeError as fault:
        where = f"{path.name}, dòng/row {raw[: fault.start].count(10) + 1}"
        raise DataError("file-not-utf8", where=where) from None
    head = text.partition("\n")[0]
    delimiter = next((mark for mark in ";\t" if mark in head and "," not in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = list(reader)
    except csv.Error as fault:
        where = f"{path.name}, dòng/row {reader.line_num}"
        raise DataError("quotation-marks-do-not-match", got=str(fault), where=where) from None
    if not lines or not any(lines[0]):
        raise DataError("header-line-missing", where=path.name)
    return [name.strip() for name in lines[0]], lines[1:], delimiter


def _of_workbook(path: Path) -> Cells:
    """Return the cells of a workbook as text: column names in row 1 of its only sheet, numbers with a dot."""
    sheets = [sheet for sheet in read_sheets(path) if not sheet.hidden]
    if len(sheets) != 1 or (sheets[0].first_row, sheets[0].first_column) != (1, 1):
        found = "; ".join(f"{s.name}: {column_letters(s.first_column)}{s.first_row}" for s in sheets)
        raise DataError("table-not-at-a1", got=found, where=path.name)
    # a day is a cell of its own in a workbook, and needs no hour
    columns = [
        texts(cell.date() if isinstance(cell, datetime) else cell for cell in column) for column in sheets[0].columns
    ]
    header, *rows = (list(row) for row in zip(*columns, strict=True))
    return header, rows, ","


def _typed(text: pd.Series, kind: str, where: str, delimiter: str) -> pd.Series:
    """Return a column of text as what it holds; its index holds the rows as the file counts them."""
    given = text != ""
    if kind in ("count", "number", "share"):
        mark = "." if delimiter == "," else ","
        wrong = given & ~text.str.fullmatch(_NUMBERS[delimiter])
        refuse_cells(text, wrong, "number-of-file-not-read", where, mark=mark)
        return pd.to_numeric(text.where(given).str.replace(",", ".")).astype("float64")
    if kind in ("date", "time"):
        days = pd.to_datetime(text.where(given), format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
        refuse_cells(text, given & (days.isna() | ~text.str.fullmatch(_DAY)), "date-not-read", where)
        return days
    return text
