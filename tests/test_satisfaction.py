"""Satisfaction of a survey against a real one and by hand, and published satisfaction: what is known of it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from dvresearch.codebook import get
from dvresearch.errors import DataError
from dvresearch.loaders import load_figures
from dvresearch.metrics.estimates import ALL
from dvresearch.metrics.satisfaction import published_satisfaction, satisfaction
from dvresearch.metrics.survey import Design, survey_mean
from dvresearch.tables import ESTIMATES, SCALES, SURVEYED, check


def test_one_hundred_percent_without_n():
    # Báo Bắc Ninh, 17 May 2024: "100%" of those who rated in Yên Phong, their number not printed.
    row = published_satisfaction(load_figures(indicator="raters_satisfied_share")).iloc[0]
    assert row["value"] == 1 and np.isnan(row["lower"]) and np.isnan(row["n"])
    assert row[["basis", "flags", "reason", "method"]].tolist() == ["volunteers", "ceiling", "no_n", "published"]
    assert np.isnan(row["confidence"])


def test_feedback_of_the_34_provinces_is_imputed_and_rests_on_6_to_5514_cases():
    figures = load_figures(indicator="feedback_satisfied_share", level="province")
    rows = published_satisfaction(figures)
    assert len(rows) == 34 and (rows["n"].min(), rows["n"].max()) == (6, 5514)
    assert rows["flags"].str.contains("imputed").all()
    assert rows.loc[rows["n"] == 6, "flags"].tolist() == ["few;imputed"]
    row = rows.set_index("unit").loc["Đồng Nai"]  # 641 of 1285
    lower, upper = proportion_confint(641, 1285, method="wilson")
    assert row["value"] == 641 / 1285 and (row["lower"], row["upper"]) == pytest.approx((lower, upper), abs=1e-12)


def test_the_satisfaction_of_766_counts_every_dossier_and_asks_nobody():
    rows = published_satisfaction(load_figures(indicator="q766_satisfaction_share", level="province"))
    assert set(rows["basis"]) == {"census"} and rows["flags"].str.contains("imputed").all()


def test_survey_indices_keep_their_basis():
    rows = published_satisfaction(load_figures(indicator="sipas", unit="Việt Nam")).set_index("period")
    assert rows.loc["2024", "value"] == 0.8394 and set(rows["basis"]) == {"sample"}
    assert set(rows["reason"]) == {"no_n"} and set(rows["flags"]) == {""}


def test_several_indicators_at_once_are_an_estimates_table():
    figures = load_figures()
    figures = figures[figures["indicator"].isin(["sipas", "raters_satisfied_share", "feedback_satisfied_share"])]
    rows = published_satisfaction(figures)
    check(rows, ESTIMATES)
    assert len(rows) == len(figures) and list(rows.columns)[-len(ESTIMATES.names) :] == ESTIMATES.names
    assert all(get("reason", r).note_vi for r in rows["reason"].unique() if r)
    assert set(rows.loc[rows["denominator"] == 0, "reason"]) == {"zero_denominator"}


def test_an_impossible_count_is_refused():
    figures = load_figures(indicator="feedback_satisfied_share", unit="Đồng Nai").assign(numerator=1286)
    with pytest.raises(DataError, match="numerator ≤ denominator"):
        published_satisfaction(figures)


# From answers --------------------------------------------------------------------------------------------------------

FIVE = SCALES["hai_long_5"]
FACTORS = {"access": ["q1", "q2"], "staff": ["q3"]}
DESIGN = Design(strata="province", clusters="commune", weights="weight")


@pytest.fixture(scope="module")
def responses():
    """Answers of 600 people in 40 communes of two provinces; q2 is often left out."""
    rng = np.random.default_rng(3)
    commune = np.repeat(np.arange(40), 15)
    level = rng.normal(0.8, 0.4, 40)[commune]
    table = pd.DataFrame({"commune": commune, "province": np.where(commune < 20, "A", "B")})
    table["weight"] = rng.lognormal(0, 0.4, len(table))
    for item in ("q1", "q2", "q3"):
        place = np.clip(np.round(2 + level + rng.normal(0, 1, len(table))), 0, 4).astype(int)
        table[item] = np.array(FIVE)[place]
    table.loc[rng.random(len(table)) < 0.4, "q2"] = "dont_know"
    return table


def test_shares_of_two_waves_of_a_real_survey(validation):
    folder = validation("survey_micro")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["kcmo_resident_survey_fy2022"]
    table = pd.read_csv(folder / "kcmo_resident_survey_fy2022.csv")
    waves = expected["pct_satisfied_4_5_excluding_9"]
    items = list(waves["1QSEP2021"])
    options = {"items": items, "by": "quarte", "scale": [1, 2, 3, 4, 5], "no_answer": [9]}
    shares = satisfaction(table, score="top2", **options).set_index(["quarte", "item"])
    means = satisfaction(table, score="mean100", **options).set_index(["quarte", "item"])
    for wave, answers in waves.items():
        for item, q in answers.items():
            assert shares.loc[(wave, item), "n"] == q["n_valid"]
            assert 100 * shares.loc[(wave, item), "value"] == pytest.approx(q["pct_4_5"], abs=5.1e-5)
            assert means.loc[(wave, item), "value"] == pytest.approx(25 * (q["mean"] - 1), abs=2e-5)


SCORED = {"top2": [0, 0, 0, 1, 1], "top1": [0, 0, 0, 0, 1], "mean100": [0, 25, 50, 75, 100], "net": [-1, -1, 0, 1, 1]}


@pytest.mark.parametrize("score", SCORED)
def test_an_item_is_the_mean_of_its_scores(responses, score):
    y = responses["q2"].map(dict(zip(FIVE, SCORED[score], strict=True))).astype(float)
    slow = survey_mean(responses.assign(y=y), values="y", by="province", design=DESIGN)
    got = satisfaction(responses, items=["q2"], by="province", score=score, design=DESIGN, interval="wald")
    columns = ["value", "std_error", "lower", "upper", "n", "deff", "deff_wor", "n_eff", "df", "clusters"]
    pd.testing.assert_frame_equal(got.loc[got["item"] == "q2", columns].reset_index(drop=True), slow[columns])


def test_a_factor_is_the_mean_of_its_items(responses):
    got = satisfaction(responses, factors=FACTORS, score="mean100", design=DESIGN)
    check(got, SURVEYED)
    assert list(got.columns) == ["factor", "item", *SURVEYED.names]
    rows = got.set_index(["factor", "item"])
    value = rows["value"]
    assert value["access", ALL] == pytest.approx((value["access", "q1"] + value["access", "q2"]) / 2)
    assert value[ALL, ALL] == pytest.approx((value["access", ALL] + value["staff", "q3"]) / 2)
    assert rows.loc[("access", ALL), "n"] == rows.loc[("access", "q2"), "n"]
    assert got["definition"].tolist() == [*["of_answers"] * 3, "mean_of_items", "mean_of_items", "mean_of_factors"]


def test_the_error_of_a_factor_against_the_jackknife(responses):
    """Leaving one commune out at a time knows nothing of linearisation."""
    whole = [("access", ALL), (ALL, ALL)]

    def rows(table):
        return satisfaction(table, factors=FACTORS, score="mean100", design=DESIGN).set_index(["factor", "item"])

    def without(commune):
        rest = responses[responses["commune"] != commune]
        gone = responses.loc[responses["commune"] == commune, "province"].iloc[0]
        return rest.assign(weight=rest["weight"].where(rest["province"] != gone, rest["weight"] * 20 / 19))

    left_out = np.array([rows(without(c)).loc[whole, "value"] for c in range(40)])
    provinces = left_out.reshape(2, 20, 2)
    variance = 19 / 20 * np.square(provinces - provinces.mean(axis=1, keepdims=True)).sum(axis=(0, 1))
    assert rows(responses).loc[whole, "std_error"].tolist() == pytest.approx(np.sqrt(variance).tolist(), rel=0.02)


def test_items_of_no_factor_stand_by_themselves(responses):
    got = satisfaction(responses, items=["q3"], factors={"access": ["q1", "q2"]}, design=DESIGN)
    labels = [("", "q3"), ("access", "q1"), ("access", "q2"), ("access", ALL), (ALL, ALL)]
    assert list(zip(got["factor"], got["item"], strict=True)) == labels
    assert got["value"].iloc[-1] == got["value"].iloc[-2]


def test_the_rules_of_degrees_of_freedom(responses):
    rules = ("domain", "design", "normal")
    rows = [satisfaction(responses, items=["q1"], by="province", design=DESIGN, degrees=r).iloc[0] for r in rules]
    assert [row["df"] for row in rows] == [19, 38, np.inf]
    assert [row["method"] for row in rows] == ["logit_t_domain", "logit_t_design", "logit_normal"]
    widths = [row["upper"] - row["lower"] for row in rows]
    assert widths == sorted(widths, reverse=True)


def test_one_hundred_percent_of_38_has_a_lower_limit():
    row = satisfaction(pd.DataFrame({"q": ["satisfied"] * 38}), items=["q"]).iloc[0]
    assert row["value"] == 1
    assert row["lower"] == pytest.approx(0.025 ** (1 / 38))
    assert row[["flags", "method", "basis"]].tolist() == ["ceiling", "korn_graubard_t_domain", "unknown"]
    mean = satisfaction(pd.DataFrame({"q": ["very_satisfied"] * 38}), items=["q"], score="mean100").iloc[0]
    assert (mean["value"], mean["reason"]) == (100, "no_spread")
    assert np.isnan(mean["lower"])


def test_an_item_nobody_answered_leaves_its_factor_without_value(responses):
    table = responses.assign(q2=responses["q2"].where(responses["province"] == "A"))
    got = satisfaction(table, factors=FACTORS, by="province", design=DESIGN).set_index(["province", "factor", "item"])
    for item in ("q2", ALL):
        row = got.loc[("B", "access", item)]
        assert np.isnan(row["value"])
        assert (row["n"], row["reason"]) == (0, "no_answer")
    assert got.loc[("B", "staff", ALL), "value"] == got.loc[("B", "staff", "q3"), "value"]


def test_a_small_item_hides_its_factor(responses):
    few = responses["q2"].where(responses.groupby("province").cumcount() < 6)
    got = satisfaction(responses.assign(q2=few), factors=FACTORS, by="province", design=DESIGN)
    hidden = got[got["flags"].str.contains("suppressed")]
    assert {*zip(hidden["factor"], hidden["item"], strict=True)} == {("access", "q2"), ("access", ALL), (ALL, ALL)}
    assert hidden["value"].isna().all()


def test_a_split_questionnaire_says_how_many_answered_each_item():
    """Of 40 and of 60 people, and nobody both: the variance of the mean of two independent shares is by hand."""
    table = pd.DataFrame({"q1": ["satisfied"] * 30 + ["neutral"] * 10 + [None] * 60})
    table["q2"] = [None] * 40 + ["satisfied"] * 24 + ["neutral"] * 36
    got = satisfaction(table, items=["q1", "q2"], interval="wald")
    assert got["n"].tolist() == [40, 60, 40]
    assert got["reason"].tolist() == ["", "", "split_items"]
    whole = got.iloc[-1]
    assert whole["value"] == (0.75 + 0.4) / 2
    by_hand = (0.75 * 0.25 / 40 + 0.4 * 0.6 / 60) / 4 * 100 / 99
    assert whole["std_error"] ** 2 == pytest.approx(by_hand)
    assert np.isfinite(whole["lower"])
