"""Write synthetic tables as Excel files the way an office exports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dvresearch import codebook, workbook
from dvresearch.errors import ParameterError
from dvresearch.tables import DOSSIERS, Column, Table
from dvresearch.text import plain

__all__ = ["NOTICE", "require_mark", "write_office"]

#: Stands at the top of every file.
NOTICE = "DỮ LIỆU GIẢ LẬP / SYNTHETIC DATA"
_NOTES = ("Ghi chú: số liệu giả lập, không có thật.", "Người lập biểu", "(Ký, ghi rõ chức vụ)")
#: Words above the columns.
_GROUPS = {
    "Hồ sơ": ("dossier", "procedure", "field", "channel"),
    "Thời gian": ("received", "due", "resolved"),
    "Xử lý": ("outcome", "supplement_days", "supplement_requests"),
}


def write_office(
    frame: pd.DataFrame, path: str | Path, *, table: Table = DOSSIERS, applicants: bool = False, seed: int = 0
) -> Path:
    """Write synthetic records the way an office exports them: titles, two header rows, numbers, a total, notes.

    Parameters
    ----------
    frame : DataFrame
        Rows of `table`, all of them made up. The file has the columns of `frame`, in their order.
    path : str or Path
        ``.xlsx``; the name has to hold ``gia-lap`` or ``synthetic``.
    table : Table, default DOSSIERS
        The contract of `frame`.
    applicants : bool, default False
        Whether a column names (made-up) applicants; such a list has a title more and begins in the second column.
    seed : int, default 0
        Decides what is made up; the same seed gives the same bytes.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ParameterError
        When the name does not say that the data are synthetic, or the file would be of another kind.
    """
    from openpyxl import Workbook

    path = Path(path)
    require_mark(path)
    if path.suffix != ".xlsx":
        raise ParameterError("example-file-kind", got=path.suffix)
    rng = np.random.default_rng([seed, 4])
    head = ["STT", *(_title(name, table) for name in frame)]
    groups = ["", *(next((g for g, members in _GROUPS.items() if name in members), "") for name in frame)]
    columns = [[*range(1, len(frame) + 1)], *(_cells(frame[c], table.column(c), rng) for c in frame)]
    if applicants:
        head.append("Người nộp hồ sơ")
        groups.append("")
        columns.append([f"Người nộp mẫu {i:04}" for i in rng.integers(1, 10_000, len(frame))])
    about = codebook.label("table", table.name).upper()
    titles = [NOTICE, "UBND TỈNH MẪU (GIẢ LẬP)", f"DANH SÁCH: {about}"]
    titles += ["(Ban hành kèm theo mẫu giả lập)"] * applicants
    # A group stands above its first column, a name without one beside the groups.
    starts = [i for i, group in enumerate(groups) if not (group and i and groups[i - 1] == group)]
    upper = [(group or name) if i in starts else None for i, (group, name) in enumerate(zip(groups, head, strict=True))]
    rows: list[list[Any]] = [*([title] for title in titles), [], upper]
    rows.append([name if group else None for group, name in zip(groups, head, strict=True)])
    rows.append([f"({i})" for i in range(1, len(head) + 1)])
    rows += map(list, zip(*columns, strict=True))
    rows += [["Tổng cộng", len(frame), *[None] * (len(head) - 2)], [], *([note] for note in _NOTES)]
    book, shift, top = Workbook(), int(applicants), len(titles) + 2
    sheet: Any = book.active
    sheet.title = "Giả lập"
    for row in rows:
        sheet.append([None] * shift + row)
    for start, end in zip(starts, [*starts[1:], len(head)], strict=True):
        if not groups[start] or end > start + 1:
            below = top if groups[start] else top + 1
            first, last = start + 1 + shift, end + shift
            sheet.merge_cells(start_row=top, start_column=first, end_row=below, end_column=last)
    workbook.save(book, path)
    return path


def require_mark(path: Path) -> None:
    """Refuse a file name that does not say that the data are synthetic."""
    if not any(mark in plain(path.name) for mark in ("gia lap", "synthetic")):
        raise ParameterError("example-name-without-mark", got=path.name, name=f"{path.stem}-gia-lap{path.suffix}")


def _title(name: str, table: Table) -> str:
    """Return the Vietnamese label of a column; the items of a questionnaire stand as they are."""
    entries = {e.code: e for e in codebook.entries("column")}
    entry = entries.get(f"{table.name}.{name}") or entries.get(name)
    return entry.label_vi[:1].upper() + entry.label_vi[1:] if entry else name


def _cells(values: pd.Series, column: Column, rng: np.random.Generator) -> list[Any]:
    missing = values.isna()
    if column.kind in ("date", "time"):
        known = values.dropna()
        hour = " %H:%M" if (known != known.dt.normalize()).any() else ""
        second = ":%S" if (known.dt.second != 0).any() else ""
        cells = values.dt.strftime("%d/%m/%Y" + hour + second)
    elif column.kind == "yesno":
        cells = values.map({True: "Có", False: "Không"})
    elif column.kind == "stated":
        cells = pd.Series([f"Nội dung giả lập {i:04}" for i in rng.integers(1, 10_000, len(values))], values.index)
        missing = ~values.astype(bool)
    elif column.kind in ("count", "number", "share"):
        cells = values
    else:
        labels = {word: codebook.get("value", column.entry(word)).label_vi for word in column.words}
        cells = values.map(lambda v: labels[v][:1].upper() + labels[v][1:] if v in labels else workbook.safe(v))
    return cells.astype(object).where(~missing, "").tolist()
