"""What the satisfaction of those who rated can say about everyone who was served."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dvresearch.errors import ParameterError
from dvresearch.metrics.estimates import CEILING, FEW, Floats, build, grouped_counts

__all__ = ["selection_bounds"]


def selection_bounds(
    table: pd.DataFrame,
    *,
    numerator: str,
    answered: str,
    served: str,
    by: str | Sequence[str] | None = None,
    odds_ratios: Sequence[float] = (2.0,),
    indicator: str = "satisfied_share",
) -> pd.DataFrame:
    """Bounds for the share among all served when only some chose to answer.

    Parameters
    ----------
    table : DataFrame
        Counts, any number of rows per group.
    numerator, answered, served : str
        Columns with those who were satisfied, those who rated, and everyone served; each is a
        part of the next.
    by : str or sequence of str, optional
        Grouping columns; counts of a group are added.
    odds_ratios : sequence of float, default (2,)
        Assumptions to be shown beside the worst case, each at least 1: the odds of satisfaction
        of those who did not rate are at most so many times, and at least one over so many times,
        the odds of those who did.
    indicator : str, default "satisfied_share"
        Code of the codebook.

    Returns
    -------
    DataFrame
        `by` and ``odds_ratio`` (missing for the worst case), then the columns of ``tables.ESTIMATES``,
        for each group one row with the method ``worst_case`` and one with ``odds_ratio`` for each
        assumption. ``value`` is the share among those who answered, which holds for everyone
        served only if the others were like them; ``lower`` and ``upper`` are bounds for everyone
        served, not a confidence interval, so ``confidence`` is missing. ``denominator`` is everyone
        served and ``n`` those who answered.

        The reason is ``no_served`` where the number served is not known, ``no_counts`` where an
        other count is not, ``no_answer`` where nobody rated, and ``odds_undefined`` where all or none
        of the answers are positive: an odds ratio then assumes nothing, and only the worst case is left.

    Raises
    ------
    DataError
        For a missing column, an empty table, text, a negative count, or a part above its whole.
    ParameterError
        For an odds ratio below 1.

    Notes
    -----
    With x satisfied of n answers among N served: worst case ``x/N`` to ``(x + N - n)/N``; under an
    odds ratio ψ the share q of those who did not answer has ``q/(1 - q) = ψ·x/(n - x)``, and the
    bound is ``(x + (N - n)·q)/N`` at ``1/ψ`` and at ψ.

    References
    ----------
    Manski (1989), Journal of Human Resources 24:343-360, for the worst case. Rosenbaum (2002),
    Observational Studies, chapter 4, for sensitivity stated as an odds ratio.
    """
    wrong = [r for r in odds_ratios if not 1 <= r < np.inf]
    if wrong:
        raise ParameterError("odds-ratio-below-one", got=", ".join(map(repr, wrong)))
    keys, (x, n, total) = grouped_counts(
        table, [numerator, answered, served], by=by, nested=(numerator, answered, served)
    )
    silent = total - n
    with np.errstate(divide="ignore", invalid="ignore"):
        share, odds = x / n, x / (n - x)

    tables = []
    for ratio in (np.nan, *odds_ratios):
        worst = np.isnan(ratio)
        low, high = (np.zeros(len(n)), np.ones(len(n))) if worst else (_share(odds / ratio), _share(odds * ratio))
        defined = worst | ((x > 0) & (x < n)) | (silent == 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, upper = ((x + np.where(silent == 0, 0, silent * q)) / total for q in (low, high))
        tables.append(
            build(
                keys.assign(odds_ratio=ratio),
                indicator=indicator,
                value=np.where(np.isnan(total), np.nan, share),
                lower=np.where(defined, lower, np.nan),
                upper=np.where(defined, upper, np.nan),
                numerator=x,
                denominator=total,
                n=n,
                basis="volunteers",
                method="worst_case" if worst else "odds_ratio",
                flags={"few": n < FEW, "ceiling": share >= CEILING},
                reasons={
                    "no_served": np.isnan(total),
                    "no_counts": np.isnan(x + n),
                    "no_answer": n == 0,
                    "odds_undefined": ~defined,
                },
            )
        )
    # A stable sort by group puts the rows of one group together, worst case first.
    return pd.concat(tables).sort_index(kind="stable", ignore_index=True)


def _share(odds: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return odds / (1 + odds)
