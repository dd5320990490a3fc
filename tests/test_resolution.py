"""Resolution rates against the figures of the press articles, a slow loop, and their refusals."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvresearch.codebook import get
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import load_index766, load_tallies
from dvresearch.metrics.dossiers import DEFINITIONS, resolution_rate
from dvresearch.metrics.dossiers import tally as count_dossiers
from dvresearch.tables import ESTIMATES, check

# Phòng Nội vụ huyện Quế Sơn, 13 October 2022: the article does not say what the 43,479 dossiers are.
QUE_SON = {"unit": ["Quế Sơn"], "resolved_within": [33838], "resolved_late": [8552], "pending_overdue": [374]}
STATED = pd.DataFrame({**QUE_SON, "total": [43479]})


@cache
def tallies() -> pd.DataFrame:
    return load_tallies()


def ladder(tally: pd.DataFrame, **options) -> pd.DataFrame:
    return resolution_rate(tally, definition="all", by="unit", **options).set_index("definition")


def percent(share: float) -> float:
    return round(100 * share, 2)


def test_que_son_with_the_base_of_its_total_not_named():
    rows = ladder(STATED)
    assert list(rows.index) == list(DEFINITIONS) == ["resolved", "due", "workload", "q766", "total"]
    assert percent(rows.loc["total", "value"]) == 77.83
    # 33838 / 42390 = 79.8254%, often cut off to 79.82.
    assert abs(100 * rows.loc["resolved", "value"] - 79.8254) < 5e-5
    assert rows.loc["resolved", "reason"] == "derived_resolved"
    assert rows.loc[["due", "workload", "q766"], "value"].isna().all()
    assert rows.loc["due", "reason"] == "no_due_within;no_due"
    assert rows.loc["workload", "reason"] == "no_workload"
    assert rows.loc["q766", "reason"] == "no_pending_within;no_workload"


def test_que_son_if_its_total_is_taken_for_the_workload():
    rows = ladder(STATED, total_is="workload")
    assert percent(rows.loc["workload", "value"]) == 79.47
    assert rows.loc["workload", "numerator"] == 43479 - 8552 - 374
    assert rows.loc["workload", "reason"] == "total_assumed"
    # The 715 dossiers the article does not describe are not handed to those pending within time.
    assert np.isnan(rows.loc["q766", "value"]) and rows.loc["q766", "reason"] == "no_pending_within"
    assert rows.loc["total", "value"] == 33838 / 43479 and rows.loc["total", "reason"] == ""


def test_a_stated_workload_goes_before_an_assumed_one():
    stated = STATED.assign(workload=50000)
    row = ladder(stated, total_is="workload").loc["workload"]
    assert row["denominator"] == 50000 and row["reason"] == ""


# Percentages as printed by Báo Lâm Đồng (3/2020, 4/2024) and the portal of Vĩnh Phúc (9/2021).
@pytest.mark.parametrize(
    ("unit", "period", "group", "definition", "printed"),
    [
        ("Lâm Đồng", "2019-12-01..2020-02-29", "", "resolved", 98.81),
        ("Lâm Đồng", "2019-12-01..2020-02-29", "cấp tỉnh", "resolved", 98.63),
        ("Lâm Đồng", "2024-Q1", "", "resolved", 98.33),
        ("Trung tâm Hành chính công Vĩnh Phúc", "2021-09", "", "due", 99.71),
        ("Trung tâm Hành chính công Vĩnh Phúc", "2021-Q3", "", "due", 99.74),
    ],
)
def test_press_percentages(unit, period, group, definition, printed):
    rows = resolution_rate(tallies(), definition=definition, by=["unit_level", "unit", "period", "group"])
    label = group or "(không rõ)"
    row = rows[(rows["unit"] == unit) & (rows["period"] == period) & rows["group"].isin([group, label])]
    assert [percent(v) for v in row["value"]] == [printed]


def test_the_four_definitions_by_hand():
    # carried in 10 + received 90 = 100; resolved 5 early + 55 on time + 20 late; pending 15 within + 5 overdue.
    row = pd.DataFrame(
        {
            "unit": ["A"],
            "carried_in": [10],
            "received": [90],
            "resolved_early": [5],
            "resolved_on_time": [55],
            "resolved_late": [20],
            "pending_within": [15],
            "pending_overdue": [5],
            "due": [80],
            "due_within": [58],
        }
    )
    rows = ladder(row)
    assert rows["value"].tolist()[:4] == [60 / 80, 58 / 80, 1 - 25 / 100, (60 + 15) / 100]
    assert rows["reason"].tolist() == ["derived_resolved", "", "derived_workload", "derived_q766", "no_total"]
    assert rows["n"].tolist()[:4] == [80, 80, 100, 100]


def test_the_workload_is_also_made_of_resolved_and_pending():
    row = pd.DataFrame(
        {"unit": ["A"], "resolved_within": [60], "resolved_late": [20], "pending_within": [15], "pending_overdue": [5]}
    )
    assert ladder(row).loc["workload", ["numerator", "denominator", "reason"]].tolist() == [75, 100, "derived_workload"]


def test_the_portal_counts_of_766_go_before_sums():
    # National portal, 10 October 2026: 12 707 675 of 14 666 757 dossiers of the 34 provinces.
    row = resolution_rate(load_index766(), definition="q766").iloc[0]
    assert (row["numerator"], row["denominator"], row["reason"]) == (12707675, 14666757, "")
    assert percent(row["value"]) == 86.64


def test_counts_are_added_before_they_are_divided():
    rng = np.random.default_rng(4)
    n = rng.integers(1, 500, 300)
    table = pd.DataFrame(
        {
            "unit": rng.choice(["A", "B", "C", None], 300),
            "field": rng.choice(["x", "y"], 300),
            "resolved_within": rng.binomial(n, 0.9),
            "resolved": n,
        }
    )
    rows = resolution_rate(table, definition="resolved", by=["unit", "field"])
    assert len(rows) == 8
    for row in rows.itertuples():
        mine = table[(table["unit"].fillna("(không rõ)") == row.unit) & (table["field"] == row.field)]
        assert row.numerator == mine["resolved_within"].sum() and row.denominator == mine["resolved"].sum()
        assert row.value == row.numerator / row.denominator


def test_one_unknown_count_leaves_no_partial_sum():
    table = pd.DataFrame(
        {
            "unit": ["A", "A", "B"],
            "resolved_within": [9, np.nan, 8],
            "resolved_late": [1, 1, 2],
            "resolved": [10, 9, 10],
        }
    )
    rows = resolution_rate(table, definition="resolved", by="unit").set_index("unit")
    assert np.isnan(rows.loc["A", "value"]) and rows.loc["A", "reason"] == "no_resolved_within;partly_missing"
    assert rows.loc["B", "value"] == 0.8 and rows.loc["B", "reason"] == ""


def test_stocks_of_several_periods_are_not_added():
    month = {"resolved_within": [8, 8], "resolved_late": [1, 1], "pending_within": [3, 3], "pending_overdue": [2, 2]}
    table = pd.DataFrame({"unit": "A", "period": ["2026-01", "2026-02"], **month})
    both = ladder(table)
    assert both.loc["resolved", "value"] == 16 / 18
    assert both.loc[["workload", "q766"], "reason"].tolist() == ["stocks_of_periods"] * 2
    each = resolution_rate(table, definition="workload", by=["unit", "period"])
    assert each["value"].tolist() == [1 - 3 / 14] * 2
    # Dossiers counted by the month of their receipt are in one month only.
    portal = pd.DataFrame({"unit": "A", "period": ["2026-01", "2026-02"], "in_time": [8, 7], "out_of_time": [2, 3]})
    assert resolution_rate(portal, definition="q766", by="unit")["value"].tolist() == [0.75]


def test_the_basis_of_the_tally_is_kept():
    table = pd.DataFrame(
        {"unit": ["A", "B", "B"], "due": [10, 10, 10], "due_within": [9, 9, 9], "basis": ["sample", "census", "sample"]}
    )
    rows = resolution_rate(table, definition="due", by="unit")
    assert rows["basis"].tolist() == ["sample", "unknown"]
    assert resolution_rate(table.drop(columns="basis"), definition="due")["basis"].tolist() == ["census"]


def test_the_result_is_an_estimates_table_in_the_words_of_the_codebook():
    rows = resolution_rate(tallies(), definition="all", by=["unit_level", "unit", "period", "group"])
    assert list(rows.columns)[4:] == ESTIMATES.names
    check(rows, ESTIMATES)
    assert get("indicator", rows["indicator"].iloc[0]).unit == "share"
    for reason in rows["reason"].unique():
        assert all(get("reason", code).note_vi for code in reason.split(";") if code)
    assert all(get("definition", code).note_vi for code in DEFINITIONS)


def test_empty_denominator():
    row = pd.DataFrame({"unit": ["A"], "due": [0], "due_within": [0]})
    assert resolution_rate(row, definition="due", by="unit")["reason"].tolist() == ["zero_denominator"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resolved_within": [-1]}, "Số đếm âm"),
        ({"resolved": [100]}, "resolved_within"),
        ({"workload": [900]}, "resolved_late + pending_overdue"),
        ({"resolved_within": ["33.838"]}, "Có chữ trong cột số"),
    ],
)
def test_impossible_counts_are_refused_with_their_row(change, words):
    with pytest.raises(DataError) as error:
        ladder(pd.DataFrame({**QUE_SON, **change}))
    assert words in str(error.value) and "dòng/row 1" in str(error.value)


def test_tables_that_count_twice_are_refused():
    levels = pd.DataFrame(
        {"unit_level": ["province", "commune"], "unit": ["A", "a"], "due": [9, 5], "due_within": [8, 4]}
    )
    with pytest.raises(DataError, match="unit_level"):
        resolution_rate(levels, definition="due")
    assert len(resolution_rate(levels, definition="due", by="unit_level")) == 2
    parts = pd.DataFrame({"unit": ["A", "A"], "group": ["", "cấp xã"], "due": [9, 5], "due_within": [8, 4]})
    with pytest.raises(DataError, match="group"):
        resolution_rate(parts, definition="due", by="unit")
    assert len(resolution_rate(parts, definition="due", by=["unit", "group"])) == 2


def test_unknown_words_are_refused():
    with pytest.raises(ParameterError, match="definition"):
        resolution_rate(STATED, definition="received")
    with pytest.raises(ParameterError, match="total_is"):
        resolution_rate(STATED, definition="total", total_is="all")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"by": "unit"}, "definition is not stated"),
        ({"by": "unit", "definition": "resolvd"}, r"Write definition='resolved'\."),
        ({"by": "unit", "definition": "?"}, "definition='due' or definition='workload'"),
        ({"by": ["unit", "perid"], "definition": "resolved"}, "no column perid(.|\n)*Nearest: period"),
        ({"by": 3, "definition": "resolved"}, "must be the name of a column(.|\n)*by=3"),
        ({"by": ["unit", 4], "definition": "resolved"}, "must be the name of a column"),
    ],
)
def test_what_is_not_stated_or_not_there_is_named(options, says):
    with pytest.raises(ParameterError, match=says):
        resolution_rate(load_tallies(), **options)


def test_a_path_is_no_table():
    with pytest.raises(DataError, match="This is not a table"):
        resolution_rate("tallies.csv", definition="resolved")


def test_each_definition_treats_dossiers_handed_back_as_its_note_says():
    """Ten resolved (eight in time), then one handed back in time, then one withdrawn late: counted by hand."""
    day = pd.Timestamp("2025-03-10")
    ended = [-1] * 8 + [1] * 2 + [-1, 1]
    outcome = ["granted"] * 10 + ["returned", "withdrawn"]
    frame = pd.DataFrame({"unit": "Xã A", "received": day - pd.Timedelta(days=5), "due": day, "outcome": outcome})
    frame["resolved"] = day + pd.to_timedelta(ended, unit="D")

    def counts(rows: int) -> dict[str, tuple[float, float]]:
        found = ladder(count_dossiers(frame.head(rows), as_of="2025-03-31"))
        return {d: (found.loc[d, "numerator"], found.loc[d, "denominator"]) for d in DEFINITIONS[:4]}

    assert counts(10) == dict.fromkeys(DEFINITIONS[:4], (8, 10))
    assert counts(11) == {"resolved": (8, 10), "due": (8, 10), "workload": (9, 11), "q766": (9, 11)}
    assert counts(12) == {"resolved": (8, 10), "due": (8, 10), "workload": (10, 12), "q766": (9, 12)}
    notes = {d: get("definition", d).note_en for d in DEFINITIONS}
    assert all("handed back or withdrawn" in note for note in notes.values())
    assert all("trả lại hoặc xin rút" in get("definition", d).note_vi for d in DEFINITIONS)
    assert "never late" in notes["workload"] and "left out of both" in notes["resolved"] + notes["due"]
    assert "late after it" in notes["q766"]


def test_paused_and_undated_dossiers_leave_the_rates() -> None:
    # 100 dossiers: 60 in time, 10 late, 12 open within their time, 3 overdue, 10 paused, 5 of unknown timeliness.
    counts = pd.DataFrame(
        {
            "unit": ["A"], "workload": [100], "resolved_within": [60], "resolved_late": [10], "pending_within": [12],
            "pending_overdue": [3], "pending_paused": [10], "undated": [5], "due": [73], "due_within": [60],
        }
    )  # fmt: skip
    rows = resolution_rate(counts, definition="all").set_index("definition")
    assert rows.loc["resolved", ["numerator", "denominator"]].tolist() == [60, 70]
    assert rows.loc["due", ["numerator", "denominator"]].tolist() == [60, 73]
    assert rows.loc["workload", ["numerator", "denominator"]].tolist() == [72, 85]
    assert rows.loc["q766", ["numerator", "denominator"]].tolist() == [72, 85]
    assert rows.loc["workload", "reason"] == "paused_left_out=10;undated_left_out=5"
    assert rows.loc["q766", "reason"] == "derived_q766;paused_left_out=10;undated_left_out=5"
    assert rows.loc[["resolved", "due"], "reason"].tolist() == [
        "derived_resolved;undated_left_out=5",
        "paused_left_out=10;undated_left_out=5",
    ]
    assert (rows.drop("total")["flags"] == "partly_unknown").all() and rows.loc["total", "flags"] == ""
    # Nothing but undated dossiers is no rate at all, not 100%.
    none = pd.DataFrame(
        {"unit": ["A"], "workload": [100], "resolved_late": [0], "pending_overdue": [0], "undated": [100]}
    )
    assert resolution_rate(none, definition="workload")["value"].isna().all()


def test_a_rate_of_mostly_unknown_dossiers_is_not_given() -> None:
    # 40 judged in time, and 41 of which nobody knows: more than half.
    counts = pd.DataFrame({"unit": ["A", "B"], "resolved_within": 36, "resolved_late": 4, "undated": [40, 41]})
    rows = resolution_rate(counts, definition="resolved", by="unit")
    assert rows["value"].tolist()[0] == 0.9 and np.isnan(rows["value"].tolist()[1])
    assert rows["reason"].tolist() == [
        "derived_resolved;undated_left_out=40", "too_many_unknown;undated_left_out=41",
    ]  # fmt: skip
    assert resolution_rate(counts, definition="resolved", by="unit", most_unknown=1)["value"].tolist() == [0.9, 0.9]
    with pytest.raises(ParameterError, match="from 0 to 1"):
        resolution_rate(counts, definition="resolved", most_unknown=50)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.booleans()] * 4), min_size=1, max_size=12), st.data())
def test_forgetting_a_fact_never_makes_a_rate_of_more_dossiers(rows, data) -> None:
    """Unknown is unknown: what is no longer known of a dossier takes it out of numerator and denominator."""
    day = pd.Timestamp("2026-03-02")
    dossiers = pd.DataFrame(
        {
            "unit": "A",
            "received": day,
            "due": [day + pd.Timedelta(days=10)] * len(rows),
            "resolved": [day + pd.Timedelta(days=20 if late else 5) if done else pd.NaT for done, late, _, _ in rows],
            "outcome": ["granted" if done else "paused" if waits else "open" for done, _, waits, _ in rows],
        }
    )
    lost = data.draw(st.integers(0, len(rows) - 1))
    fact = data.draw(st.sampled_from(["due", "outcome"] + (["resolved"] if rows[lost][0] else [])))
    forgotten = dossiers.copy()
    forgotten.loc[lost, fact] = "unknown" if fact == "outcome" else pd.NaT
    whole, part = (
        resolution_rate(count_dossiers(d, as_of="2026-03-31"), definition="all", most_unknown=1).set_index("definition")
        for d in (dossiers, forgotten)
    )
    for name in ("resolved", "due", "workload", "q766"):
        before, after = (np.nan_to_num(r.loc[name, ["numerator", "denominator"]].astype(float)) for r in (whole, part))
        out = before - after
        assert out[1] in (0, 1) and 0 <= out[0] <= out[1], (name, before, after)


def test_the_portal_s_rule_of_supplements_holds_the_paused() -> None:
    counts = pd.DataFrame(
        {
            "unit": ["A", "B"],
            "in_time": [9, 9],
            "out_of_time": [1, 1],
            "pending_paused": [2, 2],
            "supplement": ["q766", "subtract"],
        }
    )
    rates = resolution_rate(counts, definition="q766", by="unit")
    assert rates["reason"].tolist() == ["", "paused_left_out=2"] and rates["value"].tolist() == [0.9, 0.9]


def test_what_the_tally_noted_goes_on() -> None:
    received = pd.to_datetime(["2026-03-02", "2026-03-02", None, "2026-03-02"])
    dossiers = pd.DataFrame(
        {
            "unit": "A",
            "received": received,
            "due": pd.to_datetime(["2026-03-10"] * 4),
            "resolved": pd.to_datetime(["2026-03-10 15:00", "2026-03-09 08:00", "2026-03-09 08:00", None]),
            "outcome": ["granted", "granted", "granted", "not_admitted"],
        }
    )
    by_hour = resolution_rate(count_dossiers(dossiers, as_of="2026-03-31", clock="instant"), definition="resolved")
    assert by_hour["value"].tolist() == [0.5]
    assert by_hour["reason"].tolist() == ["late_by_hour=1;not_received=1;not_admitted=1"]
    by_day = resolution_rate(count_dossiers(dossiers, as_of="2026-03-31"), definition="resolved")
    assert by_day["value"].tolist() == [1.0] and by_day["reason"].tolist() == ["not_received=1;not_admitted=1"]
