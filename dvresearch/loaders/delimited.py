"""Text with separators: its encoding, its separator, its cells."""

from __future__ import annotations

import csv
import itertools
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from dvresearch.errors import DataError
from dvresearch.loaders.guard import Limits, refuse, shown_name
from dvresearch.text import legacy_font, nfc

__all__ = ["count_cells", "decode", "guess_delimiter", "lines", "parse_text"]

_WIDE = 5  # cells, empty ones included, for each one allowed: an empty cell takes an eighth of the memory
_ENOUGH = 100_000  # characters that decide what font a text was typed for
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
