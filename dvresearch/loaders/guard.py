"""Limits for files from outside, and the one way to open them.

What a file is is told from its first bytes, never from its name. Workbooks and Word
files are parsed by libraries in a process of their own (:mod:`dvresearch.loaders.reader`)
that may use so much memory and so much time and no more; whatever goes wrong there is a
`DataError` here.
"""

from __future__ import annotations

import io
import json
import marshal
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dvresearch.errors import DataError, Text

__all__ = ["LIMITS", "Limits", "container", "open_apart", "refuse"]


@dataclass(frozen=True)
class Limits:
    """How much a file from outside may ask for.

    Parameters
    ----------
    file_mib : int, default 256
        Size of a workbook or Word file, MiB.
    unpacked_mib : int, default 768
        Size of an archive's members when unpacked, by its directory, MiB.
    ratio : int, default 250
        Unpacked by packed size, above 16 MiB unpacked. Ordinary workbooks stay under 30.
    cells : int, default 3 000 000
        Cells of all sheets together, blank ones between used ones included.
    text_mib : int, default 64
        Content of all cells together, MiB.
    text_file_mib : int, default 24
        Size of a text file read as a grid, MiB; longer lists of dossiers go through Parquet.
    memory_mib : int, default 384
        Memory of the reading process, MiB (where the system can limit it: not on Windows).
    memory_per_mib : int, default 16
        Added to `memory_mib` for each MiB of the file.
    seconds : float, default 8
        Processor time the reading may take, seconds; four times as much by the clock, for a machine with other work.
    seconds_per_mib : float, default 2
        Added to `seconds` for each MiB of the file, for slow machines.
    """

    file_mib: int = 256
    unpacked_mib: int = 768
    ratio: int = 250
    cells: int = 3_000_000
    text_mib: int = 64
    text_file_mib: int = 24
    memory_mib: int = 384
    memory_per_mib: int = 16
    seconds: float = 8.0
    seconds_per_mib: float = 2.0

    def for_file(self, path: Path) -> Limits:
        """Return the limits with the allowance for the size of `path` added."""
        mib = path.stat().st_size / 2**20
        return Limits(
            **{
                **asdict(self),
                "memory_mib": int(self.memory_mib + self.memory_per_mib * mib),
                "seconds": self.seconds + self.seconds_per_mib * mib,
            }
        )


LIMITS = Limits()

_AS_XLSX = Text("Mở tệp bằng Excel rồi “Lưu thành” .xlsx.", "Open it in Excel and save it as .xlsx.")
_AS_DOCX = Text("Mở tệp bằng Word rồi “Lưu thành” .docx.", "Open it in Word and save it as .docx.")
_AGAIN = Text(
    "Tải hoặc xuất lại tệp; nếu mở được bằng Excel thì lưu thành tệp .xlsx mới.",
    "Download or export it again; if Excel can open it, save it as a new .xlsx.",
)
_TRIM = Text(
    "Xóa các dòng, cột trống ở xa bảng rồi lưu lại, hoặc lưu thành .csv; tệp thật sự lớn: limits=Limits(...).",
    "Delete empty rows and columns far from the table and save again, or save as .csv; a truly large file: "
    "limits=Limits(...).",
)
_UNTRUSTED = Text("Không dùng tệp này; xin lại tệp từ nơi gửi.", "Do not use this file; ask the sender for a new one.")

