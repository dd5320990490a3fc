"""A new user types `check`, `declare` and `evaluate` with nothing but the README: each says the same of a file."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from dvresearch import cli
from dvresearch.loaders import blank_form
from dvresearch.screening.kinds import likely_kind

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


def test_where_nothing_tells_the_kind_declare_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "declare", written(tmp_path / "a.csv", "a,b\n1,2\n")) == 2
    assert re.search(r"Chưa rõ tệp có loại bảng nào.*dossiers, cases", capsys.readouterr().err, re.DOTALL)
