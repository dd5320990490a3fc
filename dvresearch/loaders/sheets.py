"""Tables in files as they are: a grid of cells with the place of each in the file.

Excel and OpenDocument workbooks, text with separators, Parquet and the tables of a Word
file all become `Sheet` objects; nothing is interpreted here except the letters. Text in an
old encoding or typed for an old font is turned into Unicode, and the sheet says so.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvresearch.errors import DataError
from dvresearch.loaders.guard import LIMITS, Limits, container, open_apart, refuse, shown_name
from dvresearch.privacy import holds_person
from dvresearch.text import legacy_font, nfc, repair

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LoadReport", "Note", "Odd", "Sheet", "column_letters", "count_cells", "decode", "filled", "filled_down",
    "guess_delimiter", "lines", "parse_text", "read_sheets", "texts",
]  # fmt: skip


@dataclass(frozen=True)
class Note:
    """A remark about how a file was read; its sentence is in the codebook, kind ``check``."""

    code: str
    detail: str = ""


class Odd(str):
    """A cell that holds something which cannot be used.

    Parameters
    ----------
    text : str
        What a spreadsheet shows (``#N/A``), or the formula (``=F2+5``; ``=…`` where the file does not tell it).
    kind : {"error", "formula", "struck"}
        A failed formula, one whose result was never stored, or a text that is struck through; such a one equals no
        text that was typed.
    """

    kind: str

    def __new__(cls, text: str, kind: str) -> Odd:
        """Make a text that knows its kind."""
        odd = super().__new__(cls, text)
        odd.kind = kind
        return odd

    def __reduce__(self) -> tuple[Any, ...]:
        return Odd, (str(self), self.kind)

    def __eq__(self, other: object) -> bool:
        struck = self.kind == "struck" or (isinstance(other, Odd) and other.kind == "struck")
        return str.__eq__(self, other) is True and (not struck or (isinstance(other, Odd) and self.kind == other.kind))

    def __hash__(self) -> int:
        return hash((str(self), "struck")) if self.kind == "struck" else str.__hash__(self)


class LoadReport(dict[str, Any]):
    """What was read and mended, in ``attrs["load"]`` of a loaded table; not to be changed once it is there.

    pandas copies ``attrs`` to the last leaf whenever a table gives birth to another, which took a sixth of an
    evaluation.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> LoadReport:
        return self


@dataclass(frozen=True)
class Sheet:
    """One table of a file.

    Parameters
    ----------
    file : str
        Name of the file.
    name : str
        Name of the sheet, ``bảng 2`` for the second table of a Word file, empty for a file of one table; ``trang 2``
        for the second sheet where its own name is that of a person.
    columns : list
        The cells, column by column, all of one length: text, numbers, ``date``, ``datetime``, ``time``,
        ``timedelta``, bool or `Odd`; an empty cell is ``""``. Of a Parquet file: one Series per column.
    first_row, first_column : int
        What the file calls the first row and column of `columns`, from 1.
    merged : tuple of (int, int, int, int)
        Merged ranges as first row, first column, last row, last column, counted within `columns` from 0;
        one may begin before or end behind them, where cells are empty.
    titles : tuple of str
        Column names that the file itself keeps apart from the cells (Parquet), else empty.
    hidden : bool
        Whether the workbook hides the sheet.
    notes : tuple of Note
        What was noticed and repaired while reading.
    counted : int
        Cells that hold more than blanks, counted in the file itself by another way than `columns` came about;
        always as many as `columns` hold.
    hidden_rows : tuple of int
        Rows that the file does not show (a filter hides them), from 0; of ``.xls`` and text not known.
    called : str
        What the file calls the sheet where that is not `name`; not to be shown.
    """

    file: str
    name: str
    columns: list[Any]
    first_row: int = 1
    first_column: int = 1
    merged: tuple[tuple[int, int, int, int], ...] = ()
    titles: tuple[str, ...] = ()
    hidden: bool = False
    notes: tuple[Note, ...] = ()
    counted: int = 0
    hidden_rows: tuple[int, ...] = ()
    called: str = ""
    # which cells of a column hold something, by the column itself: looked at for the count, the account and the rows
    _held: dict[int, tuple[Any, NDArray[np.bool_]]] = field(default_factory=dict, repr=False, compare=False)

    def filled(self, at: int) -> NDArray[np.bool_]:
        """Tell which cells of a column, from 0, hold more than blanks; not to be changed."""
        column = self.columns[at]
        if id(column) not in self._held:
            self._held[id(column)] = column, filled(column)
        return self._held[id(column)][1]

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def rows(self, start: int, stop: int) -> list[tuple[Any, ...]]:
        """Return rows `start` to `stop`, counted from 0."""
        return list(zip(*(c[start:stop] for c in self.columns), strict=True))

    def where(self, row: int | None = None, column: int | None = None) -> str:
        """Say where something stands, as the user's spreadsheet counts; rows and columns from 0 here."""
        parts = [self.file]
        if self.name:
            parts.append(f"trang tính/sheet “{self.name}”")
        if row is not None:
            parts.append(f"dòng/row {self.first_row + row}")
        if column is not None:
            parts.append(f"cột/column {column_letters(self.first_column + column)}")
        return ", ".join(parts)


def column_letters(number: int) -> str:
    """Return what a spreadsheet calls column `number`: 1 is A, 27 is AA."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read_sheets(
    path: str | Path, *, sheet: str | None = None, rows: int | None = None, limits: Limits = LIMITS
) -> list[Sheet]:
    """Read every table of a file.

    Parameters
    ----------
    path : str or Path
        ``.xlsx``, ``.xlsm``, ``.xls``, ``.ods``, a web page or XML spreadsheet saved as ``.xls``, text separated
        by comma, semicolon, tab or bar (UTF-8, UTF-16, Windows-1258, or typed for TCVN3 or VNI fonts),
        ``.parquet`` or ``.docx``. The content decides, not the name.
    sheet : str, optional
        Read this sheet only.
    rows : int, optional
        Of a Parquet file, read only so many rows.
    limits : Limits, optional
        How much the file may ask for.

    Returns
    -------
    list of Sheet
        In the order of the file, sheets without any cell left out. Formulas are read as their last result,
        macros and links to other files are not followed.

    Raises
    ------
    DataError
        When the file is missing, damaged, locked, of another kind, breaks a limit, has no such
        sheet or no cell at all, or when another number of cells was read than the file holds.
    """
    path = Path(path)
    kind = container(path, limits)
    if kind == "text":
        found = [_read_text(path, limits)]
    elif kind == "parquet":
        found = [_read_parquet(path, rows, limits)]
    else:
        found = _read_apart(path, kind, sheet, limits)
    for s in found:
        if (cells := sum(int(s.filled(at).sum()) for at in range(len(s.columns)))) != s.counted:
            raise refuse("cells-counted-otherwise", path, f"{cells} ≠ {s.counted}, “{s.name}”")
    found = [_mend(s) for s in found if s.height or s.titles]
    if not found:
        raise refuse("file-without-cells", path)
    return found


def _read_apart(path: Path, kind: str, sheet: str | None, limits: Limits) -> list[Sheet]:
    sheets: list[Sheet] = []
    notes: list[Note] = []
    encoding = decode(path.read_bytes(), shown_name(path))[1] if kind == "html" else ""
    for message in open_apart(path, kind, limits, encoding):
        if message[0] == "note":
            notes.append(Note(message[1]))
        elif message[0] == "sheet":
            _, name, hidden, row, column, merged, counted, unseen = message
            inside = tuple((a - row + 1, b - column + 1, c - row + 1, d - column + 1) for a, b, c, d in merged)
            rows = tuple(r - row + 1 for r in unseen if r >= row - 1)
            person = holds_person(name)
            shown, called = (f"trang {len(sheets) + 1}", name) if person else (name, "")
            sheet_read = Sheet(shown_name(path), shown, [], row, column, inside, (), hidden, (), counted, rows, called)
            sheets.append(sheet_read)
        else:
            columns = sheets[-1].columns
            columns.extend([] for _ in range(len(message[1]) - len(columns)))
            for whole, part in zip(columns, message[1], strict=True):
                whole.extend(_cells(part))
    sheets = [replace(s, notes=tuple(dict.fromkeys(notes))) for s in sheets]
    wanted = [s for s in sheets if sheet in (None, s.name, s.called or s.name)]
    if sheet is not None and not wanted:
        names = ", ".join(s.name for s in sheets)
        raise DataError("declared-sheet-not-there", where=shown_name(path), got=names, sheet=sheet)
    return wanted


def filled(column: Any) -> NDArray[np.bool_]:
    """Tell which cells of a column hold more than blanks."""
    if not isinstance(column, list):
        blanks = [v for v in column.unique() if isinstance(v, str) and not v.strip()]
        return np.asarray(column.notna() & ~column.isin(blanks), dtype=bool)
    blank = {v for v in set(column) if v is None or (type(v) is str and not v.strip())}
    return np.array([v not in blank for v in column], dtype=bool)


def filled_down(sheet: Sheet) -> Sheet:
    """Return a sheet in which a cell merged over several rows holds for all of them."""
    columns = list(sheet.columns)
    for top, left, bottom, _ in sheet.merged:
        if 0 <= left < len(columns) and 0 <= top < min(bottom, sheet.height):
            if columns[left] is sheet.columns[left]:
                columns[left] = list(columns[left])
            bottom = min(bottom, sheet.height - 1)
            columns[left][top + 1 : bottom + 1] = [columns[left][top]] * (bottom - top)
    return replace(sheet, columns=columns)


_MOMENTS: dict[str, Any] = {kind.__name__: kind for kind in (dt.datetime, dt.date, dt.time, dt.timedelta)}


def _cells(sent: Any) -> list[Any]:
    """Return the cells of a column as they were sent: see :mod:`dvresearch.loaders.reader`."""
    if type(sent) is dict:
        ((kind, content),) = sent.items()
        return [_MOMENTS[kind](v) if v else v for v in content]
    return [_read_back(*v) if type(v) is tuple else v for v in sent]


def _read_back(kind: str, *content: Any) -> Any:
    moment = _MOMENTS.get(kind)
    return moment(*content) if moment else Odd(content[0], kind)


# --- letters ---------------------------------------------------------------------------------------------------------

_ENOUGH = 100_000  # characters that decide what font a sheet was typed for
_SAMPLE = 2_000  # rows


def _mend(sheet: Sheet) -> Sheet:
    """Compose decomposed letters and convert text typed for an old font, in all cells, where a sample shows either."""
    if sheet.titles:
        return replace(sheet, titles=tuple(map(nfc, sheet.titles)))
    sample = sorted(_foreign(c[:_SAMPLE] for c in sheet.columns), key=lambda t: (len(t), t))
    joined = " ".join(map(nfc, sample))[:_ENOUGH]
    font = legacy_font(joined)
    if not font and not any(nfc(t) != t for t in sample):
        return sheet
    new = {old: repair(old, font=font or "unicode").text for old in _foreign(sheet.columns)}
    columns = [[new.get(v, v) if type(v) is str else v for v in c] for c in sheet.columns]
    note = Note("legacy_font", font) if font else Note("decomposed")
    return replace(sheet, columns=columns, notes=(*sheet.notes, note), _held={})


def _foreign(columns: Iterable[Sequence[Any]]) -> set[str]:
    """Return the distinct texts with a letter beyond ASCII."""
    return {v for column in columns for v in set(column) if type(v) is str and not v.isascii()}


def _read_text(path: Path, limits: Limits) -> Sheet:
    text, encoding, cut = decode(path.read_bytes(), shown_name(path))
    columns, _, remarks = parse_text(text, path, limits)
    notes = [Note("encoding", encoding)] if not encoding.startswith("utf-8") else []
    notes += [Note("cut_short")] if cut and "cut_short" not in remarks else []
    notes += [Note(code, detail) for code, detail in remarks.items()]
    counted = count_cells(text)
    return Sheet(shown_name(path), "", columns, notes=tuple(notes), counted=counted)


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path, rows: int | None, limits: Limits) -> Sheet:
    import pyarrow as pa
    import pyarrow.parquet as pq

    allowed = limits.for_file(path).memory_mib << 20
    try:
        schema = pq.read_schema(path)
        words = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        file = pq.ParquetFile(path, read_dictionary=words)
        # Eight bytes is the least a value takes once it is in memory; a run of equal values takes none in the file.
        if rows is None and (need := file.metadata.num_rows * len(schema) * 8) > allowed:
            raise refuse("file-needs-too-much-memory", path, f"{need >> 20} MiB")
        if rows is None:
            table = file.read()
        else:
            table = pa.Table.from_batches(itertools.islice(file.iter_batches(rows), 1), file.schema_arrow)
        found = [_series(column, path, allowed) for column in table.columns]
    except DataError:
        raise
    except Exception as fault:
        raise refuse("file-damaged", path, type(fault).__name__) from None
    titles, counted = tuple(map(str, table.column_names)), sum(n for _, n in found)
    return Sheet(shown_name(path), "", [series for series, _ in found], titles=titles, counted=counted)


def _series(column: Any, path: Path, allowed: int) -> tuple[pd.Series, int]:
    """Return a Parquet column, and how many of its cells hold more than blanks, as Arrow counts them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    size = blank = 0
    if pa.types.is_nested(column.type):  # lists are not read
        column = pa.nulls(len(column))
    elif pa.types.is_dictionary(column.type):
        for chunk in column.chunks:
            empty = pc.equal(pc.utf8_trim_whitespace(chunk.dictionary), "")
            size += pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
            blank += pc.sum(empty.take(chunk.indices)).as_py() or 0
    elif pa.types.is_floating(column.type):
        blank = pc.sum(pc.is_nan(column)).as_py() or 0
    if size > allowed:
        raise refuse("too-much-text", path, f"{size >> 20} MiB")
    return column.to_pandas(), len(column) - column.null_count - blank


def texts(values: Iterable[Any]) -> list[str]:
    """Return the text of cells as a person reads them: whole numbers without a point, letters and spaces joined."""
    return [" ".join(nfc(v).split()) if type(v) is str else _text(v) for v in values]


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


# --- text with separators: its encoding, its separator, its cells -----------------------------------------------------

_WIDE = 5  # cells, empty ones included, for each one allowed: an empty cell takes an eighth of the memory
_WIDEST = 16_384  # columns of any spreadsheet
_GUESSED = 1 << 18  # characters that decide about the separator


def decode(data: bytes, file: str) -> tuple[str, str, bool]:
    """Return the text of a file, its encoding, and whether its end was cut: half a letter, or filled with zeros.

    Raises
    ------
    DataError
        When the bytes are no text, or UTF-8 with foreign bytes in between.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return text.replace("\ufffd", ""), encoding, text.endswith("\ufffd")
    if b"\0" not in (whole := data.rstrip(b"\0")) and whole != data:  # left by a computer switched off while it wrote
        return *decode(whole, file)[:2], True
    if b"\0" in data[:4096]:
        wide = {0: "utf-16-be", 1: "utf-16-le"}
        for side, encoding in wide.items():
            if data[side:4096:2].count(0) > 0.3 * len(data[side:4096:2]) and not data[1 - side : 4096 : 2].count(0):
                return data[: len(data) // 2 * 2].decode(encoding, "replace"), encoding, len(data) % 2 > 0
        raise refuse("file-holds-no-table", Path(file))
    if b"\0" in data:
        raise refuse("file-damaged", Path(file), "NUL")
    if sum(data[:4096].count(bytes([c])) for c in range(32) if c not in b"\t\n\r\f\x1a") > len(data[:4096]) / 200:
        raise refuse("file-holds-no-table", Path(file))
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError as fault:
        if fault.start >= len(data) - 3 and not data[: fault.start].isascii():
            return data[: fault.start].decode("utf-8"), "utf-8", True
        loose = data.decode("utf-8", "replace")
        bad = loose.count("\ufffd")
        if bad * 10 < sum(not c.isascii() for c in loose):
            where = f"{file}, dòng/row {data[: fault.start].count(10) + 1}"
            raise DataError("encodings-are-mixed", where=where, got=f"{bad} byte") from None
    return *_single_byte(data), False


_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_TONE_MARKS = "\u0300\u0301\u0303\u0309\u0323"


def _single_byte(data: bytes) -> tuple[str, str]:
    """Read one byte per letter: the fonts' codes as Windows-1252, else Windows-1258, whose tone marks stand apart."""
    western = data.decode("cp1252", "replace") if b"\x81" not in data else data.decode("latin-1")
    if legacy_font(western[:_ENOUGH]):
        return western, "windows-1252"
    vietnamese = nfc(data.decode("cp1258", "replace"))
    # In real Windows-1258 text every tone mark finds its letter.
    alone = sum(vietnamese.count(mark) for mark in _TONE_MARKS) + vietnamese.count("\ufffd")
    if vietnamese == western or alone * 20 > sum(b > 127 for b in data):
        return western, "windows-1252"
    return vietnamese, "windows-1258"


_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_SEPARATOR_HINT = re.compile(r'sep=([^\w"\r\n])\r?\n', re.IGNORECASE)


def parse_text(
    text: str, path: Path, limits: Limits, *, whole: bool = True
) -> tuple[list[list[str]], str, dict[str, str]]:
    """Return text with separators as columns, the separator, and remarks: a code of a `Note` and the row.

    Parameters
    ----------
    text : str
        The text; not `whole` is the beginning of one, whose last row is cut and left out.
    path : Path
        The file, for messages.
    limits : Limits
        How many cells there may be.

    Raises
    ------
    DataError
        When a quotation mark is never closed, or only so far below that it swallows whole rows, or there are
        more cells than `limits` or a spreadsheet allow.
    """
    delimiter, rest = _dialect(text)
    if (count := max(map(rest.count, "\r\n"))) > limits.cells:
        raise refuse("text-file-too-large", path, f"{count} dòng/rows > {limits.cells}")
    remarks: dict[str, str] = {}
    try:
        rows, tall = _parse(rest, delimiter, whole, path, limits)
    except csv.Error:
        remarks["stray_quotes"] = ""
        rows, tall = _parse(rest, delimiter, False, path, limits)
    if not whole:
        rows = rows[:-1]
    while rows and not any(rows[-1]):
        rows.pop()
    usual = statistics.mode(len(row) for row in rows if row) if rows else 0
    for row, separators in tall.items():
        if separators >= usual - 1 >= _SURE:
            raise _open_quote("quotation-mark-swallows-rows", path, row)
        if separators >= usual - 1 > 0:  # two or three columns: as likely prose with its commas
            remarks.setdefault("stray_quotes", f"dòng/row {row}")
    if whole and rows and 1 < len(rows[-1]) < usual and rest[-1] not in "\r\n":
        remarks["cut_short"] = f"dòng/row {len(rows)}"
    width = max(map(len, rows), default=0)
    if width * len(rows) > _WIDE * limits.cells:
        raise refuse("text-file-too-large", path, f"{width * len(rows)} > {_WIDE * limits.cells}")
    columns = list(map(list, zip(*(r + [""] * (width - len(r)) for r in rows), strict=True)))
    return columns, delimiter, remarks


_SURE = 3  # separators on each line of a cell that make it records, not prose


def _dialect(text: str) -> tuple[str, str]:
    """Return the separator, and the text without blank lines at its end and without what is for Excel only."""
    hint = _SEPARATOR_HINT.match(text)  # Excel's own line "sep=;", which Excel does not count
    rest = text[hint.end() if hint else 0 :].rstrip("\x1a")
    end = len(rest.rstrip("\r\n"))
    return hint[1] if hint else guess_delimiter(text), rest[: end + 1]


def count_cells(text: str) -> int:
    """Return how many cells of a text hold more than blanks, by patterns, without the parser of :func:`parse_text`."""
    delimiter, rest = _dialect(text)
    mark = re.escape(delimiter)
    if '"' in rest:
        quoted = re.compile(rf'(?<![^{mark}\r\n])"((?:[^"]|"")*)"')
        rest = quoted.sub(lambda m: "x" if m[1].strip() else "", rest)
    return sum(1 for _ in re.finditer(rf"[^{mark}\r\n]*[^{mark}\s][^{mark}\r\n]*", rest))


def lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, each with its end: a file-like copy of it would take four bytes per letter."""
    return (m[0] for m in _LINE.finditer(text))


def _parse(
    text: str, delimiter: str, strict: bool, path: Path, limits: Limits
) -> tuple[list[list[str]], dict[int, int]]:
    """Return the rows, and of each that takes several lines how many separators every one of them has at least."""
    rows: list[list[str]] = []
    tall: dict[int, int] = {}
    cells = 0
    taken: list[str] = []

    def kept() -> Iterator[str]:
        for line in lines(text):
            taken.append(line)
            yield line

    try:
        for row in csv.reader(kept(), delimiter=delimiter, strict=strict):
            rows.append(row)
            if len(taken) > 1:
                tall[len(rows)] = min(line.count(delimiter) for line in taken)
            taken.clear()
            cells += len(row) - row.count("")
            if len(row) > _WIDEST:
                raise refuse("too-many-cells", path, f"{len(row)} cột/columns > {_WIDEST}")
            if cells > limits.cells:
                raise refuse("text-file-too-large", path, f"> {limits.cells}")
    except csv.Error as fault:
        if "unexpected end" in str(fault) or "field larger" in str(fault):
            raise _open_quote("quotation-mark-never-closed", path, len(rows) + 1) from None
        raise
    return rows, tall


def _open_quote(code: str, path: Path, row: int) -> DataError:
    return DataError(code, where=f"{shown_name(path)}, dòng/row {row}")


def guess_delimiter(text: str) -> str:
    """Return the separator that cuts the first lines into the most columns most steadily."""
    first = list(itertools.islice(lines(text[:_GUESSED]), 200))

    def score(delimiter: str) -> int:
        try:
            counts = [len(row) for row in csv.reader(first, delimiter=delimiter)]
        except csv.Error:
            return 0
        return max((counts.count(n) ** 2 * (n - 1) for n in set(counts)), default=0)  # steadiness before width

    return max(_DELIMITERS, key=score)
