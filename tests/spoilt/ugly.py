"""Ugly but valid files, each with what has to be read from it.

All hold the same four made-up dossiers (or the same two lines of a form), spoilt as offices and software spoil them.
"""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.spoilt import broken

files = broken.files

HEADER, ROWS, text, book = broken.HEADER, broken.ROWS, broken.text, broken.book

#: What every list of dossiers holds; a file without hours holds the days only.
TRUTH = {
    "dossier": ["HS-01", "HS-02", "HS-03", "HS-04"],
    "unit": ["Xã Mẫu A", "Xã Mẫu A", "Xã Mẫu B", "Xã Mẫu B"],
    "received": ["2026-01-05 08:30", "2026-01-06 09:00", "2026-01-07 14:00", "2026-01-13 07:45"],
    "due": ["2026-01-19 17:00", "2026-01-20 17:00", "2026-01-21 17:00", "2026-01-27 17:00"],
    "resolved": ["2026-01-16 10:00", "2026-01-22 15:30", None, "2026-01-27 11:00"],
    "outcome": ["granted", "granted", "open", "granted"],
}
FORM_TRUTH = {
    "group": ["Đất đai", "Hộ tịch"],
    "workload": [1234, 150],
    "received_online": [1000, 90],
    "received_direct": [200, 50],
    "carried_in": [34, 10],
    "resolved": [1100, 130],
    "resolved_early": [900, 100],
    "resolved_on_time": [190, 25],
    "resolved_late": [10, 5],
    "pending": [134, 20],
    "pending_within": [130, 20],
    "pending_overdue": [4, 0],
}


@dataclass(frozen=True)
class Case:
    """A file, its rows in the file, and what else has to be told about the reading.

    Parameters
    ----------
    file, content
        Its name and bytes.
    rows : sequence of int
        The rows of the records as a spreadsheet counts them.
    days : bool
        Whether the file states days without hours.
    notes : sequence of str
        Codes of remarks that have to be made.
    form : bool
        Whether it holds form II.06a.
    options : dict
        Arguments for the loader.
    """

    file: str
    content: bytes
    rows: Sequence[int] = (2, 3, 4, 5)
    days: bool = False
    notes: Sequence[str] = ()
    form: bool = False
    options: dict[str, Any] = field(default_factory=dict)


def table(*, header: Sequence[object] = HEADER, day: str = "{:%d/%m/%Y %H:%M}") -> list[list[object]]:
    """Return header and rows with the dates written in another way."""

    def write(cell: str) -> object:
        return day.format(dt.datetime.strptime(cell, "%d/%m/%Y %H:%M")) if cell else ""

    return [list(header), *([*r[:2], *map(write, r[2:5]), r[5]] for r in ROWS)]


def serial(cell: object) -> object:
    """Return a date as the number a spreadsheet keeps."""
    if not cell:
        return ""
    span = dt.datetime.strptime(str(cell), "%d/%m/%Y %H:%M") - dt.datetime(1899, 12, 30)
    return round(span.total_seconds() / 86400, 10)


def cells(rows: Sequence[Sequence[object]], *, merged: Sequence[str] = (), width: int = 0, **properties: Any) -> bytes:
    """Return a workbook written by openpyxl, with merged ranges and real dates."""
    import openpyxl

    from dvresearch.workbook import fix_zip

    workbook = openpyxl.Workbook()
    sheet: Any = workbook.active
    sheet.title = "Danh sách"
    for row in rows:
        sheet.append(list(row))
    for area in merged:
        sheet.merge_cells(area)
    for name, value in properties.items():
        setattr(workbook, name, value)
    out = io.BytesIO()
    workbook.save(out)
    return fix_zip(out.getvalue())


def dated() -> list[list[object]]:
    """Return the rows with real dates."""

    def read(cell: object) -> object:
        return dt.datetime.strptime(str(cell), "%d/%m/%Y %H:%M") if cell else None

    return [list(HEADER), *([*r[:2], *map(read, r[2:5]), r[5]] for r in ROWS)]


