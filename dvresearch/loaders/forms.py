"""Official report forms, read as tallies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders.account import Problem, refuse_problems
from dvresearch.loaders.form_layouts import Form, form, unknown_layout
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import is_numbering, layouts
from dvresearch.loaders.sheets import LoadReport, Sheet, column_letters, read_sheets, texts
from dvresearch.privacy import holds_person, showable
from dvresearch.tables import TALLY, check
from dvresearch.text import cell_number, column_style, period, plain, shape

__all__ = ["load_form", "read_form"]


_LABEL = re.compile(r".*(linh vuc|cong viec|thu tuc|don vi|co quan|dia phuong|noi dung|chi tieu|xa phuong).*")
_UNITS = re.compile(r".*(don vi|co quan|dia phuong|xa phuong).*")
_ORDINAL = re.compile(r"(so )?(tt|stt|thu tu)")
_SECTION = re.compile(r"[IVX]+|[A-H]")
_REPORTER = re.compile(r"(?:đơn vị|cơ quan)(?: báo cáo| gửi)?\s*:\s*(?P<name>[^.…:]{3,80})", re.IGNORECASE)
_PERIOD = re.compile(r"(?:kỳ báo cáo|thời điểm báo cáo|kỳ)\s*:?\s*(?P<period>[^()]{3,60})", re.IGNORECASE)
_UNKNOWN = "(không rõ)"
#: The number of a column, with how it is worked out behind it or not: (3), 3=4+5+6.
_NUMBER = re.compile(r"[(\[]?\s*(\d{1,2})\s*[)\]]?\s*(?:=.*)?$")
#: What a form says about itself: its code, and the circular it belongs to.
_CODE = re.compile(r"\b(0\d)\s*/\s*(TCD|XLD|KQGQ|GQKN|GQTC|KQTH|QLKNTC)\b")
_NEW = re.compile(r"\b0?6/2025/TT-?TTCP", re.IGNORECASE)


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
        The file; what columns are what is read from the titles above them, or else from the row ``(1) (2) (3) …``.
    form : str, default "II.06a"
        Which form: ``"II.06a"`` (Thông tư 01/2020/TT-VPCP), ``"01/TCD"``, ``"01/XLD"``, ``"02/XLD"``, ``"03/XLD"`` or
        ``"01/KQGQ"`` (Thông tư 02/2021/TT-TTCP).
    version : str, optional
        ``"TT01/2020"``, ``"TT02/2021"``. Thông tư 06/2025/TT-TTCP (``"TT06/2025"``), in force since 30/9/2025, has
        forms whose columns are not known yet, and is refused.
    unit, period : str, optional
        The reporting unit and the period, where the lines above the table (``Đơn vị báo cáo: …``, ``Kỳ báo cáo: …``)
        do not say or say wrong.
    sheet : str, optional
        The sheet, where several hold such a form.
    rows : {"lines", "totals", "all"}, default "lines"
        Which rows: those that count something themselves; the rows that add up others; or both. A form that has
        only a total row gives that row as its line.
    blanks : {"unknown", "zero"}, default "unknown"
        What an empty cell and the marks ``-``, ``…``, ``x`` stand for.
    limits : Limits, optional
        How much the file may ask for.

    Returns
    -------
    DataFrame
        Columns of ``tables.TALLY`` (``workload`` is column 3 of the form: received and carried in; the words
        beside the numbers are ``group``, or ``unit`` where the form lists units), ``received_online``,
        ``received_direct``, ``ordinal`` and ``row_kind`` (line, section, total). ``received`` is the sum of
        columns 4 and 5 where both are known. The other forms keep their columns under their numbers (``"1"``,
        ``"2"`` …) beside those of the tally that they give: ``received`` are the visits of 01/TCD, ``total`` the
        petitions of 01-03/XLD, and of 01/KQGQ ``workload`` is column 4, ``withdrawn`` 6, ``resolved_within`` 25 and
        ``resolved_late`` 26. The index ``row`` is the row in the file, ``attrs["load"]`` says how it was read. The
        sums of the form are checked by :func:`dvresearch.screen`.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells hold no number; the message names them all.
    ParameterError
        For a form or a word that is not known.

    Notes
    -----
    The note to the form counts dossiers waiting for a supplement, returned and withdrawn in column 9, on time.
    """
    frame, where, problems = read_form(
        path, form, version, unit=unit, reporting_period=period, sheet=sheet, blanks=blanks, limits=limits
    )
    refuse_problems(problems)
    if rows not in ("lines", "totals", "all"):
        raise ParameterError(
            Text("Giá trị của rows không dùng được.", "rows cannot be this."),
            expected=Text("lines, totals, all", "lines, totals, all"),
            got=repr(rows),
            hint=Text('Dùng rows="lines".', 'Use rows="lines".'),
        )
    lines = frame["row_kind"] == "line"
    if rows == "lines" and lines.any():
        frame = frame[lines]
    elif rows == "totals":
        frame = frame[~lines]
    return check(frame, TALLY, source=where.where())


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
) -> tuple[pd.DataFrame, Sheet, list[Problem]]:
    """Read all rows of a form, its sheet, and the cells to mend; parameters of :func:`load_form`."""
    if blanks not in ("unknown", "zero"):
        raise ParameterError(
            Text("Giá trị của blanks không dùng được.", "blanks cannot be this."),
            expected=Text("unknown, zero", "unknown, zero"),
            got=repr(blanks),
            hint=Text('Dùng blanks="unknown".', 'Use blanks="unknown".'),
        )
    wanted = form(code, version)
    layout = _find(read_sheets(path, sheet=sheet, limits=limits), wanted)
    problems: list[Problem] = []
    numbers = _numbers(layout, blanks, problems)
    for name, parts in wanted.tally:
        numbers[name] = np.sum([numbers[str(n)] for n in parts], axis=0)
    frame = _rows(layout, numbers)
    kept = set(frame.index - layout.sheet.first_row)
    problems = [p for p in problems if p.row in kept]
    _place(frame, layout, wanted, unit, reporting_period)
    for name in ("unit", "group"):
        person = frame[name].map(holds_person).astype(bool)
        at = [(int(row) - layout.sheet.first_row, text) for row, text in frame.loc[person, name].items()]
        problems += [Problem("personal_cell", row, layout.label or 0, shape(text), layout.sheet) for row, text in at]
        frame[name] = frame[name].mask(person, _UNKNOWN)
    report = {
        "file": layout.sheet.file,
        "sheet": layout.sheet.name,
        "form": code,
        "version": wanted.version,
        "columns": {n: [showable(layout.titles[c]) for c in at] for n, at in layout.columns.items()},
        "unused": [showable(t) for i, t in enumerate(layout.titles) if t and i not in layout.used],
        "notes": [[n.code, n.detail] for n in layout.sheet.notes],
    }
    frame.attrs["load"] = LoadReport(report)
    return frame, layout.sheet, problems


