"""Synthetic communes and dossiers whose truth is known.

No commune, dossier or share here is real: names say so, and the numbers come from a seeded
generator. The procedures are typical of a commune; their time limits are made up.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import workdays
from dvresearch.errors import ParameterError

__all__ = ["MARK", "communes", "dossiers"]

#: The words by which names of synthetic units and files are known.
MARK = "giả lập"

#: Procedure, field, time limit in working days, relative frequency.
_PROCEDURES = (
    ("Chứng thực bản sao từ bản chính", "Chứng thực", 1, 30),
    ("Chứng thực chữ ký", "Chứng thực", 1, 12),
    ("Đăng ký khai sinh", "Hộ tịch", 2, 8),
    ("Đăng ký kết hôn", "Hộ tịch", 3, 5),
    ("Cấp giấy xác nhận tình trạng hôn nhân", "Hộ tịch", 3, 7),
    ("Đăng ký khai tử", "Hộ tịch", 1, 3),
    ("Trợ cấp xã hội hằng tháng", "Bảo trợ xã hội", 10, 6),
    ("Hỗ trợ chi phí mai táng", "Bảo trợ xã hội", 5, 3),
    ("Đăng ký biến động đất đai", "Đất đai", 15, 9),
    ("Cấp giấy phép xây dựng nhà ở riêng lẻ", "Xây dựng", 15, 4),
    ("Đăng ký thành lập hộ kinh doanh", "Hộ kinh doanh", 3, 6),
)
#: How busy the months are, January first: quiet around Tết, busy in spring and when the school year begins.
_MONTHS = np.array([0.8, 0.6, 1.2, 1.2, 1.1, 1.1, 1.1, 1.2, 1.1, 1.0, 0.9, 0.7])
_ENDS = {"granted": 0.95, "refused": 0.015, "returned": 0.015, "withdrawn": 0.015, "stopped": 0.005}
_DAY = np.timedelta64(1, "D")


def communes(n: int = 12, *, seed: int = 0) -> pd.DataFrame:
    """Make up communes.

    Parameters
    ----------
    n : int, default 12
        How many, 1 to 9999.
    seed : int, default 0
        The same seed gives the same communes.

    Returns
    -------
    DataFrame
        One row per commune: ``unit`` (``Xã Mẫu 01 (giả lập)``), ``population``, ``dossiers_a_year``,
        ``late_share`` (the true probability that a dossier is late, 0-1), ``online_share`` (0-1) and
        ``saturday`` (whether the desk is open on Saturday mornings).
    """
    if not 1 <= n <= 9999:
        raise ParameterError("number-outside-range", got=f"n={n!r}", name="n", least="1", most="9999")
    rng = np.random.default_rng([seed, 1])
    kinds = np.where(rng.random(n) < 0.7, "Xã", "Phường")
    population = np.round(rng.lognormal(np.log(16_000), 0.45, n), -1).astype(np.int64)
    return pd.DataFrame(
        {
            "unit": [f"{kind} Mẫu {i:0{max(2, len(str(n)))}} ({MARK})" for i, kind in enumerate(kinds, start=1)],
            "population": population,
            "dossiers_a_year": np.round(population * rng.uniform(0.15, 0.35, n)).astype(np.int64),
            "late_share": np.round(rng.beta(2, 22, n), 4),
            "online_share": np.round(rng.uniform(0.3, 0.9, n), 3),
            "saturday": rng.random(n) < 0.4,
        }
    )


def dossiers(
    n: int,
    units: pd.DataFrame,
    *,
    seed: int = 0,
    first: str | date = "2025-01-01",
    last: str | date = "2025-12-31",
    as_of: str | date | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the dossiers of some communes, and say what is true of them.

    Parameters
    ----------
    n : int
        How many dossiers in all, shared out in proportion to ``dossiers_a_year``.
    units : DataFrame
        From :func:`communes`; ``late_share`` and the other columns may be changed before.
    seed : int, default 0
        The same seed gives the same dossiers.
    first, last : date
        First and last day of receipt, inside the calendar of working days.
    as_of : date, optional
        When the file is drawn (the end of that day): what is not finished by then is open, or paused: some
        of the longer procedures wait for the citizen's supplement. Without it, everything is finished.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.DOSSIERS``, in order of receipt. A dossier is due at 17:00 on the last working day of its
        time limit and comes online at any time, over the counter on working days (Saturday mornings too where
        the desk is open), by post on working days.
    truth : DataFrame
        One row per unit, in the order of `units`: ``unit``, ``late_share``, and how many of its dossiers were
        ``received`` and are ``late`` under the clock ``date`` with supplement days subtracted: finished after the
        due day or, at `as_of`, open behind it and not paused.
    """
    rng = np.random.default_rng([seed, 2])
    weights = units["dossiers_a_year"].to_numpy(dtype=np.float64)
    of = np.sort(rng.choice(len(units), n, p=weights / weights.sum()))
    online = rng.random(n) < units["online_share"].to_numpy()[of]
    channel = np.where(online, "online", np.where(rng.random(n) < 0.93, "counter", "post"))
    saturday = units["saturday"].to_numpy(dtype=bool)[of] & (channel == "counter")

    end = None if as_of is None else np.datetime64(as_of, "D")
    stop = np.datetime64(last, "D") if end is None else min(np.datetime64(last, "D"), end)
    received = _days_of_receipt(rng, np.arange(np.datetime64(first, "D"), stop + _DAY), online, saturday)
    minute = np.where(online, rng.integers(6 * 60, 23 * 60, n), _office_minutes(rng, n))
    on_saturday = ~online & ~workdays.is_working(received)
    minute = np.where(on_saturday, rng.integers(7 * 60 + 30, 11 * 60 + 30, n), minute)
    moment = received.astype("datetime64[m]") + minute.astype("timedelta64[m]")

    names, fields, limits, frequency = zip(*_PROCEDURES, strict=True)
    kind = rng.choice(len(names), n, p=np.array(frequency) / sum(frequency))
    limit = np.array(limits)[kind]
    due = workdays.add_working_days(received, limit)
    requests = np.where(limit >= 3, rng.choice(3, n, p=[0.92, 0.07, 0.01]), 0)
    stopped = requests * rng.integers(1, 6, n)  # in working days, so that the extended due day is one of them
    extended = workdays.add_working_days(due, stopped)

    late = rng.random(n) < units["late_share"].to_numpy()[of]
    # In time: near the due day more often than not, and not before the office has opened again. Late: up to four weeks.
    used = np.minimum(np.floor(limit * rng.beta(3, 1.5, n) + 0.5), limit)
    used = np.where((minute >= 16 * 60) | ~workdays.is_working(received), np.maximum(used, 1), used)
    done = workdays.add_working_days(received, used + stopped)
    done = np.where(late, workdays.add_working_days(extended, rng.integers(1, 21, n)), done)
    resolved = done.astype("datetime64[m]") + _office_minutes(rng, n).astype("timedelta64[m]")
    resolved = np.maximum(resolved, moment + np.timedelta64(15, "m"))
    outcome = rng.choice(list(_ENDS), n, p=list(_ENDS.values()))

    frame = pd.DataFrame(
        {
            "dossier": "",
            "unit": units["unit"].to_numpy()[of],
            "procedure": np.array(names)[kind],
            "field": np.array(fields)[kind],
            "channel": channel,
            "received": moment.astype("datetime64[s]"),
            "due": due.astype("datetime64[m]") + np.timedelta64(17 * 60, "m"),
            "resolved": resolved.astype("datetime64[s]"),
            "outcome": outcome,
            "supplement_days": (extended - due).astype(np.float64),
            "supplement_requests": requests.astype(np.float64),
        }
    )
    if end is not None:
        still = done > end
        frame["resolved"] = frame["resolved"].mask(still)
        # a stream of its own, so that what is drawn above stays what it is without `as_of`
        paused = still & (limit >= 3) & (np.random.default_rng([seed, 5]).random(n) < 0.15)
        frame["outcome"] = frame["outcome"].mask(still, "open").mask(paused, "paused")
        frame["supplement_requests"] = frame["supplement_requests"].mask(paused, np.maximum(requests, 1.0))
        late = np.where(still, (extended < end) & ~paused, late)
    truth = pd.DataFrame({"unit": units["unit"], "late_share": units["late_share"]})
    truth["received"] = np.bincount(of, minlength=len(units))
    truth["late"] = np.bincount(of, weights=late, minlength=len(units)).astype(np.int64)

    frame = frame.sort_values("received", kind="stable", ignore_index=True)
    frame["dossier"] = [f"GL.{when.year}.{i:06}" for i, when in enumerate(frame["received"], start=1)]
    texts = ["dossier", "unit", "procedure", "field", "channel", "outcome"]
    times = ["received", "due", "resolved"]
    return frame.astype(dict.fromkeys(texts, "str") | dict.fromkeys(times, "datetime64[s]")), truth


