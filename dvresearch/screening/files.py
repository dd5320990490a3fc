"""Screening of files: what could be read, what was set aside, and then what the records say."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text, check_choice
from dvresearch.loaders.account import Problem, Question, summary
from dvresearch.loaders.convert import convert_records, is_long
from dvresearch.loaders.declaration import Declaration, Stated, declared, declared_once
from dvresearch.loaders.figures import faults
from dvresearch.loaders.form_layouts import FORMS
from dvresearch.loaders.forms import FormReading, read_form
from dvresearch.loaders.guard import LIMITS, Limits, container
from dvresearch.loaders.kinds import KINDS
from dvresearch.loaders.load import readings
from dvresearch.loaders.questionnaires import questionnaire
from dvresearch.loaders.reading import Reading, read
from dvresearch.loaders.sheets import Note, Sheet, read_sheets
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding
from dvresearch.metrics.published import check_shares
from dvresearch.privacy import showable
from dvresearch.screening.forms import check_form
from dvresearch.screening.records import noted, screen_records
from dvresearch.screening.registers import GIVEN, check_records
from dvresearch.tables import DOSSIERS
from dvresearch.workdays import Calendar

__all__ = ["screen"]

#: Tables that can be checked, besides the forms.
_TABLES = ("dossiers", "cases", "responses", "models", "targets", "rubric", "figures")
#: Cells to mend that get a finding each; the rest are counted in one.
_MOST = 200
#: Rows of a Parquet file by which its columns are told.
_HEAD = 2_000


def screen(
    path: str | Path,
    table: str = "dossiers",
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    given: Mapping[str, str] | None = None,
    items: Mapping[str, str] | str | Path | None = None,
    sheet: str | None = None,
    timezone: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    corrections: str | Path | None = None,
    declaration: Stated = None,
    as_of: date | str | None = None,
    calendar: Calendar | None = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Check a file and list everything that deserves a look.

    Parameters
    ----------
    path : str or Path
        The file.
    table : str, default "dossiers"
        What the file should hold: ``"dossiers"``, ``"cases"``, ``"responses"``, ``"models"``, ``"targets"``,
        ``"rubric"``, ``"figures"`` (held to the contract of :func:`dvresearch.load_figures`, shares to their counts),
        or the code of a report form (``"II.06a"``, ``"01/TCD"``).
    columns, unit, sheet, timezone, date_order, corrections, declaration, limits
        As for :func:`dvresearch.load_dossiers`; of a form only `unit`, `sheet` and `limits` are used, of figures none.
    given : mapping, optional
        Further columns that the file lacks -> their content: ``{"kind": "complaint"}`` for cases, ``{"period":
        "2025"}`` for targets, ``{"zero_rule": "full"}`` for a rubric.
    items : mapping, str or Path, optional
        The items of a survey, as for :func:`dvresearch.load_responses`; needed for ``"responses"``.
    as_of : date or str, optional
        Day on which the list was drawn: receipts and results after it are wrong.
    calendar : Calendar, optional
        Working days, see :func:`dvresearch.workdays.calendar`; the national ones without it.

    Returns
    -------
    DataFrame
        Columns of ``tables.FINDINGS``, a row per check or per cell to mend. ``where`` names file, sheet, row and
        column as the spreadsheet does; no cell of a personal column is shown. A file that cannot be read is one
        row with the verdict ``fail``. Verdicts: ``fail`` has to be mended, ``review`` has to be asked about,
        ``unknown`` cannot be checked with the columns there are.

    Raises
    ------
    ParameterError
        For an unknown table, column name or zone, and for what could not be used with this table.
    """
    forms = [code for code, _ in FORMS]
    check_choice("table", table, (*_TABLES, *forms))
    _refuse_unused(table, {"columns": columns, "sheet": sheet, "timezone": timezone, "corrections": corrections})
    _refuse_unused(table, {**(given or {}), "unit": unit})
    stated = {**(given or {}), **({} if unit is None else {"unit": unit})}
    short: dict[str, Any] = {"columns": dict(columns or {}), "sheets": (sheet,) if sheet else (), "given": stated}
    short |= {"timezone": timezone, "date_order": date_order, "corrections": corrections}
    if table == "responses" and items is not None:
        short["items"] = questionnaire(items) if isinstance(items, Mapping) else items
    try:
        if table in forms:
            return findings.table(_screen_form(read_form(path, table, unit=unit, sheet=sheet, limits=limits)))
        if table == "figures":
            return findings.table(_screen_figures(Path(path)))
        if table == "dossiers" and corrections is None:
            if is_long(Path(path), limits):
                said = declared_once(path, table, declaration, **short)
                return findings.table(_screen_long(Path(path), said, as_of, calendar))
            said, *others = declared(path, table, declaration, **short)
            if not others and (head := _typed_parquet(Path(path), said, limits)):
                return findings.table(
                    [*_how_read(head), *screen_records(Path(path), head, as_of=as_of, calendar=calendar)]
                )
        if table == "responses" and items is None and declared(path, table, declaration, **short)[0].items is None:
            raise ParameterError("items-not-named")
        parts = readings(path, table, declaration, limits=limits, **short)
    except DataError as error:
        return findings.table([_unreadable(error, Path(path))])
    found = []
    for reading in parts:
        found += [*_how_read(reading), *map(_asked, reading.questions), *_cells(reading.problems)]
        found += check_records(reading, as_of=as_of, calendar=calendar)
    return findings.table(found)


