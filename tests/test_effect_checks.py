"""Checks of an effect: equal to refits and closed forms, right on provinces whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from dvresearch import codebook, examples, impact, wording
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.effects.checks import (
    adjusted,
    honest_effects,
    impact_checks,
    influential,
    one_cohort_out,
    pretrend_tests,
    several_outcomes,
    spillover,
)
from dvresearch.metrics.effects.impact import fit, refit
from dvresearch.metrics.estimates import build
from dvresearch.tables import FINDINGS, check

BRIEF = {"top": 0, "honest": (), "draws": 0}


@pytest.fixture(scope="module")
def province():
    return examples.rollout(seed=2)[0]


@pytest.fixture(scope="module")
def fitted(province):
    return fit(province, outcome="synthetic_score")


def verdicts(findings: pd.DataFrame) -> pd.Series:
    return findings.drop_duplicates("check").set_index("check")["verdict"]


def test_one_change_of_one_cohort_is_welchs_test(province) -> None:
    """Witness: scipy."""
    two = province[(province["adopted"].isna() | (province["adopted"] == 2022)) & (province["period"] >= 2020)]
    wide = two.pivot_table(index="unit", columns="period", values="synthetic_score")
    change, adopts = wide[2021] - wide[2020], two.groupby("unit")["adopted"].first().notna()
    witness = stats.ttest_ind(change[adopts], change[~adopts], equal_var=False)
    value, p = pretrend_tests(fit(two, outcome="synthetic_score"))["pretrends"]
    assert p == pytest.approx(witness.pvalue, rel=1e-9)
    assert value == pytest.approx(change[adopts].mean() - change[~adopts].mean())


def test_every_cell_before_adoption_is_tested(province, fitted) -> None:
    """Witness: sample covariances of the changes, put together by hand; degrees of freedom of Nel and van der Merwe."""
    change = province.pivot_table(index="unit", columns="period", values="synthetic_score").diff(axis=1)
    adopted = province.groupby("unit")["adopted"].first().fillna(0).astype(int)
    cells = [(g, t) for g in (2021, 2022, 2023) for t in range(2019, g)]
    d = np.array([change.loc[adopted == g, t].mean() - change.loc[adopted == 0, t].mean() for g, t in cells])
    parts = []
    for group in (0, 2021, 2022, 2023):
        places = change[adopted == group]
        of_mean = np.cov([places[t] for _, t in cells]) / len(places)
        both = np.array([[group in (0, g) and group in (0, h) for h, _ in cells] for g, _ in cells])
        parts.append((len(places), of_mean * both))
    inverse = np.linalg.inv(sum(part for _, part in parts))
    k = len(cells)
    lost = sum((np.trace(a @ a) + np.trace(a) ** 2) / (n - 1) for n, a in ((n, part @ inverse) for n, part in parts))
    nu = (k + k**2) / lost
    value, p = pretrend_tests(fitted)["pretrends"]
    assert p == pytest.approx(stats.f.sf(d @ inverse @ d * (nu - k + 1) / (nu * k), k, nu - k + 1), rel=1e-9)
    assert value == pytest.approx(d[np.abs(d).argmax()])


def test_opposite_trends_of_two_cohorts_are_found(rounds) -> None:
    """By time since adoption they cancel."""
    draws, found, alike = rounds(4, 100), 0, 0
    for seed in range(draws):
        panel = examples.rollout(effect=2.0, cohorts=2, seed=seed)[0]
        first, second = np.sort(panel["adopted"].dropna().unique())
        away = (panel["adopted"] == first) * 1.0 - (panel["adopted"] == second)
        panel["synthetic_score"] += 0.8 * (panel["period"] - 2018) * away
        told = verdicts(impact_checks(fit(panel, outcome="synthetic_score"), near="district", **BRIEF))
        found += told["all_checks"] == told["pretrends"] == "fail"
        alike += told["anticipation"] != "fail"
    assert found >= 0.95 * draws and alike > draws / 2


@pytest.mark.parametrize(
    ("make", "options"),
    [
        ({"units": 200}, {"cluster": "district"}),
        ({"units": 120, "cohorts": 2}, {"cluster": "district"}),
        ({"units": 24, "cohorts": 1}, {}),
        ({"units": 40, "cohorts": 3}, {"control": "not_yet"}),
    ],
)
def test_trends_that_are_alike_are_seldom_said_to_differ(make, options, rounds) -> None:
    """Few clusters and few places: all cells together reject about as often as they say."""
    draws = rounds(8, 300)
    panels = (examples.rollout(effect=0.0, seed=seed, **make)[0] for seed in range(draws))
    p = [pretrend_tests(fit(panel, outcome="synthetic_score", **options))["pretrends"][1] for panel in panels]
    assert np.isfinite(p).all()
    assert np.mean(np.array(p) < 0.05) <= 0.06 + 3 * np.sqrt(0.05 * 0.95 / draws)


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
    found = one_cohort_out(fitted)
    rest = refit(fitted, province[province["adopted"] != float(found["where"])])
    assert found["computed"] == f"{rest.overall()[0]:.3f}"
    both = {g: refit(fitted, province[province["adopted"] != g]).overall()[0] for g in (2021, 2022, 2023)}
    farthest = max(both, key=lambda g: abs(both[g] - fitted.overall()[0]))
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


def test_without_earlier_periods_nothing_is_claimed() -> None:
    panel, _ = examples.rollout(cohorts=1, periods=3, seed=1)
    data = fit(panel, outcome="synthetic_score")
    found = verdicts(impact_checks(data, near="district", top=0, draws=0))
    assert (
        found[["pretrends", "anticipation", "placebo_date", "pretrends_power", "honest_relative"]] == "unknown"
    ).all()


def test_a_panel_that_allows_no_estimate_is_said_to(province) -> None:
    nobody = province[province["adopted"].notna() & (province["adopted"] == 2021)]
    found = impact_checks(fit(nobody, outcome="synthetic_score"))
    assert found[["check", "verdict", "computed"]].to_numpy().tolist() == [
        ["impact_feasibility", "fail", "not_estimable"]
    ]
    assert found["guidance_vi"].item() == codebook.get("reason", "no_comparison").note_vi


def test_few_clusters_still_test_single_changes(province) -> None:
    tests = pretrend_tests(
        fit(province[province["district"] < "Huyện Mẫu 0006"], outcome="synthetic_score", cluster="district")
    )
    assert 0 < tests["pretrends"][1] < 1 and 0 < tests["anticipation"][1] < 1


def test_near_is_a_column_of_groups(province, fitted) -> None:
    with pytest.raises(DataError, match="nowhere"):
        impact_checks(fitted, near="nowhere", **BRIEF)
    for near in ("unit", "period", ["district"], 3):
        with pytest.raises(ParameterError, match="groups of near places"):
            impact_checks(fitted, near=near, **BRIEF)
    moving = refit(fitted, province.assign(group=province["period"]))
    with pytest.raises(DataError, match="several values of group"):
        impact_checks(moving, near="group", **BRIEF)


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
        row = dict(zip(("value", "lower", "upper"), data.overall(), strict=True))
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
    assert found["verdict"] == "fail" and expected == pytest.approx(data.overall()[0], abs=0.7)


def test_adjusted_p_values_equal_r(validation) -> None:
    expected = json.loads((validation("multiple_testing") / "expected.json").read_text())
    table = pd.DataFrame(expected["expected"], columns=expected["columns"])
    mixed = table.sample(frac=1, random_state=2)
    assert adjusted(mixed["rawp"].tolist(), "holm") == pytest.approx(mixed["Holm"].tolist(), rel=1e-9)
    assert adjusted(mixed["rawp"].tolist(), "benjamini_hochberg") == pytest.approx(mixed["BH"].tolist(), rel=1e-9)
    assert adjusted([], "holm") == []


def outcome_row(name: str, value: float, error: float, freedom: float, *, ratio: bool = False) -> pd.DataFrame:
    """An estimate with Student's t interval; of a ratio `value` and `error` are those of the logarithm."""
    limits = value + np.array([0, -1, 1]) * stats.t.ppf(0.975, freedom) * error
    value, lower, upper = np.exp(limits) if ratio else limits
    error = value * error if ratio else error
    code = "series_change_ratio" if ratio else name
    front = pd.DataFrame({"series": [name if ratio else None]})
    return build(
        front, indicator=code, value=value, std_error=error, lower=lower, upper=upper, confidence=0.95, method=""
    )


