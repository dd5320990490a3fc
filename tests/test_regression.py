"""Regressions against R ordinal, R survey and statsmodels."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from dvresearch.errors import DataError
from dvresearch.metrics.associations import fit_ordinal, model_matrix
from dvresearch.metrics.survey import Design, draw


def case(validation, name):
    folder = validation(name)
    return pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def linear_fit(x, y, sampled):
    """Coefficients of a weighted linear regression, the intercept first, and their covariance under the design."""
    terms, w = np.column_stack([np.ones(len(x)), x]), sampled.weights[:, None]
    inverse = np.linalg.inv(terms.T @ (w * terms))
    b = inverse @ terms.T @ (w[:, 0] * y)
    return b, sampled.covariance(w * (y - terms @ b)[:, None] * terms @ inverse)


def test_wine_is_that_of_clm(validation):
    data, expected = case(validation, "ordinal_wine")
    x, names = model_matrix(data, ["temp", "contact"])
    assert names == ["temp=warm", "contact=yes"]
    fit = fit_ordinal(x, data["rating"].to_numpy(float), draw(data, None))
    theirs = {m["term"]: (m["estimate"], m["se"]) for m in expected["logit"]["coef"]}
    errors = np.sqrt(np.diag(fit.inverse))
    terms = ["tempwarm", "contactyes", "1|2", "2|3", "3|4", "4|5"]
    for term, b, error in zip(terms, fit.coefficients, errors, strict=True):
        assert (b, error) == pytest.approx(theirs[term], abs=1e-8)
    assert fit.loglik == pytest.approx(expected["logit"]["loglik"], abs=1e-9)
    assert fit.n == expected["logit"]["n"]


@pytest.mark.parametrize(
    ("name", "design"),
    [
        ("survey_apisrs", Design(weights="pw", fpc="fpc")),
        ("survey_apistrat", Design(strata="stype", weights="pw", fpc="fpc")),
    ],
)
def test_linear_and_logistic_are_those_of_svyglm(validation, name, design):
    data, expected = case(validation, name)
    x, _ = model_matrix(data, ["ell", "meals", "mobility"])
    means, covariance = linear_fit(x, data["api00"].to_numpy(float), draw(data, design))
    for m, b, error in zip(expected["glm_api00"], means, np.sqrt(np.diag(covariance)), strict=True):
        assert (b, error) == pytest.approx((m["estimate"], m["se"]), rel=1e-9)
        df = len(data) - (data["stype"].nunique() if design.strata else 1) - 3
        assert 2 * stats.t.sf(abs(b / error), df) == pytest.approx(m["p"], rel=1e-6)
    # svyglm leaves its iterations a little earlier than we do: errors agree to four digits.
    logit = fit_ordinal(x, (data["sch.wide"] == "Yes").to_numpy(float), draw(data, design))
    slopes = np.append(-logit.coefficients[-1], logit.coefficients[:-1])
    errors = np.sqrt(np.diag(logit.covariance))[[3, 0, 1, 2]]
    for m, b, error in zip(expected["glm_logit_schwide"], slopes, errors, strict=True):
        assert b == pytest.approx(m["estimate"], rel=1e-6)
        assert error == pytest.approx(m["se"], rel=5e-5)


def test_logistic_with_clusters_and_missing_outcomes(validation):
    data, expected = case(validation, "survey_nhanes")
    ages = sorted(data["agecat"].unique())
    x = np.column_stack(
        [
            *(data["race"] == r for r in (2, 3, 4)),
            *(data["agecat"] == a for a in ages[1:]),
            data["RIAGENDR"] == 2,
        ]
    ).astype(float)
    design = Design(strata="SDMVSTRA", clusters="SDMVPSU", weights="WTMEC2YR")
    fit = fit_ordinal(x, data["HI_CHOL"].to_numpy(float), draw(data, design))
    slopes = np.append(-fit.coefficients[-1], fit.coefficients[:-1])
    errors = np.sqrt(np.diag(fit.covariance))[[7, 0, 1, 2, 3, 4, 5, 6]]
    for m, b, error in zip(expected["glm_logit"], slopes, errors, strict=True):
        assert b == pytest.approx(m["estimate"], rel=1e-6)
        assert error == pytest.approx(m["se"], rel=5e-5)
        assert 2 * stats.t.sf(abs(b / error), fit.df) == pytest.approx(m["p"], rel=1e-3)


def test_weights_are_repeated_rows():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 2))
    y = np.digitize(x @ [0.8, -0.5] + rng.logistic(size=150), [-1, 0, 1.5]).astype(float)
    times = rng.integers(1, 4, 150)
    table = pd.DataFrame({"w": times})
    fit = fit_ordinal(x, y, draw(table, Design(weights="w")))
    repeated = OrderedModel(np.repeat(y, times), np.repeat(x, times, axis=0), distr="logit").fit(
        disp=0, method="newton"
    )
    assert fit.coefficients[:2] == pytest.approx(repeated.params[:2], abs=1e-6)
    assert fit.loglik == pytest.approx(repeated.llf)


def test_errors_of_the_design_against_the_jackknife_over_clusters():
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(50), 12)
    x = rng.normal(size=(600, 1)) + rng.normal(size=50)[cluster][:, None]
    y = np.digitize(0.7 * x[:, 0] + rng.normal(0, 0.8, 50)[cluster] + rng.logistic(size=600), [-1, 1]).astype(float)
    table = pd.DataFrame({"c": cluster})
    design = Design(clusters="c")
    fit = fit_ordinal(x, y, draw(table, design))
    without = [
        fit_ordinal(x[keep], y[keep], draw(table[keep], design)).coefficients[0]
        for keep in (cluster != c for c in range(50))
    ]
    jackknife = np.sqrt(49 / 50 * np.square(np.array(without) - np.mean(without)).sum())
    assert np.sqrt(fit.covariance[0, 0]) == pytest.approx(jackknife, rel=0.05)
    assert fit.df == 50 - 3
    assert np.sqrt(fit.inverse[0, 0]) < 0.9 * jackknife


def test_missing_terms_leave_the_row_out_and_keep_its_cluster():
    rng = np.random.default_rng(9)
    table = pd.DataFrame({"c": np.repeat(range(20), 5), "x": rng.normal(size=100)})
    y = (rng.random(100) < 0.5).astype(float)
    table.loc[table["c"] == 3, "x"] = np.nan
    x, _ = model_matrix(table, ["x"])
    fit = fit_ordinal(x, y, draw(table, Design(clusters="c")))
    assert (fit.n, fit.df) == (95, 19 - 2)
    assert not fit.linear[table["c"] == 3].any()


def test_words_become_indicators_against_the_most_frequent():
    table = pd.DataFrame(
        {"m": ["p", "k", "p", None], "n": [1.5, 2, np.nan, 4], "k": pd.Categorical(["u", "u", "v", "w"])}
    )
    x, names = model_matrix(table, ["m", "n", "k"])
    assert names == ["m=k", "n", "k=v", "k=w"]
    np.testing.assert_array_equal(x[:, 0], [0, 1, 0, np.nan])
    np.testing.assert_array_equal(x[:, 2], [0, 0, 1, 0])
    for labels in (["v", "u", "v", "u"], ["u", "v", "u", "v"]):
        assert model_matrix(pd.DataFrame({"k": labels}), ["k"])[1] == ["k=v"]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1.0], [2], [3], [4]], [1.0, 1, 1, 1], "Mọi người trả lời như nhau"),
        ([[1.0, 2], [2, 4], [3, 6], [4, 8]], [0.0, 1, 0, 1], "Không ước lượng được"),
        ([[1.0], [2]], [0.0, 1], "Không ước lượng được"),
        ([[float(i)] for i in range(20)], [0.0] * 10 + [1.0] * 10, "không hội tụ"),
    ],
)
def test_what_cannot_be_fitted_is_refused(x, y, message):
    with pytest.raises(DataError, match=message):
        fit_ordinal(np.array(x), np.array(y), draw(pd.DataFrame({"y": y}), None))
