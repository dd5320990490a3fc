"""Read the tables of one kind from a file as it is: records, with an account of everything else the file holds.

Sheets and tables that belong together are read together; what is not read is named. Cells that cannot be read
are collected, all of them, so that one message names every row to mend. Personal columns are recognised and
not kept. What the file does not decide becomes a question.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import Answer, DataError, ParameterError
from dvresearch.loaders.account import Fate, Problem, Question, SheetAccount, refuse_problems, refuse_questions
from dvresearch.loaders.bodies import Body, body_rows
from dvresearch.loaders.cells import HOME, Order, Typed, convert, convert_dates, finder, is_open, vocabulary
from dvresearch.loaders.corrections import apply
from dvresearch.loaders.declaration import LEFT_OUT, Declaration
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import Block, declared_sheets, find_blocks, key, labelled, missing_columns
from dvresearch.loaders.sheets import LoadReport, Note, Sheet, column_letters, filled, filled_down, read_sheets, texts
from dvresearch.privacy import MIN_COUNT, holds_person, personal_kind, pseudonym, showable, shown_header
from dvresearch.tables import Column, Table, check
from dvresearch.text import column_date_order, plain, shape

__all__ = ["Kind", "Part", "Reading", "date_only", "in_order", "note_words", "read"]

_SAMPLE = 500  # cells by which the content of a column is judged
#: What is wrong with a cell that cannot be read.
_WRONG = {"date": "bad_date", "time": "bad_date", "yesno": "bad_word", "code": "not_in_list", "text": "odd_cell"}
#: A vocabulary of more words than this is free text, of which nothing is repeated.
_FEW_WORDS = 30
_NUMERIC = ("count", "number", "share")
#: Columns of states, on which counts depend.
_STATES = ("outcome", "stage")
#: How far outside the real dates of a column a date in words may lie.
_SLACK = pd.Timedelta(days=7)
#: Dates in the other order from which they are more than slips.
_SEVERAL = 3
#: What a column of counts is called in which a row may stand for several records: "Số lượng hồ sơ", "SL HS", "Số đơn".
_COUNTS = re.compile(
    r"(?:tong )?(?:(?:so luong|sl)(?: (?:cac )?(?:ho so|hs|don(?: thu)?|vu viec))?|so (?:ho so|hs|don(?: thu)?))"
    r"(?: (?:tiep nhan|da nhan|giai quyet|da giai quyet|phat sinh|trong ky))?"
)
#: Share of known words from which a column holds a vocabulary.
_MOSTLY = 0.7


@dataclass(frozen=True)
class Kind:
    """What is special of one kind of table.

    Parameters
    ----------
    table : Table
        The contract.
    anchors : tuple of str
        Columns by which a record is told from other rows, the first one the file has: hardly ever empty.
    sentences : tuple of str
        Columns in which long texts are no sign of somebody's own words (criteria, targets).
    numbers : bool
        Whether its numbers bear witness of a total, which holds the sums of what stands above it.
    added : bool
        Whether its records are added up, so that a total in doubt stops the reading; in a list it would not.
    single : bool
        Whether a row is one dossier or case: a column that counts them would make it many.
    titled : callable
        Tells what the title above a table and the name of its sheet say of all its rows.
    finish : callable
        What is still to be done with a reading.
    told : mapping
        What the report of a reading tells besides.
    """

    table: Table
    anchors: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    numbers: bool = False
    added: bool = False
    single: bool = False
    titled: Callable[[Block], Mapping[str, str]] = lambda block: {}
    finish: Callable[[Reading], None] = lambda reading: None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """The records of one table of the file.

    Parameters
    ----------
    block : Block
        Where the table is.
    body : Body
        What its rows are.
    dates : dict of str to Typed
        Its columns of dates.
    """

    block: Block
    body: Body
    dates: Mapping[str, Typed]

    def cells(self, at: int | None, most: int | None = None) -> Any:
        """Return the cells of a column for the records, or the first of them; empty where there is no column."""
        rows = self.body.records[:most]
        if at is None:
            return [""] * len(rows)
        column = self.block.sheet.columns[at]
        if isinstance(column, pd.Series):
            return column if len(rows) == len(column) else column.iloc[rows]
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
            return column[rows[0] : rows[-1] + 1]
        return [column[i] for i in rows]


@dataclass
class Reading:
    """What was read from a file.

    Parameters
    ----------
    kind : Kind
        The kind of table.
    stated : Declaration
        What the user says about the file.
    frame : DataFrame
        The records, by the names of the contract; the index ``row`` is the row in the file, with the name of the sheet
        in front (``Quý II!12``) where several were read.
    parts : list of Part
        The tables the records come from, in their order.
    accounts : list of SheetAccount
        The fate of every cell, by sheet.
    problems : list of Problem
        Cells that cannot be used as they are.
    questions : list of Question
        What the file does not decide.
    personal : dict of str to str
        Headers of the personal columns that were not kept, and what they hold.
    unused : list of str
        Headers of the other columns that were not kept.
    words : dict of str to dict
        By column, the words that are not in its vocabulary and how often they occur.
    date_order : {"dmy", "mdy"}
        How dates of digits were read.
    order_known : bool
        Whether some date decided that, or no date of digits occurs.
    corrections : list of dict
        The corrections applied.
    notes : list of Note
        Remarks about the reading.
    unread : list of str
        Sheets that were not read, each with the reason.
    """

    kind: Kind
    stated: Declaration
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    parts: list[Part] = field(default_factory=list)
    accounts: list[SheetAccount] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    personal: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    words: dict[str, dict[str, int]] = field(default_factory=dict)
    date_order: Order = "dmy"
    order_known: bool = True
    corrections: list[dict[str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The contract."""
        return self.kind.table

    @property
    def block(self) -> Block:
        """The first table."""
        return self.parts[0].block

    @property
    def sheet(self) -> Sheet:
        """The sheet of the first table."""
        return self.block.sheet

    def skipped(self) -> dict[str, list[tuple[Sheet, int]]]:
        """Return the rows that are no records, by reason, each with its sheet and its row from 0."""
        found: dict[str, list[tuple[Sheet, int]]] = {}
        for part in self.parts:
            for reason, rows in part.body.aside.items():
                found.setdefault(reason, []).extend((part.block.sheet, row) for row in rows)
        return found

    def origin(self, position: int) -> tuple[Block, int]:
        """Return the table and the row (from 0 in its sheet) of the record at a position of `frame`."""
        number = next(n for n in range(len(self.parts)) if position < self.span(n).stop)
        part = self.parts[number]
        return part.block, int(part.body.records[position - self.span(number).start])

    def span(self, number: int) -> slice:
        """Return the positions of the records of a table in `frame`."""
        start = sum(len(p.body.records) for p in self.parts[:number])
        return slice(start, start + len(self.parts[number].body.records))

    def rows(self, which: pd.Series) -> list[int]:
        """Return the rows, from 0 in their sheets, of some records of `frame`."""
        return [self.origin(position)[1] for position in map(int, np.flatnonzero(which))]

    def where(self, column: str = "", positions: Sequence[int] = (), more: int = 0) -> str:
        """Say where records stand: file, sheet, rows as the file counts them, column."""
        if not len(positions):
            return self.sheet.where(column=self.block.columns.get(column))
        here = [self.origin(p) for p in positions]
        block = here[0][0]
        rows = [str(b.number(r)) for b, r in here if b.sheet is block.sheet]
        more += len(positions) - len(rows)
        said = f"{block.sheet.where()}, dòng/row {', '.join(rows)}" + (f" (+{more})" if more > 0 else "")
        if column in block.columns:
            said += f", cột/column {column_letters(block.sheet.first_column + block.columns[column])}"
        return said

    def raw(self, column: str | int) -> list[Any]:
        """Return the cells of a column as the file holds them, for the records; empty where a table lacks it."""
        places = [(p, p.block.columns.get(column) if isinstance(column, str) else column) for p in self.parts]
        return [cell for part, at in places for cell in part.cells(at)]

    def cells(self, column: str | int) -> pd.Series:
        """Return the same cells as text."""
        return pd.Series(texts(self.raw(column)), index=self.frame.index, dtype="str")

    def beside(self, titles: Sequence[str]) -> list[str]:
        """Return the cells of a column outside the contract, by the form of its title, as text; empty without it."""
        at = next((c for c, t in enumerate(self.block.titles) if key(t) in titles), None)
        return self.cells(at).tolist() if at is not None else [""] * len(self.frame)

    def problem(self, code: str, position: int, column: str, looks: str = "") -> None:
        """Note a cell that cannot be used."""
        block, row = self.origin(position)
        self.problems.append(Problem(code, row, block.columns.get(column, block.left), looks, block.sheet))

    def ask(
        self,
        code: str,
        *,
        where: str | None = None,
        column: str = "",
        evidence: str = "",
        answers: Sequence[Answer] = (),
        blocking: bool = False,
        first: bool = False,
        **blanks: object,
    ) -> None:
        """Put a question about the file; `column` is what stays in doubt."""
        place = where or self.where(column)
        self.questions.append(Question(code, place, evidence, tuple(answers), blocking, blanks, column, first))

    def report(self) -> dict[str, Any]:
        """Return how the file was read, as plain data without any cell of a personal column."""
        _settle(self)
        blocks = [part.block for part in self.parts]
        return {
            "file": self.sheet.file,
            "sheet": ", ".join(dict.fromkeys(block.sheet.name for block in blocks)),
            "header_rows": [block.number(row) for block in blocks for row in range(block.top, block.body)],
            "rows": len(self.frame),
            "columns": {n: shown_header(self.block.titles[c]) for n, c in self.block.columns.items()},
            "unused": [shown_header(t) for t in self.unused],
            "personal": self.personal,
            "skipped": {reason: [s.first_row + r for s, r in rows] for reason, rows in self.skipped().items()},
            "unread": self.unread,
            "account": {a.sheet.name: a.settle() for a in self.accounts},
            "questions": [q.record() for q in self.questions],
            "words": self.words,
            "date_order": self.date_order,
            "date_order_known": self.order_known,
            "date_only": date_only(self.frame),
            "corrections": self.corrections,
            "declared": self.stated.record(),
            "notes": [[n.code, n.detail] for n in self.notes],
            **self.kind.told,
        }

    def refuse(self) -> None:
        """Raise a `DataError` that names what has to be mended or answered, if anything has to be."""
        refuse_questions([q for q in self.questions if q.first])
        refuse_problems(self.problems)
        refuse_questions(self.questions)

    def checked(self) -> pd.DataFrame:
        """Return the records once nothing has to be mended, with the report of the reading in ``attrs["load"]``."""
        self.refuse()
        frame = check(self.frame, self.table, source=self.sheet.where())
        frame.attrs["load"] = LoadReport(self.report())
        return frame

    def leave_out(self, reason: str, positions: Sequence[int]) -> None:
        """Set records aside for a reason; what was wrong with their cells is no matter then."""
        kept = np.ones(len(self.frame), dtype=bool)
        kept[list(positions)] = False
        gone = set()
        for part, span in [(part, self.span(number)) for number, part in enumerate(self.parts)]:
            body, here = part.body, kept[span]
            if left := body.records[~here].tolist():
                body.aside.setdefault(reason, []).extend(left)
                gone |= {(part.block.sheet.name, row) for row in left}
            body.records = body.records[here]
        self.problems = [p for p in self.problems if (p.sheet.name, p.row) not in gone]
        self.frame = self.frame[kept]


