"""The broken files and what has to be said about each.

Everything in them is made up. The name of a file is its fault.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.spoilt import containers as files

HEADER = ("Mã hồ sơ", "Đơn vị", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả", "Trạng thái")
ROWS = (
    ("HS-01", "Xã Mẫu A", "05/01/2026 08:30", "19/01/2026 17:00", "16/01/2026 10:00", "Đã trả kết quả"),
    ("HS-02", "Xã Mẫu A", "06/01/2026 09:00", "20/01/2026 17:00", "22/01/2026 15:30", "Đã trả kết quả"),
    ("HS-03", "Xã Mẫu B", "07/01/2026 14:00", "21/01/2026 17:00", "", "Đang xử lý"),
    ("HS-04", "Xã Mẫu B", "13/01/2026 07:45", "27/01/2026 17:00", "27/01/2026 11:00", "Đã trả kết quả"),
)
FORM = tuple(f"({n})" for n in range(1, 14))
GOOD_LINE = (1, "Đất đai", 100, 40, 50, 10, 80, 30, 45, 5, 20, 18, 2)


@dataclass(frozen=True)
class Case:
    """A file, how it is used, and what has to be said.

    Parameters
    ----------
    file, content
        Its name and bytes.
    use : {"load", "form", "screen", "screen form", "corrections", "declaration"}
        What is done with it: loaded (an error has to come), screened (a finding has to come), or used
        beside a good list of dossiers.
    says : sequence of str
        What the error, or the finding of the check `check`, has to contain.
    check, verdict : str
        Of a finding.
    options : dict
        Further arguments.
    """

    file: str
    content: bytes
    says: Sequence[str]
    use: str = "load"
    check: str = ""
    verdict: str = "fail"
    options: dict[str, Any] = field(default_factory=dict)


def text(rows: Iterable[Sequence[object]], *, delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    """Return rows as text; a cell with the delimiter is put in quotation marks."""

    def cell(value: object) -> str:
        return f'"{value}"' if delimiter in str(value) else str(value)

    return "".join(delimiter.join(map(cell, row)) + "\r\n" for row in rows).encode(encoding)


def rows(*changes: tuple[int, int, object]) -> list[list[object]]:
    """Return header and rows with some cells changed: row and column from 0, header included."""
    table: list[list[object]] = [list(HEADER), *(list(r) for r in ROWS)]
    for row, column, value in changes:
        table[row][column] = value
    return table


def book(*sheets: Sequence[Sequence[object]]) -> bytes:
    """Return a workbook of one or several sheets."""
    if len(sheets) == 1:
        return files.archive(files.workbook(files.sheet_xml(sheets[0])))
    members = dict(files.workbook(files.sheet_xml(sheets[0])))
    tags, links = "", ""
    for i, sheet in enumerate(sheets[1:], start=2):
        first = members["xl/worksheets/sheet1.xml"].decode()
        members[f"xl/worksheets/sheet{i}.xml"] = first.replace(
            files.sheet_xml(sheets[0]), files.sheet_xml(sheet)
        ).encode()
        tags += f'<sheet name="Tháng {i}" sheetId="{i}" r:id="rId{i + 7}"/>'
        link = members["xl/_rels/workbook.xml.rels"].decode()
        links += (
            link[link.index("<Relationship ") : link.index("</Relationships>")]
            .replace("rId1", f"rId{i + 7}")
            .replace("sheet1.xml", f"sheet{i}.xml")
        )
    members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(b"</sheets>", tags.encode() + b"</sheets>")
    name = "xl/_rels/workbook.xml.rels"
    members[name] = members[name].replace(b"</Relationships>", links.encode() + b"</Relationships>")
    return files.archive(list(members.items()))


def form(*lines: Sequence[object]) -> bytes:
    """Return form II.06a with the numbering row and these lines."""
    head = [["Đơn vị báo cáo: Xã Mẫu A"], ["Kỳ báo cáo: Quý I/2026"]]
    return book([*head, list(FORM), *map(list, lines)])


def parquet(table: dict[str, Any]) -> bytes:
    """Return columns as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table(table), out, compression="snappy")
    return out.getvalue()


