"""Open one office file in a process of its own, and write what it holds to standard output.

The file may come from anywhere and the libraries that parse it were not written against
hostile input: a far-away cell, a repeated string or a nested structure can ask for any
amount of memory, and a fault inside a compiled library ends the whole process. So
:mod:`dvresearch.loaders.guard` starts this script with the memory it may use, and kills it
when its time is up. The script imports nothing of dvresearch, to start in a twentieth of a second.

Messages are marshalled tuples, each behind its length in four bytes:
``("sheets", names)``, ``("sheet", name, hidden, first_row, first_column, merged)``,
``("rows", columns)``, ``("note", code)``, ``("error", code, detail)`` and ``("end",)``.
A column is a pair: its cells, and a letter for each that says what it was written for (`WRITE`).
"""

from __future__ import annotations

import datetime as dt
import gc
import itertools
import json
import marshal
import math
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

CHUNK = 4096
#: A document type stands before the first element; one further in than this is not expanded by any reader here.
PROLOGUE = 65536


class Refused(Exception):
    """The file breaks a limit or is not what it seems: ``args`` are a code of `guard.REFUSALS` and a detail."""


def send(*message: Any) -> int:
    """Write one message; return its bytes."""
    data = marshal.dumps(message)
    sys.stdout.buffer.write(len(data).to_bytes(4, "big"))
    sys.stdout.buffer.write(data)
    return len(data)


def cap(memory_mib: int, seconds: float) -> None:
    """Limit the memory and the processor time of this process where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check_zip(path: str, limits: dict[str, int]) -> str:
    """Judge the archive by its directory before anything is unpacked; return the kind of file."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [m.filename for m in members]
        for name in names:
            parts = name.replace("\\", "/").split("/")
            if ".." in parts or parts[0] == "" or ":" in parts[0] or "\0" in name:
                raise Refused("path_trick", name[:80])
        if len(set(names)) < len(names):
            raise Refused("path_trick", "duplicate")
        if any(m.flag_bits & 1 for m in members):
            raise Refused("password", "")
        unpacked = sum(m.file_size for m in members)
        packed = max(1, Path(path).stat().st_size)
        # Only what would also be large: a sheet of equal cells packs very well and harms nobody.
        if unpacked > limits["unpacked_mib"] << 20 or (unpacked > 16 << 20 and unpacked / packed > limits["ratio"]):
            raise Refused("bomb", f"{packed / 2**20:.1f} MiB -> {unpacked / 2**20:.0f} MiB")
        for name in names:
            if name.endswith((".xml", ".rels")):
                with archive.open(name) as part:
                    prologue = part.read(PROLOGUE)
                if b"<!DOCTYPE" in prologue or b"<!ENTITY" in prologue:
                    raise Refused("dtd", name[:80])
                if name.endswith(".rels") and b'TargetMode="External"' in prologue and "/externalLinks/" in name:
                    send("note", "external")
        if any(n.lower().endswith("vbaproject.bin") for n in names):
            send("note", "macros")
        if "mimetype" in names:
            kind = archive.read("mimetype")[:80].decode("ascii", "replace").strip()
            if kind == "application/vnd.oasis.opendocument.spreadsheet":
                return "workbook"
            raise Refused("other_zip", kind)
    if any(n.lower() in ("xl/workbook.xml", "xl/workbook.bin") for n in names):
        return "workbook"
    if any(n.startswith("word/") for n in names):
        return "docx"
    if any(n.startswith("xl/") for n in names):
        raise Refused("damaged", "xl/workbook.xml")
    raise Refused("other_zip", "ppt" if any(n.startswith("ppt/") for n in names) else "zip")


def check_compound(path: str) -> str:
    """Tell apart what comes in the old container: Excel, Word, or an encrypted new file."""
    data = Path(path).read_bytes()
    for name, refusal in (("EncryptedPackage", "password"), ("WordDocument", "doc"), ("PowerPoint Document", "other")):
        if name.encode("utf-16-le") in data:
            raise Refused(refusal, name)
    if "Workbook".encode("utf-16-le") in data or "Book".encode("utf-16-le") in data:
        return "workbook"
    raise Refused("damaged", "")


def state(value: Any) -> bytes:
    """Return the bytes that pickle would write for a day, instant or time: five times as fast as its ISO text."""
    return value.__reduce__()[1][0]


#: How the values that marshal does not know are written, and the letter that says so.
WRITE = {
    dt.datetime: ("T", state),
    dt.date: ("D", state),
    dt.time: ("H", state),
    dt.timedelta: ("P", dt.timedelta.total_seconds),
}


