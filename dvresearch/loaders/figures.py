"""Tables of figures in the project's own shape: published figures, tallies, the 766 index.

The shape is CSV, UTF-8, comma between cells, dot as decimal mark, one header line. Excel set to Vietnamese saves such a
table with semicolons and decimal commas; that is read, too, and so is a workbook of that one table. Office files with
titles, merged headers and totals are read elsewhere; a file that claims this shape is held to it, so that no number is
guessed.

A figures file holds each number as its source prints it (``value``, ``value_unit``, ``decimals``); the loader turns it
into the unit of the codebook and adds the interval which the printed precision allows.
"""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dvresearch import codebook, places, shipped
from dvresearch.errors import DataError, ParameterError, Text, refuse_cells, refuse_rows
from dvresearch.loaders.guard import container
from dvresearch.loaders.sheets import column_letters, read_sheets, texts
from dvresearch.tables import FIGURES, INDEX766, Q766_GROUPS, TALLY, Column, Table, check
from dvresearch.text import Period
from dvresearch.text import period as read_period
from dvresearch.text.dates import FIRST_YEAR

__all__ = ["FIGURES_FILE", "PUBLISHED", "faults", "keep", "load_figures", "load_index766", "load_tallies", "published"]

#: Columns of a figures file: those of the table, and how the value is printed. A file that states ``decimals`` needs
#: no ``value_low`` and ``value_high``.
FIGURES_FILE = replace(
    FIGURES,
    name="figures_file",
    columns=tuple(
        column
        for c in FIGURES.columns
        if c.name != "flags"
        for column in ((c, Column("value_unit", "text"), Column("decimals", "count")) if c.name == "value" else (c,))
    ),
)
#: The published figures files, in the order in which they are stacked.
PUBLISHED = (
    "q766-provinces-2026-10-10.csv",
    "q766-national-2026.csv",
    "q766-gialai-communes-2026-10-10.csv",
    "sipas.csv",
    "par-index.csv",
    "dossier-rates.csv",
    "petitions.csv",
    "models.csv",
    "source-articles.csv",
)

#: Printed unit -> how much of the codebook unit it is. Units not listed count as one.
_SCALES = {
    "%": Decimal("0.01"),
    "nghìn đồng": Decimal(1000),
    "triệu đồng": Decimal(1_000_000),
    "tỷ đồng": Decimal(1_000_000_000),
}
#: Indicators that follow from other numbers instead of being measured.
_IMPUTED = ("q766_satisfaction_share", "feedback_satisfied_share", "q766_mdhl")

#: Cells without which the rest of their row can still be held to the contract.
_NUMBERS = {c.name for c in FIGURES_FILE.columns if c.kind in ("count", "number", "share")} | {"value_unit"}


def load_figures(
    path: str | Path | None = None,
    *,
    source: str | None = None,
    indicator: str | None = None,
    unit: str | None = None,
    level: str | None = None,
    period: str | None = None,
) -> pd.DataFrame:
    """Load published figures.

    Parameters
    ----------
    path : path, optional
        A figures file: CSV (UTF-8 with or without byte order mark, comma between cells, dot as the decimal mark;
        or semicolon and decimal comma), or a workbook whose only sheet has the column names in row 1; all published
        figures of the project when not given.
    source, indicator, unit, level, period : str, optional
        Keep only the rows with this source, indicator (code, label or alias of the codebook), unit name,
        unit level or period.

    Returns
    -------
    DataFrame
        The columns of ``tables.FIGURES``. ``value`` is in the unit of the codebook (shares 0-1, money in
        dong); ``value_low`` and ``value_high`` are the smallest and largest value that would be printed
        alike (half a unit of the last printed digit each way; a whole count is exact; empty when the
        precision is not known). Where a source gives only counts, ``value`` is numerator / denominator.
        ``flags`` holds ``imputed`` and ``context`` where the indicator is so.

    Raises
    ------
    DataError
        When the file cannot be read or breaks the contract: wrong encoding, no row, a missing column, text
        in a number column, a negative count, a numerator above its denominator, a share of a denominator of 0, a year
        before 1900, an unknown unit or indicator, the same figure twice. The message names file, row and column.
    ParameterError
        When a filter names something the figures do not contain.
    """
    figures = published(PUBLISHED).copy() if path is None else _figures(Path(path))
    if indicator is not None:
        indicator = codebook.find("indicator", indicator) or indicator
    wanted = {"source": source, "indicator": indicator, "unit": unit, "unit_level": level, "period": period}
    for column, word in wanted.items():
        if word is not None:
            figures = keep(figures, column, word)
    return figures.reset_index(drop=True)


