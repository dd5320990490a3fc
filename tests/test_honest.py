"""Honest limits: equal to HonestDiD and to a slow test of every value, and right as often as they say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from dvresearch import examples
from dvresearch.errors import ParameterError
from dvresearch.metrics.effects.checks import breakdown, honest_effects, relative_limits, time_weights
from dvresearch.metrics.effects.impact import fit, refit
from dvresearch.tables import ESTIMATES, check

#: Expansion of Medicaid in 2014 and insured adults without children, 22 states against 21 (data of the README of
#: HonestDiD: ehec_data of Mixtape-Sessions/Advanced-DID, derived from the American Community Survey): differences from
#: 2013 in 2008-2012, 2014 and 2015, in millionths, and their covariance, clustered by state, in 10⁻⁹.
MEDICAID = np.array([-5285.3, -11297.3, -2676.0, -1419.3, 339.7, 46446.9, 69206.2]) * 1e-6
MEDICAID_COVARIANCE = 1e-9 * np.array(
    [
        [74885, 60399, 44446, 33858, 43280, 47659, 24251],
        [60399, 72665, 37893, 28666, 45433, 44289, 28247],
        [44446, 37893, 50521, 26737, 27782, 30606, 9638],
        [33858, 28666, 26737, 40032, 24129, 23809, 2924],
        [43280, 45433, 27782, 24129, 54627, 36825, 9723],
        [47659, 44289, 30606, 23809, 36825, 83757, 63214],
        [24251, 28247, 9638, 2924, 9723, 63214, 107124],
    ]
)
#: The effect of the first year, then the changes from one year to the next up to 2013, of these differences.
FIRST_YEAR = np.vstack([np.eye(7)[5], np.diff(np.vstack([np.eye(7)[:5], np.zeros(7)]), axis=0)])


@pytest.fixture(scope="module")
def fitted():
    return fit(examples.rollout(seed=2)[0], outcome="synthetic_score")


@pytest.fixture(scope="module")
def campaign() -> ModuleType:
    file = Path(__file__).parent.parent / "benchmarks" / "honest_coverage.py"
    spec = importlib.util.spec_from_file_location("honest_coverage", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def relative(fitted, m: float) -> np.ndarray:
    return honest_effects(fitted, m=[m])[["lower", "upper"]].to_numpy(dtype=float)[0]


@pytest.mark.parametrize(
    ("m", "published", "by_hand"),
    [
        (0.5, (0.0241, 0.0673), (0.0238, 0.0673)),
        (1.0, (0.0171, 0.0720), (0.0168, 0.0722)),
        (1.5, (0.00859, 0.0796), (0.0081, 0.0798)),
        (2.0, (-0.00107, 0.0883), (-0.0010, 0.0883)),
    ],
)
def test_relative_magnitudes_are_those_of_honestdid(m, published, by_hand) -> None:
    """Witness: R HonestDiD (conditional and least favourable), README; 1,000 grid points there give about 0.0005."""
    effect, *changes = FIRST_YEAR @ MEDICAID
    covariance = FIRST_YEAR @ MEDICAID_COVARIANCE @ FIRST_YEAR.T
    limits = relative_limits(effect, np.array(changes), covariance, m, 0.05)
    assert limits == pytest.approx(published, abs=1e-3)
    assert limits == pytest.approx(by_hand, abs=1e-4)


def accepted(theta: float, effect, changes, covariance, most: float, alpha: float) -> bool:
    """Test one value of the effect by the two stages of Andrews, Roth and Pakes, case by case, with scipy."""
    first = alpha / 10
    second = (alpha - first) / (1 - first)
    for change, row in zip(changes, range(1, len(changes) + 1), strict=True):
        for sign in (most, -most):
            moments = np.zeros((2, len(covariance)))
            moments[:, 0], moments[:, row] = (-1, 1), (-sign, -sign)  # theta ≤ effect + p, theta ≥ effect - p
            spread = moments @ covariance @ moments.T
            errors = np.sqrt(np.diag(spread))
            y = np.array([theta - effect - sign * change, effect - theta - sign * change]) / errors
            r = spread[0, 1] / errors.prod()
            both = stats.multivariate_normal(cov=[[1, r], [r, 1]], allow_singular=True)
            critical = optimize.brentq(lambda c, both=both: both.cdf([c, c]) - (1 - first), 0, 6)
            largest, other = max(y), min(y)
            if largest > critical:
                continue
            low = min((other - r * largest) / (1 - r), critical)
            if largest <= max(0, stats.truncnorm.ppf(1 - second, low, critical)):
                return True
    return False


def test_relative_magnitudes_invert_the_test_of_each_value() -> None:
    """Witness: the test itself, a hair inside and outside the limits."""
    rng = np.random.default_rng(5)
    for k in (1, 2, 4):
        root = rng.normal(size=(k + 1, k + 1))
        sample = (rng.normal(), rng.normal(size=k), root @ root.T + 0.2 * np.eye(k + 1))
        for most in (0.3, 2.0):
            lower, upper = relative_limits(*sample, most, 0.1)
            step = 1e-4 * (upper - lower)
            assert accepted(lower + step, *sample, most, 0.1) and accepted(upper - step, *sample, most, 0.1)
            assert not (accepted(lower - step, *sample, most, 0.1) or accepted(upper + step, *sample, most, 0.1))


def test_without_difference_the_interval_is_that_of_the_effect(fitted) -> None:
    """Witness: Student's t of `impact`, periods weighed as known (as in R); with ever more allowed it only grows."""
    table = honest_effects(fitted, m=np.linspace(0, 3, 13))
    check(table, ESTIMATES)
    value, lower, _ = fitted.overall()
    effects, weights = refit(fitted, base="universal").effects("event_time"), time_weights(fitted)
    since = effects.keys["event_time"].isin(weights.index).to_numpy()
    error = fitted.errors((effects.influence[:, since] @ weights.to_numpy())[:, None])[0]
    half = (value - lower) / fitted.errors(fitted.effects("overall").influence)[0] * error
    told = table.loc[0, ["value", "lower", "upper"]].tolist()
    assert told == pytest.approx([value, value - half, value + half], abs=1e-7)
    assert half < value - lower
    assert (np.diff(table["lower"]) < 0).all() and (np.diff(table["upper"]) > 0).all()
    falls = breakdown(fitted, "relative_magnitude")
    assert relative(fitted, falls - 0.01)[0] > 0 > relative(fitted, falls + 0.01)[0]


