"""Difference of two shares with an interval: Newcombe's hybrid score, Miettinen and Nurminen's score."""

from __future__ import annotations

import difflib
from collections.abc import Hashable
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.metrics.comparable import check_comparable, counted_shares, refuse_mixed
from dvresearch.metrics.estimates import ALL, Floats, build, check_confidence, has_flag
from dvresearch.metrics.proportions import wilson, z_value
from dvresearch.tables import ESTIMATES, FLAGS, UNIT_KEY, check

__all__ = ["METHODS", "difference", "differences", "either_flag", "miettinen_nurminen", "newcombe", "sides"]


def newcombe(x1: Floats, n1: Floats, x2: Floats, n2: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Interval of a difference of independent proportions from two Wilson intervals.

    Parameters
    ----------
    x1, n1, x2, n2 : array of float
        Numerators and denominators of the two proportions; the difference is the first minus
        the second.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    lower, upper : array of float
        Limits in -1 to 1.

    Notes
    -----
    Newcombe's method 10: with d = p1 - p2 and Wilson limits l, u of each,
    ``d - sqrt((p1 - l1)² + (u2 - p2)²)`` and ``d + sqrt((u1 - p1)² + (p2 - l2)²)``.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:873-890.
    """
    p1, p2 = x1 / n1, x2 / n2
    (l1, u1), (l2, u2) = wilson(x1, n1, confidence), wilson(x2, n2, confidence)
    return p1 - p2 - np.hypot(p1 - l1, u2 - p2), p1 - p2 + np.hypot(u1 - p1, p2 - l2)


def miettinen_nurminen(
    x1: Floats, n1: Floats, x2: Floats, n2: Floats, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Score interval of a difference of independent proportions, with the N/(N - 1) correction.

    Parameters and result as for :func:`newcombe`. The limits are the differences d with
    ``(p1 - p2 - d)² = z² V(d)``, ``V(d) = (r1(1 - r1)/n1 + r2(1 - r2)/n2)·N/(N - 1)``, where r1 and r2
    are the maximum likelihood proportions that differ by d.

    References
    ----------
    Miettinen and Nurminen (1985), Statistics in Medicine 4:213-226.
    """
    z = z_value(confidence)
    estimate = x1 / n1 - x2 / n2

    def limit(end: float) -> Floats:
        """Bisect between the estimate, which is never rejected, and -1 or 1."""
        inside, outside = estimate.copy(), np.full_like(estimate, end)
        for _ in range(60):
            d = (inside + outside) / 2
            rejected = (estimate - d) ** 2 > z * z * _score_variance(x1, n1, x2, n2, d)
            inside, outside = np.where(rejected, inside, d), np.where(rejected, d, outside)
        return outside

    return limit(-1.0), limit(1.0)


def _score_variance(x1: Floats, n1: Floats, x2: Floats, n2: Floats, d: Floats) -> Floats:
    """Variance of the difference at the maximum likelihood proportions that differ by `d` (M & N, appendix 1)."""
    total, cases = n1 + n2, x1 + x2
    l2 = (n1 + 2 * n2) * d - total - cases
    l1 = (n2 * d - total - 2 * x2) * d + cases
    l0 = x2 * d * (1 - d)
    q = (l2 / (3 * total)) ** 3 - l1 * l2 / (6 * total**2) + l0 / (2 * total)
    p = np.sign(q) * np.sqrt(np.maximum((l2 / (3 * total)) ** 2 - l1 / (3 * total), 0))
    cosine = np.divide(q, p**3, out=np.zeros_like(q), where=p != 0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    r2 = np.clip(2 * p * np.cos(angle) - l2 / (3 * total), 0, 1)
    r1 = np.clip(r2 + d, 0, 1)
    return (r1 * (1 - r1) / n1 + r2 * (1 - r2) / n2) * total / (total - 1)


#: Interval methods by their code in the codebook.
METHODS = {"newcombe": newcombe, "miettinen_nurminen": miettinen_nurminen}


def difference(
    estimates: pd.DataFrame,
    *,
    column: str,
    of: Hashable,
    against: Hashable,
    method: Literal["newcombe", "miettinen_nurminen"] = "newcombe",
    confidence: float = 0.95,
    bridge: str | None = None,
) -> pd.DataFrame:
    """Difference between the shares of two periods, units or groups.

    Parameters
    ----------
    estimates : DataFrame
        Shares with their counts, of one indicator, definition and basis.
    column : str
        The column in which the two sides differ, for example ``period`` or ``unit``. Its other
        grouping columns pair the rows: ``column="period"`` gives one difference for every unit.
    of, against : label
        The two values of `column`; the result is `of` minus `against`. The cases behind them must
        be different cases: a month and the year that contains it are not independent.
    method : {"newcombe", "miettinen_nurminen"}, default "newcombe"
        Interval method, see the functions of these names.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    bridge : str, optional
        What makes two periods comparable although the series breaks between them or the
        definition differs, in a few words; it is written beside the label. Without it such a
        difference is refused. It joins periods, never units.

    Returns
    -------
    DataFrame
        The grouping columns of `estimates` with ``"of − against"`` in `column` (when it is a unit or
        a period, without the other columns that name the same unit or period), then the columns of
        ``tables.ESTIMATES``: ``value`` in shares (-1 to 1, so 0.05 is five percentage points),
        ``std_error`` ``sqrt(p1(1 - p1)/n1 + p2(1 - p2)/n2)``, ``n`` the cases of both sides. A
        difference has no numerator and denominator. The flags of both sides are kept. A row
        without value has the reason ``no_pair``, ``no_counts`` or that of its side.

    Raises
    ------
    DataError
        When the two sides mix indicators, definitions, bases or levels of units, when a series
        breaks between them (a row with the flag ``break`` after the first of them in the order
        of the table, up to the second), when rows repeat, or when no side has counts.
    ParameterError
        For an unknown word, column or label.

    Notes
    -----
    Checked against Newcombe (1998), table II, and Jansen (2016); Newcombe's interval also against
    statsmodels ``confint_proportions_2indep`` (see tests/test_difference.py).
    """
    check_choice("method", method, tuple(METHODS))
    check_confidence(confidence)
    check(estimates, ESTIMATES)
    keys = [c for c in estimates.columns if c not in ESTIMATES.names]
    check_choice("column", column, keys or ["unit"])
    _check_labels(estimates[column], of, against)
    family = next((f for f in _FAMILIES if column in f), (column,))
    others = [c for c in keys if c not in family]
    both = estimates.reset_index(drop=True)
    # Within a group the running number of breaks differs between two rows exactly when a break lies between them.
    same = both.groupby([*others, "indicator"], sort=False, dropna=False).ngroup()
    both = both.assign(breaks=pd.Series(has_flag(both, "break")).groupby(same).cumsum())
    both = both[both[column].isin([of, against])]
    if column in _FAMILIES[0]:
        check_comparable(both)
    else:
        refuse_mixed(both, ("indicator", "definition", "basis") if bridge is None else ("indicator",))
    counted_shares(both)
    pairs = sides(both, column, of, against, on=[*others, "indicator"])
    if bridge is None and column not in _FAMILIES[0]:
        known_breaks = pairs[["breaks_1", "breaks_2"]].dropna()
        broken = int((known_breaks["breaks_1"] != known_breaks["breaks_2"]).sum())
        if broken:
            raise DataError("series-breaks-between", got=f"{broken} / {len(pairs)}", against=repr(against), of=repr(of))
    found, counted = differences(pairs, method, confidence)
    reasons = {"no_pair": pairs["basis_1"].isna() | pairs["basis_2"].isna()}
    for reason in pd.unique(pd.concat([pairs["reason_1"], pairs["reason_2"]]).dropna()):
        if reason:
            reasons[reason] = ~counted & ((pairs["reason_1"] == reason) | (pairs["reason_2"] == reason))
    label = f"{of} − {against}" + (f" ({bridge})" if bridge else "")
    first = both[both[column] == of].iloc[0]
    return build(
        pairs[others].assign(**{column: label})[[c for c in keys if c in (*others, column)]],
        indicator=first["indicator"],
        **found | {"value": np.where(counted, found["value"], np.nan)},
        confidence=confidence,
        definition=first["definition"],
        basis=first["basis"],
        method=method,
        flags=either_flag(pairs),
        reasons={**reasons, "no_counts": ~counted},
    )


#: Columns that name the same thing: when one of them tells the sides apart, the others do so too and pair nothing.
_FAMILIES = (
    (*UNIT_KEY, "parent_code"),
    ("period", "period_start", "period_end", "as_of", "year", "quarter", "month"),
)


def _check_labels(values: pd.Series, of: Hashable, against: Hashable) -> None:
    seen = list(values.dropna().unique())
    for name, label in (("of", of), ("against", against)):
        if label not in seen:
            near = difflib.get_close_matches(str(label), list(map(str, seen)), 3, 0.4) or list(map(str, seen[:3]))
            raise ParameterError("label-not-in-column", got=f"{name}={label!r}", name=values.name, near=", ".join(near))
    if of == against or ALL in (of, against):
        raise ParameterError("sides-are-not-apart", got=f"of={of!r}, against={against!r}")


def sides(rows: pd.DataFrame, column: str, of: Hashable, against: Hashable, *, on: list[str]) -> pd.DataFrame:
    """Put two sides into one row for each combination of `on`, those with one side only included.

    Parameters
    ----------
    rows : DataFrame
        The rows of both sides.
    column : str
        Where the sides differ.
    of, against : label
        The values there; other columns of the first get the suffix ``_1``, of the second ``_2``.
    on : list of str
        What pairs the rows.
    """
    pairs = rows[on].drop_duplicates()
    for i, label in enumerate((of, against), start=1):
        side = rows[rows[column] == label].drop(columns=column)
        if side.duplicated(on).any():
            raise DataError("side-stands-twice", where=f"cột/column {column}", side=repr(label))
        pairs = pairs.merge(side.rename(columns={c: f"{c}_{i}" for c in side if c not in on}), on=on, how="left")
    return pairs


def differences(pairs: pd.DataFrame, method: str, confidence: float) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Return numbers of :func:`build` for pairs, and where both sides have the counts an interval needs."""
    (x1, x2), (n1, n2), (first, second) = (
        pairs[[f"{c}_1", f"{c}_2"]].to_numpy(dtype=np.float64).T for c in ("numerator", "denominator", "value")
    )
    # A share that is hidden stays hidden, even where its counts are not.
    counted = np.isfinite(x1 + x2 + first + second) & (n1 > 0) & (n2 > 0)
    error, lower, upper = (np.full(len(pairs), np.nan) for _ in range(3))
    x1, n1_, x2, n2_ = (numbers[counted] for numbers in (x1, n1, x2, n2))
    p1, p2 = x1 / n1_, x2 / n2_
    error[counted] = np.sqrt(p1 * (1 - p1) / n1_ + p2 * (1 - p2) / n2_)
    lower[counted], upper[counted] = METHODS[method](x1, n1_, x2, n2_, confidence)
    return {"value": first - second, "std_error": error, "lower": lower, "upper": upper, "n": n1 + n2}, counted


def either_flag(pairs: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return for each flag which pairs carry it on either side."""
    return {f: has_flag(pairs, f, "flags_1") | has_flag(pairs, f, "flags_2") for f in FLAGS}
