"""Cases: loading, counting by the tally of dossiers, shares, receptions, forms of petitions, and what is hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch import examples
from dvresearch.errors import DataError, ParameterError
from dvresearch.examples import commune
from dvresearch.loaders import blank_form, load_cases, load_form
from dvresearch.metrics import (
    case_counts,
    case_shares,
    cases_in_time,
    check_tally,
    petition_results,
    receptions,
    resolution_rate,
    tally,
)
from dvresearch.tables import CASES, ESTIMATES, TALLY, check
from tests import office

UNITS = examples.communes(4, seed=3)
FRAME, TRUTH = examples.cases(1500, UNITS, seed=3)
LATER = "2026-12-31"
TIMES = ["received", "due", "resolved"]


def one_office(rng, seed):
    """A table with anything the contract allows: columns left out or moved, blanks, several people on a row."""
    frame, _ = examples.cases(int(rng.integers(8, 50)), UNITS, seed=seed)
    frame = frame.sort_values(["unit", "received"], kind="stable", ignore_index=True)
    for name in ("field", "channel", "due", "resolved", "outcome", "people", "satisfied", "repeated"):
        frame[name] = frame[name].mask(rng.random(len(frame)) < rng.choice([0, 0.3]))
    optional = [c for c in frame if c not in ("unit", "kind", "received")]
    dropped = rng.choice(optional, int(rng.integers(0, 6)), replace=False)
    kept = [c for c in frame if c not in dropped]
    return frame[list(rng.permutation(kept))] if rng.random() < 0.3 else frame[kept]


def test_random_books_come_back(tmp_path, rounds):
    for seed in range(rounds(8, 200)):
        frame = one_office(np.random.default_rng([seed, 5]), seed)
        suffix = [".xlsx", ".csv", ".txt"][seed % 3]
        path = office.write_office(frame, tmp_path / f"gia-lap-{seed}{suffix}", table=CASES, seed=seed)
        loaded = load_cases(path).reset_index(drop=True)
        assert set(loaded.columns) == set(frame.columns), seed
        loaded = loaded.astype({c: "datetime64[s]" for c in TIMES if c in loaded})[list(frame.columns)]
        pd.testing.assert_frame_equal(loaded, frame, check_names=False, obj=f"seed {seed}")


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        # what a complaint or a denunciation was found to be is a decision on it
        ("Khiếu nại đúng", "handled"),
        ("Khiếu nại đúng một phần", "handled"),
        ("Tố cáo sai", "handled"),
        ("Tố cáo có đúng, có sai", "handled"),
        ("Có đúng có sai", "handled"),
        ("Không có cơ sở kết luận", "handled"),
        # to pass on, to hand back, to keep, to withdraw is none
        ("Chuyển đơn", "forwarded"),
        ("Trả đơn và hướng dẫn", "returned"),
        ("Hướng dẫn viết lại đơn", "returned"),
        ("Lưu đơn và theo dõi", "kept"),
        ("Rút đơn", "withdrawn"),
        ("Không thụ lý", "refused"),
        ("Đang xem xét", "open"),
        ("PA chờ bổ sung", "paused"),
    ],
)
def test_what_becomes_of_a_petition(tmp_path, written, outcome):
    path = tmp_path / "so.csv"
    header = "Ngày tiếp nhận;Loại;Hạn giải quyết;Ngày giải quyết;Kết quả"
    path.write_text(f"{header}\n03/01/2025;Khiếu nại;10/01/2025;;{written}\n", encoding="utf-8")
    assert load_cases(path, unit="Xã Mẫu")["outcome"].tolist() == [outcome]


def test_petitions_that_are_kept_or_paused_are_not_late():
    # One decided late; one kept on file and one handed back after the due day; one that waits for the sender.
    cases = pd.DataFrame(
        {
            "unit": "A",
            "kind": "complaint",
            "received": pd.Timestamp("2025-01-03"),
            "due": pd.Timestamp("2025-01-10"),
            "resolved": pd.to_datetime(["2025-01-20", "2025-01-20", "2025-01-20", None]),
            "outcome": ["handled", "kept", "returned", "paused"],
        }
    )
    rates = cases_in_time(cases, as_of="2025-02-28", definition="all", min_count=1).set_index("definition")
    assert rates.loc["resolved", ["numerator", "denominator"]].tolist() == [0, 1]
    assert rates.loc["workload", ["numerator", "denominator"]].tolist() == [2, 3]


def test_words_of_offices_and_what_is_dropped(tmp_path):
    path = tmp_path / "so.csv"
    path.write_text(
        "SỔ TIẾP CÔNG DÂN\n\nSTT;Ngày tiếp;Họ tên công dân;Nội dung;Loại vụ việc;Số người;Đoàn đông người;Kết quả\n"
        "1;03/01/2025;Nguyễn Thị Hoa;Xin xác nhận;Tiếp dân;1;;Đã giải quyết\n"
        "2;05/01/2025;Trần Văn Ba;Đòi đền bù;Khiếu nại về đất;12;x;Đang xác minh\n"
        "3;06/01/2025;Lê Thị Tư;Tố ông Bình;Tố cáo;1;;Không thụ lý\n"
        "4;07/01/2025;;;PAKN;;;Chuyển đơn\n5;08/01/2025;;;Kiến nghị sau giám sát;;;Tiếp thu\n;Tổng cộng;5\n",
        encoding="utf-8",
    )
    loaded = load_cases(path, unit="UBND xã Mẫu")
    assert loaded["kind"].tolist() == ["reception", "complaint", "denunciation", "feedback", "supervision"]
    assert loaded["outcome"].tolist() == ["handled", "open", "refused", "forwarded", "accepted"]
    assert loaded["group_visit"].tolist() == [pd.NA, True, pd.NA, pd.NA, pd.NA]
    assert set(loaded["unit"]) == {"UBND xã Mẫu"}
    assert loaded.attrs["load"]["personal"] == {"Họ tên công dân": "name", "Nội dung": "free_text"}
    assert loaded.attrs["load"]["skipped"] == {"total": [9]}
    assert "Hoa" not in loaded.to_csv() + str(loaded.attrs)
    path.write_text("Ngày tiếp nhận;Kết quả\n03/01/2025;Đã giải quyết\n", encoding="utf-8")
    one_kind = load_cases(path, unit="A", kind="denunciation")
    assert set(one_kind["kind"]) == {"denunciation"}
    with pytest.raises(ParameterError, match="complaint"):
        load_cases(path, unit="A", kind="khiếu nại")


# --- counted like dossiers --------------------------------------------------------------------------------------------


def test_the_tally_of_dossiers_counts_cases():
    counts = tally(FRAME, ["unit", "kind"], as_of=LATER, clock="date").set_index(["unit", "kind"])
    truth = TRUTH.set_index(["unit", "kind"]).loc[counts.index]
    assert counts["received"].tolist() == truth["received"].tolist()
    assert counts["out_of_time"].tolist() == truth["late"].tolist()
    assert truth["late"].sum() > 100


def test_share_in_time_is_that_of_the_truth():
    found = cases_in_time(FRAME, ["kind"], as_of=LATER, definition="resolved", min_count=1).set_index("kind")
    truth = TRUTH.groupby("kind")[["received", "late"]].sum().loc[found.index]
    assert found["numerator"].tolist() == (truth["received"] - truth["late"]).tolist()
    assert found["denominator"].tolist() == truth["received"].tolist()
    assert set(found["indicator"]) == {"cases_in_time_share"}
    same = resolution_rate(tally(FRAME, ["kind"], as_of=LATER, clock="date"), definition="resolved", by="kind")
    assert found["value"].tolist() == same["value"].tolist()


def test_a_withdrawn_petition_is_no_result_and_an_unknown_outcome_is_refused():
    rows = pd.DataFrame(
        {
            "unit": "A",
            "kind": "complaint",
            "received": pd.to_datetime(["2025-01-02"] * 4),
            "due": pd.to_datetime(["2025-02-02"] * 4),
            "resolved": pd.to_datetime(["2025-01-20", "2025-03-01", "2025-01-10", None]),
            "outcome": ["handled", "forwarded", "withdrawn", "open"],
        }
    )
    counts = tally(rows, as_of="2025-06-30").iloc[0]
    assert counts[["resolved_within", "resolved_late", "withdrawn", "pending_overdue"]].tolist() == [1, 1, 1, 1]
    with pytest.raises(DataError, match="danh mục"):
        tally(rows.assign(outcome="xong"), as_of="2025-06-30")


# CPGRAMS (India), monthly report of February 2023: carried in, received, disposed, pending.
@pytest.mark.parametrize(("pending", "verdict"), [(65_215, "pass"), (65_125, "fail")])
def test_published_counts_reconcile(pending, verdict):
    counts = {"carried_in": 67_883, "received": 107_308, "resolved": 109_976, "pending": pending}
    found = check_tally(pd.DataFrame({"unit": ["CPGRAMS"]} | {k: [v] for k, v in counts.items()})).set_index("check")
    assert found.loc["workload_out", "verdict"] == verdict


def test_open_overdue_cases_lower_the_share():
    # 240 closed, 15 of them late, and 5 open and overdue: 225/240 of those closed, 225/245 of those due.
    rows = pd.DataFrame({"unit": "A", "kind": "feedback", "received": pd.Timestamp("2025-01-02")}, index=range(245))
    rows["due"] = pd.Timestamp("2025-01-20")
    rows["resolved"] = pd.to_datetime(["2025-01-10"] * 225 + ["2025-02-01"] * 15 + [None] * 5)
    shares = cases_in_time(rows, as_of="2025-03-01", definition="all").set_index("definition")["value"]
    assert shares["resolved"] == 225 / 240
    assert shares["due"] == 225 / 245
    assert shares["workload"] == 1 - 20 / 245


# --- shares, receptions -----------------------------------------------------------------------------------------------


def test_shares_against_masks():
    found = case_shares(FRAME, "unit", min_count=1).set_index(["unit", "indicator"])
    for unit in UNITS["unit"]:
        rows = FRAME[FRAME["unit"] == unit]
        rated = rows["satisfied"].dropna()
        decided = rows.loc[rows["kind"] == "supervision", "outcome"]
        assert found.loc[(unit, "cases_satisfied_share"), "value"] == rated.astype(float).mean()
        assert found.loc[(unit, "cases_satisfied_share"), "basis"] == "volunteers"
        assert found.loc[(unit, "cases_repeated_share"), "value"] == rows["repeated"].astype(float).mean()
        assert found.loc[(unit, "recommendations_accepted_share"), "value"] == (decided == "accepted").mean()
    assert [c for c in found.reset_index().columns if c != "unit"] == ESTIMATES.names


def test_truth_is_within_the_interval():
    found = case_shares(FRAME).set_index("indicator")
    for indicator, truth in {
        "cases_satisfied_share": 0.72,
        "cases_repeated_share": 0.06,
        "recommendations_accepted_share": 0.65,
    }.items():
        assert found.loc[indicator, "lower"] < truth < found.loc[indicator, "upper"]


def test_a_column_that_only_marks_yes_gives_no_share():
    ticks = FRAME.assign(repeated=FRAME["repeated"].where(FRAME["repeated"]))
    row = case_shares(ticks).set_index("indicator").loc["cases_repeated_share"]
    assert np.isnan(row["value"])
    assert row["reason"] == "only_yes"
    # A rating nobody made is missing by nature, so all who rated may be satisfied.
    happy = FRAME.assign(satisfied=FRAME["satisfied"].where(FRAME["satisfied"]))
    assert case_shares(happy).set_index("indicator").loc["cases_satisfied_share", "value"] == 1


def test_receptions_by_visits_people_and_matters():
    found = receptions(FRAME, "unit").pivot_table("value", "unit", "indicator", aggfunc="first", dropna=False)
    truth = TRUTH.groupby("unit").sum(numeric_only=True).loc[found.index]
    assert found["visits"].tolist() == truth["visits"].tolist()
    assert found["visitors"].tolist() == truth["people"].tolist()
    assert found["matters"].tolist() == truth["matters"].tolist()
    assert found["delegations"].tolist() == truth["delegations"].tolist()
    members = FRAME[FRAME["group_visit"].fillna(False)].groupby("unit")["people"].sum()
    assert (
        found["delegation_members"].dropna().to_dict() == members[found["delegation_members"].dropna().index].to_dict()
    )


def test_unknown_people_are_not_zero():
    first = FRAME.index[FRAME["kind"] == "reception"][0]
    unit = FRAME.loc[first, "unit"]
    found = receptions(FRAME.assign(people=FRAME["people"].mask(FRAME.index == first)))
    found = found.set_index(["unit", "indicator"])
    assert found.loc[(unit, "visitors"), "reason"] == "no_counts"
    assert found.loc[(unit, "visits"), "value"] > 0
    with pytest.raises(DataError, match="không có dòng"):
        receptions(FRAME[FRAME["kind"] == "complaint"])


# --- what is hidden ---------------------------------------------------------------------------------------------------


def test_small_counts_at_commune_by_kind_are_hidden_and_cannot_be_subtracted():
    units = examples.communes(12, seed=4)
    frame, truth = examples.cases(1500, units, seed=4)
    found = case_counts(frame).set_index(["unit", "kind"])
    real = truth.set_index(["unit", "kind"])["received"].loc[found.index]
    small = real < 10
    assert small.sum() > 10
    assert found.loc[small, "value"].isna().all()
    assert (found.loc[small, "reason"] == "small_count").all()
    assert (found.loc[found["value"].isna(), "flags"] == "suppressed").all()
    assert found["value"].dropna().tolist() == real[found["value"].notna()].tolist()
    hidden = found["value"].isna()
    for level in ("unit", "kind"):
        gone = hidden.groupby(level=level).sum()
        people = real.where(hidden).groupby(level=level).sum()
        shown = (~hidden).groupby(level=level).sum()
        assert ((gone != 1) | (shown == 0)).all()
        assert ((gone == 0) | (people >= 10) | (shown == 0)).all()
    assert (found["reason"] == "secondary").any()


def test_rates_of_few_are_hidden_too():
    for found in (case_shares(FRAME, ["unit", "kind"]), cases_in_time(FRAME, ["unit", "kind"], as_of=LATER)):
        known = found[found["n"].notna()]
        assert (known["n"].between(1, 9) == False).all()  # noqa: E712 - a column of booleans
        assert (
            found.loc[found["flags"].str.contains("suppressed"), ["value", "numerator", "denominator"]]
            .isna()
            .all(axis=None)
        )
        assert found["flags"].str.contains("suppressed").any()


# --- forms of Thông tư 02/2021/TT-TTCP --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", commune.PETITION_FORMS)
def test_filled_forms_come_back_as_tallies(code, tmp_path):
    for seed in range(3):
        lines = examples.petition_lines(code, UNITS, seed=seed)
        path = examples.write_petition_form(lines, tmp_path / f"gia-lap-{seed}.xlsx", code, period="Quý 2/2025")
        loaded = load_form(path, code)
        assert loaded["unit"].tolist() == lines["unit"].tolist()
        assert set(loaded["period"]) == {"2025-Q2"}
        pd.testing.assert_frame_equal(
            loaded[list(lines.columns)].reset_index(drop=True), lines, check_names=False, check_dtype=False
        )
        check(loaded, TALLY)


def test_what_a_line_gives_to_the_tally(tmp_path):
    gives = {
        "01/TCD": {"received": "1"},
        "01/XLD": {"total": "1"},
        "02/XLD": {"total": "1"},
        "03/XLD": {"total": "1"},
        "01/KQGQ": {"workload": "4", "withdrawn": "6", "resolved_within": "25", "resolved_late": "26"},
    }
    for code, columns in gives.items():
        lines = examples.petition_lines(code, UNITS, seed=1)
        path = examples.write_petition_form(lines, tmp_path / f"gia-lap-{code.replace('/', '-')}.xlsx", code)
        loaded = load_form(path, code, "TT02/2021")
        for name, number in columns.items():
            assert loaded[name].tolist() == lines[number].tolist()
    timely = resolution_rate(loaded, definition="resolved")
    assert timely["value"].item() == lines["25"].sum() / (lines["25"] + lines["26"]).sum()


def test_resolution_and_timeliness_of_petitions():
    lines = pd.DataFrame(
        {"unit": ["A", "B"], "4": [200, 50], "5": [150, 30], "6": [10, 5], "25": [120, 30], "26": [40, 0]}
    )
    found = petition_results(lines, overall="append").set_index(["unit", "definition"])
    assert found.loc[("A", "kqgq_resolved"), "value"] == 160 / 200
    assert found.loc[("A", "kqgq_in_time"), "value"] == 120 / 160
    assert found.loc[("(tất cả)", "kqgq_resolved"), ["numerator", "denominator"]].tolist() == [195, 250]
    assert found.loc[("B", "kqgq_in_time"), "value"] == 1
    with pytest.raises(DataError, match=r"5 \+ 6"):
        petition_results(lines.assign(**{"5": 200}))
    with pytest.raises(DataError, match="26"):
        petition_results(lines.drop(columns="26"))


# Ninh Thuận, first half of 2020 (ninhthuan-28215): 176 of 221 petitions within authority resolved, printed as 79.63%.
def test_a_published_resolution_share():
    lines = pd.DataFrame({"unit": ["Ninh Thuận"], "4": [221], "5": [176], "6": [0], "25": [176], "26": [0]})
    assert petition_results(lines)["value"].iloc[0] == pytest.approx(0.79638, abs=5e-6)


def test_the_new_circular_is_named_as_not_known(tmp_path):
    path = tmp_path / "bieu.xlsx"
    blank_form(path, "01/TCD")
    for form, version in (("01/TCD", "TT06/2025"), ("04/GQTC", None), ("05/KQTH", "TT06/2025")):
        with pytest.raises(ParameterError, match="chưa biết các cột") as caught:
            load_form(path, form, version)
        assert "30/9/2025" in str(caught.value)
        assert "load_cases" in str(caught.value)
    with pytest.raises(ParameterError, match="Chưa có biểu 09/XYZ"):
        load_form(path, "09/XYZ")


@pytest.mark.parametrize("code", commune.PETITION_FORMS)
def test_formulas_of_the_blank_form_are_its_sums(code, tmp_path):
    import re

    import openpyxl

    sheet = openpyxl.load_workbook(blank_form(tmp_path / "bieu.xlsx", code, lines=2)).active
    numbers = {int(c.value.strip("()")): c.column_letter for c in sheet[7] if str(c.value).startswith("(")}
    letters = {letter: number for number, letter in numbers.items()}
    written = {
        (letters.get(c.column_letter, 0), tuple(letters[x] for x in re.findall(r"([A-Z]+)8", c.value.split("SUM")[-1])))
        for c in sheet[8]
        if str(c.value).startswith("=")
    }
    sums = commune.form(code, "TT02/2021").sums
    for total, parts in sums:
        assert (total, parts) in written or (0, (total, *parts)) in written
    assert len(written) == len(sums)
    with pytest.raises(DataError, match="không có dòng số liệu"):
        load_form(tmp_path / "bieu.xlsx", code)
