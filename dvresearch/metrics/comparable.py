"""Which estimates may be set side by side: ranked, subtracted, or put into one funnel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.codebook import label
from dvresearch.errors import DataError, Text
from dvresearch.metrics.estimates import ALL, Floats, is_text
from dvresearch.tables import ESTIMATES, check

__all__ = ["check_comparable", "counted_shares", "known_counts", "refuse_mixed", "refuse_whole_and_parts"]


def refuse_mixed(table: pd.DataFrame, columns: Sequence[str], *, by: Sequence[str] = ()) -> None:
    """Refuse a table in which one of `columns` holds several values within a group of `by`.

    Parameters
    ----------
    table : DataFrame
        Rows to be set side by side or added up.
    columns : sequence of str
        Those the table has not are left out.
    by : sequence of str
        Grouping columns; without them the whole table is one group.

    Raises
    ------
    DataError
        The message names the column, its values and which rows to choose.
    """
    for column in columns:
        if column not in table or column in by:
            continue
        seen = list(table[column].dropna().unique())
        if len(seen) < 2 or (by and table.groupby(list(by), sort=False, dropna=False)[column].nunique().max() < 2):
            continue
        name = Text(label("column", column, "vi"), label("column", column, "en"))
        shown = ", ".join(map(repr, seen))
        raise DataError("rows-mix-values", got=shown, column_name=column, name=name, first=repr(seen[0]))


def refuse_whole_and_parts(table: pd.DataFrame, column: str, *, by: Sequence[str] = ()) -> None:
    """Refuse a group in which a whole unit (`column` blank) stands beside parts of units.

    Parameters
    ----------
    table : DataFrame
        Rows to be added up or averaged.
    column : str
        The column that names the part of a unit; a table without it has no parts.
    by : sequence of str
        Grouping columns.

    Raises
    ------
    DataError
        A sum over such a group would count the parts twice.
    """
    if column not in table or column in by:
        return
    whole = table[column].isna() | (table[column] == "")
    if whole.all() or not whole.any():
        return
    if not by or whole.groupby([table[c] for c in by], dropna=False).nunique().max() > 1:
        raise DataError("whole-beside-parts", where=f"cột/column {column}", name=column)


def check_comparable(estimates: pd.DataFrame) -> None:
    """Refuse estimates that must not be set side by side.

    Parameters
    ----------
    estimates : DataFrame
        Rows to be ranked, subtracted or put into one funnel.

    Raises
    ------
    DataError
        When they mix indicators, definitions, bases, levels or versions of units, or hold the
        total among its parts; the message says which rows to choose.
    """
    check(estimates, ESTIMATES)
    refuse_mixed(estimates, ("indicator", "definition", "basis", "unit_level", "unit_version"))
    for column in estimates.columns.difference(ESTIMATES.names):
        if is_text(estimates[column]) and (estimates[column] == ALL).any():
            raise DataError("total-among-its-parts", where=f"cột/column {column}", total=ALL, name=column)


def known_counts(estimates: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return numerators, denominators and which rows have both beside a value.

    Raises
    ------
    DataError
        When no row has counts (a published score or percentage alone).
    """
    value, x, n = (estimates[c].to_numpy(dtype=np.float64) for c in ("value", "numerator", "denominator"))
    known = np.isfinite(value) & np.isfinite(x) & (n > 0)
    if not known.any():
        raise DataError("no-row-has-counts")
    return x, n, known


def counted_shares(estimates: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the same of shares that follow from their counts.

    Raises
    ------
    DataError
        As :func:`known_counts`, or when a value is not its numerator divided by its denominator (a rate, a
        difference, an index).
    """
    x, n, known = known_counts(estimates)
    if not np.allclose(estimates["value"].to_numpy(dtype=np.float64)[known], x[known] / n[known], rtol=0, atol=1e-9):
        raise DataError("no-proportions")
    return x, n, known
