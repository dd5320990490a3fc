"""From dossiers to counts to rates: what came in, what was finished in time or late, what is still open.

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

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text, check_choice
from dvresearch.metrics.comparisons import refuse_mixed, refuse_whole_and_parts
from dvresearch.metrics.counts import METHODS, share
from dvresearch.metrics.estimates import (
    ALL,
    Floats,
    check_confidence,
    check_number,
    check_part,
    column_numbers,
    group_names,
    grouped_counts,
    grouping,
    label_groups,
    with_counts,
)
from dvresearch.metrics.identities import TALLY_IDENTITIES, Identity, complete
from dvresearch.tables import BASES, DOSSIERS, OUTCOMES, STATES, TALLY, Column, Table, check

__all__ = ["resolution_rate", "tally"]

_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
#: States of what never became a dossier of the office.
_NEVER_RECEIVED = ("not_started", "not_admitted")
#: The columns of the result behind those counted by.
_RESULT = {c.name for c in TALLY.columns if c.kind in ("count", "date")}
_RESULT |= {"period", "clock", "supplement", "basis", "note"}
_DAY = np.timedelta64(1, "D")

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]


def tally(
    dossiers: pd.DataFrame,
    by: str | Sequence[str] = ("unit",),
    *,
    as_of: date | datetime | str | pd.Timestamp,
    period: Literal["month", "quarter", "half-year", "year"] | Sequence[date] | None = None,
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
    period : {"month", "quarter", "half-year", "year"} or sequence of date, optional
        A row per unit and period, from the first receipt to `as_of`; the last one ends at `as_of`. Days are the
        first ones of periods that follow each other: the windows of a form, from the 15th to the 14th.
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
        check_choice(name, answer, (None, *STATES[name]))
    if period is None or isinstance(period, str):
        check_choice("period", period, (None, *_MONTHS))
    labels = group_names(by)
    clash = [c for c in labels if c in _RESULT]
    if clash:
        raise ParameterError("not-a-column-to-count-by", got=", ".join(clash))
    _check_dossiers(dossiers, labels)
    now = _Moment.of(as_of, getattr(dossiers["received"].dtype, "tz", None))

    rows, note = _received_by(dossiers, now)
    keys, group = label_groups(rows, labels)
    file = _Known(rows, now, clock=clock, supplement=supplement, settings=settings)
    late, on_due_day = file.late, file.end_day == file.due_day
    early = file.dated & file.ended & ~late & (file.end_day < file.due_day)
    if file.clock == "instant":
        note["late_by_hour"] = int((late & file.ended & file.due_without_hour & on_due_day).sum())

    periods = _Periods(file.received_day.min(), now.day, period)
    width = periods.count + 1

    def at(index: Ints, chosen: Bools) -> Ints:
        """Count dossiers by group and period, each in the period `index`."""
        cell = (group * width + index)[chosen]
        return np.bincount(cell, minlength=len(keys) * width).reshape(-1, width)[:, :-1]

    def between(start: Ints, stop: Ints, chosen: Bools) -> Ints:
        """Count dossiers at the end of each period from `start` up to, without, `stop`."""
        chosen = chosen & (start < stop)
        return np.cumsum(at(start, chosen) - at(stop, chosen), axis=1)

    start = periods.index(file.received_day)
    # A dossier resolved before it was received leaves in the period in which it came; so does one whose end is unknown.
    end = np.where(file.ended, np.maximum(periods.index(file.end_day), start), periods.count)
    end = np.where(file.end_unknown, start, end)
    gone = end < periods.count
    twice = file.requests >= 2
    # The first period at whose end an open dossier is overdue. One due on the last day is not: it is late tomorrow.
    turn = np.where(twice, 0, periods.index(file.due_day + _DAY))
    turn = np.where(gone, turn, np.where(late, np.minimum(turn, periods.count - 1), periods.count))
    due_in = np.maximum(periods.index(file.due_day), start)

    judged = file.dated & gone & ~file.withdrawn
    running = file.dated & ~file.paused
    falls_due = running & ~file.withdrawn & file.came_due
    in_time, out_of_time = running & ~late, running & late
    if supplement == "q766":
        in_time, out_of_time = in_time | (file.paused & ~twice), out_of_time | (file.paused & twice)
    counts = {
        "received": at(start, np.full(len(rows), True)),
        "resolved_early": at(end, judged & early),
        "resolved_on_time": at(end, judged & ~early & ~late),
        "resolved_late": at(end, judged & late),
        "withdrawn": at(end, gone & file.withdrawn),
        "undated": at(end, gone & ~file.dated & ~file.withdrawn),
        "due": at(due_in, falls_due),
        "due_within": at(due_in, falls_due & file.ended & ~late),
        "in_time": at(start, in_time),
        "out_of_time": at(start, out_of_time),
        "pending_within": between(start, np.minimum(turn, end), running),
        "pending_overdue": between(np.maximum(start, turn), end, running),
        "pending_paused": between(start, end, file.paused),
    }
    waiting = between(start, end, ~file.dated & ~file.paused)
    counts["undated"] += waiting
    counts["resolved_within"] = counts["resolved_early"] + counts["resolved_on_time"]
    counts["resolved"] = counts["resolved_within"] + counts["resolved_late"]
    counts["pending"] = counts["pending_within"] + counts["pending_overdue"] + counts["pending_paused"]
    counts["carried_in"] = np.zeros_like(waiting)
    counts["carried_in"][:, 1:] = (counts["pending"] + waiting)[:, :-1]
    counts["workload"] = counts["carried_in"] + counts["received"]
    remarks = ";".join(f"{word}={number}" for word, number in note.items() if number)
    words = {"as_of": now.day, "clock": file.clock, "supplement": supplement, "basis": "census", "note": remarks}
    return _frame(keys, periods, counts, words)


@dataclass(frozen=True)
class _Moment:
    """The moment of the report: the last instant known, its day, and whether only the day was given."""

    instant: np.datetime64
    day: np.datetime64
    whole_day: bool

    @classmethod
    def of(cls, as_of: date | datetime | str | pd.Timestamp, tz: object) -> _Moment:
        """Read a reporting date; `tz` is the zone of the table, None for times without one."""
        try:
            # 05/06/2026 is 5 June to the reader and 6 May to pandas, so text has to be 2026-06-05.
            moment = pd.Timestamp(datetime.fromisoformat(as_of) if isinstance(as_of, str) else as_of)
            if tz is not None:
                moment = moment.tz_localize(tz) if moment.tz is None else moment.tz_convert(tz)
        except (TypeError, ValueError):
            moment = pd.NaT
        if moment is pd.NaT or (moment.tz is not None and tz is None):
            raise ParameterError("as-of-is-no-date", got=repr(as_of))
        whole_day = moment == moment.normalize()
        if whole_day:
            moment = moment + pd.DateOffset(days=1) - pd.Timedelta(microseconds=1)
        instant = moment if tz is None else moment.tz_convert("UTC").tz_localize(None)
        return cls(np.datetime64(instant, "us"), np.datetime64(moment.tz_localize(None), "D"), whole_day)


class _Known:
    """The dossiers received by the reporting date, one array per fact; what came after `now` is not known.

    ``clock`` is the one that was used: ``auto`` only where some due times have an hour and others have none.
    """

    def __init__(
        self, rows: pd.DataFrame, now: _Moment, *, clock: str, supplement: str, settings: Mapping[str, str | None]
    ) -> None:
        due, due_wall = _times(rows, "due")
        end, end_wall = _times(rows, "resolved")
        known = end <= now.instant
        outcome = _outcomes(rows, ~known, settings)
        is_open = ~known
        self.end_unknown = ~outcome.isin(["open", "paused", "unknown", ""]).to_numpy(dtype=bool) & np.isnat(end)
        self.paused = (outcome == "paused").to_numpy(dtype=bool) & is_open
        withdrawn = outcome.isin(["withdrawn", "returned", "kept"]).to_numpy(dtype=bool)
        self.withdrawn = withdrawn & (known | self.end_unknown)
        end, end_wall = (np.where(known, t, np.datetime64("NaT", "us")) for t in (end, end_wall))
        self.due_without_hour = due_wall == due_wall.astype("datetime64[D]")
        if clock == "auto":
            all_without = (self.due_without_hour | np.isnat(due)).all()
            clock = "date" if all_without else "auto" if self.due_without_hour.any() else "instant"
        self.clock, by_day = clock, clock == "date"
        days = _numbers(rows, "supplement_days") if supplement == "subtract" else np.zeros(len(rows))
        stopped = (days * 86_400e6).round().astype("timedelta64[us]")
        self.received_day = _times(rows, "received")[1].astype("datetime64[D]")
        self.due_day, self.end_day = (due_wall + stopped).astype("datetime64[D]"), end_wall.astype("datetime64[D]")
        due = due + stopped
        if clock == "auto":  # a day promised without an hour lasts to its end
            due = np.where(self.due_without_hour, due + _DAY - np.timedelta64(1, "us"), due)
        self.requests = _numbers(rows, "supplement_requests") if supplement == "q766" else np.zeros(len(rows))
        self.ended = known
        #: Whether it can be told if the dossier is in time.
        self.dated = ~np.isnat(due) & ~self.end_unknown & ~((outcome == "unknown").to_numpy(dtype=bool) & is_open)

        finished_late = self.end_day > self.due_day if by_day else end > due
        overdue = self.due_day < now.day if now.whole_day or by_day else due < now.instant
        late = np.where(self.ended, finished_late, overdue & (self.requests != 1))
        #: Finished late or, still open and not paused, overdue.
        self.late = self.dated & (late | (self.requests >= 2)) & ~self.paused
        #: Due by the reporting date; of open dossiers only those that are overdue.
        self.came_due = (self.due_day <= now.day if by_day else due <= now.instant) & (self.ended | self.late)


class _Periods:
    """Periods in a row: the label and the first day of each, and the day after the last."""

    def __init__(self, first: np.datetime64, last: np.datetime64, period: str | Sequence[date] | None) -> None:
        self.edges = np.array([first, last + _DAY])
        if period is not None and not isinstance(period, str):
            starts = np.array([np.datetime64(day, "D") for day in period])
            self.edges = np.unique([*self.edges, *starts[(starts > first) & (starts <= last)]])
        self.labels = [f"{a}..{b - _DAY}" for a, b in itertools.pairwise(self.edges)]
        if isinstance(period, str):
            months = _MONTHS[period]
            begin, end = np.array([first, last]).astype("datetime64[M]").astype(np.int64) // months
            starts = (np.arange(begin, end + 1) * months).astype("datetime64[M]")
            self.labels = [_label(s, months) for s in starts]
            self.edges = np.append(starts.astype("datetime64[D]"), last + _DAY)
        self.count = len(self.labels)

    def index(self, days: Times) -> Ints:
        """Return the number of the period of each day: 0 for one before the first, `count` for one after the last."""
        number = np.append(np.repeat(np.arange(self.count), np.diff(self.edges).astype(np.int64)), self.count)
        return number[np.clip((days - self.edges[0]).astype(np.int64), 0, len(number) - 1)]


def _label(month: np.datetime64, months: int) -> str:
    year, number = str(month).split("-")
    quarter, half = (int(number) + 2) // 3, (int(number) + 5) // 6
    return {1: f"{year}-{number}", 3: f"{year}-Q{quarter}", 6: f"{year}-H{half}", 12: year}[months]


def _frame(
    keys: pd.DataFrame, periods: _Periods, counts: Mapping[str, Ints], words: Mapping[str, object]
) -> pd.DataFrame:
    flat = {name: count.ravel() for name, count in counts.items()}
    kept = np.flatnonzero(flat["workload"] + flat["due"])
    data = keys.take(kept // periods.count).reset_index(drop=True)
    if "unit" not in data:
        data.insert(len(data.columns), "unit", pd.Series(ALL, index=range(len(kept)), dtype="str"))
    number = kept % periods.count
    values = {name: count[kept] for name, count in flat.items()} | dict(words)
    values["period"] = pd.array(periods.labels, dtype="str").take(number)
    values |= {"period_start": periods.edges[number], "period_end": periods.edges[number + 1] - _DAY}
    return data.assign(**{c: values[c] for c in TALLY.names if c in values})


def _outcomes(rows: pd.DataFrame, unfinished: Bools, settings: Mapping[str, str | None]) -> pd.Series:
    """Return the outcomes, empty as open, with the states that need a setting as what it makes of them."""
    if "outcome" not in rows:
        return pd.Series("open", index=rows.index)
    outcome = rows["outcome"].fillna("open")
    for state, answers in STATES.items():
        here = outcome == state
        asked = int((here & unfinished).sum())
        if asked and settings[state] is None:
            said = [f'{state}="{answer}"' for answer in answers]
            entry = codebook.get("value", f"outcome.{state}")
            raise ParameterError(
                "state-needs-a-setting",
                count=asked,
                state=Text(entry.label_vi, entry.label_en),
                answers=Text(" hoặc ".join(said), " or ".join(said)),
                example=said[-1],
            )
        # One with a day of its end has ended, whatever the setting.
        outcome = outcome.mask(here, answers.get(settings[state] or "", "stopped"))
    return outcome


def _check_dossiers(dossiers: pd.DataFrame, labels: list[str]) -> None:
    """Refuse a table that cannot be counted."""
    used = ("received", "due", "resolved", "outcome", "supplement_days", "supplement_requests")
    facts = tuple(replace(DOSSIERS.column(name), required=name == "received") for name in used if name != "outcome")
    facts += (Column("outcome", "code", words=OUTCOMES),)
    check(dossiers, Table("dossiers", DOSSIERS.row, (), (*(Column(c, "text", True) for c in labels), *facts)))
    times = {name: dossiers[name] for name in used[:3] if name in dossiers and dossiers[name].notna().any()}
    zones = {str(getattr(values.dtype, "tz", None)) for values in times.values()}
    texts = [name for name, values in times.items() if not pd.api.types.is_datetime64_any_dtype(values)]
    if texts or len(zones) > 1:
        raise DataError(
            "times-are-no-times" if texts else "times-in-several-zones",
            got=", ".join(texts or sorted(zones)),
            where=", ".join(times),
        )
    if "supplement_days" in dossiers:
        negative = (dossiers["supplement_days"] < 0).to_numpy(dtype=bool, na_value=False)
        if negative.any():
            where = f"dòng/row {int(negative.argmax()) + 1}, cột/column supplement_days"
            raise DataError("supplement-days-negative", where=where)


def _received_by(dossiers: pd.DataFrame, now: _Moment) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the dossiers received by the reporting date, and how many were left out and why."""
    received, _ = _times(dossiers, "received")
    left = {"received_later": received > now.instant, "not_received": np.isnat(received)}
    for state in _NEVER_RECEIVED if "outcome" in dossiers else ():
        left[state] = (dossiers["outcome"] == state).to_numpy(dtype=bool, na_value=False) & (received <= now.instant)
    counted = ~np.any(list(left.values()), axis=0)
    number = {word: int(rows.sum()) for word, rows in left.items()}
    if not counted.any():
        seen = [codebook.get("reason", word) for word, count in number.items() if count]
        told = ", ".join(f"{e.label_vi} / {e.label_en}: {number[e.code]}" for e in seen)
        raise DataError("nothing-received-by-as-of", got=told, day=now.day)
    return dossiers if counted.all() else dossiers[counted], number


