"""What the published 766 figures show about themselves, as findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dvresearch import codebook
from dvresearch.errors import Text
from dvresearch.metrics import findings
from dvresearch.metrics.estimates import Floats, column_numbers
from dvresearch.metrics.identities import Identity, check_identities, row_names
from dvresearch.metrics.index766 import ITEMS, MAXIMA, THRESHOLDS, index766, national766, threshold_score
from dvresearch.tables import INDEX766, Q766_GROUPS, check
from dvresearch.text.formats import Lang, format_number, format_percent

__all__ = [
    "compare766",
    "compare_national766",
    "cumulative_against_parts",
    "imputed_check",
    "variance_check",
]

#: Largest gap between a recomputed score, rounded as the portal rounds, and the published one.
TOLERANCE = 0.01
#: Correlation from which one share is called a restatement of the other.
SAME = 0.99
#: Six group scores and their total are each rounded to two decimals.
_ROUNDING = (len(Q766_GROUPS) + 1) * 0.005
_HALF_CENT = 1e-9


def compare766(
    counts: pd.DataFrame,
    *,
    thresholds: Mapping[str, float] = THRESHOLDS,
    zero: Literal["na", "zero", "full"] = "na",
) -> pd.DataFrame:
    """Compare recomputed with published scores, and the groups with the total.

    Parameters
    ----------
    counts, thresholds, zero
        As for :func:`index766`.

    Returns
    -------
    DataFrame
        Findings, unit by unit: ``q766_tdgq`` and ``q766_mdhl`` (the recomputed score, rounded half up to two
        decimals, differs from the published one by at most 0.01) where the unit has counts, and
        ``q766_groups`` (the published groups add up to the published total, within what rounding allows).

    Raises
    ------
    DataError, ParameterError
        As :func:`index766`.
    """
    scores = index766(counts, thresholds=thresholds, zero=zero)
    where = row_names(counts, ("unit", "period"))
    rows = []
    for code in ("q766_tdgq", "q766_mdhl"):
        computed = scores.loc[scores["indicator"] == code, "value"].to_numpy()
        stated = column_numbers(counts, code)
        rows += [
            (i, _compare(code, c, s, where[i]))
            for i, (c, s) in enumerate(zip(computed, stated, strict=True))
            if not (np.isnan(c) or np.isnan(s))
        ]
    compared = findings.table(f for _, f in sorted(rows, key=lambda row: row[0]))
    groups = Identity("q766_groups", "q766_total", Q766_GROUPS)
    added = check_identities(counts, [groups], label=("unit", "period"), tolerance=_ROUNDING)
    return pd.concat([compared, added.drop(columns="residual")], ignore_index=True)


def compare_national766(counts: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Compare the published national scores with the unweighted means of the provinces.

    Parameters
    ----------
    counts : DataFrame
        The provinces, see ``tables.INDEX766``.
    figures : DataFrame
        The national scores, see ``tables.FIGURES``: ``indicator`` (group or total) and ``value``. The portal
        publishes online services and payment as one group.

    Returns
    -------
    DataFrame
        Findings ``q766_national``, one for each national score.
    """
    means = national766(counts)
    means = means[means["definition"] == "unweighted_mean"].set_index("indicator")["value"]
    means["q766_online_tttt"] = means["q766_online"] + means["q766_tttt"]
    known = figures[figures["indicator"].isin(means.index)]
    where = row_names(known, ("unit", "period", "indicator"))
    return findings.table(
        _compare("q766_national", means[code], value, w)
        for code, value, w in zip(known["indicator"], known["value"], where, strict=True)
    )


def _compare(code: str, computed: float, stated: float, where: str) -> findings.Finding:
    rounded = float(findings.digits(computed, 2))
    fits = abs(rounded - stated) <= TOLERANCE + _HALF_CENT
    return findings.finding(
        code,
        "pass" if fits else "fail",
        where,
        computed=findings.digits(computed, 2),
        stated=findings.digits(stated, 2),
        severity="info" if fits else "major",
        guidance=_SAME_SCORE if fits else _OTHER_SCORE,
    )


_SAME_SCORE = Text("Điểm tính lại khớp với điểm đã công bố.", "The recomputed score agrees with the published one.")
_OTHER_SCORE = Text(
    "Điểm tính lại khác điểm đã công bố: số đếm và điểm có thể chụp ở hai ngày, hoặc cổng đã đổi công thức.",
    "The recomputed score differs from the published one: counts and score may be of two days, or the portal "
    "has changed its formula.",
)


