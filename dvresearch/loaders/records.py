"""Read a table of records (one row is one dossier, case, answer ...) from a file as it is.

What is no record is set aside: title rows, rows that number the columns, headings and totals
between records, headers repeated on each page, notes and signatures at the end. Cells that cannot be read are
collected, all of them, so that one message names every row to mend. Personal columns are
recognised and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders import headers
from dvresearch.loaders.cells import HOME, Order, Typed, convert
from dvresearch.loaders.corrections import CORRECTIONS, apply
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import Header, find_header, key
from dvresearch.loaders.personal import mask_persons
from dvresearch.loaders.problems import Problem, refuse_problems
from dvresearch.loaders.rows import record_rows
from dvresearch.loaders.sheets import LoadReport, Note, Sheet, read_sheets, texts
from dvresearch.privacy import personal_kind, pseudonym, showable
from dvresearch.tables import Table, check
from dvresearch.text import column_date_order

__all__ = ["Records", "bad_choice", "cells_of", "from_sheets", "read_records"]

_SAMPLE = 500  # cells by which the content of a column is judged
#: What is wrong with a cell that cannot be read.
_WRONG = {"date": "bad_date", "time": "bad_date", "yesno": "bad_word", "code": "not_in_list"}
#: A vocabulary of more words than this is free text, of which nothing is repeated.
_FEW_WORDS = 30


@dataclass
class Records:
    """What was read from a file.

    Parameters
    ----------
    frame : DataFrame
        The records, by the names of the contract; the index ``row`` is the row in the file.
    header : Header
        Where the table is.
    problems : list of Problem
        Cells and rows that cannot be used as they are.
    skipped : dict of str to list of int
        Rows that are no records, by reason: numbering, header_again, total, section, note.
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
    """

    frame: pd.DataFrame
    header: Header
    problems: list[Problem] = field(default_factory=list)
    skipped: dict[str, list[int]] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    words: dict[str, dict[str, int]] = field(default_factory=dict)
    date_order: Order = "dmy"
    order_known: bool = True
    corrections: list[dict[str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Return how the file was read, as plain data without any cell of a personal column."""
        sheet = self.header.sheet
        dated = self.frame.select_dtypes(["datetime", "datetimetz"])
        return {
            "file": sheet.file,
            "sheet": sheet.name,
            "header_rows": [sheet.first_row + r for r in range(self.header.top, self.header.body)],
            "rows": len(self.frame),
            "columns": {n: showable(self.header.titles[c]) for n, c in self.header.columns.items()},
            "unused": [showable(t) for t in self.unused],
            "personal": self.personal,
            "skipped": self.skipped,
            "words": self.words,
            "date_order": self.date_order,
            "date_order_known": self.order_known,
            "date_only": [str(c) for c in dated if bool((dated[c].dropna().dt.normalize() == dated[c].dropna()).all())],
            "corrections": self.corrections,
            "notes": [[n.code, n.detail] for n in self.notes],
        }

    def refuse_problems(self) -> None:
        """Raise a `DataError` that names what has to be mended, if anything has to be."""
        refuse_problems(self.header.sheet, self.problems)

    def checked(self, table: Table) -> pd.DataFrame:
        """Return the records once nothing has to be mended, with the report of the reading in ``attrs["load"]``."""
        self.refuse_problems()
        frame = check(self.frame, table, source=self.header.sheet.where())
        frame.attrs["load"] = LoadReport(self.report())
        return frame


def read_records(
    path: str | Path,
    table: Table,
    *,
    anchor: str,
    columns: Mapping[str, str] | None = None,
    given: Mapping[str, str | None] | None = None,
    sentences: Sequence[str] = (),
    keep: Sequence[str] = (),
    sheet: str | None = None,
    timezone: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    corrections: str | Path | None = None,
    key_salt: str | None = None,
    save_mapping: bool = False,
    limits: Limits = LIMITS,
) -> Records:
    """Read the records of `table` from a file.

    Parameters
    ----------
    path : str or Path
        The file, see :func:`dvresearch.loaders.sheets.read_sheets`.
    table : Table
        The contract.
    anchor : str
        The column by which a record is told from other rows: a required one that is hardly ever empty; another one
        where the file lacks it.
    columns, sheet, timezone, date_order, corrections, keep, key_salt, save_mapping, limits
        As for :func:`dvresearch.load_dossiers`.
    given : mapping, optional
        Columns that the file lacks -> their content, the same for all records.
    sentences : sequence of str
        Columns in which long texts are no sign of somebody's own words (criteria, targets).

    Returns
    -------
    Records
        With all problems found; nothing is raised for a cell.

    Raises
    ------
    DataError
        When the file, its header or the corrections cannot be used, or there is no record at all.
    """
    mapping = headers.to_contract(columns, table) or headers.read_mapping(path, table)
    found = read_sheets(path, sheet=sheet, limits=limits)
    changes = None
    if corrections is not None:
        listed = read_records(corrections, CORRECTIONS, anchor="row", limits=limits)
        listed.refuse_problems()
        changes = listed.frame
        changes.attrs["file"] = Path(corrections).name
    out = from_sheets(
        found,
        table,
        anchor=anchor,
        mapping=mapping,
        given=given,
        sentences=sentences,
        keep=keep,
        timezone=timezone,
        date_order=date_order,
        changes=changes,
        key_salt=key_salt,
    )
    if save_mapping and columns:
        headers.save_mapping(path, table, mapping)
    return out


