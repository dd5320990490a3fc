"""Selection bounds against every completion of the answers, worked by hand and by enumeration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.counts import selection_bounds
from dvresearch.tables import ESTIMATES, check


def bounds(satisfied, answered, served, **options) -> pd.DataFrame:
    data = pd.DataFrame({"x": [satisfied], "n": [answered], "all": [served]})
    return selection_bounds(data, numerator="x", answered="n", served="all", **options)


def test_worst_case_is_what_the_silent_could_make_of_it():
    """18 of 20 raters among 50 served: the other 30 may hold any number of satisfied people."""
    possible = [(18 + k) / 50 for k in range(31)]
    worst = bounds(18, 20, 50, odds_ratios=[]).iloc[0]
    assert (worst["lower"], worst["upper"]) == (min(possible), max(possible))
    assert worst["value"] == 0.9
    assert (worst["numerator"], worst["denominator"], worst["n"]) == (18, 50, 20)


def test_odds_ratio_by_hand():
    """90 of 100 raters have odds 9; at a ratio of 3 the 900 silent have odds 3 to 27, shares 3/4 to 27/28."""
    got = bounds(90, 100, 1000, odds_ratios=[3]).iloc[1]
    assert got["method"] == "odds_ratio"
    assert got["odds_ratio"] == 3
    assert (got["lower"], got["upper"]) == pytest.approx(((90 + 900 * 3 / 4) / 1000, (90 + 900 * 27 / 28) / 1000))


def test_bounds_are_nested_and_close_on_the_share_of_the_raters():
    got = bounds(70, 100, 400, odds_ratios=[1, 2, 5, 1e9]).set_index("odds_ratio")
    assert (got.loc[1, "lower"], got.loc[1, "upper"]) == pytest.approx((0.7, 0.7))
    worst = got.iloc[0]
    assert worst["lower"] < got.loc[5, "lower"] < got.loc[2, "lower"] < 0.7
    assert 0.7 < got.loc[2, "upper"] < got.loc[5, "upper"] < worst["upper"]
    assert (got.loc[1e9, "lower"], got.loc[1e9, "upper"]) == pytest.approx((worst["lower"], worst["upper"]), abs=1e-6)


def test_everyone_answered_leaves_nothing_open():
    got = bounds(50, 50, 50)
    assert got[["lower", "upper"]].to_numpy().tolist() == [[1, 1], [1, 1]]
    assert got["reason"].tolist() == ["", ""]


def test_all_satisfied_says_little_about_the_others():
    """A hundred per cent of a few raters: an odds ratio assumes nothing, the worst case stays wide."""
    got = bounds(137, 137, 1_000)
    assert got["lower"].tolist() == pytest.approx([0.137, np.nan], nan_ok=True)
    assert got["upper"].tolist() == pytest.approx([1, np.nan], nan_ok=True)
    assert got["reason"].tolist() == ["", "odds_undefined"]
    assert got["flags"].tolist() == ["ceiling", "ceiling"]
    assert bounds(0, 40, 100)["reason"].tolist() == ["", "odds_undefined"]


@pytest.mark.parametrize(
    ("counts", "reason"),
    [((5, 8, np.nan), "no_served"), ((np.nan, 8, 10), "no_counts"), ((5, np.nan, 10), "no_counts")],
)
def test_unknown_counts_give_no_value(counts, reason):
    got = bounds(*counts)
    assert got[["value", "lower", "upper"]].isna().all(axis=None)
    assert got["reason"].tolist() == [reason] * 2


def test_nobody_answered_tells_nothing():
    got = bounds(0, 0, 30)
    assert got["value"].isna().all()
    assert got["reason"].tolist() == ["no_answer"] * 2
    assert got.loc[0, ["lower", "upper"]].tolist() == [0, 1]
    assert bounds(0, 0, 0)[["lower", "upper"]].isna().all(axis=None)


def test_groups_are_added_and_their_rows_kept_together():
    data = pd.DataFrame(
        {"unit": ["B", "A", "B"], "x": [10, 30, 20], "n": [20, 40, 20], "all": [50, 100, 50], "other": [0, 0, 0]}
    )
    got = selection_bounds(data, numerator="x", answered="n", served="all", by="unit", odds_ratios=[2, 4])
    assert list(got.columns) == ["unit", "odds_ratio", *ESTIMATES.names]
    check(got, ESTIMATES)
    assert got["unit"].tolist() == ["B"] * 3 + ["A"] * 3
    assert got["method"].tolist() == ["worst_case", "odds_ratio", "odds_ratio"] * 2
    assert got["odds_ratio"].tolist() == pytest.approx([np.nan, 2, 4] * 2, nan_ok=True)
    assert got["value"].tolist() == [0.75] * 6
    assert got["basis"].unique().tolist() == ["volunteers"]
    assert got["confidence"].isna().all()
    alone = bounds(30, 40, 100, odds_ratios=[2, 4])
    np.testing.assert_allclose(got.loc[:2, ["lower", "upper"]], alone[["lower", "upper"]])


def test_each_count_is_part_of_the_next():
    with pytest.raises(DataError, match="lớn hơn cột all"):
        bounds(5, 12, 10)
    with pytest.raises(DataError, match="lớn hơn cột n"):
        bounds(9, 8, 10)


@pytest.mark.parametrize("ratio", [0.5, 0, -1, np.inf, np.nan])
def test_an_odds_ratio_below_one_is_refused(ratio):
    with pytest.raises(ParameterError, match=r"odds_ratios=\[2\]"):
        bounds(5, 8, 10, odds_ratios=[ratio])
