"""The dated plan and departures from it, the list of revisions, and last year's evaluation made again."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError
from dvresearch.evaluation import backtest
from dvresearch.evaluation.compose import SECTIONS
from dvresearch.evaluation.content import Column, Paragraph, Report, Section, Sheet, Traced
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.plan import departures, outline, read_plan, write_plan
from dvresearch.evaluation.revisions import COLUMNS, WHERE, read_revisions, record_revisions, unexplained
from dvresearch.evaluation.sections import record
from dvresearch.evaluation.spec import Spec
from dvresearch.loaders import Declaration

SPEC = Spec("xa-2025", "Thử", "Trial", "2025-12-31", scope="commune")
ALL = list(SECTIONS["commune"])


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write_plan(SPEC, ALL, tmp_path, made=date(2025, 1, 15))


def test_nothing_departs_when_all_is_done_as_planned(plan: Path):
    assert plan.name == "plan-2025-01-15.toml"
    assert departures(read_plan(plan), outline(SPEC, ALL), {}).empty


def test_every_departure_is_found_with_its_reason(plan: Path):
    said = Declaration("targets", direction={"Số hộ nghèo": "lower"})
    done = replace(SPEC, confidence=0.9, privacy_threshold=20, compare_with=2024, declared={"targets": (said,)})
    rows = departures(
        read_plan(plan),
        outline(done, [code for code in ALL if code != "survey"]),
        {"thresholds.confidence": "Cấp trên yêu cầu."},
    ).set_index("key")
    assert set(rows.index) == {
        "thresholds.confidence", "thresholds.privacy_threshold", "comparisons.compare_with",
        "counting.lower_is_better", "section.survey",
    }  # fmt: skip
    assert rows.loc["thresholds.confidence"].tolist() == ["0.95", "0.9", "Cấp trên yêu cầu."]
    assert rows.loc["comparisons.compare_with"].tolist() == ["–", "2024", ""]
    assert rows.loc["section.survey", "done"] == "–"


def test_a_plan_of_the_day_is_never_overwritten(plan: Path, tmp_path: Path):
    before = plan.read_bytes()
    with pytest.raises(ParameterError, match="Đã có kế hoạch"):
        write_plan(replace(SPEC, confidence=0.9), ALL, tmp_path, made=date(2025, 1, 15))
    assert plan.read_bytes() == before


@pytest.mark.parametrize("content", ["made = ", 'evaluation = "x"', 'made = "hôm qua"', "made = 3"])
def test_what_is_no_plan_is_refused(content: str, tmp_path: Path):
    (tmp_path / "p.toml").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"p\.toml"):
        read_plan(tmp_path / "p.toml")


@pytest.mark.parametrize("scope", SECTIONS)
def test_every_section_with_results_has_a_question_and_known_indicators(scope: str):
    planned = outline(replace(SPEC, scope=scope), list(SECTIONS[scope]))
    told = {key.partition(".")[2] for key in planned if key.startswith("section.")}
    assert set(SECTIONS[scope]) - told <= {"own", "unknown", "limits", "annex", "revisions", "plan"}
    for key, section in planned.items():
        if key.startswith("section."):
            assert section["question"].endswith("?") and section["analysis"]
            assert all(codebook.find("indicator", i) == i for i in section["indicators"])
            assert all(codebook.find("definition", d) == d for d in section["definitions"])


@pytest.mark.parametrize(("made", "word"), [(date(2025, 1, 15), "không muộn hơn"), (date(2026, 1, 1), "sau ngày chốt")])
def test_the_report_says_whether_the_plan_came_first(made: date, word: str, tmp_path: Path):
    path = write_plan(SPEC, ALL, tmp_path, made=made)
    ctx = Context(replace(SPEC, inputs={"plan": path}, clock="instant"))
    ctx.sections = ALL
    section = record.planned(ctx)
    text = " ".join(b.text for b in section.blocks if isinstance(b, Paragraph))
    assert word in text and "Có 1 điểm" in text
    (table,) = [b for b in section.blocks if isinstance(b, Sheet) and b.code == "plan-departures"]
    assert table.frame.loc[0].tolist()[1:] == ["theo ngày", "theo giờ", "chưa nêu lý do"]
    assert "counting.clock" in table.frame.loc[0, "key"]


# Revisions and the back-test -----------------------------------------------------------------------------------------

TABLE = pd.DataFrame({"unit": ["Xã A", "Xã B", "Xã B"], "value": [0.91234, 0.5, 0.75], "n": [5223.0, 10.0, 12.0]})


def report(table: pd.DataFrame) -> Report:
    columns = (Column("unit", "Đơn vị"), Column("value", "Giá trị", "percent", 1), Column("n", "Mẫu số", "count"))
    made = Traced(table.assign(indicator="dossiers_in_time_share"), "f()", ("x",), ("x.csv",))
    blocks = (Paragraph("Một câu.", "lead"), Sheet("rates", "Tỷ lệ", made, columns))
    return Report("r", "vi", "T", "s", (), (Section("dossiers", "H", blocks),), {"x": "X"})


def frozen(folder: Path, table: pd.DataFrame) -> Path:
    backtest.write_numbers(report(table), folder / backtest.NUMBERS)
    return folder


def test_numbers_stay_whatever_table_they_stand_in(tmp_path: Path):
    old = frozen(tmp_path, TABLE)
    below = report(TABLE.assign(value=TABLE["value"] + 0.00004))
    assert backtest.moved(old, below).empty
    turned = replace(below.sections[0].blocks[1], code="other", columns=below.sections[0].blocks[1].columns[::-1])  # type: ignore[union-attr, type-var]
    assert backtest.moved(old, replace(below, sections=(Section("x", "Khác", (turned,)),))).empty


def test_a_number_that_moved_is_named_by_what_it_measures(tmp_path: Path):
    old = frozen(tmp_path, TABLE)
    changed = TABLE.assign(value=[0.91234, 0.5, 0.76], n=[5224.0, 10.0, 12.0])
    found = backtest.moved(old, report(changed))
    what = ["dossiers_in_time_share", ""]
    assert found.to_dict("split", index=False)["data"] == [
        [*what, "Xã B", "", "", "value #2", "0.750", "0.760"],
        [*what, "Xã A", "", "", "n", "5223", "5224"],
    ]
    gone = backtest.moved(old, report(TABLE.iloc[:2]))
    assert gone[["unit", "statistic", "new"]].to_numpy().tolist() == [["Xã B", "value #2", ""], ["Xã B", "n #2", ""]]


MOVE = ["dossiers_in_time_share", "resolved", "Xã A", "2026", "", "n", "5223", "5224"]


def test_a_move_is_explained_by_its_place_and_new_number_only(tmp_path: Path):
    moves = pd.DataFrame([MOVE], columns=[*WHERE, "old", "new"])
    path = tmp_path / "sua-so.csv"
    record_revisions(path, moves, day=date(2026, 3, 31))
    record_revisions(path, moves, day=date(2026, 4, 1))
    listed = read_revisions(path)
    assert listed.to_numpy().tolist() == [["2026-03-31", *MOVE, ""]]
    assert len(unexplained(moves, listed)) == 1
    path.write_text(path.read_text(encoding="utf-8").replace("5224,", "5224,Đếm thiếu một hồ sơ"), encoding="utf-8")
    assert unexplained(moves, read_revisions(path)).empty
    assert len(unexplained(moves.assign(new="5225"), read_revisions(path))) == 1


@pytest.mark.parametrize(
    ("content", "word"), [("date,unit\n", "reason"), (",".join(COLUMNS) + "\n31/3/2026,a,b,c,d,e,f,1,2,x\n", "row 2")]
)
def test_a_list_of_revisions_that_cannot_be_read_is_refused(content: str, word: str, tmp_path: Path):
    (tmp_path / "s.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=word):
        read_revisions(tmp_path / "s.csv")


def test_the_report_lists_revisions_with_date_old_new_and_reason(tmp_path: Path):
    path = tmp_path / "s.csv"
    path.write_text(",".join(COLUMNS) + "\n2026-03-31," + ",".join(MOVE) + ",Đếm thiếu\n", encoding="utf-8")
    section = record.revised(Context(replace(SPEC, inputs={"revisions": path})))
    (table,) = [b for b in section.blocks if isinstance(b, Sheet)]
    assert table.frame.loc[0].tolist() == ["31/03/2026", *MOVE, "Đếm thiếu"]
    assert "1 con số" in section.blocks[0].text  # type: ignore[union-attr]


def test_the_list_of_exhibits_names_number_call_and_inputs():
    made = report(TABLE)
    ctx = Context(SPEC)
    table = record.exhibits(ctx, made.sections).blocks[-1]
    assert isinstance(table, Sheet)
    assert table.frame.to_numpy().tolist() == [["Bảng 1", "Tỷ lệ", "f()", "x.csv"]]


@pytest.mark.parametrize("given", [{}, {"record": date(2026, 1, 1)}])
def test_a_back_test_without_a_report_or_a_list_is_refused(given: dict, tmp_path: Path):
    folder = frozen(tmp_path, TABLE) if given else tmp_path
    with pytest.raises(ParameterError, match=r"không phải một báo cáo|Chưa nêu tệp"):
        backtest.backtest("evaluation.toml", folder, **given)


def test_plans_are_toml(plan: Path):
    read = tomllib.loads(plan.read_text(encoding="utf-8"))
    assert read["made"] == "2025-01-15" and read["thresholds"]["funnel_limits"] == [0.95, 0.998]
