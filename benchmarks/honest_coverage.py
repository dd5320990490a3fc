"""How often honest intervals (relative magnitudes) hold the true effect, in the worst patterns their assumption allows.

Before adoption the trends differ by a pattern of changes; from adoption on they go on to differ, in every period and in
one direction, by exactly `m` times the largest of these changes: the most that the restriction allows. The effect is
zero. Units have errors with autocorrelation 0.5. First with the covariance known, so that nothing but the interval is
measured; then with estimated covariances, skewed errors and few units. For each design the worst pattern is looked for
with one set of draws and measured with another, larger one, so that it is not the worst of many by chance.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dvresearch.metrics.effects.checks import relative_limits

Floats = NDArray[np.float64]

MULTIPLES, BEFORE, AFTER = (0.5, 1.0, 1.5, 2.0), (1, 3, 4), (1, 2, 4)
#: Units with and without a model: where the covariance is known, and where it is estimated.
KNOWN, ESTIMATED = (30, 30), ((9, 11), (9, 31), (9, 51), (10, 10), (20, 20), (30, 30))
AUTOCORRELATION, ALPHA = 0.5, 0.05
#: Draws in which the worst pattern is looked for.
SEARCH = 2000


def combinations(before: int, after: int) -> Floats:
    """Return what makes the effect (the mean since adoption) and the changes before of the means of the periods."""
    periods = before + 1 + after
    effect = np.concatenate([np.zeros(before), [-1.0], np.full(after, 1 / after)])
    return np.vstack([effect, np.diff(np.eye(periods), axis=0)[:before]])


def patterns(before: int, after: int, m: float, error: float) -> Iterator[tuple[str, Floats]]:
    """Yield a name and the differences of trends in every period; `error` is that of one change."""
    shapes = {
        "newest": np.eye(before)[-1],
        "oldest": np.eye(before)[0],
        "all alike": np.ones(before),
        "alternating": (-1.0) ** np.arange(before),
    }
    yield "none", np.zeros(before + 1 + after)
    for name, shape in list(shapes.items())[: 1 if before == 1 else None]:
        for size in (1, 2, 4):
            for sign in (1, -1):
                changes = np.concatenate([error * size * shape, np.full(after, sign * m * error * size)])
                told = f"{name}, {size} errors, {'on' if sign > 0 else 'back'}"
                yield told, np.concatenate([[0.0], np.cumsum(changes)])


def known(units: tuple[int, int], before: int, after: int, draws: int, rng: np.random.Generator) -> tuple[Floats, ...]:
    """Return drawn effects and changes, their covariance (the true one), and the level of the interval."""
    times = np.arange(before + 1 + after)
    each = AUTOCORRELATION ** np.abs(times[:, None] - times) * (1 / units[0] + 1 / units[1])
    parts = combinations(before, after)
    covariance = parts @ each @ parts.T
    return rng.multivariate_normal(np.zeros(len(parts)), covariance, draws), covariance, np.array(ALPHA)


def estimated(
    units: tuple[int, int], before: int, after: int, draws: int, rng: np.random.Generator
) -> tuple[Floats, ...]:
    """Return the same of samples of units with skewed errors, each with the covariance the package estimates."""
    skewed = rng.exponential(size=(draws, sum(units), before + 1 + after)) - 1
    for t in range(1, skewed.shape[2]):
        skewed[..., t] = AUTOCORRELATION * skewed[..., t - 1] + np.sqrt(1 - AUTOCORRELATION**2) * skewed[..., t]
    return estimates(skewed, units, combinations(before, after))


def estimates(outcome: Floats, units: tuple[int, int], parts: Floats) -> tuple[Floats, ...]:
    """Return combinations of differences of means, their covariance and the level, as the package computes them."""
    each = outcome @ parts.T
    groups = each[..., : units[0], :], each[..., units[0] :, :]
    drawn = groups[0].mean(axis=-2) - groups[1].mean(axis=-2)
    influence = [(part - part.mean(axis=-2, keepdims=True)) / part.shape[-2] for part in groups]
    covariance = sum(np.swapaxes(part, -1, -2) @ part for part in influence)
    side = min(units)
    few = side < 20
    freedom = (side if few else sum(units)) - 1
    quantile = special.stdtrit(freedom, 1 - ALPHA / 2) * (np.sqrt(side / freedom) if few else 1.0)
    return drawn, np.asarray(covariance), 2 * special.ndtr(-quantile)


def worst(
    units: tuple[int, int], m: float, before: int, after: int, draws: int, seed: int = 2026, *, sure: bool = True
) -> tuple[str, float]:
    """Return the pattern in which the interval holds the effect least often, and how often it does.

    `sure` is whether the covariance is known.
    """
    parts, make = combinations(before, after), known if sure else estimated
    error = float(np.sqrt(2 * (1 - AUTOCORRELATION) * (1 / units[0] + 1 / units[1])))
    shifts = {name: parts @ path for name, path in patterns(before, after, m, error)}
    first, second = (
        make(units, before, after, count, np.random.default_rng([seed, part]))
        for part, count in ((0, min(draws, SEARCH)), (1, draws))
    )

    def held(name: str, sample: tuple[Floats, ...]) -> float:
        drawn, covariance, level = sample
        moved = drawn + shifts[name]
        most = m * (after + 1) / 2  # of the mean of `after` periods that each add one more change
        lower, upper = relative_limits(moved[:, 0], moved[:, 1:], covariance, most, float(level))
        return float(((lower <= 0) & (upper >= 0)).mean())

    name = min(shifts, key=lambda name: held(name, first))
    return name, held(name, second)


def table(draws: int) -> pd.DataFrame:
    """Return a row for each design: the worst over the periods before, and the pattern."""
    rows = []
    for sure, sides, multiples in ((True, (KNOWN,), MULTIPLES), (False, ESTIMATED, (0.5, 1.0, 2.0))):
        for units in sides:
            for m in multiples:
                for after in AFTER if sure else (1, 4):
                    found = {b: worst(units, m, b, after, draws, sure=sure) for b in (BEFORE if sure else (1, 4))}
                    least = min(found, key=lambda before: found[before][1])
                    rows.append(
                        {
                            "covariance": "known" if sure else "estimated",
                            "units": "{} + {}".format(*units),
                            "m": m,
                            "after": after,
                            **{f"{b} before": found[b][1] if b in found else np.nan for b in BEFORE},
                            "worst": found[least][1],
                            "pattern": f"{least} before, {found[least][0]}",
                        }
                    )
    return pd.DataFrame(rows)


def main() -> None:
    """Print the table: `honest_coverage.py [draws]`."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    started = time.perf_counter()
    found = table(draws)
    print(found.round(3).to_string(index=False, na_rep=""))
    error = np.sqrt(0.95 * 0.05 / draws)
    print(f"{draws} draws a pattern, Monte Carlo error {error:.4f}, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
