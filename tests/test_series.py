"""Interrupted time series: equal to R, right on synthetic series, refused or weak where it must be."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from dvresearch import codebook, wording
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.effects.series import Interruption, _kept, interrupted_series, series_findings
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


def test_month_terms_are_those_of_a_model_with_indicators() -> None:
    """A term for every month but one, as ``C(month)`` has it in statsmodels; errors of the model, as R's glm."""
    data = series()
    design = Interruption("count", start="2024-01", season="indicators")
    got = interrupted_series(data, design, errors="model")
    month = pd.PeriodIndex(data["period"], freq="M").month
    after = (data["t"] >= 0).astype(float)
    x = pd.DataFrame({"const": 1.0, "t": data["t"], "level": after, "slope": after * data["t"]})
    x = x.join(pd.get_dummies(pd.Series(month), prefix="m", drop_first=True, dtype=float))
    theirs = sm.GLM(data["count"], x, family=sm.families.Poisson()).fit(scale="X2")
    for name in ("level", "slope"):
        row = term(got, name)
        assert row["value"] == pytest.approx(np.exp(theirs.params[name]), rel=1e-8)
        assert row["std_error"] / row["value"] == pytest.approx(theirs.bse[name], rel=1e-6)
    with pytest.raises(ParameterError, match="season"):
        Interruption("count", start="2024-01", season="months")


@pytest.mark.parametrize(("kind", "start"), [("month", 202401), ("quarter", 20241)])
def test_months_and_quarters_kept_as_numbers_are_periods(kind, start) -> None:
    """202312 and 202401 are neighbours: the same as the periods they stand for, whatever the start is written as."""
    data = series()
    periods = pd.PeriodIndex(data["period"], freq="M")
    if kind == "quarter":
        data = data.assign(period=periods.asfreq("Q").astype(str)).groupby("period", as_index=False)["count"].sum()
        periods = pd.PeriodIndex(data["period"], freq="Q")
    number = periods.year * 100 + periods.month if kind == "month" else periods.year * 10 + periods.quarter
    there = interrupted_series(data, Interruption("count", start="2024-01" if kind == "month" else "2024-Q1"))
    as_numbers = data.assign(period=number)
    for written in (start, "2024-01" if kind == "month" else "2024-Q1"):
        pd.testing.assert_frame_equal(interrupted_series(as_numbers, Interruption("count", start=written)), there)


def test_the_level_of_both_conventions() -> None:
    """Where the periods since the start count from 1 the level is told one period earlier: divided by the slope."""
    data = series()
    got = interrupted_series(data, Interruption("count", start="2024-01"), errors="model")
    after = (data["t"] >= 0).astype(float)
    x = pd.DataFrame({"const": 1.0, "t": data["t"], "level": after, "slope": after * (data["t"] + 1)})
    theirs = sm.GLM(data["count"], x, family=sm.families.Poisson()).fit(scale="X2")
    level = term(got, "level")["value"] / term(got, "slope")["value"]
    assert np.exp(theirs.params["level"]) == pytest.approx(level, rel=1e-8)


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


def shocks(rng: np.random.Generator, periods: int, rho: float, sd: float) -> np.ndarray:
    """Return a stationary first-order autoregression."""
    e = rng.normal(size=periods + 60)
    for k in range(1, len(e)):
        e[k] += rho * e[k - 1]
    return sd * np.sqrt(1 - rho**2) * e[60:]


def hit_together(
    seed: int, effect: float, *, counts: bool = False, common: float = 4.0, before: int = 24, after: int = 24
) -> pd.DataFrame:
    """Return two places under the same shocks, of which one changes; counts multiply by the exponential."""
    rng, t = np.random.default_rng(seed), np.arange(-before, after)
    both = shocks(rng, len(t), 0, common)
    places = []
    for place, size in (("A", 2000), ("B", 3000)):
        moved = 0.1 * t + effect * (t >= 0) * (place == "A") + both + rng.normal(0, 2, len(t))
        y = rng.poisson(size * np.exp(moved / 40)) if counts else 50 + moved
        places.append(pd.DataFrame({"t": t, "y": y, "place": place}))
    return pd.concat(places)


TOGETHER = Interruption("y", start=0, period="t", family="linear", group="place", of="A")


def difference(both: pd.DataFrame, **options: object) -> sm.regression.linear_model.RegressionResults:
    """Return the regression of the difference of two places, by statsmodels."""
    a, b = (both[both["place"] == p].set_index("t")["y"] for p in "AB")
    t = a.index.to_numpy(dtype=float)
    after = (t >= 0).astype(float)
    return sm.OLS((a - b).to_numpy(), np.column_stack([np.ones(len(t)), t, after, after * t])).fit(**options)


