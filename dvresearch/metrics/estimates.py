"""The one builder of estimate frames: counts checked and grouped, flags and reasons in words.

Every metric ends in :func:`build`, so a table of estimates looks the same whatever
it measures: the grouping columns, then the columns of ``tables.ESTIMATES``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dvresearch.errors import DataError, ParameterError, Text, check_choice
from dvresearch.tables import BASES, ESTIMATES, FLAGS, Column, Table, check

__all__ = ["build"]

#: Denominator below which an estimate is flagged ``few``. The presentation standard of the US National Center for
#: Health Statistics does not show a proportion resting on fewer than 30 cases (Parker et al. 2017, Vital and Health
#: Statistics 2(175)); here it is shown with the flag.
FEW = 30
#: Share from which a satisfaction result is flagged ``ceiling``: at 95 % and more, surveys no longer tell units apart.
CEILING = 0.95
#: Label of the group whose name the source leaves empty.
NOT_STATED = "(không rõ)"
#: Label of the row over all groups.
ALL = "(tất cả)"

Floats = NDArray[np.float64]


def group_names(by: str | Sequence[str] | None) -> list[str]:
    """Return the names of the columns to group by as a list; refuse what is no name."""
    labels = [by] if isinstance(by, str) else list(by) if isinstance(by, Iterable) else [] if by is None else [by]
    if not all(isinstance(name, str) for name in labels):
        raise ParameterError("by-is-no-column-name", got=f"by={by!r}")
    return labels


def grouping(table: pd.DataFrame, by: str | Sequence[str] | None) -> list[str]:
    """Return the columns to group by as a list; refuse one that the table has not."""
    labels = group_names(by)
    lacking = [str(c) for c in labels if c not in table.columns]
    if lacking:
        seen = [str(c) for c in table.columns]
        near = difflib.get_close_matches(lacking[0], seen, 3, 0.5) or seen
        raise ParameterError(
            "by-names-no-column",
            got=f"by={by!r}",
            missing=", ".join(lacking),
            columns=", ".join(seen),
            near=", ".join(near),
        )
    return labels


def check_confidence(confidence: float) -> None:
    """Refuse a confidence level outside 0-1 (95 instead of 0.95)."""
    if not isinstance(confidence, float | int | np.floating) or not 0 < confidence < 1:
        raise ParameterError("confidence-outside-0-1", got=repr(confidence))


def check_number(argument: str, value: object, least: float, most: float) -> None:
    """Refuse `value` unless it is a number from `least` to `most`; `argument` is its name in the message."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not least <= value <= most:  # type: ignore[operator]
        raise ParameterError(
            "number-outside-range", got=f"{argument}={value!r}", name=argument, least=f"{least:g}", most=f"{most:g}"
        )


