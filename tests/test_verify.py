"""A report is made again from its manifest, and whatever is no longer the same is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from dvresearch import cli, examples, tables
from dvresearch.errors import ParameterError
from dvresearch.evaluation import job, manifest
from dvresearch.evaluation.verify import compare, verify
from tests.office import Mess, write_office

SPEC = """name = "thu"
title_vi = "Thử"
title_en = "Trial"
as_of = "2026-12-31"
sections = ["own"]
[inputs]
figures = "f.csv"
"""
HEAD = (
    "unit_version,unit_level,unit_code,unit,parent_code,period,period_start"
    ",period_end,indicator,value,value_unit,numerator,denominator,source"
)
ROW = "34,province,01,Hà Nội,,2026,2026-01-01,2026-12-31,dossiers_in_time_share,{},%,{},10,x"


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Leave the two slow renderers out: what they write is looked at elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("report.docx", "report.pdf"):
            patched.setitem(job._RENDERERS, name, lambda built, path: path.write_text(built.report.title, "utf-8"))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an office with its report under `out`."""
    office = tmp_path_factory.mktemp("office")
    (office / "evaluation.toml").write_text(SPEC, encoding="utf-8")
    set_to(office, 5)
    job.evaluate(office / "evaluation.toml", office / "out")
    return office


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that office, which knows where it lies now."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    (tmp_path / "out" / ".thu" / "specification").write_text(str(tmp_path / "evaluation.toml"), encoding="utf-8")
    return tmp_path


def set_to(office: Path, resolved: int) -> None:
    (office / "f.csv").write_text(f"{HEAD}\n{ROW.format(10 * resolved, resolved)}\n", encoding="utf-8")


def failed(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["verdict"] != "pass"].reset_index(drop=True)


def test_a_report_that_can_be_made_again_passes_every_check(office: Path) -> None:
    found = verify(office / "out" / "thu")
    tables.check(found, tables.FINDINGS)
    assert failed(found).empty
    stated = manifest.read(office / "out" / "thu")
    listed = {"untouched": "outputs", "same_exhibit": "exhibits", "same_text": "sections", "same_bytes": "outputs"}
    for check, part in listed.items():
        assert (found["check"] == check).sum() == len(stated[part]) > 0
    assert {"f.csv", "workdays.csv", "units-34.csv"} <= set(found.loc[found["check"] == "same_input", "where"])