def test_several_outcomes_are_counted() -> None:
    z = np.array([3.5, 2.1, 0.3, 0.1, -0.2, 0.5])
    found = several_outcomes(pd.concat(outcome_row(f"outcome {i}", v, 1.0, 1e9) for i, v in enumerate(z)))
    assert found["verdict"].tolist() == ["pass", "review", "pass", "pass", "pass", "pass"]
    assert found["computed"].iloc[1] == "p = 0.107"  # 6/2 of 0.0357
    check(found, FINDINGS)


@pytest.mark.parametrize("ratio", [False, True])
def test_the_p_of_an_outcome_is_that_of_its_interval(ratio) -> None:
    """Witness: Student's t."""
    for value, freedom in ((0.4, 3), (-0.33, 5), (0.3, 9), (0.2, 199)):
        row = outcome_row("a", value, 0.1, freedom, ratio=ratio)
        told = several_outcomes(row).iloc[0]
        assert told["stated"] == f"p = {2 * stats.t.sf(abs(value) / 0.1, freedom):.3f}"
        none = 1.0 if ratio else 0.0
        assert (row["lower"].iloc[0] <= none <= row["upper"].iloc[0]) == (float(told["stated"][4:]) >= 0.05)
    unlike = several_outcomes(outcome_row("a", np.log(0.974), 0.0645, 200, ratio=True)).iloc[0]
    assert unlike["where"] == "series_change_ratio (a)" or not ratio
    assert unlike["stated"] == "p = 0.683"  # 0.974 [0.858; 1.105] is no change


