"""Effects of models: equal to R, to slow recomputation and to known truths; refusals with their reasons."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import norm
from statsmodels.stats.weightstats import DescrStatsW

from dvresearch import feasibility, impact, impact_cross_check, two_way_fixed_effects
from dvresearch.errors import DataError, ParameterError
from dvresearch.examples import rollout
from dvresearch.metrics.effects.checks import pretrend_tests
from dvresearch.metrics.effects.impact import critical_values, fit
from dvresearch.metrics.effects.randomisation import Places, overall, permuted, places, randomisation_interval
from dvresearch.metrics.effects.sample import Comparison, Sample
from dvresearch.tables import ESTIMATES, FINDINGS, check
from dvresearch.wording import describe_impact

BY = ["effect", "cohort", "period", "event_time", "band"]
AVERAGE = {"event_time": "aggte_dynamic", "cohort": "aggte_group", "calendar": "aggte_calendar"}


def case(folder):
    return pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def made(units=60, periods=6, seed=1, effect=1.0, cohorts=(3, 5), noise=0.5):
    """A synthetic panel: a third never adopts, the others in `cohorts`; a covariate moves trends and adoption."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=units)
    adopted = np.where(np.arange(units) % 3 == 0, np.nan, rng.choice(cohorts, units))
    year = np.arange(1, periods + 1)
    y = rng.normal(size=(units, 1)) + 0.2 * year * (1 + x[:, None]) + noise * rng.normal(size=(units, periods))
    y += effect * (year >= np.where(np.isnan(adopted), 99, adopted)[:, None])
    rows = {"unit": np.repeat(np.arange(units), periods), "period": np.tile(year, units), "y": y.ravel()}
    rows |= {"adopted": np.repeat(adopted, periods), "x": np.repeat(x, periods)}
    return pd.DataFrame(rows).assign(district=lambda t: t["unit"] // 2, size=lambda t: 1.0 + t["unit"] % 5)


def pointwise(table, effect):
    return table[(table["effect"] == effect) & (table["band"] == "pointwise")]


def test_equal_to_the_package_did(validation):
    data, expected = case(validation("did_mpdta"))
    theirs = expected["results_R_did"]
    ours = impact(data, outcome="lemp", unit="countyreal", period="year", adopted="first.treat", draws=99)
    cells = pointwise(ours, "group_time").set_index(["cohort", "period"])
    for cell in theirs["att_gt"]:
        row = cells.loc[(str(cell["group"]), str(cell["t"]))]
        assert [row["value"], row["std_error"]] == pytest.approx([cell["att"], cell["se"]], abs=1e-12)
    for effect, name in AVERAGE.items():
        rows = pointwise(ours, effect)
        label = rows[{"calendar": "period"}.get(effect, effect)].astype(int)
        assert label.tolist() == [e["egt"] for e in theirs[name]["effects"]]
        assert rows["value"].to_numpy() == pytest.approx([e["att"] for e in theirs[name]["effects"]], abs=1e-12)
        assert rows["std_error"].to_numpy() == pytest.approx([e["se"] for e in theirs[name]["effects"]], abs=1e-12)
        whole = pointwise(ours, f"overall_{effect}").iloc[0]
        stated = [theirs[name]["overall_att"], theirs[name]["overall_se"]]
        assert [whole["value"], whole["std_error"]] == pytest.approx(stated, abs=1e-12)
    simple = pointwise(ours, "overall").iloc[0]
    stated = theirs["aggte_simple"]
    assert [simple["value"], simple["std_error"]] == pytest.approx(
        [stated["overall_att"], stated["overall_se"]], abs=1e-12
    )


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("adjustment", ["doubly_robust", "regression"])
def test_covariates_enter_as_in_drdid(validation, control, adjustment):
    data, expected = case(validation("did_sim_const"))
    names = {"outcome": "Y", "unit": "id", "adopted": "G", "covariates": ["X"]}
    fitted = fit(data, control=control, adjustment=adjustment, **names)
    found = fitted.cells.keys.assign(value=fitted.cells.value, std_error=fitted.errors(fitted.cells.influence))
    cells = found.set_index(["cohort", "period"])
    name = control.replace("_", "") + "treated_" + {"doubly_robust": "dr", "regression": "reg"}[adjustment]
    for cell in expected["att_gt"][name]:
        row = cells.loc[(cell["group"], cell["t"])]
        # diff-diff alone is 2.7e-7 off here, and more where propensity scores spread further.
        assert [row["value"], row["std_error"]] == pytest.approx([cell["att"], cell["se"]], abs=1e-10)


def test_chicago_police_training(validation, rounds):
    folder = validation("rollout_panel")
    whole = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    stated = whole["recomputed_by_hand"]
    data = pd.read_csv(folder / "chicago_police_training.csv")
    names = {"outcome": "complaints", "unit": "uid", "adopted": "first_trained"}
    of = places(Sample(data, Comparison(period="period", control="not_yet", **names)))
    value = overall(of, of.outcome, of.cohorts)
    assert value == pytest.approx(stated["callaway_santanna_not_yet_treated_simple"], abs=1e-12)
    # Sun and Abraham with simple weights: compared with the last cohort, as published.
    last = data[data["period"] < 72].assign(first_trained=lambda t: t["first_trained"].where(t["first_trained"] < 72))
    of = places(Sample(last, Comparison(period="period", **names)))
    assert overall(of, of.outcome, of.cohorts) == pytest.approx(
        whole["published_outcome_complaints"]["sun_abraham_last_treated_simple"]["estimate"], abs=1e-8
    )
    if rounds(0, 1):  # All 3,408 cells with their influence functions take seconds.
        assert fit(data, control="not_yet", **names).effects("overall").value == pytest.approx([value], abs=1e-12)


def test_sun_abraham_is_that_of_fixest(validation):
    data, expected = case(validation("did_sunab_base_stagg"))
    data["adopted"] = data["year_treated"].where(data["year_treated"] < 10000)
    ours = impact_cross_check(data, outcome="y", unit="id", period="year", covariates=["x1"])
    ours = ours[ours["method"] == "sun_abraham"]
    whole = ours[ours["effect"] == "overall"].iloc[0]
    assert [whole["value"], whole["std_error"]] == pytest.approx(
        [expected["att"]["estimate"], expected["att"]["se"]], abs=1e-6
    )
    times = ours[ours["effect"] == "event_time"].set_index("event_time")
    for row in expected["event_time_aggregates"]["effects"]:
        found = times.loc[row["event_time"], ["value", "std_error"]].tolist()
        assert found == pytest.approx([row["estimate"], row["se"]], abs=1e-10)
    cells = ours[ours["effect"] == "group_time"].set_index(["cohort", "event_time"])
    for row in expected["leads_by_cohort"]:
        found = cells.loc[(str(row["coh"]), row["rel"]), ["value", "std_error"]].tolist()
        assert found == pytest.approx([row["est"], row["se"]], abs=1e-6)


def test_two_way_is_decomposed_as_by_bacondecomp(validation):
    data, expected = case(validation("did_bacon_math_reform"))
    ours = two_way_fixed_effects(data, outcome="incearn_ln", unit="state", period="class", adopted="reformyr_math")
    assert ours["value"].iloc[0] == pytest.approx(expected["twfe"]["estimate"], abs=1e-12)
    parts = ours[1:]
    assert parts["weight"].sum() == pytest.approx(1)
    assert (parts["weight"] * parts["value"]).sum() == pytest.approx(ours["value"].iloc[0], abs=1e-12)
    words = {
        "Earlier vs Later Treated": "later",
        "Later vs Earlier Treated": "earlier",
        "Treated vs Untreated": "never",
    }
    for row in expected["summary"]:
        some = parts[parts["comparison"] == words[row["type"]]]
        mean = np.average(some["value"], weights=some["weight"])
        assert [some["weight"].sum(), mean] == pytest.approx([row["weight"], row["avg_est"]], abs=1e-5)
    for row in expected["components_first_rows"]:
        part = parts[(parts["cohort"] == str(row["treated"])) & (parts["against"] == str(row["untreated"]))].iloc[0]
        assert [part["value"], part["weight"]] == pytest.approx([row["estimate"], row["weight"]], abs=1e-7)


def test_imputation_is_the_regression_on_untreated_periods():
    panel = made(24)
    ours = impact_cross_check(panel, outcome="y")
    value = ours.loc[(ours["method"] == "imputation") & (ours["effect"] == "overall"), "value"].iloc[0]
    treated = panel["period"] >= panel["adopted"]
    dummies = pd.get_dummies(panel[["unit", "period"]].astype("category"), drop_first=True, dtype=float)
    model = sm.OLS(panel.loc[~treated, "y"], sm.add_constant(dummies[~treated])).fit()
    gap = panel["y"] - model.predict(sm.add_constant(dummies))
    assert value == pytest.approx(gap[treated].mean(), abs=1e-9)


def test_sun_abraham_compares_with_the_last_cohort_when_all_adopt():
    """Witness: differences of mean changes, before the last cohort adopts."""
    panel = made(cohorts=(3, 5)).dropna(subset="adopted")
    ours = impact_cross_check(panel, outcome="y")
    cells = ours[(ours["method"] == "sun_abraham") & (ours["effect"] == "group_time")].set_index("event_time")["value"]
    wide = panel.pivot_table(index="unit", columns="period", values="y")
    first = panel.groupby("unit")["adopted"].first() == 3
    for e in (-2, 0, 1):
        change = wide[3 + e] - wide[2]
        assert cells[e] == pytest.approx(change[first].mean() - change[~first].mean(), abs=1e-9)
    assert 2 not in cells


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_cells_are_differences_of_mean_changes(control):
    """Witness: means taken one by one."""
    panel = made()
    wide = panel.pivot_table(index="unit", columns="period", values="y")
    adopted = panel.groupby("unit")["adopted"].first()
    found = fit(panel, outcome="y", control=control).cells
    cells = found.keys.assign(value=found.value)
    for _, cell in cells.iterrows():
        g, t = cell["cohort"], cell["period"]
        base = g - 1 if t >= g else t - 1
        change = wide[t] - wide[base]
        later = adopted.isna() | ((adopted > max(t, base)) & (adopted != g) & (control == "not_yet"))
        assert cell["value"] == pytest.approx(change[adopted == g].mean() - change[later].mean(), abs=1e-12)
        assert (cell["treated"], cell["comparison"]) == ((adopted == g).sum(), later.sum())
    assert len(cells) == 2 * 5


def test_clustered_and_weighted_errors_are_those_of_the_regression():
    """Witness: statsmodels, weighted regression of the change on adoption, errors clustered by district."""
    panel = made(effect=0.5, cohorts=(2,), periods=2)
    ours = impact(panel, outcome="y", cluster="district", weights="size", draws=99).iloc[0]
    change = panel.groupby("unit")["y"].diff().dropna()
    rows = panel.loc[change.index]
    x = sm.add_constant(rows["adopted"].notna().astype(float))
    fitted = sm.WLS(change, x, weights=rows["size"]).fit(cov_type="cluster", cov_kwds={"groups": rows["district"]})
    n = len(rows)
    assert ours["value"] == pytest.approx(fitted.params["adopted"], abs=1e-12)
    assert ours["std_error"] == pytest.approx(fitted.bse["adopted"] * np.sqrt((n - 2) / (n - 1)), rel=1e-9)


def test_weights_count_units_several_times():
    panel = made(30).assign(size=lambda t: np.where(t["unit"] < 6, 2.0, 1.0))
    copies = pd.concat([panel, panel[panel["unit"] < 6].assign(unit=lambda t: t["unit"] + 100)])
    weighted, repeated = (
        fit(p, outcome="y", covariates=["x"], weights=w) for p, w in ((panel, "size"), (copies, None))
    )
    for by in ("overall", "event_time", "calendar", "overall_cohort"):
        assert weighted.effects(by).value == pytest.approx(repeated.effects(by).value, abs=1e-9)


def with_gaps(seed=3, **options):
    """A synthetic panel from which a seventh of the rows is gone."""
    return made(**options).sample(frac=6 / 7, random_state=seed).sort_values(["unit", "period"], ignore_index=True)


WEIGHED = ("overall", "event_time", "calendar", "cohort", "overall_event_time", "overall_cohort", "overall_calendar")


@pytest.mark.parametrize(
    "seen",
    [lambda p: p["period"] >= 3, lambda p: p["period"] < 2, lambda p: p["period"] != 2],
    ids=["only after adoption", "only long before", "without the base period"],
)
def test_places_in_no_comparison_do_not_weigh(seen):
    """Witness: the panel without them."""
    panel = made()
    one = panel[panel["unit"] == panel.loc[panel["adopted"] == 3, "unit"].iloc[0]]
    more = pd.concat([panel, *(one[seen(one)].assign(unit=1000 + i) for i in range(30))])
    before, after = fit(panel, outcome="y"), fit(more, outcome="y")
    for by in WEIGHED:
        old, new = before.effects(by), after.effects(by)
        kept = ~(new.keys["event_time"] < 0).to_numpy()  # changes before adoption may know the newcomers
        assert new.value[kept] == pytest.approx(old.value[~(old.keys["event_time"] < 0)], abs=1e-12)
        if by != "event_time":
            assert after.errors(new.influence) == pytest.approx(before.errors(old.influence), abs=1e-12)


@pytest.mark.filterwarnings("ignore:Unbalanced panel")
@pytest.mark.parametrize("make", [made, with_gaps])
def test_averages_are_those_of_diff_diff(make):
    """Witness: diff-diff by its public way; its errors take the cohorts' sizes for those of the panel without gaps."""
    import diff_diff

    panel = make()
    fitted = fit(panel, outcome="y")
    data = panel.assign(first=panel["adopted"].fillna(0).astype(int))
    theirs = diff_diff.CallawaySantAnna(control_group="never_treated").fit(data, "y", "unit", "period", "first")
    for by, level in (("overall", "simple"), ("event_time", "event_study"), ("cohort", "group")):
        table, ours = theirs.aggregate(level).to_dataframe(), fitted.effects(by)
        assert ours.value == pytest.approx(table["att"].dropna().to_numpy(), abs=1e-10)
        if make is made:
            assert fitted.errors(ours.influence) == pytest.approx(table["se"].dropna().to_numpy(), abs=1e-10)


def test_clustered_errors_are_those_of_diff_diff():
    """The factor G/(G - 1), which the bootstrap of the R package did has not."""
    import diff_diff

    panel = made()
    data = panel.assign(first=panel["adopted"].fillna(0).astype(int))
    theirs = diff_diff.CallawaySantAnna(cluster="district").fit(data, "y", "unit", "period", "first")
    ours = fit(panel, outcome="y", cluster="district")
    assert ours.errors(ours.effects("overall").influence) == pytest.approx([theirs.overall_se], rel=1e-12)


def test_influence_is_what_a_little_more_weight_changes():
    """Witness: the estimates of a panel with gaps in which one unit weighs a millionth more."""
    panel = with_gaps(units=24)
    first = fit(panel, outcome="y")
    for unit in range(6):
        more = fit(panel.assign(w=1 + 1e-6 * (panel["unit"] == unit)), outcome="y", weights="w")
        for by in (*WEIGHED, "group_time"):
            moved = (more.effects(by).value - first.effects(by).value) / 1e-6
            assert moved == pytest.approx(first.effects(by).influence[unit], abs=1e-5)


def test_cross_sections_compare_means_of_waves():
    """Witness: means of the four groups of respondents."""
    panel = made(80, cohorts=(4,))
    ours = impact(panel, outcome="y", sampling="cross_sections", draws=99)
    for _, row in pointwise(ours, "group_time").iterrows():
        if row["event_time"] >= 0:
            now = panel[panel["period"] == int(row["period"])]
            then = panel[panel["period"] == 3]
            mean = [frame.groupby(frame["adopted"].notna())["y"].mean() for frame in (now, then)]
            assert row["value"] == pytest.approx((mean[0] - mean[1])[True] - (mean[0] - mean[1])[False], abs=1e-12)


def test_cross_sections_are_clustered_by_place():
    """Witness: statsmodels, difference in differences of two waves, errors clustered by place."""
    waves = made(80, periods=2, cohorts=(2,)).sample(130, random_state=1)
    ours = impact(waves, outcome="y", sampling="cross_sections", draws=99).iloc[0]
    x = waves.assign(d=waves["adopted"].notna() * 1.0, post=(waves["period"] == 2) * 1.0)
    x = sm.add_constant(x[["d", "post"]].assign(both=x["d"] * x["post"]))
    fitted = sm.OLS(waves["y"], x).fit(cov_type="cluster", cov_kwds={"groups": waves["unit"]})
    assert ours["value"] == pytest.approx(fitted.params["both"], abs=1e-12)
    assert ours["std_error"] == pytest.approx(fitted.bse["both"] * np.sqrt((130 - 4) / (130 - 1)), rel=1e-9)
    # Places may differ from wave to wave.
    strangers = impact(waves.assign(unit=range(130)), outcome="y", sampling="cross_sections", draws=99).iloc[0]
    assert strangers["value"] == pytest.approx(ours["value"], abs=1e-12)


def test_bands_cover_independent_effects_together():
    """Witness: the largest of k independent standard normals."""
    influence = np.random.default_rng(0).normal(size=(2000, 12))
    stub = SimpleNamespace(by_cluster=lambda rows: rows)
    for held in (1000.0, 6.0):  # signs, and normal multipliers
        keys = pd.DataFrame({"effective": [held], "least": [1000.0]})
        parts = [SimpleNamespace(influence=influence[:, at], keys=keys) for at in (slice(1), slice(2, None))]
        one, ten = critical_values(stub, parts, 0.95, 4000, 3)
        assert one == pytest.approx(norm.ppf(0.975), abs=0.06)
        assert ten == pytest.approx(norm.ppf((1 + 0.95**0.1) / 2), abs=0.06)


def test_the_table():
    ours = impact(made(), outcome="y", draws=199)
    check(ours, ESTIMATES)
    assert list(ours) == [*BY, *ESTIMATES.names]
    keyed = ours.set_index(BY)
    assert keyed.index.is_unique
    for effect in ("event_time", "cohort", "calendar", "group_time"):
        rows = ours[ours["effect"] == effect]
        narrow, wide = (rows[rows["band"] == band].reset_index(drop=True) for band in ("pointwise", "simultaneous"))
        assert (wide["value"] == narrow["value"]).all()
        assert (wide["upper"] >= narrow["upper"]).all() and (wide["upper"] > narrow["upper"]).any()
    again = impact(made(), outcome="y", draws=199)
    pd.testing.assert_frame_equal(ours, again)


def test_permutation_interval_holds_what_a_permutation_test_does_not_reject():
    """Witness: the test carried out at values just inside and just outside the limits."""
    panel = made(12, effect=0.8)
    data = Sample(panel, Comparison("y", "unit", "period", "adopted"))
    value, lower, upper, p = randomisation_interval(data, 0.9, 199, 5)
    of = places(data)
    reached = (of.cohorts[:, None] > 0) & (of.periods >= of.cohorts[:, None])

    def p_value(effect):
        clean = of.outcome - effect * reached
        real = abs(overall(of, clean, of.cohorts))
        drawn = [abs(overall(of, clean, c)) for c in permuted(of, 199, 5)]
        assert len(drawn) == 200  # the real assignment is counted
        return sum(d >= real - 1e-12 for d in drawn) / 200

    assert p == p_value(0.0)
    assert lower < value < upper
    step = 1e-6 * (upper - lower)
    assert min(p_value(lower + step), p_value(upper - step)) > 0.1
    assert max(p_value(lower - step), p_value(upper + step)) <= 0.1


def test_few_clusters_add_the_permutation_interval():
    ours = impact(made(15), outcome="y", draws=199)
    row = ours[ours["band"] == "randomisation"].iloc[0]
    assert row["effect"] == "overall" and row["method"] == "randomisation"
    assert row["lower"] < row["value"] < row["upper"]
    assert ours["flags"].eq("few").all()
    assert "randomisation" not in set(impact(made(60), outcome="y", draws=99)["band"])
    tiny = made(5).assign(adopted=lambda t: np.where(t["unit"] < 2, 3.0, np.nan))
    row = impact(tiny, outcome="y", draws=199).query("band == 'randomisation'").iloc[0]
    assert row["reason"] == "few_assignments" and np.isnan(row["lower"])


def test_permutations_keep_clusters_whole_or_stay_within():
    in_districts = Comparison("y", "unit", "period", "adopted", cluster="district")
    whole = places(Sample(made(20).assign(adopted=lambda t: np.where(t["district"] < 4, 3.0, np.nan)), in_districts))
    for drawn in permuted(whole, 20, 1):
        assert (drawn[::2] == drawn[1::2]).all() and sorted(drawn) == sorted(whole.cohorts)
    mixed = places(Sample(made(20), in_districts))
    for drawn in permuted(mixed, 20, 1):
        assert (np.sort(drawn.reshape(-1, 2)) == np.sort(mixed.cohorts.reshape(-1, 2))).all()


def test_a_known_effect_is_found():
    panel, truth = rollout(effect=3.0, units=600, seed=4)
    ours = pointwise(impact(panel, outcome="synthetic_score", draws=99), "overall").iloc[0]
    mean = np.average(truth["effect"], weights=truth["units"])
    assert abs(ours["value"] - mean) < 3 * ours["std_error"] < 1.0


def test_fields_are_compared_with_the_same_places():
    panel = made().assign(
        field=lambda t: np.where(t["adopted"].isna(), None, np.where(t["unit"] % 2, "economy", "other"))
    )
    ours = impact(panel, outcome="y", by="field", draws=99)
    assert next(iter(ours)) == "field"
    some = panel[panel["adopted"].isna() | (panel["field"] == "economy")]
    alone = impact(some, outcome="y", draws=99)
    pd.testing.assert_frame_equal(
        ours[ours["field"] == "economy"].drop(columns="field").reset_index(drop=True), alone, check_dtype=False
    )


def without(panel, kept):
    return panel[panel["adopted"].notna() | panel["unit"].isin(kept)]


NEVER = made()["unit"].where(made()["adopted"].isna()).dropna().unique()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: without(p, []), "no_comparison"),
        (lambda p: without(p, NEVER[:1]), "one_comparison"),
        (lambda p: p[p["adopted"].isna()], "no_adopting"),
        (lambda p: p[p["adopted"].isna() | (p["unit"] == 1)], "one_adopting"),
        (lambda p: p.assign(adopted=p["adopted"].where(p["adopted"].isna(), 1.0)), "no_period_before"),
        (lambda p: p.assign(adopted=p["adopted"].where(p["adopted"].isna(), 9.0)), "no_adopting"),
        (lambda p: p.assign(y=1.0), "no_variation"),
        (lambda p: p.assign(y=np.nan), "no_adopting"),
        (lambda p: p.assign(y=p["y"].where((p["period"] < p["adopted"]) | p["adopted"].isna())), "no_adopting"),
    ],
)
def test_no_number_where_nothing_can_be_estimated(change, reason):
    panel = change(made())
    ours = impact(panel, outcome="y")
    check(ours, ESTIMATES)
    assert reason in set(ours["reason"]) and ours["value"].isna().all()
    found = feasibility(panel, outcome="y")
    check(found, FINDINGS)
    assert (found["check"].iloc[0], found["verdict"].iloc[0], found["computed"].iloc[0]) == (
        "impact_feasibility", "fail", "not_estimable",
    )  # fmt: skip
    assert found["guidance_vi"].iloc[0] and found["guidance_en"].iloc[0]


