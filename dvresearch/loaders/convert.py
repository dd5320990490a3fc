"""Millions of dossiers: a text file to typed Parquet in one pass of DuckDB.

The header, the separator, the form of the dates and the personal columns are told from the beginning of the
file, by the code that loads small files; the rest has to agree with it, or the rows that do not are named.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch.errors import DataError
from dvresearch.loaders.cells import HOME, finder, is_open, vocabulary, word_for_others
from dvresearch.loaders.declaration import Declaration, Stated, declared_once
from dvresearch.loaders.guard import LIMITS, Limits, container, refuse, shown_name
from dvresearch.loaders.headers import Block, key
from dvresearch.loaders.kinds import KINDS, ask_of_dossiers, near_duplicates
from dvresearch.loaders.reading import Reading, note_words, read
from dvresearch.loaders.sheets import Sheet, decode, lines, parse_text, texts
from dvresearch.privacy import CODE, MIN_COUNT, holds_person
from dvresearch.tables import DOSSIERS, STATES, Column
from dvresearch.text import column_date_order, column_style
from dvresearch.text.dates import FIRST_YEAR

if TYPE_CHECKING:
    import duckdb

__all__ = ["convert_dossiers", "convert_records", "is_long", "is_text"]

_HEAD = 1 << 18  # bytes that are looked at to understand the file
_DAYS = {"dmy": ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"), "mdy": ("%m/%d/%Y", "%m-%d-%Y")}
#: Days that no order of day and month can confuse.
_CLEAR_DAYS = ("%Y/%m/%d", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f", ", %H:%M:%S", ", %I:%M:%S %p")
_CLOCKS_FIRST = ("%H:%M ", "%H:%M:%S ")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?P<zone>Z| UTC|[+-]\d\d(?::?\d\d)?)?)?")
#: Cells that are read as empty.
_NULLS = ("", "-", "–", "…", "...", "NULL", "null", "N/A", "nan")
_SHOWN = 8
_SAMPLE = 1_000  # distinct dates by which the form of a column is told
_REQUIRED = [c.name for c in DOSSIERS.columns if c.required]


def convert_dossiers(
    source: str | Path,
    target: str | Path,
    *,
    declaration: Stated = None,
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
    declaration : Declaration, str or Path, optional
        As for :func:`dvresearch.load_dossiers`; instants with an offset are written on the clock of its ``timezone``,
        that of Vietnam without it.
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
    said = declared_once(source, "dossiers", declaration)
    return convert_records(Path(source), Path(target), said, memory_mib=memory_mib, limits=limits)[1]


def convert_records(
    source: Path, target: Path, said: Declaration, *, memory_mib: int = 1400, limits: Limits = LIMITS
) -> tuple[Reading, dict[str, Any]]:
    """Convert as :func:`convert_dossiers` does; return the records at the beginning of the file, and the report."""
    if not is_text(source):
        raise refuse("only-text-can-be-converted", source)
    text, encoding = _piece(source, 0, _HEAD)
    if not encoding.startswith("utf"):
        raise refuse("large-file-not-utf8", source, encoding)
    whole = source.stat().st_size <= _HEAD
    cells, delimiter, _ = parse_text(text, source, limits, whole=whole)
    sheet = Sheet(shown_name(source), "", cells)
    start = read([sheet], KINDS["dossiers"], said, partial=not whole)
    if not (whole or start.order_known):  # a file in order of receipt begins with the first days of a month
        order = _order_further_on(source, start.block, delimiter)
        start = read([sheet], KINDS["dossiers"], replace(said, date_order=order), partial=True)
    start.refuse()
    first = start.origin(0)[1] + 1
    if between := sorted(row + 1 for rows in start.skipped().values() for _, row in rows if row + 1 > first):
        raise _unlike(source, between)
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(sheet.columns)))
    reading = _Reading(start, said.timezone or HOME)
    reading.rows = (
        f"read_csv({_quote(str(source))}, header = false, auto_detect = false, quote = '\"', escape = '\"', "
        f"delim = {_quote(delimiter)}, skip = {_lines(text, delimiter, first - 1)}, columns = {{{columns}}}, "
        f"nullstr = [{', '.join(map(_quote, _NULLS))}], encoding = {_quote(encoding)})"
    )
    reading.select |= {n: _quote(value) for n, value in said.given.items()}
    count, masked = reading.write(source, target, memory_mib)
    report = start.report()
    report["notes"] += [["personal_cell", f"{name}: {cells}"] for name, cells in masked.items()]
    return start, {**report, "rows": count, "first_row": first, "date_forms": reading.forms}


def is_text(path: Path) -> bool:
    """Tell whether a file is text, of any size."""
    return container(path, Limits(text_file_mib=1 << 30)) == "text"


def is_long(path: Path, limits: Limits = LIMITS) -> bool:
    """Tell whether a file is text too long to be read as a grid of cells."""
    return is_text(path) and path.stat().st_size > limits.text_file_mib << 20


def _piece(source: Path, start: int, size: int) -> tuple[str, str]:
    """Return a piece of a text file, and the encoding the beginning of the file tells."""
    with source.open("rb") as file:
        head = file.read(4096)
        file.seek(start - start % 4)
        data = file.read(size)
    text, encoding, _ = decode(data if not start else head, shown_name(source))
    return (text if not start else data.decode(encoding, "ignore")), encoding


def _order_further_on(source: Path, header: Block, delimiter: str) -> Literal["auto", "dmy", "mdy"]:
    """Look in the middle and at the end of a file for a date that tells whether day or month comes first."""
    size = source.stat().st_size
    seen = []
    for place in (size // 2, size - _HEAD // 4):
        text, _ = _piece(source, max(0, place), _HEAD // 4)
        rows = list(csv.reader(lines(text), delimiter=delimiter))[1 : -1 if place < size - _HEAD // 4 else None]
        dates = [at for name, at in header.columns.items() if DOSSIERS.column(name).kind == "time"]
        seen += [row[at] for row in rows for at in dates if at < len(row)]
    order = column_date_order(seen)
    return order if order in ("dmy", "mdy") else "auto"


class _Reading:
    """How the columns of one file become typed columns, as SQL, and the run that does it."""

    def __init__(self, start: Reading, zone: str) -> None:
        self.start, self.zone = start, zone
        self.rows = ""
        self.forms: dict[str, list[str]] = {}
        #: By contract name, the expression of the column.
        self.select: dict[str, str] = {}
        columns = start.block.sheet.columns
        cells = {n: [columns[at][row - 1] for row in start.frame.index] for n, at in start.block.columns.items()}
        # A column that is empty at the beginning is written as the others are: they go first.
        for name in sorted((n for n in cells if n in start.frame), key=lambda n: not any(cells[n])):
            self.select[name] = self._column(DOSSIERS.column(name), f"c{start.block.columns[name]}", cells[name])
        typed = [n for n in self.select if DOSSIERS.column(n).kind in ("time", "count", "number")]
        self.typed = {n: f"c{start.block.columns[n]}" for n in typed}
        titles = {key(t): i for i, t in reversed([*enumerate(start.block.titles)])}
        self.kept = [str(n) for n in start.frame.columns if n not in cells and n not in DOSSIERS.names]
        self.select |= {name: f"trim(c{titles[key(name)]})" for name in self.kept}

    def _column(self, rule: Column, name: str, cells: list[Any]) -> str:
        if rule.kind == "time":
            distinct = dict.fromkeys(t for t in texts(cells) if t and t not in _NULLS)
            return self._time(rule.name, name, list(distinct)[:_SAMPLE], cells)
        if rule.words:
            return _words(self._known(rule), rule, name, set(texts(cells)))
        name = f"nullif({name}, 'x')"  # among days and coded words it is a tick
        if rule.kind in ("count", "number"):
            group, mark = {"vi": (".", ","), "en": (",", ".")}.get(column_style(cells), ("", ""))
            form = rf"[-+]?(\d+|\d{{1,3}}([{group}]\d{{3}})+)([{mark}]\d+)?" if mark else r"[-+]?\d+"
            digits = f"replace(replace({name}, '{group}', ''), ',', '.')" if mark else name
            # 95.5 below 1.234,5 is no number of this column: what is no number at all names its row
            right = f"{name} IS NULL OR regexp_full_match({name}, {_quote(form)})"
            return f"CAST(CASE WHEN {right} THEN {digits} ELSE '?' END AS DOUBLE)"
        # Trimming ten million cells that need it nowhere costs a tenth of the whole conversion.
        return f"trim({name})" if any(isinstance(c, str) and c != c.strip() for c in cells) else name

    def _known(self, rule: Column) -> dict[str, str]:
        """Return the words of a coded column, those that the user declares among them."""
        said = {word: code for word, code in self.start.stated.words.get(rule.name, {}).items() if code}
        known = vocabulary(replace(rule, codes=(*rule.codes, *said.items())))
        settings = {s: words[answer] for s, words in STATES.items() if (answer := getattr(self.start.stated, s))}
        return {word: settings.get(code, code) for word, code in known.items()}

    def _time(self, contract: str, name: str, cells: list[str], column: list[Any]) -> str:
        known = [f for forms in self.forms.values() for f in forms]
        if all(_ISO.fullmatch(c) for c in cells) if cells else not known or known[0].startswith("ISO"):
            zoned = any(m["zone"] for c in cells if (m := _ISO.fullmatch(c))) or any("+" in f for f in known)
            self.forms[contract] = ["ISO 8601 +zone" if zoned else "ISO 8601"]
            cast = f"CAST({name} AS TIMESTAMPTZ) AT TIME ZONE {_quote(self.zone)}" if zoned else name
            return f"CAST({cast} AS TIMESTAMP)"
        days = (*_DAYS[self.start.date_order], *_CLEAR_DAYS)
        candidates = [day + clock for day in days for clock in _CLOCKS]
        candidates += [clock + day for day in days for clock in _CLOCKS_FIRST]
        forms = [] if cells else list(dict.fromkeys(known))
        for cell in cells:
            if not any(_fits(cell, f) for f in forms):
                forms += [f for f in candidates if _fits(cell, f)][:1]
        if odd := {c for c in cells if not any(_fits(c, f) for f in forms)}:
            at = [int(r) for r, c in zip(self.start.frame.index, texts(column), strict=True) if c in odd]
            raise _unlike(Path(self.start.block.sheet.file), at, contract)
        self.forms[contract] = forms
        listed = ", ".join(map(_quote, forms))
        return f"strptime({name}, {listed if len(forms) == 1 else f'[{listed}]'})"

    def write(self, source: Path, target: Path, memory_mib: int) -> tuple[int, dict[str, int]]:
        """Run the conversion into `target`; return the number of dossiers, and of cells emptied by column."""
        import duckdb

        half, clean = (target.with_name(target.name + end) for end in (".part", ".part2"))
        names = [n for n in (*DOSSIERS.names, *self.kept) if n in self.select]
        columns = ", ".join(f"{self.select[n]} AS {_name(n)}" for n in names)
        with duckdb.connect() as engine:
            engine.execute(f"SET memory_limit = '{memory_mib}MiB'")
            engine.execute("SET TimeZone = 'UTC'")
            try:
                engine.execute(f"COPY (SELECT {columns} FROM {self.rows}) TO {_quote(str(half))} (FORMAT parquet)")
                written = f"read_parquet({_quote(str(half))})"
                counted = ", ".join(["count(*)", *(f'count("{n}")' for n in _REQUIRED)])
                total, *filled = engine.execute(f"SELECT {counted} FROM {written}").fetchone() or (0,)
                # DuckDB reads "5/1/20" as a day of the year 20; the file itself holds the least of each column
                least = f"SELECT DISTINCT path_in_schema FROM parquet_metadata({_quote(str(half))})"
                for (name,) in engine.execute(f"{least} WHERE stats_min_value < '{FIRST_YEAR}'").fetchall():
                    if name in self.forms:
                        early = f"{self.select[name]} < TIMESTAMP '{FIRST_YEAR}-01-01'"
                        raise _unlike(source, self._rows(engine, early), name)
                if min(filled) < total:
                    empty = " OR ".join(f"({self.select[n]}) IS NULL" for n in _REQUIRED)
                    raise _unlike(source, self._rows(engine, empty), ", ".join(_REQUIRED))
                self._ask(engine, written, int(total))
                masked = self._mask(engine, source, written, clean)
                (clean if masked else half).replace(target)
            except duckdb.Error as fault:
                raise self._explain(engine, source, fault) from None
            except OSError as fault:
                raise refuse("parquet-not-written", target, type(fault).__name__) from None
            finally:
                half.unlink(missing_ok=True)
                clean.unlink(missing_ok=True)
        return int(total), masked

    def _ask(self, engine: duckdb.DuckDBPyConnection, written: str, total: int) -> None:
        """Ask of the whole file what is asked of a short one; what its beginning told of it is forgotten."""
        start, at = self.start, self.start.block.columns
        coded = [n for n in self.select if n in at and DOSSIERS.column(n).words]
        likely = [n for n in coded if start.words.get(n)]
        start.words, start.notes = {}, [n for n in start.notes if n.code != "personal_cell"]
        start.questions = [q for q in start.questions if q.code != "words-are-persons"]
        states: dict[str, Counter[str]] = {}
        for name in coded:
            rule, cell = DOSSIERS.column(name), f"c{at[name]}"
            doubtful = ", ".join(map(_quote, (word_for_others(rule), *STATES)))
            found = engine.execute(f"SELECT count(*) FROM {written} WHERE {_name(name)} IN ({doubtful})").fetchone()
            if not (name in likely or (found and found[0])):
                continue
            query = f"SELECT {cell}, count(*) FROM {self.rows} WHERE {cell} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
            words = Counter({" ".join(word.split()): n for word, n in engine.execute(query).fetchall()})
            find = finder(self._known(rule))
            codes = {word: find(word) for word in words}
            note_words(start, start.block, name, {w: words[w] for w, c in codes.items() if c is None}, words.total)
            for setting in STATES if name == "outcome" else ():
                if told := {w: words[w] for w, c in codes.items() if c == setting}:
                    states[setting] = Counter(told)
        finished = engine.execute(f"SELECT count(resolved) FROM {written}").fetchone() if "resolved" in at else None
        units = engine.execute(f"SELECT DISTINCT unit FROM {written} WHERE unit IS NOT NULL").fetchall()
        ask_of_dossiers(start, states, finished[0] if finished else 0, total, [unit for (unit,) in units])
        if (name := DOSSIERS.key[0]) in at:
            cell, form = _name(name), rf"regexp_replace(lower({_name(name)}), '[^\p{{L}}\p{{N}}]', '', 'g')"
            one, two = (f"count(DISTINCT hash({of}))" for of in (cell, form))
            twice = f"SELECT hash({form}) FROM {written} GROUP BY 1 HAVING {one} > 1"
            # looked at fast: codes of one length, in capitals, hardly differ in case or marks alone
            alike = f"min(length({cell})) = max(length({cell})) AND bool_and({cell} = upper({cell}))"
            alike += f" AND max(strlen({cell})) = max(length({cell}))"
            uneven = engine.execute(f"SELECT {alike} FROM {written}").fetchone() != (True,)
            if uneven and engine.execute(f"SELECT {one} > {two} FROM {written}").fetchone() == (True,):
                query = f"SELECT DISTINCT {cell} FROM {written} WHERE hash({form}) IN ({twice})"
                codes = near_duplicates([code for (code,) in engine.execute(query).fetchall()])
                start.ask("near-duplicates", column=name, count=len(codes))

    def _mask(self, engine: duckdb.DuckDBPyConnection, source: Path, written: str, clean: Path) -> dict[str, int]:
        """Empty the cells that name a person, as :func:`mask_persons` does for small files."""
        masked: dict[str, int] = {}
        replaced = []
        open_words = [c.name for c in DOSSIERS.columns if is_open(c) and c.name in self.select]
        for name in (*open_words, *self.kept):
            cell, table = _name(name), _name(f"person {name}")
            # What cannot name a person is passed over fast: a code in one word.
            may = f"contains({cell}, ' ') OR NOT regexp_full_match({cell}, {_quote(CODE.pattern)})"
            often = f" HAVING count(*) < {MIN_COUNT}" if name == "unit" else ""
            rare = f"SELECT {cell}, count(*) FROM {written} WHERE {may} GROUP BY 1{often}"
            persons = {text: count for text, count in engine.execute(rare).fetchall() if holds_person(text)}
            if not persons:
                continue
            engine.execute(f"CREATE TABLE {table} AS SELECT unnest(?) AS cell", [list(persons)])
            if name in _REQUIRED:
                wrong = f"({self.select[name]}) IN (FROM {table})"
                raise _unlike(source, self._rows(engine, wrong), f"personal_cell: {name}")
            masked[name] = sum(persons.values())
            replaced.append(f"CASE WHEN {cell} NOT IN (FROM {table}) THEN {cell} END AS {cell}")
        if replaced:
            query = f"SELECT * REPLACE ({', '.join(replaced)}) FROM {written}"
            engine.execute(f"COPY ({query}) TO {_quote(str(clean))} (FORMAT parquet)")
        return masked

    def _explain(self, engine: duckdb.DuckDBPyConnection, source: Path, fault: Exception) -> DataError:
        """Turn a failure into the rows that caused it; the engine's own message may quote a cell."""
        import duckdb

        try:
            if not _line(fault):
                for name, cell in self.typed.items():
                    if rows := self._rows(engine, f"{cell} IS NOT NULL AND TRY({self.select[name]}) IS NULL"):
                        return _unlike(source, rows, name)
        except duckdb.Error as second:
            fault = second
        if line := _line(fault):
            return _unlike(source, [line])
        return refuse("parquet-not-written", source, type(fault).__name__)

    def _rows(self, engine: duckdb.DuckDBPyConnection, wrong: str) -> list[int]:
        """Return the first rows of the file of which an expression is true."""
        numbered = f"SELECT row_number() OVER () AS n, * FROM {self.rows}"
        query = f"SELECT n FROM ({numbered}) WHERE {wrong} LIMIT {_SHOWN + 1}"
        return [row[0] - 1 + int(self.start.frame.index[0]) for row in engine.execute(query).fetchall()]


