"""The tables and forms of one synthetic commune and year, as Excel files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dvresearch import workbook
from dvresearch.examples.office import NOTICE, require_mark, write_office
from dvresearch.examples.registers import ITEMS, MADE_UP, cases, communes, dossiers, models, responses, rubric, targets
from dvresearch.loaders.form_layouts import FORMS, TTCP, blank_form, form
from dvresearch.tables import CASES, MODELS, RUBRIC, TARGETS, responses_table

__all__ = ["commune_year", "petition_lines", "write_commune", "write_commune_tables", "write_petition_form"]

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


def _write_form(sheet: Any, unit: str, first: pd.Timestamp, last: pd.Timestamp, counts: pd.DataFrame) -> None:
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


#: The forms of Thông tư 02/2021/TT-TTCP.
PETITION_FORMS = tuple(code for code, version in FORMS if version == TTCP)
#: Models in the register of the commune.
_MODELS = 14


def petition_lines(code: str, units: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Make up a filled-in form in which every sum holds.

    Parameters
    ----------
    code : str
        One of `PETITION_FORMS`.
    units : DataFrame
        From :func:`communes`; one line each.
    seed : int, default 0
        The same seed gives the same numbers.

    Returns
    -------
    DataFrame
        ``unit``, then the columns of the form under their numbers.
    """
    layout = form(code, TTCP)
    rng = np.random.default_rng([seed, 10, PETITION_FORMS.index(code)])
    lines = []
    for _ in range(len(units)):
        counts: dict[int, int] = {}
        for total, parts in reversed(layout.sums):  # totals before the totals they are built from
            counts.setdefault(total, int(rng.integers(20, 200)))
            counts |= dict(
                zip(parts, map(int, rng.multinomial(counts[total], [1 / len(parts)] * len(parts))), strict=True)
            )
        for column in layout.columns:
            counts.setdefault(column.number, int(rng.integers(0, 20)))
        if code == "01/KQGQ":  # resolved are some of those within authority, in time or late
            counts[4] = counts[5] + counts[6] + int(rng.integers(0, 30))
            counts[26] = int(rng.binomial(counts[5] + counts[6], 0.1))
            counts[25] = counts[5] + counts[6] - counts[26]
        lines.append({str(c.number): counts[c.number] for c in layout.columns})
    return pd.DataFrame({"unit": units["unit"].to_numpy(dtype=str)}).join(pd.DataFrame(lines).astype("float64"))


def write_petition_form(lines: pd.DataFrame, path: str | Path, code: str, *, period: str = "Năm 2025") -> Path:
    """Write lines into the blank form, as an office fills it in.

    Parameters
    ----------
    lines : DataFrame
        From :func:`petition_lines`.
    path : str or Path
        ``.xlsx``; the name has to hold ``gia-lap`` or ``synthetic``.
    code : str
        The form.
    period : str, default "Năm 2025"
        What stands behind “Kỳ báo cáo”.
    """
    from openpyxl import load_workbook

    path = Path(path)
    require_mark(path)
    blank_form(path, code, TTCP, lines=len(lines))
    book = load_workbook(path)
    sheet: Any = book.active
    sheet["A2"], sheet["A3"], sheet["A4"] = "Đơn vị báo cáo: Tỉnh Mẫu (giả lập)", f"Kỳ báo cáo: {period}", NOTICE
    numbers = lines.drop(columns="unit").astype(int)
    filled = [[i + 1, unit, *numbers.iloc[i].tolist()] for i, unit in enumerate(lines["unit"])]
    for row, line in enumerate([*filled, [None, "Tổng cộng", *numbers.sum().tolist()]], start=8):
        for column, value in enumerate(line, start=1):
            sheet.cell(row, column).value = value
    workbook.save(book, path)
    return path


