"""The 766 index against the portal's own scores of 10 October 2026, and edges of the rule."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from dvresearch.codebook import get
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import load_figures, load_index766
from dvresearch.metrics.index766 import (
    ITEMS,
    MAXIMA,
    THRESHOLDS,
    compare766,
    compare_national766,
    cumulative_against_parts,
    imputed_check,
    index766,
    national766,
    variance_check,
)
from dvresearch.tables import ESTIMATES, FINDINGS, check


@cache
def provinces() -> pd.DataFrame:
    return load_index766()


def one(**counts) -> pd.DataFrame:
    full = {
        "unit": "A",
        "received": 100,
        "in_time": 90,
        "feedback_total": 10,
        "feedback_in_time": 5,
        "feedback_satisfied": 4,
        "satisfied_766": 45,
        "satisfaction_base_766": 100,
        "q766_ckmb": 10.0,
        "q766_online": 5.0,
        "q766_tttt": 4.0,
        "q766_mdsh": 8.0,
    }
    return pd.DataFrame([{**full, **counts}])


def scores(counts: pd.DataFrame, **options) -> pd.Series:
    return index766(counts, **options).set_index("indicator")["value"]


def test_34_of_34_provinces_within_a_hundredth_of_the_published_score():
    found = compare766(provinces())
    assert found.groupby("check")["verdict"].value_counts().to_dict() == {
        ("q766_tdgq", "pass"): 34,
        ("q766_mdhl", "pass"): 34,
        ("q766_groups", "pass"): 34,
    }
    # The same comparison without the function under test.
    p = provinces()
    tdgq = 20 * p["in_time"] / p["received"]
    mdhl = (
        6 * p["feedback_in_time"] / p["feedback_total"]
        + 6 * p["feedback_satisfied"] / p["feedback_total"]
        + (6 * p["satisfied_766"] / p["satisfaction_base_766"] / 0.9).clip(upper=6)
    )
    for code, by_hand in {"q766_tdgq": tdgq, "q766_mdhl": mdhl}.items():
        rows = index766(p)
        np.testing.assert_allclose(rows.loc[rows["indicator"] == code, "value"], by_hand, rtol=1e-12)
        assert (by_hand - p[code]).abs().max() < 0.0101


def test_a_wrong_score_is_found():
    wrong = (
        provinces()
        .head(3)
        .assign(q766_tdgq=lambda t: t["q766_tdgq"] + [0, 0.02, 0], q766_total=lambda t: t["q766_total"] + 1)
    )
    found = compare766(wrong).groupby("check")["verdict"].apply(list)
    assert found["q766_tdgq"] == ["pass", "fail", "pass"]
    assert found["q766_mdhl"] == ["pass"] * 3 and found["q766_groups"] == ["fail"] * 3


def test_national_scores_in_both_ways_of_averaging():
    rows = national766(provinces()).set_index(["indicator", "definition"])
    # The portal's national scores (10 October 2026) are unweighted means of its provinces.
    portal = {"q766_ckmb": 10.46, "q766_tdgq": 17.56, "q766_mdsh": 9.61, "q766_mdhl": 10.24}
    for code, printed in portal.items():
        assert round(rows.loc[(code, "unweighted_mean"), "value"], 2) == printed
    assert abs(rows.loc[("q766_total", "unweighted_mean"), "value"] - 62.59) < 0.01
    pooled = rows.loc[("q766_tdgq", "pooled")]
    assert round(pooled["value"], 2) == 17.33 and pooled["n"] == 14666757
    assert rows.loc[("q766_ckmb", "pooled"), "reason"] == "no_counts"
    assert rows.loc[("q766_tdgq", "unweighted_mean"), "n"] == 34


def test_national_scores_are_compared_with_the_published_ones():
    nation = load_figures(level="nation", period="2026-01-01..2026-10-10")
    found = compare_national766(provinces(), nation)
    assert found["verdict"].tolist() == ["pass"] * 6
    assert ("14.72", "14.72") in set(zip(found["computed"], found["stated"], strict=True))
    shifted = nation.assign(value=nation["value"] + 0.05)
    assert compare_national766(provinces(), shifted)["verdict"].tolist() == ["fail"] * 6


def test_threshold_rule():
    # Portal: 23.82% of an item of 4 points, scored in proportion, is 0.95; the formula note (80%) would give 1.19.
    share = one(received=10_000, in_time=2_382)
    for threshold, printed in ((1.0, 0.95), (0.8, 1.19)):
        assert round(scores(share, thresholds={"timeliness": threshold})["q766_tdgq"] * 4 / 20, 2) == printed
    for in_time, points in ((0, 0), (40, 10), (80, 20), (81, 20), (100, 20)):
        assert scores(one(in_time=in_time), thresholds={"timeliness": 0.8})["q766_tdgq"] == pytest.approx(points)
    for wrong in (0, 80, -1):
        with pytest.raises(ParameterError, match=r"0\.8"):
            index766(one(), thresholds={"timeliness": wrong})


def test_scores_by_hand():
    row = scores(one())
    assert row["q766_tdgq"] == 18
    assert row["q766_mdhl"] == pytest.approx(6 * 0.5 + 6 * 0.4 + 6 * 0.45 / 0.9)
    assert row["q766_total"] == pytest.approx(10 + 18 + 5 + 4 + 8 + 8.4)
    assert scores(one(), thresholds={"timeliness": 0.8})["q766_tdgq"] == 20
    assert scores(one(), thresholds={"satisfaction": 1.0})["q766_mdhl"] == pytest.approx(8.1)
    with pytest.raises(ParameterError, match="thresholds"):
        index766(one(), thresholds={"tdgq": 0.8})


def test_zero_denominators():
    none = one(feedback_total=0, feedback_in_time=0, feedback_satisfied=0)
    assert scores(none, zero="full")["q766_mdhl"] == 6 + 6 + 3  # as the portal scores communes without feedback
    assert scores(none, zero="zero")["q766_mdhl"] == 3
    row = index766(none).set_index("indicator")
    assert row.loc[["q766_mdhl", "q766_total"], "value"].isna().all()
    assert row.loc[["q766_mdhl", "q766_total"], "reason"].tolist() == ["zero_denominator"] * 2
    # Nothing handled of six is a ratio of 0 under every policy (Lai Châu, 0 of 6).
    six = one(feedback_total=6, feedback_in_time=0, feedback_satisfied=0)
    assert {scores(six, zero=z)["q766_mdhl"] for z in ("na", "zero", "full")} == {3.0}


def test_lai_chau_gets_no_points_for_feedback():
    row = provinces().set_index("unit").loc["Lai Châu"]
    assert (row["feedback_in_time"], row["feedback_total"]) == (0, 6)
    computed = index766(provinces()).query("unit == 'Lai Châu' and indicator == 'q766_mdhl'")
    assert computed["value"].tolist() == [6.0] and computed["flags"].tolist() == ["few;imputed"]


def test_scores_are_estimates_that_carry_their_maximum():
    rows = index766(provinces())
    check(rows, ESTIMATES)
    assert list(rows.columns)[-len(ESTIMATES.names) :] == ESTIMATES.names
    assert len(rows) == 34 * 7 and rows["indicator"].tolist()[:7] == list(MAXIMA)
    assert dict(zip(rows["indicator"], rows["denominator"], strict=True)) == dict(MAXIMA)
    assert (rows["value"] <= rows["denominator"]).all() and rows["numerator"].isna().all()
    method = rows.drop_duplicates("indicator").set_index("indicator")["method"]
    assert set(method[method == "recomputed"].index) == {"q766_tdgq", "q766_mdhl", "q766_total"}
    assert all(get("method", m) for m in method) and all(get("reason", r).note_vi for r in rows["reason"].unique())
    assert set(THRESHOLDS) == set(ITEMS)


def test_communes_with_scores_only():
    communes = load_index766(level="commune")
    rows = index766(communes).set_index(["unit", "indicator"])
    reason = rows.loc[(communes["unit"].iloc[0], "q766_tdgq"), "reason"]
    assert reason in ("no_counts", "not_sampled")
    found = compare766(communes)
    assert set(found["verdict"]) == {"pass"}
    assert (found["check"] == "q766_groups").sum() == 135


def test_impossible_counts_are_refused():
    with pytest.raises(DataError, match="in_time"):
        index766(one(in_time=101))
    with pytest.raises(ParameterError, match="zero"):
        index766(one(), zero="skip")


def test_months_and_cumulative_share_of_2026_contradict_each_other():
    months = load_figures(indicator="dossiers_in_time_share", level="nation")
    share = 12707675 / 14666757
    found = cumulative_against_parts(months["value"], share, where="Việt Nam, 2026").iloc[0]
    assert (found["check"], found["verdict"], found["severity"]) == ("cumulative_share", "fail", "major")
    assert (found["computed"], found["stated"]) == ("82.83\u00a0%", "86.64\u00a0%")
    assert "40,80%" in found["guidance_vi"] and "82,83%" in found["guidance_vi"] and "82.83%" in found["guidance_en"]


def test_one_definition_may_put_the_year_outside_its_months():
    # By hand: 10 dossiers a month, 2 carried over each time, all in time that are resolved: 8 of 10, 10 of 12, 10 of
    # 12 of the workload each month, 28 of 30 over the three. One definition, and no mistake.
    found = cumulative_against_parts([8 / 10, 10 / 12, 10 / 12], 28 / 30, where="A").iloc[0]
    assert found["verdict"] == "fail"
    assert "hoặc hồ sơ kỳ trước chuyển sang được đếm lại ở kỳ sau" in found["guidance_vi"]
    assert "or dossiers carried over count again in the next period" in found["guidance_en"]


@pytest.mark.parametrize(
    ("parts", "cumulative", "verdict"),
    [
        ([0.5, 0.9], 0.7, "pass"),
        ([0.5, 0.9], 0.90004, "pass"),  # within the printed precision
        ([0.5, 0.9], 0.901, "fail"),
        ([0.5, 0.9], 0.499, "fail"),
        ([], 0.5, "unknown"),
        ([np.nan, 0.5], np.nan, "unknown"),
    ],
)
def test_cumulative_share_lies_among_its_parts(parts, cumulative, verdict):
    assert cumulative_against_parts(parts, cumulative, where="A")["verdict"].tolist() == [verdict]


def test_satisfaction_of_766_is_timeliness():
    found = imputed_check(provinces()).set_index("check")
    assert found["verdict"].tolist() == ["review"] * 3
    p = provinces()
    r = np.corrcoef(p["satisfied_766"] / p["satisfaction_base_766"], p["in_time"] / p["received"])[0, 1]
    assert found.loc["imputed_correlation", "computed"] == "0.99995" == f"{r:.5f}"
    assert found.loc[["imputed_never_above", "feedback_never_above"], "computed"].tolist() == ["0/34"] * 2
    # r is about 6 points of 18, which hardly tell provinces apart: by hand, from the points of the three items.
    items = pd.DataFrame(
        {
            "in_time": 6 * p["feedback_in_time"] / p["feedback_total"],
            "satisfied": 6 * p["feedback_satisfied"] / p["feedback_total"],
            "procedures": (6 * p["satisfied_766"] / p["satisfaction_base_766"] / 0.9).clip(upper=6),
        }
    )
    score = items.sum(axis=1)
    assert [round(100 * items[c].cov(score) / score.var(), 1) for c in items] == [55.1, 42.8, 2.1]
    assert "2,1%" in found.loc["imputed_correlation", "guidance_vi"]
    assert abs(np.corrcoef(p["q766_mdhl"], p["q766_tdgq"])[0, 1]) < 0.02
    late, dissatisfied = (int((p["feedback_total"] - p[f"feedback_{c}"]).sum()) for c in ("in_time", "satisfied"))
    assert (late, dissatisfied) == (12745, 14649)
    assert "Of 14,649 feedback" in found.loc["feedback_never_above", "guidance_en"]
    assert "12,745 (87%)" in found.loc["feedback_never_above", "guidance_en"]


def test_a_real_survey_would_not_be_taken_for_timeliness():
    rng = np.random.default_rng(2)
    survey = provinces().assign(
        satisfied_766=lambda t: np.floor(t["satisfaction_base_766"] * rng.uniform(0.5, 1, 34)),
        feedback_satisfied=lambda t: t["feedback_total"],
    )
    found = imputed_check(survey).set_index("check")
    assert found["verdict"].tolist() == ["pass"] * 3
    assert "12" not in found.loc["feedback_never_above", "guidance_vi"]  # numbers go with the pattern only
    nothing_late = (
        provinces()
        .assign(feedback_in_time=lambda t: t["feedback_total"])
        .assign(feedback_satisfied=lambda t: t["feedback_total"])
    )
    told = imputed_check(nothing_late).set_index("check").loc["feedback_never_above"]
    assert told["verdict"] == "review" and not any(c.isdigit() for c in told["guidance_vi"].replace("5.3", ""))
    assert imputed_check(provinces().head(2))["verdict"].tolist() == ["unknown"] * 3


def test_communes_of_gia_lai_differ_mostly_by_mdhl():
    communes = load_index766(level="commune")
    found = variance_check(communes).iloc[0]
    assert (found["verdict"], found["computed"]) == ("review", "0.81")
    text = found["guidance_vi"]
    assert "81%" in text and "0,78" in text and "103/135" in text and "14 đơn vị" in text
    shares = [float(variance_check(communes, group=g)["computed"].iloc[0]) for g in list(MAXIMA)[:-1]]
    assert sum(shares) == pytest.approx(1, abs=0.02)
    assert variance_check(communes.head(2))["verdict"].tolist() == ["unknown"]


def test_findings_are_in_the_words_of_the_codebook():
    communes = load_index766(level="commune")
    found = pd.concat([compare766(provinces()), imputed_check(provinces()), variance_check(communes)])
    check(found, FINDINGS)
    assert all(get("check", code) for code in [*found["check"].unique(), "q766_national", "cumulative_share"])
