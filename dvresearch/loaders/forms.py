"""Official report forms, read as tallies."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import Answer, DataError, check_choice
from dvresearch.loaders.account import Problem, Question, refuse_problems, refuse_questions
from dvresearch.loaders.bodies import declared_row, total_rows
from dvresearch.loaders.cells import convert
from dvresearch.loaders.declaration import LEFT_OUT, Declaration, Stated, declared_once
from dvresearch.loaders.form_layouts import Form, form, printed_codes, refuse_unknown, title_words
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import declared_sheets, is_numbering, key, layouts
from dvresearch.loaders.load import OpenQuestion
from dvresearch.loaders.sheets import LoadReport, Odd, Sheet, column_letters, read_sheets, texts
from dvresearch.privacy import holds_person, showable
from dvresearch.tables import TALLY, Column, check
from dvresearch.text import Period, period, plain, shape

__all__ = ["FormReading", "load_form", "read_form"]

_LABEL = re.compile(r".*(linh vuc|cong viec|thu tuc|don vi|co quan|dia phuong|noi dung|chi tieu|xa phuong).*")
_UNITS = re.compile(r".*(don vi|co quan|dia phuong|xa phuong).*")
_ORDINAL = re.compile(r"(so )?(tt|stt|thu tu)")
_SECTION = re.compile(r"[IVX]+|[A-H]")
_REPORTER = re.compile(r"(?:đơn vị|cơ quan)(?: báo cáo| gửi)?\s*:\s*(?P<name>[^.…:]{3,80})", re.IGNORECASE)
_PERIOD = re.compile(r"(?:kỳ báo cáo|thời điểm báo cáo|kỳ)\s*:?\s*(?P<name>[^()]{3,60})", re.IGNORECASE)
_DAY = r"\d{1,2}\s*(?:[/.-]|tháng)\s*\d{1,2}(?:\s*(?:[/.-]|năm)\s*\d{4})?"
_WINDOW = re.compile(rf"({_DAY})\s*(?:đến|tới|-|–)\s*(?:hết\s*)?(?:ngày\s*)?({_DAY})", re.IGNORECASE)
_UNKNOWN = "(không rõ)"
#: The number of a column, with how it is worked out behind it or not: (3), 3=4+5+6.
_NUMBER = re.compile(r"[(\[]?\s*(\d{1,2})\s*[)\]]?\s*(?:=.*)?$")
_COUNT = re.compile(r"\d[\d.,\s]*%?|#\S+")
#: So many columns known by their titles make a sheet a form.
_FEWEST = 4


@dataclass
class FormReading:
    """A form as it was read.

    Parameters
    ----------
    form : Form
        Its layout.
    sheets : list of Sheet
        The sheets that hold it.
    stated : Declaration
        What the user says about it.
    frame : DataFrame
        All rows, see :func:`load_form`.
    places : dict
        Where each row stands, by index.
    parts : dict
        The rows that each total row adds up, by index.
    problems : list of Problem
        Cells to mend.
    questions : list of Question
        What the file does not decide.
    """

    form: Form
    sheets: list[Sheet]
    stated: Declaration = field(default_factory=Declaration)
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    places: dict[object, str] = field(default_factory=dict)
    parts: dict[object, list[object]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def index(self, sheet: Sheet, row: int) -> object:
        """Return the index of a row: its number in the file, with the name of the sheet where several were read."""
        number = sheet.first_row + row
        return f"{sheet.name}!{number}" if len(self.sheets) > 1 else number

    def ask(
        self, code: str, where: str, evidence: str = "", *, answers: Sequence[Answer] = (), blocking: bool = False
    ) -> None:
        """Add a question."""
        self.questions.append(Question(code, where, evidence, tuple(answers), blocking))

    def named(self, title: str, *names: str) -> list[Answer]:
        """Return the lines that say which column of the form a title stands for, or that it is none."""
        shown = [title] if title and showable(title, len(title)) == title else []
        return [Answer("columns", name, t) for t in shown for name in (*names, LEFT_OUT)]


def load_form(
    path: str | Path,
    form: str = "II.06a",
    version: str | None = None,
    *,
    unit: str | None = None,
    period: str | None = None,
    sheet: str | None = None,
    rows: Literal["lines", "totals", "all"] = "lines",
    blanks: Literal["unknown", "zero"] = "unknown",
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a filled-in report form as a tally.

    Parameters
    ----------
    path : str or Path
        The file; what columns are what is read from the titles above them and from the row ``(1) (2) (3) …``, which
        must not contradict each other; either alone is enough.
    form : str, default "II.06a"
        Which form: ``"II.06a"`` (Thông tư 01/2020/TT-VPCP), ``"01/TCD"``, ``"01/XLD"``, ``"02/XLD"``, ``"03/XLD"`` or
        ``"01/KQGQ"`` (Thông tư 02/2021/TT-TTCP).
    version : str, optional
        ``"TT01/2020"``, ``"TT02/2021"``. The forms of Thông tư 06/2025/TT-TTCP (``"TT06/2025"``, in force since
        30/9/2025) and Thông tư 09/2026/TT-BTP (``"TT09/2026"``, since 1/8/2026) have columns that are not known yet,
        and are refused; so is a file that names one of them, unless a version is given.
    unit, period : str, optional
        The reporting unit and the period, where the lines above the table (``Đơn vị báo cáo: …``, ``Kỳ báo cáo: …``)
        do not say or say wrong.
    sheet : str, optional
        One sheet only; without it all sheets that hold the form are read together.
    rows : {"lines", "totals", "all"}, default "lines"
        Which rows: those that count something themselves; the rows that add up others; or both. A form that has
        only a total row gives that row as its line.
    blanks : {"unknown", "zero"}, default "unknown"
        What an empty cell and the marks ``-``, ``…``, ``x`` stand for. Error cells and formulas without a result are
        unknown either way, and have to be mended.
    declaration : Declaration, str or Path, optional
        As for :func:`dvresearch.load_dossiers`: which sheets, the reporting ``unit`` and the ``period``, which title
        is which column, and which row is a ``total``.
    limits : Limits, optional
        How much the file may ask for.

    Returns
    -------
    DataFrame
        Columns of ``tables.TALLY`` (``workload`` is column 3 of the form: received and carried in; the words
        beside the numbers are ``group``, or ``unit`` where the form lists units), ``received_online``,
        ``received_direct``, ``ordinal``, ``row_kind`` (line, section, total) and ``sheet``.
        ``received`` is the sum of columns 4 and 5 where both are known. The other forms keep their columns under their
        numbers (``"1"``, ``"2"`` …) beside those of the tally that they give: ``received`` are the visits of 01/TCD,
        ``total`` the petitions of 01-03/XLD, and of 01/KQGQ ``workload`` is column 4, ``withdrawn`` 6,
        ``resolved_within`` 25 and ``resolved_late`` 26. A printed window (``từ ngày 15/12/2025 đến ngày 14/01/2026``)
        gives ``period_start`` and ``period_end``; ``period`` is then called by its last month (``2026-01``). The
        index ``row`` is the row in the file, with the name of the sheet in front (``T02!9``) where several were read;
        ``attrs["load"]`` says how. What is open and does not stop the load is a warning, `OpenQuestion`. The sums of
        the form are checked by :func:`dvresearch.screen`.

    Raises
    ------
    DataError
        When the file or its header cannot be used, titles and numbers of columns disagree, sheets give one period
        twice, cells hold no number or a row may be a total or not; the message names them all.
    ParameterError
        For a form or a word that is not known.

    Notes
    -----
    The printed title of column 9 counts dossiers waiting for a supplement, returned and withdrawn as on time.
    One-stop software counts those waiting in 11 and 12, and those returned or withdrawn in 9 whatever their date.
    """
    check_choice("rows", rows, ("lines", "totals", "all"))
    said: dict[str, Any] = {"given": {n: v for n, v in (("unit", unit), ("period", period)) if v is not None}}
    said["sheets"] = (sheet,) if sheet else ()
    reading = read_form(path, form, version, declaration, blanks=blanks, limits=limits, **said)
    lines = reading.frame["row_kind"] == "line"
    frame = reading.frame if rows == "all" else reading.frame[lines if rows == "lines" else ~lines]
    refuse_problems([p for p in reading.problems if reading.index(p.sheet, p.row) in frame.index])
    refuse_questions(reading.questions)
    for question in reading.questions:
        text = question.text()
        warnings.warn(f"{question.where}: {text.vi}\n{text.en}", OpenQuestion, stacklevel=2)
    return check(frame, TALLY, source=reading.sheets[0].where())