def load_tallies(path: str | Path | None = None) -> pd.DataFrame:
    """Load dossier counts of units and periods.

    Parameters
    ----------
    path : path, optional
        A tally file (CSV as for :func:`load_figures`); the published dossier tallies when not given.

    Returns
    -------
    DataFrame
        The columns of ``tables.TALLY``; a count that the source does not give is missing, never 0.
        ``total`` is a sum of which the source does not say what it counts.

    Raises
    ------
    DataError
        As :func:`load_figures`.
    """
    file = Path(path) if path is not None else shipped.folder() / "dossier-tallies.csv"
    return read_tidy(file, TALLY).reset_index(drop=True)


@cache
def published(files: tuple[str, ...]) -> pd.DataFrame:
    """Return published files stacked. They do not change while a program runs, and reports ask for them often."""
    if len(files) == 1:
        return _figures(shipped.folder() / files[0]).reset_index(drop=True)
    return pd.concat([published((name,)) for name in files], ignore_index=True)


def keep(frame: pd.DataFrame, column: str, word: str) -> pd.DataFrame:
    """Return the rows whose `column` is `word`; a ParameterError that names the nearest words when there is none."""
    kept = frame[frame[column] == word]
    if len(kept):
        return kept
    seen = sorted({str(v) for v in frame[column] if v != ""})
    near = difflib.get_close_matches(word, seen, 3, 0.4) or seen[:5]
    raise ParameterError("no-row-has-word", got=word, column=column, word=word, near="; ".join(near))


def faults(path: Path) -> tuple[list[DataError], pd.DataFrame | None]:
    """Read a figures file past the faults that :func:`load_figures` stops at.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of DataError
        A fault for each kind and column, with all its rows and what was typed there. A number at fault is then taken
        for not given, a row with another cell at fault is left out, and the file is held to its contract again.
    DataFrame or None
        The figures left, the index being the row in the file; None after a fault of the table as a whole.

    Raises
    ------
    DataError
        When there are no cells to check.
    """
    header, rows, between = read_cells(path)
    found: list[DataError] = []
    while True:
        try:
            return found, _figures(path, (header, rows, between))
        except DataError as fault:
            lines = [rows[int(str(row)) - 2] for row in fault.rows]
            found.append(fault)
            if not any(any(line) for line in lines):
                return found, None
            shown = ("value", "value_unit") if fault.column == "value" else (fault.column,)
            at = [header.index(name) for name in shown if name in header]
            typed = list(dict.fromkeys(" ".join(line[i] for i in at).strip() for line in lines))
            if _is_cell(fault.got, typed[0]):
                fault.got = "; ".join(typed[:5]) + ("; …" if len(typed) > 5 else "")
            # a value without its unit would be another value
            gone = {"value", "value_unit"} if fault.column == "value_unit" else {fault.column}
            emptied = [["" if n in gone else cell for n, cell in zip(header, line, strict=True)] for line in lines]
            # where that is no help, the row goes: each round leaves fewer cells, so that there is a last one
            whole = fault.column not in _NUMBERS or emptied == lines
            for line, cells in zip(lines, emptied, strict=True):
                line[:] = [""] * len(line) if whole else cells


def _is_cell(got: str | None, cell: str) -> bool:
    """Tell whether what a message shows is what a cell (and its unit) holds, a number perhaps written otherwise."""
    try:
        return got == cell or float(got or "") == float(cell.partition(" ")[0].replace(",", "."))
    except ValueError:
        return False


