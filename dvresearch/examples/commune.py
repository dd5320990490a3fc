"""One synthetic commune for a year: its list of dossiers and its monthly form II.06a, as Excel files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dvresearch import workbook
from dvresearch.examples.office import NOTICE, write_office
from dvresearch.examples.records import communes, dossiers
from dvresearch.loaders.form_layouts import form

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["commune_year", "form_counts", "write_commune"]

_FORM = form("II.06a", "TT01/2020")


def commune_year(*, seed: int = 0, year: int = 2025, n: int | None = None) -> pd.DataFrame:
    """Make up what one commune had on its desk in a year.

    Parameters
    ----------
    seed : int, default 0
        The commune is the first of ``communes(seed=seed)``, which tells its true share of late dossiers.
    year : int, default 2025
        The year; the list is drawn on 31 December.
    n : int, optional
        Dossiers of fourteen months, from 1 November of the year before; in proportion to the
        commune's ``dossiers_a_year`` when not given.

    Returns
    -------
    DataFrame
        Rows of ``tables.DOSSIERS``: received in the year, or before it and not finished when it began.
    """
    unit = communes(seed=seed).head(1)
    n = int(unit["dossiers_a_year"].iloc[0] * 14 / 12) if n is None else n
    frame, _ = dossiers(n, unit, seed=seed, first=f"{year - 1}-11-01", last=f"{year}-12-31", as_of=f"{year}-12-31")
    start = pd.Timestamp(year, 1, 1)
    return frame[(frame["received"] >= start) | ~(frame["resolved"] < start)].reset_index(drop=True)


def form_counts(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Count dossiers as form II.06a does.

    Parameters
    ----------
    frame : DataFrame
        Dossiers of one unit.
    first, last : Timestamp
        First and last day of the reporting period.

    Returns
    -------
    DataFrame
        One row per field, columns 3 to 13 of the form. Due days are those after supplements; a dossier handed
        back or withdrawn counts as on time, as the note to the form says; one that waits for a supplement is
        within its time, as one-stop software counts it.
    """
    received, resolved = frame["received"].dt.normalize(), frame["resolved"].dt.normalize()
    due = (frame["due"] + pd.to_timedelta(frame["supplement_days"], unit="D")).dt.normalize()
    here = (received <= last) & ~(resolved < first)
    new = here & (received >= first)
    done = here & (resolved <= last)
    neutral = frame["outcome"].isin(["returned", "withdrawn"])
    pending, paused = here & ~done, frame["outcome"] == "paused"
    counts = pd.DataFrame(
        {
            3: here,
            4: new & (frame["channel"] == "online"),
            5: new & (frame["channel"] != "online"),
            6: here & ~new,
            7: done,
            8: done & ~neutral & (resolved < due),
            9: done & (neutral | (resolved == due)),
            10: done & ~neutral & (resolved > due),
            11: pending,
            12: pending & (paused | (due >= last)),
            13: pending & ~paused & (due < last),
        }
    )
    return counts.groupby(frame["field"]).sum()


def write_commune(folder: str | Path, *, seed: int = 0, year: int = 2025, n: int | None = None) -> dict[str, Path]:
    """Write the Excel files of one synthetic commune and year.

    Parameters
    ----------
    folder : str or Path
        Where to; made when it is not there.
    seed, year, n
        As for :func:`commune_year`; the same seed gives the same bytes.

    Returns
    -------
    dict of str to Path
        ``dossiers``: the list of dossiers. ``form``: a workbook with form II.06a, a sheet per month.
    """
    from openpyxl import Workbook

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = commune_year(seed=seed, year=year, n=n)
    listed = write_office(frame, folder / f"ho-so-{year}-gia-lap.xlsx", applicants=True, seed=seed)
    book = Workbook()
    book.remove(book.active)
    for month in range(1, 13):
        first = pd.Timestamp(year, month, 1)
        last = first + pd.offsets.MonthEnd()
        _write_form(
            book.create_sheet(f"Tháng {month:02}"), frame["unit"].iloc[0], first, last, form_counts(frame, first, last)
        )
    monthly = folder / f"bieu-II06a-{year}-gia-lap.xlsx"
    workbook.save(book, monthly)
    return {"dossiers": listed, "form": monthly}


def _write_form(sheet: Worksheet, unit: str, first: pd.Timestamp, last: pd.Timestamp, counts: pd.DataFrame) -> None:
    titles = {c.number: c.title.vi for c in _FORM.columns if c.number}
    sums = {total: f"=({')+('.join(map(str, parts))})" for total, parts in reversed(_FORM.sums)}
    for line in (
        NOTICE,
        f"Biểu số {_FORM.code}/VPCP/KSTT",
        _FORM.title,
        f"Đơn vị báo cáo: {unit}",
        f"Kỳ báo cáo: Tháng {first:%m/%Y} (từ ngày {first:%d/%m/%Y} đến ngày {last:%d/%m/%Y})",
        "Đơn vị tính: hồ sơ",
    ):
        sheet.append([line])
    top = sheet.max_row + 1
    sheet.append(["TT", "Lĩnh vực, công việc giải quyết theo cấp"])
    sheet.append([None, None, *titles.values()])
    for group, left, right in _FORM.groups:
        sheet.cell(top, left, group)
        sheet.merge_cells(start_row=top, start_column=left, end_row=top, end_column=right)
    for column in (1, 2):
        sheet.merge_cells(start_row=top, start_column=column, end_row=top + 1, end_column=column)
    sheet.append([f"({number}){sums.get(number, '')}" for number in (1, 2, *titles)])
    for i, (name, row) in enumerate(counts.iterrows(), start=1):
        sheet.append([i, name, *map(int, row)])
    sheet.append([None, "Tổng cộng", *map(int, counts.sum())])