def test_the_effect_and_the_changes_vary_together(fitted) -> None:
    """Witness: the same from the event study on the universal base, its weights put in by hand."""
    universal = refit(fitted, base="universal")
    effects = universal.effects("event_time")
    times = effects.keys["event_time"].to_numpy()
    parts = [np.zeros(len(times))]
    parts[0][times >= 0] = weights = time_weights(universal).to_numpy()
    parts += [1.0 * (times == t + 1) - (times == t) for t in times[times < -1]]
    rows = np.array(parts)
    covariance = rows @ universal.covariance(effects.influence) @ rows.T
    level = 2 * stats.norm.sf(stats.t.ppf(0.975, len(universal.sample.mass) - 1))
    reach = weights @ (times[times >= 0] + 1)
    effect, *changes = rows @ np.nan_to_num(effects.value)
    expected = relative_limits(effect, np.array(changes), covariance, 1.5 * reach, level)
    # there the sizes of the cohorts count as known
    assert relative(fitted, 1.5) == pytest.approx(expected, abs=0.01)


def test_smoothness_without_bend_takes_a_straight_line_off() -> None:
    panel, _ = examples.rollout(effect=3.0, seed=1)
    steady = panel.assign(
        synthetic_score=panel["synthetic_score"] + 2.0 * panel["adopted"].notna() * (panel["period"] - 2018)
    )
    one, other = (
        honest_effects(fit(p, outcome="synthetic_score"), restriction="smoothness", m=[0.0]) for p in (panel, steady)
    )
    limits = ["lower", "upper"]
    assert other[limits].to_numpy() == pytest.approx(one[limits].to_numpy(), abs=1e-6)
    assert other["value"].iloc[0] - one["value"].iloc[0] > 4


def test_without_earlier_periods_there_is_nothing_to_go_by() -> None:
    data = fit(examples.rollout(cohorts=1, periods=3, seed=1)[0], outcome="synthetic_score")
    assert honest_effects(data)["reason"].eq("no_pretrend").all() and np.isnan(breakdown(data, "smoothness"))


def test_what_is_allowed_is_a_number_from_0_on(fitted) -> None:
    for m in ([-1.0], [], "a", [np.inf], [np.nan], None, [[0.0]]):
        with pytest.raises(ParameterError, match="m cannot be negative"):
            honest_effects(fitted, m=m)
    assert len(honest_effects(fitted, m=1.0)) == 1


def test_the_campaign_measures_the_interval_of_the_package(campaign) -> None:
    rng = np.random.default_rng(3)
    units, before, after, m = (9, 15), 3, 2, 1.5
    outcome = rng.exponential(size=(1, sum(units), before + 1 + after))
    rows = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(sum(units)), before + 1 + after),
            "period": np.tile(np.arange(before + 1 + after), sum(units)),
            "y": outcome.ravel(),
        }
    )
    panel = rows.assign(adopted=np.where(rows["unit"] < units[0], before + 1.0, np.nan))
    drawn, covariance, level = campaign.estimates(outcome, units, campaign.combinations(before, after))
    expected = relative_limits(drawn[:, 0], drawn[:, 1:], covariance, m * (after + 1) / 2, float(level))
    assert relative(fit(panel, outcome="y"), m) == pytest.approx(np.ravel(expected), abs=1e-7)


def test_honest_intervals_hold_the_effect_in_the_worst_patterns(campaign, rounds) -> None:
    """Known effect: none. In a campaign every design of the table in benchmarks/README.md."""
    draws = rounds(400, 5000)
    if draws == 5000:
        worst = campaign.table(draws).groupby("covariance")["worst"].min()
        assert worst["known"] >= 0.94 and worst["estimated"] >= 0.93
        return
    for units, m, before, after, sure in (((30, 30), 2.0, 1, 4, True), ((9, 11), 1.0, 3, 2, False)):
        _, held = campaign.worst(units, m, before, after, draws, sure=sure)
        assert held >= (0.94 if sure else 0.93) - 3 * np.sqrt(0.95 * 0.05 / draws)
