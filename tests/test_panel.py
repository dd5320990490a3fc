"""Panels from a register and outcomes: who adopted when, what is missing, what must not be put together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch import build_panel, feasibility, impact, resolution_rate, wording
from dvresearch.errors import DataError, ParameterError
from dvresearch.examples import communes, models

UNITS = ("Xã An Mẫu", "Xã Bình Mẫu", "Xã Cát Mẫu", "Xã Đông Mẫu")


def days(*values):
    return pd.to_datetime(list(values))


def register(**changes):
    rows = {
        "model": ["m1", "m2", "m3"],
        "unit": [UNITS[0], UNITS[0], UNITS[1]],
        "field": ["economy", "culture_society", "economy"],
        "registered_on": days("2021-11-20", "2022-12-01", "2023-01-10"),
        "start": days("2022-02-01", "2023-01-15", "2023-06-30"),
        "stop": days("2022-12-31", None, None),
    }
    return pd.DataFrame(rows | changes)


def outcomes(periods=("2021", "2022", "2023"), units=UNITS, **columns):
    rows = [(u, p, 0.8 + 0.01 * i + 0.001 * j) for i, u in enumerate(units) for j, p in enumerate(periods)]
    table = pd.DataFrame(rows, columns=["unit", "period", "value"])
    return table.assign(**{"indicator": "on_time", "definition": "resolved", "basis": "census"} | columns)


def cell(panel, unit, period):
    return panel[(panel["unit"] == unit) & (panel["period"].astype(str) == period)].iloc[0]


def test_who_adopted_when():
    panel = build_panel(register(), outcomes())
    first, second, third = (cell(panel, UNITS[i], "2023") for i in (0, 1, 2))
    assert [str(r["adopted"]) for r in (first, second)] == ["2022", "2023"]
    assert pd.isna(third["adopted"]) and pd.isna(third["event_time"]) and third["dose"] == 0
    assert (first["event_time"], second["event_time"]) == (1, 0)
    assert (first["field"], second["field"]) == ("economy", "economy")
    assert str(first["adopted_culture_society"]) == "2023" and pd.isna(second["adopted_culture_society"])
    assert str(first["registered"]) == "2021" and first["basis"] == "census"
    assert len(panel) == 12 and panel["observed"].all()
    assert panel.set_index(["unit", "period"])["on_time"].to_numpy() == pytest.approx(outcomes()["value"])


def test_dose_counts_the_models_that_run_in_the_period():
    panel = build_panel(register(), outcomes())
    assert panel[panel["unit"] == UNITS[0]]["dose"].tolist() == [0, 1, 1]  # one stops as the other starts
    panel = build_panel(register(stop=days(None, None, None)), outcomes())
    assert panel[panel["unit"] == UNITS[0]]["dose"].tolist() == [0, 1, 2]


def test_two_fields_at_once():
    panel = build_panel(register(start=days("2022-02-01", "2022-03-01", "2023-06-30")), outcomes())
    assert cell(panel, UNITS[0], "2021")["field"] == "several"


@pytest.mark.parametrize(
    ("periods", "adopted"),
    [
        (("2022-01", "2022-02", "2022-03"), "2022-02"),
        (("2021-Q4", "2022-Q1", "2022-Q2"), "2022Q1"),
        ((2021, 2022, 2023), "2022.0"),
        (("quý 4/2021", "quý 1/2022", "quý 2/2022"), "2022Q1"),
        ((202112, 202201, 202202), "2022-02"),
        ((20214, 20221, 20222), "2022Q1"),
        (("T01/2022", "T02/2022", "T03/2022"), "2022-02"),
        (pd.to_datetime(["2022-01-31", "2022-02-28", "2022-03-31"]), "2022-02"),
    ],
)
def test_adoption_is_the_period_that_contains_the_day(periods, adopted):
    panel = build_panel(register(), outcomes(periods))
    assert str(panel["adopted"].iloc[0]) == adopted
    assert 0 in panel[panel["unit"] == UNITS[0]]["event_time"].tolist()
    assert panel[panel["unit"] == UNITS[0]]["event_time"].diff().dropna().eq(1).all()


def test_gaps_are_rows_without_outcome():
    table = outcomes(("2020", "2021", "2023"))
    panel = build_panel(register(), table[table.index != 4])
    assert len(panel) == 4 * 4
    assert panel.groupby("period")["observed"].sum().tolist() == [4, 3, 0, 4]
    assert panel.loc[~panel["observed"], "on_time"].isna().all()


def test_denominators_come_along():
    panel = build_panel(register(), outcomes(denominator=50.0))
    assert (panel["on_time_n"] == 50).all()
    two = pd.concat([outcomes(), outcomes(indicator="satisfied", definition="top2")])
    assert {"on_time", "satisfied"} <= set(build_panel(register(), two))


def test_counts_of_a_tally_are_outcomes():
    tally = outcomes().drop(columns=["indicator", "value", "definition"]).assign(received=100, resolved=90.0)
    panel = build_panel(register(), tally)
    assert (panel["received"] == 100).all() and (panel["resolved"] == 90).all()
    with pytest.raises(DataError, match="hai dòng"):
        build_panel(register(), pd.concat([tally, tally]))


def test_respondents_stay_rows():
    rng = np.random.default_rng(0)
    answers = pd.DataFrame({"unit": rng.choice(UNITS, 50), "period": rng.choice(["2021", "2022"], 50)})
    panel = build_panel(register(), answers.assign(score=rng.normal(size=50)))
    assert len(panel) == 50 and panel["score"].notna().all()
    assert str(panel.loc[panel["unit"] == UNITS[0], "adopted"].iloc[0]) == "2022"


def test_copies_of_a_model_count_once():
    twice = pd.concat([register(), register()[:1]], ignore_index=True)
    pd.testing.assert_frame_equal(build_panel(twice, outcomes()), build_panel(register(), outcomes()))
    with pytest.raises(DataError, match="hai nội dung") as caught:
        build_panel(register(model=["m1", "m1", "m3"]), outcomes())
    assert "dòng/row 1" in str(caught.value)


def test_a_stop_before_the_start_is_refused():
    with pytest.raises(DataError, match="dừng trước khi bắt đầu") as caught:
        build_panel(register(stop=days("2021-12-31", None, None)), outcomes())
    assert "2022-02-01 > 2021-12-31" in str(caught.value)


def test_a_model_without_date_is_neither_adopter_nor_comparison():
    table = register(start=days("2022-02-01", None, None))
    with pytest.raises(DataError, match="không có ngày"):
        build_panel(table, outcomes())
    panel = build_panel(table, outcomes(), undated="drop")
    assert UNITS[1] not in set(panel["unit"]) and str(panel["adopted"].iloc[0]) == "2022"


def test_adoption_may_be_another_day_of_the_register():
    panel = build_panel(register(), outcomes(), adoption="registered_on")
    assert str(panel["adopted"].iloc[0]) == "2021"
    with pytest.raises(ParameterError):
        build_panel(register(), outcomes(), adoption="recognised_on")


def test_names_are_matched_as_people_write_them():
    panel = build_panel(register(unit=["xã an mẫu", "XÃ AN MẪU ", "Xa Binh Mau"]), outcomes())
    assert panel.groupby("unit")["adopted"].first().notna().sum() == 2
    with pytest.raises(DataError, match="không có trong bảng chỉ tiêu") as caught:
        build_panel(register(unit=[*UNITS[:2], "Xã Cũ"]), outcomes())
    assert "Xã Cũ" in str(caught.value) and "successors" in str(caught.value)
    panel = build_panel(register(unit=[*UNITS[:2], "Xã Cũ"]), outcomes(), successors={"xã cũ": UNITS[3]})
    assert str(cell(panel, UNITS[3], "2021")["adopted"]) == "2023"


def test_one_name_of_two_communes():
    table = outcomes(unit_version="34", unit_level="commune", parent_code="64")
    table["unit_code"] = table["unit"].map({u: str(i) for i, u in enumerate(UNITS)})
    table["unit"] = table["unit"].replace(UNITS[3], UNITS[0])
    with pytest.raises(DataError, match="chỉ hơn một đơn vị"):
        build_panel(register(), table)
    panel = build_panel(register(unit=[f"{UNITS[0]} (3)"] * 2 + [UNITS[1]]), table)
    assert panel["unit"].nunique() == 4
    assert str(cell(panel, f"{UNITS[0]} (3)", "2021")["adopted"]) == "2022"
    assert pd.isna(cell(panel, f"{UNITS[0]} (0)", "2021")["adopted"])


def test_dates_that_are_text_are_day_month_year(recwarn) -> None:
    months = [f"2022-{m:02}" for m in range(1, 7)]
    text = register(start=["05/03/2022", "13/04/2022", "2022-06-01"], stop=["31/05/2022", None, ""])
    panel = build_panel(text, outcomes(months))
    assert [str(cell(panel, u, "2022-01")["adopted"]) for u in UNITS[:2]] == ["2022-03", "2022-06"]
    assert panel[panel["unit"] == UNITS[0]]["dose"].tolist() == [0, 0, 1, 2, 2, 1]
    assert not recwarn.list
    for wrong in ("03/13/2022", "hôm nay"):
        with pytest.raises(DataError, match=r"row 1, cột/column start[\s\S]*load_models"):
            build_panel(text.replace({"start": {"13/04/2022": wrong}}), outcomes(months))


def test_a_register_without_stops_is_one_whose_models_run_on(tmp_path) -> None:
    never = build_panel(register(stop=days(None, None, None)), outcomes())
    register().drop(columns="stop").to_csv(tmp_path / "models.csv", index=False)
    written = pd.read_csv(tmp_path / "models.csv", encoding="utf-8")
    for table in (register().drop(columns="stop"), register(stop=np.nan), written):
        pd.testing.assert_frame_equal(build_panel(table, outcomes()), never)


@pytest.mark.parametrize("periods", [("2021", "2022"), (2021, 2022)])
def test_units_whose_models_have_no_date_are_dropped_to_the_last(periods) -> None:
    undated = register(unit=UNITS[0], start=pd.NaT)
    panel = build_panel(undated, outcomes(periods), undated="drop")
    assert set(panel["unit"]) == set(UNITS[1:]) and panel["adopted"].isna().all() and (panel["dose"] == 0).all()
    with pytest.raises(DataError, match="không có ngày"):
        build_panel(undated, outcomes(periods, UNITS[:1]), undated="drop")


SCORES = outcomes().drop(columns=["indicator", "definition", "value"])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (outcomes((2021.0, np.nan, 2023.0)), r"Cột period có ô trống[\s\S]*row 2"),
        (outcomes(("2021", None, "2023")), r"Cột period có ô trống[\s\S]*row 2"),
        (outcomes().assign(unit=outcomes()["unit"].mask(outcomes()["unit"] == UNITS[2])), "Cột unit có ô trống"),
        (outcomes()[:0], "không có dòng"),
        (outcomes(unit="(tất cả)"), "không có dòng"),
        ([1, 2], "không phải một bảng"),
        (outcomes().drop(columns="period"), "thiếu cột period"),
        (outcomes().drop(columns="value"), "thiếu cột value"),
        (outcomes(value="7,0"), "Có chữ trong cột số"),
        (SCORES.assign(received="7"), "Có chữ trong cột số"),
        (SCORES.assign(score="7,0", weight=1.0), "Cột score chứa số ghi bằng chữ"),
        (SCORES.assign(score=["7"] * 11 + ["vắng"], weight=1.0), "Cột score chứa số ghi bằng chữ"),
        (SCORES, "không có cột chỉ tiêu"),
        (outcomes(days("2022-01-01", "2022-02-15")), r'dt\.to_period\("M"\)'),
        (outcomes(("2022-01-15", "2022-02-15")), r'dt\.to_period\("M"\)'),
        (outcomes((1, 2, 3)), "không phải năm"),
        (outcomes((2018.5, 2019.5, 2020.5)), r"không phải số nguyên[\s\S]*Got: 2018.5"),
        (SCORES.assign(score=7.0, observed=1), "trùng tên cột của bảng kết quả: observed"),
        (SCORES.assign(score=7.0, adopted=2022), "trùng tên cột của bảng kết quả: adopted"),
        (SCORES.assign(score=7.0, adopted_economy=2022, dose=1), "kết quả: adopted_economy, dose"),
        (outcomes(indicator="event_time"), "kết quả: event_time"),
        (SCORES.assign(dossiers_in_time_share=85.0), r"nằm ngoài 0-1[\s\S]*Divide by 100"),
        (outcomes(indicator="dossiers_in_time_share", value=[0.5, *[85.0] * 11]), r"nằm ngoài 0-1[\s\S]*row 2"),
        (pd.concat([SCORES.assign(score=7.0)] * 2, axis=1)[["unit", "period", "score"]], "nhiều cột cùng tên"),
    ],
)
def test_outcomes_that_would_vanish_are_refused(table, said) -> None:
    with pytest.raises(DataError, match=said) as caught:
        build_panel(register(), table)
    assert "What to do" in str(caught.value)


def test_codes_that_are_text_are_no_outcomes() -> None:
    panel = build_panel(register(), SCORES.assign(score=7.5, parent_code="64", respondent="12", district="064"))
    assert (panel["score"] == 7.5).all() and "district" not in panel


def test_codes_that_are_numbers_are_no_outcomes() -> None:
    """As pandas reads them from any CSV. Witness: the same table with codes that are text."""
    codes = {"unit_code": SCORES["unit"].map({u: i + 10 for i, u in enumerate(UNITS)}), "parent_code": 64}
    for table in (SCORES.assign(score=7.5), SCORES.assign(received=7), outcomes()):
        numbers = build_panel(register().assign(unit_code=[10, 10, 11], parent_code=64), table.assign(**codes))
        words = build_panel(register(), table.assign(**codes).astype({"unit_code": str, "parent_code": str}))
        pd.testing.assert_frame_equal(numbers.astype({"unit_code": str, "parent_code": str}), words)


def test_a_panel_is_not_given_back_as_outcomes() -> None:
    panel = build_panel(register(), SCORES.assign(score=7.5))
    with pytest.raises(DataError, match="event_time, dose") as caught:
        build_panel(register(), panel)
    hint = str(caught.value).rsplit("What to do: ", 1)[1]
    assert "table.drop(columns=['event_time', 'dose'])" in hint
    assert (build_panel(register(), panel.drop(columns=["event_time", "dose"]))["score"] == 7.5).all()


def test_arguments_that_cannot_be_are_refused() -> None:
    table = outcomes()
    for wrong in (["Xã Cũ"], pd.DataFrame({"Xã Cũ": [UNITS[0]]})):
        with pytest.raises(ParameterError, match=r"dict\(zip\(old, new\)\)"):
            build_panel(register(), table, successors=wrong)
    with pytest.raises(DataError, match=r'drop\(columns="unit"\)'):
        build_panel(register(), table.assign(xa=table["unit"]), unit="xa")
    with pytest.raises(ParameterError, match="Tên cột phải là một chuỗi"):
        build_panel(register(), table, period=["period"])
    for twice in (pd.concat([register(), register()[["start"]]], axis=1), [1, 2]):
        with pytest.raises(DataError, match=r"nhiều cột cùng tên start|không phải một bảng"):
            build_panel(twice, table)


def test_messages_show_the_cell_where_rows_repeat_their_number() -> None:
    again = pd.concat([register(), register(stop=days(None, None, None))])
    with pytest.raises(DataError, match=r"hai nội dung[\s\S]*Got: m1\n"):
        build_panel(again, outcomes())
    stopped = pd.concat([register(), register(model=["m4", "m5", "m6"], stop=days(*["2021-01-01"] * 3))])
    with pytest.raises(DataError, match=r"Got: 2022-02-01 > 2021-01-01\n"):
        build_panel(stopped, outcomes())


PLACES = {"unit_level": "province", "indicator": "dossiers_received", "definition": "", "numerator": np.nan}


def provinces(version, units, years, value):
    table = outcomes(years, tuple(units), unit_version=version, **PLACES).assign(value=value, flags="", source="s")
    return table.assign(unit_code=table["unit"].map(units), denominator=np.nan)


def test_merged_provinces_are_added_up_and_their_models_follow():
    old = provinces("63", {"Tỉnh Quảng Ngãi": "51", "Tỉnh Kon Tum": "62"}, ("2023", "2024"), 10.0)
    new = provinces("34", {"Tỉnh Quảng Ngãi": "51"}, ("2025",), 25.0)
    table = pd.concat([old, new])
    table_of_models = register(unit=["Kon Tum"] * 3, start=days(*["2024-02-01"] * 3), stop=days(*[None] * 3))
    panel = build_panel(table_of_models, table)
    assert set(panel["unit"]) == {"Quảng Ngãi"} and panel["dossiers_received"].tolist() == [20.0, 20.0, 25.0]
    assert str(panel["adopted"].iloc[0]) == "2024"
    rates = table.assign(indicator="dossiers_in_time_share", value=0.9)
    with pytest.raises(DataError):
        build_panel(table_of_models, rates)


@pytest.mark.parametrize(
    "columns",
    [
        {"unit_level": ["province", "commune"] * 6},
        {"unit_level": "commune", "unit_version": ["63", "34"] * 6},
        {"definition": ["resolved", "due"] * 6},
        {"part": ["", "cấp xã"] * 6},
        {"period": ["2021", "2022-Q1"] * 6},
    ],
)
def test_mixed_units_are_refused(columns):
    with pytest.raises(DataError):
        build_panel(register(), outcomes(**columns))


def test_from_tally_to_estimate():
    """The whole way, on a synthetic register: panel of quarters, then an honest refusal or an estimate."""
    places = communes(40, seed=1)
    table, _ = models(25, places, seed=2)
    rng = np.random.default_rng(3)
    tally = pd.DataFrame(
        [(u, f"2025-{m:02}", 200, rng.integers(150, 200)) for u in places["unit"] for m in range(1, 13)],
        columns=["unit", "period", "resolved", "resolved_within"],
    )
    rates = resolution_rate(tally, by=["unit", "period"], definition="resolved")
    panel = build_panel(table, rates)
    indicator = rates["indicator"].iloc[0]
    assert panel.attrs == {} and len(panel) == 40 * 12
    found = impact(panel, outcome=indicator, draws=99)
    overall = found[found["effect"] == "overall"].iloc[0]
    assert overall["basis"] == "census" or overall["basis"] == "unknown"
    assert abs(overall["value"]) < 4 * overall["std_error"]  # nothing was put in


def test_models_that_stopped_stay_adopters_and_are_counted() -> None:
    """Witness: the same register without the stops, and the number of stops put in that fall within the panel."""
    names = [f"Xã Mẫu {i}" for i in range(16)]
    years = [str(y) for y in range(2018, 2024)]
    noise = np.random.default_rng(1).normal(size=16 * 6)
    scores = outcomes(years, names).drop(columns=["indicator", "definition"]).rename(columns={"value": "score"})
    scores["score"] += noise
    table = pd.DataFrame({"unit": names[:8], "start": pd.Timestamp(2020, 3, 1)})
    stops = days("2021-06-01", "2022-01-15", "2023-02-01", *[None] * 5)  # the last runs in the last year of the panel
    stopped, kept = (build_panel(t, scores) for t in (table.assign(stop=stops), table))
    ours, plain = (impact(p, outcome="score", draws=19) for p in (stopped, kept))
    assert ours["value"].tolist() == plain["value"].tolist()
    whole = ours["effect"].str.startswith("overall")
    assert ours.loc[whole, "reason"].str.split(";").map(lambda r: "stopped=2" in r).all()
    assert not plain["reason"].str.contains("stopped").any()
    told = feasibility(stopped, outcome="score").set_index("check").loc["left_out"]
    assert told["verdict"] == "review" and "vẫn tính là có mô hình: 2" in told["guidance_vi"]
    assert "(2)" in wording.describe_impact(ours, lang="vi")[0].split("Lưu ý: ")[1]
