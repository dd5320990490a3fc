"""The register of "Dân vận khéo" models: when each reached which stage, and what its registration states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.tables import MODELS, STAGES

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.loaders.records import Records

__all__ = ["load_models", "read_models"]


def load_models(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    sheet: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    corrections: str | Path | None = None,
    save_mapping: bool = False,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a register of models.

    Parameters
    ----------
    path, columns, unit, sheet, date_order, corrections, save_mapping, limits
        As for :func:`dvresearch.load_dossiers`.

    Returns
    -------
    DataFrame
        Columns of ``tables.MODELS``, those the file has; index and ``attrs["load"]`` as for
        :func:`dvresearch.load_dossiers`. Names of models, owners and people and all free texts are dropped:
        of the ten contents of a registration form only whether something is written is kept (``states_…``), of the
        reason for stopping only its code. ``stage`` is made from the dates where the file does not say it.
        A field that is none of the movement's four is ``other``, and its name stands in ``field_named``.
        What a register lacks for an evaluation is said by :func:`dvresearch.screen`.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown column or date order.
    """
    records = read_models(
        path,
        columns=columns,
        unit=unit,
        sheet=sheet,
        date_order=date_order,
        corrections=corrections,
        save_mapping=save_mapping,
        limits=limits,
    )
    return records.checked(MODELS)


def read_models(path: str | Path, *, unit: str | None = None, **options: Any) -> Records:
    """Read a register and collect all problems; parameters of :func:`load_models`."""
    from dvresearch.loaders.records import read_records

    records = read_records(path, MODELS, anchor="unit", given={"unit": unit}, **options)
    if "stop_reason" in records.words:
        # The reason is written in somebody's own words.
        records.words["stop_reason"] = {"…": sum(records.words["stop_reason"].values())}
    _name_fields(records)
    _derive_stage(records)
    return records


def _name_fields(records: Records) -> None:
    """Keep the names of the fields that are none of the known ones, unless they hold a person's."""
    from dvresearch.loaders.records import cells_of
    from dvresearch.privacy import holds_person

    if "field" not in records.frame or "field" not in records.words:
        return
    other = records.frame["field"] == "other"
    named = cells_of(records, "field").where(other)
    named = named.mask(named.map(lambda text: isinstance(text, str) and (holds_person(text) or len(text) > 60)))
    records.frame.insert(records.frame.columns.get_loc("field") + 1, "field_named", named.astype("str"))


def _derive_stage(records: Records) -> None:
    frame = records.frame
    reached = [s for s in STAGES if f"{s}_on" in frame]
    if "stage" in frame or not reached:
        return
    import pandas as pd

    stage = pd.Series(pd.NA, index=frame.index, dtype="str")
    for name in reached:
        stage = stage.mask(frame[f"{name}_on"].notna(), name)
    frame.insert(frame.columns.get_loc(f"{reached[0]}_on"), "stage", stage)
