"""Plan targets with their results, and self-assessment sheets with their appraisal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.tables import RUBRIC, TARGETS

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.loaders.records import Records

__all__ = ["load_rubric", "load_targets", "read_rubric", "read_targets"]


def load_targets(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    period: str | None = None,
    sheet: str | None = None,
    corrections: str | Path | None = None,
    save_mapping: bool = False,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load plan targets and their results.

    Parameters
    ----------
    path, columns, unit, sheet, corrections, save_mapping, limits
        As for :func:`dvresearch.load_dossiers`.
    period : str, optional
        The period of all targets (``"2025"``), for a file that has no such column.

    Returns
    -------
    DataFrame
        Columns of ``tables.TARGETS``; index and ``attrs["load"]`` as for :func:`dvresearch.load_dossiers`. A
        percentage is read as a share (``85 %`` is 0.85). A plan or result that is not known is missing.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown column.
    """
    records = read_targets(
        path,
        columns=columns,
        unit=unit,
        period=period,
        sheet=sheet,
        corrections=corrections,
        save_mapping=save_mapping,
        limits=limits,
    )
    return records.checked(TARGETS)


def read_targets(path: str | Path, *, unit: str | None = None, period: str | None = None, **options: Any) -> Records:
    """Read targets and collect all problems; parameters of :func:`load_targets`."""
    from dvresearch.loaders.records import read_records

    given = {"unit": unit, "period": period}
    records = read_records(path, TARGETS, anchor="indicator", given=given, sentences=("indicator",), **options)
    unknown = {records.header.columns[name] for name in ("planned", "result")}
    records.problems = [p for p in records.problems if p.code != "missing_required" or p.column not in unknown]
    return records


def load_rubric(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    zero_rule: Literal["full", "zero", "excluded"] | None = None,
    sheet: str | None = None,
    corrections: str | Path | None = None,
    save_mapping: bool = False,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load self-assessment sheets.

    Parameters
    ----------
    path, columns, unit, sheet, corrections, save_mapping, limits
        As for :func:`dvresearch.load_dossiers`.
    zero_rule : {"full", "zero", "excluded"}, optional
        What every criterion gives when there was nothing to do, for a file that has no such column.

    Returns
    -------
    DataFrame
        Columns of ``tables.RUBRIC``, those the file has; index and ``attrs["load"]`` as for
        :func:`dvresearch.load_dossiers`. A heading that adds up the criteria below it (``I`` above ``1``, ``1`` above
        ``1.1``, told by the column of numbers) is left out, and its rows are listed under ``skipped``. Of the evidence
        only whether it is given is kept.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown rule or column.
    """
    records = read_rubric(
        path,
        columns=columns,
        unit=unit,
        zero_rule=zero_rule,
        sheet=sheet,
        corrections=corrections,
        save_mapping=save_mapping,
        limits=limits,
    )
    return records.checked(RUBRIC)


def read_rubric(path: str | Path, *, unit: str | None = None, zero_rule: str | None = None, **options: Any) -> Records:
    """Read a rubric and collect all problems; parameters of :func:`load_rubric`."""
    from dvresearch.loaders.records import bad_choice, read_records

    words = RUBRIC.column("zero_rule").words
    if zero_rule is not None and zero_rule not in words:
        raise bad_choice("zero_rule", zero_rule, ", ".join(words))
    given = {"unit": unit, "zero_rule": zero_rule}
    records = read_records(path, RUBRIC, anchor="maximum", given=given, sentences=("criterion",), **options)
    _leave_out_sums(records)
    return records


_ORDINAL = re.compile(r"(so )?(tt|stt|thu tu)")
_NO_NUMBER = 99
_DEPTHS = (re.compile(r"[A-HK-U]"), re.compile(r"[IVX]+"), re.compile(r"\d+(?:\.\d+)*"))


def _depth(code: object) -> int:
    """Return how deep a number stands: A, then I, then 1, then 1.1; what has no number stands below them all."""
    text = code.strip(" .)") if isinstance(code, str) else ""
    if _DEPTHS[2].fullmatch(text):
        return 2 + text.count(".")
    return next((i for i, pattern in enumerate(_DEPTHS[:2]) if pattern.fullmatch(text)), _NO_NUMBER)


def _leave_out_sums(records: Records) -> None:
    """Leave out the rows that add up those below them."""
    from dvresearch.loaders.records import cells_of
    from dvresearch.loaders.sheets import Note
    from dvresearch.text import plain

    frame, header = records.frame, records.header
    codes = frame.get("criterion_code")
    if codes is None:
        at = next((i for i, t in enumerate(header.titles) if _ORDINAL.fullmatch(plain(t))), None)
        if at is None:
            return
        codes = cells_of(records, at)
    depths, maxima = codes.map(_depth).tolist(), frame["maximum"].tolist()
    units = frame["unit"].fillna("").tolist() if "unit" in frame else [""] * len(frame)
    sums = []
    for i, depth in enumerate(depths):
        below = []
        for j in range(i + 1, len(depths)):
            if depths[j] <= depth or units[j] != units[i]:
                break
            below.append(j)
        # Without numbers of their own the rows below are parts only if several add up.
        numbered = any(depths[j] < _NO_NUMBER for j in below)
        parts = sum(maxima[j] for j in below if depths[j] == min(depths[k] for k in below))
        if numbered or (len(below) > 1 and abs(parts - maxima[i]) < 1e-9):
            sums.append(int(frame.index[i]))
            if abs(parts - maxima[i]) > 1e-9:
                records.notes.append(Note("rubric_sums", f"{frame.index[i]}: {maxima[i]:g} ≠ {parts:g}"))
    if sums:
        records.skipped["sum"] = sums
        first = header.sheet.first_row + (1 if header.sheet.titles else 0)
        records.problems = [p for p in records.problems if p.row + first not in sums]
        records.frame = frame.drop(index=sums)