def read_form(
    path: str | Path,
    code: str = "II.06a",
    version: str | None = None,
    declaration: Stated = None,
    *,
    blanks: Literal["unknown", "zero"] = "unknown",
    limits: Limits = LIMITS,
    **short: Any,
) -> FormReading:
    """Read all rows of a form, the cells to mend and what is open; parameters of :func:`load_form`."""
    check_choice("blanks", blanks, ("unknown", "zero"))
    wanted, said = form(code, version), declared_once(path, code, declaration, **short)
    names = {*wanted.names.values(), LEFT_OUT}
    if names.issuperset(said.columns):  # the other way round, as in a terminal
        said = replace(said, columns={title: name for name, title in said.columns.items()})
    every = read_sheets(path, limits=limits)
    said, _, read = declared_sheets(every, said)
    found = _find(read, wanted, version, said)
    tables = [t for t in found if not t.sheet.hidden or t.sheet.name in said.sheets] or found
    out = FormReading(wanted, [t.sheet for t in tables], said)
    for hidden in (t.sheet for t in found if t not in tables):
        answers = [
            Answer("unread", [*said.unread, hidden.name]),
            Answer("sheets", [*(said.sheets or (t.sheet.name for t in tables)), hidden.name]),
        ]
        out.ask("form-sheet-hidden", hidden.where(), answers=answers)
    _check_declared(tables, out)
    frames = []
    for table in tables:
        _ask_titles(table, out)
        frames.append(_rows(table, out, blanks))
    _ask_periods(frames, out)
    out.frame = frame = pd.concat(frames)
    first, sheets = tables[0], [t.sheet.name for t in tables]
    at = {kind: list(rows.index) for kind, rows in frame.groupby("row_kind")}
    out.frame.attrs["load"] = LoadReport(
        file=first.sheet.file,
        sheet=", ".join(sheets),
        form=code,
        version=wanted.version,
        rows=len(at.get("line", ())),
        columns={n: [showable(first.titles[c]) for c in at] for n, at in first.columns.items()},
        unused=[showable(t) for i, t in enumerate(first.titles) if t and i not in first.used],
        personal={},
        skipped={kind: at[kind] for kind in ("section", "total") if kind in at},
        unread=[(s.name, "") for s in every if s.name not in sheets],
        questions=[q.record() for q in out.questions],
        notes=[[n.code, n.detail] for n in first.sheet.notes],
    )
    return out


