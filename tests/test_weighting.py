"""Weights fitted to margins against R survey, and their cost against a published one."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.satisfaction import satisfaction, satisfaction_covariance, survey_difference
from dvresearch.metrics.survey import Design, draw, survey_mean
from dvresearch.metrics.weighting import calibrate, weight_cost
from tests.test_regression import linear_fit


def test_raked_mean_and_its_error_are_those_of_r(validation):
    folder = validation("survey_apistrat")
    data = pd.read_csv(folder / "data.csv")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["raked_schwide"]
    margins = {column: {row[column]: row["Freq"] for row in rows} for column, rows in expected["margins"].items()}
    data["raked"] = calibrate(data, margins=margins, design=Design(weights="pw"))
    for column, totals in margins.items():
        assert data.groupby(column)["raked"].sum().to_dict() == pytest.approx(totals)
    design = Design(strata="stype", weights="raked", fpc="fpc", margins=list(margins))
    got = survey_mean(data, values="api00", design=design, degrees="normal").iloc[0]
    mean = expected["mean"][0]
    assert got[["value", "std_error", "lower", "upper"]].tolist() == pytest.approx(
        [mean["estimate"], mean["se"], mean["ci_low"], mean["ci_high"]], rel=1e-9
    )


def test_raking_starts_from_the_weights_of_the_design():
    """The weights of ``rake`` of R survey, ``epsilon = 1e-10``."""
    table = pd.DataFrame({"g": [1, 1, 2, 2, 2, 1, 2, 1], "a": list("xyxyxxyy"), "w": [1.0, 4, 2, 1, 3, 2, 5, 1]})
    margins = {"g": {1: 60, 2: 40}, "a": {"x": 55, "y": 45}}
    got = calibrate(table, margins=margins, design=Design(weights="w"))
    r = [10.353370, 23.151912, 9.575956, 2.676685, 14.363934, 20.706740, 13.383425, 5.787978]
    assert got.tolist() == pytest.approx(r, abs=5.1e-7)


@pytest.fixture
def people():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"sex": rng.choice(["nam", "nữ"], 400, p=[0.7, 0.3]), "age": rng.choice([18, 35, 60], 400)})
    return table.assign(commune=np.arange(400) // 10, w=rng.lognormal(0, 0.3, 400), y=rng.normal(50, 10, 400))


SEX, AGE = {"nam": 4900, "nữ": 5100}, {18: 3000, 35: 4000, 60: 3000}


def test_one_margin_is_post_stratification(people):
    """By hand each weight is multiplied by the total of its group over its sum; the errors are those of svy 0.35.0."""
    people["fitted"] = calibrate(people, margins={"sex": SEX}, design=Design(weights="w"))
    by_hand = people["w"] * people["sex"].map(SEX) / people.groupby("sex")["w"].transform("sum")
    np.testing.assert_allclose(people["fitted"], by_hand)
    design = Design(clusters="commune", weights="fitted", margins=["sex"])
    whole = survey_mean(people, values="y", design=design).iloc[0]
    assert [whole["value"], whole["std_error"]] == pytest.approx([50.571933808514494, 0.5398203955681586], rel=1e-9)
    ages = survey_mean(people, values="y", by="age", design=design).sort_values("age")
    means, errors = ages["value"].tolist(), ages["std_error"].tolist()
    assert means == pytest.approx([49.79170542715181, 51.12707662096722, 50.65812492997281], rel=1e-9)
    assert errors == pytest.approx([1.1846589008739075, 0.8021172454878156, 0.9490251342470633], rel=1e-9)


def test_a_difference_knows_of_the_margins(people):
    """Of two groups that are the margin itself, means covary as their residuals do: as in a regression with them."""
    people["fitted"] = calibrate(people, margins={"sex": SEX, "age": AGE}, design=Design(weights="w"))
    people["q"] = people["y"].round().clip(20, 80)
    design = Design(clusters="commune", weights="fitted", margins=["sex", "age"])
    options = {"items": ["q"], "by": "sex", "score": "mean100", "scale": range(20, 81), "design": design}
    estimates, covariances = satisfaction(people, **options), satisfaction_covariance(people, column="sex", **options)
    got = survey_difference(estimates, covariances, column="sex", of="nữ", against="nam", method="wald").iloc[0]
    female = (people[["sex"]] == "nữ").to_numpy(dtype=float)
    b, covariance = linear_fit(female, (people["q"].to_numpy() - 20) / 60 * 100, draw(people, design))
    assert [got["value"], got["std_error"]] == pytest.approx([b[1], np.sqrt(covariance[1, 1])])


def test_a_variable_of_the_margins_has_no_error_left(people):
    people["female"] = (people["sex"] == "nữ") * 1.0
    people["fitted"] = calibrate(people, margins={"sex": SEX, "age": AGE}, design=Design(weights="w"))
    design = Design(clusters="commune", weights="fitted", margins=["sex", "age"])
    got = survey_mean(people, values="female", design=design).iloc[0]
    assert got["value"] == pytest.approx(0.51)
    assert got["std_error"] == pytest.approx(0, abs=1e-9)


def test_combinations_of_columns_are_one_margin(people):
    cells = people.groupby(["sex", "age"]).size() * 25.0
    fitted = calibrate(people, margins={("sex", "age"): cells.to_dict()})
    sums = fitted.groupby([people["sex"], people["age"]]).sum()
    np.testing.assert_allclose(sums, cells.reindex(sums.index))


def test_large_weights_are_cut_and_the_margins_still_hold(people):
    free = calibrate(people, margins={"sex": SEX, "age": AGE}, design=Design(weights="w"))
    cut = calibrate(people, margins={"sex": SEX, "age": AGE}, design=Design(weights="w"), largest=2.2)
    assert free.max() / free.mean() > 2.5
    assert cut.max() / cut.mean() <= 2.2 * (1 + 1e-6)
    assert cut.groupby(people["sex"]).sum().to_dict() == pytest.approx(SEX, rel=1e-6)
    assert cut.groupby(people["age"]).sum().to_dict() == pytest.approx(AGE, rel=1e-6)
    costs = weight_cost(people.assign(free=free, cut=cut), weights=["free", "cut"]).set_index("weights")
    assert costs.loc["cut", "n_eff"] > costs.loc["free", "n_eff"]
    assert costs.loc["cut", "largest"] == pytest.approx(2.2, rel=1e-6)


def test_bounds_that_cannot_be_met_are_refused(people):
    with pytest.raises(DataError, match="Tăng largest"):
        calibrate(people, margins={"sex": SEX, "age": AGE}, largest=1.2)


@pytest.mark.parametrize(
    ("margins", "message"),
    [
        ({"sex": {"nam": 4900}}, "không có tổng/no total: nữ"),
        ({"sex": {**SEX, "khác": 10}}, "không có ai/nobody: khác"),
        ({"sex": {"nam": 10_000, "nữ": 0}}, r"\?: nữ"),
        ({"sex": SEX, "age": {18: 3000, 35: 4000, 60: 3100}}, "không bằng nhau"),
        ({"gender": SEX}, "thiếu cột gender"),
    ],
)
def test_margins_that_do_not_fit_are_refused(people, margins, message):
    with pytest.raises(DataError, match=message):
        calibrate(people, margins=margins)


def test_words_are_checked(people):
    with pytest.raises(ParameterError, match="largest lớn hơn 1"):
        calibrate(people, margins={"sex": SEX}, largest=1)
    with pytest.raises(ParameterError, match="ít nhất một cột"):
        calibrate(people, margins={})


def test_cost_of_published_weights(validation):
    folder = validation("survey_micro")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["afrobarometer_tunisia_r8_2020"]
    data = pd.read_csv(folder / "afrobarometer_tunisia_r8_2020.csv")
    got = weight_cost(data, weights=list(expected["kish_deff"])).set_index("weights")
    assert got["deff"].to_dict() == pytest.approx(expected["kish_deff"], abs=5.1e-7)
    assert got["n"].tolist() == [1200, 1200]


def test_cost_by_hand():
    table = pd.DataFrame({"w": [1.0, 1, 2, 0], "g": ["a", "a", "a", "b"]})
    got = weight_cost(table, weights="w", by="g").set_index("g")
    assert got.loc["a", ["n", "total", "deff", "n_eff"]].tolist() == pytest.approx([3, 4, 3 * 6 / 16, 16 / 6])
    assert got.loc["a", ["smallest", "largest"]].tolist() == pytest.approx([0.75, 1.5])
    assert got.loc["b", "n"] == 0
    assert np.isnan(got.loc["b", "n_eff"])
    assert weight_cost(table.assign(w=3.0), weights="w")["n_eff"].tolist() == [4]
