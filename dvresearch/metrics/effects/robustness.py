"""Does the result hang on one cohort, a few places, or chance? Leaving out, refitting, relabelling, comparing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import Text
from dvresearch.metrics.effects.fitting import Fit
from dvresearch.metrics.effects.honest import refit
from dvresearch.metrics.effects.randomisation import places, randomisation_interval
from dvresearch.metrics.estimates import Floats
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
_NO_COVARIATE = Text(
    "Ước lượng không dùng covariates nên không có gì để so nơi nào giống nơi nào.",
    "The estimate uses no covariates, so there is nothing by which to say which places are alike.",
)
Track = Callable[[Iterable], Iterable]
#: An effect and the limits of its interval.
Answer = tuple[float, float, float]


def estimable(fitted: Fit) -> bool:
    """Return whether a fit has an overall effect."""
    return not fitted.reasons and len(fitted.effects("overall").keys) > 0


def not_made(check: str, argument: str, guidance: Text | None = None) -> Finding:
    """Return the finding of a check that the call left out, which matters more than one that the data do not allow.

    Parameters
    ----------
    check : str
        Code of the check.
    argument : str
        The argument of :func:`impact_checks` by which it was left out.
    guidance : Text, optional
        What to type.
    """
    told = guidance or Text(f"Gọi lại và đừng tắt {argument}.", f"Call again without switching {argument} off.")
    said = Text(f"Chưa làm kiểm tra này. {told.vi}", f"This check was not made. {told.en}")
    return finding(check, "unknown", "", severity="minor", guidance=said)


def overall_of(fitted: Fit, alpha: float = 0.05) -> Answer:
    """Return the overall effect and the limits of its interval, Student's t."""
    part = fitted.effects("overall")
    error = float(np.sqrt(fitted.covariance(part.influence)[0, 0]))
    half = float(fitted.quantile(part.keys, alpha / 2)[0]) * error
    return float(part.value[0]), float(part.value[0]) - half, float(part.value[0]) + half


def _told(value: float, lower: float, upper: float) -> int:
    """Return 1 or -1 for an interval above or below 0, 0 for one that holds it."""
    return 1 if lower > 0 else -1 if upper < 0 else 0


def one_cohort_out(fitted: Fit, track: Track = iter) -> Iterator[Finding]:
    """Leave out one cohort after the other: ``one_cohort_out``, the estimate farthest from that of all cohorts.

    Parameters
    ----------
    fitted : Fit
        The fit.
    track : callable, optional
        Wraps the loop, to show progress.
    """
    cohorts = np.unique(fitted.cells["cohort"])
    if len(cohorts) < 2:
        yield untested("one_cohort_out")
        return
    whole = overall_of(fitted)
    period = pd.Series(fitted.sample.cohorts).groupby(fitted.sample.places).first()
    others = {}
    for cohort in track(cohorts):
        kept = (fitted.cells["cohort"] != cohort).to_numpy()
        if fitted.control == "never":  # the other cells do not depend on this cohort
            part = fitted.some(kept)
        else:
            part = _without(fitted, _labels(fitted)[(period == cohort).to_numpy()])
        if estimable(part):
            others[cohort] = overall_of(part)
    yield _left_out("one_cohort_out", whole, {fitted.sample.label(np.array([c]))[0]: v for c, v in others.items()})