# --- which sheet, which columns --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    sheet: Sheet
    top: int
    body: int
    titles: tuple[str, ...]
    columns: dict[str, list[int]]
    label: int | None
    ordinal: int | None
    #: Column -> its number, where a row numbers the columns as the form does; columns whose titles were not read.
    numbers: Mapping[int, int] = field(default_factory=dict)
    by_number: frozenset[int] = frozenset()
    #: Columns of which the user says what they are.
    stated: frozenset[int] = frozenset()

    @property
    def used(self) -> set[int | None]:
        return {c for at in self.columns.values() for c in at} | {self.label, self.ordinal}


def _check_declared(tables: list[_Table], out: FormReading) -> None:
    """Refuse a declared column that the form does not have, and a title or row that is not there."""
    titles, where = {key(title) for table in tables for title in table.titles}, tables[0].sheet.where()
    words = (*out.form.names.values(), LEFT_OUT)
    for title, name in out.stated.columns.items():
        if name not in words:
            got, what = f'"{title}" = "{name}"', f'columns."{title}"'
            raise DataError("declaration-word", where=where, got=got, key=what, words=", ".join(words))
        if key(title) not in titles:
            raise DataError("declared-header-not-there", where=where, missing=f"“{title}”")
    for said in out.stated.rows:
        if all(_declared_row(table, said) is None for table in tables):
            raise DataError("declared-row-not-there", where=where, got=said, row=said)


