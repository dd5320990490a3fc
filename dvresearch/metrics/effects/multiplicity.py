"""What still stands out when it counts that several things were looked at: adjusted p-values, several outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import DataError, message
from dvresearch.metrics import findings
from dvresearch.metrics.findings import graded, p_value, untested
from dvresearch.tables import ESTIMATES, check

__all__ = ["adjusted", "several_outcomes"]

#: The rows of a table of effects that sum an outcome up: column, and its word there.
_SUMS = {"effect": "overall", "term": "average"}
#: Ways to adjust p-values for their number, and what statsmodels calls them.
_METHODS = {"holm": "holm", "benjamini_hochberg": "fdr_bh"}
#: Columns that tell the rows of one outcome apart, not the outcomes.
_OF_ONE = {*_SUMS, "cohort", "period", "event_time", "band", "restriction", "m"}


def adjusted(p: Sequence[float], method: Literal["holm", "benjamini_hochberg"]) -> list[float]:
    """Return p-values adjusted for their number, in the same order.

    Parameters
    ----------
    p : sequence of float
        Raw p-values.
    method : {"holm", "benjamini_hochberg"}
        Holm's step-down (chance of any false rejection), or Benjamini and Hochberg's step-up (share of false ones
        among the rejections).

    Notes
    -----
    As in statsmodels. Checked against R ``p.adjust``, validation case ``multiple_testing``.
    """
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method=_METHODS[method])[1].tolist() if len(p) else []


def several_outcomes(estimates: pd.DataFrame) -> pd.DataFrame:
    """Say which of several outcomes still stand out when it counts that several were looked at.

    Parameters
    ----------
    estimates : DataFrame
        Tables of :func:`impact` or :func:`interrupted_series` for several outcomes, one under the other. Of each, the
        row that sums it up is taken (``overall``, ``average``); any other table has one row for each outcome. Columns
        in front (the field, the name of a series) tell outcomes of the same indicator apart.

    Returns
    -------
    DataFrame
        Findings ``several_outcomes``, one for each outcome: ``stated`` its own p-value, ``computed`` the one after
        Benjamini and Hochberg's adjustment; ``review`` when only the first is below 0.05, ``unknown`` without interval.

    Raises
    ------
    DataError
        When `estimates` breaks its contract, holds no row that sums up, or several for one outcome.

    Notes
    -----
    The p-value is read from the interval, so that it is below 0.05 exactly when a 95 % interval leaves no effect out:
    Student's t of the limit on the side of no effect, with the degrees of freedom at which its quantile is as many
    standard errors long as the interval; of a ratio the logarithm, no effect being 1. Where there is a permutation
    interval its limit is the one used. Checked against Student's t and permutation tests (tests/test_effect_checks.py).
    """
    check(estimates, ESTIMATES)
    rows = estimates.reset_index(drop=True)
    for column, word in _SUMS.items():
        if column in rows:  # a table of another kind, put under this one, has nothing there
            rows = rows[rows[column].isna() | (rows[column] == word)]
    named = [c for c in rows.loc[:, :"indicator"].columns[:-1] if c not in _OF_ONE]
    where = [
        f"{name} ({', '.join(map(str, label))})" if (label := [v for v in labels if pd.notna(v)]) else str(name)
        for name, *labels in rows[["indicator", *named]].itertuples(index=False)
    ]
    rows, ratio = rows.set_axis(where), (rows["indicator"] == "series_change_ratio").to_numpy()
    limits = ["value", "lower", "upper"]
    rows.loc[ratio, "std_error"] /= rows.loc[ratio, "value"]
    rows.loc[ratio, limits] = np.log(rows.loc[ratio, limits])
    # How far the interval reaches out on the side of no effect.
    rows["reach"] = np.where(rows["value"] > 0, rows["value"] - rows["lower"], rows["upper"] - rows["value"])
    drawn = (rows["method"] == "randomisation").to_numpy()
    # What cannot be estimated has a row for each reason.
    whole = rows[~drawn].loc[lambda rows: rows["value"].notna() | ~rows.index.duplicated()]
    if whole.empty:
        raise DataError("no-overall-estimate", got="0")
    twice = whole.index[whole.index.duplicated()]
    if len(twice):
        raise DataError("outcome-with-several-estimates", got=f"{twice[0]}: {(whole.index == twice[0]).sum()}")
    told = pd.concat([rows[drawn], whole])
    told = told[~told.index.duplicated()].loc[whole.index]
    tail, long = (1 + told["confidence"]) / 2, whole["reach"] / whole["std_error"]
    # A place of its own on one side has no error: as few degrees of freedom as there can be.
    freedom = special.stdtridf(tail, long).where(np.isfinite(long), 1.0)
    own = 2 * special.stdtr(freedom, -special.stdtrit(freedom, tail) * told["value"].abs() / told["reach"])
    own = own.where(told["reach"] > 0)
    after = pd.Series(adjusted(own.dropna().tolist(), "benjamini_hochberg"), own.dropna().index)
    return findings.table(
        graded("several_outcomes", "review" if p < 0.05 <= q else "pass", name, computed=p_value(q), stated=p_value(p))
        if np.isfinite(p)
        else untested("several_outcomes", name, message("no-interval-no-p"))
        for name, p, q in zip(own.index, own, after.reindex(own.index), strict=True)
    )
