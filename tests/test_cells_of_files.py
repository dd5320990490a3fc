"""No cell of a file is lost: errors, formulas without a result, merges, and an independent count of each sheet."""

from __future__ import annotations

import base64
import datetime as dt
import os
import re
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch.errors import DataError
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.sheets import Note, Odd, Sheet, count_cells, filled, parse_text, read_sheets
from tests.spoilt import containers as files

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"


def sheets_of(tmp_path: Path, name: str, content: bytes) -> list[Sheet]:
    (tmp_path / name).write_bytes(content)
    return read_sheets(tmp_path / name)


def odd(sheet: Sheet) -> dict[tuple[int, int], tuple[str, str]]:
    """Return text and kind of the cells that cannot be used, by their place as the file counts it, from 1."""
    return {
        (sheet.first_row + r, sheet.first_column + c): (str(v), v.kind)
        for c, column in enumerate(sheet.columns)
        for r, v in enumerate(column)
        if isinstance(v, Odd)
    }


def refused(tmp_path: Path, name: str, content: bytes, limits: Limits = LIMITS) -> str:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_sheets(tmp_path / name, limits=limits)
    return "\n".join(caught.value.lines("en"))


# --- Excel -----------------------------------------------------------------------------------------------------------


def by_openpyxl(path: Path) -> tuple[int, dict[tuple[int, int], tuple[str, str]]]:
    """Return the count of filled cells and the odd ones as openpyxl sees them: its types, with and without results."""
    results: Any = openpyxl.load_workbook(path, data_only=True).active
    formulas: Any = openpyxl.load_workbook(path).active
    seen, count = {}, 0
    for line in formulas.iter_rows():
        for cell in line:
            result = results[cell.coordinate]
            if result.data_type == "e":
                seen[cell.row, cell.column] = (result.value, "error")
            elif cell.data_type == "f" and result.value is None:
                seen[cell.row, cell.column] = (cell.value, "formula")
            count += str(cell.value or "").strip() != "" or cell.value == 0
    return count, seen


def test_errors_and_formulas_without_result_are_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    rows = [["mã", "hẹn"], ["a", "#N/A"], ["b", "=A1+5"], ["c", "#DIV/0!"], ["d", "#hashtag"], ["e", " "], [None, "x"]]
    for row in rows:
        sheet.append(row)
    sheet["F9"] = '=IF(A1="","",B2&"<")'  # outside of all that has a value
    book.save(tmp_path / "a.xlsx")
    (read,) = read_sheets(tmp_path / "a.xlsx")
    count, seen = by_openpyxl(tmp_path / "a.xlsx")
    assert (
        odd(read)
        == seen
        == {
            (2, 2): ("#N/A", "error"),
            (3, 2): ("=A1+5", "formula"),
            (4, 2): ("#DIV/0!", "error"),
            (9, 6): ('=IF(A1="","",B2&"<")', "formula"),
        }
    )
    assert read.counted == count == 13
    assert (read.height, len(read.columns)) == (9, 6)


CELLS = {
    '<c r="{}"><v>5</v></c>': (1, ""),
    '<c r="{}" t="e"><v>#REF!</v></c>': (1, "#REF!"),
    '<c r="{}" t="e"><f>1/0</f><v>#DIV/0!</v></c>': (1, "#DIV/0!"),
    '<c r="{}"><f>A1&amp;"x"</f></c>': (1, '=A1&"x"'),
    '<c r="{}" s="1"><f t="shared" si="0"/></c>': (1, "=…"),
    '<c r="{}"><f>A1</f><v></v></c>': (1, "=A1"),
    '<c r="{}" t="str"><f>A1</f><v></v></c>': (0, ""),  # a result, and an empty one
    '<c r="{}" t="str"><f>A1</f><v>#x</v></c>': (1, ""),
    '<c r="{}" t="str"><v> \u00a0 </v></c>': (0, ""),
    '<c r="{}" t="inlineStr"><is><t xml:space="preserve"> &#160;&#10;</t></is></c>': (0, ""),
    '<c r="{}" t="inlineStr"><is><t>_x000D_</t></is></c>': (0, ""),
    '<c r="{}" t="inlineStr"><is><t>\u00c0</t></is></c>': (1, ""),
    '<c r="{}" t="inlineStr"><is><r><t> </t></r><r><t>b</t></r></is></c>': (1, ""),
    '<c r="{}" t="inlineStr"><is><t></t></is></c>': (0, ""),
    '<c r="{}" t="s"><v>0</v></c>': (1, ""),
    '<c r="{}" t="s"><v>1</v></c>': (0, ""),
    '<c r="{}" t="b"><v>0</v></c>': (1, ""),
    '<c r="{}" s="1"/>': (0, ""),
    '<c r="{}"><v/></c>': (0, ""),
}
STRINGS = '<si><t>chữ</t></si><si><r><t> </t></r><r><t xml:space="preserve">&#160;</t></r></si>'