def _declared_row(table: _Table, said: str) -> int | None:
    """Return the row of a sheet, from 0 there, that is declared."""
    return declared_row(said, table.sheet.first_row, table.sheet.height, lambda i: texts(table.sheet.rows(i, i + 1)[0]))


def _find(sheets: list[Sheet], wanted: Form, version: str | None, said: Declaration) -> list[_Table]:
    """Find the sheets that hold the form; one that says it is another form, does not."""
    found: list[_Table] = []
    other: dict[str, str] = {}
    for sheet in sheets:
        head = [] if sheet.titles else [(sheet.where(i), " ".join(texts(r))) for i, r in enumerate(sheet.rows(0, 30))]
        for where, line in () if version else head:
            refuse_unknown(wanted.code, line, where)
        codes = {code: where for where, line in reversed(head) for code in printed_codes(line)}
        if codes and wanted.code not in codes:
            other |= codes
        elif table := _table(sheet, wanted):
            found.append(_as_declared(table, wanted, said))
    if not found and other:
        where = next(iter(other.values()))
        raise DataError("form-is-another", where=where, got=", ".join(sorted(other)), form=wanted.code)
    if not found:
        titles = ", ".join(f"({c.number}) {c.title.vi}" for c in wanted.columns if c.number)
        where = ", ".join(s.where() for s in sheets[:8])
        raise DataError("form-not-found", where=where, form=wanted.code, titles=titles, last=max(wanted.names))
    return found


def _as_declared(table: _Table, wanted: Form, said: Declaration) -> _Table:
    """Return a table in which the declared titles stand for the columns that they are said to be."""
    stated = {key(title): name for title, name in said.columns.items()}
    at = {c: stated[key(title)] for c, title in enumerate(table.titles) if key(title) in stated}
    columns = {name: [c for c in cells if c not in at] for name, cells in table.columns.items()}
    for c, name in at.items():
        columns[name] = [*columns.get(name, []), c]
    columns.pop(LEFT_OUT, None)
    numbers = {c: n for c, n in table.numbers.items() if c not in at}
    found = {name: cells for name, cells in columns.items() if cells}
    return replace(table, columns=found, numbers=numbers, by_number=table.by_number - at.keys(), stated=frozenset(at))


def _table(sheet: Sheet, wanted: Form) -> _Table | None:
    """Find the header of the form in a sheet: the titles that name the most columns, and the row that numbers them."""
    row, numbers = _numbering(sheet, wanted)
    by_number = {wanted.names[n]: [c] for c, n in numbers.items() if n in wanted.names}
    matches = (_match(sheet, *at, wanted) for at in (() if wanted.numbered else layouts(sheet)))
    best = max(matches, key=lambda m: (len(m.columns), m.label is not None, m.top - m.body), default=None)
    if best and len(best.columns) >= _FEWEST:
        if not best.top <= row <= best.body:
            return best
        free = {n: at for n, at in by_number.items() if n not in best.columns and at[0] not in best.used}
        untitled = frozenset(at[0] for at in free.values())
        return replace(best, columns=best.columns | free, numbers=numbers, by_number=untitled)
    if not by_number:
        return None
    above = [texts(cells) for cells in reversed(sheet.rows(max(row - 3, 0), row + 1))]
    titles = tuple(next(filter(None, words[1:]), words[0]) for words in zip(*above, strict=True))
    first = min(c for c, n in numbers.items() if n in wanted.names)
    label, ordinal = (first - i if first >= i else None for i in (1, 2))
    return _Table(sheet, row, row + 1, titles, by_number, label, ordinal)


