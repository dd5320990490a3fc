"""Workbooks of which every cell is known: what it holds, what it is, and what has to be read from it.

`contents` draws made-up records, `layouts` the ways an office may lay them out, and `build` puts the two together.
Nothing here is taken from a file of an office; names of people are invented.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from dvresearch.loaders.account import Fate
from dvresearch.loaders.sheets import Odd, Sheet

Place = tuple[int, int]
Fates = frozenset[Fate]

#: Rows that are no records, wherever they stand below a header.
ASIDE: Fates = frozenset((Fate.ASIDE, Fate.SECTION, Fate.TITLE))
UNITS = ("Xã Mẫu An", "Xã Mẫu Bình", "Phường Mẫu Đông")
PEOPLE = ("Nguyễn Văn Mẫu", "Trần Thị Thử", "Lê Văn Ví Dụ", "Phạm Thị Giả", "Hoàng Văn Bịa")
ITEMS = {"q1": "Thời gian giải quyết", "q2": "Thái độ phục vụ", "q3": "Cơ sở vật chất"}
FIRST = dt.date(2026, 1, 5)


@dataclass(frozen=True)
class Fault:
    """An error of a spreadsheet, or a formula whose result was never stored."""

    text: str
    formula: bool = False

    def cell(self) -> Odd:
        """Return what the reader of files makes of it."""
        return Odd(self.text, "formula" if self.formula else "error")


NOT_FOUND, UNCOMPUTED = Fault("#N/A"), Fault("=TODAY()+3", formula=True)


@dataclass(frozen=True)
class Field:
    """A column of a kind of table: its name in the contract, headers it may have, and whether it has to be there."""

    name: str
    headers: tuple[str, ...]
    required: bool = False


KINDS: dict[str, tuple[Field, ...]] = {
    "dossiers": (
        Field("dossier", ("Mã hồ sơ", "Số hồ sơ", "Mã HS")),
        Field("unit", ("Đơn vị", "Tên đơn vị", "UBND xã"), True),
        Field("procedure", ("Thủ tục", "Tên thủ tục hành chính")),
        Field("field", ("Lĩnh vực", "Tên lĩnh vực")),
        Field("channel", ("Hình thức nộp", "Kênh tiếp nhận")),
        Field("received", ("Ngày tiếp nhận", "Ngày nhận hồ sơ", "Ngày nộp"), True),
        Field("due", ("Ngày hẹn trả", "Hạn trả kết quả"), True),
        Field("resolved", ("Ngày trả kết quả", "Ngày có kết quả", "Ngày kết thúc xử lý"), True),
        Field("outcome", ("Trạng thái", "Tình trạng hồ sơ")),
    ),
    "cases": (
        Field("case", ("Mã đơn", "Số đơn"), True),
        Field("unit", ("Đơn vị", "Tên đơn vị"), True),
        Field("kind", ("Loại đơn", "Phân loại"), True),
        Field("field", ("Lĩnh vực",)),
        Field("people", ("Số người", "Số người được tiếp")),
        Field("received", ("Ngày nhận đơn", "Ngày tiếp nhận"), True),
        Field("due", ("Hạn giải quyết", "Ngày hẹn trả"), True),
        Field("resolved", ("Ngày giải quyết xong", "Ngày trả lời"), True),
        Field("outcome", ("Kết quả giải quyết", "Tình trạng")),
    ),
    "targets": (
        Field("indicator", ("Chỉ tiêu", "Tên chỉ tiêu"), True),
        Field("unit", ("Đơn vị", "Tên đơn vị"), True),
        Field("period", ("Năm", "Kỳ"), True),
        Field("planned", ("Kế hoạch", "Kế hoạch giao"), True),
        Field("result", ("Thực hiện", "Kết quả thực hiện"), True),
    ),
    "responses": (
        Field("respondent", ("Mã phiếu", "Số phiếu"), True),
        Field("unit", ("Đơn vị", "Nơi giao dịch"), True),
        Field("answered", ("Ngày trả lời", "Ngày khảo sát")),
        *(Field(item, (header,), True) for item, header in ITEMS.items()),
    ),
    "models": (
        Field("model", ("Mã mô hình", "Số đăng ký"), True),
        Field("unit", ("Đơn vị đăng ký", "Đơn vị"), True),
        Field("states_name", ("Tên mô hình",), True),
        Field("field", ("Lĩnh vực",), True),
        Field("stage", ("Mức đạt", "Giai đoạn")),
        Field("registered_on", ("Ngày đăng ký",), True),
    ),
}

#: Words in the file -> words of the contract.
WORDS: dict[str, dict[str, dict[str, str]]] = {
    "dossiers": {
        "channel": {"Trực tuyến": "online", "Trực tiếp": "counter", "Bưu chính": "post"},
        "done": {"Đã trả kết quả": "granted", "Từ chối giải quyết": "refused"},
        "open": {"Đang xử lý": "open", "Đang giải quyết": "open"},
    },
    "cases": {
        "kind": {"Khiếu nại": "complaint", "Tố cáo": "denunciation", "Tiếp công dân": "reception"},
        "done": {"Đã giải quyết": "handled", "Chuyển đơn": "forwarded"},
        "open": {"Đang giải quyết": "open", "Đang xác minh": "open"},
    },
    "responses": {
        item: {"Rất hài lòng": "very_satisfied", "Hài lòng": "satisfied", "Không hài lòng": "dissatisfied"}
        for item in ITEMS
    },
    "models": {
        "field": {"Kinh tế": "economy", "Quốc phòng - an ninh": "defence_security", "Nông thôn mới": "new_countryside"},
        "stage": {"Đã đăng ký": "registered", "Được công nhận": "recognised", "Tiêu biểu": "exemplary"},
    },
}
TEXTS = {
    "procedure": ("Đăng ký khai sinh", "Chứng thực bản sao", "Cấp giấy phép xây dựng"),
    "field": ("Hộ tịch", "Đất đai", "Xây dựng"),
    "indicator": ("Tỷ lệ hộ dùng nước sạch", "Thu ngân sách", "Số lao động có việc làm", "Diện tích trồng rừng mới"),
    "states_name": ("Tổ tự quản môi trường", "Đường hoa nông thôn", "Camera an ninh"),
}
#: The column whose words name the sections of a list, where the list has no such column.
SECTIONED = {"dossiers", "cases"}


@dataclass(frozen=True)
class Content:
    """Records of one kind: for each, column of the contract -> (what the file holds, what has to be read)."""

    kind: str
    columns: tuple[str, ...]
    records: tuple[dict[str, tuple[Any, Any]], ...]


@st.composite
def contents(draw: st.DrawFn, kinds: Sequence[str] = tuple(KINDS), least: int = 4, faults: bool = False) -> Content:
    """Draw records, with errors of a spreadsheet among their due dates if `faults`."""
    kind = draw(st.sampled_from(kinds))
    optional = [f.name for f in KINDS[kind] if not f.required]
    chosen = draw(st.sets(st.sampled_from(optional))) if optional else set()
    columns = tuple(f.name for f in KINDS[kind] if f.required or f.name in chosen)
    hours, sparse = draw(st.booleans()), draw(st.booleans())
    count = draw(st.integers(least, 12))
    units = sorted(draw(st.lists(st.sampled_from(UNITS), min_size=count, max_size=count)))
    records = []
    for i in range(count):
        known = _record(draw, kind, i, units[i], hours)
        if faults and "due" in known and draw(st.integers(0, 7)) == 0:
            known["due"] = (draw(st.sampled_from((NOT_FOUND, UNCOMPUTED))), None)
        if i and sparse and draw(st.integers(0, 2)) == 0:  # all that need not be there is empty
            known |= dict.fromkeys((*optional, "due", "resolved"), (None, None))
        records.append({name: known[name] for name in columns})
    return Content(kind, columns, tuple(records))


def _record(draw: st.DrawFn, kind: str, i: int, unit: str, hours: bool) -> dict[str, tuple[Any, Any]]:
    """Draw one record with all columns of its kind; what may be empty in a file sometimes is."""

    def word(name: str, group: str = "") -> tuple[str, str]:
        words = WORDS[kind][group or name]
        written = draw(st.sampled_from(sorted(words)))
        return written, words[written]

    def text(name: str) -> tuple[str, str]:
        written = draw(st.sampled_from(TEXTS[name]))
        return written, written

    def moment(days: int) -> tuple[Any, Any]:
        day = FIRST + dt.timedelta(days)
        stamp = dt.datetime.combine(day, dt.time(8 + i % 9, 30)) if hours else day
        return stamp, dt.datetime.combine(day, stamp.time() if isinstance(stamp, dt.datetime) else dt.time())

    start = draw(st.integers(0, 180))
    code = {"dossiers": "HS", "cases": "Đ", "responses": "P", "models": "MH", "targets": "CT"}[kind]
    known: dict[str, tuple[Any, Any]] = {"unit": (unit, unit)}
    number = f"{code}-{i + 1:03d}"
    if kind in ("dossiers", "cases"):
        last = draw(st.none() | st.integers(0, 40)) if i else 5  # in every list something is finished
        known |= {"received": moment(start), "due": moment(start + draw(st.integers(1, 30)))}
        known["resolved"] = (None, None) if last is None else moment(start + last + 1)
        known["outcome"] = word("outcome", "open" if last is None else "done")
        known["field"] = text("field")
    if kind == "dossiers":
        known |= {"dossier": (number, number), "procedure": text("procedure"), "channel": word("channel")}
    elif kind == "cases":
        people = draw(st.integers(1, 4))
        known |= {"case": (number, number), "kind": word("kind"), "people": (people, float(people))}
    elif kind == "targets":
        plan, done = draw(st.integers(10, 90)), draw(st.integers(10, 90))
        name = f"{draw(st.sampled_from(TEXTS['indicator']))} nhóm {i + 1}"
        known |= {"indicator": (name, name), "period": (2026, "2026")}
        known |= {"planned": (plan, float(plan)), "result": (done, float(done))}
    elif kind == "responses":
        day = FIRST + dt.timedelta(start)
        known |= {"respondent": (number, number), "answered": (day, dt.datetime.combine(day, dt.time()))}
        known |= {item: word(item) for item in ITEMS}
    else:
        day = FIRST + dt.timedelta(start)
        known |= {"model": (number, number), "field": word("field"), "stage": word("stage")}
        known |= {"registered_on": (day, dt.datetime.combine(day, dt.time()))}
        known["states_name"] = (text("states_name")[0], True)
    return known


def shown_only(content: Content) -> Content:
    """Return records in which every formula without a result is an error that shows."""
    shown = [
        {n: (NOT_FOUND, right) if isinstance(cell, Fault) else (cell, right) for n, (cell, right) in record.items()}
        for record in content.records
    ]
    return Content(content.kind, content.columns, tuple(shown))


@dataclass(frozen=True)
class Layout:
    """How records are laid out.

    Parameters
    ----------
    orders : tuple of int
        A number for each table of the workbook, from which the order of its columns follows.
    spellings : tuple of int
        For each table, which of the headers of a column it uses.
    tables : tuple of str
        For each table after the first, ``"sheet"`` or ``"below"``: where it stands.
    titles : int
        Rows of words above the header.
    tiers : int
        Rows of the header.
    numbering : {"", "(1)", "1", "A"}
        How a row below the header numbers the columns.
    serial, personal, unused : bool
        Whether there are further columns: of running numbers, of persons, of other things.
    again : bool
        Whether the header is repeated within the list, as on a new page.
    sections : bool
        Whether headings part the list.
    total : {"", "word", "count", "sum"}
        A last row of the list.
    below : {"", "note", "signature", "both"}
        What stands below the list.
    merged_down : bool
        Whether the unit is written once and merged over its rows.
    decoys : tuple of str
        Other sheets: ``"list"``, ``"text"``, ``"summary"``.
    gap : bool
        Whether an empty row parts the list.
    left : int
        Empty columns before the table.
    below_header : bool
        Whether an empty row stands below the header.
    wide_sections : bool
        Whether headings are merged over the whole width.
    subtotals : bool
        Whether each section ends in a row that adds it up.
    merges : bool
        Whether cells are merged; otherwise only their first cell holds something, as in text.
    """

    orders: tuple[int, ...] = (0,)
    spellings: tuple[int, ...] = (0,)
    tables: tuple[str, ...] = ()
    titles: int = 2
    tiers: int = 1
    numbering: str = ""
    serial: bool = True
    personal: bool = False
    unused: bool = False
    again: bool = False
    sections: bool = False
    total: str = ""
    below: str = ""
    merged_down: bool = False
    decoys: tuple[str, ...] = ()
    gap: bool = False
    left: int = 0
    below_header: bool = False
    wide_sections: bool = False
    subtotals: bool = False
    merges: bool = True


@st.composite
def layouts(draw: st.DrawFn, merges: bool = True, sheets: bool = True) -> Layout:
    """Draw a layout; without merged cells, or on one sheet, where a format has no others."""
    where = st.sampled_from(("sheet", "below") if sheets else ("below",))
    tables = tuple(draw(st.lists(where, max_size=2)))
    numbers = st.lists(st.integers(0, 5), min_size=len(tables) + 1, max_size=len(tables) + 1).map(tuple)
    return Layout(
        orders=draw(numbers),
        spellings=draw(numbers),
        tables=tables,
        titles=draw(st.integers(0, 4)),
        tiers=draw(st.integers(1, 3)),
        numbering=draw(st.sampled_from(("", "(1)", "1", "A"))),
        serial=draw(st.booleans()),
        personal=draw(st.booleans()),
        unused=draw(st.booleans()),
        again=draw(st.booleans()),
        sections=draw(st.booleans()),
        total=draw(st.sampled_from(("", "word", "count", "sum"))),
        below=draw(st.sampled_from(("", "note", "signature", "both"))),
        merged_down=(joined := merges and draw(st.booleans())) and draw(st.booleans()),
        decoys=tuple(draw(st.lists(st.sampled_from(("list", "text", "summary")), unique=True))) if sheets else (),
        gap=draw(st.booleans()),
        left=draw(st.sampled_from((0, 0, 0, 1, 2))),
        below_header=draw(st.integers(0, 4)) == 4,
        wide_sections=draw(st.booleans()),
        subtotals=draw(st.integers(0, 3)) == 3,
        merges=joined,
    )


@dataclass
class Page:
    """A sheet: cell -> what it holds, and cell -> the fates that are right for it.

    Everything is written `left` columns further to the right, and nothing is merged unless `merges`.
    """

    name: str
    cells: dict[Place, Any] = field(default_factory=dict)
    fates: dict[Place, Fates] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    height: int = 0
    left: int = 0
    merges: bool = True

    def put(self, row: int, column: int, value: Any, *fates: Fate) -> None:
        """Write a cell, unless there is nothing to write."""
        self.height = max(self.height, row + 1)
        if value is not None and value != "":
            self.cells[row, self.left + column] = value
            self.fates[row, self.left + column] = frozenset(fates)

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Merge cells, if there are several; a range that grows downward replaces what it was."""
        if self.merges and (top, left) != (bottom, right):
            left, right = self.left + left, self.left + right
            self.merged = [m for m in self.merged if m[:2] != (top, left)] + [(top, left, bottom, right)]

    def grid(self) -> list[list[Any]]:
        """Return the cells row by row, empty ones as ``""``."""
        width = max((c for _, c in self.cells), default=0) + 1
        height = max((r for r, _ in self.cells), default=0) + 1
        return [[self.cells.get((r, c), "") for c in range(width)] for r in range(height)]

    def sheet(self, file: str) -> Sheet:
        """Return the sheet as the reader of files hands it over: without the empty rows and columns before it."""
        grid = [[c.cell() if isinstance(c, Fault) else c for c in row] for row in self.grid()]
        top = min((r for r, _ in self.cells), default=0)
        left = min((c for _, c in self.cells), default=0)
        columns = [list(c) for c in zip(*(row[left:] for row in grid[top:]), strict=True)]
        merged = tuple((a - top, b - left, c - top, d - left) for a, b, c, d in self.merged)
        return Sheet(file, self.name, columns, top + 1, left + 1, merged)


