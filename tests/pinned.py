"""What the statistics give today, on data from elsewhere, in provinces of known truth, and on the examples.

Only public functions of `dvresearch.metrics` are called, so that everything behind them may be rewritten. All data made
here is SYNTHETIC; of the data from elsewhere nothing is kept but what our own functions make of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dvresearch import examples, loaders, metrics
from dvresearch.metrics import Design, Identity, Interruption

#: The name of a table in its case, and the table.
Named = tuple[str, pd.DataFrame]

SEED = 3
FIVE = [1, 2, 3, 4, 5]
#: The column that holds numbers of single precision.
FACTOR = "factor"
#: Checks of an effect without those that fit it again and again.
BRIEF: dict[str, Any] = {"top": 0, "honest": (), "draws": 0}


def summary(values: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Return what many numbers come to, column by column: of a column of words how often each occurs."""
    frame = values.to_frame("value") if isinstance(values, pd.Series) else values
    rows: dict[str, dict[str, float]] = {}
    for name, column in frame.items():
        if pd.api.types.is_numeric_dtype(column):
            x = column.to_numpy(dtype=np.float64, na_value=np.nan)
            known = x[~np.isnan(x)]
            places = np.arange(1, len(x) + 1)[~np.isnan(x)]
            sums = {"rows": float(len(known)), "sum": known.sum(), "squares": known @ known, "placed": known @ places}
            rows[str(name)] = sums | ({"smallest": known.min(), "largest": known.max()} if len(known) else {})
        else:
            counts = column.astype("str").value_counts(dropna=True).sort_index()
            rows[str(name)] = {str(word): float(n) for word, n in counts.items()}
    found = [(name, what, x) for name, of in rows.items() for what, x in of.items()]
    return pd.DataFrame(found, columns=["of", "what", "value"])


def bands(name: str, table: pd.DataFrame) -> Iterator[Named]:
    """Yield the estimates of an impact, and of its simultaneous bands the factor of the standard errors.

    The factor is a quantile of draws in single precision: seven digits at most, fewer in a limit near 0.
    """
    wide = table["band"] == "simultaneous"
    yield name, table[~wide]
    factor = (table["upper"] - table["value"]) / table["std_error"]
    groups = [c for c in ("part", "effect") if c in table]
    yield f"{name} bands", table[groups].assign(**{FACTOR: factor})[wide].groupby(groups, as_index=False).max()


# --- data from elsewhere: a function for each case, named like its folder ---------------------------------------------