@given(
    cells=st.lists(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=6), min_size=1, max_size=5),
    prefixed=st.booleans(),
)
def test_every_way_to_write_a_cell_is_counted(
    cells: list[list[str]], prefixed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    xml = "".join(
        f'<row r="{r}"{" hidden=" + chr(34) + "1" + chr(34) if r % 2 == 0 else ""}>'
        + "".join(cell.format(f"{'ABCDEF'[c]}{r}") for c, cell in enumerate(row))
        + "</row>"
        for r, row in enumerate(cells, start=1)
    )
    members = files.workbook(f"<sheetData>{xml}</sheetData>", strings=STRINGS)
    if prefixed:  # as the library of .NET writes
        members = [
            (n, re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", data).replace(b"xmlns=", b"xmlns:x="))
            if "sheet1" in n
            else (n, data)
            for n, data in members
        ]
    path = tmp_path_factory.mktemp("cells") / "a.xlsx"
    path.write_bytes(files.archive(members))
    truth = [(r, c, *CELLS[cell]) for r, row in enumerate(cells) for c, cell in enumerate(row)]
    count = sum(n for _, _, n, _ in truth)
    if not count:
        assert all(s.counted == 0 for s in sheets_or_none(path))
        return
    (read,) = read_sheets(path)
    assert read.counted == count == sum(int(filled(column).sum()) for column in read.columns)
    assert {k: t for k, (t, _) in odd(read).items()} == {(r + 1, c + 1): text for r, c, _, text in truth if text}
    assert {read.first_row + r for r in read.hidden_rows if r < read.height} == {
        r for r in range(read.first_row, read.first_row + read.height) if r % 2 == 0
    }


def sheets_or_none(path: Path) -> list[Sheet]:
    try:
        return read_sheets(path)
    except DataError:
        return []


def test_a_cell_that_another_overwrites_is_missed_and_the_file_refused(tmp_path: Path) -> None:
    twice = '<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row></sheetData>'
    said = refused(tmp_path, "a.xlsx", files.archive(files.workbook(twice)))
    assert "1 ≠ 2" in said and ".xlsx" in said


@pytest.mark.parametrize(
    "change", [("xl/", ""), ("xl/workbook.xml", "xl/book.xml"), ("xl/", "parts/of/"), ("xl/sharedS", "xl/s")]
)
@pytest.mark.parametrize("slash", ["/", "\\"])
def test_parts_stand_where_the_package_says(change: tuple[str, str], slash: str, tmp_path: Path) -> None:
    old, new = change
    shared = (
        '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="B2"><v>1</v></c></row></sheetData>'
    )
    merged = '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>'
    members = files.workbook(shared + merged, strings=STRINGS)
    moved = []
    for name, data in members:
        data = data.replace(b'Target="xl/workbook.xml"', b'Target="%s"' % "xl/workbook.xml".replace(old, new).encode())
        data = data.replace(b'"sharedS', b'"s') if "xl/s" in new else data
        name = name.replace("xl/_rels/workbook", "xl/_rels/book") if "book.xml" in new else name
        moved.append((name.replace(old, new, 1).replace("/", slash), data))
    (read,) = sheets_of(tmp_path, "a.xlsx", files.archive(moved))
    assert read.columns == [["chữ", ""], ["", 1.0]]
    assert read.merged == ((0, 0, 1, 0),)


def record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def old_workbook(cells: bytes, first: bytes = b"") -> bytes:
    """Return an Excel 97 workbook whose only sheet holds records."""
    bof = [record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0x0600)) for kind in (0x0005, 0x0010)]
    eof, name = record(0x000A, b""), struct.pack("<B", 1) + b"\0S"
    at = len(bof[0]) + len(first) + len(record(0x0085, bytes(6) + name)) + len(eof)
    listing = record(0x0085, struct.pack("<IH", at, 0) + name)
    return files.compound([("Workbook", bof[0] + first + listing + eof + bof[1] + cells + eof)])