def _times(rows: pd.DataFrame, name: str) -> tuple[Times, Times]:
    """Return the instants (UTC where the column has a zone) and the times on the wall."""
    if name not in rows or not rows[name].notna().any():
        nothing = np.full(len(rows), np.datetime64("NaT", "us"))
        return nothing, nothing
    values = rows[name].dt.as_unit("us")
    if values.dt.tz is None:
        return values.to_numpy(), values.to_numpy()
    return values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), values.dt.tz_localize(None).to_numpy()


def _numbers(rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column of numbers, 0 where it is absent or empty."""
    if name not in rows:
        return np.zeros(len(rows))
    return np.nan_to_num(pd.to_numeric(rows[name]).to_numpy(dtype=np.float64, na_value=np.nan))


#: Definition -> numerator, denominator (some are made by `_counts`), and the columns whose absence is reported.
_LADDER = {
    "resolved": ("resolved_within", "resolved", ("resolved_within", "resolved")),
    "due": ("due_within", "due", ("due_within", "due")),
    "workload": ("not_late", "base_workload", ("resolved_late", "pending_overdue", "workload")),
    "q766": ("within_766", "base_766", ("resolved_within", "pending_within", "workload")),
    "total": ("resolved_within", "total", ("resolved_within", "total")),
}
#: The definitions in the order of the ladder; ``total`` is a share of a sum whose base the source does not name.
DEFINITIONS = tuple(_LADDER)
_COUNTS = Table("tally", TALLY.row, (), tuple(c for c in TALLY.columns if c.kind == "count"))
#: Share of dossiers of unknown timeliness above which a rate is not given.
MOST_UNKNOWN = 0.5
#: What the note of a tally says that bears on every share made of it.
_NOTED = ("late_by_hour", "not_received", "not_started", "not_admitted")
#: How blank totals are filled. Received dossiers are not filled from their state under `q766`: that
#: would count those carried in twice.
_FILL = (
    *(i for i in TALLY_IDENTITIES if i.role == "sum"),
    Identity("workload_out", "workload", ("resolved", "pending")),
    Identity("within_766", "within_766", ("resolved_within", "pending_within")),
)

Masks = dict[str, Bools]
Counts = dict[str, Floats]


def resolution_rate(
    tally: pd.DataFrame,
    *,
    definition: Literal["resolved", "due", "workload", "q766", "total", "all"] | None = None,
    by: str | Sequence[str] | None = None,
    total_is: Literal["unnamed", "workload", "resolved", "due"] = "unnamed",
    method: Literal["wilson", "clopper_pearson", "agresti_coull", "jeffreys"] = "wilson",
    confidence: float = 0.95,
    most_unknown: float = MOST_UNKNOWN,
) -> pd.DataFrame:
    """Share of dossiers resolved, or still being handled, within their time.

    Parameters
    ----------
    tally : DataFrame
        Counts, see ``tables.TALLY``; columns a source does not give may be absent or blank.
    definition : {"resolved", "due", "workload", "q766", "total", "all"}
        ``resolved``: (early + on time) / resolved. ``due``: those of them / due in the period.
        ``workload``: 1 - (resolved late + pending overdue) / (carried in + received - paused - undated).
        ``q766`` (QĐ 766/QĐ-TTg, item 2.1): (resolved in time + pending within time) / received.
        ``total``: resolved in time / a total whose base the source does not name.
        ``all``: the ladder, a row for each of these in this order.
    by : str or sequence of str, optional
        Grouping columns. Counts of a group are added before they are divided, rates never averaged.
        Without it the result is one row for each definition over all rows.
    total_is : {"unnamed", "workload", "resolved", "due"}, default "unnamed"
        What the column ``total`` counts, when the reader of the source is willing to say so. It then
        stands in for that column where that is blank, and the rows carry the reason ``total_assumed``.
    method : {"wilson", "clopper_pearson", "agresti_coull", "jeffreys"}, default "wilson"
        Interval method, as for :func:`proportion`.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    most_unknown : float, default 0.5
        Share 0-1 of dossiers whose timeliness is not known, of these and the denominator together, above which the
        rate is not given (reason ``too_many_unknown``): most of what it would speak of was never looked at.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``. ``basis`` is that of the tally, census when it
        has none. A definition the columns do not support comes back without value; ``reason``
        then lists what is missing (``no_resolved_late;no_pending_overdue``). A value whose numerator or
        denominator was added up from its parts says so there too (``derived_resolved``).

    Raises
    ------
    DataError
        For text or negative counts, a numerator above its denominator (with the row, counted
        from 1), an empty table, or a group that mixes levels or versions of units, or holds a
        unit beside its own parts.
    ParameterError
        For an unknown word or a confidence level outside 0-1.

    Notes
    -----
    Nothing is obtained by subtraction, and one unknown count makes the sum of its group
    unknown (``partly_missing``). ``workload`` and ``q766`` add no stocks of several periods: a dossier
    pending through three months would be counted three times (``stocks_of_periods``).

    Dossiers handed back or withdrawn are left out of ``resolved`` and ``due``, stand in the denominator of
    ``workload`` and are never late there, and count under ``q766`` like those resolved, by the day they
    ended (they are end states of the portal).

    ``q766`` is ``in_time / (in_time + out_of_time)`` where the source gives these (or over ``received``), or else
    (resolved within + pending within) / (workload - paused - undated), which the reason ``derived_q766`` then says.

    Dossiers paused for the citizen's supplement are neither within their time nor overdue, and of undated ones it
    cannot be known: they stand in neither numerator nor denominator of any definition. Where a source counts them the
    row says how many (``paused_left_out=10``, ``undated_left_out=5``, and the flag ``partly_unknown``); over several
    periods, through which the same dossier may wait, without the number.

    What :func:`tally` noted goes on in ``reason`` with its count, which is that of the whole file:
    ``late_by_hour=3``, ``not_received``, ``not_started``, ``not_admitted``.

    Checked against the figures of Quế Sơn, Lâm Đồng and Vĩnh Phúc as published (see
    tests/test_resolution.py). Quế Sơn 2022, base of the total not named: 77.83 % of the total, 79.82 % of
    those resolved, 79.47 % if the total is the workload.
    """
    check_choice("definition", definition, (*DEFINITIONS, "all"))
    assert definition is not None  # refused above; for the type checker only
    check_choice("total_is", total_is, ("unnamed", "workload", "resolved", "due"))
    check_choice("method", method, tuple(METHODS))
    check_confidence(confidence)
    check_number("most_unknown", most_unknown, 0, 1)
    check(tally, _COUNTS)
    labels = grouping(tally, by)
    refuse_mixed(tally, ("unit_level", "unit_version"), by=labels)
    refuse_whole_and_parts(tally, "group", by=labels)

    names = DEFINITIONS if definition == "all" else (definition,)
    counts, remarks, left_out = _counts(tally, total_is)
    columns: dict[str, Floats] = {"rows": np.ones(len(tally))}
    for name in names:
        numerator, denominator, _ = _LADDER[name]
        check_part(counts[numerator], counts[denominator], names=(numerator, denominator))
        columns |= {f"{name}.x": counts[numerator], f"{name}.n": counts[denominator]}
        remarks[name] = {code: mask for code, mask in remarks[name].items() if mask.any()}
        columns |= {f"{name}.{code}": mask.astype(float) for code, mask in remarks[name].items()}
    work = pd.concat([tally[labels].reset_index(drop=True), pd.DataFrame(columns)], axis=1)
    keys, sums = grouped_counts(work, list(columns), by=labels)
    total = dict(zip(columns, sums, strict=True))
    _, at = label_groups(tally, labels)
    noted, basis, stocks = _noted(tally, at), _basis(tally, at), _several_periods(tally, labels, at)
    frames = []
    for name in names:
        codes = {code: total[f"{name}.{code}"] for code in remarks[name]}
        left = {code: _at_once(tally, labels, at, count) for code, count in left_out[name].items()}
        # Dossiers counted by the state of those received (766) stand in one period only, stocks in several.
        repeated = stocks & ((name == "workload") | (codes.get("derived_q766", np.zeros(1)) > 0))
        x, n = (np.where(repeated, np.nan, total[f"{name}.{c}"]) for c in "xn")
        undated = left.get("undated_left_out", np.zeros(len(keys)))
        unsure = (undated > 0) & (undated > most_unknown * (np.nan_to_num(n) + undated)) & ~np.isnan(n)
        reasons = _reasons(codes, total["rows"], np.isnan(x) | np.isnan(n), repeated)
        numbers = {code: np.where(stocks & (count > 0), np.nan, count) for code, count in left.items()} | noted
        frame = share(
            keys,
            np.where(unsure, np.nan, x),
            n,
            indicator="dossiers_in_time_share",
            definition=name,
            basis=basis,
            method=method,
            confidence=confidence,
            flags={"partly_unknown": undated > 0},
            reasons={"too_many_unknown": unsure, **reasons},
        )
        frames.append(frame.assign(reason=with_counts(frame["reason"], numbers)))
    # The ladder of one group stays together.
    return pd.concat(frames).sort_index(kind="stable", ignore_index=True)


def _counts(tally: pd.DataFrame, total_is: str) -> tuple[dict[str, Floats], dict[str, Masks], dict[str, Counts]]:
    """Return the columns of every definition, row by row, and by definition the rows to remark on and what is left out.

    What is left out is the number of dossiers that are neither in time nor late by a definition, by reason.
    """
    blank = np.full(len(tally), np.nan)
    given = {c: column_numbers(tally, c) for c in _COUNTS.names if c in tally.columns}
    assumed = np.zeros(len(tally), dtype=bool)
    if total_is != "unnamed":
        stated, total = given.get(total_is, blank), given.get("total", blank)
        assumed = np.isnan(stated) & ~np.isnan(total)
        given[total_is] = np.where(assumed, total, stated)
    filled, derived = complete(given, _FILL)
    counts = dict.fromkeys((*_COUNTS.names, "within_766"), blank) | filled
    paused, undated = (np.nan_to_num(counts[c]) for c in ("pending_paused", "undated"))
    counts["base_workload"] = counts["workload"] - paused - undated
    late = counts["resolved_late"] + counts["pending_overdue"]
    parts = ("resolved_late + pending_overdue", "workload - pending_paused - undated")
    check_part(late, counts["base_workload"], names=parts)
    counts["not_late"] = counts["base_workload"] - late
    # The portal's own counts by state come first; parts over the workload stand in for them.
    portal = ~np.isnan(counts["in_time"])
    received = counts["in_time"] + counts["out_of_time"]
    received = np.where(np.isnan(received), counts["received"], received)
    counts["within_766"] = np.where(portal, counts["in_time"], counts["within_766"])
    counts["base_766"] = np.where(portal, received, counts["base_workload"])

    remarks = {name: {f"no_{c}": np.isnan(counts[c]) for c in needs} for name, (_, _, needs) in _LADDER.items()}
    remarks["q766"] = {code: mask & ~portal for code, mask in remarks["q766"].items()} | {"derived_q766": ~portal}
    remarks["resolved"]["derived_resolved"] = derived["resolved_parts"]
    remarks["workload"]["derived_workload"] = derived["workload_in"] | derived["workload_out"]
    if total_is != "unnamed":
        remarks[total_is]["total_assumed"] = assumed
    if total_is == "workload":
        remarks["q766"]["total_assumed"] = assumed & ~portal
    # Under the portal's rule of supplements its own counts hold the paused dossiers, too.
    rule = tally["supplement"] == "q766" if "supplement" in tally else pd.Series(False, index=tally.index)
    held = portal & rule.to_numpy(dtype=bool, na_value=False)
    both = {"paused_left_out": paused, "undated_left_out": undated}
    left_out = {"resolved": {"undated_left_out": undated}, "due": both, "workload": both, "total": {}}
    left_out["q766"] = both | {"paused_left_out": np.where(held, 0.0, paused)}
    return counts, remarks, left_out


def _at_once(tally: pd.DataFrame, labels: list[str], at: NDArray[np.intp], count: Floats) -> Floats:
    """Return a count of dossiers by group; of several periods the largest, since one may wait through all of them."""
    if not count.any():
        return np.zeros(at.max() + 1)
    period = tally["period"].fillna("").array if "period" in tally and "period" not in labels else 0
    each = pd.DataFrame({"group": at, "period": period, "count": count}).groupby(["group", "period"])["count"].sum()
    return each.groupby("group").max().to_numpy()


def _noted(tally: pd.DataFrame, at: NDArray[np.intp]) -> Counts:
    """Return the counts that :func:`tally` noted, by group: each row states those of the whole file."""
    if "note" not in tally:
        return {}
    note = tally["note"].fillna("").str
    numbers = {code: note.extract(rf"\b{code}=(\d+)", expand=False).astype(float).fillna(0) for code in _NOTED}
    return {code: number.groupby(at).max().to_numpy() for code, number in numbers.items()}


def _basis(tally: pd.DataFrame, at: NDArray[np.intp]) -> pd.Series:
    """Return the basis of each group, unknown where its rows differ; a tally that does not say is a complete count."""
    if "basis" not in tally:
        return pd.Series("census", index=range(at.max() + 1), dtype="str")
    kinds, words = pd.factorize(tally["basis"].fillna("census").replace("", "census"))
    first = kinds[np.unique(at, return_index=True)[1]]
    mixed = np.bincount(at, weights=kinds != first[at]) > 0
    stated = pd.Series(words.take(first), dtype="str")
    return stated.where(stated.isin(BASES) & ~mixed, "unknown")


def _several_periods(tally: pd.DataFrame, labels: list[str], at: NDArray[np.intp]) -> Bools:
    """Groups whose rows come from more than one period."""
    if "period" not in tally or "period" in labels:
        return np.zeros(at.max() + 1, dtype=bool)
    return (tally["period"].groupby(at).agg("nunique") > 1).to_numpy()


def _reasons(codes: dict[str, Floats], rows: Floats, unknown: NDArray[np.bool_], repeated: NDArray[np.bool_]) -> Masks:
    """Return each combination of remarks that occurs, joined by ``;``, with the groups it belongs to."""
    lacking = {c: v for c, v in codes.items() if c.startswith("no_")}
    masks: Masks = {"stocks_of_periods": repeated}
    masks |= {c: (v > 0) & unknown & ~repeated for c, v in lacking.items()}
    partly = [(v > 0) & (v < rows) for v in lacking.values()] or [np.zeros(len(rows), dtype=bool)]
    masks["partly_missing"] = np.any(partly, axis=0) & unknown & ~repeated
    masks |= {c: (v > 0) & ~unknown for c, v in codes.items() if c not in lacking}
    bits = sum(m.astype(np.int64) << i for i, m in enumerate(masks.values()))
    return {";".join(c for i, c in enumerate(masks) if b >> i & 1): np.asarray(bits == b) for b in np.unique(bits) if b}