def _match(sheet: Sheet, top: int, height: int, titles: list[list[str]], wanted: Form) -> _Table:
    columns: dict[str, list[int]] = {}
    label = ordinal = None
    for at, parts in enumerate(titles):
        if not parts:
            continue
        words = [title_words(p) for p in parts]
        whole, leaf = " ".join(words), words[-1]
        hit = next((c for c in wanted.columns if re.search(c.group, whole) and re.fullmatch(c.leaf, leaf)), None)
        if hit:
            columns.setdefault(hit.name, []).append(at)
        elif ordinal is None and _ORDINAL.fullmatch(leaf):
            ordinal = at
        elif label is None and not columns and _LABEL.fullmatch(leaf):
            label = at
    return _Table(sheet, top, top + height, tuple(" ".join(p) for p in titles), columns, label, ordinal)


def _numbering(sheet: Sheet, wanted: Form) -> tuple[int, dict[int, int]]:
    """Return the row that numbers the columns as the form does, and their numbers; other numbers tell nothing."""
    for row, cells in enumerate(sheet.rows(0, 60) if not sheet.titles else []):
        filled = {i: t for i, t in enumerate(texts(cells)) if t}
        digits = {i: int(m[1]) for i, t in filled.items() if (m := _NUMBER.match(t))}
        numbers = set(digits.values())
        whole = numbers >= set(wanted.names) and (wanted.first == 1 or max(numbers) == max(wanted.names))
        if whole and len(numbers) == len(digits) >= len(filled) - 2:
            return row, digits
    return -1, {}


def _ask_titles(table: _Table, out: FormReading) -> None:
    """Ask about columns missing, found twice or numbered as another, and titles with numbers below that were not read.

    A title that was not read, between the neighbours of a column that is missing, is most likely that column: nothing
    is loaded before it is known.
    """
    sheet, names = table.sheet, out.form.names
    found = {n: table.columns[name] for n, name in names.items() if name in table.columns}
    missing = [n for n in names if n not in found]
    if missing:
        out.ask("form-column-missing", sheet.where(table.top), ", ".join(f"({n}) {names[n]}" for n in missing))
    for column in out.form.columns:
        at = table.columns.get(column.name, [])
        if len(at) > 1 and not column.part:
            letters = ", ".join(column_letters(sheet.first_column + c) for c in at)
            answers = [a for c in at for a in out.named(table.titles[c]) if a.value == LEFT_OUT]
            seen = f"{column.name}: {letters}"
            out.ask("form-column-twice", sheet.where(table.top), seen, answers=answers, blocking=True)
        for c in at:
            if table.numbers.get(c, column.number) != column.number:
                seen = f"{column.name} ({column.number}) ≠ ({table.numbers[c]})"
                numbered = [names[n] for n in [table.numbers[c]] if n in names]
                answers = out.named(table.titles[c], column.name, *numbered)
                out.ask("form-numbers-disagree", sheet.where(table.top, c), seen, answers=answers, blocking=True)
    for c, title in enumerate(table.titles):
        below = texts(sheet.columns[c][table.body :])
        where, seen = sheet.where(table.top, c), f"“{showable(title)}”"
        if c in table.by_number:
            answers = out.named(title, names[table.numbers[c]])
            out.ask("form-title-by-number", where, f"{seen} ({table.numbers[c]})", answers=answers)
        elif c in table.used or c in table.stated or not title or plain(title).startswith("kiem tra"):
            continue
        elif any(map(_COUNT.fullmatch, below)):
            low = max((n for n, at in found.items() if max(at) < c), default=0)
            high = min((n for n, at in found.items() if min(at) > c), default=max(names) + 1)
            between = [n for n in missing if low < n < high]
            likely = [f"({n}) {names[n]}?" for n in between]
            answers = out.named(title, *(names[n] for n in between))
            out.ask("form-title-unread", where, ", ".join([seen, *likely]), answers=answers, blocking=bool(likely))


# --- cells, rows, places ---------------------------------------------------------------------------------------------