def portable(column: tuple[Any, ...]) -> tuple[Any, str]:
    """Return the cells of a column as marshal can carry them, and a letter of `WRITE` for each, if any is needed."""
    kinds = set(map(type, column))
    if WRITE.keys().isdisjoint(kinds):
        return column, ""
    if len(kinds) == 1:  # a column of days: most of a list of dossiers
        letter, write = WRITE[kinds.pop()]
        return list(map(write, column)), letter * len(column)
    ways = [WRITE.get(type(v)) for v in column]
    written = [way[1](v) if way else v for v, way in zip(column, ways, strict=True)]
    return written, "".join(way[0] if way else " " for way in ways)


def send_rows(rows: Iterable[list[Any]], limits: dict[str, int]) -> None:
    """Send rows of equal length, column by column, until a limit is reached."""
    cells = size = 0
    source: Iterator[list[Any]] = iter(rows)
    while chunk := list(itertools.islice(source, CHUNK)):
        columns = [portable(column) for column in zip(*chunk, strict=True)]
        cells += len(chunk) * len(columns)
        if cells > limits["cells"]:
            raise Refused("cells", str(cells))
        size += send("rows", columns)
        if size > limits["text_mib"] << 20:
            raise Refused("too_much_text", str(size >> 20))


def read_workbook(path: str, sheet: str | None, limits: dict[str, int]) -> None:
    """Send the sheets of an Excel or OpenDocument workbook."""
    import python_calamine as calamine

    # Not from_path, which goes by the name: an .xls that is called .xlsx opens in Excel, so it does here.
    with Path(path).open("rb") as file, calamine.CalamineWorkbook.from_filelike(file) as book:
        sheets = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
        send("sheets", [s.name for s in sheets])
        for meta in sheets:
            if sheet not in (None, meta.name):
                continue
            data = book.get_sheet_by_name(meta.name)
            hidden = meta.visible != calamine.SheetVisibleEnum.Visible
            if data.start is None:
                send("sheet", meta.name, hidden, 1, 1, [])
                continue
            (top, left), (bottom, right) = data.start, data.end or data.start
            if (cells := (bottom - top + 1) * (right - left + 1)) > limits["cells"]:
                raise Refused("cells", f"{cells}, {meta.name}")
            merged = [(*a, *b) for a, b in data.merged_cell_ranges or []]
            send("sheet", meta.name, hidden, top + 1, left + 1, merged)
            rows = itertools.islice(data.iter_rows(), top, None)
            send_rows(rows, limits)  # rows begin at the first filled column already


def read_word(path: str, limits: dict[str, int]) -> None:
    """Send every table of a Word file as one sheet."""
    import docx
    from docx.oxml.ns import qn

    body = docx.Document(path).element.body
    tables = list(body.iter(qn("w:tbl")))
    names = [f"bảng {i}" for i in range(1, len(tables) + 1)]
    send("sheets", names)

    def number(node: Any, default: int) -> int:
        return default if node is None else min(int(node.get(qn("w:val"), default)), limits["cells"])

    for name, table in zip(names, tables, strict=True):
        rows: list[list[Any]] = []
        merged: list[tuple[int, int, int, int]] = []
        cells = 0
        for line in (r for r in table.iter(qn("w:tr")) if next(r.iterancestors(qn("w:tbl"))) is table):
            row: list[Any] = [""] * number(line.find(f"{qn('w:trPr')}/{qn('w:gridBefore')}"), 0)
            for cell in (c for c in line.iter(qn("w:tc")) if next(c.iterancestors(qn("w:tr"))) is line):
                text = "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in cell.iter(qn("w:p"))).strip()
                span = number(cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}"), 1)
                if (cells := cells + span) > limits["cells"]:
                    raise Refused("cells", str(cells))
                if span > 1:
                    merged.append((len(rows), len(row), len(rows), len(row) + span - 1))
                row += [text, *[""] * (span - 1)]
            rows.append(row)
        width = max(map(len, rows), default=0)
        if width * len(rows) > limits["cells"]:
            raise Refused("cells", str(width * len(rows)))
        send("sheet", name, False, 1, 1, merged)
        send_rows((row + [""] * (width - len(row)) for row in rows), limits)


def main(job: dict[str, Any]) -> None:
    """Read the file of `job` and report how it went."""
    limits = job["limits"]
    cap(limits["memory_mib"], limits["seconds"])
    gc.disable()  # a short life and millions of small objects that all stay
    try:
        kind = check_zip(job["path"], limits) if job["container"] == "zip" else check_compound(job["path"])
        if kind == "workbook":
            read_workbook(job["path"], job["sheet"], limits)
        else:
            read_word(job["path"], limits)
        send("end")
    except Refused as refusal:
        send("error", *refusal.args)
    except MemoryError:
        send("error", "memory", "")
    except BaseException as fault:  # a panic inside a compiled library is not an Exception
        code = "password" if type(fault).__name__ == "PasswordError" else "damaged"
        send("error", code, type(fault).__name__)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