@dataclass(frozen=True)
class _Layout:
    sheet: Sheet
    top: int
    body: int
    titles: tuple[str, ...]
    columns: dict[str, list[int]]
    label: int | None
    ordinal: int | None

    @property
    def used(self) -> set[int]:
        return {c for at in self.columns.values() for c in at} | {
            c for c in (self.label, self.ordinal) if c is not None
        }


def _find(sheets: list[Sheet], wanted: Form) -> _Layout:
    """Find the sheet and the header whose titles name the most columns of the form."""
    found = []
    for sheet in () if wanted.numbered else sheets:
        matches = (_match(sheet, top, height, titles, wanted) for top, height, titles in layouts(sheet))
        found += (
            [max(matches, key=lambda m: (len(m.columns), m.label is not None, m.top - m.body))]
            if sheet.height or sheet.titles
            else []
        )
    _refuse_another(sheets, wanted)
    numbered = [m for m in (_by_numbers(s, wanted) for s in sheets) if m is not None]
    most = max((len(m.columns) for m in found), default=0)
    if most < 4 and numbered:
        found, most = numbered, len(numbered[0].columns)
    fits = [m for m in found if len(m.columns) == most and not m.sheet.hidden] or [
        m for m in found if len(m.columns) == most
    ]
    if most < 4 or not fits:
        raise _no_form(sheets, wanted, found)
    if len(fits) > 1:
        raise DataError(
            Text("Có nhiều trang tính cùng dạng biểu này.", "Several sheets hold such a form."),
            where=fits[0].sheet.file,
            got=", ".join(m.sheet.name for m in fits),
            hint=Text("Nêu một trang tính: sheet=…", "Name one: sheet=…"),
        )
    doubles = {
        c.name: fits[0].columns[c.name]
        for c in wanted.columns
        if len(fits[0].columns.get(c.name, ())) > 1 and not c.part
    }
    if doubles:
        name, at = next(iter(doubles.items()))
        letters = ", ".join(column_letters(fits[0].sheet.first_column + c) for c in at)
        raise DataError(
            Text(f"Nhiều cột cùng khớp {name}.", f"Several columns fit {name}."),
            where=fits[0].sheet.where(fits[0].top),
            got=letters,
            hint=Text("Đổi tiêu đề hoặc xóa cột thừa.", "Change the title or delete the extra column."),
        )
    return fits[0]


