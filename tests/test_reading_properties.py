"""Properties of reading: whatever an office lays out, no cell is read wrong in silence.

Hypothesis builds workbooks of which every cell is known (tests/known_sheets.py). What is read from them is held to
that truth, never to the code that reads: a cell, row or value that comes out otherwise has to stand in a problem, a
question or a refusal.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from dvresearch import loaders
from dvresearch.errors import DataError
from dvresearch.loaders import reading as reading_module
from dvresearch.loaders.account import Fate
from dvresearch.loaders.declaration import beside
from dvresearch.loaders.load import OpenQuestion, readings
from dvresearch.loaders.questionnaires import questionnaire
from dvresearch.loaders.reading import Reading
from dvresearch.loaders.sheets import column_letters
from dvresearch.metrics import tally
from dvresearch.screening import screen
from dvresearch.screening.propose import answer, propose
from tests import known_sheets as known
from tests.known_sheets import Book, Content, Layout

ASKED = questionnaire(known.ITEMS)
LOADERS = {
    "dossiers": loaders.load_dossiers,
    "cases": loaders.load_cases,
    "targets": loaders.load_targets,
    "models": loaders.load_models,
}
#: Checks of what records say of each other, which do not stop a table from being loaded.
ABOUT_RECORDS = frozenset(("can_be_evaluated",))
#: Fewer examples where one takes several readings, and far fewer where files are opened, in a process of their own.
SOME, FEW = (
    settings(max_examples=settings().max_examples // n, suppress_health_check=list(HealthCheck)) for n in (4, 12)
)


@contextmanager
def instead_of_a_file(book: Book) -> Iterator[None]:
    """Let the sheets of a workbook be read as those of any file."""
    with mock.patch.object(reading_module, "read_sheets", lambda path, limits: book.sheets()):
        yield


def read(book: Book) -> Reading:
    with instead_of_a_file(book):
        (found,) = readings("so-lieu.xlsx", book.kind, items=ASKED if book.kind == "responses" else None)
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


# --- (b) what does not matter ----------------------------------------------------------------------------------------


def frame(book: Book) -> pd.DataFrame:
    """Return what is read, in the order of its content: without rows, attributes and order of the file."""
    found = read(book)
    found.refuse()
    return in_order(found.frame)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    out = frame.reindex(columns=sorted(frame.columns))
    return out.sort_values(list(out.columns), ignore_index=True)


@SOME
@given(known.contents(), known.layouts(), st.integers(0, 5))
def test_order_of_columns_further_sheets_and_splits_do_not_matter(content: Content, layout: Layout, order: int) -> None:
    plain = Layout(titles=layout.titles, tiers=layout.tiers, serial=layout.serial)
    one = frame(known.build(content, plain))
    for other in (
        replace(plain, orders=(order,), spellings=(order,)),
        replace(plain, tables=("sheet",), orders=(0, order), spellings=(0, order)),
        replace(plain, tables=("below",), orders=(0, order), spellings=(0, order)),
        replace(plain, decoys=("list", "text")),
        replace(plain, personal=True, unused=True),
    ):
        pd.testing.assert_frame_equal(frame(known.build(content, other)), one, obj=str(other))


@given(known.contents(), known.layouts())
def test_what_can_be_told_from_the_file_is_not_asked(content: Content, layout: Layout) -> None:
    # only a summary beside the list could be a further list
    found = read(known.build(content, replace(layout, decoys=tuple(d for d in layout.decoys if d != "summary"))))
    assert [(q.code, q.where) for q in found.questions] == []
    assert found.problems == []


# --- (c) no cell can go unnoticed ------------------------------------------------------------------------------------


@SOME
@given(known.contents(), known.layouts(), st.data())
def test_a_cell_that_is_emptied_is_missed(content: Content, layout: Layout, data: st.DataObject) -> None:
    book = known.build(content, layout)
    page, place = data.draw(st.sampled_from(sorted(known.places(book))))
    spoilt = book.without(page, place)
    event(f"emptied: {'/'.join(f.name for f in book_fates(book, page, place))}")
    before = read(book)
    try:
        after = read(spoilt)
    except DataError:
        return
    assert after.report()["account"] != before.report()["account"]
    told, got, was = Told(after), records(after), records(before)
    name, fates = book.names.get((page, *place)), book_fates(book, page, place)
    if name:
        emptied = {(page, row) for row in covered(book, page, place)}
    elif Fate.HEADER in fates:  # a column may be gone with its title, and with a required one its table
        return
    else:
        emptied = set()
    lost = "field" if Fate.SECTION in fates else name
    for record in got.keys() | was.keys():
        if told.row(*record):
            continue
        assert record in got, f"{record} is lost"
        assert record in was, f"{record} is no record"
        for column in book.columns:  # others are made from these: the stage from its dates
            right = was[record][column]
            if record in emptied and column == name:
                assert name in told.columns or not same(got[record][column], right)
            elif column != lost:
                assert same(got[record].get(column), None if pd.isna(right) else right), (record, column)


def book_fates(book: Book, page: str, place: known.Place) -> known.Fates:
    return next(p for p in book.pages if p.name == page).fates[place]


def covered(book: Book, page: str, place: known.Place) -> range:
    """Return the rows a cell stands for."""
    merged = {(a, b): c for a, b, c, _ in next(p for p in book.pages if p.name == page).merged}
    return range(place[0], merged.get(place, place[0]) + 1)


# --- (d) the same in every format ------------------------------------------------------------------------------------


def reads(form: str, tmp: Path) -> str:
    """Return why a format cannot be read yet as it should be, by a file of three cells; empty where it can."""
    cells = {(0, 0): "Mã hồ sơ", (0, 1): "Ngày tiếp nhận", (1, 1): known.NOT_FOUND}
    path = tmp / f"probe.{form}"
    known.WRITERS[form](Book("dossiers", (), [known.Page("A", cells)]), path)
    try:
        (sheet,) = loaders.read_sheets(path)
    except DataError as refusal:
        return str(refusal.title.en)
    return "" if sheet.height == 2 and str(sheet.columns[1][1]) == "#N/A" else "an error cell is lost"


@pytest.mark.parametrize("form", sorted(known.WRITERS))
@FEW
@given(content=known.contents(faults=True), layout=known.layouts(), data=st.data())
def test_formats_agree(
    tmp_path_factory: pytest.TempPathFactory, form: str, content: Content, layout: Layout, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp(form)
    if why := reads(form, folder):
        pytest.skip(f"{form}: {why}")
    if form in ("csv", "docx", "xls"):  # of a formula they show the result only
        content = known.shown_only(content)
    if form == "csv":
        layout = replace(layout, merged_down=False, tables=("below",) * len(layout.tables), decoys=())
    book = known.build(content, layout)
    path = folder / f"so-lieu.{form}"
    known.WRITERS[form](book, path)
    asked = ASKED if book.kind == "responses" else None
    (got,) = readings(path, book.kind, items=asked)
    right = read(book)
    pd.testing.assert_frame_equal(
        got.frame.reset_index(drop=True), right.frame.reset_index(drop=True), check_dtype=False
    )
    places = [sorted(p.cell() for p in found.problems) for found in (got, right)]
    assert places[0] == places[1]
    got.report()
    assert [a.fates[a.filled].tolist() for a in got.accounts] == [a.fates[a.filled].tolist() for a in right.accounts]


# --- (e) one reading for all -----------------------------------------------------------------------------------------


def stub(folder: Path) -> Path:
    """Return a file that is there, for what looks at the file before it is read."""
    path = folder / "so-lieu.xlsx"
    path.write_bytes(b"PK\x03\x04")
    return path


@SOME
@given(content=known.contents(tuple(LOADERS), faults=True), layout=known.layouts())
def test_what_screen_passes_is_loaded_and_the_other_way_round(
    tmp_path_factory: pytest.TempPathFactory, content: Content, layout: Layout
) -> None:
    book = known.build(content, layout)
    path = stub(tmp_path_factory.mktemp("screen"))
    with instead_of_a_file(book), warnings.catch_warnings():
        warnings.simplefilter("ignore", OpenQuestion)
        found = screen(path, book.kind)
        failed = found[(found["verdict"] == "fail") & ~found["check"].isin(ABOUT_RECORDS)]
        try:
            loaded = LOADERS[book.kind](path)
        except DataError:
            loaded = None
    event("loads" if loaded is not None else "is refused")
    assert failed.empty == (loaded is not None), failed[["check", "where", "computed"]].to_string()


@SOME
@given(content=known.contents(tuple(LOADERS)), layout=known.layouts(), unit=st.sampled_from(known.UNITS))
def test_keywords_and_a_declaration_beside_the_file_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, content: Content, layout: Layout, unit: str
) -> None:
    book = known.build(content, replace(layout, decoys=(), tables=()))
    path = stub(tmp_path_factory.mktemp("declared"))
    load = LOADERS[book.kind]
    with instead_of_a_file(book), warnings.catch_warnings():
        warnings.simplefilter("ignore", OpenQuestion)
        short = load(path, unit=unit, sheet="Danh sách")
        beside(path).write_text(
            f'[[table]]\nas = "{book.kind}"\nsheets = ["Danh sách"]\n[table.given]\nunit = "{unit}"\n',
            encoding="utf-8",
        )
        written = load(path)
    pd.testing.assert_frame_equal(short, written)
    assert short.attrs["load"] == written.attrs["load"]
    assert set(short["unit"]) == {unit}


# --- (f) what is answered is not asked again -------------------------------------------------------------------------


@SOME
@given(content=known.contents(tuple(LOADERS)), layout=known.layouts(), data=st.data())
def test_a_proposed_declaration_answers_what_it_asks(
    tmp_path_factory: pytest.TempPathFactory, content: Content, layout: Layout, data: st.DataObject
) -> None:
    book = known.build(content, layout)
    path = stub(tmp_path_factory.mktemp("declare"))
    with instead_of_a_file(book):
        text = beside(path)
        for _ in range(10):  # an answer may open a further question, never for ever
            proposal = propose(path, book.kind)
            if not proposal.questions:
                break
            lines = [line for line in proposal.questions[0][1] if "…" not in line]
            assert lines, proposal.questions[0]
            chosen = data.draw(st.sampled_from(lines))
            event(f"answered: {chosen.split('=')[0]}")
            text.write_text(answer(proposal.text, 1, chosen), encoding="utf-8")
        else:
            raise AssertionError(proposal.questions)
        before = readings(path, book.kind)
        text.write_text(proposal.text, encoding="utf-8")
        after = readings(path, book.kind)
    assert [q.code for r in after for q in r.questions if q.answers] == []
    one, two = (pd.concat([in_order(r.frame) for r in parts]) for parts in (before, after))
    pd.testing.assert_frame_equal(in_order(one), in_order(two))


# --- (g) what is not known never makes a rate better -----------------------------------------------------------------

_SHARES = {
    "of those finished": ("resolved_within", ("resolved",)),
    "of those due": ("due_within", ("due",)),
    "of those received": ("in_time", ("in_time", "out_of_time")),
}


def shares(found: Reading, clock: str, supplement: str) -> dict[str, float]:
    """Return the share on time over each base, 1 where the base is empty: whatever comes next cannot be better."""
    counts = tally(found.frame.assign(all="x"), "all", as_of="2026-06-30", clock=clock, supplement=supplement).iloc[0]
    bases = {base: (counts[over], sum(counts[u] for u in under)) for base, (over, under) in _SHARES.items()}
    return {base: over / under if under else 1.0 for base, (over, under) in bases.items()}


@SOME
@given(
    content=known.contents(("dossiers",)),
    received=st.integers(0, 200),
    due=st.none() | st.integers(0, 60),
    resolved=st.none() | st.integers(0, 60),
    word=st.sampled_from(("", "Chờ ý kiến", "Tồn từ năm cũ", "???")),
    clock=st.sampled_from(("instant", "date")),
    supplement=st.sampled_from(("subtract", "q766", "ignore")),
)
def test_what_is_not_known_never_raises_a_rate(
    content: Content, received: int, due: int | None, resolved: int | None, word: str, clock: str, supplement: str
) -> None:
    if due is not None and (resolved is not None or not word):
        due = None  # something has to be unknown: the due date, or the state of what has no end
    start = known.FIRST + dt.timedelta(received)
    # before its due day a dossier is in time in whatever state: then nothing is unknown
    assume(due is None or start + dt.timedelta(due) <= dt.date(2026, 6, 30))
    new = dict.fromkeys(content.columns, (None, None))
    new |= {"unit": ("Xã Mẫu An", ""), "received": (start, ""), "outcome": (word, None)}
    new |= {"dossier": ("HS-999", ""), "procedure": ("Đăng ký khai sinh", "")}
    new |= {"due": (start + dt.timedelta(due), "") if due is not None else (None, None)}
    new |= {"resolved": (start + dt.timedelta(resolved), "") if resolved is not None else (None, None)}
    columns = tuple(dict.fromkeys((*content.columns, "outcome")))
    old = [
        {"outcome": ("Đang xử lý" if r["resolved"][0] is None else "Đã trả kết quả", "")} | r for r in content.records
    ]
    few = read(known.build(Content("dossiers", columns, tuple(old)), Layout()))
    more = read(known.build(Content("dossiers", columns, (*old, new)), Layout()))
    assert len(more.frame) == len(few.frame) + 1
    if word:
        assert [q.code for q in more.questions] == ["words-unknown"]
    before, after = (shares(found, clock, supplement) for found in (few, more))
    for base, share in after.items():
        assert share <= before[base] + 1e-12, base
