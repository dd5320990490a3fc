"""Nothing is lost in silence: every cell has its fate, every question its answers, one declaration for all readers."""

from __future__ import annotations

import csv
import datetime as dt
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from dvresearch.cli import app
from dvresearch.errors import DataError
from dvresearch.loaders import (
    Declaration,
    Limits,
    OpenQuestion,
    convert_dossiers,
    load_cases,
    load_dossiers,
    load_responses,
)
from dvresearch.loaders.cells import convert
from dvresearch.loaders.declaration import beside
from dvresearch.screening import screen
from dvresearch.tables import Column
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


def declare(path: Path, *lines: str, kind: str = "dossiers") -> Path:
    file = path.with_name(f"{path.name}.khai.toml")
    file.write_text("\n".join(["[[table]]", f'as = "{kind}"', *lines]), encoding="utf-8")
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


# --- lines of a declaration that fit nothing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("table-kind-unknown", ["[[table]]", 'as = "dossier"']),
        ("declaration-placeholder", ["[table.given]", 'unit = "…"']),
        ("declaration-placeholder", ['sheets = ["…", "Danh sách"]']),
        ("declaration-placeholder", ["[table.columns]", '"…" = "resolved"']),
        ("declaration-placeholder", ["[table.words.outcome]", '"..." = "granted"']),
        ("declared-word-not-there", ["[table.words.outcome]", '"Đã xong hẳn" = "granted"']),
        ("declared-word-not-there", ["[table.words.channel]", '"Zalo" = "online"']),
        ("declared-nothing-finished", ["nothing_finished = true"]),
        ("cannot-be-used-here", ["[table.direction]", '"Tỷ lệ đúng hạn" = "higher"']),
        ("cannot-be-used-here", ['decimal = "comma"']),
        ("cannot-be-used-here", ['items = "one-stop"']),
    ],
)
def test_a_declared_line_that_fits_nothing_is_refused(code: str, lines: list[str], tmp_path: Path) -> None:
    path = good_list(tmp_path)
    declare(path, *lines)
    with pytest.raises(DataError) as caught:
        load_dossiers(path)
    assert caught.value.code == code
    assert (screen(path)["verdict"] == "fail").any()


def test_a_kind_of_table_that_is_none_is_refused_from_python_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dossiers"):
        load_dossiers(good_list(tmp_path), declaration=[Declaration("dossiers"), Declaration("dosiers")])


def test_a_declared_word_may_be_the_beginning_of_a_cell(tmp_path: Path) -> None:
    path = good_list(tmp_path, (3, 5, "Hủy theo đơn"))
    declare(path, "[table.words.outcome]", '"Hủy theo" = "withdrawn"')
    assert load_dossiers(path)["outcome"].iloc[2] == "withdrawn"


def test_no_sheet_left_to_read_says_so(tmp_path: Path) -> None:
    path = workbook(tmp_path / "hai-trang.xlsx", a=UNIT_FIRST, b=UNIT_FIRST)
    declare(path, 'unread = ["a", "b"]')
    with pytest.raises(DataError) as caught:
        load_dossiers(path)
    assert caught.value.code == "all-sheets-unread"


def test_a_command_that_gives_otherwise_than_declared_is_refused(tmp_path: Path) -> None:
    path = good_list(tmp_path)
    declare(path, "[table.given]", 'unit = "Xã Mẫu A"')
    before = beside(path).read_bytes()
    for command in ("check", "declare"):
        ran = CliRunner().invoke(app, [command, str(path), "--given", "unit=Xã Mẫu B"])
        assert isinstance(ran.exception, DataError)
        assert ran.exception.code == "given-declared-otherwise"
        assert beside(path).read_bytes() == before
        assert CliRunner().invoke(app, [command, str(path), "--given", "unit=Xã Mẫu A"]).exit_code == 0
        beside(path).write_bytes(before)  # `declare` writes it anew


def asked_of(loaded: pd.DataFrame) -> list[str]:
    return [question["code"] for question in loaded.attrs["load"]["questions"]]


