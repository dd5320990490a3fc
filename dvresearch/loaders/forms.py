"""Official report forms, read as tallies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders.account import Problem, refuse_problems
from dvresearch.loaders.form_layouts import Form, form, printed_codes, refusal, refuse_unknown, title_words
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import is_numbering, layouts
from dvresearch.loaders.sheets import LoadReport, Odd, Sheet, column_letters, read_sheets, texts
from dvresearch.loaders.totals import total_rows
from dvresearch.privacy import holds_person, showable
from dvresearch.tables import TALLY, check
from dvresearch.text import Period, cell_number, column_style, period, plain, shape

__all__ = ["FormReading", "FormSheet", "Remark", "load_form", "read_form"]

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
_Style = Literal["vi", "en", "auto"]
#: Checks of the codebook for cells that hold something and tell no number.
_ODD = {"error": "error_cell", "formula": "formula_cell"}


class Remark(NamedTuple):
    """What is to be said of how a form was read: a check of the codebook, its verdict, the place, what was seen."""

    code: str
    verdict: Literal["pass", "review", "fail", "unknown"]
    where: str
    seen: str = ""


@dataclass(frozen=True)
class FormSheet:
    """What one sheet gives: its rows, cells to mend, and the rows that each total row adds up, as the file counts."""

    sheet: Sheet
    frame: pd.DataFrame
    problems: list[Problem]
    parts: dict[int, list[int]]


@dataclass(frozen=True)
class FormReading:
    """A form as it was read: its layout, what each sheet gives, and remarks; those with ``fail`` stop a load."""

    form: Form
    sheets: list[FormSheet]
    remarks: list[Remark]


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
    limits : Limits, optional
        How much the file may ask for.

    Returns
    -------
    DataFrame
        Columns of ``tables.TALLY`` (``workload`` is column 3 of the form: received and carried in; the words
        beside the numbers are ``group``, or ``unit`` where the form lists units), ``received_online``,
        ``received_direct``, ``ordinal`` and ``row_kind`` (line, section, total), with several sheets also ``sheet``.
        ``received`` is the sum of columns 4 and 5 where both are known. The other forms keep their columns under their
        numbers (``"1"``, ``"2"`` …) beside those of the tally that they give: ``received`` are the visits of 01/TCD,
        ``total`` the petitions of 01-03/XLD, and of 01/KQGQ ``workload`` is column 4, ``withdrawn`` 6,
        ``resolved_within`` 25 and ``resolved_late`` 26. A printed window (``từ ngày 15/12/2025 đến ngày 14/01/2026``)
        gives ``period_start`` and ``period_end``; ``period`` is then called by its last month (``2026-01``). The
        index ``row`` is the row in the file, ``attrs["load"]`` says how it was read. The sums of the form are checked
        by :func:`dvresearch.screen`.

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
    _require("rows", rows, "lines, totals, all")
    reading = read_form(
        path, form, version, unit=unit, reporting_period=period, sheet=sheet, blanks=blanks, limits=limits
    )
    for remark in reading.remarks:
        if remark.verdict == "fail":
            entry = codebook.get("check", remark.code)
            title, hint = Text(entry.label_vi, entry.label_en), Text(entry.note_vi, entry.note_en)
            raise DataError(title, where=remark.where, got=remark.seen, hint=hint)
    kept = []
    for part in reading.sheets:
        lines = part.frame["row_kind"] == "line"
        kept.append(part.frame if rows == "all" else part.frame[lines if rows == "lines" else ~lines])
        at = set(kept[-1].index - part.sheet.first_row)
        refuse_problems([p for p in part.problems if p.row in at])
    frame = pd.concat([f for f in kept if len(f)] or kept[:1])
    frame.attrs["load"] = kept[0].attrs["load"]
    return check(frame, TALLY, source=reading.sheets[0].sheet.where())


def _require(name: str, value: str, words: str) -> None:
    if value not in words.split(", "):
        first = words.split(", ")[0]
        raise refusal("word-not-known", ParameterError, got=repr(value), expected=words, name=name, first=first)


def read_form(
    path: str | Path,
    code: str = "II.06a",
    version: str | None = None,
    *,
    unit: str | None = None,
    reporting_period: str | None = None,
    sheet: str | None = None,
    blanks: Literal["unknown", "zero"] = "unknown",
    limits: Limits = LIMITS,
) -> FormReading:
    """Read all rows of a form, the cells to mend and what is to be said; parameters of :func:`load_form`."""
    _require("blanks", blanks, "unknown, zero")
    wanted = form(code, version)
    tables, remarks = _find(read_sheets(path, sheet=sheet, limits=limits), wanted, version)
    parts = []
    for table in tables:
        part, told = _read(table, wanted, blanks, unit, reporting_period)
        parts.append(part)
        remarks += [*_titles_told(table, wanted), *told]
    remarks += _repeated(parts)
    report = LoadReport(
        file=tables[0].sheet.file,
        sheet=", ".join(t.sheet.name for t in tables),
        form=code,
        version=wanted.version,
        columns={n: [showable(tables[0].titles[c]) for c in at] for n, at in tables[0].columns.items()},
        unused=[showable(t) for i, t in enumerate(tables[0].titles) if t and i not in tables[0].used],
        notes=[[n.code, n.detail] for n in tables[0].sheet.notes],
        remarks=[list(r) for r in remarks],
    )
    for part in parts:
        part.frame.attrs["load"] = report
        if len(parts) > 1:
            part.frame["sheet"] = part.sheet.name
    return FormReading(wanted, parts, remarks)


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

    @property
    def used(self) -> set[int | None]:
        return {c for at in self.columns.values() for c in at} | {self.label, self.ordinal}


def _find(sheets: list[Sheet], wanted: Form, version: str | None) -> tuple[list[_Table], list[Remark]]:
    """Find the sheets that hold the form, and name the others."""
    found: list[_Table] = []
    codes: dict[str, str] = {}
    for sheet in sheets:
        head = [] if sheet.titles else [(sheet.where(i), " ".join(texts(r))) for i, r in enumerate(sheet.rows(0, 30))]
        for where, line in () if version else head:
            refuse_unknown(wanted.code, line, where)
        named = {code: where for where, line in reversed(head) for code in printed_codes(line)}
        if named and wanted.code not in named:
            codes |= named
        elif table := _table(sheet, wanted):
            found.append(table)
    shown = [t for t in found if not t.sheet.hidden] or found
    if not shown and codes:
        seen, where = ", ".join(sorted(codes)), next(iter(codes.values()))
        raise refusal("another-form", where=where, got=seen, expected=wanted.code)
    if not shown:
        titles = ", ".join(f"({c.number}) {c.title.vi}" for c in wanted.columns if c.number)
        where = ", ".join(s.where() for s in sheets[:8])
        raise refusal("form-not-found", where=where, expected=titles, form=wanted.code, last=max(wanted.names))
    read, held = ({t.sheet.name for t in tables} for tables in (shown, found))
    left = [s for s in sheets if s.name not in read]
    return shown, [Remark("form_sheet_left", "review" if s.name in held else "pass", s.where()) for s in left]


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


def _titles_told(table: _Table, wanted: Form) -> list[Remark]:
    """Name columns missing, found twice or numbered as another, and titles with numbers below that were not read.

    A title that was not read, between the neighbours of a column that is missing, is most likely that column: nothing
    is loaded before it is known.
    """
    sheet, names, told = table.sheet, wanted.names, []
    found = {n: table.columns[name] for n, name in names.items() if name in table.columns}
    missing = [n for n in names if n not in found]
    if missing:
        seen = ", ".join(f"({n}) {names[n]}" for n in missing)
        told.append(Remark("form_column_missing", "review", sheet.where(table.top), seen))
    for column in wanted.columns:
        at = table.columns.get(column.name, [])
        if len(at) > 1 and not column.part:
            letters = ", ".join(column_letters(sheet.first_column + c) for c in at)
            told.append(Remark("form_column_twice", "fail", sheet.where(table.top), f"{column.name}: {letters}"))
        for c in at:
            if table.numbers.get(c, column.number) != column.number:
                seen = f"{column.name} ({column.number}) ≠ ({table.numbers[c]})"
                told.append(Remark("form_numbers_disagree", "fail", sheet.where(table.top, c), seen))
    for c, title in enumerate(table.titles):
        below = texts(sheet.columns[c][table.body :])
        read = c in table.used - table.by_number or not title or plain(title).startswith("kiem tra")
        if not read and any(map(_COUNT.fullmatch, below)):
            low = max((n for n, at in found.items() if max(at) < c), default=0)
            high = min((n for n, at in found.items() if min(at) > c), default=len(names) + wanted.first)
            likely = [n for n in missing if low < n < high and c not in table.by_number]
            seen = ", ".join([f"“{showable(title)}”", *(f"({n}) {names[n]}?" for n in likely)])
            told.append(Remark("form_title_unread", "fail" if likely else "review", sheet.where(table.top, c), seen))
    return told


# --- cells, rows, places ---------------------------------------------------------------------------------------------


def _read(
    table: _Table, wanted: Form, blanks: str, unit: str | None, when: str | None
) -> tuple[FormSheet, list[Remark]]:
    """Read the rows of one sheet that count something; lines, sections and totals apart."""
    sheet = table.sheet
    numbers, problems = _numbers(table, wanted, blanks)
    values = np.array(list(numbers.values()))
    odd = {p.row for p in problems if p.code in _ODD.values()}
    counted = [c for at in table.columns.values() for c in at]
    rows, labels, ordinals = [], [], []
    for row in range(table.body, sheet.height):
        cells = tuple(c[row] for c in sheet.columns)
        words = texts(cells)
        label, ordinal = (words[c] if c is not None else "" for c in (table.label, table.ordinal))
        other = next((w for c, w in enumerate(words) if w and c not in table.used), "")
        known = values[:, row - table.body]
        some, named = known[~np.isnan(known)], label or ordinal or other
        # Formulas give 0 on rows nobody filled in; headers repeat on each page; sections and notes have no numbers.
        empty = not ordinal and not any(words[c] for c in counted)
        if (len(some) or row in odd) and (named or some.any()) and not empty and not is_numbering(cells):
            rows.append(row)
            labels.append(named)
            ordinals.append(ordinal)
    counts = values[:, [r - table.body for r in rows]]
    totals = total_rows([[label] for label in labels], counts.T, ordinals)
    problems += [Problem(f"total_{why}", rows[i], table.label or 0, "", sheet) for i, why in totals.doubtful.items()]
    own = [i not in totals.sure and not _SECTION.fullmatch(o) for i, o in enumerate(ordinals)]
    # a section without a line below it counts itself
    after = [*own[1:], False]
    kinds = ["total" if i in totals.sure else "section" if not own[i] and after[i] else "line" for i in range(len(own))]
    blank = [i for i in sorted(totals.sure) if np.isnan(counts[:, i]).all()]
    told = [Remark("total_row", "unknown", sheet.where(rows[i])) for i in blank]
    frame = pd.DataFrame({"label": labels, "ordinal": ordinals, "row_kind": kinds}, dtype="str")
    frame = frame.assign(**dict(zip(numbers, counts, strict=True)))
    frame.index = pd.Index([sheet.first_row + r for r in rows], name="row")
    frame = frame.drop(index=[frame.index[i] for i in blank])
    if frame.empty:
        raise refusal("form-not-filled-in", where=sheet.where(table.top))
    if not (frame["row_kind"] == "line").any():  # only a total: it is the line then
        frame["row_kind"] = "line"
    told += _place(frame, table, wanted, unit, when)
    for name in ("unit", "group"):
        person = frame[name].map(holds_person).astype(bool)
        found = frame.loc[person, name].items()
        problems += [
            Problem("personal_cell", int(r) - sheet.first_row, table.label or 0, shape(t), sheet) for r, t in found
        ]
        frame[name] = frame[name].mask(person, _UNKNOWN)
    # an odd cell in a total row is told by the check of that row
    lines = set(frame.index[frame["row_kind"] == "line"] - sheet.first_row)
    inside = {True: lines, False: set(frame.index - sheet.first_row)}
    problems = [p for p in problems if p.row in inside[p.code in _ODD.values()]]
    parts = {sheet.first_row + rows[i]: [sheet.first_row + rows[k] for k in at] for i, at in totals.parts.items()}
    return FormSheet(sheet, frame, problems, parts), told


def _numbers(table: _Table, wanted: Form, blanks: str) -> tuple[dict[str, np.ndarray], list[Problem]]:
    """Read the counts by column, NaN where not known, and the cells that hold none."""
    out, problems = {}, []
    for name, at in table.columns.items():
        parts = []
        for column in at:
            cells = list(table.sheet.columns[column][table.body :])
            told = column_style([c for c in cells if not isinstance(c, Odd)])
            style: _Style = told if told == "vi" or told == "en" else "auto"
            parts.append(np.full(len(cells), np.nan))
            for i, cell in enumerate(cells):
                number = None if isinstance(cell, Odd) else _count(cell, style, blanks)
                if number is None:
                    code = _ODD[cell.kind] if isinstance(cell, Odd) else "bad_number"
                    problems.append(Problem(code, table.body + i, column, shape(str(cell)), table.sheet))
                else:
                    parts[-1][i] = number
        out[name] = np.sum(parts, axis=0)
    if "received" not in out and {"received_online", "received_direct"} <= out.keys():
        out["received"] = out["received_online"] + out["received_direct"]
    return out | {name: np.sum([out[str(n)] for n in parts], axis=0) for name, parts in wanted.tally.items()}, problems


def _count(cell: object, style: _Style, blanks: str) -> float | None:
    """Return a count, NaN for an empty cell of unknown content, None for what is no count."""
    try:
        number = cell_number(cell, unit="count", style=style)
    except DataError:
        return None
    if number is None:
        return 0.0 if blanks == "zero" else np.nan
    return number if number >= 0 and number % 1 == 0 else None


def _place(frame: pd.DataFrame, table: _Table, wanted: Form, unit: str | None, when: str | None) -> list[Remark]:
    """Set unit, period and group, from the arguments or from the lines above the table."""
    lines = [[t for t in texts(row) if t] for row in table.sheet.rows(0, table.top)]
    above = [t for line in lines for t in line] + [" ".join(p) for line in lines for p in pairwise(line)]
    name, printed = (
        next((m["name"].strip(" -;,") for line in above if (m := pattern.search(line))), "")
        for pattern in (_REPORTER, _PERIOD)
    )
    titles = [] if table.label is None else [table.titles[table.label], wanted.lines]
    listed = unit is None and any(_UNITS.fullmatch(plain(t)) for t in titles)
    labels, reporter = frame.pop("label"), unit or name or _UNKNOWN
    start, end, code, other = _period(when, printed, above, table.sheet.name)
    frame.insert(0, "unit", labels.where(frame["row_kind"] != "total", reporter) if listed else reporter)
    frame.insert(1, "period", code)
    for at, title, day in ((2, "period_start", start), (3, "period_end", end)):
        frame.insert(at, title, pd.Series(pd.Timestamp(day) if day else pd.NaT, frame.index, "datetime64[s]"))
    frame.insert(4, "group", "" if listed else labels)
    frame["basis"] = "census"
    return [Remark("form_period_label", "review", table.sheet.where(), other)] if other else []


def _period(
    when: str | None, printed: str, above: list[str], name: str
) -> tuple[dt.date | None, dt.date | None, str, str]:
    """Return first and last day and code of the period, and how the name printed for it contradicts its days."""
    match = next(filter(None, map(_WINDOW.search, above)), None)
    window = _span(f"{match[1]} đến {match[2]}") if match else None
    label = next(filter(None, map(_span, [printed, *above, name])), None)
    span = period(when) if when is not None else window or label
    if span is None:
        return None, None, "", ""
    code = span.code
    if span.start and span.end and (span.start.day, span.end.day) == (15, 14):  # called by the months in which it ends
        code = period(f"{span.start.replace(day=1) + dt.timedelta(31):%Y-%m}..{span.end:%Y-%m}").code
    other = span is window and label and _span(printed) and label.code != code
    return span.start, span.end, code, f"{label.code} ≠ {span.start}..{span.end}" if other and label else ""


def _span(text: str) -> Period | None:
    try:
        return period(text)
    except DataError:
        return None


def _repeated(parts: list[FormSheet]) -> list[Remark]:
    """Name the sheets that give the same days of one unit twice, or no period to tell them apart by."""
    named: dict[str, None] = {}
    for one, two in combinations(parts, 2):
        (start, end), (first, last) = (p.frame[["period_start", "period_end"]].iloc[0] for p in (one, two))
        if set(one.frame["unit"]) & set(two.frame["unit"]) and not (end < first or last < start):
            named |= dict.fromkeys((one.sheet.name, two.sheet.name))
    return [Remark("form_periods_repeat", "fail", parts[0].sheet.file, ", ".join(named))] if named else []