def old_formula(row: int, column: int, result: bytes) -> bytes:
    return record(0x0006, struct.pack("<HHH8sHIH", row, column, 0, result, 0, 0, 3) + b"\x1e\x01\x00")


EMPTY_TEXT = b"\x03\0\0\0\0\0\xff\xff"


def test_errors_of_old_workbooks_are_cells(tmp_path: Path) -> None:
    number = record(0x0203, struct.pack("<HHHd", 1, 1, 0, 7.5))
    fault = record(0x0205, struct.pack("<HHHBB", 2, 1, 0, 42, 1))
    failed = old_formula(3, 2, b"\x02\0\x07\0\0\0\xff\xff")
    computed = old_formula(4, 0, struct.pack("<d", 3.0))
    empty = old_formula(5, 0, EMPTY_TEXT)
    (read,) = sheets_of(tmp_path, "a.xls", old_workbook(number + fault + failed + computed + empty))
    assert odd(read) == {(3, 2): ("#N/A", "error"), (4, 3): ("#DIV/0!", "error")}
    assert read.counted == 4
    (read,) = sheets_of(tmp_path, "b.xls", old_workbook(number + empty))
    assert odd(read) == {(6, 1): ("=…", "formula")}
    assert read.counted == 2


def test_binary_workbooks_are_refused_with_what_to_do(tmp_path: Path) -> None:
    members = [(n.replace("book.xml", "book.bin"), d.replace(b"book.xml", b"book.bin")) for n, d in files.workbook("")]
    assert "save it as .xlsx" in refused(tmp_path, "a.xlsb", files.archive(members))


