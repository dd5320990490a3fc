"""Funnel limits against PHEindicatormethods, scipy and statsmodels; verdicts against exact tests; refusals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.counts import proportion, rate
from dvresearch.metrics.estimates import ALL, add_flag
from dvresearch.metrics.funnel import TAILS, count_quantile, funnel, funnel_curve, funnel_limits
from dvresearch.tables import FUNNEL, check

LIMITS = list(TAILS)


def shares(x, n, **columns) -> pd.DataFrame:
    """Return the estimates of counts, a unit for each."""
    data = pd.DataFrame({"unit": [f"Xã {i}" for i in range(len(x))], "x": x, "n": n, **columns})
    return proportion(data, numerator="x", denominator="n", by=["unit", *columns], basis="census")


def drawn(units: int, size: int, *, spread: float, seed: int = 3) -> pd.DataFrame:
    """Return shares around 0.85 whose true values have the standard deviation `spread`."""
    rng = np.random.default_rng(seed)
    n = rng.integers(size // 2, size * 2, units)
    return shares(rng.binomial(n, np.clip(rng.normal(0.85, spread, units), 0, 1)), n)


def test_normal_limits_reproduce_phe(validation):
    """303 areas with fractional numerators, and the limits at 100 sizes; printed with six decimals."""
    folder = validation("funnel_phe_proportion")
    areas = pd.read_csv(folder / "data.csv")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    words = {
        "above998": "High (0.001)",
        "above95": "High (0.025)",
        "within": "Not significant",
        "below95": "Low (0.025)",
        "below998": "Low (0.001)",
    }
    estimates = proportion(areas, numerator="numerator", denominator="denominator", by="Area", basis="census")
    got = funnel(estimates, limits="normal", dispersion="none")
    assert got["position"].map(words).tolist() == areas["significance"].tolist()

    printed = pd.DataFrame(expected["limits"])
    assert got["target"].iloc[0] * 100 == pytest.approx(printed["Baseline"][0], abs=5e-7)
    limits = funnel_limits(printed["Population"].to_numpy(dtype=float), got["target"].iloc[0], limits="normal")
    theirs = ["Lower2s0025limit", "Upper2s0025limit", "Lower3s0001limit", "Upper3s0001limit"]
    np.testing.assert_allclose(limits * 100, printed[theirs], atol=5e-7)


@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_quantiles_equal_scipy(kind):
    """Every size to 300 and random ones to two million, at shares from one in a million to all but that."""
    rng = np.random.default_rng(5)
    n = np.concatenate([np.arange(1, 301), rng.integers(300, 5_000, 200), rng.integers(5_000, 2_000_000, 100)])
    n = n.astype(float)
    for share in (1e-6, 1e-3, 0.025, 0.1, 0.3, 0.5, 0.866, 0.975, 0.999, 1 - 1e-6, *rng.random(4)):
        law = stats.binom(n, share) if kind == "proportion" else stats.poisson(n * share)
        for tail in TAILS.values():
            r, cumulative, mass = count_quantile(tail, n, share, kind)
            expected = law.ppf(tail)
            # at an exact tie either count is right up to rounding, and the interpolated limit is the same
            tie = np.isclose(law.cdf(np.minimum(r, expected)), tail, rtol=0, atol=1e-14)
            np.testing.assert_array_equal(r[~tie], expected[~tie])
            assert (np.abs(r - expected)[tie] <= 1).all()
            np.testing.assert_allclose(cumulative, law.cdf(r), rtol=1e-10, atol=1e-13)
            np.testing.assert_allclose(mass, law.pmf(r), rtol=1e-7)


def test_exact_limits_interpolate_as_spiegelhalter():
    """Appendix A.1.1 of the 2005 article, unit by unit; upper limits are the mirror image, one count above his."""
    for n in (1, 7, 40, 333):
        for share in (0.1, 0.5, 0.93):
            got = funnel_limits(np.array([n], dtype=float), share).iloc[0]
            for column, tail in TAILS.items():
                r = stats.binom.ppf(tail, n, share)
                excess = (stats.binom.cdf(r, n, share) - tail) / stats.binom.pmf(r, n, share)
                count = r - excess + (column.startswith("upper"))
                assert got[column] == pytest.approx(np.clip(count / n, 0, 1), abs=1e-9)


def test_exact_verdicts_are_those_of_one_sided_binomial_tests():
    n, share = np.repeat(np.arange(30, 80), 3).astype(float), 0.8
    for x_of in (np.floor, np.ceil):
        for q in (0.0005, 0.003, 0.02, 0.03, 0.5, 0.97, 0.98, 0.998, 0.9995):
            x = x_of(stats.binom.ppf(q, n, share))
            got = funnel(shares(x, n), target=share, dispersion="none")["position"]
            low, high = stats.binom.cdf(x, n, share), stats.binom.sf(x - 1, n, share)
            expected = np.select(
                [high < 0.001, low < 0.001, high < 0.025, low < 0.025],
                ["above998", "below998", "above95", "below95"],
                "within",
            )
            assert got.tolist() == expected.tolist()


@pytest.mark.parametrize(("kind", "per"), [("rate", 10_000), ("ratio", 100)])
def test_rates_and_ratios_have_verdicts_of_one_sided_poisson_tests(kind, per):
    """Beyond an exact limit exactly when scipy's Poisson tail rejects; the trial had 101 against 100 as an outlier."""
    rng = np.random.default_rng(8)
    size = rng.integers(20, 4000, 300).astype(float)
    level = 0.02 if kind == "rate" else 1.0
    events = rng.poisson(size * level)
    table = rate(
        pd.DataFrame({"unit": [f"Xã {i}" for i in range(300)], "o": events, "n": size}),
        numerator="o", population="n", per=per, by="unit", few=0,
    )  # fmt: skip
    got = funnel(table, kind=kind, dispersion="none", target=level * per)
    above, below = stats.poisson.sf(events - 1, size * level), stats.poisson.cdf(events, size * level)
    verdict = np.select(
        [above < 0.001, below < 0.001, above < 0.025, below < 0.025], ["above998", "below998", "above95", "below95"],
        "within",
    )  # fmt: skip
    assert got["position"].tolist() == verdict.tolist() and len(set(verdict)) > 2
    normal = funnel(table, kind=kind, dispersion="none", target=level * per, limits="normal")
    np.testing.assert_allclose(normal["upper95"], per * (level + 1.959964 * np.sqrt(level / size)), rtol=1e-7)
    np.testing.assert_allclose(normal["z"], (events - size * level) / np.sqrt(size * level))
    curve = funnel_curve(got).set_index("denominator")
    assert curve.index[0] == size.min() and (curve["lower998"] <= curve["lower95"]).all()


