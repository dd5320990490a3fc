"""The synthetic province in which models spread: its truth is true, and who takes them up is as told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch import examples
from dvresearch.errors import ParameterError
from dvresearch.examples.registers import MARK


def test_same_seed_same_province_and_labelled_synthetic() -> None:
    first, again, other = (examples.rollout(seed=s)[0] for s in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not first["synthetic_score"].equals(other["synthetic_score"])
    assert first.attrs["synthetic"] and first[["unit", "district"]].map(lambda name: MARK in name).all(axis=None)


@pytest.mark.parametrize("dynamics", ["constant", "growing", "fading"])
def test_truth_is_the_difference_the_model_makes(dynamics) -> None:
    have, truth = examples.rollout(effect=4.0, dynamics=dynamics, seed=1)
    without, nothing = examples.rollout(effect=0.0, dynamics=dynamics, seed=1)
    gain = (have["synthetic_score"] - without["synthetic_score"]).groupby([have["adopted"], have["period"]]).mean()
    assert len(truth) and (nothing["effect"] == 0).all()
    for row in truth.itertuples():
        assert row.effect == pytest.approx(gain[row.cohort, row.period], abs=1e-9)
        assert row.units == (have["adopted"] == row.cohort).sum() / 8
    assert gain[[g > t for g, t in gain.index]].abs().max() < 1e-9
    full = {"constant": (4, 4), "growing": (1, 4), "fading": (4, 0.25)}[dynamics]
    by_time = truth.set_index("event_time")["effect"]
    assert (by_time[0].mean(), by_time[4].mean()) == pytest.approx(full)


def trends(panel: pd.DataFrame) -> pd.Series:
    """Mean change a year before anybody adopts, by whether the commune adopts later."""
    wide = panel[panel["period"] <= 2020].pivot_table(index="unit", columns="period", values="synthetic_score")
    adopts = panel.drop_duplicates("unit").set_index("unit")["adopted"].notna()
    return (wide[2020] - wide[2018]).div(2).groupby(adopts).mean()


def test_who_takes_the_model_up() -> None:
    province = {s: examples.rollout(selection=s, effect=0.0, units=1000, seed=2)[0] for s in ("none", "level", "trend")}
    start = {
        s: p[p["period"] == 2018].groupby(p["adopted"].notna())["synthetic_score"].mean() for s, p in province.items()
    }
    gaps = {s: v[True] - v[False] for s, v in start.items()}
    assert abs(gaps["none"]) < 1.5 < 3 < gaps["level"]
    slopes = {s: trends(p)[True] - trends(p)[False] for s, p in province.items()}
    assert abs(slopes["none"]) < 0.3 and abs(slopes["level"]) < 0.3 and slopes["trend"] > 0.6


def test_a_good_year_before_adoption_is_followed_by_an_ordinary_one() -> None:
    panel, _ = examples.rollout(selection="good_year", effect=0.0, units=1000, seed=5)
    never = panel[panel["adopted"].isna()].groupby("period")["synthetic_score"].mean()
    cohort = panel[panel["adopted"] == 2021].groupby("period")["synthetic_score"].mean() - never
    assert cohort[2020] - cohort[2019] > 1 and cohort[2020] - cohort[2021] > 1


def test_covariate_drives_both_adoption_and_trend() -> None:
    panel, _ = examples.rollout(selection="covariate", effect=0.0, units=1000, seed=5)
    first = panel.drop_duplicates("unit")
    means = first.groupby(first["adopted"].notna())["urban"].mean()
    last = (
        panel[panel["period"] == 2025].set_index("unit")["synthetic_score"]
        - panel[panel["period"] == 2018].set_index("unit")["synthetic_score"]
    )
    assert means[True] - means[False] > 0.5
    assert np.corrcoef(last, first.set_index("unit").loc[last.index, "urban"])[0, 1] > 0.5


def test_spillover_reaches_communes_without_the_model_only() -> None:
    still, moved = (examples.rollout(spillover=s, seed=6)[0] for s in (0.0, 2.0))
    more = moved["synthetic_score"] - still["synthetic_score"]
    has = moved["adopted"] <= moved["period"]
    around = has.groupby([moved["district"], moved["period"]]).transform("mean")
    assert more[has].abs().max() < 1e-9
    assert more[~has].to_numpy() == pytest.approx(2 * around[~has].to_numpy(), abs=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"dynamics": "slow"}, {"selection": "luck"}, {"cohorts": 8}, {"units": 5}, {"units": 10.5}, {"units": None}),
        *({"periods": 8.0}, {"cohorts": "3"}, {"seed": "a"}, {"seed": -1}, {"seed": None}),
        *({"effect": "a"}, {"effect": np.nan}, {"spillover": None}, {"spillover": np.inf}),
    ],
    ids=str,
)
def test_what_makes_no_province_is_refused(wrong) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        examples.rollout(**wrong)
