"""Whether an effect can be estimated at all, before any estimate: comparison, periods, sizes, power."""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text, message
from dvresearch.metrics.effects.randomisation import cell_effects, overall, permuted, places
from dvresearch.metrics.effects.sample import FEW_CLUSTERS, FEW_SIDE, Comparison, Control, Sample, Sampling
from dvresearch.metrics.findings import digits, finding, percent, table

__all__ = ["feasibility", "refusals"]

#: Share of missing outcomes from which the panel is weak.
MANY_GAPS = 0.2
#: Permutations behind the minimum detectable effect, and the power it is stated for.
DRAWS, POWER = 399, 0.8


class _Point(NamedTuple):
    """One thing looked at: its verdict, what was found, and why nothing can be estimated when it fails."""

    check: str
    verdict: str
    computed: str
    guidance: Text
    severity: str = "major"
    reason: str = ""


def _point(
    check: str, fail: bool, review: bool, computed: object, told: str | Text, severity: str = "major", reason: str = ""
) -> _Point:
    """Return a point with its verdict; `told` is what is said unless it passes, in words or as a code of a message."""
    verdict = "fail" if fail else "review" if review else "pass"
    return _Point(check, verdict, str(computed), message(told) if isinstance(told, str) else told, severity, reason)


def _points(data: Sample) -> list[_Point]:
    """Look at the panel without estimating anything."""
    adopters, others = data.sides()
    cohorts, sizes = np.unique(data.place_cohorts[data.place_cohorts > 0], return_counts=True)
    before = [int((data.periods + data.of.anticipation < g).sum()) for g in cohorts]
    after = [int((data.periods >= g).sum()) for g in cohorts]
    most, none = max(before, default=0), max(before, default=1) < 1
    clusters, early = len(np.unique(data.clusters)), data.always > 0 and not cohorts.size
    code = "adopted-before-the-panel" if early else "starts-and-outcome-before-needed"
    started: str | Text = message(code, count=data.always)
    compared, few = "comparison-places-needed", "few-clusters-permutation"
    alone, lonely = "one_adopting", "one_comparison"
    single = clusters == 1 and len(data.names) > 1
    if single:
        started = compared = few = "every-place-in-one-cluster"
        alone = lonely = "one_cluster"
    alone = "no_period_before" if early else alone if adopters else "no_adopting"
    lonely = lonely if others else "no_comparison"
    named = "; ".join(f"{label}: {n}" for label, n in zip(data.label(cohorts), sizes, strict=True))
    outside = f"{data.always}; {data.later}" if data.always or data.later else "0"
    values = data.rows["outcome"]
    own = data.rows["place"] if data.of.sampling == "panel" else pd.Series(0, values.index)
    same = not (values != values.groupby(own).transform("last")).any()
    gaps = "major" if data.gaps > MANY_GAPS else "minor"
    varied = _point("outcome_variation", same, False, values.nunique(), "outcome-never-changes", reason="no_variation")
    return [
        _point("adopting_units", adopters < 2, adopters < FEW_SIDE, adopters, started, reason=alone),
        _point("comparison_units", others < 2, others < FEW_SIDE, others, compared, reason=lonely),
        _point("periods_before", none, most < 2, _span(before), "two-periods-before-needed", reason="no_period_before"),
        _point("periods_after", False, not after, _span(after), Text("", ""), "minor"),
        _point("cohort_sizes", False, sizes.min(initial=FEW_SIDE) < FEW_SIDE, named, "small-cohorts", "minor"),
        _point("already_adopted", False, outside != "0", outside, "adopted-outside-the-panel", "minor"),
        _left_out(data),
        _point("outcome_gaps", False, data.gaps > 0, percent(data.gaps), "outcome-with-gaps", gaps),
        varied if len(values) else varied._replace(verdict="unknown"),
        _point("clusters", single, clusters < FEW_CLUSTERS, clusters, few, reason="one_cluster"),
    ]


def _left_out(data: Sample) -> _Point:
    """Name the adopting places that no estimate will speak of, and those whose models stopped."""
    lost = data.left_out()["reason"].value_counts().to_dict()
    labels = [(codebook.get("reason", code), n) for code, n in (lost | {"stopped": data.stopped}).items() if n]
    told = Text(*(f"{'; '.join(f'{r.label(lang)}: {n}' for r, n in labels)}.".capitalize() for lang in ("vi", "en")))
    many = sum(lost.values()) > MANY_GAPS * (np.count_nonzero(data.place_cohorts) + len(data.unmeasured))
    return _point("left_out", False, bool(labels), sum(lost.values()), told, "major" if many else "minor")


