"""Interrupted time series: equal to R, right on synthetic series, refused or weak where it must be."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from dvresearch import wording
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.effects.series import Interruption, interrupted_series, series_findings
from dvresearch.tables import ESTIMATES, FINDINGS, check


def series(before: int = 36, after: int = 24, ratio: float = 1.2, seed: int = 1, place: str = "A") -> pd.DataFrame:
    t = np.arange(-before, after)
    mean = np.exp(5 + 0.004 * t + 0.1 * np.sin(2 * np.pi * t / 12) + np.log(ratio) * (t >= 0))
    y = np.random.default_rng(seed).poisson(mean)
    months = pd.period_range("2021-01", periods=len(t), freq="M").astype(str)
    return pd.DataFrame({"period": months, "count": y, "place": place, "t": t})


def term(table: pd.DataFrame, name: str) -> pd.Series:
    return table.set_index("term").loc[name]


@pytest.mark.parametrize(("season", "model"), [(0, "quasipoisson"), (2, "quasipoisson_harmonic")])
def test_equals_r(validation, season, model) -> None:
    folder = validation("its_sicily")
    expected = {t["term"]: t for t in json.loads((folder / "expected.json").read_text())[model]["terms"]}
    design = Interruption("aces", start=37, period="time", exposure="stdpop", change="level", season=season)
    got = interrupted_series(pd.read_csv(folder / "data.csv"), design, errors="model")
    for name, there in (("level", "smokban"), ("trend", "time")):
        row, want = term(got, name), expected[there]
        values = [row["value"], row["std_error"] / row["value"], row["lower"], row["upper"]]
        assert values == pytest.approx([want["rr"], want["se"], want["rr_low"], want["rr_high"]], rel=1e-6)


def test_linear_errors_are_those_of_statsmodels() -> None:
    data = series().assign(y=lambda d: np.log(d["count"]))
    got = interrupted_series(data, Interruption("y", start="2024-01", family="linear"), lags=3)
    after = (data["t"] >= 0).astype(float)
    x = np.column_stack([np.ones(len(data)), data["t"], after, after * data["t"]])
    plain = sm.OLS(data["y"], x).fit()
    robust = sm.OLS(data["y"], x).fit(cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": True})
    for name, i in (("level", 2), ("slope", 3), ("trend", 1)):
        row = term(got, name)
        assert row["value"] == pytest.approx(plain.params.iloc[i], abs=1e-10)
        assert row["std_error"] == pytest.approx(max(plain.bse.iloc[i], robust.bse.iloc[i]), rel=1e-8)
    average = np.array([0, 0, 1, data.loc[data["t"] >= 0, "t"].mean()])
    assert term(got, "average")["value"] == pytest.approx(average @ plain.params, abs=1e-10)


def test_known_change_is_recovered_with_a_comparison_place(rounds) -> None:
    design = Interruption("count", start="2024-01", change="level", season=1, group="place", of="A")
    draws, inside = rounds(20, 500), 0
    for seed in range(draws):
        both = pd.concat([series(ratio=1.2, seed=2 * seed), series(ratio=1, seed=2 * seed + 1, place="B")])
        row = term(interrupted_series(both, design), "average")
        inside += row["lower"] <= 1.2 <= row["upper"]
    assert inside / draws >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)


def test_periods_may_be_numbers_dates_or_names() -> None:
    data = series().assign(day=lambda d: pd.to_datetime(d["period"]))
    quarters = data.iloc[::3].assign(period=lambda d: d["day"].dt.to_period("Q").astype(str).str.replace("Q", "-Q"))
    same = [
        interrupted_series(data, Interruption("count", start="2024-01", season=1)),
        interrupted_series(data, Interruption("count", start=0, period="t", season=1)),
        interrupted_series(data, Interruption("count", start=pd.Timestamp(2024, 1, 1), period="day", season=1)),
        interrupted_series(data.sample(frac=1, random_state=1), Interruption("count", start="2024-01", season=1)),
    ]
    for other in same[1:]:
        assert other["value"].to_numpy() == pytest.approx(same[0]["value"].to_numpy(), rel=1e-9)
    quarterly = interrupted_series(quarters, Interruption("count", start="2024-Q1", season=1, cycle=4))
    assert quarterly["n"].iloc[0] == 20 and quarterly["value"].notna().all()


def test_transition_leaves_periods_out() -> None:
    data = series()
    data.loc[data["t"].isin([0, 1]), "count"] = 10_000
    row = term(
        interrupted_series(data, Interruption("count", start=0, period="t", change="level", transition=2)), "level"
    )
    assert row["n"] == 58 and 1.1 < row["value"] < 1.3


@pytest.mark.parametrize(("before", "after", "failing"), [(2, 20, "series_before"), (20, 2, "series_after")])
def test_too_short_a_series_gives_no_number(before, after, failing) -> None:
    data, design = series(before, after), Interruption("count", start=0, period="t")
    got, found = interrupted_series(data, design), series_findings(data, design).set_index("check")["verdict"]
    assert got["value"].isna().all() and (got["reason"] == "not_estimable").all()
    assert found[failing] == "fail" and "series_placebo" not in found
    assert "chưa đủ cơ sở" in wording.describe_impact(got, series_findings(data, design))[0]


def test_weak_series_are_called_weak() -> None:
    found = series_findings(series(6, 6).drop(index=[2]), Interruption("count", start=0, period="t", change="level"))
    verdicts = found.set_index("check")["verdict"]
    assert set(verdicts[["series_before", "series_after", "series_gaps", "series_comparison"]]) == {"review"}
    season = series_findings(series(10, 30), Interruption("count", start=0, period="t", season=1))
    assert season.set_index("check").loc["series_season", "verdict"] == "fail"
    check(found, FINDINGS)


def test_placebo_start_finds_an_earlier_turn() -> None:
    data, design = series(ratio=1), Interruption("count", start=0, period="t", change="level")
    assert series_findings(data, design).set_index("check").loc["series_placebo", "verdict"] == "pass"
    data.loc[data["t"].between(-18, -1), "count"] += 60
    assert series_findings(data, design).set_index("check").loc["series_placebo", "verdict"] == "fail"


def test_autocorrelation_is_found() -> None:
    noise = np.convolve(np.random.default_rng(3).normal(0, 1, 80), np.ones(8), "same")[:60]
    data = series().assign(y=noise)
    found = series_findings(data, Interruption("y", start=0, period="t", family="linear")).set_index("check")
    assert found.loc["series_autocorrelation", "verdict"] == "review"


def test_a_change_at_one_place_is_never_told_as_an_effect() -> None:
    got = interrupted_series(series(ratio=1.5), Interruption("count", start=0, period="t", change="level", season=1))
    check(got, ESTIMATES)
    assert wording.impact_verdict(got.iloc[0].to_dict()) == "same_time"
    told = wording.describe_impact(got)
    assert len(told) == 1 and "không tách được" in told[0] and "làm tăng" not in told[0]


def test_what_cannot_be_used_is_refused() -> None:
    data = series()
    with pytest.raises(DataError, match="nhiều dòng"):
        interrupted_series(pd.concat([data, data]), Interruption("count", start=0, period="t"))
    with pytest.raises(DataError, match="nằm ngoài"):
        interrupted_series(data, Interruption("count", start=99, period="t"))
    with pytest.raises(DataError, match="âm"):
        interrupted_series(data.assign(count=-1), Interruption("count", start=0, period="t"))
    three = pd.concat([series(place=p) for p in "ABC"])
    with pytest.raises(ParameterError, match="so sánh"):
        interrupted_series(three, Interruption("count", start="2024-01", group="place", of="A"))
    with pytest.raises(ParameterError, match="season"):
        Interruption("count", start=0, season=6)
    with pytest.raises(ParameterError, match="group"):
        Interruption("count", start=0, group="place")
