"""Open one office file in a process of its own, and write what it holds to standard output.

The file may come from anywhere and the libraries that parse it were not written against
hostile input: a far-away cell, a repeated string or a nested structure can ask for any
amount of memory, and a fault inside a compiled library ends the whole process. So
:mod:`dvresearch.loaders.guard` starts this script with the memory it may use, and kills it
when its time is up. The script imports nothing of dvresearch, to start in a twentieth of a second.

Every sheet is looked at twice. calamine gives the values of Excel's files but hands over a cell with an
error, or with a formula whose result was never stored, as an empty one; so the XML (or, of an ``.xls``,
xlrd) is asked for these, and for the number of cells that hold something. OpenDocument, Word, web pages
and XML spreadsheets are read from their own text, and counted there, before a cell is placed.

Messages are marshalled tuples, each behind its length in four bytes:
``("sheet", name, hidden, first_row, first_column, merged, counted, hidden_rows)``, ``("rows", columns)``,
``("note", code)``, ``("error", code, detail)`` and ``("end",)``; places are counted from 0, but first_row and
first_column from 1. A cell that marshal does not know is a tuple: a day, instant, time or duration by the name of its
class and what makes it; one that cannot be used by ``error``, ``formula`` or ``struck`` and its text. A column of
nothing but days or instants comes as ``{class: [what makes each]}``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import gc
import io
import itertools
import json
import marshal
import math
import posixpath
import re
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

CHUNK = 4096
#: A document type stands before the first element; one further in than this is not expanded by any reader here.
PROLOGUE = 65536
#: More rows or columns than any spreadsheet has.
MANY = 1 << 24
#: A cell that cannot be used: ``error`` and what is shown (``#N/A``), ``formula`` whose result the file does not hold,
#: or ``struck`` through, wholly or in part: deleted, and still there.
Odd = tuple[str, str]
#: What is found in a sheet beside calamine: how many cells hold something, those that cannot be used, hidden rows.
Seen = tuple[int, dict[tuple[int, int], Odd], list[int]]


class Refused(Exception):
    """The file breaks a limit or is not what it seems: ``args`` are a code of ``messages.toml`` and a detail."""


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


# --- cells on their way out ------------------------------------------------------------------------------------------


MOMENTS = {dt.datetime, dt.date, dt.time, dt.timedelta}


def portable(column: tuple[Any, ...]) -> Sequence[Any] | dict[str, list[Any]]:
    """Return the cells of a column as marshal can carry them; of nothing but instants or days by what makes each."""
    kinds = {*map(type, column)}
    if MOMENTS.isdisjoint(kinds):
        return column
    (kind, *others) = kinds - {str}
    if kind in (dt.datetime, dt.date) and not others and not any(type(v) is str and v for v in column):
        return {kind.__name__: [v and v.__reduce__()[1][0] for v in column]}
    return [(type(v).__name__, *v.__reduce__()[1]) if type(v) in MOMENTS else v for v in column]


def send_rows(rows: Iterable[list[Any]], limits: dict[str, int]) -> None:
    """Send rows of equal length, column by column, until a limit is reached."""
    cells = size = 0
    source: Iterator[list[Any]] = iter(rows)
    while chunk := list(itertools.islice(source, CHUNK)):
        columns = [portable(column) for column in zip(*chunk, strict=True)]
        cells += len(chunk) * len(columns)
        if cells > limits["cells"]:
            raise Refused("too-many-cells", str(cells))
        size += send("rows", columns)
        if size > limits["text_mib"] << 20:
            raise Refused("too-much-text", str(size >> 20))


class Grid:
    """A sheet that is built cell by cell.

    Parameters
    ----------
    name : str
        Name of the sheet.
    limits : dict
        How many cells there may be.
    hidden : bool
        Whether the file hides the sheet.
    """

    def __init__(self, name: str, limits: dict[str, int], hidden: bool = False) -> None:
        self.name, self.limits, self.hidden = name, limits, hidden
        self.rows: list[list[Any]] = []
        self.merged: list[list[int]] = []
        self.hidden_rows: list[int] = []
        #: Cells that hold something, counted before they are placed: one may be placed upon another.
        self.counted = 0
        self.size = 0

    def place(self, row: int, column: int, value: Any, down: int = 1, across: int = 1) -> None:
        """Put a value where it stands, and remember how far its cell reaches."""
        if max(down, across) > 1:
            self.merged.append([row, column, row + down - 1, column + across - 1])
        if value == "":
            return
        self.counted += 1
        width = len(self.rows[row]) if row < len(self.rows) else 0
        self.grow(max(0, column + 1 - width) + max(0, row - len(self.rows)) // 8)  # an empty row is small
        self.rows.extend([] for _ in range(row + 1 - len(self.rows)))
        self.rows[row].extend([""] * (column + 1 - width))
        self.rows[row][column] = value

    def grow(self, cells: int) -> None:
        """Count cells that are to be held, before they are."""
        self.size += cells
        if self.size > self.limits["cells"]:
            raise Refused("too-many-cells", f"{self.size}, {self.name}")

    def send(self) -> None:
        """Send the part of the sheet that is in use."""
        first = [next((i for i, v in enumerate(row) if v != ""), None) for row in self.rows]
        top = next((i for i, column in enumerate(first) if column is not None), 0)
        left = min((column for column in first if column is not None), default=0)
        width = max(map(len, self.rows), default=0)
        if (cells := (len(self.rows) - top) * (width - left)) > self.limits["cells"]:
            raise Refused("too-many-cells", f"{cells}, {self.name}")
        send("sheet", self.name, self.hidden, top + 1, left + 1, self.merged, self.counted, self.hidden_rows)
        send_rows(((row + [""] * (width - len(row)))[left:] for row in self.rows[top:]), self.limits)


# --- XML -------------------------------------------------------------------------------------------------------------


def local(name: str) -> str:
    """Return the name of an element or attribute without its namespace."""
    return name.rpartition("}")[2]


def attributes(node: Element) -> dict[str, str]:
    """Return the attributes of an element by their names without namespaces, in small letters; of two the first."""
    return {local(name).lower(): value for name, value in reversed(list(node.items()))}


def streamed(file: Any, ended: set[str], begun: Set[str] = frozenset()) -> Iterator[Element]:
    """Yield the elements `begun` as they begin, and those `ended` when they are complete, to be forgotten then."""
    for event, node in ElementTree.iterparse(file, ("start", "end") if begun else ("end",)):
        tag = local(node.tag)
        if tag in (begun if event == "start" else ended):
            yield node
            if event == "end":
                node.clear()


def below(node: Element, wanted: set[str], passed_over: set[str]) -> Iterator[Element]:
    """Yield the `wanted` elements below a node, none below another and none in what is `passed_over`."""
    for child in node:
        if (tag := local(child.tag)) in wanted:
            yield child
        elif tag not in passed_over:
            yield from below(child, wanted, passed_over)


def number(text: str | None, default: int = 1, most: int = MANY) -> int:
    """Return a number of rows or columns as an attribute states it, from `default` to `most`."""
    found = re.match(r"\s*(\d{1,9})", text or "")
    return min(max(default, int(found[1])), most) if found else default


# --- archives --------------------------------------------------------------------------------------------------------


class Package:
    """The parts of a zip archive, found by their links as the standard has it, whatever their names.

    Parameters
    ----------
    archive : ZipFile
        The open archive.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.members = {n.replace("\\", "/").lower(): n for n in archive.namelist()}
        self.main: str = next((to for _, kind, to in self.links("") if kind == "officeDocument"), "")

    def open(self, part: str) -> Any:
        """Open a part; it is a KeyError if there is none, and the file a damaged one."""
        return self.archive.open(self.members[part])

    def links(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Yield the links of a part to others: identifier, kind, the part they lead to in small letters."""
        folder, listed = posixpath.dirname(part), links_of(part)
        if listed not in self.members:
            return
        with self.open(listed) as file:
            for a in map(attributes, streamed(file, {"Relationship"})):
                if a.get("targetmode") != "External":
                    target = posixpath.join("/", folder, a.get("target", "").replace("\\", "/").lower())
                    yield a.get("id", ""), posixpath.basename(a.get("type", "")), posixpath.normpath(target).lstrip("/")


def links_of(part: str) -> str:
    """Return the part that lists the links of a part."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def refuse_entities(prologue: bytes, name: str) -> None:
    """Refuse XML that declares entities: they may grow without end or stand for another file."""
    if b"<!DOCTYPE" in prologue or b"<!ENTITY" in prologue:
        raise Refused("file-declares-entities", name[:80])


def check_zip(path: str, limits: dict[str, int]) -> str:
    """Judge the archive by its directory before anything is unpacked; return the kind of file."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [m.filename.replace("\\", "/") for m in members]
        outside = [n for n in names if n.startswith("/") or ":" in n.split("/")[0] or ".." in n.split("/")]
        if outside or len(set(names)) < len(names):
            raise Refused("archive-members-point-outside", [*outside, "duplicate"][0][:80])
        if any(m.flag_bits & 1 for m in members) or "encrypted-package" in names:
            raise Refused("file-has-password", "")
        unpacked = sum(m.file_size for m in members)
        packed = max(1, Path(path).stat().st_size)
        # Only what would also be large: a sheet of equal cells packs very well and harms nobody.
        if unpacked > limits["unpacked_mib"] << 20 or (unpacked > 16 << 20 and unpacked / packed > limits["ratio"]):
            raise Refused("archive-grows-abnormally", f"{packed / 2**20:.1f} MiB -> {unpacked / 2**20:.0f} MiB")
        for name, member in zip(names, members, strict=True):
            if name.endswith((".xml", ".rels")):
                with archive.open(member) as part:
                    prologue = part.read(PROLOGUE)
                refuse_entities(prologue, name)
                if name.endswith(".rels") and b'TargetMode="External"' in prologue and "externalLinks" in name:
                    send("note", "external")
                if name == "META-INF/manifest.xml" and b"encryption-data" in prologue:
                    raise Refused("file-has-password", "")
        if any(n.lower().endswith("vbaproject.bin") for n in names):
            send("note", "macros")
        if "mimetype" in names:
            kind = archive.read("mimetype")[:80].decode("ascii", "replace").strip()
            if kind.startswith("application/vnd.oasis.opendocument.spreadsheet"):
                return "opendocument"
            raise Refused("archive-holds-no-table", kind)
        package = Package(archive)
        if package.main.endswith(".bin"):
            raise Refused("file-is-binary-excel", "")
        if not package.main:
            office = any(n.startswith(("xl/", "word/")) for n in names)
            raise Refused("file-damaged" if office else "archive-holds-no-table", "zip")
        with package.open(package.main) as part:
            root = re.search(rb"<(?:[\w.-]+:)?(workbook|document|presentation)\b", part.read(PROLOGUE))
    kind = root[1].decode() if root else ""
    if kind not in ("workbook", "document"):
        raise Refused("archive-holds-no-table" if kind else "file-damaged", kind or package.main)
    return kind


def check_compound(path: str) -> str:
    """Tell apart what comes in the old container: Excel, or the code that refuses Word and an encrypted new file."""
    data = Path(path).read_bytes()
    kinds = {
        "EncryptedPackage": "file-has-password",
        "WordDocument": "file-is-old-word",
        "PowerPoint Document": "file-holds-no-table",
        "Book": "excel_97",
        "Workbook": "excel_97",
    }
    return next((kind for name, kind in kinds.items() if name.encode("utf-16-le") in data), "file-damaged")


# --- Excel -----------------------------------------------------------------------------------------------------------

#: Characters that Excel writes by their code; those that are blank.
ESCAPED_BLANK = re.compile(r"_x00(?:09|0[aA]|0[dD]|20|[aA]0)_")
#: What is not counted by the ends of values and texts alone.
UNUSUAL = re.compile(
    rb"<(?:"
    # A value or text that may show nothing: it begins with what could be a blank beyond ASCII, or one by its number.
    rb"[vt](?: [^>]*)?>\s*(?:"
    rb"(?:\xc2|\xe1\x9a|\xe2[\x80\x81]|\xe3\x80|_x|&#(?:x|9;|1\d;|32;|160;|8\d\d\d;|12288;))[^<]*)?"
    rb"</[vt]>"
    # A formula that no result follows; a text in parts, or none; a row whose number is not said.
    rb"|(?:/f|f[^>]*/)>(?:<v\s*/>)?</c>|is>(?!<t[ >])|t/>|si/>|si></si>|row(?! [^>]*\br=))"
)


def blank(text: str) -> bool:
    """Tell whether a text of an Excel file shows nothing."""
    return not ESCAPED_BLANK.sub("", text).strip()


def pieces(file: Any, end: bytes) -> Iterator[bytes]:
    """Yield a stream in pieces that end with `end` where there is one, and at last what is left."""
    rest = b""
    while chunk := file.read(1 << 17):
        rest += chunk
        cut = rest.rfind(end) + len(end)
        if cut < len(end):
            cut = len(rest) if len(rest) > 1 << 20 else 0
        yield rest[:cut]
        rest = rest[cut:]
    yield rest


def rich_text(node: Element) -> str:
    """Return the text of a cell or shared text whose letters differ in form, without how it is pronounced."""
    return "".join(t.text or "" for t in below(node, {"t"}, {"rPh"}))


def is_struck(node: Element) -> bool:
    """Tell whether a font, or the letters of a text, are struck through."""
    return any(local(n.tag) == "strike" and n.get("val", "1") not in ("0", "false") for n in node.iter())


class Marks:
    """What the cells of a workbook have in common, by its number: texts that show nothing, what is struck through.

    Parameters
    ----------
    package : Package
        The workbook.
    links : dict
        The parts of the workbook by their kind.
    """

    def __init__(self, package: Package, links: dict[str, str]) -> None:
        self.texts: dict[str, str] = {}
        self.struck_styles = set[str]()
        fonts: list[bool] = []
        if part := links.get("styles"):
            with package.open(part) as file:
                for table in streamed(file, {"fonts", "cellXfs"}):
                    if local(table.tag) == "fonts":
                        fonts = [is_struck(font) for font in table]
                    elif any(fonts):
                        used = [number(xf.get("fontId"), 0) for xf in table]
                        self.struck_styles = {str(i) for i, n in enumerate(used) if n < len(fonts) and fonts[n]}
        if part := links.get("sharedStrings"):
            with package.open(part) as file:
                if not any(UNUSUAL.search(p) or b":si>" in p or b"strike" in p for p in pieces(file, b"</si>")):
                    return
            with package.open(part) as file:
                for i, item in enumerate(streamed(file, {"si"})):
                    if blank(rich_text(item)):
                        self.texts[str(i)] = "blank"
                    elif is_struck(item):
                        self.texts[str(i)] = "struck"

    def plain(self, piece: bytes) -> bool:
        """Tell whether a piece of a sheet is rows whose cells are counted by the ends of their values alone."""
        texts = re.findall(rb' t="s"[^>]*>(?:<f.*?</f>)?<v>(\d+)</v>', piece) if self.texts else ()
        styles = re.findall(rb' s="(\d+)"', piece) if self.struck_styles else ()
        return (
            piece.startswith(b"<row ")
            and piece.endswith(b"</row>")
            and not (b' t="e"' in piece or b"strike" in piece or UNUSUAL.search(piece))
            and self.texts.keys().isdisjoint(map(bytes.decode, texts))
            and self.struck_styles.isdisjoint(map(bytes.decode, styles))
        )


def look_into(file: Any, marks: Marks) -> Seen:
    """Return what the XML of a sheet says of its cells.

    Rows as Excel, LibreOffice and the libraries write them, in which nothing is unusual, are counted by the ends of
    their values; all others are looked at element by element.
    """
    counted, odd, hidden, row = 0, dict[tuple[int, int], Odd](), list[int](), -1
    parser: Any = ElementTree.XMLPullParser(("end",))
    for piece in pieces(file, b"</row>"):
        if marks.plain(piece):
            counted += piece.count(b"</v>") + piece.count(b"</is>")
            rows = re.findall(rb'<row (?=[^>]*\bhidden="(?:1|true)")[^>]*\br="(\d+)"', piece)
            hidden += [int(r) - 1 for r in rows]
            continue
        parser.feed(piece)
        for _, line in parser.read_events():
            if local(line.tag) != "row":
                continue
            row, column = number(line.get("r"), row + 2) - 1, -1
            hidden += [row] if line.get("hidden") in ("1", "true") else []
            for cell in line:
                place = re.match(r"([A-Z]+)(\d+)", cell.get("r", ""))
                row, column = (int(place[2]) - 1, column_number(place[1])) if place else (row, column + 1)
                holds, fault = look_at(cell, marks)
                counted += holds
                if fault:
                    odd[row, column] = fault
            line.clear()
    parser.close()
    return counted, odd, hidden


def look_at(cell: Element, marks: Marks) -> tuple[bool, Odd | None]:
    """Tell whether a cell holds something, and what of it cannot be used."""
    parts = {local(part.tag): part for part in cell}
    kind, formula, value, inline = cell.get("t", "n"), parts.get("f"), parts.get("v"), parts.get("is")
    shown = value.text or "" if value is not None else rich_text(inline) if inline is not None else None
    if kind == "e":
        return True, ("error", shown or "#?")
    if formula is not None and (shown is None or (not shown and kind != "str")):
        return True, ("formula", f"={formula.text or '…'}")  # one filled down is written once
    shared = marks.texts.get(shown or "") if kind == "s" else None
    if not shown or shared == "blank" or (kind != "s" and blank(shown)):
        return False, None
    if shared == "struck" or cell.get("s") in marks.struck_styles or (inline is not None and is_struck(inline)):
        return True, ("struck", "")  # calamine knows the text
    return True, None


def column_number(letters: str) -> int:
    """Return the number of the column a spreadsheet calls `letters`, from 0: A is 0, AA is 26."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


#: The parts that calamine finds by their names alone.
NAMED = {"sharedStrings": "sharedstrings.xml", "styles": "styles.xml"}


def under_usual_names(path: str, package: Package, links: dict[str, str]) -> Any:
    """Return a workbook as calamine opens it: a copy with the names that Excel gives, where it has others."""
    folder = posixpath.dirname(package.main)
    usual = {links[kind]: posixpath.join(folder, name) for kind, name in NAMED.items() if kind in links}
    usual[package.main] = posixpath.join(folder, "workbook.xml")
    usual[links_of(package.main)] = links_of(usual[package.main])
    if all(old == new for old, new in usual.items()):
        return Path(path).open("rb")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        for part, member in package.members.items():
            copy.writestr(usual.get(part, part), package.archive.read(member))
    out.seek(0)
    return out


def read_workbook(path: str, limits: dict[str, int]) -> Iterator[Grid]:
    """Yield the sheets of an Excel workbook in its new form."""
    with zipfile.ZipFile(path) as archive:
        package = Package(archive)
        links = list(package.links(package.main))
        targets = {i: target for i, kind, target in links if kind == "worksheet"}
        with package.open(package.main) as file:
            listed = [attributes(sheet) for sheet in streamed(file, {"sheet"})]
        parts = {a["name"]: targets[a["id"]] for a in listed if a.get("id") in targets}
        by_kind = {kind: target for _, kind, target in links}
        marks = Marks(package, by_kind)

        def look(name: str) -> Seen:
            with package.open(parts[name]) as file:
                return look_into(file, marks)

        with under_usual_names(path, package, by_kind) as file:
            yield from read_with_calamine(file, limits, parts.keys(), look)


def read_excel_97(path: str, limits: dict[str, int]) -> Iterator[Grid]:
    """Yield the sheets of an Excel workbook in its old form."""
    import xlrd

    data = Path(path).read_bytes()
    how = {"logfile": io.StringIO(), "ignore_workbook_corruption": True, "on_demand": True}
    try:
        book = xlrd.open_workbook(file_contents=data, **how)
    except xlrd.XLRDError as fault:
        raise Refused("file-has-password" if "encrypted" in str(fault) else "file-damaged", "") from None

    def look(name: str) -> Seen:
        found = book.sheet_by_name(name)
        odd = without_result(book.mem, book._sh_abs_posn[found.number])
        counted = len(odd)
        for row in range(found.nrows):
            for column, (kind, value) in enumerate(zip(found.row_types(row), found.row_values(row), strict=True)):
                if kind == xlrd.XL_CELL_ERROR:
                    odd[row, column] = ("error", xlrd.error_text_from_code.get(value, "#?"))
                counted += str(value).strip() != ""
        return counted, odd, []

    yield from read_with_calamine(io.BytesIO(data), limits, book.sheet_names(), look)


def without_result(data: bytes, at: int) -> dict[tuple[int, int], Odd]:
    """Return the formulas of an old sheet if all results are empty texts: its writer could not compute.

    Parameters
    ----------
    data : bytes
        The records of the workbook, as [MS-XLS] 2.1.4 has them.
    at : int
        Where those of the sheet begin.
    """
    found, depth = dict[tuple[int, int], Odd](), 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        depth += (kind == 0x0809) - (kind == 0x000A)  # a chart inside a sheet begins and ends within it
        if depth <= 0:
            break
        if kind == 0x0006 and depth == 1:
            row, column, result = struct.unpack_from("<HH2x8s", data, at + 4)
            if result[0] != 3 or result[6:] != b"\xff\xff":
                return {}
            found[row, column] = ("formula", "=…")
        at += 4 + size
    return found


def read_with_calamine(
    file: Any, limits: dict[str, int], names: Iterable[str], look: Callable[[str], Seen]
) -> Iterator[Grid]:
    """Yield the sheets of a workbook as calamine reads them, with what `look` finds in each of `names` beside it."""
    import python_calamine as calamine

    with calamine.CalamineWorkbook.from_filelike(file) as book:
        sheets = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
        if missed := set(names) - {s.name for s in sheets}:
            raise Refused("file-damaged", min(missed))
        for meta in sheets:
            data = book.get_sheet_by_name(meta.name)
            (top, left), (bottom, right) = data.start or (0, 0), data.end or data.start or (-1, -1)
            grid = Grid(meta.name, limits, meta.visible != calamine.SheetVisibleEnum.Visible)
            grid.grow((bottom - top + 1) * (right - left + 1))
            counted, odd, grid.hidden_rows = look(meta.name)
            grid.merged = [[*a, *b] for a, b in data.merged_cell_ranges or []]
            if grid.size:
                rows = itertools.islice(data.iter_rows(), top, None)  # they begin at the first filled column
                grid.rows = [[] for _ in range(top)] + [[""] * left + row for row in rows]
            for (row, column), (kind, text) in odd.items():
                grid.place(row, column, (kind, str(grid.rows[row][column]) if kind == "struck" else text))
            grid.counted = counted
            yield grid


# --- OpenDocument and the XML spreadsheets of Excel 2003 -------------------------------------------------------------

#: What a spreadsheet shows where a formula failed; "Err:502" is LibreOffice's way, in the language of its user.
SHOWN_FAULT = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|(?:Err|Lỗi):\d{3}")
DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


def read_opendocument(path: str, limits: dict[str, int]) -> list[Grid]:
    """Return the sheets of an OpenDocument workbook."""
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as file:
        return read_sheets(file, limits)


def read_spreadsheet_2003(path: str, limits: dict[str, int]) -> list[Grid]:
    """Return the sheets of an XML spreadsheet as Excel 2003 wrote them."""
    with Path(path).open("rb") as file:
        refuse_entities(file.read(PROLOGUE), "")
        file.seek(0)
        return read_sheets(file, limits)


def read_sheets(file: Any, limits: dict[str, int]) -> list[Grid]:
    """Return the sheets of XML in either form: one names the place of what follows a gap, one repeats what is equal."""
    grids: list[Grid] = []
    unseen: set[str | None] = set()
    row = 0
    for node in streamed(file, {"style", "table-row", "Row"}, {"table", "Worksheet"}):
        a = attributes(node)
        if (tag := local(node.tag)) == "style":
            unseen |= {a.get("name") for child in node if attributes(child).get("display") == "false"}
        elif tag in ("table", "Worksheet"):
            grids.append(Grid(a.get("name", ""), limits, a.get("style-name") in unseen))
            row = 0
        else:
            row, repeated = number(a.get("index"), row + 1) - 1, number(a.get("number-rows-repeated"))
            cells = list(itertools.islice(cells_of(node), limits["cells"] + 1))
            # before a cell is placed: a few letters may repeat one a million times
            if (wanted := repeated * len(cells)) > limits["cells"]:
                raise Refused("too-many-cells", f"{wanted}, {grids[-1].name}")
            for again in range(row, row + repeated) if cells else ():
                if a.get("visibility") in ("collapse", "filter") or a.get("hidden") == "1":
                    grids[-1].hidden_rows.append(again)
                for cell in cells:
                    grids[-1].place(again, *cell)
            row += repeated
    return grids


def cells_of(line: Element) -> Iterator[tuple[int, Any, int, int]]:
    """Yield the cells of a row that hold something or reach further: column, value, rows and columns they cover."""
    column = 0
    for cell in line:
        if local(cell.tag) not in ("table-cell", "covered-table-cell", "Cell"):
            continue
        a = attributes(cell)
        for data in cell.iterfind("{*}Data"):
            a |= {"value-type": attributes(data).get("type", ""), "string-value": "".join(data.itertext())}
        value = value_of(a, "\n".join(open_text(p) for p in cell if local(p.tag) in ("p", "h")))
        down, across = number(a.get("mergedown"), 0), number(a.get("mergeacross"), 0)  # of 2003: beyond the cell
        column = number(a.get("index"), column + 1) - 1
        repeated = number(a.get("number-columns-repeated"))
        reach = number(a.get("number-rows-spanned"), down + 1), number(a.get("number-columns-spanned"), across + 1)
        if value != "" or max(reach) > 1:
            yield from ((column + i, value, *reach) for i in range(repeated if value != "" else 1))
        column += repeated + across


def open_text(node: Element) -> str:
    """Return the text of a paragraph with its spaces and breaks, without the notes in it."""
    out = node.text or ""
    for child in node:
        tag = local(child.tag)
        signs = {"s": " " * number(attributes(child).get("c"), most=1000), "tab": "\t", "line-break": "\n"}
        out += signs.get(tag) or ("" if tag in ("annotation", "note") else open_text(child))
        out += child.tail or ""
    return out


def value_of(a: dict[str, str], shown: str) -> Any:
    """Return what a cell holds, by its type; what it shows where the two do not fit."""
    kind, formula = a.get("value-type", "").lower(), a.get("formula", "")
    stated = next((a[f"{of}value"] for of in ("", "boolean-", "date-", "time-", "string-") if f"{of}value" in a), shown)
    shown = (shown or stated).strip()
    if kind == "error" or (SHOWN_FAULT.fullmatch(shown) and (formula or kind not in ("string", ""))):
        return "error", shown
    if formula and not stated and kind != "string":
        return "formula", re.sub(r"^\w+:(?==)", "", formula)
    try:
        if kind in ("float", "percentage", "currency", "number"):
            return float(stated)
        if kind == "boolean":
            return stated in ("true", "1")
        if kind in ("date", "datetime"):
            moment = dt.datetime.fromisoformat(stated).replace(tzinfo=None)
            return moment.date() if moment.time() == dt.time() else moment
    except ValueError:
        return shown
    if kind == "time" and (found := DURATION.fullmatch(stated)):
        hours, minutes, seconds = map(float, found.groups("0"))
        return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return stated if stated.strip() else ""


# --- Word ------------------------------------------------------------------------------------------------------------

#: Not read: what was deleted or moved away and waits to be accepted, the second copy of a text box, settings.
UNREAD = {"del", "moveFrom", "Fallback", "pPr", "tcPr"}
SIGNS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def word_text(node: Element) -> str:
    """Return the text of an element as Word shows it once all changes are accepted, without the tables in it."""
    out = ""
    for child in below(node, {"p", "t", *SIGNS}, {*UNREAD, "tbl"}):
        tag = local(child.tag)
        out += f"{word_text(child)}\n" if tag == "p" else SIGNS.get(tag) or child.text or ""
    return out


def word_tables(node: Element) -> Iterator[Element]:
    """Yield every table once, those inside another or in a text box too."""
    for table in below(node, {"tbl"}, UNREAD):
        yield table
        yield from word_tables(table)


def word_setting(node: Element, name: str) -> str | None:
    """Return a setting of a row or cell: its value, empty if it has none, None where it is not there."""
    found = node.find(f"{{*}}{local(node.tag)}Pr/{{*}}{name}")
    return None if found is None else attributes(found).get("val", "")


def read_word(path: str, limits: dict[str, int]) -> list[Grid]:
    """Return every table of a Word file as one sheet."""
    with zipfile.ZipFile(path) as archive:
        package = Package(archive)
        with package.open(package.main) as file:
            tables = list(word_tables(ElementTree.parse(file).getroot()))
    grids = [Grid(f"bảng {i}", limits) for i in range(1, len(tables) + 1)]
    for grid, table in zip(grids, tables, strict=True):
        reaching: dict[int, list[int]] = {}  # column -> the last cell that may go on below, as `merged` has it
        lines = [r for r in below(table, {"tr"}, {*UNREAD, "tbl"}) if word_setting(r, "del") is None]
        for row, line in enumerate(lines):
            column = number(word_setting(line, "gridBefore"), 0)
            for cell in below(line, {"tc"}, {*UNREAD, "tbl"}):
                across, down = number(word_setting(cell, "gridSpan")), word_setting(cell, "vMerge")
                if column in reaching and down not in (None, "restart"):
                    reaching[column][2] = row
                else:
                    reaching[column] = [row, column, row, column + across - 1]
                    grid.merged.append(reaching[column])
                grid.place(row, column, word_text(cell).strip())
                column += across
        grid.merged = [m for m in grid.merged if m[:2] != m[2:]]
    return grids


# --- web pages that are named like workbooks --------------------------------------------------------------------------


class Table(Grid):
    """A table of a web page while it is read."""

    row, column = -1, 0
    cell: dict[str, str | None] | None = None

    def __init__(self, limits: dict[str, int]) -> None:
        super().__init__("", limits)
        self.texts: list[str] = []
        self.taken: dict[int, int] = {}  # column -> last row of the cell that reaches down in it

    def begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Begin a row, or a cell in it; a caption is both."""
        self.end()
        if tag in ("tr", "caption") or self.row < 0:
            self.row, self.column = self.row + 1, 0
        if tag != "tr":
            self.cell = attributes
            self.texts.clear()

    def end(self) -> None:
        """End the cell that is open, if one is."""
        if self.cell is None:
            return
        value: Any = "\n".join(written_lines(self.texts))
        if fault := self.cell.get("x:err"):
            value = ("error", fault)
        elif (exact := self.cell.get("x:num")) and NUMBER.fullmatch(value):
            value = float(exact)
        while self.taken.get(self.column, -1) >= self.row:
            self.column += 1
        down, across = number(self.cell.get("rowspan"), most=65534), number(self.cell.get("colspan"), most=1000)
        self.place(self.row, self.column, value, down, across)
        self.taken |= dict.fromkeys(range(self.column, self.column + across), self.row + down - 1)
        self.column += across
        self.cell = None

    def add_lines(self, texts: list[str]) -> None:
        """Add each line of a text that stands outside of tables as a row of one cell, and empty the text."""
        for line in written_lines(texts):
            self.row += 1
            self.place(self.row, 0, line)
        texts.clear()


def written_lines(texts: list[str]) -> list[str]:
    """Return the lines of a text in pieces that hold something, without needless blanks."""
    lines = (" ".join(line.split()) for line in "".join(texts).split("\n"))
    return [line for line in lines if line]


#: What Excel shows of a number it also states in full; days, which it states as numbers too, are left as shown.
NUMBER = re.compile(r"-?(?!\d{1,2}\.\d{1,2}\.\d{4})\d[\d., ]*%?")


class Page(HTMLParser):
    """The tables of a web page; one inside a cell of another stands by itself.

    Text between tables stands in rows of its own above the next one, or below the last, as spreadsheets show it.

    Parameters
    ----------
    limits : dict
        How many cells there may be.
    """

    def __init__(self, limits: dict[str, int]) -> None:
        super().__init__()
        self.limits = limits
        self.tables: list[Table] = []
        #: Those that have begun and not ended, inside one for what stands outside of all.
        self.open = [Table(limits)]
        self.silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell; what begins inside a cell may begin a line."""
        self.silent = tag in ("script", "style", "title")
        if tag == "table":
            self.tables.append(Table(self.limits))
            if len(self.open) == 1:
                self.tables[-1].add_lines(self.open[0].texts)
            self.open.append(self.tables[-1])
        elif len(self.open) > 1 and tag in ("tr", "td", "th", "caption"):
            self.open[-1].begin(tag, dict(attrs))
        elif tag in ("br", "p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6"):
            self.open[-1].texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a cell, and a table."""
        self.silent = False
        if len(self.open) > 1 and tag in ("td", "th", "caption", "tr", "table"):
            self.open[-1].end()
            if tag == "table":
                self.open.pop()

    def handle_data(self, data: str) -> None:
        """Take text for the cell that is open; breaks of the source's lines are blanks."""
        if not self.silent:
            self.open[-1].texts.append(re.sub(r"\s", " ", data))

    def close(self) -> None:
        """End what the page leaves open."""
        super().close()
        for table in self.open:
            table.end()
        if self.tables:
            self.tables[-1].add_lines(self.open[0].texts)


def read_pages(path: str, encoding: str, limits: dict[str, int]) -> list[Grid]:
    """Return the tables with content of a web page, or of the pages that a web archive holds."""
    data = Path(path).read_bytes()
    pages = [data.decode(encoding, "replace")]
    if re.match(r"\s*[\w-]+:", pages[0]):
        parts = [p for p in email.message_from_bytes(data).walk() if p.get_content_type() == "text/html"]
        named = [p for p in parts if "tabstrip" not in str(p.get("Content-Location"))]  # Excel's list of sheets
        pages = [part_text(bytes(p.get_payload(decode=True) or b""), p.get_content_charset(encoding)) for p in named]
    found: list[Grid] = []
    for text in pages:
        page = Page(limits)
        # Excel's conditions are no comments: what stands between them is shown.
        page.feed(re.sub(r"<!\[(?:if[^>]*|endif)\]>", "", text.removeprefix("\ufeff")))
        page.close()
        found += [t for t in page.tables if t.counted]
    if not found:
        raise Refused("page-without-table", "")
    for number, grid in enumerate(found, start=1):
        grid.name = f"bảng {number}"
    return found


def part_text(data: bytes, charset: str) -> str:
    """Return the text of a page in a web archive: what is said of its encoding is wrong often enough to try first."""
    for encoding in ("utf-8", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else charset):
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return data.decode(encoding)
    return data.decode("cp1258", "replace")


# --- the process -----------------------------------------------------------------------------------------------------


READERS: dict[str, Callable[[str, dict[str, int]], Iterable[Grid]]] = {
    "workbook": read_workbook,
    "excel_97": read_excel_97,
    "opendocument": read_opendocument,
    "document": read_word,
    "xml": read_spreadsheet_2003,
}


def read(job: dict[str, Any], limits: dict[str, int]) -> Iterable[Grid]:
    """Return the sheets of the file of `job`, by its kind."""
    path, kind = job["path"], job["container"]
    if kind == "html":
        return read_pages(path, job["encoding"], limits)
    if kind == "zip":
        kind = check_zip(path, limits)
    elif kind == "compound":
        kind = check_compound(path)
    if kind not in READERS:
        raise Refused(kind, "")
    return READERS[kind](path, limits)


def main(job: dict[str, Any]) -> None:
    """Read the file of `job` and report how it went."""
    limits = job["limits"]
    cap(limits["memory_mib"], limits["seconds"])
    gc.disable()  # a short life and millions of small objects that all stay
    try:
        for grid in read(job, limits):
            grid.send()
        send("end")
    except Refused as refusal:
        send("error", *refusal.args)
    except MemoryError:
        send("error", "file-needs-too-much-memory", "")
    except BaseException as fault:  # a panic inside a compiled library is not an Exception
        code = "file-has-password" if type(fault).__name__ == "PasswordError" else "file-damaged"
        send("error", code, type(fault).__name__)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