def read(
    source: str | Path | Sequence[Sheet],
    kind: Kind,
    stated: Declaration,
    *,
    key_salt: str | None = None,
    changes: pd.DataFrame | None = None,
    limits: Limits = LIMITS,
    partial: bool = False,
) -> Reading:
    """Read the records of one kind from a file.

    Parameters
    ----------
    source : str, Path or sequence of Sheet
        The file, see :func:`dvresearch.loaders.read_sheets`, or its sheets.
    kind : Kind
        The kind of table.
    stated : Declaration
        What the user says about the file.
    key_salt : str, optional
        As for :func:`dvresearch.load_dossiers`.
    changes : DataFrame, optional
        Rows of corrections.
    limits : Limits
        How much the file may ask for.
    partial : bool
        Whether `source` is the beginning of a longer file: a declared word may occur further on.

    Returns
    -------
    Reading
        With all problems and questions found; nothing is raised for a cell.

    Raises
    ------
    DataError
        When the file, its header or what is declared cannot be used, or there is no record at all.
    """
    sheets = read_sheets(source, limits=limits) if isinstance(source, str | Path) else source
    _check_zone(stated.timezone)
    stated, left, wanted = declared_sheets(sheets, stated)
    out = Reading(kind, stated, accounts=[SheetAccount(s) for s in sheets])
    out.notes = list(dict.fromkeys(n for s in sheets for n in s.notes))
    filled_cells = {a.sheet.name: a.filled for a in out.accounts}
    blocks = _choose(out, *([filled_down(s) for s in some] for some in (left, wanted)))
    out.unread += [(s.name, "declared") for s in sheets if s.name not in [w.name for w in wanted]]
    if changes is not None:
        blocks, out.corrections = apply(blocks, kind.table, changes)
    for block, dates in zip(blocks, _read_dates(out, blocks), strict=True):
        out.parts.append(_part(out, block, dates, filled_cells[block.sheet.name]))
    for row in stated.rows:
        if not any(row in p.body.declared for p in out.parts):
            raise DataError("declared-row-not-there", where=out.sheet.where(), got=row, row=row)
    if not any(len(p.body.records) for p in out.parts):
        raise DataError("no-data-row", where=out.sheet.where(out.block.top))
    if not partial:
        _check_declared_words(out)
    _fill(out)
    _name_sections(out)
    _judge_personal(out, key_salt)
    _mask_persons(out)
    for name, value in stated.given.items():
        _give(out, name, value)
    out.frame = in_order(out.frame, kind.table)
    return out


