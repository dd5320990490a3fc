"""The tables of a report as a workbook: numbers as numbers, source and notes under each table."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dvresearch import codebook, workbook
from dvresearch.evaluation.content import Checks, Column, Report, Sheet
from dvresearch.evaluation.items import FINDING_COLUMNS, items
from dvresearch.evaluation.prose import words
from dvresearch.evaluation.shown import Lang, findings_rows, row_decimals

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["page_of", "write"]

#: Less than this is the rounding of a computer, not a decimal of the source.
DECIMAL_NOISE = 5e-7


def write(report: Report, path: Path) -> None:
    """Write every table and check of `report` to one workbook, a sheet each, behind a list of contents."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    word = {**words("printed", report.lang), **words("workbook", report.lang)}
    book = Workbook()
    contents: Worksheet = book.active
    contents.title = word["contents"]
    contents.append([workbook.safe(report.title)])
    contents["A1"].font = Font(bold=True, size=14)
    contents.append([])
    contents.append([word["sheet"], word["table"], word["code"]])
    numbered = [i for section in items(report) for i in section if isinstance(i.block, Sheet | Checks)]
    for item in numbered:
        block, name = item.block, f"{word[item.kind]} {item.number}"
        assert isinstance(block, Sheet | Checks)
        page = book.create_sheet(name)
        contents.append([name, workbook.safe(block.title), block.code])
        contents.cell(contents.max_row, 1).hyperlink = f"#'{name}'!A1"
        if isinstance(block, Sheet):
            _table(page, block, report.lang)
        else:
            _checks(page, block, report.lang)
        page.append([])
        for note in getattr(block, "notes", ()):
            page.append([workbook.safe(note)])
        for code in block.sources:
            page.append([workbook.safe(f"{word['source']}: {report.citations[code]}")])
        page.append([workbook.safe(f"{word['call']}: {block.call}")])
    for letter, width in zip("ABC", (16, 100, 30), strict=True):
        contents.column_dimensions[letter].width = width
    workbook.save(book, path)


def page_of(book: Workbook, code: str) -> Worksheet | None:
    """Return the sheet of an exhibit in a workbook that `write` made, by its code in the list of contents."""
    for row in book.worksheets[0].iter_rows(min_row=4, max_col=3, values_only=True):
        if row[2:] == (code,) and row[0] in book.sheetnames:
            return book[str(row[0])]
    return None


def _head(page: Worksheet, title: str, labels: tuple[str, ...]) -> None:
    from openpyxl.styles import Alignment, Border, Font, Side

    page.append([workbook.safe(title)])
    page["A1"].font = Font(bold=True, size=12)
    page.append([])
    page.append([workbook.safe(label) for label in labels])
    for cell in page[3]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.border = Border(bottom=Side(style="medium"))
    page.freeze_panes = "A4"


def _table(page: Worksheet, block: Sheet, lang: Lang) -> None:
    from openpyxl.utils import get_column_letter

    measures = block.frame["measure"].tolist() if "measure" in block.frame else []
    columns = [(c, c.label, block.frame[c.key].tolist()) for c in block.columns]
    at = next((i for i, c in enumerate(block.columns, start=1) if c.kind == "measure"), None)
    if at:
        # a cell holds the number alone: what it counts stands beside it
        units = [codebook.label("unit", m, lang) if m else "" for m in measures]
        columns.insert(at, (Column("measure", ""), words("workbook", lang)["measured"], units))
    _head(page, block.title, tuple(label for _, label, _ in columns))
    for row in zip(*(values for _, _, values in columns), strict=True):
        page.append([_value(v) for v in row])
    decimals = row_decimals(block)
    for i, (column, _, values) in enumerate(columns, start=1):
        letter = get_column_letter(i)
        longest = max([len(str(v)) for v in values] or [0]) if column.kind == "text" else 10
        page.column_dimensions[letter].width = min(60, max(11, longest + 2))
        for n, cell in enumerate(page[letter][3:]):
            fitted = replace(column, decimals=min(column.decimals, decimals[n])) if column.kind == "number" else column
            cell.number_format = _format(fitted, measures[n] if column.kind == "measure" else "", values[n])


def _format(column: Column, measure: str, value: object) -> str:
    """The number format shows the decimals of the report; the cell keeps the full number."""
    if column.kind == "text":
        return "General"
    decimals, share = column.decimals, column.kind == "percent"
    if column.kind == "measure" and isinstance(value, float) and not math.isnan(value):
        share = measure in ("share", "growth", "ratio")
        number = 100 * value if share else value
        decimals = next((d for d in (0, 1) if abs(number - round(number, d)) < DECIMAL_NOISE), 2)
    digits = "." + "0" * decimals if decimals else ""
    return f"0{digits}%" if share else f"#,##0{digits}"


def _value(value: object) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>"):
        return None
    return workbook.safe(value)


def _checks(page: Worksheet, block: Checks, lang: Lang) -> None:
    from openpyxl.styles import Alignment

    _head(page, block.title, tuple(words("printed", lang)[k] for k in FINDING_COLUMNS))
    for row in findings_rows(block.frame, lang, block.words):
        page.append([workbook.safe(row[k]) for k in FINDING_COLUMNS])
    for letter, width in zip("ABCDEF", (22, 36, 36, 22, 22, 70), strict=True):
        page.column_dimensions[letter].width = width
        for cell in page[letter][3:]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
