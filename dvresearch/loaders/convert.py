"""Millions of dossiers: a text file to typed Parquet in one pass of DuckDB.

The header, the separator, the form of the dates and the personal columns are told from the beginning of the
file, by the code that loads small files; the rest has to agree with it, or the rows that do not are named.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch.errors import DataError
from dvresearch.loaders.cells import HOME, finder, vocabulary
from dvresearch.loaders.delimited import decode, lines, parse_text
from dvresearch.loaders.guard import LIMITS, Limits, container, refuse
from dvresearch.loaders.headers import to_contract
from dvresearch.loaders.records import Records, from_sheets
from dvresearch.loaders.sheets import Sheet, texts
from dvresearch.tables import DOSSIERS, Column
from dvresearch.text import column_style

if TYPE_CHECKING:
    import duckdb

__all__ = ["convert_dossiers"]

_HEAD = 1 << 20  # bytes that are looked at to understand the file
_DAYS = {"dmy": ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"), "mdy": ("%m/%d/%Y", "%m-%d-%Y")}
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?")
#: Cells that are read as empty.
_NULLS = ("", "-", "–", "…", "...", "x", "NULL", "null", "N/A", "nan")
_SHOWN = 8


def convert_dossiers(
    source: str | Path,
    target: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    timezone: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    memory_mib: int = 1400,
    limits: Limits = LIMITS,
) -> dict[str, Any]:
    """Convert a large text file of dossiers to typed Parquet.

    Parameters
    ----------
    source : str or Path
        Text with separators in UTF-8 or UTF-16, one dossier per row from the header to the end of the file.
    target : str or Path
        The Parquet file to write; an existing one is replaced once the new one is complete.
    columns, unit, date_order
        As for :func:`dvresearch.load_dossiers`.
    timezone : str, optional
        Zone on whose clock instants with an offset are written; Vietnam without it.
    memory_mib : int, default 1400
        Memory DuckDB may use, MiB.
    limits : Limits, optional
        For the beginning of the file.

    Returns
    -------
    dict
        How the file was read, as ``attrs["load"]`` of :func:`dvresearch.load_dossiers`.

    Raises
    ------
    DataError
        When the file cannot be used, or rows do not agree with the beginning; the message names them.

    Notes
    -----
    Times are written as clock times without a zone. Personal columns are not written. Measured against
    DuckDB's own typed ``COPY`` in benchmarks/files.py.
    """
    source, target = Path(source), Path(target)
    if container(source, Limits(text_mib=1 << 30)) != "text":
        raise refuse("not_text", source)
    with source.open("rb") as file:
        head = file.read(_HEAD)
    text, encoding, _ = decode(head, source.name)
    if not encoding.startswith("utf"):
        raise refuse("not_utf8", source, encoding)
    if len(head) == _HEAD:  # up to the last whole line
        text = text[: text.rfind("\n") + 1]
    cells, delimiter, _ = parse_text(text, source, limits)
    sheet = Sheet(source.name, "", cells)
    given = {} if unit is None else {"unit": unit}
    start = from_sheets(
        [sheet],
        DOSSIERS,
        anchor="received",
        mapping=to_contract(columns, DOSSIERS),
        given=given,
        timezone=timezone,
        date_order=date_order,
    )
    start.refuse_problems()
    reading = _Reading(source, start, timezone or HOME)
    select = {n: reading.column(DOSSIERS.column(n), at) for n, at in start.header.columns.items() if n in start.frame}
    select |= {n: _quote(value) for n, value in given.items() if n not in select}
    csv_options = {
        "delim": _quote(delimiter),
        "skip": str(_lines(text, delimiter, start.header.body)),
        "columns": "{" + ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(sheet.columns))) + "}",
        "nullstr": "[" + ", ".join(map(_quote, _NULLS)) + "]",
        "encoding": _quote(encoding),
    }
    options = ", ".join(f"{name} = {value}" for name, value in csv_options.items())
    rows = (
        f"read_csv({_quote(str(source))}, header = false, auto_detect = false, quote = '\"', escape = '\"', {options})"
    )
    count = reading.write(rows, {n: select[n] for n in DOSSIERS.names if n in select}, target, memory_mib)
    return {**start.report(), "rows": count, "date_forms": reading.forms}


class _Reading:
    """How the columns of one file become typed columns, as SQL."""

    def __init__(self, source: Path, start: Records, zone: str) -> None:
        self.source, self.start, self.zone = source, start, zone
        self.forms: dict[str, list[str]] = {}
        #: Expression that tells a cell which could not be read, by contract name.
        self.wrong: dict[str, str] = {}

    def column(self, rule: Column, at: int) -> str:
        """Return the expression for one column of the contract."""
        cells = [self.start.header.sheet.columns[at][row - 1] for row in self.start.frame.index]
        name = f"c{at}"
        if rule.kind == "time":
            return self._time(rule.name, name, [t for t in texts(cells) if t and t not in _NULLS])
        if rule.kind in ("count", "number"):
            vietnamese = column_style(cells) != "en"
            digits = f"replace(replace({name}, '.', ''), ',', '.')" if vietnamese else f"replace({name}, ',', '')"
            self.wrong[rule.name] = f"{name} IS NOT NULL AND TRY_CAST({digits} AS DOUBLE) IS NULL"
            return f"CAST({digits} AS DOUBLE)"
        if rule.words:
            return _words(rule, name, set(texts(cells)))
        # Trimming ten million cells that need it nowhere costs a tenth of the whole conversion.
        return f"trim({name})" if any(isinstance(c, str) and c != c.strip() for c in cells) else name

    def _time(self, contract: str, name: str, cells: list[str]) -> str:
        if all(_ISO.fullmatch(c) for c in cells):
            zoned = any(m["zone"] for c in cells if (m := _ISO.fullmatch(c)))
            kind = "TIMESTAMPTZ" if zoned else "TIMESTAMP"
            self.forms[contract] = [f"ISO 8601 ({self.zone})" if zoned else "ISO 8601"]
            self.wrong[contract] = f"{name} IS NOT NULL AND TRY_CAST({name} AS {kind}) IS NULL"
            cast = f"CAST({name} AS {kind})"
            return f"CAST({cast} AT TIME ZONE {_quote(self.zone)} AS TIMESTAMP)" if zoned else cast
        candidates = [day + clock for day in _DAYS[self.start.date_order] for clock in _CLOCKS]
        forms = [f for f in candidates if any(_fits(c, f) for c in cells)]
        if not all(any(_fits(c, f) for f in forms) for c in cells):
            raise refuse("unlike_head", self.source, f"{contract}: {' | '.join(candidates)}")
        self.forms[contract] = forms
        listed = ", ".join(map(_quote, forms))
        form = listed if len(forms) == 1 else f"[{listed}]"
        self.wrong[contract] = f"{name} IS NOT NULL AND try_strptime({name}, {form}) IS NULL"
        return f"strptime({name}, {form})"

    def write(self, rows: str, select: Mapping[str, str], target: Path, memory_mib: int) -> int:
        """Run the conversion into `target` and return the number of dossiers."""
        import duckdb

        half = target.with_name(target.name + ".part")
        columns = ", ".join(f'{expression} AS "{name}"' for name, expression in select.items())
        required = [c.name for c in DOSSIERS.columns if c.required]
        with duckdb.connect() as engine:
            engine.execute(f"SET memory_limit = '{memory_mib}MiB'")
            engine.execute("SET TimeZone = 'UTC'")
            try:
                engine.execute(f"COPY (SELECT {columns} FROM {rows}) TO {_quote(str(half))} (FORMAT parquet)")
                counted = ", ".join(["count(*)", *(f'count("{n}")' for n in required)])
                total, *filled = engine.execute(f"SELECT {counted} FROM read_parquet({_quote(str(half))})").fetchall()[
                    0
                ]
                if min(filled) < total:
                    empty = " OR ".join(f"({select[n]}) IS NULL" for n in required)
                    raise self._rows(engine, rows, empty, "missing_required: " + ", ".join(required))
                half.replace(target)
            except duckdb.Error as fault:
                raise self._explain(engine, rows, fault) from None
            except OSError as fault:
                raise refuse("not_written", target, type(fault).__name__) from None
            finally:
                half.unlink(missing_ok=True)
        return int(total)

    def _explain(self, engine: duckdb.DuckDBPyConnection, rows: str, fault: Exception) -> DataError:
        """Turn a failure into the rows that caused it; the engine's own message may quote a cell."""
        line = re.search(r"CSV Error on Line: (\d+)", str(fault))
        if line:
            return refuse("unlike_head", self.source, f"dòng/row {line[1]}")
        for name, wrong in self.wrong.items():
            found = self._rows(engine, rows, wrong, name)
            if found:
                return found
        return refuse("not_written", self.source, type(fault).__name__)

    def _rows(self, engine: duckdb.DuckDBPyConnection, rows: str, wrong: str, name: str) -> Any:
        first = self.start.header.sheet.first_row + self.start.header.body
        numbered = f"SELECT row_number() OVER () AS n, * FROM {rows}"
        query = f"SELECT n FROM ({numbered}) WHERE {wrong} LIMIT {_SHOWN + 1}"
        found = [row[0] - 1 + first for row in engine.execute(query).fetchall()]
        if not found:
            return None
        listed = ", ".join(map(str, found[:_SHOWN])) + (" …" if len(found) > _SHOWN else "")
        return refuse("unlike_head", self.source, f"{name}, dòng/row {listed}")


