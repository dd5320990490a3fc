"""Outcomes as rows of units and periods: estimates, tallies or tables, one map, one length of period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, Text
from dvresearch.metrics.comparisons import refuse_mixed, refuse_whole_and_parts
from dvresearch.metrics.effects.inputs import check_columns, check_share, read_periods
from dvresearch.metrics.estimates import ALL, column_numbers, is_text
from dvresearch.places import rebase
from dvresearch.tables import MODEL_FIELDS, TABLES, TALLY, UNIT_KEY, Column, Table, check
from dvresearch.text import shape
from dvresearch.text.dates import FIRST_YEAR, LAST_YEAR

__all__ = ["read_outcomes"]

_COUNTS = [c.name for c in TALLY.columns if c.kind == "count"]
#: Columns in which text that looks like a number is a code.
_NAMES = {c.name for t in TABLES.values() for c in t.columns if c.kind in ("text", "code")}
_NUMBER = r"[-+\u2212]?(?:0|[1-9][0-9.]*)(?:[.,][0-9]+)?[\s\u00a0]?%?"
_ROW = Text("chỉ tiêu của một đơn vị", "outcomes of a unit")
#: Columns that a panel adds to the outcomes.
_ADDED = {"adopted", "event_time", "dose", "field", "registered", "observed", "basis"}
_ADDED |= {f"adopted_{field}" for field in MODEL_FIELDS}


def read_outcomes(outcomes: pd.DataFrame, *, unit: str, period: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read outcomes; arguments as for ``build_panel``.

    Returns
    -------
    table : DataFrame
        The rows given, with ``unit`` (a name of its own for each unit) and ``period`` (pandas periods, or years).
    rows : DataFrame
        The unit columns, ``unit``, ``period``, ``observed``, ``basis`` when there is one, a column per outcome; a row
        for each unit and period, unless the rows are respondents.

    Raises
    ------
    DataError
        As for ``build_panel``.
    """
    check_columns(outcomes, [unit, period])
    check_columns(outcomes, list(outcomes.columns[outcomes.columns.duplicated()]))
    for given, name in ((unit, "unit"), (period, "period")):
        if given != name and name in outcomes:
            raise DataError("column-named-twice-over", got=f"{name}={given!r}", given=given, name=name)
    key = (Column(unit, "text", required=True), Column(period, "text", required=True))
    check(outcomes, Table("outcomes", _ROW, (), key))
    table = _one_map(outcomes.rename(columns={unit: "unit", period: "period"}))
    table = table.assign(period=_periods(table["period"]), unit=_unique_names(table))
    return table, _outcomes(table)


def _one_map(table: pd.DataFrame) -> pd.DataFrame:
    """Refuse units of different kinds side by side; bring the former provinces to the present borders."""
    refuse_mixed(table, ("unit_level", "group"))
    refuse_whole_and_parts(table, "part")
    table = check(table[table["unit"] != ALL], Table("outcomes", _ROW, (), ()))
    check_columns(table, (), ("unit", "period"))
    versions = set(table["unit_version"].unique()) if "unit_version" in table else set()
    if {"63", "34"} <= versions and (table["unit_level"] == "province").all():
        return rebase(table)
    refuse_mixed(table, ("unit_version",))
    return table


def _periods(values: pd.Series) -> pd.Series:
    """Return periods as pandas periods of one length, or as years."""
    periods = read_periods(values)
    if not isinstance(periods.dtype, pd.PeriodDtype):
        if not periods.between(FIRST_YEAR, LAST_YEAR).all():
            raise DataError("periods-are-no-years", got=f"{periods.min():.12g}–{periods.max():.12g}")
        return values
    return periods


def _unique_names(table: pd.DataFrame) -> pd.Series:
    """Return the names of the units, with their code where a name stands for several units."""
    names = table["unit"].astype("str")
    if "unit_code" not in table:
        return names
    several = table.groupby(names)["unit_code"].transform("nunique") > 1
    return names.where(~several, names + " (" + table["unit_code"].astype("str") + ")")


