"""What records say about themselves, and a list of dossiers: duplicates, gaps, impossible dates, days off, heaps.

One engine for a frame of a hundred rows and a Parquet file of ten million: a few scans that count, and a
look-up of row numbers for what was found.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from dvresearch import codebook, workdays
from dvresearch.errors import ParameterError, Text
from dvresearch.loaders.reading import Reading
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding
from dvresearch.tables import UNFINISHED
from dvresearch.text import plain
from dvresearch.text.dates import FIRST_YEAR

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "FEW", "MISSING_SHARE", "Records", "Rule", "absent", "broken", "named_rows", "noted", "repeated", "screen_records",
    "share",
]  # fmt: skip

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

#: Columns that are rightly the same in all rows, and those that are rightly empty in many.
_OFTEN_SAME = ("unit", "field", "kind", "visits", "matters")
_OFTEN_EMPTY = (
    *("resolved", "supplement_days", "supplement_requests"),
    *("visits", "people", "matters", "group_visit", "satisfied", "repeated"),
)
_SHOWN = 10


class Rule(NamedTuple):
    """A condition that no record should meet.

    Parameters
    ----------
    check : str
        Code of the check.
    column : str
        Column that is shown to be looked at.
    condition : str
        What is wrong, in SQL; a column that the file lacks is empty in all records.
    verdict : {"fail", "review"}
        What a record that meets it leads to.
    needs : sequence of str, optional
        Columns without which nothing is checked; `column` when not given.
    """

    check: str
    column: str
    condition: str
    verdict: str = "fail"
    needs: Sequence[str] | None = None


def _before_received(column: str) -> str:
    # a date without an hour is any time of its day
    return f"{column} < received AND NOT ({column} = {column}::DATE AND {column}::DATE = received::DATE)"


_CLOSED = f"outcome NOT IN {('', *UNFINISHED)}"
_TAKEN = "date_diff('day', received, resolved)"
_TOO_LONG = "supplement_days > date_diff('day', received, coalesce(resolved, due)) + 1"
_RULES = (
    Rule("resolved_before_received", "resolved", _before_received("resolved"), needs=("received", "resolved")),
    Rule("due_before_received", "due", _before_received("due"), needs=("received", "due")),
    Rule("very_long", "resolved", f"{_TAKEN} > {LONGEST}", "review", ("received", "resolved")),
    Rule("open_with_end", "outcome", "outcome = 'open' AND resolved IS NOT NULL", "review", ("outcome", "resolved")),
    Rule("closed_without_end", "outcome", f"{_CLOSED} AND resolved IS NULL", "review", ("outcome", "resolved")),
    Rule(
        "supplement_too_long",
        "supplement_days",
        f"supplement_days < 0 OR {_TOO_LONG}",
        "review",
        ("supplement_days", "received", "resolved", "due"),
    ),
)


def noted(
    check: str, verdict: str, where: str, *, computed: str = "", severity: str = "", guidance: Text | None = None
) -> Finding:
    """Return a finding; the note of its check is the guidance, and its severity follows the verdict, if not given."""
    entry = codebook.get("check", check) if guidance is None else None
    advice = Text(entry.note_vi, entry.note_en) if entry else guidance
    grade = severity or {"fail": "major", "review": "minor"}.get(verdict, "info")
    return findings.finding(check, verdict, where, computed=computed, severity=grade, guidance=advice)


def named_rows(rows: Sequence[int], count: int) -> str:
    """Return rows of a file as a place in it: the first few, and how many of `count` are not named."""
    more = f" (+{count - _SHOWN})" if count > _SHOWN else ""
    return "dòng/row " + ", ".join(map(str, rows[:_SHOWN])) + more


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """Return an engine without tables, started once: that takes longer than the checks of most files."""
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET memory_limit = '1400MiB'")
    return engine


class Records:
    """The records of a table, which can be asked in SQL as the view ``t`` with the names of the contract and ``row``.

    Parameters
    ----------
    reading : Reading
        How they were read; of a Parquet file its beginning.
    file : Path, optional
        A Parquet file with typed times; the records of `reading` without it.
    first_row : int, optional
        Of a Parquet file that was made from another one and has the names of the contract: where its first record
        stands in that one.
    **more : sequence
        What else is known of each record of `reading`, by the name under which rules ask for it.
    """

    def __init__(
        self, reading: Reading, file: Path | None = None, first_row: int | None = None, **more: Sequence[Any]
    ) -> None:
        self.engine, self.reading, self.file = _engine().cursor(), reading, file
        if file is None:  # ``row`` is the position in the frame
            frame = reading.frame[[n for n in reading.table.names if n in reading.frame]].reset_index(drop=True)
            self.columns = list(frame)
            for name in frame.select_dtypes("datetimetz"):
                frame[name] = frame[name].dt.tz_localize(None)
            self.engine.register("frame", frame.assign(**more).reset_index(names="row"))
            absent = [f'NULL AS "{name}"' for name in reading.table.names if name not in frame]
            self.engine.execute(f"CREATE TEMP VIEW t AS SELECT {', '.join(['*', *absent])} FROM frame")
        else:
            source = f"read_parquet('{str(file).replace(chr(39), chr(39) * 2)}', file_row_number = true)"
            if first_row is None:
                titles = {name: reading.sheet.titles[at] for name, at in reading.block.columns.items()}
            else:
                titles = {n: n for n, *_ in self.ask(f"DESCRIBE FROM {source}") if n in reading.table.names}
            self.columns = list(titles)
            select = ", ".join(f'"{t.replace(chr(34), chr(34) * 2)}" AS "{name}"' for name, t in titles.items())
            self.engine.execute(
                f"CREATE TEMP VIEW t AS SELECT {select}, file_row_number + {first_row or 2} AS row FROM {source}"
            )

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows that a query gives."""
        return self.engine.execute(query).fetchall()

    def has(self, *names: str) -> bool:
        """Tell whether the file has columns."""
        return {*names} <= {*self.columns}

    def where(self, column: str = "", rows: Sequence[int] = (), count: int = 0) -> str:
        """Say where records stand: file, sheet, rows as the file counts them, column."""
        if self.file is None or not rows:
            return self.reading.where(column, rows, count - len(rows))
        place = self.reading.sheet.where()
        return f"{place}, {named_rows(rows, count)}{self.reading.where(column).removeprefix(place)}"

    def check(self, rules: Sequence[Rule]) -> Iterator[Finding]:
        """Look for the records that meet the condition of a rule, in one scan for all rules."""
        asked = [r for r in rules if self.has(*((r.column,) if r.needs is None else r.needs))]
        if not asked:
            return
        counted = ", ".join(f"count(*) FILTER ({rule.condition})" for rule in asked)
        for rule, count in zip(asked, self.ask(f"SELECT {counted} FROM t")[0], strict=True):
            query = f"SELECT row FROM t WHERE {rule.condition} ORDER BY row LIMIT {_SHOWN}"
            rows = [int(row) for (row,) in self.ask(query)] if count else []
            where = self.where(rule.column, rows, count)
            yield noted(rule.check, rule.verdict if count else "pass", where, computed=str(count))


