"""What the published 766 figures show about themselves, as findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dvresearch import codebook
from dvresearch.errors import Text
from dvresearch.metrics import findings
from dvresearch.metrics.estimates import Floats, column_numbers
from dvresearch.metrics.identities import Identity, check_identities, row_names
from dvresearch.metrics.index766 import MAXIMA, THRESHOLDS, index766, national766
from dvresearch.tables import INDEX766, Q766_GROUPS, check
from dvresearch.text.formats import format_number, format_percent

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
        ``q766_groups`` (the published groups add up to the published total, within what rounding
        allows).

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
        One finding ``cumulative_share``. Under one definition, with periods that do not overlap, the
        cumulative share is a weighted mean of the parts: outside their range it is a ``fail``.
        Within the range nothing is contradicted: ``pass``. ``computed`` is the end of the range it is compared with.

    Notes
    -----
    Checked against the national figures of 2026: months from 40.80 to 82.83 %, cumulative 86.64 %.
    """
    shares = np.asarray(parts, dtype=np.float64)
    shares = shares[~np.isnan(shares)]
    if not len(shares) or np.isnan(cumulative):
        return findings.table([findings.finding("cumulative_share", "unknown", where, guidance=_NO_PARTS)])
    low, high = shares.min(), shares.max()
    inside = low - half_unit <= cumulative <= high + half_unit

    def sentence(lang: Literal["vi", "en"]) -> str:
        pattern = _INSIDE if inside else _OUTSIDE
        return (pattern.vi if lang == "vi" else pattern.en).format(
            k=len(shares),
            **{n: format_percent(v, 2, lang) for n, v in {"low": low, "high": high, "all": cumulative}.items()},
        )

    return findings.table(
        [
            findings.finding(
                "cumulative_share",
                "pass" if inside else "fail",
                where,
                computed=findings.percent(low if cumulative < low else high),
                stated=findings.percent(cumulative),
                severity="info" if inside else "major",
                guidance=Text(sentence("vi"), sentence("en")),
            )
        ]
    )


_NO_PARTS = Text("Không kiểm được: thiếu số của các kỳ hoặc số lũy kế.", "Not checkable: a share is missing.")
_INSIDE = Text(
    "Tỷ lệ lũy kế {all} nằm giữa các kỳ ({low} đến {high}, {k} kỳ): không mâu thuẫn.",
    "The cumulative share {all} lies among its {k} periods ({low} to {high}): no contradiction.",
)
_OUTSIDE = Text(
    "Cả {k} kỳ đều từ {low} đến {high} nhưng lũy kế là {all}. Nếu dùng cùng một định nghĩa, tỷ lệ lũy kế là bình quân "
    "có trọng số của các kỳ nên phải nằm giữa hai mức đó; như vậy hai loại số dùng cách tính khác nhau. "
    "Không so số tháng với số lũy kế; cần hỏi cổng cách tính từng loại.",
    "All {k} periods lie between {low} and {high}, yet the cumulative share is {all}. Under one definition it is a "
    "weighted mean of the periods and must lie between them; so the two are computed differently. Do not compare "
    "months with the cumulative share; ask the portal how each is computed.",
)


