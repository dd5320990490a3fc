"""Nothing is lost in silence: every cell has its fate, every question its answers, one declaration for all readers."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from dvresearch.errors import DataError
from dvresearch.loaders import Declaration, Limits, OpenQuestion, convert_dossiers, load_dossiers
from dvresearch.screening import screen
from tests.spoilt import broken, ugly

pytestmark = pytest.mark.filterwarnings("ignore::dvresearch.loaders.OpenQuestion")


def filled_cells(path: Path) -> int:
    """Count the cells that hold something, by another library."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return sum(bool(cell.strip()) for row in csv.reader(file, delimiter=";") for cell in row)
    sheets = openpyxl.load_workbook(path, data_only=True).worksheets
    cells = [c.value for sheet in sheets for c in sheet._cells.values()]  # those of the file, not its whole grid
    return sum(bool(c.strip()) if isinstance(c, str) else c is not None for c in cells)


WORKBOOKS = [c for c in ugly.workbooks() if c.file.endswith(".xlsx") and not c.form and c.content[:2] == b"PK"]


@pytest.mark.parametrize("case", WORKBOOKS, ids=[c.file for c in WORKBOOKS])
def test_the_fates_add_up_to_the_cells_of_the_file(case: Any, spoilt: Callable[[str], Path]) -> None:
    path = spoilt("ugly") / case.file
    report = load_dossiers(path, **case.options).attrs["load"]
    assert sum(sum(fates.values()) for fates in report["account"].values()) == filled_cells(path)


#: A sheet with one row or cell of every kind.
SHEET: list[list[object]] = [
    ["UBND XÃ MẪU", "", "", "", "", "", ""],
    ["DANH SÁCH HỒ SƠ", "", "", "", "", "", ""],
    [*broken.HEADER, "Phí"],
    ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"],
    ["I. Hộ tịch", "", "", "", "", "", ""],
    *([*row, 20] for row in broken.ROWS[:2]),
    ["II. Đất đai", "", "", "", "", "", ""],
    *([*row, 30] for row in broken.ROWS[2:]),
    ["Tổng cộng: 4", "", "", "", "", "", 100],
    ["Người lập biểu", "", "", "Chủ tịch", "", "", ""],
]
FULL = [(r, c) for r, row in enumerate(SHEET) for c, cell in enumerate(row) if cell != ""]


def seen(folder: Path, rows: list[list[object]]) -> tuple[object, ...]:
    """Return all that is told of a sheet: its records and the fates of its cells, or the error."""
    path = folder / "danh-sach.xlsx"
    path.write_bytes(ugly.cells(rows))
    try:
        frame = load_dossiers(path)
    except DataError as error:
        return ("refused", str(error))
    report = frame.attrs["load"]
    return frame.to_csv(), str(report["account"]), str(report["skipped"]), str(report["unused"])