def _match(sheet: Sheet, top: int, height: int, titles: list[list[str]], wanted: Form) -> _Layout:
    columns: dict[str, list[int]] = {}
    label = ordinal = None
    for at, parts in enumerate(titles):
        if not parts:
            continue
        words = [plain(p) for p in parts]
        whole, leaf = " ".join(words), words[-1]
        hit = next((c for c in wanted.columns if re.search(c.group, whole) and re.fullmatch(c.leaf, leaf)), None)
        if hit:
            columns.setdefault(hit.name, []).append(at)
        elif ordinal is None and _ORDINAL.fullmatch(leaf):
            ordinal = at
        elif label is None and not columns and _LABEL.fullmatch(leaf):
            label = at
    return _Layout(sheet, top, top + height, tuple(" ".join(p) for p in titles), columns, label, ordinal)


def _by_numbers(sheet: Sheet, wanted: Form) -> _Layout | None:
    """Find the columns by the row that numbers them; a form that numbers its labels, too, must have no other number."""
    names = {c.number: c.name for c in wanted.columns if c.number}
    for row, cells in enumerate(sheet.rows(0, 60) if not sheet.titles else []):
        filled = {i: t for i, t in enumerate(texts(cells)) if t}
        digits = {i: int(m[1]) for i, t in filled.items() if (m := _NUMBER.match(t))}
        numbers = set(digits.values())
        whole = numbers >= set(names) and (wanted.first == 1 or max(numbers) == max(names))
        if whole and len(numbers) == len(digits) >= len(filled) - 2:
            columns = {names[n]: [i] for i, n in digits.items() if n in names}
            first = min(i for at in columns.values() for i in at)
            label, ordinal = (first - 1 if first else None), (first - 2 if first > 1 else None)
            return _Layout(sheet, row, row + 1, tuple(texts(cells)), columns, label, ordinal)
    return None


def _refuse_another(sheets: list[Sheet], wanted: Form) -> None:
    """Refuse a file that says it is another form: one found by its numbers only fits any."""
    rows = [(s.where(i), " ".join(texts(row))) for s in sheets if not s.titles for i, row in enumerate(s.rows(0, 30))]
    stated = {f"{a}/{b}": where for where, line in reversed(rows) for a, b in _CODE.findall(line)}
    new = [where for where, line in rows if _NEW.search(line)]
    if wanted.numbered and new:
        raise unknown_layout(DataError, wanted.code, new[0])
    if wanted.numbered and stated and wanted.code not in stated:
        raise DataError(
            Text("Tệp ghi là biểu khác.", "The file says that it is another form."),
            where=next(iter(stated.values())),
            expected=Text(wanted.code, wanted.code),
            got=", ".join(sorted(stated)),
            hint=Text("Nêu đúng mã biểu: load_form(tệp, mã).", "Name the right form: load_form(file, code)."),
        )


def _no_form(sheets: list[Sheet], wanted: Form, found: list[_Layout]) -> DataError:
    best = max(found, key=lambda m: len(m.columns), default=None)
    names = ", ".join(f"({c.number}) {c.title.vi}" for c in wanted.columns if c.number)
    english = ", ".join(f"({c.number}) {c.title.en}" for c in wanted.columns if c.number)
    return DataError(
        Text(f"Không thấy biểu {wanted.code} trong tệp.", f"No form {wanted.code} was found in the file."),
        where=best.sheet.where(best.top) if best else sheets[0].file,
        expected=Text(names, english),
        got=", ".join(showable(t) for t in (best.titles if best else ()) if t)[:800] or None,
        hint=Text(
            f"Lấy biểu trống bằng `dvresearch template {wanted.code} bieu.xlsx`, hoặc thêm dòng số cột "
            f"(1) (2) (3) … ({max(c.number for c in wanted.columns)}).",
            f"Get the blank form with `dvresearch template {wanted.code} form.xlsx`, or add the row "
            f"(1) (2) (3) … ({max(c.number for c in wanted.columns)}).",
        ),
    )