def cumulative_against_parts(
    parts: ArrayLike, cumulative: float, *, where: str, half_unit: float = 0.00005
) -> pd.DataFrame:
    """Check whether a cumulative share can be that of the periods it is said to cover.

    Parameters
    ----------
    parts : array-like of float
        Shares (0-1) of the single periods, as printed.
    cumulative : float
        Share (0-1) over all of them.
    where : str
        What the shares are about.
    half_unit : float, default 0.00005
        Half a unit of the last printed digit of the parts (0.00005 for 58.83 %).

    Returns
    -------
    DataFrame
        One finding ``cumulative_share``. Outside the range of the parts it is a ``fail``, within it a ``pass``.
        ``computed`` is the end of the range it is compared with.

    Notes
    -----
    If every case counts in one period only, under one definition, the cumulative share is a weighted mean of the
    parts and lies among them. A share outside says that one of these does not hold, not which: definitions may
    differ, cases carried over may count again in the next period (a share of the workload does that), or the periods
    may have been read on other days than the cumulative share.

    Checked against a workload of three months by hand, and the national figures of 2026: months from 40.80 to
    82.83 %, cumulative 86.64 % (tests/test_index766.py).
    """
    shares = np.asarray(parts, dtype=np.float64)
    shares = shares[~np.isnan(shares)]
    if not len(shares) or np.isnan(cumulative):
        return findings.table([findings.finding("cumulative_share", "unknown", where, guidance=_NO_PARTS)])
    low, high = shares.min(), shares.max()
    inside = low - half_unit <= cumulative <= high + half_unit

    def numbers(lang: Lang) -> dict[str, str]:
        ends = {"low": low, "high": high, "all": cumulative}
        return {"k": str(len(shares)), **{name: format_percent(x, 2, lang) for name, x in ends.items()}}

    return findings.table(
        [
            findings.finding(
                "cumulative_share",
                "pass" if inside else "fail",
                where,
                computed=findings.percent(low if cumulative < low else high),
                stated=findings.percent(cumulative),
                severity="info" if inside else "major",
                guidance=_filled([_INSIDE if inside else _OUTSIDE], numbers),
            )
        ]
    )


def _filled(patterns: Sequence[Text], numbers: Callable[[Lang], dict[str, str]]) -> Text:
    """Return the sentences in a row, with their numbers as each language writes them."""
    vi, en = (" ".join(getattr(p, lang) for p in patterns).format(**numbers(lang)) for lang in get_args(Lang))
    return Text(vi, en)


_NO_PARTS = Text("Không kiểm được: thiếu số của các kỳ hoặc số lũy kế.", "Not checkable: a share is missing.")
_INSIDE = Text(
    "Tỷ lệ lũy kế {all} nằm giữa các kỳ ({low} đến {high}, {k} kỳ): không mâu thuẫn.",
    "The cumulative share {all} lies among its {k} periods ({low} to {high}): no contradiction.",
)
_OUTSIDE = Text(
    "Cả {k} kỳ đều từ {low} đến {high} nhưng lũy kế là {all}. Nếu mỗi hồ sơ chỉ được đếm trong một kỳ, theo cùng một "
    "định nghĩa, thì tỷ lệ lũy kế phải nằm giữa hai mức đó. Vậy hoặc hai loại số khác định nghĩa, hoặc hồ sơ kỳ trước "
    "chuyển sang được đếm lại ở kỳ sau, hoặc số của các kỳ được chốt vào những ngày khác. Không so sánh, không nối "
    "hai loại số này; cần hỏi nơi công bố cách tính từng loại.",
    "All {k} periods lie between {low} and {high}, yet the cumulative share is {all}. If every dossier counted in one "
    "period only, under one definition, it would lie between them. So either the definitions differ, or dossiers "
    "carried over count again in the next period, or the periods were read on other days. Neither compare nor join "
    "the two; ask the publisher how each is computed.",
)


