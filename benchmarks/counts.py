"""Time and memory of shares and funnels on 11,000 units x 12 months, beside statsmodels and scipy.

The peers compute less: one Wilson interval and four binomial quantiles for the same rows, without
grouping, checking, flags, reasons, interpolation, over-dispersion or verdicts.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dvresearch.metrics import funnel, resolution_rate

UNITS, MONTHS, SHARE = 11_000, 12, 0.87
#: Dossiers of one unit in one month: like a small commune, very unequal, and all sizes to two million.
SIZES = {
    "about 60": lambda rng, rows: rng.poisson(60, rows),
    "median 150, skewed": lambda rng, rows: rng.lognormal(5, 1.2, rows).astype(np.int64),
    "1 to 2,000,000": lambda rng, rows: rng.integers(1, 2_000_000, rows),
}


def tally(size: str, units: int = UNITS) -> pd.DataFrame:
    """Return synthetic counts of resolved dossiers, a row per unit and month."""
    rng = np.random.default_rng(2026)
    n = np.maximum(SIZES[size](rng, units * MONTHS), 1)
    return pd.DataFrame(
        {
            "unit": np.repeat([f"Xã {i}" for i in range(units)], MONTHS),
            "period": np.tile([f"2026-{m:02}" for m in range(1, MONTHS + 1)], units),
            "resolved_within": rng.binomial(n, SHARE),
            "resolved": n,
            "basis": "census",
        }
    )


def ours(table: pd.DataFrame) -> pd.DataFrame:
    """Rates by unit and month, and their funnel."""
    return funnel(resolution_rate(table, definition="resolved", by=["unit", "period"]))


def peers(table: pd.DataFrame) -> None:
    """One Wilson interval and the four limits of an exact funnel."""
    x, n = table["resolved_within"].to_numpy(), table["resolved"].to_numpy()
    proportion_confint(x, n, method="wilson")
    for tail in (0.001, 0.025, 0.975, 0.999):
        stats.binom.ppf(tail, n, x.sum() / n.sum())


def seconds(call: Callable[[pd.DataFrame], object], table: pd.DataFrame, repeats: int) -> float:
    """Return the shortest of `repeats` runs: the least disturbed one."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call(table)
        times.append(time.perf_counter() - start)
    return min(times)


def peak(call: Callable[[pd.DataFrame], object], table: pd.DataFrame) -> float:
    """Return the peak of memory allocated during the call, in MB."""
    tracemalloc.start()
    call(table)
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size / 1e6


def ratio(size: str, *, units: int = UNITS, repeats: int = 3) -> tuple[float, float]:
    """Return our seconds and those of the peers on the same rows in the same run."""
    table = tally(size, units)
    return seconds(ours, table, repeats), seconds(peers, table, repeats)


if __name__ == "__main__":
    print(f"{UNITS:,} units x {MONTHS} months = {UNITS * MONTHS:,} rows; shortest of 3 runs")
    print(f"{'dossiers per row':<20}{'ours s':>9}{'peers s':>9}{'ratio':>7}{'ours MB':>9}{'peers MB':>10}")
    for name in SIZES:
        mine, others = ratio(name)
        rows = tally(name)
        memory = f"{peak(ours, rows):>9.0f}{peak(peers, rows):>10.0f}"
        print(f"{name:<20}{mine:>9.3f}{others:>9.3f}{mine / others:>7.2f}{memory}")