def test_passwords_are_called_passwords(tmp_path: Path) -> None:
    locked = record(0x002F, struct.pack("<HHH16s16s16s", 1, 1, 1, bytes(16), bytes(16), bytes(16)))
    assert "password" in refused(tmp_path, "a.xls", old_workbook(b"", locked))
    entry = (
        f'<manifest:manifest xmlns:manifest="{OFFICE}manifest:1.0"><manifest:file-entry manifest:full-path="a.xml">'
        "<manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    )
    kind = ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
    sealed = files.archive([kind, ("content.xml", b"\x8f" * 99), ("META-INF/manifest.xml", entry.encode())])
    assert "password" in refused(tmp_path, "a.ods", sealed)
    assert "password" in refused(tmp_path, "b.ods", files.archive([kind, ("encrypted-package", b"\x8f" * 99)]))


# --- OpenDocument and Word -------------------------------------------------------------------------------------------


def ods(rows: str, styles: str = "", settings: str = "") -> bytes:
    spaces = "".join(f' xmlns:{n}="{OFFICE}{n}:1.0"' for n in ("office", "table", "text", "style"))
    content = (
        f"<office:document-content{spaces}><office:automatic-styles>{styles}</office:automatic-styles><office:body>"
        f'<office:spreadsheet><table:table table:name="Tờ 1"{settings}>{rows}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
    return files.archive([kind, ("content.xml", content.encode())])


def test_open_documents_are_read_from_their_own_text(tmp_path: Path) -> None:
    cell = "<table:table-cell {}>{}</table:table-cell>".format
    note = "<office:annotation><text:p>ghi chú</text:p></office:annotation>"
    rows = [
        cell("", "") * 2
        + cell('office:value-type="string" table:number-rows-spanned="2"', "<text:p>Xã<text:s text:c='2'/>A</text:p>")
        + cell('office:value-type="float" office:value="2.5"', f"{note}<text:p>2,5</text:p>"),
        cell("", "") * 2
        + "<table:covered-table-cell/>"
        + cell('office:value-type="date" office:date-value="2026-03-02"', "<text:p>02/03</text:p>"),
        cell('table:number-columns-repeated="2"', "")
        + cell('office:value-type="date" office:date-value="2026-03-02T08:30:00"', "")
        + cell('table:formula="of:=NA()" office:value-type="float" office:value="0"', "<text:p>#N/A</text:p>"),
        cell("", "") * 2
        + cell('table:formula="of:=[.A1]+5"', "")
        + cell('table:formula="of:=[.A1]" office:value-type="string"', ""),
        cell("", "") * 2 + cell('office:value-type="string"', "<text:p> </text:p>"),
        cell("", "") * 2
        + cell('office:value-type="string"', "<text:p>hai</text:p><text:p>dòng<text:span> nữa</text:span></text:p>")
        + cell('office:value-type="boolean" office:boolean-value="false" table:number-columns-repeated="2"', ""),
        cell("", "") * 2
        + cell('office:value-type="time" office:time-value="PT08H30M15S"', "")
        + cell('office:value-type="date" office:date-value="2026-02-31"', "<text:p>31/02/2026</text:p>"),
    ]
    hidden = ' table:visibility="filter" table:number-rows-repeated="1"'
    xml = "".join(f"<table:table-row{hidden if i == 5 else ''}>{row}</table:table-row>" for i, row in enumerate(rows))
    empty = f'<table:table-row table:number-rows-repeated="1048000">{cell("", "")}</table:table-row>'
    style = '<style:style style:name="ta1"><style:table-properties table:display="false"/></style:style>'
    (read,) = sheets_of(tmp_path, "a.ods", ods(xml + empty, style, ' table:style-name="ta1"'))
    assert read.hidden and (read.first_row, read.first_column) == (1, 3)
    assert read.columns == [
        ["Xã  A", "", dt.datetime(2026, 3, 2, 8, 30), "=[.A1]+5", "", "hai\ndòng nữa", dt.timedelta(seconds=30615)],
        [2.5, dt.date(2026, 3, 2), "#N/A", "", "", False, "31/02/2026"],
        ["", "", "", "", "", False, ""],
    ]
    assert odd(read) == {(3, 4): ("#N/A", "error"), (4, 3): ("=[.A1]+5", "formula")}
    assert (read.merged, read.hidden_rows, read.counted) == (((0, 0, 1, 0),), (5,), 11)


def test_word_tables_hold_what_is_left_when_all_changes_are_accepted(tmp_path: Path) -> None:
    def cell(inside: str, settings: str = "") -> str:
        return f"<w:tc><w:tcPr>{settings}</w:tcPr><w:p>{inside}</w:p></w:tc>"

    def run(text: str) -> str:
        return f"<w:r><w:t>{text}</w:t></w:r>"

    inner = files.word_table([["trong"]])
    box = f"<w:txbxContent><w:p>{run('khung')}</w:p></w:txbxContent>"
    compatible = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    boxed = f'<w:r><m:AlternateContent xmlns:m="{compatible}"><m:Choice>{box}</m:Choice><m:Fallback>{box}</m:Fallback>'
    rows = [
        [
            cell(run("a"), '<w:vMerge w:val="restart"/><w:gridSpan w:val="2"/>'),
            cell(
                f"<w:moveFrom>{run('cũ')}</w:moveFrom><w:ins>{run('mới')}</w:ins><w:del><w:r><w:delText>x</w:delText></w:r></w:del>"
            ),
        ],
        [cell("", '<w:vMerge/><w:gridSpan w:val="2"/>'), cell(f"{boxed}</m:AlternateContent></w:r>")],
        [
            cell(run("b")),
            f"<w:tc>{inner}<w:p/></w:tc>",
            cell("<w:r><w:t>x</w:t><w:tab/><w:t>y</w:t><w:br/><w:t>z</w:t></w:r>"),
        ],
    ]
    deleted = f"<w:tr><w:trPr><w:del/></w:trPr>{cell(run('đã xóa'))}</w:tr>"
    table = f"<w:tbl>{''.join(f'<w:tr>{chr(0).join(r)}</w:tr>'.replace(chr(0), '') for r in rows)}{deleted}</w:tbl>"
    outer, nested = sheets_of(tmp_path, "a.docx", files.docx(table))
    assert outer.columns == [["a", "", "b"], ["", "", ""], ["mới", "khung", "x y\nz"]]
    assert (outer.merged, outer.counted) == (((0, 0, 1, 1),), 5)
    assert (nested.name, nested.columns) == ("bảng 2", [["trong"]])


# --- web pages and XML named like workbooks --------------------------------------------------------------------------

PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv=Content-Type content="text/html; charset={charset}">
<!--[if gte mso 9]><xml><x:Name>Tờ</x:Name></xml><![endif]--><style>td {{mso-number-format:"\\@"}}</style></head>
<body><h3>UBND</h3><table><tr><td>Trang chủ<table border=1><caption>DANH SÁCH</caption>
<tr><th rowspan=2>Mã<th colspan="2">Ngày<br>tháng</tr>
<tr><td>nhận</td><td>trả &amp; gửi</td>
<tr><td x:str>007</td><![if supportMisalignedColumns]><td x:num="1234.5">1.234,5</td><![endif]>
<td x:err="#N/A">#N/A</td>
<tr><td>&nbsp;</td><td x:num="46083">02.03.2026</td><td><p>một</p><p>hai
ba</p><script>x()</script></td></table></td></tr></table>Người lập<table><tr><td> </td></tr></table></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "windows-1258", "utf-16", "unicode", ""])
def test_web_pages_named_like_workbooks_are_read(charset: str, tmp_path: Path) -> None:
    text = PAGE.format(charset=charset)
    if charset == "windows-1258":  # its tone marks stand apart, as Windows writes them
        marks = {
            "á": "a\u0301",
            "ả": "a\u0309",
            "ậ": "â\u0323",
            "ộ": "ô\u0323",
            "ử": "ư\u0309",
            "ủ": "u\u0309",
            "ã": "a\u0303",
        }
        text = "".join(marks.get(letter, letter) for letter in text).replace("ờ", "ơ\u0300")
    known = charset if charset.startswith(("utf-16", "windows")) else "utf-8"
    outer, inner, below = sheets_of(tmp_path, "a.xls", text.encode(known))
    assert (outer.name, outer.columns) == ("bảng 1", [["UBND", "Trang chủ"]])
    assert inner.columns == [
        ["DANH SÁCH", "Mã", "", "007", ""],
        ["", "Ngày\ntháng", "nhận", 1234.5, "02.03.2026"],
        ["", "", "trả & gửi", "#N/A", "một\nhai ba"],
    ]
    assert odd(inner) == {(4, 3): ("#N/A", "error")}
    assert set(inner.merged) == {(1, 0, 2, 0), (1, 1, 1, 2)}
    assert (inner.counted, below.columns) == (10, [["Người lập"]])


