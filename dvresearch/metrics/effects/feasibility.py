"""Whether an effect can be estimated at all, before any estimate: comparison, periods, sizes, power."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from numbers import Real
from typing import NamedTuple

import numpy as np
import pandas as pd

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text, check_choice, message
from dvresearch.metrics.effects.cells import CONTROLS, Control, Sample, Sampling, left_out, sample
from dvresearch.metrics.effects.randomisation import Places, cell_effects, permuted, places
from dvresearch.metrics.estimates import Floats
from dvresearch.metrics.findings import digits, finding, percent, table

__all__ = ["FEW_CLUSTERS", "FEW_SIDE", "feasibility", "few_clusters", "refusals"]

#: Below, intervals from large numbers of clusters do not hold (Cameron, Gelbach and Miller 2008), nor with few
#: clusters on one side (MacKinnon and Webb 2017): the permutation interval is added.
FEW_CLUSTERS, FEW_SIDE = 20, 5
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
    reason: str = ""
    severity: str = "major"


def sides(data: Sample, control: Control, anticipation: int) -> tuple[int, int]:
    """Return the clusters that adopt with an outcome known before and after, and those to compare with.

    With ``control="not_yet"`` every place that adopts after the first cohort counts as a comparison as well. In
    repeated cross-sections the cohort has to be known before and after, not each of its places.
    """
    cohort, place, when = data.place_cohorts, data.places[data.rows["unit"]], data.rows["period"].to_numpy()
    cluster = data.clusters[np.unique(data.places, return_index=True)[1]]
    earliest = np.full(len(cohort), np.inf)
    np.minimum.at(earliest, data.groups[place], when)
    adopting = (cohort > 0) & data.seen(when + anticipation < cohort[place]) & data.seen(when >= cohort[place])
    first = cohort[adopting].min() if adopting.any() else np.inf
    compared = (cohort == 0) | ((cohort > first) & (control == "not_yet"))
    compared &= data.seen(when != earliest[data.groups[place]])
    return len(np.unique(cluster[adopting])), len(np.unique(cluster[compared]))


def few_clusters(data: Sample, control: Control, anticipation: int) -> bool:
    """Return whether there are fewer than 20 clusters, or fewer than 5 on one side."""
    return data.clusters.max() + 1 < FEW_CLUSTERS or min(sides(data, control, anticipation)) < FEW_SIDE


def _points(data: Sample, control: Control, anticipation: int) -> list[_Point]:
    """Look at the panel without estimating anything."""
    adopters, comparison = sides(data, control, anticipation)
    cohorts = np.unique(data.cohorts[data.cohorts > 0])
    before = [int((data.periods + anticipation < g).sum()) for g in cohorts]
    after = [int((data.periods >= g).sum()) for g in cohorts]
    each = data.cohorts[np.unique(data.places, return_index=True)[1]]
    sizes = pd.Series(each[each > 0]).value_counts().sort_index()
    too_early = data.always > 0 and not cohorts.size
    values = data.rows["outcome"]
    place = data.rows["place"].to_numpy() if data.sampling == "panel" else np.zeros(len(values), dtype=np.intp)
    some = np.zeros(place.max(initial=-1) + 1)
    some[place] = values
    varies = bool((values.to_numpy() != some[place]).any())
    clusters = len(np.unique(data.clusters))
    single = clusters == 1 and len(each) > 1
    one_cluster = message("every-place-in-one-cluster") if single else None
    adopting, comparison_reasons = ("one_cluster" if single else word for word in ("one_adopting", "one_comparison"))
    outside = data.always or data.later
    return [
        _count(
            "adopting_units",
            adopters,
            ("no_period_before",) * 2 if too_early else ("no_adopting", adopting),
            one_cluster
            or message(
                "adopted-before-the-panel" if too_early else "starts-and-outcome-before-needed", count=data.always
            ),
        ),
        _count(
            "comparison_units",
            comparison,
            ("no_comparison", comparison_reasons),
            one_cluster or message("comparison-places-needed"),
        ),
        _Point(
            "periods_before",
            "fail" if cohorts.size and not max(before) else "review" if not before or max(before) < 2 else "pass",
            _span(before),
            message("two-periods-before-needed"),
            "no_period_before",
        ),
        _Point("periods_after", "review" if not after else "pass", _span(after), Text("", ""), severity="minor"),
        _Point(
            "cohort_sizes",
            "review" if len(sizes) and sizes.min() < FEW_SIDE else "pass",
            "; ".join(f"{label}: {n}" for label, n in zip(data.label(sizes.index.to_numpy()), sizes, strict=True)),
            message("small-cohorts"),
            severity="minor",
        ),
        _Point(
            "already_adopted",
            "review" if outside else "pass",
            f"{data.always}; {data.later}" if outside else "0",
            message("adopted-outside-the-panel"),
            severity="minor",
        ),
        _left_out(data, control, anticipation),
        _Point(
            "outcome_gaps",
            "review" if data.gaps > 0 else "pass",
            percent(data.gaps),
            message("outcome-with-gaps"),
            severity="major" if data.gaps > MANY_GAPS else "minor",
        ),
        _Point(
            "outcome_variation",
            "pass" if varies else "fail" if len(values) else "unknown",
            f"{values.nunique()}",
            message("outcome-never-changes"),
            "no_variation",
        ),
        _Point(
            "clusters",
            "fail" if single else "review" if clusters < FEW_CLUSTERS else "pass",
            f"{clusters}",
            one_cluster or message("few-clusters-permutation"),
            "one_cluster",
        ),
    ]


def _left_out(data: Sample, control: Control, anticipation: int) -> _Point:
    """Name the adopting places that no estimate will speak of, and those whose models stopped."""
    lost = left_out(data, control, anticipation)["reason"].value_counts().to_dict()
    labels = [(codebook.get("reason", code), n) for code, n in (lost | {"stopped": data.stopped}).items() if n]
    told = Text(*(f"{'; '.join(f'{r.label(lang)}: {n}' for r, n in labels)}.".capitalize() for lang in ("vi", "en")))
    adopters = np.count_nonzero(data.place_cohorts) + len(data.unmeasured)
    many = sum(lost.values()) > MANY_GAPS * adopters
    verdict = "review" if labels else "pass"
    return _Point("left_out", verdict, str(sum(lost.values())), told, severity="major" if many else "minor")


def _count(check: str, found: int, reasons: tuple[str, str], guidance: Text) -> _Point:
    verdict = "fail" if found < 2 else "review" if found < FEW_SIDE else "pass"
    return _Point(check, verdict, str(found), guidance, reasons[min(found, 1)])


def _span(counts: Sequence[int]) -> str:
    return "0" if not counts else str(counts[0]) if min(counts) == max(counts) else f"{min(counts)}-{max(counts)}"


def refusals(data: Sample, control: Control, anticipation: int) -> tuple[str, ...]:
    """Return the codes of the reasons why nothing can be estimated from a sample."""
    return tuple(dict.fromkeys(p.reason for p in _points(data, control, anticipation) if p.verdict == "fail"))


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
    check_choice("control", control, tuple(CONTROLS))
    if worthwhile is not None and not (isinstance(worthwhile, Real) and worthwhile > 0):
        raise ParameterError("worthwhile-not-above-zero", got=f"worthwhile={worthwhile!r}")
    data = sample(
        panel, outcome=outcome, unit=unit, period=period, adopted=adopted, cluster=cluster, anticipation=anticipation,
        sampling=sampling,
    )  # fmt: skip
    points = _points(data, control, anticipation)
    if all(p.verdict != "fail" for p in points):
        points.append(_detectable(data, control, anticipation, worthwhile, seed))
    failed = any(p.verdict == "fail" for p in points)
    grave = [p for p in points if p.verdict == "fail" or (p.verdict != "pass" and p.severity == "major")]
    word, verdict = ("not_estimable", "fail") if failed else ("weak", "review") if grave else ("estimable", "pass")
    told = list(dict.fromkeys(p.guidance for p in grave))
    if told:
        told.append(message("record-from-now-on"))
    summary = _Point(
        "impact_feasibility", verdict, word, Text(" ".join(t.vi for t in told), " ".join(t.en for t in told))
    )
    return table(
        finding(
            p.check,
            p.verdict,
            outcome,
            computed=p.computed,
            severity="info" if p.verdict == "pass" else p.severity,
            guidance=p.guidance if p.verdict != "pass" else None,
        )
        for p in (summary, *points)
    )


def _detectable(data: Sample, control: Control, anticipation: int, worthwhile: float | None, seed: int) -> _Point:
    from scipy.stats import norm

    of = _seen(data) if data.sampling == "panel" else places(data)
    spread, clean = np.nan, of.outcome.copy()
    if len(of.mass):
        names, effects, weight = _cells(of, of.outcome, control, anticipation)(of.cohorts)
        for g, row in zip(names, np.where(weight > 0, effects, 0.0), strict=True):
            clean[of.cohorts == g] -= row
        cells = _cells(of, clean, control, anticipation)
        with np.errstate(invalid="ignore"):
            drawn = [_mean(*cells(c)[1:]) for c in permuted(of, DRAWS, seed)]
        spread = float(np.std([d for d in drawn if np.isfinite(d)] or np.nan))
    check = "minimum_detectable_effect"
    if np.isnan(spread):
        return _Point(check, "unknown", "", message("smallest-effect-not-known"))
    if spread <= data.rounding:
        exact = codebook.get("reason", "exact_fit")
        return _Point(check, "fail", "", Text(exact.note_vi, exact.note_en), exact.code)
    effect = float(norm.ppf(0.975) + norm.ppf(POWER)) * spread
    limit = float(np.nanmean(clean, axis=1).std(ddof=1)) if worthwhile is None else worthwhile
    return _Point(
        check,
        "review" if effect > limit else "pass",
        digits(float(f"{effect:.3g}")),
        message("only-a-large-effect-seen"),
    )


def _seen(data: Sample) -> Places:
    """Return the outcome of a panel as a matrix, NaN where there is none."""
    wide = data.rows.pivot_table(index="unit", columns="period", values="outcome")
    return Places(wide.to_numpy(), data.cohorts, data.mass, data.clusters, wide.columns.to_numpy(dtype=np.float64))


def _cells(
    of: Places, outcome: Floats, control: Control, anticipation: int
) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    """Return `cell_effects` as a function of the cohorts alone; with gaps, a cell uses those known in both periods."""
    if np.isfinite(outcome).all():
        return lambda cohorts: cell_effects(of, outcome, cohorts, control, anticipation)

    @cache
    def changes(base: int) -> tuple[Floats, Floats]:
        change = outcome - outcome[:, [base]]
        return np.nan_to_num(change), np.isfinite(change).astype(np.float64)

    def cells(cohorts: Floats) -> tuple[Floats, Floats, Floats]:
        names, at = np.unique(cohorts, return_inverse=True)
        member = (at == np.arange(len(names))[:, None]) * of.mass
        compared = np.broadcast_to((names == 0)[:, None], (len(names), len(of.periods)))
        if control == "not_yet":
            compared = compared | (names[:, None] > of.periods + anticipation)
        adopting = np.flatnonzero(names > of.periods[0] + anticipation)
        effects = np.empty((len(adopting), len(of.periods)))
        weight = np.empty(effects.shape)
        for i, g in enumerate(adopting):
            change, known = changes(int(np.searchsorted(of.periods, names[g] - anticipation)) - 1)
            sums, mass = member @ change, member @ known
            with np.errstate(invalid="ignore", divide="ignore"):
                weight[i], effects[i] = (
                    mass[g],
                    sums[g] / mass[g] - (compared * sums).sum(axis=0) / (compared * mass).sum(axis=0),
                )
        after = (of.periods >= names[adopting][:, None]) & np.isfinite(effects)
        return names[adopting], np.nan_to_num(effects), after * weight

    return cells


def _mean(effects: Floats, weight: Floats) -> float:
    """Average cells as :func:`dvresearch.metrics.effects.randomisation.overall` does; NaN when there is none."""
    return float((weight * effects).sum() / weight.sum())
