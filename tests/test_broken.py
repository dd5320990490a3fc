"""Every broken file gets its message, and none a traceback; `tests/broken/make.py` says what each has to get."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from dvresearch.cli import app
from dvresearch.errors import DataError, DvError, ParameterError
from dvresearch.loaders import load_dossiers, load_form
from dvresearch.screening import screen

FOLDER = Path(__file__).parent / "broken"
FORM = "II.06a"


def made_by(script: Path) -> Any:
    spec = importlib.util.spec_from_file_location(script.parent.name, script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKE = made_by(FOLDER / "make.py")
CASES = MAKE.cases()
SOURCES = {"make.py", "containers.py"}


def of(*uses: str) -> Any:
    chosen = [c for c in CASES if c.use in uses]
    return pytest.mark.parametrize("case", chosen, ids=[c.file for c in chosen])


def test_there_are_enough_files_each_named_after_its_fault() -> None:
    names = [c.file for c in CASES]
    assert len(names) >= 80
    assert len(set(names)) == len(names)
    assert {p.name for p in FOLDER.iterdir() if p.is_file()} - SOURCES == set(names)


@pytest.mark.parametrize("case", CASES, ids=[c.file for c in CASES])
def test_file_is_what_the_script_writes(case: Any) -> None:
    assert (FOLDER / case.file).read_bytes() == case.content


def complaint(error: DvError) -> str:
    assert error.exit_status == 2
    lines = error.lines("vi"), error.lines("en")
    assert all(len(part) > 1 for part in lines), "a message says more than what is wrong"
    return "\n".join(lines[0])


@cache
def refusal(file: str) -> DvError:
    """Return the error with which a file is refused; each is loaded once for all tests."""
    case = next(c for c in CASES if c.file == file)
    load = load_form if case.use == "form" else load_dossiers
    with pytest.raises((DataError, ParameterError)) as caught:
        load(FOLDER / file, **case.options)
    return caught.value


@of("load", "form")
def test_file_is_refused_with_its_message(case: Any) -> None:
    said = complaint(refusal(case.file))
    if "hỏng" in case.says and len(case.says) > 1:  # which of them depends on where the library gives up
        assert any(word in said for word in case.says), said
    else:
        assert all(word in said for word in case.says), said


@cache
def checked(file: str) -> Any:
    """Return what `dvresearch check … --json` ends with; each file is checked once for all tests."""
    return CliRunner().invoke(app, ["check", str(FOLDER / file), "--json"])


def matching(findings: pd.DataFrame, case: Any) -> pd.DataFrame:
    hits = findings[(findings["check"] == case.check) & (findings["verdict"] == case.verdict)]
    said = [f"{r.where} | {r.computed} | {r.stated}" for r in hits.itertuples()]
    return hits[[all(word in line for word in case.says) for line in said]]


@of("screen", "screen form")
def test_file_gets_its_finding(case: Any) -> None:
    if case.options or case.use == "screen form":
        findings = screen(FOLDER / case.file, FORM if case.use == "screen form" else "dossiers", **case.options)
    else:
        findings = pd.DataFrame(json.loads(checked(case.file).stdout))
    hits = matching(findings, case)
    assert len(hits), findings[["check", "verdict", "where", "computed"]].to_string()
    assert (hits["guidance_vi"] != "").all()
    assert (hits["guidance_en"] != "").all()


@pytest.fixture(scope="module")
def findings_of_good_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    form, dossiers = (tmp_path_factory.mktemp("tot") / name for name in ("bieu.xlsx", "danh-sach.csv"))
    form.write_bytes(MAKE.form(MAKE.GOOD_LINE, ["", "Tổng cộng", *MAKE.GOOD_LINE[2:]]))
    dossiers.write_bytes(MAKE.text([[*MAKE.HEADER], *MAKE.repeated(25)]))
    return {"screen form": screen(form, FORM), "screen": screen(dossiers, as_of="2026-12-31")}


@of("screen", "screen form")
def test_a_good_file_does_not_get_that_finding(case: Any, findings_of_good_files: dict[str, pd.DataFrame]) -> None:
    assert not len(matching(findings_of_good_files[case.use], case))


@of("corrections")
def test_correction_is_refused_with_its_message(case: Any, tmp_path: Path) -> None:
    good = tmp_path / "danh-sach.csv"
    good.write_bytes(MAKE.text(MAKE.rows()))
    with pytest.raises(DataError) as caught:
        load_dossiers(good, corrections=FOLDER / case.file)
    said = complaint(caught.value)
    assert all(word in said for word in case.says), said


@of("mapping")
def test_saved_mapping_is_refused_with_its_message(case: Any, tmp_path: Path) -> None:
    good = tmp_path / "danh-sach.csv"
    good.write_bytes(MAKE.text(MAKE.rows()))
    shutil.copy(FOLDER / case.file, tmp_path / "danh-sach.csv.columns.toml")
    with pytest.raises(DataError) as caught:
        load_dossiers(good)
    assert all(word in complaint(caught.value) for word in case.says)


PERSONAL = (
    "Nguyễn Văn An",
    "Trần Thị Bình",
    "Lê Văn Cường",
    "0912345678",
    "079201001234",
    "x1",
    "bốn mươi",
    "tuần sau",
)


@pytest.mark.parametrize("case", CASES, ids=[c.file for c in CASES])
def test_command_ends_with_its_status_and_shows_no_person(case: Any) -> None:
    """The command says pass or fail by its status, names what is wrong, and repeats no cell of a person."""
    result = checked(case.file)
    assert not isinstance(result.exception, Exception), result.exception
    findings = json.loads(result.stdout)
    failed = any(f["verdict"] == "fail" for f in findings)
    assert result.exit_code == (2 if failed else 0)
    if case.use == "load" and not case.options:
        assert failed
    shown = result.stdout
    if case.use == "load":
        shown += str(refusal(case.file))
    assert not [word for word in PERSONAL if word in shown]