def _words(rule: Column, name: str, seen: set[str]) -> str:
    """Return the expression for a column of codes: words seen at the beginning as they stand, others by their form."""
    known = vocabulary(rule)
    find = finder(known)
    quick = "".join(f" WHEN {_quote(w)} THEN {_quote(c)}" for w in sorted(seen) if (c := find(w)))
    form = rf"regexp_replace(lower(strip_accents(translate({name}, 'đĐ', 'dD'))), '[^\p{{L}}\p{{N}}]', '', 'g')"
    slow = "".join(f" WHEN {_quote(w)} THEN {_quote(c)}" for w, c in sorted(known.items()))
    rest = f"CASE WHEN {name} IS NULL THEN NULL ELSE 'other' END" if "other" in rule.words else "NULL"
    return f"CASE {name}{quick} ELSE CASE {form}{slow} ELSE {rest} END END"


def _fits(cell: str, form: str) -> bool:
    try:
        datetime.strptime(cell, form)
    except ValueError:
        return False
    return True


def _lines(text: str, delimiter: str, rows: int) -> int:
    """Return how many lines of the file the first rows take, Excel's line ``sep=`` and line ends in cells included."""
    hint = 1 if text[:4].lower() == "sep=" else 0
    reader = csv.reader(lines(text.split("\n", 1)[1] if hint else text), delimiter=delimiter)
    for _ in range(rows):
        next(reader)
    return reader.line_num + hint


def _quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
