"""How often 95 % intervals of a satisfied share hold the truth: simulated samples with a known share.

Clusters of 5 to 35 respondents in strata, drawn anew each time: the share of a cluster is beta distributed about the
true one (intra-cluster correlation 0.05), weights are unequal (Kish design effect about 1.2) and independent of
the answer. Every draw is a group of one table, so it is the package's own code that is measured.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from dvresearch.metrics import Design, survey_mean

SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
CLUSTERS = (10, 20, 30, 60)
#: Clusters in each stratum, least and most respondents in a cluster, correlation within clusters.
PER_STRATUM, LEAST, MOST, CORRELATION = 5, 5, 35, 0.05
#: Respondents of simple random samples.
ALONE = (38, 100, 400)
RULES = (("logit", "domain"), ("logit", "normal"), ("wald", "domain"), ("wald", "normal"))
CHUNK = 250


def clustered(share: float, clusters: int, draws: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return `draws` samples of clusters, one below the other."""
    each = 1 / CORRELATION - 1
    count = draws * clusters
    size = rng.integers(LEAST, MOST + 1, count)
    cluster = np.tile(np.arange(clusters), draws)
    truth = rng.beta(share * each, (1 - share) * each, count)
    people = pd.DataFrame({"draw": np.arange(count) // clusters, "stratum": cluster // PER_STRATUM, "cluster": cluster})
    people = people.loc[np.repeat(np.arange(count), size)].reset_index(drop=True)
    satisfied = rng.random(len(people)) < np.repeat(truth, size)
    return people.assign(weight=rng.lognormal(0, 0.43, len(people)), satisfied=satisfied.astype(float))


def alone(share: float, size: int, draws: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return `draws` simple random samples, one below the other."""
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(draws), size),
            "satisfied": (rng.random(draws * size) < share).astype(float),
        }
    )


def covered(table: pd.DataFrame, design: Design, share: float) -> list[float]:
    """Count the draws whose interval holds the true share, by rule; one that has none does not."""
    counts = []
    for interval, degrees in RULES:
        got = survey_mean(
            table,
            values="satisfied",
            by="draw",
            design=design,
            interval=interval,  # type: ignore[arg-type]
            degrees=degrees,  # type: ignore[arg-type]
        )
        counts.append(((got["lower"] <= share) & (share <= got["upper"])).sum())
    return counts


def coverage(draws: int, seed: int = 2026) -> pd.DataFrame:
    """Return the coverage of every rule in every design."""
    rng = np.random.default_rng(seed)
    cases = [(c, "clusters", p) for c in CLUSTERS for p in SHARES] + [
        (n, "respondents", p) for n in ALONE for p in SHARES
    ]
    rows = []
    for size, unit, share in cases:
        total = np.zeros(len(RULES))
        for start in range(0, draws, CHUNK):
            part = min(CHUNK, draws - start)
            if unit == "clusters":
                design = Design(strata=["draw", "stratum"], clusters="cluster", weights="weight")
                total += covered(clustered(share, size, part, rng), design, share)
            else:
                total += covered(alone(share, size, part, rng), Design(strata="draw"), share)
        rows.append([f"{size} {unit}", share, *total / draws])
        print(*rows[-1], flush=True, file=sys.stderr)
    return pd.DataFrame(rows, columns=["design", "share", *(f"{i} {'t' if d != 'normal' else 'z'}" for i, d in RULES)])


if __name__ == "__main__":
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    started = time.perf_counter()
    table = coverage(draws)
    error = np.sqrt(0.95 * 0.05 / draws)
    print(table.round(4).to_string(index=False))
    print(f"{draws} draws a design, Monte Carlo error {error:.4f}, {time.perf_counter() - started:.0f} s")
