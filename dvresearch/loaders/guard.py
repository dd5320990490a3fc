"""Limits for files from outside, and the one way to open them.

What a file is is told from its first bytes, never from its name. Workbooks and Word
files are parsed by libraries in a process of their own (:mod:`dvresearch.loaders.reader`)
that may use so much memory and so much time and no more; whatever goes wrong there is a
`DataError` here.
"""

from __future__ import annotations

import json
import marshal
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dvresearch.errors import DataError
from dvresearch.privacy import holds_person

__all__ = ["LIMITS", "Limits", "container", "open_apart", "refuse", "shown_name"]


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
        return replace(
            self,
            memory_mib=int(self.memory_mib + self.memory_per_mib * mib),
            seconds=self.seconds + self.seconds_per_mib * mib,
        )


LIMITS = Limits()

#: What can be read; whatever else a file is told to be is the code of the message that refuses it.
_READABLE = ("zip", "compound", "parquet", "html", "xml", "text")
_BINARY = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".docx", ".doc", ".parquet")
#: What a file is <- how it begins.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "compound": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "parquet": (b"PAR1",),
    "file-is-rtf": (b"{\\rtf",),
    "file-is-very-old-excel": (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08"),
    "archive-holds-no-table": (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
    "file-holds-no-table": (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"SQLite format 3", b"MZ", b"\x7fELF"),
}

#: How a process ends that gets no memory: aborted by its allocator, killed by the system, or by Windows.
_OUT_OF_MEMORY = (-6, -9, 0xC0000409)
#: How a process ends that used up its processor time.
_OUT_OF_TIME = -24
#: How much longer than its processor time a process may take by the clock.
_PATIENCE = 4
_READER = Path(__file__).with_name("reader.py")


def refuse(code: str, path: Path, detail: str = "") -> DataError:
    """Return the error with which a file is refused."""
    return DataError(code, where=shown_name(path), got=detail or None)


def shown_name(path: Path) -> str:
    """Return the name of a file as it can be written anywhere; of one that names a person only its endings.

    Bytes that are no text become a mark.
    """
    name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    ending = re.search(r"(?:\.[a-z]{2,7})*$", name.lower())
    stem = name[: ending.start()] if ending else name
    named = stem != stem.lower() and holds_person(stem.replace("_", " "))
    return f"…{name[len(stem) :]}" if named else name


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
        ordinary = stat.S_ISREG(status.st_mode)
        if ordinary:  # opening a pipe or a device may wait for ever
            with path.open("rb") as file:
                head = file.read(4096)
    except FileNotFoundError:
        raise refuse("file-not-there", path) from None
    except (OSError, ValueError) as fault:
        raise refuse("file-may-not-be-read", path, type(fault).__name__) from None
    if not ordinary:
        raise refuse("file-is-folder" if stat.S_ISDIR(status.st_mode) else "file-is-not-ordinary", path)
    if not status.st_size:
        raise refuse("file-is-empty", path)
    kind = next((k for k, beginnings in _BEGINNINGS.items() if head.startswith(beginnings)), "text")
    if kind == "text":
        kind = _text_kind(head, path)
    if kind not in _READABLE:
        raise refuse(kind, path)
    size = status.st_size >> 20
    allowed = {"parquet": size, "text": limits.text_file_mib}.get(kind, limits.file_mib)
    if size > allowed:
        code = "text-file-too-large" if kind == "text" else "file-too-large"
        raise refuse(code, path, f"{size} MiB > {allowed} MiB")
    return kind


def _text_kind(head: bytes, path: Path) -> str:
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if plain.startswith(b"<?xml"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in plain or b'progid="excel.sheet"' in plain:
            return "xml"
        return "html" if b"<html" in plain else "xml-is-no-workbook"
    archived = re.match(rb"[\w-]+:", plain) and b"\nmime-version:" in b"\n" + plain
    if archived or re.match(rb"<[a-z!]", plain):
        return "html"
    return "file-damaged" if path.suffix.lower() in _BINARY and b"\0" in head else "text"


def open_apart(path: Path, kind: str, limits: Limits, encoding: str) -> Iterator[tuple[Any, ...]]:
    """Yield the messages of :mod:`dvresearch.loaders.reader` about a file that is no plain text.

    Parameters
    ----------
    path : Path
        The file.
    kind : {"zip", "compound", "html", "xml"}
        What :func:`container` said.
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
    job = {"path": str(path), "container": kind, "encoding": encoding, "limits": asdict(limits)}
    process = subprocess.Popen(
        [sys.executable, "-P", str(_READER), json.dumps(job)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    began, patience = time.monotonic(), _PATIENCE * limits.seconds
    timer = threading.Timer(patience, process.kill)
    timer.start()
    assert process.stdout is not None  # PIPE above; for the type checker only
    try:
        while head := process.stdout.read(4):
            message = marshal.loads(process.stdout.read(int.from_bytes(head, "big")))
            if message[0] == "end":
                return
            if message[0] == "error":
                raise refuse(message[1], path, message[2])
            yield message
    except EOFError:
        pass  # killed within a message
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    # No last word: killed by the timer, ended by a failed allocation, or by another fault in a compiled library.
    if process.returncode == _OUT_OF_TIME or time.monotonic() - began > patience:
        raise refuse("reading-takes-too-long", path)
    raise refuse("file-needs-too-much-memory" if process.returncode in _OUT_OF_MEMORY else "file-damaged", path)
