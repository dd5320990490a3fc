"""The list of published figures that were revised: date, old, new and why."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pandas as pd

from dvresearch.errors import DataError

__all__ = ["COLUMNS", "WHERE", "read_revisions", "record_revisions", "unexplained"]

#: What a published number measures.
WHERE = ["indicator", "definition", "unit", "period", "group", "statistic"]
#: A row is one published number: what it measures, what it was, what it is now, and why.
COLUMNS = ("date", *WHERE, "old", "new", "reason")


def read_revisions(path: str | Path) -> pd.DataFrame:
    """Read a list of revised figures.

    Parameters
    ----------
    path : str or Path
        A CSV file in UTF-8 with the columns `COLUMNS`.

    Raises
    ------
    DataError
        When a column is missing, or a day is not written year-month-day; the message names the row.
    """
    file = Path(path)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        rows, missing = list(reader), [c for c in COLUMNS if c not in (reader.fieldnames or ())]
    if missing:
        names, columns = ", ".join(missing), ", ".join(COLUMNS)
        raise DataError("column-of-revisions-missing", where=file.name, names=names, columns=columns)
    for number, row in enumerate(rows, start=2):
        try:
            date.fromisoformat(row["date"])
        except (ValueError, TypeError):
            where = f"{file.name}, dòng/row {number}, date"
            raise DataError("day-of-revision-not-valid", where=where, got=row["date"]) from None
    return pd.DataFrame(rows, columns=list(COLUMNS)).fillna("")


def unexplained(moves: pd.DataFrame, revisions: pd.DataFrame) -> pd.DataFrame:
    """Return the moves for which no reason is recorded: same place, same new number, and a reason in words.

    Parameters
    ----------
    moves : DataFrame
        From :func:`dvresearch.evaluation.backtest.moved`.
    revisions : DataFrame
        From :func:`read_revisions`.
    """
    given = revisions[revisions["reason"].str.strip() != ""]
    known = set(given[[*WHERE, "new"]].itertuples(index=False, name=None))
    return moves[[tuple(m) not in known for m in moves[[*WHERE, "new"]].itertuples(index=False)]].reset_index(drop=True)


def record_revisions(path: Path, moves: pd.DataFrame, *, day: date) -> None:
    """Add moves to a list of revisions, each with an empty reason for the office to fill.

    Parameters
    ----------
    path : Path
        The list; begun when it is not there.
    moves : DataFrame
        From :func:`unexplained`.
    day : date
        Day of the revision.
    """
    held = read_revisions(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))
    known = set(held[[*WHERE, "new"]].itertuples(index=False, name=None))
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not file.tell():
            writer.writerow(COLUMNS)
        for m in moves.to_dict("records"):
            if tuple(m[c] for c in (*WHERE, "new")) not in known:
                writer.writerow([day.isoformat(), *(m[c] for c in (*WHERE, "old", "new")), ""])
