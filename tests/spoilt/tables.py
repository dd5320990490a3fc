"""Broken files of the smaller tables and of the petition forms.

Everything in them is made up. The name of a file is its table and its fault.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """A file, how it is used, and what has to be said.

    Parameters
    ----------
    file, content
        Its name and bytes.
    table : str
        What it holds: a table, or the code of a form.
    says : sequence of str
        What the error, or the finding of `check`, has to contain.
    check, verdict : str
        Of a finding; without a check the file has to be refused.
    options : dict
        Further arguments of the loader.
    """

    file: str
    content: bytes
    table: str
    says: Sequence[str] = ()
    check: str = ""
    verdict: str = "fail"
    options: dict[str, Any] = field(default_factory=dict)


def text(rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8-sig")


#: A good list of each table: its header and its rows.
GOOD: dict[str, list[list[object]]] = {
    "cases": [
        ["Mã đơn", "Đơn vị", "Loại", "Số lượt", "Số người", "Đoàn đông người", "Ngày tiếp nhận", "Hạn giải quyết"],
        ["VV-1", "Xã Mẫu A", "Tiếp công dân", 1, 2, "Không", "05/01/2026", "19/01/2026"],
        ["VV-2", "Xã Mẫu A", "Khiếu nại", "", "", "", "06/01/2026", "05/02/2026"],
        ["VV-3", "Xã Mẫu B", "Tố cáo", "", "", "", "07/01/2026", "06/02/2026"],
        ["VV-4", "Xã Mẫu B", "Tiếp công dân", 1, 12, "Có", "13/01/2026", "27/01/2026"],
    ],
    "responses": [
        ["Mã phiếu", "Đơn vị", "Quyền số", *(f"Câu {i}" for i in range(1, 9))],
        ["P-1", "Xã Mẫu A", 1.5, *["Hài lòng", "Rất hài lòng", "Bình thường", "Hài lòng"] * 2],
        ["P-2", "Xã Mẫu A", 1.5, *["Hài lòng", "Không biết", "Hài lòng", "Không hài lòng"] * 2],
        ["P-3", "Xã Mẫu B", 2.0, *["Rất hài lòng", "Hài lòng", "Không trả lời", "Hài lòng"] * 2],
    ],
    "models": [
        [
            *("Mã mô hình", "Tên mô hình", "Đơn vị", "Bậc", "Ngày đăng ký", "Ngày công nhận", "Ngày bắt đầu"),
            *("Ngày đánh giá", "Ngày dừng", "Lý do dừng", "Thực trạng, lý do", "Mục tiêu, tiêu chí"),
            "Sản phẩm, kết quả đầu ra",
        ],
        [
            *("MH-1", "Tuyến đường tự quản", "Xã Mẫu A", "Công nhận", "05/02/2025", "20/11/2025", "01/03/2025"),
            *("15/12/2025", "", "", "có nêu", "có nêu", "có nêu"),
        ],
        [
            *("MH-2", "Tổ hòa giải", "Xã Mẫu B", "Đăng ký", "10/02/2025", "", "01/03/2025"),
            *("15/12/2025", "30/06/2025", "Thiếu kinh phí", "có nêu", "có nêu", "có nêu"),
        ],
    ],
    "targets": [
        ["Đơn vị", "Năm", "Chỉ tiêu", "Kế hoạch", "Thực hiện"],
        ["Xã Mẫu A", 2025, "Số cuộc đối thoại", 4, 5],
        ["Xã Mẫu A", 2025, "Tỷ lệ hồ sơ đúng hạn", "95 %", "96,5 %"],
        ["Xã Mẫu B", 2025, "Số cuộc đối thoại", 4, 3],
    ],
    "rubric": [
        [
            *("Mã tiêu chí", "Đơn vị", "Tiêu chí", "Điểm tối đa", "Số đã thực hiện", "Số phải thực hiện"),
            *("Điểm tự chấm", "Điểm thẩm định", "Tài liệu kiểm chứng", "Cách chấm khi không phát sinh"),
            "Nguồn của điểm tối đa",
        ],
        ["1", "Xã Mẫu A", "Tiếp công dân định kỳ", 10, 12, 12, 10, 9, "có", "Cho điểm tối đa", "Đơn vị tự đặt"],
        ["2", "Xã Mẫu A", "Giải quyết đơn", 20, 0, 0, 20, 20, "có", "Cho điểm tối đa", "Đơn vị tự đặt"],
        ["1", "Xã Mẫu B", "Tiếp công dân định kỳ", 10, 11, 12, 9, 9, "có", "Cho điểm tối đa", "Đơn vị tự đặt"],
        ["2", "Xã Mẫu B", "Giải quyết đơn", 20, 3, 4, 15, 15, "có", "Cho điểm tối đa", "Đơn vị tự đặt"],
    ],
}
ITEMS = {f"q{i}": f"Câu {i}" for i in range(1, 9)}
#: Sums between the columns of the petition forms, as the notes on Thông tư 02/2021/TT-TTCP give them.
SUMS = {
    "01/TCD": ["1=4+13+22", "2=5+14+23", "3=6+7+15+16+24+25"],
    "01/XLD": ["1=2+3+4+5+6+7", "18=19+20+21", "22=23+24+25", "9=11+12+13", "9=14+15+16+17", "9=18+22"],
    "02/XLD": [
        *("1=2+3+4+5", "6=7+8", "23=24+25", "26=27+28+29"),
        *("10=11+15+16+17", "10=18+19+20+21+22", "10=23+26"),
    ],
    "03/XLD": ["1=2+3+4+5+6+7", "12=13+18+19+20+21", "12=22+23+24+25", "12=26+29"],
    "01/KQGQ": ["1=2+3", "5=20+21+22+23+24"],
}
WIDTH = {"01/TCD": 29, "01/XLD": 26, "02/XLD": 29, "03/XLD": 29, "01/KQGQ": 26}


def changed(table: str, row: int, **cells: object) -> bytes:
    """Return the good list of `table` with cells of `row` (from 1 below the header) replaced; `_` is a space."""
    rows = [list(r) for r in GOOD[table]]
    for name, value in cells.items():
        rows[row][rows[0].index(name.replace("_", " "))] = value
    return text(rows)


def without(table: str, name: str) -> bytes:
    at = GOOD[table][0].index(name)
    return text([[c for i, c in enumerate(r) if i != at] for r in GOOD[table]])


def beside(table: str, title: str, *cells: object) -> bytes:
    """Return the good list of `table` with a further column."""
    return text([[*row, cell] for row, cell in zip(GOOD[table], (title, *cells), strict=True)])


def added(table: str, *rows: Sequence[object]) -> bytes:
    return text([*GOOD[table], *rows])


def parts_of(total: str) -> tuple[int, list[int]]:
    left, right = total.split("=")
    return int(left), [int(p) for p in right.split("+")]


def line(code: str) -> dict[int, int]:
    """Return a line of a form in which every sum holds."""
    counts: dict[int, int] = {}
    for written in reversed(SUMS[code]):
        total, parts = parts_of(written)
        whole = counts.setdefault(total, 120)
        counts |= {p: whole // len(parts) for p in parts}
        counts[parts[0]] += whole - sum(counts[p] for p in parts)
    if code == "01/KQGQ":
        counts |= {4: 150, 6: 10, 25: 118, 26: 12}
    return {n: counts.get(n, 0) for n in range(1, WIDTH[code] + 1)}


def form(code: str, *changes: dict[int, object], unit: str = "Xã Mẫu A", top: str = "", total: int = 0) -> bytes:
    """Return a form with a line per change and a total row that adds up, but for `total`."""
    lines = [line(code) | change for change in changes or ({},)]
    whole = {n: sum(c[n] for c in lines if isinstance(c[n], int)) for n in range(1, WIDTH[code] + 1)}  # type: ignore[misc]
    whole[1] += total
    return text(
        [
            [top or f"Biểu số {code}"],
            ["Kỳ báo cáo: Quý 1/2025"],
            ["STT", "Đơn vị"],
            ["", "MS", *range(1, WIDTH[code] + 1)],
            *([i, unit, *c.values()] for i, c in enumerate(lines, start=1)),
            ["", "Tổng cộng", *whole.values()],
        ]
    )


def slug(code: str) -> str:
    number, name = code.split("/")
    return f"form_{number}{name.lower()}"


def refused() -> list[Case]:
    """Files that a loader refuses."""
    header = [GOOD["cases"][0]]
    return [
        Case("cases_thieu_cot_loai.csv", without("cases", "Loại"), "cases", ["kind", "loại"]),
        Case(
            "cases_loai_khong_co_trong_danh_muc.csv", changed("cases", 2, Loại="Khen ngợi"), "cases", ["danh mục", "C3"]
        ),
        Case(
            "cases_thieu_ngay_nhan_giua_bang.csv", changed("cases", 2, Ngày_tiếp_nhận=""), "cases", ["G3", "bắt buộc"]
        ),
        Case("cases_ngay_khong_co_that.csv", changed("cases", 3, Ngày_tiếp_nhận="31/02/2026"), "cases", ["G4", "ngày"]),
        Case("cases_so_nguoi_am.csv", changed("cases", 1, Số_người=-2), "cases", ["E2", "số"]),
        Case("cases_so_nguoi_la_chu.csv", changed("cases", 1, Số_người="hai"), "cases", ["E2", "số"]),
        Case("cases_dau_doan_la.csv", changed("cases", 1, Đoàn_đông_người="có lẽ"), "cases", ["F2", "có hoặc không"]),
        Case(
            "cases_ten_nguoi_o_cot_don_vi.csv",
            changed("cases", 1, Đơn_vị="Nguyễn Văn An"),
            "cases",
            ["B2", "của một người"],
        ),
        Case(
            "cases_hai_cot_ngay_nhan.csv",
            beside("cases", "Ngày nhận đơn", *["05/01/2026"] * 4),
            "cases",
            ["Nhiều cột", "received"],
        ),
        Case("cases_chi_co_tieu_de.csv", text(header), "cases", ["không có dòng dữ liệu"]),
        Case(
            "cases_loai_neu_sai.csv",
            without("cases", "Loại"),
            "cases",
            ["kind", "complaint"],
            options={"kind": "khieu nai"},
        ),
        Case("responses_cau_tra_loi_la.csv", changed("responses", 2, Câu_3="Tạm tạm"), "responses", ["F3", "danh mục"]),
        Case(
            "responses_so_khong_noi_chieu.csv",
            changed("responses", 1, Câu_1=5),
            "responses",
            ["1 là mức nào", 'numbers="ascending"'],
        ),
        Case(
            "responses_so_ngoai_thang.csv",
            changed("responses", 1, Câu_1=7),
            "responses",
            ["D2", "danh mục"],
            options={"numbers": "ascending"},
        ),
        Case("responses_thieu_cau_hoi.csv", without("responses", "Câu 8"), "responses", ["Câu 8"]),
        Case("responses_thieu_don_vi.csv", without("responses", "Đơn vị"), "responses", ["unit", "đơn vị"]),
        Case("responses_quyen_so_la_chu.csv", changed("responses", 1, Quyền_số="một rưỡi"), "responses", ["C2", "số"]),
        Case(
            "responses_thang_do_la.csv",
            text(GOOD["responses"]),
            "responses",
            ["scale", "hai_long_5"],
            options={"scale": "hai_long_7"},
        ),
        Case(
            "responses_chieu_so_la.csv",
            text(GOOD["responses"]),
            "responses",
            ["numbers", "ascending"],
            options={"numbers": "tang"},
        ),
        Case(
            "responses_thuoc_tinh_la.csv",
            text(GOOD["responses"]),
            "responses",
            ["sensitive", "gender"],
            options={"sensitive": ("age",)},
        ),
        Case("models_thieu_don_vi.csv", without("models", "Đơn vị"), "models", ["unit", "đơn vị"]),
        Case("models_ngay_la_chu.csv", changed("models", 1, Ngày_đăng_ký="đầu năm"), "models", ["E2", "ngày"]),
        Case(
            "models_ten_nguoi_o_cot_don_vi.csv",
            added("models", ["MH-3", "Đội văn nghệ", "Trần Thị Bình"]),
            "models",
            ["C4", "của một người"],
        ),
        Case("models_don_vi_trong.csv", changed("models", 2, Đơn_vị=""), "models", ["C3", "bắt buộc"]),
        Case(
            "models_bang_khac.csv",
            text([["Cột một", "Cột hai"], ["a", "b"]]),
            "models",
            ["Không tìm thấy dòng tiêu đề"],
        ),
        Case("targets_thieu_cot_ke_hoach.csv", without("targets", "Kế hoạch"), "targets", ["planned", "kế hoạch"]),
        Case("targets_hai_so_trong_mot_o.csv", changed("targets", 1, Thực_hiện="5; 4"), "targets", ["E2", "số"]),
        Case(
            "targets_ten_nguoi_trong_chi_tieu.csv",
            changed("targets", 1, Chỉ_tiêu="Giúp hộ bà Lê Thị Hồng Nhung"),
            "targets",
            ["C2", "của một người"],
        ),
        Case(
            "targets_hai_nam_ke_hoach.csv",
            beside("targets", "Kế hoạch năm 2026", 4, "95 %", 4),
            "targets",
            ["Nhiều cột", "planned"],
        ),
        Case(
            "rubric_thieu_cot_diem_toi_da.csv", without("rubric", "Điểm tối đa"), "rubric", ["maximum", "điểm tối đa"]
        ),
        Case("rubric_diem_la_chu.csv", changed("rubric", 1, Điểm_tự_chấm="mười"), "rubric", ["G2", "số"]),
        Case("rubric_diem_toi_da_trong.csv", changed("rubric", 2, Điểm_tối_đa=""), "rubric", ["D3", "bắt buộc"]),
        Case(
            "rubric_quy_tac_neu_sai.csv",
            without("rubric", "Cách chấm khi không phát sinh"),
            "rubric",
            ["zero_rule", "excluded"],
            options={"zero_rule": "bỏ"},
        ),
        Case("rubric_so_nhiem_vu_am.csv", changed("rubric", 1, Số_phải_thực_hiện=-1), "rubric", ["F2", "số"]),
        Case("form_01tcd_o_la_chu.csv", form("01/TCD", {5: "hai mươi"}), "01/TCD", ["G5", "số"]),
        Case("form_01tcd_so_am.csv", form("01/TCD", {5: -3}), "01/TCD", ["G5", "số"]),
        Case("form_01xld_ghi_la_bieu_khac.csv", form("02/XLD"), "01/XLD", ["biểu khác", "02/XLD"]),
        Case(
            "form_01tcd_thong_tu_moi.csv",
            form("01/TCD", top="Biểu 01/TCD (Thông tư 06/2025/TT-TTCP)"),
            "01/TCD",
            ["06/2025/TT-TTCP", "chưa biết các cột"],
        ),
        Case(
            "form_02xld_phien_ban_moi.csv",
            form("02/XLD"),
            "02/XLD",
            ["06/2025/TT-TTCP", "load_cases"],
            options={"version": "TT06/2025"},
        ),
        Case(
            "form_03xld_khong_so_cot.csv",
            text([["Biểu số 03/XLD"], ["STT", "Đơn vị", "Tổng số"], [1, "Xã Mẫu A", 5]]),
            "03/XLD",
            ["Không thấy biểu 03/XLD", "(1) (2) (3)"],
        ),
        Case(
            "form_01kqgq_chua_dien.csv",
            text([["Biểu số 01/KQGQ"], ["", "MS", *range(1, 27)], [1, "Xã Mẫu A"]]),
            "01/KQGQ",
            ["không có dòng số liệu"],
        ),
        Case(
            "form_01tcd_ten_nguoi_o_don_vi.csv", form("01/TCD", unit="Phạm Văn Dũng"), "01/TCD", ["B5", "của một người"]
        ),
        Case("form_04gqtc_chua_biet.csv", form("01/KQGQ"), "04/GQTC", ["06/2025/TT-TTCP", "chưa biết các cột"]),
    ]


def found() -> list[Case]:
    """Files that can be loaded and about which something has to be said."""
    thirty = [[f"P-{i:02}", "Xã Mẫu A", 1, *["Hài lòng"] * 8] for i in range(1, 32)]
    lines = [
        [f"T-{i:02}", "Xã Mẫu A", 1, *(["Hài lòng"] * 7 + ["Bình thường" if i % 2 else "Hài lòng"])]
        for i in range(1, 9)
    ]
    many = [[f"B-{i:02}", "Xã Mẫu A", 1, "Hài lòng", "", *["Bình thường"] * 6] for i in range(1, 5)]
    sums = [
        ["I", "Xã Mẫu C", "Tiếp dân", 30, "", "", 18],
        ["1", "Xã Mẫu C", "Định kỳ", 10, 1, 1, 9],
        ["2", "Xã Mẫu C", "Đột xuất", 10, 1, 1, 9],
    ]
    done = [["Kết quả", "Ngày giải quyết"], ["Đã giải quyết", ""], *[["Đã giải quyết", "16/01/2026"]] * 3]
    again = [["VV-5", "UBND xã Mẫu A", "Khiếu nại", "", "", "", "08/01/2026", "07/02/2026"]]
    ticks = text([*GOOD["cases"][:1], *([*r[:5], "x" if r[5] == "Có" else "", *r[6:]] for r in GOOD["cases"][1:])])
    return [
        Case("cases_ma_trung.csv", changed("cases", 2, Mã_đơn="VV-1"), "cases", ["2, 3"], "duplicate_code"),
        Case(
            "cases_tra_truoc_khi_nhan.csv",
            beside("cases", "Ngày giải quyết", "04/01/2026", "", "", ""),
            "cases",
            ["dòng/row 2"],
            "resolved_before_received",
        ),
        Case(
            "cases_han_truoc_khi_nhan.csv",
            changed("cases", 2, Hạn_giải_quyết="01/01/2026"),
            "cases",
            ["dòng/row 3"],
            "due_before_received",
        ),
        Case(
            "cases_doan_duoi_nam_nguoi.csv",
            changed("cases", 4, Số_người=3),
            "cases",
            ["dòng/row 5"],
            "group_of_few",
            "review",
        ),
        Case(
            "cases_luot_nhieu_hon_nguoi.csv",
            changed("cases", 1, Số_lượt=4),
            "cases",
            ["dòng/row 2"],
            "visits_above_people",
            "review",
        ),
        Case("cases_chi_danh_dau_x.csv", ticks, "cases", ["cột/column F"], "only_ticks", "review"),
        Case(
            "cases_xong_ma_khong_ngay.csv",
            text([[*row, *more] for row, more in zip(GOOD["cases"], done, strict=True)]),
            "cases",
            ["dòng/row 2"],
            "closed_without_end",
            "review",
        ),
        Case(
            "cases_mot_don_vi_hai_cach_viet.csv",
            added("cases", *again),
            "cases",
            ["UBND xã Mẫu A"],
            "unit_spellings",
            "review",
        ),
        Case(
            "cases_kenh_la.csv",
            beside("cases", "Kênh", "Bồ câu", "", "", ""),
            "cases",
            ["Bồ câu"],
            "unknown_word",
            "review",
        ),
        Case(
            "responses_ma_phieu_trung.csv",
            changed("responses", 2, Mã_phiếu="P-1"),
            "responses",
            ["2, 3"],
            "duplicate_code",
        ),
        Case(
            "responses_phieu_nhap_hai_lan.csv",
            added("responses", ["P-4", *GOOD["responses"][1][1:]]),
            "responses",
            ["2, 5"],
            "duplicate_row",
            "review",
        ),
        Case(
            "responses_quyen_so_bang_khong.csv",
            changed("responses", 2, Quyền_số=0),
            "responses",
            ["dòng/row 3"],
            "weight_not_positive",
        ),
        Case(
            "responses_quyen_so_trong.csv",
            changed("responses", 2, Quyền_số=""),
            "responses",
            ["dòng/row 3"],
            "weight_not_positive",
        ),
        Case(
            "responses_tra_loi_mot_duong.csv",
            added("responses", *lines),
            "responses",
            ["36.36"],
            "straight_lining",
            "review",
        ),
        Case(
            "responses_bo_trong_nhieu.csv",
            added("responses", *many),
            "responses",
            ["cột/column E", "57.14"],
            "missing",
            "review",
        ),
        Case(
            "responses_chi_mot_cau_tra_loi.csv",
            text([GOOD["responses"][0], *thirty]),
            "responses",
            ["cột/column D", "100.00"],
            "one_answer",
            "review",
        ),
        Case(
            "responses_ten_nguoi_o_ma_phieu.csv",
            changed("responses", 1, Mã_phiếu="Vũ Thị Hạnh"),
            "responses",
            ["respondent: 1"],
            "personal_cell",
            "review",
        ),
        Case("models_ma_trung.csv", changed("models", 2, Mã_mô_hình="MH-1"), "models", ["2, 3"], "duplicate_code"),
        Case(
            "models_ten_trung_trong_mot_don_vi.csv",
            added("models", ["MH-3", "TUYẾN ĐƯỜNG TỰ QUẢN", "Xã Mẫu A"]),
            "models",
            ["2, 4"],
            "duplicate_model",
            "review",
        ),
        Case(
            "models_cong_nhan_truoc_dang_ky.csv",
            changed("models", 1, Ngày_công_nhận="01/02/2025"),
            "models",
            ["dòng/row 2"],
            "stage_before_earlier",
        ),
        Case(
            "models_bo_qua_bac_dang_ky.csv",
            changed("models", 1, Ngày_đăng_ký=""),
            "models",
            ["dòng/row 2"],
            "stage_skipped",
            "review",
        ),
        Case(
            "models_dung_truoc_khi_bat_dau.csv",
            changed("models", 2, Ngày_dừng="01/02/2025"),
            "models",
            ["dòng/row 3"],
            "stop_before_start",
        ),
        Case(
            "models_dung_khong_ly_do.csv",
            changed("models", 2, Lý_do_dừng=""),
            "models",
            ["dòng/row 3"],
            "stop_without_reason",
            "review",
        ),
        Case(
            "models_co_ly_do_khong_ngay_dung.csv",
            changed("models", 1, Lý_do_dừng="Sáp nhập"),
            "models",
            ["dòng/row 2"],
            "reason_without_stop",
            "review",
        ),
        Case(
            "models_danh_gia_truoc_khi_bat_dau.csv",
            changed("models", 1, Ngày_đánh_giá="01/01/2025"),
            "models",
            ["dòng/row 2"],
            "evaluation_before_start",
        ),
        Case(
            "models_bac_khong_co_ngay.csv",
            changed("models", 1, Ngày_công_nhận=""),
            "models",
            ["dòng/row 2"],
            "stage_without_date",
            "review",
        ),
        Case(
            "models_bac_thap_hon_ngay.csv",
            changed("models", 1, Bậc="Đăng ký"),
            "models",
            ["dòng/row 2"],
            "stage_below_dates",
        ),
        Case("models_thieu_bac.csv", changed("models", 1, Bậc=""), "models", ["dòng/row 2"], "stage_missing", "review"),
        Case(
            "models_len_bac_sau_khi_dung.csv",
            changed("models", 2, Bậc="Công nhận", Ngày_công_nhận="20/11/2025"),
            "models",
            ["dòng/row 3"],
            "stage_after_stop",
            "review",
        ),
        Case(
            "models_khong_neu_thuc_trang.csv",
            changed("models", 1, **{"Thực_trạng,_lý_do": ""}),
            "models",
            ["50.00"],
            "lacks_baseline",
            "review",
        ),
        Case(
            "models_so_khong_co_cot_ket_qua.csv",
            without("models", "Sản phẩm, kết quả đầu ra"),
            "models",
            ["100.00"],
            "lacks_output",
            "review",
        ),
        Case(
            "models_khong_mo_hinh_nao_danh_gia_duoc.csv",
            without("models", "Mục tiêu, tiêu chí"),
            "models",
            ["0/2"],
            "can_be_evaluated",
            "review",
        ),
        Case(
            "models_mot_mo_hinh_thieu_ngay_danh_gia.csv",
            changed("models", 1, Ngày_đánh_giá=""),
            "models",
            ["1/2"],
            "can_be_evaluated",
            "review",
        ),
        Case(
            "models_bac_la.csv",
            changed("models", 1, Bậc="Xuất chúng"),
            "models",
            ["Xuất chúng"],
            "words_unknown",
            "review",
        ),
        Case(
            "targets_chi_tieu_trung.csv",
            changed("targets", 2, Chỉ_tiêu="Số cuộc đối thoại"),
            "targets",
            ["2, 3"],
            "duplicate_target",
        ),
        Case(
            "targets_ke_hoach_bang_0.csv",
            changed("targets", 1, Kế_hoạch=0),
            "targets",
            ["dòng/row 2"],
            "plan_is_zero",
            "review",
        ),
        Case(
            "targets_thieu_ke_hoach.csv",
            changed("targets", 1, Kế_hoạch=""),
            "targets",
            ["dòng/row 2"],
            "no_plan",
            "review",
        ),
        Case(
            "targets_thieu_ket_qua.csv",
            changed("targets", 3, Thực_hiện="…"),
            "targets",
            ["dòng/row 4"],
            "no_result",
            "review",
        ),
        Case(
            "targets_ky_khong_doc_duoc.csv",
            changed("targets", 1, Năm="nhiệm kỳ"),
            "targets",
            ["dòng/row 2"],
            "period_not_read",
            "review",
        ),
        Case(
            "rubric_diem_cao_hon_toi_da.csv",
            changed("rubric", 1, Điểm_tự_chấm=11),
            "rubric",
            ["dòng/row 2"],
            "score_above_maximum",
        ),
        Case("rubric_diem_am.csv", changed("rubric", 1, Điểm_thẩm_định=-1), "rubric", ["dòng/row 2"], "score_negative"),
        Case(
            "rubric_thieu_diem.csv",
            changed("rubric", 3, Điểm_thẩm_định=""),
            "rubric",
            ["dòng/row 4"],
            "score_missing",
            "review",
        ),
        Case(
            "rubric_diem_toi_da_bang_0.csv",
            changed("rubric", 1, Điểm_tối_đa=0, Điểm_tự_chấm=0, Điểm_thẩm_định=0),
            "rubric",
            ["dòng/row 2"],
            "maximum_not_positive",
        ),
        Case(
            "rubric_tieu_chi_trung.csv",
            changed("rubric", 2, Tiêu_chí="Tiếp công dân định kỳ"),
            "rubric",
            ["2, 3"],
            "duplicate_criterion",
        ),
        Case(
            "rubric_tong_diem_toi_da_khac.csv",
            added("rubric", ["1", "Xã Mẫu C", "Tiếp công dân định kỳ", 10, 1, 1, 9, 9]),
            "rubric",
            ["dòng/row 6"],
            "maxima_differ",
            "review",
        ),
        Case(
            "rubric_khong_phat_sinh_khong_quy_tac.csv",
            changed("rubric", 2, Cách_chấm_khi_không_phát_sinh=""),
            "rubric",
            ["dòng/row 3"],
            "zero_without_rule",
            "review",
        ),
        Case(
            "rubric_cham_trai_quy_tac.csv",
            changed("rubric", 2, Cách_chấm_khi_không_phát_sinh="Cho 0 điểm"),
            "rubric",
            ["dòng/row 3"],
            "zero_rule_broken",
        ),
        Case(
            "rubric_khong_tai_lieu.csv",
            changed("rubric", 1, Tài_liệu_kiểm_chứng="không có"),
            "rubric",
            ["dòng/row 2"],
            "score_without_evidence",
            "review",
        ),
        Case(
            "rubric_lam_nhieu_hon_giao.csv",
            changed("rubric", 3, Số_đã_thực_hiện=13),
            "rubric",
            ["dòng/row 4"],
            "numerator_above",
            "review",
        ),
        Case(
            "rubric_khong_ghi_nguon_diem.csv",
            changed("rubric", 1, Nguồn_của_điểm_tối_đa=""),
            "rubric",
            ["dòng/row 2"],
            "weight_origin_missing",
            "review",
        ),
        Case(
            "rubric_muc_lon_khong_bang_tong.csv",
            added("rubric", *sums),
            "rubric",
            ["6: 30 ≠ 20"],
            "rubric_sums",
            "review",
        ),
        Case(
            "form_01kqgq_dong_tong_sai.csv",
            form("01/KQGQ", {}, {}, total=7),
            "01/KQGQ",
            ["cột/column (1)", "240", "247"],
            "total_row",
        ),
    ]


def sums() -> list[Case]:
    """One file for each sum of each form in which that sum is broken: a part is one too large."""
    out = []
    for code, written in SUMS.items():
        for i, total in enumerate(written, start=1):
            _, parts = parts_of(total)
            last = parts[-1]
            file = f"{slug(code)}_sai_{total.replace('=', '_').replace('+', '_')}.csv"
            content = form(code, {last: line(code)[last] + 1})
            out.append(Case(file, content, code, ["Xã Mẫu A"], f"{slug(code)}_{i}"))
    return out


def cases() -> list[Case]:
    return [*refused(), *found(), *sums()]
