"""Single cells that name a person, in columns that otherwise do not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dvresearch.loaders.headers import Header
from dvresearch.loaders.problems import Problem
from dvresearch.loaders.sheets import Note
from dvresearch.privacy import MIN_COUNT, holds_person
from dvresearch.tables import Table
from dvresearch.text import shape

__all__ = ["mask_persons"]


def mask_persons(frame: pd.DataFrame, table: Table, header: Header) -> tuple[list[Problem], list[Note]]:
    """Empty, in `frame`, the cells of open columns that hold somebody's name or number.

    A word on ten rows or more is no one person's: wards and schools bear names of people.

    Parameters
    ----------
    frame : DataFrame
        Records of `table`, and further columns that are kept; the index is the row in the file.
    table : Table
        The contract.
    header : Header
        Where the table is.

    Returns
    -------
    problems : list of Problem
        The cells of required columns, which have to be mended.
    notes : list of Note
        How many cells of the other columns were emptied.
    """
    problems: list[Problem] = []
    notes: list[Note] = []
    first = header.sheet.first_row + (1 if header.sheet.titles else 0)
    rules = {c.name: c for c in table.columns}
    for name in frame.columns:
        rule = rules.get(name)
        if name == "person_key" or (rule and (rule.words or rule.kind not in ("text", "code"))):
            continue
        found = [text for text in np.asarray(frame[name].dropna().unique(), dtype=object) if holds_person(text)]
        if not found:
            continue
        rows = frame[name].isin(found)
        rows &= frame.groupby(name)[name].transform("size").fillna(0) < MIN_COUNT
        if rule and rule.required:
            looks = zip(frame.index[rows], frame.loc[rows, name], strict=True)
            problems += [Problem("personal_cell", int(r) - first, header.columns[name], shape(t)) for r, t in looks]
        elif rows.any():
            notes.append(Note("personal_cell", f"{name}: {int(rows.sum())}"))
        frame[name] = frame[name].mask(rows)
    return problems, notes
