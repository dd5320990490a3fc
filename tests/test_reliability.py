"""Alpha, omega and items against R psych and lavaan, and against simulated factors."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.reliability import factor_loadings, item_statistics, ml_factors, reliability
from dvresearch.tables import ESTIMATES, check

SIX = range(1, 7)
FACTORS = {"A": ["A1", "A2", "A3", "A4", "A5"], "N": ["N1", "N2", "N3", "N4", "N5"]}
#: Blocks of expected.json by factor.
BLOCK = {"A": "agreeableness", "N": "neuroticism"}


@pytest.fixture
def bfi(validation):
    folder = validation("reliability_bfi_AN")
    return pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answers():
    """Six items of two factors, answers 1 to 5, some missing."""
    rng = np.random.default_rng(2)
    common = rng.normal(size=(800, 2))
    places = np.hstack([common[:, [k]] * [0.9, 0.7, 0.5] + rng.normal(0, 0.7, (800, 3)) for k in range(2)])
    table = pd.DataFrame(np.clip(np.round(3 + places), 1, 5), columns=["a1", "a2", "a3", "b1", "b2", "b3"])
    return table.mask(rng.random(table.shape) < 0.05)


def coefficients(table, **options):
    got = reliability(table, **options)
    check(got, ESTIMATES)
    return got.set_index(["factor", "indicator"])


def test_pairwise_alpha_is_that_of_psych(bfi):
    data, expected = bfi
    got = coefficients(data, factors=FACTORS, scale=SIX, missing="pairwise")
    for factor, block in BLOCK.items():
        alpha = got.loc[(factor, "cronbach_alpha")]
        assert [alpha["value"], alpha["std_error"]] == pytest.approx(
            [expected[block]["raw_alpha"], expected[block]["ase"]], rel=1e-12
        )
        assert alpha["n"] == 2800
        for indicator, key in (("cronbach_alpha_standardised", "std_alpha"), ("inter_item_r", "average_r")):
            assert got.loc[(factor, indicator), "value"] == pytest.approx(expected[block][key], rel=1e-12)


def test_items_are_those_of_psych(bfi):
    data, expected = bfi
    got = item_statistics(data, factors=FACTORS, scale=SIX, missing="pairwise").set_index("item")
    for block in BLOCK.values():
        for m in expected[block]["item_total"]:
            row = got.loc[m["item"], ["item_rest_r", "mean", "sd"]]
            assert row.tolist() == pytest.approx([m["r_drop"], m["mean"], m["sd"]], rel=1e-12)
        for m in expected[block]["alpha_if_dropped"]:
            assert got.loc[m["item"], "alpha_dropped"] == pytest.approx(m["raw_alpha"], rel=1e-12)
    assert got["no_answer_share"].to_numpy() == pytest.approx(data.isna().mean().to_numpy())
    assert got.loc["A1", "ceiling_share"] == (data["A1"] == 6).sum() / data["A1"].notna().sum()


def test_omega_is_that_of_lavaan(bfi):
    """lavaan stops with a gradient of 1e-6: omega agrees to six digits."""
    data, expected = bfi
    got = coefficients(data, factors=FACTORS, scale=SIX)
    for factor, items in FACTORS.items():
        block = expected["omega_total_single_factor"][factor]
        omega = got.loc[(factor, "omega_total")]
        assert omega["value"] == pytest.approx(block["omega_from_cfa"], abs=1e-6)
        assert omega["n"] == block["n"]
        loadings, _ = ml_factors(data[items].dropna().corr().to_numpy(), 1)
        assert np.abs(loadings[:, 0]) == pytest.approx([block["std_loadings"][i] for i in items], abs=1e-6)


@pytest.mark.parametrize("interval", ["feldt", "duhachek"])
def test_dropping_first_and_counting_after_is_the_same(answers, interval):
    options = {"items": list(answers), "scale": [1, 2, 3, 4, 5], "interval": interval}
    pd.testing.assert_frame_equal(reliability(answers, **options), reliability(answers.dropna(), **options))


def test_feldt_interval_by_hand(answers):
    row = coefficients(answers, items=["a1", "a2", "a3"], scale=[1, 2, 3, 4, 5]).loc[("(tất cả)", "cronbach_alpha")]
    complete = answers[["a1", "a2", "a3"]].dropna()
    n = len(complete)
    c = complete.cov().to_numpy()
    alpha = 1.5 * (1 - np.trace(c) / c.sum())
    assert (row["value"], row["n"]) == (pytest.approx(alpha), n)
    f = [stats.f.ppf(p, n - 1, 2 * (n - 1)) for p in (0.975, 0.025)]
    assert [row["lower"], row["upper"]] == pytest.approx([1 - (1 - alpha) * q for q in f])


def test_groups_are_taken_one_by_one(answers):
    table = answers.assign(mode=np.where(np.arange(800) % 3, "paper", "kiosk"))
    options = {"items": ["a1", "a2", "a3"], "scale": [1, 2, 3, 4, 5]}
    got = reliability(table, by="mode", **options)
    for mode, rows in got.groupby("mode"):
        alone = reliability(table[table["mode"] == mode], **options)
        pd.testing.assert_frame_equal(rows.drop(columns="mode").reset_index(drop=True), alone)


@pytest.mark.parametrize(
    ("table", "reasons"),
    [
        ({"a": [1, 2, 3, 4] * 5}, {"cronbach_alpha": "too_few_items", "omega_total": "too_few_items"}),
        ({"a": [1, 2, 3, 4] * 5, "b": [1, 2, 4, 4] * 5}, {"cronbach_alpha": "", "omega_total": "too_few_items"}),
        ({"a": [1, 2, 3] * 5, "b": [4, 4, 4] * 5, "c": [1, 3, 3] * 5}, {"cronbach_alpha": "no_spread"}),
        ({"a": [1, 2], "b": [2, 1], "c": [1, 1]}, {"cronbach_alpha": "never_together"}),
        # a questionnaire in parts: nobody answered both
        ({"a": [1, 2, 3, None] * 9, "b": [None, None, None, 4] * 9}, {"cronbach_alpha": "never_together"}),
        ({"a": [1, 2, 3, 4, 5] * 4, "b": [5, 4, 3, 2, 1] * 4}, {"cronbach_alpha": "items_oppose"}),
        ({"a": [1, 2, 1, 2] * 9, "b": [1, 1, 2, 2] * 9}, {"cronbach_alpha": "items_oppose"}),
        (
            {"a": [1, 2, 3, 4, 5] * 4, "b": [1, 2, 3, 4, 5] * 4, "c": [1, 2, 3, 4, 4] * 4},
            {"omega_total": "no_solution"},
        ),
    ],
)
def test_what_cannot_be_computed_says_why(table, reasons):
    got = coefficients(pd.DataFrame(table), items=list(table), scale=[1, 2, 3, 4, 5])
    for indicator, reason in reasons.items():
        assert got.loc[("(tất cả)", indicator), "reason"] == reason
        assert np.isnan(got.loc[("(tất cả)", indicator), "value"]) == bool(reason)


def test_the_item_worded_the_other_way_round_is_named():
    """Four synthetic items go together, one of them asked in the opposite sense (psych's check.keys does the same)."""
    rng = np.random.default_rng(2)
    level = rng.normal(size=400)
    table = pd.DataFrame({i: np.clip(np.round(3 + level + rng.normal(size=400)), 1, 5) for i in "abcd"})
    options = {"items": list("abcd"), "scale": [1, 2, 3, 4, 5]}
    assert set(reliability(table, **options)["to_reverse"]) == {""}
    turned = table.assign(c=6 - table["c"])
    told = reliability(turned, **options)
    assert set(told["to_reverse"]) == {"c"}
    mended = reliability(turned, reverse=["c"], **options)
    assert mended["value"].tolist() == pytest.approx(reliability(table, **options)["value"].tolist())
    # two against two: no single reversal mends it
    assert set(reliability(turned.assign(d=6 - turned["d"]), **options)["to_reverse"]) == {""}


# Factors -------------------------------------------------------------------------------------------------------------


def test_loadings_are_those_of_factanal():
    """factanal(covmat = ability.cov, factors = 1) prints these uniquenesses (R's help page of factanal)."""
    covariances = np.array(
        [
            [24.641, 5.991, 33.520, 6.023, 20.755, 29.701],
            [5.991, 6.700, 18.137, 1.782, 4.936, 7.204],
            [33.520, 18.137, 149.831, 19.424, 31.430, 50.753],
            [6.023, 1.782, 19.424, 12.711, 4.757, 9.075],
            [20.755, 4.936, 31.430, 4.757, 52.604, 66.762],
            [29.701, 7.204, 50.753, 9.075, 66.762, 135.292],
        ]
    )
    size = np.sqrt(np.diag(covariances))
    _, unique = ml_factors(covariances / np.outer(size, size), 1)
    assert unique.round(3).tolist() == [0.535, 0.853, 0.748, 0.910, 0.232, 0.280]


@pytest.mark.parametrize("rotation", ["varimax", "oblimin"])
def test_items_load_on_the_factor_they_were_made_from(answers, rotation):
    got = factor_loadings(answers, items=list(answers), factors=2, rotation=rotation, scale=[1, 2, 3, 4, 5])
    loadings = pd.DataFrame({f: rows.set_index("item")["loading"] for f, rows in got.groupby("factor")})
    strongest = loadings.abs().idxmax(axis=1)
    assert strongest[:3].nunique() == strongest[3:].nunique() == 1
    assert strongest["a1"] != strongest["b1"]
    assert (loadings.max(axis=1) > 0.4).all()
    assert got["n"].unique().tolist() == [len(answers.dropna())]
    if rotation == "varimax":
        explained = np.square(loadings).sum(axis=1) + got.groupby("item")["uniqueness"].first()
        assert explained.tolist() == pytest.approx([1] * 6, abs=1e-5)


def test_factors_that_cannot_be_had_are_refused(answers):
    with pytest.raises(ParameterError, match="không đủ cho 3 nhân tố"):
        factor_loadings(answers, items=list(answers)[:5], factors=3, scale=[1, 2, 3, 4, 5])
    with pytest.raises(DataError, match="không cho lời giải"):
        factor_loadings(answers.assign(a1=3), items=list(answers), factors=1, scale=[1, 2, 3, 4, 5])