def test_later_adopters_can_stand_in_for_missing_comparison_units():
    panel = without(made(), [])
    ours = pointwise(impact(panel, outcome="y", control="not_yet", draws=99), "overall").iloc[0]
    wide = panel.pivot_table(index="unit", columns="period", values="y")
    adopted = panel.groupby("unit")["adopted"].first()
    change = wide[[3, 4]].sub(wide[2], axis=0)
    assert ours["value"] == pytest.approx((change[adopted == 3].mean() - change[adopted == 5].mean()).mean(), abs=1e-12)


def test_adoption_outside_the_panel():
    panel = made()
    early = panel["unit"].isin([1, 2])
    late = panel["unit"].isin([4, 5])
    shifted = panel.assign(adopted=panel["adopted"].mask(early, 1.0).mask(late, 40.0))
    same = panel[~early].assign(adopted=panel["adopted"].mask(late, np.nan))
    for by in ("overall", "event_time"):
        ours = [fit(p, outcome="y").effects(by).value for p in (shifted, same)]
        assert ours[0] == pytest.approx(ours[1], abs=1e-12)
    row = feasibility(shifted, outcome="y").set_index("check").loc["already_adopted"]
    assert (row["computed"], row["verdict"]) == ("2; 2", "review")


def test_weak_panels_say_what_is_weak():
    found = feasibility(made(15), outcome="y").set_index("check")
    assert found.loc["impact_feasibility", "computed"] == "weak"
    assert found.loc["clusters", "verdict"] == "review"
    assert feasibility(made(300), outcome="y").iloc[0]["computed"] == "estimable"
    gaps = made(90)
    gaps.loc[gaps.index % 3 == 0, "y"] = np.nan
    row = feasibility(gaps, outcome="y").set_index("check").loc["outcome_gaps"]
    assert (row["verdict"], row["severity"]) == ("review", "major")
    assert row["computed"].startswith("33.33")


