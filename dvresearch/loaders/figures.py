"""Published figures, dossier tallies and the 766 index: files in the project's own shape to tables.

A figures file holds each number as its source prints it (``value``, ``value_unit``,
``decimals``); the loader turns it into the unit of the codebook and adds the interval
which the printed precision allows.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from decimal import Decimal
from math import isnan, nan
from pathlib import Path
from typing import Any

import pandas as pd

from dvresearch import codebook, places, shipped
from dvresearch.errors import DataError, ParameterError, Text, refuse_rows
from dvresearch.loaders.tidy import read_tidy
from dvresearch.tables import FIGURES, INDEX766, Q766_GROUPS, TALLY, Column, Table
from dvresearch.text import Period
from dvresearch.text import period as read_period

__all__ = ["FIGURES_FILE", "PUBLISHED", "load_figures", "load_index766", "load_tallies"]

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
_INDEX_FILES = PUBLISHED[:1] + PUBLISHED[2:3]

#: Printed unit -> how much of the codebook unit it is. Units not listed count as one.
_SCALES = {
    "%": Decimal("0.01"),
    "nghìn đồng": Decimal(1000),
    "triệu đồng": Decimal(1_000_000),
    "tỷ đồng": Decimal(1_000_000_000),
}
#: Indicators that follow from other numbers instead of being measured.
_IMPUTED = ("q766_satisfaction_share", "feedback_satisfied_share", "q766_mdhl")

_NEGATIVE = Text("Số đếm âm.", "A negative count.")
_SOURCE = Text("Sửa số liệu gốc rồi nạp lại.", "Correct the source and load again.")

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
        A figures file (CSV, UTF-8 with or without byte order mark, comma between cells, dot as the
        decimal mark); all published figures of the project when not given.
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
        in a number column, a negative count, a numerator above its denominator, a year before 1900, an
        unknown unit or indicator, the same figure twice. The message names file, row and column.
    ParameterError
        When a filter names something the figures do not contain.
    """
    if path is None:
        figures = pd.concat([_figures(shipped.folder() / name) for name in PUBLISHED], ignore_index=True)
    else:
        figures = _figures(Path(path))
    if indicator is not None:
        indicator = codebook.find("indicator", indicator) or indicator
    wanted = {"source": source, "indicator": indicator, "unit": unit, "unit_level": level, "period": period}
    for column, word in wanted.items():
        if word is not None:
            figures = _keep(figures, column, word)
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
    return _settled(file, TALLY).reset_index(drop=True)


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
        As :func:`load_figures`.
    ParameterError
        When there is no unit of this level.

    Notes
    -----
    Source: national public service portal, index of Decision 766/QĐ-TTg, cumulative from 1 January to
    10 October 2026. Counts and scores are those published; nothing is recomputed here.
    """
    if path is not None:
        frame = _settled(Path(path), INDEX766)
    else:
        long = pd.concat([_figures(shipped.folder() / name) for name in _INDEX_FILES], ignore_index=True)
        frame = _widen(long)
    return _keep(frame, "unit_level", level).reset_index(drop=True)


def _widen(long: pd.DataFrame) -> pd.DataFrame:
    identity = [c.name for c in INDEX766.columns if c.kind in ("code", "text", "date") and c.name != "basis"]
    long = long.set_index(identity)
    wide = long.loc[~long.index.duplicated(), []].copy()
    for column, (indicator, part) in _WIDE.items():
        wide[column] = long.loc[long["indicator"] == indicator, part]
    wide["basis"] = "census"
    return wide.reset_index()[INDEX766.names]


def _keep(frame: pd.DataFrame, column: str, word: str) -> pd.DataFrame:
    kept = frame[frame[column] == word]
    if len(kept):
        return kept
    seen = sorted({str(v) for v in frame[column] if v != ""})
    near = difflib.get_close_matches(word, seen, 3, 0.4) or seen[:5]
    raise ParameterError(
        Text(f"Không có dòng nào có {column} = {word!r}.", f"No row has {column} = {word!r}."),
        got=word,
        hint=Text("Thử: " + "; ".join(near), "Try: " + "; ".join(near)),
    )


def _settled(path: Path, table: Table) -> pd.DataFrame:
    """Read a file of one contract; its rows keep their number in the file as index."""
    frame = read_tidy(path, table)
    years = frame["period"].str.findall(r"\d{4}").map(lambda found: any(int(y) < 1900 for y in found))
    refuse_rows(
        frame.index[years],
        Text("Năm trước 1900.", "A year before 1900."),
        where=path.name,
        column="period",
        got=frame["period"].get,
        expected=Text("năm từ 1900, ví dụ 2026 hoặc 2026-Q1", "a year from 1900 on such as 2026 or 2026-Q1"),
        hint=Text("Sửa kỳ.", "Correct the period."),
    )
    return places.settle(_dated(frame, path.name), path.name)


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
    refuse_rows(
        found.index[found.isna()],
        Text("Không đọc được kỳ.", "This is not a period."),
        where=where,
        column="period",
        got=frame["period"].get,
        expected=Text(
            "2026; 2026-Q1; 2026-H1; 2026-02; 2026-01-01..2026-10-10",
            "2026; 2026-Q1; 2026-H1; 2026-02; 2026-01-01..2026-10-10",
        ),
        hint=Text("Gõ lại kỳ; để trống nếu nguồn không nêu.", "Retype it; leave it empty when not stated."),
    )
    days = pd.DataFrame([(p.start, p.end) for p in found], index=bare, columns=["period_start", "period_end"])
    frame.loc[bare, ["period_start", "period_end"]] = days.apply(pd.to_datetime)
    return frame


def _figures(path: Path) -> pd.DataFrame:
    frame = _settled(path, FIGURES_FILE)
    where = path.name
    known = frame["indicator"].map(lambda name: codebook.find("indicator", name) or "")
    refuse_rows(
        frame.index[known == ""],
        Text("Chỉ số không có trong sổ mã.", "An indicator that is not in the codebook."),
        where=where,
        column="indicator",
        got=frame["indicator"].get,
        hint=lambda name: codebook.nearest("indicator", str(name)),
    )
    frame["indicator"] = known
    entries = {code: codebook.get("indicator", code) for code in known.unique()}
    quantity = known.map({code: codebook.quantity(code) for code in entries})
    _check_parts(frame, quantity, where)
    values = [
        _in_codebook_unit(row, entries[str(row.indicator)], str(q), where)
        for row, q in zip(frame.itertuples(), quantity, strict=True)
    ]
    frame[["value", "value_low", "value_high"]] = pd.DataFrame(
        values, index=frame.index, columns=["value", "value_low", "value_high"], dtype="float64"
    )
    _check_values(frame, quantity, where)
    frame["flags"] = known.map({code: _flag(e) for code, e in entries.items()})
    return frame[FIGURES.names]


def _flag(entry: codebook.Entry) -> str:
    if entry.better == "context":
        return "context"
    return "imputed" if entry.code in _IMPUTED else ""


def _in_codebook_unit(row: Any, entry: codebook.Entry, quantity: str, where: str) -> tuple[float, float, float]:
    """Return value, lowest and highest value by the printed precision, in the unit of the codebook."""
    if isnan(row.value):
        share = row.numerator / row.denominator if row.denominator > 0 else nan
        return share, share, share
    scale = _scale(row, entry, quantity, where)
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


def _scale(row: Any, entry: codebook.Entry, quantity: str, where: str) -> Decimal:
    if not row.value_unit or not entry.unit:
        return Decimal(1)
    if row.value_unit in _SCALES:
        fits = quantity in (("share", "rate") if row.value_unit == "%" else ("money",))
    else:
        fits = codebook.find("unit", row.value_unit) == entry.unit
    refuse_rows(
        [] if fits else [row.Index],
        Text("Đơn vị tính không phải của chỉ số này.", "The unit is not that of this indicator."),
        where=where,
        column="value_unit",
        got=lambda _: row.value_unit,
        expected=Text(codebook.label("unit", entry.unit), codebook.label("unit", entry.unit, "en")),
        hint=Text("Sửa đơn vị tính hoặc mã chỉ số.", "Correct the unit or the indicator."),
    )
    return _SCALES.get(row.value_unit, Decimal(1))


def _check_parts(frame: pd.DataFrame, quantity: pd.Series, where: str) -> None:
    for column in ("numerator", "denominator"):
        refuse_rows(
            frame.index[frame[column] < 0],
            _NEGATIVE,
            where=where,
            column=column,
            got=frame[column].get,
            hint=_SOURCE,
        )
    refuse_rows(
        frame.index[quantity.eq("count") & (frame["value"] < 0)],
        _NEGATIVE,
        where=where,
        column="value",
        got=frame["value"].get,
        hint=_SOURCE,
    )
    refuse_rows(
        frame.index[quantity.eq("share") & (frame["numerator"] > frame["denominator"])],
        Text("Tử số lớn hơn mẫu số.", "The numerator is above the denominator."),
        where=where,
        column="numerator",
        got=lambda row: f"{frame.loc[row, 'numerator']:g} > {frame.loc[row, 'denominator']:g}",
        expected=Text("tử số không quá mẫu số", "a numerator not above its denominator"),
        hint=Text("Kiểm tra hai cột có bị đổi chỗ không.", "Check whether the two columns were swapped."),
    )


def _check_values(frame: pd.DataFrame, quantity: pd.Series, where: str) -> None:
    refuse_rows(
        frame.index[quantity.eq("share") & ((frame["value"] < 0) | (frame["value"] > 1))],
        Text("Tỷ lệ nằm ngoài 0-100 %.", "A share outside 0-100 %."),
        where=where,
        column="value",
        got=frame["value"].get,
        hint=Text('Ghi 85 kèm value_unit "%", hoặc ghi 0.85.', 'Write 85 with value_unit "%", or write 0.85.'),
    )
    refuse_rows(
        frame.index[frame.duplicated(list(FIGURES.key))],
        Text("Cùng một con số ghi hai lần.", "The same figure twice."),
        where=where,
        column="indicator",
        got=lambda row: f"{frame.loc[row, 'indicator']}, {frame.loc[row, 'unit']}, {frame.loc[row, 'period']}",
        hint=Text("Xóa một dòng; nếu nguồn nêu lại, ghi role = restated.", "Delete one, or write role = restated."),
    )
