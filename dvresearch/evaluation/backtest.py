"""Last year's evaluation made again by the code of today: which published numbers are no longer the same.

A number is known by what it measures (indicator, definition, unit, period, group, statistic), not by the table it
stands in: tables may be rearranged from year to year, numbers may not move without a reason.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from dvresearch.errors import ParameterError
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Column, Report, Sheet
from dvresearch.evaluation.revisions import WHERE, read_revisions, record_revisions, unexplained
from dvresearch.evaluation.spec import read

__all__ = ["NUMBERS", "backtest", "moved", "numbers", "write_numbers"]

#: The file of a report in which each of its numbers stands once.
NUMBERS = "numbers.csv"
#: Columns in words that name no group: what is measured, how it is remarked and where it is from.
_NO_GROUP = ("unit", "definition", "what", "name", "remarks", "cited", "period_shown", "place", "position", "hedge")
#: Sections about the evaluation itself.
_OF_ITSELF = ("plan", "revisions", "exhibits")


def backtest(
    specification: str | Path, frozen: str | Path, *, revisions: str | Path | None = None, record: date | None = None
) -> pd.DataFrame:
    """Make a published evaluation again by the code of today and return the moves without a recorded reason.

    Parameters
    ----------
    specification : str or Path
        ``evaluation.toml`` of the published evaluation, its files beside it as they were.
    frozen : str or Path
        Folder of the published report.
    revisions : str or Path, optional
        List of revised figures with their reasons, see :func:`dvresearch.evaluation.revisions.read_revisions`.
    record : date, optional
        Add the moves to `revisions` under this day, each with an empty reason.

    Returns
    -------
    DataFrame
        As :func:`moved`; numbers that are no longer printed have an empty ``new``.

    Raises
    ------
    ParameterError
        When the folder holds no report, or `record` is given without `revisions`.
    """
    folder, list_ = Path(frozen), Path(revisions) if revisions else None
    if not (folder / NUMBERS).is_file():
        raise ParameterError("folder-is-no-report", folder=folder, files=NUMBERS)
    if record and not list_:
        raise ParameterError("revisions-not-named")
    moves = moved(folder, compose(read(specification))[0])
    rest = unexplained(moves, read_revisions(list_)) if list_ and list_.exists() else moves
    if record and list_:
        record_revisions(list_, rest, day=record)
    return rest


def moved(frozen: Path, report: Report) -> pd.DataFrame:
    """Compare the numbers of an evaluation as it was published with those of the same evaluation made again.

    Parameters
    ----------
    frozen : Path
        Folder of the published report.
    report : Report
        The same evaluation by the code of today.

    Returns
    -------
    DataFrame
        ``indicator``, ``definition``, ``unit``, ``period``, ``group``, ``statistic``, ``old``, ``new``: a row for each
        number that is not what was printed; ``new`` is empty for one that is no longer there.
    """
    before = pd.read_csv(frozen / NUMBERS, dtype=str, keep_default_na=False)
    both = before.merge(numbers(report), on=WHERE, how="left", suffixes=("_old", "_new")).fillna("")
    moves = both[both["value_old"] != both["value_new"]]
    return moves.rename(columns={"value_old": "old", "value_new": "new"}).reset_index(drop=True)


def numbers(report: Report) -> pd.DataFrame:
    """Return each number of the tables of `report` once, as text at the decimals printed.

    Parameters
    ----------
    report : Report
        The content.
    """
    sheets = [b for s in report.sections if s.code not in _OF_ITSELF for b in s.blocks if isinstance(b, Sheet)]
    found = pd.concat([pd.DataFrame(columns=[*WHERE, "value"], dtype="str"), *map(_of_sheet, sheets)])
    found = found.drop_duplicates().reset_index(drop=True)
    # two numbers of one name, a total beside its parts: the order in which they stand tells them apart
    again = found.groupby(WHERE).cumcount()
    found["statistic"] = found["statistic"].where(again == 0, found["statistic"] + " #" + (again + 1).astype(str))
    return found


def _of_sheet(sheet: Sheet) -> pd.DataFrame:
    frame = sheet.frame.reset_index(drop=True)
    groups = [c.key for c in sheet.columns if c.kind == "text" and c.key not in _NO_GROUP]
    groups = [*groups, "part"] if "part" in frame and "part" not in groups else groups
    given = {k: frame[k].fillna("").astype(str) if k in frame else "" for k in ("definition", "unit", "period")}
    joined = frame[groups].fillna("").astype(str).agg(" | ".join, axis=1) if groups else ""
    rows = pd.DataFrame({**given, "group": joined}, index=frame.index)
    parts = []
    for column in (c for c in sheet.columns if c.kind != "text"):
        told = {"indicator": frame["indicator"], "statistic": column.key} if "indicator" in frame else {}
        told = told or {"indicator": column.key, "statistic": "value"}
        # a figure as its source prints it is not the one computed from its counts
        told |= {"statistic": f"{told['statistic']} as published"} if "cited" in frame else {}
        parts.append(rows.assign(**told, value=[_printed(v, column) for v in frame[column.key]]))
    return pd.concat(parts)[[*WHERE, "value"]].query("value != ''") if parts else pd.DataFrame()


def _printed(number: float, column: Column) -> str:
    """Return a number at the decimals at which it is printed: what changes below is the rounding of a computer."""
    decimals = {"percent": column.decimals + 2, "count": 0, "number": column.decimals}.get(column.kind, 6)
    return "" if pd.isna(number) else f"{round(float(number), decimals):.{decimals}f}"


def write_numbers(report: Report, path: Path) -> None:
    """Write the numbers of `report` as CSV."""
    numbers(report).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