@dataclass
class Book:
    """A workbook and its truth: the records by sheet and row, both counted from 0."""

    kind: str
    columns: tuple[str, ...]
    pages: list[Page] = field(default_factory=list)
    records: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    #: (sheet, row, column of the file) -> column of the contract, for cells of records
    names: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def sheets(self, file: str = "so-lieu.xlsx") -> list[Sheet]:
        """Return all sheets as the reader of files hands them over."""
        return [page.sheet(file) for page in self.pages]

    def without(self, page: str, place: Place) -> Book:
        """Return the workbook with one cell emptied."""
        pages = []
        for old in self.pages:
            cells = {p: v for p, v in old.cells.items() if (old.name, p) != (page, place)}
            fates = {p: f for p, f in old.fates.items() if p in cells}
            pages.append(replace(old, cells=cells, fates=fates))
        return Book(self.kind, self.columns, pages, self.records, self.names)


def build(content: Content, layout: Layout) -> Book:
    """Lay records out."""
    lead = "field" if layout.sections and content.kind in SECTIONED else ""
    columns = tuple(c for c in content.columns if c != lead)
    book = Book(content.kind, (*columns, *((lead,) if lead else ())))
    parts = len(layout.tables) + 1
    size = -(-len(content.records) // parts)
    shares = [content.records[i * size : (i + 1) * size] for i in range(parts)]
    page = Page("Danh sách", left=layout.left, merges=layout.merges)
    book.pages.append(page)
    for number, records in enumerate(shares):
        if not records:
            continue
        first = number == 0 or layout.tables[number - 1] == "sheet"
        if number and first:
            page = Page(f"Trang {number + 1}", left=layout.left, merges=layout.merges)
            book.pages.append(page)
        _Table(book, page, content, layout, number, columns, lead).write(list(records), first)
    for decoy in layout.decoys:
        book.pages.append(_decoy(decoy))
    return book


def _decoy(kind: str) -> Page:
    page = Page({"list": "Danh mục", "text": "Hướng dẫn", "summary": "Tổng hợp"}[kind])
    if kind == "list":
        rows = [("Mã", "Tên lĩnh vực"), *((f"LV{i}", t) for i, t in enumerate(TEXTS["field"], 1))]
    elif kind == "summary":
        rows = [("Đơn vị", "Tổng số", "Đúng hạn"), *((unit, 12, 9) for unit in UNITS), ("Cộng", 36, 27)]
    else:
        rows = [("Cách điền bảng:",), ("Mỗi hồ sơ ghi một dòng.",), ("Ô không biết thì để trống.",)]
    for row, line in enumerate(rows):
        for column, text in enumerate(line):
            page.put(row, column, text, Fate.UNREAD)
    return page


class _Table:
    """One table that is written on a page."""

    def __init__(
        self, book: Book, page: Page, content: Content, layout: Layout, number: int, columns: Sequence[str], lead: str
    ) -> None:
        self.book, self.page, self.content, self.layout, self.number = book, page, content, layout, number
        self.lead = lead
        order = sorted(columns, key=lambda c: (columns.index(c) * (2 * layout.orders[number] + 1) + number) % 11)
        extra = ["!person", "!phone"] * layout.personal + ["!other"] * layout.unused
        for at, name in enumerate(extra):
            order.insert(1 + (at * 2 + layout.orders[number]) % len(order), name)
        self.order = ["!serial"] * layout.serial + order

    def header(self, name: str) -> str:
        """Return what stands above a column."""
        others = {
            "!serial": ("STT", "TT"),
            "!person": ("Họ và tên người nộp", "Người nộp"),
            "!phone": ("Số điện thoại", "Điện thoại"),
            "!other": ("Số tờ", "Mã vạch"),
        }
        known = others.get(name) or next(f.headers for f in KINDS[self.content.kind] if f.name == name)
        return known[self.layout.spellings[self.number] % len(known)]

    def write(self, records: list[dict[str, tuple[Any, Any]]], first: bool) -> None:
        """Write the whole table, from the words above it to those below."""
        page, layout = self.page, self.layout
        row = page.height if first else page.height + 2
        words = ("ỦY BAN NHÂN DÂN XÃ MẪU", "DANH SÁCH THEO DÕI", "Từ ngày 01/01/2026 đến ngày 31/12/2026", "Bản in 1")
        for text in words[: layout.titles]:
            page.put(row, 0, text, *((Fate.TITLE,) if first else ASIDE))
            page.merge(row, 0, row, len(self.order) - 1)
            row += 1
        row = self.heads(row)
        if layout.numbering:
            for at in range(len(self.order)):
                text: Any = {"(1)": f"({at + 1})", "1": at + 1, "A": "ABCDEFGHIJKLM"[at]}[layout.numbering]
                if layout.numbering == "A" and at > 1:
                    text = at - 1
                page.put(row, at, text, Fate.ASIDE)
            row += 1
        row = self.body(row + layout.below_header, records)
        row = self.total(row, records, layout.total, "Tổng")
        self.below(row)

    def heads(self, row: int) -> int:
        """Write the header and return the next row."""
        page, tiers = self.page, self.layout.tiers
        middle = max(1, len(self.order) // 2) if tiers > 1 else len(self.order)
        for at, name in enumerate(self.order):
            if at < middle:
                page.put(row, at, self.header(name), Fate.HEADER)
                page.merge(row, at, row + tiers - 1, at)
            else:
                page.put(row + tiers - 1, at, self.header(name), Fate.HEADER)
        for tier in range(tiers - 1):
            page.put(row + tier, middle, ("Phần theo dõi", "Trong đó")[tier], Fate.HEADER)
            page.merge(row + tier, middle, row + tier, len(self.order) - 1)
        return row + tiers

    def body(self, row: int, records: list[dict[str, tuple[Any, Any]]]) -> int:
        """Write the records with what stands between them, and return the next row."""
        page, layout = self.page, self.layout
        if self.lead:
            records = sorted(records, key=lambda r: r.get(self.lead, ("",))[0] or TEXTS["field"][0])
        groups: dict[str, list[dict[str, tuple[Any, Any]]]] = {}
        section, merge_from = "", -1
        for i, record in enumerate(records):
            kept = {name: right for name, (_, right) in record.items()}
            if layout.sections and self.content.kind != "responses":
                named = record.get(self.lead, ("",))[0] or TEXTS["field"][0] if self.lead else "Nhóm thứ nhất"
                if named != section:
                    if layout.subtotals and section:
                        row = self.total(row, groups[section], "sum", "Cộng")
                    section, merge_from = named, -1
                    text = f"Lĩnh vực: {named}" if self.lead else "Nhóm thứ nhất"
                    at = 1 if layout.serial else 0
                    if at:
                        page.put(row, 0, ("I", "II", "III")[len(groups) % 3], *ASIDE)
                    page.put(row, at, text, *ASIDE)
                    if layout.wide_sections:
                        page.merge(row, at, row, len(self.order) - 1)
                    groups[named] = []
                    row += 1
                groups[named].append(record)
                if self.lead:
                    kept["field"] = named
            if i == len(records) // 2 and i:
                if layout.gap and not layout.again:
                    row, merge_from = row + 1, -1
                if layout.again:
                    row, merge_from = self.heads(row), -1
            for at, name in enumerate(self.order):
                if (
                    name == "unit"
                    and layout.merged_down
                    and merge_from >= 0
                    and records[i - 1]["unit"] == record["unit"]
                ):
                    page.merge(merge_from, at, row, at)
                    continue
                if name == "unit":
                    merge_from = row
                self.cell(row, at, name, record, i)
            self.book.records[page.name, row] = kept
            row += 1
        return row

    def cell(self, row: int, at: int, name: str, record: dict[str, tuple[Any, Any]], i: int) -> None:
        """Write one cell of a record."""
        others = {"!serial": i + 1, "!person": PEOPLE[i % 5], "!phone": f"09{i % 10}1234{i:03d}", "!other": f"T{i}"}
        if name in others:
            self.page.put(row, at, others[name], Fate.LEFT_OUT)
            return
        written = record[name][0]
        self.page.put(row, at, written, Fate.PROBLEM if isinstance(written, Fault) else Fate.VALUE)
        self.book.names[self.page.name, row, self.page.left + at] = name

    def total(self, row: int, records: list[dict[str, tuple[Any, Any]]], total: str, word: str) -> int:
        """Write a row that adds up records and return the next row."""
        page = self.page
        if not total or self.content.kind in ("responses", "targets"):
            return row
        at = 1 if self.layout.serial else 0
        if total == "sum" and "people" in self.order and self.order.index("people") > at:
            page.put(row, at, f"{word} cộng" if word == "Tổng" else word, *ASIDE)
            page.put(row, self.order.index("people"), sum(r["people"][0] or 0 for r in records), *ASIDE)
        elif total == "count" and len(self.order) > at + 2:
            page.put(row, at, f"{word} số", *ASIDE)
            page.put(row, at + 2, len(records), *ASIDE)
        else:
            page.put(row, at, f"{word} cộng: {len(records)}" if word == "Tổng" else f"{word}: {len(records)}", *ASIDE)
        return row + 1

    def below(self, row: int) -> None:
        """Write what stands below the list."""
        page, below = self.page, self.layout.below
        if below in ("note", "both"):
            page.put(row + 1, 0, "Ghi chú: số liệu lấy từ phần mềm một cửa ngày 31/12/2026.", *ASIDE)
            row += 2
        if below in ("signature", "both"):
            right = len(self.order) - 1
            page.put(row + 1, 0, "Người lập biểu", *ASIDE)
            page.put(row + 1, right, "Chủ tịch", *ASIDE)
            page.put(row + 2, right, "(Ký, ghi rõ họ tên)", *ASIDE)
            page.put(row + 4, 0, PEOPLE[0], *ASIDE)
            page.put(row + 4, right, PEOPLE[1], *ASIDE)


# --- files -----------------------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """Return a cell as text shows it."""
    match value:
        case dt.datetime():
            return f"{value:%d/%m/%Y %H:%M}"
        case dt.date():
            return f"{value:%d/%m/%Y}"
        case float():
            return f"{value:g}".replace(".", ",")
        case Fault(text, formula):
            return "" if formula else text
        case _:
            return str(value)


def _spans(page: Page) -> tuple[dict[Place, tuple[int, int]], set[Place]]:
    """Return cell -> rows and columns it covers, and the cells that are covered."""
    spans = {(a, b): (c - a + 1, d - b + 1) for a, b, c, d in page.merged}
    covered = {(r, c) for a, b, e, f in page.merged for r in range(a, e + 1) for c in range(b, f + 1)} - set(spans)
    return spans, covered


def xlsx(book: Book, path: Path) -> None:
    """Write a workbook with openpyxl."""
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for page in book.pages:
        sheet = workbook.create_sheet(page.name)
        for (row, column), value in page.cells.items():
            sheet.cell(row + 1, column + 1, value.text if isinstance(value, Fault) else value)
        for top, left, bottom, right in page.merged:
            sheet.merge_cells(None, top + 1, left + 1, bottom + 1, right + 1)
    workbook.save(path)


def _ods_cell(value: Any, attributes: str) -> str:
    match value:
        case dt.datetime():
            kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        case dt.date():
            kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        case int() | float():
            kind = f'office:value-type="float" office:value="{value}"'
        case Fault(formula=True):
            return f'<table:table-cell{attributes} table:formula="of:{escape(value.text)}"/>'
        case Fault():
            kind = (
                'table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"'
            )
        case "":
            return f"<table:table-cell{attributes}/>"
        case _:
            kind = 'office:value-type="string"'
    return f"<table:table-cell{attributes} {kind}><text:p>{escape(shown(value))}</text:p></table:table-cell>"


def ods(book: Book, path: Path) -> None:
    """Write an OpenDocument workbook by hand, as its standard has it."""
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    tables = []
    for page in book.pages:
        spans, covered = _spans(page)
        lines = []
        for r, row in enumerate(page.grid()):
            cells = []
            for c, value in enumerate(row):
                if (r, c) in covered:
                    cells.append("<table:covered-table-cell/>")
                    continue
                down, across = spans.get((r, c), (1, 1))
                span = f' table:number-rows-spanned="{down}" table:number-columns-spanned="{across}"'
                cells.append(_ods_cell(value, span if down * across > 1 else ""))
            lines.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
        tables.append(f'<table:table table:name="{escape(page.name)}">{"".join(lines)}</table:table>')
    names = " ".join(f'xmlns:{n}="{urn}:{n}:1.0"' for n in ("office", "table", "text"))
    extended = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    body = f"<office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body>"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", mime)
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names} {extended} office:version="1.3">'
            f"{body}</office:document-content>",
        )
        archive.writestr(
            "META-INF/manifest.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{urn}:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>'
            '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
            "</manifest:manifest>",
        )


