"""What a panel must be before anything is estimated from it: columns, numbers, periods, adoption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.metrics.estimates import Floats, column_numbers

__all__ = [
    "ORIGIN",
    "adoption_numbers",
    "check_columns",
    "check_constant",
    "check_share",
    "check_single",
    "finite",
    "period_numbers",
]

#: Shares of the codebook that may lie outside 0-1: a result over its plan, a loss of fit.
_UNBOUNDED = ("target_attainment", "permutation_importance")
#: Added to the numbers of pandas periods, so that none is 0 (never): they count from 1970.
ORIGIN = 100_000


def check_columns(panel: pd.DataFrame, columns: Sequence[str], filled: Sequence[str] = ()) -> None:
    """Refuse what is no table, a panel without one of `columns` or with two of its name, an empty cell in `filled`."""
    if not hasattr(panel, "columns"):
        raise DataError(
            Text("Đây không phải một bảng (DataFrame).", "This is not a table (DataFrame)."),
            got=type(panel).__name__,
            hint=Text(
                "Dựng bảng bằng build_panel(…); examples.rollout trả về hai bảng: panel, truth = …",
                "Use build_panel(…); examples.rollout returns two tables: panel, truth = …",
            ),
        )
    for name in columns:
        if not isinstance(name, str | int):
            raise ParameterError(
                Text("Tên cột phải là một chuỗi.", "The name of a column must be one string."),
                expected=Text("một tên cột", "the name of one column"),
                got=repr(name),
                hint=Text(
                    'Viết tên trong ngoặc kép, ví dụ unit="unit"; nhiều chỉ tiêu thì gọi hàm nhiều lần.',
                    'Write a name in quotes, for example unit="unit"; for several outcomes call several times.',
                ),
            )
    twice = [str(c) for c in dict.fromkeys(columns) if (panel.columns == c).sum() > 1]
    if twice:
        raise DataError(
            Text(f"Bảng có nhiều cột cùng tên {twice[0]}.", f"The panel has several columns named {twice[0]}."),
            expected=Text("mỗi tên cột một lần", "each name of a column once"),
            got=", ".join(twice),
            hint=Text(
                "Bỏ cột thừa: panel.loc[:, ~panel.columns.duplicated()].",
                "Leave the copies out: panel.loc[:, ~panel.columns.duplicated()].",
            ),
        )
    missing = [str(c) for c in columns if c not in panel]
    if missing:
        raise DataError(
            Text(f"Bảng thiếu cột {', '.join(missing)}.", f"The panel lacks the column {', '.join(missing)}."),
            expected=Text(", ".join(map(str, columns)), ", ".join(map(str, columns))),
            got=", ".join(map(str, panel.columns)),
            hint=Text(
                "Dựng bảng bằng build_panel(…), hoặc nêu đúng tên cột.", "Use build_panel(…) or name the columns."
            ),
        )
    for column in filled:
        holes = panel[column].isna().to_numpy()
        if holes.any():
            raise DataError(
                Text(f"Cột {column} có ô trống.", f"The column {column} has empty cells."),
                where=f"dòng/row {int(holes.argmax()) + 1}, cột/column {column} (+{int(holes.sum()) - 1})",
                hint=Text(
                    f'Điền cho đủ, hoặc bỏ các dòng đó: panel.dropna(subset=["{column}"]).',
                    f'Fill them in, or leave those rows out: panel.dropna(subset=["{column}"]).',
                ),
            )


def finite(panel: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers; text and infinite numbers are refused."""
    values = column_numbers(panel, column)
    endless = np.isinf(values)
    if endless.any():
        raise DataError(
            Text(f"Cột {column} có giá trị vô hạn.", f"The column {column} has an infinite value."),
            expected=Text("một số, hoặc ô trống nếu không biết", "a number, or an empty cell when not known"),
            where=f"dòng/row {int(endless.argmax()) + 1}, cột/column {column} (+{int(endless.sum()) - 1})",
            hint=Text(
                "Tỷ lệ có mẫu số 0 là không biết: để trống (NaN).",
                "A rate with denominator 0 is not known: leave it empty (NaN).",
            ),
        )
    return values


