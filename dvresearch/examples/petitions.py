"""Synthetic forms of citizen reception and petitions, and the other tables of one commune, as Excel files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dvresearch import workbook
from dvresearch.examples.cases import cases
from dvresearch.examples.models import models
from dvresearch.examples.office import NOTICE, Mess, require_mark, write_office
from dvresearch.examples.plans import rubric, targets
from dvresearch.examples.records import communes
from dvresearch.examples.responses import ITEMS, responses
from dvresearch.loaders.form_layouts import FORMS, TTCP, form
from dvresearch.loaders.templates import blank_form
from dvresearch.tables import CASES, MODELS, RUBRIC, TARGETS, responses_table

__all__ = ["PETITION_FORMS", "petition_lines", "write_commune_tables", "write_petition_form"]

#: The forms of Thông tư 02/2021/TT-TTCP.
PETITION_FORMS = tuple(code for code, version in FORMS if version == TTCP)
_LOOK = Mess(titles=2, header_rows=2, numbering=True, serial=True, total=True, notes=True)


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
    numbers = [c for c in lines.columns if c != "unit"]
    for i, (_, line) in enumerate(lines.iterrows()):
        sheet.cell(8 + i, 1).value, sheet.cell(8 + i, 2).value = i + 1, line["unit"]
        for j, number in enumerate(numbers):
            sheet.cell(8 + i, 3 + j).value = int(line[number])
    for j, number in enumerate(numbers):
        sheet.cell(8 + len(lines), 3 + j).value = int(lines[number].sum())
    workbook.save(book, path)
    return path


def write_commune_tables(folder: str | Path, *, seed: int = 0, year: int = 2025) -> dict[str, Path]:
    """Write the other tables of one synthetic commune, beside those of :func:`write_commune`.

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
    days = {"first": f"{year}-01-01", "last": f"{year}-12-31"}
    frames = {
        "cases": ("so-tiep-dan-don-thu", cases(420, unit, seed=seed, **days)[0], CASES),
        "responses": ("phieu-khao-sat", responses(180, unit, seed=seed)[0], responses_table(ITEMS)),
        "models": ("mo-hinh-dan-van-kheo", models(14, unit, seed=seed, year=year)[0], MODELS),
        "targets": ("chi-tieu", targets(unit, seed=seed, year=year)[0], TARGETS),
        "rubric": ("tu-cham-diem", rubric(unit, seed=seed)[0], RUBRIC),
    }
    files = {
        name: write_office(frame, folder / f"{stem}-{year}-gia-lap.xlsx", table=table, mess=_LOOK, seed=seed)
        for name, (stem, frame, table) in frames.items()
    }
    items = [f'{item} = {{ header = "{item}", scale = "{scale}" }}' for item, scale in ITEMS.items()]
    files["items"] = folder / f"phieu-khao-sat-{year}-gia-lap.toml"
    files["items"].write_text("\n".join([f"# {NOTICE}", "[items]", *items, ""]), encoding="utf-8", newline="\n")
    for code in PETITION_FORMS:
        path = folder / f"bieu-{code.replace('/', '-')}-{year}-gia-lap.xlsx"
        files[code] = write_petition_form(petition_lines(code, unit, seed=seed), path, code, period=f"Năm {year}")
    files["figures"] = folder / f"so-lieu-cong-bo-{year}-gia-lap.xlsx"
    _write_figures(files["figures"], unit["unit"].iloc[0], year)
    return files


def _write_figures(path: Path, unit: str, year: int) -> None:
    """Write some figures as the commune would have published them; the table starts at A1."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    shared = {"unit_level": "commune", "unit": unit, "period": str(year), "basis": "census", "role": "total"}
    given: list[dict[str, Any]] = [
        {"indicator": "dialogues", "value": 4},
        {"indicator": "models_registered", "value": 14},
        {"indicator": "dossiers_online_share", "value": 62.5, "value_unit": "%", "decimals": 1, "numerator": 1250,
         "denominator": 2000},
    ]  # fmt: skip
    header = ["unit_level", "unit", "period", "indicator", "value", "value_unit", "decimals", "numerator",
              "denominator", "basis", "role", "source", "note"]  # fmt: skip
    sheet.append(header)
    for row in given:
        cells = shared | {"source": "gia-lap", "note": NOTICE} | row
        sheet.append([workbook.safe(cells.get(name)) for name in header])
    workbook.save(book, path)
