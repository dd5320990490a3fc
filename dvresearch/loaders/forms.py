"""Official report forms, read as tallies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders.form_layouts import Form, form, printed_codes, refuse_unknown, title_words
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import is_numbering, layouts
from dvresearch.loaders.problems import Problem, refuse_problems
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
    """A form as it was read: its layout, what each sheet gives, and remarks, those with ``fail`` stop a load."""

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
    _require("rows", rows, ("lines", "totals", "all"))
    reading = read_form(
        path, form, version, unit=unit, reporting_period=period, sheet=sheet, blanks=blanks, limits=limits
    )
    for remark in reading.remarks:
        if remark.verdict == "fail":
            raise _refusal(remark.code, remark.where, remark.seen)
    kept = []
    for part in reading.sheets:
        lines = part.frame["row_kind"] == "line"
        frame = part.frame if rows == "all" else part.frame[lines if rows == "lines" else ~lines]
        at = set(frame.index - part.sheet.first_row)
        refuse_problems(part.sheet, [p for p in part.problems if p.row in at])
        kept.append(frame)
    frame = pd.concat([f for f in kept if len(f)] or kept[:1])
    frame.attrs["load"] = kept[0].attrs["load"]
    return check(frame, TALLY, source=reading.sheets[0].sheet.where())


def _require(name: str, value: object, words: Sequence[str]) -> None:
    if value not in words:
        known = ", ".join(words)
        raise ParameterError(
            Text(f"Giá trị của {name} không dùng được.", f"{name} cannot be this."),
            expected=Text(known, known),
            got=repr(value),
            hint=Text(f'Dùng {name}="{words[0]}".', f'Use {name}="{words[0]}".'),
        )


def _refusal(code: str, where: str, seen: str = "") -> DataError:
    """Return the error for what the codebook calls `code` (kind ``check``): its label, and its note as what to do."""
    entry = codebook.get("check", code)
    title = Text(*(f"{label[0].upper()}{label[1:]}." for label in (entry.label_vi, entry.label_en)))
    return DataError(title, where=where, got=seen or None, hint=Text(entry.note_vi, entry.note_en))


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
    _require("blanks", blanks, ("unknown", "zero"))
    wanted = form(code, version)
    tables, remarks = _find(read_sheets(path, sheet=sheet, limits=limits), wanted, stated=version is not None)
    parts = []
    for table in tables:
        part, told = _read(table, wanted, blanks, unit, reporting_period)
        parts.append(part)
        remarks += [*_titles_told(table, wanted), *told]
    if len(parts) > 1:
        for part in parts:
            part.frame["sheet"] = part.sheet.name
        remarks += _repeated(parts)
    report = {
        "file": tables[0].sheet.file,
        "sheet": ", ".join(t.sheet.name for t in tables),
        "form": code,
        "version": wanted.version,
        "columns": {n: [showable(tables[0].titles[c]) for c in at] for n, at in tables[0].columns.items()},
        "unused": [showable(t) for i, t in enumerate(tables[0].titles) if t and i not in tables[0].used],
        "notes": [[n.code, n.detail] for n in tables[0].sheet.notes],
        "remarks": [list(r) for r in remarks],
    }
    for part in parts:
        part.frame.attrs["load"] = LoadReport(report)
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
    #: Column -> its number, where a row numbers the columns as the form does.
    numbers: Mapping[int, int] = field(default_factory=dict)

    @property
    def used(self) -> set[int]:
        return {c for at in self.columns.values() for c in at} | ({self.label, self.ordinal} - {None})


def _find(sheets: list[Sheet], wanted: Form, *, stated: bool) -> tuple[list[_Table], list[Remark]]:
    """Find the sheets that hold the form, and name the others."""
    found: list[_Table] = []
    codes: dict[str, str] = {}
    for sheet in sheets:
        head = [] if sheet.titles else [(sheet.where(i), " ".join(texts(r))) for i, r in enumerate(sheet.rows(0, 30))]
        for where, line in () if stated else head:
            refuse_unknown(wanted.code, line, where)
        named = {code: where for where, line in reversed(head) for code in printed_codes(line)}
        if named and wanted.code not in named:
            codes |= named
        elif table := _table(sheet, wanted):
            found.append(table)
    shown = [t for t in found if not t.sheet.hidden] or found
    if not shown and codes:
        raise _refusal("form_another", next(iter(codes.values())), f"{', '.join(sorted(codes))} ≠ {wanted.code}")
    if not shown:
        raise _no_form(sheets, wanted)
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
        free = {n: at for n, at in by_number.items() if n not in best.columns and not best.used & set(at)}
        return replace(best, columns=best.columns | free, numbers=numbers)
    if not by_number:
        return None
    above = [texts(cells) for cells in reversed(sheet.rows(max(row - 3, 0), row + 1))]
    titles = tuple(next(filter(None, words[1:]), words[0]) for words in zip(*above, strict=True))
    first = min(numbers)
    if wanted.first > 1:
        first = min(c for c, n in numbers.items() if n == wanted.first)
    return _Table(
        sheet, row, row + 1, titles, by_number, first - 1 if first else None, first - 2 if first > 1 else None
    )


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


def _no_form(sheets: list[Sheet], wanted: Form) -> DataError:
    last = max(wanted.names)
    return DataError(
        Text(f"Không thấy biểu {wanted.code} trong tệp.", f"No form {wanted.code} was found in the file."),
        where=sheets[0].file,
        expected=Text(
            ", ".join(f"({c.number}) {c.title.vi}" for c in wanted.columns if c.number),
            ", ".join(f"({c.number}) {c.title.en}" for c in wanted.columns if c.number),
        ),
        got=", ".join(s.where() for s in sheets),
        hint=Text(
            f"Lấy biểu trống bằng `dvresearch template {wanted.code} bieu.xlsx`, hoặc thêm dòng số cột "
            f"(1) (2) (3) … ({last}).",
            f"Get the blank form with `dvresearch template {wanted.code} form.xlsx`, or add the row "
            f"(1) (2) (3) … ({last}).",
        ),
    )


def _titles_told(table: _Table, wanted: Form) -> list[Remark]:
    """Name the columns found twice, numbered as another, missing, and the titles with numbers below that were not read.

    A title that was not read, between the neighbours of a column that is missing, is most likely that column: nothing
    is loaded before it is known.
    """
    sheet, told = table.sheet, []
    numbers = {name: n for n, name in wanted.names.items()}
    missing = [n for n, name in wanted.names.items() if name not in table.columns]
    at_number = {numbers[name]: at for name, at in table.columns.items() if name in numbers}
    if missing:
        seen = ", ".join(f"({n}) {wanted.names[n]}" for n in missing)
        told.append(Remark("form_column_missing", "review", sheet.where(table.top), seen))
    for column in wanted.columns:
        at = table.columns.get(column.name, [])
        if len(at) > 1 and not column.part:
            letters = ", ".join(column_letters(sheet.first_column + c) for c in at)
            told.append(Remark("form_column_twice", "fail", sheet.where(table.top), f"{column.name}: {letters}"))
        for c in at:
            if column.number and table.numbers.get(c, column.number) != column.number:
                seen = f"{column.name} ({column.number}) ≠ ({table.numbers[c]})"
                told.append(Remark("form_numbers_disagree", "fail", sheet.where(table.top, c), seen))
    titled = _match(sheet, table.top, 0, [[t] for t in table.titles], wanted).used if table.numbers else table.used
    for c, title in enumerate(table.titles):
        below = texts(sheet.columns[c][table.body :])
        if c in titled or not title or plain(title).startswith("kiem tra") or not any(map(_COUNT.fullmatch, below)):
            continue
        before = {n: max(at) for n, at in at_number.items() if max(at) < c}
        likely = [n for n in missing if max(before, default=0) < n < min(set(at_number) - set(before), default=n + 1)]
        seen = ", ".join([f"“{showable(title)}”", *(f"({n}) {wanted.names[n]}?" for n in likely)])
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
    odd = {p.row - table.body for p in problems if p.code in _ODD.values()}
    counted = [c for at in table.columns.values() for c in at]
    records, kept = [], []
    for i in range(values.shape[1]):
        cells = tuple(c[table.body + i] for c in sheet.columns)
        words = texts(cells)
        label, ordinal = (words[c] if c is not None else "" for c in (table.label, table.ordinal))
        if not (label or ordinal):
            label = next((w for c, w in enumerate(words) if w and c not in table.used), "")
        known = values[:, i][~np.isnan(values[:, i])]
        # Formulas give 0 on rows nobody filled in; headers repeat on each page; sections and notes have no numbers.
        empty = not ordinal and not any(words[c] for c in counted)
        if (len(known) or i in odd) and not empty and not is_numbering(cells) and (label or ordinal or known.any()):
            records.append((label or ordinal, ordinal))
            kept.append(i)
    totals = total_rows([[label] for label, _ in records], values[:, kept].T, [o for _, o in records])
    at = [sheet.first_row + table.body + i for i in kept]
    blank = {j for j in totals.sure if np.isnan(values[:, kept[j]]).all()}
    told = [Remark("total_row", "unknown", sheet.where(table.body + kept[j])) for j in sorted(blank)]
    frame = pd.DataFrame(records, columns=["label", "ordinal"], index=pd.Index(at, name="row"), dtype="str")
    frame["row_kind"] = pd.Series(_kinds(records, totals.sure), index=frame.index, dtype="str")
    frame = frame.assign(**{n: v[kept] for n, v in numbers.items()}).drop(index=[at[j] for j in blank])
    if frame.empty:
        raise _refusal("form_empty", sheet.where(table.top))
    if not (frame["row_kind"] == "line").any():  # only a total: it is the line then
        frame["row_kind"] = "line"
    column = table.label or 0
    problems += [Problem(f"total_{why}", table.body + kept[j], column) for j, why in totals.doubtful.items()]
    told += _place(frame, table, wanted, unit, when)
    for name in ("unit", "group"):
        person = frame[name].map(holds_person).astype(bool)
        cells_at = [(int(row) - sheet.first_row, text) for row, text in frame.loc[person, name].items()]
        problems += [Problem("personal_cell", row, column, shape(text)) for row, text in cells_at]
        frame[name] = frame[name].mask(person, _UNKNOWN)
    inside = set(frame.index - sheet.first_row)
    # an odd cell in a total row is told by the check of that row
    lines = set(frame.index[frame["row_kind"] == "line"] - sheet.first_row)
    problems = [p for p in problems if p.row in (lines if p.code in _ODD.values() else inside)]
    return FormSheet(sheet, frame, problems, {at[j]: [at[k] for k in parts] for j, parts in totals.parts.items()}), told


def _kinds(records: list[tuple[str, str]], totals: set[int]) -> list[str]:
    """Tell totals and sections from lines; a section without a line below it counts itself."""
    plain_row = [i not in totals and not _SECTION.fullmatch(ordinal) for i, (_, ordinal) in enumerate(records)]
    return [
        "total" if i in totals else "line" if own or not after else "section"
        for i, (own, after) in enumerate(zip(plain_row, [*plain_row[1:], False], strict=False))
    ]


def _numbers(table: _Table, wanted: Form, blanks: str) -> tuple[dict[str, np.ndarray], list[Problem]]:
    """Read the counts by column, NaN where not known, and the cells that hold none."""
    out, problems = {}, []
    for name, at in table.columns.items():
        parts = []
        for column in at:
            cells = list(table.sheet.columns[column][table.body :])
            style = column_style([c for c in cells if not isinstance(c, Odd)])
            numbers = np.full(len(cells), np.nan)
            for i, cell in enumerate(cells):
                code, number = "bad_number", None
                try:
                    if isinstance(cell, Odd):
                        code, number = _ODD[cell.kind], -1.0
                    else:
                        number = cell_number(cell, unit="count", style=style if style in ("vi", "en") else "auto")
                except DataError:
                    number = -1.0
                if number is None:
                    numbers[i] = 0 if blanks == "zero" else np.nan
                elif number < 0 or number % 1:
                    problems.append(Problem(code, table.body + i, column, shape(str(cell))))
                else:
                    numbers[i] = number
            parts.append(numbers)
        out[name] = np.sum(parts, axis=0)
    if "received" not in out and {"received_online", "received_direct"} <= out.keys():
        out["received"] = out["received_online"] + out["received_direct"]
    return out | {name: np.sum([out[str(n)] for n in parts], axis=0) for name, parts in wanted.tally.items()}, problems


def _place(frame: pd.DataFrame, table: _Table, wanted: Form, unit: str | None, when: str | None) -> list[Remark]:
    """Set unit, period and group, from the arguments or from the lines above the table."""
    lines = [[t for t in texts(row) if t] for row in table.sheet.rows(0, table.top)]
    above = [t for line in lines for t in line] + [" ".join(p) for line in lines for p in pairwise(line)]
    name, printed = (
        next((m["name"].strip(" -;,") for line in above if (m := pattern.search(line))), None)
        for pattern in (_REPORTER, _PERIOD)
    )
    labels = frame.pop("label")
    titles = [] if table.label is None else [table.titles[table.label], wanted.lines]
    listed = unit is None and any(_UNITS.fullmatch(plain(t)) for t in titles)
    reporter = pd.Series(unit or name or _UNKNOWN, index=frame.index, dtype="str")
    start, end, code, other = _period(when, printed, above, table.sheet.name)
    units = labels.where(frame["row_kind"] != "total", reporter) if listed else reporter
    days = [pd.Series(pd.Timestamp(d) if d else pd.NaT, index=frame.index, dtype="datetime64[s]") for d in (start, end)]
    group = pd.Series("", index=frame.index, dtype="str") if listed else labels
    first = {"unit": units, "period": pd.Series(code, index=frame.index, dtype="str"), "period_start": days[0]}
    for at, (title, values) in enumerate({**first, "period_end": days[1], "group": group}.items()):
        frame.insert(at, title, values)
    frame["basis"] = "census"
    return [Remark("form_period_label", "review", table.sheet.where(), other)] if other else []


def _period(
    when: str | None, printed: str | None, above: list[str], name: str
) -> tuple[dt.date | None, dt.date | None, str, str]:
    """Return first and last day and code of the period, and how what is printed as its name contradicts its days."""
    if when is not None:
        span = period(when)
        return span.start, span.end, span.code, ""
    label = next(filter(None, map(_span, [printed or "", *above, name])), None)
    match = next(filter(None, map(_WINDOW.search, above)), None)
    span = (_span(f"{match[1]} đến {match[2]}") if match else None) or label
    if span is None:
        return None, None, "", ""
    code = span.code
    if span.start and span.end and (span.start.day, span.end.day) == (15, 14):  # the months in which it ends
        code = period(f"{span.start.replace(day=1) + dt.timedelta(31):%Y-%m}..{span.end:%Y-%m}").code
    other = f"{label.code} ≠ {span.start}..{span.end}" if printed and label and label.code != code else ""
    return span.start, span.end, code, other


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