def check_share(outcome: str, values: Floats) -> None:
    """Refuse values outside 0-1 of an outcome that the codebook knows as a share."""
    code = codebook.find("indicator", outcome)
    if code != outcome or code in _UNBOUNDED or codebook.get("indicator", code).unit != "share":
        return
    # Shares that were added up may be off in the last digit.
    outside = (values < -1e-9) | (values > 1 + 1e-9)
    if outside.any():
        first, more = int(outside.argmax()), int(outside.sum()) - 1
        raise DataError(
            Text(f"Tỷ lệ {outcome} nằm ngoài 0-1.", f"The share {outcome} lies outside 0-1."),
            expected=Text("tỷ lệ từ 0 đến 1 (0,85 chứ không phải 85)", "a share from 0 to 1 (0.85, not 85)"),
            got=f"{values[first]:.6g}",
            where=f"dòng/row {first + 1}, cột/column {outcome}" + (f" (+{more})" if more else ""),
            hint=Text(
                f'Chia cho 100 nếu là phần trăm: panel["{outcome}"] / 100; không phải tỷ lệ này thì đổi tên cột.',
                f'Divide by 100 if it is a percentage: panel["{outcome}"] / 100; rename what is not this share.',
            ),
        )


def period_numbers(panel: pd.DataFrame, column: str) -> tuple[Floats, Any]:
    """Return periods as numbers, missing ones as NaN, and what they were."""
    values = panel[column]
    if values.dtype == object:
        values = values.where(values.notna(), np.nan).infer_objects()
    if isinstance(values.dtype, pd.PeriodDtype):
        numbers = values.astype("int64").to_numpy(dtype=np.float64) + ORIGIN
        return np.where(values.isna(), np.nan, numbers), values.dtype
    if not pd.api.types.is_numeric_dtype(values):
        raise DataError(
            Text(f"Cột {column} không phải kỳ.", f"The column {column} does not hold periods."),
            expected=Text("số (năm) hoặc kỳ của pandas (tháng, quý)", "numbers (years) or pandas periods"),
            got=str(values.dtype),
            hint=Text(
                f'Đổi chữ thành kỳ: panel["{column}"] = pd.PeriodIndex(panel["{column}"], freq="M") ("Q", "Y" cho quý, '
                "năm); năm thì đổi thành số; chưa có bảng thì dùng build_panel(…).",
                f'Text into periods: panel["{column}"] = pd.PeriodIndex(panel["{column}"], freq="M") ("Q", "Y" for '
                "quarters, years); years may be numbers; without a panel use build_panel(…).",
            ),
        )
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    broken = np.isfinite(numbers) & (numbers != np.floor(numbers))
    if broken.any():
        raise DataError(
            Text(f"Cột {column} có kỳ không phải số nguyên.", f"The column {column} has a period that is not whole."),
            expected=Text("năm, hoặc số thứ tự kỳ: 1, 2, 3…", "years, or numbers of periods: 1, 2, 3…"),
            got=f"{numbers[broken][0]:g}",
            hint=Text("Dùng build_panel(…) hoặc pandas.PeriodIndex.", "Use build_panel(…) or pandas.PeriodIndex."),
        )
    return numbers, None


def _no_period(adopted: str, unit: str, period: str, moves: bool) -> DataError:
    """Return the error for a column that says yes or no; it `moves` when it tells in which periods."""
    formula = f'panel["{unit}"].map(panel[panel["{adopted}"] == 1].groupby("{unit}")["{period}"].min())'
    return DataError(
        Text(f"Cột {adopted} ghi có/không, không phải kỳ.", f"The column {adopted} says yes or no, not when."),
        expected=Text(
            f"{adopted}: KỲ đơn vị bắt đầu áp dụng, ghi ở mọi dòng của đơn vị; để trống (NaN) nếu không bao giờ",
            f"{adopted}: the PERIOD in which the unit adopted, in all its rows; empty (NaN) when never",
        ),
        got="0/1",
        hint=Text(f'panel["{adopted}"] = {formula}', f'panel["{adopted}"] = {formula}')
        if moves
        else Text(
            "Cột này chỉ nói nơi nào có mô hình; cần thêm kỳ bắt đầu, ví dụ từ sổ mô hình: build_panel(…).",
            "The column says only who has a model; when it began is needed as well, from the register, say: "
            "build_panel(…).",
        ),
    )


