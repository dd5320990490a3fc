"""Published percentages and sums recomputed from the counts published beside them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dvresearch.errors import ParameterError, Text
from dvresearch.metrics import findings
from dvresearch.metrics.identities import Identity, check_identities, row_names, term
from dvresearch.tables import FIGURES, check

__all__ = ["check_parts", "check_share", "check_shares"]

_LABEL = ("where", "unit", "part", "period", "indicator")


def check_parts(figures: pd.DataFrame) -> pd.DataFrame:
    """Add up the parts a source prints beside a total.

    Parameters
    ----------
    figures : DataFrame
        Published numbers, see ``tables.FIGURES``. Figures of one `source` and `group` belong together;
        the one with the role ``total`` is compared with the sum of those with the role ``part``.

    Returns
    -------
    DataFrame
        As :func:`check_identities`, a row per group with one total and at least two parts.

    Notes
    -----
    Checked against Lai Châu 2018: 1 151 + 299 + 135 = 1 585 holds, 1 186 + 397 + 3 against 1 568 is
    off by -18 (tests/test_published.py).
    """
    check(figures, FIGURES)
    rows = []
    tied = figures[figures["group"].fillna("") != ""]
    for _, statement in tied.groupby(["source", "group"], sort=False):
        total, parts = statement[statement["role"] == "total"], statement[statement["role"] == "part"]
        # The parts are told apart by what they cover, or by what they count.
        by = next((c for c in ("part", "indicator") if (parts[c].fillna("") != "").all() and parts[c].is_unique), None)
        if len(total) == 1 and len(parts) > 1 and by:
            line = total[["unit", "period", "indicator"]].reset_index(drop=True)
            numbers = pd.DataFrame([[*total["value"], *parts["value"]]], columns=[*total["indicator"], *parts[by]])
            identity = Identity("parts_of_total", str(total["indicator"].iloc[0]), tuple(parts[by]))
            rows.append(check_identities(line.join(numbers), [identity], label=("unit", "period", "indicator")))
    return pd.concat(rows, ignore_index=True) if rows else findings.table([]).assign(residual=np.empty(0))


def check_shares(figures: pd.DataFrame) -> pd.DataFrame:
    """Recompute every published share that comes with its counts.

    Parameters
    ----------
    figures : DataFrame
        Published numbers, see ``tables.FIGURES``: ``value`` a share 0-1, ``value_low`` and
        ``value_high`` the interval its printed precision allows, ``numerator``, ``denominator``.
        Rows without one of these, counts, and shares that were not printed are left out. A column ``where``, if there
        is one, says where a row stands and is told with the finding.

    Returns
    -------
    DataFrame
        Findings as :func:`check_share` makes them, a row per figure that can be checked. The other
        counts of the same source, unit and period are tried where the share does not fit its denominator.
    """
    check(figures, FIGURES)
    needed = ["value", "value_low", "value_high", "numerator", "denominator"]
    # A number without printed precision is a count, or was computed from the counts beside it.
    printed = (figures["value_high"] - figures["value_low"] > 1e-9) & (figures["value"] <= 1)
    rows = figures[printed & figures[needed].notna().all(axis=1) & (figures["denominator"] > 0)]
    counts = figures[figures["value"] > 1]
    out = []
    for where, (_, row) in zip(row_names(rows, _LABEL), rows.iterrows(), strict=True):
        beside = counts[(counts[["source", "unit", "period"]] == row[["source", "unit", "period"]]).all(axis=1)]
        out.append(
            check_share(
                row["numerator"],
                row["denominator"],
                row["value"],
                low=row["value_low"],
                high=row["value_high"],
                where=where,
                other_denominators=dict(zip(beside["indicator"], beside["value"], strict=True)),
            )
        )
    return findings.table(out)


def check_share(
    numerator: float,
    denominator: float,
    printed: float,
    *,
    low: float,
    high: float,
    where: str,
    other_denominators: Mapping[str, float] | None = None,
) -> findings.Finding:
    """Compare a published share with the one its counts give.

    Parameters
    ----------
    numerator, denominator : float
        The counts; `denominator` is the one the source names.
    printed : float
        The published share, 0-1.
    low, high : float
        The interval the printed precision allows: 0.915-0.925 for a printed 92 %.
    where : str
        What the figure is about.
    other_denominators : mapping of str to float, optional
        Other totals of the same source by their column code. When the share does not fit, the
        first that it does fit is named.

    Returns
    -------
    Finding
        ``pass``: the recomputed share rounds to the printed one. ``review``: the printed one is
        the recomputed one with its last digits cut off instead of rounded. ``fail`` otherwise;
        ``minor`` below half a percentage point, else ``major``.

    Raises
    ------
    ParameterError
        When `denominator` is not above 0.
    """
    if not denominator > 0:
        raise ParameterError("denominator-not-positive", got=repr(denominator), where=where)
    share = numerator / denominator
    unit = high - low
    slack = 1e-12

    def rounds(value: float) -> bool:
        return low - slack <= value <= high + slack

    severity = "info"
    if rounds(share):
        verdict, text = "pass", Text("Khớp với tử số và mẫu số đã nêu.", "It agrees with the stated counts.")
    elif printed - slack <= share < printed + unit - slack:
        verdict, severity = "review", "minor"
        text = Text(
            "Số công bố bị cắt bớt chữ số thay vì làm tròn; không làm đổi kết luận.",
            "The published number was cut off instead of rounded; the conclusion does not change.",
        )
    else:
        verdict, severity = "fail", "minor" if abs(share - printed) < 0.005 else "major"
        fits = [c for c, n in (other_denominators or {}).items() if n > 0 and rounds(numerator / n)]
        text = (
            Text(
                f"Không khớp với mẫu số đã nêu, nhưng khớp khi chia cho: {_inside(term(fits[0], 'vi'))}. "
                "Hỏi lại mẫu số nào được dùng.",
                f"It does not fit the stated denominator but fits when divided by: {_inside(term(fits[0], 'en'))}. "
                "Ask which denominator was used.",
            )
            if fits
            else Text(
                "Không khớp với tử số và mẫu số đã nêu. Hỏi lại hai số đếm và cách tính.",
                "It does not agree with the stated counts. Ask for the two counts and the formula.",
            )
        )
    return findings.finding(
        "published_share",
        verdict,
        where,
        computed=findings.percent(share),
        stated=findings.percent(printed, max(0, round(-np.log10(max(unit, 1e-9))) - 2)),
        severity=severity,
        guidance=text,
    )


def _inside(label: str) -> str:
    """Return a label as it stands inside a sentence."""
    return label[:1].lower() + label[1:]
