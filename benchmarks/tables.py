"""How well `read_tables` reads sheets annotated by others: cells with another fate than the annotators gave, unasked.

StatSheets (CIKM 2026, labels CC-BY 4.0): sheets of statistical offices as they were published. SAUS: tables of the
Statistical Abstract of the United States 2010. Neither is shipped: `DVRESEARCH_VALIDATION` names the folder in whose
`tables` they are. Both call row labels otherwise than titles of columns, and StatSheets has no class for totals:

- a row label counts as right when its row is a record or a section;
- titles, notes and sources are one class, outside the table;
- the cells of a total row, set aside by word and sum, are left out in StatSheets; in SAUS all totals are.

An error is silent when its cell stands in no question of the table.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dvresearch.errors import DataError
from dvresearch.loaders.account import Fate
from dvresearch.loaders.sheets import Sheet
from dvresearch.loaders.structure import TableRead, read_tables, tables_of

#: What an annotator may say -> the fates that agree.
AGREES = {
    "data": {Fate.VALUE, Fate.PROBLEM},
    "label": {Fate.VALUE, Fate.SECTION, Fate.HEADER, Fate.PROBLEM},
    "header": {Fate.HEADER, Fate.SECTION},
    "outside": {Fate.TITLE, Fate.ASIDE, Fate.UNREAD},
    "heading": {Fate.TITLE, Fate.ASIDE, Fate.UNREAD, Fate.SECTION},
}
SAUS = {"data": "data", "attributes": "label", "header": "header", "notes": "outside", "metadata": "heading"}


@dataclass
class Score:
    """What was counted over sheets."""

    sheets: int = 0
    refused: int = 0
    cells: int = 0
    wrong: int = 0
    silent: int = 0
    questions: int = 0
    tables: int = 0
    found: int = 0

    def add(self, tables: list[TableRead], truth: np.ndarray, spans: list[tuple[int, int]]) -> None:
        """Count a sheet: `truth` says what each cell is, `spans` the first and last row of each table, from 0."""
        account = tables[0].account
        asked = np.zeros(truth.shape, dtype=bool)
        numbering = np.zeros(len(truth), dtype=bool)
        total = numbering.copy()
        for table in tables:
            doubtful = [row - account.sheet.first_row for row in table.doubtful]
            asked[doubtful, table.block.left : table.block.right] = True
            numbering[table.body.aside.get("numbering", [])] = True
            total[table.body.aside.get("total", [])] = True
        known = account.filled & (truth != "") & ~total[:, None]
        wrong = np.zeros(truth.shape, dtype=bool)
        for row, column in np.argwhere(known):
            said, fate = truth[row, column], Fate(account.fates[row, column])
            wrong[row, column] = fate not in AGREES[said] and not (said == "header" and numbering[row])
        self.sheets += 1
        self.cells += int(known.sum())
        self.wrong += int(wrong.sum())
        self.silent += int((wrong & ~asked).sum())
        self.questions += sum(len(t.questions) for t in tables)
        self.tables += len(spans)
        here = [
            (t.block.top, max([*t.body.records, *t.body.sections, *t.body.aside.get("total", [])], default=-1))
            for t in tables
        ]
        self.found += sum(span in here for span in spans)

    def row(self, name: str) -> str:
        """Return a line of the table of results."""
        return (
            f"| {name} | {self.sheets} | {self.cells:,} | {self.wrong} | {self.silent} ({self.silent / self.cells:.3%})"
            f" | {self.questions / self.sheets:.2f} | {self.found} of {self.tables} | {self.refused} |"
        )


def statsheets(folder: Path, wanted: slice = slice(None)) -> Score:
    """Read sheets of StatSheets and count what differs."""
    score = Score()
    with (folder / "statsheets" / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[wanted]
    for row in rows:
        try:
            tables = read_tables(folder / "statsheets" / row["file"], sheet=row["sheet_name"] or None)
        except DataError:
            score.refused += 1
            continue
        sheet, filled = tables[0].account.sheet, tables[0].account.filled
        with np.load(folder / "statsheets" / row["labels"]) as said:
            labels, ranges = said["labels"], [r.decode() for r in said["ranges_original"]]
        grid = np.zeros((filled.shape[0] + sheet.first_row - 1, filled.shape[1] + sheet.first_column - 1), dtype=bool)
        grid[sheet.first_row - 1 :, sheet.first_column - 1 :] = filled
        lines, columns = _kept(grid.sum(axis=1).tolist()), _kept(grid.sum(axis=0).tolist())
        height, width = min(len(lines), labels.shape[0]), min(len(columns), labels.shape[1])
        own = np.zeros(grid.shape, dtype=int)
        own[np.ix_(lines[:height], columns[:width])] = labels[:height, :width]
        if (grid & (own == 0)).sum() > 0.05 * grid.sum():
            score.refused += 1  # the annotators saw another grid
            continue
        own = own[sheet.first_row - 1 :, sheet.first_column - 1 :]
        corners = [re.findall(r"\d+", r) for r in ranges]
        spans = [(int(top) - sheet.first_row, int(bottom) - sheet.first_row) for top, bottom in corners]
        score.add(tables, _named(own), spans)
    return score


def _kept(used: list[int]) -> list[int]:
    """Return the rows or columns of the annotators' grid: of several empty ones in a row, the first two."""
    kept, empty = [], 0
    for at, filled in enumerate(used):
        empty = 0 if filled else empty + 1
        if empty <= 2:
            kept.append(at)
    return kept


