"""What is known of each dossier on the reporting date: the facts that every count of time rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.tables import DOSSIERS, OUTCOMES, Column, Table, check

__all__ = ["DAY", "Bools", "Ints", "Known", "Moment", "Times", "check_dossiers", "received_by"]

DAY = np.timedelta64(1, "D")

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
            raise ParameterError(
                Text("as_of không dùng được.", "as_of cannot be used."),
                expected=Text(
                    "ngày chốt số liệu, có múi giờ chỉ khi bảng có",
                    "the reporting date, with a zone only if the table has one",
                ),
                got=repr(as_of),
                hint=Text('Viết as_of="2026-06-30".', 'Write as_of="2026-06-30".'),
            )
        whole_day = moment == moment.normalize()
        if whole_day:
            moment = moment + pd.DateOffset(days=1) - pd.Timedelta(microseconds=1)
        instant = moment if tz is None else moment.tz_convert("UTC").tz_localize(None)
        return cls(np.datetime64(instant, "us"), np.datetime64(moment.tz_localize(None), "D"), whole_day)


@dataclass(frozen=True)
class Known:
    """The dossiers received by the reporting date, one array per fact."""

    received_day: Times
    due: Times
    due_day: Times
    due_without_hour: Bools
    end: Times
    end_day: Times
    requests: NDArray[np.float64]
    withdrawn: Bools
    end_unknown: Bools

    @classmethod
    def of(cls, rows: pd.DataFrame, now: Moment, supplement: str) -> Known:
        """Read the columns of `rows`; what came after `now` is not known."""
        _, received = _times(rows, "received")
        due, due_wall = _times(rows, "due")
        end, end_wall = _times(rows, "resolved")
        outcome = rows["outcome"] if "outcome" in rows else pd.Series("open", index=rows.index)
        closed = ~(outcome.isna() | outcome.isin(["open", ""])).to_numpy(dtype=bool)
        end_unknown = closed & np.isnat(end)
        known = end <= now.instant
        end, end_wall = (np.where(known, t, np.datetime64("NaT", "us")) for t in (end, end_wall))
        if supplement == "subtract":
            stopped = (_numbers(rows, "supplement_days") * 86_400e6).round().astype("timedelta64[us]")
            due, due_wall = due + stopped, due_wall + stopped
        return cls(
            received.astype("datetime64[D]"),
            due,
            due_wall.astype("datetime64[D]"),
            due_wall == due_wall.astype("datetime64[D]"),
            end,
            end_wall.astype("datetime64[D]"),
            _numbers(rows, "supplement_requests") if supplement == "q766" else np.zeros(len(rows)),
            outcome.isin(["withdrawn", "returned"]).to_numpy(dtype=bool) & (known | end_unknown),
            end_unknown,
        )

    def late(self, now: Moment, clock: str) -> Bools:
        """Tell which dossiers were finished late or, still open, are overdue."""
        finished_late = self.end_day > self.due_day if clock == "date" else self.end > self.due
        overdue = self.due_day < now.day if now.whole_day or clock == "date" else self.due < now.instant
        late = np.where(self.ended, finished_late, overdue & (self.requests != 1))
        return self.dated & (late | (self.requests >= 2))

    def came_due(self, now: Moment, clock: str) -> Bools:
        """Tell which due times the reporting date has reached."""
        return self.due_day <= now.day if clock == "date" else self.due <= now.instant

    @property
    def ended(self) -> Bools:
        """Whether the dossier was finished, on a known day."""
        return ~np.isnat(self.end)

    @property
    def dated(self) -> Bools:
        """Whether it can be told if the dossier is in time."""
        return ~np.isnat(self.due) & ~self.end_unknown


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
            Text("Cột thời gian chưa ở dạng thời gian.", "A column of times does not hold times yet.")
            if texts
            else Text("Các cột thời gian khác múi giờ.", "The columns of times are in different zones."),
            expected=Text(
                "received, due, resolved là thời gian, cùng múi giờ hoặc cùng không có",
                "received, due, resolved as times, all in one zone or all without",
            ),
            got=", ".join(texts or sorted(zones)),
            where=", ".join(times),
            hint=Text("Nạp tệp bằng load_dossiers.", "Load the file with load_dossiers."),
        )
    if "supplement_days" in dossiers:
        negative = (dossiers["supplement_days"] < 0).to_numpy(dtype=bool, na_value=False)
        if negative.any():
            raise DataError(
                Text("Số ngày bổ sung âm.", "Negative supplement days."),
                expected=Text("số ngày từ 0 trở lên", "a number of days from 0 up"),
                where=f"dòng/row {int(negative.argmax()) + 1}, cột/column supplement_days",
                hint=Text("Sửa số liệu gốc rồi nạp lại.", "Correct the source and load again."),
            )


def received_by(dossiers: pd.DataFrame, now: Moment) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the dossiers received by the reporting date, and how many were left out."""
    received, _ = _times(dossiers, "received")
    known = received <= now.instant
    missing = int(np.isnat(received).sum())
    if not known.any():
        raise DataError(
            Text(
                "Không có hồ sơ nào tiếp nhận đến ngày chốt số liệu.", "No dossier was received by the reporting date."
            ),
            expected=Text(f"ngày tiếp nhận đến {now.day}", f"dates of receipt up to {now.day}"),
            got=f"{missing} ô trống/empty, {len(known) - missing} sau/after",
            hint=Text("Kiểm tra as_of và cột received.", "Check as_of and the column received."),
        )
    rows = dossiers if known.all() else dossiers[known]
    return rows, {"received_later": int((~known).sum()) - missing, "not_received": missing}


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
