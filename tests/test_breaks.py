"""Breaks of series and changes that respect them, against published SIPAS figures and hand-made series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch.codebook import get
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import load_figures
from dvresearch.metrics.comparisons import breaks, change, difference, newcombe
from dvresearch.metrics.counts import proportion
from dvresearch.series import known_breaks
from dvresearch.tables import ESTIMATES, LEVELS, check


def series(**columns) -> pd.DataFrame:
    """Return figures of one province, a year each, which `columns` change."""
    years = columns.pop("years", [2024, 2026])
    frame = pd.DataFrame(
        {
            "unit_version": "34",
            "unit_level": "province",
            "unit_code": "01",
            "unit": "Hà Nội",
            "period": [str(y) for y in years],
            "period_start": pd.to_datetime([f"{y}-01-01" for y in years]),
            "period_end": pd.to_datetime([f"{y}-12-31" for y in years]),
            "indicator": "dossiers_in_time_share",
            "value": np.nan,
            "source": "test",
        }
    )
    return frame.assign(**columns)


def test_sipas_breaks_between_2021_and_2022():
    nation = breaks(load_figures(indicator="sipas", unit="Việt Nam"))
    assert dict(zip(nation["period"], nation["segment"], strict=True)) == {
        "2017": 0,
        "2018": 0,
        "2019": 0,
        "2020": 0,
        "2022": 2,
        "2023": 2,
        "2024": 2,
    }
    marked = nation[nation["flags"] == "break"]
    assert marked[["period", "break_code"]].to_numpy().tolist() == [["2022", "sipas_2022"]]


def test_change_within_a_segment():
    # Thời báo Ngân hàng and Việt Nam News: 82.99% in 2018, 84.45% in 2019. VietNamNet: Quảng Ninh up 4.11 points.
    rows = change(load_figures(indicator="sipas"), start="2018", end="2019").set_index("unit")
    assert rows["value"].round(6).to_dict() == {"Việt Nam": 0.0146, "Quảng Ninh": 0.0411}
    assert rows.loc["Việt Nam", ["reason", "method", "basis"]].tolist() == ["no_n", "published", "sample"]
    assert rows["lower"].isna().all() and rows["confidence"].isna().all()
    check(rows, ESTIMATES)


def test_change_across_a_break_is_refused_with_the_reason_and_the_way_out():
    with pytest.raises(DataError) as error:
        change(load_figures(indicator="sipas"), start="2020", end="2022")
    text = str(error.value)
    assert "SIPAS hỏi người dân nói chung" in text and "residents in general" in text and "bridge=" in text


def test_a_named_bridge_is_written_beside_the_number():
    rows = change(
        load_figures(indicator="sipas", unit="Việt Nam"), start="2020", end="2022", bridge="khảo sát song song"
    )
    row = rows.iloc[0]
    assert row["value"] == pytest.approx(0.8008 - 0.8548)
    assert row["flags"] == "break" and row["period"] == "2022 − 2020 (khảo sát song song)"


def test_one_side_only():
    rows = change(load_figures(indicator="sipas"), start="2022", end="2023").set_index("unit")
    assert np.isnan(rows.loc["Gia Lai", "value"]) and rows.loc["Gia Lai", "reason"] == "no_pair"
    assert rows.loc["Việt Nam", "value"] == pytest.approx(0.8266 - 0.8008)


def test_the_mergers_of_july_2025():
    counts = {"numerator": [80.0, 90.0], "denominator": [100.0, 100.0], "value": [0.8, 0.9]}
    with pytest.raises(DataError, match="không còn cấp huyện"):
        change(series(**counts), start="2024", end="2026")
    # A year that lies on both sides joins neither; the nation had no merger.
    straddling = breaks(series(years=[2024, 2025, 2026]))
    assert straddling["segment"].tolist() == [0, 1, 2]
    assert straddling["break_code"].tolist() == ["", "merger_2025", "merger_2025"]
    nation = breaks(series(unit_level="nation", unit_version="", unit="Việt Nam"))
    assert set(nation["segment"]) == {0}
    assert len(change(series(**counts, unit_level="nation", unit_version=""), start="2024", end="2026")) == 1


def test_a_number_without_a_period_joins_nothing():
    undated = series(period_start=pd.to_datetime(["2024-01-01", None]), period_end=pd.to_datetime(["2024-12-31", None]))
    assert breaks(undated)["segment"].tolist() == [0, -1]
    with pytest.raises(DataError, match="bridge="):
        change(undated.assign(value=[0.8, 0.9]), start="2024", end="2026")


def test_breaks_keep_the_rows_and_their_flags():
    shuffled = load_figures().sample(frac=1, random_state=5)
    marked = breaks(shuffled)
    columns = ["unit", "part", "period", "indicator", "role", "source", "value"]
    assert len(marked) == len(shuffled)
    merged = marked[columns].merge(shuffled[columns], on=columns)
    assert len(merged) >= len(shuffled)
    assert marked["flags"].str.contains("imputed").sum() == shuffled["flags"].str.contains("imputed").sum()


def test_intervals_where_both_sides_have_counts():
    counts = {"numerator": [45.0, 63.0], "denominator": [60.0, 70.0], "value": [0.75, 0.9]}
    row = change(series(**counts, years=[2026, 2027]), start="2026", end="2027").iloc[0]
    assert row["value"] == pytest.approx(0.15) and row["method"] == "newcombe" and row["n"] == 130
    lower, upper = newcombe(*(np.array([v]) for v in (63.0, 70.0, 45.0, 60.0)))
    assert (row["lower"], row["upper"]) == (lower[0], upper[0])


def test_differences_of_estimates_refuse_what_is_marked_here():
    counts = {"numerator": [80.0, 90.0], "denominator": [100.0, 100.0], "value": [0.8, 0.9]}
    marked = breaks(series(**counts))
    rates = proportion(marked, numerator="numerator", denominator="denominator", by=["unit", "period"])
    rates["flags"] = marked["flags"]
    with pytest.raises(DataError, match="bridge="):
        difference(rates, column="period", of="2026", against="2024")


def test_mixed_definitions_levels_and_versions_are_refused():
    years = [2026, 2027]
    for mixed in (
        {"definition": ["resolved", "due"]},
        {"unit_version": ["63", "34"]},
        {"unit_level": ["province", "commune"]},
    ):
        with pytest.raises(DataError, match=next(iter(mixed))):
            change(series(value=[0.8, 0.9], years=years, **mixed), start="2026", end="2027")
    twice = pd.concat([series(value=[0.8, 0.9], years=years), series(value=[0.7, 0.9], years=years, source="other")])
    with pytest.raises(DataError, match="nhiều số"):
        change(twice, start="2026", end="2027")


def test_unknown_period():
    with pytest.raises(ParameterError, match="2030"):
        change(load_figures(indicator="sipas"), start="2018", end="2030")


def test_the_list_of_breaks_is_complete_in_both_languages():
    codes = [b.code for b in known_breaks()]
    assert len(set(codes)) == len(codes) and {"sipas_2022", "papi_2018", "merger_2025", "ttcp_2025"} <= set(codes)
    for known in known_breaks():
        assert known.reason.vi and known.reason.en and known.source
        assert set(known.levels) <= set(LEVELS)
    petitions = load_figures(indicator="petitions_received")["indicator"].iloc[0]
    assert next(b for b in known_breaks() if b.code == "ttcp_2025").concerns(petitions)
    assert get("flag", "break").note_vi