def workbooks() -> Iterable[Case]:
    """Lists in workbooks."""
    good = dated()
    above = [["UBND XÃ MẪU"], [], ["DANH SÁCH HỒ SƠ", "", "", "", "", ""], ["(Từ ngày 01/01/2026 đến ngày 31/01/2026)"]]
    yield Case("dong_tieu_de_phia_tren.xlsx", cells([*above, *good], merged=["A3:F3"]), (6, 7, 8, 9))
    group = ["Hồ sơ", "Đơn vị", "Ngày", "", "", "Trạng thái"]
    names = ["Mã", "", "tiếp nhận", "hẹn trả", "trả kết quả", ""]
    two = [*above[:2], group, names, ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"], *good[1:]]
    yield Case("tieu_de_hai_tang_gop_o.xlsx", cells(two, merged=["C3:E3", "B3:B4", "F3:F4"]), (6, 7, 8, 9))
    three = [["Thông tin", "", "Thời gian giải quyết", "", "", "Ghi nhận"], *two[2:4], *good[1:]]
    yield Case("tieu_de_ba_tang_gop_o.xlsx", cells(three, merged=["A1:B1", "C1:E1", "C2:E2"]), (4, 5, 6, 7))
    yield Case("cot_va_dong_trong_ben_trai.xlsx", cells([[], [], *([None, None, *r] for r in good)]), (4, 5, 6, 7))
    numbered = [good[0], ["A", "B", "1", "2", "3", "4"], *good[1:]]
    yield Case("dong_danh_so_cot.xlsx", cells(numbered), (3, 4, 5, 6))
    total = ["Tổng cộng: 4", "", 4, 4, 3, ""]
    between = [good[0], ["I. Xã Mẫu A"], *good[1:3], ["Cộng Xã Mẫu A", "", 2], ["II. Xã Mẫu B"], *good[3:], total]
    yield Case("nhom_va_cong_giua_bang.xlsx", cells(between), (3, 4, 7, 8), options={})
    notes = [
        *good,
        [],
        ["Ghi chú: số liệu đến 31/01/2026"],
        ["", "", "Xã Mẫu, ngày 31 tháng 01 năm 2026"],
        ["Người lập biểu", "", "", "CHỦ TỊCH"],
    ]
    yield Case("ghi_chu_va_chu_ky_o_cuoi.xlsx", cells(notes))
    yield Case("tieu_de_lap_lai_moi_trang.xlsx", cells([*good[:3], [], good[0], *good[3:]]), (2, 3, 6, 7))
    yield Case(
        "ngay_la_so_cua_bang_tinh.xlsx", book([list(HEADER), *([*r[:2], *map(serial, r[2:5]), r[5]] for r in ROWS)])
    )
    mixed = [list(HEADER), good[1], list(ROWS[1]), [*ROWS[2][:2], serial(ROWS[2][2]), *ROWS[2][3:]], good[4]]
    yield Case("ngay_that_lan_chu_lan_so.xlsx", cells(mixed))
    yield Case("lich_nam_1904.xlsx", cells(good, epoch=dt.datetime(1904, 1, 1)))
    first = [["Hướng dẫn điền biểu"], ["1. Mỗi hồ sơ một dòng"]]
    yield Case("nhieu_trang_tinh.xlsx", book(first, broken.rows(), [["Tháng", "Số hồ sơ"], ["1", 4]]))
    wide = files.workbook('<dimension ref="A1:XFD1048576"/>' + files.sheet_xml(broken.rows()))
    yield Case("khai_kich_thuoc_qua_lon.xlsx", files.archive(wide))
    far = files.sheet_xml(broken.rows()).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    )
    yield Case("o_trong_dinh_dang_o_rat_xa.xlsx", files.archive(files.workbook(far)))
    macro = [("xl/vbaProject.bin", b"x")]
    yield Case(
        "co_macro.xlsm", files.archive(files.workbook(files.sheet_xml(broken.rows()), extra=macro)), notes=["macros"]
    )
    yield Case("excel_97.xls", files.xls(broken.rows()))
    yield Case("excel_97_dat_duoi_xlsx.xlsx", files.xls(broken.rows()))
    yield Case("libreoffice.ods", files.ods(broken.rows()))
    yield Case("bang_trong_word.docx", files.docx(files.word_table(broken.rows())))
    short = [["STT", "Mã HS", "ĐƠN  VỊ", "Ngày TN\n(ngày, giờ)", "Ngày hẹn trả*", "Ngày trả KQ", "Tình trạng"]]
    yield Case("viet_tat_va_xuong_dong.xlsx", cells([*short, *([i, *r] for i, r in enumerate(good[1:], start=1))]))


