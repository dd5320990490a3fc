"""Report form II.06a: read by its titles or its numbers, written blank with formulas that hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import OpenQuestion, blank_form, forms, load_form
from dvresearch.loaders.bodies import total_rows
from dvresearch.loaders.form_layouts import FORMS
from dvresearch.loaders.sheets import Odd
from dvresearch.metrics import resolution_rate
from dvresearch.metrics.identities import check_tally
from dvresearch.screening import screen
from dvresearch.workbook import save

FORM = FORMS["II.06a", "TT01/2020"]
#: The numbered columns 3-13 of the form, as in Thông tư 01/2020/TT-VPCP.
NAMES = (
    "workload",
    "received_online",
    "received_direct",
    "carried_in",
    "resolved",
    "resolved_early",
    "resolved_on_time",
    "resolved_late",
    "pending",
    "pending_within",
    "pending_overdue",
)
LINE = (100, 40, 50, 10, 80, 30, 45, 5, 20, 18, 2)
GROUPS = ("Tiếp nhận", "", "", "", "Đã giải quyết", "", "", "", "Đang giải quyết", "", "")
TITLES = (
    *("Tổng số", "Trực tuyến", "Trực tiếp", "Từ kỳ trước"),
    *("Tổng số", "Trước hạn", "Đúng hạn", "Quá hạn"),
    *("Tổng số", "Trong hạn", "Quá hạn"),
)


def write(
    folder: Path, *rows: list[Any], above: tuple[str, ...] = (), name: str = "bieu.xlsx", label: str = "Lĩnh vực"
) -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (*([line] for line in above), ["STT", label, *GROUPS], ["", "", *TITLES], *rows):
        sheet.append(row)
    save(book, folder / name)
    return folder / name


def test_the_thirteen_columns_and_the_sums_of_the_circular() -> None:
    assert [c.number for c in FORM.columns if c.number] == list(range(3, 14))
    assert tuple(c.name for c in FORM.columns if c.number) == NAMES
    assert FORM.sums == ((3, (4, 5, 6)), (7, (8, 9, 10)), (11, (12, 13)), (3, (7, 11)))


def test_a_form_is_a_tally(tmp_path: Path) -> None:
    above = ("Đơn vị báo cáo: UBND xã Mẫu", "Kỳ báo cáo: Quý I/2026 (từ 15/12/2025)")
    loaded = load_form(write(tmp_path, [1, "Đất đai", *LINE], [2, "Hộ tịch", *LINE], above=above))
    assert loaded[list(NAMES)].to_numpy().tolist() == [list(LINE)] * 2
    assert list(loaded["received"]) == [90, 90]
    assert list(loaded["group"]) == ["Đất đai", "Hộ tịch"]
    assert set(loaded["unit"]) == {"UBND xã Mẫu"}
    assert set(loaded["period"]) == {"2026-Q1"}
    assert (loaded["period_start"].iloc[0], loaded["period_end"].iloc[0]) == (
        pd.Timestamp("2026-01-01"),
        pd.Timestamp("2026-03-31"),
    )
    assert list(loaded.index) == [5, 6]
    rate = resolution_rate(loaded, definition="resolved", by=["unit"])
    assert rate["value"].iloc[0] == pytest.approx(150 / 160)
    assert rate["numerator"].iloc[0] == 150


def test_sums_that_do_not_hold_are_found_by_row(tmp_path: Path) -> None:
    wrong = list(LINE)
    wrong[6] += 1
    findings = check_tally(load_form(write(tmp_path, [1, "Đất đai", *LINE], [2, "Hộ tịch", *wrong])))
    failed = findings[findings["verdict"] == "fail"]
    assert list(failed["check"]) == ["resolved_parts"]
    assert failed["where"].iloc[0].endswith("Hộ tịch")
    assert list(failed["residual"]) == [-1]
    assert (findings["verdict"] == "pass").sum() == len(findings) - 1


def test_totals_and_sections_are_kept_apart(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        ["I", "Lĩnh vực đất đai", *LINE],
        [1, "Cấp giấy", *LINE],
        ["", "TỔNG CỘNG", *LINE],
        ["", "Người lập biểu"],
    )
    assert list(load_form(path)["group"]) == ["Cấp giấy"]
    assert list(load_form(path, rows="totals")["row_kind"]) == ["section", "total"]
    assert list(load_form(path, rows="all").index) == [3, 4, 5]
    only = load_form(write(tmp_path, ["", "Tổng số", *LINE], name="chi-tong.xlsx"))
    assert list(only["row_kind"]) == ["line"]
    with pytest.raises(ParameterError, match="lines, totals, all"):
        load_form(path, rows="some")  # type: ignore[arg-type]


def test_blanks_are_unknown_unless_said_to_be_zero(tmp_path: Path) -> None:
    cells = [100, 40, 60, "-", "1.100", "…", "", "x", 20, 18, 2]
    path = write(tmp_path, [1, "Đất đai", *cells])
    loaded = load_form(path).iloc[0]
    assert loaded["resolved"] == 1100
    assert loaded[["carried_in", "resolved_early", "resolved_on_time", "resolved_late"]].isna().all()
    assert load_form(path, blanks="zero").iloc[0]["carried_in"] == 0
    with pytest.raises(ParameterError, match="unknown, zero"):
        load_form(path, blanks="nil")  # type: ignore[arg-type]


def test_a_form_by_units_names_the_unit_of_each_line(tmp_path: Path) -> None:
    path = write(tmp_path, [1, "Xã Mẫu A", *LINE], [2, "Xã Mẫu B", *LINE], label="Tên đơn vị")
    loaded = load_form(path, period="tháng 5/2026")
    assert list(loaded["unit"]) == ["Xã Mẫu A", "Xã Mẫu B"]
    assert set(loaded["group"]) == {""}
    assert set(loaded["period"]) == {"2026-05"}
    assert set(load_form(path, unit="Tỉnh Mẫu")["unit"]) == {"Tỉnh Mẫu"}
    with pytest.raises(DataError, match="kỳ báo cáo"):
        load_form(path, period="hôm qua")


def test_a_double_title_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, [1, "Đất đai", *LINE])
    book = openpyxl.load_workbook(path)
    sheet: Any = book.active
    sheet["N1"], sheet["N2"], sheet["N3"] = "Đã giải quyết", "Quá hạn", 5
    save(book, path)
    with pytest.raises(DataError, match="resolved_late"):
        load_form(path)


def test_an_unknown_form_or_version_lists_those_known(tmp_path: Path) -> None:
    path = write(tmp_path, [1, "Đất đai", *LINE])
    for options in ({"form": "II.06z"}, {"version": "TT99/2099"}):
        with pytest.raises(ParameterError, match=r"II\.06a, version='TT01/2020'"):
            load_form(path, **options)  # type: ignore[arg-type]


# --- totals ----------------------------------------------------------------------------------------------------------

OTHER = (50, 20, 25, 5, 44, 20, 21, 3, 6, 4, 2)
#: LINE + OTHER, by hand.
BOTH = (150, 60, 75, 15, 124, 50, 66, 8, 26, 22, 4)
#: How offices call the row that adds up the others.
TOTALS = (
    *("Tổng cộng", "TỔNG CỘNG:", "T.cộng", "TC", "Tổng số", "Tổng hợp", "Cộng", "Cộng dồn", "Chung", "∑", "Σ", "Total"),
    *("Toàn xã", "Toàn tỉnh", "Toàn thành phố", "Cả xã", "Tổng các đơn vị", "Tổng các lĩnh vực", "Tổng cộng (I+II)"),
    *("Tổng công", "Tông cộng", "T?ng c?ng", "Tổng cộng toàn huyện", "Cộng xã Mẫu A", "III. Tổng cộng", "Tổng đơn vị"),
)
#: Places, fields and bodies whose names begin like a total.
NAMES_LIKE_TOTALS = (
    *("Cộng Hòa", "Tổng Cọt", "Cộng Hiền", "Xã Cộng Lạc", "Toàn Thắng", "Công an xã", "Công chứng", "Công thương"),
    *("Cộng đồng tự quản", "Tổng công ty A", "Tổng vệ sinh", "Chung cư", "Tổng diện tích rừng", "Cống xã"),
)


def told(path: Path, check: str, table: str = "II.06a") -> pd.DataFrame:
    findings = screen(path, table)
    return findings[(findings["check"] == check) & (findings["verdict"] != "pass")]


@pytest.mark.parametrize("label", TOTALS)
def test_a_total_by_word_and_sums_is_no_line(label: str, tmp_path: Path) -> None:
    path = write(tmp_path, [1, "Xã A", *LINE], [2, "Xã B", *OTHER], ["", label, *BOTH], label="Đơn vị")
    loaded = load_form(path)
    assert list(loaded["unit"]) == ["Xã A", "Xã B"]
    assert loaded["workload"].sum() == 150
    assert not (screen(path, "II.06a")["verdict"] != "pass").any()
    first = write(tmp_path, ["", label, *BOTH], [1, "Xã A", *LINE], [2, "Xã B", *OTHER], name="dau.xlsx")
    assert list(load_form(first)["group"]) == ["Xã A", "Xã B"]


@pytest.mark.parametrize("name", NAMES_LIKE_TOTALS)
def test_names_that_begin_like_a_total_are_lines(name: str, tmp_path: Path) -> None:
    numbered = write(tmp_path, [1, name, *LINE], [2, "Xã B", *OTHER], ["", "Tổng cộng", *BOTH])
    assert list(load_form(numbered)["group"]) == [name, "Xã B"]
    bare = write(tmp_path, ["", name, *LINE], ["", "Xã B", *OTHER], name="khong-stt.xlsx")
    assert list(load_form(bare)["group"]) == [name, "Xã B"]
    assert total_rows([[name]], np.empty((1, 0)), [""]).doubtful == {}


def test_one_witness_asks(tmp_path: Path) -> None:
    unlike = write(tmp_path, [1, "A", *LINE], [2, "B", *OTHER], ["", "Toàn xã", *(2 * n + 1 for n in BOTH)])
    with pytest.warns(OpenQuestion, match="dòng/row 5"):
        assert load_form(unlike)["workload"].sum() == 150
    assert "dòng/row 5" in told(unlike, "form_total_unlike")["where"].item()
    assert (told(unlike, "total_row")["verdict"] == "fail").all()
    short = write(tmp_path, [1, "A", *LINE], [2, "B", *OTHER], ["", "Chung", *LINE], name="chung.xlsx")
    with pytest.raises(DataError, match="dòng/row 5"):
        load_form(short)
    unnamed = write(tmp_path, [1, "A", *LINE], [2, "B", *OTHER], ["", "Khối xã", *BOTH], name="khong-ten.xlsx")
    with pytest.raises(DataError, match="dòng/row 5"):
        load_form(unnamed)
    assert "dòng/row 5" in told(unnamed, "form_total_unnamed")["where"].item()
    chance = write(tmp_path, [1, "A", *LINE], [2, "B", *OTHER], [3, "C", *BOTH], name="tinh-co.xlsx")
    assert load_form(chance)["workload"].sum() == 300


def test_a_total_with_one_wrong_column_is_still_a_total(tmp_path: Path) -> None:
    path = write(tmp_path, [1, "A", *LINE], [2, "B", *OTHER], ["", "Tổng cộng", 151, *BOTH[1:]])
    assert len(load_form(path)) == 2
    wrong = told(path, "total_row").iloc[0]
    assert (wrong["computed"], wrong["stated"]) == ("150", "151")


def test_subtotals_sections_and_numbered_parts_are_held_to_what_they_add_up(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        ["I", "Cấp xã", *BOTH],
        [1, "A", *LINE],
        [2, "B", *OTHER],
        ["", "Cộng I", *BOTH],
        ["II", "Cấp tỉnh", *OTHER],
        ["", "Tổng cộng (I+II)", *np.add(BOTH, OTHER).tolist()],
    )
    assert list(load_form(path)["group"]) == ["A", "B", "Cấp tỉnh"]
    assert list(load_form(path, rows="all")["row_kind"]) == ["section", "line", "line", "total", "line", "total"]
    assert not (screen(path, "II.06a")["verdict"] != "pass").any()
    parts = [["1", "Hộ tịch", *BOTH], ["1.1", "Khai sinh", *LINE], ["1.2", "Kết hôn", *OTHER], ["2", "Đất đai", *LINE]]
    assert list(load_form(write(tmp_path, *parts, name="1.1.xlsx"))["group"]) == ["Khai sinh", "Kết hôn", "Đất đai"]
    bare = [["1", "Hộ tịch", *BOTH], ["", "- Khai sinh", *LINE], ["", "- Kết hôn", *OTHER], ["2", "Đất đai", *LINE]]
    assert "dòng/row 3" in told(write(tmp_path, *bare, name="gach.xlsx"), "form_total_unnamed")["where"].item()


def test_rows_without_numbers_are_judged_by_their_words() -> None:
    labels = [["Tổng cộng"], ["Cộng Hòa"], ["TC"], ["Tổng số: 3.020 hồ sơ"], ["Xã A", "Cộng điểm"], ["Tổng cộng"]]
    found = total_rows(labels, np.empty((6, 0)), ["", "", "", "", "", "7"])
    assert found.sure == {0, 3, 4}
    assert found.doubtful == {2: "label_only", 5: "label_only"}  # TC; a total with a serial number
    assert total_rows([], np.empty((0, 3)), []).sure == set()


def test_planted_totals_are_found_among_random_blocks() -> None:
    rng = np.random.default_rng(7)
    labels, rows, serials, truth, lines = [], [], [], {}, []
    for block in range(40):
        size = int(rng.integers(1, 30))
        numbers = rng.integers(0, 60, (size, 6)).astype(float)
        numbers[:, 0] += 1
        start = len(rows)
        rows += [*numbers, numbers.sum(axis=0)]
        labels += [*([f"Xã {n}"] for n in range(size)), [f"Cộng khối {block}"]]
        serials += [*(str(n + 1) for n in range(size)), ""]
        truth[len(rows) - 1] = list(range(start, start + size))
        lines += truth[len(rows) - 1]
    rows.append(np.sum([rows[i] for i in lines], axis=0))
    truth[len(rows) - 1] = lines
    found = total_rows([*labels, ["Toàn tỉnh"]], np.array(rows), [*serials, ""])
    assert {i: list(parts) for i, parts in found.parts.items()} == truth
    assert (found.sure, found.doubtful) == (set(truth), {})


# --- cells that tell no value, titles, numbers of columns ------------------------------------------------------------


@pytest.mark.parametrize("cell", [Odd("#REF!", "error"), Odd("=…", "formula")])
@pytest.mark.parametrize("blanks", ["unknown", "zero"])
def test_a_cell_that_tells_no_value_is_never_zero(
    cell: Odd, blanks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, [1, "A", *LINE], [2, "B", *OTHER], ["", "Tổng cộng", *BOTH])
    real = forms.read_sheets

    def spoilt(*rows: int) -> Any:
        def read(*args: Any, **options: Any) -> Any:
            (sheet,) = real(*args, **options)
            for row in rows:
                sheet.columns[2 + 7][row] = cell
            return [sheet]

        return read

    monkeypatch.setattr(forms, "read_sheets", spoilt(2))
    with pytest.raises(DataError, match="J3"):
        load_form(path, blanks=blanks)
    assert "dòng/row 3" in told(path, "odd_cell")["where"].item()
    monkeypatch.setattr(forms, "read_sheets", spoilt(4))  # only the total does not tell: the lines are whole
    assert load_form(path, blanks=blanks)["resolved_late"].tolist() == [5, 3]
    assert "resolved_late" in told(path, "total_row")["where"].item()


def test_a_count_is_whole(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="C3"):
        load_form(write(tmp_path, [1, "A", 1.234, *LINE[1:]]))


def titled(folder: Path, title: str, *, numbers: Any = (), name: str = "bieu.xlsx", more: tuple[str, ...] = ()) -> Path:
    """Write a form whose column 9 bears another title, with a row of numbers or without."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["STT", "Lĩnh vực", *GROUPS, *more])
    sheet.append(["", "", *TITLES[:6], title, *TITLES[7:], *more])
    if numbers:
        sheet.append([f"({n})" for n in numbers])
    sheet.append([1, "Đất đai", *LINE, *(7 for _ in more)])
    save(book, folder / name)
    return folder / name


