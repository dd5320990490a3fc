"""What the way of asking changes: kiosk, paper, home visit, telephone, online."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.metrics.design import Design, Draw, draw
from dvresearch.metrics.estimates import FEW, Floats, build, check_confidence, choose
from dvresearch.metrics.linearise import covariance
from dvresearch.metrics.regression import fit_linear, model_matrix
from dvresearch.metrics.scores import SCORES, Scale, positions, scored, structure
from dvresearch.metrics.surveyed import FEW_CLUSTERS, need_columns, t_value
from dvresearch.privacy import MIN_COUNT, suppress
from dvresearch.tables import NO_ANSWER

__all__ = ["mode_effect"]


def mode_effect(
    responses: pd.DataFrame,
    *,
    against: Hashable,
    items: Sequence[str] | None = None,
    factors: Mapping[str, Sequence[str]] | None = None,
    mode: str = "mode",
    adjust: Sequence[str] = (),
    score: Literal["top2", "top1", "mean100", "net"] = "top2",
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
    design: Design | None = None,
    confidence: float = 0.95,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """How much answers differ between ways of asking, as they are and among like people.

    Parameters
    ----------
    responses, items, factors, score, scale, no_answer, reverse, design, min_count
        As for :func:`dvresearch.metrics.satisfaction`; a way of asking with fewer respondents is hidden.
    against : label
        The way of asking the others are compared with, for example ``paper``.
    mode : str, default "mode"
        Column with the way of asking.
    adjust : sequence of str, default ()
        Columns held equal in the adjusted difference: numbers, or words.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        The column `mode` (``"kiosk − paper"``), ``factor`` and ``item`` as in :func:`satisfaction`, the columns of
        ``tables.ESTIMATES`` and ``df``. ``value`` is the difference of the score, with the definition ``unadjusted``
        and, where `adjust` is given, ``adjusted``. What is left after adjustment may be the way of asking or what
        else sets these people apart: nobody was assigned to a mode by lot.

    Raises
    ------
    DataError
        For a missing column or a difference that cannot be estimated.
    ParameterError
        For an unknown word or way of asking.

    Notes
    -----
    Weighted least squares on indicators of the mode, with the errors of the design; without adjustment it is the
    difference of two means (tests/test_modes.py).
    """
    choose("score", score, tuple(SCORES))
    check_confidence(confidence)
    need_columns(responses, [mode, *adjust])
    ways = sorted(w for w in responses[mode].dropna().unique() if w != against)
    if len(ways) == responses[mode].nunique():
        choose("against", str(against), [str(w) for w in ways])
    form, sampled = structure(items, factors), draw(responses, design)
    places, sizes = positions(responses, form.items, scale=scale, no_answer=no_answer, reverse=reverse)
    y = scored(places, sizes, form.items, score)
    shown = responses[mode].isna().to_numpy()[:, None]
    ways_x = np.where(shown, np.nan, np.column_stack([(responses[mode] == w).to_numpy(dtype=float) for w in ways]))
    extra, names = model_matrix(responses, adjust)
    models = [("unadjusted", ways_x, []), ("adjusted", np.hstack([ways_x, extra]), names)]
    frames = []
    for definition, x, terms in models[: 1 + bool(adjust)]:
        found = _differences(y, x, [*map(str, ways), *terms], len(ways), form.combine, sampled)
        for k, way in enumerate(ways):
            value, error, df, n = (part[k] for part in found)
            half = t_value(confidence, df) * error
            few = len(np.unique(sampled.clusters)) < FEW_CLUSTERS if sampled.clustered else n < FEW
            table = build(
                pd.DataFrame({mode: f"{way} − {against}", "factor": form.factor, "item": form.item}),
                indicator=SCORES[score][1],
                value=value,
                std_error=error,
                lower=value - half,
                upper=value + half,
                confidence=confidence,
                n=n,
                definition=definition,
                basis="unknown" if design is None else "sample",
                method="linear_design",
                flags={"few": few},
                reasons={"no_freedom": df <= 0},
            )
            people = min((responses[mode] == w).sum() for w in (way, against))
            frames.append(suppress(table.assign(df=df, people=people), count="people", totals=[], min_count=min_count))
    return pd.concat(frames, ignore_index=True).drop(columns="people")


def _differences(
    y: Floats, x: Floats, names: list[str], ways: int, combine: Floats, sampled: Draw
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return, ways × (items and composites), differences, errors, degrees of freedom and respondents."""
    fits = [fit_linear(x, column, names, sampled) for column in y.T]
    every = np.hstack([np.eye(len(fits)), combine])
    value = np.array([f.coefficients[1 : ways + 1] for f in fits]).T @ every
    linear = np.stack([f.linear[:, 1 : ways + 1] for f in fits], axis=2) @ every
    error = np.array([np.sqrt(np.diag(covariance(linear[:, k], sampled))) for k in range(ways)])
    least = [
        np.array([values[np.flatnonzero(c)].min() for c in every.T])
        for values in (np.array([f.df for f in fits]), np.array([f.n for f in fits], dtype=float))
    ]
    df, n = (np.tile(v, (ways, 1)) for v in least)
    return value, error, df, n