#: Why a file is refused: code -> what is wrong, what to do.
REFUSALS = {
    "missing": (Text("Không có tệp này.", "There is no such file."), Text("Kiểm tra đường dẫn.", "Check the path.")),
    "folder": (
        Text("Đây là thư mục, không phải tệp.", "This is a folder, not a file."),
        Text("Chỉ ra một tệp.", "Name a file."),
    ),
    "denied": (
        Text("Không được phép đọc tệp.", "The file may not be read."),
        Text("Đóng tệp ở chương trình khác, kiểm tra quyền đọc.", "Close it elsewhere and check the permissions."),
    ),
    "special": (
        Text("Đây không phải tệp thường (thiết bị, ống dẫn…).", "This is not an ordinary file (a device, a pipe, …)."),
        Text("Lưu dữ liệu thành tệp rồi chỉ ra tệp đó.", "Save the data to a file and name that file."),
    ),
    "empty": (Text("Tệp rỗng (0 byte).", "The file is empty (0 bytes)."), _AGAIN),
    "too_large": (Text("Tệp lớn hơn giới hạn.", "The file is larger than the limit."), _TRIM),
    "long_text": (
        Text("Tệp văn bản quá lớn để nạp một lần.", "The text file is too large to load at once."),
        Text(
            "Danh sách hồ sơ: chuyển sang Parquet bằng dvresearch.convert_dossiers(…); bảng khác: chia nhỏ tệp, "
            "hoặc nâng limits=Limits(text_file_mib=…).",
            "A list of dossiers: convert it to Parquet with dvresearch.convert_dossiers(…); other tables: split the "
            "file, or raise limits=Limits(text_file_mib=…).",
        ),
    ),
    "damaged": (
        Text("Tệp hỏng, bị cắt cụt hoặc không đúng loại.", "The file is damaged, cut short or not of its kind."),
        _AGAIN,
    ),
    "password": (
        Text("Tệp có mật khẩu.", "The file has a password."),
        Text("Bỏ mật khẩu trong Excel hoặc Word rồi lưu lại.", "Remove the password in Excel or Word and save again."),
    ),
    "bomb": (Text("Tệp nén phình to bất thường khi mở.", "The archive grows abnormally when unpacked."), _UNTRUSTED),
    "path_trick": (
        Text(
            "Tệp nén có tên mục trỏ ra ngoài hoặc trùng nhau.", "The archive has members that point outside or repeat."
        ),
        _UNTRUSTED,
    ),
    "dtd": (
        Text("Tệp có khai báo thực thể XML (DTD).", "The file declares XML entities (DTD)."),
        _UNTRUSTED,
    ),
    "cells": (Text("Quá nhiều ô.", "Too many cells."), _TRIM),
    "lost_cells": (
        Text(
            "Số ô có nội dung đọc được khác số ô có trong tệp.",
            "Another number of filled cells was read than the file holds.",
        ),
        _AS_XLSX,
    ),
    "too_much_text": (Text("Quá nhiều chữ trong các ô.", "Too much text in the cells."), _TRIM),
    "memory": (Text("Tệp đòi quá nhiều bộ nhớ.", "The file asks for too much memory."), _TRIM),
    "time": (Text("Đọc tệp quá lâu.", "Reading the file takes too long."), _TRIM),
    "doc": (Text("Tệp Word kiểu cũ (.doc).", "An old Word file (.doc)."), _AS_DOCX),
    "other": (
        Text(
            "Không phải bảng tính, tệp Word hay tệp văn bản có dấu phân cách.", "Not a spreadsheet, Word or CSV file."
        ),
        Text(
            "Cần .xlsx, .xls, .ods, .csv, .tsv, .parquet hoặc .docx.",
            "Use .xlsx, .xls, .ods, .csv, .tsv, .parquet or .docx.",
        ),
    ),
    "other_zip": (
        Text(
            "Tệp nén nhưng không phải bảng tính hay tệp Word.", "An archive, but neither a spreadsheet nor a Word file."
        ),
        Text("Giải nén rồi chỉ ra tệp bên trong.", "Unpack it and name the file inside."),
    ),
    "no_table": (
        Text("Đây là trang web không có bảng nào.", "This is a web page without a table."),
        _AS_XLSX,
    ),
    "other_xml": (
        Text("Đây là tệp XML, không phải bảng tính .xlsx.", "This is an XML file, not an .xlsx workbook."),
        _AS_XLSX,
    ),
    "xlsb": (
        Text(
            "Tệp Excel dạng nhị phân (.xlsb): không đọc đủ được ô lỗi.",
            "A binary Excel file (.xlsb): cells with errors cannot all be read.",
        ),
        _AS_XLSX,
    ),
    "old_excel": (Text("Tệp Excel quá cũ (trước 1995).", "An Excel file from before 1995."), _AS_XLSX),
    "not_text": (
        Text("Chỉ chuyển được tệp văn bản có dấu phân cách.", "Only text with separators can be converted."),
        Text("Tệp Excel: dùng load_dossiers.", "For a workbook use load_dossiers."),
    ),
    "not_utf8": (
        Text("Tệp lớn phải ở bảng mã UTF-8 hoặc UTF-16.", "A large file has to be UTF-8 or UTF-16."),
        Text("Xuất lại tệp với bảng mã UTF-8.", "Export it again as UTF-8."),
    ),
    "unlike_head": (
        Text("Có dòng không cùng dạng với phần đầu tệp.", "A row is unlike the beginning of the file."),
        Text("Sửa hoặc xóa các dòng đó rồi chuyển lại.", "Mend or delete these rows and convert again."),
    ),
    "not_written": (
        Text("Không ghi được tệp Parquet.", "The Parquet file could not be written."),
        Text("Kiểm tra chỗ trống trên đĩa và quyền ghi.", "Check the free space and the permissions."),
    ),
    "rtf": (Text("Đây là tệp RTF.", "This is an RTF file."), _AS_DOCX),
}

