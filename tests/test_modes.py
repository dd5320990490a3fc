"""Ways of asking: plain differences are those of means, adjusted ones find the known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.contrasts import satisfaction_covariance, survey_difference
from dvresearch.metrics.design import Design
from dvresearch.metrics.estimates import ALL
from dvresearch.metrics.modes import mode_effect
from dvresearch.metrics.satisfaction import satisfaction
from dvresearch.tables import ESTIMATES

FIVE = [1, 2, 3, 4, 5]
DESIGN = Design(clusters="commune", weights="w")


@pytest.fixture(scope="module")
def responses():
    """Old people choose paper and are more satisfied; the kiosk itself adds 0.2 to a score of 0 to 4."""
    rng = np.random.default_rng(13)
    n = 4000
    age = rng.normal(45, 15, n)
    kiosk = rng.random(n) < special.expit(-0.06 * (age - 45))
    table = pd.DataFrame({"mode": np.where(kiosk, "kiosk", "paper"), "age": age, "commune": rng.integers(0, 80, n)})
    for item in ("q1", "q2"):
        place = np.clip(2 + 0.02 * (age - 45) + 0.2 * kiosk + rng.normal(0, 0.5, n), 0, 4)
        # Rounded up or down by lot, so that the mean stays what it is.
        table[item] = 1 + np.floor(place) + (rng.random(n) < place % 1)
    return table.assign(w=rng.lognormal(0, 0.3, n))


def test_the_plain_difference_is_that_of_two_means(responses):
    options = {"items": ["q1", "q2"], "scale": FIVE, "score": "mean100", "design": DESIGN}
    got = mode_effect(responses, against="paper", **options).set_index("item")
    estimates = satisfaction(responses, by="mode", **options)
    covariances = satisfaction_covariance(responses, by="mode", column="mode", **options)
    slow = survey_difference(
        estimates, covariances, column="mode", of="kiosk", against="paper", method="wald"
    ).set_index("item")
    columns = ["value", "std_error", "lower", "upper", "df"]
    pd.testing.assert_frame_equal(got[columns], slow[columns])
    assert got["mode"].unique().tolist() == ["kiosk − paper"]
    assert got["definition"].unique().tolist() == ["unadjusted"]


def test_among_people_of_the_same_age_the_truth_is_found(responses):
    got = mode_effect(
        responses, against="paper", items=["q1", "q2"], adjust=["age"], scale=FIVE, score="mean100", design=DESIGN
    )
    assert list(got.columns) == ["mode", "factor", "item", *ESTIMATES.names, "df"]
    whole = got[got["item"] == ALL].set_index("definition")
    assert whole.loc["unadjusted", "upper"] < 5
    assert whole.loc["adjusted", "lower"] < 5 < whole.loc["adjusted", "upper"]


def test_every_way_against_one(responses):
    table = responses.assign(mode=np.where(responses.index < 300, "phone", responses["mode"]))
    got = mode_effect(table, against="paper", items=["q1"], scale=FIVE)
    assert got["mode"].unique().tolist() == ["kiosk − paper", "phone − paper"]


def test_a_way_few_people_took_is_hidden(responses):
    table = responses.assign(mode=np.where(responses.index < 9, "phone", responses["mode"]))
    got = mode_effect(table, against="paper", items=["q1"], scale=FIVE).set_index(["mode", "item"])
    assert np.isnan(got.loc[("phone − paper", "q1"), "value"])
    assert got.loc[("phone − paper", "q1"), "reason"] == "small_count"
    assert got.loc[("kiosk − paper", "q1"), "reason"] == ""


def test_words_are_checked(responses):
    with pytest.raises(ParameterError, match="against='kiosk'"):
        mode_effect(responses, against="online", items=["q1"], scale=FIVE)
    with pytest.raises(DataError, match="thiếu cột sex"):
        mode_effect(responses, against="paper", items=["q1"], scale=FIVE, adjust=["sex"])
