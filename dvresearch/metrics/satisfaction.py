"""Satisfaction as published: shares of those who chose to rate, survey indices, imputed scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dvresearch.metrics.estimates import CEILING, FEW, build, check_confidence, check_part, column_numbers, has_flag
from dvresearch.metrics.proportions import wilson
from dvresearch.tables import FIGURES, FLAGS, UNIT_KEY, check

__all__ = ["published_satisfaction"]


def published_satisfaction(figures: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Published satisfaction, each number with what can and cannot be said about it.

    Parameters
    ----------
    figures : DataFrame
        Published shares (0-1) of satisfied people, see ``tables.FIGURES``. ``numerator`` and ``denominator``
        are used where the source prints them; ``basis`` and ``flags`` are taken over.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.

    Returns
    -------
    DataFrame
        The unit columns, ``part`` and ``period``, then the columns of ``tables.ESTIMATES``. With counts:
        the share of the counts and its Wilson interval, which for volunteers says nothing about those
        who did not rate (:func:`selection_bounds` does). Without counts: the published value, no
        interval, reason ``no_n``. Where the figure does not say, ``basis`` is volunteers, or census for
        imputed satisfaction, which counts every case and asks nobody.
        ``flags``: ``ceiling`` from 95 % on, ``few`` below 30 answers, and those of the figure
        (``imputed`` for the 766 index).

    Raises
    ------
    DataError
        For a table that breaks the contract or a numerator above its denominator.

    Notes
    -----
    Checked against Yên Phong 2023 (100 %, no n printed) and the feedback of the 34 provinces in the 766
    index, n from 6 to 5 514 (tests/test_satisfaction.py).
    """
    check(figures, FIGURES)
    check_confidence(confidence)
    given = figures.columns
    figures = figures.reindex(columns=FIGURES.names)
    x, n, stated = (column_numbers(figures, c) for c in ("numerator", "denominator", "value"))
    check_part(x, n, names=("numerator", "denominator"))
    counted = ~np.isnan(x) & (n > 0)
    value = np.where(counted, np.divide(x, n, out=np.full(len(n), np.nan), where=counted), stated)
    lower, upper, error = (np.full(len(n), np.nan) for _ in range(3))
    lower[counted], upper[counted] = wilson(x[counted], n[counted], confidence)
    error[counted] = np.sqrt(value[counted] * (1 - value[counted]) / n[counted])

    def words(column: str) -> pd.Series:
        return figures[column].astype("str").fillna("")

    flagged = figures.assign(flags=words("flags"))
    asked_or_not = pd.Series(np.where(has_flag(flagged, "imputed"), "census", "volunteers"), index=figures.index)
    basis = words("basis").mask(lambda b: b == "", asked_or_not)
    frames = []
    for indicator in figures["indicator"].unique():
        rows = (figures["indicator"] == indicator).to_numpy()
        flags = {f: has_flag(flagged[rows], f) for f in FLAGS}
        keys = [c for c in (*UNIT_KEY, "part", "period") if c in given]
        frames.append(
            build(
                figures.loc[rows, keys].reset_index(drop=True),
                indicator=indicator,
                value=value[rows],
                std_error=error[rows],
                lower=lower[rows],
                upper=upper[rows],
                confidence=confidence,
                numerator=x[rows],
                denominator=n[rows],
                n=n[rows],
                definition=words("definition")[rows].reset_index(drop=True),
                basis=basis[rows].reset_index(drop=True),
                method=pd.Series(np.where(counted[rows], "wilson", "published")),
                flags={**flags, "few": flags["few"] | (n < FEW)[rows], "ceiling": (value >= CEILING)[rows]},
                reasons={"zero_denominator": (n == 0)[rows], "no_n": ~counted[rows]},
            )
        )
    out = pd.concat(frames, ignore_index=True)
    return out.assign(confidence=out["confidence"].where(out["lower"].notna()))
