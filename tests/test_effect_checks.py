"""Checks of an effect: equal to refits and closed forms, right on provinces whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from dvresearch import examples, feasibility, impact, wording
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.effects.checks import adjusted, impact_checks, pretrend_tests, several_outcomes
from dvresearch.metrics.effects.fitting import fit
from dvresearch.metrics.effects.honest import breakdown, honest_effects, refit, time_weights
from dvresearch.metrics.effects.robustness import influential, one_cohort_out, overall_of, spillover
from dvresearch.metrics.estimates import build
from dvresearch.tables import ESTIMATES, FINDINGS, check

BRIEF = {"top": 0, "honest": (), "draws": 0}


@pytest.fixture(scope="module")
def province():
    return examples.rollout(seed=2)[0]


@pytest.fixture(scope="module")
def fitted(province):
    return fit(province, outcome="synthetic_score")


def verdicts(findings: pd.DataFrame) -> pd.Series:
    return findings.drop_duplicates("check").set_index("check")["verdict"]


def changes(fitted):
    effects = fitted.effects("event_time")
    before = effects.keys["event_time"] < 0
    return effects.value[before], fitted.covariance(effects.influence[:, before])


def test_pretrend_test_is_hotellings(fitted) -> None:
    change, spread = changes(fitted)
    n, k = len(fitted.sample.units), len(change)
    statistic = change @ np.linalg.inv(spread) @ change * (n - k) / (k * (n - 1))
    value, p = pretrend_tests(fitted)["pretrends"]
    assert p == pytest.approx(stats.f.sf(statistic, k, n - k), rel=1e-9)
    assert abs(value) == np.abs(change).max()


def test_placebo_date_equals_a_refit_with_the_date_moved_back(province) -> None:
    one = province[province["adopted"].isna() | (province["adopted"] == 2022)]
    early = one[one["period"] < 2022].assign(adopted=one["adopted"] - 2)
    moved = fit(early, outcome="synthetic_score").effects("overall")
    value, p = pretrend_tests(fit(one, outcome="synthetic_score"))["placebo_date"]
    error = np.sqrt((moved.influence**2).sum())
    assert value == pytest.approx(moved.value[0], abs=1e-10)
    assert p == pytest.approx(2 * stats.t.sf(abs(value) / error, len(moved.influence) - 1), rel=1e-6)


def test_an_unusual_last_year_is_the_difference_from_the_years_before(province) -> None:
    one = province[province["adopted"].isna() | (province["adopted"] == 2022)]
    gap = one[one["adopted"] == 2022].groupby("period")["synthetic_score"].mean()
    gap = gap - one[one["adopted"].isna()].groupby("period")["synthetic_score"].mean()
    value, _ = pretrend_tests(fit(one, outcome="synthetic_score"))["regression_to_mean"]
    assert value == pytest.approx(gap[2021] - gap[[2018, 2019, 2020]].mean(), abs=1e-10)


def test_leaving_a_cohort_out_equals_a_refit(province, fitted) -> None:
    (found,) = one_cohort_out(fitted)
    rest = refit(fitted, province[province["adopted"] != float(found["where"])])
    assert found["computed"] == f"{overall_of(rest)[0]:.3f}"
    both = {g: overall_of(refit(fitted, province[province["adopted"] != g]))[0] for g in (2021, 2022, 2023)}
    farthest = max(both, key=lambda g: abs(both[g] - overall_of(fitted)[0]))
    assert float(found["where"]) == farthest


def test_influence_names_the_place_whose_data_carry_the_result() -> None:
    panel, _ = examples.rollout(effect=0.0, units=60, cohorts=2, seed=4)
    name = panel.loc[panel["adopted"].notna(), "unit"].iloc[0]
    panel.loc[(panel["unit"] == name) & (panel["period"] >= panel["adopted"]), "synthetic_score"] += 500
    found = list(influential(fit(panel, outcome="synthetic_score"), 3))
    assert [f["check"] for f in found] == ["one_place_out", "top_places_out"]
    assert found[0]["where"] == name or found[0]["verdict"] == "review"
    assert abs(float(found[1]["computed"])) < 3 < abs(float(found[1]["stated"]))


def test_spillover_is_a_regression_with_dummies() -> None:
    panel, _ = examples.rollout(spillover=6.0, units=60, seed=9)
    data = fit(panel, outcome="synthetic_score")
    has = (panel["adopted"] <= panel["period"]).astype(float)
    group = has.groupby([panel["district"], panel["period"]])
    share = (group.transform("sum") - has) / (group.transform("size") - 1)
    rows = panel[has == 0]
    x = pd.get_dummies(rows["unit"], dtype=float).join(pd.get_dummies(rows["period"], drop_first=True, dtype=float))
    x.columns = x.columns.astype(str)
    x.insert(0, "share", share[has == 0])
    result = sm.OLS(rows["synthetic_score"], x).fit()
    change, p = spillover(data, "district")
    assert change == pytest.approx(result.params["share"], abs=1e-8)
    assert p < 0.01 and verdicts(impact_checks(data, near="district", **BRIEF))["spillover"] in ("review", "fail")


def test_relative_magnitudes_equal_the_closed_form(fitted) -> None:
    universal = refit(fitted, base="universal")
    effects = universal.effects("event_time")
    times = effects.keys["event_time"].to_numpy()
    largest = np.abs(np.diff(effects.value[times < 0])).max()
    weights = time_weights(universal)
    reach = float(weights @ (weights.index + 1))
    table = honest_effects(fitted, m=[0.0, 0.5, 2.0])
    check(table, ESTIMATES)
    spread = universal.covariance(effects.influence[:, times >= 0])
    error = float(np.sqrt(weights.to_numpy() @ spread @ weights.to_numpy()))
    value = overall_of(fitted)[0]
    quantile = stats.t.ppf(0.975, 199)  # 200 places
    half = table["m"] * largest * reach + quantile * error
    assert table["value"].iloc[0] == pytest.approx(value, abs=1e-12)
    assert table["lower"].to_numpy() == pytest.approx((value - half).to_numpy(), abs=1e-5)
    assert table["upper"].to_numpy() == pytest.approx((value + half).to_numpy(), abs=1e-5)
    falls = (value - quantile * error) / (largest * reach)
    assert breakdown(fitted, "relative_magnitude") == pytest.approx(falls, abs=0.051)


def test_smoothness_without_bend_takes_a_straight_line_off() -> None:
    panel, _ = examples.rollout(effect=3.0, seed=1)
    steady = panel.assign(
        synthetic_score=panel["synthetic_score"] + 2.0 * panel["adopted"].notna() * (panel["period"] - 2018)
    )
    one, other = (
        honest_effects(fit(p, outcome="synthetic_score"), restriction="smoothness", m=[0.0]) for p in (panel, steady)
    )
    limits = ["lower", "upper"]
    assert other[limits].to_numpy() == pytest.approx(one[limits].to_numpy(), abs=1e-6)
    assert other["value"].iloc[0] - one["value"].iloc[0] > 4


def test_without_earlier_periods_nothing_is_claimed() -> None:
    panel, _ = examples.rollout(cohorts=1, periods=3, seed=1)
    data = fit(panel, outcome="synthetic_score")
    found = verdicts(impact_checks(data, near="district", top=0, draws=0))
    assert (
        found[["pretrends", "anticipation", "placebo_date", "pretrends_power", "honest_relative"]] == "unknown"
    ).all()
    assert honest_effects(data)["reason"].eq("no_pretrend").all() and np.isnan(breakdown(data, "smoothness"))


def test_a_panel_that_allows_no_estimate_is_said_to(province) -> None:
    nobody = province[province["adopted"].notna() & (province["adopted"] == 2021)]
    found = impact_checks(fit(nobody, outcome="synthetic_score"))
    assert found[["check", "verdict", "computed"]].to_numpy().tolist() == [
        ["impact_feasibility", "fail", "not_estimable"]
    ]


def test_few_clusters_still_test_single_changes(province) -> None:
    tests = pretrend_tests(
        fit(province[province["district"] < "Huyện Mẫu 0006"], outcome="synthetic_score", cluster="district")
    )
    assert 0 < tests["pretrends"][1] < 1 and 0 < tests["anticipation"][1] < 1
    with pytest.raises(DataError, match="nowhere"):
        impact_checks(fit(province, outcome="synthetic_score"), near="nowhere", **BRIEF)


def test_everything_at_once_on_a_clean_province(province) -> None:
    data = fit(province, outcome="synthetic_score", covariates=["urban"], cluster="district")
    found = impact_checks(data, near="district", top=3, honest=("relative_magnitude",), draws=99)
    check(found, FINDINGS)
    told = verdicts(found)
    assert told["all_checks"] == "pass" and (told != "fail").all()
    assert {"spillover", "placebo_units", "one_cohort_out", "top_places_out", "balance", "overlap"} <= set(told.index)
    assert all(wording.describe_findings(found, lang, words="effect") for lang in ("vi", "en"))
    kept = found.set_index("check").loc["honest_relative"]
    assert kept["computed"].replace(".", ",") in kept["guidance_vi"] and kept["computed"] in kept["guidance_en"]


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_clean_provinces_are_seldom_rejected(control, rounds) -> None:
    draws, rejected, clear = rounds(3, 500), 0, 0
    for seed in range(draws):
        data = fit(examples.rollout(effect=0.0, units=120, seed=seed)[0], outcome="synthetic_score", control=control)
        found = impact_checks(data, near="district", **BRIEF)
        rejected += verdicts(found)["all_checks"] == "fail"
        row = dict(zip(("value", "lower", "upper"), overall_of(data), strict=True))
        clear += (
            wording.impact_verdict({**row, "definition": "att_never", "indicator": "synthetic_score"}, found) == "clear"
        )
    assert rejected / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert clear / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def test_models_that_went_to_the_improving_are_found_out(rounds) -> None:
    draws, told = rounds(4, 500), 0
    for seed in range(draws):
        data = fit(
            examples.rollout(effect=0.0, selection="trend", seed=seed)[0], outcome="synthetic_score", base="universal"
        )
        wide = honest_effects(data, m=[1.0]).iloc[0]
        rejects = verdicts(impact_checks(data, **BRIEF))["all_checks"] == "fail"
        told += rejects or wide["lower"] <= 0 <= wide["upper"]
    assert told / draws >= 0.9 - (draws < 500) * 0.1


def test_places_chosen_after_a_good_year_are_found_out() -> None:
    data = fit(examples.rollout(effect=0.0, selection="good_year", seed=3)[0], outcome="synthetic_score")
    found = impact_checks(data, **BRIEF).set_index("check").loc["regression_to_mean"]
    expected = float(found["computed"].split()[0])
    # the whole “effect” is the return to the usual level
    assert found["verdict"] == "fail" and expected == pytest.approx(overall_of(data)[0], abs=0.7)


def test_adjusted_p_values_equal_r(validation) -> None:
    expected = json.loads((validation("multiple_testing") / "expected.json").read_text())
    table = pd.DataFrame(expected["expected"], columns=expected["columns"])
    mixed = table.sample(frac=1, random_state=2)
    assert adjusted(mixed["rawp"].tolist(), "holm") == pytest.approx(mixed["Holm"].tolist(), rel=1e-9)
    assert adjusted(mixed["rawp"].tolist(), "benjamini_hochberg") == pytest.approx(mixed["BH"].tolist(), rel=1e-9)
    assert adjusted([], "holm") == []


def test_several_outcomes_are_counted() -> None:
    z = np.array([3.5, 2.1, 0.3, 0.1, -0.2, 0.5])
    keys = pd.DataFrame(index=range(6))
    rows = [build(keys.iloc[[i]], indicator=f"outcome {i}", value=v, std_error=1.0) for i, v in enumerate(z)]
    found = several_outcomes(pd.concat(rows))
    assert found["verdict"].tolist() == ["pass", "review", "pass", "pass", "pass", "pass"]
    assert found["computed"].iloc[1] == "p = 0.107"  # 6/2 of 0.0357
    check(found, FINDINGS)


ROW = {
    "value": 2.0,
    "lower": 1.0,
    "upper": 3.0,
    "confidence": 0.95,
    "definition": "att_never",
    "indicator": "synthetic_score",
}


def finding_table(**verdict: str) -> pd.DataFrame:
    rows = [
        dict.fromkeys(FINDINGS.names, "") | {"check": k, "verdict": v, "severity": "info"} for k, v in verdict.items()
    ]
    return pd.DataFrame(rows, columns=FINDINGS.names)


@pytest.mark.parametrize(
    ("row", "findings", "step"),
    [
        ({}, None, "fairly_clear"),
        ({}, {"all_checks": "pass"}, "clear"),
        ({}, {"all_checks": "pass", "honest_relative": "review"}, "fairly_clear"),
        ({}, {"all_checks": "pass", "balance": "review"}, "clear"),
        ({}, {"all_checks": "fail"}, "not_to_be_believed"),
        ({"lower": -1.0}, {"all_checks": "fail"}, "not_told_apart"),
        ({"lower": np.nan, "upper": np.nan}, None, "no_ground"),
        ({}, {"impact_feasibility": "fail"}, "no_ground"),
        ({}, {"impact_feasibility": "review", "all_checks": "pass"}, "fairly_clear"),
        ({"definition": "counterfactual_trend"}, {"series_before": "pass"}, "same_time"),
        ({"definition": "counterfactual_trend_compared"}, {"series_placebo": "pass"}, "clear"),
        ({"definition": "counterfactual_trend_compared"}, {"series_placebo": "unknown"}, "fairly_clear"),
        ({"definition": "counterfactual_trend_compared"}, {"series_before": "pass"}, "fairly_clear"),
        ({"indicator": "series_change_ratio", "lower": 0.9, "upper": 1.2}, None, "not_told_apart"),
    ],
)
def test_ladder_of_words(row, findings, step) -> None:
    found = None if findings is None else finding_table(**findings)
    assert wording.impact_verdict(ROW | row, found) == step
    table = build(pd.DataFrame({"effect": ["overall", "cohort"]}), method="", n=10, std_error=0.5, **(ROW | row))
    for lang, cause in (
        ("vi", ("làm tăng", "làm giảm", "nhờ", "tác động của")),
        ("en", ("caused", "causes", "increased by", "thanks")),
    ):
        (told,) = wording.describe_impact(table, found, lang)
        assert not [word for word in cause if word in told] and "{" not in told
        assert ("rõ rệt" in told if lang == "vi" else "; a clear difference" in told) == (step == "clear")


def test_what_was_not_checked_is_not_clear() -> None:
    chosen, _ = examples.rollout(effect=0, selection="trend", seed=11)
    effects = impact(chosen, outcome="synthetic_score", draws=99)
    before = feasibility(chosen, outcome="synthetic_score")
    assert wording.impact_verdict(effects.iloc[0].to_dict(), before) == "fairly_clear"
    assert "no check has been made" in wording.describe_impact(effects, before, "en")[0]
    two = examples.rollout(effect=5, cohorts=1, periods=2, seed=1)[0]
    found = impact_checks(fit(two, outcome="synthetic_score"), top=0, draws=0)
    assert wording.impact_verdict(impact(two, outcome="synthetic_score").iloc[0].to_dict(), found) == "fairly_clear"
    untold = found[found["verdict"] == "unknown"]
    assert len(untold) > 4 and not untold["guidance_en"].str.contains("already|rejects").any()


def test_a_paragraph_names_its_group() -> None:
    panel = examples.rollout(seed=1, units=60)[0].assign(field="môi trường")
    (told,) = wording.describe_impact(impact(panel, outcome="synthetic_score", by="field", draws=99), None)
    assert told.startswith("Điểm giả lập (môi trường):")


@pytest.mark.parametrize("options", [{"draws": 9}, {"top": -1}, {"honest": "x"}, {"seed": -2}])
def test_options_that_make_no_sense_are_refused(fitted, options) -> None:
    with pytest.raises(ParameterError):
        impact_checks(fitted, **options)


def test_only_a_fit_is_checked(province, fitted) -> None:
    for call in (impact_checks, honest_effects):
        with pytest.raises(ParameterError, match="fit_impact"):
            call(province)
    with pytest.raises(ParameterError, match="m cannot be negative"):
        honest_effects(fitted, m=[-1.0])
    assert len(honest_effects(fitted, m=1.0)) == 1
