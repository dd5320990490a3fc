"""Time of all items and factors of a survey with design-based intervals by province, beside svy and R's survey.

40,000 respondents × 22 items × 63 provinces. Both peers are there where they are installed (`pip install svy`). svy
computes less: plain means of numbers ready for it, with symmetric
intervals, no factors, no scales, no flags and no threshold for small groups. R, when `Rscript` and its package survey
are installed, gives means and standard errors alone.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from dvresearch.metrics import Design, satisfaction
from dvresearch.tables import NO_ANSWER, SCALES

RESPONDENTS, ITEMS, PROVINCES, COMMUNES = 40_000, 22, 63, 20
IN_R = """
given <- commandArgs(TRUE)
if (!suppressMessages(require(survey))) quit(status = 3)
d <- read.csv(given[1])
ids <- as.formula(given[2])
items <- grep("^q[0-9]+$", names(d), value = TRUE)
started <- proc.time()[["elapsed"]]
design <- svydesign(ids = ids, strata = ~stratum, weights = ~weight, data = d)
for (q in items) svyby(reformulate(q), ~province, design, svymean, na.rm = TRUE)
cat(proc.time()[["elapsed"]] - started)
"""
FACTORS = {f"factor {k}": [f"q{j}" for j in range(k * 4, k * 4 + 4)] for k in range(5)}


def survey(respondents: int = RESPONDENTS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return synthetic answers, and the same as 0 and 1 for svy."""
    rng = np.random.default_rng(2026)
    province = rng.integers(0, PROVINCES, respondents)
    commune = province * COMMUNES + rng.integers(0, COMMUNES, respondents)
    frame = pd.DataFrame({"province": province, "stratum": commune // 5, "commune": commune})
    frame["weight"] = rng.lognormal(0, 0.4, respondents)
    answers = np.array([*SCALES["hai_long_5"], NO_ANSWER[0]])
    places = rng.choice(6, (respondents, ITEMS), p=[0.03, 0.07, 0.2, 0.4, 0.25, 0.05])
    names = [f"q{j}" for j in range(ITEMS)]
    numbers = pd.DataFrame(np.where(places == 5, np.nan, (places >= 3) * 1.0), columns=names)
    return pd.concat([frame, pd.DataFrame(answers[places], columns=names)], axis=1), pd.concat([frame, numbers], axis=1)


def shortest(call: Callable[[], object], repeats: int = 3) -> float:
    """Return the shortest of some runs: the least disturbed one."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def in_svy(numbers: pd.DataFrame, names: list[str], clusters: str | None) -> float | None:
    """Return the seconds svy takes for the items by province; None where it is not installed."""
    try:
        import polars as pl
        import svy
    except ImportError:
        return None
    sample = svy.Sample(pl.from_pandas(numbers), svy.Design(stratum="stratum", psu=clusters, wgt="weight"))
    return shortest(partial(sample.estimation.mean, names, by="province", drop_nulls=True))


def in_r(numbers: pd.DataFrame, clusters: str | None) -> float | None:
    """Return the seconds R's survey takes for the items by province, data read; None where it is not installed."""
    if not shutil.which("Rscript"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder, "answers.csv"), Path(folder, "items.R")
        numbers.to_csv(data, index=False, lineterminator="\n")
        script.write_text(IN_R, encoding="utf-8", newline="\n")
        command = ["Rscript", "--vanilla", str(script), str(data), f"~{clusters or 1}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return None
    done.check_returncode()
    return float(done.stdout)


def main() -> None:
    """Print the times and their ratios, with clusters and without."""
    answers, numbers = survey()
    names = [f"q{j}" for j in range(ITEMS)]
    for clusters in ("commune", None):
        design = Design(strata="stratum", clusters=clusters or (), weights="weight")
        ours = shortest(partial(satisfaction, answers, items=names, factors=FACTORS, by="province", design=design))
        peers = {"svy": in_svy(numbers, names, clusters), "R survey": in_r(numbers, clusters)}
        beside = [f", {peer} {time:.2f} s, ratio {ours / time:.3f}" for peer, time in peers.items() if time]
        print(f"{clusters or 'respondents'}: {ours:.2f} s{''.join(beside)}")


if __name__ == "__main__":
    main()