def imputed_check(counts: pd.DataFrame) -> pd.DataFrame:
    """Show what the "satisfaction" of the index follows from: its items against shares in time.

    Parameters
    ----------
    counts : DataFrame
        The units, see ``tables.INDEX766``.

    Returns
    -------
    DataFrame
        Three findings, ``review`` when the pattern is there and ``pass`` when it is not:
        ``imputed_correlation`` (Pearson's r between imputed satisfaction, item 5.4, and the on-time share across
        units is at least 0.99), ``imputed_never_above`` (the former exceeds the latter in no unit) and
        ``feedback_never_above`` (the same for feedback "satisfied" and in time). ``unknown`` with fewer than three
        units. The guidance adds the covariance share of item 5.4 in the satisfaction score, and how much of the
        feedback counted as dissatisfied was not handled in time.

    Notes
    -----
    Checked against the 34 provinces of 10 October 2026: r = 0.99995 and never above, for both; item 5.4 makes up
    2.1 % of the spread, and 12,745 of 14,649 feedback cases "dissatisfied" were not handled in time.
    """
    check(counts, INDEX766)
    ratio = {item: _share(counts, numerator, denominator) for item, (*_, numerator, denominator) in ITEMS.items()}
    imputed, in_time = ratio["satisfaction"], ratio["timeliness"]
    both = ~np.isnan(imputed) & ~np.isnan(in_time)
    k = int(both.sum())
    varied = k > 2 and min(np.ptp(imputed[both]), np.ptp(in_time[both])) > 0
    r = float(np.corrcoef(imputed[both], in_time[both])[0, 1]) if varied else np.nan
    same = bool(r >= SAME)
    part = _item_of_score(ratio)
    told = [_R_SAME] if np.isnan(part) else [_R_SAME, _OF_SCORE]
    both_same = _filled(told, lambda lang: {"part": format_percent(part, 1, lang)})
    correlation = findings.finding(
        "imputed_correlation",
        "unknown" if np.isnan(r) else "review" if same else "pass",
        f"n = {k}",
        computed=findings.digits(r, 5),
        severity="major" if same else "info",
        guidance=_TOO_FEW if np.isnan(r) else both_same if same else _R_OTHER,
    )
    # What is overdue counts as dissatisfied (item 5.3), so that the late are among the dissatisfied.
    columns = ["feedback_total", "feedback_in_time", "feedback_satisfied"]
    total, on_time, content = counts[columns].dropna().astype(float).sum()
    late, other = total - on_time, total - content

    def numbers(lang: Lang) -> dict[str, str]:
        told = {"late": late, "dissatisfied": other}
        return {"share": format_percent(late / max(other, 1), 0, lang)} | {
            name: format_number(x, 0, lang) for name, x in told.items()
        }

    never = _filled([_NEVER_FEEDBACK, _LATE] if other > 0 else [_NEVER_FEEDBACK], numbers)
    satisfied, handled = ratio["feedback_satisfied"], ratio["feedback_in_time"]
    return findings.table(
        [
            correlation,
            _never_above("imputed_never_above", imputed, in_time, _NEVER),
            _never_above("feedback_never_above", satisfied, handled, never),
        ]
    )


def _share(counts: pd.DataFrame, numerator: str, denominator: str) -> Floats:
    x, n = column_numbers(counts, numerator), column_numbers(counts, denominator)
    return np.divide(x, n, out=np.full(len(n), np.nan), where=n > 0)


def _item_of_score(ratio: Mapping[str, Floats]) -> float:
    """Return how much of the spread of the satisfaction score item 5.4 makes up; NaN where units do not differ."""
    points = {i: threshold_score(ratio[i], m, THRESHOLDS[i]) for i, (g, m, *_) in ITEMS.items() if g == "q766_mdhl"}
    score = np.sum(list(points.values()), axis=0)
    known = ~np.isnan(score)
    varied = known.sum() > 2 and np.ptp(score[known]) > 0
    return _spread(points["satisfaction"][known], score[known]) if varied else np.nan


def _spread(part: Floats, whole: Floats) -> float:
    """Return the covariance share cov(part, whole)/var(whole)."""
    return float(np.cov(part, whole)[0, 1] / np.var(whole, ddof=1))


def _never_above(code: str, satisfied: Floats, in_time: Floats, never: Text) -> findings.Finding:
    both = ~np.isnan(satisfied) & ~np.isnan(in_time)
    k, above = int(both.sum()), int((satisfied[both] > in_time[both]).sum())
    verdict = "unknown" if k < 3 else "pass" if above else "review"
    return findings.finding(
        code,
        verdict,
        f"n = {k}",
        computed=f"{above}/{k}",
        severity="major" if verdict == "review" else "info",
        guidance={"unknown": _TOO_FEW, "review": never, "pass": _SOME}[verdict],
    )


