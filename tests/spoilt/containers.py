"""Small files written byte by byte: what libraries refuse to write, or would write differently each year."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Sequence

STAMP = (2000, 1, 1, 0, 0, 0)


def archive(members: Sequence[tuple[str, bytes]], *, flags: int = 0) -> bytes:
    """Return a zip archive with fixed time stamps; names may repeat and point anywhere."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore", UserWarning)  # that a name repeats is the point
        for name, content in members:
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            file.writestr(info, content)
    data = bytearray(out.getvalue())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)) if flags else ():
        start = data.find(signature)
        while start >= 0:
            data[start + at : start + at + 2] = struct.pack("<H", flags)
            start = data.find(signature, start + 4)
    return bytes(data)


_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PKG = "http://schemas.openxmlformats.org/package/2006"


def _element(name: str, attributes: str, inside: str) -> str:
    return f"<{name} {attributes}>{inside}</{name}>"


def workbook(
    sheet: str, *, extra: Sequence[tuple[str, bytes]] = (), strings: str = "", head: str = ""
) -> list[tuple[str, bytes]]:
    """Return the members of a workbook whose only sheet holds `sheet`, the XML inside ``worksheet``."""
    types = (
        f'<Types xmlns="{_PKG}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
    )
    rels = (
        f'<Relationships xmlns="{_PKG}/relationships"><Relationship Id="rId1" Type="{_REL}/{{}}" Target="{{}}"/>'
        "{}</Relationships>"
    )
    shared = f'<Relationship Id="rId2" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/>' if strings else ""
    parts = {
        "[Content_Types].xml": types,
        "_rels/.rels": rels.format("officeDocument", "xl/workbook.xml", ""),
        "xl/workbook.xml": _element(
            "workbook",
            f'xmlns="{_NS}" xmlns:r="{_REL}"',
            '<sheets><sheet name="Danh sách" sheetId="1" r:id="rId1"/></sheets>',
        ),
        "xl/_rels/workbook.xml.rels": rels.format("worksheet", "worksheets/sheet1.xml", shared),
        "xl/worksheets/sheet1.xml": head + _element("worksheet", f'xmlns="{_NS}"', sheet),
    }
    if strings:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_NS}">{strings}</sst>'
    xml = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return [*((name, (xml + text).encode()) for name, text in parts.items()), *extra]


