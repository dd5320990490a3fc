"""Weights for non-response against svyglm and a known truth."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import special

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.survey import Design, survey_mean
from dvresearch.metrics.weighting import response_overlap, response_weights


def test_chances_are_those_of_svyglm(validation):
    folder = validation("survey_apistrat")
    data = pd.read_csv(folder / "data.csv")
    terms = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["glm_logit_schwide"]
    b = [m["estimate"] for m in terms]
    data["yes"] = (data["sch.wide"] == "Yes") * 1
    predictors = ["ell", "meals", "mobility"]
    got = response_weights(
        data, responded="yes", predictors=predictors, design=Design(strata="stype", weights="pw", fpc="fpc")
    )
    chance = special.expit(b[0] + data[predictors].to_numpy() @ b[1:])
    np.testing.assert_allclose(got["chance"], chance, rtol=1e-7)
    np.testing.assert_allclose(got["weight"], np.where(data["yes"] == 1, data["pw"] / chance, np.nan), rtol=1e-7)


@pytest.fixture(scope="module")
def sample():
    """Older people and women answer more often and are more satisfied: 60% of all, more of those who answer."""
    rng = np.random.default_rng(12)
    n = 20_000
    age, sex = rng.normal(45, 15, n), rng.choice(["nam", "nữ"], n)
    female = (sex == "nữ").astype(float)
    satisfied = rng.random(n) < special.expit(0.4 + 0.04 * (age - 45) + 0.5 * (female - 0.5))
    answered = rng.random(n) < special.expit(-0.5 + 0.04 * (age - 45) + 0.8 * (female - 0.5))
    return pd.DataFrame({"age": age, "sex": sex, "answered": answered * 1, "y": satisfied * 1.0})


def test_weights_bring_the_truth_back(sample):
    truth = sample["y"].mean()
    table = sample.assign(w=response_weights(sample, responded="answered", predictors=["age", "sex"])["weight"])
    table = table[table["answered"] == 1]
    plain = survey_mean(table, values="y").iloc[0]
    weighted = survey_mean(table, values="y", design=Design(weights="w")).iloc[0]
    assert plain["lower"] > truth + 0.03
    assert weighted["lower"] < truth < weighted["upper"]
    assert table["w"].sum() == pytest.approx(len(sample), rel=0.01)


def test_cut_weights_keep_their_total(sample):
    options = {"responded": "answered", "predictors": ["age", "sex"]}
    free = response_weights(sample, **options)["weight"].dropna()
    cut = response_weights(sample, largest=1.6, **options)["weight"].dropna()
    assert free.max() > 2 * free.mean()
    assert cut.max() == pytest.approx(1.6 * cut.mean())
    assert cut.sum() == pytest.approx(free.sum())


def test_overlap_counts_everyone_once(sample):
    weights = response_weights(sample, responded="answered", predictors=["age", "sex"])
    got = response_overlap(sample, weights, responded="answered", classes=4)
    assert (got["answered"] + got["silent"]).tolist() == [5000] * 4
    assert got["answered"].sum() == sample["answered"].sum()
    assert got["rate"].is_monotonic_increasing
    assert (got["lower"].to_numpy()[1:] >= got["upper"].to_numpy()[:-1]).all()
    assert (got["n_eff"] < got["answered"]).all()
    ties = response_overlap(sample, weights.assign(chance=0.4), responded="answered")
    assert ties[["lower", "upper", "rate"]].to_numpy().tolist() == [[0.4, 0.4, sample["answered"].mean()]]


def test_what_is_not_known_of_everyone_is_refused(sample):
    with pytest.raises(DataError, match="Thiếu thông tin của một số người"):
        response_weights(
            sample.assign(age=sample["age"].where(sample.index > 2)), responded="answered", predictors=["age"]
        )
    with pytest.raises(DataError, match="Thiếu thông tin của một số người"):
        response_weights(sample.assign(answered=2), responded="answered", predictors=["age"])
    with pytest.raises(ParameterError, match="largest"):
        response_weights(sample, responded="answered", predictors=["age"], largest=0.5)