def test_a_ratio_is_held_to_the_expected_events():
    table = rate(
        pd.DataFrame({"unit": list("ABCD"), "observed": [101, 99, 150, 60], "expected": [100.0] * 4}),
        numerator="observed", population="expected", per=100, by="unit",
    )  # fmt: skip
    got = funnel(table, kind="ratio", dispersion="none")
    assert got["target"].tolist() == [100.0] * 4
    assert got["position"].tolist() == ["within", "within", "above998", "below998"]
    # the pooled level is that of a rate
    assert funnel(table, kind="rate")["target"].iloc[0] == pytest.approx(102.5)


def test_rates_have_their_own_overdispersion():
    """Poisson events around levels that differ by a tenth: τ is found, and nearly no unit is an outlier."""
    rng = np.random.default_rng(4)
    size = rng.integers(2000, 40_000, 400).astype(float)
    events = rng.poisson(size * 0.05 * rng.normal(1, 0.1, 400))
    table = rate(
        pd.DataFrame({"unit": np.arange(400).astype(str), "o": events, "n": size}),
        numerator="o", population="n", per=1000, by="unit",
    )  # fmt: skip
    wide, narrow = funnel(table, kind="rate", winsorise=0), funnel(table, kind="rate", dispersion="none")
    assert np.sqrt(wide["dispersion_value"].iloc[0]) == pytest.approx(0.005, rel=0.15)
    assert (wide["position"] != "within").mean() < 0.08 < (narrow["position"] != "within").mean()


