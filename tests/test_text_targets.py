"""Plan targets in words: levels, operators, what is better, a plan and its result on one scale."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch.errors import DataError
from dvresearch.text import Target, column_style, read_target, target_direction, target_row


# Read by hand: (text, value, operator, unit, percent).
@pytest.mark.parametrize(
    ("text", "value", "operator", "unit", "percent"),
    [
        ("đạt 98% trở lên", 98, ">=", "", True),
        ("≥ 98", 98, ">=", "", False),
        (">=98", 98, ">=", "", False),
        ("% ≥ 95", 95, ">=", "", True),
        ("tối thiểu 12 buổi", 12, ">=", "buổi", False),
        ("Từ 03 xã trở lên", 3, ">=", "xã", False),
        ("trên 90% trở lên", 90, ">=", "", True),
        ("không quá 45 vụ", 45, "<=", "vụ", False),
        ("Không vượt quá 2,5 %", 2.5, "<=", "", True),
        ("tối đa 10 ngày", 10, "<=", "ngày", False),
        ("dưới 1%", 1, "<", "", True),
        ("giảm xuống dưới 1%", 1, "<", "", True),
        ("trên 90", 90, ">", "", False),
        ("giảm còn 0,8%", 0.8, "", "", True),
        ("đạt 3.450 tỷ đồng", 3450, "", "tỷ đồng", False),
        ("12.345.678 đồng", 12_345_678, "", "đồng", False),
        ("Căn 28.500", 28_500, "", "căn", False),
        ("28,5%", 28.5, "", "", True),
        ("đạt 95% vào năm 2026", 95, "", "", True),
        ("100% hộ dân hiến đất", 100, "", "hộ dân hiến đất", True),
        ("1 000 cây", 1000, "", "cây", False),
        ("９５ %", 95, "", "", True),
        ("٩٥%", 95, "", "", True),
        ("bằng 100 phần trăm", 100, "=", "", True),
        ("-2,5", -2.5, "", "", False),
    ],
)
def test_levels(text, value, operator, unit, percent):
    read = read_target(text)
    assert (read.value, read.operator, read.unit, read.is_percent) == (value, operator, unit, percent)
    assert not read.is_change and read.upper is None and read.total is None


def test_ranges_fractions_and_changes():
    assert read_target("từ 90 - 95 %") == Target(90, upper=95, is_percent=True)
    assert read_target("3 đến 5 mô hình") == Target(3, upper=5, unit="mô hình")
    assert read_target("9/11 vụ") == Target(9, total=11, unit="vụ")
    assert read_target("giảm 5%") == Target(-5, is_percent=True, is_change=True)
    assert read_target("tăng ít nhất 5%") == Target(5, operator=">=", is_percent=True, is_change=True)
    # A decrease of 5 % or more is a change of -5 % or less.
    assert read_target("giảm từ 5% trở lên") == Target(-5, operator="<=", is_percent=True, is_change=True)


@pytest.mark.parametrize(
    "cell",
    [None, "", "~", "…", "trước ngày 31/12/2026", "Quý II/2026", "tháng 6/2026", "Hoàn thành số hóa", "cơ bản", "x"],
)
def test_cells_without_a_number(cell):
    assert read_target(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "khoảng 90",
            "gần 30 hộ",
            "cơ bản đạt 90%",
            "2 xã, 3 thôn",
            "xếp hạng 5",
            "≥ 3, không quá 5",
            "95 - 90",
            "9/0",
        ),
        *("Xây dựng 2 mô hình điểm về dân vận khéo", dt.datetime(2026, 11, 9), True),
    ],
)
def test_cells_that_say_no_one_level_are_refused(cell):
    with pytest.raises(DataError):
        read_target(cell)


@pytest.mark.parametrize(
    ("indicator", "planned", "note", "direction"),
    [
        ("Số hộ nghèo còn lại", 45, "", "lower"),
        ("Tỷ lệ hồ sơ giải quyết quá hạn (%)", 2, "", "lower"),
        ("Đơn thư khiếu nại vượt cấp", 0, "", "lower"),
        ("Số vụ vi phạm trật tự xây dựng", 10, "Càng thấp càng tốt", "lower"),
        ("Số vụ cháy", "không quá 45 vụ", "", "lower"),
        ("Tỷ lệ sinh", "dưới 1,5", "", "lower"),
        ("Tỷ lệ hộ nghèo", "giảm còn 0,8%", "", "lower"),
        ("Giảm tỷ lệ hộ nghèo xuống còn (%)", 0.8, "", "lower"),
        ("Mức độ hài lòng", "95% trở lên", "", "higher"),
        ("Thu ngân sách", "tăng 5%", "", "higher"),
        ("Giải quyết đơn thư tồn đọng", "≥ 95%", "", "higher"),
        ("Số nhà cho hộ nghèo", 10, "càng nhiều càng tốt", "higher"),
        ("Số cuộc đối thoại", 4, "", None),
        ("Tỷ lệ hồ sơ trước hạn và đúng hạn", 95, "", None),
        ("Tỷ lệ trẻ em dưới 5 tuổi được tiêm chủng", 95, "", None),
        ("Số hộ thoát nghèo", 10, "", None),
        # Work on what is unwanted, reductions counted either way, and words against each other.
        ("Số đơn tồn đọng được giải quyết", 5, "", "unclear"),
        ("Tỷ lệ hồ sơ không quá hạn", 98, "", "unclear"),
        ("Mức giảm tỷ lệ hộ nghèo", 1.5, "", "unclear"),
        ("Số hộ nghèo còn lại", "≥ 45", "", "unclear"),
    ],
)
def test_what_is_better(indicator, planned, note, direction):
    assert target_direction(indicator, planned, note) == direction


@pytest.mark.parametrize(
    ("indicator", "planned", "result", "unit", "numbers", "direction"),
    [
        ("Mức độ hài lòng", "95% trở lên", "88,5", "", (95, 88.5), "higher"),
        ("Tỷ lệ hộ dùng nước sạch (%)", 95, "91,6%", "", (95, 91.6), None),
        ("Tỷ lệ hòa giải thành (%)", 85, "9/11 vụ", "", (85, 100 * 9 / 11), None),
        ("Số vụ hòa giải thành", 85, "9/11 vụ", "%", (85, 100 * 9 / 11), None),
        ("Số vụ hòa giải thành", "11 vụ", "9/11 vụ", "vụ", (11, 9), None),
        ("Tỷ lệ hộ nghèo (%)", "dưới 1,5", "1,2", "", (1.5, 1.2), "lower"),
        ("Thu ngân sách", "3.450 tỷ đồng", "3.200.000", "triệu đồng", (3450, 3200), None),
        ("Thu ngân sách", "3.450 tỷ đồng", "3.200", "", (3450, 3200), None),
        ("Tỷ lệ", "từ 90 - 95%", "97", "", (95, 97), None),
        ("Tỷ lệ", "từ 90 - 95%", "88", "", (90, 88), None),
        ("Số hộ nghèo", "giảm 5%", "giảm 6%", "", (-5, -6), "lower"),
        ("Số thôn", "10/12 thôn", "9/12 thôn", "", (10, 9), None),
        ("Số thôn", "10 thôn", None, "", (10, None), None),
    ],
)
def test_plan_and_result_on_one_scale(indicator, planned, result, unit, numbers, direction):
    row = target_row(indicator, planned, result, unit=unit, style=_style(planned, result))
    assert row.planned == numbers[0] and row.result == (numbers[1] and pytest.approx(numbers[1]))
    assert (row.direction, row.problem) == (direction, "")


def _style(*cells):
    style = column_style(cells)
    return style if style in ("vi", "en") else "auto"


@pytest.mark.parametrize(
    ("indicator", "planned", "result", "problem"),
    [
        ("Tỷ lệ (%)", 95, 0.916, "scale-unclear"),
        ("Tỷ lệ", "95%", "12 hộ", "units-differ"),
        ("Số km", "12 km", "800 m", "units-differ"),
        ("Số vụ", 12, "9/11 vụ", "total-is-not-the-plan"),
        ("Số hộ", 500, "trên 450", "result-only-bounded"),
        ("Thu", "giảm 5%", "6%", "change-against-level"),
        ("Tỷ lệ", "từ 90 - 95%", "93", "result-within-the-range"),
        ("Tỷ lệ", "trên 90", "90", "result-on-the-bound"),
        ("Số đơn tồn đọng được giải quyết", 5, 4, "direction-unclear"),
        ("Số hóa", "trước ngày 31/12/2026", 5, "plan-without-number"),
        ("Số hóa", 5, "Đã xong", "result-without-number"),
        ("Số hóa", "khoảng 5", 5, "plan-not-read"),
        ("Số hóa", 5, "gần 5", "result-not-read"),
    ],
)
def test_rows_that_cannot_be_judged_have_no_result(indicator, planned, result, problem):
    row = target_row(indicator, planned, result)
    assert row.problem == problem
    assert row.result is None or row.planned is None


def test_a_stated_direction_ends_the_doubt():
    row = target_row("Số đơn tồn đọng được giải quyết", 5, 4, direction="higher")
    assert (row.result, row.direction, row.problem) == (4, "higher", "")


pieces = st.sampled_from(["95", "9/11", "%", "trở lên", "≥", "giảm", "còn", "1.234,5", "vụ", "-", "từ", "tỷ", "٣", "/"])


@given(st.text() | st.lists(pieces, max_size=6).map(" ".join), st.lists(pieces, max_size=6).map(" ".join))
def test_any_cells_give_a_row(planned, result):
    row = target_row("Chỉ tiêu", planned, result)
    assert row.problem == "" or row.result is None or row.planned is None
