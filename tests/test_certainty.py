"""A sample that shows no error tells so: no interval without width, nothing infinite, no design effect near 0."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvresearch import codebook
from dvresearch.errors import DataError
from dvresearch.metrics import (
    Design,
    answer_shares,
    calibrate,
    published_satisfaction,
    satisfaction,
    satisfaction_covariance,
    selection_bounds,
    survey_difference,
    survey_mean,
)
from dvresearch.tables import FIGURES, SCALES

FIVE = SCALES["hai_long_5"]
LONELY = ("adjust", "average", "certainty")


@st.composite
def samples(draw):
    """Strata of few clusters of few people, whose answers are often those of their stratum or their cluster."""
    rows = []
    for stratum in range(draw(st.integers(1, 3))):
        level = draw(st.integers(0, 4))
        for cluster in range(draw(st.integers(1, 3))):
            own = draw(st.sampled_from([level, level, draw(st.integers(0, 4))]))
            answers = draw(st.lists(st.sampled_from([own] * 6 + [0, 4, 5]), min_size=1, max_size=5))
            rows += [(stratum, cluster, k % 2, place) for k, place in enumerate(answers)]
    table = pd.DataFrame(rows, columns=["s", "c", "g", "place"])
    table["w"] = draw(st.sampled_from([1.0, 0.1, 3.7])) * (1 + table["c"] * draw(st.sampled_from([0, 0.7])))
    table["q"] = np.array([*FIVE, "dont_know"])[table["place"]]
    table["r"] = table["q"].where(table["g"] == 0)
    table["y"] = table["place"].where(table["place"] < 5) * draw(st.sampled_from([1.0, 0.1, 1e6]))
    table["everyone"] = 1.0
    return table


@st.composite
def designs(draw):
    return Design(
        strata=draw(st.sampled_from([(), "s"])),
        clusters=draw(st.sampled_from([(), "c", "one"])),
        weights=draw(st.sampled_from([None, "w"])),
        fpc=draw(st.sampled_from([(), (), "everyone"])),
        lonely=draw(st.sampled_from(LONELY)),
        margins=draw(st.sampled_from([(), (), ["g"]])),
    )


def holds(table: pd.DataFrame) -> None:
    """No zero-width interval, nothing infinite, no tiny design effect; where there is no interval, a reason."""
    numbers = table.select_dtypes("number").drop(columns="df", errors="ignore")
    assert not np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).any(), numbers.T
    assert not (table["upper"] - table["lower"] <= 1e-9 * (1e-9 + table["value"].abs())).any(), table.T
    if "deff" in table:
        assert not (table["deff"] < 1e-6).any()
        assert (table["n_eff"].isna() | (table["n_eff"] <= 1e6 * table["n"])).all()
    silent = table.loc[table["lower"].isna(), "reason"]
    assert all(codebook.get("reason", code).note_vi for code in silent), table.T


@settings(deadline=None, max_examples=30)
@given(samples(), designs(), st.sampled_from(["domain", "design", "normal"]), st.sampled_from(["wald", "logit"]))
def test_estimates_of_a_sample(table, design, degrees, interval):
    table["one"] = "A"
    options = {"design": design, "degrees": degrees, "min_count": 1}
    holds(survey_mean(table, values="y", by="g", **options))
    factors = {"first": ["q"], "second": ["r"]}
    for score in ("top2", "mean100", "net"):
        holds(satisfaction(table, factors=factors, score=score, interval=interval, **options))


@settings(deadline=None, max_examples=30)
@given(samples(), designs(), st.sampled_from(["mover", "wald"]), st.sampled_from(["domain", "design", "normal"]))
def test_differences_of_a_sample(table, design, method, degrees):
    table["one"] = "A"
    twice = pd.concat([table.assign(year=2025), table.assign(year=2026)], ignore_index=True)
    options = {"items": ["q"], "by": "year", "design": design, "min_count": 1}
    estimates = satisfaction(twice, degrees=degrees, **options)
    covariances = satisfaction_covariance(twice, column="year", **options)
    holds(survey_difference(estimates, covariances, column="year", of=2026, against=2025, method=method))


@settings(deadline=None, max_examples=30)
@given(samples())
def test_shares_bounds_and_weights(table):
    holds(answer_shares(table.assign(unit="A"), {"q": "hai_long_5", "r": "hai_long_5"}, by="g", min_count=1))
    counts = table.assign(x=table["place"].isin([3, 4]) * 1.0, n=(table["place"] < 5) * 1.0)
    bounds = selection_bounds(counts, numerator="x", answered="n", served="everyone", by="s")
    assert not np.isinf(bounds[["value", "lower", "upper"]].to_numpy()).any()
    totals = dict.fromkeys(table["s"].unique(), 50.0)
    try:
        weights = calibrate(table, margins={"s": totals}, design=Design(weights="w"), largest=4)
    except DataError:
        return
    assert np.isfinite(weights).all()
    assert weights.groupby(table["s"]).sum().tolist() == pytest.approx([50.0] * len(totals), rel=1e-6)


def test_strata_at_both_ends_are_not_certain():
    """Twenty of twenty in one stratum, none of twenty in the other: the half in between has an unknown error."""
    table = pd.DataFrame({"s": ["a"] * 20 + ["b"] * 20, "c": np.repeat(range(8), 5), "y": [1.0] * 20 + [0.0] * 20})
    for clusters in ((), "c"):
        row = survey_mean(table, values="y", design=Design(strata="s", clusters=clusters), interval="logit").iloc[0]
        assert (row["value"], row["reason"]) == (0.5, "clusters_alike")
        assert row[["std_error", "lower", "upper", "confidence", "deff", "n_eff"]].isna().all()


@pytest.mark.parametrize("degrees", ["domain", "design", "normal"])
def test_one_cluster_tells_nothing_about_clusters(degrees):
    table = pd.DataFrame({"y": [0.0, 1] * 40, "c": ["A"] * 40 + list("BCDE") * 10, "g": ["x"] * 40 + ["y"] * 40})
    row = survey_mean(table, values="y", by="g", design=Design(clusters="c"), degrees=degrees).iloc[0]
    assert (row["value"], row["reason"]) == (0.5, "no_freedom")
    assert row[["std_error", "lower", "upper", "deff", "n_eff"]].isna().all()


@pytest.mark.parametrize("degrees", ["domain", "design", "normal"])
@pytest.mark.parametrize("lonely", ["adjust", "average", "certainty"])
def test_lonely_clusters_alone_tell_nothing_about_clusters(lonely, degrees):
    """Two strata of one cluster each: R survey would give their distances from each other as an error."""
    table = pd.DataFrame({"s": np.repeat([*"abccccdddd"], 20), "c": np.repeat(range(10), 20)})
    table["y"] = np.random.default_rng(4).normal(50, 10, 200) + table["c"]
    table["g"] = np.where(table["s"].isin(["a", "b"]), "x", "y")
    design = Design(strata="s", clusters="c", lonely=lonely)
    alone, others = (survey_mean(table, values="y", by="g", design=design, degrees=degrees).iloc[i] for i in (0, 1))
    assert (alone["clusters"], alone["reason"]) == (2, "no_freedom")
    assert alone["value"] > 0
    assert alone[["std_error", "lower", "upper", "confidence", "deff", "n_eff"]].isna().all()
    assert others["lower"] < others["value"] < others["upper"]
    options = {"items": ["q"], "by": "g", "score": "mean100", "scale": range(101), "design": design}
    table["q"] = table["y"].round()
    estimates, covariances = (
        satisfaction(table, degrees=degrees, **options),
        satisfaction_covariance(table, column="g", **options),
    )
    got = survey_difference(estimates, covariances, column="g", of="x", against="y", method="wald").iloc[0]
    assert got[["std_error", "lower", "upper"]].isna().all()
    assert got["reason"] == "no_freedom"


def test_a_complete_count_has_no_sampling_error():
    table = pd.DataFrame({"y": [0.0, 1, 1, 1] * 10, "everyone": 1.0})
    row = survey_mean(table, values="y", design=Design(fpc="everyone")).iloc[0]
    assert (row["value"], row["std_error"], row["reason"]) == (0.75, 0, "no_sampling_error")
    assert np.isnan(row["lower"])


def test_all_satisfied_with_every_item_of_several_factors_has_the_exact_interval():
    """The mean of six ones is a hair below 1: still everyone."""
    table = pd.DataFrame({f"q{i}": ["satisfied"] * 38 for i in range(6)})
    row = satisfaction(table, items=list(table)).iloc[-1]
    assert row["lower"] == pytest.approx(0.025 ** (1 / 38))


def test_published_figures_of_one_case():
    figures = pd.DataFrame([dict.fromkeys(FIGURES.names), dict.fromkeys(FIGURES.names)])
    figures["indicator"], figures["unit"], figures["period"] = "feedback_satisfied_share", ["A", "B"], "2026"
    figures = figures.assign(numerator=[1.0, 0.0], denominator=[1.0, 0.0], value=[1.0, np.nan])
    holds(published_satisfaction(figures))


def test_a_difference_that_is_the_same_in_every_cluster_is_not_certain():
    """In each commune one answer in five turns from neutral to satisfied: plus 0.2 in all of them."""
    answers = (["satisfied"] * 2 + ["neutral"] * 8) * 20
    first = pd.DataFrame({"c": np.repeat(range(40), 5), "q": answers})
    second = first.assign(q=np.where(np.arange(len(first)) % 5 == 4, "satisfied", first["q"]))
    table = pd.concat([first.assign(year=2025), second.assign(year=2026)], ignore_index=True)
    options = {"items": ["q"], "by": "year", "design": Design(clusters="c")}
    estimates, covariances = satisfaction(table, **options), satisfaction_covariance(table, column="year", **options)
    for method in ("mover", "wald"):
        sides = {"column": "year", "of": 2026, "against": 2025, "method": method}
        row = survey_difference(estimates, covariances, **sides).iloc[0]
        assert row["value"] == pytest.approx(0.2)
        assert row[["std_error", "lower", "upper", "confidence"]].isna().all()
        assert row["reason"] == "clusters_alike"


def test_a_side_without_interval_says_why_there_is_none():
    """One year whose communes are all alike, one whose communes differ; both have few of them."""
    alike = pd.DataFrame({"c": np.repeat(range(10), 4), "q": ["satisfied", "neutral"] * 20, "year": 2025})
    differ = alike.assign(q=np.where(alike["c"] < 4, "satisfied", alike["q"]), year=2026)
    table = pd.concat([alike, differ], ignore_index=True)
    options = {"items": ["q"], "by": "year", "design": Design(strata="year", clusters="c")}
    estimates, covariances = satisfaction(table, **options), satisfaction_covariance(table, column="year", **options)
    assert estimates["reason"].tolist() == ["clusters_alike"] * 2 + ["few_clusters"] * 2
    row = survey_difference(estimates, covariances, column="year", of=2026, against=2025).iloc[0]
    assert (np.isnan(row["lower"]), row["reason"]) == (True, "clusters_alike")


def test_differences_of_estimates_with_normal_limits():
    table = pd.DataFrame({"q": ["satisfied", "neutral", "satisfied"] * 20, "year": [2025, 2026] * 30})
    options = {"items": ["q"], "by": "year"}
    estimates = satisfaction(table, degrees="normal", **options)
    covariances = satisfaction_covariance(table, column="year", **options)
    row = survey_difference(estimates, covariances, column="year", of=2026, against=2025, method="wald").iloc[0]
    assert (row["method"], row["df"]) == ("wald_normal", np.inf)
    assert row["upper"] - row["value"] == pytest.approx(1.959963984540054 * row["std_error"])
