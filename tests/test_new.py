"""A new evaluation as an office begins it: specification, blank forms, checklist, and messages that name the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from dvresearch import load_cases, load_dossiers, load_models, load_responses, load_rubric, load_targets
from dvresearch.cli import app
from dvresearch.errors import ParameterError
from dvresearch.evaluation import spec
from dvresearch.evaluation.compose import SECTIONS
from dvresearch.evaluation.new import new
from dvresearch.loaders.headers import label
from dvresearch.tables import CASES, DOSSIERS, MODELS, RUBRIC, TARGETS, Table
from dvresearch.wording.values import capital

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "danh-gia"
    return new(folder, unit="Xã Mẫu (giả lập)", as_of="2024-12-31", compare_with=2023)


@pytest.mark.parametrize(
    ("scope", "period"),
    [("nation", "year"), ("province", "quarter"), ("commune", "half-year"), ("commune", "three-years")],
)
def test_what_is_written_is_a_valid_specification(scope: str, period: str, tmp_path: Path):
    file = new(tmp_path / "a", unit='Phường "Ví dụ" \\ 1', as_of=date(2026, 6, 30), scope=scope, period=period)
    read = spec.read(file, files="later")
    assert (read.scope, read.period, read.as_of, read.language) == (scope, period, "2026-06-30", "vi")
    assert 'Phường "Ví dụ" \\ 1' in read.title_vi
    assert (tmp_path / "a" / "so-lieu").is_dir() and any((tmp_path / "a" / "bieu-mau").iterdir())
    assert "so-lieu/" in (tmp_path / "a" / "VIEC-CAN-LAM.md").read_text(encoding="utf-8")


def test_evaluating_at_once_says_in_plain_words_what_is_missing_and_where(begun: Path):
    with pytest.raises(ParameterError) as caught:
        spec.read(begun.parent)
    vietnamese, english = "\n".join(caught.value.lines("vi")), "\n".join(caught.value.lines("en"))
    named = dict(re.findall(r"- (so-lieu/\S+) \(dòng (\d+)\): \S", vietnamese))
    text = begun.read_text(encoding="utf-8").splitlines()
    assert len(named) == 13 + 3 and "so-lieu/phieu-khao-sat.toml" not in named
    for name, line in named.items():
        assert f'"{name}"' in text[int(line) - 1]
        assert name in english
    assert "đặt dấu #" in vietnamese and "put # before" in english


ROWS: dict[str, tuple[Callable[..., pd.DataFrame], Table, dict[str, object]]] = {
    "ho-so": (load_dossiers, DOSSIERS, {"unit": "Xã Mẫu", "received": "02/01/2024", "due": "05/01/2024"}),
    "tiep-dan-don-thu": (load_cases, CASES, {"unit": "Xã Mẫu", "kind": "khiếu nại", "received": "02/01/2024"}),
    "mo-hinh": (
        load_models,
        MODELS,
        {"unit": "Xã Mẫu", "model": "M", "field": "kinh tế", "stage": "đăng ký", "start": "02/01/2024"},
    ),
    "chi-tieu": (
        load_targets,
        TARGETS,
        {"unit": "Xã Mẫu", "period": "2024", "indicator": "Số hộ nghèo", "planned": 5, "result": 4},
    ),
    "tu-cham-diem": (
        load_rubric,
        RUBRIC,
        {"unit": "Xã Mẫu", "criterion": "Đúng hạn", "maximum": 10, "self_score": 9, "appraised_score": 8},
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_filled_blank_form_loads(name: str, begun: Path, tmp_path: Path):
    load, table, row = ROWS[name]
    book = openpyxl.load_workbook(begun.parent / "bieu-mau" / f"{name}.xlsx")
    heads = [cell.value for cell in book.active[1]]
    for column, value in row.items():
        head = capital(label(table, column))
        for line in (2, 3):
            varied = f"{value} {line}" if column in ("model", "criterion", "indicator") else value
            book.active.cell(line, heads.index(head) + 1, varied)
    book.save(tmp_path / f"{name}.xlsx")
    frame = load(tmp_path / f"{name}.xlsx")
    assert len(frame) == 2 and set(frame["unit"]) == {"Xã Mẫu"}
    assert all(frame[c].notna().all() for c in row if c in frame.columns)


def test_the_blank_survey_goes_with_its_items(begun: Path, tmp_path: Path):
    book = openpyxl.load_workbook(begun.parent / "bieu-mau" / "phieu-khao-sat.xlsx")
    heads = [cell.value for cell in book.active[1]]
    for line in (2, 3):
        for column, head in enumerate(heads, start=1):
            book.active.cell(line, column, "rất hài lòng" if re.fullmatch(r"q\d+", head) else None)
        book.active.cell(line, heads.index("Đơn vị") + 1, "Xã Mẫu")
    book.save(tmp_path / "p.xlsx")
    frame = load_responses(tmp_path / "p.xlsx", begun.parent / "so-lieu" / "phieu-khao-sat.toml")
    assert (frame["q1"] == "very_satisfied").all()


@pytest.mark.parametrize(
    "bad",
    [{"scope": "huyện"}, {"period": "tuần"}, {"as_of": "31/12/2026"}, {"as_of": "1850-12-31"}, {"compare_with": 2030},
     {"compare_with": "x"}, {"privacy_threshold": 1}],
)  # fmt: skip
def test_nothing_is_written_for_a_bad_argument(bad: dict, tmp_path: Path):
    with pytest.raises(ParameterError):
        new(tmp_path / "a", **{"unit": "Xã", "as_of": "2026-12-31", **bad})
    assert not (tmp_path / "a").exists()


def test_a_folder_with_files_is_left_alone(tmp_path: Path):
    (tmp_path / "x").write_text("")
    with pytest.raises(ParameterError, match="đã có tệp"):
        new(tmp_path, unit="Xã", as_of="2026-12-31")


def test_commands_begin_an_evaluation_and_its_plan(tmp_path: Path):
    run, folder = CliRunner(), str(tmp_path / "a")
    first = run.invoke(app, ["new", folder, "--unit", "Xã Mẫu", "--as-of", "2025-12-31"])
    assert first.exit_code == 0 and "VIEC-CAN-LAM.md" in first.output
    second = run.invoke(app, ["plan", folder])
    assert second.exit_code == 0 and [p.name for p in Path(folder).glob("plan-*.toml")]


GOOD = """name = "thu"
title_vi = "Thử"
title_en = "Trial"
as_of = "2024-12-31"
scope = "commune"
compare_with = 2023

