"""Ranks and averages against slow loops and the 34 provinces; what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch.errors import DataError
from dvresearch.loaders import load_figures, load_index766
from dvresearch.metrics.comparisons import average, ranks
from dvresearch.metrics.counts import proportion
from dvresearch.metrics.dossiers import resolution_rate
from dvresearch.metrics.index766 import index766
from dvresearch.metrics.satisfaction import published_satisfaction


def rates(x, n, indicator="dossiers_in_time_share", **options) -> pd.DataFrame:
    table = pd.DataFrame({"unit": [f"đơn vị {i}" for i in range(len(x))], "x": x, "n": n})
    return proportion(table, numerator="x", denominator="n", by="unit", indicator=indicator, **options)


@pytest.mark.parametrize(("indicator", "better"), [("dossiers_in_time_share", 1), ("dossiers_overdue_share", -1)])
def test_ranks_against_a_loop_over_pairs(indicator, better):
    rng = np.random.default_rng(8)
    n = rng.integers(20, 400, 30)
    found = ranks(rates(rng.binomial(n, rng.uniform(0.3, 0.8, 30)), n, indicator))
    for _, mine in found.iterrows():
        gains = better * (found["value"] - mine["value"])
        assert mine["rank"] == 1 + (gains > 0).sum()
        before = found["lower"] > mine["upper"] if better > 0 else found["upper"] < mine["lower"]
        behind = found["upper"] < mine["lower"] if better > 0 else found["lower"] > mine["upper"]
        assert mine["rank_best"] == 1 + before.sum() and mine["rank_worst"] == 30 - behind.sum()
    assert (found["rank_best"] <= found["rank"]).all() and (found["rank"] <= found["rank_worst"]).all()


def test_ties_and_one_unit():
    found = ranks(rates([5, 5, 1], [10, 10, 10]))
    assert found["rank"].tolist() == [1, 1, 3] and found["rank_worst"].tolist() == [3, 3, 3]
    assert ranks(rates([5], [10]))[["rank", "rank_best", "rank_worst"]].to_numpy().tolist() == [[1, 1, 1]]


def test_rankings_the_data_do_not_allow_are_refused_with_the_way_out():
    good = rates([8, 7, 6], [10, 10, 10])
    refused = {
        "definition": good.assign(definition=["due", "resolved", "due"]),
        "basis": good.assign(basis=["census", "volunteers", "census"]),
        "unit_level": good.assign(unit_level=["province", "commune", "province"]),
        "period": good.assign(period=["2023", "2024", "2024"]),
        "cỡ mẫu": published_satisfaction(load_figures(indicator="sipas", period="2023", level="province")),
        "đạt điểm tối đa": rates([10, 10, 6], [10, 10, 10], ceiling=0.95),
        "không có số liệu": rates([8, 7, 0], [10, 10, 0]),
        "số đếm toàn bộ": rates([8, 7, 6], [10, 10, 10], basis="census"),
        "chiều tốt": rates([8, 7, 6], [10, 10, 10], "proportion"),
    }
    for words, table in refused.items():
        with pytest.raises(DataError, match=words) as error:
            ranks(table)
        assert error.value.hint is not None
    assert len(ranks(good)) == 3


def test_scores_without_interval_are_not_ranked():
    rows = index766(load_index766())
    with pytest.raises(DataError, match="cỡ mẫu"):
        ranks(rows[rows["indicator"] == "q766_total"])


def test_pooled_and_unweighted_averages_of_the_34_provinces():
    rows = resolution_rate(load_index766(), definition="q766", by=["unit_version", "unit_level", "unit"])
    pooled = average(rows, weights="counts").iloc[0]
    equal = average(rows, weights="equal").iloc[0]
    # 17.33 and 17.56 of 20 points: pooled over dossiers, and the portal's national score.
    assert (round(20 * pooled["value"], 2), round(20 * equal["value"], 2)) == (17.33, 17.56)
    assert pooled["n"] == 14666757 and equal["n"] == 34
    assert (pooled["method"], equal["method"], equal["reason"]) == ("wilson", "unweighted_mean", "no_interval_mean")
    assert (equal["definition"], equal["basis"], equal["indicator"]) == ("q766", "census", "dossiers_in_time_share")


def test_averages_by_group_and_with_a_gap():
    rows = rates([8, 7, 6], [10, 20, 10]).assign(region=["Bắc", "Bắc", "Nam"])
    assert average(rows, weights="counts", by="region")["value"].tolist() == [0.5, 0.6]
    assert average(rows, weights="equal", by="region")["value"].tolist() == pytest.approx([0.575, 0.6])
    gap = average(rows.assign(value=[0.8, np.nan, 0.6]), weights="equal", by="region")
    assert np.isnan(gap["value"].iloc[0]) and gap["reason"].tolist() == ["partly_missing", "no_interval_mean"]


def test_averages_the_data_do_not_allow_are_refused_with_the_way_out():
    sipas = load_figures(indicator="sipas", level="province")
    with pytest.raises(DataError, match="definition"):
        average(sipas, weights="equal")
    same = sipas[sipas["period"] == "2023"]
    with pytest.raises(DataError, match='weights="equal"'):
        average(same, weights="counts")
    levels = load_figures(indicator="sipas", period="2023")
    with pytest.raises(DataError, match="unit_level"):
        average(levels, weights="equal")
    both = pd.concat([same, same.assign(period="2020", period_start="2020-01-01", period_end="2020-12-31")])
    with pytest.raises(DataError, match="segment"):
        average(both.astype({"period_start": "datetime64[s]", "period_end": "datetime64[s]"}), weights="equal")
    parts = rates([8, 7], [10, 10]).assign(part=["", "cấp xã"])
    with pytest.raises(DataError, match="part"):
        average(parts, weights="counts")


def test_ranks_are_never_averaged_nor_the_few_provinces_a_source_names():
    figures = load_figures(source=None)
    named = figures[(figures["indicator"] == "sipas") & (figures["period"] == "2023")]
    named = named[named["unit_level"] == "province"]
    with pytest.raises(DataError, match="một số tỉnh"):
        average(named, weights="equal")
    ranked = figures[(figures["indicator"] == "sipas_rank") & (figures["period"] == "2022")]
    with pytest.raises(DataError, match="thứ hạng"):
        average(ranked, weights="equal")


def test_published_numbers_without_interval_are_not_ranked_and_nobody_is_told_to_add_columns():
    figures = load_figures(indicator="sipas", period="2023", level="province")
    with pytest.raises(DataError, match="chỉ nêu giá trị"):
        ranks(figures)
