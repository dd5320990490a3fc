"""Figures and counts of the 63 provinces brought to the borders of the 34."""

from __future__ import annotations

from math import isnan, nan
from typing import Any, Literal

import pandas as pd

from dvresearch import codebook
from dvresearch.errors import DataError, Text, check_choice
from dvresearch.places.lists import crosswalk, settle, units
from dvresearch.tables import FLAGS, TALLY, UNIT_KEY

__all__ = ["rebase"]

_COUNTS = [c.name for c in TALLY.columns if c.kind == "count"]
#: Rows with these in common are the same number of different provinces; what else must agree before they add up.
_SAME = {"figures": ["part", "period", "indicator"], "tally": ["period", "group"]}
_AGREE = {"figures": ["definition", "role", "period_start", "period_end"], "tally": ["clock", "supplement"]}
#: Kind of quantity -> why it cannot be added up without the counts behind it; scores else.
_NOT_ADDED = {
    "share": "shares-without-counts",
    "rate": "changes-without-counts",
    "mean": "means-without-counts",
    "rank": "ranks-cannot-be-added",
}
_FIGURE_NUMBERS = ["value", "value_low", "value_high", "numerator", "denominator"]


def rebase(
    table: pd.DataFrame, to: Literal["34"] = "34", *, incomplete: Literal["refuse", "drop"] = "refuse"
) -> pd.DataFrame:
    """Bring figures or counts of the former provinces to the borders from 1 July 2025.

    Parameters
    ----------
    table : DataFrame
        Figures (a column ``indicator``) or a tally, with the unit columns. Only provinces of version 63
        change; provinces of version 34 and the nation stay as they are.
    to : {"34"}, default "34"
        The version wanted.
    incomplete : {"refuse", "drop"}, default "refuse"
        What to do with a new province of which not every former part is in the table.

    Returns
    -------
    DataFrame
        The columns of `table` and ``flags``. Counts are summed (a sum with a missing part is missing); a share is
        the sum of the numerators over the sum of the denominators. Merged rows carry the flag ``break`` and a note that
        names their parts. Provinces that were not merged keep every number, scores and ranks included.

    Raises
    ------
    DataError
        When a merger would need a rate, score, mean or rank to be added without the counts behind it, when the parts
        differ in definition, when a part is missing, and for units below the province. The message names the way out.
    ParameterError
        For any other `to` or `incomplete`.

    Notes
    -----
    No former province was divided between two new ones, so sums of counts are exact. A mean of rates or scores is
    not: provinces differ in size.
    """
    check_choice("to", to, ("34",))
    check_choice("incomplete", incomplete, ("refuse", "drop"))
    kind = "figures" if "indicator" in table.columns else "tally"
    if any(c not in table.columns for c in UNIT_KEY):
        raise DataError("columns-of-unit-missing", got=", ".join(map(str, table.columns)), needed=", ".join(UNIT_KEY))
    out = table.copy()
    for column in ("parent_code", "flags", "note"):
        out[column] = out[column].fillna("") if column in out.columns else ""
    old = out["unit_version"].eq("63")
    below = sorted(set(out.loc[old, "unit_level"]) - {"province"})
    if below:
        raise DataError("only-provinces-change-borders", got=", ".join(below))
    out = settle(out, "rebase")
    if not old.any():
        return out
    way = crosswalk().set_index("unit_code")
    heir = out.loc[old, "unit_code"].map(way["successor"])
    rows = [
        row
        for (code, *_), part in out[old].groupby([heir, *_present(out, _SAME[kind])], dropna=False, sort=False)
        if (row := _merge(part, str(code), kind, incomplete)) is not None
    ]
    return pd.concat([out[~old], pd.DataFrame(rows, columns=out.columns).astype(out.dtypes)], ignore_index=True)


def _present(table: pd.DataFrame, columns: list[str]) -> list[str]:
    return [c for c in columns if c in table.columns]


def _merge(part: pd.DataFrame, code: str, kind: str, incomplete: str) -> dict[str, Any] | None:
    """Return the row of the new province `code`, or None when it is incomplete and dropped."""
    way = crosswalk()
    wanted = way[way["successor"] == code]
    new = wanted["successor_unit"].iloc[0]
    missing = wanted.loc[~wanted["unit_code"].isin(part["unit_code"]), "unit"]
    if len(missing) and incomplete == "drop":
        return None
    # First what no further row would mend.
    sums = _sums(part, new) if kind == "figures" and len(wanted) > 1 else {}
    if part["unit_code"].duplicated().any():
        raise _cannot(part, new, "merger-of-doubled-rows")
    if len(missing):
        raise _cannot(part, new, "merger-lacks-parts", missing=", ".join(missing))
    row: dict[str, Any] = part.iloc[0].to_dict()
    entry = units("34").set_index("unit_code").loc[code]
    row.update({"unit_version": "34", "unit_level": "province", "unit_code": code, "unit": entry["unit"]})
    if len(part) == 1:
        return row
    for column in _present(part, _AGREE[kind]):
        if len(part[column].drop_duplicates()) > 1:
            raise _cannot(part, new, "merger-of-unlike-rows", differing=column)
    row.update(sums or part[_present(part, _COUNTS)].sum(skipna=False).to_dict())
    row["flags"] = _with_break(part["flags"])
    row["note"] = "gộp từ " + ", ".join(part["unit"])
    for column in _present(part, ["source", "hedge", "basis"]):
        words = [w for w in dict.fromkeys(part[column]) if w != ""]
        row[column] = ";".join(words) if column != "basis" or len(words) < 2 else "unknown"
    return row


def _sums(part: pd.DataFrame, new: str) -> dict[str, float]:
    """Add up figures: counts as they are, shares by numerator and denominator."""
    entry = codebook.get("indicator", part["indicator"].iloc[0])
    quantity = codebook.quantity(entry.code)
    sums = part[_present(part, _FIGURE_NUMBERS)].astype("float64").sum(skipna=False)
    if quantity == "count":
        return sums.to_dict()
    numerator, denominator = sums.get("numerator", nan), sums.get("denominator", nan)
    if quantity in ("share", "rate") and denominator > 0 and not isnan(numerator):
        share = numerator / denominator
        return {**sums, **dict.fromkeys(_present(part, ["value", "value_low", "value_high"]), share)}
    label = Text(entry.label_vi, entry.label_en)
    raise _cannot(part, new, _NOT_ADDED.get(quantity, "scores-without-counts"), label=label)


def _with_break(flags: pd.Series) -> str:
    held = {word for text in flags for word in text.split(";")} | {"break"}
    return ";".join(word for word in FLAGS if word in held)


def _cannot(part: pd.DataFrame, new: str, code: str, **blanks: Any) -> DataError:
    what = "; ".join(str(part[c].iloc[0]) for c in _present(part, ["indicator", "group", "period"]) if part[c].iloc[0])
    return DataError(code, got=", ".join(part["unit"]) + (f" ({what})" if what else ""), new=new, **blanks)
