"""How the estimators of an effect, and the checks, do in synthetic provinces whose truth is known.

For each scenario and estimator: bias in standard errors, coverage of the 95 % interval, and how often it leaves 0 out
(power where there is an effect, false alarms where there is none). For the estimate of the package also: how often all
checks together reject, how often the honest interval (relative magnitudes, m = 1) holds the truth, how often one of the
two, and how often the ladder of words says "rõ rệt" (clear).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Hashable, Iterator

import numpy as np
import pandas as pd

from dvresearch import examples, wording
from dvresearch.metrics.effects.checks import honest_effects, impact_checks
from dvresearch.metrics.effects.impact import Fit, fit, impact_cross_check, two_way_fixed_effects

#: Scenario -> arguments of ``examples.rollout``.
SCENARIOS: dict[str, dict[str, object]] = {
    "no effect": {"effect": 0.0},
    "constant": {},
    "growing": {"dynamics": "growing"},
    "fading": {"dynamics": "fading"},
    "few places": {"units": 40, "cohorts": 2},
    "high level": {"selection": "level"},
    "covariate": {"selection": "covariate"},
    "spillover": {"spillover": 2.0},
    "trend, no effect": {"effect": 0.0, "selection": "trend"},
    "good year, no effect": {"effect": 0.0, "selection": "good_year"},
}
Result = tuple[str, float, float, float]


def estimators(fitted: Fit, others: bool) -> Iterator[Result]:
    """Yield name, value and limits of the overall effect by each estimator; `others` adds the slow ones."""
    panel = fitted.sample.panel
    yield "group-time, never", *fitted.overall()
    yield "group-time, not_yet", *fit(panel, outcome="synthetic_score", control="not_yet").overall()
    yield "group-time, covariate", *fit(panel, outcome="synthetic_score", covariates=["urban"]).overall()
    row = two_way_fixed_effects(panel, outcome="synthetic_score").iloc[0]
    yield "two-way fixed effects", row["value"], row["lower"], row["upper"]
    if others:
        table = impact_cross_check(panel, outcome="synthetic_score").query("effect == 'overall'")
        for row in table.to_dict("records"):
            yield row["method"], row["value"], row["lower"], row["upper"]


def checked(fitted: Fit, truth: float) -> dict[str, bool]:
    """Return what the checks and the words say of one province."""
    found = impact_checks(fitted, near="district", top=0, honest=("relative_magnitude",), draws=0)
    wide = honest_effects(fitted, m=[1.0]).iloc[0]
    value, lower, upper = fitted.overall()
    row: dict[Hashable, object] = {"value": value, "lower": lower, "upper": upper}
    row |= {"definition": "att_never", "indicator": "synthetic_score"}
    rejects = (found.query("check == 'all_checks'")["verdict"] == "fail").item()
    holds = bool(wide["lower"] <= truth <= wide["upper"])
    step = wording.impact_verdict(row, found)
    return {"rejects": rejects, "honest": holds, "either": rejects or holds, "clear": step == "clear"}


def scenario(name: str, draws: int, others: int) -> pd.DataFrame:
    """Return a row per estimator; the slow ones from the first `others` draws only."""
    results: list[tuple[float, Result]] = []
    told = []
    for seed in range(draws):
        panel, true = examples.rollout(seed=1000 + seed, **SCENARIOS[name])  # type: ignore[arg-type]
        truth = float(np.average(true["effect"], weights=true["units"]))
        fitted = fit(panel, outcome="synthetic_score", base="universal")
        results += [(truth, result) for result in estimators(fitted, seed < others)]
        told.append(checked(fitted, truth))
    rows = pd.DataFrame([(t, *r) for t, r in results], columns=["truth", "estimator", "value", "lower", "upper"])
    rows = rows.assign(
        error=rows["value"] - rows["truth"],
        covers=(rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"]),
        tells=(rows["lower"] > 0) | (rows["upper"] < 0),
    )
    grouped = rows.groupby("estimator", sort=False)
    table = pd.DataFrame(
        {
            "draws": grouped.size(),
            "bias": grouped["error"].mean(),
            "bias/se": grouped["error"].mean() / grouped["error"].std(),
            "coverage": grouped["covers"].mean(),
            "tells": grouped["tells"].mean(),
        }
    ).reset_index()
    own = pd.DataFrame(told).mean()
    table.insert(0, "scenario", name)
    return table.assign(**{c: [v] + [np.nan] * (len(table) - 1) for c, v in own.items()})


def main() -> None:
    """Print the table: `impact_coverage.py [draws] [draws of the slow estimators] [scenario ...]`."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    others = int(sys.argv[2]) if len(sys.argv) > 2 else draws
    names = sys.argv[3:] or list(SCENARIOS)
    started = time.perf_counter()
    for name in names:
        table = scenario(name, draws, others)
        print(table.round(3).to_string(index=False, na_rep="", header=name == names[0]), flush=True)
    error = np.sqrt(0.95 * 0.05 / draws)
    print(f"{draws} draws a scenario, Monte Carlo error {error:.4f}, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