def test_detectable_effect_is_that_of_the_textbook():
    """Witness: 2.8 standard errors of a difference of two mean changes."""
    panel = made(200, periods=2, cohorts=(2,), noise=1.0)
    found = feasibility(panel, outcome="y").set_index("check").loc["minimum_detectable_effect", "computed"]
    change = panel.groupby("unit")["y"].diff().dropna()
    group = change.groupby(panel["adopted"].notna())
    error = np.sqrt((group.var() / group.size()).sum())
    assert float(found) == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * error, rel=0.12)
    strict = feasibility(panel, outcome="y", worthwhile=1e-6).set_index("check")
    assert strict.loc["minimum_detectable_effect", "verdict"] == "review"


def test_periods_keep_their_names():
    panel = made().assign(period=lambda t: pd.PeriodIndex.from_ordinals(t["period"] + 200, freq="Q"))
    panel["adopted"] = pd.PeriodIndex(
        [pd.NaT if np.isnan(a) else pd.Period(ordinal=int(a) + 200, freq="Q") for a in panel["adopted"]], freq="Q"
    )
    ours, plain = impact(panel, outcome="y", draws=99), impact(made(), outcome="y", draws=99)
    assert ours["value"].tolist() == pytest.approx(plain["value"].tolist(), nan_ok=True)
    assert set(ours["cohort"]) == {"", "2020-Q4", "2021-Q2"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: pd.concat([p, p[:1]]), "hai dòng"),
        (lambda p: p.assign(adopted=p["adopted"].mask(p.index == 7, 4.0)), "nhiều giá trị ở cột adopted"),
        (lambda p: p.assign(district=p["district"].mask(p.index == 7, 99)), "nhiều giá trị ở cột district"),
        (lambda p: p.assign(x=p["x"].mask(p.index == 7)), "ô trống"),
        (lambda p: p.assign(size=0.0), "không dương"),
        (lambda p: p.assign(period=p["period"].astype(str)), "không phải kỳ"),
        (lambda p: p.drop(columns="y"), "thiếu cột y"),
    ],
)
def test_broken_panels_are_refused(change, words):
    with pytest.raises(DataError, match=words):
        impact(change(made()), outcome="y", covariates=["x"], cluster="district", weights="size")


