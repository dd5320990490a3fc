"""The official report forms: what their columns are, how offices word them (``forms.toml``), and blank ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders.sheets import column_letters
from dvresearch.text import plain
from dvresearch.workbook import save

__all__ = [
    "FORMS", "FORM_CODES", "TTCP", "Form", "FormColumn", "blank_form", "form", "printed_codes", "refuse_unknown",
    "title_words",
]  # fmt: skip

_DATA = tomllib.loads(Path(__file__).with_name("forms.toml").read_text(encoding="utf-8"))
#: Thông tư 02/2021/TT-TTCP.
TTCP = "TT02/2021"
#: Rows of the titles above the numbers of the columns, and of the first line.
_HEAD, _NUMBERS, _FIRST = 5, 7, 8


@dataclass(frozen=True)
class FormColumn:
    """A numbered column of a form.

    Parameters
    ----------
    number : int
        Its number on the form; 0 for columns that offices add.
    name : str
        Column of ``tables.TALLY`` (or one of ``received_online``, ``received_direct``), or the number itself.
    title : Text
        The title on the blank form.
    group, leaf : str
        Patterns of the words above the column, as :func:`title_words` gives them: somewhere in all of them, and the
        title itself. Without them the column is found by its number only.
    part : bool
        Whether offices split the column further, so that several columns add up to it.
    """

    number: int
    name: str
    title: Text
    group: str = ""
    leaf: str = ""
    part: bool = False


@dataclass(frozen=True)
class Form:
    """A report form.

    Parameters
    ----------
    code, version, title : str
        What is printed at its top.
    columns : tuple of FormColumn
        Its columns.
    groups : tuple of (str, int, int)
        Titles above several columns: title, first and last number.
    sums : tuple of (int, tuple of int)
        A column and those that add up to it, parts before the totals built from them.
    unit : str
        What is counted.
    lines : str
        What a line is: the title of the column of labels.
    tally : mapping of str to list of int
        Columns of ``tables.TALLY`` and the numbered columns that they are the sum of, where the names do not say it.
    """

    code: str
    version: str
    title: str
    columns: tuple[FormColumn, ...]
    groups: tuple[tuple[str, int, int], ...]
    sums: tuple[tuple[int, tuple[int, ...]], ...]
    unit: str
    lines: str
    tally: Mapping[str, list[int]]

    @property
    def numbered(self) -> bool:
        """Whether the columns are known by their numbers and not by their titles."""
        return self.columns[0].name.isdecimal()

    @property
    def names(self) -> dict[int, str]:
        """The name of each numbered column."""
        return {c.number: c.name for c in self.columns if c.number}

    @property
    def first(self) -> int:
        """The first numbered column of the sheet: II.06a numbers the two columns of labels, too."""
        return min(self.names)

    def checks(self) -> list[str]:
        """Return the code under which the codebook describes each of `sums`, kind ``check``."""
        name = plain(self.code).replace(" ", "")
        return [f"form_{name}_{i}" for i in range(1, len(self.sums) + 1)]


def _form(entry: Mapping[str, Any]) -> Form:
    """Return an entry of ``forms.toml``; a column whose meaning is not known is called by its number."""
    titles = entry.get("titles", {})
    columns = [FormColumn(**{**c, "title": Text(*c["title"])}) for c in entry.get("columns", ())] or [
        FormColumn(n, str(n), Text(*titles.get(str(n), (f"cột {n}", f"column {n}"))))
        for n in range(1, entry["last"] + 1)
    ]
    sums = [[int(n) for n in re.findall(r"\d+", written)] for written in entry["sums"]]
    return Form(
        **{key: entry[key] for key in ("code", "version", "title", "unit", "lines")},
        columns=tuple(columns),
        groups=tuple((title, left, right) for title, left, right in entry.get("groups", ())),
        sums=tuple((total, tuple(parts)) for total, *parts in sums),
        tally=entry.get("tally", {}),
    )


#: Forms by code and version.
FORMS = {(f.code, f.version): f for f in map(_form, _DATA["form"])}
#: Codes of the report forms, each once.
FORM_CODES = tuple(dict.fromkeys(code for code, _ in FORMS))


def title_words(title: str) -> str:
    """Return a title without diacritics, case and punctuation, one word for one thing: ``Trễ hẹn`` is ``qua han``."""
    return " ".join(_DATA["words"].get(word, word) for word in plain(title).split())


def printed_codes(line: str) -> set[str]:
    """Return the codes of forms, known or not, that a line of a file names."""
    codes = {code for code, _ in FORMS} | {code for entry in _DATA["unknown"] for code in entry["codes"]}
    bare = re.sub(r"\s*/\s*", "/", line)
    return {code for code in codes if re.search(rf"(?<!\w){re.escape(code)}(?!\w)", bare)}


def refuse_unknown(code: str, line: str, where: str) -> None:
    """Raise a `DataError` when a line of a file names a circular whose forms are not known."""
    for entry in _DATA["unknown"]:
        if re.search(entry["printed"], line, re.IGNORECASE):
            raise DataError("form-layout-not-known", where=where, got=entry["version"], form=code, **entry)


def form(code: str, version: str | None = None) -> Form:
    """Return a form by code and version; without a version the only one that is known.

    Raises
    ------
    ParameterError
        For a form that is not known; the message lists those that are.
    """
    found = [f for (c, v), f in FORMS.items() if c == code and version in (None, v)]
    if found:
        return found[-1]
    for entry in _DATA["unknown"]:
        if version == entry["version"] or (version is None and code in entry["codes"]):
            raise ParameterError("form-layout-not-known", got=version or entry["version"], form=code, **entry)
    known = "; ".join(f"{c}, version={v!r}" for c, v in FORMS)
    raise ParameterError("form-not-known", known=known, form=f"{code}, {version}" if version else code)


# --- blank forms ------------------------------------------------------------------------------------------------------


def blank_form(path: str | Path, form_code: str = "II.06a", version: str | None = None, *, lines: int = 20) -> Path:
    """Write a blank form with its titles, column numbers and formulas; the same bytes every time.

    Parameters
    ----------
    path : str or Path
        The .xlsx file to write.
    form_code : str, default "II.06a"
        Which form, as for :func:`load_form`.
    version : str, optional
        As for :func:`load_form`.
    lines : int, default 20
        Empty lines above the total row.

    Returns
    -------
    Path
        The file. Columns that are sums hold formulas; columns behind the form show what its other sums leave
        over, which should be 0. Titles above the numbers are short ones, not the wording of the circular.

    Raises
    ------
    ParameterError
        For a form that is not known, a number of lines outside 1-1000, or a path that is taken, no .xlsx or nowhere.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.worksheet.datavalidation import DataValidation

    wanted = form(form_code, version)
    target = Path(path)
    if target.exists() or target.suffix.lower() != ".xlsx" or not target.absolute().parent.is_dir():
        raise ParameterError("form-file-not-new", name=target.name)
    if not 1 <= lines <= 1000:
        raise ParameterError("form-lines-out-of-range", got=str(lines))
    shift, total = 3 - wanted.first, _FIRST + lines  # the two columns of labels are numbered on some forms only
    last = max(wanted.names) + shift
    groups = wanted.groups or (("Số lượng", wanted.first, max(wanted.names)),)
    merged = [(_HEAD, left + shift, _HEAD, right + shift) for _, left, right in groups]
    cells = _head(wanted, groups, shift) | _body(wanted, shift, total)
    book = Workbook()
    sheet: Any = book.active
    sheet.title = wanted.code.replace("/", "-")
    thin = Border(*(Side(style="thin") for _ in range(4)))
    for row, column in sorted({*cells, *((r, c) for r in range(_HEAD, total + 1) for c in range(1, last + 1))}):
        cell = sheet.cell(row, column, cells.get((row, column)))
        cell.font = Font(name="Times New Roman", size=12, bold=row in (_HEAD, _HEAD + 1, total))
        cell.alignment = Alignment(
            horizontal="center" if row >= _HEAD else "left", vertical="center", wrap_text=row >= _HEAD
        )
        if row >= _HEAD and column <= last:
            cell.border = thin
    for top, left, bottom, right in (*merged, *((_HEAD, c, _HEAD + 1, c) for c in (1, 2))):
        sheet.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    whole = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
    whole.errorTitle, whole.error = "Số đếm", "Nhập số nguyên từ 0 trở lên; để trống nếu không biết."
    sheet.add_data_validation(whole)
    whole.add(f"C{_FIRST}:{column_letters(last)}{total - 1}")
    for column in range(2, sheet.max_column + 1):
        sheet.column_dimensions[column_letters(column)].width = 42 if column == 2 else 12
    sheet.freeze_panes = sheet.cell(_FIRST, 3)
    save(book, path)
    return target


