"""Stages of models: shares from published counts and from a register; how long models run."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from dvresearch import examples, funnel, load_figures, wording
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.effects.stages import running_share, stages
from dvresearch.tables import ESTIMATES, STAGES, check


@pytest.fixture(scope="module")
def published():
    return stages(load_figures())


@pytest.fixture(scope="module")
def register():
    return examples.models(400, examples.communes(15))[0]


def of(table: pd.DataFrame, **keys: str) -> pd.Series:
    for column, word in keys.items():
        table = table[table[column] == word]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize(
    ("unit", "part", "stage", "reached", "base", "percent"),
    [
        # percentages as printed by the sources
        ("Bà Rịa - Vũng Tàu", "", "effective", 1808, 2071, 87.3),
        ("huyện U Minh Thượng", "", "recognised", 266, 332, 80.1),
        ("huyện U Minh Thượng", "", "replicated", 39, 266, 14.7),
        ("huyện U Minh Thượng", "cá nhân", "recognised", 15, 16, 93.8),
        ("huyện Chợ Đồn", "", "exemplary", 55, 123, 44.7),
        ("huyện Chợ Đồn", "", "proposed_award", 18, 55, 32.7),
    ],
)
def test_published_counts(published, unit, part, stage, reached, base, percent) -> None:
    period = {"period": "2021"} if unit.startswith("Bà Rịa") else {}
    row = of(published, unit=unit, part=part, stage=stage, **period)
    assert (row["numerator"], row["denominator"]) == (reached, base)
    assert round(100 * row["value"] + 1e-9, 1) == percent
    assert row["lower"] < row["value"] < row["upper"]


def test_counts_without_a_stage_are_compared_with_none(published) -> None:
    alone = published[published["stage"].isin(["total", "government"])]
    units = {"huyện Chư Păh", "huyện Đam Rông", "Thái Nguyên", "huyện Yên Phong"}
    assert set(alone["unit"]) == units and (alone["reason"] == "stage_not_told").all()
    assert alone["value"].isna().all() and alone["numerator"].sum() == 274 + 194 + 80 + 71 + 61 + 10 + 6496 + 20


def test_base_first_compares_with_registration() -> None:
    row = of(stages(load_figures(), base="first"), unit="huyện U Minh Thượng", part="", stage="replicated")
    assert (row["numerator"], row["denominator"], row["of_stage"]) == (39, 332, "registered")


def test_a_larger_later_count_has_no_share() -> None:
    figures = load_figures(unit="huyện U Minh Thượng").replace({"value": {266.0: 400.0}})
    row = of(stages(figures), part="", stage="recognised")
    assert np.isnan(row["value"]) and row["reason"] == "above_base" and row["denominator"] == 332


def test_register_counts_models_at_both_stages(register) -> None:
    skipped = register.copy()
    skipped.loc[skipped.index[:40], "recognised_on"] = pd.NaT
    table = stages(skipped, by="field").set_index(["field", "stage"])
    for (field, stage), row in table.iterrows():
        models = [m for m in skipped.to_dict("records") if m["field"] == field]
        reached = [m for m in models if pd.notna(m[f"{stage}_on"])]
        if row["of_stage"]:
            base = [m for m in models if pd.notna(m[f"{row['of_stage']}_on"])]
            both = [m for m in base if pd.notna(m[f"{stage}_on"])]
            assert (row["numerator"], row["denominator"]) == (len(both), len(base))
        else:
            assert row["numerator"] == len(reached) and row["reason"] == "first_stage"


def test_register_with_the_last_stage_only(register) -> None:
    last = register.drop(columns=[f"{s}_on" for s in STAGES])
    columns = ["stage", "numerator", "denominator", "value"]
    pd.testing.assert_frame_equal(stages(last)[columns], stages(register)[columns])


def test_a_stage_nobody_recorded_has_no_row() -> None:
    last = ["registered", "recognised", "recognised", "replicated", "replicated"]
    table = stages(pd.DataFrame({"unit": list("abcde"), "stage": last}))
    assert table["stage"].tolist() == ["registered", "recognised", "replicated"]
    assert table["numerator"].tolist() == [5, 4, 2] and table["denominator"].tolist()[1:] == [5, 4]


def test_dates_that_are_text_are_day_month_year() -> None:
    dates = {"registered_on": ["05/03/2022", "2022-03-05"], "recognised_on": ["13/04/2023", ""]}
    table = stages(pd.DataFrame({"unit": ["a", "b"], **dates}), by="year")
    assert table["year"].tolist() == [2022, 2022] and table["numerator"].tolist() == [2, 1]
    text = pd.DataFrame({"unit": ["a", "b"], "start": ["01/02/2022", "05/03/2022"], "stop": ["03/02/2022", None]})
    row = running_share(text, as_of="10/03/2022").iloc[0]
    assert (row["days"], row["value"], row["n"]) == (2, 0.5, 2)  # 1 to 3 February; the other has run for five days
    with pytest.raises(DataError, match=r"không phải là một ngày[\s\S]*row 1, cột/column start"):
        running_share(text.replace({"start": {"05/03/2022": "hôm qua"}}), as_of="2022-03-06")


@pytest.mark.parametrize("day", ["05/03/2025", "2025-03-05", "5.3.2025", pd.Timestamp(2025, 3, 5), date(2025, 3, 5)])
def test_as_of_is_day_month_year(register, day) -> None:
    fifth_of_march = running_share(register, as_of=pd.Timestamp("2025-03-05"))
    pd.testing.assert_frame_equal(running_share(register, as_of=day), fifth_of_march)


@pytest.mark.parametrize("day", ["hôm nay", "03/25/2025", None, pd.NaT, 2025, ""])
def test_what_is_no_day_is_refused(register, day) -> None:
    with pytest.raises(ParameterError, match=r"as_of không phải một ngày[\s\S]*Write as_of="):
        running_share(register, as_of=day)


def test_estimates_keep_the_contract_and_can_be_told(published, register) -> None:
    for table in (published, stages(register, by=["owner_type", "year"]), running_share(register, as_of="2026-06-30")):
        check(table, ESTIMATES)
        assert all(wording.describe(table, lang) for lang in ("vi", "en"))


def test_communes_differ_no_more_than_chance_when_they_do_not(register) -> None:
    table = stages(register, by="unit").query("stage == 'effective'")
    assert (funnel(table, dispersion="additive")["position"] != "below998").all()


def test_a_model_listed_twice_is_refused(register) -> None:
    twice = pd.concat([register, register.iloc[:2]])
    for call in (lambda: stages(twice), lambda: running_share(twice, as_of="2026-01-01")):
        with pytest.raises(DataError, match=r"hai lần[\s\S]*\+1"):
            call()


def test_wrong_questions_are_refused(register) -> None:
    with pytest.raises(ParameterError, match="nowhere"):
        stages(register, by="nowhere")
    for call in (lambda: stages([1]), lambda: running_share([1], as_of="2026-01-01")):
        with pytest.raises(DataError, match="không phải một bảng"):
            call()
    with pytest.raises(DataError, match="bậc"):
        stages(register[["model", "unit"]])
    figures = load_figures(unit="huyện U Minh Thượng")
    with pytest.raises(DataError, match="cùng một bậc"):
        stages(figures, by="unit")


def test_running_share_equals_r(validation) -> None:
    folder = validation("survival_aml")
    data, expected = pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text())
    start = pd.Timestamp(2020, 1, 1)
    stop = (start + pd.to_timedelta(data["time"], "D")).where(data["status"] == 1)
    unknown = start + pd.to_timedelta(data["time"], "D")
    frame = pd.DataFrame({"unit": "A", "group": data["x"], "start": start, "stop": stop.fillna(unknown)})
    frame["stop_reason"] = np.where(data["status"] == 1, "no_people", "completed")
    got = running_share(frame, as_of="2021-01-01", by="group", stop_reasons=["no_people"])
    got = got.set_index(["group", "days"])
    steps = [s for s in expected["steps"] if s["n_event"] and s["surv"] > 0]
    assert len(steps) == 15
    for s in steps:
        row = got.loc[(s["strata"].removeprefix("x="), s["time"])]
        assert row["n"] == s["n_risk"]
        assert row[["value", "std_error"]].tolist() == pytest.approx([s["surv"], s["se"]], abs=1e-9)
        assert row[["lower", "upper"]].tolist() == pytest.approx([s["low"], s["high"]], abs=1e-9)


def test_models_still_running_are_followed_to_the_day_of_the_register() -> None:
    day = pd.Timestamp(2025, 1, 1)
    frame = pd.DataFrame(
        {"unit": "A", "start": [day] * 4 + [pd.NaT], "stop": [pd.Timestamp(2025, 3, 2), *[pd.NaT] * 4]}
    )
    row = running_share(frame, as_of="2025-06-30").iloc[0]
    assert (row["days"], row["value"], row["n"], row["reason"]) == (60, 0.75, 4, "partly_missing")
    later = running_share(frame.iloc[:4], as_of="2025-02-01").iloc[0]
    assert (later["days"], later["value"], later["reason"]) == (31, 1, "no_event")


def test_a_stop_before_the_start_is_refused() -> None:
    frame = pd.DataFrame({"unit": ["A", "A"], "start": pd.to_datetime(["2025-01-01", "2025-05-01"])})
    frame["stop"] = pd.to_datetime(["2025-02-01", "2025-04-01"])
    with pytest.raises(DataError, match=r"dừng trước khi bắt đầu[\s\S]*row 2"):
        running_share(frame, as_of="2026-01-01")
    with pytest.raises(DataError, match="ngày dừng"):
        running_share(frame[["unit", "start"]], as_of="2026-01-01")
    with pytest.raises(DataError, match="as_of"):
        running_share(frame.assign(stop=pd.NaT), as_of="2024-01-01")
