"""Time of a whole impact estimate with bands, beside diff-diff alone.

11,000 communes × 8 years × 6 cohorts, doubly robust with one covariate, 999 multiplier draws, event study and bands.
diff-diff computes less: the overall effect and the event study, without cohorts, calendar periods and labels.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from diff_diff import CallawaySantAnna

from dvresearch.metrics.effects.impact import impact

UNITS, PERIODS, COHORTS, DRAWS = 11_000, 8, 6, 999


def rollout(units: int = UNITS) -> pd.DataFrame:
    """Return synthetic communes that take a model up in six years, more of them where a covariate is high."""
    rng = np.random.default_rng(2026)
    covariate = rng.normal(size=units)
    wants = rng.normal(size=units) + 0.5 * covariate
    adopted = np.where(wants > 0, rng.integers(3, 3 + COHORTS, units), 0)
    year = np.arange(1, PERIODS + 1)
    outcome = rng.normal(size=(units, 1)) + 0.1 * covariate[:, None] * year + rng.normal(size=(units, PERIODS))
    outcome += 0.3 * ((adopted[:, None] > 0) & (year >= adopted[:, None]))
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), PERIODS),
            "period": np.tile(year, units),
            "adopted": np.repeat(adopted, PERIODS),
            "covariate": np.repeat(covariate, PERIODS),
            "score": outcome.ravel(),
        }
    )


def ours(panel: pd.DataFrame) -> pd.DataFrame:
    """Return every average with its intervals and bands."""
    return impact(panel, outcome="score", covariates=["covariate"], draws=DRAWS)


def theirs(panel: pd.DataFrame) -> object:
    """Return the event study of diff-diff with its band."""
    model = CallawaySantAnna(n_bootstrap=DRAWS, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Fitting and averaging in one call is announced to go; it draws only once.
        return model.fit(panel, "score", "unit", "period", "adopted", covariates=["covariate"], aggregate="event_study")


def times(calls: Sequence[Callable[[pd.DataFrame], object]], panel: pd.DataFrame, rounds: int = 9) -> np.ndarray:
    """Return the seconds of each call in each round; they take turns, so that a slow moment disturbs them alike."""
    seconds = np.zeros((rounds, len(calls)))
    for row in seconds:
        for j, call in enumerate(calls):
            started = time.perf_counter()
            call(panel)
            row[j] = time.perf_counter() - started
    return seconds


def main() -> None:
    """Print the shortest times, their ratio, and the ratios of the rounds: the middle one and the middle half."""
    panel = rollout()
    seconds = times([ours, theirs], panel)
    mine, peer = seconds.min(axis=0)
    low, middle, high = np.quantile(seconds[:, 0] / seconds[:, 1], [0.25, 0.5, 0.75])
    print(f"{UNITS} communes: {mine:.2f} s, diff-diff {peer:.2f} s, ratio {mine / peer:.2f}")
    print(f"ratio in each of {len(seconds)} rounds: {middle:.2f} (half of them {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