@pytest.mark.parametrize(
    ("options", "words"), [({}, 'kind="rate"'), ({"kind": "rate"}, "per=")], ids=["as proportions", "on two scales"]
)
def test_numbers_of_another_kind_are_refused_with_the_call_to_write(options, words):
    table = rate(
        pd.DataFrame({"unit": list("ABC"), "o": [101, 99, 100], "n": [100, 100, 100]}),
        numerator="o", population="n", per=1, by="unit",
    )  # fmt: skip
    if options:
        table["value"] = [1.01, 9.9, 1.0]
    with pytest.raises(DataError) as caught:
        funnel(table, **options)
    assert words in str(caught.value)


def test_failures_give_the_mirrored_verdict():
    rng = np.random.default_rng(2)
    n = rng.integers(30, 400, 300)
    x = rng.binomial(n, 0.9 + 0.05 * rng.standard_normal(300).clip(-2, 2))
    on_time, late = funnel(shares(x, n)), funnel(shares(n - x, n))
    mirror = {"above998": "below998", "below998": "above998", "above95": "below95", "below95": "above95"}
    assert on_time["position"].replace(mirror).tolist() == late["position"].tolist()
    np.testing.assert_allclose(on_time["upper95"], 1 - late["lower95"], atol=1e-9)


def test_additive_variance_is_dersimonian_laird():
    """At the pooled target and without winsorising; statsmodels gives the fixed-effect mean and the same τ²."""
    estimates = drawn(40, 3_000, spread=0.03)
    got = funnel(estimates, winsorise=0)
    target = estimates["numerator"].sum() / estimates["denominator"].sum()
    variance = target * (1 - target) / estimates["denominator"].to_numpy()
    expected = combine_effects(estimates["value"].to_numpy(), variance, method_re="dl")
    assert got["target"].iloc[0] == pytest.approx(expected.mean_effect_fe)
    assert got["dispersion_value"].iloc[0] == pytest.approx(expected.tau2, rel=1e-9)
    assert np.sqrt(expected.tau2) == pytest.approx(0.03, rel=0.3)


def test_dispersion_slow_and_obvious():
    estimates = drawn(25, 800, spread=0.05)
    z = sorted(funnel(estimates)["z"])
    low, high = np.percentile(z, 10), np.percentile(z, 90)
    phi = sum(min(max(v, low), high) ** 2 for v in z) / 25
    target = estimates["numerator"].sum() / estimates["denominator"].sum()
    w = [n / (target * (1 - target)) for n in estimates["denominator"]]
    tau2 = (25 * phi - 24) / (sum(w) - sum(v * v for v in w) / sum(w))
    additive, multiplicative = funnel(estimates), funnel(estimates, dispersion="multiplicative")
    assert additive["dispersion_value"].unique() == pytest.approx([tau2])
    assert multiplicative["dispersion_value"].unique() == pytest.approx([phi])

    plain = funnel(estimates, dispersion="none")
    for i in (0, 11, 24):
        s2 = target * (1 - target) / estimates["denominator"][i]
        for column in LIMITS:
            away = plain[column][i] - target
            assert additive[column][i] == pytest.approx(np.clip(target + away * ((s2 + tau2) / s2) ** 0.5, 0, 1))
            assert multiplicative[column][i] == pytest.approx(np.clip(target + away * phi**0.5, 0, 1))


def test_units_that_differ_by_chance_alone_are_not_widened():
    estimates = drawn(200, 500, spread=0)
    assert funnel(estimates, dispersion="additive")["dispersion_value"].unique().tolist() == [0.0]
    assert funnel(estimates, dispersion="multiplicative")["dispersion_value"].unique().tolist() == [1.0]
    assert (funnel(estimates)["position"] == "within").mean() > 0.9


def test_over_dispersed_census_counts_are_not_all_outliers():
    """34 large units that differ: binomial limits flag nearly all, additive ones few, and a true outlier stays."""
    rng = np.random.default_rng(8)
    n = rng.integers(70_000, 1_700_000, 34)
    true = rng.normal(0.87, 0.03, 34)
    true[5] = 0.55
    estimates = shares(rng.binomial(n, true), n)
    assert (funnel(estimates, dispersion="none")["position"] != "within").sum() >= 30
    got = funnel(estimates)
    assert got["position"][5] == "below998"
    assert (got["position"] != "within").sum() <= 6


