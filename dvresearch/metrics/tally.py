"""From dossiers to counts: what came in, what was finished in time or late, what is still open.

Every dossier is followed through the periods in which it was at the office. In each of
them it stands in exactly one place, so that for every row of the result

    carried_in + received = resolved + withdrawn + pending + undated
    resolved = resolved_within + resolved_late,  resolved_within = resolved_early + resolved_on_time
    pending = pending_within + pending_overdue + pending_paused

A dossier that waits for the citizen's supplement is paused: its clock stands still, so it is neither
within its time nor overdue. Those handed back or withdrawn have a column of their own (``withdrawn``, as
in the published tables); one refused or stopped is finished, in time or late like any other. In form
II.06a ``resolved_on_time + withdrawn`` is nearest to column 9, ``pending_within + pending_paused`` to column 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics.clock import DAY, SETTINGS, Bools, Ints, Known, Moment, Times, check_dossiers, received_by
from dvresearch.metrics.estimates import ALL, group_names, label_groups
from dvresearch.tables import TALLY

__all__ = ["tally"]

_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
#: The columns of the result behind those counted by.
_RESULT = [c.name for c in TALLY.columns if c.kind in ("count", "date")] + [
    "period",
    "clock",
    "supplement",
    "basis",
    "note",
]


def tally(
    dossiers: pd.DataFrame,
    by: str | Sequence[str] = ("unit",),
    *,
    as_of: date | datetime | str | pd.Timestamp,
    period: Literal["month", "quarter", "half-year", "year"] | None = None,
    clock: Literal["auto", "instant", "date"] = "auto",
    supplement: Literal["subtract", "q766", "ignore"] = "subtract",
    financial_duty: Literal["runs", "paused"] | None = None,
    halted: Literal["ends", "paused"] | None = None,
) -> pd.DataFrame:
    """Count dossiers by unit and period.

    Parameters
    ----------
    dossiers : DataFrame
        One row per dossier, as :func:`dvresearch.load_dossiers` returns it. ``received`` is needed;
        ``due``, ``resolved``, ``outcome``, ``supplement_days`` and ``supplement_requests`` are used where
        present. Any table with these columns can be counted.
    by : str or sequence of str, default ("unit",)
        Columns to count by; a missing label becomes the group ``(không rõ)``.
    as_of : date, str or Timestamp
        When the file was drawn. What happened later is not known then: a dossier received later
        is left out, one resolved later is still pending. A day (no hour) means all of that day.
    period : {"month", "quarter", "half-year", "year"}, optional
        A row per unit and period, from the first receipt to `as_of`; the last one ends at `as_of`.
        Without it, one row per unit over the whole time.
    clock : {"auto", "instant", "date"}, default "auto"
        ``date``: in time when resolved on the due day or before. ``instant``: in time when
        ``resolved <= due``, to the second; a due date without hour is the first instant of its day.
        ``auto``: to the second where the due time has an hour, by the day where it has none. Early is, under
        all of them, in time and resolved on a day before the due day.
    supplement : {"subtract", "q766", "ignore"}, default "subtract"
        ``subtract``: the due time moves back by ``supplement_days`` (calendar days). ``q766`` (formula
        note to QĐ 766/QĐ-TTg): due times as promised; a pending dossier with one request for a
        supplement is within its time, one with two or more requests is late, finished or not.
        ``ignore``: due times as promised, requests not looked at. Choose this one where the office moves
        the due date itself after a supplement: the same days would be subtracted twice.
    financial_duty : {"runs", "paused"}, optional
        Whether the clock runs while a citizen is to pay (state ``financial_duty``): software differs.
    halted : {"ends", "paused"}, optional
        What the state ``halted`` ("Dừng xử lý", "Tạm dừng") means without a day of the end: finished, or paused.

    Returns
    -------
    DataFrame
        The `by` columns, ``period``, ``period_start``, ``period_end``, ``as_of``, and the counts of
        ``tables.TALLY``:

        received, carried_in, workload
            Received in the period, pending at its start, and their sum.
        resolved_early, resolved_on_time, resolved_within, resolved_late, resolved
            Finished in the period and why in time or late. A dossier resolved before it was
            received is finished in the period of its receipt.
        pending_within, pending_overdue, pending_paused, pending
            Open at the end of the period. Overdue is: due before that day, or before the instant
            when `as_of` is one and the clock is not ``date``. A dossier paused at `as_of` is paused at the
            end of each period since its receipt: lists do not say when the pause began.
        withdrawn
            Handed back or withdrawn in the period.
        undated
            In the workload, but in none of these, since its timeliness cannot be known: no due time, or
            finished (by its outcome) on a day not stated. Kept while open, then counted once more
            in the period of its end; without a day of its end only in that of its receipt.
        due, due_within
            Due in the period and neither withdrawn nor paused, and those of them finished in time. An open
            dossier is among them once it is overdue: on the closing day one due that day is not. A due time
            before the receipt counts in the period of the receipt.
        in_time, out_of_time
            The dossiers received in the period by their state at `as_of`: finished in time or pending
            within, and finished late or overdue, those handed back or withdrawn included. A paused one is
            neither, but under ``q766`` in time, or late from the second request on.

        ``clock`` (the one used), ``supplement``, ``basis`` (census) and ``note`` follow. The note counts what was
        left out or deserves a look, for the whole file: ``received_later`` (after `as_of`), ``not_received`` (no date
        of receipt), ``not_started`` and ``not_admitted`` (registered, but never taken in), ``late_by_hour`` (late
        under clock ``instant`` although resolved on a due day given without hour). Rows without any count are
        left out.

    Raises
    ------
    DataError
        For a missing column, times that are text, times with and without zone in one table, negative
        supplement days, or nothing received by `as_of`.
    ParameterError
        For an unknown word, an `as_of` that is no date, or dossiers without a day of their end in a state
        that needs the setting `financial_duty` or `halted`.

    Notes
    -----
    Checked against a loop over dossiers and periods (tests/test_tally.py) and against counts of
    the CoSeLoG receipt log: of 1,329 closed cases 952 in time by the instant, 1,020 by the day.
    """
    check_choice("clock", clock, ("auto", "instant", "date"))
    check_choice("supplement", supplement, ("subtract", "q766", "ignore"))
    settings = {"financial_duty": financial_duty, "halted": halted}
    for name, answer in settings.items():
        if answer is not None:
            check_choice(name, answer, tuple(SETTINGS[name]))
    if period is not None:
        check_choice("period", period, tuple(_MONTHS))
    labels = group_names(by)
    clash = [c for c in labels if c in _RESULT]
    if clash:
        raise ParameterError("not-a-column-to-count-by", got=", ".join(clash))
    check_dossiers(dossiers, labels)
    now = Moment.of(as_of, getattr(dossiers["received"].dtype, "tz", None))

    rows, note = received_by(dossiers, now)
    keys, group = label_groups(rows, labels)
    file = Known.of(rows, now, clock=clock, supplement=supplement, settings=settings)
    late = file.late(now)
    early = file.dated & file.ended & ~late & (file.end_day < file.due_day)
    if file.clock == "instant":
        note["late_by_hour"] = int((late & file.ended & file.due_without_hour & (file.end_day == file.due_day)).sum())

    periods = _Periods.of(file.received_day.min(), now.day, period)
    cells = _Cells(group, len(keys), periods.count)
    start = periods.index(file.received_day)
    # A dossier resolved before it was received leaves in the period in which it came; so does one whose end is unknown.
    end = np.where(file.ended, np.maximum(periods.index(file.end_day), start), periods.count)
    end = np.where(file.end_unknown, start, end)
    gone = end < periods.count
    twice = file.requests >= 2
    # The first period at whose end an open dossier is overdue. One due on the last day is not: it is late tomorrow.
    turn = np.where(twice, 0, periods.index(file.due_day + DAY))
    turn = np.where(gone, turn, np.where(late, np.minimum(turn, periods.count - 1), periods.count))
    due_in = np.maximum(periods.index(file.due_day), start)

    judged = file.dated & gone & ~file.withdrawn
    running = file.dated & ~file.paused
    falls_due = running & ~file.withdrawn & file.came_due(now, late)
    in_time, out_of_time = running & ~late, running & late
    if supplement == "q766":
        in_time, out_of_time = in_time | (file.paused & ~twice), out_of_time | (file.paused & twice)
    counts = {
        "received": cells.at(start),
        "resolved_early": cells.at(end, judged & early),
        "resolved_on_time": cells.at(end, judged & ~early & ~late),
        "resolved_late": cells.at(end, judged & late),
        "withdrawn": cells.at(end, gone & file.withdrawn),
        "undated": cells.at(end, gone & ~file.dated & ~file.withdrawn),
        "due": cells.at(due_in, falls_due),
        "due_within": cells.at(due_in, falls_due & file.ended & ~late),
        "in_time": cells.at(start, in_time),
        "out_of_time": cells.at(start, out_of_time),
        "pending_within": cells.between(start, np.minimum(turn, end), running),
        "pending_overdue": cells.between(np.maximum(start, turn), end, running),
        "pending_paused": cells.between(start, end, file.paused),
    }
    waiting = cells.between(start, end, ~file.dated & ~file.paused)
    counts["undated"] += waiting
    counts["resolved_within"] = counts["resolved_early"] + counts["resolved_on_time"]
    counts["resolved"] = counts["resolved_within"] + counts["resolved_late"]
    counts["pending"] = counts["pending_within"] + counts["pending_overdue"] + counts["pending_paused"]
    counts["carried_in"] = np.zeros_like(waiting)
    counts["carried_in"][:, 1:] = (counts["pending"] + waiting)[:, :-1]
    counts["workload"] = counts["carried_in"] + counts["received"]
    remarks = ";".join(f"{word}={number}" for word, number in note.items() if number)
    return _frame(keys, periods, counts, now.day, {"clock": file.clock, "supplement": supplement, "note": remarks})


@dataclass(frozen=True)
class _Periods:
    """Periods in a row: the first day of each, and the day after the last."""

    labels: list[str]
    edges: Times

    @classmethod
    def of(cls, first: np.datetime64, last: np.datetime64, period: str | None) -> _Periods:
        if period is None:
            return cls([f"{first}..{last}"], np.array([first, last + DAY]))
        months = _MONTHS[period]
        begin, end = np.array([first, last]).astype("datetime64[M]").astype(np.int64) // months
        starts = (np.arange(begin, end + 1) * months).astype("datetime64[M]")
        return cls([_label(s, months) for s in starts], np.append(starts.astype("datetime64[D]"), last + DAY))

    @property
    def count(self) -> int:
        return len(self.labels)

    def index(self, days: Times) -> Ints:
        """Return the number of the period of each day: 0 for one before the first, `count` for one after the last."""
        number = np.append(np.repeat(np.arange(self.count), np.diff(self.edges).astype(np.int64)), self.count)
        return number[np.clip((days - self.edges[0]).astype(np.int64), 0, len(number) - 1)]


def _label(month: np.datetime64, months: int) -> str:
    year, number = str(month).split("-")
    quarter, half = (int(number) + 2) // 3, (int(number) + 5) // 6
    return {1: f"{year}-{number}", 3: f"{year}-Q{quarter}", 6: f"{year}-H{half}", 12: year}[months]


@dataclass(frozen=True)
class _Cells:
    """Counts of dossiers by group and period."""

    group: Ints
    groups: int
    periods: int

    def at(self, index: Ints, chosen: Bools | None = None) -> Ints:
        """Count dossiers in the period `index`."""
        width = self.periods + 1
        cell = self.group * width + index
        cell = cell if chosen is None else cell[chosen]
        return np.bincount(cell, minlength=self.groups * width).reshape(self.groups, width)[:, :-1]

    def between(self, start: Ints, stop: Ints, chosen: Bools) -> Ints:
        """Count dossiers at the end of each period from `start` up to, without, `stop`."""
        chosen = chosen & (start < stop)
        return np.cumsum(self.at(start, chosen) - self.at(stop, chosen), axis=1)


def _frame(
    keys: pd.DataFrame,
    periods: _Periods,
    counts: Mapping[str, Ints],
    as_of: np.datetime64,
    words: Mapping[str, str],
) -> pd.DataFrame:
    flat = {name: count.ravel() for name, count in counts.items()}
    kept = np.flatnonzero(flat["workload"] + flat["due"])
    data = keys.take(kept // periods.count).reset_index(drop=True)
    if "unit" not in data:
        data.insert(len(data.columns), "unit", pd.Series(ALL, index=range(len(kept)), dtype="str"))
    number = kept % periods.count
    values = {
        "period": pd.array(periods.labels, dtype="str").take(number),
        "period_start": periods.edges[number],
        "period_end": periods.edges[number + 1] - DAY,
        "as_of": as_of,
        **{name: count[kept] for name, count in flat.items()},
        **words,
        "basis": "census",
    }
    for name in (c for c in TALLY.names if c in values):
        data[name] = values[name]
    return data