def _figures(path: Path, cells: Cells | None = None) -> pd.DataFrame:
    frame = read_tidy(path, FIGURES_FILE, cells=cells)
    where = path.name
    known = frame["indicator"].map(lambda name: codebook.find("indicator", name) or "")
    defined = frame["definition"].isin(["", *(e.code for e in codebook.entries("definition"))])
    for kind, wrong in (("indicator", known == ""), ("definition", ~defined)):
        refuse_cells(frame[kind], wrong, "not-in-codebook", where, kind=kind, near=partial(codebook.nearest, kind))
    frame["indicator"] = known
    entries = {code: codebook.get("indicator", code) for code in known.unique()}
    quantity = known.map({code: codebook.quantity(code) for code in entries})
    _check_parts(frame, quantity, where)
    _check_units(frame, entries, quantity, where)
    typed = [f"{v:.15g} {u}".strip() for v, u in zip(frame["value"], frame["value_unit"], strict=True)]
    rows = zip(frame.itertuples(), quantity, strict=True)
    values = [_in_codebook_unit(row, entries[str(row.indicator)], str(q)) for row, q in rows]
    frame[["value", "value_low", "value_high"]] = np.array(values, dtype="float64").reshape(-1, 3)
    _check_values(frame, quantity, pd.Series(typed, frame.index, "str", "value"), where)
    imputed = {code: "imputed" if code in _IMPUTED else "" for code in entries}
    frame["flags"] = known.map(imputed | {code: "context" for code, e in entries.items() if e.better == "context"})
    return frame[FIGURES.names]


def _in_codebook_unit(row: Any, entry: codebook.Entry, quantity: str) -> tuple[float, float, float]:
    """Return value, lowest and highest value by the printed precision, in the unit of the codebook."""
    if isnan(row.value):
        share = row.numerator / row.denominator if row.denominator > 0 else nan
        return share, share, share
    scale = _SCALES.get(row.value_unit, Decimal(1)) if entry.unit else Decimal(1)
    # through the printed digits, so that 83.94 % is 0.8394 and not 0.8393999999999999
    value = Decimal(repr(row.value)) * scale
    if isnan(row.decimals):
        return float(value), row.value_low, row.value_high
    exact = quantity in ("count", "rank", "mark") and row.decimals == 0 and scale == 1
    half = Decimal(0) if exact else scale * Decimal(10) ** -int(row.decimals) / 2
    low, high = value - half, value + half
    if quantity == "share":
        low, high = max(low, Decimal(0)), min(high, Decimal(1))
    return float(value), float(low), float(high)


def _check_units(frame: pd.DataFrame, entries: dict[str, codebook.Entry], quantity: pd.Series, where: str) -> None:
    def fits(unit: str, of: str, quantity: str) -> bool:
        if not unit or not of:
            return True
        if unit in _SCALES:
            return quantity in (("share", "rate") if unit == "%" else ("money",))
        return codebook.find("unit", unit) == of

    of = frame["indicator"].map({code: entry.unit for code, entry in entries.items()})
    stated = zip(frame["value_unit"], of, quantity, frame["value"].isna(), strict=True)
    wrong = pd.Series([not (blank or fits(unit, own, q)) for unit, own, q, blank in stated], frame.index, bool)

    def own(_: object) -> Text:
        return Text(*(codebook.label("unit", of[wrong].iloc[0], lang) for lang in ("vi", "en")))

    refuse_cells(frame["value_unit"], wrong, "unit-of-another-indicator", where, own=own)


