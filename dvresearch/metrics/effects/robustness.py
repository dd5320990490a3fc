"""Does the result hang on one cohort, a few places, or chance? Leaving out, refitting, relabelling, comparing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import Text, message
from dvresearch.metrics.effects.fitting import Fit
from dvresearch.metrics.effects.honest import refit
from dvresearch.metrics.effects.randomisation import places, randomisation_interval
from dvresearch.metrics.findings import Finding, digits, finding, graded, p_value, percent, untested

__all__ = [
    "balance",
    "estimable",
    "influential",
    "not_made",
    "one_cohort_out",
    "overall_of",
    "placebo_units",
    "spillover",
]

#: Standardised difference from which groups are unlike (Imbens and Rubin 2015, chapter 14, name 0.25); score above
#: which a place has next to nobody to be compared with (Crump et al. 2009), and the share of such places to ask about.
UNLIKE, ALONE, MANY_ALONE = 0.25, 0.9, 0.05
#: Share of the places that must be seen in every period for a permutation to speak for all.
_COMPLETE = 0.8
#: An effect and the limits of its interval.
Answer = tuple[float, float, float]


def estimable(fitted: Fit) -> bool:
    """Return whether a fit has an overall effect."""
    return not fitted.reasons and len(fitted.effects("overall").keys) > 0


def not_made(check: str, told: Text | None = None, *, argument: str = "") -> Finding:
    """Return the finding of a check that the call left out, which matters more than one that the data do not allow.

    Parameters
    ----------
    check : str
        Code of the check.
    told : Text, optional
        What to type.
    argument : str
        Without `told`, the argument of :func:`impact_checks` by which it was left out.
    """
    guidance = message("check-not-made", told=told or message("check-switched-off", argument=argument))
    return finding(check, "unknown", "", severity="minor", guidance=guidance)


def overall_of(fitted: Fit) -> Answer:
    """Return the overall effect and the limits of its 95 % interval, Student's t."""
    part = fitted.effects("overall")
    value, half = part.value[0], fitted.quantile(part.keys, 0.025)[0] * fitted.errors(part.influence)[0]
    return float(value), float(value - half), float(value + half)


def _told(_: float, lower: float, upper: float) -> int:
    """Return 1 or -1 for an interval above or below 0, 0 for one that holds it."""
    return int(lower > 0) - int(upper < 0)


def one_cohort_out(fitted: Fit) -> Finding:
    """Leave out one cohort after the other: ``one_cohort_out``, the estimate farthest from that of all cohorts."""
    names, cohorts = _labels(fitted), np.unique(fitted.cells["cohort"])
    if len(cohorts) < 2:
        return untested("one_cohort_out")
    parts = [names[fitted.sample.place_cohorts == cohort] for cohort in cohorts]
    return _left_out("one_cohort_out", fitted, dict(zip(fitted.sample.label(cohorts), parts, strict=True)), hangs=False)