def _numbers(layout: _Layout, blanks: str, problems: list[Problem]) -> dict[str, np.ndarray]:
    out = {}
    for name, at in layout.columns.items():
        parts = []
        for column in at:
            cells = list(layout.sheet.columns[column][layout.body :])
            style = column_style(cells)
            numbers = np.full(len(cells), np.nan)
            for i, cell in enumerate(cells):
                try:
                    number = cell_number(cell, unit="count", style=style if style in ("vi", "en") else "auto")
                except DataError:
                    problems.append(Problem("bad_number", layout.body + i, column, shape(str(cell)), layout.sheet))
                    continue
                if number is not None and number < 0:
                    problems.append(Problem("bad_number", layout.body + i, column, shape(str(cell)), layout.sheet))
                elif number is not None:
                    numbers[i] = number
                elif blanks == "zero":
                    numbers[i] = 0
            parts.append(numbers)
        out[name] = np.sum(parts, axis=0)
    if "received" not in out and {"received_online", "received_direct"} <= out.keys():
        out["received"] = out["received_online"] + out["received_direct"]
    return out


def _rows(layout: _Layout, numbers: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Keep the rows that count something, and tell lines from sections and totals."""
    sheet, records, kept = layout.sheet, [], []
    table = np.array(list(numbers.values()))
    for i in range(table.shape[1]):
        cells = tuple(c[layout.body + i] for c in sheet.columns)
        words = texts(cells)
        label = words[layout.label] if layout.label is not None else ""
        ordinal = words[layout.ordinal] if layout.ordinal is not None else ""
        known = table[:, i][~np.isnan(table[:, i])]
        if not (label or ordinal):
            label = next((w for c, w in enumerate(words) if w and c not in layout.used), "")
        # Formulas give 0 on rows nobody filled in; headers repeat on each page; sections and notes have no numbers.
        if is_numbering(cells) or not len(known) or (not label and not known.any()):
            continue
        total = any(
            re.compile(r"(tong|cong|total)( (cong|so|toan .*|don|ho so|chung|\d.*))*").fullmatch(plain(w))
            for w in (label, ordinal)
            if w
        )
        kind = "total" if total else "section" if _SECTION.fullmatch(ordinal) else "line"
        records.append((label or ordinal, ordinal, kind))
        kept.append(i)
    if not kept:
        raise DataError(
            Text("Biểu không có dòng số liệu nào.", "The form has no row with numbers."),
            where=sheet.where(layout.top),
            expected=Text("ít nhất một dòng đã điền số", "at least one row filled in"),
            hint=Text(
                "Điền biểu, lưu bằng Excel (để công thức được tính) rồi nạp lại.",
                "Fill in the form, save it with Excel so that its formulas are computed, and load again.",
            ),
        )
    frame = pd.DataFrame(records, columns=["label", "ordinal", "row_kind"], dtype="str")
    if not (frame["row_kind"] == "line").any():  # only sections or a total: they are the lines then
        kind = "section" if (frame["row_kind"] == "section").any() else "total"
        frame["row_kind"] = frame["row_kind"].replace(kind, "line")
    frame = frame.assign(**{n: v[kept] for n, v in numbers.items()})
    return frame.set_axis(pd.Index([sheet.first_row + layout.body + i for i in kept], name="row"))


def _place(frame: pd.DataFrame, layout: _Layout, wanted: Form, unit: str | None, when: str | None) -> None:
    """Set unit, period and group, from the arguments or from the lines above the table."""
    lines = [[t for t in texts(row) if t] for row in layout.sheet.rows(0, layout.top)]
    above = [t for line in lines for t in line] + [" ".join(p) for line in lines for p in pairwise(line)]
    stated = {
        name: next((m[name].strip(" -;,") for line in above if (m := pattern.search(line))), None)
        for name, pattern in (("name", _REPORTER), ("period", _PERIOD))
    }
    labels = frame.pop("label")
    titles = [] if layout.label is None else [layout.titles[layout.label], wanted.lines]
    listed = any(_UNITS.fullmatch(plain(t)) for t in titles)
    reporter = unit or stated["name"] or _UNKNOWN
    frame.insert(0, "unit", labels if listed and unit is None else pd.Series(reporter, index=frame.index, dtype="str"))
    if listed and unit is None:
        frame.loc[frame["row_kind"] == "total", "unit"] = reporter
    span = None
    for text in (when, stated["period"], *above) if when is None else (when,):
        try:
            span = period(text) if text else None
        except DataError:
            if when is not None:
                raise
        if span:
            break
    frame.insert(1, "period", pd.Series(span.code if span else "", index=frame.index, dtype="str"))
    for at, day in ((2, span.start if span else None), (3, span.end if span else None)):
        frame.insert(
            at,
            ("period_start", "period_end")[at - 2],
            pd.Series(pd.Timestamp(day) if day else pd.NaT, index=frame.index, dtype="datetime64[s]"),
        )
    frame.insert(4, "group", pd.Series("", index=frame.index, dtype="str") if listed else labels)
    frame["basis"] = "census"