def texts() -> Iterable[Case]:
    """Lists as text with separators, and Parquet."""
    plain = broken.rows()
    yield Case("cham_phay_co_bom.csv", text(plain, delimiter=";"))
    yield Case("tab.tsv", text(plain, delimiter="\t", encoding="utf-8"))
    yield Case("gach_dung.txt", text(plain, delimiter="|", encoding="utf-8"))
    yield Case("dong_sep_cua_excel.csv", b"sep=;\r\n" + text(plain, delimiter=";", encoding="utf-8"))
    yield Case("csv_dat_duoi_xlsx.xlsx", text(plain))
    yield Case("utf16_tu_excel.txt", text(plain, delimiter="\t", encoding="utf-16"), notes=["encoding"])
    yield Case("utf16_khong_dau_hieu.csv", text(plain, encoding="utf-16-le"), notes=["encoding"])
    apart = text(plain, encoding="utf-8").decode()
    marks = {
        unicodedata.normalize("NFC", b + t): b + t
        for t in "\u0300\u0301\u0303\u0309\u0323"
        for b in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    }
    yield Case("windows_1258.csv", "".join(marks.get(c, c) for c in apart).encode("cp1258"), notes=["encoding"])
    yield Case("chu_va_dau_tach_roi.csv", unicodedata.normalize("NFD", apart).encode(), notes=["decomposed"])
    yield Case("phong_tcvn3.csv", typed_for("tcvn3", apart).encode("latin-1"), notes=["encoding", "legacy_font"])
    yield Case("phong_vni.csv", typed_for("vni", apart).encode("cp1252"), notes=["encoding", "legacy_font"])
    yield Case(
        "phong_tcvn3_trong_excel.xlsx",
        cells([[typed_for("tcvn3", str(c or "")) for c in r] for r in plain]),
        notes=["legacy_font"],
    )
    bare = [strip(c) for c in HEADER]
    yield Case("tieu_de_khong_dau.csv", text([bare, *plain[1:]], encoding="utf-8"))
    yield Case(
        "tieu_de_viet_lien.csv",
        text([("MaHoSo", "DonVi", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "TrangThai"), *plain[1:]]),
    )
    yield Case("nam_hai_chu_so.csv", text(table(day="{0:%d/%m/%y}")), days=True)
    yield Case("ngay_khong_so_0.csv", text(table(day="{0.day}/{0.month}/{0.year} {0.hour}h{0.minute}")))
    yield Case("ngay_viet_bang_chu.csv", text(table(day="ngày {0.day} tháng {0.month} năm {0.year}")), days=True)
    yield Case("iso_co_chu_t.csv", text(table(day="{:%Y-%m-%dT%H:%M:%S}")))
    english = ("case_id", "department", "open_dt", "sla_target_dt", "closed_dt", "case_status")
    abroad = [
        [*r[:5], "Open" if i == 3 else "Closed"]
        for i, r in enumerate(table(day="{0.month}/{0.day}/{0:%Y %I:%M:%S %p}"))
    ]
    yield Case(
        "tep_my_thang_truoc_gio_am_pm.csv",
        text([english, *abroad[1:]]),
        options={
            "columns": {"received": "open_dt", "due": "sla_target_dt", "resolved": "closed_dt", "unit": "department"}
        },
    )
    zoned = table(day="{:%Y-%m-%dT%H:%M:%S+07:00}")
    yield Case("co_mui_gio_viet_nam.csv", text(zoned), notes=["offsets"])
    dashes = [[c if c else ("-", "…", "x")[i % 3] for i, c in enumerate(r)] for r in plain]
    yield Case("gach_va_ba_cham_la_trong.csv", text(dashes))
    inside = text(plain).replace("Xã Mẫu B,07".encode(), '"Xã\nMẫu B",07'.encode())
    yield Case("xuong_dong_trong_o.csv", inside)
    yield Case("xuong_dong_kieu_mac_cu.csv", text(plain).replace(b"\r\n", b"\r"))
    yield Case(
        "ten_cot_la.csv",
        text([("a", "b", "c", "d", "e", "f"), *plain[1:]]),
        options={"columns": dict(zip("abcdef", TRUTH, strict=True))},
    )
    yield Case("thieu_cot_don_vi_neu_rieng.csv", text([[r[0], *r[2:]] for r in plain]), options={"unit": "Xã Mẫu A"})
    import pyarrow as pa

    columns = {name: [r[i] or None for r in dated()[1:]] for i, name in enumerate(HEADER)}
    yield Case("parquet_co_kieu.parquet", broken.parquet(columns))
    yield Case(
        "parquet_chi_co_chu.parquet",
        broken.parquet({n: pa.array([str(r[i]) for r in plain[1:]]) for i, n in enumerate(HEADER)}),
    )