def test_small_unknown_and_empty_rows_are_not_judged_and_do_not_count():
    judged = drawn(30, 500, spread=0.04)
    extra = shares([0, 5, 0, np.nan], [5, 5, 0, 80]).assign(unit=["a", "b", "c", "d"])
    got = funnel(pd.concat([judged, extra], ignore_index=True))
    assert got["position"].tolist()[-4:] == ["unknown"] * 4
    assert "unknown" not in got["position"].tolist()[:30]
    assert got["lower95"].notna().tolist()[-4:] == [True, True, False, False]
    alone = funnel(judged, target=got["target"].iloc[0])
    assert got["dispersion_value"].iloc[0] == pytest.approx(alone["dispersion_value"].iloc[0])


def test_result_keeps_its_rows_and_the_contract():
    estimates = drawn(12, 200, spread=0.02).iloc[::-1]
    got = funnel(estimates)
    pd.testing.assert_frame_equal(got[estimates.columns], estimates)
    assert list(got.columns) == ["unit", *FUNNEL.names]
    check(got, FUNNEL)
    target = estimates["numerator"].sum() / estimates["denominator"].sum()
    expected = (estimates["value"] - target) / np.sqrt(target * (1 - target) / estimates["denominator"])
    pd.testing.assert_series_equal(got["z"], expected, check_names=False)
    assert (got[LIMITS].min().min() >= 0) & (got[LIMITS].max().max() <= 1)


@pytest.mark.parametrize(("x", "target"), [([50, 60, 70], 1.0), ([0, 0, 0], 0.0)])
def test_a_target_of_none_or_all_has_no_funnel(x, target):
    got = funnel(shares(x, [50, 60, 70]))
    assert got["target"].tolist() == [target] * 3
    assert got["position"].tolist() == ["within"] * 3
    assert got["z"].isna().all()
    assert (got[LIMITS] == target).all(axis=None)


@pytest.mark.parametrize("units", [1, 2])
def test_one_or_two_units_are_not_judged_by_their_own_level(units):
    with pytest.raises(ParameterError, match=r"target=0\.95"):
        funnel(shares([70, 90][:units], [100, 100][:units]))


def test_one_unit_against_a_given_target():
    got = funnel(shares([70], [100]), target=0.9)
    assert got["position"].tolist() == ["below998"]
    assert got["dispersion_value"].tolist() == [0.0]


@pytest.mark.parametrize("dispersion", ["additive", "multiplicative", "none"])
def test_the_curve_passes_through_the_limits_of_the_units(dispersion):
    table = funnel(drawn(20, 60, spread=0.05), dispersion=dispersion)
    curve = funnel_curve(table, points=400).set_index("denominator")
    assert curve.index.is_monotonic_increasing
    assert (curve.index[0], curve.index[-1]) == (table["denominator"].min(), table["denominator"].max())
    met = table.set_index("denominator").loc[curve.index.intersection(table["denominator"])]
    assert len(met) == len(table)
    pd.testing.assert_frame_equal(met[LIMITS], curve.loc[met.index, LIMITS])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"definition": ["resolved"] * 19 + ["due"]}, "table[table[\"definition\"] == 'resolved']"),
        ({"basis": ["census"] * 19 + ["sample"]}, "basis"),
        ({"indicator": ["a"] * 19 + ["b"]}, "indicator"),
        ({"unit_level": ["province"] * 19 + ["commune"]}, "province"),
        ({"unit_version": ["63"] * 19 + ["34"]}, "unit_version"),
        ({"unit": ["x"] * 19 + [ALL]}, "total"),
        ({"numerator": np.nan}, "ask for both counts"),
        ({"value": 17.56}, "proportion"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_way_out(change, words):
    estimates = drawn(20, 200, spread=0.02)
    with pytest.raises(DataError, match="Cách sửa") as caught:
        funnel(estimates.assign(**change))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limits": "wilson"}, "limits='exact'"),
        ({"dispersion": True}, "dispersion='additive'"),
        ({"target": 95}, "from 0 to 1"),
        ({"winsorise": 0.5}, "from 0 to 0.49"),
    ],
)
def test_bad_options_say_what_to_type(options, words):
    with pytest.raises(ParameterError) as caught:
        funnel(drawn(5, 100, spread=0), **options)
    assert words in str(caught.value)


def test_flagged_rows_are_not_judged_whatever_their_size():
    estimates = add_flag(shares([10, 90], [100, 100]), "few", [True, False])
    assert funnel(estimates, target=0.5)["position"].tolist() == ["unknown", "above998"]
