"""Write a table as offices do: titles above it, a header of several rows, totals in between, notes below.

What comes out is for trying the loaders; reading it gives back the table that went in.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from dvresearch import codebook, workbook
from dvresearch.errors import ParameterError
from dvresearch.examples.office import NOTICE, require_mark
from dvresearch.loaders.headers import column_names, key
from dvresearch.tables import DOSSIERS, Column, Table
from dvresearch.text import format_number, plain
from dvresearch.text.legacy import FONTS
from dvresearch.text.letters import TONES

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Mess", "write_office"]

_TITLES = (
    "UBND TỈNH MẪU (GIẢ LẬP)",
    "DANH SÁCH: {table}",
    "(Ban hành kèm theo mẫu giả lập)",
    "Đơn vị tính: hồ sơ",
)
_NOTES = ("Ghi chú: số liệu giả lập, không có thật.", "Người lập biểu", "(Ký, ghi rõ chức vụ)")
#: Words above the columns in a header of two or three rows.
_GROUPS = {
    "Hồ sơ": ("dossier", "procedure", "field", "channel"),
    "Thời gian": ("received", "due", "resolved"),
    "Xử lý": ("outcome", "supplement_days", "supplement_requests"),
}
_DATES = {"text": "%d/%m/%Y", "two_digits": "%d/%m/%y", "dashes": "%d-%m-%Y", "iso": "%Y-%m-%d"}
_EPOCH = pd.Timestamp(1899, 12, 30)
_SEPARATED = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Mess:
    """How an office spoils a table on its way into a file; :meth:`draw` makes one up.

    Parameters
    ----------
    titles, blank_columns, sheets : int
        Title rows below the notice, empty columns before the table, further sheets (workbooks only).
    header_rows : int
        1; 2 with merged groups above the names; 3 with a heading above those.
    headers : {"label", "alias", "english", "bare", "decomposed"}
        Names of columns: the Vietnamese label, any name of the codebook, English, without
        diacritics, letters and marks apart.
    dates : {"cell", "text", "two_digits", "dashes", "iso", "serial"}
        Dates as such (workbooks), in digits of four kinds, or as day numbers.
    numbers : {"cell", "text"}
        Numbers as such, or as text with a decimal comma.
    missing : str
        What stands for nothing known.
    numbering, serial, applicants, subtotals, total, notes : bool
        A row ``(1) (2) (3)``, a column STT, a column with (made up) applicants, a row after each unit, a row at
        the end, remarks below.
    encoding : {"utf-8", "utf-8-sig", "utf-16", "windows-1258", "tcvn3"}
        Of a text file.
    delimiter : str
        Between the cells of a text file.
    """

    titles: int = 0
    blank_columns: int = 0
    sheets: int = 0
    header_rows: int = 1
    headers: Literal["label", "alias", "english", "bare", "decomposed"] = "label"
    dates: Literal["cell", "text", "two_digits", "dashes", "iso", "serial"] = "text"
    numbers: Literal["cell", "text"] = "cell"
    missing: str = ""
    numbering: bool = False
    serial: bool = False
    applicants: bool = False
    subtotals: bool = False
    total: bool = False
    notes: bool = False
    encoding: Literal["utf-8", "utf-8-sig", "utf-16", "windows-1258", "tcvn3"] = "utf-8-sig"
    delimiter: str = ";"

    @classmethod
    def draw(cls, seed: int) -> Mess:
        """Return the mess of a seed."""
        rng = np.random.default_rng([seed, 3])
        yes = rng.random(6) < 0.5

        def one(*words: Any) -> Any:
            return words[rng.integers(len(words))]

        return cls(
            titles=int(rng.integers(0, len(_TITLES) + 1)),
            blank_columns=int(rng.integers(0, 3)),
            sheets=int(rng.integers(0, 3)),
            header_rows=int(rng.integers(1, 4)),
            headers=one("label", "alias", "alias", "english", "bare", "decomposed"),
            dates=one("cell", "text", "text", "two_digits", "dashes", "iso", "serial"),
            numbers=one("cell", "text"),
            missing=one("", "", "-", "…", "x"),
            numbering=bool(yes[0]),
            serial=bool(yes[1]),
            applicants=bool(yes[2]),
            subtotals=bool(yes[3]),
            total=bool(yes[4]),
            notes=bool(yes[5]),
            encoding=one("utf-8", "utf-8-sig", "utf-16", "windows-1258", "tcvn3"),
            delimiter=one(";", ",", "\t"),
        )


def write_office(
    frame: pd.DataFrame, path: str | Path, *, table: Table = DOSSIERS, mess: Mess | None = None, seed: int = 0
) -> Path:
    """Write synthetic records the way an office exports them.

    Parameters
    ----------
    frame : DataFrame
        Rows of `table`, all of them made up. The file has the columns of `frame`, in their order.
    path : str or Path
        ``.xlsx``, ``.csv``, ``.tsv`` or ``.txt``; the name has to hold ``gia-lap`` or ``synthetic``.
    table : Table, default DOSSIERS
        The contract of `frame`.
    mess : Mess, optional
        How the file looks; drawn from `seed` when not given.
    seed : int, default 0
        Decides what is left open; the same seed gives the same bytes.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ParameterError
        When the name does not say that the data are synthetic, or the file would be of another kind.
    """
    path = Path(path)
    require_mark(path)
    mess = mess or Mess.draw(seed)
    text = path.suffix in _SEPARATED
    if not text and path.suffix != ".xlsx":
        raise ParameterError("example-file-kind", got=path.suffix)
    grid = _lay_out(frame, table, mess, np.random.default_rng([seed, 4]), text=text)
    if text:
        path.write_bytes(_encoded(grid.rows, mess))
    else:
        _save(grid, path, mess)
    return path


# --- the cells --------------------------------------------------------------------------------------------------------


@dataclass
class _Grid:
    """Rows of cells, and ranges to be merged: first row, first column, last row, last column, from 1."""

    rows: list[list[Any]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def _lay_out(frame: pd.DataFrame, table: Table, mess: Mess, rng: np.random.Generator, *, text: bool) -> _Grid:
    names = list(frame.columns)
    head = [_header(table.column(name), table, mess, rng) for name in names]
    columns = [_cells(frame[name], table.column(name), mess, rng, text=text) for name in names]
    groups = [next((g for g, members in _GROUPS.items() if name in members), None) for name in names]
    if mess.applicants:
        head.append("Người nộp hồ sơ")
        columns.append([f"Người nộp mẫu {i:04}" for i in rng.integers(1, 10_000, len(frame))])
        groups.append(None)
    if mess.serial:
        head.insert(0, "STT")
        columns.insert(0, list(range(1, len(frame) + 1)))
        groups.insert(0, None)

    about = codebook.label("table", table.name).upper()
    grid = _Grid([[NOTICE], *([title.format(table=about)] for title in _TITLES[: mess.titles])])
    if mess.titles:
        grid.rows.append([])
    _add_header(grid, head, groups, mess)
    if mess.numbering:
        grid.rows.append([f"({i})" for i in range(1, len(head) + 1)])
    records = list(zip(*columns, strict=True))
    last = _last_of_unit(frame) if mess.subtotals else {}
    for i, record in enumerate(records):
        grid.rows.append(list(record))
        if i in last:
            grid.rows.append(_total(f"Cộng {frame['unit'].iloc[i]}", last[i], len(head)))
    if mess.total:
        grid.rows.append(_total("Tổng cộng", len(frame), len(head)))
    if mess.notes:
        grid.rows += [[], *([note] for note in _NOTES)]
    shift = mess.blank_columns
    grid.rows = [[None] * shift + row for row in grid.rows]
    grid.merged = [(a, b + shift, c, d + shift) for a, b, c, d in grid.merged]
    return grid


def _add_header(grid: _Grid, head: list[str], groups: Sequence[str | None], mess: Mess) -> None:
    """Add one to three header rows; names without a group stand over all of them."""
    first = len(grid.rows) + 1
    if mess.header_rows == 1:
        grid.rows.append(list(head))
        return
    top = first + mess.header_rows - 2  # the row of the groups
    if mess.header_rows == 3:
        grid.rows.append(["Danh sách hồ sơ", *[None] * (len(head) - 1)])
        grid.merged.append((first, 1, first, len(head)))
    upper: list[Any] = [name if group is None else None for name, group in zip(head, groups, strict=True)]
    start = 0
    while start < len(head):
        stop = start + 1
        while stop < len(head) and groups[stop] == groups[start] is not None:
            stop += 1
        if groups[start] is None:
            grid.merged.append((top, start + 1, top + 1, start + 1))
        else:
            upper[start] = groups[start]
            if stop > start + 1:
                grid.merged.append((top, start + 1, top, stop))
        start = stop
    grid.rows += [upper, [None if group is None else name for name, group in zip(head, groups, strict=True)]]


def _header(column: Column, table: Table, mess: Mess, rng: np.random.Generator) -> str:
    entries = {e.code: e for e in codebook.entries("column")}
    entry = entries.get(f"{table.name}.{column.name}") or entries.get(column.name)
    if entry is None:  # the items of a questionnaire
        return column.name
    known = column_names(table)
    name = _named(entry, [a for a in entry.aliases if known.get(key(a)) == column.name], mess, rng)
    if mess.headers == "bare":
        return plain(name).upper()
    return unicodedata.normalize("NFD", name) if mess.headers == "decomposed" else name


def _named(entry: codebook.Entry, aliases: Sequence[str], mess: Mess, rng: np.random.Generator) -> str:
    if mess.headers == "english":
        return entry.label_en
    name = str(rng.choice([entry.label_vi, *aliases])) if mess.headers == "alias" else entry.label_vi
    return name[:1].upper() + name[1:]


def _cells(values: pd.Series, column: Column, mess: Mess, rng: np.random.Generator, *, text: bool) -> list[Any]:
    missing = values.isna().to_numpy()
    if column.kind in ("date", "time"):
        cells = _dates(values, mess, text=text)
    elif column.kind in ("count", "number", "share"):
        written = mess.numbers == "text" or text
        cells = [_number(v) if written else v for v in values]
    elif column.kind == "yesno":
        cells = ["Có" if v else "Không" for v in values.fillna(False)]
    elif column.kind == "stated":
        texts = [f"Nội dung giả lập {i:04}" for i in rng.integers(1, 10_000, len(values))]
        cells, missing = texts, ~values.to_numpy(dtype=bool)
    else:
        entries = {word: codebook.get("value", column.entry(word)) for word in column.words}
        words = {word: _named(entry, entry.aliases, mess, rng) for word, entry in entries.items()}
        cells = [words.get(v, workbook.safe(v)) for v in values]
    ticked = column.kind in ("yesno", "stated", "date", "time") or bool(column.words)  # there "x" says something
    nothing = "" if ticked and mess.missing == "x" else mess.missing
    return [nothing if gone else cell for gone, cell in zip(missing, cells, strict=True)]


def _number(value: float) -> str:
    """Return `value` as 1.234,5, with all its digits."""
    decimals = len(np.format_float_positional(value, trim="-").partition(".")[2]) if value == value else 0
    return format_number(value, decimals)


def _dates(values: pd.Series, mess: Mess, *, text: bool) -> list[Any]:
    known = values.dropna()
    hours = not (known == known.dt.normalize()).all()
    seconds = bool(hours and (known.dt.second != 0).any())
    if mess.dates == "serial":
        days = (values - _EPOCH) / pd.Timedelta(days=1)
        return [str(d).removesuffix(".0").replace(".", ",") for d in days] if text else days.tolist()
    if mess.dates == "cell" and not text:
        return [v.to_pydatetime() if hours else v.date() for v in values.where(values.notna(), _EPOCH)]
    form = _DATES.get(mess.dates, _DATES["text"]) + (" %H:%M" if hours else "") + (":%S" if seconds else "")
    return values.dt.strftime(form).tolist()


def _last_of_unit(frame: pd.DataFrame) -> dict[int, int]:
    """Return after which rows a subtotal stands, and what it says, where the rows of each unit stand together."""
    if "unit" not in frame or frame["unit"].isna().any():
        return {}
    ends = np.flatnonzero((frame["unit"] != frame["unit"].shift(-1)).to_numpy())
    if len(ends) != frame["unit"].nunique():
        return {}
    return dict(zip(ends.tolist(), np.diff(ends, prepend=-1).tolist(), strict=True))


def _total(label: str, count: int, width: int) -> list[Any]:
    return [label, count, *[None] * (width - 2)]


# --- the file ---------------------------------------------------------------------------------------------------------


def _save(grid: _Grid, path: Path, mess: Mess) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    before = mess.sheets // 2
    for i in range(before):
        _guide(book.create_sheet(f"Hướng dẫn {i + 1}"))
    sheet = book.create_sheet("Giả lập")
    for row in grid.rows:
        sheet.append(row)
    for first_row, first_column, last_row, last_column in grid.merged:
        sheet.merge_cells(start_row=first_row, start_column=first_column, end_row=last_row, end_column=last_column)
    for i in range(before, mess.sheets):
        _guide(book.create_sheet(f"Danh mục {i + 1}"))
    workbook.save(book, path)


def _guide(sheet: Worksheet) -> None:
    for line in (NOTICE, "Cách ghi: mỗi hồ sơ một dòng.", "Ngày ghi theo dạng ngày/tháng/năm."):
        sheet.append([line])


def _encoded(rows: list[list[Any]], mess: Mess) -> bytes:
    width = max(map(len, rows))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mess.delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([*row, *[None] * (width - len(row))])
    text = out.getvalue()
    if mess.encoding == "windows-1258":
        return _apart(text).encode("cp1258")
    if mess.encoding == "tcvn3":
        return _typed_for_tcvn3(text).encode("latin-1")
    return text.encode(mess.encoding)


def _apart(text: str) -> str:
    """Return `text` with tone marks behind their letters, as Windows-1258 holds them."""
    out = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(c for c in parts if c in TONES)
        out.append(unicodedata.normalize("NFC", "".join(c for c in parts if c not in TONES)) + tones)
    return "".join(out)


def _typed_for_tcvn3(text: str) -> str:
    """Return `text` in the codes of a TCVN3 font; it has no capitals with a tone, so small letters stand for them."""
    codes = {letter: code for code, letter in FONTS["tcvn3"][1].items()}
    text = unicodedata.normalize("NFC", text).replace("…", "...")
    return "".join(codes.get(c) or codes.get(c.lower(), c) for c in text)
