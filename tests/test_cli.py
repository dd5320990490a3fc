"""The command line: what a wrong one is told, in both languages, and hints as they are typed there."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dvresearch import __version__, cli, shipped


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dvresearch", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"dvresearch {__version__}\n"


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["check", "-h"]])
def test_help(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, *words) == 0
    assert "--help" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "vi", "en"),
    [
        (["check"], "Thiếu tham số: path.", "Missing argument"),
        (["check", "x", "--bad"], "Không có lựa chọn này: --bad.", "No such option: --bad"),
        (["nope"], "Không có lệnh này.", "No such command 'nope'."),
        (["check", "x", "y"], "Dòng lệnh không đúng.", "unexpected extra argument"),
        (["check", "x", "--as"], "Lựa chọn thiếu giá trị: --as.", "requires an argument"),
        (["example", "x", "--seed", "y"], "Giá trị không dùng được: --seed.", "Invalid value for '--seed'"),
        (["check", "x", "--as", "khac"], "Không có loại bảng “khac”.", "dossiers, cases, models"),
        (["check", "x", "--as", "khac"], "Cần có: dossiers, cases", "There is no kind of table “khac”."),
        (["declare", "x", "--as", "khac"], "Không có loại bảng “khac”.", "dossiers, cases, models"),
        (["check", "x", "--columns", "a"], "Không đọc được các cặp “tên=nội dung”.", "--columns"),
        (["check", "x", "--lang", "fr"], "Giá trị không dùng được: --lang.", "'fr' is not one of 'vi', 'en'"),
        (["questionnaire", "one-stop", "q.docx", "--lang", "fr"], "Giá trị không dùng được: --lang.", "'vi', 'en'"),
        (
            ["questionnaire", "nope", "q.docx"],
            "items không nhận giá trị này.",
            "five-factors, one-stop, village-meet",
        ),
        (
            ["check", "x", "--as", "figures", "--given", "bar=1"],
            "Không dùng được với bảng figures: bar.",
            "Leave it out",
        ),
        (["check", "x", "--given", "kind=complaint"], "Không dùng được với bảng dossiers: kind.", "unit"),
        (
            ["check", "x", "--as", "II.06a", "--timezone", "UTC"],
            "với bảng II.06a: timezone.",
            "columns, period, sheet, unit",
        ),
    ],
)
def test_a_wrong_command_line_is_explained_in_both_languages(
    words: list[str],
    vi: str,
    en: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *words) == 2
    assert not list(tmp_path.iterdir())
    said = capsys.readouterr().err
    assert vi in said
    assert en in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOENT, "Không có tệp"), (errno.ENOSPC, "Đĩa đầy"), (errno.EXDEV, os.strerror(errno.EXDEV))],
)
def test_what_the_system_refuses_is_told_with_its_place(
    number: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(number, os.strerror(number), "so-lieu.csv")

    monkeypatch.setattr(cli, "app", refuse)
    assert run(monkeypatch, "sources") == 2
    told = capsys.readouterr().err
    assert said in told and "Ở đâu: so-lieu.csv" in told and "Where: so-lieu.csv" in told


def test_hints_are_lines_of_the_declaration_and_sentences_are_told_apart(
    spoilt: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(spoilt("broken") / "tieu_de_sai_chinh_ta.csv")
    assert run(monkeypatch, "check", path) == 2
    said = capsys.readouterr().out
    assert '    [table.columns]\n    "Ngày tiếp nhậm" = "received"' in said
    assert "columns={" not in said
    assert "Cần có: unit (đơn vị), received (ngày tiếp nhận). Cách sửa:" in said
    assert run(monkeypatch, "check", path, "--lang", "en") == 2
    said = capsys.readouterr().out
    assert "What to do:" in said
    assert "không" not in said


def test_the_remedy_works_when_it_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text('Đơn vị,"Ngày, giờ tiếp nhậm",Ngày hẹn trả\nXã Mẫu,24/02/2026,27/02/2026\n', encoding="utf-8")
    assert run(monkeypatch, "check", str(path)) == 2
    remedy = re.search(r"(\[table\.columns\])\n *(.*)", capsys.readouterr().out)
    assert remedy
    assert remedy[2] == '"Ngày, giờ tiếp nhậm" = "received"'
    beside = tmp_path / "a.csv.khai.toml"
    beside.write_text(f'[[table]]\nas = "dossiers"\n{remedy[1]}\n{remedy[2]}\n', encoding="utf-8")
    run(monkeypatch, "check", str(path))
    assert "Đã đọc 1 bản ghi" in capsys.readouterr().out
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    beside.unlink()
    assert run(monkeypatch, "check", str(path)) == 2
    assert '[table.given]\n    "unit" = "…"' in capsys.readouterr().out


def test_the_account_comes_first_then_questions_then_problems_then_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    lines = ["HS-1,Xã Mẫu,24/02/2026,lạ", "HS-2,Xã Mẫu,25/02/2026,Đang xử lý", "HS-2,Xã Mẫu,45/02/2026,Đang xử lý"]
    path.write_text("\n".join(["Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Trạng thái", *lines]), encoding="utf-8")
    assert run(monkeypatch, "check", str(path), "--lang", "en") == 2
    said = capsys.readouterr().out
    order = ("records were read", " checks:", "words that are not known", ": fail", "an optional column is absent")
    assert [said.index(words) for words in order] == sorted(said.index(words) for words in order)
    assert said.rindex(": fail (") < said.index("an optional column is absent")


def test_open_questions_are_counted_in_words_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    head, row = "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày trả kết quả,Trạng thái", "HS-1,Xã Mẫu,24/02/2026,25/02/2026"
    path.write_text(f"{head}\n{row},lạ\n", encoding="utf-8")
    assert run(monkeypatch, "declare", str(path)) == 2
    assert "Còn 1 câu hỏi (dòng # HỎI). / 1 question is open" in capsys.readouterr().out
    path.with_name("a.csv.khai.toml").unlink()
    path.write_text(f"{head}\n{row},lạ\n{row},kỳ\n".replace("HS-1", "HS-2", 1), encoding="utf-8")
    assert run(monkeypatch, "declare", str(path)) == 2
    assert "Còn 2 câu hỏi (dòng # HỎI). / 2 questions are open" in capsys.readouterr().out


def test_figures_can_be_checked(
    spoilt: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "check", str(shipped.folder() / "sipas.csv"), "--as", "figures") == 0
    assert run(monkeypatch, "check", str(spoilt("broken") / "ngay_la_chu.csv"), "--as", "figures") == 2
    said = capsys.readouterr().out
    assert "Bảng thiếu cột unit, period, indicator" in said and "The table lacks the column unit, period" in said