def test_a_table_of_effects_is_one_outcome() -> None:
    """Witness: the rows themselves; the permutation interval is told where there is one."""
    told = 0
    for seed in (1, 2, 4, 6):
        panel = examples.rollout(effect=2, units=10, cohorts=1, seed=seed)[0]
        effects = impact(panel, outcome="synthetic_score", draws=99)
        drawn = effects.query("band == 'randomisation'").iloc[0]
        (found,) = several_outcomes(effects).to_dict("records")
        assert (float(found["stated"].split()[-1]) < 0.05) == (not drawn["lower"] <= 0 <= drawn["upper"])
        told += drawn["lower"] > 0
    assert 0 < told < 4
    both = pd.concat([effects, effects.assign(indicator="another"), effects[:0].assign(term="average")])
    assert several_outcomes(both)["where"].tolist() == ["synthetic_score", "another"]
    nothing = impact(examples.rollout(seed=1)[0].dropna(subset=["adopted"]), outcome="synthetic_score")
    (unknown,) = several_outcomes(nothing).to_dict("records")
    assert unknown["verdict"] == "unknown"
    honest = honest_effects(fit(panel, outcome="synthetic_score"))
    with pytest.raises(DataError, match="no overall estimate"):
        several_outcomes(effects[effects["effect"] == "cohort"])
    for table in (pd.concat([effects, effects]), honest):
        with pytest.raises(DataError, match="several estimates"):
            several_outcomes(table)


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_the_index_of_the_panel_does_not_matter(control) -> None:
    """Witness: refits without each place in turn, found by its name."""
    panel = examples.rollout(effect=2, units=20, cohorts=2, seed=5)[0]
    waves = pd.concat([wave.reset_index(drop=True) for _, wave in panel.groupby("period")])
    data = fit(waves, outcome="synthetic_score", sampling="cross_sections", control=control)
    whole = data.overall()[0]
    plain = waves.reset_index(drop=True)
    without = {n: refit(data, plain[plain["unit"] != n]).overall()[0] for n in plain["unit"].unique()}
    found = impact_checks(data, near="district", top=4, honest=(), draws=0)
    one = found.set_index("check").loc["one_place_out"]
    assert one["computed"] == f"{without[one['where']]:.3f}"
    assert abs(without[one["where"]] - whole) == pytest.approx(max(abs(v - whole) for v in without.values()))
    tidy = impact_checks(refit(data, plain), near="district", top=4, honest=(), draws=0)
    pd.testing.assert_frame_equal(found, tidy)


