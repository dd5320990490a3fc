"""Differences between groups and years against R's svyttest, regression, and MOVER by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.comparisons import newcombe
from dvresearch.metrics.satisfaction import satisfaction, satisfaction_covariance, survey_difference
from dvresearch.metrics.survey import Design, draw
from dvresearch.tables import ESTIMATES
from tests.test_regression import linear_fit

FIVE = [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def panel():
    """Two years of the same communes, three provinces: what a commune is like carries over."""
    rng = np.random.default_rng(11)
    rows = []
    for province in ("A", "B", "C"):
        for commune in range(12):
            level = rng.normal(0, 0.6)
            for year in (2025, 2026):
                answers = np.clip(np.round(3.4 + 0.1 * (year - 2025) + level + rng.normal(0, 1, 15)), 1, 5)
                weights = rng.lognormal(0, 0.4, 15)
                people = zip(weights, answers, strict=True)
                rows += [(province, f"{province}{commune}", year, *person) for person in people]
    table = pd.DataFrame(rows, columns=["province", "commune", "year", "weight", "q"])
    table["r"] = rng.integers(1, 6, len(table))
    return table


SAME_COMMUNES = Design(strata="province", clusters="commune", weights="weight")


def both(table, *, column, design, **options):
    options = {"items": ["q", "r"], "scale": FIVE, "design": design, **options}
    return satisfaction(table, **options), satisfaction_covariance(table, column=column, **options)


def test_difference_of_two_groups_is_that_of_svyttest(validation):
    folder = validation("survey_apistrat")
    data = pd.read_csv(folder / "data.csv")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["ttest_api00_by_compimp"]
    design = Design(strata="stype", weights="pw", fpc="fpc")
    options = {"items": ["api00"], "by": "comp.imp", "score": "mean100", "scale": range(300, 1001), "design": design}
    estimates = satisfaction(data, interval="wald", degrees="design", **options)
    covariances = satisfaction_covariance(data, column="comp.imp", **options)
    got = survey_difference(estimates, covariances, column="comp.imp", of="Yes", against="No", method="wald").iloc[0]
    points = 7.0  # of the scale 300-1000 to one of 0-100
    assert got["value"] * points == pytest.approx(expected["diff"])
    assert got["value"] / got["std_error"] == pytest.approx(expected["t"])
    assert got["df"] == expected["df"]
    assert [got["lower"] * points, got["upper"] * points] == pytest.approx(expected["ci"])


def test_years_of_the_same_communes_covary_and_years_drawn_apart_do_not(panel):
    _, same = both(panel, column="year", design=SAME_COMMUNES, by="year")
    apart = Design(strata=["year", "province"], clusters="commune", weights="weight")
    _, none = both(panel, column="year", design=apart, by="year")
    q = same["item"] == "q"
    assert same.loc[q, "covariance"].item() > 0
    assert none["covariance"].tolist() == pytest.approx([0, 0, 0], abs=1e-18)
    assert same.loc[q, ["clusters", "strata"]].to_numpy().tolist() == [[36, 3]]


def test_the_error_of_a_difference_of_years_is_that_of_a_regression_on_the_year(panel):
    estimates, covariances = both(panel, column="year", design=SAME_COMMUNES, by="year", score="mean100")
    got = survey_difference(estimates, covariances, column="year", of=2026, against=2025, method="wald")
    assert list(got.columns) == ["year", "factor", "item", *ESTIMATES.names, "covariance", "df"]
    x, y = (panel[["year"]] == 2026).to_numpy(dtype=float), (panel["q"].to_numpy() - 1) * 25
    b, covariance = linear_fit(x, y, draw(panel, SAME_COMMUNES))
    row = got[got["item"] == "q"].iloc[0]
    assert row["year"] == "2026 − 2025"
    assert row["value"] == pytest.approx(b[1])
    assert row["std_error"] == pytest.approx(np.sqrt(covariance[1, 1]))
    assert row["df"] == panel["commune"].nunique() - panel["province"].nunique() - 1
    assert row["method"] == "wald_t_domain"


def test_years_are_paired_within_each_province(panel):
    estimates, covariances = both(panel, column="year", design=SAME_COMMUNES, by=["province", "year"])
    got = survey_difference(estimates, covariances, column="year", of=2026, against=2025)
    assert got["province"].tolist() == [p for p in "ABC" for _ in range(3)]
    alone = panel[panel["province"] == "B"]
    tables = both(alone, column="year", design=SAME_COMMUNES, by="year")
    one = survey_difference(*tables, column="year", of=2026, against=2025)
    columns = ["value", "std_error", "lower", "upper", "n", "covariance", "df"]
    pd.testing.assert_frame_equal(got.loc[got["province"] == "B", columns].reset_index(drop=True), one[columns])


def test_every_pair_of_provinces_once(panel):
    _, covariances = both(panel, column="province", design=SAME_COMMUNES, by="province")
    pairs = covariances.loc[covariances["item"] == "q", ["province_1", "province_2"]].to_numpy().tolist()
    assert pairs == [["A", "B"], ["A", "C"], ["B", "C"]]


def test_mover_joins_the_intervals_of_both_sides(panel):
    estimates, covariances = both(panel, column="year", design=SAME_COMMUNES, by="year")
    forward, back = (
        survey_difference(estimates, covariances, column="year", of=a, against=b).set_index("item")
        for a, b in ((2026, 2025), (2025, 2026))
    )
    assert forward.loc["q", "lower"] == pytest.approx(-back.loc["q", "upper"])
    new, old = (estimates[(estimates["year"] == y) & (estimates["item"] == "q")].iloc[0] for y in (2026, 2025))
    r = forward.loc["q", "covariance"] / (new["std_error"] * old["std_error"])
    a, b = new["value"] - new["lower"], old["upper"] - old["value"]
    assert forward.loc["q", "lower"] == pytest.approx(
        new["value"] - old["value"] - np.sqrt(a**2 + b**2 - 2 * r * a * b)
    )


def test_mover_at_one_hundred_percent_is_not_empty():
    """All of 40 against 30 of 40 with respondents drawn one by one: close to Newcombe, who joins Wilson intervals."""
    table = pd.DataFrame({"g": ["x"] * 40 + ["y"] * 40, "q": [5] * 40 + [5] * 30 + [1] * 10})
    estimates, covariances = both(table, column="g", design=Design(strata="g"), by="g", items=["q"])
    got = survey_difference(estimates, covariances, column="g", of="x", against="y").iloc[0]
    lower, upper = newcombe(*(np.array([v]) for v in (40.0, 40.0, 30.0, 40.0)))
    assert got["value"] == 0.25
    assert (got["lower"], got["upper"]) == pytest.approx((lower[0], upper[0]), abs=0.02)
    assert got["flags"] == "ceiling"


def test_a_side_that_is_missing_has_no_difference(panel):
    table = panel[(panel["province"] != "C") | (panel["year"] == 2025)]
    tables = both(table, column="year", design=SAME_COMMUNES, by=["province", "year"], items=["q"])
    got = survey_difference(*tables, column="year", of=2026, against=2025)
    got = got[got["item"] == "q"].set_index("province")
    assert got["value"].notna().tolist() == [True, True, False]
    assert got["reason"].tolist() == ["few_clusters", "few_clusters", "no_pair"]


def test_hidden_groups_stay_hidden(panel):
    table = panel.groupby(["province", "year"]).head(9)
    estimates, covariances = both(table, column="year", design=SAME_COMMUNES, by=["province", "year"])
    got = survey_difference(estimates, covariances, column="year", of=2026, against=2025)
    assert covariances[["covariance", "clusters"]].isna().all(axis=None)
    assert got[["value", "std_error", "lower", "covariance"]].isna().all(axis=None)
    assert got["flags"].str.contains("suppressed").all()
    assert set(got["reason"]) == {"small_count"}


def test_tables_that_do_not_fit_are_refused(panel):
    estimates, covariances = both(panel, column="year", design=SAME_COMMUNES, by="year")
    with pytest.raises(DataError, match="Không có cặp 2026 và 2024"):
        survey_difference(estimates, covariances, column="year", of=2026, against=2024)
    with pytest.raises(DataError, match=r'satisfaction_covariance\(…, column="year"\)'):
        survey_difference(estimates, covariances.drop(columns="year_1"), column="year", of=2026, against=2025)
    with pytest.raises(DataError, match="không có hai giá trị"):
        both(panel[panel["year"] == 2025], column="year", design=SAME_COMMUNES, by="year")
    with pytest.raises(ParameterError, match="column='year'"):
        both(panel, column="month", design=SAME_COMMUNES, by="year")