def _office_minutes(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Return minutes of the day between 7:30 and 11:30 or 13:30 and 17:00."""
    minute = rng.integers(0, 7 * 60 + 30, n)
    return np.where(minute < 4 * 60, 7 * 60 + 30 + minute, 9 * 60 + 30 + minute)


def _days_of_receipt(
    rng: np.random.Generator, days: NDArray[np.datetime64], online: NDArray[np.bool_], saturday: NDArray[np.bool_]
) -> NDArray[np.datetime64]:
    """Draw days: busier in some months and on Mondays; offline only when the desk is open."""
    monday = (days.astype(np.int64) + 3) % 7 == 0
    busy = _MONTHS[days.astype("datetime64[M]").astype(np.int64) % 12] * np.where(monday, 1.3, 1.0)
    working = workdays.is_working(days)
    opened = workdays.is_working(days, "desk", calendar=workdays.calendar({"desk": "saturday"}))
    out = np.empty(len(online), dtype="datetime64[D]")
    for rows, weight in (
        (online, np.where(working, busy, 0.3 * busy)),
        (~online & ~saturday, np.where(working, busy, 0.0)),
        (saturday, np.where(working, busy, np.where(opened, 0.4 * busy, 0.0))),
    ):
        out[rows] = rng.choice(days, int(rows.sum()), p=weight / weight.sum())
    return out