def influential(fitted: Fit, top: int = 20) -> Iterator[Finding]:
    """Leave out the places with the largest influence: ``one_place_out`` one by one, ``top_places_out`` all together.

    Parameters
    ----------
    fitted : Fit
        The fit.
    top : int, default 20
        How many places; at most a fifth of all.
    """
    if not top:
        yield from (not_made(code, argument="top") for code in ("one_place_out", "top_places_out"))
        return
    pull = np.bincount(fitted.sample.places, weights=fitted.effects("overall").influence[:, 0])
    most = np.argsort(-np.abs(pull), kind="stable")[: min(top, len(pull) // 5)]
    names = _labels(fitted)[most]
    yield _left_out("one_place_out", fitted, {str(name): [name] for name in names})
    yield _left_out("top_places_out", fitted, {"": names} if len(names) else {})


def _left_out(check: str, fitted: Fit, parts: Mapping[str, Any], *, hangs: bool = True) -> Finding:
    """Fit again without each part of the places and compare with everything: does the interval tell the same?

    Where no answer can be given without a part the conclusion hangs on it, unless `hangs` says otherwise.
    """
    whole, found = overall_of(fitted), {}
    for label, names in parts.items():
        rest = refit(fitted, fitted.panel[~fitted.panel[fitted.unit].isin(names).to_numpy()])
        found[label] = overall_of(rest) if estimable(rest) else (np.nan, np.nan, np.nan)
    known = {label: abs(rest[0] - whole[0]) for label, rest in found.items() if np.isfinite(rest[0])}
    if not known:
        return untested(check)
    changed = [label for label, rest in found.items() if (_told(*rest) != _told(*whole) if label in known else hangs)]
    shown = changed[0] if changed else max(known, key=lambda label: known[label])
    verdict = "review" if changed else "pass"
    return graded(check, verdict, shown, computed=digits(found[shown][0], 3), stated=digits(whole[0], 3))


def _labels(fitted: Fit) -> np.ndarray:
    """Return the names of the places, in the order of their codes, whatever the index of the panel."""
    rows, places = fitted.sample.rows, fitted.sample.places
    codes = rows["place"].groupby(places[rows["unit"]]).first()
    return np.asarray(pd.factorize(fitted.panel[fitted.unit])[1])[codes]


def placebo_units(fitted: Fit, draws: int, seed: int) -> Finding:
    """Relabel who adopted when, at random: ``placebo_units``, how often chance gives as large an effect.

    Only places seen in every period can be relabelled; with fewer than 80 % of them the answer is ``unknown``.

    Parameters
    ----------
    fitted : Fit
        The fit.
    draws, seed : int
        Permutations (0 for none), and the start of the random numbers.
    """
    if not draws:
        return not_made("placebo_units", argument="draws")
    if len(places(fitted.sample).mass) < _COMPLETE * (fitted.sample.places.max() + 1):
        return untested("placebo_units")
    p = randomisation_interval(fitted.sample, fitted.control, fitted.anticipation, 0.95, draws, seed)[3]
    told = _told(*overall_of(fitted)) != 0
    return graded("placebo_units", "fail" if told and p > 0.05 else "pass", computed=p_value(p))


def balance(fitted: Fit) -> Iterator[Finding]:
    """Compare places that adopt with the others before anybody did: ``balance`` per covariate, ``overlap``.

    Parameters
    ----------
    fitted : Fit
        The fit.
    """
    data = fitted.sample
    start = data.rows[data.rows["period"] == data.periods[0]]
    adopts = start["cohort"].to_numpy() > 0
    if adopts.all() or not adopts.any():
        yield untested("balance", fitted.outcome)
        return
    columns = {fitted.outcome: "outcome"} | {c: f"x{j}" for j, c in enumerate(fitted.covariates)}
    for name, column in columns.items():
        one, other = start.loc[adopts, column], start.loc[~adopts, column]
        spread, apart = np.sqrt((one.var(ddof=0) + other.var(ddof=0)) / 2), one.mean() - other.mean()
        rounding = 1e-9 * start[column].abs().max()
        # Without any spread every difference is beyond measure, and has no number.
        distance = apart / spread if spread > rounding else 0.0 if abs(apart) <= rounding else np.nan
        verdict = "pass" if abs(distance) <= UNLIKE else "review"
        yield graded("balance", verdict, name, computed=digits(distance, 2), stated=digits(UNLIKE, 2))
    if not fitted.covariates:
        yield untested("overlap", guidance=message("no-covariates-no-overlap"))
    else:
        from diff_diff.linalg import solve_logit  # Slow to load: only when asked for.

        x = start[list(columns.values())[1:]].to_numpy()
        score = solve_logit(x, adopts.astype(np.float64), rank_deficient_action="silent")[1]
        alone = float((score[adopts] > ALONE).mean())
        verdict = "fail" if alone > 0.5 else "review" if alone > MANY_ALONE else "pass"
        yield graded("overlap", verdict, computed=percent(alone, 1), stated=percent(MANY_ALONE, 0))


def spillover(fitted: Fit, near: str) -> tuple[float, float]:
    """Do places without a model change when others near them have one?

    Parameters
    ----------
    fitted : Fit
        The fit.
    near : str
        Column of the panel that tells which places are near each other (the district).

    Returns
    -------
    change : float
        Change of a place without a model when all others near it have one; NaN when it cannot be told.
    p : float
        Of no change; Student's t over the groups of near places.

    Notes
    -----
    Outcome on the share of the other places near by that have adopted, over rows without a model, less the means of
    place and period; errors clustered by group.
    """
    from diff_diff.utils import demean_by_groups  # Slow to load: only when asked for.

    data = fitted.sample
    group_of = fitted.panel.drop_duplicates(fitted.unit).set_index(fitted.unit)[near]
    groups = pd.factorize(group_of.loc[_labels(fitted)])[0]
    adopts = data.place_cohorts[:, None]
    adopted = (adopts > 0) & (data.periods >= adopts)
    held = pd.DataFrame(adopted).groupby(groups).transform("sum").to_numpy()
    exposure = (held - adopted) / np.maximum(np.bincount(groups)[groups] - 1, 1)[:, None]
    rows = data.rows[(data.rows["cohort"] == 0) | (data.rows["period"] < data.rows["cohort"] - fitted.anticipation)]
    place = data.places[rows["unit"]]
    group, labels = pd.factorize(groups[place])
    if len(labels) < 3:
        return np.nan, np.nan
    exposed = exposure[place, np.searchsorted(data.periods, rows["period"])]
    rows = rows.assign(place=place, exposure=exposed)
    y, x = (
        demean_by_groups(rows, [name], ["place", "period"], tol=rounding)[0][name].to_numpy()
        for name, rounding in (("outcome", data.rounding), ("exposure", 1e-10))
    )
    if x @ x < 1e-9:
        return np.nan, np.nan
    change = float(x @ y / (x @ x))
    score = np.bincount(group, weights=x * (y - change * x))
    error = np.sqrt(len(labels) / (len(labels) - 1) * (score @ score)) / (x @ x)
    if not error > data.rounding:
        return np.nan, np.nan
    return change, float(2 * special.stdtr(len(labels) - 1, -abs(change) / error))