def influential(fitted: Fit, top: int = 20, track: Track = iter) -> Iterator[Finding]:
    """Leave out the places with the largest influence: ``one_place_out`` one by one, ``top_places_out`` all together.

    Parameters
    ----------
    fitted : Fit
        The fit.
    top : int, default 20
        How many places; at most a fifth of all.
    track : callable, optional
        Wraps the loop, to show progress.
    """
    if not top:
        yield from (not_made(code, "top") for code in ("one_place_out", "top_places_out"))
        return
    whole, places = overall_of(fitted), fitted.sample.places
    pull = np.bincount(places, weights=fitted.effects("overall").influence[:, 0])
    most = np.argsort(-np.abs(pull), kind="stable")[: min(top, len(pull) // 5)]
    names = _labels(fitted)[most]
    yield _left_out("one_place_out", whole, {str(n): _answer(_without(fitted, np.array([n]))) for n in track(names)})
    together = {"": _answer(_without(fitted, names))} if len(names) else {}
    yield _left_out("top_places_out", whole, together)


def _answer(part: Fit) -> Answer | None:
    return overall_of(part) if estimable(part) else None


def _without(fitted: Fit, names: np.ndarray) -> Fit:
    """Fit again without some places."""
    return refit(fitted, fitted.panel[~fitted.panel[fitted.unit].isin(names).to_numpy()])


def _left_out(check: str, whole: Answer, others: Mapping[str, Answer | None]) -> Finding:
    """Compare estimates without something with that of everything: does the interval tell the same?

    None is an answer that cannot be given without it: then the conclusion hangs on it.
    """
    distance = {name: abs(part[0] - whole[0]) for name, part in others.items() if part}
    if not distance:
        return untested(check)
    changed = [name for name, part in others.items() if part is None or _told(*part) != _told(*whole)]
    shown = changed[0] if changed else max(distance, key=lambda name: distance[name])
    verdict = "review" if changed else "pass"
    found = (others[shown] or (np.nan,))[0]
    return graded(check, verdict, shown, computed=digits(found, 3), stated=digits(whole[0], 3))


def _labels(fitted: Fit) -> np.ndarray:
    """Return the names of the places, in the order of their codes, whatever the index of the panel."""
    data = fitted.sample
    of_unit = np.empty(len(data.units), dtype=np.intp)
    of_unit[data.rows["unit"]] = data.rows["place"]
    first = np.unique(data.places, return_index=True)[1]
    return np.asarray(pd.factorize(fitted.panel[fitted.unit])[1])[of_unit[first]]


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
        return not_made("placebo_units", "draws")
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
    start = data.rows[data.rows["period"] == data.periods[0]].dropna(subset=["outcome"])
    adopts = start["cohort"].to_numpy() > 0
    if adopts.all() or not adopts.any():
        yield untested("balance", fitted.outcome)
        return
    columns = {fitted.outcome: "outcome"} | {c: f"x{j}" for j, c in enumerate(fitted.covariates)}
    for name, column in columns.items():
        x = start[column].to_numpy()
        spread = np.sqrt((x[adopts].var() + x[~adopts].var()) / 2)
        apart = x[adopts].mean() - x[~adopts].mean()
        rounding = 1e-9 * np.abs(x).max()
        # Without any spread every difference is beyond measure, and has no number.
        distance = apart / spread if spread > rounding else 0.0 if abs(apart) <= rounding else np.nan
        verdict = "pass" if abs(distance) <= UNLIKE else "review"
        yield graded("balance", verdict, name, computed=digits(distance, 2), stated=digits(UNLIKE, 2))
    if not fitted.covariates:
        yield untested("overlap", guidance=_NO_COVARIATE)
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
    data = fitted.sample
    group_of = fitted.panel.drop_duplicates(fitted.unit).set_index(fitted.unit)[near]
    groups = pd.factorize(group_of.loc[_labels(fitted)])[0]
    cohort = pd.Series(data.cohorts).groupby(data.places).first().to_numpy()
    adopted = (cohort[:, None] > 0) & (data.periods >= cohort[:, None])
    held = np.zeros((groups.max() + 1, len(data.periods)))
    np.add.at(held, groups, adopted)
    others = np.maximum(np.bincount(groups)[groups] - 1, 1)[:, None]
    exposure = (held[groups] - adopted) / others
    rows = data.rows[data.rows["outcome"].notna()]
    rows = rows[(rows["cohort"] == 0) | (rows["period"] < rows["cohort"] - fitted.anticipation)]
    place = data.places[rows["unit"]]
    time = np.searchsorted(data.periods, rows["period"])
    both = np.column_stack([rows["outcome"].to_numpy(), exposure[place, time]])
    y, x = _within(both, place, time).T
    group = np.unique(groups[place], return_inverse=True)[1]
    count = group.max() + 1
    if x @ x < 1e-9 or count < 3:
        return np.nan, np.nan
    change = float(x @ y / (x @ x))
    score = np.bincount(group, weights=x * (y - change * x))
    error = np.sqrt(count / (count - 1) * (score @ score)) / (x @ x)
    if not error > data.rounding:
        return np.nan, np.nan
    return change, float(2 * special.stdtr(count - 1, -abs(change) / error))


def _within(values: Floats, place: np.ndarray, time: np.ndarray) -> Floats:
    """Return `values` less the means of place and period, which alternate until nothing changes."""
    values = values - values.mean(axis=0)
    for _ in range(200):
        before = values
        for codes in (place, time):
            count = np.maximum(np.bincount(codes), 1)
            means = np.column_stack([np.bincount(codes, weights=v) / count for v in values.T])
            values = values - means[codes]
        if np.abs(values - before).max() < 1e-10 * max(np.abs(values).max(), 1e-300):
            break
    return values
