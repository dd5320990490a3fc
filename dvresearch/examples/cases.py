"""Synthetic receptions, petitions, feedback and recommendations whose truth is known. Nothing here is real."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from dvresearch import workdays

__all__ = ["cases"]

#: Kind, share of all cases, time limit in working days (made up), fields.
_KINDS = (
    ("reception", 0.45, 10, ("Đất đai", "Chính sách xã hội", "Xây dựng")),
    ("complaint", 0.10, 30, ("Đất đai", "Xây dựng")),
    ("denunciation", 0.02, 30, ("Quản lý tài chính", "Đất đai")),
    ("petition", 0.18, 20, ("Đất đai", "Môi trường", "Giao thông")),
    ("feedback", 0.22, 15, ("Môi trường", "Giao thông", "Thủ tục hành chính")),
    ("supervision", 0.03, 20, ("Đầu tư công", "Chính sách xã hội")),
)
_CHANNELS = {"reception": "desk", "complaint": "post", "denunciation": "post", "supervision": "other"}
#: The truth: share of cases finished late, of raters satisfied, sent again, of recommendations accepted.
LATE, SATISFIED, REPEATED, ACCEPTED = 0.12, 0.72, 0.06, 0.65
_RATED = 0.4


def cases(
    n: int,
    units: pd.DataFrame,
    *,
    seed: int = 0,
    first: str | date = "2025-01-01",
    last: str | date = "2025-12-31",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the cases of some communes, and say what is true of them.

    Parameters
    ----------
    n : int
        How many cases in all, shared out in proportion to ``population``.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same cases.
    first, last : date
        First and last day of receipt, inside the calendar of working days. What is due or finished later is kept.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.CASES``, in order of receipt, all closed.
    truth : DataFrame
        One row per unit and kind that occurs: ``unit``, ``kind`` and how many cases were ``received``, ``late`` (by the
        day), ``rated``, ``satisfied``, ``repeated`` and ``accepted``, and the ``visits``, ``people``, ``matters`` and
        ``delegations`` among them.
    """
    rng = np.random.default_rng([seed, 5])
    weights = units["population"].to_numpy(dtype=np.float64)
    unit = units["unit"].to_numpy()[rng.choice(len(units), n, p=weights / weights.sum())]
    names, shares, limits, _ = zip(*_KINDS, strict=True)
    code = rng.choice(len(names), n, p=shares)
    kind = np.array(names)[code]
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + np.timedelta64(1, "D"))
    received = np.sort(rng.choice(days[workdays.is_working(days)], n))
    limit = np.array(limits)[code]
    due = workdays.add_working_days(received, limit)
    late = rng.random(n) < LATE
    used = np.where(late, limit + rng.integers(1, 20, n), np.floor(limit * rng.beta(3, 2, n)))
    resolved = workdays.add_working_days(received, used.astype(np.int64))

    reception, supervision = kind == "reception", kind == "supervision"
    accepted = np.where(rng.random(n) < ACCEPTED, "accepted", "not_accepted")
    outcome = np.where(supervision, accepted, rng.choice(["handled", "forwarded"], n, p=[0.9, 0.1]))
    group = reception & (rng.random(n) < 0.04)
    people = np.where(group, rng.integers(5, 40, n), rng.integers(1, 4, n)).astype(np.float64)
    rated = ~supervision & (rng.random(n) < _RATED)
    frame = pd.DataFrame(
        {
            "case": [f"GL.VV.{i:06}" for i in range(1, n + 1)],
            "unit": unit,
            "kind": kind,
            "field": [str(rng.choice(_KINDS[c][3])) for c in code],
            "visits": np.where(reception, 1.0, np.nan),
            "people": np.where(reception, people, np.nan),
            "matters": np.where(reception, 1.0, np.nan),
            "group_visit": pd.Series(group, dtype="boolean").where(reception),
            "channel": [_CHANNELS.get(k, str(rng.choice(["portal", "hotline"]))) for k in kind],
            "received": received.astype("datetime64[s]"),
            "due": due.astype("datetime64[s]"),
            "resolved": resolved.astype("datetime64[s]"),
            "outcome": outcome,
            "satisfied": pd.Series(rng.random(n) < SATISFIED, dtype="boolean").where(rated),
            "repeated": pd.array(rng.random(n) < REPEATED, dtype="boolean"),
        }
    ).astype(dict.fromkeys(("case", "unit", "kind", "field", "channel", "outcome"), "str"))
    truth = frame[["unit", "kind"]].assign(
        received=1,
        late=late,
        rated=rated,
        satisfied=frame["satisfied"].fillna(False),
        repeated=frame["repeated"],
        accepted=outcome == "accepted",
        visits=reception,
        people=np.where(reception, people, 0),
        matters=reception,
        delegations=group,
    )
    return frame, truth.groupby(["unit", "kind"], sort=False).sum().astype(np.int64).reset_index()
