"""Sample sizes against the official rule, svy, and the interval they were made for."""

from __future__ import annotations

import pytest
from statsmodels.stats.proportion import samplesize_confint_proportion

from dvresearch.errors import ParameterError
from dvresearch.metrics.counts import z_value
from dvresearch.metrics.survey import sample_size


@pytest.mark.parametrize(
    ("population", "official"), [(1_000_000, 400), (10_000, 385), (2_000, 334), (500, 223), (1, 1)]
)
def test_official_formula(population, official):
    """N/(1 + N·e²) with e = 5%, as the 2012 guidance prescribes: 400 at most."""
    assert sample_size(population)["official_n"].item() == official


def test_an_infinite_population_needs_what_statsmodels_says():
    for margin, share, confidence in ((0.05, 0.5, 0.95), (0.03, 0.8, 0.95), (0.02, 0.9, 0.99)):
        needed = samplesize_confint_proportion(share, margin, alpha=1 - confidence, method="normal")
        got = sample_size(1e15, margin=margin, share=share, confidence=confidence)["n"].item()
        assert needed <= got < needed + 1


@pytest.mark.parametrize("population", [30, 800, 60_000])
def test_the_number_gives_the_interval_wished_for(population):
    for deff in (1, 1.7):
        n = sample_size(population, margin=0.04, share=0.7, deff=deff)["n"].item()

        def half(n, deff=deff):
            return z_value(0.95) * (deff * 0.7 * 0.3 / n * max(population - n, 0) / max(population - 1, 1)) ** 0.5

        if deff == 1:
            assert half(n) <= 0.04 < half(n - 1)
        else:
            assert half(n) <= 0.04


def test_design_effect_and_silence_cost():
    one = sample_size([2_000_000], response=0.5).iloc[0]
    two = sample_size([2_000_000], deff=2, response=0.5).iloc[0]
    assert two["n"] / one["n"] == pytest.approx(2, rel=0.01)
    assert (one["to_ask"], two["to_ask"]) == (2 * one["n"], 2 * two["n"])
    assert two["official_margin"] == pytest.approx(0.049 * 2**0.5, rel=0.01)


@pytest.mark.parametrize(
    "options",
    [{"margin": 5}, {"share": 0}, {"deff": 0}, {"response": 1.2}, {"population": 0}, {"population": [10, -1]}],
)
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ParameterError, match=f"Out of range: {next(iter(options))}"):
        sample_size(**{"population": 1000, **options})
