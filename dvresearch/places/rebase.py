"""Figures and counts of the 63 provinces brought to the borders of the 34."""

from __future__ import annotations

from math import isnan, nan
from typing import Any, Literal

import pandas as pd

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.places.lists import crosswalk, settle, units
from dvresearch.tables import FLAGS, TALLY, UNIT_KEY

__all__ = ["rebase"]

_COUNTS = [c.name for c in TALLY.columns if c.kind == "count"]
#: Rows with these in common are the same number of different provinces; what else must agree before they add up.
_SAME = {"figures": ["part", "period", "indicator"], "tally": ["period", "group"]}
_AGREE = {"figures": ["definition", "role", "period_start", "period_end"], "tally": ["clock", "supplement"]}
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
    if to != "34" or incomplete not in ("refuse", "drop"):
        raise ParameterError(
            Text("Không có cách chuyển này.", "There is no such change of borders."),
            expected=Text(
                'to="34", incomplete="refuse" hoặc "drop"',
                'to="34", incomplete="refuse" or "drop"',
            ),
            got=f"to={to!r}, incomplete={incomplete!r}",
        )
    kind = "figures" if "indicator" in table.columns else "tally"
    lacking = [c for c in UNIT_KEY if c not in table.columns]
    if lacking:
        raise DataError(
            Text("Bảng thiếu cột của đơn vị.", "The table lacks columns of the unit."),
            expected=Text(", ".join(UNIT_KEY), ", ".join(UNIT_KEY)),
            got=", ".join(map(str, table.columns)),
            hint=Text('Ghép các cột từ places.match(tên, "63").', 'Join the columns of places.match(names, "63").'),
        )
    out = table.copy()
    for column in ("parent_code", "flags", "note"):
        out[column] = out[column].fillna("") if column in out.columns else ""
    old = out["unit_version"].eq("63")
    if (old & out["unit_level"].ne("province")).any():
        raise DataError(
            Text("Chỉ chuyển được đơn vị cấp tỉnh.", "Only provinces can be brought to new borders."),
            got=", ".join(sorted(set(out.loc[old & out["unit_level"].ne("province"), "unit_level"]))),
            hint=Text(
                'Lọc trước: bảng[bảng.unit_level == "province"].',
                'Filter first: table[table.unit_level == "province"].',
            ),
        )
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
        raise _cannot(
            part,
            new,
            Text("một tỉnh có hai dòng cho cùng một con số", "a province has two rows for one number"),
            Text("Lọc theo nguồn (source) trước khi gộp.", "Filter by source before merging."),
        )
    if len(missing):
        raise _cannot(
            part,
            new,
            Text(f"thiếu {', '.join(missing)}", f"{', '.join(missing)} missing"),
            Text(
                'Thêm số liệu còn thiếu, hoặc bỏ tỉnh này bằng incomplete="drop".',
                'Add what is missing, or leave the province out with incomplete="drop".',
            ),
        )
    row: dict[str, Any] = part.iloc[0].to_dict()
    entry = units("34").set_index("unit_code").loc[code]
    row.update({"unit_version": "34", "unit_level": "province", "unit_code": code, "unit": entry["unit"]})
    if len(part) == 1:
        return row
    for column in _present(part, _AGREE[kind]):
        if len(part[column].drop_duplicates()) > 1:
            raise _cannot(
                part,
                new,
                Text(f"các dòng khác nhau về {column}", f"the rows differ in {column}"),
                Text("Chỉ gộp các số cùng định nghĩa, cùng kỳ.", "Merge only numbers of one definition and period."),
            )
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
    what = {
        "share": Text("tỷ lệ không kèm tử số và mẫu số", "a share without numerator and denominator"),
        "rate": Text("mức tăng giảm không kèm số gốc", "a change without the numbers behind it"),
        "mean": Text("số trung bình không kèm số trường hợp", "a mean without the number of cases"),
        "rank": Text("thứ hạng", "a rank"),
    }.get(quantity, Text("điểm số không kèm số đếm", "a score without counts"))
    raise _cannot(
        part,
        new,
        Text(f"không cộng được {what.vi} ({entry.label_vi})", f"{what.en} cannot be added ({entry.label_en})"),
        Text(
            "Lấy tử số và mẫu số của từng tỉnh rồi gộp; hoặc để nguyên 63 tỉnh và không so với 34 tỉnh.",
            "Get numerator and denominator of each province and merge those; or keep the 63 and do not compare.",
        ),
    )


def _with_break(flags: pd.Series) -> str:
    held = {word for text in flags for word in text.split(";")} | {"break"}
    return ";".join(word for word in FLAGS if word in held)


def _cannot(part: pd.DataFrame, new: str, why: Text, hint: Text) -> DataError:
    what = "; ".join(str(part[c].iloc[0]) for c in _present(part, ["indicator", "group", "period"]) if part[c].iloc[0])
    return DataError(
        Text(f"Không gộp được vào {new}: {why.vi}.", f"Cannot be merged into {new}: {why.en}."),
        got=", ".join(part["unit"]) + (f" ({what})" if what else ""),
        hint=hint,
    )