def absent(names: Sequence[str], there: Collection[Any], where: str) -> Iterator[Finding]:
    """Name the columns that are not there."""
    return (noted("column_absent", "unknown", where, computed=name) for name in names if name not in there)


def share(check: str, value: float, limit: float, where: str, *, of: float = FEW, severity: str = "") -> Finding:
    """Return the finding of a share that deserves a question from `limit` on, unless it is `of` few records."""
    verdict = "unknown" if math.isnan(value) else "review" if value >= limit and of >= FEW else "pass"
    grade = "" if verdict == "pass" else severity
    return noted(check, verdict, where, computed=findings.percent(value), severity=grade)


def broken(reading: Reading, rules: Sequence[Rule], **more: Sequence[Any]) -> list[Finding]:
    """Look for the records that meet the condition of a rule; the parameters are those of :class:`Records`."""
    records = Records(reading, None, None, **more)
    with closing(records.engine):
        return list(records.check(rules))


def repeated(*columns: str) -> str:
    """Return the condition that what stands in columns, none of them empty, stands there in another record too."""
    key, filled = ", ".join(columns), " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return f"({key}) IN (SELECT ({key}) FROM t WHERE {filled} GROUP BY ALL HAVING count(*) > 1)"


def screen_records(
    records: Records, *, as_of: date | str | None = None, calendar: workdays.Calendar | None = None
) -> list[Finding]:
    """Check dossiers, or cases with the same dates; one finding per check and column.

    Parameters
    ----------
    records : Records
        The records.
    as_of, calendar
        As for :func:`dvresearch.screen`.
    """
    day = None if as_of is None else _day(as_of)
    late = [Rule(f"{c}_after_as_of", c, f"{c} >= DATE '{day}' + 1") for c in ("received", "resolved") if day]
    with closing(records.engine):
        return [
            *_gaps(records),
            *records.check([*_RULES, *late]),
            *_days_off(records, calendar or workdays.calendar()),
            *_heaps(records),
            *_units(records),
        ]


