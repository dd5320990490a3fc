"""Drivers: a known truth is found, errors follow the design, importance does not see what is not there."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.associations import driver_importance, drivers
from dvresearch.metrics.survey import Design
from dvresearch.tables import ESTIMATES, check

FIVE = [1, 2, 3, 4, 5]
ITEMS = ["speed", "attitude", "fees"]


@pytest.fixture(scope="module")
def responses():
    """Overall satisfaction rises with speed (log odds 1 a step) and attitude (0.5), not with fees."""
    rng = np.random.default_rng(6)
    commune = np.repeat(np.arange(50), 20)
    latent = rng.normal(size=(1000, 1))
    places = np.clip(np.round(2 + 0.7 * latent + rng.normal(0, 0.9, (1000, 3))), 0, 4)
    score = places @ [1.0, 0.5, 0.0] + rng.normal(0, 0.5, 50)[commune] + rng.logistic(size=1000)
    overall = np.digitize(score, [0.5, 2, 4, 6]) + 1
    table = pd.DataFrame(places + 1, columns=ITEMS).assign(overall=overall, commune=commune)
    return table.assign(mode=rng.choice(["paper", "paper", "kiosk"], 1000), age=rng.integers(18, 80, 1000))


def test_wine_is_that_of_clm(validation):
    folder = validation("ordinal_wine")
    data = pd.read_csv(folder / "data.csv")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["logit"]["coef"]
    theirs = {m["term"]: m for m in expected}
    got = drivers(data, outcome="rating", items=[], controls=["temp", "contact"], scale=FIVE, errors="model")
    check(got, ESTIMATES)
    for row, term in zip(got.to_dict("records"), ["tempwarm", "contactyes"], strict=True):
        m = theirs[term]
        assert (row["coefficient"], row["coefficient_error"]) == pytest.approx((m["estimate"], m["se"]), abs=1e-8)
        assert (row["t"], row["p"]) == pytest.approx((m["z"], m["p"]), rel=1e-6)
        assert row["value"] == pytest.approx(np.exp(m["estimate"]))
        assert np.log(row["lower"]) == pytest.approx(m["estimate"] - 1.959964 * m["se"], abs=1e-6)


def test_the_known_truth_lies_in_the_intervals(responses):
    got = drivers(
        responses,
        outcome="overall",
        items=ITEMS,
        controls=["mode", "age"],
        scale=FIVE,
        design=Design(clusters="commune"),
    ).set_index("item")
    assert got.index.tolist() == [*ITEMS, "mode=kiosk", "age"]
    for item, truth in {"speed": 1.0, "attitude": 0.5, "fees": 0.0, "mode=kiosk": 0.0, "age": 0.0}.items():
        assert got.loc[item, "lower"] < np.exp(truth) < got.loc[item, "upper"]
    assert (got["df"] == 50 - 9).all()
    assert (got["basis"] == "sample").all()
    assert got.loc["fees", "p"] > 0.05 > got.loc["attitude", "p"]


def test_reversed_items_turn_the_odds_ratio_round(responses):
    options = {"outcome": "overall", "items": ITEMS, "scale": FIVE}
    plain = drivers(responses, **options).set_index("item")
    turned = drivers(responses.assign(fees=6 - responses["fees"]), reverse=["fees"], **options).set_index("item")
    pd.testing.assert_frame_equal(plain, turned)
    wrong = drivers(responses.assign(speed=6 - responses["speed"]), **options).set_index("item")
    assert wrong.loc["speed", "value"] == pytest.approx(1 / plain.loc["speed", "value"])


def test_few_clusters_are_flagged(responses):
    few = responses[responses["commune"] < 4]
    got = drivers(few, outcome="overall", items=["speed"], scale=FIVE, design=Design(clusters="commune")).iloc[0]
    assert (got["flags"], got["reason"]) == ("few", "no_freedom")
    assert np.isnan(got["lower"])


def test_importance_finds_what_foretells(responses):
    options = {"outcome": "overall", "items": ITEMS, "scale": FIVE, "design": Design(clusters="commune"), "repeats": 1}
    got = driver_importance(responses, **options).set_index("item")
    check(got.reset_index(), ESTIMATES)
    assert got["value"].sort_values(ascending=False).index.tolist() == ITEMS
    assert got.loc["speed", "lower"] > 0
    assert got.loc["fees", "lower"] < 0 < got.loc["fees", "upper"]
    assert 0.2 < got["explained"].iloc[0] < 0.7
    pd.testing.assert_frame_equal(got, driver_importance(responses, **options).set_index("item"))


def test_a_cluster_is_never_split_between_learning_and_testing():
    """An item that only names the commune foretells nothing in communes the model has not seen."""
    rng = np.random.default_rng(0)
    commune = np.repeat(np.arange(30), 20)
    overall = np.clip(np.round(3 + rng.normal(0, 1.5, 30)[commune] + rng.normal(0, 0.3, 600)), 1, 5)
    table = pd.DataFrame({"overall": overall, "commune": commune, "code": rng.permutation(30)[commune].astype(float)})
    options = {"outcome": "overall", "items": [], "controls": ["code"], "scale": FIVE, "repeats": 1}
    blind = driver_importance(table, **options).iloc[0]
    honest = driver_importance(table, design=Design(clusters="commune"), **options).iloc[0]
    assert blind["explained"] > 0.5
    assert honest["explained"] < 0.2


def test_words_are_checked(responses):
    with pytest.raises(ParameterError, match="Câu kết quả phải khác"):
        drivers(responses, outcome="speed", items=ITEMS, scale=FIVE)
    with pytest.raises(ParameterError, match='errors="design"'):
        drivers(
            responses, outcome="overall", items=ITEMS, scale=FIVE, errors="model", design=Design(clusters="commune")
        )
    with pytest.raises(DataError, match="Quá ít cụm"):
        driver_importance(
            responses[responses["commune"] < 3],
            outcome="overall",
            items=ITEMS,
            scale=FIVE,
            design=Design(clusters="commune"),
        )