def repeated(count: int) -> list[list[object]]:
    """Return `count` unremarkable dossiers, received on working days of March 2026."""
    days = ("02", "03", "04", "05", "06", "09", "10", "11", "12", "13", "16", "17", "18", "19", "20")
    return [
        [f"HS-{i:02}", f"Xã Mẫu {'AB'[i % 2]}", f"{d}/03/2026 0{8 + i % 2}:1{i % 10}", f"{days[(i + 7) % 15]}/04/2026",
         f"{days[(i * 4 + 3) % 15]}/04/2026", "Đã trả kết quả"]
        for i in range(count)
        for d in [days[i % 15]]
    ]  # fmt: skip


def containers() -> Iterable[Case]:
    """Files that are not what they seem, are cut, locked or hostile."""
    good = book(rows())
    members = files.workbook(files.sheet_xml(rows()))
    old = files.xls(rows())
    word = files.docx(files.word_table(rows()))
    table = parquet({"Đơn vị": ["Xã Mẫu A"], "Ngày tiếp nhận": ["05/01/2026"]})
    yield Case("tep_rong.csv", b"", ["Tệp rỗng"])
    yield Case("tep_rong.xlsx", b"", ["Tệp rỗng"])
    yield Case("chi_co_dau_bom.csv", b"\xef\xbb\xbf", ["không có ô dữ liệu"])
    yield Case("chi_co_dong_trong.csv", b"\r\n\r\n ,,\r\n", ["Không tìm thấy dòng tiêu đề"])
    yield Case("trang_tinh_trong.xlsx", book([]), ["không có ô dữ liệu"])
    yield Case("anh_png_doi_ten.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(40), ["Không phải bảng tính"])
    yield Case("pdf_doi_ten.xlsx", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", ["Không phải bảng tính"])
    yield Case("trang_web_doi_ten.xls", b"<html><body><p>HS-01</p></body></html>", ["trang web"])
    yield Case("trang_web_nhieu_phan.xls", b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n", ["trang web"])
    yield Case("xml_2003_doi_ten.xls", b'<?xml version="1.0"?><danhsach><hoso/></danhsach>', ["tệp XML"])
    yield Case("rtf_doi_ten.docx", b"{\\rtf1\\ansi HS-01}", ["tệp RTF", "docx"])
    yield Case("word_cu.doc", files.compound([("WordDocument", b"\xec\xa5" + bytes(600))]), [".doc", "docx"])
    yield Case("excel_4.xls", b"\x09\x04\x06\x00\x00\x00\x10\x00\x00\x00", ["quá cũ"])
    yield Case("xlsx_cat_cut.xlsx", good[: len(good) * 2 // 3], ["hỏng"])
    yield Case("xlsx_chi_con_dau_tep.xlsx", good[:60], ["hỏng"])
    yield Case("xlsx_sai_du_lieu_nen.xlsx", good[:900] + bytes(40) + good[940:], ["hỏng"])
    yield Case("xlsx_thieu_so.xlsx", files.archive([m for m in members if m[0] != "xl/workbook.xml"]), ["hỏng"])
    yield Case("xlsx_thieu_trang.xlsx", files.archive([m for m in members if "sheet1" not in m[0]]), ["hỏng"])
    yield Case(
        "xlsx_trang_khong_phai_xml.xlsx",
        files.archive([(n, b"<sheetData" if "sheet1" in n else c) for n, c in members]),
        ["hỏng", "không có ô"],
    )
    yield Case("xls_cat_cut.xls", old[:1200], ["hỏng"])
    yield Case("xls_rong_ruot.xls", old[:512] + bytes(2048), ["hỏng"])
    yield Case("ods_cat_cut.ods", files.ods(rows())[:400], ["hỏng"])
    yield Case(
        "odt_doi_ten.ods",
        files.archive([("mimetype", b"application/vnd.oasis.opendocument.text")]),
        ["không phải bảng tính"],
    )
    yield Case("docx_cat_cut.docx", word[: len(word) // 2], ["hỏng"])
    yield Case("docx_khong_co_bang.docx", files.docx(""), ["không có ô dữ liệu"])
    yield Case("parquet_cat_cut.parquet", table[: len(table) // 2], ["hỏng"])
    yield Case("parquet_gia.parquet", b"PAR1" + bytes(50) + b"PAR1", ["hỏng"])
    yield Case(
        "zip_doi_ten.xlsx", files.archive([("danh sach.csv", text(rows()))]), ["không phải bảng tính", "Giải nén"]
    )
    yield Case("trinh_chieu.pptx", files.archive([("ppt/presentation.xml", b"<p/>")]), ["không phải bảng tính"])
    yield Case("gzip_doi_ten.csv", b"\x1f\x8b\x08\x00" + bytes(20), ["không phải bảng tính"])
    yield Case("nhi_phan_doi_ten.csv", bytes(range(256)) * 4, ["Không phải bảng tính"])
    yield Case(
        "co_mat_khau.xlsx",
        files.compound([("EncryptionInfo", bytes(20)), ("EncryptedPackage", bytes(20))]),
        ["mật khẩu"],
    )
    yield Case("zip_ma_hoa.xlsx", files.archive(members, flags=1), ["mật khẩu"])
    yield Case("bom_nen.xlsx", files.archive([*members, ("xl/media/a.bin", bytes(40 << 20))]), ["phình to"])
    yield Case("duong_dan_len_tren.xlsx", files.archive([*members, ("../../etc/passwd", b"x")]), ["trỏ ra ngoài"])
    yield Case("duong_dan_tuyet_doi.xlsx", files.archive([*members, ("/etc/passwd", b"x")]), ["trỏ ra ngoài"])
    yield Case("duong_dan_o_dia.xlsx", files.archive([*members, ("C:\\x.exe", b"x")]), ["trỏ ra ngoài"])
    yield Case("muc_trung_ten.xlsx", files.archive([*members, members[-1]]), ["trùng nhau"])
    laughs = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
    yield Case(
        "thuc_the_xml.xlsx", files.archive(files.workbook(files.sheet_xml(rows()), head=laughs)), ["thực thể XML"]
    )
    outside = '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    yield Case(
        "thuc_the_ngoai.xlsx", files.archive(files.workbook(files.sheet_xml(rows()), head=outside)), ["thực thể XML"]
    )
    far = (
        "<sheetData><row r='1'><c r='A1'><v>1</v></c></row>"
        "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>"
    )
    yield Case("o_xa_vo_cung.xlsx", files.archive(files.workbook(far)), ["bộ nhớ"])
    near = (
        "<sheetData><row r='1'><c r='A1'><v>1</v></c></row><row r='5000'><c r='ZZ5000'><v>1</v></c></row></sheetData>"
    )
    yield Case("o_hoi_xa.xlsx", files.archive(files.workbook(near)), ["Quá nhiều ô"])
    long = f"<si><t>{'a' * 30000}</t></si>"
    cells = "".join(f"<row r='{r}'>" + "<c t='s'><v>0</v></c>" * 100 + "</row>" for r in range(1, 301))
    yield Case(
        "chu_lap_khong_lo.xlsx",
        files.archive(files.workbook(f"<sheetData>{cells}</sheetData>", strings=long)),
        ["bộ nhớ"],
    )
    yield Case(
        "ods_o_lap_trieu_lan.ods", files.ods(rows(), repeat=' table:number-columns-repeated="1000"'), ["Quá nhiều ô"]
    )
    yield Case("xls_o_xa.xls", files.xls(rows(), far=(65535, 65535)), ["bộ nhớ"])
    yield Case("docx_gop_cot_khong_lo.docx", files.docx(files.word_table(rows(), span=10**9)), ["Quá nhiều ô"])
    yield Case(
        "tron_bang_ma.csv",
        text([*rows(), *(["HS-1", "Xã Đông Hưng thuộc tỉnh Mẫu"] for _ in range(8))]) + b"HS-99,X\xe3 M\xe9u\r\n",
        ["trộn UTF-8", "dòng/row 14"],
    )
    yield Case(
        "ngoac_kep_khong_dong.csv",
        text(rows()).replace("Xã Mẫu B,07".encode(), '"Xã Mẫu B,07'.encode()),
        ["ngoặc kép", "dòng/row 4"],
    )
    yield Case("json_doi_ten.csv", b'[{"unit": "A", "received": "2026-01-05"}]', ["Không tìm thấy dòng tiêu đề"])


def headers() -> Iterable[Case]:
    """Headers that are missing, double or say something else."""
    without = [[v for i, v in enumerate(r) if i != 2] for r in rows()]
    yield Case("khong_co_tieu_de.csv", text(rows()[1:]), ["Không tìm thấy dòng tiêu đề", "ngày tiếp nhận"])
    yield Case("thieu_cot_ngay_tiep_nhan.csv", text(without), ["thiếu cột bắt buộc", "received (ngày tiếp nhận)"])
    yield Case(
        "thieu_cot_don_vi.csv",
        text([[v for i, v in enumerate(r) if i != 1] for r in rows()]),
        ["thiếu cột bắt buộc", "unit"],
    )
    yield Case(
        "tieu_de_sai_chinh_ta.csv", text(rows((0, 2, "Ngày tiếp nhậm"))), ['columns={"Ngày tiếp nhậm": "received"}']
    )
    yield Case(
        "hai_cot_cung_nghia.csv",
        text([[*r, r[4]] for r in rows()]).replace(
            "Trạng thái,Ngày trả kết quả".encode(), "Trạng thái,Ngày trả KQ".encode()
        ),
        ["cùng khớp một nội dung", "E: Ngày trả kết quả; G: Ngày trả KQ"],
    )
    yield Case(
        "hai_cot_trung_ten.xlsx",
        book([[*r, r[2]] for r in rows()]),
        ["cùng khớp một nội dung", "C: Ngày tiếp nhận; G: Ngày tiếp nhận"],
    )
    yield Case(
        "khong_co_trang_da_neu.xlsx",
        book(rows()),
        ["trang tính hoặc bảng “Tháng 9”", "Danh sách"],
        options={"sheet": "Tháng 9"},
    )
    yield Case("chi_co_tieu_de.csv", text(rows()[:1]), ["không có dòng dữ liệu"])
    yield Case(
        "chi_co_tieu_de_va_tong.xlsx", book([HEADER, ("Tổng cộng", "", 4, "", "", "")]), ["không có dòng dữ liệu"]
    )
    yield Case(
        "bang_khac.csv", text([("Tháng", "Doanh thu"), ("1", "20"), ("2", "30")]), ["Không tìm thấy dòng tiêu đề"]
    )
    people = [
        [r[0], n, *r[2:]]
        for r, n in zip(rows()[1:], ("Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung"), strict=True)
    ]
    yield Case("cot_don_vi_la_ten_nguoi.csv", text([HEADER, *people]), ["dữ liệu cá nhân", "Đơn vị"])
    yield Case(
        "anh_xa_cot_khong_co.csv",
        text(rows()),
        ["Không thấy tiêu đề đã khai báo", "Ngày nộp đơn"],
        options={"columns": {"Ngày nộp đơn": "received"}},
    )
    yield Case("giu_cot_khong_co.csv", text(rows()), ["Không thấy cột cần giữ: Phí"], options={"keep": ["Phí"]})
    phone = [
        [*r, v]
        for r, v in zip(rows(), ("Điện thoại", "0912345678", "0912345679", "0987654321", "0387654321"), strict=True)
    ]
    yield Case("giu_cot_ca_nhan.csv", text(phone), ["dữ liệu cá nhân", "Điện thoại"], options={"keep": ["Điện thoại"]})


def cells() -> Iterable[Case]:
    """Cells that cannot be read."""
    yield Case("ngay_khong_co_that.csv", text(rows((2, 2, "31/02/2026"))), ["C3", "không phải ngày", "00/00/0000"])
    yield Case("ngay_la_chu.csv", text(rows((2, 3, "chưa biết"))), ["D3", "không phải ngày", "aaaa aaaa"])
    yield Case("ngay_la_chu.xlsx", book(rows((4, 4, "tuần sau"))), ["E5", "dòng/row 5, cột/column E"])
    yield Case("ngay_thang_lan_lon.csv", text(rows((2, 2, "02/13/2026 08:00"))), ["C3", "không phải ngày"])
    yield Case("nam_truoc_1900.csv", text(rows((1, 2, "05/01/0226"))), ["C2", "năm trước 1900"])
    yield Case("gio_khong_co_that.csv", text(rows((1, 2, "05/01/2026 25:61"))), ["C2", "không phải ngày"])
    yield Case("so_trong_cot_ngay.csv", text(rows((3, 3, "15"))), ["D4", "không phải ngày"])
    yield Case("so_trong_cot_ngay.xlsx", book(rows((3, 3, 15))), ["D4", "không phải ngày"])
    yield Case("thieu_ngay_tiep_nhan_giua_bang.csv", text(rows((2, 2, ""))), ["C3", "ô bắt buộc bị trống"])
    yield Case("dong_cuoi_thieu_moi_ngay.csv", text([*rows(), [*ROWS[-1][:2], "", "", "", ""]]), ["C6", "bị trống"])
    yield Case("dong_cuoi_ngay_hong.csv", text([*rows(), [*ROWS[-1][:2], "31/02/2026", "", "", ""]]), ["C6", "ngày"])
    yield Case("thieu_don_vi_giua_bang.csv", text(rows((3, 1, " "))), ["B4", "ô bắt buộc bị trống"])
    yield Case(
        "dau_phan_cach_trong_o.csv",
        text(rows()).replace("Xã Mẫu B,13".encode(), "Xã Mẫu B, khu 2,13".encode()),
        ["dòng/row 5"],
    )
    yield Case(
        "thua_o_cuoi_dong.csv", text(rows()).replace(b"16/01/2026 10:00", b"16/01/2026 10:00,x,y"), ["dòng/row 2"]
    )
    extra = [[*r, v] for r, v in zip(rows(), ("Số ngày bổ sung", "2", "ba", "", "1,5"), strict=True)]
    yield Case("so_ngay_bo_sung_la_chu.csv", text(extra), ["G3", "không phải số"])
    negative = [[*r, v] for r, v in zip(rows(), ("Số lần bổ sung", "1", "-2", "", "0"), strict=True)]
    yield Case("so_lan_bo_sung_am.csv", text(negative), ["G3", "không phải số"])
    many = rows((1, 2, "x1"), (2, 3, "x2"), (3, 1, ""), (4, 4, "x3"))
    yield Case("nhieu_loi_mot_luc.csv", text(many), ["C2", "D3", "B4", "E5", "Có 4 ô"])
    named = rows((2, 3, "Nguyễn Văn An"))
    yield Case("ten_nguoi_trong_cot_ngay.csv", text(named), ["D3", "Aaaaaa".lower()])


def screened() -> Iterable[Case]:
    """Lists that load and still deserve a question."""

    def look(file: str, content: bytes, check: str, verdict: str, *says: str, **options: Any) -> Case:
        return Case(file, content, says, "screen", check, verdict, options)

    month = [list(HEADER), *repeated(40)]
    yield look(
        "tra_truoc_khi_nhan.csv",
        text(rows((2, 4, "02/01/2026 10:00"))),
        "resolved_before_received",
        "fail",
        "dòng/row 3",
        "column E",
    )
    yield look("hen_truoc_khi_nhan.csv", text(rows((1, 3, "02/01/2026"))), "due_before_received", "fail", "dòng/row 2")
    yield look("ma_ho_so_trung.csv", text(rows((3, 0, "HS-01"))), "duplicate_code", "fail", "dòng/row 2, 4")
    twice = [r[1:] for r in [*rows(), rows()[1]]]
    yield look("dong_trung_hoan_toan.csv", text(twice), "duplicate_row", "review", "dòng/row 2, 6")
    sunday = [[*r[:3], "29/03/2026", *r[4:]] if i % 3 == 1 else r for i, r in enumerate(month)]
    yield look("hen_vao_chu_nhat.csv", text(sunday), "due_on_day_off", "review", "column D")
    tet = [[*r[:4], "17/02/2027", r[5]] if i % 4 == 1 else r for i, r in enumerate(month)]
    yield look(
        "tra_vao_ngay_tet.csv",
        text([[*r[:4], str(r[4]).replace("2027", "2026"), r[5]] for r in tet]),
        "resolved_on_day_off",
        "review",
    )
    saturday = [[*r[:2], "07/03/2026 08:00", *r[3:]] if i % 5 == 1 else r for i, r in enumerate(month)]
    yield look("nhan_vao_thu_bay.csv", text(saturday), "received_on_day_off", "review", "column C")
    yield look(
        "tra_dung_ngay_hen.csv",
        text([[*r[:4], r[3] if i else r[4], r[5]] for i, r in enumerate(month)]),
        "heap_on_due_day",
        "review",
    )
    batch = [[*r[:4], "30/04/2026" if 0 < i < 16 else r[4], r[5]] for i, r in enumerate(month)]
    yield look("dong_loat_mot_ngay.csv", text(batch), "batch_day", "review", "30/04/2026")
    yield look("cot_chi_co_mot_gia_tri.csv", text(month), "constant", "review", "column F")
    yield look("thieu_ngay_hen.csv", text(rows((1, 3, ""), (3, 3, "-"))), "missing", "review", "column D", "50.00")
    yield look(
        "mot_don_vi_hai_cach_viet.csv", text(rows((2, 1, "UBND Xã MẪU A"))), "unit_spellings", "review", "Xã Mẫu A"
    )
    yield look(
        "dang_xu_ly_ma_co_ngay_tra.csv", text(rows((1, 5, "Đang xử lý"))), "open_with_end", "review", "dòng/row 2"
    )
    yield look(
        "da_xong_ma_khong_ngay_tra.csv",
        text(rows((3, 5, "Đã trả kết quả"))),
        "closed_without_end",
        "review",
        "dòng/row 4",
    )
    yield look(
        "khong_co_cot_ngay_hen.csv",
        text([[v for i, v in enumerate(r) if i != 3] for r in rows()]),
        "column_absent",
        "unknown",
        "due",
    )
    channel = [
        [*r, v]
        for r, v in zip(rows(), ("Hình thức tiếp nhận", "Trực tuyến", "Qua tổng đài", "Trực tiếp", "BCCI"), strict=True)
    ]
    yield look("kenh_la.csv", text(channel), "unknown_word", "review", "Qua tổng đài (1)")
    ambiguous = [[r[0], r[1], f"0{i}/02/2026" if i else r[2]] for i, r in enumerate(rows())]
    yield look("ngay_thang_khong_ro.csv", text(ambiguous), "date_order", "review", "dmy")
    supplement = [[*r, v] for r, v in zip(rows(), ("Số ngày bổ sung", "2", "90", "", "1"), strict=True)]
    yield look("bo_sung_dai_hon_giai_quyet.csv", text(supplement), "supplement_too_long", "review", "dòng/row 3")
    yield look(
        "giai_quyet_qua_muoi_nam.csv", text(rows((1, 2, "05/01/2006 08:30"))), "very_long", "review", "dòng/row 2"
    )
    yield look(
        "nhan_sau_ngay_chot.csv",
        text(rows((4, 2, "13/01/2027"), (4, 3, ""), (4, 4, ""))),
        "received_after_as_of",
        "fail",
        "dòng/row 5",
        as_of="2026-02-01",
    )
    yield look("tra_sau_ngay_chot.csv", text(rows()), "resolved_after_as_of", "fail", "dòng/row 5", as_of="2026-01-22")
    people = zip(rows(), ("Họ và tên", "Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung"), strict=True)
    yield look(
        "co_cot_ho_ten.csv", text([[*r, n] for r, n in people]), "personal_column", "review", "Họ và tên", "name"
    )
    coded = zip(rows(), ("Mã khách", "079201001234", "079301001235", "001201001236", "048301001237"), strict=True)
    yield look(
        "co_can_cuoc_giau_ten.csv",
        text([[*r, n] for r, n in coded]),
        "personal_column",
        "review",
        "Mã khách",
        "id_number",
    )
    macro = ("xl/vbaProject.bin", b"x")
    yield look("co_macro.xlsm", files.archive(files.workbook(files.sheet_xml(rows()), extra=[macro])), "macros", "pass")
    link = (
        "xl/externalLinks/_rels/externalLink1.xml.rels",
        b'<Relationships><Relationship Id="rId1" Target="file:///x.xlsx" TargetMode="External"/></Relationships>',
    )
    yield look(
        "lien_ket_tep_ngoai.xlsx",
        files.archive(files.workbook(files.sheet_xml(rows()), extra=[link])),
        "external",
        "review",
    )
    yield look("utf8_cat_o_cuoi.csv", text(rows())[:-3], "cut_short", "review")
    stray = text(rows()).replace("Xã Mẫu B,07".encode(), '"Xã" Mẫu B,07'.encode())
    yield look("ngoac_kep_dat_sai.csv", stray, "stray_quotes", "review")
    offset = [
        [c if i == 0 or j not in (2, 3, 4) else f"2026-01-{10 + i:02}T08:00:00+09:00" for j, c in enumerate(r)]
        for i, r in enumerate(rows())
    ]
    yield look("gio_co_mui_gio.csv", text(offset), "offsets", "review", "Asia/Ho_Chi_Minh")
    yield look("khong_doc_duoc.xlsx", book(rows())[:300], "unreadable", "fail", "khong_doc_duoc.xlsx")
    yield look("o_hong_khi_kiem.csv", text(rows((1, 2, "x1"), (3, 3, "x2"))), "bad_date", "fail", "dòng/row 2")


def forms() -> Iterable[Case]:
    """Forms II.06a whose sums do not hold, or that are none."""

    def line(**change: object) -> list[object]:
        return [change.get(f"c{i + 1}", v) for i, v in enumerate(GOOD_LINE)]

    def look(file: str, content: bytes, check: str, *says: str) -> Case:
        return Case(file, content, says, "screen form", check, "fail")

    yield look(
        "bieu_sai_tong_tiep_nhan.xlsx", form(line(c3=110, c11=30, c12=28)), "workload_in", "dòng/row 4", "Đất đai"
    )
    yield look("bieu_sai_da_giai_quyet.xlsx", form(line(c8=31)), "resolved_parts", "dòng/row 4")
    yield look("bieu_sai_dang_giai_quyet.xlsx", form(line(c13=3)), "pending_parts", "dòng/row 4")
    yield look("bieu_ton_khong_khop.xlsx", form(line(c7=81, c8=31)), "workload_out", "dòng/row 4")
    total = ["", "Tổng cộng", *(2 * v for v in GOOD_LINE[2:])]
    yield look("bieu_dong_tong_sai.xlsx", form(GOOD_LINE, total), "total_row", "dòng/row 5", "workload")
    yield look("bieu_o_la_chu.xlsx", form(line(c4="bốn mươi")), "bad_number", "dòng/row 4", "column D")
    yield look("bieu_so_am.xlsx", form(line(c5=-50)), "bad_number", "dòng/row 4", "column E")
    yield Case("bieu_o_la_chu_khi_nap.xlsx", form(line(c4="bốn mươi")), ["D4", "không phải số"], "form")
    yield Case("bieu_chua_dien.xlsx", form(["", "Đất đai", *[""] * 11]), ["không có dòng số liệu"], "form")
    yield Case(
        "bieu_khac.xlsx", book([["Tháng", "Doanh thu"], ["1", 20]]), ["Không thấy biểu II.06a", "template"], "form"
    )
    sheet = [list(FORM), list(GOOD_LINE)]
    yield Case("bieu_hai_trang.xlsx", book(sheet, sheet), ["nhiều trang tính", "Danh sách, Tháng 2"], "form")
    yield Case(
        "bieu_phien_ban_la.xlsx",
        form(GOOD_LINE),
        ["Chưa có biểu", "TT01/2020"],
        "form",
        options={"version": "TT99/2099"},
    )


def corrections() -> Iterable[Case]:
    """Corrections beside a good list."""
    head = ("Dòng", "Cột", "Giá trị cũ", "Giá trị mới", "Ngày sửa", "Lý do", "Vai trò")

    def change(**cells: object) -> bytes:
        line = {
            "row": 3,
            "column": "Ngày hẹn trả",
            "old": "",
            "new": "21/01/2026",
            "when": "01/02/2026",
            "why": "gõ nhầm",
            "role": "văn thư",
        }
        return text([head, tuple({**line, **cells}.values())])

    def case(file: str, content: bytes, *says: str) -> Case:
        return Case(file, content, says, "corrections")

    yield case("dinh_chinh_o_khong_co.csv", change(row=99), "ô không có", "dòng/row 2")
    yield case("dinh_chinh_cot_khong_co.csv", change(column="Phí"), "ô không có")
    yield case("dinh_chinh_dong_tieu_de.csv", change(row=1), "ô không có")
    yield case("dinh_chinh_hai_lan.csv", change() + change().split(b"\r\n", 1)[1], "hai lần", "dòng/row 3")
    yield case("dinh_chinh_gia_tri_cu_sai.csv", change(old="01/01/2020"), "giá trị cũ")
    yield case("dinh_chinh_ghi_ten_nguoi.csv", change(role="Nguyễn Văn An"), "dữ liệu cá nhân", "Vai trò")
    one = [change(row=r, role=w).split(b"\r\n", 1)[1] for r, w in ((3, "chuyên viên"), (4, "Trần Thị Bình"))]
    yield case("dinh_chinh_lan_ten_nguoi.csv", change(row=2) + b"".join(one), "G4", "tên hoặc số của một người")
    yield case("dinh_chinh_thieu_ly_do.csv", change(why=""), "F2", "ô bắt buộc bị trống")
    yield case("dinh_chinh_thieu_cot.csv", text([head[:4], (3, "Đơn vị", "", "x")]), "thiếu cột bắt buộc", "why")
    yield case("dinh_chinh_dong_la_chu.csv", change(row="ba"), "A2", "không phải số")


def declarations() -> Iterable[Case]:
    """Declarations beside a good list that cannot be read, say what cannot be, or no longer fit the list."""

    def case(name: str, lines: str, *says: str) -> Case:
        return Case(f"khai_{name}.khai.toml", f'[[table]]\nas = "dossiers"\n{lines}\n'.encode(), says, "declaration")

    old = b'table = "dossiers"\n[columns]\n"A" = "received"\n'
    yield Case("kieu_cu.columns.toml", old, ["không còn dùng", "danh-sach.csv.khai.toml"], "declaration")
    yield Case("khai_khong_co_bang.khai.toml", b'as = "dossiers"\n', ["[[table]]"], "declaration")
    yield case("hong", "columns = [\n]]", "không đọc được", "dòng/line 4")
    yield case("muc_la", 'shets = ["Danh sách"]', "shets", "sheets")
    yield case("muc_sai_kieu", 'sheets = "Danh sách"', "không đúng dạng", "sheets")
    yield case("tu_la", 'halted = "stopped"', "halted", "ends, paused")
    yield case("thu_tu_ngay_la", 'date_order = "ymd"', "date_order", "dmy, mdy")
    yield case("dong_la_gi", '[table.rows]\n"3: HS-02" = "summe"', "3: HS-02", "total")
    yield case("nghia_la", '[table.words.outcome]\n"Xong" = "finished"', "Xong", "granted")
    yield case("cot_co_tu_la", '[table.words.unit]\n"A" = "B"', "words.unit", "outcome")
    yield case("neu_gia_tri_la", '[table.given]\nchannel = "zalo"', "given.channel", "online")
    yield case("neu_cot_la", '[table.given]\nunti = "Xã Mẫu"', "unti", "unit")
    yield case("cot_hop_dong_la", '[table.columns]\n"Đơn vị" = "unti"', "unti", "unit")
    yield case(
        "hai_tieu_de",
        '[table.columns]\n"Đơn vị" = "unit"\n"Mã hồ sơ" = "unit"',
        "cùng khớp một nội dung: unit",
        "A: Mã hồ sơ; B: Đơn vị",
    )
    yield case("tieu_de_khong_con", '[table.columns]\n"Ngày nộp" = "received"', "“Ngày nộp”", "C: Ngày tiếp nhận")
    yield case("trang_khong_con", 'sheets = ["Tháng 9"]', "“Tháng 9”")
    yield case("trang_bo_khong_con", 'unread = ["Tháng 9"]', "“Tháng 9”")
    yield case("dong_khac_chu", '[table.rows]\n"3: Tổng cộng" = "total"', "3: Tổng cộng")
    yield case("dong_khong_con", '[table.rows]\n"30: Tổng cộng" = "total"', "30: Tổng cộng")
    yield case("dong_tieu_de_khong_con", 'header = "40-41"', "40-41")
    yield case("cot_giu_khong_con", 'keep = ["Phí"]', "cột cần giữ: Phí")


def cases() -> list[Case]:
    """Return every broken file."""
    return [*containers(), *headers(), *cells(), *screened(), *forms(), *corrections(), *declarations()]