def test_errors_against_a_comparison_are_those_of_the_difference() -> None:
    both = hit_together(1, 4)
    plain = difference(both)
    robust = difference(both, cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": True})
    got = interrupted_series(both.sample(frac=1, random_state=1), TOGETHER, lags=3)
    for name, i in (("level", 2), ("slope", 3)):
        row, error = term(got, name), max(plain.bse[i], robust.bse[i])
        assert row["value"] == pytest.approx(plain.params[i], abs=1e-9)
        assert row["std_error"] == pytest.approx(error, rel=1e-9)
        assert row["upper"] == pytest.approx(plain.params[i] + stats.t.ppf(0.975, 44) * error, rel=1e-9)


@pytest.mark.parametrize("common", [4.0, 0.0])
@pytest.mark.parametrize("counts", [False, True], ids=["linear", "counts"])
def test_a_comparison_takes_out_what_hits_both(rounds, counts, common) -> None:
    design = replace(TOGETHER, family="quasipoisson" if counts else "linear")
    draws, inside, seen, seen_by_difference = rounds(8, 500), 0, 0, 0
    for seed in range(draws):
        both = hit_together(seed, 8, counts=counts, common=common)
        row = term(interrupted_series(both, design), "average")
        nothing, truth = (1, np.exp(8 / 40)) if counts else (0, 8)
        inside += row["lower"] <= truth <= row["upper"]
        seen += row["lower"] > nothing
        fit = difference(both.assign(y=np.log(both["y"])) if counts else both)
        seen_by_difference += float(fit.t_test([0, 0, 1, 11.5]).pvalue) < 0.05
    assert inside / draws >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)
    assert seen_by_difference > 0.8 * draws and seen >= 0.85 * seen_by_difference


@pytest.mark.parametrize("rho", [0.3, 0.6])
def test_errors_grow_with_autocorrelation(rounds, rho) -> None:
    """Against the standard deviation the estimate has by the closed form."""
    t, draws, errors, inside = np.arange(-36.0, 24), rounds(30, 1000), [], 0
    after = (t >= 0).astype(float)
    x = np.column_stack([np.ones(60), t, after, after * t])
    weights = np.array([0, 0, 1, 11.5]) @ np.linalg.pinv(x)
    true = np.sqrt(weights @ rho ** np.abs(np.subtract.outer(t, t)) @ weights)
    for seed in range(draws):
        data = pd.DataFrame({"t": t, "y": shocks(np.random.default_rng(seed), 60, rho, 1)})
        row = term(interrupted_series(data, Interruption("y", start=0, period="t", family="linear")), "average")
        errors.append(row["std_error"])
        inside += row["lower"] <= 0 <= row["upper"]
    assert 0.85 < np.mean(errors) / true < 1.25
    assert inside / draws >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / draws)


def test_the_error_of_an_autoregression_is_the_one_written_out() -> None:
    """Slowly, with the matrices written out and the autocorrelation looked for on a grid; a period is missing."""
    t = np.delete(np.arange(-20.0, 16), 9)
    y = shocks(np.random.default_rng(4), 36, 0.7, 1)[:35]
    x = np.column_stack([np.ones(35), t, t >= 0])
    maker = np.eye(35) - x @ np.linalg.pinv(x)
    left = maker @ y
    near = np.abs(t[:, None] - t) == 1

    def along(rho: float) -> np.ndarray:
        return maker @ rho ** np.abs(t[:, None] - t) @ maker

    seen = left @ near @ left / (left @ left)
    rho = min(np.linspace(0.3, 0.9, 1201), key=lambda r: abs((near * along(r)).sum() / np.trace(along(r)) - seen))
    spread = np.linalg.pinv(x) @ rho ** np.abs(t[:, None] - t) @ np.linalg.pinv(x).T
    error = np.sqrt(spread[2, 2] * (left @ left) / np.trace(along(rho)))
    design = Interruption("y", start=0, period="t", family="linear", change="level")
    assert 0.31 < rho < 0.89
    got = interrupted_series(pd.DataFrame({"t": t, "y": y}), design)
    assert term(got, "level")["std_error"] == pytest.approx(error, rel=2e-3)


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


MONTHS = pd.period_range("2021-01", periods=60, freq="M")


