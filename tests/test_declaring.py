"""A new user types `check`, `declare` and `evaluate` with nothing but the README: each says the same of a file."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from openpyxl import Workbook, load_workbook

from dvresearch import cli
from dvresearch.errors import Answer, DataError, DvError, declared_lines
from dvresearch.evaluation import spec
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.screened import check_inputs, must_mend
from dvresearch.loaders import blank_form, load_responses
from dvresearch.loaders.declaration import Declaration, from_toml
from dvresearch.loaders.kinds import KINDS
from dvresearch.privacy import shown_header
from dvresearch.screening import screen
from dvresearch.screening.propose import answer, declare, likely_kind, propose

TARGETS = "Chỉ tiêu,Kế hoạch,Kết quả\nTỷ lệ hồ sơ đúng hạn,98%,99%\nSố hộ nghèo,10,12\n"
CASES = "STT,Ngày nhận,Loại đơn,Số vụ\n1,02/03/2026,Khiếu nại,1\n2,15/03/2026,Tố cáo,1\n"
SURVEY = "Dấu thời gian,1. Thái độ,2. Thời gian,3. Kết quả\n" + "01/03/2026,Hài lòng,Rất hài lòng,Bình thường\n" * 4
DOSSIERS = "Mã hồ sơ,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả\nHS-1,02/03/2026,05/03/2026,04/03/2026\n"


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["dvresearch", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def written(path: Path, content: str, declaration: str = "") -> Path:
    """Write a file, and the declaration beside it."""
    path.write_text(content, encoding="utf-8")
    if declaration:
        path.with_name(f"{path.name}.khai.toml").write_text(declaration, encoding="utf-8")
    return path


def test_check_takes_the_kind_of_the_declaration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = '[[table]]\nas = "targets"\n[table.given]\nunit = "Xã A"\nperiod = "2026"\n'
    path = written(tmp_path / "a.csv", TARGETS, declared)
    assert run(monkeypatch, "check", path) == 0
    said = capsys.readouterr()
    assert "Đã đọc 2 bản ghi" in said.out and not said.err
    given = '[table.given]\nunit = "Xã A"\n'
    written(tmp_path / "a.csv", CASES, f'[[table]]\nas = "cases"\n{given}[[table]]\nas = "dossiers"\n{given}')
    assert run(monkeypatch, "check", path) == 2
    said = capsys.readouterr()
    assert said.out.index("[cases]") < said.out.index("[dossiers]") and "Đã đọc 2 bản ghi" in said.out
    written(path, CASES, '[[table]]\nas = "case"\n')
    assert run(monkeypatch, "check", path) == 2
    assert "Không có loại bảng “case”." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "kind"),
    [(TARGETS, "targets"), (CASES, "cases"), (SURVEY, "responses"), (DOSSIERS, "dossiers"), ("a,b\n1,2\n", "")],
)
def test_the_kind_is_told_from_the_file(content: str, kind: str, tmp_path: Path) -> None:
    assert likely_kind(written(tmp_path / "a.csv", content)) == kind
    assert likely_kind(written(tmp_path / "b.csv", content.replace("Dấu thời gian", "Ngày"))) == kind


def test_a_form_is_known_by_its_code_and_needs_no_declaration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for code, key in (("II.06a", "form"), ("01/TCD", "form_01_tcd")):
        path = blank_form(tmp_path / f"{key}.xlsx", code)
        assert likely_kind(path) == code
        for words in (["--as", code], []):
            assert run(monkeypatch, "declare", path, *words) == 2
            said = capsys.readouterr().err
            assert f'{key} = "{path.name}"' in said and "Traceback" not in said
    assert not list(tmp_path.glob("*.toml"))


def test_declaring_one_kind_keeps_the_tables_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = '[table.given]\nunit = "Xã A"\n'
    path = written(tmp_path / "a.csv", CASES, f'[[table]]\nas = "cases"\n{given}[[table]]\nas = "dossiers"\n{given}')
    run(monkeypatch, "declare", path, "--as", "cases")
    tables = tomllib.loads((tmp_path / "a.csv.khai.toml").read_text(encoding="utf-8"))["table"]
    assert [(t["as"], t["given"]) for t in tables] == [("cases", {"unit": "Xã A"}), ("dossiers", {"unit": "Xã A"})]


def workbook(path: Path, **sheets: str) -> Path:
    """Write a workbook, each of its sheets as comma-separated text."""
    book = Workbook()
    book.remove(book.active)
    for name, content in sheets.items():
        page = book.create_sheet(name)
        for line in content.splitlines():
            page.append(line.split(","))
    book.save(path)
    return path


def test_declaring_again_names_no_sheet_of_another_table_as_unread(tmp_path: Path) -> None:
    stores = "Tên hàng,Giá,Số thùng\nA,1,2\nB,2,3\n"
    path = workbook(tmp_path / "a.xlsx", HS=DOSSIERS, Don=CASES, Kho=stores)
    said = '[[table]]\nas = "dossiers"\nsheets = ["HS"]\nunread = ["Kho"]\n[table.given]\nunit = "Xã A"\n'
    said += '[[table]]\nas = "cases"\nsheets = ["Don"]\n[table.given]\nunit = "Xã A"\n[[table]]\nas = "II.06a"\n'
    file = path.with_name("a.xlsx.khai.toml")
    file.write_text(said, encoding="utf-8")
    for _ in range(2):
        declare(path, "dossiers")
        tables = tomllib.loads(file.read_text(encoding="utf-8"))["table"]
        assert [(t["as"], t.get("sheets"), t.get("unread")) for t in tables] == [
            ("dossiers", ["HS"], ["Kho"]),
            ("cases", ["Don"], None),
            ("II.06a", None, None),
        ]


def test_sheets_left_unread_one_by_one_stand_in_one_line(tmp_path: Path) -> None:
    stores = "Tên hàng,Giá,Số thùng\nA,1,2\nB,2,3\n"
    path = workbook(tmp_path / "a.xlsx", HS=DOSSIERS, Kho=stores, Kho2=stores)
    unread = [choices[0] for _, choices in propose(path, "dossiers", given={"unit": "Xã A"}).questions]
    assert unread == ['unread = ["Kho"]', 'unread = ["Kho2"]']
    file, left = declare(path, "dossiers", ask=lambda question, choices: choices[0], given={"unit": "Xã A"})
    (table,) = tomllib.loads(file.read_text(encoding="utf-8"))["table"]
    assert table["unread"] == ["Kho", "Kho2"] and not left.questions


def test_where_nothing_tells_the_kind_declare_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "declare", written(tmp_path / "a.csv", "a,b\n1,2\n")) == 2
    assert re.search(r"Chưa rõ tệp có loại bảng nào.*dossiers, cases", capsys.readouterr().err, re.DOTALL)


# --- lines that are suggested can be typed ---------------------------------------------------------------------------

ODD = (
    "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày hẹn trả,Ngày có KQ,Tình trạng,Số ngày chờ\n"
    "HS-1,Phòng A,02/03/2026,05/03/2026,04/03/2026,Đang XL,2\n"
    "HS-2,Phòng B,02/03/2026,05/03/2026,04/03/2026,Xong rồi,1\n"
    "HS-3,Phòng B,02/03/2026,05/03/2026,04/03/2026,Dừng xử lý,1\n"
)


def accepted(text: str, folder: Path) -> list[Declaration]:
    """Read a declaration as it was typed."""
    file = folder / "a.khai.toml"
    file.write_text(text, encoding="utf-8")
    return from_toml(file)


def suggested(path: Path, kind: str, folder: Path) -> int:
    """Type every line that is suggested for a file where it stands, and as `check` shows it; return how many."""
    try:
        proposal = propose(path, kind)
    except DvError as fault:
        if not fault.give:
            return 0
        raise
    lines = proposal.text.splitlines()
    open_ones = [i for i, line in enumerate(lines) if line.startswith("#") and not line.startswith("# ")]
    for i in open_ones:
        typed = [*lines[:i], lines[i][1:].replace("…", "Xã A"), *lines[i + 1 :]]
        assert accepted("\n".join(typed), folder)[0].answers(), lines[i]
    for number, (question, choices) in enumerate(proposal.questions, start=1):
        for choice in choices:
            text = answer(proposal.text, number, choice.replace("…", "Xã A"))
            assert question not in text and accepted(text, folder), choice
    for finding in screen(path, kind).itertuples():
        shown = [line.removeprefix("    ") for line in finding.guidance_vi.split("\n    ")[1:]]
        for i, line in enumerate(shown):
            head = next((h for h in reversed(shown[:i]) if h.startswith("[table.")), "")
            if line != head and not line.startswith("[table."):
                pasted = "\n".join(["[[table]]", f'as = "{kind}"', head, line.replace("…", "Xã A")])
                assert accepted(pasted, folder), line
    return len(open_ones)


@pytest.mark.parametrize("folder", ["broken", "tables", "ugly"])
def test_every_line_suggested_for_a_fixture_file_can_be_typed(
    folder: str, spoilt: Callable[[str], Path], tmp_path: Path
) -> None:
    files = sorted(p for p in spoilt(folder).iterdir() if p.suffix in (".csv", ".xlsx"))[
        :: 2 if folder == "ugly" else 1
    ]
    kinds = {c.file: c.table for c in importlib.import_module("tests.spoilt.tables").cases()}
    known = {p: kinds.get(p.name, "dossiers") if folder == "tables" else "dossiers" for p in files}
    tried = sum(suggested(p, kind, tmp_path) for p, kind in known.items() if kind in KINDS)
    assert tried > 5


def test_every_line_suggested_for_an_odd_list_can_be_typed(tmp_path: Path) -> None:
    assert suggested(written(tmp_path / "a.csv", ODD), "dossiers", tmp_path) > 20
    bare = written(tmp_path / "b.csv", "Mã hồ sơ,Đơn vị,Ngày tiếp nhận\nHS-1,Xã A,02/03/2026\n")
    assert suggested(bare, "dossiers", tmp_path) == 2  # a column of results, or that nothing is finished


def test_words_to_choose_from_stand_once() -> None:
    words = ("Đang XL", "Xong rồi")
    answers = [Answer("words.outcome", code, word) for word in words for code in ("open", "granted", "")]
    assert declared_lines(answers) == [
        "[table.words.outcome]",
        '"Đang XL" = ""  # "" không rõ / unknown; open, granted',
        '"Xong rồi" = ""',
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ('[table.given]\nunit = "Xã A"\nnothing_finished = true', "Chuyển dòng này lên ngay dưới [[table]]"),
        ('[table.columns]\n"Ngày" = "due"\nheader = "7"', "Chuyển dòng này lên ngay dưới [[table]]"),
        ('[table.words.outcome]\n"Xong" = "granted"\nhalted = "ends"', "Chuyển dòng này lên ngay dưới [[table]]"),
        ('[table.given]\nunit = "…"', "Viết tên vào chỗ dấu …"),
        ("header = 5", 'Viết: header = "5"'),
        ('nothing_finished = "true"', "Viết: nothing_finished = true"),
        ('due_contains_pause = "false"', "Viết: due_contains_pause = false"),
        ('sheets = "Quý I"', 'Viết: sheets = ["Quý I"]'),
    ],
)
def test_a_line_that_is_not_right_is_told_with_the_right_one(typed: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as fault:
        accepted(f'[[table]]\nas = "dossiers"\n{typed}\n', tmp_path)
    assert said in str(fault.value)


def test_a_declared_header_that_is_none_is_told_with_its_row(tmp_path: Path) -> None:
    rows = "".join(f"HS-{n},Xã A,02/03/2026,05/03/2026\n" for n in range(12))
    path = written(tmp_path / "a.csv", "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày hẹn trả\n" + rows)
    written(path.with_name("a.csv.khai.toml"), '[[table]]\nas = "dossiers"\nheader = "9"\n')
    found = screen(path)
    assert found.loc[found["check"] == "unreadable", "where"].tolist() == ["a.csv, dòng/row 9"]


def test_cells_that_are_wrong_alike_are_told_once_and_the_line_for_a_subtotal_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"HS-{n},Xã A,{40 + n}/03/2026,05/03/2026,\n" for n in range(40))
    path = written(tmp_path / "a.csv", "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả\n" + rows)
    assert run(monkeypatch, "check", path) == 2
    said = capsys.readouterr().out
    assert said.count("a.csv, dòng/row 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 (+30), cột/column C") == 1
    assert said.count("không phải ngày có thật") == 1
    assert said.count("English") == 1
    good = "".join(f"HS-{n},Xã A,02/03/2026,05/03/2026,04/03/2026\n" for n in range(4))
    path = written(tmp_path / "b.csv", DOSSIERS.splitlines()[0].replace(",", ",Đơn vị,", 1) + "\n" + good)
    path.write_text(
        path.read_text(encoding="utf-8") + "Mang sang trang,Xã A,,,x\n" + good.replace("HS-", "HT-"), encoding="utf-8"
    )
    assert run(monkeypatch, "check", path) == 2
    line = re.search(r'\[table\.rows\]\n *("6: Mang sang.*)', capsys.readouterr().out)
    assert line
    written(path.with_name("b.csv.khai.toml"), f'[[table]]\nas = "dossiers"\n[table.rows]\n{line[1]}\n')
    assert run(monkeypatch, "check", path) == 0


def test_a_declaration_that_leaves_nothing_to_read_is_told(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Mã hồ sơ", "Đơn vị", "Ngày tiếp nhận"])
    book.active.append(["HS-1", "Xã A", "02/03/2026"])
    book.save(tmp_path / "a.xlsx")
    written(tmp_path / "a.xlsx.khai.toml", f'[[table]]\nas = "dossiers"\nunread = ["{book.active.title}"]\n')
    found = screen(tmp_path / "a.xlsx")
    assert (
        "Mọi trang tính đều được khai báo là không đọc"
        in found.loc[found["check"] == "unreadable", "guidance_vi"].item()
    )


# --- answers ---------------------------------------------------------------------------------------------------------


def filled_in(questions: Path, target: Path, choose: Callable[[list[str]], str]) -> Path:
    """Answer a workbook of questions: `choose` is given the lines to choose from."""
    book = load_workbook(questions)
    for row in range(2, book.worksheets[0].max_row + 1):
        lines = [c.value for c in book.worksheets[1][row - 1] if c.value]
        book.worksheets[0].cell(row, 3, choose(lines))
    book.save(target)
    return target


def test_an_answer_that_is_no_choice_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "a.csv", ODD)
    beside, asked = tmp_path / "a.csv.khai.toml", tmp_path / "a.csv.cau-hoi.xlsx"
    assert run(monkeypatch, "declare", path, "--xlsx") == 2
    before = beside.read_text(encoding="utf-8")
    for wrong in ("tạm dừng", "opne", '"Đang XL" = "opne"'):
        answers = filled_in(asked, tmp_path / "sai.xlsx", lambda _, wrong=wrong: wrong)
        assert run(monkeypatch, "declare", path, "--answers", answers) == 2
        said = capsys.readouterr().err
        assert "không phải một lựa chọn" in said and "sai.xlsx, dòng/row 2" in said and "Traceback" not in said
        assert beside.read_text(encoding="utf-8") == before
    other = written(tmp_path / "b.csv", ODD.replace("Đang XL", "Khác"))
    assert run(monkeypatch, "declare", other, "--answers", filled_in(asked, tmp_path / "x.xlsx", min)) == 2
    assert "một câu hỏi mà tệp này không có" in capsys.readouterr().err
    assert not (tmp_path / "b.csv.khai.toml").exists()

    def right(lines: list[str]) -> str:
        return lines[0].replace("…", "Xã A")

    run(monkeypatch, "declare", path, "--answers", filled_in(asked, tmp_path / "dung.xlsx", right))
    assert "# HỎI" not in beside.read_text(encoding="utf-8").split("\n", 2)[2]


def test_the_terminal_takes_a_number_or_nothing_and_shows_what_a_choice_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, typed = written(tmp_path / "a.csv", ODD), iter(["99", "q", "1", *[""] * 20])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("typer.prompt", lambda text, default="": "Xã A" if text == "… = " else next(typed))
    assert run(monkeypatch, "declare", path) == 2
    said = capsys.readouterr().out
    assert said.count("Gõ một số từ 1 đến") == 2
    assert "(đang giải quyết)" in said
    questions = [line for line in said.splitlines() if "a.csv" in line and "Khai báo" not in line]
    assert len(questions) == len(set(questions)) > 3  # left for later is left once


def test_declare_tells_of_cells_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "a.csv", DOSSIERS + "HS-2,45/02/2026,05/03/2026,\nHS-3,46/02/2026,05/03/2026,\n")
    assert run(monkeypatch, "declare", path, "--given", "unit=Xã A") == 2
    assert "Có 2 ô cần sửa trong tệp; `dvresearch check` nêu từng ô." in capsys.readouterr().out


ITEMS = 'scale = "hai_long_5"\n[items]\nq1 = "1. Thái độ"\nq2 = "2. Thời gian"\nq3 = "3. Kết quả"\n'


def test_which_way_numbers_run_is_said_in_the_declaration_or_with_the_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    numbered = SURVEY.replace("Rất hài lòng", "5").replace("Hài lòng", "4").replace("Bình thường", "3")
    path, items = written(tmp_path / "a.csv", numbered), written(tmp_path / "it.toml", ITEMS)
    words = ("--given", "unit=Xã A", "--items")
    assert run(monkeypatch, "check", path, *words, items) == 2
    assert 'numbers = "ascending"  # ngay dưới' in capsys.readouterr().out
    assert run(monkeypatch, "declare", path, *words, items) == 2
    beside = tmp_path / "a.csv.khai.toml"
    said = beside.read_text(encoding="utf-8").replace('#numbers = "ascending"', 'numbers = "ascending"')
    beside.write_text("\n".join(line for line in said.splitlines() if not line.startswith("#")), encoding="utf-8")
    assert run(monkeypatch, "check", path) == 0
    assert load_responses(path)["q1"].unique().tolist() == ["satisfied"]
    assert load_responses(path, items)["q2"].unique().tolist() == ["very_satisfied"]
    beside.unlink()
    written(items, 'numbers = "descending"\n' + ITEMS)
    assert load_responses(path, items, unit="Xã A")["q1"].unique().tolist() == ["dissatisfied"]


def test_a_summary_below_answers_in_words_is_not_taken_for_numbered_answers(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", SURVEY + "Số phiếu hài lòng,4,4,0\n")
    found = screen(path, "responses", items=written(tmp_path / "it.toml", ITEMS), unit="Xã A")
    assert "unreadable" not in set(found["check"])


# --- an evaluation ---------------------------------------------------------------------------------------------------

SPECIFICATION = """
name = "xa-a"
title_vi = "Đánh giá"
title_en = "Evaluation"
scope = "commune"
as_of = "2026-12-31"
sections = ["quality", "cases"]
[inputs]
dossiers = {file = "ho-so.csv", given = {unit = "Xã A"}}
"""
BOOK = "STT,Ngày nhận,Loại đơn,Số vụ,Kết quả\n1,02/03/2026,Khiếu nại,1,lạ\n2,45/03/2026,Tố cáo,1,đã xong\n"


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (CASES, 'cases = "so.csv"', '"unit" = "…"'),  # a unit that is missing
        (BOOK, 'cases = {file = "so.csv", given = {unit = "Xã A"}}', '"lạ" = ""'),  # a word, beside a cell to mend
    ],
)
def test_a_question_of_any_file_stops_the_evaluation(
    content: str,
    line: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(tmp_path / "so.csv", content)
    written(tmp_path / "ho-so.csv", DOSSIERS)
    written(tmp_path / "evaluation.toml", f"{SPECIFICATION}{line}\n")
    assert run(monkeypatch, "evaluate", tmp_path, "--out", tmp_path / "out") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out" / "xa-a").exists()
    assert run(monkeypatch, "check", tmp_path) == 2


def test_a_register_without_receptions_deadlines_and_results_has_its_section(tmp_path: Path) -> None:
    written(tmp_path / "so.csv", CASES)
    written(tmp_path / "ho-so.csv", DOSSIERS)
    file = written(tmp_path / "evaluation.toml", SPECIFICATION + 'cases = {file = "so.csv", given = {unit = "Xã A"}}\n')
    plan = spec.read(file)
    checked = check_inputs(plan)
    assert not any(map(must_mend, checked.values()))
    report, _ = compose(plan)
    assert "cases" in [section.code for section in report.sections]
    assert any("xử lý đúng hạn hay không: sổ thiếu cột" in told for told in report.brief.unknown)


def test_declaring_one_table_again_keeps_the_others_and_adds_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book, path = Workbook(), tmp_path / "so.xlsx"
    book.active.title = "Hồ sơ"
    for line in DOSSIERS.splitlines():
        book.active.append(line.split(","))
    cases = book.create_sheet("Đơn thư")
    for line in CASES.splitlines():
        cases.append(line.split(","))
    book.create_sheet("Biểu").append(["Biểu số II.06a/VPCP/KSTT"])
    book.save(path)
    kinds = {"dossiers": "Hồ sơ", "cases": "Đơn thư", "II.06a": "Biểu"}
    tables = (f'[[table]]\nas = "{kind}"\nsheets = ["{sheet}"]\n' for kind, sheet in kinds.items())
    file = written(tmp_path / "so.xlsx.khai.toml", "\n".join(tables))
    for words in (["--as", "dossiers"], ["--as", "cases"], []):
        assert run(monkeypatch, "declare", path, "--given", "unit=Xã A", *words) == (2 if "dossiers" in words else 0)
        capsys.readouterr()  # without a unit the cases leave a question until it is given for them, too
        assert {d.kind: (d.sheets, d.unread) for d in from_toml(file)} == {k: ((s,), ()) for k, s in kinds.items()}


def test_a_folder_is_checked_as_a_file_is_and_no_option_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "so.csv", CASES)
    written(tmp_path / "ho-so.csv", DOSSIERS)
    written(tmp_path / "evaluation.toml", SPECIFICATION + 'cases = {file = "so.csv", given = {unit = "Xã A"}}\n')
    assert run(monkeypatch, "check", tmp_path, "--json") == 0
    files = {finding["where"].partition(",")[0] for finding in json.loads(capsys.readouterr().out)}
    assert {"so.csv", "ho-so.csv"} <= files
    assert run(monkeypatch, "check", tmp_path, "--xlsx", "--out", tmp_path / "kq.xlsx") == 0
    assert (tmp_path / "kq.xlsx").exists()
    assert run(monkeypatch, "check", tmp_path, "--sheet", "A", "--given", "unit=Xã A") == 2
    assert "--given, --sheet" in capsys.readouterr().err


# --- what is shown ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        "Ngay co KQ",
        "NGAY TIEP NHAN",
        "Ngay Hen Tra",
        "Han Phai Tra Loi",
        "7. Ông/Bà đánh giá thế nào về kết quả nhận được (đúng, đủ, chính xác) tại Trung tâm hành chính công?",
    ],
)
def test_a_header_that_holds_no_person_is_shown_whole(title: str) -> None:
    assert shown_header(title) == title
    assert "Mẫu" not in shown_header("Nguyễn Văn Mẫu")


def test_states_that_cannot_be_read_for_the_names_in_them_are_a_question(tmp_path: Path) -> None:
    states = ("Đang xử lý - Nguyễn Văn Mẫu", "Trần Thị Mẫu", "Lê Văn Mẫu đã trả")
    rows = "".join(f"HS-{n},Xã A,02/03/2026,05/03/2026,04/03/2026,{s}\n" for n, s in enumerate(states))
    path = written(
        tmp_path / "a.csv", "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả,Tình trạng\n" + rows
    )
    found = screen(path)
    assert must_mend(found)
    said = found.loc[found["check"] == "words_are_persons", "guidance_vi"].item()
    assert '"Tình trạng" = "left_out"' in said and "Mẫu" not in said
    ((question, choices),) = (q for q in propose(path, "dossiers").questions if "tên hoặc số của một người" in q[0])
    assert question and choices == ['"Tình trạng" = "left_out"']


def test_two_sheets_left_unread_by_hand_are_told_the_one_line_that_says_both(tmp_path: Path) -> None:
    stores = "Tên hàng,Giá,Số thùng\nA,1,2\nB,2,3\n"
    path = workbook(tmp_path / "a.xlsx", HS=DOSSIERS, Kho=stores, Kho2=stores)
    file, _ = declare(path, "dossiers", given={"unit": "Xã A"})
    text = re.sub("^#(unread = )", r"\1", file.read_text(encoding="utf-8"), flags=re.M)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        from_toml(file)
    assert error.value.code == "declaration-key-twice"
    assert 'unread = ["Kho", "Kho2"]' in str(error.value)


@pytest.mark.parametrize("other", ["", '[[table]]\nas = "cases"\nsheets = ["Đơn"]\n'])
def test_a_table_declared_without_its_kind_stays_so(other: str, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HS=DOSSIERS, **({"Đơn": CASES} if other else {}))
    beside = path.with_name(f"{path.name}.khai.toml")
    beside.write_text(f'[[table]]\nsheets = ["HS"]\n[table.given]\nunit = "Xã A"\n{other}', encoding="utf-8")
    file, _ = declare(path, "dossiers")
    assert [(t.kind, t.sheets) for t in from_toml(file)] == [("", ("HS",)), *([("cases", ("Đơn",))] if other else [])]