def _rows(table: _Table, out: FormReading, blanks: str) -> pd.DataFrame:
    """Read the rows of one sheet that count something; lines, sections and totals apart."""
    sheet = table.sheet
    counts, problems = _counts(table, out.form, blanks)
    odd = {p.row for p in problems if p.code == "odd_cell"}
    values = np.array(list(counts.values()))
    counted = [c for at in table.columns.values() for c in at]
    said = {row: what for text, what in out.stated.rows.items() if (row := _declared_row(table, text)) is not None}
    rows, labels, ordinals = [], [], []
    for i, cells in enumerate(sheet.rows(table.body, sheet.height)):
        words = texts(cells)
        label, ordinal = (words[c] if c is not None else "" for c in (table.label, table.ordinal))
        others = (w for c, w in enumerate(words) if w and c not in table.used and not isinstance(cells[c], Odd))
        named = label or ordinal or next(others, "")
        known = values[:, i][~np.isnan(values[:, i])]
        # Formulas give 0 on rows nobody filled in; headers repeat on each page; sections and notes have no numbers.
        empty = not ordinal and not any(words[c] for c in counted)
        told = (len(known) or table.body + i in odd) and said.get(table.body + i) not in ("note", "header_again")
        if told and (named or known.any()) and not empty and not is_numbering(cells):
            rows.append(table.body + i)
            labels.append(named)
            ordinals.append(ordinal)
    values = values[:, np.array(rows, dtype=int) - table.body]
    if np.isnan(values).all() and not odd & set(rows[:-1]):
        raise DataError("form-not-filled-in", where=sheet.where(table.top))
    totals = total_rows([[label] for label in labels], values.T, ordinals)
    doubtful = {i: why for i, why in totals.doubtful.items() if rows[i] not in said}
    for i, why in doubtful.items():
        shown, where = showable(labels[i]), sheet.where(rows[i], table.label)
        answers = [Answer("rows", kind, f"{sheet.first_row + rows[i]}: {shown}") for kind in ("total", "record")]
        code = "form-total-unnamed" if why == "sum_only" else "form-total-unlike"
        out.ask(code, where, shown, answers=answers, blocking=why != "sums_differ")
    named_so = totals.sure | {i for i, why in doubtful.items() if why == "sums_differ"}
    named_so -= {i for i, row in enumerate(rows) if said.get(row, "total") != "total"}
    named_so |= {i for i, row in enumerate(rows) if said.get(row) == "total"}
    own = [
        said.get(row) == "record" or (i not in named_so and not (_SECTION.fullmatch(o) or said.get(row) == "section"))
        for i, (row, o) in enumerate(zip(rows, ordinals, strict=True))
    ]
    # a section without a line below it counts itself; so does a total that stands alone
    after = [*own[1:], False]
    kinds = ["total" if i in named_so else "section" if not own[i] and after[i] else "line" for i in range(len(own))]
    index = [out.index(sheet, row) for row in rows]
    listed, reporter, span, code = _heading(table, out)
    frame = pd.DataFrame(
        {
            "unit": [
                label if listed and kind != "total" else reporter for label, kind in zip(labels, kinds, strict=True)
            ],
            "period": code,
            "period_start": pd.Series(span.start, index, "datetime64[s]"),
            "period_end": pd.Series(span.end, index, "datetime64[s]"),
            "group": [""] * len(rows) if listed else labels,
            "ordinal": ordinals,
            "row_kind": kinds if "line" in kinds else "line",
            **dict(zip(counts, values, strict=True)),
            "basis": "census",
            "sheet": sheet.name,
        },
        index=pd.Index(index, name="row"),
    )
    out.places |= dict(zip(index, map(sheet.where, rows), strict=True))
    out.parts |= {index[i]: [index[k] for k in at] for i, at in totals.parts.items()}
    # what an error hides in a total is told when the total is held to its rows
    told_later = {r for r, kind in zip(rows, frame["row_kind"], strict=True) if kind != "line"} & odd
    out.problems += [p for p in problems if p.row in rows and (p.row not in told_later or p.code != "odd_cell")]
    for title in ("unit", "group"):
        person = frame[title].map(holds_person).astype(bool)
        for row, text in zip(np.array(rows)[person], frame.loc[person, title], strict=True):
            out.problems.append(Problem("personal_cell", int(row), table.label or 0, shape(text), sheet))
        frame[title] = frame[title].mask(person, _UNKNOWN)
    return frame