def _refuse_unused(table: str, stated: Mapping[str, object]) -> None:
    """Refuse what was stated and would be passed over in silence."""
    used = {"unit", "columns", "sheet", "timezone", "corrections", *GIVEN.get(table, ())}
    if table not in _TABLES[:-1]:
        used = set() if table == "figures" else {"unit", "sheet"}
    idle = ", ".join(name for name, value in stated.items() if value is not None and name not in used)
    if idle:
        raise ParameterError(
            "cannot-be-used-here", got=idle, table=table, idle=idle, words=", ".join(sorted(used)) or "–"
        )


def _screen_long(path: Path, said: Declaration, as_of: date | str | None, calendar: Calendar | None) -> list[Finding]:
    """Check text too long for a grid of cells: through Parquet, as it is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "dossiers.parquet"
        start, report = convert_records(path, parquet, said)
        # only the beginning was looked at word by word: how often each occurs is not known
        start.words, start.notes = {}, [Note(code, detail) for code, detail in report["notes"]]
        first = report["first_row"]
        return [*_how_read(start), *screen_records(parquet, start, first_row=first, as_of=as_of, calendar=calendar)]


def _typed_parquet(path: Path, said: Declaration, limits: Limits) -> Reading | None:
    """Return what the first rows of a Parquet file tell, when its times are typed; it need not be loaded then."""
    if container(path, limits) != "parquet":
        return None
    head = read(read_sheets(path, limits=limits, rows=_HEAD), KINDS["dossiers"], said)
    times = [at for name, at in head.block.columns.items() if DOSSIERS.column(name).kind == "time"]
    typed = all(pd.api.types.is_datetime64_any_dtype(head.sheet.columns[at].dtype) for at in times)
    head.problems = []  # of the first rows only; the records are checked as a whole
    return head if typed else None


def _unreadable(error: DataError, path: Path) -> Finding:
    return _fault("unreadable", error, error.where or path.name)


def _fault(check: str, error: DataError, where: str) -> Finding:
    # what was found stands in `computed`
    def line(lang: Literal["vi", "en"]) -> str:
        said = [p.lstrip() for p in DataError(error.title, expected=error.expected, hint=error.hint).lines(lang)]
        said = [p if p.endswith((".", "…", "!", ":")) else f"{p}." for p in said]
        return " ".join([*said, "; ".join(answer.written("declaration") for answer in error.give)]).rstrip()

    guidance = Text(line("vi"), line("en"))
    return findings.finding(check, "fail", where, computed=error.got or "", severity="major", guidance=guidance)


def _remarks(sheet: Sheet, notes: Sequence[Note]) -> list[Finding]:
    verdicts = dict.fromkeys(("cut_short", "stray_quotes", "personal_cell", "rubric_sums"), "review")
    where = sheet.where()
    return [noted(n.code, verdicts.get(n.code, "pass"), where, computed=n.detail, severity="info") for n in notes]


def _asked(question: Question) -> Finding:
    """Return a question about the file as a finding, with the lines of the declaration that answer it."""

    def advice(lang: str) -> str:
        text, do = getattr(question.text(), lang), getattr(question.advice(), lang)
        lines = "; ".join(answer.written("declaration") for answer in question.answers)
        return " ".join(filter(None, (text, do, lines)))

    return findings.finding(
        question.code.replace("-", "_"),
        "fail" if question.blocking else "review",
        question.where,
        computed=question.evidence,
        severity="major" if question.blocking or question.answers else "minor",
        guidance=Text(advice("vi"), advice("en")),
    )


def _how_read(reading: Reading) -> list[Finding]:
    """Say what was read, noticed, set aside and not understood."""
    sheet, block = reading.sheet, reading.block
    report = reading.report()
    found = [findings.finding("account", "pass", sheet.file, computed=str(report["rows"]), guidance=summary(report))]
    found += _remarks(sheet, reading.notes)
    for kind, rows in reading.skipped().items():
        where = rows[0][0].where()
        listed = [s.first_row + r for s, r in rows if s is rows[0][0]]
        found.append(noted(f"skipped_{kind}", "pass", f"{where}, {_rows(listed)}", computed=str(len(rows))))
    for title, kind in reading.personal.items():
        where = f"{sheet.where(block.top)}, “{title}”"
        found.append(noted("personal_column", "review", where, computed=kind, severity="info"))
    for name, words in reading.words.items():
        if any(q.code == "words-unknown" and q.about == name for q in reading.questions):
            continue
        shown = ", ".join(f"{word} ({count})" for word, count in list(words.items())[:10])
        where = sheet.where(block.top, block.columns.get(name))
        found.append(noted("unknown_word", "review", where, computed=shown))
    if not reading.order_known:
        found.append(noted("date_order", "review", sheet.where(), computed=reading.date_order))
    for change in reading.corrections:
        where = f"{sheet.file}, dòng/row {change['row']}, “{change['column']}”"
        found.append(noted("corrected", "pass", where, computed=f"{change['old']} → {change['new']}"))
    if reading.unused:
        titles = ", ".join(f"“{showable(t)}”" for t in reading.unused[:20])
        found.append(noted("unused_columns", "pass", sheet.where(block.top), computed=titles))
    return found


def _rows(rows: Sequence[int]) -> str:
    more = f" (+{len(rows) - 10})" if len(rows) > 10 else ""
    return "dòng/row " + ", ".join(map(str, rows[:10])) + more


def _cells(problems: Sequence[Problem]) -> list[Finding]:
    """Give every cell to mend a finding of its own."""
    ordered = sorted(problems, key=lambda p: (p.sheet.name, p.row, p.column))
    found = [noted(p.code, "fail", p.sheet.where(p.row, p.column), computed=p.looks) for p in ordered[:_MOST]]
    rest = ordered[_MOST:]
    if rest:
        where = f"{rest[0].sheet.where()}, {_rows([p.sheet.first_row + p.row for p in rest])}"
        found.append(noted("more_cells", "fail", where, computed=str(len(rest))))
    return found


# --- figures ---------------------------------------------------------------------------------------------------------


def _screen_figures(path: Path) -> list[Finding]:
    told, figures = faults(path)
    found = []
    for fault in told:
        rows = [int(str(row)) for row in fault.rows]
        place = f"{path.name}, {_rows(rows)}" + (f", cột/column {fault.column}" if fault.column else "")
        found.append(_fault("figure_fault", fault, place) if rows else _unreadable(fault, path))
    if figures is None:
        return found
    found.append(noted("figures_read", "pass", path.name, computed=str(len(figures))))
    if figures.empty:
        return found
    # where no precision is stated, the digits typed count: whole per cents or finer
    half = [0.5 * 10.0 ** -max(2, len(f"{v:.12f}".rstrip("0").partition(".")[2])) for v in figures["value"]]
    shares = figures["indicator"].map(codebook.quantity).eq("share")
    figures = figures.assign(
        where=[f"{path.name}, dòng/row {row}" for row in figures.index],
        value_low=figures["value_low"].fillna((figures["value"] - half).where(shares)),
        value_high=figures["value_high"].fillna((figures["value"] + half).where(shares)),
    )
    return [*found, *check_shares(figures).to_dict("records")]


# --- forms -----------------------------------------------------------------------------------------------------------


def _screen_form(reading: FormReading) -> list[Finding]:
    report = reading.frame.attrs["load"]
    found = [
        findings.finding("account", "pass", report["file"], computed=str(report["rows"]), guidance=summary(report))
    ]
    found += [remark for sheet in reading.sheets for remark in _remarks(sheet, sheet.notes)]
    return [*found, *map(_asked, reading.questions), *_cells(reading.problems), *check_form(reading)]