def test_web_archives_are_read_without_their_list_of_sheets(tmp_path: Path) -> None:
    def part(name: str, table: str) -> str:
        page = base64.encodebytes(f"<table><tr><td>{table}</table>".encode()).decode()
        head = f"Content-Location: file:///C:/a_files/{name}\nContent-Transfer-Encoding: base64\n"
        return f'--x\n{head}Content-Type: text/html; charset="utf-8"\n\n{page}\n'

    parts = part("sheet001.htm", "Xã") + part("tabstrip.htm", "Sheet1") + part("sheet002.htm", "Phường")
    archive = f'From: <Excel>\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n{parts}--x--\n'
    found = sheets_of(tmp_path, "a.xls", archive.encode())
    assert [(s.name, s.columns) for s in found] == [("bảng 1", [["Xã"]]), ("bảng 2", [["Phường"]])]


def test_xml_spreadsheets_of_2003_are_read(tmp_path: Path) -> None:
    def cell(kind: str, text: str, settings: str = "") -> str:
        return f'<Cell {settings}><Data ss:Type="{kind}">{text}</Data></Cell>'

    space = "urn:schemas-microsoft-com:office:spreadsheet"
    rows = [
        "<Row>"
        + cell("String", "Mã &amp; tên", 'ss:MergeAcross="1" ss:MergeDown="1"')
        + cell("Number", "2.5")
        + "</Row>",
        '<Row ss:Index="4" ss:Hidden="1">' + cell("DateTime", "2026-03-02T00:00:00.000", 'ss:Index="3"') + "</Row>",
        "<Row>"
        + cell("Error", "#REF!")
        + '<Cell ss:Formula="=R[-1]C"/>'
        + cell("DateTime", "2026-03-02T08:30:00")
        + "</Row>",
    ]
    xml = (
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        f'<Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="Tờ"><Table>'
        f"{''.join(rows)}</Table></Worksheet></Workbook>"
    )
    (read,) = sheets_of(tmp_path, "a.xls", xml.encode())
    assert read.columns == [
        ["Mã & tên", "", "", "", "#REF!"],
        ["", "", "", "", "=R[-1]C"],
        [2.5, "", "", dt.date(2026, 3, 2), dt.datetime(2026, 3, 2, 8, 30)],
    ]
    assert odd(read) == {(5, 1): ("#REF!", "error"), (5, 2): ("=R[-1]C", "formula")}
    assert (read.merged, read.hidden_rows, read.counted) == (((0, 0, 1, 1),), (3,), 6)
    entity = xml.replace("<Workbook", '<!DOCTYPE a [<!ENTITY b "c">]><Workbook')
    assert "entities" in refused(tmp_path, "b.xls", entity.encode())