def _unlike(source: Path, rows: Sequence[object], name: str = "") -> DataError:
    """Return the error for rows that do not agree with the beginning of the file, in the column of that name."""
    listed = f"dòng/row {', '.join(map(str, rows[:_SHOWN]))}" + (" …" if len(rows) > _SHOWN else "")
    return refuse("rows-unlike-beginning", source, ", ".join(filter(None, (name, listed if rows else ""))))


def _line(fault: Exception) -> str | None:
    found = re.search(r"CSV Error on Line: (\d+)", str(fault))
    return found[1] if found else None


def _words(known: Mapping[str, str], rule: Column, name: str, seen: set[str]) -> str:
    """Return the expression for a column of codes: words seen at the beginning as they stand, others by their form."""
    find = finder(known)
    quick = {w: c for w in sorted(seen) if (c := find(w))}
    form = rf"regexp_replace(lower(strip_accents(translate({name}, 'đĐ', 'dD'))), '[^\p{{L}}\p{{N}}]', '', 'g')"
    rest = f"CASE WHEN {name} IS NULL THEN NULL ELSE '{word}' END" if (word := word_for_others(rule)) else "NULL"
    return _case(name, quick, _case(form, dict(sorted(known.items())), rest))


def _case(expression: str, codes: Mapping[str, str], rest: str) -> str:
    whens = "".join(f" WHEN {_quote(word)} THEN {_quote(code)}" for word, code in codes.items())
    return f"CASE {expression}{whens} ELSE {rest} END" if codes else rest


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


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