def text(book: Book, path: Path) -> None:
    """Write the first sheet as text with semicolons."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\n").writerows([map(shown, row) for row in book.pages[0].grid()])
    path.write_text(out.getvalue(), encoding="utf-8-sig")


def html(book: Book, path: Path) -> None:
    """Write every sheet as a table of a web page, as software of offices does under the name ``.xls``."""
    tables = []
    for page in book.pages:
        spans, covered = _spans(page)
        lines = []
        for r, row in enumerate(page.grid()):
            cells = []
            for c, value in enumerate(row):
                if (r, c) in covered:
                    continue
                down, across = spans.get((r, c), (1, 1))
                span = f' rowspan="{down}"' * (down > 1) + f' colspan="{across}"' * (across > 1)
                cells.append(f"<td{span}>{escape(shown(value))}</td>")
            lines.append(f"<tr>{''.join(cells)}</tr>")
        tables.append(f"<table border=1>{''.join(lines)}</table>")
    start = '<html><head><meta charset="utf-8"></head><body>'
    path.write_text(f"{start}{'<br>'.join(tables)}</body></html>", encoding="utf-8")


def docx(book: Book, path: Path) -> None:
    """Write every sheet as a table of a Word file."""
    import docx as word

    document = word.Document()
    for page in book.pages:
        grid = page.grid()
        table = document.add_table(len(grid), len(grid[0]))
        cells = [list(row.cells) for row in table.rows]
        for r, row in enumerate(grid):
            for c, value in enumerate(row):
                if value != "":
                    cells[r][c].text = shown(value)
        for top, left, bottom, right in page.merged:
            if bottom < len(grid) and right < len(grid[0]):
                cells[top][left].merge(cells[bottom][right])
        document.add_paragraph("")
    document.save(str(path))


WRITERS: dict[str, Callable[[Book, Path], None]] = {"xlsx": xlsx, "ods": ods, "csv": text, "xls": html, "docx": docx}


def places(book: Book) -> Iterable[tuple[str, Place]]:
    """Return every cell that holds something."""
    return [(page.name, place) for page in book.pages for place in page.cells]