def _counts(table: _Table, form: Form, blanks: str) -> tuple[dict[str, NDArray[np.float64]], list[Problem]]:
    """Read the counts by column, NaN where not known, and the cells that hold none."""
    counts: dict[str, NDArray[np.float64]] = {}
    problems = []
    for name, at in table.columns.items():
        parts = []
        for column in at:
            cells = table.sheet.columns[column][table.body :]
            read = convert(cells, Column(name, "count"))
            empty = read.content.isna() & ~read.bad
            parts.append(read.content.mask(empty, 0.0 if blanks == "zero" else np.nan))
            for i in map(int, np.flatnonzero(read.bad)):
                code = "odd_cell" if read.odd(i) else "bad_number"
                problems.append(Problem(code, table.body + i, column, read.looks(i), table.sheet))
        counts[name] = np.sum(parts, axis=0)
    if "received" not in counts and {"received_online", "received_direct"} <= counts.keys():
        counts["received"] = counts["received_online"] + counts["received_direct"]
    return counts | {n: np.sum([counts[str(c)] for c in parts], axis=0) for n, parts in form.tally.items()}, problems


def _heading(table: _Table, out: FormReading) -> tuple[bool, str, Period, str]:
    """Return whether a sheet lists units, who reports, and the period and its code: as given, or as printed above."""
    unit, when = out.stated.given.get("unit"), out.stated.given.get("period")
    lines = [[t for t in texts(row) if t] for row in table.sheet.rows(0, table.top)]
    above = [t for line in lines for t in line] + [" ".join(p) for line in lines for p in pairwise(line)]
    name, printed = (
        next((m["name"].strip(" -;,") for line in above if (m := pattern.search(line))), "")
        for pattern in (_REPORTER, _PERIOD)
    )
    titles = [] if table.label is None else [table.titles[table.label], out.form.lines]
    listed = unit is None and any(_UNITS.fullmatch(plain(t)) for t in titles)
    match = next(filter(None, map(_WINDOW.search, above)), None)
    window = _span(f"{match[1]} đến {match[2]}") if match else None
    label = next(filter(None, map(_span, [printed, *above, table.sheet.called or table.sheet.name])), None)
    span = period(when) if when is not None else window or label
    code = span.code if span else ""
    if span and span.start and span.end and (span.start.day, span.end.day) == (15, 14):
        # called by the months in which it ends
        code = period(f"{span.start.replace(day=1) + dt.timedelta(31):%Y-%m}..{span.end:%Y-%m}").code
    if span and span is window and label and _span(printed) and label.code != code:
        # one period is stated for all sheets
        answers = [Answer("given", c, "period") for c in (label.code, code)] if len(out.sheets) == 1 else ()
        out.ask("form-period-label", table.sheet.where(), f"{label.code} ≠ {span.start}..{span.end}", answers=answers)
    return listed, unit or name or _UNKNOWN, span or Period(None, None, "range"), code


def _span(text: str) -> Period | None:
    try:
        return period(text)
    except DataError:
        return None


def _ask_periods(frames: list[pd.DataFrame], out: FormReading) -> None:
    """Ask about sheets that give the same days of one unit twice, or no period to tell them apart by."""
    named: dict[str, None] = {}
    for one, two in combinations(frames, 2):
        (start, end), (first, last) = (f[["period_start", "period_end"]].iloc[0] for f in (one, two))
        if set(one["unit"]) & set(two["unit"]) and not (end < first or last < start):
            named |= dict.fromkeys((one["sheet"].iloc[0], two["sheet"].iloc[0]))
    if named:
        answers = [Answer("unread", [*out.stated.unread, name]) for name in named]
        out.ask("form-periods-repeat", out.sheets[0].file, ", ".join(named), answers=answers, blocking=True)