def _check_parts(frame: pd.DataFrame, quantity: pd.Series, where: str) -> None:
    count, share = quantity.eq("count"), quantity.eq("share")
    for column, rows in {"numerator": True, "denominator": True, "value": count}.items():
        refuse_cells(frame[column], (frame[column] < 0) & rows, "count-is-negative", where)
    # A dot that groups thousands (1.234) reads as a decimal mark here, and would make a thousand into one.
    for column, rows in {"value": count, "numerator": share, "denominator": share}.items():
        refuse_cells(frame[column], (frame[column] % 1 > 0) & rows, "count-is-not-whole", where)
    check_not_above(frame, "numerator", "denominator", where, share)
    refuse_rows(
        frame.index[share & frame["denominator"].eq(0) & frame["value"].notna()],
        "share-of-nothing",
        where=where,
        column="value",
        got=lambda row: f"{frame.loc[row, 'value']:g} {frame.loc[row, 'value_unit']}".strip() + ", denominator = 0",
    )


def _check_values(frame: pd.DataFrame, quantity: pd.Series, typed: pd.Series, where: str) -> None:
    outside = quantity.eq("share") & ((frame["value"] < 0) | (frame["value"] > 1))
    percent = next(iter(typed[outside]), "").endswith("%")
    refuse_cells(typed, outside, "percentage-outside-0-100" if percent else "share-outside-0-1", where)
    refuse_rows(
        frame.index[frame.duplicated(list(FIGURES.key))],
        "figure-stands-twice",
        where=where,
        column="indicator",
        got=lambda row: f"{frame.loc[row, 'indicator']}, {frame.loc[row, 'unit']}, {frame.loc[row, 'period']}",
    )


_INDEX766 = ("q766-provinces-2026-10-10.csv", "q766-gialai-communes-2026-10-10.csv")
#: Column of the wide 766 table <- indicator and column of the long file.
_WIDE = {
    "received": ("dossiers_in_time_share", "denominator"),
    "in_time": ("dossiers_in_time_share", "numerator"),
    "out_of_time": ("dossiers_out_of_time", "value"),
    "dossier_days_mean": ("dossier_days_mean", "value"),
    "fee_dossiers": ("fees_paid_online_share", "denominator"),
    "paid_online": ("fees_paid_online_share", "numerator"),
    "feedback_total": ("feedback_in_time_share", "denominator"),
    "feedback_in_time": ("feedback_in_time_share", "numerator"),
    "feedback_satisfied": ("feedback_satisfied_share", "numerator"),
    "feedback_on_procedures": ("feedback_on_procedures_share", "numerator"),
    "feedback_on_staff": ("feedback_on_staff_share", "numerator"),
    "satisfied_766": ("q766_satisfaction_share", "numerator"),
    "satisfaction_base_766": ("q766_satisfaction_share", "denominator"),
    **{score: (score, "value") for score in ("q766_total", *Q766_GROUPS, "q766_change")},
}


def load_index766(path: str | Path | None = None, *, level: str = "province") -> pd.DataFrame:
    """Load the 766 index: one row per unit, with counts and published scores.

    Parameters
    ----------
    path : path, optional
        A wide file with the columns of ``tables.INDEX766`` (such as ``data/processed/index766.csv``); the
        published scores of 10 October 2026 when not given.
    level : {"province", "commune", "department"}, default "province"
        Level of the units. Published communes are those of Gia Lai: scores, and counts for two of them.

    Returns
    -------
    DataFrame
        The columns of ``tables.INDEX766``. The portal publishes ``in_time`` (finished in time or open within
        time) and ``out_of_time``; ``satisfied_766`` of ``satisfaction_base_766`` is its imputed satisfaction.

    Raises
    ------
    DataError
        As :func:`dvresearch.load_figures`.
    ParameterError
        When there is no unit of this level.

    Notes
    -----
    Source: national public service portal, index of Decision 766/QĐ-TTg, cumulative from 1 January to
    10 October 2026. Counts and scores are those published; nothing is recomputed here.
    """
    frame = _widen(published(_INDEX766)) if path is None else read_tidy(Path(path), INDEX766)
    return keep(frame, "unit_level", level).reset_index(drop=True)


