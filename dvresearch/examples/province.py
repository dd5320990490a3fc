"""A synthetic province: everyone's answers, so that the truth is known, and a sample of communes drawn from it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dvresearch.examples.registers import MARK
from dvresearch.tables import SCALES

__all__ = ["province"]

#: Communes, share of townspeople and level of satisfaction of each kind of place, on the scale of log odds.
_KINDS = {"Đô thị": (30, 0.9), "Đồng bằng": (60, 0.3), "Miền núi": (30, -0.3)}
_PEOPLE = 400  # in each commune, on average
_AGES = ("18-34", "35-54", "55+")
_AGE_SHARES = np.array([0.35, 0.4, 0.25])
#: The young are harder to please and answer less: those who answer are more satisfied than everyone.
_AGE_LEVEL, _AGE_ANSWERS = np.array([-0.9, 0.1, 0.9]), np.array([0.4, 0.65, 0.9])
#: What the spread of answers between communes, between people and between items of one person is.
_COMMUNE, _PERSON, _ITEM = 0.4, 0.8, 1.0


def province(
    scales: Mapping[str, str],
    *,
    outcome: str | None = None,
    drives: Mapping[str, float] | None = None,
    drawn: int = 12,
    each: int = 25,
    silent: bool = True,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up a province of 120 communes and draw a sample of communes and people from it.

    Parameters
    ----------
    scales : mapping of str to str
        Item -> its scale, as ``questionnaire("one-stop").scales``.
    outcome : str, optional
        An item that follows from others.
    drives : mapping of str to float, optional
        Item -> how much the outcome follows from it; none of the others matters.
    drawn, each : int, default 12, 25
        Communes drawn in each of three strata, and people asked in each.
    silent : bool, default True
        Whether some do not answer, the young and less satisfied more often than others.
    seed : int, default 0
        The same seed gives the same province and the same sample.

    Returns
    -------
    people : DataFrame
        One row per person asked: ``unit`` (commune), ``stratum``, ``communes`` (in the stratum) and ``residents`` (in
        the commune), both for ``Design(fpc=…)``, ``weight`` (one over the chance to be drawn), ``age``, ``responded``
        (1 or 0) and the items, empty for those who did not answer.
    truth : DataFrame
        ``item`` and ``top_share``, the share (0-1) of the two highest answers (of “có”) among everyone in the province.
    """
    rng = np.random.default_rng([seed, 10])
    frame = _everyone(rng)
    level = frame.pop("level").to_numpy()
    person = level + rng.normal(0, _PERSON, len(frame))
    ease = rng.normal(0.7, 0.5, len(scales))
    feeling = {i: person + e + rng.normal(0, _ITEM, len(frame)) for i, e in zip(scales, ease, strict=True)}
    if outcome:
        follows = sum(weight * feeling[item] for item, weight in (drives or {}).items())
        feeling[outcome] = follows + rng.logistic(0, 0.6, len(frame))
    places = {i: _places(f, len(SCALES[scales[i]])) for i, f in feeling.items()}
    top = [(p >= len(SCALES[scales[i]]) - (2 if len(SCALES[scales[i]]) > 2 else 1)).mean() for i, p in places.items()]
    truth = pd.DataFrame({"item": list(scales), "top_share": [top[list(places).index(i)] for i in scales]})
    rows = _sample(frame, drawn, each, rng)
    people = frame.iloc[rows].reset_index(drop=True)
    chance = drawn / people["communes"] * each / people["residents"]
    answers = _AGE_ANSWERS[people["age"].map(_AGES.index).to_numpy(dtype=np.intp)]
    people = people.assign(
        weight=1 / chance, responded=((rng.random(len(people)) < answers) | (not silent)).astype(int)
    )
    for item, scale in scales.items():
        words = pd.Series(np.array(SCALES[scale])[places[item][rows]], dtype="str")
        people[item] = words.mask(people["responded"] == 0)
    return people, truth


def _everyone(rng: np.random.Generator) -> pd.DataFrame:
    """Return everyone with commune, stratum, age and level of satisfaction."""
    parts = []
    for kind, (count, high) in _KINDS.items():
        for number in range(count):
            size = int(rng.integers(_PEOPLE // 2, _PEOPLE * 3 // 2))
            age = rng.choice(3, size, p=_AGE_SHARES)
            parts.append(
                pd.DataFrame(
                    {
                        "unit": f"{kind} {number + 1:02} ({MARK})",
                        "stratum": kind,
                        "communes": count,
                        "residents": size,
                        "age": np.array(_AGES)[age],
                        "level": high + rng.normal(0, _COMMUNE) + _AGE_LEVEL[age],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _places(feeling: np.ndarray, answers: int) -> np.ndarray:
    """Cut a feeling into places on a scale; the cut below the two highest answers lies at 0."""
    cuts = 1.1 * np.arange(3 - answers, 2) if answers > 2 else np.zeros(1)
    return np.searchsorted(cuts, feeling)


def _sample(frame: pd.DataFrame, drawn: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """Return the rows of a sample: communes by lot within strata, then people by lot within communes."""
    chosen = []
    for _, stratum in frame.groupby("stratum", sort=False):
        units = rng.choice(stratum["unit"].unique(), drawn, replace=False)
        for unit in sorted(units):
            chosen.append(rng.choice(stratum.index[stratum["unit"] == unit].to_numpy(), each, replace=False))
    return np.concatenate(chosen)