def test_what_is_no_table_is_refused():
    with pytest.raises(DataError, match="panel, truth"):
        impact(rollout(seed=1), outcome="synthetic_score")


def test_unknown_words_are_refused():
    for wrong in ({"control": "all"}, {"sampling": "waves"}, {"confidence": 95}, {"anticipation": -1}):
        with pytest.raises(ParameterError):
            impact(made(), outcome="y", **wrong)


def test_no_overlap_gives_no_cell():
    panel = made(60).assign(z=lambda t: np.where(t["adopted"] == 3, 5.0, 0.0) + t["x"] / 10)
    cells = fit(panel, outcome="y", covariates=["z"]).cells
    known = pd.Series(np.isfinite(cells.value), cells.keys["cohort"])
    assert not known[3].any() and known[5].all()


def test_a_cohort_without_overlap_is_named():
    """Witness: counts of the places as the panel was made."""
    panel = made(60).assign(z=lambda t: np.where(t["adopted"] == 5, 5.0, 0.0) + t["x"] / 10)
    lost = panel.loc[panel["adopted"] == 5, "unit"].nunique()
    ours = impact(panel, outcome="y", covariates=["z"], draws=99)
    check(ours, ESTIMATES)
    assert ours.iloc[0]["reason"] == f"adopters_without_overlap={lost}"
    row = ours[(ours["effect"] == "cohort") & (ours["cohort"] == "5")]
    assert row["value"].isna().all() and row["reason"].tolist() == [f"adopters_without_overlap={lost}"]
    told = describe_impact(ours, lang="en")[0]
    assert "adopters of 3 only, without those of 5" in told.split(". ")[0]
    assert f"adopters without comparable places ({lost})" in told