@pytest.mark.parametrize(
    "start", ["2024-01-15", "15/01/2024", "tháng 1/2024", pd.Timestamp(2024, 1, 31), pd.Period("2024-01", "M")]
)
@pytest.mark.parametrize(
    "periods",
    [
        MONTHS.astype(str),
        MONTHS.strftime("%m/%Y"),
        MONTHS,
        pd.Series(MONTHS).astype("object"),
        pd.Categorical(MONTHS.strftime("%m/%Y")),
        MONTHS.to_timestamp(how="end").normalize(),
        MONTHS.to_timestamp() + pd.Timedelta(days=14),
        (MONTHS.to_timestamp() + pd.Timedelta(days=14)).strftime("%d/%m/%Y"),
    ],
    ids=["text", "month/year", "Period", "objects", "categories", "month ends", "middles", "days as text"],
)
def test_a_start_within_a_month_is_that_month(periods, start) -> None:
    """The months are counted by hand in the column `t`."""
    data = series().assign(period=periods)
    counted = interrupted_series(data, Interruption("count", start=0, period="t"))
    pd.testing.assert_frame_equal(interrupted_series(data, Interruption("count", start=start)), counted)


@pytest.mark.parametrize(
    ("periods", "start", "first"),
    [
        (pd.date_range("2024-01-01", periods=60, freq="W-MON"), "22/05/2024", 20),  # in the week of Monday 20 May
        (pd.period_range("2024-01-01", periods=60, freq="W-SUN"), "2024-05-26", 20),
        (pd.date_range("2010-03-31", periods=60, freq="QE"), "2015-02-10", 20),
        ([f"{2010 + i // 4}-Q{i % 4 + 1}" for i in range(60)], "2015-03", 20),
        ([f"{1990 + i // 2}-H{i % 2 + 1}" for i in range(60)], "10/06/2000", 20),
        (np.arange(1960, 2020), "2000-05-03", 40),
        (np.arange(1, 61), np.int64(41), 40),
        (pd.date_range("2024-01-01", periods=60), "2024-02-10", 40),
    ],
)
def test_a_start_within_any_period_is_that_period(periods, start, first) -> None:
    data = series().assign(period=periods, number=range(60))
    counted = interrupted_series(data, Interruption("count", start=first, period="number"))
    pd.testing.assert_frame_equal(interrupted_series(data, Interruption("count", start=start)), counted)
    gaps = series_findings(data, Interruption("count", start=start)).set_index("check").loc["series_gaps", "computed"]
    assert gaps == "0"


@pytest.mark.parametrize(
    ("periods", "start", "told"),
    [
        *((MONTHS, start, "2024-01") for start in (2024, "2024", "2024-Q1", "quý I/2024", pd.Period("2024", "Y"))),
        (MONTHS.astype(str), 2024, "2024-01"),
        (MONTHS.to_timestamp(), 2024, "2024-01"),
        *((MONTHS.year * 100 + MONTHS.month, start, 202401) for start in (2024, np.int64(2024), 2024.0, "2024", 20241)),
        ([f"{2010 + i // 4}-Q{i % 4 + 1}" for i in range(60)], "2015", "2015-01"),
        (pd.date_range("2024-01-01", periods=60, freq="W-MON"), "2024-05", "2024-05-01"),
    ],
)
def test_a_start_longer_than_a_period_is_refused(periods, start, told) -> None:
    """A year in a series of months: the model may have begun in any of them."""
    with pytest.raises(ParameterError, match=rf"longer than a period[\s\S]*start={json.dumps(told)}"):
        interrupted_series(series().assign(period=periods), Interruption("count", start=start))
    assert interrupted_series(series().assign(period=periods), Interruption("count", start=told))["value"].notna().all()


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


def change_at_start(t: np.ndarray) -> np.ndarray:
    return 3 + 0.5 * t + 4 * (t >= 0)