def _widen(long: pd.DataFrame) -> pd.DataFrame:
    identity = [c.name for c in INDEX766.columns if c.kind in ("code", "text", "date") and c.name != "basis"]
    long = long.set_index(identity)
    wide = long.loc[~long.index.duplicated(), []].copy()
    for column, (indicator, part) in _WIDE.items():
        wide[column] = long.loc[long["indicator"] == indicator, part]
    wide["basis"] = "census"
    return wide.reset_index()[INDEX766.names]


#: The header, the rows, and what stands between the cells.
Cells = tuple[list[str], list[list[str]], str]

#: Counts that are part of another one.
_PARTS = (
    ("in_time", "received"),
    ("out_of_time", "received"),
    ("paid_online", "fee_dossiers"),
    ("feedback_in_time", "feedback_total"),
    ("feedback_satisfied", "feedback_total"),
    ("feedback_on_procedures", "feedback_total"),
    ("feedback_on_staff", "feedback_total"),
    ("satisfied_766", "satisfaction_base_766"),
    ("resolved_within", "resolved"),
    ("resolved_late", "resolved"),
    ("pending_overdue", "pending"),
    ("due_within", "due"),
)

#: What stands between the cells -> how a number is written. Beside semicolons 1.234 may be a thousand: not read.
_WRITTEN = {
    ",": r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    ";": r"[+-]?\d+(?:,\d+|\.\d{1,2}|\.\d{4,})?(?:[eE][+-]?\d+)?",
}
_WRITTEN["\t"] = _WRITTEN[";"]
_DAY = r"\d{4}-\d{2}-\d{2}"


def read_tidy(path: Path, table: Table, *, cells: Cells | None = None) -> pd.DataFrame:
    """Read a file of the project's own shape and hold it to its contract.

    Days of a period are filled from its name where the file gives none, provinces get their official name and code.

    Parameters
    ----------
    path : Path
        The file.
    table : Table
        The contract. Columns the file lacks come back empty, further columns are left out.
    cells : Cells, optional
        What :func:`read_cells` read from the file, some of it emptied since.

    Returns
    -------
    DataFrame
        The columns of `table`; the index is the row in the file as a spreadsheet counts it.

    Raises
    ------
    DataError
        When the file is missing, empty or not UTF-8, its rows do not fit the header, or a cell breaks the contract.
    """
    frame = _contract(path, table, cells or read_cells(path))
    early = frame["period"].str.findall(r"\d{4}").map(lambda years: any(int(y) < FIRST_YEAR for y in years))
    refuse_cells(frame["period"], early, "year-before-1900", path.name)
    frame = places.settle(_dated(frame, path.name), path.name)
    for part, whole in _PARTS:
        if part in frame.columns and whole in frame.columns:
            check_not_above(frame, part, whole, path.name)
    return frame


def check_not_above(frame: pd.DataFrame, part: str, whole: str, where: str, rows: pd.Series | None = None) -> None:
    """Refuse a table in which, in one of `rows` (any when not given), the count `part` exceeds the count `whole`."""
    above = frame[part] > frame[whole]
    refuse_rows(
        frame.index[above if rows is None else above & rows],
        "part-above-whole",
        where=where,
        column=part,
        got=lambda row: f"{frame.loc[row, part]:g} > {frame.loc[row, whole]:g}",
        part=part,
        whole=whole,
    )


