"""A new evaluation: its specification with every key explained, folders, blank forms and a checklist."""

from __future__ import annotations

import re
import tempfile
import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from dvresearch import codebook, workbook
from dvresearch.errors import ParameterError, Text, check_choice
from dvresearch.evaluation import spec
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.loaders import blank_form
from dvresearch.loaders.headers import label
from dvresearch.privacy import MIN_COUNT
from dvresearch.tables import CASES, DOSSIERS, FIGURES, MODELS, RESPONSES, RUBRIC, TARGETS, Column, Table
from dvresearch.text import format_date, plain
from dvresearch.wording.values import capital

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["new"]

#: File of each input, and the contract of its blank form; official forms have layouts of their own.
_FILES: dict[str, tuple[str, Table | None]] = {
    "figures": ("so-lieu-cong-bo.csv", FIGURES),
    "dossiers": ("ho-so.xlsx", DOSSIERS),
    "form": ("bieu-II06a.xlsx", None),
    **{key: (f"bieu-{code.replace('/', '-')}.xlsx", None) for key, code in PETITION_FORMS.items()},
    "cases": ("tiep-dan-don-thu.xlsx", CASES),
    "responses": ("phieu-khao-sat.xlsx", RESPONSES),
    "items": ("phieu-khao-sat.toml", None),
    "models": ("mo-hinh.xlsx", MODELS),
    "targets": ("chi-tieu.xlsx", TARGETS),
    "rubric": ("tu-cham-diem.xlsx", RUBRIC),
}
_DATA, _EARLIER, _FORMS = "so-lieu", "so-lieu/nam-truoc", "bieu-mau"
#: Of the earlier year only these are compared.
_COMPARED = ("dossiers", "cases", "responses")
_PERIODS = {
    "year": Text("năm {year}", "{year}"),
    "half-year": Text("6 tháng {half} năm {year}", "half-year {number} of {year}"),
    "quarter": Text("quý {roman} năm {year}", "quarter {number} of {year}"),
    "three-years": Text("sơ kết 3 năm {first}–{year}", "interim review {first}–{year}"),
}