@pytest.mark.parametrize("change", ["both", "level"])
@pytest.mark.parametrize(
    ("family", "outcome", "reason"),
    [
        ("linear", lambda t: 5 + 0 * t, "no_variation"),
        ("linear", lambda t: 0.1 + 0.2 + 0 * t, "no_variation"),
        ("linear", lambda t: 3 + 0.5 * t, "exact_fit"),
        ("linear", change_at_start, "exact_fit"),
        ("quasipoisson", lambda t: 0 * t, "no_variation"),
        ("quasipoisson", lambda t: 5 + 0 * t, "no_variation"),
        ("quasipoisson", lambda t: 1.1 ** (t + 40), "exact_fit"),
        ("quasipoisson", lambda t: np.where(t < 0, 0, 20 + t % 7), "only_zeros"),
        ("quasipoisson", lambda t: np.where(t < 0, 20 + t % 7, 0), "only_zeros"),
        ("quasipoisson", lambda t: np.where(t < -1, 0, 20 + t % 7), "only_zeros"),
    ],
)
def test_a_series_without_variation_gives_no_number(family, outcome, reason, change) -> None:
    data = series().assign(y=lambda d: outcome(d["t"].to_numpy(dtype=float)))
    design = Interruption("y", start=0, period="t", family=family, change=change)
    if reason == "only_zeros" and change == "level" and data["y"].eq(0).sum() == 35:
        return  # with one level the one count before the start holds the ratio
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got, found = interrupted_series(data, design), series_findings(data, design)
    assert got[["value", "std_error", "lower", "upper"]].isna().all(axis=None) and (got["reason"] == reason).all()
    assert found.set_index("check").loc["series_variation", "verdict"] == "fail"
    for lang in ("vi", "en"):
        assert codebook.get("reason", reason).label(lang) in wording.describe_impact(got, found, lang)[0]


def test_zeros_before_the_start_leave_the_placebo_open() -> None:
    data = series().assign(y=lambda d: d["count"] * (d["t"] >= -1))
    found = series_findings(data, Interruption("y", start=0, period="t", change="level")).set_index("check")["verdict"]
    assert found["series_variation"] == "pass" and found["series_placebo"] == "unknown"


def test_only_zeros_is_where_the_likelihood_has_no_maximum() -> None:
    """Against the fit itself: without a maximum, some fitted mean goes on towards 0 for as long as it is iterated."""
    rng, reasons = np.random.default_rng(5), []
    for _ in range(40):
        t = np.arange(-8.0, 8)
        y = rng.poisson(rng.choice([0.1, 0.4, 3]), 16) * (rng.random() < 0.5 or t >= rng.integers(-8, 8))
        if not y.any():
            continue
        after = (t >= 0).astype(float)
        x = np.column_stack([np.ones(16), t, after, after * t])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = sm.GLM(y, x, family=sm.families.Poisson()).fit(maxiter=25, tol=0).fittedvalues
        data = pd.DataFrame({"t": t, "y": y})
        reason = interrupted_series(data, Interruption("y", start=0, period="t"))["reason"].iloc[0]
        assert (reason == "only_zeros") == (fitted.min() < 1e-6), (y, fitted.min())
        reasons.append(reason)
    assert 5 < reasons.count("only_zeros") < len(reasons) - 5


def test_a_place_that_never_varies_gives_no_comparison() -> None:
    both = pd.concat([series(), series(place="B", seed=2).assign(count=7)])
    got = interrupted_series(both, Interruption("count", start="2024-01", group="place", of="A"))
    assert (got["reason"] == "no_variation").all()


@pytest.mark.parametrize("family", ["linear", "quasipoisson"])
def test_a_copy_is_no_comparison(family) -> None:
    """What sets a place apart from its copy has no error at all, which would make any change look certain."""
    both = pd.concat([series(), series(place="B")])
    design = Interruption("count", start="2024-01", group="place", of="A", family=family)
    assert (interrupted_series(both, design)["reason"] == "exact_fit").all()
    assert series_findings(both, design).set_index("check").loc["series_variation", "verdict"] == "fail"


def test_counts_of_0_and_1_vary() -> None:
    """Witness: statsmodels, the model written out. Without its zeros such a series would be a straight line."""
    rng = np.random.default_rng(5)
    both = pd.concat([series(place=p).assign(count=rng.integers(0, 2, 60)) for p in "AB"])
    design = Interruption("count", start="2024-01", group="place", of="A", change="level")
    got = term(interrupted_series(both, design, errors="model"), "level")
    t, treated = both["t"].to_numpy(dtype=float), (both["place"] == "A").to_numpy(dtype=float)
    x = np.column_stack([np.ones(120), t, t >= 0])
    theirs = sm.GLM(both["count"], np.hstack([x, x * treated[:, None]]), family=sm.families.Poisson()).fit(scale="X2")
    assert got["value"] == pytest.approx(np.exp(theirs.params.iloc[5]), rel=1e-6)


def test_a_comparison_needs_as_many_periods_as_a_place() -> None:
    both = hit_together(1, 4)
    few = both[(both["place"] == "A") | both["t"].between(-3, 2)]
    found = series_findings(few, TOGETHER).set_index("check")
    assert found.loc["series_terms", ["verdict", "computed"]].tolist() == ["fail", "2"]
    assert (interrupted_series(few, TOGETHER)["reason"] == "not_estimable").all()


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