def test_every_kind_of_row_has_its_place(tmp_path: Path) -> None:
    told = seen(tmp_path, SHEET)
    assert told[2] == "{'numbering': [4], 'section': [5, 8], 'total': [11], 'note': [12]}"
    frame = load_dossiers(tmp_path / "danh-sach.xlsx")
    assert frame["dossier"].tolist() == ["HS-01", "HS-02", "HS-03", "HS-04"]
    (account,) = frame.attrs["load"]["account"].values()
    # by hand: 23 cells of the six known columns (one dossier has no result), 4 of “Phí”; 7 titles; 2 headings
    assert account == {"value": 23, "header": 7, "title": 2, "section": 2, "left_out": 4, "aside": 11}
    assert sum(account.values()) == len(FULL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    return seen(tmp_path_factory.mktemp("whole"), SHEET)


@pytest.mark.parametrize(("row", "column"), FULL)
def test_a_cell_that_is_deleted_is_missed(row: int, column: int, whole: tuple[object, ...], tmp_path: Path) -> None:
    without = [list(cells) for cells in SHEET]
    without[row][column] = ""
    assert seen(tmp_path, without) != whole


# --- one declaration for all -----------------------------------------------------------------------------------------


def good_list(folder: Path, *changes: tuple[int, int, object]) -> Path:
    path = folder / "danh-sach.csv"
    path.write_bytes(broken.text(broken.rows(*changes)))
    return path


def declare(path: Path, *lines: str) -> Path:
    file = path.with_name(f"{path.name}.khai.toml")
    file.write_text("\n".join(["[[table]]", 'as = "dossiers"', *lines]), encoding="utf-8")
    return file


def test_a_declaration_is_read_alike_from_beside_from_a_file_and_from_python(tmp_path: Path) -> None:
    path = good_list(tmp_path, (0, 2, "Nộp"), (1, 5, "Xong"), (3, 5, "Dừng xử lý"))
    lines = (
        'halted = "paused"',
        "[table.columns]",
        '"Nộp" = "received"',
        "[table.words.outcome]",
        '"Xong" = "granted"',
    )
    with pytest.raises(DataError, match="received"):
        load_dossiers(path)
    apart = declare(path, *lines).rename(tmp_path / "khai.toml")
    said = Declaration("dossiers", halted="paused", columns={"Nộp": "received"}, words={"outcome": {"Xong": "granted"}})
    frames = [load_dossiers(path, declaration=apart), load_dossiers(path, declaration=said)]
    findings = [screen(path, declaration=apart), screen(path, declaration=said)]
    declare(path, *lines)
    frames.append(load_dossiers(path))
    findings.append(screen(path))
    assert frames[0]["outcome"].tolist() == ["granted", "granted", "paused", "granted"]
    for frame, found in zip(frames, findings, strict=True):
        pd.testing.assert_frame_equal(frame, frames[0])
        pd.testing.assert_frame_equal(found, findings[0])
        assert not (found["verdict"] == "fail").any()


def test_a_keyword_goes_before_the_declaration(tmp_path: Path) -> None:
    path = good_list(tmp_path)
    declare(path, "[table.given]", 'unit = "Xã Mẫu A"')
    assert set(load_dossiers(path)["unit"]) == {"Xã Mẫu A"}
    assert set(load_dossiers(path, unit="Xã Mẫu B")["unit"]) == {"Xã Mẫu B"}


def test_what_is_declared_of_rows_is_what_they_are(tmp_path: Path) -> None:
    path = good_list(tmp_path)
    declare(path, "[table.rows]", '"3: HS-02" = "note"')
    loaded = load_dossiers(path)
    assert loaded["dossier"].tolist() == ["HS-01", "HS-03", "HS-04"]
    assert loaded.attrs["load"]["skipped"] == {"note": [3]}


def test_a_row_of_one_sheet_is_no_fault_of_another(tmp_path: Path) -> None:
    path = tmp_path / "danh-sach.xlsx"
    path.write_bytes(broken.book(broken.rows(), broken.rows((2, 0, "HS-05"))))
    declare(path, "[table.rows]", '"3: HS-02" = "note"')
    assert load_dossiers(path).index.tolist().count("Danh sách!3") == 0
    assert "Tháng 2!3" in load_dossiers(path).index


# --- questions -------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("default::dvresearch.loaders.OpenQuestion")
def test_an_open_question_warns_is_a_finding_and_is_silent_once_answered(tmp_path: Path) -> None:
    path = good_list(tmp_path, (3, 5, "Dừng xử lý"))
    with pytest.warns(OpenQuestion, match="dừng xử lý"):
        loaded = load_dossiers(path)
    assert [q["code"] for q in loaded.attrs["load"]["questions"]] == ["state-halted"]
    (asked,) = screen(path).query("check == 'state_halted'").itertuples()
    assert asked.verdict == "review"
    assert 'halted = "ends"' in asked.guidance_vi and 'halted = "paused"' in asked.guidance_en
    for word, state in (("ends", "stopped"), ("paused", "paused")):
        declare(path, f'halted = "{word}"')
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert load_dossiers(path)["outcome"].iloc[2] == state
        assert not (screen(path)["check"] == "state_halted").any()


def test_a_blocking_question_refuses_and_each_of_its_answers_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "danh-sach.csv"
    rows = [[*row, row[4]] for row in broken.rows()]
    rows[0][6], rows[4][6] = "Ngày trả KQ", "28/01/2026"
    path.write_bytes(broken.text(rows))
    with pytest.raises(DataError) as caught:
        load_dossiers(path)
    assert len(caught.value.give) == 2
    for answer, day in zip(caught.value.give, (27, 28), strict=True):
        declare(path, f"[table.{answer.key}]", answer.toml())
        assert load_dossiers(path)["resolved"].dt.day.iloc[3] == day


def test_a_sheet_in_two_tables_of_one_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ho-so.csv"
    path.write_text("Đơn vị,Ngày tiếp nhận,Ngày trả kết quả\nXã A,02/03/2026,05/03/2026\n", encoding="utf-8")
    (tmp_path / "ho-so.csv.khai.toml").write_text('[[table]]\nas = "dossiers"\n' * 2, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_dossiers(path)
    assert caught.value.code == "sheet-declared-twice"


# --- several tables of one file --------------------------------------------------------------------------------------


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


UNIT_FIRST: list[list[object]] = [
    ["Đơn vị", "Ngày tiếp nhận", "Ngày trả kết quả"],
    ["Xã Mẫu", "02/03/2026", "05/03/2026"],
    ["Xã Mẫu", "20/03/2026", "25/03/2026"],
]
UNIT_LAST: list[list[object]] = [
    ["Ngày tiếp nhận", "Ngày trả kết quả", "Đơn vị"],
    ["02/04/2026", "05/04/2026", "Xã Khác"],
    ["20/04/2026", "25/04/2026", None],
]


def test_a_given_column_is_set_in_every_table_wherever_it_stands(tmp_path: Path) -> None:
    path = workbook(tmp_path / "hai-trang.xlsx", a=UNIT_FIRST, b=UNIT_LAST)
    with pytest.raises(DataError, match="C3"):
        load_dossiers(path)
    loaded = load_dossiers(path, unit="Xã Mẫu")
    assert loaded["unit"].tolist() == ["Xã Mẫu"] * 4
    (asked,) = [q for q in loaded.attrs["load"]["questions"] if q["code"] == "given-goes-before"]
    assert "Xã Mẫu" in asked["vi"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_given_column_hides_no_fault_of_another(tmp_path: Path, order: tuple[str, str]) -> None:
    # the day that is none stands where the other sheet has the unit
    pages = {"a": UNIT_FIRST, "b": [UNIT_LAST[0], ["31/02/2026", "05/04/2026", "Xã Mẫu"], *UNIT_LAST[2:]]}
    path = workbook(tmp_path / "hai-trang.xlsx", **{name: pages[name] for name in order})
    with pytest.raises(DataError) as caught:
        load_dossiers(path, unit="Xã Mẫu")
    assert "“b”" in str(caught.value)
    assert "A2" in str(caught.value)


def test_a_column_that_only_a_later_table_has_can_be_given(tmp_path: Path) -> None:
    without = [row[1:] for row in UNIT_FIRST]
    path = workbook(tmp_path / "hai-trang.xlsx", a=without, b=UNIT_LAST)
    assert load_dossiers(path, unit="Xã Mẫu")["unit"].tolist() == ["Xã Mẫu"] * 4


def test_tables_declared_one_by_one_have_one_account(tmp_path: Path) -> None:
    first = [[*row, extra] for row, extra in zip(UNIT_FIRST, ("Họ tên", "Nguyễn Văn An", "Trần Thị Bình"), strict=True)]
    second = [
        ["Nhận", *UNIT_LAST[0][1:], "Số điện thoại"],
        ["02/04/2026", "05/04/2026", "Xã Mẫu", "0912345678"],
        ["20/04/2026", "25/04/2026", "Xã Mẫu", "0987654321"],
        ["Tổng cộng: 2"],
    ]
    path = workbook(tmp_path / "ho-so.xlsx", a=first, b=second, c=[["Ghi chú", "x", "y"], ["1", "2", "3"]])
    declare(
        path,
        'sheets = ["a"]',
        "[[table]]",
        'as = "dossiers"',
        'sheets = ["b"]',
        "[table.columns]",
        '"Nhận" = "received"',
    )
    report = load_dossiers(path).attrs["load"]
    assert (report["rows"], report["sheet"]) == (4, "a, b")
    assert report["personal"] == {"Họ tên": "name", "Số điện thoại": "phone"}
    assert report["skipped"] == {"total": [4]}
    assert [name for name, _ in report["unread"]] == ["c"]
    # by hand: six values in either sheet, their titles, the column left out with its title among them
    assert report["account"] == {
        "a": {"value": 6, "header": 4, "left_out": 2},
        "b": {"value": 6, "header": 4, "left_out": 2, "aside": 1},
        "c": {"unread": 6},
    }
    assert sum(sum(fates.values()) for fates in report["account"].values()) == filled_cells(path)
    assert [one["rows"] for one in report["tables"]] == [2, 2]


def test_a_long_text_in_two_declared_tables_is_refused(tmp_path: Path) -> None:
    path = good_list(tmp_path)
    declare(path, "[[table]]", 'as = "dossiers"')
    for read in (load_dossiers, screen):
        told = read_or_refused(read, path, Limits(text_file_mib=-1))
        assert path.name in told
        assert "[[table]]" in told
    with pytest.raises(DataError) as caught:
        convert_dossiers(path, tmp_path / "a.parquet")
    assert caught.value.code == "sheet-declared-twice"


def read_or_refused(read: Callable[..., pd.DataFrame], path: Path, limits: Limits) -> str:
    try:
        return str(read(path, limits=limits).to_dict("records"))
    except DataError as error:
        return str(error)
