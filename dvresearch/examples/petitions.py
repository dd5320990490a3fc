"""Synthetic forms of citizen reception and petitions, and the other tables of one commune, as Excel files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dvresearch import workbook
from dvresearch.examples.cases import cases
from dvresearch.examples.commune import commune_year
from dvresearch.examples.models import models
from dvresearch.examples.office import NOTICE, Mess, require_mark, write_office
from dvresearch.examples.plans import rubric, targets
from dvresearch.examples.records import communes
from dvresearch.examples.responses import ITEMS, WORDING, responses
from dvresearch.loaders.form_layouts import FORMS, TTCP, blank_form, form
from dvresearch.tables import CASES, MODELS, RUBRIC, TARGETS, responses_table

__all__ = ["PETITION_FORMS", "petition_lines", "write_commune_tables", "write_petition_form"]

#: The forms of Thông tư 02/2021/TT-TTCP.
PETITION_FORMS = tuple(code for code, version in FORMS if version == TTCP)
#: Models in the register of the commune.
_MODELS = 14
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
        name: write_office(frame, folder / f"{stem}-{year}-gia-lap.xlsx", table=table, mess=_LOOK, seed=seed)
        for name, (stem, frame, table) in frames.items()
    }
    items = [
        f'{item} = {{ header = "{item}", scale = "{scale}", vi = "{WORDING[item].vi}", en = "{WORDING[item].en}" }}'
        for item, scale in ITEMS.items()
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

    book = Workbook()
    sheet = book.worksheets[0]
    shared = {"unit_level": "commune", "unit": unit, "period": str(year), "basis": "census", "role": "total"}
    given: list[dict[str, Any]] = [
        {"indicator": "dialogues", "value": dialogues},
        {"indicator": "models_registered", "value": _MODELS},
        {"indicator": "dossiers_online_share", "value": _percent(online / received), "value_unit": "%", "decimals": 1,
         "numerator": online, "denominator": received},
    ]  # fmt: skip
    header = ["unit_level", "unit", "period", "indicator", "value", "value_unit", "decimals", "numerator",
              "denominator", "basis", "role", "source", "note"]  # fmt: skip
    sheet.append(header)
    for row in given:
        cells = shared | {"source": "gia-lap", "note": NOTICE} | row
        sheet.append([workbook.safe(cells.get(name)) for name in header])
    workbook.save(book, path)