def typed_for(font: str, words: str) -> str:
    """Return Unicode text as it was typed for an old font: the way back from `dvresearch.text.repair`."""
    from dvresearch.text.legacy import FONTS

    _, codes = FONTS[font]  # type: ignore[index]
    back = {letter: code for code, letter in sorted(codes.items(), reverse=True)}
    return "".join(back.get(c, back.get(c.lower(), c) if font == "tcvn3" else c) for c in words)


def strip(words: str) -> str:
    """Return text without its marks."""
    letters = unicodedata.normalize("NFD", words.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in letters if not unicodedata.combining(c))


def forms() -> Iterable[Case]:
    """Forms II.06a as offices change them."""
    lines = [[FORM_TRUTH[n][i] for n in FORM_TRUTH] for i in (0, 1)]
    numbers = [f"({n})" for n in range(1, 14)]
    bare = [numbers, *([i, *line] for i, line in enumerate(lines, start=1))]
    yield Case("bieu_chi_con_dong_so.xlsx", book(bare), (2, 3), form=True)
    groups = [
        "",
        "TT",
        "Lĩnh vực giải quyết",
        "Tiếp nhận",
        *[""] * 4,
        "Đã giải quyết",
        *[""] * 4,
        "Đang giải quyết",
        "",
        "",
        "Rút",
    ]
    names = [
        *[""] * 3,
        "Tổng số",
        "Toàn trình",
        "Một phần",
        "Trực tiếp",
        "Kỳ trước chuyển sang",
        "Tổng số",
        "Trước hạn",
        "Đúng hạn",
        "Quá hạn",
        "Thư xin lỗi",
        "Tổng số",
        "Trong hạn",
        "Quá hạn",
        "",
    ]
    rows = []
    for i, (name, total, online, direct, old, *rest) in enumerate(lines, start=1):
        done, early, ontime, late, pending, within, overdue = rest
        written = [
            f"{total:,}".replace(",", "."),
            online - 40,
            40,
            direct,
            old,
            done,
            early,
            ontime,
            late,
            "",
            pending,
            within,
            overdue or "0",
            3,
        ]
        rows.append(["", i, name, *written])
    title = [["UBND XÃ MẪU"], ["BIỂU TỔNG HỢP"], []]
    total_row = ["", "", "Tổng số", 1384, 1010, 80, 250, 44, 1230, 1000, 215, 15, "", 154, 150, 4, 6]
    body = [*title, groups, names, *rows, total_row, [], ["", "", "Người lập biểu"]]
    merged = ["D4:H4", "I4:M4", "N4:P4", "B4:B5", "C4:C5", "Q4:Q5"]
    yield Case("bieu_ha_noi_them_cot.xlsx", cells(body, merged=merged), (6, 7), form=True)
    yield Case(
        "bieu_so_la_chu.csv",
        text([numbers, *([str(c).replace("1234", "1.234") for c in r] for r in bare[1:])]),
        (2, 3),
        form=True,
    )


def cases() -> list[Case]:
    """Return every ugly file."""
    return [*workbooks(), *texts(), *forms()]