def sheet_xml(rows: Sequence[Sequence[object]], *, first: int = 1) -> str:
    """Return rows as the XML of a sheet, every text inline."""

    def cell(letter: str, row: int, value: object) -> str:
        if isinstance(value, int | float):
            return f'<c r="{letter}{row}"><v>{value}</v></c>'
        return f'<c r="{letter}{row}" t="inlineStr"><is><t>{value}</t></is></c>' if value else ""

    lines = (
        f'<row r="{r}">' + "".join(cell("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i], r, v) for i, v in enumerate(row)) + "</row>"
        for r, row in enumerate(rows, start=first)
    )
    return f"<sheetData>{''.join(lines)}</sheetData>"


def compound(streams: Sequence[tuple[str, bytes]]) -> bytes:
    """Return an old Office container (the file format of .xls and .doc) with the given streams."""
    free, end, fat_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    body, starts = b"", []
    chains: list[int] = [fat_mark, end]
    for _, content in streams:
        padded = content + b"\0" * (-len(content) % 512 if len(content) >= 4096 else 4096 - len(content))
        count = len(padded) // 512
        starts.append((len(chains), len(padded)))
        chains += [len(chains) + i + 1 for i in range(count - 1)] + [end]
        body += padded
    fat = struct.pack("<128I", *(chains + [free] * (128 - len(chains))))

    def entry(name: str, kind: int, child: int, right: int, start: int, size: int) -> bytes:
        written = name.encode("utf-16-le") + b"\0\0"
        head = written.ljust(64, b"\0") + struct.pack("<HBB3I", len(written), kind, 1, free, right, child)
        return head + b"\0" * 36 + struct.pack("<IQ", start, size)

    entries = entry("Root Entry", 5, 1, free, end, 0)
    for i, ((name, _), (start, size)) in enumerate(zip(streams, starts, strict=True)):
        entries += entry(name, 2, free, i + 2 if i + 1 < len(streams) else free, start, size)
    directory = entries.ljust(512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)
    return header + fat + directory + body


def xls(rows: Sequence[Sequence[object]], *, far: tuple[int, int] | None = None) -> bytes:
    """Return an Excel 97 workbook with one sheet, and one more cell `far` away."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def text(value: str, length: str) -> bytes:
        return struct.pack(length, len(value)) + b"\1" + value.encode("utf-16-le")

    def bof(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0x0600))

    cells = b""
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, int | float):
                cells += record(0x0203, struct.pack("<HHHd", r, c, 0, value))
            elif value:
                cells += record(0x0204, struct.pack("<HHH", r, c, 0) + text(str(value), "<H"))
    if far:
        cells += record(0x0203, struct.pack("<HHHd", *far, 0, 1.0))
    eof = record(0x000A, b"")
    start = bof(0x0005)
    size = len(start) + len(record(0x0085, b"\0" * 6 + text("Danh sách", "<B"))) + len(eof)
    listing = record(0x0085, struct.pack("<IH", size, 0) + text("Danh sách", "<B"))
    width = max(map(len, rows), default=0)
    dimensions = record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    return compound([("Workbook", start + listing + eof + bof(0x0010) + dimensions + cells + eof)])


def ods(rows: Sequence[Sequence[object]], *, repeat: str = "") -> bytes:
    """Return an OpenDocument sheet; `repeat` holds attributes that repeat its last cell."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"

    def cell(value: object, attributes: str = "") -> str:
        if isinstance(value, int | float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"{attributes}/>'
        return f'<table:table-cell office:value-type="string"{attributes}><text:p>{value}</text:p></table:table-cell>'

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    if repeat:
        lines += f'<table:table-row table:number-rows-repeated="1000000">{cell("x", repeat)}</table:table-row>'
    content = (
        f'<office:document-content xmlns:office="{office}office:1.0" xmlns:table="{office}table:1.0" '
        f'xmlns:text="{office}text:1.0"><office:body><office:spreadsheet><table:table table:name="Danh sách">'
        f"{lines}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        f'<manifest:manifest xmlns:manifest="{office}manifest:1.0"><manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    return archive(
        [
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", content.encode()),
            ("META-INF/manifest.xml", manifest.encode()),
        ]
    )


def docx(table: str) -> bytes:
    """Return a Word file whose body is `table`."""
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    types = (
        f'<Types xmlns="{_PKG}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    rels = (
        f'<Relationships xmlns="{_PKG}/relationships"><Relationship Id="rId1" Type="{_REL}/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    )
    body = (
        f'<w:document xmlns:w="{name}"><w:body><w:p><w:r><w:t>Danh sách</w:t></w:r></w:p>{table}</w:body></w:document>'
    )
    return archive(
        [("[Content_Types].xml", types.encode()), ("_rels/.rels", rels.encode()), ("word/document.xml", body.encode())]
    )


def word_table(rows: Sequence[Sequence[object]], *, span: int = 1) -> str:
    """Return rows as a Word table; the first cell spans `span` columns."""

    def cell(value: object, width: int) -> str:
        wide = f'<w:tcPr><w:gridSpan w:val="{width}"/></w:tcPr>' if width > 1 else ""
        return f"<w:tc>{wide}<w:p><w:r><w:t>{value}</w:t></w:r></w:p></w:tc>"

    lines = (
        "<w:tr>" + "".join(cell(v, span if (r, c) == (0, 0) else 1) for c, v in enumerate(row)) + "</w:tr>"
        for r, row in enumerate(rows)
    )
    return f"<w:tbl>{''.join(lines)}</w:tbl>"
