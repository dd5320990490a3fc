"""The 766 index as a wide table: one row per unit, counts and published scores."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dvresearch.loaders.figures import keep, published
from dvresearch.loaders.tidy import read_tidy
from dvresearch.tables import INDEX766, Q766_GROUPS

__all__ = ["load_index766"]

_FILES = ("q766-provinces-2026-10-10.csv", "q766-gialai-communes-2026-10-10.csv")
#: Column of the wide 766 table <- indicator and column of the long file.
_WIDE = {
    "received": ("dossiers_in_time_share", "denominator"),
    "in_time": ("dossiers_in_time_share", "numerator"),
    "out_of_time": ("dossiers_out_of_time", "value"),
    "dossier_days_mean": ("dossier_days_mean", "value"),
    "fee_dossiers": ("fees_paid_online_share", "denominator"),
    "paid_online": ("fees_paid_online_share", "numerator"),
    "feedback_total": ("feedback_in_time_share", "denominator"),
    "feedback_in_time": ("feedback_in_time_share", "numerator"),
    "feedback_satisfied": ("feedback_satisfied_share", "numerator"),
    "feedback_on_procedures": ("feedback_on_procedures_share", "numerator"),
    "feedback_on_staff": ("feedback_on_staff_share", "numerator"),
    "satisfied_766": ("q766_satisfaction_share", "numerator"),
    "satisfaction_base_766": ("q766_satisfaction_share", "denominator"),
    **{score: (score, "value") for score in ("q766_total", *Q766_GROUPS, "q766_change")},
}


def load_index766(path: str | Path | None = None, *, level: str = "province") -> pd.DataFrame:
    """Load the 766 index: one row per unit, with counts and published scores.

    Parameters
    ----------
    path : path, optional
        A wide file with the columns of ``tables.INDEX766`` (such as ``data/processed/index766.csv``); the
        published scores of 10 October 2026 when not given.
    level : {"province", "commune", "department"}, default "province"
        Level of the units. Published communes are those of Gia Lai: scores, and counts for two of them.

    Returns
    -------
    DataFrame
        The columns of ``tables.INDEX766``. The portal publishes ``in_time`` (finished in time or open within
        time) and ``out_of_time``; ``satisfied_766`` of ``satisfaction_base_766`` is its imputed satisfaction.

    Raises
    ------
    DataError
        As :func:`dvresearch.load_figures`.
    ParameterError
        When there is no unit of this level.

    Notes
    -----
    Source: national public service portal, index of Decision 766/QĐ-TTg, cumulative from 1 January to
    10 October 2026. Counts and scores are those published; nothing is recomputed here.
    """
    frame = _widen(published(_FILES)) if path is None else read_tidy(Path(path), INDEX766)
    return keep(frame, "unit_level", level).reset_index(drop=True)


def _widen(long: pd.DataFrame) -> pd.DataFrame:
    identity = [c.name for c in INDEX766.columns if c.kind in ("code", "text", "date") and c.name != "basis"]
    long = long.set_index(identity)
    wide = long.loc[~long.index.duplicated(), []].copy()
    for column, (indicator, part) in _WIDE.items():
        wide[column] = long.loc[long["indicator"] == indicator, part]
    wide["basis"] = "census"
    return wide.reset_index()[INDEX766.names]