def test_placebo_start_sees_through_what_hits_both() -> None:
    both = hit_together(3, 0, common=20.0)
    assert series_findings(both, TOGETHER).set_index("check").loc["series_placebo", "verdict"] == "pass"
    both.loc[(both["place"] == "A") & both["t"].between(-13, -1), "y"] += 10
    assert series_findings(both, TOGETHER).set_index("check").loc["series_placebo", "verdict"] == "fail"


def test_autocorrelation_is_found() -> None:
    noise = np.convolve(np.random.default_rng(3).normal(0, 1, 80), np.ones(8), "same")[:60]
    data = series().assign(y=noise)
    found = series_findings(data, Interruption("y", start=0, period="t", family="linear")).set_index("check")
    assert found.loc["series_autocorrelation", "verdict"] == "review"


def test_a_change_at_one_place_is_never_told_as_an_effect() -> None:
    got = interrupted_series(series(ratio=1.5), Interruption("count", start=0, period="t", change="level", season=1))
    check(got, ESTIMATES)
    assert got.columns[:3].tolist() == ["outcome", "term", "indicator"] and set(got["outcome"]) == {"count"}
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
    with pytest.raises(DataError, match=r"bằng 0[\s\S]*row 8"):
        dossiers = data.assign(dossiers=np.where(data["t"] == -29, 0, 900))
        interrupted_series(dossiers, Interruption("count", start=0, period="t", exposure="dossiers"))
    for column in ("period", "place"):
        with pytest.raises(DataError, match="ô trống"):
            design = Interruption("count", start="2024-01", group="place", of="A")
            interrupted_series(data.assign(**{column: data[column].mask(data["t"] == 3)}), design)
    with pytest.raises(DataError, match="không cùng độ dài"):
        interrupted_series(data.replace({"period": {"2021-01": "2020"}}), Interruption("count", start="2024-01"))


@pytest.mark.parametrize("start", [36.5, np.nan, None, pd.NaT, "hôm nay", "36", "đến 2024-01"])
@pytest.mark.parametrize("period", ["number", "period"])
def test_a_start_that_is_no_period_is_refused(start, period) -> None:
    data = series().assign(number=range(60))
    with pytest.raises(ParameterError, match=r"start=[\s\S]*What to do"):
        interrupted_series(data, Interruption("count", start=start, period=period))


def test_periods_with_fractions_are_refused() -> None:
    with pytest.raises(DataError, match="số nguyên"):
        interrupted_series(series().assign(half=lambda d: d["t"] / 2), Interruption("count", start=0, period="half"))


@pytest.mark.parametrize("lags", [-1, 2.5, "3"])
def test_lags_are_whole_numbers(lags) -> None:
    with pytest.raises(ParameterError, match="lags"):
        interrupted_series(series(), Interruption("count", start=0, period="t"), lags=lags)


def test_lags_are_fewer_than_periods() -> None:
    design = Interruption("count", start=0, period="t")
    for lags in (60, 500):
        with pytest.raises(ParameterError, match=r"0 to 59[\s\S]*lags=3"):
            interrupted_series(series(), design, lags=lags)
    assert interrupted_series(series(), design, lags=59)["value"].notna().all()


@pytest.mark.parametrize("design", ["2024-01", None, {"outcome": "count"}])
def test_the_description_has_to_be_an_interruption(design) -> None:
    for call in (interrupted_series, series_findings):
        with pytest.raises(ParameterError, match=r"Interruption\("):
            call(series(), design)


@pytest.mark.parametrize(
    "wrong", [{"season": 1.5}, {"season": "a"}, {"cycle": None}, {"transition": "2"}, {"period": 3}, {"exposure": 1}]
)
def test_descriptions_of_the_wrong_kind_are_refused(wrong) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Interruption("count", start=0, **wrong)


@pytest.mark.parametrize("lag", [0, 1])
def test_what_residuals_keep_is_that_of_the_matrices(lag: int) -> None:
    """Witness: the matrices themselves, a row and a column for each period; periods are missing."""
    rng = np.random.default_rng(lag)
    t = np.sort(rng.choice(90, 40, replace=False)).astype(float)
    design = np.column_stack([np.ones(40), t, rng.normal(size=(40, 2))])
    makes = np.eye(40) - design @ np.linalg.pinv(design)
    distance = np.abs(t[:, None] - t).astype(int)
    kept = makes @ (distance == lag) @ makes
    slow = [kept[distance == d].sum() for d in range(distance.max() + 1)]
    assert _kept(t, design, lag) == pytest.approx(slow, abs=1e-9)