def test_a_variant_of_a_title_is_read_and_another_is_named_first(tmp_path: Path) -> None:
    for title in ("Đúng hẹn", "Đúng hạn (Bao gồm cả hồ sơ chờ Bổ sung và Trả lại/Xin rút)"):
        assert load_form(titled(tmp_path, title))["resolved_on_time"].item() == 45
    path = titled(tmp_path, "Kịp thời gian")
    with pytest.raises(DataError, match="cột/column I"):
        load_form(path)
    found = told(path, "form_title_unread")
    assert found["verdict"].item() == "fail"
    assert "Kịp thời gian" in found["computed"].item()
    assert "resolved_on_time" in found["computed"].item()
    by_number = titled(tmp_path, "Kịp thời gian", numbers=range(1, 14))
    with pytest.warns(OpenQuestion, match="cột/column I"):
        assert load_form(by_number)["resolved_on_time"].item() == 45
    assert told(by_number, "form_title_by_number")["verdict"].item() == "review"


def test_on_time_under_pending_is_column_12(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(titled(tmp_path, "Đúng hạn"))
    sheet: Any = book.active
    sheet["L2"] = "Đúng hạn"
    save(book, tmp_path / "hai.xlsx")
    loaded = load_form(tmp_path / "hai.xlsx")
    assert (loaded["resolved_on_time"].item(), loaded["pending_within"].item()) == (45, 18)


def test_columns_that_are_missing_or_of_the_office_are_named_and_load(tmp_path: Path) -> None:
    path = titled(tmp_path, "Đúng hạn", more=("Thư xin lỗi",))
    with pytest.warns(OpenQuestion, match="cột/column N"):
        assert len(load_form(path)) == 1
    assert "Thư xin lỗi" in told(path, "form_title_unread")["computed"].item()
    book = openpyxl.load_workbook(path)
    sheet: Any = book.active
    sheet.delete_cols(10)
    save(book, tmp_path / "thieu.xlsx")
    with pytest.warns(OpenQuestion, match="dòng/row 1"):
        assert "resolved_late" not in load_form(tmp_path / "thieu.xlsx")
    assert "(10) resolved_late" in told(tmp_path / "thieu.xlsx", "form_column_missing")["computed"].item()


def test_titles_and_numbers_that_disagree_stop_the_load(tmp_path: Path) -> None:
    numbers = [*range(1, 9), 10, 9, *range(11, 14)]
    path = titled(tmp_path, "Đúng hạn", numbers=numbers)
    with pytest.raises(DataError, match=r"resolved_on_time \(9\) ≠ \(10\)"):
        load_form(path)
    assert len(told(path, "form_numbers_disagree")) == 2
    longer = titled(tmp_path, "Đúng hạn", numbers=range(2, 15), name="dai.xlsx")  # an office's own numbers tell nothing
    assert load_form(longer)["resolved_on_time"].item() == 45


def test_circulars_whose_columns_are_not_known(tmp_path: Path) -> None:
    above = ("Biểu II.06a (Thông tư 09/2026/TT-BTP)",)
    path = write(tmp_path, [1, "Đất đai", *LINE], above=above)
    with pytest.raises(DataError, match="1/8/2026"):
        load_form(path)
    assert len(load_form(path, version="TT01/2020")) == 1
    with pytest.raises(ParameterError, match="chưa biết các cột"):
        load_form(path, version="TT09/2026")


# --- sheets and periods ----------------------------------------------------------------------------------------------


def workbook(folder: Path, **sheets: tuple[str, ...]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, above in sheets.items():
        sheet: Any = book.create_sheet(name)
        rows = ["STT", "Lĩnh vực", *GROUPS], ["", "", *TITLES], [1, "Đất đai", *LINE], ["", "Toàn xã", *LINE]
        for row in (*([line] for line in above), *(rows if above else [["Danh mục"], ["Đất đai"]])):
            sheet.append(row)
    save(book, folder / "nhieu-trang.xlsx")
    return folder / "nhieu-trang.xlsx"


UNIT = "Đơn vị báo cáo: UBND xã Mẫu"


def test_sheets_of_one_form_are_read_together(tmp_path: Path) -> None:
    windows = {"T01": "(Từ ngày 15/12/2025 đến ngày 14/01/2026)", "T02": "từ 15/1/2026 đến hết ngày 14/2/2026"}
    path = workbook(tmp_path, T01=(UNIT, windows["T01"]), T02=(UNIT, windows["T02"]), DM=())
    loaded = load_form(path)
    assert list(loaded["sheet"]) == ["T01", "T02"]
    assert list(loaded["period"]) == ["2026-01", "2026-02"]
    assert [str(d.date()) for d in loaded["period_start"]] == ["2025-12-15", "2026-01-15"]
    assert [str(d.date()) for d in loaded["period_end"]] == ["2026-01-14", "2026-02-14"]
    assert loaded["workload"].sum() == 200
    assert not (screen(path, "II.06a")["verdict"] != "pass").any()
    assert list(load_form(path, sheet="T02")["period"]) == ["2026-02"]


def test_sheets_that_overlap_or_repeat_are_told(tmp_path: Path) -> None:
    first = (UNIT, "Kỳ báo cáo: Tháng 1/2026")
    for other in ((UNIT, "Kỳ báo cáo: Tháng 01/2026"), (UNIT, "Kỳ báo cáo: Quý I/2026"), (UNIT,)):
        path = workbook(tmp_path, T01=first, T02=(UNIT, "Kỳ báo cáo: Tháng 4/2026"), Chung=other)
        with pytest.raises(DataError, match="T01, Chung" if len(other) > 1 else "T01, Chung, T02"):
            load_form(path)
        assert told(path, "form_periods_repeat")["verdict"].item() == "fail"
    units = workbook(tmp_path, A=first, B=("Đơn vị báo cáo: UBND xã Khác", first[1]))
    assert list(load_form(units)["unit"]) == ["UBND xã Mẫu", "UBND xã Khác"]


@pytest.mark.parametrize(
    ("printed", "days", "code"),
    [
        ("Từ ngày 15/12/2025 đến ngày 14/03/2026", ("2025-12-15", "2026-03-14"), "2026-Q1"),
        ("(từ ngày 15/12/2025 đến ngày 14/06/2026)", ("2025-12-15", "2026-06-14"), "2026-H1"),
        ("Kỳ báo cáo: năm 2026 (15/12/2025 - 14/12/2026)", ("2025-12-15", "2026-12-14"), "2026"),
        ("từ ngày 15 tháng 4 năm 2026 đến ngày 14 tháng 5 năm 2026", ("2026-04-15", "2026-05-14"), "2026-05"),
        ("Từ 15/12 đến 14/01/2026", ("2025-12-15", "2026-01-14"), "2026-01"),
        ("Từ ngày 01/03/2026 đến ngày 31/03/2026", ("2026-03-01", "2026-03-31"), "2026-03"),
    ],
)
def test_the_printed_window_counts(printed: str, days: tuple[str, str], code: str, tmp_path: Path) -> None:
    loaded = load_form(write(tmp_path, [1, "Đất đai", *LINE], above=(UNIT, printed))).iloc[0]
    assert (str(loaded["period_start"].date()), str(loaded["period_end"].date())) == days
    assert loaded["period"] == code


def test_a_period_called_otherwise_than_its_days_is_told(tmp_path: Path) -> None:
    above = ("Kỳ báo cáo: Tháng 12/2025", "(Từ ngày 15/12/2025 đến ngày 14/01/2026)")
    path = write(tmp_path, [1, "Đất đai", *LINE], above=above)
    with pytest.warns(OpenQuestion):
        assert load_form(path)["period"].item() == "2026-01"
    assert told(path, "form_period_label")["verdict"].item() == "review"


# --- the blank form --------------------------------------------------------------------------------------------------


def calculated(path: Path, typed: dict[str, float]) -> dict[str, float]:
    """Fill in a blank form and work out its formulas as a spreadsheet does, in order of need."""
    book = openpyxl.load_workbook(path)
    sheet: Any = book.active
    for cell, value in typed.items():
        sheet[cell] = value

    def value(cell: str) -> float | None:
        content = sheet[cell].value
        return work_out(content) if isinstance(content, str) and content.startswith("=") else content

    def cells(listed: str) -> list[float]:
        names = [c.coordinate for part in listed.split(",") for row in _rows(sheet, part) for c in row]
        return [v for n in names if isinstance(v := value(n), int | float)]

    def work_out(formula: str) -> float | None:
        if match := re.fullmatch(r'=IF\(COUNT\((.+)\)=0,"",SUM\(\1\)\)', formula):
            return sum(cells(match[1])) if cells(match[1]) else None
        if match := re.fullmatch(r"=SUM\((.+)\)", formula):
            return sum(cells(match[1]))
        first, *others = [value(n) or 0 for n in re.findall(r"N\((\w+)\)", formula)]
        assert re.fullmatch(r"=N\(\w+\)(-N\(\w+\))+", formula)
        return first - sum(others)

    return {
        c.coordinate: value(c.coordinate)
        for row in sheet.iter_rows()
        for c in row
        if isinstance(value(c.coordinate), int | float)
    }


def _rows(sheet: Any, part: str) -> Any:
    area = sheet[part]
    return area if isinstance(area, tuple) else ((area,),)


def test_blank_form_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    first, second = (blank_form(tmp_path / f"{n}.xlsx").read_bytes() for n in "ab")
    assert first == second


def test_blank_form_carries_titles_numbers_and_formulas_that_hold(tmp_path: Path) -> None:
    path = blank_form(tmp_path / "bieu.xlsx", lines=2)
    sheet: Any = openpyxl.load_workbook(path).active
    assert [sheet.cell(7, c).value for c in range(1, 14)] == [f"({n})" for n in range(1, 14)]
    typed = {"D8": 40, "E8": 50, "F8": 10, "H8": 30, "I8": 45, "J8": 5, "L8": 18, "M8": 2, "D9": 1, "H9": 1}
    result = calculated(path, typed)
    assert [result[f"{c}8"] for c in "CGKN"] == [100, 80, 20, 0]
    assert [result[f"{c}9"] for c in "CGN"] == [1, 1, 0]
    assert [result[f"{c}10"] for c in "CDEFGHIJKLMN"] == [101, 41, 50, 10, 81, 31, 45, 5, 20, 18, 2, 0]
    assert calculated(path, {**typed, "M8": 3})["N8"] == -1


def test_filled_in_blank_form_loads(tmp_path: Path) -> None:
    path = blank_form(tmp_path / "bieu.xlsx", lines=3)
    typed: dict[str, Any] = {"D8": 40, "E8": 50, "F8": 10, "H8": 30, "I8": 45, "J8": 5, "L8": 18, "M8": 2}
    result = calculated(path, typed)
    book = openpyxl.load_workbook(path)
    sheet: Any = book.active
    for row in sheet.iter_rows(min_row=8):
        for cell in row:
            if cell.data_type == "f" or cell.coordinate in result:
                cell.value = result.get(cell.coordinate)
    sheet["A2"], sheet["A3"], sheet["A8"], sheet["B8"] = "Đơn vị báo cáo: Xã Mẫu", "Kỳ báo cáo: năm 2025", 1, "Đất đai"
    save(book, path)
    loaded = load_form(path)
    assert loaded[list(NAMES)].to_numpy().tolist() == [list(LINE)]
    assert (loaded["unit"].iloc[0], loaded["period"].iloc[0]) == ("Xã Mẫu", "2025")
    assert load_form(path, rows="totals")[list(NAMES)].to_numpy().tolist() == [list(LINE)]


def test_blank_form_is_not_a_filled_in_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="không có dòng số liệu"):
        load_form(blank_form(tmp_path / "bieu.xlsx"))
    with pytest.raises(ParameterError, match="1 đến 1000"):
        blank_form(tmp_path / "x.xlsx", lines=0)


def test_rows_of_the_blank_form_that_nobody_filled_in_are_no_lines(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(blank_form(tmp_path / "bieu.xlsx", lines=3))
    sheet: Any = book.active
    for column, value in zip("ABCDEFGHIJKLM", (1, "Đất đai", *LINE), strict=True):
        sheet[f"{column}8"] = value
    save(book, tmp_path / "mot-dong.xlsx")  # the formulas of the other rows have no results
    assert list(load_form(tmp_path / "mot-dong.xlsx")["group"]) == ["Đất đai"]
    assert not (screen(tmp_path / "mot-dong.xlsx", "II.06a")["verdict"] != "pass").any()
    sheet["B9"] = "Hộ tịch"
    save(book, tmp_path / "hai-dong.xlsx")
    with pytest.raises(DataError, match="C9"):
        load_form(tmp_path / "hai-dong.xlsx")


def test_what_a_form_leaves_open_is_answered_in_its_declaration(tmp_path: Path) -> None:
    from dvresearch.screening.propose import declare

    path = write(tmp_path, [1, "Đất đai", *LINE], [2, "Hộ tịch", *LINE], ["", "Cả hai", *(2 * n for n in LINE)])
    book = openpyxl.load_workbook(path)
    book.active["I2"] = "Tới ngày"  # resolved_on_time
    book.save(path)
    with pytest.raises(DataError) as error:
        load_form(path, unit="Xã A", period="2026")
    assert 'Declaration(columns={"Đã giải quyết Tới ngày": "resolved_on_time"})' in str(error.value)
    assert '[table.rows]\n    "5: Cả hai" = "total"' in str(error.value)

    def take(question: str, lines: list[Any]) -> str:
        return next(line for line in lines if "resolved_on_time" in line or "total" in line)

    file, left = declare(path, "II.06a", ask=take, given={"unit": "Xã A", "period": "2026"})
    assert not left.questions and 'as = "II.06a"' in file.read_text(encoding="utf-8")
    loaded = load_form(path)
    assert loaded["resolved_on_time"].tolist() == [45, 45]
    assert set(loaded["unit"]) == {"Xã A"} and set(loaded["period"]) == {"2026"}
    found = screen(path, "II.06a")
    assert not found["verdict"].eq("fail").any()
    for wrong, code in (("Tới ngày", "declared-header-not-there"), ("Cả hai", "declared-row-not-there")):
        said = file.read_text(encoding="utf-8").replace(wrong, "Khác")
        (tmp_path / "khac.toml").write_text(said, encoding="utf-8")
        with pytest.raises(DataError) as error:
            load_form(path, declaration=tmp_path / "khac.toml")
        assert error.value.code == code