def check_whole(argument: str, value: object, least: int = 0) -> None:
    """Refuse `value` unless it is a whole number from `least` on; `argument` is its name in the message."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(
            "number-not-whole", got=f"{argument}={value!r}", name=argument, least=least, example=least + 1
        )


def column_numbers(table: pd.DataFrame, column: str) -> Floats:
    """Return a checked column as floats; text is refused, since "1.234" could be a thousand or one and a bit."""
    values = table[column]
    if not pd.api.types.is_numeric_dtype(values):
        text = values.map(lambda cell: isinstance(cell, str)).to_numpy(dtype=bool)
        if text.any():
            raise DataError("text-in-number-column", where=_row(int(text.argmax()), column))
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _row(position: int, column: str) -> str:
    return f"dòng/row {position + 1}, cột/column {column}"


def check_part(part: Floats, whole: Floats, *, names: tuple[str, str]) -> None:
    """Refuse rows in which a part is larger than its whole.

    Parameters
    ----------
    part, whole : array of float
        Counts row by row; a missing one is not compared.
    names : tuple of str
        Their column names, for the message.

    Raises
    ------
    DataError
        At the first such row, counted from 1.
    """
    bad = part > whole
    if bad.any():
        i = int(bad.argmax())
        more = int(bad.sum()) - 1
        raise DataError(
            "part-above-whole",
            got=f"{part[i]:.15g} > {whole[i]:.15g}",
            where=_row(i, names[0]) + (f" (+{more})" if more else ""),
            part=names[0],
            whole=names[1],
        )


def grouped_counts(
    table: pd.DataFrame,
    counts: Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    overall: Literal["omit", "append"] = "omit",
    nested: Sequence[str] = (),
) -> tuple[pd.DataFrame, list[Floats]]:
    """Check count columns and add them up by group.

    Parameters
    ----------
    table : DataFrame
        One row per observation, unit or period.
    counts : sequence of str
        Columns of counts from 0 up; fractions are allowed, since published figures hold averages.
    by : str or sequence of str, optional
        Grouping columns. Groups keep the order in which they first appear; a missing text label
        becomes the group `NOT_STATED`. Without `by`, all rows are one group.
    overall : {"omit", "append"}, default "omit"
        Whether a last row adds up all rows. Its label is `ALL`, or missing in a column of numbers or dates.
    nested : sequence of str, optional
        Some of `counts`, each a part of the next: it must not exceed it in any row.

    Returns
    -------
    keys : DataFrame
        The labels, a row per group.
    sums : list of array
        The sum of each of `counts` by group. A group with one unknown count has an unknown
        sum: leaving the row out would change what the others mean.

    Raises
    ------
    DataError
        For a missing column, no rows, text, a negative or infinite count, a part above its whole.
    ParameterError
        For a grouping column named like a column of the estimates.
    """
    check_choice("overall", overall, ("omit", "append"))
    labels = group_names(by)
    clash = [c for c in labels if c in ESTIMATES.names]
    if clash or len(set(labels)) < len(labels):
        raise ParameterError("group-column-clashes", got=", ".join(clash or labels))
    needed = [Column(c, "count", required=True) for c in counts] + [Column(c, "text", required=True) for c in labels]
    check(table, Table("counts", Text("số đếm", "counts"), (), tuple(needed)))
    columns = {c: column_numbers(table, c) for c in counts}
    for part, whole in pairwise(nested):
        check_part(columns[part], columns[whole], names=(part, whole))

    keys, codes = label_groups(table, labels)
    sums = [np.bincount(codes, weights=columns[c], minlength=len(keys)).astype(np.float64) for c in counts]
    if overall == "append" and labels:
        integers = [c for c in labels if pd.api.types.is_integer_dtype(keys[c])]
        keys = keys.astype(dict.fromkeys(integers, "Int64")).reindex(range(len(keys) + 1))
        for c in labels:
            if is_text(keys[c]):
                keys.loc[len(keys) - 1, c] = ALL
        sums = [np.append(s, s.sum()) for s in sums]
    return keys, sums


def is_text(values: pd.Series) -> bool:
    """Return whether a column holds words rather than numbers or dates."""
    return pd.api.types.is_string_dtype(values.dtype) or pd.api.types.is_object_dtype(values.dtype)


def label_groups(table: pd.DataFrame, labels: list[str]) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return the distinct labels, a row per group in order of appearance, and the group number of each row."""
    if not labels:
        return pd.DataFrame(index=pd.RangeIndex(1)), np.zeros(len(table), dtype=np.intp)
    keys = table[labels].reset_index(drop=True)
    for c in labels:
        if isinstance(keys[c].dtype, pd.CategoricalDtype):
            keys[c] = keys[c].astype(keys[c].cat.categories.dtype)
        if is_text(keys[c]):
            keys[c] = keys[c].fillna(NOT_STATED)
    codes = keys.groupby(labels, sort=False, dropna=False).ngroup().to_numpy()
    return keys[~pd.Series(codes).duplicated()].reset_index(drop=True), codes


def missing_counts(numerator: Floats, denominator: Floats) -> dict[str, NDArray[np.bool_]]:
    """Return the reasons for which a numerator and a denominator give no value, for :func:`build`."""
    return {
        "no_counts": np.isnan(numerator) & np.isnan(denominator),
        "no_numerator": np.isnan(numerator),
        "no_denominator": np.isnan(denominator),
        "zero_denominator": denominator == 0,
    }


def _words(bits: Mapping[str, ArrayLike], rows: int) -> pd.api.extensions.ExtensionArray:
    """Return for each row the names whose mask is true, in the order of `FLAGS`, joined by ``;``."""
    mask = np.zeros(rows, dtype=np.intp)
    for i, flag in enumerate(FLAGS):
        mask |= np.asarray(bits.get(flag, False), dtype=bool).astype(np.intp) << i
    texts = [";".join(f for i, f in enumerate(FLAGS) if m >> i & 1) for m in range(1 << len(FLAGS))]
    return pd.array(texts, dtype="str").take(mask)