_TOO_FEW = Text("Không kiểm được: cần ít nhất ba đơn vị có số đếm.", "Not checkable: it takes three units with counts.")
_R_SAME = Text(
    "“Hài lòng” về thủ tục (mục 5.4, 6 trong 18 điểm của nhóm) do cổng suy ra, gần như trùng với tỷ lệ hồ sơ đúng hạn, "
    "không đến từ một cuộc khảo sát nào. Không dùng làm mức độ hài lòng của người dân.",
    "“Satisfaction” with procedures (item 5.4, 6 of the 18 points of the group) is imputed by the portal and almost "
    "the on-time share of dossiers; no survey stands behind it. Do not use it as the satisfaction of citizens.",
)
_OF_SCORE = Text(
    "Mục này chiếm {part} phần chênh lệch điểm của nhóm giữa các đơn vị; phần còn lại là của hai mục về phản ánh, "
    "kiến nghị.",
    "The item makes up {part} of the spread of the group's score across units; the two on feedback the rest.",
)
_R_OTHER = Text("Hai tỷ lệ không trùng nhau.", "The two shares are not the same.")
_NEVER = Text(
    "Không đơn vị nào có “hài lòng” về thủ tục (mục 5.4) cao hơn tỷ lệ hồ sơ đúng hạn: hồ sơ quá hạn bị trừ. "
    "Mục này đo thời hạn, không đo sự hài lòng.",
    "In no unit does “satisfaction” with procedures (item 5.4) exceed the on-time share of dossiers: those overdue are "
    "taken off. The item measures time limits, not satisfaction.",
)
_NEVER_FEEDBACK = Text(
    "Không đơn vị nào có phản ánh “hài lòng” (mục 5.3) nhiều hơn phản ánh đúng hạn: phản ánh quá hạn bị tính là không "
    "hài lòng.",
    "In no unit is more feedback “satisfied” (item 5.3) than handled in time: what is overdue counts as dissatisfied.",
)
_LATE = Text(
    "Trong {dissatisfied} phản ánh, kiến nghị bị tính là không hài lòng, {late} ({share}) không được xử lý đúng hạn.",
    "Of {dissatisfied} feedback cases counted as dissatisfied, {late} ({share}) were not handled in time.",
)
_SOME = Text("Có đơn vị mà “hài lòng” cao hơn đúng hạn.", "In some units “satisfaction” exceeds timeliness.")


def variance_check(scores: pd.DataFrame, *, group: str = "q766_mdhl") -> pd.DataFrame:
    """Show how much of the spread of the total score across units comes from one group.

    Parameters
    ----------
    scores : DataFrame
        Published scores of the units, see ``tables.INDEX766``.
    group : str, default "q766_mdhl"
        The group of scores.

    Returns
    -------
    DataFrame
        One finding ``group_variance``. ``computed`` is the covariance share cov(group, total)/var(total); over
        the six groups these shares add up to one. ``review`` when it exceeds one half. The guidance adds
        the variance ratio var(group)/var(total), the units with full marks and those with at most a third
        of them. ``unknown`` with fewer than three units or without spread.

    Notes
    -----
    Checked against the 135 communes of Gia Lai, 10 October 2026: covariance share 0.81, variance
    ratio 0.78, 103 with 18 of 18, 14 with at most 6.
    """
    check(scores, INDEX766)
    x, total = column_numbers(scores, group), column_numbers(scores, "q766_total")
    both = ~np.isnan(x) & ~np.isnan(total)
    x, total = x[both], total[both]
    where = f"n = {len(x)}"
    if len(x) < 3 or np.ptp(total) == 0:
        return findings.table([findings.finding("group_variance", "unknown", where, guidance=_TOO_FEW)])
    share, ratio = _spread(x, total), float(np.var(x) / np.var(total))
    full, few = int((x >= MAXIMA[group]).sum()), int((x <= MAXIMA[group] / 3).sum())

    def numbers(lang: Lang) -> dict[str, str]:
        counted = {"full": full, "few": few, "k": len(x), "maximum": MAXIMA[group], "third": MAXIMA[group] // 3}
        return {
            "group": codebook.label("indicator", group, lang),
            "share": format_percent(share, 0, lang),
            "ratio": format_number(ratio, 2, lang),
        } | {name: str(count) for name, count in counted.items()}

    review = share > 0.5
    return findings.table(
        [
            findings.finding(
                "group_variance",
                "review" if review else "pass",
                where,
                computed=findings.digits(share, 2),
                severity="major" if review else "info",
                guidance=_filled([_SPREAD], numbers),
            )
        ]
    )


_SPREAD = Text(
    "Nhóm “{group}” chiếm {share} phần chênh lệch tổng điểm giữa các đơn vị (tỷ số phương sai {ratio}); "
    "{full}/{k} đơn vị đạt tối đa {maximum} điểm, {few} đơn vị từ {third} điểm trở xuống.",
    "The group “{group}” makes up {share} of the spread of the totals across units (variance ratio {ratio}); "
    "{full} of {k} units have the full {maximum} points, {few} have {third} or fewer.",
)