def from_sheets(
    sheets: Sequence[Sheet],
    table: Table,
    *,
    anchor: str,
    mapping: Mapping[str, str] | None = None,
    given: Mapping[str, str | None] | None = None,
    sentences: Sequence[str] = (),
    keep: Sequence[str] = (),
    timezone: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    changes: pd.DataFrame | None = None,
    key_salt: str | None = None,
) -> Records:
    """Read the records of `table` from sheets, as :func:`read_records` does; `changes` are rows of corrections."""
    if date_order not in ("auto", "dmy", "mdy"):
        raise bad_choice("date_order", date_order, '"auto", "dmy", "mdy"')
    _check_zone(timezone)
    fixed = {k: v for k, v in (given or {}).items() if v is not None}
    header = find_header(sheets, table, columns=mapping, given=list(fixed))
    out = Records(pd.DataFrame(), header, notes=list(header.sheet.notes))
    if changes is not None:
        header, out.corrections = apply(header, table, changes)
        out.header = header
    dates = _read_dates(out, table, timezone, date_order)
    anchor = anchor if anchor in header.columns else next(iter(header.columns))
    body = header.sheet.columns[header.columns[anchor]][header.body :]
    first = dates.get(anchor) or convert(body, table.column(anchor), table, order="dmy", zone=None)
    rows, out.skipped = record_rows(header, table, anchor, first)
    _fill(out, table, rows, dates, timezone)
    _judge_personal(out, table, rows, sentences, keep, key_salt)
    problems, notes = mask_persons(out.frame, table, header)
    out.problems += problems
    out.notes += notes
    for name, value in fixed.items():
        if name not in out.frame.columns:
            out.frame.insert(0, name, pd.Series(value, index=out.frame.index, dtype="str"))
    order = [n for n in table.names if n in out.frame.columns]
    out.frame = out.frame[[*order, *(c for c in out.frame.columns if c not in order)]]
    return out


def cells_of(records: Records, column: str | int) -> pd.Series:
    """Return the cells of a column as they stand in the file, as text, for the rows that are records."""
    header = records.header
    at = header.columns[column] if isinstance(column, str) else column
    first = header.sheet.first_row + (1 if header.sheet.titles else 0)
    cells = header.sheet.columns[at]
    return pd.Series(texts([cells[row - first] for row in records.frame.index]), index=records.frame.index, dtype="str")


def bad_choice(name: str, got: object, words: str) -> ParameterError:
    """Return the error for an argument that is none of `words`."""
    return ParameterError(
        Text(f"Giá trị của {name} không dùng được.", f"{name} cannot be this."),
        expected=Text(words, words),
        got=repr(got),
        hint=Text(f"Chọn một trong: {words}.", f"Choose one of {words}."),
    )


def _check_zone(timezone: str | None) -> None:
    from zoneinfo import ZoneInfo

    try:
        if timezone is not None:
            ZoneInfo(timezone)
    except (ValueError, OSError, LookupError, TypeError):
        raise bad_choice("timezone", timezone, '"Asia/Ho_Chi_Minh", "Europe/Amsterdam", "UTC" …') from None


# --- what the cells say -----------------------------------------------------------------------------------------------


def _take(column: Any, rows: NDArray[np.intp]) -> Any:
    if isinstance(column, pd.Series):
        return column
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return column[rows[0] : rows[-1] + 1]
    return [column[i] for i in rows]


def _read_dates(out: Records, table: Table, zone: str | None, date_order: str) -> dict[str, Typed]:
    """Read the date columns over the whole body; the file as a whole decides whether day or month comes first."""
    header = out.header
    cells = {
        name: header.sheet.columns[at][header.body :]
        for name, at in header.columns.items()
        if table.column(name).kind in ("date", "time")
    }

    def read(order: Order) -> dict[str, Typed]:
        typed = {n: convert(c, table.column(n), table, order=order, zone=zone) for n, c in cells.items()}
        if zone is None and any(t.offsets for t in typed.values()) and Note("offsets", HOME) not in out.notes:
            out.notes.append(Note("offsets", HOME))
        return typed

    if date_order != "auto":
        out.date_order = "mdy" if date_order == "mdy" else "dmy"
        return read(out.date_order)
    typed = read("dmy")
    day_first, month_first = any(t.day_first for t in typed.values()), any(t.month_first for t in typed.values())
    if month_first and not day_first:
        out.date_order = "mdy"
        return read("mdy")
    undecided = not day_first and any(
        column_date_order(c for c in column if isinstance(c, str)) == "ambiguous" for column in cells.values()
    )
    out.order_known = not undecided
    return typed