def _first_reason(reasons: Mapping[str, ArrayLike], rows: int) -> pd.api.extensions.ExtensionArray:
    code = np.zeros(rows, dtype=np.intp)
    for i, mask in enumerate(reasons.values(), start=1):
        code[(code == 0) & np.asarray(mask, dtype=bool)] = i
    return pd.array(["", *reasons], dtype="str").take(code)


def build(
    keys: pd.DataFrame,
    *,
    indicator: str | pd.Series,
    value: ArrayLike,
    std_error: ArrayLike = np.nan,
    lower: ArrayLike = np.nan,
    upper: ArrayLike = np.nan,
    confidence: ArrayLike = np.nan,
    numerator: ArrayLike = np.nan,
    denominator: ArrayLike = np.nan,
    n: ArrayLike = np.nan,
    definition: str | pd.Series = "",
    basis: str | pd.Series = "unknown",
    method: str | pd.Series = "",
    flags: Mapping[str, ArrayLike] | None = None,
    reasons: Mapping[str, ArrayLike] | None = None,
) -> pd.DataFrame:
    """Put an estimates table together.

    Parameters
    ----------
    keys : DataFrame
        The grouping columns, a row per estimate (no column at all for a single one).
    indicator : str or Series of str
        Code of what is measured, as in the codebook.
    value, std_error, lower, upper : array-like of float
        The estimate, its standard error and its interval, in the unit of the indicator.
    confidence : float or array of float
        Level of the interval, 0-1; NaN when there is none.
    numerator, denominator, n : array-like of float
        The counts behind the value, and the number of observations.
    definition, basis, method : str or Series of str
        Codes of the codebook. `basis` is one of ``tables.BASES``.
    flags : mapping of flag to array-like of bool, optional
        Rows that carry the flag; the words are written in the order of ``tables.FLAGS``. ``break``
        marks the first row after a break: it must not be compared with the rows above it.
    reasons : mapping of code to array-like of bool, optional
        Rows whose value or interval is missing, and why. The first that applies is written.

    Returns
    -------
    DataFrame
        `keys`, then the columns of ``tables.ESTIMATES``.
    """
    if isinstance(basis, str):
        check_choice("basis", basis, BASES)
    flags, reasons = flags or {}, reasons or {}
    for flag in flags:
        check_choice("flags", flag, FLAGS)
    rows = len(keys)
    numbers = {"value": value, "std_error": std_error, "lower": lower, "upper": upper, "confidence": confidence}
    numbers |= {"numerator": numerator, "denominator": denominator, "n": n}
    codes = {"indicator": indicator, "definition": definition, "basis": basis, "method": method}
    data: dict[str, Any] = {
        **{c: np.broadcast_to(np.asarray(given, dtype=np.float64), rows).copy() for c, given in numbers.items()},
        **{
            c: pd.array(np.broadcast_to(np.asarray(given, dtype=object), rows), dtype="str")
            for c, given in codes.items()
        },
        "flags": _words(flags, rows),
        "reason": _first_reason(reasons, rows),
    }
    return pd.DataFrame({**{c: keys[c].array for c in keys}, **{c: data[c] for c in ESTIMATES.names}})


def has_flag(estimates: pd.DataFrame, flag: str, column: str = "flags") -> NDArray[np.bool_]:
    """Return which rows of `estimates` carry `flag` in `column`."""
    check_choice("flag", flag, FLAGS)
    return estimates[column].str.contains(rf"(?:^|;){flag}(?:;|$)", na=False).to_numpy(dtype=bool)


def add_flag(estimates: pd.DataFrame, flag: str, rows: ArrayLike = True) -> pd.DataFrame:
    """Return `estimates` with `flag` added where the mask `rows` is true, the words kept in order."""
    masks: dict[str, ArrayLike] = {f: has_flag(estimates, f) for f in FLAGS}
    masks[flag] = has_flag(estimates, flag) | np.asarray(rows, dtype=bool)
    return estimates.assign(flags=_words(masks, len(estimates)))


def with_counts(reasons: pd.Series, numbers: Mapping[str, Floats]) -> pd.Series:
    """Return reasons with those that have a number: ``undated_left_out=5``, without it where it is NaN."""
    out = reasons.to_numpy(dtype=object).copy()
    for code, count in numbers.items():
        rows = np.flatnonzero(count != 0)
        said = [code if np.isnan(c) else f"{code}={c:.0f}" for c in count[rows]]
        out[rows] = [f"{old};{new}" if old else new for old, new in zip(out[rows], said, strict=True)]
    return pd.Series(out, index=reasons.index, dtype="str")