def test_who_is_not_covered_is_counted():
    """Witness: the places put in, of each kind another number; models that stopped by the rows of dose 0."""
    panel = made().assign(dose=lambda t: 1.0 * (t["period"] >= t["adopted"]))
    one = panel[panel["unit"] == panel.loc[panel["adopted"] == 3, "unit"].iloc[0]]
    kinds = [one[one["period"] >= 3]] * 2 + [one[one["period"] < 3]] * 3 + [one.assign(y=np.nan)] * 4
    kinds += [one.assign(adopted=1.0)] * 5 + [one.assign(dose=1.0 * one["period"].between(3, 4))] * 6
    more = pd.concat([panel, *(rows.assign(unit=1000 + i) for i, rows in enumerate(kinds))])
    told = {"adopted_at_start=5", "stopped=6", "adopters_without_base=2", "adopters_not_measured=7"}
    ours = impact(more, outcome="y", draws=99)
    for effect, reason in zip(ours["effect"], ours["reason"], strict=True):
        assert set(filter(None, reason.split(";"))) == (told if effect.startswith("overall") else set())
    assert ours["value"].iloc[0] == pytest.approx(
        impact(more[(more["unit"] < 1000) | (more["unit"] >= 1014)], outcome="y", draws=99)["value"].iloc[0]
    )
    sentence = describe_impact(ours, lang="en")[0]
    assert "(6)" in sentence.split("To note: ")[1] and "only" not in sentence.split(". ")[0]
    row = feasibility(more, outcome="y").set_index("check").loc["left_out"]
    assert (row["computed"], row["verdict"], row["severity"]) == ("9", "review", "minor")
    assert "still counted as adopting: 6" in row["guidance_en"]
    alone = feasibility(panel, outcome="y").set_index("check").loc["left_out"]
    assert (alone["computed"], alone["verdict"]) == ("0", "pass")


