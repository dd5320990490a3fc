"""Properties of reading: whatever an office lays out, no cell is read wrong in silence.

Hypothesis builds workbooks of which every cell is known (tests/known_sheets.py). What is read from them is held to
that truth, never to the code that reads: a cell, row or value that comes out otherwise has to stand in a problem, a
question or a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pandas as pd
from hypothesis import HealthCheck, event, given, settings

from dvresearch import loaders
from dvresearch.errors import DataError
from dvresearch.loaders import reading as reading_module
from dvresearch.loaders.account import Fate
from dvresearch.loaders.load import readings
from dvresearch.loaders.questionnaires import questionnaire
from dvresearch.loaders.reading import Reading
from dvresearch.loaders.sheets import column_letters
from tests import known_sheets as known
from tests.known_sheets import Book, Content, Layout

ASKED = questionnaire(known.ITEMS)
LOADERS = {
    "dossiers": loaders.load_dossiers,
    "cases": loaders.load_cases,
    "targets": loaders.load_targets,
    "models": loaders.load_models,
}
#: Files are opened in a process of their own, twenty times as slow as sheets in memory.
FEW = settings(max_examples=max(5, settings().max_examples // 10), suppress_health_check=list(HealthCheck))


@contextmanager
def instead_of_a_file(book: Book) -> Iterator[None]:
    """Let the sheets of a workbook be read as those of any file."""
    with mock.patch.object(reading_module, "read_sheets", lambda path, limits: book.sheets()):
        yield


def read(book: Book) -> Reading:
    with instead_of_a_file(book):
        (found,) = readings("so-lieu.xlsx", book.kind, asked=ASKED if book.kind == "responses" else None)
    found.report()  # the account is made, and its sum asserted
    return found


def records(found: Reading) -> dict[tuple[str, int], dict[str, object]]:
    """Return what was read, by the sheet and the row (from 0, as the file counts) a record stands in."""
    out = {}
    for at, record in enumerate(found.frame.to_dict("records")):
        block, row = found.origin(at)
        out[block.sheet.name, block.sheet.first_row - 1 + row] = record
    return out


def same(got: object, right: object) -> bool:
    if right is None:
        return bool(pd.isna(got))
    return not pd.isna(got) and bool(got == right)


# --- what is told ----------------------------------------------------------------------------------------------------

_ROWS = re.compile(r"dòng/row ([\d, ]+)")
_COLUMN = re.compile(r"cột/column ([A-Z]+)")
_SHEET = re.compile(r"trang tính/sheet “([^”]*)”")


class Told:
    """What a reading says is in doubt: cells to mend, questions with their places."""

    def __init__(self, found: Reading) -> None:
        self.all = any(q.blocking for q in found.questions)
        self.columns = {q.about for q in found.questions if q.about} | set(found.words)
        self.cells = {
            (p.sheet.name, p.sheet.first_row - 1 + p.row, p.sheet.first_column - 1 + p.column) for p in found.problems
        }
        self.rows = {(sheet, row) for sheet, row, _ in self.cells}
        self.sheets: set[str] = set()
        self.letters: set[tuple[str, str]] = set()
        for question in found.questions:
            sheet = _SHEET.search(question.where)
            name = sheet[1] if sheet else ""
            rows, column = _ROWS.search(question.where), _COLUMN.search(question.where)
            if column:
                self.letters.add((name, column[1]))
            elif rows:
                self.rows |= {(name, int(row) - 1) for row in rows[1].split(",") if row.strip()}
            elif not question.about:
                self.sheets.add(name)

    def cell(self, sheet: str, row: int, column: int) -> bool:
        return (
            self.row(sheet, row)
            or (sheet, row, column) in self.cells
            or (sheet, column_letters(column + 1)) in self.letters
        )

    def row(self, sheet: str, row: int) -> bool:
        return self.all or sheet in self.sheets or (sheet, row) in self.rows


def silent(book: Book, found: Reading) -> list[str]:
    """Return what was read otherwise than it is, and is not told."""
    told, wrong = Told(found), []
    accounts = {a.sheet.name: a for a in found.accounts}
    for page in book.pages:
        account = accounts[page.name]
        top, left = account.sheet.first_row - 1, account.sheet.first_column - 1
        for (row, column), right in page.fates.items():
            fate = Fate(int(account.fates[row - top, column - left]))
            if fate not in right and not told.cell(page.name, row, column):
                what = f"{page.name}!{column_letters(column + 1)}{row + 1} {page.cells[row, column]!r}"
                wrong.append(f"{what}: {fate.name}, is {'/'.join(f.name for f in right)}")
    got = records(found)
    wrong += [
        f"{sheet} row {row + 1}: a record is lost"
        for sheet, row in book.records
        if (sheet, row) not in got and not told.row(sheet, row)
    ]
    for (sheet, row), record in got.items():
        truth = book.records.get((sheet, row))
        if truth is None:
            if not told.row(sheet, row):
                wrong.append(f"{sheet} row {row + 1}: no record, but read as one")
            continue
        for name in book.columns:
            if name in told.columns or told.row(sheet, row):
                continue
            if name not in record:
                wrong.append(f"{sheet} row {row + 1}: {name} is lost")
            elif not same(record[name], truth.get(name)):
                wrong.append(f"{sheet} row {row + 1}: {name} {record[name]!r}, is {truth.get(name)!r}")
    return wrong


# --- (a) known fates -------------------------------------------------------------------------------------------------


@given(known.contents(faults=True), known.layouts())
def test_no_cell_is_read_wrong_in_silence(content: Content, layout: Layout) -> None:
    book = known.build(content, layout)
    try:
        found = read(book)
    except DataError as refusal:
        event(f"refused: {refusal.title.en}")
        return
    for question in found.questions:
        event(f"asked: {question.code}")
    assert silent(book, found) == []
    # the number of cells is the maker's own
    assert sum(sum(a.settle().values()) for a in found.accounts) == sum(len(p.cells) for p in book.pages)
