"""Receptions, petitions, feedback and recommendations, from a file as an office keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.tables import CASES

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.loaders.records import Records

__all__ = ["load_cases", "read_cases"]


def load_cases(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    kind: Literal["reception", "complaint", "denunciation", "petition", "feedback", "supervision"] | None = None,
    sheet: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    corrections: str | Path | None = None,
    save_mapping: bool = False,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a book of receptions, petitions or feedback.

    Parameters
    ----------
    path, columns, unit, sheet, date_order, corrections, save_mapping, limits
        As for :func:`dvresearch.load_dossiers`.
    kind : str, optional
        The kind of all cases, for a file of one kind that has no such column: ``reception`` (tiếp công dân),
        ``complaint`` (khiếu nại), ``denunciation`` (tố cáo), ``petition`` (đơn kiến nghị, phản ánh), ``feedback``
        (phản ánh, kiến nghị qua cổng), ``supervision`` (kiến nghị sau giám sát).

    Returns
    -------
    DataFrame
        Columns of ``tables.CASES``, those the file has; index and ``attrs["load"]`` as for
        :func:`dvresearch.load_dossiers`. A row may stand for several visits, people and matters. What a case is
        about is personal data and not kept.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown kind, column or date order.
    """
    records = read_cases(
        path,
        columns=columns,
        unit=unit,
        kind=kind,
        sheet=sheet,
        date_order=date_order,
        corrections=corrections,
        save_mapping=save_mapping,
        limits=limits,
    )
    return records.checked(CASES)


def read_cases(path: str | Path, *, unit: str | None = None, kind: str | None = None, **options: Any) -> Records:
    """Read cases and collect all problems; parameters of :func:`load_cases`."""
    from dvresearch.loaders.records import bad_choice, read_records

    words = CASES.column("kind").words
    if kind is not None and kind not in words:
        raise bad_choice("kind", kind, ", ".join(words))
    return read_records(path, CASES, anchor="received", given={"unit": unit, "kind": kind}, **options)
