"""Report form II.06a: read by its titles or its numbers, written blank with formulas that hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import blank_form, load_form
from dvresearch.loaders.form_layouts import FORMS
from dvresearch.metrics import resolution_rate
from dvresearch.metrics.identities import check_tally
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