def _gaps(records: Records) -> Iterator[Finding]:
    """Look for records that occur twice, and for columns that are often empty, not there, or always the same."""
    each = [f'count("{c}"), min("{c}") = max("{c}")' for c in records.columns]
    ((total, *told),) = records.ask(f"SELECT {', '.join(['count(*)', *each])} FROM t")
    filled, constant = (dict(zip(records.columns, told[i::2], strict=True)) for i in (0, 1))
    key = records.reading.table.key[0]
    twice = "duplicate_code" if filled.get(key) else "duplicate_row"
    value = f'"{key}"' if filled.get(key) else "(" + ", ".join(f'"{c}"' for c in records.columns) + ")"
    # Distinct numbers of 64 bits take a fifth of the memory of distinct texts; what they find is looked at again.
    ((double,),) = records.ask(f"SELECT count(*) - count(DISTINCT hash({value})) FROM t WHERE {value} IS NOT NULL")
    condition = repeated(f"hash({value})") if double else "false"
    (found,) = records.check([Rule(twice, key, condition, "fail" if filled.get(key) else "review", ())])
    yield found | {"computed": str(double)}
    yield from absent(("due", "resolved", "outcome", "channel"), records.columns, records.where())
    for name in records.columns:
        if name not in _OFTEN_EMPTY:
            limit = MISSING_DUE if name == "due" else MISSING_SHARE
            yield share("missing", 1 - filled[name] / total, limit, records.where(name))
        if constant[name] and total >= FEW and name not in _OFTEN_SAME:
            yield noted("constant", "review", records.where(name), computed=str(filled[name]))


def _days_off(records: Records, calendar: workdays.Calendar) -> Iterator[Finding]:
    """Look for dates on weekends and public holidays, and for many results entered on one day."""
    first, last = calendar.days[[0, -1]]
    for name in filter(records.has, ("received", "due", "resolved")):
        desk = " AND channel IS DISTINCT FROM 'online'" if name == "received" and records.has("channel") else ""
        # In the order of days: of two equally busy ones the earlier is named, whatever the engine's threads did.
        days = records.ask(f"SELECT {name}::DATE, count(*) FROM t WHERE {name} IS NOT NULL{desk} GROUP BY 1 ORDER BY 1")
        counts = pd.Series([n for _, n in days], index=pd.DatetimeIndex([d for d, _ in days]), dtype="int64")
        known = counts[(counts.index >= first) & (counts.index <= last)]
        limit, where = OFF_DUE if name == "due" else OFF_OTHER, records.where(name)
        if not len(known):
            yield noted(f"{name}_on_day_off", "unknown", where)
            continue
        off = known[~workdays.is_working(known.index.to_numpy(), calendar=calendar)]
        yield share(f"{name}_on_day_off", off.sum() / known.sum(), limit, where, of=known.sum())
        if name == "resolved" and len(counts) > 1 / BATCH_SHARE:
            busiest = f"{where}, {counts.idxmax():%d/%m/%Y}"
            yield share("batch_day", counts.max() / counts.sum(), BATCH_SHARE, busiest, of=counts.sum())


def _heaps(records: Records) -> Iterator[Finding]:
    """Look for results that pile up on the very due day."""
    if not records.has("due", "resolved"):
        return
    late = dict(records.ask("SELECT date_diff('day', due, resolved), count(*) FROM t GROUP BY 1"))
    late.pop(None, None)  # of records that lack one of the two
    total, on_day = sum(late.values()), late.get(0, 0)
    if total >= FEW:
        limit = HEAP_SHARE if on_day >= HEAP_TIMES * max(late.get(-1, 0), late.get(1, 0)) else math.inf
        yield share("heap_on_due_day", on_day / total, limit, records.where("resolved"))


def _units(records: Records) -> Iterator[Finding]:
    """Look for one unit written in several ways."""
    if not records.has("unit"):
        return
    forms: dict[str, list[str]] = {}
    query = "SELECT unit FROM t WHERE unit IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 20000"
    for (name,) in records.ask(query):
        forms.setdefault(plain(name).removeprefix("ubnd "), []).append(name)
    several = [names for names in forms.values() if len(names) > 1]
    shown = "; ".join(" = ".join(f"“{n}”" for n in names[:4]) for names in several[:5])
    yield noted("unit_spellings", "review" if several else "pass", records.where("unit"), computed=shown or "0")


def _day(as_of: date | str) -> str:
    try:
        day = pd.Timestamp(as_of)
    except (TypeError, ValueError):
        day = pd.NaT
    if not day.year >= FIRST_YEAR:  # of no day the year is not a number
        raise ParameterError("year-before-1900" if day.year < FIRST_YEAR else "as-of-is-no-day", got=repr(as_of))
    return f"{day:%Y-%m-%d}"
