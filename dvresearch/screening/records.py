"""What a list of dossiers says about itself: duplicates, gaps, impossible dates, days off, heaps.

One engine for a frame of a hundred rows and a Parquet file of ten million: a few scans that count, and a
look-up of row numbers for what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dvresearch import codebook, workdays
from dvresearch.errors import ParameterError, Text
from dvresearch.loaders.reading import Reading
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding
from dvresearch.tables import DOSSIERS, UNFINISHED
from dvresearch.text import plain
from dvresearch.text.dates import FIRST_YEAR

if TYPE_CHECKING:
    import duckdb

__all__ = ["noted", "screen_records"]

#: Records below which shares and heaps are not judged.
FEW = 30
#: Share of empty cells from which a column deserves a question; without a due date no dossier can be judged.
MISSING_SHARE, MISSING_DUE = 0.2, 0.01
#: Share of dates on days off from which they deserve a question: due dates are set by the office, the others happen.
OFF_DUE, OFF_OTHER = 0.01, 0.05
#: Share of results on the very due day, and times the fuller neighbouring day, that make a heap.
HEAP_SHARE, HEAP_TIMES = 0.3, 5
#: Share of all results entered on one day that make a batch.
BATCH_SHARE = 0.2
#: A dossier open longer than this, in days, is more often a slip in the year.
LONGEST = 3650

_TIMES = ("received", "due", "resolved")
#: Columns that are rightly the same in all rows, and those that are rightly empty in many.
_OFTEN_SAME = ("unit", "field", "kind", "visits", "matters")
_OFTEN_EMPTY = (
    *("resolved", "supplement_days", "supplement_requests"),
    *("visits", "people", "matters", "group_visit", "satisfied", "repeated"),
)
_SHOWN = 10


#: Conditions on one record that cannot be, each with its severity. A date without hour is the whole day.
_IMPOSSIBLE = {
    "resolved_before_received": ("resolved", "resolved < {day}received"),
    "due_before_received": ("due", "due < {day}received"),
    "very_long": ("resolved", f"date_diff('day', received, resolved) > {LONGEST}"),
    "open_with_end": ("outcome", "outcome = 'open' AND resolved IS NOT NULL"),
    "closed_without_end": ("outcome", f"outcome NOT IN {('', *UNFINISHED)} AND resolved IS NULL"),
    "supplement_too_long": (
        "supplement_days",
        "supplement_days < 0 OR supplement_days > date_diff('day', received, coalesce(resolved, due)) + 1",
    ),
}
_REVIEW_ONLY = ("very_long", "open_with_end", "closed_without_end", "supplement_too_long")


def screen_records(
    source: Path | pd.DataFrame,
    reading: Reading,
    *,
    first_row: int | None = None,
    as_of: date | str | None = None,
    calendar: workdays.Calendar | None = None,
) -> list[Finding]:
    """Check dossiers, or cases with the same dates; one finding per check and column.

    Parameters
    ----------
    source : Path or DataFrame
        A Parquet file with typed times, or the frame of `reading`.
    reading : Reading
        How they were read; of a Parquet file its beginning.
    first_row : int, optional
        Of a Parquet file that was made from another one and has the names of the contract: where its first record
        stands in that one.
    as_of, calendar
        As for :func:`dvresearch.screen`.
    """
    with _engine().cursor() as engine:
        columns = _open(engine, source, reading, first_row)
        screening = _Screening(engine, columns, reading, isinstance(source, Path))
        return [
            *screening.duplicates(),
            *screening.gaps(),
            *screening.impossible(as_of),
            *screening.days_off(calendar or workdays.calendar()),
            *screening.heaps(),
            *screening.units(),
        ]


def noted(check: str, verdict: str, where: str, *, computed: str = "", severity: str = "") -> Finding:
    """Return a finding with the note of its check as guidance; its severity follows the verdict where none is given."""
    entry = codebook.get("check", check)
    grade = severity or {"fail": "major", "review": "minor"}.get(verdict, "info")
    advice = Text(entry.note_vi, entry.note_en)
    return findings.finding(check, verdict, where, computed=computed, severity=grade, guidance=advice)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """Return an engine without tables, started once: that takes longer than the checks of most files."""
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET memory_limit = '1400MiB'")
    return engine


def _open(
    engine: duckdb.DuckDBPyConnection,
    source: Path | pd.DataFrame,
    reading: Reading,
    first_row: int | None,
) -> list[str]:
    """Make the records the view ``t`` with the names of the contract and ``row``; return the names.

    ``row`` is the row in the file of a Parquet file, and the position in the frame of `reading`.
    """
    table = reading.table
    if isinstance(source, Path):
        file = str(source).replace("'", "''")
        if first_row is None:
            named = [(n, reading.sheet.titles[at]) for n, at in reading.block.columns.items()]
        else:
            described = engine.execute(f"DESCRIBE FROM read_parquet('{file}')").fetchall()
            named = [(name, name) for name, *_ in described if name in table.names]
        select = ", ".join(f'"{title.replace(chr(34), chr(34) * 2)}" AS "{name}"' for name, title in named)
        engine.execute(
            f"CREATE TEMP VIEW t AS SELECT {select}, file_row_number + {first_row or 2} AS row "
            f"FROM read_parquet('{file}', file_row_number = true)"
        )
        return [name for name, _ in named]
    names = [c.name for c in table.columns if c.name in source.columns]
    frame = source[names].copy()
    for name in names:
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_localize(None)
    engine.register("t", frame.reset_index(drop=True).reset_index(names="row"))
    return names


class _Screening:
    def __init__(self, engine: duckdb.DuckDBPyConnection, columns: list[str], reading: Reading, file: bool) -> None:
        self.engine, self.columns, self.reading, self.file = engine, columns, reading, file
        self.key = reading.table.key[0]
        counts = ", ".join(["count(*)", *(f'count("{c}")' for c in columns)])
        self.total, *filled = self._one(f"SELECT {counts} FROM t")
        self.filled = dict(zip(columns, filled, strict=True))

    def where(self, name: str = "", rows: list[int] | None = None, more: int = 0) -> str:
        """Say where records stand: file, sheet, rows as the file counts them, column."""
        if not self.file or not rows:
            return self.reading.where(name, rows or (), more)
        said = f"{self.reading.sheet.where()}, dòng/row {', '.join(map(str, rows))}" + (
            f" (+{more})" if more > 0 else ""
        )
        column = self.reading.where(name).rpartition(", ")[2]
        return f"{said}, {column}" if name in self.reading.block.columns else said

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self.engine.execute(query).fetchone()
        return row or ()

    def _rows(self, condition: str, count: int) -> tuple[list[int], int]:
        query = f"SELECT row FROM t WHERE {condition} ORDER BY row LIMIT {_SHOWN}"
        return [int(r) for (r,) in self.engine.execute(query).fetchall()], count - _SHOWN

    def duplicates(self) -> Iterator[Finding]:
        """Look for numbers of dossiers, or whole rows, that occur twice."""
        if self.filled.get(self.key):
            name, value = "duplicate_code", f'"{self.key}"'
        else:
            name, value = "duplicate_row", "(" + ", ".join(f'"{c}"' for c in self.columns) + ")"
        # Distinct numbers of 64 bits take a fifth of the memory of distinct texts; what they find is looked at again.
        (double,) = self._one(f"SELECT count(*) - count(DISTINCT hash({value})) FROM t WHERE {value} IS NOT NULL")
        if not double:
            yield noted(name, "pass", self.where(self.key), computed="0")
            return
        condition = (
            f"hash({value}) IN (SELECT hash({value}) FROM t WHERE {value} IS NOT NULL GROUP BY 1 HAVING count(*) > 1)"
        )
        rows, _ = self._rows(condition, 0)
        (affected,) = self._one(f"SELECT count(*) FROM t WHERE {condition}")
        where = self.where(self.key, rows, affected - len(rows))
        yield noted(name, "fail" if name == "duplicate_code" else "review", where, computed=str(double))

    def gaps(self) -> Iterator[Finding]:
        """Look for columns that are often empty, not there, or always the same."""
        for name in ("due", "resolved", "outcome", "channel"):
            if name not in self.columns:
                yield noted("column_absent", "unknown", self.where(), computed=name)
        same = ", ".join(f'min("{c}") = max("{c}")' for c in self.columns)
        constant = dict(zip(self.columns, self._one(f"SELECT {same} FROM t"), strict=True))
        for name in self.columns:
            if name not in _OFTEN_EMPTY:
                share = 1 - self.filled[name] / self.total
                limit = MISSING_DUE if name == "due" else MISSING_SHARE
                verdict = "review" if share >= limit and share > 0 else "pass"
                yield noted("missing", verdict, self.where(name), computed=findings.percent(share))
            if constant[name] and self.total >= FEW and name not in _OFTEN_SAME:
                yield noted("constant", "review", self.where(name), computed=str(self.filled[name]))

    def impossible(self, as_of: date | str | None) -> Iterator[Finding]:
        """Look for dates and outcomes that contradict each other."""
        checks = {code: (column, condition) for code, (column, condition) in _IMPOSSIBLE.items()}
        if as_of is not None:
            day = _day(as_of)
            for column in ("received", "resolved"):
                checks[f"{column}_after_as_of"] = (column, f"\"{column}\" >= DATE '{day}' + 1")
        usable = {
            code: (column, condition.format(day=""))
            for code, (column, condition) in checks.items()
            if all(word in self.columns for word in DOSSIERS.names if word in condition.replace("{day}", ""))
        }
        if not usable:
            return
        for code in ("resolved_before_received", "due_before_received"):
            if code in usable:  # without an hour the end is any time of its day
                column, condition = usable[code]
                whole = f'"{column}" = date_trunc(\'day\', "{column}")'
                usable[code] = (column, f'{condition} AND NOT ({whole} AND "{column}"::DATE = received::DATE)')
        counted = ", ".join(f"count(*) FILTER ({condition})" for _, condition in usable.values())
        for (code, (column, condition)), count in zip(
            usable.items(), self._one(f"SELECT {counted} FROM t"), strict=True
        ):
            rows, more = self._rows(condition, count) if count else ([], 0)
            verdict = "pass" if not count else "review" if code in _REVIEW_ONLY else "fail"
            yield noted(code, verdict, self.where(column, rows, more), computed=str(count))

    def days_off(self, calendar: workdays.Calendar) -> Iterator[Finding]:
        """Look for dates on weekends and public holidays, and for many results entered on one day."""
        first, last = calendar.days[[0, -1]]
        for name in (n for n in _TIMES if n in self.columns):
            at_desk = (
                "channel IS DISTINCT FROM 'online'" if name == "received" and "channel" in self.columns else "true"
            )
            grouped = f'SELECT "{name}"::DATE, count(*) FROM t WHERE "{name}" IS NOT NULL AND {at_desk} GROUP BY 1'
            # In the order of days: of two equally busy ones the earlier is named, whatever the engine's threads did.
            grouped += " ORDER BY 1"
            days = self.engine.execute(grouped).fetchall()
            counts = pd.Series([n for _, n in days], index=pd.DatetimeIndex([d for d, _ in days]), dtype="int64")
            known = counts[(counts.index >= first) & (counts.index <= last)]
            if not len(known):
                yield noted(f"{name}_on_day_off", "unknown", self.where(name), computed="")
                continue
            off = known[~workdays.is_working(known.index.to_numpy(), calendar=calendar)]
            share = off.sum() / known.sum()
            limit = OFF_DUE if name == "due" else OFF_OTHER
            verdict = "review" if share >= limit and known.sum() >= FEW else "pass"
            yield noted(f"{name}_on_day_off", verdict, self.where(name), computed=findings.percent(share))
            if name == "resolved" and len(counts) > 1 / BATCH_SHARE:
                share = counts.max() / counts.sum()
                verdict = "review" if share >= BATCH_SHARE and counts.sum() >= FEW else "pass"
                day = f"{counts.idxmax():%d/%m/%Y}"
                yield noted("batch_day", verdict, f"{self.where(name)}, {day}", computed=findings.percent(share))

    def heaps(self) -> Iterator[Finding]:
        """Look for results that pile up on the very due day."""
        if not {"due", "resolved"} <= set(self.columns):
            return
        grouped = (
            "SELECT date_diff('day', due, resolved), count(*) FROM t WHERE due IS NOT NULL AND resolved IS NOT NULL"
        )
        late = dict(self.engine.execute(f"{grouped} GROUP BY 1").fetchall())
        total = sum(late.values())
        if total < FEW:
            return
        on_day, beside = late.get(0, 0), max(late.get(-1, 0), late.get(1, 0))
        heap = on_day / total >= HEAP_SHARE and on_day >= HEAP_TIMES * beside
        computed = findings.percent(on_day / total)
        yield noted("heap_on_due_day", "review" if heap else "pass", self.where("resolved"), computed=computed)

    def units(self) -> Iterator[Finding]:
        """Look for one unit written in several ways."""
        if "unit" not in self.columns:
            return
        forms: dict[str, list[str]] = {}
        query = "SELECT unit FROM t WHERE unit IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 20000"
        for (name,) in self.engine.execute(query).fetchall():
            forms.setdefault(plain(name).removeprefix("ubnd "), []).append(name)
        several = [names for names in forms.values() if len(names) > 1]
        shown = "; ".join(" = ".join(f"“{n}”" for n in names[:4]) for names in several[:5])
        yield noted("unit_spellings", "review" if several else "pass", self.where("unit"), computed=shown or "0")


def _day(as_of: date | str) -> str:
    try:
        day = pd.Timestamp(as_of)
    except (TypeError, ValueError):
        day = pd.NaT
    if not day.year >= FIRST_YEAR:  # of no day the year is not a number
        raise ParameterError("year-before-1900" if day.year < FIRST_YEAR else "as-of-is-no-day", got=repr(as_of))
    return f"{day:%Y-%m-%d}"