def _named(labels: np.ndarray) -> np.ndarray:
    """Return what each cell is; a "header" beside or below data, or above none, is the label of a row."""
    truth = np.array(["", "header", "data", "outside", "outside"], dtype=object)[labels]
    below = False
    for row, line in enumerate(labels):
        data, headers = (line == 2).any(), line == 1
        if (line >= 3).any() and not data:
            below = False
        if data:
            truth[row, headers] = "data"
        elif below or not (labels[row:][:, headers] == 2).any():
            truth[row, headers] = "label"
        below = below or data
    return truth


def saus(folder: Path, wanted: slice = slice(None)) -> Score:
    """Read tables of the Statistical Abstract and count what differs; cells of totals are left out."""
    score = Score()
    for path in sorted((folder / "saus").glob("*.json"))[wanted]:
        held = json.loads(path.read_text(encoding="utf-8"))
        rows, said = held["table_array"], held["annotations"]
        width = max(map(len, rows))
        columns = [[_cell(row[c]) if c < len(row) else "" for row in rows] for c in range(width)]
        truth = np.full((len(rows), width), "", dtype=object)
        data: list[int] = []
        for i, line in enumerate(said):
            known = {kind for kind in line if kind}
            for c, kind in enumerate(line):
                if "derived" not in known:
                    truth[i, c] = SAUS.get(kind, "")
                if kind == "attributes" and "data" in known and truth[i, c]:
                    truth[i, c] = "data"
                if kind == "header" and data:
                    truth[i, c] = "label"
            if known & {"data", "derived"}:
                data.append(i)
        first = next(i for i, line in enumerate(said) if "header" in line)
        score.add(tables_of(Sheet(path.name, "", columns)), truth, [(first, data[-1])])
    return score


def _cell(text: str) -> object:
    """Return a cell as the workbook had it: the set holds numbers as text."""
    return float(text) if re.fullmatch(r"-?\d+\.\d+(?:e[-+]?\d+)?", text) else "" if text == "None" else text


if __name__ == "__main__":
    root = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["DVRESEARCH_VALIDATION"]) / "tables"
    print("| set | sheets | cells | wrong | silent | questions a sheet | tables exact | refused |")
    print("|---|---|---|---|---|---|---|---|")
    print(statsheets(root).row("StatSheets"))
    print(saus(root).row("SAUS, without its totals"))