def test_a_last_cohort_with_nobody_to_compare_is_named():
    panel = without(made(), [])
    last = panel.loc[panel["adopted"] == 5, "unit"].nunique()
    assert impact(panel, outcome="y", control="not_yet", draws=99)["reason"].iloc[0] == (
        f"adopters_without_comparison={last}"
    )


def test_nothing_to_compare_after_all():
    """Feasible by counts, but no place without the model resembles those with it."""
    panel = made(60).assign(z=lambda t: np.where(t["adopted"].isna(), 0.0, 5.0) + t["x"] / 10)
    ours = impact(panel, outcome="y", covariates=["z"])
    assert (ours["reason"].tolist(), ours["value"].isna().all()) == (["no_cell"], True)


def test_gaps_leave_the_permutation_without_limits_not_without_an_answer():
    panel = made(15)
    panel.loc[panel.groupby("unit").cumcount() == panel["unit"] % 6, "y"] = np.nan
    ours = impact(panel, outcome="y", draws=99)
    row = ours[ours["band"] == "randomisation"].iloc[0]
    assert row["reason"].split(";")[0] == "few_assignments" and pd.isna(row["value"])
    assert ours.iloc[0]["value"] > 0


def test_nobody_adopts_in_any_field():
    panel = made().assign(adopted=np.nan, field=None)
    assert impact(panel, outcome="y", by="field")["reason"].iloc[0] == "no_adopting"