def test_a_sheet_that_came_after_the_declaration_is_asked_about(tmp_path: Path) -> None:
    later = [UNIT_FIRST[0], ["Xã Mẫu", "02/04/2026", "05/04/2026"]]
    path = workbook(tmp_path / "ho-so.xlsx", a=UNIT_FIRST, b=later, c=[["Ghi chú", "x", "y"], ["1", "2", "3"]])
    declare(path, 'sheets = ["a"]')
    loaded = load_dossiers(path)
    assert asked_of(loaded) == ["sheet-unread"]
    assert 'unread = ["b"]' in "\n".join(loaded.attrs["load"]["questions"][0]["answers"])
    declare(path, 'sheets = ["a"]', 'unread = ["b"]')
    assert asked_of(load_dossiers(path)) == []
    declare(path, 'sheets = ["a"]', "[[table]]", 'as = "dossiers"', 'sheets = ["b"]')
    assert asked_of(load_dossiers(path)) == []
    declare(path, 'sheets = ["a"]', "[[table]]", 'as = "cases"', 'sheets = ["b"]')
    assert asked_of(load_dossiers(path)) == []


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


# --- what would change a number in silence ----------------------------------------------------------------------------


DATES = ["STT", "Mã hồ sơ", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày có kết quả"]


def dated(count: int, **last: object) -> list[list[object]]:
    """Return synthetic dossiers of March 2026 with the header `DATES`, `last` by number in place of the result."""
    day = dt.datetime(2026, 3, 2)
    rows: list[list[object]] = []
    for i in range(count):
        ends = day + dt.timedelta(days=i + 3)
        rows.append([i + 1, f"HS-{i + 1:02}", day + dt.timedelta(days=i), ends, last.get(f"r{i + 1}", ends)])
    return [[*DATES], *rows]


def asked(reading: Callable[..., pd.DataFrame], path: Path, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        reading(path, unit="Xã Mẫu", **options)
    return caught.value


def questions(loaded: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {question["code"]: question for question in loaded.attrs["load"]["questions"]}


@pytest.mark.parametrize("tick", ["x", "X", " x "])
def test_a_tick_among_dates_is_a_cell_to_mend_and_the_marks_of_nothing_are_none(tick: str, tmp_path: Path) -> None:
    nothing = {"r2": "-", "r3": "…", "r4": "n/a", "r5": "Không rõ", "r6": None}
    path = workbook(tmp_path / "a.xlsx", a=dated(7, **nothing))
    assert load_dossiers(path, unit="Xã Mẫu")["resolved"].notna().tolist() == [True, *[False] * 5, True]
    path = workbook(tmp_path / "b.xlsx", a=dated(7, r3=tick, r7=tick))
    assert "E4" in asked(load_dossiers, path).got
    assert "E8" in asked(load_dossiers, path).got


def test_a_tick_in_a_long_text_is_refused_too(tmp_path: Path) -> None:
    rows = [",".join(["Mã hồ sơ", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày có kết quả"])]
    rows += [f"HS-{i:02},02/03/2026,{i:02}/04/2026,{'x' if i == 9 else '16/03/2026'}" for i in range(1, 20)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(DataError):
        convert_dossiers(path, tmp_path / "a.parquet", declaration=Declaration(given={"unit": "Xã Mẫu"}))


def test_a_row_called_a_total_that_holds_all_a_record_does_is_asked_about(tmp_path: Path) -> None:
    rows = dated(5)
    rows[4][0] = "Cộng"
    rows.append(["Tổng cộng", 5, None, None, None])
    loaded = load_dossiers(workbook(tmp_path / "a.xlsx", a=rows), unit="Xã Mẫu")
    assert loaded["dossier"].tolist() == [f"HS-0{i}" for i in range(1, 6)]
    assert loaded.attrs["load"]["skipped"] == {"total": [7]}
    assert questions(loaded)["total-doubtful"]["answers"] == [
        "[table.rows]",
        '"5:Cộng" = "total"',
        '"5:Cộng" = "record"',
    ]
    without = [[row[0], *row[2:]] for row in rows]
    loaded = load_dossiers(workbook(tmp_path / "b.xlsx", a=without), unit="Xã Mẫu")
    assert len(loaded) == 5
    assert "total-doubtful" in questions(loaded)


def test_a_sheet_that_repeats_others_is_asked_about(tmp_path: Path) -> None:
    first, second = dated(12), dated(9)
    for row in second[1:]:
        row[2:] = [day + dt.timedelta(days=90) for day in row[2:]]
    pages = {"Quý I": first, "Quý II": second, "6 tháng": [*first, *second[1:]]}
    without = {name: [[row[0], *row[2:]] for row in rows] for name, rows in pages.items()}
    path = workbook(tmp_path / "a.xlsx", **without)
    fault = asked(load_dossiers, path)
    for name in pages:
        assert f"“{name}”" in str(fault)
    assert [a.toml() for a in fault.give] == [
        'unread = ["6 tháng"]',
        'unread = ["Quý I", "Quý II"]',
        'repeats = "keep"',
    ]
    for line, count in zip((a.toml() for a in fault.give), (21, 21, 42), strict=True):
        declare(path, line)
        assert len(load_dossiers(path, unit="Xã Mẫu")) == count
    assert len(load_dossiers(workbook(tmp_path / "b.xlsx", a=without["Quý I"], b=without["Quý II"]), unit="X")) == 21


def test_slips_pasted_twice_are_asked_about(tmp_path: Path) -> None:
    slip = {"q1": "Thái độ phục vụ", "q2": "Thời gian giải quyết"}
    words = ["Rất hài lòng", "Hài lòng", "Bình thường"]
    sent = [dt.datetime(2026, 6, 1, 8, 0, 7) + dt.timedelta(minutes=17 * i) for i in range(9)]
    rows = [[stamp, words[i % 3], words[i % 2]] for i, stamp in enumerate(sent)]
    head = ["Dấu thời gian", *slip.values()]
    path = workbook(tmp_path / "a.xlsx", a=[head, *rows, *rows])
    fault = asked(load_responses, path, items=slip)
    assert [a.toml() for a in fault.give] == ['repeats = "set_aside"', 'repeats = "keep"']
    for answer, count in zip(fault.give, (9, 18), strict=True):
        declare(path, answer.toml(), kind="responses")
        loaded = load_responses(path, items=slip, unit="Xã Mẫu")
        assert len(loaded) == count
        assert sum(map(len, loaded.attrs["load"]["skipped"].values())) == 18 - count
    # two people who say the same on one day are two people
    days = [[stamp.date(), *answers] for stamp, *answers in rows]
    assert len(load_responses(workbook(tmp_path / "b.xlsx", a=[head, *days, *days]), items=slip, unit="X")) == 18


def test_a_column_of_counts_in_a_list_is_asked_about(tmp_path: Path) -> None:
    rows = dated(6)
    for title in ("Số lượng hồ sơ", "Số hồ sơ", "SL hồ sơ"):
        counted = [[row[0], *row[2:], title if not i else 1 + i % 3] for i, row in enumerate(rows)]
        path = workbook(tmp_path / "a.xlsx", a=counted)
        told = questions(load_dossiers(path, unit="Xã Mẫu"))["rows-stand-for-many"]
        assert "12" in told["vi"]
        assert told["answers"][:2] == ["[table.columns]", f'"{title}" = "left_out"']
        declare(path, "[table.columns]", f'"{title}" = "left_out"')
        assert not questions(load_dossiers(path, unit="Xã Mẫu"))
        beside(path).unlink()
    codes = [[row[0], *row[2:], "Số hồ sơ" if not i else 100 + i] for i, row in enumerate(rows)]
    loaded = load_dossiers(workbook(tmp_path / "b.xlsx", a=codes), unit="Xã Mẫu")
    assert loaded["dossier"].tolist() == [str(100 + i) for i in range(1, 7)]
    assert not questions(loaded)


def test_the_number_of_petitions_in_a_row_is_asked_about(tmp_path: Path) -> None:
    rows = [[i + 1, dt.datetime(2026, 3, 2 + i), "Khiếu nại", [3, 1, 2, 5, 4][i]] for i in range(5)]
    path = workbook(tmp_path / "a.xlsx", a=[["STT", "Ngày nhận", "Loại đơn", "Số đơn"], *rows])
    assert "15" in questions(load_cases(path, unit="Xã Mẫu"))["rows-stand-for-many"]["vi"]
    for word, there in (("left_out", False), ("case", True)):
        declare(path, "[table.columns]", f'"Số đơn" = "{word}"', kind="cases")
        loaded = load_cases(path, unit="Xã Mẫu")
        assert ("case" in loaded) == there
        assert not questions(loaded)


def test_dates_in_two_orders_are_told_with_how_many_are_in_doubt(tmp_path: Path) -> None:
    rows = dated(24)
    for i, row in enumerate(rows[1:]):
        row[2:] = [day.strftime("%m/%d/%Y" if i % 4 == 0 else "%d/%m/%Y") for day in row[2:]]
    days = [text.split("/") for row in rows[1:] for text in row[2:]]
    counts = [sum(int(a) > 12 for a, _, _ in days), sum(int(b) > 12 for _, b, _ in days)]
    counts.append(sum(int(a) <= 12 and int(b) <= 12 for a, b, _ in days))
    path = workbook(tmp_path / "a.xlsx", a=rows)
    fault = asked(load_dossiers, path)
    assert all(str(count) in str(fault.title.vi) for count in counts)
    found = screen(path, unit="Xã Mẫu").set_index("check")
    assert found.loc["date_orders_mixed", "verdict"] == "fail"
    assert "bad_date" in found.index
    declare(path, 'date_order = "dmy"')
    assert asked(load_dossiers, path).code == "cells-to-mend"
    # one slip is no order
    slip = [[*DATES], *([*row[:2], *(d.strftime("%d/%m/%Y") for d in row[2:])] for row in dated(24)[1:])]
    slip[3][4] = "03/25/2026"
    assert asked(load_dossiers, workbook(tmp_path / "b.xlsx", a=slip)).code == "cells-to-mend"


def test_hidden_rows_are_read_and_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", a=dated(9))
    book = openpyxl.load_workbook(path)
    for row in (4, 5, 8):
        book["a"].row_dimensions[row].hidden = True
    book.save(path)
    loaded = load_dossiers(path, unit="Xã Mẫu")
    assert len(loaded) == 9
    assert ["hidden_rows", "3"] in loaded.attrs["load"]["notes"]
    found = screen(path, unit="Xã Mẫu").set_index("check")
    assert found.loc["hidden_rows", "computed"] == "3"
    assert "3 dòng đang ẩn" in found.loc["account", "guidance_vi"]


@pytest.mark.parametrize("struck", [2, 5, 9])
def test_a_struck_cell_strikes_no_other_that_reads_the_same(struck: int, tmp_path: Path) -> None:
    rows = [[*row, "Lĩnh vực" if not i else "Đất đai"] for i, row in enumerate(dated(9))]
    path = workbook(tmp_path / "a.xlsx", a=rows)
    book = openpyxl.load_workbook(path)
    for cell in book["a"][struck]:
        cell.font = openpyxl.styles.Font(strike=True)
    book.save(path)
    found = screen(path, unit="Xã Mẫu")
    places = found.loc[found["check"] == "struck_cell", "where"]
    assert len(places) == 5  # all but the serial number, which is not read
    assert all(f"dòng/row {struck}," in place for place in places)


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


def test_each_declared_survey_table_is_read_with_its_own_items(tmp_path: Path) -> None:
    first: list[list[object]] = [["Đơn vị", "Thái độ"], *[["Xã A", "Hài lòng"]] * 3]
    path = workbook(tmp_path / "a.xlsx", A=first, B=[["Đơn vị", "Phí"], *[["Xã B", "Đồng ý"]] * 2])
    (tmp_path / "a.toml").write_text('[items]\nq1 = "Thái độ"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('scale = "dong_y_5"\n[items]\nf1 = "Phí"\n', encoding="utf-8")
    tables = [f'[[table]]\nas = "responses"\nsheets = ["{n}"]\nitems = "{n.lower()}.toml"\n' for n in "AB"]
    beside(path).write_text("".join(tables), encoding="utf-8")
    frame = load_responses(path)
    assert frame.attrs["load"]["items"] == {"q1": "hai_long_5", "f1": "dong_y_5"}
    assert frame["q1"].dropna().tolist() == ["satisfied"] * 3 and frame["f1"].dropna().tolist() == ["agree"] * 2


def test_a_column_that_names_persons_in_one_table_stays_in_the_others(tmp_path: Path) -> None:
    header: list[object] = ["Mã hồ sơ", "Ngày tiếp nhận", "Ngày trả kết quả", "Thủ tục"]
    names = ["Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung", "Hoàng Văn Em", "Vũ Thị Giang"]

    def rows(code: str, last: list[str]) -> list[list[object]]:
        return [header, *([f"{code}-{i}", f"0{i + 1}/03/2026", f"1{i}/03/2026", t] for i, t in enumerate(last))]

    path = workbook(tmp_path / "a.xlsx", A=rows("A", ["Khai sinh", "Khai tử"] * 3), B=rows("B", names))
    frame = load_dossiers(path, unit="Xã A")
    assert frame["procedure"].tolist()[:6] == ["Khai sinh", "Khai tử"] * 3 and frame["procedure"][6:].isna().all()
    assert frame.attrs["load"]["personal"] == {"Thủ tục": "name"}


def test_true_is_not_one() -> None:
    read = convert([1, True, 0, False], Column("n", "count"))
    assert read.bad.tolist() == [False, True, False, True]
    assert convert([True, 1], Column("t", "text")).content.tolist() == ["True", "1"]