[inputs]
dossiers = "a.csv"
[previous]
dossiers = "b.csv"
"""


@pytest.mark.parametrize(
    ("old", "new_", "line", "word"),
    [
        ('dossiers = "b.csv"', 'dossiers = "c.csv"', 11, "c.csv"),
        ('dossiers = "b.csv"', 'dossier = "b.csv"', 11, "dossiers"),
        ('dossiers = "a.csv"', "dossiers = 5", 9, "inputs"),
        ("compare_with = 2023", "compare_with = 2024", 6, "2023"),
        ("2024-12-31", "1850-12-31", 4, "Năm trước 1900"),
        ("compare_with = 2023", 'privacy_threshold = "5"', 6, "10"),
        ("compare_with = 2023", 'period = "month"', 6, "quarter"),
        ("compare_with = 2023", "", 10, "compare_with"),
        ('[previous]\ndossiers = "b.csv"\n', "", 6, "previous"),
        ('scope = "commune"', "scope = commune", 5, "dấu nháy kép"),
        ('title_en = "Trial"', "bridge = 1\ntitle_en = 'x'", 3, "bridge"),
    ],
)
def test_a_message_names_the_line(old: str, new_: str, line: int, word: str, tmp_path: Path):
    (tmp_path / "evaluation.toml").write_text(GOOD.replace(old, new_), encoding="utf-8")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x")
    with pytest.raises(ParameterError) as caught:
        spec.read(tmp_path)
    assert f"evaluation.toml, dòng/line {line}\n" in str(caught.value) and word in str(caught.value)


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path):
    (tmp_path / "e.toml").write_bytes('name = "thu"\ntitle_vi = "Thử"\n'.encode("cp1258", "replace") + b"\xff")
    with pytest.raises(ParameterError, match=r"dòng/line [23]"):
        spec.read(tmp_path / "e.toml")


@pytest.mark.parametrize(
    ("period", "as_of", "start"),
    [
        ("year", "2026-10-10", "2026-01-01"),
        ("half-year", "2026-06-30", "2026-01-01"),
        ("half-year", "2026-07-01", "2026-07-01"),
        ("quarter", "2026-09-30", "2026-07-01"),
        ("three-years", "2026-12-31", "2024-01-01"),
    ],
)
def test_first_day_of_the_period(period: str, as_of: str, start: str):
    made = spec.Spec("a", "b", "c", as_of, period=period)
    assert made.start == pd.Timestamp(start).date()


def test_the_same_day_of_a_year_without_29_february():
    made = spec.Spec("a", "b", "c", "2024-02-29", compare_with=2023, previous={"dossiers": Path("x")})
    assert made.earlier().as_of == "2023-02-28" and set(made.earlier().inputs) == {"dossiers"}


def test_documentation_names_every_key_file_and_section():
    text = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    keys = {f.name for f in fields(spec.Spec) if not f.name.startswith("declared")} | {
        k for keys in spec.INPUTS.values() for k in keys
    }
    codes = {code for sections in SECTIONS.values() for code in sections}
    words = {w for allowed in spec.WORDS.values() for w in allowed}
    assert not {w for w in keys | codes | words if not re.search(rf"`\"?\[?{re.escape(w)}\b", text)}
    for readme in ("README.md", "README.vi.md"):
        assert "(docs/evaluation.md)" in (ROOT / readme).read_text(encoding="utf-8")