def test_anticipation_moves_the_base_period():
    panel = made()
    wide = panel.pivot_table(index="unit", columns="period", values="y")
    adopted = panel.groupby("unit")["adopted"].first()
    found = fit(panel, outcome="y", anticipation=1).cells
    cells = found.keys.assign(value=found.value).set_index(["cohort", "period"])
    change = wide[6] - wide[3]
    assert cells.loc[(5, 6), "value"] == pytest.approx(change[adopted == 5].mean() - change[adopted.isna()].mean())
    short = panel[panel["period"] > 2]  # cohort 3 has no period before its announcement, cohort 5 has
    assert fit(short, outcome="y", anticipation=1).effects("cohort").keys["cohort"].tolist() == [5]
    assert impact(panel[panel["period"] > 3], outcome="y", anticipation=1)["reason"].tolist() == [
        "no_adopting",
        "no_period_before",
    ]


def apart(cohorts, per, never, seed=0, periods=12):
    """Noise only: `cohorts` of `per` places start one after the other."""
    rng = np.random.default_rng(seed)
    starts = np.repeat(np.arange(periods - cohorts, periods), per)
    adopted = np.concatenate([starts, np.full(never, np.nan)])
    y = rng.normal(size=(len(adopted), 1)) + rng.normal(size=(len(adopted), periods))
    rows = {"unit": np.repeat(np.arange(len(adopted)), periods), "period": np.tile(np.arange(periods), len(adopted))}
    return pd.DataFrame(rows | {"adopted": np.repeat(adopted, periods), "y": y.ravel()})


def test_a_place_alone_on_a_side_gives_no_interval():
    """A mean of one value has no spread: an interval of 0.25 either way would be made of the other side alone."""
    rows = pointwise(impact(apart(4, 1, 30), outcome="y", draws=99), "event_time").set_index("event_time")
    counts = fit(apart(4, 1, 30), outcome="y").effects("event_time").keys.set_index("event_time")["treated"]
    assert (rows.loc[counts[counts == 1].index, "reason"] == "one_adopting").all()
    assert rows["lower"].isna().eq(counts == 1).all()
    late = apart(3, 8, 0).assign(adopted=lambda t: t["adopted"].mask(t["unit"] == 23))  # one place left to compare with
    told = impact(late, outcome="y", control="not_yet", draws=99).query("effect == 'overall'").set_index("band")
    assert told.loc["pointwise", "reason"] == "one_comparison" and np.isnan(told.loc["pointwise", "upper"])
    assert np.isfinite(told.loc["randomisation", ["lower", "upper"]].astype(float)).all()


def test_few_places_on_a_side_widen_as_the_mean_of_few_values():
    panel = apart(1, 6, 300, periods=4)
    row = pointwise(impact(panel, outcome="y", draws=99), "overall").iloc[0]
    values = panel["y"].to_numpy().reshape(-1, 4)
    change = (values[:, 3] - values[:, 2])[:6]
    # Nearly all the error is that of the six: the interval is that of statsmodels for their mean, and a little more.
    low, high = DescrStatsW(change).tconfint_mean(0.05)
    assert 1 < (row["upper"] - row["lower"]) / (high - low) < 1.05


