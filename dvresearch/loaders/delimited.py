"""Text with separators: its encoding, its separator, its cells."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from dvresearch.errors import DataError, Text
from dvresearch.loaders.guard import Limits, refuse
from dvresearch.text import legacy_font, nfc

__all__ = ["decode", "guess_delimiter", "lines", "parse_text"]

_WIDE = 5  # cells, empty ones included, for each one allowed: an empty cell takes an eighth of the memory
_ENOUGH = 100_000  # characters that decide what font a text was typed for


def decode(data: bytes, file: str) -> tuple[str, str, bool]:
    """Return the text of a file, its encoding, and whether its last letter was cut.

    Raises
    ------
    DataError
        When the bytes are no text, or UTF-8 with foreign bytes in between.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").replace("\ufffd", ""), encoding, False
    if b"\0" in data[:4096]:
        wide = {0: "utf-16-be", 1: "utf-16-le"}
        for side, encoding in wide.items():
            if data[side:4096:2].count(0) > 0.3 * len(data[side:4096:2]) and not data[1 - side : 4096 : 2].count(0):
                return data.decode(encoding, "replace"), encoding, False
        raise refuse("other", Path(file))
    if sum(data[:4096].count(bytes([c])) for c in range(32) if c not in b"\t\n\r\f\x1a") > len(data[:4096]) / 200:
        raise refuse("other", Path(file))
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError as fault:
        if fault.start >= len(data) - 3 and not data[: fault.start].isascii():
            return data[: fault.start].decode("utf-8"), "utf-8", True
        loose = data.decode("utf-8", "replace")
        bad = loose.count("\ufffd")
        if bad * 10 < sum(not c.isascii() for c in loose):
            raise DataError(
                Text("Tệp trộn UTF-8 với bảng mã khác.", "The file mixes UTF-8 with another encoding."),
                where=f"{file}, dòng/row {data[: fault.start].count(10) + 1}",
                got=f"{bad} byte",
                hint=Text(
                    "Mở bằng Excel, sửa chữ hỏng ở dòng đó, lưu thành .xlsx.",
                    "Mend that row in Excel and save as .xlsx.",
                ),
            ) from None
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
_SEPARATOR_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def parse_text(text: str, path: Path, limits: Limits, *, whole: bool = True) -> tuple[list[list[str]], str, bool]:
    """Return text with separators as columns, the separator, and whether quotation marks stand where they should not.

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
        When a quotation mark is never closed, or there are more cells than `limits` allow.
    """
    hint, rest = _SEPARATOR_HINT.match(text), text
    if hint:  # Excel's own line "sep=;", which Excel does not count
        rest = text[hint.end() :]
    delimiter = hint[1] if hint else guess_delimiter(text)
    stray = False
    try:
        rows = _parse(rest, delimiter, whole, path, limits)
    except csv.Error as fault:
        if "unexpected end" in str(fault) or "field larger" in str(fault):
            raise _open_quote(path, rest, delimiter) from None
        rows, stray = _parse(rest, delimiter, False, path, limits), True
    if not whole:
        rows = rows[:-1]
    while rows and not any(rows[-1]):
        rows.pop()
    width = max(map(len, rows), default=0)
    if width * len(rows) > _WIDE * limits.cells:
        raise refuse("long_text", path, f"{width * len(rows)} > {_WIDE * limits.cells}")
    columns = list(map(list, zip(*(r + [""] * (width - len(r)) for r in rows), strict=True)))
    return columns, delimiter, stray


def lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, each with its end: a file-like copy of it would take four bytes per letter."""
    return (m[0] for m in _LINE.finditer(text))


def _parse(text: str, delimiter: str, strict: bool, path: Path, limits: Limits) -> list[list[str]]:
    rows: list[list[str]] = []
    cells = 0
    for row in csv.reader(lines(text), delimiter=delimiter, strict=strict):
        rows.append(row)
        cells += len(row) - row.count("")
        if cells > limits.cells or len(rows) > _WIDE * limits.cells:
            raise refuse("long_text", path, f"> {limits.cells}")
    return rows


def _open_quote(path: Path, text: str, delimiter: str) -> DataError:
    """Name the row whose quotation mark is never closed: the last one the parser began."""
    began = sum(1 for _ in _until_fault(text, delimiter)) + 1
    return DataError(
        Text("Dấu ngoặc kép mở mà không đóng.", "A quotation mark is opened and never closed."),
        where=f"{path.name}, dòng/row {began}",
        hint=Text('Đóng hoặc xóa dấu " ở dòng đó.', 'Close or delete the " in that row.'),
    )


def _until_fault(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(lines(text), delimiter=delimiter, strict=True)
    while True:
        try:
            yield next(reader)
        except (csv.Error, StopIteration):
            return


def guess_delimiter(text: str) -> str:
    """Return the separator that cuts the first lines into the most columns most steadily."""
    first = list(itertools.islice(lines(text), 200))

    def score(delimiter: str) -> int:
        try:
            counts = [len(row) for row in csv.reader(first, delimiter=delimiter)]
        except csv.Error:
            return 0
        return max((counts.count(n) ** 2 * (n - 1) for n in set(counts)), default=0)  # steadiness before width

    return max(_DELIMITERS, key=score)