def _fill(out: Records, table: Table, rows: NDArray[np.intp], dates: dict[str, Typed], zone: str | None) -> None:
    """Put the columns of the contract into ``out.frame`` and collect what could not be read."""
    header, sheet = out.header, out.header.sheet
    index = pd.Index(sheet.first_row + rows + (1 if sheet.titles else 0), name="row")
    frame = {}
    for name, at in header.columns.items():
        rule = table.column(name)
        if name in dates:
            column = dates[name] if len(rows) == len(dates[name].bad) else dates[name].at(rows - header.body)
        else:
            column = convert(_take(sheet.columns[at], rows), rule, table, order=out.date_order, zone=zone)
        frame[name] = column.content.set_axis(index)
        wrong = _WRONG.get(rule.kind, "bad_number")
        for i in map(int, np.flatnonzero(column.bad)):
            code, looks = ("early_year", "") if column.early(i) else (wrong, column.looks(i))
            out.problems.append(Problem(code, int(rows[i]), at, looks))
        if rule.required:
            empty = column.content.isna().to_numpy() & ~column.bad
            out.problems += [Problem("missing_required", int(rows[i]), at) for i in np.flatnonzero(empty)]
        if column.unknown:
            few = len(column.unknown) <= _FEW_WORDS and not personal_kind("", column.unknown, header=False)
            out.words[name] = (
                {showable(w): n for w, n in column.unknown.items()} if few else {"…": sum(column.unknown.values())}
            )
    out.frame = pd.DataFrame(frame, index=index)
    _find_extra(out, rows)


def _find_extra(out: Records, rows: NDArray[np.intp]) -> None:
    """In a text file a separator inside a cell pushes the rest of the row to the right, beyond the headers."""
    sheet = out.header.sheet
    if sheet.name or sheet.titles:
        return
    width = max((i + 1 for i, t in enumerate(out.header.titles) if t), default=0)
    for i in rows:
        if any(c[i] for c in sheet.columns[width:]):
            out.problems.append(Problem("extra_cells", int(i), width))


def _judge_personal(
    out: Records,
    table: Table,
    rows: NDArray[np.intp],
    sentences: Sequence[str],
    keep: Sequence[str],
    key_salt: str | None,
) -> None:
    """Drop the columns that hold personal data, keep those asked for, and list the rest."""
    header, sheet = out.header, out.header.sheet
    used = {c: n for n, c in header.columns.items()}
    wanted = {key(k): k for k in keep}
    identity: int | None = None
    for at, title in enumerate(header.titles):
        if at >= len(sheet.columns):
            break
        column = sheet.columns[at]
        name = used.get(at)
        sample = list(_take(column, rows[:_SAMPLE])[:_SAMPLE])
        text = table.column(name).kind in ("text", "code") and not table.column(name).words if name else True
        kind = personal_kind(title, sample, header=name is None) if text else None
        kind = None if kind == "free_text" and name in sentences else kind
        if kind:
            out.personal[showable(title)] = kind
            identity = at if kind == "id_number" and identity is None else identity
        if name and kind:
            if table.column(name).required:
                raise _personal_error(header, at, title, name)
            out.frame = out.frame.drop(columns=name)
        elif key(title) in wanted:
            if kind:
                raise _personal_error(header, at, title, "keep")
            words = convert(
                _take(column, rows), replace(table.columns[0], kind="text", words=()), table, order="dmy", zone=None
            )
            out.frame[wanted.pop(key(title))] = words.content.set_axis(out.frame.index)
        elif name is None and title and not kind:
            out.unused.append(title)
    if wanted:
        raise DataError(
            Text("Không thấy cột cần giữ: " + ", ".join(wanted.values()) + ".", "Columns to keep are not there."),
            where=sheet.where(header.top),
            got=", ".join(showable(t) for t in header.titles if t)[:1500],
            hint=Text("Viết đúng tiêu đề trong tệp ở keep=.", "Write the header as in the file in keep=."),
        )
    if key_salt is not None and identity is not None:
        out.frame["person_key"] = pseudonym(texts(_take(sheet.columns[identity], rows)), key_salt)


def _personal_error(header: Header, at: int, title: str, name: str) -> DataError:
    return DataError(
        Text(
            f"Cột “{showable(title)}” có vẻ chứa dữ liệu cá nhân, không dùng làm {name}.",
            f"The column “{showable(title)}” seems to hold personal data and is not used as {name}.",
        ),
        where=header.sheet.where(header.top, at),
        hint=Text(
            "Chỉ ra cột khác bằng columns=, hoặc bỏ cột này.",
            "Name another column with columns=, or leave this one out.",
        ),
    )