def test_places_that_start_one_by_one_are_seldom_said_to_have_moved_before(rounds):
    """Noise only: the tests before adoption and the band reject about as often as they say."""
    reject, outside = [], []
    for seed in range(rounds(12, 200)):
        panel = apart(8, 2, 60, seed, periods=14)
        reject.append(pretrend_tests(fit(panel, outcome="y"))["pretrends"][1] < 0.05)
        band = impact(panel, outcome="y", draws=99).query("effect == 'event_time' and band == 'simultaneous'")
        outside.append(((band["lower"] > 0) | (band["upper"] < 0)).any())
    assert np.mean(reject) < 0.3 and np.mean(outside) < 0.3


def test_an_early_cohort_weighs_more_than_a_late_one():
    """Kish: cohorts of one place with 4, 3, 2 and 1 cells count as 10² / 30 places."""
    keys = fit(apart(4, 1, 30), outcome="y").effects("overall").keys
    assert keys["effective"].iloc[0] == pytest.approx(100 / 30)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [("y", np.inf, "infinite"), ("y", "7,0", "Text in a number column"), ("period", 1.5, "not whole")],
)
def test_what_is_no_number_is_refused(column, value, says):
    panel = made().astype({column: object if isinstance(value, str) else float})
    panel.loc[4, column] = value
    with pytest.raises(DataError, match=says):
        impact(panel, outcome="y", draws=99)


@pytest.mark.parametrize("options", [{"draws": 0}, {"seed": -1}, {"anticipation": 1.5}, {"confidence": "0.95"}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ParameterError, match="Cách sửa"):
        impact(made(), outcome="y", **options)


def test_names_and_sizes_that_cannot_be_are_refused():
    with pytest.raises(ParameterError, match="named like one of the result"):
        impact(made().assign(value=1), outcome="y", by="value")
    with pytest.raises(ParameterError, match="above 0"):
        feasibility(made(), outcome="y", worthwhile=-1)


def test_a_group_belongs_to_the_unit():
    panel = made().assign(field=lambda t: np.where(t["unit"] < 30, "a", "b"))
    moving = panel.assign(field=panel["field"].mask(panel["period"] > 4, "c"))
    with pytest.raises(DataError, match="several values of field"):
        impact(moving, outcome="y", by="field", draws=99)
    hole = panel.assign(field=panel["field"].mask(panel["adopted"].notna() & (panel["unit"] == 1)))
    with pytest.raises(DataError, match="empty cells"):
        impact(hole, outcome="y", by="field", draws=99)


def test_covariates_that_never_move_leave_the_regressions_alone():
    panel = made().assign(twice=lambda t: 2 * t["x"] + 1)
    plain, more = (impact_cross_check(panel, outcome="y", covariates=c) for c in ((), ("x", "twice")))
    assert more["value"].to_numpy() == pytest.approx(plain["value"].to_numpy(), nan_ok=True)


def test_few_assignments_are_all_gone_through():
    """Witness: every choice of 5 of 10 places, change by change, and the test just inside and outside the limits."""
    panel = apart(1, 5, 5, seed=8, periods=2)
    panel["y"] += 2 * ((panel["period"] == 1) & (panel["unit"] < 5))
    change = panel.pivot_table(index="unit", columns="period", values="y").diff(axis=1)[1].to_numpy()
    chosen = [np.isin(np.arange(10), c) for c in itertools.combinations(range(10), 5)]

    def p_value(effect):
        left = change - effect * chosen[0]
        differences = [abs(left[c].mean() - left[~c].mean()) for c in chosen]
        return np.mean([d >= differences[0] - 1e-12 for d in differences])

    data = Sample(panel, Comparison("y", "unit", "period", "adopted"))
    value, lower, upper, p = randomisation_interval(data, 0.95, 19, 1)
    assert (value, p) == (pytest.approx(change[:5].mean() - change[5:].mean()), p_value(0.0))
    step = 1e-6 * (upper - lower)
    assert min(p_value(lower + step), p_value(upper - step)) > 0.05
    assert max(p_value(lower - step), p_value(upper + step)) <= 0.05
    assert randomisation_interval(data, 0.95, 999, 2) == (value, lower, upper, p)


@pytest.mark.parametrize("clusters", ["alone", "whole", "within"])
def test_all_assignments_are_those_of_every_order(clusters):
    """Witness: the different results of putting the places, the clusters, or those within them in every order."""
    cohorts = np.array([3.0, 3.0, 0.0, 0.0, 5.0, 5.0] if clusters == "whole" else [3.0, 0.0, 0.0, 3.0, 5.0, 0.0])
    of = {"alone": [4, 2, 0, 1, 3, 5], "whole": [1, 1, 0, 0, 2, 2], "within": [0, 1, 0, 0, 1, 1]}[clusters]
    groups = np.array(of)
    every = set(itertools.permutations(cohorts))
    if clusters == "whole":
        every = {e for e in every if all(len(set(np.array(e)[groups == g])) == 1 for g in range(3))}
    if clusters == "within":
        kept = [sorted(cohorts[groups == g]) for g in (0, 1)]
        every = {e for e in every if [sorted(np.array(e)[groups == g]) for g in (0, 1)] == kept}
    drawn = [tuple(d) for d in permuted(Places(np.zeros((6, 2)), cohorts, np.ones(6), groups, np.arange(2.0)), 19, 1)]
    assert len(drawn) == len(every) and set(drawn) == every