def _check_declared_words(out: Reading) -> None:
    """Refuse a declared word that no cell of its column holds or begins with."""
    for name, said in out.stated.words.items():
        cells = {key(t) for p in out.parts if name in p.block.columns for t in set(texts(_body(p.block, name)))}
        idle = [word for word in said if key(word) and not any(key(word) in cell for cell in cells)]
        if idle:
            missing = ", ".join(f"“{word}”" for word in idle)
            raise DataError("declared-word-not-there", where=out.where(name), name=name, missing=missing)


def date_only(frame: pd.DataFrame) -> list[str]:
    """Return the columns of instants that hold days only."""
    dated = {str(c): frame[c].dropna() for c in frame.select_dtypes(["datetime", "datetimetz"])}
    return [name for name, instants in dated.items() if bool((instants.dt.normalize() == instants).all())]


def in_order(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the columns of a contract in its order, and the others behind them."""
    names = [n for n in table.names if n in frame]
    return frame[[*names, *(c for c in frame if c not in names)]]


def _check_zone(timezone: str) -> None:
    from zoneinfo import available_timezones

    if timezone and timezone not in available_timezones():
        words = '"Asia/Ho_Chi_Minh", "Europe/Amsterdam", "UTC" …'
        raise ParameterError("value-not-in-list", got=repr(timezone), name="timezone", words=words)


# --- which tables ----------------------------------------------------------------------------------------------------


def _choose(out: Reading, left: Sequence[Sheet], wanted: Sequence[Sheet]) -> list[Block]:
    """Return the tables to read in the `wanted` sheets; ask about the others `left` that may belong to them."""
    table, stated = out.table, out.stated
    found = [(s, [replace(b, given=out.kind.titled(b)) for b in find_blocks(s, table, stated)]) for s in wanted]
    needed = {c.name for c in table.columns if c.required} - set(stated.given)
    every = [b for _, blocks in found for b in blocks]
    whole = [b for b in every if needed <= b.names]
    if not whole:
        best = max(every, key=lambda b: len(b.columns), default=None)
        raise missing_columns(wanted, best, table, needed, stated)
    main = max(whole, key=lambda b: (not b.sheet.hidden, len(b.columns)))
    titles = [key(t) for b in every for t in b.titles if t]
    if not all(any(t.endswith(key(h)) or t.startswith(key(h)) for t in titles) for h in stated.mapping(table)):
        raise missing_columns([main.sheet], replace(main, columns={}), table, set(), stated)
    chosen: list[Block] = []
    for sheet, blocks in found:
        fitting = [b for b in blocks if _belongs(b, main, needed, bool(stated.sheets))] or _continues(sheet, main)
        chosen += fitting
        if sheet.hidden and fitting and sheet.name not in stated.sheets:
            _ask_sheet(out, "hidden-sheet-read", sheet)
        if not fitting:
            wide = sheet.height if sheet.titles else sum(sum(map(bool, texts(r))) > 2 for r in sheet.rows(0, 200))
            if wide > 1 and not stated.sheets:  # it may hold records
                _ask_sheet(out, "sheet-unread", sheet)
            out.unread.append((sheet.name, "no-such-table"))
    read = [s.name for s in wanted]
    for sheet in (s for s in left if s.name not in read):  # one that came after the declaration was written
        alike = find_blocks(sheet, table, replace(stated, header=""))
        if any(_belongs(b, main, needed, False) for b in alike) or _continues(sheet, main):
            _ask_sheet(out, "sheet-unread", sheet)
    for block in chosen:
        _ask_columns(out, block, needed - block.names)
    return chosen


def _belongs(block: Block, main: Block, needed: set[str], named: bool) -> bool:
    """Tell whether a table holds records of the kind of `main`."""
    known, most = len(block.names), len(main.columns)
    return block is main or known > 0.6 * most or (needed <= block.names and (named or known >= 0.5 * most))


def _continues(sheet: Sheet, main: Block) -> list[Block]:
    """Return the table without a header that goes on from `main`, if it is one: as wide, dates in the same columns."""
    if sheet.titles or sheet is main.sheet or len(sheet.columns) != len(main.sheet.columns) or not sheet.height:
        return []

    def dated(column: Sequence[Any]) -> bool:
        some = [c for c in column[:_SAMPLE] if not isinstance(c, str) or c.strip()]
        return bool(some) and column_date_order(some) is not None and _share_of_dates(some) > 0.5

    mine = [dated(c) for c in sheet.columns]
    same = any(mine) and mine == [dated(c[main.body :]) for c in main.sheet.columns]
    return [replace(main, sheet=sheet, top=0, height=0, end=sheet.height, again=())] if same else []


def _ask_sheet(out: Reading, code: str, sheet: Sheet) -> None:
    unread, others = [*out.stated.unread, sheet.name], out.stated.sheets or ("…",)
    answers = [Answer("unread", unread), Answer("sheets", [*others, sheet.name])]
    out.ask(code, where=sheet.where(), answers=answers, sheet=sheet.name)


def _ask_columns(out: Reading, block: Block, lacking: set[str]) -> None:
    """Ask about required columns that a table lacks: what they hold, or not to read it; and which of several it is."""
    table, where = out.table, block.where()
    if lacking:
        answers = [Answer("given", w, n) for n in table.names if n in lacking for w in table.column(n).words or ("…",)]
        answers += [Answer("unread", [block.sheet.name])] if block.sheet.name else []
        columns = labelled(table, lacking)
        out.ask("table-lacks-column", where=where, answers=answers, blocking=True, columns=columns)
    for name, at in block.rivals.items():
        titles = {column_letters(block.sheet.first_column + c): shown_header(block.titles[c]) for c in at}
        seen = "; ".join(map(": ".join, titles.items()))
        answers = [Answer("columns", name, t) for t in titles.values()]
        out.ask("columns-rival", where=where, evidence=seen, answers=answers, blocking=True, column=name, name=name)


# --- what the cells say ----------------------------------------------------------------------------------------------


def _convert(out: Reading, cells: Sequence[Any], name: str, order: Order | None = None) -> Typed:
    """Read cells of a column of the contract with the words the user declares for it."""
    rule = out.table.column(name)
    said = {w: c for w, c in out.stated.words.get(name, {}).items() if c}
    rule = replace(rule, codes=(*rule.codes, *said.items())) if said else rule
    return convert(cells, rule, order=order or out.date_order, zone=out.stated.timezone or None)


def _body(block: Block, name: str) -> Any:
    return block.sheet.columns[block.columns[name]][block.body : block.end]


def _read_dates(out: Reading, blocks: Sequence[Block]) -> list[dict[str, Typed]]:
    """Read the date columns over whole bodies; the file as a whole decides whether day or month comes first."""
    dated = [c.name for c in out.table.columns if c.kind in ("date", "time")]
    columns = [(b, n, _body(b, n)) for b in blocks for n in b.columns if n in dated]
    out.date_order = "mdy" if out.stated.date_order == "mdy" else "dmy"
    typed = [_convert(out, cells, name) for _, name, cells in columns]
    if out.stated.date_order == "auto":
        day_first, month_first = any(t.day_first for t in typed), any(t.month_first for t in typed)
        if month_first and day_first:
            _ask_mixed_orders(out, columns)
        elif month_first:
            out.date_order = "mdy"
            _ask_american(out, columns)
            typed = [_convert(out, cells, name) for _, name, cells in columns]
        elif not day_first:
            out.order_known = all(_order_known(cells) for *_, cells in columns)
    if not out.stated.timezone and any(t.offsets for t in typed):
        out.notes = list(dict.fromkeys((*out.notes, Note("offsets", HOME))))
    return [{n: t for (b, n, _), t in zip(columns, typed, strict=True) if b is block} for block in blocks]


_Columns = Sequence[tuple[Block, str, Sequence[Any]]]


def _ask_mixed_orders(out: Reading, columns: _Columns) -> None:
    """Ask about dates some of which can only be day first and several only month first: a slip is no order.

    Of the others nothing tells which of both they are.
    """
    orders = Counter(column_date_order([c]) for *_, cells in columns for c in cells)
    if orders["mdy"] >= _SEVERAL:
        out.ask(
            "date-orders-mixed",
            where=next(b.where(n) for b, n, cells in columns if column_date_order(cells) in ("mdy", "mixed")),
            answers=[Answer("date_order", order) for order in ("dmy", "mdy")],
            blocking=True,
            first=True,  # who mends the impossible dates alone would leave the others in doubt, and nothing to tell
            day=orders["dmy"],
            month=orders["mdy"],
            both=orders["ambiguous"],
        )


def _order_known(column: Sequence[Any]) -> bool:
    """Tell whether the day goes first for sure: no date of digits is in doubt, or only so do all fit the real dates."""
    words = [c for c in column if isinstance(c, str) and c.strip()]
    if column_date_order(words) != "ambiguous":
        return True
    real = [c.date() if isinstance(c, dt.datetime) else c for c in column if isinstance(c, dt.date)]
    if not real:
        return False
    first, last = pd.Timestamp(min(real)), pd.Timestamp(max(real)) + pd.Timedelta(days=1)

    def among(order: Order) -> bool:
        read = convert_dates(words, order=order).content.dropna()
        return bool(len(read) and read.between(first - _SLACK, last + _SLACK).all())

    return among("dmy") and not among("mdy")


def _ask_american(out: Reading, columns: _Columns) -> None:
    """Ask about dates that an American Excel may have turned round: real ones up to the 12th, the others text."""
    for block, name, cells in columns:
        days = [c.day for c in cells if isinstance(c, dt.date)]
        words = sum(isinstance(c, str) and c.strip() != "" for c in cells)
        if days and words and max(days) <= 12:
            out.ask("dates-turned-round", where=block.where(name), blocking=True, count=len(days), words=words)
            return


def _part(out: Reading, block: Block, dates: Mapping[str, Typed], original: NDArray[np.bool_]) -> Part:
    """Tell the records of a table from its other rows."""
    if block.sheet.titles:
        return Part(block, Body(np.arange(block.sheet.height)), dates)
    anchor = next((a for a in out.kind.anchors if a in block.columns), next(iter(block.columns)))
    read = dates[anchor] if anchor in dates else convert(_body(block, anchor), out.table.column(anchor))
    good = read.content.notna().to_numpy() & filled(_body(block, anchor))
    numeric = [n for n in block.columns if out.kind.numbers and out.table.column(n).kind in _NUMERIC]
    matrix = [_convert(out, _body(block, name), name).content.to_numpy() for name in numeric]
    numbers = np.reshape(matrix, (len(numeric), len(good))).T
    here = np.asarray(original[block.body : block.end, block.left : block.right].any(axis=1))
    return Part(block, body_rows(block, out.table, anchor, good, numbers, here, out.stated), dates)


def _fill(out: Reading) -> None:
    """Put the columns of the contract into ``out.frame`` and collect what could not be read."""
    frames = []
    sheets = {p.block.sheet.name for p in out.parts}
    for part in out.parts:
        block, rows = part.block, part.body.records
        label = f"{block.sheet.name}!" if len(sheets) > 1 else ""
        if block.left and any(p.block.sheet is block.sheet and p.block.left < block.left for p in out.parts):
            label += column_letters(block.sheet.first_column + block.left)
        index: Any = [f"{label}{block.number(r)}" for r in rows] if label else block.number(0) + rows
        frames.append(pd.DataFrame({n: _column(out, part, n).array for n in block.columns}, index=index))
    if any(f.index.dtype != frames[0].index.dtype for f in frames):
        frames = [f.set_axis(f.index.astype(str)) for f in frames]
    out.frame = frames[0] if len(frames) == 1 else pd.concat(frames)
    out.frame.index.name = "row"
    if unseen := sum(np.intersect1d(p.body.records, p.block.sheet.hidden_rows).size for p in out.parts):
        out.notes.append(Note("hidden_rows", str(unseen)))
    for number, part in enumerate(out.parts):
        for name, value in part.block.given.items():
            _set(out, number, name, value)
            _forgive(out, part.block, name)
        _find_extra(out, part)
        # a sum would be doubled by a total, a list would not
        out.questions += part.body.questions(part.block, blocking=out.kind.added)


def _set(out: Reading, number: int, name: str, values: Any) -> None:
    """Set a column of text for the records of one table; it is new, and missing elsewhere, or there already."""
    if name not in out.frame:
        out.frame[name] = pd.Series(pd.NA, index=out.frame.index, dtype="str")
    out.frame.iloc[out.span(number), out.frame.columns.get_loc(name)] = values


def _column(out: Reading, part: Part, name: str) -> pd.Series:
    """Return a column of the records of a table, what could not be read noted."""
    block, rows = part.block, part.body.records
    at, rule = block.columns[name], out.table.column(name)
    dates = part.dates.get(name)
    column = dates.at(rows - block.body) if dates else _convert(out, part.cells(at), name)
    wrong = "lost_digits" if rule.kind == "code" and not rule.words else _WRONG.get(rule.kind, "bad_number")
    for i in map(int, np.flatnonzero(column.bad)):
        code, looks = ("early_year", "") if column.early[i] else (wrong, column.looks(i))
        code = {"": code, "struck": "struck_cell"}.get(column.odd(i), "odd_cell")
        out.problems.append(Problem(code, int(rows[i]), at, looks, block.sheet))
    if rule.required:
        empty = column.content.isna().to_numpy() & ~column.bad
        out.problems += [Problem("missing_required", int(row), at, "", block.sheet) for row in rows[empty]]
    note_words(out, block, name, column.unknown, lambda: int(filled(part.cells(at)).sum()))
    return column.content


def note_words(out: Reading, block: Block, name: str, found: Mapping[str, int], count: Callable[[], int]) -> None:
    """Note the words of a column that its vocabulary does not know, and how often they occur among `count` cells."""
    confirmed = {key(w) for w in out.stated.words.get(name, ())}
    unknown = {w: n for w, n in found.items() if key(w) not in confirmed}
    # somebody's data is no word that could be declared
    if held := [w for w in unknown if showable(w) == shape(" ".join(w.split()))]:
        out.notes.append(Note("personal_cell", f"{name}: {(persons := sum(unknown.pop(w) for w in held))}"))
        if name in _STATES and 2 * persons > count():
            # most of a column that decides numbers is left empty: that is not for a remark
            where, answers = block.where(name), [Answer("columns", LEFT_OUT, block.titles[block.columns[name]])]
            out.ask("words-are-persons", where=where, column=name, answers=answers, title=name, count=persons)
    if unknown:
        few = len(unknown) <= _FEW_WORDS and not personal_kind("", unknown, header=False)
        said = {showable(w): n for w, n in unknown.items()} if few else {"…": sum(unknown.values())}
        out.words[name] = dict(Counter(out.words.get(name)) + Counter(said))


def _find_extra(out: Reading, part: Part) -> None:
    """Find cells beyond the last title: in a text file a separator inside a cell pushes the rest to the right."""
    sheet, block = part.block.sheet, part.block
    if sheet.titles or sheet.name:
        return
    width = max((i + 1 for i, t in enumerate(block.titles) if t), default=0)
    cells = np.array([filled(part.cells(at)) for at in range(width, min(block.right, len(sheet.columns)))])
    for i in np.flatnonzero(cells.any(axis=0)) if len(cells) else ():
        first = width + int(cells[:, i].argmax())
        out.problems.append(Problem("extra_cells", int(part.body.records[i]), first, "", sheet))


def _name_sections(out: Reading) -> None:
    """Fill the field of records from the headings above them, where the table has no such column."""
    if "field" not in out.table.names or "field" in out.frame:
        return
    heads: list[str | None] = []
    for body in (part.body for part in out.parts):
        marks = sorted(body.sections)
        above = [None, *(body.sections[mark] for mark in marks)]
        heads += [above[at] for at in np.searchsorted(marks, body.records)]
    rule = out.table.column("field")
    find = finder(vocabulary(rule)) if rule.words else None
    names: dict[str, str | None] = {}
    for head in filter(None, dict.fromkeys(heads)):
        words = head.split("(")[0].strip(" .:-–")
        marked = plain(words).startswith("linh vuc")
        words = words[len("lĩnh vực") :].strip(" .:-–") if marked else words
        named = find(words) if find else words if marked else None
        names[head] = named if named is None or not holds_person(named) else None
    if unnamed := [head for head, name in names.items() if name is None]:
        out.ask("headings-in-list", column="field", evidence=showable(unnamed[0]), count=len(names))
    elif names:
        out.frame["field"] = pd.Series([names[h] if h else None for h in heads], index=out.frame.index, dtype="str")


def _forgive(out: Reading, block: Block, name: str, *but: str) -> None:
    """Drop what is wrong with a column of a table whose content is known otherwise, except the codes named."""
    at, rows = block.columns.get(name), range(block.body, block.end)
    out.problems = [
        p for p in out.problems if p.sheet is not block.sheet or p.column != at or p.row not in rows or p.code in but
    ]


def _give(out: Reading, name: str, value: str) -> None:
    """Set a column the user states for all records; tell where the file says otherwise."""
    stated = pd.Series(value, index=out.frame.index, dtype="str")
    others: set[str] = set()
    first: Block | None = None
    for number, block in enumerate(part.block for part in out.parts):
        mine = out.span(number)
        if name in block.columns:
            first = first or block
            said = out.frame[name].iloc[mine].dropna().unique() if name in out.frame else ()
            others |= {str(v) for v in said if key(str(v)) != key(value)}
            _forgive(out, block, name, "odd_cell")
        elif name in block.given:
            stated.iloc[mine] = out.frame[name].iloc[mine]
    if others and first:
        seen, title = sorted(others), shown_header(first.titles[first.columns[name]])
        shown = ", ".join(map(showable, seen[:3])) + (", …" if len(seen) > 3 else "")
        where = first.sheet.where(column=first.columns[name])
        evidence = f"“{title}”: {shown}"
        out.ask("given-goes-before", where=where, column=name, evidence=evidence, name=name, value=value)
    out.frame[name] = stated


# --- persons ---------------------------------------------------------------------------------------------------------


def _judge_personal(out: Reading, key_salt: str | None) -> None:
    """Drop the columns that hold personal data, keep those asked for, and list the rest."""
    wanted = {key(k): k for k in out.stated.keep}
    leave = {key(h) for h, n in out.stated.mapping(out.table).items() if n == LEFT_OUT}
    identity: list[str] | None = None
    masked: Counter[str] = Counter()
    for number, part in enumerate(out.parts):
        block = part.block
        used = {c: n for n, c in block.columns.items()}
        for at in range(block.left, min(block.right, len(block.sheet.columns))):
            title, name = block.titles[at], used.get(at)
            rule = out.table.column(name) if name else None
            sample = list(part.cells(at, _SAMPLE))
            kind = personal_kind(title, sample, header=name is None) if rule is None or is_open(rule) else None
            kind = None if kind == "free_text" and name in out.kind.sentences else kind
            if kind and (title or name):
                out.personal[shown_header(title)] = kind
            if kind == "id_number" and identity is None and number == 0:
                identity = texts(part.cells(at))
            if name == out.table.key[0]:
                _ask_counts(out, part, at)
            kept_too = bool(title) and key(title) in wanted
            if kind and ((kept_too and not name) or (rule and rule.required and name not in out.stated.given)):
                title, used_as = shown_header(title), name or "keep"
                raise DataError("personal-column-used", where=block.where(at), title=title, name=used_as)
            if name and kind:  # of this table; another one may hold units there
                masked[name] += 1
                _set(out, number, name, pd.NA)
            elif kept_too:
                words = convert(part.cells(at), Column(title, "text")).content
                _set(out, number, wanted[key(title)], words.to_numpy())
            elif name is None and title:
                if not kind and title not in out.unused:
                    out.unused.append(title)
                if key(title) not in leave and kind in (None, "free_text"):
                    _ask_unused(out, part, at, sample)
    kept = {key(str(c)) for c in out.frame.columns}
    if absent := [k for k in out.stated.keep if key(k) not in kept]:
        titles = ", ".join(shown_header(t) for t in out.block.titles if t)[:1500]
        raise DataError("kept-column-not-there", where=out.block.where(), got=titles, columns=", ".join(absent))
    if key_salt is not None and identity is not None and len(identity) == len(out.frame):
        out.frame["person_key"] = pseudonym(identity, key_salt)


def _share_of_dates(cells: Sequence[Any]) -> float:
    """Return the share of cells that are dates."""
    read = convert_dates([c for c in cells if isinstance(c, str | dt.date)])
    return int(read.content.notna().sum()) / max(1, len(cells))


def _ask_unused(out: Reading, part: Part, at: int, sample: Sequence[Any]) -> None:
    """Ask about a column that is not used and holds what the table lacks: dates, or the words of a coded column."""
    block, title = part.block, shown_header(part.block.titles[at])
    # which of several columns it is, is asked already
    if any(at in rivals for rivals in block.rivals.values()) or _ask_counts(out, part, at):
        return
    words = [t for t in texts(sample) if t]
    for rule in (c for c in out.table.columns if len(c.words) > 2 and c.name not in block.columns):
        hits = [code for code in map(finder(vocabulary(rule)), words) if code]
        if len(set(hits)) > 1 and len(hits) >= _MOSTLY * len(words):
            answers = [Answer("columns", n, title) for n in (rule.name, LEFT_OUT)]
            where, name = block.where(at), rule.name
            out.ask("coded-column-unused", where=where, answers=answers, title=title, column=name, name=name)
            return
    lacking = [n for n in out.table.names if n in ("due", "resolved", "received") and n not in block.columns]
    cells = [c for c in sample if not isinstance(c, str) or c.strip()]
    if lacking and cells and _share_of_dates(cells) >= 0.5:
        answers = [Answer("columns", n, title) for n in (*lacking, LEFT_OUT)]
        where, about = block.where(at), lacking[-1]
        out.ask("date-column-unused", where=where, answers=answers, title=title, count=len(cells), column=about)


def _ask_counts(out: Reading, part: Part, at: int) -> bool:
    """Ask whether a row stands for one record, where a column holds how many; tell whether that is asked."""
    title, name = part.block.titles[at], out.table.key[0]
    if not out.kind.single or not _COUNTS.fullmatch(plain(title)):
        return False
    cells = convert(part.cells(at), Column(title, "count"))
    counts = cells.content.dropna()
    # a number may be the code: "Số hồ sơ" where each is another, "Số đơn" only where that is declared
    code = name if part.block.columns.get(name) == at else ""
    numbers = code and plain(title).startswith("so ho so") and counts.nunique() > len(counts) / 2
    if cells.bad.any() or not (counts > 1).any() or numbers or key(title) in map(key, out.stated.mapping(out.table)):
        return False
    answers = [Answer("columns", word, showable(title)) for word in (LEFT_OUT, code) if word]
    where, total, shown = part.block.where(at), int(counts.sum()), showable(title)
    out.ask(
        "rows-stand-for-many", where=where, answers=answers, column=code, title=shown, total=total, count=len(counts)
    )
    return True


def _mask_persons(out: Reading) -> None:
    """Empty the cells of open columns that hold somebody's name or number.

    The name of a unit on ten rows or more is no one person's: wards bear names of people.
    """
    rules = {c.name: c for c in out.table.columns}
    for name in out.frame.columns:
        rule = rules.get(name)
        if name == "person_key" or (rule and not is_open(rule)):
            continue
        found = [t for t in np.asarray(out.frame[name].dropna().unique(), dtype=object) if holds_person(t)]
        if not found:
            continue
        rows = out.frame[name].isin(found)
        if name == "unit":
            rows &= out.frame.groupby(name)[name].transform("size").fillna(0) < MIN_COUNT
        if rule and rule.required and name not in out.stated.given:
            for i in np.flatnonzero(rows):
                out.problem("personal_cell", int(i), name, shape(str(out.frame[name].iloc[i])))
        elif rows.any():
            out.notes.append(Note("personal_cell", f"{name}: {int(rows.sum())}"))
        out.frame[name] = out.frame[name].mask(rows)


# --- the account -----------------------------------------------------------------------------------------------------


def _settle(out: Reading) -> None:
    """Give every cell of the file its fate."""
    for account in (a for a in out.accounts if not a.sheet.titles):
        account.clear()
        parts = [p for p in out.parts if p.block.sheet.name == account.sheet.name]
        for part in parts:
            part.body.put(account, part.block, sorted(part.block.columns.values()))
        account.put(Fate.TITLE, slice(0, min((p.block.top for p in parts), default=0)))
        for block in (p.block for p in parts):  # beside a table whose neighbour is not read
            account.put(Fate.UNREAD, slice(block.top, block.end), slice(block.right, None))
        if not parts:
            account.put(Fate.UNREAD, slice(None))
        for problem in (p for p in out.problems if p.sheet.name == account.sheet.name):
            account.put(Fate.PROBLEM, problem.row, problem.column)