def test_what_never_varies_is_not_tested() -> None:
    panel = examples.rollout(effect=3, seed=17)[0]
    compared = panel["adopted"].isna()
    ceiling = panel.assign(synthetic_score=panel["synthetic_score"].mask(compared, 100.0))
    found = impact_checks(fit(ceiling, outcome="synthetic_score"), **BRIEF).set_index("check")
    told = found.loc["regression_to_mean"]
    assert (told["verdict"], told["computed"]) == ("unknown", "") and "never change" in told["guidance_en"]
    one = examples.rollout(effect=3, cohorts=1, units=60, seed=17)[0]
    exact = one.assign(synthetic_score=one["period"] * 1.0)
    later = exact["synthetic_score"].where(one["period"] < one["adopted"].min(), one["synthetic_score"])
    restriction = ("relative_magnitude",)
    for data in (exact, one.assign(synthetic_score=later)):
        told = fit(data, outcome="synthetic_score")
        told = verdicts(impact_checks(told, near="district", top=3, honest=restriction, draws=19))
        assert told.get("pretrends", "unknown") == told.get("pretrends_power", "unknown") == "unknown"
    start = panel["period"] == panel["period"].min()
    apart = panel.assign(synthetic_score=panel["synthetic_score"].mask(start, 5.0).mask(compared, 1.0))
    assert verdicts(impact_checks(fit(apart, outcome="synthetic_score"), **BRIEF))["balance"] == "review"


def test_the_same_test_is_not_counted_twice() -> None:
    """Witness: Holm of statsmodels over the tests that are told."""
    panel = examples.rollout(effect=1.0, cohorts=1, periods=8, seed=3)[0]
    first = int(panel["adopted"].min())
    for changes, same in (
        (1, {"anticipation", "placebo_date", "regression_to_mean"}),
        (2, {"placebo_date"}),
        (3, set()),
    ):
        part = panel[panel["period"] >= first - 1 - changes]
        found = impact_checks(fit(part, outcome="synthetic_score"), near="district", **BRIEF).set_index("check")
        tests = found.loc[["pretrends", "anticipation", "placebo_date", "regression_to_mean", "spillover"]]
        assert set(tests.index[tests["verdict"] == "unknown"]) == same
        assert tests.loc[list(same), "guidance_en"].str.contains("same test").all()
        p = tests["computed"].str.extract(r"p . ([\d.]+)")[0].dropna().astype(float)
        told = float(found.loc["all_checks", "computed"].split()[-1])
        assert told == pytest.approx(multipletests(p, method="holm")[1].min(), abs=0.003)


def test_every_check_has_its_finding(province) -> None:
    data = fit(province, outcome="synthetic_score", covariates=["urban"])
    every = impact_checks(data, near="district", top=1, honest=("relative_magnitude",), draws=19)
    few = impact_checks(data, **BRIEF)
    assert set(few["check"]) == set(every["check"])
    left = {"spillover", "placebo_units", "one_place_out", "top_places_out", "honest_relative", "honest_smoothness"}
    for found, codes in ((few, left), (every, {"honest_smoothness"})):
        skipped = found[(found["verdict"] == "unknown") & (found["severity"] == "minor")]
        assert set(skipped["check"]) == codes
        assert skipped["guidance_en"].str.contains("was not made").all()


def test_leaving_out_half_of_the_models_is_no_answer() -> None:
    """With two places that adopt, the estimate without one of them is none."""
    panel = examples.rollout(units=60, seed=5)[0]
    names = panel.drop_duplicates("unit").set_index("unit")["adopted"]
    for never, told in ((8, "unknown"), (24, "review")):  # of 10 places the two that adopt, of 26 others as well
        kept = [*names.dropna().index[:2], *names[names.isna()].index[:never]]
        data = fit(panel[panel["unit"].isin(kept)], outcome="synthetic_score")
        found = impact_checks(data, honest=(), draws=19).set_index("check")
        assert found.loc["one_place_out", "verdict"] == told
        assert found.loc["one_place_out", "where"] in ("", *kept[:2])
        assert found.loc["top_places_out", "verdict"] == "unknown"


@pytest.mark.parametrize("options", [{"draws": 9}, {"draws": None}, {"top": -1}, {"honest": "x"}, {"seed": -2}])
def test_options_that_make_no_sense_are_refused(fitted, options) -> None:
    with pytest.raises(ParameterError):
        impact_checks(fitted, **options)


def test_only_a_fit_is_checked(province, fitted) -> None:
    for call in (impact_checks, honest_effects):
        with pytest.raises(ParameterError, match="fit_impact"):
            call(province)
