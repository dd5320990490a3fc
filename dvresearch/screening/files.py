"""Screening of files: what could be read, what was set aside, and then what the records say."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from dvresearch import codebook
from dvresearch.errors import Answer, DataError, ParameterError, Text, declared_lines
from dvresearch.loaders.account import Problem, Question, summary
from dvresearch.loaders.convert import convert_records, is_long
from dvresearch.loaders.declaration import RECORDS, Declaration, Stated, check_kind, declared, declared_once
from dvresearch.loaders.figures import faults
from dvresearch.loaders.form_layouts import FORM_CODES, Form
from dvresearch.loaders.forms import FormReading, read_form
from dvresearch.loaders.guard import LIMITS, Limits, container, shown_name
from dvresearch.loaders.kinds import KINDS
from dvresearch.loaders.load import readings
from dvresearch.loaders.reading import Reading, read
from dvresearch.loaders.sheets import Note, Sheet, read_sheets, texts
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding
from dvresearch.metrics.identities import TALLY_IDENTITIES, Identity, check_identities, check_shares
from dvresearch.privacy import shown_header
from dvresearch.screening.records import Records, named_rows, noted, screen_records
from dvresearch.screening.registers import CHECKS, GIVEN
from dvresearch.tables import DOSSIERS
from dvresearch.workdays import Calendar

__all__ = ["screen"]

#: Remarks about the reading that deserve a look; the others changed nothing that is counted.
_TO_LOOK_AT = ("cut_short", "stray_quotes", "personal_cell", "rubric_sums", "offsets", "external", "hidden_rows")
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
        As for :func:`dvresearch.load_dossiers`; of a form only `columns`, `unit`,
        `sheet`, `declaration` and `limits` are used, of figures none.
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
    check_kind(table, (*RECORDS, "figures", *FORM_CODES))
    stated = {"columns": columns, "sheet": sheet, "timezone": timezone, "corrections": corrections, "unit": unit}
    used = {"figures": (), **dict.fromkeys(FORM_CODES, ("columns", "sheet", "unit", "period"))}.get(
        table, (*stated, *GIVEN.get(table, ()))
    )
    stated |= given or {}
    if idle := ", ".join(name for name, value in stated.items() if value is not None and name not in used):
        words = ", ".join(sorted(used)) or "–"
        raise ParameterError("cannot-be-used-here", got=idle, table=table, idle=idle, words=words)
    short = {"columns": columns, "sheets": (sheet,) if sheet else (), "items": items, "timezone": timezone}
    short |= {"date_order": date_order, "corrections": corrections}
    short["given"] = {**(given or {}), **({} if unit is None else {"unit": unit})}
    file = Path(path)
    try:
        if table == "figures":
            found = list(_screen_figures(file))
        elif table in FORM_CODES:
            form: dict[str, Any] = {name: short[name] for name in ("columns", "given", "sheets")}
            found = list(_screen_form(read_form(file, table, None, declaration, limits=limits, **form)))
        else:
            said = declared(file, table, declaration, **short)
            found = list(_screen_records(file, said, limits, as_of=as_of, calendar=calendar))
    except DataError as error:
        found = [_fault("unreadable", error, error.where or shown_name(file))]
    return findings.table(found)


def _screen_records(path: Path, tables: Sequence[Declaration], limits: Limits, **when: Any) -> Iterator[Finding]:
    said = tables[0]
    if said.kind == "dossiers" and said.corrections is None:
        if is_long(path, limits):
            declared_once(path, said.kind, tables)
            # too long for a grid of cells: through Parquet, as it is loaded
            with tempfile.TemporaryDirectory() as folder:
                parquet = Path(folder) / "dossiers.parquet"
                start, report = convert_records(path, parquet, said)
                start.notes = [Note(code, detail) for code, detail in report["notes"]]
                yield from _how_read(start)
                yield from map(_asked, start.questions)
                yield from screen_records(Records(start, parquet, report["first_row"]), **when)
            return
        if len(tables) == 1 and (head := _typed_parquet(path, said, limits)):
            yield from _how_read(head)
            yield from screen_records(Records(head, path), **when)
            return
    for reading in readings(path, said.kind, tables, limits=limits):
        yield from _how_read(reading)
        yield from map(_asked, reading.questions)
        yield from _cells(reading.problems)
        yield from CHECKS[said.kind](reading) if said.kind in CHECKS else ()
        if said.kind in ("dossiers", "cases"):
            yield from screen_records(Records(reading), **when)


def _typed_parquet(path: Path, said: Declaration, limits: Limits) -> Reading | None:
    """Return what the first rows of a Parquet file tell, when its times are typed; it need not be loaded then."""
    if container(path, limits) != "parquet":
        return None
    head = read(read_sheets(path, limits=limits, rows=_HEAD), KINDS["dossiers"], said, partial=True)
    times = [at for name, at in head.block.columns.items() if DOSSIERS.column(name).kind == "time"]
    typed = all(pd.api.types.is_datetime64_any_dtype(head.sheet.columns[at].dtype) for at in times)
    head.problems = []  # of the first rows only; the records are checked as a whole
    return head if typed else None


def _fault(check: str, error: DataError, where: str) -> Finding:
    bare = copy(error)
    bare.got, bare.where, bare.give = None, None, ()  # they have places of their own

    def line(lang: Literal["vi", "en"]) -> str:
        said = [p.lstrip() for p in bare.lines(lang)]
        return _sentences(*(p if p.endswith((".", "…", "!", ":")) else f"{p}." for p in said), give=error.give)

    return noted(check, "fail", where, computed=error.got or "", guidance=Text(line("vi"), line("en")))


def _sentences(*said: str, give: Sequence[Answer]) -> str:
    """Return sentences, and below them the lines of the declaration that answer."""
    return "\n    ".join([" ".join(filter(None, said)), *declared_lines(give)])


def _asked(question: Question) -> Finding:
    """Return a question about the file as a finding, with the lines of the declaration that answer it."""
    text, do = question.text(), question.advice()
    return noted(
        question.code.replace("-", "_"),
        "fail" if question.blocking else "review",
        question.where,
        computed=question.evidence,
        severity="major" if question.blocking or question.answers else "minor",
        guidance=Text(*(_sentences(*part, give=question.answers) for part in ((text.vi, do.vi), (text.en, do.en)))),
    )


def _account(report: Mapping[str, Any]) -> Finding:
    return noted("account", "pass", report["file"], computed=str(report["rows"]), guidance=summary(report))


def _remarks(sheet: Sheet, notes: Sequence[Note]) -> Iterator[Finding]:
    for note in notes:
        verdict = "review" if note.code in _TO_LOOK_AT else "pass"
        yield noted(note.code, verdict, sheet.where(), computed=note.detail, severity="info")


def _how_read(reading: Reading) -> Iterator[Finding]:
    """Say what was read, noticed, set aside and not understood."""
    sheet, block = reading.sheet, reading.block
    header = sheet.where(block.top)
    yield _account(reading.report())
    yield from _remarks(sheet, reading.notes)
    for kind, rows in reading.skipped().items():
        first = rows[0][0]
        listed = [s.first_row + r for s, r in rows if s is first]
        where = f"{first.where()}, {named_rows(listed, len(listed))}"
        yield noted(f"skipped_{kind}", "pass", where, computed=str(len(rows)))
    for title, kind in reading.personal.items():
        yield noted("personal_column", "review", f"{header}, “{title}”", computed=kind, severity="info")
    asked = {q.about for q in reading.questions if q.code == "words-unknown"}
    for name, words in reading.words.items():
        if name not in asked:
            shown = ", ".join(f"{word} ({count})" for word, count in list(words.items())[:10])
            yield noted("unknown_word", "review", sheet.where(block.top, block.columns.get(name)), computed=shown)
    if not reading.order_known:
        yield noted("date_order", "review", sheet.where(), computed=reading.date_order)
    for change in reading.corrections:
        where = f"{sheet.file}, dòng/row {change['row']}, “{change['column']}”"
        yield noted("corrected", "review", where, computed=f"{change['old']} → {change['new']}", severity="info")
    if reading.unused:
        titles = ", ".join(f"“{shown_header(t)}”" for t in reading.unused[:20])
        yield noted("unused_columns", "pass", header, computed=titles)


def _cells(problems: Sequence[Problem]) -> Iterator[Finding]:
    """Give every cell to mend a finding of its own."""
    ordered = sorted(problems, key=lambda p: (p.sheet.name, p.row, p.column))
    for p in ordered[:_MOST]:
        guidance = _no_record(p) if p.code == "missing_required" else None
        yield noted(p.code, "fail", p.sheet.where(p.row, p.column), computed=p.looks, guidance=guidance)
    if rest := ordered[_MOST:]:
        where = f"{rest[0].sheet.where()}, {named_rows([p.sheet.first_row + p.row for p in rest], len(rest))}"
        yield noted("more_cells", "fail", where, computed=str(len(rest)))


def _no_record(cell: Problem) -> Text:
    """Return what to do about an empty cell, with the line that says its row is no record: a subtotal, a remark."""
    entry = codebook.get("check", cell.code)
    words = next((t for t in texts(cell.sheet.rows(cell.row, cell.row + 1)[0]) if any(map(str.isalpha, t))), "")
    shown = words if shown_header(words) == words else ""
    line = [Answer("rows", "total", f"{cell.sheet.first_row + cell.row}: {shown}".rstrip())]
    return Text(*(_sentences(said, give=line) for said in (entry.note_vi, entry.note_en)))


def _screen_figures(path: Path) -> Iterator[Finding]:
    name = shown_name(path)
    told, figures = faults(path)
    for fault in told:
        rows = [int(str(row)) for row in fault.rows]
        place = f"{name}, {named_rows(rows, len(rows))}"
        place += f", cột/column {fault.column}" if fault.column else ""
        yield (_fault("figure_fault", fault, place) if rows else _fault("unreadable", fault, fault.where or name))
    if figures is None:
        return
    yield noted("figures_read", "pass", name, computed=str(len(figures)))
    if figures.empty:
        return
    # where no precision is stated, the digits typed count: whole per cents or finer
    half = [0.5 * 10.0 ** -max(2, len(f"{v:.12f}".rstrip("0").partition(".")[2])) for v in figures["value"]]
    shares = figures["indicator"].map(codebook.quantity).eq("share")
    figures = figures.assign(
        where=[f"{name}, dòng/row {row}" for row in figures.index],
        value_low=figures["value_low"].fillna((figures["value"] - half).where(shares)),
        value_high=figures["value_high"].fillna((figures["value"] + half).where(shares)),
    )
    yield from check_shares(figures).to_dict("records")


def _screen_form(reading: FormReading) -> Iterator[Finding]:
    yield _account(reading.frame.attrs["load"])
    for sheet in reading.sheets:
        yield from _remarks(sheet, sheet.notes)
    yield from map(_asked, reading.questions)
    yield from _cells(reading.problems)
    yield from _check_form(reading)


def _check_form(reading: FormReading) -> list[Finding]:
    """Return whether the sums of a form hold in each row, and whether its total rows are what they add up."""
    frame, layout = reading.frame, reading.form
    known = frame[[c.name for c in layout.columns if c.name in frame]].notna().any(axis=1)
    labels = frame["group"].where(frame["group"] != "", frame["unit"])[known]
    named = frame[known].assign(where=[f"{reading.places[row]}, {label}" for row, label in labels.items()])
    found = check_identities(named, _identities(layout), label=("where",)).drop(columns="residual").to_dict("records")
    for row, parts in reading.parts.items():
        for name in (c.name for c in layout.columns if c.name in frame):
            stated, computed = frame.loc[row, name], frame.loc[parts, name].sum(min_count=len(parts))
            known = pd.notna(stated) and pd.notna(computed)
            verdict = "unknown" if not known else "pass" if abs(stated - computed) < 0.5 else "fail"
            where = f"{reading.places[row]}, " + (f"cột/column ({name})" if layout.numbered else name)
            told = {"computed": findings.digits(computed), "stated": findings.digits(stated)}
            found.append(findings.graded("total_row", verdict, where, **told))
    return found


def _identities(layout: Form) -> tuple[Identity, ...]:
    """Return the sums of a form: those of a tally, or those between its numbered columns."""
    if not layout.numbered:
        return TALLY_IDENTITIES
    totals = [total for total, _ in layout.sums]
    return tuple(
        Identity(check, str(total), tuple(map(str, parts)), role="link" if total in totals[:i] else "sum")
        for i, (check, (total, parts)) in enumerate(zip(layout.checks(), layout.sums, strict=True))
    )
