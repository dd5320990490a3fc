"""Weights fitted to known margins, trimmed, and what they cost in effective respondents."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.metrics.design import Design, draw, listed
from dvresearch.metrics.estimates import Floats, column_numbers, label_groups
from dvresearch.metrics.linearise import kish
from dvresearch.metrics.surveyed import need_columns

__all__ = ["calibrate", "weight_cost"]

#: How closely fitted weights meet the margins, relative to each total; cutting and fitting in turn converges slowly.
CLOSE, CLOSE_TRIMMED = 1e-10, 1e-7
#: By how much, relatively, the totals of two margins may differ: published ones are rounded.
SAME_TOTAL = 1e-6


def calibrate(
    responses: pd.DataFrame,
    *,
    margins: Mapping[str | tuple[str, ...], Mapping[Hashable, float]],
    design: Design | None = None,
    largest: float | None = None,
) -> pd.Series:
    """Weights whose totals are known ones: post-stratification with one margin, raking with several.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent.
    margins : mapping
        Column -> label -> number of people in the population; the key ``("gender", "age")`` with labels
        ``("female", "18-34")`` stands for the combinations of two columns. All margins have the same total.
    design : Design, optional
        The design, for the weights to start from; everyone weighs the same when not given.
    largest : float, optional
        Largest weight allowed, in multiples of the mean weight. Weights above it are cut and the margins
        fitted again until both hold.

    Returns
    -------
    Series
        A weight for each row, in its order. Write it into the table and name the margins in the design, so that the
        variance knows of them: ``Design(weights="w", margins=["gender", "age"])``.

    Raises
    ------
    DataError
        For a respondent without label, a label without respondents or without a total, margins that add up to
        different totals, and bounds within which they cannot be met.
    ParameterError
        For no margin, or a `largest` of 1 or less.

    Notes
    -----
    The fit is svy's. Raked means and their errors are checked against R survey 4.1.1 (tests/test_weighting.py).

    References
    ----------
    Deming and Stephan (1940), Annals of Mathematical Statistics 11:427-444.
    """
    if not margins or (largest is not None and not largest > 1):
        raise ParameterError(
            Text("Cần ít nhất một cột tổng đã biết, và largest lớn hơn 1.", "Give a margin, and a largest above 1."),
            got=f"margins={list(margins)}, largest={largest!r}",
            hint=Text(
                'Viết margins={"gender": {"female": 5100, "male": 4900}}, largest=4.',
                'Write margins={"gender": {"female": 5100, "male": 4900}}, largest=4.',
            ),
        )
    start = draw(responses, design).weights
    columns: dict[str, Floats] = {"weight": start}
    controls: dict[str, Any] = {}
    mean = float(sum(next(iter(margins.values())).values())) / np.count_nonzero(start)
    for k, (column, totals) in enumerate(margins.items()):
        codes = _codes(responses, column, totals, start)
        columns[f"m{k}"], controls[f"m{k}"] = codes, {i: float(t) for i, t in enumerate(totals.values()) if t > 0}
        if abs(sum(totals.values()) / (mean * np.count_nonzero(start)) - 1) > SAME_TOTAL:
            raise DataError(
                Text("Các tổng đã biết không bằng nhau.", "The margins add up to different totals."),
                got=", ".join(f"{c}: {sum(t.values()):.15g}" for c, t in margins.items()),
                hint=Text("Đưa về cùng một tổng số dân.", "Bring them to the same population."),
            )
    return pd.Series(_rake(columns, controls, largest and largest * mean), index=responses.index, name="weight")


def _codes(
    responses: pd.DataFrame, column: str | tuple[str, ...], totals: Mapping[Hashable, float], weights: Floats
) -> Floats:
    """Number the label of each row as `totals` lists it."""
    names = listed(column)
    need_columns(responses, names)
    rows = (
        responses[names[0]].tolist() if len(names) == 1 else list(responses[names].itertuples(index=False, name=None))
    )
    place = {label: i for i, label in enumerate(totals)}
    codes = np.array([place.get(label, -1) for label in rows])
    used = {i for i, w in zip(codes.tolist(), weights, strict=True) if w > 0}
    unknown = list(dict.fromkeys(str(label) for label, i in zip(rows, codes, strict=True) if i < 0))
    nobody = [str(label) for label, i in place.items() if i not in used and totals[label] > 0]
    wrong = [
        str(label)
        for label, total in totals.items()
        if not 0 <= total < np.inf or (total == 0 and place[label] in used)
    ]
    if unknown or nobody or wrong:
        raise DataError(
            Text(
                f"Nhãn của cột {', '.join(names)} không khớp với các tổng đã biết.",
                f"The labels of {', '.join(names)} do not match the known totals.",
            ),
            expected=Text(
                "mỗi nhãn có một tổng dương và có người trả lời",
                "each label with a positive total and with respondents",
            ),
            got="; ".join(
                f"{what}: {', '.join(labels[:5])}"
                for what, labels in (("không có tổng/no total", unknown), ("không có ai/nobody", nobody), ("?", wrong))
                if labels
            ),
            hint=Text(
                "Sửa nhãn, hoặc gộp nhóm không có ai với nhóm gần nhất.",
                "Correct the labels, or merge a group without respondents with the nearest.",
            ),
        )
    return codes


def _rake(columns: Mapping[str, Floats], controls: dict[str, Any], upper: float | None) -> Floats:
    import polars as pl
    import svy

    sample = svy.Sample(pl.DataFrame({**columns, "row": np.arange(len(columns["weight"]))}), svy.Design(wgt="weight"))
    try:
        fitted = sample.weighting.rake(
            controls=controls,
            wgt_name="fitted",
            tol=CLOSE if upper is None else CLOSE_TRIMMED,
            max_iter=1000,
            trimming=None if upper is None else svy.TrimConfig(upper=upper, min_cell_size=1, max_iter=1000),
        )
    except svy.errors.WeightingError as error:
        raise DataError(
            Text("Không tìm được quyền số khớp mọi tổng đã biết.", "No weights were found that meet all the margins."),
            got=error.code,
            hint=Text(
                "Tăng largest, gộp các nhóm ít người trả lời, hoặc bớt một cột.",
                "Raise largest, merge groups with few respondents, or leave a margin out.",
            ),
        ) from None
    frame: Any = fitted.data
    return frame.sort("row")["fitted"].to_numpy()


def weight_cost(responses: pd.DataFrame, *, weights: str | Sequence[str], by: str | Sequence[str] = ()) -> pd.DataFrame:
    """What unequal weights cost: how many respondents with equal weights would tell as much.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent.
    weights : str or sequence of str
        Columns of weights, for example before and after fitting and trimming.
    by : str or sequence of str, default ()
        Grouping columns.

    Returns
    -------
    DataFrame
        `by`, ``weights`` (the column), then ``n`` (weights above 0), ``total``, ``smallest``, ``largest`` (in
        multiples of the mean weight), ``deff`` (Kish's design effect of the weights alone) and ``n_eff``, ``n / deff``.

    Raises
    ------
    DataError
        For a missing column or text.

    Notes
    -----
    ``deff = n Σw² / (Σw)²``. It holds for answers that have nothing to do with the weights; where they do, weights
    can also make an estimate more exact (``deff`` of :func:`satisfaction`).

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    labels = listed(by)
    need_columns(responses, [*labels, *listed(weights)])
    keys, codes = label_groups(responses, labels)
    rows = []
    for group in range(len(keys)):
        for column in listed(weights):
            w = column_numbers(responses[codes == group], column)
            w = w[w > 0]
            deff = kish(w) if len(w) else np.nan
            mean = w.mean() if len(w) else np.nan
            rows.append(
                [column, len(w), w.sum(), w.min(initial=np.inf) / mean, w.max(initial=0) / mean, deff, len(w) / deff]
            )
    names = ["weights", "n", "total", "smallest", "largest", "deff", "n_eff"]
    costs = pd.DataFrame(rows, columns=names)
    repeated = keys.loc[keys.index.repeat(len(listed(weights)))].reset_index(drop=True)
    return pd.concat([repeated, costs], axis=1)
