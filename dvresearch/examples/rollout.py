"""A synthetic province in which communes take a model up one after another, with the effect known. Nothing is real."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import ParameterError, check_choice
from dvresearch.examples.registers import MARK

__all__ = ["rollout"]

#: Share of the communes that never take the model up, communes in a district, first year.
NEVER, DISTRICT, FIRST = 0.4, 10, 2018
#: Spread of the level of communes, of the shock of a year, and of the slope of a commune where models go to improvers.
LEVEL, SHOCK, SLOPE = 6.0, 2.0, 0.8
_DYNAMICS = ("constant", "growing", "fading")
_SELECTION = ("none", "level", "trend", "good_year", "covariate")


def rollout(
    *,
    effect: float = 3.0,
    dynamics: Literal["constant", "growing", "fading"] = "constant",
    selection: Literal["none", "level", "trend", "good_year", "covariate"] = "none",
    spillover: float = 0.0,
    units: int = 200,
    periods: int = 8,
    cohorts: int = 3,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up a province in which models spread, and say what is true of it.

    Parameters
    ----------
    effect : float, default 3.0
        What the model adds to the score (points) in the year of adoption, once it is at full strength.
    dynamics : {"constant", "growing", "fading"}, default "constant"
        Full effect at once, a quarter more of it each year up to the full, or half of what is left each year.
    selection : {"none", "level", "trend", "good_year", "covariate"}, default "none"
        Who takes the model up: anybody; communes with a high level; communes already improving; communes after an
        unusually good year; communes with a high ``urban``, which improve faster than others of their own.
    spillover : float, default 0.0
        What a commune without the model gains (points) when all others of its district have it, in proportion.
    units, periods, cohorts : int
        Communes, years, and years in which models start.
    seed : int, default 0
        The same seed gives the same province.

    Returns
    -------
    panel : DataFrame
        ``unit``, ``district``, ``period`` (year), ``adopted`` (year, NaN when never), ``urban`` and ``synthetic_score``
        (points), a row per commune and year. ``attrs["synthetic"]`` is True.
    truth : DataFrame
        ``cohort``, ``period``, ``event_time``, ``units`` and ``effect``, a row per cohort and year from adoption on:
        the mean effect of the model on its own communes, against a province without any model.

    Raises
    ------
    ParameterError
        For an unknown word, what is no number, or sizes that leave no year before or after adoption.
    """
    for name, word, words in (("dynamics", dynamics, _DYNAMICS), ("selection", selection, _SELECTION)):
        check_choice(name, word, words)
    sizes = {"units": units, "periods": periods, "cohorts": cohorts, "seed": seed}
    wrong = [f"{name}={n!r}" for name, n in sizes.items() if not (isinstance(n, Integral) and n >= 0)]
    effects = {"effect": effect, "spillover": spillover}
    wrong += [f"{name}={x!r}" for name, x in effects.items() if not (isinstance(x, Real) and np.isfinite(x))]
    if wrong:
        raise ParameterError("rollout-numbers", got=", ".join(wrong))
    if not 1 <= cohorts < periods or units < 2 * (cohorts + 1):
        got = f"periods={periods}, cohorts={cohorts}, units={units}"
        raise ParameterError("rollout-does-not-fit", got=got)
    rng = np.random.default_rng([seed, 11])
    year = np.arange(periods)
    level, urban = rng.normal(70, LEVEL, units), rng.normal(0, 1, units)
    slope = rng.normal(0, SLOPE, units) if selection == "trend" else np.zeros(units)
    shock = rng.normal(0, SHOCK, (units, periods))
    starts = max(1, (periods - cohorts + 1) // 2) + np.arange(cohorts)
    likely = {"level": level, "trend": slope, "covariate": urban}.get(selection, np.zeros(units))
    # Half as strong for the covariate, so that adopters still have others like them to be compared with.
    likely = (likely - likely.mean()) / (likely.std() or 1) * (0.5 if selection == "covariate" else 1)
    adopted = np.full(units, np.inf)
    size = round(units * (1 - NEVER) / cohorts)
    for start in starts:
        wanted = likely + (shock[:, start - 1] / SHOCK if selection == "good_year" else 0) + rng.normal(0, 1, units)
        adopted[np.argsort(np.where(np.isinf(adopted), wanted, -np.inf))[-size:]] = start
    since = np.maximum(year - adopted[:, None], -periods)
    has = since >= 0
    strength = {
        "constant": np.ones_like(since),
        "growing": np.minimum((since + 1) / 4, 1),
        "fading": 0.5 ** np.abs(since),
    }
    gain = np.where(has, effect * strength[dynamics], 0.0)
    district = np.arange(units) // DISTRICT
    around = pd.DataFrame(has).groupby(district).transform("mean").to_numpy(dtype=np.float64)
    grows = 0.5 * urban if selection == "covariate" else slope
    score = level[:, None] + 0.6 * year + grows[:, None] * year + shock + gain + np.where(has, 0, spillover * around)
    panel = pd.DataFrame(
        {
            "unit": np.repeat([f"Xã Mẫu {i:05} ({MARK})" for i in range(1, units + 1)], periods),
            "district": np.repeat([f"Huyện Mẫu {d + 1:04} ({MARK})" for d in district], periods),
            "period": np.tile(FIRST + year, units),
            "adopted": np.repeat(np.where(np.isinf(adopted), np.nan, FIRST + adopted), periods),
            "urban": np.repeat(urban, periods),
            "synthetic_score": score.ravel(),
        }
    ).astype({"unit": "str", "district": "str"})
    panel.attrs["synthetic"] = True
    cells = [(g, t) for g in starts for t in year if t >= g]
    truth = pd.DataFrame(
        {
            "cohort": [FIRST + int(g) for g, _ in cells],
            "period": [FIRST + int(t) for _, t in cells],
            "event_time": [int(t - g) for g, t in cells],
            "units": [int((adopted == g).sum()) for g, _ in cells],
            "effect": [float(gain[adopted == g, t].mean()) for g, t in cells],
        }
    )
    return panel, truth