# --- text ------------------------------------------------------------------------------------------------------------

HEAD = "STT,Mã,Đơn vị,Thủ tục,Ngày\n"


def list_of(rows: int) -> list[str]:
    return [f"{i},H-{i},Xã A,Khai sinh,02/03/2026" for i in range(1, rows + 1)]


@pytest.mark.parametrize("further", [1, 3, 10])
@pytest.mark.parametrize("closed", ['Khai sinh"', 'Khai sinh",Hộ tịch'])
def test_an_open_quotation_mark_that_another_closes_further_down_is_refused(
    further: int, closed: str, tmp_path: Path
) -> None:
    rows = list_of(30)
    rows[9] = rows[9].replace("Khai", '"Khai')
    rows[9 + further] = rows[9 + further].replace("Khai sinh", closed)
    assert "row 11" in refused(tmp_path, "a.csv", (HEAD + "\n".join(rows) + "\n").encode())


def test_cells_of_several_lines_are_read(tmp_path: Path) -> None:
    rows = list_of(30)
    rows[4] = rows[4].replace("Khai sinh", '"Khai sinh, khai tử,\nkết hôn, nhận con, giám hộ,\nhộ tịch khác"')
    (read,) = sheets_of(tmp_path, "a.csv", (HEAD + "\n".join(rows) + "\n").encode())
    assert (read.height, read.notes) == (31, ())


def test_a_doubtful_quotation_mark_in_a_narrow_list_is_noted(tmp_path: Path) -> None:
    (read,) = sheets_of(tmp_path, "a.csv", 'mã,ý kiến\n1,"tốt,\n2,nhanh"\n3,được\n4,tốt\n5,tốt\n'.encode())
    assert read.notes == (Note("stray_quotes", "dòng/row 2"),)


@pytest.mark.parametrize(
    ("end", "rows"),
    [(b"31,H-31,X\xc3\xa3 A,Kh", 32), (b"31,H-3", 32), (b"\0" * 5000, 31), (b"31,H-31,X\xc3", 32)],
)
def test_a_text_that_was_cut_says_so(end: bytes, rows: int, tmp_path: Path) -> None:
    (read,) = sheets_of(tmp_path, "a.csv", (HEAD + "\n".join(list_of(30)) + "\n").encode() + end)
    assert [n.code for n in read.notes] == ["cut_short"]
    assert read.height == rows


def test_half_a_letter_at_the_end_says_so(tmp_path: Path) -> None:
    text = (HEAD + "\n".join(list_of(30)) + "\n").encode("utf-16")
    (read,) = sheets_of(tmp_path, "a.csv", text + b"A")
    assert Note("cut_short") in read.notes
    assert (read.height, read.counted) == (31, 31 * 5)


WORDS = st.text('ab Đ0,;\t|"\n\r.\u00a0', max_size=6)


@given(text=st.text('ab Đ,;\t|"\n\r\u00a0', max_size=60))
def test_the_count_of_a_text_is_that_of_its_cells(text: str) -> None:
    try:
        columns, _, _ = parse_text(text, Path("a.csv"), LIMITS)
    except DataError:
        return
    assert count_cells(text) == sum(int(filled(column).sum()) for column in columns)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\n" * (24 << 20), "no cell with content"),
        (b"a,b\n" + b"\n" * (20 << 20) + b"1,2\n", "too large"),
        (b'"\n' * (11 << 20), "too large"),
        (b"a," * 1_000_000, "Too many cells"),
    ],
)
def test_long_and_wide_texts_are_refused_before_they_are_read(content: bytes, says: str, tmp_path: Path) -> None:
    assert says in refused(tmp_path, "a.csv", content)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_what_is_no_ordinary_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "b.csv"))
        for path in (tmp_path / "a.csv", tmp_path / "b.csv", Path("/dev/zero")):
            with pytest.raises(DataError, match="not an ordinary file"):
                read_sheets(path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes such names")
def test_names_that_are_no_text_can_be_written(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xe1ng.xlsx"))
    path.write_bytes(files.archive(files.workbook(files.sheet_xml([["a"]]))))
    assert read_sheets(path)[0].where(0, 0).encode("utf-8").startswith("b\ufffdng.xlsx".encode())
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError) as caught:
        read_sheets(path)
    assert str(caught.value).encode("utf-8")