def write_commune_tables(folder: str | Path, *, seed: int = 0, year: int = 2025) -> dict[str, Path]:
    """Write the other tables of one synthetic commune, beside those of :func:`write_commune` and agreeing with them.

    Parameters
    ----------
    folder : str or Path
        Where to; made when it is not there.
    seed : int, default 0
        The commune is the first of ``communes(seed=seed)``; the same seed gives the same bytes.
    year : int, default 2025
        The year.

    Returns
    -------
    dict of str to Path
        ``cases``, ``responses``, ``items`` (the questionnaire, TOML), ``models``, ``targets``, ``rubric``, ``figures``
        and each of `PETITION_FORMS`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    unit = communes(seed=seed).head(1)
    listed, handled = commune_year(seed=seed, year=year), _cases(unit, seed, year)
    plan, _ = targets(unit, seed=seed, year=year)
    plan["result"] = plan["indicator"].map(_results(listed, handled, year)).fillna(plan["result"])
    frames = {
        "cases": ("so-tiep-dan-don-thu", handled, CASES),
        "responses": ("phieu-khao-sat", responses(180, unit, seed=seed)[0], responses_table(ITEMS)),
        "models": ("mo-hinh-dan-van-kheo", models(_MODELS, unit, seed=seed, year=year)[0], MODELS),
        "targets": ("chi-tieu", plan, TARGETS),
        "rubric": ("tu-cham-diem", rubric(unit, seed=seed)[0], RUBRIC),
    }
    files = {
        name: write_office(frame, folder / f"{stem}-{year}-gia-lap.xlsx", table=table, seed=seed)
        for name, (stem, frame, table) in frames.items()
    }
    items = [
        f'{item} = {{ header = "{item}", scale = "{scale}", vi = "{vi}", en = "{en}" }}'
        for item, scale, _, vi, en in MADE_UP["items"]
    ]
    files["items"] = folder / f"phieu-khao-sat-{year}-gia-lap.toml"
    files["items"].write_text("\n".join([f"# {NOTICE}", "[items]", *items, ""]), encoding="utf-8", newline="\n")
    for code in PETITION_FORMS:
        path = folder / f"bieu-{code.replace('/', '-')}-{year}-gia-lap.xlsx"
        files[code] = write_petition_form(petition_lines(code, unit, seed=seed), path, code, period=f"Năm {year}")
    files["figures"] = folder / f"so-lieu-cong-bo-{year}-gia-lap.xlsx"
    dialogues = plan.loc[plan["indicator"] == "Số cuộc đối thoại với Nhân dân", "result"].item()
    _write_figures(files["figures"], unit["unit"].iloc[0], year, int(dialogues), *_online(listed, year))
    return files


def _cases(unit: pd.DataFrame, seed: int, year: int) -> pd.DataFrame:
    """Return the cases of a year as the register has them on its last day."""
    frame, _ = cases(420, unit, seed=seed, first=f"{year}-01-01", last=f"{year}-12-31")
    still = frame["resolved"] > f"{year}-12-31"
    return frame.assign(
        resolved=frame["resolved"].mask(still),
        outcome=frame["outcome"].mask(still, "open"),
        satisfied=frame["satisfied"].mask(still),
    )


def _online(listed: pd.DataFrame, year: int) -> tuple[int, int]:
    """Return how many dossiers received in the year came online, and how many were received."""
    received = listed[listed["received"].dt.year == year]
    return int((received["channel"] == "online").sum()), len(received)


def _results(listed: pd.DataFrame, handled: pd.DataFrame, year: int) -> dict[str, float]:
    """Return the results of the targets that the other tables decide: shares in %, by the day."""
    done = listed[(listed["resolved"].dt.year == year) & ~listed["outcome"].isin(["returned", "withdrawn"])]
    due = done["due"] + pd.to_timedelta(done["supplement_days"], unit="D")
    letters = handled[handled["kind"].isin(["complaint", "denunciation", "petition"]) & handled["resolved"].notna()]
    online, received = _online(listed, year)
    return {
        "Tỷ lệ hồ sơ giải quyết đúng hạn (%)": _percent((done["resolved"].dt.normalize() <= due.dt.normalize()).mean()),
        "Số mô hình Dân vận khéo đăng ký mới": _MODELS,
        "Tỷ lệ hồ sơ nộp trực tuyến (%)": _percent(online / received),
        "Tỷ lệ đơn thư giải quyết đúng hạn (%)": _percent((letters["resolved"] <= letters["due"]).mean()),
    }


def _percent(share: float) -> float:
    return round(100 * share, 1)


def _write_figures(path: Path, unit: str, year: int, dialogues: int, online: int, received: int) -> None:
    """Write some figures as the commune would have published them; the table starts at A1."""
    from openpyxl import Workbook

    header = ["unit_level", "unit", "period", "indicator", "value", "value_unit", "decimals", "numerator"]
    header += ["denominator", "basis", "role", "source", "note"]
    shared = {"unit_level": "commune", "unit": unit, "period": str(year), "basis": "census", "role": "total"}
    shared |= {"source": "gia-lap", "note": NOTICE}
    online_share = {"value_unit": "%", "decimals": 1, "numerator": online, "denominator": received}
    book = Workbook()
    sheet: Any = book.active
    sheet.append(header)
    for indicator, value, counts in (
        ("dialogues", dialogues, {}),
        ("models_registered", _MODELS, {}),
        ("dossiers_online_share", _percent(online / received), online_share),
    ):
        row = shared | counts | {"indicator": indicator, "value": value}
        sheet.append([workbook.safe(row.get(name)) for name in header])
    workbook.save(book, path)