def read(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    return pd.read_csv(folder / "data.csv"), expected(folder)


def expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def agreement_fleiss_shrout(folder: Path) -> Iterator[Named]:
    codes, stated = read(folder)
    for measure in ("fleiss", "randolph"):
        yield measure, metrics.agreement(codes, coders=list(codes), measure=measure)
    table = stated["cohen_sas"]["table"]
    pairs = pd.DataFrame(
        [(i, j) for i, row in enumerate(table) for j, c in enumerate(row) for _ in range(c)], columns=["a", "b"]
    )
    for measure in ("cohen", "cohen_linear", "cohen_quadratic"):
        yield measure, metrics.agreement(pairs, coders=["a", "b"], measure=measure, categories=[0, 1, 2])
    ratings = pd.DataFrame(stated["shrout_fleiss_1979"]["ratings"])
    for form in ("single_random", "single_two_way", "single_fixed", "mean_random", "mean_two_way", "mean_fixed"):
        yield f"intraclass {form}", metrics.intraclass(ratings, coders=list(ratings), form=form)


def comments(folder: Path) -> Iterator[Named]:
    train, test = (pd.read_csv(folder / f"uit_vsfc_{part}.csv").head(400) for part in ("train", "dev"))
    yield "sentiment", metrics.comment_quality(train, text="text", label="sentiment", test=test)


def did_bacon_math_reform(folder: Path) -> Iterator[Named]:
    names = {"outcome": "incearn_ln", "unit": "state", "period": "class", "adopted": "reformyr_math"}
    yield "two_way_fixed_effects", metrics.two_way_fixed_effects(read(folder)[0], **names)


def did_mpdta(folder: Path) -> Iterator[Named]:
    names = {"outcome": "lemp", "unit": "countyreal", "period": "year", "adopted": "first.treat"}
    data, _ = read(folder)
    yield from bands("impact", metrics.impact(data, draws=99, **names))
    yield "feasibility", metrics.feasibility(data, **names)
    yield "cross_check", metrics.impact_cross_check(data, **names)
    fitted = metrics.fit_impact(data, base="universal", **names)
    yield "checks", metrics.impact_checks(fitted, **BRIEF)
    yield "honest", metrics.honest_effects(fitted, m=[1.0])


def did_sim_const(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    names = {"outcome": "Y", "unit": "id", "adopted": "G", "covariates": ["X"], "draws": 19}
    for control in ("never", "not_yet"):
        for adjustment in ("doubly_robust", "regression"):
            table = metrics.impact(data, control=control, adjustment=adjustment, **names)
            yield from bands(f"impact {control} {adjustment}", table)


def did_sunab_base_stagg(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    data["adopted"] = data["year_treated"].where(data["year_treated"] < 10000)
    yield "cross_check", metrics.impact_cross_check(data, outcome="y", unit="id", period="year", covariates=["x1"])


def funnel_phe_proportion(folder: Path) -> Iterator[Named]:
    areas, stated = read(folder)
    shares = metrics.proportion(areas, numerator="numerator", denominator="denominator", by="Area", basis="census")
    for limits, dispersion in (("normal", "none"), ("exact", "additive"), ("exact", "multiplicative")):
        found = metrics.funnel(shares, limits=limits, dispersion=dispersion)
        yield f"funnel {limits} {dispersion}", summary(found.loc[:, "target":])
    sizes = np.array([row["Population"] for row in stated["limits"]], dtype=float)
    yield "limits", summary(metrics.funnel_limits(sizes, found["target"].iloc[0], limits="normal"))


def its_sicily(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    for season in (0, 2):
        design = Interruption("aces", start=37, period="time", exposure="stdpop", change="level", season=season)
        for errors in ("model", "newey_west"):
            yield f"series {season} {errors}", metrics.interrupted_series(data, design, errors=errors)
        yield f"findings {season}", metrics.series_findings(data, design)


def multiple_testing(folder: Path) -> Iterator[Named]:
    """A row for each p-value: an outcome as far from 0 as its p says, with a normal interval."""
    from scipy.special import ndtri

    p = np.array([row[0] for row in expected(folder)["expected"]], dtype=float)
    z = -ndtri(p / 2)
    rows = {"indicator": [f"outcome {i}" for i in range(len(z))], "value": z, "std_error": 1.0, "confidence": 0.95}
    rows |= {"lower": z + ndtri(0.025), "upper": z + ndtri(0.975), "numerator": np.nan, "denominator": np.nan}
    rows |= {"n": np.nan, "definition": "", "basis": "unknown", "method": "", "flags": "", "reason": ""}
    yield "several_outcomes", metrics.several_outcomes(pd.DataFrame(rows))


def ordinal_wine(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    options = {"outcome": "rating", "items": [], "controls": ["temp", "contact"], "scale": FIVE}
    yield "drivers model", metrics.drivers(data, errors="model", **options)
    yield "drivers design", metrics.drivers(data, design=Design(clusters="judge"), **options)


def prop_diff_newcombe(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    long = pd.DataFrame(
        {
            "row": np.repeat(np.arange(len(data)), 2),
            "side": ["one", "two"] * len(data),
            "x": data[["x1", "x2"]].to_numpy().ravel(),
            "n": data[["n1", "n2"]].to_numpy().ravel(),
        }
    )
    shares = metrics.proportion(long, numerator="x", denominator="n", by=["row", "side"])
    for method in ("newcombe", "miettinen_nurminen"):
        found = metrics.difference(shares, column="side", of="one", against="two", method=method)
        yield method, summary(found[["lower", "upper"]])


def prop_phe_wilson(folder: Path) -> Iterator[Named]:
    rows = pd.DataFrame(expected(folder)["expected"]).rename_axis("row").reset_index()
    for confidence in (0.95, 0.998):
        found = metrics.proportion(
            rows, numerator="Numerator", denominator="Denominator", by="row", confidence=confidence
        )
        yield f"proportion {confidence}", summary(found[["lower", "upper", "reason", "flags"]])


def prop_single_R(folder: Path) -> Iterator[Named]:
    stated = expected(folder)
    for level, confidence in (("level_95", 0.95), ("level_99", 0.99)):
        rows = pd.DataFrame(stated[level]).rename_axis("row").reset_index()
        for method in ("wilson", "clopper_pearson", "agresti_coull", "jeffreys"):
            found = metrics.proportion(
                rows, numerator="x", denominator="n", by="row", method=method, confidence=confidence
            )
            yield f"{method} {confidence}", summary(found[["std_error", "lower", "upper", "flags"]])


def records(folder: Path) -> Iterator[Named]:
    cases, stated = pd.read_csv(folder / "receipt_cases.csv"), expected(folder)
    times = {"received": "case:startdate", "due": "case:deadline", "resolved": "case:enddate"}
    local = {
        name: pd.to_datetime(cases[column], utc=True, format="ISO8601").dt.tz_convert("Europe/Amsterdam")
        for name, column in times.items()
    }
    dossiers = pd.DataFrame({"unit": cases["case:department"], "channel": cases["case:channel"], **local})
    for clock in ("instant", "date"):
        counts = metrics.tally(dossiers, "channel", as_of=stated["as_of"], clock=clock)
        yield f"tally {clock}", counts
        yield f"resolution_rate {clock}", metrics.resolution_rate(counts, definition="all")


def reliability_bfi_AN(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    factors = {"A": ["A1", "A2", "A3", "A4", "A5"], "N": ["N1", "N2", "N3", "N4", "N5"]}
    options = {"factors": factors, "scale": range(1, 7)}
    both = [*factors["A"], *factors["N"]]
    for missing in ("pairwise", "listwise"):
        for interval in ("feldt", "duhachek"):
            table = metrics.reliability(data, missing=missing, interval=interval, **options)
            yield f"reliability {missing} {interval}", table
        yield f"items {missing}", metrics.item_statistics(data, missing=missing, **options)
    for rotation in ("varimax", "oblimin", "none"):
        table = metrics.factor_loadings(data, items=both, factors=2, rotation=rotation, scale=range(1, 7))
        yield f"loadings {rotation}", table


def rollout_panel(folder: Path) -> Iterator[Named]:
    """Of every fortieth officer and every sixth month; all of them take seconds."""
    data = pd.read_csv(folder / "chicago_police_training.csv")
    data = data[(data["uid"] % 40 == 0) & (data["period"] % 6 == 0)]
    data["adopted"] = (data["first_trained"] // 6 * 6).where(data["first_trained"] >= 6)
    table = metrics.impact(data, outcome="complaints", unit="uid", control="not_yet", draws=19)
    yield from bands("impact", table[table["effect"] != "group_time"])


def survey_apisrs(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    yield from schools(data, Design(weights="pw", fpc="fpc"))


def survey_apistrat(folder: Path) -> Iterator[Named]:
    data, stated = read(folder)
    design = Design(strata="stype", weights="pw", fpc="fpc")
    yield from schools(data, design)
    yield "without fpc", metrics.survey_mean(data, values="api00", design=Design(strata="stype", weights="pw"))
    options = {"items": ["api00"], "by": "comp.imp", "score": "mean100", "scale": range(300, 1001), "design": design}
    estimates = metrics.satisfaction(data, interval="wald", degrees="design", **options)
    covariances = metrics.satisfaction_covariance(data, column="comp.imp", **options)
    yield "satisfaction", estimates
    yield "satisfaction_covariance", covariances
    for method in ("wald", "mover"):
        sides = {"column": "comp.imp", "of": "Yes", "against": "No", "method": method}
        yield f"survey_difference {method}", metrics.survey_difference(estimates, covariances, **sides)
    data["yes"] = (data["sch.wide"] == "Yes") * 1
    answers = {"responded": "yes", "predictors": ["ell", "meals", "mobility"], "design": design}
    weights = metrics.response_weights(data, **answers)
    yield "response_weights", summary(weights)
    yield "response_overlap", metrics.response_overlap(data, weights, responded="yes")
    given = stated["raked_schwide"]["margins"]
    margins = {column: {row[column]: row["Freq"] for row in rows} for column, rows in given.items()}
    data["raked"] = metrics.calibrate(data, margins=margins, design=Design(weights="pw"))
    yield "calibrate", summary(data["raked"])
    raked = Design(strata="stype", weights="raked", fpc="fpc", margins=list(margins))
    yield "raked mean", metrics.survey_mean(data, values="api00", design=raked, degrees="normal")


def schools(data: pd.DataFrame, design: Design) -> Iterator[Named]:
    shares = data.assign(**{c: (data[c] == "Yes").astype(float) for c in ("awards", "sch.wide")})
    for degrees, by in (("domain", ["stype"]), ("design", []), ("normal", ["comp.imp"])):
        table = metrics.survey_mean(shares, values="api00", by=by, design=design, degrees=degrees)
        yield f"mean {degrees}", table
    yield "shares", metrics.survey_mean(shares, values=["awards", "sch.wide"], design=design, interval="logit")
    controls = ["ell", "meals", "mobility"]
    options = {"outcome": "sch.wide", "items": [], "controls": controls, "scale": ["No", "Yes"]}
    yield "drivers", metrics.drivers(data, design=design, **options)


def survey_nhanes(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    design = Design(strata="SDMVSTRA", clusters="SDMVPSU", weights="WTMEC2YR")
    for by in ([], ["race"], ["agecat"]):
        for interval in ("wald", "logit"):
            table = metrics.survey_mean(data, values="HI_CHOL", by=by, design=design, interval=interval)
            yield f"mean {interval} {' '.join(by)}".strip(), table


def survey_micro(folder: Path) -> Iterator[Named]:
    table = pd.read_csv(folder / "kcmo_resident_survey_fy2022.csv")
    items = list(expected(folder)["kcmo_resident_survey_fy2022"]["pct_satisfied_4_5_excluding_9"]["1QSEP2021"])[:6]
    for score in ("top2", "mean100"):
        options = {"items": items, "by": "quarte", "scale": FIVE, "no_answer": [9]}
        yield f"satisfaction {score}", metrics.satisfaction(table, score=score, **options)
    stated = expected(folder)["afrobarometer_tunisia_r8_2020"]
    people = pd.read_csv(folder / "afrobarometer_tunisia_r8_2020.csv")
    yield "weight_cost", metrics.weight_cost(people, weights=list(stated["kish_deff"]))
    weight = stated["estimates"][0]["weight"]
    question = people[stated["estimates"][0]["question"]]
    marked = people.assign(first=(question == question.mode()[0]).astype(float))
    for strata in ([], ["REGION", "URBRUR"]):
        found = metrics.survey_mean(marked, values="first", design=Design(strata=strata, weights=weight))
        yield f"mean {' '.join(strata)}".strip(), found


def survival_aml(folder: Path) -> Iterator[Named]:
    data, _ = read(folder)
    start = pd.Timestamp(2020, 1, 1)
    stop = start + pd.to_timedelta(data["time"], "D")
    frame = pd.DataFrame({"unit": "A", "group": data["x"], "start": start, "stop": stop})
    frame["stop_reason"] = np.where(data["status"] == 1, "no_people", "completed")
    options = {"as_of": "2021-01-01", "by": "group", "stop_reasons": ["no_people"]}
    yield "running_share", metrics.running_share(frame, **options).drop(columns="n")


OUTSIDE: dict[str, Callable[[Path], Iterator[Named]]] = {
    case.__name__: case
    for case in (
        agreement_fleiss_shrout,
        comments,
        did_bacon_math_reform,
        did_mpdta,
        did_sim_const,
        did_sunab_base_stagg,
        funnel_phe_proportion,
        its_sicily,
        multiple_testing,
        ordinal_wine,
        prop_diff_newcombe,
        prop_phe_wilson,
        prop_single_R,
        records,
        reliability_bfi_AN,
        rollout_panel,
        survey_apisrs,
        survey_apistrat,
        survey_micro,
        survey_nhanes,
        survival_aml,
    )
}


# --- provinces of known truth -----------------------------------------------------------------------------------------

#: Kind of province (those of benchmarks/impact_coverage.py) -> how it is made.
PROVINCES: dict[str, dict[str, Any]] = {
    "no effect": {"effect": 0.0},
    "constant": {},
    "growing": {"dynamics": "growing"},
    "fading": {"dynamics": "fading"},
    "few places": {"units": 20, "cohorts": 2},
    "high level": {"selection": "level"},
    "covariate": {"selection": "covariate"},
    "spillover": {"spillover": 2.0},
    "trend, no effect": {"effect": 0.0, "selection": "trend"},
    "good year, no effect": {"effect": 0.0, "selection": "good_year"},
}
SCORE = {"outcome": "synthetic_score"}


def known_truth(made: dict[str, Any]) -> Iterator[Named]:
    """Everything that is said of a model in one synthetic province."""
    panel, truth = examples.rollout(**{"units": 40, "periods": 5, "cohorts": 2, "seed": SEED} | made)
    yield "truth", truth.astype({"cohort": "str", "period": "str"})
    yield "feasibility", metrics.feasibility(panel, worthwhile=3.0, **SCORE)
    found = metrics.impact(panel, draws=49, **SCORE)
    yield from bands("impact", found)
    fitted = metrics.fit_impact(panel, base="universal", **SCORE)
    yield "checks", metrics.impact_checks(fitted, near="district", **BRIEF)
    yield "honest", metrics.honest_effects(fitted, m=[0.0, 1.0])
    yield "cross_check", metrics.impact_cross_check(panel, **SCORE)
    long, _ = examples.rollout(**{"units": 20, "periods": 24, "seed": SEED} | made | {"cohorts": 1})
    has = long["adopted"].notna()
    yearly = long.assign(place=np.where(has, "with", "without")).groupby(["place", "period"], as_index=False)
    yearly = yearly["synthetic_score"].mean()
    design = Interruption(**SCORE, start=int(long["adopted"].max()), family="linear", group="place", of="with")
    series = metrics.interrupted_series(yearly, design)
    yield "series", series
    yield "series_findings", metrics.series_findings(yearly, design)
    several = [t.assign(series=name) for name, t in (("panel", found), ("series", series))]
    yield "several", metrics.several_outcomes(pd.concat([t[["series", *t.columns[:-1]]] for t in several]))


def ways_to_estimate() -> Iterator[Named]:
    """The options of an impact, each in the province in which communes that improve anyway take the model up."""
    panel, _ = examples.rollout(units=40, periods=5, cohorts=2, selection="covariate", seed=SEED)
    number = panel.groupby("unit", sort=False).ngroup()
    panel = panel.assign(size=1.0 + number % 4, part=np.where(number % 3 == 0, "a", "b"))
    ways: dict[str, dict[str, Any]] = {
        "doubly robust, clusters": {"covariates": ["urban"], "cluster": "district"},
        "regression, weights": {"covariates": ["urban"], "adjustment": "regression", "weights": "size"},
        "not yet, anticipation": {"control": "not_yet", "anticipation": 1},
        "parts": {"by": "part"},
        "cross sections": {"sampling": "cross_sections"},
    }
    for name, way in ways.items():
        yield from bands(name, metrics.impact(panel, draws=19, confidence=0.9, **SCORE, **way))
    yield "cross_check", metrics.impact_cross_check(panel, covariates=["urban"], cluster="district", **SCORE)
    yield "two_way", metrics.two_way_fixed_effects(panel, **SCORE)
    short, _ = examples.rollout(units=24, periods=4, cohorts=1, seed=SEED)
    fitted = metrics.fit_impact(short, base="universal", **SCORE)
    honest: tuple[Any, ...] = ("relative_magnitude",)
    yield "checks", metrics.impact_checks(fitted, near="district", top=3, honest=honest, draws=19)
    yield "honest smoothness", metrics.honest_effects(fitted, restriction="smoothness", m=[0.5])


def interruptions() -> Iterator[Named]:
    """Five years of monthly counts with a change at the start of the fourth, beside a place without one."""
    rng, t = np.random.default_rng(SEED), np.arange(-36, 24)
    months = pd.period_range("2021-01", periods=len(t), freq="M").astype(str)
    both = []
    for place, ratio in (("A", 1.2), ("B", 1.0)):
        mean = np.exp(5 + 0.004 * t + 0.1 * np.sin(2 * np.pi * t / 12) + np.log(ratio) * (t >= 0))
        rows = {"period": months, "count": rng.poisson(mean), "place": place, "people": 1000.0 + t}
        both.append(pd.DataFrame(rows))
    table = pd.concat(both, ignore_index=True)
    designs = {
        "alone": (both[0], {"season": 1, "exposure": "people"}),
        "compared": (table, {"season": 2, "group": "place", "of": "A"}),
        "level": (both[0], {"change": "level", "transition": 2}),
        "slope": (both[0], {"change": "slope", "family": "linear"}),
    }
    for name, (data, options) in designs.items():
        design = Interruption("count", start="2024-01", **options)
        yield name, metrics.interrupted_series(data, design)
        yield f"{name} two lags", metrics.interrupted_series(data, design, lags=2)
        yield f"{name} findings", metrics.series_findings(data, design)


def truth_cases() -> Iterator[tuple[str, Iterator[Named]]]:
    yield from ((name, known_truth(made)) for name, made in PROVINCES.items())
    yield "ways to estimate", ways_to_estimate()
    yield "interruptions", interruptions()


# --- the examples, and small tables -----------------------------------------------------------------------------------


def commune() -> Iterator[Named]:
    """The dossiers of the example of one commune."""
    frame = examples.commune_year(seed=0)
    yield from dossiers(frame, "2025-12-31")


def dossiers(frame: pd.DataFrame, as_of: str) -> Iterator[Named]:
    for clock, supplement in (("instant", "subtract"), ("date", "subtract"), ("date", "q766"), ("date", "ignore")):
        yield f"tally {clock} {supplement}", metrics.tally(frame, as_of=as_of, clock=clock, supplement=supplement)
    for period in ("month", "quarter", "half-year"):
        yield f"tally {period}", metrics.tally(frame, as_of=as_of, period=period)
    counts = metrics.tally(frame, ["unit", "field"], as_of=as_of)
    yield "tally field", counts
    yield "tally duty", metrics.tally(frame, as_of=as_of, financial_duty="paused", halted="ends")
    for definition in ("resolved", "due", "workload", "q766"):
        yield f"resolution_rate {definition}", metrics.resolution_rate(counts, definition=definition)
    for method in ("clopper_pearson", "agresti_coull", "jeffreys"):
        yield f"resolution_rate {method}", metrics.resolution_rate(counts, definition="due", method=method)
    yield "resolution_rate field", metrics.resolution_rate(counts, by="field", definition="all")
    yield "check_tally", metrics.check_tally(counts)
    spoilt = counts.assign(resolved=counts["resolved"] + 1)
    yield "check_tally spoilt", metrics.check_tally(spoilt)
    compared = {"on": ["unit", "field"], "columns": ["received", "resolved"]}
    yield "compare_counts", metrics.compare_counts(spoilt, counts, **compared)


def units_of_a_province() -> Iterator[Named]:
    """Dossiers, cases and models of eight communes, compared with each other and with the year before."""
    units = examples.communes(8, seed=SEED)
    years = {}
    for year in (2024, 2025):
        frame, _ = examples.dossiers(
            1200, units, seed=year, first=f"{year}-01-01", last=f"{year}-12-31", as_of=f"{year}-12-31"
        )
        years[year] = metrics.tally(frame, as_of=f"{year}-12-31")
    counts = years[2025]
    rates = metrics.resolution_rate(counts, by="unit", definition="resolved")
    yield "resolution_rate", rates
    total = counts.assign(total=counts["workload"])
    for total_is in ("workload", "resolved", "due", "unnamed"):
        table = metrics.resolution_rate(
            total[["unit", "total", "resolved_within"]], by="unit", definition="all", total_is=total_is
        )
        yield f"resolution_rate total {total_is}", table
    for limits in ("exact", "normal"):
        for dispersion in ("additive", "multiplicative", "none"):
            table = metrics.funnel(rates, limits=limits, dispersion=dispersion, winsorise=0.2)
            yield f"funnel {limits} {dispersion}", table.loc[:, ["unit", "indicator", *table.loc[:, "target":]]]
    yield "funnel target", metrics.funnel(rates, target=0.95)
    yield "funnel_curve", metrics.funnel_curve(table, points=9)
    yield "ranks", metrics.ranks(rates.assign(basis="sample"))
    for weights in ("counts", "equal"):
        yield f"average {weights}", metrics.average(rates, weights=weights)
    both = pd.concat(t.assign(year=y) for y, t in years.items())
    of_years = metrics.proportion(both, numerator="resolved_late", denominator="resolved", by=["unit", "year"])
    for method in ("newcombe", "miettinen_nurminen"):
        yield f"difference {method}", metrics.difference(of_years, column="year", of=2025, against=2024, method=method)
    people = counts.merge(units[["unit", "population"]], on="unit")
    for method in ("byar", "exact_poisson"):
        sizes = {"numerator": "resolved_late", "population": "population", "by": "unit"}
        yield f"rate {method}", metrics.rate(people, method=method, overall="append", **sizes)
    yield "coverage", metrics.coverage(people, numerator="resolved_within", denominator="resolved", by="unit")
    models, _ = examples.models(60, units, seed=SEED, year=2023)
    for base in ("previous", "first"):
        yield f"stages {base}", metrics.stages(models, base=base)
    yield "running_share", metrics.running_share(models, as_of="2025-06-30")
    outcomes = pd.concat(
        metrics.resolution_rate(t, by="unit", definition="resolved").assign(period=str(y)) for y, t in years.items()
    )
    register = models.drop_duplicates("unit").head(4)
    panel = metrics.build_panel(register, outcomes)
    yield "build_panel", panel.astype({"period": "str", "adopted": "str"})


def registers_of_a_province() -> Iterator[Named]:
    """Cases, petitions, plan targets and self-assessments of six communes."""
    units = examples.communes(6, seed=SEED)
    cases, _ = examples.cases(400, units, seed=SEED)
    yield "case_counts", metrics.case_counts(cases)
    yield "case_shares", metrics.case_shares(cases)
    yield "receptions", metrics.receptions(cases)
    for definition in ("resolved", "due", "workload", "q766"):
        table = metrics.cases_in_time(cases, by=(), as_of="2025-12-31", definition=definition)
        yield f"cases_in_time {definition}", table
    yield "cases_in_time date", metrics.cases_in_time(cases, by=(), as_of="2025-12-31", clock="date")
    yield "cases_in_time quarter", metrics.cases_in_time(cases, as_of="2025-12-31", period="quarter")
    petitions = pd.DataFrame(
        {"unit": ["A", "B"], "4": [200, 50], "5": [150, 30], "6": [10, 5], "25": [120, 30], "26": [40, 0]}
    )
    yield "petition_results", metrics.petition_results(petitions, overall="append")
    targets, _ = examples.targets(units, seed=SEED)
    low = ["Số hộ nghèo", "Số vụ việc khiếu nại đông người"]
    yield "attainment", metrics.attainment(targets, lower_is_better=low)
    yield "attainment_shares", metrics.attainment_shares(targets, lower_is_better=low)
    yield "attainment_shares unit", metrics.attainment_shares(targets, by="unit", lower_is_better=low)
    rubric, _ = examples.rubric(units, seed=SEED)
    yield "appraisal", metrics.appraisal(rubric, overall="append")
    yield "zero_denominators", metrics.zero_denominators(rubric)
    yield "zero_denominators unit", metrics.zero_denominators(rubric, by="unit")


def citizens() -> Iterator[Named]:
    """Answers of the synthetic province to the questionnaire of the one-stop desk."""
    asked = loaders.questionnaire("one-stop").scales
    items = [*asked][1:5]
    drives = {"overall": dict(zip(items, (1.0, 0.5, 0.0, 0.0), strict=True))}
    people, truth = examples.province(asked, outcome="overall", drives=drives["overall"], each=10, seed=SEED)
    yield "truth", truth
    design = Design(strata="stratum", clusters="unit", weights="weight", fpc=["communes", "residents"])
    simple = Design(strata="stratum", clusters="unit", weights="weight")
    predictors = {"responded": "responded", "predictors": ["age", "stratum"], "design": simple}
    weights = metrics.response_weights(people, **predictors)
    yield "response_weights", summary(weights)
    yield "response_weights cut", summary(metrics.response_weights(people, largest=2.0, **predictors))
    yield "response_overlap", metrics.response_overlap(people, weights, responded="responded")
    answers = people[people["responded"] == 1].reset_index(drop=True)
    sizes = {"18-34": 20_000.0, "35-54": 22_000.0, "55+": 14_000.0}
    margins: dict[Any, Any] = {"age": sizes}
    answers["raked"] = metrics.calibrate(answers, margins=margins, design=simple)
    yield "calibrate", summary(answers["raked"])
    bounded = metrics.calibrate(answers, margins=margins, design=simple, largest=3.0)
    yield "calibrate bounded", summary(bounded)
    yield "weight_cost", metrics.weight_cost(answers, weights=["weight", "raked"], by="stratum")
    factors = {"first": [*asked][:4], "second": [*asked][4:8]}
    scale = {"scale": asked, "design": design}
    for score in ("top2", "top1", "mean100", "net"):
        yield f"satisfaction {score}", metrics.satisfaction(answers, factors=factors, score=score, **scale)
    raked = Design(strata="stratum", clusters="unit", weights="raked", margins=["age"])
    options: dict[str, Any] = {"items": items, "by": "stratum", "scale": asked, "design": raked}
    estimates = metrics.satisfaction(answers, **options)
    covariances = metrics.satisfaction_covariance(answers, column="stratum", **options)
    yield "satisfaction raked", estimates
    yield "satisfaction_covariance", covariances
    for method in ("mover", "wald"):
        sides = {"column": "stratum", "of": "Đô thị", "against": "Miền núi", "method": method}
        yield f"survey_difference {method}", metrics.survey_difference(estimates, covariances, **sides)
    asks: dict[str, Any] = {"outcome": "overall", "items": items, "controls": ["age"], "scale": asked}
    yield "drivers", metrics.drivers(answers, design=simple, **asks)
    yield "drivers model", metrics.drivers(answers, errors="model", **asks)
    yield "driver_importance", metrics.driver_importance(answers, design=simple, folds=3, repeats=1, shuffles=2, **asks)
    for interval in ("feldt", "duhachek"):
        yield f"reliability {interval}", metrics.reliability(answers, factors=factors, scale=asked, interval=interval)
    yield "reliability stratum", metrics.reliability(answers, items=items, by="stratum", scale=asked)
    yield "item_statistics", metrics.item_statistics(answers, factors=factors, scale=asked)
    for rotation in ("varimax", "oblimin", "none"):
        table = metrics.factor_loadings(answers, items=[*asked], factors=2, rotation=rotation, scale=asked)
        yield f"factor_loadings {rotation}", table
    yield "answer_shares", metrics.answer_shares(answers, asked, by="stratum", basis="sample")


def slips_and_comments() -> Iterator[Named]:
    """Slips handed out at the desk, and what was written on them."""
    units = examples.communes(6, seed=SEED)
    slips, _ = examples.responses(300, units, seed=SEED)
    five = {f"q{i}": "hai_long_5" for i in range(1, 6)}
    yield "answer_shares", metrics.answer_shares(slips, five, by="unit", basis="volunteers")
    yield "answer_shares first", metrics.answer_shares(slips, five | {"q6": "co_khong"}, top=1, reverse=["q6"])
    yield "satisfaction", metrics.satisfaction(slips, items=["q1", "q2"], by="mode", basis="volunteers")
    written = examples.comments(400, examples.communes(20, seed=SEED), seed=SEED)
    texts = {"text": "comment", "label": "tone", "unit": "unit"}
    yield "comment_shares", metrics.comment_shares(written, folds=3, **texts)
    yield "comment_quality", metrics.comment_quality(written, folds=3, abstain=0.5, **texts)
    yield "comment_learning", metrics.comment_learning(written, folds=2, steps=(0.5, 1.0), **texts)
    yield "comment_words", metrics.comment_words(written, top=5, **texts)


def small_tables() -> Iterator[Named]:
    """Counts, ratings and a survey small enough to be worked out by hand."""
    counts = pd.DataFrame(
        {"unit": [*"ABCDEF"], "x": [81, 15, 0, 1, 20, 40], "n": [263, 148, 20, 29, 20, 40], "served": 300}
    )
    shares = {"numerator": "x", "denominator": "n", "by": "unit"}
    for method in ("wilson", "clopper_pearson", "agresti_coull", "jeffreys"):
        for confidence in (0.95, 0.998):
            options = {"method": method, "confidence": confidence, "overall": "append", "ceiling": 0.95}
            yield f"proportion {method} {confidence}", metrics.proportion(counts, **shares, **options)
    for method in ("byar", "exact_poisson"):
        table = metrics.rate(counts, numerator="x", population="served", by="unit", method=method, per=1000)
        yield f"rate {method}", table
    estimates = metrics.proportion(counts, **shares)
    for method in ("newcombe", "miettinen_nurminen"):
        table = metrics.difference(estimates, column="unit", of="A", against="B", method=method)
        yield f"difference {method}", table
    for limits in ("exact", "normal"):
        yield f"funnel_limits {limits}", metrics.funnel_limits(np.array([5.0, 40, 700]), 0.87, limits=limits)
    bounds = {"numerator": "x", "answered": "n", "served": "served", "by": "unit"}
    yield "selection_bounds", metrics.selection_bounds(counts, odds_ratios=[1.5, 3.0], **bounds)
    yield "sample_size", metrics.sample_size([150, 4000, 1e6], margin=0.04, share=0.3, deff=1.6, response=0.7)
    yield "sample_size alone", metrics.sample_size(12_000)
    rng = np.random.default_rng(SEED)
    seen = rng.integers(1, 4, 40)
    codes = pd.DataFrame({c: np.where(rng.random(40) < 0.7, seen, rng.integers(1, 4, 40)) for c in "abc"})
    for measure in ("cohen", "cohen_linear", "cohen_quadratic"):
        yield f"agreement {measure}", metrics.agreement(codes, coders=["a", "b"], measure=measure)
    for measure in ("fleiss", "randolph"):
        yield f"agreement {measure}", metrics.agreement(codes, coders=[*"abc"], measure=measure, confidence=0.9)
    for form in ("single_random", "single_two_way", "single_fixed", "mean_random", "mean_two_way", "mean_fixed"):
        yield f"intraclass {form}", metrics.intraclass(codes, coders=[*"abc"], form=form)
    survey = pd.DataFrame(
        {
            "stratum": np.repeat([*"uvw"], [16, 12, 2]),
            "cluster": np.repeat(np.arange(15), 2),
            "weight": rng.lognormal(0, 0.5, 30),
            "group": rng.choice(["x", "y"], 30),
            "y": rng.normal(50, 10, 30),
            "yes": rng.integers(0, 2, 30).astype(float),
        }
    )
    for lonely in ("adjust", "average", "certainty"):
        design = Design(strata="stratum", clusters="cluster", weights="weight", lonely=lonely)
        yield f"survey_mean {lonely}", metrics.survey_mean(survey, values=["y", "yes"], by="group", design=design)
    yield "survey_mean logit", metrics.survey_mean(survey, values="yes", design=design, interval="logit")
    yield "survey_mean plain", metrics.survey_mean(survey, values="y", basis="volunteers")
    table = pd.DataFrame({"place": [*"AB"], "total": [10.0, 12], "one": [4.0, 5], "two": [6.0, 6]})
    identity = Identity("resolved_parts", "total", ("one", "two"))
    yield "check_identities", metrics.check_identities(table, [identity], label=["place"])


def published() -> Iterator[Named]:
    """The figures that the package ships, checked and compared."""
    figures = loaders.load_figures()
    yield "breaks", summary(metrics.breaks(figures)[["segment", "break_code", "flags"]])
    sipas = figures[(figures["indicator"] == "sipas") & (figures["unit"] == "Việt Nam")]
    yield "breaks sipas", metrics.breaks(sipas)[["period", "value", "segment", "break_code", "flags"]]
    yield "change", metrics.change(sipas, start="2022", end="2024")
    yield "change bridged", metrics.change(sipas, start="2017", end="2024", bridge="as a trial")
    yield "check_shares", metrics.check_shares(figures)
    yield "check_parts", metrics.check_parts(figures)
    satisfied = figures[figures["indicator"].isin(["sipas", "raters_satisfied_share", "feedback_satisfied_share"])]
    found = metrics.published_satisfaction(satisfied)
    yield "published_satisfaction", summary(found[["value", "lower", "upper", "n", "flags", "reason"]])
    tallies = loaders.load_tallies()
    yield "check_tally", metrics.check_tally(tallies)
    rates = metrics.resolution_rate(tallies, by=["unit", "period", "group"], definition="all").dropna(subset="value")
    yield "resolution_rate", summary(rates[["value", "lower", "upper", "definition", "reason"]])
    provinces, communes = (loaders.load_index766(level=level) for level in ("province", "commune"))
    for zero in ("na", "zero", "full"):
        yield f"index766 {zero}", summary(metrics.index766(provinces, zero=zero)[["indicator", "value", "reason"]])
    scores = metrics.index766(communes)
    yield "index766 communes", summary(scores[["indicator", "value", "reason"]])
    yield "compare766", summary(metrics.compare766(provinces)[["check", "verdict", "computed"]])
    yield "national766", metrics.national766(provinces)
    nation = figures[(figures["unit"] == "Việt Nam") & figures["period"].str.contains("..", regex=False)]
    yield "compare_national766", metrics.compare_national766(provinces, nation)
    yield "imputed_check", metrics.imputed_check(provinces)
    yield "variance_check", metrics.variance_check(communes)
    yield "cumulative_against_parts", metrics.cumulative_against_parts([0.9, 0.95, 0.8], 0.97, where="A")


def example_cases() -> Iterator[tuple[str, Iterator[Named]]]:
    for case in (
        commune,
        units_of_a_province,
        registers_of_a_province,
        citizens,
        slips_and_comments,
        small_tables,
        published,
    ):
        yield case.__name__.replace("_", " "), case()


# --- tables as lines --------------------------------------------------------------------------------------------------


def lines(case: str, name: str, table: pd.DataFrame) -> Iterator[list[str]]:
    """Yield case, table, row, column and value of every filled cell of a table; sentences are left out.

    A row is known by those labels that differ from row to row: columns in front of the contract, or those of words in
    front of the numbers. A column with one value in all rows is one line.
    """
    cells = {str(c): [written(v) for v in column] for c, column in table.items() if not str(c).endswith(("_vi", "_en"))}
    labels = [c for c in front(table) if len(set(cells[c])) > 1]
    rows: list[str] = []
    seen: Counter[str] = Counter()
    for i in range(len(table)):
        row = " | ".join(cells[c][i] for c in labels)
        seen[row] += 1
        rows.append(row if seen[row] == 1 else f"{row} #{seen[row]}".strip())
    yield [case, name, "", "(rows)", str(len(table))]
    for column in [c for c in cells if c not in labels]:
        values = cells[column]
        same = len(values) > 1 and len(set(values)) == 1
        known = [("(all)", values[0])] if same else zip(rows, values, strict=True)
        yield from ([case, name, row, column, value] for row, value in known if value)


def front(frame: pd.DataFrame) -> list[str]:
    names = [str(c) for c in frame]
    if "check" in names:
        return [c for c in ("check", "where") if c in names]
    if "indicator" in names:
        known = names[: names.index("indicator") + 1]
        return known + [c for c in ("definition",) if c in names]
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in frame]
    return names[: numeric.index(True)] if True in numeric else names[:1]


def written(value: Any) -> str:
    """Return a cell as text: floats with ten significant digits, times as in ISO 8601, what is missing as nothing."""
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def outside(folder: Callable[[str], Path]) -> Iterator[list[str]]:
    for name, case in OUTSIDE.items():
        for table, frame in case(folder(name)):
            yield from lines(name, table, frame.drop(columns=["numerator", "denominator"], errors="ignore"))


def inside(cases: Iterator[tuple[str, Iterator[Named]]]) -> Iterator[list[str]]:
    for name, tables in cases:
        for table, frame in tables:
            yield from lines(name, table, frame)
