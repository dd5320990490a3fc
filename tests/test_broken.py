"""Every broken file gets its message, and none a traceback; `tests/spoilt/broken.py` says what each has to get."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from dvresearch import errors
from dvresearch.cli import app
from dvresearch.errors import DataError, DvError, ParameterError
from dvresearch.loaders import load_dossiers, load_form
from dvresearch.screening import screen
from tests.spoilt import broken

FORM = "II.06a"
MESSAGES = tomllib.loads(Path(errors.__file__).with_name("messages.toml").read_text(encoding="utf-8"))
CASES = broken.cases()


def of(*uses: str) -> Any:
    chosen = [c for c in CASES if c.use in uses]
    return pytest.mark.parametrize("case", chosen, ids=[c.file for c in chosen])


@pytest.fixture(scope="module")
def folder(spoilt: Callable[[str], Path]) -> Path:
    return spoilt("broken")


def complaint(error: DvError) -> str:
    assert error.exit_status == 2
    lines = error.lines("vi"), error.lines("en")
    assert all(len(part) > 1 for part in lines), "a message says more than what is wrong"
    return "\n".join(lines[0])


@pytest.fixture(scope="module")
def refusal(folder: Path) -> Callable[[Any], DvError]:
    """Return `refusal(case)`: the error with which a file is refused; each is loaded once for all tests."""

    @cache
    def refused(file: str) -> DvError:
        case = next(c for c in CASES if c.file == file)
        load = load_form if case.use == "form" else load_dossiers
        with pytest.raises((DataError, ParameterError)) as caught:
            load(folder / file, **case.options)
        return caught.value

    return lambda case: refused(case.file)


@of("load", "form")
def test_file_is_refused_with_its_message(case: Any, refusal: Callable[[Any], DvError]) -> None:
    said = complaint(refusal(case))
    if "hỏng" in case.says and len(case.says) > 1:  # which of them depends on where the library gives up
        assert any(word in said for word in case.says), said
    else:
        assert all(word in said for word in case.says), said


@pytest.fixture(scope="module")
def checked(folder: Path) -> Callable[[Any], Any]:
    """Return `checked(case)`: what `dvresearch check … --json` ends with; each file is checked once for all tests."""
    ended = cache(lambda file: CliRunner().invoke(app, ["check", str(folder / file), "--json"]))
    return lambda case: ended(case.file)


def matching(findings: pd.DataFrame, case: Any) -> pd.DataFrame:
    hits = findings[(findings["check"] == case.check) & (findings["verdict"] == case.verdict)]
    said = [f"{r.where} | {r.computed} | {r.stated}" for r in hits.itertuples()]
    return hits[[all(word in line for word in case.says) for line in said]]


@of("screen", "screen form")
def test_file_gets_its_finding(case: Any, folder: Path, checked: Callable[[Any], Any]) -> None:
    if case.options or case.use == "screen form":
        findings = screen(folder / case.file, FORM if case.use == "screen form" else "dossiers", **case.options)
    else:
        findings = pd.DataFrame(json.loads(checked(case).stdout))
    hits = matching(findings, case)
    assert len(hits), findings[["check", "verdict", "where", "computed"]].to_string()
    assert (hits["guidance_vi"] != "").all()
    assert (hits["guidance_en"] != "").all()


@pytest.fixture(scope="module")
def findings_of_good_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    form, dossiers = (tmp_path_factory.mktemp("tot") / name for name in ("bieu.xlsx", "danh-sach.csv"))
    form.write_bytes(broken.form(broken.GOOD_LINE, ["", "Tổng cộng", *broken.GOOD_LINE[2:]]))
    dossiers.write_bytes(broken.text([[*broken.HEADER], *broken.repeated(25)]))
    return {"screen form": screen(form, FORM), "screen": screen(dossiers, as_of="2026-12-31")}


@of("screen", "screen form")
def test_a_good_file_does_not_get_that_finding(case: Any, findings_of_good_files: dict[str, pd.DataFrame]) -> None:
    assert not len(matching(findings_of_good_files[case.use], case))


def good_list(folder: Path) -> Path:
    path = folder / "danh-sach.csv"
    path.write_bytes(broken.text(broken.rows()))
    return path


@of("corrections")
def test_correction_is_refused_with_its_message(case: Any, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_dossiers(good_list(tmp_path), corrections=folder / case.file)
    said = complaint(caught.value)
    assert all(word in said for word in case.says), said


@of("declaration")
def test_declaration_is_refused_by_loading_and_told_by_screening(case: Any, tmp_path: Path) -> None:
    path = good_list(tmp_path)
    path.with_name(path.name + case.file[case.file.index(".") :]).write_bytes(case.content)
    with pytest.raises((DataError, ParameterError)) as caught:
        load_dossiers(path)
    said = complaint(caught.value)
    assert all(word in said for word in case.says), said
    if isinstance(caught.value, ParameterError):
        with pytest.raises(ParameterError):
            screen(path)
    else:
        told = screen(path)
        assert caught.value.title.vi in told.loc[told["verdict"] == "fail", "guidance_vi"].iloc[0]


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


@of("load", "form", "screen", "screen form", "corrections")
def test_command_ends_with_its_status_and_shows_no_person(
    case: Any, refusal: Callable[[Any], DvError], checked: Callable[[Any], Any]
) -> None:
    """The command says pass or fail by its status, names what is wrong, and repeats no cell of a person."""
    result = checked(case)
    assert not isinstance(result.exception, Exception), result.exception
    findings = json.loads(result.stdout)
    failed = any(f["verdict"] == "fail" for f in findings)
    asked = any(f["verdict"] == "review" and f["check"].replace("_", "-") in MESSAGES for f in findings)
    assert result.exit_code == (2 if failed or asked else 0)
    if case.use == "load" and not case.options:
        assert failed
    shown = result.stdout
    if case.use == "load":
        shown += str(refusal(case))
    assert not [word for word in PERSONAL if word in shown]
