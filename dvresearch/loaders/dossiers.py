"""Dossiers of administrative procedures, from a file as an office keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dvresearch.loaders.convert import convert_dossiers, is_long
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import read_mapping, to_contract
from dvresearch.loaders.headers import save_mapping as write_mapping
from dvresearch.loaders.sheets import LoadReport
from dvresearch.tables import DOSSIERS, check

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.loaders.records import Records

__all__ = ["load_dossiers", "read_dossiers"]


def load_dossiers(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    keep: Sequence[str] = (),
    sheet: str | None = None,
    timezone: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    corrections: str | Path | None = None,
    key_salt: str | None = None,
    save_mapping: bool = False,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a list of dossiers.

    Parameters
    ----------
    path : str or Path
        Excel, OpenDocument, text with separators, Parquet or Word; told by content, see
        :func:`dvresearch.loaders.read_sheets`.
    columns : mapping, optional
        Header in the file -> column (``{"Ngày hẹn trả": "due"}``), or the other way round. Headers that the
        codebook knows need not be named. Without it a mapping saved beside the file is used.
    unit : str, optional
        The unit, for a file of one unit that has no such column.
    keep : sequence of str
        Headers of further columns to keep, as text; personal ones are refused.
    sheet : str, optional
        The sheet, where several hold such a table.
    timezone : str, optional
        A zone (``"Europe/Amsterdam"``) for files from elsewhere: times come back with that zone, those
        without an offset are taken as its clock time. Without it times are Vietnamese clock time, without a zone.
    date_order : {"auto", "dmy", "mdy"}, default "auto"
        Whether 02/03/2026 is 2 March (``dmy``). ``auto`` lets the dates with a part above 12 decide, and
        takes ``dmy`` when there is none.
    corrections : str or Path, optional
        A file of corrections, see :data:`dvresearch.loaders.corrections.CORRECTIONS`.
    key_salt : str, optional
        A secret of 8 characters or more: the first column of identity numbers is kept as ``person_key``, to find
        duplicates within a run. The key remains personal data; do not write it anywhere.
    save_mapping : bool, default False
        Write `columns` beside the file, as ``<file>.columns.toml``.
    limits : Limits, optional
        How much the file may ask for.

    Returns
    -------
    DataFrame
        Columns of ``tables.DOSSIERS``, those the file has, then ``person_key`` and `keep`. The index ``row`` is the
        row in the file. ``attrs["load"]`` is a dict: how the file was read, which rows were skipped and
        why, which personal columns were dropped, which corrections were applied.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown column, zone or date order.

    Notes
    -----
    Checked against the counts of the CoSeLoG receipt log (tests/test_dossiers.py): of 1,434 cases
    1,329 closed, 952 of them by the deadline, 1,020 by its day.
    """
    if corrections is None and key_salt is None and is_long(Path(path), limits):
        return _load_long(Path(path), columns, unit, keep, timezone, date_order, save_mapping)
    records = read_dossiers(
        path,
        columns=columns,
        unit=unit,
        keep=keep,
        sheet=sheet,
        timezone=timezone,
        date_order=date_order,
        corrections=corrections,
        key_salt=key_salt,
        save_mapping=save_mapping,
        limits=limits,
    )
    return records.checked(DOSSIERS)


def _load_long(
    path: Path,
    columns: Mapping[str, str] | None,
    unit: str | None,
    keep: Sequence[str],
    timezone: str | None,
    date_order: Literal["auto", "dmy", "mdy"],
    save_mapping: bool,
) -> pd.DataFrame:
    """Load text too long for a grid of cells: through Parquet, which holds the same in a tenth of the memory."""
    import tempfile

    import pandas as pd

    mapping = to_contract(columns, DOSSIERS) or read_mapping(path, DOSSIERS)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "dossiers.parquet"
        report = convert_dossiers(
            path, target, columns=mapping, unit=unit, keep=keep, timezone=timezone, date_order=date_order
        )
        frame = pd.read_parquet(target)
    for name in frame.select_dtypes("datetime").columns if timezone else ():
        clock = frame[name].dt
        frame[name] = clock.tz_localize(timezone, ambiguous=[True] * len(frame), nonexistent="shift_forward")
    first = report.pop("first_row")
    frame.index = pd.Index(range(first, first + len(frame)), name="row")
    if save_mapping and columns:
        write_mapping(path, DOSSIERS, mapping)
    check(frame, DOSSIERS, source=path.name)
    frame.attrs["load"] = LoadReport(report)
    return frame


def read_dossiers(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    keep: Sequence[str] = (),
    sheet: str | None = None,
    timezone: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    corrections: str | Path | None = None,
    key_salt: str | None = None,
    save_mapping: bool = False,
    limits: Limits = LIMITS,
) -> Records:
    """Read dossiers and collect all problems instead of raising for the first; parameters of :func:`load_dossiers`."""
    from dvresearch.loaders.records import read_records

    return read_records(
        path,
        DOSSIERS,
        anchor="received",
        given={} if unit is None else {"unit": unit},
        columns=columns,
        keep=keep,
        sheet=sheet,
        timezone=timezone,
        date_order=date_order,
        corrections=corrections,
        key_salt=key_salt,
        save_mapping=save_mapping,
        limits=limits,
    )
