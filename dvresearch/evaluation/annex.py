"""The tables of a report as a workbook: numbers as numbers, source and notes under each table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from dvresearch import workbook
from dvresearch.evaluation.content import Checks, Column, Report, Sheet
from dvresearch.evaluation.items import FINDING_COLUMNS, WORDS
from dvresearch.evaluation.shown import Lang, findings_rows

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["write"]

_WORDS = {
    "vi": {"call": "Cách tạo", "sheet": "Trang"},
    "en": {"call": "Made by", "sheet": "Sheet"},
}


def write(report: Report, path: Path) -> None:
    """Write every table and check of `report` to one workbook, a sheet each, behind a list of contents."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    word = {**WORDS[report.lang], **_WORDS[report.lang]}
    book = Workbook()
    contents: Worksheet = book.active
    contents.title = word["contents"]
    contents.append([workbook.safe(report.title)])
    contents["A1"].font = Font(bold=True, size=14)
    contents.append([])
    contents.append([word["sheet"], word["table"]])
    for i, block in enumerate((b for b in report.exhibits() if isinstance(b, Sheet | Checks)), start=1):
        name = f"{i:02d}-{block.code}"[:31]
        page = book.create_sheet(name)
        contents.append([name, workbook.safe(block.title)])
        contents.cell(contents.max_row, 1).hyperlink = f"#'{name}'!A1"
        if isinstance(block, Sheet):
            _table(page, block)
        else:
            _checks(page, block, report.lang)
        page.append([])
        for note in getattr(block, "notes", ()):
            page.append([workbook.safe(note)])
        for code in block.sources:
            page.append([workbook.safe(f"{word['source']}: {report.citations[code]}")])
        page.append([workbook.safe(f"{word['call']}: {block.call}")])
    contents.column_dimensions["A"].width, contents.column_dimensions["B"].width = 30, 100
    workbook.save(book, path)


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


def _table(page: Worksheet, block: Sheet) -> None:
    from openpyxl.utils import get_column_letter

    _head(page, block.title, tuple(c.label for c in block.columns))
    data = [block.frame[c.key].tolist() for c in block.columns]
    for row in zip(*data, strict=True):
        page.append([_value(v) for v in row])
    for i, column in enumerate(block.columns, start=1):
        letter = get_column_letter(i)
        longest = max([len(str(v)) for v in data[i - 1]] or [0]) if column.kind == "text" else 10
        page.column_dimensions[letter].width = min(60, max(11, longest + 2))
        for at, cell in enumerate(page[letter][3:]):
            cell.number_format = _format(column, block.frame["measure"].iloc[at] if column.kind == "measure" else "")


def _format(column: Column, measure: str) -> str:
    """The number format shows the decimals of the report; the cell keeps the full number."""
    if column.kind == "text":
        return "General"
    if column.kind == "measure":
        return "0.00%" if measure in ("share", "growth", "ratio") else "#,##0.##"
    digits = "." + "0" * column.decimals if column.decimals else ""
    return f"0{digits}%" if column.kind == "percent" else f"#,##0{digits}"


def _value(value: object) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>"):
        return None
    return workbook.safe(value)


def _checks(page: Worksheet, block: Checks, lang: Lang) -> None:
    from openpyxl.styles import Alignment

    _head(page, block.title, tuple(WORDS[lang][k] for k in FINDING_COLUMNS))
    for row in findings_rows(block.frame, lang, block.words):
        page.append([workbook.safe(row[k]) for k in FINDING_COLUMNS])
    for letter, width in zip("ABCDEF", (22, 36, 36, 22, 22, 70), strict=True):
        page.column_dimensions[letter].width = width
        for cell in page[letter][3:]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