def _span(counts: list[int]) -> str:
    return "-".join(map(str, dict.fromkeys((min(counts), max(counts))))) if counts else "0"


def refusals(data: Sample) -> tuple[str, ...]:
    """Return the codes of the reasons why nothing can be estimated from a sample."""
    return tuple(dict.fromkeys(p.reason for p in _points(data) if p.verdict == "fail"))


def feasibility(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    adopted: str = "adopted",
    control: Control = "never",
    cluster: str | None = None,
    anticipation: int = 0,
    sampling: Sampling = "panel",
    worthwhile: float | None = None,
    seed: int = 2026,
) -> pd.DataFrame:
    """Say whether an effect can be estimated, before estimating it.

    Parameters
    ----------
    panel, outcome, unit, period, adopted, control, cluster, anticipation, sampling
        As for :func:`impact`.
    worthwhile : float, optional
        The smallest effect that would matter, in the unit of the outcome. Without it the detectable effect is held
        against the spread of the outcome between places.
    seed : int
        Start of the random numbers of the simulation.

    Returns
    -------
    DataFrame
        Findings. The first, ``impact_feasibility``, sums up: ``estimable`` (pass), ``weak`` (review) or
        ``not_estimable`` (fail) in ``computed``; then one row for each thing looked at. ``minimum_detectable_effect``
        is found by giving the same adoption periods to other places at random 399 times, after taking the estimated
        effects out: 2.8 times the spread of the resulting overall effects (5 % two-sided, power 80 %), three digits, in
        the unit of the outcome. Where it is not known the summary is ``weak`` at best; where the spread is nothing but
        rounding it is ``not_estimable``.

    Raises
    ------
    DataError, ParameterError
        As for :func:`impact`.
    """
    if worthwhile is not None and not (isinstance(worthwhile, Real) and worthwhile > 0):
        raise ParameterError("worthwhile-not-above-zero", got=f"worthwhile={worthwhile!r}")
    of = Comparison(
        outcome, unit, period, adopted, control=control, cluster=cluster, anticipation=anticipation, sampling=sampling
    )
    data = Sample(panel, of)
    points = _points(data)
    if all(p.verdict != "fail" for p in points):
        points.append(_detectable(data, worthwhile, seed))
    failed = any(p.verdict == "fail" for p in points)
    grave = [p for p in points if p.verdict == "fail" or (p.verdict != "pass" and p.severity == "major")]
    word, verdict = ("not_estimable", "fail") if failed else ("weak", "review") if grave else ("estimable", "pass")
    told = list(dict.fromkeys(p.guidance for p in grave)) + [message("record-from-now-on")] * bool(grave)
    every = Text(" ".join(t.vi for t in told), " ".join(t.en for t in told))
    return table(
        finding(p.check, p.verdict, outcome, computed=p.computed)
        if p.verdict == "pass"
        else finding(p.check, p.verdict, outcome, computed=p.computed, severity=p.severity, guidance=p.guidance)
        for p in (_Point("impact_feasibility", verdict, word, every), *points)
    )


def _detectable(data: Sample, worthwhile: float | None, seed: int) -> _Point:
    check, of, spread = "minimum_detectable_effect", places(data, gaps=data.of.sampling == "panel"), np.nan
    if len(of.mass):
        clean = of.outcome.copy()
        names, effects, weight = cell_effects(of, of.outcome, of.cohorts)
        for g, row in zip(names, np.where(weight > 0, effects, 0.0), strict=True):
            clean[of.cohorts == g] -= row
        drawn = np.array([overall(of, clean, cohorts) for cohorts in permuted(of, DRAWS, seed)])
        spread = float(np.std(drawn[np.isfinite(drawn)])) if np.isfinite(drawn).any() else np.nan
    if np.isnan(spread):
        return _point(check, False, False, "", "smallest-effect-not-known")._replace(verdict="unknown")
    if spread <= data.rounding:
        exact = codebook.get("reason", "exact_fit")
        return _point(check, True, False, "", Text(exact.note_vi, exact.note_en), reason=exact.code)
    effect = float(special.ndtri(0.975) + special.ndtri(POWER)) * spread
    limit = float(np.nanmean(clean, axis=1).std(ddof=1)) if worthwhile is None else worthwhile
    return _point(check, False, effect > limit, digits(float(f"{effect:.3g}")), "only-a-large-effect-seen")
