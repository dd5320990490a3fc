"""A synthetic register of "Dân vận khéo" models whose truth is known. No model here exists."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dvresearch.tables import MODEL_CONTENTS, MODEL_FIELDS, STAGES, STOP_REASONS

__all__ = ["models"]

#: The truth: share of the models of one stage that reach the next.
PASSED = {"effective": 0.87, "recognised": 0.8, "exemplary": 0.45, "replicated": 0.3, "awarded": 0.5}
#: The truth: share of the models that state each content; what an evaluation needs is stated least.
STATED = dict(zip(MODEL_CONTENTS, (1.0, 0.6, 0.8, 0.95, 0.9, 0.9, 0.5, 0.7, 0.35, 0.3), strict=True))
_DAY = np.timedelta64(1, "D")


def models(n: int, units: pd.DataFrame, *, seed: int = 0, year: int = 2025) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the register of a year, and say what is true of it.

    Parameters
    ----------
    n : int
        How many models are registered, over all units.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same register.
    year : int, default 2025
        The year of registration.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.MODELS``: the day on which each stage was reached, the last stage reached, start, evaluation,
        a stop for some with its reason, and which of the ten contents of a registration are stated.
    truth : DataFrame
        One row per stage: ``stage``, how many models ``reached`` it, and ``passed``, the probability that a model of
        the stage before does (1 for the first).
    """
    rng = np.random.default_rng([seed, 7])
    first = np.datetime64(f"{year}-01-15", "D") + rng.integers(0, 60, n) * _DAY
    reached = np.ones(n, dtype=bool)
    columns: dict[str, np.ndarray] = {}
    day, last, counts = first, np.zeros(n, dtype=np.int64), []
    for i, stage in enumerate(STAGES):
        if i:
            reached = reached & (rng.random(n) < PASSED[stage])
            day = day + rng.integers(20, 70, n) * _DAY
        last[reached] = i
        counts.append(int(reached.sum()))
        columns[f"{stage}_on"] = np.where(reached, day, np.datetime64("NaT"))
    start = first + rng.integers(5, 40, n) * _DAY
    stopped = (last == 0) & (rng.random(n) < 0.5)
    frame = pd.DataFrame(
        {
            "model": [f"GL.MH.{year}.{i:04}" for i in range(1, n + 1)],
            "unit": rng.choice(units["unit"].to_numpy(), n),
            "field": rng.choice(MODEL_FIELDS[:5], n, p=[0.35, 0.3, 0.1, 0.15, 0.1]),
            "owner_type": rng.choice(["collective", "individual"], n, p=[0.85, 0.15]),
            "stage": np.array(STAGES)[last],
            **columns,
            "start": start,
            "evaluation": np.where(rng.random(n) < 0.4, start + 300 * _DAY, np.datetime64("NaT")),
            "stop": np.where(stopped, start + rng.integers(30, 200, n) * _DAY, np.datetime64("NaT")),
            "stop_reason": pd.Series(rng.choice(STOP_REASONS[:6], n)).where(stopped),
            **{f"states_{c}": pd.array(rng.random(n) < p, dtype="boolean") for c, p in STATED.items()},
        }
    )
    words = ("model", "unit", "field", "owner_type", "stage", "stop_reason")
    days = [c for c in frame if pd.api.types.is_datetime64_any_dtype(frame[c])]
    frame = frame.astype(dict.fromkeys(words, "str") | dict.fromkeys(days, "datetime64[s]"))
    return frame, pd.DataFrame({"stage": STAGES, "reached": counts, "passed": [1.0, *PASSED.values()]})
