"""Tables read without a contract: sheets made by hand whose truth is known, and sheets annotated by others."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pytest

import dvresearch
from dvresearch.errors import message
from dvresearch.loaders.account import Fate
from dvresearch.loaders.structure import TableRead, read_tables

ROOT = Path(__file__).parents[1]


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., list[TableRead]]:
    """Return `book(rows, merged)`: the tables of a workbook whose one sheet holds `rows`."""

    def make(rows: Sequence[Sequence[Any]], merged: Sequence[str] = ()) -> list[TableRead]:
        workbook = openpyxl.Workbook()
        for row in rows:
            workbook.active.append(list(row))
        for area in merged:
            workbook.active.merge_cells(area)
        workbook.save(tmp_path / "so.xlsx")
        return read_tables(tmp_path / "so.xlsx")

    return make


def fates(table: TableRead) -> list[str]:
    """Return the fates of the cells, a letter each, row by row; a point where the file has no cell."""
    letters = {fate: fate.name[0] for fate in Fate} | {Fate.NONE: "?", Fate.SECTION: "s"}
    account = table.account
    return [
        "".join(letters[Fate(f)] if there else "." for f, there in zip(*line, strict=True))
        for line in zip(account.fates, account.filled, strict=True)
    ]


FORM = [
    ["Biểu số 02", None, "TÌNH HÌNH GIẢI QUYẾT ĐƠN THƯ"],
    [None, None, "Quý II năm 2026"],
    [],
    [None, None, None, "Đơn vị tính: đơn"],
    ["Xã, phường", "Đã nhận", None, "Còn lại"],
    [None, "Khiếu nại", "Tố cáo", None],
    ["(1)", "(2)", "(3)", "(4)"],
    ["Khu vực miền núi"],
    ["Xã A", 12, 3, 1],
    ["Xã B", 7, 0, 2],
    [],
    ["Khu vực đồng bằng"],
    ["Xã C", 21, 4, 0],
    [],
    ["Ghi chú: số liệu đến 30/06/2026"],
    ["Người lập biểu", None, None, "Chủ tịch"],
]


def test_a_form_with_all_its_parts(book: Callable[..., list[TableRead]]) -> None:
    (table,) = book(FORM, ["A5:A6", "B5:C5", "D5:D6"])
    assert table.header_rows == [5, 6]
    assert list(table.frame.columns) == ["Xã, phường", "Đã nhận Khiếu nại", "Đã nhận Tố cáo", "Còn lại"]
    assert table.frame.index.tolist() == [9, 10, 13]
    assert table.frame["Đã nhận Khiếu nại"].tolist() == [12, 7, 21]
    assert table.body.sections == {7: "Khu vực miền núi", 11: "Khu vực đồng bằng"}
    assert table.questions == []
    assert fates(table) == [
        "T.T.", "..T.", "....", "...T", "HH.H", ".HH.", "AAAA", "s...", "VVVV", "VVVV", "....", "s...", "VVVV", "....",
        "A...", "A..A",
    ]  # fmt: skip


def test_every_cell_has_one_fate(book: Callable[..., list[TableRead]]) -> None:
    (table,) = book(FORM, ["A5:A6", "B5:C5", "D5:D6"])
    assert table.account.settle() == {"value": 12, "header": 5, "title": 4, "section": 2, "aside": 7}


def test_blank_rows_part_no_table_and_two_may_stand_close(book: Callable[..., list[TableRead]]) -> None:
    upper = [["Thôn", "Hộ", "Khẩu"], ["Một", 10, 41], [], [], ["Hai", 12, 50]]
    lower = [["Bảng 2"], ["Tổ", "Nam", "Nữ", "Cộng lại"], ["Tổ 1", 3, 4, 7], ["Tổ 2", 5, 5, 10]]
    first, second = book([*upper, [], *lower])
    assert first.frame.index.tolist() == [2, 5]
    assert list(first.frame.columns[:3]) == ["Thôn", "Hộ", "Khẩu"]
    assert (second.header_rows, second.frame.index.tolist()) == ([8], [9, 10])
    assert second.frame["Nữ"].tolist() == [4, 5]
    assert not first.questions and not second.questions


def test_a_second_header_without_any_gap_is_asked_about(book: Callable[..., list[TableRead]]) -> None:
    upper = [["Thôn", "Hộ", "Khẩu"], ["Một", 10, 41], ["Hai", 12, 50]]
    first, second = book([*upper, ["Tổ", "Nam", "Nữ"], ["Tổ 1", 3, 4], ["Tổ 2", 5, 5]])
    assert (first.questions, second.header_rows) == ([], [4])
    assert [q.code for q in second.questions] == ["header-doubtful"]
    assert second.doubtful == {4, 5}


def test_the_same_header_again_opens_no_table(book: Callable[..., list[TableRead]]) -> None:
    header = ["STT", "Mã hồ sơ", "Ngày nhận", "Lệ phí"]
    rows = [[n, f"H{n:03}", dt.datetime(2026, 3, n), 1000 * n] for n in range(1, 9)]
    (table,) = book([header, *rows[:4], [], header, *rows[4:]])
    assert table.body.aside == {"header_again": [6]}
    assert table.frame["Mã hồ sơ"].tolist() == [f"H{n:03}" for n in range(1, 9)]
    assert fates(table)[6] == "HHHH"


def test_tables_side_by_side(book: Callable[..., list[TableRead]]) -> None:
    left, right = book(
        [
            ["Thôn", "Hộ", None, "Tổ", "Người", "Việc"],
            ["Một", 10, None, "Tổ 1", 3, 4],
            ["Hai", 12, None, "Tổ 2", 5, 6],
            ["Ba", 15],
        ]
    )
    assert list(left.frame["Hộ"]) == [10, 12, 15]
    assert list(right.frame.columns) == ["Tổ", "Người", "Việc"]
    assert right.frame["Việc"].tolist() == [4, 6]
    assert left.account is right.account


def test_a_header_of_many_rows_with_years_and_values_in_it(book: Callable[..., list[TableRead]]) -> None:
    tiers = [
        ["Đơn vị đo", "hồ sơ", "hồ sơ"],
        ["Loại số liệu", "gốc", "gốc"],
        ["Tháng chốt", 6, 6],
        ["Bắt đầu", dt.datetime(2020, 1, 1), dt.datetime(2021, 1, 1)],
        ["Số kỳ", 4, 4],
        ["Mã chuỗi", "A1", "A2"],
    ]
    body = [[dt.datetime(2026, month, 1), 100 + month, 200 + month] for month in range(1, 13)]
    (table,) = book([*tiers, *body])
    assert (table.header_rows, len(table.frame), table.questions) == ([1, 2, 3, 4, 5, 6], 12, [])
    (table,) = book([["Chỉ tiêu", 2023, 2024, 2025], ["Hộ nghèo", 12, 10, 9], ["Hộ cận nghèo", 20, 18, 11]])
    assert table.header_rows == [1]
    assert table.frame["2024"].tolist() == [10, 18]


def test_a_register_with_blank_days_stays_one_table(book: Callable[..., list[TableRead]]) -> None:
    # the last dated row stands above rows without a date: days in their order, but no titles
    rows = [["Xã A", "Khai sinh", dt.datetime(2026, 3, n), dt.datetime(2026, 3, n + 5)] for n in range(1, 20)]
    rows += [["Xã B", "Kết hôn", None, dt.datetime(2026, 4, n)] for n in range(1, 4)]
    (table,) = book([["Đơn vị", "Thủ tục", "Ngày nhận", "Ngày hẹn"], *rows])
    assert (table.header_rows, len(table.frame), table.questions) == ([1], 22, [])


@pytest.mark.parametrize(
    "rows",
    [
        [["Xã A", 12, 3], ["Xã B", 7, 0], ["Xã C", 9, 1]],  # no header
        [["Tên", "Địa chỉ"], ["Mô hình một", "Thôn Một"], ["Mô hình hai", "Thôn Hai"]],  # nothing but words
        [["Tên", "Việc"], *([f"Người {n}", f"Việc {n}"] for n in range(20)), ["Người", "Việc", 3], ["Ai", "Gì", 4]],
    ],
)
def test_structure_alone_does_not_decide(book: Callable[..., list[TableRead]], rows: list[list[Any]]) -> None:
    (table,) = book(rows)
    assert [q.code for q in table.questions] == ["header-doubtful"]
    assert 1 in table.doubtful
    answer = table.questions[0].answers[-1]
    assert (answer.key, answer.value) == ("header", "…")
    assert table.questions[0].text().vi != message("header-doubtful", row=0).vi


def test_a_total_is_no_record_unasked(book: Callable[..., list[TableRead]]) -> None:
    rows = [["Xã", "Đơn", "Xong"], ["Xã A", 12, 9], ["Xã B", 7, 7], ["Xã C", 21, 20]]
    (table,) = book([*rows, ["Tổng cộng", 40, 36]])  # word and sum
    assert 5 in table.doubtful or 5 not in table.frame.index
    (table,) = book([*rows, ["Tổng cộng", 93, 81]])  # the word alone
    assert (table.frame.index.tolist(), table.doubtful) == ([2, 3, 4, 5], {5})
    assert [q.code for q in table.questions] == ["total-doubtful"]
    assert [a.written("declaration") for a in table.questions[0].answers] == [
        '[table.rows]\n"5:Tổng cộng" = "total"',
        '[table.rows]\n"5:Tổng cộng" = "record"',
    ]


def test_merged_labels_hold_for_all_their_rows(book: Callable[..., list[TableRead]]) -> None:
    rows = [["Xã", "Quý", "Đơn"], ["Xã A", "I", 5], [None, "II", 6], ["Xã B", "I", 7], [None, "II", 8]]
    (table,) = book(rows, ["A2:A3", "A4:A5"])
    assert table.frame["Xã"].tolist() == ["Xã A", "Xã A", "Xã B", "Xã B"]


def test_a_sheet_of_words_is_named_and_not_read(book: Callable[..., list[TableRead]]) -> None:
    (table,) = book([["Hướng dẫn"], ["Điền vào trang sau"]])
    assert table.frame.empty
    assert table.account.settle() == {"unread": 2}


def test_text_and_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("xã;đơn\nXã A;3\nXã B;4\n", encoding="utf-8")
    (table,) = dvresearch.read_tables(tmp_path / "a.csv")
    assert table.frame.to_dict("list") == {"xã": ["Xã A", "Xã B"], "đơn": ["3", "4"]}
    table.frame.to_parquet(tmp_path / "a.parquet", index=False)
    (again,) = dvresearch.read_tables(tmp_path / "a.parquet")
    assert again.frame.to_dict("list") == table.frame.to_dict("list")
    assert again.frame.index.tolist() == [2, 3]


# --- sheets annotated by others --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scores() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables_benchmark", ROOT / "benchmarks" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_annotated_sheets(
    scores: ModuleType, validation: Callable[[str], Path], rounds: Callable[[int, int], int]
) -> None:
    # the bounds of the whole set; in a normal run every twelfth sheet
    folder, wanted = validation("tables"), slice(0, None, rounds(12, 1))
    stat, saus = scores.statsheets(folder, wanted), scores.saus(folder, wanted)
    assert stat.cells > 5000 and saus.cells > 1000
    assert stat.silent <= 0.01 * stat.cells, stat.row("StatSheets")
    assert saus.silent <= 0.01 * saus.cells, saus.row("SAUS")
    if rounds(0, 1):
        assert stat.questions <= 0.2 * stat.sheets, stat.row("StatSheets")
    assert stat.found >= 0.75 * stat.tables, stat.row("StatSheets")
