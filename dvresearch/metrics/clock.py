"""What is known of each dossier on the reporting date: the facts that every count of time rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.tables import DOSSIERS, OUTCOMES, Column, Table, check

__all__ = ["DAY", "SETTINGS", "Bools", "Ints", "Known", "Moment", "Times", "check_dossiers", "received_by"]

DAY = np.timedelta64(1, "D")

#: States whose clock runs on in one office and stands still in another: answer -> the outcome they then are.
SETTINGS = {
    "financial_duty": {"runs": "open", "paused": "paused"},
    "halted": {"ends": "stopped", "paused": "paused"},
}
#: States of what never became a dossier of the office.
_NEVER_RECEIVED = ("not_started", "not_admitted")

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Moment:
    """The moment of the report: the last instant known, its day, and whether only the day was given."""

    instant: np.datetime64
    day: np.datetime64
    whole_day: bool

    @classmethod
    def of(cls, as_of: date | datetime | str | pd.Timestamp, tz: object) -> Moment:
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


@dataclass(frozen=True)
class Known:
    """The dossiers received by the reporting date, one array per fact.

    ``clock`` is the one that was used: ``auto`` only where some due times have an hour and others have none.
    """

    clock: str
    received_day: Times
    due: Times
    due_day: Times
    due_without_hour: Bools
    end: Times
    end_day: Times
    requests: NDArray[np.float64]
    withdrawn: Bools
    paused: Bools
    end_unknown: Bools
    state_unknown: Bools

    @classmethod
    def of(
        cls, rows: pd.DataFrame, now: Moment, *, clock: str, supplement: str, settings: Mapping[str, str | None]
    ) -> Known:
        """Read the columns of `rows`; what came after `now` is not known."""
        _, received = _times(rows, "received")
        due, due_wall = _times(rows, "due")
        end, end_wall = _times(rows, "resolved")
        known = end <= now.instant
        outcome = _outcomes(rows, ~known, settings)
        end_unknown = ~outcome.isin(["open", "paused", "unknown", ""]).to_numpy(dtype=bool) & np.isnat(end)
        end, end_wall = (np.where(known, t, np.datetime64("NaT", "us")) for t in (end, end_wall))
        without_hour = due_wall == due_wall.astype("datetime64[D]")
        if clock == "auto":
            clock = "date" if (without_hour | np.isnat(due)).all() else "auto" if without_hour.any() else "instant"
        days = _numbers(rows, "supplement_days") if supplement == "subtract" else np.zeros(len(rows))
        stopped = (days * 86_400e6).round().astype("timedelta64[us]")
        # A day promised without an hour lasts to its end.
        to_end_of_day = np.where(
            without_hour & (clock == "auto"), DAY - np.timedelta64(1, "us"), np.timedelta64(0, "us")
        )
        return cls(
            clock,
            received.astype("datetime64[D]"),
            due + stopped + to_end_of_day,
            (due_wall + stopped).astype("datetime64[D]"),
            without_hour,
            end,
            end_wall.astype("datetime64[D]"),
            _numbers(rows, "supplement_requests") if supplement == "q766" else np.zeros(len(rows)),
            outcome.isin(["withdrawn", "returned", "kept"]).to_numpy(dtype=bool) & (known | end_unknown),
            (outcome == "paused").to_numpy(dtype=bool) & ~known,
            end_unknown,
            (outcome == "unknown").to_numpy(dtype=bool) & ~known,
        )

    def late(self, now: Moment) -> Bools:
        """Tell which dossiers were finished late or, still open and not paused, are overdue."""
        by_day = self.clock == "date"
        finished_late = self.end_day > self.due_day if by_day else self.end > self.due
        overdue = self.due_day < now.day if now.whole_day or by_day else self.due < now.instant
        late = np.where(self.ended, finished_late, overdue & (self.requests != 1))
        return self.dated & (late | (self.requests >= 2)) & ~self.paused

    def came_due(self, now: Moment, late: Bools) -> Bools:
        """Tell which due times the reporting date has reached: of open dossiers only those that are overdue."""
        reached = self.due_day <= now.day if self.clock == "date" else self.due <= now.instant
        return reached & (self.ended | late)

    @property
    def ended(self) -> Bools:
        """Whether the dossier was finished, on a known day."""
        return ~np.isnat(self.end)

    @property
    def dated(self) -> Bools:
        """Whether it can be told if the dossier is in time."""
        return ~np.isnat(self.due) & ~self.end_unknown & ~self.state_unknown


def _outcomes(rows: pd.DataFrame, unfinished: Bools, settings: Mapping[str, str | None]) -> pd.Series:
    """Return the outcomes, empty as open, with the states that need a setting as what it makes of them."""
    if "outcome" not in rows:
        return pd.Series("open", index=rows.index)
    outcome = rows["outcome"].fillna("open")
    for state, answers in SETTINGS.items():
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


def check_dossiers(dossiers: pd.DataFrame, labels: list[str]) -> None:
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


def received_by(dossiers: pd.DataFrame, now: Moment) -> tuple[pd.DataFrame, dict[str, int]]:
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
