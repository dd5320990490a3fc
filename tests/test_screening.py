"""Screening counts what a slow look counts, in a small file and in Parquet alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import openpyxl
import pandas as pd
import pytest

from dvresearch import codebook, examples, workdays
from dvresearch.errors import DataError, ParameterError
from dvresearch.evaluation import screened
from dvresearch.loaders import Limits, convert_dossiers, load_dossiers
from dvresearch.screening import screen
from dvresearch.screening.records import BATCH_SHARE, HEAP_SHARE, OFF_DUE
from dvresearch.tables import FINDINGS, check
from tests import office

RECEIPTS = {
    "received": "case:startdate",
    "due": "case:deadline",
    "resolved": "case:enddate",
    "unit": "case:department",
    "channel": "case:channel",
    "dossier": "case:concept:name",
}


def spoilt(folder: Path, seed: int = 0, n: int = 400) -> Path:
    """Write synthetic dossiers with some faults of every kind."""
    frame, _ = examples.dossiers(n, examples.communes(3, seed=seed), seed=seed, as_of="2025-11-30")
    rng = np.random.default_rng(seed)
    frame = frame.sort_values("received", ignore_index=True)
    some = rng.choice(n, 12, replace=False)
    frame.loc[some[:3], "resolved"] = frame.loc[some[:3], "received"] - pd.Timedelta(days=2)
    frame.loc[some[3:5], "due"] = frame.loc[some[3:5], "received"] - pd.Timedelta(days=1)
    frame.loc[some[5:7], "dossier"] = frame.loc[some[7:9], "dossier"].to_numpy()
    frame.loc[some[9:], "due"] = pd.NaT
    frame["channel"] = frame["channel"].mask(rng.random(n) < 0.3)
    mess = office.Mess(dates="iso", encoding="utf-8", delimiter=",")
    return office.write_office(frame, folder / "gia-lap.csv", mess=mess, seed=seed)


def counted(findings: pd.DataFrame, check: str) -> str:
    (row,) = findings[findings["check"] == check].itertuples()
    return str(row.computed)


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_a_slow_look(seed: int, tmp_path: Path) -> None:
    path = spoilt(tmp_path, seed)
    findings = screen(path, as_of="2025-11-15")
    check(findings, FINDINGS)
    d = load_dossiers(path)
    day = d["received"].dt.normalize()
    wrong = (d["resolved"] < d["received"]) & ~(
        (d["resolved"] == d["resolved"].dt.normalize()) & (d["resolved"].dt.normalize() == day)
    )
    assert counted(findings, "resolved_before_received") == str(wrong.sum())
    (where,) = findings.loc[findings["check"] == "resolved_before_received", "where"]
    assert ", ".join(map(str, d.index[wrong][:10])) in where
    assert counted(findings, "duplicate_code") == str(len(d) - d["dossier"].nunique())
    assert counted(findings, "resolved_after_as_of") == str((d["resolved"] >= pd.Timestamp("2025-11-16")).sum())
    missing = findings[
        (findings["check"] == "missing") & findings["where"].str.endswith(f"column {_letter(d, path, 'due')}")
    ]
    assert missing["computed"].iloc[0] == f"{100 * d['due'].isna().mean():.2f}\u00a0%"
    for name in ("due", "resolved"):
        days = d[name].dropna().dt.normalize()
        off = 1 - workdays.is_working(days.to_numpy()).mean()
        assert counted(findings, f"{name}_on_day_off") == f"{100 * off:.2f}\u00a0%"
    both = d.dropna(subset=["due", "resolved"])
    on_day = (both["due"].dt.normalize() == both["resolved"].dt.normalize()).mean()
    assert counted(findings, "heap_on_due_day") == f"{100 * on_day:.2f}\u00a0%"


def _letter(frame: pd.DataFrame, path: Path, name: str) -> str:
    header = path.read_text(encoding="utf-8").splitlines()[frame.attrs["load"]["header_rows"][-1] - 1].split(",")
    return "ABCDEFGHIJKLMNOP"[header.index(frame.attrs["load"]["columns"][name])]


def test_parquet_gives_the_same_findings_as_the_file_it_was_made_from(tmp_path: Path) -> None:
    path = spoilt(tmp_path, 5)
    convert_dossiers(path, tmp_path / "a.parquet")
    small, large = screen(path, as_of="2025-11-15"), screen(tmp_path / "a.parquet", as_of="2025-11-15")
    small = small[~small["check"].str.startswith(("skipped", "unused", "personal", "date_order"))]
    columns = ["check", "verdict", "severity", "computed"]
    assert sorted(map(tuple, small[columns].to_numpy())) == sorted(map(tuple, large[columns].to_numpy()))


def test_text_too_long_for_a_grid_gives_the_same_findings(tmp_path: Path) -> None:
    frame, _ = examples.dossiers(300, examples.communes(3, seed=2), seed=2, as_of="2025-12-31")
    frame.loc[5, "dossier"] = frame.loc[4, "dossier"]
    frame.loc[9, "resolved"] = frame.loc[9, "received"] - pd.Timedelta(days=3)
    mess = office.Mess(titles=2, applicants=True)
    path = office.write_office(frame, tmp_path / "ho-so-gia-lap.csv", mess=mess)
    found = screen(path, as_of="2025-12-31")
    assert set(found.loc[found["verdict"] == "fail", "check"]) == {"duplicate_code", "resolved_before_received"}
    pd.testing.assert_frame_equal(found, screen(path, as_of="2025-12-31", limits=Limits(text_file_mib=0)))


def test_receipt_log_has_its_published_oddities(validation: Callable[[str], Path]) -> None:
    findings = screen(validation("records") / "receipt_cases.csv", columns=RECEIPTS, timezone="Europe/Amsterdam")
    assert counted(findings, "resolved_before_received") == "2"
    assert counted(findings, "duplicate_code") == "0"
    assert not findings.to_csv().count("Resource")
    assert (findings["verdict"] == "fail").sum() == 1


def test_thresholds_are_prompts_and_not_crossed_by_an_ordinary_office(tmp_path: Path) -> None:
    frame, _ = examples.dossiers(600, examples.communes(2, seed=1), seed=1)
    path = office.write_office(frame, tmp_path / "gia-lap.csv", mess=office.Mess(encoding="utf-8"), seed=1)
    findings = screen(path)
    quiet = (
        "due_on_day_off",
        "heap_on_due_day",
        "batch_day",
        "resolved_before_received",
        "duplicate_code",
        "unit_spellings",
    )
    assert set(findings.loc[findings["check"].isin(quiet), "verdict"]) == {"pass"}
    assert 0 < OFF_DUE < BATCH_SHARE < HEAP_SHARE < 1


def test_of_equally_busy_days_the_first_is_named(tmp_path: Path) -> None:
    days = [f"{d:%d/%m/%Y}" for d in pd.date_range("2026-03-02", periods=400)]
    lines = [f"HS-{i},Xã Mẫu,02/01/2026,{day}" for i, day in enumerate([*days[::-1], *days])]
    path = tmp_path / "a.csv"
    path.write_text("Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày trả kết quả\n" + "\n".join(lines) + "\n", encoding="utf-8")
    for _ in range(5):
        findings = screen(path)
        assert findings.loc[findings["check"] == "batch_day", "where"].item().endswith(", 02/03/2026")


def test_receipts_on_saturdays_are_asked_about_unless_online(tmp_path: Path) -> None:
    saturdays = ("07/03/2026", "14/03/2026", "21/03/2026", "28/03/2026")
    lines = [f"HS-{i},Xã Mẫu,Trực tiếp,{saturdays[i % 4]}" for i in range(40)]
    path = tmp_path / "a.csv"
    path.write_text("Mã hồ sơ,Đơn vị,Hình thức nộp,Ngày tiếp nhận\n" + "\n".join(lines) + "\n", encoding="utf-8")
    findings = screen(path)
    assert (findings.loc[findings["check"] == "received_on_day_off", "verdict"] == "review").all()
    path.write_text(path.read_text(encoding="utf-8").replace("Trực tiếp", "Trực tuyến"), encoding="utf-8")
    online = screen(path)
    assert (online.loc[online["check"] == "received_on_day_off", "verdict"] == "unknown").all()


def test_every_check_has_its_sentence() -> None:
    entries = {e.code: e for e in codebook.entries("check")}
    screened = [c for c in entries.values() if c.note_vi]
    assert len(screened) > 40
    assert all(e.label_vi and e.label_en and e.note_en for e in screened)


def test_corrections_are_listed_and_counted_in(tmp_path: Path) -> None:
    path, changes = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text(
        "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày trả kết quả\nHS-1,Xã Mẫu,05/01/2026,04/01/2026\n", encoding="utf-8"
    )
    changes.write_text("row,column,new,when,why,by_role\n2,D,06/01/2026,07/01/2026,gõ nhầm,văn thư\n", encoding="utf-8")
    assert counted(screen(path), "resolved_before_received") == "1"
    findings = screen(path, corrections=changes)
    assert counted(findings, "resolved_before_received") == "0"
    assert counted(findings, "corrected") == "04/01/2026 → 06/01/2026"
    assert "04/01/2026 → 06/01/2026" in "\n".join(screened.as_text(findings))
    assert not screened.must_mend(findings)


def test_what_was_read_otherwise_than_it_is_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    head, row = (
        "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày trả kết quả",
        "HS-1,Xã Mẫu,2026-02-24T20:00:00Z,2026-02-26T02:00:00Z",
    )
    path.write_text(f"{head}\n{row}\n", encoding="utf-8")
    assert load_dossiers(path)["received"].item() == pd.Timestamp("2026-02-25 03:00")
    assert "times with an offset: review" in "\n".join(screened.as_text(screen(path), "en"))


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        (
            "vi",
            (
                "row 2, cột/column C – năm trước 1900: không đạt. Gõ lại năm",
                "row 3, 4, cột/column C – không phải ngày có thật: không đạt (dạng ô/looks like '00/00/0000'",
                "looks like '00/00/0000'; 'aaa aaa').",
                "thiếu cột không bắt buộc: không kiểm được (hình thức).",
                "cột/column D – số ô của cột chỉ có một giá trị: cần xem (60).",
            ),
        ),
        (
            "en",
            (
                "row 2, cột/column C – a year before 1900: fail. Retype the year",
                "row 3, 4, cột/column C – not a date that exists: fail (dạng ô/looks like '00/00/0000'",
                "looks like '00/00/0000'; 'aaa aaa').",
                "an optional column is absent: cannot be checked (channel).",
                "cột/column D – cells of a column with one value only: review (60).",
            ),
        ),
    ],
)
def test_what_is_in_brackets_is_what_the_name_of_the_check_says(
    lang: Literal["vi", "en"], told: tuple[str, ...], tmp_path: Path
) -> None:
    days = ["12/03/1850", "31/02/2026", "hôm qua", *["24/02/2026"] * 57]
    lines = [f"HS-{i},Xã Mẫu,{day},20/03/2026" for i, day in enumerate(days)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày hẹn trả", *lines]), encoding="utf-8")
    said = "\n".join(screened.as_text(screen(path), lang))
    assert [line for line in told if line not in said] == []


def test_days_of_a_workbook_before_1900_are_named_so(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Mã hồ sơ", "Đơn vị", "Ngày tiếp nhận"])
    book.active.append(["HS-1", "Xã Mẫu", "12/03/0026 08:30"])
    book.active.append(["HS-2", "Xã Mẫu", datetime(2026, 2, 24)])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="C2: năm trước 1900 / a year before 1900"):
        load_dossiers(tmp_path / "a.xlsx")


def test_what_cannot_be_asked_is_said(spoilt: Callable[[str], Path]) -> None:
    path = spoilt("ugly") / "tab.tsv"
    with pytest.raises(ParameterError, match="Năm trước 1900"):
        screen(path, as_of="1850-12-31")
    with pytest.raises(ParameterError, match="dossiers"):
        screen("a.csv", "hồ sơ")
    with pytest.raises(ParameterError, match="as_of"):
        screen(path, as_of="hôm qua")
    assert list(screen("khong-co.csv")["check"]) == ["unreadable"]


def test_of_several_unclear_headings_the_first_of_the_file_is_shown(spoilt: Callable[[str], Path]) -> None:
    assert counted(screen(spoilt("ugly") / "nhom_va_cong_giua_bang.xlsx"), "headings_in_list") == "I. Xã Mẫu A"


# Figures --------------------------------------------------------------------------------------------------------------

FIGURES_HEAD = "unit_version,unit_level,unit,period,indicator,value_unit,value,numerator,denominator,source"


def figures(folder: Path, *rows: str, indicator: str = "dossiers_in_time_share") -> pd.DataFrame:
    """What screening says of figures of Gia Lai, a year each: unit, value, numerator, denominator."""
    lines = [f"34,province,Gia Lai,{2010 + i},{indicator},{row},x" for i, row in enumerate(rows)]
    path = folder / "so-lieu.csv"
    path.write_text("\n".join([FIGURES_HEAD, *lines]) + "\n", encoding="utf-8")
    return screen(path, "figures")


def test_every_fault_of_a_figures_file_is_listed_with_its_rows_and_what_was_typed(tmp_path: Path) -> None:
    found = figures(tmp_path, "%,85.5,855,1000", "%,90,-5,100", "%,,200,100", "cuộc,85,,", "%,150,-3,100", "%,-5,,")
    wrong = found[found["verdict"] == "fail"].set_index("where")["computed"].to_dict()
    assert wrong == {
        "so-lieu.csv, dòng/row 3, 6, cột/column numerator": "-5; -3",
        "so-lieu.csv, dòng/row 4, cột/column numerator": "200 > 100",
        "so-lieu.csv, dòng/row 5, cột/column value_unit": "cuộc",
        "so-lieu.csv, dòng/row 6, 7, cột/column value": "150 %; -5 %",
    }
    told = found.set_index("where")["guidance_vi"]
    assert "85 kèm" not in told["so-lieu.csv, dòng/row 6, 7, cột/column value"]
    counted = figures(tmp_path, "cuộc,-5,,", indicator="dialogues")
    assert counted.loc[counted["verdict"] == "fail", "computed"].tolist() == ["-5 cuộc"]


def test_a_row_that_cannot_be_placed_is_left_out_and_the_others_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "so-lieu.csv"
    good = "34,province,Gia Lai,2025,dossiers_in_time_share,%,85.5,855,1000,x"
    others = [good.replace("Gia Lai", "Gia Lay"), good.replace("2025", "năm tới"), good.replace("share", "shore"), good]
    lines = [FIGURES_HEAD, *others[:3], others[0], good, good]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = screen(path, "figures")
    wrong = found.loc[found["verdict"] == "fail", ["where", "computed"]].itertuples(index=False, name=None)
    assert sorted(wrong) == [
        ("so-lieu.csv, dòng/row 2, 5, cột/column unit", "Gia Lay"),
        ("so-lieu.csv, dòng/row 3, cột/column period", "năm tới"),
        ("so-lieu.csv, dòng/row 4, cột/column indicator", "dossiers_in_time_shore"),
        ("so-lieu.csv, dòng/row 7, cột/column indicator", "dossiers_in_time_share, Gia Lai, 2025"),
    ]
    assert counted(found, "figures_read") == "1"
    path.write_text("\n".join(lines).replace("indicator,", "code,") + "\n", encoding="utf-8")
    assert screen(path, "figures")["check"].tolist() == ["unreadable"]
    path.write_text(f"{FIGURES_HEAD}\n{others[0]}\n", encoding="utf-8")
    assert counted(screen(path, "figures"), "figures_read") == "0"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ("%,50,635593,643272", "fail"),  # 98.81 %
        ("%,98.81,635593,643272", "pass"),
        ("%,98.8,635593,643272", "pass"),
        ("%,99,635593,643272", "pass"),  # in whole per cents
        ("%,98.9,635593,643272", "fail"),
        (",0.98,635593,643272", "review"),  # cut off
        ("%,100,100,100", "pass"),
    ],
)
def test_a_share_is_held_to_its_counts_by_the_digits_printed(row: str, verdict: str, tmp_path: Path) -> None:
    found = figures(tmp_path, row).set_index("check")
    assert found.loc["published_share", "verdict"] == verdict
    assert found.loc["published_share", "where"].startswith("so-lieu.csv, dòng/row 2, Gia Lai, 2010")