def test_an_input_that_changed_is_named_with_the_first_cell_it_changed(
    office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(office, 6)
    monkeypatch.setattr("sys.argv", ["dvresearch", "verify", str(office / "out" / "thu")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "Khác biệt đầu tiên / first difference: f.csv" in said.err
    rows = failed(verify(office / "out" / "thu"))
    assert (rows.loc[0, "check"], rows.loc[0, "where"]) == ("same_input", "f.csv")
    exhibit = rows[rows["check"] == "same_exhibit"].iloc[0]
    # the first table shows the figure itself: 50% before, 60% now
    assert "own-figures" in exhibit["where"] and "ô/cell" in exhibit["where"]
    assert (exhibit["stated"], exhibit["computed"]) == ("0.5", "0.6")
    cell = exhibit["where"].rsplit(" ", 1)[1]
    book = load_workbook(office / "out" / "thu" / "tables.xlsx")
    assert book.worksheets[1][cell].value == 0.5
    assert exhibit["where"] in said.out


def test_a_file_that_was_written_in_is_named(office: Path) -> None:
    page = office / "out" / "thu" / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("50", "51"), encoding="utf-8")
    rows = failed(verify(office / "out" / "thu"))
    assert rows[["check", "where"]].to_numpy().tolist() == [["untouched", "report.html"]]


def test_a_setting_that_changed_is_named(office: Path) -> None:
    file = office / "evaluation.toml"
    file.write_text(SPEC.replace("[inputs]", "confidence = 0.9\n[inputs]"), encoding="utf-8")
    rows = failed(verify(office / "out" / "thu"))
    assert rows.loc[0, ["check", "where", "stated", "computed"]].tolist() == [
        "same_setting",
        "confidence",
        "0.95",
        "0.9",
    ]
    assert "own-rates" in " ".join(rows.loc[rows["check"] == "same_exhibit", "where"])


def test_another_version_alone_is_only_to_be_looked_at(office: Path) -> None:
    path = office / "out" / "thu" / manifest.NAME
    stated = json.loads(path.read_text(encoding="utf-8"))
    stated["versions"]["pandas"] = "2.0"
    path.write_text(json.dumps(stated), encoding="utf-8")
    rows = failed(verify(office / "out" / "thu"))
    assert rows[["check", "where", "verdict", "stated"]].to_numpy().tolist() == [
        ["same_version", "pandas", "review", "2.0"]
    ]


def test_exhibits_and_sections_of_one_report_only_are_named(office: Path, tmp_path: Path) -> None:
    report, other = office / "out" / "thu", tmp_path / "other"
    shutil.copytree(report, other)
    stated = json.loads((report / manifest.NAME).read_text(encoding="utf-8"))
    gone = stated["exhibits"].pop(0)["code"]
    stated["exhibits"][0]["call"] = "another()"
    stated["exhibits"][0]["sha256"] = stated["sections"][0]["sha256"] = "0" * 64
    (report / manifest.NAME).write_text(json.dumps(stated), encoding="utf-8")
    rows = [f for f in compare(report, other) if f["verdict"] == "fail"]
    assert [(f["check"], f["stated"], f["computed"]) for f in rows[1:]] == [
        ("same_exhibit", "another()", rows[1]["computed"]),
        ("same_exhibit", "", gone),
    ]
    assert rows[0]["check"] == "same_text" and rows[1]["where"].endswith(", call")


def test_a_report_that_was_moved_asks_for_its_specification(office: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "thu"
    shutil.copytree(office / "out" / "thu", moved)
    with pytest.raises(ParameterError, match="--spec"):
        verify(moved)
    assert failed(verify(moved, office / "evaluation.toml")).empty


def test_corrections_are_recorded_and_missed_when_they_change(tmp_path: Path) -> None:
    frame, _ = examples.dossiers(40, examples.communes(1), as_of="2026-12-31", first="2026-01-01", last="2026-12-31")
    write_office(frame, tmp_path / "ho-so-gia-lap.csv", mess=Mess())
    cells = ["3", "field", frame["field"].iloc[0], "Đất đai", "2026-01-05", "nhập nhầm", "công chức một cửa"]
    head = "row,column,old,new,when,why,by_role"
    (tmp_path / "sua.csv").write_text(f"{head}\n{','.join(cells)}\n", encoding="utf-8")
    said = 'dossiers = { file = "ho-so-gia-lap.csv", due_contains_pause = false }'
    inputs = f'[inputs]\n{said}\ncorrections = "sua.csv"\n'
    plan = SPEC.split("sections")[0] + 'scope = "commune"\nsections = ["quality"]\n' + inputs
    (tmp_path / "evaluation.toml").write_text(plan, encoding="utf-8")
    report = job.evaluate(tmp_path / "evaluation.toml", tmp_path / "out")
    stated = manifest.read(report)
    assert [c["file"] for c in stated["corrections"]] == ["sua.csv"] and not stated["failed"]
    cells[5] = "ghi nhầm"
    (tmp_path / "sua.csv").write_text(f"{head}\n{','.join(cells)}\n", encoding="utf-8")
    rows = failed(verify(report))
    assert set(rows["where"]) == {"sua.csv"} and set(rows["check"]) == {"same_input"}


@pytest.mark.parametrize("content", [None, "", "[]", "{"])
def test_a_folder_that_is_no_report_is_one_message(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / manifest.NAME).write_text(content)
    with pytest.raises(ParameterError, match="không phải một báo cáo"):
        verify(tmp_path)