def new(
    folder: str | Path,
    *,
    unit: str,
    as_of: str | date,
    scope: str = "commune",
    period: str = "year",
    language: str = "vi",
    privacy_threshold: int = MIN_COUNT,
    compare_with: int | str | None = None,
) -> Path:
    """Begin an evaluation.

    Parameters
    ----------
    folder : str or Path
        A folder that is empty or does not exist yet.
    unit : str
        Name of the unit evaluated, for the title and the name of the report.
    as_of : date or str
        Last day of the period, year-month-day.
    scope, period, language, privacy_threshold, compare_with
        As in the specification (docs/evaluation.md); 0 compares with no year.

    Returns
    -------
    Path
        ``evaluation.toml``. Beside it ``so-lieu/`` for the files, ``bieu-mau/`` with the blank forms and
        ``VIEC-CAN-LAM.md``, the checklist.

    Raises
    ------
    ParameterError
        When the folder already holds something, or an argument is not valid; nothing is written then.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ParameterError("folder-not-empty", name=target.name)
    check_choice("scope", scope, tuple(spec.INPUTS))
    check_choice("period", period, tuple(_PERIODS))
    end, against = _day(as_of), _year(compare_with)
    keys = [key for key in spec.INPUTS[scope] if key in _FILES]
    earlier = [key for key in keys if key in _COMPARED] if against else []
    texts = tomllib.loads(Path(__file__).with_name("new.toml").read_text(encoding="utf-8"))
    of = {"year": end.year, "first": end.year - 2}
    half = end.month > 6
    number = (end.month + 2) // 3 if period == "quarter" else 1 + half
    words = {
        lang: getattr(_PERIODS[period], lang).format(
            **of, number=number, roman=("I", "II", "III", "IV")[number - 1], half="cuối" if half else "đầu"
        )
        for lang in ("vi", "en")
    }
    values = {
        "folder": target.as_posix(),
        "name": _slug(f"{unit} {end.year}{'' if period == 'year' else f' {period} {number}'}"),
        "title_vi": f"Đánh giá công tác dân vận chính quyền {words['vi']}: {_quoted(unit)}",
        "title_en": f"Government mass mobilisation work, {words['en']}: {_quoted(unit)}",
        "scope": scope,
        "period": period,
        "as_of": end.isoformat(),
        "year": end.year,
        "language": language,
        "privacy_threshold": privacy_threshold,
        "comparison": _comparison(scope, against, end.year),
        "sections": ", ".join(f'"{code}"' for code in _sections(scope)),
        "counting": "" if scope == "nation" else texts["counting"],
        "inputs": "\n".join(_lines(keys, _DATA)),
    }
    text = texts["specification"].format(**values)
    if earlier:
        same = _lines(["items"], _DATA)
        text += "\n".join(["", "# Tệp của năm so sánh.", "[previous]", *_lines(earlier, _EARLIER), *same, ""])
    with tempfile.TemporaryDirectory() as name:
        trial = Path(name) / "evaluation.toml"
        trial.write_text(text, encoding="utf-8")
        read = spec.read(trial, files="later")
    for part in (_DATA, _FORMS, *([_EARLIER] if earlier else [])):
        (target / part).mkdir(parents=True, exist_ok=True)
    for key in keys:
        _blank(target, key)
    days = {"start": format_date(read.start), "end": format_date(end)}
    todo = [f"- [{_done(key)}] `{_DATA}/{_FILES[key][0]}`: {spec.FILES[key].vi}{_need(scope, key)}" for key in keys]
    todo += [f"- [ ] `{_EARLIER}/{_FILES[key][0]}`: {spec.FILES[key].vi}, năm {against}" for key in earlier]
    checklist = texts["checklist"].format(
        **values, **days, title=read.title_vi, forms=_FORMS, data=_DATA, files="\n".join(todo)
    )
    (target / "VIEC-CAN-LAM.md").write_text(checklist, encoding="utf-8", newline="\n")
    file = target / "evaluation.toml"
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def _day(day: str | date) -> date:
    if fault := spec.wrong_day(str(day)):
        raise ParameterError(fault, got=repr(day))
    return date.fromisoformat(str(day))


def _year(year: int | str | None) -> int | None:
    if not re.fullmatch(r"\d{1,4}", str(year or 0)):
        raise ParameterError("compared-year-not-valid", got=repr(year))
    return int(year or 0) or None


def _sections(scope: str) -> list[str]:
    from dvresearch.evaluation.compose import SECTIONS

    return list(SECTIONS[scope])


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", plain(words)).strip("-")[:80] or "danh-gia"


def _quoted(words: str) -> str:
    return words.replace("\\", "\\\\").replace('"', '\\"')


def _comparison(scope: str, year: int | None, now: int) -> str:
    head = "\n# Năm so sánh, cùng kỳ; số của hai bên một mốc gãy không bị trừ cho nhau, trừ khi nêu căn cứ ở bridge.\n"
    line = f"compare_with = {year}" if year else f"# compare_with = {now - 1}"
    need = "" if scope == "nation" or year else "  # khi bỏ dấu #, thêm bảng [previous] nêu tệp của năm ấy"
    return f'{head}{line}{need}\n# bridge = "xã không đổi địa giới"'


def _lines(keys: list[str], folder: str) -> list[str]:
    return [f'{key} = "{folder}/{_FILES[key][0]}"  # {spec.FILES[key].vi}' for key in keys]


def _done(key: str) -> str:
    return "x" if key == "items" else " "


def _need(scope: str, key: str) -> str:
    return " – **bắt buộc**" if key in spec.REQUIRED[scope] else ""


def _blank(target: Path, key: str) -> None:
    """Write the blank form of one input; the items of the survey are there to be used or changed."""
    name, table = _FILES[key]
    if key == "items":
        shipped = resources.files("dvresearch") / "questionnaires" / "five-factors.toml"
        (target / _DATA / name).write_bytes(shipped.read_bytes())
    elif key == "figures":
        (target / _FORMS / name).write_text(",".join(FIGURES.names) + "\n", encoding="utf-8-sig", newline="\n")
    elif table is None:
        blank_form(target / _FORMS / name, PETITION_FORMS.get(key, "II.06a"))
    else:
        questions = _questions() if key == "responses" else {}
        _register(target / _FORMS / name, table, questions)


def _questions() -> dict[str, str]:
    from dvresearch.loaders.questionnaires import questionnaire

    return {q.code: q.wording.vi for q in questionnaire("five-factors").questions}


def _register(path: Path, table: Table, questions: dict[str, str]) -> None:
    """Write a blank register: one heading per column of the contract, the words a cell may hold as its hint."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, Side

    book = Workbook()
    sheet: Worksheet = book.active
    sheet.title = codebook.label("table", table.name, "vi")[:31].replace("/", "-")
    heads = [(capital(label(table, c.name)), _hint(c)) for c in table.columns]
    heads += list(questions.items())
    for number, (head, hint) in enumerate(heads, start=1):
        cell = sheet.cell(1, number, head)
        cell.font = Font(name="Times New Roman", size=12, bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        cell.border = Border(*(Side(style="thin") for _ in range(4)))
        letter = cell.column_letter
        sheet.column_dimensions[letter].width = max(14, min(30, len(head) + 4))
        if hint:
            _advise(sheet, f"{letter}2:{letter}1000", hint)
    sheet.freeze_panes = "A2"
    workbook.save(book, path)


def _advise(sheet: Worksheet, cells: str, hint: str) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    # Excel takes no more than 255 letters
    rule = DataValidation(allow_blank=True, showInputMessage=True, prompt=hint[:255])
    sheet.add_data_validation(rule)
    rule.add(cells)


def _hint(column: Column) -> str:
    if column.words:
        return "Một trong: " + "; ".join(codebook.label("value", column.entry(w), "vi") for w in column.words)
    if column.kind in ("date", "time"):
        return "Ngày, ví dụ 31/12/2026"
    return {"yesno": "có / không", "stated": "Ghi nội dung; máy chỉ nhớ là có ghi hay không."}.get(column.kind, "")