#: First bytes -> what the file is. The first two are opened apart, the others are refused by code.
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "compound"),
    (b"PAR1", "parquet"),
    (b"{\\rtf", "rtf"),
    (b"\x09\x00\x04\x00", "old_excel"),
    (b"\x09\x02\x06\x00", "old_excel"),
    (b"\x09\x04\x06\x00", "old_excel"),
    (b"\x09\x08", "old_excel"),
    (b"%PDF", "other"),
    (b"\x89PNG", "other"),
    (b"\xff\xd8\xff", "other"),
    (b"GIF8", "other"),
    (b"7z\xbc\xaf\x27\x1c", "other_zip"),
    (b"Rar!", "other_zip"),
    (b"\x1f\x8b", "other_zip"),
    (b"BZh", "other_zip"),
    (b"\xfd7zXZ", "other_zip"),
    (b"SQLite format 3", "other"),
    (b"MZ", "other"),
    (b"\x7fELF", "other"),
)

#: How a process ends that gets no memory: aborted by its allocator, killed by the system, or by Windows.
_OUT_OF_MEMORY = (-6, -9, 0xC0000409)
#: How a process ends that used up its processor time.
_OUT_OF_TIME = -24
#: How much longer than its processor time a process may take by the clock.
_PATIENCE = 4
_READER = Path(__file__).with_name("reader.py")


def refuse(code: str, path: Path, detail: str = "") -> DataError:
    """Return the error for a refusal `code` of `REFUSALS`."""
    title, hint = REFUSALS[code]
    return DataError(title, where=shown_name(path), got=detail or None, hint=hint)


def shown_name(path: Path) -> str:
    """Return the name of a file as it can be written anywhere; bytes that are no text become a mark."""
    return path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def container(path: str | Path, limits: Limits = LIMITS) -> str:
    """Tell what a file is by its first bytes: ``zip``, ``compound``, ``html``, ``xml``, ``parquet`` or ``text``.

    Raises
    ------
    DataError
        When the file is missing, empty, too large or of a kind that holds no table.
    """
    path = Path(path)
    try:
        status = path.stat()
        folder, ordinary, size = stat.S_ISDIR(status.st_mode), stat.S_ISREG(status.st_mode), status.st_size
        with path.open("rb") if ordinary else io.BytesIO() as file:  # a pipe may let wait for ever
            head = file.read(4096)
    except FileNotFoundError:
        raise refuse("missing", path) from None
    except (OSError, ValueError) as fault:
        raise refuse("denied", path, type(fault).__name__) from None
    if not ordinary or not size:
        raise refuse("folder" if folder else "empty" if ordinary else "special", path)
    kind = next((k for magic, k in _MAGIC if head.startswith(magic)), "text")
    if kind == "text":
        kind = _text_kind(head, path)
    if kind in REFUSALS:
        raise refuse(kind, path)
    allowed = {"parquet": size >> 20, "text": limits.text_file_mib}.get(kind, limits.file_mib)
    if size >> 20 > allowed:
        raise refuse("long_text" if kind == "text" else "too_large", path, f"{size >> 20} MiB > {allowed} MiB")
    return kind


def _text_kind(head: bytes, path: Path) -> str:
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if plain.startswith(b"<?xml"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in plain or b'progid="excel.sheet"' in plain:
            return "xml"
        return "html" if b"<html" in plain else "other_xml"
    archived = re.match(rb"[\w-]+:", plain) and b"\nmime-version:" in b"\n" + plain
    if archived or re.match(rb"<[a-z!]", plain):
        return "html"
    if (
        path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".docx", ".doc", ".parquet")
        and b"\0" in head
    ):
        return "damaged"
    return "text"


def open_apart(
    path: Path, kind: str, sheet: str | None = None, limits: Limits = LIMITS, encoding: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Yield the messages of :mod:`dvresearch.loaders.reader` about a file that is no plain text.

    Parameters
    ----------
    path : Path
        The file.
    kind : {"zip", "compound", "html", "xml"}
        What :func:`container` said.
    sheet : str, optional
        The only sheet to read.
    limits : Limits
        What the reading may use.
    encoding : str
        Of a web page: its encoding, should it not tell.

    Raises
    ------
    DataError
        When the file cannot be read within the limits.
    """
    limits = limits.for_file(path)
    job = {"path": str(path), "container": kind, "sheet": sheet, "encoding": encoding, "limits": asdict(limits)}
    process = subprocess.Popen(
        [sys.executable, "-P", str(_READER), json.dumps(job)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(_PATIENCE * limits.seconds, stop)
    timer.start()
    assert process.stdout is not None  # PIPE above; for the type checker only
    try:
        while len(head := process.stdout.read(4)) == 4:
            length = int.from_bytes(head, "big")
            data = process.stdout.read(length)
            if len(data) < length:
                break
            message = marshal.loads(data)
            if message[0] == "end":
                return
            if message[0] == "error":
                raise refuse(message[1], path, message[2])
            yield message
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    # No last word: killed by the timer, ended by a failed allocation, or by another fault in a compiled library.
    slow = late.is_set() or process.returncode == _OUT_OF_TIME
    code = "time" if slow else "memory" if process.returncode in _OUT_OF_MEMORY else "damaged"
    raise refuse(code, path)
