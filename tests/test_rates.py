"""Poisson rates against Garwood's table, DescTools, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.rates import confint_poisson

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.counts import byar, exact_poisson, rate
from dvresearch.tables import ESTIMATES, check


def limits(method, events, confidence=0.95):
    lower, upper = method(np.array([events], dtype=float), confidence)
    return lower[0], upper[0]


# Garwood (1936), Biometrika 28:437-442, as tabulated in many textbooks: 95% limits of a Poisson count.
@pytest.mark.parametrize(
    ("events", "table"), [(0, (0, 3.689)), (1, (0.0253, 5.572)), (10, (4.795, 18.390)), (100, (81.36, 121.63))]
)
def test_exact_limits_print_garwoods_table(events, table):
    assert limits(exact_poisson, events) == pytest.approx(table, rel=8e-4)


def test_exact_limits_equal_desctools():
    """DescTools' help page PoissonCI: 196 deaths by horse kick in 280 corps-years, method "exact"."""
    data = pd.DataFrame({"deaths": [196], "years": [280]})
    got = rate(data, numerator="deaths", population="years", per=1, method="exact_poisson").iloc[0]
    assert (got["value"], got["lower"], got["upper"]) == pytest.approx((0.7, 0.6054271, 0.8051570), abs=5e-8)


def test_exact_limits_equal_statsmodels_and_scipy():
    events = np.array([0, 1, 2.5, 7, 50, 5514, 21_399], dtype=float)
    for confidence in (0.9, 0.95, 0.998):
        lower, upper = exact_poisson(events, confidence)
        tail = (1 - confidence) / 2
        np.testing.assert_allclose(upper, stats.chi2.ppf(1 - tail, 2 * events + 2) / 2, rtol=1e-10)
        for i, count in enumerate(events):
            expected = confint_poisson(count, 1, method="exact-c", alpha=1 - confidence)
            assert (lower[i], upper[i]) == pytest.approx(np.nan_to_num(expected), rel=1e-9)


def test_byar_is_as_close_to_exact_as_public_health_england_says():
    """Technical guide on confidence intervals (2018): within 0.2% from 10 events on, at 95%."""
    events = np.arange(10, 3000).astype(float)
    for ours, theirs in zip(byar(events), exact_poisson(events), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0.002)


def test_byar_by_the_formula_of_breslow_and_day():
    z = stats.norm.ppf(0.975)
    for o in (10, 65, 1045):
        lower = o * (1 - 1 / (9 * o) - z / (3 * o**0.5)) ** 3
        upper = (o + 1) * (1 - 1 / (9 * (o + 1)) + z / (3 * (o + 1) ** 0.5)) ** 3
        assert limits(byar, o) == pytest.approx((lower, upper), rel=1e-12)
    assert limits(byar, 0)[0] == 0
    assert limits(byar, 1, 0.9999)[0] == 0


def test_rates_are_per_ten_thousand_by_group():
    data = pd.DataFrame(
        {
            "unit": ["A", "B", "A", "C", "D", "E"],
            "cases": [10, 3, 12, 0, np.nan, 4],
            "dossiers": [20_000, 5_000, 24_000, 10, 100, 0],
        }
    )
    got = rate(data, numerator="cases", population="dossiers", by="unit", indicator="feedback_rate", basis="census")
    check(got, ESTIMATES)
    assert got["value"].tolist() == pytest.approx([5, 6, 0, np.nan, np.nan], nan_ok=True)
    assert got["method"].tolist()[:3] == ["byar", "exact_poisson", "exact_poisson"]
    assert got["reason"].tolist() == ["", "", "", "no_numerator", "zero_denominator"]
    assert got["flags"].tolist() == ["", "few", "few", "", "few"]
    assert got["std_error"][0] == pytest.approx(22**0.5 / 44_000 * 10_000)
    a = np.array(limits(byar, 22)) / 44_000 * 10_000
    c = np.array(limits(exact_poisson, 0)) / 10 * 10_000
    np.testing.assert_allclose(got.loc[[0, 2], ["lower", "upper"]], [a, c])
    assert got.loc[3:, ["lower", "upper", "std_error"]].isna().all(axis=None)


def test_national_feedback_rate_of_2026():
    """21 399 feedback cases against 14.67 million dossiers are 14.6 per 10 000."""
    data = pd.DataFrame({"feedback": [21_399], "received": [14_666_757]})
    got = rate(data, numerator="feedback", population="received", overall="append")
    assert round(got["value"].item(), 1) == 14.6


def test_events_may_exceed_the_population_but_not_be_negative():
    data = pd.DataFrame({"visits": [30], "people": [20]})
    assert rate(data, numerator="visits", population="people", per=1)["value"].item() == 1.5
    with pytest.raises(DataError, match="Số đếm âm"):
        rate(data.assign(visits=-1), numerator="visits", population="people")


@pytest.mark.parametrize(
    ("options", "words"),
    [({"method": "wilson"}, "method='byar'"), ({"per": 0}, "above 0"), ({"confidence": 95}, "confidence=0.95")],
)
def test_bad_options_say_what_to_type(options, words):
    data = pd.DataFrame({"visits": [30], "people": [20]})
    with pytest.raises(ParameterError) as caught:
        rate(data, numerator="visits", population="people", **options)
    assert words in str(caught.value)
