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

__all__ = ["check_comparable", "counted_shares", "refuse_mixed", "refuse_whole_and_parts"]


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
        raise DataError(
            Text(
                f"Không so sánh được: cột “{label('column', column, 'vi')}” có nhiều giá trị.",
                f"Not comparable: the table mixes several values of {label('column', column, 'en')}.",
            ),
            expected=Text(f"một giá trị duy nhất ở cột {column}", f"a single value in the column {column}"),
            got=", ".join(map(repr, seen)),
            hint=Text(
                f'Chọn một: table[table["{column}"] == {seen[0]!r}].',
                f'Choose one: table[table["{column}"] == {seen[0]!r}].',
            ),
        )


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
        raise DataError(
            Text("Bảng có cả số của đơn vị lẫn số của từng phần.", "Whole units stand beside parts of units."),
            expected=Text("chỉ số của cả đơn vị, hoặc chỉ số của các phần", "whole units only, or parts only"),
            where=f"cột/column {column}",
            hint=Text(
                f'Thêm "{column}" vào by=, hoặc chỉ giữ dòng có cột {column} trống.',
                f'Add "{column}" to by=, or keep the rows whose {column} is blank.',
            ),
        )


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
            raise DataError(
                Text(
                    f"Không so sánh được: dòng tổng {ALL} nằm cùng các phần của nó.",
                    f"Not comparable: the total {ALL} stands among its parts.",
                ),
                where=f"cột/column {column}",
                hint=Text(
                    f'Bỏ dòng tổng: estimates[estimates["{column}"] != "{ALL}"].',
                    f'Leave the total out: estimates[estimates["{column}"] != "{ALL}"].',
                ),
            )


def counted_shares(estimates: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return numerators, denominators and which rows have a share that follows from them.

    Raises
    ------
    DataError
        When no row has counts (a published score or percentage alone), or a value is not its
        numerator divided by its denominator (a rate, a difference, an index).
    """
    value, x, n = (estimates[c].to_numpy(dtype=np.float64) for c in ("value", "numerator", "denominator"))
    known = np.isfinite(value) & np.isfinite(x) & (n > 0)
    if not known.any():
        raise DataError(
            Text(
                "Không so sánh được: không dòng nào có cả tử số và mẫu số.",
                "Not comparable: no row has both a numerator and a denominator.",
            ),
            expected=Text("ước lượng kèm số đếm", "estimates with their counts"),
            hint=Text(
                "Điểm số hoặc tỷ lệ công bố không kèm số đếm thì không so được; hãy xin tử số và mẫu số.",
                "A score or share published without counts cannot be compared; ask for both counts.",
            ),
        )
    if not np.allclose(value[known], x[known] / n[known], rtol=0, atol=1e-9):
        raise DataError(
            Text(
                "Có dòng mà giá trị không bằng tử số chia mẫu số.",
                "In some row the value is not the numerator divided by the denominator.",
            ),
            expected=Text("tỷ lệ 0-1 kèm số đếm của nó", "shares 0-1 with their own counts"),
            hint=Text("Tính lại tỷ lệ từ số đếm bằng proportion(…).", "Recompute the share with proportion(…)."),
        )
    return x, n, known