def adoption_numbers(
    panel: pd.DataFrame, adopted: str, *, unit: str, period: str, time: Floats, calendar: Any
) -> Floats:
    """Return the adoption period of each row as a number, 0 when the unit never adopts.

    Parameters
    ----------
    panel : DataFrame
        The panel.
    adopted, unit, period : str
        Its columns.
    time, calendar : array of float, dtype
        The periods of the rows, from :func:`period_numbers`.

    Raises
    ------
    DataError
        When the column says yes or no instead of a period, is of another kind than the periods, is below 0, or 0 where
        the period 0 is one of the panel.
    """
    flags = pd.api.types.infer_dtype(panel[adopted], skipna=True) == "boolean"
    cohort, its_calendar = (
        (panel[adopted].eq(True).to_numpy(np.float64), None) if flags else period_numbers(panel, adopted)
    )
    known = np.unique(cohort[~np.isnan(cohort)])
    if its_calendar is None and 1 in known and set(known) <= {0.0, 1.0}:
        of_unit = pd.Series(cohort).groupby(pd.factorize(panel[unit])[0])
        moves = bool((of_unit.min() < of_unit.max()).any())
        # Where periods count from 1, a 1 in all rows of a unit may be the first of them.
        if flags or moves or calendar is not None or np.min(time, initial=np.inf) > 1:
            raise _no_period(adopted, unit, period, moves)
    if calendar != its_calendar and len(known):
        raise DataError(
            Text("Kỳ và kỳ áp dụng không cùng kiểu.", "Periods and adoption periods are of different kinds."),
            expected=Text(f"{adopted} cùng kiểu với {period}", f"{adopted} of the kind of {period}"),
            got=f"{panel[period].dtype}, {panel[adopted].dtype}",
            hint=Text(
                "Dùng build_panel(…) để hai cột cùng lịch.", "Use build_panel(…): both columns get one calendar."
            ),
        )
    first, last = np.min(time, initial=np.inf), np.max(time, initial=-np.inf)
    # Where the panel begins with 0 and empty cells say never, 0 can only be the period.
    zero = 0 in known and (first < 0 or (first == 0 and np.isnan(cohort).any())) and last >= 0
    if zero or (known < 0).any():
        shift = int(1 - first) if np.isfinite(first) else 1
        raise DataError(
            Text(
                f"{adopted} = 0 nghĩa là không bao giờ, nhưng 0 cũng là một kỳ của bảng.",
                f"{adopted} = 0 means never, but 0 is a period of the panel as well.",
            )
            if zero
            else Text(f"Cột {adopted} có số âm.", f"The column {adopted} holds a negative number."),
            expected=Text(
                "kỳ áp dụng từ 1 trở lên; để trống (NaN) nếu không bao giờ",
                "adoption from 1 on; empty (NaN) when never",
            ),
            got=f"{adopted} = {known[0]:g}" if not zero else f"{adopted} = 0, {period} {first:g}-{last:g}",
            hint=Text(
                f'Dịch cả hai cột: panel["{period}"] + {shift} và panel["{adopted}"] + {shift}; không bao giờ thì NaN.',
                f'Shift both columns: panel["{period}"] + {shift} and panel["{adopted}"] + {shift}; NaN when never.',
            )
            if first < 1
            else Text(
                f'Số âm không có nghĩa là “không bao giờ”; để trống: panel["{adopted}"].where(panel["{adopted}"] > 0).',
                f'A negative number is not "never"; leave it empty: panel["{adopted}"].where(panel["{adopted}"] > 0).',
            ),
        )
    return np.nan_to_num(cohort, nan=0.0, posinf=0.0)


def check_single(panel: pd.DataFrame, unit: str, period: str) -> None:
    """Refuse a unit with two rows in a period."""
    twice = panel.duplicated([unit, period]).to_numpy()
    if twice.any():
        row = panel.iloc[int(twice.argmax())]
        raise DataError(
            Text("Một đơn vị có hai dòng trong cùng một kỳ.", "A unit has two rows in one period."),
            expected=Text("mỗi đơn vị một dòng mỗi kỳ", "one row per unit and period"),
            got=f"{row[unit]}, {row[period]}" + (f" (+{int(twice.sum()) - 1})" if twice.sum() > 1 else ""),
            hint=Text(
                'Gộp trước đã; nếu mỗi dòng là một người trả lời thì dùng impact(…, sampling="cross_sections").',
                'Add them up first; if each row is a respondent, use impact(…, sampling="cross_sections").',
            ),
        )


def check_constant(panel: pd.DataFrame, unit: str, constant: Sequence[str], adopted: str = "") -> None:
    """Refuse a unit with two values in a column that belongs to the unit; `adopted` is the one with its adoption."""
    codes = pd.factorize(panel[unit])[0]
    for column in constant:
        value = pd.factorize(panel[column])[0]
        some = np.zeros(codes.max(initial=-1) + 1, dtype=np.intp)
        some[codes] = value
        several = value != some[codes]
        if several.any():
            labels = panel[unit].to_numpy()[several]
            more = len(set(labels)) - 1
            raise DataError(
                Text(f"Một đơn vị có nhiều giá trị ở cột {column}.", f"A unit has several values of {column}."),
                expected=Text(f"mỗi đơn vị một giá trị {column}", f"one value of {column} per unit"),
                got=f"{labels[0]} (+{more})" if more else str(labels[0]),
                hint=Text(
                    f"Mọi dòng của đơn vị phải ghi cùng một giá trị {column}"
                    + ("; kỳ áp dụng là kỳ đầu tiên có mô hình." if column == adopted else "."),
                    f"Every row of the unit must have the same {column}"
                    + ("; the adoption period is the first with a model." if column == adopted else "."),
                ),
            )