def _dated(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Fill the days of a period from its name where the file gives none."""
    bare = frame.index[frame["period"].ne("") & frame["period_start"].isna() & frame["period_end"].isna()]
    if not len(bare):
        return frame
    read: dict[str, Period | None] = {}
    for name in frame.loc[bare, "period"].unique():
        try:
            read[name] = read_period(name)
        except DataError:
            read[name] = None
    found = frame.loc[bare, "period"].map(read)
    refuse_cells(frame.loc[bare, "period"], found.isna(), "code-of-period-not-read", where)
    days = pd.DataFrame([(p.start, p.end) for p in found], index=bare, columns=["period_start", "period_end"])
    frame.loc[bare, ["period_start", "period_end"]] = days.apply(pd.to_datetime)
    return frame


def _contract(path: Path, table: Table, cells: Cells) -> pd.DataFrame:
    header, rows, delimiter = cells
    text = pd.DataFrame(rows, columns=header, index=range(2, len(rows) + 2), dtype=str)
    text = text.apply(lambda column: column.str.strip())
    blank = pd.Series("", index=text.index, dtype=str)
    typed = {c.name: _typed(text.get(c.name, blank), c.kind, path.name, delimiter) for c in table.columns}
    source = path.name
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls") and container(path) == "text":
        source += " (văn bản, không phải tệp Excel / text, not an Excel workbook)"
    check(text.assign(**{n: column for n, column in typed.items() if n in text}), table, source=source, first_row=2)
    return pd.DataFrame(typed)[(text != "").any(axis=1)]


def read_cells(path: Path) -> Cells:
    """Return the cells of a file as text; a `DataError` for one without header or with rows that do not fit it."""
    if (kind := container(path)) not in ("zip", "compound", "text"):
        raise DataError("file-neither-csv-nor-workbook", got=kind, where=path.name)
    header, rows, delimiter = _of_text(path) if kind == "text" else _of_workbook(path)
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataError("column-name-twice", got=", ".join(map(repr, twice)), where=f"{path.name}, dòng/row 1")
    rows = [line or [""] * len(header) for line in rows]
    uneven = next((i for i, line in enumerate(rows) if len(line) != len(header)), None)
    if uneven is not None:
        where = f"{path.name}, dòng/row {uneven + 2}"
        raise DataError("row-of-other-length", got=str(len(rows[uneven])), where=where, count=len(header))
    return header, rows, delimiter


def _of_text(path: Path) -> Cells:
    """Return the cells of a text file and what stands between them."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
        if "\0" in text:
            raise UnicodeDecodeError("utf-8", raw, raw.index(0), raw.index(0) + 1, "NUL")
    except UnicodeDecodeError as fault:
        where = f"{path.name}, dòng/row {raw[: fault.start].count(10) + 1}"
        raise DataError("file-not-utf8", where=where) from None
    head = text.partition("\n")[0]
    delimiter = next((mark for mark in ";\t" if mark in head and "," not in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = list(reader)
    except csv.Error as fault:
        where = f"{path.name}, dòng/row {reader.line_num}"
        raise DataError("quotation-marks-do-not-match", got=str(fault), where=where) from None
    if not lines or not any(lines[0]):
        raise DataError("header-line-missing", where=path.name)
    return [name.strip() for name in lines[0]], lines[1:], delimiter


def _of_workbook(path: Path) -> Cells:
    """Return the cells of a workbook as text: column names in row 1 of its only sheet, numbers with a dot."""
    sheets = [sheet for sheet in read_sheets(path) if not sheet.hidden]
    if len(sheets) != 1 or (sheets[0].first_row, sheets[0].first_column) != (1, 1):
        found = "; ".join(f"{s.name}: {column_letters(s.first_column)}{s.first_row}" for s in sheets)
        raise DataError("table-not-at-a1", got=found, where=path.name)
    # a day is a cell of its own in a workbook, and needs no hour
    columns = [
        texts(cell.date() if isinstance(cell, datetime) else cell for cell in column) for column in sheets[0].columns
    ]
    header, *rows = (list(row) for row in zip(*columns, strict=True))
    return header, rows, ","


def _typed(text: pd.Series, kind: str, where: str, delimiter: str) -> pd.Series:
    """Return a column of text as what it holds; its index holds the rows as the file counts them."""
    given = text != ""
    if kind in ("count", "number", "share"):
        mark = "." if delimiter == "," else ","
        wrong = given & ~text.str.fullmatch(_WRITTEN[delimiter])
        refuse_cells(text, wrong, "number-of-file-not-read", where, mark=mark)
        return pd.to_numeric(text.where(given).str.replace(",", ".")).astype("float64")
    if kind in ("date", "time"):
        days = pd.to_datetime(text.where(given), format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
        refuse_cells(text, given & (days.isna() | ~text.str.fullmatch(_DAY)), "date-not-read", where)
        return days
    return text
