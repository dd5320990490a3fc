"""Plan targets and coverage against Bạc Liêu 2019 and Lai Châu 2018, and edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from dvresearch.codebook import get
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import load_figures
from dvresearch.metrics.plans import OUTCOMES, attainment, attainment_shares, coverage
from dvresearch.tables import ESTIMATES, check


def plan(planned, result, **columns) -> pd.DataFrame:
    names = [f"chỉ tiêu {i + 1}" for i in range(len(planned))]
    return pd.DataFrame(
        {"unit": "A", "period": "2019", "indicator": names, "planned": planned, "result": result, **columns}
    )


def test_houses_of_bac_lieu():
    # Báo Bạc Liêu, 28 September 2020: 249 of 309 planned houses by the end of 2019.
    row = attainment(plan([309.0], [249.0])).iloc[0]
    assert round(100 * row["value"], 2) == 80.58 and row["target_outcome"] == "not_met"
    assert (row["numerator"], row["denominator"], row["reason"]) == (249, 309, "not_sampled")


def test_outcomes():
    table = plan([10.0, 10.0, 10.0, 0.0, 0.0, np.nan, 10.0], [12.0, 10.0, 9.5, 3.0, 0.0, 5.0, np.nan])
    rows = attainment(table)
    assert rows["target_outcome"].tolist() == ["exceeded", "met", "not_met", "exceeded", "met", "", ""]
    assert rows["value"].tolist()[:3] == [1.2, 1.0, 0.95] and rows["value"].isna().sum() == 4
    assert rows["reason"].tolist()[3:] == ["zero_denominator"] * 2 + ["no_counts"] * 2
    assert list(rows.columns) == ["unit", "period", "target_name", "target_outcome", *ESTIMATES.names]
    check(rows, ESTIMATES)


def test_targets_that_are_to_stay_low():
    table = plan([5.0, 5.0], [4.0, 4.0])
    assert attainment(table, lower_is_better=["chỉ tiêu 1"])["target_outcome"].tolist() == ["exceeded", "not_met"]
    with pytest.raises(ParameterError, match="chỉ tiêu 9"):
        attainment(table, lower_is_better=["chỉ tiêu 9"])


def test_24_targets_of_bac_lieu_10_exceeded_14_met():
    # The article prints the counts only; the single targets here are made up to give them.
    rows = attainment_shares(plan([10.0] * 24, [11.0] * 10 + [10.0] * 14)).set_index("indicator")
    assert rows["numerator"].to_dict() == {
        "plan_targets_met_share": 24,
        "plan_targets_exceeded_share": 10,
        "plan_targets_not_met_share": 0,
    }
    assert (rows["denominator"] == 24).all() and set(rows["basis"]) == {"census"}
    published = load_figures(source="baclieu-2020").set_index("indicator")["value"]
    assert published["plan_targets_exceeded"] + published["plan_targets_met"] == published["plan_targets"] == 24


def test_shares_by_group_leave_no_partial_sum():
    table = plan([1.0, 1.0, 1.0], [2.0, 0.5, np.nan], unit=["A", "A", "B"])
    rows = attainment_shares(table, by="unit").set_index(["unit", "indicator"])
    assert rows.loc[("A", "plan_targets_met_share"), "value"] == 0.5
    assert rows.loc[("A", "plan_targets_not_met_share"), "value"] == 0.5
    assert rows.loc[("B", "plan_targets_met_share"), "reason"] == "no_numerator"
    assert rows.index.tolist()[:3] == [("A", i) for i in rows.index.get_level_values(1)[:3]]


def test_coverage_of_lai_chau():
    # Ban Dân vận tỉnh Lai Châu 2018: one-stop in 20 of 20 departments, 8 of 8 districts, 108 of 108 communes.
    figures = load_figures(source="laichau-2018")
    shops = figures[figures["indicator"].str.startswith("one_stop_")]
    rows = coverage(shops, numerator="numerator", denominator="denominator", by="period_start")
    assert rows["value"].tolist() == [1.0]
    each = shops.rename(columns={"indicator": "body"})
    rows = coverage(each, numerator="numerator", denominator="denominator", by="body")
    assert rows["denominator"].tolist() == [20, 8, 108] and set(rows["flags"]) == {"ceiling"}
    assert set(rows["basis"]) == {"census"} and (rows["upper"] == 1).all()
    for row in rows.itertuples():
        lower, _ = proportion_confint(row.numerator, row.denominator, method="wilson")
        assert row.lower == pytest.approx(lower, abs=1e-12)


def test_refusals():
    with pytest.raises(DataError, match="planned"):
        attainment(pd.DataFrame({"unit": ["A"], "period": ["2019"], "indicator": ["x"], "result": [1.0]}))
    with pytest.raises(DataError, match="Có chữ"):
        attainment(plan(["một trăm"], [1.0]))
    with pytest.raises(DataError, match="x ≤ n"):
        coverage(pd.DataFrame({"x": [9], "n": [8]}), numerator="x", denominator="n")


def test_words_are_in_the_codebook():
    assert all(get("value", f"target_outcome.{o}") for o in OUTCOMES)
    rows = pd.concat([attainment_shares(plan([1.0], [1.0])), attainment(plan([1.0], [1.0]))])
    assert all(get("indicator", i) for i in rows["indicator"]) and all(get("definition", d) for d in rows["definition"])
    for column in ("target_name", "target_outcome"):
        assert get("column", column)


def test_direction_and_the_office_s_own_judgement() -> None:
    # Poor households left: 52 of at most 45 is not met, 40 of 45 is. "Đạt" may stand for exceeded as well.
    targets = pd.DataFrame(
        {
            "unit": "A",
            "period": "2026",
            "indicator": ["hộ nghèo", "hộ nghèo khác", "nhà ở", "không ghi chiều", "không đánh giá"],
            "planned": [45.0, 45.0, 100.0, 45.0, 10.0],
            "result": [52.0, 40.0, 120.0, 52.0, 9.0],
            "direction": ["lower", "lower", "higher", None, None],
            "judged": ["not_met", "exceeded", "met", "not_met", None],
        }
    )
    rows = attainment(targets)
    assert rows["target_outcome"].tolist() == ["not_met", "exceeded", "exceeded", "", "not_met"]
    assert rows["reason"].tolist()[3] == "judged_otherwise" and rows["reason"].tolist()[0] == "not_sampled"
    # A contradiction stops the number of the whole plan.
    assert attainment_shares(targets)["value"].isna().all()
    told = attainment_shares(targets, lower_is_better=["không ghi chiều"]).set_index("indicator")
    assert told.loc["plan_targets_met_share", ["numerator", "denominator"]].tolist() == [2, 5]


def test_the_name_tells_the_direction_where_the_table_does_not() -> None:
    # Overdue dossiers 3.5% of at most 2%: not met. Settling what is overdue is work: no outcome.
    table = plan([2.0, 10.0, 45.0, 100.0, 5.0], [3.5, 12.0, 40.0, 100.0, 5.0])
    table["indicator"] = [
        *("Tỷ lệ hồ sơ giải quyết quá hạn (%)", "Số đơn tồn đọng được giải quyết", "Số hộ nghèo còn lại"),
        *("Tỷ lệ trẻ em dưới 5 tuổi được tiêm chủng", "Số buổi đối thoại"),
    ]
    rows = attainment(table)
    assert rows["target_outcome"].tolist() == ["not_met", "", "exceeded", "met", "met"]
    assert rows["reason"].tolist()[1] == "direction_unclear"
    assert attainment_shares(table)["reason"].eq("no_numerator").all()
    stated = attainment(table.assign(direction=["lower", "higher", None, None, None]))
    assert stated["target_outcome"].tolist()[:2] == ["not_met", "exceeded"]


def test_exceeded_by_the_office_but_only_reached_is_a_contradiction() -> None:
    rows = attainment(plan([10.0, 10.0], [10.0, 11.0], judged=["exceeded", "met"]))
    assert rows["target_outcome"].tolist() == ["", "exceeded"]