def imputed_check(counts: pd.DataFrame) -> pd.DataFrame:
    """Show whether the "satisfaction" of the index is timeliness under another name.

    Parameters
    ----------
    counts : DataFrame
        The units, see ``tables.INDEX766``.

    Returns
    -------
    DataFrame
        Three findings, ``review`` when the pattern is there and ``pass`` when it is not:
        ``imputed_correlation`` (Pearson's r between imputed satisfaction and the on-time share across units
        is at least 0.99), ``imputed_never_above`` (the former exceeds the latter in no unit) and
        ``feedback_never_above`` (feedback "satisfied" exceeds feedback in time in no unit). ``unknown`` with
        fewer than three units.

    Notes
    -----
    Checked against the 34 provinces of 10 October 2026: r = 0.99995 and never above, for both.
    """
    check(counts, INDEX766)

    def share(numerator: str, denominator: str) -> Floats:
        n = column_numbers(counts, denominator)
        x = column_numbers(counts, numerator)
        return np.divide(x, n, out=np.full(len(n), np.nan), where=n > 0)

    imputed, in_time = share("satisfied_766", "satisfaction_base_766"), share("in_time", "received")
    satisfied, handled = share("feedback_satisfied", "feedback_total"), share("feedback_in_time", "feedback_total")
    both = ~np.isnan(imputed) & ~np.isnan(in_time)
    k = int(both.sum())
    where = f"n = {k}"
    varied = k > 2 and min(np.ptp(imputed[both]), np.ptp(in_time[both])) > 0
    r = float(np.corrcoef(imputed[both], in_time[both])[0, 1]) if varied else np.nan
    same = bool(r >= SAME)
    correlation = findings.finding(
        "imputed_correlation",
        "unknown" if np.isnan(r) else "review" if same else "pass",
        where,
        computed=findings.digits(r, 5),
        severity="major" if same else "info",
        guidance=_TOO_FEW if np.isnan(r) else _R_SAME if same else _R_OTHER,
    )
    return findings.table(
        [
            correlation,
            _never_above("imputed_never_above", imputed, in_time),
            _never_above("feedback_never_above", satisfied, handled),
        ]
    )


def _never_above(code: str, satisfied: Floats, in_time: Floats) -> findings.Finding:
    both = ~np.isnan(satisfied) & ~np.isnan(in_time)
    k, above = int(both.sum()), int((satisfied[both] > in_time[both]).sum())
    verdict = "unknown" if k < 3 else "pass" if above else "review"
    return findings.finding(
        code,
        verdict,
        f"n = {k}",
        computed=f"{above}/{k}",
        severity="major" if verdict == "review" else "info",
        guidance={"unknown": _TOO_FEW, "review": _NEVER, "pass": _SOME}[verdict],
    )


_TOO_FEW = Text("Không kiểm được: cần ít nhất ba đơn vị có số đếm.", "Not checkable: it takes three units with counts.")
_R_SAME = Text(
    "“Hài lòng” do cổng suy ra gần như trùng với tỷ lệ đúng hạn, không đến từ một cuộc khảo sát nào. "
    "Không dùng làm mức độ hài lòng của người dân.",
    "The “satisfaction” imputed by the portal is almost the on-time share; no survey stands behind it. "
    "Do not use it as the satisfaction of citizens.",
)
_R_OTHER = Text("Hai tỷ lệ không trùng nhau.", "The two shares are not the same.")
_NEVER = Text(
    "Không đơn vị nào có “hài lòng” cao hơn đúng hạn: hồ sơ, phản ánh quá hạn được tính là không hài lòng. "
    "Điểm này đo thời hạn, không đo sự hài lòng.",
    "In no unit does “satisfaction” exceed timeliness: what is overdue is counted as dissatisfied. "
    "This score measures time limits, not satisfaction.",
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
    cov = np.cov(x, total)
    share, ratio = cov[0, 1] / cov[1, 1], cov[0, 0] / cov[1, 1]
    full, few = int((x >= MAXIMA[group]).sum()), int((x <= MAXIMA[group] / 3).sum())

    def sentence(pattern: str, lang: Literal["vi", "en"]) -> str:
        return pattern.format(
            group=codebook.label("indicator", group, lang),
            share=format_percent(share, 0, lang),
            ratio=format_number(ratio, 2, lang),
            full=full,
            few=few,
            k=len(x),
            maximum=MAXIMA[group],
            third=MAXIMA[group] // 3,
        )

    review = share > 0.5
    return findings.table(
        [
            findings.finding(
                "group_variance",
                "review" if review else "pass",
                where,
                computed=findings.digits(share, 2),
                severity="major" if review else "info",
                guidance=Text(sentence(_SPREAD.vi, "vi"), sentence(_SPREAD.en, "en")),
            )
        ]
    )


_SPREAD = Text(
    "Nhóm “{group}” chiếm {share} phần chênh lệch tổng điểm giữa các đơn vị (tỷ số phương sai {ratio}); "
    "{full}/{k} đơn vị đạt tối đa {maximum} điểm, {few} đơn vị từ {third} điểm trở xuống.",
    "The group “{group}” makes up {share} of the spread of the totals across units (variance ratio {ratio}); "
    "{full} of {k} units have the full {maximum} points, {few} have {third} or fewer.",
)