def _outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per unit and period (every pair of them, unless rows are respondents) with a column per outcome."""
    of_unit = [c for c in (*UNIT_KEY[:3], "parent_code") if c in table]
    key = ["unit", "period"]
    if "indicator" in table:
        refuse_mixed(table, ("definition", "basis"), by=["indicator"])
        _refuse_repeated(table, [*key, "indicator"])
        table = _numeric(table, [Column("value", "number", required=True), Column("denominator", "number")])
        wide = table.set_index([*key, "indicator"])
        values = wide["value"].unstack("indicator")  # noqa: PD010 - keys are checked to be single
        if "denominator" in table and table["denominator"].notna().any():
            sizes = wide["denominator"].unstack("indicator").dropna(axis=1, how="all")  # noqa: PD010
            values = values.join(sizes.add_suffix("_n"))
        values = values.reset_index()
        for code in table["indicator"].unique():
            check_share(code, table["value"].where(table["indicator"] == code).to_numpy(dtype=np.float64))
    else:
        counts = [c for c in _COUNTS if c in table]
        table = _numeric(table, [Column(c, "count") for c in counts])
        taken = counts or [c for c in table.select_dtypes("number") if c not in {*key, *UNIT_KEY, "parent_code"}]
        _refuse_text(table, taken)
        if counts:
            _refuse_repeated(table, key)
        values = table[[*key, *taken, *(c for c in ("stratum", "cluster", "weight") if c in table and c not in taken)]]
        for outcome in taken:
            check_share(outcome, table[outcome].to_numpy(dtype=np.float64, na_value=np.nan))
    values.columns.name = None
    taken = [c for c in values if c in _ADDED]
    if taken:
        raise DataError("outcome-named-like-panel", got=", ".join(taken), listed=", ".join(taken), names=taken)
    grid = values
    if not values.duplicated(key).any():
        seen = values["period"].dropna()
        every = pd.period_range if isinstance(seen.dtype, pd.PeriodDtype) else lambda a, b: np.arange(a, b + 1)
        span = every(seen.min(), seen.max())
        grid = pd.MultiIndex.from_product([values["unit"].unique(), span], names=key).to_frame(index=False)
        grid = grid.astype({"period": values["period"].dtype}).merge(values, on=key, how="left")
    measured = grid.drop(columns=key).select_dtypes("number").notna().any(axis=1)
    about = table.drop_duplicates("unit").set_index("unit")[of_unit]
    basis = table["basis"].unique() if "basis" in table else []
    grid.insert(2, "observed", measured)
    if len(basis) == 1:
        grid.insert(3, "basis", basis[0])
    return grid.join(about, on="unit")[[*of_unit, *grid.columns]]


def _numeric(table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    check(table, Table("outcomes", _ROW, (), tuple(columns)))
    return table.assign(**{c.name: column_numbers(table, c.name) for c in columns if c.name in table})


def _refuse_text(table: pd.DataFrame, taken: Sequence[str]) -> None:
    """Refuse numbers written as text, which would be no outcome, and a table without any outcome."""
    for column in (c for c in table if c not in {"unit", "period", *_NAMES} and is_text(table[c])):
        cells = table[column].dropna().astype("str").str.strip()
        numbers = cells[cells.str.fullmatch(_NUMBER)]
        if len(numbers) and 2 * len(numbers) >= (cells != "").sum():
            raise DataError("numbers-are-text", got=shape(numbers.iloc[0]), name=column)
    if not taken:
        raise DataError("no-outcome", got=", ".join(map(str, table.columns)))


def _refuse_repeated(table: pd.DataFrame, key: list[str]) -> None:
    twice = table.duplicated(key).to_numpy()
    if twice.any():
        row = table.iloc[int(twice.argmax())]
        shown = ", ".join(str(row[c]) for c in key) + f" (+{int(twice.sum()) - 1})"
        raise DataError("unit-twice-in-outcomes", got=shown)