_Cells = dict[tuple[int, int], str]


def _head(wanted: Form, groups: Sequence[tuple[str, int, int]], shift: int) -> _Cells:
    """Return what stands above the lines, by row and column."""
    circular = f" ({wanted.version}/TT-TTCP)" if wanted.version == TTCP else ""
    last = max(wanted.names) + shift
    top = {
        (1, 1): f"Biểu số {wanted.code}{circular}",
        (1, 4): wanted.title,
        (2, 1): "Đơn vị báo cáo: ",
        (3, 1): "Kỳ báo cáo: ",
        (3, last): f"Đơn vị tính: {wanted.unit}",
        (_HEAD, 1): "STT",
        (_HEAD, 2): wanted.lines,
    }
    titles = {(_HEAD, left + shift): title for title, left, _ in groups}
    titles |= {(_HEAD + 1, c.number + shift): c.title.vi for c in wanted.columns if c.number}
    return top | titles | {(_NUMBERS, c): f"({c - shift})" if c > shift else "AB"[c - 1] for c in range(1, last + 1)}


def _body(wanted: Form, shift: int, total: int) -> _Cells:
    """Return the formulas: totals down and across, and behind the form what its other sums leave over."""
    letter = {n: column_letters(n + shift) for n in wanted.names}
    across = dict(reversed(wanted.sums))  # the first sum of a column works it out
    links = [(n, parts) for n, parts in wanted.sums if across[n] != parts]
    behind = max(wanted.names) + shift + 1
    cells = {(total, 2): "Tổng cộng"}
    cells |= {(total, n + shift): f"=SUM({x}{_FIRST}:{x}{total - 1})" for n, x in letter.items()}
    for row in range(_FIRST, total + 1):
        for n, parts in across.items() if row < total else ():
            summed = ",".join(f"{letter[p]}{row}" for p in parts)
            cells[row, n + shift] = f'=IF(COUNT({summed})=0,"",SUM({summed}))'
        for i, (n, parts) in enumerate(links, start=behind):
            cells[row, i] = "=" + "-".join(f"N({letter[p]}{row})" for p in (n, *parts))
            cells[_HEAD, i] = f"Kiểm tra: ({n}) − " + " − ".join(f"({p})" for p in parts)
    return cells
