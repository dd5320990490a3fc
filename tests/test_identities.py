"""Sums between columns against the notes typed from the sources, forms, and hand-made rows."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from dvresearch.codebook import get
from dvresearch.errors import DataError
from dvresearch.loaders import load_tallies
from dvresearch.metrics.identities import TALLY_IDENTITIES, Identity, check_identities, check_tally, complete
from dvresearch.tables import FINDINGS, check

# Form II.06a (TT 01/2020/TT-VPCP), by its column numbers.
FORM_06A = (
    Identity("total_in", "3", ("4", "5", "6")),
    Identity("total_done", "7", ("8", "9", "10")),
    Identity("total_open", "11", ("12", "13")),
    Identity("in_out", "3", ("7", "11"), role="link"),
)
HUE = "Thừa Thiên Huế"


@cache
def shipped() -> pd.DataFrame:
    return check_tally(load_tallies())


# Residuals as noted when the figures were typed: Báo Lâm Đồng 3/2020 and 11/2019, the Huế portal.
@pytest.mark.parametrize(
    ("unit", "period", "group", "code", "residual", "verdict"),
    [
        ("Lâm Đồng", "2019-12-01..2020-02-29", "", "workload_out", 8801, "fail"),
        ("Lâm Đồng", "2019-12-01..2020-02-29", "", "resolved_parts", 2, "fail"),
        ("Lâm Đồng", "2019-12-01..2020-02-29", "", "pending_parts", 0, "pass"),
        ("Lâm Đồng", "2019-12-01..2020-02-29", "cấp tỉnh", "workload_out", -5, "fail"),
        ("Lâm Đồng", "2019-12-01..2020-02-29", "cấp huyện", "workload_out", 7059, "fail"),
        ("Lâm Đồng", "2019-10", "cấp tỉnh", "resolved_parts", 0, "pass"),
        ("Lâm Đồng", "2019-10", "cấp huyện", "resolved_parts", -4, "fail"),
        ("Lâm Đồng", "2024-Q1", "", "workload_out", 0, "pass"),
        ("Trung tâm Hành chính công Vĩnh Phúc", "2021-09", "", "workload_in", 0, "pass"),
        (HUE, "", "mức độ 1-2", "resolved_parts", 9612, "fail"),
        (HUE, "", "mức độ 3", "resolved_parts", 2267, "fail"),
        (HUE, "", "mức độ 4", "resolved_parts", 3, "fail"),
    ],
)
def test_residuals_of_published_tables(unit, period, group, code, residual, verdict):
    found = shipped()
    where = ", ".join(w for w in (unit, period, group) if w)
    row = found[(found["where"] == where) & (found["check"] == code)]
    assert row[["residual", "verdict"]].to_numpy().tolist() == [[residual, verdict]]


def test_que_son_leaves_a_remainder_that_is_no_error():
    found = shipped().set_index("where")
    row = found.loc["huyện Quế Sơn, 2019..2022-10"]
    assert (row["check"], row["verdict"], row["residual"]) == ("total_parts", "review", 715)
    assert (row["computed"], row["stated"]) == ("42764", "43479")
    assert "phần chưa mô tả" in row["guidance_vi"] and "không phải lỗi" in row["guidance_vi"]
    assert "715" in row["guidance_vi"] and "1,64" in row["guidance_vi"]


def test_severity_follows_size():
    found = shipped().set_index(["where", "check"])["severity"]
    start = "Lâm Đồng, 2019-12-01..2020-02-29"
    assert found[start, "resolved_parts"] == "minor"  # 2 of 643 272
    assert found[start, "workload_out"] == "major"  # 8 801 of 659 245


def test_a_row_without_enough_numbers_is_unknown_once():
    found = shipped()
    rows = found[found["where"] == "Thái Nguyên, 2023-Q1"]
    assert rows[["check", "verdict"]].to_numpy().tolist() == [["identities", "unknown"]]


def test_the_result_is_a_findings_table_in_the_words_of_the_codebook():
    found = shipped()
    check(found, FINDINGS)
    assert list(found.columns) == [*FINDINGS.names, "residual"]
    assert all(get("check", code) for code in {*found["check"], *(i.check for i in TALLY_IDENTITIES)})
    assert not found.duplicated(["check", "where"]).any()


def test_numbered_columns_of_a_form():
    rows = pd.DataFrame(
        [
            [100, 60, 30, 10, 80, 50, 20, 10, 20, 15, 5],
            [100, 60, 30, 11, 80, 50, 20, 10, 19, 15, 5],
            [100, 60, np.nan, 10, 80, 90, 20, 10, 20, 15, 5],
        ],
        columns=[*"345678", "9", "10", "11", "12", "13"],
    ).assign(field=["Đất đai", "Hộ tịch", "Tư pháp"])
    found = check_identities(rows, FORM_06A, label=["field"]).set_index(["where", "check"])
    assert (found.loc["Đất đai", "verdict"] == "pass").all() and len(found.loc["Đất đai"]) == 4
    assert found.loc["Hộ tịch", "residual"].to_dict() == {
        "total_in": -1,
        "total_done": 0,
        "total_open": -1,
        "in_out": 1,
    }
    assert (found.loc["Hộ tịch", "verdict"] == "fail").sum() == 3
    # A blank part cannot be tested; parts that already exceed the total can.
    assert "total_in" not in found.loc["Tư pháp"].index
    assert found.loc[("Tư pháp", "total_done"), "verdict"] == "fail"
    assert "3 = 4 + 5 + 6" in found.loc[("Hộ tịch", "total_in"), "guidance_vi"]


def test_returned_dossiers_kept_apart_explain_a_gap():
    row = pd.DataFrame({"unit": ["A"], "workload": [100], "resolved": [70], "pending": [20], "withdrawn": [10]})
    found = check_tally(row).set_index("check")
    assert found.loc["workload_out", ["verdict", "residual"]].tolist() == ["pass", 10]
    assert "10" in found.loc["workload_out", "guidance_vi"]
    other = check_tally(row.assign(withdrawn=9)).set_index("check")
    assert other.loc["workload_out", "verdict"] == "fail"


def test_swapped_digits_are_named_as_a_possible_slip():
    identity = (Identity("sum", "total", ("a", "b", "c")),)
    slip = pd.DataFrame({"total": [1568], "a": [1186], "b": [397], "c": [3]})
    assert "đổi chỗ" in check_identities(slip, identity, label=[])["guidance_vi"].iloc[0]
    for total in (1565, 1685, 1577):  # another number; two digits, but not neighbours; a difference of 9
        text = check_identities(slip.assign(total=total), identity, label=[])["guidance_vi"].iloc[0]
        assert "đổi chỗ" not in text


def test_blank_totals_are_filled_from_parts_only():
    blank = np.array([np.nan, np.nan, 7.0])
    columns = {"resolved_early": np.array([1.0, 1.0, 1.0]), "resolved_on_time": np.array([2.0, np.nan, 2.0])}
    filled, derived = complete({**columns, "resolved_within": blank, "resolved": np.array([9.0, 9.0, 9.0])})
    np.testing.assert_array_equal(filled["resolved_within"], [3, np.nan, 7])
    np.testing.assert_array_equal(derived["within_parts"], [True, False, False])
    # resolved - resolved_within would be the late ones, if nothing else were missing.
    assert "resolved_late" not in filled


def test_text_and_negative_counts_are_refused():
    with pytest.raises(DataError, match="Có chữ trong cột số"):
        check_tally(pd.DataFrame({"unit": ["A"], "resolved": ["1.234"], "resolved_within": [1], "resolved_late": [2]}))
    with pytest.raises(DataError, match="Số đếm âm"):
        check_tally(pd.DataFrame({"unit": ["A"], "resolved": [-1]}))


def test_paused_dossiers_are_a_part_of_the_pending_where_they_are_counted() -> None:
    counts = pd.DataFrame(
        {
            "unit": ["A", "B", "C"],
            "pending_within": [5, 5, 5],
            "pending_overdue": [1, 1, 1],
            "pending_paused": [4, np.nan, 4],
            "pending": [10, 6, 6],
        }
    )
    found = check_tally(counts).set_index("where")
    assert found["verdict"].to_dict() == {"A": "pass", "B": "pass", "C": "fail"}
    assert found.loc["C", "residual"] == -4
    blank, derived = complete({c: counts[c].to_numpy(float) for c in counts if c.startswith("pending_")})
    assert blank["pending"].tolist() == [10, 6, 10] and derived["pending_parts"].all()


def test_received_by_state_leave_room_for_the_paused_and_the_undated() -> None:
    # 10 received, 7 judged: at most the 2 paused and 1 undated of the row, some of which may be of an earlier period.
    row = {"unit": ["A"], "received": [10], "in_time": [6], "out_of_time": [1], "pending_paused": [2], "undated": [1]}
    assert check_tally(pd.DataFrame(row))["verdict"].tolist() == ["pass"]
    assert check_tally(pd.DataFrame(row | {"undated": [0]}))["verdict"].tolist() == ["fail"]
    assert check_tally(pd.DataFrame(row | {"received": [6]}))["verdict"].tolist() == ["fail"]
